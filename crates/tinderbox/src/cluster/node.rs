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
use super::stores::{self, Stores, Tenant};
use super::turn::take_turns;
use crate::roles::{self, Launched, Lock, Settings, StartError, durable};
use assignment::{AssignmentService, WorkerDirectory};
use bytes::Bytes;
use fabric::api::Api;
use fabric::assignment::Assignment;
use fabric::control::Control;
use fabric::placement::Placement;
use fabric::remote::{Remote, Served};
use fabric::telemetry::Telemetry;
use fabric::worker::{WorkerControl, WorkerHandle, WorkerInvoke};
use fabric_rpc::{NodeRole, Roles, Server};
use frontend::{Frontend, FrontendParts};
use placement::provider::Static;
use sandbox::process::{ProcessSandbox, SpawnerHandle};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use substrate::election::{Election, LEASE};
use substrate::{Blobs, Expected, Key, Kv, KvError};
use telemetry::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::{PartitionId, WorkerId, Zone};
use worker::runtimes::host::HostRuntimes;
use worker::tenancy::{HostVitals, Tenancy};
use worker::{Worker, WorkerParts};
use world::{TaskHandle, World};

/// The one partition there is.
const PARTITION: PartitionId = PartitionId(0);
/// How long a call waits for somebody to lead placement: longer than an election takes.
const PLACEMENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long the calls of others that are in progress are waited for at the end. Invocations and requests are over by then;
/// what is left are calls that wait for something to happen, and are made again elsewhere.
const CALLS_DRAIN_MAX: Duration = Duration::from_secs(2);

/// Every role of this node, started.
pub(crate) struct Node {
    /// Where its frontend listens.
    pub(crate) endpoint: Option<SocketAddr>,
    /// Where its roles are heard by other nodes.
    pub(crate) fabric: SocketAddr,
    /// Walls that are missing on this host, one sentence each.
    pub(crate) missing: Vec<String>,
    world: World,
    listener: TcpListener,
    server: Arc<Server>,
    membership: Membership,
    frontend: Option<(TcpListener, Arc<Frontend>)>,
    /// What ends with it, wherever it stands.
    background: Vec<TaskHandle>,
    assignment: Option<Arc<AssignmentService>>,
    placement: Option<Arc<PlacementLead>>,
    worker: Option<Working>,
    tenancy: Option<Tenancy>,
    lock: Lock,
}

/// A worker, and what of the host it stands on.
struct Working {
    worker: Worker,
    walls: Arc<ProcessSandbox>,
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

impl Node {
    /// Starts the roles; from its end on other nodes find them.
    pub(crate) async fn start(
        join: Join,
        settings: Settings,
        launched: Launched,
    ) -> Result<Self, StartError> {
        let world = World::real();
        let trust = super::trust(&world, join.certificates.as_deref(), &join.name)?;
        let (listener, fabric) = roles::listen(join.fabric).await?;
        let stores = Stores::open(&world, &join.stores.nats).await?;
        let net = Net::new(world.clone(), Arc::clone(&stores.kv), trust.clone());
        let others = Others::new(&net)?;
        let Launched { spawner, lock } = launched;

        let mut served = Roles::default();
        let assignment = match join.is(NodeRole::Assignment) {
            true => Some(assign(&world, &join, &stores, &net, &others, &settings).await?),
            false => None,
        };
        if let Some(service) = &assignment {
            let service: Arc<dyn Assignment> = service.clone();
            served = served.with(Served::new(service));
        }
        let placement = match join.is(NodeRole::Placement) {
            true => Some(place(&world, &join, &stores)?),
            false => None,
        };
        if let Some(lead) = &placement {
            served = served.with(lead.clone());
        }
        if join.is(NodeRole::Telemetry) {
            let folder = settings.data.join("logs");
            let store = Store::open(world.clone(), &folder, roles::log_settings(&settings)).await;
            let store: Arc<dyn Telemetry> = store.map_err(|error| error.to_string())?;
            served = served.with(Served::new(store));
        }
        let (mut frontend, mut background) = (None, Vec::new());
        let mut endpoint = None;
        if join.is(NodeRole::Frontend) {
            let (http, address) = roles::listen(settings.address).await?;
            let front = front(&world, &join, &stores, &others, &settings).await?;
            let control: Arc<dyn Control> = front.control;
            let api: Arc<dyn Api> = front.frontend.door();
            served = served.with(Served::new(control)).with(Served::new(api));
            frontend = Some((http, front.frontend));
            background.push(front.collector);
            endpoint = Some(address);
        }
        let mut missing = Vec::new();
        let mut worker = None;
        if let Some(spawner) = spawner {
            let working = work(&world, &join, &others, &settings, spawner, &mut missing).await?;
            let control: Arc<dyn WorkerControl> = Arc::new(working.worker.clone());
            let invoke: Arc<dyn WorkerInvoke> = Arc::new(working.worker.clone());
            served = served.with(Served::new(control)).with(Served::new(invoke));
            worker = Some(working);
        }
        let server = Server::new(world.clone(), served, trust);
        let address = join.advertise.clone().unwrap_or_else(|| fabric.to_string());
        let mut member = Member::new(&world, &join.name, &join.roles, &join.zone, address);
        member.endpoint = endpoint.map(|endpoint| format!("http://{endpoint}"));
        let taken = Membership::take(&world, Arc::clone(&stores.kv), member).await;
        let membership = taken.map_err(|error| error.to_string())?;
        // After the entry is there, as a server that holds a platform alone looks for entries after it holds it.
        if let Err(refused) = durable::is_nobodys(&world, stores.kv.as_ref()).await {
            membership.withdraw().await;
            return Err(refused);
        }
        // Last: who is a member may be asked at once, where its entry says.
        let tenancy = worker.as_ref().map(|working| {
            let offer = roles::offer(Zone::new(&join.zone), &settings);
            let vitals = Arc::new(HostVitals::new(settings.data.clone()));
            Tenancy::begin(&working.worker, Arc::clone(&others.placement), offer, vitals)
        });
        Ok(Self {
            endpoint,
            fabric,
            missing,
            world,
            listener,
            server,
            membership,
            frontend,
            background,
            assignment,
            placement,
            worker,
            tenancy,
            lock,
        })
    }

