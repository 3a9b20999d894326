//! The `process` sandbox: environments made of namespaces, control groups, filters and a root of their own.
//!
//! ```text
//!  server (no capability)          spawner (the only one with privilege)         init of each environment (nobody)
//!  launch ─ fork, exec ──────────▶ lock, sweep, survey ─ Ready
//!  drop_privileges                 loop ─ fork ────────────────────────────────▶ walls ─ Booted ─ supervise
//!  tokio, ProcessSandbox::new ◀──▶ protocol ◀──────────────────────────────────▶ protocol
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `client` | the traits, for the server |
//! | `protocol` | messages and their channel |
//! | `spawner` | the loop that keeps the books |
//! | `hand` | slow work of the host beside the loop: file systems made ahead, memory given back |
//! | `init` | builds the walls of one environment around itself, then starts and reaps |
//! | `namespaces`, `rootfs`, `tmp`, `seccomp`, `landlock` | one wall each |
//! | `cgroup`, `cgroup_v1`, `cgroup_v2`, `watch` | limits and counters |
//! | `sweep`, `uids` | what must be gone, or not shared, after and beside other runs |
//! | `fault` | for tests: the spawner's death between any two steps |
//! | `probe` | what this host can do, for `doctor` |
//!
//! Order in `main`: [`spawner_entry_point`] first of all; then [`launch`]; then [`drop_privileges`]; then the tokio
//! runtime and [`ProcessSandbox::new`] in it.

mod client;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod probe;
mod protocol;
mod reader;
mod spawner;
mod sweep;
mod uids;

pub(crate) use client::MachineHandle;
pub use client::ProcessSandbox;
pub(crate) use probe::processor;
pub use probe::{CgroupVersion, HostReport, Kvm, kvm, probe, report};
pub(crate) use protocol::{Access, Given, MachineWire, MonitorWire, Tap};
pub use protocol::{FirecrackerPrograms, Monitors};
#[doc(hidden)]
pub use walls::Fault;
use walls::{cgroup, fault, hand, init, landlock, namespaces, rootfs, seccomp, sys, tmp, watch};

use crate::{Capabilities, Sandbox};
use protocol::{
    CapabilitiesWire, Channel, FromSpawner, MESSAGE_BYTES_MAX, SpawnerConfig, ToSpawner, VERSION,
};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use world::World;

/// First word of the spawner's command line: tells the binary what it is, and `ps` too.
const SPAWNER_NAME: &str = "tinderbox-spawner";
/// The only argument of the egress process, which the spawner starts from the same binary.
const EGRESS_ARGUMENT: &str = "tinderbox-egress-process";
/// First user of the range for environments: far from people, system users and containers' sub-users.
pub const UID_BASE: u32 = 1_879_048_192;
/// No environment's hard processor cap is below this share of one vCPU, in percent.
pub const CPU_FLOOR_PERCENT: u32 = 50;
/// AWS's default of EphemeralStorage, and so the size of nearly every `/tmp`.
pub const TMP_READY_MB: u32 = 512;
/// So many empty file systems of that size wait, mounted on sparse files: a burst of cold starts finds one each, and an
/// idle server holds a few megabytes of disk and some hundred kilobytes of the kernel's memory for them.
pub const TMP_READY_MAX: u32 = 8;
/// Most environments of one server.
pub const ENVIRONMENTS_MAX: u32 = 4_096;

/// How the spawner is started and what it is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The binary whose `main` calls [`spawner_entry_point`] first; the running one by default.
    pub executable: PathBuf,
    /// The server's data folder; the spawner uses `sandbox/` in it.
    pub data: PathBuf,
    /// First user of the range for environments (root only).
    pub uid_base: u32,
    pub cpu_floor_percent: u32,
    pub environments_max: u32,
    /// Size of the file systems for `/tmp` that are made ahead of need, MB.
    pub tmp_ready_mb: u32,
    /// How many of them wait at most; 0: every boot makes its own.
    pub tmp_ready_max: u32,
    /// What machines may be made with. None by default.
    pub monitors: Monitors,
    /// For tests of what is left: where the spawner is to die.
    #[doc(hidden)]
    pub fault: Option<Fault>,
}

impl Config {
    /// Defaults, in this data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            executable: PathBuf::from("/proc/self/exe"),
            data: data.into(),
            uid_base: UID_BASE,
            cpu_floor_percent: CPU_FLOOR_PERCENT,
            environments_max: ENVIRONMENTS_MAX,
            tmp_ready_mb: TMP_READY_MB,
            tmp_ready_max: TMP_READY_MAX,
            monitors: Monitors::default(),
            fault: None,
        }
    }
}

