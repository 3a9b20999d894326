//! SnapStart: environments of published versions begin after init.
//!
//! ```text
//! control's list ──► shelf: what is lacking ──► prepare: init in a room of its own ──► kept, standing still ──► reported
//!                                                     └─ failed: reported, Failed         │ take
//!                                                                                         ▼
//!                                          an environment's task: restore, hooks, serve (`environment::restore`)
//! ```
//! What is kept depends on the sandbox. `process` has no snapshots, so a few rooms per version are initialised and stand
//! still, frozen; **each is restored once**: one room becomes one environment. That makes uniqueness plain: no two
//! environments ever share what init drew, kept or connected to. Everything a caller sees is as with a snapshot: states,
//! hooks, variables, credentials, log streams, lines and limits. Where nothing is kept (no memory for it, more at once than
//! were kept, just restarted) the environment runs init itself, in the invocation's way, and is restored at once.
//!
//! A sandbox whose `capabilities().snapshot` is true takes another way at two places, and only there: in `prepare`, where
//! one [`Initialised`] becomes a stored snapshot ([`crate::snapshots`]) and its room ends; and `environment::copy`, which
//! makes rooms of it as often as asked. The shelf counts one of each version as enough then, and has none to give.

mod shelf;

use crate::environment::{Begun, Copyable, Maker, Prepared, Room, Spans};
use crate::logs::platform::Phase;
use crate::parts::Snapshots;
use crate::snapshots as store;
use crate::worker::House;
use fabric::control::{ControlError, PreparationsQuery, PreparedReport};
use fabric::worker::InvokeRefusal;
use sandbox::BootError;
use shelf::{Next, Shelf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use types::{EnvironmentId, VersionKey};
use world::World;

/// How soon control is asked again that did not answer.
const LIST_RETRY: Duration = Duration::from_secs(1);
/// How long the shelf is not looked at if nothing happens: a worker that is gone is to be noticed.
const IDLE_LOOK: Duration = Duration::from_secs(60);

/// How much waits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Initialised rooms of all versions; 0 keeps none: a version is initialised once, to know that it can be.
    pub rooms_max: usize,
    pub version_rooms_max: usize,
    /// Memory of all of them, measured, bytes.
    pub memory_bytes_max: u64,
    /// Inits that run at once. One takes as long as its function wants.
    pub at_once_max: usize,
    /// How long more rooms of a version than were needed are kept, and rooms of one version while another lacks them.
    pub ease: Duration,
    /// Nothing is initialised again before no room was taken for this time.
    pub quiet: Duration,
    /// How soon the platform tries again what it could not do.
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rooms_max: 64,
            version_rooms_max: 4,
            memory_bytes_max: 1 << 30,
            at_once_max: 4,
            ease: Duration::from_secs(60),
            quiet: Duration::from_millis(50),
            retry: Duration::from_secs(5),
        }
    }
}

/// A room that stands after init, and what it was made from.
pub(crate) struct Initialised {
    pub(crate) prepared: Prepared,
    pub(crate) room: Room,
}

/// Why there is none.
enum NotMade {
    /// Init failed: the function's doing.
    Failed,
    /// The platform could not.
    Host(String),
    /// The version is gone, or the worker ends.
    Unwanted,
}

/// What this worker keeps of versions with SnapStart.
pub(crate) struct SnapStarts {
    world: World,
    /// Rooms can stand still.
    pause: bool,
    shelf: Mutex<Shelf<Initialised>>,
    /// Something was taken, made or listed, or the shelf was closed.
    woken: Arc<Notify>,
    /// Counts lists, for inits on their way whose version may be gone.
    listed: watch::Sender<u64>,
}

/// Starts the tasks that learn what is to be kept and see to it.
pub(crate) fn start(house: &Arc<House>) {
    let world = &house.parts.world;
    world.spawn("snapstart list", list(Arc::downgrade(house)));
    world.spawn("snapstart", fill(Arc::downgrade(house)));
}

impl SnapStarts {
    pub(crate) fn new(world: World, settings: Settings, pause: bool) -> Self {
        let (shelf, listed) = (Mutex::new(Shelf::new(settings)), watch::Sender::new(0));
        Self { world, pause, shelf, woken: Arc::default(), listed }
    }

    /// A room of this version, if one is kept; more of them are made when nothing starts.
    pub(crate) async fn take(&self, key: &VersionKey, spans: &mut Spans) -> Option<Initialised> {
        loop {
            let taken = self.shelf().take(self.world.now(), key);
            self.woken.notify_one();
            let mut taken = taken?;
            let started = self.world.now();
            let gone_on = if self.pause { taken.room.walls.resume().await } else { Ok(()) };
            match gone_on {
                Ok(()) if taken.room.is_alive() => {
                    spans.add("restore.resume", started, self.world.now());
                    return Some(taken);
                }
                Ok(()) => tracing::debug!(function = %key.function, "an initialised room has died"),
                Err(error) => {
                    tracing::warn!(function = %key.function, %error, "an initialised room is of no use")
                }
            }
            self.end(taken);
        }
    }

