//! Accounts, functions and versions, each an entry of a table named by its number, so that the warm path hashes a key
//! once and copies none.
//!
//! ```text
//! Version ──► Function ──► Account          counts go up along the arrows
//!    ▲ └ next ─► Version (of the same function)
//!    └── Environment, Waiter
//! ```
//! Entries stay: what a leader has learnt of a version (its generation, above all) outlives its last environment. They
//! are bounded by the versions that were invoked during the reign.
//!
//! A version's environments are of its newest known generation, or stale: [`Version::least`] is both the lowest
//! generation that may be used and the highest that was heard of.

use super::{Refusal, Settings};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;
use types::{AccountId, ConcurrencyShare, FunctionName, Region, VersionKey};

/// Names nothing: the end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// A version in one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct VersionAt {
    pub(super) version: u32,
    pub(super) generation: u64,
}

/// Whether the durable truth was asked for a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    Unread,
    Reading,
    Read,
}

#[derive(Debug)]
pub(super) struct Version {
    pub(super) function: u32,
    /// The next one of the function.
    next: u32,
    pub(super) number: types::Version,
    least: u64,
    /// Most recently used first: a list through the environments.
    pub(super) idle: u32,
    pub(super) finishing: u32,
    pub(super) unknown: u32,
    pub(super) live: u32,
    pub(super) revision: Revision,
    /// Some of its environments are of older generations.
    pub(super) mixed: bool,
    /// It is known how many environments are to be made ahead: of others, what was made ahead is as any.
    pub(super) is_told: bool,
    /// So many.
    wanted: u32,
    /// The same, as there are: on their way, idle or in use.
    pub(super) provided: u32,
    /// Of these, on their way.
    pub(super) ahead: u32,
    /// Of these, idle: a list as `idle` is, and handed out before it.
    pub(super) ready: u32,
    /// Granted and waiting. What is over `wanted` counts against what its function shares.
    in_progress: u32,
}

#[derive(Debug)]
struct Function {
    account: u32,
    name: FunctionName,
    /// Its first version in the list.
    versions: u32,
    /// Environments that are granted or on their way to a grant.
    granted: u32,
    /// Waiters that have no environment yet.
    waiting: u32,
    reserved: Option<u32>,
    /// What its versions want made ahead, together.
    wanted: u32,
    /// In progress over that, version by version.
    over: u32,
    /// When that was set, in control's numbers.
    share_at: u64,
    /// Of every version, also of those that are not known yet.
    least: u64,
    /// When the ramp's bucket is full again.
    ramp_full: Duration,
}

#[derive(Debug)]
struct Account {
    id: AccountId,
    region: Region,
    granted: u32,
    waiting: u32,
    /// Granted and waiting, of functions that reserve nothing, over what is made ahead for them.
    unreserved: u32,
}

#[derive(Debug, Default)]
pub(super) struct Versions {
    versions: Vec<Version>,
    functions: Vec<Function>,
    accounts: Vec<Account>,
    by_key: HashTable<u32>,
    by_function: HashTable<u32>,
    by_account: HashTable<u32>,
}

/// One more or one less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Up,
    Down,
}

impl Step {
    fn of(self, count: &mut u32) {
        *count = match self {
            Self::Up => count.saturating_add(1),
            Self::Down => count.saturating_sub(1),
        };
    }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}

impl std::ops::Index<u32> for Versions {
    type Output = Version;
    fn index(&self, version: u32) -> &Version {
        &self.versions[version as usize]
    }
}

impl std::ops::IndexMut<u32> for Versions {
    fn index_mut(&mut self, version: u32) -> &mut Version {
        &mut self.versions[version as usize]
    }
}

