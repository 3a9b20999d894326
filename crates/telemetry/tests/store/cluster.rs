//! Workers and frontends over one pair of shared stores that fail as they are told.

use crate::kit::*;
use async_trait::async_trait;
use bytes::Bytes;
use fabric::telemetry::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use substrate::{BlobError, BlobKey, Blobs, Entry, Key, Kv, KvError, KvPage, Revision, Watch, Write};
use telemetry::{Settings, Shared, SharedSettings, Shipper, Store};
use tokio::sync::watch;
use world::{BoxFuture, Clock, Instant, WallTime, World};

/// Moves when it is told to, and wakes whose time has come.
#[derive(Clone)]
pub(crate) struct TickClock {
    now_ms: Arc<watch::Sender<u64>>,
    sleepers: Arc<watch::Sender<usize>>,
    /// Of those: who pauses between two looks, and does not wait for a store's answer.
    pausing: Arc<watch::Sender<usize>>,
}

impl TickClock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            now_ms: Arc::new(watch::Sender::new(T0)),
            sleepers: Arc::default(),
            pausing: Arc::default(),
        })
    }
    /// The same time, with sleepers of its own.
    fn of_another(&self) -> Self {
        Self { now_ms: self.now_ms.clone(), sleepers: Arc::default(), pausing: Arc::default() }
    }
    pub(crate) fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap();
        self.now_ms.send_modify(|now_ms| *now_ms += by_ms);
    }
    /// Until somebody pauses.
    pub(crate) async fn pausing(&self) {
        self.pausing.subscribe().wait_for(|now| *now >= 1).await.unwrap();
    }
    /// Until so many sleep.
    pub(crate) async fn sleeping(&self, sleepers: usize) {
        self.sleepers.subscribe().wait_for(|now| *now >= sleepers).await.unwrap();
    }
}

impl Clock for TickClock {
    fn now(&self) -> Instant {
        Instant(*self.now_ms.borrow() * 1_000_000)
    }
    fn wall(&self) -> WallTime {
        WallTime(*self.now_ms.borrow() * 1_000)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let this = self.clone();
        let until = *this.now_ms.borrow() + u64::try_from(duration.as_millis()).unwrap();
        Box::pin(async move {
            let pauses = duration < Duration::from_secs(10);
            let _asleep = Asleep::new(&this.sleepers);
            let _pausing = pauses.then(|| Asleep::new(&this.pausing));
            let _ = this.now_ms.subscribe().wait_for(|now_ms| *now_ms >= until).await;
        })
    }
}

struct Asleep<'a>(&'a watch::Sender<usize>);

impl<'a> Asleep<'a> {
    fn new(sleepers: &'a watch::Sender<usize>) -> Self {
        sleepers.send_modify(|sleepers| *sleepers += 1);
        Self(sleepers)
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|sleepers| *sleepers -= 1);
    }
}

/// What a store does with a write under a prefix of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Refuses,
    /// Applies it, and its answer is lost.
    LosesAnswers,
    NeverAnswers,
}

/// A `Kv` or `Blobs` with a fault.
pub(crate) struct Faulty<S> {
    inner: S,
    fault: Mutex<Option<(&'static str, Fault)>>,
}

impl<S> Faulty<S> {
    fn new(inner: S) -> Arc<Self> {
        Arc::new(Self { inner, fault: Mutex::default() })
    }
    pub(crate) fn set(&self, fault: Option<(&'static str, Fault)>) {
        *self.fault.lock().unwrap() = fault;
    }
    fn of(&self, keys: &[&str]) -> Option<Fault> {
        let fault = *self.fault.lock().unwrap();
        fault.filter(|(prefix, _)| keys.iter().any(|key| key.starts_with(prefix))).map(|(_, fault)| fault)
    }
}

#[async_trait]
impl Kv for Faulty<Arc<dyn Kv>> {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.inner.get(key).await
    }
    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        let keys: Vec<String> = batch.iter().map(|write| write.key().to_string()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let lost = || KvError::Unavailable { reason: "on purpose".to_owned() };
        match self.of(&keys) {
            None => self.inner.write(batch).await,
            Some(Fault::Refuses) => Err(lost()),
            Some(Fault::LosesAnswers) => {
                self.inner.write(batch).await?;
                Err(lost())
            }
            Some(Fault::NeverAnswers) => std::future::pending().await,
        }
    }
    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        self.inner.list(prefix, after, max).await
    }
    fn watch(&self, prefix: &Key) -> Watch {
        self.inner.watch(prefix)
    }
}

#[async_trait]
impl Blobs for Faulty<Arc<dyn Blobs>> {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        let lost = || BlobError::Unavailable { reason: "on purpose".to_owned() };
        match self.of(&[""]) {
            None => self.inner.put(bytes).await,
            Some(Fault::Refuses) => Err(lost()),
            Some(Fault::LosesAnswers) => {
                self.inner.put(bytes).await?;
                Err(lost())
            }
            Some(Fault::NeverAnswers) => std::future::pending().await,
        }
    }
    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        self.inner.get(key).await
    }
    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.inner.exists(key).await
    }
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.inner.delete(key).await
    }
    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        self.inner.list(after, max).await
    }
    fn path_hint(&self, key: &BlobKey) -> Option<PathBuf> {
        self.inner.path_hint(key)
    }
}

