//! Leases of workers: the worker's end (join, heartbeats, the fence) and the leader's (whom it may use, what it lost).
//!
//! Models of what the roles do, over the real `Placement`.

use super::executor::{Executor, Node};
use super::router::Router;
use super::worker::Worker;
use assignment::AssignmentService;
use fabric::assignment::{Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport};
use fabric::placement::{Heartbeat, JoinFleet, LeaseWorkers, Orders, Placement, PlacementError};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use types::{LeaseToken, WorkerId, Zone};
use world::{Instant, World};

/// Until a word that was not heard is said again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a leader looks at its leases.
const LEASES_EVERY: Duration = Duration::from_secs(1);
/// What it wants free ahead of traffic, MB.
const FREE_MB: u64 = 1_024;

/// What a worker offers.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) worker: WorkerId,
    pub(crate) zone: Zone,
    pub(crate) memory_mb: u64,
    pub(crate) environments_max: u32,
}

/// A worker's life in the fleet.
pub(crate) fn tenant(
    world: &World,
    executor: &Executor,
    worker: Arc<Worker>,
    fleet: Arc<Router<dyn Placement>>,
    offer: Offer,
) {
    let fence = {
        let (world, worker) = (world.clone(), Arc::clone(&worker));
        async move {
            loop {
                let wait = worker.look_at_lease();
                world.clock.sleep(wait.min(Duration::from_secs(1))).await;
            }
        }
    };
    world.spawn("tenancy.fence", fence);
    let (own, executor) = (world.clone(), executor.clone());
    world.spawn("tenancy.beats", async move {
        let mut joined = false;
        loop {
            let sent = own.now();
            let told = if joined {
                let (_, environments) = worker.residents();
                let environments = u32::try_from(environments.len()).unwrap_or(u32::MAX);
                let beat =
                    Heartbeat { worker: offer.worker.clone(), pressure: None, environments, fetched: vec![] };
                fleet.heartbeat(beat).await
            } else {
                fleet.join(join(&offer, &worker)).await
            };
            let wait = match told {
                Ok(orders) => {
                    joined = true;
                    obey(&worker, orders, sent)
                }
                Err(PlacementError::Unknown) => {
                    executor.note(format_args!("{} is not known to placement", offer.worker));
                    joined = false;
                    Duration::from_millis(10)
                }
                Err(_) => AGAIN,
            };
            own.clock.sleep(wait).await;
        }
    });
}

fn join(offer: &Offer, worker: &Worker) -> JoinFleet {
    let (partition, environments) = worker.residents();
    JoinFleet {
        worker: offer.worker.clone(),
        zone: offer.zone.clone(),
        memory_mb: offer.memory_mb,
        cpu_milli: 0,
        environments_max: offer.environments_max,
        sandboxes: vec![fabric::placement::SandboxKind::Process],
        holds: Vec::new(),
        partition,
        environments,
    }
}

/// Answers when to beat again.
fn obey(worker: &Worker, orders: Orders, sent: Instant) -> Duration {
    if orders.partition.is_none() && sent >= worker.last_started() {
        worker.fence();
    }
    worker.serve(orders.partition);
    worker.renew(sent.plus(orders.lease));
    worker.set_draining(orders.drain);
    orders.next
}

/// The leader's look at its leases, as long as the service is there.
pub(crate) fn lead(
    world: &World,
    executor: &Executor,
    node: Node,
    service: &Arc<AssignmentService>,
    fleet: Arc<Router<dyn Placement>>,
) {
    let (own, service, executor) = (world.clone(), Arc::downgrade(service), executor.clone());
    world.spawn("tenancy.leases", async move {
        let mut leases = Leases { heard: 0, missing: BTreeMap::new(), reign: None, node };
        while service.strong_count() > 0 {
            leases.look(&own, &executor, &service, &fleet).await;
            own.clock.sleep(LEASES_EVERY).await;
        }
    });
}

struct Leases {
    heard: u64,
    /// Whom placement does not name, since when.
    missing: BTreeMap<WorkerId, Instant>,
    reign: Option<types::Epoch>,
    node: Node,
}

impl Leases {
    async fn look(
        &mut self,
        world: &World,
        executor: &Executor,
        service: &Weak<AssignmentService>,
        fleet: &Router<dyn Placement>,
    ) {
        let Some(service) = service.upgrade() else { return };
        let Ok(rows) = service.census(CensusQuery).await else {
            self.missing.clear(); // it does not lead
            return;
        };
        let epoch = service.leading().await;
        if epoch != self.reign {
            (self.reign, self.heard) = (epoch, 0);
            self.missing.clear();
        }
        let message = LeaseWorkers { partition: super::machines::PARTITION, free_mb: FREE_MB, heard: self.heard };
        let Ok(leases) = fleet.lease(message).await else { return };
        self.heard = leases.heard;
        for environment in leases.lost {
            let worker = WorkerId::new("");
            let event = EnvironmentEvent::Gone;
            let gone = EnvironmentReport { worker, environment, token: LeaseToken(0), event };
            let _ = service.report(gone).await; // a leader that is none any more need not know
        }
        let mut used: Vec<WorkerId> = rows.into_iter().map(|row| row.worker).collect();
        used.sort();
        used.dedup();
        self.missing.retain(|worker, _| used.contains(worker) && !leases.workers.contains(worker));
        for worker in used {
            if worker.as_str().is_empty() || leases.workers.contains(&worker) {
                continue;
            }
            let since = *self.missing.entry(worker.clone()).or_insert_with(|| world.now());
            if world.now().since(since) > leases.lease + LEASES_EVERY {
                executor.note(format_args!("Assignment {} gives {worker} up", self.node.0));
                self.missing.remove(&worker);
                service.worker_lost(worker);
            }
        }
        // What was lost on the way is mended by asking again.
        leases.workers.into_iter().for_each(|worker| service.worker_connected(worker));
    }
}
