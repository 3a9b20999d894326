//! What starts tell of the worker's health.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How starts went since placement was last told. Only what the host could not do counts.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// One after another.
    failed: AtomicU32,
    succeeded: AtomicBool,
}

impl Health {
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn succeeded(&self) {
        // Read first: the common case writes nothing that others would have to fetch again.
        if self.failed.load(Ordering::Relaxed) > 0 {
            self.failed.store(0, Ordering::Relaxed);
        }
        if !self.succeeded.load(Ordering::Relaxed) {
            self.succeeded.store(true, Ordering::Relaxed);
        }
    }

    /// Failures since the last success, and whether there was one.
    pub(super) fn take(&self) -> (u32, bool) {
        (self.failed.swap(0, Ordering::Relaxed), self.succeeded.swap(false, Ordering::Relaxed))
    }
}
