//! One machine as an environment.
//!
//! ```text
//!  running ──pause──▶ paused ──resume──▶ running
//!     │                 │ snapshot: runs until guest-init is quiet, then paused again, its state written
//!     │                 └──▶ paused, quiet ──resume──▶ running
//!     └──── stop, the guest breaks a rule, the monitor ends: everything of it is gone ────▶ gone
//! ```

use super::drives;
use super::link::{Link, LinkError};
use super::record::Record;
use super::vmm::Vmm;
use crate::{Binding, BootError, Connection, Door, Environment, Process, ProcessSpec, Snapshot, Stats, Step};
use async_trait::async_trait;
use guest_protocol::messages::Mount;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use world::{TaskHandle, World};

/// What is known of a machine beside its controls.
pub(super) struct Kept {
    /// What it is now, and what it is once it is bound.
    pub(super) record: Record,
    pub(super) bound: Record,
    /// What lies behind its `/tmp`.
    pub(super) tmp: Arc<File>,
    /// Of one that waits for a function.
    pub(super) later: Option<Later>,
    pub(super) steps: Vec<Step>,
}

/// What its slots hold already, and the guest has not looked at.
pub(super) struct Later {
    pub(super) mounts: Vec<Mount>,
    pub(super) tmp_mb: u32,
}

pub(super) struct MachineEnvironment {
    machine: Arc<Running>,
    record: Mutex<Record>,
    bound: Record,
    tmp: Arc<File>,
    later: Mutex<Option<Later>>,
    steps: Vec<Step>,
    world: World,
    /// One change of pace at a time.
    pace: tokio::sync::Mutex<Pace>,
    /// What lived in the snapshot and was not asked for yet.
    adopted: Mutex<BTreeMap<usize, Process>>,
    watch: TaskHandle,
}

pub(super) struct Running {
    pub(super) vmm: Arc<dyn Vmm>,
    pub(super) link: Link,
    /// As the launcher says.
    pub(super) reclaims: bool,
}

/// How it stands.
#[derive(Default)]
struct Pace {
    /// With the last figures from inside: a guest that stands still says none.
    paused: Option<Stats>,
    /// A pause was begun, and given up or refused: it may stand or run, so that `resume` has something to do.
    unsure: bool,
    /// guest-init waits to be told to go on.
    quiet: bool,
}

impl MachineEnvironment {
    pub(super) fn new(machine: Running, kept: Kept, world: &World) -> Self {
        let machine = Arc::new(machine);
        let watched = machine.clone();
        // A guest that breaks a rule, or whose init is gone, is of no use, and must not run on.
        let watch = world.spawn("machine watch", async move {
            let why = watched.link.ended().await;
            watched.vmm.end().await;
            let said = watched.vmm.ended().await;
            tracing::debug!(%why, said, "a machine ended");
        });
        Self {
            machine,
            record: Mutex::new(kept.record),
            bound: kept.bound,
            tmp: kept.tmp,
            later: Mutex::new(kept.later),
            steps: kept.steps,
            world: world.clone(),
            pace: tokio::sync::Mutex::default(),
            adopted: Mutex::default(),
            watch,
        }
    }

    /// What [`Environment::adopt`] will be asked for.
    pub(super) fn hold(&self, processes: Vec<(usize, Process)>) {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).extend(processes);
    }

    /// What came before all else.
    pub(super) fn began_with(&mut self, step: Step) {
        self.steps.insert(0, step);
    }

    /// From inside. Where there is no room there are none.
    async fn figures(&self) -> Result<Stats, BootError> {
        if self.record.lock().unwrap_or_else(PoisonError::into_inner).bare {
            return Ok(Stats::default());
        }
        Ok(self.machine.link.stats().await?)
    }

    /// Writes down a machine that stands still, with nothing on its way to or from it.
    async fn write_down(&self, into: PathBuf) -> Result<Snapshot, BootError> {
        let snapshot = self.machine.vmm.snapshot(&into).await?;
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A room that waits has none.
        let tmp = record.ephemeral_storage_mb.is_some().then(|| self.tmp.clone());
        // The record last: with it the snapshot is whole.
        let write = move || {
            tmp.map_or(Ok(()), |tmp| drives::write_tmp(&tmp, &into)).and_then(|()| record.write(&into))
        };
        let written = self.world.blocking("machine memory", write).await;
        let panicked = || BootError::Host { step: "snapshot", reason: "panic".to_owned() };
        written.unwrap_or_else(|| Err(panicked()))?;
        Ok(snapshot)
    }
}

