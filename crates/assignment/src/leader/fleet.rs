//! The partition's workers, as placement names them: who serves it, who drains, who is lost.
//!
//! ```text
//!            placement names it                placement does not            so for a lease time of answers
//!  unknown ─────────────────────► listed ◄───────────────────────► absent ─────────────────────────────────► lost
//!                                   │ drains ─► nothing new, what is idle ends                     (its environments are gone)
//!                                   └ now and then ─► greeted again
//! ```
//! Absence counts only between one answer of placement and the next: a placement that is silent, or a new leader of it that
//! knows nobody yet, deposes nobody. A worker that placement has given up has fenced itself before; one that only a new
//! leader of placement does not know does so in a lease time from its last answered heartbeat, which was before the first
//! answer in which it was missing.
//!
//! What placement says is lost is gone if its worker is not ours any more; if it is, the worker knows better, and is asked.

use super::Leader;
use fabric::placement::{LeaseWorkers, Leases};
use scheduler::assignment::Input;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;
use types::{EnvironmentId, WorkerId};
use world::Instant;

/// How often placement is asked: a loss is known so much later.
const EVERY: Duration = Duration::from_secs(1);
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Between two answers no more than this counts as absence: while this process stood still it has seen nobody.
const GAP_MAX: Duration = Duration::from_secs(3);
/// How often every worker is asked what it has.
const GREET_EVERY: Duration = Duration::from_secs(10);
/// The most that was asked for in one of so many looks is room that is wanted ahead.
const DEMAND_LOOKS: usize = 10;

/// What is known of the fleet.
#[derive(Debug, Default)]
struct Fleet {
    heard: u64,
    /// The last answer, if nothing has failed since.
    answered: Option<Instant>,
    greeted: Option<Instant>,
    absent: BTreeMap<WorkerId, Duration>,
    draining: BTreeSet<WorkerId>,
    asked_mb: VecDeque<u64>,
}

/// Asks placement, for as long as the leader leads.
pub(super) async fn watch(me: Weak<Leader>) {
    let mut fleet = Fleet::default();
    loop {
        let Some(leader) = me.upgrade() else { return };
        if leader.lock().closed.is_some() {
            return;
        }
        let free_mb = fleet.wants(leader.asked_mb.swap(0, Ordering::Relaxed));
        let message = LeaseWorkers { partition: leader.parts.partition, free_mb, heard: fleet.heard };
        let world = leader.parts.world.clone();
        match world.timeout(LIMIT, leader.parts.placement.lease(message)).await {
            Some(Ok(leases)) => {
                let inputs = leader.compare(&mut fleet, world.now(), &leases);
                inputs.into_iter().for_each(|input| leader.tell(input));
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "placement does not name the partition's workers");
                fleet.answered = None;
            }
            None => fleet.answered = None,
        }
        drop(leader);
        world.clock.sleep(EVERY).await;
    }
}

impl Leader {
    fn compare(&self, fleet: &mut Fleet, now: Instant, leases: &Leases) -> Vec<Input> {
        let state = self.lock();
        let known = state.machine.workers();
        fleet.hear(now, leases, &known, |environment| Some(state.machine.seat_of(environment)?.0))
    }
}

impl Fleet {
    /// The room that is wanted ahead, after so much was asked for since the last look.
    fn wants(&mut self, asked_mb: u64) -> u64 {
        self.asked_mb.push_back(asked_mb);
        if self.asked_mb.len() > DEMAND_LOOKS {
            self.asked_mb.pop_front();
        }
        self.asked_mb.iter().copied().max().unwrap_or(0)
    }

    /// What follows from an answer. `known` are the workers in the journal, `whose` says where an environment is.
    fn hear(
        &mut self,
        now: Instant,
        leases: &Leases,
        known: &BTreeSet<WorkerId>,
        whose: impl Fn(EnvironmentId) -> Option<WorkerId>,
    ) -> Vec<Input> {
        let passed = self.answered.map_or(Duration::ZERO, |answered| now.since(answered)).min(GAP_MAX);
        self.answered = Some(now);
        self.heard = leases.heard;
        let listed: BTreeSet<WorkerId> = leases.workers.iter().cloned().collect();
        let mut inputs = Vec::new();
        let mut greet: BTreeSet<WorkerId> = listed.difference(known).cloned().collect();
        greet.extend(listed.iter().filter(|worker| self.absent.remove(*worker).is_some()).cloned());
        if leases.incomplete || self.is_time_to_greet(now) {
            greet.extend(listed.iter().cloned());
        }
        for &environment in &leases.lost {
            match whose(environment) {
                Some(worker) if listed.contains(&worker) => drop(greet.insert(worker)),
                Some(_) => inputs.push(Input::Gone { environment }),
                None => {}
            }
        }
        self.absent.retain(|worker, _| known.contains(worker));
        for worker in known.difference(&listed) {
            let absent = self.absent.entry(worker.clone()).or_default();
            *absent += passed;
            if *absent >= leases.lease {
                tracing::warn!(%worker, "a worker is lost");
                self.absent.remove(worker);
                inputs.push(Input::WorkerLost { worker: worker.clone() });
            }
        }
        inputs.extend(greet.into_iter().map(|worker| Input::Connected { worker }));
        self.follow_draining(&leases.draining, &mut inputs);
        inputs
    }

    fn is_time_to_greet(&mut self, now: Instant) -> bool {
        // At its beginning the leader has greeted everybody already.
        let since = *self.greeted.get_or_insert(now);
        let due = now.since(since) >= GREET_EVERY;
        if due {
            self.greeted = Some(now);
        }
        due
    }

    fn follow_draining(&mut self, draining: &[WorkerId], inputs: &mut Vec<Input>) {
        let draining: BTreeSet<WorkerId> = draining.iter().cloned().collect();
        let tell = |worker: &WorkerId, draining| Input::Draining { worker: worker.clone(), draining };
        // Said each time, since a worker that was lost and is back has begun anew.
        inputs.extend(draining.iter().map(|worker| tell(worker, true)));
        inputs.extend(self.draining.difference(&draining).map(|worker| tell(worker, false)));
        self.draining = draining;
    }
}

#[cfg(test)]
mod tests;
