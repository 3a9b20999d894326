//! Some partitions of a platform, each with its own assignment machine, over one planner and a fleet of workers.
//!
//! The cores are the real ones (`scheduler`); what is made up is what is around them: arrivals, how long things take, and
//! workers that do what they are told. Time is virtual: the next event's.
//!
//! ```text
//! Arrive ─► machine ─┬─ warm: Grant ─────────────────────────────► Done ─► Settled (Idle)
//!                    └─ Place ─► planner ─┬─ slot: Start ─► Started ─► Grant ─► Done ─► ...
//!                                         └─ none: the machine asks again
//! ```

use crate::random::Random;
use crate::trace::{Curve, Function, functions};
use rustc_hash::FxHashMap;
use scheduler::assignment::{self, Effect, Input, Machine, WaiterId};
use scheduler::placement::{Beat, Capacity, Offer, Owner, Planner, Request, Sandboxes, Standing};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};
use types::{EnvironmentId, LeaseToken, PartitionId, WorkerId, Zone};

/// One way through the network and a role's queue.
const HOP: Duration = Duration::from_micros(300);
/// From an answer to the runtime's next question.
const SETTLE: Duration = Duration::from_micros(200);
/// From asking for an environment's end until nothing is left of it.
const END: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_secs(1);
const ZONES: [&str; 3] = ["a", "b", "c"];
/// Of so many steps one is timed: looking at the clock costs as much as a step.
const TIMED: u64 = 64;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    /// Partitions that are simulated.
    pub(crate) sampled: u64,
    /// Invocations a second of each at the peak.
    pub(crate) rate: f64,
    pub(crate) curve: Curve,
    /// Workers that these partitions can have at most.
    pub(crate) workers_max: u32,
    pub(crate) worker_mb: u64,
    pub(crate) worker_cpu_milli: u64,
    /// How long an environment takes to start.
    pub(crate) start: Duration,
    pub(crate) placement: scheduler::placement::Settings,
    pub(crate) assignment: assignment::Settings,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive { partition: usize, function: u32 },
    Started { partition: usize, environment: EnvironmentId },
    Done { partition: usize, environment: EnvironmentId, token: LeaseToken },
    Settled { partition: usize, environment: EnvironmentId, token: LeaseToken },
    Ended { partition: usize, environment: EnvironmentId },
    Joined { worker: WorkerId, zone: Zone },
    Beat { worker: WorkerId },
    Tick,
}

/// One second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Second {
    pub(crate) arrived: u64,
    pub(crate) workers: u32,
    pub(crate) wished: u32,
    pub(crate) used_mb: u64,
    pub(crate) room_mb: u64,
    pub(crate) environments: u64,
    pub(crate) busy: u64,
}

/// What was counted after the warm-up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) warm: u64,
    pub(crate) cold: u64,
    pub(crate) refused: u64,
    /// By how often the planner was asked: 1, 2, more.
    pub(crate) asked: [u64; 3],
    /// From the acquire to its slot, by powers of two of a microsecond.
    pub(crate) placement: [u64; 32],
    /// Environments that were ended with a worker at the end of its longest drain.
    pub(crate) cut: u64,
    /// Machine steps and planner calls.
    pub(crate) steps: u64,
    pub(crate) calls: u64,
}

/// Real time that the cores took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Speed {
    steps_timed: u64,
    steps: Duration,
    calls_timed: u64,
    calls: Duration,
}

impl Speed {
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn steps_per_second(&self) -> f64 {
        self.steps_timed as f64 / self.steps.as_secs_f64().max(1e-9)
    }
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn calls_per_second(&self) -> f64 {
        self.calls_timed as f64 / self.calls.as_secs_f64().max(1e-9)
    }
}

struct Partition {
    id: PartitionId,
    machine: Machine,
    functions: Vec<Function>,
    by_name: FxHashMap<types::FunctionName, u32>,
    /// What runs is counted here, not asked of the machine.
    waiting: FxHashMap<WaiterId, u32>,
    /// When its slot was first asked for, and how often since.
    placing: FxHashMap<EnvironmentId, (Duration, u32)>,
    function_of: FxHashMap<EnvironmentId, u32>,
}

