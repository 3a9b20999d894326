//! What is written down, when, and what becomes of a leader whose log is not its own any more.

use super::*;
use crate::journal::{Deposed, Journal, NotBegun};
use crate::replica::{Replica, replay};
use bytes::Bytes;
use fabric::worker::HeldEnvironment;
use scheduler::assignment::{Book, Fact};
use std::sync::Mutex;
use substrate::kv::Watch;
use substrate::{LogError, LogPage, Position, Span};
use types::{EnvironmentId, LeaseToken};

/// A log that loses the answers of appends, or refuses what it says, when it is told to.
struct Moody {
    log: Arc<dyn Log>,
    mood: Mutex<Vec<LogError>>,
}

#[async_trait]
impl Log for Moody {
    async fn append(&self, expected: Position, records: Vec<Bytes>) -> Result<Position, LogError> {
        let mood = self.mood.lock().expect("not poisoned").pop();
        match mood {
            // It arrived, but nobody hears of it.
            Some(error @ LogError::Unavailable { .. }) => {
                self.log.append(expected, records).await.expect("appended");
                Err(error)
            }
            Some(error) => Err(error),
            None => self.log.append(expected, records).await,
        }
    }
    async fn read(&self, after: Position, max: usize) -> Result<LogPage, LogError> {
        self.log.read(after, max).await
    }
    async fn span(&self) -> Result<Span, LogError> {
        self.log.span().await
    }
    async fn trim(&self, through: Position) -> Result<(), LogError> {
        self.log.trim(through).await
    }
    fn watch(&self) -> Watch {
        self.log.watch()
    }
}

async fn begin(log: &Arc<dyn Log>, epoch: u64, writer: u64) -> Result<(Journal, Book), NotBegun> {
    let world = World::real();
    let mut replica = Replica::open(&world, Arc::clone(log)).await.expect("opens");
    let begun = Journal::begin(&world, Arc::clone(log), &mut replica, Epoch(epoch), writer).await;
    Ok((begun?, replica.book))
}

fn created(number: u64) -> Fact {
    let environment = EnvironmentId(u128::from(number).to_be_bytes());
    Fact::Created {
        environment,
        key: wanted(1).key,
        memory_mb: 128,
        worker: WorkerId::new("w"),
        provisioned: false,
    }
}

fn gone(number: u64) -> Fact {
    Fact::Gone { environment: EnvironmentId(u128::from(number).to_be_bytes()) }
}

async fn last(log: &Arc<dyn Log>) -> u64 {
    log.span().await.expect("readable").last.0
}

#[tokio::test]
async fn what_waits_goes_into_one_append_and_is_durable_when_it_is_said_to_be() {
    let world = World::real();
    let log = journal(&world).await;
    let (journal, _) = begin(&log, 1, 1).await.expect("begins");
    let mut before = 0;
    for number in 0..100 {
        before = journal.push(vec![created(number), gone(number + 1_000)]);
    }
    assert_eq!(journal.durable(before + 1).await, Ok(()));
    assert_eq!(last(&log).await, 2, "the epoch, and all that waited");
    assert_eq!(replay(&world, log).await.expect("readable").environments().len(), 100);
}

#[tokio::test]
async fn the_log_stays_bounded_and_says_the_same_after_it_was_trimmed() {
    let world = World::real();
    let log = journal(&world).await;
    let (journal, _) = begin(&log, 1, 1).await.expect("begins");
    journal.push(vec![created(1)]);
    for round in 0..9u64 {
        let facts = (0..500).flat_map(|number| {
            let number = 10 + round * 500 + number;
            [created(number), gone(number)]
        });
        let before = journal.push(facts.collect());
        assert_eq!(journal.durable(before + 1_000).await, Ok(()));
    }
    // The checkpoint follows what made it due.
    let trimmed = async {
        while log.span().await.expect("readable").first == Position(1) {
            tokio::task::yield_now().await;
        }
    };
    assert!(world.timeout(MINUTE, trimmed).await.is_some());
    let span = log.span().await.expect("readable");
    assert!(span.last.0 - span.first.0 < 8, "{span:?}");
    drop(journal);
    let (_, book) = begin(&log, 2, 2).await.expect("begins");
    assert_eq!((book.epoch(), book.environments().len()), (Epoch(2), 1));
}

#[tokio::test]
async fn an_append_without_an_answer_is_found_and_anothers_is_told_from_it() {
    let world = World::real();
    let log = journal(&world).await;
    let moody = Arc::new(Moody { log: Arc::clone(&log), mood: Mutex::default() });
    let as_log: Arc<dyn Log> = moody.clone();
    let (journal, _) = begin(&as_log, 1, 1).await.expect("begins");
    let lost = LogError::Unavailable { reason: "the answer was lost".to_owned() };
    moody.mood.lock().expect("not poisoned").extend([lost, LogError::Busy]);
    let before = journal.push(vec![created(1)]);
    assert_eq!(journal.durable(before + 1).await, Ok(()));
    assert_eq!(last(&log).await, 2, "once");

    // The next leader appends the very facts that this one is about to: they are not its own for that.
    let (next, _) = begin(&log, 2, 2).await.expect("begins");
    let after = next.push(vec![created(2)]);
    assert_eq!(next.durable(after + 1).await, Ok(()));
    let before = journal.push(vec![created(2)]);
    assert_eq!(journal.durable(before + 1).await, Err(Deposed));
    journal.deposed().await;
    assert_eq!(begin(&log, 2, 1).await.err(), Some(NotBegun::Outdone), "nor does an older epoch begin");
}

