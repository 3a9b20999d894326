//! A worker that keeps the contract of the real one and runs nothing.
//!
//! ```text
//!            booted                 let in                    answered      next asked
//!  Booting ─────────► Idle(First) ─────────► Running ───────► Finishing ────────► Idle(Free) ─► Running …
//!                        │ told to end, or its runtime died                         │
//!                        └──────────────────────► Ending ─► gone, and says so ◄─────┘
//! ```
//! Seats, tokens, epochs, what is said when and how often it is tried are those of `crates/worker` (`seat.rs`,
//! `worker.rs`, `environment.rs`); its pool, sandboxes and runtimes are not here. Everything is lost in a crash.

use super::executor::{Executor, lock};
use super::ledger::Ledger;
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{AcquireError, Assignment, EnvironmentEvent, EnvironmentReport};
use fabric::placement::ResidentEnvironment;
use fabric::stream::{self, FrameSender, FrameStream};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldEnvironments, HeldState, InvokeFrame, InvokeRefusal,
    InvokeRequest, StartEnvironment, StopEnvironment, WorkerControl, WorkerError, WorkerInvoke,
};
use fabric::{Outcome, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, RequestId, VersionKey, WorkerId};
use world::{Instant, TaskHandle, World};

/// As in the real one.
const FIRST_INVOCATION_WAIT: Duration = Duration::from_secs(5);
const REPORT_LIMIT: Duration = Duration::from_secs(2);
const LEADER_LOOK: Duration = Duration::from_millis(50);
const GONE_TRIES: u32 = 3;

/// A fence that is taken down on purpose, to see that it is missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mutation {
    #[default]
    None,
    /// The worker takes any epoch.
    AnyEpoch,
    /// The worker lets a second invocation into a busy environment.
    AnySeat,
    /// The worker takes any token: also an old lease's of an environment that is free again.
    AnyToken,
    /// The worker goes on when its lease has ended.
    NoSelfFence,
    /// The frontend asks again although user code may have seen the payload.
    RetryAfterSent,
    /// The leader's appends do not name where they expect the log.
    AnyPosition,
}

impl Mutation {
    /// All, by the names that the command line takes.
    pub(crate) const ALL: [(&str, Self); 6] = [
        ("any-epoch", Self::AnyEpoch),
        ("any-seat", Self::AnySeat),
        ("any-token", Self::AnyToken),
        ("no-self-fence", Self::NoSelfFence),
        ("retry-after-sent", Self::RetryAfterSent),
        ("any-position", Self::AnyPosition),
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.0 == name).map(|row| row.1)
    }
}

/// Of a function's memory size.
pub(crate) type MemoryOf = fn(&VersionKey) -> u32;

pub(crate) struct Parts {
    pub(crate) executor: Executor,
    pub(crate) world: World,
    pub(crate) id: WorkerId,
    pub(crate) assignment: Arc<dyn Assignment>,
    pub(crate) ledger: Ledger,
    pub(crate) environments_max: usize,
    pub(crate) memory_of: MemoryOf,
    pub(crate) mutation: Mutation,
}

pub(crate) struct Worker {
    parts: Parts,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    seats: BTreeMap<EnvironmentId, Place>,
    epochs: BTreeMap<PartitionId, Epoch>,
    draining: bool,
    /// By its last orders.
    serves: Option<PartitionId>,
    /// Its lease of itself ends then; none before it first joined.
    until: Option<Instant>,
    last_started: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    First(LeaseToken),
    Taken(LeaseToken),
    Free(LeaseToken),
    Closed(LeaseToken),
}

impl Grant {
    fn token(self) -> LeaseToken {
        match self {
            Self::First(token) | Self::Taken(token) | Self::Free(token) | Self::Closed(token) => token,
        }
    }
}

struct Place {
    key: VersionKey,
    partition: PartitionId,
    grant: Grant,
    mailbox: mpsc::Sender<Job>,
    stopping: watch::Sender<bool>,
    task: Option<TaskHandle>,
}

