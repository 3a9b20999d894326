//! The store over a folder of blobs.

use super::kit::{GRACE, Kit, MB, SmallDisk, account, noise, spawn};
use super::{CHUNK_BYTES, CHUNKS_MAX, ChunkError, Collected, Kind, ManifestId};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;
use substrate::{Blobs as _, FolderSettings};

const CHUNK: u64 = CHUNK_BYTES as u64;
const KIND: Kind = Kind::SnapshotMemory;

/// Names in a folder, without the blobs.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "blobs");
    names.sort();
    names
}

async fn put(kit: &Kit, path: &Path) -> ManifestId {
    kit.store.put(&account(1), KIND, path).await.expect("stored").0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_file_comes_back_equal_sparse_and_its_owners_alone() {
    let kit = Kit::new().await;
    let equal = noise(CHUNK_BYTES, 1);
    let pieces = [
        (0, noise(4_096, 2)),
        (2 * CHUNK, equal.clone()),
        (3 * CHUNK - 10, noise(20, 3)), // across two chunks
        (10 * CHUNK, equal.clone()),
        (12 * CHUNK, equal),
        (20 * CHUNK, vec![0; 2 * CHUNK_BYTES]), // written, and zeros all the same
        (64 * MB + 7, noise(10, 4)),
    ];
    let source = kit.file("source", 64 * MB + 17, &pieces);
    let (id, manifest) = kit.store.put(&account(1), KIND, &source).await.expect("stored");
    assert_eq!((manifest.kind(), manifest.length()), (KIND, 64 * MB + 17));
    assert_eq!(manifest.chunks().count(), 6);
    assert_eq!(kit.stored().len(), 6, "five chunks, of which two places share one, and the manifest");
    let into = kit.path("into");
    let read = kit.store.materialise(&account(1), &id, &into, 0o600).await.expect("made");
    assert_eq!(read, manifest);
    assert!(fs::read(&source).expect("read") == fs::read(&into).expect("read"));
    let metadata = into.metadata().expect("there");
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert!(metadata.blocks() * 512 < 4 * MB, "{} blocks", metadata.blocks());
    assert_eq!(names(&kit.folder), ["into", "source"], "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_odd_length_come_back() {
    let kit = Kit::new().await;
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 17 * CHUNK + 5] {
        for data in [0, length] {
            let source = kit.file("source", length, &[(0, noise(data as usize, length))]);
            let id = put(&kit, &source).await;
            let into = kit.path("into");
            kit.store.materialise(&account(1), &id, &into, 0o600).await.expect("made");
            assert!(fs::read(&source).expect("read") == fs::read(&into).expect("read"), "{length} {data}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_files_are_stored_once_in_an_account_and_never_shared_with_another() {
    let kit = Kit::new().await;
    let source = kit.file("source", 2 * CHUNK, &[(0, noise(2 * CHUNK_BYTES, 1))]);
    let id = put(&kit, &source).await;
    let blobs = kit.stored();
    assert_eq!(put(&kit, &source).await, id);
    assert_eq!(kit.stored(), blobs, "nothing was stored again");
    let (other, _) = kit.store.put(&account(2), KIND, &source).await.expect("stored");
    assert_eq!(kit.stored().len(), 2 * blobs.len(), "another account's are all its own");
    let into = kit.path("into");
    let refused = kit.store.materialise(&account(1), &other, &into, 0o600).await.expect_err("refused");
    assert_eq!(refused, ChunkError::Foreign { id: other });
    assert_eq!(names(&kit.folder), ["source"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_and_missing_chunks_are_named_nothing_is_made_and_a_put_repairs() {
    let kit = Kit::new().await;
    let source = kit.file("source", 3 * CHUNK, &[(0, noise(3 * CHUNK_BYTES, 1))]);
    let id = put(&kit, &source).await;
    let into = kit.path("into");
    for path in kit.stored() {
        let whole = fs::read(&path).expect("read");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damage in [Some(&flipped[..]), Some(&whole[..whole.len() / 2]), Some(b""), None] {
            match damage {
                Some(bytes) => fs::write(&path, bytes).expect("written"),
                None => fs::remove_file(&path).expect("removed"),
            }
            let failed = kit.store.materialise(&account(1), &id, &into, 0o600).await.expect_err("refused");
            match damage {
                Some(_) => assert!(matches!(failed, ChunkError::Corrupt { .. }), "{failed}"),
                None => assert!(matches!(failed, ChunkError::Missing { .. }), "{failed}"),
            }
            assert_eq!(names(&kit.folder), ["source"]);
        }
        assert_eq!(put(&kit, &source).await, id);
        kit.store.materialise(&account(1), &id, &into, 0o600).await.expect("repaired");
        fs::remove_file(&into).expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_was_exchanged_for_another_of_the_account_is_refused() {
    let kit = Kit::new().await;
    let one = kit.file("one", CHUNK, &[(0, noise(CHUNK_BYTES, 1))]);
    let id = put(&kit, &one).await;
    let bytes = fs::read(kit.path("blobs").join(id.hex())).expect("read");
    let read = super::Manifest::decode(&bytes).expect("read");
    let rows = vec![super::manifest::Row { secret: [0; 32], ..read.rows()[0] }];
    let forged = super::Manifest::new(&account(1), KIND, CHUNK, rows);
    let forged = kit.blobs.put(forged.encode().into()).await.expect("stored");
    let into = kit.path("into");
    let failed = kit.store.materialise(&account(1), &ManifestId(forged), &into, 0o600).await;
    assert!(matches!(failed, Err(ChunkError::Corrupt { .. })), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_more_than_the_most_chunks_is_refused_unread() {
    let kit = Kit::new().await;
    let length = CHUNKS_MAX as u64 * CHUNK + 1;
    let source = kit.file("source", length, &[]);
    let refused = kit.store.put(&account(1), KIND, &source).await.expect_err("refused");
    assert_eq!(refused, ChunkError::TooLarge { bytes: length, limit: length - 1 });
    let missing = kit.store.put(&account(1), KIND, &kit.path("none")).await.expect_err("refused");
    assert!(matches!(missing, ChunkError::File { .. }), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_and_a_full_disk_are_named_and_leave_nothing() {
    let Some(disk) = SmallDisk::of(6 * MB) else { return };
    let kit = Kit::new().await;
    let source = kit.file("source", 8 * MB, &[(0, noise(8 * MB as usize, 1))]);
    let id = put(&kit, &source).await;
    let into = disk.path().join("into");
    let failed = kit.store.materialise(&account(1), &id, &into, 0o600).await.expect_err("full");
    assert!(matches!(failed, ChunkError::Full { .. }), "{failed}");
    assert_eq!(names(disk.path()).len(), 0);
    let on_full = Kit::at(disk.path(), FolderSettings::default()).await;
    let failed = on_full.store.put(&account(1), KIND, &source).await.expect_err("full");
    assert!(matches!(failed, ChunkError::Full { .. }), "{failed}");
    let settings = FolderSettings { bytes_max: Some(MB) };
    let folder = tempfile::tempdir().expect("a folder");
    let small = Kit::at(folder.path(), settings).await;
    let failed = small.store.put(&account(1), KIND, &source).await.expect_err("full");
    assert!(matches!(failed, ChunkError::Full { .. }), "{failed}");
}

/// Lets the grace of what is there now pass, and collects.
async fn collect_after_grace(kit: &Kit, owned: &[ManifestId]) -> Collected {
    kit.store.collect(owned).await.expect("collected");
    kit.clock.advance(GRACE + Duration::from_secs(1));
    kit.store.collect(owned).await.expect("collected")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_owner_names_goes_after_its_grace_and_what_one_names_stays() {
    let kit = Kit::new().await;
    let shared = noise(CHUNK_BYTES, 1);
    let keep = kit.file("keep", 2 * CHUNK, &[(0, shared.clone()), (CHUNK, noise(CHUNK_BYTES, 2))]);
    let drop = kit.file("drop", 2 * CHUNK, &[(0, shared), (CHUNK, noise(CHUNK_BYTES, 3))]);
    let (kept, dropped) = (put(&kit, &keep).await, put(&kit, &drop).await);
    let first = kit.store.collect(&[kept]).await.expect("collected");
    assert_eq!(first, Collected { kept: 3, waiting: 2, ..Collected::default() });
    let second = kit.store.collect(&[kept]).await.expect("collected");
    assert_eq!(second.deleted, 0, "the grace is not over");
    let third = collect_after_grace(&kit, &[kept]).await;
    assert_eq!(third, Collected { kept: 3, deleted: 2, ..Collected::default() });
    kit.store.materialise(&account(1), &kept, &kit.path("into"), 0o600).await.expect("made");
    let gone = kit.store.materialise(&account(1), &dropped, &kit.path("gone"), 0o600).await;
    assert!(matches!(gone, Err(ChunkError::Missing { .. })), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_put_again_or_named_again_stays() {
    let kit = Kit::new().await;
    let source = kit.file("source", CHUNK, &[(0, noise(CHUNK_BYTES, 1))]);
    let id = put(&kit, &source).await;
    kit.store.collect(&[]).await.expect("collected");
    kit.clock.advance(2 * GRACE);
    assert_eq!(put(&kit, &source).await, id, "found there, and touched");
    let collected = kit.store.collect(&[]).await.expect("collected");
    assert_eq!((collected.deleted, kit.stored().len()), (0, 2));
    // Named for a while, its waiting begins anew.
    collect_after_grace(&kit, &[id]).await;
    assert_eq!(kit.store.collect(&[]).await.expect("collected").deleted, 0);
    assert_eq!(collect_after_grace(&kit, &[]).await.deleted, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_put_under_way_has_stored_is_deleted_however_long_it_takes() {
    let kit = Kit::new().await;
    let source = kit.file("source", 20 * CHUNK, &[(0, noise(20 * CHUNK_BYTES, 1))]);
    // What is there already is garbage that is due.
    put(&kit, &source).await;
    kit.store.collect(&[]).await.expect("collected");
    kit.clock.advance(2 * GRACE);
    // The put finds the first eight there, and is held at the ninth.
    let permits = kit.blobs.may_put.available_permits();
    kit.blobs.may_put.forget_permits(permits - 8);
    let store = kit.store.clone();
    let path = source.clone();
    let slow = spawn(async move { store.put(&account(1), KIND, &path).await });
    kit.blobs.put_waits.notified().await;
    // A put that waits holds the gate: a collection waits too, and then looks at what the put has touched.
    let store = kit.store.clone();
    let collection = spawn(async move { store.collect(&[]).await });
    kit.clock.advance(2 * GRACE);
    kit.blobs.may_put.add_permits(100);
    let (id, _) = slow.await.expect("ran").expect("stored");
    collection.await.expect("ran").expect("collected");
    kit.store.materialise(&account(1), &id, &kit.path("into"), 0o600).await.expect("all is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_manifest_is_lost_and_a_store_that_does_not_answer_deletes_nothing() {
    let kit = Kit::new().await;
    let source = kit.file("source", CHUNK, &[(0, noise(CHUNK_BYTES, 1))]);
    let id = put(&kit, &source).await;
    fs::write(kit.path("blobs").join(id.hex()), "damaged").expect("written");
    let collected = kit.store.collect(&[id]).await.expect("collected");
    assert_eq!(collected.lost, [id]);
    fs::rename(kit.path("blobs"), kit.path("away")).expect("renamed");
    File::create(kit.path("blobs")).expect("made");
    let failed = kit.store.collect(&[id]).await.expect_err("no answer");
    assert!(failed.retryable(), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_holds_few_chunks_however_large_the_file() {
    let kit = Kit::new().await;
    let source = kit.file("source", 40 * CHUNK, &[(0, noise(40 * CHUNK_BYTES, 1))]);
    let id = put(&kit, &source).await;
    // The manifest and one batch are let through: no second batch is asked for before it is needed.
    let permits = kit.blobs.may_get.available_permits();
    kit.blobs.may_get.forget_permits(permits - 1);
    kit.blobs.gets.store(0, Ordering::SeqCst);
    let store = kit.store.clone();
    let into = kit.path("into");
    let task = spawn(async move { store.materialise(&account(1), &id, &into, 0o600).await });
    kit.blobs.get_waits.notified().await;
    assert!(kit.blobs.gets.load(Ordering::SeqCst) <= 1 + super::BATCH);
    kit.blobs.may_get.add_permits(1_000);
    task.await.expect("ran").expect("made");
}
