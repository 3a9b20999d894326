//! Unpacked code, content-addressed: `DATA/code/DIGEST` is the folder of that zip, whole or not at all.
//!
//! ```text
//! absent ──get──► fetching (others that want it join) ──renamed into place──► here ⇄ in use (leases)
//!                                                                              │ total over the bound, not in use,
//!                                                                              ▼ used longest ago
//!                                                                            absent
//! ```
//! Crash-safe by renaming: what a killed process left half-done has another name and is swept after the next start. A start
//! only lists what there is; how large it is is found out behind it, and until then counts as nothing.

use bytes::Bytes;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use types::CodeDigest;
use world::{Instant, World};

/// Unpacks a zip into a folder that is not there yet, by renaming a finished one into its place.
pub(crate) type Unpack = fn(&[u8], &Path) -> Result<(), String>;

/// What placement is told of at once; it remembers as many of each worker.
const FETCHED_MAX: usize = 1_000;
/// What a folder is called while it is being removed.
const DOOMED_PREFIX: &str = ".removing-";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodeError {
    #[error("{0} is not a digest that names a folder")]
    Digest(CodeDigest),
    #[error("the code can not be fetched: {0}")]
    Fetch(String),
    #[error("the code can not be unpacked: {0}")]
    Unpack(String),
}

/// A bounded cache of unpacked code.
pub(crate) struct CodeCache {
    world: World,
    root: PathBuf,
    bytes_max: u64,
    unpack: Unpack,
    entries: Mutex<FxHashMap<CodeDigest, Entry>>,
    /// Since somebody asked; the last of many.
    fetched: Mutex<VecDeque<CodeDigest>>,
}

struct Entry {
    ready: Arc<OnceCell<Ready>>,
    leases: usize,
    used: Instant,
}

#[derive(Clone, Debug)]
struct Ready {
    folder: PathBuf,
    /// 0 until it is known.
    bytes: Arc<AtomicU64>,
}

impl Ready {
    fn new(folder: PathBuf, bytes: u64) -> Self {
        Self { folder, bytes: Arc::new(AtomicU64::new(bytes)) }
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What an earlier process left.
#[derive(Default)]
struct Found {
    whole: Vec<(CodeDigest, Ready)>,
    half_done: Vec<PathBuf>,
}

/// Keeps the folder from being removed.
pub(crate) struct CodeLease {
    cache: Arc<CodeCache>,
    digest: CodeDigest,
    folder: PathBuf,
}

impl CodeLease {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for CodeLease {
    fn drop(&mut self) {
        self.cache.give_back(&self.digest);
    }
}

/// Counts a caller from before the fetch, so that nothing is removed under it.
struct Wanted<'a> {
    cache: &'a CodeCache,
    digest: &'a CodeDigest,
    kept: bool,
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.cache.give_back(self.digest);
        }
    }
}

impl CodeCache {
    pub(crate) fn new(world: World, root: PathBuf, bytes_max: u64, unpack: Unpack) -> Arc<Self> {
        Arc::new(Self {
            world,
            root,
            bytes_max,
            unpack,
            entries: Mutex::default(),
            fetched: Mutex::default(),
        })
    }

    /// Takes in what an earlier process left: whole folders are kept, half-done ones removed. Sizes are measured, and what
    /// is too much is removed, afterwards.
    pub(crate) async fn open(self: &Arc<Self>) -> std::io::Result<()> {
        let (root, mark) = (self.root.clone(), self.world.random_u64());
        let found = self.world.blocking("code cache list", move || list(&root, mark)).await;
        let Found { whole, half_done } =
            found.unwrap_or_else(|| Err(std::io::Error::other("the listing panicked")))?;
        let now = self.world.now();
        let mut entries = self.entries();
        for (digest, ready) in &whole {
            let cell = Arc::new(OnceCell::new_with(Some(ready.clone())));
            entries.insert(digest.clone(), Entry { ready: cell, leases: 0, used: now });
        }
        drop(entries);
        let cache = Arc::clone(self);
        let measure = move || {
            for (_, ready) in whole {
                match folder_bytes(&ready.folder) {
                    Ok(bytes) => ready.bytes.store(bytes, Ordering::Relaxed),
                    // Removed meanwhile, or not readable: then it is not counted.
                    Err(error) => {
                        tracing::debug!(%error, folder = %ready.folder.display(), "code not measured")
                    }
                }
            }
            half_done.iter().for_each(|path| remove(path));
            cache.shrink();
        };
        self.world.tasks.spawn_blocking("code cache scan", Box::new(measure));
        Ok(())
    }

