//! `tinderbox status`: how a platform of several nodes stands. What every operator's command stands on is here, too.

mod check;

use super::up::host;
use crate::cli::{JoinFlags, StatusArgs};
use crate::cluster::members::{self, Member, SILENT_AFTER};
use crate::cluster::net::Net;
use crate::cluster::partition::{self, PartitionClient};
use crate::cluster::standing::{self, Replayed};
use crate::cluster::stores::Stores;
use crate::cluster::{self, lead};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric::assignment::{Assignment, CensusQuery, EnvironmentState};
use fabric::placement::{Placement, WorkerState, WorkersQuery};
use fabric::remote::Remote;
use fabric_rpc::NodeRole;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use substrate::KvError;
use substrate::election::{self, Holding};
use types::{PartitionCount, PartitionId};
use world::World;

/// How long a role that may be gone is waited for.
const ASK_MAX: Duration = Duration::from_secs(3);
/// Partitions that are asked at once.
const ASKED_AT_ONCE: usize = 16;

/// Somebody at a terminal, who is known to the platform by a certificate of a frontend, or is on its one host.
pub(super) struct Operator {
    pub(super) world: World,
    pub(super) stores: Stores,
    pub(super) net: Arc<Net>,
}

impl Operator {
    pub(super) async fn new(join: &JoinFlags) -> Result<Self, Failure> {
        let world = World::real();
        let name = join.name().map_err(|error| Failure::new(Exit::Usage, error))?;
        let trust = cluster::trust(&world, join.certs.as_deref(), &name).map_err(host)?;
        let stores = Stores::open(&world, &join.nats.settings(&join.join)).await.map_err(host)?;
        let net = Net::new(world.clone(), Arc::clone(&stores.kv), trust);
        Ok(Self { world, stores, net })
    }

    /// How many partitions the platform has: before its first node one, as it is to be.
    async fn partitions(&self) -> Result<PartitionCount, Failure> {
        let count = partition::count(self.stores.kv.as_ref()).await.map_err(store)?;
        Ok(count.unwrap_or(PartitionCount::ONE))
    }

    /// The partition of this number, if there is one.
    pub(super) async fn partition(&self, number: u32) -> Result<PartitionId, Failure> {
        let count = self.partitions().await?;
        let none = || {
            let last = count.get() - 1;
            Failure::new(Exit::Usage, format!("there is no partition {number}: they are 0 to {last}"))
        };
        count.all().nth(number as usize).ok_or_else(none)
    }

    pub(super) fn placement(&self) -> Result<Arc<dyn Placement>, Failure> {
        let way = self.net.leading(lead::key().map_err(store)?, NodeRole::Placement, ASK_MAX);
        Ok(Remote::<dyn Placement>::new(way))
    }
}

/// A small runtime around an operator's command.
pub(super) fn inside(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::here(format!("no runtime: {error}")))?.block_on(work)
}

/// What was found; what could not be asked is `None`, and said.
struct Found {
    nodes: Vec<Member>,
    placement: Option<Holding>,
    partitions: Vec<Part>,
    workers: Result<Vec<WorkerState>, String>,
    /// What each assignment node says of what it has replayed.
    replayed: Vec<(String, Result<Vec<Replayed>, String>)>,
    now_ms: u64,
}

/// One partition.
struct Part {
    partition: PartitionId,
    leader: Option<Holding>,
    environments: Result<Vec<EnvironmentState>, String>,
    /// The first and the last entry of its journal.
    journal: Result<(u64, u64), String>,
}

impl Found {
    /// Placement's lead, and each partition's.
    fn leads(&self) -> impl Iterator<Item = (String, Option<&Holding>)> {
        let partitions =
            self.partitions.iter().map(|it| (format!("partition {}", it.partition), it.leader.as_ref()));
        std::iter::once(("placement".to_owned(), self.placement.as_ref())).chain(partitions)
    }

    /// Of all partitions that answered.
    fn environments(&self) -> impl Iterator<Item = (PartitionId, &EnvironmentState)> {
        let answered = |it: &'_ Part| it.environments.is_ok();
        let each = self.partitions.iter().filter(move |it| answered(it));
        each.flat_map(|it| it.environments.iter().flatten().map(|environment| (it.partition, environment)))
    }

    fn unanswered(&self) -> Vec<String> {
        let placement = self.workers.as_ref().err().map(|why| format!("placement: {why}"));
        let of = |it: &Part| {
            let assignment = it.environments.as_ref().err();
            let journal = it.journal.as_ref().err();
            [assignment, journal]
                .into_iter()
                .flatten()
                .map(|why| format!("partition {}: {why}", it.partition))
                .collect()
        };
        placement.into_iter().chain(self.partitions.iter().flat_map(|it| -> Vec<String> { of(it) })).collect()
    }
}

