//! The driver with a placement and a worker that are told what to answer.

use crate::{AssignmentService, Parts, Settings, WorkerDirectory};
use async_trait::async_trait;
use fabric::Scope;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport, Retire,
};
use fabric::placement::{
    Place, Placement, PlacementError, RegisterWorker, ReleaseSlot, Slot, WorkerState, WorkersQuery,
};
use fabric::worker::{StartEnvironment, StopEnvironment, WorkerControl, WorkerError};
use fabric::{Lease, Start};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use types::{AccountId, Epoch, FunctionName, PartitionId, Region, Version, VersionKey, WorkerId};
use world::World;

/// Placement with a number of slots, and the one worker.
struct Host {
    slots: Semaphore,
    started: Semaphore,
    stopped: tokio::sync::Mutex<Vec<StopEnvironment>>,
}

#[async_trait]
impl Placement for Host {
    async fn register(&self, _: RegisterWorker) -> Result<(), PlacementError> {
        Ok(())
    }
    async fn place(&self, _: Place) -> Result<Slot, PlacementError> {
        self.slots.try_acquire().map_err(|_| PlacementError::NoCapacity)?.forget();
        Ok(Slot { worker: WorkerId::new("w") })
    }
    async fn release(&self, _: ReleaseSlot) -> Result<(), PlacementError> {
        self.slots.add_permits(1);
        Ok(())
    }
    async fn workers(&self, _: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl WorkerControl for Host {
    async fn start_environment(&self, _: StartEnvironment) -> Result<(), WorkerError> {
        self.started.acquire().await.map_err(|_| WorkerError::Draining)?.forget();
        Ok(())
    }
    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        self.stopped.lock().await.push(message);
        Ok(())
    }
}

struct Directory(Arc<Host>);

impl WorkerDirectory for Directory {
    fn control(&self, _: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        Some(self.0.clone())
    }
}

fn service(slots: usize, starts: usize) -> (Arc<AssignmentService>, Arc<Host>) {
    let host = Arc::new(Host {
        slots: Semaphore::new(slots),
        started: Semaphore::new(starts),
        stopped: tokio::sync::Mutex::new(Vec::new()),
    });
    let parts = Parts {
        world: World::real(),
        placement: host.clone(),
        workers: Arc::new(Directory(host.clone())),
        partition: PartitionId(0),
        epoch: Epoch(1),
        settings: Settings::default(),
    };
    (AssignmentService::start(parts), host)
}

fn wanted(generation: u64) -> Acquire {
    let key = VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-west-1"),
        function: FunctionName::new("hello"),
        version: Version::Latest,
        generation,
    };
    Acquire { key, memory_mb: 128, wait_max: Duration::from_secs(30) }
}

fn report(lease: &Lease, event: EnvironmentEvent) -> EnvironmentReport {
    EnvironmentReport {
        worker: lease.worker.clone(),
        environment: lease.environment,
        token: lease.token,
        event,
    }
}

#[tokio::test]
async fn a_cold_start_goes_through_placement_and_worker_and_is_then_warm() {
    let (service, _) = service(1, 1);
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    assert_eq!(lease.start, Start::Cold);
    service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    let again = service.acquire(wanted(1)).await.expect("a lease");
    assert_eq!((again.start, again.environment), (Start::Warm, lease.environment));
    assert_ne!(again.token, lease.token);
}

#[tokio::test]
async fn a_caller_who_leaves_frees_what_was_made_for_it() {
    let (service, host) = service(1, 0);
    let world = World::real();
    // The worker does not answer yet, so the caller waits; then it leaves.
    assert!(world.timeout(Duration::from_millis(20), service.acquire(wanted(1))).await.is_none());
    host.started.add_permits(1);
    while host.stopped.lock().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let [row] = &service.census(CensusQuery).await.expect("rows")[..] else { panic!("one environment") };
    assert_eq!(row.state, "stopping");
}

#[tokio::test]
async fn a_waiter_gets_the_environment_that_comes_free() {
    let (service, _) = service(1, 1);
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    let (second, ()) = tokio::join!(service.acquire(wanted(1)), async {
        service.report(report(&lease, EnvironmentEvent::Finishing)).await.expect("taken");
        service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    });
    assert_eq!(second.expect("a lease").environment, lease.environment);
}

#[tokio::test]
async fn after_retire_an_old_generation_is_stale_and_idle_ones_are_stopped() {
    let (service, host) = service(2, 2);
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    let key = wanted(1).key;
    let retire = Retire {
        scope: Scope { account: key.account, region: key.region },
        function: key.function,
        version: Some(Version::Latest),
        generation_min: 2,
    };
    service.retire(retire).await.expect("taken");
    assert_eq!(service.acquire(wanted(1)).await, Err(AcquireError::Stale));
    let fresh = service.acquire(wanted(2)).await.expect("a lease");
    assert_ne!(fresh.environment, lease.environment);
    // Effects run in tasks of their own; the slot of the stopped one is asked for by nobody, so wait for the call
    // itself.
    while host.stopped.lock().await.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_closed_service_refuses_who_waits_and_who_comes() {
    let (service, _) = service(1, 0);
    let (waited, ()) = tokio::join!(service.acquire(wanted(1)), async {
        tokio::task::yield_now().await;
        service.close();
    });
    assert!(matches!(waited, Err(AcquireError::Unavailable { .. })));
    assert!(matches!(service.acquire(wanted(1)).await, Err(AcquireError::Unavailable { .. })));
}