    /// Serves until `shutdown` completes; then lets go of what it leads, lets its environments end after their
    /// invocations, answers what is in progress, and is gone for the others. Once `hurry` completes nothing is waited for.
    pub(crate) async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
        hurry: impl Future<Output = ()> + Send,
    ) -> Result<(), String> {
        let Self {
            world,
            listener,
            server,
            membership,
            frontend,
            background,
            assignment,
            placement,
            worker,
            tenancy,
            lock,
            ..
        } = self;
        let (drain, draining) = watch::channel(false);
        let (end, ending) = watch::channel(false);
        let until = |mut told: watch::Receiver<bool>| async move {
            let _ = told.wait_for(|told| *told).await; // an error: the sender is gone, which is an end, too
        };
        let calls = server.serve(listener, until(ending), CALLS_DRAIN_MAX);
        let requests = async {
            match frontend {
                Some((http, frontend)) => frontend.serve(http, until(draining.clone())).await,
                None => Ok(()),
            }
        };
        let walls = worker.as_ref().map(|working| Arc::clone(&working.walls));
        let life = async {
            let why = tokio::select! {
                () = shutdown => None,
                why = lost(&world, &membership, walls.as_deref(), &lock) => Some(why),
            };
            let _ = drain.send(true);
            // While the frontend still answers: what it has begun needs a leader, and an environment here may run it.
            if let Some(placement) = &placement {
                placement.close().await;
            }
            if let Some(assignment) = &assignment {
                assignment.close();
            }
            if let Some(tenancy) = &tenancy {
                tenancy.leave(roles::DRAIN_MAX).await;
            }
            if let Some(Working { worker, .. }) = &worker {
                worker.shutdown(roles::ENDING_MIN).await;
            }
            why
        };
        let orderly = async {
            let (why, served) = tokio::join!(life, requests);
            let _ = end.send(true);
            (why, served)
        };
        let whole = async {
            let ((why, served), ()) = tokio::join!(orderly, calls);
            match why {
                Some(why) => Err(why),
                None => served.map_err(|error| error.to_string()),
            }
        };
        tokio::select! {
            ended = whole => {
                background.iter().for_each(TaskHandle::abort);
                membership.withdraw().await;
                ended
            }
            () = hurry => {
                if let Some(working) = &worker {
                    working.worker.shutdown(roles::ENDING_MIN).await;
                }
                Ok(())
            }
        }
    }
}

