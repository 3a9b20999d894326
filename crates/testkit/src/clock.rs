//! A clock that tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use world::{BoxFuture, Clock, Instant, WallTime};

/// Begins at 0 and stands still until it is moved; on the wall it is 1970 all the while. What sleeps on it never wakes, or on another clock.
#[derive(Default)]
pub struct SetClock {
    nanos: AtomicU64,
    sleeps: Option<Arc<dyn Clock>>,
}

impl SetClock {
    /// Sleeps are those of `clock`.
    pub fn sleeping_on(clock: Arc<dyn Clock>) -> Self {
        Self { nanos: AtomicU64::new(0), sleeps: Some(clock) }
    }

    /// So much later.
    pub fn advance(&self, by: Duration) {
        self.nanos.fetch_add(nanos(by), Ordering::SeqCst);
    }

    /// So long after 0.
    pub fn set(&self, to: Duration) {
        self.nanos.store(nanos(to), Ordering::SeqCst);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant(self.nanos.load(Ordering::SeqCst))
    }
    fn wall(&self) -> WallTime {
        WallTime(0)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        match &self.sleeps {
            Some(clock) => clock.sleep(duration),
            None => Box::pin(std::future::pending()),
        }
    }
}
