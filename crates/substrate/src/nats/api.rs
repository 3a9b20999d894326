//! JetStream's requests and answers, in JSON, as far as we use them.
//!
//! Written out rather than taken from the client's own module: it is a handful, and the numbers of the errors are
//! what compare-and-set hangs on.

use super::{Inner, NatsError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// "wrong last sequence", and the same while another write of the subject is under way.
const WRONG_SEQUENCE: [u32; 2] = [10071, 10164];
/// No such message.
const NO_MESSAGE: u32 = 10037;
/// The stream is there with another configuration.
const OTHER_CONFIGURATION: u32 = 10058;
/// Account, memory, storage or stream out of room.
const NO_ROOM: [u32; 5] = [10002, 10028, 10047, 10077, 10122];
/// Too many atomic publishes under way; one that lost a part on the way.
const BATCH_AGAIN: [u32; 2] = [10176, 10210];

/// A stream is asked for only after it was made; a server of the cluster may not have heard of it yet.
const NO_STREAM: u32 = 10_059;
/// Fewer servers than replicas: so it is while a cluster starts, too.
const NO_PEERS: u32 = 10005;

/// Why a request brought nothing.
#[derive(Clone, Debug)]
pub(super) enum Failed {
    /// Somebody else was there before.
    WrongSequence,
    NoMessage,
    Full(String),
    /// Refused before anything was done; may be made again.
    Again(String),
    /// No answer, or one that says nothing about what was done: a write may be done, or be done later.
    Lost(String),
    /// Refused for good.
    Refused(String),
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongSequence => f.write_str("somebody else wrote first"),
            Self::NoMessage => f.write_str("there is no such message"),
            Self::Full(reason) | Self::Again(reason) | Self::Lost(reason) | Self::Refused(reason) => {
                f.write_str(reason)
            }
        }
    }
}

#[derive(Deserialize)]
struct ApiError {
    code: u32,
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        let said = format!("{} ({})", error.description, error.err_code);
        match error.err_code {
            number if WRONG_SEQUENCE.contains(&number) => Self::WrongSequence,
            NO_MESSAGE => Self::NoMessage,
            // 10077 is any failure to store; the text alone tells which.
            10077 if !error.description.contains("maximum") => Self::Lost(said),
            number if NO_ROOM.contains(&number) => Self::Full(said),
            number if BATCH_AGAIN.contains(&number) || number == NO_PEERS || number == NO_STREAM => {
                Self::Again(said)
            }
            // Service unavailable: no leader, shutting down, out of resources for now.
            _ if error.code == 503 || error.code == 500 => Self::Lost(said),
            _ => Self::Refused(said),
        }
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    error: Option<ApiError>,
    #[serde(flatten)]
    value: Option<T>,
}

/// What the stream has.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StreamInfo {
    pub(super) config: Value,
    pub(super) state: State,
    /// How many subjects there are in all, of which this answer has some.
    #[serde(default)]
    total: usize,
    pub(super) cluster: Option<Cluster>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct State {
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    #[serde(default)]
    pub(super) bytes: u64,
    #[serde(default)]
    subjects: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Cluster {
    #[serde(default)]
    pub(super) leader: Option<String>,
    #[serde(default)]
    pub(super) replicas: Vec<Peer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Peer {
    pub(super) name: String,
    #[serde(default)]
    pub(super) current: bool,
    #[serde(default)]
    pub(super) offline: bool,
}

/// One stored message.
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) data: Bytes,
}

#[derive(Deserialize)]
struct Found {
    message: FoundMessage,
}

#[derive(Deserialize)]
struct FoundMessage {
    seq: u64,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct Acknowledged {
    seq: u64,
}

/// A stream's configuration; what is not said is the same for all of ours.
pub(super) struct StreamWish<'a> {
    pub(super) stream: String,
    pub(super) subject: String,
    pub(super) hint: String,
    pub(super) bytes_max: u64,
    pub(super) description: &'a str,
    /// `Kv`: only the last of each subject is kept, batches are atomic, and a message may end by itself.
    pub(super) is_kv: bool,
}

