//! Where snapshots of rooms lie, and what says what each is of.
//!
//! ```text
//! snapshots/rooms/<digest>.<random>/         0700; its name ends in .unfinished until it is whole
//!     description                            magic 8 │ version 2 │ length 4 │ JSON │ SHA-256 of all before
//!     files/                                 the sandbox's own
//! ```
//! Numbers are little-endian. A description of another version, of another release of this program, or of another sandbox
//! is no error: what it describes is removed at the next start, and made anew when it is wanted.

use crate::parts::WorkerParts;
use crate::pool::Kind;
use sandbox::Snapshot;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(super) const FILES: &str = "files";
const DESCRIPTION: &str = "description";
const UNFINISHED: &str = "unfinished";
const MAGIC: &[u8; 8] = b"TBXROOMS";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 14;
const CHECKSUM_BYTES: usize = 32;
const BYTES_MAX: u64 = 64 * 1024;

/// What is written of one.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Description {
    /// Of this program: its runtime clients and its guest are part of what was written down.
    release: String,
    sandbox: String,
    kind: String,
    /// The memory's name in `files`.
    memory: String,
}

/// One that is whole.
pub(super) struct Found {
    pub(super) digest: [u8; 32],
    pub(super) folder: PathBuf,
    pub(super) memory: PathBuf,
    /// Of disk.
    pub(super) bytes: u64,
}

#[derive(Clone)]
pub(super) struct Files {
    root: PathBuf,
    sandbox: &'static str,
}

impl Files {
    pub(super) fn new(root: PathBuf, sandbox: &'static str) -> Self {
        Self { root, sandbox }
    }

    /// Makes the folder, removes what is half-made or not this program's, and answers the rest, oldest first. Blocking.
    pub(super) fn open(&self) -> io::Result<Vec<Found>> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700))?;
        let mut found: Vec<(SystemTime, Found)> = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let folder = entry.path();
            match self.look(&folder) {
                Some(one) => found.push((entry.metadata()?.modified()?, one)),
                None if folder.is_dir() => fs::remove_dir_all(&folder)?,
                None => fs::remove_file(&folder)?,
            }
        }
        found.sort_by(|(a, one), (b, other)| (a, one.digest).cmp(&(b, other.digest)));
        Ok(found.into_iter().map(|(_, one)| one).collect())
    }

    /// A name for one that is being made.
    pub(super) fn unfinished(&self, digest: [u8; 32], random: [u8; 16]) -> PathBuf {
        self.root.join(format!("{}.{}.{UNFINISHED}", hex(&digest), hex(&random)))
    }

    /// Makes its folder, and in it the sandbox's. Blocking.
    pub(super) fn begin(&self, unfinished: &Path) -> io::Result<PathBuf> {
        let files = unfinished.join(FILES);
        DirBuilder::new().mode(0o700).create(unfinished)?;
        DirBuilder::new().mode(0o700).create(&files)?;
        Ok(files)
    }

    /// Describes what the sandbox wrote, and gives it its name once all of it is on the disk. Blocking.
    pub(super) fn finish(
        &self,
        digest: [u8; 32],
        unfinished: &Path,
        snapshot: &Snapshot,
    ) -> io::Result<Found> {
        let memory = snapshot.memory.strip_prefix(&snapshot.folder).ok().and_then(Path::to_str);
        let memory =
            memory.ok_or_else(|| io::Error::other("the memory lies outside of its snapshot"))?.to_owned();
        let description = Description { memory, ..self.description(digest) };
        let mut file =
            File::options().write(true).create_new(true).mode(0o600).open(unfinished.join(DESCRIPTION))?;
        file.write_all(&encode(&description)?)?;
        file.sync_all()?;
        for entry in fs::read_dir(unfinished.join(FILES))? {
            File::open(entry?.path())?.sync_all()?;
        }
        let folder = unfinished.with_extension("");
        fs::rename(unfinished, &folder)?;
        File::open(&self.root)?.sync_all()?;
        self.look(&folder).ok_or_else(|| io::Error::other("what was written can not be read"))
    }

    fn look(&self, folder: &Path) -> Option<Found> {
        let name = folder.file_name()?.to_str()?;
        let (digest, random) = name.split_once('.')?;
        let digest: [u8; 32] = unhex(digest)?.try_into().ok()?;
        if random.len() != 32 || unhex(random).is_none() {
            return None; // half-made
        }
        let mut bytes = Vec::new();
        File::open(folder.join(DESCRIPTION)).ok()?.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
        let description = decode(&bytes)?;
        let expected = Description { memory: description.memory.clone(), ..self.description(digest) };
        if description != expected || description.memory.contains('/') || description.memory.starts_with('.')
        {
            return None;
        }
        let files = folder.join(FILES);
        let mut disk = 0;
        for entry in fs::read_dir(&files).ok()? {
            disk += entry.ok()?.metadata().ok()?.blocks() * 512;
        }
        let memory = files.join(description.memory);
        memory.is_file().then(|| Found { digest, folder: folder.to_owned(), memory, bytes: disk })
    }

    fn description(&self, digest: [u8; 32]) -> Description {
        Description {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            sandbox: self.sandbox.to_owned(),
            kind: hex(&digest),
            memory: String::new(),
        }
    }
}

