//! The one chunk store: files as sealed chunks of 512 KiB over `substrate::Blobs`.
//!
//! ```text
//!  put:         file ── read what is no hole ──► chunks ── not zeros ──► sealed ──► blobs
//!                                                  manifest (names, secrets, tag) ──► a blob too: its id
//!  materialise: manifest ── is it this account's? ──► chunks ── each opened and checked ──► temporary ──► renamed
//!  collect:     manifests that owners name ──► what they need is marked; a blob that is not marked in two passes a
//!               grace apart, and that no put touched meanwhile, is deleted
//! ```
//! First tenant: snapshots. Zips, layers and images come next; [`Kind`] tells them apart. Memory holds a few chunks
//! and one manifest at a time. The blobs must be this store's alone, since whatever no manifest names is deleted, and
//! one process at a time may collect.
//!
//! Who owns a manifest writes its id down after [`ChunkStore::put`] answered and within the grace; until then a put's
//! blobs are safe because it touched them, also those that were there already.

mod collect;
mod manifest;
mod materialise;
mod put;
mod seal;

pub use collect::Collected;
pub use manifest::{CHUNK_BYTES, CHUNKS_MAX, Kind, MANIFEST_BYTES_MAX, Manifest, ManifestError};

use collect::Marks;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use substrate::{BlobError, BlobKey, Blobs};
use world::World;

/// Chunks that are read, sealed, stored or fetched at once: enough to hide a disk's or a network's latency behind the
/// others' work. Memory: twice this, times 512 KiB.
const BATCH: usize = 8;
/// From a put's answer to its manifest's id being written down by its owner, with hours to spare.
const GRACE: Duration = Duration::from_secs(3_600);

/// Which manifest: the blob key of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestId(BlobKey);

impl ManifestId {
    /// 64 lower-case hexadecimal digits, for records and logs.
    pub fn hex(&self) -> String {
        self.0.hex()
    }

    /// Reads what [`ManifestId::hex`] writes and nothing else.
    pub fn from_hex(text: &str) -> Option<Self> {
        BlobKey::from_hex(text).map(Self)
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0.bytes()
    }
}

impl fmt::Display for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

/// Why a file was not stored or not materialised. Nothing half-done is left under its name in any case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// A manifest or a chunk is not there (any more).
    #[error("{what} is missing")]
    Missing { what: String },
    /// It is not what was stored. Storing the same again repairs it.
    #[error("{what} is damaged")]
    Corrupt { what: String },
    /// It was made under another account's key.
    #[error("manifest {id} is not this account's")]
    Foreign { id: ManifestId },
    /// The disk, or the share of it that is allowed, has no room.
    #[error("no room: {reason}")]
    Full { reason: String },
    #[error("{bytes} bytes are more than {limit}")]
    TooLarge { bytes: u64, limit: u64 },
    /// A file of the caller's, or of ours, can not be read or written.
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    /// The blobs can not be reached. The same call may succeed soon.
    #[error("unavailable: {reason}")]
    Unavailable { reason: String },
}

impl ChunkError {
    /// The very same call may succeed if made again soon.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.display().to_string(), error.to_string());
        if crate::place::is_full(error) {
            return Self::Full { reason: format!("{path}: {reason}") };
        }
        Self::File { path, reason }
    }

    fn blob(what: &str, error: BlobError) -> Self {
        let named = |key: BlobKey| format!("{what} {key}");
        match error {
            BlobError::NotFound { key } => Self::Missing { what: named(key) },
            BlobError::Corrupt { key } => Self::Corrupt { what: named(key) },
            BlobError::Full { reason } => Self::Full { reason },
            BlobError::TooLarge { bytes } => {
                Self::TooLarge { bytes: bytes as u64, limit: substrate::blobs::BLOB_BYTES_MAX as u64 }
            }
            BlobError::Unavailable { reason } => Self::Unavailable { reason },
        }
    }

    /// Our own blocking work panicked.
    fn panicked() -> Self {
        Self::Unavailable { reason: "the work on chunks ended".to_owned() }
    }
}

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct ChunkSettings {
    /// How long a blob that no manifest names is kept.
    pub grace: Duration,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self { grace: GRACE }
    }
}

/// The store. Cheap to clone; clones are the same store.
#[derive(Clone)]
pub struct ChunkStore {
    world: World,
    blobs: Arc<dyn Blobs>,
    settings: ChunkSettings,
    marks: Arc<Mutex<Marks>>,
    /// Puts hold it for reading while they store and mark what they touched, a collection for writing while it looks
    /// at the marks and deletes: so nothing is deleted between a put's finding it there and its mark.
    gate: Arc<tokio::sync::RwLock<()>>,
}

impl ChunkStore {
    /// Over blobs that hold nothing else.
    pub fn new(world: &World, blobs: Arc<dyn Blobs>, settings: ChunkSettings) -> Self {
        Self { world: world.clone(), blobs, settings, marks: Arc::default(), gate: Arc::default() }
    }

    /// Reads a manifest.
    pub async fn manifest(&self, id: &ManifestId) -> Result<Manifest, ChunkError> {
        let bytes = self.blobs.get(&id.0).await.map_err(|error| ChunkError::blob("manifest", error))?;
        let decoded = self.world.blocking("chunks.manifest", move || Manifest::decode(&bytes)).await;
        let decoded = decoded.ok_or_else(ChunkError::panicked)?;
        decoded.map_err(|error| ChunkError::Corrupt { what: format!("manifest {id} ({error})") })
    }
}

/// All of them at once; the answers are in their order.
async fn all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut slots: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (future, answer) in &mut slots {
            let Some(running) = future else { continue };
            match running.as_mut().poll(context) {
                Poll::Ready(ready) => (*future, *answer) = (None, Some(ready)),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    slots.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[cfg(test)]
pub(crate) mod kit;
#[cfg(test)]
mod tests;