impl Inner {
    /// One request and its answer within a try's time.
    pub(super) async fn ask<T: for<'a> Deserialize<'a>>(
        &self,
        subject: String,
        headers: async_nats::HeaderMap,
        payload: Bytes,
    ) -> Result<T, Failed> {
        let request = async_nats::Request::new().headers(headers).payload(payload);
        let mut broken = self.broken.subscribe();
        let answer = self.world.timeout(self.settings.try_max, self.client.send_request(subject, request));
        let answered = tokio::select! {
            biased;
            answered = answer => answered,
            // Asked again at once, of the server that the client finds next: a lead is lost in less than a try's time.
            _ = broken.changed() => return Err(Failed::Lost("the connection broke".into())),
        };
        let message = match answered {
            None => return Err(Failed::Lost(format!("no answer in {:?}", self.settings.try_max))),
            Some(Err(error)) => return Err(Failed::Lost(error.to_string())),
            Some(Ok(message)) => message,
        };
        let unreadable = || Failed::Lost("an answer that can not be read".into());
        let answer: Answer<T> = serde_json::from_slice(&message.payload).map_err(|_| unreadable())?;
        match (answer.error, answer.value) {
            (Some(error), _) => Err(error.into()),
            (None, Some(value)) => Ok(value),
            (None, None) => Err(unreadable()),
        }
    }

