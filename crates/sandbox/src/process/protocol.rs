//! The two typed conversations of the spawner: with the server, and with the init of each environment.
//!
//! ```text
//!  server                 spawner                    init (pid 1 of one environment)
//!    │── Hello ─────────────▶│                           │   phase 1: once, first
//!    │◀─ Ready | Refused ────│                           │
//!    │── Request ───────────▶│── fork ──────────────────▶│   phase 2: pipelined, answers carry the request's id
//!    │                       │◀─ Booted | BootFailed ────│
//!    │◀─ Reply (+ doors) ────│                           │
//!    │                       │── Start (+ pipes) ───────▶│
//!    │                       │◀─ Started | ExecFailed ───│
//!    │◀─ Reply (+ pipes) ────│                           │
//!    │◀─ Exited ─────────────│◀─ Exited ─────────────────│
//! ```
//!
//! A message is one packet of a `SOCK_SEQPACKET` pair, so that it is read whole or not at all, and file descriptors
//! ride with it. Anything out of phase, too long or not decodable ends the conversation. What init says once user
//! code runs beside it is taken as hostile: it can name processes of its own environment and nothing else.

pub(crate) use walls::channel::{Channel, MESSAGE_BYTES_MAX, encode, inherited};
pub(crate) use walls::protocol::{BootWire, FromInit, ProcessWire, StatusWire, ToInit};

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Both ends are one binary, but a test may mix two builds: they must notice.
pub(crate) const VERSION: u32 = 4;
/// From the server to the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToSpawner {
    /// First message, once.
    Hello { version: u32, config: SpawnerConfig },
    /// Any later message.
    Request { id: u64, what: Request },
}

/// What the spawner must know before it makes anything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SpawnerConfig {
    pub(crate) data: PathBuf,
    pub(crate) uid_base: u32,
    pub(crate) cpu_floor_percent: u32,
    pub(crate) environments_max: u32,
    /// 16 random bytes in hexadecimal: tells this run's leftovers from another's.
    pub(crate) run: String,
    /// Size of the file systems for `/tmp` that are made ahead, and how many wait at most.
    pub(crate) tmp_ready_mb: u32,
    pub(crate) tmp_ready_max: u32,
    /// The only programs that a machine's jail may become.
    pub(crate) monitors: Monitors,
    /// For tests.
    pub(crate) fault: Option<super::Fault>,
}

/// Monitors of machines: said once, before the server gives up its privileges, and never again. What a server asks for later
/// names one of them and no program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitors {
    /// Where QEMU is, on the host as in its jail.
    pub qemu: Option<PathBuf>,
    pub firecracker: Option<FirecrackerPrograms>,
}

/// Firecracker comes as two programs, of which one starts the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirecrackerPrograms {
    pub firecracker: PathBuf,
    pub jailer: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Boot {
        environment: u64,
        spec: BootWire,
    },
    /// With the descriptors of `spec.files`, in their order.
    BootMachine {
        environment: u64,
        spec: MachineWire,
    },
    Start {
        environment: u64,
        process: u64,
        spec: ProcessWire,
    },
    Bind {
        environment: u64,
        memory_mb: u32,
        mounts: Vec<(PathBuf, PathBuf)>,
    },
    Stats {
        environment: u64,
    },
    Pause {
        environment: u64,
    },
    Resume {
        environment: u64,
    },
    Reclaim {
        environment: u64,
    },
    Stop {
        environment: u64,
    },
    Shutdown,
}

/// A virtual machine monitor and what its jail holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MachineWire {
    /// Of everything in it, the monitor's own memory included.
    pub(crate) memory_mb: u32,
    /// By which the processor share goes.
    pub(crate) share_mb: u32,
    pub(crate) monitor: MonitorWire,
    /// The monitor's.
    pub(crate) arguments: Vec<String>,
    pub(crate) kvm: bool,
    /// Most of any file that the monitor may write, bytes: the end of its `/tmp` drive, or of a snapshot's memory.
    pub(crate) file_bytes_max: u64,
    pub(crate) tap: Tap,
    /// Each way, in a second; 0: no bound.
    pub(crate) network_bytes: u64,
    pub(crate) nat: bool,
    pub(crate) allow_hosts: Vec<SocketAddr>,
    pub(crate) files: Vec<Given>,
}

/// Which monitor, of those that the spawner knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MonitorWire {
    /// The host's programs and libraries are in its jail, read-only.
    Qemu,
    /// Started by its jailer. What it is shown is in the jail which that makes, `/jail/firecracker/ID/root`, beside a folder
    /// `channel`: in memory, bounded, gone with the machine. The answer to the boot carries a descriptor of it.
    Firecracker { id: String },
}

/// How the monitor gets at its network device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tap {
    /// Open, at this number.
    Inherited(i32),
    /// By the name `tap0`, through a `/dev/net/tun` of the jail.
    Named,
}

/// How the monitor gets at one descriptor of the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Given {
    /// Open, at this number. It can do what the server opened it for, whatever the file's mode.
    Inherited(i32),
    /// A file or folder under `/` of the jail, by this name.
    Shown { name: String, access: Access },
}

/// What a monitor may do with a file that it is shown by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    /// As the file's mode allows everybody.
    Read,
    /// Likewise. Only of a file that the server itself opened for writing.
    Write,
}

/// From the spawner to the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromSpawner {
    Ready(Box<CapabilitiesWire>),
    Refused(String),
    Reply { id: u64, answer: Result<Answer, Failure> },
    Exited { environment: u64, process: u64, status: StatusWire, out_of_memory: bool },
    Warning(String),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// With the listeners of both doors. Of a machine, whose monitor runs: with its channel folder, if it has one.
    Booted,
    /// With the read ends of stdout, stderr and, if asked for, telemetry, and the write end of the bind pipe.
    Started,
    Stats(StatsWire),
    Reclaimed {
        bytes: u64,
    },
    Done,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Failure {
    Unsupported,
    Exec { errno: i32 },
    Host { step: String, reason: String },
    Gone,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StatsWire {
    pub(crate) memory_bytes: u64,
    pub(crate) memory_peak_bytes: u64,
    pub(crate) cpu_us: u64,
    pub(crate) tasks: u32,
    pub(crate) out_of_memory_kills: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CapabilitiesWire {
    pub(crate) pause: bool,
    pub(crate) bind: bool,
    pub(crate) reclaim: bool,
    pub(crate) egress_nat: bool,
    pub(crate) memory_limit: bool,
    pub(crate) cpu_share: bool,
    pub(crate) pids_limit: bool,
    pub(crate) sized_tmp: bool,
    pub(crate) landlock: bool,
    pub(crate) seccomp: bool,
    pub(crate) missing: Vec<String>,
}
