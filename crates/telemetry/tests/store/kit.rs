//! A store in a folder of its own, under a clock that the test sets.

use async_trait::async_trait;
use fabric::telemetry::*;
use fabric::{Scope, Span};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use substrate::{Blobs, Folder, FolderSettings, Kv, Sqlite, SqliteSettings};
use telemetry::{LiveStores, Settings, Shared, SharedSettings, Shipper, Store};
use types::{AccountId, Region, RequestId};
use world::{BoxFuture, Clock, Instant, WallTime, World};

pub(crate) const GROUP: &str = "/aws/lambda/hello";
/// 2023-11-14, in milliseconds.
pub(crate) const T0: u64 = 1_700_000_000_000;

/// Stands still until it is set; what sleeps on it wakes up at once (waiting for company) or never (tidying).
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn set_ms(&self, ms: u64) {
        self.0.store(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst) * 1_000_000)
    }
    fn wall(&self) -> WallTime {
        WallTime(self.0.load(Ordering::SeqCst) * 1_000)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        if duration < Duration::from_secs(1) {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(std::future::pending())
    }
}

/// The same time; whoever sleeps on it does so for ever.
pub(crate) struct StillClock(pub(crate) Arc<SetClock>);

impl Clock for StillClock {
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn wall(&self) -> WallTime {
        self.0.wall()
    }
    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

/// Which implementation of the role, and where its lines are when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One store.
    Local,
    /// The shared stores, to which nothing is shipped: all is asked of the worker.
    Fresh,
    /// Shipped after every call, and the worker is not asked any more.
    Shipped,
    /// Shipped after every call, made one with what was shipped before, and the worker is not asked any more.
    Merged,
    /// Shipped after every second call, and the worker is asked for the rest.
    Mixed,
}

pub(crate) const KINDS: [Kind; 5] = [Kind::Local, Kind::Fresh, Kind::Shipped, Kind::Merged, Kind::Mixed];

pub(crate) struct Kit {
    pub(crate) kind: Kind,
    /// The role, as it is asked.
    pub(crate) store: Arc<dyn Telemetry>,
    local: Arc<Store>,
    shared: Option<Arc<Shared>>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) folder: tempfile::TempDir,
}

impl Kit {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// One of each kind.
    pub(crate) async fn all() -> Vec<Self> {
        let mut kits = Vec::new();
        for kind in KINDS {
            kits.push(Self::of(kind).await);
        }
        kits
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(AtomicU64::new(T0)));
        let world = World { clock: clock.clone(), ..World::real() };
        let store = Store::open(world, folder.path(), settings).await.unwrap();
        Self { kind: Kind::Local, store: store.clone(), local: store, shared: None, clock, folder }
    }

    pub(crate) async fn of(kind: Kind) -> Self {
        let mut kit = Self::new().await;
        if kind == Kind::Local {
            return kit;
        }
        let still = World { clock: Arc::new(StillClock(kit.clock.clone())), ..World::real() };
        let (kv, blobs) = embedded(&still, kit.folder.path()).await;
        let frontend = kit.folder.path().join("frontend");
        let own = Store::open(still.clone(), &frontend, Settings::default());
        let live: Vec<Arc<dyn Telemetry>> = match kind {
            Kind::Shipped | Kind::Merged => Vec::new(),
            _ => vec![kit.local.clone()],
        };
        let shared = Shared::open(
            still.clone(),
            kv.clone(),
            blobs.clone(),
            own.await.unwrap(),
            Arc::new(Workers(live)),
            SharedSettings::default(),
        );
        let shipper = Shipper::start(still, kit.local.clone(), kv, blobs);
        kit.kind = kind;
        kit.store = Arc::new(Front {
            kind,
            worker: kit.local.clone(),
            shared: shared.clone(),
            shipper,
            calls: AtomicU64::new(0),
        });
        kit.shared = Some(shared);
        kit
    }

    /// Tidies until nothing is left to do: each call is at least one step.
    pub(crate) async fn tidy(&self) {
        for _ in 0..50 {
            self.local.tidy().await.unwrap();
        }
        if let Some(shared) = &self.shared {
            shared.tidy().await.unwrap();
        }
    }
}

/// The embedded shared stores in a folder.
pub(crate) async fn embedded(world: &World, folder: &Path) -> (Arc<dyn Kv>, Arc<dyn Blobs>) {
    let settings = SqliteSettings { survives_power_loss: false, ..SqliteSettings::default() };
    let kv = Sqlite::open(world, &folder.join("shared.db"), settings).await.unwrap();
    let blobs = Folder::open(world, &folder.join("blobs"), FolderSettings::default()).await.unwrap();
    (Arc::new(kv), Arc::new(blobs))
}

