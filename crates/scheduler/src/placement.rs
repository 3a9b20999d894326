//! The placement planner: which worker hosts which environment, which partition a worker is leased to, and how many
//! workers there should be.
//!
//! A worker, as placement sees it (who causes each step in brackets):
//!
//! ```text
//!                      [pressure, failed starts]            [too long unwell, too old, too many, `drain`]
//!   [join] ─► Serving ─────────────────────────► Unwell ───────────────────────────────► Draining ◄── Serving
//!               ▲ │ ▲        [pressure is over]     │                                      │      │
//!               │ │ └───────────────────────────────┤                  [empty, or too long]│      │
//!         [beat]│ │[no beat]                        │[no beat]                             ▼      │
//!               │ ▼                                 ▼                                   (stop)    │[no beat]
//!              Silent ──────────────[its lease ends: its environments are lost]──► Fenced ◄───────┘
//!                                                                                    │ [beat: I am empty]
//!                                                                                    └─► Serving
//! ```
//! Only a `Serving` worker gets anything new. What a `Silent` one has is not given up before its lease has ended: until
//! then it serves, after that it has ended everything by itself, whatever it sees of us.
//!
//! A worker is leased to one partition at a time, the first that needs it, for [`Settings::lease`] from each beat on;
//! empty for long enough it goes back to all, and once a heartbeat has confirmed that it is empty, to another partition
//! that would have no room otherwise. A worker without a lease has nothing.
//!
//! A place is chosen in this order: zones in which the function has fewest; workers of the partition that hold its
//! code, else the fullest with room (so that empty ones can go), each only while function and account stay below
//! their share of the worker; then a worker that nobody leases; then any with room, whatever the share. So shares and
//! zones are wishes, room is law. Last comes an empty worker of another partition. A partition that has a worker leaves
//! one for each that has none ([`shares`]). Each look is bounded ([`Settings::looks_max`]); none walks the fleet.
//!
//! Pure and idempotent: placing what is placed answers the same worker, releasing what is not there does nothing, and
//! a [`Plan`] that was carried out plans nothing more. All of it is soft state: workers that join a new planner say
//! what they have and for whom.

mod choice;
mod fleet;
mod settings;
mod shares;
mod workers;

#[cfg(test)]
mod tests;

pub use fleet::Plan;
pub use settings::Settings;
pub use workers::{Lease, Leased, Standing, Unwell};

use fleet::{Demand, Expected};
use rustc_hash::FxHashMap;
use shares::Shares;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{
    AccountId, CodeDigest, EnvironmentId, FunctionName, PartitionId, Region, VersionKey, WorkerId, Zone,
};
use workers::{Index, Names, Worker, WorkerIdx};

/// How large a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    pub zone: Zone,
    /// Sum of `MemorySize` that it takes, MB, overcommit included.
    pub memory_mb: u64,
    pub environments_max: u32,
}

/// A set of kinds of walls, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sandboxes(pub u8);

impl Sandboxes {
    pub const PROCESS: Self = Self(1);
    pub const QEMU: Self = Self(2);
    pub const FIRECRACKER: Self = Self(4);
    /// Of a request: whatever there is.
    pub const ANY: Self = Self(7);

    /// Whether one of them is among `wanted`.
    pub fn meets(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }
}

/// A worker's word about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub capacity: Capacity,
    /// Thousandths of its real processors; 0: only memory counts.
    pub cpu_milli: u64,
    pub sandboxes: Sandboxes,
    /// Code that need not be fetched there, most recently used last.
    pub holds: Vec<CodeDigest>,
    /// For whom it has what it has.
    pub partition: Option<PartitionId>,
    pub environments: Vec<Resident>,
}

/// An environment that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub memory_mb: u32,
}

/// What a worker says every [`Settings::heartbeat_every`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    pub pressure: Option<Unwell>,
    /// Environments in any state.
    pub environments: u32,
    /// Code it has fetched since the last.
    pub fetched: Vec<CodeDigest>,
    /// If it was asked.
    pub list: Option<List>,
}

/// What a worker has, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    pub partition: Option<PartitionId>,
    pub environments: Vec<Resident>,
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    /// Whom to serve; the worker counts the lease from when it *sent* its beat, so that it ends there first. None:
    /// whatever it has must go.
    pub partition: Option<PartitionId>,
    pub drain: bool,
    /// What it has is to be in the next beat.
    pub list: bool,
}

