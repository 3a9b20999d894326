//! `Kv` and `Log` over NATS JetStream: replicated, compare-and-set and fenced by the server.
//!
//! ```text
//!  Nats ── one connection, one subscription to hints
//!   ├── NatsKv   one stream; a key is a subject, a batch an atomic publish, a revision a sequence
//!   └── NatsLog  a stream each; an append is a message, a position its sequence
//! ```
//! Streams are made by us, with everything that durability hangs on said explicitly: file storage, replicas, bytes,
//! `discard new` (so that full is an answer and never a loss), no reads but from the stream's leader, or from replicas
//! that show that they are as far as it (`batch`). One that is there already and says otherwise is refused, not
//! changed. What the server itself must be set to is in docs/operating/substrate.md, and [`check`] looks at it.
//!
//! No answer is not no: a request whose answer was lost may have been carried out, may be carried out later, or never.
//! So every write carries an id and an expectation, is made again with the same ones, and is looked for where it would
//! be. What can not be told in time is `Unavailable`.

mod api;
mod batch;
pub mod check;
mod hints;
mod kv;
mod log;
mod value;

pub use kv::NatsKv;
pub use log::NatsLog;

use crate::log::LogName;
use async_nats::ServerAddr;
use hints::Hints;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use world::{TaskHandle, World};

/// First version whose atomic publish we use.
const VERSION_MIN: (i64, i64, i64) = (2, 12, 1);
/// A message carries half a MiB of value with its frame; the server's default is 1 MiB.
const PAYLOAD_BYTES_MIN: usize = 1024 * 1024;
/// A server's first line. It lists the cluster's addresses.
const INFO_BYTES_MAX: u64 = 64 * 1024;
/// Atomic publishes under way at once: the server takes 50 for each stream, from all clients together.
const BATCHES_AT_ONCE: usize = 8;

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct NatsSettings {
    /// `nats://[USER:PASSWORD@]HOST[:PORT]`; the others of a cluster are learned from the first that answers.
    pub servers: Vec<String>,
    /// What the names of streams and subjects begin with: two platforms can share a server.
    pub name: LogName,
    /// Servers that have each write before it is answered: 1, 3 or 5.
    pub replicas: usize,
    /// Largest `Kv`, bytes. The server sets them aside.
    pub kv_bytes_max: u64,
    /// Largest log, bytes each.
    pub log_bytes_max: u64,
    /// How long one try waits for its answer.
    pub try_max: Duration,
    /// How long a call goes on trying; longer than the cluster takes to elect a stream's leader.
    pub patience: Duration,
}

impl NatsSettings {
    /// Those servers, one replica each for one and three for more.
    pub fn new(servers: Vec<String>, name: LogName) -> Self {
        let replicas = if servers.len() > 1 { 3 } else { 1 };
        Self {
            servers,
            name,
            replicas,
            kv_bytes_max: 1 << 30,
            log_bytes_max: 256 << 20,
            try_max: Duration::from_secs(2),
            patience: Duration::from_secs(10),
        }
    }
}

/// Why the servers can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatsError {
    /// An address that is none of ours.
    #[error("{address}: {reason}")]
    Address { address: String, reason: String },
    /// None can be reached.
    #[error("no NATS server answers: {reason}")]
    Unreachable { reason: String },
    /// It answers, but not as it must.
    #[error("the NATS server can not be used: {reason}")]
    Unfit { reason: String },
}

/// A connection. Cheap to clone; dropping the last closes it.
#[derive(Clone)]
pub struct Nats(Arc<Inner>);

pub(crate) struct Inner {
    world: World,
    client: async_nats::Client,
    settings: NatsSettings,
    hints: Arc<Hints>,
    /// The connection broke: what was asked over it is not answered any more.
    broken: watch::Sender<()>,
    batches: Semaphore,
    listening: TaskHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Nats {
    /// Connects, and looks whether the server is one that we can use. From then on the connection is made anew
    /// whenever it breaks, to any server of the cluster.
    pub async fn connect(world: &World, settings: NatsSettings) -> Result<Self, NatsError> {
        let servers = addresses(&settings)?;
        if !matches!(settings.replicas, 1 | 3 | 5) {
            return Err(NatsError::Unfit {
                reason: format!("{} replicas: it is 1, 3 or 5", settings.replicas),
            });
        }
        refuse_tls(world, &settings, &servers).await?;
        let hints = Arc::new(Hints::default());
        let broken = watch::Sender::new(());
        let client = connect(&settings, &servers, &hints, &broken).await?;
        fit(&client)?;
        let subject = format!("{}.hint.>", settings.name.as_str());
        let subscribed = client.subscribe(subject).await;
        let subscriber = subscribed.map_err(|error| NatsError::Unreachable { reason: error.to_string() })?;
        // Flushed, so that the server knows of it before anything is written through this connection.
        client.flush().await.map_err(|error| NatsError::Unreachable { reason: error.to_string() })?;
        let strip = format!("{}.hint.", settings.name.as_str());
        let listening = world.spawn("nats.hints", hints::listen(subscriber, strip, Arc::clone(&hints)));
        let batches = Semaphore::new(BATCHES_AT_ONCE);
        Ok(Self(Arc::new(Inner {
            world: world.clone(),
            client,
            settings,
            hints,
            broken,
            batches,
            listening,
        })))
    }

    /// The `Kv`, made if it is not there.
    pub async fn kv(&self) -> Result<NatsKv, NatsError> {
        NatsKv::open(Arc::clone(&self.0)).await
    }

    /// The log of that name, made if it is not there.
    pub async fn log(&self, name: &LogName) -> Result<NatsLog, NatsError> {
        NatsLog::open(Arc::clone(&self.0), name).await
    }

    /// The server that leads that log's stream; `None` while none does, or where a server is alone.
    pub async fn leader_of(&self, name: &LogName) -> Result<Option<String>, NatsError> {
        let stream = log::stream_of(&self.0, name);
        let info = self.0.stream_info(&stream).await;
        let info = info.map_err(|error| NatsError::Unreachable { reason: error.to_string() })?;
        Ok(info.cluster.and_then(|cluster| cluster.leader))
    }
}

fn parse_address(address: &str) -> Result<ServerAddr, NatsError> {
    let bad = |reason: String| NatsError::Address { address: without_password(address), reason };
    let parsed: ServerAddr = address.parse().map_err(|error| bad(format!("{error}")))?;
    match parsed.scheme() {
        "nats" => Ok(parsed),
        "tls" => Err(bad("TLS is not spoken to NATS yet: put it into a network of its own".into())),
        other => Err(bad(format!("{other}:// is no way to NATS; nats:// is"))),
    }
}

fn addresses(settings: &NatsSettings) -> Result<Vec<ServerAddr>, NatsError> {
    let servers = settings.servers.iter().map(|it| parse_address(it)).collect::<Result<Vec<_>, _>>()?;
    if servers.is_empty() {
        return Err(NatsError::Unreachable { reason: "no address is given".into() });
    }
    Ok(servers)
}

/// For messages: they go to logs.
fn without_password(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => address.to_owned(),
    }
}

