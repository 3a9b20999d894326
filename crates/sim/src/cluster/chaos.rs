//! What goes wrong. Each seed draws which kinds of trouble it has and how much: runs with one kind find what runs with
//! all of them hide.

use super::executor::{Executor, Node, lock};
use super::machines::{Machines, Role};
use super::network::Weather;
use fabric::placement::{DrainWorker, Placement};
use fabric::remote::Remote;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use world::TaskHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Crash(Role),
    Pause(Role),
    /// Two machines do not reach each other.
    Cut,
    /// One machine reaches nobody.
    Alone,
    /// What a frontend sends to workers is held up, for longer than a lease waits for its invocation: it comes late.
    Late,
    /// A worker does not reach placement for longer than its lease, and everybody else does reach it.
    Severed,
    Silence,
    Full,
    LostAtStore,
    Storm,
    Drain,
    Update,
}

const ALL: &[Trouble] = &[
    Trouble::Crash(Role::Assignment),
    Trouble::Crash(Role::Worker),
    Trouble::Crash(Role::Placement),
    Trouble::Crash(Role::Frontend),
    Trouble::Crash(Role::Store),
    Trouble::Pause(Role::Assignment),
    Trouble::Pause(Role::Worker),
    Trouble::Pause(Role::Placement),
    Trouble::Pause(Role::Frontend),
    Trouble::Cut,
    Trouble::Alone,
    Trouble::Late,
    Trouble::Severed,
    Trouble::Silence,
    Trouble::Full,
    Trouble::LostAtStore,
    Trouble::Storm,
    Trouble::Drain,
    Trouble::Update,
];

/// What is too seldom met by chance: a lease that comes when another has its seat, and a worker whose lease has ended
/// while leaders and frontends still count on it; and a leader that comes after another was told of an update, while frontends
/// remember what was before.
const LATE: &[Trouble] = &[Trouble::Late, Trouble::Late, Trouble::Update, Trouble::Pause(Role::Frontend)];
const SEVERED: &[Trouble] =
    &[Trouble::Severed, Trouble::Severed, Trouble::Update, Trouble::Crash(Role::Frontend)];
const TAKEOVER: &[Trouble] =
    &[Trouble::Update, Trouble::Update, Trouble::Update, Trouble::Crash(Role::Assignment), Trouble::Storm];

/// Which kinds a run has, and the time between two on the average.
fn kinds(executor: &Executor) -> (Vec<Trouble>, Duration) {
    let (all, share, every_ms) = match executor.below(10) {
        0..2 => (LATE, 1_000, 500 + executor.below(1_000)),
        3..5 => (TAKEOVER, 1_000, 300 + executor.below(1_000)),
        2 => (SEVERED, 1_000, 500 + executor.below(1_500)),
        _ => (ALL, 100 + executor.below(700), 500 + executor.below(8_000)),
    };
    let kinds = all.iter().copied().filter(|_| executor.chance(share)).collect();
    (kinds, Duration::from_millis(every_ms))
}

/// The tasks that make trouble.
pub(crate) struct Chaos {
    all: TaskHandle,
    each: Arc<Mutex<Vec<TaskHandle>>>,
}

impl Chaos {
    pub(crate) fn start(machines: &Arc<Machines>, trouble: Duration) -> Self {
        let executor = machines.executor.clone();
        let (kinds, every) = kinds(&executor);
        let weather = Weather {
            lost: if executor.chance(500) { executor.below(20) } else { 0 },
            slow: if executor.chance(500) { executor.below(100) } else { 5 },
            twice: executor.below(50),
        };
        executor.note(format_args!("{} machines, {weather:?}, {kinds:?}", machines.roles.len()));
        machines.network.set_weather(weather);
        let (own, outside) = (Arc::clone(machines), machines.outside.clone());
        let each: Arc<Mutex<Vec<TaskHandle>>> = Arc::default();
        let begun = Arc::clone(&each);
        let all = outside.clone().spawn("chaos", async move {
            // The cluster comes up first.
            outside.clock.sleep(Duration::from_secs(3)).await;
            while own.executor.now() < trouble && !kinds.is_empty() {
                let micros = u64::try_from(every.as_micros()).unwrap_or(u64::MAX);
                outside.clock.sleep(Duration::from_micros(own.executor.below(2 * micros))).await;
                let drawn = usize::try_from(own.executor.below(kinds.len() as u64)).unwrap_or(0);
                own.ledger.count(|counts| counts.faults += 1);
                let one = One { machines: Arc::clone(&own), weather };
                let task = outside.spawn("chaos.one", one.happen(kinds[drawn]));
                lock(&begun).push(task);
            }
        });
        Self { all, each }
    }

