//! The worker: its table of environments, and what assignment and frontends ask of it.
//!
//! Fencing is here: an epoch below the highest that was seen of its partition is refused, and so is a token that is
//! not the one an environment waits for (see [`crate::seat`]). Whether the worker serves at all is its lease's to say
//! (see [`crate::tenancy`]).

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
use crate::tenancy::{Health, LeaseClock, Standing};
use async_trait::async_trait;
use fabric::placement::{Orders, ResidentEnvironment};
use fabric::stream::{self, FrameStream};
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldEnvironments, HeldState, InvokeFrame, InvokeRefusal,
    InvokeRequest, ResidentsQuery, StartEnvironment, StopEnvironment, WorkerCensus, WorkerControl,
    WorkerError, WorkerInvoke,
};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use types::limits::CHUNKS_IN_FLIGHT_MAX;
use types::{EnvironmentId, Epoch, PartitionId, VersionKey};
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
    pub(crate) lease: LeaseClock,
    pub(crate) health: Health,
    table: Mutex<Table>,
    /// Environments that are not gone yet.
    living: watch::Sender<usize>,
}

#[derive(Default)]
struct Table {
    seats: FxHashMap<EnvironmentId, Place>,
    /// No invocation finds these any more, but they are not gone: their room is in use until they say so.
    ending: FxHashMap<EnvironmentId, Place>,
    epochs: FxHashMap<PartitionId, Epoch>,
    draining: bool,
    /// `None`: nobody leases this worker, and it serves whoever asks.
    standing: Option<Standing>,
}

/// One environment, as the table knows it.
struct Place {
    seat: Arc<Seat>,
    partition: PartitionId,
    key: VersionKey,
    memory_mb: u32,
}

impl Table {
    /// Remembers the highest epoch of a partition; `false` for one below it.
    fn admits(&mut self, partition: PartitionId, epoch: Epoch) -> bool {
        let highest = self.epochs.entry(partition).or_insert(epoch);
        *highest = epoch.max(*highest);
        epoch == *highest
    }

    /// Everything that is here, also what is ending.
    fn residents(&self) -> impl Iterator<Item = fabric::worker::Resident> {
        let all = self.seats.iter().map(|(id, place)| (id, place, false));
        let all = all.chain(self.ending.iter().map(|(id, place)| (id, place, true)));
        all.map(|(&environment, place, ending)| {
            let (token, state) = place.seat.held();
            let state = if ending { HeldState::Ending } else { state };
            let held = HeldEnvironment { environment, token, state };
            fabric::worker::Resident { partition: place.partition, key: place.key.clone(), held }
        })
    }

    /// Whether an environment of this partition may be made: its own, or, of a worker that has nothing, a new one, of
    /// which placement knew before the worker does.
    fn serves(&mut self, partition: PartitionId, now: Instant) -> bool {
        let empty = self.seats.is_empty() && self.ending.is_empty();
        self.standing.as_mut().is_none_or(|standing| standing.take_on(partition, empty, now))
    }

