//! The service: follower of a partition, and its leader when it is its turn.
//!
//! ```text
//!  Following ── claimed (or alone) ─► replayed to the end ─► `EpochBegun` appended ─► Leading ── close ──► Closed
//!      ▲                                    │ outdone                                    │
//!      └────────────────────────────────────┘ ◄── deposed: by the journal, a worker, or the entry in `Kv`; handed over
//! ```
//! A follower replays as the leader appends, so that its turn begins with the book at hand.

use crate::courtesy::{Courtesy, DEFERENCE};
use crate::journal::{Journal, NotBegun};
use crate::leader::{Leader, LeaderParts, Truth, WorkerDirectory};
use crate::replica::Replica;
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire, Revisions,
};
use fabric::placement::Placement;
use scheduler::assignment::{Input, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use substrate::election::{Claim, Election, Watcher};
use substrate::{Key, KvError, Log, LogError, Position};
use tokio::sync::{Notify, watch};
use types::{Epoch, PartitionId, WorkerId};
use world::{TaskHandle, World};

/// How long until what failed is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// What the service is built from.
pub struct Parts {
    pub world: World,
    pub placement: Arc<dyn Placement>,
    pub workers: Arc<dyn WorkerDirectory>,
    pub partition: PartitionId,
    pub settings: Settings,
    /// The partition's log.
    pub journal: Arc<dyn Log>,
    /// Control's records, which a leader reads before it grants; `None` where no other leader was ever told of anything,
    /// since the control that tells ends with this process.
    pub revisions: Option<Arc<dyn Revisions>>,
    /// By the entry [`key_of`] the partition; `None` where something else makes sure that there is one service: it leads from the start.
    pub election: Option<Election>,
}

/// One partition's service.
pub struct AssignmentService {
    standing: Arc<watch::Sender<Standing>>,
    handing_over: Arc<Notify>,
    replayed: Arc<AtomicU64>,
    running: TaskHandle,
}

#[derive(Clone)]
enum Standing {
    Following,
    Leading(Arc<Leader>),
    /// Grants nothing; what workers report on their way out still reaches who led.
    Closed(Option<Arc<Leader>>),
}

impl AssignmentService {
    /// Starts it; [`Self::leading`] says when it answers.
    pub fn start(parts: Parts) -> Arc<Self> {
        Self::among(parts, None)
    }

    /// One of several partitions' on this node, which look after their evenness.
    pub fn among(parts: Parts, courtesy: Option<Arc<dyn Courtesy>>) -> Arc<Self> {
        let standing = Arc::new(watch::Sender::new(Standing::Following));
        let world = parts.world.clone();
        let handing_over = Arc::new(Notify::new());
        let replayed = Arc::new(AtomicU64::new(0));
        let member = Member {
            writer: world.random_u64(),
            parts,
            courtesy,
            standing: Arc::clone(&standing),
            handing_over: Arc::clone(&handing_over),
            replayed: Arc::clone(&replayed),
        };
        let running = world.spawn("assignment.partition", member.run());
        Arc::new(Self { standing, handing_over, replayed, running })
    }

    /// If it leads, it follows from now on, and whoever looks next may claim the partition.
    pub fn hand_over(&self) {
        self.handing_over.notify_waiters();
    }

    /// Waits until it leads; `None` if it never will.
    pub async fn leading(&self) -> Option<Epoch> {
        let mut standing = self.standing.subscribe();
        let decided = standing.wait_for(|standing| !matches!(standing, Standing::Following)).await.ok()?;
        match &*decided {
            Standing::Leading(leader) => Some(leader.epoch()),
            _ => None,
        }
    }

    /// The last entry of the journal that a follower has in its book; `None` while it leads, and writes it.
    pub fn replayed(&self) -> Option<Position> {
        let leads = matches!(*self.standing.borrow(), Standing::Leading(_));
        (!leads).then(|| Position(self.replayed.load(Ordering::Relaxed)))
    }

    /// Refuses what waits and what comes. Environments are the workers' to end.
    pub fn close(&self) {
        self.standing.send_modify(|standing| {
            let led = match standing {
                Standing::Leading(leader) => Some(Arc::clone(leader)),
                Standing::Following | Standing::Closed(_) => None,
            };
            if let Some(leader) = &led {
                leader.close(shutting_down());
            }
            *standing = Standing::Closed(led);
        });
    }

    /// The worker is there again after its word did not reach us: it is asked what it has.
    pub fn worker_connected(&self, worker: WorkerId) {
        self.tell(Input::Connected { worker });
    }

    /// The worker's lease ended: it has ended whatever it had.
    pub fn worker_lost(&self, worker: WorkerId) {
        self.tell(Input::WorkerLost { worker });
    }

    fn tell(&self, input: Input) {
        if let Ok(leader) = self.leader() {
            leader.tell(input);
        }
    }

    fn leader(&self) -> Result<Arc<Leader>, AcquireError> {
        match &*self.standing.borrow() {
            Standing::Leading(leader) => Ok(Arc::clone(leader)),
            Standing::Following => Err(AcquireError::NotLeader),
            Standing::Closed(Some(led)) => Ok(Arc::clone(led)),
            Standing::Closed(None) => Err(shutting_down()),
        }
    }
}

impl Drop for AssignmentService {
    fn drop(&mut self) {
        self.running.abort();
        self.standing.send_replace(Standing::Closed(None));
    }
}

fn shutting_down() -> AcquireError {
    AcquireError::Unavailable { reason: "shutting down".to_owned() }
}

#[async_trait]
impl Assignment for AssignmentService {
    async fn acquire(&self, message: Acquire) -> Result<Lease, AcquireError> {
        self.leader()?.acquire(message).await
    }

    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        self.leader()?.report(message).await
    }

    async fn retire(&self, message: Retire) -> Result<(), AcquireError> {
        self.leader()?.retire(message).await
    }

    async fn reserve(&self, message: Reserve) -> Result<(), AcquireError> {
        self.leader()?.reserve(message).await
    }

    async fn provision(&self, message: Provision) -> Result<Provisioned, AcquireError> {
        self.leader()?.provision(message).await
    }

    async fn census(&self, message: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        self.leader()?.census(message).await
    }
}

