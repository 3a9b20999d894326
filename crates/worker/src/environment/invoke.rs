//! One invocation in one environment: START, in, out, END and REPORT.

use super::Resident;
use super::boot::{LOST, Prepared, Room};
use super::fault::{Fault, platform_failure, response_too_large};
use super::last_frames::LastFrames;
use super::spans::{Spans, megabytes, stats_fresh};
use crate::logs::platform::{Beginning, Report, billed_ms};
use crate::runtime_api::{Answer, Delivery, Event};
use crate::seat::Job;
use bytes::Bytes;
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{InvokeFrame, InvokeRefusal};
use fabric::{Invocation, Outcome, Response};
use sandbox::Environment;
use std::sync::Arc;
use std::time::Duration;
use types::LeaseToken;
use world::{Instant, WallTime};

/// How an invocation ended.
enum End {
    /// The runtime asked for the next event.
    Next,
    /// The environment can not be used any more.
    Fault(Fault),
}

/// What is needed of a job after it was let in.
struct Running {
    delivery: Arc<Delivery>,
    token: LeaseToken,
    arrived: Instant,
    /// When Duration began.
    started: Instant,
    beginning: Option<Beginning>,
    answered: bool,
    caller: LastFrames,
}

impl Resident {
    /// Runs it and leaves the room as it found it, or ends the room and answers `None`.
    pub(super) async fn invoke(
        &mut self,
        prepared: &Prepared,
        job: Job,
        mut room: Room,
        beginning: Option<Beginning>,
        started: Instant,
        spans: &mut Spans,
    ) -> Option<Room> {
        let world = self.maker.house.parts.world.clone();
        let Job { invocation, token, arrived, accept, frames } = job;
        if started > arrived {
            spans.add("worker.queue", arrived, started);
        }
        let now = world.now();
        // A worker that stood still for longer than its lease finds here what came before it did.
        if !self.maker.house.is_leased(now) {
            let _ = accept.send(Err(InvokeRefusal::Gone)); // the caller may have gone
            self.end_idle(prepared, room).await;
            return None;
        }
        let left = invocation.timeout.saturating_sub(now.since(started));
        let deadline = WallTime(world.wall().0.saturating_add(micros(left)));
        let line = prepared.platform.start(world.wall(), invocation.request_id);
        prepared.logs.begin(world.wall(), line).await;
        let id = invocation.request_id.to_string();
        let delivery = Arc::new(Delivery { id, invocation, deadline, delivered: world.now(), frames });
        room.link.turnstile().deliver(Arc::clone(&delivery));
        let _ = accept.send(Ok(())); // a caller that has gone cancels its answer, not the function
        if let Some(next) = room.next.take() {
            // One that does not arrive is asked for again: the turnstile then says it once more.
            let _ = next.send(Arc::clone(&delivery));
        }
        let caller = LastFrames::new(world.clone(), Arc::clone(&delivery.frames));
        let mut running = Running { delivery, token, arrived, started, beginning, answered: false, caller };
        let end = self.watch(&mut room, &mut running, left, spans).await;
        let over = world.now();
        // Whatever else it may look like after a while in which nothing of this process ran.
        let end = if self.maker.house.is_leased(over) { end } else { End::Fault(Fault::Fenced) };
        match end {
            End::Next => {
                self.finish_kept(prepared, &room, &mut running, over, spans).await;
                Some(room)
            }
            End::Fault(fault) => {
                self.finish_ended(prepared, room, &mut running, &fault, over, spans).await;
                None
            }
        }
    }

