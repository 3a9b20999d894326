//! What goes wrong: killed writers and servers, full disks, cut lines, lost answers.

use crate::kit::{GENEROUS, NatsCluster, NatsServer, SmallDisk, connect, killed_after, settings};
use crate::proxy::Proxy;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use substrate::nats::NatsSettings;
use substrate::{
    Expected, Key, Kv, Log, LogError, LogName, Position, Sqlite, SqliteLog, SqliteSettings, Write,
    conformance,
};
use world::World;

fn key(text: &str) -> Key {
    Key::of(&text.split('/').collect::<Vec<_>>()).expect("a valid key")
}

fn journal() -> LogName {
    LogName::new("journal-0").expect("a name")
}

async fn every_record(log: &dyn Log) -> Vec<u64> {
    let (mut after, mut records) = (Position::START, Vec::new());
    loop {
        let page = log.read(after, 256).await.expect("readable");
        let Some(last) = page.entries.last() else { return records };
        after = last.position;
        for entry in &page.entries {
            for record in &entry.records {
                records.push(String::from_utf8(record.to_vec()).expect("text").parse().expect("a number"));
            }
        }
    }
}

fn torn_folder() -> PathBuf {
    std::env::var_os("TINDERBOX_TORN_FOLDER").map(PathBuf::from).expect("started by the test that kills it")
}

async fn sqlite_log(folder: &Path) -> SqliteLog {
    SqliteLog::open(&World::real(), &folder.join("journal.db"), SqliteSettings::default())
        .await
        .expect("opens")
}

async fn sqlite_kv(folder: &Path) -> Sqlite {
    Sqlite::open(&World::real(), &folder.join("kv.db"), SqliteSettings::default()).await.expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "appends until it is killed: run by the test below"]
