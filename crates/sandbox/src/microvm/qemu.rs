//! Machines of QEMU: `-M microvm`, jailed by the spawner, driven over its machine protocol.
//!
//! ```text
//!  boot:     memory of zeros, shared with us ─▶ jail ─▶ exec ─▶ greeting ─▶ running
//!  snapshot: stopped ─▶ state of the devices into a file ─▶ memory, without its zeros, into another ─▶ stopped
//!  restore:  a sealed copy of that memory, mapped privately ─▶ jail ─▶ exec ─▶ state read ─▶ stopped ─cont─▶ running
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `line` | the command line |
//! | `qmp` | the machine protocol |
//! | `memory` | memory files, sealed copies |
//!
//! QEMU opens nothing by a path of the host but its own libraries: drives, sockets and the network device are descriptors,
//! and what it insists on opening by path (memory, kernel) are memory files that it opens through its own descriptors.

mod line;
mod memory;
mod qmp;

pub(crate) use line::Accelerator;

use super::sparse;
use super::vmm::console::Console;
use super::vmm::{Launcher, Machine, MachineSpec, Vmm};
use crate::process::{self, Given, Kvm, MachineHandle, MachineWire, MonitorWire, ProcessSandbox, Tap};
use crate::{BootError, Snapshot, Stats};
use async_trait::async_trait;
use line::Beginning;
use memory::Copies;
use qmp::{Qmp, QmpError};
use serde_json::json;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use world::World;

/// The oldest that was tried.
const VERSION_MIN: (u64, u64, u64) = (7, 2, 0);
/// What the monitor needs beside the guest's memory, MB: itself, and under TCG the code that it translated.
const OVERHEAD_KVM_MB: u32 = 96;
const OVERHEAD_TCG_MB: u32 = 256;
/// From exec to the greeting: QEMU loads its libraries, and a busy host lets it wait.
const GREETING_LIMIT: Duration = Duration::from_secs(60);
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// Reading or writing a machine's state.
const STATE_LIMIT: Duration = Duration::from_secs(120);
/// Where the guest's memory goes on above what lies below 4 GiB.
const LOW_MEMORY_BYTES: u64 = 3 << 30;
const HIGH_MEMORY_AT: u64 = 4 << 30;
/// Files of a snapshot.
const DEVICES: &str = "devices";
const MEMORY: &str = "memory";
/// Sets of descriptors that are made for one command and removed after it.
const STATE_SET: u32 = 200;
const MEMORY_SET: u32 = 201;

/// Makes machines with one QEMU of the host.
pub(crate) struct QemuLauncher {
    sandbox: Arc<ProcessSandbox>,
    world: World,
    version: (u64, u64, u64),
    accelerator: Accelerator,
    processor: String,
    copies: Mutex<Copies>,
}

impl QemuLauncher {
    /// Looks at the program, and measures what software execution needs to know.
    pub(crate) async fn find(
        sandbox: Arc<ProcessSandbox>,
        world: World,
        program: PathBuf,
        kvm: bool,
        copies_mb: u32,
    ) -> Result<Self, String> {
        let looked_at = program.clone();
        let version = world.blocking("machine look", move || version_of(&looked_at)).await;
        let version = version.unwrap_or_else(|| Err("panic".to_owned()))?;
        if version < VERSION_MIN {
            return Err(format!("{}: version {version:?} is older than {VERSION_MIN:?}", program.display()));
        }
        let accelerator =
            if kvm { Accelerator::Kvm } else { Accelerator::Tcg { tsc_khz: tsc_khz(&world).await? } };
        let processor = process::processor();
        let copies = Mutex::new(Copies::new(u64::from(copies_mb) << 20));
        Ok(Self { sandbox, world, version, accelerator, processor, copies })
    }

    fn overhead_mb(&self) -> u32 {
        match self.accelerator {
            Accelerator::Kvm => OVERHEAD_KVM_MB,
            Accelerator::Tcg { .. } => OVERHEAD_TCG_MB,
        }
    }

    /// A copy of the file that any machine may open, made at first need.
    async fn copy(&self, file: &Arc<File>) -> Result<Arc<File>, BootError> {
        let copies = || self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = match copies().find(file).map_err(|error| host("copy of a file", error))? {
            Ok(copy) => return Ok(copy),
            Err(wanted) => wanted,
        };
        // Two at once make two, and one is forgotten.
        let from = file.clone();
        let copy = blocking(&self.world, "copy of a file", move || memory::copy_of(&from)).await?;
        copies().hold(&wanted, &copy);
        Ok(copy)
    }