/// Nobody by this name: join again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

/// Whose environment it is: what is kept apart and spread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    pub account: AccountId,
    pub region: Region,
    pub function: FunctionName,
}

impl Owner {
    pub fn of(key: &VersionKey) -> Self {
        Self { account: key.account.clone(), region: key.region.clone(), function: key.function.clone() }
    }
}

/// Room is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub environment: EnvironmentId,
    pub owner: Option<Owner>,
    pub memory_mb: u32,
    pub partition: PartitionId,
    pub sandboxes: Sandboxes,
    pub code: Option<CodeDigest>,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot {
    /// Not now.
    Full,
    /// Not on any worker.
    TooLarge,
}

/// What [`Planner::tick`] found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// These environments are gone without having said so.
    Lost { worker: WorkerId, partition: PartitionId, environments: Vec<EnvironmentId> },
}

/// One row of `workers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub worker: WorkerId,
    pub capacity: Capacity,
    /// What it sells, processors considered.
    pub room_mb: u64,
    pub memory_used_mb: u64,
    pub environments: u32,
    pub standing: Standing,
    pub lease: Option<Lease>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    worker: WorkerIdx,
    memory_mb: u32,
    since: Duration,
    /// Function and account.
    owner: Option<(u32, u32)>,
}

/// Workers, their room, and who sits where.
#[derive(Debug, Default)]
pub struct Planner {
    settings: Settings,
    now: Duration,
    /// A slab: a worker keeps its place while it is known.
    workers: Vec<Option<Worker>>,
    vacant: Vec<WorkerIdx>,
    by_id: BTreeMap<WorkerId, WorkerIdx>,
    index: Index,
    shares: Shares,
    /// How many workers sell how much: whether something will ever fit.
    rooms: BTreeMap<u64, u32>,
    zones: Vec<Zone>,
    slots: FxHashMap<EnvironmentId, Slot>,
    functions: Names<Owner>,
    accounts: Names<AccountId>,
    /// Environments of a function by zone.
    spread: FxHashMap<u32, Vec<u32>>,
    holders: FxHashMap<CodeDigest, BTreeSet<WorkerIdx>>,
    demand: Demand,
    expected: BTreeMap<WorkerId, Expected>,
    too_large_since: Option<Duration>,
}

impl Planner {
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A worker of this process is there, empty; it sends no beats and lives as long as we do. One that was known has
    /// restarted: what it had is gone.
    pub fn register(&mut self, id: WorkerId, capacity: Capacity) {
        let offer = Offer {
            capacity,
            cpu_milli: 0,
            sandboxes: Sandboxes::ANY,
            holds: Vec::new(),
            partition: None,
            environments: Vec::new(),
        };
        self.remove(&id);
        self.admit(id, &offer, None);
    }

    /// A worker that will send beats is there, with what it says it has. Answers what it had by our books and has no
    /// more. What it has for a partition that is not its own by our books must go. One that joins again has restarted: it
    /// is as young as it says, and drains no more.
    pub fn join(&mut self, now: Duration, id: WorkerId, offer: &Offer) -> (Orders, Vec<EnvironmentId>) {
        self.advance(now);
        let known = self.by_id.contains_key(&id).then(|| self.lease_of(&id));
        let mut lost = self.remove(&id);
        self.expected.remove(&id);
        let idx = self.admit(id, offer, Some(now));
        let believed = known.is_none_or(|leased| leased == offer.partition);
        let trusted = offer.environments.is_empty() || (offer.partition.is_some() && believed);
        if !trusted {
            self.stand(idx, Standing::Fenced);
        } else if let (Some(partition), true) = (offer.partition, believed) {
            // Also of an empty one: what its partition's leader has asked of it may be on its way.
            self.lease_to(idx, partition);
            for resident in &offer.environments {
                self.seat(resident, idx);
            }
            lost.retain(|environment| !self.slots.contains_key(environment));
        } else if let (Some(Some(partition)), None) = (known, offer.partition) {
            // It restarted. What its partition's leader has asked of it may be on its way, and is not lost unasked.
            self.lease_to(idx, partition);
        }
        (self.orders(idx), lost)
    }

