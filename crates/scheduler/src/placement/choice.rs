//! Where: the choice of a worker, and the books that it needs. Every change of a worker goes through
//! [`Planner::change`], which keeps the index true.

use super::workers::{Lease, Standing, Worker, WorkerIdx};
use super::{Offer, Owner, Planner, Request, Resident, Sandboxes, Slot};
use std::time::Duration;
use types::{CodeDigest, EnvironmentId, PartitionId, WorkerId, Zone};

impl Planner {
    pub(super) fn choose(&self, request: &Request) -> Option<WorkerIdx> {
        let owner = request.owner.as_ref().map(|owner| {
            // Names that nobody bears yet have nothing anywhere.
            let none = u32::MAX;
            let function = self.functions.find(owner).unwrap_or(none);
            (function, self.accounts.find(&owner.account).unwrap_or(none))
        });
        let zones = self.zones_of(owner, request.environment);
        let least = zones.first().map_or(0, |(count, _)| *count);
        let level = least.saturating_add(self.settings.zone_skew);
        let leveled = zones.iter().filter(|(count, _)| *count <= level);
        // Asked once: nothing changes while it is chosen.
        let may_take = self.may_take(request.partition);
        leveled
            .clone()
            .find_map(|(_, zone)| {
                self.holder(*zone, request, owner).or_else(|| self.fullest(*zone, request, owner))
            })
            .or_else(|| {
                let mut zones = zones.iter().filter(|_| may_take);
                zones.find_map(|(_, zone)| self.unleased(*zone, request.sandboxes, request.memory_mb))
            })
            .or_else(|| zones.iter().find_map(|(_, zone)| self.fullest(*zone, request, owner)))
            .or_else(|| zones.iter().find_map(|(_, zone)| self.fullest(*zone, request, None)))
            .or_else(|| zones.iter().find_map(|(_, zone)| self.empty_elsewhere(*zone, request)))
    }

    /// Zones, those with fewest environments of the function first; ties are turned by its number, so that rare
    /// functions do not all live in the first zone.
    fn zones_of(&self, owner: Option<(u32, u32)>, environment: EnvironmentId) -> Vec<(u32, u32)> {
        let number = |zone: usize| u32::try_from(zone).unwrap_or(u32::MAX);
        let zones = number(self.zones.len());
        let spread = owner.and_then(|(function, _)| self.spread.get(&function));
        let count = |zone: u32| spread.and_then(|spread| spread.get(zone as usize)).copied().unwrap_or(0);
        let turn = match owner {
            Some((function, _)) if function != u32::MAX => function,
            Some(_) => u32::from(environment.0[15]),
            None => 0, // Nobody's: pack.
        };
        let mut counted: Vec<(u32, u32)> = (0..zones)
            .map(|step| (step + turn % zones.max(1)) % zones.max(1))
            .map(|zone| (count(zone), zone))
            .collect();
        counted.sort_by_key(|(count, _)| *count);
        counted
    }

    /// A worker of the partition that holds the code, the fullest of those looked at.
    fn holder(&self, zone: u32, request: &Request, owner: Option<(u32, u32)>) -> Option<WorkerIdx> {
        let holders = self.holders.get(request.code.as_ref()?)?;
        // Not always the same ones: those would be full.
        let start = u32::from_le_bytes(request.environment.0[..4].try_into().ok()?);
        let start = start % u32::try_from(self.workers.len()).ok()?.max(1);
        let turned = holders.range(start..).chain(holders.range(..start));
        turned
            .take(self.settings.looks_max)
            .filter_map(|idx| Some((*idx, self.workers[*idx as usize].as_ref()?)))
            .filter(|(_, worker)| {
                worker.zone == zone
                    && worker.lease.is_some_and(|lease| lease.partition == request.partition)
                    && worker.sandboxes.meets(request.sandboxes)
                    && worker.fits(request.memory_mb)
                    && worker.keeps_apart(owner, request.memory_mb, &self.settings)
            })
            .min_by_key(|(idx, worker)| (worker.free_mb(), *idx))
            .map(|(idx, _)| idx)
    }

    /// The fullest of the partition's workers that has room and keeps apart what must be; the emptiest, if none of
    /// those looked at does.
    fn fullest(&self, zone: u32, request: &Request, owner: Option<(u32, u32)>) -> Option<WorkerIdx> {
        let need = u64::from(request.memory_mb);
        let apart = |idx: &WorkerIdx| {
            let worker = self.workers[*idx as usize].as_ref();
            worker.is_some_and(|worker| worker.keeps_apart(owner, request.memory_mb, &self.settings))
        };
        let pools = self.index.pools(Some(request.partition), zone, request.sandboxes);
        let best = pools.filter_map(|pool| {
            let fits = pool.range((need, 0)..);
            let emptiest = pool.last().filter(|(free, _)| *free >= need);
            let mut looked = fits.take(self.settings.looks_max).chain(emptiest);
            looked.find(|(_, idx)| apart(idx)).copied()
        });
        best.min().map(|(_, idx)| idx)
    }

