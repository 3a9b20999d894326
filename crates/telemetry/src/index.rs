//! The index in `Kv`: which groups there are, and in which block their lines lie.
//!
//! ```text
//! logs/group/ACCOUNT/REGION/HASH                          the group: name, generation, retention, tags
//! logs/stream/ACCOUNT/REGION/HASH/GENERATION/HASH         a stream that was made or deleted by its name
//! logs/block/ACCOUNT/REGION/HASH/GENERATION/BUCKET-STORE-PART  sections of one store whose events lie within SPAN_MS
//! logs/wide/ACCOUNT/REGION/HASH/GENERATION/BUCKET-STORE-PART   sections whose events do not
//! logs/trace/ACCOUNT/REGION/LAST-STORE-SEQ                waterfalls
//! logs/garbage                                            whose turn it is to clear away
//! ```
//! Names come from customers, are longer than a key may be, and stand in the value; the key has their SHA-256. A group that
//! is made again after its deletion is another generation, so that nothing of the old one is ever taken for its.
//!
//! A section stands in the bucket of [`BUCKET_MS`] in which its newest event lies, so those that reach into a range of time
//! are one list: from the range's beginning to [`SPAN_MS`] behind its end. Whoever puts events with times far apart
//! (`PutLogEvents`) gets a section under `wide`, which every query reads. A bucket has one writer, the store that it
//! names, which writes it anew with each section: to NATS a key costs a read each, and a deleted one is remembered for a
//! day, so there are few keys and none comes and goes.
//!
//! A value is one byte of version and then postcard; what can not be read is an error and not skipped.

use crate::block::Place;
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::TelemetryError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use substrate::{Key, KvError};

/// Of every value here.
const VERSION: u8 = 1;
/// Time between the first and the last event of a section that is not wide.
pub(crate) const SPAN_MS: u64 = 120_000;

/// Time of one key of the index.
pub(crate) const BUCKET_MS: u64 = 300_000;
/// A bucket's value that is larger is continued in another part; far enough below what a value may have for one section.
pub(crate) const PART_BYTES_MAX: usize = 128 * 1024;

/// `logs/group/…`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) name: String,
    pub(crate) generation: u64,
    pub(crate) created_ms: u64,
    pub(crate) retention_days: Option<u32>,
    pub(crate) tags: BTreeMap<String, String>,
    /// When it was deleted; kept for a while, so that lines which were on their way then do not come back.
    pub(crate) deleted_ms: Option<u64>,
    /// What arrived before belongs to a group of this name that was deleted.
    pub(crate) not_before_ms: u64,
}

/// `logs/stream/…`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamRecord {
    pub(crate) name: String,
    pub(crate) created_ms: u64,
    /// Was made, and not deleted since.
    pub(crate) live: bool,
    /// What arrived before belongs to a stream of this name that was deleted ...
    pub(crate) not_before_ms: u64,
    /// ... and so do these ids and those below, of each store.
    pub(crate) hidden: BTreeMap<u64, u64>,
}

impl StreamRecord {
    /// Whether an event is one of the stream that was deleted.
    pub(crate) fn hides(&self, store: u64, id: u64, ingestion_ms: u64) -> bool {
        ingestion_ms < self.not_before_ms || self.hidden.get(&store).is_some_and(|through| id <= *through)
    }
}

/// `logs/block/…`, `logs/wide/…`: a list of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) blob: [u8; 32],
    pub(crate) place: Place,
    pub(crate) store: u64,
    pub(crate) first_id: u64,
    pub(crate) last_id: u64,
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    pub(crate) ingestion_ms: u64,
    pub(crate) streams: Vec<EntryStream>,
}

/// What a section has of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryStream {
    pub(crate) name: String,
    pub(crate) created_ms: u64,
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    pub(crate) ingestion_ms: u64,
    pub(crate) last_id: u64,
    pub(crate) events: u64,
    /// As CloudWatch counts them.
    pub(crate) bytes: u64,
}

