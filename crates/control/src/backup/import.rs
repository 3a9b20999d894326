//! From a file that was checked to the stores.
//!
//! ```text
//! one function:  look ─► place ─► code put ─► records, one batch by compare-and-set ─► settled with a collector ─► next
//!                  ▲                               │ changed meanwhile
//!                  └───────────────────────────────┘
//! ```
//! More versions than a batch can hold: the numbers that they will have are claimed by a write of the head alone, the
//! versions are written under them, where nobody looks, and the head that names them comes last. Cut short before it,
//! they are garbage as a deleted function's are.

use super::archive::{ArchiveReader, Stored};
use super::check::{Checked, Extent, check_function};
use super::place::{Placed, place};
use super::tar::refuse;
use super::{BackupError, NAMED_MAX, Stores};
use crate::doom;
use crate::model::{Counters, Current, Function};
use crate::store;
use bytes::Bytes;
use rustc_hash::FxHashSet;
use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;
use substrate::kv::BATCH_WRITES_MAX;
use substrate::{BlobKey, KvError};

/// How often a function is looked at anew because another process changed it meanwhile.
const ATTEMPTS_MAX: usize = 8;
/// How often a doom is looked at.
const DOOM_PAUSE: Duration = Duration::from_millis(100);

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct Importing<'a> {
    pub names: u64,
    /// The function that is next.
    pub function: &'a str,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Functions that are there by it.
    pub functions: u64,
    /// Of those, how many another one had to give way to.
    pub replaced: u64,
    /// Functions that were there already, the same.
    pub same: u64,
    /// Deleted names whose numbers are kept by it.
    pub deleted: u64,
}

struct Import<'a> {
    stores: &'a Stores,
    checked: &'a Checked,
    file: &'a File,
    replace: bool,
    /// Code that this import has put.
    put: FxHashSet<BlobKey>,
    done: Imported,
}

/// Brings in every function of the file. `replace`: another one of a name gives way, with all its versions. Reading the
/// file blocks its thread.
pub async fn import(
    stores: &Stores,
    file: &File,
    checked: &Checked,
    replace: bool,
    mut progress: impl FnMut(Importing<'_>),
) -> Result<Imported, BackupError> {
    refuse_what_can_not_be(stores, file, checked, replace).await?;
    let (put, done) = (FxHashSet::default(), Imported::default());
    let mut import = Import { stores, checked, file, replace, put, done };
    let mut reader = functions(file)?;
    let mut names = 0;
    while let Some(stored) = next(&mut reader, checked)? {
        progress(Importing { names, function: stored.id.name.as_str() });
        import.one(&stored).await?;
        names += 1;
    }
    Ok(import.done)
}

type Functions<'a> = ArchiveReader<BufReader<&'a File>>;

fn functions(mut file: &File) -> Result<Functions<'_>, BackupError> {
    file.seek(SeekFrom::Start(0))?;
    ArchiveReader::begin(BufReader::new(file))
}

/// Checked once more: somebody may have written into the file meanwhile.
fn next(reader: &mut Functions<'_>, checked: &Checked) -> Result<Option<Stored>, BackupError> {
    let Some(stored) = reader.next_function()? else { return Ok(None) };
    match check_function(&stored, &checked.code) {
        Ok(()) => Ok(Some(stored)),
        Err(reason) => Err(refuse(reader.at(), format!("{}: {reason}", stored.id.arn()))),
    }
}

/// Before anything is written, so that what is refused is refused whole.
async fn refuse_what_can_not_be(
    stores: &Stores,
    file: &File,
    checked: &Checked,
    replace: bool,
) -> Result<(), BackupError> {
    let (mut count, mut names) = (0, Vec::new());
    let mut reader = functions(file)?;
    while let Some(stored) = next(&mut reader, checked)? {
        let current = store::load(stores.kv.as_ref(), &stored.id, true).await?;
        match place(&current, &stored, replace) {
            Placed::Same | Placed::Write { .. } => {}
            Placed::Exhausted => return Err(exhausted(&stored)),
            Placed::InTheWay => {
                count += 1;
                if names.len() < NAMED_MAX {
                    names.push(stored.id.arn().to_string());
                }
            }
        }
    }
    if count == 0 { Ok(()) } else { Err(BackupError::Exists { count, names }) }
}

