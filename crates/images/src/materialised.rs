//! The bounded cache of materialised files: one sparse file per manifest and account, mapped by any number of machines.
//!
//! ```text
//!            get: reserve room            whole                 last pin dropped
//!  (absent) ───────────────────► making ───────► pinned ◄─────────────────────► idle
//!     ▲  ▲                          │ failed        │  forget: goes when idle     │ least recently used, room is
//!     │  └──────────────────────────┘               │                             │ wanted; or forget
//!     └─────────────────────────────────────────────┴─────────────────────────────┘
//! ```
//! Concurrent gets of one file join: one makes it, the others wait and take what came of it, also its error; one who
//! leaves does not end it. A pinned file is never evicted. After kill -9 [`open`] removes what was half-made and takes
//! up what was whole, which it may: a file has its name only when it is on the disk.
//!
//! A file's name is a number, so that removing an old one never meets a new one, and a keyed hash of its manifest's id under the account's key: with another account's key there is no
//! hit, and the way to the chunks is refused (`ChunkError::Foreign`).
//!
//! [`open`]: Materialised::open

use crate::chunks::{ChunkError, ChunkStore, ManifestId};
use crate::keys::AccountKey;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use substrate::BlobKey;
use tokio::sync::OwnedMutexGuard;
use world::World;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct CacheSettings {
    /// Most bytes that all files take on the disk; pinned ones count.
    pub bytes_max: u64,
    /// Mode of the files. 0600 unless machines that run as other users open them by path, which the folder's own mode
    /// (0700) forbids to all who are not shown the file.
    pub mode: u32,
}

impl CacheSettings {
    /// Files of mode 0600.
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max, mode: 0o600 }
    }
}

/// The cache. Cheap to clone; clones are the same cache.
#[derive(Clone)]
pub struct Materialised {
    world: World,
    store: ChunkStore,
    folder: PathBuf,
    settings: CacheSettings,
    table: Arc<Mutex<Table>>,
}

/// A file that stays while this lives.
pub struct Pinned {
    cache: Materialised,
    name: Name,
    path: PathBuf,
}

/// What a file is of, in its name.
type Name = BlobKey;

#[derive(Default)]
struct Table {
    files: BTreeMap<Name, Entry>,
    /// Bytes of all files and of what is reserved for those that are being made.
    used: u64,
    /// Counts uses, and numbers files.
    tick: u64,
    attempts: BTreeMap<Name, Arc<Attempts>>,
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    pins: usize,
    used_at: u64,
    /// Goes with its last pin.
    forgotten: bool,
}

/// Those who want a file that is not there.
#[derive(Default)]
struct Attempts {
    /// Held by the one that makes it; what it found last if it failed.
    turn: Arc<tokio::sync::Mutex<Option<ChunkError>>>,
    /// Attempts that have failed.
    failed: AtomicU64,
}

/// Whose turn it is to make a file.
type Turn = OwnedMutexGuard<Option<ChunkError>>;

impl Materialised {
    /// Opens or makes the folder (mode 0700), removes what was half-made, takes up the rest, and evicts what is too
    /// much. One process owns the folder.
    pub async fn open(
        world: &World,
        store: &ChunkStore,
        folder: &Path,
        settings: CacheSettings,
    ) -> Result<Self, ChunkError> {
        let path = folder.to_owned();
        let scanned = world.blocking("materialised.open", move || {
            scan(&path).map_err(|error| ChunkError::file(&path, &error))
        });
        let table = scanned.await.ok_or_else(panicked)??;
        let cache = Self {
            world: world.clone(),
            store: store.clone(),
            folder: folder.to_owned(),
            settings,
            table: Arc::new(Mutex::new(table)),
        };
        cache.evict(0).await?;
        Ok(cache)
    }

    /// The file of this manifest: at once if it is there, otherwise made. The least recently used ones make room.
    pub async fn get(&self, account: &AccountKey, id: &ManifestId) -> Result<Pinned, ChunkError> {
        let name = name(account, id);
        if let Some(pinned) = self.pin(name) {
            return Ok(pinned);
        }
        let attempts = self.attempts(name);
        let failed_before = attempts.failed.load(Ordering::Acquire);
        let turn = Arc::clone(&attempts.turn).lock_owned().await;
        if let Some(pinned) = self.pin(name) {
            return Ok(pinned);
        }
        if let Some(error) = &*turn
            && attempts.failed.load(Ordering::Acquire) != failed_before
        {
            return Err(error.clone()); // it failed while we waited for it: for us too
        }
        // A task of its own: the file is counted and the turn kept also where the caller leaves.
        let (cache, account, id) = (self.clone(), account.clone(), *id);
        let (tx, rx) = tokio::sync::oneshot::channel();
        self.world.spawn("materialise", async move {
            drop(tx.send(cache.make(&account, &id, name, &attempts, turn).await));
        });
        rx.await.map_err(|_| panicked())?
    }

