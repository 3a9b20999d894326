//! What must hold at any moment, as pure functions: the property tests, the driver's tests and the simulator ask the
//! same ones.

use super::{Book, Machine, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use types::{AccountId, EnvironmentId, Epoch, LeaseToken, Region, VersionKey, WorkerId};

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An environment runs, or was granted, under two leases at once.
    TwoLeases { environment: EnvironmentId, tokens: [LeaseToken; 2] },
    /// Two workers have one environment.
    TwoWorkers { environment: EnvironmentId, workers: [WorkerId; 2] },
    /// An account has more invocations in progress than it may.
    OverConcurrency { account: AccountId, region: Region, granted: u32, limit: u32 },
    /// What is counted of environments that are made ahead, or of what they keep for their versions, is not what there is; or
    /// more of them stand ready than are wanted.
    ProvisionsDiffer,
    /// The journal and the machine that wrote it differ about an environment or, `None`, about the workers.
    JournalDiffers { environment: Option<EnvironmentId> },
    /// A worker has an environment that the journal does not know there: nobody would ever end it.
    Orphan { environment: EnvironmentId, worker: WorkerId },
    /// The journal has an environment on a worker that has none such: it would be waited for for ever.
    Ghost { environment: EnvironmentId, worker: WorkerId },
    /// An environment was granted on a worker that still takes older epochs' leases.
    NotAcknowledged { environment: EnvironmentId, worker: WorkerId },
    /// A worker took a lease of an epoch below one that it had seen.
    OldEpoch { environment: EnvironmentId, epoch: Epoch, highest: Epoch },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// No environment is in use under two leases. Pass every lease in use, of every leader and worker there is.
pub fn one_lease_each(
    leases: impl IntoIterator<Item = (EnvironmentId, LeaseToken)>,
) -> Result<(), Violation> {
    let mut seen = BTreeMap::new();
    for (environment, token) in leases {
        if let Some(other) = seen.insert(environment, token)
            && other != token
        {
            return Err(Violation::TwoLeases { environment, tokens: [other, token] });
        }
    }
    Ok(())
}

/// No environment is on two workers. Pass what every worker has.
pub fn one_worker_each<'a>(
    held: impl IntoIterator<Item = (EnvironmentId, &'a WorkerId)>,
) -> Result<(), Violation> {
    let mut seen: BTreeMap<EnvironmentId, &WorkerId> = BTreeMap::new();
    for (environment, worker) in held {
        if let Some(other) = seen.insert(environment, worker)
            && other != worker
        {
            return Err(Violation::TwoWorkers { environment, workers: [other.clone(), worker.clone()] });
        }
    }
    Ok(())
}

/// No account has more in progress than `limit`. Pass the version of every invocation that runs.
pub fn within_concurrency<'a>(
    running: impl IntoIterator<Item = &'a VersionKey>,
    limit: u32,
) -> Result<(), Violation> {
    let mut counts: BTreeMap<(&AccountId, &Region), u32> = BTreeMap::new();
    for key in running {
        let granted = counts.entry((&key.account, &key.region)).or_default();
        *granted += 1;
        if *granted > limit {
            let (account, region, granted) = (key.account.clone(), key.region.clone(), *granted);
            return Err(Violation::OverConcurrency { account, region, granted, limit });
        }
    }
    Ok(())
}

/// What the machine counts is within its settings. What is unknown was granted by an earlier leader, or idle or initialising
/// then: it keeps new grants out and is itself none.
pub fn counts_within(machine: &Machine, settings: &Settings) -> Result<(), Violation> {
    let limit = settings.concurrency_max;
    for (account, region, counted, unknown) in machine.environments().counted() {
        let granted = counted.saturating_sub(unknown);
        if granted > limit {
            return Err(Violation::OverConcurrency { account, region, granted, limit });
        }
    }
    Ok(())
}

/// Environments that are made ahead are counted as they are, none of them is reaped or squeezed out while it is wanted, and
/// none stands ready that is not.
pub fn provisions_agree(machine: &Machine) -> Result<(), Violation> {
    if machine.environments().provisions_add_up() { Ok(()) } else { Err(Violation::ProvisionsDiffer) }
}

/// The journal, once everything that the machine wrote is in it, says what the machine knows.
pub fn journal_agrees(book: &Book, machine: &Machine) -> Result<(), Violation> {
    let known: BTreeMap<_, _> = machine.environments().entries().collect();
    let written = book.environments();
    let ids: BTreeSet<_> = known.keys().chain(written.keys()).collect();
    if let Some(id) = ids.into_iter().find(|id| known.get(id) != written.get(id)) {
        return Err(Violation::JournalDiffers { environment: Some(*id) });
    }
    if machine.workers() != *book.workers() {
        return Err(Violation::JournalDiffers { environment: None });
    }
    Ok(())
}

/// Whatever a worker has is in the journal, on that worker. What is being ended on the leader's word may be missing:
/// do not pass it.
pub fn no_orphans<'a>(
    book: &Book,
    held: impl IntoIterator<Item = (EnvironmentId, &'a WorkerId)>,
) -> Result<(), Violation> {
    for (environment, worker) in held {
        let written = book.environments().get(&environment);
        if written.is_none_or(|entry| entry.worker != *worker) {
            return Err(Violation::Orphan { environment, worker: worker.clone() });
        }
    }
    Ok(())
}

/// Whatever is in the journal is on its worker. For when nothing is on its way any more; pass everything that workers
/// have, also what is being ended.
pub fn no_ghosts<'a>(
    book: &Book,
    held: impl IntoIterator<Item = (EnvironmentId, &'a WorkerId)>,
) -> Result<(), Violation> {
    let held: BTreeSet<_> = held.into_iter().collect();
    for (&environment, entry) in book.environments() {
        if !held.contains(&(environment, &entry.worker)) {
            return Err(Violation::Ghost { environment, worker: entry.worker.clone() });
        }
    }
    Ok(())
}

/// A grant is on a worker that has taken the leader's epoch.
pub fn acknowledged(
    machine: &Machine,
    environment: EnvironmentId,
    worker: &WorkerId,
) -> Result<(), Violation> {
    if machine.is_acknowledged(worker) {
        return Ok(());
    }
    Err(Violation::NotAcknowledged { environment, worker: worker.clone() })
}

/// A worker lets an invocation in only under the highest epoch that it has seen.
pub fn not_outdated(environment: EnvironmentId, epoch: Epoch, highest: Epoch) -> Result<(), Violation> {
    if epoch >= highest { Ok(()) } else { Err(Violation::OldEpoch { environment, epoch, highest }) }
}
