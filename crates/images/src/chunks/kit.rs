//! What tests of chunks and of materialised files share.

use super::{ChunkSettings, ChunkStore};
use crate::keys::{AccountKey, MasterKey};
use bytes::Bytes;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use substrate::{BlobError, BlobKey, Blobs, Folder, FolderSettings};
use testkit::clock::SetClock;
use tokio::sync::{Notify, Semaphore};
use types::AccountId;
use world::World;

pub(crate) const MB: u64 = 1 << 20;
pub(crate) const GRACE: Duration = Duration::from_secs(60);

/// A folder of blobs that counts, and lets as many gets and puts through as it is told.
pub(crate) struct Watched {
    inner: Folder,
    pub(crate) gets: AtomicUsize,
    pub(crate) may_get: Semaphore,
    pub(crate) may_put: Semaphore,
    /// Told when a get waits.
    pub(crate) get_waits: Notify,
    /// Told when a put waits.
    pub(crate) put_waits: Notify,
}

impl Watched {
    async fn pass(&self, gate: &Semaphore, waits: &Notify) {
        if gate.available_permits() == 0 {
            waits.notify_one();
        }
        gate.acquire().await.expect("open").forget();
    }
}

#[async_trait::async_trait]
impl Blobs for Watched {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        self.pass(&self.may_put, &self.put_waits).await;
        self.inner.put(bytes).await
    }
    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.pass(&self.may_get, &self.get_waits).await;
        self.inner.get(key).await
    }
    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.inner.exists(key).await
    }
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.inner.delete(key).await
    }
    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        self.inner.list(after, max.min(3)).await // pages are turned
    }
    fn path_hint(&self, key: &BlobKey) -> Option<PathBuf> {
        self.inner.path_hint(key)
    }
}

pub(crate) struct Kit {
    pub(crate) folder: PathBuf,
    pub(crate) world: World,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) blobs: Arc<Watched>,
    pub(crate) store: ChunkStore,
    _temporary: Option<tempfile::TempDir>,
}

impl Kit {
    pub(crate) async fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut kit = Self::at(temporary.path(), FolderSettings::default()).await;
        kit._temporary = Some(temporary);
        kit
    }

    pub(crate) async fn at(folder: &Path, settings: FolderSettings) -> Self {
        let clock = Arc::new(SetClock::default());
        let real = World::real();
        let world = World { clock: clock.clone(), ..real };
        let inner = Folder::open(&world, &folder.join("blobs"), settings).await.expect("opens");
        let blobs = Arc::new(Watched {
            inner,
            gets: AtomicUsize::new(0),
            may_get: Semaphore::new(1 << 20),
            may_put: Semaphore::new(1 << 20),
            get_waits: Notify::new(),
            put_waits: Notify::new(),
        });
        let store = ChunkStore::new(&world, blobs.clone(), ChunkSettings { grace: GRACE });
        Self { folder: folder.to_owned(), world, clock, blobs, store, _temporary: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A sparse file with these pieces.
    pub(crate) fn file(&self, name: &str, length: u64, pieces: &[(u64, Vec<u8>)]) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).expect("made");
        file.set_len(length).expect("set");
        for (at, bytes) in pieces {
            file.write_all_at(bytes, *at).expect("written");
        }
        path
    }

    /// Every blob's file.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("blobs")).expect("readable");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
        paths.sort();
        paths
    }
}

pub(crate) fn account(number: u8) -> AccountKey {
    MasterKey::new([9; 32]).account(&AccountId::new(number.to_string().repeat(12)))
}

/// Bytes that do not repeat, another row for each seed.
pub(crate) fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes_out: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(next).collect();
    bytes_out.truncate(bytes);
    bytes_out
}

/// A file system of this size, unmounted when it is dropped. `None`, with a sentence, where none can be mounted.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn of(bytes: u64) -> Option<Self> {
        let at = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(at.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: no file system can be mounted here");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever on the machine walks through /tmp at this moment keeps it busy.
        assert!(Command::new("umount").arg("-l").arg(self.0.path()).status().expect("runs").success());
    }
}

/// A task that the test waits for.
#[allow(clippy::disallowed_methods)] // the test owns it
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(future)
}