/// `logs/trace/…`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TraceEntry {
    pub(crate) blob: [u8; 32],
    pub(crate) place: Place,
    /// The first eight bytes of each request id.
    pub(crate) prints: Vec<u64>,
}

/// The first eight bytes, which are random.
pub(crate) fn print_of(request_id: &[u8; 16]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&request_id[..8]);
    u64::from_le_bytes(first)
}

pub(crate) fn garbage_key() -> Result<Key, KvError> {
    Key::of(&["logs", "garbage"])
}

/// Every group, of everybody or of one scope.
pub(crate) fn groups_prefix(scope: Option<&Scope>) -> Result<Key, KvError> {
    match scope {
        Some(scope) => Key::of(&["logs", "group", scope.account.as_str(), scope.region.as_str()]),
        None => Key::of(&["logs", "group"]),
    }
}

pub(crate) fn group_key(scope: &Scope, group: &str) -> Result<Key, KvError> {
    Key::of(&["logs", "group", scope.account.as_str(), scope.region.as_str(), &hash(group)])
}

/// A generation of a group, in one of the four lists.
pub(crate) fn list_prefix(list: &str, scope: &Scope, group: &str, generation: u64) -> Result<Key, KvError> {
    let generation = format!("{generation:016x}");
    Key::of(&["logs", list, scope.account.as_str(), scope.region.as_str(), &hash(group), &generation])
}

pub(crate) fn stream_key(scope: &Scope, group: &str, generation: u64, stream: &str) -> Result<Key, KvError> {
    under(&list_prefix("stream", scope, group, generation)?, &hash(stream))
}

/// One store's sections of one time, without the part's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BucketName {
    pub(crate) scope: Scope,
    pub(crate) group: String,
    pub(crate) generation: u64,
    pub(crate) wide: bool,
    pub(crate) bucket: u64,
    pub(crate) store: u64,
}

impl BucketName {
    /// Where the section belongs.
    pub(crate) fn of(scope: &Scope, group: &str, generation: u64, entry: &Entry) -> Self {
        Self {
            scope: scope.clone(),
            group: group.to_owned(),
            generation,
            wide: entry.last_ms.saturating_sub(entry.first_ms) > SPAN_MS,
            bucket: entry.last_ms / BUCKET_MS,
            store: entry.store,
        }
    }

    pub(crate) fn key(&self, part: u32) -> Result<Key, KvError> {
        let list = if self.wide { "wide" } else { "block" };
        let name = format!("{:016x}-{:016x}-{part:08x}", self.bucket, self.store);
        under(&list_prefix(list, &self.scope, &self.group, self.generation)?, &name)
    }
}

/// When the bucket of this key begins, milliseconds.
pub(crate) fn bucket_ms(key: &Key) -> Result<u64, KvError> {
    let name = key.as_str().rsplit_once('/').map_or("", |(_, name)| name);
    let bucket = name.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let corrupt = || KvError::Corrupt { reason: format!("{key} is no bucket of the logs") };
    Ok(bucket.ok_or_else(corrupt)?.saturating_mul(BUCKET_MS))
}

/// Where the list of buckets begins that may have events of `from_ms` or later; `None`: at the beginning.
pub(crate) fn entries_from(prefix: &Key, from_ms: u64) -> Result<Option<Key>, KvError> {
    if from_ms == 0 {
        return Ok(None);
    }
    // Before every name of that bucket, which goes on behind the digits.
    under(prefix, &format!("{:016x}", from_ms / BUCKET_MS)).map(Some)
}

pub(crate) fn traces_prefix(scope: Option<&Scope>) -> Result<Key, KvError> {
    match scope {
        Some(scope) => Key::of(&["logs", "trace", scope.account.as_str(), scope.region.as_str()]),
        None => Key::of(&["logs", "trace"]),
    }
}

