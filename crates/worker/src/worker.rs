//! The worker: its table of environments, and what assignment and frontends ask of it.
//!
//! What is refused is [`scheduler::tenancy`]'s to say: an epoch below the highest that was seen of its partition, a token
//! that is not the one an environment waits for (see [`crate::seat`]), and everything once its lease is over (see
//! [`crate::tenancy`]).

use crate::api_door::body::Budget;
use crate::code_cache::CodeCache;
use crate::environment::Resident;
use crate::layers::Layers;
use crate::parts::Snapshots as Which;
use crate::parts::WorkerParts;
use crate::pool::Pool;
use crate::seat::{Job, Seat};
use crate::snapshots::{Held, Snapshots};
use crate::snapstart::{self, SnapStarts};
use crate::starts::Starts;
use crate::tenancy::Health;
use async_trait::async_trait;
use fabric::placement::{ResidentEnvironment, ResidentList};
use fabric::stream::{self, FrameStream};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldEnvironments, HeldState, InvokeFrame, InvokeRefusal,
    InvokeRequest, ResidentsQuery, StartEnvironment, StopEnvironment, WorkerCensus, WorkerControl,
    WorkerError, WorkerInvoke,
};
use scheduler::tenancy::{LeaseClock, Making, NoSeat, NotMade, Outdated, Place, Table, Word};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use types::limits::CHUNKS_IN_FLIGHT_MAX;
use types::{EnvironmentId, VersionKey};
use world::Instant;

/// Frames of a buffered answer: its response and its outcome, neither of which ever waits.
const BUFFERED_FRAMES: usize = 2;
/// How long environments that are told to end by the sandbox's own end may take to notice.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A host of environments.
#[derive(Clone)]
pub struct Worker(Arc<House>);

/// What the worker and its environments share.
pub(crate) struct House {
    pub(crate) parts: WorkerParts,
    pub(crate) code: Arc<CodeCache>,
    pub(crate) pool: Arc<Pool>,
    /// Where the sandbox takes snapshots: in the pool's place.
    pub(crate) layers: Option<Arc<Layers>>,
    pub(crate) starts: Arc<Starts>,
    pub(crate) snap_starts: SnapStarts,
    /// Once it is open; `None` in it where the sandbox takes no snapshots.
    pub(crate) snapshots: OnceLock<Option<Arc<Snapshots>>>,
    /// For what environments send to their doors to the Lambda API.
    pub(crate) bodies: Budget,
    /// For how long the worker serves.
    lease: Arc<LeaseClock>,
    pub(crate) health: Health,
    table: Mutex<Table<Arc<Seat>>>,
    /// Environments that are not gone yet.
    living: watch::Sender<usize>,
}

impl Worker {
    /// A worker with no environments. Call [`Self::open`] before it serves.
    pub fn new(parts: WorkerParts) -> Self {
        let settings = &parts.settings;
        let root = settings.data.join("code");
        let code = CodeCache::new(parts.world.clone(), root, settings.code_cache_bytes_max, unpack);
        let living = watch::Sender::new(0);
        let pool = Arc::new(Pool::new(parts.clone()));
        let layers = Layers::new(&parts);
        let starts = Starts::new(parts.world.clone(), settings.starts_max, settings.start_wait_max);
        let bodies = Budget::of_all();
        let pause = parts.sandbox.capabilities().pause;
        let snap_starts = SnapStarts::new(parts.world.clone(), settings.snap_start.clone(), pause);
        let lease = Arc::new(LeaseClock::unbounded());
        let table = Mutex::new(Table::new(Arc::clone(&lease)));
        Self(Arc::new(House {
            parts,
            code,
            pool,
            layers,
            starts,
            snap_starts,
            snapshots: OnceLock::new(),
            bodies,
            lease,
            health: Health::default(),
            table,
            living,
        }))
    }

    /// Takes in the code that an earlier process unpacked and removes what it left half-done; the pool may fill, and
    /// versions with SnapStart be prepared.
    pub async fn open(&self) -> std::io::Result<()> {
        Pool::keep_filled(&self.0.pool);
        self.0.code.open().await?;
        if let Some(layers) = &self.0.layers {
            Layers::open(layers).await?;
        }
        let snapshots = Snapshots::open(&self.0.parts).await?;
        let _ = self.0.snapshots.set(snapshots); // opened once
        snapstart::start(&self.0);
        Ok(())
    }

    pub(crate) fn house(&self) -> &Arc<House> {
        &self.0
    }

    /// Environments that are not gone yet.
    pub fn living(&self) -> usize {
        *self.0.living.borrow()
    }

    /// Takes no more; lets idle environments end now and busy ones after their invocation; after `limit` the sandbox
    /// ends what is left.
    pub async fn shutdown(&self, limit: Duration) {
        self.0.drain();
        self.0.pool.close().await;
        self.0.layers.iter().for_each(|layers| layers.close());
        self.0.snap_starts.close().await;
        let mut living = self.0.living.subscribe();
        let world = &self.0.parts.world;
        let ended = world.timeout(limit, living.wait_for(|living| *living == 0)).await.is_some();
        self.0.parts.sandbox.shutdown().await;
        if !ended && world.timeout(LAST_WAIT, living.wait_for(|living| *living == 0)).await.is_none() {
            tracing::error!(left = self.living(), "environments did not end with their sandbox");
        }
    }
}

/// One environment, as a leader is told.
fn held(environment: EnvironmentId, seat: &Seat, ending: bool) -> HeldEnvironment {
    let (token, state) = seat.held();
    HeldEnvironment { environment, token, state: if ending { HeldState::Ending } else { state } }
}

