//! The environments of a partition: where each stands, which are idle (most recently used on top), and which
//! generation of each version may still be used.

use super::Row;
use super::journal::Entry;
use super::waiters::Waiter;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::time::Duration;
use types::{AccountId, EnvironmentId, FunctionName, LeaseToken, Region, Version, VersionKey, WorkerId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Placing,
    Starting,
    Busy,
    Finishing,
    Idle,
    Stopping,
    /// Of an earlier epoch, and its worker has not said yet how it stands.
    Unknown,
}

impl Phase {
    /// Whether it counts against the account's concurrency.
    fn is_granted(self) -> bool {
        matches!(self, Self::Placing | Self::Starting | Self::Busy | Self::Finishing | Self::Unknown)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Placing | Self::Starting => "starting",
            Self::Busy => "busy",
            Self::Finishing => "finishing",
            Self::Idle => "idle",
            Self::Stopping => "stopping",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug)]
pub(super) struct Environment {
    pub(super) id: EnvironmentId,
    pub(super) key: VersionKey,
    /// Set by [`Environments::settle_on`].
    worker: Option<WorkerId>,
    pub(super) token: LeaseToken,
    pub(super) memory_mb: u32,
    /// How many workers had been greeted when its own accepted it: an older greeting's answer need not know it.
    pub(super) born: u64,
    /// The journal says that it is granted no more.
    pub(super) quarantined: bool,
    /// While unknown: the lease under which its worker said that it is idle.
    pub(super) heard_idle: Option<LeaseToken>,
    /// While granted: under which tokens, ours and its worker's, the worker's last report called it free.
    pub(super) called_free: Option<(LeaseToken, LeaseToken)>,
    /// [`super::Room::releases`] when placement was asked: an answer from before a release says nothing about now.
    pub(super) asked: u64,
    /// It has settled at least once, so it takes a lease under any token.
    pub(super) used: bool,
    phase: Phase,
    since: Duration,
}

impl Environment {
    pub(super) fn placing(now: Duration, waiter: &Waiter, asked: u64) -> Self {
        Self {
            id: waiter.environment,
            key: waiter.key.clone(),
            worker: None,
            token: waiter.token,
            memory_mb: waiter.memory_mb,
            born: 0,
            quarantined: false,
            heard_idle: None,
            called_free: None,
            asked,
            used: false,
            phase: Phase::Placing,
            since: now,
        }
    }

    /// Of an earlier epoch. Its token is not known until its worker says it.
    pub(super) fn unknown(now: Duration, id: EnvironmentId, entry: &Entry) -> Self {
        Self {
            id,
            key: entry.key.clone(),
            worker: None,
            token: LeaseToken(0),
            memory_mb: entry.memory_mb,
            born: 0,
            quarantined: entry.quarantined,
            heard_idle: None,
            called_free: None,
            asked: 0,
            used: entry.ready,
            phase: Phase::Unknown,
            since: now,
        }
    }

    pub(super) fn worker(&self) -> Option<&WorkerId> {
        self.worker.as_ref()
    }

    pub(super) fn since(&self) -> Duration {
        self.since
    }

    pub(super) fn enter(&mut self, now: Duration, phase: Phase) {
        self.phase = phase;
        self.since = now;
    }
}

/// A version whatever its generation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Slot {
    account: AccountId,
    region: Region,
    function: FunctionName,
    version: Version,
}

impl Slot {
    fn of(key: &VersionKey) -> Self {
        Self {
            account: key.account.clone(),
            region: key.region.clone(),
            function: key.function.clone(),
            version: key.version,
        }
    }
}

#[derive(Debug, Default)]
struct PerVersion {
    /// Most recently used last.
    idle: Vec<EnvironmentId>,
    finishing: usize,
    unknown: usize,
    live: usize,
}

#[derive(Debug, Default)]
pub(super) struct Environments {
    by_id: FxHashMap<EnvironmentId, Environment>,
    by_version: FxHashMap<VersionKey, PerVersion>,
    by_worker: FxHashMap<WorkerId, BTreeSet<EnvironmentId>>,
    /// Idle since when, oldest first: for reaping and for making room.
    idle_order: BTreeSet<(Duration, EnvironmentId)>,
    granted: FxHashMap<(AccountId, Region), u32>,
    /// What is being ended, MB: room that is on its way.
    stopping_mb: u64,
    /// Lowest generation of a version that may be used, learnt from updates and from acquires.
    generation_min: FxHashMap<Slot, u64>,
    /// The same for a whole function (it was deleted, perhaps made again).
    function_min: FxHashMap<(AccountId, Region, FunctionName), u64>,
}

impl Environments {
    pub(super) fn get(&self, id: EnvironmentId) -> Option<&Environment> {
        self.by_id.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: EnvironmentId) -> Option<&mut Environment> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn is_in(&self, id: EnvironmentId, phase: Phase) -> bool {
        self.by_id.get(&id).is_some_and(|env| env.phase == phase)
    }

