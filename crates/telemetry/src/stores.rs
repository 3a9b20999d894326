//! The shared stores as this crate uses them: no call waits for ever, and groups are found or made.

use crate::index::{self, GroupRecord};
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::TelemetryError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use substrate::{BlobError, BlobKey, Blobs, Entry, Expected, Key, Kv, KvError, KvPage, Revision, Write};
use world::World;

/// Longest wait for one answer of a store. NATS elects a leader within 6 s; an object takes less.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Reads and decisions anew of one change that others change at the same time.
const CONFLICTS_MAX: usize = 16;
/// Groups of one account and region, as many as the local store has for all.
pub(crate) const GROUPS_MAX: usize = 20_000;
/// Sections of one page: each may name hundreds of streams.
const SECTIONS_PAGE_MAX: usize = 250;
/// Entries of one page.
pub(crate) const PAGE_MAX: usize = substrate::kv::PAGE_ENTRIES_MAX;

/// `Kv` and `Blobs`, with an end to every wait.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) world: World,
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
}

/// A group and when its record was written.
pub(crate) struct FoundGroup {
    pub(crate) record: GroupRecord,
    pub(crate) revision: Revision,
}

impl Stores {
    pub(crate) fn new(world: World, kv: Arc<dyn Kv>, blobs: Arc<dyn Blobs>) -> Self {
        Self { world, kv, blobs }
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.kv_answer(self.kv.get(key)).await
    }