    /// The same of JetStream's own API.
    pub(super) async fn api<T: for<'a> Deserialize<'a>>(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<T, Failed> {
        let payload = Bytes::from(body.to_string());
        self.ask(format!("$JS.API.{operation}"), async_nats::HeaderMap::new(), payload).await
    }

    /// The same, again until it is answered or patience ends; for what changes nothing when it is done twice.
    pub(super) async fn api_patiently<T: for<'a> Deserialize<'a>>(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<T, Failed> {
        let mut tries = Tries::new(self);
        loop {
            match self.api(operation, body).await {
                Err(Failed::Lost(reason) | Failed::Again(reason)) => {
                    if !tries.again().await {
                        return Err(Failed::Lost(reason));
                    }
                }
                other => return other,
            }
        }
    }

    pub(super) async fn stream_info(&self, stream: &str) -> Result<StreamInfo, Failed> {
        self.api_patiently(&format!("STREAM.INFO.{stream}"), &json!({})).await
    }

    /// Every subject of the stream under the filter, and the leader's last sequence when it said the first of them.
    pub(super) async fn subjects(&self, stream: &str, filter: &str) -> Result<(Vec<String>, u64), Failed> {
        let (mut subjects, mut at) = (Vec::new(), None);
        loop {
            let body = json!({ "subjects_filter": filter, "offset": subjects.len() });
            let page: StreamInfo = self.api_patiently(&format!("STREAM.INFO.{stream}"), &body).await?;
            let before = subjects.len();
            let at = *at.get_or_insert(page.state.last_seq);
            subjects.extend(page.state.subjects.into_keys());
            if subjects.len() == before || subjects.len() >= page.total {
                return Ok((subjects, at));
            }
        }
    }

    /// A message by sequence (`{"seq":…}`) or the last of a subject (`{"last_by_subj":…}`), from the stream's leader.
    pub(super) async fn message(&self, stream: &str, which: &Value) -> Result<Option<Stored>, Failed> {
        match self.api_patiently::<Found>(&format!("STREAM.MSG.GET.{stream}"), which).await {
            Ok(found) => {
                let data = STANDARD.decode(found.message.data);
                let data = data.map_err(|_| Failed::Lost("a message that is no base64".into()))?;
                Ok(Some(Stored { sequence: found.message.seq, data: data.into() }))
            }
            Err(Failed::NoMessage) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Publishes one message into a stream; answers its sequence.
    pub(super) async fn store(
        &self,
        subject: String,
        headers: async_nats::HeaderMap,
        payload: Bytes,
    ) -> Result<u64, Failed> {
        self.ask::<Acknowledged>(subject, headers, payload).await.map(|acknowledged| acknowledged.seq)
    }

    /// Makes the stream, or finds that it is there and as it must be.
    pub(super) async fn make_stream(&self, wish: &StreamWish<'_>) -> Result<(), NatsError> {
        let operation = format!("STREAM.CREATE.{}", wish.stream);
        let body = self.configuration(wish);
        match self.api_patiently::<StreamInfo>(&operation, &body).await {
            Ok(_) => return Ok(()),
            Err(Failed::Refused(reason)) if reason.ends_with(&format!("({OTHER_CONFIGURATION})")) => {}
            Err(Failed::Lost(reason) | Failed::Again(reason)) => {
                return Err(NatsError::Unreachable { reason });
            }
            Err(other) => {
                let reason = format!("stream {} can not be made: {other}", wish.stream);
                return Err(NatsError::Unfit { reason });
            }
        }
        let info = self.stream_info(&wish.stream).await;
        let info = info.map_err(|error| NatsError::Unreachable { reason: error.to_string() })?;
        // Sizes are the operator's to change; what durability or compare-and-set hangs on is not. Without direct reads
        // (a `Kv` of an older version) lists are slow, and the same.
        for (name, wanted) in body.as_object().into_iter().flatten() {
            let found = info.config.get(name).unwrap_or(&Value::Null);
            let absent = matches!(wanted, Value::Bool(false)) && found.is_null();
            if found != wanted
                && !absent
                && !matches!(name.as_str(), "max_bytes" | "description" | "allow_direct")
            {
                let reason = format!(
                    "stream {} is there with {name} {found} where {wanted} is wanted; change it with nats's own \
                     tools, or take another name",
                    wish.stream
                );
                return Err(NatsError::Unfit { reason });
            }
        }
        Ok(())
    }

    fn configuration(&self, wish: &StreamWish<'_>) -> Value {
        json!({
            "name": wish.stream,
            "description": wish.description,
            "subjects": [wish.subject],
            "storage": "file",
            "num_replicas": self.settings.replicas,
            "retention": "limits",
            "discard": "new",
            "max_bytes": wish.bytes_max,
            "max_msgs_per_subject": if wish.is_kv { 1 } else { -1 },
            // What lists read in one request (`batch`); a journal is read from its leader alone.
            "allow_direct": wish.is_kv,
            "allow_atomic": wish.is_kv,
            "allow_msg_ttl": wish.is_kv,
            // What a lost answer's retry is recognised by, besides its expectation.
            "duplicate_window": Duration::from_secs(120).as_nanos() as u64,
            "republish": { "src": wish.subject, "dest": wish.hint, "headers_only": true },
        })
    }
}

/// Tries of one call, spaced out, until patience ends.
pub(super) struct Tries<'a> {
    inner: &'a Inner,
    began: world::Instant,
    pause: Duration,
}

impl<'a> Tries<'a> {
    pub(super) fn new(inner: &'a Inner) -> Self {
        Self { inner, began: inner.world.now(), pause: Duration::from_millis(10) }
    }

    /// Waits a little; `false` when it is time to give up.
    pub(super) async fn again(&mut self) -> bool {
        if self.inner.world.now().since(self.began) >= self.inner.settings.patience {
            return false;
        }
        // Half of it by chance: those who clashed once do not clash again.
        let part = self.inner.world.random_u64() % 512;
        let pause = self.pause.mul_f64(0.5 + part as f64 / 1_024.0);
        self.inner.world.clock.sleep(pause).await;
        self.pause = (self.pause * 2).min(Duration::from_millis(500));
        true
    }
}
