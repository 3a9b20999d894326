//! The function layer: versions written down after init, restored as often as wanted.
//!
//! ```text
//!            initialised, paused             chunks, then the record           load: cached, or from chunks
//! (absent) ─────────────────────► being cut ──────────────────────────► kept ─────────────────────────────► copies
//!    ▲                              │ failed: `snapstart` tries again     │
//!    └──────────────────────────────┴───── refused, damaged, its version is gone
//! ```
//! Memory and state are cut into sealed chunks under the account's key; the record that names them is written last, so a
//! kill leaves chunks that the next collection removes and nothing else. For restores the memory lies materialised in a
//! bounded cache, and the few small files in a folder of this process, both swept at the start. What the first invocation
//! of the first copy touches is recorded, and read ahead for every copy after it.

mod index;

use crate::keys::KeysRecord;
use crate::parts::WorkerParts;
use crate::snapstart::Initialised;
use images::chunks::{ChunkError, ChunkSettings, ChunkStore, Kind, ManifestId};
use images::keys::{AccountKey, MasterKey};
use images::materialised::{CacheSettings, Materialised, Pinned};
use images::working_set::{self, WorkingSet};
use index::Index;
use sandbox::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use substrate::folder::{Folder, FolderSettings};
use types::{AccountId, VersionKey};
use world::World;

/// What the worker must know of a snapshot beside the sandbox's own files.
const OURS: &str = "worker";
const OURS_BYTES_MAX: u64 = 64 * 1024;
/// Monitors run as users of their own and are shown the file, in a folder that nobody else enters.
const MODE: u32 = 0o644;

/// How much is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Chunks of all versions, bytes of disk.
    pub chunk_bytes_max: u64,
    /// Materialised memory, bytes of disk.
    pub cache_bytes_max: u64,
    /// Versions that did not ask to be kept.
    pub unasked_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { chunk_bytes_max: 64 << 30, cache_bytes_max: 16 << 30, unasked_max: 256 }
    }
}