    pub(super) fn stopping_mb(&self) -> u64 {
        self.stopping_mb
    }

    pub(super) fn insert(&mut self, env: Environment) {
        self.by_version.entry(env.key.clone()).or_default().live += 1;
        self.count(&env.key, Phase::Stopping, env.phase);
        self.by_id.insert(env.id, env);
    }

    pub(super) fn remove(&mut self, id: EnvironmentId) -> Option<Environment> {
        self.forget_idle(id);
        let env = self.by_id.remove(&id)?;
        if let Some(worker) = &env.worker
            && let Some(there) = self.by_worker.get_mut(worker)
        {
            there.remove(&id);
            if there.is_empty() {
                self.by_worker.remove(worker);
            }
        }
        self.count(&env.key, env.phase, Phase::Stopping);
        if env.phase == Phase::Stopping {
            self.stopping_mb -= u64::from(env.memory_mb);
        }
        if let Some(version) = self.by_version.get_mut(&env.key) {
            version.live -= 1;
            if version.live == 0 {
                self.by_version.remove(&env.key);
            }
        }
        Some(env)
    }

    /// Its worker is found. It keeps it for life.
    pub(super) fn settle_on(&mut self, id: EnvironmentId, worker: WorkerId) {
        let Some(env) = self.by_id.get_mut(&id) else { return };
        self.by_worker.entry(worker.clone()).or_default().insert(id);
        env.worker = Some(worker);
    }

    /// Those of one worker, in order.
    pub(super) fn of_worker(&self, worker: &WorkerId) -> Vec<EnvironmentId> {
        self.by_worker.get(worker).into_iter().flatten().copied().collect()
    }

    /// Moves to `phase`; `false` if it is there already or not known.
    pub(super) fn enter(&mut self, now: Duration, id: EnvironmentId, phase: Phase) -> bool {
        let Some(env) = self.by_id.get_mut(&id) else { return false };
        let before = env.phase;
        if before == phase {
            return false;
        }
        env.enter(now, phase);
        if phase == Phase::Stopping {
            self.stopping_mb += u64::from(env.memory_mb);
        }
        let counted = [Phase::Finishing, Phase::Unknown].iter().any(|one| [before, phase].contains(one));
        if before.is_granted() != phase.is_granted() || counted {
            let key = env.key.clone();
            self.count(&key, before, phase);
        }
        true
    }

    fn count(&mut self, key: &VersionKey, before: Phase, after: Phase) {
        if before.is_granted() != after.is_granted() {
            let account = (key.account.clone(), key.region.clone());
            let granted = self.granted.entry(account.clone()).or_default();
            if after.is_granted() {
                *granted += 1;
            } else {
                *granted = granted.saturating_sub(1);
            }
            if *granted == 0 {
                self.granted.remove(&account);
            }
        }
        if let Some(version) = self.by_version.get_mut(key) {
            let change = |count: &mut usize, phase: Phase| match (before == phase, after == phase) {
                (false, true) => *count += 1,
                (true, false) => *count = count.saturating_sub(1),
                _ => {}
            };
            change(&mut version.finishing, Phase::Finishing);
            change(&mut version.unknown, Phase::Unknown);
        }
    }

    pub(super) fn finishing(&mut self, now: Duration, id: EnvironmentId, token: LeaseToken) {
        if self.by_id.get(&id).is_some_and(|env| env.token == token && env.phase == Phase::Busy) {
            self.enter(now, id, Phase::Finishing);
        }
    }

    /// Whether this is the lease under which it is used now.
    pub(super) fn is_leased(&self, id: EnvironmentId, token: LeaseToken) -> bool {
        let used = |env: &Environment| matches!(env.phase, Phase::Busy | Phase::Finishing);
        self.by_id.get(&id).is_some_and(|env| env.token == token && used(env))
    }

    /// Hands it out under `token` (a cold one keeps the token that its worker was told).
    pub(super) fn grant(
        &mut self,
        now: Duration,
        id: EnvironmentId,
        token: LeaseToken,
        cold: bool,
    ) -> Option<(WorkerId, LeaseToken)> {
        self.enter(now, id, Phase::Busy);
        let env = self.by_id.get_mut(&id)?;
        if !cold {
            env.token = token;
        }
        Some((env.worker.clone()?, env.token))
    }

    /// It is free again under this token; answers its version, and whether this is the first time. An older token's
    /// report is ignored; what an unknown one's worker says is kept until it is known under which lease it runs.
    pub(super) fn settle(
        &mut self,
        now: Duration,
        id: EnvironmentId,
        token: LeaseToken,
    ) -> Option<(VersionKey, bool)> {
        let env = self.by_id.get_mut(&id)?;
        if env.phase == Phase::Unknown {
            env.heard_idle = Some(token);
        }
        if env.token != token || !matches!(env.phase, Phase::Busy | Phase::Finishing) {
            return None;
        }
        let first = !std::mem::replace(&mut env.used, true);
        let key = env.key.clone();
        self.enter(now, id, Phase::Idle);
        Some((key, first))
    }

