//! Runs every task of every machine in one thread, in virtual time.
//!
//! ```text
//!            woken                     drawn by the seed                 ready
//!  waiting ─────────► in the run queue ─────────────────► polled ─┬─────────────► gone
//!     ▲                 │ its machine is paused              │ pending
//!     │                 └─► parked ── resumed ─► run queue   │
//!     └──────────────────────────────────────────────────────┘
//! ```
//! When nothing is in the run queue, time jumps to the next timer. A machine that crashes loses its tasks at once,
//! whatever they were doing; one that is paused goes on later, and its clock went on meanwhile. Nothing here, and
//! nothing that runs here, reads another clock, another source of randomness, or waits for another thread.

use super::trace::Trace;
use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use world::{BoxFuture, Clock, Entropy, Instant, TaskHandle, Tasks, WallTime, World};

/// Polls at one moment from which on something is taken to spin: a thousand times what a busy moment needs.
const POLLS_AT_ONCE_MAX: u64 = 1_000_000;
/// 2025-01-01: where wall clocks begin, each with its own error.
const WALL_START_MICROS: u64 = 1_735_689_600_000_000;

/// One of the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node(pub(crate) usize);

type TaskId = u64;

/// Hands out worlds and runs what is spawned in them.
#[derive(Clone)]
pub(crate) struct Executor {
    inner: Arc<Mutex<Inner>>,
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
}

struct Inner {
    /// Nanoseconds since the beginning.
    now: u64,
    random: Random,
    tasks: BTreeMap<TaskId, Task>,
    next_task: TaskId,
    timers: BTreeMap<(u64, u64), Waker>,
    next_timer: u64,
    machines: Vec<Machine>,
    polls_at_once: u64,
    trace: Trace,
    broken: Option<String>,
    over: bool,
}

struct Task {
    name: &'static str,
    node: Node,
    /// Out while it is polled.
    future: Option<BoxFuture<()>>,
    wake: Arc<Waking>,
}

/// One machine's standing.
#[derive(Clone, Debug)]
struct Machine {
    /// Rises with each crash: what belongs to an earlier one is nobody's.
    incarnation: u64,
    paused: bool,
    parked: Vec<TaskId>,
    /// Its clock, in thousandths of the true one's speed.
    speed_milli: u64,
    /// Its monotonic clock's reading at the beginning.
    offset: u64,
    wall_error_micros: i64,
}

