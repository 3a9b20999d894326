//! Making a file from its chunks.

use super::manifest::{CHUNK_BYTES, Manifest, Row};
use super::{BATCH, ChunkError, ChunkStore, ManifestId, all, seal};
use crate::keys::AccountKey;
use crate::place::Pending;
use crate::sparse;
use bytes::Bytes;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A chunk as it came from the blobs.
struct Fetched {
    row: Row,
    bytes: Bytes,
}

impl ChunkStore {
    /// Makes the file `into`, sparse, of this mode (less the umask): beside its place first, each chunk checked, on
    /// the disk, then renamed, so that it is there whole or not at all. What a killed process left half-made is swept
    /// by [`crate::sweep`].
    pub async fn materialise(
        &self,
        account: &AccountKey,
        id: &ManifestId,
        into: &Path,
        mode: u32,
    ) -> Result<Manifest, ChunkError> {
        let manifest = Arc::new(self.manifest(id).await?);
        if !manifest.is_of(account) {
            return Err(ChunkError::Foreign { id: *id });
        }
        let (path, length) = (into.to_owned(), manifest.length());
        let begun = self.world.blocking("chunks.begin", move || {
            let begin = Pending::begin(&path, mode).and_then(|file| {
                file.file().set_len(length)?;
                Ok(file)
            });
            begin.map_err(|error| ChunkError::file(&path, &error))
        });
        // From here on, dropping it removes what there is.
        let pending = Arc::new(begun.await.ok_or_else(ChunkError::panicked)??);
        let mut batches = manifest.rows().chunks(BATCH);
        let mut fetched = self.fetch(batches.next()).await?;
        while !fetched.is_empty() {
            // The next are fetched while these are opened and written.
            let write = self.write(account, &manifest, &pending, fetched);
            let (written, next) = tokio::join!(write, self.fetch(batches.next()));
            written?;
            fetched = next?;
        }
        let path = into.to_owned();
        let finish = move || pending.finish().map_err(|error| ChunkError::file(&path, &error));
        self.world.blocking("chunks.finish", finish).await.ok_or_else(ChunkError::panicked)??;
        Ok(Arc::unwrap_or_clone(manifest))
    }

    async fn fetch(&self, rows: Option<&[Row]>) -> Result<Vec<Fetched>, ChunkError> {
        let rows = rows.unwrap_or_default();
        let gets = all(rows.iter().map(|row| self.blobs.get(&row.name)).collect()).await;
        let fetched = rows.iter().zip(gets).map(|(row, got)| {
            let bytes = got.map_err(|error| ChunkError::blob("chunk", error))?;
            Ok(Fetched { row: *row, bytes })
        });
        fetched.collect()
    }

    async fn write(
        &self,
        account: &AccountKey,
        manifest: &Arc<Manifest>,
        pending: &Arc<Pending>,
        fetched: Vec<Fetched>,
    ) -> Result<(), ChunkError> {
        let (account, manifest, pending) = (account.clone(), Arc::clone(manifest), Arc::clone(pending));
        let work = move || {
            let mut writes = fetched.into_iter();
            writes.try_for_each(|chunk| write_chunk(&account, &manifest, &pending, chunk))
        };
        self.world.blocking("chunks.open", work).await.ok_or_else(ChunkError::panicked)?
    }
}

fn write_chunk(
    account: &AccountKey,
    manifest: &Manifest,
    pending: &Pending,
    chunk: Fetched,
) -> Result<(), ChunkError> {
    let plain = seal::open(account, &chunk.row.secret, chunk.bytes.into());
    let plain = plain.filter(|plain| plain.len() == manifest.chunk_bytes(chunk.row.place));
    let Some(plain) = plain else {
        return Err(ChunkError::Corrupt { what: format!("chunk {}", chunk.row.name) });
    };
    let mut file: &File = pending.file();
    let at = u64::from(chunk.row.place) * CHUNK_BYTES as u64;
    sparse::write_at(&mut file, at, &plain).map_err(|error| ChunkError::file(pending.path(), &error))
}
