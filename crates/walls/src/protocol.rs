//! What is said between the init of a room and the one who made it (the spawner; in a microVM, guest-init).

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BootWire {
    pub memory_mb: u32,
    pub tmp_mb: u32,
    /// (host, inside)
    pub mounts: Vec<(PathBuf, PathBuf)>,
    pub nat: bool,
    pub allow_hosts: Vec<SocketAddr>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessWire {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub working_directory: PathBuf,
    pub telemetry: bool,
    pub bind: bool,
}

impl ProcessWire {
    /// Descriptors that ride with it.
    pub fn pipes(&self) -> usize {
        2 + usize::from(self.telemetry) + usize::from(self.bind)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusWire {
    Code(i32),
    Signal(i32),
}

/// From the spawner to an init.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToInit {
    /// With the write ends of stdout, stderr and, if asked for, telemetry, and the read end of the bind pipe.
    Start { process: u64, spec: ProcessWire },
}

/// From an init to the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromInit {
    /// First message: the walls stand. With the listeners of both doors, and the TUN if egress is `nat`.
    Booted,
    /// First message: they do not, and init ends.
    BootFailed {
        step: String,
        reason: String,
    },
    Started {
        process: u64,
    },
    ExecFailed {
        process: u64,
        errno: i32,
    },
    Exited {
        process: u64,
        status: StatusWire,
    },
}
