//! Keys of the chunk store: one secret of the installation, one key of each account made from it.

use crate::chunks::ChunkError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::Sha256;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use types::AccountId;
use world::Entropy;

const KEY_BYTES: usize = 32;

/// The installation's secret. Whoever has it and the chunks can read every snapshot.
pub struct MasterKey([u8; KEY_BYTES]);

/// What one account's chunks are sealed under. Two accounts' never meet: neither their chunks' names nor their bytes.
#[derive(Clone)]
pub struct AccountKey([u8; KEY_BYTES]);

impl MasterKey {
    /// Reads the secret, or makes it: 32 random bytes in a file of mode 0600. Where two make it at once, the first
    /// one's stays.
    pub fn load_or_make(path: &Path, entropy: &dyn Entropy) -> Result<Self, ChunkError> {
        let failed = |error: io::Error| ChunkError::file(path, &error);
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result.map(Self).map_err(failed),
        }
        let mut key = [0; KEY_BYTES];
        entropy.fill(&mut key);
        make(path, &key).map_err(failed)?;
        read(path).map(Self).map_err(failed)
    }

    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(key)
    }

    /// The key of an account.
    pub fn account(&self, account: &AccountId) -> AccountKey {
        AccountKey(keyed_hash(&self.0, &[b"tinderbox account key 1\0", account.as_str().as_bytes()]))
    }
}

impl AccountKey {
    /// A hash that only holders of this key can compute; `purpose` keeps hashes of one purpose from being those of
    /// another.
    pub(crate) fn hash(&self, purpose: &[u8], bytes: &[u8]) -> [u8; KEY_BYTES] {
        keyed_hash(&self.0, &[purpose, b"\0", bytes])
    }
}

fn keyed_hash(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; KEY_BYTES] {
    // A shorter key is HMAC's key with zeros after it (RFC 2104): said here, so that nothing can fail.
    let mut padded = [0; 64];
    padded[..KEY_BYTES].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&padded.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn read(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    File::open(path)?.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "this is no key: it has not 32 bytes");
    bytes.try_into().map_err(wrong)
}

fn make(path: &Path, key: &[u8]) -> io::Result<()> {
    let temporary = crate::place::temporary_beside(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(key).and_then(|()| file.sync_all()).and_then(|()| {
        match renameat_with(CWD, &temporary, CWD, path, RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::EXIST) => fs::remove_file(&temporary),
            renamed => renamed.map_err(io::Error::from),
        }
    });
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written?;
    crate::place::sync_parent(path)
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use world::World;

    #[tokio::test]
    async fn a_key_is_made_once_and_read_ever_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let entropy = World::real().entropy;
        let first = MasterKey::load_or_make(&path, &*entropy).expect("made");
        let second = MasterKey::load_or_make(&path, &*entropy).expect("read");
        assert_eq!(first.0, second.0);
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
        fs::write(&path, "short").expect("written");
        let refused = MasterKey::load_or_make(&path, &*entropy).expect_err("refused");
        assert!(refused.to_string().contains("no key"), "{refused}");
    }

    #[test]
    fn accounts_have_keys_of_their_own_and_say_none() {
        let master = MasterKey::new([7; 32]);
        let (one, two) = (AccountId::new("000000000001"), AccountId::new("000000000002"));
        assert_eq!(master.account(&one).0, master.account(&one).0);
        assert_ne!(master.account(&one).0, master.account(&two).0);
        assert_eq!(format!("{master:?} {:?}", master.account(&one)), "MasterKey(..) AccountKey(..)");
    }
}