    /// Ends every room; none is made any more.
    pub(crate) async fn close(&self) {
        let rooms = self.shelf().close();
        self.tell_listed();
        for room in rooms {
            room.end().await;
        }
    }

    /// What is to be done now, done; then for how long nothing is.
    fn step(&self, house: &Arc<House>) -> Option<Duration> {
        loop {
            let next = self.shelf().next(self.world.now());
            match next {
                Next::Closed => return None,
                Next::Wait(wait) => return Some(wait.unwrap_or(IDLE_LOOK)),
                Next::End(key) => {
                    let room = self.shelf().give_up(&key);
                    room.into_iter().for_each(|room| self.end(room));
                }
                Next::Make(key) => {
                    self.world.spawn("snapstart prepare", prepare(Arc::clone(house), key));
                }
            }
        }
    }

    /// Completes when nothing is to be kept of this version any more.
    fn unwanted(&self, key: &VersionKey) -> impl Future<Output = ()> {
        let mut listed = self.listed.subscribe();
        async move {
            // The sender lives as long as `self`.
            let _ = listed.wait_for(|_| !self.shelf().wants(key)).await;
        }
    }

    /// What was kept of this version was of no use: it is prepared again.
    pub(crate) fn lost(&self, key: &VersionKey) {
        self.shelf().lost(key, self.world.now());
        self.woken.notify_one();
    }

    /// A version that did not ask is to be kept, too, unless that would be too many.
    pub(crate) fn want(&self, key: &VersionKey, unasked_max: usize) {
        self.shelf().want(self.world.now(), key, unasked_max);
        self.woken.notify_one();
    }

    fn tell_listed(&self) {
        self.listed.send_modify(|lists| *lists += 1);
        self.woken.notify_one();
    }

