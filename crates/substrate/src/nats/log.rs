//! `Log` in one JetStream stream: an append is a message, its position the sequence.
//!
//! The server refuses an append whose expected sequence is not the stream's last: that is the fence. Where the answer
//! is lost the append is made again with the same id and expectation, so that it is stored once at most; and whether
//! it was is read from the one place where it can be, the position after the expected one.

use super::api::{Failed, StreamInfo, StreamWish, Tries};
use super::{Inner, NatsError};
use crate::kv::Watch;
use crate::log::{
    Log, LogEntry, LogError, LogName, LogPage, Position, READ_BYTES_MAX, READ_ENTRIES_MAX, Span,
    check_append, frame,
};
use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// Reads under way at once while a page is gathered: hides the way to the server and back.
const READS_AT_ONCE: usize = 16;

/// A `Log` of a cluster.
pub struct NatsLog {
    inner: Arc<Inner>,
    stream: String,
    subject: String,
    hint: String,
}

/// What is found where an append would be.
enum Place {
    /// This very append.
    Ours,
    /// Another one, and the log's last position.
    Theirs(Position),
    /// Nothing: the log is where the append expects it.
    Free,
    /// It was trimmed away; whose it was can not be told.
    Trimmed(Position),
}

impl NatsLog {
    pub(super) async fn open(inner: Arc<Inner>, name: &LogName) -> Result<Self, NatsError> {
        let stream = stream_of(&inner, name);
        let (platform, name) = (inner.settings.name.as_str(), name.as_str());
        let hint = format!("log.{name}");
        let subject = format!("{platform}.{hint}");
        inner
            .make_stream(&StreamWish {
                stream: stream.clone(),
                subject: subject.clone(),
                hint: format!("{platform}.hint.{hint}"),
                bytes_max: inner.settings.log_bytes_max,
                description: "Tinderbox: a journal",
                is_kv: false,
            })
            .await?;
        Ok(Self { inner, stream, subject, hint })
    }

    /// Where an append of this id, expected there, stands.
    async fn place(&self, expected: Position, id: [u8; 16]) -> Result<Place, Failed> {
        let at = expected.next();
        if let Some(found) = self.inner.message(&self.stream, &json!({ "seq": at.0 })).await? {
            if frame::decode(found.data).is_ok_and(|frame| frame.id == id) {
                return Ok(Place::Ours);
            }
            return Ok(Place::Theirs(span_of(&self.inner.stream_info(&self.stream).await?).last.max(at)));
        }
        let span = span_of(&self.inner.stream_info(&self.stream).await?);
        Ok(match span.last {
            last if last == expected => Place::Free,
            last if last >= at => Place::Trimmed(last),
            last => Place::Theirs(last),
        })
    }

    async fn entry(&self, position: u64) -> Result<(Position, Bytes), LogError> {
        let found = self.inner.message(&self.stream, &json!({ "seq": position })).await.map_err(failed)?;
        if let Some(found) = found {
            return Ok((Position(position), found.data));
        }
        let span = self.span().await?;
        if Position(position) < span.first {
            return Err(LogError::Trimmed { first: span.first });
        }
        Err(LogError::Corrupt { position: Position(position), reason: "it is missing".into() })
    }
}

#[async_trait::async_trait]
impl Log for NatsLog {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        check_append(&records)?;
        let id = self.inner.world.random_16();
        let frame = frame::encode(id, &records);
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", hex(&id));
        headers.insert("Nats-Expected-Stream", self.stream.as_str());
        headers.insert("Nats-Expected-Last-Sequence", expected.0.to_string());
        let mut tries = Tries::new(&self.inner);
        // Once an answer was lost, what the next one says of a refusal may be our own doing.
        let mut doubt = false;
        loop {
            let stored = self.inner.store(self.subject.clone(), headers.clone(), frame.clone()).await;
            let reason = match stored {
                Ok(sequence) if sequence == expected.0 + 1 => return Ok(Position(sequence)),
                Ok(sequence) => {
                    let reason = format!("it was stored at {sequence}, not after {expected}");
                    return Err(LogError::Corrupt { position: Position(sequence), reason });
                }
                Err(Failed::Full(reason)) if !doubt => return Err(LogError::Full { reason }),
                Err(Failed::Refused(reason)) if !doubt => return Err(LogError::Unavailable { reason }),
                Err(Failed::Lost(reason)) => {
                    doubt = true;
                    reason
                }
                Err(refused) => match self.place(expected, id).await {
                    Ok(Place::Ours) => return Ok(expected.next()),
                    Ok(Place::Theirs(current)) => return Err(LogError::WrongPosition { current }),
                    Ok(Place::Trimmed(current)) if !doubt => return Err(LogError::WrongPosition { current }),
                    Ok(Place::Trimmed(_)) => {
                        let reason = "its answer was lost and its place was trimmed since".into();
                        return Err(LogError::Unavailable { reason });
                    }
                    // Somebody's append was under way and came to nothing, or the log is full behind a lost answer.
                    Ok(Place::Free) => refused.to_string(),
                    Err(error) => error.to_string(),
                },
            };
            if !tries.again().await {
                return Err(LogError::Unavailable { reason });
            }
        }
    }

    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        let span = self.span().await?;
        if after.next() < span.first {
            return Err(LogError::Trimmed { first: span.first });
        }
        let until = span.last.0.min(after.0.saturating_add(max.clamp(1, READ_ENTRIES_MAX) as u64));
        let reads: Vec<_> =
            (after.0.saturating_add(1)..=until).map(|position| self.entry(position)).collect();
        let mut reads = futures_util::stream::iter(reads).buffered(READS_AT_ONCE);
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while let Some(read) = reads.next().await {
            let (position, data) = read?;
            bytes += data.len();
            let corrupt = |reason: &str| LogError::Corrupt { position, reason: reason.to_owned() };
            entries.push(LogEntry { position, records: frame::decode(data).map_err(corrupt)?.records });
            if bytes >= READ_BYTES_MAX {
                break;
            }
        }
        Ok(LogPage { entries, last: span.last })
    }

    async fn span(&self) -> Result<Span, LogError> {
        Ok(span_of(&self.inner.stream_info(&self.stream).await.map_err(failed)?))
    }

    async fn trim(&self, through: Position) -> Result<(), LogError> {
        let through = through.min(self.span().await?.last);
        if through == Position::START {
            return Ok(());
        }
        // Purges what is before the sequence; made twice it does no more than once.
        let (operation, body) = (format!("STREAM.PURGE.{}", self.stream), json!({ "seq": through.0 + 1 }));
        self.inner.api_patiently::<Value>(&operation, &body).await.map(drop).map_err(failed)
    }

    fn watch(&self) -> Watch {
        Watch::new(self.inner.hints.of(self.hint.clone()))
    }
}

pub(super) fn stream_of(inner: &Inner, name: &LogName) -> String {
    format!("{}_log_{}", inner.settings.name.as_str(), name.as_str())
}

/// An empty stream's first is one after its last, or 0 where nothing ever was.
fn span_of(info: &StreamInfo) -> Span {
    Span { first: Position(info.state.first_seq.max(1)), last: Position(info.state.last_seq) }
}

fn failed(error: Failed) -> LogError {
    match error {
        Failed::Full(reason) => LogError::Full { reason },
        other => LogError::Unavailable { reason: other.to_string() },
    }
}

pub(super) fn hex(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
