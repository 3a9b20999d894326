//! The assignment service of a partition, wherever its leader is; and how many partitions there are.
//!
//! Their number is an entry in `Kv` that the platform's first node makes and nobody changes: what one partition's leader
//! knows of an account, its concurrency above all, no other has.

use super::net::{Leading, Net};
use crate::roles::StartError;
use assignment::Partitions;
use async_trait::async_trait;
use bytes::Bytes;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use fabric::remote::Remote;
use fabric_rpc::NodeRole;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use substrate::{Expected, Key, Kv, KvError};
use types::{PartitionCount, PartitionId};

const FORMAT: u32 = 1;

/// The entry.
#[derive(Serialize, Deserialize)]
struct Settled {
    format: u32,
    partitions: u32,
}

/// [`Assignment`] by whoever leads. All its calls may be said twice: a grant of which nobody heard is found by the
/// leader when it next asks the worker. So whatever did not come back is answered `NotLeader`, which callers bear by
/// asking again.
pub(crate) struct PartitionClient {
    leading: Arc<Leading>,
    remote: Arc<Remote<dyn Assignment>>,
}

impl PartitionClient {
    pub(crate) fn new(net: &Arc<Net>, partition: PartitionId) -> Result<Arc<Self>, KvError> {
        let key = assignment::key_of(partition)?;
        let leading = net.leading(key, NodeRole::Assignment, Duration::ZERO);
        let remote = Remote::new(leading.clone());
        Ok(Arc::new(Self { leading, remote }))
    }

    async fn heard<T>(&self, answer: Result<T, AcquireError>) -> Result<T, AcquireError> {
        match answer {
            Err(error @ (AcquireError::NotLeader | AcquireError::Unavailable { .. })) => {
                tracing::debug!(%error, "the partition's leader is looked up again");
                self.leading.mistaken().await;
                Err(AcquireError::NotLeader)
            }
            answer => answer,
        }
    }
}

/// A way to the leader of each partition.
pub(crate) fn clients(net: &Arc<Net>, count: PartitionCount) -> Result<Partitions<PartitionClient>, KvError> {
    let each = count.all().map(|partition| PartitionClient::new(net, partition)).collect::<Result<_, _>>()?;
    let wrong = || KvError::Invalid { reason: "there are not as many partitions as there are".to_owned() };
    Partitions::new(count, each).ok_or_else(wrong)
}

fn key() -> Result<Key, KvError> {
    Key::of(&["platform", "partitions"])
}

/// How many the platform has; `None` before its first node.
pub(crate) async fn count(kv: &dyn Kv) -> Result<Option<PartitionCount>, KvError> {
    let Some(entry) = kv.get(&key()?).await? else { return Ok(None) };
    let settled: Settled = serde_json::from_slice(&entry.value)
        .map_err(|error| KvError::Invalid { reason: format!("the entry of partitions: {error}") })?;
    let count = PartitionCount::new(settled.partitions).filter(|_| settled.format == FORMAT);
    let unknown = || KvError::Invalid { reason: "the entry of partitions is of another version".to_owned() };
    count.ok_or_else(unknown).map(Some)
}

/// How many the platform has, from now on if this node is its first. What this one's operator asked for must be that.
pub(crate) async fn settle(kv: &dyn Kv, asked: Option<PartitionCount>) -> Result<PartitionCount, StartError> {
    let failed = |error: KvError| StartError::from(error.to_string());
    let first = Settled { format: FORMAT, partitions: asked.unwrap_or(PartitionCount::ONE).get() };
    let value = serde_json::to_vec(&first).map_err(|error| error.to_string())?;
    match kv.put(key().map_err(failed)?, Bytes::from(value), Expected::Absent).await {
        Ok(_) | Err(KvError::Conflict { .. }) => {}
        Err(error) => return Err(failed(error)),
    }
    let there =
        count(kv).await.map_err(failed)?.ok_or_else(|| "the number of partitions is gone".to_owned())?;
    match asked {
        Some(asked) if asked != there => Err(StartError {
            message: format!(
                "this platform was begun with --partitions {}, not {}",
                there.get(),
                asked.get()
            ),
            advice: "leave --partitions out to join it as it is; for another number of them begin another platform \
                     (--platform NAME), and take the functions there with `tinderbox export` and `tinderbox import`",
        }),
        _ => Ok(there),
    }
}

#[async_trait]
impl Assignment for PartitionClient {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        self.heard(self.remote.acquire(message).await).await
    }
    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        self.heard(self.remote.report(message).await).await
    }
    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        self.heard(self.remote.retire(message).await).await
    }
    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        self.heard(self.remote.reserve(message).await).await
    }
    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        self.heard(self.remote.provision(message).await).await
    }
    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        self.heard(self.remote.census(message).await).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use substrate::{Sqlite, SqliteSettings};
    use world::World;

    async fn store() -> (Sqlite, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kv.db");
        (Sqlite::open(&World::real(), &file, SqliteSettings::default()).await.unwrap(), folder)
    }

    #[tokio::test]
    async fn the_first_node_says_how_many_there_are_and_a_later_one_takes_that_or_is_refused() {
        let (kv, _folder) = store().await;
        assert_eq!(count(&kv).await.unwrap(), None);
        let four = PartitionCount::new(4);
        assert_eq!(settle(&kv, four).await.ok(), four);
        assert_eq!(settle(&kv, None).await.ok(), four, "who says nothing takes what is there");
        assert_eq!(settle(&kv, four).await.ok(), four);
        let refused = settle(&kv, PartitionCount::new(2)).await.err().unwrap();
        assert_eq!(refused.message, "this platform was begun with --partitions 4, not 2");
        assert!(refused.advice.contains("export"), "{}", refused.advice);
        assert_eq!(count(&kv).await.unwrap(), four);
    }

    #[tokio::test]
    async fn a_platform_whose_first_node_says_nothing_has_one_for_good() {
        let (kv, _folder) = store().await;
        assert_eq!(settle(&kv, None).await.ok(), Some(PartitionCount::ONE));
        assert!(settle(&kv, PartitionCount::new(2)).await.is_err());
    }

    #[tokio::test]
    async fn an_entry_that_is_not_understood_lets_nobody_begin() {
        let (kv, _folder) = store().await;
        for bad in [r#"{"format":2,"partitions":4}"#, r#"{"format":1,"partitions":0}"#, "4"] {
            kv.put(key().unwrap(), Bytes::from(bad), Expected::Any).await.unwrap();
            assert!(settle(&kv, None).await.is_err(), "{bad}");
        }
    }
}
