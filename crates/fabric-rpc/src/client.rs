//! `Peer`: one other machine, as a [`Carrier`].
//!
//! ```text
//!             call            made
//!  ── Absent ──────► Making ────────► Up ──── lost, told to go, peer silent ──┐
//!       ▲               │ failed: everyone who waited is told                 │
//!       └───────────────┴─────────────────────────────────────────────────────┘
//! ```
//! One connection is made at a time, by the call that finds none; there is no task that makes connections nobody wants.

use crate::tls::{Expected, Trust};
use crate::wire::{self, Frames, Tasks};
use crate::{
    ALIVE_EVERY, ALIVE_WAIT_MAX, CONNECTION_WINDOW_BYTES, HEAD_BYTES_MAX, HTTP_FRAME_BYTES_MAX,
    SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES, STREAMS_MAX, message_bytes_max,
};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::remote::{Call, Carrier, Lost};
use fabric::stream::FrameStream;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsConnector;
use world::World;

/// A refusal's words.
const REFUSAL_BYTES_MAX: usize = 1_024;

/// How long is waited for what. A peer that is gone is noticed by pings long before; these are for one that hangs.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For a connection.
    pub connect: Duration,
    /// For a whole answer: longer than every role's own waiting.
    pub answer: Duration,
    /// For the head of a stream: an invocation's comes when it has an environment.
    pub head: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let longest = Duration::from_secs(types::limits::TIMEOUT_SECONDS_MAX.into());
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(120),
            head: longest + Duration::from_secs(60),
        }
    }
}

/// Another machine.
pub struct Peer {
    world: World,
    /// `host:port`.
    address: String,
    trust: Trust,
    expected: Expected,
    waits: Waits,
    up: Mutex<Up>,
    /// Held while a connection is being made.
    making: tokio::sync::Mutex<()>,
    calls: Arc<Semaphore>,
}

type Sender = SendRequest<Full<Bytes>>;

#[derive(Default)]
struct Up {
    sender: Option<Sender>,
    /// Attempts that failed, and how the last one did: who waited for it need not try again.
    failures: u64,
    why: String,
}

impl Peer {
    /// The machine at `address` (`host:port`), if it is who is expected there; nothing is sent before the first call.
    pub fn new(
        world: World,
        address: impl Into<String>,
        trust: Trust,
        expected: Expected,
        waits: Waits,
    ) -> Arc<Self> {
        Arc::new(Self {
            world,
            address: address.into(),
            trust,
            expected,
            waits,
            up: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            calls: Arc::new(Semaphore::new(STREAMS_MAX as usize)),
        })
    }

    fn up(&self) -> std::sync::MutexGuard<'_, Up> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that is up, if any, and how many attempts have failed.
    fn current(&self) -> (Option<Sender>, u64) {
        let mut up = self.up();
        if up.sender.as_ref().is_some_and(SendRequest::is_closed) {
            up.sender = None;
        }
        (up.sender.clone(), up.failures)
    }

