//! Rooms with a runtime in them that wait for a function: what makes most cold starts short.
//!
//! ```text
//! first use of a kind ──► made here, in the background ──► waiting ──take──► bound by the environment's task
//!                                                             └─ nobody took it for `idle_max` ──► ended
//! ```
//! A [`Kind`] is everything that can not be changed once a room stands: its mounts, and the program that waits in it
//! with its arguments and the variables that are read at exec. The rest (code, limits, variables, identity) is bound
//! later and differs in nothing from a fresh start; a function that sets what is read at exec is not pooled
//! (`environment::variables`). How many of which kind is [`shelf`]'s to say; a room is never used twice.

mod shelf;

use crate::parts::WorkerParts;
use sandbox::{BootError, BootSpec, Environment, Process, ProcessSpec, ReadOnlyMount};
use shelf::{Next, Shelf};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use types::EnvironmentId;
use world::World;

/// `/tmp` of every waiting room, MB: Lambda's default. A function with another size gets a room of its own.
pub(crate) const TMP_MB: u32 = types::limits::EPHEMERAL_STORAGE_MB_DEFAULT;
/// Memory of a room while it waits, MB: the least that a function may have, so that the function's own limit, bound later,
/// is never below: to lower one has the kernel look for memory, or kill, while the sandbox waits for it. What does not fit
/// this fits no function of this size either. Processor comes with memory: the sandbox's floor for it, half a vCPU.
pub(crate) const WAITING_MB: u32 = types::limits::MEMORY_MB_MIN;
/// A runtime is taken to be up, and its memory looked at, when it has used no processor for this long: more than a
/// period of the scheduler (100 ms), since one that has used up its share stands still until the next.
const SETTLE_STEP: Duration = Duration::from_millis(120);
/// Looks at most so often: one that never comes to rest is counted as it is.
const SETTLE_LOOKS: u32 = 20;

/// How much waits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Rooms of all kinds; 0 keeps none.
    pub rooms_max: usize,
    pub kind_rooms_max: usize,
    /// Memory of all waiting rooms, measured, bytes.
    pub memory_bytes_max: u64,
    /// A kind that nobody used for so long is forgotten.
    pub idle_max: Duration,
    /// How long more rooms of a kind than were needed are kept, and rooms of one kind while another lacks them.
    pub ease: Duration,
    /// Nothing is made before no start was asked for in this time.
    pub quiet: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rooms_max: 64,
            kind_rooms_max: 16,
            memory_bytes_max: 512 << 20,
            idle_max: Duration::from_secs(300),
            ease: Duration::from_secs(30),
            quiet: Duration::from_millis(50),
        }
    }
}

/// What a waiting room is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// The runtime, for people.
    pub(crate) name: String,
    /// While it waits, MB.
    pub(crate) memory_mb: u32,
    pub(crate) mounts: Vec<ReadOnlyMount>,
    /// What runs in it already; `None`: nothing, only the walls stand; of one that is written down, not even they.
    pub(crate) ahead: Option<Ahead>,
}

impl Kind {
    /// What every room of this memory begins with, where the sandbox can write that down: a kernel that is up, and no room.
    pub(crate) fn booted(memory_mb: u32) -> Self {
        Self { name: "booted".to_owned(), memory_mb, mounts: Vec::new(), ahead: None }
    }
}

/// A program that waits for its function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ahead {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// A room that waits.
pub(crate) struct Waiting {
    pub(crate) walls: Arc<dyn Environment>,
    pub(crate) process: Option<Process>,
}

impl Waiting {
    /// Whether what waits in it still does.
    fn is_alive(&mut self) -> bool {
        use tokio::sync::oneshot::error::TryRecvError;
        self.process.as_mut().is_none_or(|process| process.exited.try_recv() == Err(TryRecvError::Empty))
    }
}

/// The worker's waiting rooms.
pub(crate) struct Pool {
    parts: WorkerParts,
    shelf: Mutex<Shelf<Waiting>>,
    /// Something was taken, or the pool was closed.
    woken: Notify,
}

impl Pool {
    /// An empty pool; where a sandbox can not bind later it stays so.
    pub(crate) fn new(parts: WorkerParts) -> Self {
        let mut settings = parts.settings.pool.clone();
        if !parts.sandbox.capabilities().bind {
            settings.rooms_max = 0;
        }
        Self { shelf: Mutex::new(Shelf::new(settings)), woken: Notify::new(), parts }
    }

