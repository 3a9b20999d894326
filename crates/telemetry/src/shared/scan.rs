//! Events of a group in order, from sections and fresh lines, each once.
//!
//! ```text
//!   index, page by page ──▶ pending sections ──▶ buffer, by (time, id) ──▶ the next event
//!                            nearest first        ▲                        once no section that is pending or
//!   fresh lines ──────────────────────────────────┘                        not listed can have a nearer one
//! ```
//! Blocks are fetched only when their section is the nearest, so a page costs what is on it. What a live store had no room
//! to answer, and what a full buffer let go, is a horizon: the scan ends there, and the next page goes on from it.

use super::Shared;
use super::group::View;
use super::lister::Lister;
use crate::block::{self, Body, Place};
use crate::index::{self, Entry, GroupRecord, kv_error};
use crate::stores::blob_error;
pub(super) use crate::token::Direction;
use crate::token::Position;
use fabric::telemetry::{FreshLines, StoredEvent, TelemetryError};
use std::collections::BTreeMap;
use substrate::{BlobError, BlobKey, Key};

/// Bytes of events that wait for their turn: sections of as many workers overlap.
const BUFFER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A place in the direction of reading: what is read first is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u64, u64);

impl Rank {
    pub(super) const NEAREST: Self = Self(0, 0);
    pub(super) const FARTHEST: Self = Self(u64::MAX, u64::MAX);
}

pub(super) fn rank(direction: Direction, timestamp_ms: u64, id: u64) -> Rank {
    match direction {
        Direction::Forward => Rank(timestamp_ms, id),
        Direction::Backward => Rank(!timestamp_ms, !id),
    }
}

/// Why a scan did not end.
pub(super) enum ScanError {
    /// A section moved while it was read: its group's were merged or cleared away. Begin again.
    Moved,
    Failed(TelemetryError),
}

impl From<TelemetryError> for ScanError {
    fn from(error: TelemetryError) -> Self {
        Self::Failed(error)
    }
}

/// Which events.
pub(super) struct Range<'a> {
    pub(super) direction: Direction,
    /// Strictly beyond this.
    pub(super) from: Position,
    pub(super) start_ms: u64,
    /// Included.
    pub(super) end_ms: u64,
    /// Of these streams.
    pub(super) wanted: &'a (dyn Fn(&str) -> bool + Send + Sync),
}

pub(super) struct Scan<'a> {
    shared: &'a Shared,
    view: &'a View,
    range: Range<'a>,
    listers: Vec<Lister>,
    pending: BTreeMap<(Rank, BlobKey, u32), Pending>,
    buffer: BTreeMap<Rank, StoredEvent>,
    bytes: usize,
    /// From here on events may be missing.
    horizon: Option<Rank>,
    /// The last block that was fetched: it may have several sections of the group.
    block: Option<(BlobKey, bytes::Bytes)>,
}

struct Pending {
    /// In the index.
    key: Key,
    blob: BlobKey,
    place: Place,
    store: u64,
}

impl<'a> Scan<'a> {
    /// A scan over what `fresh` has, which was asked before, and the index.
    pub(super) fn new(
        shared: &'a Shared,
        view: &'a View,
        range: Range<'a>,
        fresh: Vec<FreshLines>,
    ) -> Result<Self, TelemetryError> {
        let mut scan = Self {
            shared,
            view,
            listers: Vec::new(),
            pending: BTreeMap::new(),
            buffer: BTreeMap::new(),
            bytes: 0,
            horizon: None,
            block: None,
            range,
        };
        if let Some(record) = &view.record {
            scan.listers.push(scan.lister("block", record)?);
            scan.listers.push(scan.lister("wide", record)?);
        }
        for lines in fresh {
            if let Some(last) = lines.events.last().filter(|_| lines.more) {
                scan.cut_behind(rank(scan.range.direction, last.timestamp_ms, last.id));
            }
            for event in lines.events {
                scan.add(lines.store, event);
            }
        }
        Ok(scan)
    }

