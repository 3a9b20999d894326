//! Callers: what a frontend does with an invocation, and what `control` does with an update.
//!
//! ```text
//! cache ─► acquire ─► invoke at the worker ─► Response ─► Outcome
//!    ▲          │ Stale    │ Stale, Busy, Gone: user code has not seen it
//!    └─ re-read ┴──────────┘  (at most eight times; NotLeader: until the wait is over)
//! ```
//! The rules are those of `crates/frontend/src/invoke/run.rs` and `crates/control/src/commit.rs`.

use super::executor::{Executor, Node};
use super::ledger::Ledger;
use super::network::Network;
use super::records::{Catalogue, REGION, Records};
use super::router::Router;
use super::worker::Mutation;
use bytes::Bytes;
use fabric::assignment::{Acquire, AcquireError, Assignment, EnvironmentEvent, EnvironmentReport, Retire};
use fabric::remote::Remote;
use fabric::stream::FrameStream;
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerInvoke};
use fabric::{Invocation, Lease, Scope, Start};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use types::{AccountId, FunctionArn, FunctionName, Region, RequestId, VersionKey, WorkerId};
use world::World;

const ATTEMPTS_MAX: usize = 8;
const LEADER_LOOK: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// A function's timeout here; its worker's silence is given up after twice this and more.
const TIMEOUT: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// As in `crates/control/src/commit.rs`.
const TELL_WAIT: Duration = Duration::from_secs(2);
const TELL_SHARED_MAX: Duration = Duration::from_secs(25);
const TELL_PAUSE: Duration = Duration::from_millis(50);
const TELL_PAUSE_MAX: Duration = Duration::from_millis(500);

/// MB.
fn memory_of(key: &VersionKey) -> u32 {
    match key.function.as_str().as_bytes().last() {
        Some(b'0') => 1_024,
        Some(b'1' | b'2') => 512,
        _ => 128,
    }
}

/// One machine's callers.
#[derive(Clone)]
pub(crate) struct Frontend {
    pub(crate) executor: Executor,
    pub(crate) world: World,
    pub(crate) network: Network,
    pub(crate) node: Node,
    pub(crate) ledger: Ledger,
    pub(crate) catalogue: Catalogue,
    pub(crate) records: Records,
    pub(crate) assignment: Arc<Router<dyn Assignment>>,
    pub(crate) workers: Arc<BTreeMap<WorkerId, Node>>,
    pub(crate) mutation: Mutation,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Served,
    /// An error before user code.
    Refused,
    /// Nobody knows whether user code saw it.
    BrokenOff,
}

impl Frontend {
    pub(crate) async fn invoke(&self, function: FunctionName) -> Ended {
        self.ledger.count(|counts| counts.asked += 1);
        let request = RequestId::from_random(self.world.random_16());
        self.ledger.accepts(request, &function);
        let Some((lease, frames)) = self.start(&function, request).await else {
            self.ledger.count(|counts| counts.refused += 1);
            return Ended::Refused;
        };
        let ended = self.world.timeout(SILENCE_MAX, wait(frames)).await.unwrap_or(Ended::BrokenOff);
        let mutated = self.mutation == Mutation::RetryAfterSent && ended == Ended::BrokenOff;
        if mutated && let Some((_, frames)) = self.start(&function, request).await {
            return wait(frames).await;
        }
        self.ledger.count(|counts| match ended {
            Ended::Served => {
                counts.served += 1;
                counts.warm += u64::from(lease.start == Start::Warm);
            }
            _ => counts.failed += 1,
        });
        ended
    }

    /// Until an environment has taken it.
    async fn start(
        &self,
        function: &FunctionName,
        request: RequestId,
    ) -> Option<(Lease, FrameStream<InvokeFrame>)> {
        let begun = self.world.now();
        let mut attempts = 0;
        let mut key = self.catalogue.key(function, self.records.cached(function).await?);
        while attempts < ATTEMPTS_MAX {
            attempts += 1;
            let wait_max = WAIT_MAX.saturating_sub(self.world.now().since(begun));
            let lease = match self.acquire(&key, wait_max).await {
                Ok(lease) => lease,
                Err(AcquireError::Stale) => {
                    self.ledger.count(|counts| counts.stale += 1);
                    key = self.catalogue.key(function, self.records.fresh(function).await?);
                    continue;
                }
                Err(AcquireError::NotLeader) if !wait_max.is_zero() => {
                    attempts -= 1;
                    self.world.clock.sleep(LEADER_LOOK).await;
                    continue;
                }
                Err(AcquireError::WorkerRefused) if attempts < ATTEMPTS_MAX && !wait_max.is_zero() => {
                    self.world.clock.sleep(LEADER_LOOK).await;
                    continue;
                }
                Err(AcquireError::ConcurrencyLimit) => return None,
                Err(error) => {
                    self.executor.note(format_args!("{function}: {error}"));
                    return None;
                }
            };
            match self.hand_over(&lease, request).await {
                Ok(frames) => return Some((lease, frames)),
                Err(InvokeRefusal::Gone) => {
                    self.report_not_found(&lease).await;
                    if attempts > 1 {
                        self.world.clock.sleep(LEADER_LOOK).await;
                    }
                }
                Err(InvokeRefusal::Stale) => {
                    self.assignment.doubt();
                    key = self.catalogue.key(function, self.records.fresh(function).await?);
                }
                Err(_) => {}
            }
        }
        None
    }

