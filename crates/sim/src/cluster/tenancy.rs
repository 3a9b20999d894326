//! A worker's membership in the fleet: it joins, beats, obeys, and fences itself when its lease has ended.
//!
//! The rules are those of `crates/worker/src/tenancy.rs`, whose tasks are bound to the real worker's table.

use super::executor::Executor;
use super::router::Router;
use super::worker::Worker;
use fabric::placement::{Heartbeat, JoinFleet, Orders, Placement, PlacementError, ResidentList, SandboxKind};
use std::sync::Arc;
use std::time::Duration;
use types::{WorkerId, Zone};
use world::{Instant, World};

const AGAIN: Duration = Duration::from_millis(500);
const CALL_LIMIT: Duration = Duration::from_secs(2);

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
    pub(crate) executor: Executor,
    pub(crate) worker: Arc<Worker>,
    pub(crate) placement: Arc<Router<dyn Placement>>,
    pub(crate) offer: Offer,
    pub(crate) joined: bool,
    pub(crate) listing: bool,
    pub(crate) next: Instant,
}

impl Tenant {
    pub(crate) async fn run(mut self) {
        let world = self.world.clone();
        loop {
            if self.worker.has_run_out() {
                self.fenced();
            }
            if self.next <= world.now() {
                self.speak().await;
                continue;
            }
            let (now, until) = (world.now(), self.worker.until());
            let running = until > now;
            tokio::select! {
                biased;
                () = world.clock.sleep(until.since(now)), if running => {}
                () = world.clock.sleep(self.next.since(now)) => {}
            }
        }
    }

    fn fenced(&mut self) {
        self.worker.fence();
        self.joined = false;
        self.next = self.world.now();
    }

    /// Joins or beats, once.
    async fn speak(&mut self) {
        let sent = self.world.now();
        let begins = !self.worker.lease_runs();
        let (partition, environments) = self.worker.residents();
        let joining = !self.joined;
        let said = environments.clone();
        let told = if joining {
            let Offer { worker, zone, memory_mb, environments_max } = self.offer.clone();
            let (sandboxes, holds) = (vec![SandboxKind::Process], Vec::new());
            let cpu_milli = 0;
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
        } else {
            let count = u32::try_from(environments.len()).unwrap_or(u32::MAX);
            let list = self.listing.then_some(ResidentList { partition, environments });
            let (worker, fetched) = (self.offer.worker.clone(), Vec::new());
            let beat = Heartbeat { worker, pressure: None, environments: count, fetched, list };
            self.ask(self.placement.heartbeat(beat)).await
        };
        match told {
            Ok(orders) if !self.worker.renew(sent, &orders, joining && begins) => self.fenced(),
            Ok(orders) => self.obey(sent, &orders, joining.then_some(said)),
            Err(PlacementError::Unknown) if self.joined => {
                self.executor.note(format_args!("{} is not known to placement", self.offer.worker));
                self.joined = false;
            }
            Err(_) => self.next = self.world.now().plus(AGAIN),
        }
    }

    fn obey(
        &mut self,
        sent: Instant,
        orders: &Orders,
        said: Option<Vec<fabric::placement::ResidentEnvironment>>,
    ) {
        if let Some(said) = said {
            // What went while it was said is said once more.
            self.joined = self.worker.has_all(&said);
        }
        self.listing = orders.list;
        self.next = sent.plus(orders.next);
        if orders.drain {
            self.worker.set_draining(true);
        }
    }

    async fn ask(
        &self,
        call: impl Future<Output = Result<Orders, PlacementError>>,
    ) -> Result<Orders, PlacementError> {
        let left = self.worker.until().since(self.world.now());
        let limit = if left.is_zero() { CALL_LIMIT } else { left.min(CALL_LIMIT) };
        let silent = || PlacementError::Unavailable { reason: "no answer in time".to_owned() };
        self.world.timeout(limit, call).await.unwrap_or_else(|| Err(silent()))
    }
}
