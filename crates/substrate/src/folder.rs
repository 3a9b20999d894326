//! `Blobs` in a folder: one file per blob, named by its hash.
//!
//! ```text
//!  put: .tmp-RANDOM, locked ── write ──► fsync ──► rename to HASH ──► fsync of the folder ──► answered
//!            └── killed here: swept at the next open of anybody; never taken for a blob
//! ```
//! The order is what makes it safe: a file has its final name only when all its bytes are on the disk, and the answer
//! comes only when the name is.
//!
//! Several processes of one machine may have the folder open, under one user. What one is writing is locked (flock(2),
//! which ends with its process however that ends), and who sweeps takes only what it can lock itself. Between the
//! making of a file and its lock a sweep may take it away: then it is made again. Bytes are counted by each process
//! for itself, and counted anew in the folder before a put is refused: `bytes_max` is exact for one process, and for
//! several it may be passed by what the others have put since the last count.

use crate::blobs::{BLOB_BYTES_MAX, BlobError, BlobKey, Blobs};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::World;

/// How often a put is made again whose file another process swept away before it was locked.
const SWEPT_MAX: usize = 8;
/// What a file is called until it is whole.
const TEMPORARY_PREFIX: &str = ".tmp-";

/// What an operator may set.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolderSettings {
    /// Most bytes of all blobs together; a put beyond answers `Full`. `None`: as the disk has room.
    pub bytes_max: Option<u64>,
}

/// The embedded `Blobs`.
pub struct Folder {
    world: World,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    bytes_max: u64,
    count: Mutex<Count>,
}

/// Bytes, as far as this process knows.
struct Count {
    /// Of all blobs and of the puts under way, which reserve theirs first.
    used: u64,
    under_way: u64,
}

impl Folder {
    /// Opens or makes the folder and sweeps what a killed process left half-written.
    pub async fn open(world: &World, root: &Path, settings: FolderSettings) -> Result<Self, BlobError> {
        let root = root.to_owned();
        let bytes_max = settings.bytes_max.unwrap_or(u64::MAX);
        let opened = world.blocking("blobs.open", move || {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
            sweep(&root)?;
            let used = used(&root)?;
            Ok(Shared { root, bytes_max, count: Mutex::new(Count { used, under_way: 0 }) })
        });
        let shared = opened.await.ok_or_else(panicked)?.map_err(|error| io_error(&error))?;
        Ok(Self { world: world.clone(), shared: Arc::new(shared) })
    }

    async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Shared) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let shared = Arc::clone(&self.shared);
        self.world.blocking(name, move || work(&shared)).await.ok_or_else(panicked)?
    }
}

#[async_trait::async_trait]
impl Blobs for Folder {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge { bytes: bytes.len() });
        }
        let temporary = format!("{TEMPORARY_PREFIX}{:016x}", self.world.random_u64());
        self.run("blobs.put", move |shared| shared.put(&bytes, &temporary, &mut write_whole)).await
    }

    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        let key = *key;
        self.run("blobs.get", move |shared| shared.get(key)).await
    }

    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        let key = *key;
        let exists = move |shared: &Shared| shared.path(key).try_exists().map_err(|error| io_error(&error));
        self.run("blobs.exists", exists).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let key = *key;
        self.run("blobs.delete", move |shared| shared.delete(key).map_err(|error| io_error(&error))).await
    }

    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        let after = after.copied();
        let list = move |shared: &Shared| {
            let keys = keys(&shared.root).map_err(|error| io_error(&error))?;
            Ok(keys.into_iter().filter(|key| Some(*key) > after).take(max).collect())
        };
        self.run("blobs.list", list).await
    }

    fn path_hint(&self, key: &BlobKey) -> Option<PathBuf> {
        Some(self.shared.path(*key))
    }
}

/// Writes bytes to a file; tests hand in one that fails half-way.
type WriteBytes<'a> = &'a mut dyn FnMut(&mut File, &[u8]) -> io::Result<()>;

