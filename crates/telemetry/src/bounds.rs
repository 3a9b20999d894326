//! What keeps the store in its bounds: each function does one step of bounded work inside the caller's
//! transaction and says whether more is left.
//!
//! Events go in the order of their times, from whoever has most first. A stream that loses its last event goes too; a
//! group stays.

use crate::backlog::{Counters, LINES_DONE, LINES_PLANNED};
use crate::write::{STREAMS_MAX, as_i64};
use crate::{EVENT_OVERHEAD_BYTES, Settings};
use rusqlite::{Connection, Transaction, params};
use std::collections::BTreeMap;

/// Events that one step deletes: some tens of milliseconds, so that lines never wait long behind it.
const STEP_EVENTS: i64 = 2_000;
/// Streams that one step deletes.
const STEP_STREAMS: i64 = 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// How the bound is shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Of the main file.
    pub(crate) file_bytes: u64,
    /// Size of the write-ahead log that calls for a checkpoint.
    pub(crate) wal_bytes: u64,
    /// Commands of one transaction.
    pub(crate) batch_bytes: usize,
}

impl Budget {
    /// A transaction of `batch_bytes` writes up to some eight times that into the write-ahead log: the messages,
    /// two indexes, and the index pages, scattered where streams are many, that deleting as much touches.
    pub(crate) fn of(bytes_max: u64) -> Self {
        let bytes_max = bytes_max.max(crate::BYTES_MAX_FLOOR);
        let wal_bytes = (bytes_max / 16).clamp(1 << 20, 8 << 20);
        let batch_bytes = (bytes_max / 64).clamp(1 << 19, 2 << 20);
        Self {
            file_bytes: bytes_max - wal_bytes - 8 * batch_bytes,
            wal_bytes,
            batch_bytes: usize::try_from(batch_bytes).unwrap_or(1 << 19),
        }
    }
}

/// What a trim removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trimmed {
    pub(crate) events: u64,
    pub(crate) traces: u64,
    pub(crate) streams: u64,
    /// Of the events: what a store that ships had not shipped.
    pub(crate) unshipped: u64,
}

/// Of the account with the most bytes, the group with the most; of that, the oldest. A function that floods its log
/// drops its own lines and not its neighbours'.
const OLDEST_OF_THE_LARGEST: &str = "SELECT id FROM events WHERE group_id = (\
     SELECT id FROM groups WHERE account = (\
         SELECT account FROM groups GROUP BY account ORDER BY sum(bytes) DESC LIMIT 1\
     ) ORDER BY bytes DESC LIMIT 1\
 ) ORDER BY ts, id LIMIT ?1";

/// Deletes the oldest until the pages in use fit the budget again, and the surplus of traces.
pub(crate) fn trim(
    transaction: &Transaction<'_>,
    budget: &Budget,
    settings: &Settings,
) -> rusqlite::Result<Trimmed> {
    let mut trimmed = Trimmed::default();
    transaction
        .prepare_cached("DELETE FROM traces WHERE seq <= (SELECT max(seq) FROM traces) - ?1")?
        .execute([as_i64(settings.traces_max)])?;
    if pages_in_use(transaction)? <= budget.file_bytes {
        return Ok(trimmed);
    }
    let waiting = unshipped(transaction)?;
    // A little below the bound, so that a flood does not trim in each transaction.
    let target = budget.file_bytes - budget.batch_bytes as u64;
    while pages_in_use(transaction)? > target {
        let mut events = delete_events(transaction, OLDEST_OF_THE_LARGEST, &[&STEP_EVENTS])?;
        if events == 0 {
            // What is left belongs to streams that are deleted already, or the sums are off.
            events =
                delete_events(transaction, "SELECT id FROM events ORDER BY id LIMIT ?1", &[&STEP_EVENTS])?;
        }
        if events > 0 {
            trimmed.events += events;
            continue;
        }
        let traces = transaction.execute(
            "DELETE FROM traces WHERE seq IN (SELECT seq FROM traces ORDER BY seq LIMIT ?1)",
            [STEP_EVENTS],
        )?;
        if traces > 0 {
            trimmed.traces += traces as u64;
            continue;
        }
        let streams = delete_oldest_streams(transaction)?;
        if streams == 0 {
            break; // only groups and tags are left, and those have a limit by number
        }
        trimmed.streams += streams;
    }
    trimmed.unshipped = waiting.saturating_sub(unshipped(transaction)?);
    Ok(trimmed)
}

/// Events that wait for being shipped; none in a store that does not.
fn unshipped(connection: &Connection) -> rusqlite::Result<u64> {
    let counters = Counters::read(connection)?;
    if counters.value(LINES_PLANNED) == 0 {
        return Ok(0);
    }
    connection
        .prepare_cached("SELECT count(*) FROM events WHERE id > ?1")?
        .query_row([counters.value(LINES_DONE)], |row| row.get(0))
}