    async fn launch(
        &self,
        spec: &MachineSpec,
        memory: &File,
        beginning: Beginning,
    ) -> Result<(QemuMachine, UnixStream), BootError> {
        let kernel = self.copy(&spec.kernel).await?;
        let initramfs = self.copy(&spec.initramfs).await?;
        let step = |error: io::Error| host("descriptors of a machine", error);
        let (control, control_theirs) = stream_pair().map_err(step)?;
        let (channel, channel_theirs) = stream_pair().map_err(step)?;
        let flags = rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK;
        let (console, console_theirs) = rustix::pipe::pipe_with(flags).map_err(|error| step(error.into()))?;
        let mut files: Vec<(i32, OwnedFd)> = vec![
            (2, console_theirs.try_clone().map_err(step)?),
            (line::QMP_FD, control_theirs),
            (line::CHANNEL_FD, channel_theirs),
            (line::MEMORY_FD, memory::duplicate(memory).map_err(step)?),
            (line::KERNEL_FD, memory::duplicate(&kernel).map_err(step)?),
            (line::INITRAMFS_FD, memory::duplicate(&initramfs).map_err(step)?),
            (line::CONSOLE_FD, console_theirs),
        ];
        for (drive, number) in spec.drives.iter().zip(line::DRIVES_FD..) {
            files.push((number, memory::duplicate(&drive.file).map_err(step)?));
        }
        let (numbers, fds): (Vec<i32>, Vec<OwnedFd>) = files.into_iter().unzip();
        let wire = MachineWire {
            memory_mb: spec.memory_mb + self.overhead_mb(),
            share_mb: spec.share_mb,
            monitor: MonitorWire::Qemu,
            arguments: line::arguments(spec, self.accelerator, beginning),
            kvm: self.accelerator == Accelerator::Kvm,
            file_bytes_max: spec.file_bytes_max,
            tap: Tap::Inherited(line::TAP_FD),
            network_bytes: spec.rates.network_bytes,
            nat: spec.nat,
            allow_hosts: spec.allow_hosts.clone(),
            files: numbers.into_iter().map(Given::Inherited).collect(),
        };
        let console = Console::read(&self.world, console).map_err(step)?;
        let (handle, _) = self.sandbox.boot_machine(wire, fds).await?;
        let opened = self.world.timeout(GREETING_LIMIT, Qmp::open(control)).await;
        let qmp = match opened {
            Some(Ok((qmp, version))) if version == self.version => qmp,
            Some(Ok((_, version))) => {
                return Err(said("start of QEMU", format!("it is now version {version:?}"), &console));
            }
            Some(Err(error)) => {
                // What it died of it said before it did, and its end closes the console.
                let _ = self.world.timeout(COMMAND_LIMIT, handle.exited()).await;
                return Err(said("start of QEMU", error.to_string(), &console));
            }
            None => return Err(said("start of QEMU", "no greeting in time".to_owned(), &console)),
        };
        let machine = QemuMachine {
            world: self.world.clone(),
            handle,
            qmp: tokio::sync::Mutex::new(qmp),
            console,
            memory_bytes: u64::from(spec.memory_mb) << 20,
            shared: None,
        };
        Ok((machine, channel))
    }
}

#[async_trait]
impl Launcher for QemuLauncher {
    async fn boot(&self, spec: &MachineSpec) -> Result<Machine, BootError> {
        let memory = memory::empty(u64::from(spec.memory_mb) << 20)
            .map_err(|error| host("memory of a machine", error))?;
        let (mut machine, channel) = self.launch(spec, &memory, Beginning::Boot).await?;
        machine.shared = Some(Arc::new(memory));
        Ok(Machine { vmm: Box::new(machine), channel: Box::new(channel) })
    }

    async fn restore(&self, spec: &MachineSpec, from: &Snapshot) -> Result<Machine, BootError> {
        let step = |error: io::Error| host("files of a snapshot", error);
        let memory = Arc::new(File::open(&from.memory).map_err(step)?);
        let state = File::open(from.folder.join(DEVICES)).map_err(step)?;
        let bytes = memory.metadata().map_err(step)?.len();
        if bytes != u64::from(spec.memory_mb) << 20 {
            let reason = format!("it has {bytes} bytes of memory, not {} MB", spec.memory_mb);
            return Err(BootError::Host { step: "files of a snapshot", reason });
        }
        let copy = self.copy(&memory).await?;
        let (machine, channel) = self.launch(spec, &copy, Beginning::Restore).await?;
        machine.read_state(&state).await?;
        Ok(Machine { vmm: Box::new(machine), channel: Box::new(channel) })
    }

