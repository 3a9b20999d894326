//! The calls of `fabric` between machines, over HTTP/2.
//!
//! ```text
//! Remote<dyn Role> ─► Peer (one connection, made again when it is lost) ┄ HTTP/2 ┄► Server ─► Served<dyn Role>
//! ```
//! A call is `POST /fabric/1/ROLE/CALL` with the message as its body. 200 says that the role took it; its body is the
//! answer, or, where the answer is a stream, frames with their lengths before them, the head first. Any other status
//! but 500 says that the role never saw the call. A broken connection says nothing, so the caller is told `sent`.
//!
//! Both ends of a call hold no queue: a slow reader fills its stream's HTTP/2 window and holds up its writer, and
//! nobody else, since a connection's window is as large as those of all its streams. A caller that goes away resets
//! its stream, and what the role was doing for it is dropped.

mod access;
pub mod certs;
mod client;
pub mod join;
mod server;
mod tls;
mod wire;

pub use access::{NodeRole, Party};
pub use client::{Peer, Waits};
pub use server::{Roles, Server};
pub use tls::{Expected, Identity, TlsError, Trust};

use fabric::remote::Call;
use std::time::Duration;
use types::limits;

/// Calls at the same time over one connection: more environments than one worker has.
pub const STREAMS_MAX: u32 = 2_048;
/// What a stream's reader has not asked for yet, bytes.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
/// All of them, so that no slow reader ever holds up another's stream.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = STREAMS_MAX * STREAM_WINDOW_BYTES;
/// One HTTP/2 frame: a chunk and its length fit in two.
pub(crate) const HTTP_FRAME_BYTES_MAX: u32 = 64 * 1024;
/// What is written ahead for one stream, bytes.
pub(crate) const SEND_BUFFER_BYTES_MAX: usize = 128 * 1024;
/// Size of a request's head: our own paths and two headers.
pub(crate) const HEAD_BYTES_MAX: u32 = 8 * 1024;
/// How often a silent connection is asked whether its other end is there, and how long for an answer is waited.
pub(crate) const ALIVE_EVERY: Duration = Duration::from_secs(5);
pub(crate) const ALIVE_WAIT_MAX: Duration = Duration::from_secs(5);

/// What is around a payload in a message: ids, ARNs, spans, headers.
const AROUND_BYTES: usize = 256 * 1024;
/// Messages of keys, bytes: a page of a thousand environments.
const KEYS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages that may hold a package or a page of log lines, bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = limits::ZIP_BYTES_MAX + AROUND_BYTES;
/// One frame of a stream, bytes: a whole response.
pub(crate) const FRAME_BYTES_MAX: usize = limits::RESPONSE_BYTES_MAX + AROUND_BYTES;

const _: () = assert!(CONNECTION_WINDOW_BYTES < 1 << 31, "HTTP/2's largest window");
const _: () = assert!(limits::REQUEST_BODY_BYTES_MAX + AROUND_BYTES < MESSAGE_BYTES_MAX);
const _: () = assert!(limits::CHUNK_BYTES_MAX + AROUND_BYTES < FRAME_BYTES_MAX);

/// The largest message of a call, bytes, one way or the other.
pub(crate) fn message_bytes_max(call: Call) -> usize {
    match call.role {
        "Control" | "Telemetry" | "Api" => MESSAGE_BYTES_MAX,
        "WorkerInvoke" => limits::PAYLOAD_BYTES_MAX + AROUND_BYTES,
        _ => KEYS_BYTES_MAX,
    }
}
