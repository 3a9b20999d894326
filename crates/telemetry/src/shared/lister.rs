//! Walks the sections of a group from one end of time to the other, by pages of the index.
//!
//! `Kv` lists upwards only. Forward that is one walk from the range's beginning; backward, windows of time are listed one
//! after the other, each twice as long as the one before, so that the newest lines of a long log are found in the first.

use super::scan::{Direction, Rank, rank};
use crate::index::{self, BUCKET_MS, Entry, SPAN_MS};
use crate::stores::Stores;
use substrate::{Key, KvError};

/// The first window: a bucket and what reaches into it.
const WINDOW_MS: u64 = BUCKET_MS;

/// A walk that has come so far.
pub(super) struct Lister {
    prefix: Key,
    direction: Direction,
    /// Events of interest lie between these, both included.
    start_ms: u64,
    end_ms: u64,
    /// Where the next page begins.
    after: Option<Key>,
    /// Backward: the window's end, which is not in it; `None` for all that there is.
    until: Option<u64>,
    /// Backward: its beginning, where a bucket begins, and its width.
    window_from: u64,
    width_ms: u64,
    /// Whatever is not listed yet ranks here or beyond.
    frontier: Rank,
    done: bool,
}

impl Lister {
    pub(super) fn new(
        prefix: Key,
        direction: Direction,
        start_ms: u64,
        end_ms: u64,
        now_ms: u64,
    ) -> Result<Self, KvError> {
        let (window_from, until) = match direction {
            Direction::Forward => (start_ms, None),
            Direction::Backward if end_ms >= now_ms => (aligned(now_ms.saturating_sub(WINDOW_MS)), None),
            // A section that ends so much later may begin in time.
            Direction::Backward => {
                (aligned(end_ms.saturating_sub(WINDOW_MS)), Some(end_ms.saturating_add(SPAN_MS + 1)))
            }
        };
        let after = index::entries_from(&prefix, window_from)?;
        let width_ms = WINDOW_MS;
        let frontier = Rank::NEAREST;
        Ok(Self {
            prefix,
            direction,
            start_ms,
            end_ms,
            after,
            until,
            window_from,
            width_ms,
            frontier,
            done: start_ms > end_ms,
        })
    }

    pub(super) fn frontier(&self) -> Rank {
        if self.done { Rank::FARTHEST } else { self.frontier }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// One more page; those that reach into the range.
    pub(super) async fn more(&mut self, stores: &Stores) -> Result<Vec<(Key, Entry)>, KvError> {
        let page = stores.list_sections(&self.prefix, self.after.as_ref()).await?;
        let mut entries = Vec::with_capacity(page.entries.len());
        let mut past = false;
        let mut last_ms = None;
        for found in page.entries {
            let bucket_ms = index::bucket_ms(&found.key)?;
            if self.until.is_some_and(|until| bucket_ms >= until) {
                past = true;
                break;
            }
            last_ms = Some(bucket_ms);
            for entry in index::read::<Vec<Entry>>(&found.value)? {
                if entry.first_ms <= self.end_ms && entry.last_ms >= self.start_ms {
                    entries.push((found.key.clone(), entry));
                }
            }
            self.after = Some(found.key);
        }
        let more = page.more && !past;
        match self.direction {
            Direction::Forward => self.forward(more, last_ms),
            Direction::Backward if !more => self.next_window()?,
            Direction::Backward => {}
        }
        Ok(entries)
    }

    fn forward(&mut self, more: bool, last_ms: Option<u64>) {
        match last_ms {
            Some(last_ms) if more && last_ms.saturating_sub(SPAN_MS) <= self.end_ms => {
                self.frontier = rank(Direction::Forward, last_ms.saturating_sub(SPAN_MS), 0);
            }
            _ => self.done = true,
        }
    }

    fn next_window(&mut self) -> Result<(), KvError> {
        if self.window_from <= self.start_ms {
            self.done = true;
            return Ok(());
        }
        // What is not listed is in a bucket before the window.
        self.frontier = rank(Direction::Backward, self.window_from - 1, u64::MAX);
        self.until = Some(self.window_from);
        self.width_ms = self.width_ms.saturating_mul(2);
        self.window_from = aligned(self.window_from.saturating_sub(self.width_ms));
        self.after = index::entries_from(&self.prefix, self.window_from)?;
        Ok(())
    }
}

/// Where its bucket begins.
fn aligned(ms: u64) -> u64 {
    ms - ms % BUCKET_MS
}
