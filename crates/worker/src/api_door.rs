//! An environment's own door to the Lambda API: carries bytes between user code and the `Api` role.
//!
//! Bounded here: the body by what its operation may have, by time, and by memory ([`body`]). A body over its bound is cut one
//! byte past it, so that `frontend`, which alone words AWS's errors, sees that it is too large. A request that does not even
//! claim this environment's credentials is handed on without its body, which is not read: it is refused whatever it says.

pub(crate) mod body;

use crate::heads::{self, Heads};
use crate::keys::Keys;
use body::{Budget, ReadError};
use bytes::Bytes;
use fabric::FrameStream;
use fabric::api::{Api, ApiRequest, ApiResponse, BodyFrame, ScopedCredentials};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use types::limits::{CREATE_BODY_BYTES_MAX, PAYLOAD_BYTES_MAX, REQUEST_BODY_BYTES_MAX};
use world::World;

/// What the door's connections share.
pub(crate) struct ApiDoor {
    api: Arc<dyn Api>,
    keys: Arc<Keys>,
    /// Memory for bodies: this environment's, and that of all.
    own: Budget,
    all: Budget,
    world: World,
    heads: Arc<Heads>,
}

impl ApiDoor {
    pub(crate) fn new(world: World, api: Arc<dyn Api>, keys: Arc<Keys>, all: Budget) -> Arc<Self> {
        Arc::new(Self { api, keys, own: Budget::of_one(), all, world, heads: Arc::default() })
    }

    pub(crate) async fn serve(self: Arc<Self>, connection: Box<dyn sandbox::Connection>) {
        let (connection, head) = heads::guard(&self.world, &self.heads, connection);
        let requests = Arc::clone(&head);
        let service = hyper::service::service_fn(move |request| {
            let (door, request_is_read) = (Arc::clone(&self), requests.begin());
            async move {
                let answer = door.call(request).await;
                drop(request_is_read);
                answer
            }
        });
        let http = hyper::server::conn::http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(connection), service);
        if let Err(error) = head.in_time(http).await {
            tracing::debug!(%error, "a connection of the Lambda API door broke");
        }
    }

    async fn call(&self, request: Request<Incoming>) -> Result<Response<Carried>, io::Error> {
        let (head, body) = request.into_parts();
        let claimed = self.claimed(&head);
        let (body, memory) = if claimed.is_some() {
            let limit = body_bytes_max(head.method.as_str(), head.uri.path());
            match body::read(&self.world, [&self.own, &self.all], body, limit).await {
                Ok(held) => held.take(),
                Err(ReadError::Busy) => return busy(),
                Err(ReadError::Broken) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        } else {
            (Bytes::new(), Vec::new())
        };
        let headers = head.headers.iter();
        let request = ApiRequest {
            credentials: claimed.unwrap_or_else(|| self.keys.current().0),
            method: head.method.as_str().to_owned(),
            uri: head.uri.to_string(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
                .collect(),
            body,
        };
        let answer = self.api.call(request).await;
        drop(memory);
        response(answer)
    }

    /// This environment's credentials that it says signed it, in a header or (a presigned request) in its query; whether
    /// they did is `frontend`'s to verify.
    fn claimed(&self, head: &http::request::Parts) -> Option<ScopedCredentials> {
        let names = |text: &str, before: &str, after: &str| {
            let (key, _) = text.split_once(before)?.1.split_once(after)?;
            self.keys.claimed(key)
        };
        let header = head.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let query = head.uri.query().unwrap_or_default();
        header
            .and_then(|text| names(text, "Credential=", "/"))
            .or_else(|| names(query, "X-Amz-Credential=", "%2F"))
            .or_else(|| names(query, "X-Amz-Credential=", "/"))
    }
}

/// No memory for its body. Not an error of AWS's: these are `frontend`'s, which did not see this request. Clients try again
/// by the status.
fn busy() -> Result<Response<Carried>, io::Error> {
    let headers = vec![("retry-after".to_owned(), Bytes::from_static(b"1"))];
    let (_, frames) = fabric::stream::channel(1);
    let head = fabric::api::ApiHead { status: StatusCode::SERVICE_UNAVAILABLE.as_u16(), headers };
    let answer = response(ApiResponse { head, body: frames })?;
    Ok(answer.map(|nothing| Carried { ended: true, length: Some(0), ..nothing }))
}

/// The most that this operation's body may have.
fn body_bytes_max(method: &str, path: &str) -> usize {
    let path = path.trim_end_matches('/');
    if path.ends_with("/invocations") || path.ends_with("/response-streaming-invocations") {
        PAYLOAD_BYTES_MAX
    } else if (method == "POST" && path.ends_with("/functions"))
        || (method == "PUT" && path.ends_with("/code"))
    {
        CREATE_BODY_BYTES_MAX
    } else {
        REQUEST_BODY_BYTES_MAX
    }
}

fn response(answer: ApiResponse) -> Result<Response<Carried>, io::Error> {
    let status = StatusCode::from_u16(answer.head.status).map_err(io::Error::other)?;
    let mut length = None;
    let mut response = Response::new(());
    *response.status_mut() = status;
    for (name, value) in &answer.head.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?;
        let value = HeaderValue::from_bytes(value).map_err(io::Error::other)?;
        if name == http::header::CONTENT_LENGTH {
            length = value.to_str().ok().and_then(|text| text.parse().ok());
        }
        // Framing is this connection's own affair.
        if name != http::header::TRANSFER_ENCODING && name != http::header::CONNECTION {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response.map(|()| Carried { frames: answer.body, length, ended: false }))
}

/// Frames of the answer as an HTTP body; one that breaks off breaks the connection off too.
struct Carried {
    frames: FrameStream<BodyFrame>,
    length: Option<u64>,
    ended: bool,
}

impl Body for Carried {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match std::task::ready!(self.frames.poll_next(cx)) {
            Some(BodyFrame::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(BodyFrame::End) => {
                self.ended = true;
                Poll::Ready(None)
            }
            None => {
                self.ended = true;
                Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
