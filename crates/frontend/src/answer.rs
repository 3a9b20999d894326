//! An HTTP answer before it is on a wire: the listener turns it into hyper's, the door into `fabric::api`'s.

use bytes::Bytes;
use fabric::FrameStream;
use fabric::api::BodyFrame;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Status, headers, body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AnswerBody,
}

/// All of it, or as it comes.
pub(crate) enum AnswerBody {
    Whole(Bytes),
    /// Ends after `BodyFrame::End`; without it the connection is broken off, so that no client takes a part for all.
    Frames(FrameStream<BodyFrame>),
}

impl Answer {
    /// An answer without headers. A number that is no HTTP status becomes 500.
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: AnswerBody::Whole(body.into()),
        }
    }

    /// `application/json`.
    pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::typed(status, "application/json", body)
    }

    /// Any content type.
    pub(crate) fn typed(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::new(status, body);
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer
    }

    /// Sets a header; `name` is in lower case. A value that HTTP does not allow is left out.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// The stream broke off before its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct BrokenOff;

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Frames(frames) => frames.poll_next(cx).map(|frame| match frame {
                Some(BodyFrame::Data(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(BodyFrame::End) => None,
                None => Some(Err(BrokenOff)),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Frames(_) => SizeHint::default(),
        }
    }
}
