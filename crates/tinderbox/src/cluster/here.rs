//! The roles that are in this process, and those of others as they ask for them.
//!
//! Who needs a role asks the network for it, also where that role is in this very process: one way for all.

use super::Join;
use super::lead::{self, PlacementLead};
use super::logs::Logs;
use super::net::Net;
use super::partition;
use super::spread::Spread;
use super::standing::Standing;
use super::stores::{self, Stores, Tenant};
use super::turn::take_turns;
use crate::roles::{self, Settings, StartError};
use assignment::{AssignmentService, Courtesy, Partitions, WorkerDirectory};
use bytes::Bytes;
use fabric::api::Api;
use fabric::assignment::Assignment;
use fabric::control::Control;
use fabric::placement::Placement;
use fabric::remote::{Remote, Served};
use fabric::worker::{WorkerCensus, WorkerControl, WorkerHandle, WorkerInvoke};
use fabric_rpc::{NodeRole, Roles};
use frontend::{Frontend, FrontendParts};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sandbox::process::{ProcessSandbox, SpawnerHandle};
use std::sync::Arc;
use std::time::Duration;
use substrate::election::{Election, LEASE};
use substrate::{Blobs, Expected, Key, Kv, KvError};
use types::{PartitionCount, PartitionId, WorkerId, Zone};
use worker::tenancy::{HostVitals, Tenancy};
use worker::{Worker, WorkerParts};
use world::{TaskHandle, World};

/// Journals that are opened at once at a node's start, each a request to NATS or two.
const OPENED_AT_ONCE: usize = 16;
/// How long a call waits for somebody to lead placement: longer than an election takes.
const PLACEMENT_PATIENCE: Duration = Duration::from_secs(3);

/// What every role stands on: this node's settings, the stores that all share, the others' roles.
pub(super) struct Ground {
    pub(super) world: World,
    pub(super) join: Join,
    pub(super) settings: Settings,
    pub(super) stores: Stores,
    net: Arc<Net>,
    partitions: PartitionCount,
    assignment: Arc<dyn Assignment>,
    placement: Arc<dyn Placement>,
}

impl Ground {
    pub(super) async fn new(
        world: World,
        join: Join,
        settings: Settings,
        stores: Stores,
        net: Arc<Net>,
    ) -> Result<Self, StartError> {
        let failed = |error: KvError| error.to_string();
        let partitions = partition::settle(stores.kv.as_ref(), join.partitions).await?;
        let assignment = Arc::new(partition::clients(&net, partitions).map_err(failed)?);
        let way = net.leading(lead::key().map_err(failed)?, NodeRole::Placement, PLACEMENT_PATIENCE);
        let placement = Remote::<dyn Placement>::new(way);
        Ok(Self { world, join, settings, stores, net, partitions, assignment, placement })
    }
}

/// The roles of this node.
#[derive(Default)]
pub(super) struct Here {
    pub(super) frontend: Option<Arc<Frontend>>,
    assignment: Option<Arc<Partitions<AssignmentService>>>,
    placement: Option<Arc<PlacementLead>>,
    worker: Option<Working>,
    tenancy: Option<Tenancy>,
    logs: Option<Logs>,
    /// What ends with it, wherever it stands.
    background: Vec<TaskHandle>,
}

/// A worker, and what of the host it stands on.
struct Working {
    worker: Worker,
    walls: Arc<ProcessSandbox>,
}

impl Here {
    /// Starts what this node is there for; what others may call of it, and which walls are missing.
    pub(super) async fn start(
        ground: &Ground,
        spawner: Option<SpawnerHandle>,
    ) -> Result<(Self, Roles, Vec<String>), StartError> {
        let (mut here, mut served, mut missing) = (Self::default(), Roles::default(), Vec::new());
        if ground.join.is(NodeRole::Assignment) {
            let (services, spread) = assign(ground).await?;
            served = served.with(Served::<dyn Assignment>::new(services.clone()));
            served = served.with(Arc::new(Standing(Arc::clone(&services))));
            here.assignment = Some(services);
            here.background.push(spread);
        }
        if ground.join.is(NodeRole::Placement) {
            let lead = place(ground)?;
            served = served.with(lead.clone());
            here.placement = Some(lead);
        }
        here.logs = Logs::open(&ground.world, &ground.join, &ground.settings).await?;
        let Some(logs) = &here.logs else { return Ok((here, served, missing)) };
        served = logs.served(served);
        if ground.join.is(NodeRole::Frontend) {
            let front = front(ground, logs).await?;
            served = served.with(Served::<dyn Control>::new(front.control));
            served = served.with(Served::<dyn Api>::new(front.frontend.door()));
            here.frontend = Some(front.frontend);
            here.background.push(front.collector);
        }
        if let Some(spawner) = spawner {
            let working = work(ground, logs, spawner, &mut missing).await?;
            served = served.with(Served::<dyn WorkerControl>::new(Arc::new(working.worker.clone())));
            served = served.with(Served::<dyn WorkerCensus>::new(Arc::new(working.worker.clone())));
            served = served.with(Served::<dyn WorkerInvoke>::new(Arc::new(working.worker.clone())));
            here.worker = Some(working);
        }
        Ok((here, served, missing))
    }

