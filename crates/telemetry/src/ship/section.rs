//! Cuts what a store has not shipped into sections, and says what the index has of each.

use crate::EVENT_OVERHEAD_BYTES;
use crate::backlog::{FreshStream, FreshTrace};
use crate::block::{Body, Line, Lines, Place, Traces};
use crate::index::{self, BucketName, Entry, EntryStream, GroupRecord, SPAN_MS, TraceEntry};
use crate::trace::StoredTrace;
use fabric::Scope;
use std::collections::BTreeMap;
use substrate::{Expected, KvError, Write};

/// Sections of one group in one block. Whoever puts events with times further apart gets one wide one for the rest.
const RUNS_MAX: usize = 16;

/// A section on its way.
pub(super) struct Section {
    pub(super) scope: Scope,
    /// Until it is encoded.
    pub(super) body: Option<Body>,
    pub(super) place: Place,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Lines { group: String, generation: u64, entry: Entry },
    Traces { store: u64, last_ms: u64, seq: i64, prints: Vec<u64> },
}

const NOWHERE: Place = Place { offset: 0, bytes: 0 };

impl Section {
    /// Where the index has it, and as what.
    pub(super) fn lines(&self) -> Option<(BucketName, &Entry)> {
        match &self.kind {
            Kind::Lines { group, generation, entry } => {
                Some((BucketName::of(&self.scope, group, *generation, entry), entry))
            }
            Kind::Traces { .. } => None,
        }
    }

    /// The entry of its waterfalls.
    pub(super) fn traces(&self, blob: [u8; 32]) -> Result<Option<Write>, KvError> {
        let Kind::Traces { store, last_ms, seq, prints } = &self.kind else { return Ok(None) };
        let key = index::trace_key(&self.scope, *last_ms, *store, *seq)?;
        let entry = TraceEntry { blob, place: self.place, prints: prints.clone() };
        Ok(Some(Write::Put { key, value: index::write(&entry)?, expected: Expected::Any }))
    }

    /// With where it is.
    pub(super) fn shipped(mut self, blob: [u8; 32]) -> Self {
        if let Kind::Lines { entry, .. } = &mut self.kind {
            entry.blob = blob;
            entry.place = self.place;
        }
        self
    }
}

/// The group's events, in sections whose events lie within [`SPAN_MS`].
pub(super) fn of_lines(
    store: u64,
    scope: &Scope,
    record: &GroupRecord,
    streams: Vec<FreshStream>,
    sections: &mut Vec<Section>,
) {
    let mut names = Vec::with_capacity(streams.len());
    let mut events: Vec<Line> = Vec::new();
    for (stream, fresh) in (0u32..).zip(streams) {
        names.push((fresh.stream, fresh.created_ms));
        let ours = fresh.events.into_iter().filter(|event| super::is_of(record, event.ingestion_ms));
        events.extend(ours.map(|event| Line {
            stream,
            id: event.id,
            timestamp_ms: event.timestamp_ms,
            ingestion_ms: event.ingestion_ms,
            message: event.message,
        }));
    }
    events.sort_unstable_by_key(|event| (event.timestamp_ms, event.id));
    let mut runs: Vec<Vec<Line>> = Vec::new();
    for event in events {
        let fits = |run: &Vec<Line>| {
            run.first().is_some_and(|first| event.timestamp_ms - first.timestamp_ms <= SPAN_MS)
        };
        match runs.len() {
            RUNS_MAX => {}
            _ if runs.last().is_some_and(fits) => {}
            _ => runs.push(Vec::new()),
        }
        if let Some(run) = runs.last_mut() {
            run.push(event);
        }
    }
    sections.extend(runs.into_iter().map(|run| of_run(store, scope, record, &names, run)));
}

/// One section; `run` is sorted and not empty.
fn of_run(
    store: u64,
    scope: &Scope,
    record: &GroupRecord,
    names: &[(String, u64)],
    mut run: Vec<Line>,
) -> Section {
    let mut entry = Entry {
        blob: [0; 32],
        place: NOWHERE,
        store,
        first_id: u64::MAX,
        last_id: 0,
        first_ms: run.first().map_or(0, |event| event.timestamp_ms),
        last_ms: run.last().map_or(0, |event| event.timestamp_ms),
        ingestion_ms: 0,
        streams: Vec::new(),
    };
    // Of the names, those that this run has, in the order in which they first appear.
    let mut places: BTreeMap<u32, u32> = BTreeMap::new();
    for event in &mut run {
        let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let place = *places.entry(event.stream).or_insert(next);
        if place == next
            && let Some((name, created_ms)) = names.get(event.stream as usize)
        {
            entry.streams.push(empty_stream(name, *created_ms, event));
        }
        event.stream = place;
        entry.first_id = entry.first_id.min(event.id);
        entry.last_id = entry.last_id.max(event.id);
        entry.ingestion_ms = entry.ingestion_ms.max(event.ingestion_ms);
        if let Some(stream) = entry.streams.get_mut(place as usize) {
            count(stream, event);
        }
    }
    let lines = Lines {
        scope: scope.clone(),
        group: record.name.clone(),
        streams: entry.streams.iter().map(|stream| stream.name.clone()).collect(),
        events: run,
    };
    Section {
        scope: scope.clone(),
        body: Some(Body::Lines(lines)),
        place: NOWHERE,
        kind: Kind::Lines { group: record.name.clone(), generation: record.generation, entry },
    }
}

fn empty_stream(name: &str, created_ms: u64, first: &Line) -> EntryStream {
    EntryStream {
        name: name.to_owned(),
        created_ms,
        first_ms: first.timestamp_ms,
        last_ms: first.timestamp_ms,
        ingestion_ms: 0,
        last_id: 0,
        events: 0,
        bytes: 0,
    }
}

fn count(stream: &mut EntryStream, event: &Line) {
    stream.last_ms = stream.last_ms.max(event.timestamp_ms);
    stream.ingestion_ms = stream.ingestion_ms.max(event.ingestion_ms);
    stream.last_id = stream.last_id.max(event.id);
    stream.events += 1;
    stream.bytes += event.message.len() as u64 + EVENT_OVERHEAD_BYTES;
}

/// Waterfalls, by account and region.
pub(super) fn of_traces(store: u64, traces: Vec<FreshTrace>, sections: &mut Vec<Section>) {
    let mut scopes: BTreeMap<Scope, Vec<FreshTrace>> = BTreeMap::new();
    for trace in traces {
        scopes.entry(trace.scope.clone()).or_default().push(trace);
    }
    for (scope, traces) in scopes {
        let started = |trace: &FreshTrace| serde_json::from_slice::<StoredTrace<'_>>(&trace.body).ok();
        let last_ms = traces.iter().filter_map(started).map(|trace| trace.started_ms()).max().unwrap_or(0);
        let kind = Kind::Traces {
            store,
            last_ms,
            seq: traces.first().map_or(0, |trace| trace.seq),
            prints: traces.iter().map(|trace| index::print_of(&trace.request_id)).collect(),
        };
        let traces = traces.into_iter().map(|trace| (trace.request_id, trace.body)).collect();
        let body = Body::Traces(Traces { scope: scope.clone(), traces });
        sections.push(Section { scope, body: Some(body), place: NOWHERE, kind });
    }
}
