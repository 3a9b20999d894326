//! Room 1: builds the world, starts every role in this process, and drains them.
//!
//! ```text
//! launch (one thread: spawner, privileges dropped) ─► Platform::start (all roles) ─► serve ─► drain
//! ```
//! Roles meet in `fabric` only; the one knot (assignment calls workers, which call control, which calls
//! assignment) is tied by [`Directory`], which learns of the worker last.

pub(crate) mod durable;
mod host;

pub(crate) use host::{Launched, Lock, StartError, folder_lost, launch, launch_for_workers, lock};

use assignment::{AssignmentService, WorkerDirectory};
use fabric::encoded::Encoded;
use fabric::placement::SandboxKind;
use fabric::worker::{WorkerControl, WorkerHandle, WorkerInvoke};
use frontend::{Credentials, Frontend, FrontendParts};
use placement::PlacementService;
use sandbox::microvm::settings::{Backend, MicroVmSettings};
use sandbox::microvm::{self, assets::Assets};
use sandbox::process;
use sandbox::{Egress, Sandbox};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use substrate::nats::NatsSettings;
use substrate::s3::S3Settings;
use tokio::net::TcpListener;
use types::{AccountId, PartitionId, Region, WorkerId, Zone};
use worker::runtimes::host::HostRuntimes;
use worker::tenancy::{HostVitals, Offer, Tenancy};
use worker::{Worker, WorkerParts};
use world::World;

/// The one worker of this process.
const WORKER: &str = "local";
/// `MemorySize` that a host takes for each MB it has: most functions use a fraction of what they ask for.
const MEMORY_OVERCOMMIT: u64 = 2;
/// How long a start waits for the journal's first word: a moment, but on NATS while it finds a stream a leader.
const LEAD_WAIT: Duration = Duration::from_secs(10);
/// How long shutdown waits for invocations in progress, all in all.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(10);
/// What environments have at least to end by themselves, so that their last lines are kept.
pub(crate) const ENDING_MIN: Duration = Duration::from_secs(1);

/// What the operator sets.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) host_names: Vec<String>,
    pub(crate) strict_runtimes: bool,
    pub(crate) walls: Walls,
    /// Where functions and their code lie; `None`: in the data folder.
    pub(crate) durable: Option<(NatsSettings, S3Settings)>,
    pub(crate) egress: Egress,
    pub(crate) allow_hosts: Vec<SocketAddr>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) idle_max: Duration,
    /// Sum of `MemorySize` at once; `None`: twice the host's memory.
    pub(crate) memory_mb: Option<u64>,
    /// Memory of waiting rooms.
    pub(crate) pool_mb: u64,
    /// Memory of initialised environments that wait.
    pub(crate) snap_start_mb: u64,
    pub(crate) snapshots: worker::Snapshots,
    /// When an idle environment is frozen, if ever.
    pub(crate) freeze_after: Option<Duration>,
    pub(crate) log_bytes_max: u64,
    /// How many times slower than on hardware environments start.
    pub(crate) time_factor: u32,
    /// Every call between roles goes through its bytes.
    pub(crate) encoded: bool,
}

/// What stands around environments.
#[derive(Clone, Debug)]
pub(crate) enum Walls {
    Process,
    /// Machines of their own.
    MicroVm {
        backend: Backend,
        settings: Box<MicroVmSettings>,
        assets: Arc<Assets>,
    },
}

/// Every role, started.
pub(crate) struct Platform {
    pub(crate) address: SocketAddr,
    /// Walls that are missing on this host, one sentence each.
    pub(crate) missing: Vec<String>,
    listener: TcpListener,
    frontend: Arc<Frontend>,
    assignment: Arc<AssignmentService>,
    worker: (Tenancy, Worker),
    walls: Arc<process::ProcessSandbox>,
    tenure: Option<durable::Tenure>,
    world: World,
    lock: Lock,
}

/// Where the one worker is, once it is there.
#[derive(Default)]
struct Directory(OnceLock<WorkerHandle>);

impl WorkerDirectory for Directory {
    fn control(&self, _: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        self.0.get().map(|handle| handle.control.clone())
    }
}

/// Puts a role behind its bytes where that is asked for.
macro_rules! meet {
    ($encoded:expr, $Role:path, $service:expr) => {{
        let service: Arc<dyn $Role> = $service;
        let met: Arc<dyn $Role> = if $encoded { Encoded::new(service) } else { service };
        met
    }};
}

