//! Room on the disk that is the store's before the disk is full, so that what makes the store smaller can be written on a
//! full one: who runs out of disk must be able to delete.
//!
//! Every write is appended to the write-ahead log first and moved to the file later, so both have blocks beyond their end
//! (allocated, not shown in their length). What makes the store larger is refused while the disk has less than
//! [`SqliteSettings::room_min_bytes`] free, so that only what makes it smaller uses them.

use super::SqliteSettings;
use rustix::fs::FallocateFlags;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// Beyond the end of each of the two files. SQLite begins the log anew from 1,000 pages of 4 KiB on, and what was in it is
/// what the file can grow by at once: twice that.
const AHEAD_BYTES: u64 = 8 << 20;

/// Room kept for one store. Best effort: a file system that can not allocate ahead has none, and deletes then fail as all
/// writes do.
pub(super) struct Reserve {
    /// The file and its log, open for good: closing one would drop the locks that SQLite has on it (fcntl(2)).
    files: [Ahead; 2],
    room_min_bytes: u64,
}

struct Ahead {
    path: PathBuf,
    file: Option<File>,
    /// Up to where there are blocks.
    until: u64,
}

impl Reserve {
    pub(super) fn new(file: &Path, settings: SqliteSettings) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let files = [file.to_owned(), log.into()].map(|path| Ahead { path, file: None, until: 0 });
        let mut reserve = Self { files, room_min_bytes: settings.room_min_bytes };
        reserve.renew();
        reserve
    }

    /// Allocates anew what was grown into.
    pub(super) fn renew(&mut self) {
        for ahead in &mut self.files {
            if let Err(error) = ahead.renew() {
                tracing::debug!(path = %ahead.path.display(), %error, "no room was kept on the disk");
            }
        }
    }

    /// Whether the disk is so full that the store must not grow.
    pub(super) fn is_short(&self) -> bool {
        let [Ahead { file: Some(file), .. }, _] = &self.files else { return false };
        // Not known: the write itself finds out.
        let free = rustix::fs::fstatvfs(file).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        free.is_ok_and(|free| free < self.room_min_bytes)
    }
}

impl Ahead {
    fn renew(&mut self) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            // The log is there once something was written.
            none => none.insert(OpenOptions::new().append(true).open(&self.path)?),
        };
        let length = file.metadata()?.len();
        if length + AHEAD_BYTES / 2 <= self.until {
            return Ok(());
        }
        rustix::fs::fallocate(&*file, FallocateFlags::KEEP_SIZE, 0, length + AHEAD_BYTES)?;
        self.until = length + AHEAD_BYTES;
        Ok(())
    }
}
