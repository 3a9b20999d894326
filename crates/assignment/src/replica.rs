//! What a follower knows: the book, replayed up to a position, and on.

use crate::records;
use scheduler::assignment::{Book, Fact};
use std::sync::Arc;
use substrate::log::{Follower, READ_ENTRIES_MAX};
use substrate::{Log, LogEntry, LogError, Position};
use world::World;

/// The journal up to a position.
pub(crate) struct Replica {
    log: Arc<dyn Log>,
    follower: Follower,
    pub(crate) book: Book,
    /// Facts since the last checkpoint: what a replay costs beyond the book itself.
    pub(crate) since_checkpoint: usize,
}

impl Replica {
    /// Nothing read yet.
    pub(crate) async fn open(world: &World, log: Arc<dyn Log>) -> Result<Self, LogError> {
        let span = log.span().await?;
        let follower = Follower::new(world, Arc::clone(&log), before(span.first));
        Ok(Self { log, follower, book: Book::default(), since_checkpoint: 0 })
    }

    /// The last position that is in the book.
    pub(crate) fn position(&self) -> Position {
        self.follower.position()
    }

    /// Waits for what is appended next. Dropping the future loses nothing.
    pub(crate) async fn follow(&mut self) -> Result<(), LogError> {
        match self.follower.next(READ_ENTRIES_MAX).await {
            Ok(followed) => self.take(followed.entries),
            Err(LogError::Trimmed { first }) => {
                self.begin_again(first);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads until nothing more is there.
    pub(crate) async fn catch_up(&mut self) -> Result<(), LogError> {
        loop {
            match self.log.read(self.position(), READ_ENTRIES_MAX).await {
                Ok(page) => {
                    let last = page.last;
                    let Some(read) = page.entries.last().map(|entry| entry.position) else { return Ok(()) };
                    self.take(page.entries)?;
                    self.follower.seek(read);
                    if read >= last {
                        return Ok(());
                    }
                }
                Err(LogError::Trimmed { first }) => self.begin_again(first),
                Err(error) => return Err(error),
            }
        }
    }

    /// The log begins with a checkpoint wherever it was trimmed.
    fn begin_again(&mut self, first: Position) {
        self.book = Book::default();
        self.since_checkpoint = 0;
        self.follower.seek(before(first));
    }

    fn take(&mut self, entries: Vec<LogEntry>) -> Result<(), LogError> {
        for entry in entries {
            let (_, facts) = records::decode(&entry.records)
                .map_err(|reason| LogError::Corrupt { position: entry.position, reason })?;
            for fact in &facts {
                self.book.apply(fact);
                self.since_checkpoint += 1;
                if *fact == Fact::CheckpointEnded {
                    self.since_checkpoint = 0;
                }
            }
        }
        Ok(())
    }
}

/// What a partition's journal adds up to now: for whoever looks at it from outside.
pub async fn replay(world: &World, log: Arc<dyn Log>) -> Result<Book, LogError> {
    let mut replica = Replica::open(world, log).await?;
    replica.catch_up().await?;
    Ok(replica.book)
}

fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
}
