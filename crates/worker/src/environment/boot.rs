//! From a plan to a room with a runtime in it: code, walls, doors, process; and the wait for its first `next`.

use super::fault::{Fault, exec_message};
use super::spans::Spans;
use super::variables;
use crate::code_cache::CodeLease;
use crate::doors::Doors;
use crate::keys::Keys;
use crate::logs::platform::{Initialization, Phase, Platform, stream_name};
use crate::logs::pump::Logs;
use crate::parts::{Launch, LaunchError};
use crate::pool::{self, Ahead, Kind};
use crate::runtime_api::{Delivery, Event, Link};
use crate::snapshots::Held;
use crate::worker::House;
use fabric::Scope;
use fabric::control::{BootPlan, ControlError, SnapStart};
use fabric::telemetry::StreamName;
use fabric::worker::InvokeRefusal;
use sandbox::{BootError, Environment, Exit, Stats};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use types::{EnvironmentId, Version, VersionKey};
use world::Instant;

/// How long a runtime that reported a failed init may take to exit by itself, so that its last lines are read.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(100);
/// How long the caller of a killed environment waits for the sandbox to be gone; past it the sandbox goes on alone.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Makes the room of one environment of one version.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) house: Arc<House>,
    pub(crate) id: EnvironmentId,
    pub(crate) key: VersionKey,
    /// Init is run ahead of invocations.
    pub(crate) provisioned: bool,
}

/// What both tries of init share.
pub(crate) struct Prepared {
    pub(crate) plan: BootPlan,
    pub(super) platform: Platform,
    pub(super) logs: Logs,
    pub(crate) keys: Arc<Keys>,
    /// How to start it, or why the package can not be started.
    pub(super) start: Result<Start, String>,
    /// Keeps `/var/task` on the disk.
    pub(super) code: CodeLease,
}

impl Prepared {
    /// Whether its environments begin after init.
    pub(crate) fn is_snap_start(&self) -> bool {
        self.platform.initialization == Initialization::SnapStart
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }
}

/// A runtime's start, with everything that it is told.
pub(super) struct Start {
    pub(super) launch: Launch,
    pub(super) variables: BTreeMap<String, String>,
    /// What waiting room would do, if one would.
    pub(super) kind: Option<Kind>,
}

/// The walls, what runs in them, and the way to talk with it.
pub(crate) struct Room {
    pub(crate) walls: Arc<dyn Environment>,
    pub(super) doors: Doors,
    pub(super) link: Arc<Link>,
    pub(super) events: mpsc::Receiver<Event>,
    pub(crate) exited: oneshot::Receiver<Exit>,
    /// The runtime waits here for an invocation.
    pub(super) next: Option<oneshot::Sender<Arc<Delivery>>>,
    /// Or here to be restored.
    pub(super) restore: Option<oneshot::Sender<()>>,
    /// Of a copy: what its memory is mapped from.
    pub(super) held: Option<Arc<Held>>,
}

/// How one try of init ended.
pub(crate) enum Begun {
    Ready(Box<Room>, Duration),
    /// With the last that is known of what it used, and when.
    Failed(Fault, Option<(Instant, Stats)>),
    /// The platform could not; user code has not run in this try.
    Host(InvokeRefusal),
    /// Nobody wants it any more.
    Unwanted,
}

impl Maker {
    /// Plan, code, launch. Nothing of the function runs, so every failure is a refusal.
    pub(crate) async fn prepare(&self, spans: &mut Spans) -> Result<Prepared, InvokeRefusal> {
        let parts = &self.house.parts;
        let started = parts.world.now();
        let plan = parts.control.boot_plan(self.key.clone()).await.map_err(not_planned)?;
        let planned = parts.world.now();
        spans.add("control.boot_plan", started, planned);
        let digest = plan.code_digest.clone();
        let fetch = || async { parts.control.code(digest.clone()).await.map_err(|error| error.to_string()) };
        let code = match self.house.code.get(&digest, fetch).await {
            Ok(code) => code,
            Err(error) => return Err(self.without_code(error.to_string()).await),
        };
        let unpacked = parts.world.now();
        spans.add("code", planned, unpacked);
        let launch = match parts.runtimes.launch(&plan, code.folder()).await {
            Ok(launch) => Ok(launch),
            Err(LaunchError::Entrypoint(message)) => Err(message),
            Err(LaunchError::Host(reason)) => return Err(InvokeRefusal::Failed { reason }),
        };
        spans.add("runtime.choose", unpacked, parts.world.now());
        let version = plan.key.version.to_string();
        let stream = self.stream(&plan);
        let runtime_version = match &launch {
            Ok(launch) => launch.runtime_version.clone(),
            Err(_) => plan.config.runtime.clone(),
        };
        let arn = runtime_api::runtime_version_arn(plan.key.region.as_str(), &plan.config.runtime);
        let function = plan.key.function.to_string();
        let (initialization, keys) = if self.provisioned {
            (Initialization::Provisioned, Keys::lasting(&parts.world, &plan.key))
        } else if has_snap_start(&plan) {
            (Initialization::SnapStart, Keys::passing(&parts.world, &plan.key))
        } else {
            (Initialization::OnDemand, Keys::lasting(&parts.world, &plan.key))
        };
        let runtime = (runtime_version, arn);
        let platform = Platform::new(&plan.config.logging, function, version, runtime, initialization);
        let logs = Logs::start(&parts.world, Arc::clone(&parts.telemetry), stream.clone());
        let start = launch.map(|launch| {
            let operator = &parts.settings.extra_variables;
            let told = (&plan, &platform, &stream, &*keys);
            let variables = variables::variables(told, operator, &launch.variables);
            let kind = kind(&plan, &launch, &variables, operator, self.house.layers.is_some());
            Start { launch, variables, kind }
        });
        Ok(Prepared { plan, platform, logs, keys, start, code })
    }

