//! What is durable of a version, for a leader that takes over a partition.

use crate::model::FunctionId;
use crate::store;
use async_trait::async_trait;
use fabric::Scope;
use fabric::assignment::{Revision, RevisionUnread, Revisions};
use std::sync::Arc;
use substrate::Kv;
use types::VersionKey;

/// Reads control's records, and nothing else of control is needed for it.
pub struct RecordedRevisions(Arc<dyn Kv>);

impl RecordedRevisions {
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self(kv)
    }
}

#[async_trait]
impl Revisions for RecordedRevisions {
    async fn read(&self, key: &VersionKey) -> Result<Revision, RevisionUnread> {
        let scope = Scope { account: key.account.clone(), region: key.region.clone() };
        let id = FunctionId { scope, name: key.function.clone() };
        let found = store::revision(self.0.as_ref(), &id, key.version).await;
        found.map_err(|error| RevisionUnread { reason: error.to_string() })
    }
}
