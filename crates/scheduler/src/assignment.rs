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
//! What may be in progress is bounded: by what a function has reserved, over all its versions; by what no function of
//! the account has reserved, for all others together; by the account's limit in any case. Every acquire says how much
//! that is ([`types::ConcurrencyShare`]), since only the control plane knows of reservations of functions that nobody
//! calls. New environments of one function are bounded in time, by a bucket ([`Settings::new_max`]).
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
//! A new leader has not heard of the changes that its predecessor was told of. So the first acquire of a version waits
//! until the driver has read what is durable of it ([`Effect::ReadRevision`]): one read for each version in use, none
//! for the others, and the first grant is of what is true now.
//!
//! Some environments are made ahead of invocations, because their version wants so many ready: see `provision.rs`.
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
mod provision;
mod retired;
mod takeover;
mod versions;
mod waiters;
mod words;

#[cfg(test)]
mod tests;

pub use journal::{Book, Fact};
pub use provision::ProvisionFailure;
pub use words::{Durable, Effect, Held, HeldState, Input, Provisioned, Refusal, Row, Settings, WaiterId};

use environments::{Environments, Phase, Place};
use provision::Provisions;
use std::time::Duration;
use takeover::Workers;
use types::{EnvironmentId, LeaseToken, VersionKey, WorkerId};
use versions::Revision;
use waiters::{Waiter, Waiters};

