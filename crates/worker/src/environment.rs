//! Room 8: one task owns one environment, from its acceptance to its end.
//!
//! ```text
//!              sandbox booted          first `next`          invocation
//! Booting ───────────────► Initialising ──────────► Idle ⇄ Busy ⇄ (answered, until the next `next`)
//!                SnapStart: taken, or │                ▲
//!                  initialised here   └─► Restoring ───┘ (limit, exit, a hook fails ──► Draining)
//!    │ host failed             │ limit, exit,        │        │ timeout, exit, out of memory
//!    │                         │ /init/error         │ stop   │
//!    │                         ▼                     │ exit   │
//!    │               once more, in a fresh sandbox,  │        │
//!    │               inside the invocation ──────────┼──► Busy│
//!    ▼                         ▼ failed again        ▼        ▼
//!  Draining ◄──────────────────────────────────────────────────        ──► Gone (final; reported)
//! ```
//! The runtime causes `next` and exits, the caller invocations, assignment stops. The worker fences: then it goes to
//! Draining from wherever it is, an invocation in it is broken off, and its caller gets an error of the service. In Draining the seat is closed and
//! the sandbox is ended; Gone is told to assignment only when nothing of the environment is left.

mod boot;
mod copy;
mod fault;
mod freezer;
mod invoke;
mod last_frames;
mod restore;
mod room;
mod spans;
mod variables;

pub(crate) use boot::{Begun, Copyable, Maker, Prepared, Room};
pub(crate) use fault::Fault;
pub(crate) use spans::Spans;
pub(crate) use variables::PATH;

use crate::logs::platform::{Beginning, Phase};
use crate::runtime_api::Event;
use crate::seat::{Job, Seat, SeatOwner};
use crate::snapstart::Initialised;
use crate::worker::House;
use fabric::assignment::{AcquireError, EnvironmentEvent, EnvironmentReport};
use fabric::worker::{InvokeRefusal, StartEnvironment};
use freezer::Freezer;
use sandbox::Stats;
use scheduler::tenancy::{GONE_TRIES, LEADER_LOOK, REPORT_LIMIT};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use types::{LeaseToken, PartitionId};
use world::Instant;

/// The one task's state.
pub(crate) struct Resident {
    maker: Maker,
    /// Whose leader asked for it, and hears of it.
    partition: PartitionId,
    seat: Arc<Seat>,
    mailbox: mpsc::Receiver<Job>,
    stopping: watch::Receiver<bool>,
    fenced: oneshot::Receiver<()>,
    stats: Option<(Instant, Stats)>,
    departed: bool,
}

impl Resident {
    pub(crate) fn new(house: Arc<House>, start: StartEnvironment, owner: SeatOwner) -> Self {
        let SeatOwner { seat, mailbox, stopping, fenced } = owner;
        Self {
            maker: Maker { house, id: start.environment, key: start.key, provisioned: start.provisioned },
            partition: start.partition,
            seat,
            mailbox,
            stopping,
            fenced,
            stats: None,
            departed: false,
        }
    }

    /// The whole life. Whatever way it takes, it ends with the seat closed and the environment reported gone.
    pub(crate) async fn run(mut self) {
        self.live().await;
        self.leave().await;
    }

    async fn live(&mut self) {
        let mut spans = Spans::default();
        if self.maker.provisioned {
            return self.live_ahead(spans).await;
        }
        if let Some(initialised) = self.maker.house.snap_starts.take(&self.maker.key, &mut spans).await {
            let Initialised { prepared, room } = initialised;
            self.begin_restored(&prepared, room, spans).await;
            return prepared.logs.flush().await;
        }
        let mut prepared = match self.maker.prepare(&mut spans).await {
            Ok(prepared) => prepared,
            Err(refusal) => return self.refuse_all(&refusal).await,
        };
        if let Some(room) = self.maker.copy(&mut prepared, &mut spans).await {
            self.begin_restored(&prepared, room, spans).await;
            return prepared.logs.flush().await;
        }
        if Copyable::of(&prepared.plan.config.runtime) == Copyable::Yes {
            self.maker.house.keep_unasked(&self.maker.key);
        }
        self.occupy(&prepared, spans).await;
        prepared.logs.flush().await;
    }

    /// Init ahead of invocations, in an environment that knows it: nothing that was initialised for others is of use.
    async fn live_ahead(&mut self, mut spans: Spans) {
        match self.maker.prepare(&mut spans).await {
            Ok(prepared) => {
                self.occupy(&prepared, spans).await;
                prepared.logs.flush().await;
            }
            Err(refusal) => {
                tracing::warn!(environment = %self.maker.id, %refusal, "a provisioned environment was not made");
            }
        }
    }