    /// Until the runtime asks for more, or the environment is lost.
    async fn watch(
        &mut self,
        room: &mut Room,
        running: &mut Running,
        left: Duration,
        spans: &mut Spans,
    ) -> End {
        let world = self.maker.house.parts.world.clone();
        let mut deadline = world.clock.sleep(left);
        let mut answered_at = running.delivery.delivered;
        loop {
            tokio::select! {
                biased;
                Some(event) = room.events.recv() => match event {
                    Event::Answered(Answer::Truncated) => {
                        let cause = self.why_truncated(room, running).await;
                        return End::Fault(cause);
                    }
                    Event::Answered(answer) if !running.answered => {
                        let now = world.now();
                        if !self.maker.house.is_leased(now) {
                            return End::Fault(Fault::Fenced); // before its answer is out
                        }
                        spans.add("invoke", running.delivery.delivered, now);
                        self.respond(running, answer).await;
                        answered_at = world.now();
                        spans.add("response", now, answered_at);
                    }
                    Event::Next(reply) if running.answered => {
                        spans.add("finish", answered_at, world.now());
                        room.next = Some(reply);
                        return End::Next;
                    }
                    // From before the delivery, on a newer connection: it gets the event as one from after it would.
                    Event::Next(reply) => {
                        let _ = reply.send(Arc::clone(&running.delivery)); // it may be gone, too
                    }
                    Event::InitError(_) | Event::Answered(_) => {}
                    // The turnstile lets neither through once the runtime has asked for an event.
                    Event::RestoreNext(_) | Event::RestoreError(_) => {}
                },
                exit = &mut room.exited => {
                    let exit = exit.unwrap_or(LOST);
                    self.last_events(room, running, spans).await;
                    return End::Fault(Fault::Exit(exit));
                }
                () = &mut deadline => return End::Fault(Fault::Timeout(running.delivery.invocation.timeout)),
                _ = &mut self.fenced => return End::Fault(Fault::Fenced),
            }
        }
    }

    /// The process has exited; what it had sent before is still taken.
    async fn last_events(&self, room: &mut Room, running: &mut Running, spans: &mut Spans) {
        let world = &self.maker.house.parts.world;
        let mut settled = std::pin::pin!(room.doors.settle(world));
        loop {
            tokio::select! {
                biased;
                Some(event) = room.events.recv() => match event {
                    Event::Answered(Answer::Truncated) => return,
                    Event::Answered(answer) if !running.answered => {
                        spans.add("invoke", running.delivery.delivered, world.now());
                        self.respond(running, answer).await;
                    }
                    _ => {}
                },
                () = &mut settled => return,
            }
        }
    }

    /// A body that breaks off is most often the first sign of a process that dies.
    async fn why_truncated(&self, room: &mut Room, running: &Running) -> Fault {
        let world = &self.maker.house.parts.world;
        let limit = Duration::from_millis(100);
        match world.timeout(limit, &mut room.exited).await {
            Some(exit) => Fault::Exit(exit.unwrap_or(LOST)),
            None => {
                tracing::debug!(id = %running.delivery.id, "the runtime broke off its answer and lives on");
                Fault::Truncated
            }
        }
    }

    /// Hands the answer to the caller; assignment knows first, so that a caller that comes again at once finds this
    /// environment.
    async fn respond(&self, running: &mut Running, answer: Answer) {
        running.answered = true;
        let response = match answer {
            Answer::Success { payload, content_type } => Response::Success { payload, content_type },
            Answer::Error(failure) => Response::Error(failure),
            Answer::TooLarge { limit } => Response::Error(response_too_large(limit)),
            Answer::BadMode => {
                let kind = runtime_api::fault::INVALID_RESPONSE_MODE;
                Response::Error(platform_failure(kind, "Invalid function response mode"))
            }
            Answer::Truncated => return,
        };
        self.report(running.token, EnvironmentEvent::Finishing).await;
        running.caller.send(InvokeFrame::Response(response));
    }

    /// The environment stays. It is free first, so that a caller that waits for it does not wait for bookkeeping.
    async fn finish_kept(
        &mut self,
        prepared: &Prepared,
        room: &Room,
        running: &mut Running,
        over: Instant,
        spans: &mut Spans,
    ) {
        let token = self.seat.free();
        self.report(token, EnvironmentEvent::Idle).await;
        let memory =
            self.memory_used(&*room.walls, stats_fresh(over.since(running.delivery.delivered))).await;
        let outcome = self.account(prepared, running, over, memory, None, spans).await;
        running.caller.send(InvokeFrame::Outcome(outcome));
    }

    /// The environment is ended: first of all everything in it stops, then its last lines are read, its slot is given
    /// back, and the caller is answered.
    async fn finish_ended(
        &mut self,
        prepared: &Prepared,
        room: Room,
        running: &mut Running,
        fault: &Fault,
        over: Instant,
        spans: &mut Spans,
    ) {
        self.leave_table();
        let world = self.maker.house.parts.world.clone();
        if !running.answered {
            spans.add("invoke", running.delivery.delivered, over);
        }
        let memory = self.memory_used(&*room.walls, Duration::ZERO).await;
        let Room { walls, doors, .. } = room;
        drop(doors);
        self.maker.clear(walls, prepared).await;
        spans.add("sandbox.stop", over, world.now());
        let outcome = self.account(prepared, running, over, memory, Some(fault), spans).await;
        prepared.logs.flush().await;
        self.depart().await;
        if !running.answered {
            // Not the function's fault: its answer breaks off, which a frontend answers as an error of the service.
            if matches!(fault, Fault::Fenced) {
                return;
            }
            let failure = fault.failure(running.delivery.invocation.request_id);
            running.caller.send(InvokeFrame::Response(Response::Error(failure)));
        }
        running.caller.send(InvokeFrame::Outcome(outcome));
    }

