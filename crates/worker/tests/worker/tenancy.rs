//! A worker as a member of the fleet, over placement that does what the test says and a clock that the test moves.

use crate::double::{OnHost, on_host_in};
use crate::kit::{ENVIRONMENT, Kit, collect, key};
use async_trait::async_trait;
use fabric::assignment::EnvironmentEvent;
use fabric::placement::*;
use fabric::stream::FrameStream;
use fabric::worker::{
    HeldState, InvokeFrame, InvokeRefusal, StartEnvironment, WorkerControl, WorkerError, WorkerInvoke,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::clock::SetClock;
use tokio::sync::watch;
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, Zone};
use worker::tenancy::{Offer, Tenancy, Vitals};
use world::World;

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(20);
const OURS: Option<PartitionId> = Some(PartitionId(0));
/// Ends a test that would hang.
const GENEROUS: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Join(JoinFleet),
    Beat(Heartbeat),
    Started(StartOutcome),
    Leave { gone: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Answers,
    Unreachable,
    /// As one that has just begun to lead.
    KnowsNobody,
    /// The question arrives, the answer never does.
    Hangs,
}

/// Placement as the worker sees it.
struct Script {
    mood: Mutex<Mood>,
    orders: Mutex<Orders>,
    said: watch::Sender<Vec<Said>>,
}

impl Script {
    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn orders(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.orders.lock().unwrap());
    }

    async fn answer(&self, said: Said) -> Result<Orders, PlacementError> {
        let joins = matches!(said, Said::Join(_));
        self.said.send_modify(|all| all.push(said));
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::KnowsNobody if !joins => return Err(PlacementError::Unknown),
            Mood::KnowsNobody => self.is(Mood::Answers),
            Mood::Unreachable => return Err(PlacementError::Unavailable { reason: "no".to_owned() }),
            Mood::Hangs => std::future::pending().await,
            Mood::Answers => {}
        }
        Ok(*self.orders.lock().unwrap())
    }

    /// Waits for so many words of a kind.
    async fn heard(&self, count: usize, what: impl Fn(&Said) -> bool) -> Said {
        let mut said = self.said.subscribe();
        let enough = |all: &Vec<Said>| all.iter().filter(|one| what(one)).count() >= count;
        let heard = tokio::time::timeout(GENEROUS, said.wait_for(enough)).await;
        let heard = heard.unwrap_or_else(|_| panic!("only {:?}", self.said.borrow())).unwrap();
        heard.iter().rfind(|one| what(one)).unwrap().clone()
    }
}

fn joins(said: &Said) -> bool {
    matches!(said, Said::Join(_))
}

fn beats(said: &Said) -> bool {
    matches!(said, Said::Beat(_))
}

#[async_trait]
impl Placement for Script {
    async fn join(&self, message: JoinFleet) -> Result<Orders, PlacementError> {
        self.answer(Said::Join(message)).await
    }
    async fn heartbeat(&self, message: Heartbeat) -> Result<Orders, PlacementError> {
        self.answer(Said::Beat(message)).await
    }
    async fn started(&self, message: StartReport) -> Result<(), PlacementError> {
        self.answer(Said::Started(message.outcome)).await.map(drop)
    }
    async fn leave(&self, message: LeaveFleet) -> Result<(), PlacementError> {
        self.answer(Said::Leave { gone: message.gone }).await.map(drop)
    }
    async fn drain(&self, _: DrainWorker) -> Result<(), PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn lease(&self, _: LeaseWorkers) -> Result<Leases, PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn place(&self, _: Place) -> Result<Slot, PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn release(&self, _: ReleaseSlot) -> Result<(), PlacementError> {
        Err(PlacementError::NotLeader)
    }
    async fn workers(&self, _: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        Err(PlacementError::NotLeader)
    }
}

struct Short(Mutex<Option<Pressure>>);

impl Vitals for Short {
    fn pressure(&self) -> Option<Pressure> {
        *self.0.lock().unwrap()
    }
}

struct Member {
    kit: OnHost,
    clock: Arc<SetClock>,
    script: Arc<Script>,
    vitals: Arc<Short>,
    tenancy: Tenancy,
}

impl Member {
    /// Has begun, and placement is of this mood.
    fn begin(mood: Mood) -> Self {
        let clock = Arc::new(SetClock::waking());
        let world = World { clock: clock.clone(), ..World::real() };
        // Nothing but the lease is to end by the clock.
        let kit = on_host_in(world, &[], |_, settings| {
            settings.init_timeout = 100_000 * SECOND;
            settings.start_wait_max = 100_000 * SECOND;
            settings.first_invocation_wait = 100_000 * SECOND;
            settings.freeze_after = None;
        });
        let orders = Orders { partition: OURS, lease: LEASE, drain: false, next: 2 * SECOND, list: false };
        let said = watch::Sender::default();
        let script = Arc::new(Script { mood: Mutex::new(mood), orders: Mutex::new(orders), said });
        let vitals = Arc::new(Short(Mutex::new(None)));
        let offer = Offer {
            zone: Zone::new("a"),
            memory_mb: 1_000,
            cpu_milli: 2_000,
            sandboxes: vec![SandboxKind::Process],
        };
        let tenancy = Tenancy::begin(&kit.worker, script.clone(), offer, vitals.clone());
        Self { kit, clock, script, vitals, tenancy }
    }

