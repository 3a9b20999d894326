//! The one owner of the connection that writes.
//!
//! ```text
//!            post()                    all that waits, up to batch_bytes
//! callers ──────────▶ mailbox ──▶ Waiting ───────────────────────────▶ Committing ──▶ answers, Waiting
//!  (bounded by number and bytes)     ▲ │ nothing waits, but tidying          │
//!                                    │ └ left work: a step of that ──────────┤
//!                                    │                                       │ the file is broken, or a panic
//!                                    └────────────── Reopening ◀─────────────┘
//!                                              mailbox closed: end (final)
//! ```
//!
//! Group commit: whatever came while one transaction ran shares the next one, so the cost of a commit does not
//! limit how many callers there are. What is not urgent waits longer while commits follow each other. A caller is
//! answered after its commit, but for who hands over a waterfall: its reader asks for the commit. A failed commit fails
//! its callers and nobody else.

use crate::Settings;
use crate::bounds::{self, Budget, Trimmed};
use crate::database::{self, QueryError};
use crate::write::{Batch, Command};
use fabric::telemetry::TelemetryError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use world::{Instant, World};

/// Commands that may wait: what ten thousand invocations a second leave in [`COMMIT_EVERY`], several times.
const MAILBOX_COMMANDS: usize = 4_096;
/// Bytes of commands that may wait.
const MAILBOX_BYTES: usize = 8 * 1024 * 1024;
/// What is not urgent comes no sooner than this after the last commit, so that at thousands of invocations a second not
/// each has its own: pages at the trees' right edges, and those of the index of request ids, are then written once for
/// many rows. Nobody sees it: who reads has what waits committed first ([`Mailbox::flush`]).
const COMMIT_EVERY: Duration = Duration::from_millis(50);
/// Longest wait of a caller for room; then the store is too slow for what it is given, and says so.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// Longest wait of a reader for the commit of what waits.
const FLUSH_WAIT: Duration = Duration::from_secs(1);
/// Free pages given back to the file system in one step.
const VACUUM_STEP_PAGES: u32 = 256;
/// Share of the file that may stay free for what comes next, without being given back.
const FREE_SHARE: u64 = 8;
/// How often a full store says that it drops.
const DROP_NOTICE_EVERY: Duration = Duration::from_secs(60);

/// What all parts of one store share.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) file: PathBuf,
    /// Rises when the file was replaced: older reading connections look at the broken one.
    pub(crate) generation: AtomicU64,
}

/// The way to the writer.
pub(crate) struct Mailbox {
    world: World,
    letters: mpsc::Sender<Letter>,
    bytes: Arc<Semaphore>,
}

type Reply = oneshot::Sender<Result<(), TelemetryError>>;

struct Letter {
    command: Command,
    /// `None`: nobody waits for its commit.
    reply: Option<Reply>,
    _room: OwnedSemaphorePermit,
}

impl Mailbox {
    /// Starts the writer on its connection. It ends when the last mailbox is gone.
    pub(crate) fn start(
        world: World,
        files: Arc<Files>,
        connection: Connection,
        settings: Settings,
    ) -> Arc<Self> {
        let (letters, inbox) = mpsc::channel(MAILBOX_COMMANDS);
        let pen = Pen::new(files, settings, Some(connection));
        world.spawn("telemetry.writer", write_all(world.clone(), inbox, pen));
        Arc::new(Self { world, letters, bytes: Arc::new(Semaphore::new(MAILBOX_BYTES)) })
    }

