//! `Kv` in one SQLite file, `tinderbox.db`, that a user can open: `select key, value from kv`.
//!
//! ```text
//!  write() ──► bounded queue ──► writer task ──► one transaction of many batches ──► fsync ──► answers
//!  get(), list() ──► a connection of their own (WAL: readers and the writer do not wait for each other)
//! ```
//! Group commit: while one transaction is on its way to the disk the next batches gather, and they share the next
//! fsync. A batch whose expectations do not hold is left out of the transaction; the others go on. `synchronous=FULL`
//! syncs the log with every commit, so that an answered write survives loss of power. On a full disk what makes the store
//! smaller is still written (`reserve`).

mod reserve;

mod log;

pub use log::SqliteLog;

use crate::kv::{
    Entry, Expected, Key, Kv, KvError, KvPage, PAGE_ENTRIES_MAX, Revision, Watch, Write, check_batch,
};
use reserve::Reserve;
use rusqlite::{Connection, OptionalExtension, params};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use world::World;

/// The file's name inside the data folder.
pub const FILE_NAME: &str = "tinderbox.db";
/// "TBOX": lets `file` and us tell the file from any other SQLite database.
const APPLICATION_ID: i32 = 0x5442_4f58;
/// Layout of the tables; a newer one is refused, an older one is converted here.
const LAYOUT_VERSION: i32 = 1;
/// Batches that may wait; beyond, a write answers `Busy`.
const QUEUE_BATCHES_MAX: usize = 1_024;
/// Batches that share one fsync: bounds how long one commit takes.
const GROUP_BATCHES_MAX: usize = 256;
/// Free bytes of the disk below which the store does not grow: a few of the largest batches that people make.
const ROOM_MIN_BYTES: u64 = 4 << 20;
/// How long to wait for a user's `sqlite3` that holds the file.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct SqliteSettings {
    /// Largest file, in pages of 4,096 bytes.
    pub pages_max: Option<u32>,
    /// While the disk has less free, only what makes the store smaller is written.
    pub room_min_bytes: u64,
    /// What was answered survives loss of power. Without it, kill -9 only, and a write does not wait for the disk: for
    /// what means nothing once the machine was off. The store is whole in either case, if perhaps an older one.
    pub survives_power_loss: bool,
}

impl Default for SqliteSettings {
    fn default() -> Self {
        Self { pages_max: None, room_min_bytes: ROOM_MIN_BYTES, survives_power_loss: true }
    }
}

/// The connection that writes, and the room that it has on a full disk.
struct Writer {
    connection: Connection,
    reserve: Reserve,
}

/// The embedded `Kv`. Dropping it ends its writer once the queue is empty.
pub struct Sqlite {
    world: World,
    reader: Arc<Mutex<Connection>>,
    jobs: mpsc::Sender<Job>,
    watchers: Arc<Watchers>,
}

/// One batch on its way.
struct Job {
    batch: Vec<Write>,
    answer: oneshot::Sender<Result<Revision, KvError>>,
}

/// Who wants to hear of which prefix.
#[derive(Default)]
struct Watchers(Mutex<Vec<(String, tokio::sync::watch::Sender<()>)>>);