    fn identity(&self) -> String {
        let (major, minor, micro) = self.version;
        let how = if self.accelerator == Accelerator::Kvm { "kvm" } else { "tcg" };
        format!("qemu {major}.{minor}.{micro} {how} {}", self.processor)
    }

    fn missing(&self) -> Vec<String> {
        match self.accelerator {
            Accelerator::Kvm => Vec::new(),
            Accelerator::Tcg { .. } => vec![
                "guests are executed in software (TCG), ten to a hundred times slower: this host has no hardware \
                 virtualisation (svm or vmx in /proc/cpuinfo) or no /dev/kvm that works"
                    .to_owned(),
            ],
        }
    }
}

/// One machine.
struct QemuMachine {
    world: World,
    handle: MachineHandle,
    qmp: tokio::sync::Mutex<Qmp>,
    console: Console,
    memory_bytes: u64,
    /// Its memory, where we see it; that of a restored one is its own.
    shared: Option<Arc<File>>,
}

impl QemuMachine {
    async fn ask(
        &self,
        command: &'static str,
        arguments: serde_json::Value,
    ) -> Result<serde_json::Value, BootError> {
        let mut qmp = self.qmp.lock().await;
        let asked = self.world.timeout(COMMAND_LIMIT, qmp.ask(command, arguments)).await;
        answered(command, asked)
    }

    /// Takes in the state of the devices; then it stands where it stood.
    async fn read_state(&self, state: &File) -> Result<(), BootError> {
        let mut qmp = self.qmp.lock().await;
        let work = async {
            let events = json!({ "capabilities": [{ "capability": "events", "state": true }] });
            qmp.ask("migrate-set-capabilities", events).await?;
            qmp.give("state", state.as_fd()).await?;
            qmp.forget_events();
            qmp.ask("migrate-incoming", json!({ "uri": "fd:state" })).await?;
            qmp.wait_for(|event| {
                let status = event.data["status"].as_str().filter(|_| event.name == "MIGRATION")?;
                matches!(status, "completed" | "failed").then(|| status == "completed")
            })
            .await
        };
        match answered("restore", self.world.timeout(STATE_LIMIT, work).await) {
            Ok(true) => Ok(()),
            Ok(false) => Err(said("restore", "QEMU refused the state".to_owned(), &self.console)),
            Err(error) => Err(said("restore", error.to_string(), &self.console)),
        }
    }

    async fn write_state(&self, into: &Path) -> Result<(), BootError> {
        let path = into.join(DEVICES);
        let file = create(&path).map_err(|error| host("files of a snapshot", error))?;
        let mut qmp = self.qmp.lock().await;
        let work = async {
            qmp.give_set(STATE_SET, file.as_fd()).await?;
            let arguments = json!({ "filename": format!("/dev/fdset/{STATE_SET}"), "live": false });
            let saved = qmp.ask("xen-save-devices-state", arguments).await;
            qmp.ask("remove-fd", json!({ "fdset-id": STATE_SET })).await?;
            saved
        };
        answered("snapshot", self.world.timeout(STATE_LIMIT, work).await).map(drop)
    }

    /// The memory as a file that we can read.
    async fn readable_memory(&self) -> Result<Arc<File>, BootError> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let low = self.memory_bytes.min(LOW_MEMORY_BYTES);
        let all = self.save_memory(0, low).await?;
        let high = self.memory_bytes - low;
        if high > 0 {
            let rest = self.save_memory(HIGH_MEMORY_AT, high).await?;
            let (into, bytes) = (all.clone(), low);
            blocking(&self.world, "memory of a snapshot", move || sparse::append(&rest, &into, bytes))
                .await?;
        }
        Ok(all)
    }

    async fn save_memory(&self, at: u64, bytes: u64) -> Result<Arc<File>, BootError> {
        let file = memory::growing().map_err(|error| host("memory of a snapshot", error))?;
        let mut qmp = self.qmp.lock().await;
        let work = async {
            let number = qmp.give_set(MEMORY_SET, file.as_fd()).await?;
            let arguments =
                json!({ "val": at, "size": bytes, "filename": format!("/proc/self/fd/{number}") });
            let saved = qmp.ask("pmemsave", arguments).await;
            qmp.ask("remove-fd", json!({ "fdset-id": MEMORY_SET })).await?;
            saved
        };
        answered("snapshot", self.world.timeout(STATE_LIMIT, work).await)?;
        Ok(Arc::new(file))
    }
}