impl Drop for MachineEnvironment {
    fn drop(&mut self) {
        // Whoever waits for its end keeps it alive.
        self.watch.abort();
        self.machine.link.kill();
    }
}

#[async_trait]
impl Environment for MachineEnvironment {
    async fn start(&self, process: ProcessSpec) -> Result<Process, BootError> {
        Ok(self.machine.link.start(process).await?)
    }

    async fn accept(&self, door: Door) -> io::Result<Box<dyn Connection>> {
        self.machine.link.accept(door).await.map_err(|error| match error {
            LinkError::Gone => io::Error::new(io::ErrorKind::NotConnected, "the environment is gone"),
            error => io::Error::other(error.to_string()),
        })
    }

    async fn adopt(&self, nth: usize) -> Result<Process, BootError> {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).remove(&nth).ok_or(BootError::Gone)
    }

    async fn bind(&self, binding: Binding) -> Result<(), BootError> {
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Later { mounts, tmp_mb } = later.ok_or(BootError::Unsupported("bind"))?;
        let shown = |mount: &Mount| binding.mounts.iter().any(|wanted| wanted.inside == mount.inside);
        if binding.mounts.len() != mounts.len() || !mounts.iter().all(shown) {
            let reason = "other folders than it was restored with".to_owned();
            return Err(BootError::Host { step: "bind", reason });
        }
        self.machine.link.bind(binding.memory_mb, Some(tmp_mb), mounts).await?;
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.bound);
        Ok(())
    }

    fn steps(&self) -> Vec<Step> {
        self.steps.clone()
    }

    async fn stats(&self) -> Result<Stats, BootError> {
        let last = self.pace.lock().await.paused;
        if self.machine.link.is_over() {
            return Err(BootError::Gone);
        }
        if let Some(last) = last {
            return Ok(last);
        }
        self.figures().await
    }

    async fn pause(&self) -> Result<(), BootError> {
        let mut pace = self.pace.lock().await;
        if pace.paused.is_some() {
            return Ok(());
        }
        let last = self.figures().await?;
        pace.unsure = true;
        self.machine.vmm.pause().await?;
        pace.paused = Some(last);
        pace.unsure = false;
        Ok(())
    }

    async fn resume(&self) -> Result<(), BootError> {
        let mut pace = self.pace.lock().await;
        if pace.paused.is_none() && !pace.unsure {
            return Ok(());
        }
        self.machine.vmm.resume().await?;
        pace.paused = None;
        pace.unsure = false;
        if std::mem::take(&mut pace.quiet) {
            self.machine.link.resume()?;
        }
        // Its clock may have stood as well: before whatever it hears next.
        self.machine.link.clock()?;
        Ok(())
    }

    /// What runs inside runs on while it is done, also if it was paused: only a guest that runs can say what it can do
    /// without.
    async fn reclaim(&self) -> Result<u64, BootError> {
        if !self.machine.reclaims {
            return Err(BootError::Unsupported("reclaim"));
        }
        let pace = self.pace.lock().await;
        let is_paused = pace.paused.is_some();
        if pace.quiet {
            return Ok(0);
        }
        if is_paused {
            self.machine.vmm.resume().await?;
        }
        let given = async {
            self.machine.link.shrink().await?;
            let used = self.figures().await?.memory_bytes;
            self.machine.vmm.reclaim(used).await
        };
        let given = given.await;
        if is_paused {
            self.machine.vmm.pause().await?;
        }
        given
    }

    async fn snapshot(&self, into: PathBuf) -> Result<Snapshot, BootError> {
        let mut pace = self.pace.lock().await;
        if pace.paused.is_none() {
            return Err(BootError::Host { step: "snapshot", reason: "it is not paused".to_owned() });
        }
        if !pace.quiet {
            // guest-init can say so only while it runs.
            self.machine.vmm.resume().await?;
            let quiet = self.machine.link.quiesce().await;
            self.machine.vmm.pause().await?;
            quiet?;
            pace.quiet = true;
        }
        self.write_down(into).await
    }

    async fn stop(&self) {
        self.machine.link.kill();
        self.machine.vmm.end().await;
    }
}
