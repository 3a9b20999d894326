//! What was made lies in the data folder by the key of what it was made from, whole or not at all.
//!
//! ```text
//! look KEY ─ there ─────────────────────────────────────────────────────────────► open (shared lock on its manifest)
//!    │ not                                                                           ▲
//!    └► lock the store (waits for whoever makes something) ─► look again ─ there ────┤
//!                                                                 │ not              │
//!              sweep .new-* ─► make in .new-PID ─► manifest, synced ─► rename to KIND-KEY ─► sweep others of its kind
//! ```
//! A process killed anywhere leaves a `.new-*` that the next one sweeps; locks are the kernel's and end with it. An
//! entry that some process holds open is never swept.

use super::AssetError;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Format of [`Manifest`]; another one is not read, and its entry made anew.
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
const FRESH: &str = ".new-";
const LOCK: &str = "lock";
/// Read at once while a checksum is made.
const PIECE_BYTES: usize = 1 << 20;

/// Names what something is made from: the same inputs have the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) String);

/// Collects inputs for a [`Key`].
pub(super) struct KeyMaker(Sha256);

impl KeyMaker {
    pub(super) fn new(kind: &str) -> Self {
        let mut maker = Self(Sha256::new());
        maker.add(kind.as_bytes());
        maker.add(&VERSION.to_le_bytes());
        maker
    }

    /// Lengths go before the bytes, so that two inputs never read like another two.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Key {
        Key(hex(&self.0.finalize()[..16]))
    }
}

/// Name and value, for people.
pub(super) type Facts = BTreeMap<String, String>;

/// What an entry says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the format.
    pub tinderbox_microvm: u32,
    pub kind: String,
    pub key: String,
    /// What it was made from and what it is, for people.
    pub facts: BTreeMap<String, String>,
    pub files: BTreeMap<String, FileFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub bytes: u64,
    pub sha256: String,
}

/// A whole entry, kept from being swept for as long as this lives.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
    _held: File,
}

impl Entry {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The folder of all of them.
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The entry of this key, if it is there and whole.
    pub(super) fn look(&self, kind: &str, key: &Key) -> Option<Entry> {
        open(&self.place(kind, key))
            .filter(|entry| entry.manifest.kind == kind && entry.manifest.key == key.0)
    }

    /// Every entry that is there and whole.
    pub(super) fn list(&self) -> Vec<Entry> {
        let mut folders: Vec<PathBuf> = self.folders().collect();
        folders.sort();
        folders.iter().filter_map(|folder| open(folder)).collect()
    }

    /// The entry of this key; made by `make` in an empty folder if it is not there. `waits` is told once if another
    /// process makes something just now.
    pub(super) fn ensure(
        &self,
        kind: &str,
        key: &Key,
        waits: &mut dyn FnMut(),
        make: &mut dyn FnMut(&Path) -> Result<Facts, AssetError>,
    ) -> Result<Entry, AssetError> {
        if let Some(entry) = self.look(kind, key) {
            return Ok(entry);
        }
        let _lock = self.lock(waits)?;
        if let Some(entry) = self.look(kind, key) {
            return Ok(entry); // made by the one that was waited for
        }
        self.sweep_unfinished();
        let fresh = self.folder.join(format!("{FRESH}{}", std::process::id()));
        let made = folder_of_ours(&fresh).map_err(|error| AssetError::of_file(&fresh, &error));
        let made = made.and_then(|()| make(&fresh)).and_then(|facts| self.publish(kind, key, &fresh, facts));
        if made.is_err() {
            let _ = fs::remove_dir_all(&fresh); // else the next one sweeps it
        }
        made?;
        self.sweep_others(kind, key);
        self.look(kind, key).ok_or_else(|| AssetError::Unusable {
            what: self.place(kind, key).display().to_string(),
            reason: "it was made just now and is not whole".to_owned(),
        })
    }