    /// From the first try of init to the end of the last room.
    async fn occupy(&mut self, prepared: &Prepared, mut spans: Spans) {
        let limit = self.maker.init_limit(prepared);
        let unwanted = self.unwanted();
        match self.maker.begin(prepared, Phase::Init, limit, &mut spans, unwanted).await {
            Begun::Ready(room, _) if prepared.is_snap_start() => {
                self.begin_restored(prepared, *room, spans).await;
            }
            Begun::Ready(room, _) if self.maker.provisioned => {
                if let Some(token) = self.seat.free_untaken() {
                    self.report(token, EnvironmentEvent::Idle).await;
                }
                // Its REPORT has no Init Duration: nobody waited for it.
                self.serve(prepared, *room, None, Spans::default()).await;
            }
            Begun::Failed(..) if self.maker.provisioned => {
                let token = self.seat.close();
                self.report(token, EnvironmentEvent::NotInitialised).await;
            }
            Begun::Ready(room, took) => {
                self.serve(prepared, *room, Some(Beginning::Init(took)), spans).await;
            }
            Begun::Failed(fault, stats) => {
                self.stats = stats.or(self.stats);
                if let Some(room) = self.after_failed_init(prepared, &fault, &mut spans).await {
                    self.serve(prepared, room, None, spans).await;
                }
            }
            Begun::Host(refusal) if self.maker.provisioned => {
                self.maker.house.health.failed();
                tracing::warn!(environment = %self.maker.id, %refusal, "a provisioned environment was not made");
            }
            Begun::Host(refusal) => {
                self.maker.house.health.failed();
                self.refuse_all(&refusal).await;
            }
            Begun::Unwanted => {}
        }
    }

    /// Init failed: it is run once more inside the invocation that comes, if one does. With SnapStart there is no second
    /// try: the first had longer than any invocation.
    async fn after_failed_init(
        &mut self,
        prepared: &Prepared,
        fault: &Fault,
        spans: &mut Spans,
    ) -> Option<Room> {
        let world = self.maker.house.parts.world.clone();
        let wait = self.maker.house.parts.settings.first_invocation_wait;
        let job = world.timeout(wait, self.mailbox.recv()).await.flatten();
        let Some(job) = job else {
            // Nobody came. One that comes at this very moment is refused as gone, before user code.
            self.refuse_all(&InvokeRefusal::Gone).await;
            return None;
        };
        let started = world.now();
        if prepared.is_snap_start() {
            self.answer_failed_init(prepared, job, fault, started, spans).await;
            return None;
        }
        let limit = job.invocation.timeout;
        // Somebody waits: only a fence ends it before its time.
        let fenced = async { drop((&mut self.fenced).await) };
        match self.maker.begin(prepared, Phase::Invoke, limit, spans, fenced).await {
            Begun::Ready(room, _) => self.invoke(prepared, job, *room, None, started, spans).await,
            Begun::Failed(fault, stats) => {
                self.stats = stats.or(self.stats);
                self.answer_failed_init(prepared, job, &fault, started, spans).await;
                None
            }
            Begun::Host(refusal) => {
                self.leave_table();
                let _ = job.accept.send(Err(refusal)); // the caller may have gone
                None
            }
            Begun::Unwanted => None,
        }
    }

    /// Idle ⇄ Busy until it ends.
    async fn serve(
        &mut self,
        prepared: &Prepared,
        room: Room,
        mut beginning: Option<Beginning>,
        mut spans: Spans,
    ) {
        self.maker.house.health.succeeded();
        let parts = &self.maker.house.parts;
        let mut untaken = Some(parts.world.clock.sleep(parts.settings.first_invocation_wait));
        let mut freezer = Freezer::new(parts, Arc::clone(&room.walls));
        let mut room = Some(room);
        while let Some(mut here) = room.take() {
            tokio::select! {
                biased;
                _ = &mut self.fenced => return self.end_idle(prepared, here).await,
                _ = &mut here.exited => {
                    tracing::debug!(environment = %self.maker.id, "the runtime exited between invocations");
                    return self.end_idle(prepared, here).await;
                }
                Some(job) = self.mailbox.recv() => {
                    untaken = None;
                    if !self.thaw(&mut freezer, &mut spans).await {
                        let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
                        return self.end_idle(prepared, here).await;
                    }
                    let started = self.maker.house.parts.world.now();
                    let held = here.held.clone();
                    let first = beginning.is_some();
                    room = self.invoke(prepared, job, here, beginning.take(), started, &mut spans).await;
                    held.filter(|_| first).into_iter().for_each(|held| self.maker.house.record(&self.maker.key, held));
                    freezer.rearm();
                }
                () = wait_for_stop(&mut self.stopping), if self.seat.is_untaken() => {
                    if self.seat.close_untaken() {
                        return self.end_idle(prepared, here).await;
                    }
                    room = Some(here); // an invocation was quicker: it is in the mailbox
                }
                () = async { match &mut untaken { Some(wait) => wait.as_mut().await, None => std::future::pending().await } } => {
                    untaken = None;
                    if let Some(token) = self.seat.free_untaken() {
                        self.report(token, EnvironmentEvent::Idle).await;
                    }
                    room = Some(here);
                }
                never = freezer.rest(), if here.next.is_some() => match never {},
                // Last: user code that asks without end must not keep an invocation or the end waiting.
                Some(event) = here.events.recv() => {
                    // A runtime that lost its connection asks again; the older call is refused.
                    if let Event::Next(reply) = event {
                        here.next = Some(reply);
                    }
                    room = Some(here);
                }
            }
        }
    }

