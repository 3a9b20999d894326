//! What a snapshot was made of, beside its files: another one is refused before anything of it is used.

use crate::BootError;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FILE: &str = "record";
const MAGIC: &[u8] = b"tinderbox machine 3\n";
const BYTES_MAX: u64 = 64 * 1024;

/// What must be the same where it is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Monitor, accelerator, processor, kernel, initramfs and root image.
    pub(super) identity: String,
    pub(super) memory_mb: u32,
    /// No room stands in it yet: kernel and guest-init alone.
    pub(super) bare: bool,
    /// `None`: it waits for a function; `/tmp` of whatever size, and further folders, come with its binding, or, where it is
    /// bare, with its room.
    pub(super) ephemeral_storage_mb: Option<u32>,
    /// What its slots are inside, in their order, each with what its image holds: the guest remembers what it read.
    pub(super) places: Vec<(PathBuf, [u8; 32])>,
    pub(super) nat: bool,
}

impl Record {
    /// Blocking.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BootError> {
        let write = || -> io::Result<()> {
            let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
            let mut file =
                File::options().write(true).create_new(true).mode(0o600).open(folder.join(FILE))?;
            file.write_all(MAGIC)?;
            file.write_all(&bytes)
        };
        write().map_err(|error| refused(error.to_string()))
    }

    /// Blocking.
    pub(super) fn read(folder: &Path) -> Result<Self, BootError> {
        let read = || -> io::Result<Self> {
            let mut bytes = Vec::new();
            File::open(folder.join(FILE))?.take(BYTES_MAX).read_to_end(&mut bytes)?;
            let body =
                bytes.strip_prefix(MAGIC).ok_or_else(|| io::Error::other("not a machine's snapshot"))?;
            postcard::from_bytes(body).map_err(io::Error::other)
        };
        read().map_err(|error| refused(error.to_string()))
    }

    /// Whether what was written down can be restored as this; one that waits may become anything that begins as it did.
    pub(super) fn fits(&self, wanted: &Self) -> Result<(), BootError> {
        if self.identity != wanted.identity {
            return Err(refused("it was made by another monitor, kernel or processor".to_owned()));
        }
        let places = match self.ephemeral_storage_mb {
            None => wanted.places.get(..self.places.len()),
            Some(_) => Some(&wanted.places[..]),
        };
        let tmp = self
            .ephemeral_storage_mb
            .is_none_or(|_| self.ephemeral_storage_mb == wanted.ephemeral_storage_mb);
        let sizes = tmp && self.memory_mb == wanted.memory_mb && self.nat == wanted.nat;
        if !sizes || places != Some(&self.places[..]) {
            return Err(refused("it was made with other sizes, places or folders".to_owned()));
        }
        Ok(())
    }
}

fn refused(reason: String) -> BootError {
    BootError::Host { step: "snapshot", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            identity: "qemu 7".to_owned(),
            memory_mb: 128,
            bare: false,
            ephemeral_storage_mb: Some(512),
            places: vec![("/var/task".into(), [7; 32])],
            nat: true,
        }
    }

    #[test]
    fn what_was_written_down_is_read_and_only_the_same_fits() {
        let folder = tempfile::tempdir().unwrap();
        record().write(folder.path()).unwrap();
        let read = Record::read(folder.path()).unwrap();
        assert!(read.fits(&record()).is_ok());
        assert!(read.fits(&Record { identity: "qemu 8".to_owned(), ..record() }).is_err());
        assert!(read.fits(&Record { memory_mb: 256, ..record() }).is_err());
        assert!(read.fits(&Record { places: Vec::new(), ..record() }).is_err());
        assert!(read.fits(&Record { places: vec![("/var/task".into(), [8; 32])], ..record() }).is_err());
        assert!(read.fits(&Record { ephemeral_storage_mb: Some(1_024), ..record() }).is_err());
        assert!(record().write(folder.path()).is_err(), "never over another");
    }

    #[test]
    fn one_that_waits_fits_whatever_begins_as_it_did() {
        let waits = Record { ephemeral_storage_mb: None, ..record() };
        assert!(waits.fits(&record()).is_ok());
        let more = vec![("/var/task".into(), [7; 32]), ("/opt".into(), [9; 32])];
        assert!(waits.fits(&Record { places: more, ..record() }).is_ok());
        assert!(waits.fits(&Record { places: vec![("/opt".into(), [7; 32])], ..record() }).is_err());
        assert!(waits.fits(&Record { memory_mb: 256, ..record() }).is_err());
        assert!(record().fits(&waits).is_err(), "and one that is bound does not wait again");
    }

    #[test]
    fn a_bare_one_becomes_any_room_of_its_memory() {
        let bare = Record { bare: true, ephemeral_storage_mb: None, places: Vec::new(), ..record() };
        assert!(bare.fits(&record()).is_ok());
        assert!(bare.fits(&Record { memory_mb: 256, ..record() }).is_err());
        assert!(bare.fits(&Record { nat: false, ..record() }).is_err());
        assert!(bare.fits(&Record { identity: "qemu 8".to_owned(), ..record() }).is_err());
    }

    #[test]
    fn garbage_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Record::read(folder.path()).is_err());
        std::fs::write(folder.path().join(FILE), [MAGIC, &[0xff; 40]].concat()).unwrap();
        assert!(Record::read(folder.path()).is_err());
        std::fs::write(folder.path().join(FILE), "x").unwrap();
        assert!(Record::read(folder.path()).is_err());
    }
}