struct Waking {
    id: TaskId,
    /// In order of their numbers: the order in which tokio's `watch` wakes its receivers is drawn from an ambient
    /// generator, and must not matter.
    ready: Arc<Mutex<BTreeSet<TaskId>>>,
}

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).insert(self.id);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let inner = Inner {
            now: 0,
            random: Random::new(seed),
            tasks: BTreeMap::new(),
            next_task: 0,
            timers: BTreeMap::new(),
            next_timer: 0,
            machines: Vec::new(),
            polls_at_once: 0,
            trace,
            broken: None,
            over: false,
        };
        Self { inner: Arc::new(Mutex::new(inner)), ready: Arc::default() }
    }

    /// One more machine; `drift_milli`: its clock's error at most, thousandths.
    pub(crate) fn add_machine(&self, drift_milli: u64) -> Node {
        let mut inner = lock(&self.inner);
        let drift = if drift_milli == 0 { 0 } else { inner.random.below(2 * drift_milli + 1) };
        let offset = inner.random.below(1_000_000_000_000);
        let wall = i64::try_from(inner.random.below(20_000_000)).unwrap_or(0) - 10_000_000;
        inner.machines.push(Machine {
            incarnation: 0,
            paused: false,
            parked: Vec::new(),
            speed_milli: 1_000 + drift - drift_milli.min(1_000),
            offset,
            wall_error_micros: if drift_milli == 0 { 0 } else { wall },
        });
        Node(inner.machines.len() - 1)
    }

    /// The machine's world, until it crashes.
    pub(crate) fn world(&self, node: Node) -> World {
        let incarnation = lock(&self.inner).machines[node.0].incarnation;
        let seed = self.draw();
        let own = Arc::new(Own {
            executor: self.clone(),
            node,
            incarnation,
            random: Mutex::new(Random::new(seed)),
        });
        World { clock: own.clone(), entropy: own.clone(), tasks: own }
    }

    /// True time.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(lock(&self.inner).now)
    }

    /// Waits in true time.
    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4);
        let at = lock(&self.inner).now.saturating_add(nanos);
        Box::pin(Sleep { inner: Arc::clone(&self.inner), at, timer: None })
    }

    /// A number of the one source from which everything is drawn that is nobody's own.
    pub(crate) fn draw(&self) -> u64 {
        lock(&self.inner).random.next()
    }

    /// Below `bound`.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        lock(&self.inner).random.below(bound)
    }

    /// True `thousandth` times of a thousand.
    pub(crate) fn chance(&self, thousandth: u64) -> bool {
        self.below(1_000) < thousandth
    }

    /// Which life of the machine this is.
    pub(crate) fn incarnation(&self, node: Node) -> u64 {
        lock(&self.inner).machines[node.0].incarnation
    }

    /// Everything that the machine does ends here.
    pub(crate) fn crash(&self, node: Node) {
        let dropped: Vec<Task> = {
            let mut inner = lock(&self.inner);
            let machine = &mut inner.machines[node.0];
            machine.incarnation += 1;
            machine.paused = false;
            machine.parked.clear();
            let gone: Vec<TaskId> =
                inner.tasks.iter().filter(|(_, task)| task.node == node).map(|(id, _)| *id).collect();
            gone.into_iter().filter_map(|id| inner.tasks.remove(&id)).collect()
        };
        // Outside the lock: what is dropped may wake others.
        drop(dropped);
    }

    /// Stops the machine as SIGSTOP does, or lets it go on.
    pub(crate) fn pause(&self, node: Node, paused: bool) {
        let mut inner = lock(&self.inner);
        let machine = &mut inner.machines[node.0];
        machine.paused = paused;
        if !paused {
            let parked = std::mem::take(&mut machine.parked);
            lock(&self.ready).extend(parked);
        }
    }

    pub(crate) fn is_paused(&self, node: Node) -> bool {
        lock(&self.inner).machines[node.0].paused
    }

    /// A line of the trace.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let mut inner = lock(&self.inner);
        let now = inner.now;
        inner.trace.note(now, what);
    }

    /// Ends the run: an invariant does not hold.
    pub(crate) fn fail(&self, why: String) {
        self.note(format_args!("VIOLATED {why}"));
        lock(&self.inner).broken.get_or_insert(why);
    }

    /// The run has come to its good end.
    pub(crate) fn over(&self) {
        self.note(format_args!("all is in order"));
        lock(&self.inner).over = true;
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.inner).over
    }

    pub(crate) fn broken(&self) -> Option<String> {
        lock(&self.inner).broken.clone()
    }

    /// What was noted, once nothing runs any more.
    pub(crate) fn take_trace(&self) -> Trace {
        std::mem::take(&mut lock(&self.inner).trace)
    }

    /// Runs until `until`, or until something is broken. `after_step` is called after every poll.
    pub(crate) fn run(&self, until: Duration, mut after_step: impl FnMut()) {
        let until = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        while self.goes_on() {
            match self.next_ready() {
                Some(id) => {
                    self.poll(id);
                    after_step();
                }
                None if !self.jump(until) => return,
                None => {}
            }
        }
    }

    fn goes_on(&self) -> bool {
        let inner = lock(&self.inner);
        inner.broken.is_none() && !inner.over
    }

    /// Takes one of the run queue, whichever the seed says.
    fn next_ready(&self) -> Option<TaskId> {
        let mut inner = lock(&self.inner);
        loop {
            let id = {
                let mut ready = lock(&self.ready);
                if ready.is_empty() {
                    return None;
                }
                let drawn = usize::try_from(inner.random.below(ready.len() as u64)).unwrap_or(0);
                let id = ready.iter().nth(drawn).copied()?;
                ready.remove(&id);
                id
            };
            let Some(task) = inner.tasks.get(&id) else { continue };
            let node = task.node;
            let machine = &mut inner.machines[node.0];
            if machine.paused {
                machine.parked.push(id);
                continue;
            }
            return Some(id);
        }
    }

    fn poll(&self, id: TaskId) {
        let (mut future, wake, name) = {
            let mut inner = lock(&self.inner);
            inner.polls_at_once += 1;
            if inner.polls_at_once > POLLS_AT_ONCE_MAX {
                inner.broken.get_or_insert("something spins: time does not go on".to_owned());
                return;
            }
            let now = inner.now;
            inner.trace.step(now, id);
            let Some(task) = inner.tasks.get_mut(&id) else { return };
            let Some(future) = task.future.take() else { return };
            (future, Arc::clone(&task.wake), task.name)
        };
        let waker = Waker::from(wake);
        let polled =
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
        if polled.is_err() {
            self.fail(format!("the task {name} panicked"));
        }
        let mut inner = lock(&self.inner);
        let gone = match polled {
            Ok(Poll::Pending) => match inner.tasks.get_mut(&id) {
                Some(task) => {
                    task.future = Some(future);
                    return;
                }
                // Aborted, or its machine crashed, while it ran.
                None => None,
            },
            _ => inner.tasks.remove(&id),
        };
        drop(inner);
        drop(gone);
    }

    /// To the next timer, if there is one until then.
    fn jump(&self, until: u64) -> bool {
        let due: Vec<Waker> = {
            let mut inner = lock(&self.inner);
            let next = inner.timers.first_key_value().map(|(&(at, _), _)| at);
            let Some(at) = next.filter(|at| *at <= until) else {
                inner.now = inner.now.max(until);
                return false;
            };
            inner.now = at.max(inner.now);
            inner.polls_at_once = 0;
            let mut due = Vec::new();
            while let Some(entry) = inner.timers.first_entry() {
                if entry.key().0 > at {
                    break;
                }
                due.push(entry.remove());
            }
            due
        };
        due.into_iter().for_each(Waker::wake);
        true
    }

    fn spawn(&self, node: Node, incarnation: u64, name: &'static str, future: BoxFuture<()>) -> TaskHandle {
        let mut inner = lock(&self.inner);
        if inner.machines[node.0].incarnation != incarnation {
            drop(inner);
            drop(future); // a machine that is no more starts nothing
            return TaskHandle::other(|| {});
        }
        let id = inner.next_task;
        inner.next_task += 1;
        let wake = Arc::new(Waking { id, ready: Arc::clone(&self.ready) });
        inner.tasks.insert(id, Task { name, node, future: Some(future), wake });
        lock(&self.ready).insert(id);
        let executor = Arc::downgrade(&self.inner);
        TaskHandle::other(move || {
            let Some(inner) = executor.upgrade() else { return };
            let gone = lock(&inner).tasks.remove(&id);
            drop(gone);
        })
    }

    /// Drops every task: the run is over.
    pub(crate) fn end(&self) {
        loop {
            let tasks = std::mem::take(&mut lock(&self.inner).tasks);
            lock(&self.inner).machines.iter_mut().for_each(|machine| machine.incarnation += 1);
            if tasks.is_empty() {
                return;
            }
            drop(tasks);
        }
    }
}

