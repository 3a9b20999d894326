//! From the stores to a file.

use super::archive::{ArchiveWriter, Stored, Summary};
use super::{BackupError, Stores};
use crate::model::{Current, FunctionId};
use crate::store::{self, LoadError};
use rustc_hash::FxHashSet;
use std::io::Write;
use substrate::kv::PAGE_ENTRIES_MAX;
use substrate::{BlobError, BlobKey, Key};

/// How often a function is read anew whose code went away meanwhile.
const READS_MAX: usize = 8;

/// How far an export is.
#[derive(Clone, Copy, Debug)]
pub struct Exporting<'a> {
    /// Names that are written, of `of`.
    pub names: u64,
    pub of: u64,
    pub bytes: u64,
    /// The function that is next.
    pub function: &'a str,
}

/// Writes all functions with their code, and answers what was written and its length. Servers may be at work on the
/// stores. `output` blocks its thread.
pub async fn export(
    stores: &Stores,
    output: &mut dyn Write,
    mut progress: impl FnMut(Exporting<'_>),
) -> Result<(Summary, u64), BackupError> {
    let mut archive = ArchiveWriter::begin(output, stores.world.wall().millis())?;
    let names = names(stores).await?;
    let mut written = FxHashSet::default();
    let of = names.len() as u64;
    for (done, key) in names.iter().enumerate() {
        let id = store::parse_head_key(key).ok_or_else(|| BackupError::Damaged {
            function: key.to_string(),
            reason: "it is no function's key".to_owned(),
        })?;
        let (names, bytes, function) = (done as u64, archive.written(), id.name.as_str());
        progress(Exporting { names, of, bytes, function });
        one(stores, &id, &mut archive, &mut written).await?;
    }
    archive.end()
}

/// All of them first: how many there are is known, and a page of records is not held while code is written.
async fn names(stores: &Stores) -> Result<Vec<Key>, BackupError> {
    let prefix = store::heads_prefix(None)?;
    let mut names: Vec<Key> = Vec::new();
    loop {
        let page = stores.kv.list(&prefix, names.last(), PAGE_ENTRIES_MAX).await?;
        names.extend(page.entries.into_iter().map(|entry| entry.key));
        if !page.more {
            return Ok(names);
        }
    }
}

async fn one(
    stores: &Stores,
    id: &FunctionId,
    archive: &mut ArchiveWriter<'_>,
    written: &mut FxHashSet<BlobKey>,
) -> Result<(), BackupError> {
    let mut before = None;
    for _ in 0..READS_MAX {
        // As where several processes write: one of them may be a server at work.
        let loaded = store::load(stores.kv.as_ref(), id, true).await;
        let Current { at, counters, function } = loaded.map_err(|error| unreadable(id, error))?;
        if at.is_none() {
            return Ok(()); // taken away by another hand than ours
        }
        let function = function.map(|function| (*function).clone());
        let stored = Stored { id: id.clone(), counters, function };
        match code(stores, &stored, archive, written).await? {
            None => return archive.function(&stored),
            // Its function was changed or deleted since it was read, and says so when it is read again.
            Some(gone) if before == Some(at) => {
                let reason = format!("the code {gone} is not there");
                return Err(BackupError::Damaged { function: id.arn().to_string(), reason });
            }
            Some(_) => before = Some(at),
        }
    }
    Err(BackupError::Contended { function: id.arn().to_string() })
}

/// Writes what is not written yet; answers code that is gone.
async fn code(
    stores: &Stores,
    stored: &Stored,
    archive: &mut ArchiveWriter<'_>,
    written: &mut FxHashSet<BlobKey>,
) -> Result<Option<BlobKey>, BackupError> {
    for key in stored.code().keys() {
        if written.contains(key) {
            continue;
        }
        match stores.blobs.get(key).await {
            Ok(zip) => archive.code(key, &zip)?,
            Err(BlobError::NotFound { .. }) => return Ok(Some(*key)),
            Err(error @ BlobError::Corrupt { .. }) => {
                let function = stored.id.arn().to_string();
                return Err(BackupError::Damaged { function, reason: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
        written.insert(*key);
    }
    Ok(None)
}

fn unreadable(id: &FunctionId, error: LoadError) -> BackupError {
    match error {
        LoadError::Record { reason, .. } => {
            BackupError::Damaged { function: id.arn().to_string(), reason: reason.to_string() }
        }
        LoadError::Kv { .. } => error.into(),
    }
}