/// The client has no ciphers built in and would panic: asked here, once, it is a sentence.
async fn refuse_tls(world: &World, settings: &NatsSettings, servers: &[ServerAddr]) -> Result<(), NatsError> {
    let mut reasons = Vec::new();
    for server in servers {
        let place = format!("{}:{}", server.host(), server.port());
        match greet(world, settings, &place).await {
            Ok(info) if info.tls_required => {
                let reason = format!("{place} demands TLS, which is not spoken to NATS yet");
                return Err(NatsError::Unfit { reason });
            }
            Ok(_) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(NatsError::Unreachable { reason: reasons.join("; ") })
}

/// What the server at a `nats://` address says of itself.
async fn greeting_of(world: &World, settings: &NatsSettings, address: &str) -> Result<Greeting, NatsError> {
    let server = parse_address(address)?;
    let place = format!("{}:{}", server.host(), server.port());
    greet(world, settings, &place).await.map_err(|reason| NatsError::Unreachable { reason })
}

async fn greet(world: &World, settings: &NatsSettings, place: &str) -> Result<Greeting, String> {
    match world.timeout(settings.try_max, greeting(place)).await {
        Some(Ok(info)) => Ok(info),
        Some(Err(error)) => Err(format!("{place}: {error}")),
        None => Err(format!("{place}: no answer in {:?}", settings.try_max)),
    }
}

/// What a server says of itself in its first line.
#[derive(serde::Deserialize)]
struct Greeting {
    #[serde(default)]
    tls_required: bool,
    #[serde(default)]
    server_name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    jetstream: bool,
    #[serde(default)]
    max_payload: usize,
}

async fn greeting(place: &str) -> std::io::Result<Greeting> {
    let stream = TcpStream::connect(place).await?;
    let mut line = String::new();
    BufReader::new(stream.take(INFO_BYTES_MAX)).read_line(&mut line).await?;
    let not_nats = || std::io::Error::other("what answers there is no NATS server");
    let info = line.strip_prefix("INFO ").ok_or_else(not_nats)?;
    serde_json::from_str(info).map_err(|_| not_nats())
}

async fn connect(
    settings: &NatsSettings,
    servers: &[ServerAddr],
    hints: &Arc<Hints>,
    broken: &watch::Sender<()>,
) -> Result<async_nats::Client, NatsError> {
    let (events, broken) = (Arc::clone(hints), broken.clone());
    let mut options = async_nats::ConnectOptions::new()
        .name(format!("tinderbox {}", env!("CARGO_PKG_VERSION")))
        .connection_timeout(settings.try_max)
        // Ours is around every request.
        .request_timeout(None)
        .ping_interval(settings.try_max)
        .reconnect_delay_callback(|tries| Duration::from_millis(50 * tries.min(20) as u64))
        .event_callback(move |event| {
            use async_nats::Event::{ClientError, Connected, Disconnected, ServerError, SlowConsumer};
            match &event {
                // What was said meanwhile was not heard.
                Connected | SlowConsumer(_) => events.tell_all(),
                Disconnected => {
                    tracing::warn!(%event, "NATS");
                    broken.send_replace(());
                }
                ServerError(_) | ClientError(_) => tracing::warn!(%event, "NATS"),
                _ => {}
            }
            std::future::ready(())
        });
    // The address may carry them, or an address after it.
    let with = servers.iter().find(|server| server.username().is_some());
    if let Some((user, password)) = with.and_then(|it| Some((it.username()?, it.password()?))) {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    let connected = options.connect(servers).await;
    connected.map_err(|error| NatsError::Unreachable { reason: error.to_string() })
}

fn fit(client: &async_nats::Client) -> Result<(), NatsError> {
    let info = client.server_info();
    let (major, minor, patch) = VERSION_MIN;
    if !client.is_server_compatible(major, minor, patch) {
        let reason = format!("it is {}; {major}.{minor}.{patch} or newer it must be", info.version);
        return Err(NatsError::Unfit { reason });
    }
    if info.max_payload < PAYLOAD_BYTES_MIN {
        let reason = format!("max_payload is {}; {PAYLOAD_BYTES_MIN} it must be at least", info.max_payload);
        return Err(NatsError::Unfit { reason });
    }
    Ok(())
}
