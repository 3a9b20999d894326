//! When a worker says what to placement, and what follows from the answers.
//!
//! ```text
//!          orders                          told `unknown`: joins again with what it has
//!  join ───────────► beat ⟲ (orders.next) ────────────────────────────────────────────► join
//!   ▲ no answer: again      │ the lease ran out: fenced
//!   └───────────────────────┘
//! ```

use super::{Seated, Table};
use std::time::Duration;
use types::{EnvironmentId, PartitionId};

/// How soon what was not answered is said again: a placement leader's failover takes a second.
const AGAIN: Duration = Duration::from_millis(500);
/// Heartbeats are never closer than this, whatever the orders say.
const NEXT_MIN: Duration = Duration::from_millis(50);
/// How long one call may take: as often as heartbeats are.
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    pub partition: Option<PartitionId>,
    pub lease: Duration,
    pub next: Duration,
    pub drain: bool,
    pub list: bool,
}

/// What there is to be said now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// With everything that is here; otherwise a heartbeat.
    pub joins: bool,
    /// Everything that is here is to be in the heartbeat, too.
    pub lists: bool,
    sent: Duration,
    /// No lease ran: the answer begins one.
    begins: bool,
    said: Vec<EnvironmentId>,
}

impl Speech {
    pub fn sent(&self) -> Duration {
        self.sent
    }
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Orders(Orders),
    /// Placement knows no such worker.
    Unknown,
    /// None in time, or an error.
    Silence,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The lease had run out: everything has been fenced, and it joins again at once.
    Fenced,
    /// It goes on; `drain`: with nothing new.
    Goes { joined: bool, drain: bool },
    /// Nothing, for now.
    Nothing,
}

/// A worker's membership in the fleet.
#[derive(Debug)]
pub struct Membership {
    /// The leader of placement knows us, as far as we know.
    joined: bool,
    /// Placement wants to hear what is here.
    listing: bool,
    /// When something is to be said next.
    next: Duration,
}

impl Membership {
    pub fn new(now: Duration) -> Self {
        Self { joined: false, listing: false, next: now }
    }

    pub fn is_joined(&self) -> bool {
        self.joined
    }

    pub fn next(&self) -> Duration {
        self.next
    }

    /// What is to be said, which is due.
    pub fn speak<S: Seated>(&self, table: &Table<S>, now: Duration) -> Speech {
        let said = if self.joined { Vec::new() } else { table.ids() };
        Speech {
            joins: !self.joined,
            lists: self.joined && self.listing,
            sent: now,
            // Of a worker that only a new leader does not know the lease goes on, and may end while it joins.
            begins: !table.clock().runs(now),
            said,
        }
    }

    /// How long an answer is waited for: not for longer than the lease runs, if one does, since what follows from its end
    /// must not wait.
    pub fn patience<S: Seated>(table: &Table<S>, now: Duration) -> Duration {
        let left = table.clock().until().saturating_sub(now);
        if left.is_zero() { CALL_LIMIT } else { left.min(CALL_LIMIT) }
    }

    pub fn hear<S: Seated>(
        &mut self,
        table: &mut Table<S>,
        speech: &Speech,
        answer: Answer,
        now: Duration,
    ) -> Heard {
        match answer {
            Answer::Orders(orders) => {
                if !table.renew(speech.sent, now, &orders, speech.joins && speech.begins) {
                    self.fenced(table, now);
                    return Heard::Fenced;
                }
                if speech.joins {
                    // What went while it was said may have been given back before it was counted: then it is all said once
                    // more, instead of the next heartbeat.
                    self.joined = speech.said.iter().all(|id| table.knows(*id));
                }
                self.listing = orders.list;
                self.next = speech.sent.saturating_add(orders.next.max(NEXT_MIN));
                Heard::Goes { joined: speech.joins, drain: orders.drain }
            }
            // At once: whoever leads now has to know what is here.
            Answer::Unknown if self.joined => {
                self.joined = false;
                Heard::Nothing
            }
            Answer::Unknown | Answer::Silence => {
                self.next = now + AGAIN;
                Heard::Nothing
            }
        }
    }

    /// The lease ran out: everything ends, and only joining begins another.
    pub fn fenced<S: Seated>(&mut self, table: &mut Table<S>, now: Duration) {
        table.fence();
        (self.joined, self.next) = (false, now);
    }
}
