//! `Server`: the roles of this process, for other machines.
//!
//! ```text
//! accept ──► (connections full: closed)
//!    └─► connection task:  Meeting ──certificate of ours──► (else: closed)
//!                          Serving ──drain──► answers what is in progress ──► closed
//!                             └──── peer closes or is silent, cut ──────────► closed
//! call ──► known? ──► allowed? ──► its message, bounded in size, time and memory ──► role ──► answer
//!            404          403              411, 413, 408, 503           400 ◄── garbled, 421 ◄── led elsewhere
//! ```
//! Every refusal but 500 comes before the role has seen the call. A call whose caller goes away is dropped where it stands.

use crate::access::Party;
use crate::tls::{self, Trust};
use crate::wire::{self, Answer, Tasks};
use crate::{
    ALIVE_EVERY, ALIVE_WAIT_MAX, CONNECTION_WINDOW_BYTES, HEAD_BYTES_MAX, HTTP_FRAME_BYTES_MAX,
    MESSAGE_BYTES_MAX, SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES, STREAMS_MAX, message_bytes_max,
};
use bytes::Bytes;
use fabric::remote::{Answering, Call, Garbled, Reply};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use world::World;

/// Connections at a time: every machine of a large fleet.
const CONNECTIONS_MAX: usize = 16_384;
/// Longest time for a connection to show its certificate.
const HANDSHAKE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest time for a message to come in.
const MESSAGE_WAIT_MAX: Duration = Duration::from_secs(60);
/// Memory of all larger messages that are being read or worked on.
const MEMORY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Messages up to this size need no permit: every call may have one.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// One permit.
const PERMIT_BYTES: usize = 1_024;
/// Pause after a failed accept: out of file descriptors does not pass in a microsecond.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const _: () = assert!(MESSAGE_BYTES_MAX < MEMORY_BYTES_MAX);

