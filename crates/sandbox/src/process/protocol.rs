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

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

/// Both ends are one binary, but a test may mix two builds: they must notice.
pub(crate) const VERSION: u32 = 2;
/// Longest message. A process has at most 4 KB of user variables, and paths; the kernel's default send buffer
/// (208 KiB) takes one packet of this size.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// File descriptors with one message: four pipes, or two doors.
pub(crate) const FDS_MAX: usize = 4;

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
    /// For tests.
    pub(crate) fault: Option<super::Fault>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Boot { environment: u64, spec: BootWire },
    Start { environment: u64, process: u64, spec: ProcessWire },
    Bind { environment: u64, memory_mb: u32, mounts: Vec<(PathBuf, PathBuf)> },
    Stats { environment: u64 },
    Pause { environment: u64 },
    Resume { environment: u64 },
    Reclaim { environment: u64 },
    Stop { environment: u64 },
    Shutdown,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BootWire {
    pub(crate) memory_mb: u32,
    pub(crate) tmp_mb: u32,
    /// (host, inside)
    pub(crate) mounts: Vec<(PathBuf, PathBuf)>,
    pub(crate) nat: bool,
    pub(crate) allow_hosts: Vec<SocketAddr>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProcessWire {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) working_directory: PathBuf,
    pub(crate) telemetry: bool,
    pub(crate) bind: bool,
}

impl ProcessWire {
    /// Descriptors that ride with it.
    pub(crate) fn pipes(&self) -> usize {
        2 + usize::from(self.telemetry) + usize::from(self.bind)
    }
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
    /// With the listeners of both doors.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StatusWire {
    Code(i32),
    Signal(i32),
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

/// From the spawner to an init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToInit {
    /// With the write ends of stdout, stderr and, if asked for, telemetry, and the read end of the bind pipe.
    Start { process: u64, spec: ProcessWire },
}

/// From an init to the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromInit {
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

/// One end of a conversation.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: OwnedFd,
}

/// A message and the descriptors that rode with it.
pub(crate) type Received<T> = (T, Vec<OwnedFd>);

impl Channel {
    /// Both ends, closed on exec, non-blocking.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (one, other) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self { socket: one }, Self { socket: other }))
    }

    /// An end that came from elsewhere.
    pub(crate) fn from_fd(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// Sends one message, or `WouldBlock`.
    pub(crate) fn send<T: Serialize>(&self, message: &T, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.send_bytes(&encode(message)?, fds)
    }

    /// Sends what [`encode`] made.
    pub(crate) fn send_bytes(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::other("too many descriptors for one message"));
        }
        rustix::net::sendmsg(&self.socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message, `None` when the other end is gone, or `WouldBlock`.
    pub(crate) fn receive<T: DeserializeOwned>(&self, buffer: &mut [u8]) -> io::Result<Option<Received<T>>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = rustix::net::recvmsg(&self.socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags)?;
        let mut fds = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        if got.bytes == 0 {
            return Ok(None);
        }
        if got.flags.contains(ReturnFlags::TRUNC) {
            return Err(io::Error::other("message too long"));
        }
        let bytes = buffer.get(..got.bytes).unwrap_or_default();
        let message = postcard::from_bytes(bytes).map_err(io::Error::other)?;
        Ok(Some((message, fds)))
    }

    /// Waits until there is something to receive (or the end); for phases in which nothing else can happen.
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        loop {
            let mut polled = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::IN)];
            match rustix::event::poll(&mut polled, None) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for one message.
    pub(crate) fn receive_waiting<T: DeserializeOwned>(
        &self,
        buffer: &mut [u8],
    ) -> io::Result<Option<Received<T>>> {
        loop {
            self.wait_readable()?;
            match self.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A message as bytes, refused if too long for the other side.
pub(crate) fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "message too long for the spawner"));
    }
    Ok(bytes)
}

/// Takes over a descriptor that was inherited across exec by number.
pub(crate) fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD only asks whether the number is open.
    if fd < 3 || unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is open, and the protocol gives this number to nobody else in this process.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_whole_with_its_descriptors() {
        let (one, other) = Channel::pair().unwrap();
        let (read, write) = rustix::pipe::pipe().unwrap();
        one.send(&FromInit::Started { process: 7 }, &[read.as_fd(), write.as_fd()]).unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let (message, fds) = other.receive::<FromInit>(&mut buffer).unwrap().unwrap();
        assert!(matches!(message, FromInit::Started { process: 7 }));
        assert_eq!(fds.len(), 2);
    }

    #[test]
    fn the_end_of_the_other_side_is_none_and_silence_would_block() {
        let (one, other) = Channel::pair().unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let silence = other.receive::<FromInit>(&mut buffer).unwrap_err();
        assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
        drop(one);
        assert!(other.receive::<FromInit>(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn a_message_that_is_too_long_or_garbage_is_refused() {
        assert!(encode(&FromSpawner::Refused("x".repeat(MESSAGE_BYTES_MAX))).is_err());
        let (one, other) = Channel::pair().unwrap();
        one.send_bytes(&[0xff; 9], &[]).unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        assert!(other.receive::<FromInit>(&mut buffer).is_err());
    }
}
