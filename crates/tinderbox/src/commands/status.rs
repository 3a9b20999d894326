//! `tinderbox status`: how a platform of several nodes stands. What every operator's command stands on is here, too.

use super::up::host;
use crate::cli::{JoinFlags, StatusArgs};
use crate::cluster::members::{self, Member, SILENT_AFTER};
use crate::cluster::net::Net;
use crate::cluster::partition::PartitionClient;
use crate::cluster::standing::{self, Replayed};
use crate::cluster::stores::Stores;
use crate::cluster::{self, lead};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric::assignment::{Assignment, CensusQuery, EnvironmentState};
use fabric::placement::{Placement, WorkerState, WorkersQuery};
use fabric::remote::Remote;
use fabric_rpc::NodeRole;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use substrate::election::{self, Holding};
use substrate::{Key, KvError};
use types::PartitionId;
use world::World;

/// How long a role that may be gone is waited for.
const ASK_MAX: Duration = Duration::from_secs(3);
const PARTITION: PartitionId = PartitionId(0);

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
    leads: Vec<(String, Option<Holding>)>,
    workers: Result<Vec<WorkerState>, String>,
    environments: Result<Vec<EnvironmentState>, String>,
    journal: Result<(u64, u64), String>,
    /// What each assignment node says of what it has replayed.
    replayed: Vec<(String, Result<Vec<Replayed>, String>)>,
    now_ms: u64,
}

pub(super) fn run(args: &StatusArgs, screen: Screen) -> Result<(), Failure> {
    inside(async {
        let operator = Operator::new(&args.join).await?;
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
    let keys = [("placement", lead::key()), ("partition 0", assignment::key_of(PARTITION))];
    let mut leads = Vec::new();
    for (what, key) in keys {
        let key: Key = key.map_err(store)?;
        leads.push((what.to_owned(), election::holding(kv, &key).await.map_err(store)?));
    }
    let placement = operator.placement()?;
    let assignment = PartitionClient::new(&operator.net, PARTITION).map_err(store)?;
    let world = &operator.world;
    let workers = world.timeout(ASK_MAX, placement.workers(WorkersQuery)).await;
    let environments = world.timeout(ASK_MAX, assignment.census(CensusQuery)).await;
    let journal = async {
        let log = operator.stores.journal(PARTITION).await.map_err(|error| error.message)?;
        log.span().await.map(|span| (span.first.0, span.last.0)).map_err(|error| error.to_string())
    };
    // Before the journal's end is read: an entry that comes meanwhile is lag, and never less than none.
    let replayed = replayed(operator, &nodes).await;
    let journal = world.timeout(ASK_MAX, journal).await;
    Ok(Found {
        replayed,
        nodes,
        leads,
        workers: in_time(workers),
        environments: in_time(environments),
        journal: in_time(journal),
        now_ms: world.wall().millis(),
    })
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
    let (_, last) = found.journal.as_ref().ok()?;
    replayed.position.map(|position| last.saturating_sub(position))
}

fn in_time<T, E: std::fmt::Display>(asked: Option<Result<T, E>>) -> Result<T, String> {
    match asked {
        Some(answer) => answer.map_err(|error| error.to_string()),
        None => Err("no answer in time".to_owned()),
    }
}

fn states(environments: &[EnvironmentState], worker: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for environment in environments.iter().filter(|it| it.worker.as_str() == worker) {
        *counts.entry(environment.state.clone()).or_default() += 1;
    }
    counts
}

fn as_json(found: &Found) -> Value {
    let silent = |member: &Member| member.is_silent(found.now_ms, SILENT_AFTER);
    let nodes: Vec<Value> = found
        .nodes
        .iter()
        .map(|it| {
            json!({ "name": it.name, "roles": it.roles(), "zone": it.zone, "fabric": it.fabric,
                    "endpoint": it.endpoint, "silent": silent(it) })
        })
        .collect();
    let leads: Vec<Value> = found
        .leads
        .iter()
        .map(|(what, holding)| {
            let (leader, epoch) = holding.as_ref().map(|it| (&it.holder, it.epoch.0)).unzip();
            json!({ "of": what, "leader": leader, "epoch": epoch })
        })
        .collect();
    let empty = Vec::new();
    let environments = found.environments.as_ref().unwrap_or(&empty);
    let worker = |it: &WorkerState| {
        json!({ "name": it.worker.as_str(), "zone": it.zone.as_str(), "memory_mb": it.memory_mb,
                "memory_used_mb": it.memory_used_mb, "environments_max": it.environments_max,
                "environments": states(environments, it.worker.as_str()) })
    };
    let workers = found.workers.as_ref().map(|all| all.iter().map(worker).collect::<Vec<_>>());
    let environment = |it: &EnvironmentState| {
        json!({ "id": format!("{:032x}", u128::from_be_bytes(it.environment.0)), "worker": it.worker.as_str(),
                "state": it.state, "function": it.key.function.as_str(), "version": it.key.version.to_string() })
    };
    let unanswered: Vec<&String> =
        [found.workers.as_ref().err(), found.environments.as_ref().err(), found.journal.as_ref().err()]
            .into_iter()
            .flatten()
            .collect();
    json!({
        "nodes": nodes,
        "leads": leads,
        "workers": workers.as_ref().ok(),
        "environments": found.environments.as_ref().ok().map(|all| all.iter().map(environment).collect::<Vec<_>>()),
        "journal": found.journal.as_ref().ok().map(|(first, last)| json!({ "first": first, "last": last })),
        "replicas": replicas(found),
        "unanswered": unanswered,
    })
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
    for (node, answer) in &found.replayed {
        let partitions = match answer {
            Ok(partitions) => partitions,
            Err(why) => {
                screen.line(format!("  {node:15} does not answer: {why}"))?;
                continue;
            }
        };
        for it in partitions {
            let how = match (it.position, lag(found, it)) {
                (None, _) => "leads".to_owned(),
                (Some(at), Some(lag)) => format!("follows, replayed to {at}, {lag} behind"),
                (Some(at), None) => format!("follows, replayed to {at}"),
            };
            screen.line(format!("  {node:15} partition {}: {how}", it.partition))?;
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
    screen.line("\nLEAD              LEADER      EPOCH")?;
    for (what, holding) in &found.leads {
        match holding {
            Some(it) => screen.line(format!("{what:17} {:11} {}", it.holder, it.epoch.0))?,
            None => screen.line(format!("{what:17} nobody"))?,
        }
    }
    let empty = Vec::new();
    let environments = found.environments.as_ref().unwrap_or(&empty);
    screen.line("\nWORKER            ZONE        MEMORY (used of MB)    ENVIRONMENTS")?;
    match &found.workers {
        Ok(workers) => {
            for it in workers {
                let states = states(environments, it.worker.as_str());
                let states: Vec<String> =
                    states.iter().map(|(state, count)| format!("{count} {state}")).collect();
                let memory = format!("{} of {}", it.memory_used_mb, it.memory_mb);
                screen.line(format!(
                    "{:17} {:11} {memory:22} {}",
                    it.worker.as_str(),
                    it.zone.as_str(),
                    states.join(", ")
                ))?;
            }
        }
        Err(why) => screen.line(format!("placement does not answer: {why}"))?,
    }
    if let Err(why) = &found.environments {
        screen.line(format!("assignment does not answer: {why}"))?;
    }
    match &found.journal {
        Ok((first, last)) => screen.line(format!("\nJOURNAL           entries {first} to {last}"))?,
        Err(why) => screen.line(format!("\nJOURNAL           {why}"))?,
    }
    show_replicas(found, screen)
}
