//! The ways out: `response` (buffered or streamed), `error` and `init/error`.
//!
//! A body is read while the turnstile says `Answering`. Its length is bounded here; its slowness by the
//! invocation's deadline, at which the environment's task ends the environment and this connection with it.

use super::pace::Pace;
use super::replies::{self, Reply};
use super::turnstile::{Delivery, Refusal, Way, take_chunk};
use super::{Answer, Event, Link};
use base64::Engine;
use bytes::{Bytes, BytesMut};
use fabric::Failure;
use fabric::worker::InvokeFrame;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Request};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use runtime_api::{error_type, fault, header};
use std::sync::Arc;
use types::limits::{RESPONSE_BYTES_MAX, STREAM_BYTES_MAX};

/// How a body ended.
enum Ended {
    Whole(Bytes, Option<HeaderMap>),
    TooLarge { limit: u64 },
    Truncated,
}

pub(super) async fn response(link: &Arc<Link>, id: &str, request: Request<Incoming>) -> Reply {
    let delivery = match link.turnstile().begin_answer(id, Way::Response) {
        Ok(delivery) => delivery,
        Err(refusal) => return replies::refused(&refusal),
    };
    let mut answering = Answering::new(link);
    let mode = text(request.headers(), &header::RESPONSE_MODE);
    if mode.as_deref().is_some_and(|mode| !mode.eq_ignore_ascii_case(header::RESPONSE_MODE_STREAMING)) {
        answering.end(Answer::BadMode).await;
        return replies::refused(&Refusal::ResponseMode);
    }
    let content_type = text(request.headers(), &CONTENT_TYPE);
    let mut body = request.into_body();
    // By how it was invoked, not by the header: Go sends none.
    let ended = if delivery.invocation.streaming {
        forward(link, &delivery, &mut body).await
    } else {
        collect(&mut body).await
    };
    match ended {
        Ended::Whole(payload, trailers) => {
            let failure = trailers.as_ref().and_then(trailing_failure);
            let success = || Answer::Success { payload, content_type };
            answering.end(failure.map_or_else(success, Answer::Error)).await;
            replies::accepted()
        }
        Ended::TooLarge { limit } => {
            // The caller has its answer at once; the runtime gets 413 and goes on, so its body is read to the end.
            answering.end(Answer::TooLarge { limit }).await;
            drain(&mut body).await;
            replies::refused(&Refusal::BodyTooLarge { limit })
        }
        Ended::Truncated => {
            answering.end(Answer::Truncated).await;
            replies::refused(&Refusal::BodyTruncated)
        }
    }
}

pub(super) async fn error(link: &Arc<Link>, id: &str, request: Request<Incoming>) -> Reply {
    if let Err(refusal) = link.turnstile().begin_answer(id, Way::Error) {
        return replies::refused(&refusal);
    }
    let mut answering = Answering::new(link);
    let given = text(request.headers(), &header::ERROR_TYPE);
    let mut body = request.into_body();
    match collect(&mut body).await {
        Ended::Whole(payload, _) => {
            answering.end(Answer::Error(failure(given.as_deref(), payload))).await;
            replies::accepted()
        }
        Ended::TooLarge { limit } => {
            answering.end(Answer::TooLarge { limit }).await;
            drain(&mut body).await;
            replies::refused(&Refusal::BodyTooLarge { limit })
        }
        Ended::Truncated => {
            answering.end(Answer::Truncated).await;
            replies::refused(&Refusal::BodyTruncated)
        }
    }
}

pub(super) async fn init_error(link: &Arc<Link>, request: Request<Incoming>) -> Reply {
    if let Err(refusal) = link.turnstile().init_error() {
        return replies::refused(&refusal);
    }
    let given = text(request.headers(), &header::ERROR_TYPE);
    // Too long or cut off, it is a failed init all the same; the type is known from the head.
    let (payload, reply) = match collect(&mut request.into_body()).await {
        Ended::Whole(payload, _) => (payload, replies::accepted()),
        Ended::TooLarge { limit } => (Bytes::new(), replies::refused(&Refusal::BodyTooLarge { limit })),
        Ended::Truncated => (Bytes::new(), replies::refused(&Refusal::BodyTruncated)),
    };
    link.tell(Event::InitError(failure(given.as_deref(), payload))).await;
    reply
}