impl Sqlite {
    /// Opens or makes the file; the folder must exist. Readable by its owner alone: it holds customers' variables.
    pub async fn open(world: &World, file: &Path, settings: SqliteSettings) -> Result<Self, KvError> {
        let path = file.to_owned();
        let opened = world.blocking("sqlite.open", move || {
            let writer = open_connection(&path, settings)?;
            prepare_layout(&writer).map_err(read_error)?;
            let reader = open_connection(&path, settings)?;
            let reserve = Reserve::new(&path, settings);
            Ok::<_, KvError>((Writer { connection: writer, reserve }, reader))
        });
        let (writer, reader) = opened.await.ok_or_else(panicked)??;
        let (jobs, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let watchers = Arc::new(Watchers::default());
        // The task owns the writing connection and ends when the last sender, ours, is dropped.
        let writing = write_all(world.clone(), Arc::new(Mutex::new(writer)), queue, Arc::clone(&watchers));
        world.spawn("sqlite.writer", writing);
        Ok(Self { world: world.clone(), reader: Arc::new(Mutex::new(reader)), jobs, watchers })
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, KvError> {
        let reader = Arc::clone(&self.reader);
        let result = self.world.blocking("sqlite.read", move || read(&locked(&reader)).map_err(read_error));
        result.await.ok_or_else(panicked)?
    }
}

#[async_trait::async_trait]
impl Kv for Sqlite {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        let text = key.as_str().to_owned();
        let row = self.read(move |connection| {
            let mut statement = connection.prepare_cached("select value, revision from kv where key = ?1")?;
            statement
                .query_row([&text], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))
                .optional()
        });
        let entry = |(value, revision): (Vec<u8>, i64)| {
            Ok(Entry { key: key.clone(), value: value.into(), revision: revision_of(revision)? })
        };
        row.await?.map(entry).transpose()
    }

    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        check_batch(&batch)?;
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(Job { batch, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => KvError::Busy,
            mpsc::error::TrySendError::Closed(_) => panicked(),
        })?;
        answered.await.map_err(|_| panicked())?
    }

    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        let max = max.clamp(1, PAGE_ENTRIES_MAX);
        // Every key under the prefix sorts after "prefix/" and before "prefix0", since '0' follows '/'.
        let first = format!("{prefix}/");
        let end = format!("{prefix}0");
        let after = after.map_or(first.clone(), |after| first.max(after.as_str().to_owned()));
        let limit = i64::try_from(max + 1).unwrap_or(i64::MAX);
        let rows = self.read(move |connection| {
            let sql = "select key, value, revision from kv where key > ?1 and key < ?2 order by key limit ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let row = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            };
            statement.query_map(params![after, end, limit], row)?.collect::<rusqlite::Result<Vec<_>>>()
        });
        let rows = rows.await?;
        let more = rows.len() > max;
        let entry = |(key, value, revision): (String, Vec<u8>, i64)| {
            Ok(Entry { key: Key::from_stored(key)?, value: value.into(), revision: revision_of(revision)? })
        };
        let entries = rows.into_iter().take(max).map(entry).collect::<Result<_, KvError>>()?;
        Ok(KvPage { entries, more })
    }

    fn watch(&self, prefix: &Key) -> Watch {
        let (sender, receiver) = tokio::sync::watch::channel(());
        let mut watchers = locked(&self.watchers.0);
        watchers.retain(|(_, sender)| !sender.is_closed());
        watchers.push((format!("{prefix}/"), sender));
        Watch::new(receiver)
    }
}

impl Watchers {
    fn tell(&self, batch: &[Write]) {
        let mut watchers = locked(&self.0);
        watchers.retain(|(_, sender)| !sender.is_closed());
        for (prefix, sender) in watchers.iter() {
            if batch.iter().any(|write| write.key().as_str().starts_with(prefix)) {
                sender.send_replace(());
            }
        }
    }
}

/// The writer task: gathers what waits, commits it as one, answers each.
async fn write_all(
    world: World,
    writer: Arc<Mutex<Writer>>,
    mut queue: mpsc::Receiver<Job>,
    watchers: Arc<Watchers>,
) {
    while let Some(first) = queue.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < GROUP_BATCHES_MAX
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        let (batches, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.batch, job.answer)).unzip();
        let batches = Arc::new(batches);
        let (work, writer) = (Arc::clone(&batches), Arc::clone(&writer));
        let committed = world.blocking("sqlite.commit", move || commit(&mut locked(&writer), &work)).await;
        let results = committed.unwrap_or_else(|| batches.iter().map(|_| Err(panicked())).collect());
        for ((batch, answer), result) in batches.iter().zip(answers).zip(results) {
            if result.is_ok() {
                watchers.tell(batch);
            }
            drop(answer.send(result)); // whoever asked may have gone; the write stands
        }
    }
}

