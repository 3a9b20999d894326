//! Two services of one partition and the workers that they lead: one is killed, paused, ended; over the embedded store
//! and over a real NATS server.
//!
//! `cargo xtask test --only tools` installs the server; without it those tests say so and pass, but not in CI.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

#[path = "failover/fleet.rs"]
mod fleet;
#[allow(dead_code)] // it serves other tests, too
#[path = "../../substrate/tests/cluster/kit.rs"]
mod kit;

use assignment::{AssignmentService, Courtesy, Parts, Settings, key_of, replay};
use async_trait::async_trait;
use fabric::Start;
use fabric::assignment::{
    AcquireError, Assignment, CensusQuery, Retire, Revision, RevisionUnread, Revisions,
};
use fabric::worker::InvokeRefusal;
use fleet::{Fleet, Pausable, acquire, census_until, granted, wanted};
use scheduler::assignment::invariants;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use substrate::election::{Election, LEASE};
use substrate::{Kv, Log, LogName, Sqlite, SqliteLog, SqliteSettings};
use types::{Epoch, PartitionId, VersionKey};
use world::World;

/// What both services share.
struct Store {
    kv: Arc<dyn Kv>,
    log: Arc<dyn Log>,
    fleet: Arc<Fleet>,
    recorded: Arc<Recorded>,
    _folder: Option<tempfile::TempDir>,
    _server: Option<kit::NatsServer>,
}

/// What control has written down: the lowest generation of every version.
#[derive(Default)]
struct Recorded(AtomicU64);

#[async_trait]
impl Revisions for Recorded {
    async fn read(&self, _: &VersionKey) -> Result<Revision, RevisionUnread> {
        Ok(Revision { generation_min: self.0.load(Ordering::SeqCst), reserved_at: 0, reserved: None })
    }
}

impl Store {
    async fn embedded() -> Self {
        let (world, folder) = (World::real(), tempfile::tempdir().expect("a folder"));
        let settings = SqliteSettings::default();
        let kv = Sqlite::open(&world, &folder.path().join("kv.db"), settings).await.expect("opens");
        let log = SqliteLog::open(&world, &folder.path().join("journal.db"), settings).await.expect("opens");
        let (kv, log) = (Arc::new(kv), Arc::new(log));
        Self { kv, log, fleet: Fleet::new(), recorded: Arc::default(), _folder: Some(folder), _server: None }
    }

    /// `None` where no server is installed.
    async fn nats() -> Option<Self> {
        let world = World::real();
        let server = kit::NatsServer::start(&world, None, "").await?;
        let nats = kit::connect(&world, server.settings("failover")).await;
        let kv = Arc::new(nats.kv().await.expect("opens"));
        let name = LogName::new("partition-0").expect("a name");
        let log = Arc::new(nats.log(&name).await.expect("opens"));
        Some(Self {
            kv,
            log,
            fleet: Fleet::new(),
            recorded: Arc::default(),
            _folder: None,
            _server: Some(server),
        })
    }

    fn service(&self, world: World, holder: &str) -> Arc<AssignmentService> {
        AssignmentService::start(self.parts(world, holder))
    }

    fn parts(&self, world: World, holder: &str) -> Parts {
        let (kv, holder) = (Arc::clone(&self.kv), holder.to_owned());
        Parts {
            world,
            placement: self.fleet.clone(),
            workers: self.fleet.clone(),
            partition: PartitionId(0),
            settings: Settings::default(),
            journal: Arc::clone(&self.log),
            revisions: Some(Arc::clone(&self.recorded) as Arc<dyn Revisions>),
            election: Some(Election {
                kv,
                key: key_of(PartitionId(0)).expect("a key"),
                holder,
                lease: LEASE,
            }),
        }
    }