pub(super) async fn restore_error(link: &Arc<Link>, request: Request<Incoming>) -> Reply {
    if let Err(refusal) = link.turnstile().restore_error() {
        return replies::refused(&refusal);
    }
    let given = text(request.headers(), &header::ERROR_TYPE);
    let (payload, reply) = match collect(&mut request.into_body()).await {
        Ended::Whole(payload, _) => (payload, replies::accepted()),
        Ended::TooLarge { limit } => (Bytes::new(), replies::refused(&Refusal::BodyTooLarge { limit })),
        Ended::Truncated => (Bytes::new(), replies::refused(&Refusal::BodyTruncated)),
    };
    link.tell(Event::RestoreError(failure(given.as_deref(), payload))).await;
    reply
}

/// Answers for a connection that dies in the middle of its body: hyper may drop the handler without a word.
struct Answering<'a> {
    link: &'a Arc<Link>,
    ended: bool,
}

impl<'a> Answering<'a> {
    fn new(link: &'a Arc<Link>) -> Self {
        Self { link, ended: false }
    }
    async fn end(&mut self, answer: Answer) {
        self.ended = true;
        self.link.turnstile().end_answer();
        self.link.tell(Event::Answered(answer)).await;
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.link.turnstile().end_answer();
            // Full only if the environment's task is not reading, which is when it has stopped to care.
            drop(self.link.events.try_send(Event::Answered(Answer::Truncated)));
        }
    }
}

/// The whole body, at most [`RESPONSE_BYTES_MAX`].
async fn collect(body: &mut Incoming) -> Ended {
    if body.size_hint().lower() > RESPONSE_BYTES_MAX as u64 {
        return Ended::TooLarge { limit: RESPONSE_BYTES_MAX as u64 };
    }
    let mut whole = Bytes::new();
    let mut rest = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ended::Truncated };
        match frame.into_data() {
            Ok(data) if whole.is_empty() && rest.is_empty() => whole = data, // the usual case, without a copy
            Ok(data) => {
                rest.extend_from_slice(&std::mem::take(&mut whole));
                rest.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
        if whole.len() + rest.len() > RESPONSE_BYTES_MAX {
            return Ended::TooLarge { limit: RESPONSE_BYTES_MAX as u64 };
        }
    }
    Ended::Whole(if rest.is_empty() { whole } else { rest.freeze() }, trailers)
}

/// Sends each piece on as it comes: at most [`STREAM_BYTES_MAX`], past the burst at the promised pace. A caller that
/// reads slowly slows the function down, until its deadline.
async fn forward(link: &Link, delivery: &Delivery, body: &mut Incoming) -> Ended {
    let mut pace = Pace::new(link.world.now());
    let mut sent: u64 = 0;
    let mut listening = true;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ended::Truncated };
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return Ended::Whole(Bytes::new(), frame.into_trailers().ok()),
        };
        while !data.is_empty() {
            let chunk = take_chunk(&mut data);
            sent += chunk.len() as u64;
            if sent > STREAM_BYTES_MAX {
                return Ended::TooLarge { limit: STREAM_BYTES_MAX };
            }
            let wait = pace.take(link.world.now(), chunk.len());
            if !wait.is_zero() {
                link.world.clock.sleep(wait).await;
            }
            // A caller that left cancels its answer, not the function: read on and throw away.
            listening = listening && delivery.frames.send(InvokeFrame::Chunk(chunk)).await.is_ok();
        }
    }
    Ended::Whole(Bytes::new(), None)
}

async fn drain(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    (!value.is_empty()).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// An error that a runtime could only notice after it had begun to stream.
fn trailing_failure(trailers: &HeaderMap) -> Option<Failure> {
    let given = text(trailers, &header::ERROR_TYPE)?;
    let body = text(trailers, &header::ERROR_BODY).unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(body.as_bytes());
    // One that is not base64 is handed on as it is rather than lost.
    Some(failure(Some(&given), decoded.unwrap_or(body.into_bytes()).into()))
}

/// What the runtime posted, verbatim; where it posted nothing, its type, since the caller is owed JSON.
fn failure(given: Option<&str>, payload: Bytes) -> Failure {
    let error_type = error_type(given).to_owned();
    let payload = match payload.is_empty() {
        true => Bytes::from(format!("{{\"errorType\":\"{error_type}\"}}")),
        false => payload,
    };
    debug_assert_ne!(error_type, fault::TIMEOUT, "a runtime can not claim a platform fault");
    Failure { error_type, payload }
}