    /// The smallest worker that nobody leases and that has room.
    pub(super) fn unleased(&self, zone: u32, sandboxes: Sandboxes, memory_mb: u32) -> Option<WorkerIdx> {
        let pools = self.index.pools(None, zone, sandboxes);
        pools.filter_map(|pool| pool.range((u64::from(memory_mb), 0)..).next()).min().map(|(_, idx)| *idx)
    }

    /// The smallest worker of another partition that has room, and nothing: by our books, and by a heartbeat since. What
    /// its partition's leader knows of it is nothing that outlives it: for that leader it is absent, and in time lost.
    fn empty_elsewhere(&self, zone: u32, request: &Request) -> Option<WorkerIdx> {
        let fits = self.index.idle(zone, u64::from(request.memory_mb));
        let could = |worker: &Worker| {
            worker.fits(request.memory_mb)
                && worker.sandboxes.meets(request.sandboxes)
                && self.may_move(worker, request.partition)
        };
        let mut looked = fits.take(self.settings.looks_max);
        looked.find(|idx| self.workers[*idx as usize].as_ref().is_some_and(could))
    }

    /// Whether a partition may take one more worker that nobody has.
    pub(super) fn may_take(&self, partition: PartitionId) -> bool {
        self.shares.may_take(partition, self.index.unleased())
    }

    /// Whether a partition may take this worker of another.
    pub(super) fn may_move(&self, worker: &Worker, partition: PartitionId) -> bool {
        let given = |lease: Lease| self.shares.may_be_given(partition, lease.partition);
        worker.lease.is_some_and(given) && worker.is_confirmed_empty(self.now, &self.settings)
    }

    /// Takes a worker out of the index, lets it be changed, puts it back.
    fn change<T>(&mut self, idx: WorkerIdx, change: impl FnOnce(&mut Worker) -> T) -> Option<T> {
        let worker = self.workers.get_mut(idx as usize)?.as_mut()?;
        self.index.remove(idx, worker);
        let out = change(worker);
        self.index.insert(idx, worker);
        Some(out)
    }

    pub(super) fn stand(&mut self, idx: WorkerIdx, standing: Standing) {
        self.change(idx, |worker| {
            if standing == Standing::Serving {
                worker.failed_starts = 0;
            }
            worker.standing = standing;
        });
    }

    /// From now on; of one that has a lease nothing changes.
    pub(super) fn lease_to(&mut self, idx: WorkerIdx, partition: PartitionId) {
        let (now, period) = (self.now, self.settings.lease);
        let unleased = self.workers.get(idx as usize).and_then(Option::as_ref);
        if unleased.is_none_or(|worker| worker.lease.is_some()) {
            return;
        }
        self.change(idx, |worker| {
            // A worker ends everything when its last answered beat was *sent* so long ago; that was before now.
            let until = worker.seen.map(|_| now + period);
            worker.lease = Some(Lease { partition, until });
            worker.empty_since = now;
        });
        self.shares.takes(partition);
    }

    /// The same, but an empty one of another partition is moved.
    pub(super) fn move_to(&mut self, idx: WorkerIdx, partition: PartitionId) {
        let worker = self.workers.get(idx as usize).and_then(Option::as_ref);
        let elsewhere = |lease: Lease| lease.partition != partition;
        if worker.is_some_and(|worker| worker.slots.is_empty() && worker.lease.is_some_and(elsewhere)) {
            self.give_back_lease(idx);
        }
        self.lease_to(idx, partition);
    }

    pub(super) fn give_back_lease(&mut self, idx: WorkerIdx) {
        let lease = self.change(idx, |worker| worker.lease.take()).flatten();
        if let Some(lease) = lease {
            self.shares.gives_back(lease.partition);
        }
    }

