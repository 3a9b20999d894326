//! `Log`: an ordered, durable, fenced sequence of appends.
//!
//! Shaped for the journal: one writer at a time appends, each time naming the position that it believes to be the
//! last, so that who was deposed meanwhile fails instead of writing; any number follow. Positions are dense (each
//! append takes the next number), so a reader knows from the numbers alone that it has missed nothing. One append
//! carries many records and is one unit: on the disk, on the wire, and to readers. Shaped for a table of SQLite's and
//! for one JetStream stream, whose sequence is the position.
//!
//! ```text
//!            trimmed                 kept                      the next append, if it expects `last`
//!  1 ─────────────────► first ───────────────────────► last ┄┄┄┄► last + 1
//!                         └── read(after) ── entries ──┘
//! ```

mod follow;
pub(crate) mod frame;

pub use follow::{Followed, Follower};

use crate::kv::Watch;
use bytes::Bytes;
use std::fmt;

/// Most bytes of one append, all records with their framing: half of the 1 MiB that NATS lets a message have.
pub const APPEND_BYTES_MAX: usize = 512 * 1024;
/// Most records of one append.
pub const APPEND_RECORDS_MAX: usize = 4_096;
/// Most entries that one read answers.
pub const READ_ENTRIES_MAX: usize = 256;
/// About as many bytes as one read answers: it ends after the entry that reaches it.
pub const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest name of a log.
pub const NAME_BYTES_MAX: usize = 32;

/// How many appends there were, up to and with this one. 0: none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Before the first append.
    pub const START: Self = Self(0);

    /// The next append's.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A log's name: `[a-z0-9_-]`, 1 to 32 bytes. It becomes part of the names of files, streams and subjects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogName(String);

impl LogName {
    /// `None` for a text that is no name.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let valid = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One append, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub position: Position,
    pub records: Vec<Bytes>,
}

/// What is kept: entries `first` to `last`. With nothing kept `first` is the position after `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: Position,
    pub last: Position,
}

/// What one read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Dense and in order.
    pub entries: Vec<LogEntry>,
    /// The log's last position when it was read: beyond the last entry, there is more to read.
    pub last: Position,
}

/// Why the log refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Somebody else appended, or the expected position was never reached. Nothing was appended, ever: whoever gets
    /// this as a leader has been deposed.
    #[error("the log is at {current}, not where the append expected it")]
    WrongPosition { current: Position },
    /// No room. Nothing was appended; trimming makes room.
    #[error("no room: {reason}")]
    Full { reason: String },
    /// The append is beyond a bound. Nothing was appended.
    #[error("an append of {records} records and {bytes} bytes is too large")]
    TooLarge { records: usize, bytes: usize },
    /// An append without records.
    #[error("an append carries at least one record")]
    Empty,
    /// What was to be read has been trimmed: begin with a snapshot of at least `first`'s predecessor.
    #[error("the log begins at {first}")]
    Trimmed { first: Position },
    /// Too many appends wait. Nothing was appended.
    #[error("too many appends wait")]
    Busy,
    /// The log can not be reached or failed. An append may or may not have been, or may still be, appended: the same
    /// append may be made again (one of the two gets `WrongPosition`), or read from the expected position on.
    #[error("unavailable: {reason}")]
    Unavailable { reason: String },
    /// What is stored at the position is not what was appended.
    #[error("corrupt at {position}: {reason}")]
    Corrupt { position: Position, reason: String },
}

impl LogError {
    /// The very same call may succeed if made again soon.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable { .. })
    }
}

/// One log. Obligations, all in the conformance suite: what `append` answered `Ok` for survives kill -9 and loss of
/// power; an append is there whole or not at all, and at most once, also when its answer was lost on the way; of two
/// that expect the same position one wins; a read sees every append answered before it began; positions are dense and
/// never used again.
#[async_trait::async_trait]
pub trait Log: Send + Sync + 'static {
    /// Appends the records as one entry if the last position is `expected`; answers the entry's position. Dropping
    /// the future does not take the append back.
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError>;

    /// Entries after `after`, at most `max` and [`READ_ENTRIES_MAX`], about [`READ_BYTES_MAX`].
    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError>;

    /// What is kept.
    async fn span(&self) -> Result<Span, LogError>;

    /// Forgets entries up to and with `through`, for good; at most all. Forgetting what is forgotten is no error.
    async fn trim(&self, through: Position) -> Result<(), LogError>;

    /// Hints of appends from now on.
    fn watch(&self) -> Watch;
}

/// The bounds that every provider keeps.
pub fn check_append(records: &[Bytes]) -> Result<(), LogError> {
    if records.is_empty() {
        return Err(LogError::Empty);
    }
    let bytes = frame::bytes_of(records);
    if records.len() > APPEND_RECORDS_MAX || bytes > APPEND_BYTES_MAX {
        return Err(LogError::TooLarge { records: records.len(), bytes });
    }
    Ok(())
}
