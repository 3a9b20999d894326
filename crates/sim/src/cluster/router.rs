//! Who is asked, where a role has several machines of which one leads: the last that answered, then the next.

use super::executor::Node;
use super::network::Network;
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Retire,
};
use fabric::placement::{
    DrainWorker, Fleet, FleetError, Heartbeat, JoinFleet, LeaseWorkers, Leases, Orders, Place, PlaceFor,
    Placement, PlacementError, RegisterWorker, ReleaseSlot, Slot, StartReport, WorkerState, WorkersQuery,
};
use fabric::remote::Remote;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use types::PartitionId;

/// The machines of one role, as one machine sees them.
pub(crate) struct Router<S: ?Sized> {
    ways: Vec<Arc<Remote<S>>>,
    last: AtomicUsize,
}

impl<S: ?Sized> Router<S> {
    pub(crate) fn new(network: &Network, from: Node, to: &[Node]) -> Arc<Self> {
        let ways = to.iter().map(|node| Remote::new(network.way(from, *node))).collect();
        Arc::new(Self { ways, last: AtomicUsize::new(0) })
    }

    fn current(&self) -> &Remote<S> {
        &self.ways[self.last.load(Ordering::SeqCst) % self.ways.len()]
    }

    /// The next one is asked from now on.
    pub(crate) fn doubt(&self) {
        self.last.fetch_add(1, Ordering::SeqCst);
    }

    fn tries(&self) -> std::ops::Range<usize> {
        0..self.ways.len()
    }
}

/// One round at most: who asks decides how long to go on asking.
macro_rules! around {
    ($this:ident, $call:ident, $message:ident) => {{
        for _ in $this.tries() {
            match $this.current().$call($message.clone()).await {
                Err(AcquireError::NotLeader) => $this.doubt(),
                Err(error @ AcquireError::Unavailable { .. }) => {
                    $this.doubt();
                    return Err(error);
                }
                answer => return answer,
            }
        }
        Err(AcquireError::NotLeader)
    }};
}

#[async_trait]
impl Assignment for Router<dyn Assignment> {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        around!(self, acquire, message)
    }
    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        around!(self, report, message)
    }
    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        around!(self, retire, message)
    }
    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        around!(self, census, message)
    }
}

macro_rules! once {
    ($this:ident, $call:ident, $message:ident, $lost:pat) => {{
        let answer = $this.current().$call($message).await;
        if matches!(answer, Err($lost)) {
            $this.doubt();
        }
        answer
    }};
}

#[async_trait]
impl Fleet for Router<dyn Fleet> {
    async fn join(&self, message: JoinFleet) -> Result<Orders, FleetError> {
        once!(self, join, message, FleetError::Placement(_))
    }
    async fn heartbeat(&self, message: Heartbeat) -> Result<Orders, FleetError> {
        once!(self, heartbeat, message, FleetError::Placement(_))
    }
    async fn started(&self, message: StartReport) -> Result<(), FleetError> {
        once!(self, started, message, FleetError::Placement(_))
    }
    async fn drain(&self, message: DrainWorker) -> Result<(), FleetError> {
        once!(self, drain, message, FleetError::Placement(_))
    }
    async fn lease(&self, message: LeaseWorkers) -> Result<Leases, FleetError> {
        once!(self, lease, message, FleetError::Placement(_))
    }
    async fn place_for(&self, message: PlaceFor) -> Result<Slot, FleetError> {
        once!(self, place_for, message, FleetError::Placement(PlacementError::Unavailable { .. }))
    }
}

#[async_trait]
impl Placement for Router<dyn Placement> {
    async fn register(&self, message: RegisterWorker) -> Result<(), PlacementError> {
        once!(self, register, message, PlacementError::Unavailable { .. })
    }
    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        once!(self, place, message, PlacementError::Unavailable { .. })
    }
    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        once!(self, release, message, PlacementError::Unavailable { .. })
    }
    async fn workers(&self, message: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        once!(self, workers, message, PlacementError::Unavailable { .. })
    }
}

/// What an assignment service has for placement: slots of workers that are leased to its partition.
pub(crate) struct Places {
    pub(crate) partition: PartitionId,
    pub(crate) fleet: Arc<Router<dyn Fleet>>,
    pub(crate) placement: Arc<Router<dyn Placement>>,
}

#[async_trait]
impl Placement for Places {
    async fn register(&self, message: RegisterWorker) -> Result<(), PlacementError> {
        self.placement.register(message).await
    }
    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        let Place { environment, key, memory_mb } = message;
        let (partition, code, sandboxes) = (self.partition, None, Vec::new());
        let placed =
            self.fleet.place_for(PlaceFor { environment, key, memory_mb, partition, code, sandboxes }).await;
        placed.map_err(|error| match error {
            FleetError::Placement(error) => error,
            other => PlacementError::Unavailable { reason: other.to_string() },
        })
    }
    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        self.placement.release(message).await
    }
    async fn workers(&self, message: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        self.placement.workers(message).await
    }
}
