//! The walls around one environment.
//!
//! A backend (`process` now; `qemu` and `firecracker` later) makes environments: empty rooms with walls. What
//! runs inside is started afterwards, so that a booted room can wait in a pool, and a microVM can be restored
//! from a snapshot instead. The `worker` sees these traits only; `conformance` is the suite that every backend
//! runs.

pub mod conformance;
pub mod egress;
pub mod microvm;
pub mod process;

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use types::EnvironmentId;

/// Makes environments of one kind.
#[async_trait]
pub trait Sandbox: Send + Sync + 'static {
    /// `process`, `qemu` or `firecracker`, as `--sandbox` and `doctor` name it.
    fn kind(&self) -> &'static str;
    /// What this backend can do on this host, each missing wall with its reason.
    fn capabilities(&self) -> Capabilities;
    /// Makes the walls of one environment; nothing runs in it yet. Everything made is undone if this fails
    /// or if the future is dropped.
    async fn boot(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError>;
    /// As [`Sandbox::boot`], of a room that will be written down while it waits for a function: `/tmp` and what a function
    /// needs beside come with [`Environment::bind`], in its copies. Where `capabilities().snapshot` is false, like `boot`.
    async fn boot_waiting(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        self.boot(spec).await
    }
    /// A place for a room, and nothing of the room: what all rooms of this memory begin with, to be written down and copied.
    /// `spec`'s folders and `/tmp` are not made; nothing can be started in it. Its copies are rooms as [`Sandbox::boot`] makes
    /// them: [`Sandbox::restore`] takes any mounts and any `/tmp` for it, and there is nothing to adopt or to bind.
    /// `Unsupported` where `capabilities().snapshot` is false.
    async fn boot_bare(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        drop(spec);
        Err(BootError::Unsupported("boot of a bare machine"))
    }
    /// Makes walls around what a snapshot holds; when it answers, everything inside stands still as at
    /// [`Environment::snapshot`], and [`Environment::resume`] lets it go on. Of `spec`, what the snapshot fixed (mounts by
    /// place, sizes) must be the same: else an error, and nothing is left, as with [`Sandbox::boot`]. One snapshot makes
    /// any number of environments; what must differ between them is told to the processes inside, not here.
    /// Of a room that waited, `spec` may have more mounts at its end and any `/tmp`: they appear with `bind`, which names
    /// these very mounts, after `resume`.
    /// `Unsupported` where `capabilities().snapshot` is false.
    async fn restore(&self, spec: BootSpec, from: Snapshot) -> Result<Arc<dyn Environment>, BootError> {
        drop((spec, from));
        Err(BootError::Unsupported("restore"))
    }
    /// Ends every environment and what makes them. Idempotent.
    async fn shutdown(&self);
}

/// One environment: the walls and what runs in them. `stop` must be called; a dropped one is stopped by its backend.
#[async_trait]
pub trait Environment: Send + Sync + 'static {
    /// Starts a process inside: the runtime first, extensions beside it.
    async fn start(&self, process: ProcessSpec) -> Result<Process, BootError>;
    /// The next connection that came through this door from inside. Bounded: past the backlog the kernel makes clients
    /// wait.
    async fn accept(&self, door: Door) -> std::io::Result<Box<dyn Connection>>;
    /// The `nth` process that was started before the snapshot from which this environment was restored, with pipes of its
    /// own: what it writes from now on comes out of them. Of a restored environment, once for each, before `resume`.
    /// `Unsupported` where `capabilities().snapshot` is false; `Gone` if it had ended by then.
    async fn adopt(&self, nth: usize) -> Result<Process, BootError> {
        let _ = nth;
        Err(BootError::Unsupported("restore"))
    }
    /// Gives a room that waited without a function what it lacks: folders and limits. Before user code runs in it.
    /// `Unsupported` where `capabilities().bind` is false and this is no copy of a room that waited.
    async fn bind(&self, binding: Binding) -> Result<(), BootError>;
    /// What making it took its time for, in order, on the world's clock; empty where nobody looked.
    fn steps(&self) -> Vec<Step> {
        Vec::new()
    }
    /// Memory and processor time so far.
    async fn stats(&self) -> Result<Stats, BootError>;
    /// Stops every task inside where it stands (AWS's freeze); answers when all stand still. What comes through the
    /// doors or goes into pipes waits. Idempotent, and [`Environment::stop`] works as ever. Costs a fraction of a
    /// millisecond to a few.
    /// `Unsupported` where `capabilities().pause` is false; any other error: the environment runs on.
    async fn pause(&self) -> Result<(), BootError>;
    /// Lets them go on (the thaw); when it answers, they run. Of one that is not paused: nothing.
    async fn resume(&self) -> Result<(), BootError>;
    /// Has the host take back memory that the environment does not need as it stands (file cache and the like; what is
    /// swapped out is the host's business), best while paused. Answers how many bytes less it holds, bounded in time:
    /// an error says that it took too long or too many wait, and changes nothing. What is needed again is read again:
    /// for environments that stay idle. `Unsupported` where `capabilities().reclaim` is false.
    async fn reclaim(&self) -> Result<u64, BootError> {
        Err(BootError::Unsupported("reclaim"))
    }
    /// Writes down everything inside as it stands, into `into`: an empty folder of the caller's, who owns what is in it
    /// afterwards, also after an error. Of a paused environment, which stays paused; its connections do not survive in the
    /// copy. `Unsupported` where `capabilities().snapshot` is false.
    async fn snapshot(&self, into: PathBuf) -> Result<Snapshot, BootError> {
        drop(into);
        Err(BootError::Unsupported("snapshot"))
    }
    /// Kills everything inside and removes everything made for it. Idempotent, also after `pause`.
    async fn stop(&self);
}

