//! For tests: machines without a guest of ours.
#![allow(clippy::missing_errors_doc)]

use super::qemu::QemuLauncher;
use super::vmm::{Drive, Launcher, Machine, MachineSpec, Rates};
use crate::process::ProcessSandbox;
use crate::{BootError, Snapshot};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::World;

pub struct Bare {
    launcher: QemuLauncher,
    spec: MachineSpec,
}
pub struct BareMachine(Machine);

impl Bare {
    pub async fn new(sandbox: Arc<ProcessSandbox>, world: World, kernel: &Path, initramfs: &Path, drives: Vec<(File, bool)>, nat: bool) -> Result<Self, String> {
        let launcher = QemuLauncher::find(sandbox, world, "/usr/bin/qemu-system-x86_64".into(), false).await?;
        let open = |path: &Path| File::open(path).map(Arc::new).map_err(|error| error.to_string());
        let spec = MachineSpec {
            memory_mb: 128,
            share_mb: 1_769,
            vcpus: 1,
            kernel: open(kernel)?,
            initramfs: open(initramfs)?,
            boot_arguments: String::new(),
            drives: drives.into_iter().map(|(file, writable)| Drive { file: Arc::new(file), writable }).collect(),
            nat,
            allow_hosts: Vec::new(),
            rates: Rates::default(),
        };
        Ok(Self { launcher, spec })
    }
    pub async fn boot(&self) -> Result<BareMachine, BootError> {
        self.launcher.boot(&self.spec).await.map(BareMachine)
    }
    pub async fn restore(&self, from: &Snapshot) -> Result<BareMachine, BootError> {
        self.launcher.restore(&self.spec, from).await.map(BareMachine)
    }
}
impl BareMachine {
    pub async fn read(&mut self) -> String {
        let mut buffer = [0; 256];
        let got = self.0.channel.read(&mut buffer).await.unwrap_or(0);
        String::from_utf8_lossy(&buffer[..got]).into_owned()
    }
    pub async fn say(&mut self, text: &str) {
        drop(self.0.channel.write_all(text.as_bytes()).await);
    }
    pub async fn pause(&self) -> Result<(), BootError> { self.0.vmm.pause().await }
    pub async fn resume(&self) -> Result<(), BootError> { self.0.vmm.resume().await }
    pub async fn snapshot(&self, into: &Path) -> Result<Snapshot, BootError> { self.0.vmm.snapshot(into).await }
    pub async fn end(&self) { self.0.vmm.end().await }
    pub async fn ended(&self) -> String { self.0.vmm.ended().await }
    pub async fn usage(&self) -> crate::Stats { self.0.vmm.usage().await.unwrap_or_default() }
}