    pub(super) fn admit(&mut self, id: WorkerId, offer: &Offer, seen: Option<Duration>) -> WorkerIdx {
        let zone = self.zone(&offer.capacity.zone);
        let mut worker = Worker::new(id.clone(), offer, zone, &self.settings, self.now);
        worker.seen = seen;
        *self.rooms.entry(worker.room_mb).or_default() += 1;
        let idx = match self.vacant.pop() {
            Some(idx) => idx,
            None => {
                self.workers.push(None);
                u32::try_from(self.workers.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.index.insert(idx, &worker);
        self.workers[idx as usize] = Some(worker);
        self.by_id.insert(id, idx);
        for code in &offer.holds {
            self.holds(idx, code);
        }
        idx
    }

    /// Zones are few and stay.
    fn zone(&mut self, zone: &Zone) -> u32 {
        let known = self.zones.iter().position(|known| known == zone);
        let idx = known.unwrap_or_else(|| {
            self.zones.push(zone.clone());
            self.zones.len() - 1
        });
        u32::try_from(idx).unwrap_or(u32::MAX)
    }

    /// What a worker says it has, it has: also more than it should.
    pub(super) fn seat(&mut self, resident: &Resident, idx: WorkerIdx) {
        self.stand_up(resident.environment);
        let owner = Owner::of(&resident.key);
        self.sit(idx, resident.environment, Some(&owner), resident.memory_mb);
    }

    pub(super) fn sit(
        &mut self,
        idx: WorkerIdx,
        environment: EnvironmentId,
        owner: Option<&Owner>,
        memory_mb: u32,
    ) {
        let owner = owner.map(|owner| (self.functions.take(owner), self.accounts.take(&owner.account)));
        let zone = self.change(idx, |worker| {
            worker.used_mb += u64::from(memory_mb);
            worker.slots.insert(environment, ());
            if let Some((function, account)) = owner {
                *worker.by_function.entry(function).or_default() += u64::from(memory_mb);
                *worker.by_account.entry(account).or_default() += u64::from(memory_mb);
            }
            worker.zone as usize
        });
        if let (Some((function, _)), Some(zone)) = (owner, zone) {
            let spread = self.spread.entry(function).or_default();
            if spread.len() <= zone {
                spread.resize(zone + 1, 0);
            }
            spread[zone] += 1;
        }
        self.slots.insert(environment, Slot { worker: idx, memory_mb, since: self.now, owner });
    }

    pub(super) fn stand_up(&mut self, environment: EnvironmentId) -> Option<Slot> {
        let slot = self.slots.remove(&environment)?;
        let now = self.now;
        let zone = self.change(slot.worker, |worker| {
            worker.used_mb = worker.used_mb.saturating_sub(u64::from(slot.memory_mb));
            worker.slots.remove(&environment);
            if worker.slots.is_empty() {
                worker.empty_since = now;
            }
            if let Some((function, account)) = slot.owner {
                take(&mut worker.by_function, function, slot.memory_mb);
                take(&mut worker.by_account, account, slot.memory_mb);
            }
            worker.zone as usize
        });
        if let Some((function, account)) = slot.owner {
            if let (Some(zone), Some(spread)) = (zone, self.spread.get_mut(&function)) {
                spread[zone] = spread[zone].saturating_sub(1);
            }
            if self.functions.give_back(function) {
                self.spread.remove(&function);
            }
            self.accounts.give_back(account);
        }
        Some(slot)
    }

    /// Everything that sits there, in order.
    pub(super) fn empty(&mut self, idx: WorkerIdx) -> Vec<EnvironmentId> {
        let Some(worker) = self.workers.get(idx as usize).and_then(Option::as_ref) else { return Vec::new() };
        let mut environments: Vec<EnvironmentId> = worker.slots.keys().copied().collect();
        environments.sort_unstable();
        for environment in &environments {
            self.stand_up(*environment);
        }
        environments
    }

    /// The worker has this code; the one it has not used longest is forgotten.
    pub(super) fn holds(&mut self, idx: WorkerIdx, code: &CodeDigest) {
        let known = self.holders.get(code).is_some_and(|holders| holders.contains(&idx));
        let Some(worker) = self.workers.get_mut(idx as usize).and_then(Option::as_mut) else { return };
        if known || self.settings.holds_max == 0 {
            return;
        }
        worker.holds.push_back(code.clone());
        let forgotten =
            if worker.holds.len() > self.settings.holds_max { worker.holds.pop_front() } else { None };
        self.holders.entry(code.clone()).or_default().insert(idx);
        if let Some(code) = forgotten {
            self.drop_holder(idx, &code);
        }
    }

    pub(super) fn drop_holder(&mut self, idx: WorkerIdx, code: &CodeDigest) {
        if let Some(holders) = self.holders.get_mut(code) {
            holders.remove(&idx);
            if holders.is_empty() {
                self.holders.remove(code);
            }
        }
    }
}

fn take(book: &mut rustc_hash::FxHashMap<u32, u64>, entry: u32, memory_mb: u32) {
    if let Some(has) = book.get_mut(&entry) {
        *has = has.saturating_sub(u64::from(memory_mb));
        if *has == 0 {
            book.remove(&entry);
        }
    }
}
