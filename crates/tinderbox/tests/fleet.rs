//! Assignment, placement and workers that are members of the fleet, in one process and on one clock that the test moves
//! second by second: what dies, stands still, is cut off or loses its answers costs what it must and nothing else.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

#[path = "fleet/memory.rs"]
mod memory;
#[path = "fleet/model.rs"]
mod model;

use assignment::{AssignmentService, Parts, replay};
use fabric::assignment::{Acquire, AcquireError, Assignment, CensusQuery};
use fabric::placement::{DrainWorker, Placement, WorkersQuery};
use fabric::worker::InvokeRefusal;
use fabric::{Lease, Start};
use memory::MemoryLog;
use model::{Directory, GENEROUS, Model, Placements, Seat, Way};
use placement::PlacementService;
use scheduler::assignment::invariants;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use substrate::Log;
use testkit::clock::SetClock;
use types::{AccountId, EnvironmentId, FunctionName, PartitionId, Region, Version, VersionKey, WorkerId};
use world::World;

const SECOND: Duration = Duration::from_secs(1);

struct Rig {
    clock: Arc<SetClock>,
    world: World,
    /// As assignment sees it, and as workers do.
    placement: Arc<Placements>,
    workers_placement: Arc<Placements>,
    leader: Arc<PlacementService>,
    workers: Arc<Directory>,
    service: Arc<AssignmentService>,
    log: Arc<dyn Log>,
}

impl Rig {
    /// So many workers have joined.
    async fn of(count: usize) -> Self {
        let clock = Arc::new(SetClock::waking());
        clock.set(1_000 * SECOND);
        let world = World { clock: clock.clone(), ..World::real() };
        let leader = Arc::new(PlacementService::new(world.clone(), placement::Settings::default()));
        let (placement, workers_placement) =
            (Placements::to(Arc::clone(&leader)), Placements::to(Arc::clone(&leader)));
        let names = (0..count).map(|idx| format!("w{idx}"));
        let models = names.map(|name| Model::new(&name, &world, &workers_placement)).collect();
        let workers = Arc::new(Directory(models));
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let service = AssignmentService::start(Parts {
            world: world.clone(),
            placement: placement.clone(),
            workers: workers.clone(),
            partition: PartitionId(0),
            settings: assignment::Settings::default(),
            journal: Arc::clone(&log),
            revisions: None,
            election: None,
        });
        service.leading().await.expect("it leads");
        let rig = Self { clock, world, placement, workers_placement, leader, workers, service, log };
        rig.second().await;
        rig
    }

    fn model(&self, worker: &WorkerId) -> &Arc<Model> {
        self.workers.of(worker)
    }

    /// A second passes: placement looks at its leases, workers have their turn, the leader asks placement.
    async fn second(&self) {
        let before = *self.placement.looks.borrow();
        self.clock.advance(SECOND);
        self.leader.reconcile(Duration::ZERO, &placement::provider::Static).await;
        for worker in &self.workers.0 {
            worker.turn(&self.service).await;
        }
        self.settle().await;
        assert!(*self.placement.looks.borrow() > before, "the leader looks each second");
    }

    async fn seconds(&self, count: u64) {
        for _ in 0..count {
            self.second().await;
        }
    }

    /// What is ready to run has run: nothing here waits for anything but the clock.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// As a frontend does: asks again where nobody has seen the invocation.
    async fn start(&self, function: &str) -> Lease {
        for _ in 0..8 {
            match self.service.acquire(wanted(function)).await {
                Ok(lease) => match self.model(&lease.worker).invoke(&lease) {
                    Ok(()) => return lease,
                    Err(InvokeRefusal::Gone) => self.not_found(&lease).await,
                    Err(_) => {}
                },
                Err(AcquireError::WorkerRefused) => {}
                Err(error) => panic!("{error}"),
            }
            self.settle().await;
        }
        panic!("eight attempts");
    }

