//! `Kv` in one JetStream stream: a key is a subject of which the last message is kept.
//!
//! ```text
//!  write: read what is expected ─► publish with its sequences ─► Ok(revision)
//!              ▲   │ not as expected: Conflict       │ refused: somebody was first ──┐
//!              │   └ ours is there: Ok               │ no answer: in doubt ──────────┤
//!              └─────────────────────────────────────┴───────────────────────────────┘ until patience ends
//! ```
//! A batch of several is one atomic publish. A deletion is a message that says so, which the server forgets after a
//! day: revisions go on rising all the same, for they are the stream's sequences.

use super::api::{Failed, Stored, StreamWish, Tries};
use super::batch::SUBJECTS_MAX;
use super::log::hex;
use super::value::Valued;
use super::{Inner, NatsError};
use crate::kv::{
    Entry, Expected, Key, Kv, KvError, KvPage, PAGE_ENTRIES_MAX, Revision, Watch, Write, check_batch,
};
use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::json;
use std::sync::Arc;

/// How long the server remembers a deletion. Only a list pays for it, by reading over it.
const DELETED_KEPT: &str = "24h";
/// Reads under way at once: hides the way to the server and back.
const READS_AT_ONCE: usize = 16;

/// The `Kv` of a cluster.
pub struct NatsKv {
    inner: Arc<Inner>,
    stream: String,
    /// `NAME.kv.`
    prefix: String,
}

/// The last message of a key.
struct Last {
    sequence: u64,
    valued: Valued,
}

impl Last {
    /// `None`: deleted.
    fn current(&self) -> Option<Revision> {
        self.valued.value.as_ref().map(|_| self.valued.revision(self.sequence))
    }

    fn entry(self, key: &Key) -> Option<Entry> {
        let revision = self.current()?;
        Some(Entry { key: key.clone(), value: self.valued.value?, revision })
    }
}

/// What reading before writing found.
enum Ready {
    /// The sequence that each write is to expect of its subject.
    Go(Vec<Option<u64>>),
    /// The batch is there already.
    Done(Revision),
}

impl NatsKv {
    pub(super) async fn open(inner: Arc<Inner>) -> Result<Self, NatsError> {
        let platform = inner.settings.name.as_str();
        let (stream, prefix) = (format!("{platform}_kv"), format!("{platform}.kv."));
        inner
            .make_stream(&StreamWish {
                stream: stream.clone(),
                subject: format!("{prefix}>"),
                hint: format!("{platform}.hint.kv.>"),
                bytes_max: inner.settings.kv_bytes_max,
                description: "Tinderbox: what is durable of functions",
                is_kv: true,
            })
            .await?;
        Ok(Self { inner, stream, prefix })
    }

    fn subject(&self, key: &Key) -> String {
        // Keys have no dots: a segment is a token.
        format!("{}{}", self.prefix, key.as_str().replace('/', "."))
    }

    async fn last(&self, key: &Key) -> Result<Option<Last>, KvError> {
        let which = json!({ "last_by_subj": self.subject(key) });
        let Some(found) = self.inner.message(&self.stream, &which).await.map_err(failed)? else {
            return Ok(None);
        };
        last_of(key, found).map(Some)
    }

    async fn entry(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        Ok(self.last(key).await?.and_then(|last| last.entry(key)))
    }

    /// Those of the keys that are there, in their order, as of `at` or later: in one request, and what that did not
    /// bring one by one from the leader.
    async fn entries(&self, keys: &[Key], at: u64) -> Result<Vec<Entry>, KvError> {
        let subjects: Vec<_> = keys.iter().map(|key| self.subject(key)).collect();
        let mut found = self.inner.last_of(&self.stream, &subjects, at).await.map_err(failed)?;
        let mut reads = Vec::with_capacity(keys.len());
        for (key, subject) in keys.iter().zip(&subjects) {
            let last = found.remove(subject).map(|stored| last_of(key, stored)).transpose()?;
            reads.push(async move {
                match last {
                    Some(last) => Ok(last.entry(key)),
                    None => self.entry(key).await,
                }
            });
        }
        let mut entries = Vec::with_capacity(keys.len());
        let mut reads = futures_util::stream::iter(reads).buffered(READS_AT_ONCE);
        while let Some(entry) = reads.next().await {
            entries.extend(entry?);
        }
        Ok(entries)
    }