    /// No more; what has begun is healed by [`Machines::heal`].
    pub(crate) fn stop(&self) {
        self.all.abort();
        lock(&self.each).iter().for_each(TaskHandle::abort);
    }
}

struct One {
    machines: Arc<Machines>,
    weather: Weather,
}

impl One {
    async fn happen(self, trouble: Trouble) {
        match trouble {
            Trouble::Crash(role) => self.crash(role).await,
            Trouble::Pause(role) => self.pause(role).await,
            Trouble::Cut => self.cut().await,
            Trouble::Alone => self.alone().await,
            Trouble::Late => {
                let Some(frontend) = self.one_of(Role::Frontend) else { return };
                self.note(&format!("what {} sends to workers is held up", frontend.0));
                // Calls that wait for longer than that are given up.
                self.hold(frontend, Role::Worker, 3_000, 9_900).await;
            }
            Trouble::Severed => {
                let Some(worker) = self.one_of(Role::Worker) else { return };
                self.note(&format!("{} does not reach placement", worker.0));
                self.hold(worker, Role::Placement, 21_000, 30_000).await;
            }
            Trouble::Silence => {
                self.note("the store is silent");
                self.machines.ailment.silent.store(true, Ordering::SeqCst);
                self.sleep(100, 8_000).await;
                self.machines.ailment.silent.store(false, Ordering::SeqCst);
            }
            Trouble::Full => {
                self.note("the store is full");
                self.machines.ailment.full.store(true, Ordering::SeqCst);
                self.sleep(500, 8_000).await;
                self.machines.ailment.full.store(false, Ordering::SeqCst);
            }
            Trouble::LostAtStore => {
                self.note("the store's answers get lost");
                self.machines.ailment.lost.store(200, Ordering::SeqCst);
                self.sleep(500, 5_000).await;
                self.machines.ailment.lost.store(0, Ordering::SeqCst);
            }
            Trouble::Storm => {
                self.note("a storm");
                self.machines.network.set_weather(Weather { lost: 150, slow: 400, twice: 200 });
                self.sleep(500, 5_000).await;
                self.machines.network.set_weather(self.weather);
            }
            Trouble::Drain => self.drain().await,
            Trouble::Update => self.update().await,
        }
    }

    fn note(&self, what: &str) {
        self.machines.executor.note(format_args!("trouble: {what}"));
    }

    async fn sleep(&self, from_ms: u64, to_ms: u64) {
        let millis = from_ms + self.machines.executor.below(to_ms - from_ms);
        self.machines.outside.clock.sleep(Duration::from_millis(millis)).await;
    }

    fn one_of(&self, role: Role) -> Option<Node> {
        let all = self.machines.of(role);
        let drawn = self.machines.executor.below(all.len().max(1) as u64);
        all.get(usize::try_from(drawn).unwrap_or(0)).copied()
    }

    fn anyone(&self) -> Node {
        let roles = &self.machines.roles;
        roles[usize::try_from(self.machines.executor.below(roles.len() as u64)).unwrap_or(0)].0
    }