    /// The same, while time goes on.
    async fn start_in_time(&self, function: &str) -> Lease {
        let passing = async {
            loop {
                self.second().await;
            }
        };
        let starting = async {
            tokio::select! {
                biased;
                lease = self.start(function) => lease,
                () = passing => unreachable!("it has no end"),
            }
        };
        World::real().timeout(GENEROUS, starting).await.expect("a lease")
    }

    async fn not_found(&self, lease: &Lease) {
        let (worker, environment, token) = (lease.worker.clone(), lease.environment, lease.token);
        let event = fabric::assignment::EnvironmentEvent::NotFound;
        let report = fabric::assignment::EnvironmentReport {
            partition: lease.partition,
            worker,
            environment,
            token,
            event,
        };
        self.service.report(report).await.expect("taken");
    }

    async fn finish(&self, lease: &Lease) -> bool {
        self.model(&lease.worker).finish(lease, &self.service).await
    }

    async fn census(&self) -> BTreeMap<EnvironmentId, String> {
        let rows = self.service.census(CensusQuery { partition: PartitionId(0) }).await.expect("it leads");
        rows.into_iter().map(|row| (row.environment, row.state)).collect()
    }

    /// Seconds pass until it is so.
    async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        for _ in 0..60 {
            if so().await {
                return;
            }
            self.second().await;
        }
        panic!("{what}: {:?}", self.census().await);
    }

    /// Journal, leader, placement and workers agree, and nothing is anywhere twice.
    async fn check(&self) {
        self.clock.advance(SECOND); // what gathers for the journal is written
        let agrees = async || {
            let book = replay(&World::real(), Arc::clone(&self.log)).await.expect("readable");
            let known: Vec<EnvironmentId> = self.census().await.into_keys().collect();
            book.environments().keys().copied().collect::<Vec<_>>() == known
        };
        self.until("the journal says what the leader knows", agrees).await;
        let book = replay(&World::real(), Arc::clone(&self.log)).await.expect("readable");
        let held: Vec<_> =
            self.workers.0.iter().flat_map(|w| w.held().into_iter().map(|row| (row, &w.id))).collect();
        invariants::no_orphans(&book, held.iter().map(|(row, id)| (row.0, *id))).expect("no orphan");
        invariants::one_worker_each(held.iter().map(|(row, id)| (row.0, *id))).expect("one worker each");
        let running = || held.iter().map(|(row, _)| row).filter(|row| row.2 == Seat::Running);
        invariants::one_lease_each(running().map(|row| (row.0, row.1))).expect("one lease each");
        let limit = assignment::Settings::default().concurrency_max;
        invariants::within_concurrency(running().map(|row| &row.3), limit).expect("within the limit");
        for row in self.placement.workers(WorkersQuery).await.expect("it leads") {
            let model = self.model(&row.worker);
            let has = if model.runs() { model.memory_mb() } else { row.memory_used_mb };
            assert_eq!(row.memory_used_mb, has, "{}: placement's books and the worker", row.worker);
        }
    }
}

fn wanted(function: &str) -> Acquire {
    let key = VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-west-1"),
        function: FunctionName::new(function),
        version: Version::Latest,
        generation: 1,
    };
    let share = types::ConcurrencyShare::unreserved(assignment::Settings::default().concurrency_max);
    Acquire { key, memory_mb: 512, share, wait_max: Duration::from_secs(60) }
}