    pub(super) fn push_idle(&mut self, now: Duration, id: EnvironmentId) {
        let Some(env) = self.by_id.get_mut(&id) else { return };
        env.since = now;
        let key = env.key.clone();
        self.by_version.entry(key).or_default().idle.push(id);
        self.idle_order.insert((now, id));
    }

    pub(super) fn take_idle(&mut self, key: &VersionKey) -> Option<EnvironmentId> {
        let id = self.by_version.get_mut(key)?.idle.pop()?;
        if let Some(env) = self.by_id.get(&id) {
            self.idle_order.remove(&(env.since, id));
        }
        Some(id)
    }

    pub(super) fn forget_idle(&mut self, id: EnvironmentId) {
        let Some(env) = self.by_id.get(&id) else { return };
        if self.idle_order.remove(&(env.since, id))
            && let Some(version) = self.by_version.get_mut(&env.key)
        {
            version.idle.retain(|other| *other != id);
        }
    }

    pub(super) fn oldest_idle(&self) -> Option<(Duration, EnvironmentId)> {
        self.idle_order.first().copied()
    }

    pub(super) fn finishing_of(&self, key: &VersionKey) -> usize {
        self.by_version.get(key).map_or(0, |version| version.finishing)
    }

    pub(super) fn unknown_of(&self, key: &VersionKey) -> usize {
        self.by_version.get(key).map_or(0, |version| version.unknown)
    }

    pub(super) fn concurrency(&self, key: &VersionKey) -> u32 {
        self.granted.get(&(key.account.clone(), key.region.clone())).copied().unwrap_or(0)
    }

    /// Of each account and region: what counts against its concurrency, and how much of it is unknown.
    pub(super) fn counted(&self) -> Vec<(AccountId, Region, u32, u32)> {
        let row = |((account, region), granted): (&(AccountId, Region), &u32)| {
            let unknown = self.by_id.values().filter(|env| {
                env.phase == Phase::Unknown && env.key.account == *account && env.key.region == *region
            });
            let unknown = u32::try_from(unknown.count()).unwrap_or(u32::MAX);
            (account.clone(), region.clone(), *granted, unknown)
        };
        self.granted.iter().map(row).collect()
    }

    /// What the journal should say of each that has a worker.
    pub(super) fn entries(&self) -> impl Iterator<Item = (EnvironmentId, Entry)> {
        self.by_id.values().filter_map(|env| {
            let (key, worker) = (env.key.clone(), env.worker.clone()?);
            let (memory_mb, ready, quarantined) = (env.memory_mb, env.used, env.quarantined);
            Some((env.id, Entry { key, memory_mb, worker, ready, quarantined }))
        })
    }

    /// A newer generation of this version is known.
    pub(super) fn is_stale(&self, key: &VersionKey) -> bool {
        let function = (key.account.clone(), key.region.clone(), key.function.clone());
        let least = self.generation_min.get(&Slot::of(key)).copied().unwrap_or(0);
        key.generation < least.max(self.function_min.get(&function).copied().unwrap_or(0))
    }

    /// Takes the generation of an acquire as known; `true` if an older one was known, so that there may be some of
    /// it. The first that is heard of a version makes nothing stale.
    pub(super) fn learn_generation(&mut self, key: &VersionKey) -> bool {
        let least = self.generation_min.entry(Slot::of(key)).or_default();
        let before = std::mem::replace(least, key.generation.max(*least));
        before != 0 && before < key.generation
    }

    pub(super) fn retire(
        &mut self,
        account: AccountId,
        region: Region,
        function: FunctionName,
        version: Option<Version>,
        generation_min: u64,
    ) {
        let least = match version {
            Some(version) => {
                self.generation_min.entry(Slot { account, region, function, version }).or_default()
            }
            None => {
                // The function is gone: what was known of its versions is covered by the function's own entry.
                self.generation_min.retain(|slot, _| {
                    slot.account != account || slot.region != region || slot.function != function
                });
                self.function_min.entry((account, region, function)).or_default()
            }
        };
        *least = generation_min.max(*least);
    }

    /// Idle environments of stale generations, no longer idle in our books.
    pub(super) fn take_retired_idle(&mut self) -> Vec<EnvironmentId> {
        let stale: Vec<EnvironmentId> = self
            .by_version
            .iter()
            .filter(|(key, version)| !version.idle.is_empty() && self.is_stale(key))
            .flat_map(|(_, version)| version.idle.iter().copied())
            .collect();
        for id in &stale {
            self.forget_idle(*id);
        }
        stale
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |env: &Environment| Row {
            environment: env.id,
            key: env.key.clone(),
            worker: env.worker.clone(),
            state: env.phase.name(),
            since: env.since,
        };
        let mut rows: Vec<Row> = self.by_id.values().map(row).collect();
        rows.sort_by_key(|row| row.environment);
        rows
    }
}
