//! Moves bytes between a link's books and the machine's channel: the one task that reads and writes it.
//!
//! ```text
//!  wake ──▶ write all that waits (one call for a burst) ──▶ read what came, tell the books ──▶ again, until neither moves
//! ```
//!
//! Two buffers change places: words are queued into one while the other is on its way, so writers never wait for a system
//! call. Whatever ends this task ends the link.

use super::{Broken, LinkError, Shared};
use crate::Connection;
use guest_protocol::frame::Decoder;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Turns before other tasks of this thread get theirs, each of 64 KiB at most.
const TURNS: usize = 16;
/// A buffer that grew beyond this is given back once it is sent.
const SENDING_KEPT: usize = 64 * 1024;

pub(super) struct Driver {
    shared: Arc<Shared>,
    stream: Box<dyn Connection>,
    decoder: Decoder,
    sending: Vec<u8>,
    sent: usize,
    /// Something was written that was not flushed.
    unflushed: bool,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, stream: Box<dyn Connection>) -> Self {
        let (decoder, sending) = (Decoder::default(), Vec::new());
        Self { shared, stream, decoder, sending, sent: 0, unflushed: false }
    }

    /// Until the link is over; the books know why.
    pub(super) async fn run(mut self) {
        let why = std::future::poll_fn(|cx| self.poll(cx)).await;
        self.shared.end(why);
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<LinkError> {
        for _ in 0..TURNS {
            let step = match self.poll_send(cx) {
                Poll::Ready(Err(why)) => return Poll::Ready(why),
                sends => (sends, self.poll_receive(cx)),
            };
            match step {
                (_, Poll::Ready(Err(why))) => return Poll::Ready(why),
                (Poll::Pending, Poll::Pending) => return Poll::Pending,
                _ => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready after a write; pending when all is sent, or as much as the machine takes.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        if self.sent == self.sending.len() {
            if self.sending.capacity() > SENDING_KEPT {
                self.sending = Vec::new();
            }
            self.sent = 0;
            let over = self.shared.with(|books| {
                books.sendable(&mut self.sending);
                books.driver = Some(cx.waker().clone());
                books.over.clone()
            });
            if let Some(over) = over {
                return Poll::Ready(Err(over));
            }
        }
        if self.sending.is_empty() {
            if self.unflushed {
                ready!(Pin::new(&mut self.stream).poll_flush(cx)).map_err(lost)?;
                self.unflushed = false;
            }
            return Poll::Pending;
        }
        match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.sending[self.sent..])).map_err(lost)? {
            0 => Poll::Ready(Err(LinkError::Gone)),
            bytes => {
                (self.sent, self.unflushed) = (self.sent + bytes, true);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Ready after a read.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        let mut into = ReadBuf::new(self.decoder.space());
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut into)).map_err(lost)?;
        let bytes = into.filled().len();
        if bytes == 0 {
            return Poll::Ready(Err(LinkError::Gone));
        }
        self.decoder.filled(bytes);
        let decoder = &mut self.decoder;
        self.shared.with(|books| {
            while let Some(body) = decoder.next().map_err(Broken::Frame)? {
                books.heard(body)?;
            }
            Poll::Ready(Ok(()))
        })
    }
}

/// Also when the task is aborted, or panics.
impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(LinkError::Gone);
    }
}

fn lost(error: io::Error) -> LinkError {
    tracing::debug!(%error, "the channel to a guest broke");
    LinkError::Gone
}
