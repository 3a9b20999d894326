//! What there is to invoke: control's records in the store, and what a frontend remembers of them.
//!
//! ```text
//!  update: read ─► compare-and-set ─► tell assignment's leader ─► returned
//!  frontend: cache ◄─ read (nothing known, told `Stale`, a hint)          leader: read before a version's first grant
//! ```
//! The rules are those of `crates/control/src/commit.rs` and of the frontend's index: a cache is as old as it is, and only
//! the leader's word makes what it says right.

use super::executor::lock;
use super::store::Through;
use async_trait::async_trait;
use bytes::Bytes;
use fabric::assignment::{Revision, RevisionUnread, Revisions};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use substrate::kv::Expected;
use substrate::{Key, Kv};
use types::{AccountId, FunctionName, Region, Version, VersionKey};

pub(crate) const REGION: &str = "eu-west-1";

/// Functions and whose they are; which generation they are in is in the store.
#[derive(Clone)]
pub(crate) struct Catalogue(Arc<BTreeMap<FunctionName, AccountId>>);

impl Catalogue {
    /// Functions of two accounts.
    pub(crate) fn new(functions: u64) -> Self {
        let row = |number: u64| {
            let account = AccountId::new(format!("{:012}", number % 2));
            (FunctionName::new(format!("f{number}")), account)
        };
        Self(Arc::new((0..functions).map(row).collect()))
    }

    pub(crate) fn names(&self) -> Vec<FunctionName> {
        self.0.keys().cloned().collect()
    }

    pub(crate) fn key(&self, function: &FunctionName, generation: u64) -> VersionKey {
        let account = self.0.get(function).cloned().unwrap_or_else(|| AccountId::new("000000000000"));
        let (region, function, version) = (Region::new(REGION), function.clone(), Version::Latest);
        VersionKey { account, region, function, version, generation }
    }
}

/// The records, as one machine reads them.
#[derive(Clone)]
pub(crate) struct Records {
    store: Arc<Through>,
    known: Arc<Mutex<BTreeMap<FunctionName, u64>>>,
}

impl Records {
    pub(crate) fn new(store: Arc<Through>) -> Self {
        Self { store, known: Arc::default() }
    }

    /// As it was when it was read last: its generation. `None`: the store does not answer.
    pub(crate) async fn cached(&self, function: &FunctionName) -> Option<u64> {
        let known = lock(&self.known).get(function).copied();
        match known {
            Some(generation) => Some(generation),
            None => self.fresh(function).await,
        }
    }

    /// As it is at some moment after the call.
    pub(crate) async fn fresh(&self, function: &FunctionName) -> Option<u64> {
        let (generation, _) = self.read(function).await.ok()?;
        let mut known = lock(&self.known);
        let cached = known.entry(function.clone()).or_insert(generation);
        // Two reads may cross on their way.
        *cached = generation.max(*cached);
        Some(*cached)
    }

    async fn read(&self, function: &FunctionName) -> Result<(u64, Expected), String> {
        let key = key_of(function)?;
        let entry = Kv::get(self.store.as_ref(), &key).await.map_err(|error| error.to_string())?;
        let Some(entry) = entry else { return Ok((1, Expected::Absent)) };
        let digits = entry.value.as_ref().try_into().map_err(|_| "not a record".to_owned())?;
        Ok((u64::from_be_bytes(digits), Expected::At(entry.revision)))
    }

    /// The next generation, durably. `None`: it may be the truth all the same.
    pub(crate) async fn update(&self, function: &FunctionName) -> Option<u64> {
        let (generation, expected) = self.read(function).await.ok()?;
        let (next, key) = (generation + 1, key_of(function).ok()?);
        let value = Bytes::copy_from_slice(&next.to_be_bytes());
        self.store.put(key, value, expected).await.ok().map(|_| next)
    }
}

#[async_trait]
impl Revisions for Records {
    async fn read(&self, key: &VersionKey) -> Result<Revision, RevisionUnread> {
        let read = Self::read(self, &key.function).await;
        let (generation_min, _) = read.map_err(|reason| RevisionUnread { reason })?;
        Ok(Revision { generation_min, reserved_at: 0, reserved: None })
    }
}

fn key_of(function: &FunctionName) -> Result<Key, String> {
    Key::of(&["functions", function.as_str()]).map_err(|error| error.to_string())
}
