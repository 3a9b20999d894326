//! Environments that are machines: each function behind a kernel of its own.
//!
//! ```text
//!  boot:    folders ─▶ images in slots ─▶ launcher: jail, monitor, kernel ─▶ guest-init greets ─▶ furnished: a room
//!  restore: likewise ─▶ launcher: the copy wakes ─▶ clock and entropy of its own ─▶ its processes adopted ─▶ paused
//! ```
//!
//! Inside a machine stands the same room as on a host (`walls`), made by guest-init; so code finds the same user, folders
//! and limits. What is outside is the monitor in its jail, which the spawner of the `process` sandbox makes.
//!
//! | module | what it does |
//! |---|---|
//! | `assets` | kernel, initramfs and root image: made once, kept by key |
//! | `drives` | folders as images, slots, `/tmp` |
//! | `environment` | one machine as an environment |
//! | `firecracker` | Firecracker's machines |
//! | `link` | the host's end of the conversation with one guest-init |
//! | `firecracker` | machines on Firecracker |
//! | `steps` | what a boot's time was spent on |
//! | `settings` | what an operator sets, and which sandbox follows from it |
//! | `record`, `sparse` | what a snapshot holds beside the monitor's files |
//! | `vmm` | what a virtual machine monitor must be able to do |
//! | `qemu` | QEMU's machines |

pub mod assets;
pub(crate) mod drives;
mod environment;
pub mod firecracker;
#[allow(dead_code)] // a machine is killed, not shut down
pub(crate) mod link;
pub(crate) mod qemu;
mod record;
pub mod settings;
pub(crate) mod sparse;
mod steps;
#[allow(dead_code)] // what a machine costs its host is for the bench
pub(crate) mod vmm;

#[cfg(fuzzing)]
pub use link::fuzzing;

use crate::process::ProcessSandbox;
use crate::{BootError, BootSpec, Capabilities, Egress, Environment, Sandbox, Snapshot, Step};
use assets::Assets;
use async_trait::async_trait;
use drives::{Drives, Furniture, Tmp};
use environment::{Kept, Later, MachineEnvironment, Running};
use firecracker::FirecrackerLauncher;
use guest_protocol::messages::{Moment, Room};
use link::Link;
use qemu::QemuLauncher;
use record::Record;
use settings::MicroVmSettings;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vmm::{Launcher, Machine, MachineSpec, Rates};
use walls::cgroup::MEMORY_MB_PER_VCPU;
use world::{Instant, World};

/// What a guest's kernel, its modules and guest-init need beside the function's memory: a distribution's kernel of today
/// keeps 45 MB of its image and tables, and as much again of what it learns about devices and files.
const GUEST_MB: u32 = 96;
/// So far behind is the clock of a room that waits. Its copies have the right time before anything in them runs on; and a
/// process that drew random numbers while it waited, as Node.js does when it starts, finds them to be a day old: OpenSSL
/// then asks the kernel for new ones (after an hour), where it would give each copy the same.
const WAITING_BEHIND_US: u64 = 24 * 3_600 * 1_000_000;
/// What a machine is booted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Function,
    /// A room that will be written down, and become functions.
    Waits,
    /// To be written down before there is a room.
    Bare,
}

/// A kernel that has not greeted by then on hardware does not run there.
const PROBE_LIMIT: Duration = Duration::from_secs(30);
const PROBE_TMP_MB: u32 = 1;
const PROBE_FILE: &str = "kvm-probe";
const QEMU: &str = "/usr/bin/qemu-system-x86_64";
const FIRECRACKER: &str = "/usr/bin/firecracker";
const JAILER: &str = "/usr/bin/jailer";

/// What machines are made from.
pub struct Setup {
    /// Folder of images, and of what was found out: `DATA/microvm`.
    pub folder: PathBuf,
    pub assets: Arc<Assets>,
    pub settings: MicroVmSettings,
}

/// Environments that are machines of one kind of monitor.
pub struct MicroVmSandbox {
    kind: &'static str,
    launcher: Box<dyn Launcher>,
    processes: Arc<ProcessSandbox>,
    drives: Arc<Drives>,
    kernel: Arc<File>,
    initramfs: Arc<File>,
    boot_arguments: String,
    assets: Arc<Assets>,
    world: World,
}