fn write_whole(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

impl Shared {
    fn path(&self, key: BlobKey) -> PathBuf {
        self.root.join(key.hex())
    }

    fn put(&self, bytes: &[u8], temporary: &str, write: WriteBytes<'_>) -> Result<BlobKey, BlobError> {
        let key = BlobKey::of(bytes);
        let replaced = match self.get(key) {
            // A name may be there without being durable yet (another put of the same bytes is between its rename and
            // its sync), so the folder is synced also here before we answer.
            Ok(_) => return sync_folder(&self.root).map(|()| key).map_err(|error| io_error(&error)),
            Err(BlobError::NotFound { .. }) => 0,
            Err(BlobError::Corrupt { .. }) => fs::metadata(self.path(key)).map_or(0, |file| file.len()),
            Err(other) => return Err(other),
        };
        let length = bytes.len() as u64;
        self.reserve(length)?;
        let path = self.root.join(temporary);
        for _ in 0..SWEPT_MAX {
            match self.write_durably(&path, key, bytes, write) {
                Ok(Written::Whole) => {
                    self.ended(length, replaced);
                    return Ok(key);
                }
                Ok(Written::SweptAway) => {}
                Err(error) => {
                    drop(fs::remove_file(&path)); // what can not be removed now is swept at the next open
                    self.ended(length, length);
                    return Err(io_error(&error));
                }
            }
        }
        self.ended(length, length);
        Err(BlobError::Unavailable { reason: "others sweep the folder again and again".into() })
    }

    fn write_durably(
        &self,
        path: &Path,
        key: BlobKey,
        bytes: &[u8],
        write: WriteBytes<'_>,
    ) -> io::Result<Written> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        // Held by whoever sweeps it at this moment: it is as good as gone.
        file.lock()?;
        if file.metadata()?.nlink() == 0 {
            return Ok(Written::SweptAway);
        }
        write(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(path, self.path(key))?;
        sync_folder(&self.root)?;
        Ok(Written::Whole)
    }

    fn get(&self, key: BlobKey) -> Result<Bytes, BlobError> {
        let path = self.path(key);
        let not_found = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => BlobError::NotFound { key },
            _ => io_error(&error),
        };
        if fs::metadata(&path).map_err(not_found)?.len() > BLOB_BYTES_MAX as u64 {
            return Err(BlobError::Corrupt { key }); // never written by us; not read into memory either
        }
        let bytes = fs::read(&path).map_err(not_found)?;
        if BlobKey::of(&bytes) != key {
            return Err(BlobError::Corrupt { key });
        }
        Ok(bytes.into())
    }

    fn delete(&self, key: BlobKey) -> io::Result<()> {
        let path = self.path(key);
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // Not synced: a blob that comes back after loss of power is garbage to collect again, no harm.
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // Never below nothing: what another process put is not in this one's count.
            result => result.map(|()| self.ended(0, length)),
        }
    }

    fn reserve(&self, bytes: u64) -> Result<(), BlobError> {
        let mut count = self.counted();
        if count.used.saturating_add(bytes) > self.bytes_max {
            // Another process may have made room, of which nobody told this one.
            let found = used(&self.root).map_err(|error| io_error(&error))?;
            count.used = count.used.min(found.saturating_add(count.under_way));
        }
        let used = count.used;
        if used.saturating_add(bytes) > self.bytes_max {
            let reason = format!("{used} of {} bytes are used, {bytes} more do not fit", self.bytes_max);
            return Err(BlobError::Full { reason });
        }
        count.used += bytes;
        count.under_way += bytes;
        Ok(())
    }

    /// A put of so many bytes has ended, and so many are less in the folder by it than there were with it.
    fn ended(&self, bytes: u64, less: u64) {
        let mut count = self.counted();
        count.under_way -= bytes;
        count.used = count.used.saturating_sub(less);
    }

    fn counted(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a file.
enum Written {
    Whole,
    /// By another process, before it was locked.
    SweptAway,
}

/// Removes half-written files of processes that are gone. Files that are not ours stay where they are.
fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            unless_gone(sweep_one(&entry.path()))?;
        }
    }
    Ok(())
}

fn sweep_one(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match file.try_lock() {
        Ok(()) => fs::remove_file(path),
        Err(TryLockError::WouldBlock) => Ok(()), // somebody writes it
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The bytes of all blobs.
fn used(root: &Path) -> io::Result<u64> {
    let mut used = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if BlobKey::from_hex(&entry.file_name().to_string_lossy()).is_some() {
            used += unless_gone(entry.metadata().map(|file| file.len()))?;
        }
    }
    Ok(used)
}

/// What another process has renamed or removed since it was listed is no error.
fn unless_gone<T: Default>(result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        result => result,
    }
}

