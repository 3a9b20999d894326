//! What both ends agree on: paths, and frames with their lengths before them.

use crate::FRAME_BYTES_MAX;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use fabric::remote::Call;
use fabric::stream::{FrameStream, Pull};
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::rt::TokioTimer;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;
use world::World;

/// Changes when messages do in a way that the other version would misread.
const PREFIX: &str = "/fabric/1/";
/// A frame's length, big endian.
const LENGTH_BYTES: usize = 4;
/// Frames up to this size are copied behind their length, larger ones sent as they are.
const COPIED_BYTES_MAX: usize = 16 * 1024;

/// The role has seen the call and there is no answer all the same. Any other status but 200: it has not.
pub(crate) const TAKEN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

pub(crate) fn path(call: Call) -> String {
    format!("{PREFIX}{}/{}", call.role, call.name)
}

/// Role and call of a path.
pub(crate) fn parse(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(PREFIX)?.split_once('/')
}

/// HTTP/2's timers are pings: a peer that is gone is noticed, nothing is decided by them.
pub(crate) fn timer() -> TokioTimer {
    TokioTimer::new()
}

/// Tasks of a connection, by the world.
#[derive(Clone)]
pub(crate) struct Tasks(pub(crate) World);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, future: F) {
        self.0.spawn("rpc stream", future);
    }
}

/// An answer on its way out.
pub(crate) enum Answer {
    /// One message, or a refusal's words.
    Whole(Option<Bytes>),
    Frames {
        /// The head, not sent yet; then the rest of a frame whose length has gone.
        next: Option<Bytes>,
        rest: Option<Bytes>,
        frames: FrameStream<Bytes>,
    },
}

impl Answer {
    fn framed(frame: Bytes, rest: &mut Option<Bytes>) -> Bytes {
        let copied = frame.len() <= COPIED_BYTES_MAX;
        let mut out = BytesMut::with_capacity(LENGTH_BYTES + if copied { frame.len() } else { 0 });
        // Longer ones do not exist: payloads are bounded where they come in. The reader would break off.
        out.put_u32(u32::try_from(frame.len()).unwrap_or(u32::MAX));
        if copied {
            out.put(frame);
        } else {
            *rest = Some(frame);
        }
        out.freeze()
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Self::Whole(bytes) => bytes.take(),
            Self::Frames { next, rest, frames } => {
                if let Some(bytes) = rest.take() {
                    Some(bytes)
                } else if let Some(head) = next.take() {
                    Some(Self::framed(head, rest))
                } else {
                    ready!(frames.poll_next(cx)).map(|frame| Self::framed(frame, rest))
                }
            }
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Frames { .. } => SizeHint::default(),
        }
    }
}

/// Frames on their way in, pulled off the connection as they are asked for.
pub(crate) struct Frames {
    /// `None` once it has ended or broken.
    body: Option<Incoming>,
    /// Of the frame that is being read, its length included.
    read: BytesMut,
    /// Of the connection's calls, one.
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Frames {
    pub(crate) fn new(body: Incoming, permit: Arc<OwnedSemaphorePermit>) -> Self {
        Self { body: Some(body), read: BytesMut::new(), _permit: permit }
    }

    /// A whole frame, if it has been read; `Err` where one is longer than any may be.
    fn whole(&mut self) -> Result<Option<Bytes>, ()> {
        let Some(length) = self.read.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(());
        }
        if self.read.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        self.read.advance(LENGTH_BYTES);
        Ok(Some(self.read.split_to(length).freeze()))
    }
}

impl Pull<Bytes> for Frames {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match self.whole() {
                Ok(Some(frame)) => return Poll::Ready(Some(frame)),
                Ok(None) => {}
                Err(()) => {
                    tracing::warn!("a frame that is longer than any may be: the stream is broken off");
                    self.body = None;
                    self.read.clear();
                }
            }
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(part)) => {
                    if let Ok(data) = part.into_data() {
                        self.read.extend_from_slice(&data);
                    }
                }
                ended => {
                    if let Some(Err(error)) = ended {
                        tracing::debug!(%error, "a stream broke off");
                    }
                    self.body = None;
                    self.read.clear();
                }
            }
        }
    }
}