    async fn crash(&self, role: Role) {
        let Some(node) = self.one_of(role).filter(|node| self.machines.is_up(*node)) else { return };
        self.machines.executor.pause(node, false);
        self.machines.crash(node);
        self.sleep(100, if role == Role::Worker { 30_000 } else { 6_000 }).await;
        if !self.machines.is_up(node) {
            self.machines.executor.note(format_args!("{role:?} {} starts again", node.0));
            self.machines.boot(node);
        }
    }

    async fn pause(&self, role: Role) {
        let Some(node) = self.one_of(role).filter(|node| self.machines.is_up(*node)) else { return };
        let machines = &self.machines;
        if machines.executor.is_paused(node) {
            return;
        }
        machines.executor.note(format_args!("{role:?} {} is paused", node.0));
        let worker = machines.workers.iter().find(|(_, at)| **at == node).map(|(worker, _)| worker.clone());
        worker.iter().for_each(|worker| machines.ledger.set_still(worker, true));
        machines.executor.pause(node, true);
        let until = if machines.executor.chance(300) { 40_000 } else { 5_000 };
        self.sleep(100, until).await;
        machines.executor.note(format_args!("{role:?} {} goes on", node.0));
        machines.executor.pause(node, false);
        // It needs a moment to see what time it is.
        machines.outside.clock.sleep(Duration::from_millis(10)).await;
        worker.iter().for_each(|worker| machines.ledger.set_still(worker, false));
    }

    async fn cut(&self) {
        let (one, other) = (self.anyone(), self.anyone());
        if one == other {
            return;
        }
        self.note(&format!("{} and {} are cut off from each other", one.0, other.0));
        self.machines.network.cut(one, other);
        let until = if self.machines.executor.chance(300) { 75_000 } else { 5_000 };
        self.sleep(100, until).await;
        self.machines.network.heal(one, other);
    }

    async fn alone(&self) {
        let one = self.anyone();
        self.note(&format!("{} is cut off from everybody", one.0));
        let others: Vec<Node> =
            self.machines.roles.iter().map(|row| row.0).filter(|node| *node != one).collect();
        others.iter().for_each(|other| self.machines.network.cut(one, *other));
        let until = if self.machines.executor.chance(300) { 75_000 } else { 5_000 };
        self.sleep(100, until).await;
        others.iter().for_each(|other| self.machines.network.heal(one, *other));
    }

    async fn hold(&self, one: Node, role: Role, from_ms: u64, to_ms: u64) {
        let others = self.machines.of(role);
        others.iter().for_each(|other| self.machines.network.cut(one, *other));
        self.sleep(from_ms, to_ms).await;
        others.iter().for_each(|other| self.machines.network.heal(one, *other));
    }

    /// The operator drains a worker and starts it anew some time later.
    async fn drain(&self) {
        let Some(node) = self.one_of(Role::Worker) else { return };
        let Some((worker, _)) = self.machines.workers.iter().find(|(_, at)| **at == node) else { return };
        self.note(&format!("{worker} is drained"));
        lock(&self.machines.drained).insert(node);
        for placement in self.machines.of(Role::Placement) {
            let way = self.machines.network.way(self.machines.outside_node, placement);
            let fleet: Arc<Remote<dyn Placement>> = Remote::new(way);
            let _ = fleet.drain(DrainWorker { worker: worker.clone() }).await; // one of them leads
        }
        self.sleep(5_000, 20_000).await;
        lock(&self.machines.drained).remove(&node);
        if self.machines.is_up(node) {
            self.machines.executor.pause(node, false);
            self.machines.crash(node);
            self.sleep(100, 2_000).await;
            if !self.machines.is_up(node) {
                self.machines.boot(node);
            }
        }
    }

    async fn update(&self) {
        let machines = &self.machines;
        let frontend = machines.frontend(machines.outside_node, &machines.outside);
        let names = machines.catalogue.names();
        let drawn = usize::try_from(machines.executor.below(names.len() as u64)).unwrap_or(0);
        frontend.update(&names[drawn]).await;
    }
}