struct Job {
    lease: Lease,
    request: RequestId,
    accept: oneshot::Sender<Result<(), InvokeRefusal>>,
    frames: FrameSender<InvokeFrame>,
}

impl Worker {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self { parts, table: Mutex::default() })
    }

    /// The highest epoch of the partition; `false` for one below it.
    fn admits(&self, table: &mut Table, partition: PartitionId, epoch: Epoch) -> bool {
        let highest = table.epochs.entry(partition).or_insert(epoch);
        *highest = epoch.max(*highest);
        epoch == *highest || self.parts.mutation == Mutation::AnyEpoch
    }

    /// For whom it has what it has.
    pub(crate) fn residents(&self) -> (Option<PartitionId>, Vec<ResidentEnvironment>) {
        let table = lock(&self.table);
        let partition = table.seats.values().next().map(|place| place.partition).or(table.serves);
        let resident = |(environment, place): (&EnvironmentId, &Place)| ResidentEnvironment {
            environment: *environment,
            key: place.key.clone(),
            memory_mb: (self.parts.memory_of)(&place.key),
        };
        (partition, table.seats.iter().map(resident).collect())
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        let mut table = lock(&self.table);
        table.draining = draining;
        if draining {
            for place in table.seats.values() {
                place.stopping.send_replace(true);
            }
        }
    }

    /// A heartbeat was answered.
    pub(crate) fn renew(&self, until: Instant) {
        self.look_at_lease();
        lock(&self.table).until = Some(until);
    }

    pub(crate) fn serve(&self, partition: Option<PartitionId>) {
        lock(&self.table).serves = partition;
    }

    /// When it last took an environment: orders from before say nothing about it.
    pub(crate) fn last_started(&self) -> Instant {
        lock(&self.table).last_started
    }

    /// Fences itself if its lease has ended; says how long it goes on.
    pub(crate) fn look_at_lease(&self) -> Duration {
        let now = self.parts.world.now();
        let left = {
            let table = lock(&self.table);
            table.until.map_or(Duration::from_secs(1), |until| until.since(now))
        };
        if left.is_zero() {
            self.fence();
            return Duration::from_secs(1);
        }
        left
    }

    /// Its lease has ended: everything ends at once, without a word.
    pub(crate) fn fence(&self) {
        if self.parts.mutation == Mutation::NoSelfFence {
            return;
        }
        let seats = std::mem::take(&mut lock(&self.table).seats);
        if seats.is_empty() {
            return;
        }
        self.parts.executor.note(format_args!("{} fences itself: {} end", self.parts.id, seats.len()));
        self.parts.ledger.emptied(&self.parts.id, false);
        seats.values().filter_map(|place| place.task.as_ref()).for_each(TaskHandle::abort);
    }

    fn grant(&self, environment: EnvironmentId) -> Option<Grant> {
        lock(&self.table).seats.get(&environment).map(|place| place.grant)
    }

    fn set(&self, environment: EnvironmentId, grant: Grant) {
        if let Some(place) = lock(&self.table).seats.get_mut(&environment) {
            place.grant = grant;
        }
    }

    fn take(&self, lease: &Lease, job: Job) -> Result<(), InvokeRefusal> {
        // Also where the timer has not come to it yet, as after a pause.
        self.look_at_lease();
        let mut table = lock(&self.table);
        if !self.admits(&mut table, lease.partition, lease.epoch) {
            self.parts.ledger.count(|counts| counts.fenced += 1);
            return Err(InvokeRefusal::Stale);
        }
        self.parts.ledger.admits(&self.parts.id, lease);
        let place = table.seats.get_mut(&lease.environment).ok_or(InvokeRefusal::Gone)?;
        let any_token = self.parts.mutation == Mutation::AnyToken;
        match place.grant {
            Grant::First(first) if first != lease.token && !any_token => return Err(InvokeRefusal::Stale),
            Grant::Free(last) if last == lease.token && !any_token => return Err(InvokeRefusal::Stale),
            Grant::Taken(_) if self.parts.mutation != Mutation::AnySeat => {
                self.parts.ledger.count(|counts| counts.busy += 1);
                return Err(InvokeRefusal::Busy);
            }
            Grant::Closed(_) => return Err(InvokeRefusal::Gone),
            Grant::First(_) | Grant::Free(_) | Grant::Taken(_) => {}
        }
        if self.parts.mutation == Mutation::AnySeat && matches!(place.grant, Grant::Taken(_)) {
            self.parts.ledger.enters(&self.parts.id, lease, job.request);
        }
        place.mailbox.try_send(job).map_err(|_| InvokeRefusal::Gone)?;
        place.grant = Grant::Taken(lease.token);
        Ok(())
    }

    /// One environment, from its first moment to its last.
    async fn live(
        self: Arc<Self>,
        id: EnvironmentId,
        mut mailbox: mpsc::Receiver<Job>,
        mut stop: watch::Receiver<bool>,
    ) {
        let Parts { world, executor, .. } = &self.parts;
        world.clock.sleep(Duration::from_millis(20 + executor.below(300))).await;
        let mut untaken = Some(world.clock.sleep(FIRST_INVOCATION_WAIT));
        loop {
            let taken = matches!(self.grant(id), None | Some(Grant::Taken(_)));
            tokio::select! {
                biased;
                Some(job) = mailbox.recv() => {
                    untaken = None;
                    if !self.run(id, job).await {
                        break;
                    }
                }
                () = told_to_stop(&mut stop), if !taken => break,
                () = async { match &mut untaken { Some(wait) => wait.as_mut().await, None => std::future::pending().await } } => {
                    untaken = None;
                    if let Some(Grant::First(token)) = self.grant(id) {
                        self.set(id, Grant::Free(token));
                        self.report(id, token, EnvironmentEvent::Idle).await;
                    }
                }
            }
        }
        let token = self.grant(id).map_or(LeaseToken(0), Grant::token);
        self.set(id, Grant::Closed(token));
        self.parts.ledger.ending(&self.parts.id, id);
        mailbox.close();
        while let Some(job) = mailbox.recv().await {
            let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
        }
        world.clock.sleep(Duration::from_millis(5 + executor.below(50))).await;
        let own = lock(&self.table).seats.remove(&id);
        self.parts.ledger.gone(&self.parts.id, id);
        for _ in 0..GONE_TRIES {
            if self.report(id, token, EnvironmentEvent::Gone).await {
                break;
            }
        }
        drop(own); // its own task's handle
    }

    /// One invocation; `false` if the environment died of it.
    async fn run(&self, id: EnvironmentId, job: Job) -> bool {
        let Parts { world, executor, ledger, id: worker, .. } = &self.parts;
        let token = job.lease.token;
        let _ = job.accept.send(Ok(())); // the caller may have gone
        ledger.enters(worker, &job.lease, job.request);
        let drawn = executor.below(1_000);
        let millis = match drawn {
            0..700 => 1 + executor.below(30),
            700..970 => 50 + executor.below(900),
            _ => 1_000 + executor.below(8_000),
        };
        world.clock.sleep(Duration::from_millis(millis)).await;
        let response = Response::Success { payload: bytes::Bytes::new(), content_type: None };
        if drawn % 100 == 7 {
            // It crashed. It is ended first, then the caller is answered.
            ledger.leaves(worker, id);
            self.set(id, Grant::Closed(token));
            let _ = job.frames.send(InvokeFrame::Response(response)).await; // the caller may have gone
            let _ = job.frames.send(InvokeFrame::Outcome(outcome())).await;
            return false;
        }
        self.report(id, token, EnvironmentEvent::Finishing).await;
        let _ = job.frames.try_send(InvokeFrame::Response(response));
        world.clock.sleep(Duration::from_micros(50 + executor.below(1_000))).await;
        ledger.leaves(worker, id);
        self.set(id, Grant::Free(token));
        self.report(id, token, EnvironmentEvent::Idle).await;
        let _ = job.frames.try_send(InvokeFrame::Outcome(outcome()));
        true
    }

    async fn report(&self, environment: EnvironmentId, token: LeaseToken, event: EnvironmentEvent) -> bool {
        let Parts { world, assignment, id, .. } = &self.parts;
        let report = EnvironmentReport { worker: id.clone(), environment, token, event };
        let telling = async {
            loop {
                match assignment.report(report.clone()).await {
                    Err(AcquireError::NotLeader) if event != EnvironmentEvent::Finishing => {
                        world.clock.sleep(LEADER_LOOK).await;
                    }
                    told => return told.is_ok(),
                }
            }
        };
        world.timeout(REPORT_LIMIT, telling).await.unwrap_or(false)
    }
}

