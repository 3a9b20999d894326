//! Acquires without an answer yet: bound to an environment on its way, waiting for one that finishes, or
//! queueing for room, a queue per version, the versions taking turns.

use super::WaiterId;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use types::{AccountId, EnvironmentId, LeaseToken, Region, VersionKey};

#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) id: WaiterId,
    pub(super) key: VersionKey,
    pub(super) memory_mb: u32,
    pub(super) deadline: Duration,
    /// Fresh, to be used for a new environment.
    pub(super) environment: EnvironmentId,
    pub(super) token: LeaseToken,
}

#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// By the environment that is made for it.
    bound: FxHashMap<EnvironmentId, Waiter>,
    bound_by_id: FxHashMap<WaiterId, EnvironmentId>,
    /// Not bound: waiting for an environment to finish, or for room.
    loose: FxHashMap<WaiterId, (Waiter, Queue)>,
    /// How many of `loose` an account has in a region: asked by every acquire.
    loose_of: FxHashMap<(AccountId, Region), usize>,
    /// By age: who was refused room goes back to where it stood.
    for_finishing: FxHashMap<VersionKey, BTreeSet<WaiterId>>,
    for_room: FxHashMap<VersionKey, BTreeSet<WaiterId>>,
    /// Versions with someone in `for_room`, in the order of their turns.
    turns: VecDeque<VersionKey>,
    finishing_until: BTreeSet<(Duration, WaiterId)>,
    room_until: BTreeSet<(Duration, WaiterId)>,
    /// How many wait for room, by what they need: says without a search that nobody small enough is there.
    room_sizes: BTreeMap<u32, usize>,
    room_mb: u64,
}

#[derive(Clone, Copy, Debug)]
enum Queue {
    Finishing { until: Duration },
    Room,
}

impl Waiters {
    pub(super) fn len(&self) -> usize {
        self.bound.len() + self.loose.len()
    }

    /// Loose waiters of the account and region of `key`; bound ones count as environments.
    pub(super) fn of_account(&self, key: &VersionKey) -> usize {
        if self.loose.is_empty() {
            return 0;
        }
        self.loose_of.get(&(key.account.clone(), key.region.clone())).copied().unwrap_or(0)
    }

    pub(super) fn for_finishing(&self, key: &VersionKey) -> usize {
        self.for_finishing.get(key).map_or(0, BTreeSet::len)
    }

    pub(super) fn bind(&mut self, waiter: Waiter) {
        self.bound_by_id.insert(waiter.id, waiter.environment);
        self.bound.insert(waiter.environment, waiter);
    }

    pub(super) fn is_bound(&self, environment: EnvironmentId) -> bool {
        self.bound.contains_key(&environment)
    }

    pub(super) fn unbind(&mut self, environment: EnvironmentId) -> Option<Waiter> {
        let waiter = self.bound.remove(&environment)?;
        self.bound_by_id.remove(&waiter.id);
        Some(waiter)
    }

    pub(super) fn wait_for_finishing(&mut self, waiter: Waiter, until: Duration) {
        self.for_finishing.entry(waiter.key.clone()).or_default().insert(waiter.id);
        self.finishing_until.insert((until, waiter.id));
        self.put_loose(waiter, Queue::Finishing { until });
    }

    pub(super) fn wait_for_room(&mut self, waiter: Waiter) {
        let queue = self.for_room.entry(waiter.key.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(waiter.key.clone());
        }
        queue.insert(waiter.id);
        self.room_until.insert((waiter.deadline, waiter.id));
        *self.room_sizes.entry(waiter.memory_mb).or_default() += 1;
        self.room_mb += u64::from(waiter.memory_mb);
        self.put_loose(waiter, Queue::Room);
    }

    fn put_loose(&mut self, waiter: Waiter, queue: Queue) {
        *self.loose_of.entry((waiter.key.account.clone(), waiter.key.region.clone())).or_default() += 1;
        self.loose.insert(waiter.id, (waiter, queue));
    }

    pub(super) fn someone_needs_room(&self) -> bool {
        !self.room_until.is_empty()
    }

    /// What those who wait for room need together, MB.
    pub(super) fn room_mb(&self) -> u64 {
        self.room_mb
    }