/// One step of clearing away what was deleted by name. True when more is left.
pub(crate) fn purge(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    let first = |sql: &str| -> rusqlite::Result<Option<i64>> {
        let mut statement = transaction.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        rows.next()?.map(|row| row.get(0)).transpose()
    };
    if let Some(stream_id) = first("SELECT id FROM streams WHERE group_id = 0 LIMIT 1")? {
        let select = "SELECT id FROM events WHERE stream_id = ?1 LIMIT ?2";
        if delete_events(transaction, select, &[&stream_id, &STEP_EVENTS])? == 0 {
            transaction.execute("DELETE FROM streams WHERE id = ?1", [stream_id])?;
        }
        return Ok(true);
    }
    let Some(group_id) = first("SELECT id FROM groups WHERE doomed LIMIT 1")? else { return Ok(false) };
    let select = "SELECT id FROM events WHERE group_id = ?1 LIMIT ?2";
    if delete_events(transaction, select, &[&group_id, &STEP_EVENTS])? > 0 {
        return Ok(true);
    }
    let streams = transaction.execute(
        "DELETE FROM streams WHERE id IN (SELECT id FROM streams WHERE group_id = ?1 LIMIT ?2)",
        [group_id, STEP_STREAMS],
    )?;
    if streams == 0 {
        transaction.execute("DELETE FROM groups WHERE id = ?1", [group_id])?;
    }
    Ok(true)
}

/// One step of deleting what is older than its group's retention. True when more is left.
pub(crate) fn expire(
    transaction: &Transaction<'_>,
    settings: &Settings,
    now_ms: u64,
) -> rusqlite::Result<bool> {
    let policies: Vec<(i64, u32)> = transaction
        .prepare_cached(
            "SELECT id, coalesce(retention_days, ?1) FROM groups \
             WHERE coalesce(retention_days, ?1) IS NOT NULL AND doomed = 0",
        )?
        .query_map([settings.retention_days_default], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (group_id, days) in policies {
        let before = as_i64(now_ms.saturating_sub(u64::from(days) * DAY_MS));
        let select = "SELECT id FROM events WHERE group_id = ?1 AND ts < ?2 ORDER BY ts, id LIMIT ?3";
        if delete_events(transaction, select, &[&group_id, &before, &STEP_EVENTS])? > 0 {
            return Ok(true);
        }
    }
    let streams: i64 =
        transaction.prepare_cached("SELECT count(*) FROM streams")?.query_row([], |row| row.get(0))?;
    if streams > STREAMS_MAX {
        return Ok(delete_oldest_streams(transaction)? > 0);
    }
    Ok(false)
}

/// Bytes of pages that hold something. Free pages are used again before the file grows.
pub(crate) fn pages_in_use(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |sql: &str| -> rusqlite::Result<u64> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    };
    let (pages, free) = (number("PRAGMA page_count")?, number("PRAGMA freelist_count")?);
    Ok(pages.saturating_sub(free) * number("PRAGMA page_size")?)
}

/// Deletes the events that `select` names and sets right what their streams and groups say about them.
fn delete_events(
    transaction: &Transaction<'_>,
    select: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<u64> {
    let mut gone: BTreeMap<i64, u64> = BTreeMap::new();
    let mut count = 0;
    let sql = format!("DELETE FROM events WHERE id IN ({select}) RETURNING stream_id, octet_length(message)");
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        *gone.entry(row.get(0)?).or_default() += row.get::<_, u64>(1)? + EVENT_OVERHEAD_BYTES;
        count += 1;
    }
    for (stream_id, bytes) in gone {
        shrink_stream(transaction, stream_id, bytes)?;
    }
    Ok(count)
}

fn shrink_stream(transaction: &Transaction<'_>, stream_id: i64, bytes: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE groups SET bytes = max(0, bytes - ?2) \
             WHERE id = (SELECT group_id FROM streams WHERE id = ?1)",
        )?
        .execute(params![stream_id, bytes])?;
    let (first_ms, last_ms): (Option<i64>, Option<i64>) = transaction
        .prepare_cached(
            "SELECT (SELECT min(ts) FROM events WHERE stream_id = ?1), (SELECT max(ts) FROM events WHERE stream_id = ?1)",
        )?
        .query_row([stream_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if first_ms.is_none() {
        transaction.prepare_cached("DELETE FROM streams WHERE id = ?1")?.execute([stream_id])?;
        return Ok(());
    }
    transaction
        .prepare_cached(
            "UPDATE streams SET bytes = max(0, bytes - ?2), first_ms = ?3, last_ms = ?4 WHERE id = ?1",
        )?
        .execute(params![stream_id, bytes, first_ms, last_ms])?;
    Ok(())
}

/// Deletes a step's worth of the streams that hold no events, first made first.
fn delete_oldest_streams(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    let streams = transaction.execute(
        "DELETE FROM streams WHERE id IN (SELECT id FROM streams WHERE first_ms IS NULL ORDER BY id LIMIT ?1)",
        [STEP_STREAMS],
    )?;
    Ok(streams as u64)
}
