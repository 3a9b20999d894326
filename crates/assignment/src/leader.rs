//! The leader: steps the machine, carries out what it says, answers who waits.

mod calls;
mod fleet;
mod truth;
mod words;

pub(crate) use truth::Truth;

use crate::journal::{Deposed, Journal};
use async_trait::async_trait;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport, EnvironmentState,
    Provision, Provisioned, Reserve, Retire,
};
use fabric::placement::Placement;
use fabric::worker::WorkerControl;
use fabric::{Lease, Span, Start};
use rustc_hash::FxHashMap;
use scheduler::assignment::{Book, Effect, Input, Machine, Settings, WaiterId};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, VersionKey, WorkerId};
use words::refused;
use world::World;

/// Where the workers are.
pub trait WorkerDirectory: Send + Sync + 'static {
    /// The worker's control side; `None` if nobody knows it (any more).
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>>;
}

/// What a leader is built from.
#[derive(Clone)]
pub(crate) struct LeaderParts {
    pub(crate) world: World,
    pub(crate) placement: Arc<dyn Placement>,
    pub(crate) workers: Arc<dyn WorkerDirectory>,
    pub(crate) partition: PartitionId,
    pub(crate) settings: Settings,
    pub(crate) truth: Truth,
}

/// The leader of one partition, for one epoch.
pub(crate) struct Leader {
    parts: LeaderParts,
    epoch: Epoch,
    journal: Journal,
    state: Mutex<State>,
    /// A worker said that there is a newer epoch.
    outdated: Notify,
    /// A worker answered or was lost, or this one ended.
    heard: Notify,
    /// Memory that was asked of placement since the fleet was last looked at, MB.
    asked_mb: AtomicU64,
    /// A deadline came nearer: the timer looks again.
    wake: Arc<Notify>,
    /// For the tasks that carry out effects: they must not keep the service alive.
    me: Weak<Self>,
}

struct State {
    machine: Machine,
    waiting: FxHashMap<WaiterId, oneshot::Sender<Answer>>,
    next_waiter: u64,
    /// Reused by every step, so that the warm path allocates nothing for it.
    effects: Vec<Effect>,
    /// Why nobody is granted anything any more.
    closed: Option<AcquireError>,
    /// Of the beginning, not sent yet.
    greetings: Vec<Task>,
}

type Answer = Result<Grant, AcquireError>;

#[derive(Debug)]
struct Grant {
    environment: EnvironmentId,
    worker: WorkerId,
    token: LeaseToken,
    cold: bool,
}

/// What a step leaves to be done outside the lock.
enum Task {
    Place {
        environment: EnvironmentId,
        key: VersionKey,
        memory_mb: u32,
    },
    /// Once so many facts are durable.
    Start {
        begin: Begin,
        after: u64,
    },
    Stop {
        environment: EnvironmentId,
        worker: WorkerId,
    },
    Release {
        environment: EnvironmentId,
    },
    ReadRevision {
        key: VersionKey,
    },
    Greet {
        worker: WorkerId,
        greet: u64,
    },
}

/// An environment that a worker is to be told to make.
struct Begin {
    environment: EnvironmentId,
    key: VersionKey,
    worker: WorkerId,
    token: LeaseToken,
    memory_mb: u32,
    provisioned: bool,
}

impl Leader {
    /// Begins with what the journal says; the epoch has begun in it. Workers are greeted by [`Self::open`].
    pub(crate) fn start(parts: LeaderParts, epoch: Epoch, journal: Journal, book: &Book) -> Arc<Self> {
        let mut effects = Vec::new();
        let now = Duration::from_nanos(parts.world.now().0);
        let settings = Settings { reads_revisions: parts.truth.revisions.is_some(), ..parts.settings };
        let machine = Machine::resume(settings, book, now, &mut effects);
        let mut state = State {
            machine,
            waiting: FxHashMap::default(),
            next_waiter: 0,
            effects: Vec::new(),
            closed: None,
            greetings: Vec::new(),
        };
        (state.greetings, _) = state.sort(effects.drain(..), None, &parts.world, &journal);
        let leader = Arc::new_cyclic(|me| Self {
            parts,
            epoch,
            journal,
            state: Mutex::new(state),
            outdated: Notify::new(),
            heard: Notify::new(),
            asked_mb: AtomicU64::new(0),
            wake: Arc::new(Notify::new()),
            me: me.clone(),
        });
        leader.parts.world.spawn("assignment.timer", Self::timer(leader.me.clone()));
        leader
    }

