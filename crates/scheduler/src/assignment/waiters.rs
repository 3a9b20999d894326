//! Acquires without an answer yet: bound to an environment on its way, waiting for one that finishes, or
//! queueing for room, a queue per version, the versions taking turns.

use super::WaiterId;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use types::{EnvironmentId, LeaseToken, VersionKey};

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
    loose: BTreeMap<WaiterId, (Waiter, Queue)>,
    for_finishing: FxHashMap<VersionKey, VecDeque<WaiterId>>,
    for_room: FxHashMap<VersionKey, VecDeque<WaiterId>>,
    /// Versions with someone in `for_room`, in the order of their turns.
    turns: VecDeque<VersionKey>,
    finishing_until: BTreeSet<(Duration, WaiterId)>,
    room_until: BTreeSet<(Duration, WaiterId)>,
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
        let same = |waiter: &Waiter| waiter.key.account == key.account && waiter.key.region == key.region;
        self.loose.values().filter(|(waiter, _)| same(waiter)).count()
    }

    pub(super) fn for_finishing(&self, key: &VersionKey) -> usize {
        self.for_finishing.get(key).map_or(0, VecDeque::len)
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
        self.for_finishing.entry(waiter.key.clone()).or_default().push_back(waiter.id);
        self.finishing_until.insert((until, waiter.id));
        self.loose.insert(waiter.id, (waiter, Queue::Finishing { until }));
    }

    pub(super) fn wait_for_room(&mut self, waiter: Waiter) {
        let queue = self.for_room.entry(waiter.key.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(waiter.key.clone());
        }
        queue.push_back(waiter.id);
        self.room_until.insert((waiter.deadline, waiter.id));
        self.loose.insert(waiter.id, (waiter, Queue::Room));
    }

    pub(super) fn someone_needs_room(&self) -> bool {
        !self.room_until.is_empty()
    }

    /// The longest waiting one of this version: for room first, since it asked before.
    pub(super) fn next_of(&mut self, key: &VersionKey) -> Option<Waiter> {
        let first = |queues: &FxHashMap<VersionKey, VecDeque<WaiterId>>| queues.get(key)?.front().copied();
        let id = first(&self.for_room).or_else(|| first(&self.for_finishing))?;
        self.take(id)
    }

    /// The version whose turn it is; it goes to the end of the line if more of it wait.
    pub(super) fn next_for_room(&mut self) -> Option<Waiter> {
        let key = self.turns.front()?.clone();
        let id = self.for_room.get(&key)?.front().copied()?;
        let waiter = self.take(id);
        if self.turns.front() == Some(&key) {
            self.turns.rotate_left(1);
        }
        waiter
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
        let queues = match queue {
            Queue::Finishing { until } => {
                self.finishing_until.remove(&(until, id));
                &mut self.for_finishing
            }
            Queue::Room => {
                self.room_until.remove(&(waiter.deadline, id));
                &mut self.for_room
            }
        };
        if let Some(ids) = queues.get_mut(&waiter.key) {
            ids.retain(|other| *other != id);
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
