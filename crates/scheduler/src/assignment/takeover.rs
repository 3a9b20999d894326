//! A new leader's beginning, and what workers say of themselves.
//!
//! ```text
//!            resume, Connected                 Reported (to the last greeting)
//! leased ───────────────────► greeted ───────────────────────► acknowledged ──► … ──► WorkerLost (dropped)
//!    └── accepted a Start of this epoch ──────────────────────────► ▲    │ Unreached: its idle ones are unknown again
//!                                 ▲ ─────────────────────────────────────┘ until it has said how they stand
//! ```
//! A worker is greeted again and again ([`Input::Connected`](super::Input::Connected)): what it has and we do not know is
//! stopped, what we know and it has not is dropped, a stop that it has not heard is said again, and what it calls free twice
//! under the same lease, while we take it to be granted, is free: the grant or the report was lost.
//!
//! An acknowledged worker refuses every older epoch, so that what its environments do is known to this leader alone.
//! Reconciliation judges only environments that the worker had accepted before it was asked: a report that crosses a
//! start on its way says nothing about that.

use super::environments::{Environments, Phase, Place};
use super::{Book, Effect, Fact, Held, HeldState, Machine, Settings};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::time::Duration;
use types::{EnvironmentId, WorkerId};

/// The workers that are leased to the partition.
#[derive(Debug, Default)]
pub(super) struct Workers {
    by_id: FxHashMap<WorkerId, Standing>,
    /// Of these, those that drain.
    draining: FxHashSet<WorkerId>,
    /// Greetings so far: numbers them.
    greets: u64,
}

#[derive(Debug, Default)]
struct Standing {
    /// Its last greeting: an answer to an older one is out of date.
    greet: u64,
    /// It has not been answered yet.
    asked: bool,
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

    /// Whether this greeting is its last, so that its answer is worth waiting for.
    pub fn awaits(&self, worker: &WorkerId, greet: u64) -> bool {
        self.workers.by_id.get(worker).is_some_and(|standing| standing.asked && standing.greet == greet)
    }

    /// Where an environment is, and with how much memory.
    pub fn seat_of(&self, environment: EnvironmentId) -> Option<(WorkerId, u32)> {
        let place = self.environments.find(environment)?;
        Some((self.environments.worker(place)?.clone(), self.environments[place].memory_mb))
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

    /// What was asked before now need not know of it.
    pub(super) fn born(&mut self, place: Place) {
        self.environments.birth(place).born = self.workers.greets;
    }

    /// Its worker took it, under this epoch.
    pub(super) fn accepted(&mut self, place: Place) {
        self.born(place);
        if let Some(worker) = self.environments.worker(place)
            && let Some(standing) = self.workers.by_id.get_mut(worker)
        {
            standing.acknowledged = true;
        }
    }

    /// One that placement names has to be known: whatever it has must be in the journal, or end.
    pub(super) fn connected(&mut self, worker: WorkerId, effects: &mut Vec<Effect>) {
        self.lease(&worker, effects);
        self.greet(worker, effects);
    }

    pub(super) fn unreached(&mut self, now: Duration, worker: WorkerId, effects: &mut Vec<Effect>) {
        let Some(standing) = self.workers.by_id.get_mut(&worker) else { return };
        // Otherwise the answer to its last greeting is still waited for.
        let ask = !standing.asked;
        for environment in self.environments.of_worker(&worker) {
            if let Some(place) = self.environments.is_in(environment, Phase::Idle) {
                self.environments.forget_idle(place);
                self.environments.enter(now, place, Phase::Unknown);
            }
        }
        if ask {
            self.greet(worker, effects);
        }
    }

    pub(super) fn draining(
        &mut self,
        now: Duration,
        worker: &WorkerId,
        draining: bool,
        effects: &mut Vec<Effect>,
    ) {
        if !draining {
            self.workers.draining.remove(worker);
            return;
        }
        if !self.workers.by_id.contains_key(worker) {
            return;
        }
        self.workers.draining.insert(worker.clone());
        for environment in self.environments.of_worker(worker) {
            if let Some(place) = self.environments.is_in(environment, Phase::Idle) {
                self.environments.forget_idle(place);
                self.stop(now, place, effects);
            }
        }
    }

    /// Whether it is on a worker that drains.
    pub(super) fn drains(&self, place: Place) -> bool {
        // The warm path: no worker is looked up while none drains.
        !self.workers.draining.is_empty()
            && self.environments.worker(place).is_some_and(|worker| self.workers.draining.contains(worker))
    }

    pub(super) fn greet(&mut self, worker: WorkerId, effects: &mut Vec<Effect>) {
        let Some(standing) = self.workers.by_id.get_mut(&worker) else { return };
        self.workers.greets += 1;
        standing.greet = self.workers.greets;
        standing.asked = true;
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
        (standing.acknowledged, standing.asked) = (true, false);
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
            return self.mend(now, place, held, effects);
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

    /// One that we know: whether a word of its worker, or to it, was lost.
    fn mend(&mut self, now: Duration, place: Place, held: Held, effects: &mut Vec<Effect>) {
        let Held { environment, token, state } = held;
        let phase = self.environments.phase(place);
        let granted = matches!(phase, Phase::Busy | Phase::Finishing | Phase::Warming);
        let old = self.environments.since(place) + self.settings.unheard_max <= now;
        let ours = self.environments[place].token;
        let free = (granted && old && state == HeldState::Free).then_some((ours, token));
        let birth = self.environments.birth(place);
        let twice = free.is_some() && birth.called_free == free;
        birth.called_free = free.filter(|_| !twice);
        if twice {
            return self.idle(now, environment, ours, effects);
        }
        if phase == Phase::Stopping && state != HeldState::Ending {
            if let Some(worker) = self.environments.worker(place).cloned() {
                effects.push(Effect::Stop { environment, worker });
            }
        } else if phase == Phase::Idle && state == HeldState::Ending {
            self.environments.forget_idle(place);
            self.environments.enter(now, place, Phase::Stopping);
        }
    }

    pub(super) fn worker_lost(&mut self, worker: &WorkerId, effects: &mut Vec<Effect>) {
        if self.workers.by_id.remove(worker).is_none() {
            return;
        }
        self.workers.draining.remove(worker);
        // One fact for all that it had.
        effects.push(Effect::Journal(Fact::WorkerLost { worker: worker.clone() }));
        for environment in self.environments.of_worker(worker) {
            self.drop_one(environment, effects);
        }
    }
}