    /// Lets a frozen environment go on; `false` if that is not possible any more.
    async fn thaw(&self, freezer: &mut Freezer, spans: &mut Spans) -> bool {
        let world = &self.maker.house.parts.world;
        let frozen = world.now();
        match freezer.wake().await {
            Ok(true) => spans.add("thaw", frozen, world.now()),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(environment = %self.maker.id, %error, "a frozen environment can not be thawed");
                return false;
            }
        }
        true
    }

    /// Completes when it was asked to end while nobody waits; the seat is closed then.
    fn unwanted(&self) -> impl Future<Output = ()> + use<> {
        let (seat, mut stopping) = (Arc::clone(&self.seat), self.stopping.clone());
        async move {
            wait_for_stop(&mut stopping).await;
            if !seat.close_untaken() {
                std::future::pending::<()>().await; // it is in the mailbox
            }
        }
    }

    async fn end_idle(&self, prepared: &Prepared, room: Room) {
        self.leave_table();
        let Room { walls, .. } = room;
        self.maker.clear(walls, prepared).await;
    }

    /// No invocation finds it any more; one that is in the mailbox is refused before user code saw it.
    fn leave_table(&self) {
        self.seat.close();
        self.maker.house.forget(self.maker.id);
    }

    async fn refuse_all(&mut self, why: &InvokeRefusal) {
        // The one for whom it is made is on its way: it is told why. A stop or a wait bounds this.
        if !self.seat.is_untaken() || !matches!(why, InvokeRefusal::Gone) {
            let wait = self.maker.house.parts.settings.first_invocation_wait;
            let nobody_comes = self.unwanted();
            let job = tokio::select! {
                biased;
                job = self.maker.house.parts.world.timeout(wait, self.mailbox.recv()) => job.flatten(),
                () = nobody_comes => None,
            };
            self.leave_table();
            if let Some(job) = job {
                let _ = job.accept.send(Err(why.clone())); // the caller may have gone
            }
        }
        self.leave_table();
    }

    async fn leave(mut self) {
        self.leave_table();
        self.mailbox.close();
        while let Some(job) = self.mailbox.recv().await {
            let _ = job.accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
        }
        self.depart().await;
    }

    /// Nothing is left of it: its slot is free, and assignment knows. Once.
    async fn depart(&mut self) {
        if std::mem::replace(&mut self.departed, true) {
            return;
        }
        self.leave_table();
        self.maker.house.left(self.maker.id);
        let token = self.seat.close();
        for _ in 0..GONE_TRIES {
            if self.report(token, EnvironmentEvent::Gone).await {
                return;
            }
        }
    }

    /// Tells assignment; whether it took it.
    async fn report(&self, token: LeaseToken, event: EnvironmentEvent) -> bool {
        let parts = &self.maker.house.parts;
        let worker = parts.settings.worker.clone();
        let (partition, environment) = (self.partition, self.maker.id);
        let report = EnvironmentReport { partition, worker, environment, token, event };
        // Between two leaders a report waits for the next: one that has been told that this one is in use would wait for
        // it for ever. An answer to a caller does not wait.
        let telling = async {
            loop {
                match parts.assignment.report(report.clone()).await {
                    Err(AcquireError::NotLeader) if event != EnvironmentEvent::Finishing => {
                        parts.world.clock.sleep(LEADER_LOOK).await;
                    }
                    told => return told,
                }
            }
        };
        match parts.world.timeout(REPORT_LIMIT, telling).await {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                tracing::warn!(environment = %self.maker.id, ?event, %error, "assignment did not take a report");
                false
            }
            None => {
                tracing::warn!(environment = %self.maker.id, ?event, "assignment did not take a report in time");
                false
            }
        }
    }
}

async fn wait_for_stop(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        // The worker's table is gone: so is the worker.
    }
}
