//! All partitions as one [`Assignment`]: each message goes to the partition of its account, or to that which it names.
//!
//! The same on both sides. A caller has a way to each partition's leader, wherever that is; a node of the role has a
//! service for each partition, of which it leads some: those answer, the others say `NotLeader`. That a message is of its
//! account's partition is so for whoever receives it, whatever its sender thought.

use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Reserve, Retire,
};
use std::sync::Arc;
use types::{AccountId, PartitionCount, PartitionId};

/// One of each partition.
pub struct Partitions<T> {
    count: PartitionCount,
    each: Vec<Arc<T>>,
}

impl<T> Partitions<T> {
    /// `each` are as many as `count`, in the order of their numbers; `None` if they are not.
    pub fn new(count: PartitionCount, each: Vec<Arc<T>>) -> Option<Self> {
        (each.len() == count.get() as usize).then_some(Self { count, each })
    }

    /// All of them, in the order of their numbers.
    pub fn each(&self) -> impl Iterator<Item = (PartitionId, &Arc<T>)> {
        self.count.all().zip(&self.each)
    }

    fn of(&self, account: &AccountId) -> Result<&Arc<T>, AcquireError> {
        self.named(self.count.of(account))
    }

    fn named(&self, partition: PartitionId) -> Result<&Arc<T>, AcquireError> {
        let found = usize::try_from(partition.0).ok().and_then(|partition| self.each.get(partition));
        found.ok_or_else(|| AcquireError::Unavailable {
            reason: format!("there is no partition {partition}, but {}", self.count.get()),
        })
    }
}

#[async_trait]
impl<T: Assignment> Assignment for Partitions<T> {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        self.of(&message.key.account)?.acquire(message).await
    }

    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        self.named(message.partition)?.report(message).await
    }

    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        self.of(&message.scope.account)?.retire(message).await
    }

    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        self.of(&message.scope.account)?.reserve(message).await
    }

    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        self.named(message.partition)?.census(message).await
    }
}
