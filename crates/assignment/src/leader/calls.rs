//! What the leader asks of placement and of workers, and what becomes of answers that do not come.
//!
//! A call whose answer was lost may have been taken: the slot is given back, the environment stopped, and both are said
//! until they were heard. What is not heard even so is found by the next greeting ([`super::fleet`]).

use super::words::held_of;
use super::{Begin, Leader};
use fabric::placement::{Place, PlacementError, ReleaseSlot, StartOutcome, StartReport};
use fabric::worker::{AcknowledgeEpoch, StartEnvironment, StopEnvironment, WorkerControl, WorkerError};
use scheduler::assignment::{Held, Input};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use types::{EnvironmentId, VersionKey, WorkerId};

/// How long a worker may take to accept an environment: it answers before it makes anything.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long placement may take: it decides in memory.
const PLACE_LIMIT: Duration = Duration::from_secs(5);
/// A question that was given up is not taken any more after so long, wherever it was held up: then its slot is given back
/// for good.
const LATE_MAX: Duration = Duration::from_secs(10);
/// How soon what placement did not hear is said again, and how often: longer than a worker's lease, after which nothing of
/// it is in any book.
const RELEASE_AGAIN: Duration = Duration::from_millis(500);
const RELEASE_TRIES: u32 = 120;
/// How soon, and then how seldom at most, a worker that does not answer is greeted again, and how long it may take.
const GREET_AGAIN: Duration = Duration::from_millis(20);
const GREET_AGAIN_MAX: Duration = Duration::from_secs(1);
const GREET_LIMIT: Duration = Duration::from_secs(5);

impl Leader {
    pub(super) async fn place(&self, environment: EnvironmentId, key: VersionKey, memory_mb: u32) -> Input {
        // What can not be written down is not begun: who waits for it waits as for room, until its deadline.
        if self.journal.is_behind() {
            return Input::NotPlaced { environment, ever: false };
        }
        self.asked_mb.fetch_add(u64::from(memory_mb), Ordering::Relaxed);
        let partition = self.parts.partition;
        let place = Place { environment, key, memory_mb, partition, code: None, sandboxes: Vec::new() };
        match self.parts.world.timeout(PLACE_LIMIT, self.parts.placement.place(place)).await {
            Some(Ok(slot)) => Input::Placed { environment, worker: slot.worker },
            Some(Err(PlacementError::Unavailable { .. })) | None => {
                if let Some(leader) = self.me.upgrade() {
                    let giving = async move { leader.release_late(environment).await };
                    self.parts.world.spawn("assignment.effect", giving);
                }
                Input::NotPlaced { environment, ever: false }
            }
            Some(Err(error)) => Input::NotPlaced { environment, ever: error == PlacementError::TooLarge },
        }
    }

    /// A slot that may have been taken, or be taken yet.
    async fn release_late(&self, environment: EnvironmentId) {
        self.release(environment).await;
        let tasks = self.step(Input::Released);
        self.carry_out(tasks);
        self.parts.world.clock.sleep(LATE_MAX).await;
        self.release(environment).await;
    }

    /// Until placement has heard it.
    pub(super) async fn release(&self, environment: EnvironmentId) {
        for _ in 0..RELEASE_TRIES {
            match self.parts.placement.release(ReleaseSlot { environment }).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%environment, %error, "slot not released yet"),
            }
            if self.lock().closed.is_some() {
                return; // whoever leads next knows what there is
            }
            self.parts.world.clock.sleep(RELEASE_AGAIN).await;
        }
        tracing::warn!(%environment, "slot not released");
    }

    pub(super) async fn begin(&self, begin: Begin) -> Input {
        let Begin { environment, key, worker: id, token, memory_mb, provisioned } = begin;
        let Some(worker) = self.parts.workers.control(&id) else {
            self.unreached(&id).await;
            return Input::NotStarted { environment };
        };
        let (partition, epoch) = (self.parts.partition, self.epoch);
        let message = StartEnvironment { environment, key, partition, epoch, token, memory_mb, provisioned };
        let error = match self.parts.world.timeout(START_LIMIT, worker.start_environment(message)).await {
            Some(Ok(())) => return Input::Started { environment },
            Some(Err(error)) => error,
            None => WorkerError::Unreachable { reason: "no answer in time".to_owned(), sent: true },
        };
        self.look_at(&error);
        tracing::warn!(%environment, worker = %id, %error, "environment not started");
        match error {
            WorkerError::Unreachable { sent, .. } => {
                self.unreached(&id).await;
                if sent { Input::MaybeStarted { environment } } else { Input::NotStarted { environment } }
            }
            _ => Input::NotStarted { environment },
        }
    }

    /// What it has that is idle is granted no more until it answers, and placement finds others for what is to be made.
    async fn unreached(&self, id: &WorkerId) {
        self.tell(Input::Unreached { worker: id.clone() });
        let report = StartReport { worker: id.clone(), outcome: StartOutcome::Unreached };
        if let Err(error) = self.parts.placement.started(report).await {
            tracing::debug!(worker = %id, %error, "placement does not know that a worker can not be reached");
        }
    }

    /// The worker reports `Gone` itself, or says that there is nothing to end. What it does not hear it hears when it
    /// answers a greeting; with its lease it is lost.
    pub(super) async fn end(&self, environment: EnvironmentId, id: &WorkerId) -> Option<Input> {
        let worker = self.parts.workers.control(id)?;
        let (partition, epoch) = (self.parts.partition, self.epoch);
        match worker.stop_environment(StopEnvironment { environment, partition, epoch }).await {
            Ok(()) => None,
            Err(WorkerError::NotThere) => Some(Input::Gone { environment }),
            Err(error) => {
                self.look_at(&error);
                tracing::warn!(%environment, worker = %id, %error, "environment not stopped");
                let unreached = matches!(error, WorkerError::Unreachable { .. });
                unreached.then(|| Input::Unreached { worker: id.clone() })
            }
        }
    }

    /// Until the worker answers, is lost, is greeted anew, or somebody else leads.
    pub(super) async fn greet(me: Weak<Self>, worker: WorkerId, greet: u64) {
        let mut wait = GREET_AGAIN;
        loop {
            let Some(leader) = me.upgrade() else { return };
            let wanted = {
                let state = leader.lock();
                state.closed.is_none() && state.machine.awaits(&worker, greet)
            };
            if !wanted {
                return;
            }
            if let Some(held) = leader.ask(&worker).await {
                return leader.tell(Input::Reported { worker, greet, held });
            }
            let clock = leader.parts.world.clock.clone();
            drop(leader);
            clock.sleep(wait).await;
            wait = (2 * wait).min(GREET_AGAIN_MAX);
        }
    }

    async fn ask(&self, id: &WorkerId) -> Option<Vec<Held>> {
        let worker: Arc<dyn WorkerControl> = self.parts.workers.control(id)?;
        let message = AcknowledgeEpoch { partition: self.parts.partition, epoch: self.epoch };
        match self.parts.world.timeout(GREET_LIMIT, worker.acknowledge(message)).await {
            Some(Ok(held)) => Some(held.environments.into_iter().map(held_of).collect()),
            Some(Err(error)) => {
                self.look_at(&error);
                tracing::debug!(worker = %id, %error, "the worker has not acknowledged the epoch");
                None
            }
            None => None,
        }
    }

    /// A worker that has seen a higher epoch knows before the journal does.
    fn look_at(&self, error: &WorkerError) {
        if *error == WorkerError::Stale {
            // Before anybody is answered that a worker did not want them.
            self.close(fabric::assignment::AcquireError::NotLeader);
            self.outdated.notify_one();
        }
    }
}
