//! What one Firecracker writes onto the host's disk: two files for a snapshot, and its drives' own.
//!
//! ```text
//!  made empty, shown in the jail ──Firecracker fills them──▶ copied into the snapshot, emptied ──▶ (the next snapshot)
//! ```
//!
//! All are the server's: made here, of mode 0666 in a folder of mode 0700, never given away. Firecracker is shown these files
//! and not their folder, so it can make no others, no folder that can not be removed and no link; how long they may be is its
//! jail's to say (`file_bytes_max`). A snapshot is a copy: what Firecracker still has open it may write to as long as it runs.

use super::words;
use crate::microvm::sparse;
use rustix::fs::{AtFlags, CWD};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// State of the devices: some 100 KiB for the few that a machine has.
const STATE_BYTES_MAX: u64 = 16 << 20;

/// The folder; removed with everything in it when dropped.
#[derive(Debug)]
pub(super) struct Output {
    folder: PathBuf,
    state: Arc<File>,
    memory: Arc<File>,
}

impl Output {
    /// Makes it, at a path that is not there yet. Blocks for as long as a few system calls.
    pub(super) fn make(folder: PathBuf) -> io::Result<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let made = |name: &str| {
            let options = File::options().read(true).write(true).create_new(true).mode(0o600).to_owned();
            options.open(folder.join(name)).and_then(writable_to_all)
        };
        match made(words::STATE_FILE).and_then(|state| Ok((state, made(words::MEMORY_FILE)?))) {
            Ok((state, memory)) => Ok(Self { state, memory, folder }),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    pub(super) fn state(&self) -> &Arc<File> {
        &self.state
    }

    pub(super) fn memory(&self) -> &Arc<File> {
        &self.memory
    }

    /// The same file, for a jail to show and its monitor to write to. One without a name gets one here: what has none can
    /// not be shown.
    pub(super) fn writable(&self, name: &str, file: &Arc<File>) -> io::Result<Arc<File>> {
        file.set_permissions(Permissions::from_mode(0o666))?;
        if file.metadata()?.nlink() > 0 {
            return Ok(file.clone());
        }
        let path = self.folder.join(name);
        let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, itself, CWD, &path, AtFlags::SYMLINK_FOLLOW)?;
        File::options().read(true).write(true).open(path).map(Arc::new)
    }

    /// Copies what was written into `into`, readable by those who may enter that folder and writable by nobody but the
    /// server, and empties the files. Most of a guest's memory was never touched, or given back: its zeros become holes.
    pub(super) fn take(&self, into: &Path, memory_bytes: u64) -> io::Result<()> {
        let not_whole = |name: &str| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{name} is not what it was to be"))
        };
        let state_bytes = self.state.metadata()?.len();
        if state_bytes == 0 || state_bytes > STATE_BYTES_MAX {
            return Err(not_whole("the state of the devices"));
        }
        if self.memory.metadata()?.len() != memory_bytes {
            return Err(not_whole("the memory"));
        }
        for (name, from) in [(words::SNAPSHOT_STATE, &self.state), (words::SNAPSHOT_MEMORY, &self.memory)] {
            let to = File::options().write(true).create_new(true).mode(0o600).open(into.join(name))?;
            sparse::copy(from, &to)?;
            to.set_permissions(Permissions::from_mode(0o644))?;
        }
        self.empty()
    }

    /// Gives the disk back what they take.
    pub(super) fn empty(&self) -> io::Result<()> {
        self.state.set_len(0)?;
        self.memory.set_len(0)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "a machine's folder can not be removed");
        }
    }
}

fn writable_to_all(file: File) -> io::Result<Arc<File>> {
    file.set_permissions(Permissions::from_mode(0o666))?;
    Ok(Arc::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    const MEMORY_BYTES: u64 = 8_192;

    fn written(data: &tempfile::TempDir) -> (Output, PathBuf) {
        let output = Output::make(data.path().join("machine")).unwrap();
        output.state.write_all_at(b"devices", 0).unwrap();
        output.memory.write_all_at(b"memory", MEMORY_BYTES - 6).unwrap();
        let into = data.path().join("snapshot");
        std::fs::create_dir(&into).unwrap();
        (output, into)
    }

    #[test]
    fn a_snapshot_is_a_copy_that_a_monitor_can_not_reach() {
        let data = tempfile::tempdir().unwrap();
        let (output, into) = written(&data);
        output.take(&into, MEMORY_BYTES).unwrap();
        // What a monitor has open, and writes to later.
        output.memory.write_all_at(b"another's!", 0).unwrap();
        let taken = std::fs::read(into.join(words::SNAPSHOT_MEMORY)).unwrap();
        assert_eq!((&taken[..6], &taken[taken.len() - 6..]), ([0; 6].as_slice(), b"memory".as_slice()));
        assert_eq!(std::fs::read(into.join(words::SNAPSHOT_STATE)).unwrap(), b"devices");
        assert_eq!(output.state.metadata().unwrap().len(), 0, "nothing is kept twice");
        let mode = std::fs::metadata(into.join(words::SNAPSHOT_MEMORY)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o644);
        drop(output);
        assert!(!data.path().join("machine").exists());
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        type Wrong = fn(&Output) -> io::Result<()>;
        let wrongs: [(&str, Wrong); 4] = [
            ("no state", |output| output.state.set_len(0)),
            ("more than any state", |output| output.state.set_len(STATE_BYTES_MAX + 1)),
            ("a short memory", |output| output.memory.set_len(MEMORY_BYTES - 1)),
            ("a long memory", |output| output.memory.set_len(MEMORY_BYTES + 1)),
        ];
        for (what, wrong) in wrongs {
            let data = tempfile::tempdir().unwrap();
            let (output, into) = written(&data);
            wrong(&output).unwrap();
            assert!(output.take(&into, MEMORY_BYTES).is_err(), "{what}");
            assert!(into.read_dir().unwrap().next().is_none(), "{what}");
        }
    }

    #[test]
    fn a_drive_without_a_name_gets_one_that_goes_with_the_machine() {
        let data = tempfile::tempdir().unwrap();
        let (output, _) = written(&data);
        let nameless = Arc::new(tempfile::tempfile_in(data.path()).unwrap());
        let named = output.writable("vdh", &nameless).unwrap();
        named.write_all_at(b"x", 0).unwrap();
        assert_eq!((named.metadata().unwrap().nlink(), nameless.metadata().unwrap().len()), (1, 1));
        assert_eq!(named.metadata().unwrap().mode() & 0o777, 0o666);
        drop(output);
        assert_eq!(nameless.metadata().unwrap().nlink(), 0);
    }
}