/// Which roles a server answers for.
#[derive(Default)]
pub struct Roles(BTreeMap<&'static str, Calls>);

/// A role's calls by their names, and who answers each.
type Calls = BTreeMap<&'static str, (Call, Arc<dyn Answering>)>;

impl Roles {
    /// One more.
    #[must_use]
    pub fn with(mut self, role: Arc<dyn Answering>) -> Self {
        for call in role.calls() {
            self.0.entry(call.role).or_default().insert(call.name, (*call, Arc::clone(&role)));
        }
        self
    }

    fn find(&self, path: &str) -> Option<&(Call, Arc<dyn Answering>)> {
        let (role, name) = wire::parse(path)?;
        self.0.get(role)?.get(name)
    }
}

/// Roles behind a port.
pub struct Server {
    world: World,
    roles: Roles,
    trust: Trust,
    connections: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    Draining,
    Cut,
}

/// Why a call is not for the role to see.
struct Refusal(StatusCode, &'static str);

impl Server {
    /// A server that listens on nothing yet.
    pub fn new(world: World, roles: Roles, trust: Trust) -> Arc<Self> {
        Arc::new(Self {
            world,
            roles,
            trust,
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            memory: Arc::new(Semaphore::new(MEMORY_BYTES_MAX / PERMIT_BYTES)),
        })
    }

    /// Serves until `shutdown` completes; then takes no more calls and answers what is in progress, at most for
    /// `drain_max`.
    pub async fn serve(
        self: &Arc<Self>,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
        drain_max: Duration,
    ) {
        // The sender knows how many connections still hold a receiver: that is the drain.
        let (stage, _) = watch::channel(Stage::Serving);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => self.open(stream, stage.subscribe()),
                Err(error) => {
                    tracing::warn!(%error, "accept failed; waiting a moment");
                    self.world.clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        stage.send_replace(Stage::Draining);
        if self.world.timeout(drain_max, stage.closed()).await.is_none() {
            tracing::warn!(connections = stage.receiver_count(), "calls in progress are cut");
            stage.send_replace(Stage::Cut);
            stage.closed().await;
        }
    }

    fn open(self: &Arc<Self>, stream: TcpStream, stage: watch::Receiver<Stage>) {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            tracing::warn!("more connections than a fleet has: one is closed");
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let server = Arc::clone(self);
        self.world.spawn("rpc peer", async move {
            if let Err(why) = server.meet(stream, stage).await {
                tracing::warn!(why, "a connection was refused");
            }
            drop(permit);
        });
    }

    /// Who it is comes first.
    async fn meet(self: Arc<Self>, stream: TcpStream, stage: watch::Receiver<Stage>) -> Result<(), String> {
        let from = stream.peer_addr().map_err(|error| error.to_string())?;
        let identity = match &self.trust {
            Trust::Certificates(identity) => identity,
            Trust::Loopback if from.ip().is_loopback() => {
                self.connection(stream, None, stage).await;
                return Ok(());
            }
            Trust::Loopback => return Err(format!("{from}: without certificates only loopback is heard")),
        };
        let accepting = TlsAcceptor::from(identity.server()).accept(stream);
        let accepted = self.world.timeout(HANDSHAKE_WAIT_MAX, accepting).await;
        let accepted = accepted.ok_or_else(|| format!("{from}: no handshake in time"))?;
        let stream = accepted.map_err(|error| format!("{from}: {error}"))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let caller = shown.and_then(tls::party);
        let caller = caller.ok_or_else(|| format!("{from}: its certificate names no node"))?;
        self.connection(stream, Some(Arc::new(caller)), stage).await;
        Ok(())
    }

    async fn connection<S>(
        self: Arc<Self>,
        stream: S,
        caller: Option<Arc<Party>>,
        mut stage: watch::Receiver<Stage>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let world = self.world.clone();
        let service = hyper::service::service_fn(move |request| {
            let (server, caller) = (Arc::clone(&self), caller.clone());
            async move { Ok::<_, Infallible>(server.answer(caller.as_deref(), request).await) }
        });
        let connection = http2::Builder::new(Tasks(world))
            .timer(wire::timer())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_concurrent_streams(STREAMS_MAX)
            .max_frame_size(HTTP_FRAME_BYTES_MAX)
            .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
            .max_header_list_size(HEAD_BYTES_MAX)
            .keep_alive_interval(ALIVE_EVERY)
            .keep_alive_timeout(ALIVE_WAIT_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                changed = stage.changed() => {
                    let stage = *stage.borrow_and_update();
                    match stage {
                        Stage::Serving if changed.is_ok() => {}
                        Stage::Draining if changed.is_ok() => connection.as_mut().graceful_shutdown(),
                        _ => return,
                    }
                }
            }
        }
    }

    async fn answer(&self, caller: Option<&Party>, request: Request<Incoming>) -> Response<Answer> {
        let (status, body) = match self.reply(caller, request).await {
            Ok(Reply::Whole(bytes)) => (StatusCode::OK, Answer::Whole(Some(bytes))),
            Ok(Reply::Stream { head, frames }) => {
                (StatusCode::OK, Answer::Frames { next: Some(head), rest: None, frames })
            }
            Err(Refusal(status, words)) => {
                (status, Answer::Whole(Some(Bytes::from_static(words.as_bytes()))))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
    }

    async fn reply(&self, caller: Option<&Party>, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let (head, body) = request.into_parts();
        let found = self.roles.find(head.uri.path()).filter(|_| head.method == Method::POST);
        let (call, role) = found.ok_or(Refusal(StatusCode::NOT_FOUND, "no such call here"))?;
        // Over bare loopback every caller is this host's operator.
        if let Some(caller) = caller.filter(|caller| !caller.may(*call)) {
            tracing::warn!(%caller, role = call.role, call = call.name, "a node asked for what is not its to ask");
            return Err(Refusal(StatusCode::FORBIDDEN, "not for a node of your role"));
        }
        let (message, _memory) = self.message(*call, body).await?;
        if let Some(caller) = caller.filter(|caller| !caller.may_say(*call, &message)) {
            tracing::warn!(%caller, role = call.role, call = call.name, "a worker spoke under another's name");
            return Err(Refusal(StatusCode::FORBIDDEN, "not under another worker's name"));
        }
        let answered = role.answer(call.name, message).await;
        answered.map_err(|garbled| match garbled {
            Garbled::Message => Refusal(StatusCode::BAD_REQUEST, "not a message of this call"),
            Garbled::Elsewhere => Refusal(StatusCode::MISDIRECTED_REQUEST, "another node leads"),
            Garbled::Answer => Refusal(wire::TAKEN, "the answer does not encode"),
        })
    }

    /// The whole message, and its memory.
    async fn message(
        &self,
        call: Call,
        body: Incoming,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        let length = body.size_hint().exact();
        let length = length.ok_or(Refusal(StatusCode::LENGTH_REQUIRED, "no content-length"))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > message_bytes_max(call) {
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the message is too large"));
        }
        let reading = async {
            let permit = match length {
                ..=SMALL_BYTES_MAX => None,
                _ => {
                    let permits = u32::try_from(length / PERMIT_BYTES + 1).unwrap_or(u32::MAX);
                    Some(Arc::clone(&self.memory).acquire_many_owned(permits).await.map_err(|_| ())?)
                }
            };
            let whole = Limited::new(body, length).collect().await.map_err(|_| ())?;
            Ok((whole.to_bytes(), permit))
        };
        match self.world.timeout(MESSAGE_WAIT_MAX, reading).await {
            Some(Ok(read)) => Ok(read),
            Some(Err(())) => Err(Refusal(StatusCode::BAD_REQUEST, "the message broke off")),
            None => Err(Refusal(StatusCode::REQUEST_TIMEOUT, "the message did not come in time")),
        }
    }
}
