//! A worker that keeps the contract of the real one and runs nothing.
//!
//! ```text
//!            booted                 let in                    answered      next asked
//!  Booting ─────────► Idle(First) ─────────► Running ───────► Finishing ────────► Idle(Free) ─► Running …
//!                        │ told to end, or its runtime died                         │
//!                        └──────────────────────► Ending ─► gone, and says so ◄─────┘
//! ```
//! Its fences are the real ones: the table with epochs, seats and tokens, the lease and the membership are
//! `scheduler::tenancy`, which `crates/worker` drives, too. What an environment does is a model of `environment.rs`; pool,
//! sandboxes and runtimes are not here. Everything is lost in a crash.

use super::executor::{Executor, lock};
use super::ledger::Ledger;
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{AcquireError, Assignment, EnvironmentEvent, EnvironmentReport};
use fabric::stream::{self, FrameSender, FrameStream};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldEnvironments, HeldState, InvokeFrame, InvokeRefusal,
    InvokeRequest, StartEnvironment, StopEnvironment, WorkerControl, WorkerError, WorkerInvoke,
};
use fabric::{Outcome, Response};
use scheduler::tenancy::{
    Answer, GONE_TRIES, Grant, GrantState, Heard, LEADER_LOOK, LeaseClock, Making, Membership, NoSeat,
    NotMade, NotTaken, Outdated, Place, REPORT_LIMIT, Seated, Speech, Table, Word,
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, RequestId, WorkerId};
use world::World;

/// As in the real one.
const FIRST_INVOCATION_WAIT: Duration = Duration::from_secs(5);

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
    /// A new leader does not read what is durable of a function before its first grant.
    NoRevisions,
    /// An update returns before the leader has taken it.
    EarlyUpdate,
    /// The leader's appends do not name where they expect the log.
    AnyPosition,
}

impl Mutation {
    /// All, by the names that the command line takes.
    pub(crate) const ALL: [(&str, Self); 8] = [
        ("any-epoch", Self::AnyEpoch),
        ("any-seat", Self::AnySeat),
        ("any-token", Self::AnyToken),
        ("no-self-fence", Self::NoSelfFence),
        ("retry-after-sent", Self::RetryAfterSent),
        ("no-revisions", Self::NoRevisions),
        ("early-update", Self::EarlyUpdate),
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
    table: Mutex<Table<Arc<Seat>>>,
}

/// An environment's, as `crates/worker/src/seat.rs` has it.
pub(crate) struct Seat {
    id: EnvironmentId,
    worker: WorkerId,
    ledger: Ledger,
    grant: Mutex<Grant>,
    mailbox: mpsc::Sender<Job>,
    stopping: watch::Sender<Stop>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    No,
    /// When nobody uses it.
    Asked,
    /// At once.
    Fenced,
}

impl Seated for Seat {
    fn stop(&self) {
        self.stopping.send_if_modified(|stop| {
            let before = *stop;
            *stop = before.max(Stop::Asked);
            *stop != before
        });
    }

    fn fence(&self) {
        if *self.stopping.borrow() == Stop::Fenced {
            return;
        }
        lock(&self.grant).close();
        self.stopping.send_replace(Stop::Fenced);
        self.ledger.leaves(&self.worker, self.id);
        self.ledger.ending(&self.worker, self.id);
    }
}

struct Job {
    lease: Lease,
    request: RequestId,
    accept: oneshot::Sender<Result<(), InvokeRefusal>>,
    frames: FrameSender<InvokeFrame>,
}

impl Worker {
    /// One that serves under a lease, which has not begun.
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let mut table = Table::new(Arc::new(LeaseClock::unbounded()));
        table.bind();
        Arc::new(Self { parts, table: Mutex::new(table) })
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table<Arc<Seat>>> {
        lock(&self.table)
    }

    /// Whose word it is. (A mutation: every word is the newest.)
    fn word(&self, partition: PartitionId, epoch: Epoch) -> Word {
        let any = self.parts.mutation == Mutation::AnyEpoch;
        Word { partition, epoch: if any { Epoch(u64::MAX) } else { epoch } }
    }

    /// By its own clock.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.parts.world.now().0)
    }

