//! How far this node's followers have replayed the journal: asked by `status`, answered for the partitions that are here.
//!
//! A role of its own, and not a call of `Assignment`: that one is answered by whoever leads, this one by each node.

use assignment::{AssignmentService, Partitions};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::remote::{Answering, Call, Carrier, Garbled, Lost, Reply};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use types::PartitionId;

const REPLAYED: Call = Call { role: "Standing", name: "replayed" };

/// One partition, as one node has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replayed {
    pub(crate) partition: u64,
    /// The last entry of the journal that it has; `None`: it leads, and writes it.
    pub(crate) position: Option<u64>,
}

/// The partitions of a node.
pub(super) struct Standing(pub(super) Arc<Partitions<AssignmentService>>);

#[async_trait]
impl Answering for Standing {
    fn calls(&self) -> &'static [Call] {
        &[REPLAYED]
    }
    async fn answer(&self, _: &str, request: Bytes) -> Result<Reply, Garbled> {
        if !request.is_empty() {
            return Err(Garbled::Message);
        }
        let of_one = |(partition, service): (PartitionId, &Arc<AssignmentService>)| Replayed {
            partition: partition.0,
            position: service.replayed().map(|position| position.0),
        };
        let all: Vec<Replayed> = self.0.each().map(of_one).collect();
        serde_json::to_vec(&all).map(|bytes| Reply::Whole(bytes.into())).map_err(|_| Garbled::Answer)
    }
}

/// What a node answers.
pub(crate) async fn ask(node: &dyn Carrier) -> Result<Vec<Replayed>, Lost> {
    let answer = node.call(REPLAYED, Bytes::new()).await?;
    serde_json::from_slice(&answer).map_err(|error| Lost { reason: error.to_string(), sent: true })
}
