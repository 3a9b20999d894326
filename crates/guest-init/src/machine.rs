//! What the conversation asks of the machine that it runs in.

use guest_protocol::messages::{Moment, Mount, Room, Stats};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use walls::channel::Channel;
use walls::sys::StepError;

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) step: String,
    pub(crate) reason: String,
}

impl Trouble {
    pub(crate) fn new(step: &str, reason: impl fmt::Display) -> Self {
        Self { step: step.to_owned(), reason: reason.to_string() }
    }
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        Self { step: error.step.to_owned(), reason: error.reason }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.reason)
    }
}

/// A room that stands.
pub(crate) struct Furnished {
    /// To its init, which has said `Booted`.
    pub(crate) init: Channel,
    /// Listening, non-blocking.
    pub(crate) runtime_api: OwnedFd,
    pub(crate) lambda_api: OwnedFd,
    /// (step, microseconds)
    pub(crate) steps: Vec<(String, u64)>,
}

pub(crate) trait Machine {
    /// When PID 1 ran, microseconds since the kernel began.
    fn began_us(&self) -> u64;
    fn now_us(&self) -> u64;
    /// As `uname -r`.
    fn kernel(&self) -> String;
    fn set(&mut self, moment: &Moment) -> Result<(), Trouble>;
    /// It is at least so late.
    fn correct(&mut self, unix_us: u64) -> Result<(), Trouble>;
    /// Once.
    fn furnish(&mut self, room: &Room) -> Result<Furnished, Trouble>;
    fn bind(&mut self, memory_mb: u32, tmp_mb: Option<u32>, mounts: &[Mount]) -> Result<(), Trouble>;
    fn stats(&mut self) -> Result<Stats, Trouble>;
    /// Whether the kernel killed something of the room for its memory.
    fn out_of_memory(&mut self) -> bool;
    /// Stops everything in the room; answers when all of it stands. Of a machine without a room: nothing.
    fn freeze(&mut self) -> Result<(), Trouble>;
    fn thaw(&mut self) -> Result<(), Trouble>;
    fn shrink(&mut self) -> Result<(), Trouble>;
    /// The byte stream that replaces one which ended while both sides were quiet: the machine is a copy now. An error:
    /// nobody is there.
    fn reconnect(&mut self, lost: OwnedFd) -> io::Result<OwnedFd>;
}
