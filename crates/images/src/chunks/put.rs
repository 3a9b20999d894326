//! Storing a file.

use super::manifest::{CHUNK_BYTES, CHUNKS_MAX, Kind, Manifest, Row};
use super::{BATCH, ChunkError, ChunkStore, ManifestId, all, seal};
use crate::keys::AccountKey;
use crate::sparse::{Extents, is_zero};
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use substrate::BlobKey;

/// A file that is being stored.
struct Source {
    path: PathBuf,
    file: File,
    length: u64,
}

/// A chunk ready for the blobs.
struct Sealed {
    place: u32,
    secret: seal::Secret,
    bytes: Bytes,
}

impl ChunkStore {
    /// Stores a file that nobody writes to meanwhile. Holes are not read, chunks of zeros not stored, chunks that the
    /// account has already are stored once. Dropped or killed, it leaves blobs that a later collection deletes.
    pub async fn put(
        &self,
        account: &AccountKey,
        kind: Kind,
        path: &Path,
    ) -> Result<(ManifestId, Manifest), ChunkError> {
        let _in_flight = self.put_begins();
        let path = path.to_owned();
        let opened = self.world.blocking("chunks.places", move || open(path));
        let (source, places) = opened.await.ok_or_else(ChunkError::panicked)??;
        let source = Arc::new(source);
        let mut rows = Vec::with_capacity(places.len());
        let mut batches = places.chunks(BATCH);
        let mut sealed = self.seal(account, &source, batches.next()).await?;
        while !sealed.is_empty() || batches.len() > 0 {
            // The next are read and sealed while these are stored.
            let (stored, next) =
                tokio::join!(self.store(sealed), self.seal(account, &source, batches.next()));
            rows.extend(stored?);
            sealed = next?;
        }
        let manifest = Manifest::new(account, kind, source.length, rows);
        let id = self.put_blobs(vec![manifest.encode().into()]).await?;
        let id = *id.first().ok_or_else(ChunkError::panicked)?;
        // The first ones were touched when this put was young: the owner's grace begins now for all.
        self.touch(&manifest.chunks().collect::<Vec<_>>());
        Ok((ManifestId(id), manifest))
    }

    async fn seal(
        &self,
        account: &AccountKey,
        source: &Arc<Source>,
        places: Option<&[u32]>,
    ) -> Result<Vec<Sealed>, ChunkError> {
        let Some(places) = places else { return Ok(Vec::new()) };
        let (account, source, places) = (account.clone(), Arc::clone(source), places.to_vec());
        let work = move || {
            let sealed = places.into_iter().map(|place| source.seal(&account, place));
            sealed.filter_map(Result::transpose).collect()
        };
        self.world.blocking("chunks.seal", work).await.ok_or_else(ChunkError::panicked)?
    }

    async fn store(&self, sealed: Vec<Sealed>) -> Result<Vec<Row>, ChunkError> {
        let names = self.put_blobs(sealed.iter().map(|chunk| chunk.bytes.clone()).collect()).await?;
        let row = |(chunk, name): (&Sealed, BlobKey)| Row { place: chunk.place, name, secret: chunk.secret };
        Ok(sealed.iter().zip(names).map(row).collect())
    }

    async fn put_blobs(&self, blobs: Vec<Bytes>) -> Result<Vec<BlobKey>, ChunkError> {
        let _open = self.gate.read().await;
        let puts = all(blobs.into_iter().map(|bytes| self.blobs.put(bytes)).collect()).await;
        let names: Vec<BlobKey> =
            puts.into_iter().collect::<Result<_, _>>().map_err(|error| ChunkError::blob("chunk", error))?;
        self.touch(&names);
        Ok(names)
    }
}

impl Source {
    /// `None`: there are only zeros.
    fn seal(&self, account: &AccountKey, place: u32) -> Result<Option<Sealed>, ChunkError> {
        let at = u64::from(place) * CHUNK_BYTES as u64;
        let bytes = self.length.saturating_sub(at).min(CHUNK_BYTES as u64) as usize;
        let mut plain = Vec::with_capacity(CHUNK_BYTES + seal::SEAL_BYTES);
        plain.resize(bytes, 0);
        let read = self.file.read_exact_at(&mut plain, at);
        read.map_err(|error| ChunkError::file(&self.path, &error))?;
        if is_zero(&plain) {
            return Ok(None);
        }
        // The cipher refuses only what is longer than 256 GiB.
        let (secret, sealed) = seal::seal(account, plain).ok_or_else(ChunkError::panicked)?;
        Ok(Some(Sealed { place, secret, bytes: sealed.into() }))
    }
}

/// The file, and which of its chunks may hold data.
fn open(path: PathBuf) -> Result<(Source, Vec<u32>), ChunkError> {
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = opened.map_err(|error| ChunkError::file(&path, &error))?;
    let limit = CHUNKS_MAX as u64 * CHUNK_BYTES as u64;
    if length > limit {
        return Err(ChunkError::TooLarge { bytes: length, limit });
    }
    let places = places(&file, length).map_err(|error| ChunkError::file(&path, &error))?;
    Ok((Source { path, file, length }, places))
}

fn places(file: &File, length: u64) -> io::Result<Vec<u32>> {
    let mut places: Vec<u32> = Vec::new();
    for extent in Extents::of(file, length)? {
        let extent = extent?;
        let first = (extent.start / CHUNK_BYTES as u64) as u32;
        let end = extent.end.div_ceil(CHUNK_BYTES as u64) as u32;
        // Two extents may share a chunk.
        let first = places.last().map_or(first, |last| first.max(last + 1));
        places.extend(first..end);
    }
    Ok(places)
}
