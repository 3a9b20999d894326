//! One page of a search while it is filled, and the bounds of all pages.
//!
//! Items, answered bytes, and what was looked at are bounded, so that one request never occupies a reader for long.

use crate::token::Position;
use fabric::telemetry::StoredEvent;

/// `GetLogEvents` and `FilterLogEvents` answer "up to 10,000 events" ...
pub(crate) const PAGE_EVENTS_MAX: usize = 10_000;
/// ... "or 1 MB".
pub(crate) const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Events that one search looks at before it answers what it has and a token.
pub(crate) const SCAN_EVENTS_MAX: usize = 50_000;
/// Bytes of messages that one search looks at.
pub(crate) const SCAN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a search has found.
pub(crate) struct Search {
    items_max: usize,
    pub(crate) events: Vec<StoredEvent>,
    /// The last event that was looked at.
    pub(crate) at: Position,
    /// A bound was reached before the end.
    pub(crate) stopped: bool,
    bytes: usize,
    scanned: usize,
    scanned_bytes: usize,
}

impl Search {
    pub(crate) fn new(items_max: usize, from: Position) -> Self {
        Self {
            items_max,
            events: Vec::new(),
            at: from,
            stopped: false,
            bytes: 0,
            scanned: 0,
            scanned_bytes: 0,
        }
    }

    /// Looks at an event with a message of `bytes`, or stops before it. True if it belongs to the page: the caller, who
    /// may not have read all of it yet, puts it there.
    pub(crate) fn look(&mut self, at: Position, bytes: usize, wanted: bool) -> bool {
        self.stopped = self.events.len() >= self.items_max
            || (wanted && !self.events.is_empty() && self.bytes + bytes > PAGE_BYTES_MAX)
            || self.scanned >= SCAN_EVENTS_MAX
            || self.scanned_bytes >= SCAN_BYTES_MAX;
        if self.stopped {
            return false;
        }
        self.scanned += 1;
        self.scanned_bytes += bytes;
        self.at = at;
        if wanted {
            self.bytes += bytes;
        }
        wanted
    }
}