    /// What a write needs to know; `None` if nothing.
    async fn last_for(&self, write: &Write, doubt: bool) -> Result<Option<Option<Last>>, KvError> {
        match write.expected() {
            Expected::Any if !doubt => Ok(None),
            _ => self.last(write.key()).await.map(Some),
        }
    }

    /// Reads what the writes expect; where an answer was lost (`doubt`), every key, to find our own batch.
    async fn prepare(&self, batch: &[Write], id: [u8; 16], doubt: bool) -> Result<Ready, KvError> {
        let reads: Vec<_> = batch.iter().map(|write| self.last_for(write, doubt)).collect();
        let mut found: Vec<Option<Option<Last>>> = Vec::with_capacity(batch.len());
        let mut reads = futures_util::stream::iter(reads).buffered(READS_AT_ONCE);
        while let Some(last) = reads.next().await {
            found.push(last?);
        }
        let ours = found.iter().flatten().flatten().find(|last| last.valued.id == id);
        if let Some(ours) = ours {
            return Ok(Ready::Done(ours.valued.revision(ours.sequence)));
        }
        let mut expected = Vec::with_capacity(batch.len());
        for (write, last) in batch.iter().zip(found) {
            let last = last.flatten();
            let current = last.as_ref().and_then(Last::current);
            let holds = match write.expected() {
                Expected::Any => true,
                Expected::Absent => current.is_none(),
                Expected::At(revision) => current == Some(revision),
            };
            if !holds && doubt {
                // Ours may have been there, and been overwritten since.
                let reason = "its answer was lost and its keys were written since".into();
                return Err(KvError::Unavailable { reason });
            }
            if !holds {
                return Err(KvError::Conflict { key: write.key().clone(), current });
            }
            let any = write.expected() == Expected::Any;
            expected.push((!any).then(|| last.map_or(0, |last| last.sequence)));
        }
        Ok(Ready::Go(expected))
    }

    async fn publish(
        &self,
        batch: &[Write],
        id: [u8; 16],
        expected: &[Option<u64>],
    ) -> Result<Revision, Failed> {
        let of = u16::try_from(batch.len()).unwrap_or(u16::MAX);
        let message = |place: u16, write: &Write| {
            let value = match write {
                Write::Put { value, .. } => Some(value.clone()),
                Write::Delete { .. } => None,
            };
            let mut headers = HeaderMap::new();
            if value.is_none() {
                headers.insert("Nats-TTL", DELETED_KEPT);
            }
            if let Some(sequence) = expected[usize::from(place)] {
                headers.insert("Nats-Expected-Last-Subject-Sequence", sequence.to_string());
            }
            (self.subject(write.key()), headers, Valued { value, id, place, of }.encode())
        };
        if let [write] = batch {
            let (subject, mut headers, payload) = message(0, write);
            headers.insert("Nats-Msg-Id", hex(&id));
            return self.inner.store(subject, headers, payload).await.map(Revision);
        }
        let messages = batch.iter().zip(0..).map(|(write, place)| message(place, write)).collect();
        self.publish_atomically(messages).await
    }

