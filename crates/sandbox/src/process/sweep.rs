//! What this run leaves on the host, written down before it is made, so that the next start can remove it.
//!
//! ```text
//!  <data>/sandbox/lock         held (a POSIX lock: not inherited by a fork, gone with its process) while it lives
//!  <data>/sandbox/life         held (a BSD lock: shared with every fork) while anything of a spawner's own code runs
//!  <data>/sandbox/run-<id>     the control group folders of that run, written and synced before they are used
//!  <data>/sandbox/root         mount point of the template; the mount is in the spawner's own namespace
//!  <data>/sandbox/machine      mount point of a machine's root; each mount is in that machine's own namespace
//!  <data>/sandbox/tmp          ext4 templates, kept; *.unfinished (where the file system has no nameless files), swept
//! ```
//!
//! Mounts, loop devices, network namespaces and nameless files end with the processes that hold them. Processes end
//! with their init, and that with the spawner; but one that is frozen does not run to its end before it is
//! thawed. So the sweep kills and thaws what is in the groups of each run that is written down, then removes
//! them. The lock is taken before: a live server's run is never swept.
//!
//! A dying spawner gives up its lock before its inits are told of its death, and such an init may be about to make its
//! group. So every init and every hand holds `life` as long as it runs, and the sweep goes on killing until it has
//! that: then nothing makes anything any more. A live spawner's forks hold it for the next sweep to wait for.

use super::sys::{self, At, StepError};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A spawner that was killed a moment ago may still hold its lock: this long it is waited for.
const LOCK_WAIT_MS: u64 = 3_000;
/// One whose server is gone is waited for so long: it is ending, and many environments on a busy host take time.
const ENDING_WAIT_MS: u64 = 60_000;
/// Two numbers.
const HOLDER_BYTES_MAX: usize = 64;
/// Between two looks at something that is ending.
const LOOK_AGAIN_MS: u64 = 5;
/// What dies must be gone after this long, or start-up says so.
const DEATH_WAIT_MS: u64 = 5_000;
const RUN_BYTES_MAX: u64 = 64 * 1024;
const RUN_PREFIX: &str = "run-";
const RUN_MAGIC: &str = "tinderbox sandbox run 1";

/// The folder and its lock, held as long as this lives.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
    life: File,
}