pub(crate) struct Cluster {
    pub(crate) clock: Arc<TickClock>,
    pub(crate) world: World,
    pub(crate) kv: Arc<Faulty<Arc<dyn Kv>>>,
    pub(crate) blobs: Arc<Faulty<Arc<dyn Blobs>>>,
    pub(crate) folder: tempfile::TempDir,
    frontends: AtomicU64,
}

impl Cluster {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TickClock::new();
        let world = World { clock: clock.clone(), ..World::real() };
        let (kv, blobs) = embedded(&world, folder.path()).await;
        let (kv, blobs) = (Faulty::new(kv), Faulty::new(blobs));
        Self { clock, world, kv, blobs, folder, frontends: AtomicU64::new(0) }
    }

    /// A worker's store; the same name is the same disk. What it is given is committed at once, whatever the clock says.
    pub(crate) async fn worker(&self, name: &str) -> Arc<Store> {
        self.worker_with(name, Settings::default()).await
    }

    pub(crate) async fn worker_with(&self, name: &str, settings: Settings) -> Arc<Store> {
        let clock = Arc::new(EagerClock(self.clock.clone()));
        let world = World { clock, ..World::real() };
        Store::open(world, &self.folder.path().join(name), settings).await.unwrap()
    }

    /// A shipper that has had its first look; it looks again when the clock is moved.
    pub(crate) async fn shipper(&self, worker: &Arc<Store>) -> Shipper {
        self.shipper_and_clock(worker).await.0
    }

    /// With the clock on which it alone sleeps.
    pub(crate) async fn shipper_and_clock(&self, worker: &Arc<Store>) -> (Shipper, TickClock) {
        let clock = self.clock.of_another();
        let world = World { clock: Arc::new(clock.clone()), ..World::real() };
        let shipper = Shipper::start(world, worker.clone(), self.kv.clone(), self.blobs.clone());
        clock.pausing().await;
        (shipper, clock)
    }

    /// A frontend that believes these workers to live.
    pub(crate) async fn frontend(&self, live: Vec<Arc<dyn Telemetry>>) -> Arc<Shared> {
        self.frontend_with(live, SharedSettings::default()).await
    }

    pub(crate) async fn frontend_with(
        &self,
        live: Vec<Arc<dyn Telemetry>>,
        settings: SharedSettings,
    ) -> Arc<Shared> {
        let number = self.frontends.fetch_add(1, Ordering::SeqCst);
        let own = self.worker(&format!("frontend-{number}")).await;
        let (kv, blobs) = (self.kv.clone(), self.blobs.clone());
        Shared::open(self.world.clone(), kv, blobs, own, Arc::new(Workers(live)), settings)
    }

    /// How many keys of the index begin so.
    pub(crate) async fn entries(&self, list: &str) -> usize {
        self.kv.list(&Key::of(&["logs", list]).unwrap(), None, 1_000).await.unwrap().entries.len()
    }

    pub(crate) async fn blocks(&self) -> Vec<BlobKey> {
        self.blobs.list(None, 1_000).await.unwrap()
    }
}

/// The same time; short waits for company are over at once.
struct EagerClock(Arc<TickClock>);

impl Clock for EagerClock {
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn wall(&self) -> WallTime {
        self.0.wall()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        if duration < Duration::from_secs(1) {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(std::future::pending())
    }
}

/// All of a search, page by page.
pub(crate) async fn search_all(store: &dyn Telemetry, mut query: FilterEvents) -> Vec<StoredEvent> {
    let mut found = Vec::new();
    loop {
        let page = store.filter_events(query.clone()).await.unwrap();
        found.extend(page.events);
        query.next = page.next;
        if query.next.is_none() {
            return found;
        }
    }
}

/// A worker that hangs: it takes the call and never answers.
#[derive(Default)]
pub(crate) struct Hanging(pub(crate) AtomicBool);

macro_rules! hang {
    ($($call:ident($In:ty) -> $Out:ty;)*) => {
        #[async_trait]
        impl Telemetry for Hanging {
            $(async fn $call(&self, _: $In) -> Result<$Out, TelemetryError> {
                self.0.store(true, Ordering::SeqCst);
                std::future::pending().await
            })*
        }
    };
}

hang! {
    append(AppendEvents) -> ();
    create_group(CreateGroup) -> ();
    delete_group(GroupName) -> ();
    create_stream(StreamName) -> ();
    delete_stream(StreamName) -> ();
    put_retention(PutRetention) -> ();
    describe_groups(DescribeGroups) -> GroupPage;
    describe_streams(DescribeStreams) -> StreamPage;
    get_events(GetEvents) -> EventPage;
    filter_events(FilterEvents) -> FilteredPage;
    group_tags(GroupName) -> std::collections::BTreeMap<String, String>;
    tag_group(TagGroup) -> ();
    put_trace(Trace) -> ();
    get_trace(TraceQuery) -> Option<Trace>;
    fresh(FreshQuery) -> FreshLines;
}
