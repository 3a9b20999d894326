//! The role over one planner.

use async_trait::async_trait;
use fabric::placement::{
    DrainWorker, Heartbeat, JoinFleet, LeaseWorkers, Leases, LeaveFleet, Orders, Place, Placement,
    PlacementError, Pressure, ReleaseSlot, ResidentEnvironment, SandboxKind, Slot, StartOutcome, StartReport,
    WorkerState, WorkersQuery,
};
use scheduler::placement::{
    Beat, Capacity, Effect, List, NoSlot, Offer, Owner, Planner, Request, Resident, Sandboxes, Settings,
    Unwell,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use types::{EnvironmentId, PartitionId, WorkerId};
use world::World;

/// Pieces of code in one message; more tells no more.
const HOLDS_MAX: usize = 10_000;
/// Environments that one worker can say it has: far over any `environments_max`.
const RESIDENTS_MAX: usize = 100_000;
/// Losses kept for a partition whose leader does not ask: a hundred full workers.
const LOSSES_MAX: usize = 100_000;

/// Knows the workers and their room.
pub struct PlacementService {
    pub(crate) world: World,
    books: Mutex<Books>,
}

/// What the mutex owns.
pub(crate) struct Books {
    pub(crate) planner: Planner,
    losses: BTreeMap<PartitionId, Losses>,
    /// Drained to the end, and to be ended by whoever started them. The keeper takes out whom nobody runs.
    pub(crate) left: BTreeSet<WorkerId>,
    /// Losses are numbered from here: what was heard of another service's is not taken for ours.
    first_loss: u64,
}

/// What a partition lost and has not heard of.
struct Losses {
    /// Where numbers begin.
    first: u64,
    lost: VecDeque<EnvironmentId>,
    /// The number of the first that is kept.
    before: u64,
    /// Some below this were dropped that nobody had heard of.
    dropped_at: u64,
}

impl Losses {
    fn from(first: u64) -> Self {
        Self { first, lost: VecDeque::new(), before: first, dropped_at: first }
    }

    fn end(&self) -> u64 {
        self.before + self.lost.len() as u64
    }

    fn add(&mut self, environment: EnvironmentId) {
        self.lost.push_back(environment);
        if self.lost.len() > LOSSES_MAX {
            self.lost.pop_front();
            self.before += 1;
            self.dropped_at = self.before;
        }
    }

    /// Those after `heard`; what was heard is forgotten.
    fn after(&mut self, heard: u64) -> (Vec<EnvironmentId>, bool) {
        // A number that we never said is another service's: of ours nothing was heard.
        let ours = (self.first..=self.end()).contains(&heard);
        while ours && self.before < heard && self.lost.pop_front().is_some() {
            self.before += 1;
        }
        (self.lost.iter().copied().collect(), !ours || heard < self.dropped_at)
    }
}

impl Books {
    pub(crate) fn lose(&mut self, partition: PartitionId, environments: Vec<EnvironmentId>) {
        let losses = self.losses.entry(partition).or_insert_with(|| Losses::from(self.first_loss));
        environments.into_iter().for_each(|environment| losses.add(environment));
    }

    /// Takes a worker out, whose environments are lost.
    pub(crate) fn remove(&mut self, worker: &WorkerId) {
        let lease =
            self.planner.rows().into_iter().find(|row| row.worker == *worker).and_then(|row| row.lease);
        let lost = self.planner.remove(worker);
        self.left.remove(worker);
        if let Some(lease) = lease {
            self.lose(lease.partition, lost);
        }
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        for Effect::Lost { worker, partition, environments } in self.planner.tick(now) {
            tracing::warn!(%worker, %partition, lost = environments.len(), "a worker's lease ended in silence");
            self.lose(partition, environments);
        }
    }
}

impl PlacementService {
    pub fn new(world: World, settings: Settings) -> Self {
        // Far from the end of numbers, and never 0, which is what a leader says that has heard nothing.
        let first_loss = (world.random_u64() >> 2) + 1;
        let books = Books {
            planner: Planner::new(settings),
            losses: BTreeMap::new(),
            left: BTreeSet::new(),
            first_loss,
        };
        Self { world, books: Mutex::new(books) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.world.now().0)
    }
}

#[async_trait]
impl Placement for PlacementService {
    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        self.lock().planner.release(message.environment);
        Ok(())
    }

    async fn workers(&self, _: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        let rows = self.lock().planner.rows();
        Ok(rows
            .into_iter()
            .map(|row| WorkerState {
                worker: row.worker,
                zone: row.capacity.zone,
                memory_mb: row.room_mb,
                memory_used_mb: row.memory_used_mb,
                environments: row.environments,
                environments_max: row.capacity.environments_max,
                partition: row.lease.map(|lease| lease.partition),
            })
            .collect())
    }

    async fn join(&self, message: JoinFleet) -> Result<Orders, PlacementError> {
        if message.holds.len() > HOLDS_MAX || message.environments.len() > RESIDENTS_MAX {
            return Err(PlacementError::TooMuch);
        }
        let offer = Offer {
            capacity: Capacity {
                zone: message.zone,
                memory_mb: message.memory_mb,
                environments_max: message.environments_max,
            },
            cpu_milli: message.cpu_milli,
            sandboxes: set(&message.sandboxes),
            holds: message.holds,
            partition: message.partition,
            environments: residents(message.environments),
        };
        let mut books = self.lock();
        // What ended before it joined again is not its own any more.
        books.expire(self.now(), &message.worker);
        books.left.remove(&message.worker);
        let had = books.planner.lease_of(&message.worker);
        let (orders, lost) = books.planner.join(self.now(), message.worker, &offer);
        if let Some(partition) = had {
            books.lose(partition, lost);
        }
        Ok(told(&books.planner, orders))
    }

    async fn heartbeat(&self, message: Heartbeat) -> Result<Orders, PlacementError> {
        let listed = message.list.as_ref().map_or(0, |list| list.environments.len());
        if message.fetched.len() > HOLDS_MAX || listed > RESIDENTS_MAX {
            return Err(PlacementError::TooMuch);
        }
        let pressure = message.pressure.map(|pressure| match pressure {
            Pressure::Disk => Unwell::Disk,
            Pressure::Memory => Unwell::Memory,
        });
        let list = message
            .list
            .map(|list| List { partition: list.partition, environments: residents(list.environments) });
        let beat = Beat { pressure, environments: message.environments, fetched: message.fetched, list };
        let mut books = self.lock();
        // What ended before this beat came must not be renewed by it.
        books.expire(self.now(), &message.worker);
        let orders = books.planner.heartbeat(self.now(), &message.worker, &beat);
        orders.map(|orders| told(&books.planner, orders)).map_err(|_| PlacementError::Unknown)
    }

    async fn started(&self, message: StartReport) -> Result<(), PlacementError> {
        let mut books = self.lock();
        match message.outcome {
            StartOutcome::Started => books.planner.start_succeeded(&message.worker),
            StartOutcome::Failed => books.planner.start_failed(self.now(), &message.worker),
            StartOutcome::Unreached => books.planner.unreached(self.now(), &message.worker),
        }
        Ok(())
    }

    async fn drain(&self, message: DrainWorker) -> Result<(), PlacementError> {
        let known = self.lock().planner.drain(self.now(), &message.worker);
        if known { Ok(()) } else { Err(PlacementError::Unknown) }
    }

    async fn leave(&self, message: LeaveFleet) -> Result<(), PlacementError> {
        let mut books = self.lock();
        if message.gone {
            books.remove(&message.worker);
            books.left.insert(message.worker);
            return Ok(());
        }
        let known = books.planner.drain(self.now(), &message.worker);
        if known { Ok(()) } else { Err(PlacementError::Unknown) }
    }

    async fn lease(&self, message: LeaseWorkers) -> Result<Leases, PlacementError> {
        let mut books = self.lock();
        let leased = books.planner.reserve(self.now(), message.partition, message.free_mb);
        let first = books.first_loss;
        let losses = books.losses.entry(message.partition).or_insert_with(|| Losses::from(first));
        let (lost, incomplete) = losses.after(message.heard);
        let heard = losses.end();
        let draining = leased.iter().filter(|worker| worker.draining).map(|worker| worker.id.clone());
        Ok(Leases {
            draining: draining.collect(),
            workers: leased.into_iter().map(|worker| worker.id).collect(),
            lease: books.planner.settings().lease,
            lost,
            heard,
            incomplete,
        })
    }

    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        let sandboxes = if message.sandboxes.is_empty() { Sandboxes::ANY } else { set(&message.sandboxes) };
        let request = Request {
            environment: message.environment,
            owner: Some(Owner::of(&message.key)),
            memory_mb: message.memory_mb,
            partition: message.partition,
            sandboxes,
            code: message.code,
        };
        match self.lock().planner.place_for(self.now(), &request) {
            Ok(worker) => Ok(Slot { worker }),
            Err(NoSlot::Full) => Err(PlacementError::NoCapacity),
            Err(NoSlot::TooLarge) => Err(PlacementError::TooLarge),
        }
    }
}

impl Books {
    /// One worker's lease, if it has ended since the last tick.
    fn expire(&mut self, now: Duration, worker: &WorkerId) {
        if self.planner.lease_ended(now, worker) {
            self.tick(now);
        }
    }
}

fn set(kinds: &[SandboxKind]) -> Sandboxes {
    let bit = |kind: &SandboxKind| match kind {
        SandboxKind::Process => Sandboxes::PROCESS,
        SandboxKind::Qemu => Sandboxes::QEMU,
        SandboxKind::Firecracker => Sandboxes::FIRECRACKER,
    };
    Sandboxes(kinds.iter().fold(0, |set, kind| set | bit(kind).0))
}

fn residents(environments: Vec<ResidentEnvironment>) -> Vec<Resident> {
    let resident = |one: ResidentEnvironment| Resident {
        environment: one.environment,
        key: one.key,
        memory_mb: one.memory_mb,
    };
    environments.into_iter().map(resident).collect()
}

fn told(planner: &Planner, orders: scheduler::placement::Orders) -> Orders {
    let settings = planner.settings();
    Orders {
        partition: orders.partition,
        lease: settings.lease,
        drain: orders.drain,
        next: settings.heartbeat_every,
        list: orders.list,
    }
}