/// What it has and for whom, as placement is told.
pub(crate) fn residents(table: &Table<Arc<Seat>>) -> ResidentList {
    let (partition, places) = table.residents();
    let resident = |(environment, place): (EnvironmentId, &Place<Arc<Seat>>)| ResidentEnvironment {
        environment,
        key: place.key.clone(),
        memory_mb: place.memory_mb,
    };
    ResidentList { partition, environments: places.into_iter().map(resident).collect() }
}

/// As the table's clocks count.
pub(crate) fn monotonic(now: Instant) -> Duration {
    Duration::from_nanos(now.0)
}

fn unpack(zip: &[u8], into: &std::path::Path) -> Result<(), String> {
    images::unpack(zip, into).map_err(|error| error.to_string())
}

impl House {
    /// No invocation finds this environment any more.
    pub(crate) fn forget(&self, id: EnvironmentId) {
        self.table().forget(id);
    }

    /// Where every version is to be kept: this one, too, in the background.
    pub(crate) fn keep_unasked(&self, key: &VersionKey) {
        let kept = self.snapshots.get().and_then(Option::as_ref);
        if self.parts.settings.snapshots == Which::EveryVersion && kept.is_some() {
            self.snap_starts.want(key, self.parts.settings.snapshot_store.unasked_max);
        }
    }

    /// After the first invocation of a copy.
    pub(crate) fn record(&self, key: &VersionKey, held: Arc<Held>) {
        let Some(snapshots) = self.snapshots.get().cloned().flatten() else { return };
        let key = key.clone();
        self.parts.world.spawn("working set", async move {
            if let Err(error) = snapshots.record(&key, &held).await {
                tracing::warn!(function = %key.function, %error, "what a first invocation touches was not recorded");
            }
        });
    }

    /// One environment is gone.
    pub(crate) fn left(&self, id: EnvironmentId) {
        self.table().left(id);
        self.living.send_modify(|living| *living = living.saturating_sub(1));
    }

    /// Nothing new; idle environments end now, busy ones after their invocation.
    pub(crate) fn drain(&self) {
        self.table().drain();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.table().is_draining()
    }

    /// How many environments are not gone yet.
    pub(crate) fn watch_living(&self) -> watch::Receiver<usize> {
        self.living.subscribe()
    }

    /// Whether it serves, at this moment.
    pub(crate) fn is_leased(&self, now: Instant) -> bool {
        self.lease.runs(monotonic(now))
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table<Arc<Seat>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WorkerCensus for Worker {
    async fn residents(&self, _: ResidentsQuery) -> Result<Vec<fabric::worker::Resident>, WorkerError> {
        let resident =
            |(id, place, ending): (EnvironmentId, &Place<Arc<Seat>>, bool)| fabric::worker::Resident {
                partition: place.partition,
                key: place.key.clone(),
                held: held(id, &place.seat, ending),
            };
        Ok(self.0.table().all().map(resident).collect())
    }
}

#[async_trait]
impl WorkerControl for Worker {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let house = &self.0;
        let mut table = house.table();
        let word = Word { partition: message.partition, epoch: message.epoch };
        match table.make(monotonic(house.parts.world.now()), word, message.environment) {
            Ok(Making::New) => {}
            Ok(Making::Known) => return Ok(()),
            Err(NotMade::Stale) => return Err(WorkerError::Stale),
            Err(NotMade::Draining) => return Err(WorkerError::Draining),
            Err(NotMade::NotLeased) => return Err(WorkerError::NotLeased),
        }
        // Counted until they are gone, not until they are forgotten: their memory is in use for so long.
        if *house.living.borrow() >= house.parts.settings.environments_max {
            return Err(WorkerError::Full);
        }
        let owner = Seat::make(message.token);
        let place = Place {
            seat: Arc::clone(&owner.seat),
            partition: message.partition,
            key: message.key.clone(),
            memory_mb: message.memory_mb,
        };
        table.insert(message.environment, place);
        house.living.send_modify(|living| *living += 1);
        drop(table);
        let resident = Resident::new(Arc::clone(house), message, owner);
        house.parts.world.spawn("environment", resident.run());
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let word = Word { partition: message.partition, epoch: message.epoch };
        self.0.table().stop(word, message.environment).map_err(|no| match no {
            NoSeat::Stale => WorkerError::Stale,
            NoSeat::Gone => WorkerError::NotThere,
        })
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let mut table = self.0.table();
        let word = Word { partition: message.partition, epoch: message.epoch };
        let own = table.acknowledge(word).map_err(|Outdated| WorkerError::Stale)?;
        Ok(HeldEnvironments { environments: own.map(|(id, seat, ending)| held(id, seat, ending)).collect() })
    }
}

#[async_trait]
impl WorkerInvoke for Worker {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let arrived = self.0.parts.world.now();
        let InvokeRequest { lease, invocation } = request;
        let bound = BUFFERED_FRAMES + if invocation.streaming { CHUNKS_IN_FLIGHT_MAX } else { 0 };
        let (frames, answer) = stream::channel(bound);
        let (accept, accepted) = oneshot::channel();
        let job = Job { invocation, token: lease.token, arrived, accept, frames: Arc::new(frames) };
        {
            let word = Word { partition: lease.partition, epoch: lease.epoch };
            let mut table = self.0.table();
            let seat = table.enter(monotonic(arrived), word, lease.environment).map_err(|no| match no {
                NoSeat::Stale => InvokeRefusal::Stale,
                NoSeat::Gone => InvokeRefusal::Gone,
            })?;
            seat.take(job)?; // under the table's lock
        }
        match accepted.await {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(refusal)) => Err(refusal),
            // The environment's task ended without a word: it had not let the invocation in.
            Err(_) => Err(InvokeRefusal::Gone),
        }
    }
}