/// One transaction for all batches; each gets its own answer.
fn commit(writer: &mut Writer, batches: &[Vec<Write>]) -> Vec<Result<Revision, KvError>> {
    let short = writer.reserve.is_short();
    match try_commit(&mut writer.connection, batches, short) {
        Ok(results) => {
            writer.reserve.renew();
            results
        }
        Err(error) => {
            let error = write_error(error);
            batches.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

fn try_commit(
    connection: &mut Connection,
    batches: &[Vec<Write>],
    short: bool,
) -> rusqlite::Result<Vec<Result<Revision, KvError>>> {
    // Immediate: the write lock is taken before the first read, so that no expectation is checked against old data.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut last: i64 = transaction.query_row("select last from revision", [], |row| row.get(0))?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        if let Some(conflict) = first_conflict(&transaction, batch)? {
            results.push(Err(conflict));
            continue;
        }
        if short && grows(&transaction, batch)? {
            results.push(Err(KvError::Full { reason: "the disk is full".into() }));
            continue;
        }
        last += 1;
        apply(&transaction, batch, last)?;
        results.push(Ok(Revision(last.unsigned_abs())));
    }
    transaction.execute("update revision set last = ?1", [last])?;
    transaction.commit()?;
    Ok(results)
}

fn first_conflict(connection: &Connection, batch: &[Write]) -> rusqlite::Result<Option<KvError>> {
    let mut statement = connection.prepare_cached("select revision from kv where key = ?1")?;
    for write in batch {
        let expected = match write.expected() {
            Expected::Any => continue,
            Expected::Absent => None,
            Expected::At(revision) => Some(revision),
        };
        let current: Option<i64> =
            statement.query_row([write.key().as_str()], |row| row.get(0)).optional()?;
        let current = current.map(|revision| Revision(revision.unsigned_abs()));
        if current != expected {
            return Ok(Some(KvError::Conflict { key: write.key().clone(), current }));
        }
    }
    Ok(None)
}

/// Whether the store is larger after the batch than before it.
fn grows(connection: &Connection, batch: &[Write]) -> rusqlite::Result<bool> {
    let sql = "select length(key) + length(value) from kv where key = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let (mut before, mut after) = (0, 0_usize);
    for write in batch {
        let bytes: Option<i64> = statement.query_row([write.key().as_str()], |row| row.get(0)).optional()?;
        before += bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        if let Write::Put { key, value, .. } = write {
            after += key.as_str().len() + value.len();
        }
    }
    Ok(after > before)
}

fn apply(connection: &Connection, batch: &[Write], revision: i64) -> rusqlite::Result<()> {
    for write in batch {
        match write {
            Write::Put { key, value, .. } => {
                let sql = "insert into kv (key, value, revision) values (?1, ?2, ?3)
                    on conflict (key) do update set value = excluded.value, revision = excluded.revision";
                let value: &[u8] = value;
                connection.prepare_cached(sql)?.execute(params![key.as_str(), value, revision])?;
            }
            Write::Delete { key, .. } => {
                connection.prepare_cached("delete from kv where key = ?1")?.execute([key.as_str()])?;
            }
        }
    }
    Ok(())
}

fn open_connection(file: &Path, settings: SqliteSettings) -> Result<Connection, KvError> {
    // Made by us first, since SQLite would make it readable by the world; its side files take over this mode.
    let made = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file);
    made.map_err(|error| KvError::Unavailable { reason: format!("{}: {error}", file.display()) })?;
    let open = || {
        let connection = Connection::open(file)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        let synchronous = if settings.survives_power_loss { "full" } else { "normal" };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        if let Some(pages) = settings.pages_max {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(connection)
    };
    open().map_err(read_error)
}

/// Makes the tables in an empty file; refuses a file that is not ours or is newer than we are.
fn prepare_layout(connection: &Connection) -> rusqlite::Result<()> {
    let tables: i64 = connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return connection.execute_batch(&format!(
            "begin immediate;
             create table kv (key text primary key, value blob not null, revision integer not null) without rowid;
             create table revision (last integer not null);
             insert into revision values (0);
             pragma application_id = {APPLICATION_ID};
             pragma user_version = {LAYOUT_VERSION};
             commit;"
        ));
    }
    check_layout(connection, APPLICATION_ID, LAYOUT_VERSION)
}