    /// Takes a file that is known to be what this manifest says, since it was stored from it: moved into the cache,
    /// synced, pinned. It must lie on the same file system. What is there already stays, and the file is removed.
    pub async fn adopt(
        &self,
        account: &AccountKey,
        id: &ManifestId,
        file: &Path,
    ) -> Result<Pinned, ChunkError> {
        let name = name(account, id);
        let turn = Arc::clone(&self.attempts(name).turn).lock_owned().await;
        let (cache, file) = (self.clone(), file.to_owned());
        if let Some(pinned) = self.pin(name) {
            self.world.blocking("materialised.remove", move || drop(fs::remove_file(file))).await;
            return Ok(pinned);
        }
        let bytes = fs::metadata(&file).map_err(|error| ChunkError::file(&file, &error))?.blocks() * 512;
        let reserved = self.reserve(bytes).await?;
        let adopted = self.world.blocking("materialised.adopt", move || {
            let _turn = turn;
            let into = cache.new_path(name);
            take(&file, &into, cache.settings.mode).map_err(|error| ChunkError::file(&into, &error))?;
            Ok(cache.insert(name, into, reserved, bytes))
        });
        adopted.await.ok_or_else(panicked)?
    }

    /// Removes a file whose manifest nobody owns any more: at once, or when its last pin is dropped.
    pub async fn forget(&self, account: &AccountKey, id: &ManifestId) {
        let name = name(account, id);
        let gone = {
            let mut table = self.lock();
            match table.files.get_mut(&name) {
                Some(entry) if entry.pins > 0 => {
                    entry.forgotten = true;
                    None
                }
                _ => table.remove(name),
            }
        };
        if let Some(path) = gone {
            self.world.blocking("materialised.remove", move || drop(fs::remove_file(path))).await;
        }
    }

    /// Bytes that files take, and are reserved for those that are being made.
    pub fn bytes_used(&self) -> u64 {
        self.lock().used
    }

    fn attempts(&self, name: Name) -> Arc<Attempts> {
        let mut table = self.lock();
        table.attempts.retain(|_, attempts| Arc::strong_count(attempts) > 1); // somebody waits
        Arc::clone(table.attempts.entry(name).or_default())
    }

    async fn make(
        &self,
        account: &AccountKey,
        id: &ManifestId,
        name: Name,
        attempts: &Attempts,
        mut turn: Turn,
    ) -> Result<Pinned, ChunkError> {
        let made = self.make_file(account, id, name).await;
        if let Err(error) = &made {
            *turn = Some(error.clone());
            attempts.failed.fetch_add(1, Ordering::Release);
        }
        made
    }

    async fn make_file(
        &self,
        account: &AccountKey,
        id: &ManifestId,
        name: Name,
    ) -> Result<Pinned, ChunkError> {
        let manifest = self.store.manifest(id).await?;
        let reserved = self.reserve(manifest.stored_bytes()).await?;
        let path = self.new_path(name);
        self.store.materialise(account, id, &path, self.settings.mode).await?;
        let bytes = fs::metadata(&path).map_err(|error| ChunkError::file(&path, &error))?.blocks() * 512;
        Ok(self.insert(name, path, reserved, bytes))
    }

    fn insert(&self, name: Name, path: PathBuf, reserved: Reserved, bytes: u64) -> Pinned {
        let mut table = self.lock();
        table.tick += 1;
        let used_at = table.tick;
        table.files.insert(name, Entry { path: path.clone(), bytes, pins: 1, used_at, forgotten: false });
        table.used += bytes;
        drop(table);
        drop(reserved); // what it takes is counted now
        Pinned { cache: self.clone(), name, path }
    }

    fn pin(&self, name: Name) -> Option<Pinned> {
        let mut table = self.lock();
        table.tick += 1;
        let tick = table.tick;
        let entry = table.files.get_mut(&name)?;
        entry.pins += 1;
        entry.used_at = tick;
        entry.forgotten = false;
        Some(Pinned { cache: self.clone(), name, path: entry.path.clone() })
    }

    async fn reserve(&self, bytes: u64) -> Result<Reserved, ChunkError> {
        self.evict(bytes).await?;
        Ok(Reserved { table: Arc::clone(&self.table), bytes })
    }

