//! What a virtual machine monitor must be able to do, whichever it is.
//!
//! ```text
//!  boot ────▶ running ◀──resume── paused ──snapshot──▶ files
//!                └──────pause──────▶ ▲                   │
//!                                    └──────restore──────┘        end, from every state: nothing is left
//! ```
//!
//! One launcher makes many machines; each is a process in a jail of its own, which the spawner makes. What the guest
//! says comes out of the machine's channel and is read by `link`; nothing here looks at it.

pub(crate) mod console;

use crate::{BootError, Connection, Snapshot, Stats};
use async_trait::async_trait;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// A machine that was launched: its controls, and the byte stream to its guest-init.
pub(crate) struct Machine {
    pub(crate) vmm: Box<dyn Vmm>,
    /// Connected as soon as the guest is; of a restored one, a new stream.
    pub(crate) channel: Box<dyn Connection>,
}

/// The controls of one machine. A dropped one is ended by its backend, without a wait.
#[async_trait]
pub(crate) trait Vmm: Send + Sync {
    /// Stops its processors; answers when they stand. Idempotent.
    async fn pause(&self) -> Result<(), BootError>;
    /// Lets them go on. Of one that runs: nothing.
    async fn resume(&self) -> Result<(), BootError>;
    /// Writes down a paused machine into an empty folder of the caller's. It stays paused. What is in the folder
    /// after an error is the caller's to remove.
    async fn snapshot(&self, into: &Path) -> Result<Snapshot, BootError>;
    /// After a snapshot, before `resume`: the guest's new stream, where the old one ended with the snapshot on this machine
    /// as in its copies. `None`: it goes on.
    async fn reconnect(&self) -> Result<Option<Box<dyn Connection>>, BootError> {
        Ok(None)
    }
    /// Has a running guest give back what it does not need, all but `used_bytes` of its room and what its kernel has; answers
    /// how many bytes less the host holds. Bounded in time.
    /// `Unsupported` where the launcher does not say that it can.
    async fn reclaim(&self, used_bytes: u64) -> Result<u64, BootError> {
        let _ = used_bytes;
        Err(BootError::Unsupported("reclaim"))
    }
    /// What the host spends on it, the monitor itself included.
    async fn usage(&self) -> Result<Stats, BootError>;
    /// Completes when the machine is gone, by `end` or by itself, with what its monitor and its kernel said last: for
    /// the operator's log. May be called by many, at any time.
    async fn ended(&self) -> String;
    /// Kills it and removes everything made for it. Idempotent.
    async fn end(&self);
}

/// Makes machines with one kind of monitor.
#[async_trait]
pub(crate) trait Launcher: Send + Sync {
    /// A machine whose kernel starts. Everything made is undone if this fails or if the future is dropped.
    async fn boot(&self, spec: &MachineSpec) -> Result<Machine, BootError>;
    /// A machine as it was written down, with the drives of `spec` in place of those that it had then; paused. One whose
    /// identity was another is refused: whoever keeps snapshots keeps [`Launcher::identity`] with them.
    async fn restore(&self, spec: &MachineSpec, from: &Snapshot) -> Result<Machine, BootError>;
    /// Kind and version of the monitor, accelerator, kernel, initramfs, processor: a snapshot fits only the same.
    fn identity(&self) -> String;
    /// Whether [`Vmm::reclaim`] gives anything back.
    fn reclaims(&self) -> bool {
        false
    }
    /// One sentence for each thing that is missing here, as in [`crate::Capabilities::missing`].
    fn missing(&self) -> Vec<String>;
}

/// What a machine is made of. The devices are the same in each: snapshots fit every function.
#[derive(Clone, Debug)]
pub(crate) struct MachineSpec {
    /// Of the guest: the function's, and what the guest's kernel needs beside.
    pub(crate) memory_mb: u32,
    /// The function's own, by which the processor share goes.
    pub(crate) share_mb: u32,
    pub(crate) vcpus: u32,
    pub(crate) kernel: Arc<File>,
    pub(crate) initramfs: Arc<File>,
    /// What guest-init and the kernel must be told, whichever the monitor; it adds its own.
    pub(crate) boot_arguments: String,
    /// `/dev/vda` and so on, in this order. Opened by the server: read-only ones shared by many, a writable one this
    /// machine's alone.
    pub(crate) drives: Vec<Drive>,
    /// Whether anything lies behind its network device.
    pub(crate) nat: bool,
    pub(crate) allow_hosts: Vec<SocketAddr>,
    pub(crate) rates: Rates,
    /// Most of any file that the monitor may write: the memory of a snapshot, or the end of what is used of `/tmp`'s drive.
    pub(crate) file_bytes_max: u64,
}

/// One block device.
#[derive(Clone, Debug)]
pub(crate) struct Drive {
    /// Opened for reading, or, if writable, for both.
    pub(crate) file: Arc<File>,
    pub(crate) writable: bool,
}

/// Most that a machine may move in a second; it can save up for one second's burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Of all drives together where the monitor can count so, else of each.
    pub(crate) drive_bytes: u64,
    pub(crate) drive_operations: u64,
    /// Each way.
    pub(crate) network_bytes: u64,
}

impl Default for Rates {
    /// High enough that one function alone never feels it, low enough that one can not fill a host's disk or wire.
    fn default() -> Self {
        Self { drive_bytes: 512 << 20, drive_operations: 20_000, network_bytes: 128 << 20 }
    }
}