#[tokio::test]
async fn a_worker_that_dies_takes_what_it_had_and_nothing_else_fails() {
    let rig = Rig::of(3).await;
    let mut leases = Vec::new();
    for idx in 0..9 {
        leases.push(rig.start(&format!("f{idx}")).await);
    }
    let dead = leases[0].worker.clone();
    rig.model(&dead).die();
    // At once: what is idle or made elsewhere serves, and nothing is tried on the dead one for long.
    for idx in 0..9 {
        let lease = rig.start_in_time(&format!("g{idx}")).await;
        assert_ne!(lease.worker, dead);
        leases.push(lease);
    }
    rig.until("its environments are gone", async || rig.census().await.len() == rig_held(&rig)).await;
    rig.check().await;
    for lease in leases.iter().filter(|lease| lease.worker != dead) {
        assert!(rig.finish(lease).await, "it was not disturbed");
    }
    rig.check().await;
    let gone = rig.start_in_time("f0").await;
    assert_eq!(gone.start, Start::Cold, "made again, elsewhere");
    assert_ne!(gone.worker, dead);
}

fn rig_held(rig: &Rig) -> usize {
    rig.workers.0.iter().map(|worker| worker.held().len()).sum()
}

#[tokio::test]
async fn a_worker_that_stood_still_for_longer_than_its_lease_serves_nothing_of_before() {
    let rig = Rig::of(2).await;
    let running = rig.start("f").await;
    let idle = rig.start("g").await;
    assert!(rig.finish(&idle).await);
    let warm = rig.service.acquire(wanted("g")).await.expect("a lease");
    let paused = Arc::clone(rig.model(&warm.worker));
    paused.pause(true);
    rig.until("it is lost", async || !rig.census().await.contains_key(&warm.environment)).await;
    // It goes on with a grant of before in its socket.
    paused.pause(false);
    assert_eq!(paused.invoke(&warm), Err(InvokeRefusal::Gone));
    if running.worker == paused.id {
        assert!(!rig.finish(&running).await, "its answer does not come out");
    }
    // It joins again, and is one of the fleet.
    rig.seconds(3).await;
    rig.check().await;
    let again = rig.start_in_time("g").await;
    assert!(rig.finish(&again).await);
    rig.check().await;
}

#[tokio::test]
async fn a_worker_that_stood_still_for_less_than_its_lease_has_lost_nothing() {
    let rig = Rig::of(1).await;
    let running = rig.start("f").await;
    let paused = Arc::clone(rig.model(&running.worker));
    paused.pause(true);
    rig.seconds(15).await;
    paused.pause(false);
    rig.seconds(2).await;
    assert!(rig.finish(&running).await);
    let warm = rig.start("f").await;
    assert_eq!((warm.environment, warm.start), (running.environment, Start::Warm));
    rig.check().await;
}

/// Another service of placement leads, which knows nobody.
fn change_placement(rig: &mut Rig) {
    rig.leader = Arc::new(PlacementService::new(rig.world.clone(), placement::Settings::default()));
    rig.placement.is_led_by(&rig.leader);
    rig.workers_placement.is_led_by(&rig.leader);
}

#[tokio::test]
async fn a_new_leader_of_placement_learns_what_there_is_and_nobody_loses_anything() {
    let mut rig = Rig::of(3).await;
    let running = rig.start("f").await;
    let idle = rig.start("g").await;
    assert!(rig.finish(&idle).await);
    let before = rig.census().await;
    change_placement(&mut rig);
    // Before anybody has joined it there is no room, and who waits for it is served when there is.
    let warm = rig.start("g").await;
    assert_eq!((warm.environment, warm.start), (idle.environment, Start::Warm), "warm is not placement's");
    let cold = rig.start_in_time("h").await;
    assert_eq!(cold.start, Start::Cold);
    rig.seconds(45).await;
    rig.check().await;
    let after = rig.census().await;
    assert!(before.keys().all(|environment| after.contains_key(environment)), "{before:?} {after:?}");
    for lease in [&running, &warm, &cold] {
        assert!(rig.finish(lease).await);
    }
    rig.check().await;
}

