//! `Kv`: small values under ordered keys, changed in atomic batches by compare-and-set.
//!
//! Shaped for two worlds. SQLite could do more; NATS JetStream could not: there a batch is an atomic publish in which
//! each message names the last sequence it expects of its subject, a prefix is a subject filter over whole tokens, and
//! the revision is the stream's sequence. So keys are whole segments of a small alphabet, a key stands in a batch at
//! most once, a batch and a value are bounded, and there is no read inside a transaction.

use bytes::Bytes;
use std::fmt;

/// Longest key, bytes. Room for an account, a region, a name of 64 and numbers, escaped three to one.
pub const KEY_BYTES_MAX: usize = 512;
/// Largest value, bytes: half of the 1 MiB that a message may have by NATS' default, headers included.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Most writes of one batch: what one commit may hold up all others with.
pub const BATCH_WRITES_MAX: usize = 128;
/// Most entries of one page.
pub const PAGE_ENTRIES_MAX: usize = 1_000;

/// Where in the order of all commits an entry was written. Rises with every commit of the whole store and is never
/// used again, also not after a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// Segments joined by `/`, each one or more of `[A-Za-z0-9_=-]`. Keys order by their bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Joins segments of any text: each byte outside the alphabet is written `=XX`, so different texts stay different.
    pub fn of(segments: &[&str]) -> Result<Self, KvError> {
        let mut key = String::new();
        for (index, segment) in segments.iter().enumerate() {
            if segment.is_empty() {
                return Err(KvError::Invalid { reason: "a key has an empty segment".into() });
            }
            if index > 0 {
                key.push('/');
            }
            for byte in segment.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => key.push(char::from(byte)),
                    other => key.push_str(&format!("={other:02X}")),
                }
            }
        }
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            let reason = format!("a key has {} bytes, allowed are 1 to {KEY_BYTES_MAX}", key.len());
            return Err(KvError::Invalid { reason });
        }
        Ok(Self(key))
    }

    /// The key as a provider stores it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The texts that [`Key::of`] was given; `None` if this key was not made by it.
    pub fn segments(&self) -> Option<Vec<String>> {
        self.0.split('/').map(unescape).collect()
    }

    /// Takes a stored key back. For providers.
    pub fn from_stored(text: String) -> Result<Self, KvError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'=' | b'-' | b'/');
        if text.is_empty() || text.len() > KEY_BYTES_MAX || !text.bytes().all(allowed) {
            return Err(KvError::Corrupt { reason: "a stored key is not one of ours".into() });
        }
        Ok(Self(text))
    }
}

fn unescape(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub value: Bytes,
    pub revision: Revision,
}

/// What a write demands of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Any,
    /// There is no such key.
    Absent,
    /// The key was last written at this revision.
    At(Revision),
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    Put {
        key: Key,
        value: Bytes,
        expected: Expected,
    },
    /// Deleting what is not there is no error, unless `expected` says that it is.
    Delete {
        key: Key,
        expected: Expected,
    },
}

impl Write {
    /// The key it changes.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }
    /// What it demands.
    pub fn expected(&self) -> Expected {
        match self {
            Self::Put { expected, .. } | Self::Delete { expected, .. } => *expected,
        }
    }
}

/// Part of a list, in key order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvPage {
    pub entries: Vec<Entry>,
    /// There is more after the last entry.
    pub more: bool,
}

/// Why the store refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// What is there is not what the write expected. Nothing of the batch was applied.
    #[error("{key} is not as expected: it is at {current:?}")]
    Conflict { key: Key, current: Option<Revision> },
    /// Too many writes wait. Nothing was applied.
    #[error("too many writes wait")]
    Busy,
    /// No room. Nothing was applied. What makes the store smaller is applied all the same, as long as a provider can.
    #[error("no room: {reason}")]
    Full { reason: String },
    /// The store can not be reached or failed. A write may or may not have been applied: read before you go on.
    #[error("unavailable: {reason}")]
    Unavailable { reason: String },
    /// A key, value or batch breaks a bound.
    #[error("invalid: {reason}")]
    Invalid { reason: String },
    /// What is stored can not be read.
    #[error("corrupt: {reason}")]
    Corrupt { reason: String },
}