    async fn acquire(&self, key: &VersionKey, wait_max: Duration) -> Result<Lease, AcquireError> {
        let number = self.ledger.asks(format!(
            "{} by machine {} at {:?}",
            key.function,
            self.node.0,
            self.executor.now()
        ));
        let asking = Asking { ledger: self.ledger.clone(), number };
        let share = types::ConcurrencyShare::unreserved(u32::MAX);
        let message = Acquire { key: key.clone(), memory_mb: memory_of(key), share, wait_max };
        let answer = self.assignment.acquire(message).await;
        drop(asking);
        answer
    }

    async fn hand_over(
        &self,
        lease: &Lease,
        request_id: RequestId,
    ) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let node = self.workers.get(&lease.worker).ok_or(InvokeRefusal::Gone)?;
        let worker: Arc<Remote<dyn WorkerInvoke>> = Remote::new(self.network.way(self.node, *node));
        let invocation = Invocation {
            request_id,
            invoked_arn: arn(),
            payload: Bytes::from_static(b"{}"),
            timeout: TIMEOUT,
            trace_id: String::new(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            streaming: false,
            log_tail: false,
        };
        worker.invoke(InvokeRequest { lease: lease.clone(), invocation }).await
    }

    async fn report_not_found(&self, lease: &Lease) {
        let report = EnvironmentReport {
            partition: lease.partition,
            worker: lease.worker.clone(),
            environment: lease.environment,
            token: lease.token,
            event: EnvironmentEvent::NotFound,
        };
        // As the frontend: it is logged, and that is all.
        let _ = self.assignment.report(report).await;
    }

    /// `control`: a new generation, which has returned once assignment's leader has taken it.
    pub(crate) async fn update(&self, function: &FunctionName) {
        let Some(generation) = self.records.update(function).await else { return };
        let key = self.catalogue.key(function, generation);
        self.executor.note(format_args!("{function} is to be {generation}"));
        let (begun, mut pause) = (self.world.now(), TELL_PAUSE);
        let message = Retire {
            scope: Scope { account: key.account, region: key.region },
            function: key.function,
            version: Some(key.version),
            generation_min: generation,
        };
        if self.mutation == Mutation::EarlyUpdate {
            self.ledger.updated(function, generation);
        }
        while self.world.now().since(begun) < TELL_SHARED_MAX {
            let told = self.world.timeout(TELL_WAIT, self.assignment.retire(message.clone())).await;
            if matches!(told, Some(Ok(()))) {
                self.executor.note(format_args!("{function} is updated to {generation}"));
                self.ledger.updated(function, generation);
                return;
            }
            pause = (pause * 2).min(TELL_PAUSE_MAX);
            self.world.clock.sleep(pause).await;
        }
    }

    /// Hints of changes, which come late or not at all.
    pub(crate) async fn follow(self) {
        loop {
            self.world.clock.sleep(Duration::from_millis(self.executor.below(40_000))).await;
            for name in self.catalogue.names() {
                if self.executor.chance(700) {
                    self.records.fresh(&name).await;
                }
            }
        }
    }
}

/// Takes the question out of the books however it ends: a caller that crashed asks no more.
struct Asking {
    ledger: Ledger,
    number: u64,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.ledger.answered(self.number);
    }
}

async fn wait(mut frames: FrameStream<InvokeFrame>) -> Ended {
    let mut ended = Ended::BrokenOff;
    while let Some(frame) = frames.next().await {
        if matches!(frame, InvokeFrame::Response(_)) {
            ended = Ended::Served;
        }
    }
    ended
}

fn arn() -> FunctionArn {
    FunctionArn {
        account: AccountId::new("000000000000"),
        region: Region::new(REGION),
        function: FunctionName::new("f"),
        qualifier: None,
    }
}