    /// The longest waiting one of this version: for room first, since it asked before.
    pub(super) fn next_of(&mut self, key: &VersionKey) -> Option<Waiter> {
        if self.loose.is_empty() {
            return None;
        }
        let first = |queues: &FxHashMap<VersionKey, BTreeSet<WaiterId>>| queues.get(key)?.first().copied();
        let id = first(&self.for_room).or_else(|| first(&self.for_finishing))?;
        self.take(id)
    }

    /// Of the versions whose next waiter needs less than `below_mb`, the one whose turn it is; it goes to the end
    /// of the line if more of it wait.
    pub(super) fn next_for_room(&mut self, below_mb: u32) -> Option<Waiter> {
        if self.room_sizes.keys().next().is_none_or(|least| *least >= below_mb) {
            return None;
        }
        let fits = |key: &VersionKey| {
            let id = self.for_room.get(key)?.first()?;
            let (waiter, _) = self.loose.get(id)?;
            (waiter.memory_mb < below_mb).then_some(*id)
        };
        let (turn, id) = self.turns.iter().enumerate().find_map(|(turn, key)| Some((turn, fits(key)?)))?;
        let key = self.turns.remove(turn)?;
        self.turns.push_back(key);
        self.take(id)
    }

    /// Everyone whose key is so, oldest first; environments on their way are left without a waiter.
    pub(super) fn take_where(&mut self, so: impl Fn(&VersionKey) -> bool) -> Vec<WaiterId> {
        let bound = self.bound.values().filter(|waiter| so(&waiter.key)).map(|waiter| waiter.id);
        let loose = self.loose.values().filter(|(waiter, _)| so(&waiter.key)).map(|(waiter, _)| waiter.id);
        let mut ids: Vec<WaiterId> = bound.chain(loose).collect();
        ids.sort_unstable();
        for id in &ids {
            self.remove(*id);
        }
        ids
    }

    pub(super) fn expired_for_finishing(&mut self, now: Duration) -> Option<Waiter> {
        let (until, id) = self.finishing_until.first().copied()?;
        if until <= now { self.take(id) } else { None }
    }

    pub(super) fn expired_for_room(&mut self, now: Duration) -> Option<Waiter> {
        let (until, id) = self.room_until.first().copied()?;
        if until <= now { self.take(id) } else { None }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let first = |set: &BTreeSet<(Duration, WaiterId)>| set.first().map(|(until, _)| *until);
        first(&self.finishing_until).into_iter().chain(first(&self.room_until)).min()
    }

    /// It has gone. One bound to an environment leaves that without a waiter; the machine ends it when it comes up.
    pub(super) fn remove(&mut self, id: WaiterId) {
        match self.bound_by_id.remove(&id) {
            Some(environment) => drop(self.bound.remove(&environment)),
            None => drop(self.take(id)),
        }
    }

    fn take(&mut self, id: WaiterId) -> Option<Waiter> {
        let (waiter, queue) = self.loose.remove(&id)?;
        less_one(&mut self.loose_of, (waiter.key.account.clone(), waiter.key.region.clone()));
        let queues = match queue {
            Queue::Finishing { until } => {
                self.finishing_until.remove(&(until, id));
                &mut self.for_finishing
            }
            Queue::Room => {
                self.room_until.remove(&(waiter.deadline, id));
                self.room_mb -= u64::from(waiter.memory_mb);
                if let Some(count) = self.room_sizes.get_mut(&waiter.memory_mb) {
                    *count -= 1;
                    if *count == 0 {
                        self.room_sizes.remove(&waiter.memory_mb);
                    }
                }
                &mut self.for_room
            }
        };
        if let Some(ids) = queues.get_mut(&waiter.key) {
            ids.remove(&id);
            if ids.is_empty() {
                queues.remove(&waiter.key);
                if matches!(queue, Queue::Room) {
                    self.turns.retain(|key| *key != waiter.key);
                }
            }
        }
        Some(waiter)
    }
}

fn less_one(counts: &mut FxHashMap<(AccountId, Region), usize>, account: (AccountId, Region)) {
    if let Some(count) = counts.get_mut(&account) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&account);
        }
    }
}
