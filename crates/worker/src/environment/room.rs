//! Walls with a runtime in them: a room that waited in the pool, bound to its function, or one made for it.
//!
//! ```text
//! pool.take ──some──► bind ──► tell ──► walls with a runtime in them
//!     │ none            └─ failed ─┴──► the room is ended, by itself ─┐
//!     └─► permit ──► layers: the runtime's ──► restore ──► bind, tell as above
//!                         │ none, or failed                           │
//!                    layers: booted ──► restore, with the room in it  │
//!                         │ none, or failed                           │
//!                         └────────────────► boot ◄───────────────────┘
//! ```
//! Once it is told what it is, a waiting runtime is the function's: one that dies between that and the function's first line
//! can not be told from one whose code ended it, and is treated so. As on AWS its init is then run again, in a fresh room,
//! inside the invocation that it was made for; the caller has no error of it.

use super::boot::{Maker, Prepared, Room};
use super::spans::{Spans, StepNames};
use super::variables;
use crate::api_door::ApiDoor;
use crate::doors::Doors;
use crate::layers::Wanted;
use crate::logs::pump::Pipes;
use crate::pool::{Kind, Waiting};
use crate::runtime_api::{Event, Link, serve};
use crate::starts::Permit;
use fabric::worker::InvokeRefusal;
use sandbox::{Binding, BootError, BootSpec, Door, Environment, Process, ProcessSpec, ReadOnlyMount};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

/// The parts of a boot and of a restore that a sandbox may tell, as bars of the waterfall.
const BOOT_STEPS: StepNames = &[
    ("drives", "sandbox.boot.drives"),
    ("launch", "sandbox.boot.launch"),
    ("kernel", "sandbox.boot.kernel"),
    ("guest-init", "sandbox.boot.guest-init"),
    ("mounts", "sandbox.boot.mounts"),
    ("walls", "sandbox.boot.walls"),
];
pub(super) const RESTORE_STEPS: StepNames = &[
    ("drives", "sandbox.restore.drives"),
    ("load", "sandbox.restore.load"),
    ("wake", "sandbox.restore.wake"),
    ("adopt", "sandbox.restore.adopt"),
    // Of a machine that was booted alone: its room.
    ("mounts", "sandbox.restore.mounts"),
    ("walls", "sandbox.restore.walls"),
];
/// Where the code is inside.
const TASK_ROOT: &str = "/var/task";

/// Walls, and the permit by which they are made: held until a runtime is started in them.
pub(super) struct Walls {
    pub(super) waiting: Waiting,
    _permit: Option<Permit>,
}

impl Maker {
    /// Walls with the code in them: out of the pool where one waits, else booted.
    pub(super) async fn walls(&self, prepared: &Prepared, spans: &mut Spans) -> Result<Walls, InvokeRefusal> {
        let kind = prepared.start.as_ref().ok().and_then(|start| start.kind.as_ref());
        if let Some(waiting) = kind.and_then(|kind| self.house.pool.take(kind)) {
            let started = self.house.parts.world.now();
            match become_this(waiting, prepared).await {
                Ok(waiting) => {
                    spans.add("pool.bind", started, self.house.parts.world.now());
                    return Ok(Walls { waiting, _permit: None });
                }
                Err((walls, error)) => {
                    tracing::warn!(environment = %self.id, %error, "a waiting room was of no use");
                    // The caller need not wait for what never was its own.
                    self.house.parts.world.spawn("pool stop", async move { walls.stop().await });
                }
            }
        }
        let world = &self.house.parts.world;
        let asked = world.now();
        let permit = self.house.starts.admit(&self.key).await.ok_or(InvokeRefusal::Overloaded)?;
        spans.add_if_long("start.queue", asked, world.now());
        if let Some(waiting) = self.restored(prepared, spans).await {
            return Ok(Walls { waiting, _permit: Some(permit) });
        }
        if let Some(waiting) = self.restored_machine(prepared, spans).await {
            return Ok(Walls { waiting, _permit: Some(permit) });
        }
        let booted = self.boot(prepared, spans).await;
        let waiting = booted.map_err(|error| InvokeRefusal::Failed { reason: error.to_string() })?;
        Ok(Walls { waiting, _permit: Some(permit) })
    }

    /// A copy of a room that was written down while it waited, bound to this function.
    async fn restored(&self, prepared: &Prepared, spans: &mut Spans) -> Option<Waiting> {
        let kind = prepared.start.as_ref().ok().and_then(|start| start.kind.as_ref())?;
        let layers = self.house.layers.as_ref()?;
        let world = &self.house.parts.world;
        let started = world.now();
        let wanted = Wanted {
            id: self.id,
            ephemeral_storage_mb: prepared.plan.config.ephemeral_storage_mb,
            mounts: vec![code(prepared)],
        };
        let waiting = layers.take(kind, wanted).await?;
        let awake = world.now();
        spans.add("sandbox.restore", started, awake);
        spans.add_steps(RESTORE_STEPS, &waiting.walls.steps());
        match become_this(waiting, prepared).await {
            Ok(waiting) => {
                spans.add("restore.bind", awake, world.now());
                Some(waiting)
            }
            Err((walls, error)) => {
                tracing::warn!(environment = %self.id, %error, "a restored room was of no use");
                world.spawn("pool stop", async move { walls.stop().await });
                None
            }
        }
    }

