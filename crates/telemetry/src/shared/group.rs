//! One group as a query sees it: its record, and what live stores have of it.

use super::Shared;
use crate::index::{self, EntryStream, GroupRecord, StreamRecord, kv_error};
use fabric::Scope;
use fabric::telemetry::{FreshGroup, FreshLines, GroupName, StoredEvent, Stream, TelemetryError};
use std::collections::BTreeMap;
use substrate::{Expected, Revision};

/// Its streams that were made or deleted by their name, and when each record was written.
pub(super) type StreamRecords = BTreeMap<String, (StreamRecord, Revision)>;

pub(super) struct View {
    pub(super) scope: Scope,
    pub(super) name: String,
    /// `None`: nothing of it is shipped yet.
    pub(super) record: Option<GroupRecord>,
    /// What arrived before is of a group that was deleted.
    not_before_ms: u64,
    pub(super) streams: StreamRecords,
}

impl Shared {
    /// The group, if there is one; `fresh` was asked before.
    pub(super) async fn view(&self, name: &GroupName, fresh: &[FreshLines]) -> Result<View, TelemetryError> {
        let found = self.stores.group(&name.scope, &name.group).await.map_err(|error| kv_error(&error))?;
        let record = found.map(|found| found.record);
        let mut view = View {
            scope: name.scope.clone(),
            name: name.group.clone(),
            not_before_ms: record.as_ref().map_or(0, |it| it.deleted_ms.unwrap_or(it.not_before_ms)),
            record: record.filter(|record| record.deleted_ms.is_none()),
            streams: BTreeMap::new(),
        };
        if view.record.is_none() && view.fresh_groups(fresh).next().is_none() {
            return Err(TelemetryError::NoGroup);
        }
        view.streams = self.stream_records(&view).await?;
        Ok(view)
    }

    /// The group's record, made if only live stores have lines of it.
    pub(super) async fn recorded(&self, name: &GroupName) -> Result<GroupRecord, TelemetryError> {
        let query = super::fresh::names_query(&name.scope, Some(&name.group), None);
        let fresh = self.fresh_lines(query).await;
        let view = self.view(name, &fresh).await?;
        let created_ms = view.fresh_groups(&fresh).map(|group| group.created_ms).min();
        match view.record {
            Some(record) => Ok(record),
            None => self.stores.ensure_group(&name.scope, &name.group, created_ms.unwrap_or(0)).await,
        }
    }

    async fn stream_records(&self, view: &View) -> Result<StreamRecords, TelemetryError> {
        let mut records = StreamRecords::new();
        let Some(record) = &view.record else { return Ok(records) };
        let prefix = index::list_prefix("stream", &view.scope, &view.name, record.generation);
        let prefix = prefix.map_err(|error| kv_error(&error))?;
        let mut after = None;
        loop {
            let page = self.stores.list(&prefix, after.as_ref()).await.map_err(|error| kv_error(&error))?;
            for entry in &page.entries {
                let record: StreamRecord = index::read(&entry.value).map_err(|error| kv_error(&error))?;
                records.insert(record.name.clone(), (record, entry.revision));
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(records);
            }
        }
    }
}

impl View {
    /// What live stores have of it, without what is of a group of its name that was deleted.
    pub(super) fn fresh_groups<'a>(&self, fresh: &'a [FreshLines]) -> impl Iterator<Item = &'a FreshGroup> {
        let (name, not_before_ms) = (self.name.clone(), self.not_before_ms);
        let groups = fresh.iter().flat_map(|lines| &lines.groups);
        groups.filter(move |group| group.name == name && group.last_ingestion_ms >= not_before_ms)
    }

    /// The streams of those.
    pub(super) fn fresh_streams<'a>(&'a self, fresh: &'a [FreshLines]) -> impl Iterator<Item = &'a Stream> {
        let visible = |stream: &&Stream| {
            let arrived_ms = stream.last_ingestion_ms.unwrap_or(0);
            let hidden = self.streams.get(&stream.name).map_or(0, |(record, _)| record.not_before_ms);
            arrived_ms >= self.not_before_ms.max(hidden)
        };
        self.fresh_groups(fresh).flat_map(|group| &group.streams).filter(visible)
    }

    /// Whether an event is of this group and of a stream that was not deleted.
    pub(super) fn shows(&self, store: u64, event: &StoredEvent) -> bool {
        let hides =
            |(record, _): &(StreamRecord, Revision)| record.hides(store, event.id, event.ingestion_ms);
        event.ingestion_ms >= self.not_before_ms && !self.streams.get(&event.stream).is_some_and(hides)
    }

    /// Whether what a section has of a stream is all of one that was deleted.
    pub(super) fn hides(&self, store: u64, stream: &EntryStream) -> bool {
        let hides =
            |(record, _): &(StreamRecord, Revision)| record.hides(store, stream.last_id, stream.ingestion_ms);
        self.streams.get(&stream.name).is_some_and(hides)
    }

    /// What a write of the stream's record expects.
    pub(super) fn expected(&self, stream: &str) -> Expected {
        self.streams.get(stream).map_or(Expected::Absent, |(_, revision)| Expected::At(*revision))
    }
}