impl MicroVmSandbox {
    /// Machines of QEMU, by KVM where a machine came up by it once, else in software.
    pub async fn qemu(
        processes: Arc<ProcessSandbox>,
        world: World,
        setup: Setup,
    ) -> Result<Arc<Self>, BootError> {
        let program = setup.settings.qemu.clone().unwrap_or_else(|| PathBuf::from(QEMU));
        let copies_mb = setup.settings.copies_mb.unwrap_or(settings::COPIES_MB);
        let find = |kvm| {
            let (processes, world, program) = (processes.clone(), world.clone(), program.clone());
            async move {
                let found = QemuLauncher::find(processes, world, program, kvm, copies_mb).await;
                found.map_err(|reason| BootError::Host { step: "QEMU", reason })
            }
        };
        if qemu::has_hardware() {
            let fast = Self::with(
                "qemu",
                Box::new(find(true).await?),
                &processes,
                &world,
                &setup,
                &setup.assets.kernel,
            )
            .await?;
            if fast.comes_up(&setup.folder).await {
                return Ok(Arc::new(fast));
            }
        }
        let slow = Self::with(
            "qemu",
            Box::new(find(false).await?),
            &processes,
            &world,
            &setup,
            &setup.assets.kernel,
        )
        .await?;
        Ok(Arc::new(slow))
    }

    /// Machines of Firecracker.
    pub async fn firecracker(
        processes: Arc<ProcessSandbox>,
        world: World,
        setup: Setup,
    ) -> Result<Arc<Self>, BootError> {
        let refused = |reason: String| BootError::Host { step: "Firecracker", reason };
        let kernel = setup.assets.kernel_plain.as_ref().map_err(|reason| refused(reason.clone()))?;
        let config = firecracker::Config {
            firecracker: setup.settings.firecracker.clone().unwrap_or_else(|| PathBuf::from(FIRECRACKER)),
            jailer: setup.settings.jailer.clone().unwrap_or_else(|| PathBuf::from(JAILER)),
            cpu_template: setup.settings.cpu_template.clone(),
            // The sandbox has them added for each monitor.
            boot_arguments: String::new(),
            folder: setup.folder.join("machines"),
            guest: setup.assets.key.clone(),
        };
        let (its_processes, its_world) = (processes.clone(), world.clone());
        let opened = world.blocking("machine look", move || {
            FirecrackerLauncher::open(config, its_processes, its_world).map_err(|error| error.to_string())
        });
        let launcher = opened.await.unwrap_or_else(|| Err("panic".to_owned())).map_err(refused)?;
        let made = Self::with("firecracker", Box::new(launcher), &processes, &world, &setup, kernel).await?;
        Ok(Arc::new(made))
    }

    /// With this launcher's machines.
    pub(crate) async fn with(
        kind: &'static str,
        launcher: Box<dyn Launcher>,
        processes: &Arc<ProcessSandbox>,
        world: &World,
        setup: &Setup,
        kernel: &Path,
    ) -> Result<Self, BootError> {
        let open = |path: &Path| {
            File::open(path).map(Arc::new).map_err(|error| BootError::Host {
                step: "what machines start from",
                reason: format!("{}: {error}", path.display()),
            })
        };
        let assets = setup.assets.clone();
        let (folder, root, its_world) = (setup.folder.clone(), assets.root.clone(), world.clone());
        let drives = world.blocking("machine drives", move || Drives::open(its_world, &folder, &root)).await;
        let panicked = || BootError::Host { step: "drives", reason: "panic".to_owned() };
        Ok(Self {
            kind,
            launcher,
            processes: processes.clone(),
            drives: Arc::new(drives.unwrap_or_else(|| Err(panicked()))?),
            kernel: open(kernel)?,
            initramfs: open(&assets.initramfs)?,
            boot_arguments: setup.settings.boot_arguments.clone(),
            assets,
            world: world.clone(),
        })
    }

