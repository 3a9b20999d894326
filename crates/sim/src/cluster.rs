//! `cargo xtask sim --seed N`: a whole cluster in one thread and in virtual time, with everything that goes wrong.
//!
//! ```text
//!  store │ assignment ×2-3 │ placement ×2 │ workers ×3-6 │ frontends ×2        machines (`machines`)
//!        └──────── calls as packets (`network`), requests to the store (`store`) ────────┘
//!  seed ─► executor (`executor`) ─► load (`load`) and faults (`chaos`) ─► all heals ─► quiet ─► last checks (`checks`)
//!                  └── after every step: what must hold at any moment (`ledger`)
//! ```
//! The assignment service, its election, journal, leader and machine are the real ones, as is the placement service with
//! its planner. Workers, frontends and the store are models of a few hundred lines. docs/simulator.md says more.

mod chaos;
mod checks;
mod executor;
mod ledger;
mod load;
mod machines;
mod network;
mod records;
mod router;
mod store;
mod tenancy;
mod trace;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use ledger::Counts;
pub(crate) use trace::Trace;
pub(crate) use worker::Mutation;

use chaos::Chaos;
use executor::Executor;
use machines::Machines;
use std::time::Duration;

/// From when everything is well again until everything must be in order: the longest lease, the longest wait of an
/// acquire and of its worker, and as much again.
const SETTLE: Duration = Duration::from_secs(60);

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    /// How long there is load and trouble.
    pub(crate) trouble: Duration,
    /// Every line is kept.
    pub(crate) whole_trace: bool,
    pub(crate) mutation: Mutation,
}

/// What it came to.
pub(crate) struct Found {
    pub(crate) broken: Option<String>,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
}

impl Run {
    pub(crate) fn new(seed: u64, trouble: Duration) -> Self {
        Self { seed, trouble, whole_trace: false, mutation: Mutation::None }
    }

    pub(crate) fn run(&self) -> Found {
        let executor = Executor::new(self.seed, Trace::new(self.whole_trace));
        let machines = Machines::start(&executor, self.mutation);
        let chaos = Chaos::start(&machines, self.trouble);
        let ledger = machines.ledger.clone();
        executor.run(self.trouble, || ledger.check());
        chaos.stop();
        machines.heal();
        executor.note(format_args!("all is well again"));
        executor.run(self.trouble + SETTLE, || ledger.check());
        if executor.broken().is_none() {
            checks::start(&machines);
            executor.run(self.trouble + 3 * SETTLE, || ledger.check());
            if executor.broken().is_none() && !executor.is_over() {
                executor.fail("the last checks did not come to their end".to_owned());
            }
        }
        let counts = ledger.counts();
        machines.end();
        let broken = executor.broken();
        Found { broken, counts, trace: executor.take_trace() }
    }
}
