//! What this store answers a frontend that reads shipped blocks: what is not shipped yet.
//!
//! The events are found by their ids, which is what was not shipped and nothing else. They are few: what was appended in the
//! last second, or, while the shared stores are silent, what the file holds.

use super::Answer;
use crate::EVENT_OVERHEAD_BYTES;
use crate::backlog::{Counters, LINES_DONE};
use crate::write::as_i64;
use fabric::telemetry::{FreshGroup, FreshLines, FreshQuery, StoredEvent, Stream};
use rusqlite::{Connection, params};

/// Events of one answer, and their bytes.
const EVENTS_MAX: usize = 10_000;
const BYTES_MAX: usize = 1024 * 1024;
/// Groups, or streams of one group, of one answer.
const NAMES_MAX: i64 = 10_000;

/// `None`: the store has no number yet.
pub(crate) fn lines(connection: &Connection, query: &FreshQuery) -> Answer<Option<FreshLines>> {
    let counters = Counters::read(connection)?;
    let Some(store) = counters.number() else { return Ok(None) };
    let done = counters.value(LINES_DONE);
    let groups = match &query.group {
        Some(group) => one_group(connection, query, group, done)?.into_iter().collect(),
        None => all_groups(connection, query, done)?,
    };
    let mut lines = FreshLines { store, groups, events: Vec::new(), more: false };
    if let (Some(group), 1..) = (&query.group, query.items_max) {
        events(connection, query, group, done, &mut lines)?;
    }
    Ok(Some(lines))
}

fn all_groups(connection: &Connection, query: &FreshQuery, done: i64) -> Answer<Vec<FreshGroup>> {
    let mut statement = connection.prepare_cached(
        "SELECT g.name, g.created_ms, sum(octet_length(e.message) + ?4), max(e.ts), max(e.ingestion_ms) \
         FROM events e JOIN streams s ON s.id = e.stream_id \
         JOIN groups g ON g.id = s.group_id AND g.doomed = 0 AND g.account = ?2 AND g.region = ?3 \
         WHERE e.id > ?1 GROUP BY g.id ORDER BY g.name LIMIT ?5",
    )?;
    let scope = &query.scope;
    let groups = statement.query_map(
        params![done, scope.account.as_str(), scope.region.as_str(), EVENT_OVERHEAD_BYTES, NAMES_MAX],
        |row| {
            Ok(FreshGroup {
                name: row.get(0)?,
                created_ms: row.get(1)?,
                bytes: row.get(2)?,
                last_event_ms: row.get(3)?,
                last_ingestion_ms: row.get(4)?,
                streams: Vec::new(),
            })
        },
    )?;
    Ok(groups.collect::<rusqlite::Result<_>>()?)
}

fn one_group(
    connection: &Connection,
    query: &FreshQuery,
    group: &str,
    done: i64,
) -> Answer<Option<FreshGroup>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.name, s.created_ms, min(e.ts), max(e.ts), max(e.ingestion_ms), \
                sum(octet_length(e.message) + ?5), min(g.created_ms) \
         FROM events e JOIN streams s ON s.id = e.stream_id \
         JOIN groups g ON g.id = s.group_id AND g.doomed = 0 \
              AND g.account = ?2 AND g.region = ?3 AND g.name = ?4 \
         WHERE e.id > ?1 GROUP BY s.id ORDER BY s.name LIMIT ?6",
    )?;
    let scope = &query.scope;
    let mut found: Option<FreshGroup> = None;
    let mut rows = statement.query(params![
        done,
        scope.account.as_str(),
        scope.region.as_str(),
        group,
        EVENT_OVERHEAD_BYTES,
        NAMES_MAX
    ])?;
    while let Some(row) = rows.next()? {
        let group = found.get_or_insert_with(|| FreshGroup {
            name: group.to_owned(),
            created_ms: u64::MAX,
            bytes: 0,
            last_event_ms: 0,
            last_ingestion_ms: 0,
            streams: Vec::new(),
        });
        group.created_ms = row.get(6)?;
        group.bytes += row.get::<_, u64>(5)?;
        group.last_event_ms = group.last_event_ms.max(row.get(3)?);
        group.last_ingestion_ms = group.last_ingestion_ms.max(row.get(4)?);
        group.streams.push(Stream {
            name: row.get(0)?,
            created_ms: row.get(1)?,
            first_event_ms: row.get(2)?,
            last_event_ms: row.get(3)?,
            last_ingestion_ms: row.get(4)?,
        });
    }
    Ok(found)
}

fn events(
    connection: &Connection,
    query: &FreshQuery,
    group: &str,
    done: i64,
    lines: &mut FreshLines,
) -> Answer<()> {
    let (past, order) = match query.backward {
        false => ("(e.ts, e.id) > (?6, ?7)", "e.ts, e.id"),
        true => ("(e.ts, e.id) < (?6, ?7)", "e.ts DESC, e.id DESC"),
    };
    let sql = format!(
        "SELECT e.id, e.ts, e.ingestion_ms, e.message, s.name FROM events e \
         JOIN streams s ON s.id = e.stream_id AND (?5 IS NULL OR s.name = ?5) \
         JOIN groups g ON g.id = s.group_id AND g.doomed = 0 \
              AND g.account = ?2 AND g.region = ?3 AND g.name = ?4 \
         WHERE e.id > ?1 AND {past} AND e.ts BETWEEN ?8 AND ?9 ORDER BY {order} LIMIT ?10"
    );
    let scope = &query.scope;
    let items_max = query.items_max.min(EVENTS_MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        done,
        scope.account.as_str(),
        scope.region.as_str(),
        group,
        query.stream,
        as_i64(query.from.timestamp_ms),
        local(query.from.id, lines.store, query.backward),
        as_i64(query.start_ms),
        as_i64(query.end_ms),
        items_max + 1
    ])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let message: String = row.get(3)?;
        bytes += message.len();
        if lines.events.len() >= items_max || (bytes > BYTES_MAX && !lines.events.is_empty()) {
            lines.more = true;
            break;
        }
        lines.events.push(StoredEvent {
            id: lines.store + row.get::<_, u64>(0)?,
            stream: row.get(4)?,
            timestamp_ms: row.get(1)?,
            ingestion_ms: row.get(2)?,
            message,
        });
    }
    Ok(())
}

/// A position's id, which may be another store's, as a bound of the local ones.
fn local(id: u64, store: u64, backward: bool) -> i64 {
    match id.checked_sub(store) {
        Some(local) => as_i64(local),
        // Below all of ours: forward all of them lie beyond it, backward none.
        None if backward => i64::MIN,
        None => -1,
    }
}
