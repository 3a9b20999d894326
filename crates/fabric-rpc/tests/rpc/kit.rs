//! Servers on loopback, and a worker that does what the payload says.

use async_trait::async_trait;
use bytes::Bytes;
use fabric::Response;
use fabric::remote::{Remote, Served};
use fabric::stream::{self, FrameStream};
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerInvoke};
use fabric_rpc::{Expected, NodeRole, Peer, Roles, Server, Trust, Waits};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use types::limits::CHUNK_BYTES_MAX;
use world::World;

/// Longer than anything here takes, unless it hangs.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// A server that ends when it is told to, or dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn at(address: &str, roles: Roles) -> Self {
        Self::trusting(address, roles, Trust::Loopback).await
    }
    pub(crate) async fn trusting(address: &str, roles: Roles, trust: Trust) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(World::real(), roles, trust);
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let shutdown = async move { drop(ended.await) };
            server.serve(listener, shutdown, WAIT).await;
        });
        Self { address, end: Some(end), task }
    }
    pub(crate) async fn new(roles: Roles) -> Self {
        Self::at("127.0.0.1:0", roles).await
    }
    pub(crate) fn peer(&self) -> Arc<Peer> {
        peer(self.address)
    }
    /// No more calls; whoever waits for this waits for those in progress.
    pub(crate) fn end(&mut self) {
        drop(self.end.take());
    }
    pub(crate) async fn ended(mut self) {
        self.end();
        World::real().timeout(WAIT, self.task).await.unwrap().unwrap();
    }
}

pub(crate) fn peer(address: SocketAddr) -> Arc<Peer> {
    let expected = Expected::Role(NodeRole::Worker);
    Peer::new(World::real(), address.to_string(), Trust::Loopback, expected, Waits::default())
}

/// Does what the payload says, and tells what became of it.
#[derive(Default)]
pub(crate) struct Seen {
    /// An invocation arrived.
    pub(crate) invoked: Notify,
    /// A stream's reader, or a call's caller, went away.
    pub(crate) cancelled: Notify,
    /// `hold` and `late` go on.
    pub(crate) go: Notify,
    /// Chunks that `pour` got rid of.
    pub(crate) poured: AtomicUsize,
}

struct FakeWorker(Arc<Seen>);

pub(crate) fn worker() -> (Arc<Seen>, Roles) {
    let seen = Arc::new(Seen::default());
    let role: Arc<dyn WorkerInvoke> = Arc::new(FakeWorker(seen.clone()));
    (seen, Roles::default().with(Served::new(role)))
}

pub(crate) fn remote(peer: &Arc<Peer>) -> Arc<Remote<dyn WorkerInvoke>> {
    Remote::new(peer.clone())
}

/// An invocation with this payload; the rest is made up.
pub(crate) fn request(payload: impl Into<Bytes>) -> InvokeRequest {
    let (mut request, _) = testkit::made::make::<InvokeRequest>(0, 1, &mut testkit::made::Seen::new());
    request.invocation.payload = payload.into();
    request
}

pub(crate) fn response(payload: Bytes) -> InvokeFrame {
    InvokeFrame::Response(Response::Success { payload, content_type: None })
}

/// Tells when it is dropped before its call was answered.
struct Cancelled(Option<Arc<Seen>>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(seen) = &self.0 {
            seen.cancelled.notify_one();
        }
    }
}

#[async_trait]
impl WorkerInvoke for FakeWorker {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let seen = self.0.clone();
        seen.invoked.notify_one();
        let payload = request.invocation.payload;
        let (tx, rx) = stream::channel(1);
        match &payload[..] {
            b"refuse" => return Err(InvokeRefusal::Busy),
            b"late" => {
                let mut guard = Cancelled(Some(seen.clone()));
                seen.go.notified().await;
                guard.0 = None;
            }
            _ => {}
        }
        tokio::spawn(async move {
            if payload == "hold" {
                tx.send(InvokeFrame::Chunk(Bytes::from_static(b"begun"))).await.unwrap();
                tokio::select! {
                    () = seen.go.notified() => {}
                    () = tx.cancelled() => return seen.cancelled.notify_one(),
                }
            }
            let chunks_max = if payload == "pour" { u64::MAX } else { 0 };
            for _ in 0..chunks_max {
                let chunk = InvokeFrame::Chunk(Bytes::from(vec![7; CHUNK_BYTES_MAX]));
                if tx.send(chunk).await.is_err() {
                    return seen.cancelled.notify_one();
                }
                seen.poured.fetch_add(1, Ordering::SeqCst);
            }
            // Whoever asked may have gone.
            let _ = tx.send(response(payload)).await;
        });
        Ok(rx)
    }
}
