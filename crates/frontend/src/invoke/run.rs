//! One invocation under way: lease, environment, answer, waterfall. Drawn in [`super`].

use super::{body_or_null, found};
use crate::Frontend;
use crate::admission::Permit;
use crate::answer::{Answer, AnswerBody};
use crate::errors::ApiError;
use crate::event_stream;
use crate::routes::{Target, check_state};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fabric::api::BodyFrame;
use fabric::assignment::{Acquire, AcquireError, EnvironmentEvent, EnvironmentReport};
use fabric::telemetry::Trace;
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest};
use fabric::{FrameSender, FrameStream, Invocation, Lease, Outcome, ResolvedVersion, Response, Span, Start};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use types::limits;
use world::Instant;

/// How often a lease is asked for before the answer is 503. More than one refusal in a row means churn.
const ATTEMPTS_MAX: usize = 8;
/// How long until it is asked again who leads a partition: a tenth of what a leader's death may cost.
const LEADER_LOOK: Duration = Duration::from_millis(50);
/// Beyond timeout and init: boot, and the rest of a stream at its slowest (200 MB at 2 MB/s are 100 s). The worker
/// enforces the function's timeout; this is for a worker that went silent.
const SILENCE_MARGIN: Duration = Duration::from_secs(120);

/// Where the answer goes, once.
pub(super) struct Reply(Option<oneshot::Sender<Result<Answer, ApiError>>>);

impl Reply {
    pub(super) fn new(to: oneshot::Sender<Result<Answer, ApiError>>) -> Self {
        Self(Some(to))
    }

    /// A caller who has hung up misses it; that is his choice.
    fn send(&mut self, answer: Result<Answer, ApiError>) {
        if let Some(to) = self.0.take() {
            let _ = to.send(answer);
        }
    }
}

pub(super) struct Run {
    pub(super) frontend: Arc<Frontend>,
    pub(super) target: Target,
    pub(super) resolved: ResolvedVersion,
    pub(super) invocation: Invocation,
    /// The answer waits for the waterfall.
    pub(super) traced: bool,
    pub(super) received: Instant,
    pub(super) resolve_start: Instant,
    pub(super) spans: Vec<Span>,
    pub(super) permit: Permit,
}

/// What is known of an invocation when nothing more comes.
#[derive(Default)]
struct Ended {
    response: Option<Response>,
    answered: Option<Instant>,
    outcome: Option<Outcome>,
}

impl Run {
    pub(super) async fn carry_out(mut self, mut reply: Reply) {
        self.span("frontend", self.received, self.resolve_start);
        self.span("resolve", self.resolve_start, self.frontend.world.now());
        let (lease, invoked, frames) = match self.start().await {
            Ok(started) => started,
            Err(error) => return reply.send(Err(error)),
        };
        let limit = self.invocation.timeout.saturating_mul(2) + limits::INIT_TIMEOUT + SILENCE_MARGIN;
        let world = self.frontend.world.clone();
        let mut ended = Ended::default();
        let finished = if self.invocation.streaming {
            world.timeout(limit, self.forward(frames, &mut reply, &mut ended)).await
        } else {
            world.timeout(limit, self.wait(frames, &mut reply, &mut ended)).await
        };
        if finished.is_none() {
            tracing::error!(request_id = %self.invocation.request_id, worker = %lease.worker, "the worker went silent");
        }
        let answered = ended.answered.unwrap_or_else(|| world.now());
        self.span("request", self.received, answered);
        self.put_trace(&lease, invoked, &ended).await;
        // Nothing was sent yet where the answer waits for tail or trace, or where the stream broke off.
        if !self.invocation.streaming {
            reply.send(self.answer(ended));
        }
        drop(self.permit);
    }

