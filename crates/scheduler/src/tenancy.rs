//! The worker's fences: for how long it serves and whom, whose word it takes, and who may use what it has.
//!
//! ```text
//!              join answered                   orders, or a start, name a partition
//!  Outside ──────────────────► Member: idle ───────────────────────────────────────► Member: serves P
//!     ▲                          │    ▲ └── told `unknown`: joins again with what it has ──┘ │  │ orders name another,
//!     │                          │    └─────────────────────────────────────────────────────│──┘ or none: what is of P
//!     │   the lease runs out     │                                                          │      ends at once
//!     └─ (fenced: all ends) ◄────┴──────────────────────────────────────────────────────────┘
//! ```
//! [`Table`] is what a worker has; [`Grant`] says who may use one environment next, [`LeaseClock`] until when the worker
//! serves, [`Standing`] whom, [`Membership`] what it says to placement. An epoch below the highest that was seen of its
//! partition is refused, whatever it asks for. The worker and the simulator's model of it drive the same code: what an
//! environment is made of (`S`) is theirs.

mod grant;
mod lease;
mod membership;

pub use grant::{Grant, GrantState, NotTaken};
pub use lease::{LeaseClock, Standing};
pub use membership::{Answer, Heard, Membership, Orders, Speech};

use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;
use types::{EnvironmentId, Epoch, PartitionId, VersionKey};

/// How often a report that must arrive is tried, how long one try may take, and how long until it is asked again who leads.
pub const GONE_TRIES: u32 = 3;
pub const REPORT_LIMIT: Duration = Duration::from_secs(2);
pub const LEADER_LOOK: Duration = Duration::from_millis(50);

/// An environment's seat, as its table ends it.
pub trait Seated {
    /// Asks it to end: now if idle, else after its invocation.
    fn stop(&self);
    /// Ends it at once, whatever it does.
    fn fence(&self);
}

impl<S: Seated> Seated for Arc<S> {
    fn stop(&self) {
        S::stop(self);
    }
    fn fence(&self) {
        S::fence(self);
    }
}

/// One environment, as the table knows it.
#[derive(Debug)]
pub struct Place<S> {
    pub seat: S,
    pub partition: PartitionId,
    pub key: VersionKey,
    pub memory_mb: u32,
}

/// Whose word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub partition: PartitionId,
    pub epoch: Epoch,
}

/// Why an environment is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMade {
    Stale,
    Draining,
    NotLeased,
}

/// Whether there is anything to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    New,
    /// Said twice: it is on its way.
    Known,
}

/// Why an invocation finds no seat, or a leader none to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSeat {
    Stale,
    Gone,
}

/// An epoch below the highest seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated;

/// What a worker has.
#[derive(Debug)]
pub struct Table<S> {
    seats: FxHashMap<EnvironmentId, Place<S>>,
    /// No invocation finds these any more, but they are not gone: their room is in use until they say so.
    ending: FxHashMap<EnvironmentId, Place<S>>,
    epochs: FxHashMap<PartitionId, Epoch>,
    draining: bool,
    /// `None`: nobody leases this worker, and it serves whoever asks.
    standing: Option<Standing>,
    clock: Arc<LeaseClock>,
}

impl<S: Seated> Table<S> {
    /// Of a worker with no environments that nobody leases.
    pub fn new(clock: Arc<LeaseClock>) -> Self {
        let (seats, ending, epochs) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        Self { seats, ending, epochs, draining: false, standing: None, clock }
    }

    pub fn clock(&self) -> &LeaseClock {
        &self.clock
    }

    /// Remembers the highest epoch of a partition; `false` for one below it.
    fn admits(&mut self, Word { partition, epoch }: Word) -> bool {
        let highest = self.epochs.entry(partition).or_insert(epoch);
        *highest = epoch.max(*highest);
        epoch == *highest
    }

    /// A leader wants an environment made: an environment of its partition, or, of a worker that has nothing, a new one's, of
    /// which placement knew before the worker does. Who is told `New` inserts it.
    pub fn make(&mut self, now: Duration, word: Word, environment: EnvironmentId) -> Result<Making, NotMade> {
        if !self.admits(word) {
            return Err(NotMade::Stale);
        }
        if self.draining {
            return Err(NotMade::Draining);
        }
        if self.seats.contains_key(&environment) {
            return Ok(Making::Known);
        }
        if !self.clock.runs(now) {
            self.fence();
            return Err(NotMade::NotLeased);
        }
        let empty = self.seats.is_empty() && self.ending.is_empty();
        let standing = self.standing.as_mut();
        let serves = standing.is_none_or(|standing| standing.take_on(word.partition, empty, now));
        if serves { Ok(Making::New) } else { Err(NotMade::NotLeased) }
    }