#[async_trait]
impl Vmm for QemuMachine {
    async fn pause(&self) -> Result<(), BootError> {
        self.ask("stop", json!({})).await.map(drop)
    }

    async fn resume(&self) -> Result<(), BootError> {
        self.ask("cont", json!({})).await.map(drop)
    }

    async fn snapshot(&self, into: &Path) -> Result<Snapshot, BootError> {
        let status = self.ask("query-status", json!({})).await?;
        if status["running"].as_bool() != Some(false) {
            return Err(BootError::Host { step: "snapshot", reason: "the machine is not paused".to_owned() });
        }
        self.write_state(into).await?;
        let memory = self.readable_memory().await?;
        let path = into.join(MEMORY);
        let file = create(&path).map_err(|error| host("files of a snapshot", error))?;
        blocking(&self.world, "memory of a snapshot", move || sparse::copy(&memory, &file)).await?;
        Ok(Snapshot { folder: into.to_owned(), memory: path })
    }

    async fn usage(&self) -> Result<Stats, BootError> {
        self.handle.stats().await
    }

    async fn ended(&self) -> String {
        let how = match self.handle.exited().await {
            Some(exit) => format!("{exit:?}"),
            None => "with the spawner".to_owned(),
        };
        format!("QEMU ended: {how}; {}", self.console.tail())
    }

    async fn end(&self) {
        self.handle.stop().await;
        if let Some(shared) = &self.shared {
            memory::forget(shared);
        }
    }
}

fn said(step: &'static str, reason: String, console: &Console) -> BootError {
    BootError::Host { step, reason: format!("{reason}; {}", console.tail()) }
}

fn host(step: &'static str, error: io::Error) -> BootError {
    BootError::Host { step, reason: error.to_string() }
}

fn answered<T>(step: &'static str, asked: Option<Result<T, QmpError>>) -> Result<T, BootError> {
    match asked {
        Some(Ok(value)) => Ok(value),
        Some(Err(QmpError::Io(error))) if error.kind() != io::ErrorKind::InvalidData => Err(BootError::Gone),
        Some(Err(error)) => Err(BootError::Host { step, reason: error.to_string() }),
        None => Err(BootError::Host { step, reason: "QEMU did not answer in time".to_owned() }),
    }
}

async fn blocking<T: Send + 'static>(
    world: &World,
    step: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BootError> {
    let done = world.blocking("machine memory", work).await;
    done.unwrap_or_else(|| Err(io::Error::other("panic"))).map_err(|error| host(step, error))
}

/// Readable by its owner alone: it is a tenant's memory.
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn stream_pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}

/// "QEMU emulator version 7.2.22 (Debian …)".
fn version_of(program: &Path) -> Result<(u64, u64, u64), String> {
    let named = |reason: String| format!("{}: {reason}", program.display());
    let output = std::process::Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| named(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse_version(&text).ok_or_else(|| named("does not say its version".to_owned()))
}

fn parse_version(text: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = text.split("version ").nth(1)?.split_whitespace().next()?.split('.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

/// How fast the host's time stamp counter counts: under TCG it is the guest's.
async fn tsc_khz(world: &World) -> Result<u64, String> {
    const SAMPLE: Duration = Duration::from_millis(50);
    let (ticks, began) = (tsc()?, world.now());
    world.clock.sleep(SAMPLE).await;
    let (ticks, took) = (tsc()?.saturating_sub(ticks), world.now().since(began));
    let khz = u128::from(ticks) * 1_000_000 / took.as_nanos().max(1);
    u64::try_from(khz)
        .ok()
        .filter(|khz| *khz > 0)
        .ok_or_else(|| "the time stamp counter stands still".to_owned())
}

#[cfg(target_arch = "x86_64")]
fn tsc() -> Result<u64, String> {
    // SAFETY: every x86_64 has the instruction, and Linux lets programs use it.
    Ok(unsafe { core::arch::x86_64::_rdtsc() })
}

#[cfg(not(target_arch = "x86_64"))]
fn tsc() -> Result<u64, String> {
    Err("machines are made on x86_64 only, so far".to_owned())
}

/// Whether the host's processor can virtualise: a /dev/kvm without that interprets a guest's kernel, slowly and not whole.
pub(crate) fn has_hardware() -> bool {
    process::kvm() == Kvm::Hardware
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_qemu_says_of_itself() {
        let text = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003";
        assert_eq!(parse_version(text), Some((7, 2, 22)));
        assert_eq!(parse_version("QEMU emulator version ten"), None);
    }
}
