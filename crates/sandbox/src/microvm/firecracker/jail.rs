//! The process of one Firecracker: the spawner's jail, in it Firecracker's own jailer's, and what it said last.

use super::words;
use crate::microvm::vmm::MachineSpec;
use crate::microvm::vmm::console::Console;
use crate::process::{Access, Given, MachineHandle, MachineWire, MonitorWire, ProcessSandbox, Tap};
use crate::{BootError, Exit, ExitStatus, Stats};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use world::World;

/// What Firecracker (about 5 MB), its copy in the jail and the jailer's watcher need beside the guest's memory, MB. Page
/// tables of the guest's memory and, under the sandbox's version 1 groups, caches of drives are in it too.
const OVERHEAD_MB: u32 = 48;
const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// One file of the server's, shown to the monitor in its root.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) file: Arc<File>,
    pub(super) writable: bool,
}

/// What is to be started in which jail.
pub(super) struct Plan<'a> {
    /// 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) shown: Vec<Shown>,
    pub(super) machine: &'a MachineSpec,
}

/// The process. A dropped one is ended by the spawner.
pub(super) struct Jail {
    handle: MachineHandle,
    said: Console,
}

impl Jail {
    /// Answers when the jailer runs, with the channel folder; what it or Firecracker makes of it is told by [`Jail::ended`] alone.
    pub(super) async fn start(
        sandbox: &ProcessSandbox,
        world: &World,
        plan: Plan<'_>,
    ) -> Result<(Self, File), BootError> {
        let step = |error: io::Error| super::host("descriptors of a machine", &error);
        // A full pipe drops what is said: nobody inside waits for a reader.
        let flags = rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK;
        let (read, write) = rustix::pipe::pipe_with(flags).map_err(|error| step(error.into()))?;
        let said = Console::read(world, read).map_err(step)?;
        let (files, fds) = given(&plan, write).map_err(step)?;
        let spec = plan.machine;
        let wire = MachineWire {
            memory_mb: spec.memory_mb + OVERHEAD_MB,
            share_mb: spec.share_mb,
            monitor: MonitorWire::Firecracker { id: plan.id },
            arguments: words::arguments(),
            kvm: true,
            file_bytes_max: spec.file_bytes_max,
            tap: Tap::Named,
            network_bytes: spec.rates.network_bytes,
            nat: spec.nat,
            allow_hosts: spec.allow_hosts.clone(),
            files,
        };
        let (handle, folder) = sandbox.boot_machine(wire, fds).await?;
        let Some(folder) = folder else {
            return Err(BootError::Host { step: "channel folder", reason: "it did not come".to_owned() });
        };
        Ok((Self { handle, said }, folder.into()))
    }

    /// Completes when it is gone, with how and with the last that it wrote. May be called by many, at any time.
    pub(super) async fn ended(&self) -> String {
        let how = match self.handle.exited().await {
            Some(Exit { out_of_memory: true, .. }) => "its memory was used up".to_owned(),
            Some(Exit { status: ExitStatus::Code(code), .. }) => format!("exit {code}"),
            Some(Exit { status: ExitStatus::Signal(signal), .. }) => format!("signal {signal}"),
            None => "with the spawner".to_owned(),
        };
        match self.said.tail() {
            said if said.is_empty() => how,
            said => format!("{how}: {said}"),
        }
    }

    /// Kills it and removes what was made for it. Idempotent.
    pub(super) async fn end(&self) {
        self.handle.stop().await;
    }

    /// Stops it and its guest where they stand, its API too. Idempotent.
    pub(super) async fn freeze(&self) -> Result<(), BootError> {
        self.handle.pause().await
    }

    /// Lets both go on. Of one that runs: nothing.
    pub(super) async fn thaw(&self) -> Result<(), BootError> {
        self.handle.resume().await
    }

    /// What the host spends on it.
    pub(super) async fn usage(&self) -> Result<Stats, BootError> {
        self.handle.stats().await
    }
}

fn given(plan: &Plan<'_>, said: OwnedFd) -> io::Result<(Vec<Given>, Vec<OwnedFd>)> {
    let show = |name: &str, access| Given::Shown { name: name.to_owned(), access };
    let copy = |file: &File| file.try_clone().map(OwnedFd::from);
    // On the first is what the guest's kernel says, where the operator's boot arguments give it a serial line.
    let mut files = vec![Given::Inherited(STDOUT), Given::Inherited(STDERR)];
    let mut fds = vec![said.try_clone()?, said];
    for shown in &plan.shown {
        files.push(show(&shown.name, if shown.writable { Access::Write } else { Access::Read }));
        fds.push(copy(&shown.file)?);
    }
    Ok((files, fds))
}
