//! Control groups version 1: one hierarchy per controller.

use crate::cgroup::{
    Files, Limits, Mounted, Pace, Powers, SHARES_OF_THE_DYING, Tree, Usage, make_group, remove_group,
    value_of,
};
use crate::hand::Job;
use std::io;
use std::path::{Path, PathBuf};

/// The controllers that are used, in the order in which a process enters them.
const CONTROLLERS: [&str; 5] = ["memory", "cpu", "cpuacct", "pids", "freezer"];

const SHARES: &str = "cpu.shares";
const QUOTA: &str = "cpu.cfs_quota_us";

/// Written to, it drops what the group can do without; version 1 knows no amount.
const RECLAIM: &str = "memory.force_empty";

/// One folder of the run per hierarchy; two controllers of one hierarchy share theirs.
pub struct V1 {
    folders: Vec<(&'static str, PathBuf)>,
    files: Files,
}

impl V1 {
    /// Makes the run's folder in each hierarchy that can be written.
    pub fn open(mounted: &Mounted, run_folder: &str) -> io::Result<Self> {
        Self::open_with(mounted, run_folder, Files::default())
    }

    pub fn open_with(mounted: &Mounted, run_folder: &str, files: Files) -> io::Result<Self> {
        let mut folders = Vec::new();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no hierarchy is mounted");
        for controller in CONTROLLERS {
            let here = mounted.v1.iter().find(|(list, _)| list.iter().any(|name| name == controller));
            let Some((_, own)) = here else { continue };
            let folder = own.join(run_folder);
            match make_group(&folder) {
                Ok(()) => folders.push((controller, folder)),
                Err(error) => last = error,
            }
        }
        if folders.is_empty() { Err(last) } else { Ok(Self { folders, files }) }
    }

    fn group(&self, controller: &str, name: &str) -> Option<PathBuf> {
        let found = self.folders.iter().find(|(this, _)| *this == controller);
        found.map(|(_, folder)| folder.join(name))
    }

    fn has(&self, controller: &str) -> bool {
        self.folders.iter().any(|(this, _)| *this == controller)
    }

    fn limit_memory(&self, group: &Path, limits: &Limits) -> io::Result<()> {
        let memory = group.join("memory.limit_in_bytes");
        // Buffers of TCP and UDP are counted by nobody before they have a limit of their own; version 2 counts them.
        let sockets = group.join("memory.kmem.tcp.limit_in_bytes");
        if self.files.made_up || sockets.exists() {
            self.files.write(&sockets, limits.memory_bytes)?;
        }
        // Without swap accounting this file is not there; then swapping is turned off for the group.
        let with_swap = group.join("memory.memsw.limit_in_bytes");
        if !self.files.made_up && !with_swap.exists() {
            self.files.write(&memory, limits.memory_bytes)?;
            return self.files.write(&group.join("memory.swappiness"), 0);
        }
        // The sum must never be the smaller one: when growing it goes first.
        if self.files.number(&with_swap).is_some_and(|now| now < limits.memory_bytes) {
            self.files.write(&with_swap, limits.memory_bytes)?;
            return self.files.write(&memory, limits.memory_bytes);
        }
        self.files.write(&memory, limits.memory_bytes)?;
        self.files.write(&with_swap, limits.memory_bytes)
    }

    fn limit_cpu(&self, group: &Path, limits: &Limits) -> io::Result<()> {
        self.files.write(&group.join(SHARES), limits.shares)?;
        let quota = group.join(QUOTA);
        if self.files.made_up || quota.exists() {
            self.files.write(&group.join("cpu.cfs_period_us"), crate::cgroup::CPU_PERIOD_US)?;
            self.files.write(&quota, limits.quota_us)?;
        }
        Ok(())
    }

    fn state(&self, name: &str, state: &str) -> io::Result<()> {
        let group = self.group("freezer", name).ok_or(io::ErrorKind::Unsupported)?;
        self.files.write(&group.join("freezer.state"), state)
    }
}

impl Tree for V1 {
    fn powers(&self) -> Powers {
        Powers {
            memory: self.has("memory"),
            cpu: self.has("cpu"),
            pids: self.has("pids"),
            freezer: self.has("freezer"),
            reclaim: self.group("memory", RECLAIM).is_some_and(|file| file.exists()),
        }
    }

    fn roots(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|(_, folder)| folder.clone()).collect()
    }

    fn create(&self, name: &str, limits: &Limits) -> io::Result<()> {
        for (_, folder) in &self.folders {
            let group = folder.join(name);
            make_group(&group)?;
        }
        self.limit(name, limits)
    }

