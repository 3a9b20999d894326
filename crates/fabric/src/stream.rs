//! Bounded streams of owned frames, with an end, an error or a cancel.
//!
//! ```text
//! sender:    frame*  then  end (the last frame says so)        or dropped = broken off (an error to the reader)
//! receiver:  next*   then  None after the end                  or dropped = cancel (an error to the sender)
//! ```
//! In one process frames go through a bounded channel; between machines they are messages on a stream.

use tokio::sync::mpsc;

/// The reading end. Dropping it cancels: the sender's next send fails.
#[derive(Debug)]
pub struct FrameStream<F>(mpsc::Receiver<F>);

/// The writing end.
#[derive(Debug)]
pub struct FrameSender<F>(mpsc::Sender<F>);

/// The reader has cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reader has gone")]
pub struct Cancelled;

/// A stream that holds at most `bound` frames.
pub fn channel<F>(bound: usize) -> (FrameSender<F>, FrameStream<F>) {
    let (tx, rx) = mpsc::channel(bound);
    (FrameSender(tx), FrameStream(rx))
}

impl<F> FrameStream<F> {
    /// The next frame; `None` when the sender is done or gone. Whether that was the end is the last frame's to say.
    pub async fn next(&mut self) -> Option<F> {
        self.0.recv().await
    }
    /// [`next`](Self::next) for those who poll (an HTTP body).
    pub fn poll_next(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<F>> {
        self.0.poll_recv(cx)
    }
}

impl<F> FrameSender<F> {
    /// Waits for room, then sends.
    pub async fn send(&self, frame: F) -> Result<(), Cancelled> {
        self.0.send(frame).await.map_err(|_| Cancelled)
    }
    /// Sends if there is room; gives the frame back where there is none and drops it where nobody reads.
    pub fn try_send(&self, frame: F) -> Result<(), F> {
        match self.0.try_send(frame) {
            Err(mpsc::error::TrySendError::Full(frame)) => Err(frame),
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }
    /// Completes when the reader cancels.
    pub async fn cancelled(&self) {
        self.0.closed().await;
    }
}
