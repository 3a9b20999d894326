//! The simulator itself: that a seed is one run, that its store keeps the traits' promises, that what is broken on
//! purpose is found, and the seeds that once failed.

use super::store::{MemoryKv, MemoryLog};
use super::*;
use std::sync::Arc;
use substrate::conformance;
use world::World;

const SHORT: Duration = Duration::from_secs(15);

fn run(seed: u64, trouble: Duration, mutation: Mutation) -> Found {
    Run { mutation, ..Run::new(seed, trouble) }.run()
}

#[test]
fn a_seed_gives_one_trace_and_another_seed_another() {
    let hashes = [3, 3, 4].map(|seed| {
        let found = run(seed, SHORT, Mutation::None);
        (found.trace.hash(), found.trace.steps(), found.counts)
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0].0, hashes[2].0);
    assert!(hashes[0].2.served > 0, "{:?}", hashes[0].2);
}

#[tokio::test]
async fn the_store_in_memory_keeps_what_every_provider_promises() {
    conformance::kv(Arc::new(MemoryKv::default())).await;
    conformance::log(&World::real(), Arc::new(MemoryLog::default())).await;
}

/// Seeds of a minute that failed once, each with what it found.
const FAILED_ONCE: &[(u64, u64, &str)] = &[(
    250,
    15,
    "a worker that restarted was no more its partition's: an environment that it was starting was given up while it ran",
)];

#[test]
fn seeds_that_failed_once_fail_no_more() {
    for (seed, seconds, what) in FAILED_ONCE {
        let found = run(*seed, Duration::from_secs(*seconds), Mutation::None);
        assert_eq!(found.broken, None, "seed {seed} once found: {what}");
    }
}

/// A few, so that whoever changes a service hears of it at once; `cargo xtask test --only sim` runs a thousand.
#[test]
fn whatever_goes_wrong_every_invariant_holds_and_all_is_in_order_afterwards() {
    for seed in 0..20 {
        let found = run(seed, SHORT, Mutation::None);
        let seconds = SHORT.as_secs_f64() / 60.0;
        assert_eq!(found.broken, None, "cargo xtask sim --seed {seed} --minutes {seconds}");
    }
}

#[test]
fn a_fence_that_is_taken_down_is_missed() {
    for (name, mutation) in Mutation::ALL {
        let found = (0..40).find_map(|seed| run(seed, Duration::from_secs(30), mutation).broken);
        assert!(found.is_some(), "no seed finds {name}");
    }
}
