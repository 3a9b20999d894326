//! Environments that are made ahead of invocations: provisioned concurrency.
//!
//! ```text
//!            [placement: no room, surplus]
//!   Planned ───────────────────────────────► (dropped)
//!      │ [placement: slot]
//!   Warming ── [init failed, no answer, surplus] ─► Stopping        Warming ── [worker refused, Gone] ─► (dropped)
//!      │ [worker: Idle]
//!   Idle, ready ◄─► Busy, Finishing        as any other; ready ones are handed out first, never reaped, and give way to nobody
//!      └──[surplus, retired, its worker drains]──► Stopping
//! ```
//! Control says how many a version wants ([`super::Input::Provision`]), and says it again and again: a new leader knows of
//! those that there are by the journal, and hears what is wanted from control. Until then they are as any other.
//!
//! What is lacking is asked for by [`super::Effect::Want`], since ids and tokens come from outside; so many are on their way
//! at once ([`AHEAD_MAX`]). One that is lost is replaced after a pause, and after failures of init the pauses double: code
//! that never initialises costs a bounded number of starts. Nobody waits for such an environment, so it counts against no
//! concurrency while it is made, and its function's rate of new environments does not bound it; what a version may have in
//! progress by it is its own (`Versions::admit`).

use super::environments::{NOT_ACCEPTED, Phase, Place};
use super::{Effect, Machine, Provisioned};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::time::Duration;
use types::{EnvironmentId, LeaseToken, VersionKey, WorkerId};

/// On their way at once, of one version: a host starts a few at a time anyway. One, once init has failed.
const AHEAD_MAX: u32 = 16;
/// One that was lost, or had no room, is made again so much later.
const REPLACE_AFTER: Duration = Duration::from_secs(1);
/// After failures of init: so long, doubled with each, and no longer than that.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// It is called failed after so many in a row.
const FAILURES_MAX: u32 = 3;

/// Why provisioned environments are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionFailure {
    /// The function's init fails.
    Init,
    /// No worker is large enough.
    TooLarge,
}

/// What is known of a version's provision, beside how many ([`super::versions::Versions::want`]).
#[derive(Debug)]
struct Provision {
    /// Control's number of the change.
    at: u64,
    generation: u64,
    memory_mb: u32,
    /// In a row, and the last one's reason.
    failures: u32,
    why: Option<ProvisionFailure>,
    /// Nothing is begun before.
    due: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct Provisions {
    /// By the version's number.
    by_version: FxHashMap<u32, Provision>,
    due: BTreeSet<(Duration, u32)>,
}

impl Provisions {
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Not before `due`; a later time that is known already stays.
    fn postpone(&mut self, version: u32, due: Duration) {
        let Some(provision) = self.by_version.get_mut(&version) else { return };
        let known = provision.due.unwrap_or_default();
        if known < due {
            self.due.remove(&(known, version));
            self.due.insert((due, version));
            provision.due = Some(due);
        }
    }

    /// Whether something may be begun now; then it is due no more.
    fn is_due(&mut self, version: u32, now: Duration) -> bool {
        let Some(provision) = self.by_version.get_mut(&version) else { return false };
        let Some(due) = provision.due else { return true };
        if due > now {
            return false;
        }
        provision.due = None;
        self.due.remove(&(due, version));
        true
    }

    fn remove(&mut self, version: u32) {
        if let Some(due) = self.by_version.remove(&version).and_then(|provision| provision.due) {
            self.due.remove(&(due, version));
        }
    }
}

impl Machine {
    /// How it stands with a version's provisioned environments; `None` where nothing was said of any.
    pub fn provisioned(&mut self, key: &VersionKey) -> Option<Provisioned> {
        let versions = &mut self.environments.versions;
        let at = versions.at(key);
        let provision = self.provisions.by_version.get(&at.version)?;
        if provision.generation != at.generation {
            return None;
        }
        let (wanted, version) = (versions.wanted(at.version), &versions[at.version]);
        let failed = provision.why.filter(|_| provision.failures >= FAILURES_MAX);
        Some(Provisioned { wanted, initialised: version.provided.saturating_sub(version.ahead), failed })
    }

