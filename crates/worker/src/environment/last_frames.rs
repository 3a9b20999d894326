//! What the caller gets after the chunks: the response and the outcome, in this order and without a wait.
//!
//! A caller of a stream that is read slowly has no room for them yet. They wait in a task of their own, so that
//! neither the environment nor its next invocation does.

use fabric::FrameSender;
use fabric::worker::InvokeFrame;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use world::World;

/// The response and the outcome.
const FRAMES: usize = 2;
/// How long a caller may take to make room for the next of them.
const READER_MAX: Duration = Duration::from_secs(60);

pub(super) struct LastFrames {
    world: World,
    frames: Arc<FrameSender<InvokeFrame>>,
    /// To the task, once there is one.
    waiting: Option<mpsc::Sender<InvokeFrame>>,
}

impl LastFrames {
    pub(super) fn new(world: World, frames: Arc<FrameSender<InvokeFrame>>) -> Self {
        Self { world, frames, waiting: None }
    }

    pub(super) fn send(&mut self, frame: InvokeFrame) {
        if let Some(waiting) = &self.waiting {
            // The task ends early only when the caller has gone or does not read.
            drop(waiting.try_send(frame));
            return;
        }
        let Err(frame) = self.frames.try_send(frame) else { return };
        let (tx, rx) = mpsc::channel(FRAMES);
        drop(tx.try_send(frame)); // there is room for both
        self.waiting = Some(tx);
        self.world.spawn("slow reader", wait(self.world.clone(), Arc::clone(&self.frames), rx));
    }
}

async fn wait(world: World, frames: Arc<FrameSender<InvokeFrame>>, mut rx: mpsc::Receiver<InvokeFrame>) {
    while let Some(frame) = rx.recv().await {
        if !matches!(world.timeout(READER_MAX, frames.send(frame)).await, Some(Ok(()))) {
            return;
        }
    }
}
