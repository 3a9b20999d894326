//! The booted layer and the runtime layer: machines whose kernel is up, and rooms with a runtime that waits for its function,
//! written down once and restored as often as wanted.
//!
//! ```text
//! (absent) ──a take finds none──► wanted ──nothing starts──► being made ──► kept ──take──► a copy, bound by its environment
//!    ▲                              ▲                            │           │
//!    │                              └─ after `retry`, if taken ──┤ failed    │ refused by the sandbox ──► wanted again
//!    └── least recently taken, where too many or too large ──────┴───────────┘
//! ```
//! It takes the place of the pool's waiting rooms where `capabilities().snapshot` is true: a snapshot costs disk instead of
//! memory, and any number of environments begin with it. A [`Kind`] has the memory in it there, since a machine's can not
//! be changed once it stands. What is kept survives a restart of the worker: a folder has its name only when it is whole,
//! its description says what it was made of, and the sandbox refuses what another monitor, kernel, processor or image made.

mod files;
mod table;

use crate::parts::WorkerParts;
use crate::pool::{self, Kind, Waiting};
use files::Files;
use sandbox::{BootError, BootSpec, ReadOnlyMount, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use table::{Next, Table};
use tokio::sync::Notify;
use types::EnvironmentId;
use world::Instant;

/// How long nobody looks if nothing happens: a worker that is gone is to be noticed.
const IDLE_LOOK: Duration = Duration::from_secs(60);

/// How much is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Snapshots of rooms that wait; 0 keeps none.
    pub rooms_max: usize,
    /// Their files, bytes of disk.
    pub bytes_max: u64,
    /// Nothing is made before no start was asked for in this time.
    pub quiet: Duration,
    /// How soon a kind is tried again that could not be made, or was refused.
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rooms_max: 32,
            bytes_max: 8 << 30,
            quiet: Duration::from_millis(50),
            retry: Duration::from_secs(60),
        }
    }
}

