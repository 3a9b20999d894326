//! How long a boot takes: a figure, printed; nothing is asserted about milliseconds. `cargo test -- --ignored
//! --nocapture`

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::conformance::{Kit, program};
use std::time::Duration;

fn percentiles(what: &str, each: &mut [Duration]) {
    each.sort();
    println!("{what}: p50 {:?}, p90 {:?}", each[each.len() / 2], each[each.len() * 9 / 10]);
}

/// One after the other, each given time for the next file system to be made, as between ordinary cold starts.
async fn boots(kit: &Kit, what: &str) {
    let mut each = Vec::new();
    for _ in 0..100 {
        let mut spec = kit.spec();
        spec.ephemeral_storage_mb = 512;
        let start = kit.world.now();
        let environment = kit.boot_as(spec).await;
        each.push(kit.world.now().since(start));
        environment.stop().await;
        kit.world.clock.sleep(Duration::from_millis(20)).await;
    }
    percentiles(what, &mut each);
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn boots_with_a_512_mb_tmp_that_waits_and_without() {
    // In turns, so that both meet the same neighbours.
    for _ in 0..3 {
        for (ready, what) in [(0, "512 MB /tmp made by the boot"), (8, "512 MB /tmp that waits      ")] {
            let (kit, _) = common::kit_with(|config| {
                (config.tmp_ready_mb, config.tmp_ready_max) = (512, ready);
            })
            .await;
            drop(kit.boot().await);
            kit.world.clock.sleep(Duration::from_secs(1)).await;
            boots(&kit, what).await;
            kit.sandbox.shutdown().await;
        }
    }
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn pauses_and_resumes_and_memory_that_comes_back() {
    let kit = common::kit().await;
    let environment = kit.boot().await;
    let script = "cat /usr/bin/* > /dev/null 2>&1 & for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait";
    let _process = environment.start(program("/bin/sh", &["-c", script])).await.expect("starts");
    let (mut pauses, mut resumes, mut asks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let start = kit.world.now();
        environment.stats().await.expect("stats");
        asks.push(kit.world.now().since(start));
        let start = kit.world.now();
        environment.pause().await.expect("pauses");
        pauses.push(kit.world.now().since(start));
        let start = kit.world.now();
        environment.resume().await.expect("resumes");
        resumes.push(kit.world.now().since(start));
    }
    percentiles("a question to the spawner", &mut asks);
    percentiles("pause, all stand still", &mut pauses);
    percentiles("resume", &mut resumes);
    environment.pause().await.expect("pauses");
    let before = environment.stats().await.expect("stats").memory_bytes;
    let start = kit.world.now();
    let given = environment.reclaim().await;
    println!(
        "reclaim: {given:?} bytes in {:?}; held before, less idle cache: {before}",
        kit.world.now().since(start)
    );
    kit.sandbox.shutdown().await;
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn boots_one_after_the_other_and_all_at_once() {
    let kit = common::kit().await;
    drop(kit.boot().await);
    let mut each = Vec::new();
    for _ in 0..100 {
        let start = kit.world.now();
        let environment = kit.boot().await;
        each.push(kit.world.now().since(start));
        environment.stop().await;
    }
    each.sort();
    println!("boot, one after the other: p50 {:?}, p90 {:?}", each[50], each[90]);
    for count in [100, 1_000] {
        let (tx, mut rx) = tokio::sync::mpsc::channel(1_000);
        let start = kit.world.now();
        for _ in 0..count {
            let (sandbox, spec, tx) = (kit.sandbox.clone(), kit.spec(), tx.clone());
            kit.world.spawn("boot", async move { drop(tx.send(sandbox.boot(spec).await).await) });
        }
        let mut kept = Vec::new();
        for _ in 0..count {
            kept.push(rx.recv().await.expect("an answer").expect("boots"));
        }
        println!("{count} boots at once: {:?}", kit.world.now().since(start));
        let start = kit.world.now();
        kept.clear();
        kit.nothing_left().await;
        println!("{count} stops at once: {:?}", kit.world.now().since(start));
    }
    kit.sandbox.shutdown().await;
}

/// The time from nothing to an interpreter that is up, and what it holds then.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn interpreters_come_up_in_rooms_of_the_smallest_size_and_of_a_whole_processor() {
    let kit = common::kit().await;
    let python = "import json, urllib.request, ssl, traceback, threading; print('up', flush=True); input()";
    let node =
        "require('http'); require('vm'); require('zlib'); console.log('up'); setInterval(() => {}, 1e6)";
    let programs = [("python", "/usr/bin/python3", "-c", python), ("node", "/usr/bin/node", "-e", node)];
    for _ in 0..2 {
        for memory_mb in [128, 1_769] {
            for (name, path, flag, script) in programs {
                let (mut each, mut held, mut charged) = (Vec::new(), 0, 0);
                for _ in 0..20 {
                    let mut spec = kit.spec();
                    (spec.memory_mb, spec.ephemeral_storage_mb) = (memory_mb, 16);
                    let start = kit.world.now();
                    let environment = kit.boot_as(spec).await;
                    let mut waits = program(path, &[flag, script]);
                    (waits.working_directory, waits.bind) = ("/tmp".into(), true);
                    let Ok(mut process) = environment.start(waits).await else { break };
                    let mut said = [0; 2];
                    let read = tokio::io::AsyncReadExt::read_exact(&mut process.stdout, &mut said).await;
                    read.expect("it comes up");
                    each.push(kit.world.now().since(start));
                    let stats = environment.stats().await.expect("stats");
                    (held, charged) = (held.max(stats.memory_bytes), charged.max(stats.memory_peak_bytes));
                    environment.stop().await;
                }
                if !each.is_empty() {
                    let what = format!(
                        "{name} in {memory_mb} MB, {} MB held, peak {} MB",
                        held >> 20,
                        charged >> 20
                    );
                    percentiles(&what, &mut each);
                }
            }
        }
    }
    kit.sandbox.shutdown().await;
}

/// What makes a stop long.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn stops_of_environments_that_wrote_to_tmp() {
    let kit = common::kit().await;
    for count in [1, 8] {
        for megabytes in [0, 400] {
            let mut kept = Vec::new();
            for _ in 0..count {
                let mut spec = kit.spec();
                spec.ephemeral_storage_mb = 512;
                let environment = kit.boot_as(spec).await;
                let script = format!("head -c {megabytes}m /dev/zero > /tmp/f; exit 0");
                let process = environment.start(program("/bin/sh", &["-c", &script])).await.expect("starts");
                process.exited.await.expect("ends");
                kept.push(environment);
            }
            let (tx, mut rx) = tokio::sync::mpsc::channel(64);
            for environment in kept {
                let (tx, world, start) = (tx.clone(), kit.world.clone(), kit.world.now());
                kit.world.spawn("stop", async move {
                    environment.stop().await;
                    tx.send(world.now().since(start)).await.expect("heard");
                });
            }
            drop(tx);
            let mut each = Vec::new();
            while let Some(took) = rx.recv().await {
                each.push(took);
            }
            percentiles(
                &format!("{count} stops at once after {megabytes} MB written to each /tmp"),
                &mut each,
            );
        }
    }
    kit.sandbox.shutdown().await;
}

/// The kernel's part of an end is done by what ends, with the processor that it had.
#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn a_stop_beside_environments_that_use_all_processors() {
    let kit = common::kit().await;
    let (mut neighbours, mut kept) = (Vec::new(), Vec::new());
    for number in 0..220 {
        let environment = kit.boot().await;
        let ends = number % 11 == 0;
        let script = match ends {
            true => {
                "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; head -c 40m /dev/zero > /dev/shm/f; echo up; wait"
            }
            false => "echo up; read go <&$TINDERBOX_BIND_FD; while :; do :; done",
        };
        let mut spec = program("/bin/sh", &["-c", script]);
        spec.bind = true;
        let mut process = environment.start(spec).await.expect("starts");
        let mut said = [0; 2];
        tokio::io::AsyncReadExt::read_exact(&mut process.stdout, &mut said).await.expect("it is up");
        if ends { kept.push(environment) } else { neighbours.push((environment, process)) }
    }
    // They wait for the end of what they read.
    neighbours.iter_mut().for_each(|(_, process)| drop(process.bind.take()));
    kit.world.clock.sleep(Duration::from_secs(1)).await;
    let mut each = Vec::new();
    for environment in kept {
        let start = kit.world.now();
        environment.stop().await;
        each.push(kit.world.now().since(start));
    }
    percentiles("a stop beside 200 busy environments", &mut each);
    println!("the last: {:?}", each.last());
    kit.sandbox.shutdown().await;
}
