//! `cluster`: what the hops between roles add to a warm invocation, and how long clients wait when a role is killed.
//!
//! The embedded server (`up`) and the cluster stand beside each other for the whole run and take turns within a round,
//! so that a noisy minute hits both. Every client speaks over the loopback of its frontend's machine: nobody signs,
//! and what is added is the platform's own hops. Faults are kill -9 under eight clients that never pause.

use crate::api::{Connection, WHOLE_PROCESSOR_MB, invoke_path};
use crate::cluster::Cluster;
use crate::load::{self, Load};
use crate::platform::{DataFolder, Platform};
use crate::report::{Report, Table};
use crate::statistics::{Samples, median, milliseconds, short};
use crate::{Outcome, Setting, functions};
use bytes::Bytes;
use http::StatusCode;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};

const ROUNDS: usize = 3;
const CONNECTIONS: [usize; 2] = [1, 8];
/// Of the load under which something is killed.
const CLIENTS: usize = 8;
const MEMORY_MB: &str = "1000000";
const FUNCTION: &str = "rust";
const WARM_UP: Duration = Duration::from_secs(1);
/// Load before a kill, and after it.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(8);
/// Of a client that was refused: it asks again soon, and does not take the processors.
const AFTER_FAILURE: Duration = Duration::from_millis(5);
/// An environment is held for so long where as many as there are clients must be there.
const HOLDING: &str = r#"{"sleep_ms":30}"#;
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(90);

/// What is killed under load.
#[derive(Clone, Copy, PartialEq)]
enum Victim {
    Nobody,
    Assignment,
    Placement,
    Nats,
    Worker,
}

/// One good answer.
struct Good {
    begun: Instant,
    ended: Instant,
    environment: String,
}

/// What one client saw.
#[derive(Default)]
struct Client {
    good: Vec<Good>,
    /// The first few words of each other answer.
    failures: Vec<String>,
}

/// What all clients saw of one kill.
struct Fault {
    gap_ms: f64,
    /// From the kill until as many environments as there are clients have answered.
    rebuilt_s: Option<f64>,
    failures: Vec<String>,
}

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let data = DataFolder::new(setting, "embedded")?;
    let embedded = Platform::start(setting, data.path(), &["--memory", MEMORY_MB])?;
    let mut cluster = Cluster::start(setting, MEMORY_MB, &mut report.notes).await?;
    let package = functions::rust(setting)?.package;
    Connection::open(embedded.address).await?.create(FUNCTION, &package, WHOLE_PROCESSOR_MB).await?;
    let first = cluster.connect(1).await?.pop();
    first.ok_or("no frontend")?.create(FUNCTION, &package, WHOLE_PROCESSOR_MB).await?;
    warm(setting, report, &embedded, &cluster).await?;
    embedded.stop()?; // what follows has the machine for itself
    let columns = ["killed", "longest wait ms", "of rounds", "rebuilt s", "failed"];
    let mut table = Table::new("kill -9 under 8 clients", &columns);
    for (victim, name) in [
        (Victim::Nobody, "nobody"),
        (Victim::Assignment, "assignment"),
        (Victim::Placement, "placement"),
        (Victim::Nats, "nats"),
        (Victim::Worker, "worker"),
    ] {
        let mut faults = Vec::new();
        for _ in 0..ROUNDS {
            faults.push(fault(setting, &mut cluster, victim).await?);
        }
        write_faults(report, &mut table, (victim, name), &faults);
    }
    report.tables.push(table);
    Ok(())
}

/// Embedded and cluster by turns.
async fn warm(setting: &Setting, report: &mut Report, embedded: &Platform, cluster: &Cluster) -> Outcome<()> {
    let columns = ["what", "p50 ms", "p99 ms", "per second", "added p50", "added p99", "rate / embedded"];
    let path = invoke_path(FUNCTION);
    for connections in CONNECTIONS {
        let mut pairs: Vec<(Load, Load)> = Vec::new();
        for round in 0..=ROUNDS {
            let duration = if round == 0 { WARM_UP } else { setting.load };
            let mut here = Vec::new();
            for _ in 0..connections {
                here.push(Connection::open(embedded.address).await?);
            }
            let here = load::run_on(here, &path, duration).await?;
            let there = load::run_on(cluster.connect(connections).await?, &path, duration).await?;
            if round > 0 {
                pairs.push((here, there));
            }
        }
        let title = format!("warm, {connections} connection{}", if connections == 1 { "" } else { "s" });
        let mut table = Table::new(&title, &columns);
        write_warm(report, &mut table, connections, &pairs);
        report.tables.push(table);
    }
    Ok(())
}

