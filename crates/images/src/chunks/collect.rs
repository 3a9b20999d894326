//! Garbage collection: mark, wait, sweep.
//!
//! ```text
//!  a blob:  named by an owned manifest ──────────────────────────────► kept
//!           not named ──first pass──► candidate ──a pass a grace later──► deleted
//!                                        │ named again, or touched by a put
//!                                        └──────────────────────────────► kept, no candidate any more
//! ```
//! Nothing of it is durable: after a restart blobs become candidates anew, so the worst that a kill does is a delay.

use super::{ChunkError, ChunkStore, ManifestId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use substrate::BlobKey;
use world::Instant;

/// Names asked for at once. A folder reads all its names for each page: few, large ones.
const PAGE: usize = 65_536;
/// Blobs deleted while puts wait.
const DELETED_AT_ONCE: usize = 16;

/// What puts and earlier passes leave for a pass to know.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// When a put last stored a blob or found it there. What is older than every put under way and the grace is
    /// forgotten by each pass.
    touched: BTreeMap<BlobKey, Instant>,
    /// When each put under way began, by number.
    puts: BTreeMap<u64, Instant>,
    puts_ever: u64,
    /// When a blob was first seen unnamed, with no pass since that saw it named.
    candidates: BTreeMap<BlobKey, Instant>,
}

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs that are named.
    pub kept: usize,
    /// Blobs that are not, and wait for their grace to pass.
    pub waiting: usize,
    /// Blobs that are gone now.
    pub deleted: usize,
    /// Owned manifests that are missing or damaged: their owners can only drop them.
    pub lost: Vec<ManifestId>,
}

/// A put under way: what it touches is safe.
pub(crate) struct InFlight {
    marks: Arc<Mutex<Marks>>,
    number: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.marks).puts.remove(&self.number);
    }
}

impl ChunkStore {
    /// One pass: deletes blobs that no manifest of `owned` has named for a grace. `owned` must be every manifest that
    /// is written down anywhere; one whose put answered less than a grace ago may still be absent.
    pub async fn collect(&self, owned: &[ManifestId]) -> Result<Collected, ChunkError> {
        let mut collected = Collected::default();
        let named = self.named(owned, &mut collected.lost).await?;
        let unnamed = self.unnamed(&named, &mut collected.kept).await?;
        let due = self.candidates(unnamed);
        for keys in due.chunks(DELETED_AT_ONCE) {
            collected.deleted += self.delete_untouched(keys).await?;
        }
        let now = self.world.now();
        let mut marks = lock(&self.marks);
        let safe_since = marks.safe_since(now, self.settings.grace);
        marks.touched.retain(|_, touched| *touched >= safe_since);
        collected.waiting = marks.candidates.len();
        Ok(collected)
    }

    pub(super) fn put_begins(&self) -> InFlight {
        let now = self.world.now();
        let mut marks = lock(&self.marks);
        marks.puts_ever += 1;
        let number = marks.puts_ever;
        marks.puts.insert(number, now);
        InFlight { marks: Arc::clone(&self.marks), number }
    }

    pub(super) fn touch(&self, names: &[BlobKey]) {
        let now = self.world.now();
        lock(&self.marks).touched.extend(names.iter().map(|name| (*name, now)));
    }

    /// Everything that owners need. A store that does not answer ends the pass: what is not known to be garbage is
    /// none.
    async fn named(
        &self,
        owned: &[ManifestId],
        lost: &mut Vec<ManifestId>,
    ) -> Result<BTreeSet<BlobKey>, ChunkError> {
        let mut named = BTreeSet::new();
        for id in owned {
            named.insert(id.0);
            match self.manifest(id).await {
                Ok(manifest) => named.extend(manifest.chunks()),
                Err(ChunkError::Missing { .. } | ChunkError::Corrupt { .. }) => lost.push(*id),
                Err(other) => return Err(other),
            }
        }
        Ok(named)
    }

    async fn unnamed(
        &self,
        named: &BTreeSet<BlobKey>,
        kept: &mut usize,
    ) -> Result<BTreeSet<BlobKey>, ChunkError> {
        let mut unnamed = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.blobs.list(after.as_ref(), PAGE).await;
            let page = page.map_err(|error| ChunkError::blob("blob", error))?;
            let Some(last) = page.last() else { return Ok(unnamed) };
            after = Some(*last);
            let before = unnamed.len();
            unnamed.extend(page.iter().filter(|key| !named.contains(key)));
            *kept += page.len() - (unnamed.len() - before);
        }
    }

    /// Remembers since when each is unnamed, and answers those whose grace is over.
    fn candidates(&self, unnamed: BTreeSet<BlobKey>) -> Vec<BlobKey> {
        let now = self.world.now();
        let mut marks = lock(&self.marks);
        let before = std::mem::take(&mut marks.candidates);
        let since = |key: BlobKey| (key, before.get(&key).copied().unwrap_or(now));
        marks.candidates = unnamed.into_iter().map(since).collect();
        let due = marks.candidates.iter().filter(|(_, since)| now.since(**since) >= self.settings.grace);
        // A pass that finds nothing older deletes nothing, also where the grace is zero.
        due.filter(|(key, _)| before.contains_key(key)).map(|(key, _)| *key).collect()
    }

    async fn delete_untouched(&self, keys: &[BlobKey]) -> Result<usize, ChunkError> {
        let _closed = self.gate.write().await; // no put is between finding a blob there and marking it
        let now = self.world.now();
        let due: Vec<BlobKey> = {
            let mut marks = lock(&self.marks);
            let safe_since = marks.safe_since(now, self.settings.grace);
            let (due, touched): (Vec<BlobKey>, Vec<BlobKey>) =
                keys.iter().partition(|key| marks.touched.get(key).is_none_or(|at| *at < safe_since));
            for key in due.iter().chain(&touched) {
                marks.candidates.remove(key);
            }
            due
        };
        let deletes = super::all(due.iter().map(|key| self.blobs.delete(key)).collect()).await;
        let deleted: Result<Vec<()>, _> = deletes.into_iter().collect();
        deleted.map(|deleted| deleted.len()).map_err(|error| ChunkError::blob("blob", error))
    }
}

impl Marks {
    /// What was touched since then is never deleted.
    fn safe_since(&self, now: Instant, grace: std::time::Duration) -> Instant {
        let grace = u64::try_from(grace.as_nanos()).unwrap_or(u64::MAX);
        // Touched right at the grace's end counts as within.
        let since = Instant(now.0.saturating_sub(grace));
        self.puts.values().copied().fold(since, Instant::min)
    }
}

/// Marks are plain data: what a panic left of them is whole.
fn lock(marks: &Mutex<Marks>) -> MutexGuard<'_, Marks> {
    marks.lock().unwrap_or_else(PoisonError::into_inner)
}
