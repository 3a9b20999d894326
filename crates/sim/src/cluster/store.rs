//! `Kv` and `Log` in memory, and the way of a machine to them, on which calls and answers get lost.
//!
//! [`MemoryKv`] and [`MemoryLog`] keep their traits' promises (the conformance suites say so). [`Through`] is what a
//! machine has: a request travels, is applied or not, and its answer travels back; who has no answer in time is told
//! `Unavailable`, and the request may still be applied afterwards. A store that crashes loses what it had not applied:
//! an append is there whole or not at all.

use super::executor::{Executor, Node, lock};
use super::ledger::Ledger;
use super::network::Network;
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use substrate::kv::{PAGE_ENTRIES_MAX, check_batch};
use substrate::log::{READ_BYTES_MAX, READ_ENTRIES_MAX, check_append};
use substrate::{
    Entry, Expected, Key, Kv, KvError, KvPage, Log, LogEntry, LogError, LogPage, Position, Revision, Span,
    Watch, Write,
};
use tokio::sync::{oneshot, watch};
use world::World;

/// Until an answer that does not come is given up.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Values in memory.
#[derive(Default)]
pub(crate) struct MemoryKv {
    state: Mutex<KvState>,
    hints: watch::Sender<()>,
}

#[derive(Default)]
struct KvState {
    entries: BTreeMap<Key, (Bytes, Revision)>,
    revision: u64,
}

#[async_trait]
impl Kv for MemoryKv {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        let state = lock(&self.state);
        let entry = |(value, revision): &(Bytes, Revision)| Entry {
            key: key.clone(),
            value: value.clone(),
            revision: *revision,
        };
        Ok(state.entries.get(key).map(entry))
    }

    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        check_batch(&batch)?;
        let mut state = lock(&self.state);
        for write in &batch {
            let current = state.entries.get(write.key()).map(|(_, revision)| *revision);
            let holds = match write.expected() {
                Expected::Any => true,
                Expected::Absent => current.is_none(),
                Expected::At(revision) => current == Some(revision),
            };
            if !holds {
                return Err(KvError::Conflict { key: write.key().clone(), current });
            }
        }
        state.revision += 1;
        let revision = Revision(state.revision);
        for write in batch {
            match write {
                Write::Put { key, value, .. } => drop(state.entries.insert(key, (value, revision))),
                Write::Delete { key, .. } => drop(state.entries.remove(&key)),
            }
        }
        drop(state);
        self.hints.send_replace(());
        Ok(revision)
    }

    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        let state = lock(&self.state);
        let begin = format!("{prefix}/");
        let max = max.min(PAGE_ENTRIES_MAX);
        let found = state
            .entries
            .iter()
            .filter(|(key, _)| key.as_str().starts_with(&begin) && after.is_none_or(|after| *key > after));
        let mut entries: Vec<Entry> = found
            .take(max + 1)
            .map(|(key, (value, revision))| Entry {
                key: key.clone(),
                value: value.clone(),
                revision: *revision,
            })
            .collect();
        let more = entries.len() > max;
        entries.truncate(max);
        Ok(KvPage { entries, more })
    }

    fn watch(&self, _: &Key) -> Watch {
        Watch::new(self.hints.subscribe())
    }
}

/// Appends in memory.
pub(crate) struct MemoryLog {
    state: Mutex<LogState>,
    hints: watch::Sender<()>,
}

struct LogState {
    entries: BTreeMap<u64, Vec<Bytes>>,
    first: u64,
    last: u64,
}

impl Default for MemoryLog {
    fn default() -> Self {
        let state = LogState { entries: BTreeMap::new(), first: 1, last: 0 };
        Self { state: Mutex::new(state), hints: watch::Sender::new(()) }
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        check_append(&records)?;
        let mut state = lock(&self.state);
        if expected.0 != state.last {
            return Err(LogError::WrongPosition { current: Position(state.last) });
        }
        state.last += 1;
        let at = state.last;
        state.entries.insert(at, records);
        drop(state);
        self.hints.send_replace(());
        Ok(Position(at))
    }

    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        let state = lock(&self.state);
        if after.0.saturating_add(1) < state.first {
            return Err(LogError::Trimmed { first: Position(state.first) });
        }
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for (at, records) in state.entries.range(after.0.saturating_add(1)..) {
            if entries.len() >= max.min(READ_ENTRIES_MAX) || bytes >= READ_BYTES_MAX {
                break;
            }
            bytes += records.iter().map(Bytes::len).sum::<usize>();
            entries.push(LogEntry { position: Position(*at), records: records.clone() });
        }
        Ok(LogPage { entries, last: Position(state.last) })
    }

    async fn span(&self) -> Result<Span, LogError> {
        let state = lock(&self.state);
        Ok(Span { first: Position(state.first), last: Position(state.last) })
    }

    async fn trim(&self, through: Position) -> Result<(), LogError> {
        let mut state = lock(&self.state);
        state.first = state.first.max(through.0.min(state.last).saturating_add(1));
        let first = state.first;
        state.entries.retain(|at, _| *at >= first);
        Ok(())
    }

    fn watch(&self) -> Watch {
        Watch::new(self.hints.subscribe())
    }
}

