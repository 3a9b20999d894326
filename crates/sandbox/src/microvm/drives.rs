//! Folders of the host as read-only images, and what else lies behind a machine's block devices.
//!
//! ```text
//!  vda        the root image: the system's programs, shared by all
//!  vdb … vdg  slots: one folder each, as an image; an empty slot is a placeholder
//!  vdh        /tmp: an ext4 of the size that was asked for, this machine's alone, without a name
//! ```
//!
//! Every one but the root has one length (a hole at the end costs nothing), so that a file exchanged when a machine is
//! restored is as long as the one that it had. An image is made once for what a folder holds, by names, sizes and times
//! of all that is in it, and kept within a bound; one that is in use outlives its name.
//!
//! `/tmp` is part of a snapshot: a file system that a copy has mounted can not be another one, so each copy begins with a
//! copy of what was there.
//!
//! Images are 0644 in a folder that is 0700: a monitor that is shown one by name in its jail may read it, and nobody
//! else comes near.

use super::sparse;
use super::vmm::Drive;
use crate::{BootError, ReadOnlyMount};
use guest_protocol::SLOTS;
use guest_protocol::messages::Mount;
use images::erofs::{Options, Tree};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use walls::tmp;
use world::World;

/// Length of every slot and of `/tmp`.
const DRIVE_BYTES: u64 = 16 << 30;
/// Images that are kept, bytes of disk.
const IMAGES_BYTES_MAX: u64 = 8 << 30;
/// Most files of one folder that is shown.
const FILES_MAX: usize = 1_000_000;
/// What an image holds, in the last bytes of its drive, where no file system looks.
const DIGEST_BYTES: usize = 32;
const PLACEHOLDER: &str = "empty";
const UNFINISHED: &str = "unfinished";
const IMAGE: &str = "erofs";
/// The file of a snapshot that is `/tmp`.
const TMP: &str = "tmp";

/// Makes and keeps images.
pub(crate) struct Drives {
    world: World,
    images: PathBuf,
    tmp: tmp::Kind,
    root: Arc<File>,
    placeholder: Arc<File>,
    /// One lock for each image that is being made: of many boots that want it, one makes it.
    making: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

/// What a machine's `/tmp` begins with.
#[derive(Clone, Debug)]
pub(crate) enum Tmp {
    New {
        size_mb: u32,
    },
    /// As it was in this snapshot.
    Copy {
        snapshot: PathBuf,
    },
}

/// Writes down the `/tmp` of a machine that stands still. Blocking.
pub(crate) fn write_tmp(tmp: &File, snapshot: &Path) -> Result<(), BootError> {
    let path = snapshot.join(TMP);
    let step = |error: io::Error| failed("/tmp of a snapshot", &path, &error);
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(step)?;
    sparse::copy(tmp, &file).map_err(step)
}

/// The drives of one machine, and what is in its slots.
pub(crate) struct Furniture {
    /// The last of the drives: what a snapshot must hold beside the memory.
    pub(crate) tmp: Arc<File>,
    pub(crate) drives: Vec<Drive>,
    pub(crate) mounts: Vec<Mount>,
    /// What each mount's image holds.
    pub(crate) digests: Vec<[u8; DIGEST_BYTES]>,
}

impl Drives {
    /// In this folder, which is made. Blocking.
    pub(crate) fn open(world: World, folder: &Path, root: &Path) -> Result<Self, BootError> {
        let images = folder.join("images");
        let templates = folder.join("tmp");
        for path in [&images, &templates] {
            fs::create_dir_all(path).map_err(|error| failed("folder of images", path, &error))?;
        }
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&images, private).map_err(|error| failed("folder of images", &images, &error))?;
        sweep(&images).map_err(|error| failed("folder of images", &images, &error))?;
        let mkfs = tmp::find_mkfs().ok_or_else(|| BootError::Host {
            step: "/tmp of machines",
            reason: "mkfs.ext4 is not installed (package e2fsprogs)".to_owned(),
        })?;
        let root = File::open(root).map_err(|error| failed("root image", root, &error))?;
        let placeholder = placeholder(&images.join(PLACEHOLDER))
            .map_err(|error| failed("placeholder of a slot", &images, &error))?;
        Ok(Self {
            world,
            images,
            tmp: tmp::Kind::Loop { folder: templates, mkfs },
            root: Arc::new(root),
            placeholder: Arc::new(placeholder),
            making: Mutex::default(),
        })
    }

    /// Everything that a machine with these folders has behind its devices.
    pub(crate) async fn furnish(
        self: &Arc<Self>,
        folders: &[ReadOnlyMount],
        tmp: Tmp,
    ) -> Result<Furniture, BootError> {
        if folders.len() > SLOTS {
            let reason = format!("{} folders, a machine has {SLOTS} slots", folders.len());
            return Err(BootError::Host { step: "slots", reason });
        }
        let (this, folders) = (self.clone(), folders.to_vec());
        let made = self.world.blocking("machine drives", move || this.furnish_now(&folders, &tmp)).await;
        made.unwrap_or_else(|| Err(BootError::Host { step: "images", reason: "panic".to_owned() }))
    }