    /// All or none, by the server. The answer is the last one's sequence.
    async fn publish_atomically(
        &self,
        messages: Vec<(String, HeaderMap, Bytes)>,
    ) -> Result<Revision, Failed> {
        let ended = |_| Failed::Again("the connection was given up".into());
        let _turn = self.inner.batches.acquire().await.map_err(ended)?;
        // Each try is a batch of its own to the server, which may still have parts of the one before.
        let batch = hex(&self.inner.world.random_16());
        let count = messages.len();
        for (number, (subject, mut headers, payload)) in (1..).zip(messages) {
            headers.insert("Nats-Batch-Id", batch.as_str());
            headers.insert("Nats-Batch-Sequence", number.to_string());
            if number == count {
                headers.insert("Nats-Batch-Commit", "1");
                return self.inner.store(subject, headers, payload).await.map(Revision);
            }
            let sent = self.inner.client.publish_with_headers(subject, headers, payload).await;
            // Without its last part a batch is nothing.
            sent.map_err(|error| Failed::Again(error.to_string()))?;
        }
        Err(Failed::Refused("a batch without writes".into()))
    }

    fn key(&self, subject: &str) -> Option<Key> {
        Key::from_stored(subject.strip_prefix(&self.prefix)?.replace('.', "/")).ok()
    }
}

#[async_trait::async_trait]
impl Kv for NatsKv {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.entry(key).await
    }

    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        check_batch(&batch)?;
        let id = self.inner.world.random_16();
        let blind = batch.iter().any(|write| write.expected() == Expected::Any);
        let mut tries = Tries::new(&self.inner);
        let mut doubt = false;
        loop {
            let expected = match self.prepare(&batch, id, doubt).await? {
                Ready::Done(revision) => return Ok(revision),
                Ready::Go(expected) => expected,
            };
            let reason = match self.publish(&batch, id, &expected).await {
                Ok(revision) => return Ok(revision),
                Err(Failed::Full(reason)) if !doubt => return Err(KvError::Full { reason }),
                Err(Failed::Refused(reason)) if !doubt => return Err(KvError::Unavailable { reason }),
                // Several that expect nothing could not be told from another's: made again, they might undo one.
                Err(Failed::Lost(reason)) if blind && batch.len() > 1 => {
                    return match self.prepare(&batch, id, true).await? {
                        Ready::Done(revision) => Ok(revision),
                        Ready::Go(_) => Err(KvError::Unavailable { reason }),
                    };
                }
                Err(Failed::Lost(reason)) => {
                    doubt = true;
                    reason
                }
                Err(other) => other.to_string(),
            };
            if !tries.again().await {
                return Err(KvError::Unavailable { reason });
            }
        }
    }

    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        let max = max.clamp(1, PAGE_ENTRIES_MAX);
        let filter = format!("{}.>", self.subject(prefix));
        let (subjects, at) = self.inner.subjects(&self.stream, &filter).await.map_err(failed)?;
        let mut keys: Vec<Key> = subjects.iter().filter_map(|subject| self.key(subject)).collect();
        keys.sort_unstable();
        keys.retain(|key| after.is_none_or(|after| key > after));
        let mut entries = Vec::new();
        // One more than is asked for says whether there is more; deleted ones are read over, more of them at a time.
        let (mut rest, mut many) = (keys.as_slice(), max + 1);
        while !rest.is_empty() && entries.len() <= max {
            let (now, later) = rest.split_at(many.min(rest.len()));
            entries.extend(self.entries(now, at).await?);
            (rest, many) = (later, (many * 2).min(SUBJECTS_MAX));
        }
        let more = entries.len() > max;
        entries.truncate(max);
        Ok(KvPage { entries, more })
    }

    fn watch(&self, prefix: &Key) -> Watch {
        Watch::new(self.inner.hints.of(format!("kv.{}.", prefix.as_str().replace('/', "."))))
    }
}

fn last_of(key: &Key, found: Stored) -> Result<Last, KvError> {
    let corrupt = |reason: &str| KvError::Corrupt { reason: format!("{key}: {reason}") };
    Ok(Last { sequence: found.sequence, valued: Valued::decode(found.data).map_err(corrupt)? })
}

fn failed(error: Failed) -> KvError {
    match error {
        Failed::Full(reason) => KvError::Full { reason },
        other => KvError::Unavailable { reason: other.to_string() },
    }
}