    /// Journal and workers agree, and nothing is anywhere twice.
    async fn check(&self) {
        let book = replay(&World::real(), Arc::clone(&self.log)).await.expect("readable");
        let held = self.fleet.held();
        invariants::no_orphans(&book, held.iter().map(|(id, worker)| (*id, worker))).expect("no orphan");
        invariants::one_worker_each(held.iter().map(|(id, worker)| (*id, worker))).expect("one worker each");
        invariants::one_lease_each(self.fleet.running()).expect("one lease each");
    }
}

/// Kills the leader while environments run and idle: the follower goes on with all of them.
async fn the_follower_goes_on(store: Store) {
    let world = World::real();
    let first = store.service(world.clone(), "first");
    assert_eq!(first.leading().await, Some(Epoch(1)));
    let second = store.service(world.clone(), "second");
    let services = [&first, &second];
    let mut leases = Vec::new();
    for _ in 0..4 {
        let lease = acquire(&services, &wanted("hello")).await;
        assert_eq!(lease.start, Start::Cold);
        store.fleet.invoke(&lease).expect("let in");
        leases.push(lease);
    }
    for lease in &leases[..2] {
        store.fleet.finish(lease, &services).await;
    }
    store.check().await;

    let killed = world.now();
    drop(first);
    assert_eq!(second.leading().await, Some(Epoch(2)));
    let services = [&second];
    let warm = acquire(&services, &wanted("hello")).await;
    assert_eq!((warm.start, warm.epoch), (Start::Warm, Epoch(2)));
    println!("granted again {:?} after the leader was killed", world.now().since(killed));
    // Those of both workers are known again, each as it stands.
    census_until(&second, &["busy", "busy", "busy", "idle"]).await;
    store.fleet.invoke(&warm).expect("let in");
    let other = acquire(&services, &wanted("hello")).await;
    store.fleet.invoke(&other).expect("let in");
    let mut reused = [warm.environment, other.environment];
    let mut idle = [leases[0].environment, leases[1].environment];
    reused.sort();
    idle.sort();
    assert_eq!(reused, idle, "the idle ones, and no other");
    let cold = acquire(&services, &wanted("hello")).await;
    assert_eq!(cold.start, Start::Cold, "the others still run");
    // What ran through it all ends under the new leader.
    for lease in &leases[2..] {
        store.fleet.finish(lease, &services).await;
    }
    let again = acquire(&services, &wanted("hello")).await;
    assert_eq!((again.start, again.epoch), (Start::Warm, Epoch(2)));
    store.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_is_killed_the_follower_goes_on_with_what_there_is() {
    the_follower_goes_on(Store::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_too_the_follower_goes_on_with_what_there_is() {
    let Some(store) = Store::nats().await else { return };
    the_follower_goes_on(store).await;
}

/// Leaves every partition to others, who leads it or not.
struct Modest;

impl Courtesy for Modest {
    fn seen(&self, _: PartitionId, _: Option<&str>) {}
    fn defers(&self, _: PartitionId, _: Option<&str>) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hands_over_is_followed_by_one_that_goes_on_with_what_there_is_and_follows_it() {
    let (store, world) = (Store::embedded().await, World::real());
    let first = AssignmentService::among(store.parts(world.clone(), "first"), Some(Arc::new(Modest)));
    assert_eq!(first.leading().await, Some(Epoch(1)), "nobody else was there");
    let second = store.service(world, "second");
    let lease = acquire(&[&first], &wanted("hello")).await;
    store.fleet.invoke(&lease).expect("let in");
    store.fleet.finish(&lease, &[&first]).await;

    second.hand_over(); // it has nothing to hand over
    first.hand_over();
    assert_eq!(second.leading().await, Some(Epoch(2)));
    assert_eq!(first.acquire(wanted("hello")).await, Err(AcquireError::NotLeader));
    let warm = granted(&second, &wanted("hello")).await;
    assert_eq!((warm.environment, warm.start, warm.epoch), (lease.environment, Start::Warm, Epoch(2)));
    store.fleet.invoke(&warm).expect("let in");
    store.check().await;
    drop(second);
    assert_eq!(first.leading().await, Some(Epoch(3)), "modest as it is, when nobody else is there");
}

/// A leader that was paused comes back and does not know that it was deposed.
async fn fenced_twice(store: Store) {
    let (world, paused) = Pausable::world();
    let first = store.service(world, "first");
    assert_eq!(first.leading().await, Some(Epoch(1)));
    let second = store.service(World::real(), "second");
    let lease = acquire(&[&first], &wanted("hello")).await;
    store.fleet.invoke(&lease).expect("let in");
    store.fleet.finish(&lease, &[&first]).await;

    paused.send_replace(true);
    assert_eq!(second.leading().await, Some(Epoch(2)));
    let warm = acquire(&[&second], &wanted("hello")).await;
    assert_eq!((warm.environment, warm.start), (lease.environment, Start::Warm));
    store.fleet.invoke(&warm).expect("let in");

    // To the old leader it is idle still: the worker is the fence, before user code.
    let outdated = first.acquire(wanted("hello")).await.expect("it believes that it leads");
    assert_eq!((outdated.environment, outdated.epoch), (lease.environment, Epoch(1)));
    assert_eq!(store.fleet.invoke(&outdated), Err(InvokeRefusal::Stale));
    // A cold start needs the journal: that is the other fence, and after it the old leader knows.
    assert_eq!(first.acquire(wanted("other")).await, Err(AcquireError::NotLeader));
    assert_eq!(first.acquire(wanted("hello")).await, Err(AcquireError::NotLeader));
    store.check().await;
    assert_eq!(
        second.census(CensusQuery { partition: PartitionId(0) }).await.expect("it leads").len(),
        1,
        "nothing of the old one's"
    );

    // It is a follower now, and takes over in its turn, at once where the leader ends cleanly.
    paused.send_replace(false);
    store.fleet.finish(&warm, &[&second]).await;
    second.close();
    assert!(first.leading().await > Some(Epoch(2)));
    let again = granted(&first, &wanted("hello")).await;
    assert_eq!((again.environment, again.start), (lease.environment, Start::Warm));
    store.fleet.invoke(&again).expect("let in");
    store.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_comes_back_from_a_pause_is_fenced_at_the_worker_and_by_its_first_append() {
    fenced_twice(Store::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_too_a_leader_that_comes_back_from_a_pause_is_fenced() {
    let Some(store) = Store::nats().await else { return };
    fenced_twice(store).await;
}

/// An update is told to the leader that there is; the next one reads it.
async fn an_old_cache_is_served_by_no_leader(store: Store) {
    let world = World::real();
    let first = store.service(world.clone(), "first");
    assert_eq!(first.leading().await, Some(Epoch(1)));
    let lease = acquire(&[&first], &wanted("hello")).await;
    store.fleet.invoke(&lease).expect("let in");
    store.fleet.finish(&lease, &[&first]).await;
    let old = wanted("hello");
    let updated = old.key.generation + 1;
    let scope = fabric::Scope { account: old.key.account.clone(), region: old.key.region.clone() };
    let (function, version) = (old.key.function.clone(), Some(old.key.version));
    let retire = Retire { scope, function, version, generation_min: updated };
    // As control does it: first what is true, then whoever leads.
    store.recorded.0.store(updated, Ordering::SeqCst);
    first.retire(retire.clone()).await.expect("taken");
    assert_eq!(first.acquire(old.clone()).await, Err(AcquireError::Stale));

    let second = store.service(world, "second");
    drop(first);
    assert_eq!(second.leading().await, Some(Epoch(2)));
    assert_eq!(second.acquire(old).await, Err(AcquireError::Stale), "nobody told this one");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_takeover_an_old_generation_is_stale_though_nobody_told_the_new_leader() {
    an_old_cache_is_served_by_no_leader(Store::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_too_a_new_leader_reads_what_its_predecessor_was_told() {
    let Some(store) = Store::nats().await else { return };
    an_old_cache_is_served_by_no_leader(store).await;
}