    /// Counts so many bytes more, and evicts what is too much then.
    async fn evict(&self, bytes: u64) -> Result<(), ChunkError> {
        let victims = self.lock().make_room(bytes, self.settings.bytes_max)?;
        if victims.is_empty() {
            return Ok(());
        }
        let remove = move || victims.iter().for_each(|path| drop(fs::remove_file(path)));
        self.world.blocking("materialised.remove", remove).await.ok_or_else(panicked)
    }

    fn new_path(&self, name: Name) -> PathBuf {
        let mut table = self.lock();
        table.tick += 1;
        self.folder.join(format!("{}.{}", name.hex(), table.tick))
    }

    /// The table is plain data: what a panic left of it is whole.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pinned {
    /// Where the file lies. Whoever writes to it changes all machines that map it: open it to read.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut table = self.cache.lock();
        let Some(entry) = table.files.get_mut(&self.name) else { return };
        entry.pins -= 1;
        if entry.pins > 0 || !entry.forgotten {
            return;
        }
        let Some(path) = table.remove(self.name) else { return };
        drop(table);
        drop(fs::remove_file(path)); // seldom, and some milliseconds; what stays is taken up at the next start
    }
}

/// Room for a file that is being made.
struct Reserved {
    table: Arc<Mutex<Table>>,
    bytes: u64,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).used -= self.bytes;
    }
}

impl Table {
    /// Answers what is to be removed from the disk.
    fn remove(&mut self, name: Name) -> Option<PathBuf> {
        let entry = self.files.remove(&name)?;
        self.used -= entry.bytes;
        Some(entry.path)
    }

    /// Takes the bytes and answers whose files must go for them. Nothing changes where even that is not enough.
    fn make_room(&mut self, bytes: u64, bytes_max: u64) -> Result<Vec<PathBuf>, ChunkError> {
        let mut idle: Vec<(u64, Name, u64)> = self
            .files
            .iter()
            .filter(|(_, entry)| entry.pins == 0)
            .map(|(name, entry)| (entry.used_at, *name, entry.bytes))
            .collect();
        idle.sort_unstable();
        let mut left = self.used.saturating_add(bytes);
        let mut victims = Vec::new();
        let mut idle = idle.into_iter();
        while left > bytes_max {
            let Some((_, name, freed)) = idle.next() else {
                let reason =
                    format!("{left} bytes of materialised files are in use, {bytes_max} are allowed");
                return Err(ChunkError::Full { reason });
            };
            left -= freed;
            victims.push(name);
        }
        self.used += bytes;
        Ok(victims.into_iter().filter_map(|name| self.remove(name)).collect())
    }
}

fn name(account: &AccountKey, id: &ManifestId) -> Name {
    BlobKey::from_bytes(account.hash(b"tinderbox materialised 1", &id.bytes()))
}

/// Removes what was half-made and finds the rest, least recently written first. Of two of one name, which only a kill
/// between an eviction and its removal leaves, the newer stays.
fn scan(folder: &Path) -> io::Result<Table> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    crate::sweep(folder)?;
    let mut found: Vec<(SystemTime, u64, Name, PathBuf, u64)> = Vec::new();
    let mut table = Table::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some((name, number)) = entry.file_name().to_str().and_then(file_name) else { continue };
        let metadata = entry.metadata()?;
        table.tick = table.tick.max(number);
        found.push((metadata.modified()?, number, name, entry.path(), metadata.blocks() * 512));
    }
    found.sort_unstable();
    for (_, _, name, path, bytes) in found {
        if let Some(older) = table.remove(name) {
            fs::remove_file(older)?;
        }
        table.tick += 1;
        table.used += bytes;
        let entry = Entry { path, bytes, pins: 0, used_at: table.tick, forgotten: false };
        table.files.insert(name, entry);
    }
    Ok(table)
}

/// Reads what [`Materialised::new_path`] made.
fn file_name(text: &str) -> Option<(Name, u64)> {
    let (name, number) = text.split_once('.')?;
    Some((Name::from_hex(name)?, number.parse().ok()?))
}

fn take(from: &Path, into: &Path, mode: u32) -> io::Result<()> {
    let file = fs::File::open(from)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    fs::rename(from, into)?;
    crate::place::sync_parent(into)
}

fn panicked() -> ChunkError {
    ChunkError::Unavailable { reason: "the work on materialised files ended".to_owned() }
}

#[cfg(test)]
mod tests;