    /// A worker lives.
    pub fn heartbeat(&mut self, now: Duration, id: &WorkerId, beat: &Beat) -> Result<Orders, Unknown> {
        self.advance(now);
        let now = self.now;
        let idx = *self.by_id.get(id).ok_or(Unknown)?;
        let worker = self.workers[idx as usize].as_mut().ok_or(Unknown)?;
        worker.seen = Some(now);
        worker.said = beat.environments;
        let drained = now.checked_sub(self.settings.drain_max);
        let overdue =
            matches!(worker.standing, Standing::Draining { since } if drained.is_some_and(|at| since < at));
        if let Some(lease) = worker.lease.as_mut()
            && !overdue
        {
            lease.until = Some(now + self.settings.lease);
        }
        let standing = match (worker.standing, beat.pressure) {
            (Standing::Fenced, _) if beat.environments > 0 => Standing::Fenced,
            (Standing::Serving | Standing::Silent | Standing::Fenced, Some(why)) => {
                Standing::Unwell { since: now, why }
            }
            (Standing::Silent | Standing::Fenced, None) => Standing::Serving,
            (Standing::Unwell { why: Unwell::Disk | Unwell::Memory, .. }, None) => Standing::Serving,
            (same, _) => same,
        };
        self.stand(idx, standing);
        self.reconcile(idx, beat);
        for code in &beat.fetched {
            self.holds(idx, code);
        }
        Ok(self.orders(idx))
    }

    /// The books follow what the worker says it has. A slot that it does not have and that is younger than a lease stays:
    /// its environment may be on its way. An older one's answer, or the word that gave it back, was lost. What it has and
    /// the books have not was placed by another service, or came while it joined this one.
    ///
    /// A list is taken once for each time it was asked for: one that was said twice, or held up for long, is not looked at.
    fn reconcile(&mut self, idx: WorkerIdx, beat: &Beat) {
        let (now, settings) = (self.now, self.settings);
        let Some(worker) = self.workers[idx as usize].as_mut() else { return };
        let nothing = List::default();
        let list = match &beat.list {
            _ if beat.environments == 0 => &nothing,
            Some(list) if worker.listed + settings.list_every <= now => {
                worker.listed = now;
                list
            }
            _ => return,
        };
        let leased = worker.lease.map(|lease| lease.partition);
        if !list.environments.is_empty() && (leased.is_none() || leased != list.partition) {
            return; // what is not of its partition must go, and is not counted
        }
        let there: BTreeSet<EnvironmentId> = list.environments.iter().map(|one| one.environment).collect();
        let old =
            |id: &&EnvironmentId| self.slots.get(*id).is_some_and(|slot| slot.since + settings.lease <= now);
        let mut never: Vec<EnvironmentId> =
            worker.slots.keys().filter(|id| !there.contains(id)).filter(old).copied().collect();
        never.sort_unstable();
        for environment in never {
            self.release(environment);
        }
        for resident in &list.environments {
            if self.slots.get(&resident.environment).is_none_or(|slot| slot.worker != idx) {
                self.seat(resident, idx);
            }
        }
    }

    fn orders(&self, idx: WorkerIdx) -> Orders {
        let worker = self.workers[idx as usize].as_ref();
        Orders {
            partition: worker.and_then(|worker| worker.lease).map(|lease| lease.partition),
            drain: worker.is_some_and(|worker| matches!(worker.standing, Standing::Draining { .. })),
            list: worker.is_some_and(|worker| worker.listed + self.settings.list_every <= self.now),
        }
    }

    /// Nothing new there; it goes when it is empty. Whether it is known.
    pub fn drain(&mut self, now: Duration, id: &WorkerId) -> bool {
        self.advance(now);
        let Some(&idx) = self.by_id.get(id) else { return false };
        let standing = self.workers[idx as usize].as_ref().map(|worker| worker.standing);
        if matches!(standing, Some(Standing::Serving | Standing::Unwell { .. })) {
            self.stand(idx, Standing::Draining { since: self.now });
        }
        true
    }

    /// A worker could not start what was placed there.
    pub fn start_failed(&mut self, now: Duration, id: &WorkerId) {
        self.advance(now);
        let Some(&idx) = self.by_id.get(id) else { return };
        let Some(worker) = self.workers[idx as usize].as_mut() else { return };
        worker.failed_starts = worker.failed_starts.saturating_add(1);
        let failed = worker.failed_starts >= self.settings.failed_starts_max;
        // A worker of this process has no other that could replace it.
        if failed && worker.seen.is_some() && worker.standing == Standing::Serving {
            self.stand(idx, Standing::Unwell { since: self.now, why: Unwell::FailedStarts });
        }
    }

