//! For tests of Firecracker alone: machines with whatever guest, without the environment that is made of them.

use super::{Config, FirecrackerLauncher};
use crate::microvm::vmm::{Drive, Launcher, MachineSpec, Rates, Vmm};
use crate::process::ProcessSandbox;
use crate::{BootError, Connection, Snapshot, Stats};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use world::World;

/// A launcher, and what all its machines are made of.
pub struct Machines {
    launcher: FirecrackerLauncher,
    spec: MachineSpec,
}

/// One machine.
pub struct Rehearsed(Box<dyn Vmm>);

impl Machines {
    pub fn open(
        config: Config,
        sandbox: Arc<ProcessSandbox>,
        world: World,
        kernel: &Path,
        initramfs: &Path,
    ) -> Result<Self, String> {
        let launcher =
            FirecrackerLauncher::open(config, sandbox, world).map_err(|error| error.to_string())?;
        let open = |path: &Path| File::open(path).map(Arc::new).map_err(|error| error.to_string());
        let spec = MachineSpec {
            memory_mb: 128,
            share_mb: 1_769,
            vcpus: 1,
            kernel: open(kernel)?,
            initramfs: open(initramfs)?,
            boot_arguments: "rdinit=/init".to_owned(),
            drives: Vec::new(),
            nat: false,
            allow_hosts: Vec::new(),
            rates: Rates::default(),
            file_bytes_max: 256 << 20,
        };
        Ok(Self { launcher, spec })
    }

    /// With these drives; the last one is writable.
    pub async fn boot(&self, drives: Vec<File>) -> Result<(Rehearsed, Box<dyn Connection>), BootError> {
        let machine = self.launcher.boot(&self.spec_with(drives)).await?;
        Ok((Rehearsed(machine.vmm), machine.channel))
    }

    pub async fn restore(
        &self,
        drives: Vec<File>,
        from: &Snapshot,
    ) -> Result<(Rehearsed, Box<dyn Connection>), BootError> {
        let machine = self.launcher.restore(&self.spec_with(drives), from).await?;
        Ok((Rehearsed(machine.vmm), machine.channel))
    }

    pub fn identity(&self) -> String {
        self.launcher.identity()
    }

    fn spec_with(&self, drives: Vec<File>) -> MachineSpec {
        let last = drives.len().saturating_sub(1);
        let drives = drives.into_iter().enumerate();
        let drives = drives.map(|(index, file)| Drive { file: Arc::new(file), writable: index == last });
        MachineSpec { drives: drives.collect(), ..self.spec.clone() }
    }
}

impl Rehearsed {
    pub async fn pause(&self) -> Result<(), BootError> {
        self.0.pause().await
    }
    pub async fn resume(&self) -> Result<(), BootError> {
        self.0.resume().await
    }
    pub async fn snapshot(&self, into: &Path) -> Result<Snapshot, BootError> {
        self.0.snapshot(into).await
    }
    pub async fn reconnect(&self) -> Result<Option<Box<dyn Connection>>, BootError> {
        self.0.reconnect().await
    }
    pub async fn reclaim(&self) -> Result<u64, BootError> {
        self.0.reclaim(0).await
    }
    pub async fn usage(&self) -> Result<Stats, BootError> {
        self.0.usage().await
    }
    pub async fn ended(&self) -> String {
        self.0.ended().await
    }
    pub async fn end(&self) {
        self.0.end().await;
    }
}
