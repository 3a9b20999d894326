//! Workers that keep a real worker's rules and run nothing, and the way to placement, on which answers get lost.

use assignment::{AssignmentService, WorkerDirectory};
use async_trait::async_trait;
use fabric::Lease;
use fabric::assignment::{Assignment, EnvironmentEvent, EnvironmentReport};
use fabric::placement::*;
use fabric::worker::*;
use placement::PlacementService;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, VersionKey, WorkerId, Zone};
use world::{Instant, World};

/// What becomes of calls on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Nothing arrives.
    Cut,
    /// The next `place` arrives and its answer does not.
    LosesAPlace,
}

/// Placement, as one of those who ask it sees it; who leads there can change.
pub(crate) struct Placements {
    leader: Mutex<Arc<PlacementService>>,
    pub(crate) way: Mutex<Way>,
    /// How often it was asked for leases.
    pub(crate) looks: watch::Sender<u64>,
}

impl Placements {
    pub(crate) fn to(leader: Arc<PlacementService>) -> Arc<Self> {
        let (leader, way) = (Mutex::new(leader), Mutex::new(Way::Open));
        Arc::new(Self { leader, way, looks: watch::Sender::new(0) })
    }

    pub(crate) fn is_led_by(&self, leader: &Arc<PlacementService>) {
        *self.leader.lock().expect("not poisoned") = Arc::clone(leader);
    }

    pub(crate) fn is(&self, way: Way) {
        *self.way.lock().expect("not poisoned") = way;
    }

    fn leader(&self) -> Result<Arc<PlacementService>, PlacementError> {
        match *self.way.lock().expect("not poisoned") {
            Way::Cut => Err(PlacementError::Unavailable { reason: "cut".to_owned() }),
            _ => Ok(Arc::clone(&self.leader.lock().expect("not poisoned"))),
        }
    }
}

#[async_trait]
impl Placement for Placements {
    async fn join(&self, message: JoinFleet) -> Result<Orders, PlacementError> {
        self.leader()?.join(message).await
    }
    async fn heartbeat(&self, message: Heartbeat) -> Result<Orders, PlacementError> {
        self.leader()?.heartbeat(message).await
    }
    async fn started(&self, message: StartReport) -> Result<(), PlacementError> {
        self.leader()?.started(message).await
    }
    async fn drain(&self, message: DrainWorker) -> Result<(), PlacementError> {
        self.leader()?.drain(message).await
    }
    async fn leave(&self, message: LeaveFleet) -> Result<(), PlacementError> {
        self.leader()?.leave(message).await
    }
    async fn lease(&self, message: LeaseWorkers) -> Result<Leases, PlacementError> {
        self.looks.send_modify(|looks| *looks += 1);
        self.leader()?.lease(message).await
    }
    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        let slot = self.leader()?.place(message).await;
        let mut way = self.way.lock().expect("not poisoned");
        if *way == Way::LosesAPlace {
            *way = Way::Open;
            return Err(PlacementError::Unavailable { reason: "its answer was lost".to_owned() });
        }
        slot
    }
    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        self.leader()?.release(message).await
    }
    async fn workers(&self, message: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        self.leader()?.workers(message).await
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    First,
    Running,
    Free,
}

#[derive(Clone, Debug)]
struct Held {
    token: LeaseToken,
    seat: Seat,
    key: VersionKey,
    memory_mb: u32,
}

#[derive(Default)]
struct State {
    joined: bool,
    /// On the test's clock.
    until: Instant,
    partition: Option<PartitionId>,
    draining: bool,
    highest: Option<Epoch>,
    held: BTreeMap<EnvironmentId, Held>,
    dead: bool,
    loses_start_answer: bool,
    loses_idle: bool,
}

/// One worker.
pub(crate) struct Model {
    pub(crate) id: WorkerId,
    world: World,
    placement: Arc<Placements>,
    state: Mutex<State>,
    paused: watch::Sender<bool>,
}

