//! Between invocations an environment stands still, as on AWS: nothing that user code left running goes on.
//!
//! ```text
//!                after `freeze_after`        frozen            after `reclaim_after`
//! Awake (armed) ─────────────────────► Freezing ───► Frozen ─────────────────────────► Still (idle memory given back)
//!    ▲  rearm, after each invocation        │           │                                │
//!    └───────────── wake, for an invocation ┴───────────┴────────────────────────────────┘
//! Never: the sandbox can not, the operator does not want it, or freezing failed once (final)
//! ```
//! Only an environment whose runtime has asked for its next event is armed. A wake overtakes a freezing on its way.

use crate::parts::WorkerParts;
use sandbox::{BootError, Environment};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use world::{BoxFuture, World};

enum State {
    Awake(BoxFuture<()>),
    Freezing,
    Frozen(BoxFuture<()>),
    Still,
    Never,
}

/// Freezes and thaws one environment.
pub(super) struct Freezer {
    world: World,
    walls: Arc<dyn Environment>,
    after: Duration,
    reclaim_after: Duration,
    state: State,
}

impl Freezer {
    /// Armed, where the sandbox can freeze.
    pub(super) fn new(parts: &WorkerParts, walls: Arc<dyn Environment>) -> Self {
        let (after, reclaim_after) = (parts.settings.freeze_after, parts.settings.reclaim_after);
        let world = parts.world.clone();
        let state = match after {
            Some(after) if parts.sandbox.capabilities().pause => State::Awake(world.clock.sleep(after)),
            _ => State::Never,
        };
        Self { world, walls, after: after.unwrap_or_default(), reclaim_after, state }
    }

    /// An invocation is over.
    pub(super) fn rearm(&mut self) {
        if !matches!(self.state, State::Never) {
            self.state = State::Awake(self.world.clock.sleep(self.after));
        }
    }

    /// Lets it come to rest, step by step, for as long as nobody wants it. May be dropped at any point.
    pub(super) async fn rest(&mut self) -> Infallible {
        loop {
            match &mut self.state {
                State::Awake(wait) => {
                    wait.as_mut().await;
                    self.state = State::Freezing;
                }
                State::Freezing => {
                    let paused = self.walls.pause().await;
                    self.state = match paused {
                        Ok(()) => State::Frozen(self.world.clock.sleep(self.reclaim_after)),
                        Err(error) => {
                            tracing::warn!(%error, "an idle environment could not be frozen: it runs on");
                            State::Never
                        }
                    };
                }
                State::Frozen(wait) => {
                    wait.as_mut().await;
                    // First: it is asked for once, whatever comes of it.
                    self.state = State::Still;
                    if let Err(error) = self.walls.reclaim().await {
                        tracing::debug!(%error, "idle memory was not given back");
                    }
                }
                State::Still | State::Never => pending().await,
            }
        }
    }

    /// Lets it go on; whether it had to.
    pub(super) async fn wake(&mut self) -> Result<bool, BootError> {
        match self.state {
            State::Awake(_) | State::Never => Ok(false),
            State::Freezing | State::Frozen(_) | State::Still => self.walls.resume().await.map(|()| true),
        }
    }
}