/// Everything that a room of this kind was made from, as far as it is the worker's to say.
pub(super) fn digest(kind: &Kind, parts: &WorkerParts) -> [u8; 32] {
    let settings = &parts.settings;
    let mut digest = Sha256::new();
    // `Debug` of strings, paths and numbers is quoted and so unambiguous.
    digest.update(format!("{kind:?} {:?} {:?}", settings.egress, settings.allow_hosts));
    digest.finalize().into()
}

fn encode(description: &Description) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(description)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(body);
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<Description> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let version = u16::from_le_bytes([head[8], head[9]]);
    let length = u32::from_le_bytes([head[10], head[11], head[12], head[13]]) as usize;
    if head[..8] != MAGIC[..] || version != VERSION || rest.len() != length.checked_add(CHECKSUM_BYTES)? {
        return None;
    }
    let (body, checksum) = rest.split_at(length);
    if Sha256::digest(bytes.get(..HEAD_BYTES + length)?)[..] != *checksum {
        return None;
    }
    serde_json::from_slice(body).ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &Files, digest: [u8; 32], random: u8) -> Found {
        let unfinished = files.unfinished(digest, [random; 16]);
        let folder = files.begin(&unfinished).unwrap();
        fs::write(folder.join("memory"), "pages").unwrap();
        let memory = folder.join("memory");
        files.finish(digest, &unfinished, &Snapshot { folder, memory }).unwrap()
    }

    #[test]
    fn what_is_whole_is_found_again_and_everything_else_removed() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::new(data.path().join("rooms"), "fake");
        assert!(files.open().unwrap().is_empty());
        let whole = written(&files, [1; 32], 1);
        let damaged = written(&files, [2; 32], 2);
        let path = damaged.folder.join(DESCRIPTION);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
        files.begin(&files.unfinished([3; 32], [3; 16])).unwrap();
        fs::remove_file(&written(&files, [4; 32], 4).memory).unwrap();
        fs::write(data.path().join("rooms/stray"), "?").unwrap();

        let found = files.open().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].digest, &found[0].folder), ([1; 32], &whole.folder));
        assert_eq!(fs::read_to_string(&found[0].memory).unwrap(), "pages");
        assert_eq!(fs::read_dir(data.path().join("rooms")).unwrap().count(), 1);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&whole.folder), mode(&data.path().join("rooms"))], [0o700; 2]);

        assert!(
            Files::new(data.path().join("rooms"), "other").open().unwrap().is_empty(),
            "another sandbox's"
        );
        assert_eq!(fs::read_dir(data.path().join("rooms")).unwrap().count(), 0);
    }

    #[test]
    fn a_description_is_read_as_it_was_written_or_not_at_all() {
        let description = Description {
            release: "1".to_owned(),
            sandbox: "fake".to_owned(),
            kind: "k".to_owned(),
            memory: "memory".to_owned(),
        };
        let bytes = encode(&description).unwrap();
        assert_eq!(decode(&bytes), Some(description));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None);
        }
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 0x40;
            assert_eq!(decode(&other), None, "at {place}");
        }
    }
}
