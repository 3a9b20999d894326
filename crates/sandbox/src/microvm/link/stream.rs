//! Our ends of the streams: what the worker reads from and writes to.
//!
//! What had come before a poll is there at that poll, and what is written is queued for the link's task by the time the
//! poll answers: a small answer costs no second wake. A reader that does not read stops its own stream only.

use super::Shared;
use super::books::Books;
use bytes::{Buf, BytesMut};
use guest_protocol::credit::{Receiving, Sending};
use guest_protocol::frame;
use guest_protocol::messages::{StreamId, ToGuest};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A reader's buffer that grew beyond this is given back when it is empty.
const INBOX_KEPT: usize = 64 * 1024;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    FromGuest,
    ToGuest,
    Both,
}

/// What the link knows of one.
pub(super) struct Stream {
    pub(super) flow: Flow,
    pub(super) sending: Sending,
    pub(super) receiving: Receiving,
    pub(super) inbox: BytesMut,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    /// Words about it may still go over the wire.
    pub(super) open: bool,
    /// Somebody has its handle.
    pub(super) held: bool,
    /// Somebody had, and nobody will read what comes.
    pub(super) abandoned: bool,
    /// By the guest.
    pub(super) reset: bool,
    pub(super) owes_end: bool,
    pub(super) owes_reset: bool,
}

impl Stream {
    pub(super) fn new(flow: Flow, held: bool) -> Self {
        Self {
            flow,
            sending: if flow == Flow::FromGuest { Sending::never() } else { Sending::default() },
            receiving: if flow == Flow::ToGuest { Receiving::never() } else { Receiving::default() },
            inbox: BytesMut::new(),
            reader: None,
            writer: None,
            open: true,
            held,
            abandoned: false,
            reset: false,
            owes_end: false,
            owes_reset: false,
        }
    }

    /// Both directions have ended, and everything about it has been said.
    pub(super) fn is_through(&self) -> bool {
        self.sending.ended() && !self.owes_end && self.receiving.ended()
    }
}

/// The handle: [`AsyncRead`] and [`AsyncWrite`], each meaningful where the stream's flow has it.
pub(crate) struct Handle {
    shared: Arc<Shared>,
    id: StreamId,
}

impl Handle {
    pub(super) fn new(shared: &Arc<Shared>, id: StreamId) -> Self {
        Self { shared: shared.clone(), id }
    }
}

impl AsyncRead for Handle {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|books| books.poll_read(self.id, cx, into))
    }
}

impl AsyncWrite for Handle {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.shared.with(|books| books.poll_write(self.id, cx, &[io::IoSlice::new(bytes)]))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.shared.with(|books| books.poll_write(self.id, cx, pieces))
    }

    /// An answer's head and body become one word.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.with(|books| books.finish(self.id));
        Poll::Ready(Ok(()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.with(|books| books.release(self.id));
    }
}

impl Books {
    fn poll_read(&mut self, id: StreamId, cx: &Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = self.streams.get_mut(&id) else { return Poll::Ready(Err(gone(&self.over))) };
        let bytes = stream.inbox.len().min(into.remaining());
        if bytes > 0 {
            into.put_slice(&stream.inbox[..bytes]);
            stream.inbox.advance(bytes);
            if stream.inbox.is_empty() && stream.inbox.capacity() > INBOX_KEPT {
                stream.inbox = BytesMut::new();
            }
            stream.receiving.taken(bytes);
            if stream.open && stream.receiving.owes() {
                self.owes(id);
            }
            return Poll::Ready(Ok(()));
        }
        if into.remaining() == 0 || stream.receiving.ended() {
            return Poll::Ready(Ok(()));
        }
        if stream.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.killed && id.0.is_multiple_of(2) {
            return Poll::Ready(Ok(()));
        }
        if self.over.is_some() {
            return Poll::Ready(Err(gone(&self.over)));
        }
        keep(&mut stream.reader, cx);
        Poll::Pending
    }

    fn poll_write(
        &mut self,
        id: StreamId,
        cx: &Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let has_room = self.has_room();
        let Some(stream) = self.streams.get_mut(&id) else { return Poll::Ready(Err(gone(&self.over))) };
        if stream.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.over.is_some() {
            return Poll::Ready(Err(gone(&self.over)));
        }
        if stream.sending.ended() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let wanted: usize = pieces.iter().map(|piece| piece.len()).sum();
        let bytes = wanted.min(stream.sending.room());
        if bytes == 0 && wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        if bytes == 0 || !has_room {
            keep(&mut stream.writer, cx);
            if !has_room {
                self.wait_for_room();
            }
            return Poll::Pending;
        }
        let queued =
            stream.sending.sent(bytes).map_err(io::Error::other).and_then(|()| {
                frame::data_head::<ToGuest>(id, bytes, &mut self.out).map_err(io::Error::other)
            });
        if let Err(error) = queued {
            return Poll::Ready(Err(error));
        }
        let mut left = bytes;
        for piece in pieces {
            let part = &piece[..piece.len().min(left)];
            self.out.extend_from_slice(part);
            left -= part.len();
        }
        self.wakes.extend(self.driver.take());
        Poll::Ready(Ok(bytes))
    }

    /// Our side says no more bytes.
    fn finish(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.open && !stream.sending.ended() {
            stream.sending.end();
            stream.owes_end = true;
            self.owes(id);
        }
    }

    /// Its handle is dropped.
    fn release(&mut self, id: StreamId) {
        let over = self.over.is_some();
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.held = false;
        (stream.reader, stream.writer) = (None, None);
        if over || !stream.open {
            self.streams.remove(&id);
            return;
        }
        // As a socket that is closed: what was written still goes out, unless something that came will never be read.
        let unread = !stream.inbox.is_empty();
        stream.inbox = BytesMut::new();
        if stream.flow == Flow::FromGuest || unread {
            stream.owes_reset = true;
            self.owes(id);
        } else {
            stream.abandoned = true;
            self.finish(id);
        }
    }
}

fn keep(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

fn gone(over: &Option<super::LinkError>) -> io::Error {
    let reason = over.as_ref().map_or_else(|| "the stream is closed".to_owned(), ToString::to_string);
    io::Error::new(io::ErrorKind::NotConnected, reason)
}
