//! Processes that the bench started, and what the kernel says of them and their descendants.

use crate::Outcome;
use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long a process that was told to end may take.
const END_WAIT_MAX: Duration = Duration::from_secs(60);

/// Fields of `/proc/PID/stat`.
const PARENT: usize = 4;
const UTIME: usize = 14;
const STIME: usize = 15;

/// A child that is ended when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap_or(0)
    }

    /// SIGTERM, then a bounded wait, then SIGKILL; how it ended.
    pub(crate) fn end(&mut self) -> Outcome<()> {
        // SAFETY: kill takes no pointers; the child has not been waited for, so its id is its own.
        unsafe { libc::kill(self.pid(), libc::SIGTERM) };
        let start = Instant::now();
        while start.elapsed() < END_WAIT_MAX {
            match self.0.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(error.to_string()),
            }
        }
        let _ = self.0.kill(); // it may have ended just now
        let _ = self.0.wait();
        Err(format!("process {} did not end within {} s of SIGTERM", self.0.id(), END_WAIT_MAX.as_secs()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.end(); // what it was asked for is done or has failed already
        }
    }
}

/// A process and all below it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tree {
    pub(crate) processes: usize,
    pub(crate) fds: usize,
    /// Pages that are resident, each counted once for every process that maps it.
    pub(crate) rss_kb: u64,
    /// Pages that are resident, each divided by how many processes map it: what the tree really costs.
    pub(crate) pss_kb: u64,
    /// The same of each process, with its name and its number of threads.
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) threads: u64,
    pub(crate) rss_kb: u64,
    pub(crate) pss_kb: u64,
}

/// Reads the tree below `root`; processes that end meanwhile are left out.
pub(crate) fn tree(root: i32) -> Tree {
    let mut tree = Tree::default();
    for pid in descendants(root) {
        let folder = format!("/proc/{pid}");
        let rollup = fs::read_to_string(format!("{folder}/smaps_rollup")).unwrap_or_default();
        let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let (rss_kb, pss_kb) = (number_after(&rollup, "Rss:"), number_after(&rollup, "Pss:"));
        tree.processes += 1;
        tree.fds += fs::read_dir(format!("{folder}/fd")).map_or(0, Iterator::count);
        tree.rss_kb += rss_kb;
        tree.pss_kb += pss_kb;
        tree.members.push(Member {
            name: name(pid),
            threads: number_after(&status, "Threads:"),
            rss_kb,
            pss_kb,
        });
    }
    tree
}

/// Whether a process is the platform's own, by its name: the server, its spawner (started as /proc/self/exe) and what
/// they fork.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with("tinderbox") || name == "exe"
}

/// Mounts that this process's namespace shows, and those of one other process.
pub(crate) fn mounts(pid: i32) -> usize {
    let lines = |who: &str| {
        fs::read_to_string(format!("/proc/{who}/mountinfo")).map_or(0, |text| text.lines().count())
    };
    lines("self") + lines(&pid.to_string())
}

/// `root` first.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    for pid in entries.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())) {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut all = vec![root];
    let mut idx = 0;
    while let Some(pid) = all.get(idx) {
        let below = children.remove(pid).unwrap_or_default();
        all.extend(below);
        idx += 1;
    }
    all
}

/// As the kernel shows it; empty for one that has ended.
pub(crate) fn name(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// Processor time of all threads of a process, its own and the kernel's for it; zero for one that has ended.
pub(crate) fn cpu(pid: i32) -> Duration {
    let ticks = |field| stat(pid, field).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // SAFETY: sysconf takes no pointers.
    let ticks_a_second = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1);
    Duration::from_millis((ticks(UTIME) + ticks(STIME)) * 1_000 / ticks_a_second)
}

fn parent(pid: i32) -> Option<i32> {
    stat(pid, PARENT)?.parse().ok()
}

/// A field of `stat`, counted as man 5 proc does; the name before the third may hold anything, parentheses too.
fn stat(pid: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(field - 3).map(str::to_owned)
}

fn number_after(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_its_root_and_its_children_with_their_memory() {
        let child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let mut child = Running::new(child);
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(descendants(me)[0], me);
        assert!(descendants(me).contains(&pid));
        let tree = tree(me);
        assert!(tree.processes >= 2 && tree.rss_kb >= tree.pss_kb && tree.pss_kb > 0, "{tree:?}");
        child.end().unwrap();
        assert!(!descendants(me).contains(&pid));
    }
}