fn check_layout(connection: &Connection, application: i32, layout: i32) -> rusqlite::Result<()> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if pragma("application_id")? != application || pragma("user_version")? != layout {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
        let reason = "the file is no Tinderbox store of this version".to_owned();
        return Err(rusqlite::Error::SqliteFailure(code, Some(reason)));
    }
    Ok(())
}

/// A panic while the lock was held leaves no half change: transactions roll back when they are dropped.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn revision_of(stored: i64) -> Result<Revision, KvError> {
    u64::try_from(stored).map(Revision).map_err(|_| KvError::Corrupt { reason: "a negative revision".into() })
}

fn panicked() -> KvError {
    KvError::Unavailable { reason: "the store's worker ended".into() }
}

fn read_error(error: rusqlite::Error) -> KvError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => KvError::Full { reason },
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            KvError::Corrupt { reason }
        }
        _ => KvError::Unavailable { reason },
    }
}

/// A transaction that could not be committed because the file is locked was not applied: that is `Busy`.
fn write_error(error: rusqlite::Error) -> KvError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => KvError::Busy,
        _ => read_error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use std::os::unix::fs::PermissionsExt;

    async fn open(folder: &tempfile::TempDir, settings: SqliteSettings) -> Arc<dyn Kv> {
        let file = folder.path().join(FILE_NAME);
        Arc::new(Sqlite::open(&World::real(), &file, settings).await.expect("opens"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_passes_the_kv_suite() {
        let folder = tempfile::tempdir().expect("a folder");
        conformance::kv(open(&folder, SqliteSettings::default()).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_keeps_what_it_answered_without_being_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        conformance::kv_survives(|| open(&folder, SqliteSettings::default())).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_file_refuses_whole_batches_and_still_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        conformance::kv_full(
            open(&folder, SqliteSettings { pages_max: Some(256), ..SqliteSettings::default() }).await,
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_a_full_disk_the_store_shrinks_and_does_not_grow() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::of(&["a"]).expect("valid");
        let put = |key: &Key, value: &'static str| Write::Put {
            key: key.clone(),
            value: value.into(),
            expected: Expected::Any,
        };
        let kv = open(&folder, SqliteSettings::default()).await;
        kv.write(vec![put(&key, "four")]).await.expect("there is room");
        drop(kv);
        let full = SqliteSettings { room_min_bytes: u64::MAX, ..SqliteSettings::default() };
        let kv = open(&folder, full).await;
        let more = kv.write(vec![put(&key, "fives")]).await;
        assert!(matches!(more, Err(KvError::Full { .. })), "{more:?}");
        let other = Key::of(&["b"]).expect("valid");
        let moved = kv.write(vec![
            put(&other, "more than four"),
            Write::Delete { key: key.clone(), expected: Expected::Any },
        ]);
        assert!(moved.await.is_err(), "the whole batch counts");
        kv.write(vec![put(&key, "two")]).await.expect("it is smaller");
        kv.delete(key.clone(), Expected::Any).await.expect("it is smaller");
        assert_eq!(kv.get(&key).await.expect("reads"), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_file_and_its_side_files_are_their_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let kv = open(&folder, SqliteSettings::default()).await;
        kv.put(Key::of(&["a"]).expect("valid"), "1".into(), Expected::Any).await.expect("written");
        for file in std::fs::read_dir(folder.path()).expect("readable") {
            let file = file.expect("readable");
            let mode = file.metadata().expect("readable").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.file_name());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_not_ours_or_newer_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::real();
        let foreign = folder.path().join("foreign.db");
        Connection::open(&foreign).expect("opens").execute_batch("create table t (x)").expect("made");
        let newer = folder.path().join("newer.db");
        drop(Sqlite::open(&world, &newer, SqliteSettings::default()).await.expect("opens"));
        Connection::open(&newer).expect("opens").pragma_update(None, "user_version", 99).expect("set");
        let text = folder.path().join("text.db");
        std::fs::write(&text, "this is no database at all, but long enough to be read as one".repeat(20))
            .expect("written");
        for file in [foreign, newer, text] {
            let opened = Sqlite::open(&world, &file, SqliteSettings::default()).await;
            assert!(matches!(opened, Err(KvError::Corrupt { .. })), "{file:?}");
        }
    }
}
