//! Things that are there whole or not at all: written under another name beside their place, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a file or folder is called until it is whole.
const TEMPORARY_PREFIX: &str = ".unpacking-";

/// A name that no other call in any process uses at the same time.
pub(crate) fn temporary_beside(into: &Path) -> PathBuf {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    into.with_file_name(format!("{TEMPORARY_PREFIX}{}-{call}", std::process::id()))
}

/// Removes what a killed process left half-written in a folder.
pub fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder or file; none there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        result => result,
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A file on its way to its name. Dropped before [`Pending::finish`] it is removed; what a killed process leaves is
/// swept.
#[derive(Debug)]
pub(crate) struct Pending {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    finished: AtomicBool,
}

impl Pending {
    /// An empty file of this mode, less the umask.
    pub(crate) fn begin(path: &Path, mode: u32) -> io::Result<Self> {
        let temporary = temporary_beside(path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(&temporary)?;
        Ok(Self { path: path.to_owned(), temporary, file, finished: AtomicBool::new(false) })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The name it will have.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name when all of it is on the disk. A file that is there already is replaced; whoever has
    /// it open keeps the old one.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.finished.store(true, Ordering::Relaxed);
        sync_parent(&self.path)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Relaxed) {
            drop(fs::remove_file(&self.temporary));
        }
    }
}

/// Makes the name durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Whether the disk, or our share of it, has no room left.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
