//! Between invocations an environment stands still, as on AWS: nothing that user code left running goes on.
//!
//! ```text
//!                after `freeze_after`        frozen            after `reclaim_after`
//! Awake (armed) ─────────────────────► Freezing ───► Frozen ─────────────────────────► Still (idle memory given back)
//!    ▲  rearm, after each invocation        │           │                                │
//!    ├───────────── wake, for an invocation ┼───────────┴────────────────────────────────┘
//!    └────────────── freezing failed ───────┘ after `AGAIN_AFTER`
//! Never: the sandbox can not, or the operator does not want it (final)
//! ```
//! Only an environment whose runtime has asked for its next event is armed. A wake overtakes a freezing on its way.

use crate::parts::WorkerParts;
use sandbox::{BootError, Environment};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use world::{BoxFuture, World};

/// A host that could not freeze it, for it was too busy or a task was stuck in the kernel, is not asked in vain all the time.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

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
    /// An operator is told once.
    warned: bool,
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
        Self { world, walls, after: after.unwrap_or_default(), reclaim_after, state, warned: false }
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
                        Err(BootError::Unsupported(_)) => State::Never,
                        Err(error) => self.failed(&error),
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

    /// The sandbox has let it go on: half frozen is no state.
    fn failed(&mut self, error: &BootError) -> State {
        if !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(%error, "an idle environment could not be frozen: it runs on, and is tried again");
        }
        State::Awake(self.world.clock.sleep(AGAIN_AFTER))
    }

    /// Lets it go on; whether it had to.
    pub(super) async fn wake(&mut self) -> Result<bool, BootError> {
        match self.state {
            State::Awake(_) | State::Never => Ok(false),
            State::Freezing | State::Frozen(_) | State::Still => self.walls.resume().await.map(|()| true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use sandbox::{Binding, Connection, Door, Process, ProcessSpec, Stats};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use testkit::clock::SetClock;

    /// Fails to be frozen so many times.
    struct Stubborn(AtomicUsize);

    #[async_trait]
    impl Environment for Stubborn {
        async fn start(&self, _: ProcessSpec) -> Result<Process, BootError> {
            Err(BootError::Gone)
        }
        async fn accept(&self, _: Door) -> std::io::Result<Box<dyn Connection>> {
            pending().await
        }
        async fn stats(&self) -> Result<Stats, BootError> {
            Ok(Stats::default())
        }
        async fn bind(&self, _: Binding) -> Result<(), BootError> {
            Ok(())
        }
        async fn pause(&self) -> Result<(), BootError> {
            let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            let failed = || BootError::Host { step: "freezer", reason: "busy".to_owned() };
            left.map_or(Ok(()), |_| Err(failed()))
        }
        async fn resume(&self) -> Result<(), BootError> {
            Ok(())
        }
        async fn stop(&self) {}
    }

    #[tokio::test]
    async fn an_environment_that_could_not_be_frozen_runs_on_and_is_tried_again() {
        let clock = Arc::new(SetClock::waking());
        let world = World { clock: clock.clone(), ..World::real() };
        let (after, reclaim_after) = (Duration::from_millis(50), Duration::from_secs(60));
        let state = State::Awake(world.clock.sleep(after));
        let walls = Arc::new(Stubborn(AtomicUsize::new(2)));
        let mut freezer = Freezer { world, walls, after, reclaim_after, state, warned: false };
        for wait in [after, AGAIN_AFTER, AGAIN_AFTER] {
            let asleep = async {
                clock.asleep(wait, 1).await;
                clock.advance(wait);
            };
            tokio::select! {
                biased;
                never = freezer.rest() => match never {},
                () = asleep => {}
            }
        }
        tokio::select! {
            biased;
            never = freezer.rest() => match never {},
            () = clock.asleep(reclaim_after, 1) => {}
        }
        assert!(matches!(freezer.state, State::Frozen(_)) && freezer.warned);
        assert!(freezer.wake().await.unwrap(), "an invocation is served in any case");
    }
}
