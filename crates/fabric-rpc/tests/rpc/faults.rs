//! What breaks between machines, and what each side is told.

use crate::kit::{self, Running, WAIT, remote, request, response};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::remote::{Answering, Call, Carrier, Garbled, Reply};
use fabric::worker::{InvokeFrame, InvokeRefusal, WorkerInvoke};
use fabric_rpc::{Expected, NodeRole, Peer, Roles, Trust, Waits};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use types::limits::{CHUNK_BYTES_MAX, PAYLOAD_BYTES_MAX};
use world::World;

const INVOKE: Call = Call { role: "WorkerInvoke", name: "invoke" };

/// `future`, which takes no time unless something hangs.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    World::real().timeout(WAIT, future).await.expect("it hangs")
}

/// A cable to `to`, which is cut when the handle is aborted.
async fn cable(to: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let carrying = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    (address, carrying)
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_an_answer_breaks_the_stream_off_and_cancels_the_worker() {
    let (seen, roles) = kit::worker();
    let server = Running::new(roles).await;
    let (address, carrying) = cable(server.address).await;
    let worker = remote(&kit::peer(address));
    let mut frames = soon(worker.invoke(request("hold"))).await.unwrap();
    assert_eq!(soon(frames.next()).await, Some(InvokeFrame::Chunk(Bytes::from_static(b"begun"))));
    carrying.abort();
    assert_eq!(soon(frames.next()).await, None, "no end came: it was broken off");
    assert_eq!(soon(frames.next()).await, None);
    soon(seen.cancelled.notified()).await;
}

#[tokio::test]
async fn a_connection_cut_before_the_head_is_no_refusal_since_user_code_may_have_seen_the_payload() {
    let (seen, roles) = kit::worker();
    let server = Running::new(roles).await;
    let (address, carrying) = cable(server.address).await;
    let peer = kit::peer(address);
    let worker = remote(&peer);
    let call = tokio::spawn(async move { worker.invoke(request("late")).await });
    soon(seen.invoked.notified()).await;
    carrying.abort();
    let mut frames = soon(call).await.unwrap().unwrap();
    assert_eq!(soon(frames.next()).await, None);
    soon(seen.cancelled.notified()).await;
}

#[tokio::test]
async fn a_worker_that_is_not_there_refuses_so_the_frontend_asks_again() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let peer = kit::peer(free);
    assert_eq!(soon(remote(&peer).invoke(request("x"))).await.err(), Some(InvokeRefusal::Gone));
    let lost = soon(peer.call(INVOKE, Bytes::new())).await.unwrap_err();
    assert!(!lost.sent && lost.reason.contains(&free.to_string()), "{lost:?}");
}

#[tokio::test]
async fn a_server_that_went_and_came_back_is_found_again() {
    let (_, roles) = kit::worker();
    let server = Running::new(roles).await;
    let address = server.address;
    let peer = server.peer();
    let worker = remote(&peer);
    let mut frames = soon(worker.invoke(request("one"))).await.unwrap();
    assert_eq!(soon(frames.next()).await, Some(response(Bytes::from_static(b"one"))));
    drop(frames);
    server.ended().await;
    assert_eq!(soon(worker.invoke(request("two"))).await.err(), Some(InvokeRefusal::Gone));
    let (_, roles) = kit::worker();
    let _server = Running::at(&address.to_string(), roles).await;
    let mut frames = soon(worker.invoke(request("three"))).await.unwrap();
    assert_eq!(soon(frames.next()).await, Some(response(Bytes::from_static(b"three"))));
}

#[tokio::test]
async fn a_server_that_ends_answers_what_is_in_progress_and_takes_nothing_more() {
    let (seen, roles) = kit::worker();
    let mut server = Running::new(roles).await;
    let (peer, address) = (server.peer(), server.address);
    let worker = remote(&peer);
    let mut frames = soon(worker.invoke(request("hold"))).await.unwrap();
    assert!(soon(frames.next()).await.is_some());
    server.end();
    // Its port closes first; then what is new finds nobody.
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(
        soon(kit::remote(&kit::peer(address)).invoke(request("x"))).await.err(),
        Some(InvokeRefusal::Gone)
    );
    seen.go.notify_one();
    assert_eq!(soon(frames.next()).await, Some(response(Bytes::from_static(b"hold"))));
    assert_eq!(soon(frames.next()).await, None);
    drop(frames);
    server.ended().await;
}

#[tokio::test]
async fn the_largest_payload_passes_and_a_larger_message_is_not_sent() {
    let (_, roles) = kit::worker();
    let server = Running::new(roles).await;
    let peer = server.peer();
    let worker = remote(&peer);
    let largest = Bytes::from(vec![b'x'; PAYLOAD_BYTES_MAX]);
    let mut frames = soon(worker.invoke(request(largest.clone()))).await.unwrap();
    assert_eq!(soon(frames.next()).await, Some(response(largest)));
    let lost = soon(peer.open(INVOKE, vec![0; PAYLOAD_BYTES_MAX + (1 << 20)].into())).await.unwrap_err();
    assert!(!lost.sent && lost.reason.contains("too large"), "{lost:?}");
}

