//! Limits and counters of one environment, over the kernel's control groups of either version.
//!
//! A [`Tree`] is a set of folders made for one run of the server; each environment has one group by name in it.
//! Everything is plain file access, so the same suite runs on a made-up tree in a temporary folder and on the
//! kernel's own.
//!
//! Memory figures: `memory_bytes` is usage less inactive file cache (what the kernel drops without asking when
//! it needs room). The peak: the kernel's own high-water mark counts all page cache, and a function that wrote
//! 400 MB to `/tmp` would seem to have used them; so the peak is that mark less the file cache of now, and never
//! below the largest `memory_bytes` that was sampled. It can miss cache that came and went, it does not invent use.

use crate::hand::Job;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Memory that equals one vCPU in AWS Lambda. [AWS: "Configure Lambda function memory"]
pub const MEMORY_MB_PER_VCPU: u64 = 1_769;
/// Scheduler period. Long, so that a start of a few dozen milliseconds is not cut in slices by a small quota.
pub const CPU_PERIOD_US: u64 = 100_000;
/// Processes and threads in one environment: AWS's documented 1,024, and the init that AWS does not count.
pub const PIDS_MAX: u64 = 1_025;
/// Shares (v1) of one vCPU; the kernel's default.
const SHARES_PER_VCPU: u64 = 1_024;
/// Weight (v2) of one vCPU; the kernel's default.
const WEIGHT_PER_VCPU: u64 = 100;
/// Of one that is to be gone before others go on: as much as a hundred vCPUs.
pub const SHARES_OF_THE_DYING: u64 = 100 * SHARES_PER_VCPU;
pub const WEIGHT_OF_THE_DYING: u64 = 100 * WEIGHT_PER_VCPU;

/// The limits of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub memory_bytes: u64,
    /// Processor time per period; shares alone order those that compete.
    pub quota_us: u64,
    pub shares: u64,
    pub weight: u64,
    pub pids: u64,
}

impl Limits {
    /// Processor in proportion to memory, but the hard cap never below the floor: with 128 MB it would be
    /// 7 ms in 100, and a cold start would take a second of waiting that AWS's start-up boost does not have.
    /// Between environments that compete, shares keep the exact proportion.
    pub fn of(memory_mb: u32, cpu_floor_percent: u32) -> Self {
        let memory_mb = u64::from(memory_mb.max(1));
        let floor_us = CPU_PERIOD_US * u64::from(cpu_floor_percent) / 100;
        Self {
            memory_bytes: memory_mb << 20,
            quota_us: (CPU_PERIOD_US * memory_mb / MEMORY_MB_PER_VCPU).max(floor_us).max(1_000),
            shares: (SHARES_PER_VCPU * memory_mb / MEMORY_MB_PER_VCPU).max(2),
            weight: (WEIGHT_PER_VCPU * memory_mb / MEMORY_MB_PER_VCPU).clamp(1, 10_000),
            pids: PIDS_MAX,
        }
    }
}

/// Counters of one environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub memory_bytes: u64,
    /// The kernel's high-water mark less the file cache of now.
    pub memory_peak_bytes: u64,
    pub cpu_us: u64,
    pub tasks: u32,
    pub out_of_memory_kills: u64,
}

/// A group's part of the processor, in the words of its tree: among those that compete, and at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    pub share: String,
    /// `None` where there is no such bound.
    pub quota: Option<String>,
}

/// Which walls a tree has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    pub memory: bool,
    pub cpu: bool,
    pub pids: bool,
    pub freezer: bool,
    /// Memory can be asked back.
    pub reclaim: bool,
}

