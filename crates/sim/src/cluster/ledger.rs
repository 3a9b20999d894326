//! Who sees everything: what every worker has and runs, in truth, and whether what must hold at any moment does.
//!
//! Only the checks read it. No machine knows what is written here.

use super::executor::{Executor, lock};
use bytes::Bytes;
use scheduler::assignment::invariants;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::{EnvironmentId, Epoch, FunctionName, LeaseToken, PartitionId, RequestId, VersionKey, WorkerId};
use world::Instant;

/// What is counted; says that a run did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) asked: u64,
    pub(crate) served: u64,
    pub(crate) warm: u64,
    pub(crate) failed: u64,
    pub(crate) refused: u64,
    pub(crate) fenced: u64,
    pub(crate) busy: u64,
    /// Leases that came after another had its environment, or too late for it.
    pub(crate) late: u64,
    /// Acquires with an older generation than the leader knew.
    pub(crate) stale: u64,
    pub(crate) reigns: u64,
    pub(crate) faults: u64,
}

#[derive(Clone)]
pub(crate) struct Ledger {
    executor: Executor,
    truth: Arc<Mutex<Truth>>,
    limit: u32,
}

#[derive(Default)]
struct Truth {
    /// Every environment of every worker: those of a worker that fenced itself or crashed are none.
    held: BTreeMap<(WorkerId, EnvironmentId), Held>,
    running: BTreeMap<(WorkerId, EnvironmentId), Running>,
    /// What each worker has acknowledged, in its present life.
    acknowledged: BTreeMap<(WorkerId, PartitionId), Epoch>,
    /// The highest epoch under which something was appended to the journal.
    appended: u64,
    /// Until when each worker may serve, by its own clock, as placement has answered it.
    promised: BTreeMap<WorkerId, Duration>,
    /// Under which leases each environment was given back.
    given_back: BTreeMap<(WorkerId, EnvironmentId), BTreeSet<LeaseToken>>,
    /// Environments of the journal, in hexadecimal digits, and their workers.
    written: BTreeMap<String, String>,
    seen: BTreeSet<RequestId>,
    /// The generation to which an update of a function has returned.
    updated: BTreeMap<FunctionName, u64>,
    /// The same at the moment at which an invocation was accepted.
    floors: BTreeMap<RequestId, u64>,
    /// Workers that stand still: what runs there does not run now.
    still: BTreeSet<WorkerId>,
    /// Asked and not answered.
    asking: BTreeMap<u64, String>,
    asked: u64,
    counts: Counts,
    /// Something changed since the last look.
    changed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) key: VersionKey,
    /// It is on its way out.
    pub(crate) ending: bool,
}

#[derive(Clone, Debug)]
struct Running {
    token: LeaseToken,
    key: VersionKey,
    answered: bool,
}

impl Truth {
    /// Which environments the journal has given up for good.
    fn learn(&mut self, fact: &Value) {
        let text = |kind: &str, field: &str| Some(fact.get(kind)?.get(field)?.as_str()?.to_owned());
        if let (Some(id), Some(worker)) = (text("created", "environment"), text("created", "worker")) {
            self.written.insert(id, worker);
        } else if let Some(id) = text("gone", "environment") {
            self.written.remove(&id);
        } else if let Some(lost) = text("worker_lost", "worker") {
            self.written.retain(|_, worker| *worker != lost);
        }
    }
}

impl Ledger {
    pub(crate) fn new(executor: &Executor, limit: u32) -> Self {
        Self { executor: executor.clone(), truth: Arc::default(), limit }
    }

