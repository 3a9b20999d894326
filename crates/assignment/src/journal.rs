//! A leader's end of the journal: facts in the order of the machine's steps, as few appends as may be.
//!
//! ```text
//! step: push ──► queue ──► one append of all that waits ──► durable ──► whoever waits for it goes on
//!                             │ somebody else appended        └─ long since the last: a checkpoint, then trim
//!                             ▼
//!                          Deposed (final): nothing more is appended, nothing that waits goes on
//! ```
//! What somebody waits for (`Created`) is appended at once, together with all before it; the rest waits a moment for
//! company. An append whose answer was lost is looked for in the log: its header tells it from another leader's.

use crate::records::{self, BATCH_FACTS_MAX, Header};
use crate::replica::Replica;
use bytes::Bytes;
use scheduler::assignment::{Book, Fact};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use substrate::{Log, LogError, Position};
use tokio::sync::{Notify, watch};
use types::Epoch;
use world::{TaskHandle, World};

/// How long facts that nobody waits for gather.
const GATHER: Duration = Duration::from_millis(200);
/// How long until an append is made again that failed without a verdict.
const AGAIN: Duration = Duration::from_millis(100);
/// The same for the first append of a reign, which is waited for by everybody.
const BEGIN_AGAIN: Duration = Duration::from_millis(10);
/// Facts that may wait while the log is silent; beyond, nothing new is begun.
const BACKLOG_MAX: usize = 16_384;
/// Facts since the last checkpoint from which on there is another, or four times the book if that is more: what is
/// written for checkpoints stays a fraction of all that is written.
const CHECKPOINT_FACTS: usize = 4_096;

/// Where the journal stands.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Facts that are durable.
    durable: u64,
    /// Confirmations that are answered.
    confirmed: u64,
    deposed: bool,
}

struct Queue {
    facts: VecDeque<Fact>,
    /// Facts so far.
    pushed: u64,
    /// Confirmations that were asked for.
    asked: u64,
    urgent: bool,
}

/// One append: maybe no facts, and the confirmations that it answers.
struct Batch {
    facts: Vec<Fact>,
    confirms: u64,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    progress: watch::Sender<Progress>,
}

/// The leader's handle. Dropping it drops what is not durable, as a crash would.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    writing: TaskHandle,
}

/// Another leader appended: this one leads no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deposed;

/// Why a reign did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// A higher epoch has begun, or this very one by another.
    Outdone,
    Log(LogError),
}

impl Journal {
    /// Appends `EpochBegun` after everything that there is; the replica is then up to it.
    pub(crate) async fn begin(
        world: &World,
        log: Arc<dyn Log>,
        replica: &mut Replica,
        epoch: Epoch,
        writer: u64,
    ) -> Result<Self, NotBegun> {
        let begun = Fact::EpochBegun { epoch };
        loop {
            replica.catch_up().await.map_err(NotBegun::Log)?;
            if replica.book.epoch() >= epoch {
                return Err(NotBegun::Outdone);
            }
            let at = replica.position();
            let mut pen = Pen {
                world: world.clone(),
                log: Arc::clone(&log),
                header: Header::new(epoch, writer, 0),
                at,
                book: replica.book.clone(),
                since_checkpoint: replica.since_checkpoint,
            };
            // A predecessor that does not know yet may come between: then read on and try again.
            if pen.append(std::slice::from_ref(&begun)).await.is_ok() {
                replica.catch_up().await.map_err(NotBegun::Log)?;
                return Ok(Self::open(world, pen));
            }
            world.clock.sleep(BEGIN_AGAIN).await;
        }
    }

    fn open(world: &World, pen: Pen) -> Self {
        let queue = Queue { facts: VecDeque::new(), pushed: 0, asked: 0, urgent: false };
        let progress = watch::Sender::new(Progress { durable: 0, confirmed: 0, deposed: false });
        let shared = Arc::new(Shared { queue: Mutex::new(queue), wake: Notify::new(), progress });
        let writing = world.spawn("assignment.journal", write(Arc::clone(&shared), pen));
        Self { shared, writing }
    }

    /// Takes the facts; answers how many there were before. Called in the order of the machine's steps.
    pub(crate) fn push(&self, facts: Vec<Fact>) -> u64 {
        let mut queue = self.shared.queue();
        let before = queue.pushed;
        if facts.is_empty() {
            return before;
        }
        queue.pushed += facts.len() as u64;
        queue.urgent |= facts.iter().any(|fact| matches!(fact, Fact::Created { .. }));
        queue.facts.extend(facts);
        drop(queue);
        self.shared.wake.notify_one();
        before
    }

    /// Waits until so many facts are durable.
    pub(crate) async fn durable(&self, count: u64) -> Result<(), Deposed> {
        let mut progress = self.shared.progress.subscribe();
        let reached = progress.wait_for(|progress| progress.deposed || progress.durable >= count).await;
        match reached {
            Ok(progress) if progress.durable >= count => Ok(()),
            _ => Err(Deposed),
        }
    }

    /// Waits until an append that began after this call has succeeded: until then this one led. Facts that come at the
    /// same time share the append; without any it is a header alone.
    pub(crate) async fn confirm(&self) -> Result<(), Deposed> {
        let asked = {
            let mut queue = self.shared.queue();
            queue.asked += 1;
            queue.urgent = true;
            queue.asked
        };
        self.shared.wake.notify_one();
        let mut progress = self.shared.progress.subscribe();
        let reached = progress.wait_for(|progress| progress.deposed || progress.confirmed >= asked).await;
        match reached {
            Ok(progress) if progress.confirmed >= asked => Ok(()),
            _ => Err(Deposed),
        }
    }

