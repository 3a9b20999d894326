//! From a zip to a folder that can be mounted, from folders to an image, from a file to chunks and back.
//!
//! [`erofs`] writes folders as read-only images for microVMs. [`chunks`] is the one chunk store, sealed under each
//! account's key ([`keys`]); [`materialised`] keeps files that were made from it, [`working_set`] which of their pages
//! are wanted first. What follows is about zips.
//!
//! A zip is a stranger's: every size, name, mode and link in it may lie. [`inspect`] reads all of it and writes
//! nothing; [`unpack`] makes the folder. Both go through the same plan (`plan`: what the folder will hold) and the
//! same bounded inflating (`inflate`), so what was inspected unpacks. Nothing here does anything with the files but
//! write them; no link is ever followed.

pub mod chunks;
pub mod erofs;
mod inflate;
pub mod keys;
pub mod materialised;
mod names;
mod place;
mod plan;
mod sparse;
mod unpack;
pub mod working_set;

pub use place::sweep;
pub use unpack::unpack;

/// What a zip holds, measured by inflating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZipFacts {
    /// Entries of the central directory.
    pub entries: usize,
    /// Bytes of all files once inflated, whatever the headers declare.
    pub unzipped_bytes: u64,
}

/// Why a zip is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// No zip, a damaged one, or one with something in it that is never unpacked.
    #[error("the zip can not be read: {reason}")]
    Unreadable { reason: String },
    /// No bytes, or no entries.
    #[error("the zip is empty")]
    Empty,
    /// Declared or really inflated, its files are more than this.
    #[error("unzipped, the files have more than {limit} bytes")]
    UnzippedTooLarge { limit: u64 },
    /// The folder could not be written; the zip is not to blame.
    #[error("{path}: {reason}")]
    Folder { path: String, reason: String },
}

impl ZipError {
    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable { reason: reason.into() }
    }
}

/// Reads the whole zip and writes nothing. Takes as long as inflating it does: off the async threads.
pub fn inspect(zip: &[u8]) -> Result<ZipFacts, ZipError> {
    let (mut archive, plan) = plan::read(zip)?;
    let mut budget = inflate::Budget::new();
    for file in plan.files() {
        inflate::inflate(&mut archive, file.index, &mut budget, &mut std::io::sink())?;
    }
    Ok(ZipFacts { entries: archive.len(), unzipped_bytes: budget.used() })
}

#[cfg(test)]
mod tests;
