//! One worker in the planner's books, and the index by which workers with room are found.

use super::{Capacity, Offer, Sandboxes, Settings};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use types::{CodeDigest, EnvironmentId, PartitionId, WorkerId};

/// Where a worker stands; the planner's head has the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Serving,
    Unwell { since: Duration, why: Unwell },
    Silent,
    Fenced,
    Draining { since: Duration },
}

/// Why a worker gets nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwell {
    Disk,
    Memory,
    FailedStarts,
}

/// A worker's right to serve a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub partition: PartitionId,
    /// `None`: as long as the worker is registered (it lives in this process).
    pub until: Option<Duration>,
}

/// A worker that a partition has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    pub id: WorkerId,
    pub lease: Lease,
    /// It gets nothing new and ends when it is empty.
    pub draining: bool,
}

/// Place in the slab of workers.
pub(super) type WorkerIdx = u32;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) capacity: Capacity,
    pub(super) sandboxes: Sandboxes,
    pub(super) zone: u32,
    /// What it sells, MB: the lesser of its memory and its processors.
    pub(super) room_mb: u64,
    pub(super) used_mb: u64,
    pub(super) slots: FxHashMap<EnvironmentId, ()>,
    pub(super) standing: Standing,
    pub(super) lease: Option<Lease>,
    /// Last heartbeat; `None` for a worker of this process, which lives as long as it.
    pub(super) seen: Option<Duration>,
    /// Environments, by its last heartbeat.
    pub(super) said: u32,
    /// When it said last what it has.
    pub(super) listed: Duration,
    pub(super) joined: Duration,
    pub(super) empty_since: Duration,
    pub(super) failed_starts: u32,
    /// MB by function and by account, for keeping what peaks together apart.
    pub(super) by_function: FxHashMap<u32, u64>,
    pub(super) by_account: FxHashMap<u32, u64>,
    /// Oldest first.
    pub(super) holds: VecDeque<CodeDigest>,
}

impl Worker {
    pub(super) fn new(id: WorkerId, offer: &Offer, zone: u32, settings: &Settings, now: Duration) -> Self {
        let by_cpu = offer.cpu_milli.saturating_mul(settings.cpu_overcommit * settings.mb_per_cpu) / 1_000;
        let by_memory = offer.capacity.memory_mb;
        Self {
            id,
            capacity: offer.capacity.clone(),
            sandboxes: offer.sandboxes,
            zone,
            room_mb: if offer.cpu_milli == 0 { by_memory } else { by_memory.min(by_cpu) },
            used_mb: 0,
            slots: FxHashMap::default(),
            standing: Standing::Serving,
            lease: None,
            seen: None,
            said: 0,
            listed: now,
            joined: now,
            empty_since: now,
            failed_starts: 0,
            by_function: FxHashMap::default(),
            by_account: FxHashMap::default(),
            holds: VecDeque::new(),
        }
    }

    pub(super) fn free_mb(&self) -> u64 {
        self.room_mb.saturating_sub(self.used_mb)
    }

    /// Its place in the index, if it takes anything at all.
    pub(super) fn pool(&self) -> Option<Pool> {
        let open =
            self.standing == Standing::Serving && self.slots.len() < self.capacity.environments_max as usize;
        let partition = self.lease.map(|lease| lease.partition);
        open.then_some(Pool { partition, zone: self.zone, sandboxes: self.sandboxes })
    }

    /// Nothing is there, nor was at a heartbeat that came after what was there last had gone.
    pub(super) fn is_confirmed_empty(&self, now: Duration, settings: &Settings) -> bool {
        // A beat is sent every so often: by then one was, or the worker is late, and on its way to be silent.
        let confirmed = self.seen.is_some_and(|seen| seen >= self.empty_since + settings.heartbeat_every / 2);
        self.slots.is_empty() && self.said == 0 && confirmed && self.empty_since < now
    }

    /// Whether it is leased and has nothing.
    fn is_idle(&self) -> bool {
        self.lease.is_some() && self.slots.is_empty() && self.pool().is_some()
    }

    pub(super) fn fits(&self, memory_mb: u32) -> bool {
        self.pool().is_some() && u64::from(memory_mb) <= self.free_mb()
    }

    /// Whether one more of this function and account keeps what peaks together apart. The first always does.
    pub(super) fn keeps_apart(&self, owner: Option<(u32, u32)>, memory_mb: u32, settings: &Settings) -> bool {
        let Some((function, account)) = owner else { return true };
        let within = |has: Option<&u64>, share: u64| {
            has.is_none_or(|has| (has + u64::from(memory_mb)) * 100 <= self.room_mb * share)
        };
        within(self.by_function.get(&function), settings.function_share)
            && within(self.by_account.get(&account), settings.account_share)
    }
}

/// Workers that are alike to a request: leased to the same partition (or to none), in one zone, with the same walls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pool {
    pub(super) partition: Option<PartitionId>,
    pub(super) zone: u32,
    pub(super) sandboxes: Sandboxes,
}

