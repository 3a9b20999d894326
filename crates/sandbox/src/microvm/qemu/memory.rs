//! Guest memory, kernels and other large files as memory without a name.
//!
//! A jailed monitor may open nothing of the server's data folder, and QEMU wants to open by path what it maps or loads. A
//! memory file that nobody can write to any more (sealed) can be given to any number of machines: each opens it through its
//! own descriptor, as /proc/self/fd/N. QEMU insists on opening for writing what it maps privately; of a snapshot on disk
//! that would be the power to change what later clones wake up with.

use super::super::sparse;
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

/// Memory of a guest that begins with zeros.
pub(super) fn empty(bytes: u64) -> io::Result<File> {
    let file = rustix::fs::memfd_create("guest", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&file, bytes)?;
    // Nobody inside a monitor can make it shorter under the server's hands, or longer than its limit.
    rustix::fs::fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file.into())
}

/// A file that is written to until it is whole.
pub(super) fn growing() -> io::Result<File> {
    Ok(rustix::fs::memfd_create("snapshot", MemfdFlags::CLOEXEC)?.into())
}

/// A copy that nobody can change.
fn sealed(from: &File) -> io::Result<File> {
    let file: File =
        rustix::fs::memfd_create("sealed", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into();
    sparse::copy(from, &file)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    Ok(file)
}

/// Gives the host back what lies in the file: of memory that nothing needs any more.
pub(super) fn forget(file: &File) {
    let Ok(size) = file.metadata().map(|metadata| metadata.len()) else { return };
    // A refusal costs memory until the last holder is gone, and nothing else.
    let _ = rustix::fs::fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, size);
}

/// Which file of the host, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// Sealed copies by the file that they are of: those that were used last, within a bound of bytes of what is not zero. One
/// that alone is more is not held: each machine has its own.
pub(super) struct Copies {
    bytes_max: u64,
    clock: u64,
    held: BTreeMap<Identity, Held>,
}

struct Held {
    copy: Arc<File>,
    bytes: u64,
    used: u64,
}

/// What to make a copy of, and where to say that it was made.
pub(super) struct Wanted {
    identity: Identity,
}

impl Copies {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, clock: 0, held: BTreeMap::new() }
    }

    /// The copy of this file, if it is held.
    pub(super) fn find(&mut self, file: &File) -> io::Result<Result<Arc<File>, Wanted>> {
        let now = file.metadata()?;
        let changed = (now.ctime(), now.ctime_nsec());
        let identity = Identity { device: now.dev(), inode: now.ino(), size: now.len(), changed };
        self.clock += 1;
        Ok(match self.held.get_mut(&identity) {
            Some(held) => {
                held.used = self.clock;
                Ok(held.copy.clone())
            }
            None => Err(Wanted { identity }),
        })
    }

    /// Holds one that was made; others go if there are too many bytes. Machines that use those keep them.
    pub(super) fn hold(&mut self, wanted: &Wanted, copy: &Arc<File>) {
        let bytes = copy.metadata().map_or(0, |metadata| metadata.blocks() * 512);
        if bytes > self.bytes_max {
            return;
        }
        self.clock += 1;
        self.held.insert(wanted.identity, Held { copy: copy.clone(), bytes, used: self.clock });
        while self.held.values().map(|held| held.bytes).sum::<u64>() > self.bytes_max {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.used).map(|(identity, _)| *identity);
            let Some(identity) = oldest else { return };
            self.held.remove(&identity);
        }
    }
}

/// Blocking: reads the whole file.
pub(super) fn copy_of(file: &File) -> io::Result<Arc<File>> {
    sealed(file).map(Arc::new)
}

/// The same file once more, for a message that takes its descriptors along.
pub(super) fn duplicate(file: &File) -> io::Result<OwnedFd> {
    file.try_clone().map(OwnedFd::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_copy_is_the_same_without_its_zeros_and_nobody_can_change_it() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(3 << 20).unwrap();
        file.write_all_at(b"first", 0).unwrap();
        file.write_all_at(&[0; 2 << 20], 8_192).unwrap();
        file.write_all_at(b"last", (3 << 20) - 4).unwrap();
        let copy = copy_of(&file).unwrap();
        let mut bytes = vec![0; 3 << 20];
        copy.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes[..5], b"first");
        assert_eq!(&bytes[(3 << 20) - 4..], b"last");
        assert_eq!(copy.metadata().unwrap().blocks() * 512, 2 * 4_096);
        let again =
            File::options().read(true).write(true).open(format!("/proc/self/fd/{}", copy.as_raw_fd()));
        assert!(
            again.unwrap().write_all_at(b"x", 0).is_err(),
            "opened for writing, as QEMU does, but sealed"
        );
    }

    #[test]
    fn a_copy_is_made_once_until_the_file_changes_and_the_oldest_goes_first() {
        let file = |byte| {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(&[byte; 4_096], 0).unwrap();
            file
        };
        let (one, two, three) = (file(1), file(2), file(3));
        let mut copies = Copies::new(2 * 4_096);
        for file in [&one, &two] {
            let wanted = copies.find(file).unwrap().err().unwrap();
            copies.hold(&wanted, &copy_of(file).unwrap());
        }
        assert!(copies.find(&one).unwrap().is_ok());
        let wanted = copies.find(&three).unwrap().err().unwrap();
        copies.hold(&wanted, &copy_of(&three).unwrap());
        assert!(copies.find(&two).unwrap().is_err(), "used longest ago");
        assert!(copies.find(&one).unwrap().is_ok());
        one.write_all_at(&[9; 8_192], 0).unwrap();
        assert!(copies.find(&one).unwrap().is_err(), "another file now");
        let large = file(4);
        large.write_all_at(&[4; 3 * 4_096], 0).unwrap();
        let wanted = copies.find(&large).unwrap().err().unwrap();
        copies.hold(&wanted, &copy_of(&large).unwrap());
        assert!(copies.find(&large).unwrap().is_err(), "more than the bound alone");
        assert!(copies.find(&three).unwrap().is_ok(), "and costs no other its place");
    }
}
