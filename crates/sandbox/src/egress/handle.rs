//! The spawner's end: start the egress process, attach and detach environments, notice its death.
//!
//! For a single-threaded caller, in two ways. [`Handle::start`], [`Handle::attach`] and [`Handle::detach`] wait for
//! their answers. A caller with a loop of its own uses `begin`, `post_attach`, `post_detach` and `next_answer`, which
//! never wait: answers come in the orders' order, the first is that of the beginning. One handle is used in one way.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use thiserror::Error;

use super::protocol::{self, Answer, Order};
use super::{EnvironmentNumber, Policy};

/// Longer than any answer takes; a process that is silent for so long is as good as dead.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How to start the egress process.
#[derive(Debug, Clone)]
pub struct Start {
    /// The program, normally `/proc/self/exe`.
    pub program: PathBuf,
    /// Its arguments; they must lead to [`super::main`] with descriptor 0.
    pub arguments: Vec<OsString>,
    /// The user it becomes: nobody else's, with no file of its own.
    pub uid: u32,
    /// The group it becomes.
    pub gid: u32,
    /// Where the host's resolvers are named, normally `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
}

/// Why the egress process did not do what it was asked.
#[derive(Debug, Error)]
pub enum EgressError {
    /// It could not be started.
    #[error("the egress process did not start")]
    Start {
        /// What failed.
        source: io::Error,
    },
    /// It is gone or does not answer: start another and attach every environment again.
    #[error("the egress process is gone")]
    Gone {
        /// What failed.
        source: io::Error,
    },
    /// It is there and says no.
    #[error("the egress process refused: {reason}")]
    Refused {
        /// Its reason.
        reason: String,
    },
}

impl EgressError {
    /// Whether a new egress process may do what this one did not.
    pub fn is_gone(&self) -> bool {
        matches!(self, EgressError::Gone { .. })
    }
}

/// A running egress process. Dropping it ends the process and reaps it.
#[derive(Debug)]
pub struct Handle {
    control: OwnedFd,
    pid: u32,
    /// Names the process also after somebody else reaped it and its id went to another.
    /// `None` when somebody else reaps it.
    pidfd: Option<OwnedFd>,
}

impl Handle {
    /// Starts the process and waits until it has given up its privileges. The caller must be privileged, in the
    /// host's network namespace, and its thread must live as long as the process shall.
    pub fn start(start: &Start) -> Result<Handle, EgressError> {
        let failed = |source: io::Error| EgressError::Start { source };
        let mut handle = Handle::begin(start)?;
        match handle.answer() {
            Ok(Answer::Ready) => Ok(handle),
            Ok(Answer::Refused(reason)) => Err(EgressError::Refused { reason }),
            Ok(other) => Err(failed(io::Error::other(format!("it answered {other:?}")))),
            Err(EgressError::Gone { source }) => Err(EgressError::Start { source }),
            Err(other) => Err(other),
        }
    }