    /// The folder of this code; `fetch` brings the zip if it is not here. Concurrent calls of one digest join.
    pub(crate) async fn get<F>(
        self: &Arc<Self>,
        digest: &CodeDigest,
        fetch: impl FnOnce() -> F,
    ) -> Result<CodeLease, CodeError>
    where
        F: Future<Output = Result<Bytes, String>>,
    {
        let name = folder_name(digest).ok_or_else(|| CodeError::Digest(digest.clone()))?;
        let cell = self.want(digest);
        let mut wanted = Wanted { cache: self, digest, kept: false };
        let ready = cell.get_or_try_init(|| async {
            let zip = fetch().await.map_err(CodeError::Fetch)?;
            let ready = self.unpack_off_thread(zip, self.root.join(name)).await?;
            self.remember(digest);
            Ok(ready)
        });
        let folder = ready.await?.folder.clone();
        wanted.kept = true;
        drop(wanted);
        self.shrink();
        Ok(CodeLease { cache: Arc::clone(self), digest: digest.clone(), folder })
    }

    fn remember(&self, digest: &CodeDigest) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.push_back(digest.clone());
        if fetched.len() > FETCHED_MAX {
            fetched.pop_front();
        }
    }

    /// What was fetched since this was last asked.
    pub(crate) fn take_fetched(&self) -> Vec<CodeDigest> {
        std::mem::take(&mut *self.fetched.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// What is here, most recently used last; of many the last.
    pub(crate) fn held(&self) -> Vec<CodeDigest> {
        let entries = self.entries();
        let ready = entries.iter().filter(|(_, entry)| entry.ready.initialized());
        let mut held: Vec<(Instant, &CodeDigest)> =
            ready.map(|(digest, entry)| (entry.used, digest)).collect();
        held.sort();
        let last = held.len().saturating_sub(FETCHED_MAX);
        held.split_off(last).into_iter().map(|(_, digest)| digest.clone()).collect()
    }

    async fn unpack_off_thread(&self, zip: Bytes, folder: PathBuf) -> Result<Ready, CodeError> {
        let unpack = self.unpack;
        let work = move || {
            if let Some(root) = folder.parent() {
                std::fs::create_dir_all(root).map_err(|error| error.to_string())?;
            }
            unpack(&zip, &folder)?;
            let bytes = folder_bytes(&folder).map_err(|error| error.to_string())?;
            Ok(Ready::new(folder, bytes))
        };
        let done = self.world.blocking("unpack code", work).await;
        done.unwrap_or_else(|| Err("unpacking panicked".to_owned())).map_err(CodeError::Unpack)
    }

    fn want(&self, digest: &CodeDigest) -> Arc<OnceCell<Ready>> {
        let used = self.world.now();
        let mut entries = self.entries();
        let entry = entries.entry(digest.clone()).or_insert_with(|| Entry {
            ready: Arc::new(OnceCell::new()),
            leases: 0,
            used,
        });
        entry.leases += 1;
        entry.used = used;
        Arc::clone(&entry.ready)
    }

    fn give_back(&self, digest: &CodeDigest) {
        let used = self.world.now();
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(digest) {
            entry.leases -= 1;
            entry.used = used;
            if entry.leases == 0 && !entry.ready.initialized() {
                entries.remove(digest); // nobody got it: nothing to remember
            }
        }
    }

    /// Removes what was used longest ago until the rest fits; what is in use stays whatever its size.
    fn shrink(&self) {
        let mut doomed = Vec::new();
        let mut entries = self.entries();
        let size = |entry: &Entry| entry.ready.get().map_or(0, Ready::bytes);
        let mut total: u64 = entries.values().map(size).sum();
        while total > self.bytes_max {
            let idle = entries.iter().filter(|(_, entry)| entry.leases == 0 && entry.ready.initialized());
            let Some(oldest) = idle.min_by_key(|(_, entry)| entry.used).map(|(digest, _)| digest.clone())
            else {
                break;
            };
            if let Some(ready) = entries.remove(&oldest).and_then(|entry| entry.ready.get().cloned()) {
                total = total.saturating_sub(ready.bytes());
                // Renamed under the lock, so that the next fetch of it finds its place free.
                let aside = self.root.join(format!("{DOOMED_PREFIX}{}", self.world.random_u64()));
                if std::fs::rename(&ready.folder, &aside).is_ok() {
                    doomed.push(aside);
                }
            }
        }
        drop(entries);
        if !doomed.is_empty() {
            let removal = move || doomed.iter().for_each(|folder| remove(folder));
            self.world.tasks.spawn_blocking("code cache removal", Box::new(removal));
        }
    }

    fn entries(&self) -> MutexGuard<'_, FxHashMap<CodeDigest, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Base64 with the two characters that no file name should have exchanged; `None` for what is not base64.
fn folder_name(digest: &CodeDigest) -> Option<String> {
    let text = digest.as_str();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let named = !text.is_empty() && text.len() <= 128 && text.bytes().all(good);
    named.then(|| text.replace('/', "_").replace('+', "-"))
}

fn digest_of(folder_name: &str) -> CodeDigest {
    CodeDigest::new(folder_name.replace('_', "/").replace('-', "+"))
}

/// What there is, by name; half-done folders get names that nothing of this process has. What is no folder is not ours.
fn list(root: &Path, mark: u64) -> std::io::Result<Found> {
    std::fs::create_dir_all(root)?;
    let mut found = Found::default();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let folder = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            let aside = root.join(format!("{DOOMED_PREFIX}{mark}-{}", found.half_done.len()));
            std::fs::rename(&folder, &aside)?;
            found.half_done.push(aside);
        } else {
            found.whole.push((digest_of(&name), Ready::new(folder, 0)));
        }
    }
    Ok(found)
}