fn write_warm(report: &mut Report, table: &mut Table, connections: usize, pairs: &[(Load, Load)]) {
    let added = |percent: f64| {
        median(
            pairs
                .iter()
                .map(|(here, there)| there.latency.percentile(percent) - here.latency.percentile(percent)),
        )
    };
    let ratio = median(pairs.iter().map(|(here, there)| there.per_second / here.per_second));
    let side = |cluster: bool| {
        let all = || pairs.iter().map(|(here, there)| if cluster { there } else { here });
        let p50 = median(all().map(|it| it.latency.median()));
        let p99 = median(all().map(|it| it.latency.percentile(99.0)));
        (p50, p99, median(all().map(|it| it.per_second)))
    };
    for (name, is_cluster) in [("embedded", false), ("cluster", true)] {
        let (p50, p99, rate) = side(is_cluster);
        for (what, value) in [("p50_ms", p50), ("p99_ms", p99), ("per_second", rate)] {
            report.figure(&format!("{name}.{connections}.{what}"), value);
        }
        let compared = |text: String| if is_cluster { text } else { "–".to_owned() };
        table.row([
            name.to_owned(),
            short(p50),
            short(p99),
            format!("{rate:.0}"),
            compared(short(added(50.0))),
            compared(short(added(99.0))),
            compared(format!("{ratio:.2}")),
        ]);
    }
    report.figure(&format!("{connections}.added_p50_ms"), added(50.0));
    report.figure(&format!("{connections}.added_p99_ms"), added(99.0));
    report.figure(&format!("{connections}.rate_to_embedded"), ratio);
}

/// The worst of the rounds: a promise is about each.
fn write_faults(report: &mut Report, table: &mut Table, (victim, name): (Victim, &str), faults: &[Fault]) {
    let gaps = Samples::of(faults.iter().map(|fault| fault.gap_ms).collect());
    let failed: usize = faults.iter().map(|fault| fault.failures.len()).sum();
    report.figure(&format!("{name}.gap_ms"), gaps.max());
    #[allow(clippy::cast_precision_loss)] // a few
    report.figure(&format!("{name}.failed"), failed as f64);
    let mut shown = "–".to_owned();
    if victim == Victim::Worker {
        match faults.iter().map(|fault| fault.rebuilt_s).collect::<Option<Vec<f64>>>() {
            Some(rebuilt) => {
                let worst = Samples::of(rebuilt).max();
                report.figure(&format!("{name}.rebuilt_s"), worst);
                shown = short(worst);
            }
            None => {
                report.note(format!("a worker's environments were not back within {} s", AFTER.as_secs()))
            }
        }
    }
    let said: BTreeSet<&String> = faults.iter().flat_map(|fault| &fault.failures).collect();
    for words in said.into_iter().take(3) {
        report.note(format!("{name} was killed, and a client heard: {words}"));
    }
    let rounds: Vec<String> = faults.iter().map(|fault| short(fault.gap_ms)).collect();
    table.row([name.to_owned(), short(gaps.max()), rounds.join(" "), shown, failed.to_string()]);
}

/// Kills it under load; it is there again when this returns.
async fn fault(setting: &Setting, cluster: &mut Cluster, victim: Victim) -> Outcome<Fault> {
    let idx = match victim {
        Victim::Nobody => 0,
        Victim::Assignment => cluster.leader("partition 0")?,
        Victim::Placement => cluster.leader("placement")?,
        Victim::Nats => cluster.journal_leader().await?,
        Victim::Worker => {
            // As many environments as clients, before it is asked who has most.
            let held = cluster.connect(CLIENTS).await?;
            under_load(held, HOLDING, BEFORE, || ()).await?;
            cluster.busiest()?
        }
    };
    let event = if victim == Victim::Worker { HOLDING } else { "{}" };
    let connections = cluster.connect(CLIENTS).await?;
    let (killed, clients) = under_load(connections, event, AFTER, || match victim {
        Victim::Nobody => (),
        Victim::Nats => cluster.nats[idx].machine.kill(),
        Victim::Assignment | Victim::Placement | Victim::Worker => cluster.nodes[idx].machine.kill(),
    })
    .await?;
    match victim {
        Victim::Nobody => {}
        Victim::Nats => cluster.nats_back(setting, idx).await?,
        Victim::Assignment | Victim::Placement | Victim::Worker => {
            cluster.node_back(idx, MEMORY_MB).await?;
        }
    }
    Ok(Fault {
        gap_ms: clients.iter().map(|client| client.gap_ms(killed)).fold(0.0, f64::max),
        rebuilt_s: rebuilt(&clients, killed),
        failures: clients.into_iter().flat_map(|client| client.failures).collect(),
    })
}