impl Versions {
    /// The version of the key, and its generation.
    pub(super) fn at(&mut self, key: &VersionKey) -> VersionAt {
        let (functions, accounts, versions) = (&self.functions, &self.accounts, &self.versions);
        let is_it = |&idx: &u32| {
            let version = &versions[idx as usize];
            let function = &functions[version.function as usize];
            let account = &accounts[function.account as usize];
            version.number == key.version
                && function.name == key.function
                && account.id == key.account
                && account.region == key.region
        };
        let found = self.by_key.find(hash((&key.function, key.version, &key.account, &key.region)), is_it);
        let version = match found {
            Some(version) => *version,
            None => self.add_version(key),
        };
        VersionAt { version, generation: key.generation }
    }

    fn add_version(&mut self, key: &VersionKey) -> u32 {
        let function = self.function(&key.account, &key.region, &key.function);
        let entry = &mut self.functions[function as usize];
        let idx = number(self.versions.len());
        let next = std::mem::replace(&mut entry.versions, idx);
        self.versions.push(Version {
            function,
            next,
            number: key.version,
            least: entry.least,
            idle: NONE,
            finishing: 0,
            unknown: 0,
            live: 0,
            revision: Revision::Unread,
            mixed: false,
            is_told: false,
            wanted: 0,
            provided: 0,
            ahead: 0,
            ready: NONE,
            in_progress: 0,
        });
        let (functions, accounts, versions) = (&self.functions, &self.accounts, &self.versions);
        let rehash = |&idx: &u32| {
            let version = &versions[idx as usize];
            let function = &functions[version.function as usize];
            let account = &accounts[function.account as usize];
            hash((&function.name, version.number, &account.id, &account.region))
        };
        self.by_key.insert_unique(rehash(&idx), idx, rehash);
        idx
    }

    fn function(&mut self, account: &AccountId, region: &Region, name: &FunctionName) -> u32 {
        let account = self.account(account, region);
        let hash = |account: u32, name: &FunctionName| hash((account, name));
        let functions = &self.functions;
        let is_it = |&idx: &u32| {
            let function = &functions[idx as usize];
            function.account == account && function.name == *name
        };
        if let Some(function) = self.by_function.find(hash(account, name), is_it) {
            return *function;
        }
        let idx = number(self.functions.len());
        self.functions.push(Function {
            account,
            name: name.clone(),
            versions: NONE,
            granted: 0,
            waiting: 0,
            reserved: None,
            wanted: 0,
            over: 0,
            share_at: 0,
            least: 0,
            ramp_full: Duration::ZERO,
        });
        let functions = &self.functions;
        let rehash = |&idx: &u32| hash(functions[idx as usize].account, &functions[idx as usize].name);
        self.by_function.insert_unique(rehash(&idx), idx, rehash);
        idx
    }

    fn account(&mut self, id: &AccountId, region: &Region) -> u32 {
        if let Some(account) = self.find_account(id, region) {
            return account;
        }
        let idx = number(self.accounts.len());
        let (id, region) = (id.clone(), region.clone());
        self.accounts.push(Account { id, region, granted: 0, waiting: 0, unreserved: 0 });
        let accounts = &self.accounts;
        let rehash = |&idx: &u32| hash((&accounts[idx as usize].id, &accounts[idx as usize].region));
        self.by_account.insert_unique(rehash(&idx), idx, rehash);
        idx
    }

    fn find_account(&self, id: &AccountId, region: &Region) -> Option<u32> {
        let is_it = |&idx: &u32| {
            let account = &self.accounts[idx as usize];
            account.id == *id && account.region == *region
        };
        self.by_account.find(hash((id, region)), is_it).copied()
    }

    pub(super) fn key(&self, at: VersionAt) -> VersionKey {
        let version = &self[at.version];
        let function = &self.functions[version.function as usize];
        let account = &self.accounts[function.account as usize];
        VersionKey {
            account: account.id.clone(),
            region: account.region.clone(),
            function: function.name.clone(),
            version: version.number,
            generation: at.generation,
        }
    }

    /// A newer generation is known.
    pub(super) fn is_stale(&self, at: VersionAt) -> bool {
        at.generation < self[at.version].least
    }