    /// A leader could not reach it: as silent as one whose beats are missing, until its next.
    pub fn unreached(&mut self, now: Duration, id: &WorkerId) {
        self.advance(now);
        let Some(&idx) = self.by_id.get(id) else { return };
        if self.workers[idx as usize].as_ref().is_some_and(|worker| worker.standing == Standing::Serving) {
            self.stand(idx, Standing::Silent);
        }
    }

    /// A worker started what was placed there.
    pub fn start_succeeded(&mut self, id: &WorkerId) {
        let idx = self.by_id.get(id).copied();
        if let Some(worker) = idx.and_then(|idx| self.workers[idx as usize].as_mut()) {
            worker.failed_starts = 0;
        }
    }

    /// Time passed; says what is lost. Looks at each worker once: for a timer, not for each placement.
    pub fn tick(&mut self, now: Duration) -> Vec<Effect> {
        self.advance(now);
        let now = self.now;
        let mut effects = Vec::new();
        for idx in self.by_id.values().copied().collect::<Vec<_>>() {
            let Some(worker) = self.workers[idx as usize].as_ref() else { continue };
            let Some(seen) = worker.seen else { continue };
            if let Some(Lease { partition, until: Some(until) }) = worker.lease
                && until <= now
            {
                let worker = worker.id.clone();
                let environments = self.empty(idx);
                self.give_back_lease(idx);
                self.stand(idx, Standing::Fenced);
                if !environments.is_empty() {
                    effects.push(Effect::Lost { worker, partition, environments });
                }
                continue;
            }
            match worker.standing {
                Standing::Serving | Standing::Unwell { .. } if seen + self.settings.silent_after <= now => {
                    self.stand(idx, Standing::Silent);
                }
                Standing::Unwell { since, .. } if since + self.settings.unwell_max <= now => {
                    self.stand(idx, Standing::Draining { since: now });
                }
                Standing::Serving if worker.joined + self.age_max(&worker.id) <= now => {
                    self.stand(idx, Standing::Draining { since: now });
                }
                Standing::Serving
                    if worker.lease.is_some()
                        && worker.slots.is_empty()
                        && worker.said == 0
                        && worker.empty_since + self.settings.lease_idle <= now =>
                {
                    self.give_back_lease(idx);
                }
                _ => {}
            }
        }
        self.shares.forget(now.saturating_sub(self.settings.lease));
        let join_max = self.settings.join_max;
        self.expected.retain(|_, expected| expected.since + join_max > now);
        self.look_at_size();
        effects
    }

    /// Nothing is said or asked without time: it never goes back.
    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// The last quarter is spread by name (FNV-1a).
    fn age_max(&self, id: &WorkerId) -> Duration {
        let hash = id
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let age = self.settings.age_max;
        age - (age / 4) * (hash % 1_000) / 1_000
    }

    /// Room for an environment of nobody in particular, for the first partition.
    pub fn place(&mut self, environment: EnvironmentId, memory_mb: u32) -> Result<WorkerId, NoSlot> {
        let request = Request {
            environment,
            owner: None,
            memory_mb,
            partition: PartitionId(0),
            sandboxes: Sandboxes::ANY,
            code: None,
        };
        self.place_for(self.now, &request)
    }

    /// Room for one environment.
    pub fn place_for(&mut self, now: Duration, request: &Request) -> Result<WorkerId, NoSlot> {
        self.advance(now);
        if let Some(slot) = self.slots.get(&request.environment)
            && let Some(worker) = self.workers[slot.worker as usize].as_ref()
        {
            return Ok(worker.id.clone());
        }
        let Some(idx) = self.choose(request) else {
            self.demand.refused(self.now, request.memory_mb);
            let largest = self.rooms.last_key_value().map_or(self.settings.worker_room_mb, |(room, _)| *room);
            let ever = u64::from(request.memory_mb) <= largest;
            return Err(if ever { NoSlot::Full } else { NoSlot::TooLarge });
        };
        self.move_to(idx, request.partition);
        let owner = request.owner.as_ref();
        self.sit(idx, request.environment, owner, request.memory_mb);
        self.demand.placed(self.now, request.memory_mb);
        if let Some(code) = &request.code {
            self.holds(idx, code);
        }
        match self.workers[idx as usize].as_ref() {
            Some(worker) => Ok(worker.id.clone()),
            None => Err(NoSlot::Full), // Not: it was chosen.
        }
    }

