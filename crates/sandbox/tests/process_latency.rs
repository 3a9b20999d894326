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