/// What ails the store.
#[derive(Default)]
pub(crate) struct Ailment {
    /// Nobody is answered.
    pub(crate) silent: AtomicBool,
    /// What needs room is refused.
    pub(crate) full: AtomicBool,
    /// Requests and answers that get lost, thousandths.
    pub(crate) lost: AtomicU64,
}

impl Ailment {
    pub(crate) fn cure(&self) {
        self.silent.store(false, Ordering::SeqCst);
        self.full.store(false, Ordering::SeqCst);
        self.lost.store(0, Ordering::SeqCst);
    }
}

/// A machine's way to the store.
#[derive(Clone)]
pub(crate) struct Through {
    pub(crate) executor: Executor,
    pub(crate) network: Network,
    /// The store's own, of its present life.
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) from: Node,
    pub(crate) store: Node,
    pub(crate) ailment: Arc<Ailment>,
    pub(crate) kv: Arc<MemoryKv>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) ledger: Ledger,
    /// A mutation: an append is made wherever the log is.
    pub(crate) any_position: bool,
}

impl Through {
    /// `None`: no answer, whatever became of it.
    async fn travel<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (tx, rx) = oneshot::channel();
        let chance = |thousandth: u64| self.executor.chance(thousandth);
        let lost = self.ailment.lost.load(Ordering::SeqCst);
        let (request_lost, answer_lost) = (chance(lost), chance(lost));
        let (there, back) = (self.network.delay(), self.network.delay());
        let (this, world) = (self.clone(), lock(&self.world).clone());
        let own = world.clone();
        // The store's: it goes on when who asked is gone, and ends where the store crashes.
        own.spawn("store.request", async move {
            world.clock.sleep(there).await;
            this.network.passable(this.from, this.store).await;
            while this.ailment.silent.load(Ordering::SeqCst) {
                world.clock.sleep(Duration::from_millis(50)).await;
            }
            if request_lost {
                return;
            }
            let done = work.await;
            world.clock.sleep(back).await;
            this.network.passable(this.from, this.store).await;
            if !answer_lost {
                let _ = tx.send(done); // who asked may have gone
            }
        });
        // By a clock that is always there: `rx` ends at once when the store crashes.
        self.network.timeout(ANSWER_MAX, rx).await?.ok()
    }

    fn is_full(&self) -> bool {
        self.ailment.full.load(Ordering::SeqCst)
    }
}

fn kv_silent() -> KvError {
    KvError::Unavailable { reason: "no answer".to_owned() }
}

fn log_silent() -> LogError {
    LogError::Unavailable { reason: "no answer".to_owned() }
}

#[async_trait]
impl Kv for Through {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        let (kv, key) = (Arc::clone(&self.kv), key.clone());
        self.travel(async move { kv.get(&key).await }).await.ok_or_else(kv_silent)?
    }

    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        let grows = batch.iter().any(|write| matches!(write, Write::Put { .. }));
        if grows && self.is_full() {
            return Err(KvError::Full { reason: "the disk".to_owned() });
        }
        let kv = Arc::clone(&self.kv);
        self.travel(async move { kv.write(batch).await }).await.ok_or_else(kv_silent)?
    }

    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        let (kv, prefix, after) = (Arc::clone(&self.kv), prefix.clone(), after.cloned());
        let listed = async move { kv.list(&prefix, after.as_ref(), max).await };
        self.travel(listed).await.ok_or_else(kv_silent)?
    }

    fn watch(&self, prefix: &Key) -> Watch {
        Kv::watch(self.kv.as_ref(), prefix)
    }
}

#[async_trait]
impl Log for Through {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        if self.is_full() {
            return Err(LogError::Full { reason: "the disk".to_owned() });
        }
        let (log, anywhere) = (Arc::clone(&self.log), self.any_position);
        let (ledger, facts) = (self.ledger.clone(), records.clone());
        let append = async move {
            let at = if anywhere { log.span().await?.last } else { expected };
            let appended = log.append(at, records).await;
            if appended.is_ok() {
                ledger.appended(&facts);
            }
            appended
        };
        self.travel(append).await.ok_or_else(log_silent)?
    }

    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        let log = Arc::clone(&self.log);
        self.travel(async move { log.read(after, max).await }).await.ok_or_else(log_silent)?
    }

    async fn span(&self) -> Result<Span, LogError> {
        let log = Arc::clone(&self.log);
        self.travel(async move { log.span().await }).await.ok_or_else(log_silent)?
    }

    async fn trim(&self, through: Position) -> Result<(), LogError> {
        let log = Arc::clone(&self.log);
        self.travel(async move { log.trim(through).await }).await.ok_or_else(log_silent)?
    }

    fn watch(&self) -> Watch {
        Log::watch(self.log.as_ref())
    }
}