#[tokio::test]
async fn a_worker_that_dies_while_placement_changes_is_lost_on_the_leaders_own_clock() {
    let mut rig = Rig::of(2).await;
    let leases = [rig.start("f").await, rig.start("g").await, rig.start("h").await, rig.start("i").await];
    let dead = leases[0].worker.clone();
    rig.model(&dead).die();
    change_placement(&mut rig);
    rig.seconds(15).await;
    let known = rig.census().await;
    assert!(leases.iter().all(|lease| known.contains_key(&lease.environment)), "its lease may still run");
    rig.until("it is lost", async || !rig.census().await.contains_key(&leases[0].environment)).await;
    rig.check().await;
    let again = rig.start_in_time("f").await;
    assert_ne!(again.worker, dead);
}

#[tokio::test]
async fn while_placement_is_silent_nobody_is_deposed_and_what_is_warm_serves() {
    let rig = Rig::of(2).await;
    let first = rig.start("f").await;
    assert!(rig.finish(&first).await);
    rig.placement.is(Way::Cut);
    for _ in 0..60 {
        rig.second().await;
        let warm = rig.start("f").await;
        assert_eq!((warm.environment, warm.start), (first.environment, Start::Warm));
        assert!(rig.finish(&warm).await);
    }
    rig.placement.is(Way::Open);
    rig.seconds(3).await;
    rig.check().await;
}

#[tokio::test]
async fn a_slot_whose_answer_was_lost_is_given_back() {
    let rig = Rig::of(1).await;
    rig.placement.is(Way::LosesAPlace);
    let lease = rig.start_in_time("f").await;
    assert!(rig.finish(&lease).await);
    rig.until("one slot is taken", async || {
        let rows = rig.placement.workers(WorkersQuery).await.expect("it leads");
        rows[0].environments == 1
    })
    .await;
    rig.check().await;
}

#[tokio::test]
async fn an_environment_whose_start_was_not_answered_is_ended_and_who_asked_for_it_served() {
    let rig = Rig::of(1).await;
    rig.workers.0[0].lose_a_start_answer();
    let lease = rig.start_in_time("f").await;
    assert!(rig.finish(&lease).await);
    rig.until("one is there", async || rig_held(&rig) == 1 && rig.census().await.len() == 1).await;
    rig.check().await;
}

#[tokio::test]
async fn an_environment_whose_report_was_lost_is_free_again_after_a_while() {
    let rig = Rig::of(1).await;
    let lease = rig.start("f").await;
    rig.workers.0[0].lose_an_idle_report();
    assert!(rig.finish(&lease).await);
    assert_eq!(rig.census().await[&lease.environment], "busy");
    rig.until("it is idle", async || rig.census().await[&lease.environment] == "idle").await;
    let warm = rig.start("f").await;
    assert_eq!(warm.environment, lease.environment);
    rig.check().await;
}

#[tokio::test]
async fn a_grant_that_nobody_heard_of_is_free_again_after_a_while() {
    let rig = Rig::of(1).await;
    let lease = rig.start("f").await;
    assert!(rig.finish(&lease).await);
    let unheard = rig.service.acquire(wanted("f")).await.expect("a lease");
    rig.until("it is idle", async || rig.census().await[&lease.environment] == "idle").await;
    let warm = rig.start("f").await;
    assert_eq!(warm.environment, unheard.environment);
    assert_eq!(rig.workers.0[0].invoke(&unheard), Err(InvokeRefusal::Busy), "should it come all the same");
    rig.check().await;
}

#[tokio::test]
async fn of_a_drained_worker_nothing_is_granted_any_more_and_what_runs_there_ends_well() {
    let rig = Rig::of(2).await;
    let idle = rig.start("f").await;
    let running = rig.start("g").await;
    assert!(rig.finish(&idle).await);
    for worker in [&idle.worker, &running.worker] {
        rig.leader.drain(DrainWorker { worker: worker.clone() }).await.expect("known");
    }
    rig.until("what was idle is gone", async || !rig.census().await.contains_key(&idle.environment)).await;
    assert!(rig.finish(&running).await);
    rig.until("all is gone", async || rig.census().await.is_empty()).await;
    rig.check().await;
}
