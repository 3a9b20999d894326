//! The machine protocol of QEMU, as far as it is used here.
//!
//! ```text
//!  (connected) ──greeting, qmp_capabilities──▶ Ready ──command──▶ Asked ──return, error──▶ Ready
//!                                                         └── ends, garbage, a command given up half written ──▶ Broken
//! ```
//!
//! One line is one JSON object, bounded. One command is on its way at a time; what the machine tells in between (events)
//! is looked at by those who wait for one. The other end is taken as hostile: a guest that broke out of its machine
//! speaks here.

use crate::microvm::vmm::console::plain;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;

/// Longest line: the answer to `query-balloon` and the like has hundreds of bytes, an event about as many.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Events that are kept for who may wait for one.
const EVENTS_MAX: usize = 64;
/// So much of what QEMU says about an error is passed on.
const REASON_CHARS_MAX: usize = 600;
/// Most lines that are read while one answer is waited for.
const LINES_MAX: usize = 10_000;

/// The conversation with one machine.
pub(super) struct Qmp {
    socket: UnixStream,
    /// Read, and not yet a whole line.
    buffer: Vec<u8>,
    next: u64,
    /// Told while an answer was waited for; the oldest go if nobody asks.
    events: VecDeque<Event>,
    /// A command was given up while it was written: the rest of it would be taken for another.
    broken: bool,
}

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum QmpError {
    #[error("{0}")]
    Refused(String),
    #[error("QEMU's control channel: {0}")]
    Io(#[from] io::Error),
}

fn garbage(what: &str) -> QmpError {
    QmpError::Io(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()))
}

/// Something that the machine told unasked.
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: Value,
}

impl Qmp {
    /// Reads the greeting and agrees on what is spoken; with the version that it names.
    pub(super) async fn open(socket: UnixStream) -> Result<(Self, (u64, u64, u64)), QmpError> {
        let mut this = Self { socket, buffer: Vec::new(), next: 0, events: VecDeque::new(), broken: false };
        let greeting = this.line().await?;
        let version = &greeting["QMP"]["version"]["qemu"];
        let number = |name: &str| version[name].as_u64().ok_or_else(|| garbage("no greeting"));
        let version = (number("major")?, number("minor")?, number("micro")?);
        this.ask("qmp_capabilities", json!({})).await?;
        Ok((this, version))
    }

    /// Says a command and waits for its answer.
    pub(super) async fn ask(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.ask_with(command, arguments, None).await
    }

    /// Hands over a descriptor; commands that follow know it by this name.
    pub(super) async fn give(&mut self, name: &str, fd: BorrowedFd<'_>) -> Result<(), QmpError> {
        self.ask_with("getfd", json!({ "fdname": name }), Some(fd)).await.map(drop)
    }

    /// Hands over a descriptor as a set of its own, `/dev/fdset/ID`; its number over there.
    pub(super) async fn give_set(&mut self, id: u32, fd: BorrowedFd<'_>) -> Result<i64, QmpError> {
        let given = self.ask_with("add-fd", json!({ "fdset-id": id }), Some(fd)).await?;
        given["fd"].as_i64().ok_or_else(|| garbage("no number"))
    }

    async fn ask_with(
        &mut self,
        command: &str,
        arguments: Value,
        fd: Option<BorrowedFd<'_>>,
    ) -> Result<Value, QmpError> {
        self.next += 1;
        let id = self.next;
        let mut text = json!({ "execute": command, "arguments": arguments, "id": id }).to_string();
        text.push('\n');
        self.write(text.as_bytes(), fd).await?;
        for _ in 0..LINES_MAX {
            let mut line = self.line().await?;
            if let Some(event) = event_of(&mut line) {
                if self.events.len() >= EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back(event);
                continue;
            }
            // The answer to a command whose asker stopped waiting.
            if line["id"].as_u64() != Some(id) {
                continue;
            }
            if let Some(error) = line.get("error") {
                let why = error["desc"].as_str().unwrap_or("no reason given");
                return Err(QmpError::Refused(format!("{command}: {}", plain(why, REASON_CHARS_MAX))));
            }
            return Ok(line["return"].take());
        }
        Err(garbage("it does not answer, but talks"))
    }