    async fn sender(&self) -> Result<Sender, String> {
        let (current, failures) = self.current();
        if let Some(sender) = current {
            return Ok(sender);
        }
        let _making = self.making.lock().await;
        // Somebody else's attempt ended while this one waited.
        let (current, failed) = self.current();
        if let Some(sender) = current {
            return Ok(sender);
        }
        if failed != failures {
            return Err(self.up().why.clone());
        }
        // Boxed: a handshake is large, and the calls around this are many.
        let made = self.world.timeout(self.waits.connect, Box::pin(self.connect())).await;
        let made = made.unwrap_or_else(|| Err("no connection in time".to_owned()));
        let mut up = self.up();
        match &made {
            Ok(sender) => up.sender = Some(sender.clone()),
            Err(why) => {
                up.failures += 1;
                up.why.clone_from(why);
            }
        }
        made
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = TcpStream::connect(&self.address).await.map_err(|error| error.to_string())?;
        // Calls are written whole; waiting to fill a packet only adds latency.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        match &self.trust {
            Trust::Certificates(identity) => {
                let name = self.expected.server_name()?;
                let connected = TlsConnector::from(identity.client()).connect(name, stream).await;
                self.handshake(connected.map_err(|error| error.to_string())?).await
            }
            Trust::Loopback => {
                let there = stream.peer_addr().map_err(|error| error.to_string())?;
                if !there.ip().is_loopback() {
                    return Err("without certificates only loopback is spoken to".to_owned());
                }
                self.handshake(stream).await
            }
        }
    }

    async fn handshake<S>(&self, stream: S) -> Result<Sender, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::Builder::new(Tasks(self.world.clone()))
            .timer(wire::timer())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(HTTP_FRAME_BYTES_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
            .max_header_list_size(HEAD_BYTES_MAX)
            .keep_alive_interval(ALIVE_EVERY)
            .keep_alive_timeout(ALIVE_WAIT_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        let address = self.address.clone();
        self.world.spawn("rpc connection", async move {
            if let Err(error) = connection.await {
                tracing::debug!(peer = address, %error, "a connection was lost");
            }
        });
        Ok(sender)
    }

    /// Until the answer's head is there, which says whether the role took the call.
    async fn send(&self, call: Call, request: Bytes) -> Result<(Response<Incoming>, Permit), Lost> {
        let unsent = |reason: String| self.lost(call, &reason, false);
        if request.len() > message_bytes_max(call) {
            return Err(unsent(format!("a message of {} bytes is too large", request.len())));
        }
        let Ok(permit) = Arc::clone(&self.calls).try_acquire_owned() else {
            return Err(unsent(format!("{STREAMS_MAX} calls are in progress already")));
        };
        let uri = format!("http://{}{}", self.address, wire::path(call));
        let request = Request::post(uri).body(Full::new(request));
        let mut request = request.map_err(|error| unsent(error.to_string()))?;
        // A connection may have gone a moment ago: what comes back untouched is sent once more, on a new one.
        for last in [false, true] {
            let mut sender = self.sender().await.map_err(unsent)?;
            if let Err(error) = sender.ready().await {
                tracing::debug!(peer = self.address, %error, "a connection was gone already");
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, Arc::new(permit))),
                Err(mut error) => match error.take_message() {
                    Some(untouched) if !last => request = untouched,
                    Some(_) => return Err(unsent(error.error().to_string())),
                    None => return Err(self.lost(call, error.error(), !is_refused(error.error()))),
                },
            }
        }
        Err(unsent("its connections do not last".to_owned()))
    }

    fn lost(&self, call: Call, reason: &dyn std::fmt::Display, sent: bool) -> Lost {
        Lost { reason: format!("{} of {}: {reason}", wire::path(call), self.address), sent }
    }

    /// A role took the call, or there are words why not.
    async fn taken(&self, call: Call, response: Response<Incoming>) -> Result<Response<Incoming>, Lost> {
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let words = Limited::new(response.into_body(), REFUSAL_BYTES_MAX).collect().await;
        let words = words.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(self.lost(call, &format!("{status}: {}", String::from_utf8_lossy(&words)), status == wire::TAKEN))
    }
}

type Permit = Arc<OwnedSemaphorePermit>;

/// The other side says that it has not looked at it.
fn is_refused(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    source.and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM)
}

#[async_trait]
impl Carrier for Peer {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        let asked = async {
            let (response, _permit) = self.send(call, request).await?;
            let body = self.taken(call, response).await?.into_body();
            let whole = Limited::new(body, message_bytes_max(call)).collect().await;
            Ok(whole.map_err(|error| self.lost(call, &error, true))?.to_bytes())
        };
        let answered = self.world.timeout(self.waits.answer, asked).await;
        answered.unwrap_or_else(|| Err(self.lost(call, &"no answer in time", true)))
    }

    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        let asked = async {
            let (response, permit) = self.send(call, request).await?;
            let body = self.taken(call, response).await?.into_body();
            let mut frames = FrameStream::pulled(Frames::new(body, permit));
            let head = frames.next().await.ok_or_else(|| self.lost(call, &"broken off", true))?;
            Ok((head, frames))
        };
        let opened = self.world.timeout(self.waits.head, asked).await;
        opened.unwrap_or_else(|| Err(self.lost(call, &"no answer in time", true)))
    }
}
