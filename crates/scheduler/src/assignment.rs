//! The assignment machine of one partition.
//!
//! An environment, as assignment sees it (who causes each step in brackets):
//!
//! ```text
//!            [placement: no room]
//!   Placing ─────────────────────► (dropped; its waiter queues for room)
//!      │ [placement: slot]
//!   Starting ── [worker refused] ─► (dropped; its waiter is refused)   Starting ── [no answer] ─► Stopping
//!      │ [worker accepted]  = grant
//!   Busy ──[answer is out]──► Finishing ──[next event asked]──► Idle ──[acquire] = grant──► Busy
//!      └──────────[next event asked]──────────────────────────►  │
//!                                          [idle too long, retired, room needed]
//!                                                                ▼
//!   any state ──[worker: Gone]──► (dropped; its slot is released)   Stopping ◄──[frontend: not found]── Busy
//! ```
//! Only a worker says Gone, and only then is the slot released: before that the room is in use.
//!
//! What is durable goes out as facts ([`Effect::Journal`], see [`journal`]), on the cold path only. A new leader begins
//! with the book that they add up to ([`Machine::resume`], see `takeover.rs`):
//!
//! ```text
//!   Unknown ──[worker: free]──► Idle       counts as busy, and is granted to nobody, until its worker has taken the new
//!      ├────[worker: taken]──► Busy        epoch and said how it stands, or the worker's lease has ended
//!      ├────[worker: ending, or quarantined]──► Stopping
//!      └────[worker has none such, or is lost]──► (dropped)
//! ```
//!
//! A waiter is one acquire without an answer yet. It waits for a `Finishing` environment for at most
//! [`Settings::finishing_wait`] (for an unknown one [`Settings::unknown_wait`]), since the runtime's next `next` is microseconds away and a cold start is not;
//! then it goes for a new environment; then, if there is no room, in the queue of its version until its deadline.
//! Queues of different versions take turns, so that one function's burst does not starve the others. Retired
//! generations' waiters are refused at once as stale.
//!
//! Room is looked for in chains: when placement has taken back a slot ([`Input::Released`]) the waiter whose turn it
//! is asks; on yes the next one asks, on no the next one that needs less ([`Room::refused_mb`]), so that a freed
//! 10 GB serves eighty of 128 MB, and a large waiter does not stand before a small hole for all others.

mod environments;
pub mod invariants;
pub mod journal;
mod takeover;
mod waiters;
mod words;

#[cfg(test)]
mod tests;

pub use journal::{Book, Fact};
pub use words::{Effect, Held, HeldState, Input, Refusal, Row, Settings, WaiterId};

use environments::{Environment, Environments, Phase};
use std::time::Duration;
use takeover::Workers;
use types::{EnvironmentId, LeaseToken, VersionKey, WorkerId};
use waiters::{Waiter, Waiters};

/// The machine. Memory is bounded by live environments, waiters and functions that were changed or deleted.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    environments: Environments,
    waiters: Waiters,
    workers: Workers,
    room: Room,
}

/// What is known of placement's room.
#[derive(Debug)]
struct Room {
    /// Slots taken back so far.
    releases: u64,
    /// The least that was refused since the last release, MB: what needs as much need not ask.
    refused_mb: u32,
    /// When to ask again whatever is known.
    look_at: Duration,
}

