//! Guests whose PID 1 is an attacker (`hostile/init.rs`): each ends its own machine, with a clear error, and nothing else.
//! On QEMU where it is there, and on Firecracker where one is named (`firecracker_machines`). What each word out of place
//! does is a matter of `link`'s own tests and fuzz targets; here it comes out of a real machine.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod machines;

use machines::LEFT_OUT;
use sandbox::conformance::program;
use sandbox::microvm::assets;
use sandbox::microvm::settings::{self, Backend, MicroVmSettings};
use sandbox::microvm::{MicroVmSandbox, Setup};
use sandbox::process::{self, Config, ProcessSandbox};
use sandbox::{BootError, BootSpec, Door, Egress, Environment, Sandbox};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use types::EnvironmentId;
use world::{BoxFuture, Clock, Instant, WallTime, World};

/// A guest that breaks a rule is gone by then, also one that is executed in software on a busy machine.
const SOON: Duration = Duration::from_secs(180);

/// As `link` has it.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// Limits pass quicker by a factor: what they are is the business of `link`, that they end things is ours.
struct Hurried {
    clock: Arc<dyn Clock>,
    factor: Arc<AtomicU32>,
}

impl Clock for Hurried {
    fn now(&self) -> Instant {
        self.clock.now()
    }
    fn wall(&self) -> WallTime {
        self.clock.wall()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.clock.sleep(duration / self.factor.load(Ordering::Relaxed))
    }
}

/// A monitor, by what an operator sets for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Qemu,
    Firecracker,
}

/// A host with a neighbour in it, whom no attack may touch.
struct Host {
    processes: Arc<ProcessSandbox>,
    neighbour: Arc<dyn Environment>,
    spawner: u32,
    /// As it was before any attack, the neighbour included.
    before: Vec<String>,
    data: tempfile::TempDir,
    world: World,
    real: World,
    factor: Arc<AtomicU32>,
}

impl Host {
    async fn new() -> Self {
        let real = World::real();
        let factor = Arc::new(AtomicU32::new(1));
        let clock = Arc::new(Hurried { clock: real.clock.clone(), factor: factor.clone() });
        let world = World { clock, ..real.clone() };
        let data = tempfile::tempdir().expect("a data folder");
        let mut config = Config::new(data.path());
        config.executable = common::rehearsal();
        config.cpu_floor_percent = 200;
        config.tmp_ready_max = 0;
        let settings = KINDS.map(|kind| (kind, settings_of(kind)));
        for (kind, settings) in settings.iter().filter_map(|(kind, one)| Some((*kind, one.as_ref()?))) {
            match kind {
                Kind::Qemu => config.monitors.qemu = Backend::Qemu { fast: false }.monitors(settings).qemu,
                Kind::Firecracker => {
                    config.monitors.firecracker = Backend::Firecracker.monitors(settings).firecracker;
                }
            }
        }
        let handle = process::launch(&config).expect("a spawner");
        let spawner = handle.pid();
        let processes = ProcessSandbox::new(handle, world.clone()).expect("a sandbox");
        let neighbour = processes.boot(spec(&real)).await.expect("a neighbour");
        let before = common::leftovers_of(data.path(), spawner);
        Self { processes, neighbour, spawner, before, data, world, real, factor }
    }

    /// Machines whose PID 1 attacks in this way.
    async fn machines(&self, kind: Kind, way: &str) -> Option<Arc<MicroVmSandbox>> {
        let mut settings = settings_of(kind)?;
        settings.boot_arguments = format!("{} hostile={way}", settings.boot_arguments).trim().to_owned();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let recipe = settings.recipe(folder, init());
        let assets = Arc::new(assets::make(&recipe, &mut |_| ()).expect("assets").assets);
        let setup = Setup { folder: self.data.path().join("microvm"), assets, settings };
        let (processes, world) = (self.processes.clone(), self.world.clone());
        let made = match kind {
            Kind::Qemu => MicroVmSandbox::qemu(processes, world, setup).await,
            Kind::Firecracker => MicroVmSandbox::firecracker(processes, world, setup).await,
        };
        Some(made.expect("machines"))
    }

    async fn boot(&self, sandbox: &MicroVmSandbox) -> Result<Arc<dyn Environment>, BootError> {
        let booted = self.real.timeout(SOON, sandbox.boot(spec(&self.real))).await;
        booted.expect("an answer in time")
    }

    /// Nothing is left of the attack, and the neighbour lives.
    async fn is_unharmed(&self) {
        let left = async {
            while common::leftovers_of(self.data.path(), self.spawner).len() > self.before.len() {
                self.real.clock.sleep(Duration::from_millis(10)).await;
            }
        };
        if self.real.timeout(SOON, left).await.is_none() {
            panic!("left behind: {:#?}", common::leftovers_of(self.data.path(), self.spawner));
        }
        let process = self.neighbour.start(program("/bin/true", &[])).await.expect("the neighbour lives");
        assert!(process.exited.await.is_ok());
    }

    async fn end(self) {
        self.neighbour.stop().await;
        self.processes.shutdown().await;
    }
}

fn spec(world: &World) -> BootSpec {
    BootSpec {
        id: EnvironmentId::from_random(world.random_16()),
        memory_mb: 128,
        ephemeral_storage_mb: 16,
        mounts: Vec::new(),
        egress: Egress::None,
        allow_hosts: Vec::new(),
    }
}