    fn furnish_now(&self, folders: &[ReadOnlyMount], tmp: &Tmp) -> Result<Furniture, BootError> {
        let read_only = |file: Arc<File>| Drive { file, writable: false };
        let mut drives = vec![read_only(self.root.clone())];
        let (mut mounts, mut digests) = (Vec::new(), Vec::new());
        for (slot, folder) in (0..).zip(folders) {
            let image = self.image(&folder.host)?;
            digests.push(digest_of(&image).map_err(|error| failed("image", &folder.host, &error))?);
            drives.push(read_only(Arc::new(image)));
            mounts.push(Mount { slot, inside: folder.inside.clone() });
        }
        drives.resize_with(1 + SLOTS, || read_only(self.placeholder.clone()));
        let tmp = Arc::new(self.tmp_drive(tmp)?);
        drives.push(Drive { file: tmp.clone(), writable: true });
        Ok(Furniture { drives, mounts, digests, tmp })
    }

    fn tmp_drive(&self, tmp: &Tmp) -> Result<File, BootError> {
        let step = |error: &dyn std::fmt::Display| failed("/tmp of a machine", &self.images, error);
        match tmp {
            Tmp::New { size_mb } => {
                let image = self.tmp.image(*size_mb).map_err(|error| step(&error))?;
                image.set_len(DRIVE_BYTES).map_err(|error| step(&error))?;
                Ok(image)
            }
            Tmp::Copy { snapshot } => {
                let from = File::open(snapshot.join(TMP)).map_err(|error| step(&error))?;
                if from.metadata().map_err(|error| step(&error))?.len() != DRIVE_BYTES {
                    return Err(step(&"of another length"));
                }
                let flags =
                    rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                let own: File =
                    rustix::fs::open(&self.images, flags, mode).map_err(|error| step(&error))?.into();
                sparse::copy(&from, &own).map_err(|error| step(&error))?;
                Ok(own)
            }
        }
    }

    /// The image of a folder as it is now.
    fn image(&self, folder: &Path) -> Result<File, BootError> {
        let key = key_of(folder).map_err(|error| failed("folder that is shown", folder, &error))?;
        let path = self.images.join(format!("{key}.{IMAGE}"));
        let lock = self
            .making
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key.clone())
            .or_default()
            .clone();
        let held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let image = match File::open(&path) {
            Ok(image) => {
                // For the bound: this one was used. One that can not be marked goes earlier.
                let _ = rustix::fs::utimensat(
                    rustix::fs::CWD,
                    &path,
                    &rustix::fs::Timestamps { last_access: now(), last_modification: now() },
                    rustix::fs::AtFlags::empty(),
                );
                Ok(image)
            }
            Err(_) => self.make(folder, &path),
        };
        drop(held);
        self.making.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        image
    }

    fn make(&self, folder: &Path, path: &Path) -> Result<File, BootError> {
        let unfinished = path.with_extension(UNFINISHED);
        let made = write_image(folder, &unfinished).and_then(|()| {
            fs::rename(&unfinished, path).map_err(|error| failed("image", path, &error))?;
            File::open(path).map_err(|error| failed("image", path, &error))
        });
        if made.is_err() {
            // It may not be there.
            drop(fs::remove_file(&unfinished));
        }
        self.keep_the_bound(path);
        made
    }

    /// The ones that were used longest ago go. What can not be removed is removed another time.
    fn keep_the_bound(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.images) else { return };
        let mut images: Vec<(i64, u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == IMAGE))
            .filter_map(|path| {
                let facts = fs::metadata(&path).ok()?;
                Some((facts.mtime(), facts.blocks() * 512, path))
            })
            .collect();
        images.sort();
        let mut bytes: u64 = images.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, size, path) in images.iter().filter(|(_, _, path)| path != newest) {
            if bytes <= IMAGES_BYTES_MAX {
                break;
            }
            bytes -= size;
            drop(fs::remove_file(path));
        }
    }
}

fn now() -> rustix::fs::Timespec {
    rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW }
}

fn failed(step: &'static str, path: &Path, error: &dyn std::fmt::Display) -> BootError {
    BootError::Host { step, reason: format!("{}: {error}", path.display()) }
}

/// What a killed server was writing.
fn sweep(images: &Path) -> io::Result<()> {
    for entry in fs::read_dir(images)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn placeholder(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o644).open(path)?;
    file.set_len(DRIVE_BYTES)?;
    File::open(path)
}

fn write_image(folder: &Path, path: &Path) -> Result<(), BootError> {
    let step = |error: &dyn std::fmt::Display| failed("image", folder, error);
    let mut tree = Tree::new();
    tree.add_host(folder, Path::new("/"), &mut |_| true).map_err(|error| step(&error))?;
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o644)
        .open(path)
        .map_err(|error| step(&error))?;
    tree.write(&mut file, &Options::default()).map_err(|error| step(&error))?;
    let length = file.metadata().map_err(|error| step(&error))?.len();
    if length > DRIVE_BYTES - DIGEST_BYTES as u64 {
        return Err(step(&"more than a machine's drive holds"));
    }
    let digest = File::open(path).and_then(hash).map_err(|error| step(&error))?;
    file.write_all_at(&digest, DRIVE_BYTES - DIGEST_BYTES as u64).map_err(|error| step(&error))
}

