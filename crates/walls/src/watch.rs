//! The memory limit where no control group can keep it: what is resident is counted from outside, and what lies in memfds
//! that some process has open (written, it need not be mapped anywhere).
//!
//! Slower and coarser than the kernel's (a burst between two looks is missed), and `Capabilities` says so. The tree of
//! processes is walked from init by `/proc/PID/task/TID/children`, because the pid namespace of an environment has
//! no list of its own outside.
//!
//! A page of a memfd that is mapped as well is resident too. So the two sums are not added: of memory that processes share,
//! the larger sum counts. What hides from both (a memfd in flight in a socket; one of a process that forbids looking at it;
//! the smaller one of the two sums) is what the kernel's limit is better at.

use crate::cgroup::Usage;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Of a tree that grows while it is walked, so many are looked at.
const PROCESSES_MAX: usize = 4_096;

/// Descriptors of one environment that are looked at; AWS lets an environment have 1,024.
const DESCRIPTORS_MAX: usize = 4_096;

/// What one look found and did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    pub used_bytes: u64,
    pub killed: bool,
}

/// Kills the process below `init` that holds most if all of them together hold more than `limit`.
pub fn enforce(init: i32, limit: u64) -> Look {
    let held = Held::by(descendants(init));
    let used_bytes = held.used_bytes();
    if used_bytes <= limit {
        return Look { used_bytes, killed: false };
    }
    let largest = held.processes.iter().max_by_key(|one| one.resident_bytes.max(one.memfd_bytes));
    let Some(largest) = largest else { return Look::default() };
    // SAFETY: numbers only. It was a descendant of this init a moment ago, and runs as our own user.
    let killed = unsafe { libc::kill(largest.pid, libc::SIGKILL) } == 0;
    Look { used_bytes, killed }
}

/// Use of everything below `init`.
pub fn usage(init: i32) -> Usage {
    let mut usage = Usage { tasks: 1, ..Usage::default() };
    let pids = descendants(init);
    for pid in &pids {
        usage.cpu_us += cpu_us(*pid);
        usage.tasks += threads(*pid);
    }
    usage.memory_bytes = Held::by(pids).used_bytes();
    usage.memory_peak_bytes = usage.memory_bytes;
    usage
}

/// Memory of a tree of processes.
#[derive(Debug, Default)]
struct Held {
    processes: Vec<Process>,
    /// Of memfds, each counted once.
    memfd_bytes: u64,
}

#[derive(Debug)]
struct Process {
    pid: i32,
    resident_bytes: u64,
    /// Of these, pages that others may have as well.
    shared_bytes: u64,
    memfd_bytes: u64,
}

impl Held {
    fn by(pids: Vec<i32>) -> Self {
        let (mut seen, mut left) = (BTreeSet::new(), DESCRIPTORS_MAX);
        let mut held = Self::default();
        for pid in pids {
            let (resident_bytes, shared_bytes) = resident_bytes(pid);
            let mut memfd_bytes = 0;
            for (inode, bytes) in memfds(pid, &mut left) {
                memfd_bytes += bytes;
                held.memfd_bytes += if seen.insert(inode) { bytes } else { 0 };
            }
            held.processes.push(Process { pid, resident_bytes, shared_bytes, memfd_bytes });
        }
        held
    }

    fn used_bytes(&self) -> u64 {
        let sum = |bytes: fn(&Process) -> u64| self.processes.iter().map(bytes).sum::<u64>();
        let (resident, shared) = (sum(|one| one.resident_bytes), sum(|one| one.shared_bytes));
        resident.saturating_sub(shared) + shared.max(self.memfd_bytes)
    }
}

/// The memfds that a process has open, by inode, with the memory in each; at most `left` descriptors are looked at.
fn memfds(pid: i32, left: &mut usize) -> Vec<((u64, u64), u64)> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        let Some(rest) = left.checked_sub(1) else { break };
        *left = rest;
        // By its name first: to ask a file of another file system for its facts might wait for a disk or a network.
        let is_memfd = std::fs::read_link(entry.path())
            .is_ok_and(|target| target.as_os_str().as_encoded_bytes().starts_with(b"/memfd:"));
        if is_memfd && let Ok(facts) = std::fs::metadata(entry.path()) {
            found.push(((facts.dev(), facts.ino()), facts.blocks() * 512));
        }
    }
    found
}

fn descendants(init: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut open = vec![init];
    while let Some(pid) = open.pop() {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.filter_map(Result::ok) {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|child| child.parse::<i32>().ok());
            for child in children {
                if found.len() >= PROCESSES_MAX {
                    return found;
                }
                found.push(child);
                open.push(child);
            }
        }
    }
    found
}

/// Resident, and of that what is shared memory: RssShmem, which counts no files. [proc_pid_statm(5), proc_pid_status(5)]
fn resident_bytes(pid: i32) -> (u64, u64) {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let shared = status.lines().find_map(|line| line.strip_prefix("RssShmem:")?.split_whitespace().next());
    let shared: u64 = shared.and_then(|kb| kb.parse().ok()).unwrap_or(0);
    (pages * rustix::param::page_size() as u64, shared * 1024)
}

/// utime and stime: fields 14 and 15, counted after the name, which may hold anything. [proc_pid_stat(5)]
fn cpu_us(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(')') else { return 0 };
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 1_000_000 / rustix::param::clock_ticks_per_second().max(1)
}

fn threads(pid: i32) -> u32 {
    let tasks = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    tasks.map_or(0, |tasks| u32::try_from(tasks.count()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Child, Command, Stdio};

    #[test]
    fn a_memfd_that_nobody_has_mapped_is_counted_once_however_many_hold_it() {
        const MB: u64 = 1 << 20;
        let memfd = rustix::fs::memfd_create("held", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let mut file = std::fs::File::from(memfd);
        file.write_all(&vec![1; 64 * MB as usize]).unwrap();
        let holder = || -> Child {
            let standard_input = Stdio::from(file.try_clone().unwrap());
            Command::new("/bin/sleep").arg("1000").stdin(standard_input).spawn().unwrap()
        };
        let mut holders = [holder(), holder()];
        let pids = || holders.iter().map(|child| i32::try_from(child.id()).unwrap()).collect();
        let both = Held::by(pids());
        assert_eq!(both.memfd_bytes, 64 * MB);
        assert!((64 * MB..90 * MB).contains(&both.used_bytes()), "{both:?}");
        let mut none = 0;
        let id = i32::try_from(holders[0].id()).unwrap();
        assert!(memfds(id, &mut none).is_empty(), "no descriptor is looked at past the bound");
        for holder in &mut holders {
            holder.kill().unwrap();
            holder.wait().unwrap();
        }
    }
}