pub(crate) struct Workers(pub(crate) Vec<Arc<dyn Telemetry>>);

#[async_trait]
impl LiveStores for Workers {
    async fn live(&self) -> Vec<Arc<dyn Telemetry>> {
        self.0.clone()
    }
}

/// Lines go to the worker, as its functions' do, and everything else to the frontend.
struct Front {
    kind: Kind,
    worker: Arc<Store>,
    shared: Arc<Shared>,
    shipper: Shipper,
    calls: AtomicU64,
}

impl Front {
    async fn ship(&self) -> Result<(), TelemetryError> {
        let calls = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.kind {
            Kind::Local | Kind::Fresh => Ok(()),
            Kind::Mixed if calls % 2 == 1 => Ok(()),
            Kind::Mixed | Kind::Shipped => self.shipper.drain().await,
            Kind::Merged => {
                self.shipper.drain().await?;
                self.shipper.merge().await
            }
        }
    }
}

macro_rules! forward {
    ($($call:ident($In:ty) -> $Out:ty;)*) => {
        #[async_trait]
        impl Telemetry for Front {
            async fn append(&self, message: AppendEvents) -> Result<(), TelemetryError> {
                if message.events.is_empty() {
                    return self.shared.append(message).await;
                }
                self.worker.append(message).await?;
                self.ship().await
            }
            $(async fn $call(&self, message: $In) -> Result<$Out, TelemetryError> {
                self.shared.$call(message).await
            })*
        }
    };
}

forward! {
    create_group(CreateGroup) -> ();
    delete_group(GroupName) -> ();
    create_stream(StreamName) -> ();
    delete_stream(StreamName) -> ();
    put_retention(PutRetention) -> ();
    describe_groups(DescribeGroups) -> GroupPage;
    describe_streams(DescribeStreams) -> StreamPage;
    get_events(GetEvents) -> EventPage;
    filter_events(FilterEvents) -> FilteredPage;
    group_tags(GroupName) -> BTreeMap<String, String>;
    tag_group(TagGroup) -> ();
    put_trace(Trace) -> ();
    get_trace(TraceQuery) -> Option<Trace>;
    fresh(FreshQuery) -> FreshLines;
}

pub(crate) async fn open(folder: &Path) -> Arc<Store> {
    Store::open(World::real(), folder, Settings::default()).await.unwrap()
}

pub(crate) fn scope() -> Scope {
    Scope { account: AccountId::new("000000000000"), region: Region::new("us-east-1") }
}

pub(crate) fn group(name: &str) -> GroupName {
    GroupName { scope: scope(), group: name.to_owned() }
}

pub(crate) fn stream(group: &str, name: &str) -> StreamName {
    StreamName { scope: scope(), group: group.to_owned(), stream: name.to_owned() }
}

/// `(timestamp after T0, message)`.
pub(crate) fn events(stream: StreamName, events: &[(u64, &str)]) -> AppendEvents {
    let event =
        |(ms, message): &(u64, &str)| LogEvent { timestamp_ms: T0 + ms, message: (*message).to_owned() };
    AppendEvents { stream, events: events.iter().map(event).collect() }
}

pub(crate) fn get(stream: StreamName) -> GetEvents {
    GetEvents { stream, start_ms: None, end_ms: None, from_head: true, next: None, items_max: 10_000 }
}

pub(crate) fn search(group_name: &str) -> FilterEvents {
    FilterEvents {
        name: group(group_name),
        streams: Vec::new(),
        stream_prefix: None,
        start_ms: None,
        end_ms: None,
        pattern: None,
        next: None,
        items_max: 10_000,
    }
}

pub(crate) fn list_streams(group_name: &str) -> DescribeStreams {
    DescribeStreams {
        name: group(group_name),
        prefix: None,
        by_last_event: false,
        descending: false,
        next: None,
        items_max: 50,
    }
}

pub(crate) fn list_groups() -> DescribeGroups {
    DescribeGroups { scope: scope(), prefix: None, pattern: None, next: None, items_max: 50 }
}

pub(crate) fn messages(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

pub(crate) fn trace(at: u8) -> Trace {
    Trace {
        scope: scope(),
        request_id: RequestId::from_random([at; 16]),
        function: "hello".to_owned(),
        started_ms: T0 + u64::from(at),
        cold: true,
        error_type: None,
        spans: vec![Span {
            room: "invoke".to_owned(),
            start: Duration::from_micros(10),
            duration: Duration::from_nanos(1_500_001),
        }],
    }
}

pub(crate) fn trace_query(at: u8) -> TraceQuery {
    TraceQuery { scope: scope(), request_id: RequestId::from_random([at; 16]) }
}
