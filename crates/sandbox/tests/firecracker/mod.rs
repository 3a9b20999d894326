//! A kit of machines of the real Firecracker, with a spawner and a data folder of its own.

use crate::{common, machines};
use sandbox::conformance::Kit;
use sandbox::microvm::assets::{self, Assets};
use sandbox::microvm::settings::{Backend, MicroVmSettings};
use sandbox::microvm::{MicroVmSandbox, Setup};
use sandbox::process::{self, Config, ProcessSandbox};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use world::World;

/// Beside other work, on a /dev/kvm that interprets the guest's kernel.
const PATIENCE: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 10;

fn settings() -> Option<MicroVmSettings> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let needed = ["TINDERBOX_FIRECRACKER", "TINDERBOX_JAILER", "TINDERBOX_GUEST_KERNEL"];
    let [Some(firecracker), Some(jailer), Some(kernel)] = needed.map(named) else {
        eprintln!("passed over: {} name no Firecracker to test with", needed.join(", "));
        return None;
    };
    let kvm = process::kvm();
    if !kvm.opens() {
        eprintln!("passed over: {}", kvm.lack().unwrap_or_default());
        return None;
    }
    Some(MicroVmSettings {
        kernel: Some(kernel),
        leave_out: machines::LEFT_OUT.iter().map(PathBuf::from).collect(),
        assets: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("microvm")),
        boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
        cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
        firecracker: Some(firecracker),
        jailer: Some(jailer),
        ..MicroVmSettings::default()
    })
}

fn made(settings: &MicroVmSettings) -> Arc<Assets> {
    static MADE: OnceLock<Arc<Assets>> = OnceLock::new();
    let make = || {
        let guest_init = std::fs::read(machines::guest_init()).expect("guest-init");
        let recipe = settings.recipe(Path::new(env!("CARGO_TARGET_TMPDIR")), &guest_init);
        Arc::new(assets::make(&recipe, &mut |_| ()).expect("assets").assets)
    };
    MADE.get_or_init(make).clone()
}

pub(crate) async fn kit() -> Option<Kit> {
    let settings = settings()?;
    let assets = made(&settings);
    let world = World::real();
    let data = tempfile::tempdir().expect("a data folder");
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    config.cpu_floor_percent = 200;
    config.tmp_ready_max = 0;
    config.monitors = Backend::Firecracker.monitors(&settings);
    let handle = process::launch(&config).expect("a spawner");
    let spawner = handle.pid();
    let processes = ProcessSandbox::new(handle, world.clone()).expect("a sandbox");
    let setup = Setup { folder: data.path().join("microvm"), assets, settings };
    let sandbox = MicroVmSandbox::firecracker(processes, world.clone(), setup).await.expect("machines");
    let guest = tempfile::tempdir().expect("a folder");
    std::fs::copy(common::rehearsal(), guest.path().join("sandbox-rehearsal")).expect("the guest program");
    Some(Kit {
        sandbox,
        world,
        guest: guest.path().to_owned(),
        private: data.path().to_owned(),
        leftovers: Box::new(move || {
            let _lives = &guest;
            common::leftovers_of(data.path(), spawner)
        }),
        patience: PATIENCE,
        at_once: AT_ONCE,
    })
}