#[tokio::test]
async fn a_server_refuses_a_message_that_is_too_large_whatever_its_sender_thinks() {
    let (_, roles) = kit::worker();
    let server = Running::new(roles).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for (length, status) in [(Some(1 << 30), 413), (None, 411)] {
        let uri = format!("http://{}/fabric/1/WorkerInvoke/invoke", server.address);
        let mut head = http::Request::post(uri);
        if let Some(length) = length {
            head = head.header("content-length", length);
        }
        let (answer, _body) = client.send_request(head.body(()).unwrap(), false).unwrap();
        assert_eq!(soon(answer).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn what_is_no_call_or_no_message_is_refused_before_the_role_sees_it() {
    let (_, roles) = kit::worker();
    let server = Running::new(roles).await;
    let peer = server.peer();
    let refused = |call, message: &'static [u8]| {
        let peer = peer.clone();
        async move { soon(peer.call(call, Bytes::from_static(message))).await.unwrap_err() }
    };
    let lost = refused(INVOKE, b"\xff\xff\xff").await;
    assert!(!lost.sent && lost.reason.contains("400"), "{lost:?}");
    for call in [Call { name: "other", ..INVOKE }, Call { role: "Other", ..INVOKE }] {
        let lost = refused(call, b"").await;
        assert!(!lost.sent && lost.reason.contains("404"), "{lost:?}");
    }
}

#[tokio::test]
async fn a_slow_reader_holds_up_its_own_writer_and_nobody_else() {
    /// Channel, window, what is written ahead on both sides: an eighth of what a writer could get rid of otherwise.
    const CHUNKS_AHEAD_MAX: usize = 40;
    let (seen, roles) = kit::worker();
    let server = Running::new(roles).await;
    let peer = server.peer();
    let worker = remote(&peer);
    let mut slow = Vec::new();
    for _ in 0..8 {
        slow.push(soon(worker.invoke(request("pour"))).await.unwrap());
    }
    let poured = seen.poured.load(Ordering::SeqCst);
    // On the same connection 20 MB pass, ...
    let mut quick = soon(worker.invoke(request("pour"))).await.unwrap();
    for _ in 0..320 {
        let chunk = soon(quick.next()).await.unwrap();
        assert!(matches!(chunk, InvokeFrame::Chunk(bytes) if bytes.len() == CHUNK_BYTES_MAX));
    }
    drop(quick);
    soon(seen.cancelled.notified()).await;
    // ... while each of the slow ones' writers stands still.
    let others = seen.poured.load(Ordering::SeqCst).saturating_sub(poured + 320);
    assert!(others < 9 * CHUNKS_AHEAD_MAX, "{others} chunks for nobody");
    for frames in &mut slow {
        assert!(soon(frames.next()).await.is_some());
    }
}

#[tokio::test]
async fn a_stream_dropped_reaches_the_worker_before_and_after_the_head() {
    let (seen, roles) = kit::worker();
    let server = Running::new(roles).await;
    let worker = remote(&server.peer());
    let frames = soon(worker.invoke(request("hold"))).await.unwrap();
    drop(frames);
    soon(seen.cancelled.notified()).await;
    let call = tokio::spawn({
        let worker = worker.clone();
        async move { worker.invoke(request("late")).await.map(drop) }
    });
    soon(seen.invoked.notified()).await; // of `hold`
    soon(seen.invoked.notified()).await;
    call.abort();
    soon(seen.cancelled.notified()).await;
    assert_eq!(soon(worker.invoke(request("refuse"))).await.err(), Some(InvokeRefusal::Busy));
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_given_up_and_may_have_seen_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let waits = Waits { answer: Duration::from_millis(200), ..Waits::default() };
    let address = listener.local_addr().unwrap().to_string();
    let expected = Expected::Role(NodeRole::Worker);
    let peer = Peer::new(World::real(), address, Trust::Loopback, expected, waits);
    let lost = soon(peer.call(INVOKE, Bytes::new())).await.unwrap_err();
    assert!(lost.sent && lost.reason.contains("in time"), "{lost:?}");
}

/// A role whose answer is no answer: it panics, or says something that can not travel.
struct Broken;

#[async_trait]
impl Answering for Broken {
    fn calls(&self) -> &'static [Call] {
        &[Call { role: "Broken", name: "panic" }, Call { role: "Broken", name: "answer" }]
    }
    async fn answer(&self, call: &str, _: Bytes) -> Result<Reply, Garbled> {
        assert_ne!(call, "panic", "on purpose");
        Err(Garbled::Answer)
    }
}

#[tokio::test]
async fn a_role_that_broke_on_a_call_has_seen_it_and_serves_the_next() {
    let server = Running::new(Roles::default().with(Arc::new(Broken))).await;
    let peer = server.peer();
    for name in ["panic", "answer", "panic"] {
        let lost = soon(peer.call(Call { role: "Broken", name }, Bytes::new())).await.unwrap_err();
        assert!(lost.sent, "{lost:?}");
    }
}
