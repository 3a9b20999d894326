//! `tinderbox status --check`: what must hold at any moment, asked of the platform that runs.
//!
//! ```text
//!  journal ─► book ┐
//!  leader ─► census ├─► scheduler::assignment::invariants ─► what does not hold ─► again until nothing is left: in order
//!  workers ─► residents ┘                                                        └ in every look for ten seconds: said, 1
//! ```
//! The same pure functions as in the simulator. The three are not asked at one moment, so an environment that is being
//! made or ended just now may be in one and not yet in the other: only what is found at every look counts.

use super::{ASK_MAX, Operator, in_time, store};
use crate::cluster::members::{self, SILENT_AFTER};
use crate::cluster::partition::PartitionClient;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric::assignment::{Assignment, CensusQuery, EnvironmentState};
use fabric::remote::Remote;
use fabric::worker::{HeldState, Resident, ResidentsQuery, WorkerCensus};
use fabric_rpc::NodeRole;
use scheduler::assignment::Book;
use scheduler::assignment::invariants::{self, Violation};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::{EnvironmentId, PartitionId, WorkerId};

/// How long something must be found to count.
const STANDS: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What was found at one look.
struct Look {
    environments: usize,
    workers: usize,
    wrong: BTreeSet<String>,
}

/// Looks until everything is in order, or something was not for as long as counts.
pub(super) async fn run(operator: &Operator, screen: Screen) -> Result<(), Failure> {
    let began = operator.world.now();
    let mut standing: Option<BTreeSet<String>> = None;
    let last = loop {
        let mut look = look(operator).await?;
        if let Some(before) = &standing {
            look.wrong.retain(|wrong| before.contains(wrong));
        }
        if look.wrong.is_empty() || operator.world.now().since(began) >= STANDS {
            break look;
        }
        standing = Some(look.wrong);
        operator.world.clock.sleep(LOOK_AGAIN).await;
    };
    if screen.json {
        let (environments, workers) = (last.environments, last.workers);
        screen.value(&json!({ "environments": environments, "workers": workers, "wrong": last.wrong }))?;
    } else if last.wrong.is_empty() {
        screen.line(format!(
            "{} environments on {} workers: journal, assignment and workers agree",
            last.environments, last.workers
        ))?;
    } else {
        last.wrong.iter().try_for_each(|wrong| screen.line(wrong))?;
    }
    if last.wrong.is_empty() { Ok(()) } else { Err(Failure::quiet(Exit::Failed)) }
}

async fn look(operator: &Operator) -> Result<Look, Failure> {
    let mut wrong = BTreeSet::new();
    let mut parts = Vec::new();
    for partition in operator.partitions().await?.all() {
        parts.extend(part(operator, partition, &mut wrong).await?);
    }
    let mut held = BTreeMap::new();
    for worker in workers(operator, &parts).await? {
        let way = operator.net.node(worker.as_str(), NodeRole::Worker);
        let asked = Remote::<dyn WorkerCensus>::new(way);
        let asked = operator.world.timeout(ASK_MAX, asked.residents(ResidentsQuery)).await;
        if let Some(residents) = noted(&mut wrong, worker.as_str(), in_time(asked)) {
            held.insert(worker, residents);
        }
    }
    let limit = assignment::Settings::default().concurrency_max;
    for Part { partition, book, census } in &parts {
        let own = |all: &Vec<Resident>| all.iter().filter(|it| it.partition == *partition).cloned().collect();
        let held = held.iter().map(|(worker, all)| (worker.clone(), own(all))).collect();
        wrong.extend(violations(book, census.as_deref(), &held, limit).iter().map(sentence));
    }
    let environments = parts.iter().map(|part| part.book.environments().len()).sum();
    Ok(Look { environments, workers: held.len(), wrong })
}

/// What is written of a partition, and what its leader knows.
struct Part {
    partition: PartitionId,
    book: Book,
    census: Option<Vec<EnvironmentState>>,
}