fn keys(root: &Path) -> io::Result<BTreeSet<BlobKey>> {
    let mut keys = BTreeSet::new();
    for entry in fs::read_dir(root)? {
        keys.extend(BlobKey::from_hex(&entry?.file_name().to_string_lossy()));
    }
    Ok(keys)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn panicked() -> BlobError {
    BlobError::Unavailable { reason: "the store's worker ended".into() }
}

fn io_error(error: &io::Error) -> BlobError {
    let reason = error.to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full { reason },
        _ => BlobError::Unavailable { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use std::os::unix::fs::PermissionsExt;

    async fn folder(root: &tempfile::TempDir, settings: FolderSettings) -> Folder {
        Folder::open(&World::real(), &root.path().join("blobs"), settings).await.expect("opens")
    }

    async fn open(root: &tempfile::TempDir) -> Arc<dyn Blobs> {
        Arc::new(folder(root, FolderSettings::default()).await)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_folder_passes_the_blobs_suite() {
        let root = tempfile::tempdir().expect("a folder");
        conformance::blobs(open(&root).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_folder_keeps_what_it_answered_without_being_closed() {
        let root = tempfile::tempdir().expect("a folder");
        conformance::blobs_survive(|| open(&root)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_folder_refuses_and_room_comes_back() {
        let root = tempfile::tempdir().expect("a folder");
        let blobs = folder(&root, FolderSettings { bytes_max: Some(1_000) }).await;
        conformance::blobs_full(Arc::new(blobs), 1_000).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_is_seen_and_repaired() {
        for damage in [&b"prezious"[..], b"precious and more", b""] {
            let root = tempfile::tempdir().expect("a folder");
            let path = |key: &BlobKey| root.path().join("blobs").join(key.hex());
            let damage = |key: &BlobKey| fs::write(path(key), damage).expect("written");
            conformance::blobs_damaged(open(&root).await, damage).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_torn_write_leaves_no_blob_and_no_half_file() {
        let root = tempfile::tempdir().expect("a folder");
        let blobs = folder(&root, FolderSettings { bytes_max: Some(100) }).await;
        for error in [io::ErrorKind::StorageFull, io::ErrorKind::Other] {
            let mut torn = |file: &mut File, bytes: &[u8]| {
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(io::Error::from(error))
            };
            let failed = blobs.shared.put(b"precious", ".tmp-1", &mut torn).expect_err("torn");
            assert_eq!(matches!(failed, BlobError::Full { .. }), error == io::ErrorKind::StorageFull);
            assert_eq!(fs::read_dir(&blobs.shared.root).expect("readable").count(), 0);
            assert_eq!(blobs.shared.counted().used, 0, "what was reserved is given back");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_killed_process_left_half_written_is_swept_at_open() {
        let root = tempfile::tempdir().expect("a folder");
        let key = open(&root).await.put("whole".into()).await.expect("stored");
        let half = root.path().join("blobs/.tmp-0123456789abcdef");
        fs::write(&half, "hal").expect("written");
        let blobs = open(&root).await;
        assert!(!half.exists());
        assert_eq!(blobs.list(None, 10).await.expect("listed"), [key]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_another_process_is_writing_is_not_swept() {
        let root = tempfile::tempdir().expect("a folder");
        let blobs = folder(&root, FolderSettings::default()).await;
        // Another instance opens, and sweeps, while this one is in the middle of a put.
        let mut opened = 0;
        let mut slow = |file: &mut File, bytes: &[u8]| {
            let (first, rest) = bytes.split_at(bytes.len() / 2);
            file.write_all(first)?;
            sweep(&blobs.shared.root)?;
            opened += 1;
            file.write_all(rest)
        };
        let key = blobs.shared.put(b"precious", ".tmp-1", &mut slow).expect("stored");
        assert_eq!((opened, open(&root).await.get(&key).await.expect("whole")), (1, "precious".into()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_instances_put_get_and_delete_the_same_blobs_at_once_while_a_third_is_opened_again_and_again()
    {
        let root = tempfile::tempdir().expect("a folder");
        let (one, other) = (open(&root).await, open(&root).await);
        let mut puts = tokio::task::JoinSet::new();
        for number in 0..64_u32 {
            for blobs in [Arc::clone(&one), Arc::clone(&other)] {
                puts.spawn(async move {
                    let bytes = Bytes::from(format!("blob {}", number % 16).repeat(1_000));
                    let key = blobs.put(bytes.clone()).await.expect("stored");
                    assert_eq!(blobs.get(&key).await.expect("there"), bytes);
                });
            }
        }
        while !puts.is_empty() {
            let opened = open(&root).await;
            assert!(opened.list(None, 100).await.expect("listed").len() <= 16);
            while let Some(put) = puts.try_join_next() {
                put.expect("no put fails because another instance sweeps");
            }
        }
        assert_eq!(one.list(None, 100).await.expect("listed").len(), 16);
        for key in one.list(None, 100).await.expect("listed") {
            let (a, b) = tokio::join!(one.delete(&key), other.delete(&key));
            assert_eq!((a, b), (Ok(()), Ok(())));
            assert_eq!(other.exists(&key).await, Ok(false));
        }
        assert_eq!(fs::read_dir(root.path().join("blobs")).expect("readable").count(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_folder_of_two_has_room_when_the_other_made_it_and_no_count_falls_below_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        let limit = FolderSettings { bytes_max: Some(10) };
        let (one, other) = (folder(&root, limit).await, folder(&root, limit).await);
        let key = one.put("12345678".into()).await.expect("stored");
        assert!(matches!(one.put("abc".into()).await, Err(BlobError::Full { .. })));
        // The other has never counted it.
        other.delete(&key).await.expect("deleted");
        other.put("xyz".into()).await.expect("there is room");
        one.put("abc".into()).await.expect("there is room");
        assert_eq!(one.shared.counted().used, 6);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn blobs_are_their_owners_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let blobs = open(&root).await;
        let key = blobs.put("secret".into()).await.expect("stored");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&blobs.path_hint(&key).expect("local")), 0o600);
        assert_eq!(mode(&root.path().join("blobs")), 0o700);
    }
}