    /// Whether a machine greets in time: tried once for each monitor, kernel and processor, and written down.
    async fn comes_up(&self, folder: &Path) -> bool {
        let path = folder.join(PROBE_FILE);
        let identity = self.identity();
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some((of, word)) = known.trim_end().rsplit_once(' ')
            && of == identity
        {
            return word == "works";
        }
        let works = matches!(self.world.timeout(PROBE_LIMIT, self.probe()).await, Some(Ok(())));
        let word = if works { "works" } else { "fails" };
        // Not written: it is tried again at the next start.
        drop(std::fs::write(&path, format!("{identity} {word}\n")));
        works
    }

    async fn probe(&self) -> Result<(), BootError> {
        let furniture = self.drives.furnish(&[], Tmp::New { size_mb: PROBE_TMP_MB }).await?;
        let machine =
            self.launcher.boot(&self.machine((128, PROBE_TMP_MB), Egress::None, &[], &furniture)).await?;
        let greeted = Link::greet(machine.channel, &self.world, self.moment()).await;
        machine.vmm.end().await;
        Ok(greeted.map(drop)?)
    }

    fn identity(&self) -> String {
        format!("{} {} {}", self.kind, self.launcher.identity(), self.assets.key)
    }

    fn machine(
        &self,
        (memory_mb, tmp_mb): (u32, u32),
        egress: Egress,
        allow_hosts: &[std::net::SocketAddr],
        furniture: &Furniture,
    ) -> MachineSpec {
        MachineSpec {
            memory_mb: memory_mb + GUEST_MB,
            share_mb: memory_mb,
            vcpus: vcpus(memory_mb),
            kernel: self.kernel.clone(),
            initramfs: self.initramfs.clone(),
            boot_arguments: self.boot_arguments.clone(),
            drives: furniture.drives.clone(),
            nat: egress == Egress::Nat,
            allow_hosts: allow_hosts.to_vec(),
            rates: Rates::default(),
            file_bytes_max: (u64::from(memory_mb + GUEST_MB) << 20).max(walls::tmp::image_bytes(tmp_mb)),
        }
    }

    /// What no two machines have in common.
    fn moment(&self) -> Moment {
        let mut entropy = [0; 32];
        self.world.entropy.fill(&mut entropy);
        Moment { unix_us: self.world.wall().0, entropy, generation: self.world.random_16() }
    }

    fn check(&self, spec: &BootSpec) -> Result<(), BootError> {
        let nat = spec.egress == Egress::Nat;
        if nat && !self.processes.capabilities().egress_nat {
            return Err(BootError::Unsupported("egress nat"));
        }
        Ok(())
    }

    /// The room in a machine that has just started.
    async fn settle(
        &self,
        machine: Machine,
        spec: &BootSpec,
        furniture: Furniture,
        purpose: Purpose,
        from: Instant,
    ) -> Result<MachineEnvironment, BootError> {
        let Machine { vmm, channel } = machine;
        let launched = self.world.now();
        let mut record = self.record(spec, &furniture);
        record.bare = purpose == Purpose::Bare;
        if purpose != Purpose::Function {
            record.ephemeral_storage_mb = None;
        }
        let room = room(spec, &furniture, record.ephemeral_storage_mb);
        let mut moment = self.moment();
        if purpose == Purpose::Waits {
            moment.unix_us = moment.unix_us.saturating_sub(WAITING_BEHIND_US);
        }
        let settled = async {
            let (link, greeting) = Link::greet(channel, &self.world, moment).await?;
            let greeted = self.world.now();
            if purpose == Purpose::Function {
                // What it was greeted with is as old as its boot is long.
                link.clock()?;
            }
            let steps = match purpose {
                // What its kernel read to come up, its copies need not carry along.
                Purpose::Bare => link.shrink().await.map(|()| Vec::new())?,
                Purpose::Function | Purpose::Waits => link.furnish(room).await?,
            };
            tracing::debug!(?greeting, ?steps, "a machine came up");
            Ok::<_, link::LinkError>((link, greeting, greeted, steps))
        };
        match unless_ended(vmm.as_ref(), settled).await {
            Ok((link, greeting, greeted, steps)) => {
                let steps = steps::of_boot([from, launched, greeted], &greeting, &steps);
                let kept = Kept { bound: record.clone(), record, tmp: furniture.tmp, later: None, steps };
                Ok(MachineEnvironment::new(self.running(vmm, link), kept, &self.world))
            }
            Err(error) => Err(given_up(vmm.as_ref(), error.to_string()).await),
        }
    }

