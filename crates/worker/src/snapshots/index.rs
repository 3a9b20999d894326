//! What is kept of one version: which chunked files make its snapshot.
//!
//! ```text
//! snapshots/functions/<SHA-256 of the version's key>     0600, beside its place first, then renamed
//!     magic 8 │ version 2 │ length 4 │ JSON │ SHA-256 of all before; numbers are little-endian
//! ```
//! Of another version, of another release of this program or of another sandbox it is no error: it is removed at the next
//! start, and its version prepared anew.

use images::chunks::ManifestId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use types::VersionKey;

const MAGIC: &[u8; 8] = b"TBXFUNCS";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 14;
const CHECKSUM_BYTES: usize = 32;
const BYTES_MAX: u64 = 64 * 1024;
/// Files of one snapshot: the sandbox's, and the worker's own.
const FILES_MAX: usize = 16;
const UNFINISHED: &str = "unfinished";

/// The record of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) key: VersionKey,
    /// Of this program: its runtime clients and its guest are part of the snapshot.
    release: String,
    sandbox: String,
    /// Names in the snapshot's folder, and their manifests.
    files: Vec<(String, String)>,
    /// Which of them is the memory.
    pub(super) memory: String,
    /// What the first invocation touched, once there was one.
    working_set: Option<String>,
}

impl Index {
    pub(super) fn new(
        key: VersionKey,
        sandbox: &str,
        files: &[(String, ManifestId)],
        memory: String,
    ) -> Self {
        let files = files.iter().map(|(name, id)| (name.clone(), id.hex())).collect();
        let (release, sandbox) = (env!("CARGO_PKG_VERSION").to_owned(), sandbox.to_owned());
        Self { key, release, sandbox, files, memory, working_set: None }
    }

    pub(super) fn with_working_set(&self, id: ManifestId) -> Self {
        Self { working_set: Some(id.hex()), ..self.clone() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, ManifestId)> {
        self.files.iter().filter_map(|(name, id)| Some((name.as_str(), ManifestId::from_hex(id)?)))
    }

    pub(super) fn memory_id(&self) -> Option<ManifestId> {
        self.files().find(|(name, _)| *name == self.memory).map(|(_, id)| id)
    }

    pub(super) fn working_set(&self) -> Option<ManifestId> {
        self.working_set.as_deref().and_then(ManifestId::from_hex)
    }

    /// Every manifest that it owns.
    pub(super) fn owned(&self) -> impl Iterator<Item = ManifestId> {
        self.files().map(|(_, id)| id).chain(self.working_set())
    }

    fn is_sound(&self, sandbox: &str) -> bool {
        let plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('/');
        let ids = self.files.iter().map(|(_, id)| id).chain(&self.working_set);
        self.release == env!("CARGO_PKG_VERSION")
            && self.sandbox == sandbox
            && self.files.len() <= FILES_MAX
            && self.files.iter().all(|(name, _)| plain(name))
            && ids.into_iter().all(|id| ManifestId::from_hex(id).is_some())
            && self.memory_id().is_some()
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        let body = serde_json::to_vec(self)?;
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(body);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
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

    /// Blocking.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        let path = place(root, &self.key);
        let unfinished = path.with_extension(UNFINISHED);
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&self.encode()?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(root)?.sync_all()
    }
}

/// Removes what is kept of a version. Blocking.
pub(super) fn remove(root: &Path, key: &VersionKey) -> io::Result<()> {
    match fs::remove_file(place(root, key)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the folder; every record that is sound, the others removed. Blocking.
pub(super) fn open(root: &Path, sandbox: &str) -> io::Result<Vec<Index>> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let mut bytes = Vec::new();
        File::open(&path)?.take(BYTES_MAX).read_to_end(&mut bytes)?;
        let index = Index::decode(&bytes).filter(|index| index.is_sound(sandbox));
        match index.filter(|index| place(root, &index.key) == path) {
            Some(index) => found.push(index),
            None => fs::remove_file(&path)?,
        }
    }
    Ok(found)
}

fn place(root: &Path, key: &VersionKey) -> PathBuf {
    // Quoted strings and numbers: unambiguous.
    let digest = Sha256::digest(format!("{key:?}"));
    root.join(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, FunctionName, Region, Version};

    fn index(function: &str) -> Index {
        let key = VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("r"),
            function: FunctionName::new(function),
            version: Version::Published(1),
            generation: 1,
        };
        let id = ManifestId::from_hex(&"ab".repeat(32)).unwrap();
        Index::new(key, "fake", &[("memory".to_owned(), id), ("state".to_owned(), id)], "memory".to_owned())
    }

    #[test]
    fn what_was_written_is_found_again_and_everything_else_removed() {
        let data = tempfile::tempdir().unwrap();
        let root = data.path().join("functions");
        assert!(open(&root, "fake").unwrap().is_empty());
        let id = ManifestId::from_hex(&"cd".repeat(32)).unwrap();
        let [one, two] = [index("one").with_working_set(id), index("two")];
        one.write(&root).unwrap();
        two.write(&root).unwrap();
        two.write(&root).unwrap();
        fs::write(root.join("stray.unfinished"), "half").unwrap();
        let mut found = open(&root, "fake").unwrap();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(found, [one.clone(), two.clone()]);
        assert_eq!(found[0].owned().count(), 3);
        remove(&root, &one.key).unwrap();
        remove(&root, &one.key).unwrap();
        let mut bytes = fs::read(place(&root, &two.key)).unwrap();
        bytes[40] ^= 1;
        fs::write(place(&root, &two.key), bytes).unwrap();
        assert!(open(&root, "fake").unwrap().is_empty(), "damaged");
        one.write(&root).unwrap();
        assert!(open(&root, "other").unwrap().is_empty(), "another sandbox's");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }

    #[test]
    fn a_record_can_not_name_files_elsewhere() {
        let mut hostile = index("one");
        hostile.files[1].0 = "../../key".to_owned();
        assert!(!hostile.is_sound("fake"));
        assert!(index("one").is_sound("fake"));
    }
}
