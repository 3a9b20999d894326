//! Streams: made, deleted, described. One that was only ever written to is where its lines are and has no record.

use super::Shared;
use super::fresh::names_query;
use super::group::View;
use super::lister::Lister;
use super::scan::Direction;
use crate::index::{self, Entry, StreamRecord, kv_error};
use crate::token;
use crate::write::as_i64;
use fabric::telemetry::{
    DescribeStreams, FreshLines, GroupName, Stream, StreamName, StreamPage, TelemetryError,
};
use std::collections::{BTreeMap, BTreeSet};
use substrate::{Expected, KvError, Write};

/// Streams on one page.
const PAGE_STREAMS_MAX: usize = 1_000;
/// Streams of one group that are described: more were written to in the time of its retention only where thousands of
/// environments came and went. Those with the oldest lines are left out.
const DESCRIBED_MAX: usize = 100_000;
/// Streams of one group that somebody made or deleted by name.
const RECORDS_MAX: usize = 10_000;
/// Stores of which a deleted stream remembers what is hidden; one environment writes to one.
const HIDDEN_STORES_MAX: usize = 1_000;
/// Attempts of a change that others make at the same time.
const ATTEMPTS: usize = 8;

/// What is shipped of a stream.
pub(super) struct Sums {
    created_ms: u64,
    first_ms: u64,
    last_ms: u64,
    ingestion_ms: u64,
    pub(super) bytes: u64,
}

impl Shared {
    pub(super) async fn make_stream(&self, name: StreamName) -> Result<(), TelemetryError> {
        for _ in 0..ATTEMPTS {
            let (view, fresh) = self.recorded_view(&name).await?;
            if self.missing_streams(&view, &fresh, [name.stream.as_str()].into()).await?.is_empty() {
                return Err(TelemetryError::Exists);
            }
            if self.write_live(&view, &name).await? {
                return Ok(());
            }
        }
        Err(crowded())
    }

    /// Makes group and stream where they are not there.
    pub(super) async fn touch_stream(&self, name: StreamName) -> Result<(), TelemetryError> {
        crate::write::check_name(&name.group)?;
        crate::write::check_name(&name.stream)?;
        let now_ms = self.stores.world.wall().millis();
        self.stores.ensure_group(&name.scope, &name.group, now_ms).await?;
        match self.make_stream(name).await {
            Err(TelemetryError::Exists) => Ok(()),
            made => made,
        }
    }

    pub(super) async fn remove_stream(&self, name: StreamName) -> Result<(), TelemetryError> {
        for attempt in 0..ATTEMPTS {
            let (view, fresh) = self.recorded_view(&name).await?;
            let missing = self.missing_streams(&view, &fresh, [name.stream.as_str()].into()).await?;
            if attempt == 0 && !missing.is_empty() {
                return Err(TelemetryError::NoStream);
            }
            // What is not shipped goes where it is; what is on its way arrived before now.
            self.of_live(&|store| {
                let name = name.clone();
                Box::pin(async move { store.delete_stream(name).await.ok() })
            })
            .await;
            if self.write_deleted(&view, &name).await? {
                return Ok(());
            }
        }
        Err(crowded())
    }

    pub(super) async fn streams(&self, query: DescribeStreams) -> Result<StreamPage, TelemetryError> {
        let after = match (&query.next, query.by_last_event) {
            (None, _) => None,
            (Some(text), true) => Some(token::read_time_token(text)?),
            (Some(text), false) => Some((0, token::read_name_token(text)?)),
        };
        let after = after.map(|(last_ms, name)| (u64::try_from(last_ms).unwrap_or(0), name.to_owned()));
        let name = &query.name;
        let fresh = self.fresh_lines(names_query(&name.scope, Some(&name.group), None)).await;
        let view = self.view(name, &fresh).await?;
        let prefix = query.prefix.as_deref().unwrap_or_default();
        let place = |stream: &Stream| match query.by_last_event {
            true => (stream.last_event_ms.unwrap_or(0), stream.name.clone()),
            false => (0, stream.name.clone()),
        };
        let mut found: BTreeMap<(u64, String), Stream> = BTreeMap::new();
        for stream in self.described_streams(&view, &fresh).await?.into_values() {
            let beyond = after.as_ref().is_none_or(|after| match query.descending {
                false => place(&stream) > *after,
                true => place(&stream) < *after,
            });
            if beyond && stream.name.starts_with(prefix) {
                found.insert(place(&stream), stream);
            }
        }
        let items_max = query.items_max.clamp(1, PAGE_STREAMS_MAX);
        let more = found.len() > items_max;
        let streams: Vec<Stream> = match query.descending {
            false => found.into_values().take(items_max).collect(),
            true => found.into_values().rev().take(items_max).collect(),
        };
        let next = streams.last().filter(|_| more).map(|last| match query.by_last_event {
            true => token::write_time_token(as_i64(last.last_event_ms.unwrap_or(0)), &last.name),
            false => token::write_name_token(&last.name),
        });
        Ok(StreamPage { streams, next })
    }