    /// The room in a copy, with all that lives in it; of a bare one, `wanted` is made in it.
    async fn wake(
        &self,
        machine: Machine,
        mut kept: Kept,
        wanted: Option<Room>,
    ) -> Result<MachineEnvironment, BootError> {
        let stands_still = wanted.is_none();
        let Machine { vmm, channel } = machine;
        let loaded = self.world.now();
        if let Err(error) = vmm.resume().await {
            return Err(given_up(vmm.as_ref(), error.to_string()).await);
        }
        let woken = async {
            let (link, woken) = Link::restored(channel, &self.world, self.moment()).await?;
            let awake = self.world.now();
            let mut adopted = Vec::new();
            for number in &woken.processes {
                let number = usize::try_from(*number).unwrap_or(usize::MAX);
                adopted.push((number, link.adopt(number).await?));
            }
            let adopted_at = self.world.now();
            let furnished = match wanted {
                Some(room) => Some(link.furnish(room).await?),
                None => None,
            };
            Ok::<_, link::LinkError>((link, adopted, [awake, adopted_at], furnished))
        };
        match unless_ended(vmm.as_ref(), woken).await {
            Ok((link, adopted, [awake, adopted_at], furnished)) => {
                kept.steps.push(Step { name: "wake", from: loaded, to: awake });
                match furnished {
                    Some(furnished) => kept.steps.extend(steps::of_room(awake, &furnished)),
                    None => kept.steps.push(Step { name: "adopt", from: awake, to: adopted_at }),
                }
                let environment = MachineEnvironment::new(self.running(vmm, link), kept, &self.world);
                environment.hold(adopted);
                if stands_still {
                    environment.pause().await?;
                }
                Ok(environment)
            }
            Err(error) => Err(given_up(vmm.as_ref(), error.to_string()).await),
        }
    }

    async fn make(&self, spec: &BootSpec, purpose: Purpose) -> Result<Arc<dyn Environment>, BootError> {
        self.check(spec)?;
        let began = self.world.now();
        // What waits has no `/tmp` yet: its copies find an empty one of their own.
        let for_function = purpose == Purpose::Function;
        let tmp = Tmp::New { size_mb: if for_function { spec.ephemeral_storage_mb } else { 1 } };
        let mounts = if purpose == Purpose::Bare { &[] } else { &spec.mounts[..] };
        let furniture = self.drives.furnish(mounts, tmp).await?;
        let furnished = self.world.now();
        let sizes = (spec.memory_mb, spec.ephemeral_storage_mb);
        let wanted = self.machine(sizes, spec.egress, &spec.allow_hosts, &furniture);
        let machine = self.launcher.boot(&wanted).await?;
        let mut environment = self.settle(machine, spec, furniture, purpose, furnished).await?;
        environment.began_with(Step { name: "drives", from: began, to: furnished });
        Ok(Arc::new(environment))
    }

    fn running(&self, vmm: Box<dyn vmm::Vmm>, link: Link) -> Running {
        Running { vmm: vmm.into(), link, reclaims: self.launcher.reclaims() }
    }

    fn record(&self, spec: &BootSpec, furniture: &Furniture) -> Record {
        // As many as were furnished: of a bare one, none.
        let places = spec.mounts.iter().map(|mount| mount.inside.clone());
        Record {
            identity: self.identity(),
            memory_mb: spec.memory_mb,
            bare: false,
            ephemeral_storage_mb: Some(spec.ephemeral_storage_mb),
            places: places.zip(furniture.digests.iter().copied()).collect(),
            nat: spec.egress == Egress::Nat,
        }
    }
}

fn room(spec: &BootSpec, furniture: &Furniture, tmp_mb: Option<u32>) -> Room {
    Room {
        memory_mb: spec.memory_mb,
        tmp_mb,
        mounts: furniture.mounts.clone(),
        nat: spec.egress == Egress::Nat,
        allow_hosts: spec.allow_hosts.clone(),
    }
}

/// As AWS has it: one for each 1,769 MB that were begun.
fn vcpus(memory_mb: u32) -> u32 {
    u32::try_from(u64::from(memory_mb).div_ceil(MEMORY_MB_PER_VCPU)).unwrap_or(1).max(1)
}

