use crate::kit::*;
use fabric::telemetry::*;
use std::collections::BTreeMap;
use std::path::Path;
use telemetry::{BYTES_MAX_FLOOR, Settings, Store};
use world::World;

fn bytes_on_disk(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap())
        .filter(|file| !file.file_name().to_string_lossy().ends_with("-shm"))
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

#[tokio::test]
async fn a_flood_stays_under_the_bound_and_keeps_the_newest() {
    let kit = Kit::with(Settings { bytes_max: BYTES_MAX_FLOOR, ..Default::default() }).await;
    let line = "y".repeat(500);
    let mut most = 0;
    for round in 0..60 {
        let lines: Vec<(u64, &str)> = (0..1_000).map(|at| (round * 1_000 + at, line.as_str())).collect();
        // Many streams: what is deleted lies scattered over the indexes.
        for (at, part) in lines.chunks(50).enumerate() {
            kit.store.append(events(stream(GROUP, &format!("{round}/{at}")), part)).await.unwrap();
        }
        most = most.max(bytes_on_disk(kit.folder.path()));
    }
    assert!(most <= BYTES_MAX_FLOOR, "{most} bytes on disk");
    let groups = kit.store.describe_groups(list_groups()).await.unwrap().groups;
    let kept = groups[0].stored_bytes / 526;
    assert!((8_000..40_000).contains(&kept), "{kept} events are kept");
    let page = kit.store.get_events(GetEvents { ..get(stream(GROUP, "59/19")) }).await.unwrap();
    assert_eq!(page.events.len(), 50);
    assert_eq!(kit.store.get_events(get(stream(GROUP, "0/0"))).await, Err(TelemetryError::NoStream));
    let search_all = FilterEvents { items_max: 1, ..search(GROUP) };
    let oldest = kit.store.filter_events(search_all).await.unwrap().events;
    let streams = kit.store.describe_streams(list_streams(GROUP)).await.unwrap().streams;
    let first = streams.iter().filter_map(|stream| stream.first_event_ms).min();
    assert!(first >= Some(oldest[0].timestamp_ms), "first event times follow what was dropped");
}

#[tokio::test]
async fn a_flood_drops_its_own_lines_and_not_those_of_a_neighbour() {
    let kit = Kit::with(Settings { bytes_max: BYTES_MAX_FLOOR, ..Default::default() }).await;
    kit.store.append(events(stream("/neighbour", "a"), &[(0, "before the flood")])).await.unwrap();
    let line = "y".repeat(5_000);
    for round in 1..=40 {
        let lines: Vec<(u64, &str)> = (0..100).map(|at| (round * 100 + at, line.as_str())).collect();
        kit.store.append(events(stream(GROUP, &format!("{round}")), &lines)).await.unwrap();
    }
    let flood = kit.store.get_events(get(stream(GROUP, "1"))).await;
    assert_eq!(flood, Err(TelemetryError::NoStream), "the flood was over the bound");
    let found = kit.store.filter_events(search("/neighbour")).await.unwrap().events;
    assert_eq!(messages(&found), ["before the flood"]);
}