    fn lister(&self, list: &str, record: &GroupRecord) -> Result<Lister, TelemetryError> {
        let (mut start_ms, mut end_ms) = (self.range.start_ms, self.range.end_ms);
        let from_ms = u64::try_from(self.range.from.ts).unwrap_or(0);
        match self.range.direction {
            Direction::Forward => start_ms = start_ms.max(from_ms),
            Direction::Backward => end_ms = end_ms.min(from_ms),
        }
        // A wide section may begin any time before it ends: all of them are listed.
        let (direction, now_ms) = match list {
            "wide" => (Direction::Forward, 0),
            _ => (self.range.direction, self.shared.stores.world.wall().millis()),
        };
        let prefix = index::list_prefix(list, &self.view.scope, &self.view.name, record.generation);
        let lister = prefix.and_then(|prefix| match list {
            "wide" => Lister::new(prefix, direction, start_ms, u64::MAX, now_ms),
            _ => Lister::new(prefix, direction, start_ms, end_ms, now_ms),
        });
        lister.map_err(|error| kv_error(&error))
    }

    /// The next event; `None` at the end, or at the horizon.
    pub(super) async fn next(&mut self) -> Result<Option<StoredEvent>, ScanError> {
        loop {
            let buffered = self.buffer.first_key_value().map_or(Rank::FARTHEST, |(rank, _)| *rank);
            let pending = self.pending.first_key_value().map_or(Rank::FARTHEST, |((rank, ..), _)| *rank);
            let horizon = self.horizon.unwrap_or(Rank::FARTHEST);
            if let Some(lister) = self.next_lister(buffered.min(pending).min(horizon)) {
                self.list(lister).await?;
                continue;
            }
            if !self.pending.is_empty() && pending <= buffered && pending < horizon {
                self.fetch().await?;
                continue;
            }
            let Some((_, event)) = self.buffer.pop_first() else { return Ok(None) };
            self.bytes = self.bytes.saturating_sub(event.message.len());
            return Ok(Some(event));
        }
    }

    /// Where the scan ends before the end of the events: the last place of which everything was given.
    pub(super) fn horizon(&self) -> Option<Position> {
        let Rank(first, second) = self.horizon?;
        // The place before it, in the direction of reading.
        let (first, second) = match second.checked_sub(1) {
            Some(second) => (first, second),
            None => (first.saturating_sub(1), u64::MAX),
        };
        let (ts, id) = match self.range.direction {
            Direction::Forward => (first, second),
            Direction::Backward => (!first, !second),
        };
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Some(Position { ts: number(ts), id: number(id) })
    }

    /// A list that may still have sections up to `bound`. Wide ones are listed whole before anything is given.
    fn next_lister(&self, bound: Rank) -> Option<usize> {
        let behind = |(idx, lister): (usize, &Lister)| {
            let wide = idx > 0;
            !lister.is_done() && (wide || lister.frontier() <= bound)
        };
        self.listers.iter().enumerate().position(behind)
    }

    async fn list(&mut self, lister: usize) -> Result<(), TelemetryError> {
        let Some(lister) = self.listers.get_mut(lister) else { return Ok(()) };
        let entries = lister.more(&self.shared.stores).await.map_err(|error| kv_error(&error))?;
        for (key, entry) in entries {
            if entry.streams.iter().any(|stream| (self.range.wanted)(&stream.name)) {
                let near = self.near(&entry);
                let blob = BlobKey::from_bytes(entry.blob);
                let pending = Pending { key, blob, place: entry.place, store: entry.store };
                self.pending.insert((near, blob, entry.place.offset), pending);
            }
        }
        Ok(())
    }

    /// The nearest that the section may have.
    fn near(&self, entry: &Entry) -> Rank {
        match self.range.direction {
            Direction::Forward => rank(Direction::Forward, entry.first_ms, 0),
            Direction::Backward => rank(Direction::Backward, entry.last_ms, u64::MAX),
        }
    }