    /// The environment is gone; its slot is free.
    pub fn release(&mut self, environment: EnvironmentId) {
        if let Some(slot) = self.stand_up(environment) {
            self.demand.released(self.now, slot.memory_mb);
        }
    }

    /// Leases workers that nobody has to a partition until it has so much free room; answers whom it has now. A lease
    /// that has ended is none, whether or not a tick has seen it.
    pub fn reserve(&mut self, now: Duration, partition: PartitionId, free_mb: u64) -> Vec<Leased> {
        self.advance(now);
        self.shares.asks(partition, self.now);
        let mine = |worker: &&Worker| worker.lease.is_some_and(|lease| lease.partition == partition);
        let mut free: u64 =
            self.live().filter(mine).filter(|w| w.pool().is_some()).map(Worker::free_mb).sum();
        let mut by_zone = vec![0_u32; self.zones.len()];
        self.live().filter(mine).for_each(|worker| by_zone[worker.zone as usize] += 1);
        while free < free_mb && self.may_take(partition) {
            let mut zones: Vec<u32> = (0_u32..).take(self.zones.len()).collect();
            zones.sort_by_key(|zone| by_zone[*zone as usize]);
            let vacant = |zone: &u32| self.unleased(*zone, Sandboxes::ANY, 0);
            let Some(idx) = zones.iter().find_map(vacant) else { break };
            self.lease_to(idx, partition);
            let Some(worker) = self.workers[idx as usize].as_ref() else { break };
            by_zone[worker.zone as usize] += 1;
            free += worker.free_mb();
        }
        let runs = |lease: &Lease| lease.until.is_none_or(|until| until > self.now);
        let leased = self.live().filter(mine).filter_map(|worker| {
            let lease = worker.lease.filter(runs)?;
            let draining = matches!(worker.standing, Standing::Draining { .. });
            Some(Leased { id: worker.id.clone(), lease, draining })
        });
        leased.collect()
    }

    /// A worker is not there any more. What it had.
    pub fn remove(&mut self, id: &WorkerId) -> Vec<EnvironmentId> {
        let Some(&idx) = self.by_id.get(id) else { return Vec::new() };
        let lost = self.empty(idx);
        self.by_id.remove(id);
        self.give_back_lease(idx);
        let Some(worker) = self.workers[idx as usize].take() else { return lost };
        self.index.remove(idx, &worker);
        for code in &worker.holds {
            self.drop_holder(idx, code);
        }
        if let Some(count) = self.rooms.get_mut(&worker.room_mb) {
            *count -= 1;
            if *count == 0 {
                self.rooms.remove(&worker.room_mb);
            }
        }
        self.vacant.push(idx);
        lost
    }

    pub fn rows(&self) -> Vec<Row> {
        let row = |worker: &Worker| Row {
            worker: worker.id.clone(),
            capacity: worker.capacity.clone(),
            room_mb: worker.room_mb,
            memory_used_mb: worker.used_mb,
            environments: u32::try_from(worker.slots.len()).unwrap_or(u32::MAX),
            standing: worker.standing,
            lease: worker.lease,
        };
        self.live().map(row).collect()
    }

    /// The partition that a worker is leased to.
    pub fn lease_of(&self, id: &WorkerId) -> Option<PartitionId> {
        let idx = *self.by_id.get(id)?;
        Some(self.workers[idx as usize].as_ref()?.lease?.partition)
    }

    /// Whether its lease has ended and no tick has seen it.
    pub fn lease_ended(&self, now: Duration, id: &WorkerId) -> bool {
        let idx = self.by_id.get(id).copied();
        let worker = idx.and_then(|idx| self.workers[idx as usize].as_ref());
        let until = worker.and_then(|worker| worker.lease).and_then(|lease| lease.until);
        until.is_some_and(|until| until <= now)
    }

    /// Whether a worker has joined or is expected to.
    pub fn knows(&self, id: &WorkerId) -> bool {
        self.by_id.contains_key(id) || self.expected.contains_key(id)
    }

    /// By name.
    fn live(&self) -> impl Iterator<Item = &Worker> {
        self.by_id.values().filter_map(|idx| self.workers[*idx as usize].as_ref())
    }
}
