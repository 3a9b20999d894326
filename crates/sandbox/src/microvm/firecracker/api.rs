//! The conversation with one Firecracker over its API socket.
//!
//! ```text
//!  absent ──socket appears, connect──▶ idle ──request──▶ asking ──whole answer──▶ idle
//!                                        ▲                 │
//!                                        └──── connect ────┴── error, dropped future: the connection is let go
//! ```
//!
//! HTTP/1.1 as far as Firecracker speaks it: one question at a time, `Content-Length` or no body. Firecracker stands
//! between a hostile guest and the host, so its answers are taken as hostile too: head and body are bounded, and what is
//! not understood is an error. No connection outlives a question that was not answered whole, or the next question
//! would read this one's answer.

use crate::BootError;
use crate::microvm::vmm::console::plain;
use serde::Serialize;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use world::World;

/// The socket's name in the machine's channel folder.
pub(super) const SOCKET: &str = "api.sock";
/// Longest head of an answer: Firecracker's are about 150 bytes.
const HEAD_BYTES_MAX: usize = 4 * 1024;
/// Longest body: the largest that is asked for is the machine's whole configuration.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// So much of what Firecracker says about an error is passed on.
const REASON_CHARS_MAX: usize = 600;
/// Questions that Firecracker answers at once.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How often the folder is looked into until the socket is there and listens: a bind has an event, a listen has none.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// One Firecracker's API.
pub(super) struct Api {
    /// The folder with the socket. Its path may be longer than a socket's address may be: it is reached by descriptor.
    folder: Arc<File>,
    connection: Mutex<Option<UnixStream>>,
    world: World,
}

/// Why a question has no good answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// Firecracker refused, with its reason.
    #[error("Firecracker refused ({status}): {reason}")]
    Refused { status: u16, reason: String },
    /// No, or no understandable, answer.
    #[error("Firecracker's API: {0}")]
    Io(#[from] io::Error),
    #[error("Firecracker did not answer within {0} s")]
    Late(u64),
}

impl ApiError {
    /// With the step that failed, for the operator's log.
    pub(super) fn at(self, step: &'static str) -> BootError {
        BootError::Host { step, reason: self.to_string() }
    }
}

impl Api {
    pub(super) fn new(folder: Arc<File>, world: World) -> Self {
        Self { folder, connection: Mutex::new(None), world }
    }

    /// Until the socket listens.
    pub(super) async fn ready(&self, limit: Duration) -> Result<(), ApiError> {
        let connected = async {
            loop {
                match self.connect().await {
                    Ok(stream) => return stream,
                    Err(_) => self.world.clock.sleep(LOOK_AGAIN).await,
                }
            }
        };
        let stream = self.world.timeout(limit, connected).await.ok_or(ApiError::Late(limit.as_secs()))?;
        *self.connection.lock().await = Some(stream);
        Ok(())
    }

    pub(super) async fn put(&self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        self.ask("PUT", path, Some(encode(body)?), ANSWER_TIME).await.map(drop)
    }

    pub(super) async fn patch(&self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        self.ask("PATCH", path, Some(encode(body)?), ANSWER_TIME).await.map(drop)
    }

