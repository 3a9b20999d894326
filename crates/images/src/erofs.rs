//! Folders as read-only images: our own deterministic EROFS writer.
//!
//! ```text
//!  Tree: folders of the host, synthetic files and links ──► layout: a place for every inode and block ──► write
//!        (names, modes, sizes; every file opened once)      (pure)                                         (streams)
//!
//!  | block 0: superblock | inodes, each followed by its tail | directories and files, whole blocks |
//! ```
//! Equal trees give equal images, byte for byte: rows are sorted, everything belongs to root, times are whole seconds
//! or fixed, there is no UUID. Nothing is compressed, so that what a guest maps is what lies in the file, and pages
//! are shared by all guests through the host's page cache. Memory holds names, never files.
//!
//! Set-user-id and set-group-id bits are dropped: with every owner made root, any user's would become root's.

mod format;
mod layout;
mod tree;
mod write;

pub use tree::{Skipped, Tree};

use crate::place::Pending;
use std::io::{self, Seek, Write};
use std::path::Path;

/// Most files, folders and links of one image: 1,000,000 inodes take about 200 MB while they are planned.
pub const NODES_MAX: usize = 1_000_000;

/// What times the files of an image have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Their own, in whole seconds. Python's `.pyc` and Java's class-data archives name the second at which their
    /// source was modified; with another one they are made again at every start.
    #[default]
    Kept,
    /// This one, seconds since 1970.
    Fixed(u64),
}

/// How an image is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub times: Times,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub files: u64,
    pub folders: u64,
    pub links: u64,
    /// Bytes of all files.
    pub content_bytes: u64,
    /// Length of the image, holes included; a multiple of 4,096.
    pub image_bytes: u64,
}

/// Why there is no image. What was written of it is to be thrown away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErofsError {
    /// A file or folder of the host can not be read.
    #[error("{path}: {reason}")]
    Source { path: String, reason: String },
    /// It became another file while the image was written.
    #[error("{path} changed while it was read")]
    Changed { path: String },
    /// A path inside that no image can have: not absolute, with `..`, below something that is no folder.
    #[error("{path} can not be in an image: {reason}")]
    Path { path: String, reason: String },
    #[error("the image would be too large: {reason}")]
    TooLarge { reason: String },
    /// The disk of the image is full.
    #[error("no room for the image: {reason}")]
    Full { reason: String },
    #[error("the image can not be written: {reason}")]
    Write { reason: String },
}

/// Writes a folder as an image to `out`, which must be empty: long runs of zeros are skipped over, not written.
/// Whatever can not go into an image (a socket, a file that may not be read) is an error; [`Tree`] skips it.
/// Takes as long as reading the folder: off the async threads.
pub fn write_folder(
    source: &Path,
    out: &mut (impl Write + Seek),
    options: &Options,
) -> Result<Summary, ErofsError> {
    let mut tree = Tree::new();
    tree.add_host(source, Path::new("/"), &mut |_| true)?;
    if let Some(skipped) = tree.skipped().first() {
        return Err(ErofsError::Source {
            path: skipped.path.display().to_string(),
            reason: skipped.reason.clone(),
        });
    }
    tree.write(out, options)
}

impl Tree {
    /// Writes the image to `out`, which must be empty: long runs of zeros are skipped over, not written.
    pub fn write(&self, out: &mut (impl Write + Seek), options: &Options) -> Result<Summary, ErofsError> {
        let layout = layout::place(self, options)?;
        write::write(self, &layout, out)
    }

    /// Writes the image to a new file of this mode (less the umask), beside its place first and renamed when it is
    /// whole and on the disk, so that it is there whole or not at all. What a killed process left is swept by
    /// [`crate::sweep`].
    pub fn write_file(&self, path: &Path, mode: u32, options: &Options) -> Result<Summary, ErofsError> {
        let failed = |error: io::Error| write::failed(&error);
        let pending = Pending::begin(path, mode).map_err(failed)?;
        let summary = self.write(&mut pending.file(), options)?;
        pending.finish().map_err(failed)?;
        Ok(summary)
    }
}

#[cfg(test)]
mod tests;
