//! What of the store's file is not shipped yet, as the shipper reads it.
//!
//! ```text
//!   ids ──── shipped ────│── planned ──│──── fresh ────▶
//!               lines_done      lines_planned
//! ```
//! Before a block is made, how far it goes is written down (`planned`); once it is in the index, that it is (`done`). Killed
//! between the two, the next run makes the same block again, byte for byte, under the same keys. Waterfalls likewise.
//!
//! A store that ships has a number, random and kept in its file. An id that leaves the store is its number plus the local
//! one: so ids of many stores differ, without anybody who hands them out.

use crate::read::Answer;
use crate::write::as_i64;
use fabric::Scope;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use types::{AccountId, Region};

/// Counters of the store's file.
pub(crate) const NUMBER: &str = "store_number";
pub(crate) const LINES_PLANNED: &str = "lines_planned";
pub(crate) const LINES_DONE: &str = "lines_done";
pub(crate) const TRACES_PLANNED: &str = "traces_planned";
pub(crate) const TRACES_DONE: &str = "traces_done";
/// Numbers have 62 bits: with any local id they stay a positive integer of SQLite's and of a page token.
pub(crate) const NUMBER_SHIFT: u32 = 2;

/// Bytes of messages that one block is cut at.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Events of one block.
const BLOCK_EVENTS: usize = 10_000;
/// Streams of one block: what the index says of each has to fit a value of `Kv`.
const BLOCK_STREAMS: usize = 256;
/// Waterfalls of one block: eight bytes of each stand in the index.
const BLOCK_TRACES: usize = 2_000;

/// Part of what is not shipped.
#[derive(Debug)]
pub(crate) struct Backlog {
    pub(crate) number: u64,
    pub(crate) streams: Vec<FreshStream>,
    /// The last local id that was looked at; those of deleted streams are not in `streams`.
    pub(crate) lines_through: i64,
    pub(crate) traces: Vec<FreshTrace>,
    pub(crate) traces_through: i64,
    /// How far the last plan goes; 0 for none that is open.
    pub(crate) lines_planned: i64,
    pub(crate) traces_planned: i64,
    pub(crate) lines_done: i64,
    pub(crate) traces_done: i64,
    /// A bound was reached.
    pub(crate) more: bool,
}

impl Backlog {
    /// Nothing new was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines_through == self.lines_done && self.traces_through == self.traces_done
    }
}

/// The lines of one stream, by id.
#[derive(Debug)]
pub(crate) struct FreshStream {
    pub(crate) scope: Scope,
    pub(crate) group: String,
    pub(crate) stream: String,
    pub(crate) created_ms: u64,
    pub(crate) events: Vec<FreshEvent>,
}

#[derive(Debug)]
pub(crate) struct FreshEvent {
    /// With the store's number.
    pub(crate) id: u64,
    pub(crate) timestamp_ms: u64,
    pub(crate) ingestion_ms: u64,
    pub(crate) message: String,
}

#[derive(Debug)]
pub(crate) struct FreshTrace {
    pub(crate) scope: Scope,
    pub(crate) request_id: [u8; 16],
    pub(crate) body: Vec<u8>,
    pub(crate) seq: i64,
}

/// The file's counters.
pub(crate) struct Counters(BTreeMap<String, i64>);

