//! What the writer's connection does inside a transaction: one function for each command.
//!
//! A refusal ([`QueryError::Refused`]) comes before anything is written, so that it does not undo the other
//! commands of its transaction; any failure of SQLite undoes all of them.

use crate::EVENT_OVERHEAD_BYTES;
use crate::database::QueryError;
use crate::trace::StoredTrace;
use fabric::Scope;
use fabric::telemetry::{
    AppendEvents, CreateGroup, GroupName, PutRetention, StreamName, TagGroup, TelemetryError, Trace,
};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;
use types::limits;

/// Groups of all accounts together: none of AWS's, ours, so that names can not fill the disk.
pub(crate) const GROUPS_MAX: i64 = 20_000;
/// Streams of all groups together; past it those without events go, first made first (AWS keeps them for ever).
pub(crate) const STREAMS_MAX: i64 = 500_000;
/// AWS's limit of both names.
const NAME_BYTES_MAX: usize = 512;
/// One waterfall as JSON. Ours is some hundred bytes; ten thousand of the largest still fit the default bound.
const TRACE_BYTES_MAX: usize = 8 * 1024;

/// A function that writes so much between two commits may be waiting for room to write more. No-ops of which one follows
/// the other write less: each of their commits would cost one of them its processor.
const URGENT_EVENTS: usize = 1_000;
const URGENT_BYTES: usize = 128 * 1024;

/// All that changes the store.
#[derive(Debug)]
pub(crate) enum Command {
    Append(AppendEvents),
    CreateGroup(CreateGroup),
    DeleteGroup(GroupName),
    CreateStream(StreamName),
    DeleteStream(StreamName),
    PutRetention(PutRetention),
    TagGroup(TagGroup),
    PutTrace(Trace),
    /// Where shipping stands, as counters; what is in `once` keeps the value that it has.
    Note {
        once: bool,
        counters: Vec<(&'static str, i64)>,
    },
    /// Apply retention, clear away what was deleted, give space back.
    Tidy,
    /// Nothing; what was said before it is in the file when it is answered.
    Flush,
}

impl Command {
    /// Whether its caller must not wait for others: one who set something up or asks, or who has more to say than one
    /// batch.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Append(append) => append.events.len() >= URGENT_EVENTS || self.weight() >= URGENT_BYTES,
            Self::PutTrace(_) => false,
            _ => true,
        }
    }

    /// What it weighs in the mailbox, bytes.
    pub(crate) fn weight(&self) -> usize {
        const COMMAND_BYTES: usize = 256;
        match self {
            Self::Append(append) => append.events.iter().map(|event| event.message.len() + 64).sum::<usize>(),
            Self::PutTrace(trace) => trace.spans.len() * 64,
            _ => 0,
        }
        .saturating_add(COMMAND_BYTES)
    }
}

/// One transaction's work: commands in order, with the sums of streams and groups written once at its end.
pub(crate) struct Batch<'t> {
    transaction: &'t Transaction<'t>,
    now_ms: i64,
    next_event: i64,
    open: BTreeMap<StreamKey, OpenStream>,
    /// Something was deleted whose rows are still there.
    pub(crate) doomed: bool,
}

type StreamKey = (Scope, String, String);

/// A stream that this batch appended to.
struct OpenStream {
    group_id: i64,
    stream_id: i64,
    first_ms: i64,
    last_ms: i64,
    bytes: u64,
}

impl<'t> Batch<'t> {
    pub(crate) fn begin(transaction: &'t Transaction<'t>, now_ms: u64) -> rusqlite::Result<Self> {
        let next_event = transaction
            .prepare_cached("SELECT value FROM counters WHERE name = 'next_event'")?
            .query_row([], |row| row.get(0))?;
        Ok(Self { transaction, now_ms: as_i64(now_ms), next_event, open: BTreeMap::new(), doomed: false })
    }

    pub(crate) fn apply(&mut self, command: &Command) -> Result<(), QueryError> {
        match command {
            Command::Append(append) => return self.append(append),
            Command::PutTrace(trace) => return self.put_trace(trace),
            Command::Note { once, counters } => return Ok(self.note(*once, counters)?),
            Command::Tidy | Command::Flush => return Ok(()), // `bounds` has its turn after the commands
            _ => {}
        }
        // What follows may delete what the open sums are for.
        self.settle()?;
        match command {
            Command::CreateGroup(create) => self.create_group(create),
            Command::DeleteGroup(name) => self.delete_group(name),
            Command::CreateStream(name) => self.create_stream(name),
            Command::DeleteStream(name) => self.delete_stream(name),
            Command::PutRetention(put) => self.put_retention(put),
            Command::TagGroup(tag) => self.tag_group(tag),
            Command::Append(_)
            | Command::PutTrace(_)
            | Command::Note { .. }
            | Command::Tidy
            | Command::Flush => Ok(()),
        }
    }