pub(crate) struct Simulation {
    settings: Settings,
    random: Random,
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    scheduled: u64,
    planner: Planner,
    partitions: Vec<Partition>,
    next: u64,
    environments_on: BTreeMap<WorkerId, u32>,
    busy: u64,
    second: Second,
    pub(crate) seconds: Vec<Second>,
    pub(crate) counts: Counts,
    pub(crate) speed: Speed,
}

impl Simulation {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut random = Random::new(settings.seed);
        let partitions = (0..settings.sampled)
            .map(|id| {
                let functions = functions(id, settings.rate, &mut random);
                let name = |(idx, function): (u32, &Function)| (function.key.function.clone(), idx);
                Partition {
                    id: PartitionId(id),
                    machine: Machine::new(settings.assignment),
                    by_name: (0..).zip(&functions).map(name).collect(),
                    functions,
                    waiting: FxHashMap::default(),
                    placing: FxHashMap::default(),
                    function_of: FxHashMap::default(),
                }
            })
            .collect();
        let placement =
            scheduler::placement::Settings { workers_max: settings.workers_max, ..settings.placement };
        let mut simulation = Self {
            random,
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            scheduled: 0,
            planner: Planner::new(placement),
            partitions,
            next: 0,
            environments_on: BTreeMap::new(),
            busy: 0,
            second: Second::default(),
            seconds: Vec::new(),
            counts: Counts::default(),
            speed: Speed::default(),
            settings,
        };
        simulation.begin();
        simulation
    }

    /// Every function's first arrival, the first workers, the clock.
    fn begin(&mut self) {
        for partition in 0..self.partitions.len() {
            for function in 0..u32::try_from(self.partitions[partition].functions.len()).unwrap_or(u32::MAX) {
                self.schedule_arrival(partition, function);
            }
        }
        for worker in 0..u32::try_from(self.partitions.len() * ZONES.len()).unwrap_or(u32::MAX) {
            let zone = Zone::new(ZONES[worker as usize % ZONES.len()]);
            self.joined(WorkerId::new(format!("first-{worker}")), zone);
        }
        self.schedule(TICK, Event::Tick);
    }

    pub(crate) fn run(&mut self) {
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at > self.settings.curve.all {
                break;
            }
            self.now = at;
            self.handle(event);
        }
    }

    pub(crate) fn functions(&self) -> usize {
        self.partitions.iter().map(|partition| partition.functions.len()).sum()
    }

    fn counted(&self) -> bool {
        self.now >= self.settings.curve.warm_up
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((self.now + after, self.scheduled, event)));
    }

    /// At the peak's rate; those over the curve are dropped when they come.
    fn schedule_arrival(&mut self, partition: usize, function: u32) {
        let rate = self.partitions[partition].functions[function as usize].rate;
        let gap = self.random.gap(rate);
        if gap < self.settings.curve.all.as_secs_f64() {
            self.schedule(Duration::from_secs_f64(gap), Event::Arrive { partition, function });
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive { partition, function } => {
                self.schedule_arrival(partition, function);
                if self.random.unit() <= self.settings.curve.at(self.now) {
                    self.arrive(partition, function);
                }
            }
            Event::Started { partition, environment } => self.step(partition, Input::Started { environment }),
            Event::Done { partition, environment, token } => {
                self.busy -= 1;
                self.step(partition, Input::Finishing { environment, token });
                self.schedule(SETTLE, Event::Settled { partition, environment, token });
            }
            Event::Settled { partition, environment, token } => {
                self.step(partition, Input::Idle { environment, token });
            }
            Event::Ended { partition, environment } => self.step(partition, Input::Gone { environment }),
            Event::Joined { worker, zone } => self.joined(worker, zone),
            Event::Beat { worker } => self.beat(worker),
            Event::Tick => self.tick(),
        }
    }

    fn arrive(&mut self, partition: usize, function: u32) {
        self.second.arrived += 1;
        self.next += 1;
        let waiter = WaiterId(self.next);
        let environment = EnvironmentId(self.random.id());
        let partition_ = &mut self.partitions[partition];
        partition_.waiting.insert(waiter, function);
        let function = &partition_.functions[function as usize];
        let input = Input::Acquire {
            waiter,
            key: function.key.clone(),
            memory_mb: function.memory_mb,
            share: types::ConcurrencyShare::unreserved(u32::MAX),
            deadline: self.now + PATIENCE,
            environment,
            token: LeaseToken(self.next),
        };
        self.step(partition, input);
    }

    fn step(&mut self, partition: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut effects = Vec::new();
        while let Some(input) = inputs.pop_front() {
            self.counts.steps += 1;
            let start = self.counts.steps.is_multiple_of(TIMED).then(real_now);
            self.partitions[partition].machine.step(self.now, input, &mut effects);
            if let Some(start) = start {
                self.speed.steps_timed += 1;
                self.speed.steps += start.elapsed();
            }
            for effect in effects.drain(..) {
                self.perform(partition, effect, &mut inputs);
            }
        }
    }

    fn perform(&mut self, partition: usize, effect: Effect, inputs: &mut VecDeque<Input>) {
        if let Effect::Refuse { waiter, .. } = &effect {
            self.partitions[partition].waiting.remove(waiter);
            self.counts.refused += u64::from(self.counted());
        }
        match effect {
            Effect::Grant { waiter, environment, token, cold, .. } => {
                let Some(function) = self.partitions[partition].waiting.remove(&waiter) else { return };
                if self.counted() {
                    *(if cold { &mut self.counts.cold } else { &mut self.counts.warm }) += 1;
                }
                self.busy += 1;
                let spread = 0.5 + self.random.unit();
                let mean_ms = self.partitions[partition].functions[function as usize].mean_ms;
                let lasts = Duration::from_secs_f64(mean_ms * spread / 1_000.0);
                self.schedule(HOP * 2 + lasts, Event::Done { partition, environment, token });
            }
            Effect::Place { environment, key, memory_mb } => {
                inputs.push_back(self.place(
                    partition,
                    environment,
                    &key.function,
                    Owner::of(&key),
                    memory_mb,
                ));
            }
            Effect::Start { environment, worker, .. } => {
                *self.environments_on.entry(worker).or_default() += 1;
                let half = self.settings.start / 2;
                let after = HOP * 4 + half + half.mul_f64(2.0 * self.random.unit());
                self.schedule(after, Event::Started { partition, environment });
            }
            Effect::Stop { environment, worker } => {
                if let Some(count) = self.environments_on.get_mut(&worker) {
                    *count = count.saturating_sub(1);
                }
                self.schedule(END, Event::Ended { partition, environment });
            }
            Effect::Release { environment } => {
                self.partitions[partition].function_of.remove(&environment);
                self.call(|planner, _| planner.release(environment));
                inputs.push_back(Input::Released);
            }
            // The other words of the machine are for the journal and for workers that were lost; none is here.
            _ => {}
        }
    }

    fn place(
        &mut self,
        partition: usize,
        environment: EnvironmentId,
        function: &types::FunctionName,
        owner: Owner,
        memory_mb: u32,
    ) -> Input {
        let partition_ = &mut self.partitions[partition];
        let idx = partition_.by_name.get(function).copied().unwrap_or(0);
        partition_.placing.entry(environment).or_insert((self.now, 0)).1 += 1;
        let request = Request {
            environment,
            owner: Some(owner),
            memory_mb,
            partition: partition_.id,
            sandboxes: Sandboxes::ANY,
            code: Some(partition_.functions[idx as usize].code.clone()),
        };
        match self.call(|planner, now| planner.place_for(now, &request)) {
            Ok(worker) => {
                let partition = &mut self.partitions[partition];
                partition.function_of.insert(environment, idx);
                if let Some((since, asked)) = partition.placing.remove(&environment)
                    && self.counted()
                {
                    self.counts.asked[(asked.clamp(1, 3) - 1) as usize] += 1;
                    let micros = (self.now + HOP * 2 - since).as_micros().max(1);
                    self.counts.placement[(micros.ilog2() as usize).min(31)] += 1;
                }
                Input::Placed { environment, worker }
            }
            Err(no) => {
                let ever = no == scheduler::placement::NoSlot::TooLarge;
                Input::NotPlaced { environment, ever }
            }
        }
    }

    /// Each call is timed: they are few and long beside a look at the clock.
    fn call<T>(&mut self, call: impl FnOnce(&mut Planner, Duration) -> T) -> T {
        self.counts.calls += 1;
        let start = real_now();
        let answer = call(&mut self.planner, self.now);
        self.speed.calls_timed += 1;
        self.speed.calls += start.elapsed();
        answer
    }

    fn joined(&mut self, worker: WorkerId, zone: Zone) {
        let offer = Offer {
            capacity: Capacity { zone, memory_mb: self.settings.worker_mb, environments_max: 8_000 },
            cpu_milli: self.settings.worker_cpu_milli,
            sandboxes: Sandboxes::FIRECRACKER,
            holds: Vec::new(),
            partition: None,
            environments: Vec::new(),
        };
        self.planner.join(self.now, worker.clone(), &offer);
        self.environments_on.insert(worker.clone(), 0);
        self.schedule(self.settings.placement.heartbeat_every, Event::Beat { worker });
    }

    fn beat(&mut self, worker: WorkerId) {
        let Some(environments) = self.environments_on.get(&worker).copied() else { return };
        let beat = Beat { pressure: None, environments, fetched: Vec::new(), list: None };
        if self.planner.heartbeat(self.now, &worker, &beat).is_ok() {
            self.schedule(self.settings.placement.heartbeat_every, Event::Beat { worker });
        }
    }

    fn tick(&mut self) {
        let lost = self.planner.tick(self.now);
        assert!(lost.is_empty(), "no worker is silent here: {lost:?}");
        for partition in 0..self.partitions.len() {
            self.step(partition, Input::Tick);
            let partition = &mut self.partitions[partition];
            // Their waiters were refused.
            let old = self.now.saturating_sub(PATIENCE * 2);
            partition.placing.retain(|_, (since, _)| *since >= old);
        }
        self.follow_plan();
        self.look();
        self.schedule(TICK, Event::Tick);
    }

    fn follow_plan(&mut self) {
        let zones = ZONES.map(Zone::new);
        let plan = self.planner.plan(&zones);
        for (zone, count) in plan.start {
            for _ in 0..count {
                self.next += 1;
                let worker = WorkerId::new(format!("w{}", self.next));
                self.planner.expect(self.now, worker.clone(), zone.clone());
                let event = Event::Joined { worker, zone: zone.clone() };
                self.schedule(self.settings.placement.worker_start, event);
            }
        }
        for worker in plan.drain {
            self.planner.drain(self.now, &worker);
        }
        for worker in plan.stop {
            let partition = self.planner.lease_of(&worker);
            let left = self.planner.remove(&worker);
            self.environments_on.remove(&worker);
            // After its longest drain it is ended with what it has.
            let partition = partition.and_then(|id| self.partitions.iter().position(|one| one.id == id));
            if let Some(partition) = partition {
                self.counts.cut += left.len() as u64;
                left.into_iter().for_each(|environment| self.step(partition, Input::Gone { environment }));
            }
        }
    }

    /// What this second was, and whether the books of the machines and of the planner agree.
    fn look(&mut self) {
        let mut second = std::mem::take(&mut self.second);
        for row in self.planner.rows() {
            assert!(row.memory_used_mb <= row.room_mb, "{row:?}");
            second.environments += u64::from(row.environments);
            second.used_mb += row.memory_used_mb;
            if row.standing == Standing::Serving {
                second.room_mb += row.room_mb;
            }
            second.workers += 1;
        }
        let placed: usize = self.partitions.iter().map(|partition| partition.function_of.len()).sum();
        assert_eq!(second.environments, placed as u64, "what machines have placed is what the planner has");
        (second.wished, second.busy) = (self.planner.wished(), self.busy);
        self.seconds.push(second);
    }
}

/// How fast the cores are; nothing that is simulated reads it.
#[allow(clippy::disallowed_methods)]
pub(crate) fn real_now() -> Instant {
    Instant::now()
}