    /// Starts the task that fills it and empties it again.
    pub(crate) fn keep_filled(pool: &Arc<Self>) {
        let weak = Arc::downgrade(pool);
        pool.parts.world.spawn("pool", async move {
            // Weak: the pool ends with its worker.
            while let Some(pool) = weak.upgrade() {
                if pool.shelf().is_closed() {
                    return;
                }
                pool.fill().await;
            }
        });
    }

    /// A room of this kind, if one waits; more of them are made when nothing starts.
    pub(crate) fn take(&self, kind: &Kind) -> Option<Waiting> {
        let mut taken = self.shelf().take(self.parts.world.now(), kind);
        while let Some(dead) = taken.take_if(|room| !room.is_alive()) {
            self.end(dead);
            taken = self.shelf().take(self.parts.world.now(), kind);
        }
        self.woken.notify_one();
        taken
    }

    /// Ends every room; none is made any more.
    pub(crate) async fn close(&self) {
        let rooms = self.shelf().close();
        self.woken.notify_one();
        for room in rooms {
            room.walls.stop().await;
        }
    }

    /// Does the next thing there is to do, or waits a while.
    async fn fill(&self) {
        let world = &self.parts.world;
        let (expired, next) = {
            let mut shelf = self.shelf();
            let now = world.now();
            (shelf.expired(now), shelf.next(now))
        };
        expired.into_iter().for_each(|room| self.end(room));
        match next {
            Next::Make(kind) => self.make(&kind).await,
            Next::End(kind) => {
                let room = self.shelf().give_up(&kind);
                room.into_iter().for_each(|room| self.end(room));
            }
            // Without an end the wait has one all the same: a worker that is gone is to be noticed.
            Next::Wait(wait) => {
                let wait = wait.unwrap_or(self.parts.settings.pool.idle_max);
                let _ = world.timeout(wait, self.woken.notified()).await; // woken or not: look again
            }
        }
    }

    async fn make(&self, kind: &Kind) {
        let made = self.build(kind).await;
        let (room, bytes) = match made {
            Ok(made) => made,
            // Shutdown ends the sandbox under it: that is no failure.
            Err(_) if self.shelf().is_closed() => return,
            Err(error) => {
                tracing::warn!(kind = kind.name, %error, "a room for the pool could not be made");
                return self.shelf().failed(kind);
            }
        };
        let refused = self.shelf().put(kind, room, bytes);
        if let Some(room) = refused {
            self.end(room);
        }
    }

    /// Boots the walls, starts what waits, and lets it come to rest. With the memory that it uses.
    async fn build(&self, kind: &Kind) -> Result<(Waiting, u64), BootError> {
        let parts = &self.parts;
        let walls = parts.sandbox.boot(BootSpec {
            id: EnvironmentId::from_random(parts.world.random_16()),
            memory_mb: kind.memory_mb,
            ephemeral_storage_mb: TMP_MB,
            mounts: kind.mounts.clone(),
            egress: parts.settings.egress,
            allow_hosts: parts.settings.allow_hosts.clone(),
        });
        let walls = walls.await?;
        let furnished = async {
            let process = match &kind.ahead {
                Some(ahead) => Some(walls.start(ahead.process()).await?),
                None => None,
            };
            let bytes = settled(&parts.world, &*walls, process.is_some()).await?;
            Ok((process, bytes))
        };
        match furnished.await {
            Ok((process, bytes)) => Ok((Waiting { walls, process }, bytes)),
            Err(error) => {
                walls.stop().await;
                Err(error)
            }
        }
    }

    fn end(&self, room: Waiting) {
        self.parts.world.spawn("pool stop", async move { room.walls.stop().await });
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<Waiting>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory of a room that has come to rest.
pub(crate) async fn settled(world: &World, walls: &dyn Environment, runs: bool) -> Result<u64, BootError> {
    let mut last = walls.stats().await?;
    for _ in 0..if runs { SETTLE_LOOKS } else { 0 } {
        world.clock.sleep(SETTLE_STEP).await;
        let now = walls.stats().await?;
        let rests = now.cpu_us == last.cpu_us && now.cpu_us > 0;
        last = now;
        if rests {
            break;
        }
    }
    Ok(last.memory_bytes)
}

impl Ahead {
    pub(crate) fn process(&self) -> ProcessSpec {
        ProcessSpec {
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            environment: self.variables.clone(),
            working_directory: PathBuf::from("/var/task"),
            telemetry: true,
            bind: true,
        }
    }
}
