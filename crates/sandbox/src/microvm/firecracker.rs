//! The `firecracker` monitor: machines made by Firecracker, each started by its own jailer.
//!
//! ```text
//!  server (no capability)              spawner's child (root, in the machine's namespaces and group)
//!  channel folder, files by descriptor ──▶ binds them under fixed names below /jail/firecracker/ID/root
//!                                          exec jailer ── chroot, devices, uid of this machine ──▶ exec firecracker
//!  api.sock: describe, start or load ◀───────────────────────────────────────────────────────────┘ its seccomp filters
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `api` | the conversation over the API socket |
//! | `words` | what is said in it |
//! | `channel` | the folder through which both meet; the guest's byte stream |
//! | `machine` | the controls of one machine |
//! | `jail` | its process, as the spawner makes it |
//! | `output` | the files that a snapshot is written into, on the server's side
//! | `metrics` | what Firecracker counts |

mod api;
mod channel;
mod jail;
mod machine;
mod metrics;
mod output;
#[doc(hidden)]
pub mod rehearsal;
mod words;

use super::vmm::console::plain;
use super::vmm::{Launcher, Machine, MachineSpec};
use crate::process::{self, Kvm, ProcessSandbox};
use crate::{BootError, Snapshot};
use api::Api;
use async_trait::async_trait;
use channel::{Channel, GuestStream};
use jail::{Jail, Plan, Shown};
use machine::{FirecrackerMachine, Standing};
use output::Output;
use rustix::fs::{FileType, Mode, OFlags};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::Mutex;
use world::World;

/// The series whose API, snapshots and metrics are known here.
const SERIES: &str = "1.16.";
/// From the spawner's word to an API socket that listens: a fork, a copy of 3 MB and two execs; the host may be busy.
const START_TIME: Duration = Duration::from_secs(20);
/// A snapshot's state is read and checked; its memory is mapped, not read.
const LOAD_TIME: Duration = Duration::from_secs(30);
/// From a closed socket to the end of the process behind it.
const END_TIME: Duration = Duration::from_secs(1);
/// A template larger than this would not fit into one question of Firecracker's API.
const TEMPLATE_BYTES_MAX: u64 = 48 * 1024;
/// As many as Firecracker takes.
const VCPUS_MAX: u32 = 32;
/// `--version` says one line.
const VERSION_BYTES_MAX: u64 = 4 * 1024;

/// What the operator sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub firecracker: PathBuf,
    pub jailer: PathBuf,
    /// JSON as Firecracker's `/cpu-config` takes it: which processor features a guest sees.
    pub cpu_template: Option<PathBuf>,
    /// Added to the kernel's, after ours.
    pub boot_arguments: String,
    /// Where machines' folders are made: the server's own, entered by nobody else.
    pub folder: PathBuf,
    /// Of the kernel and the initramfs, as the one who opens them knows them: a checksum.
    pub guest: String,
}

/// Why Firecracker can not be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{program} can not be run: {reason}")]
    Program { program: String, reason: String },
    #[error("{program} is {found}; version {SERIES}x is needed")]
    Version { program: String, found: String },
    #[error("the processor template {path}: {reason}")]
    Template { path: String, reason: String },
    #[error("the folder for machines {path}: {reason}")]
    Folder { path: String, reason: String },
}

/// Makes machines.
pub(crate) struct FirecrackerLauncher {
    config: Config,
    version: String,
    template: Option<serde_json::Value>,
    kvm: Kvm,
    sandbox: Arc<ProcessSandbox>,
    world: World,
}