    /// Those that were made, shipped for, or are fresh.
    async fn described_streams(
        &self,
        view: &View,
        fresh: &[FreshLines],
    ) -> Result<BTreeMap<String, Stream>, TelemetryError> {
        let mut found = BTreeMap::new();
        let mut add = |stream: Stream| match found.entry(stream.name.clone()) {
            std::collections::btree_map::Entry::Vacant(vacant) => drop(vacant.insert(stream)),
            std::collections::btree_map::Entry::Occupied(mut known) => join(known.get_mut(), &stream),
        };
        for (record, _) in view.streams.values().filter(|(record, _)| record.live) {
            let (name, created_ms) = (record.name.clone(), record.created_ms);
            add(Stream {
                name,
                created_ms,
                first_event_ms: None,
                last_event_ms: None,
                last_ingestion_ms: None,
            });
        }
        for (name, sums) in self.shipped_streams(view).await? {
            add(Stream {
                name,
                created_ms: sums.created_ms,
                first_event_ms: Some(sums.first_ms),
                last_event_ms: Some(sums.last_ms),
                last_ingestion_ms: Some(sums.ingestion_ms),
            });
        }
        view.fresh_streams(fresh).cloned().for_each(add);
        Ok(found)
    }

    /// What the index has of each stream.
    pub(super) async fn shipped_streams(
        &self,
        view: &View,
    ) -> Result<BTreeMap<String, Sums>, TelemetryError> {
        let mut found: BTreeMap<String, Sums> = BTreeMap::new();
        let mut count = |entry: Entry| {
            for stream in &entry.streams {
                if view.hides(entry.store, stream) {
                    continue;
                }
                let sums = found.entry(stream.name.clone()).or_insert_with(|| Sums {
                    created_ms: stream.created_ms,
                    first_ms: u64::MAX,
                    last_ms: 0,
                    ingestion_ms: 0,
                    bytes: 0,
                });
                sums.created_ms = sums.created_ms.min(stream.created_ms);
                sums.first_ms = sums.first_ms.min(stream.first_ms);
                sums.last_ms = sums.last_ms.max(stream.last_ms);
                sums.ingestion_ms = sums.ingestion_ms.max(stream.ingestion_ms);
                sums.bytes += stream.bytes;
            }
            if found.len() > 2 * DESCRIBED_MAX {
                leave_out_oldest(&mut found);
            }
            true
        };
        self.each_section(view, Direction::Forward, &mut count).await?;
        Ok(found)
    }

