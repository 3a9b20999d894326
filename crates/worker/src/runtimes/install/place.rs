//! Where an installation comes to be and how it takes the place of the one before.
//!
//! ```text
//! lock ── sweep (what a killed install left) ── .install-LANGUAGE-PID ── exchange ──> LANGUAGE ── remove the old
//!    │                                                 │ killed here: swept by the next install
//!    └── held by another: Busy                         └── killed after: the new one is in place
//! ```
//!
//! There is no moment at which a language that was installed is not, and none at which half of one can be seen.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{InstallError, Language, io_error};

/// Written last, inside: the hash of the pins that were installed.
const MARK: &str = ".pins";

/// `DATA/runtimes`, for as long as one install has it for itself. The lock ends with the process, however it ends.
pub(super) struct Place {
    runtimes: PathBuf,
    _lock: File,
}

impl Place {
    pub(super) fn take(data_dir: &Path) -> Result<Self, InstallError> {
        let runtimes = data_dir.join("runtimes");
        fs::create_dir_all(&runtimes).map_err(io_error("cannot make", &runtimes))?;
        let path = runtimes.join(".install-lock");
        let lock = File::create(&path).map_err(io_error("cannot make", &path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => InstallError::Busy(runtimes.display().to_string()),
            TryLockError::Error(source) => io_error("cannot lock", &path)(source),
        })?;
        let place = Self { runtimes, _lock: lock };
        place.sweep();
        Ok(place)
    }

    /// Best effort: a package manager may have outlived the install that started it, and be writing still.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.runtimes) else { return };
        for entry in entries.filter_map(Result::ok) {
            let stale = entry.file_name().to_string_lossy().starts_with(".install-")
                && entry.file_type().is_ok_and(|kind| kind.is_dir());
            if stale && let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::warn!(folder = %entry.path().display(), %error, "left by a killed install, not removed");
            }
        }
    }

    pub(super) fn of(&self, language: Language) -> PathBuf {
        self.runtimes.join(language.name())
    }

    /// What is installed was made of these pins.
    pub(super) fn has(&self, language: Language, pins: &str) -> bool {
        fs::read_to_string(self.of(language).join(MARK)).is_ok_and(|mark| mark == pins)
    }

    pub(super) fn fresh(&self, language: Language) -> Result<PathBuf, InstallError> {
        let fresh = self.runtimes.join(format!(".install-{}-{}", language.name(), std::process::id()));
        remove(&fresh)?;
        fs::create_dir(&fresh).map_err(io_error("cannot make", &fresh))?;
        Ok(fresh)
    }

    pub(super) fn mark(fresh: &Path, pins: &str) -> Result<(), InstallError> {
        let mark = fresh.join(MARK);
        fs::write(&mark, pins).map_err(io_error("cannot write", &mark))
    }

    /// Environments that run keep what is mounted in them.
    pub(super) fn put(&self, language: Language, fresh: &Path) -> Result<PathBuf, InstallError> {
        let place = self.of(language);
        exchange(fresh, &place).map_err(io_error("cannot put in place", &place))?;
        remove(fresh)?; // the one before, if there was one
        Ok(place)
    }
}

fn exchange(fresh: &Path, place: &Path) -> io::Result<()> {
    match renameat_with(CWD, fresh, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => fs::rename(fresh, place),
        // A file system that cannot exchange: the one before goes first. Killed in between, nothing is installed.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::remove_dir_all(place)?;
            fs::rename(fresh, place)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn remove(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error("cannot remove", folder)(error))
        }
        _ => Ok(()),
    }
}
