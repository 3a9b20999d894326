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
use fabric::placement::{Orders, ResidentEnvironment};
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
use world::{Instant, World};

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

pub(crate) struct Parts {
    pub(crate) executor: Executor,
    pub(crate) world: World,
    pub(crate) id: WorkerId,
    pub(crate) assignment: Arc<dyn Assignment>,
    pub(crate) ledger: Ledger,
    pub(crate) environments_max: usize,
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
    /// Until when it serves; 0: it has not joined, or fenced itself.
    until: Instant,
    /// Whom it serves, and when a start made it that.
    serves: Option<PartitionId>,
    taken_on: Option<Instant>,
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
    stopping: watch::Sender<Stop>,
    memory_mb: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    No,
    /// When nobody uses it.
    Asked,
    /// At once.
    Fenced,
}

impl Place {
    fn stop(&self) {
        self.stopping.send_if_modified(|stop| {
            let before = *stop;
            *stop = before.max(Stop::Asked);
            *stop != before
        });
    }
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
        let resident = |(environment, place): (&EnvironmentId, &Place)| ResidentEnvironment {
            environment: *environment,
            key: place.key.clone(),
            memory_mb: place.memory_mb,
        };
        (table.serves, table.seats.iter().map(resident).collect())
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        let mut table = lock(&self.table);
        table.draining = draining;
        if draining {
            for place in table.seats.values() {
                place.stop();
            }
        }
    }

    /// Placement answered what was sent at `sent`. A lease that has run out meanwhile is not renewed, but by joining:
    /// `false`, and it is fenced.
    pub(crate) fn renew(&self, sent: Instant, orders: &Orders, joining: bool) -> bool {
        self.parts.ledger.promised(&self.parts.id, self.parts.world.now(), sent.plus(orders.lease), joining);
        if !joining && !self.lease_runs() {
            self.fence();
            return false;
        }
        let mut table = lock(&self.table);
        if table.taken_on.is_none_or(|at| at < sent) {
            (table.serves, table.taken_on) = (orders.partition, None);
        }
        table.until = sent.plus(orders.lease);
        let serves = table.serves;
        self.fence_in(&mut table, serves);
        true
    }

    pub(crate) fn lease_runs(&self) -> bool {
        self.parts.world.now() < self.until()
    }

    pub(crate) fn until(&self) -> Instant {
        if self.parts.mutation == Mutation::NoSelfFence {
            return Instant(u64::MAX);
        }
        lock(&self.table).until
    }

    /// Its lease has ended and nobody has drawn the conclusion.
    pub(crate) fn has_run_out(&self) -> bool {
        let until = self.until();
        until != Instant(0) && until <= self.parts.world.now()
    }

    /// Everything ends at once, and nothing is taken until another lease begins.
    pub(crate) fn fence(&self) {
        let mut table = lock(&self.table);
        (table.until, table.serves, table.taken_on) = (Instant(0), None, None);
        self.fence_in(&mut table, None);
    }

    fn fence_in(&self, table: &mut Table, stays: Option<PartitionId>) {
        let mut ended = 0;
        for (id, place) in table.seats.iter_mut().filter(|(_, place)| Some(place.partition) != stays) {
            if *place.stopping.borrow() == Stop::Fenced {
                continue;
            }
            ended += 1;
            place.grant = Grant::Closed(place.grant.token());
            place.stopping.send_replace(Stop::Fenced);
            self.parts.ledger.leaves(&self.parts.id, *id);
            self.parts.ledger.ending(&self.parts.id, *id);
        }
        if ended > 0 {
            self.parts.executor.note(format_args!("{} fences itself: {ended} end", self.parts.id));
        }
    }

    /// Whether each of them is still there.
    pub(crate) fn has_all(&self, residents: &[ResidentEnvironment]) -> bool {
        let table = lock(&self.table);
        residents.iter().all(|resident| table.seats.contains_key(&resident.environment))
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
        if !self.lease_runs() {
            self.fence();
            return Err(InvokeRefusal::Gone);
        }
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
            self.parts.ledger.enters(&self.parts.id, self.parts.world.now(), lease, job.request);
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
        mut stop: watch::Receiver<Stop>,
    ) {
        let Parts { world, executor, .. } = &self.parts;
        let booting = world.clock.sleep(Duration::from_millis(20 + executor.below(300)));
        tokio::select! {
            biased;
            () = told(&mut stop, Stop::Fenced) => {}
            () = booting => {}
        }
        let mut untaken = Some(world.clock.sleep(FIRST_INVOCATION_WAIT));
        loop {
            let taken = matches!(self.grant(id), None | Some(Grant::Taken(_)));
            let (mut fenced, mut asked) = (stop.clone(), stop.clone());
            tokio::select! {
                biased;
                () = told(&mut fenced, Stop::Fenced) => break,
                Some(job) = mailbox.recv() => {
                    untaken = None;
                    if !self.run(id, job, &mut stop.clone()).await {
                        break;
                    }
                }
                () = told(&mut asked, Stop::Asked), if !taken => break,
                () = async { match &mut untaken { Some(wait) => wait.as_mut().await, None => std::future::pending().await } } => {
                    untaken = None;
                    if let Some(Grant::First(token)) = self.grant(id) {
                        self.set(id, Grant::Free(token));
                        self.parts.ledger.gives_back(&self.parts.id, id, token);
                        self.report(id, token, EnvironmentEvent::Idle).await;
                    }
                }
            }
        }
        let token = self.grant(id).map_or(LeaseToken(0), Grant::token);
        self.set(id, Grant::Closed(token));
        self.parts.ledger.leaves(&self.parts.id, id);
        self.parts.ledger.ending(&self.parts.id, id);
        mailbox.close();
        while let Some(job) = mailbox.recv().await {
            let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
        }
        world.clock.sleep(Duration::from_millis(5 + executor.below(50))).await;
        lock(&self.table).seats.remove(&id);
        self.parts.ledger.gone(&self.parts.id, id);
        for _ in 0..GONE_TRIES {
            if self.report(id, token, EnvironmentEvent::Gone).await {
                break;
            }
        }
    }

    /// One invocation; `false` if the environment died of it.
    async fn run(&self, id: EnvironmentId, job: Job, stop: &mut watch::Receiver<Stop>) -> bool {
        let Parts { world, executor, ledger, id: worker, .. } = &self.parts;
        let token = job.lease.token;
        // A worker that stood still for longer than its lease finds here what came before it did.
        if !self.lease_runs() {
            let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
            return false;
        }
        let _ = job.accept.send(Ok(())); // the caller may have gone
        ledger.enters(worker, world.now(), &job.lease, job.request);
        let drawn = executor.below(1_000);
        let millis = match drawn {
            0..700 => 1 + executor.below(30),
            700..970 => 50 + executor.below(900),
            970..985 => 1_000 + executor.below(8_000),
            // Longer than a worker's lease.
            _ => 20_000 + executor.below(20_000),
        };
        tokio::select! {
            biased;
            () = told(stop, Stop::Fenced) => {}
            () = world.clock.sleep(Duration::from_millis(millis)) => {}
        }
        if !self.lease_runs() || *stop.borrow() == Stop::Fenced {
            ledger.leaves(worker, id);
            return false; // broken off
        }
        let response = Response::Success { payload: bytes::Bytes::new(), content_type: None };
        if drawn % 100 == 7 {
            // It crashed. It is ended first, then the caller is answered.
            ledger.leaves(worker, id);
            self.set(id, Grant::Closed(token));
            let _ = job.frames.send(InvokeFrame::Response(response)).await; // the caller may have gone
            let _ = job.frames.send(InvokeFrame::Outcome(outcome())).await;
            return false;
        }
        ledger.finishes(worker, id);
        self.report(id, token, EnvironmentEvent::Finishing).await;
        let _ = job.frames.try_send(InvokeFrame::Response(response));
        world.clock.sleep(Duration::from_micros(50 + executor.below(1_000))).await;
        ledger.leaves(worker, id);
        self.set(id, Grant::Free(token));
        ledger.gives_back(worker, id, token);
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

async fn told(stop: &mut watch::Receiver<Stop>, what: Stop) {
    // An error: the table's entry is gone, and so is the environment.
    let _ = stop.wait_for(|stop| *stop >= what).await;
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
        let StartEnvironment { environment, key, partition, epoch, token, memory_mb } = message;
        let mut table = lock(&self.table);
        if !self.admits(&mut table, partition, epoch) {
            return Err(WorkerError::Stale);
        }
        let now = self.parts.world.now();
        if now >= table.until && self.parts.mutation != Mutation::NoSelfFence {
            drop(table);
            self.fence();
            return Err(WorkerError::NotLeased);
        }
        if table.serves != Some(partition) {
            if table.serves.is_some() && !table.seats.is_empty() {
                return Err(WorkerError::NotLeased);
            }
            (table.serves, table.taken_on) = (Some(partition), Some(now));
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
        let (mailbox, jobs) = mpsc::channel(1);
        let stopping = watch::Sender::new(Stop::No);
        let stop = stopping.subscribe();
        let grant = Grant::First(token);
        self.parts.ledger.made(&self.parts.id, environment, &key);
        table.seats.insert(environment, Place { key, partition, grant, mailbox, stopping, memory_mb });
        drop(table);
        self.parts.world.spawn("environment", Arc::clone(&self.0).live(environment, jobs, stop));
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let mut table = lock(&self.table);
        if !self.admits(&mut table, message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        let place = table.seats.get(&message.environment).ok_or(WorkerError::NotThere)?;
        place.stop();
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
                _ if *place.stopping.borrow() != Stop::No => HeldState::Ending,
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
