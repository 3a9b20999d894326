//! The driver with a placement and a worker that are told what to answer.

mod journal;

use crate::{AssignmentService, Parts, Settings, WorkerDirectory};
use async_trait::async_trait;
use fabric::Scope;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport, Retire,
};
use fabric::placement::{
    DrainWorker, Heartbeat, JoinFleet, LeaseWorkers, Leases, LeaveFleet, Orders, Place, Placement,
    PlacementError, ReleaseSlot, Slot, StartReport, WorkerState, WorkersQuery,
};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironments, StartEnvironment, StopEnvironment, WorkerControl, WorkerError,
};
use fabric::{Lease, Start};
use std::sync::Arc;
use std::time::Duration;
use substrate::{Log, SqliteLog, SqliteSettings};
use testkit::clock::SetClock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
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
    async fn join(&self, _: JoinFleet) -> Result<Orders, PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn heartbeat(&self, _: Heartbeat) -> Result<Orders, PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn started(&self, _: StartReport) -> Result<(), PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn drain(&self, _: DrainWorker) -> Result<(), PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn leave(&self, _: LeaveFleet) -> Result<(), PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn lease(&self, _: LeaseWorkers) -> Result<Leases, PlacementError> {
        Err(PlacementError::NotLeader)
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
    async fn acknowledge(&self, _: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        Ok(HeldEnvironments { environments: Vec::new() })
    }
}

/// Ends a test that would hang.
const MINUTE: Duration = Duration::from_secs(60);

struct Directory(Arc<Host>);

impl WorkerDirectory for Directory {
    fn control(&self, _: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        Some(self.0.clone())
    }
}

async fn service(slots: usize, starts: usize) -> (Arc<AssignmentService>, Arc<Host>) {
    service_in(World::real(), slots, starts).await
}

/// A log in a folder that is gone when the test is: its file stays open until then.
pub(crate) async fn journal(world: &World) -> Arc<dyn Log> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("journal.db");
    Arc::new(SqliteLog::open(world, &file, SqliteSettings::default()).await.expect("opens"))
}

async fn service_in(world: World, slots: usize, starts: usize) -> (Arc<AssignmentService>, Arc<Host>) {
    let host = Arc::new(Host {
        slots: Semaphore::new(slots),
        started: Semaphore::new(starts),
        stopped: tokio::sync::Mutex::new(Vec::new()),
    });
    let parts = Parts {
        journal: journal(&world).await,
        world,
        placement: host.clone(),
        workers: Arc::new(Directory(host.clone())),
        partition: PartitionId(0),
        settings: Settings::default(),
        revisions: None,
        election: None,
    };
    let service = AssignmentService::start(parts);
    assert_eq!(service.leading().await, Some(Epoch(1)));
    (service, host)
}

fn wanted(generation: u64) -> Acquire {
    let key = VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-west-1"),
        function: FunctionName::new("hello"),
        version: Version::Latest,
        generation,
    };
    Acquire {
        key,
        memory_mb: 128,
        share: types::ConcurrencyShare::unreserved(1_000),
        wait_max: Duration::from_secs(30),
    }
}

fn report(lease: &Lease, event: EnvironmentEvent) -> EnvironmentReport {
    EnvironmentReport {
        partition: lease.partition,
        worker: lease.worker.clone(),
        environment: lease.environment,
        token: lease.token,
        event,
    }
}

#[tokio::test]
async fn a_cold_start_goes_through_placement_and_worker_and_is_then_warm() {
    let (service, _) = service(1, 1).await;
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    assert_eq!(lease.start, Start::Cold);
    service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    let again = service.acquire(wanted(1)).await.expect("a lease");
    assert_eq!((again.start, again.environment), (Start::Warm, lease.environment));
    assert_ne!(again.token, lease.token);
}

#[tokio::test]
async fn a_caller_who_leaves_frees_what_was_made_for_it() {
    let (service, host) = service(1, 0).await;
    let world = World::real();
    // The worker does not answer yet, so the caller waits; then it leaves.
    assert!(world.timeout(Duration::from_millis(20), service.acquire(wanted(1))).await.is_none());
    host.started.add_permits(1);
    while host.stopped.lock().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let [row] = &service.census(CensusQuery { partition: PartitionId(0) }).await.expect("rows")[..] else {
        panic!("one environment")
    };
    assert_eq!(row.state, "stopping");
}

