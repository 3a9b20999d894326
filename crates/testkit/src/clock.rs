//! A clock that tests move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use world::{BoxFuture, Clock, Instant, WallTime};

/// Begins at 0 and stands still until it is moved; on the wall it is 1970 all the while.
#[derive(Default)]
pub struct SetClock {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    sleeps: Sleeps,
}

/// What becomes of those who sleep on it.
#[derive(Default)]
enum Sleeps {
    /// They never wake.
    #[default]
    Never,
    On(Arc<dyn Clock>),
    /// They wake when it is moved to their time.
    Here,
}

#[derive(Default)]
struct State {
    nanos: u64,
    /// By a number of their own.
    sleepers: BTreeMap<u64, Sleeper>,
    next: u64,
}

struct Sleeper {
    length: u64,
    until: u64,
    wake: oneshot::Sender<()>,
}

impl SetClock {
    /// Sleeps are those of `clock`.
    pub fn sleeping_on(clock: Arc<dyn Clock>) -> Self {
        Self { sleeps: Sleeps::On(clock), ..Self::default() }
    }

    /// Sleeps end when the clock is moved past their end: what a test does in the meantime takes no time at all.
    pub fn waking() -> Self {
        Self { sleeps: Sleeps::Here, ..Self::default() }
    }

    /// So much later.
    pub fn advance(&self, by: Duration) {
        let to = self.state().nanos.saturating_add(nanos(by));
        self.move_to(to);
    }

    /// So long after 0.
    pub fn set(&self, to: Duration) {
        self.move_to(nanos(to));
    }

    /// Of a clock that wakes: until so many are asleep that will wake in just this time from now.
    pub async fn asleep(&self, remaining: Duration, number: usize) {
        self.until(|state| {
            let at = state.nanos.saturating_add(nanos(remaining));
            let alike = state.sleepers.values().filter(|sleeper| sleeper.until == at).count();
            (alike >= number).then_some(())
        })
        .await;
    }

    /// Of a clock that wakes: moves it to the next end of a sleep, again and again, for those that are shorter than this.
    /// Never ends; who has what it waits for drops it.
    pub async fn hurry(&self, shorter_than: Duration) {
        loop {
            let next = self.until(|state| {
                let short = state.sleepers.values().filter(|one| one.length < nanos(shorter_than));
                short.map(|sleeper| sleeper.until).min()
            });
            self.move_to(next.await);
        }
    }

    async fn until<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if let Some(found) = look(&self.state()) {
                return found;
            }
            changed.await;
        }
    }

    fn move_to(&self, nanos: u64) {
        let mut state = self.state();
        state.nanos = nanos;
        let due: Vec<_> = state.sleepers.extract_if(.., |_, sleeper| sleeper.until <= nanos).collect();
        drop(state);
        for (_, sleeper) in due {
            let _ = sleeper.wake.send(());
        }
        self.changed.notify_waiters();
    }

    fn sleep_here(&self, duration: Duration) -> BoxFuture<()> {
        let mut state = self.state();
        let length = nanos(duration);
        let until = state.nanos.saturating_add(length);
        if length == 0 {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.sleepers.insert(number, Sleeper { length, until, wake });
        drop(state);
        self.changed.notify_waiters();
        let bed = Bed { state: Arc::clone(&self.state), changed: Arc::clone(&self.changed), number };
        Box::pin(async move {
            let _bed = bed;
            // An error: the clock is gone, and with it all time.
            if woken.await.is_err() {
                std::future::pending().await
            }
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who sleeps no more leaves it.
struct Bed {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    number: u64,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sleepers.remove(&self.number);
        self.changed.notify_waiters();
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant(self.state().nanos)
    }
    fn wall(&self) -> WallTime {
        WallTime(0)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        match &self.sleeps {
            Sleeps::Never => Box::pin(std::future::pending()),
            Sleeps::On(clock) => clock.sleep(duration),
            Sleeps::Here => self.sleep_here(duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_sleep_ends_when_the_clock_is_moved_to_its_end_and_not_before() {
        let clock = Arc::new(SetClock::waking());
        let (mut short, long) = (clock.sleep(SECOND), clock.sleep(3 * SECOND));
        clock.asleep(SECOND, 1).await;
        clock.advance(SECOND / 2);
        clock.asleep(SECOND / 2, 1).await;
        assert!(is_asleep(&mut short).await);
        clock.advance(SECOND / 2);
        short.await;
        clock.asleep(2 * SECOND, 1).await;
        drop(long);
        assert!(clock.state().sleepers.is_empty(), "who leaves is forgotten");
        clock.sleep(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_hurried_clock_passes_short_sleeps_and_no_long_one() {
        let clock = SetClock::waking();
        let mut long = clock.sleep(5 * SECOND);
        let steps = async {
            for _ in 0..4 {
                clock.sleep(SECOND).await;
            }
        };
        tokio::select! {
            biased;
            () = steps => {}
            () = clock.hurry(2 * SECOND) => {}
        }
        assert_eq!(clock.now(), Instant(0).plus(4 * SECOND));
        assert!(is_asleep(&mut long).await);
    }

    async fn is_asleep(future: &mut BoxFuture<()>) -> bool {
        tokio::select! {
            biased;
            () = future => false,
            () = std::future::ready(()) => true,
        }
    }
}
