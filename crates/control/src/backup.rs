//! All functions and their code as one file, and back into any stores: backup, and the move from one machine to many.
//!
//! ```text
//! export:  names ─► each: head and versions at one moment ─► its code ─► its records      (changed meanwhile: read again)
//! import:  the whole file checked ─► every name looked at ─► each: code, then records by compare-and-set, at once
//!              │ damaged, hostile       │ there already, and not the same
//!              └──► refused, nothing written ◄──┘
//! ```
//! What is promised of an export beside a running server: each function is as it was at one moment during the export,
//! with all its code; two functions may be of two moments, and of one that was created or deleted meanwhile it may be
//! there or not. Deleted names are part of it, with the numbers that were given: nothing else is left of them.
//!
//! What is promised of an import: a function is there whole or not at all; what is there already in the same state is
//! left alone, so that an import that was cut short goes on when it is run again. Where the name was used before on the
//! new platform, generations are raised above all that were given there (`place`), for a leader or a worker that knows
//! an old one must never take the new for it.
//!
//! The file (`archive`, `tar`) is read as a stranger's.

mod archive;
mod check;
mod export;
mod import;
mod place;
mod tar;

pub use archive::Summary;
pub use check::{Checked, check};
pub use export::{Exporting, export};
pub use import::{Imported, Importing, import};

use crate::store::LoadError;
use std::sync::Arc;
use substrate::{BlobError, Blobs, Kv, KvError};
use world::World;

/// Names of functions that an error lists.
const NAMED_MAX: usize = 10;

/// What is exported, or imported into. `blobs` holds code and nothing else.
#[derive(Clone)]
pub struct Stores {
    pub world: World,
    pub kv: Arc<dyn Kv>,
    pub blobs: Arc<dyn Blobs>,
}

/// Why there is no export or import.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Of the file.
    #[error("{reason}")]
    Io { reason: std::io::Error },
    /// It is no export, damaged, or from a newer program.
    #[error("at byte {at}: {reason}")]
    Archive { at: u64, reason: String },
    #[error("{reason}")]
    Store { reason: String },
    /// Of a function that is there; an export without it would be none.
    #[error("{function}: {reason}")]
    Damaged { function: String, reason: String },
    /// Another writes it again and again.
    #[error("{function} changes too fast to be read or written")]
    Contended { function: String },
    /// In the way of an import.
    #[error("{count} of these functions are there already, and not the same: {}", names.join(", "))]
    Exists { count: u64, names: Vec<String> },
}

impl From<std::io::Error> for BackupError {
    fn from(reason: std::io::Error) -> Self {
        Self::Io { reason }
    }
}

impl From<KvError> for BackupError {
    fn from(error: KvError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

impl From<BlobError> for BackupError {
    fn from(error: BlobError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

impl From<LoadError> for BackupError {
    fn from(error: LoadError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}