    /// Said again it changes nothing: it only looks whether something is lacking.
    pub(super) fn provision(
        &mut self,
        now: Duration,
        key: &VersionKey,
        (at, memory_mb, wanted): (u64, u32, u32),
        effects: &mut Vec<Effect>,
    ) {
        let version = self.environments.versions.at(key);
        if self.environments.versions.is_stale(version) {
            return;
        }
        if self.environments.versions.learn(version) {
            self.end_retired(now, version.version, effects);
        }
        let (version, generation) = (version.version, version.generation);
        let known = self.provisions.by_version.get(&version).map(|provision| provision.at);
        if known.is_none_or(|known| known < at) {
            self.provisions.remove(version);
            let provision = Provision { at, generation, memory_mb, failures: 0, why: None, due: None };
            self.provisions.by_version.insert(version, provision);
            self.environments.versions.want(version, Some(wanted));
            self.environments.list_ready(version);
            self.give_up_surplus(now, version, effects);
        }
        self.provide(now, version, effects);
    }

    /// What is not initialised yet first; what is in use ends after its use.
    fn give_up_surplus(&mut self, now: Duration, version: u32, effects: &mut Vec<Effect>) {
        while self.environments.versions.has_surplus(version) {
            let next = self.environments.warming_of(version);
            let Some(place) = next.or_else(|| self.environments.take_ready(version)) else { return };
            self.stop(now, place, effects);
        }
    }

    /// Of a generation that is used no more.
    pub(super) fn forget_outdated(&mut self, version: u32) {
        let Some(provision) = self.provisions.by_version.get(&version) else { return };
        let at = super::versions::VersionAt { version, generation: provision.generation };
        if self.environments.versions.is_stale(at) {
            self.provisions.remove(version);
            self.environments.versions.want(version, None);
        }
    }

    /// Asks for what is lacking, as much as may be on its way.
    fn provide(&mut self, now: Duration, version: u32, effects: &mut Vec<Effect>) {
        let lacking = self.environments.versions.lacks(version);
        if !self.provisions.is_due(version, now) || lacking == 0 {
            return;
        }
        let Some(&Provision { generation, failures, .. }) = self.provisions.by_version.get(&version) else {
            return;
        };
        let versions = &self.environments.versions;
        // While they fail, one finds out whether they still do.
        let at_once = if failures == 0 { AHEAD_MAX } else { 1 };
        let count = lacking.min(at_once.saturating_sub(versions[version].ahead));
        if count > 0 {
            let key = versions.key(super::versions::VersionAt { version, generation });
            effects.push(Effect::Want { key, count });
        }
    }

    pub(super) fn provide_due(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        while let Some((_, version)) = self.provisions.due.first().copied().filter(|(due, _)| *due <= now) {
            self.provide(now, version, effects);
        }
    }

    /// One that is lacking is begun, if it still is.
    pub(super) fn plan(
        &mut self,
        now: Duration,
        key: VersionKey,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let versions = &mut self.environments.versions;
        let at = versions.at(&key);
        let Some(provision) = self.provisions.by_version.get(&at.version) else { return };
        let enough = versions.lacks(at.version) == 0 || versions[at.version].ahead >= AHEAD_MAX;
        if enough || provision.generation != at.generation || self.environments.find(environment).is_some() {
            return;
        }
        let memory_mb = provision.memory_mb;
        self.environments.planned(now, (environment, token), at, memory_mb);
        effects.push(Effect::Place { environment, key, memory_mb });
    }

