//! Bounded streams of owned frames, with an end, an error or a cancel.
//!
//! ```text
//! sender:    frame*  then  end (the last frame says so)        or dropped = broken off (an error to the reader)
//! receiver:  next*   then  None after the end                  or dropped = cancel (an error to the sender)
//! ```
//! In one process frames go through a bounded channel; between machines they are messages on a stream, pulled off it as
//! they are asked for ([`FrameStream::pulled`]), so that a slow reader holds up its writer and nobody holds a queue.

use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The reading end. Dropping it cancels: the sender's next send fails.
pub struct FrameStream<F>(Source<F>);

enum Source<F> {
    Channel(mpsc::Receiver<F>),
    Pulled(Box<dyn Pull<F>>),
}

/// Where frames come from that no channel brings. Dropped, it cancels.
pub trait Pull<F>: Send + Sync {
    /// The next frame; `None` when there are no more, again and again.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<F>>;
}

impl<F> std::fmt::Debug for FrameStream<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Source::Channel(_) => "FrameStream(channel)",
            Source::Pulled(_) => "FrameStream(pulled)",
        })
    }
}

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
    (FrameSender(tx), FrameStream(Source::Channel(rx)))
}

impl<F> FrameStream<F> {
    /// The next frame; `None` when the sender is done or gone. Whether that was the end is the last frame's to say.
    pub async fn next(&mut self) -> Option<F> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
    /// [`next`](Self::next) for those who poll (an HTTP body).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<F>> {
        match &mut self.0 {
            Source::Channel(frames) => frames.poll_recv(cx),
            Source::Pulled(frames) => frames.poll_next(cx),
        }
    }
    /// A stream of what `source` gives.
    pub fn pulled(source: impl Pull<F> + 'static) -> Self {
        Self(Source::Pulled(Box::new(source)))
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
