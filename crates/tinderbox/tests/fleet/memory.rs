//! A log in memory: what is appended is there at once, so that a test's seconds are not outrun by a disk.

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Mutex;
use substrate::{Log, LogEntry, LogError, LogPage, Position, Span, Watch};
use tokio::sync::watch;

pub(crate) struct MemoryLog {
    /// The number of entries that were trimmed, and the rest.
    kept: Mutex<(u64, Vec<Vec<Bytes>>)>,
    changed: watch::Sender<()>,
}

impl MemoryLog {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        let mut kept = self.kept.lock().expect("not poisoned");
        let current = Position(kept.0 + kept.1.len() as u64);
        if expected != current {
            return Err(LogError::WrongPosition { current });
        }
        kept.1.push(records);
        self.changed.send_replace(());
        Ok(current.next())
    }

    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        let kept = self.kept.lock().expect("not poisoned");
        let skipped = after.0.checked_sub(kept.0).ok_or(LogError::Trimmed { first: Position(kept.0 + 1) })?;
        let skipped = usize::try_from(skipped).expect("small");
        let entry = |(idx, records): (usize, &Vec<Bytes>)| LogEntry {
            position: Position(kept.0 + idx as u64 + 1),
            records: records.clone(),
        };
        let entries = kept.1.iter().enumerate().skip(skipped).take(max).map(entry).collect();
        Ok(LogPage { entries, last: Position(kept.0 + kept.1.len() as u64) })
    }

    async fn span(&self) -> Result<Span, LogError> {
        let kept = self.kept.lock().expect("not poisoned");
        Ok(Span { first: Position(kept.0 + 1), last: Position(kept.0 + kept.1.len() as u64) })
    }

    async fn trim(&self, through: Position) -> Result<(), LogError> {
        let mut kept = self.kept.lock().expect("not poisoned");
        let count = through.0.saturating_sub(kept.0).min(kept.1.len() as u64);
        kept.0 += count;
        kept.1.drain(..usize::try_from(count).expect("small"));
        Ok(())
    }

    fn watch(&self) -> Watch {
        Watch::new(self.changed.subscribe())
    }
}