    fn fence(&mut self, stays: Option<PartitionId>) {
        let all = self.seats.values().chain(self.ending.values());
        all.filter(|place| stays != Some(place.partition)).for_each(|place| place.seat.fence());
    }
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
        let table = Mutex::default();
        Self(Arc::new(House {
            parts,
            code,
            pool,
            layers,
            starts,
            snap_starts,
            snapshots: OnceLock::new(),
            bodies,
            lease: LeaseClock::unbounded(),
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

fn unpack(zip: &[u8], into: &std::path::Path) -> Result<(), String> {
    images::unpack(zip, into).map_err(|error| error.to_string())
}

impl House {
    /// No invocation finds this environment any more.
    pub(crate) fn forget(&self, id: EnvironmentId) {
        let mut table = self.table();
        if let Some(place) = table.seats.remove(&id) {
            table.ending.insert(id, place);
        }
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
        self.table().ending.remove(&id);
        self.living.send_modify(|living| *living = living.saturating_sub(1));
    }

    /// Nothing new; idle environments end now, busy ones after their invocation.
    pub(crate) fn drain(&self) {
        let mut table = self.table();
        table.draining = true;
        table.seats.values().for_each(|place| place.seat.stop());
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.table().draining
    }

    /// How many environments are not gone yet.
    pub(crate) fn watch_living(&self) -> watch::Receiver<usize> {
        self.living.subscribe()
    }

    /// From now on it serves under a lease, which has not begun.
    pub(crate) fn bind(&self) {
        self.lease.end();
        let mut table = self.table();
        table.standing = Some(Standing::default());
        table.fence(None);
    }

    /// The lease is over: everything ends at once, and nothing is taken until another begins.
    pub(crate) fn fence(&self) {
        self.lease.end();
        self.fence_in(&mut self.table());
    }

    fn fence_in(&self, table: &mut Table) {
        self.lease.end();
        if let Some(standing) = &mut table.standing {
            standing.fence();
        }
        table.fence(None);
    }

    /// Placement has answered what was sent at `sent`: the lease is counted from there, and what is not of the partition
    /// ends at once. A lease that has run out meanwhile is not renewed: only joining begins another. `false`: fenced.
    pub(crate) fn renew(&self, sent: Instant, orders: &Orders, joining: bool) -> bool {
        let mut table = self.table();
        if !joining && !self.lease.runs(self.parts.world.now()) {
            self.fence_in(&mut table);
            return false;
        }
        if let Some(standing) = &mut table.standing {
            let stays = standing.told(orders.partition, sent);
            table.fence(stays);
        }
        self.lease.runs_until(sent.plus(orders.lease));
        true
    }

    /// What it has and for whom, as placement is told.
    pub(crate) fn residents(&self) -> (Option<PartitionId>, Vec<ResidentEnvironment>) {
        let table = self.table();
        let all = table.seats.iter().chain(table.ending.iter());
        let mut residents: Vec<ResidentEnvironment> = all
            .map(|(&environment, place)| ResidentEnvironment {
                environment,
                key: place.key.clone(),
                memory_mb: place.memory_mb,
            })
            .collect();
        residents.sort_by_key(|resident| resident.environment);
        (table.standing.as_ref().and_then(Standing::partition), residents)
    }

    /// Whether each of them is still there.
    pub(crate) fn has_all(&self, residents: &[ResidentEnvironment]) -> bool {
        let table = self.table();
        let there = |id| table.seats.contains_key(id) || table.ending.contains_key(id);
        residents.iter().all(|resident| there(&resident.environment))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WorkerCensus for Worker {
    async fn residents(&self, _: ResidentsQuery) -> Result<Vec<fabric::worker::Resident>, WorkerError> {
        Ok(self.0.table().residents().collect())
    }
}

#[async_trait]
impl WorkerControl for Worker {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let house = &self.0;
        let mut table = house.table();
        if !table.admits(message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        if table.draining {
            return Err(WorkerError::Draining);
        }
        if table.seats.contains_key(&message.environment) {
            return Ok(()); // said twice: it is on its way
        }
        let now = house.parts.world.now();
        if !house.lease.runs(now) {
            house.fence_in(&mut table);
            return Err(WorkerError::NotLeased);
        }
        if !table.serves(message.partition, now) {
            return Err(WorkerError::NotLeased);
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
        table.seats.insert(message.environment, place);
        house.living.send_modify(|living| *living += 1);
        drop(table);
        let resident = Resident::new(Arc::clone(house), message, owner);
        house.parts.world.spawn("environment", resident.run());
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let mut table = self.0.table();
        if !table.admits(message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        match table.seats.get(&message.environment) {
            Some(place) => place.seat.stop(),
            None if table.ending.contains_key(&message.environment) => {} // it will say when it is gone
            None => return Err(WorkerError::NotThere),
        }
        Ok(())
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let mut table = self.0.table();
        // Under the same lock as every start and invocation: whoever of an older epoch comes later is refused, and
        // what came earlier is in the answer.
        if !table.admits(message.partition, message.epoch) {
            return Err(WorkerError::Stale);
        }
        let held = table.residents().filter(|resident| resident.partition == message.partition);
        Ok(HeldEnvironments { environments: held.map(|resident| resident.held).collect() })
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
            // One lock over both: what an acknowledged epoch was told of a seat is not changed by an older lease.
            let mut table = self.0.table();
            if !self.0.lease.runs(arrived) {
                self.0.fence_in(&mut table);
                return Err(InvokeRefusal::Gone);
            }
            if !table.admits(lease.partition, lease.epoch) {
                return Err(InvokeRefusal::Stale);
            }
            table.seats.get(&lease.environment).ok_or(InvokeRefusal::Gone)?.seat.take(job)?;
        }
        match accepted.await {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(refusal)) => Err(refusal),
            // The environment's task ended without a word: it had not let the invocation in.
            Err(_) => Err(InvokeRefusal::Gone),
        }
    }
}
