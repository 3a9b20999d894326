//! The environments of a partition: where each stands and which are idle (most recently used on top).
//!
//! The warm path touches one cache line of an environment ([`Environment`]), one of its version and one of its function;
//! what only a cold start needs lies apart ([`Birth`]). An environment is found by its id once a step and named by its
//! place in the table from then on. Lists run through the entries: no list is searched, and none has memory of its own.

mod idle;

use super::Row;
use super::journal::Entry;
use super::versions::{NONE, Step, VersionAt, Versions, number};
use super::waiters::Waiter;
use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::time::Duration;
use types::{AccountId, EnvironmentId, LeaseToken, Region, VersionKey, WorkerId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Placing,
    Starting,
    /// As `Placing` and `Starting`, of one that is made ahead: for nobody, so it counts against nothing.
    Planned,
    Warming,
    Busy,
    Finishing,
    Idle,
    Stopping,
    /// Of an earlier epoch, and its worker has not said yet how it stands.
    Unknown,
}

impl Phase {
    /// Whether it counts against concurrency. Not one that finishes: its caller has the answer, and whoever calls again
    /// at once, as often as it may have in progress, must find room.
    fn is_granted(self) -> bool {
        matches!(self, Self::Placing | Self::Starting | Self::Busy | Self::Unknown)
    }

    /// It is on its way, and nobody waits for it.
    fn is_ahead(self) -> bool {
        matches!(self, Self::Planned | Self::Warming)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Placing | Self::Starting | Self::Planned | Self::Warming => "starting",
            Self::Busy => "busy",
            Self::Finishing => "finishing",
            Self::Idle => "idle",
            Self::Stopping => "stopping",
            Self::Unknown => "unknown",
        }
    }
}

/// An environment's place in the table, until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// What the warm path needs, and no more than a cache line holds.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Environment {
    pub(super) id: EnvironmentId,
    pub(super) token: LeaseToken,
    /// In this phase since when, ns.
    since: u64,
    pub(super) version: u32,
    worker: u32,
    pub(super) memory_mb: u32,
    /// While idle: used before and after it, of all that are idle and not ready.
    older: u32,
    newer: u32,
    /// The same of its version.
    below: u32,
    above: u32,
    phase: Phase,
    /// It has settled at least once, so it takes a lease under any token.
    pub(super) used: bool,
    /// The journal says that it is granted no more.
    pub(super) quarantined: bool,
    listed: Listed,
}

/// [`Birth::born`] of one that no worker is known to have accepted: no report need know it.
pub(super) const NOT_ACCEPTED: u64 = u64::MAX;

/// In which list of its version it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    No,
    Idle,
    /// Made ahead and wanted so: it is never reaped and gives way to nobody.
    Ready,
}

const _: () = assert!(size_of::<Environment>() == 64, "one cache line");

/// The rest.
#[derive(Debug)]
pub(super) struct Birth {
    pub(super) generation: u64,
    /// It was made ahead.
    pub(super) provisioned: bool,
    /// How many workers had been greeted when its own accepted it: an older greeting's answer need not know it.
    pub(super) born: u64,
    /// [`super::Room::releases`] when placement was asked: an answer from before a release says nothing about now.
    pub(super) asked: u64,
    /// While unknown: the lease under which its worker said that it is idle.
    pub(super) heard_idle: Option<LeaseToken>,
    /// While granted: under which tokens, ours and its worker's, the worker's last report called it free.
    pub(super) called_free: Option<(LeaseToken, LeaseToken)>,
    /// Of its worker's environments.
    next: u32,
    previous: u32,
}

#[derive(Debug)]
struct Host {
    id: WorkerId,
    first: u32,
}

#[derive(Debug, Default)]
pub(super) struct Environments {
    pub(super) versions: Versions,
    table: Vec<Environment>,
    births: Vec<Birth>,
    free: Vec<u32>,
    by_id: HashTable<u32>,
    hosts: Vec<Host>,
    hosts_free: Vec<u32>,
    by_worker: FxHashMap<WorkerId, u32>,
    /// The ends of the list of all that are idle.
    idle: Option<(u32, u32)>,
    /// What is being ended, MB: room that is on its way.
    stopping_mb: u64,
    /// Versions of which one that was made ahead is lost, since this was last looked at.
    lost: Vec<u32>,
}

fn hash(id: EnvironmentId) -> u64 {
    let mut hasher = FxHasher::default();
    u128::from_ne_bytes(id.0).hash(&mut hasher);
    hasher.finish()
}