    /// Which of the streams there are not: neither made, nor fresh, nor shipped for.
    pub(super) async fn missing_streams<'a>(
        &self,
        view: &View,
        fresh: &[FreshLines],
        mut names: BTreeSet<&'a str>,
    ) -> Result<BTreeSet<&'a str>, TelemetryError> {
        let live = |name: &str| view.streams.get(name).is_some_and(|(record, _)| record.live);
        names.retain(|name| !live(name));
        for stream in view.fresh_streams(fresh) {
            names.remove(stream.name.as_str());
        }
        if names.is_empty() {
            return Ok(names);
        }
        let mut look = |entry: Entry| {
            for stream in entry.streams.iter().filter(|stream| !view.hides(entry.store, stream)) {
                names.remove(stream.name.as_str());
            }
            !names.is_empty()
        };
        // The newest first: those are asked for.
        self.each_section(view, Direction::Backward, &mut look).await?;
        Ok(names)
    }

    /// Shows the index of the group, section by section, until `look` has seen enough.
    async fn each_section(
        &self,
        view: &View,
        direction: Direction,
        look: &mut (dyn FnMut(Entry) -> bool + Send),
    ) -> Result<(), TelemetryError> {
        let Some(record) = &view.record else { return Ok(()) };
        let now_ms = self.stores.world.wall().millis();
        for (list, direction) in [("block", direction), ("wide", Direction::Forward)] {
            let prefix = index::list_prefix(list, &view.scope, &view.name, record.generation);
            let lister = prefix.and_then(|prefix| Lister::new(prefix, direction, 0, u64::MAX, now_ms));
            let mut lister = lister.map_err(|error| kv_error(&error))?;
            while !lister.is_done() {
                for (_, entry) in lister.more(&self.stores).await.map_err(|error| kv_error(&error))? {
                    if !look(entry) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn recorded_view(&self, name: &StreamName) -> Result<(View, Vec<FreshLines>), TelemetryError> {
        let group = GroupName { scope: name.scope.clone(), group: name.group.clone() };
        self.recorded(&group).await?;
        let fresh = self.fresh_lines(names_query(&name.scope, Some(&name.group), None)).await;
        let view = self.view(&group, &fresh).await?;
        Ok((view, fresh))
    }

    async fn write_live(&self, view: &View, name: &StreamName) -> Result<bool, TelemetryError> {
        let before = view.streams.get(&name.stream).map(|(record, _)| record.clone());
        if before.is_none() && view.streams.len() >= RECORDS_MAX {
            let reason = format!("the log group has {RECORDS_MAX} streams that were made by name already");
            return Err(TelemetryError::TooMany { reason });
        }
        let mut record = before.unwrap_or_else(|| StreamRecord {
            name: name.stream.clone(),
            created_ms: 0,
            live: false,
            not_before_ms: 0,
            hidden: BTreeMap::new(),
        });
        record.created_ms = self.stores.world.wall().millis();
        record.live = true;
        self.put_stream(view, &record).await
    }

    /// Hides what there is of it; what comes later under its name is shown.
    async fn write_deleted(&self, view: &View, name: &StreamName) -> Result<bool, TelemetryError> {
        let mut record = StreamRecord {
            name: name.stream.clone(),
            created_ms: 0,
            live: false,
            not_before_ms: self.stores.world.wall().millis(),
            hidden: view.streams.get(&name.stream).map(|(it, _)| it.hidden.clone()).unwrap_or_default(),
        };
        let mut hide = |entry: Entry| {
            for stream in entry.streams.iter().filter(|stream| stream.name == name.stream) {
                let through = record.hidden.entry(entry.store).or_default();
                *through = stream.last_id.max(*through);
            }
            true
        };
        self.each_section(view, Direction::Forward, &mut hide).await?;
        while record.hidden.len() > HIDDEN_STORES_MAX {
            record.hidden.pop_first();
        }
        self.put_stream(view, &record).await
    }

    async fn put_stream(&self, view: &View, record: &StreamRecord) -> Result<bool, TelemetryError> {
        let generation = view.record.as_ref().map_or(0, |record| record.generation);
        let expected: Expected = view.expected(&record.name);
        let write = || -> Result<Write, KvError> {
            let key = index::stream_key(&view.scope, &view.name, generation, &record.name)?;
            Ok(Write::Put { key, value: index::write(record)?, expected })
        };
        let write = write().map_err(|error| kv_error(&error))?;
        match self.stores.write(vec![write]).await {
            Ok(_) => Ok(true),
            Err(KvError::Conflict { .. }) => Ok(false),
            Err(error) => Err(kv_error(&error)),
        }
    }
}

fn join(known: &mut Stream, stream: &Stream) {
    known.created_ms = known.created_ms.min(stream.created_ms);
    known.first_event_ms = known.first_event_ms.into_iter().chain(stream.first_event_ms).min();
    known.last_event_ms = known.last_event_ms.max(stream.last_event_ms);
    known.last_ingestion_ms = known.last_ingestion_ms.max(stream.last_ingestion_ms);
}

fn leave_out_oldest(found: &mut BTreeMap<String, Sums>) {
    let mut times: Vec<u64> = found.values().map(|sums| sums.last_ms).collect();
    let kept_from = times.len() - DESCRIBED_MAX;
    let (_, oldest_kept, _) = times.select_nth_unstable(kept_from);
    let oldest_kept = *oldest_kept;
    found.retain(|_, sums| sums.last_ms >= oldest_kept);
}

fn crowded() -> TelemetryError {
    TelemetryError::Unavailable { reason: "others change this log stream all the time; try again".to_owned() }
}
