//! What readers answer. Each has a connection of its own, so that a slow search holds up nobody's lines.

pub(crate) mod events;
pub(crate) mod fresh;

use crate::database::{self, QueryError};
use crate::token;
use crate::trace::StoredTrace;
use crate::write::{as_i64, find_group};
use crate::writer::Files;
use fabric::telemetry::{
    DescribeGroups, DescribeStreams, Group, GroupName, GroupPage, Stream, StreamPage, TelemetryError, Trace,
    TraceQuery,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use world::World;

/// Searches at one time; more wait their turn.
const READERS_MAX: usize = 4;
/// Connections kept open while nobody asks.
const READERS_IDLE_MAX: usize = 1;
/// Groups or streams on one page.
const NAMES_PAGE_MAX: usize = 1_000;

/// A few reading connections.
pub(crate) struct Readers {
    world: World,
    files: Arc<Files>,
    turns: Semaphore,
    idle: Arc<Mutex<Vec<Reader>>>,
}

struct Reader {
    generation: u64,
    connection: Connection,
}

pub(crate) type Answer<T> = Result<T, QueryError>;

impl Readers {
    pub(crate) fn new(world: World, files: Arc<Files>) -> Self {
        Self { world, files, turns: Semaphore::new(READERS_MAX), idle: Arc::default() }
    }

    /// Runs `query` on a connection, off the async threads, in one consistent view of the store.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Answer<T> + Send + 'static,
    ) -> Result<T, TelemetryError> {
        let _turn = self.turns.acquire().await.map_err(|_| store_error("the store is closed"))?;
        let (files, idle) = (self.files.clone(), self.idle.clone());
        let answer = self.world.blocking("telemetry.read", move || {
            let reader = checkout(&files, &idle)?;
            let answer = (|| {
                let view = reader.connection.unchecked_transaction()?;
                query(&view)
            })();
            if !matches!(answer, Err(QueryError::Sqlite(_))) {
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < READERS_IDLE_MAX {
                    idle.push(reader);
                }
            }
            answer
        });
        match answer.await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(QueryError::Refused(error))) => Err(error),
            Some(Err(QueryError::Sqlite(error))) => Err(store_error(&error.to_string())),
            None => Err(store_error("a query panicked")),
        }
    }
}

fn checkout(files: &Files, idle: &Mutex<Vec<Reader>>) -> Answer<Reader> {
    let generation = files.generation.load(Ordering::Acquire);
    let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    match kept {
        Some(reader) if reader.generation == generation => Ok(reader),
        _ => Ok(Reader { generation, connection: database::open_reader(&files.file)? }),
    }
}

pub(crate) fn groups(connection: &Connection, query: &DescribeGroups) -> Answer<GroupPage> {
    let after = query.next.as_deref().map(token::read_name_token).transpose()?;
    let items_max = query.items_max.clamp(1, NAMES_PAGE_MAX);
    let mut statement = connection.prepare_cached(
        "SELECT name, created_ms, retention_days, bytes FROM groups \
         WHERE account = ?1 AND region = ?2 AND name > coalesce(?3, '') AND doomed = 0 \
         AND substr(name, 1, length(?4)) = ?4 AND (?5 = '' OR instr(name, ?5) > 0) \
         ORDER BY name LIMIT ?6",
    )?;
    let mut groups = statement
        .query_map(
            params![
                query.scope.account.as_str(),
                query.scope.region.as_str(),
                after,
                query.prefix.as_deref().unwrap_or_default(),
                query.pattern.as_deref().unwrap_or_default(),
                items_max + 1
            ],
            |row| {
                Ok(Group {
                    name: row.get(0)?,
                    created_ms: row.get(1)?,
                    retention_days: row.get(2)?,
                    stored_bytes: row.get(3)?,
                })
            },
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next = cut_page(&mut groups, items_max).map(|last| token::write_name_token(&last.name));
    Ok(GroupPage { groups, next })
}

pub(crate) fn streams(connection: &Connection, query: &DescribeStreams) -> Answer<StreamPage> {
    let group_id =
        find_group(connection, &query.name.scope, &query.name.group)?.ok_or(TelemetryError::NoGroup)?;
    let items_max = query.items_max.clamp(1, NAMES_PAGE_MAX);
    let after = match (&query.next, query.by_last_event) {
        (None, _) => None,
        (Some(text), true) => Some(token::read_time_token(text)?),
        (Some(text), false) => Some((0, token::read_name_token(text)?)),
    };
    // Constant text only: what the caller says is bound below.
    let (past, order) = match (query.by_last_event, query.descending) {
        (false, false) => ("name > ?3", "name"),
        (false, true) => ("name < ?3", "name DESC"),
        (true, false) => ("(coalesce(last_ms, 0), name) > (?2, ?3)", "coalesce(last_ms, 0), name"),
        (true, true) => ("(coalesce(last_ms, 0), name) < (?2, ?3)", "coalesce(last_ms, 0) DESC, name DESC"),
    };
    let sql = format!(
        "SELECT name, created_ms, first_ms, last_ms, ingestion_ms FROM streams WHERE group_id = ?1 \
         AND (?3 IS NULL OR {past}) AND (?2 IS NULL OR 1) AND substr(name, 1, length(?4)) = ?4 \
         ORDER BY {order} LIMIT ?5"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (after_ms, after_name) = after.unzip();
    let prefix = query.prefix.as_deref().unwrap_or_default();
    let mut streams = statement
        .query_map(params![group_id, after_ms, after_name, prefix, items_max + 1], |row| {
            Ok(Stream {
                name: row.get(0)?,
                created_ms: row.get(1)?,
                first_event_ms: row.get(2)?,
                last_event_ms: row.get(3)?,
                last_ingestion_ms: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next = cut_page(&mut streams, items_max).map(|last| match query.by_last_event {
        true => token::write_time_token(as_i64(last.last_event_ms.unwrap_or(0)), &last.name),
        false => token::write_name_token(&last.name),
    });
    Ok(StreamPage { streams, next })
}

pub(crate) fn tags(connection: &Connection, name: &GroupName) -> Answer<BTreeMap<String, String>> {
    let group_id = find_group(connection, &name.scope, &name.group)?.ok_or(TelemetryError::NoGroup)?;
    let mut statement = connection.prepare_cached("SELECT key, value FROM tags WHERE group_id = ?1")?;
    let tags = statement.query_map([group_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tags.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn trace(connection: &Connection, query: &TraceQuery) -> Answer<Option<Trace>> {
    let body: Option<Vec<u8>> = connection
        .prepare_cached("SELECT body FROM traces WHERE request_id = ?1 AND account = ?2 AND region = ?3")?
        .query_row(
            params![query.request_id.0, query.scope.account.as_str(), query.scope.region.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    body.map(|body| {
        serde_json::from_slice::<StoredTrace<'_>>(&body)
            .map(|stored| stored.into_trace(query))
            .map_err(|error| store_error(&format!("a trace does not decode: {error}")).into())
    })
    .transpose()
}

/// Drops the item that was read only to know whether there is a next page, and gives the page's last if there is.
fn cut_page<T>(items: &mut Vec<T>, items_max: usize) -> Option<&T> {
    if items.len() <= items_max {
        return None;
    }
    items.truncate(items_max);
    items.last()
}

fn store_error(reason: &str) -> TelemetryError {
    TelemetryError::Store { reason: reason.to_owned() }
}