    /// No older generation than this may be used; `true` if an older one was known, so that there may be some of it.
    pub(super) fn learn(&mut self, at: VersionAt) -> bool {
        let version = &mut self[at.version];
        if at.generation <= version.least {
            return false;
        }
        let known = std::mem::replace(&mut version.least, at.generation) != 0;
        version.mixed = version.live > 0;
        // These are counted of the newest generation only.
        version.finishing = 0;
        version.unknown = 0;
        known
    }

    /// The same for every version of a function, now and later; answers those of which there may be older ones.
    pub(super) fn learn_all(
        &mut self,
        account: &AccountId,
        region: &Region,
        name: &FunctionName,
        generation: u64,
    ) -> Vec<u32> {
        let function = self.function(account, region, name);
        let entry = &mut self.functions[function as usize];
        entry.least = generation.max(entry.least);
        let mut next = entry.versions;
        let mut versions = Vec::new();
        while next != NONE {
            versions.push(next);
            next = self[next].next;
        }
        versions.retain(|&version| self.learn(VersionAt { version, generation }));
        versions
    }

    /// What is reserved for a function, of which `false` says that something newer is known.
    pub(super) fn learn_share(&mut self, version: u32, at: u64, reserved: Option<u32>) -> bool {
        let function = self[version].function;
        self.share_of(function, at, reserved)
    }

    pub(super) fn learn_share_of(
        &mut self,
        account: &AccountId,
        region: &Region,
        name: &FunctionName,
        at: u64,
        reserved: Option<u32>,
    ) {
        let function = self.function(account, region, name);
        self.share_of(function, at, reserved);
    }

    fn share_of(&mut self, function: u32, at: u64, reserved: Option<u32>) -> bool {
        let function = &mut self.functions[function as usize];
        if at <= function.share_at {
            return at == function.share_at;
        }
        function.share_at = at;
        // From one pool to the other, with all that it has in progress.
        let (before, after) = (function.reserved.is_some(), reserved.is_some());
        function.reserved = reserved;
        let account = &mut self.accounts[function.account as usize];
        let moved = function.over;
        match (before, after) {
            (false, true) => account.unreserved = account.unreserved.saturating_sub(moved),
            (true, false) => account.unreserved += moved,
            _ => {}
        }
        true
    }

    /// Whether one more may be in progress.
    pub(super) fn admit(
        &self,
        version: u32,
        share: &ConcurrencyShare,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let function = &self.functions[self[version].function as usize];
        let account = &self.accounts[function.account as usize];
        // What is made ahead for it is its own, used or not: nobody else's, and not its other versions'.
        let own = self[version].in_progress < self[version].wanted;
        if let Some(reserved) = function.reserved
            && (function.granted + function.waiting >= reserved
                || !own && function.over + function.wanted >= reserved)
        {
            return Err(Refusal::ReservedConcurrencyLimit);
        }
        let shared = !own && function.reserved.is_none() && account.unreserved >= share.unreserved;
        if shared || account.granted + account.waiting >= settings.concurrency_max {
            return Err(Refusal::ConcurrencyLimit);
        }
        Ok(())
    }

    /// An environment enters or leaves the concurrency.
    pub(super) fn count_granted(&mut self, version: u32, step: Step) {
        let function = &mut self.functions[self.versions[version as usize].function as usize];
        let account = &mut self.accounts[function.account as usize];
        step.of(&mut function.granted);
        step.of(&mut account.granted);
        self.count_progress(version, step);
    }

    fn count_progress(&mut self, version: u32, step: Step) {
        let version = &mut self.versions[version as usize];
        let higher = version.in_progress.saturating_add(u32::from(step == Step::Up));
        step.of(&mut version.in_progress);
        if higher <= version.wanted {
            return;
        }
        let function = &mut self.functions[version.function as usize];
        step.of(&mut function.over);
        if function.reserved.is_none() {
            step.of(&mut self.accounts[function.account as usize].unreserved);
        }
    }

