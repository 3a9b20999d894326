//! The worker as a member of the fleet: it joins, lives from one heartbeat to the next, and serves for as long as
//! placement is known to know it.
//!
//! ```text
//!              join answered                   orders, or a start, name a partition
//!  Outside ──────────────────► Member: idle ───────────────────────────────────────► Member: serves P
//!     ▲                          │    ▲ └── told `Unknown`: joins again with what it has ──┘ │  │ orders name another,
//!     │                          │    └─────────────────────────────────────────────────────│──┘ or none: what is of P
//!     │   the lease runs out     │                                                          │      ends at once
//!     └─ (fenced: all ends) ◄────┴──────────────────────────────────────────────────────────┘
//!
//!  any ── orders.drain, or SIGTERM: leave ──► drains: takes nothing new, idle ends now, busy after its invocation
//!                                                └── empty ──► says so ──► Ended (final)
//! ```
//! The lease is counted from the moment a heartbeat was *sent* that was answered, on this worker's own monotonic clock, so
//! that it ends here before it ends with placement or with a partition's leader, whatever any clock says. It is looked at
//! by whoever would let an invocation in, start an environment or let an answer out, too: a process that was stopped for
//! longer than its lease and goes on must not serve before its timers come round. What follows from what is
//! [`scheduler::tenancy`]'s to say; here it is said and heard.
//!
//! A fenced worker ends everything at once: an invocation in progress breaks off, which its frontend answers as an error of
//! the service. Only joining begins another lease; what is then still ending is told, and placement gives a partition when
//! nothing is left.
//!
//! Placement that can not be reached, that has no leader or a new one is borne until the lease runs out. A new leader knows
//! nobody ([`PlacementError::Unknown`]): the worker joins again with everything it has and goes on.

mod health;
mod vitals;

pub(crate) use health::Health;
pub use vitals::{HostVitals, Vitals};

use crate::Worker;
use crate::worker::{House, monotonic, residents};
use fabric::placement::{
    Heartbeat, JoinFleet, LeaveFleet, Orders, Placement, PlacementError, ResidentList, SandboxKind,
    StartOutcome, StartReport,
};
use scheduler::tenancy::{self, Answer, Heard, Membership};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use types::Zone;
use world::TaskHandle;

/// Failed starts that are told one by one: as many as make a worker unwell.
const FAILURES_TOLD_MAX: u32 = 3;

/// What a worker says of itself.
#[derive(Clone, Debug)]
pub struct Offer {
    pub zone: Zone,
    /// Sum of `MemorySize` that it takes, MB, overcommit included.
    pub memory_mb: u64,
    /// Thousandths of its real processors; 0 if only memory is to count.
    pub cpu_milli: u64,
    pub sandboxes: Vec<SandboxKind>,
}

/// A worker's membership. Dropping it ends the heartbeats, and with them, in time, the lease.
pub struct Tenancy {
    house: Arc<House>,
    asked: Arc<watch::Sender<bool>>,
    phase: watch::Receiver<Phase>,
    task: TaskHandle,
}

/// How far it is, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Outside,
    Member,
    Ended,
}

impl Tenancy {
    /// From now on the worker takes nothing before it has joined, and nothing after its lease has run out.
    pub fn begin(
        worker: &Worker,
        placement: Arc<dyn Placement>,
        offer: Offer,
        vitals: Arc<dyn Vitals>,
    ) -> Self {
        let house = worker.house();
        house.table().bind();
        let asked = Arc::new(watch::Sender::new(false));
        let (tell, phase) = watch::channel(Phase::Outside);
        let member = Member {
            house: Arc::clone(house),
            placement,
            offer,
            vitals,
            asked: asked.subscribe(),
            phase: tell,
            membership: Membership::new(monotonic(house.parts.world.now())),
            told_leaving: false,
            told_failing: false,
        };
        let task = house.parts.world.spawn("worker.tenancy", member.run());
        Self { house: Arc::clone(house), asked, phase, task }
    }

    /// Waits until placement has taken it.
    pub async fn joined(&self) {
        // An error: the task is gone, and nobody joins any more.
        let _ = self.phase.clone().wait_for(|phase| *phase != Phase::Outside).await;
    }

    /// Waits until nothing of a drained worker is left: its process may end.
    pub async fn ended(&self) {
        if self.phase.clone().wait_for(|phase| *phase == Phase::Ended).await.is_err() {
            std::future::pending::<()>().await; // a task that is gone does not end the worker
        }
    }

    /// Drains on the worker's own account, until nothing is left or `limit` has passed.
    pub async fn leave(&self, limit: Duration) {
        self.asked.send_replace(true);
        if self.house.parts.world.timeout(limit, self.ended()).await.is_none() {
            tracing::warn!("the worker leaves with environments that have not ended");
        }
    }
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task.
struct Member {
    house: Arc<House>,
    placement: Arc<dyn Placement>,
    offer: Offer,
    vitals: Arc<dyn Vitals>,
    asked: watch::Receiver<bool>,
    phase: watch::Sender<Phase>,
    membership: Membership,
    told_leaving: bool,
    /// The last word on starts was that one had failed.
    told_failing: bool,
}

impl Member {
    async fn run(mut self) {
        let world = self.house.parts.world.clone();
        let mut living = self.house.watch_living();
        loop {
            if self.house.table().clock().has_run_out(monotonic(world.now())) {
                self.membership.fenced(&mut self.house.table(), monotonic(world.now()));
                Self::say_fenced();
            }
            if self.house.is_draining() {
                if *living.borrow_and_update() == 0 {
                    return self.end().await;
                }
                if self.membership.is_joined() && !self.told_leaving {
                    self.told_leaving = self.say_leave(false).await;
                }
            }
            let now = monotonic(world.now());
            if self.membership.next() <= now {
                self.speak().await;
                continue;
            }
            let draining = self.house.is_draining();
            let until = self.house.table().clock().until();
            let running = until > now;
            tokio::select! {
                biased;
                () = world.clock.sleep(until.saturating_sub(now)), if running => {}
                () = world.clock.sleep(self.membership.next() - now) => {}
                _ = living.wait_for(|living| *living == 0), if draining => {}
                () = wanted(&mut self.asked), if !draining => self.house.drain(),
            }
        }
    }