/// A monitor that ended may leave nobody to close the stream that a guest was to open.
async fn unless_ended<T>(
    vmm: &dyn vmm::Vmm,
    asked: impl Future<Output = Result<T, link::LinkError>>,
) -> Result<T, link::LinkError> {
    tokio::select! {
        biased;
        answer = asked => answer,
        _ = vmm.ended() => Err(link::LinkError::Gone),
    }
}

/// Ends a machine that did not come up, and says what it said last.
async fn given_up(vmm: &dyn vmm::Vmm, error: String) -> BootError {
    vmm.end().await;
    let reason = format!("{error}; {}", vmm.ended().await);
    BootError::Host { step: "machine", reason }
}

#[async_trait]
impl Sandbox for MicroVmSandbox {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn capabilities(&self) -> Capabilities {
        let host = self.processes.capabilities();
        let mut missing = self.launcher.missing();
        if !host.egress_nat {
            missing.extend(host.missing.iter().filter(|line| line.starts_with("egress")).cloned());
        }
        missing.push("rooms do not wait for a function: each is booted or restored for its own".to_owned());
        if !self.launcher.reclaims() {
            missing
                .push("idle memory of a machine is not given back to the host (docs/microvm.md)".to_owned());
        }
        Capabilities {
            pause: true,
            bind: false,
            reclaim: self.launcher.reclaims(),
            snapshot: true,
            egress_nat: host.egress_nat,
            // By the guest's own kernel, in every machine.
            memory_limit: true,
            cpu_share: host.cpu_share,
            pids_limit: true,
            sized_tmp: true,
            landlock: true,
            seccomp: true,
            missing,
        }
    }

    async fn boot(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        self.make(&spec, Purpose::Function).await
    }

    async fn boot_waiting(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        self.make(&spec, Purpose::Waits).await
    }

    async fn boot_bare(&self, spec: BootSpec) -> Result<Arc<dyn Environment>, BootError> {
        self.make(&spec, Purpose::Bare).await
    }

    async fn restore(&self, spec: BootSpec, from: Snapshot) -> Result<Arc<dyn Environment>, BootError> {
        self.check(&spec)?;
        let began = self.world.now();
        let folder = from.folder.clone();
        let written = self.world.blocking("machine memory", move || Record::read(&folder)).await;
        let panicked = || BootError::Host { step: "snapshot", reason: "panic".to_owned() };
        let written = written.unwrap_or_else(|| Err(panicked()))?;
        let tmp = match written.ephemeral_storage_mb {
            None => Tmp::New { size_mb: spec.ephemeral_storage_mb },
            Some(_) => Tmp::Copy { snapshot: from.folder.clone() },
        };
        let furniture = self.drives.furnish(&spec.mounts, tmp).await?;
        let bound = self.record(&spec, &furniture);
        written.fits(&bound)?;
        let furnished = self.world.now();
        let sizes = (spec.memory_mb, spec.ephemeral_storage_mb);
        let wanted = self.machine(sizes, spec.egress, &spec.allow_hosts, &furniture);
        let machine = self.launcher.restore(&wanted, &from).await?;
        let steps = vec![
            Step { name: "drives", from: began, to: furnished },
            Step { name: "load", from: furnished, to: self.world.now() },
        ];
        let waits = !written.bare && written.ephemeral_storage_mb.is_none();
        let later = waits.then(|| Later {
            mounts: furniture.mounts.get(written.places.len()..).unwrap_or_default().to_vec(),
            tmp_mb: spec.ephemeral_storage_mb,
        });
        let wanted = written.bare.then(|| room(&spec, &furniture, Some(spec.ephemeral_storage_mb)));
        // A bare one is its room from the first moment on.
        let record = if written.bare { bound.clone() } else { written };
        let kept = Kept { record, bound, tmp: furniture.tmp, later, steps };
        Ok(Arc::new(self.wake(machine, kept, wanted).await?))
    }

    async fn shutdown(&self) {
        self.processes.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_processor_for_each_1769_mb() {
        let had = [128, 1_769, 1_770, 3_538, 10_240].map(vcpus);
        assert_eq!(had, [1, 1, 2, 2, 6]);
        assert_eq!(GUEST_MB, 96, "SPECIFICATION.md says so");
    }
}
