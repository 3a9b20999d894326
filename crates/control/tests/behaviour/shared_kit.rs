//! Several controls over one store, as frontends of a cluster have it.

use crate::kit::*;
use crate::nats_kit::{self, NatsServer};
use bytes::Bytes;
use control::Settings;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use substrate::{
    BlobError, BlobKey, Blobs, Entry, Folder, FolderSettings, Key, Kv, KvError, KvPage, Revision, Watch,
    Write,
};
use tokio::sync::Semaphore;
use world::{BoxFuture, Clock, Instant, WallTime, World};

/// A store that counts what is read, may be silent, and may give no hints.
pub(crate) struct Observed {
    pub(crate) inner: Arc<dyn Kv>,
    pub(crate) reads: AtomicUsize,
    listed: AtomicUsize,
    pub(crate) silent: AtomicBool,
    hints: bool,
    /// Done once, before or after the next list of versions.
    before_versions: Mutex<Option<BoxFuture<()>>>,
    after_versions: Mutex<Option<BoxFuture<()>>>,
}

impl Observed {
    pub(crate) fn new(inner: Arc<dyn Kv>, hints: bool) -> Arc<Self> {
        Arc::new(Self {
            inner,
            reads: AtomicUsize::new(0),
            listed: AtomicUsize::new(0),
            silent: AtomicBool::new(false),
            hints,
            before_versions: Mutex::default(),
            after_versions: Mutex::default(),
        })
    }

    /// Reads since this was last asked.
    pub(crate) fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn before_versions(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.before_versions.lock().expect("sound") = Some(Box::pin(work));
    }

    pub(crate) fn after_versions(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.after_versions.lock().expect("sound") = Some(Box::pin(work));
    }

    async fn meanwhile(work: &Mutex<Option<BoxFuture<()>>>, prefix: &Key) {
        let versions = prefix.as_str().starts_with("version");
        let work = work.lock().expect("sound").take_if(|_| versions);
        if let Some(work) = work {
            work.await;
        }
    }

    fn read(&self) -> Result<(), KvError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.silent.load(Ordering::SeqCst) {
            true => Err(KvError::Unavailable { reason: "silent".into() }),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Kv for Observed {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.read()?;
        self.inner.get(key).await
    }
    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        self.inner.write(batch).await
    }
    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        self.read()?;
        Self::meanwhile(&self.before_versions, prefix).await;
        let page = self.inner.list(prefix, after, max).await;
        Self::meanwhile(&self.after_versions, prefix).await;
        self.listed.fetch_add(1, Ordering::SeqCst);
        page
    }
    fn watch(&self, prefix: &Key) -> Watch {
        match self.hints {
            true => self.inner.watch(prefix),
            // Its other end is gone at once.
            false => Watch::new(tokio::sync::watch::channel(()).1),
        }
    }
}

/// Blobs in which a removal waits for a permit, and says that it waits.
pub(crate) struct Gated {
    pub(crate) inner: Arc<dyn Blobs>,
    pub(crate) waiting: Semaphore,
    pub(crate) permits: Semaphore,
}

#[async_trait::async_trait]
impl Blobs for Gated {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        self.inner.put(bytes).await
    }
    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        self.inner.get(key).await
    }
    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.inner.exists(key).await
    }
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.waiting.add_permits(1);
        self.permits.acquire().await.expect("open").forget();
        self.inner.delete(key).await
    }
    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        self.inner.list(after, max).await
    }
    fn path_hint(&self, key: &BlobKey) -> Option<PathBuf> {
        self.inner.path_hint(key)
    }
}

/// A clock on which a second is ten milliseconds.
struct Hurried(Arc<dyn Clock>);

const HURRY: u32 = 100;

impl Clock for Hurried {
    fn now(&self) -> Instant {
        Instant(self.0.now().0.saturating_mul(u64::from(HURRY)))
    }
    fn wall(&self) -> WallTime {
        self.0.wall()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.0.sleep(duration / HURRY)
    }
}

pub(crate) fn hurried() -> World {
    let world = World::real();
    World { clock: Arc::new(Hurried(Arc::clone(&world.clock))), ..world }
}

pub(crate) fn shared() -> Settings {
    Settings { shared: true, ..settings() }
}

pub(crate) struct Cluster {
    pub(crate) kv: Arc<Observed>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) controls: Vec<Kit>,
}

/// Lists of an empty store: heads, versions and heads again at the open, and the first look of who follows.
const LISTS_AT_START: usize = 4;

/// So many controls over the stores of an empty folder, each of which has looked at everything once.
pub(crate) async fn cluster(folder: &Path, world: World, hints: bool, count: usize) -> Cluster {
    let (kv, blobs) = stores(folder).await;
    let kv = Observed::new(kv, hints);
    let mut controls = Vec::new();
    for _ in 0..count {
        controls.push(open_over(world.clone(), kv.clone(), blobs.clone(), shared()).await);
    }
    eventually("all have looked", async || kv.listed.load(Ordering::SeqCst) >= LISTS_AT_START * count).await;
    Cluster { kv, blobs, controls }
}

/// As in a cluster: each with a connection of its own to a real NATS server and its own eyes on one folder of blobs.
/// `None` where no server is installed.
pub(crate) async fn nats_cluster(folder: &Path, world: World, count: usize) -> Option<(NatsServer, Cluster)> {
    let server = NatsServer::start(&world, None, "").await?;
    let nats = async || {
        let nats = nats_kit::connect(&world, server.settings("control")).await;
        Observed::new(Arc::new(nats.kv().await.expect("opens")), true)
    };
    let blobs = async || {
        let blobs = Folder::open(&world, &folder.join("blobs"), FolderSettings::default()).await;
        Arc::new(blobs.expect("opens"))
    };
    let mut controls = Vec::new();
    for _ in 0..count {
        controls.push(open_over(world.clone(), nats().await, blobs().await, shared()).await);
    }
    let cluster = Cluster { kv: nats().await, blobs: blobs().await, controls };
    Some((server, cluster))
}

/// Until it is so.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let world = World::real();
    let waited = world.timeout(Duration::from_secs(60), async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_some(), "never: {what}");
}
