//! Workers as processes of this machine, started by a command line. They outlive who started them: what runs is written down
//! in a folder, where the next placement leader of this machine finds it, and ends it when it is to end.
//!
//! ```text
//! start ─► running (recorded: pid, start) ──[stop: SIGTERM to its group]──► ending ──[ended, or grace over: SIGKILL]──► gone
//!             └──────[it ended by itself, or was killed]──► found by the next `running` ───────────────────────────────►│
//!                                                                         gone: its data folder and its record are removed
//! ```
//! A leader that dies between a worker's start and its record leaves a worker that joins all the same, and that nobody but its
//! operator ends. Without heartbeats a worker fences itself when its lease ends, whoever started it.

use super::{FleetProvider, ProviderError, is_plain};
use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group, pidfd_open};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use types::{WorkerId, Zone};
use world::World;

#[derive(Clone, Debug)]
pub struct LocalProcessSettings {
    /// Program and arguments; `{worker}`, `{zone}` and `{data}` in them are replaced, the last by a folder of its own.
    pub command: Vec<String>,
    /// Of its environment, which is else this process's: set, or taken out. Here go secrets: a command line is everybody's.
    pub variables: Vec<(String, Option<String>)>,
    /// Records and data folders: the same for every placement node of this machine.
    pub folder: PathBuf,
    pub zones: Vec<Zone>,
    /// One machine has room for few.
    pub workers_max: usize,
    /// From SIGTERM to SIGKILL: a worker drains in this time.
    pub grace: Duration,
}

/// Between two looks whether a worker that was told to end has.
const LOOK: Duration = Duration::from_millis(20);
/// From SIGKILL to gone: the kernel takes a moment.
const KILLED_MAX: Duration = Duration::from_secs(10);
/// What a record's name ends in.
const RECORD: &str = "pid";

/// A process, whoever has its number later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: Pid,
    /// Its start, in the kernel's ticks since boot.
    started: u64,
}

impl Process {
    /// The one of this number, if it has not ended.
    fn of(pid: Pid) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        // After its name, which may hold anything: state, and 19 numbers on its start (proc_pid_stat(5)).
        let mut words = stat.rsplit_once(')')?.1.split_whitespace();
        let ended = matches!(words.next()?, "Z" | "X");
        let started = words.nth(18)?.parse().ok()?;
        (!ended).then_some(Self { pid, started })
    }

    fn read(text: &str) -> Option<Self> {
        let (pid, started) = text.trim().split_once(' ')?;
        Some(Self { pid: Pid::from_raw(pid.parse().ok()?)?, started: started.parse().ok()? })
    }

    fn lives(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// To all of its group, if it is still the same.
    fn signal(self, signal: Signal) {
        // While this is held, the number of a process that is there now does not become another's.
        let Ok(_held) = pidfd_open(self.pid, rustix::process::PidfdFlags::empty()) else { return };
        if self.lives() {
            let _ = kill_process_group(self.pid, signal); // an error: it has ended meanwhile
        }
    }
}

pub struct LocalProcess {
    world: World,
    settings: LocalProcessSettings,
    /// Starts one after the other: they are counted.
    starting: Arc<Mutex<()>>,
}

impl LocalProcess {
    pub fn new(world: World, settings: LocalProcessSettings) -> Self {
        Self { world, settings, starting: Arc::default() }
    }

    /// Ends every worker, each with its grace.
    pub async fn close(&self) -> Result<(), ProviderError> {
        let running = self.running().await?;
        let each = running.iter().map(|worker| self.stop(worker));
        futures_util::future::join_all(each).await.into_iter().collect()
    }

    fn record(&self, worker: &WorkerId) -> PathBuf {
        self.settings.folder.join(format!("{worker}.{RECORD}"))
    }

    fn data(&self, worker: &WorkerId) -> PathBuf {
        self.settings.folder.join(worker.as_str())
    }

    fn failed(&self, what: impl std::fmt::Display) -> ProviderError {
        let program = self.settings.command.first().cloned().unwrap_or_default();
        ProviderError::NotStarted { program, reason: what.to_string() }
    }

    fn recorded(&self, worker: &WorkerId) -> Option<Process> {
        Process::read(&std::fs::read_to_string(self.record(worker)).ok()?)
    }