    async fn fetch(&mut self) -> Result<(), ScanError> {
        let Some((_, pending)) = self.pending.pop_first() else { return Ok(()) };
        let bytes = match &self.block {
            Some((blob, bytes)) if *blob == pending.blob => bytes.clone(),
            _ => match self.shared.stores.get_blob(&pending.blob).await {
                Ok(bytes) => bytes,
                Err(error @ (BlobError::NotFound { .. } | BlobError::Corrupt { .. })) => {
                    return self.missing(&pending, &error.to_string()).await;
                }
                Err(error) => return Err(blob_error(&error).into()),
            },
        };
        self.block = Some((pending.blob, bytes.clone()));
        let place = pending.place;
        let decoded =
            self.shared.stores.world.blocking("telemetry.block", move || block::decode(&bytes, place)).await;
        match decoded {
            Some(Ok(Body::Lines(lines)))
                if lines.scope == self.view.scope && lines.group == self.view.name =>
            {
                for line in lines.events {
                    let stream = lines.streams.get(line.stream as usize).cloned().unwrap_or_default();
                    let event = StoredEvent {
                        id: line.id,
                        stream,
                        timestamp_ms: line.timestamp_ms,
                        ingestion_ms: line.ingestion_ms,
                        message: line.message,
                    };
                    self.add(pending.store, event);
                }
                Ok(())
            }
            Some(Ok(_)) => self.missing(&pending, "it is not of this log group").await,
            Some(Err(error)) => self.missing(&pending, &error.to_string()).await,
            None => self.missing(&pending, "its reader panicked").await,
        }
    }

    /// A section that is not what the index says. If the index has changed meanwhile the scan begins again; else it is
    /// lost, which is said, and does not make all other lines unreadable.
    async fn missing(&self, pending: &Pending, reason: &str) -> Result<(), ScanError> {
        let entry =
            self.shared.stores.read::<Vec<Entry>>(&pending.key).await.map_err(|error| kv_error(&error))?;
        let same = |entry: &Entry| entry.blob == pending.blob.bytes() && entry.place == pending.place;
        if !entry.is_some_and(|(entries, _)| entries.iter().any(same)) {
            return Err(ScanError::Moved);
        }
        let (block, group) = (pending.blob.hex(), &self.view.name);
        tracing::error!(block, group, reason, "a block of lines can not be read: its lines are left out");
        Ok(())
    }

    fn add(&mut self, store: u64, event: StoredEvent) {
        let range = &self.range;
        let at = rank(range.direction, event.timestamp_ms, event.id);
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let from = rank(range.direction, number(range.from.ts), number(range.from.id));
        let within = (range.start_ms..=range.end_ms).contains(&event.timestamp_ms);
        if at <= from
            || self.horizon.is_some_and(|horizon| at >= horizon)
            || !within
            || !(range.wanted)(&event.stream)
            || !self.view.shows(store, &event)
        {
            return;
        }
        let bytes = event.message.len();
        if self.buffer.insert(at, event).is_none() {
            self.bytes += bytes;
        }
        while self.bytes > BUFFER_BYTES_MAX
            && self.buffer.len() > 1
            && let Some((last, event)) = self.buffer.pop_last()
        {
            self.bytes = self.bytes.saturating_sub(event.message.len());
            self.cut(last);
        }
    }

    /// What ranks at `at` or beyond is not complete.
    fn cut(&mut self, at: Rank) {
        if self.horizon.is_none_or(|horizon| at < horizon) {
            self.horizon = Some(at);
            let gone = self.buffer.split_off(&at);
            let bytes: usize = gone.values().map(|event| event.message.len()).sum();
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// What ranks beyond `at` is not complete.
    fn cut_behind(&mut self, Rank(first, second): Rank) {
        self.cut(match second.checked_add(1) {
            Some(second) => Rank(first, second),
            None => Rank(first.saturating_add(1), 0),
        });
    }
}
