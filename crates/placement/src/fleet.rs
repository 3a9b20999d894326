//! Keeps the fleet as the planner wishes it: a reconciler. Each round reads the world again, moves one step, and is safe to
//! run again; what failed is tried in the next round.
//!
//! ```text
//! tick (leases that ended) ─► plan ─► drain ─► stop (a provider's yes removes the worker) ─► start (expected until joined)
//!                                                ├─ stop what has left, drained to its end
//!                                                └─ stop what the provider runs and nobody knows, once we know all
//! ```

use crate::PlacementService;
use crate::provider::{FleetProvider, ProviderError};
use futures_util::StreamExt;
use futures_util::stream;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use types::{WorkerId, Zone};
use world::TaskHandle;

/// Between two rounds. Leases are looked at here: a loss is known so much later.
const EVERY: Duration = Duration::from_secs(1);
/// Starts and stops under way at once: a provider is a program or an API with limits.
const AT_ONCE: usize = 16;
/// Starts begun in one round; a thousand workers take a minute, and a forecast gone wrong can be seen.
const STARTS_MAX: usize = 16;

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub started: Vec<WorkerId>,
    pub drained: Vec<WorkerId>,
    pub stopped: Vec<WorkerId>,
    pub failed: usize,
}

/// The running reconciler.
pub struct Keeper {
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
    task: TaskHandle,
}

impl Keeper {
    /// Ends after the round that is under way; workers stay.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        // An error: the task is gone, which is what is waited for.
        let _ = self.stopped.wait_for(|stopped| *stopped).await;
        self.task.abort();
    }
}

impl PlacementService {
    /// Starts the reconciler.
    pub fn keep(self: &Arc<Self>, provider: Arc<dyn FleetProvider>) -> Keeper {
        let (stop, mut asked) = watch::channel(false);
        let (done, stopped) = watch::channel(false);
        let service = self.clone();
        let begun = self.now();
        let rounds = async move {
            loop {
                let round = service.reconcile(begun, &*provider).await;
                if round != Round::default() {
                    tracing::info!(
                        started = round.started.len(),
                        drained = round.drained.len(),
                        stopped = round.stopped.len(),
                        failed = round.failed,
                        "the fleet changed"
                    );
                }
                let asked = asked.wait_for(|stop| *stop);
                if service.world.timeout(EVERY, asked).await.is_some() {
                    break;
                }
            }
            let _ = done.send(true);
        };
        Keeper { stop, stopped, task: self.world.spawn("placement.fleet", rounds) }
    }

    /// One round. `begun` is when this service did: workers of an earlier one need time to say that they are there.
    pub async fn reconcile(&self, begun: Duration, provider: &dyn FleetProvider) -> Round {
        let now = self.now();
        let zones = provider.zones();
        let (plan, join_max) = {
            let mut books = self.lock();
            books.tick(now);
            let plan = books.planner.plan(&zones);
            for worker in &plan.drain {
                books.planner.drain(now, worker);
            }
            (plan, books.planner.settings().join_max)
        };
        let mut round = Round { drained: plan.drain, ..Round::default() };
        let mut stops: BTreeSet<WorkerId> = plan.stop.into_iter().collect();
        let mut starts = STARTS_MAX;
        let strangers = self.strangers(provider).await.map(|(left, strangers)| {
            stops.extend(left);
            strangers
        });
        match strangers {
            Ok(strangers) if begun + join_max <= now => stops.extend(strangers),
            // An earlier leader's, which are about to say that they are there: they come in place of as many new ones.
            Ok(strangers) => starts = wanted(&plan.start).saturating_sub(strangers.len()).min(STARTS_MAX),
            Err(error) => {
                tracing::warn!(%error, "the fleet's provider does not say what runs");
                starts = 0; // there may be enough
                round.failed += 1;
            }
        }
        self.stop_all(provider, stops, &mut round).await;
        self.start_all(provider, plan.start, starts, &mut round).await;
        round
    }

    /// What the provider runs: who has left, and whom nobody knows.
    async fn strangers(
        &self,
        provider: &dyn FleetProvider,
    ) -> Result<(Vec<WorkerId>, Vec<WorkerId>), ProviderError> {
        let mut running = provider.running().await?;
        let mut books = self.lock();
        running.retain(|worker| !books.planner.knows(worker));
        let (left, strangers) = running.into_iter().partition(|worker| books.left.contains(worker));
        // What somebody else runs, or has ended, is not looked at again; who came back after all is not to be ended.
        books.left = BTreeSet::from_iter(Vec::clone(&left));
        Ok((left, strangers))
    }

    async fn stop_all(&self, provider: &dyn FleetProvider, stops: BTreeSet<WorkerId>, round: &mut Round) {
        let stop = |worker: WorkerId| async move { (provider.stop(&worker).await, worker) };
        let mut stopping = stream::iter(stops).map(stop).buffer_unordered(AT_ONCE);
        while let Some((stopped, worker)) = stopping.next().await {
            match stopped {
                Ok(()) => {
                    self.lock().remove(&worker);
                    round.stopped.push(worker);
                }
                // Its operator ends it.
                Err(ProviderError::Unable) => {}
                Err(error) => {
                    tracing::warn!(%worker, %error, "a worker was not stopped; tried again");
                    round.failed += 1;
                }
            }
        }
    }

    async fn start_all(
        &self,
        provider: &dyn FleetProvider,
        starts: Vec<(Zone, u32)>,
        most: usize,
        round: &mut Round,
    ) {
        let each = starts.into_iter().flat_map(|(zone, count)| (0..count).map(move |_| zone.clone()));
        let named: Vec<(WorkerId, Zone)> = each.take(most).map(|zone| (self.name(), zone)).collect();
        for (worker, zone) in &named {
            // Before it is asked for: it may join before the provider has answered.
            self.lock().planner.expect(self.now(), worker.clone(), zone.clone());
        }
        let start = |(worker, zone)| async move { (provider.start(&worker, &zone).await, worker) };
        let mut starting = stream::iter(named).map(start).buffer_unordered(AT_ONCE);
        while let Some((started, worker)) = starting.next().await {
            match started {
                Ok(()) => round.started.push(worker),
                Err(error) => {
                    tracing::warn!(%worker, %error, "a worker was not started");
                    self.lock().planner.give_up(&worker);
                    round.failed += 1;
                }
            }
        }
    }

    fn name(&self) -> WorkerId {
        let random = self.world.random_16();
        WorkerId::new(random[..8].iter().fold("w-".to_owned(), |name, byte| format!("{name}{byte:02x}")))
    }
}

fn wanted(starts: &[(Zone, u32)]) -> usize {
    starts.iter().map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum()
}
