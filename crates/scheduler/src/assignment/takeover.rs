//! A new leader's beginning, and what workers say of themselves.
//!
//! ```text
//!            resume, Connected                 Reported (to the last greeting)
//! leased ───────────────────► greeted ───────────────────────► acknowledged ──► … ──► WorkerLost (dropped)
//!    └── accepted a Start of this epoch ──────────────────────────► ▲
//! ```
//! An acknowledged worker refuses every older epoch, so that what its environments do is known to this leader alone.
//! Reconciliation judges only environments that the worker had accepted before it was asked: a report that crosses a
//! start on its way says nothing about that.

use super::environments::{Environments, Phase, Place};
use super::{Book, Effect, Fact, Held, HeldState, Machine, Settings};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::time::Duration;
use types::WorkerId;

/// The workers that are leased to the partition.
#[derive(Debug, Default)]
pub(super) struct Workers {
    by_id: FxHashMap<WorkerId, Standing>,
    /// Greetings so far: numbers them.
    greets: u64,
}

#[derive(Debug, Default)]
struct Standing {
    /// Its last greeting: an answer to an older one is out of date.
    greet: u64,
    acknowledged: bool,
}

impl Machine {
    /// The machine of a new leader, after `EpochBegun` was appended: every environment of the book is unknown, every
    /// worker of it is greeted.
    pub fn resume(settings: Settings, book: &Book, now: Duration, effects: &mut Vec<Effect>) -> Self {
        let mut machine = Self::new(settings);
        for (&id, entry) in book.environments() {
            machine.environments.unknown(now, id, entry);
        }
        for worker in book.workers() {
            machine.workers.by_id.insert(worker.clone(), Standing::default());
            machine.greet(worker.clone(), effects);
        }
        machine
    }

    /// Whether the worker has taken this epoch: only then is anything of it granted.
    pub fn is_acknowledged(&self, worker: &WorkerId) -> bool {
        self.workers.by_id.get(worker).is_some_and(|standing| standing.acknowledged)
    }

    /// Whether every worker has: from then on nothing that a deposed leader grants is taken anywhere.
    pub fn is_acknowledged_by_all(&self) -> bool {
        self.workers.by_id.values().all(|standing| standing.acknowledged)
    }

    /// Whether the worker is leased to the partition.
    pub fn is_leased(&self, worker: &WorkerId) -> bool {
        self.workers.by_id.contains_key(worker)
    }

    /// Workers with a lease, in order.
    pub fn workers(&self) -> BTreeSet<WorkerId> {
        self.workers.by_id.keys().cloned().collect()
    }

    pub(super) fn environments(&self) -> &Environments {
        &self.environments
    }

    /// Something is placed on it: from now on it is one of the partition's.
    pub(super) fn lease(&mut self, worker: &WorkerId, effects: &mut Vec<Effect>) {
        if !self.workers.by_id.contains_key(worker) {
            self.workers.by_id.insert(worker.clone(), Standing::default());
            effects.push(Effect::Journal(Fact::WorkerLeased { worker: worker.clone() }));
        }
    }

    /// Its worker took it, under this epoch.
    pub(super) fn accepted(&mut self, place: Place) {
        self.environments.birth(place).born = self.workers.greets;
        if let Some(worker) = self.environments.worker(place)
            && let Some(standing) = self.workers.by_id.get_mut(worker)
        {
            standing.acknowledged = true;
        }
    }

    pub(super) fn greet(&mut self, worker: WorkerId, effects: &mut Vec<Effect>) {
        let Some(standing) = self.workers.by_id.get_mut(&worker) else { return };
        self.workers.greets += 1;
        standing.greet = self.workers.greets;
        effects.push(Effect::Greet { worker, greet: standing.greet });
    }

    pub(super) fn reported(
        &mut self,
        now: Duration,
        worker: &WorkerId,
        greet: u64,
        held: Vec<Held>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(standing) = self.workers.by_id.get_mut(worker) else { return };
        if standing.greet != greet {
            return;
        }
        standing.acknowledged = true;
        let mut there = BTreeSet::new();
        for held in held {
            if there.insert(held.environment) {
                self.compare(now, worker, held, effects);
            }
        }
        for environment in self.environments.of_worker(worker) {
            let Some(place) = self.environments.find(environment) else { continue };
            let starting = self.environments.phase(place) == Phase::Starting;
            let younger = self.environments.birth(place).born >= greet;
            if !there.contains(&environment) && !starting && !younger {
                self.forget(environment, effects);
            }
        }
    }

    /// One that the worker has: known, or to be ended.
    fn compare(&mut self, now: Duration, worker: &WorkerId, held: Held, effects: &mut Vec<Effect>) {
        let Held { environment, token, state } = held;
        let known = self.environments.find(environment);
        let known = known.filter(|place| self.environments.worker(*place) == Some(worker));
        let Some(place) = known else {
            if state != HeldState::Ending {
                effects.push(Effect::Stop { environment, worker: worker.clone() });
            }
            return;
        };
        if self.environments.phase(place) != Phase::Unknown {
            return;
        }
        let heard_idle = self.environments.birth(place).heard_idle == Some(token);
        let env = &mut self.environments[place];
        env.token = token;
        let quarantined = env.quarantined;
        match state {
            HeldState::Ending => drop(self.environments.enter(now, place, Phase::Stopping)),
            _ if quarantined => self.stop(now, place, effects),
            HeldState::Free => {
                self.environments.enter(now, place, Phase::Busy);
                self.idle(now, environment, token, effects);
            }
            HeldState::Taken => {
                self.environments.enter(now, place, Phase::Busy);
                // Its word that it is idle overtook the report.
                if heard_idle {
                    self.idle(now, environment, token, effects);
                }
            }
        }
    }

    pub(super) fn worker_lost(&mut self, worker: &WorkerId, effects: &mut Vec<Effect>) {
        if self.workers.by_id.remove(worker).is_none() {
            return;
        }
        // One fact for all that it had.
        effects.push(Effect::Journal(Fact::WorkerLost { worker: worker.clone() }));
        for environment in self.environments.of_worker(worker) {
            self.drop_one(environment, effects);
        }
    }
}
