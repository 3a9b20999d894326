//! Room 2: sockets. HTTP/1.1 with keep-alive over listeners that the binary has bound.
//!
//! ```text
//! accept ──► (connections full: 503, close)
//!    └─► connection task:  Serving ──drain──► answers what is in progress ──► closed
//!                             └──── peer closes, slow head, cut ─────────────► closed
//! ```
//! Everything a peer can stretch is bounded: number of connections, size of the head and time to send it
//! (also how long a kept-alive connection may idle), size of the body and time between its parts.

pub(crate) mod body;

use crate::Frontend;
use crate::answer::{Answer, AnswerBody};
use crate::authenticate::{Head, Keys};
use crate::dispatch::{self, Destination, Plan, Request};
use crate::errors::ApiError;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_api::overrides;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use types::RequestId;

/// Time for a request's head, and for a kept-alive connection to begin one.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(60);
/// Size of a request's head; a client context of 3,583 bytes and a trace header fit many times.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Pause after a failed accept: out of file descriptors does not pass in a microsecond.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that are being told no at the same time, and for how long.
pub(crate) const REFUSALS_MAX: usize = 256;
const REFUSAL_WAIT_MAX: Duration = Duration::from_secs(1);

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Accepting failed for good.
    #[error("the listener failed: {0}")]
    Listener(std::io::Error),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    Draining,
    Cut,
}

pub(crate) async fn serve(
    frontend: &Arc<Frontend>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    // The sender knows how many connections still hold a receiver: that is the drain.
    let (stage, _) = watch::channel(Stage::Serving);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => open(frontend, stream, stage.subscribe()),
            Err(error) if is_fatal(&error) => return Err(ServeError::Listener(error)),
            Err(error) => {
                tracing::warn!(%error, "accept failed; waiting a moment");
                frontend.world.clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stage.send_replace(Stage::Draining);
    let drained = frontend.world.timeout(frontend.settings.drain_max, stage.closed()).await;
    if drained.is_none() {
        tracing::warn!(
            connections = stage.receiver_count(),
            "requests in progress are cut at the drain deadline"
        );
        stage.send_replace(Stage::Cut);
        stage.closed().await;
    }
    Ok(())
}

/// A bad descriptor or argument does not get better by waiting.
fn is_fatal(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::InvalidInput)
}

fn open(frontend: &Arc<Frontend>, stream: TcpStream, stage: watch::Receiver<Stage>) {
    let Ok(permit) = Arc::clone(&frontend.connections).try_acquire_owned() else {
        // Past that many a peer is dropped without a word: saying no must stay cheap.
        if let Ok(permit) = Arc::clone(&frontend.refusals).try_acquire_owned() {
            let world = frontend.world.clone();
            frontend.world.spawn("connection-refusal", async move {
                let _ = world.timeout(REFUSAL_WAIT_MAX, refuse(stream)).await;
                drop(permit);
            });
        }
        return;
    };
    // Answers are written whole; waiting to fill a packet only adds latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let owner = Arc::clone(frontend);
    frontend.world.spawn("connection", async move {
        connection(owner, stream, stage).await;
        drop(permit);
    });
}

/// Full is an answer, not a hang.
async fn refuse(mut stream: TcpStream) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
        connection: close\r\ncontent-length: 51\r\n\r\n{\"Type\":\"Service\",\"Message\":\"Too many connections\"}";
    if let Err(error) = write_and_end(&mut stream, FULL).await {
        tracing::debug!(%error, "a refused connection was gone already");
    }
}

/// What the peer has sent is read away first, else closing resets the connection and it never reads the answer.
async fn write_and_end(stream: &mut TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut away = [0; 4_096];
    while stream.read(&mut away).await? > 0 {}
    Ok(())
}

async fn connection(frontend: Arc<Frontend>, stream: TcpStream, mut stage: watch::Receiver<Stage>) {
    let service = hyper::service::service_fn(move |request| {
        let frontend = Arc::clone(&frontend);
        async move { Ok::<_, std::convert::Infallible>(answer(&frontend, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
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

async fn answer(frontend: &Arc<Frontend>, request: http::Request<Incoming>) -> http::Response<AnswerBody> {
    let request_id = RequestId::from_random(frontend.world.random_16());
    let received = frontend.world.now();
    let (parts, body) = request.into_parts();
    let head = Head {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        headers: &parts.headers,
    };
    let request = Request { head, request_id, received };
    let answer = dispatch::finish(planned(frontend, &request, body).await, request_id);
    let mut response = http::Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

async fn planned(frontend: &Arc<Frontend>, request: &Request<'_>, body: Incoming) -> Answer {
    if let Some(refusal) = frontend.hosts.refusal(request.head.headers) {
        return ApiError::new(&overrides::ACCESS_DENIED_EXCEPTION, refusal).answer();
    }
    let settings = &frontend.settings;
    let keys = Keys {
        credentials: settings.credentials.as_ref(),
        default_account: &settings.default_account,
        default_region: &settings.default_region,
        fixed_region: None,
    };
    let destination = Destination::of(&request.head);
    let plan = match Plan::new(destination, frontend, &keys, &request.head) {
        Ok(plan) => plan,
        Err(refusal) => {
            // A client reads no answer while it is still writing.
            body::discard(&frontend.world, body, 0).await;
            return *refusal;
        }
    };
    let limit = plan.destination().body_bytes_max();
    match body::read(&frontend.world, &frontend.body_memory, body, limit).await {
        // The memory stays ours until the answer's head is there.
        Ok(held) => plan.answer(frontend, request, held.bytes.clone()).await,
        Err(body::ReadError::TooLarge { bytes }) => {
            plan.destination().refuse(&plan.destination().too_large(bytes))
        }
        Err(body::ReadError::Busy) => plan.destination().refuse(&ApiError::unavailable()),
        Err(body::ReadError::Broken) => plan.destination().refuse(&ApiError::new(
            &overrides::SERIALIZATION_EXCEPTION,
            "The request's body ended early or came too slowly.",
        )),
    }
}
