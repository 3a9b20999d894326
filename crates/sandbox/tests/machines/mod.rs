//! What the test files of the microVM backends share: assets that are made once, and a kit over them.
//!
//! `TINDERBOX_TEST_KERNEL` names a kernel, or a folder with its unpacked package; without it the host's own is taken. What
//! is not there (QEMU, a kernel, root) is said, and the tests pass over.
#![allow(dead_code)] // each file uses a part of it

pub(crate) mod copies;

use crate::common;
use sandbox::conformance::Kit;
use sandbox::microvm::assets::{self, Assets};
use sandbox::microvm::settings::{self, Backend, MicroVmSettings};
use sandbox::microvm::{MicroVmSandbox, Setup};
use sandbox::process::{self, Config, ProcessSandbox};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use world::World;

/// A kernel boots in seconds where it is executed in software, and in ten times that beside others.
const PATIENCE: Duration = Duration::from_secs(600);
const AT_ONCE: usize = 4;
/// What no test of a sandbox runs, and what is large.
pub(crate) const LEFT_OUT: [&str; 6] =
    ["/usr/local", "/usr/share", "/usr/include", "/usr/lib/jvm", "/usr/lib/gcc", "/usr/lib/llvm-14"];

/// A sandbox, and what its tests look at from outside.
pub(crate) struct Machines {
    pub(crate) sandbox: Arc<MicroVmSandbox>,
    pub(crate) processes: Arc<ProcessSandbox>,
    pub(crate) world: World,
    pub(crate) data: tempfile::TempDir,
    pub(crate) spawner: u32,
    guest: tempfile::TempDir,
}

/// What machines start from; `None` where something is missing, which is said.
fn made() -> Option<Arc<Assets>> {
    static MADE: OnceLock<Option<Arc<Assets>>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let settings = MicroVmSettings {
            kernel: std::env::var_os("TINDERBOX_TEST_KERNEL").map(PathBuf::from),
            leave_out: LEFT_OUT.iter().map(PathBuf::from).collect(),
            assets: Some(folder.join("microvm")),
            ..MicroVmSettings::default()
        };
        let gaps = settings::qemu_gaps(&settings::find(&settings, folder));
        if !gaps.is_empty() {
            eprintln!("passed over: no machines of QEMU here: {gaps:?}");
            return None;
        }
        let guest_init = std::fs::read(guest_init()).expect("guest-init");
        let recipe = settings.recipe(folder, &guest_init);
        Some(Arc::new(assets::make(&recipe, &mut |_| ()).expect("assets").assets))
    })
    .clone()
}

/// As the server's build makes it, in the same folder.
pub(crate) fn guest_init() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder").join("guest-init");
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["build", "--quiet", "--locked", "--package", "guest-init", "--profile", "guest"]);
    command.args(["--target", &triple, "--target-dir"]).arg(&target);
    command.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static").env_remove("RUSTFLAGS");
    command.env_remove("RUSTC_WORKSPACE_WRAPPER").env_remove("CARGO_TARGET_DIR");
    assert!(command.status().expect("cargo").success());
    target.join(triple).join("guest/guest-init")
}

pub(crate) async fn machines() -> Option<Machines> {
    let assets = made()?;
    let world = World::real();
    let data = tempfile::tempdir().expect("a data folder");
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    // Software execution of a kernel needs more than the share of a small function.
    config.cpu_floor_percent = 200;
    config.tmp_ready_max = 0;
    config.monitors = Backend::Qemu { fast: false }.monitors(&MicroVmSettings::default());
    let handle = process::launch(&config).expect("a spawner");
    let spawner = handle.pid();
    let processes = ProcessSandbox::new(handle, world.clone()).expect("a sandbox");
    let settings = MicroVmSettings::default();
    let setup = Setup { folder: data.path().join("microvm"), assets, settings };
    let sandbox = MicroVmSandbox::qemu(processes.clone(), world.clone(), setup).await.expect("machines");
    let guest = tempfile::tempdir().expect("a folder");
    std::fs::copy(common::rehearsal(), guest.path().join("sandbox-rehearsal")).expect("the guest program");
    Some(Machines { sandbox, processes, world, data, spawner, guest })
}

/// A kit of machines, with a spawner and a data folder of its own.
pub(crate) async fn kit() -> Option<Kit> {
    let machines = machines().await?;
    let private = machines.data.path().to_owned();
    let guest = machines.guest.path().to_owned();
    Some(Kit {
        sandbox: machines.sandbox.clone(),
        world: machines.world.clone(),
        guest,
        private,
        leftovers: Box::new(move || {
            // All of it lives as long as the kit, folders included.
            let machines = &machines;
            common::leftovers_of(machines.data.path(), machines.spawner)
        }),
        patience: PATIENCE,
        at_once: AT_ONCE,
    })
}
