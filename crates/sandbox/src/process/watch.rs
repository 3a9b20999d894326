//! The memory limit where no control group can keep it: what is resident is counted from outside.
//!
//! Slower and coarser than the kernel's (a burst between two looks is missed), and `Capabilities` says so. The tree of
//! processes is walked from init by `/proc/PID/task/TID/children`, because the pid namespace of an environment has
//! no list of its own outside.

use super::cgroup::Usage;
use std::path::Path;

/// Of a tree that grows while it is walked, so many are looked at.
const PROCESSES_MAX: usize = 4_096;

/// What one look found and did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) resident_bytes: u64,
    pub(crate) killed: bool,
}

/// Kills the largest process below `init` if all of them together hold more than `limit`.
pub(crate) fn enforce(init: i32, limit: u64) -> Look {
    let sizes: Vec<(i32, u64)> =
        descendants(init).into_iter().map(|pid| (pid, resident_bytes(pid))).collect();
    let resident_bytes = sizes.iter().map(|(_, bytes)| bytes).sum();
    if resident_bytes <= limit {
        return Look { resident_bytes, killed: false };
    }
    let Some((pid, _)) = sizes.into_iter().max_by_key(|(_, bytes)| *bytes) else { return Look::default() };
    // SAFETY: numbers only. It was a descendant of this init a moment ago, and runs as our own user.
    let killed = unsafe { libc::kill(pid, libc::SIGKILL) } == 0;
    Look { resident_bytes, killed }
}

/// Use of everything below `init`.
pub(crate) fn usage(init: i32) -> Usage {
    let mut usage = Usage { tasks: 1, ..Usage::default() };
    for pid in descendants(init) {
        usage.memory_bytes += resident_bytes(pid);
        usage.cpu_us += cpu_us(pid);
        usage.tasks += threads(pid);
    }
    usage.memory_peak_bytes = usage.memory_bytes;
    usage
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

/// Second field of statm, in pages. [proc_pid_statm(5)]
fn resident_bytes(pid: i32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
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