    pub(super) fn placed_ahead(
        &mut self,
        now: Duration,
        place: Place,
        worker: WorkerId,
        effects: &mut Vec<Effect>,
    ) {
        let environment = self.environments[place].id;
        let version = self.environments[place].version;
        let versions = &self.environments.versions;
        let wanted = versions[version].is_told && !versions.has_surplus(version);
        if !wanted || self.environments.is_outdated(place) {
            self.environments.remove(place);
            effects.push(Effect::Release { environment });
            return;
        }
        self.environments.enter(now, place, Phase::Warming);
        self.environments.birth(place).born = NOT_ACCEPTED;
        self.begin(place, worker, effects);
    }

    /// What is idle, and nobody's, gives way to it; it is asked for again.
    pub(super) fn not_placed_ahead(
        &mut self,
        now: Duration,
        place: Place,
        ever: bool,
        effects: &mut Vec<Effect>,
    ) {
        let (version, memory_mb) = (self.environments[place].version, self.environments[place].memory_mb);
        self.environments.remove(place);
        if ever {
            self.note_failure(now, version, ProvisionFailure::TooLarge);
            return;
        }
        self.provisions.postpone(version, now + REPLACE_AFTER);
        let needed = self.waiters.room_mb() + u64::from(memory_mb);
        while self.environments.stopping_mb() < needed
            && let Some((_, place)) = self.environments.oldest_idle()
        {
            self.environments.forget_idle(place);
            self.stop(now, place, effects);
        }
    }

    fn note_failure(&mut self, now: Duration, version: u32, why: ProvisionFailure) {
        let Some(provision) = self.provisions.by_version.get_mut(&version) else { return };
        // Those that were begun together fail once.
        let again = u32::from(provision.due.is_none() || provision.failures == 0);
        provision.failures = match why {
            ProvisionFailure::Init => provision.failures.saturating_add(again),
            ProvisionFailure::TooLarge => FAILURES_MAX,
        };
        provision.why = Some(why);
        let doubled = RETRY_MIN * (1 << (provision.failures - 1).min(10));
        let pause = if why == ProvisionFailure::Init { doubled.min(RETRY_MAX) } else { RETRY_MAX };
        self.provisions.postpone(version, now + pause);
    }

    pub(super) fn not_initialised(
        &mut self,
        now: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
        effects: &mut Vec<Effect>,
    ) {
        let Some(place) = self.environments.find(environment) else { return };
        let phase = self.environments.phase(place);
        // One of an earlier epoch is unknown, or granted to nobody that is known.
        let is_its_first = match phase {
            Phase::Warming | Phase::Busy => {
                self.environments[place].token == token && !self.environments[place].used
            }
            Phase::Unknown => !self.environments[place].used,
            _ => false,
        };
        if !is_its_first || !self.environments.is_provisioned(place) {
            return;
        }
        self.note_failure(now, self.environments[place].version, ProvisionFailure::Init);
        if phase == Phase::Warming {
            self.accepted(place);
        }
        if phase != Phase::Unknown {
            self.stop(now, place, effects);
        }
    }

    /// Its worker took it; should it not be wanted any more, it is told so now that it knows it.
    pub(super) fn warms(&mut self, now: Duration, place: Place, effects: &mut Vec<Effect>) {
        self.accepted(place);
        let surplus = self.environments.versions.has_surplus(self.environments[place].version);
        if surplus || self.environments.is_outdated(place) {
            self.stop(now, place, effects);
        }
    }

    /// The first word of one that was made ahead.
    pub(super) fn initialised(&mut self, now: Duration, place: Place, effects: &mut Vec<Effect>) {
        let version = self.environments[place].version;
        if let Some(provision) = self.provisions.by_version.get_mut(&version) {
            (provision.failures, provision.why) = (0, None);
        }
        self.provide(now, version, effects);
    }

    /// One that was made ahead serves no more.
    pub(super) fn replace_later(&mut self, now: Duration, version: u32) {
        if self.environments.versions.lacks(version) > 0 {
            self.provisions.postpone(version, now + REPLACE_AFTER);
        }
    }
}