/// Clients that never pause, for a while, then what is to be done, then `after`; when it was done and what they saw.
async fn under_load(
    connections: Vec<Connection>,
    event: &'static str,
    after: Duration,
    mut act: impl FnMut(),
) -> Outcome<(Instant, Vec<Client>)> {
    let ending = Rc::new(Cell::new(false));
    let load = async {
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn_local(client(connection, event, Rc::clone(&ending)));
        }
        tokio::time::sleep(BEFORE).await;
        let killed = Instant::now();
        act();
        tokio::time::sleep(after).await;
        ending.set(true);
        let ended = tokio::time::timeout(ANSWER_WAIT_MAX, tasks.join_all()).await;
        Ok((killed, ended.map_err(|_| "a client was never answered")?))
    };
    LocalSet::new().run_until(load).await
}

async fn client(mut connection: Connection, event: &'static str, ending: Rc<Cell<bool>>) -> Client {
    let (mut seen, path) = (Client::default(), invoke_path(FUNCTION));
    while !ending.get() {
        let begun = Instant::now();
        match connection.call(http::Method::POST, &path, Bytes::from_static(event.as_bytes())).await {
            Ok(answer) if answer.status == StatusCode::OK && !answer.function_error => {
                let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let environment = said["environment"].as_str().unwrap_or_default().to_owned();
                seen.good.push(Good { begun, ended: Instant::now(), environment });
            }
            Ok(answer) => {
                let said = &answer.body[..answer.body.len().min(200)];
                seen.failures.push(format!("{}: {}", answer.status, String::from_utf8_lossy(said)));
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            Err(error) => {
                seen.failures.push(error);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
    seen
}

impl Client {
    /// The longest time without a good answer, of those that ended after the kill.
    fn gap_ms(&self, killed: Instant) -> f64 {
        let between = self.good.windows(2).filter(|pair| pair[1].ended > killed);
        let longest = between.map(|pair| pair[1].ended.duration_since(pair[0].ended)).max();
        longest.map_or(f64::INFINITY, milliseconds)
    }
}

/// Environments that answered what was asked after the kill, until there were as many as clients.
fn rebuilt(clients: &[Client], killed: Instant) -> Option<f64> {
    let mut after: Vec<&Good> =
        clients.iter().flat_map(|client| &client.good).filter(|good| good.begun > killed).collect();
    after.sort_by_key(|good| good.ended);
    let mut answered = BTreeSet::new();
    let enough = after.into_iter().find(|good| {
        answered.insert(good.environment.as_str());
        answered.len() >= clients.len()
    })?;
    Some(enough.ended.duration_since(killed).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_is_that_of_the_worst_client_after_the_kill() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let good = |begun: u64, ended: u64, environment: &str| Good {
            begun: at(begun),
            ended: at(ended),
            environment: environment.to_owned(),
        };
        let one = Client {
            good: vec![good(0, 500, "a"), good(500, 900, "a"), good(900, 1_300, "b")],
            failures: Vec::new(),
        };
        let other = Client { good: vec![good(0, 990, "c"), good(1_020, 1_900, "c")], failures: Vec::new() };
        let killed = at(1_000);
        assert_eq!((one.gap_ms(killed), other.gap_ms(killed)), (400.0, 910.0));
        assert_eq!(Client::default().gap_ms(killed), f64::INFINITY);
        // What was asked before the kill says nothing of what is there after it.
        assert_eq!(rebuilt(&[one], killed), None);
        assert_eq!(rebuilt(&[other], killed), Some(0.9));
    }
}