    /// Until an environment has taken the invocation. The worker's spans count from the moment it was asked,
    /// which on a cold start is long before it says yes.
    async fn start(&mut self) -> Result<(Lease, Instant, FrameStream<InvokeFrame>), ApiError> {
        let begun = self.frontend.world.now();
        let mut attempts = 0;
        while attempts < ATTEMPTS_MAX {
            attempts += 1;
            let asked = self.frontend.world.now();
            let wait_max = self.frontend.settings.acquire_wait_max.saturating_sub(asked.since(begun));
            let (key, memory_mb) = (self.resolved.key.clone(), self.resolved.memory_mb);
            let acquire = Acquire { key, memory_mb, share: self.resolved.share, wait_max };
            let lease = match self.frontend.assignment.acquire(acquire).await {
                Ok(lease) => lease,
                Err(AcquireError::Stale) => {
                    self.resolve_again().await?;
                    continue;
                }
                // No attempt at an environment: the partition's next leader is about to begin.
                Err(AcquireError::NotLeader) if !wait_max.is_zero() => {
                    attempts -= 1;
                    self.frontend.world.clock.sleep(LEADER_LOOK).await;
                    continue;
                }
                // Another worker, or this one once placement knows better: a moment later.
                Err(AcquireError::WorkerRefused) if attempts < ATTEMPTS_MAX && !wait_max.is_zero() => {
                    self.frontend.world.clock.sleep(LEADER_LOOK).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let invoked = self.frontend.world.now();
            self.span("acquire", asked, invoked);
            match self.hand_over(&lease).await {
                Ok(frames) => return Ok((lease, invoked, frames)),
                // Of a restore that failed, too, AWS's callers are told at once: it is the function's own code.
                Err(
                    error @ (InvokeRefusal::Failed { .. }
                    | InvokeRefusal::Overloaded
                    | InvokeRefusal::RestoreFailed { .. }
                    | InvokeRefusal::RestoreTimedOut),
                ) => return Err(error.into()),
                Err(InvokeRefusal::Gone) => {
                    self.report_not_found(&lease).await;
                    // Once is an environment that has ended; more often a worker, of which its leader is about to know.
                    if attempts > 1 {
                        self.frontend.world.clock.sleep(LEADER_LOOK).await;
                    }
                }
                // The function may have changed while its environment was made, and assignment not know it yet.
                Err(InvokeRefusal::Stale) => self.resolve_again().await?,
                Err(InvokeRefusal::Busy) => {}
            }
            tracing::debug!(request_id = %self.invocation.request_id, "a lease was refused; asking again");
        }
        Err(ApiError::unavailable())
    }

    async fn resolve_again(&mut self) -> Result<(), ApiError> {
        // From memory it would be the same again, if another frontend took the change.
        let resolved = self.frontend.control.resolve_anew(self.target.named.clone()).await;
        self.resolved = found(&self.target, resolved)?;
        check_state(self.resolved.state)?;
        self.invocation.timeout = self.resolved.timeout;
        Ok(())
    }

    async fn hand_over(&self, lease: &Lease) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let worker = self.frontend.workers.find(&lease.worker).ok_or(InvokeRefusal::Gone)?;
        let request = InvokeRequest { lease: lease.clone(), invocation: self.invocation.clone() };
        worker.invoke.invoke(request).await
    }

    /// A leader that grants what can not be reached would grant it again. It is under the lease's token, so it can
    /// not hit a later grant; whether the environment is really gone is its worker's to say.
    async fn report_not_found(&self, lease: &Lease) {
        let report = EnvironmentReport {
            partition: lease.partition,
            worker: lease.worker.clone(),
            environment: lease.environment,
            token: lease.token,
            event: EnvironmentEvent::NotFound,
        };
        if let Err(error) = self.frontend.assignment.report(report).await {
            tracing::debug!(%error, "a missing environment could not be reported");
        }
    }

    /// Buffered: one answer when the runtime has answered, or when all is over if tail or trace are wanted.
    async fn wait(&self, mut frames: FrameStream<InvokeFrame>, reply: &mut Reply, ended: &mut Ended) {
        let at_once = !self.invocation.log_tail && !self.traced;
        while let Some(frame) = frames.next().await {
            match frame {
                InvokeFrame::Chunk(_) => {
                    tracing::error!("a worker streams an answer that was not asked for as a stream");
                }
                InvokeFrame::Response(response) => {
                    ended.answered = Some(self.frontend.world.now());
                    if at_once {
                        reply.send(Ok(self.whole(&response, None)));
                    }
                    ended.response = Some(response);
                }
                InvokeFrame::Outcome(outcome) => ended.outcome = Some(outcome),
            }
        }
    }

    fn answer(&self, ended: Ended) -> Result<Answer, ApiError> {
        let tail = ended.outcome.and_then(|outcome| outcome.log_tail);
        match ended.response {
            Some(response) => Ok(self.whole(&response, tail)),
            None => Err(broken_off()),
        }
    }

    /// 200, whatever became of the function: a 5xx would make SDKs run its handler again.
    fn whole(&self, response: &Response, log_tail: Option<Bytes>) -> Answer {
        let answer = match response {
            Response::Success { payload, .. } => Answer::json(200, body_or_null(payload.clone())),
            Response::Error(failure) => {
                Answer::json(200, failure.payload.clone()).with("x-amz-function-error", "Unhandled")
            }
        };
        let answer = self.with_headers(answer);
        match log_tail {
            Some(tail) => answer.with("x-amz-log-result", STANDARD.encode(tail)),
            None => answer,
        }
    }

    fn with_headers(&self, answer: Answer) -> Answer {
        answer
            .with("x-amz-executed-version", self.resolved.key.version.to_string())
            .with("x-amzn-trace-id", &self.invocation.trace_id)
    }

    /// Streaming: the head goes out when the environment has taken the invocation, each chunk as it comes.
    async fn forward(&self, mut frames: FrameStream<InvokeFrame>, reply: &mut Reply, ended: &mut Ended) {
        let (tx, rx) = fabric::stream::channel(limits::CHUNKS_IN_FLIGHT_MAX);
        let mut answer = Answer::typed(200, "application/vnd.amazon.eventstream", Bytes::new());
        answer.body = AnswerBody::Frames(rx);
        reply.send(Ok(self.with_headers(answer)));
        let mut caller = Caller(Some(tx));
        while let Some(frame) = frames.next().await {
            match frame {
                InvokeFrame::Chunk(bytes) => caller.chunk(&bytes).await,
                InvokeFrame::Response(response) => {
                    ended.answered = Some(self.frontend.world.now());
                    if let Response::Success { payload, .. } = &response {
                        caller.chunk(payload).await;
                    }
                    if !self.invocation.log_tail {
                        caller.complete(&response, None).await;
                    }
                    ended.response = Some(response);
                }
                InvokeFrame::Outcome(outcome) => ended.outcome = Some(outcome),
            }
        }
        if let Some(response) = &ended.response {
            let tail = ended.outcome.as_ref().and_then(|outcome| outcome.log_tail.as_ref());
            caller.complete(response, tail).await;
        }
    }

    fn span(&mut self, room: &str, from: Instant, to: Instant) {
        let start = from.since(self.received);
        self.spans.push(Span { room: room.to_owned(), start, duration: to.since(from) });
    }

    async fn put_trace(&mut self, lease: &Lease, invoked: Instant, ended: &Ended) {
        let world = &self.frontend.world;
        let acquired = self.spans.iter().rfind(|span| span.room == "acquire").map(|span| span.start);
        let mut spans = std::mem::take(&mut self.spans);
        let mut nested = |from: &[Span], offset: Duration| {
            spans.extend(from.iter().map(|span| Span { start: span.start + offset, ..span.clone() }));
        };
        nested(&lease.spans, acquired.unwrap_or_default());
        if let Some(outcome) = &ended.outcome {
            nested(&outcome.spans, invoked.since(self.received));
        }
        let age_ms = world.now().since(self.received).as_millis() as u64;
        let trace = Trace {
            scope: self.target.named.scope.clone(),
            request_id: self.invocation.request_id,
            function: self.target.named.function.to_string(),
            started_ms: world.wall().millis().saturating_sub(age_ms),
            cold: lease.start == Start::Cold,
            error_type: match &ended.response {
                Some(Response::Success { .. }) => None,
                Some(Response::Error(failure)) => Some(failure.error_type.clone()),
                None => Some("BrokenOff".to_owned()),
            },
            spans,
        };
        if let Err(error) = self.frontend.telemetry.put_trace(trace).await {
            tracing::debug!(%error, "a trace was not kept");
        }
    }
}

fn broken_off() -> ApiError {
    ApiError::service("The execution environment was lost before it answered.")
}

/// The reading side of a streamed answer. When it has gone, the rest is read past.
struct Caller(Option<FrameSender<BodyFrame>>);

impl Caller {
    async fn chunk(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.send(BodyFrame::Data(event_stream::event(
                "PayloadChunk",
                "application/octet-stream",
                bytes,
            )))
            .await;
        }
    }

    /// The last event, and the end.
    async fn complete(&mut self, response: &Response, log_tail: Option<&Bytes>) {
        let mut complete = serde_json::Map::new();
        if let Response::Error(failure) = response {
            complete.insert("ErrorCode".to_owned(), json!("Unhandled"));
            complete.insert("ErrorDetails".to_owned(), json!(String::from_utf8_lossy(&failure.payload)));
        }
        if let Some(tail) = log_tail {
            complete.insert("LogResult".to_owned(), json!(STANDARD.encode(tail)));
        }
        let body = serde_json::Value::Object(complete).to_string();
        self.send(BodyFrame::Data(event_stream::event(
            "InvokeComplete",
            "application/json",
            body.as_bytes(),
        )))
        .await;
        self.send(BodyFrame::End).await;
        self.0 = None;
    }

    async fn send(&mut self, frame: BodyFrame) {
        if let Some(to) = &self.0
            && to.send(frame).await.is_err()
        {
            self.0 = None;
        }
    }
}
