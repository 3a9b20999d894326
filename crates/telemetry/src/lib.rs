//! Log lines and waterfalls: stored, bounded, queried. The role behind [`fabric::telemetry::Telemetry`].
//!
//! One SQLite file, `logs.db`, that a user can open. One task owns the only connection that writes and commits
//! all that waits for it at once ([`writer`]); readers have connections of their own and never wait for it.
//!
//! **What is durable when.** A call that answered is in the write-ahead log, handed to the kernel: kill -9 of the
//! server at any moment loses nothing that was acknowledged. With `synchronous = NORMAL` the log is not flushed
//! to the disk on each commit, so a power cut may lose the last transactions before it (never more than those
//! since the last checkpoint, and never the consistency of the file). Logs are worth that; functions are not kept here.
//!
//! **What is bounded.** The file with its write-ahead log stays under [`Settings::bytes_max`]: the events that
//! arrived first go first, in batches, and their pages are used again. A stream that lost its last event that way
//! goes with it, since there is one for each environment that ever was. Traces, groups, names, pages, scans and
//! the mailbox have limits of their own.

mod backlog;
mod block;
mod bounds;
mod database;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod garbage;
mod index;
mod page;
mod pattern;
mod read;
mod shared;
mod ship;
mod store;
mod stores;
mod token;
mod trace;
mod write;
mod writer;

pub use database::OpenError;
pub use shared::{LiveStores, Shared};
pub use ship::Shipper;
pub use store::Store;

/// How much is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes on disk, write-ahead log included; at least [`BYTES_MAX_FLOOR`].
    pub bytes_max: u64,
    /// Retention of a group that has no policy of its own, days; `None` keeps until the space is needed.
    pub retention_days_default: Option<u32>,
    /// Waterfalls kept, newest first.
    pub traces_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { bytes_max: 256 * 1024 * 1024, retention_days_default: None, traces_max: 10_000 }
    }
}

/// How much all workers together keep in the shared stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSettings {
    /// Bytes of all sections, compressed; beyond, the oldest of the largest group of the largest account go.
    pub bytes_max: u64,
    /// KiB of the index in `Kv`, likewise: each entry takes one at least, and its keys are not counted.
    pub entries_max: u64,
    /// Retention of a group that has no policy of its own, days; `None` keeps until the space is needed.
    pub retention_days_default: Option<u32>,
    /// Waterfalls of one account and region, newest first.
    pub traces_max: u64,
}

impl Default for SharedSettings {
    fn default() -> Self {
        Self {
            bytes_max: 8 * 1024 * 1024 * 1024,
            entries_max: 400_000,
            retention_days_default: None,
            traces_max: 10_000,
        }
    }
}

/// Less than this can not hold one full batch, its indexes and a write-ahead log.
pub const BYTES_MAX_FLOOR: u64 = 16 * 1024 * 1024;
/// CloudWatch Logs counts 26 bytes for each event beside its message (`PutLogEvents`, "batch size").
pub const EVENT_OVERHEAD_BYTES: u64 = 26;
