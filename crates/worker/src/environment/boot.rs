//! From a plan to a room with a runtime in it: code, walls, doors, process; and the wait for its first `next`.

use super::fault::{Fault, exec_message};
use super::spans::Spans;
use super::{Resident, variables, wait_for_stop};
use crate::api_door::ApiDoor;
use crate::code_cache::CodeLease;
use crate::doors::Doors;
use crate::logs::platform::{Phase, Platform, stream_name};
use crate::logs::pump::{Logs, Pipes};
use crate::parts::{Launch, LaunchError};
use crate::runtime_api::{Delivery, Event, Link, serve};
use fabric::Scope;
use fabric::api::ScopedCredentials;
use fabric::control::BootPlan;
use fabric::telemetry::StreamName;
use sandbox::{BootError, BootSpec, Door, Environment, Exit, ProcessSpec, ReadOnlyMount};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use world::Instant;

/// Where the code is inside.
const TASK_ROOT: &str = "/var/task";
/// How long a runtime that reported a failed init may take to exit by itself, so that its last lines are read.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How long the caller of a killed environment waits for the sandbox to be gone; past it the sandbox goes on alone.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// What both tries of init share.
pub(super) struct Prepared {
    pub(super) plan: BootPlan,
    pub(super) platform: Platform,
    pub(super) logs: Logs,
    pub(super) stream: StreamName,
    credentials: ScopedCredentials,
    launch: Result<Launch, String>,
    /// Keeps `/var/task` on the disk.
    code: CodeLease,
}

/// The walls, what runs in them, and the way to talk with it.
pub(super) struct Room {
    pub(super) walls: Arc<dyn Environment>,
    pub(super) doors: Doors,
    pub(super) link: Arc<Link>,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) exited: oneshot::Receiver<Exit>,
    /// The runtime waits here for an invocation.
    pub(super) next: Option<oneshot::Sender<Arc<Delivery>>>,
}

/// How one try of init ended.
pub(super) enum Begun {
    Ready(Room, Duration),
    Failed(Fault),
    /// The platform could not; user code has not run in this try.
    Host(String),
    /// Asked to stop, and nobody waits.
    Stopped,
}

impl Resident {
    /// Plan, code, launch. Nothing of the function runs.
    pub(super) async fn prepare(&self, spans: &mut Spans) -> Result<Prepared, String> {
        let parts = &self.house.parts;
        let started = parts.world.now();
        let plan = parts.control.boot_plan(self.key.clone()).await.map_err(|error| error.to_string())?;
        let planned = parts.world.now();
        spans.add("control.boot_plan", started, planned);
        let digest = plan.code_digest.clone();
        let fetch = || async { parts.control.code(digest.clone()).await.map_err(|error| error.to_string()) };
        let code = self.house.code.get(&digest, fetch).await.map_err(|error| error.to_string())?;
        let unpacked = parts.world.now();
        spans.add("code", planned, unpacked);
        let launch = match parts.runtimes.launch(&plan, code.folder()).await {
            Ok(launch) => Ok(launch),
            Err(LaunchError::Entrypoint(message)) => Err(message),
            Err(LaunchError::Host(reason)) => return Err(reason),
        };
        spans.add("runtime.choose", unpacked, parts.world.now());
        let version = plan.key.version.to_string();
        let scope = Scope { account: plan.key.account.clone(), region: plan.key.region.clone() };
        let stream = StreamName {
            scope,
            group: plan.config.logging.group.clone(),
            stream: stream_name(parts.world.wall(), &version, self.id),
        };
        let runtime_version = match &launch {
            Ok(launch) => launch.runtime_version.clone(),
            Err(_) => plan.config.runtime.clone(),
        };
        let arn = runtime_api::runtime_version_arn(plan.key.region.as_str(), &plan.config.runtime);
        let function = plan.key.function.to_string();
        let platform = Platform::new(&plan.config.logging, function, version, (runtime_version, arn));
        let logs = Logs::start(&parts.world, Arc::clone(&parts.telemetry), stream.clone());
        let credentials = variables::credentials(&parts.world, &plan);
        Ok(Prepared { plan, platform, logs, stream, credentials, launch, code })
    }

    /// One try: a fresh room, and init in it for at most `limit`. A failed one is cleared away and reported here.
    pub(super) async fn begin(
        &mut self,
        prepared: &Prepared,
        phase: Phase,
        limit: Duration,
        spans: &mut Spans,
    ) -> Begun {
        let world = self.house.parts.world.clone();
        if phase == Phase::Init {
            let line = prepared.platform.init_start(world.wall(), phase);
            prepared.logs.platform(world.wall(), line).await;
        }
        let walls = match self.boot(prepared, spans).await {
            Ok(walls) => walls,
            Err(error) => return Begun::Host(error.to_string()),
        };
        let started = world.now();
        let fault = match self.start_runtime(prepared, &walls).await {
            Ok(mut room) => {
                spans.add("runtime.start", started, world.now());
                match self.init(&mut room, started, limit).await {
                    Ok(true) => {
                        let ready = world.now();
                        spans.add("init", started, ready);
                        let took = ready.since(started);
                        let line = prepared.platform.init_report(world.wall(), phase, took, None);
                        prepared.logs.platform(world.wall(), line).await;
                        return Begun::Ready(room, took);
                    }
                    Ok(false) => {
                        self.clear(room.walls, prepared).await;
                        return Begun::Stopped;
                    }
                    Err(fault) => fault,
                }
            }
            Err(BootError::Exec { program, errno }) => Fault::Entrypoint(exec_message(&program, errno)),
            Err(error) => match &prepared.launch {
                Err(message) => Fault::Entrypoint(message.clone()),
                Ok(_) => {
                    self.clear(walls, prepared).await;
                    return Begun::Host(error.to_string());
                }
            },
        };
        let failed = world.now();
        spans.add("init", started, failed);
        self.memory_used(&*walls, Duration::ZERO).await; // for REPORT, while there is something to measure
        self.clear(walls, prepared).await;
        let line =
            prepared.platform.init_report(world.wall(), phase, failed.since(started), Some(&fault.status()));
        prepared.logs.platform(world.wall(), line).await;
        Begun::Failed(fault)
    }