fn nanoseconds(now: Duration) -> u64 {
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

impl std::ops::Index<Place> for Environments {
    type Output = Environment;
    fn index(&self, place: Place) -> &Environment {
        &self.table[place.0 as usize]
    }
}

impl std::ops::IndexMut<Place> for Environments {
    fn index_mut(&mut self, place: Place) -> &mut Environment {
        &mut self.table[place.0 as usize]
    }
}

impl Environments {
    pub(super) fn find(&self, id: EnvironmentId) -> Option<Place> {
        let found = self.by_id.find(hash(id), |&idx| self.table[idx as usize].id == id);
        found.map(|idx| Place(*idx))
    }

    pub(super) fn birth(&mut self, place: Place) -> &mut Birth {
        &mut self.births[place.0 as usize]
    }

    pub(super) fn phase(&self, place: Place) -> Phase {
        self[place].phase
    }

    pub(super) fn since(&self, place: Place) -> Duration {
        Duration::from_nanos(self[place].since)
    }

    pub(super) fn is_in(&self, id: EnvironmentId, phase: Phase) -> Option<Place> {
        self.find(id).filter(|place| self[*place].phase == phase)
    }

    /// The version that it serves, in its generation.
    pub(super) fn at(&self, place: Place) -> VersionAt {
        let generation = self.births[place.0 as usize].generation;
        VersionAt { version: self[place].version, generation }
    }

    pub(super) fn key(&self, place: Place) -> VersionKey {
        self.versions.key(self.at(place))
    }

    pub(super) fn worker(&self, place: Place) -> Option<&WorkerId> {
        self.hosts.get(self[place].worker as usize).map(|host| &host.id)
    }

    /// Made ahead, and told so by its version.
    pub(super) fn is_provisioned(&self, place: Place) -> bool {
        self.versions[self[place].version].is_told && self.births[place.0 as usize].provisioned
    }

    pub(super) fn next_lost(&mut self) -> Option<u32> {
        self.lost.pop()
    }

    pub(super) fn stopping_mb(&self) -> u64 {
        self.stopping_mb
    }

    /// For a waiter, placement being asked. `asked`: see [`Birth::asked`].
    pub(super) fn placing(&mut self, now: Duration, waiter: &Waiter, asked: u64) {
        let place = self.insert(now, waiter.environment, waiter.at, waiter.memory_mb, Phase::Placing);
        self[place].token = waiter.token;
        self.birth(place).asked = asked;
    }

    /// For nobody, placement being asked.
    pub(super) fn planned(
        &mut self,
        now: Duration,
        (id, token): (EnvironmentId, LeaseToken),
        at: VersionAt,
        memory_mb: u32,
    ) {
        let place = self.insert(now, id, at, memory_mb, Phase::Planned);
        self[place].token = token;
        self.provide(place);
    }

    /// It is one that is made ahead.
    fn provide(&mut self, place: Place) {
        self.birth(place).provisioned = true;
        let version = self[place].version;
        self.versions[version].provided += 1;
    }

    /// One that was made ahead serves no more.
    fn lose(&mut self, place: Place) {
        if self.births[place.0 as usize].provisioned {
            let version = self[place].version;
            self.versions[version].provided -= 1;
            self.lost.push(version);
        }
    }

    /// Of an earlier epoch. Its token is not known until its worker says it.
    pub(super) fn unknown(&mut self, now: Duration, id: EnvironmentId, entry: &Entry) {
        let at = self.versions.at(&entry.key);
        // Who made it knew of this generation.
        self.versions.learn(at);
        let place = self.insert(now, id, at, entry.memory_mb, Phase::Unknown);
        let env = &mut self[place];
        (env.used, env.quarantined) = (entry.ready, entry.quarantined);
        self.settle_on(place, &entry.worker);
        if entry.provisioned {
            self.provide(place);
        }
    }

    fn insert(
        &mut self,
        now: Duration,
        id: EnvironmentId,
        at: VersionAt,
        memory_mb: u32,
        phase: Phase,
    ) -> Place {
        let env = Environment {
            id,
            token: LeaseToken(0),
            since: nanoseconds(now),
            version: at.version,
            worker: NONE,
            memory_mb,
            older: NONE,
            newer: NONE,
            below: NONE,
            above: NONE,
            phase,
            used: false,
            quarantined: false,
            listed: Listed::No,
        };
        let generation = at.generation;
        let birth = Birth {
            generation,
            provisioned: false,
            born: 0,
            asked: 0,
            heard_idle: None,
            called_free: None,
            next: NONE,
            previous: NONE,
        };
        let idx = match self.free.pop() {
            Some(idx) => {
                (self.table[idx as usize], self.births[idx as usize]) = (env, birth);
                idx
            }
            None => {
                self.table.push(env);
                self.births.push(birth);
                number(self.table.len() - 1)
            }
        };
        let table = &self.table;
        self.by_id.insert_unique(hash(id), idx, |&idx| hash(table[idx as usize].id));
        self.versions[at.version].live += 1;
        self.versions[at.version].mixed |= self.versions.is_stale(at);
        self.count(Place(idx), Phase::Stopping, phase);
        Place(idx)
    }

    pub(super) fn remove(&mut self, place: Place) {
        self.forget_idle(place);
        self.leave_host(place);
        let (id, phase, memory_mb) = (self[place].id, self[place].phase, self[place].memory_mb);
        self.count(place, phase, Phase::Stopping);
        if phase == Phase::Stopping {
            self.stopping_mb -= u64::from(memory_mb);
        } else {
            self.lose(place);
        }
        let version = self[place].version;
        let version = &mut self.versions[version];
        version.live -= 1;
        version.mixed &= version.live > 0;
        if let Ok(entry) = self.by_id.find_entry(hash(id), |&idx| idx == place.0) {
            entry.remove();
        }
        self.free.push(place.0);
    }

    /// Its worker is found. It keeps it for life.
    pub(super) fn settle_on(&mut self, place: Place, worker: &WorkerId) {
        let host = match self.by_worker.get(worker) {
            Some(host) => *host,
            None => self.add_host(worker),
        };
        let first = std::mem::replace(&mut self.hosts[host as usize].first, place.0);
        if let Some(birth) = self.births.get_mut(first as usize) {
            birth.previous = place.0;
        }
        self.birth(place).next = first;
        self[place].worker = host;
    }

    fn add_host(&mut self, worker: &WorkerId) -> u32 {
        let host = Host { id: worker.clone(), first: NONE };
        let idx = match self.hosts_free.pop() {
            Some(idx) => {
                self.hosts[idx as usize] = host;
                idx
            }
            None => {
                self.hosts.push(host);
                number(self.hosts.len() - 1)
            }
        };
        self.by_worker.insert(worker.clone(), idx);
        idx
    }

    fn leave_host(&mut self, place: Place) {
        let host = self[place].worker;
        if host == NONE {
            return;
        }
        let (previous, next) = (self.birth(place).previous, self.birth(place).next);
        if let Some(birth) = self.births.get_mut(next as usize) {
            birth.previous = previous;
        }
        match self.births.get_mut(previous as usize) {
            Some(birth) => birth.next = next,
            None => self.hosts[host as usize].first = next,
        }
        if self.hosts[host as usize].first == NONE {
            self.by_worker.remove(&self.hosts[host as usize].id);
            self.hosts_free.push(host);
        }
    }

    /// Those of one worker, in order.
    pub(super) fn of_worker(&self, worker: &WorkerId) -> Vec<EnvironmentId> {
        let host = self.by_worker.get(worker).map(|host| self.hosts[*host as usize].first);
        let mut next = host.unwrap_or(NONE);
        let mut there = Vec::new();
        while let Some(env) = self.table.get(next as usize) {
            there.push(env.id);
            next = self.births[next as usize].next;
        }
        there.sort_unstable();
        there
    }

    /// Moves to `phase`; `false` if it is there already.
    pub(super) fn enter(&mut self, now: Duration, place: Place, phase: Phase) -> bool {
        let env = &mut self[place];
        let before = std::mem::replace(&mut env.phase, phase);
        if before == phase {
            return false;
        }
        env.since = nanoseconds(now);
        let memory_mb = env.memory_mb;
        if phase == Phase::Stopping {
            self.stopping_mb += u64::from(memory_mb);
            self.lose(place);
        }
        self.count(place, before, phase);
        true
    }

    fn count(&mut self, place: Place, before: Phase, after: Phase) {
        let version = self[place].version;
        match (before.is_granted(), after.is_granted()) {
            (false, true) => self.versions.count_granted(version, Step::Up),
            (true, false) => self.versions.count_granted(version, Step::Down),
            _ => {}
        }
        match (before.is_ahead(), after.is_ahead()) {
            (false, true) => self.versions[version].ahead += 1,
            (true, false) => self.versions[version].ahead -= 1,
            _ => {}
        }
        let counted = |phase| matches!(phase, Phase::Finishing | Phase::Unknown);
        if !counted(before) && !counted(after) {
            return;
        }
        if self.versions[version].mixed && self.versions.is_stale(self.at(place)) {
            return;
        }
        let version = &mut self.versions[version];
        let change = |count: &mut u32, phase: Phase| match (before == phase, after == phase) {
            (false, true) => *count += 1,
            (true, false) => *count = count.saturating_sub(1),
            _ => {}
        };
        change(&mut version.finishing, Phase::Finishing);
        change(&mut version.unknown, Phase::Unknown);
    }

    pub(super) fn finishing(&mut self, now: Duration, id: EnvironmentId, token: LeaseToken) {
        let Some(place) = self.find(id) else { return };
        if self[place].token == token && self[place].phase == Phase::Busy {
            self.enter(now, place, Phase::Finishing);
        }
    }

    /// Whether this is the lease under which it is used now.
    pub(super) fn is_leased(&self, place: Place, token: LeaseToken) -> bool {
        let env = &self[place];
        env.token == token && matches!(env.phase, Phase::Busy | Phase::Finishing | Phase::Warming)
    }

    /// It is free again under this token; answers whether this is the first time. An older token's report is ignored;
    /// what an unknown one's worker says is kept until it is known under which lease it runs.
    pub(super) fn settle(&mut self, now: Duration, place: Place, token: LeaseToken) -> Option<bool> {
        if self[place].phase == Phase::Unknown {
            self.birth(place).heard_idle = Some(token);
        }
        if !self.is_leased(place, token) {
            return None;
        }
        let first = !std::mem::replace(&mut self[place].used, true);
        self.enter(now, place, Phase::Idle);
        Some(first)
    }

    /// A newer generation than its own is known.
    pub(super) fn is_outdated(&self, place: Place) -> bool {
        self.versions[self[place].version].mixed && self.versions.is_stale(self.at(place))
    }

    /// One of those that warm, and that its worker knows: who does not might be told to end it before it is told to make it.
    pub(super) fn warming_of(&self, version: u32) -> Option<Place> {
        let is_it = |idx: &&u32| {
            let env = &self.table[**idx as usize];
            let accepted = self.births[**idx as usize].born != NOT_ACCEPTED;
            env.version == version && env.phase == Phase::Warming && accepted
        };
        self.by_id.iter().find(is_it).map(|idx| Place(*idx))
    }

    /// Of each account and region: what counts against its concurrency, and how much of it is unknown.
    pub(super) fn counted(&self) -> Vec<(AccountId, Region, u32, u32)> {
        let accounts = self.versions.accounts().enumerate();
        accounts
            .map(|(idx, (account, region, granted))| {
                let places = self.by_id.iter().map(|place| Place(*place));
                let unknown = places.filter(|place| {
                    self.may_be_granted_to_nobody(*place)
                        && self.versions.account_of(self[*place].version) == idx
                });
                (account.clone(), region.clone(), granted, number(unknown.count()))
            })
            .collect()
    }

    /// Counted as granted until more is known: an earlier leader granted it or did not. Of one that was made ahead, and has
    /// never said that it is idle, the worker says that it is taken, while it initialises as well.
    fn may_be_granted_to_nobody(&self, place: Place) -> bool {
        let (env, provisioned) = (&self[place], self.births[place.0 as usize].provisioned);
        env.phase == Phase::Unknown || (env.phase == Phase::Busy && provisioned && !env.used)
    }

    /// Whether what is counted of environments that are made ahead is what there is, and each in the list where it belongs.
    pub(super) fn provisions_add_up(&self) -> bool {
        let mut counts: Vec<(u32, u32)> = self.versions.numbers().map(|_| (0, 0)).collect();
        for idx in &self.by_id {
            let (env, provisioned) = (&self.table[*idx as usize], self.births[*idx as usize].provisioned);
            let (provided, ahead) = &mut counts[env.version as usize];
            *provided += u32::from(provisioned && env.phase != Phase::Stopping);
            *ahead += u32::from(env.phase.is_ahead());
            let belongs = match env.listed {
                Listed::No => true,
                Listed::Idle => !self.is_provisioned(Place(*idx)),
                Listed::Ready => self.is_provisioned(Place(*idx)) && !self.versions.has_surplus(env.version),
            };
            // What is not wanted any more does not warm.
            let accepted = self.births[*idx as usize].born != NOT_ACCEPTED;
            let surplus = env.phase == Phase::Warming && accepted && self.versions.has_surplus(env.version);
            if !belongs || surplus || (env.phase.is_ahead() && !provisioned) {
                return false;
            }
        }
        let known = self.versions.numbers().map(|version| &self.versions[version]);
        known.map(|version| (version.provided, version.ahead)).eq(counts) && self.versions.adds_up()
    }

    /// What the journal should say of each that has a worker.
    pub(super) fn entries(&self) -> impl Iterator<Item = (EnvironmentId, Entry)> {
        self.by_id.iter().filter_map(|idx| {
            let place = Place(*idx);
            let (key, worker) = (self.key(place), self.worker(place)?.clone());
            let env = &self[place];
            let (memory_mb, ready, quarantined) = (env.memory_mb, env.used, env.quarantined);
            let provisioned = self.births[*idx as usize].provisioned;
            Some((env.id, Entry { key, memory_mb, worker, provisioned, ready, quarantined }))
        })
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |idx: &u32| {
            let place = Place(*idx);
            Row {
                environment: self[place].id,
                key: self.key(place),
                worker: self.worker(place).cloned(),
                state: self[place].phase.name(),
                since: Duration::from_nanos(self[place].since),
            }
        };
        let mut rows: Vec<Row> = self.by_id.iter().map(row).collect();
        rows.sort_by_key(|row| row.environment);
        rows
    }
}
