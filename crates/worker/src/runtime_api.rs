//! Room 10, the turnstile: `next` lets the invocation in, `response` or `error` brings it out.
//!
//! Every connection that comes through [`sandbox::Door::RuntimeApi`] is a task of its own that speaks HTTP with
//! the runtime. What it may do is [`turnstile::Turnstile`]'s to say (a pure state machine under a short lock);
//! what follows from it is told to the one task that owns the environment, by [`Event`]. This is the only
//! module that knows the Runtime API's statuses and bodies.

mod answer;
mod pace;
mod replies;
mod turnstile;

pub(crate) use turnstile::{Delivery, Turnstile};

use crate::heads::{self, Heads};
use crate::keys::Keys;
use bytes::Bytes;
use fabric::Failure;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use runtime_api::Call;
use runtime_api::path::NoCall;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use turnstile::{Next, Refusal, RestoreNext};
use world::World;

/// Largest head of a request: `Lambda-Runtime-Function-XRay-Error-Cause` alone may have 1 MiB.
const HEAD_BYTES_MAX: usize = 1_200_000;
/// Events on their way to the environment's task; each connection has at most one or two in flight.
const EVENTS_IN_FLIGHT: usize = 8;

/// What connections tell the environment's task, in the order in which the turnstile allowed it.
#[derive(Debug)]
pub(crate) enum Event {
    /// The runtime waits for an invocation; whoever fills the sender answers it.
    Next(oneshot::Sender<Arc<Delivery>>),
    /// The runtime says that its own init failed.
    InitError(Failure),
    /// The runtime is done with init and waits to be restored; whoever fills the sender lets it go on.
    RestoreNext(oneshot::Sender<()>),
    /// A hook after the restore failed.
    RestoreError(Failure),
    /// The invocation that was delivered has its answer.
    Answered(Answer),
}

/// What came out of the turnstile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// For a streamed one the payload is empty: it went ahead in chunks.
    Success {
        payload: Bytes,
        content_type: Option<String>,
    },
    Error(Failure),
    /// More than a response may have, which is `limit`; the rest is read and thrown away.
    TooLarge {
        limit: u64,
    },
    /// The runtime broke off in the middle of its body.
    Truncated,
    /// A response mode that is none.
    BadMode,
}

/// What the connections of one environment share with its task.
pub(crate) struct Link {
    pub(crate) world: World,
    turnstile: Mutex<Turnstile>,
    events: mpsc::Sender<Event>,
    heads: Arc<Heads>,
    /// With SnapStart: what is served at the door.
    keys: Option<Arc<Keys>>,
    /// A copy that has not been told yet that it is one.
    copied: AtomicBool,
}

impl Link {
    /// A new turnstile and the events that it will tell. With `keys` it is one of SnapStart: there are hooks, and
    /// credentials at the door.
    pub(crate) fn new(world: World, keys: Option<Arc<Keys>>) -> (Arc<Self>, mpsc::Receiver<Event>) {
        let (events, told) = mpsc::channel(EVENTS_IN_FLIGHT);
        (
            Arc::new(Self {
                world,
                turnstile: Mutex::default(),
                events,
                heads: Arc::default(),
                keys,
                copied: AtomicBool::default(),
            }),
            told,
        )
    }

    /// The runtime was restored from a snapshot: its first event says so, for a client that draws new seeds then.
    pub(crate) fn is_a_copy(&self) {
        self.copied.store(true, Ordering::Release);
    }

    /// The state machine; never held across an await.
    pub(crate) fn turnstile(&self) -> MutexGuard<'_, Turnstile> {
        self.turnstile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, event: Event) {
        // The environment's task is gone only when the environment is; nobody is left to tell then.
        drop(self.events.send(event).await);
    }
}

/// Speaks HTTP on one connection until either side ends it.
pub(crate) async fn serve(link: Arc<Link>, connection: Box<dyn sandbox::Connection>) {
    let (connection, head) = heads::guard(&link.world, &link.heads, connection);
    let requests = Arc::clone(&head);
    let service = hyper::service::service_fn(move |request| {
        let (link, request_is_read) = (Arc::clone(&link), requests.begin());
        async move {
            let reply = handle(link, request).await;
            drop(request_is_read);
            reply
        }
    });
    let http = hyper::server::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .header_read_timeout(None) // keep-alive connections of an idle environment rest for hours; `heads` does it
        .serve_connection(TokioIo::new(connection), service);
    if let Err(error) = head.in_time(http).await {
        // User code broke its own connection: nobody has to act.
        tracing::debug!(%error, "a connection of the Runtime API broke");
    }
}

async fn handle(link: Arc<Link>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match Call::read(request.method(), &path) {
        Ok(Call::Ping) => replies::pong(),
        Ok(Call::Next) => next(&link).await,
        Ok(Call::Response { id }) => answer::response(&link, id, request).await,
        Ok(Call::Error { id }) => answer::error(&link, id, request).await,
        Ok(Call::InitError) => answer::init_error(&link, request).await,
        // Only an environment with SnapStart has these calls; to others, as with AWS's own agent, they are not there.
        Ok(Call::RestoreNext) if link.keys.is_some() => restore_next(&link).await,
        Ok(Call::RestoreError) if link.keys.is_some() => answer::restore_error(&link, request).await,
        Ok(Call::Credentials) if let Some(keys) = &link.keys => replies::credentials(keys, request.headers()),
        Ok(Call::RestoreNext | Call::RestoreError | Call::Credentials) | Err(NoCall::Path) => {
            replies::not_found()
        }
        Err(NoCall::Method) => replies::method_not_allowed(),
    })
}

async fn next(link: &Link) -> Response<Full<Bytes>> {
    let step = link.turnstile().next();
    match step {
        Ok(Next::Wait) => {
            let (reply, delivered) = oneshot::channel();
            link.tell(Event::Next(reply)).await;
            match delivered.await {
                Ok(delivery) => {
                    let copied = link.copied.swap(false, Ordering::AcqRel);
                    replies::marked(replies::invocation(&link.world, &delivery), copied)
                }
                // A later `next` took its place, or the environment ends.
                Err(_) => replies::refused(&Refusal::transition("Ready", "Ready")),
            }
        }
        Ok(Next::Again(delivery)) => replies::invocation(&link.world, &delivery),
        Err(refusal) => replies::refused(&refusal),
    }
}

async fn restore_next(link: &Link) -> Response<Full<Bytes>> {
    let step = link.turnstile().restore_next();
    match step {
        Ok(RestoreNext::Wait) => {
            let (reply, restored) = oneshot::channel();
            link.tell(Event::RestoreNext(reply)).await;
            match restored.await {
                Ok(()) => replies::restored(),
                // A later `restore/next` took its place, or the environment ends.
                Err(_) => replies::refused(&Refusal::transition("RestoreReady", "RestoreReady")),
            }
        }
        Ok(RestoreNext::Again) => replies::restored(),
        Err(refusal) => replies::refused(&refusal),
    }
}
