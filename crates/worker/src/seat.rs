//! Who may use an environment next: the worker's side of a lease.
//!
//! ```text
//!            take(its token)          free                take(a new token)
//! First(token) ───────────► Taken ───────────► Free(last) ───────────────► Taken …
//!      │ nobody came                              ▲
//!      └──────────────────────────────────────────┘
//! any ── close, fence ──► Closed (final): the environment ends
//! ```
//! `take` is an invocation's doing, `fence` the worker's, the rest the environment's task's.

use fabric::worker::{HeldState, InvokeFrame, InvokeRefusal};
use fabric::{FrameSender, Invocation};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use types::LeaseToken;
use world::Instant;

/// One invocation on its way to the environment's task.
pub(crate) struct Job {
    pub(crate) invocation: Invocation,
    pub(crate) token: LeaseToken,
    /// When the worker received the call; spans count from here.
    pub(crate) arrived: Instant,
    /// Answered once it is certain that user code sees it, or that it does not.
    pub(crate) accept: oneshot::Sender<Result<(), InvokeRefusal>>,
    pub(crate) frames: Arc<FrameSender<InvokeFrame>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    First(LeaseToken),
    Taken(LeaseToken),
    Free(LeaseToken),
    Closed(LeaseToken),
}

/// What the worker's table holds of an environment.
pub(crate) struct Seat {
    grant: Mutex<Grant>,
    mailbox: mpsc::Sender<Job>,
    stopping: watch::Sender<bool>,
    /// Until it is fenced.
    fence: Mutex<Option<oneshot::Sender<()>>>,
}

/// The environment's task's side.
pub(crate) struct SeatOwner {
    pub(crate) seat: Arc<Seat>,
    pub(crate) mailbox: mpsc::Receiver<Job>,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Completes when everything in it is to end at once.
    pub(crate) fenced: oneshot::Receiver<()>,
}

impl Seat {
    pub(crate) fn make(first: LeaseToken) -> SeatOwner {
        let (tx, mailbox) = mpsc::channel(1);
        let (stopping, stop) = watch::channel(false);
        let (fence, fenced) = oneshot::channel();
        let seat = Self {
            grant: Mutex::new(Grant::First(first)),
            mailbox: tx,
            stopping,
            fence: Mutex::new(Some(fence)),
        };
        SeatOwner { seat: Arc::new(seat), mailbox, stopping: stop, fenced }
    }

    /// Hands the invocation to the environment's task, or refuses it under this token.
    pub(crate) fn take(&self, job: Job) -> Result<(), InvokeRefusal> {
        let mut grant = self.grant();
        match *grant {
            Grant::First(first) if first != job.token => return Err(InvokeRefusal::Stale),
            Grant::Free(last) if last == job.token => return Err(InvokeRefusal::Stale),
            Grant::Taken(_) => return Err(InvokeRefusal::Busy),
            Grant::Closed(_) => return Err(InvokeRefusal::Gone),
            Grant::First(_) | Grant::Free(_) => {}
        }
        let token = job.token;
        // One place, and only the taker of the seat puts something there.
        self.mailbox.try_send(job).map_err(|_| InvokeRefusal::Gone)?;
        *grant = Grant::Taken(token);
        Ok(())
    }

    /// The invocation is over: the next may come. Answers the token under which it ran.
    pub(crate) fn free(&self) -> LeaseToken {
        let mut grant = self.grant();
        let token = grant.token();
        if !matches!(*grant, Grant::Closed(_)) {
            *grant = Grant::Free(token);
        }
        token
    }

    /// Frees it if nobody took it: the answer is the token, if so.
    pub(crate) fn free_untaken(&self) -> Option<LeaseToken> {
        let mut grant = self.grant();
        match *grant {
            Grant::First(token) => {
                *grant = Grant::Free(token);
                Some(token)
            }
            _ => None,
        }
    }

    /// Nobody comes any more. Answers the token of the last grant.
    pub(crate) fn close(&self) -> LeaseToken {
        let mut grant = self.grant();
        let token = grant.token();
        *grant = Grant::Closed(token);
        token
    }

    /// Closes it if no invocation has it or is on its way.
    pub(crate) fn close_untaken(&self) -> bool {
        let mut grant = self.grant();
        match *grant {
            Grant::Taken(_) => false,
            other => {
                *grant = Grant::Closed(other.token());
                true
            }
        }
    }

    /// Whether no invocation has it or is on its way.
    pub(crate) fn is_untaken(&self) -> bool {
        !matches!(*self.grant(), Grant::Taken(_))
    }

    /// The token of its last grant, and how it stands, as a new leader is told.
    pub(crate) fn held(&self) -> (LeaseToken, HeldState) {
        let grant = *self.grant();
        let state = match grant {
            _ if *self.stopping.borrow() => HeldState::Ending,
            Grant::First(_) | Grant::Taken(_) => HeldState::Taken,
            Grant::Free(_) => HeldState::Free,
            Grant::Closed(_) => HeldState::Ending,
        };
        (grant.token(), state)
    }

    /// Asks the environment's task to end it: now if idle, else after its invocation.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Ends it at once, whatever it does.
    pub(crate) fn fence(&self) {
        self.close();
        self.stop();
        if let Some(fence) = self.fence.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = fence.send(()); // its task may be on its way out
        }
    }

    fn grant(&self) -> MutexGuard<'_, Grant> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    fn token(self) -> LeaseToken {
        match self {
            Self::First(token) | Self::Taken(token) | Self::Free(token) | Self::Closed(token) => token,
        }
    }
}