#[tokio::test]
async fn retention_drops_what_is_older_than_its_days_and_the_streams_it_empties() {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    // What is not shipped is not kept for days.
    for kit in Kit::all().await.into_iter().filter(|kit| !matches!(kit.kind, Kind::Fresh | Kind::Mixed)) {
        kit.store.append(events(stream(GROUP, "old"), &[(0, "old"), (10, "old")])).await.unwrap();
        kit.store.append(events(stream(GROUP, "both"), &[(20, "old"), (DAY, "new")])).await.unwrap();
        kit.store.append(events(stream("/no/policy", "a"), &[(0, "stays")])).await.unwrap();
        let put = |days| PutRetention { name: group(GROUP), days };
        kit.store.put_retention(put(Some(3))).await.unwrap();
        kit.clock.set_ms(T0 + 3 * DAY);
        kit.tidy().await;
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(found.len(), 4, "nothing is older than three days yet");
        kit.clock.set_ms(T0 + 3 * DAY + 21);
        kit.tidy().await;
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(messages(&found), ["new"]);
        let streams = kit.store.describe_streams(list_streams(GROUP)).await.unwrap().streams;
        assert_eq!(streams.len(), 1);
        assert_eq!((streams[0].name.as_str(), streams[0].first_event_ms), ("both", Some(T0 + DAY)));
        let groups = kit.store.describe_groups(list_groups()).await.unwrap().groups;
        assert_eq!((groups[0].retention_days, groups[0].stored_bytes), (Some(3), 3 + 26));
        kit.store.put_retention(put(None)).await.unwrap();
        kit.clock.set_ms(T0 + 30 * DAY);
        kit.tidy().await;
        assert_eq!(kit.store.filter_events(search(GROUP)).await.unwrap().events.len(), 1);
        assert_eq!(kit.store.filter_events(search("/no/policy")).await.unwrap().events.len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_was_large_gives_its_space_back() {
    let kit = Kit::new().await;
    let line = "z".repeat(1_000);
    let lines: Vec<(u64, &str)> = (0..8_000).map(|at| (at, line.as_str())).collect();
    kit.store.append(events(stream(GROUP, "a"), &lines)).await.unwrap();
    kit.tidy().await;
    let before = bytes_on_disk(kit.folder.path());
    kit.store.delete_group(group(GROUP)).await.unwrap();
    kit.tidy().await;
    let after = bytes_on_disk(kit.folder.path());
    assert!(before > 8_000_000 && after < before / 4, "{before} bytes before, {after} after");
}

#[tokio::test]
async fn a_broken_file_is_put_aside_and_the_store_starts_empty() {
    for broken in
        [&b"not a database, but long enough to have a header of one hundred bytes"[..], &[0xff; 8192]]
    {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("logs.db"), broken).unwrap();
        let store = Store::open(World::real(), folder.path(), Settings::default()).await.unwrap();
        store.append(events(stream(GROUP, "a"), &[(1, "x")])).await.unwrap();
        assert_eq!(store.filter_events(search(GROUP)).await.unwrap().events.len(), 1);
        assert_eq!(std::fs::read(folder.path().join("logs.db.broken")).unwrap(), broken);
    }
}

#[tokio::test]
async fn a_file_that_breaks_under_way_fails_some_calls_and_is_then_replaced() {
    let kit = Kit::new().await;
    let line = "w".repeat(1_000);
    let lines: Vec<(u64, &str)> = (0..4_000).map(|at| (at, line.as_str())).collect();
    kit.store.append(events(stream(GROUP, "a"), &lines)).await.unwrap();
    kit.tidy().await; // all of it is in the file, none in the write-ahead log
    let file = kit.folder.path().join("logs.db");
    let length = std::fs::metadata(&file).unwrap().len();
    {
        use std::os::unix::fs::FileExt;
        let handle = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
        for page in 1..length / 4096 {
            handle.write_all_at(&[0xa5; 4096], page * 4096).unwrap();
        }
    }
    let mut attempts = 0;
    while kit.store.append(events(stream(GROUP, "b"), &[(1, "after")])).await.is_err() {
        attempts += 1;
        assert!(attempts < 5, "it never came back");
    }
    let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
    assert_eq!(messages(&found), ["after"]);
    assert!(attempts > 0 && kit.folder.path().join("logs.db.broken").exists());
}

/// Most of them are written beside the store: what counts is the last one that fits and the first that does not.
#[tokio::test]
async fn there_are_at_most_twenty_thousand_groups() {
    let kit = Kit::new().await;
    let create = |name: &str| CreateGroup { name: group(name), tags: BTreeMap::new() };
    kit.store.create_group(create("/first")).await.unwrap();
    let beside = rusqlite::Connection::open(kit.folder.path().join("logs.db")).unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 19999) \
                INSERT INTO groups (account, region, name, created_ms) SELECT 'a', 'r', '/g' || i, 0 FROM n";
    assert_eq!(beside.execute(rows, []).unwrap(), 19_998);
    kit.store.create_group(create("/last")).await.unwrap();
    let refused = kit.store.create_group(create("/one-more")).await;
    assert!(matches!(refused, Err(TelemetryError::TooMany { .. })), "{refused:?}");
}