impl Machine {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            environments: Environments::default(),
            waiters: Waiters::default(),
            workers: Workers::default(),
            room: Room { releases: 0, refused_mb: u32::MAX, look_at: Duration::ZERO },
        }
    }

    /// One step; appends what is to be done. `now` never goes back.
    pub fn step(&mut self, now: Duration, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Acquire { waiter, key, memory_mb, deadline, environment, token } => {
                let waiter = Waiter { id: waiter, key, memory_mb, deadline, environment, token };
                self.acquire(now, waiter, effects);
            }
            Input::Cancel { waiter } => self.waiters.remove(waiter),
            Input::Unused { environment, token } => self.unused(now, environment, token, effects),
            Input::Placed { environment, worker } => self.placed(now, environment, worker, effects),
            Input::NotPlaced { environment, ever } => self.not_placed(now, environment, ever, effects),
            Input::Started { environment } => self.started(now, environment, effects),
            Input::NotStarted { environment } => self.not_started(environment, effects),
            Input::MaybeStarted { environment } => self.maybe_started(now, environment, effects),
            Input::NotFound { environment, token } => self.not_found(now, environment, token, effects),
            Input::Released => self.released(now, effects),
            Input::Finishing { environment, token } => {
                self.environments.finishing(now, environment, token);
            }
            Input::Idle { environment, token } => self.idle(now, environment, token, effects),
            Input::Gone { environment } => self.forget(environment, effects),
            Input::Retire { account, region, function, version, generation_min } => {
                self.environments.retire(account, region, function, version, generation_min);
                self.end_retired(now, effects);
            }
            Input::Reported { worker, greet, held } => self.reported(now, &worker, greet, held, effects),
            Input::Connected { worker } => self.connected(worker, effects),
            Input::Unreached { worker } => self.unreached(now, worker, effects),
            Input::Draining { worker, draining } => self.draining(now, &worker, draining, effects),
            Input::WorkerLost { worker } => self.worker_lost(&worker, effects),
            Input::Tick => self.tick(now, effects),
        }
    }

    /// When `Tick` has something to do, at the latest.
    pub fn next_deadline(&self) -> Option<Duration> {
        let waiting = self.waiters.next_deadline();
        let reaping = self.environments.oldest_idle().map(|(since, _)| since + self.settings.idle_max);
        let looking = self.waiters.someone_needs_room().then_some(self.room.look_at);
        waiting.into_iter().chain(reaping).chain(looking).min()
    }

    /// Every live environment.
    pub fn census(&self) -> Vec<Row> {
        self.environments.rows()
    }

    /// Environments that are granted or on their way to a grant, of one account and region.
    pub fn concurrency(&self, key: &VersionKey) -> u32 {
        self.environments.concurrency(key)
    }

    fn acquire(&mut self, now: Duration, waiter: Waiter, effects: &mut Vec<Effect>) {
        if self.environments.is_stale(&waiter.key) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::Stale });
            return;
        }
        if self.environments.learn_generation(&waiter.key) {
            self.end_retired(now, effects);
        }
        // Waiters for room count too: they are admitted invocations that have no environment yet.
        let admitted =
            self.environments.concurrency(&waiter.key) as usize + self.waiters.of_account(&waiter.key);
        if admitted >= self.settings.concurrency_max as usize {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::ConcurrencyLimit });
            return;
        }
        if let Some(environment) = self.environments.take_idle(&waiter.key) {
            self.grant(now, &waiter, environment, false, effects);
            return;
        }
        let unknown = self.environments.unknown_of(&waiter.key);
        let about_to_be_idle = self.environments.finishing_of(&waiter.key) + unknown;
        if about_to_be_idle > self.waiters.for_finishing(&waiter.key) {
            let wait = if unknown > 0 { self.settings.unknown_wait } else { self.settings.finishing_wait };
            let until = (now + wait).min(waiter.deadline);
            self.waiters.wait_for_finishing(waiter, until);
            return;
        }
        self.place(now, waiter, effects);
    }

    fn place(&mut self, now: Duration, waiter: Waiter, effects: &mut Vec<Effect>) {
        if self.waiters.len() >= self.settings.waiters_max {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::QueueFull });
            return;
        }
        effects.push(Effect::Place {
            environment: waiter.environment,
            key: waiter.key.clone(),
            memory_mb: waiter.memory_mb,
        });
        self.environments.insert(Environment::placing(now, &waiter, self.room.releases));
        self.waiters.bind(waiter);
    }

    fn placed(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        worker: WorkerId,
        effects: &mut Vec<Effect>,
    ) {
        let Some(env) = self.environments.get_mut(environment) else {
            effects.push(Effect::Release { environment });
            return;
        };
        if env.worker().is_some() {
            return; // said twice
        }
        // Nobody waits for it any more, or its code was replaced meanwhile: the slot is for others.
        if !self.waiters.is_bound(environment) {
            self.environments.remove(environment);
            effects.push(Effect::Release { environment });
            return;
        }
        env.enter(now, Phase::Starting);
        let (key, memory_mb, token) = (env.key.clone(), env.memory_mb, env.token);
        self.environments.settle_on(environment, worker.clone());
        self.lease(&worker, effects);
        let created = Fact::Created { environment, key: key.clone(), memory_mb, worker: worker.clone() };
        effects.push(Effect::Journal(created));
        effects.push(Effect::Start { environment, key, worker, token });
        // There may be room for more.
        self.serve_queue(now, effects);
    }

    fn not_placed(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        ever: bool,
        effects: &mut Vec<Effect>,
    ) {
        if !self.environments.is_in(environment, Phase::Placing) {
            return;
        }
        let Some(env) = self.environments.remove(environment) else { return };
        // A slot was taken back while the answer was on its way: perhaps the very one.
        let outdated = env.asked != self.room.releases;
        if !ever && !outdated {
            self.room.refused_mb = self.room.refused_mb.min(env.memory_mb);
        }
        if let Some(waiter) = self.waiters.unbind(environment) {
            self.without_room(now, waiter, ever, outdated, effects);
        }
        self.serve_queue(now, effects);
    }

    fn without_room(
        &mut self,
        now: Duration,
        waiter: Waiter,
        ever: bool,
        outdated: bool,
        effects: &mut Vec<Effect>,
    ) {
        if ever || waiter.deadline <= now {
            let refusal = if ever { Refusal::TooLarge } else { Refusal::NoCapacity };
            effects.push(Effect::Refuse { waiter: waiter.id, refusal });
        } else if let Some(environment) = self.environments.take_idle(&waiter.key) {
            // One of its own version has come free meanwhile.
            self.grant(now, &waiter, environment, false, effects);
        } else if outdated {
            self.place(now, waiter, effects);
        } else {
            if !self.waiters.someone_needs_room() {
                self.room.look_at = now + self.settings.room_look;
            }
            self.waiters.wait_for_room(waiter);
            self.make_room(now, effects);
        }
    }

    fn started(&mut self, now: Duration, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if !self.environments.is_in(environment, Phase::Starting) {
            return;
        }
        self.accepted(environment);
        let Some(waiter) = self.waiters.unbind(environment) else {
            // The waiter went while it started. Its first token is spent, so it can serve nobody else.
            self.stop(now, environment, effects);
            return;
        };
        self.grant(now, &waiter, environment, true, effects);
    }

    fn not_started(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if !self.environments.is_in(environment, Phase::Starting) {
            return;
        }
        self.forget(environment, effects);
    }

    /// Its slot stays taken until its worker says that there is nothing.
    fn maybe_started(&mut self, now: Duration, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if !self.environments.is_in(environment, Phase::Starting) {
            return;
        }
        if let Some(waiter) = self.waiters.unbind(environment) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::WorkerRefused });
        }
        self.born(environment);
        self.stop(now, environment, effects);
    }

    /// It is no more and never will be.
    fn forget(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if self.environments.get_mut(environment).is_some_and(|env| env.worker().is_some()) {
            effects.push(Effect::Journal(Fact::Gone { environment }));
        }
        self.drop_one(environment, effects);
    }

    fn drop_one(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        let Some(env) = self.environments.remove(environment) else { return };
        if env.worker().is_some() {
            effects.push(Effect::Release { environment });
        }
        if let Some(waiter) = self.waiters.unbind(environment) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::WorkerRefused });
        }
    }

    fn not_found(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        if !self.environments.is_leased(environment, token) {
            return;
        }
        if let Some(env) = self.environments.get_mut(environment) {
            env.quarantined = true;
            effects.push(Effect::Journal(Fact::Quarantined { environment }));
        }
        self.stop(now, environment, effects);
    }

    fn grant(
        &mut self,
        now: Duration,
        waiter: &Waiter,
        environment: EnvironmentId,
        cold: bool,
        effects: &mut Vec<Effect>,
    ) {
        let Some((worker, token)) = self.environments.grant(now, environment, waiter.token, cold) else {
            return;
        };
        effects.push(Effect::Grant { waiter: waiter.id, environment, worker, token, cold });
    }

    fn unused(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let Some(env) = self.environments.get_mut(environment) else { return };
        if env.token != token {
            return;
        }
        if env.used {
            self.idle(now, environment, token, effects);
        } else {
            self.stop(now, environment, effects);
        }
    }

    fn idle(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let Some((key, first)) = self.environments.settle(now, environment, token) else { return };
        if first {
            effects.push(Effect::Journal(Fact::Ready { environment }));
        }
        if self.environments.is_stale(&key) || self.drains(environment) {
            self.stop(now, environment, effects);
            return;
        }
        if let Some(waiter) = self.waiters.next_of(&key) {
            self.grant(now, &waiter, environment, false, effects);
            return;
        }
        if self.room_is_short() {
            self.stop(now, environment, effects);
            return;
        }
        self.environments.push_idle(now, environment);
    }

    /// There is more room than was known: a chain of questions begins.
    fn released(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.room.releases += 1;
        self.room.refused_mb = u32::MAX;
        self.serve_queue(now, effects);
    }

    /// The waiter whose turn it is, of those for whom there may be room, asks again.
    fn serve_queue(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if let Some(waiter) = self.waiters.next_for_room(self.room.refused_mb) {
            self.place(now, waiter, effects);
        }
    }

    /// More is waited for than is being ended.
    fn room_is_short(&self) -> bool {
        self.environments.stopping_mb() < self.waiters.room_mb()
    }

    /// Someone waits for room: the environments that have been idle longest give way.
    fn make_room(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        while self.room_is_short()
            && let Some((_, environment)) = self.environments.oldest_idle()
        {
            self.environments.forget_idle(environment);
            self.stop(now, environment, effects);
        }
    }

    fn stop(&mut self, now: Duration, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        let Some(env) = self.environments.get_mut(environment) else { return };
        let Some(worker) = env.worker().cloned() else { return };
        if self.environments.enter(now, environment, Phase::Stopping) {
            effects.push(Effect::Stop { environment, worker });
        }
    }

    /// Idle environments of retired generations end now, used ones after their use; who waits for one reads again
    /// what the function is now.
    fn end_retired(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        for environment in self.environments.take_retired_idle() {
            self.stop(now, environment, effects);
        }
        let environments = &self.environments;
        for waiter in self.waiters.take_where(|key| environments.is_stale(key)) {
            effects.push(Effect::Refuse { waiter, refusal: Refusal::Stale });
        }
    }

    fn tick(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        while let Some(waiter) = self.waiters.expired_for_finishing(now) {
            self.place(now, waiter, effects);
        }
        while let Some(waiter) = self.waiters.expired_for_room(now) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::NoCapacity });
        }
        if self.waiters.someone_needs_room() && self.room.look_at <= now {
            self.room.look_at = now + self.settings.room_look;
            self.released(now, effects);
        }
        while let Some((since, environment)) = self.environments.oldest_idle() {
            if since + self.settings.idle_max > now {
                break;
            }
            self.environments.forget_idle(environment);
            self.stop(now, environment, effects);
        }
    }
}
