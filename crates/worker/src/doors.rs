//! Accepting what comes through an environment's doors: bounded, and ended with the environment.

use sandbox::{Connection, Door, Environment};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use world::World;

/// How long the connections of a process that exited may take to be read to their end.
const SETTLE_LIMIT: Duration = Duration::from_millis(50);

/// The open doors of one sandbox. Dropping it closes them and every connection that came through.
pub(crate) struct Doors {
    closing: watch::Sender<bool>,
    /// Of each door its own, so that a function that fills one can still speak through the other.
    places: Vec<Arc<Semaphore>>,
    connections_max: u32,
}

impl Doors {
    /// Connections of one door past `connections_max` wait in the kernel's backlog.
    pub(crate) fn new(connections_max: u32) -> Self {
        Self { closing: watch::Sender::new(false), places: Vec::new(), connections_max }
    }

    /// Serves every connection that comes through this door, each in a task of its own.
    pub(crate) fn open<F>(
        &mut self,
        world: &World,
        walls: Arc<dyn Environment>,
        door: Door,
        serve: impl Fn(Box<dyn Connection>) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(Semaphore::new(self.connections_max as usize));
        self.places.push(Arc::clone(&connections));
        let closing = self.closing.subscribe();
        let tasks = world.clone();
        world.spawn("door", async move {
            loop {
                // First a place, then the connection: the kernel makes the others wait.
                let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
                let mut closed = closing.clone();
                let accepted = tokio::select! {
                    biased;
                    _ = closed.wait_for(|closing| *closing) => return,
                    accepted = walls.accept(door) => accepted,
                };
                let connection = match accepted {
                    Ok(connection) => connection,
                    Err(error) => {
                        tracing::debug!(%error, ?door, "the door is shut");
                        return;
                    }
                };
                let served = serve(connection);
                tasks.spawn("door connection", async move {
                    tokio::select! {
                        biased;
                        () = served => {}
                        _ = closed.wait_for(|closing| *closing) => {}
                    }
                    drop(place);
                });
            }
        });
    }

    /// Waits until what was sent before the process exited is read: connections end when their peer has.
    pub(crate) async fn settle(&self, world: &World) {
        let all = async {
            for places in &self.places {
                // The door itself holds one while it waits for a connection.
                drop(places.acquire_many(self.connections_max.saturating_sub(1).max(1)).await);
            }
        };
        let _ = world.timeout(SETTLE_LIMIT, all).await; // a child may hold a connection longer than we wait
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.places.iter().for_each(|places| places.close());
    }
}
