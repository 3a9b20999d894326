//! Garbage, where several processes have the same stores: one of them collects for all.
//!
//! ```text
//!  (named) ◄──────────── named again ─────────────┐
//!     │ no record names it: first seen by a pass   │
//!     ▼                                            │
//!  marked ── a pass at least an hour later ── doomed, and all records read anew ── still unnamed ──► removed
//! ```
//! What lies between an upload and its record is never an hour old; what was unnamed for an hour and is uploaded again in
//! this very moment is what dooms are for (`doom`). Marks are in memory: another collector begins anew. Nothing is
//! removed while any record can not be read, and nothing of anybody else's: the `Blobs` must hold code alone.
//!
//! Two collectors at once do no harm but work: each goes by its own marks, and one doom excludes the other's.

use crate::doom;
use crate::store::{self, LoadError};
use fabric::Scope;
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use substrate::kv::{BATCH_WRITES_MAX, PAGE_ENTRIES_MAX};
use substrate::{BlobError, BlobKey, Blobs, Entry, Expected, Key, Kv, KvError, Write};
use types::{CodeDigest, FunctionName};
use world::{Instant, World};

/// How long something must have been unnamed: longer than anybody takes from an upload to its record.
const UNNAMED_MIN: Duration = Duration::from_secs(60 * 60);
/// How long until the next pass.
const PASS_EVERY: Duration = Duration::from_secs(61 * 60);
/// Marks kept, of blobs and of records each; what is beyond them waits until these are gone.
const MARKS_MAX: usize = 100_000;
/// Blobs listed at once.
const PAGE_BLOBS: usize = 1_000;

/// Removes code that no version has and versions that no function has. Run by one node that was elected for it.
pub struct Collector {
    world: World,
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
    /// Since when this collector knows that nobody names it.
    code: FxHashMap<BlobKey, Instant>,
    versions: FxHashMap<Key, Instant>,
}

/// What a pass removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub code: usize,
    pub versions: usize,
}

/// Why a pass ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// It may name anything.
    #[error("nothing is removed, since a record can not be read: {key}: {reason}")]
    Unreadable { key: String, reason: String },
    #[error("{reason}")]
    Store { reason: String },
}

