//! Who may use an environment next: the worker's side of a lease.
//!
//! [`Grant`] says whether; `take` is an invocation's doing, `fence` the worker's, the rest the environment's task's.

use fabric::worker::{HeldState, InvokeFrame, InvokeRefusal};
use fabric::{FrameSender, Invocation};
use scheduler::tenancy::{Grant, GrantState, NotTaken, Seated};
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
            grant: Mutex::new(Grant::first(first)),
            mailbox: tx,
            stopping,
            fence: Mutex::new(Some(fence)),
        };
        SeatOwner { seat: Arc::new(seat), mailbox, stopping: stop, fenced }
    }

    /// Hands the invocation to the environment's task, or refuses it under this token.
    pub(crate) fn take(&self, job: Job) -> Result<(), InvokeRefusal> {
        let mut grant = self.grant();
        grant.admits(job.token).map_err(|no| match no {
            NotTaken::Stale => InvokeRefusal::Stale,
            NotTaken::Busy => InvokeRefusal::Busy,
            NotTaken::Gone => InvokeRefusal::Gone,
        })?;
        let token = job.token;
        // One place, and only the taker of the seat puts something there.
        self.mailbox.try_send(job).map_err(|_| InvokeRefusal::Gone)?;
        grant.take(token);
        Ok(())
    }

    /// The invocation is over: the next may come. Answers the token under which it ran.
    pub(crate) fn free(&self) -> LeaseToken {
        self.grant().free()
    }

    /// Frees it if nobody took it: the answer is the token, if so.
    pub(crate) fn free_untaken(&self) -> Option<LeaseToken> {
        self.grant().free_untaken()
    }

    /// Nobody comes any more. Answers the token of the last grant.
    pub(crate) fn close(&self) -> LeaseToken {
        self.grant().close()
    }

    /// Closes it if no invocation has it or is on its way.
    pub(crate) fn close_untaken(&self) -> bool {
        self.grant().close_untaken()
    }

    /// Whether no invocation has it or is on its way.
    pub(crate) fn is_untaken(&self) -> bool {
        self.grant().is_untaken()
    }

    /// The token of its last grant, and how it stands, as a new leader is told.
    pub(crate) fn held(&self) -> (LeaseToken, HeldState) {
        let grant = *self.grant();
        let state = match grant.state(*self.stopping.borrow()) {
            GrantState::Free => HeldState::Free,
            GrantState::Taken => HeldState::Taken,
            GrantState::Ending => HeldState::Ending,
        };
        (grant.token(), state)
    }

    fn grant(&self) -> MutexGuard<'_, Grant> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seated for Seat {
    /// Asks the environment's task to end it: now if idle, else after its invocation.
    fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Ends it at once, whatever it does.
    fn fence(&self) {
        self.close();
        self.stop();
        if let Some(fence) = self.fence.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = fence.send(()); // its task may be on its way out
        }
    }
}
