//! What the garbage pass takes, and what it leaves.

use crate::cluster::*;
use crate::kit::*;
use bytes::Bytes;
use fabric::telemetry::*;
use std::time::Duration;
use substrate::Blobs as _;
use telemetry::SharedSettings;

/// Lines so far apart are in buckets of their own, which go one by one.
const BUCKET_MS: u64 = 300_000;
/// Longer than a blob is suspected.
const GRACE: Duration = Duration::from_secs(601);

#[tokio::test]
async fn a_deleted_group_leaves_nothing_and_its_neighbour_in_the_same_block_stays() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    worker.append(events(stream("/gone", "a"), &[(1, "gone")])).await.unwrap();
    worker.append(events(stream("/kept", "a"), &[(1, "kept")])).await.unwrap();
    shipper.drain().await.unwrap();
    worker.append(events(stream("/gone", "a"), &[(2, "gone")])).await.unwrap();
    shipper.drain().await.unwrap();
    assert_eq!((cluster.blocks().await.len(), cluster.entries("block").await), (2, 2));
    drop(shipper); // it would make the two sections of a group one
    frontend.delete_group(group("/gone")).await.unwrap();
    frontend.tidy().await.unwrap();
    assert_eq!((cluster.blocks().await.len(), cluster.entries("block").await), (2, 1));
    cluster.clock.advance(GRACE);
    frontend.tidy().await.unwrap();
    assert_eq!((cluster.blocks().await.len(), cluster.entries("block").await), (1, 1));
    assert_eq!(messages(&search_all(&*frontend, search("/kept")).await), ["kept"]);
    assert_eq!(frontend.filter_events(search("/gone")).await, Err(TelemetryError::NoGroup));
    assert_eq!(cluster.entries("group").await, 2, "a deleted group is remembered");
    cluster.clock.advance(Duration::from_secs(25 * 60 * 60));
    frontend.tidy().await.unwrap();
    assert_eq!(cluster.entries("group").await, 1, "for a day");
}

#[tokio::test]
async fn over_the_budget_the_oldest_of_the_largest_group_go() {
    for bound in ["bytes", "entries"] {
        let cluster = Cluster::new().await;
        let worker = cluster.worker("w").await;
        let shipper = cluster.shipper(&worker).await;
        let noise =
            |at: u64| (0..2_000u64).map(|idx| format!("{:x} ", idx * at * at * 7_919)).collect::<String>();
        worker.append(events(stream("/neighbour", "a"), &[(0, "before the flood")])).await.unwrap();
        for at in 1..=12 {
            worker.append(events(stream(GROUP, "a"), &[(at * BUCKET_MS, &noise(at))])).await.unwrap();
            shipper.drain().await.unwrap();
        }
        let settings = match bound {
            "bytes" => SharedSettings { bytes_max: 40_000, ..SharedSettings::default() },
            _ => SharedSettings { entries_max: 6, ..SharedSettings::default() },
        };
        let frontend = cluster.frontend_with(Vec::new(), settings).await;
        frontend.tidy().await.unwrap();
        let kept: Vec<u64> = search_all(&*frontend, search(GROUP))
            .await
            .iter()
            .map(|it| (it.timestamp_ms - T0) / BUCKET_MS)
            .collect();
        assert!((1..12).contains(&kept.len()), "{bound}: {kept:?}");
        assert_eq!(kept, (13 - kept.len() as u64..=12).collect::<Vec<_>>(), "{bound}");
        if bound == "entries" {
            assert_eq!(kept.len(), 5);
        }
        assert_eq!(messages(&search_all(&*frontend, search("/neighbour")).await), ["before the flood"]);
    }
}