    /// A room in a copy of a machine that was written down when its kernel was up.
    async fn restored_machine(&self, prepared: &Prepared, spans: &mut Spans) -> Option<Waiting> {
        let layers = self.house.layers.as_ref()?;
        let world = &self.house.parts.world;
        let started = world.now();
        let config = &prepared.plan.config;
        let wanted = Wanted {
            id: self.id,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            mounts: mounts(prepared),
        };
        let waiting = layers.take(&Kind::booted(config.memory_mb), wanted).await?;
        spans.add("sandbox.restore", started, world.now());
        spans.add_steps(RESTORE_STEPS, &waiting.walls.steps());
        Some(waiting)
    }

    async fn boot(&self, prepared: &Prepared, spans: &mut Spans) -> Result<Waiting, BootError> {
        let parts = &self.house.parts;
        let config = &prepared.plan.config;
        let started = parts.world.now();
        let spec = BootSpec {
            id: self.id,
            memory_mb: config.memory_mb,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            mounts: mounts(prepared),
            egress: parts.settings.egress,
            allow_hosts: parts.settings.allow_hosts.clone(),
        };
        let walls = parts.sandbox.boot(spec).await?;
        spans.add("sandbox.boot", started, parts.world.now());
        spans.add_steps(BOOT_STEPS, &walls.steps());
        Ok(Waiting { walls, process: None })
    }

    /// Opens the doors and lets the runtime go: the one that waits, or a new one.
    pub(super) async fn start_runtime(&self, prepared: &Prepared, made: Walls) -> Result<Room, BootError> {
        let Walls { waiting: Waiting { walls, process }, _permit } = made;
        let start = match &prepared.start {
            Ok(start) => start,
            // What `begin` makes an entry point's failure of.
            Err(message) => return Err(BootError::Host { step: "launch", reason: message.clone() }),
        };
        let (doors, link, events) = self.open_doors(prepared, &walls);
        let process = match process {
            // It has been told already, and runs.
            Some(process) => process,
            None => {
                let fresh = ProcessSpec {
                    program: start.launch.program.clone(),
                    arguments: start.launch.arguments.clone(),
                    environment: start.variables.clone(),
                    working_directory: PathBuf::from(TASK_ROOT),
                    telemetry: true,
                    bind: false,
                };
                walls.start(fresh).await?
            }
        };
        let pipes = Pipes { stdout: process.stdout, stderr: process.stderr, telemetry: process.telemetry };
        prepared.logs.attach(pipes).await;
        Ok(Room { walls, doors, link, events, exited: process.exited, next: None, restore: None, held: None })
    }

    /// From here on what is inside is heard.
    pub(super) fn open_doors(
        &self,
        prepared: &Prepared,
        walls: &Arc<dyn Environment>,
    ) -> (Doors, Arc<Link>, mpsc::Receiver<Event>) {
        let parts = &self.house.parts;
        let keys = prepared.is_snap_start().then(|| Arc::clone(&prepared.keys));
        let (link, events) = Link::new(parts.world.clone(), keys);
        let mut doors = Doors::new(parts.settings.connections_max);
        let turnstile = Arc::clone(&link);
        doors.open(&parts.world, Arc::clone(walls), Door::RuntimeApi, move |connection| {
            serve(Arc::clone(&turnstile), connection)
        });
        let (api, bodies) = (Arc::clone(&parts.api), self.house.bodies.clone());
        let api = ApiDoor::new(parts.world.clone(), api, Arc::clone(&prepared.keys), bodies);
        doors.open(&parts.world, Arc::clone(walls), Door::LambdaApi, move |connection| {
            Arc::clone(&api).serve(connection)
        });
        (doors, link, events)
    }
}

/// Everything that is shown inside, in the order in which a room that waited gets it, too.
pub(super) fn mounts(prepared: &Prepared) -> Vec<ReadOnlyMount> {
    let runtime = prepared.start.as_ref().ok().map(|start| start.launch.mounts.clone());
    runtime.into_iter().flatten().chain([code(prepared)]).collect()
}

fn code(prepared: &Prepared) -> ReadOnlyMount {
    ReadOnlyMount { host: prepared.code.folder().to_owned(), inside: PathBuf::from(TASK_ROOT) }
}

/// Makes a waiting room this function's; the walls come back with what was in the way.
async fn become_this(
    mut waiting: Waiting,
    prepared: &Prepared,
) -> Result<Waiting, (Arc<dyn Environment>, BootError)> {
    let binding = Binding { memory_mb: prepared.plan.config.memory_mb, mounts: vec![code(prepared)] };
    let bound = async {
        waiting.walls.bind(binding).await?;
        match (&mut waiting.process, &prepared.start) {
            (Some(process), Ok(start)) => tell(process, &variables::block(&start.variables)).await,
            _ => Ok(()),
        }
    };
    match bound.await {
        Ok(()) => Ok(waiting),
        Err(error) => Err((waiting.walls, error)),
    }
}

/// Tells a waiting process what it is; the end of the pipe lets it go on.
async fn tell(process: &mut Process, block: &[u8]) -> Result<(), BootError> {
    let Some(mut pipe) = process.bind.take() else {
        return Err(BootError::Host { step: "bind", reason: "nothing waits here".to_owned() });
    };
    let told = pipe.write_all(block).await;
    told.map_err(|error| BootError::Host { step: "bind", reason: error.to_string() })
}