    fn end(&self, room: Initialised) {
        self.world.spawn("snapstart stop", room.end());
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<Initialised>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Initialised {
    pub(crate) async fn end(self) {
        let Self { prepared, room } = self;
        room.walls.stop().await;
        drop(room);
        prepared.logs().detach().await;
    }
}

/// Learns from control what is to be kept, again and again.
async fn list(house: Weak<House>) {
    let mut seen = None;
    loop {
        let Some(here) = house.upgrade() else { return };
        if here.snap_starts.shelf().is_closed() {
            return;
        }
        let (control, world) = (Arc::clone(&here.parts.control), here.parts.world.clone());
        drop(here); // a worker may go while control has nothing to say
        let answered = control.preparations(PreparationsQuery { seen }).await;
        let Some(here) = house.upgrade() else { return };
        match answered {
            Ok(list) => {
                seen = Some(list.at);
                let gone = here.snap_starts.shelf().list(world.now(), &list.versions);
                gone.into_iter().for_each(|room| here.snap_starts.end(room));
                here.snap_starts.tell_listed();
                keep_listed(&here).await;
            }
            Err(error) => {
                tracing::warn!(%error, "control does not say what is to be prepared");
                drop(here);
                world.clock.sleep(LIST_RETRY).await;
            }
        }
    }
}

async fn fill(house: Weak<House>) {
    loop {
        let Some(here) = house.upgrade() else { return };
        let Some(wait) = here.snap_starts.step(&here) else { return };
        let (world, woken) = (here.parts.world.clone(), Arc::clone(&here.snap_starts.woken));
        drop(here);
        let _ = world.timeout(wait, woken.notified()).await; // woken or not: look again
    }
}

/// One room of this version, onto the shelf; and control is told what came of it.
async fn prepare(house: Arc<House>, key: VersionKey) {
    let snap_starts = &house.snap_starts;
    let made = match house.snapshots.get().cloned().flatten() {
        Some(snapshots) => keep(&house, &snapshots, &key).await,
        None => initialise(&house, &key).await.map(Some),
    };
    let now = snap_starts.world.now();
    let (initialised, failed_at) = match made {
        Ok(None) => {
            snap_starts.shelf().stored(&key);
            (Some(true), None)
        }
        Ok(Some((room, bytes))) => {
            // Before it is said: the first invocation finds it.
            let refused = snap_starts.shelf().made(&key, room, bytes);
            refused.into_iter().for_each(|room| snap_starts.end(room));
            (Some(true), None)
        }
        Err(NotMade::Failed) => {
            snap_starts.shelf().failed(&key, None);
            (Some(false), None)
        }
        Err(NotMade::Host(reason)) => {
            tracing::warn!(function = %key.function, version = %key.version, reason, "a version could not be prepared");
            (None, Some(now))
        }
        Err(NotMade::Unwanted) => (None, Some(now)),
    };
    let told = match initialised {
        Some(initialised) if snap_starts.shelf().is_pending(&key) => report(&house, &key, initialised).await,
        Some(_) => true,
        None => {
            snap_starts.shelf().failed(&key, failed_at);
            true
        }
    };
    if !told {
        // It stays Pending: what was found out is found out again.
        snap_starts.shelf().retry(&key, snap_starts.world.now());
    }
    snap_starts.woken.notify_one();
}

/// Whether control took it.
async fn report(house: &House, key: &VersionKey, initialised: bool) -> bool {
    let told = house.parts.control.prepared(PreparedReport { key: key.clone(), initialised }).await;
    match told {
        Ok(()) => house.snap_starts.shelf().settled(key),
        Err(error) => {
            tracing::warn!(function = %key.function, version = %key.version, %error, "control did not take a report");
            return false;
        }
    }
    true
}

/// What control lists, and what is kept: the one is not made again, and what is kept of a version that is gone goes.
async fn keep_listed(house: &Arc<House>) {
    let Some(snapshots) = house.snapshots.get().cloned().flatten() else { return };
    for key in snapshots.keys() {
        let wanted = house.snap_starts.shelf().stored(&key);
        if wanted {
            if snapshots.find(&key).is_none() {
                house.snap_starts.lost(&key); // refused by a start at this very moment
            }
            continue;
        }
        let plan = house.parts.control.boot_plan(key.clone()).await;
        let unasked = house.parts.settings.snapshots == Snapshots::EveryVersion;
        match plan {
            Err(ControlError::NotFound { .. }) => snapshots.forget(&key).await,
            Ok(_) if !unasked => snapshots.forget(&key).await,
            Ok(_) | Err(_) => {}
        }
    }
    snapshots.collect().await;
}

/// Init in a room of its own, which is written down and ends; where copies would not be unique it stands still, as with a
/// sandbox that takes no snapshots.
async fn keep(
    house: &Arc<House>,
    snapshots: &store::Snapshots,
    key: &VersionKey,
) -> Result<Option<(Initialised, u64)>, NotMade> {
    if snapshots.find(key).is_some() {
        return Ok(None); // only the report was missing
    }
    let initialised = initialise_room(house, key).await?;
    if Copyable::of(&initialised.prepared.plan.config.runtime) == Copyable::Never {
        return stand(house, initialised).await.map(Some);
    }
    let began = house.parts.world.now();
    snapshots.keep(key, initialised).await.map_err(|error| NotMade::Host(error.to_string()))?;
    let took_ms = u64::try_from(house.parts.world.now().since(began).as_millis()).unwrap_or(u64::MAX);
    tracing::info!(function = %key.function, version = %key.version, took_ms, "a version was written down");
    Ok(None)
}

/// Init in a room of its own. With the memory that it holds afterwards.
async fn initialise(house: &Arc<House>, key: &VersionKey) -> Result<(Initialised, u64), NotMade> {
    let initialised = initialise_room(house, key).await?;
    stand(house, initialised).await
}

async fn stand(house: &House, initialised: Initialised) -> Result<(Initialised, u64), NotMade> {
    match stand_still(&initialised, house.snap_starts.pause).await {
        Ok(bytes) => Ok((initialised, bytes)),
        Err(error) => {
            initialised.end().await;
            Err(NotMade::Host(error.to_string()))
        }
    }
}

async fn initialise_room(house: &Arc<House>, key: &VersionKey) -> Result<Initialised, NotMade> {
    let id = EnvironmentId::from_random(house.parts.world.random_16());
    let maker = Maker { house: Arc::clone(house), id, key: key.clone(), provisioned: false };
    let mut spans = Spans::default();
    let host = |error: &dyn std::fmt::Display| NotMade::Host(error.to_string());
    let prepared = match maker.prepare(&mut spans).await {
        Ok(prepared) => prepared,
        Err(InvokeRefusal::Stale) => {
            house.snap_starts.shelf().gone(key);
            return Err(NotMade::Unwanted);
        }
        Err(error) => return Err(host(&error)),
    };
    let (limit, unwanted) = (maker.init_limit(&prepared), house.snap_starts.unwanted(key));
    let room = match maker.begin(&prepared, Phase::Init, limit, &mut spans, unwanted).await {
        Begun::Ready(room, _) => *room,
        Begun::Failed(..) => {
            prepared.logs().flush().await;
            return Err(NotMade::Failed);
        }
        Begun::Host(refusal) => return Err(host(&refusal)),
        Begun::Unwanted => return Err(NotMade::Unwanted),
    };
    prepared.logs().flush().await;
    Ok(Initialised { prepared, room })
}

/// From here on nothing in it goes on until it is restored. The memory that it holds.
async fn stand_still(initialised: &Initialised, pause: bool) -> Result<u64, BootError> {
    let walls = &initialised.room.walls;
    if pause {
        walls.pause().await?;
    }
    Ok(walls.stats().await?.memory_bytes)
}