/// The worker as its roles.
pub(crate) struct Served(pub(crate) Arc<Worker>);

impl std::ops::Deref for Served {
    type Target = Worker;
    fn deref(&self) -> &Worker {
        &self.0
    }
}

async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // An error: the table's entry is gone, and so is the environment.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn outcome() -> Outcome {
    Outcome {
        duration: Duration::ZERO,
        init_duration: None,
        restore_duration: None,
        billed_ms: 1,
        memory_mb: 128,
        memory_used_mb: 1,
        log_tail: None,
        spans: Vec::new(),
    }
}

#[async_trait]
impl WorkerControl for Served {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let StartEnvironment { environment, key, partition, epoch, token } = message;
        let mut table = lock(&self.table);
        if !self.admits(&mut table, partition, epoch) {
            return Err(WorkerError::Stale);
        }
        if table.draining {
            return Err(WorkerError::Draining);
        }
        if table.seats.contains_key(&environment) {
            return Ok(()); // said twice: it is on its way
        }
        if table.seats.len() >= self.parts.environments_max {
            return Err(WorkerError::Full);
        }
        table.last_started = self.parts.world.now();
        let (mailbox, jobs) = mpsc::channel(1);
        let stopping = watch::Sender::new(false);
        let stop = stopping.subscribe();
        let (grant, task) = (Grant::First(token), None);
        self.parts.ledger.made(&self.parts.id, environment, &key);
        table.seats.insert(environment, Place { key, partition, grant, mailbox, stopping, task });
        drop(table);
        let task = self.parts.world.spawn("environment", Arc::clone(&self.0).live(environment, jobs, stop));
        if let Some(place) = lock(&self.table).seats.get_mut(&environment) {
            place.task = Some(task);
        }
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let mut table = lock(&self.table);
        if !self.admits(&mut table, message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        let place = table.seats.get(&message.environment).ok_or(WorkerError::NotThere)?;
        place.stopping.send_replace(true);
        Ok(())
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let mut table = lock(&self.table);
        if !self.admits(&mut table, message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        self.parts.ledger.acknowledged(&self.parts.id, message.partition, message.epoch);
        let held = table.seats.iter().filter(|(_, place)| place.partition == message.partition);
        let held = held.map(|(&environment, place)| {
            let state = match place.grant {
                _ if *place.stopping.borrow() => HeldState::Ending,
                Grant::First(_) | Grant::Taken(_) => HeldState::Taken,
                Grant::Free(_) => HeldState::Free,
                Grant::Closed(_) => HeldState::Ending,
            };
            HeldEnvironment { environment, token: place.grant.token(), state }
        });
        Ok(HeldEnvironments { environments: held.collect() })
    }
}

#[async_trait]
impl WorkerInvoke for Served {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let InvokeRequest { lease, invocation } = request;
        let (frames, answer) = stream::channel(2);
        let (accept, accepted) = oneshot::channel();
        let job = Job { lease: lease.clone(), request: invocation.request_id, accept, frames };
        self.take(&lease, job)?;
        match accepted.await {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(InvokeRefusal::Gone),
        }
    }
}