    /// What was told so far is of no interest.
    pub(super) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// The next event that `wanted` makes something of.
    pub(super) async fn wait_for<T>(
        &mut self,
        mut wanted: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, QmpError> {
        while let Some(event) = self.events.pop_front() {
            if let Some(found) = wanted(&event) {
                return Ok(found);
            }
        }
        for _ in 0..LINES_MAX {
            let mut line = self.line().await?;
            if let Some(found) = event_of(&mut line).and_then(|event| wanted(&event)) {
                return Ok(found);
            }
        }
        Err(garbage("it talks without an end"))
    }

    async fn write(&mut self, mut bytes: &[u8], mut fd: Option<BorrowedFd<'_>>) -> Result<(), QmpError> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(garbage("an earlier command was given up half written"));
        }
        while !bytes.is_empty() {
            let sent =
                self.socket.async_io(Interest::WRITABLE, || send(self.socket.as_fd(), bytes, fd)).await?;
            // It rode with the first byte.
            fd = None;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        self.broken = false;
        Ok(())
    }

    /// The next line, whole. Nothing is lost if the caller stops waiting.
    async fn line(&mut self) -> Result<Value, QmpError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                return serde_json::from_slice(&line).map_err(|error| garbage(&error.to_string()));
            }
            if self.buffer.len() >= LINE_BYTES_MAX {
                return Err(garbage("a line too long"));
            }
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(QmpError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

fn event_of(line: &mut Value) -> Option<Event> {
    let name = line["event"].as_str()?.to_owned();
    Some(Event { name, data: line["data"].take() })
}

fn send(socket: BorrowedFd<'_>, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let rights = fd.map(|fd| [fd]);
    if let Some(rights) = &rights {
        ancillary.push(SendAncillaryMessage::ScmRights(rights));
    }
    Ok(rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    const GREETING: &str = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": []}}\r\n";

    async fn answered(lines: &str) -> (Qmp, UnixStream) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(GREETING.as_bytes()).await.unwrap();
        theirs.write_all(b"{\"return\": {}, \"id\": 1}\r\n").await.unwrap();
        theirs.write_all(lines.as_bytes()).await.unwrap();
        let (qmp, version) = Qmp::open(ours).await.unwrap();
        assert_eq!(version, (7, 2, 22));
        (qmp, theirs)
    }

    #[tokio::test]
    async fn an_answer_is_found_among_events_and_late_answers() {
        let lines =
            "{\"event\": \"STOP\"}\r\n{\"return\": 5, \"id\": 1}\r\n{\"return\": {\"a\": 7}, \"id\": 2}\r\n";
        let (mut qmp, _theirs) = answered(lines).await;
        assert_eq!(qmp.ask("query-x", json!({})).await.unwrap()["a"], 7);
    }

    #[tokio::test]
    async fn a_refusal_carries_its_reason() {
        let (mut qmp, _theirs) =
            answered("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such device\"}, \"id\": 2}\n")
                .await;
        let error = qmp.ask("device_del", json!({})).await.unwrap_err();
        assert_eq!(error.to_string(), "device_del: no such device");
    }

    #[tokio::test]
    async fn a_line_without_an_end_and_garbage_are_refused() {
        let (mut qmp, mut theirs) = answered("").await;
        let endless = tokio::join!(
            async {
                let _ = theirs.write_all(&vec![b'x'; LINE_BYTES_MAX + 1]).await;
                drop(theirs);
            },
            qmp.ask("stop", json!({}))
        );
        assert!(endless.1.is_err());
        let (mut qmp, _theirs) = answered("not json\n").await;
        assert!(qmp.ask("stop", json!({})).await.is_err());
    }

    #[tokio::test]
    async fn an_event_is_waited_for_by_name() {
        let (mut qmp, _theirs) = answered(
            "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"setup\"}}\n\
             {\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\n",
        )
        .await;
        let done = |event: &Event| (event.data["status"] == "completed").then(|| event.name.clone());
        assert_eq!(qmp.wait_for(done).await.unwrap(), "MIGRATION");
    }
}