    /// Placement has answered. (A mutation: what it has been leased once it has for ever.)
    pub(crate) fn hear(&self, membership: &mut Membership, speech: &Speech, answer: Answer) -> Heard {
        let (id, ledger, now) = (&self.parts.id, &self.parts.ledger, self.now());
        if let Answer::Orders(orders) = &answer {
            ledger.promised(id, now, speech.sent(), orders.lease, speech.joins);
        }
        let mut table = self.table();
        let heard = membership.hear(&mut table, speech, answer, now);
        if self.parts.mutation == Mutation::NoSelfFence && matches!(heard, Heard::Goes { .. }) {
            table.clock().runs_until(Duration::MAX);
        }
        if heard == Heard::Fenced {
            self.parts.executor.note(format_args!("{id} fences itself"));
        }
        heard
    }

    /// Its lease has ended, if a timer finds it.
    pub(crate) fn look_at_lease(&self, membership: &mut Membership) {
        let mut table = self.table();
        if table.clock().has_run_out(self.now()) {
            membership.fenced(&mut table, self.now());
            self.parts.executor.note(format_args!("{} fences itself", self.parts.id));
        }
    }

    fn is_leased(&self) -> bool {
        self.table().clock().runs(self.now())
    }

    fn take(&self, lease: &Lease, job: Job) -> Result<(), InvokeRefusal> {
        let Parts { ledger, id: worker, mutation, .. } = &self.parts;
        let word = self.word(lease.partition, lease.epoch);
        let mut table = self.table();
        let seat = match table.enter(self.now(), word, lease.environment) {
            Ok(seat) => seat,
            Err(NoSeat::Stale) => {
                ledger.count(|counts| counts.fenced += 1);
                return Err(InvokeRefusal::Stale);
            }
            Err(NoSeat::Gone) => return Err(InvokeRefusal::Gone),
        };
        ledger.admits(worker, lease);
        let mut grant = lock(&seat.grant);
        match (grant.admits(lease.token), mutation) {
            (Ok(()), _) | (Err(NotTaken::Stale), Mutation::AnyToken) => {}
            (Err(NotTaken::Busy), Mutation::AnySeat) => {
                ledger.enters(worker, self.parts.world.now(), lease, job.request);
            }
            (Err(NotTaken::Busy), _) => {
                ledger.count(|counts| counts.busy += 1);
                return Err(InvokeRefusal::Busy);
            }
            (Err(NotTaken::Stale), _) => {
                ledger.count(|counts| counts.late += 1);
                return Err(InvokeRefusal::Stale);
            }
            (Err(NotTaken::Gone), _) => return Err(InvokeRefusal::Gone),
        }
        seat.mailbox.try_send(job).map_err(|_| InvokeRefusal::Gone)?;
        grant.take(lease.token);
        Ok(())
    }

    /// One environment, from its first moment to its last.
    async fn live(
        self: Arc<Self>,
        seat: Arc<Seat>,
        mut mailbox: mpsc::Receiver<Job>,
        mut stop: watch::Receiver<Stop>,
    ) {
        let Parts { world, executor, ledger, id: worker, .. } = &self.parts;
        let id = seat.id;
        let booting = world.clock.sleep(Duration::from_millis(20 + executor.below(300)));
        tokio::select! {
            biased;
            () = told(&mut stop, Stop::Fenced) => {}
            () = booting => {}
        }
        let mut untaken = Some(world.clock.sleep(FIRST_INVOCATION_WAIT));
        loop {
            let taken = !lock(&seat.grant).is_untaken();
            let (mut fenced, mut asked) = (stop.clone(), stop.clone());
            tokio::select! {
                biased;
                () = told(&mut fenced, Stop::Fenced) => break,
                Some(job) = mailbox.recv() => {
                    untaken = None;
                    if !self.run(&seat, job, &mut stop.clone()).await {
                        break;
                    }
                }
                () = told(&mut asked, Stop::Asked), if !taken => {
                    if lock(&seat.grant).close_untaken() {
                        break;
                    }
                }
                () = async { match &mut untaken { Some(wait) => wait.as_mut().await, None => std::future::pending().await } } => {
                    untaken = None;
                    let freed = lock(&seat.grant).free_untaken();
                    if let Some(token) = freed {
                        ledger.gives_back(worker, id, token);
                        self.report(id, token, EnvironmentEvent::Idle).await;
                    }
                }
            }
        }
        let token = lock(&seat.grant).close();
        self.table().forget(id);
        ledger.leaves(worker, id);
        ledger.ending(worker, id);
        mailbox.close();
        while let Some(job) = mailbox.recv().await {
            let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
        }
        world.clock.sleep(Duration::from_millis(5 + executor.below(50))).await;
        self.table().left(id);
        ledger.gone(worker, id);
        for _ in 0..GONE_TRIES {
            if self.report(id, token, EnvironmentEvent::Gone).await {
                break;
            }
        }
    }

