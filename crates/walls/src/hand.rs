//! A hand: a process of the spawner that does slow work of the host, so that the spawner's loop never waits for it.
//!
//! ```text
//!  spawner ── Job ──▶ hand          one job after the other; answers come in the jobs' order
//!          ◀─ Done | Failed ──      Done of a file system carries its mount
//!  no answer for the job's time ──▶ killed by the spawner, who goes on without it
//! ```
//!
//! It is the spawner's own code, forked, with the spawner's privilege, and takes orders from the spawner alone: no byte
//! of a guest or of the server reaches it but a size and a name of ours. It is pid 1 of a pid namespace of its own, so
//! that a
//! `mkfs.ext4` that it runs ends with it, and it ends with the spawner.

use crate::channel::{Channel, MESSAGE_BYTES_MAX};
use crate::sys::{self, Forked, StepError};
use crate::tmp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// Jobs asked for and not answered. Messages are small; the socket holds more than these.
pub const JOBS_MAX: usize = 64;
/// Nice value: what is made ahead must not compete with what somebody waits for.
const NICE: i32 = 10;

/// From the spawner to the hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// Prepare a file system for `/tmp`.
    Tmp { size_mb: u32 },
    /// Write `text` to a control file that works while it is written to, and say by how much `usage` fell.
    Reclaim { file: PathBuf, text: String, usage: PathBuf },
}

/// From the hand to the spawner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// With the mount, if it was a file system. Bytes that were given back, if it was a reclaim.
    Done {
        bytes: u64,
    },
    Failed {
        step: String,
        reason: String,
    },
}

/// The spawner's end of one hand. Dropping it kills the process; somebody must reap `pidfd` ([`Hand::end`] gives it).
pub struct Hand {
    channel: Channel,
    pidfd: OwnedFd,
    /// Asked for, not yet answered; with the caller's own number.
    asked: VecDeque<u64>,
    /// When there was last progress, or the first of the jobs was asked for.
    progress_ms: u64,
}

impl Hand {
    /// Forks one, which keeps `life` open as long as it runs; see `sweep`.
    ///
    /// # Safety
    /// As [`sys::fork_into_pid_namespace`]: the process must have one thread.
    pub unsafe fn start(tmp: &tmp::Kind, life: i32) -> io::Result<Self> {
        let (channel, theirs) = Channel::pair()?;
        // SAFETY: by the caller's promise.
        match unsafe { sys::fork_into_pid_namespace() }? {
            Forked::Child => work(theirs, tmp, life),
            Forked::Parent { pidfd, .. } => {
                Ok(Self { channel, pidfd, asked: VecDeque::new(), progress_ms: 0 })
            }
        }
    }

    /// Asks for a job; `false` if the hand has enough to do.
    pub fn ask(&mut self, number: u64, job: &Job, now_ms: u64) -> bool {
        if self.asked.len() >= JOBS_MAX || self.channel.send(job, &[]).is_err() {
            return false;
        }
        if self.asked.is_empty() {
            self.progress_ms = now_ms;
        }
        self.asked.push_back(number);
        true
    }

    /// The next answer with its job's number; `None` if there is none yet. An error is the hand's end.
    pub fn answer(
        &mut self,
        buffer: &mut [u8],
        now_ms: u64,
    ) -> io::Result<Option<(u64, Outcome, Vec<OwnedFd>)>> {
        match self.channel.receive::<Outcome>(buffer) {
            Ok(Some((outcome, fds))) => {
                self.progress_ms = now_ms;
                let number = self.asked.pop_front().ok_or(io::ErrorKind::InvalidData)?;
                Ok(Some((number, outcome, fds)))
            }
            Ok(None) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// When the first job's time is over, if it may take this long.
    pub fn due_ms(&self, most_ms: u64) -> Option<u64> {
        (!self.asked.is_empty()).then(|| self.progress_ms + most_ms)
    }

    /// Kills it; what it was asked and the descriptor by which it is to be reaped.
    pub fn end(self) -> (VecDeque<u64>, OwnedFd) {
        // It may have ended by itself.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, rustix::process::Signal::KILL);
        (self.asked, self.pidfd)
    }
}

impl AsFd for Hand {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

/// The life of the process.
fn work(channel: Channel, tmp: &tmp::Kind, life: i32) -> ! {
    crate::fault::arm_child(None);
    let prepared = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    sys::reset_signals();
    sys::close_all_but(&[channel.as_raw_fd(), life]);
    // SAFETY: numbers, and a name that lives as long as the program. Being refused only means to compete, or to be
    // called as the spawner is.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
        libc::prctl(libc::PR_SET_NAME, c"tinderbox-hand".as_ptr());
    }
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    while prepared.is_ok() {
        // The end of the spawner is the end of the channel, also if it came before the signal was asked for.
        let Ok(Some((job, _))) = channel.receive_waiting::<Job>(&mut buffer) else { break };
        let (outcome, mount) = match perform(&job, tmp) {
            Ok((bytes, mount)) => (Outcome::Done { bytes }, mount),
            Err(error) => (Outcome::Failed { step: error.step.to_owned(), reason: error.reason }, None),
        };
        let fds: Vec<BorrowedFd<'_>> = mount.iter().map(AsFd::as_fd).collect();
        if channel.send(&outcome, &fds).is_err() {
            break;
        }
    }
    sys::exit_now(0)
}

fn perform(job: &Job, tmp: &tmp::Kind) -> Result<(u64, Option<OwnedFd>), StepError> {
    match job {
        Job::Tmp { size_mb } => Ok((0, Some(tmp.prepare(*size_mb)?))),
        Job::Reclaim { file, text, usage } => {
            let number = |at: &PathBuf| -> u64 {
                std::fs::read_to_string(at).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
            };
            let before = number(usage);
            match std::fs::write(file, text) {
                // Less than asked for could be given back, or (version 1) something is in use: as expected.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EBUSY)) => {}
                Err(error) => {
                    return Err(StepError { step: "memory reclaim", reason: error.to_string() });
                }
                Ok(()) => {}
            }
            Ok((before.saturating_sub(number(usage)), None))
        }
    }
}
