//! The leader: steps the machine, carries out what it says, answers who waits.

use async_trait::async_trait;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport, EnvironmentState,
    Retire,
};
use fabric::placement::{Place, Placement, PlacementError, ReleaseSlot};
use fabric::worker::{StartEnvironment, StopEnvironment, WorkerControl, WorkerError};
use fabric::{Lease, Span, Start};
use rustc_hash::FxHashMap;
use scheduler::assignment::{Effect, Input, Machine, Refusal, Settings, WaiterId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, VersionKey, WorkerId};
use world::World;

/// Where the workers are.
pub trait WorkerDirectory: Send + Sync + 'static {
    /// The worker's control side; `None` if nobody knows it (any more).
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>>;
}

/// What the service is built from.
pub struct Parts {
    pub world: World,
    pub placement: Arc<dyn Placement>,
    pub workers: Arc<dyn WorkerDirectory>,
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub settings: Settings,
}

/// The leader of one partition.
pub struct AssignmentService {
    parts: Parts,
    state: Mutex<State>,
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
    closed: bool,
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
    Place { environment: EnvironmentId, key: VersionKey, memory_mb: u32 },
    Start { environment: EnvironmentId, key: VersionKey, worker: WorkerId, token: LeaseToken },
    Stop { environment: EnvironmentId, worker: WorkerId },
    Release { environment: EnvironmentId },
}

impl AssignmentService {
    /// Starts the service and its timer.
    pub fn start(parts: Parts) -> Arc<Self> {
        let state = State {
            machine: Machine::new(parts.settings),
            waiting: FxHashMap::default(),
            next_waiter: 0,
            effects: Vec::new(),
            closed: false,
        };
        let service = Arc::new_cyclic(|me| Self {
            parts,
            state: Mutex::new(state),
            wake: Arc::new(Notify::new()),
            me: me.clone(),
        });
        service.parts.world.spawn("assignment.timer", Self::timer(service.me.clone()));
        service
    }

    /// Refuses what waits and what comes. Environments are the workers' to end.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        self.wake.notify_one();
    }

    async fn timer(me: Weak<Self>) {
        loop {
            let Some(service) = me.upgrade() else { return };
            if service.lock().closed {
                return;
            }
            let next = service.lock().machine.next_deadline();
            let wait = next.map_or(IDLE_LOOK, |next| next.saturating_sub(service.now()).min(IDLE_LOOK));
            let (clock, wake) = (service.parts.world.clock.clone(), Arc::clone(&service.wake));
            // It sleeps alone: whoever lets go of the service ends it at once.
            drop(service);
            tokio::select! {
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
        let (tasks, _) = state.advance(now, input, None);
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
            let Some(service) = self.me.upgrade() else { return };
            self.parts.world.spawn("assignment.effect", async move { service.perform(task).await });
        }
    }

    async fn perform(&self, task: Task) {
        let input = match task {
            Task::Place { environment, key, memory_mb } => self.place(environment, key, memory_mb).await,
            Task::Start { environment, key, worker, token } => {
                self.begin(environment, key, worker, token).await
            }
            Task::Stop { environment, worker } => match self.end(environment, &worker).await {
                Some(input) => input,
                None => return,
            },
            Task::Release { environment } => {
                // Placement answers releases always; an error has nothing that could be done about it here.
                if let Err(error) = self.parts.placement.release(ReleaseSlot { environment }).await {
                    tracing::warn!(%environment, %error, "slot not released");
                }
                // Only now: who waits for the room would be refused it while the slot is still taken.
                Input::Released
            }
        };
        let tasks = self.step(input);
        self.carry_out(tasks);
    }

    async fn place(&self, environment: EnvironmentId, key: VersionKey, memory_mb: u32) -> Input {
        match self.parts.placement.place(Place { environment, key, memory_mb }).await {
            Ok(slot) => Input::Placed { environment, worker: slot.worker },
            Err(PlacementError::NoCapacity) => Input::NotPlaced { environment, ever: false },
            Err(PlacementError::TooLarge) => Input::NotPlaced { environment, ever: true },
        }
    }

    async fn begin(
        &self,
        environment: EnvironmentId,
        key: VersionKey,
        id: WorkerId,
        token: LeaseToken,
    ) -> Input {
        let Some(worker) = self.parts.workers.control(&id) else {
            return Input::NotStarted { environment };
        };
        let (partition, epoch) = (self.parts.partition, self.parts.epoch);
        match worker.start_environment(StartEnvironment { environment, key, partition, epoch, token }).await {
            Ok(()) => Input::Started { environment },
            Err(error) => {
                tracing::warn!(%environment, worker = %id, %error, "environment not started");
                Input::NotStarted { environment }
            }
        }
    }

    /// The worker reports `Gone` itself, or says that there is nothing to end; one that nobody knows took its
    /// environments along.
    async fn end(&self, environment: EnvironmentId, id: &WorkerId) -> Option<Input> {
        let Some(worker) = self.parts.workers.control(id) else {
            return Some(Input::Gone { environment });
        };
        let (partition, epoch) = (self.parts.partition, self.parts.epoch);
        match worker.stop_environment(StopEnvironment { environment, partition, epoch }).await {
            Ok(()) => None,
            Err(WorkerError::NotThere) => Some(Input::Gone { environment }),
            Err(error) => {
                tracing::warn!(%environment, worker = %id, %error, "environment not stopped");
                None
            }
        }
    }

    fn lease(&self, grant: Grant, since: world::Instant) -> Lease {
        let waited = self.parts.world.now().since(since);
        Lease {
            environment: grant.environment,
            worker: grant.worker,
            partition: self.parts.partition,
            epoch: self.parts.epoch,
            token: grant.token,
            start: if grant.cold { Start::Cold } else { Start::Warm },
            spans: vec![Span { room: "assignment".to_owned(), start: Duration::ZERO, duration: waited }],
        }
    }
}