impl Model {
    pub(crate) fn new(name: &str, world: &World, placement: &Arc<Placements>) -> Arc<Self> {
        Arc::new(Self {
            id: WorkerId::new(name),
            world: world.clone(),
            placement: Arc::clone(placement),
            state: Mutex::default(),
            paused: watch::Sender::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    pub(crate) fn die(&self) {
        self.state().dead = true;
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
    }

    pub(crate) fn lose_a_start_answer(&self) {
        self.state().loses_start_answer = true;
    }

    pub(crate) fn lose_an_idle_report(&self) {
        self.state().loses_idle = true;
    }

    pub(crate) fn runs(&self) -> bool {
        !self.state().dead && !*self.paused.borrow()
    }

    /// What is on it: which environment, under which lease, how it stands, whose.
    pub(crate) fn held(&self) -> Vec<(EnvironmentId, LeaseToken, Seat, VersionKey)> {
        let state = self.state();
        if state.dead {
            return Vec::new();
        }
        let row = |(id, held): (&EnvironmentId, &Held)| (*id, held.token, held.seat, held.key.clone());
        state.held.iter().map(row).collect()
    }

    pub(crate) fn memory_mb(&self) -> u64 {
        self.state().held.values().map(|held| u64::from(held.memory_mb)).sum()
    }

    /// Ends everything if the lease has run out, as a real one does before anything else.
    fn look_at_lease(&self, state: &mut State) -> Vec<EnvironmentId> {
        if self.world.now() < state.until {
            return Vec::new();
        }
        (state.joined, state.partition, state.until) = (false, None, Instant(0));
        std::mem::take(&mut state.held).into_keys().collect()
    }

    /// A turn of its tenancy.
    pub(crate) async fn turn(&self, assignment: &AssignmentService) {
        if !self.runs() {
            return;
        }
        let fenced = self.look_at_lease(&mut self.state());
        self.say_gone(fenced, assignment).await;
        let sent = self.world.now();
        let beat = {
            let state = self.state();
            let environments = u32::try_from(state.held.len()).expect("few");
            let (worker, fetched) = (self.id.clone(), Vec::new());
            state.joined.then_some(Heartbeat { worker, pressure: None, environments, fetched, list: None })
        };
        let mut answer = Err(PlacementError::Unknown);
        if let Some(beat) = beat {
            answer = self.placement.heartbeat(beat).await;
        }
        if answer == Err(PlacementError::Unknown) {
            answer = self.placement.join(self.word()).await;
        }
        let Ok(orders) = answer else { return };
        let ended = {
            let mut state = self.state();
            (state.joined, state.until) = (true, sent.plus(orders.lease));
            state.draining |= orders.drain;
            let other = orders.partition != state.partition;
            state.partition = orders.partition;
            let ends = |held: &Held| other || (orders.drain && held.seat == Seat::Free);
            let ended: Vec<_> = state.held.iter().filter(|(_, held)| ends(held)).map(|(id, _)| *id).collect();
            ended.iter().for_each(|id| drop(state.held.remove(id)));
            ended
        };
        self.say_gone(ended, assignment).await;
    }

    fn word(&self) -> JoinFleet {
        let state = self.state();
        let environments = state.held.iter().map(|(&environment, held)| ResidentEnvironment {
            environment,
            key: held.key.clone(),
            memory_mb: held.memory_mb,
        });
        JoinFleet {
            worker: self.id.clone(),
            zone: Zone::new("a"),
            memory_mb: 4_096,
            cpu_milli: 0,
            environments_max: 100,
            sandboxes: vec![SandboxKind::Process],
            holds: Vec::new(),
            partition: state.partition,
            environments: environments.collect(),
        }
    }

    async fn say_gone(&self, environments: Vec<EnvironmentId>, assignment: &AssignmentService) {
        for environment in environments {
            self.report(environment, LeaseToken(0), EnvironmentEvent::Gone, assignment).await;
        }
    }

    async fn report(
        &self,
        environment: EnvironmentId,
        token: LeaseToken,
        event: EnvironmentEvent,
        assignment: &AssignmentService,
    ) {
        let worker = self.id.clone();
        let _ = assignment
            .report(EnvironmentReport { partition: PartitionId(0), worker, environment, token, event })
            .await;
    }

    /// Lets an invocation in, which runs until [`Self::finish`].
    pub(crate) fn invoke(&self, lease: &Lease) -> Result<(), InvokeRefusal> {
        let mut state = self.state();
        if state.dead {
            return Err(InvokeRefusal::Gone);
        }
        self.look_at_lease(&mut state);
        if state.highest > Some(lease.epoch) {
            return Err(InvokeRefusal::Stale);
        }
        let held = state.held.get_mut(&lease.environment).ok_or(InvokeRefusal::Gone)?;
        match held.seat {
            Seat::Running => return Err(InvokeRefusal::Busy),
            Seat::First if held.token != lease.token => return Err(InvokeRefusal::Stale),
            Seat::Free if held.token == lease.token => return Err(InvokeRefusal::Stale),
            Seat::First | Seat::Free => {}
        }
        (held.token, held.seat) = (lease.token, Seat::Running);
        Ok(())
    }

    /// Whether its answer came out.
    pub(crate) async fn finish(&self, lease: &Lease, assignment: &AssignmentService) -> bool {
        let (gone, told) = {
            let mut state = self.state();
            self.look_at_lease(&mut state);
            let draining = state.draining;
            let Some(held) = state.held.get_mut(&lease.environment) else { return false };
            assert_eq!((held.token, held.seat), (lease.token, Seat::Running), "it runs under this lease");
            held.seat = Seat::Free;
            if draining {
                state.held.remove(&lease.environment);
            }
            (draining, !std::mem::take(&mut state.loses_idle))
        };
        let event = if gone { EnvironmentEvent::Gone } else { EnvironmentEvent::Idle };
        if told {
            self.report(lease.environment, lease.token, event, assignment).await;
        }
        true
    }
}

/// A stopped process takes calls when it goes on.
async fn let_through(model: &Model) -> Result<(), WorkerError> {
    let _ = model.paused.subscribe().wait_for(|paused| !*paused).await;
    if model.state().dead {
        return Err(WorkerError::Unreachable { reason: "dead".to_owned(), sent: false });
    }
    Ok(())
}

impl State {
    fn admits(&mut self, epoch: Epoch) -> Result<(), WorkerError> {
        self.highest = self.highest.max(Some(epoch));
        if self.highest == Some(epoch) { Ok(()) } else { Err(WorkerError::Stale) }
    }
}

#[async_trait]
impl WorkerControl for Model {
    async fn start_environment(&self, message: StartEnvironment) -> Result<(), WorkerError> {
        let_through(self).await?;
        let mut state = self.state();
        state.admits(message.epoch)?;
        if state.draining {
            return Err(WorkerError::Draining);
        }
        if self.world.now() >= state.until
            || (!state.held.is_empty() && state.partition != Some(message.partition))
        {
            return Err(WorkerError::NotLeased);
        }
        state.partition = Some(message.partition);
        let StartEnvironment { environment, key, token, memory_mb, .. } = message;
        let held = Held { token, seat: Seat::First, key, memory_mb };
        assert!(state.held.insert(environment, held).is_none(), "an id is used once");
        if std::mem::take(&mut state.loses_start_answer) {
            return Err(WorkerError::Unreachable { reason: "its answer was lost".to_owned(), sent: true });
        }
        Ok(())
    }

    async fn stop_environment(&self, message: StopEnvironment) -> Result<(), WorkerError> {
        let_through(self).await?;
        let mut state = self.state();
        state.admits(message.epoch)?;
        match state.held.get_mut(&message.environment) {
            Some(held) if held.seat == Seat::Running => Ok(()), // after its invocation
            Some(_) => {
                state.held.remove(&message.environment);
                Err(WorkerError::NotThere)
            }
            None => Err(WorkerError::NotThere),
        }
    }

    async fn acknowledge(&self, message: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        let_through(self).await?;
        let mut state = self.state();
        state.admits(message.epoch)?;
        let row = |(&environment, held): (&EnvironmentId, &Held)| HeldEnvironment {
            environment,
            token: held.token,
            state: match held.seat {
                Seat::First | Seat::Running => HeldState::Taken,
                Seat::Free => HeldState::Free,
            },
        };
        Ok(HeldEnvironments { environments: state.held.iter().map(row).collect() })
    }
}

/// Everybody knows where every worker is.
pub(crate) struct Directory(pub(crate) Vec<Arc<Model>>);

impl Directory {
    pub(crate) fn of(&self, id: &WorkerId) -> &Arc<Model> {
        self.0.iter().find(|worker| worker.id == *id).expect("there are no others")
    }
}

impl WorkerDirectory for Directory {
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        let model: Arc<dyn WorkerControl> = self.of(worker).clone();
        Some(model)
    }
}

/// Ends a test that would hang.
pub(crate) const GENEROUS: Duration = Duration::from_secs(60);