impl Import<'_> {
    async fn one(&mut self, stored: &Stored) -> Result<(), BackupError> {
        for _ in 0..ATTEMPTS_MAX {
            let current = store::load(self.stores.kv.as_ref(), &stored.id, true).await?;
            let code: Vec<BlobKey> = stored.code().into_keys().collect();
            let (counters, function) = match place(&current, stored, self.replace) {
                Placed::Same => {
                    self.done.same += u64::from(stored.function.is_some());
                    // An import that was cut short may not have come to it.
                    return self.settle(&code).await;
                }
                Placed::InTheWay => {
                    let names = vec![stored.id.arn().to_string()];
                    return Err(BackupError::Exists { count: 1, names });
                }
                Placed::Exhausted => return Err(exhausted(stored)),
                Placed::Write { counters, function } => (counters, function),
            };
            for key in &code {
                if !self.put.contains(key) {
                    self.put(key).await?;
                }
            }
            if !self.write(&current, stored, function.as_deref(), counters).await? {
                continue;
            }
            self.settle(&code).await?;
            self.count(&current, stored);
            self.sweep(&current).await;
            return Ok(());
        }
        Err(BackupError::Contended { function: stored.id.arn().to_string() })
    }

    fn count(&mut self, current: &Current, stored: &Stored) {
        match stored.function {
            Some(_) => self.done.functions += 1,
            None => self.done.deleted += 1,
        }
        self.done.replaced += u64::from(current.function.is_some());
    }

    /// `false`: another process was first.
    async fn write(
        &self,
        current: &Current,
        stored: &Stored,
        function: Option<&Function>,
        counters: Counters,
    ) -> Result<bool, BackupError> {
        // All its versions are new: they lie under an incarnation that was never there.
        let mut at = current.at;
        let bare = |at| Current { at, counters, function: None };
        let mut writes = store::writes(&stored.id, &bare(at), function, counters)?;
        if writes.len() > BATCH_WRITES_MAX {
            let claim = Counters { version: current.counters.version, ..counters };
            let claim = store::writes(&stored.id, current, current.function.as_deref(), claim)?;
            match self.stores.kv.write(claim).await {
                Ok(claimed) => at = Some(claimed),
                Err(KvError::Conflict { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            let versions = writes.split_off(1);
            for versions in versions.chunks(BATCH_WRITES_MAX) {
                match self.stores.kv.write(versions.to_vec()).await {
                    Ok(_) => {}
                    // Of an import that was cut short at the very same numbers: the claim makes the next ones others.
                    Err(KvError::Conflict { .. }) => return Ok(false),
                    Err(error) => return Err(error.into()),
                }
            }
            writes = store::writes(&stored.id, &bare(at), function, counters)?;
            writes.truncate(1);
        }
        match self.stores.kv.write(writes).await {
            Ok(_) => Ok(true),
            Err(KvError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Versions that had to give way; what is left of them is found by whoever collects garbage.
    async fn sweep(&self, current: &Current) {
        let Some(before) = &current.function else { return };
        let keys = before.published.keys();
        let keys = keys.filter_map(|number| store::version_key(&before.id, before.incarnation, *number).ok());
        if let Err(error) = store::sweep(self.stores.kv.as_ref(), keys.collect()).await {
            tracing::warn!(function = %before.id.arn(), %error, "versions of a replaced function stay until they are collected");
        }
    }

    async fn put(&mut self, key: &BlobKey) -> Result<(), BackupError> {
        let missing = || BackupError::Archive { at: 0, reason: format!("the code {key} was there before") };
        let Extent { at, bytes } = self.checked.code.get(key).copied().ok_or_else(missing)?;
        let mut zip = vec![0; usize::try_from(bytes).unwrap_or(0)];
        self.file.read_exact_at(&mut zip, at)?;
        // Somebody may have written into the file since it was checked.
        if BlobKey::of(&zip) != *key {
            return Err(BackupError::Archive {
                at,
                reason: "it was changed since it was checked".to_owned(),
            });
        }
        self.stores.blobs.put(Bytes::from(zip)).await?;
        self.put.insert(*key);
        Ok(())
    }

    /// As after an upload: a collector may have doomed the code before the record named it (`doom`).
    async fn settle(&mut self, code: &[BlobKey]) -> Result<(), BackupError> {
        for key in code {
            let doomed = doom::key(key)?;
            let begun = self.stores.world.now();
            // After so long a doom means nothing: its collector is dead.
            while self.stores.kv.get(&doomed).await?.is_some()
                && self.stores.world.now().since(begun) < doom::RESPECTED
            {
                self.stores.world.clock.sleep(DOOM_PAUSE).await;
            }
            if !self.stores.blobs.exists(key).await? {
                self.put(key).await?;
            }
        }
        Ok(())
    }
}

fn exhausted(stored: &Stored) -> BackupError {
    let reason = "its numbers are used up on this platform".to_owned();
    BackupError::Damaged { function: stored.id.arn().to_string(), reason }
}
