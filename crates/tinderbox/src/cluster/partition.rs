//! The assignment service of a partition, wherever its leader is.

use super::net::{Leading, Net};
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use fabric::remote::Remote;
use fabric_rpc::NodeRole;
use std::sync::Arc;
use std::time::Duration;
use substrate::KvError;
use types::PartitionId;

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
