//! Both kinds of machines, for tests that hold of each.

use crate::common;
use sandbox::Sandbox;
use sandbox::microvm::assets;
use sandbox::microvm::settings::{Backend, MicroVmSettings};
use sandbox::microvm::{MicroVmSandbox, Setup};
use sandbox::process::{self, Config, ProcessSandbox};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world::World;

pub(crate) struct Host {
    pub(crate) sandbox: Arc<dyn Sandbox>,
    pub(crate) world: World,
    pub(crate) data: tempfile::TempDir,
}

pub(crate) async fn qemu() -> Option<Host> {
    let machines = super::machines().await?;
    Some(Host { sandbox: machines.sandbox.clone(), world: machines.world.clone(), data: machines.data })
}

pub(crate) async fn firecracker() -> Option<Host> {
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
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let settings = MicroVmSettings {
        kernel: Some(kernel),
        leave_out: super::LEFT_OUT.iter().map(PathBuf::from).collect(),
        assets: Some(folder.join("microvm")),
        boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
        cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
        firecracker: Some(firecracker),
        jailer: Some(jailer),
        ..MicroVmSettings::default()
    };
    let guest_init = std::fs::read(super::guest_init()).expect("guest-init");
    let recipe = settings.recipe(folder, &guest_init);
    let assets = Arc::new(assets::make(&recipe, &mut |_| ()).expect("assets").assets);
    let world = World::real();
    let data = tempfile::tempdir().expect("a data folder");
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    config.cpu_floor_percent = 200;
    config.tmp_ready_max = 0;
    config.monitors = Backend::Firecracker.monitors(&settings);
    let processes =
        ProcessSandbox::new(process::launch(&config).expect("a spawner"), world.clone()).expect("a sandbox");
    let setup = Setup { folder: data.path().join("microvm"), assets, settings };
    let sandbox = MicroVmSandbox::firecracker(processes, world.clone(), setup).await.expect("machines");
    Some(Host { sandbox, world, data })
}