    fn limit(&self, name: &str, limits: &Limits) -> io::Result<()> {
        for (controller, folder) in &self.folders {
            let group = folder.join(name);
            match *controller {
                "memory" => self.limit_memory(&group, limits)?,
                "cpu" => self.limit_cpu(&group, limits)?,
                "pids" => self.files.write(&group.join("pids.max"), limits.pids)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn hasten(&self, name: &str) -> io::Result<()> {
        let Some(group) = self.group("cpu", name) else { return Ok(()) };
        let has_quota = self.files.made_up || group.join(QUOTA).exists();
        let quota = has_quota.then(|| "-1".to_owned());
        self.set_pace(name, &Pace { share: SHARES_OF_THE_DYING.to_string(), quota })
    }

    fn pace(&self, name: &str) -> io::Result<Pace> {
        let Some(group) = self.group("cpu", name) else { return Ok(Pace::default()) };
        let share = std::fs::read_to_string(group.join(SHARES))?.trim().to_owned();
        let quota = std::fs::read_to_string(group.join(QUOTA)).ok().map(|quota| quota.trim().to_owned());
        Ok(Pace { share, quota })
    }

    fn set_pace(&self, name: &str, pace: &Pace) -> io::Result<()> {
        let Some(group) = self.group("cpu", name) else { return Ok(()) };
        self.files.write(&group.join(SHARES), &pace.share)?;
        pace.quota.iter().try_for_each(|quota| self.files.write(&group.join(QUOTA), quota))
    }

    fn enter(&self, name: &str) -> io::Result<()> {
        // "0" is the writer itself, in whatever pid namespace it is.
        self.folders
            .iter()
            .try_for_each(|(_, folder)| self.files.write(&folder.join(name).join("cgroup.procs"), 0))
    }

    fn charged(&self, name: &str) -> u64 {
        let group = self.group("memory", name);
        group.and_then(|group| self.files.number(&group.join("memory.usage_in_bytes"))).unwrap_or(0)
    }

    fn usage(&self, name: &str) -> io::Result<Usage> {
        let mut usage = Usage::default();
        if let Some(group) = self.group("memory", name) {
            let stat = std::fs::read_to_string(group.join("memory.stat"))?;
            let inactive = value_of(&stat, "total_inactive_file").unwrap_or(0);
            let cache = inactive + value_of(&stat, "total_active_file").unwrap_or(0);
            let now = self.files.number(&group.join("memory.usage_in_bytes")).unwrap_or(0);
            let mark = self.files.number(&group.join("memory.max_usage_in_bytes")).unwrap_or(0);
            usage.memory_bytes = now.saturating_sub(inactive);
            usage.memory_peak_bytes = mark.saturating_sub(cache).max(usage.memory_bytes);
        }
        if let Some(group) = self.group("cpuacct", name) {
            usage.cpu_us = self.files.number(&group.join("cpuacct.usage")).unwrap_or(0) / 1_000;
        }
        if let Some(group) = self.group("pids", name) {
            let tasks = self.files.number(&group.join("pids.current")).unwrap_or(0);
            usage.tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        }
        usage.out_of_memory_kills = self.out_of_memory_kills(name);
        Ok(usage)
    }

    fn out_of_memory_kills(&self, name: &str) -> u64 {
        let group = self.group("memory", name);
        group.and_then(|group| self.files.keyed(&group.join("memory.oom_control"), "oom_kill")).unwrap_or(0)
    }

    fn freeze(&self, name: &str) -> io::Result<()> {
        self.state(name, "FROZEN")
    }

    fn thaw(&self, name: &str) -> io::Result<()> {
        if self.has("freezer") { self.state(name, "THAWED") } else { Ok(()) }
    }

    fn is_frozen(&self, name: &str) -> io::Result<bool> {
        let group = self.group("freezer", name).ok_or(io::ErrorKind::Unsupported)?;
        Ok(std::fs::read_to_string(group.join("freezer.state"))?.trim() == "FROZEN")
    }

    fn reclaim(&self, name: &str) -> io::Result<Job> {
        let group = self.group("memory", name).ok_or(io::ErrorKind::Unsupported)?;
        let usage = group.join("memory.usage_in_bytes");
        Ok(Job::Reclaim { file: group.join(RECLAIM), text: "0".to_owned(), usage })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folders.iter().try_for_each(|(_, folder)| remove_group(&folder.join(name), self.files))
    }

    fn files(&self) -> Files {
        self.files
    }
}