    /// Checks every file against its checksum; `tell` hears of the bytes that were read.
    pub(super) fn verify(entry: &Entry, tell: &mut dyn FnMut(u64)) -> Result<(), AssetError> {
        for (name, facts) in &entry.manifest.files {
            let path = entry.path(name);
            let found = facts_of(&path, tell).map_err(|error| AssetError::of_file(&path, &error))?;
            if found != *facts {
                return Err(AssetError::Unusable {
                    what: path.display().to_string(),
                    reason: "it is not what was written; remove its folder, and it is made again".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn place(&self, kind: &str, key: &Key) -> PathBuf {
        self.folder.join(format!("{kind}-{}", key.0))
    }

    fn lock(&self, waits: &mut dyn FnMut()) -> Result<File, AssetError> {
        let path = self.folder.join(LOCK);
        let at = |error: io::Error| AssetError::of_file(&path, &error);
        folder_of_ours(&self.folder).map_err(at)?;
        let lock = File::options().create(true).append(true).mode(0o600).open(&path).map_err(at)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waits();
                lock.lock().map_err(at)?;
            }
            Err(TryLockError::Error(error)) => return Err(at(error)),
        }
        Ok(lock)
    }

    /// The manifest goes last and everything is on the disk before the name is: after a power failure there is a whole
    /// entry or none.
    fn publish(&self, kind: &str, key: &Key, fresh: &Path, facts: Facts) -> Result<(), AssetError> {
        let place = self.place(kind, key);
        let write = || -> io::Result<()> {
            let mut files = BTreeMap::new();
            for entry in fs::read_dir(fresh)? {
                let entry = entry?;
                File::open(entry.path())?.sync_all()?;
                let name = entry.file_name().to_string_lossy().into_owned();
                files.insert(name, facts_of(&entry.path(), &mut |_| {})?);
            }
            let (kind, key) = (kind.to_owned(), key.0.clone());
            let manifest = Manifest { tinderbox_microvm: VERSION, kind, key, facts: facts.clone(), files };
            let path = fresh.join(MANIFEST);
            fs::write(&path, serde_json::to_vec_pretty(&manifest)?)?;
            File::open(&path)?.sync_all()?;
            if place.exists() {
                fs::remove_dir_all(&place)?; // not whole, or it would have been found
            }
            fs::rename(fresh, &place)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| AssetError::of_file(&place, &error))
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    }

    /// Under the lock: whoever made these is gone.
    fn sweep_unfinished(&self) {
        let name =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FRESH));
        for folder in self.folders().filter(name) {
            let _ = fs::remove_dir_all(folder); // tried again next time
        }
    }

    /// Other entries of the kind, but those that some process holds.
    fn sweep_others(&self, kind: &str, key: &Key) {
        let (keep, prefix) = (self.place(kind, key), format!("{kind}-"));
        let other = |path: &PathBuf| {
            *path != keep && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        };
        for folder in self.folders().filter(other) {
            // Locked until it is gone: who opens it meanwhile waits, and then finds nothing.
            let manifest = File::open(folder.join(MANIFEST));
            if !manifest.as_ref().is_ok_and(|manifest| manifest.try_lock().is_err()) {
                let _ = fs::remove_dir_all(folder); // tried again next time
            }
        }
    }
}

/// An entry whose manifest is sound and whose files have the sizes that it says.
fn open(folder: &Path) -> Option<Entry> {
    let mut held = File::open(folder.join(MANIFEST)).ok()?;
    held.lock_shared().ok()?;
    let mut text = Vec::new();
    (&mut held).take(MANIFEST_BYTES_MAX).read_to_end(&mut text).ok()?;
    let manifest: Manifest = serde_json::from_slice(&text).ok()?;
    let whole = manifest.tinderbox_microvm == VERSION
        && manifest.files.iter().all(|(name, facts)| {
            !name.contains('/')
                && fs::metadata(folder.join(name)).is_ok_and(|found| found.len() == facts.bytes)
        });
    whole.then(|| Entry { folder: folder.to_owned(), manifest, _held: held })
}

fn facts_of(path: &Path, tell: &mut dyn FnMut(u64)) -> io::Result<FileFacts> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(FileFacts { bytes, sha256: hex(&digest.finalize()) });
        }
        digest.update(&piece[..length]);
        bytes += length as u64;
        tell(length as u64);
    }
}

