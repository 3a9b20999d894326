//! Small runs: the books are compared every virtual second inside the simulation.

use super::*;

fn small(seed: u64, workers_max: u32, worker_mb: u64) -> Simulation {
    let settings = Settings {
        seed,
        sampled: 2,
        rate: 20.0,
        curve: trace::Curve { warm_up: Duration::from_secs(120), all: Duration::from_secs(420) },
        workers_max,
        worker_mb,
        worker_cpu_milli: 0,
        start: Duration::from_millis(100),
        placement: scheduler::placement::Settings::default(),
        assignment: scheduler::assignment::Settings {
            concurrency_max: u32::MAX,
            idle_max: Duration::from_secs(60),
            ..scheduler::assignment::Settings::default()
        },
    };
    let mut simulation = Simulation::new(settings);
    simulation.run();
    simulation
}

#[test]
fn a_seed_gives_one_run_and_another_seed_another() {
    let (one, same, other) = (small(7, 100, 4_096), small(7, 100, 4_096), small(8, 100, 4_096));
    assert_eq!((&one.counts, &one.seconds), (&same.counts, &same.seconds));
    assert_ne!(one.counts, other.counts);
    assert!(one.counts.warm > one.counts.cold && one.counts.cold > 0, "{:?}", one.counts);
}

#[test]
fn a_fleet_that_may_grow_refuses_little_and_one_that_may_not_refuses() {
    let (grows, stays) = (small(1, 1_000, 4_096), small(1, 6, 1_024));
    assert!(grows.counts.refused * 100 < grows.counts.warm, "{:?}", grows.counts);
    assert!(stays.counts.refused > grows.counts.refused, "{:?}", stays.counts);
    assert!(stays.seconds.iter().all(|second| second.workers <= 6));
}

#[test]
fn the_whole_fleet_is_filled_without_a_refusal_where_shares_allow() {
    let found = fullsize::measure(300, 3_000, 3, 1, 3_000);
    assert!(found.refused < 300, "{} of 3,000", found.refused);
}
