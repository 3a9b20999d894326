//! The journal's facts, and the book that they add up to.
//!
//! Only what outlives a leader is a fact: who leads, which workers are leased, which environments there are. Busy and
//! idle are not: a new leader asks the workers. So a warm invocation appends nothing.
//!
//! ```text
//! EpochBegun ─► WorkerLeased w ─► Created e on w ─► Ready e ─► Gone e
//!                    │                  └─► Quarantined e ──────► ▲
//!                    └─ WorkerLost w = Gone for every e on w ─────┘
//! CheckpointBegun, every fact of the book again, CheckpointEnded:  what lies before may be trimmed
//! ```
//! Facts are idempotent, and one about an environment that is not there changes nothing: a replay that begins with any
//! complete checkpoint ends with the same book.

use std::collections::{BTreeMap, BTreeSet};
use types::{EnvironmentId, Epoch, VersionKey, WorkerId};

/// One journal record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A leader took over. What it did not append itself is of earlier epochs.
    EpochBegun { epoch: Epoch },
    /// Environments may be made there.
    WorkerLeased { worker: WorkerId },
    /// Its lease ended, and its environments with it.
    WorkerLost { worker: WorkerId },
    /// The worker is about to be told to make it.
    Created {
        environment: EnvironmentId,
        key: VersionKey,
        memory_mb: u32,
        worker: WorkerId,
        /// Ahead of invocations, for its version's provisioned concurrency.
        provisioned: bool,
    },
    /// It has served or waited once: from then on it takes a lease under any token.
    Ready { environment: EnvironmentId },
    /// Nothing of it is left.
    Gone { environment: EnvironmentId },
    /// It is granted no more; its worker is to end it.
    Quarantined { environment: EnvironmentId },
    /// What follows, up to the end of the checkpoint, is everything.
    CheckpointBegun { epoch: Epoch },
    /// The checkpoint is whole.
    CheckpointEnded,
}

/// What the journal says of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: VersionKey,
    pub memory_mb: u32,
    pub worker: WorkerId,
    pub provisioned: bool,
    pub ready: bool,
    pub quarantined: bool,
}

/// What all facts so far add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    epoch: Option<Epoch>,
    workers: BTreeSet<WorkerId>,
    environments: BTreeMap<EnvironmentId, Entry>,
    /// A checkpoint that is being read: the book that it will be.
    checkpoint: Option<Box<Book>>,
}

impl Book {
    /// The book after these facts.
    pub fn replay<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        let mut book = Self::default();
        facts.into_iter().for_each(|fact| book.apply(fact));
        book
    }

    /// One fact more.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::CheckpointBegun { epoch } => {
                self.checkpoint = Some(Box::new(Self { epoch: Some(*epoch), ..Self::default() }));
            }
            Fact::CheckpointEnded => {
                if let Some(whole) = self.checkpoint.take() {
                    *self = *whole;
                }
            }
            Fact::EpochBegun { epoch } => {
                // Whoever wrote the checkpoint was deposed over it: it is not whole and stays so.
                self.checkpoint = None;
                self.epoch = self.epoch.max(Some(*epoch));
            }
            fact => match &mut self.checkpoint {
                Some(checkpoint) => checkpoint.apply_one(fact),
                None => self.apply_one(fact),
            },
        }
    }

    fn apply_one(&mut self, fact: &Fact) {
        match fact {
            Fact::WorkerLeased { worker } => drop(self.workers.insert(worker.clone())),
            Fact::WorkerLost { worker } => {
                self.workers.remove(worker);
                self.environments.retain(|_, entry| entry.worker != *worker);
            }
            Fact::Created { environment, key, memory_mb, worker, provisioned } => {
                let (key, worker, memory_mb) = (key.clone(), worker.clone(), *memory_mb);
                let provisioned = *provisioned;
                let entry = Entry { key, memory_mb, worker, provisioned, ready: false, quarantined: false };
                self.environments.entry(*environment).or_insert(entry);
            }
            Fact::Ready { environment } => {
                if let Some(entry) = self.environments.get_mut(environment) {
                    entry.ready = true;
                }
            }
            Fact::Quarantined { environment } => {
                if let Some(entry) = self.environments.get_mut(environment) {
                    entry.quarantined = true;
                }
            }
            Fact::Gone { environment } => drop(self.environments.remove(environment)),
            Fact::EpochBegun { .. } | Fact::CheckpointBegun { .. } | Fact::CheckpointEnded => {}
        }
    }

    /// The book once more, as facts that may stand at the beginning of a log.
    pub fn checkpoint(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::CheckpointBegun { epoch: self.epoch.unwrap_or(Epoch(0)) }];
        facts.extend(self.workers.iter().cloned().map(|worker| Fact::WorkerLeased { worker }));
        for (&environment, entry) in &self.environments {
            let (key, worker, memory_mb) = (entry.key.clone(), entry.worker.clone(), entry.memory_mb);
            let provisioned = entry.provisioned;
            facts.push(Fact::Created { environment, key, memory_mb, worker, provisioned });
            if entry.ready {
                facts.push(Fact::Ready { environment });
            }
            if entry.quarantined {
                facts.push(Fact::Quarantined { environment });
            }
        }
        facts.push(Fact::CheckpointEnded);
        facts
    }

    /// The highest epoch that has begun; 0 before the first.
    pub fn epoch(&self) -> Epoch {
        self.epoch.unwrap_or(Epoch(0))
    }

    /// Workers with a lease.
    pub fn workers(&self) -> &BTreeSet<WorkerId> {
        &self.workers
    }

    /// Environments that are not gone.
    pub fn environments(&self) -> &BTreeMap<EnvironmentId, Entry> {
        &self.environments
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::key;
    use super::*;

    fn created(number: u8, worker: &str) -> Fact {
        Fact::Created {
            environment: EnvironmentId([number; 16]),
            key: key("hello", 1),
            memory_mb: 128,
            worker: WorkerId::new(worker),
            provisioned: number == 3,
        }
    }

    #[test]
    fn a_checkpoint_replays_to_the_book_that_wrote_it_and_half_of_one_changes_nothing() {
        let worker = |name| Fact::WorkerLeased { worker: WorkerId::new(name) };
        let environment = EnvironmentId([1; 16]);
        let facts = [
            Fact::EpochBegun { epoch: Epoch(3) },
            worker("a"),
            worker("b"),
            created(1, "a"),
            Fact::Ready { environment },
            created(2, "a"),
            Fact::Quarantined { environment: EnvironmentId([2; 16]) },
            created(3, "b"),
            created(4, "b"),
            Fact::Gone { environment: EnvironmentId([4; 16]) },
        ];
        let book = Book::replay(&facts);
        assert_eq!(book.environments().len(), 3);
        let checkpoint = book.checkpoint();
        assert_eq!(Book::replay(&checkpoint), book);

        let half = &checkpoint[..checkpoint.len() / 2];
        let deposed = [Fact::EpochBegun { epoch: Epoch(4) }];
        let after = Book::replay(facts.iter().chain(half).chain(&deposed));
        assert_eq!(after.environments(), book.environments());
        assert_eq!(after.epoch(), Epoch(4));
    }

    #[test]
    fn a_lost_worker_takes_its_environments_along() {
        let lost = Fact::WorkerLost { worker: WorkerId::new("a") };
        let book = Book::replay(&[created(1, "a"), created(2, "b"), lost]);
        assert_eq!(book.environments().keys().collect::<Vec<_>>(), [&EnvironmentId([2; 16])]);
    }
}