impl FirecrackerLauncher {
    /// Looks at the programs and the template. Blocks for as long as the programs take to say their version.
    pub(crate) fn open(
        config: Config,
        sandbox: Arc<ProcessSandbox>,
        world: World,
    ) -> Result<Self, OpenError> {
        let version = version_of(&config.firecracker, "Firecracker v")?;
        let jailers = version_of(&config.jailer, "Jailer v")?;
        if jailers != version {
            let program = config.jailer.display().to_string();
            return Err(OpenError::Version {
                program,
                found: format!("{jailers} beside Firecracker {version}"),
            });
        }
        let template = config.cpu_template.as_deref().map(template_of).transpose()?;
        empty_folder(&config.folder).map_err(|error| OpenError::Folder {
            path: config.folder.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self { config, version, template, kvm: process::kvm(), sandbox, world })
    }

    /// A Firecracker that listens, with nothing in it yet.
    async fn start(
        &self,
        spec: &MachineSpec,
        from: Option<&Snapshot>,
    ) -> Result<(FirecrackerMachine, GuestStream), BootError> {
        let id: String = self.world.random_16().iter().map(|byte| format!("{byte:02x}")).collect();
        let parent = self.config.folder.join(&id);
        let made = self.world.blocking("machine files", move || Output::make(parent)).await;
        let made = made.unwrap_or_else(|| Err(io::Error::other("panic")));
        let output = made.map_err(|error| host("machine files", &error))?;
        let mut shown = shown_files(spec, &output).map_err(|error| host("drives", &error))?;
        if let Some(from) = from {
            shown.extend(self.snapshot_files(spec, from).await?);
        }
        let plan = Plan { id, shown, machine: spec };
        let (jail, folder) = Jail::start(&self.sandbox, &self.world, plan).await?;
        let made = Channel::make(folder, output).map_err(|error| host("channel folder", &error));
        let (channel, listener) = made?;
        let stream = GuestStream::new(listener).map_err(|error| host("channel folder", &error))?;
        let api = Arc::new(Api::new(channel.folder().clone(), self.world.clone()));
        let machine = FirecrackerMachine {
            api: api.clone(),
            channel: Arc::new(channel),
            jail,
            memory_mb: spec.memory_mb,
            was_booted: from.is_none(),
            inflated: AtomicBool::new(false),
            standing: Mutex::new(if from.is_some() { Standing::Stopped } else { Standing::Running }),
            world: self.world.clone(),
        };
        machine.unless_ended("firecracker", api.ready(START_TIME)).await?;
        self.check_version(&machine).await?;
        Ok((machine, stream))
    }

    /// Where the guest's kernel is interpreted a second processor gains nothing, and no kernel that runs there has two.
    fn vcpus(&self, spec: &MachineSpec) -> u32 {
        if self.kvm == Kvm::WithoutFlags { 1 } else { spec.vcpus.clamp(1, VCPUS_MAX) }
    }

    /// The binary may have been exchanged since it was looked at.
    async fn check_version(&self, machine: &FirecrackerMachine) -> Result<(), BootError> {
        let asked = machine.api.get::<words::VersionNumber>("/version");
        let found = machine.unless_ended("version", asked).await?.firecracker_version;
        if found == self.version {
            return Ok(());
        }
        let reason = format!("Firecracker is {} now, and was {}", plain(&found, 40), self.version);
        Err(BootError::Host { step: "version", reason })
    }

    /// Both files, looked at: a memory that is too short would be a SIGBUS in Firecracker the first time it is missed.
    async fn snapshot_files(&self, spec: &MachineSpec, from: &Snapshot) -> Result<[Shown; 2], BootError> {
        let (state, memory) = (from.folder.join(words::SNAPSHOT_STATE), from.memory.clone());
        let opened = self
            .world
            .blocking("machine files", move || io::Result::Ok((File::open(state)?, File::open(memory)?)));
        let opened = opened.await.unwrap_or_else(|| Err(io::Error::other("panic")));
        let (state, memory) = opened.map_err(|error| host("snapshot", &error))?;
        let length = memory.metadata().map_err(|error| host("snapshot", &error))?.len();
        if length != u64::from(spec.memory_mb) << 20 {
            let reason = format!("its memory has {length} bytes, the machine {} MiB", spec.memory_mb);
            return Err(BootError::Host { step: "snapshot", reason });
        }
        let show = |name: &str, file| Shown { name: name.to_owned(), file: Arc::new(file), writable: false };
        Ok([show(words::SNAPSHOT_STATE, state), show(words::SNAPSHOT_MEMORY, memory)])
    }
}

#[async_trait]
impl Launcher for FirecrackerLauncher {
    async fn boot(&self, spec: &MachineSpec) -> Result<Machine, BootError> {
        let (machine, stream) = self.start(spec, None).await?;
        for put in words::machine(spec, &self.config.boot_arguments, self.template.as_ref(), self.vcpus(spec))
        {
            machine.put(&put).await?;
        }
        machine.put(&words::start()).await?;
        tell(&machine).await;
        Ok(Machine { vmm: Box::new(machine), channel: Box::new(stream) })
    }