    async fn joined() -> Self {
        let member = Self::begin(Mood::Answers);
        tokio::time::timeout(GENEROUS, member.tenancy.joined()).await.unwrap();
        member
    }

    /// Another environment, of this partition.
    async fn start_other(&self, number: u8, partition: u64) -> Result<(), WorkerError> {
        let start = StartEnvironment {
            environment: EnvironmentId([number; 16]),
            key: key(),
            partition: PartitionId(partition),
            epoch: Epoch(1),
            token: LeaseToken(1),
            memory_mb: 256,
            provisioned: false,
        };
        self.kit.worker.start_environment(start).await
    }

    /// Lets an invocation in that runs until it is ended.
    async fn endless(&self, token: u64) -> FrameStream<InvokeFrame> {
        self.sleeping(token, 600.0).await
    }

    async fn sleeping(&self, token: u64, seconds: f64) -> FrameStream<InvokeFrame> {
        let mut request = Kit::request(token, &format!("{{\"do\":\"sleep\",\"for\":{seconds}}}"));
        request.invocation.timeout = 100_000 * SECOND;
        self.kit.worker.invoke(request).await.unwrap()
    }

    async fn refused(&self, token: u64) -> Option<InvokeRefusal> {
        self.kit.worker.invoke(Kit::request(token, "{}")).await.err()
    }

