//! A room out of a version's snapshot: everything as after init, in walls of its own.
//!
//! ```text
//! find ──► permit ──► load, read ahead ──► restore ──► adopt, doors ──► resume ──► asks again for what it waited for
//!                        └───────────────────┴─ fails: said once, made anew, and this one is booted ─┘
//! ```
//! The runtime's own connection goes on inside; its question arrives at a new turnstile, like one that was never asked.

use super::boot::{Maker, Prepared, Room};
use super::fault::Fault;
use super::room::{RESTORE_STEPS, mounts};
use super::spans::Spans;
use crate::keys::Keys;
use crate::logs::pump::Pipes;
use crate::snapshots::{Loaded, SnapshotError, Stored};
use crate::starts::Permit;
use sandbox::{BootError, BootSpec, Environment, Snapshot};
use std::sync::Arc;
use std::time::Duration;

/// From the first breath to its question: memory is read as it is touched.
const QUESTION_LIMIT: Duration = Duration::from_secs(10);

impl Maker {
    /// A copy of this version after init; `None`: there is none, or it was of no use.
    pub(super) async fn copy(&self, prepared: &mut Prepared, spans: &mut Spans) -> Option<Room> {
        let snapshots = self.house.snapshots.get()?.clone()?;
        let stored = snapshots.find(&self.key)?;
        let permit = self.house.starts.admit(&self.key).await?;
        match self.try_copy(prepared, &stored, permit, spans).await {
            Ok(room) => Some(room),
            Err(error) if !error.condemns() => {
                tracing::warn!(environment = %self.id, %error, "a snapshot could not be used now; this environment is booted");
                None
            }
            Err(error) => {
                if snapshots.refuse(&self.key, &stored, &error).await {
                    self.house.snap_starts.lost(&self.key);
                }
                None
            }
        }
    }

    async fn try_copy(
        &self,
        prepared: &mut Prepared,
        stored: &Arc<Stored>,
        permit: Permit,
        spans: &mut Spans,
    ) -> Result<Room, SnapshotError> {
        let world = self.house.parts.world.clone();
        let Some(snapshots) = self.house.snapshots.get().cloned().flatten() else {
            return Err(BootError::Gone.into());
        };
        let began = world.now();
        let Loaded { snapshot, keys, held } = snapshots.load(&self.key, stored).await?;
        let loaded = world.now();
        spans.add("restore.load", began, loaded);
        if snapshots.read_ahead(&self.key, &held).await? > 0 {
            spans.add("restore.prefetch", loaded, world.now());
        }
        let own = std::mem::replace(&mut prepared.keys, Keys::revived(&world, &self.key, keys));
        match self.wake(prepared, snapshot, permit, spans).await {
            Ok(mut room) => {
                room.held = Some(Arc::new(held));
                Ok(room)
            }
            Err(error) => {
                prepared.keys = own;
                Err(error.into())
            }
        }
    }

    async fn wake(
        &self,
        prepared: &Prepared,
        from: Snapshot,
        permit: Permit,
        spans: &mut Spans,
    ) -> Result<Room, BootError> {
        let parts = &self.house.parts;
        let (world, config) = (&parts.world, &prepared.plan.config);
        let began = world.now();
        let spec = BootSpec {
            id: self.id,
            memory_mb: config.memory_mb,
            ephemeral_storage_mb: config.ephemeral_storage_mb,
            mounts: mounts(prepared),
            egress: parts.settings.egress,
            allow_hosts: parts.settings.allow_hosts.clone(),
        };
        let walls = parts.sandbox.restore(spec, from).await?;
        let restored = world.now();
        spans.add("sandbox.restore", began, restored);
        spans.add_steps(RESTORE_STEPS, &walls.steps());
        match self.listen(prepared, &walls, permit).await {
            Ok(room) => {
                spans.add("restore.wake", restored, world.now());
                Ok(room)
            }
            Err(error) => {
                walls.stop().await;
                prepared.logs.detach().await;
                Err(error)
            }
        }
    }

    /// Opens its doors, lets it go on, and waits for what it asks.
    async fn listen(
        &self,
        prepared: &Prepared,
        walls: &Arc<dyn Environment>,
        permit: Permit,
    ) -> Result<Room, BootError> {
        let process = walls.adopt(0).await?;
        let (doors, link, events) = self.open_doors(prepared, walls);
        let pipes = Pipes { stdout: process.stdout, stderr: process.stderr, telemetry: process.telemetry };
        prepared.logs.attach(pipes).await;
        if !prepared.is_snap_start() {
            link.is_a_copy(); // with SnapStart `restore/next` says so, and hooks come after it
        }
        // Code that wakes and asks for nothing takes nobody's place among those that start.
        drop(permit);
        walls.resume().await?;
        let exited = process.exited;
        let walls = Arc::clone(walls);
        let mut room = Room { walls, doors, link, events, exited, next: None, restore: None, held: None };
        let started = self.house.parts.world.now();
        let asked = self.init(&mut room, started, QUESTION_LIMIT, std::future::pending()).await;
        let failed = |reason: String| BootError::Host { step: "restored runtime", reason };
        match asked {
            Ok(true) => Ok(room),
            Ok(false) => Err(BootError::Gone),
            Err(Fault::Timeout(limit)) => Err(failed(format!("it asked for nothing within {limit:?}"))),
            Err(fault) => Err(failed(fault.error_type().to_owned())),
        }
    }
}