fn hash(mut file: File) -> io::Result<[u8; DIGEST_BYTES]> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn digest_of(image: &File) -> io::Result<[u8; DIGEST_BYTES]> {
    let mut digest = [0; DIGEST_BYTES];
    image.read_exact_at(&mut digest, DRIVE_BYTES - DIGEST_BYTES as u64)?;
    Ok(digest)
}

/// Names, kinds, modes, sizes and times of everything in a folder: another one as soon as anything changed.
fn key_of(folder: &Path) -> io::Result<String> {
    let folder = fs::canonicalize(folder)?;
    let mut digest = Sha256::new();
    let mut waiting = vec![folder.clone()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let facts = fs::symlink_metadata(&path)?;
        digest.update(path.as_os_str().as_bytes());
        for number in [
            u64::from(facts.mode()),
            facts.size(),
            facts.ino(),
            facts.dev(),
            facts.mtime().cast_unsigned(),
            facts.mtime_nsec().cast_unsigned(),
            facts.ctime().cast_unsigned(),
            facts.ctime_nsec().cast_unsigned(),
        ] {
            digest.update(number.to_le_bytes());
        }
        seen += 1;
        if seen > FILES_MAX {
            return Err(io::Error::other("too many files"));
        }
        if facts.is_dir() {
            let mut inside = fs::read_dir(&path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<_>>>()?;
            inside.sort();
            waiting.extend(inside);
        }
    }
    Ok(digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drives(folder: &Path) -> Arc<Drives> {
        let root = folder.join("root");
        fs::write(&root, "root").unwrap();
        Arc::new(Drives::open(World::real(), folder, &root).unwrap())
    }

    fn images(folder: &Path) -> usize {
        let entries = fs::read_dir(folder.join("images")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == IMAGE)).count()
    }

    #[tokio::test]
    async fn a_folder_is_one_image_until_something_in_it_changes() {
        let data = tempfile::tempdir().unwrap();
        let code = tempfile::tempdir().unwrap();
        fs::create_dir(code.path().join("deep")).unwrap();
        fs::write(code.path().join("deep/file"), "one").unwrap();
        let drives = drives(data.path());
        let shown = ReadOnlyMount { host: code.path().to_owned(), inside: "/var/task".into() };
        let made = drives.furnish(std::slice::from_ref(&shown), Tmp::New { size_mb: 1 }).await.unwrap();
        assert_eq!(made.drives.len(), 2 + SLOTS);
        assert_eq!(made.mounts.len(), 1);
        let lengths = made.drives.iter().skip(1).map(|drive| drive.file.metadata().unwrap().len());
        assert!(lengths.into_iter().all(|length| length == DRIVE_BYTES));
        assert_eq!(made.drives.iter().filter(|drive| drive.writable).count(), 1);
        drives.furnish(std::slice::from_ref(&shown), Tmp::New { size_mb: 1 }).await.unwrap();
        assert_eq!(images(data.path()), 1);
        fs::write(code.path().join("deep/file"), "other").unwrap();
        drives.furnish(&[shown], Tmp::New { size_mb: 1 }).await.unwrap();
        assert_eq!(images(data.path()), 2);
    }

    #[tokio::test]
    async fn the_tmp_of_a_copy_is_what_it_was_in_the_snapshot_and_its_own() {
        use std::os::unix::fs::FileExt;
        let data = tempfile::tempdir().unwrap();
        let snapshot = tempfile::tempdir().unwrap();
        let drives = drives(data.path());
        let original = drives.furnish(&[], Tmp::New { size_mb: 1 }).await.unwrap().tmp;
        original.write_all_at(b"written", 5 << 30).unwrap();
        write_tmp(&original, snapshot.path()).unwrap();
        original.write_all_at(b"changed", 5 << 30).unwrap();
        let copy = || drives.furnish(&[], Tmp::Copy { snapshot: snapshot.path().to_owned() });
        let (one, other) = (copy().await.unwrap().tmp, copy().await.unwrap().tmp);
        one.write_all_at(b"own one", 5 << 30).unwrap();
        let mut bytes = [0; 7];
        other.read_exact_at(&mut bytes, 5 << 30).unwrap();
        assert_eq!(&bytes, b"written");
        assert!(other.metadata().unwrap().blocks() * 512 < 4 << 20, "holes stay holes");
    }

    #[tokio::test]
    async fn more_folders_than_slots_and_a_folder_that_is_not_there_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let drives = drives(data.path());
        let shown = ReadOnlyMount { host: "/nowhere/at/all".into(), inside: "/opt".into() };
        assert!(drives.furnish(std::slice::from_ref(&shown), Tmp::New { size_mb: 1 }).await.is_err());
        assert!(drives.furnish(&vec![shown; SLOTS + 1], Tmp::New { size_mb: 1 }).await.is_err());
    }
}
