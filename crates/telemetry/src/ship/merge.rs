//! Makes few sections of many.
//!
//! A worker ships a block each second, with the lines of every group that wrote some. Left so, a group of one worker would
//! have 86,400 entries of the index a day, and its lines would lie in blocks with others'. So the small ones of a group are
//! made one after a while, from the events that the store's file still has: a block of that group alone, whose entry
//! replaces theirs in one batch. What a shipper put before it was started again stays small.
//!
//! A reader who lists the index meanwhile sees the small ones, or the large one, or both, and takes each event once: the
//! large one's key is not before the last of the small.

use super::Shipping;
use super::section::{self, Kind, Section};
use crate::index::{self, Entry, GroupRecord, SPAN_MS};
use crate::stores::blob_error;
use fabric::Scope;
use fabric::telemetry::TelemetryError;
use std::collections::BTreeMap;
use std::time::Duration;
use substrate::{Expected, Write};
use world::{Instant, World};

/// How long small sections wait for more.
const WAIT: Duration = Duration::from_secs(60);
/// Sections that are made one at the latest: a batch has 128 writes, one of them is the large one's.
const SECTIONS_MAX: usize = 100;
/// Bytes of messages that a large section is cut at, and events.
const BYTES_MAX: u64 = 1024 * 1024;
const EVENTS_MAX: u64 = 10_000;
/// Streams of a large section.
const STREAMS_MAX: usize = 256;
/// Groups with small sections that are remembered; the sections of more stay as they are.
const GROUPS_MAX: usize = 4_096;
/// Groups of one step, so that new lines do not wait for it.
const STEP_GROUPS: usize = 8;

/// Small sections of this run, by group.
#[derive(Default)]
pub(super) struct Merges(BTreeMap<(Scope, String, u64), Small>);

struct Small {
    since: Instant,
    entries: Vec<Entry>,
    /// It is not waited for more.
    full: bool,
}

impl Merges {
    pub(super) fn add(&mut self, world: &World, shipped: Vec<Section>) {
        for section in shipped {
            let Kind::Lines { group, generation, entry } = section.kind else { continue };
            let key = (section.scope, group, generation);
            if entry.last_ms.saturating_sub(entry.first_ms) > SPAN_MS
                || (self.0.len() >= GROUPS_MAX && !self.0.contains_key(&key))
            {
                continue;
            }
            let small = || Small { since: world.now(), entries: Vec::new(), full: false };
            let small = self.0.entry(key).or_insert_with(small);
            if !small.fits(&entry) {
                small.full = true;
                continue; // this one stays small
            }
            small.entries.push(entry);
            small.full |= small.entries.len() >= SECTIONS_MAX;
        }
    }

    fn due(&mut self, now: Instant, all: bool) -> Vec<((Scope, String, u64), Small)> {
        let is_due = |small: &Small| all || small.full || now.since(small.since) >= WAIT;
        let due: Vec<_> =
            self.0.iter().filter(|(_, small)| is_due(small)).map(|(key, _)| key.clone()).collect();
        let steps = if all { usize::MAX } else { STEP_GROUPS };
        due.into_iter().take(steps).filter_map(|key| self.0.remove_entry(&key)).collect()
    }
}

impl Small {
    fn fits(&self, entry: &Entry) -> bool {
        let all = || self.entries.iter().chain([entry]);
        let first = all().map(|entry| entry.first_ms).min().unwrap_or(0);
        let last = all().map(|entry| entry.last_ms).max().unwrap_or(0);
        let streams = || all().flat_map(|entry| &entry.streams);
        let names: std::collections::BTreeSet<_> = streams().map(|stream| &stream.name).collect();
        last - first <= SPAN_MS
            && names.len() <= STREAMS_MAX
            && streams().map(|stream| stream.bytes).sum::<u64>() <= BYTES_MAX
            && streams().map(|stream| stream.events).sum::<u64>() <= EVENTS_MAX
    }

    fn events(&self) -> u64 {
        self.entries.iter().flat_map(|entry| &entry.streams).map(|stream| stream.events).sum()
    }
}

impl Shipping {
    /// Merges what is due. A group that can not be merged stays as it is.
    pub(super) async fn merge(&self, merges: &mut Merges, all: bool) -> Result<(), TelemetryError> {
        for ((scope, group, generation), small) in merges.due(self.stores.world.now(), all) {
            if small.entries.len() > 1 {
                self.merge_group(scope, group, generation, small).await?;
            }
        }
        Ok(())
    }

    async fn merge_group(
        &self,
        scope: Scope,
        group: String,
        generation: u64,
        small: Small,
    ) -> Result<(), TelemetryError> {
        let first_id = small.entries.iter().map(|entry| entry.first_id).min().unwrap_or(0);
        let last_id = small.entries.iter().map(|entry| entry.last_id).max().unwrap_or(0);
        let streams = self.store.of_group(scope.clone(), group.clone(), first_id..=last_id).await?;
        let found: usize = streams.iter().map(|stream| stream.events.len()).sum();
        if found as u64 != small.events() {
            return Ok(()); // some are dropped or deleted, or were put with others: no two say the same
        }
        let record = GroupRecord {
            name: group.clone(),
            generation,
            created_ms: 0,
            retention_days: None,
            tags: BTreeMap::new(),
            deleted_ms: None,
            not_before_ms: 0,
        };
        let mut sections = Vec::new();
        let store = small.entries.first().map_or(0, |entry| entry.store);
        section::of_lines(store, &scope, &record, streams, &mut sections);
        if sections.len() != 1 {
            return Ok(());
        }
        let (block, sections) = self.encode(sections).await?;
        let blob = self.stores.put_blob(block).await.map_err(|error| blob_error(&error))?;
        let mut batch = Vec::with_capacity(small.entries.len() + 1);
        for section in &sections {
            let (key, value) = section.entry(blob.bytes()).map_err(|error| index::kv_error(&error))?;
            batch.push(Write::Put { key, value, expected: Expected::Any });
        }
        for entry in &small.entries {
            let key = index::entry_key(&scope, &group, generation, entry)
                .map_err(|error| index::kv_error(&error))?;
            if batch.iter().all(|write| *write.key() != key) {
                batch.push(Write::Delete { key, expected: Expected::Any });
            }
        }
        self.stores.write(batch).await.map_err(|error| index::kv_error(&error))?;
        Ok(())
    }
}
