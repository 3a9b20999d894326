//! SnapStart: from a room that stands after init to one that serves.
//!
//! ```text
//! new log stream, fresh credentials ─► RESTORE_START ─► `restore/next` answered ─► hooks ─► `next` ─► RESTORE_REPORT
//!                                                          │ (a runtime that waits in `next` has no hooks)
//!                                                          └─ limit, exit, restore/error ─► the room is ended, the caller told
//! ```
//! The handler has not run when a restore fails, but a hook of the function's may have: it is not tried again, as on AWS.

use super::Resident;
use super::boot::{LAST_WORDS, LOST, Prepared, Room};
use super::fault::Fault;
use super::spans::Spans;
use crate::logs::platform::{Beginning, rounded_up_ms};
use crate::runtime_api::Event;
use fabric::worker::InvokeRefusal;
use tokio::sync::mpsc::error::TryRecvError;
use world::Instant;

impl Resident {
    /// Lets the room go on as this environment's, and serves; or refuses who waits.
    pub(super) async fn begin_restored(&mut self, prepared: &Prepared, mut room: Room, mut spans: Spans) {
        let world = self.maker.house.parts.world.clone();
        let (started, at) = (world.now(), world.wall());
        let line = prepared.platform.restore_start(at);
        prepared.logs.turn(self.maker.stream(&prepared.plan), at, line).await;
        prepared.keys.renew();
        let restored = self.restore(&mut room).await;
        let over = world.now();
        let took = over.since(started);
        spans.add("restore", started, over);
        match restored {
            Ok(hooks) => {
                let lines = prepared.platform.restore_report(world.wall(), took, None);
                prepared.logs.platform(world.wall(), lines).await;
                if let Some(from) = hooks {
                    spans.add("restore.hooks", from, over);
                }
                let billed_ms = hooks.map_or(0, |from| rounded_up_ms(over.since(from)));
                self.serve(prepared, room, Some(Beginning::Restore { took, billed_ms }), spans).await;
            }
            Err(fault) => {
                let Room { walls, doors, .. } = room;
                drop(doors);
                self.maker.clear(walls, prepared).await;
                let lines = prepared.platform.restore_report(world.wall(), took, Some(&fault.status()));
                prepared.logs.platform(world.wall(), lines).await;
                prepared.logs.flush().await;
                self.refuse_all(&refusal(&fault)).await;
            }
        }
    }

    /// Until the runtime asks for an event. Since when it has been running, if it waited to be restored.
    async fn restore(&mut self, room: &mut Room) -> Result<Option<Instant>, Fault> {
        let world = self.maker.house.parts.world.clone();
        let limit = self.maker.house.parts.settings.restore_timeout;
        catch_up(room)?;
        let Some(waiting) = room.restore.take() else { return Ok(None) };
        let from = world.now();
        let mut deadline = world.clock.sleep(limit);
        room.link.turnstile().restored();
        let _ = waiting.send(()); // one that has gone asks again
        loop {
            tokio::select! {
                biased;
                Some(event) = room.events.recv() => match event {
                    Event::Next(reply) => {
                        room.next = Some(reply);
                        return Ok(Some(from));
                    }
                    Event::RestoreNext(reply) => drop(reply.send(())), // from before, on a newer connection
                    Event::RestoreError(failure) | Event::InitError(failure) => {
                        let _ = world.timeout(LAST_WORDS, &mut room.exited).await; // ended either way
                        return Err(Fault::Reported(failure));
                    }
                    Event::Answered(_) => {} // the turnstile lets nothing out that was not let in
                },
                exit = &mut room.exited => return Err(Fault::Exit(exit.unwrap_or(LOST))),
                () = &mut deadline => return Err(Fault::Timeout(limit)),
                _ = &mut self.fenced => return Err(Fault::Fenced),
            }
        }
    }
}

/// What was said while nobody listened: a runtime that lost its connection asks again on a newer one.
fn catch_up(room: &mut Room) -> Result<(), Fault> {
    loop {
        match room.events.try_recv() {
            Ok(Event::RestoreNext(reply)) => room.restore = Some(reply),
            Ok(Event::Next(reply)) => room.next = Some(reply),
            Ok(Event::InitError(failure) | Event::RestoreError(failure)) => {
                return Err(Fault::Reported(failure));
            }
            Ok(Event::Answered(_)) => {} // the turnstile lets nothing out that was not let in
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
        }
    }
}

fn refusal(fault: &Fault) -> InvokeRefusal {
    match fault {
        Fault::Timeout(_) => InvokeRefusal::RestoreTimedOut,
        Fault::Fenced => InvokeRefusal::Gone,
        other => InvokeRefusal::RestoreFailed { error_type: other.error_type().to_owned() },
    }
}

/// Of a waiting room: whether what is in it still runs.
impl Room {
    pub(crate) fn is_alive(&mut self) -> bool {
        use tokio::sync::oneshot::error::TryRecvError;
        self.exited.try_recv() == Err(TryRecvError::Empty)
    }
}
