//! What the heads of requests may cost: time and, over all connections of one door, memory.
//!
//! ```text
//!          first byte              head complete             answered
//! Resting ────────────► Head ───────────────────► Request ───────────► Resting …
//!                        │ HEAD_TIME_MAX, or over HEADS_BYTES_MAX together
//!                        ▼
//!                      closed
//! ```
//! hyper's own limit of time counts from the last answer, which would close connections that rest; its limit of
//! memory is each connection's. What a body costs is its reader's to bound.

use sandbox::Connection;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use world::{Instant, World};

/// A head comes over a socket of the same machine: what takes longer never ends.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Three of the largest heads that a runtime client sends (1 MiB of X-Ray cause).
const HEADS_BYTES_MAX: usize = 4 << 20;

/// Bytes of unfinished heads of one door.
#[derive(Debug, Default)]
pub(crate) struct Heads(AtomicUsize);

/// One connection's head.
pub(crate) struct Head {
    world: World,
    all: Arc<Heads>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    in_request: bool,
    /// Of a head that is not complete.
    bytes: usize,
    since: Option<Instant>,
}

/// Puts the connection under guard.
pub(crate) fn guard(
    world: &World,
    all: &Arc<Heads>,
    connection: Box<dyn Connection>,
) -> (Guarded, Arc<Head>) {
    let head = Arc::new(Head {
        world: world.clone(),
        all: Arc::clone(all),
        state: Mutex::default(),
        changed: Notify::new(),
    });
    (Guarded { connection, head: Arc::clone(&head) }, head)
}

impl Head {
    /// The head is complete; its request lasts until the answer is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> InRequest {
        let mut state = self.state();
        state.in_request = true;
        self.release(&mut state);
        InRequest(Arc::clone(self))
    }

    /// Serves until `http` ends or a head takes too long.
    pub(crate) async fn in_time<E: fmt::Display>(
        &self,
        http: impl Future<Output = Result<(), E>>,
    ) -> Result<(), String> {
        tokio::select! {
            biased;
            served = http => served.map_err(|error| error.to_string()),
            () = self.late() => Err("a head took too long".to_owned()),
        }
    }

    async fn late(&self) {
        loop {
            let since = self.state().since;
            let Some(since) = since else {
                self.changed.notified().await;
                continue;
            };
            let left = HEAD_TIME_MAX.saturating_sub(self.world.now().since(since));
            if left.is_zero() {
                return;
            }
            self.world.timeout(left, self.changed.notified()).await;
        }
    }

    /// `false`: more than all heads of this door may have.
    fn read(&self, bytes: usize) -> bool {
        let mut state = self.state();
        if state.in_request || bytes == 0 {
            return true;
        }
        if state.since.is_none() {
            state.since = Some(self.world.now());
            self.changed.notify_one();
        }
        state.bytes += bytes;
        self.all.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= HEADS_BYTES_MAX
    }

    fn release(&self, state: &mut State) {
        self.all.0.fetch_sub(std::mem::take(&mut state.bytes), Ordering::Relaxed);
        if state.since.take().is_some() {
            self.changed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        let bytes = self.state().bytes;
        self.all.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A request whose head is complete.
pub(crate) struct InRequest(Arc<Head>);

impl Drop for InRequest {
    fn drop(&mut self) {
        self.0.state().in_request = false;
    }
}

/// A connection that counts what it reads.
pub(crate) struct Guarded {
    connection: Box<dyn Connection>,
    head: Arc<Head>,
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.connection).poll_read(cx, buf))?;
        let fits = self.head.read(buf.filled().len() - before);
        Poll::Ready(if fits { Ok(()) } else { Err(io::Error::other("too many bytes of unfinished heads")) })
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }
}
