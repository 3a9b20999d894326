//! A worker's membership in the fleet: the driver of [`Membership`], as `crates/worker/src/tenancy.rs` is the real one's.

use super::router::Router;
use super::worker::Worker;
use fabric::placement::{
    Heartbeat, JoinFleet, Orders, Placement, PlacementError, ResidentEnvironment, ResidentList, SandboxKind,
};
use scheduler::tenancy::{self, Answer, Heard, Membership};
use std::sync::Arc;
use std::time::Duration;
use types::{WorkerId, Zone};
use world::World;

/// What a worker offers.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) worker: WorkerId,
    pub(crate) zone: Zone,
    pub(crate) memory_mb: u64,
    pub(crate) environments_max: u32,
}

/// A worker's life in the fleet.
pub(crate) struct Tenant {
    pub(crate) world: World,
    pub(crate) worker: Arc<Worker>,
    pub(crate) placement: Arc<Router<dyn Placement>>,
    pub(crate) offer: Offer,
    pub(crate) membership: Membership,
}

impl Tenant {
    pub(crate) async fn run(mut self) {
        let world = self.world.clone();
        loop {
            self.worker.look_at_lease(&mut self.membership);
            let now = self.worker.now();
            if self.membership.next() <= now {
                self.speak().await;
                continue;
            }
            let until = self.worker.table().clock().until();
            let running = until > now;
            tokio::select! {
                biased;
                () = world.clock.sleep(until.saturating_sub(now)), if running => {}
                () = world.clock.sleep(self.membership.next() - now) => {}
            }
        }
    }

    /// Joins or beats, once.
    async fn speak(&mut self) {
        let (speech, list) = {
            let table = self.worker.table();
            let (partition, places) = table.residents();
            let resident = |(environment, place): (_, &tenancy::Place<_>)| ResidentEnvironment {
                environment,
                key: place.key.clone(),
                memory_mb: place.memory_mb,
            };
            let environments = places.into_iter().map(resident).collect();
            (self.membership.speak(&table, self.worker.now()), ResidentList { partition, environments })
        };
        let said = if speech.joins { self.join(list).await } else { self.beat(list, speech.lists).await };
        let answer = match said {
            Ok(Orders { partition, lease, drain, next, list }) => {
                Answer::Orders(tenancy::Orders { partition, lease, next, drain, list })
            }
            Err(PlacementError::Unknown) => Answer::Unknown,
            Err(_) => Answer::Silence,
        };
        if let Heard::Goes { drain: true, .. } = self.worker.hear(&mut self.membership, &speech, answer) {
            self.worker.table().drain();
        }
    }

    async fn join(&self, list: ResidentList) -> Result<Orders, PlacementError> {
        let Offer { worker, zone, memory_mb, environments_max } = self.offer.clone();
        let ResidentList { partition, environments } = list;
        let (sandboxes, holds, cpu_milli) = (vec![SandboxKind::Process], Vec::new(), 0);
        self.ask(self.placement.join(JoinFleet {
            worker,
            zone,
            memory_mb,
            cpu_milli,
            environments_max,
            sandboxes,
            holds,
            partition,
            environments,
        }))
        .await
    }

    async fn beat(&self, list: ResidentList, lists: bool) -> Result<Orders, PlacementError> {
        let environments = u32::try_from(list.environments.len()).unwrap_or(u32::MAX);
        let (worker, fetched) = (self.offer.worker.clone(), Vec::new());
        let list = lists.then_some(list);
        self.ask(self.placement.heartbeat(Heartbeat { worker, pressure: None, environments, fetched, list }))
            .await
    }

    async fn ask(
        &self,
        call: impl Future<Output = Result<Orders, PlacementError>>,
    ) -> Result<Orders, PlacementError> {
        let limit: Duration = Membership::patience(&self.worker.table(), self.worker.now());
        let silent = || PlacementError::Unavailable { reason: "no answer in time".to_owned() };
        self.world.timeout(limit, call).await.unwrap_or_else(|| Err(silent()))
    }
}
