//! `Blobs` in a folder: one file per blob, named by its hash.
//!
//! ```text
//!  put: .tmp-RANDOM ── write ──► fsync ──► rename to HASH ──► fsync of the folder ──► answered
//!            └── killed here: swept at the next open; never taken for a blob
//! ```
//! The order is what makes it safe: a file has its final name only when all its bytes are on the disk, and the answer
//! comes only when the name is. One process owns the folder.

use crate::blobs::{BLOB_BYTES_MAX, BlobError, BlobKey, Blobs};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use world::World;

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
    /// Bytes of all blobs and of the puts under way, which reserve theirs first.
    bytes_used: AtomicU64,
}

impl Folder {
    /// Opens or makes the folder and sweeps what a killed process left half-written.
    pub async fn open(world: &World, root: &Path, settings: FolderSettings) -> Result<Self, BlobError> {
        let root = root.to_owned();
        let bytes_max = settings.bytes_max.unwrap_or(u64::MAX);
        let opened = world.blocking("blobs.open", move || {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
            let used = sweep(&root)?;
            Ok(Shared { root, bytes_max, bytes_used: AtomicU64::new(used) })
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
        if let Err(error) = self.write_durably(&path, key, bytes, write) {
            drop(fs::remove_file(&path)); // what can not be removed now is swept at the next open
            self.release(length);
            return Err(io_error(&error));
        }
        self.release(replaced);
        Ok(key)
    }

    fn write_durably(
        &self,
        path: &Path,
        key: BlobKey,
        bytes: &[u8],
        write: WriteBytes<'_>,
    ) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        write(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(path, self.path(key))?;
        sync_folder(&self.root)
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
            result => result.map(|()| self.release(length)),
        }
    }

    fn reserve(&self, bytes: u64) -> Result<(), BlobError> {
        let used = self.bytes_used.fetch_add(bytes, Ordering::Relaxed);
        if used.saturating_add(bytes) > self.bytes_max {
            self.release(bytes);
            let reason = format!("{used} of {} bytes are used, {bytes} more do not fit", self.bytes_max);
            return Err(BlobError::Full { reason });
        }
        Ok(())
    }

    fn release(&self, bytes: u64) {
        self.bytes_used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Removes half-written files and answers the bytes of the rest. Files that are not ours stay where they are.
fn sweep(root: &Path) -> io::Result<u64> {
    let mut used = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY_PREFIX) {
            fs::remove_file(entry.path())?;
        } else if BlobKey::from_hex(&name).is_some() {
            used += entry.metadata()?.len();
        }
    }
    Ok(used)
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
            assert_eq!(blobs.shared.bytes_used.load(Ordering::Relaxed), 0, "what was reserved is given back");
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
    async fn blobs_are_their_owners_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let blobs = open(&root).await;
        let key = blobs.put("secret".into()).await.expect("stored");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&blobs.path_hint(&key).expect("local")), 0o600);
        assert_eq!(mode(&root.path().join("blobs")), 0o700);
    }
}
