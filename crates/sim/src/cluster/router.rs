//! Who is asked, where a role has several machines of which one leads: the last that answered, then the next.

use super::executor::Node;
use super::network::Network;
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use fabric::placement::{
    DrainWorker, Heartbeat, JoinFleet, LeaseWorkers, Leases, LeaveFleet, Orders, Place, Placement,
    PlacementError, ReleaseSlot, Slot, StartReport, WorkerState, WorkersQuery,
};
use fabric::remote::Remote;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        around!(self, reserve, message)
    }
    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        around!(self, provision, message)
    }
    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        around!(self, census, message)
    }
}

/// As [`around`], of placement.
macro_rules! around_placement {
    ($this:ident, $call:ident, $message:ident) => {{
        for _ in $this.tries() {
            match $this.current().$call($message.clone()).await {
                Err(PlacementError::NotLeader) => $this.doubt(),
                Err(error @ PlacementError::Unavailable { .. }) => {
                    $this.doubt();
                    return Err(error);
                }
                answer => return answer,
            }
        }
        Err(PlacementError::NotLeader)
    }};
}

#[async_trait]
impl Placement for Router<dyn Placement> {
    async fn join(&self, message: JoinFleet) -> Result<Orders, PlacementError> {
        around_placement!(self, join, message)
    }
    async fn heartbeat(&self, message: Heartbeat) -> Result<Orders, PlacementError> {
        around_placement!(self, heartbeat, message)
    }
    async fn started(&self, message: StartReport) -> Result<(), PlacementError> {
        around_placement!(self, started, message)
    }
    async fn drain(&self, message: DrainWorker) -> Result<(), PlacementError> {
        around_placement!(self, drain, message)
    }
    async fn leave(&self, message: LeaveFleet) -> Result<(), PlacementError> {
        around_placement!(self, leave, message)
    }
    async fn lease(&self, message: LeaseWorkers) -> Result<Leases, PlacementError> {
        around_placement!(self, lease, message)
    }
    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        around_placement!(self, place, message)
    }
    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        around_placement!(self, release, message)
    }
    async fn workers(&self, message: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        around_placement!(self, workers, message)
    }
}
