//! Two workers that keep a real worker's rules and run nothing, the placement that knows them, and callers.

use assignment::{AssignmentService, WorkerDirectory};
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentEvent, EnvironmentReport,
};
use fabric::placement::{
    DrainWorker, Heartbeat, JoinFleet, LeaseWorkers, Leases, LeaveFleet, Orders, Place, Placement,
    PlacementError, ReleaseSlot, Slot, StartReport, WorkerState, WorkersQuery,
};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldEnvironments, HeldState, InvokeRefusal, StartEnvironment,
    StopEnvironment, WorkerControl, WorkerError,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use types::{
    AccountId, EnvironmentId, Epoch, FunctionName, LeaseToken, PartitionId, Region, Version, VersionKey,
    WorkerId,
};
use world::{BoxFuture, Clock, Instant, WallTime, World};

/// Ends a test that would hang.
const GENEROUS: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Scripted(Mutex<Table>);

#[derive(Default)]
struct Table {
    highest: Option<Epoch>,
    held: BTreeMap<EnvironmentId, (LeaseToken, Seat)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seat {
    First,
    Running,
    Free,
}

impl Table {
    fn admits(&mut self, epoch: Epoch) -> bool {
        self.highest = self.highest.max(Some(epoch));
        self.highest == Some(epoch)
    }
}

#[async_trait]
impl WorkerControl for Scripted {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let mut table = self.0.lock().expect("not poisoned");
        if !table.admits(message.epoch) {
            return Err(WorkerError::Stale);
        }
        let before = table.held.insert(message.environment, (message.token, Seat::First));
        assert!(before.is_none(), "an id is used once");
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let mut table = self.0.lock().expect("not poisoned");
        if !table.admits(message.epoch) {
            return Err(WorkerError::Stale);
        }
        table.held.remove(&message.environment);
        Err(WorkerError::NotThere)
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let mut table = self.0.lock().expect("not poisoned");
        if !table.admits(message.epoch) {
            return Err(WorkerError::Stale);
        }
        let row = |(&environment, &(token, seat)): (&EnvironmentId, &(LeaseToken, Seat))| {
            let state = if seat == Seat::Free { HeldState::Free } else { HeldState::Taken };
            HeldEnvironment { environment, token, state }
        };
        Ok(HeldEnvironments { environments: table.held.iter().map(row).collect() })
    }
}

/// The workers `a` and `b`.
pub(crate) struct Fleet {
    workers: BTreeMap<WorkerId, Arc<Scripted>>,
    next: AtomicUsize,
}

impl Fleet {
    pub(crate) fn new() -> Arc<Self> {
        let workers = ["a", "b"].map(|id| (WorkerId::new(id), Arc::default()));
        Arc::new(Self { workers: workers.into(), next: AtomicUsize::new(0) })
    }

    /// As a worker lets an invocation in, which then runs until [`Self::finish`].
    pub(crate) fn invoke(&self, lease: &Lease) -> Result<(), InvokeRefusal> {
        let mut table = self.workers[&lease.worker].0.lock().expect("not poisoned");
        if !table.admits(lease.epoch) {
            return Err(InvokeRefusal::Stale);
        }
        let (last, seat) = table.held.get_mut(&lease.environment).ok_or(InvokeRefusal::Gone)?;
        match seat {
            Seat::Running => return Err(InvokeRefusal::Busy),
            Seat::First if *last != lease.token => return Err(InvokeRefusal::Stale),
            Seat::Free if *last == lease.token => return Err(InvokeRefusal::Stale),
            Seat::First | Seat::Free => {}
        }
        (*last, *seat) = (lease.token, Seat::Running);
        Ok(())
    }

    /// The invocation under this lease is over, and whoever leads is told.
    pub(crate) async fn finish(&self, lease: &Lease, services: &[&Arc<AssignmentService>]) {
        {
            let mut table = self.workers[&lease.worker].0.lock().expect("not poisoned");
            let (token, seat) = table.held.get_mut(&lease.environment).expect("it is there");
            assert!(*token == lease.token && *seat == Seat::Running, "it runs under this lease");
            *seat = Seat::Free;
        }
        let report = EnvironmentReport {
            partition: lease.partition,
            worker: lease.worker.clone(),
            environment: lease.environment,
            token: lease.token,
            event: EnvironmentEvent::Idle,
        };
        let told = async {
            loop {
                for service in services {
                    if service.report(report.clone()).await.is_ok() {
                        return;
                    }
                }
                tokio::task::yield_now().await;
            }
        };
        assert!(World::real().timeout(GENEROUS, told).await.is_some(), "somebody leads");
    }