/// The timer looks at least so often, should a wake-up ever be missed.
const IDLE_LOOK: Duration = Duration::from_secs(1);

impl State {
    /// Steps the machine and answers waiters. `asking` is the waiter whose own call this is: its answer is
    /// returned instead of sent.
    fn advance(
        &mut self,
        now: Duration,
        input: Input,
        asking: Option<WaiterId>,
    ) -> (Vec<Task>, Option<Answer>) {
        let mut effects = std::mem::take(&mut self.effects);
        self.machine.step(now, input, &mut effects);
        let (mut tasks, mut own) = (Vec::new(), None);
        let mut unused = Vec::new();
        for effect in effects.drain(..) {
            let (waiter, answer) = match effect {
                Effect::Grant { waiter, environment, worker, token, cold } => {
                    (waiter, Ok(Grant { environment, worker, token, cold }))
                }
                Effect::Refuse { waiter, refusal } => (waiter, Err(refused(refusal))),
                Effect::Place { environment, key, memory_mb } => {
                    tasks.push(Task::Place { environment, key, memory_mb });
                    continue;
                }
                Effect::Start { environment, key, worker, token } => {
                    tasks.push(Task::Start { environment, key, worker, token });
                    continue;
                }
                Effect::Stop { environment, worker } => {
                    tasks.push(Task::Stop { environment, worker });
                    continue;
                }
                // One leader for the life of the process: nobody replays, nobody is greeted.
                Effect::Journal(_) | Effect::Greet { .. } => continue,
                Effect::Release { environment } => {
                    tasks.push(Task::Release { environment });
                    continue;
                }
            };
            if asking == Some(waiter) {
                own = Some(answer);
            } else if let Some(Err(Ok(grant))) = self.waiting.remove(&waiter).map(|tx| tx.send(answer)) {
                unused.push(Input::Unused { environment: grant.environment, token: grant.token });
            }
        }
        self.effects = effects;
        // Whoever was granted these left while the answer was on its way.
        for input in unused {
            let (more, _) = self.advance(now, input, None);
            tasks.extend(more);
        }
        (tasks, own)
    }
}

fn refused(refusal: Refusal) -> AcquireError {
    match refusal {
        Refusal::Stale => AcquireError::Stale,
        Refusal::ConcurrencyLimit => AcquireError::ConcurrencyLimit,
        Refusal::NoCapacity => AcquireError::NoCapacity,
        Refusal::TooLarge => AcquireError::TooLarge,
        Refusal::QueueFull => AcquireError::QueueFull,
        Refusal::WorkerRefused => {
            AcquireError::Unavailable { reason: "the worker did not take the environment".to_owned() }
        }
    }
}

impl Drop for AssignmentService {
    fn drop(&mut self) {
        self.wake.notify_one(); // the timer finds that nothing is left and ends
    }
}

/// Takes the waiter out of the machine when its caller's future is dropped.
struct Waiting<'a> {
    service: &'a AssignmentService,
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
impl Assignment for AssignmentService {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        let since = self.parts.world.now();
        let now = Duration::from_nanos(since.0);
        let environment = EnvironmentId::from_random(self.parts.world.random_16());
        let token = LeaseToken(self.parts.world.random_u64());
        let (tasks, answer, mut waiting) = {
            let mut state = self.lock();
            if state.closed {
                return Err(AcquireError::Unavailable { reason: "shutting down".to_owned() });
            }
            state.next_waiter += 1;
            let waiter = WaiterId(state.next_waiter);
            let input = Input::Acquire {
                waiter,
                key: message.key,
                memory_mb: message.memory_mb,
                deadline: now + message.wait_max,
                environment,
                token,
            };
            let (tasks, answer) = state.advance(now, input, Some(waiter));
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
        let Some(waiting) = &mut waiting else {
            return Err(AcquireError::Unavailable { reason: "shutting down".to_owned() });
        };
        match (&mut waiting.answer).await {
            Ok(answer) => answer.map(|grant| self.lease(grant, since)),
            Err(_) => Err(AcquireError::Unavailable { reason: "shutting down".to_owned() }),
        }
    }

    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        let (environment, token) = (message.environment, message.token);
        let tasks = self.step(match message.event {
            EnvironmentEvent::Finishing => Input::Finishing { environment, token },
            EnvironmentEvent::Idle => Input::Idle { environment, token },
            EnvironmentEvent::Gone => Input::Gone { environment },
            EnvironmentEvent::NotFound => Input::NotFound { environment, token },
        });
        self.carry_out(tasks);
        Ok(())
    }

    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        let tasks = self.step(Input::Retire {
            account: message.scope.account,
            region: message.scope.region,
            function: message.function,
            version: message.version,
            generation_min: message.generation_min,
        });
        self.carry_out(tasks);
        Ok(())
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