    /// Whatever a worker reports after it was greeted finds this leader: only now may they be.
    pub(crate) fn open(&self) {
        let greetings = std::mem::take(&mut self.lock().greetings);
        self.carry_out(greetings);
        self.parts.world.spawn("assignment.fleet", fleet::watch(self.me.clone()));
    }

    /// Refuses what waits and what comes with this. Environments are the workers' to end.
    pub(crate) fn close(&self, why: AcquireError) {
        let mut state = self.lock();
        state.closed.get_or_insert(why);
        state.waiting.clear();
        self.heard.notify_waiters();
        self.wake.notify_one();
        self.journal.flush();
    }

    /// Completes when there is another leader.
    pub(crate) async fn deposed(&self) {
        tokio::select! {
            biased;
            () = self.journal.deposed() => {}
            () = self.outdated.notified() => {}
        }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Something happened that somebody else noticed: a worker that is there again, or lost.
    pub(crate) fn tell(&self, input: Input) {
        let tasks = self.step(input);
        self.heard.notify_waiters();
        self.carry_out(tasks);
    }

    async fn timer(me: Weak<Self>) {
        loop {
            let Some(service) = me.upgrade() else { return };
            if service.lock().closed.is_some() {
                return;
            }
            let next = service.lock().machine.next_deadline();
            let wait = next.map_or(IDLE_LOOK, |next| next.saturating_sub(service.now()).min(IDLE_LOOK));
            let (clock, wake) = (service.parts.world.clock.clone(), Arc::clone(&service.wake));
            // It sleeps alone: whoever lets go of the service ends it at once.
            drop(service);
            tokio::select! {
                biased;
                () = clock.sleep(wait) => {}
                () = wake.notified() => {}
            }
            let Some(service) = me.upgrade() else { return };
            let tasks = service.step(Input::Tick);
            service.carry_out(tasks);
        }
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.parts.world.now().0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic inside one step fails that request; the machine's own invariants hold between steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One step: answers whoever is answered by it; returns what is left to do.
    fn step(&self, input: Input) -> Vec<Task> {
        let now = self.now();
        let mut state = self.lock();
        let before = state.machine.next_deadline();
        let (tasks, _) = state.advance(now, input, None, self);
        let nearer = match (state.machine.next_deadline(), before) {
            (Some(after), Some(before)) => after < before,
            (after, _) => after.is_some(),
        };
        if nearer {
            self.wake.notify_one();
        }
        drop(state);
        tasks
    }

    fn carry_out(&self, tasks: Vec<Task>) {
        for task in tasks {
            if let Task::Greet { worker, greet } = task {
                self.parts.world.spawn("assignment.greet", Self::greet(self.me.clone(), worker, greet));
                continue;
            }
            let Some(service) = self.me.upgrade() else { return };
            self.parts.world.spawn("assignment.effect", async move { service.perform(task).await });
        }
    }

    async fn perform(&self, task: Task) {
        let input = match task {
            Task::ReadRevision { key } => self.read_revision(key).await,
            Task::Place { environment, key, memory_mb } => self.place(environment, key, memory_mb).await,
            Task::Start { begin, after } => {
                let environment = begin.environment;
                let durable = self.parts.world.timeout(JOURNAL_WAIT, self.journal.durable(after)).await;
                match durable {
                    Some(Ok(())) => self.begin(begin).await,
                    // Its worker never hears of it, and whoever waits for it asks the next leader.
                    Some(Err(Deposed)) => return self.close(AcquireError::NotLeader),
                    None => Input::NotStarted { environment }, // its worker never hears of it
                }
            }
            Task::Greet { .. } => return, // has a task of its own
            Task::Stop { environment, worker } => match self.end(environment, &worker).await {
                Some(input) => input,
                None => return,
            },
            Task::Release { environment } => {
                self.release(environment).await;
                // Only now: who waits for the room would be refused it while the slot is still taken.
                Input::Released
            }
        };
        let tasks = self.step(input);
        // What was started is an answer of its worker, too.
        self.heard.notify_waiters();
        self.carry_out(tasks);
    }

    fn why_closed(&self) -> AcquireError {
        self.lock().closed.clone().unwrap_or(AcquireError::NotLeader)
    }

    fn lease(&self, grant: Grant, since: world::Instant) -> Lease {
        let waited = self.parts.world.now().since(since);
        Lease {
            environment: grant.environment,
            worker: grant.worker,
            partition: self.parts.partition,
            epoch: self.epoch,
            token: grant.token,
            start: if grant.cold { Start::Cold } else { Start::Warm },
            spans: vec![Span { room: "assignment".to_owned(), start: Duration::ZERO, duration: waited }],
        }
    }
}

/// The timer looks at least so often, should a wake-up ever be missed.
const IDLE_LOOK: Duration = Duration::from_secs(1);
/// How long a cold start waits for the journal: longer than JetStream takes to find a stream a new leader.
const JOURNAL_WAIT: Duration = Duration::from_secs(10);

impl State {
    /// Steps the machine and answers waiters. `asking` is the waiter whose own call this is: its answer is
    /// returned instead of sent.
    fn advance(
        &mut self,
        now: Duration,
        input: Input,
        asking: Option<WaiterId>,
        leader: &Leader,
    ) -> (Vec<Task>, Option<Answer>) {
        let mut effects = std::mem::take(&mut self.effects);
        self.machine.step(now, input, &mut effects);
        let world = &leader.parts.world;
        let (mut tasks, (own, inputs)) = self.sort(effects.drain(..), asking, world, &leader.journal);
        self.effects = effects;
        for input in inputs {
            let (more, _) = self.advance(now, input, None, leader);
            tasks.extend(more);
        }
        (tasks, own)
    }

    /// Facts to the journal, answers to who waits; the rest is to be done, or to be said to the machine at once: what is asked
    /// of the driver itself, and what was granted to who has left while the answer was on its way.
    fn sort(
        &mut self,
        effects: impl Iterator<Item = Effect>,
        asking: Option<WaiterId>,
        world: &World,
        journal: &Journal,
    ) -> (Vec<Task>, (Option<Answer>, Vec<Input>)) {
        let (mut tasks, mut own) = (Vec::new(), None);
        let (mut more, mut facts) = (Vec::new(), Vec::new());
        for effect in effects {
            let (waiter, answer) = match effect {
                Effect::Grant { waiter, environment, worker, token, cold } => {
                    (waiter, Ok(Grant { environment, worker, token, cold }))
                }
                Effect::Refuse { waiter, refusal } => (waiter, Err(refused(refusal))),
                Effect::Place { environment, key, memory_mb } => {
                    tasks.push(Task::Place { environment, key, memory_mb });
                    continue;
                }
                Effect::ReadRevision { key } => {
                    tasks.push(Task::ReadRevision { key });
                    continue;
                }
                Effect::Journal(fact) => {
                    facts.push(fact);
                    continue;
                }
                Effect::Start { environment, key, worker, token, provisioned } => {
                    let memory_mb = self.machine.seat_of(environment).map_or(0, |(_, memory_mb)| memory_mb);
                    let begin = Begin { environment, key, worker, token, memory_mb, provisioned };
                    // For now how many facts of this step come before; below, of all steps.
                    let after = facts.len() as u64;
                    tasks.push(Task::Start { begin, after });
                    continue;
                }
                Effect::Want { key, count } => {
                    more.extend((0..count).map(|_| ahead(world, key.clone())));
                    continue;
                }
                Effect::Greet { worker, greet } => {
                    tasks.push(Task::Greet { worker, greet });
                    continue;
                }
                Effect::Stop { environment, worker } => {
                    tasks.push(Task::Stop { environment, worker });
                    continue;
                }
                Effect::Release { environment } => {
                    tasks.push(Task::Release { environment });
                    continue;
                }
            };
            if asking == Some(waiter) {
                own = Some(answer);
            } else if let Some(Err(Ok(grant))) = self.waiting.remove(&waiter).map(|tx| tx.send(answer)) {
                more.push(Input::Unused { environment: grant.environment, token: grant.token });
            }
        }
        if !facts.is_empty() {
            let before = journal.push(facts);
            for task in &mut tasks {
                if let Task::Start { after, .. } = task {
                    *after += before;
                }
            }
        }
        (tasks, (own, more))
    }
}

/// One that is made ahead of invocations.
fn ahead(world: &World, key: VersionKey) -> Input {
    let environment = EnvironmentId::from_random(world.random_16());
    Input::Ahead { key, environment, token: LeaseToken(world.random_u64()) }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.wake.notify_one(); // the timer finds that nothing is left and ends
    }
}

/// Takes the waiter out of the machine when its caller's future is dropped.
struct Waiting<'a> {
    service: &'a Leader,
    waiter: WaiterId,
    answer: oneshot::Receiver<Answer>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(grant)) = self.answer.try_recv() {
            let tasks =
                self.service.step(Input::Unused { environment: grant.environment, token: grant.token });
            self.service.carry_out(tasks);
        } else if self.service.lock().waiting.remove(&self.waiter).is_some() {
            let tasks = self.service.step(Input::Cancel { waiter: self.waiter });
            self.service.carry_out(tasks);
        }
    }
}

