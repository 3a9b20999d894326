//! What the runtime may call when.
//!
//! ```text
//!            next                 deliver              response|error head        body ended
//! Starting ───────────► Ready ───────────────► Running ───────────────► Answering ──────────► Answered
//!  │ │ init/error         ▲ ▲                   │  ▲ next: the same event again                    │
//!  │ ▼                    │ │                   └──┘                                              │ next
//!  │ InitError (final)    │ └─────────────────────────────────────────────────────────────────────┘
//!  │   ▲ init/error       │ next
//!  │   ├──────────────────┤
//!  ▼   │    restored      │      restore/error
//! RestoreReady ──────► Restoring ───────────────► RestoreError (final)
//!  restore/next
//! ```
//! The runtime causes every transition but `deliver` and `restored`, which are the environment's task's. The second row is
//! SnapStart's only: other runtimes do not find these calls. State names are AWS's own agent's, since they stand in the
//! bodies of refusals.

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

/// What `restore/next` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestoreNext {
    /// Block until the environment is restored.
    Wait,
    /// It is: the runtime lost its answer.
    Again,
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
    RestoreReady,
    Restoring,
    RestoreError,
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
            State::Starting | State::Restoring | State::Ready | State::Answered => {
                self.0 = State::Ready;
                Ok(Next::Wait)
            }
            State::Running(delivery) => Ok(Next::Again(Arc::clone(delivery))),
            State::InitError | State::RestoreReady | State::RestoreError | State::Answering(..) => {
                Err(Refusal::transition(self.name(), "Ready"))
            }
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

    pub(crate) fn restore_next(&mut self) -> Result<RestoreNext, Refusal> {
        match self.0 {
            State::Starting | State::RestoreReady => {
                self.0 = State::RestoreReady;
                Ok(RestoreNext::Wait)
            }
            State::Restoring => Ok(RestoreNext::Again),
            // AWS's own agent names this state here, too.
            _ => Err(Refusal::transition(self.name(), "Ready")),
        }
    }

    /// The environment's task lets a runtime go on that waits in `restore/next`.
    pub(crate) fn restored(&mut self) {
        if matches!(self.0, State::RestoreReady) {
            self.0 = State::Restoring;
        }
    }

    pub(crate) fn restore_error(&mut self) -> Result<(), Refusal> {
        match self.0 {
            State::Restoring => {
                self.0 = State::RestoreError;
                Ok(())
            }
            _ => Err(Refusal::transition(self.name(), "RuntimeRestoreErrorState")),
        }
    }

    pub(crate) fn init_error(&mut self) -> Result<(), Refusal> {
        match self.0 {
            State::Starting | State::RestoreReady | State::Restoring => {
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
            State::RestoreReady => "RestoreReady",
            State::Restoring => "Restoring",
            State::RestoreError => "RuntimeRestoreErrorState",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_waits_to_be_restored_runs_its_hooks_and_is_ready() {
        let mut turnstile = Turnstile::default();
        assert_eq!(turnstile.restore_next(), Ok(RestoreNext::Wait));
        assert_eq!(turnstile.restore_next(), Ok(RestoreNext::Wait), "it lost its connection");
        let early = Refusal::transition("RestoreReady", "Ready");
        assert_eq!(turnstile.next().unwrap_err(), early);
        assert!(turnstile.restore_error().is_err(), "nothing was restored yet");
        turnstile.restored();
        assert_eq!(turnstile.restore_next(), Ok(RestoreNext::Again), "it lost its answer");
        assert!(matches!(turnstile.next(), Ok(Next::Wait)));
        assert_eq!(turnstile.restore_next(), Err(Refusal::transition("Ready", "Ready")));
        let late = Refusal::transition("Ready", "RuntimeRestoreErrorState");
        assert_eq!(turnstile.restore_error(), Err(late));
        turnstile.restored();
        assert_eq!(turnstile.name(), "Ready", "only one that waits is restored");
    }

    #[test]
    fn a_hook_that_fails_is_told_once_and_is_the_end() {
        let restoring = || {
            let mut turnstile = Turnstile::default();
            turnstile.restore_next().unwrap();
            turnstile.restored();
            turnstile
        };
        let mut failed = restoring();
        assert_eq!(failed.restore_error(), Ok(()));
        assert!(failed.restore_error().is_err() && failed.next().is_err() && failed.init_error().is_err());
        let mut failed = restoring();
        assert_eq!(failed.init_error(), Ok(()), "also while it is restored");
        assert!(failed.restore_error().is_err() && failed.next().is_err());
        let mut failed = Turnstile::default();
        failed.restore_next().unwrap();
        assert_eq!(failed.init_error(), Ok(()), "its call of restore/next broke");
    }
}