    pub fn insert(&mut self, environment: EnvironmentId, place: Place<S>) {
        self.seats.insert(environment, place);
    }

    /// The seat that an invocation of this word is for. Under one lock with its [`Grant`]: what an acknowledged epoch was told
    /// of a seat is not changed by an older lease.
    pub fn enter(&mut self, now: Duration, word: Word, environment: EnvironmentId) -> Result<&S, NoSeat> {
        // Also where no timer has come to it yet, as after a pause.
        if !self.clock.runs(now) {
            self.fence();
            return Err(NoSeat::Gone);
        }
        if !self.admits(word) {
            return Err(NoSeat::Stale);
        }
        self.seats.get(&environment).map(|place| &place.seat).ok_or(NoSeat::Gone)
    }

    /// A leader wants an environment to end; what is ending already says itself when it is gone.
    pub fn stop(&mut self, word: Word, environment: EnvironmentId) -> Result<(), NoSeat> {
        if !self.admits(word) {
            return Err(NoSeat::Stale);
        }
        match self.seats.get(&environment) {
            Some(place) => place.seat.stop(),
            None if self.ending.contains_key(&environment) => {}
            None => return Err(NoSeat::Gone),
        }
        Ok(())
    }

    /// A new leader, or one that asks again: whoever of an older epoch comes later is refused, and what came earlier is in the
    /// answer: the environments of its partition, and whether they are on their way out.
    pub fn acknowledge(
        &mut self,
        word: Word,
    ) -> Result<impl Iterator<Item = (EnvironmentId, &S, bool)>, Outdated> {
        if !self.admits(word) {
            return Err(Outdated);
        }
        let own = self.all().filter(move |(_, place, _)| place.partition == word.partition);
        Ok(own.map(|(id, place, ending)| (id, &place.seat, ending)))
    }

    /// Everything that is here, and whether it is on its way out.
    pub fn all(&self) -> impl Iterator<Item = (EnvironmentId, &Place<S>, bool)> {
        let all = self.seats.iter().map(|(id, place)| (*id, place, false));
        all.chain(self.ending.iter().map(|(id, place)| (*id, place, true)))
    }

    /// No invocation finds this environment any more.
    pub fn forget(&mut self, id: EnvironmentId) {
        if let Some(place) = self.seats.remove(&id) {
            self.ending.insert(id, place);
        }
    }

    /// Nothing of it is left.
    pub fn left(&mut self, id: EnvironmentId) {
        self.ending.remove(&id);
    }

    /// Nothing new; idle environments end now, busy ones after their invocation.
    pub fn drain(&mut self) {
        self.draining = true;
        self.seats.values().for_each(|place| place.seat.stop());
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// From now on it serves under a lease, which has not begun.
    pub fn bind(&mut self) {
        self.standing = Some(Standing::default());
        self.fence();
    }

    /// The lease is over: everything ends at once, and nothing is taken until another begins.
    pub fn fence(&mut self) {
        self.clock.end();
        if let Some(standing) = &mut self.standing {
            standing.fence();
        }
        self.fence_all_but(None);
    }

    fn fence_all_but(&self, stays: Option<PartitionId>) {
        let all = self.seats.values().chain(self.ending.values());
        all.filter(|place| stays != Some(place.partition)).for_each(|place| place.seat.fence());
    }

    /// Placement has answered what was sent at `sent`: the lease is counted from there, and what is not of the partition ends
    /// at once. A lease that has run out meanwhile is not renewed: only joining begins another. `false`: fenced.
    pub fn renew(&mut self, sent: Duration, now: Duration, orders: &Orders, begins: bool) -> bool {
        if !begins && !self.clock.runs(now) {
            self.fence();
            return false;
        }
        if let Some(standing) = &mut self.standing {
            let stays = standing.told(orders.partition, sent);
            self.fence_all_but(stays);
        }
        self.clock.runs_until(sent.saturating_add(orders.lease));
        true
    }

    /// For whom it has what it has, and what that is, in order.
    pub fn residents(&self) -> (Option<PartitionId>, Vec<(EnvironmentId, &Place<S>)>) {
        let all = self.seats.iter().chain(self.ending.iter());
        let mut all: Vec<_> = all.map(|(id, place)| (*id, place)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        (self.standing.as_ref().and_then(Standing::partition), all)
    }

    pub fn ids(&self) -> Vec<EnvironmentId> {
        self.seats.keys().chain(self.ending.keys()).copied().collect()
    }

    /// Whether it is there, if only on its way out.
    pub fn knows(&self, id: EnvironmentId) -> bool {
        self.seats.contains_key(&id) || self.ending.contains_key(&id)
    }

    /// Environments that are not gone.
    pub fn len(&self) -> usize {
        self.seats.len() + self.ending.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