/// Completes, and says why, when this node can not go on.
async fn lost(world: &World, membership: &Membership, walls: Option<&ProcessSandbox>, lock: &Lock) -> String {
    let walls_ended = async {
        match walls {
            Some(walls) => walls.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = walls_ended => "the process that makes environments has ended; start the node again".to_owned(),
        () = membership.usurped() => "another node has this one's name".to_owned(),
        () = roles::folder_lost(world, lock) => lock.lost(),
    }
}

/// The roles of others, as this node's ask for them.
struct Others {
    net: Arc<Net>,
    assignment: Arc<dyn Assignment>,
    placement: Arc<dyn Placement>,
    telemetry: Arc<dyn Telemetry>,
}

impl Others {
    fn new(net: &Arc<Net>) -> Result<Self, StartError> {
        let failed = |error: substrate::KvError| error.to_string();
        let assignment = PartitionClient::new(net, PARTITION).map_err(failed)?;
        let way = net.leading(lead::key().map_err(failed)?, NodeRole::Placement, PLACEMENT_PATIENCE);
        Ok(Self {
            assignment,
            placement: Remote::<dyn Placement>::new(way),
            telemetry: Remote::<dyn Telemetry>::new(net.any(NodeRole::Telemetry)),
            net: Arc::clone(net),
        })
    }
}

async fn assign(
    world: &World,
    join: &Join,
    stores: &Stores,
    net: &Arc<Net>,
    others: &Others,
    settings: &Settings,
) -> Result<Arc<AssignmentService>, StartError> {
    let key = assignment::key_of(PARTITION).map_err(|error| error.to_string())?;
    let election = Election { kv: Arc::clone(&stores.kv), key, holder: join.name.clone(), lease: LEASE };
    Ok(AssignmentService::start(assignment::Parts {
        world: world.clone(),
        journal: stores.journal(PARTITION).await?,
        // Another leader was told of changes that this one was not.
        revisions: Some(Arc::new(control::RecordedRevisions::new(Arc::clone(&stores.kv)))),
        election: Some(election),
        placement: Arc::clone(&others.placement),
        workers: Arc::new(Workers(Arc::clone(net))),
        partition: PARTITION,
        settings: assignment::Settings { idle_max: settings.idle_max, ..assignment::Settings::default() },
    }))
}

fn place(world: &World, join: &Join, stores: &Stores) -> Result<Arc<PlacementLead>, StartError> {
    let (kv, settings) = (Arc::clone(&stores.kv), placement::Settings::default());
    let lead = PlacementLead::start(world, kv, &join.name, settings, Arc::new(Static));
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
fn collect(
    world: &World,
    join: &Join,
    stores: &Stores,
    blobs: Arc<dyn Blobs>,
) -> Result<TaskHandle, StartError> {
    let key = Key::of(&["control", "collector"]).map_err(|error| error.to_string())?;
    let (kv, of_work) = (Arc::clone(&stores.kv), (world.clone(), Arc::clone(&stores.kv), blobs));
    Ok(take_turns(world, kv, key, &join.name, move || {
        let (world, kv, blobs) = of_work.clone();
        control::Collector::new(world, kv, blobs).run()
    }))
}

async fn front(
    world: &World,
    join: &Join,
    stores: &Stores,
    others: &Others,
    settings: &Settings,
) -> Result<Front, StartError> {
    let settled = join.stores.blobs.as_ref().ok_or_else(|| "a frontend needs --blobs".to_owned())?;
    let blobs = stores::blobs(world, settled, Tenant::Code).await?;
    // Which interpreters there are is for workers to say; a frontend may stand on a host without any.
    let control = control::Control::open(
        world.clone(),
        Arc::clone(&stores.kv),
        Arc::clone(&blobs),
        Arc::clone(&others.assignment),
        control::Settings {
            shared: true,
            snap_start_any_runtime: !settings.strict_runtimes,
            ..control::Settings::new([roles::architecture()])
        },
    );
    let control = control.await.map_err(|error| error.to_string())?;
    let collector = collect(world, join, stores, blobs)?;
    let workers = Workers(Arc::clone(&others.net));
    let frontend = Frontend::new(FrontendParts {
        world: world.clone(),
        control: control.clone(),
        assignment: Arc::clone(&others.assignment),
        workers: Arc::new(move |worker: &WorkerId| Some(workers.handle(worker))),
        telemetry: Arc::clone(&others.telemetry),
        settings: frontend::Settings {
            download_key: Some(download_key(world, stores.kv.as_ref()).await?),
            ..roles::frontend_settings(settings)
        },
    });
    Ok(Front { frontend, control, collector })
}

async fn work(
    world: &World,
    join: &Join,
    others: &Others,
    settings: &Settings,
    spawner: SpawnerHandle,
    missing: &mut Vec<String>,
) -> Result<Working, StartError> {
    let walls = ProcessSandbox::new(spawner, world.clone()).map_err(|error| error.to_string())?;
    let sandbox = roles::sandbox_of(world, &settings.walls, &settings.data, &walls).await?;
    *missing = sandbox.capabilities().missing;
    let egress = roles::offered_egress(settings, &*sandbox, missing)?;
    roles::check_snapshots(settings.snapshots, &*sandbox)?;
    let runtimes = Arc::new(
        HostRuntimes::open(world, &settings.data, settings.strict_runtimes)
            .map_err(|error| format!("runtimes: {error}"))?,
    );
    let worker = Worker::new(WorkerParts {
        world: world.clone(),
        sandbox,
        control: Remote::<dyn Control>::new(others.net.any(NodeRole::Control)),
        assignment: Arc::clone(&others.assignment),
        telemetry: Arc::clone(&others.telemetry),
        api: Remote::<dyn Api>::new(others.net.any(NodeRole::Frontend)),
        runtimes: runtimes.clone(),
        settings: roles::worker_settings(WorkerId::new(&join.name), settings, egress),
    });
    worker.open().await.map_err(|error| format!("the code cache: {error}"))?;
    runtimes.look();
    Ok(Working { worker, walls })
}