/// The entry in `Kv` that says who leads the partition.
pub fn key_of(partition: PartitionId) -> Result<Key, KvError> {
    Key::of(&["partition", &partition.to_string(), "leader"])
}

/// The service's task.
struct Member {
    parts: Parts,
    writer: u64,
    courtesy: Option<Arc<dyn Courtesy>>,
    standing: Arc<watch::Sender<Standing>>,
    handing_over: Arc<Notify>,
    /// Position of the replica, for who asks how far it is.
    replayed: Arc<AtomicU64>,
}

/// Why a turn did not come or ended in no success.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the journal: {0}")]
    Log(LogError),
    #[error("another one was first")]
    Outdone,
}

impl Member {
    async fn run(self) {
        let mut closed = self.standing.subscribe();
        let closed = async move {
            let _ = closed.wait_for(|standing| matches!(standing, Standing::Closed(_))).await;
        };
        let turns = async {
            loop {
                match self.turn().await {
                    Ok(()) if self.parts.election.is_none() => {
                        tracing::error!("another server has written to this one's journal");
                        self.standing.send_replace(Standing::Closed(None));
                    }
                    Ok(()) => tracing::info!(partition = %self.parts.partition, "leads no more"),
                    Err(error) => {
                        tracing::warn!(partition = %self.parts.partition, %error, "does not lead yet");
                        self.parts.world.clock.sleep(AGAIN).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = closed => {}
            () = turns => {}
        }
        let Some(election) = &self.parts.election else { return };
        Watcher::new(self.parts.world.clone(), election.clone(), self.writer).give_back().await;
    }

    /// Follows, leads when it is time to, until deposed.
    async fn turn(&self) -> Result<(), Failed> {
        let Parts { world, journal, .. } = &self.parts;
        let mut replica = Replica::open(world, Arc::clone(journal)).await.map_err(Failed::Log)?;
        let Some(election) = &self.parts.election else {
            replica.catch_up().await.map_err(Failed::Log)?;
            let epoch = Epoch(replica.book.epoch().0 + 1);
            return self.lead(&mut replica, epoch).await;
        };
        let mut watcher = Watcher::new(world.clone(), election.clone(), self.writer);
        let claim = self.follow(&mut replica, &mut watcher).await?;
        let led = tokio::select! {
            biased;
            led = self.lead(&mut replica, claim.epoch) => led,
            () = watcher.renew(claim) => Ok(()),
            () = self.handing_over.notified() => {
                self.step_down();
                watcher.give_back().await;
                Ok(())
            }
        };
        self.step_down();
        led
    }

    /// One look at who leads, which the node's other candidates hear of.
    async fn look(&self, replica: &Replica, watcher: &mut Watcher) -> Option<Claim> {
        let (epoch, partition) = (replica.book.epoch(), self.parts.partition);
        let Some(courtesy) = &self.courtesy else { return watcher.look(epoch).await };
        let defer = |last: Option<&str>| match courtesy.defers(partition, last) {
            true => DEFERENCE,
            false => Duration::ZERO,
        };
        let claim = watcher.look_deferring(epoch, defer).await;
        let own = self.parts.election.as_ref().map(|election| election.holder.as_str());
        match (&claim, watcher.is_vacant()) {
            (Some(_), _) => courtesy.seen(partition, own),
            (None, true) => courtesy.seen(partition, None),
            (None, false) => courtesy.seen(partition, watcher.holder()),
        }
        claim
    }

    /// Replays what comes until the partition is claimed.
    async fn follow(&self, replica: &mut Replica, watcher: &mut Watcher) -> Result<Claim, Failed> {
        loop {
            if let Some(claim) = self.look(replica, watcher).await {
                return Ok(claim);
            }
            let pause = self.parts.world.clock.sleep(watcher.pause());
            tokio::pin!(pause);
            loop {
                self.replayed.store(replica.position().0, Ordering::Relaxed);
                tokio::select! {
                    biased;
                    () = &mut pause => break,
                    followed = replica.follow() => {
                        if let Err(error) = followed {
                            // Looked at again with the next pause; a journal that can not be read leads nobody.
                            tracing::warn!(%error, "the journal can not be followed");
                            pause.as_mut().await;
                            break;
                        }
                    }
                }
            }
        }
    }

    /// One reign.
    async fn lead(&self, replica: &mut Replica, epoch: Epoch) -> Result<(), Failed> {
        let Parts { world, placement, workers, partition, settings, journal, .. } = &self.parts;
        let begun = Journal::begin(world, Arc::clone(journal), replica, epoch, self.writer).await;
        let journal = begun.map_err(|error| match error {
            NotBegun::Outdone => Failed::Outdone,
            NotBegun::Log(error) => Failed::Log(error),
        })?;
        let parts = LeaderParts {
            world: world.clone(),
            placement: Arc::clone(placement),
            workers: Arc::clone(workers),
            partition: *partition,
            settings: *settings,
            truth: Truth {
                revisions: self.parts.revisions.clone(),
                is_contested: self.parts.election.is_some(),
            },
        };
        let leader = Leader::start(parts, epoch, journal, &replica.book);
        let led = self.standing.send_if_modified(|standing| {
            let open = !matches!(standing, Standing::Closed(_));
            if open {
                *standing = Standing::Leading(Arc::clone(&leader));
            }
            open
        });
        if led {
            leader.open();
            tracing::info!(%partition, %epoch, environments = replica.book.environments().len(), "leads");
            leader.deposed().await;
        }
        self.step_down();
        Ok(())
    }

    /// Who asks this one is told to ask another.
    fn step_down(&self) {
        self.standing.send_if_modified(|standing| {
            let Standing::Leading(leader) = standing else { return false };
            leader.close(AcquireError::NotLeader);
            *standing = Standing::Following;
            true
        });
    }
}
