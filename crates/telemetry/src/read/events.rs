//! Pages of events: of one stream (`GetLogEvents`) and of a group through a filter (`FilterLogEvents`).
//!
//! Order is by timestamp, equal timestamps by arrival. Every page has three bounds: items, answered bytes, and
//! events looked at, so that one request never occupies a reader for long.

use super::Answer;
use crate::page::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX, Search};
use crate::pattern::Pattern;
use crate::token::{self, Direction, Position};
use crate::write::{as_i64, find_group, find_stream};
use fabric::telemetry::{EventPage, FilterEvents, FilteredPage, GetEvents, StoredEvent, TelemetryError};
use rusqlite::{Connection, params};

pub(crate) const FIRST: Position = Position { ts: 0, id: 0 };
pub(crate) const LAST: Position = Position { ts: i64::MAX, id: i64::MAX };

pub(crate) fn get(connection: &Connection, query: &GetEvents) -> Answer<EventPage> {
    let name = &query.stream;
    let group_id = find_group(connection, &name.scope, &name.group)?.ok_or(TelemetryError::NoGroup)?;
    let stream_id = find_stream(connection, group_id, &name.stream)?.ok_or(TelemetryError::NoStream)?;
    let (direction, from) = match &query.next {
        Some(text) => token::read_event_token(text)?,
        None if query.from_head => (Direction::Forward, FIRST),
        None => (Direction::Backward, LAST),
    };
    let sql = match direction {
        Direction::Forward => concat_events("AND (e.ts, e.id) > (?4, ?5) ORDER BY e.ts, e.id LIMIT ?6"),
        Direction::Backward => {
            concat_events("AND (e.ts, e.id) < (?4, ?5) ORDER BY e.ts DESC, e.id DESC LIMIT ?6")
        }
    };
    let start = as_i64(query.start_ms.unwrap_or(0));
    // `endTime` is exclusive here and inclusive in a search.
    let end = query.end_ms.map_or(i64::MAX, as_i64);
    let items_max = query.items_max.clamp(1, PAGE_EVENTS_MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![stream_id, start, end, from.ts, from.id, items_max])?;
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let event = StoredEvent {
            id: row.get(0)?,
            stream: name.stream.clone(),
            timestamp_ms: row.get(1)?,
            ingestion_ms: row.get(2)?,
            message: row.get(3)?,
        };
        bytes += event.message.len();
        if bytes > PAGE_BYTES_MAX && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    if direction == Direction::Backward {
        events.reverse();
    }
    let (forward, backward) = gaps(&events, direction, from);
    Ok(EventPage {
        events,
        forward: token::write_event_token(Direction::Forward, forward),
        backward: token::write_event_token(Direction::Backward, backward),
    })
}

fn concat_events(rest: &str) -> String {
    format!(
        "SELECT e.id, e.ts, e.ingestion_ms, e.message FROM events e \
         WHERE e.stream_id = ?1 AND e.ts >= ?2 AND (e.ts < ?3 OR ?3 = 9223372036854775807) {rest}"
    )
}

/// The gaps on both sides of a page. An empty page stays where it is: its token in the direction of reading is
/// the one it was asked with, which is how a client sees the end.
pub(crate) fn gaps(events: &[StoredEvent], direction: Direction, from: Position) -> (Position, Position) {
    let at = |event: &StoredEvent| Position { ts: as_i64(event.timestamp_ms), id: as_i64(event.id) };
    match (events.first(), events.last(), direction) {
        (Some(first), Some(last), _) => (at(last), at(first)),
        // "Greater than (t, i)" and "less than (t, i + 1)" meet without a gap.
        (_, _, Direction::Forward) => (from, Position { id: from.id.saturating_add(1), ..from }),
        // Nothing before the end of everything: the stream is empty, and what comes will be after its beginning.
        (_, _, Direction::Backward) if from == LAST => (FIRST, FIRST),
        (_, _, Direction::Backward) => (Position { id: from.id.saturating_sub(1), ..from }, from),
    }
}

pub(crate) fn filter(connection: &Connection, query: &FilterEvents) -> Answer<FilteredPage> {
    let group_id =
        find_group(connection, &query.name.scope, &query.name.group)?.ok_or(TelemetryError::NoGroup)?;
    let pattern = Pattern::parse(query.pattern.as_deref().unwrap_or_default())?;
    let mut streams = Vec::with_capacity(query.streams.len());
    for name in &query.streams {
        streams.push(find_stream(connection, group_id, name)?.ok_or(TelemetryError::NoStream)?);
    }
    let (after, newest) = match &query.next {
        Some(text) => token::read_search_token(text)?,
        None => (FIRST, newest_id(connection)?),
    };
    // One stream has an index of its own; several are picked out of the group's.
    let (of, key) = match streams.as_slice() {
        [stream_id] => ("e.stream_id = ?1", *stream_id),
        _ => ("e.group_id = ?1", group_id),
    };
    let sql = format!(
        "SELECT e.id, e.ts, e.ingestion_ms, e.message, e.stream_id, s.name FROM events e \
         CROSS JOIN streams s ON s.id = e.stream_id AND s.group_id = ?2 \
         WHERE {of} AND e.ts <= ?4 AND (e.ts, e.id) > (?5, ?6) AND e.ts >= ?3 AND e.id <= ?7 ORDER BY e.ts, e.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let start = as_i64(query.start_ms.unwrap_or(0));
    let end = query.end_ms.map_or(i64::MAX, as_i64);
    let from = after.max(Position { ts: start, id: 0 });
    let mut rows = statement.query(params![key, group_id, start, end, from.ts, from.id, newest])?;
    let mut search = Search::new(query.items_max.clamp(1, PAGE_EVENTS_MAX), FIRST);
    while !search.stopped
        && let Some(row) = rows.next()?
    {
        let message = row.get_ref(3)?.as_str().unwrap_or_default();
        let stream = row.get_ref(5)?.as_str().unwrap_or_default();
        let wanted = (streams.is_empty() || streams.contains(&row.get(4)?))
            && query.stream_prefix.as_deref().is_none_or(|prefix| stream.starts_with(prefix))
            && pattern.matches(message);
        let at = Position { ts: row.get(1)?, id: row.get(0)? };
        if search.look(at, message.len(), wanted) {
            search.events.push(StoredEvent {
                id: row.get(0)?,
                stream: stream.to_owned(),
                timestamp_ms: row.get(1)?,
                ingestion_ms: row.get(2)?,
                message: message.to_owned(),
            });
        }
    }
    let next = search.stopped.then(|| token::write_search_token(search.at, newest));
    Ok(FilteredPage { events: search.events, next })
}

fn newest_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))
}
