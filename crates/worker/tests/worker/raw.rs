//! Speaks the Runtime API over raw sockets, in place of a runtime that only sleeps.

use crate::double::{OnHost, on_host_in};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use world::World;

/// Of the first invocation.
pub(crate) const ID: &str = "00000000-0000-0000-0000-000000000001";

/// An environment that waits for a runtime to speak.
pub(crate) async fn silent(change: impl FnOnce(&mut worker::Settings)) -> (OnHost, SocketAddr) {
    silent_in(World::real(), change).await
}

pub(crate) async fn silent_in(
    world: World,
    change: impl FnOnce(&mut worker::Settings),
) -> (OnHost, SocketAddr) {
    let kit = on_host_in(world, &[], |config, settings| {
        config.runtime = "idle".into();
        change(settings);
    });
    kit.start().await;
    let address = loop {
        if let Some(address) = *kit.sandbox.runtime_api.lock().unwrap() {
            break address;
        }
        tokio::task::yield_now().await;
    };
    (kit, address)
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends bytes and reads one answer: status line, headers and as much body as its length says.
pub(crate) async fn say(stream: &mut TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    hear(stream).await
}

pub(crate) async fn hear(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = async {
        loop {
            let mut byte = [0];
            if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                return;
            }
            answer.push(byte[0]);
            let text = String::from_utf8_lossy(&answer).to_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::kit::WAIT, read).await.expect("an answer comes");
    String::from_utf8(answer).unwrap()
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";

/// The head of a streamed answer to the first invocation; chunks follow.
pub(crate) fn stream_head() -> Vec<u8> {
    let path = format!("/2018-06-01/runtime/invocation/{ID}/response");
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}