impl Platform {
    /// Starts the roles and binds the port; nothing is served yet.
    pub(crate) async fn start(settings: Settings, launched: Launched) -> Result<Self, StartError> {
        let world = World::real();
        let Launched { spawner, lock } = launched;
        let (listener, address) = listen(settings.address).await?;
        let spawner = spawner.ok_or_else(|| "a worker needs a spawner".to_owned())?;
        let walls =
            process::ProcessSandbox::new(spawner, world.clone()).map_err(|error| error.to_string())?;
        let sandbox = sandbox_of(&world, &settings.walls, &settings.data, &walls).await?;
        let mut missing = sandbox.capabilities().missing;
        let egress = offered_egress(&settings, &*sandbox, &mut missing)?;
        check_snapshots(settings.snapshots, &*sandbox)?;

        let (data, encoded) = (settings.data.as_path(), settings.encoded);
        let store = telemetry::Store::open(world.clone(), &data.join("logs"), log_settings(&settings)).await;
        let telemetry =
            meet!(encoded, fabric::telemetry::Telemetry, store.map_err(|error| error.to_string())?);
        let placer = Arc::new(PlacementService::new(world.clone(), placement::Settings::of_one_process()));
        let placement = meet!(encoded, fabric::placement::Placement, placer);
        let directory = Arc::new(Directory::default());
        let durable = durable::open(&world, data, settings.durable.as_ref()).await?;
        let assigner = AssignmentService::start(assignment::Parts {
            world: world.clone(),
            journal: Arc::clone(&durable.journal),
            // The data folder's lock, or the tenure, makes sure that this server is alone.
            revisions: None,
            election: None,
            placement: placement.clone(),
            workers: directory.clone(),
            partition: PartitionId(0),
            settings: assignment::Settings { idle_max: settings.idle_max, ..assignment::Settings::default() },
        });
        let assignment = meet!(encoded, fabric::assignment::Assignment, assigner.clone());
        let runtimes = open_runtimes(&world, &settings)?;
        let control = open_control(&world, &settings, &runtimes, assignment.clone(), &durable).await?;
        let control = meet!(encoded, fabric::control::Control, control);
        let found = directory.clone();
        let frontend = Frontend::new(FrontendParts {
            world: world.clone(),
            control: control.clone(),
            assignment: assignment.clone(),
            workers: Arc::new(move |_: &WorkerId| found.0.get().cloned()),
            telemetry: telemetry.clone(),
            settings: frontend_settings(&settings),
        });
        let worker = Worker::new(WorkerParts {
            world: world.clone(),
            sandbox,
            control,
            assignment,
            telemetry,
            api: meet!(encoded, fabric::api::Api, frontend.door()),
            runtimes: runtimes.clone(),
            settings: worker_settings(WorkerId::new(WORKER), &settings, egress),
        });
        worker.open().await.map_err(|error| format!("the code cache: {error}"))?;
        let handle = WorkerHandle {
            control: meet!(encoded, WorkerControl, Arc::new(worker.clone())),
            invoke: meet!(encoded, WorkerInvoke, Arc::new(worker.clone())),
        };
        // Set once, here: the directory is made above and nobody else has it.
        let _ = directory.0.set(handle);
        let worker = (join(&worker, placement, &settings).await, worker);
        lead(&world, &assigner).await;
        // Takes a second the first time: begun here, it costs neither this start nor the first invocation that.
        runtimes.look();
        let (assignment, tenure) = (assigner, durable.tenure);
        Ok(Self { address, missing, listener, frontend, assignment, worker, walls, tenure, world, lock })
    }

    /// Serves until `shutdown` completes; then stops accepting, answers what is in progress, and ends every
    /// environment. Once `hurry` completes nothing in progress is waited for.
    ///
    /// Without its spawner a server could neither make environments nor end them, and it has given up the privilege
    /// to start another: it ends with an error, so that whoever supervises it starts it anew, which sweeps.
    pub(crate) async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send,
        hurry: impl Future<Output = ()> + Send,
    ) -> Result<(), String> {
        let Self {
            listener,
            frontend,
            assignment,
            worker: (tenancy, worker),
            walls,
            tenure,
            world,
            lock,
            ..
        } = self;
        let mut why = None;
        let mut draining_since = None;
        let mut hurry = pin!(hurry);
        let until = async {
            tokio::select! {
                () = shutdown => {}
                () = walls.ended() => {
                    why = Some("the process that makes environments has ended; start the server again".to_owned());
                }
                () = durable::lost(tenure.as_ref()) => {
                    why = Some("another server has taken over this platform".to_owned());
                }
                () = folder_lost(&world, &lock) => {
                    why = Some(lock.lost());
                }
            }
            draining_since = Some(world.now());
        };
        let (served, hurried) = tokio::select! {
            served = frontend.serve(listener, until) => (served.map_err(|error| error.to_string()), false),
            () = &mut hurry => (Ok(()), true),
        };
        assignment.close();
        let drained = draining_since.map_or(Duration::ZERO, |since| world.now().since(since));
        tokio::select! {
            () = worker.shutdown(DRAIN_MAX.saturating_sub(drained).max(ENDING_MIN)), if !hurried => {}
            () = &mut hurry, if !hurried => worker.shutdown(ENDING_MIN).await,
            else => worker.shutdown(ENDING_MIN).await,
        }
        drop(tenancy);
        if let Some(tenure) = tenure {
            tenure.give_back().await;
        }
        why.map_or(served, Err)
    }
}

