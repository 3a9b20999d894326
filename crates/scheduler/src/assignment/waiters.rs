//! Acquires without an answer yet: bound to an environment on its way, waiting for one that finishes, for the durable
//! truth of its version, or queueing for room, a queue per version, the versions taking turns.
//!
//! One that is not bound counts against concurrency by itself; the counts are kept with the versions.

use super::WaiterId;
use super::versions::{Step, VersionAt, Versions};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;
use types::{ConcurrencyShare, EnvironmentId, LeaseToken};

#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) id: WaiterId,
    pub(super) at: VersionAt,
    pub(super) share: ConcurrencyShare,
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
    /// By age: who was refused room goes back to where it stood.
    for_finishing: FxHashMap<VersionAt, BTreeSet<WaiterId>>,
    for_room: FxHashMap<VersionAt, BTreeSet<WaiterId>>,
    /// By version, in whatever generation: the answer is about all of them.
    for_revision: FxHashMap<u32, BTreeSet<WaiterId>>,
    /// Versions with someone in `for_room`, in the order of their turns.
    turns: VecDeque<VersionAt>,
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
    Revision,
}

impl Waiters {
    pub(super) fn len(&self) -> usize {
        self.bound.len() + self.loose.len()
    }

    #[cfg(test)]
    pub(super) fn loose_of(&self, function: &str, versions: &Versions) -> usize {
        let of = |waiter: &Waiter| versions.key(waiter.at).function.as_str() == function;
        self.loose.values().filter(|(waiter, _)| of(waiter)).count()
    }

    pub(super) fn for_finishing(&self, at: VersionAt) -> usize {
        self.for_finishing.get(&at).map_or(0, BTreeSet::len)
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

    pub(super) fn wait_for_finishing(&mut self, waiter: Waiter, until: Duration, counts: &mut Versions) {
        self.for_finishing.entry(waiter.at).or_default().insert(waiter.id);
        self.finishing_until.insert((until, waiter.id));
        self.put_loose(waiter, Queue::Finishing { until }, counts);
    }

    pub(super) fn wait_for_revision(&mut self, waiter: Waiter, counts: &mut Versions) {
        self.for_revision.entry(waiter.at.version).or_default().insert(waiter.id);
        self.put_loose(waiter, Queue::Revision, counts);
    }

    pub(super) fn wait_for_room(&mut self, waiter: Waiter, counts: &mut Versions) {
        let queue = self.for_room.entry(waiter.at).or_default();
        if queue.is_empty() {
            self.turns.push_back(waiter.at);
        }
        queue.insert(waiter.id);
        self.room_until.insert((waiter.deadline, waiter.id));
        *self.room_sizes.entry(waiter.memory_mb).or_default() += 1;
        self.room_mb += u64::from(waiter.memory_mb);
        self.put_loose(waiter, Queue::Room, counts);
    }

    fn put_loose(&mut self, waiter: Waiter, queue: Queue, counts: &mut Versions) {
        counts.count_waiting(waiter.at.version, Step::Up);
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
    pub(super) fn next_of(&mut self, at: VersionAt, counts: &mut Versions) -> Option<Waiter> {
        if self.loose.is_empty() {
            return None;
        }
        let first = |queues: &FxHashMap<VersionAt, BTreeSet<WaiterId>>| queues.get(&at)?.first().copied();
        let id = first(&self.for_room).or_else(|| first(&self.for_finishing))?;
        self.take(id, counts)
    }

    /// Someone waits without an environment.
    pub(super) fn someone_is_loose(&self) -> bool {
        !self.loose.is_empty()
    }

    /// The longest waiting one for what is said of the version.
    pub(super) fn next_for_revision(&mut self, version: u32, counts: &mut Versions) -> Option<Waiter> {
        let id = self.for_revision.get(&version)?.first().copied()?;
        self.take(id, counts)
    }

    /// Of the versions whose next waiter needs less than `below_mb`, the one whose turn it is; it goes to the end
    /// of the line if more of it wait.
    pub(super) fn next_for_room(&mut self, below_mb: u32, counts: &mut Versions) -> Option<Waiter> {
        if self.room_sizes.keys().next().is_none_or(|least| *least >= below_mb) {
            return None;
        }
        let fits = |at: &VersionAt| {
            let id = self.for_room.get(at)?.first()?;
            let (waiter, _) = self.loose.get(id)?;
            (waiter.memory_mb < below_mb).then_some(*id)
        };
        let (turn, id) = self.turns.iter().enumerate().find_map(|(turn, at)| Some((turn, fits(at)?)))?;
        let at = self.turns.remove(turn)?;
        self.turns.push_back(at);
        self.take(id, counts)
    }

    /// Everyone whose generation is not used any more, oldest first; environments on their way are left without a waiter.
    pub(super) fn take_stale(&mut self, versions: &mut Versions) -> Vec<WaiterId> {
        let bound = self.bound.values().filter(|waiter| versions.is_stale(waiter.at)).map(|waiter| waiter.id);
        let loose = self.loose.values().map(|(waiter, _)| waiter);
        let loose = loose.filter(|waiter| versions.is_stale(waiter.at)).map(|waiter| waiter.id);
        let mut ids: Vec<WaiterId> = bound.chain(loose).collect();
        ids.sort_unstable();
        for id in &ids {
            self.remove(*id, versions);
        }
        ids
    }

    pub(super) fn expired_for_finishing(&mut self, now: Duration, counts: &mut Versions) -> Option<Waiter> {
        let (until, id) = self.finishing_until.first().copied()?;
        if until <= now { self.take(id, counts) } else { None }
    }

    pub(super) fn expired_for_room(&mut self, now: Duration, counts: &mut Versions) -> Option<Waiter> {
        let (until, id) = self.room_until.first().copied()?;
        if until <= now { self.take(id, counts) } else { None }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let first = |set: &BTreeSet<(Duration, WaiterId)>| set.first().map(|(until, _)| *until);
        first(&self.finishing_until).into_iter().chain(first(&self.room_until)).min()
    }

    /// It has gone. One bound to an environment leaves that without a waiter; the machine ends it when it comes up.
    pub(super) fn remove(&mut self, id: WaiterId, counts: &mut Versions) {
        match self.bound_by_id.remove(&id) {
            Some(environment) => drop(self.bound.remove(&environment)),
            None => drop(self.take(id, counts)),
        }
    }

    fn take(&mut self, id: WaiterId, counts: &mut Versions) -> Option<Waiter> {
        let (waiter, queue) = self.loose.remove(&id)?;
        counts.count_waiting(waiter.at.version, Step::Down);
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
            Queue::Revision => {
                take_from(&mut self.for_revision, waiter.at.version, id);
                return Some(waiter);
            }
        };
        if take_from(queues, waiter.at, id) && matches!(queue, Queue::Room) {
            self.turns.retain(|at| *at != waiter.at);
        }
        Some(waiter)
    }
}

/// `true` if it was the last one there.
fn take_from<K: Copy + Eq + Hash>(
    queues: &mut FxHashMap<K, BTreeSet<WaiterId>>,
    key: K,
    id: WaiterId,
) -> bool {
    let Some(ids) = queues.get_mut(&key) else { return false };
    ids.remove(&id);
    let last = ids.is_empty();
    if last {
        queues.remove(&key);
    }
    last
}
