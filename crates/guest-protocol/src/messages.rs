//! The words.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// One way for bytes through the wall. The host names those of processes (even numbers), the guest those of doors'
/// connections (odd ones); a number is not used again within one life of the byte stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId(pub u32);

/// Which listening address inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Door {
    RuntimeApi,
    LambdaApi,
}

/// From the host to guest-init.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToGuest {
    /// First word on the first stream.
    Hello {
        version: u32,
        moment: Moment,
    },
    /// What the room is made of. Once.
    Furnish(Room),
    /// First word on the stream of a restored copy.
    Restored {
        version: u32,
        moment: Moment,
    },
    /// Starts a program; its pipes are these streams.
    Start {
        request: u64,
        process: u64,
        program: Program,
    },
    /// After `Awake`: the pipes of a program that lived on in the copy. What it wrote meanwhile waits in them. The host
    /// does not remember which pipes it had and names all four: the guest ends one that the program reads from or
    /// writes to no more, or never had.
    Adopt {
        request: u64,
        process: u64,
        pipes: Pipes,
    },
    /// Gives a waiting room what it lacks.
    Bind {
        request: u64,
        memory_mb: u32,
        tmp_mb: Option<u32>,
        mounts: Vec<Mount>,
    },
    Stats {
        request: u64,
    },
    /// Drops what the guest's kernel can read again, so that a balloon finds room.
    Shrink {
        request: u64,
    },
    /// Everything said so far is to be taken in; then silence until `Restored` or `Resume`.
    Quiesce,
    /// After `Quiesce` without a restore: it is the same machine, go on.
    Resume,
    /// Sync, and power off.
    Shutdown,
    Stream(Stream),
    /// Microseconds since 1970, by now or a little ago: a machine that stood still, or whose start took long, is behind.
    Clock {
        unix_us: u64,
    },
}

/// From guest-init to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHost {
    /// `kernel` as `uname -r` says; microseconds since the guest's kernel began, when PID 1 ran and now.
    Welcome {
        version: u32,
        kernel: String,
        init_us: u64,
        ready_us: u64,
    },
    /// The room stands; what each step took, microseconds, in order (`mounts`, `walls`).
    Furnished {
        steps: Vec<(String, u64)>,
    },
    /// It does not; guest-init powers off.
    Failed {
        step: String,
        reason: String,
    },
    Answer {
        request: u64,
        answer: Result<Answer, Failure>,
    },
    /// A program ended. `out_of_memory`: the kernel killed something of the room by then.
    Exited {
        process: u64,
        status: Status,
        out_of_memory: bool,
    },
    /// A connection came through a door; the guest names its stream.
    Opened {
        stream: StreamId,
        door: Door,
    },
    Quiet,
    /// After `Restored`: clock and random numbers are this copy's own. The programs that live in it, in the order in which
    /// they were started, at most `PROCESSES_MAX`: the host names their pipes anew with `Adopt`.
    /// `furnished`: the room stood when the snapshot was made.
    Awake {
        furnished: bool,
        processes: Vec<u64>,
    },
    Stream(Stream),
}

/// What a copy can not know: microseconds since 1970, and fresh entropy of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub unix_us: u64,
    pub entropy: [u8; 32],
    /// Of this environment: the guest's machine id, and what VMGenID would be.
    pub generation: [u8; 16],
}

/// As `walls::protocol::BootWire`, in a guest's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub memory_mb: u32,
    /// `None`: a room that waits; `/tmp` comes with `Bind`.
    pub tmp_mb: Option<u32>,
    pub mounts: Vec<Mount>,
    pub nat: bool,
    /// Endpoints of the host behind its alias.
    pub allow_hosts: Vec<SocketAddr>,
}

/// Slot 0 is `/dev/vdb`. The image's root appears at `inside`, read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub slot: u8,
    pub inside: PathBuf,
}

/// As `walls::protocol::ProcessWire`, with its streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub working_directory: PathBuf,
    pub pipes: Pipes,
}

/// The streams of one program's pipes. Each has one direction: its writer sends `Data` and, when nobody can write any more,
/// `End`, which closes it; its reader sends `Credit`, or `Reset` when it reads no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipes {
    pub stdout: StreamId,
    pub stderr: StreamId,
    pub telemetry: Option<StreamId>,
    /// The host writes into this one.
    pub bind: Option<StreamId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Done,
    Stats(Stats),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    Exec { errno: i32 },
    Guest { step: String, reason: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Code(i32),
    Signal(i32),
}

/// As `sandbox::Stats`, of the room's group inside the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    pub memory_bytes: u64,
    pub memory_peak_bytes: u64,
    pub cpu_us: u64,
    pub tasks: u32,
    pub out_of_memory_kills: u64,
}

/// Bytes and their bounds, both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// At most `DATA_BYTES_MAX`, and within the credit.
    Data(StreamId, #[serde(with = "raw")] Vec<u8>),
    /// So many more bytes may come, beside the `FIRST_BYTES` that each stream begins with.
    Credit(StreamId, u32),
    /// No more bytes will come from this side.
    End(StreamId),
    /// Neither side will say more; what is on its way is dropped.
    Reset(StreamId),
}

/// The same bytes as a sequence of numbers would be, copied at once and not one by one.
mod raw {
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Raw;
        impl Visitor<'_> for Raw {
            type Value = Vec<u8>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Raw)
    }
}