/// Groups by name. Every call is idempotent where that can be.
pub trait Tree: Send {
    fn powers(&self) -> Powers;
    /// The run's own folders, one per hierarchy: what a later start sweeps.
    fn roots(&self) -> Vec<PathBuf>;
    /// Makes the group and sets its limits.
    fn create(&self, name: &str, limits: &Limits) -> io::Result<()>;
    /// Sets other limits, where the group's use fits in them.
    fn limit(&self, name: &str, limits: &Limits) -> io::Result<()>;
    /// Gives the group's processes the processor before any others: of one that was killed, or is to come to a stop. The kernel's part of an end
    /// (memory, mounts, namespaces) is done by what ends, at its own group's share, and a share of 128 MB beside hundreds
    /// of busy neighbours makes seconds of it.
    fn hasten(&self, name: &str) -> io::Result<()>;
    /// What `hasten` changes, as it is.
    fn pace(&self, name: &str) -> io::Result<Pace>;
    /// Puts it back.
    fn set_pace(&self, name: &str, pace: &Pace) -> io::Result<()>;
    /// Puts the calling process in it.
    fn enter(&self, name: &str) -> io::Result<()>;
    /// Memory that is charged to it, what the kernel could drop included; 0 where nobody counts. A limit below this has
    /// the kernel look for memory while it is written.
    fn charged(&self, name: &str) -> u64;
    fn usage(&self, name: &str) -> io::Result<Usage>;
    fn out_of_memory_kills(&self, name: &str) -> u64;
    fn freeze(&self, name: &str) -> io::Result<()>;
    fn thaw(&self, name: &str) -> io::Result<()>;
    /// Whether every task came to a stop after `freeze`.
    fn is_frozen(&self, name: &str) -> io::Result<bool>;
    /// What has the kernel look for memory that the group can do without: all of it, for the kernel knows best what
    /// that is.
    fn reclaim(&self, name: &str) -> io::Result<Job>;
    /// Removes the group; `ResourceBusy` while something in it still dies.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Removes the run's folders when no group is left in them.
    fn remove_roots(&self) -> io::Result<()> {
        self.roots().iter().try_for_each(|root| remove_group(root, self.files()))
    }
    fn files(&self) -> Files;
}

/// File access; in a made-up tree the control files do not exist before they are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files {
    pub made_up: bool,
}

impl Files {
    pub fn write(self, path: &Path, value: impl std::fmt::Display) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(self.made_up).truncate(self.made_up);
        let text = value.to_string();
        let mut file = options.open(path).map_err(|error| named(error, path))?;
        file.write_all(text.as_bytes()).map_err(|error| named(error, path))
    }

    /// A file of one number; `None` if it is not there or not a number (`max`).
    pub fn number(self, path: &Path) -> Option<u64> {
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    }

    /// The number behind `key` in a file of `key number` lines.
    pub fn keyed(self, path: &Path, key: &str) -> Option<u64> {
        value_of(&std::fs::read_to_string(path).ok()?, key)
    }
}

/// The number behind `key` in `key number` lines.
pub fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// Makes a folder that may be there already.
pub fn make_group(path: &Path) -> io::Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(named(error, path)),
        _ => Ok(()),
    }
}