impl KvError {
    /// The very same call may succeed if made again soon. A conflict never does: read and decide anew.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable { .. })
    }
}

/// Says that something under a prefix may have changed. A hint: it can come late, once for many changes or without
/// one; who needs the truth reads.
#[derive(Debug)]
pub struct Watch(tokio::sync::watch::Receiver<()>);

impl Watch {
    /// A watch over a channel that the provider keeps the other end of.
    pub fn new(receiver: tokio::sync::watch::Receiver<()>) -> Self {
        Self(receiver)
    }
    /// Waits for the next hint; `false` when the store is gone.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// Small values under ordered keys. Obligations, all in the conformance suite:
/// what `write` answered `Ok` for survives kill -9 and loss of power; a batch is applied whole or not at all, also
/// then; a read sees every write answered before it began; of two writes that expect the same revision one wins.
#[async_trait::async_trait]
pub trait Kv: Send + Sync + 'static {
    /// The newest value under the key.
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError>;

    /// Applies all writes or none; answers the revision that every one of them now has. Dropping the future does not
    /// take the batch back. At most [`BATCH_WRITES_MAX`] writes, each key once.
    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError>;

    /// Entries whose key begins with `prefix` and a `/`, in key order, after `after`; at most `max` and
    /// [`PAGE_ENTRIES_MAX`]. Pages are not one snapshot: each sees what is there when it is read.
    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError>;

    /// Hints of changes under `prefix` from now on.
    fn watch(&self, prefix: &Key) -> Watch;

    /// Writes one value.
    async fn put(&self, key: Key, value: Bytes, expected: Expected) -> Result<Revision, KvError> {
        self.write(vec![Write::Put { key, value, expected }]).await
    }

    /// Deletes one key.
    async fn delete(&self, key: Key, expected: Expected) -> Result<Revision, KvError> {
        self.write(vec![Write::Delete { key, expected }]).await
    }
}

/// The bounds that every provider keeps, so that what runs on one runs on the other.
pub fn check_batch(batch: &[Write]) -> Result<(), KvError> {
    let invalid = |reason: String| Err(KvError::Invalid { reason });
    if batch.is_empty() || batch.len() > BATCH_WRITES_MAX {
        return invalid(format!("a batch has {} writes, allowed are 1 to {BATCH_WRITES_MAX}", batch.len()));
    }
    let mut keys: Vec<&Key> = batch.iter().map(Write::key).collect();
    keys.sort_unstable();
    if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return invalid(format!("{} stands twice in a batch", twice[0]));
    }
    for write in batch {
        if let Write::Put { key, value, .. } = write
            && value.len() > VALUE_BYTES_MAX
        {
            return invalid(format!("{key} has {} bytes, allowed are {VALUE_BYTES_MAX}", value.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_text_stay_different_and_read_back() {
        let rows: [&[&str]; 5] =
            [&["a", "b"], &["a/b"], &["a=2Fb"], &["$LATEST"], &["ü", "eu-west-1", "x_y"]];
        let mut seen = std::collections::BTreeSet::new();
        for segments in rows {
            let key = Key::of(segments).expect("valid");
            assert!(seen.insert(key.clone()), "{key}");
            assert_eq!(key.segments().expect("ours"), segments);
        }
        assert!(Key::of(&["a", ""]).is_err());
        assert!(Key::of(&[&"x".repeat(KEY_BYTES_MAX + 1)]).is_err());
    }

    #[test]
    fn a_batch_out_of_bounds_is_refused() {
        let key = Key::of(&["k"]).expect("valid");
        let put = |bytes: usize| Write::Put {
            key: key.clone(),
            value: Bytes::from(vec![0; bytes]),
            expected: Expected::Any,
        };
        assert!(check_batch(&[put(VALUE_BYTES_MAX)]).is_ok());
        for batch in [vec![], vec![put(1), put(1)], vec![put(VALUE_BYTES_MAX + 1)]] {
            assert!(matches!(check_batch(&batch), Err(KvError::Invalid { .. })));
        }
    }
}
