//! Makes few sections of many.
//!
//! A worker ships a block each half second, with the lines of every group that wrote some. Left so, a group's lines would
//! lie in thousands of blocks with others'. So the small sections of a group's bucket are made one after a while, from the
//! events that the store's file still has: a block of that group alone, which stands in the bucket in their place. What a
//! shipper put before it was started again stays small.
//!
//! A reader has the bucket as it was or as it is, and the blocks of both: those that nobody names go later.

use super::buckets::Change;
use super::section::{self, Section};
use super::{Shipping, Turn};
use crate::index::{self, BucketName, Entry, GroupRecord};
use crate::stores::blob_error;
use fabric::telemetry::TelemetryError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use world::{Instant, World};

/// How long small sections wait for more.
const WAIT: Duration = Duration::from_secs(30);
/// Sections that are made one at the latest: their bucket is written anew with each.
const SECTIONS_MAX: usize = 24;
/// Bytes of messages that a large section is cut at, and events.
const BYTES_MAX: u64 = 1024 * 1024;
const EVENTS_MAX: u64 = 10_000;
/// Streams of a large section.
const STREAMS_MAX: usize = 256;
/// Buckets with small sections that are remembered; the sections of more stay as they are.
const BUCKETS_MAX: usize = 1_024;
/// Buckets of one step, so that new lines do not wait for it.
const STEP_BUCKETS: usize = 8;

/// Small sections of this run, by bucket.
#[derive(Default)]
pub(super) struct Merges(BTreeMap<BucketName, Small>);

struct Small {
    since: Instant,
    entries: Vec<Entry>,
}

impl Merges {
    pub(super) fn add(&mut self, world: &World, shipped: Vec<Section>) {
        for section in shipped {
            let Some((name, entry)) = section.lines() else { continue };
            if name.wide || (self.0.len() >= BUCKETS_MAX && !self.0.contains_key(&name)) {
                continue;
            }
            let small = Small { since: world.now(), entries: Vec::new() };
            let small = self.0.entry(name).or_insert(small);
            if !small.fits(entry) {
                // Those before it are large enough together, and stay as they are.
                small.entries.clear();
                small.since = world.now();
            }
            small.entries.push(entry.clone());
        }
    }

    /// What is due is not remembered any more.
    fn due(&mut self, now: Instant, all: bool) -> Vec<(BucketName, Small)> {
        let is_due =
            |small: &Small| all || small.entries.len() >= SECTIONS_MAX || now.since(small.since) >= WAIT;
        let due: Vec<_> =
            self.0.iter().filter(|(_, small)| is_due(small)).map(|(name, _)| name.clone()).collect();
        let steps = if all { usize::MAX } else { STEP_BUCKETS };
        due.into_iter().take(steps).filter_map(|name| self.0.remove_entry(&name)).collect()
    }
}

impl Small {
    fn fits(&self, entry: &Entry) -> bool {
        let all = || self.entries.iter().chain([entry]);
        let first = all().map(|entry| entry.first_ms).min().unwrap_or(0);
        let last = all().map(|entry| entry.last_ms).max().unwrap_or(0);
        let streams = || all().flat_map(|entry| &entry.streams);
        let names: BTreeSet<_> = streams().map(|stream| &stream.name).collect();
        last - first <= index::SPAN_MS
            && names.len() <= STREAMS_MAX
            && streams().map(|stream| stream.bytes).sum::<u64>() <= BYTES_MAX
            && streams().map(|stream| stream.events).sum::<u64>() <= EVENTS_MAX
    }

    fn events(&self) -> u64 {
        self.entries.iter().flat_map(|entry| &entry.streams).map(|stream| stream.events).sum()
    }
}

impl Shipping {
    /// What is shipped is shipped, merged or not.
    pub(super) async fn merge_some(&self, turn: &mut Turn) {
        if let Err(error) = self.merge(turn, false).await {
            tracing::debug!(%error, "small sections were not made one: they stay as they are");
        }
    }

    /// Merges what is due.
    pub(super) async fn merge(&self, turn: &mut Turn, all: bool) -> Result<(), TelemetryError> {
        for (name, small) in turn.merges.due(self.stores.world.now(), all) {
            if small.entries.len() > 1
                && let Some(section) = self.merged(&name, &small).await?
            {
                self.replace(turn, name, small, section).await?;
            }
        }
        Ok(())
    }

    /// The sections as one; `None` where the file does not have the same events any more.
    async fn merged(&self, name: &BucketName, small: &Small) -> Result<Option<Section>, TelemetryError> {
        let first_id = small.entries.iter().map(|entry| entry.first_id).min().unwrap_or(0);
        let last_id = small.entries.iter().map(|entry| entry.last_id).max().unwrap_or(0);
        let (scope, group) = (name.scope.clone(), name.group.clone());
        let streams = self.store.of_group(scope, group, first_id..=last_id).await?;
        let found: usize = streams.iter().map(|stream| stream.events.len()).sum();
        if found as u64 != small.events() {
            return Ok(None); // some are dropped or deleted, or stand in a wide section
        }
        let record = GroupRecord {
            name: name.group.clone(),
            generation: name.generation,
            created_ms: 0,
            retention_days: None,
            tags: BTreeMap::new(),
            deleted_ms: None,
            not_before_ms: 0,
        };
        let mut sections = Vec::new();
        section::of_lines(name.store, &name.scope, &record, streams, &mut sections);
        Ok(if sections.len() == 1 { sections.pop() } else { None })
    }

    async fn replace(
        &self,
        turn: &mut Turn,
        name: BucketName,
        small: Small,
        section: Section,
    ) -> Result<(), TelemetryError> {
        let (block, sections) = self.encode(vec![section]).await?;
        let blob = self.stores.put_blob(block).await.map_err(|error| blob_error(&error))?;
        let sections: Vec<Section> =
            sections.into_iter().map(|section| section.shipped(blob.bytes())).collect();
        let lines = sections.iter().filter_map(Section::lines);
        let changes: Vec<_> = lines
            .filter(|(merged, _)| *merged == name)
            .map(|(name, entry)| Change { name, remove: small.entries.clone(), add: entry.clone() })
            .collect();
        turn.buckets.write(&self.stores, changes).await.map_err(|error| index::kv_error(&error))?;
        // More may follow, and is made one with it.
        turn.merges.add(&self.stores.world, sections);
        Ok(())
    }
}