    async fn empty(&self) {
        let empty = async {
            while self.kit.worker.living() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(GENEROUS, empty).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_it_has_joined_a_worker_takes_nothing_and_it_joins_as_soon_as_placement_answers() {
    let member = Member::begin(Mood::Unreachable);
    member.script.heard(1, joins).await;
    assert_eq!(member.start_other(1, 0).await, Err(WorkerError::NotLeased));
    member.script.is(Mood::Answers);
    // It asks again within a second, of which it may have begun to count only now.
    let mut asked = false;
    for _ in 0..10 {
        member.clock.advance(SECOND);
        asked |= tokio::time::timeout(SECOND, member.tenancy.joined()).await.is_ok();
        if asked {
            break;
        }
    }
    assert!(asked, "{:?}", member.script.said.borrow());
    assert_eq!(member.start_other(1, 0).await, Ok(()));
    assert_eq!(member.start_other(2, 7).await, Err(WorkerError::NotLeased), "another partition's");
}

#[tokio::test]
async fn it_serves_up_to_the_very_end_of_its_lease_and_not_a_nanosecond_longer() {
    let member = Member::joined().await;
    member.kit.start().await;
    member.kit.invoke(1, "{}").await;
    let running = member.endless(2).await;
    member.script.is(Mood::Unreachable);
    member.clock.set(LEASE - Duration::from_nanos(1));
    assert_eq!(member.refused(3).await, Some(InvokeRefusal::Busy), "it runs");
    assert_eq!(member.start_other(9, 0).await, Ok(()));

    // No task of the worker runs between this and the next call: as after a thaw, the timers have not come round.
    member.clock.set(LEASE);
    assert_eq!(member.refused(3).await, Some(InvokeRefusal::Gone));
    assert_eq!(member.start_other(8, 0).await, Err(WorkerError::NotLeased));
    let broken = collect(running).await;
    assert!(broken.response.is_none() && broken.outcome.is_none(), "its caller is told by the frontend");
    member.empty().await;
    // What nobody knows of is told as it is: nobody's, and nothing.
    member.script.is(Mood::Answers);
    let joined = member.script.said.borrow().iter().filter(|said| joins(said)).count();
    member.clock.advance(SECOND);
    let Said::Join(join) = member.script.heard(joined + 1, joins).await else { unreachable!() };
    assert_eq!((join.partition, join.environments), (None, vec![]));
    let taken = async {
        while member.start_other(7, 0).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(GENEROUS, taken).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_was_there_before_the_thaw_is_not_let_out_after_it() {
    let member = Member::joined().await;
    member.kit.start().await;
    let running = member.sleeping(1, 0.2).await;
    // The whole process stands still, this thread with it, for longer than its lease; user code has answered meanwhile.
    std::thread::sleep(Duration::from_millis(600));
    member.clock.set(2 * LEASE);
    let broken = collect(running).await;
    assert!(broken.response.is_none() && broken.outcome.is_none());
    member.kit.reported(1, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_without_an_answer_renews_nothing_and_the_lease_counts_from_when_it_was_sent() {
    let member = Member::joined().await;
    member.kit.start().await;
    member.script.is(Mood::Hangs);
    member.clock.set(2 * SECOND);
    member.script.heard(1, beats).await;
    // The second heartbeat, too, was heard and not answered: still the lease is that of the join.
    member.clock.set(LEASE);
    member.kit.reported(1, EnvironmentEvent::Gone).await;
    assert_eq!(member.start_other(2, 0).await, Err(WorkerError::NotLeased));
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_renew_the_lease_and_say_what_is_short() {
    let member = Member::joined().await;
    member.kit.start().await;
    member.kit.invoke(1, "{}").await;
    *member.vitals.0.lock().unwrap() = Some(Pressure::Disk);
    // Longer than a call may take, so that nothing else sleeps for so long.
    member.script.orders(|orders| orders.next = 3 * SECOND);
    for beat in 1..=20 {
        member.clock.advance(if beat == 1 { 2 * SECOND } else { 3 * SECOND });
        let Said::Beat(said) = member.script.heard(beat, beats).await else { unreachable!() };
        assert_eq!((said.pressure, said.environments), (Some(Pressure::Disk), 1));
        assert_eq!(said.fetched.len(), usize::from(beat == 1), "once: {said:?}");
        // Its answer is taken before the next is due.
        member.clock.asleep(3 * SECOND, 1).await;
    }
    member.kit.invoke(2, "{}").await;
    assert_eq!(member.script.said.borrow().iter().filter(|said| joins(said)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_leader_of_placement_is_told_everything_and_nothing_is_disturbed() {
    let member = Member::joined().await;
    member.kit.start().await;
    let running = member.sleeping(1, 0.5).await;
    member.script.is(Mood::KnowsNobody);
    member.clock.set(2 * SECOND);
    let Said::Join(join) = member.script.heard(2, joins).await else { unreachable!() };
    assert_eq!(join.partition, OURS);
    let said: Vec<_> = join.environments.iter().map(|one| (one.environment, one.memory_mb)).collect();
    assert_eq!(said, [(ENVIRONMENT, 128)]);
    assert!(collect(running).await.response.is_some(), "it ran through it");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_orders_name_another_partition_what_is_of_the_first_ends_at_once() {
    for other in [None, Some(PartitionId(4))] {
        let member = Member::joined().await;
        member.kit.start().await;
        let running = member.endless(1).await;
        member.script.orders(|orders| orders.partition = other);
        member.clock.set(2 * SECOND);
        assert!(collect(running).await.response.is_none());
        member.kit.reported(1, EnvironmentEvent::Gone).await;
        member.empty().await;
        assert_eq!(member.start_other(5, 4).await, Ok(()), "of the other one, or the first that comes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_drained_finishes_what_runs_takes_nothing_new_and_ends_when_it_is_empty() {
    let member = Member::joined().await;
    member.kit.start().await;
    member.start_other(2, 0).await.unwrap();
    let running = member.sleeping(1, 0.5).await;
    member.script.orders(|orders| orders.drain = true);
    member.clock.set(2 * SECOND);
    member.script.heard(1, beats).await;
    let draining = async {
        while member.start_other(3, 0).await != Err(WorkerError::Draining) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(GENEROUS, draining).await.unwrap();
    assert!(collect(running).await.response.is_some(), "it was let finish");
    tokio::time::timeout(GENEROUS, member.tenancy.ended()).await.unwrap();
    assert_eq!(member.kit.worker.living(), 0);
    assert_eq!(member.script.said.borrow().last(), Some(&Said::Leave { gone: true }));
    let gone = |reports: &[fabric::assignment::EnvironmentReport]| {
        reports.iter().filter(|report| report.event == EnvironmentEvent::Gone).count()
    };
    assert!(gone(&member.kit.fakes.reports.borrow()) >= 2, "each has said so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_leaves_says_so_first_and_once_more_when_it_is_empty() {
    let member = Member::joined().await;
    member.kit.start().await;
    member.kit.invoke(1, "{}").await;
    tokio::time::timeout(GENEROUS, member.tenancy.leave(100 * SECOND)).await.unwrap();
    let said: Vec<Said> = member.script.said.borrow().iter().filter(|said| !beats(said)).cloned().collect();
    assert_eq!(said[1..], [Said::Leave { gone: false }, Said::Leave { gone: true }]);
    assert_eq!(member.start_other(3, 0).await, Err(WorkerError::Draining));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fenced_is_called_ending_whoever_asks() {
    let member = Member::joined().await;
    member.kit.start().await;
    let _running = member.endless(1).await;
    member.script.is(Mood::Unreachable);
    member.clock.set(LEASE);
    let ask = fabric::worker::AcknowledgeEpoch { partition: PartitionId(0), epoch: Epoch(2) };
    let _ = member.refused(9).await;
    let held = member.kit.worker.acknowledge(ask).await.unwrap().environments;
    assert!(held.iter().all(|one| one.state == HeldState::Ending), "{held:?}");
    member.empty().await;
}