    pub(crate) fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut lock(&self.truth).counts);
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.truth).counts
    }

    /// What every worker has.
    pub(crate) fn held(&self) -> Vec<(WorkerId, EnvironmentId, Held)> {
        let truth = lock(&self.truth);
        truth.held.iter().map(|((worker, id), held)| (worker.clone(), *id, held.clone())).collect()
    }

    pub(crate) fn made(&self, worker: &WorkerId, environment: EnvironmentId, key: &VersionKey) {
        let mut truth = lock(&self.truth);
        truth.held.insert((worker.clone(), environment), Held { key: key.clone(), ending: false });
        truth.changed = true;
    }

    pub(crate) fn ending(&self, worker: &WorkerId, environment: EnvironmentId) {
        if let Some(held) = lock(&self.truth).held.get_mut(&(worker.clone(), environment)) {
            held.ending = true;
        }
    }

    pub(crate) fn gone(&self, worker: &WorkerId, environment: EnvironmentId) {
        let mut truth = lock(&self.truth);
        truth.held.remove(&(worker.clone(), environment));
        truth.running.remove(&(worker.clone(), environment));
        truth.given_back.remove(&(worker.clone(), environment));
        truth.changed = true;
    }

    /// At `now` by its own clock the worker hears an answer to what it said at `sent`. One whose lease had ended when it
    /// said it begins another only by joining.
    pub(crate) fn promised(
        &self,
        worker: &WorkerId,
        now: Duration,
        sent: Duration,
        lease: Duration,
        joins: bool,
    ) {
        let mut truth = lock(&self.truth);
        let before = truth.promised.get(worker).copied().unwrap_or_default();
        if now < before || (joins && before <= sent) {
            truth.promised.insert(worker.clone(), sent + lease);
        }
    }

    /// The invocation of this lease is over, or it did not come in time.
    pub(crate) fn gives_back(&self, worker: &WorkerId, environment: EnvironmentId, token: LeaseToken) {
        lock(&self.truth).given_back.entry((worker.clone(), environment)).or_default().insert(token);
    }

    /// The worker crashed (and forgot what it had acknowledged) or fenced itself: nothing of it runs any more.
    pub(crate) fn emptied(&self, worker: &WorkerId, crashed: bool) {
        let mut truth = lock(&self.truth);
        truth.held.retain(|(of, _), _| of != worker);
        truth.running.retain(|(of, _), _| of != worker);
        truth.given_back.retain(|(of, _), _| of != worker);
        truth.promised.remove(worker);
        if crashed {
            truth.acknowledged.retain(|(of, _), _| of != worker);
        }
    }

    /// The worker says that it takes nothing older from now on.
    pub(crate) fn acknowledged(&self, worker: &WorkerId, partition: PartitionId, epoch: Epoch) {
        let mut truth = lock(&self.truth);
        let highest = truth.acknowledged.entry((worker.clone(), partition)).or_insert(epoch);
        *highest = epoch.max(*highest);
    }

    pub(crate) fn set_still(&self, worker: &WorkerId, still: bool) {
        let mut truth = lock(&self.truth);
        if still {
            truth.still.insert(worker.clone());
        } else {
            truth.still.remove(worker);
        }
        truth.changed = true;
    }

    /// The worker takes an invocation's epoch as current.
    pub(crate) fn admits(&self, worker: &WorkerId, lease: &fabric::Lease) {
        let highest = lock(&self.truth).acknowledged.get(&(worker.clone(), lease.partition)).copied();
        let highest = highest.unwrap_or(Epoch(0));
        if let Err(violation) = invariants::not_outdated(lease.environment, lease.epoch, highest) {
            self.executor.fail(format!("{violation} on {worker}"));
        }
    }

    /// User code sees an invocation, at `now` by the worker's clock.
    pub(crate) fn enters(&self, worker: &WorkerId, now: Instant, lease: &fabric::Lease, request: RequestId) {
        let mut truth = lock(&self.truth);
        let at = (worker.clone(), lease.environment);
        if truth.promised.get(worker).is_none_or(|until| *until <= Duration::from_nanos(now.0)) {
            self.executor.fail(format!("{request} enters on {worker}, whose lease has ended"));
        }
        if truth.given_back.get(&at).is_some_and(|given| given.contains(&lease.token)) {
            self.executor.fail(format!(
                "{request} enters {} on {worker} under a lease that was given back",
                lease.environment
            ));
        }
        if let Some(other) = truth.running.get(&at) {
            self.executor.fail(format!(
                "{} on {worker} runs under {:?}, and {:?} enters",
                lease.environment, other.token, lease.token
            ));
        }
        if !truth.seen.insert(request) {
            self.executor.fail(format!("user code saw {request} twice"));
        }
        let Some(key) = truth.held.get(&at).map(|held| held.key.clone()) else {
            self.executor.fail(format!("{} runs and is not there", lease.environment));
            return;
        };
        let floor = truth.floors.get(&request).copied().unwrap_or(1);
        if key.generation < floor {
            self.executor.fail(format!(
                "{request} runs generation {} of {}, and was accepted when an update to {floor} had returned",
                key.generation, key.function
            ));
        }
        truth.running.insert(at, Running { token: lease.token, key, answered: false });
        truth.changed = true;
    }

    /// An invocation comes.
    pub(crate) fn accepts(&self, request: RequestId, function: &FunctionName) {
        let mut truth = lock(&self.truth);
        let floor = truth.updated.get(function).copied().unwrap_or(1);
        truth.floors.insert(request, floor);
    }

    /// An update has returned.
    pub(crate) fn updated(&self, function: &FunctionName, generation: u64) {
        let mut truth = lock(&self.truth);
        let updated = truth.updated.entry(function.clone()).or_default();
        *updated = generation.max(*updated);
    }

    pub(crate) fn leaves(&self, worker: &WorkerId, environment: EnvironmentId) {
        lock(&self.truth).running.remove(&(worker.clone(), environment));
    }

    /// Someone asks for an environment; the number is for [`Self::answered`].
    pub(crate) fn asks(&self, what: String) -> u64 {
        let mut truth = lock(&self.truth);
        truth.asked += 1;
        let number = truth.asked;
        truth.asking.insert(number, what);
        number
    }

    /// The answer of what runs there is about to be let out.
    pub(crate) fn finishes(&self, worker: &WorkerId, environment: EnvironmentId) {
        if let Some(running) = lock(&self.truth).running.get_mut(&(worker.clone(), environment)) {
            running.answered = true;
        }
    }

    pub(crate) fn answered(&self, number: u64) {
        lock(&self.truth).asking.remove(&number);
    }

    /// An append is in the journal: a header that says of which epoch it is, and facts.
    pub(crate) fn appended(&self, records: &[Bytes]) {
        let mut records = records.iter().filter_map(|record| serde_json::from_slice::<Value>(record).ok());
        let epoch = records.next().and_then(|header| header.get("epoch")?.as_u64());
        let Some(epoch) = epoch else {
            return self.executor.fail("an append does not say of which epoch it is".to_owned());
        };
        let mut truth = lock(&self.truth);
        let before = truth.appended;
        truth.appended = before.max(epoch);
        records.for_each(|fact| truth.learn(&fact));
        truth.changed = true;
        drop(truth);
        if epoch < before {
            self.executor.fail(format!("epoch {epoch} is in the journal behind epoch {before}"));
        }
    }

    /// Who was never answered.
    pub(crate) fn asking(&self) -> Vec<String> {
        lock(&self.truth).asking.values().cloned().collect()
    }

    /// After every step.
    pub(crate) fn check(&self) {
        let mut truth = lock(&self.truth);
        if !std::mem::take(&mut truth.changed) {
            return;
        }
        let held = truth.held.keys().map(|(worker, environment)| (*environment, worker));
        let goes = || truth.running.iter().filter(|((worker, _), _)| !truth.still.contains(worker));
        let leases = goes().map(|((_, environment), running)| (*environment, running.token));
        // As on AWS: whose answer is out is in progress no more.
        let running = goes().filter(|(_, running)| !running.answered).map(|(_, running)| &running.key);
        let checked = invariants::one_worker_each(held)
            .and_then(|()| invariants::one_lease_each(leases))
            .and_then(|()| invariants::within_concurrency(running, self.limit));
        let given_up =
            goes().map(|(at, _)| at).find(|(_, environment)| !truth.written.contains_key(&environment.hex()));
        if let Some((worker, environment)) = given_up {
            self.executor.fail(format!("{environment} runs on {worker}, and the journal has given it up"));
        }
        drop(truth);
        if let Err(violation) = checked {
            self.executor.fail(violation.to_string());
        }
    }
}