pub(super) fn run(args: &StatusArgs, screen: Screen) -> Result<(), Failure> {
    inside(async {
        let operator = Operator::new(&args.join).await?;
        if args.check {
            return check::run(&operator, screen).await;
        }
        let found = look(&operator).await?;
        if found.nodes.is_empty() {
            return Err(Failure::new(Exit::Unreachable, "no node has joined this platform").advise(
                "`tinderbox serve --help` says how one does; --platform NAME names another platform",
            ));
        }
        if screen.json { screen.value(&as_json(&found)) } else { show(&found, screen) }
    })
}

fn store(error: KvError) -> Failure {
    Failure::here(error.to_string())
}

async fn look(operator: &Operator) -> Result<Found, Failure> {
    let kv = operator.stores.kv.as_ref();
    let nodes = members::list(kv, true).await.map_err(store)?;
    let placement = election::holding(kv, &lead::key().map_err(store)?).await.map_err(store)?;
    let workers = operator.world.timeout(ASK_MAX, operator.placement()?.workers(WorkersQuery)).await;
    // Before the journals' ends are read: an entry that comes meanwhile is lag, and never less than none.
    let replayed = replayed(operator, &nodes).await;
    let asked = operator.partitions().await?.all().map(|partition| look_at(operator, partition));
    let partitions = stream::iter(asked).buffered(ASKED_AT_ONCE).try_collect().await?;
    let now_ms = operator.world.wall().millis();
    Ok(Found { nodes, placement, partitions, workers: in_time(workers), replayed, now_ms })
}

async fn look_at(operator: &Operator, partition: PartitionId) -> Result<Part, Failure> {
    let (kv, world) = (operator.stores.kv.as_ref(), &operator.world);
    let key = assignment::key_of(partition).map_err(store)?;
    let leader = election::holding(kv, &key).await.map_err(store)?;
    let assignment = PartitionClient::new(&operator.net, partition).map_err(store)?;
    let environments = world.timeout(ASK_MAX, assignment.census(CensusQuery { partition })).await;
    let journal = async {
        let log = operator.stores.journal(partition).await.map_err(|error| error.message)?;
        log.span().await.map(|span| (span.first.0, span.last.0)).map_err(|error| error.to_string())
    };
    let journal = world.timeout(ASK_MAX, journal).await;
    Ok(Part { partition, leader, environments: in_time(environments), journal: in_time(journal) })
}

/// Of each assignment node that is not silent.
async fn replayed(operator: &Operator, nodes: &[Member]) -> Vec<(String, Result<Vec<Replayed>, String>)> {
    let now_ms = operator.world.wall().millis();
    let asked = nodes.iter().filter(|it| it.has(NodeRole::Assignment) && !it.is_silent(now_ms, SILENT_AFTER));
    let asked = asked.map(|node| async {
        let way = operator.net.node(&node.name, NodeRole::Assignment);
        let answer = operator.world.timeout(ASK_MAX, standing::ask(way.as_ref())).await;
        (node.name.clone(), in_time(answer))
    });
    futures_util::future::join_all(asked).await
}

/// Entries that a follower has not yet replayed; `None`: it leads, or the journal's end is not known.
fn lag(found: &Found, replayed: &Replayed) -> Option<u64> {
    let part = found.partitions.iter().find(|it| it.partition.0 == replayed.partition)?;
    let (_, last) = part.journal.as_ref().ok()?;
    replayed.position.map(|position| last.saturating_sub(position))
}

fn in_time<T, E: std::fmt::Display>(asked: Option<Result<T, E>>) -> Result<T, String> {
    match asked {
        Some(answer) => answer.map_err(|error| error.to_string()),
        None => Err("no answer in time".to_owned()),
    }
}

fn states(found: &Found, worker: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, environment) in found.environments().filter(|(_, it)| it.worker.as_str() == worker) {
        *counts.entry(environment.state.clone()).or_default() += 1;
    }
    counts
}

/// Names of the workers that are leased to a partition.
fn workers_of(found: &Found, partition: PartitionId) -> Option<Vec<&str>> {
    let workers = found.workers.as_ref().ok()?;
    let leased = workers.iter().filter(|worker| worker.partition == Some(partition));
    Some(leased.map(|worker| worker.worker.as_str()).collect())
}