impl Folder {
    /// Takes the lock of this data folder.
    pub(crate) fn lock(data: &Path) -> Result<Self, StepError> {
        let path = data.join("sandbox");
        std::fs::create_dir_all(path.join("tmp")).at("sandbox folder")?;
        std::fs::create_dir_all(path.join("machine")).at("sandbox folder")?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).at("sandbox folder")?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path.join("lock"))
            .at("sandbox lock")?;
        let life = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("life"))
            .at("sandbox lock")?;
        // Every fork keeps it by its number: one that no init puts /dev/null in the place of. The lock is not the
        // number's but the open file's.
        let life = File::from(sys::raised(life.as_fd()).at("sandbox lock")?);
        for look in 0..ENDING_WAIT_MS / LOOK_AGAIN_MS {
            if try_lock(&lock) {
                write_holder(&lock).at("sandbox lock")?;
                return Ok(Self { path, _lock: lock, life });
            }
            if look >= LOCK_WAIT_MS / LOOK_AGAIN_MS && holder_lives(&lock) {
                break;
            }
            look_again_later();
        }
        let reason = format!("{} is held: another server uses this data folder", path.join("lock").display());
        Err(StepError { step: "sandbox lock", reason })
    }

    pub(crate) fn template_root(&self) -> PathBuf {
        self.path.join("root")
    }

    pub(crate) fn machine_root(&self) -> PathBuf {
        self.path.join("machine")
    }

    pub(crate) fn monitors(&self) -> PathBuf {
        self.path.join("monitors")
    }

    pub(crate) fn tmp_images(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Writes down where this run makes its groups.
    pub(crate) fn record(&self, run: &str, roots: &[PathBuf]) -> Result<(), StepError> {
        let mut text = String::from(RUN_MAGIC);
        for root in roots {
            text.push('\n');
            text.push_str(&root.to_string_lossy());
        }
        text.push('\n');
        let mut file = File::create(self.path.join(format!("{RUN_PREFIX}{run}"))).at("record of the run")?;
        file.write_all(text.as_bytes()).at("record of the run")?;
        file.sync_all().at("record of the run")
    }

    /// Removes the record of a run of which nothing is left.
    pub(crate) fn forget(&self, run: &str) {
        drop(std::fs::remove_file(self.path.join(format!("{RUN_PREFIX}{run}"))));
    }

    /// What a fork keeps open as long as it runs.
    pub(crate) fn life(&self) -> i32 {
        self.life.as_raw_fd()
    }

    /// Ends and removes what earlier runs of this data folder left. Answers what could not be removed.
    pub(crate) fn sweep(&self) -> Result<Vec<String>, StepError> {
        let mut left = Vec::new();
        let mut runs = Vec::new();
        for entry in std::fs::read_dir(&self.path).at("sandbox folder")? {
            let path = entry.at("sandbox folder")?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.starts_with(RUN_PREFIX) {
                continue;
            }
            match roots_of(&path) {
                Ok(roots) => runs.push((path, roots)),
                Err(error) => left.push(format!("{}: {error}", path.display())),
            }
        }
        let all: Vec<PathBuf> = runs.iter().flat_map(|(_, roots)| roots.iter().cloned()).collect();
        if !self.end_all(&all) {
            left.push("a process that does not end".to_owned());
        }
        for (path, roots) in runs {
            match remove_run(&roots) {
                Ok(()) => drop(std::fs::remove_file(&path)),
                Err(error) => left.push(format!("{}: {error}", path.display())),
            }
        }
        for entry in std::fs::read_dir(self.tmp_images()).at("folder of /tmp templates")? {
            let path = entry.at("folder of /tmp templates")?.path();
            if path.extension().is_some_and(|extension| extension == "unfinished") {
                drop(std::fs::remove_file(&path));
            }
        }
        Ok(left)
    }

    /// Kills until no group has a member and no fork of an earlier spawner runs; then `life` is held for our own.
    fn end_all(&self, roots: &[PathBuf]) -> bool {
        for _ in 0..DEATH_WAIT_MS / LOOK_AGAIN_MS {
            // Looked at again each time: one that was starting may have made its group meanwhile.
            let empty = end_members(&groups_in(roots));
            let how = rustix::fs::FlockOperation::NonBlockingLockExclusive;
            if empty && rustix::fs::flock(&self.life, how).is_ok() {
                return true;
            }
            look_again_later();
        }
        false
    }
}