    /// The value, read.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<Option<(T, Revision)>, KvError> {
        match self.get(key).await? {
            Some(entry) => Ok(Some((index::read(&entry.value)?, entry.revision))),
            None => Ok(None),
        }
    }

    pub(crate) async fn list(&self, prefix: &Key, after: Option<&Key>) -> Result<KvPage, KvError> {
        self.kv_answer(self.kv.list(prefix, after, PAGE_MAX)).await
    }

    /// Entries that say much each.
    pub(crate) async fn list_sections(&self, prefix: &Key, after: Option<&Key>) -> Result<KvPage, KvError> {
        self.kv_answer(self.kv.list(prefix, after, SECTIONS_PAGE_MAX)).await
    }

    pub(crate) async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        self.kv_answer(self.kv.write(batch)).await
    }

    pub(crate) async fn put_blob(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        self.blob_answer(self.blobs.put(bytes)).await
    }

    pub(crate) async fn get_blob(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        self.blob_answer(self.blobs.get(key)).await
    }

    pub(crate) async fn delete_blob(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.blob_answer(self.blobs.delete(key)).await
    }

    pub(crate) async fn list_blobs(&self, after: Option<&BlobKey>) -> Result<Vec<BlobKey>, BlobError> {
        self.blob_answer(self.blobs.list(after, PAGE_MAX)).await
    }

    async fn kv_answer<T>(&self, call: impl Future<Output = Result<T, KvError>>) -> Result<T, KvError> {
        let silent = || KvError::Unavailable { reason: format!("no answer within {ANSWER_WAIT:?}") };
        self.world.timeout(ANSWER_WAIT, call).await.unwrap_or_else(|| Err(silent()))
    }

    async fn blob_answer<T>(&self, call: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
        let silent = || BlobError::Unavailable { reason: format!("no answer within {ANSWER_WAIT:?}") };
        self.world.timeout(ANSWER_WAIT, call).await.unwrap_or_else(|| Err(silent()))
    }

    /// The group's record, also of one that was deleted.
    pub(crate) async fn group(&self, scope: &Scope, name: &str) -> Result<Option<FoundGroup>, KvError> {
        let found = self.read::<GroupRecord>(&index::group_key(scope, name)?).await?;
        match found {
            Some((record, _)) if record.name != name => {
                Err(KvError::Corrupt { reason: "the index of the logs names another group".to_owned() })
            }
            Some((record, revision)) => Ok(Some(FoundGroup { record, revision })),
            None => Ok(None),
        }
    }

    /// The group, made if there is none.
    pub(crate) async fn ensure_group(
        &self,
        scope: &Scope,
        name: &str,
        created_ms: u64,
    ) -> Result<GroupRecord, TelemetryError> {
        for _ in 0..CONFLICTS_MAX {
            let found = self.group(scope, name).await.map_err(|error| index::kv_error(&error))?;
            match found {
                Some(found) if found.record.deleted_ms.is_none() => return Ok(found.record),
                before => match self.make_group(scope, name, created_ms, BTreeMap::new(), before).await? {
                    Some(record) => return Ok(record),
                    None => continue,
                },
            }
        }
        Err(crowded())
    }

    /// Makes a group in the place of `before`, which is deleted or was never there. `None`: somebody was faster.
    pub(crate) async fn make_group(
        &self,
        scope: &Scope,
        name: &str,
        created_ms: u64,
        tags: BTreeMap<String, String>,
        before: Option<FoundGroup>,
    ) -> Result<Option<GroupRecord>, TelemetryError> {
        if before.is_none() {
            self.check_room(scope).await?;
        }
        let deleted_ms = before.as_ref().and_then(|found| found.record.deleted_ms);
        let record = GroupRecord {
            name: name.to_owned(),
            generation: self.world.random_u64(),
            created_ms,
            retention_days: None,
            tags,
            deleted_ms: None,
            not_before_ms: deleted_ms.unwrap_or(0),
        };
        let expected = before.map_or(Expected::Absent, |found| Expected::At(found.revision));
        Ok(self.put_group(scope, &record, expected).await?.then_some(record))
    }

    /// False: what is there is not what was expected.
    pub(crate) async fn put_group(
        &self,
        scope: &Scope,
        record: &GroupRecord,
        expected: Expected,
    ) -> Result<bool, TelemetryError> {
        let write = || {
            let key = index::group_key(scope, &record.name)?;
            Ok(Write::Put { key, value: index::write(record)?, expected })
        };
        let write = write().map_err(|error| index::kv_error(&error))?;
        match self.write(vec![write]).await {
            Ok(_) => Ok(true),
            Err(KvError::Conflict { .. }) => Ok(false),
            Err(error) => Err(index::kv_error(&error)),
        }
    }

    /// Reads the group and changes it, again if somebody else did meanwhile.
    pub(crate) async fn change_group(
        &self,
        scope: &Scope,
        name: &str,
        change: impl Fn(&mut GroupRecord) -> Result<(), TelemetryError>,
    ) -> Result<GroupRecord, TelemetryError> {
        for _ in 0..CONFLICTS_MAX {
            let found = self.group(scope, name).await.map_err(|error| index::kv_error(&error))?;
            let found = found.filter(|found| found.record.deleted_ms.is_none());
            let Some(FoundGroup { mut record, revision }) = found else {
                return Err(TelemetryError::NoGroup);
            };
            change(&mut record)?;
            if self.put_group(scope, &record, Expected::At(revision)).await? {
                return Ok(record);
            }
        }
        Err(crowded())
    }

    async fn check_room(&self, scope: &Scope) -> Result<(), TelemetryError> {
        let (mut groups, mut after) = (0, None);
        let prefix = index::groups_prefix(Some(scope)).map_err(|error| index::kv_error(&error))?;
        loop {
            let page = self.list(&prefix, after.as_ref()).await.map_err(|error| index::kv_error(&error))?;
            groups += page.entries.len();
            if groups >= GROUPS_MAX {
                return Err(TelemetryError::TooMany {
                    reason: format!("there are {GROUPS_MAX} log groups already"),
                });
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
    }
}

fn crowded() -> TelemetryError {
    TelemetryError::Unavailable { reason: "others change this log group all the time; try again".to_owned() }
}

/// As the role says it.
pub(crate) fn blob_error(error: &BlobError) -> TelemetryError {
    let reason = error.to_string();
    match error {
        BlobError::Full { .. } | BlobError::Unavailable { .. } => TelemetryError::Unavailable { reason },
        _ => TelemetryError::Store { reason },
    }
}
