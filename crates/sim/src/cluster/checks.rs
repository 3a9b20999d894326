//! What must be in order once everything is well again and nobody has called for a while.

use super::load::Ended;
use super::machines::{Machines, Role};
use assignment::replay;
use fabric::assignment::{Assignment, CensusQuery, EnvironmentState};
use fabric::placement::{Placement, WorkersQuery};
use fabric::remote::Remote;
use scheduler::assignment::{Book, invariants};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use types::{EnvironmentId, WorkerId};

/// How often it is looked whether all is in order, and how long between two looks: longer than a report and its fact take.
const LOOKS_MAX: usize = 4;
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// Begins: looks, calls each function once, and looks again.
pub(crate) fn start(machines: &Arc<Machines>) {
    let own = Arc::clone(machines);
    machines.outside.spawn("checks", async move {
        if let Err(why) = quiet(&own).await {
            return own.executor.fail(why);
        }
        let frontend = own.frontend(own.outside_node, &own.outside);
        for name in own.catalogue.names() {
            if frontend.invoke(name.clone()).await != Ended::Served {
                return own.executor.fail(format!("{name} is not served although all is well"));
            }
        }
        // Reports of what was just called are on their way.
        own.outside.clock.sleep(Duration::from_secs(2)).await;
        match quiet(&own).await {
            Ok(()) => own.executor.over(),
            Err(why) => own.executor.fail(why),
        }
    });
}

/// In order now, or in a moment: an environment that has been idle for long enough may be ending just now.
async fn quiet(machines: &Machines) -> Result<(), String> {
    for _ in 1..LOOKS_MAX {
        if in_order(machines).await.is_ok() {
            return Ok(());
        }
        machines.outside.clock.sleep(LOOK_AGAIN).await;
    }
    in_order(machines).await
}

async fn in_order(machines: &Machines) -> Result<(), String> {
    let mut leaders = Vec::new();
    for (node, service) in machines.services() {
        if let Ok(rows) = service.census(CensusQuery { partition: super::machines::PARTITION }).await {
            leaders.push((node, rows));
        }
    }
    let [(_, rows)] = &leaders[..] else { return Err(format!("{} lead the partition", leaders.len())) };
    if let Some(asking) = machines.ledger.asking().first() {
        return Err(format!("an acquire is not answered: {asking}"));
    }
    let book = replay(&machines.outside, machines.journal()).await.map_err(|error| error.to_string())?;
    journal_and_workers(machines, &book)?;
    leader(&book, rows)?;
    slots(machines).await
}

fn journal_and_workers(machines: &Machines, book: &Book) -> Result<(), String> {
    let held = machines.ledger.held();
    let there = || held.iter().filter(|(_, _, held)| !held.ending);
    invariants::no_orphans(book, there().map(|(worker, id, _)| (*id, worker))).map_err(|v| v.to_string())?;
    invariants::no_ghosts(book, held.iter().map(|(worker, id, _)| (*id, worker)))
        .map_err(|v| v.to_string())?;
    for (worker, id, held) in there() {
        if book.environments().get(id).is_some_and(|entry| entry.key != held.key) {
            return Err(format!("{id} on {worker} is of another version than the journal says"));
        }
    }
    Ok(())
}

/// The leader's books are those of the journal, and nothing in them is in use.
fn leader(book: &Book, rows: &[EnvironmentState]) -> Result<(), String> {
    if let Some(row) = rows.iter().find(|row| row.state != "idle") {
        return Err(format!(
            "the leader has {} of {} on {} as {} for {:?}, and nobody calls",
            row.environment, row.key.function, row.worker, row.state, row.since
        ));
    }
    let known: BTreeSet<EnvironmentId> = rows.iter().map(|row| row.environment).collect();
    let written: BTreeSet<EnvironmentId> = book.environments().keys().copied().collect();
    match known.symmetric_difference(&written).next() {
        Some(differs) => Err(format!("leader and journal differ about {differs}")),
        None => Ok(()),
    }
}

/// Placement knows every worker, and has a slot for each of its environments and for nothing else.
async fn slots(machines: &Machines) -> Result<(), String> {
    let mut counted: Option<BTreeMap<WorkerId, u32>> = None;
    for node in machines.of(Role::Placement) {
        let way = machines.network.way(machines.outside_node, node);
        let placement: Arc<Remote<dyn Placement>> = Remote::new(way);
        if let Ok(rows) = placement.workers(WorkersQuery).await {
            if counted.is_some() {
                return Err("two placement services lead".to_owned());
            }
            counted = Some(rows.into_iter().map(|row| (row.worker, row.environments)).collect());
        }
    }
    let counted = counted.ok_or("no placement service leads")?;
    for worker in machines.workers.keys() {
        let held = machines.ledger.held().iter().filter(|(at, _, _)| at == worker).count();
        let slots =
            counted.get(worker).copied().ok_or_else(|| format!("placement does not know {worker}"))?;
        if slots as usize != held {
            return Err(format!(
                "placement has {slots} slots taken on {worker}, which has {held} environments"
            ));
        }
    }
    Ok(())
}
