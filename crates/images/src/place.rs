//! Things that are there whole or not at all: written under another name beside their place, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Makes a file with mode 0600 that has its name only when `write` is done and its bytes are on the disk. A file that
/// is there already is replaced; whoever has it open keeps the old one.
pub(crate) fn whole<T, E>(
    path: &Path,
    write: &mut dyn FnMut(&mut File) -> Result<T, E>,
    failed: &dyn Fn(&io::Error) -> E,
) -> Result<T, E> {
    let temporary = temporary_beside(path);
    let written = write_beside(path, &temporary, write, failed);
    if written.is_err() {
        drop(fs::remove_file(&temporary)); // what stays is swept at the next start
    }
    written
}

fn write_beside<T, E>(
    path: &Path,
    temporary: &Path,
    write: &mut dyn FnMut(&mut File) -> Result<T, E>,
    failed: &dyn Fn(&io::Error) -> E,
) -> Result<T, E> {
    let mut open = OpenOptions::new();
    let mut file = open
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)
        .map_err(|error| failed(&error))?;
    let done = write(&mut file)?;
    file.sync_all().map_err(|error| failed(&error))?;
    fs::rename(temporary, path).map_err(|error| failed(&error))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))?;
    Ok(done)
}

/// Whether the disk, or our share of it, has no room left.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