    /// Those that live, each with its process; what is left of others is removed.
    fn look(&self) -> Result<Vec<(WorkerId, Process)>, ProviderError> {
        let entries = match std::fs::read_dir(&self.settings.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.failed(error))?,
        };
        let mut living = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| self.failed(error))?.file_name();
            let worker = name.to_str().and_then(|name| name.strip_suffix(RECORD)?.strip_suffix('.'));
            let Some(worker) = worker.filter(|worker| is_plain(worker)).map(WorkerId::new) else { continue };
            match self.recorded(&worker).filter(|process| process.lives()) {
                Some(process) => living.push((worker, process)),
                None => self.forget(&worker),
            }
        }
        living.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(living)
    }

    /// Its folder first: what has a record is looked for again.
    fn forget(&self, worker: &WorkerId) {
        let removed = match std::fs::remove_dir_all(self.data(worker)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => std::fs::remove_file(self.record(worker)),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%worker, %error, "what is left of a worker could not be removed yet");
            }
            _ => {}
        }
    }

    fn spawn(&self, worker: &WorkerId, zone: &Zone) -> Result<(), ProviderError> {
        let _one_by_one = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let [program, arguments @ ..] = self.settings.command.as_slice() else {
            return Err(ProviderError::Unable);
        };
        if !is_plain(worker.as_str()) || !is_plain(zone.as_str()) {
            return Err(self.failed(format!("{worker:?} in {zone:?} is no name")));
        }
        let living = self.look()?;
        if living.iter().any(|(living, _)| living == worker) {
            return Ok(());
        }
        if living.len() >= self.settings.workers_max {
            return Err(ProviderError::Full { workers_max: self.settings.workers_max });
        }
        let data = self.data(worker);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.settings.folder);
        made.map_err(|error| self.failed(error))?;
        let fill = |text: &String| {
            let text = text.replace("{worker}", worker.as_str()).replace("{zone}", zone.as_str());
            text.replace("{data}", &data.to_string_lossy())
        };
        let mut command = tokio::process::Command::new(fill(program));
        command.args(arguments.iter().map(fill)).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        for (name, value) in &self.settings.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Not ours to wait for: the runtime reaps it when it has ended.
        let child = command.spawn().map_err(|error| self.failed(error))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let Some(process) = pid.and_then(Process::of) else {
            return Err(self.failed("it ended at once"));
        };
        let record = self.record(worker);
        let beside = record.with_extension("new");
        let text = format!("{} {}\n", process.pid.as_raw_nonzero(), process.started);
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &record));
        written.map_err(|error| {
            process.signal(Signal::KILL);
            self.failed(error)
        })
    }

    async fn gone(&self, process: Process, limit: Duration) -> bool {
        let ended = async {
            while process.lives() {
                self.world.clock.sleep(LOOK).await;
            }
        };
        self.world.timeout(limit, ended).await.is_some()
    }
}

#[async_trait]
impl FleetProvider for LocalProcess {
    fn zones(&self) -> Vec<Zone> {
        self.settings.zones.clone()
    }

    async fn start(&self, worker: &WorkerId, zone: &Zone) -> Result<(), ProviderError> {
        self.spawn(worker, zone)
    }

    async fn stop(&self, worker: &WorkerId) -> Result<(), ProviderError> {
        if !is_plain(worker.as_str()) {
            return Ok(()); // none is called so
        }
        let Some(process) = self.recorded(worker) else { return Ok(()) };
        process.signal(Signal::TERM);
        if !self.gone(process, self.settings.grace).await {
            tracing::warn!(%worker, "a worker did not end in time and is killed");
        }
        process.signal(Signal::KILL);
        if !self.gone(process, KILLED_MAX).await {
            let program = self.settings.command.first().cloned().unwrap_or_default();
            return Err(ProviderError::TooLong { program, seconds: KILLED_MAX.as_secs() });
        }
        self.forget(worker);
        Ok(())
    }

    async fn running(&self) -> Result<Vec<WorkerId>, ProviderError> {
        Ok(self.look()?.into_iter().map(|(worker, _)| worker).collect())
    }
}