impl From<KvError> for CollectError {
    fn from(error: KvError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

impl From<BlobError> for CollectError {
    fn from(error: BlobError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

/// What all records say.
#[derive(Default)]
struct Named {
    code: FxHashSet<BlobKey>,
    /// Versions of functions that were deleted.
    orphans: Vec<Key>,
}

/// Of a function: the last generation it gave, and the incarnation that lives.
struct HeadFacts {
    generation: u64,
    incarnation: Option<u64>,
}

impl Collector {
    /// `blobs` holds code and nothing else: the same as control's.
    pub fn new(world: World, kv: Arc<dyn Kv>, blobs: Arc<dyn Blobs>) -> Self {
        Self { world, kv, blobs, code: FxHashMap::default(), versions: FxHashMap::default() }
    }

    /// Pass after pass, until it is dropped, which it may be at any moment.
    pub async fn run(mut self) {
        // One before us may still be at it; after so long its dooms mean nothing.
        self.world.clock.sleep(doom::RESPECTED).await;
        if let Err(error) = self.undo_old_dooms().await {
            tracing::warn!(%error, "dooms of an earlier collector stay: uploads of that code wait for them");
        }
        loop {
            match self.pass().await {
                Ok(collected) if collected == Collected::default() => {}
                Ok(collected) => tracing::info!(?collected, "garbage is collected"),
                Err(error) => tracing::warn!(%error, "garbage stays until the next pass"),
            }
            self.world.clock.sleep(PASS_EVERY).await;
        }
    }

    /// Marks, and removes what was marked long enough ago.
    pub async fn pass(&mut self) -> Result<Collected, CollectError> {
        let now = self.world.now();
        let named = named(self.kv.as_ref()).await?;
        let orphans: FxHashSet<Key> = named.orphans.into_iter().collect();
        let versions = remark(&mut self.versions, orphans, now);
        store::sweep(self.kv.as_ref(), versions.clone()).await?;
        for key in &versions {
            self.versions.remove(key);
        }
        let unnamed = self.unnamed(&named.code).await?;
        let doomed = remark(&mut self.code, unnamed, now);
        let mut collected = Collected { code: 0, versions: versions.len() };
        for keys in doomed.chunks(BATCH_WRITES_MAX) {
            collected.code += self.remove(keys).await?;
        }
        Ok(collected)
    }

    async fn unnamed(&self, named: &FxHashSet<BlobKey>) -> Result<FxHashSet<BlobKey>, BlobError> {
        let mut unnamed = FxHashSet::default();
        let mut after = None;
        loop {
            let page = self.blobs.list(after.as_ref(), PAGE_BLOBS).await?;
            let Some(last) = page.last() else { return Ok(unnamed) };
            after = Some(*last);
            unnamed
                .extend(page.into_iter().filter(|key| !named.contains(key)).take(MARKS_MAX - unnamed.len()));
        }
    }

    /// Under dooms, which are undone whatever comes of it.
    async fn remove(&mut self, keys: &[BlobKey]) -> Result<usize, CollectError> {
        let begun = self.world.now();
        let put = |key: &BlobKey| {
            Ok(Write::Put { key: doom::key(key)?, value: doom::words(), expected: Expected::Absent })
        };
        match self.kv.write(keys.iter().map(put).collect::<Result<_, KvError>>()?).await {
            Ok(_) => {}
            // Another collector is at it, or died at it: next time.
            Err(KvError::Conflict { .. }) => return Ok(0),
            Err(error) => {
                // It may have been applied.
                self.undo_dooms(keys).await?;
                return Err(error.into());
            }
        }
        let removed = self.remove_doomed(keys, begun).await;
        self.undo_dooms(keys).await?;
        removed
    }

    async fn remove_doomed(&mut self, keys: &[BlobKey], begun: Instant) -> Result<usize, CollectError> {
        let named = named(self.kv.as_ref()).await?.code;
        let mut removed = 0;
        for key in keys.iter().filter(|key| !named.contains(key)) {
            let left = doom::DOOM_MAX.saturating_sub(self.world.now().since(begun));
            if left.is_zero() {
                break;
            }
            let Some(deleted) = self.world.timeout(left, self.blobs.delete(key)).await else { break };
            deleted?;
            self.code.remove(key);
            removed += 1;
            tracing::debug!(%key, "code that no version has is removed");
        }
        Ok(removed)
    }

    async fn undo_dooms(&self, keys: &[BlobKey]) -> Result<(), KvError> {
        let dooms = keys.iter().map(doom::key).collect::<Result<_, _>>()?;
        store::sweep(self.kv.as_ref(), dooms).await
    }

    async fn undo_old_dooms(&self) -> Result<(), KvError> {
        let mut dooms = Vec::new();
        each(self.kv.as_ref(), &doom::prefix()?, |entry| {
            dooms.push(entry.key);
            Ok::<_, KvError>(())
        })
        .await?;
        store::sweep(self.kv.as_ref(), dooms).await
    }
}

/// Marks are of exactly what is unnamed now; answers those that are old enough.
fn remark<K: Hash + Eq + Clone>(
    marks: &mut FxHashMap<K, Instant>,
    unnamed: FxHashSet<K>,
    now: Instant,
) -> Vec<K> {
    marks.retain(|key, _| unnamed.contains(key));
    for key in unnamed {
        if marks.len() >= MARKS_MAX {
            break;
        }
        marks.entry(key).or_insert(now);
    }
    let old = marks.iter().filter(|(_, since)| now.since(**since) >= UNNAMED_MIN);
    old.map(|(key, _)| key.clone()).collect()
}

/// Heads first, then versions: code goes from `$LATEST` to a version (by publish) and never back, so that what is named
/// all the while is seen in one of them.
async fn named(kv: &dyn Kv) -> Result<Named, CollectError> {
    let mut named = Named::default();
    let mut heads: FxHashMap<(Scope, FunctionName), HeadFacts> = FxHashMap::default();
    each(kv, &store::heads_prefix(None)?, |entry| {
        let id = store::parse_head_key(&entry.key).ok_or_else(|| no_key_of_ours(&entry.key))?;
        let head = store::read_head(&entry).map_err(unreadable)?;
        if let Some(live) = &head.live {
            named.code.insert(blob_of(&entry.key, &live.latest.code.digest)?);
        }
        let incarnation = head.live.map(|live| live.incarnation);
        heads.insert((id.scope, id.name), HeadFacts { generation: head.counters.generation, incarnation });
        Ok::<_, CollectError>(())
    })
    .await?;
    each(kv, &store::all_versions_prefix()?, |entry| {
        let (id, incarnation, _) =
            store::parse_version_key(&entry.key).ok_or_else(|| no_key_of_ours(&entry.key))?;
        let version = store::read_version(&entry).map_err(unreadable)?;
        match heads.get(&(id.scope, id.name)) {
            // An incarnation is a generation. A later one than the head's came after the head was read.
            Some(head) if head.incarnation != Some(incarnation) && incarnation <= head.generation => {
                if named.orphans.len() < MARKS_MAX {
                    named.orphans.push(entry.key);
                }
            }
            _ => {
                named.code.insert(blob_of(&entry.key, &version.code.digest)?);
            }
        }
        Ok::<_, CollectError>(())
    })
    .await?;
    Ok(named)
}

/// Every entry under a prefix, page by page.
async fn each<E: From<KvError>>(
    kv: &dyn Kv,
    prefix: &Key,
    mut visit: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let mut after: Option<Key> = None;
    loop {
        let page = kv.list(prefix, after.as_ref(), PAGE_ENTRIES_MAX).await?;
        after = page.entries.last().map(|entry| entry.key.clone());
        page.entries.into_iter().try_for_each(&mut visit)?;
        if !page.more {
            return Ok(());
        }
    }
}

fn blob_of(key: &Key, digest: &CodeDigest) -> Result<BlobKey, CollectError> {
    BlobKey::from_digest(digest).ok_or_else(|| CollectError::Unreadable {
        key: key.to_string(),
        reason: "its code's digest is none".to_owned(),
    })
}

fn no_key_of_ours(key: &Key) -> CollectError {
    CollectError::Unreadable { key: key.to_string(), reason: "it is not a key of ours".to_owned() }
}

fn unreadable(error: LoadError) -> CollectError {
    match error {
        LoadError::Kv { reason } => reason.into(),
        LoadError::Record { key, reason } => {
            CollectError::Unreadable { key: key.to_string(), reason: reason.to_string() }
        }
    }
}