/// The machine. Memory is bounded by live environments, waiters and versions that were invoked during the reign.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    environments: Environments,
    waiters: Waiters,
    workers: Workers,
    provisions: Provisions,
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
            provisions: Provisions::default(),
            room: Room { releases: 0, refused_mb: u32::MAX, look_at: Duration::ZERO },
        }
    }

    /// One step; appends what is to be done. `now` never goes back.
    pub fn step(&mut self, now: Duration, input: Input, effects: &mut Vec<Effect>) {
        self.take(now, input, effects);
        while let Some(version) = self.environments.next_lost() {
            self.replace_later(now, version);
        }
    }

    fn take(&mut self, now: Duration, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Acquire { waiter, key, memory_mb, share, deadline, environment, token } => {
                let at = self.environments.versions.at(&key);
                let waiter = Waiter { id: waiter, at, share, memory_mb, deadline, environment, token };
                self.acquire(now, waiter, effects);
            }
            Input::Cancel { waiter } => self.waiters.remove(waiter, &mut self.environments.versions),
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
            Input::NotInitialised { environment, token } => {
                self.not_initialised(now, environment, token, effects);
            }
            Input::Gone { environment } => self.forget(environment, effects),
            Input::Retire { account, region, function, version, generation_min } => match version {
                Some(version) => {
                    let key = VersionKey { account, region, function, version, generation: generation_min };
                    self.retire(now, &key, effects);
                }
                None => self.retire_all(now, (&account, &region, &function), generation_min, effects),
            },
            Input::Reserve { account, region, function, at, reserved } => {
                self.environments.versions.learn_share_of(&account, &region, &function, at, reserved);
            }
            Input::Provision { key, at, memory_mb, wanted } => {
                self.provision(now, &key, (at, memory_mb, wanted), effects);
            }
            Input::Ahead { key, environment, token } => self.plan(now, key, environment, token, effects),
            Input::Revision { key, found } => self.revision(now, &key, found, effects),
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
        waiting.into_iter().chain(reaping).chain(looking).chain(self.provisions.next_due()).min()
    }

    /// Every live environment.
    pub fn census(&self) -> Vec<Row> {
        self.environments.rows()
    }

    /// Environments that are granted or on their way to a grant, of one account and region.
    pub fn concurrency(&self, key: &VersionKey) -> u32 {
        self.environments.versions.granted(key)
    }

    fn acquire(&mut self, now: Duration, waiter: Waiter, effects: &mut Vec<Effect>) {
        let (at, share) = (waiter.at, waiter.share);
        let versions = &mut self.environments.versions;
        // Either is what control knew when the caller asked it.
        let outdated = versions.is_stale(at) || !versions.learn_share(at.version, share.at, share.reserved);
        if outdated {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::Stale });
            return;
        }
        if versions.learn(at) {
            self.end_retired(now, at.version, effects);
        }
        let versions = &mut self.environments.versions;
        if let Err(refusal) = versions.admit(at.version, &share, &self.settings) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal });
            return;
        }
        if self.settings.reads_revisions && versions[at.version].revision != Revision::Read {
            self.read_revision(waiter, effects);
            return;
        }
        if let Some(place) = self.environments.take_idle(at.version) {
            self.grant(now, &waiter, place, false, effects);
            return;
        }
        let version = &self.environments.versions[at.version];
        let unknown = version.unknown;
        let about_to_be_idle = (version.finishing + unknown) as usize;
        if about_to_be_idle > 0 && about_to_be_idle > self.waiters.for_finishing(at) {
            let wait = if unknown > 0 { self.settings.unknown_wait } else { self.settings.finishing_wait };
            let until = (now + wait).min(waiter.deadline);
            self.waiters.wait_for_finishing(waiter, until, &mut self.environments.versions);
            return;
        }
        self.place(now, waiter, effects);
    }

    /// One read for however many wait for it.
    fn read_revision(&mut self, waiter: Waiter, effects: &mut Vec<Effect>) {
        if self.waiters.len() >= self.settings.waiters_max {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::QueueFull });
            return;
        }
        let versions = &mut self.environments.versions;
        if versions[waiter.at.version].revision == Revision::Unread {
            versions[waiter.at.version].revision = Revision::Reading;
            effects.push(Effect::ReadRevision { key: versions.key(waiter.at) });
        }
        self.waiters.wait_for_revision(waiter, versions);
    }

    /// What is durable of the version: who waited for it asks as if it came now.
    fn revision(
        &mut self,
        now: Duration,
        key: &VersionKey,
        found: Option<Durable>,
        effects: &mut Vec<Effect>,
    ) {
        let versions = &mut self.environments.versions;
        let version = versions.at(key).version;
        if versions[version].revision != Revision::Reading {
            return;
        }
        versions[version].revision = if found.is_some() { Revision::Read } else { Revision::Unread };
        if let Some(found) = found {
            versions.learn_share(version, found.share_at, found.reserved);
            self.retire(now, &VersionKey { generation: found.generation_min, ..key.clone() }, effects);
        }
        while let Some(waiter) = self.waiters.next_for_revision(version, &mut self.environments.versions) {
            if found.is_none() {
                effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::Unread });
            } else if waiter.deadline < now {
                effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::NoCapacity });
            } else {
                self.acquire(now, waiter, effects);
            }
        }
    }

    fn place(&mut self, now: Duration, waiter: Waiter, effects: &mut Vec<Effect>) {
        if self.waiters.len() >= self.settings.waiters_max {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::QueueFull });
            return;
        }
        let versions = &mut self.environments.versions;
        if !versions.take_new(waiter.at.version, now, &self.settings) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::RateLimit });
            return;
        }
        effects.push(Effect::Place {
            environment: waiter.environment,
            key: versions.key(waiter.at),
            memory_mb: waiter.memory_mb,
        });
        self.environments.placing(now, &waiter, self.room.releases);
        self.waiters.bind(waiter);
    }

    fn placed(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        worker: WorkerId,
        effects: &mut Vec<Effect>,
    ) {
        let Some(place) = self.environments.find(environment) else {
            effects.push(Effect::Release { environment });
            return;
        };
        if self.environments.worker(place).is_some() {
            return; // said twice
        }
        if self.environments.phase(place) == Phase::Planned {
            return self.placed_ahead(now, place, worker, effects);
        }
        // Nobody waits for it any more, or its code was replaced meanwhile: the slot is for others.
        if !self.waiters.is_bound(environment) {
            self.not_made(place);
            effects.push(Effect::Release { environment });
            return;
        }
        self.environments.enter(now, place, Phase::Starting);
        self.begin(place, worker, effects);
        // There may be room for more.
        self.serve_queue(now, effects);
    }

    /// Its worker is found: it is written down, then told.
    fn begin(&mut self, place: Place, worker: WorkerId, effects: &mut Vec<Effect>) {
        self.environments.settle_on(place, &worker);
        let key = self.environments.key(place);
        let (environment, memory_mb) = (self.environments[place].id, self.environments[place].memory_mb);
        let (token, provisioned) =
            (self.environments[place].token, self.environments.birth(place).provisioned);
        self.lease(&worker, effects);
        let (created, on) = (key.clone(), worker.clone());
        let fact = Fact::Created { environment, key: created, memory_mb, worker: on, provisioned };
        effects.push(Effect::Journal(fact));
        effects.push(Effect::Start { environment, key, worker, token, provisioned });
    }

    /// It never was: its function's bucket does not lack it.
    fn not_made(&mut self, place: Place) {
        let version = self.environments[place].version;
        self.environments.remove(place);
        self.environments.versions.give_back_new(version, &self.settings);
    }

    fn not_placed(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        ever: bool,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(place) = self.environments.is_in(environment, Phase::Planned) {
            return self.not_placed_ahead(now, place, ever, effects);
        }
        let Some(place) = self.environments.is_in(environment, Phase::Placing) else { return };
        let memory_mb = self.environments[place].memory_mb;
        // A slot was taken back while the answer was on its way: perhaps the very one.
        let outdated = self.environments.birth(place).asked != self.room.releases;
        self.not_made(place);
        if !ever && !outdated {
            self.room.refused_mb = self.room.refused_mb.min(memory_mb);
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
        } else if let Some(place) = self.environments.take_idle(waiter.at.version) {
            // One of its own version has come free meanwhile.
            self.grant(now, &waiter, place, false, effects);
        } else if outdated {
            self.place(now, waiter, effects);
        } else {
            if !self.waiters.someone_needs_room() {
                self.room.look_at = now + self.settings.room_look;
            }
            self.waiters.wait_for_room(waiter, &mut self.environments.versions);
            self.make_room(now, effects);
        }
    }

    fn started(&mut self, now: Duration, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if let Some(place) = self.environments.is_in(environment, Phase::Warming) {
            return self.warms(now, place, effects);
        }
        let Some(place) = self.environments.is_in(environment, Phase::Starting) else { return };
        self.accepted(place);
        let Some(waiter) = self.waiters.unbind(environment) else {
            // The waiter went while it started. Its first token is spent, so it can serve nobody else.
            self.stop(now, place, effects);
            return;
        };
        self.grant(now, &waiter, place, true, effects);
    }

    fn not_started(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        if self.starting(environment).is_some() {
            self.forget(environment, effects);
        }
    }

    /// Its worker was asked to make it.
    fn starting(&self, environment: EnvironmentId) -> Option<Place> {
        let is_in = |phase| self.environments.is_in(environment, phase);
        is_in(Phase::Starting).or_else(|| is_in(Phase::Warming))
    }

    /// Its slot stays taken until its worker says that there is nothing.
    fn maybe_started(&mut self, now: Duration, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        let Some(place) = self.starting(environment) else { return };
        if let Some(waiter) = self.waiters.unbind(environment) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::WorkerRefused });
        }
        self.born(place);
        self.stop(now, place, effects);
    }

    /// It is no more and never will be.
    fn forget(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        let Some(place) = self.environments.find(environment) else { return };
        if self.environments.worker(place).is_some() {
            effects.push(Effect::Journal(Fact::Gone { environment }));
        }
        self.drop_one(environment, effects);
    }

    fn drop_one(&mut self, environment: EnvironmentId, effects: &mut Vec<Effect>) {
        let Some(place) = self.environments.find(environment) else { return };
        if self.environments.worker(place).is_some() {
            effects.push(Effect::Release { environment });
        }
        self.environments.remove(place);
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
        let leased = self.environments.find(environment);
        let Some(place) = leased.filter(|place| self.environments.is_leased(*place, token)) else { return };
        self.environments[place].quarantined = true;
        effects.push(Effect::Journal(Fact::Quarantined { environment }));
        self.stop(now, place, effects);
    }

    /// Hands it out (a cold one keeps the token that its worker was told).
    fn grant(&mut self, now: Duration, waiter: &Waiter, place: Place, cold: bool, effects: &mut Vec<Effect>) {
        self.environments.enter(now, place, Phase::Busy);
        if !cold {
            self.environments[place].token = waiter.token;
        }
        let (environment, token) = (self.environments[place].id, self.environments[place].token);
        let Some(worker) = self.environments.worker(place).cloned() else { return };
        effects.push(Effect::Grant { waiter: waiter.id, environment, worker, token, cold });
    }

    fn unused(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let Some(place) = self.environments.find(environment) else { return };
        if self.environments[place].token != token {
            return;
        }
        if self.environments[place].used {
            self.idle(now, environment, token, effects);
        } else {
            self.stop(now, place, effects);
        }
    }

    fn idle(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let Some(place) = self.environments.find(environment) else { return };
        let warms = self.environments.phase(place) == Phase::Warming;
        let Some(first) = self.environments.settle(now, place, token) else { return };
        if warms {
            self.accepted(place); // its word may overtake the answer that says so
        }
        let provisioned = self.environments.is_provisioned(place);
        if first {
            effects.push(Effect::Journal(Fact::Ready { environment }));
            if provisioned {
                self.initialised(now, place, effects);
            }
        }
        let surplus = provisioned && self.environments.versions.has_surplus(self.environments[place].version);
        if surplus || self.environments.is_outdated(place) || self.drains(place) {
            self.stop(now, place, effects);
            return;
        }
        if self.waiters.someone_is_loose() {
            let at = self.environments.at(place);
            if let Some(waiter) = self.waiters.next_of(at, &mut self.environments.versions) {
                self.grant(now, &waiter, place, false, effects);
                return;
            }
            if self.room_is_short() && !provisioned {
                self.stop(now, place, effects);
                return;
            }
        }
        self.environments.push_idle(now, place);
    }

    /// There is more room than was known: a chain of questions begins.
    fn released(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.room.releases += 1;
        self.room.refused_mb = u32::MAX;
        self.serve_queue(now, effects);
    }

    /// The waiter whose turn it is, of those for whom there may be room, asks again.
    fn serve_queue(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let counts = &mut self.environments.versions;
        if let Some(waiter) = self.waiters.next_for_room(self.room.refused_mb, counts) {
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
            && let Some((_, place)) = self.environments.oldest_idle()
        {
            self.environments.forget_idle(place);
            self.stop(now, place, effects);
        }
    }

    fn stop(&mut self, now: Duration, place: Place, effects: &mut Vec<Effect>) {
        let Some(worker) = self.environments.worker(place).cloned() else { return };
        if self.environments.enter(now, place, Phase::Stopping) {
            effects.push(Effect::Stop { environment: self.environments[place].id, worker });
        }
    }

    fn tick(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        while let Some(waiter) = self.waiters.expired_for_finishing(now, &mut self.environments.versions) {
            self.place(now, waiter, effects);
        }
        while let Some(waiter) = self.waiters.expired_for_room(now, &mut self.environments.versions) {
            effects.push(Effect::Refuse { waiter: waiter.id, refusal: Refusal::NoCapacity });
        }
        if self.waiters.someone_needs_room() && self.room.look_at <= now {
            self.room.look_at = now + self.settings.room_look;
            self.released(now, effects);
        }
        while let Some((since, place)) = self.environments.oldest_idle() {
            if since + self.settings.idle_max > now {
                break;
            }
            self.environments.forget_idle(place);
            self.stop(now, place, effects);
        }
        self.provide_due(now, effects);
    }
}