    async fn boot(&self, prepared: &Prepared, spans: &mut Spans) -> Result<Arc<dyn Environment>, BootError> {
        let parts = &self.house.parts;
        let mut mounts =
            vec![ReadOnlyMount { host: prepared.code.folder().to_owned(), inside: PathBuf::from(TASK_ROOT) }];
        if let Ok(launch) = &prepared.launch {
            mounts.extend(launch.mounts.clone());
        }
        let config = &prepared.plan.config;
        let started = parts.world.now();
        let spec = BootSpec {
            id: self.id,
            memory_mb: config.memory_mb,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            mounts,
            egress: parts.settings.egress,
            allow_hosts: parts.settings.allow_hosts.clone(),
        };
        let walls = parts.sandbox.boot(spec).await?;
        spans.add("sandbox.boot", started, parts.world.now());
        Ok(walls)
    }

    async fn start_runtime(
        &self,
        prepared: &Prepared,
        walls: &Arc<dyn Environment>,
    ) -> Result<Room, BootError> {
        let parts = &self.house.parts;
        let launch = match &prepared.launch {
            Ok(launch) => launch,
            // What `begin` makes an entry point's failure of.
            Err(message) => return Err(BootError::Host { step: "launch", reason: message.clone() }),
        };
        let (link, events) = Link::new(parts.world.clone());
        let mut doors = Doors::new(parts.settings.connections_max);
        let turnstile = Arc::clone(&link);
        doors.open(&parts.world, Arc::clone(walls), Door::RuntimeApi, move |connection| {
            serve(Arc::clone(&turnstile), connection)
        });
        let api = ApiDoor::new(parts.world.clone(), Arc::clone(&parts.api), prepared.credentials.clone());
        doors.open(&parts.world, Arc::clone(walls), Door::LambdaApi, move |connection| {
            Arc::clone(&api).serve(connection)
        });
        let process = ProcessSpec {
            program: launch.program.clone(),
            arguments: launch.arguments.clone(),
            environment: variables::variables(
                &prepared.plan,
                &prepared.platform,
                &prepared.stream,
                &prepared.credentials,
                &parts.settings.extra_variables,
                &launch.variables,
            ),
            working_directory: PathBuf::from(TASK_ROOT),
            telemetry: true,
        };
        let process = walls.start(process).await?;
        let pipes = Pipes { stdout: process.stdout, stderr: process.stderr, telemetry: process.telemetry };
        prepared.logs.attach(pipes).await;
        Ok(Room { walls: Arc::clone(walls), doors, link, events, exited: process.exited, next: None })
    }

    /// Waits for the first `next`. `Ok(false)`: asked to stop while nobody waits.
    async fn init(&mut self, room: &mut Room, started: Instant, limit: Duration) -> Result<bool, Fault> {
        let world = self.house.parts.world.clone();
        let mut deadline = world.clock.sleep(limit.saturating_sub(world.now().since(started)));
        let mut stopping = self.stopping.clone();
        let mut asked = false;
        loop {
            tokio::select! {
                biased;
                Some(event) = room.events.recv() => match event {
                    Event::Next(reply) => {
                        room.next = Some(reply);
                        return Ok(true);
                    }
                    Event::InitError(failure) => {
                        let _ = world.timeout(LAST_WORDS, &mut room.exited).await; // ended either way
                        return Err(Fault::Reported(failure));
                    }
                    Event::Answered(_) => {} // the turnstile lets nothing out that was not let in
                },
                exit = &mut room.exited => return Err(Fault::Exit(exit.unwrap_or(LOST))),
                () = &mut deadline => return Err(Fault::Timeout(limit)),
                () = wait_for_stop(&mut stopping), if !asked => {
                    asked = true;
                    if self.seat.close_untaken() {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Ends a sandbox and takes the last of what it said. The caller is not held up for ever by one that hangs.
    pub(super) async fn clear(&self, walls: Arc<dyn Environment>, prepared: &Prepared) {
        self.stop(walls).await;
        prepared.logs.detach().await;
    }

    pub(super) async fn stop(&self, walls: Arc<dyn Environment>) {
        let world = &self.house.parts.world;
        let (done, stopped) = oneshot::channel::<()>();
        world.spawn("sandbox stop", async move {
            walls.stop().await;
            drop(done);
        });
        if world.timeout(STOP_WAIT, stopped).await.is_none() {
            tracing::error!(environment = %self.id, "the sandbox does not end; it is left to its backend");
        }
    }
}

/// An exit that the sandbox could not tell: it is gone itself.
pub(super) const LOST: Exit = Exit { status: sandbox::ExitStatus::Signal(9), out_of_memory: false };