impl Counters {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT name, value FROM counters")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self(rows.collect::<rusqlite::Result<_>>()?))
    }

    /// `None` before the store has one.
    pub(crate) fn number(&self) -> Option<u64> {
        self.0.get(NUMBER).and_then(|number| u64::try_from(*number).ok())
    }

    pub(crate) fn value(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

/// `None`: the store has no number yet.
pub(crate) fn read(connection: &Connection) -> Answer<Option<Backlog>> {
    let counters = Counters::read(connection)?;
    let Some(number) = counters.number() else { return Ok(None) };
    let (lines_done, lines_planned) = (counters.value(LINES_DONE), counters.value(LINES_PLANNED));
    let (traces_done, traces_planned) = (counters.value(TRACES_DONE), counters.value(TRACES_PLANNED));
    let open = lines_planned > lines_done || traces_planned > traces_done;
    // An open plan is what it was: not a line more of either.
    let upto = |planned: i64| if open { planned } else { i64::MAX };
    let mut backlog = Backlog {
        number,
        streams: Vec::new(),
        lines_through: lines_done,
        traces: Vec::new(),
        traces_through: traces_done,
        lines_planned: if open { lines_planned } else { 0 },
        traces_planned: if open { traces_planned } else { 0 },
        lines_done,
        traces_done,
        more: open,
    };
    read_lines(connection, upto(lines_planned), &mut backlog)?;
    read_traces(connection, upto(traces_planned), &mut backlog)?;
    if open {
        // Also if what was planned has been dropped or deleted since.
        backlog.lines_through = lines_planned.max(lines_done);
        backlog.traces_through = traces_planned.max(traces_done);
    }
    Ok(Some(backlog))
}

fn read_lines(connection: &Connection, upto: i64, backlog: &mut Backlog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id, stream_id, ts, ingestion_ms, message FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id",
    )?;
    let mut rows = statement.query(params![backlog.lines_done, upto])?;
    let mut streams: BTreeMap<i64, Option<FreshStream>> = BTreeMap::new();
    let (mut bytes, mut events) = (0, 0);
    while let Some(row) = rows.next()? {
        let message: String = row.get(4)?;
        bytes += message.len();
        events += 1;
        let stream_id = row.get(1)?;
        let crowded = streams.len() >= BLOCK_STREAMS && !streams.contains_key(&stream_id);
        if upto == i64::MAX && events > 1 && (bytes > BLOCK_BYTES || events > BLOCK_EVENTS || crowded) {
            backlog.more = true;
            break;
        }
        let id: i64 = row.get(0)?;
        backlog.lines_through = id;
        if let std::collections::btree_map::Entry::Vacant(vacant) = streams.entry(stream_id) {
            vacant.insert(read_stream(connection, stream_id)?);
        }
        if let Some(Some(stream)) = streams.get_mut(&stream_id) {
            let id = backlog.number + u64::try_from(id).unwrap_or(0);
            let (timestamp_ms, ingestion_ms) = (row.get(2)?, row.get(3)?);
            stream.events.push(FreshEvent { id, timestamp_ms, ingestion_ms, message });
        }
    }
    backlog.streams = streams.into_values().flatten().collect();
    Ok(())
}

/// Events of one group in a range of local ids, by stream: what several sections are made one from.
pub(crate) fn of_group(
    connection: &Connection,
    scope: &Scope,
    group: &str,
    ids: RangeInclusive<u64>,
) -> Answer<Vec<FreshStream>> {
    let counters = Counters::read(connection)?;
    let Some(number) = counters.number() else { return Ok(Vec::new()) };
    let local = |id: u64| as_i64(id.saturating_sub(number));
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.stream_id, e.ts, e.ingestion_ms, e.message FROM events e \
         JOIN streams s ON s.id = e.stream_id \
         JOIN groups g ON g.id = s.group_id AND g.doomed = 0 \
              AND g.account = ?3 AND g.region = ?4 AND g.name = ?5 \
         WHERE e.id BETWEEN ?1 AND ?2 ORDER BY e.id LIMIT ?6",
    )?;
    let (first, last) = (local(*ids.start()), local(*ids.end()));
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let mut rows = statement.query(params![first, last, account, region, group, 2 * BLOCK_EVENTS])?;
    let mut streams: BTreeMap<i64, FreshStream> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let stream_id = row.get(1)?;
        if let std::collections::btree_map::Entry::Vacant(vacant) = streams.entry(stream_id) {
            match read_stream(connection, stream_id)? {
                Some(stream) => drop(vacant.insert(stream)),
                None => continue,
            }
        }
        let Some(stream) = streams.get_mut(&stream_id) else { continue };
        let id = number + u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
        let (timestamp_ms, ingestion_ms) = (row.get(2)?, row.get(3)?);
        stream.events.push(FreshEvent { id, timestamp_ms, ingestion_ms, message: row.get(4)? });
    }
    Ok(streams.into_values().collect())
}

/// `None` for a stream that is deleted, itself or with its group.
fn read_stream(connection: &Connection, stream_id: i64) -> rusqlite::Result<Option<FreshStream>> {
    connection
        .prepare_cached(
            "SELECT g.account, g.region, g.name, s.name, s.created_ms FROM streams s \
             JOIN groups g ON g.id = s.group_id AND g.doomed = 0 WHERE s.id = ?1",
        )?
        .query_row([stream_id], |row| {
            Ok(FreshStream {
                scope: scope_of(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?),
                group: row.get(2)?,
                stream: row.get(3)?,
                created_ms: row.get(4)?,
                events: Vec::new(),
            })
        })
        .optional()
}

fn read_traces(connection: &Connection, upto: i64, backlog: &mut Backlog) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, account, region, request_id, body FROM traces WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![backlog.traces_done, upto])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(4)?;
        bytes += body.len();
        let full = bytes > BLOCK_BYTES || backlog.traces.len() >= BLOCK_TRACES;
        if upto == i64::MAX && full && !backlog.traces.is_empty() {
            backlog.more = true;
            break;
        }
        backlog.traces_through = row.get(0)?;
        let scope = scope_of(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?);
        backlog.traces.push(FreshTrace { scope, request_id: row.get(3)?, body, seq: row.get(0)? });
    }
    Ok(())
}

fn scope_of(account: &str, region: &str) -> Scope {
    Scope { account: AccountId::new(account), region: Region::new(region) }
}
