//! `Log` in one SQLite file: `select position, length(frame) from entry`.
//!
//! The same shape as `Kv`'s: a bounded queue, one writer task, many appends to one transaction and its fsync. The
//! queue keeps the order, so a leader may have several appends under way, each expecting the one before. What is
//! trimmed is deleted; `bounds` keeps the numbers, so that positions go on where they were.

use super::{
    BUSY_WAIT, GROUP_BATCHES_MAX, QUEUE_BATCHES_MAX, Reserve, SqliteSettings, Writer, locked, open_connection,
};
use crate::kv::{KvError, Watch};
use crate::log::{
    Log, LogEntry, LogError, LogPage, Position, READ_BYTES_MAX, READ_ENTRIES_MAX, Span, check_append, frame,
};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot, watch};
use world::World;

/// "TBXL": tells the file from `Kv`'s and from any other SQLite database.
const APPLICATION_ID: i32 = 0x5442_584c;
const LAYOUT_VERSION: i32 = 1;

/// The embedded `Log`. Dropping it ends its writer once the queue is empty.
pub struct SqliteLog {
    world: World,
    reader: Arc<Mutex<Connection>>,
    jobs: mpsc::Sender<Job>,
    appended: watch::Sender<()>,
}

struct Job {
    change: Change,
    answer: oneshot::Sender<Result<Position, LogError>>,
}

enum Change {
    Append { expected: Position, frame: Bytes },
    Trim { through: Position },
}

impl SqliteLog {
    /// Opens or makes the file; the folder must exist. Readable by its owner alone.
    pub async fn open(world: &World, file: &Path, settings: SqliteSettings) -> Result<Self, LogError> {
        let path = file.to_owned();
        let opened = world.blocking("sqlite.open", move || {
            let writer = open_connection(&path, settings).map_err(opening)?;
            prepare(&writer).map_err(failed)?;
            let reader = open_connection(&path, settings).map_err(opening)?;
            let reserve = Reserve::new(&path, settings);
            Ok::<_, LogError>((Writer { connection: writer, reserve }, reader))
        });
        let (writer, reader) = opened.await.ok_or_else(ended)??;
        let (jobs, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let appended = watch::Sender::new(());
        // The task owns the writing connection and ends when the last sender, ours, is dropped.
        let writing = write_all(world.clone(), Arc::new(Mutex::new(writer)), queue, appended.clone());
        world.spawn("sqlite.writer", writing);
        Ok(Self { world: world.clone(), reader: Arc::new(Mutex::new(reader)), jobs, appended })
    }

    async fn change(&self, change: Change) -> Result<Position, LogError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(Job { change, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LogError::Busy,
            mpsc::error::TrySendError::Closed(_) => ended(),
        })?;
        answered.await.map_err(|_| ended())?
    }

    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let reader = Arc::clone(&self.reader);
        self.world.blocking("sqlite.read", move || read(&locked(&reader))).await.ok_or_else(ended)?
    }
}

#[async_trait::async_trait]
impl Log for SqliteLog {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        check_append(&records)?;
        let frame = frame::encode(self.world.random_16(), &records);
        self.change(Change::Append { expected, frame }).await
    }

    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        let max = max.clamp(1, READ_ENTRIES_MAX);
        self.reading(move |connection| read(connection, after, max)).await
    }

    async fn span(&self) -> Result<Span, LogError> {
        self.reading(|connection| span(connection).map_err(failed)).await
    }

    async fn trim(&self, through: Position) -> Result<(), LogError> {
        self.change(Change::Trim { through }).await.map(drop)
    }

    fn watch(&self) -> Watch {
        Watch::new(self.appended.subscribe())
    }
}

async fn write_all(
    world: World,
    writer: Arc<Mutex<Writer>>,
    mut queue: mpsc::Receiver<Job>,
    appended: watch::Sender<()>,
) {
    while let Some(first) = queue.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < GROUP_BATCHES_MAX
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        let (changes, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.change, job.answer)).unzip();
        let count = changes.len();
        let writer = Arc::clone(&writer);
        let committed = world.blocking("sqlite.commit", move || commit(&mut locked(&writer), &changes)).await;
        let results = committed.unwrap_or_else(|| (0..count).map(|_| Err(ended())).collect());
        if results.iter().any(Result::is_ok) {
            appended.send_replace(());
        }
        for (answer, result) in answers.into_iter().zip(results) {
            drop(answer.send(result)); // whoever asked may have gone; the append stands
        }
    }
}