    /// One invocation; `false` if the environment died of it.
    async fn run(&self, seat: &Seat, job: Job, stop: &mut watch::Receiver<Stop>) -> bool {
        let Parts { world, executor, ledger, id: worker, .. } = &self.parts;
        let (id, token) = (seat.id, job.lease.token);
        // A worker that stood still for longer than its lease finds here what came before it did.
        if !self.is_leased() {
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
        if !self.is_leased() || *stop.borrow() == Stop::Fenced {
            ledger.leaves(worker, id);
            return false; // broken off
        }
        let response = Response::Success { payload: bytes::Bytes::new(), content_type: None };
        if drawn % 100 == 7 {
            // It crashed. It is ended first, then the caller is answered.
            ledger.leaves(worker, id);
            lock(&seat.grant).close();
            let _ = job.frames.send(InvokeFrame::Response(response)).await; // the caller may have gone
            let _ = job.frames.send(InvokeFrame::Outcome(outcome())).await;
            return false;
        }
        ledger.finishes(worker, id);
        self.report(id, token, EnvironmentEvent::Finishing).await;
        let _ = job.frames.try_send(InvokeFrame::Response(response));
        world.clock.sleep(Duration::from_micros(50 + executor.below(1_000))).await;
        ledger.leaves(worker, id);
        lock(&seat.grant).free();
        ledger.gives_back(worker, id, token);
        self.report(id, token, EnvironmentEvent::Idle).await;
        let _ = job.frames.try_send(InvokeFrame::Outcome(outcome()));
        true
    }

    async fn report(&self, environment: EnvironmentId, token: LeaseToken, event: EnvironmentEvent) -> bool {
        let Parts { world, assignment, id, .. } = &self.parts;
        let report = EnvironmentReport {
            partition: super::machines::PARTITION,
            worker: id.clone(),
            environment,
            token,
            event,
        };
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
        let StartEnvironment { environment, key, partition, epoch, token, memory_mb, .. } = message;
        let mut table = self.table();
        match table.make(self.now(), self.word(partition, epoch), environment) {
            Ok(Making::New) => {}
            Ok(Making::Known) => return Ok(()),
            Err(NotMade::Stale) => return Err(WorkerError::Stale),
            Err(NotMade::Draining) => return Err(WorkerError::Draining),
            Err(NotMade::NotLeased) => return Err(WorkerError::NotLeased),
        }
        if table.len() >= self.parts.environments_max {
            return Err(WorkerError::Full);
        }
        let (mailbox, jobs) = mpsc::channel(1);
        let stopping = watch::Sender::new(Stop::No);
        let stop = stopping.subscribe();
        self.parts.ledger.made(&self.parts.id, environment, &key);
        let seat = Arc::new(Seat {
            id: environment,
            worker: self.parts.id.clone(),
            ledger: self.parts.ledger.clone(),
            grant: Mutex::new(Grant::first(token)),
            mailbox,
            stopping,
        });
        table.insert(environment, Place { seat: Arc::clone(&seat), partition, key, memory_mb });
        drop(table);
        self.parts.world.spawn("environment", Arc::clone(&self.0).live(seat, jobs, stop));
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let word = self.word(message.partition, message.epoch);
        self.table().stop(word, message.environment).map_err(|no| match no {
            NoSeat::Stale => WorkerError::Stale,
            NoSeat::Gone => WorkerError::NotThere,
        })
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let mut table = self.table();
        let word = self.word(message.partition, message.epoch);
        let held = table.acknowledge(word).map_err(|Outdated| WorkerError::Stale)?;
        self.parts.ledger.acknowledged(&self.parts.id, message.partition, message.epoch);
        let held = held.map(|(environment, seat, ending)| {
            let grant = lock(&seat.grant);
            let state = match grant.state(ending || *seat.stopping.borrow() != Stop::No) {
                GrantState::Free => HeldState::Free,
                GrantState::Taken => HeldState::Taken,
                GrantState::Ending => HeldState::Ending,
            };
            HeldEnvironment { environment, token: grant.token(), state }
        });
        let mut environments: Vec<HeldEnvironment> = held.collect();
        // The table's order is none, and must not be one between two runs of a seed.
        environments.sort_unstable_by_key(|held| held.environment);
        Ok(HeldEnvironments { environments })
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