/// A launched spawner that has said what it can do.
#[derive(Debug)]
pub struct SpawnerHandle {
    channel: Channel,
    child: Child,
    capabilities: CapabilitiesWire,
}

impl SpawnerHandle {
    /// What the spawner can do here.
    pub fn capabilities(&self) -> Capabilities {
        client::capabilities_of(self.capabilities.clone())
    }

    /// The spawner's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Why there is no spawner.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The binary could not be started or spoken to.
    #[error("the spawner could not be started: {0}")]
    Start(String),
    /// The spawner looked at the host and can not work here; says what to do.
    #[error("the process sandbox can not work here: {0}")]
    Refused(String),
}

/// If this process was started as a spawner or as its egress process: is one, and never returns. To be called first of
/// all in `main`, while there is one thread and nothing is open.
pub fn spawner_entry_point() {
    let mut arguments = std::env::args();
    if arguments.next().as_deref() != Some(SPAWNER_NAME) {
        if arguments.next().as_deref() == Some(EGRESS_ARGUMENT) {
            match rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3) {
                Ok(control) => crate::egress::main(control),
                Err(_) => sys::exit_now(2),
            }
        }
        return;
    }
    let code = match arguments.next().and_then(|number| number.parse().ok()).map(protocol::inherited) {
        Some(Ok(socket)) => spawner::main(Channel::from_fd(socket)),
        _ => 2,
    };
    sys::exit_now(code)
}

/// Starts the spawner and waits until it is ready. Before [`drop_privileges`] and before any runtime.
pub fn launch(config: &Config) -> Result<SpawnerHandle, LaunchError> {
    let start = |error: io::Error| LaunchError::Start(error.to_string());
    sys::raise_open_files();
    std::fs::create_dir_all(&config.data).map_err(start)?;
    let data = std::fs::canonicalize(&config.data).map_err(start)?;
    let mut random = [0; 16];
    rustix_random(&mut random).map_err(start)?;
    let run = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (ours, theirs) = Channel::pair().map_err(start)?;
    let number = theirs.as_raw_fd();
    let mut command = Command::new(&config.executable);
    command.arg0(SPAWNER_NAME).arg(number.to_string()).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: between fork and exec only system calls are made; the descriptor is open in the child as here.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            if libc::fcntl(number, libc::F_SETFD, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(start)?;
    drop(theirs);
    let config = SpawnerConfig {
        data,
        uid_base: config.uid_base,
        cpu_floor_percent: config.cpu_floor_percent,
        environments_max: config.environments_max,
        run,
        tmp_ready_mb: config.tmp_ready_mb,
        tmp_ready_max: config.tmp_ready_max,
        monitors: config.monitors.clone(),
        fault: config.fault,
    };
    match introduce(&ours, config) {
        Ok(capabilities) => Ok(SpawnerHandle { channel: ours, child, capabilities }),
        Err(error) => {
            drop(ours);
            // It ends by itself when the channel does.
            drop(child.wait());
            Err(error)
        }
    }
}

fn introduce(channel: &Channel, config: SpawnerConfig) -> Result<CapabilitiesWire, LaunchError> {
    let start = |error: io::Error| LaunchError::Start(error.to_string());
    channel.send(&ToSpawner::Hello { version: VERSION, config }, &[]).map_err(start)?;
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    match channel.receive_waiting::<FromSpawner>(&mut buffer).map_err(start)? {
        Some((FromSpawner::Ready(capabilities), _)) => Ok(*capabilities),
        Some((FromSpawner::Refused(reason), _)) => Err(LaunchError::Refused(reason)),
        Some(_) => Err(LaunchError::Start("it spoke out of turn".to_owned())),
        None => Err(LaunchError::Start("it ended at once".to_owned())),
    }
}

/// A run's name must not repeat; this is before there is a `World`.
fn rustix_random(bytes: &mut [u8]) -> io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(bytes)
}

/// Gives up every capability of this process, for good, and everything it could gain by running another program.
/// User 0 stays user 0, for it owns the data folder. After [`launch`], before any other thread exists.
pub fn drop_privileges() -> io::Result<()> {
    sys::drop_capabilities_of_anyone()
}

/// [`launch`] and [`ProcessSandbox::new`] in one, for those that have nothing to drop in between.
pub async fn start(world: &World, config: Config) -> Result<Arc<dyn Sandbox>, LaunchError> {
    let launched = world.blocking("sandbox-launch", move || launch(&config)).await;
    let handle = launched.unwrap_or_else(|| Err(LaunchError::Start("panic".to_owned())))?;
    let sandbox = ProcessSandbox::new(handle, world.clone());
    Ok(sandbox.map_err(|error| LaunchError::Start(error.to_string()))?)
}