/// Why a version was not kept, or could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("{0}")]
    Sandbox(#[from] sandbox::BootError),
    #[error("{0}")]
    Chunks(#[from] ChunkError),
    #[error("{step}: {reason}")]
    File { step: &'static str, reason: String },
}

impl SnapshotError {
    /// The snapshot itself is bad, or says so: it is made anew. A disk or a cache that is full now, or blobs that can not be
    /// reached, say nothing of it; to throw it away then would add work to the overload.
    pub(crate) fn condemns(&self) -> bool {
        !matches!(self, Self::Chunks(ChunkError::Full { .. } | ChunkError::Unavailable { .. }))
    }
}

/// One that is kept.
pub(crate) struct Stored {
    index: Mutex<Index>,
    /// The small files, once they were needed.
    ready: tokio::sync::Mutex<Option<PathBuf>>,
    /// Somebody records its working set, or has.
    recorded: AtomicBool,
    warned: AtomicBool,
}

/// What a copy is restored from.
pub(crate) struct Loaded {
    pub(crate) snapshot: Snapshot,
    pub(crate) keys: KeysRecord,
    pub(crate) held: Held,
}

/// Keeps the memory of a copy in the cache, and knows whether its first invocation is to be looked at.
pub(crate) struct Held {
    pin: Pinned,
    stored: Arc<Stored>,
    records: bool,
}

/// The file `worker` of a snapshot: sealed in chunks like the others.
#[derive(Serialize, Deserialize)]
struct Ours {
    keys: KeysRecord,
}

/// The worker's snapshots of versions.
pub(crate) struct Snapshots {
    world: World,
    sandbox: &'static str,
    /// Records.
    records: PathBuf,
    /// Of this process: what is being cut, and small files of what is kept.
    folder: PathBuf,
    master: MasterKey,
    chunks: ChunkStore,
    cache: Materialised,
    table: Mutex<BTreeMap<VersionKey, Arc<Stored>>>,
}

impl Snapshots {
    /// `None` where the sandbox takes none.
    pub(crate) async fn open(parts: &WorkerParts) -> io::Result<Option<Arc<Self>>> {
        if !parts.sandbox.capabilities().snapshot {
            return Ok(None);
        }
        let (world, settings) = (&parts.world, &parts.settings.snapshot_store);
        let root = parts.settings.data.join("snapshots");
        let (records, folder) = (root.join("functions"), root.join("work"));
        let (sandbox, entropy) = (parts.sandbox.kind(), Arc::clone(&world.entropy));
        let opened = {
            let (root, records, folder) = (root.clone(), records.clone(), folder.clone());
            world.blocking("snapshots", move || {
                DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
                if folder.exists() {
                    fs::remove_dir_all(&folder)?; // of an earlier process
                }
                DirBuilder::new().mode(0o700).create(&folder)?;
                let key = MasterKey::load_or_make(&root.join("key"), &*entropy).map_err(io::Error::other)?;
                Ok((key, index::open(&records, sandbox)?))
            })
        };
        let (master, found) = opened.await.unwrap_or_else(|| Err(io::Error::other("panic")))?;
        let limit = FolderSettings { bytes_max: Some(settings.chunk_bytes_max) };
        let blobs = Folder::open(world, &root.join("chunks"), limit).await.map_err(io::Error::other)?;
        let chunks = ChunkStore::new(world, Arc::new(blobs), ChunkSettings::default());
        let cached = CacheSettings { mode: MODE, ..CacheSettings::new(settings.cache_bytes_max) };
        let cache = Materialised::open(world, &chunks, &root.join("memory"), cached).await;
        let cache = cache.map_err(io::Error::other)?;
        let table = found.into_iter().map(|index| (index.key.clone(), Stored::new(index, None))).collect();
        let world = world.clone();
        let snapshots =
            Self { world, sandbox, records, folder, master, chunks, cache, table: Mutex::new(table) };
        Ok(Some(Arc::new(snapshots)))
    }

    pub(crate) fn find(&self, key: &VersionKey) -> Option<Arc<Stored>> {
        self.table().get(key).cloned()
    }

    /// Every version that is kept.
    pub(crate) fn keys(&self) -> Vec<VersionKey> {
        self.table().keys().cloned().collect()
    }

    /// Writes down a room that stands after init, which ends by it, and cuts it into chunks.
    pub(crate) async fn keep(&self, key: &VersionKey, initialised: Initialised) -> Result<(), SnapshotError> {
        let folder = self.folder.join(hex(&self.world.random_16()));
        let kept = self.cut(key, initialised, &folder).await;
        let stored = match kept {
            Ok(stored) => stored,
            Err(error) => {
                let half = folder.clone();
                self.disk("snapshot", move || fs::remove_dir_all(half)).await.ok(); // full, perhaps: swept at the next start
                return Err(error);
            }
        };
        let older = self.table().insert(key.clone(), stored);
        if let Some(older) = older {
            self.let_go(&older).await;
        }
        Ok(())
    }

    async fn cut(
        &self,
        key: &VersionKey,
        initialised: Initialised,
        folder: &Path,
    ) -> Result<Arc<Stored>, SnapshotError> {
        let ours = Ours { keys: initialised.prepared.keys.record() };
        let into = folder.to_owned();
        let made = self.disk("snapshot", move || DirBuilder::new().mode(0o700).create(into)).await;
        let written = match made {
            Ok(()) => {
                let walls = &initialised.room.walls;
                let paused = walls.pause().await;
                match paused {
                    Ok(()) => walls.snapshot(folder.to_owned()).await.map_err(SnapshotError::from),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        };
        initialised.end().await;
        let snapshot = written?;
        let memory = name_of(&snapshot.memory)?;
        let inside = folder.to_owned();
        let names = self.disk("snapshot", move || {
            let mut file =
                File::options().write(true).create_new(true).mode(0o600).open(inside.join(OURS))?;
            file.write_all(&serde_json::to_vec(&ours)?)?;
            fs::read_dir(&inside)?.map(|entry| name_of_entry(&entry?.path())).collect::<io::Result<Vec<_>>>()
        });
        let account = self.account(&key.account);
        let mut files = Vec::new();
        for name in names.await? {
            let kind = if name == memory { Kind::SnapshotMemory } else { Kind::SnapshotState };
            let (id, _) = self.chunks.put(&account, kind, &folder.join(&name)).await?;
            files.push((name, id));
        }
        let index = Index::new(key.clone(), self.sandbox, &files, memory);
        let (record, records) = (index.clone(), self.records.clone());
        self.disk("record of a snapshot", move || record.write(&records)).await?;
        self.adopt_memory(&account, &index, &snapshot.memory).await;
        Ok(Stored::new(index, Some(folder.to_owned())))
    }

    /// As good as made from its chunks, and the first copy need not wait for that. The record stands already, and what it
    /// names is whole: after a kill before this, or where there is no room for it, the memory is made from its chunks when
    /// a copy asks, and the file that is not taken goes: here, or with this process's folder at the next start.
    async fn adopt_memory(&self, account: &AccountKey, index: &Index, memory: &Path) {
        let Some(id) = index.memory_id() else { return };
        let Err(error) = self.cache.adopt(account, &id, memory).await.map(drop) else { return };
        tracing::debug!(%error, "a snapshot's memory is not kept for its copies");
        let left = memory.to_owned();
        self.disk("snapshot", move || fs::remove_file(left)).await.ok(); // swept at the next start
    }

    /// Everything that a copy needs, on this host's disk.
    pub(crate) async fn load(&self, key: &VersionKey, stored: &Arc<Stored>) -> Result<Loaded, SnapshotError> {
        let account = self.account(&key.account);
        let index = stored.index().clone();
        let folder = self.ready(&account, stored, &index).await?;
        let id = index.memory_id().ok_or_else(|| refused("record", "it names no memory"))?;
        let pin = self.cache.get(&account, &id).await?;
        let path = folder.join(OURS);
        let ours = self.disk("snapshot", move || {
            let mut bytes = Vec::new();
            File::open(path)?.take(OURS_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(serde_json::from_slice::<Ours>(&bytes)?)
        });
        let Ours { keys } = ours.await?;
        let records = index.working_set().is_none() && !stored.recorded.swap(true, Ordering::AcqRel);
        if records {
            let path = pin.path().to_owned();
            // What is in memory afterwards is what was touched.
            self.disk("working set", move || working_set::forget_resident(&File::open(path)?)).await?;
        }
        let snapshot = Snapshot { folder, memory: pin.path().to_owned() };
        Ok(Loaded { snapshot, keys, held: Held { pin, stored: Arc::clone(stored), records } })
    }

    /// Has the disk read what the first invocation will touch. How many bytes were asked for.
    pub(crate) async fn read_ahead(&self, key: &VersionKey, held: &Held) -> Result<u64, SnapshotError> {
        let Some(id) = held.stored.index().working_set() else { return Ok(0) };
        let set = self.cache.get(&self.account(&key.account), &id).await?;
        let (set, memory) = (set.path().to_owned(), held.pin.path().to_owned());
        self.disk("working set", move || {
            let set = WorkingSet::decode(&fs::read(set)?).map_err(io::Error::other)?;
            working_set::read_ahead(&File::open(memory)?, &set)
        })
        .await
    }

    /// After the first invocation of a copy: what of its memory was touched is written down, once.
    pub(crate) async fn record(&self, key: &VersionKey, held: &Held) -> Result<(), SnapshotError> {
        if !held.records {
            return Ok(());
        }
        let memory = held.pin.path().to_owned();
        let into = self.folder.join(format!("{}.set", hex(&self.world.random_16())));
        let path = into.clone();
        self.disk("working set", move || {
            let set = working_set::resident_ranges(&File::open(memory)?)?;
            fs::write(path, set.encode())
        })
        .await?;
        let put = self.chunks.put(&self.account(&key.account), Kind::WorkingSet, &into).await;
        self.disk("working set", move || fs::remove_file(into)).await?;
        let (id, _) = put?;
        if !self.find(key).is_some_and(|now| Arc::ptr_eq(&now, &held.stored)) {
            return Ok(()); // it is gone meanwhile
        }
        let index = held.stored.index().with_working_set(id);
        let (record, records) = (index.clone(), self.records.clone());
        self.disk("record of a snapshot", move || record.write(&records)).await?;
        *held.stored.index() = index;
        Ok(())
    }

    /// It was of no use, which is said once; it goes, unless another took its place. Whether it went.
    pub(crate) async fn refuse(&self, key: &VersionKey, stored: &Arc<Stored>, error: &SnapshotError) -> bool {
        if !stored.warned.swap(true, Ordering::AcqRel) {
            tracing::warn!(function = %key.function, version = %key.version, %error, "a version's snapshot is of no use; it is made anew");
        }
        let is_it = self.find(key).is_some_and(|now| Arc::ptr_eq(&now, stored));
        if is_it {
            self.forget(key).await;
        }
        is_it
    }

    /// Its version is gone, or it is of no use.
    pub(crate) async fn forget(&self, key: &VersionKey) {
        let gone = self.table().remove(key);
        let Some(stored) = gone else { return };
        let (records, its_key) = (self.records.clone(), key.clone());
        let removed = self.disk("record of a snapshot", move || index::remove(&records, &its_key)).await;
        if let Err(error) = removed {
            tracing::warn!(function = %key.function, %error, "a snapshot's record can not be removed");
        }
        self.let_go(&stored).await;
    }

    /// One pass over the chunks: what no record names for an hour goes.
    pub(crate) async fn collect(&self) {
        let owned: Vec<ManifestId> = {
            let table = self.table();
            table.values().flat_map(|stored| stored.index().owned().collect::<Vec<_>>()).collect()
        };
        match self.chunks.collect(&owned).await {
            Ok(collected) => {
                tracing::debug!(
                    kept = collected.kept,
                    waiting = collected.waiting,
                    deleted = collected.deleted,
                    "chunks were collected"
                );
            }
            Err(error) => tracing::warn!(%error, "chunks could not be collected"),
        }
    }

    async fn let_go(&self, stored: &Stored) {
        let index = stored.index().clone();
        let account = self.account(&index.key.account);
        for id in index.memory_id().into_iter().chain(index.working_set()) {
            self.cache.forget(&account, &id).await;
        }
        let ready = stored.ready.lock().await.take();
        if let Some(folder) = ready {
            self.disk("snapshot", move || fs::remove_dir_all(folder)).await.ok(); // swept at the next start
        }
    }

    /// The folder of the small files, made from chunks the first time.
    async fn ready(
        &self,
        account: &AccountKey,
        stored: &Stored,
        index: &Index,
    ) -> Result<PathBuf, SnapshotError> {
        let mut ready = stored.ready.lock().await;
        if let Some(folder) = &*ready {
            return Ok(folder.clone());
        }
        let folder = self.folder.join(hex(&self.world.random_16()));
        let into = folder.clone();
        self.disk("snapshot", move || DirBuilder::new().mode(0o700).create(into)).await?;
        for (name, id) in index.files().filter(|(name, _)| *name != index.memory) {
            self.chunks.materialise(account, &id, &folder.join(name), MODE).await?;
        }
        *ready = Some(folder.clone());
        Ok(folder)
    }

    fn account(&self, account: &AccountId) -> AccountKey {
        self.master.account(account)
    }

    async fn disk<T: Send + 'static>(
        &self,
        step: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, SnapshotError> {
        let done = self.world.blocking("snapshots", work).await;
        done.unwrap_or_else(|| Err(io::Error::other("panic")))
            .map_err(|error| refused(step, &error.to_string()))
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<VersionKey, Arc<Stored>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn new(index: Index, ready: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            index: Mutex::new(index),
            ready: tokio::sync::Mutex::new(ready),
            recorded: AtomicBool::default(),
            warned: AtomicBool::default(),
        })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(step: &'static str, reason: &str) -> SnapshotError {
    SnapshotError::File { step, reason: reason.to_owned() }
}

fn name_of(path: &Path) -> Result<String, SnapshotError> {
    name_of_entry(path).map_err(|error| refused("snapshot", &error.to_string()))
}

fn name_of_entry(path: &Path) -> io::Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| io::Error::other("a file without a plain name"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
