//! The cache over a store over a folder of blobs.

use super::{CacheSettings, Materialised, Pinned};
use crate::chunks::kit::{Kit, MB, SmallDisk, account, noise, spawn};
use crate::chunks::{ChunkError, Kind, ManifestId};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use substrate::FolderSettings;

async fn cache(kit: &Kit, bytes_max: u64) -> Materialised {
    let folder = kit.path("cache");
    Materialised::open(&kit.world, &kit.store, &folder, CacheSettings::new(bytes_max)).await.expect("opens")
}

/// A file of so many MB of this seed, stored.
async fn stored(kit: &Kit, seed: u64, mb: u64) -> ManifestId {
    let source = kit.file("source", mb * MB, &[(0, noise((mb * MB) as usize, seed))]);
    kit.store.put(&account(1), Kind::SnapshotMemory, &source).await.expect("stored").0
}

fn is_whole(pinned: &Pinned, seed: u64, mb: u64) -> bool {
    fs::read(pinned.path()).expect("read") == noise((mb * MB) as usize, seed)
}

fn files(kit: &Kit) -> usize {
    fs::read_dir(kit.path("cache")).expect("readable").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn gets_of_one_file_at_once_join_and_later_ones_find_it() {
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 3).await;
    let cache = cache(&kit, 100 * MB).await;
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let get = |_| {
        let cache = cache.clone();
        spawn(async move { cache.get(&account(1), &id).await })
    };
    let gets: Vec<_> = (0..50).map(get).collect();
    for got in gets {
        assert!(is_whole(&got.await.expect("ran").expect("made"), 1, 3));
    }
    // The manifest for its size and for its chunks, and six chunks: once.
    assert_eq!(kit.blobs.gets.load(Ordering::SeqCst), 8);
    let again = cache.get(&account(1), &id).await.expect("there");
    assert_eq!(kit.blobs.gets.load(Ordering::SeqCst), 8);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(again.path()), mode(&kit.path("cache"))), (0o600, 0o700));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_gets_nothing_of_what_lies_there() {
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 1).await;
    let cache = cache(&kit, 100 * MB).await;
    let _pinned = cache.get(&account(1), &id).await.expect("made");
    let refused = cache.get(&account(2), &id).await.err();
    assert_eq!(refused, Some(ChunkError::Foreign { id }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_recently_used_goes_a_pinned_one_never_and_full_is_an_answer() {
    let kit = Kit::new().await;
    let cache = cache(&kit, 7 * MB).await;
    let mut ids = Vec::new();
    for seed in 1..=4 {
        ids.push(stored(&kit, seed, 2).await);
    }
    for id in &ids[..3] {
        drop(cache.get(&account(1), id).await.expect("made"));
    }
    drop(cache.get(&account(1), &ids[0]).await.expect("used again"));
    let fourth = cache.get(&account(1), &ids[3]).await.expect("made");
    assert_eq!((files(&kit), cache.bytes_used()), (3, 6 * MB));
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let first = cache.get(&account(1), &ids[0]).await.expect("there");
    let third = cache.get(&account(1), &ids[2]).await.expect("there");
    assert_eq!(kit.blobs.gets.load(Ordering::SeqCst), 0, "the second had to go");
    let full = cache.get(&account(1), &ids[1]).await.err();
    assert!(matches!(full, Some(ChunkError::Full { .. })), "{full:?}");
    assert!(is_whole(&first, 1, 2) && is_whole(&third, 3, 2) && is_whole(&fourth, 4, 2));
    drop(third);
    assert!(is_whole(&cache.get(&account(1), &ids[1]).await.expect("there is room"), 2, 2));
    assert_eq!((files(&kit), cache.bytes_used()), (3, 6 * MB));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_everybodys_who_waited_and_the_next_tries_again() {
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 1).await;
    let cache = cache(&kit, 100 * MB).await;
    let chunk = kit.stored().into_iter().find(|path| !path.ends_with(id.hex())).expect("a chunk");
    let whole = fs::read(&chunk).expect("read");
    fs::write(&chunk, "damaged").expect("written");
    let permits = kit.blobs.may_get.available_permits();
    kit.blobs.may_get.forget_permits(permits);
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let get = |_| {
        let cache = cache.clone();
        spawn(async move { cache.get(&account(1), &id).await.err() })
    };
    let gets: Vec<_> = (0..10).map(get).collect();
    kit.blobs.get_waits.notified().await;
    kit.blobs.may_get.add_permits(permits);
    for got in gets {
        let failed = got.await.expect("ran");
        assert!(matches!(failed, Some(ChunkError::Corrupt { .. })), "{failed:?}");
    }
    assert_eq!((files(&kit), cache.bytes_used()), (0, 0), "nothing is left or counted");
    fs::write(&chunk, whole).expect("written");
    assert!(is_whole(&cache.get(&account(1), &id).await.expect("made"), 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_leaves_does_not_end_the_making() {
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 1).await;
    let cache = cache(&kit, 100 * MB).await;
    let permits = kit.blobs.may_get.available_permits();
    kit.blobs.may_get.forget_permits(permits - 2);
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let leaving = cache.clone();
    let task = spawn(async move { leaving.get(&account(1), &id).await });
    kit.blobs.get_waits.notified().await;
    task.abort();
    kit.blobs.may_get.add_permits(permits);
    assert!(is_whole(&cache.get(&account(1), &id).await.expect("there"), 1, 1));
    // The manifest for its size and for its chunks, and two chunks: once.
    assert_eq!(kit.blobs.gets.load(Ordering::SeqCst), 4, "it was made by the one who left");
    assert_eq!((files(&kit), cache.bytes_used()), (1, MB));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_goes_when_nobody_uses_it() {
    let kit = Kit::new().await;
    let (one, two) = (stored(&kit, 1, 1).await, stored(&kit, 2, 1).await);
    let cache = cache(&kit, 100 * MB).await;
    let pinned = cache.get(&account(1), &one).await.expect("made");
    drop(cache.get(&account(1), &two).await.expect("made"));
    cache.forget(&account(1), &one).await;
    cache.forget(&account(1), &two).await;
    assert_eq!((files(&kit), cache.bytes_used()), (1, MB));
    assert!(is_whole(&pinned, 1, 1));
    drop(pinned);
    assert_eq!((files(&kit), cache.bytes_used()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_just_stored_is_adopted_without_a_chunk_read() {
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 2).await;
    let cache = cache(&kit, 100 * MB).await;
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let adopted = cache.adopt(&account(1), &id, &kit.path("source")).await.expect("adopted");
    assert!(is_whole(&adopted, 1, 2) && !kit.path("source").exists());
    assert_eq!(adopted.path().metadata().expect("there").permissions().mode() & 0o777, 0o600);
    let again = kit.file("again", 2 * MB, &[(0, noise(2 * MB as usize, 1))]);
    let second = cache.adopt(&account(1), &id, &again).await.expect("adopted");
    assert!(second.path() == adopted.path() && !again.exists());
    let found = cache.get(&account(1), &id).await.expect("there");
    assert!(found.path() == adopted.path() && kit.blobs.gets.load(Ordering::SeqCst) == 0);
    assert_eq!(cache.bytes_used(), 2 * MB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_takes_up_what_is_whole_and_evicts_what_is_too_much() {
    let kit = Kit::new().await;
    let (one, two) = (stored(&kit, 1, 2).await, stored(&kit, 2, 2).await);
    let first = cache(&kit, 100 * MB).await;
    for id in [&one, &two] {
        drop(first.get(&account(1), id).await.expect("made"));
    }
    drop(first);
    fs::write(kit.path("cache/.unpacking-1-1"), "half").expect("written");
    let second = cache(&kit, 100 * MB).await;
    assert_eq!((files(&kit), second.bytes_used()), (2, 4 * MB));
    kit.blobs.gets.store(0, Ordering::SeqCst);
    assert!(is_whole(&second.get(&account(1), &one).await.expect("there"), 1, 2));
    assert_eq!(kit.blobs.gets.load(Ordering::SeqCst), 0);
    drop(second);
    let third = cache(&kit, 3 * MB).await;
    assert_eq!((files(&kit), third.bytes_used()), (1, 2 * MB));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_leaves_nothing() {
    let Some(disk) = SmallDisk::of(3 * MB) else { return };
    let kit = Kit::new().await;
    let id = stored(&kit, 1, 4).await;
    let settings = CacheSettings::new(100 * MB);
    let cache = Materialised::open(&kit.world, &kit.store, disk.path(), settings).await.expect("opens");
    let full = cache.get(&account(1), &id).await.err();
    assert!(matches!(full, Some(ChunkError::Full { .. })), "{full:?}");
    assert_eq!(fs::read_dir(disk.path()).expect("readable").count(), 0);
    assert_eq!(cache.bytes_used(), 0);
}

/// Where the child of the next test works.
const KILLED_IN: &str = "TINDERBOX_TEST_KILLED_IN";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the next test starts it, and kills it half-way"]
async fn one_that_is_killed() {
    let Some(folder) = std::env::var_os(KILLED_IN) else { return };
    let kit = Kit::at(Path::new(&folder), FolderSettings::default()).await;
    let id = stored(&kit, 1, 20).await;
    let cache = cache(&kit, 100 * MB).await;
    println!("\nid {id}");
    let permits = kit.blobs.may_get.available_permits();
    kit.blobs.may_get.forget_permits(permits - 20);
    let source = kit.file("second", 20 * MB, &[(0, noise(20 * MB as usize, 2))]);
    let permits = kit.blobs.may_put.available_permits();
    kit.blobs.may_put.forget_permits(permits - 20);
    let (store, path) = (kit.store.clone(), source.clone());
    let _put = spawn(async move { store.put(&account(1), Kind::SnapshotMemory, &path).await });
    kit.blobs.put_waits.notified().await;
    let _get = spawn(async move { cache.get(&account(1), &id).await });
    kit.blobs.get_waits.notified().await;
    println!("\nhalf-way");
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_nothing_half_made_stays_and_all_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("a test"))
        .args(["--exact", "materialised::tests::one_that_is_killed", "--ignored", "--nocapture"])
        .env(KILLED_IN, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut said = |begin: &str| {
        let line = lines.by_ref().map(|line| line.expect("text")).find(|line| line.starts_with(begin));
        line.expect("said")[begin.len()..].to_owned()
    };
    let id = ManifestId::from_hex(&said("id ")).expect("an id");
    said("half-way");
    child.kill().expect("killed");
    child.wait().expect("gone");
    let kit = Kit::at(folder.path(), FolderSettings::default()).await;
    assert_eq!(files(&kit), 1, "the half-made file");
    let cache = cache(&kit, 100 * MB).await;
    assert_eq!((files(&kit), cache.bytes_used()), (0, 0));
    assert!(is_whole(&cache.get(&account(1), &id).await.expect("made"), 1, 20));
    // What the half-done put left is garbage, once its grace is over, and no harm before.
    kit.store.collect(&[id]).await.expect("collected");
    kit.clock.advance(2 * crate::chunks::kit::GRACE);
    let collected = kit.store.collect(&[id]).await.expect("collected");
    assert_eq!((collected.kept, collected.waiting), (41, 0));
    assert!(collected.deleted >= 16, "{collected:?}");
    assert!(is_whole(&cache.get(&account(1), &id).await.expect("there"), 1, 20));
}
