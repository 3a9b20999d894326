//! Clock, randomness and tasks, by injection.
//!
//! Whatever decides takes a [`World`] and asks it for the time, for random bytes and for tasks. The real one
//! reads the machine's; a test or a simulator hands in its own and the same code runs deterministically.
//! `clippy.toml` bans the ambient ones everywhere else; the allows below are the only exceptions.

mod kinds;

pub use kinds::{End, KINDS, Panic, TaskKind, kind};

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// A future that owns what it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A point on the monotonic clock of one process, in nanoseconds since some fixed past moment.
/// Never crosses `fabric`: another machine's means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// Time since `earlier`, zero if that is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
    /// This much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Wall clock time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(pub u64);

impl WallTime {
    /// Milliseconds since 1970, as logs and deadlines carry them.
    pub fn millis(self) -> u64 {
        self.0 / 1_000
    }
}

/// Reads clocks and waits.
pub trait Clock: Send + Sync + 'static {
    /// The monotonic clock.
    fn now(&self) -> Instant;
    /// The wall clock; may jump.
    fn wall(&self) -> WallTime;
    /// Completes after `duration` on the monotonic clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<()>;
}

/// Random bytes, fit for keys and ids.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Starts tasks. Each has a name, with an owner and a policy in [`KINDS`]; one that panics is logged by them and does
/// not take others along.
pub trait Tasks: Send + Sync + 'static {
    /// Runs `future` on its own until it ends or its handle is aborted.
    fn spawn(&self, name: &'static str, future: BoxFuture<()>) -> TaskHandle;
    /// Runs blocking work off the async threads.
    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>);
}

/// A running task. Dropping the handle leaves the task running; its owner keeps it to end it.
pub struct TaskHandle(Abort);

enum Abort {
    Tokio(tokio::task::AbortHandle),
    Other(Box<dyn Fn() + Send + Sync>),
}

impl std::fmt::Debug for TaskHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TaskHandle")
    }
}

impl TaskHandle {
    /// A handle over tokio's own.
    pub fn tokio(handle: tokio::task::AbortHandle) -> Self {
        Self(Abort::Tokio(handle))
    }
    /// A handle of another executor: `abort` ends its task, also one that has ended.
    pub fn other(abort: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Abort::Other(Box::new(abort)))
    }
    /// Ends the task at its next await.
    pub fn abort(&self) {
        match &self.0 {
            Abort::Tokio(handle) => handle.abort(),
            Abort::Other(abort) => abort(),
        }
    }
}

/// Clock, randomness and tasks in one, cheap to clone.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub tasks: Arc<dyn Tasks>,
}

impl World {
    /// The machine's own. Must be called inside a tokio runtime.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(RealClock::new()),
            entropy: Arc::new(RealEntropy::default()),
            tasks: Arc::new(RealTasks),
        }
    }
    /// The monotonic clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
    /// The wall clock.
    pub fn wall(&self) -> WallTime {
        self.clock.wall()
    }
    /// 16 random bytes, for ids.
    pub fn random_16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        bytes
    }
    /// A random number, for lease tokens.
    pub fn random_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    /// Starts a named task.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) -> TaskHandle {
        self.tasks.spawn(name, Box::pin(future))
    }
    /// Runs blocking work off the async threads and waits for its result; `None` if it panicked.
    pub async fn blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tx, rx) = tokio::sync::oneshot::channel();
        self.tasks.spawn_blocking(name, Box::new(move || drop(tx.send(work()))));
        rx.await.ok()
    }
    /// `future`'s output, or `None` when `limit` passes first.
    pub async fn timeout<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        // Most are ready when they are first asked, on the warm path nearly all: those need no timer.
        let ready = std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        });
        if let Some(output) = ready.await {
            return Some(output);
        }
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.clock.sleep(limit) => None,
        }
    }
}

struct RealClock {
    start: std::time::Instant,
}

impl RealClock {
    #[allow(clippy::disallowed_methods)] // the one real clock
    fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
    #[allow(clippy::disallowed_methods)] // the one real clock
    fn wall(&self) -> WallTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        WallTime(since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX)))
    }
    #[allow(clippy::disallowed_methods)] // the one real clock
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Random bytes asked for at once: an invocation needs five ids, and each would be a call of the kernel.
const RANDOM_BYTES: usize = 1_024;

/// What is left of the kernel's last answer, taken from the end; a byte is handed out once and forgotten.
struct RealEntropy(Mutex<(usize, [u8; RANDOM_BYTES])>);

impl Default for RealEntropy {
    fn default() -> Self {
        Self(Mutex::new((0, [0; RANDOM_BYTES])))
    }
}

impl Entropy for RealEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > RANDOM_BYTES / 8 {
            return ask_kernel(bytes);
        }
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, pool) = &mut *guard;
        if *left < bytes.len() {
            ask_kernel(pool);
            *left = pool.len();
        }
        let taken = &mut pool[*left - bytes.len()..*left];
        bytes.copy_from_slice(taken);
        taken.fill(0);
        *left -= bytes.len();
    }
}

#[allow(clippy::disallowed_methods, clippy::expect_used)] // the one real source; without it no id is safe to make
fn ask_kernel(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the kernel's random source answers");
}

struct RealTasks;

impl Tasks for RealTasks {
    #[allow(clippy::disallowed_methods)] // the one real spawner
    fn spawn(&self, name: &'static str, future: BoxFuture<()>) -> TaskHandle {
        let guarded = async move {
            let guard = PanicGuard(name);
            future.await;
            std::mem::forget(guard);
        };
        TaskHandle::tokio(tokio::spawn(guarded).abort_handle())
    }
    #[allow(clippy::disallowed_methods)] // the one real spawner
    fn spawn_blocking(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(move || {
            let guard = PanicGuard(name);
            work();
            std::mem::forget(guard);
        });
    }
}

/// Names the task in the log when it unwinds; an aborted task is dropped without a panic and stays silent.
struct PanicGuard(&'static str);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let owner = kind(self.0).map_or("nobody", |kind| kind.owner);
        match kind(self.0).map(|kind| kind.panic) {
            Some(Panic::Fenced) => {
                tracing::warn!(task = self.0, owner, "task panicked: what it worked for fails, nothing else");
            }
            _ => {
                tracing::error!(task = self.0, owner, "task panicked: what it served is gone until a restart")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timeout_ends_what_does_not_end() {
        let world = World::real();
        assert_eq!(world.timeout(Duration::from_secs(60), std::future::pending::<()>()).await, None);
        assert_eq!(world.timeout(Duration::from_secs(60), async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn random_bytes_are_handed_out_once_whatever_their_number() {
        let world = World::real();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            assert!(seen.insert(world.random_16()));
        }
        for length in [0, 1, 127, 128, 129, 1_023, 1_024, 5_000] {
            let (mut one, mut other) = (vec![0; length], vec![0; length]);
            world.entropy.fill(&mut one);
            world.entropy.fill(&mut other);
            assert!(length < 2 || one != other, "{length}");
        }
    }

    #[tokio::test]
    async fn blocking_work_that_panics_answers_none() {
        let world = World::real();
        assert_eq!(world.blocking("ok", || 1).await, Some(1));
        assert_eq!(world.blocking::<i32>("bad", || panic!("on purpose")).await, None);
    }
}
