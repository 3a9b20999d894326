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
    connections: Arc<Semaphore>,
    connections_max: u32,
}

impl Doors {
    /// Connections past `connections_max` wait in the kernel's backlog.
    pub(crate) fn new(connections_max: u32) -> Self {
        let connections = Arc::new(Semaphore::new(connections_max as usize));
        Self { closing: watch::Sender::new(false), connections, connections_max }
    }

    /// Serves every connection that comes through this door, each in a task of its own.
    pub(crate) fn open<F>(
        &self,
        world: &World,
        walls: Arc<dyn Environment>,
        door: Door,
        serve: impl Fn(Box<dyn Connection>) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (closing, connections) = (self.closing.subscribe(), Arc::clone(&self.connections));
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
        // Each open door holds one place of its own while it waits for a connection.
        let places = self.connections_max.saturating_sub(2).max(1);
        drop(world.timeout(SETTLE_LIMIT, self.connections.acquire_many(places)).await);
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.connections.close();
    }
}