    /// Init failed twice: its failure is the answer of the invocation inside which it was run again.
    pub(super) async fn answer_failed_init(
        &mut self,
        prepared: &Prepared,
        job: Job,
        fault: &Fault,
        started: Instant,
        spans: &mut Spans,
    ) {
        self.leave_table();
        let world = self.maker.house.parts.world.clone();
        let Job { invocation, token, arrived, accept, frames } = job;
        let over = world.now();
        let line = prepared.platform.start(world.wall(), invocation.request_id);
        prepared.logs.begin(world.wall(), line).await;
        let id = invocation.request_id.to_string();
        let deadline = world.wall();
        let delivery = Arc::new(Delivery { id, invocation, deadline, delivered: over, frames });
        let caller = LastFrames::new(world.clone(), Arc::clone(&delivery.frames));
        let mut running =
            Running { delivery, token, arrived, started, beginning: None, answered: true, caller };
        let memory = self.stats.map_or(0, |(_, stats)| megabytes(stats.memory_peak_bytes));
        let outcome = self.account(prepared, &running, over, memory, Some(fault), spans).await;
        prepared.logs.flush().await;
        self.depart().await;
        let _ = accept.send(Ok(())); // the caller may have gone
        let failure = fault.failure(running.delivery.invocation.request_id);
        running.caller.send(InvokeFrame::Response(Response::Error(failure)));
        running.caller.send(InvokeFrame::Outcome(outcome));
    }

    /// END, REPORT and the outcome.
    async fn account(
        &self,
        prepared: &Prepared,
        running: &Running,
        over: Instant,
        memory_used_mb: u32,
        fault: Option<&Fault>,
        spans: &mut Spans,
    ) -> Outcome {
        let world = &self.maker.house.parts.world;
        let invocation = &running.delivery.invocation;
        let duration = over.since(running.started);
        let config = &prepared.plan.config;
        let report = Report {
            request_id: invocation.request_id,
            duration,
            beginning: running.beginning,
            billed_ms: billed_ms(duration, running.beginning),
            memory_mb: config.memory_mb,
            memory_used_mb,
            status: fault.map(Fault::status),
            trace: (config.tracing_mode == "Active").then(|| invocation.trace_id.clone()),
        };
        let lines = prepared.platform.report(world.wall(), &report);
        let log_tail = self.write_end(prepared, invocation, lines).await;
        Outcome {
            duration,
            init_duration: match running.beginning {
                Some(Beginning::Init(took)) => Some(took),
                _ => None,
            },
            restore_duration: match running.beginning {
                Some(Beginning::Restore { took, .. }) => Some(took),
                _ => None,
            },
            billed_ms: report.billed_ms,
            memory_mb: report.memory_mb,
            memory_used_mb,
            log_tail,
            spans: spans.tell(running.arrived),
        }
    }

    async fn write_end(
        &self,
        prepared: &Prepared,
        invocation: &Invocation,
        lines: Vec<String>,
    ) -> Option<Bytes> {
        let at = self.maker.house.parts.world.wall();
        if invocation.log_tail {
            prepared.logs.end(at, lines).await
        } else {
            prepared.logs.platform(at, lines).await;
            None
        }
    }

    /// The most since boot, MB. A reading that is younger than `fresh` stands.
    pub(super) async fn memory_used(&mut self, walls: &dyn Environment, fresh: Duration) -> u32 {
        let now = self.maker.house.parts.world.now();
        let young = self.stats.filter(|(read, _)| now.since(*read) < fresh);
        if young.is_none()
            && let Ok(stats) = walls.stats().await
        {
            self.stats = Some((now, stats));
        }
        // A sandbox that is gone already can not say; the last reading is what is known.
        self.stats.map_or(0, |(_, stats)| megabytes(stats.memory_peak_bytes))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
