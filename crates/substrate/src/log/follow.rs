//! Following a log: what is there, then what comes.
//!
//! A follower pulls: it holds a position and nothing else, so a slow one costs no memory and loses nothing; it is
//! told how far behind it is, and where the log was trimmed past it, that it is (`Trimmed`): then it takes a snapshot
//! and goes on from there with [`Follower::seek`]. Hints wake it; since they may be lost, it looks by itself too.

use super::{Log, LogEntry, LogError, Position, READ_ENTRIES_MAX};
use crate::kv::Watch;
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// How long a follower trusts that a hint would have come: the longest that a lost one delays it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A batch of what was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The next ones, dense, at least one.
    pub entries: Vec<LogEntry>,
    /// How many appends there were behind the last of them when they were read: 0 is caught up.
    pub behind: u64,
}

/// A place in a log that moves on.
pub struct Follower {
    world: World,
    log: Arc<dyn Log>,
    watch: Watch,
    after: Position,
    /// Hints end with the provider; then only looking is left.
    hinted: bool,
}

impl Follower {
    /// Follows `log` from the entry after `after` on.
    pub fn new(world: &World, log: Arc<dyn Log>, after: Position) -> Self {
        // Watched before the first read, so that no append falls between them.
        let watch = log.watch();
        Self { world: world.clone(), log, watch, after, hinted: true }
    }

    /// The last position that was handed out.
    pub fn position(&self) -> Position {
        self.after
    }

    /// Goes on from the entry after `after`.
    pub fn seek(&mut self, after: Position) {
        self.after = after;
    }

    /// Waits for the next entries. After an error it can be called again and misses nothing; dropping the future
    /// loses nothing either.
    pub async fn next(&mut self, max: usize) -> Result<Followed, LogError> {
        loop {
            let page = self.log.read(self.after, max.clamp(1, READ_ENTRIES_MAX)).await?;
            if let Some(last) = page.entries.last() {
                self.after = last.position;
                let behind = page.last.0.saturating_sub(last.position.0);
                return Ok(Followed { entries: page.entries, behind });
            }
            if self.hinted {
                let hint = self.world.timeout(LOOK_EVERY, self.watch.changed()).await;
                self.hinted = hint.unwrap_or(true);
            } else {
                self.world.clock.sleep(LOOK_EVERY).await;
            }
        }
    }
}