fn settings_of(kind: Kind) -> Option<MicroVmSettings> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let common = MicroVmSettings {
        leave_out: LEFT_OUT.iter().map(PathBuf::from).collect(),
        assets: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("microvm")),
        ..MicroVmSettings::default()
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (settings, gaps) = match kind {
        Kind::Qemu => {
            let settings = MicroVmSettings { kernel: named("TINDERBOX_TEST_KERNEL"), ..common };
            let gaps = settings::qemu_gaps(&settings::find(&settings, folder));
            (settings, gaps)
        }
        Kind::Firecracker => {
            let settings = MicroVmSettings {
                kernel: Some(named("TINDERBOX_GUEST_KERNEL")?),
                boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
                cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
                firecracker: Some(named("TINDERBOX_FIRECRACKER")?),
                jailer: Some(named("TINDERBOX_JAILER")?),
                ..common
            };
            let gaps = settings::firecracker_gaps(&settings::find(&settings, folder));
            (settings, gaps)
        }
    };
    if gaps.is_empty() {
        return Some(settings);
    }
    eprintln!("passed over: no machines of {kind:?} here: {gaps:?}");
    None
}

/// The attacker, compiled once.
fn init() -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/init.rs");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-init");
        let flags = [
            "--edition=2024",
            "-O",
            "-Ctarget-feature=+crt-static",
            "-Cpanic=abort",
            "-Cstrip=symbols",
            "-o",
        ];
        assert!(
            Command::new("rustc").args(flags).arg(&program).arg(source).status().expect("rustc").success()
        );
        std::fs::read(program).expect("a program")
    })
}

/// Its boot fails with these words, and leaves nothing.
async fn fails(host: &Host, kind: Kind, way: &str, words: &[&str]) {
    let Some(sandbox) = host.machines(kind, way).await else { return };
    let error =
        host.boot(&sandbox).await.err().unwrap_or_else(|| panic!("{kind:?} {way}: it booted")).to_string();
    assert!(words.iter().any(|word| error.contains(word)), "{kind:?} {way}: {error}");
    eprintln!("{kind:?} {way}: {error}");
    assert!(error.len() < 16 << 10, "a guest does not fill the operator's log: {} bytes", error.len());
    host.is_unharmed().await;
}

const KINDS: [Kind; 2] = [Kind::Qemu, Kind::Firecracker];

#[tokio::test]
async fn a_guest_that_speaks_no_word_or_one_out_of_place_is_ended() {
    let host = Host::new().await;
    for kind in KINDS {
        for way in ["garbage", "lengths"] {
            fails(&host, kind, way, &["frame"]).await;
        }
        fails(&host, kind, "early", &["Furnished"]).await;
    }
    host.end().await;
}

#[tokio::test]
async fn a_guest_whose_kernel_panics_or_that_powers_off_is_a_failed_boot() {
    let host = Host::new().await;
    for kind in KINDS {
        for way in ["panic", "exit", "off"] {
            if (kind, way) == (Kind::Firecracker, "off") {
                continue; // it has no power to switch off: one that tries never answers, as below
            }
            let began = host.real.now();
            fails(&host, kind, way, &["machine"]).await;
            // Its end is seen: the limit of a boot is not waited for.
            assert!(host.real.now().since(began) < BOOT_LIMIT, "{kind:?} {way}");
        }
    }
    host.end().await;
}

#[tokio::test]
async fn a_guest_that_never_answers_costs_the_limit_of_a_boot() {
    let host = Host::new().await;
    // Two minutes are twelve seconds.
    host.factor.store(10, Ordering::Relaxed);
    for kind in KINDS {
        fails(&host, kind, "mute", &["Hello"]).await;
    }
    host.end().await;
}

/// One that was polite until it was furnished; what becomes of it by itself.
async fn is_gone(host: &Host, kind: Kind, way: &str) {
    let Some(sandbox) = host.machines(kind, way).await else { return };
    // The attack may come before the answer.
    if let Ok(environment) = host.boot(&sandbox).await {
        let gone = async {
            // The flood's own connection may be taken first; then the door is closed.
            while environment.accept(Door::RuntimeApi).await.is_ok() {}
        };
        assert!(host.real.timeout(SOON, gone).await.is_some(), "{kind:?} {way}: it lives on");
        assert!(environment.stats().await.is_err(), "{kind:?} {way}");
        assert!(environment.start(program("/bin/true", &[])).await.is_err(), "{kind:?} {way}");
        environment.stop().await;
    }
    host.is_unharmed().await;
}

#[tokio::test]
async fn a_guest_that_turns_hostile_later_ends_its_own_environment() {
    let host = Host::new().await;
    for kind in KINDS {
        for way in ["flood", "again", "panic-later"] {
            is_gone(&host, kind, way).await;
        }
    }
    host.end().await;
}

#[tokio::test]
async fn a_guest_that_takes_all_memory_or_all_processors_has_its_own_only() {
    let host = Host::new().await;
    for kind in KINDS {
        // Its kernel has nobody to end but PID 1.
        is_gone(&host, kind, "eat").await;
        for way in ["deaf", "burn"] {
            let Some(sandbox) = host.machines(kind, way).await else { continue };
            let environment = host.boot(&sandbox).await.expect("polite until then");
            host.factor.store(10, Ordering::Relaxed);
            assert!(environment.stats().await.is_err(), "{kind:?} {way}: nobody answers, in bounded time");
            assert!(environment.pause().await.is_err(), "{kind:?} {way}");
            host.factor.store(1, Ordering::Relaxed);
            environment.stop().await;
            host.is_unharmed().await;
        }
    }
    host.end().await;
}