/// Workers that take something, by pool and free room: the fullest that fits is one step down a tree, whatever the
/// fleet's size.
#[derive(Debug, Default)]
pub(super) struct Index {
    pools: BTreeMap<Pool, BTreeSet<(u64, WorkerIdx)>>,
    /// Those that are leased and have nothing, whosever they are: zone, free room.
    idle: BTreeSet<(u32, u64, WorkerIdx)>,
}

impl Index {
    pub(super) fn insert(&mut self, idx: WorkerIdx, worker: &Worker) {
        if let Some(pool) = worker.pool() {
            self.pools.entry(pool).or_default().insert((worker.free_mb(), idx));
        }
        if worker.is_idle() {
            self.idle.insert((worker.zone, worker.free_mb(), idx));
        }
    }

    /// As it was inserted: before the worker changes.
    pub(super) fn remove(&mut self, idx: WorkerIdx, worker: &Worker) {
        self.idle.remove(&(worker.zone, worker.free_mb(), idx));
        let Some(pool) = worker.pool() else { return };
        if let Some(set) = self.pools.get_mut(&pool) {
            set.remove(&(worker.free_mb(), idx));
            if set.is_empty() {
                self.pools.remove(&pool);
            }
        }
    }

    /// Pools of one partition (or of none) in one zone whose walls are among `wanted`.
    pub(super) fn pools(
        &self,
        partition: Option<PartitionId>,
        zone: u32,
        wanted: Sandboxes,
    ) -> impl Iterator<Item = &BTreeSet<(u64, WorkerIdx)>> {
        let pool = |sandboxes| Pool { partition, zone, sandboxes };
        self.pools
            .range(pool(Sandboxes(0))..=pool(Sandboxes(u8::MAX)))
            .filter(move |(pool, _)| wanted == Sandboxes::ANY || pool.sandboxes.meets(wanted))
            .map(|(_, set)| set)
    }

    /// How many nobody leases.
    pub(super) fn unleased(&self) -> usize {
        let all = |partition, of| Pool { partition, zone: of, sandboxes: Sandboxes(0) };
        let none = self.pools.range(all(None, 0)..all(Some(PartitionId(0)), 0));
        none.map(|(_, set)| set.len()).sum()
    }

    /// Of a zone, those that are leased and have nothing and so much room, the smallest first.
    pub(super) fn idle(&self, zone: u32, free_mb: u64) -> impl Iterator<Item = WorkerIdx> {
        self.idle.range((zone, free_mb, 0)..=(zone, u64::MAX, WorkerIdx::MAX)).map(|(_, _, idx)| *idx)
    }

    /// Everything in it, for the tests that compare it with the workers.
    #[cfg(test)]
    pub(super) fn entries(&self) -> BTreeSet<(Pool, u64, WorkerIdx)> {
        let of = |(pool, set): (&Pool, &BTreeSet<(u64, WorkerIdx)>)| {
            set.iter().map(|(free, idx)| (*pool, *free, *idx)).collect::<Vec<_>>()
        };
        self.pools.iter().flat_map(of).collect()
    }

    #[cfg(test)]
    pub(super) fn all_idle(&self) -> BTreeSet<WorkerIdx> {
        self.idle.iter().map(|(_, _, idx)| *idx).collect()
    }
}

/// Numbers for names, so that books by name are small. A name goes when nothing bears it.
#[derive(Debug)]
pub(super) struct Names<K> {
    by_name: FxHashMap<K, u32>,
    bearers: Vec<(Option<K>, u32)>,
    free: Vec<u32>,
}

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self { by_name: FxHashMap::default(), bearers: Vec::new(), free: Vec::new() }
    }
}

impl<K: Clone + Eq + std::hash::Hash> Names<K> {
    pub(super) fn find(&self, name: &K) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// One more bears it.
    pub(super) fn take(&mut self, name: &K) -> u32 {
        if let Some(idx) = self.find(name) {
            self.bearers[idx as usize].1 += 1;
            return idx;
        }
        let entry = (Some(name.clone()), 1);
        let idx = match self.free.pop() {
            Some(idx) => {
                self.bearers[idx as usize] = entry;
                idx
            }
            None => {
                self.bearers.push(entry);
                // Bounded by live environments, which are far fewer.
                u32::try_from(self.bearers.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_name.insert(name.clone(), idx);
        idx
    }

    /// One fewer bears it; whether it was the last.
    pub(super) fn give_back(&mut self, idx: u32) -> bool {
        let Some((name, bearers)) = self.bearers.get_mut(idx as usize) else { return false };
        *bearers = bearers.saturating_sub(1);
        if *bearers > 0 {
            return false;
        }
        if let Some(name) = name.take() {
            self.by_name.remove(&name);
            self.free.push(idx);
        }
        true
    }
}
