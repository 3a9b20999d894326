//! A clock that tests move.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;
use world::{BoxFuture, Clock, Instant, WallTime};

/// Begins at 0 and stands still until it is moved; on the wall it is 1970 all the while. What sleeps on it never wakes, or
/// on another clock, or when this one is moved there.
#[derive(Default)]
pub struct SetClock {
    time: Arc<Time>,
    sleeps: Sleeps,
}

#[derive(Default)]
struct Time {
    nanos: AtomicU64,
    sleepers: Mutex<Vec<Waker>>,
}

#[derive(Default)]
enum Sleeps {
    #[default]
    Never,
    On(Arc<dyn Clock>),
    Here,
}

impl SetClock {
    /// Sleeps are those of `clock`.
    pub fn sleeping_on(clock: Arc<dyn Clock>) -> Self {
        Self { sleeps: Sleeps::On(clock), ..Self::default() }
    }

    /// Sleepers wake when the clock is moved to where their sleep ends, or past it.
    pub fn waking() -> Self {
        Self { sleeps: Sleeps::Here, ..Self::default() }
    }

    /// So much later.
    pub fn advance(&self, by: Duration) {
        self.time.nanos.fetch_add(nanos(by), Ordering::SeqCst);
        self.time.wake();
    }

    /// So long after 0.
    pub fn set(&self, to: Duration) {
        self.time.nanos.store(nanos(to), Ordering::SeqCst);
        self.time.wake();
    }
}

impl Time {
    fn sleepers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them: each looks for itself whether it is time.
    fn wake(&self) {
        let sleepers = std::mem::take(&mut *self.sleepers());
        sleepers.into_iter().for_each(Waker::wake);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant(self.time.nanos.load(Ordering::SeqCst))
    }
    fn wall(&self) -> WallTime {
        WallTime(0)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        if let Sleeps::On(clock) = &self.sleeps {
            return clock.sleep(duration);
        }
        let until = match self.sleeps {
            Sleeps::Here => self.now().plus(duration).0,
            _ => return Box::pin(std::future::pending()),
        };
        let time = Arc::clone(&self.time);
        Box::pin(poll_fn(move |cx| {
            // Under the lock: a move of the clock comes before the look or finds the waker.
            let mut sleepers = time.sleepers();
            if time.nanos.load(Ordering::SeqCst) >= until {
                return Poll::Ready(());
            }
            if !sleepers.iter().any(|waker| waker.will_wake(cx.waker())) {
                sleepers.push(cx.waker().clone());
            }
            Poll::Pending
        }))
    }
}