/// What [`Environment::snapshot`] wrote: only a backend of the same kind and version on the same processor can restore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The folder with its files; theirs is the backend's business.
    pub folder: PathBuf,
    /// The file in it that is the memory, to be kept in chunks and mapped privately.
    pub memory: PathBuf,
}

/// A part of making an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub from: world::Instant,
    pub to: world::Instant,
}

/// Both ways of a stream that crosses the wall.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Connection for T {}

/// A listening address inside the environment whose connections the worker accepts outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `AWS_LAMBDA_RUNTIME_API`: [`RUNTIME_API_ADDRESS`] inside.
    RuntimeApi,
    /// `AWS_ENDPOINT_URL_LAMBDA`: [`LAMBDA_API_ADDRESS`] inside.
    LambdaApi,
}

pub use walls::{BIND_FD_VARIABLE, LAMBDA_API_ADDRESS, RUNTIME_API_ADDRESS};

/// What the walls are made from.
#[derive(Clone, Debug)]
pub struct BootSpec {
    /// For people and logs: a room's own, no key of anything. One that waited in a pool keeps the id it was made with,
    /// which is not that of the environment it later becomes.
    pub id: EnvironmentId,
    /// Memory of everything inside but `/tmp`, MB; also sets the processor share (1,769 MB = 1 vCPU).
    pub memory_mb: u32,
    /// Size of `/tmp`, MB.
    pub ephemeral_storage_mb: u32,
    /// Folders of the host shown read-only inside (`/var/task`, `/opt`, `/var/runtime`, an interpreter's installation).
    pub mounts: Vec<ReadOnlyMount>,
    pub egress: Egress,
    /// Host endpoints opened as `host.tinderbox.internal:PORT`.
    pub allow_hosts: Vec<SocketAddr>,
}

/// What a waiting room lacks.
#[derive(Clone, Debug)]
pub struct Binding {
    /// As in [`BootSpec`].
    pub memory_mb: u32,
    /// Further folders, at places that exist inside (`/var/task`, `/opt`).
    pub mounts: Vec<ReadOnlyMount>,
}

/// `host` on the host appears at `inside`, read-only, nosuid, nodev.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadOnlyMount {
    pub host: PathBuf,
    pub inside: PathBuf,
}

/// What an environment reaches beyond its own loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Egress {
    /// Other machines, by address translation; never the host, neighbours or metadata addresses.
    #[default]
    Nat,
    /// Nothing.
    None,
}

/// A process to start inside, as the unprivileged user, in `/var/task` unless said otherwise.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    /// Absolute path inside.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    pub working_directory: PathBuf,
    /// Adds the telemetry pipe as a file descriptor named by `_LAMBDA_TELEMETRY_LOG_FD`.
    pub telemetry: bool,
    /// Adds a pipe to read from, named by [`BIND_FD_VARIABLE`]: a process that is started before there is a function
    /// waits there to be told what it is.
    pub bind: bool,
}

/// A process that was started.
pub struct Process {
    /// Lines that it writes. Each stream ends when every holder inside has closed it.
    pub stdout: Box<dyn AsyncRead + Send + Unpin>,
    pub stderr: Box<dyn AsyncRead + Send + Unpin>,
    /// Frames written to `_LAMBDA_TELEMETRY_LOG_FD`, if asked for.
    pub telemetry: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// The other end of what it waits at, if asked for.
    pub bind: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Completes once with how it ended.
    pub exited: tokio::sync::oneshot::Receiver<Exit>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    pub status: ExitStatus,
    /// The environment ran out of its memory and the kernel (or the watcher) killed something in it.
    pub out_of_memory: bool,
}

/// The wait status, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// `exit(code)`.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// Use so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// Now, bytes; page cache that can be dropped is not counted.
    pub memory_bytes: u64,
    /// The most since boot, bytes.
    pub memory_peak_bytes: u64,
    /// Processor time of everything inside, microseconds.
    pub cpu_us: u64,
    /// Live processes and threads.
    pub tasks: u32,
    /// Times the memory limit killed something.
    pub out_of_memory_kills: u64,
}

/// What a backend can do on this host.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Capabilities {
    pub pause: bool,
    pub bind: bool,
    /// Idle memory can be given back.
    pub reclaim: bool,
    pub snapshot: bool,
    pub egress_nat: bool,
    /// The kernel enforces the memory limit (else a watcher of resident memory does).
    pub memory_limit: bool,
    pub cpu_share: bool,
    pub pids_limit: bool,
    pub sized_tmp: bool,
    pub landlock: bool,
    pub seccomp: bool,
    /// One sentence for each wall that is missing here and what would bring it.
    pub missing: Vec<String>,
}

/// Why a room could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The backend can not do this; see `capabilities()`.
    #[error("{0} is not supported by this sandbox")]
    Unsupported(&'static str),
    /// The program is not there, not executable or of another format: `errno` of exec.
    #[error("exec {program}: errno {errno}")]
    Exec { program: String, errno: i32 },
    /// The host refused a step; `step` says which, for the operator's log.
    #[error("{step}: {reason}")]
    Host { step: &'static str, reason: String },
    /// The environment, the spawner or the VMM is gone.
    #[error("the environment is gone")]
    Gone,
}