#[tokio::test]
async fn a_waiter_gets_the_environment_that_comes_free() {
    let (service, _) = service(1, 1).await;
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    let (second, ()) = tokio::join!(service.acquire(wanted(1)), async {
        service.report(report(&lease, EnvironmentEvent::Finishing)).await.expect("taken");
        service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    });
    assert_eq!(second.expect("a lease").environment, lease.environment);
}

#[tokio::test]
async fn after_retire_an_old_generation_is_stale_and_idle_ones_are_stopped() {
    let (service, host) = service(2, 2).await;
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
    let (service, _) = service(1, 0).await;
    let (waited, ()) = tokio::join!(service.acquire(wanted(1)), async {
        tokio::task::yield_now().await;
        service.close();
    });
    assert!(matches!(waited, Err(AcquireError::Unavailable { .. })));
    assert!(matches!(service.acquire(wanted(1)).await, Err(AcquireError::Unavailable { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_waits_for_the_one_slot_is_lost() {
    // It stands still: what a second look or a deadline would mend is not mended.
    let world = World { clock: Arc::new(SetClock::default()), ..World::real() };
    let (service, _) = service_in(world, 1, 1_000).await;
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let service = Arc::clone(&service);
        // Functions of their own: none is served by another's environment, so each needs the slot itself.
        let mut acquire = wanted(1);
        acquire.key.function = FunctionName::new(format!("f{}", caller % 8));
        callers.spawn(async move {
            for _ in 0..25 {
                let lease = service.acquire(acquire.clone()).await.expect("a lease");
                service.report(report(&lease, EnvironmentEvent::Gone)).await.expect("taken");
            }
        });
    }
    let all = World::real().timeout(MINUTE, callers.join_all()).await;
    assert!(all.is_some(), "every acquire is answered");
    assert!(service.census(CensusQuery { partition: PartitionId(0) }).await.expect("rows").is_empty());
}

#[tokio::test]
async fn who_waits_across_an_update_is_stale_at_once() {
    let (service, _) = service(1, 0).await;
    let key = wanted(1).key;
    let retire = Retire {
        scope: Scope { account: key.account, region: key.region },
        function: key.function,
        version: Some(Version::Latest),
        generation_min: 2,
    };
    // One is being started, the other waits for room.
    let (starting, queued, ()) =
        tokio::join!(service.acquire(wanted(1)), service.acquire(wanted(1)), async {
            while service.census(CensusQuery { partition: PartitionId(0) }).await.expect("rows").is_empty() {
                tokio::task::yield_now().await;
            }
            service.retire(retire).await.expect("taken");
        });
    assert_eq!((starting, queued), (Err(AcquireError::Stale), Err(AcquireError::Stale)));
}

#[tokio::test]
async fn one_that_is_not_found_keeps_its_slot_until_its_worker_says_that_it_is_gone() {
    let (service, host) = service(1, 2).await;
    let lease = service.acquire(wanted(1)).await.expect("a lease");
    service.report(report(&lease, EnvironmentEvent::NotFound)).await.expect("taken");
    while host.stopped.lock().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(host.slots.available_permits(), 0, "it may still be there");
    let (next, ()) = tokio::join!(service.acquire(wanted(1)), async {
        tokio::task::yield_now().await;
        service.report(report(&lease, EnvironmentEvent::Gone)).await.expect("taken");
    });
    assert_ne!(next.expect("a lease").environment, lease.environment);
}

#[tokio::test]
async fn the_timer_keeps_nothing_alive() {
    let (service, host) = service(1, 1).await;
    tokio::task::yield_now().await;
    let gone = Arc::downgrade(&service);
    drop(service);
    assert!(gone.upgrade().is_none(), "it sleeps without the service");
    while Arc::strong_count(&host) > 1 {
        tokio::task::yield_now().await;
    }
}
