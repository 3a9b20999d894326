//! What the runtime may call when.
//!
//! ```text
//!            next                 deliver              response|error head        body ended
//! Starting ───────────► Ready ───────────────► Running ───────────────► Answering ──────────► Answered
//!    │ init/error         ▲                     │  ▲ next: the same event again                    │
//!    ▼                    │                     └──┘                                              │ next
//! InitError (final)       └───────────────────────────────────────────────────────────────────────┘
//! ```
//! The runtime causes every transition but `deliver`, which is the environment's task. State names are AWS's own
//! agent's, since they stand in the bodies of refusals.

use bytes::Bytes;
use fabric::worker::InvokeFrame;
use fabric::{FrameSender, Invocation};
use std::sync::Arc;
use world::{Instant, WallTime};

/// One invocation on its way through the turnstile.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The request id as the runtime must say it back.
    pub(crate) id: String,
    pub(crate) invocation: Invocation,
    /// Wall clock time when it will be ended, for the runtime's own arithmetic.
    pub(crate) deadline: WallTime,
    /// When the event was let in; the pace of a streamed answer counts from its own beginning.
    pub(crate) delivered: Instant,
    /// Where chunks of a streamed answer go.
    pub(crate) frames: Arc<FrameSender<InvokeFrame>>,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not the invocation that runs, or it has its answer.
    InvalidRequestId,
    /// Out of order.
    Transition {
        from: &'static str,
        to: &'static str,
    },
    BodyTooLarge {
        limit: u64,
    },
    BodyTruncated,
    ResponseMode,
}

impl Refusal {
    pub(crate) fn transition(from: &'static str, to: &'static str) -> Self {
        Self::Transition { from, to }
    }
}

/// What `next` does.
#[derive(Debug)]
pub(crate) enum Next {
    /// Block until an invocation is delivered.
    Wait,
    /// The runtime lost its answer: here is the same event again, as AWS's own agent does.
    Again(Arc<Delivery>),
}

/// Which of the two ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Response,
    Error,
}

impl Way {
    fn state(self) -> &'static str {
        match self {
            Self::Response => "InvocationResponse",
            Self::Error => "InvocationErrorResponse",
        }
    }
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Starting,
    InitError,
    Ready,
    Running(Arc<Delivery>),
    Answering(String, Way),
    Answered,
}

/// See the module's drawing.
#[derive(Debug, Default)]
pub(crate) struct Turnstile(State);

impl Turnstile {
    pub(crate) fn next(&mut self) -> Result<Next, Refusal> {
        match &self.0 {
            State::Starting | State::Ready | State::Answered => {
                self.0 = State::Ready;
                Ok(Next::Wait)
            }
            State::Running(delivery) => Ok(Next::Again(Arc::clone(delivery))),
            State::InitError | State::Answering(..) => Err(Refusal::transition(self.name(), "Ready")),
        }
    }

    /// The environment's task lets an invocation in; it does so only after `next`.
    pub(crate) fn deliver(&mut self, delivery: Arc<Delivery>) {
        self.0 = State::Running(delivery);
    }

    /// The head of an answer has come.
    pub(crate) fn begin_answer(&mut self, id: &str, way: Way) -> Result<Arc<Delivery>, Refusal> {
        match &self.0 {
            State::Running(delivery) if delivery.id == id => {
                let delivery = Arc::clone(delivery);
                self.0 = State::Answering(delivery.id.clone(), way);
                Ok(delivery)
            }
            State::Answering(current, _) if current == id => {
                Err(Refusal::transition(self.name(), way.state()))
            }
            _ => Err(Refusal::InvalidRequestId),
        }
    }

    /// Its body has come, or broke off.
    pub(crate) fn end_answer(&mut self) {
        if matches!(self.0, State::Answering(..)) {
            self.0 = State::Answered;
        }
    }

    pub(crate) fn init_error(&mut self) -> Result<(), Refusal> {
        match self.0 {
            State::Starting => {
                self.0 = State::InitError;
                Ok(())
            }
            _ => Err(Refusal::transition(self.name(), "InitError")),
        }
    }

    fn name(&self) -> &'static str {
        match &self.0 {
            State::Starting => "Started",
            State::InitError => "InitError",
            State::Ready => "Ready",
            State::Running(_) => "Running",
            State::Answering(_, way) => way.state(),
            State::Answered => "RuntimeResponseSentState",
        }
    }
}

/// At most [`types::limits::CHUNK_BYTES_MAX`] from the front.
pub(crate) fn take_chunk(data: &mut Bytes) -> Bytes {
    data.split_to(data.len().min(types::limits::CHUNK_BYTES_MAX))
}
