//! Roles as bytes: what a role's trait becomes when whoever answers is on another machine.
//!
//! ```text
//! caller ─► Remote<dyn Role> ─bytes─► Carrier ┄ network ┄► server ─bytes─► Answering (Served<dyn Role>) ─► the role
//! ```
//! `service!` gives each role both ends. A [`Carrier`] is what is between them: `fabric-rpc` carries bytes over HTTP/2,
//! a simulator as packets. A call travels under its name with nothing but its own message, so that who may make which
//! call is decided by the name and no message can claim to be another.

use crate::assignment::AcquireError;
use crate::control::ControlError;
use crate::placement::PlacementError;
use crate::stream::{FrameStream, Pull};
use crate::telemetry::TelemetryError;
use crate::worker::WorkerError;
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

/// One call of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The trait's name.
    pub role: &'static str,
    /// The method's.
    pub name: &'static str,
}

/// There is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    pub reason: String,
    /// The other side may have taken the call. Only where it is false may a call be made again that is not idempotent.
    pub sent: bool,
}

/// Why a role's server has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// Nobody has seen the call.
    #[error("not a message of this call")]
    Message,
    /// Nor here: the role is led from another node.
    #[error("another node leads")]
    Elsewhere,
    /// The role has answered, and the answer can not travel.
    #[error("the answer does not encode")]
    Answer,
}

/// Brings calls to whoever answers.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// One message, one answer.
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost>;
    /// One message; the answer's head and, as long as it goes on, its frames. The stream dropped is the call cancelled.
    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost>;
}

/// Gives a role's trait over a [`Carrier`].
pub struct Remote<S: ?Sized> {
    carrier: Arc<dyn Carrier>,
    role: PhantomData<fn() -> Box<S>>,
}

impl<S: ?Sized> Remote<S> {
    /// The role at the other end of `carrier`.
    pub fn new(carrier: Arc<dyn Carrier>) -> Arc<Self> {
        Arc::new(Self { carrier, role: PhantomData })
    }

    pub(crate) async fn ask<I: Serialize, O: DeserializeOwned>(
        &self,
        call: Call,
        message: I,
    ) -> Result<O, Lost> {
        let request = encode(&message).map_err(|error| unsent(call, error))?;
        // The message may be large, and nobody needs it while its bytes travel.
        drop(message);
        let answer = self.carrier.call(call, request).await?;
        decode(answer).map_err(|error| garbled(call, error))
    }

    pub(crate) async fn open<I, H, F>(&self, call: Call, message: I) -> Result<(H, FrameStream<F>), Lost>
    where
        I: Serialize,
        H: DeserializeOwned,
        F: DeserializeOwned + 'static,
    {
        let request = encode(&message).map_err(|error| unsent(call, error))?;
        drop(message);
        let (head, frames) = self.carrier.open(call, request).await?;
        let head = decode(head).map_err(|error| garbled(call, error))?;
        Ok((head, FrameStream::pulled(Decoding { frames: Some(frames), frame: PhantomData })))
    }
}

fn unsent(call: Call, _: Garbled) -> Lost {
    Lost { reason: format!("{}.{}: the message does not encode", call.role, call.name), sent: false }
}

fn garbled(call: Call, error: Garbled) -> Lost {
    Lost { reason: format!("the answer to {}.{}: {error}", call.role, call.name), sent: true }
}

/// A role as a server has it: bytes in, bytes out.
#[async_trait]
pub trait Answering: Send + Sync + 'static {
    /// Every call that it answers.
    fn calls(&self) -> &'static [Call];
    /// `call` is one of [`calls`](Self::calls), by its name.
    async fn answer(&self, call: &str, request: Bytes) -> Result<Reply, Garbled>;
}

/// What a role answers.
#[derive(Debug)]
pub enum Reply {
    Whole(Bytes),
    Stream { head: Bytes, frames: FrameStream<Bytes> },
}

impl Reply {
    pub(crate) fn stream<H: Serialize, F: Serialize + Send + 'static>(
        head: &H,
        frames: FrameStream<F>,
    ) -> Result<Self, Garbled> {
        Ok(Self::Stream { head: encode(head)?, frames: FrameStream::pulled(Encoding(Some(frames))) })
    }
}

/// Gives a role as [`Answering`].
pub struct Served<S: ?Sized>(Arc<S>);

impl<S: ?Sized> Served<S> {
    /// Puts `service` behind its bytes.
    pub fn new(service: Arc<S>) -> Arc<Self> {
        Arc::new(Self(service))
    }
    pub(crate) fn inner(&self) -> &S {
        &self.0
    }
}

/// Frames on their way out. Ends where one does not encode: a stream without its last frame is a broken one.
struct Encoding<F>(Option<FrameStream<F>>);

impl<F: Serialize + Send> Pull<Bytes> for Encoding<F> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(frames) = &mut self.0 else { return Poll::Ready(None) };
        let frame = std::task::ready!(frames.poll_next(cx));
        let bytes = frame.and_then(|frame| encode(&frame).ok());
        if bytes.is_none() {
            self.0 = None;
        }
        Poll::Ready(bytes)
    }
}

/// Frames on their way in. Ends, and cancels, where one is garbled.
struct Decoding<F> {
    frames: Option<FrameStream<Bytes>>,
    frame: PhantomData<fn() -> F>,
}

impl<F: DeserializeOwned> Pull<F> for Decoding<F> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<F>> {
        let Some(frames) = &mut self.frames else { return Poll::Ready(None) };
        let bytes = std::task::ready!(frames.poll_next(cx));
        let frame = bytes.and_then(|bytes| decode(bytes).ok());
        if frame.is_none() {
            self.frames = None;
        }
        Poll::Ready(frame)
    }
}

pub(crate) fn encode<T: Serialize>(message: &T) -> Result<Bytes, Garbled> {
    postcard::to_stdvec(message).map(Bytes::from).map_err(|_| Garbled::Answer)
}

/// The whole of `bytes`: what is left over is of another version of us, or none of us.
pub(crate) fn decode<T: DeserializeOwned>(bytes: Bytes) -> Result<T, Garbled> {
    match postcard::take_from_bytes(&bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(Garbled::Message),
    }
}

impl From<Lost> for AcquireError {
    fn from(lost: Lost) -> Self {
        Self::Unavailable { reason: lost.reason }
    }
}

impl From<Lost> for ControlError {
    fn from(lost: Lost) -> Self {
        Self::Unavailable { reason: lost.reason }
    }
}

impl From<Lost> for PlacementError {
    fn from(lost: Lost) -> Self {
        Self::Unavailable { reason: lost.reason }
    }
}

impl From<Lost> for TelemetryError {
    fn from(lost: Lost) -> Self {
        Self::Unavailable { reason: lost.reason }
    }
}

impl From<Lost> for WorkerError {
    fn from(lost: Lost) -> Self {
        Self::Unreachable { reason: lost.reason, sent: lost.sent }
    }
}