    /// For what takes as long as a disk takes.
    pub(super) async fn put_within(
        &self,
        limit: Duration,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(), ApiError> {
        self.ask("PUT", path, Some(encode(body)?), limit).await.map(drop)
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let body = self.ask("GET", path, None, ANSWER_TIME).await?;
        Ok(serde_json::from_slice(&body).map_err(|error| garbage(&error.to_string()))?)
    }

    async fn connect(&self) -> io::Result<UnixStream> {
        let (_held, path) = super::socket_itself(&self.folder, SOCKET)?;
        UnixStream::connect(path).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Vec<u8>, ApiError> {
        let mut connection = self.connection.lock().await;
        // Taken out: if this future is dropped half-way, the connection goes with it.
        let taken = connection.take();
        let asking = async {
            let mut stream = match taken {
                Some(stream) => stream,
                None => self.connect().await?,
            };
            stream.write_all(&request(method, path, body.as_deref())).await?;
            let (status, body) = answer(&mut stream).await?;
            io::Result::Ok((stream, status, body))
        };
        let answered = self.world.timeout(limit, asking).await;
        let (stream, status, body) = answered.ok_or(ApiError::Late(limit.as_secs()))??;
        *connection = Some(stream);
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(ApiError::Refused { status, reason: reason(&body) })
    }
}

fn encode(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    Ok(serde_json::to_vec(body).map_err(io::Error::from)?)
}

fn request(method: &str, path: &str, body: Option<&[u8]>) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n");
    let mut bytes = head.into_bytes();
    if let Some(body) = body {
        let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        bytes.extend_from_slice(length.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.unwrap_or_default());
    bytes
}

/// Status and body of one answer; nothing after it is read.
async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<(u16, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(512);
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if bytes.len() > HEAD_BYTES_MAX {
            return Err(garbage("the head of an answer is too long"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let body = bytes.split_off(head_length);
    let (status, length) = head(&bytes)?;
    if length > BODY_BYTES_MAX || body.len() > length {
        return Err(garbage("the body of an answer is not as long as it may be"));
    }
    let mut whole = body;
    let got = whole.len();
    whole.resize(length, 0);
    let (_, rest) = whole.split_at_mut(got);
    stream.read_exact(rest).await?;
    Ok((status, whole))
}

/// Status and length of the body.
fn head(bytes: &[u8]) -> io::Result<(u16, usize)> {
    let text = std::str::from_utf8(bytes).map_err(|_| garbage("the head of an answer is no text"))?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|line| line.split(' ').nth(1))
        .filter(|digits| digits.len() == 3)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| garbage("an answer begins with no status"))?;
    let mut length = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            let number = value.trim().parse().map_err(|_| garbage("a length is no number"))?;
            if length.replace(number).is_some() {
                return Err(garbage("an answer has two lengths"));
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(garbage("an answer in pieces"));
        }
    }
    Ok((status, length.unwrap_or(0)))
}

fn garbage(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Firecracker's own words for an error, bounded and on one line.
fn reason(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Fault {
        fault_message: String,
    }
    let text = match serde_json::from_slice::<Fault>(body) {
        Ok(fault) => fault.fault_message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    plain(&text, REASON_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(bytes: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        answer(&mut io::Cursor::new(bytes.to_vec())).await
    }

    #[tokio::test]
    async fn an_answer_without_a_body_is_read_to_its_empty_line() {
        let bytes = b"HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(answered(bytes).await.unwrap(), (204, Vec::new()));
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_the_head_says() {
        let bytes = b"HTTP/1.1 400 \r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nabcd";
        assert_eq!(answered(bytes).await.unwrap(), (400, b"abcd".to_vec()));
        let short = b"HTTP/1.1 400 \r\nContent-Length: 5\r\n\r\nabcd";
        assert_eq!(answered(short).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        let long = format!("HTTP/1.1 200 \r\nX: {}\r\n\r\n", "y".repeat(2 * HEAD_BYTES_MAX));
        let large = format!("HTTP/1.1 200 \r\nContent-Length: {}\r\n\r\n", BODY_BYTES_MAX + 1);
        let cases: [&[u8]; 9] = [
            b"",
            b"\r\n\r\n",
            b"HTTP/1.1 2x4 \r\n\r\n",
            b"HTTP/1.1 204 \r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 204 \r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 204 \r\n\r\nmore than was said",
            long.as_bytes(),
            large.as_bytes(),
        ];
        for bytes in cases {
            let answer = answered(bytes).await;
            assert!(answer.is_err(), "{:?} for {:?}", answer, String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn firecrackers_own_words_are_passed_on_and_bounded() {
        assert_eq!(reason(br#"{"fault_message":"Invalid\nrequest"}"#), "Invalid request");
        assert_eq!(reason(b"plain"), "plain");
        assert_eq!(reason("\u{e9}".repeat(5_000).as_bytes()).chars().count(), REASON_CHARS_MAX);
    }
}