fn as_json(found: &Found) -> Value {
    let silent = |member: &Member| member.is_silent(found.now_ms, SILENT_AFTER);
    let nodes: Vec<Value> = found
        .nodes
        .iter()
        .map(|it| {
            json!({ "name": it.name, "roles": it.roles(), "zone": it.zone, "fabric": it.fabric,
                    "endpoint": it.endpoint, "silent": silent(it), "renewed_ms": it.renewed_ms })
        })
        .collect();
    let leads: Vec<Value> = found
        .leads()
        .map(|(what, holding)| {
            let (leader, epoch) = holding.map(|it| (&it.holder, it.epoch.0)).unzip();
            json!({ "of": what, "leader": leader, "epoch": epoch })
        })
        .collect();
    let worker = |it: &WorkerState| {
        json!({ "name": it.worker.as_str(), "zone": it.zone.as_str(), "memory_mb": it.memory_mb,
                "memory_used_mb": it.memory_used_mb, "environments_max": it.environments_max,
                "partition": it.partition.map(|partition| partition.0),
                "environments": states(found, it.worker.as_str()) })
    };
    let workers = found.workers.as_ref().map(|all| all.iter().map(worker).collect::<Vec<_>>());
    let environment = |(partition, it): (PartitionId, &EnvironmentState)| {
        json!({ "id": format!("{:032x}", u128::from_be_bytes(it.environment.0)), "worker": it.worker.as_str(),
                "state": it.state, "function": it.key.function.as_str(), "version": it.key.version.to_string(),
                "account": it.key.account.as_str(), "partition": partition.0 })
    };
    // Some of them would be taken for all.
    let all = found.partitions.iter().all(|it| it.environments.is_ok());
    let environments = all.then(|| found.environments().map(environment).collect::<Vec<_>>());
    json!({
        "nodes": nodes,
        "leads": leads,
        "partitions": found.partitions.iter().map(|it| part_as_json(found, it)).collect::<Vec<_>>(),
        "workers": workers.as_ref().ok(),
        "replicas": replicas(found),
        "environments": environments,
        "unanswered": found.unanswered(),
    })
}

fn part_as_json(found: &Found, it: &Part) -> Value {
    let (leader, epoch) = it.leader.as_ref().map(|it| (&it.holder, it.epoch.0)).unzip();
    json!({ "partition": it.partition.0, "leader": leader, "epoch": epoch,
            "workers": workers_of(found, it.partition),
            "environments": it.environments.as_ref().ok().map(Vec::len),
            "journal": it.journal.as_ref().ok().map(|(first, last)| json!({ "first": first, "last": last })) })
}

fn replicas(found: &Found) -> Vec<Value> {
    let one = |node: &String, it: &Replayed| {
        json!({ "node": node, "partition": it.partition, "leads": it.position.is_none(),
                "replayed": it.position, "lag": lag(found, it) })
    };
    let mut all = Vec::new();
    for (node, answer) in &found.replayed {
        match answer {
            Ok(partitions) => all.extend(partitions.iter().map(|it| one(node, it))),
            Err(why) => all.push(json!({ "node": node, "unanswered": why })),
        }
    }
    all
}

fn show_replicas(found: &Found, screen: Screen) -> Result<(), Failure> {
    screen.line("\nJOURNAL           PARTITION  REPLAYED")?;
    for (node, answer) in &found.replayed {
        let partitions = match answer {
            Ok(partitions) => partitions,
            Err(why) => {
                screen.line(format!("{node:17} does not answer: {why}"))?;
                continue;
            }
        };
        for it in partitions {
            let how = match (it.position, lag(found, it)) {
                (None, _) => "leads".to_owned(),
                (Some(at), Some(lag)) => format!("to {at}, {lag} behind"),
                (Some(at), None) => format!("to {at}"),
            };
            screen.line(format!("{node:17} {:<10} {how}", it.partition))?;
        }
    }
    Ok(())
}

fn show(found: &Found, screen: Screen) -> Result<(), Failure> {
    screen.line("NODE              ZONE        ROLES")?;
    for node in &found.nodes {
        let silent = if node.is_silent(found.now_ms, SILENT_AFTER) { "  (silent)" } else { "" };
        let endpoint = node.endpoint.as_ref().map(|it| format!("  {it}")).unwrap_or_default();
        let roles = node.roles().join(",");
        screen.line(format!("{:17} {:11} {roles}{endpoint}{silent}", node.name, node.zone))?;
    }
    screen.line("\nLEAD              LEADER      EPOCH  JOURNAL (entries)    WORKERS")?;
    for (what, holding) in found.leads().take(1) {
        screen.line(led(&what, holding))?;
    }
    for it in &found.partitions {
        let journal = match &it.journal {
            Ok((first, last)) => format!("{first} to {last}"),
            Err(_) => "no answer".to_owned(),
        };
        let workers = workers_of(found, it.partition).map(|names| names.join(",")).unwrap_or_default();
        let lead = led(&format!("partition {}", it.partition), it.leader.as_ref());
        screen.line(format!("{lead:36} {journal:20} {workers}").trim_end())?;
    }
    screen.line("\nWORKER            ZONE        PARTITION  MEMORY (used of MB)    ENVIRONMENTS")?;
    for it in found.workers.iter().flatten() {
        let states = states(found, it.worker.as_str());
        let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let memory = format!("{} of {}", it.memory_used_mb, it.memory_mb);
        let partition = it.partition.map_or_else(|| "-".to_owned(), |partition| partition.to_string());
        let line = format!(
            "{:17} {:11} {partition:10} {memory:22} {}",
            it.worker.as_str(),
            it.zone.as_str(),
            states.join(", ")
        );
        screen.line(line.trim_end())?;
    }
    show_replicas(found, screen)?;
    found.unanswered().iter().try_for_each(|why| screen.line(format!("no answer from {why}")))
}

fn led(what: &str, holding: Option<&Holding>) -> String {
    match holding {
        Some(it) => format!("{what:17} {:11} {:<6}", it.holder, it.epoch.0),
        None => format!("{what:17} nobody"),
    }
}