    /// Where this environment logs.
    pub(super) fn stream(&self, plan: &BootPlan) -> StreamName {
        let version = plan.key.version.to_string();
        StreamName {
            scope: Scope { account: plan.key.account.clone(), region: plan.key.region.clone() },
            group: plan.config.logging.group.clone(),
            stream: stream_name(self.house.parts.world.wall(), &version, self.id),
        }
    }

    /// How long init may take, outside of an invocation.
    pub(crate) fn init_limit(&self, prepared: &Prepared) -> Duration {
        let settings = &self.house.parts.settings;
        let timeout = Duration::from_secs(u64::from(prepared.plan.config.timeout_seconds));
        // The same for both on AWS.
        if prepared.is_snap_start() || self.provisioned {
            settings.snap_start_init_timeout.max(timeout)
        } else {
            settings.init_timeout
        }
    }

    /// Code of an old generation may be collected between its plan and its fetch: then the plan is gone too.
    async fn without_code(&self, reason: String) -> InvokeRefusal {
        match self.house.parts.control.boot_plan(self.key.clone()).await {
            Err(error) => not_planned(error),
            Ok(_) => InvokeRefusal::Failed { reason },
        }
    }

    /// One try: a fresh room, and init in it for at most `limit` or until it is unwanted. A failed one is cleared away and
    /// reported here.
    pub(crate) async fn begin(
        &self,
        prepared: &Prepared,
        phase: Phase,
        limit: Duration,
        spans: &mut Spans,
        unwanted: impl Future<Output = ()>,
    ) -> Begun {
        let world = self.house.parts.world.clone();
        if phase == Phase::Init {
            self.announce(prepared).await;
        }
        let made = match self.walls(prepared, spans).await {
            Ok(made) => made,
            Err(refusal) => return Begun::Host(refusal),
        };
        let walls = Arc::clone(&made.waiting.walls);
        let started = world.now();
        let fault = match self.start_runtime(prepared, made).await {
            Ok(mut room) => {
                spans.add("runtime.start", started, world.now());
                match self.init(&mut room, started, limit, unwanted).await {
                    Ok(true) => {
                        let ready = world.now();
                        spans.add("init", started, ready);
                        let took = ready.since(started);
                        let line = prepared.platform.init_report(world.wall(), phase, took, None);
                        prepared.logs.platform(world.wall(), line).await;
                        return Begun::Ready(Box::new(room), took);
                    }
                    Ok(false) => {
                        self.clear(room.walls, prepared).await;
                        return Begun::Unwanted;
                    }
                    Err(fault) => fault,
                }
            }
            Err(BootError::Exec { program, errno }) => Fault::Entrypoint(exec_message(&program, errno)),
            Err(error) => match &prepared.start {
                Err(message) => Fault::Entrypoint(message.clone()),
                Ok(_) => {
                    self.clear(walls, prepared).await;
                    return Begun::Host(InvokeRefusal::Failed { reason: error.to_string() });
                }
            },
        };
        let failed = world.now();
        spans.add("init", started, failed);
        // For REPORT, while there is something to measure; a sandbox that is gone can not say.
        let stats = walls.stats().await.ok().map(|stats| (failed, stats));
        self.clear(walls, prepared).await;
        let line =
            prepared.platform.init_report(world.wall(), phase, failed.since(started), Some(&fault.status()));
        prepared.logs.platform(world.wall(), line).await;
        Begun::Failed(fault, stats)
    }