    /// Hands the command over and waits for its commit.
    pub(crate) async fn post(&self, command: Command) -> Result<(), TelemetryError> {
        let (reply, answer) = oneshot::channel();
        self.deliver(command, Some(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(failed("the writer is gone")))
    }

    /// Hands the command over. Whether it was committed nobody learns but the log.
    pub(crate) async fn leave(&self, command: Command) -> Result<(), TelemetryError> {
        self.deliver(command, None).await
    }

    /// Has committed what was handed over before, if anything was; for those who are about to read. A store that can
    /// not commit is read as it is.
    pub(crate) async fn flush(&self) {
        if self.bytes.available_permits() < MAILBOX_BYTES {
            let _ = self.world.timeout(FLUSH_WAIT, self.post(Command::Flush)).await; // the writer has logged why
        }
    }

    async fn deliver(&self, command: Command, reply: Option<Reply>) -> Result<(), TelemetryError> {
        let weight = u32::try_from(command.weight().min(MAILBOX_BYTES)).unwrap_or(u32::MAX);
        let deliver = async {
            let room = self.bytes.clone().acquire_many_owned(weight).await.ok()?;
            self.letters.send(Letter { command, reply, _room: room }).await.ok()
        };
        match self.world.timeout(ROOM_WAIT, deliver).await {
            Some(Some(())) => Ok(()),
            Some(None) => Err(failed("the writer is gone")),
            None => Err(failed("more is waiting than the store can hold; try again")),
        }
    }
}

/// The connection and what it needs to know; moves into a blocking task for each transaction and back.
struct Pen {
    files: Arc<Files>,
    /// `None` only between a broken file and its replacement.
    connection: Option<Connection>,
    settings: Settings,
    budget: Budget,
    /// Purging has more to do.
    doomed: bool,
}

/// What one transaction came to.
struct Committed {
    answers: Vec<Result<(), TelemetryError>>,
    trimmed: Trimmed,
    /// Tidying was not finished.
    more: bool,
}

async fn write_all(world: World, mut inbox: mpsc::Receiver<Letter>, pen: Pen) {
    let (files, settings, bytes_max) = (pen.files.clone(), pen.settings.clone(), pen.budget.batch_bytes);
    let mut pen = Some(pen);
    let mut more = false;
    let mut notice = DropNotice::default();
    let mut gathered = world.now();
    while let Some(letters) = collect(&world, &mut inbox, more, bytes_max, gathered).await {
        let (commands, replies): (Vec<_>, Vec<_>) =
            letters.into_iter().map(|letter| (letter.command, (letter.reply, letter._room))).unzip();
        let now_ms = world.wall().millis();
        let mut hand = pen.take().unwrap_or_else(|| Pen::new(files.clone(), settings.clone(), None));
        let tidy = more;
        let done = world
            .blocking("telemetry.commit", move || {
                let committed = hand.commit(&commands, now_ms, tidy);
                (hand, committed)
            })
            .await;
        let Some((hand, committed)) = done else {
            // The panic dropped the replies, which tells their callers. The next round opens the file again, and comes with
            // the next letter: a panic in tidying would otherwise be met again at once, for ever.
            more = false;
            continue;
        };
        pen = Some(hand);
        more = committed.more;
        let now = world.now();
        gathered = now.plus(COMMIT_EVERY);
        notice.add(now, committed.trimmed);
        for ((reply, _room), answer) in replies.into_iter().zip(committed.answers) {
            match (reply, answer) {
                (Some(reply), answer) => drop(reply.send(answer)), // a caller that went away does not need it
                (None, Err(error)) => tracing::debug!(%error, "what nobody waits for was not kept"),
                (None, Ok(())) => {}
            }
        }
    }
}

/// Waits for one letter (does not wait when tidying has more to do) and takes what else is there or comes while none
/// is urgent until `gathered`, up to `bytes_max`. `None` when no mailbox is left.
async fn collect(
    world: &World,
    inbox: &mut mpsc::Receiver<Letter>,
    more: bool,
    bytes_max: usize,
    gathered: Instant,
) -> Option<Vec<Letter>> {
    let mut letters = Vec::new();
    let mut bytes = 0;
    let mut urgent = more;
    if more {
        tokio::task::yield_now().await;
    } else {
        let first = inbox.recv().await?;
        bytes += first.command.weight();
        urgent = first.command.is_urgent();
        letters.push(first);
    }
    let rest = gathered.since(world.now());
    urgent |= rest.is_zero();
    let mut gathered = world.clock.sleep(rest);
    while bytes < bytes_max {
        let letter = match inbox.try_recv() {
            Ok(letter) => letter,
            Err(mpsc::error::TryRecvError::Empty) if urgent => break,
            Err(mpsc::error::TryRecvError::Empty) => tokio::select! {
                biased;
                letter = inbox.recv() => match letter {
                    Some(letter) => letter,
                    None => break,
                },
                () = &mut gathered => break,
            },
            Err(mpsc::error::TryRecvError::Disconnected) if letters.is_empty() => return None,
            Err(mpsc::error::TryRecvError::Disconnected) => break,
        };
        bytes += letter.command.weight();
        urgent |= letter.command.is_urgent();
        letters.push(letter);
    }
    Some(letters)
}

impl Pen {
    /// Without a connection its first use opens the file.
    fn new(files: Arc<Files>, settings: Settings, connection: Option<Connection>) -> Self {
        let budget = Budget::of(settings.bytes_max);
        // `doomed`: a kill may have left something to clear away.
        Self { files, connection, settings, budget, doomed: true }
    }

    /// Runs the commands in one transaction. Never panics on a broken file: it is replaced, and the callers of
    /// this one transaction are told.
    fn commit(&mut self, commands: &[Command], now_ms: u64, tidy: bool) -> Committed {
        let tidy = tidy || commands.iter().any(|command| matches!(command, Command::Tidy));
        match self.try_commit(commands, now_ms, tidy) {
            Ok(committed) => committed,
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(reason, commands = commands.len(), "the log store could not write");
                if database::is_broken(&error) {
                    self.replace(&reason);
                }
                let answers = commands.iter().map(|_| Err(failed(&reason))).collect();
                Committed { answers, trimmed: Trimmed::default(), more: false }
            }
        }
    }