    /// Writes the sums; the caller commits.
    pub(crate) fn finish(mut self) -> rusqlite::Result<()> {
        self.settle()?;
        self.transaction
            .prepare_cached("UPDATE counters SET value = ?1 WHERE name = 'next_event'")?
            .execute([self.next_event])?;
        Ok(())
    }

    fn append(&mut self, append: &AppendEvents) -> Result<(), QueryError> {
        let name = &append.stream;
        let key = (name.scope.clone(), name.group.clone(), name.stream.clone());
        if !self.open.contains_key(&key) {
            let opened = self.open_stream(name)?;
            self.open.insert(key.clone(), opened);
        }
        let Some(open) = self.open.get_mut(&key) else { return Ok(()) };
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO events (id, group_id, stream_id, ts, ingestion_ms, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for event in &append.events {
            let message = cut(&event.message, limits::LOG_EVENT_BYTES_MAX);
            let ts = as_i64(event.timestamp_ms);
            insert.execute(params![
                self.next_event,
                open.group_id,
                open.stream_id,
                ts,
                self.now_ms,
                message
            ])?;
            self.next_event += 1;
            open.first_ms = open.first_ms.min(ts);
            open.last_ms = open.last_ms.max(ts);
            open.bytes += message.len() as u64 + EVENT_OVERHEAD_BYTES;
        }
        Ok(())
    }

    /// Finds the stream, making it and its group where they are not there.
    fn open_stream(&mut self, name: &StreamName) -> Result<OpenStream, QueryError> {
        check_name(&name.group)?;
        check_name(&name.stream)?;
        let group_id = match find_group(self.transaction, &name.scope, &name.group)? {
            Some(id) => id,
            None => self.insert_group(&name.scope, &name.group)?,
        };
        let stream_id = match find_stream(self.transaction, group_id, &name.stream)? {
            Some(id) => id,
            None => self.insert_stream(group_id, &name.stream)?,
        };
        Ok(OpenStream { group_id, stream_id, first_ms: i64::MAX, last_ms: i64::MIN, bytes: 0 })
    }

    fn settle(&mut self) -> rusqlite::Result<()> {
        for open in std::mem::take(&mut self.open).into_values().filter(|open| open.bytes > 0) {
            self.transaction
                .prepare_cached(
                    "UPDATE streams SET first_ms = min(coalesce(first_ms, ?2), ?2), \
                     last_ms = max(coalesce(last_ms, ?3), ?3), ingestion_ms = ?4, bytes = bytes + ?5 WHERE id = ?1",
                )?
                .execute(params![open.stream_id, open.first_ms, open.last_ms, self.now_ms, open.bytes])?;
            self.transaction
                .prepare_cached("UPDATE groups SET bytes = bytes + ?2 WHERE id = ?1")?
                .execute(params![open.group_id, open.bytes])?;
        }
        Ok(())
    }

    fn create_group(&mut self, create: &CreateGroup) -> Result<(), QueryError> {
        let name = &create.name;
        check_name(&name.group)?;
        check_tags(create.tags.len())?;
        if find_group(self.transaction, &name.scope, &name.group)?.is_some() {
            return Err(TelemetryError::Exists.into());
        }
        let group_id = self.insert_group(&name.scope, &name.group)?;
        Ok(self.set_tags(group_id, &create.tags)?)
    }

    /// The name is free at once; the events go in bounded steps (`bounds`), so that a large group does not
    /// keep other accounts' lines waiting.
    fn delete_group(&mut self, name: &GroupName) -> Result<(), QueryError> {
        let group_id = self.require_group(name)?;
        self.doomed = true;
        self.transaction.execute("DELETE FROM tags WHERE group_id = ?1", [group_id])?;
        self.transaction.execute(
            "UPDATE groups SET account = '', region = '', name = 'doomed-' || id, doomed = 1 WHERE id = ?1",
            [group_id],
        )?;
        Ok(())
    }

    fn create_stream(&mut self, name: &StreamName) -> Result<(), QueryError> {
        check_name(&name.stream)?;
        let group_id =
            self.require_group(&GroupName { scope: name.scope.clone(), group: name.group.clone() })?;
        if find_stream(self.transaction, group_id, &name.stream)?.is_some() {
            return Err(TelemetryError::Exists.into());
        }
        self.insert_stream(group_id, &name.stream)?;
        Ok(())
    }

    fn delete_stream(&mut self, name: &StreamName) -> Result<(), QueryError> {
        let group_id =
            self.require_group(&GroupName { scope: name.scope.clone(), group: name.group.clone() })?;
        let stream_id =
            find_stream(self.transaction, group_id, &name.stream)?.ok_or(TelemetryError::NoStream)?;
        self.doomed = true;
        self.transaction.execute(
            "UPDATE groups SET bytes = bytes - (SELECT bytes FROM streams WHERE id = ?2) WHERE id = ?1",
            [group_id, stream_id],
        )?;
        self.transaction
            .execute("UPDATE streams SET group_id = 0, name = 'doomed-' || id WHERE id = ?1", [stream_id])?;
        Ok(())
    }

    fn put_retention(&mut self, put: &PutRetention) -> Result<(), QueryError> {
        let group_id = self.require_group(&put.name)?;
        self.transaction
            .execute("UPDATE groups SET retention_days = ?2 WHERE id = ?1", params![group_id, put.days])?;
        Ok(())
    }

    fn tag_group(&mut self, tag: &TagGroup) -> Result<(), QueryError> {
        let group_id = self.require_group(&tag.name)?;
        let mut keys: Vec<String> = self
            .transaction
            .prepare_cached("SELECT key FROM tags WHERE group_id = ?1")?
            .query_map([group_id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        keys.retain(|key| !tag.remove.contains(key) && !tag.set.contains_key(key));
        check_tags(keys.len() + tag.set.len())?;
        for key in &tag.remove {
            self.transaction
                .prepare_cached("DELETE FROM tags WHERE group_id = ?1 AND key = ?2")?
                .execute(params![group_id, key])?;
        }
        Ok(self.set_tags(group_id, &tag.set)?)
    }

    fn put_trace(&mut self, trace: &Trace) -> Result<(), QueryError> {
        let body = serde_json::to_vec(&StoredTrace::of(trace))
            .map_err(|error| TelemetryError::Store { reason: format!("a trace does not encode: {error}") })?;
        if body.len() > TRACE_BYTES_MAX {
            let reason = format!("a trace of {} bytes is over {TRACE_BYTES_MAX}", body.len());
            return Err(TelemetryError::TooMany { reason }.into());
        }
        let scope = &trace.scope;
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO traces (account, region, request_id, body) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![scope.account.as_str(), scope.region.as_str(), trace.request_id.0, body])?;
        Ok(())
    }

    fn note(&self, once: bool, counters: &[(&'static str, i64)]) -> rusqlite::Result<()> {
        let sql = match once {
            true => "INSERT OR IGNORE INTO counters (name, value) VALUES (?1, ?2)",
            false => "INSERT OR REPLACE INTO counters (name, value) VALUES (?1, ?2)",
        };
        let mut statement = self.transaction.prepare_cached(sql)?;
        for (name, value) in counters {
            statement.execute(params![name, value])?;
        }
        Ok(())
    }

    fn require_group(&self, name: &GroupName) -> Result<i64, QueryError> {
        Ok(find_group(self.transaction, &name.scope, &name.group)?.ok_or(TelemetryError::NoGroup)?)
    }

    fn insert_group(&self, scope: &Scope, name: &str) -> Result<i64, QueryError> {
        let groups: i64 = self
            .transaction
            .prepare_cached("SELECT count(*) FROM groups")?
            .query_row([], |row| row.get(0))?;
        if groups >= GROUPS_MAX {
            let reason = format!("there are {GROUPS_MAX} log groups already");
            return Err(TelemetryError::TooMany { reason }.into());
        }
        self.transaction
            .prepare_cached("INSERT INTO groups (account, region, name, created_ms) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![scope.account.as_str(), scope.region.as_str(), name, self.now_ms])?;
        Ok(self.transaction.last_insert_rowid())
    }

    fn insert_stream(&self, group_id: i64, name: &str) -> rusqlite::Result<i64> {
        self.transaction
            .prepare_cached("INSERT INTO streams (group_id, name, created_ms) VALUES (?1, ?2, ?3)")?
            .execute(params![group_id, name, self.now_ms])?;
        Ok(self.transaction.last_insert_rowid())
    }

    fn set_tags(&self, group_id: i64, tags: &BTreeMap<String, String>) -> rusqlite::Result<()> {
        for (key, value) in tags {
            self.transaction
                .prepare_cached("INSERT OR REPLACE INTO tags (group_id, key, value) VALUES (?1, ?2, ?3)")?
                .execute(params![group_id, key, value])?;
        }
        Ok(())
    }
}

pub(crate) fn find_group(
    connection: &rusqlite::Connection,
    scope: &Scope,
    name: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT id FROM groups WHERE account = ?1 AND region = ?2 AND name = ?3 AND doomed = 0",
        )?
        .query_row(params![scope.account.as_str(), scope.region.as_str(), name], |row| row.get(0))
        .optional()
}

pub(crate) fn find_stream(
    connection: &rusqlite::Connection,
    group_id: i64,
    name: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM streams WHERE group_id = ?1 AND name = ?2")?
        .query_row(params![group_id, name], |row| row.get(0))
        .optional()
}

/// SQLite's integers are signed.
pub(crate) fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn check_name(name: &str) -> Result<(), TelemetryError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        let reason = format!("a name of {} bytes; 1 to {NAME_BYTES_MAX} are allowed", name.len());
        return Err(TelemetryError::TooMany { reason });
    }
    Ok(())
}

pub(crate) fn check_tags(count: usize) -> Result<(), TelemetryError> {
    if count > limits::TAGS_MAX {
        let reason = format!("a log group has at most {} tags", limits::TAGS_MAX);
        return Err(TelemetryError::TooMany { reason });
    }
    Ok(())
}

/// The longest beginning of `text` that is at most `bytes_max` long and ends between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
