//! How many environments are made at once: a machine that boots a thousand rooms together finishes none of them soon.
//!
//! ```text
//! admit ── a place is free, nobody waits ──► permit ──dropped──► the version whose turn it is
//!   └── else a queue of the version's own ──┬─ its turn ──► permit
//!                                           └─ too long ──► None: refused as overloaded
//! ```
//! Versions take turns, so that one function's burst does not hold up another's start. A permit covers the platform's
//! part only, which is bounded in time; a function's own init, which is not, runs without one.

use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use types::VersionKey;
use world::World;

/// The gate.
pub(crate) struct Starts {
    world: World,
    wait_max: Duration,
    books: Mutex<Books>,
}

struct Books {
    free: usize,
    queues: FxHashMap<VersionKey, VecDeque<oneshot::Sender<Permit>>>,
    /// Versions with someone in their queue, in the order of their turns.
    turns: VecDeque<VersionKey>,
}

/// The right to make one environment.
pub(crate) struct Permit(Option<Arc<Starts>>);

impl Starts {
    pub(crate) fn new(world: World, at_once_max: usize, wait_max: Duration) -> Arc<Self> {
        let books = Books { free: at_once_max.max(1), queues: FxHashMap::default(), turns: VecDeque::new() };
        Arc::new(Self { world, wait_max, books: Mutex::new(books) })
    }

    /// A permit, or `None` if its turn did not come in time.
    pub(crate) async fn admit(self: &Arc<Self>, key: &VersionKey) -> Option<Permit> {
        let turn = {
            let mut books = self.books();
            if books.free > 0 && books.turns.is_empty() {
                books.free -= 1;
                return Some(Permit::of(self));
            }
            let (tx, turn) = oneshot::channel();
            books.wait(key, tx);
            turn
        };
        // One that stops waiting is passed over when its turn comes.
        self.world.timeout(self.wait_max, turn).await?.ok()
    }

    /// The next one, whose waiter may have gone meanwhile.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = {
                let mut books = self.books();
                let next = books.next();
                if next.is_none() {
                    books.free += 1;
                }
                next
            };
            let Some(waiter) = next else { return };
            // Outside of the lock, for a permit whose waiter goes at this moment comes back here by its drop.
            match waiter.send(Permit::of(self)) {
                Ok(()) => return,
                // Nobody took it: the place is still ours to give.
                Err(mut unwanted) => drop(unwanted.0.take()),
            }
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn wait(&mut self, key: &VersionKey, waiter: oneshot::Sender<Permit>) {
        let queue = self.queues.entry(key.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(key.clone());
        }
        // While no turn comes those who stopped waiting would pile up: nobody else takes them out.
        queue.retain(|waiter| !waiter.is_closed());
        queue.push_back(waiter);
    }

    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let key = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&key)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&key);
        } else {
            self.turns.push_back(key);
        }
        waiter
    }
}

impl Permit {
    fn of(starts: &Arc<Starts>) -> Self {
        Self(Some(Arc::clone(starts)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(starts) = self.0.take() {
            starts.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, FunctionName, Region, Version};

    fn key(function: &str) -> VersionKey {
        VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("r"),
            function: FunctionName::new(function),
            version: Version::Latest,
            generation: 1,
        }
    }

    fn starts(at_once_max: usize, wait_max: Duration) -> Arc<Starts> {
        Starts::new(World::real(), at_once_max, wait_max)
    }

    #[tokio::test]
    async fn no_more_are_made_at_once_than_may_and_every_place_comes_back() {
        let starts = starts(2, Duration::from_millis(1));
        let (one, other) = (starts.admit(&key("a")).await, starts.admit(&key("b")).await);
        assert!(one.is_some() && other.is_some());
        assert!(starts.admit(&key("c")).await.is_none(), "too long");
        drop((one, other));
        // The one that gave up was passed over, and its place was not lost.
        let again = (starts.admit(&key("c")).await, starts.admit(&key("c")).await);
        assert!(again.0.is_some() && again.1.is_some());
        assert!(starts.admit(&key("c")).await.is_none());
    }

    #[tokio::test]
    async fn who_stopped_waiting_takes_no_place_while_no_turn_comes() {
        let starts = starts(1, Duration::from_millis(1));
        let held = starts.admit(&key("a")).await;
        for _ in 0..20 {
            assert!(starts.admit(&key("a")).await.is_none());
        }
        let (queued, turns) = {
            let books = starts.books();
            (books.queues.values().map(VecDeque::len).sum::<usize>(), books.turns.len())
        };
        assert_eq!((queued, turns), (1, 1));
        drop(held);
        assert!(starts.admit(&key("a")).await.is_some());
    }

    #[tokio::test]
    async fn a_burst_of_one_function_does_not_hold_up_another() {
        let starts = starts(1, Duration::from_secs(60));
        let held = starts.admit(&key("burst")).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for (function, times) in [("burst", 50), ("other", 1)] {
            for _ in 0..times {
                let (starts, order) = (Arc::clone(&starts), Arc::clone(&order));
                let admitted = async move {
                    let permit = starts.admit(&key(function)).await;
                    order.lock().unwrap().push(function);
                    drop(permit);
                };
                let mut admitted = Box::pin(admitted);
                // In the queue, in this order.
                std::future::poll_fn(|cx| std::task::Poll::Ready(admitted.as_mut().poll(cx).is_pending()))
                    .await;
                waiting.push(admitted);
            }
        }
        drop(held);
        // Polled from the last to the first: the order is the gate's, not theirs.
        for admitted in waiting.into_iter().rev() {
            #[allow(clippy::disallowed_methods)] // a test
            tokio::spawn(admitted);
        }
        while order.lock().unwrap().len() < 51 {
            tokio::task::yield_now().await;
        }
        assert_eq!(order.lock().unwrap().iter().position(|function| *function == "other"), Some(1));
    }
}
