//! Whose turn it is, on a clock that is moved by hand.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use substrate::election::{Election, Watcher};
use substrate::kv::{Entry, KvPage, Watch};
use substrate::{Expected, Key, Kv, KvError, Revision, Sqlite, SqliteSettings, Write};
use testkit::clock::SetClock;
use types::Epoch;
use world::World;

const LEASE: Duration = Duration::from_millis(800);
/// What a watcher waits between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A store that can be silent.
struct Moody {
    kv: Sqlite,
    silent: AtomicBool,
    /// Reads are answered, and writes after so long: there is no quorum, milliseconds.
    slow_ms: AtomicU64,
    clock: Arc<SetClock>,
}

impl Moody {
    fn heard(&self) -> Result<(), KvError> {
        let silent = self.silent.load(Ordering::SeqCst);
        if silent { Err(KvError::Unavailable { reason: "silent".to_owned() }) } else { Ok(()) }
    }
}

#[async_trait]
impl Kv for Moody {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.heard()?;
        self.kv.get(key).await
    }
    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        self.heard()?;
        self.clock.advance(Duration::from_millis(self.slow_ms.load(Ordering::SeqCst)));
        self.kv.write(batch).await
    }
    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        self.kv.list(prefix, after, max).await
    }
    fn watch(&self, prefix: &Key) -> Watch {
        self.kv.watch(prefix)
    }
}

struct Scene {
    clock: Arc<SetClock>,
    kv: Arc<Moody>,
    watcher: Watcher,
    key: Key,
}

impl Scene {
    /// Somebody leads, and a watcher has seen it.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("kv.db");
        let kv = Sqlite::open(&World::real(), &file, SqliteSettings::default()).await.expect("opens");
        let clock = Arc::new(SetClock::default());
        let moods = (AtomicBool::new(false), AtomicU64::new(0));
        let kv = Arc::new(Moody { kv, silent: moods.0, slow_ms: moods.1, clock: clock.clone() });
        let world = World { clock: clock.clone(), ..World::real() };
        let key = Key::of(&["lead"]).expect("valid");
        let holder = "here".to_owned();
        let election = Election { kv: kv.clone(), key: key.clone(), holder, lease: LEASE };
        let mut leader = Watcher::new(world.clone(), election.clone(), 1);
        assert_eq!(leader.look(Epoch(4)).await.map(|claim| claim.epoch), Some(Epoch(5)), "nobody had it");
        let mut watcher = Watcher::new(world, election, 2);
        assert!(watcher.look(Epoch(0)).await.is_none());
        Self { clock, kv, watcher, key }
    }

    /// So many looks, so far apart; answers the epoch that was claimed.
    async fn look(&mut self, times: u32, apart: Duration) -> Option<Epoch> {
        for _ in 0..times {
            self.clock.advance(apart);
            if let Some(claim) = self.watcher.look(Epoch(0)).await {
                return Some(claim.epoch);
            }
        }
        None
    }

    /// As its holder does, whatever it says.
    async fn renew(&self) {
        let entry = self.kv.kv.get(&self.key).await.expect("readable").expect("held");
        let value: Bytes = entry.value;
        self.kv.put(self.key.clone(), value, Expected::At(entry.revision)).await.expect("renewed");
    }
}

#[tokio::test]
async fn a_leader_that_does_not_renew_for_a_lease_is_succeeded_by_a_higher_epoch() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.look(7, PAUSE).await, None);
    scene.renew().await;
    assert_eq!(scene.look(8, PAUSE).await, None, "the count began anew");
    assert_eq!(
        scene.look(1, PAUSE).await,
        Some(Epoch(6)),
        "what the entry says counts, not only what the watcher knows"
    );
    scene.renew().await;
}

#[tokio::test]
async fn what_is_vacant_is_left_to_others_for_as_long_as_a_watcher_defers() {
    let mut scene = Scene::new().await;
    let defers = |last: Option<&str>| match last {
        Some("here") => 2 * PAUSE,
        other => panic!("it was not {other:?} that led"),
    };
    assert!(scene.watcher.look_deferring(Epoch(0), defers).await.is_none());
    scene.kv.delete(scene.key.clone(), Expected::Any).await.expect("given back");
    for _ in 0..2 {
        assert!(scene.watcher.look_deferring(Epoch(5), defers).await.is_none());
        assert!(scene.watcher.is_vacant() && scene.watcher.holder() == Some("here"));
        scene.clock.advance(PAUSE);
    }
    let claimed = scene.watcher.look_deferring(Epoch(5), defers).await;
    assert_eq!(claimed.map(|claim| claim.epoch), Some(Epoch(6)));
}

#[tokio::test]
async fn a_dead_leader_is_succeeded_so_much_later_by_a_watcher_that_defers() {
    let mut scene = Scene::new().await;
    let mut epoch = None;
    let mut looks = 0;
    while epoch.is_none() {
        scene.clock.advance(PAUSE);
        looks += 1;
        epoch = scene.watcher.look_deferring(Epoch(0), |_| 2 * PAUSE).await.map(|claim| claim.epoch);
    }
    assert_eq!((looks, epoch), (10, Some(Epoch(6))), "a lease is eight looks");
}

#[tokio::test]
async fn a_silent_store_deposes_nobody_and_gives_the_leader_time_to_come_back() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.look(7, PAUSE).await, None);
    scene.kv.silent.store(true, Ordering::SeqCst);
    assert_eq!(scene.look(1_000, PAUSE).await, None);
    scene.kv.silent.store(false, Ordering::SeqCst);
    // Reads are back sooner than the leader's writes.
    assert_eq!(scene.look(100, PAUSE).await, None);
    scene.renew().await;
    assert_eq!(scene.look(8, PAUSE).await, None);
    assert_eq!(scene.look(1, PAUSE).await, Some(Epoch(6)), "after which all is as before");
}

#[tokio::test]
async fn a_watcher_that_was_paused_does_not_count_its_pause() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.look(1, Duration::from_secs(3_600)).await, None);
    assert_eq!(scene.look(5, PAUSE).await, None);
    assert_eq!(scene.look(1, PAUSE).await, Some(Epoch(6)));
}

#[tokio::test]
async fn a_store_that_answers_reads_and_no_writes_deposes_nobody() {
    let mut scene = Scene::new().await;
    scene.kv.slow_ms.store(3_000, Ordering::SeqCst);
    assert_eq!(scene.look(50, PAUSE).await, None);
    scene.kv.slow_ms.store(0, Ordering::SeqCst);
    assert_eq!(scene.look(40, PAUSE).await, None, "the holder's renewal may be on its way");
    scene.renew().await;
    assert_eq!(scene.look(8, PAUSE).await, None);
    assert_eq!(scene.look(1, PAUSE).await, Some(Epoch(6)), "after which all is as before");
}