/// One life of one machine.
struct Own {
    executor: Executor,
    node: Node,
    incarnation: u64,
    random: Mutex<Random>,
}

impl Clock for Own {
    fn now(&self) -> Instant {
        let inner = lock(&self.executor.inner);
        let machine = &inner.machines[self.node.0];
        let run = u128::from(inner.now) * u128::from(machine.speed_milli) / 1_000;
        Instant(machine.offset + u64::try_from(run).unwrap_or(u64::MAX / 2))
    }

    fn wall(&self) -> WallTime {
        let inner = lock(&self.executor.inner);
        let error = inner.machines[self.node.0].wall_error_micros;
        WallTime((WALL_START_MICROS + inner.now / 1_000).saturating_add_signed(error))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let inner = lock(&self.executor.inner);
        let speed = u128::from(inner.machines[self.node.0].speed_milli);
        // Rounded up, so that who slept until a moment finds that it has come.
        let nanos = duration.as_nanos().saturating_mul(1_000) / speed + 2;
        let at = inner.now.saturating_add(u64::try_from(nanos).unwrap_or(u64::MAX));
        Box::pin(Sleep { inner: Arc::clone(&self.executor.inner), at, timer: None })
    }
}

impl Entropy for Own {
    fn fill(&self, bytes: &mut [u8]) {
        let mut random = lock(&self.random);
        for chunk in bytes.chunks_mut(8) {
            let number = random.next().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

impl Tasks for Own {
    fn spawn(&self, name: &'static str, future: BoxFuture<()>) -> TaskHandle {
        self.executor.spawn(self.node, self.incarnation, name, future)
    }

    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) {
        self.executor.spawn(self.node, self.incarnation, name, Box::pin(async move { work() }));
    }
}

/// Waits in virtual time.
struct Sleep {
    inner: Arc<Mutex<Inner>>,
    at: u64,
    timer: Option<(u64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (shared, at, timer) = (Arc::clone(&self.inner), self.at, self.timer);
        let mut inner = lock(&shared);
        if inner.now >= at {
            return Poll::Ready(());
        }
        let key = timer.unwrap_or_else(|| {
            inner.next_timer += 1;
            (at, inner.next_timer)
        });
        inner.timers.insert(key, cx.waker().clone());
        self.timer = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            lock(&self.inner).timers.remove(&timer);
        }
    }
}