/// On a full disk nothing is appended, and what is trimmed is written into the room that was kept for it.
fn commit(writer: &mut Writer, changes: &[Change]) -> Vec<Result<Position, LogError>> {
    let short = writer.reserve.is_short();
    match try_commit(&mut writer.connection, changes, short) {
        Ok(results) => {
            writer.reserve.renew();
            results
        }
        Err(error) => {
            let error = failed(error);
            changes.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

fn try_commit(
    connection: &mut Connection,
    changes: &[Change],
    short: bool,
) -> rusqlite::Result<Vec<Result<Position, LogError>>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut kept = span(&transaction)?;
    let mut results = Vec::with_capacity(changes.len());
    for change in changes {
        match change {
            Change::Append { expected, .. } if *expected != kept.last => {
                results.push(Err(LogError::WrongPosition { current: kept.last }));
            }
            Change::Append { .. } if short => {
                results.push(Err(LogError::Full { reason: "the disk is full".into() }));
            }
            Change::Append { frame, .. } => {
                kept.last = kept.last.next();
                let frame: &[u8] = frame;
                transaction
                    .prepare_cached("insert into entry (position, frame) values (?1, ?2)")?
                    .execute(params![stored(kept.last), frame])?;
                results.push(Ok(kept.last));
            }
            Change::Trim { through } => {
                let through = (*through).min(kept.last);
                transaction.execute("delete from entry where position <= ?1", [stored(through)])?;
                kept.first = kept.first.max(through.next());
                results.push(Ok(through));
            }
        }
    }
    let bounds = params![stored(kept.first), stored(kept.last)];
    transaction.execute("update bounds set first = ?1, last = ?2", bounds)?;
    transaction.commit()?;
    Ok(results)
}

fn read(connection: &Connection, after: Position, max: usize) -> Result<LogPage, LogError> {
    // One transaction, so that the bounds and the entries are of one moment.
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    let kept = span(&transaction).map_err(failed)?;
    if after.next() < kept.first {
        return Err(LogError::Trimmed { first: kept.first });
    }
    let sql = "select position, frame from entry where position > ?1 order by position limit ?2";
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![stored(after), limit]).map_err(failed)?;
    let (mut entries, mut bytes, mut expected) = (Vec::new(), 0, after.next());
    while let Some(row) = rows.next().map_err(failed)? {
        let position = Position(row.get::<_, i64>(0).map_err(failed)?.unsigned_abs());
        let frame = Bytes::from(row.get::<_, Vec<u8>>(1).map_err(failed)?);
        let corrupt = |reason: &str| LogError::Corrupt { position: expected, reason: reason.to_owned() };
        if position != expected {
            return Err(corrupt("it is missing"));
        }
        bytes += frame.len();
        let frame = frame::decode(frame).map_err(corrupt)?;
        entries.push(LogEntry { position, records: frame.records });
        expected = position.next();
        if bytes >= READ_BYTES_MAX {
            break;
        }
    }
    Ok(LogPage { entries, last: kept.last })
}

fn span(connection: &Connection) -> rusqlite::Result<Span> {
    connection.query_row("select first, last from bounds", [], |row| {
        let position = |at| row.get::<_, i64>(at).map(|stored| Position(stored.unsigned_abs()));
        Ok(Span { first: position(0)?, last: position(1)? })
    })
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    let table = "select 1 from sqlite_schema limit 1";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return connection.execute_batch(&format!(
            "begin immediate;
             create table entry (position integer primary key, frame blob not null);
             create table bounds (first integer not null, last integer not null);
             insert into bounds values (1, 0);
             pragma application_id = {APPLICATION_ID};
             pragma user_version = {LAYOUT_VERSION};
             commit;"
        ));
    }
    super::check_layout(connection, APPLICATION_ID, LAYOUT_VERSION)
}

/// SQLite's integers have a sign; no log comes that far.
fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn ended() -> LogError {
    LogError::Unavailable { reason: "the log's worker ended".into() }
}

fn opening(error: KvError) -> LogError {
    match error {
        KvError::Full { reason } => LogError::Full { reason },
        KvError::Corrupt { reason } => LogError::Corrupt { position: Position::START, reason },
        other => LogError::Unavailable { reason: other.to_string() },
    }
}

fn failed(error: rusqlite::Error) -> LogError {
    match super::write_error(error) {
        KvError::Busy => LogError::Busy,
        other => opening(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    async fn open(folder: &tempfile::TempDir, settings: SqliteSettings) -> Arc<dyn Log> {
        let file = folder.path().join("journal.db");
        Arc::new(SqliteLog::open(&World::real(), &file, settings).await.expect("opens"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_passes_the_log_suite() {
        let folder = tempfile::tempdir().expect("a folder");
        conformance::log(&World::real(), open(&folder, SqliteSettings::default()).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_keeps_the_log_without_being_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        conformance::log_survives(|| open(&folder, SqliteSettings::default())).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_log_refuses_whole_appends_still_reads_and_has_room_once_trimmed() {
        let folder = tempfile::tempdir().expect("a folder");
        let small = SqliteSettings { pages_max: Some(512), ..SqliteSettings::default() };
        conformance::log_full(open(&folder, small).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_damaged_entry_is_named_and_not_handed_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = open(&folder, SqliteSettings::default()).await;
        log.append(Position(0), vec!["a".into()]).await.expect("appended");
        log.append(Position(1), vec!["b".into()]).await.expect("appended");
        let file = Connection::open(folder.path().join("journal.db")).expect("opens");
        file.execute("update entry set frame = zeroblob(50) where position = 2", []).expect("damaged");
        let read = log.read(Position(0), 10).await;
        assert!(matches!(read, Err(LogError::Corrupt { position: Position(2), .. })), "{read:?}");
        file.execute("delete from entry where position = 1", []).expect("removed");
        let read = log.read(Position(0), 10).await;
        assert!(matches!(read, Err(LogError::Corrupt { position: Position(1), .. })), "{read:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_of_kvs_is_no_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tinderbox.db");
        drop(
            super::super::Sqlite::open(&World::real(), &file, SqliteSettings::default())
                .await
                .expect("opens"),
        );
        let opened = SqliteLog::open(&World::real(), &file, SqliteSettings::default()).await;
        assert!(matches!(opened, Err(LogError::Corrupt { .. })));
    }
}
