//! Callers: what a frontend does with an invocation, and what `control` does with an update.
//!
//! ```text
//! resolve ─► acquire ─► invoke at the worker ─► Response ─► Outcome
//!    ▲          │ Stale    │ Stale, Busy, Gone: user code has not seen it
//!    └──────────┴──────────┘  (at most eight times; NotLeader: until the wait is over)
//! ```
//! The rules are those of `crates/frontend/src/invoke/run.rs` and `crates/control/src/commit.rs`.

use super::executor::{Executor, Node, lock};
use super::ledger::Ledger;
use super::network::Network;
use super::router::Router;
use super::worker::Mutation;
use bytes::Bytes;
use fabric::assignment::{Acquire, AcquireError, Assignment, EnvironmentEvent, EnvironmentReport, Retire};
use fabric::remote::Remote;
use fabric::stream::FrameStream;
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerInvoke};
use fabric::{Invocation, Lease, Scope, Start};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::{AccountId, FunctionArn, FunctionName, Region, RequestId, Version, VersionKey, WorkerId};
use world::World;

const ATTEMPTS_MAX: usize = 8;
const LEADER_LOOK: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// A function's timeout here; its worker's silence is given up after twice this and more.
const TIMEOUT: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(60);
const RETIRE_ATTEMPTS_MAX: usize = 3;
const RETIRE_WAIT: Duration = Duration::from_secs(2);
const RETIRE_PAUSE: Duration = Duration::from_millis(50);
const REGION: &str = "eu-west-1";

/// What there is to invoke, in truth: `control`'s store, which answers what was written last.
#[derive(Clone)]
pub(crate) struct Catalogue(Arc<Mutex<BTreeMap<FunctionName, (AccountId, u64)>>>);

impl Catalogue {
    /// Functions of two accounts.
    pub(crate) fn new(functions: u64) -> Self {
        let row = |number: u64| {
            let account = AccountId::new(format!("{:012}", number % 2));
            (FunctionName::new(format!("f{number}")), (account, 1))
        };
        Self(Arc::new(Mutex::new((0..functions).map(row).collect())))
    }

    pub(crate) fn names(&self) -> Vec<FunctionName> {
        lock(&self.0).keys().cloned().collect()
    }

    pub(crate) fn resolve(&self, function: &FunctionName) -> VersionKey {
        let table = lock(&self.0);
        let (account, generation) =
            table.get(function).cloned().unwrap_or_else(|| (AccountId::new("000000000000"), 1));
        let (region, function, version) = (Region::new(REGION), function.clone(), Version::Latest);
        VersionKey { account, region, function, version, generation }
    }

    fn update(&self, function: &FunctionName) -> VersionKey {
        if let Some((_, generation)) = lock(&self.0).get_mut(function) {
            *generation += 1;
        }
        self.resolve(function)
    }
}

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
        let mut key = self.catalogue.resolve(function);
        while attempts < ATTEMPTS_MAX {
            attempts += 1;
            let wait_max = WAIT_MAX.saturating_sub(self.world.now().since(begun));
            let lease = match self.acquire(&key, wait_max).await {
                Ok(lease) => lease,
                Err(AcquireError::Stale) => {
                    key = self.catalogue.resolve(function);
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
                    key = self.catalogue.resolve(function);
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

    /// `control`: a new generation, and assignment is told.
    pub(crate) async fn update(&self, function: &FunctionName) {
        let key = self.catalogue.update(function);
        self.executor.note(format_args!("{function} is updated to {}", key.generation));
        let message = Retire {
            scope: Scope { account: key.account, region: key.region },
            function: key.function,
            version: Some(key.version),
            generation_min: key.generation,
        };
        for _ in 0..RETIRE_ATTEMPTS_MAX {
            let told = self.world.timeout(RETIRE_WAIT, self.assignment.retire(message.clone())).await;
            if matches!(told, Some(Ok(()))) {
                return;
            }
            self.world.clock.sleep(RETIRE_PAUSE).await;
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