    /// So many environments of the version are to be made ahead; `None`: it is not known any more.
    pub(super) fn want(&mut self, version: u32, wanted: Option<u32>) {
        let entry = &mut self.versions[version as usize];
        entry.is_told = wanted.is_some();
        let before = std::mem::replace(&mut entry.wanted, wanted.unwrap_or(0));
        let over = |wanted| entry.in_progress.saturating_sub(wanted);
        let (over_before, over_after) = (over(before), over(entry.wanted));
        let function = &mut self.functions[entry.function as usize];
        function.wanted = function.wanted.saturating_sub(before).saturating_add(entry.wanted);
        function.over = function.over.saturating_sub(over_before) + over_after;
        if function.reserved.is_none() {
            let account = &mut self.accounts[function.account as usize];
            account.unreserved = account.unreserved.saturating_sub(over_before) + over_after;
        }
    }

    /// More of it are to be made ahead.
    pub(super) fn lacks(&self, version: u32) -> u32 {
        self[version].wanted.saturating_sub(self[version].provided)
    }

    /// Fewer of it are to be there than were made ahead.
    pub(super) fn has_surplus(&self, version: u32) -> bool {
        self[version].is_told && self[version].provided > self[version].wanted
    }

    pub(super) fn wanted(&self, version: u32) -> u32 {
        self[version].wanted
    }

    /// Whether what is counted of versions adds up in their functions and accounts.
    pub(super) fn adds_up(&self) -> bool {
        let mut functions: Vec<(u32, u32)> = vec![(0, 0); self.functions.len()];
        for version in &self.versions {
            let (wanted, over) = &mut functions[version.function as usize];
            *wanted += version.wanted;
            *over += version.in_progress.saturating_sub(version.wanted);
        }
        let mut accounts = vec![0; self.accounts.len()];
        for function in self.functions.iter().filter(|function| function.reserved.is_none()) {
            accounts[function.account as usize] += function.over;
        }
        let known = self.functions.iter().map(|function| (function.wanted, function.over));
        known.eq(functions) && self.accounts.iter().map(|account| account.unreserved).eq(accounts)
    }

    /// Every version by its number.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..number(self.versions.len())
    }

    /// The same of a waiter without an environment.
    pub(super) fn count_waiting(&mut self, version: u32, step: Step) {
        let function = &mut self.functions[self.versions[version as usize].function as usize];
        let account = &mut self.accounts[function.account as usize];
        step.of(&mut function.waiting);
        step.of(&mut account.waiting);
        self.count_progress(version, step);
    }

    /// One new environment out of the function's bucket; `false` if it is empty.
    ///
    /// The bucket is kept as the moment when it is full again: `new_max` environments are `new_period` away from it.
    pub(super) fn take_new(&mut self, version: u32, now: Duration, settings: &Settings) -> bool {
        let function = &mut self.functions[self.versions[version as usize].function as usize];
        let full = function.ramp_full.max(now) + settings.new_each();
        if full > now + settings.new_period {
            return false;
        }
        function.ramp_full = full;
        true
    }

    /// It was not made after all.
    pub(super) fn give_back_new(&mut self, version: u32, settings: &Settings) {
        let function = &mut self.functions[self.versions[version as usize].function as usize];
        function.ramp_full = function.ramp_full.saturating_sub(settings.new_each());
    }

    /// Granted in the account and region of the key.
    pub(super) fn granted(&self, key: &VersionKey) -> u32 {
        let account = self.find_account(&key.account, &key.region);
        account.map_or(0, |account| self.accounts[account as usize].granted)
    }

    /// Of each account and region: what counts against its concurrency.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Region, u32)> {
        self.accounts.iter().map(|account| (&account.id, &account.region, account.granted))
    }

    /// What is in progress of functions that reserve nothing.
    #[cfg(test)]
    pub(super) fn pools(&self) -> usize {
        self.accounts.iter().map(|account| account.unreserved as usize).sum()
    }

    /// Account and region of a version, by number.
    pub(super) fn account_of(&self, version: u32) -> usize {
        self.functions[self[version].function as usize].account as usize
    }
}

/// Tables end before their numbers do: four thousand million versions do not fit in memory.
pub(super) fn number(idx: usize) -> u32 {
    u32::try_from(idx).unwrap_or(NONE)
}