/// `None`: its journal can not be read.
async fn part(
    operator: &Operator,
    partition: PartitionId,
    wrong: &mut BTreeSet<String>,
) -> Result<Option<Part>, Failure> {
    let world = &operator.world;
    let journal = operator.stores.journal(partition).await.map_err(super::host)?;
    let book = world.timeout(ASK_MAX, assignment::replay(world, journal)).await;
    let journal = format!("the journal of partition {partition}");
    let Some(book) = noted(wrong, &journal, in_time(book)) else { return Ok(None) };
    let leader = PartitionClient::new(&operator.net, partition).map_err(store)?;
    let census = world.timeout(ASK_MAX, leader.census(CensusQuery { partition })).await;
    let census = noted(wrong, &format!("the leader of partition {partition}"), in_time(census));
    Ok(Some(Part { partition, book, census }))
}

/// What was asked; who did not answer is wrong, too.
fn noted<T>(wrong: &mut BTreeSet<String>, who: &str, asked: Result<T, String>) -> Option<T> {
    asked.map_err(|why| wrong.insert(format!("{who} can not be asked: {why}"))).ok()
}

/// Whoever says that it is a worker, and whoever assignment has environments on.
async fn workers(operator: &Operator, parts: &[Part]) -> Result<BTreeSet<WorkerId>, Failure> {
    let all = members::list(operator.stores.kv.as_ref(), true).await.map_err(store)?;
    let now_ms = operator.world.wall().millis();
    let living = all.iter().filter(|it| it.has(NodeRole::Worker) && !it.is_silent(now_ms, SILENT_AFTER));
    let mut workers: BTreeSet<WorkerId> = living.map(|it| WorkerId::new(it.name.as_str())).collect();
    for part in parts {
        workers.extend(part.book.environments().values().map(|entry| entry.worker.clone()));
    }
    Ok(workers)
}

/// Everything that does not hold, by the functions that the simulator asks, each for itself so that one hides no other.
fn violations(
    book: &Book,
    census: Option<&[EnvironmentState]>,
    held: &BTreeMap<WorkerId, Vec<Resident>>,
    limit: u32,
) -> Vec<Violation> {
    let rows = || held.iter().flat_map(|(worker, all)| all.iter().map(move |it| (worker, it)));
    let mut found = Vec::new();
    for (worker, it) in rows().filter(|(_, it)| it.held.state != HeldState::Ending) {
        found.extend(invariants::no_orphans(book, [(it.held.environment, worker)]).err());
    }
    found.extend(ghosts(book, held));
    found.extend(invariants::one_worker_each(rows().map(|(worker, it)| (it.held.environment, worker))).err());
    let running = || rows().map(|(_, it)| it).filter(|it| it.held.state == HeldState::Taken);
    let leases = running().map(|it| (it.held.environment, it.held.token));
    found.extend(invariants::one_lease_each(leases).err());
    found.extend(invariants::within_concurrency(running().map(|it| &it.key), limit).err());
    if let Some(census) = census {
        let known: BTreeSet<EnvironmentId> = census.iter().map(|row| row.environment).collect();
        let written: BTreeSet<EnvironmentId> = book.environments().keys().copied().collect();
        let differ = known.symmetric_difference(&written);
        found.extend(differ.map(|id| Violation::JournalDiffers { environment: Some(*id) }));
    }
    found
}

/// All of them: each that is found is passed the next time as if it were there. Of a worker that did not answer nobody
/// can say what it has.
fn ghosts(book: &Book, held: &BTreeMap<WorkerId, Vec<Resident>>) -> Vec<Violation> {
    let silent = book.environments().iter().filter(|(_, entry)| !held.contains_key(&entry.worker));
    let mut there: Vec<(EnvironmentId, WorkerId)> =
        silent.map(|(id, entry)| (*id, entry.worker.clone())).collect();
    let answered = held.iter().flat_map(|(worker, all)| all.iter().map(move |it| (worker, it)));
    there.extend(answered.map(|(worker, it)| (it.held.environment, worker.clone())));
    let mut found = Vec::new();
    while let Err(violation) = invariants::no_ghosts(book, there.iter().map(|(id, worker)| (*id, worker))) {
        if let Violation::Ghost { environment, worker } = &violation {
            there.push((*environment, worker.clone()));
        }
        found.push(violation);
        if found.len() > book.environments().len() {
            break;
        }
    }
    found
}