    /// Starts the process and does not wait for its word.
    pub(crate) fn begin(start: &Start) -> Result<Handle, EgressError> {
        let failed = |source: io::Error| EgressError::Start { source };
        let (control, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(|error| failed(error.into()))?;
        for timeout in [sockopt::Timeout::Recv, sockopt::Timeout::Send] {
            sockopt::set_socket_timeout(&control, timeout, Some(ANSWER_MAX))
                .map_err(|error| failed(error.into()))?;
        }
        let child = Command::new(&start.program)
            .args(&start.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let pid = child.id();
        let known = rustix::process::Pid::from_raw(pid as i32).ok_or(rustix::io::Errno::SRCH);
        let pidfd = known
            .and_then(|known| rustix::process::pidfd_open(known, rustix::process::PidfdFlags::empty()))
            .map_err(|error| failed(error.into()))?;
        let handle = Handle { control, pid, pidfd: Some(pidfd) };
        let begin = Order::Begin { uid: start.uid, gid: start.gid, resolv_conf: start.resolv_conf.clone() };
        protocol::send(&handle.control, &begin, None).map_err(failed)?;
        Ok(handle)
    }

    /// Orders what [`Handle::attach`] does; `false` if there is no room for an order now.
    pub(crate) fn post_attach(
        &self,
        environment: EnvironmentNumber,
        tun: BorrowedFd<'_>,
        policy: &Policy,
    ) -> Result<bool, EgressError> {
        self.post(&Order::Attach { environment, policy: policy.clone() }, Some(tun))
    }

    /// Orders what [`Handle::detach`] does; `false` if there is no room for an order now.
    pub(crate) fn post_detach(&self, environment: EnvironmentNumber) -> Result<bool, EgressError> {
        self.post(&Order::Detach { environment }, None)
    }

    /// The next answer, `None` if there is none yet.
    pub(crate) fn next_answer(&self) -> Result<Option<Answer>, EgressError> {
        match protocol::receive_now::<Answer>(&self.control) {
            Ok(Some((answer, _))) => Ok(Some(answer)),
            Ok(None) => Err(EgressError::Gone { source: io::Error::from(io::ErrorKind::UnexpectedEof) }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(source) => Err(EgressError::Gone { source }),
        }
    }

    /// Kills the process and does not wait for its end, which the descriptor tells; the caller reaps it.
    pub(crate) fn end(mut self) -> Option<OwnedFd> {
        let pidfd = self.pidfd.take()?;
        // It may have ended by itself.
        let _ = rustix::process::pidfd_send_signal(&pidfd, rustix::process::Signal::KILL);
        Some(pidfd)
    }

    fn post(&self, order: &Order, descriptor: Option<BorrowedFd<'_>>) -> Result<bool, EgressError> {
        match protocol::send_now(&self.control, order, descriptor) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(source) => Err(EgressError::Gone { source }),
        }
    }

    /// Serves an environment's TUN under `policy`. The descriptor is copied: keep yours, to attach it to the next
    /// process if this one dies, and close it when the environment goes. A number that is attached is replaced.
    pub fn attach(
        &mut self,
        environment: EnvironmentNumber,
        tun: BorrowedFd<'_>,
        policy: &Policy,
    ) -> Result<(), EgressError> {
        self.order(&Order::Attach { environment, policy: policy.clone() }, Some(tun))
    }

    /// Ends an environment's flows and closes the process's copy of its TUN. Unknown numbers are no error.
    pub fn detach(&mut self, environment: EnvironmentNumber) -> Result<(), EgressError> {
        self.order(&Order::Detach { environment }, None)
    }

    /// The process, as its parent knows it. A caller that reaps all its children may reap this one too.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    fn order(&mut self, order: &Order, descriptor: Option<BorrowedFd<'_>>) -> Result<(), EgressError> {
        match self.ask(order, descriptor)? {
            Answer::Done => Ok(()),
            Answer::Refused(reason) => Err(EgressError::Refused { reason }),
            Answer::Ready => Err(EgressError::Gone { source: io::Error::other("it answered out of turn") }),
        }
    }

    fn ask(&mut self, order: &Order, descriptor: Option<BorrowedFd<'_>>) -> Result<Answer, EgressError> {
        let gone = |source: io::Error| EgressError::Gone { source };
        protocol::send(&self.control, order, descriptor).map_err(gone)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer, EgressError> {
        let gone = |source: io::Error| EgressError::Gone { source };
        match protocol::receive::<Answer>(&self.control).map_err(gone)? {
            Some((answer, _)) => Ok(answer),
            None => Err(gone(io::Error::from(io::ErrorKind::UnexpectedEof))),
        }
    }
}

impl AsFd for Handle {
    /// Readable when there is an answer, or the process died (of which waiting callers see the latter only).
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(pidfd) = &self.pidfd else { return };
        // Both fail only if the process is gone and reaped already.
        let _ = rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL);
        let _ = rustix::process::waitid(
            rustix::process::WaitId::PidFd(pidfd.as_fd()),
            rustix::process::WaitIdOptions::EXITED,
        );
    }
}