    fn try_commit(&mut self, commands: &[Command], now_ms: u64, tidy: bool) -> rusqlite::Result<Committed> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => database::open_writer(&self.files.file).map_err(|error| unopened(&error))?,
        };
        let outcome = self.transact(&mut connection, commands, now_ms, tidy);
        if outcome.is_ok()
            && let Err(error) = self.shorten(&connection, tidy)
        {
            // What was committed stays so, and its callers are told so. If the file is broken the next commit finds out.
            tracing::warn!(reason = error.to_string(), "the files of the log store could not be shortened");
        }
        self.connection = Some(connection);
        outcome
    }

    fn shorten(&self, connection: &Connection, tidy: bool) -> rusqlite::Result<()> {
        if tidy {
            self.give_back(connection)?;
        }
        checkpoint(connection, &self.files.file, if tidy { 1 } else { self.budget.wal_bytes })
    }

    fn transact(
        &mut self,
        connection: &mut Connection,
        commands: &[Command],
        now_ms: u64,
        tidy: bool,
    ) -> rusqlite::Result<Committed> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::begin(&transaction, now_ms)?;
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            answers.push(match batch.apply(command) {
                Ok(()) => Ok(()),
                Err(QueryError::Refused(error)) => Err(error),
                Err(QueryError::Sqlite(error)) => return Err(error),
            });
        }
        let doomed = self.doomed || batch.doomed;
        batch.finish()?;
        let trimmed = bounds::trim(&transaction, &self.budget, &self.settings)?;
        let mut expiring = false;
        let mut purging = doomed;
        if tidy {
            purging = bounds::purge(&transaction)?;
            expiring = bounds::expire(&transaction, &self.settings, now_ms)?;
        }
        transaction.commit()?;
        self.doomed = purging;
        Ok(Committed { answers, trimmed, more: expiring || purging })
    }

    /// Shortens the file when more of it is free than new lines will soon need.
    fn give_back(&self, connection: &Connection) -> rusqlite::Result<()> {
        let number = |sql: &str| -> rusqlite::Result<u64> { connection.query_row(sql, [], |row| row.get(0)) };
        let (free, pages) = (number("PRAGMA freelist_count")?, number("PRAGMA page_count")?);
        if free > pages / FREE_SHARE {
            // The statement frees one page for each row that is read.
            let mut statement =
                connection.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_STEP_PAGES})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    fn replace(&mut self, reason: &str) {
        self.connection = None; // before the rename: its close removes the write-ahead log by name
        if let Err(error) = database::put_aside(&self.files.file, reason) {
            tracing::error!(reason = error.to_string(), "lines are lost until the log store can be replaced");
            return;
        }
        match database::open_writer(&self.files.file) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => tracing::error!(reason = error.to_string(), "no fresh log store could be made"),
        }
        self.files.generation.fetch_add(1, Ordering::Release);
    }
}

/// Moves the write-ahead log into the file once it is larger than `wal_bytes`.
fn checkpoint(connection: &Connection, file: &Path, wal_bytes: u64) -> rusqlite::Result<()> {
    let size = std::fs::metadata(database::with_suffix(file, "-wal")).map_or(0, |wal| wal.len());
    if size <= wal_bytes {
        return Ok(());
    }
    // Waits for readers, which are bounded; if one is slower than the busy timeout, the next commit tries again.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// An [`database::OpenError`] where SQLite's own errors are expected.
fn unopened(error: &database::OpenError) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
        Some(error.to_string()),
    )
}

fn failed(reason: &str) -> TelemetryError {
    TelemetryError::Store { reason: reason.to_owned() }
}

/// Says that the store is full and drops, once in a while.
#[derive(Default)]
struct DropNotice {
    last: Option<Instant>,
    since: Trimmed,
}

impl DropNotice {
    fn add(&mut self, now: Instant, trimmed: Trimmed) {
        self.since.events += trimmed.events;
        self.since.traces += trimmed.traces;
        self.since.streams += trimmed.streams;
        self.since.unshipped += trimmed.unshipped;
        let due = self.last.is_none_or(|last| now.since(last) >= DROP_NOTICE_EVERY);
        if self.since == Trimmed::default() || !due {
            return;
        }
        tracing::warn!(
            events = self.since.events,
            traces = self.since.traces,
            streams = self.since.streams,
            never_shipped = self.since.unshipped,
            "the log store is full: the oldest of the largest log group were dropped"
        );
        self.last = Some(now);
        self.since = Trimmed::default();
    }
}