    /// So much waits that nothing new should be begun.
    pub(crate) fn is_behind(&self) -> bool {
        self.shared.queue().facts.len() >= BACKLOG_MAX
    }

    /// Completes when another leader has appended.
    pub(crate) async fn deposed(&self) {
        let mut progress = self.shared.progress.subscribe();
        let _ = progress.wait_for(|progress| progress.deposed).await;
    }

    /// Writes what waits now.
    pub(crate) fn flush(&self) {
        self.shared.queue().urgent = true;
        self.shared.wake.notify_one();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.writing.abort();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be appended next, once it is time.
    async fn batch(&self, world: &World, confirmed: u64) -> Batch {
        let mut gather_until = None;
        loop {
            let gathered = gather_until.is_some_and(|until| world.now() >= until);
            let waiting = {
                let mut queue = self.queue();
                let asked = queue.asked > confirmed;
                if asked || (queue.urgent || gathered) && !queue.facts.is_empty() {
                    let count = queue.facts.len().min(BATCH_FACTS_MAX);
                    let facts: Vec<Fact> = queue.facts.drain(..count).collect();
                    queue.urgent = queue.urgent && !queue.facts.is_empty();
                    return Batch { facts, confirms: queue.asked };
                }
                !queue.facts.is_empty()
            };
            if waiting {
                let until = *gather_until.get_or_insert_with(|| world.now().plus(GATHER));
                world.timeout(until.since(world.now()), self.wake.notified()).await;
            } else {
                self.wake.notified().await;
            }
        }
    }
}

async fn write(shared: Arc<Shared>, mut pen: Pen) {
    let world = pen.world.clone();
    let mut confirmed = 0;
    loop {
        let Batch { facts, confirms } = shared.batch(&world, confirmed).await;
        let mut written = pen.append(&facts).await;
        confirmed = confirms;
        shared.progress.send_modify(|progress| match written {
            Ok(()) => {
                progress.durable += facts.len() as u64;
                progress.confirmed = confirms;
            }
            Err(Deposed) => progress.deposed = true,
        });
        if written.is_ok() && pen.since_checkpoint > CHECKPOINT_FACTS.max(4 * pen.book.environments().len()) {
            written = pen.checkpoint().await;
            shared.progress.send_modify(|progress| progress.deposed = written.is_err());
        }
        if written.is_err() {
            tracing::warn!("another leader has appended to the journal: this one leads no more");
            return;
        }
    }
}

/// Who appends.
struct Pen {
    world: World,
    log: Arc<dyn Log>,
    header: Header,
    at: Position,
    /// What is durable.
    book: Book,
    since_checkpoint: usize,
}

/// What became of an append without an answer.
enum Found {
    Ours(Position),
    Anothers,
    Nothing,
}

impl Pen {
    /// Until it is durable, however long the log is silent.
    async fn append(&mut self, facts: &[Fact]) -> Result<(), Deposed> {
        self.header.number += 1;
        let records = records::encode(self.header, facts).map_err(|reason| {
            tracing::error!(%reason, "facts could not be written down");
            Deposed
        })?;
        self.at = self.append_records(records).await?;
        facts.iter().for_each(|fact| self.book.apply(fact));
        self.since_checkpoint += facts.len();
        Ok(())
    }

    async fn append_records(&self, records: Vec<Bytes>) -> Result<Position, Deposed> {
        loop {
            let error = match self.log.append(self.at, records.clone()).await {
                Ok(position) => return Ok(position),
                Err(error) => error,
            };
            match &error {
                LogError::WrongPosition { .. } | LogError::Unavailable { .. } => {
                    let moved = matches!(error, LogError::WrongPosition { .. });
                    match self.look_for(&records).await {
                        Found::Ours(position) => return Ok(position),
                        Found::Anothers => return Err(Deposed),
                        // The log is shorter than what was appended to it: not the log that this leader leads.
                        Found::Nothing if moved => return Err(Deposed),
                        Found::Nothing => tracing::warn!(%error, "the journal is silent"),
                    }
                }
                LogError::Busy => {}
                LogError::Full { .. } => tracing::error!(%error, "the journal can not be written"),
                _ => {
                    tracing::error!(%error, "the journal can not be written, now or later");
                    return Err(Deposed);
                }
            }
            self.world.clock.sleep(AGAIN).await;
        }
    }

    async fn look_for(&self, records: &[Bytes]) -> Found {
        loop {
            match self.log.read(self.at, 1).await {
                Ok(page) => {
                    return match page.entries.first() {
                        Some(entry) if entry.records == records => Found::Ours(entry.position),
                        Some(_) => Found::Anothers,
                        None => Found::Nothing,
                    };
                }
                Err(LogError::Trimmed { .. }) => return Found::Anothers,
                Err(error) => {
                    tracing::warn!(%error, "the journal is silent");
                    self.world.clock.sleep(AGAIN).await;
                }
            }
        }
    }

    /// The whole book once more, in one piece since nobody else appends between; then what lies before may go.
    async fn checkpoint(&mut self) -> Result<(), Deposed> {
        let before = self.at;
        for facts in self.book.clone().checkpoint().chunks(BATCH_FACTS_MAX) {
            self.append(facts).await?;
        }
        self.since_checkpoint = 0;
        if let Err(error) = self.log.trim(before).await {
            tracing::warn!(%error, "the journal was not trimmed");
        }
        Ok(())
    }
}
