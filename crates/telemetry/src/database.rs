//! The file: opening, pragmas, schema, and what happens when it is broken.
//!
//! A file that can not be read is renamed to `logs.db.broken` (replacing an older one: the disk stays bounded)
//! and a fresh one takes its place. Logs must never keep the platform from starting.

use fabric::telemetry::TelemetryError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// SQLite's errors and the role's, told apart so that a query can use `?` on both.
#[derive(Debug)]
pub(crate) enum QueryError {
    Refused(TelemetryError),
    Sqlite(rusqlite::Error),
}

impl From<TelemetryError> for QueryError {
    fn from(error: TelemetryError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Raised with every change of the schema below; a file of another version is put aside.
const SCHEMA_VERSION: i64 = 2;
/// `TBOX`, so that a foreign SQLite file of that name is never taken for ours.
const APPLICATION_ID: i64 = 0x5442_4f58;
/// Page cache of the connection that writes, KiB. Batches touch the right edges of three trees: a few pages.
const WRITER_CACHE_KIB: i64 = 1024;
/// Page cache of one reading connection, KiB: the server's idle memory is counted (SPECIFICATION.md).
const READER_CACHE_KIB: i64 = 256;
/// Longest wait for another connection's lock; only checkpoints and a start next to a dying server wait at all.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// `group_id` 0 holds streams that are deleted but whose events are not yet; see `bounds`.
const SCHEMA: &str = "
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
    created_ms INTEGER NOT NULL, retention_days INTEGER, bytes INTEGER NOT NULL DEFAULT 0,
    doomed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, region, name)
);
CREATE INDEX groups_doomed ON groups (id) WHERE doomed;
CREATE TABLE tags (
    group_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (group_id, key)
) WITHOUT ROWID;
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL, name TEXT NOT NULL, created_ms INTEGER NOT NULL,
    first_ms INTEGER, last_ms INTEGER, ingestion_ms INTEGER, bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (group_id, name)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
    ts INTEGER NOT NULL, ingestion_ms INTEGER NOT NULL, message TEXT NOT NULL
);
CREATE INDEX events_of_group ON events (group_id, ts, id);
CREATE INDEX events_of_stream ON events (stream_id, ts, id);
CREATE TABLE traces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, request_id BLOB NOT NULL, body BLOB NOT NULL,
    UNIQUE (request_id, account, region)
);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('next_event', 1);
";

/// The store could not be opened, not even fresh.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the folder {folder} can not be made: {reason}")]
    Folder { folder: PathBuf, reason: String },
    #[error("the broken file {file} can not be put aside: {reason}")]
    PutAside { file: PathBuf, reason: String },
    #[error("{file} can not be opened: {reason}")]
    File { file: PathBuf, reason: String },
    #[error("the task that opened the store panicked")]
    Panicked,
}

/// Opens the writing connection, making folder, file and schema where they are not there.
pub(crate) fn open_writer(file: &Path) -> Result<Connection, OpenError> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| OpenError::Folder { folder: folder.into(), reason: error.to_string() })?;
    }
    let unusable = |reason: String| OpenError::File { file: file.into(), reason };
    let why_broken = match prepare(file) {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => "it is not a log store of this version".to_owned(),
        Err(error) if is_broken(&error) => error.to_string(),
        Err(error) => return Err(unusable(error.to_string())),
    };
    put_aside(file, &why_broken)?;
    let fresh = prepare(file).map_err(|error| unusable(error.to_string()))?;
    fresh.ok_or_else(|| unusable("a fresh file does not read back".to_owned()))
}

/// Opens a connection that can only read.
pub(crate) fn open_reader(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    // A last reader's close removes `logs.db-wal` by name. After a put-aside that would be the fresh file's.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Whether the file itself is at fault, so that only a fresh one helps.
pub(crate) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Renames the file to `logs.db.broken` and drops its write-ahead log.
pub(crate) fn put_aside(file: &Path, reason: &str) -> Result<(), OpenError> {
    let aside = with_suffix(file, ".broken");
    tracing::error!(
        file = %file.display(), aside = %aside.display(), reason,
        "the log store is broken: it was put aside and starts empty; functions are not affected"
    );
    std::fs::rename(file, &aside)
        .map_err(|error| OpenError::PutAside { file: file.into(), reason: error.to_string() })?;
    for suffix in ["-wal", "-shm"] {
        let path = with_suffix(file, suffix);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::PutAside { file: path, reason: error.to_string() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// `logs.db` → `logs.db-wal`.
pub(crate) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// `None` for a file that is readable but not ours.
fn prepare(file: &Path) -> rusqlite::Result<Option<Connection>> {
    let mut connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(48);
    // Only a file without tables can change it; on an old one this is without effect.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // The writer checkpoints by itself, by the size of the write-ahead log (`writer`).
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
    }
    Ok(is_ours(&connection)?.then_some(connection))
}

/// Touches every table: enough to find a file that is not ours or whose roots are broken. A full integrity check
/// reads the whole file, which the start has no time for; damage further in is found, and handled, by the writer.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    if number("PRAGMA application_id")? != APPLICATION_ID || number("PRAGMA user_version")? != SCHEMA_VERSION
    {
        return Ok(false);
    }
    number("SELECT value FROM counters WHERE name = 'next_event'")?;
    for table in ["groups", "tags", "streams", "events", "traces"] {
        number(&format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)"))?;
    }
    Ok(true)
}