/// Nobody is granted anything before the partition is led. On a disk so full that not even that can be written down the
/// server starts all the same, so that something can be deleted, and leads as soon as there is room.
async fn lead(world: &World, assignment: &AssignmentService) {
    if world.timeout(LEAD_WAIT, assignment.leading()).await.flatten().is_none() {
        tracing::error!("the journal could not be written yet: no function can be invoked");
    }
}

/// Bound, and nothing is accepted yet; where, since port 0 is any free one.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|error| not_bound(address, &error))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

/// The sandbox that the chosen walls are; the processes' spawner makes machines' jails too.
pub(crate) async fn sandbox_of(
    world: &World,
    walls: &Walls,
    data: &Path,
    processes: &Arc<process::ProcessSandbox>,
) -> Result<Arc<dyn Sandbox>, StartError> {
    let Walls::MicroVm { backend, settings, assets } = walls else { return Ok(processes.clone()) };
    let setup = microvm::Setup {
        folder: data.join("microvm"),
        assets: assets.clone(),
        settings: MicroVmSettings::clone(settings),
    };
    let made = match backend {
        Backend::Firecracker => {
            microvm::MicroVmSandbox::firecracker(processes.clone(), world.clone(), setup).await
        }
        _ => microvm::MicroVmSandbox::qemu(processes.clone(), world.clone(), setup).await,
    };
    match made {
        Ok(sandbox) => Ok(sandbox),
        Err(error) => Err(StartError {
            message: format!("no microVM of {} can be made: {error}", backend.name()),
            advice: "`tinderbox doctor` says what is missing; --sandbox process does without machines",
        }),
    }
}

/// The interpreters of this host.
pub(crate) fn open_runtimes(world: &World, settings: &Settings) -> Result<Arc<HostRuntimes>, String> {
    let opened = HostRuntimes::open(world, &settings.data, settings.strict_runtimes);
    opened.map(Arc::new).map_err(|error| format!("runtimes: {error}"))
}

/// The durable truth, over the stores of the data folder.
async fn open_control(
    world: &World,
    settings: &Settings,
    runtimes: &Arc<HostRuntimes>,
    assignment: Arc<dyn fabric::assignment::Assignment>,
    durable: &durable::Durable,
) -> Result<Arc<control::Control>, String> {
    let settings = control_settings(settings, runtimes);
    let (kv, blobs) = (Arc::clone(&durable.kv), Arc::clone(&durable.blobs));
    let opened = control::Control::open(world.clone(), kv, blobs, assignment, settings);
    opened.await.map_err(|error| error.to_string())
}

pub(crate) fn log_settings(settings: &Settings) -> telemetry::Settings {
    telemetry::Settings { bytes_max: settings.log_bytes_max, ..telemetry::Settings::default() }
}

pub(crate) fn frontend_settings(settings: &Settings) -> frontend::Settings {
    frontend::Settings {
        default_account: AccountId::new(&settings.account),
        default_region: Region::new(&settings.region),
        credentials: settings.credentials.clone(),
        host_names: settings.host_names.clone(),
        default_architecture: architecture().to_owned(),
        drain_max: DRAIN_MAX,
        ..frontend::Settings::default()
    }
}

fn control_settings(settings: &Settings, runtimes: &Arc<HostRuntimes>) -> control::Settings {
    control::Settings {
        runtimes: Arc::new(Host { runtimes: runtimes.clone(), strict: settings.strict_runtimes }),
        snap_start_any_runtime: !settings.strict_runtimes,
        ..control::Settings::new([architecture()])
    }
}

pub(crate) fn worker_settings(id: WorkerId, settings: &Settings, egress: Egress) -> worker::Settings {
    let worker = worker::Settings {
        egress,
        allow_hosts: settings.allow_hosts.clone(),
        extra_variables: settings.variables.clone(),
        freeze_after: settings.freeze_after,
        pool: worker::pool::Settings {
            memory_bytes_max: settings.pool_mb << 20,
            ..worker::pool::Settings::default()
        },
        snap_start: worker::snapstart::Settings {
            memory_bytes_max: settings.snap_start_mb << 20,
            ..worker::snapstart::Settings::default()
        },
        layers: runtime_snapshots(settings.pool_mb),
        snapshots: settings.snapshots,
        ..worker::Settings::new(id, settings.data.clone())
    };
    worker.slowed(settings.time_factor)
}