    /// INIT_START, and what its owner should know.
    async fn announce(&self, prepared: &Prepared) {
        let at = self.house.parts.world.wall();
        let line = prepared.platform.init_start(at, Phase::Init);
        prepared.logs.platform(at, line).await;
        let warning = prepared.start.as_ref().ok().and_then(|start| start.launch.warning.as_ref());
        if let Some(warning) = warning {
            prepared.logs.platform(at, prepared.platform.warning(at, warning)).await;
        }
    }

    /// Waits for the first `next`, or for `restore/next`. `Ok(false)`: it is unwanted.
    pub(super) async fn init(
        &self,
        room: &mut Room,
        started: Instant,
        limit: Duration,
        unwanted: impl Future<Output = ()>,
    ) -> Result<bool, Fault> {
        let world = self.house.parts.world.clone();
        let mut deadline = world.clock.sleep(limit.saturating_sub(world.now().since(started)));
        let mut unwanted = std::pin::pin!(unwanted);
        loop {
            tokio::select! {
                biased;
                Some(event) = room.events.recv() => match event {
                    Event::Next(reply) => {
                        room.next = Some(reply);
                        return Ok(true);
                    }
                    Event::RestoreNext(reply) => {
                        room.restore = Some(reply);
                        return Ok(true);
                    }
                    Event::InitError(failure) | Event::RestoreError(failure) => {
                        let _ = world.timeout(LAST_WORDS, &mut room.exited).await; // ended either way
                        return Err(Fault::Reported(failure));
                    }
                    Event::Answered(_) => {} // the turnstile lets nothing out that was not let in
                },
                exit = &mut room.exited => return Err(Fault::Exit(exit.unwrap_or(LOST))),
                () = &mut deadline => return Err(Fault::Timeout(limit)),
                () = &mut unwanted => return Ok(false),
            }
        }
    }

    /// Ends a sandbox and takes the last of what it said. The caller is not held up for ever by one that hangs.
    pub(super) async fn clear(&self, walls: Arc<dyn Environment>, prepared: &Prepared) {
        self.stop(walls).await;
        prepared.logs.detach().await;
    }

    pub(crate) async fn stop(&self, walls: Arc<dyn Environment>) {
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

/// No plan for this generation: the function was changed or deleted since it was resolved, which is no failure of
/// the platform; the frontend reads again what it is now.
fn not_planned(error: ControlError) -> InvokeRefusal {
    match error {
        ControlError::NotFound { .. } => InvokeRefusal::Stale,
        error => InvokeRefusal::Failed { reason: error.to_string() },
    }
}

/// Published versions only: `$LATEST` of the same function is initialised on demand.
fn has_snap_start(plan: &BootPlan) -> bool {
    plan.config.snap_start == SnapStart::PublishedVersions
        && matches!(plan.key.version, Version::Published(_))
}

/// Whether many may go on from one process of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copyable {
    /// Its client draws new seeds in each copy, or what it draws is its own business, as AWS says of SnapStart.
    Yes,
    /// Node.js: nothing outside of OpenSSL and V8 can have them draw new seeds, so copies would share keys.
    Never,
}

impl Copyable {
    pub(crate) fn of(runtime: &str) -> Self {
        if runtime.starts_with("nodejs") { Self::Never } else { Self::Yes }
    }
}

/// What waiting room this start could use: any in whose walls nothing must differ, and one with its program already
/// in it if that can still become this function's. One that is written down gets `/tmp` and memory with its copy; and without a
/// program in it, it would have nothing that what is booted has not ([`Kind::booted`]).
fn kind(
    plan: &BootPlan,
    launch: &Launch,
    wanted: &BTreeMap<String, String>,
    operator: &BTreeMap<String, String>,
    written_down: bool,
) -> Option<Kind> {
    if plan.config.ephemeral_storage_mb != pool::TMP_MB && !written_down {
        return None;
    }
    let memory_mb = if written_down { plan.config.memory_mb } else { pool::WAITING_MB };
    let ahead = variables::ahead(operator, &launch.variables);
    // V8 is seeded when it starts: of a copy, `Math.random` would be every copy's.
    let may_wait = !written_down || Copyable::of(&plan.config.runtime) != Copyable::Never;
    let ahead = (launch.ahead && may_wait && variables::can_become(&ahead, wanted)).then(|| Ahead {
        program: launch.program.clone(),
        arguments: launch.arguments.clone(),
        variables: ahead,
    });
    if written_down && ahead.is_none() {
        return None;
    }
    Some(Kind { name: plan.config.runtime.clone(), memory_mb, mounts: launch.mounts.clone(), ahead })
}

/// An exit that the sandbox could not tell: it is gone itself.
pub(super) const LOST: Exit = Exit { status: sandbox::ExitStatus::Signal(9), out_of_memory: false };
