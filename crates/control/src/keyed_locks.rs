//! One lock per key, for as long as somebody holds or wants it.

use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Map<K> = Arc<Mutex<FxHashMap<K, Arc<AsyncMutex<()>>>>>;

/// Fair per key: who asked first is served first.
pub(crate) struct KeyedLocks<K>(Map<K>);

/// Held until dropped.
pub(crate) struct KeyedGuard<K: Hash + Eq> {
    map: Map<K>,
    key: K,
    mutex: Arc<AsyncMutex<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Hash + Eq + Clone> KeyedLocks<K> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Waits for the key's lock.
    pub(crate) async fn lock(&self, key: &K) -> KeyedGuard<K> {
        let mutex = {
            let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(map.entry(key.clone()).or_default())
        };
        // Made before the wait, so that a caller who gives up also leaves the map clean.
        let mut keyed = KeyedGuard { map: Arc::clone(&self.0), key: key.clone(), mutex, guard: None };
        keyed.guard = Some(Arc::clone(&keyed.mutex).lock_owned().await);
        keyed
    }
}

impl<K: Hash + Eq> Drop for KeyedGuard<K> {
    fn drop(&mut self) {
        self.guard = None;
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and ours: nobody else holds or wants it, and nobody can come while the map is locked.
        if Arc::strong_count(&self.mutex) == 2 {
            map.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn one_key_waits_another_does_not_and_nothing_is_left() {
        let locks = KeyedLocks::new();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(held) = pin!(locks.lock(&1)).poll(&mut context) else { panic!("free") };
        {
            let mut waiting = pin!(locks.lock(&1));
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert!(pin!(locks.lock(&2)).poll(&mut context).is_ready());
        }
        let mut waiting = pin!(locks.lock(&1));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(held);
        assert!(waiting.poll(&mut context).is_ready());
        assert!(locks.0.lock().expect("sound").is_empty());
    }
}