/// One that is kept. Its files go with the last who uses it, if it is not wanted any more.
pub(crate) struct Kept {
    pub(crate) snapshot: Snapshot,
    folder: PathBuf,
    discarded: AtomicBool,
    /// It was said that it is of no use.
    warned: AtomicBool,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.discarded.load(Ordering::Acquire) {
            // Some milliseconds, seldom. What stays is swept at the next start.
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

/// A folder that is being written. It would fill a disk that may be full already, so it goes with whoever gives up, a worker
/// that ends too; what got its name is no more there.
struct Half(PathBuf);

impl Drop for Half {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// What a copy is restored with beside its kind's own.
pub(crate) struct Wanted {
    pub(crate) id: EnvironmentId,
    pub(crate) ephemeral_storage_mb: u32,
    /// Its code; of a booted one, all that it is shown.
    pub(crate) mounts: Vec<ReadOnlyMount>,
}

/// The worker's snapshots of waiting rooms.
pub(crate) struct Layers {
    parts: WorkerParts,
    files: Files,
    table: Mutex<Table<Arc<Kept>>>,
    woken: Notify,
}

impl Layers {
    /// `None` where the sandbox takes no snapshots.
    pub(crate) fn new(parts: &WorkerParts) -> Option<Arc<Self>> {
        let settings = &parts.settings.layers;
        if !parts.sandbox.capabilities().snapshot || settings.rooms_max == 0 {
            return None;
        }
        let files = Files::new(parts.settings.data.join("snapshots/rooms"), parts.sandbox.kind());
        let table = Mutex::new(Table::new(settings.clone()));
        Some(Arc::new(Self { parts: parts.clone(), files, table, woken: Notify::new() }))
    }

    /// Takes up what an earlier process kept, removes the rest, and begins to make what is wanted.
    pub(crate) async fn open(layers: &Arc<Self>) -> std::io::Result<()> {
        let files = layers.files.clone();
        let world = &layers.parts.world;
        let found = world.blocking("snapshots", move || files.open()).await;
        let found = found.unwrap_or_else(|| Err(std::io::Error::other("panic")))?;
        for one in found {
            let surplus = layers.table().found(one.digest, Kept::at(one.folder, one.memory), one.bytes);
            surplus.into_iter().for_each(discard);
        }
        let weak = Arc::downgrade(layers);
        world.spawn("snapshots of rooms", async move {
            while let Some(layers) = weak.upgrade() {
                let Some(wait) = layers.step().await else { return };
                let _ = layers.parts.world.timeout(wait, layers.woken.notified()).await; // woken or not: look again
            }
        });
        Ok(())
    }

    /// A copy of this kind, with the place of its code, which runs and waits to be bound (of a booted one: its room stands);
    /// `None`: none is kept yet, or it was of no use, which is said.
    pub(crate) async fn take(&self, kind: &Kind, wanted: Wanted) -> Option<Waiting> {
        let digest = files::digest(kind, &self.parts);
        let kept = self.table().take(self.parts.world.now(), digest, kind);
        self.woken.notify_one();
        let kept = kept?;
        match self.restore(kind, wanted, &kept.snapshot).await {
            Ok(waiting) => Some(waiting),
            Err(error) => {
                if !kept.warned.swap(true, Ordering::AcqRel) {
                    tracing::warn!(kind = kind.name, %error, "a snapshot of a room is of no use; it is made anew");
                }
                self.refuse(kind, &kept);
                None
            }
        }
    }

    /// A copy could not become a function, or did not wake: another is made.
    fn refuse(&self, kind: &Kind, kept: &Arc<Kept>) {
        let digest = files::digest(kind, &self.parts);
        let gone = self.table().refused(self.parts.world.now(), digest, |one| Arc::ptr_eq(one, kept));
        gone.into_iter().for_each(discard);
        self.woken.notify_one();
    }

    /// Makes none any more. What is kept stays for the next worker.
    pub(crate) fn close(&self) {
        self.table().close();
        self.woken.notify_one();
    }

    async fn restore(&self, kind: &Kind, wanted: Wanted, from: &Snapshot) -> Result<Waiting, BootError> {
        let mut spec = self.spec(kind, wanted.id);
        spec.ephemeral_storage_mb = wanted.ephemeral_storage_mb;
        spec.mounts.extend(wanted.mounts);
        let walls = self.parts.sandbox.restore(spec, from.clone()).await?;
        let woken = async {
            let process = match &kind.ahead {
                Some(_) => Some(walls.adopt(0).await?),
                None => None,
            };
            walls.resume().await?;
            Ok(process)
        };
        match woken.await {
            Ok(process) => Ok(Waiting { walls, process }),
            Err(error) => {
                walls.stop().await;
                Err(error)
            }
        }
    }

    fn spec(&self, kind: &Kind, id: EnvironmentId) -> BootSpec {
        BootSpec {
            id,
            memory_mb: kind.memory_mb,
            ephemeral_storage_mb: pool::TMP_MB,
            mounts: kind.mounts.clone(),
            egress: self.parts.settings.egress,
            allow_hosts: self.parts.settings.allow_hosts.clone(),
        }
    }

    /// Does the next thing there is to do; how long there is nothing. `None`: it is closed.
    async fn step(&self) -> Option<Duration> {
        let next = self.table().next(self.parts.world.now());
        match next {
            Next::Closed => None,
            Next::Wait(wait) => Some(wait.unwrap_or(IDLE_LOOK)),
            Next::Make(digest, kind) => {
                let made = self.make(digest, &kind).await;
                let now = self.parts.world.now();
                match made {
                    Ok((kept, bytes)) => {
                        let surplus = self.table().made(digest, kept, bytes);
                        surplus.into_iter().for_each(discard);
                    }
                    Err(error) => {
                        tracing::warn!(kind = kind.name, %error, "a room could not be written down");
                        self.table().failed(now, digest);
                    }
                }
                Some(Duration::ZERO)
            }
        }
    }

    /// Boots the room, starts what waits, lets it come to rest, and writes it down.
    async fn make(&self, digest: [u8; 32], kind: &Kind) -> Result<(Arc<Kept>, u64), BootError> {
        let world = &self.parts.world;
        let began = world.now();
        let half = Half(self.files.unfinished(digest, world.random_16()));
        let snapshot = self.write_down(kind, &half.0).await;
        let files = self.files.clone();
        let named = world.blocking("snapshots", move || match snapshot {
            Ok(snapshot) => files.finish(digest, &half.0, &snapshot).map_err(|error| failed(&error)),
            Err(error) => Err(error), // half of one goes here, where it may take its time
        });
        let found = named.await.unwrap_or_else(|| Err(failed(&std::io::Error::other("panic"))))?;
        let took_ms = millis(began, world.now());
        tracing::info!(
            kind = kind.name,
            memory_mb = kind.memory_mb,
            bytes = found.bytes,
            took_ms,
            "a room was written down"
        );
        Ok((Kept::at(found.folder, found.memory), found.bytes))
    }

    async fn write_down(&self, kind: &Kind, folder: &Path) -> Result<Snapshot, BootError> {
        let world = &self.parts.world;
        let (files, into) = (self.files.clone(), folder.to_owned());
        let made = world.blocking("snapshots", move || files.begin(&into)).await;
        let into =
            made.unwrap_or_else(|| Err(std::io::Error::other("panic"))).map_err(|error| failed(&error))?;
        let id = EnvironmentId::from_random(world.random_16());
        let (sandbox, spec) = (&self.parts.sandbox, self.spec(kind, id));
        let walls = match &kind.ahead {
            Some(_) => sandbox.boot_waiting(spec).await?,
            None => sandbox.boot_bare(spec).await?,
        };
        let written = async {
            let process = match &kind.ahead {
                Some(ahead) => {
                    let process = walls.start(ahead.process()).await?;
                    pool::settled(world, &*walls, true).await?;
                    Some(process)
                }
                None => None,
            };
            walls.pause().await?;
            let snapshot = walls.snapshot(into).await;
            drop(process);
            snapshot
        };
        let written = written.await;
        walls.stop().await;
        written
    }

    fn table(&self) -> MutexGuard<'_, Table<Arc<Kept>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn at(folder: PathBuf, memory: PathBuf) -> Arc<Self> {
        let snapshot = Snapshot { folder: folder.join(files::FILES), memory };
        Arc::new(Self { snapshot, folder, discarded: AtomicBool::default(), warned: AtomicBool::default() })
    }
}

fn discard(kept: Arc<Kept>) {
    kept.discarded.store(true, Ordering::Release);
}

fn failed(error: &std::io::Error) -> BootError {
    BootError::Host { step: "snapshot of a room", reason: error.to_string() }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}
