//! A world whose clock moves only when somebody sleeps, so that a paced answer costs a fuzz run no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use world::{BoxFuture, Clock, Entropy, Instant, TaskHandle, Tasks, WallTime, World};

struct StillClock(AtomicU64);

impl Clock for StillClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::Relaxed))
    }
    fn wall(&self) -> WallTime {
        WallTime(1_800_000_000_000_000 + self.0.load(Ordering::Relaxed) / 1_000)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.0.fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
        Box::pin(tokio::task::yield_now())
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Starts nothing: no target needs a task.
struct NoTasks;

impl Tasks for NoTasks {
    fn spawn(&self, name: &'static str, _: BoxFuture<()>) -> TaskHandle {
        panic!("{name} was spawned")
    }
    fn spawn_blocking(&self, name: &'static str, _: Box<dyn FnOnce() + Send>) {
        panic!("{name} was spawned")
    }
}

/// A new one, at zero.
pub fn still() -> World {
    World {
        clock: Arc::new(StillClock(AtomicU64::new(0))),
        entropy: Arc::new(Zeros),
        tasks: Arc::new(NoTasks),
    }
}