#[tokio::test]
async fn a_blob_of_nobodys_goes_after_a_while_and_one_that_gets_its_entry_meanwhile_stays() {
    let cluster = Cluster::new().await;
    let frontend = cluster.frontend(Vec::new()).await;
    let worker = cluster.worker("w").await;
    let orphan = cluster.blobs.put(Bytes::from_static(b"of a worker that is no more")).await.unwrap();
    worker.append(events(stream(GROUP, "a"), &[(1, "late")])).await.unwrap();
    // A block without its entry: the worker was frozen between the two.
    cluster.kv.set(Some(("logs/block/", Fault::Refuses)));
    let shipper = cluster.shipper(&worker).await;
    assert!(shipper.drain().await.is_err());
    frontend.tidy().await.unwrap();
    assert_eq!(cluster.blocks().await.len(), 2, "suspected, and not more");
    cluster.kv.set(None);
    shipper.drain().await.unwrap();
    cluster.clock.advance(GRACE);
    frontend.tidy().await.unwrap();
    assert!(!cluster.blobs.exists(&orphan).await.unwrap());
    assert_eq!(messages(&search_all(&*frontend, search(GROUP)).await), ["late"]);
}

#[tokio::test]
async fn many_frontends_may_clear_away_at_once_while_workers_ship() {
    let cluster = Cluster::new().await;
    let settings = SharedSettings { entries_max: 20, ..SharedSettings::default() };
    let one = cluster.frontend_with(Vec::new(), settings.clone()).await;
    let other = cluster.frontend_with(Vec::new(), settings).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    for round in 0..6u64 {
        for at in 0..5 {
            let name = format!("/g/{}", at % 2);
            worker.append(events(stream(&name, "a"), &[((round * 10 + at) * BUCKET_MS, "x")])).await.unwrap();
            shipper.drain().await.unwrap();
        }
        if round % 2 == 1 {
            one.delete_group(group("/g/1")).await.unwrap();
        }
        worker.append(events(stream("/g/0", "a"), &[((round * 10 + 9) * BUCKET_MS, "x")])).await.unwrap();
        let (first, second, shipped) = tokio::join!(one.tidy(), other.tidy(), shipper.drain());
        assert_eq!((first, second, shipped), (Ok(()), Ok(()), Ok(())));
        cluster.clock.advance(GRACE);
        tokio::join!(one.tidy(), other.tidy()).0.unwrap();
        // Whatever is in the index can be read.
        let found = search_all(&*other, search("/g/0")).await;
        assert_eq!(found.last().map(|event| event.timestamp_ms), Some(T0 + (round * 10 + 9) * BUCKET_MS));
    }
    assert!(cluster.entries("block").await <= 20);
}

#[tokio::test]
async fn only_the_newest_waterfalls_are_kept() {
    let cluster = Cluster::new().await;
    let settings = SharedSettings { traces_max: 3, ..SharedSettings::default() };
    let frontend = cluster.frontend_with(Vec::new(), settings).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    for at in 1..=6 {
        worker.put_trace(trace(at)).await.unwrap();
        shipper.drain().await.unwrap();
    }
    frontend.tidy().await.unwrap();
    for at in 1..=6 {
        let expected = (at > 3).then(|| trace(at));
        assert_eq!(frontend.get_trace(trace_query(at)).await.unwrap(), expected, "trace {at}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_cleared_away_under_its_writer_is_begun_anew() {
    let cluster = Cluster::new().await;
    let settings = SharedSettings { entries_max: 0, ..SharedSettings::default() };
    let frontend = cluster.frontend_with(Vec::new(), settings).await;
    let worker = cluster.worker("w").await;
    let shipper = cluster.shipper(&worker).await;
    worker.append(events(stream(GROUP, "a"), &[(1, "cleared away")])).await.unwrap();
    shipper.drain().await.unwrap();
    frontend.tidy().await.unwrap();
    assert_eq!(cluster.entries("block").await, 0);
    worker.append(events(stream(GROUP, "a"), &[(2, "new")])).await.unwrap();
    // What the shipper remembers of the bucket is not there any more: it is told so, and reads.
    assert!(matches!(shipper.drain().await, Err(TelemetryError::Unavailable { .. })));
    shipper.drain().await.unwrap();
    assert_eq!(messages(&search_all(&*frontend, search(GROUP)).await), ["new"]);
}