/// Its owner's alone: the images hold what lies on this host.
fn folder_of_ours(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) => Ok(()),
        other => other,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn key(text: &str) -> Key {
        let mut maker = KeyMaker::new("test");
        maker.add(text.as_bytes());
        maker.finish()
    }

    fn ensure(store: &Store, text: &str) -> (Entry, bool) {
        let mut made = false;
        let entry = store.ensure("boot", &key(text), &mut || {}, &mut |folder| {
            made = true;
            fs::write(folder.join("kernel"), text).unwrap();
            Ok(BTreeMap::from([("release".to_owned(), text.to_owned())]))
        });
        (entry.unwrap(), made)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_there_is_not_made_again_and_what_nobody_uses_goes() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::new(&data.path().join("microvm"));
        let (first, made) = ensure(&store, "6.1");
        assert!(made);
        assert_eq!(fs::read_to_string(first.path("kernel")).unwrap(), "6.1");
        assert!(!ensure(&store, "6.1").1);
        // Held by `first`: it stays; then not held: it goes.
        let (second, _) = ensure(&store, "6.2");
        assert!(first.folder.is_dir() && second.folder.is_dir());
        let gone = first.folder.clone();
        drop(first);
        drop(ensure(&store, "6.3"));
        assert!(!gone.exists());
        assert_eq!(store.list().len(), 2);
    }

    #[test]
    fn an_entry_of_the_wrong_size_or_another_format_is_made_again_and_checksums_tell_changed_bytes() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::new(data.path());
        let (entry, _) = ensure(&store, "6.1");
        Store::verify(&entry, &mut |_| {}).unwrap();
        fs::write(entry.path("kernel"), "6.x").unwrap(); // same size
        let error = Store::verify(&entry, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("it is not what was written"), "{error}");
        fs::write(entry.path("kernel"), "longer").unwrap();
        drop(entry);
        let (entry, made) = ensure(&store, "6.1");
        assert!(made);
        let text = fs::read_to_string(entry.path(MANIFEST)).unwrap();
        let other = text.replace("\"tinderbox_microvm\": 1", "\"tinderbox_microvm\": 2");
        assert_ne!(text, other);
        fs::write(entry.path(MANIFEST), other).unwrap();
        drop(entry);
        assert!(ensure(&store, "6.1").1);
    }

    #[test]
    fn the_oldest_manifest_is_still_read() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("boot-00");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("kernel"), "k").unwrap();
        let text = r#"{"tinderbox_microvm":1,"kind":"boot","key":"00","facts":{"release":"6.1.0"},
            "files":{"kernel":{"bytes":1,"sha256":"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"}}}"#;
        fs::write(folder.join(MANIFEST), text).unwrap();
        let entry = Store::new(data.path()).look("boot", &Key("00".to_owned())).unwrap();
        Store::verify(&entry, &mut |_| {}).unwrap();
        assert_eq!(entry.manifest.facts["release"], "6.1.0");
    }

    #[test]
    fn what_fails_or_is_killed_halfway_leaves_nothing_that_counts() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::new(data.path());
        let failed = store.ensure("boot", &key("x"), &mut || {}, &mut |folder| {
            fs::write(folder.join("kernel"), "half").unwrap();
            Err(AssetError::Unusable { what: "it".to_owned(), reason: "no".to_owned() })
        });
        assert_eq!(failed.unwrap_err().to_string(), "it: no");
        assert_eq!(names(data.path()), ["lock"]);
        // Of a process that was killed: half of an entry, and one without its manifest.
        fs::create_dir(data.path().join(".new-1")).unwrap();
        fs::write(data.path().join(".new-1/root.erofs"), "half").unwrap();
        fs::create_dir(store.place("boot", &key("6.1"))).unwrap();
        assert!(ensure(&store, "6.1").1);
        assert_eq!(names(data.path()).len(), 2, "the entry and the lock: {:?}", names(data.path()));
    }

    #[test]
    fn two_at_once_make_one_and_the_second_is_told_that_it_waits() {
        let data = tempfile::tempdir().unwrap();
        let (began, begun) = mpsc::channel();
        let (go, going) = mpsc::channel::<()>();
        let folder = data.path().to_owned();
        let first = std::thread::spawn(move || {
            let entry = Store::new(&folder).ensure("boot", &key("6.1"), &mut || {}, &mut |fresh| {
                began.send(()).unwrap();
                going.recv().unwrap();
                fs::write(fresh.join("kernel"), "first").unwrap();
                Ok(BTreeMap::new())
            });
            entry.unwrap()
        });
        begun.recv().unwrap();
        let store = Store::new(data.path());
        let mut waited = false;
        let mut tell = || {
            waited = true;
            go.send(()).unwrap();
        };
        let never = &mut |_: &Path| -> Result<Facts, AssetError> { panic!("made twice") };
        let entry = store.ensure("boot", &key("6.1"), &mut tell, never).unwrap();
        assert_eq!(fs::read_to_string(entry.path("kernel")).unwrap(), "first");
        assert!(waited);
        assert_eq!(first.join().unwrap().folder, entry.folder);
    }

    const VICTIM: &str = "TINDERBOX_TEST_STORE_VICTIM";

    /// No test: what the next one starts and kills.
    #[test]
    fn a_victim_begins_and_never_ends() {
        let Some(folder) = std::env::var_os(VICTIM) else { return };
        let never_ends = &mut |fresh: &Path| {
            fs::write(fresh.join("kernel"), "half").unwrap();
            println!("begun");
            io::stdin().read_to_end(&mut Vec::new()).unwrap();
            panic!("it was to be killed")
        };
        let _ = Store::new(Path::new(&folder)).ensure("boot", &key("6.1"), &mut || {}, never_ends);
    }

    #[test]
    fn after_a_kill_9_the_next_process_makes_it_and_sweeps() {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        let data = tempfile::tempdir().unwrap();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "microvm::assets::store::tests::a_victim_begins_and_never_ends"])
            .env(VICTIM, data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(victim.stdout.take().unwrap()).lines();
        assert!(said.map_while(Result::ok).any(|line| line.contains("begun")), "the victim ended by itself");
        assert!(names(data.path()).iter().any(|name| name.starts_with(FRESH)));
        victim.kill().unwrap();
        victim.wait().unwrap();
        let (entry, made) = ensure(&Store::new(data.path()), "6.1");
        assert!(made);
        assert_eq!(fs::read_to_string(entry.path("kernel")).unwrap(), "6.1");
        assert_eq!(names(data.path()).len(), 2, "the entry and the lock");
    }
}
