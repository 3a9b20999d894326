//! The spawner dies between any two steps of its start, of a boot and of a stop: what the next start finds is swept,
//! whichever step it was. Every step there is gets its turn; how many there are is found by going on until the fault
//! does not come.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::process::{Config, Fault, ProcessSandbox, launch};
use sandbox::{BootSpec, Egress, ProcessSpec, Sandbox};
use std::path::Path;
use std::time::Duration;
use world::World;

/// More than there can be: a fault that always comes would go on for ever.
const STEPS_MAX: u32 = 1_000;

fn spec(world: &World, egress: Egress) -> BootSpec {
    BootSpec {
        id: types::EnvironmentId::from_random(world.random_16()),
        memory_mb: 128,
        ephemeral_storage_mb: 16,
        mounts: Vec::new(),
        egress,
        allow_hosts: Vec::new(),
    }
}

fn config(data: &Path) -> Config {
    let mut config = Config::new(data);
    config.executable = common::rehearsal();
    // Some boots find one that waits, some do not.
    (config.tmp_ready_mb, config.tmp_ready_max) = (16, 1);
    config
}

/// A server's life in small: three environments, a process, a pause, a stop. Whether it came to its end.
async fn live(world: &World, config: &Config) -> bool {
    let Ok(handle) = launch(config) else { return false };
    let Ok(sandbox) = ProcessSandbox::new(handle, world.clone()) else { return false };
    let can = sandbox.capabilities();
    let egress = if can.egress_nat { Egress::Nat } else { Egress::None };
    let mut kept = Vec::new();
    for egress in [Egress::None, egress, Egress::None] {
        let Ok(environment) = sandbox.boot(spec(world, egress)).await else { return false };
        let sleeps = ProcessSpec {
            program: "/bin/sleep".into(),
            arguments: vec!["1000000".to_owned()],
            environment: Default::default(),
            working_directory: "/tmp".into(),
            telemetry: false,
            bind: false,
        };
        let Ok(process) = environment.start(sleeps).await else { return false };
        if can.pause && kept.len() == 1 && environment.pause().await.is_err() {
            return false;
        }
        kept.push((environment, process));
    }
    let (first, _) = &kept[0];
    first.stop().await;
    // The spawner is asked once more: a death during the stop is a death.
    if kept[1].0.stats().await.is_err() {
        return false;
    }
    sandbox.shutdown().await;
    true
}

/// Goes on with one step after the other until the whole life passes; how many there were.
async fn every_step(fault: fn(u32) -> Fault) -> u32 {
    let world = World::real();
    let data = tempfile::tempdir().expect("a folder");
    for step in 0..STEPS_MAX {
        let mut faulty = config(data.path());
        faulty.fault = Some(fault(step));
        let alone = world.timeout(Duration::from_secs(60), live(&world, &faulty));
        let passed = alone.await.unwrap_or_else(|| panic!("step {step}: hung"));
        // A death in the very last steps leaves the record: shutdown has no answer to say so.
        let passed = passed && records(data.path()) == 0;
        // The start that sweeps; and it ends as ordinarily as it came.
        let next = launch(&config(data.path())).unwrap_or_else(|error| panic!("after step {step}: {error}"));
        let missing = next.capabilities().missing;
        assert!(!missing.iter().any(|line| line.contains("earlier run")), "after step {step}: {missing:?}");
        let spawner = next.pid();
        let sandbox = ProcessSandbox::new(next, world.clone()).expect("a sandbox");
        sandbox.shutdown().await;
        assert!(!common::lives(spawner), "after step {step}");
        nothing_left(&world, data.path(), step).await;
        if passed {
            return step;
        }
    }
    panic!("the fault came {STEPS_MAX} times");
}

/// Runs that are written down.
fn records(data: &Path) -> usize {
    let entries = std::fs::read_dir(data.join("sandbox")).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("run-")).count()
}

/// The kernel ends some things a moment after their last user.
async fn nothing_left(world: &World, data: &Path, step: u32) {
    for _ in 0..1_000 {
        if records(data) == 0 && common::leftovers(data).is_empty() {
            return;
        }
        world.clock.sleep(Duration::from_millis(10)).await;
    }
    panic!("after step {step}: {:#?}", common::leftovers(data));
}

#[tokio::test]
async fn an_init_that_can_not_be_watched_is_ended_and_leaves_nothing() {
    let world = World::real();
    let data = tempfile::tempdir().expect("a folder");
    let mut faulty = config(data.path());
    faulty.fault = Some(Fault::Watch { boot: 1 });
    let sandbox = ProcessSandbox::new(launch(&faulty).expect("a spawner"), world.clone()).expect("a sandbox");
    let first = sandbox.boot(spec(&world, Egress::None)).await.expect("boots");
    let refused = sandbox.boot(spec(&world, Egress::None)).await.map(drop).expect_err("not watched");
    assert!(refused.to_string().contains("epoll"), "{refused}");
    // The first and, where groups can be written, nobody else has one.
    let groups = common::leftovers(data.path()).into_iter().filter(|line| line.starts_with("group"));
    let names: std::collections::BTreeSet<_> =
        groups.filter_map(|line| line.rsplit('/').next().map(str::to_owned)).collect();
    assert!(names.len() <= 1, "{names:?}");
    first.stop().await;
    let third = sandbox.boot(spec(&world, Egress::None)).await.expect("boots again");
    third.stop().await;
    sandbox.shutdown().await;
    nothing_left(&world, data.path(), 0).await;
}

#[tokio::test]
async fn the_spawner_dies_after_any_step_of_its_own_and_the_next_start_leaves_nothing() {
    let steps = every_step(|step| Fault::Spawner { step }).await;
    assert!(steps > 20, "only {steps} steps were found");
    println!("{steps} steps");
}

#[tokio::test]
async fn the_spawner_dies_after_any_step_of_an_init_and_the_next_start_leaves_nothing() {
    let steps = every_step(|step| Fault::Init { step }).await;
    assert!(steps > 20, "only {steps} steps were found");
    println!("{steps} steps");
}