#[async_trait]
impl Assignment for Leader {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        let since = self.parts.world.now();
        let now = Duration::from_nanos(since.0);
        let environment = EnvironmentId::from_random(self.parts.world.random_16());
        let token = LeaseToken(self.parts.world.random_u64());
        let (tasks, answer, mut waiting) = {
            let mut state = self.lock();
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            state.next_waiter += 1;
            let waiter = WaiterId(state.next_waiter);
            let input = Input::Acquire {
                waiter,
                key: message.key,
                memory_mb: message.memory_mb,
                share: message.share,
                deadline: now + message.wait_max,
                environment,
                token,
            };
            let (tasks, answer) = state.advance(now, input, Some(waiter), self);
            let waiting = answer.is_none().then(|| {
                let (tx, answer) = oneshot::channel();
                state.waiting.insert(waiter, tx);
                Waiting { service: self, waiter, answer }
            });
            (tasks, answer, waiting)
        };
        self.carry_out(tasks);
        if let Some(answer) = answer {
            return answer.map(|grant| self.lease(grant, since));
        }
        self.wake.notify_one();
        let Some(waiting) = &mut waiting else { return Err(self.why_closed()) };
        match (&mut waiting.answer).await {
            Ok(answer) => answer.map(|grant| self.lease(grant, since)),
            Err(_) => Err(self.why_closed()),
        }
    }

    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        let (environment, token) = (message.environment, message.token);
        let tasks = self.step(match message.event {
            EnvironmentEvent::Finishing => Input::Finishing { environment, token },
            EnvironmentEvent::Idle => Input::Idle { environment, token },
            EnvironmentEvent::NotInitialised => Input::NotInitialised { environment, token },
            EnvironmentEvent::Gone => Input::Gone { environment },
            EnvironmentEvent::NotFound => Input::NotFound { environment, token },
        });
        self.carry_out(tasks);
        Ok(())
    }

    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        let Retire { scope, function, version, generation_min } = message;
        let (account, region) = (scope.account, scope.region);
        self.take_word(Input::Retire { account, region, function, version, generation_min }).await
    }

    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        let Reserve { scope, function, at, reserved } = message;
        let (account, region) = (scope.account, scope.region);
        self.take_word(Input::Reserve { account, region, function, at, reserved }).await
    }

    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        let Provision { key, at, memory_mb, wanted } = message;
        // What another leader heard meanwhile this one will hear again: nothing is promised by the answer.
        if let Some(why) = &self.lock().closed {
            return Err(why.clone());
        }
        self.tell(Input::Provision { key: key.clone(), at, memory_mb, wanted });
        let found = self.lock().machine.provisioned(&key);
        found.map(words::provisioned).ok_or(AcquireError::Stale)
    }

    async fn census(&self, _: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        let now = self.now();
        let rows = self.lock().machine.census();
        Ok(rows
            .into_iter()
            .map(|row| EnvironmentState {
                environment: row.environment,
                key: row.key,
                worker: row.worker.unwrap_or_else(|| WorkerId::new("")),
                state: row.state.to_owned(),
                since: now.saturating_sub(row.since),
            })
            .collect())
    }
}
