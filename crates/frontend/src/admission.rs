//! Room 5: how many invocations this frontend carries at once. Concurrency per account is assignment's; this one
//! bounds our own memory, so that callers who hang up and call again can not pile up what they left running.

use crate::errors::ApiError;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits for invocations between accept and outcome.
pub(crate) struct Admission(Arc<Semaphore>);

/// One invocation's place; dropped with its outcome.
pub(crate) type Permit = OwnedSemaphorePermit;

impl Admission {
    pub(crate) fn new(invocations_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(invocations_max.min(Semaphore::MAX_PERMITS))))
    }

    /// A place now, or the refusal.
    pub(crate) fn admit(&self) -> Result<Permit, ApiError> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| ApiError::throttled("CallerRateLimitExceeded"))
    }
}