/// Removes a group's folder; one that is gone already is fine.
pub fn remove_group(path: &Path, files: Files) -> io::Result<()> {
    let removed = if files.made_up { std::fs::remove_dir_all(path) } else { std::fs::remove_dir(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(error, path)),
        _ => Ok(()),
    }
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// No groups can be written here: limits are kept by a watcher and rlimits instead.
pub struct NoTree;

impl Tree for NoTree {
    fn powers(&self) -> Powers {
        Powers::default()
    }
    fn roots(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    fn create(&self, _: &str, _: &Limits) -> io::Result<()> {
        Ok(())
    }
    fn limit(&self, _: &str, _: &Limits) -> io::Result<()> {
        Ok(())
    }

    fn hasten(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn pace(&self, _: &str) -> io::Result<Pace> {
        Ok(Pace::default())
    }
    fn set_pace(&self, _: &str, _: &Pace) -> io::Result<()> {
        Ok(())
    }
    fn enter(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn charged(&self, _: &str) -> u64 {
        0
    }
    fn usage(&self, _: &str) -> io::Result<Usage> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn out_of_memory_kills(&self, _: &str) -> u64 {
        0
    }
    fn freeze(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn thaw(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn is_frozen(&self, _: &str) -> io::Result<bool> {
        Ok(false)
    }
    fn reclaim(&self, _: &str) -> io::Result<Job> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn files(&self) -> Files {
        Files::default()
    }
}

/// Where the kernel's hierarchies are mounted and where this process is in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounted {
    /// (controllers, own folder) of each v1 hierarchy.
    pub v1: Vec<(Vec<String>, PathBuf)>,
    /// (mount point, own folder) of v2.
    pub v2: Option<(PathBuf, PathBuf)>,
}

impl Mounted {
    /// Reads `/proc/self/mountinfo` and `/proc/self/cgroup`.
    pub fn read() -> io::Result<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
        let own = std::fs::read_to_string("/proc/self/cgroup")?;
        Ok(Self::parse(&mounts, &own))
    }

    /// `mountinfo` lines are "id parent dev root point options … - type source super"; `cgroup` lines are
    /// "id:controllers:path", with id 0 and no controllers for v2. [proc_pid_mountinfo(5), cgroups(7)]
    pub fn parse(mounts: &str, own: &str) -> Self {
        let mut found = Self::default();
        for line in mounts.lines() {
            let Some((left, right)) = line.split_once(" - ") else { continue };
            let left: Vec<&str> = left.split(' ').collect();
            let right: Vec<&str> = right.split(' ').collect();
            let (Some(root), Some(point), Some(kind), Some(options)) =
                (left.get(3), left.get(4), right.first(), right.get(2))
            else {
                continue;
            };
            match *kind {
                "cgroup2" if found.v2.is_none() => {
                    let folder = own_folder(own, |controllers| controllers.is_empty(), root, point);
                    found.v2 = Some((PathBuf::from(point), folder));
                }
                "cgroup" => {
                    let controllers: Vec<String> = options
                        .split(',')
                        .filter(|name| !matches!(*name, "rw" | "ro") && !name.contains('='))
                        .map(str::to_owned)
                        .collect();
                    let mine = |list: &str| list.split(',').any(|name| controllers.iter().any(|c| c == name));
                    let folder = own_folder(own, mine, root, point);
                    found.v1.push((controllers, folder));
                }
                _ => {}
            }
        }
        found
    }
}

/// `point` + (own path less the part of the hierarchy that is not mounted here).
fn own_folder(own: &str, is_it: impl Fn(&str) -> bool, root: &str, point: &str) -> PathBuf {
    let path = own
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            is_it(controllers).then_some(path)
        })
        .next()
        .unwrap_or("/");
    let path = path.strip_prefix(root.trim_end_matches('/')).unwrap_or("");
    Path::new(point).join(path.trim_start_matches('/'))
}

/// Every folder that [`open`] may make, to be written down before it does.
pub fn candidates(run_folder: &str) -> Vec<PathBuf> {
    let mounted = Mounted::read().unwrap_or_default();
    let mut all: Vec<PathBuf> = mounted.v1.iter().map(|(_, own)| own.join(run_folder)).collect();
    if let Some((top, own)) = &mounted.v2 {
        all.extend(crate::cgroup_v2::candidates(top, own).into_iter().map(|parent| parent.join(run_folder)));
    }
    all
}

/// The best tree that can be written here, and one sentence for each wall that it lacks.
pub fn open(run_folder: &str) -> (Box<dyn Tree>, Vec<String>) {
    let mut missing = Vec::new();
    let mounted = Mounted::read().unwrap_or_default();
    let mut tree: Box<dyn Tree> = Box::new(NoTree);
    match crate::cgroup_v2::V2::open(&mounted, run_folder) {
        Ok(v2) => tree = Box::new(v2),
        Err(why_2) => match crate::cgroup_v1::V1::open(&mounted, run_folder) {
            Ok(v1) => tree = Box::new(v1),
            Err(why_1) => missing.push(format!(
                "control groups can not be written (v2: {why_2}; v1: {why_1}): memory is watched from outside, \
                 processes are bounded by rlimits, nothing can be frozen; run as root or in a delegated scope \
                 (systemd-run --user --scope -p Delegate=yes)"
            )),
        },
    }
    let powers = tree.powers();
    let named = [
        (powers.memory, "memory limit by the kernel", "memory"),
        (powers.cpu, "processor share", "cpu"),
        (powers.pids, "limit of processes by the kernel", "pids"),
        (powers.freezer, "pause", "freezer"),
        (powers.reclaim, "giving back of idle memory", "memory (version 2: Linux 5.19)"),
    ];
    if missing.is_empty() {
        let lacking = named.iter().filter(|(has, ..)| !has);
        missing.extend(lacking.map(|(_, wall, controller)| {
            format!("no {wall}: the control group controller {controller} is not available here")
        }));
    }
    (tree, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_is_in_proportion_to_memory_with_a_floor() {
        let check = |memory_mb, floor, quota_us, shares, weight| {
            let limits = Limits::of(memory_mb, floor);
            assert_eq!((limits.quota_us, limits.shares, limits.weight), (quota_us, shares, weight));
        };
        check(1_769, 50, 100_000, 1_024, 100);
        check(10_240, 50, 578_858, 5_927, 578);
        check(128, 50, 50_000, 74, 7);
        check(128, 0, 7_235, 74, 7);
    }

    #[test]
    fn own_folders_are_found_under_both_versions_and_under_a_partial_mount() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
            41 31 0:38 /a/b /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let own = "4:memory:/box/1\n1:cpu,cpuacct:/\n9:name=systemd:/\n0::/a/b/c\n";
        let found = Mounted::parse(mounts, own);
        assert_eq!(found.v1[0], (vec!["memory".to_owned()], PathBuf::from("/sys/fs/cgroup/memory/box/1")));
        assert_eq!(found.v1[1].0, ["cpu", "cpuacct"]);
        assert_eq!(found.v2, Some(("/sys/fs/cgroup/unified".into(), "/sys/fs/cgroup/unified/c".into())));
    }

    #[test]
    fn a_key_is_matched_whole() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(value_of(text, "oom_kill"), Some(3));
        assert_eq!(value_of(text, "oom"), None);
    }

    /// The same promises for a tree of either version, in a temporary folder.
    fn check_tree(tree: &dyn Tree, root: &Path, expected: &[(&str, &str)], hastened: &[(&str, &str)]) {
        assert_eq!(
            tree.powers(),
            Powers { memory: true, cpu: true, pids: true, freezer: true, reclaim: false }
        );
        assert!(tree.roots().iter().all(|folder| folder.ends_with("tinderbox-0a") && folder.is_dir()));
        tree.create("7", &Limits::of(1_769, 50)).unwrap();
        tree.create("7", &Limits::of(1_769, 50)).unwrap();
        tree.enter("7").unwrap();
        tree.freeze("7").unwrap();
        for (file, text) in expected {
            assert_eq!(std::fs::read_to_string(root.join(file)).unwrap(), *text, "{file}");
        }
        tree.thaw("7").unwrap();
        let before = tree.pace("7").unwrap();
        tree.hasten("7").unwrap();
        tree.set_pace("7", &before).unwrap();
        assert_eq!(tree.pace("7").unwrap(), before);
        tree.hasten("7").unwrap();
        assert_ne!(tree.pace("7").unwrap(), before);
        for (file, text) in hastened {
            assert_eq!(std::fs::read_to_string(root.join(file)).unwrap(), *text, "{file}");
        }
        tree.remove("7").unwrap();
        tree.remove("7").unwrap();
        tree.remove_roots().unwrap();
        assert!(tree.roots().iter().all(|folder| !folder.exists()));
    }

    #[test]
    fn a_made_up_tree_of_version_1_gets_the_limits_and_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let own = |name: &str| {
            std::fs::create_dir(root.path().join(name)).unwrap();
            (name.split(',').map(str::to_owned).collect::<Vec<_>>(), root.path().join(name))
        };
        let mounted =
            Mounted { v1: ["memory", "cpu,cpuacct", "pids", "freezer"].map(own).to_vec(), v2: None };
        let files = Files { made_up: true };
        let tree = crate::cgroup_v1::V1::open_with(&mounted, "tinderbox-0a", files).unwrap();
        let expected = [
            ("memory/tinderbox-0a/7/memory.limit_in_bytes", "1854930944"),
            ("memory/tinderbox-0a/7/memory.memsw.limit_in_bytes", "1854930944"),
            ("memory/tinderbox-0a/7/memory.kmem.tcp.limit_in_bytes", "1854930944"),
            ("cpu,cpuacct/tinderbox-0a/7/cpu.cfs_quota_us", "100000"),
            ("cpu,cpuacct/tinderbox-0a/7/cpu.shares", "1024"),
            ("pids/tinderbox-0a/7/pids.max", "1025"),
            ("freezer/tinderbox-0a/7/freezer.state", "FROZEN"),
            ("freezer/tinderbox-0a/7/cgroup.procs", "0"),
        ];
        let hastened = [
            ("cpu,cpuacct/tinderbox-0a/7/cpu.cfs_quota_us", "-1"),
            ("cpu,cpuacct/tinderbox-0a/7/cpu.shares", "102400"),
        ];
        check_tree(&tree, root.path(), &expected, &hastened);
    }

    #[test]
    fn a_made_up_tree_of_version_2_gets_the_limits_and_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("scope");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("cgroup.controllers"), "cpu io memory pids").unwrap();
        let mounted = Mounted { v1: Vec::new(), v2: Some((root.path().to_owned(), own)) };
        let files = Files { made_up: true };
        let tree = crate::cgroup_v2::V2::open_with(&mounted, "tinderbox-0a", files).unwrap();
        let expected = [
            ("scope/cgroup.subtree_control", "+memory +cpu +pids"),
            ("scope/tinderbox-0a/cgroup.subtree_control", "+memory +cpu +pids"),
            ("scope/tinderbox-0a/7/memory.max", "1854930944"),
            ("scope/tinderbox-0a/7/memory.swap.max", "0"),
            ("scope/tinderbox-0a/7/cpu.max", "100000 100000"),
            ("scope/tinderbox-0a/7/cpu.weight", "100"),
            ("scope/tinderbox-0a/7/cgroup.freeze", "1"),
        ];
        let hastened =
            [("scope/tinderbox-0a/7/cpu.max", "max 100000"), ("scope/tinderbox-0a/7/cpu.weight", "10000")];
        check_tree(&tree, root.path(), &expected, &hastened);
    }

    #[test]
    fn figures_of_version_2_leave_out_cache_that_can_be_dropped() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().to_owned();
        std::fs::write(own.join("cgroup.controllers"), "memory pids").unwrap();
        let mounted = Mounted { v1: Vec::new(), v2: Some((own.clone(), own.clone())) };
        let files = Files { made_up: true };
        let tree = crate::cgroup_v2::V2::open_with(&mounted, "tinderbox-0a", files).unwrap();
        tree.create("7", &Limits::of(128, 50)).unwrap();
        for (name, text) in [
            ("memory.stat", "inactive_file 100\nactive_file 50\n"),
            ("memory.current", "400\n"),
            ("memory.peak", "900\n"),
            ("memory.events", "oom 2\noom_kill 1\n"),
            ("pids.current", "3\n"),
        ] {
            std::fs::write(own.join("tinderbox-0a/7").join(name), text).unwrap();
        }
        let usage = tree.usage("7").unwrap();
        let figures = (usage.memory_bytes, usage.memory_peak_bytes, usage.out_of_memory_kills, usage.tasks);
        assert_eq!(figures, (300, 750, 1, 3));
    }
}
