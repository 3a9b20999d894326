//! One node of a platform of several: some of the roles, which meet those of other nodes over `fabric-rpc`.
//!
//! ```text
//! join (stores, certificates) ─► roles started ─► entry in `Kv` ─► serve ─► drain: frontend, worker, leads ─► withdrawn
//! ```
//! Who needs a role asks the network for it, also where that role is in this very process: one way for all.

use super::Join;
use super::lead::{self, PlacementLead};
use super::members::{Member, Membership};
use super::net::Net;
use super::partition::PartitionClient;
use crate::roles::{self, Host, Launched, Settings, StartError};
use assignment::{AssignmentService, WorkerDirectory};
use fabric::api::Api;
use fabric::assignment::Assignment;
use fabric::control::Control;
use fabric::placement::Placement;
use fabric::remote::{Remote, Served};
use fabric::telemetry::Telemetry;
use fabric::worker::{WorkerControl, WorkerHandle, WorkerInvoke};
use fabric_rpc::{NodeRole, Roles, Server};
use frontend::{Frontend, FrontendParts};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use substrate::Kv;
use substrate::election::{Election, LEASE};
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::{PartitionId, WorkerId, Zone};
use worker::runtimes::host::HostRuntimes;
use worker::{Worker, WorkerParts};
use world::World;

/// The one partition there is.
const PARTITION: PartitionId = PartitionId(0);
/// How long a call waits for somebody to lead placement: longer than an election takes.
const PLACEMENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long the calls of others that are in progress are waited for at the end.
const CALLS_DRAIN_MAX: Duration = Duration::from_secs(5);

/// Every role of this node, started.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) fabric: SocketAddr,
    pub(crate) endpoint: Option<SocketAddr>,
    pub(crate) missing: Vec<String>,
    world: World,
    listener: TcpListener,
    server: Arc<Server>,
    membership: Membership,
    frontend: Option<(TcpListener, Arc<Frontend>)>,
    assignment: Option<Arc<AssignmentService>>,
    placement: Option<Arc<PlacementLead>>,
    worker: Option<(Worker, worker::Tenancy)>,
    host: Host,
}

/// Workers by their names.
struct Workers(Arc<Net>);

impl Workers {
    fn handle(&self, worker: &WorkerId) -> WorkerHandle {
        let way = self.0.node(worker.as_str(), NodeRole::Worker);
        let control: Arc<dyn WorkerControl> = Remote::<dyn WorkerControl>::new(Arc::clone(&way));
        let invoke: Arc<dyn WorkerInvoke> = Remote::<dyn WorkerInvoke>::new(way);
        WorkerHandle { control, invoke }
    }
}

impl WorkerDirectory for Workers {
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        Some(self.handle(worker).control)
    }
}