async fn torn_log_child() {
    let log = sqlite_log(&torn_folder()).await;
    for number in 0.. {
        // Records of the size of several pages, so that a kill may fall between them.
        let padding = "0".repeat(20_000);
        let records = vec![Bytes::from(format!("{padding}{number}")); 3];
        log.append(Position(number), records).await.expect("appended");
        println!("acknowledged {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_log_whose_writer_is_killed_keeps_whole_appends_only_and_all_that_were_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    for lines in [1, 7, 40] {
        let folder = folder.path().join(lines.to_string());
        std::fs::create_dir(&folder).expect("made");
        let acknowledged = killed_after("faults::torn_log_child", &folder, lines);
        let log = sqlite_log(&folder).await;
        let records = every_record(&log).await;
        assert_eq!(records.len() % 3, 0, "an append is there whole or not at all");
        let expected: Vec<u64> = (0..records.len() as u64 / 3).flat_map(|number| [number; 3]).collect();
        assert_eq!(records, expected, "in order, none twice");
        assert!(records.last() >= acknowledged.last(), "{:?} was answered", acknowledged.last());
        let last = log.span().await.expect("answered").last;
        assert_eq!(log.append(last, vec!["1".into()]).await, Ok(last.next()), "and it goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes until it is killed: run by the test below"]
async fn torn_kv_child() {
    let kv = sqlite_kv(&torn_folder()).await;
    for number in 0_u64.. {
        let value = Bytes::from(format!("{}{number}", "0".repeat(20_000)));
        let put = |name: &str| Write::Put { key: key(name), value: value.clone(), expected: Expected::Any };
        kv.write(vec![put("torn/a"), put("torn/b"), put("torn/c")]).await.expect("written");
        println!("acknowledged {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_kv_whose_writer_is_killed_keeps_whole_batches_only_and_all_that_were_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let acknowledged = killed_after("faults::torn_kv_child", folder.path(), 25);
    let page = sqlite_kv(folder.path()).await.list(&key("torn"), None, 10).await.expect("listed");
    let values: Vec<&Bytes> = page.entries.iter().map(|entry| &entry.value).collect();
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|value| *value == values[0]), "all three of one batch");
    let text = std::str::from_utf8(values[0]).expect("text");
    assert!(text.parse::<u64>().ok() >= acknowledged.last().copied(), "what was answered is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_stores_on_a_full_disk_refuse_whole_writes_and_still_read() {
    // 16 MB are kept for what makes a store smaller.
    let Some(disk) = SmallDisk::new(32) else { return };
    let kv = sqlite_kv(disk.path()).await;
    conformance::kv_full(Arc::new(kv)).await;
    let Some(disk) = SmallDisk::new(32) else { return };
    let log = Arc::new(sqlite_log(disk.path()).await);
    let (at, error) = fill_log(log.clone()).await;
    assert!(matches!(error, LogError::Full { .. }), "{error:?}");
    assert_eq!(log.span().await.expect("answered").last, at);
    log.trim(at).await.expect("trimming works on a full disk");
}

/// Appends until there is no room: refused, nothing half, everything answered still there.
async fn fill_log(log: Arc<dyn Log>) -> (Position, LogError) {
    let chunk = Bytes::from(vec![b'0'; 64 * 1024]);
    let mut at = Position::START;
    let error = loop {
        match log.append(at, vec![chunk.clone()]).await {
            Ok(next) => at = next,
            Err(error) => break error,
        }
        assert!(at.0 < 10_000, "the disk was meant to be small");
    };
    let full = matches!(error, LogError::Full { .. } | LogError::Unavailable { .. });
    assert!(full && at.0 > 0, "{error:?} after {at}");
    (at, error)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_on_a_full_disk_loses_nothing_that_was_answered() {
    let world = World::real();
    let Some(disk) = SmallDisk::new(24) else { return };
    let Some(mut server) = NatsServer::start(&world, Some(&disk.path().join("store")), "").await else {
        return;
    };
    let impatient = NatsSettings { patience: Duration::from_secs(3), ..server.settings("full") };
    let log = connect(&world, impatient).await.log(&journal()).await.expect("opens");
    // JetStream switches itself off when its disk is full, which is silence and not an answer.
    let (at, _) = fill_log(Arc::new(log)).await;
    server.kill();
    let grown =
        std::process::Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.path()).status();
    assert!(grown.expect("ran").success());
    server.up();
    let log = reopened(&world, server.settings("full")).await;
    let last = log.span().await.expect("answered").last;
    assert!(last >= at, "{at} was answered, the log is at {last}");
    assert_eq!(every_record(&log).await.len() as u64, last.0, "all readable");
    assert_eq!(log.append(last, vec!["1".into()]).await, Ok(last.next()), "with room again it goes on");
}

/// The log of a server that is starting.
async fn reopened(world: &World, settings: NatsSettings) -> substrate::nats::NatsLog {
    let open = async {
        loop {
            let connected = substrate::nats::Nats::connect(world, settings.clone()).await;
            if let Ok(nats) = connected
                && let Ok(log) = nats.log(&journal()).await
            {
                return log;
            }
            world.clock.sleep(Duration::from_millis(50)).await;
        }
    };
    world.timeout(GENEROUS, open).await.expect("the server comes back")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_that_is_killed_keeps_what_it_answered() {
    let world = World::real();
    let Some(mut server) = NatsServer::start(&world, None, "").await else { return };
    let nats = connect(&world, server.settings("killed")).await;
    let log = nats.log(&journal()).await.expect("opens");
    let kv = nats.kv().await.expect("opens");
    for number in 0..50_u64 {
        log.append(Position(number), vec![number.to_string().into()]).await.expect("appended");
    }
    let at = kv.put(key("a/b"), "1".into(), Expected::Absent).await.expect("written");
    server.kill();
    server.up();
    // The same connection: it finds the server again, and calls go on trying until it is there.
    assert_eq!(log.append(Position(50), vec!["50".into()]).await, Ok(Position(51)));
    assert_eq!(every_record(&log).await, (0..=50).collect::<Vec<_>>());
    assert_eq!(kv.get(&key("a/b")).await.expect("readable").expect("there").revision, at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_was_lost_is_there_once_and_answered() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let proxy = Proxy::to(server.address);
    let through = NatsSettings { try_max: Duration::from_secs(1), ..settings(&[proxy.address], "lost") };
    let nats = connect(&world, through).await;
    let (log, kv) = (nats.log(&journal()).await.expect("opens"), nats.kv().await.expect("opens"));
    let put = |name: &str, expected| Write::Put { key: key(name), value: "1".into(), expected };
    let heal = async || {
        while !proxy.swallowed() {
            world.clock.sleep(Duration::from_millis(5)).await;
        }
        proxy.cut();
    };

    for number in 0..3_u64 {
        proxy.deafen();
        let append = log.append(Position(number), vec![number.to_string().into()]);
        let (appended, ()) = tokio::join!(append, heal());
        assert_eq!(appended, Ok(Position(number + 1)), "found by its id, or recognised as a duplicate");
    }
    assert_eq!(every_record(&log).await, [0, 1, 2], "once each");

    // No read comes before a write that expects nothing, so that it is the write's answer that is lost.
    proxy.deafen();
    let (written, ()) = tokio::join!(kv.put(key("one"), "1".into(), Expected::Any), heal());
    let at = written.expect("answered in the end");
    assert_eq!(kv.get(&key("one")).await.expect("readable").expect("there").revision, at);
    proxy.deafen();
    let batch = vec![put("two/a", Expected::Any), put("two/b", Expected::Any)];
    let (written, ()) = tokio::join!(kv.write(batch), heal());
    let at = written.expect("found by its id");
    for name in ["two/a", "two/b"] {
        assert_eq!(kv.get(&key(name)).await.expect("readable").expect("there").revision, at, "one for all");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_again_and_again_costs_time_and_nothing_else() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let proxy = Proxy::to(server.address);
    let through = NatsSettings { try_max: Duration::from_secs(1), ..settings(&[proxy.address], "cut") };
    let nats = connect(&world, through).await;
    let log = nats.log(&journal()).await.expect("opens");
    let appending = async {
        for number in 0..200_u64 {
            let appended = log.append(Position(number), vec![number.to_string().into()]).await;
            assert_eq!(appended, Ok(Position(number + 1)));
        }
    };
    let cutting = async {
        for _ in 0..10 {
            world.clock.sleep(Duration::from_millis(60)).await;
            proxy.cut();
        }
    };
    tokio::join!(appending, cutting);
    assert_eq!(every_record(&log).await, (0..200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_is_fenced_by_its_next_append() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let old = connect(&world, server.settings("fence")).await.log(&journal()).await.expect("opens");
    let new = connect(&world, server.settings("fence")).await.log(&journal()).await.expect("opens");
    old.append(Position(0), vec!["epoch 1".into()]).await.expect("leads");
    new.append(Position(1), vec!["epoch 2".into()]).await.expect("takes over");
    let fenced = old.append(Position(1), vec!["granted by mistake".into()]).await;
    assert_eq!(fenced, Err(LogError::WrongPosition { current: Position(2) }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_leader_that_is_killed_costs_time_and_no_append() {
    let world = World::real();
    let Some(mut cluster) = NatsCluster::start(&world).await else { return };
    let nats = connect(&world, cluster.settings("failover")).await;
    let log = nats.log(&journal()).await.expect("opens");
    for number in 0..100_u64 {
        if number == 30 || number == 60 {
            let leader = nats.leader_of(&journal()).await.expect("answered").expect("there is one");
            let server = cluster.named(&leader);
            server.kill();
            // The second time the first one is back, so that two of three are there.
            if number == 30 {
                assert_eq!(log.append(Position(number), vec!["30".into()]).await, Ok(Position(31)));
                cluster.named(&leader).up();
                continue;
            }
        }
        let appended = log.append(Position(number), vec![number.to_string().into()]).await;
        assert_eq!(appended, Ok(Position(number + 1)));
    }
    assert_eq!(every_record(&log).await, (0..100).collect::<Vec<_>>());
}
