//! Shipping while stores are silent, answers are lost and workers die.

use crate::cluster::*;
use crate::kit::*;
use fabric::telemetry::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use substrate::{Key, Kv as _};
use telemetry::{BYTES_MAX_FLOOR, Settings};

async fn append(store: &telemetry::Store, from: u64, lines: u64) {
    for at in from..from + lines {
        store.append(events(stream(GROUP, "a"), &[(at, &at.to_string())])).await.unwrap();
    }
}

fn numbers(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.message.parse().unwrap()).collect()
}

/// The clock is moved by a second: all that was appended before is then in the shared stores.
#[tokio::test]
async fn a_worker_that_is_lost_loses_at_most_what_it_appended_in_the_last_second() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    let worker = cluster.worker("w").await;
    let mut changed = cluster.kv.watch(&Key::of(&["logs"]).unwrap());
    let (shipper, clock) = cluster.shipper_and_clock(&worker).await;
    for round in 0..3 {
        append(&worker, round * 10, 10).await;
        clock.pausing().await;
        cluster.clock.advance(Duration::from_secs(1));
        let mut found = Vec::new();
        while found.len() < 10 * (round as usize + 1) {
            assert!(changed.changed().await);
            found = match frontend.filter_events(search(GROUP)).await {
                Ok(page) => numbers(&page.events),
                Err(error) => {
                    assert_eq!(error, TelemetryError::NoGroup);
                    Vec::new()
                }
            };
        }
        assert_eq!(found, (0..10 * (round + 1)).collect::<Vec<_>>());
    }
    // Lost with its disk, in the second in which it appended these.
    append(&worker, 30, 7).await;
    drop((shipper, worker));
    std::fs::remove_dir_all(cluster.folder.path().join("w")).unwrap();
    let found = search_all(&*frontend, search(GROUP)).await;
    assert_eq!(numbers(&found), (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn killed_between_block_and_index_the_same_block_is_made_again_and_read_once() {
    for fault in [Fault::Refuses, Fault::LosesAnswers] {
        let cluster = Cluster::new().await;
        let frontend = cluster.frontend(Vec::new()).await;
        {
            let worker = cluster.worker("w").await;
            append(&worker, 0, 20).await;
            cluster.kv.set(Some(("logs/block/", fault)));
            let failed = cluster.shipper(&worker).await.drain().await;
            assert!(matches!(failed, Err(TelemetryError::Unavailable { .. })), "{failed:?}");
            append(&worker, 20, 5).await;
        }
        cluster.kv.set(None);
        let worker = cluster.worker("w").await;
        cluster.shipper(&worker).await.drain().await.unwrap();
        assert_eq!((cluster.blocks().await.len(), cluster.entries("block").await), (2, 1), "{fault:?}");
        let found = search_all(&*frontend, search(GROUP)).await;
        assert_eq!(numbers(&found), (0..25).collect::<Vec<_>>(), "{fault:?}");
        let groups = frontend.describe_groups(list_groups()).await.unwrap().groups;
        let bytes: u64 = found.iter().map(|event| event.message.len() as u64 + 26).sum();
        assert_eq!(groups[0].stored_bytes, bytes, "{fault:?}");
    }
}

#[tokio::test]
async fn a_block_whose_put_was_not_answered_is_there_once() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    append(&worker, 0, 20).await;
    for fault in [Fault::Refuses, Fault::LosesAnswers] {
        cluster.blobs.set(Some(("", fault)));
        assert!(matches!(shipper.drain().await, Err(TelemetryError::Unavailable { .. })));
    }
    cluster.blobs.set(None);
    shipper.drain().await.unwrap();
    assert_eq!((cluster.blocks().await.len(), cluster.entries("block").await), (1, 1));
}

#[tokio::test]
async fn while_a_store_is_silent_the_worker_answers_and_afterwards_all_is_shipped() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let frontend = cluster.frontend(vec![worker.clone()]).await;
    let (shipper, clock) = cluster.shipper_and_clock(&worker).await;
    append(&worker, 0, 10).await;
    cluster.blobs.set(Some(("", Fault::NeverAnswers)));
    let moving = async {
        loop {
            clock.sleeping(1).await;
            cluster.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        drained = shipper.drain() => {
            assert!(matches!(drained, Err(TelemetryError::Unavailable { .. })), "{drained:?}");
        }
        () = moving => {}
    }
    append(&worker, 10, 10).await;
    let found = search_all(&*frontend, search(GROUP)).await;
    assert_eq!(numbers(&found), (0..20).collect::<Vec<_>>());
    cluster.blobs.set(None);
    drop(shipper);
    cluster.shipper(&worker).await.drain().await.unwrap();
    let blind = cluster.frontend(Vec::new()).await;
    assert_eq!(numbers(&search_all(&*blind, search(GROUP)).await), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_for_silent_stores_is_bounded_and_the_oldest_go() {
    let cluster = Cluster::new().await;
    let settings = Settings { bytes_max: BYTES_MAX_FLOOR, ..Settings::default() };
    let worker = cluster.worker_with("w", settings).await;
    let frontend = cluster.frontend(Vec::new()).await;
    cluster.blobs.set(Some(("", Fault::Refuses)));
    let shipper = cluster.shipper(&worker).await;
    let line = "x".repeat(100_000);
    for at in 0..200 {
        worker.append(events(stream(GROUP, "a"), &[(at, &line)])).await.unwrap();
        if at % 50 == 0 {
            assert!(shipper.drain().await.is_err());
        }
    }
    cluster.blobs.set(None);
    shipper.drain().await.unwrap();
    let times: Vec<u64> =
        search_all(&*frontend, search(GROUP)).await.iter().map(|it| it.timestamp_ms - T0).collect();
    assert!((50..150).contains(&times.len()), "{} were kept", times.len());
    let first = 200 - times.len() as u64;
    assert_eq!(times, (first..200).collect::<Vec<_>>(), "the newest, and none is missing between them");
}

/// As if the worker had been restored from an old copy of its disk: it ships again, cut otherwise.
#[tokio::test]
async fn what_was_shipped_twice_in_other_cuts_is_read_once() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    append(&worker, 0, 7).await;
    shipper.drain().await.unwrap();
    append(&worker, 7, 7).await;
    shipper.drain().await.unwrap();
    let beside = rusqlite::Connection::open(cluster.folder.path().join("w/logs.db")).unwrap();
    let again = "UPDATE counters SET value = 3 WHERE name IN ('lines_done', 'lines_planned')";
    assert_eq!(beside.execute(again, []).unwrap(), 2);
    append(&worker, 14, 2).await;
    shipper.drain().await.unwrap();
    assert_eq!(cluster.blocks().await.len(), 3);
    for from_head in [true, false] {
        let query = GetEvents { from_head, ..get(stream(GROUP, "a")) };
        let page = frontend.get_events(query).await.unwrap();
        assert_eq!(numbers(&page.events), (0..16).collect::<Vec<_>>());
    }
    assert_eq!(numbers(&search_all(&*frontend, search(GROUP)).await), (0..16).collect::<Vec<_>>());
}

/// The clock is the machine's here: the wait for the one that hangs has to end.
#[tokio::test]
async fn a_worker_that_hangs_costs_its_own_fresh_lines_and_nobody_elses() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    append(&worker, 0, 5).await;
    let hanging = Arc::new(Hanging::default());
    let own = cluster.worker("own").await;
    let frontend = telemetry::Shared::open(
        world::World::real(),
        cluster.kv.clone(),
        cluster.blobs.clone(),
        own,
        Arc::new(Workers(vec![hanging.clone(), worker])),
        telemetry::SharedSettings::default(),
    );
    let found = frontend.filter_events(search(GROUP)).await.unwrap().events;
    assert_eq!(numbers(&found), (0..5).collect::<Vec<_>>());
    assert!(hanging.0.load(Ordering::SeqCst), "it was asked");
    frontend.delete_group(group(GROUP)).await.unwrap();
    assert_eq!(frontend.filter_events(search(GROUP)).await, Err(TelemetryError::NoGroup));
}

#[tokio::test]
async fn a_block_that_is_damaged_costs_its_own_lines() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    for round in 0..3 {
        append(&worker, round * 10, 10).await;
        shipper.drain().await.unwrap();
    }
    let whole = search_all(&*frontend, search(GROUP)).await.len();
    let path = substrate::Blobs::path_hint(&*cluster.blobs, &cluster.blocks().await[1]).unwrap();
    std::fs::write(path, "not a block").unwrap();
    let found = search_all(&*frontend, search(GROUP)).await;
    assert_eq!((whole, found.len()), (30, 20));
}

#[tokio::test]
async fn a_restart_ships_what_was_not_shipped() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    {
        let worker = cluster.worker("w").await;
        append(&worker, 0, 12).await;
    }
    let worker = cluster.worker("w").await;
    cluster.shipper(&worker).await.drain().await.unwrap();
    assert_eq!(numbers(&search_all(&*frontend, search(GROUP)).await), (0..12).collect::<Vec<_>>());
}