fn sentence(violation: &Violation) -> String {
    match violation {
        Violation::TwoLeases { environment, .. } => {
            format!("environment {environment} runs under two leases")
        }
        Violation::TwoWorkers { environment, workers: [one, other] } => {
            format!("environment {environment} is on {one} and on {other}")
        }
        Violation::OverConcurrency { account, region, granted, limit } => {
            format!(
                "account {account} has {granted} invocations in progress in {region}, allowed are {limit}"
            )
        }
        Violation::JournalDiffers { environment: Some(environment) } => {
            format!("journal and assignment's leader differ about environment {environment}")
        }
        Violation::Orphan { environment, worker } => {
            format!("environment {environment} is on {worker}, and the journal does not know it there")
        }
        Violation::Ghost { environment, worker } => {
            format!("environment {environment} is on {worker} by the journal, which has none such")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabric::worker::HeldEnvironment;
    use scheduler::assignment::Fact;
    use types::{AccountId, FunctionName, LeaseToken, Region, Version, VersionKey};

    fn id(number: u8) -> EnvironmentId {
        EnvironmentId([number; 16])
    }

    fn key() -> VersionKey {
        VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("eu-west-1"),
            function: FunctionName::new("f"),
            version: Version::Latest,
            generation: 1,
        }
    }

    fn resident(number: u8, state: HeldState) -> Resident {
        let held = HeldEnvironment { environment: id(number), token: LeaseToken(u64::from(number)), state };
        Resident { partition: PartitionId(0), key: key(), held }
    }

    fn book(rows: &[(u8, &str)]) -> Book {
        let fact = |&(number, worker): &(u8, &str)| Fact::Created {
            environment: id(number),
            key: key(),
            memory_mb: 128,
            worker: WorkerId::new(worker),
            provisioned: false,
        };
        Book::replay(&rows.iter().map(fact).collect::<Vec<_>>())
    }

    fn said(book: &Book, held: &[(&str, Vec<Resident>)], limit: u32) -> Vec<String> {
        let held = held.iter().map(|(worker, all)| (WorkerId::new(*worker), all.clone())).collect();
        violations(book, None, &held, limit).iter().map(sentence).collect()
    }

    #[test]
    fn what_agrees_is_in_order_and_each_thing_that_does_not_is_a_sentence() {
        let free = |number| resident(number, HeldState::Free);
        let both = book(&[(1, "a"), (2, "b")]);
        assert!(said(&both, &[("a", vec![free(1)]), ("b", vec![free(2)])], 10).is_empty());
        let ending = vec![free(2), resident(9, HeldState::Ending)];
        assert!(
            said(&both, &[("a", vec![free(1)]), ("b", ending)], 10).is_empty(),
            "what ends may be forgotten"
        );
        assert!(
            said(&both, &[("a", vec![free(1)])], 10).is_empty(),
            "of one who does not answer nothing is said"
        );
        let two_ghosts = said(&both, &[("a", vec![]), ("b", vec![])], 10);
        assert_eq!(two_ghosts.len(), 2, "{two_ghosts:?}");
        let orphans = said(&book(&[]), &[("a", vec![free(1), free(2)])], 10);
        assert_eq!(orphans.len(), 2, "{orphans:?}");
        let twice = said(&both, &[("a", vec![free(1), free(2)]), ("b", vec![free(2)])], 10);
        assert!(twice.iter().any(|it| it.contains("is on a and on b")), "{twice:?}");
        let busy = vec![resident(1, HeldState::Taken), resident(2, HeldState::Taken)];
        let over = said(&book(&[(1, "a"), (2, "a")]), &[("a", busy)], 1);
        assert!(over.len() == 1 && over[0].contains("allowed are 1"), "{over:?}");
    }
}