    /// Joins or beats, once.
    async fn speak(&mut self) {
        // Under one lock: what is said is what is heard of.
        let (speech, list) = {
            let table = self.house.table();
            let speech = self.membership.speak(&table, self.now());
            let list = (speech.joins || speech.lists).then(|| residents(&table));
            (speech, list)
        };
        let said =
            if speech.joins { self.join(list.unwrap_or_default()).await } else { self.beat(list).await };
        let answer = match said {
            Ok(orders) => Answer::Orders(told(&orders)),
            Err(PlacementError::Unknown) => Answer::Unknown,
            Err(error) => {
                tracing::warn!(%error, "placement did not answer the worker");
                Answer::Silence
            }
        };
        let now = self.now();
        let heard = self.membership.hear(&mut self.house.table(), &speech, answer, now);
        match heard {
            Heard::Fenced => Self::say_fenced(),
            Heard::Goes { joined, drain } => self.go_on(joined, drain),
            Heard::Nothing => {}
        }
    }

    fn say_fenced() {
        tracing::error!("the worker's lease ran out: everything on it ends, and it joins again");
    }

    fn go_on(&mut self, joined: bool, drain: bool) {
        if joined {
            self.told_leaving = false;
            self.phase.send_replace(Phase::Member);
        }
        if drain && !self.house.is_draining() {
            tracing::info!("the worker is drained");
            self.house.drain();
            self.told_leaving = true; // placement said it
        }
    }

    fn now(&self) -> Duration {
        monotonic(self.house.parts.world.now())
    }

    async fn join(&self, list: ResidentList) -> Result<Orders, PlacementError> {
        let ResidentList { partition, environments } = list;
        let message = JoinFleet {
            worker: self.house.parts.settings.worker.clone(),
            zone: self.offer.zone.clone(),
            memory_mb: self.offer.memory_mb,
            cpu_milli: self.offer.cpu_milli,
            environments_max: u32::try_from(self.house.parts.settings.environments_max).unwrap_or(u32::MAX),
            sandboxes: self.offer.sandboxes.clone(),
            holds: self.house.code.held(),
            partition,
            environments,
        };
        self.ask(self.placement.join(message)).await
    }

    async fn beat(&mut self, list: Option<ResidentList>) -> Result<Orders, PlacementError> {
        self.tell_starts().await;
        let vitals = Arc::clone(&self.vitals);
        let world = &self.house.parts.world;
        // Whoever can not even look is short of something; the next look will tell.
        let pressure = world.blocking("worker.vitals", move || vitals.pressure()).await.flatten();
        let message = Heartbeat {
            worker: self.house.parts.settings.worker.clone(),
            pressure,
            environments: u32::try_from(*self.house.watch_living().borrow()).unwrap_or(u32::MAX),
            fetched: self.house.code.take_fetched(),
            list,
        };
        self.ask(self.placement.heartbeat(message)).await
    }

    /// What became of what was placed here. Lost words are not said again: the next start says more.
    async fn tell_starts(&mut self) {
        let (failed, succeeded) = self.house.health.take();
        let recovered = failed == 0 && succeeded && self.told_failing;
        let times = if recovered { 1 } else { failed.min(FAILURES_TOLD_MAX) };
        let outcome = if recovered { StartOutcome::Started } else { StartOutcome::Failed };
        for _ in 0..times {
            let worker = self.house.parts.settings.worker.clone();
            let report = StartReport { worker, outcome };
            if let Err(error) = self.ask(self.placement.started(report)).await {
                tracing::debug!(%error, "placement was not told how starts go");
            }
        }
        if times > 0 {
            self.told_failing = !recovered;
        }
    }

    /// Whether placement has taken it.
    async fn say_leave(&self, gone: bool) -> bool {
        let message = LeaveFleet { worker: self.house.parts.settings.worker.clone(), gone };
        match self.ask(self.placement.leave(message)).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "placement does not know that the worker leaves");
                false
            }
        }
    }

    /// Nothing is left. Placement that does not hear it finds it silent.
    async fn end(self) {
        self.say_leave(true).await;
        self.house.table().fence();
        self.phase.send_replace(Phase::Ended);
        tracing::info!("the worker has left the fleet");
    }

    /// Not for longer than the lease runs, if one does: what follows from its end must not wait.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, PlacementError>>,
    ) -> Result<T, PlacementError> {
        let world = &self.house.parts.world;
        let limit = Membership::patience(&self.house.table(), self.now());
        let silent = || PlacementError::Unavailable { reason: "no answer in time".to_owned() };
        world.timeout(limit, call).await.unwrap_or_else(|| Err(silent()))
    }
}

fn told(orders: &Orders) -> tenancy::Orders {
    let Orders { partition, lease, drain, next, list } = *orders;
    tenancy::Orders { partition, lease, next, drain, list }
}

async fn wanted(asked: &mut watch::Receiver<bool>) {
    if asked.wait_for(|asked| *asked).await.is_err() {
        std::future::pending::<()>().await; // the handle is gone: the task is about to be
    }
}