/// What can not be removed is tried again after the next start.
fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "code that nobody uses could not be removed");
    }
}

/// Bytes of all files below, links not followed.
fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut total = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            if facts.is_dir() {
                folders.push(entry.path());
            } else {
                total += facts.len();
            }
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// One file with the "zip" in it.
    fn unpack(zip: &[u8], into: &Path) -> Result<(), String> {
        std::fs::create_dir(into)
            .and_then(|()| std::fs::write(into.join("file"), zip))
            .map_err(|e| e.to_string())
    }

    fn cache(root: &Path, bytes_max: u64) -> Arc<CodeCache> {
        CodeCache::new(World::real(), root.to_owned(), bytes_max, unpack)
    }

    async fn zip(bytes: usize) -> Result<Bytes, String> {
        Ok(Bytes::from(vec![0; bytes]))
    }

    #[tokio::test]
    async fn concurrent_fetches_of_one_digest_join() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(root.path(), 1000);
        let fetches = AtomicUsize::new(0);
        let digest = CodeDigest::new("ab/+=");
        let fetch = || async {
            fetches.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            zip(10).await
        };
        let (one, two) = tokio::join!(cache.get(&digest, fetch), cache.get(&digest, fetch));
        assert_eq!(one.unwrap().folder(), two.unwrap().folder());
        assert_eq!(fetches.into_inner(), 1);
        assert!(root.path().join("ab_-=/file").is_file());
    }

    #[tokio::test]
    async fn a_failed_fetch_is_tried_again_by_the_next() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(root.path(), 1000);
        let digest = CodeDigest::new("ab");
        let failed = cache.get(&digest, || async { Err("no".to_owned()) }).await;
        assert_eq!(failed.err(), Some(CodeError::Fetch("no".into())));
        assert!(cache.get(&digest, || zip(1)).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_in_use_is_never_removed_and_the_oldest_goes_first() {
        let root = tempfile::tempdir().unwrap();
        let cache = cache(root.path(), 100);
        let held = cache.get(&CodeDigest::new("held"), || zip(80)).await.unwrap();
        for name in ["one", "two"] {
            drop(cache.get(&CodeDigest::new(name), || zip(15)).await.unwrap());
        }
        let here = |name: &str| root.path().join(name).exists();
        assert!(here("held") && !here("one") && here("two"));
        drop(held);
        drop(cache.get(&CodeDigest::new("big"), || zip(90)).await.unwrap());
        assert!(!here("held") && here("big"));
    }

    #[tokio::test]
    async fn a_restart_keeps_whole_folders_and_sweeps_the_rest() {
        let root = tempfile::tempdir().unwrap();
        drop(cache(root.path(), 100).get(&CodeDigest::new("a/b"), || zip(5)).await.unwrap());
        std::fs::create_dir(root.path().join(".unpacking-1")).unwrap();
        std::fs::write(root.path().join(".a-stray-file"), "no folder of ours").unwrap();
        let again = cache(root.path(), 100);
        again.open().await.unwrap();
        until(|| std::fs::read_dir(root.path()).unwrap().count() == 2).await;
        assert!(root.path().join(".a-stray-file").exists());
        let fetch = || async { Err("it is here already".to_owned()) };
        assert!(again.get(&CodeDigest::new("a/b"), fetch).await.is_ok());
    }

    #[tokio::test]
    async fn what_an_earlier_process_left_is_measured_after_the_start_and_bounded_then() {
        let root = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            drop(cache(root.path(), 100).get(&CodeDigest::new(name), || zip(60)).await.unwrap());
        }
        let again = cache(root.path(), 100);
        again.open().await.unwrap();
        until(|| std::fs::read_dir(root.path()).unwrap().count() == 1).await;
    }

    /// Waits for what happens on another thread.
    async fn until(happened: impl Fn() -> bool) {
        let waits = async {
            while !happened() {
                tokio::task::yield_now().await;
            }
        };
        World::real().timeout(std::time::Duration::from_secs(20), waits).await.expect("it happens");
    }

    #[tokio::test]
    async fn a_digest_that_is_a_path_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let digest = CodeDigest::new("../x");
        let refused = cache(root.path(), 100).get(&digest, || zip(1)).await;
        assert_eq!(refused.err(), Some(CodeError::Digest(digest)));
    }
}