/// They take the pool's place: who wants no pool wants none of them.
fn runtime_snapshots(pool_mb: u64) -> worker::layers::Settings {
    let default = worker::layers::Settings::default();
    worker::layers::Settings { rooms_max: if pool_mb == 0 { 0 } else { default.rooms_max }, ..default }
}

fn not_bound(address: SocketAddr, error: &std::io::Error) -> StartError {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program has that port: stop it, or give another with --port (0 takes a free one)"
        }
        std::io::ErrorKind::PermissionDenied => "ports below 1024 need privilege: give another with --port",
        std::io::ErrorKind::AddrNotAvailable => "--listen takes an address of this host",
        _ => "give another address with --listen or another port with --port",
    };
    StartError { message: format!("{address} can not be listened on: {error}"), advice }
}

/// Every version by itself makes sense only where one snapshot serves any number of environments.
pub(crate) fn check_snapshots(wanted: worker::Snapshots, sandbox: &dyn Sandbox) -> Result<(), StartError> {
    if wanted == worker::Snapshots::SnapStart || sandbox.capabilities().snapshot {
        return Ok(());
    }
    Err(StartError {
        message: format!("--snapshots every-version: the sandbox {} takes no snapshots", sandbox.kind()),
        advice: "leave it out: versions that ask for SnapStart are kept initialised here, too",
    })
}

/// `nat` where the host can; where it can not, `none`, said among the missing walls, for the default must work
/// everywhere. Opened endpoints need `nat`, so they are refused rather than ignored.
pub(crate) fn offered_egress(
    settings: &Settings,
    sandbox: &dyn Sandbox,
    missing: &mut Vec<String>,
) -> Result<Egress, String> {
    if settings.egress == Egress::None || sandbox.capabilities().egress_nat {
        return Ok(settings.egress);
    }
    if !settings.allow_hosts.is_empty() {
        return Err(
            "--allow-host needs egress nat, which does not work here (see `tinderbox doctor`)".to_owned()
        );
    }
    missing.push("egress nat does not work here: functions reach nothing beyond themselves".to_owned());
    Ok(Egress::None)
}

/// The one worker joins, once: its lease is for as long as this process lives.
async fn join(
    worker: &Worker,
    placement: Arc<dyn fabric::placement::Placement>,
    settings: &Settings,
) -> Tenancy {
    let vitals = Arc::new(HostVitals::new(settings.data.clone()));
    let tenancy = Tenancy::begin(worker, placement, offer(Zone::new(WORKER), settings), vitals);
    tenancy.joined().await;
    tenancy
}

/// What this host has for environments.
pub(crate) fn offer(zone: Zone, settings: &Settings) -> Offer {
    let kind = match &settings.walls {
        Walls::Process => SandboxKind::Process,
        Walls::MicroVm { backend: Backend::Firecracker, .. } => SandboxKind::Firecracker,
        Walls::MicroVm { .. } => SandboxKind::Qemu,
    };
    let memory_mb = settings.memory_mb.unwrap_or_else(|| memory_mb(&settings.walls));
    Offer { zone, memory_mb, cpu_milli: 0, sandboxes: vec![kind] }
}

/// What processes may be promised together on this host, where the operator does not say it.
pub(crate) fn memory_of_host_mb() -> u64 {
    host_memory_mb() * MEMORY_OVERCOMMIT
}

/// What functions may be promised together, where the operator does not say it.
fn memory_mb(walls: &Walls) -> u64 {
    let held_mb = match walls {
        Walls::Process => 0,
        Walls::MicroVm { backend, settings, .. } => settings.held_mb(*backend),
    };
    host_memory_mb().saturating_sub(held_mb) * MEMORY_OVERCOMMIT
}

fn host_memory_mb() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit.max(1))) >> 20
}

pub(crate) fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// The host's interpreters, as control asks for them.
struct Host {
    runtimes: Arc<HostRuntimes>,
    /// `--strict-runtimes`
    strict: bool,
}

#[async_trait::async_trait]
impl control::RuntimeCheck for Host {
    async fn check(&self, runtime: &str) -> Result<(), String> {
        if self.strict { self.runtimes.choose(runtime).await.map(drop) } else { Ok(()) }
    }

    fn warning(&self, runtime: &str) -> Option<String> {
        self.runtimes.stand_in(runtime)
    }
}