    /// What every worker has.
    pub(crate) fn held(&self) -> Vec<(EnvironmentId, WorkerId)> {
        let all = self.workers.iter().flat_map(|(id, worker)| {
            let table = worker.0.lock().expect("not poisoned");
            table.held.keys().map(|environment| (*environment, id.clone())).collect::<Vec<_>>()
        });
        all.collect()
    }

    /// Every invocation that runs.
    pub(crate) fn running(&self) -> Vec<(EnvironmentId, LeaseToken)> {
        let all = self.workers.values().flat_map(|worker| {
            let table = worker.0.lock().expect("not poisoned");
            let running = table.held.iter().filter(|(_, (_, seat))| *seat == Seat::Running);
            running.map(|(environment, (token, _))| (*environment, *token)).collect::<Vec<_>>()
        });
        all.collect()
    }
}

impl WorkerDirectory for Fleet {
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        let worker: Arc<dyn WorkerControl> = self.workers.get(worker)?.clone();
        Some(worker)
    }
}

#[async_trait]
impl Placement for Fleet {
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
        let next = self.next.fetch_add(1, Ordering::SeqCst) % self.workers.len();
        let worker = self.workers.keys().nth(next).expect("there are two").clone();
        Ok(Slot { worker })
    }
    async fn release(&self, _: ReleaseSlot) -> Result<(), PlacementError> {
        Ok(())
    }
    async fn workers(&self, _: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        Ok(Vec::new())
    }
}

pub(crate) fn wanted(function: &str) -> Acquire {
    let key = VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-west-1"),
        function: FunctionName::new(function),
        version: Version::Latest,
        generation: 1,
    };
    Acquire {
        key,
        memory_mb: 128,
        share: types::ConcurrencyShare::unreserved(1_000),
        wait_max: Duration::from_secs(30),
    }
}

/// As a frontend does: asks until somebody leads.
pub(crate) async fn acquire(services: &[&Arc<AssignmentService>], wanted: &Acquire) -> Lease {
    let leading = async {
        loop {
            for service in services {
                match service.acquire(wanted.clone()).await {
                    Ok(lease) => return lease,
                    Err(AcquireError::NotLeader) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            tokio::task::yield_now().await;
        }
    };
    World::real().timeout(GENEROUS, leading).await.expect("somebody leads")
}

/// From a leader that has just begun: until its workers have answered, a warm one is not known to be there.
pub(crate) async fn granted(service: &Arc<AssignmentService>, wanted: &Acquire) -> Lease {
    census_until(service, &["idle"]).await;
    acquire(&[service], wanted).await
}

/// Waits until the states of all environments are these, in order.
pub(crate) async fn census_until(service: &Arc<AssignmentService>, states: &[&str]) {
    let mut last = Vec::new();
    let reached = async {
        loop {
            let rows = service.census(CensusQuery { partition: PartitionId(0) }).await.unwrap_or_default();
            last = rows.into_iter().map(|row| row.state).collect();
            last.sort();
            if last == states {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let reached = World::real().timeout(GENEROUS, reached).await.is_some();
    assert!(reached, "{last:?}");
}

/// A clock whose sleepers sleep on while it is paused, as those of a stopped process do.
pub(crate) struct Pausable {
    real: Arc<dyn Clock>,
    paused: watch::Receiver<bool>,
}

impl Pausable {
    pub(crate) fn world() -> (World, watch::Sender<bool>) {
        let (pause, paused) = watch::channel(false);
        let world = World::real();
        let clock = Arc::new(Self { real: Arc::clone(&world.clock), paused });
        (World { clock, ..world }, pause)
    }
}

impl Clock for Pausable {
    fn now(&self) -> Instant {
        self.real.now()
    }
    fn wall(&self) -> WallTime {
        self.real.wall()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let (sleeping, mut paused) = (self.real.sleep(duration), self.paused.clone());
        Box::pin(async move {
            sleeping.await;
            let _ = paused.wait_for(|paused| !paused).await;
        })
    }
}
