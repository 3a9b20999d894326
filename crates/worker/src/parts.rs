//! What a worker is made of, and its numbers.

use crate::{layers, pool, snapshots, snapstart};
use async_trait::async_trait;
use fabric::api::Api;
use fabric::assignment::Assignment;
use fabric::control::{BootPlan, Control};
use fabric::telemetry::Telemetry;
use sandbox::{Egress, ReadOnlyMount, Sandbox};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use types::WorkerId;
use world::World;

/// Everything that a worker is given.
#[derive(Clone)]
pub struct WorkerParts {
    pub world: World,
    pub sandbox: Arc<dyn Sandbox>,
    pub control: Arc<dyn Control>,
    pub assignment: Arc<dyn Assignment>,
    pub telemetry: Arc<dyn Telemetry>,
    pub api: Arc<dyn Api>,
    pub runtimes: Arc<dyn Runtimes>,
    pub settings: Settings,
}

/// Numbers and places. `Settings::new` has the defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    pub worker: WorkerId,
    /// The data folder; unpacked code is in `code/` below it.
    pub data: PathBuf,
    /// Unpacked code that is kept, bytes; what is in use stays whatever its size.
    pub code_cache_bytes_max: u64,
    /// Environments of this worker at once; one more is refused as `Full`.
    pub environments_max: usize,
    pub egress: Egress,
    /// Host endpoints that every environment may reach.
    pub allow_hosts: Vec<SocketAddr>,
    /// The operator's own variables: added to every environment, shown in no API, overriding nothing.
    pub extra_variables: BTreeMap<String, String>,
    /// Connections at once to one environment's doors; more wait in the kernel's backlog.
    pub connections_max: u32,
    /// Of the init phase before the invocation.
    pub init_timeout: Duration,
    /// Of a version with SnapStart, or its timeout if that is longer.
    pub snap_start_init_timeout: Duration,
    /// Of a restore with its hooks.
    pub restore_timeout: Duration,
    /// How long an environment that is up waits for the invocation it was made for before it calls itself idle.
    pub first_invocation_wait: Duration,
    /// An idle environment whose runtime has asked for its next event stands still after so long; `None`: never.
    pub freeze_after: Option<Duration>,
    /// One that stood still for so long gives idle memory back.
    pub reclaim_after: Duration,
    /// Environments that are made at once; the others wait their turn.
    pub starts_max: usize,
    /// How long one may wait for its turn.
    pub start_wait_max: Duration,
    /// Rooms that wait for a function.
    pub pool: pool::Settings,
    /// Rooms that wait for a function and were written down, where the sandbox can.
    pub layers: layers::Settings,
    /// Environments that wait, initialised, for an invocation.
    pub snap_start: snapstart::Settings,
    pub snapshots: Snapshots,
    /// Versions that were written down after init, where the sandbox can.
    pub snapshot_store: snapshots::Settings,
}

impl Settings {
    pub fn new(worker: WorkerId, data: PathBuf) -> Self {
        Self {
            worker,
            data,
            code_cache_bytes_max: 4 << 30,
            environments_max: 1_000,
            egress: Egress::default(),
            allow_hosts: Vec::new(),
            extra_variables: BTreeMap::new(),
            connections_max: 64,
            init_timeout: types::limits::INIT_TIMEOUT,
            snap_start_init_timeout: types::limits::SNAP_START_INIT_TIMEOUT,
            restore_timeout: types::limits::RESTORE_TIMEOUT,
            first_invocation_wait: Duration::from_secs(5),
            // A freeze and a thaw cost a fraction of a millisecond each: not between invocations that follow at once.
            freeze_after: Some(Duration::from_millis(50)),
            reclaim_after: Duration::from_secs(60),
            // Making one is system calls and waiting for them: some for each processor keep all of them busy.
            starts_max: 8 * std::thread::available_parallelism().map_or(2, usize::from),
            start_wait_max: Duration::from_secs(10),
            pool: pool::Settings::default(),
            layers: layers::Settings::default(),
            snap_start: snapstart::Settings::default(),
            snapshots: Snapshots::default(),
            snapshot_store: snapshots::Settings::default(),
        }
    }

    /// For environments that start this many times slower than on hardware: machines that are executed in software.
    /// What AWS's limits leave room for there must have room here too, or nothing of it could be tested.
    #[must_use]
    pub fn slowed(mut self, factor: u32) -> Self {
        let limits = [
            &mut self.init_timeout,
            &mut self.snap_start_init_timeout,
            &mut self.restore_timeout,
            &mut self.first_invocation_wait,
            &mut self.start_wait_max,
        ];
        for limit in limits {
            *limit = limit.saturating_mul(factor);
        }
        self
    }
}

/// Which published versions begin after init.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snapshots {
    /// Those that ask for it.
    #[default]
    SnapStart,
    /// All, unasked; only with a sandbox that takes snapshots, which the binary sees to.
    EveryVersion,
}

/// Which program serves a function.
#[async_trait]
pub trait Runtimes: Send + Sync + 'static {
    /// How to start the runtime of this version, its unpacked code at `code` on the host. No IO but looking at files;
    /// may wait, bounded, for an interpreter that is still being found.
    async fn launch(&self, plan: &BootPlan, code: &Path) -> Result<Launch, LaunchError>;
}

/// How a runtime is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Absolute paths inside.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The runtime's own variables (PATH, PYTHONPATH, …): a customer's of the same name win.
    pub variables: BTreeMap<String, String>,
    /// Beside `/var/task`, which is the worker's to show.
    pub mounts: Vec<ReadOnlyMount>,
    /// The program is a client of ours: it can be started before there is a function, and waits for one at
    /// [`sandbox::BIND_FD_VARIABLE`].
    pub ahead: bool,
    /// As INIT_START says it: `python:3.11.7`.
    pub runtime_version: String,
    /// Another version stands in for the one that was asked for: said in the function's own log.
    pub warning: Option<String>,
}

/// Why no program serves it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The package is to blame: answered as `Runtime.InvalidEntrypoint` with this message.
    #[error("{0}")]
    Entrypoint(String),
    /// This host can not.
    #[error("{0}")]
    Host(String),
}