#[tokio::test]
async fn a_confirmation_is_an_append_and_none_comes_of_a_log_that_is_anothers() {
    let world = World::real();
    let log = journal(&world).await;
    let (journal, _) = begin(&log, 1, 1).await.expect("begins");
    assert_eq!(journal.confirm().await, Ok(()));
    assert_eq!(last(&log).await, 2, "though there are no facts");
    assert_eq!(replay(&world, Arc::clone(&log)).await.expect("readable").epoch(), Epoch(1));
    let before = journal.push(vec![gone(1)]);
    assert_eq!(journal.confirm().await, Ok(()));
    assert_eq!(journal.durable(before + 1).await, Ok(()));
    assert_eq!(last(&log).await, 3, "with what waits, in one");
    let _next = begin(&log, 2, 2).await.expect("begins");
    assert_eq!(journal.confirm().await, Err(Deposed));
}

/// Looks into the log when it is told to make an environment, and keeps what it was told to make.
struct Witness {
    log: Arc<dyn Log>,
    made: Mutex<Vec<(EnvironmentId, LeaseToken)>>,
}

#[async_trait]
impl WorkerControl for Witness {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let book = replay(&World::real(), Arc::clone(&self.log)).await.expect("readable");
        let written = book.environments().get(&message.environment).expect("it is written down before");
        assert_eq!((&written.key, written.ready), (&message.key, false));
        self.made.lock().expect("not poisoned").push((message.environment, message.token));
        Ok(())
    }
    async fn stop_environment(&self, _: StopEnvironment) -> Result<(), WorkerError> {
        Err(WorkerError::NotThere)
    }
    async fn acknowledge(&self, _: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let made = self.made.lock().expect("not poisoned");
        let row = |&(environment, token)| HeldEnvironment {
            environment,
            token,
            state: fabric::worker::HeldState::Free,
        };
        Ok(HeldEnvironments { environments: made.iter().map(row).collect() })
    }
}

struct Only(Arc<Witness>);

impl WorkerDirectory for Only {
    fn control(&self, _: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        Some(self.0.clone())
    }
}

fn alone(log: &Arc<dyn Log>, witness: &Arc<Witness>) -> Arc<AssignmentService> {
    AssignmentService::start(Parts {
        world: World::real(),
        placement: Arc::new(Host {
            slots: Semaphore::new(100),
            started: Semaphore::new(0),
            stopped: tokio::sync::Mutex::default(),
        }),
        workers: Arc::new(Only(Arc::clone(witness))),
        partition: PartitionId(0),
        settings: Settings::default(),
        journal: Arc::clone(log),
        revisions: None,
        election: None,
    })
}

#[tokio::test]
async fn a_worker_hears_of_an_environment_once_it_is_written_down_and_warm_ones_write_nothing() {
    let log = journal(&World::real()).await;
    let witness = Arc::new(Witness { log: Arc::clone(&log), made: Mutex::default() });
    let service = alone(&log, &witness);
    assert_eq!(service.leading().await, Some(Epoch(1)));
    let mut lease = service.acquire(wanted(1)).await.expect("a lease");
    service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    // That it is ready is nobody's hurry.
    while last(&log).await < 3 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        lease = service.acquire(wanted(1)).await.expect("a lease");
        assert_eq!(lease.start, Start::Warm);
        service.report(report(&lease, EnvironmentEvent::Finishing)).await.expect("taken");
        service.report(report(&lease, EnvironmentEvent::Idle)).await.expect("taken");
    }
    // What was pushed before is durable before: the next cold start's records would be behind any of the warm ones'.
    let mut other = wanted(1);
    other.key.function = FunctionName::new("other");
    service.acquire(other).await.expect("a lease");
    assert_eq!(last(&log).await, 4, "the epoch, created, ready, created");

    // The process ends as by kill -9; its worker, here, goes on.
    drop(service);
    let service = alone(&log, &witness);
    assert_eq!(service.leading().await, Some(Epoch(2)));
    let again = service.acquire(wanted(1)).await.expect("a lease");
    assert_eq!((again.environment, again.start, again.epoch), (lease.environment, Start::Warm, Epoch(2)));
}

#[tokio::test]
async fn a_deposed_leader_sends_who_waits_to_ask_again() {
    let log = journal(&World::real()).await;
    let witness = Arc::new(Witness { log: Arc::clone(&log), made: Mutex::default() });
    let service = alone(&log, &witness);
    assert_eq!(service.leading().await, Some(Epoch(1)));
    let warm = service.acquire(wanted(1)).await.expect("a lease");
    let _next = begin(&log, 2, 2).await.expect("begins");
    let mut other = wanted(1);
    other.key.function = FunctionName::new("other");
    assert_eq!(service.acquire(other).await, Err(AcquireError::NotLeader));
    assert_eq!(witness.made.lock().expect("not poisoned").len(), 1, "its worker was not told");
    let late = service.report(report(&warm, EnvironmentEvent::Idle)).await;
    assert!(late.is_err(), "it is somebody else's to know");
}