/// fcntl(2): such a lock belongs to the process, so a forked init does not hold it.
fn try_lock(file: &File) -> bool {
    rustix::fs::fcntl_lock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Says in the lock file whose spawner holds it: the server's process, and when that began (numbers are used again).
fn write_holder(lock: &File) -> io::Result<()> {
    let server = std::os::unix::process::parent_id();
    let text = format!("{server} {}\n", began(server).unwrap_or_default());
    lock.set_len(0)?;
    lock.write_all_at(text.as_bytes(), 0)
}

/// The server of the spawner that holds the lock lives. Read through the descriptor that is to hold the lock: closing
/// another one of the same file would give up every lock that this process has on it (fcntl(2)).
fn holder_lives(lock: &File) -> bool {
    let mut said = [0; HOLDER_BYTES_MAX];
    let length = lock.read_at(&mut said, 0).unwrap_or(0);
    let text = std::str::from_utf8(said.get(..length).unwrap_or_default()).unwrap_or_default();
    let mut words = text.split_ascii_whitespace();
    match (words.next().and_then(|pid| pid.parse().ok()), words.next()) {
        (Some(server), Some(then)) => began(server).is_some_and(|now| now == then),
        // Not said yet, or by an older version.
        _ => true,
    }
}

/// When a process began, in the kernel's ticks: field 22 of proc_pid_stat(5). Nothing for one that is dead, reaped or
/// not.
fn began(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in parentheses that may contain anything; the state is the next word.
    let mut words = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let dead = matches!(words.next()?, "Z" | "X");
    if dead { None } else { words.nth(18).map(str::to_owned) }
}

/// The folders of a run that are there.
fn roots_of(record: &Path) -> io::Result<Vec<PathBuf>> {
    if std::fs::metadata(record)?.len() > RUN_BYTES_MAX {
        return Err(io::Error::other("record too long"));
    }
    let text = std::fs::read_to_string(record)?;
    let mut lines = text.lines();
    // A record cut short by a power failure: nothing was made after it, for it is synced first.
    if lines.next() != Some(RUN_MAGIC) || !text.ends_with('\n') {
        return Ok(Vec::new());
    }
    Ok(lines.map(PathBuf::from).filter(|root| is_ours(root) && root.exists()).collect())
}

fn groups_in(roots: &[PathBuf]) -> Vec<PathBuf> {
    let entries = roots.iter().filter_map(|root| std::fs::read_dir(root).ok()).flatten();
    entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn remove_run(roots: &[PathBuf]) -> io::Result<()> {
    let groups = groups_in(roots);
    groups.iter().chain(roots).try_for_each(|folder| remove_waiting(folder))
}

/// Only folders that a run of ours makes: the record lies in a folder that others might write.
fn is_ours(root: &Path) -> bool {
    let named =
        root.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(GROUP_PREFIX));
    named && root.starts_with("/sys/fs/cgroup")
}

/// First part of the name of every control group folder of ours.
pub(crate) const GROUP_PREFIX: &str = "tinderbox-";

/// Kills first, then thaws: nothing inside runs in between. All hierarchies at once, for in version 1 the one that
/// is looked at first may not be the one that holds them frozen.
/// `true` if there was nobody.
fn end_members(groups: &[PathBuf]) -> bool {
    let mut empty = true;
    for group in groups {
        let members = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        for pid in members.lines().filter_map(|line| line.trim().parse::<i32>().ok()).filter(|pid| *pid > 1) {
            empty = false;
            // SAFETY: numbers only. The pid was read from our own group a moment ago.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
    for group in groups {
        for (file, word) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
            drop(std::fs::OpenOptions::new().write(true).open(group.join(file)).map(thaw_by(word)));
        }
    }
    empty
}

/// What is written to a control file; a group that is gone already needs no thawing.
fn thaw_by(word: &'static str) -> impl Fn(File) {
    move |mut file| drop(file.write_all(word.as_bytes()))
}

fn remove_waiting(folder: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..DEATH_WAIT_MS / LOOK_AGAIN_MS {
        last = std::fs::remove_dir(folder);
        match &last {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => look_again_later(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            _ => break,
        }
    }
    last
}

/// The kernel has no event for "this group can be removed now" in version 1.
#[allow(clippy::disallowed_methods)] // the spawner has no world, and nobody to serve while it starts or ends
fn look_again_later() {
    std::thread::sleep(std::time::Duration::from_millis(LOOK_AGAIN_MS));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_our_own_making_are_swept() {
        assert!(is_ours(Path::new("/sys/fs/cgroup/memory/x/tinderbox-0a")));
        assert!(!is_ours(Path::new("/sys/fs/cgroup/memory/x")));
        assert!(!is_ours(Path::new("/home/tinderbox-0a")));
    }

    #[test]
    fn what_forks_hold_has_a_number_that_no_init_gives_to_something_else() {
        let data = tempfile::tempdir().unwrap();
        assert!(Folder::lock(data.path()).unwrap().life() >= sys::FIRST_OWN_FD);
    }

    #[test]
    fn a_holder_lives_as_long_as_its_server_does() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::lock(data.path()).unwrap();
        let lock = File::options().read(true).write(true).open(data.path().join("sandbox/lock")).unwrap();
        assert!(holder_lives(&lock), "the parent of this test");
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let say = |text: String| {
            lock.set_len(0).unwrap();
            lock.write_all_at(text.as_bytes(), 0).unwrap();
            holder_lives(&lock)
        };
        let ticks = began(child.id()).unwrap();
        assert!(say(format!("{} {ticks}\n", child.id())));
        assert!(!say(format!("{} 1\n", child.id())), "the number was used again");
        assert!(say(String::new()), "nothing said");
        child.kill().unwrap();
        let dead = || began(child.id()).is_none();
        while !dead() {
            look_again_later();
        }
        assert!(!say(format!("{} {ticks}\n", child.id())), "dead, though nobody has reaped it");
        child.wait().unwrap();
        drop(folder);
    }

    #[test]
    fn a_run_that_was_written_down_is_swept_and_forgotten() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::lock(data.path()).unwrap();
        folder.record("0a", &[PathBuf::from("/sys/fs/cgroup/memory/tinderbox-not-there")]).unwrap();
        std::fs::write(folder.tmp_images().join("image-7.unfinished"), "").unwrap();
        assert_eq!(folder.sweep().unwrap(), Vec::<String>::new());
        assert!(!data.path().join("sandbox/run-0a").exists());
        assert_eq!(std::fs::read_dir(folder.tmp_images()).unwrap().count(), 0);
    }
}