    async fn restore(&self, spec: &MachineSpec, from: &Snapshot) -> Result<Machine, BootError> {
        let (machine, stream) = self.start(spec, Some(from)).await?;
        machine.put(&words::metrics()).await?;
        let load = words::load_snapshot();
        let asked = machine.api.put_within(LOAD_TIME, "/snapshot/load", &load);
        machine.unless_ended("load snapshot", asked).await?;
        tell(&machine).await;
        Ok(Machine { vmm: Box::new(machine), channel: Box::new(stream) })
    }

    fn identity(&self) -> String {
        let template = self.template.as_ref().map(ToString::to_string).unwrap_or_default();
        format!(
            "firecracker {} kvm {} guest {} arguments {:?} template {template}",
            self.version,
            process::processor(),
            self.config.guest,
            self.config.boot_arguments,
        )
    }

    fn reclaims(&self) -> bool {
        true
    }

    fn missing(&self) -> Vec<String> {
        self.kvm.lack().map(str::to_owned).into_iter().collect()
    }
}

/// For who looks for time: what Firecracker measured of itself. Asking costs a word each way, so nobody else is told.
async fn tell(machine: &FirecrackerMachine) {
    if tracing::enabled!(tracing::Level::DEBUG)
        && let Some(metrics) = machine.metrics().await
    {
        tracing::debug!(?metrics, "a machine of Firecracker came up");
    }
}

fn shown_files(spec: &MachineSpec, output: &Output) -> io::Result<Vec<Shown>> {
    let show = |name: &str, file: &Arc<File>, writable| Shown {
        name: name.to_owned(),
        file: file.clone(),
        writable,
    };
    let mut shown = vec![
        show(words::KERNEL, &spec.kernel, false),
        show(words::INITRAMFS, &spec.initramfs, false),
        show(words::STATE_FILE, output.state(), true),
        show(words::MEMORY_FILE, output.memory(), true),
    ];
    for (index, drive) in spec.drives.iter().enumerate() {
        let name = words::drive_name(index);
        let file = if drive.writable { output.writable(&name, &drive.file)? } else { drive.file.clone() };
        shown.push(show(&name, &file, drive.writable));
    }
    Ok(shown)
}

/// A path below an open folder, short enough for a socket's address however long the folder's own is.
fn by_descriptor(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

/// A socket in an open folder that Firecracker writes to as well: the path leads to what was looked at, for as long as the
/// descriptor is held. A link in its place would lead whoever follows it, with the server's rights, out of the folder.
fn socket_itself(folder: &File, name: &str) -> io::Result<(OwnedFd, PathBuf)> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    if FileType::from_raw_mode(rustix::fs::fstat(&found)?.st_mode) != FileType::Socket {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} is no socket")));
    }
    let path = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
    Ok((found, path))
}

/// Ours alone; what an earlier run left in it goes. What can not go is told and no reason not to start: its name is never
/// used again, and a monitor that was broken into must not decide whether a server starts.
fn empty_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), %error, "what an earlier run left can not be removed");
        }
        _ => {}
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

fn host(step: &'static str, error: &io::Error) -> BootError {
    BootError::Host { step, reason: error.to_string() }
}

/// The version that a program says, if it is one of ours.
fn version_of(program: &Path, prefix: &str) -> Result<String, OpenError> {
    let name = program.display().to_string();
    let failed = |reason: String| OpenError::Program { program: name.clone(), reason };
    let mut command = Command::new(program);
    command.arg("--version").env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let mut said = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = stdout.take(VERSION_BYTES_MAX).read_to_end(&mut said);
    }
    // It ends by itself; one that does not once nobody listens is no Firecracker.
    let _ = child.kill();
    let _ = child.wait();
    let said = String::from_utf8_lossy(&said);
    let found = said.lines().find_map(|line| line.strip_prefix(prefix)).map(str::trim);
    match found {
        Some(version) if version.starts_with(SERIES) && version.len() < 40 => Ok(version.to_owned()),
        Some(version) => Err(OpenError::Version { program: name, found: plain(version, 40) }),
        None => Err(failed(format!("it does not begin with \"{prefix}\": {}", plain(&said, 80)))),
    }
}

fn template_of(path: &Path) -> Result<serde_json::Value, OpenError> {
    let failed = |reason: String| OpenError::Template { path: path.display().to_string(), reason };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(TEMPLATE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > TEMPLATE_BYTES_MAX {
        return Err(failed(format!("it is longer than {TEMPLATE_BYTES_MAX} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}