    /// The worker is a member of the fleet from now on.
    pub(super) fn begin_tenancy(&mut self, ground: &Ground) {
        let Some(Working { worker, .. }) = &self.worker else { return };
        let offer = roles::offer(Zone::new(&ground.join.zone), &ground.settings);
        let vitals = Arc::new(HostVitals::new(ground.settings.data.clone()));
        self.tenancy = Some(Tenancy::begin(worker, Arc::clone(&ground.placement), offer, vitals));
    }

    /// Completes when no environment can be made or ended any more.
    pub(super) async fn walls_ended(&self) {
        match &self.worker {
            Some(working) => working.walls.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Leads nothing any more, and runs nothing once what runs has ended.
    pub(super) async fn let_go(&self) {
        if let Some(placement) = &self.placement {
            placement.close().await;
        }
        if let Some(assignment) = &self.assignment {
            assignment.each().for_each(|(_, service)| service.close());
        }
        if let Some(tenancy) = &self.tenancy {
            tenancy.leave(roles::DRAIN_MAX).await;
        }
        self.hurry().await;
    }

    /// Environments have no more than a moment.
    pub(super) async fn hurry(&self) {
        if let Some(Working { worker, .. }) = &self.worker {
            worker.shutdown(roles::ENDING_MIN).await;
        }
    }

    /// What was logged until now is where others find it.
    pub(super) async fn last_lines(&self) {
        if let Some(logs) = &self.logs {
            logs.drain().await;
        }
    }

    pub(super) fn stop_background(&self) {
        self.background.iter().for_each(TaskHandle::abort);
    }
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

/// A service of each partition, which all could lead.
async fn assign(ground: &Ground) -> Result<(Arc<Partitions<AssignmentService>>, TaskHandle), StartError> {
    let Ground { world, join, stores, .. } = ground;
    let spread = Spread::new(&join.name);
    spread.look(world, stores.kv.as_ref()).await;
    let opening = ground.partitions.all().map(|partition| assign_one(ground, partition, Arc::clone(&spread)));
    let each = stream::iter(opening).buffered(OPENED_AT_ONCE).try_collect().await?;
    let services = Partitions::new(ground.partitions, each);
    let services = Arc::new(services.ok_or_else(|| "a partition has no service".to_owned())?);
    let keeping = spread.keep(world, Arc::clone(&stores.kv), Arc::clone(&services));
    Ok((services, keeping))
}

async fn assign_one(
    ground: &Ground,
    partition: PartitionId,
    spread: Arc<Spread>,
) -> Result<Arc<AssignmentService>, StartError> {
    let Ground { world, join, settings, stores, net, .. } = ground;
    let key = assignment::key_of(partition).map_err(|error| error.to_string())?;
    let election = Election { kv: Arc::clone(&stores.kv), key, holder: join.name.clone(), lease: LEASE };
    let parts = assignment::Parts {
        world: world.clone(),
        journal: stores.journal(partition).await?,
        // Another leader was told of changes that this one was not.
        revisions: Some(Arc::new(control::RecordedRevisions::new(Arc::clone(&stores.kv)))),
        election: Some(election),
        placement: Arc::clone(&ground.placement),
        workers: Arc::new(Workers(Arc::clone(net))),
        partition,
        settings: assignment::Settings { idle_max: settings.idle_max, ..assignment::Settings::default() },
    };
    let courtesy: Arc<dyn Courtesy> = spread;
    Ok(AssignmentService::among(parts, Some(courtesy)))
}

fn place(ground: &Ground) -> Result<Arc<PlacementLead>, StartError> {
    let Ground { world, join, stores, .. } = ground;
    let (kv, provider) = (Arc::clone(&stores.kv), join.fleet.provider(world)?);
    let lead = PlacementLead::start(world, kv, &join.name, join.fleet.planner(), provider);
    Ok(lead.map_err(|error| error.to_string())?)
}

/// A frontend and its control.
struct Front {
    frontend: Arc<Frontend>,
    control: Arc<control::Control>,
    collector: TaskHandle,
}

/// The frontends' own: drawn by the first of them.
async fn download_key(world: &World, kv: &dyn Kv) -> Result<[u8; 32], StartError> {
    let failed = |error: KvError| error.to_string();
    let key = Key::of(&["frontend", "download-key"]).map_err(failed)?;
    let mut drawn = [0; 32];
    world.entropy.fill(&mut drawn);
    match kv.put(key.clone(), Bytes::copy_from_slice(&drawn), Expected::Absent).await {
        Ok(_) | Err(KvError::Conflict { .. }) => {}
        Err(error) => return Err(failed(error).into()),
    }
    let there = kv.get(&key).await.map_err(failed)?;
    let there = there.and_then(|entry| <[u8; 32]>::try_from(entry.value.as_ref()).ok());
    Ok(there.ok_or_else(|| "the key of downloads can not be read".to_owned())?)
}

/// Of all frontends one removes what nobody names.
fn collect(ground: &Ground, blobs: Arc<dyn Blobs>) -> Result<TaskHandle, StartError> {
    let Ground { world, join, stores, .. } = ground;
    let key = Key::of(&["control", "collector"]).map_err(|error| error.to_string())?;
    let (kv, of_work) = (Arc::clone(&stores.kv), (world.clone(), Arc::clone(&stores.kv), blobs));
    Ok(take_turns(world, kv, key, &join.name, move || {
        let (world, kv, blobs) = of_work.clone();
        control::Collector::new(world, kv, blobs).run()
    }))
}

async fn front(ground: &Ground, logs: &Logs) -> Result<Front, StartError> {
    let Ground { world, join, settings, stores, net, .. } = ground;
    let settled = join.stores.blobs.as_ref().ok_or_else(|| "a frontend needs --blobs".to_owned())?;
    let blobs = stores::blobs(world, settled, Tenant::Code).await?;
    // Which interpreters there are is for workers to say; a frontend may stand on a host without any.
    let control = control::Control::open(
        world.clone(),
        Arc::clone(&stores.kv),
        Arc::clone(&blobs),
        Arc::clone(&ground.assignment),
        control::Settings {
            shared: true,
            snap_start_any_runtime: !settings.strict_runtimes,
            ..control::Settings::new([roles::architecture()])
        },
    );
    let control = control.await.map_err(|error| error.to_string())?;
    let collector = collect(ground, blobs)?;
    let workers = Workers(Arc::clone(net));
    let frontend = Frontend::new(FrontendParts {
        world: world.clone(),
        control: control.clone(),
        assignment: Arc::clone(&ground.assignment),
        workers: Arc::new(move |worker: &WorkerId| Some(workers.handle(worker))),
        telemetry: logs.shared(net),
        settings: frontend::Settings {
            download_key: Some(download_key(world, stores.kv.as_ref()).await?),
            ..roles::frontend_settings(settings)
        },
    });
    Ok(Front { frontend, control, collector })
}

async fn work(
    ground: &Ground,
    logs: &Logs,
    spawner: SpawnerHandle,
    missing: &mut Vec<String>,
) -> Result<Working, StartError> {
    let Ground { world, join, settings, net, .. } = ground;
    let walls = ProcessSandbox::new(spawner, world.clone()).map_err(|error| error.to_string())?;
    let sandbox = roles::sandbox_of(world, &settings.walls, &settings.data, &walls).await?;
    *missing = sandbox.capabilities().missing;
    let egress = roles::offered_egress(settings, &*sandbox, missing)?;
    roles::check_snapshots(settings.snapshots, &*sandbox)?;
    let runtimes = roles::open_runtimes(world, settings)?;
    let worker = Worker::new(WorkerParts {
        world: world.clone(),
        sandbox,
        control: Remote::<dyn Control>::new(net.any(NodeRole::Control)),
        assignment: Arc::clone(&ground.assignment),
        telemetry: logs.own(),
        api: Remote::<dyn Api>::new(net.any(NodeRole::Frontend)),
        runtimes: runtimes.clone(),
        settings: roles::worker_settings(WorkerId::new(&join.name), settings, egress),
    });
    worker.open().await.map_err(|error| format!("the code cache: {error}"))?;
    runtimes.look();
    Ok(Working { worker, walls })
}
