//! Work that one node of several does: whoever holds the entry, for as long as it does.

use std::sync::Arc;
use substrate::election::{Election, LEASE, Watcher};
use substrate::{Key, Kv};
use types::Epoch;
use world::{TaskHandle, World};

/// Begins `work` anew at every turn, and drops it where it stands when the turn is over.
pub(crate) fn take_turns<F>(
    world: &World,
    kv: Arc<dyn Kv>,
    key: Key,
    name: &str,
    work: impl Fn() -> F + Send + 'static,
) -> TaskHandle
where
    F: Future<Output = ()> + Send,
{
    let election = Election { kv, key, holder: name.to_owned(), lease: LEASE };
    let mut watcher = Watcher::new(world.clone(), election, world.random_u64());
    let clock = Arc::clone(&world.clock);
    world.spawn("node.turns", async move {
        loop {
            match watcher.look(Epoch(0)).await {
                None => clock.sleep(watcher.pause()).await,
                Some(claim) => tokio::select! {
                    biased;
                    () = watcher.renew(claim) => {}
                    () = work() => {}
                },
            }
        }
    })
}
