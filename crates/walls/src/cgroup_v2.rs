//! Control groups version 2: one hierarchy, controllers handed down from parent to child.
//!
//! A group with processes of its own can not hand controllers down (cgroups(7), "no internal processes"), so
//! the run's folder is made in the own group only if controllers were handed to its children already (a delegated
//! scope whose processes sit in a leaf, or the root group), else next to the top, which needs root.

use crate::cgroup::{
    CPU_PERIOD_US, Files, Limits, Mounted, Pace, Powers, Tree, Usage, WEIGHT_OF_THE_DYING, make_group,
    remove_group, value_of,
};
use crate::hand::Job;
use std::io;
use std::path::{Path, PathBuf};

const WANTED: [&str; 3] = ["memory", "cpu", "pids"];

/// Takes a number of bytes and is done when they are given back, or no more can be. [Linux 5.19, cgroup-v2.rst]
const RECLAIM: &str = "memory.reclaim";

pub struct V2 {
    folder: PathBuf,
    powers: Powers,
    files: Files,
}

impl V2 {
    /// Makes the run's folder where at least the memory controller can be handed to it.
    pub fn open(mounted: &Mounted, run_folder: &str) -> io::Result<Self> {
        Self::open_with(mounted, run_folder, Files::default())
    }

    pub fn open_with(mounted: &Mounted, run_folder: &str, files: Files) -> io::Result<Self> {
        let Some((top, own)) = &mounted.v2 else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no hierarchy is mounted"));
        };
        let mut last = None;
        for parent in candidates(top, own) {
            match Self::open_in(&parent, run_folder, files) {
                Ok(tree) => return Ok(tree),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn open_in(parent: &Path, run_folder: &str, files: Files) -> io::Result<Self> {
        let offered = std::fs::read_to_string(parent.join("cgroup.controllers"))?;
        let has = |name: &str| offered.split_whitespace().any(|this| this == name);
        if !has("memory") {
            return Err(io::Error::other(format!("{} offers no memory controller", parent.display())));
        }
        let ours: Vec<&str> = WANTED.into_iter().filter(|name| has(name)).collect();
        hand_down(parent, &ours, files)?;
        let folder = parent.join(run_folder);
        make_group(&folder)?;
        if let Err(error) = hand_down(&folder, &ours, files) {
            drop(remove_group(&folder, files));
            return Err(error);
        }
        let powers = Powers {
            memory: true,
            cpu: has("cpu"),
            pids: has("pids"),
            freezer: true,
            reclaim: folder.join(RECLAIM).exists(),
        };
        Ok(Self { folder, powers, files })
    }
}

/// The own group, its parent (a delegated scope whose processes were put in a leaf), the top.
pub fn candidates(top: &Path, own: &Path) -> Vec<PathBuf> {
    let mut all = vec![own.to_owned()];
    all.extend(own.parent().filter(|parent| parent.starts_with(top)).map(Path::to_owned));
    all.push(top.to_owned());
    all.dedup();
    all
}

/// Gives children of `group` these controllers; those that they have already need no write.
fn hand_down(group: &Path, controllers: &[&str], files: Files) -> io::Result<()> {
    let file = group.join("cgroup.subtree_control");
    let given = std::fs::read_to_string(&file).unwrap_or_default();
    let lacking: Vec<String> = controllers
        .iter()
        .filter(|name| !given.split_whitespace().any(|this| this == **name))
        .map(|name| format!("+{name}"))
        .collect();
    if lacking.is_empty() { Ok(()) } else { files.write(&file, lacking.join(" ")) }
}

impl Tree for V2 {
    fn powers(&self) -> Powers {
        self.powers
    }

    fn roots(&self) -> Vec<PathBuf> {
        vec![self.folder.clone()]
    }

    fn create(&self, name: &str, limits: &Limits) -> io::Result<()> {
        let group = self.folder.join(name);
        make_group(&group)?;
        self.limit(name, limits)
    }

    fn limit(&self, name: &str, limits: &Limits) -> io::Result<()> {
        let group = self.folder.join(name);
        self.files.write(&group.join("memory.max"), limits.memory_bytes)?;
        let swap = group.join("memory.swap.max");
        if self.files.made_up || swap.exists() {
            self.files.write(&swap, 0)?;
        }
        if self.powers.cpu {
            self.files.write(&group.join("cpu.max"), format_args!("{} {CPU_PERIOD_US}", limits.quota_us))?;
            self.files.write(&group.join("cpu.weight"), limits.weight)?;
        }
        if self.powers.pids {
            self.files.write(&group.join("pids.max"), limits.pids)?;
        }
        Ok(())
    }

    fn hasten(&self, name: &str) -> io::Result<()> {
        let quota = Some(format!("max {CPU_PERIOD_US}"));
        self.set_pace(name, &Pace { share: WEIGHT_OF_THE_DYING.to_string(), quota })
    }

    fn pace(&self, name: &str) -> io::Result<Pace> {
        if !self.powers.cpu {
            return Ok(Pace::default());
        }
        let read = |file: &str| std::fs::read_to_string(self.folder.join(name).join(file));
        let text = |text: String| text.trim().to_owned();
        Ok(Pace { share: read("cpu.weight").map(text)?, quota: read("cpu.max").map(text).ok() })
    }

    fn set_pace(&self, name: &str, pace: &Pace) -> io::Result<()> {
        if !self.powers.cpu {
            return Ok(());
        }
        let group = self.folder.join(name);
        pace.quota.iter().try_for_each(|quota| self.files.write(&group.join("cpu.max"), quota))?;
        self.files.write(&group.join("cpu.weight"), &pace.share)
    }

    fn enter(&self, name: &str) -> io::Result<()> {
        self.files.write(&self.folder.join(name).join("cgroup.procs"), 0)
    }

    fn charged(&self, name: &str) -> u64 {
        self.files.number(&self.folder.join(name).join("memory.current")).unwrap_or(0)
    }

    fn usage(&self, name: &str) -> io::Result<Usage> {
        let group = self.folder.join(name);
        let stat = std::fs::read_to_string(group.join("memory.stat"))?;
        let inactive = value_of(&stat, "inactive_file").unwrap_or(0);
        let cache = inactive + value_of(&stat, "active_file").unwrap_or(0);
        let now = self.files.number(&group.join("memory.current")).unwrap_or(0);
        // memory.peak came with Linux 5.19; before it only samples are known.
        let mark = self.files.number(&group.join("memory.peak")).unwrap_or(0);
        let memory_bytes = now.saturating_sub(inactive);
        let tasks = self.files.number(&group.join("pids.current")).unwrap_or(0);
        Ok(Usage {
            memory_bytes,
            memory_peak_bytes: mark.saturating_sub(cache).max(memory_bytes),
            cpu_us: self.files.keyed(&group.join("cpu.stat"), "usage_usec").unwrap_or(0),
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
            out_of_memory_kills: self.out_of_memory_kills(name),
        })
    }

    fn out_of_memory_kills(&self, name: &str) -> u64 {
        let events = self.folder.join(name).join("memory.events");
        self.files.keyed(&events, "oom_kill").unwrap_or(0)
    }

    fn freeze(&self, name: &str) -> io::Result<()> {
        self.files.write(&self.folder.join(name).join("cgroup.freeze"), 1)
    }

    fn thaw(&self, name: &str) -> io::Result<()> {
        self.files.write(&self.folder.join(name).join("cgroup.freeze"), 0)
    }

    fn is_frozen(&self, name: &str) -> io::Result<bool> {
        let events = self.folder.join(name).join("cgroup.events");
        Ok(self.files.keyed(&events, "frozen") == Some(1))
    }

    fn reclaim(&self, name: &str) -> io::Result<Job> {
        let group = self.folder.join(name);
        let usage = group.join("memory.current");
        // As much as there is: the kernel stops, with EAGAIN, where the group can not do without.
        let text = self.files.number(&usage).unwrap_or(0).to_string();
        Ok(Job::Reclaim { file: group.join(RECLAIM), text, usage })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        remove_group(&self.folder.join(name), self.files)
    }

    fn files(&self) -> Files {
        self.files
    }
}