pub(crate) fn trace_key(scope: &Scope, last_ms: u64, store: u64, seq: i64) -> Result<Key, KvError> {
    under(&traces_prefix(Some(scope))?, &format!("{last_ms:016x}-{store:016x}-{seq:016x}"))
}

/// `name` is of a key's own letters.
fn under(prefix: &Key, name: &str) -> Result<Key, KvError> {
    Key::from_stored(format!("{prefix}/{name}"))
}

/// 128 bits tell names apart, also those that somebody looks for; half the length of a key in every entry.
fn hash(name: &str) -> String {
    Sha256::digest(name.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn write<T: Serialize>(value: &T) -> Result<Bytes, KvError> {
    let mut bytes = vec![VERSION];
    let body = postcard::to_stdvec(value)
        .map_err(|error| KvError::Invalid { reason: format!("an entry does not encode: {error}") })?;
    bytes.extend_from_slice(&body);
    Ok(bytes.into())
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KvError> {
    let corrupt = |reason: &str| KvError::Corrupt { reason: format!("the index of the logs: {reason}") };
    match bytes.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).map_err(|error| corrupt(&error.to_string())),
        Some((version, _)) => Err(corrupt(&format!("an entry of version {version}"))),
        None => Err(corrupt("an empty entry")),
    }
}

/// As the role says it: `Unavailable` is what passes, `TooMany` what never does.
pub(crate) fn kv_error(error: &KvError) -> TelemetryError {
    let reason = error.to_string();
    match error {
        KvError::Busy | KvError::Full { .. } | KvError::Unavailable { .. } => {
            TelemetryError::Unavailable { reason }
        }
        KvError::Invalid { .. } => TelemetryError::TooMany { reason },
        KvError::Conflict { .. } | KvError::Corrupt { .. } => TelemetryError::Store { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, Region};

    fn scope() -> Scope {
        Scope { account: AccountId::new("000000000000"), region: Region::new("us-east-1") }
    }

    #[test]
    fn names_of_any_length_and_letters_make_keys_that_differ() {
        let names = ["a", "a/b", "../a", "ü", "=", &"x".repeat(512), &"\u{0}".repeat(512)];
        let keys: std::collections::BTreeSet<_> =
            names.iter().map(|name| group_key(&scope(), name).expect("a key").to_string()).collect();
        assert_eq!(keys.len(), names.len());
        let stream = stream_key(&scope(), &"ü".repeat(256), u64::MAX, &"/".repeat(512)).expect("a key");
        assert!(stream.as_str().len() < substrate::kv::KEY_BYTES_MAX);
    }

    #[test]
    fn a_list_begins_at_its_time() {
        let entry = |last_ms| Entry {
            blob: [0; 32],
            place: Place { offset: 0, bytes: 0 },
            store: 7,
            first_id: 1,
            last_id: 1,
            first_ms: last_ms,
            last_ms,
            ingestion_ms: 0,
            streams: Vec::new(),
        };
        let prefix = list_prefix("block", &scope(), "g", 1).expect("a key");
        let from = entries_from(&prefix, 1_000 * BUCKET_MS + 7).expect("a key").expect("a place");
        let key = |ms| BucketName::of(&scope(), "g", 1, &entry(ms)).key(0).expect("a key");
        let bucket = 1_000 * BUCKET_MS;
        assert!(key(bucket - 1) < from && from < key(bucket) && key(bucket) < key(u64::MAX));
        assert_eq!(key(bucket + 9), key(bucket));
        assert_eq!(bucket_ms(&key(bucket + 9)), Ok(bucket));
    }

    #[test]
    fn what_is_not_of_this_version_is_refused() {
        let bytes = write(&7u64).expect("encodes");
        assert_eq!(read::<u64>(&bytes), Ok(7));
        for bad in [&b""[..], &[2, 7], &[1]] {
            assert!(matches!(read::<u64>(bad), Err(KvError::Corrupt { .. })));
        }
    }
}
