//! `warm`: what we add to an invocation whose environment waits, beside the floor and beside others.
//!
//! Targets take turns within a round, so that a noisy minute of the machine hits all of them; figures are the medians
//! of the rounds. The floor echoes the request in one hyper server: no function, no second process.

use crate::api::{Connection, WHOLE_PROCESSOR_MB, invoke_path};
use crate::load::{self, Load, Target};
use crate::platform::{DataFolder, Platform};
use crate::report::{Report, Table};
use crate::statistics::{median, short};
use crate::{Outcome, Setting, floor, functions, peers};
use std::time::Duration;

const ROUNDS: usize = 3;
const CONNECTIONS: [usize; 3] = [1, 8, 64];
/// Room for 64 environments of every language; no-ops use little of it.
const MEMORY_MB: &str = "1000000";
const WARM_UP: Duration = Duration::from_millis(500);

/// A target, the most connections that it serves at once, and the connections with what each round found.
struct Contender {
    target: Target,
    /// In the names of figures.
    name: String,
    connections_max: usize,
    found: Vec<(usize, Vec<Load>)>,
}

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let (_floor, address) = floor::start_echo()?;
    let data = DataFolder::new(setting, "warm")?;
    let platform = Platform::start(setting, data.path(), &["--memory", MEMORY_MB])?;
    let mut contenders = vec![contender("floor", "hyper echo, nothing else", address, "floor")];
    let mut connection = Connection::open(platform.address).await?;
    for function in functions::all(setting, &mut report.notes)? {
        connection.create(function.language, &function.package, WHOLE_PROCESSOR_MB).await?;
        let shown = format!("tinderbox, {}", function.language);
        contenders.push(contender(function.language, &shown, platform.address, function.language));
    }
    let others = peers::start_all(setting, &mut report.notes).await;
    for peer in &others {
        contenders.push(Contender {
            target: peer.target.clone(),
            name: peer.target.name.replace(' ', "-"),
            connections_max: peer.connections_max,
            found: Vec::new(),
        });
    }
    for connections in CONNECTIONS {
        for contender in contenders.iter_mut().filter(|it| it.connections_max >= connections) {
            load::run(&contender.target, connections, WARM_UP).await?;
            contender.found.push((connections, Vec::new()));
        }
        for _ in 0..ROUNDS {
            for contender in contenders.iter_mut().filter(|it| it.connections_max >= connections) {
                let load = load::run(&contender.target, connections, setting.load).await?;
                contender.found.last_mut().ok_or("no warm-up")?.1.push(load);
            }
        }
    }
    write(report, &contenders);
    platform.stop()
}

fn contender(name: &str, shown: &str, address: std::net::SocketAddr, function: &str) -> Contender {
    let target = Target { name: shown.to_owned(), address, path: invoke_path(function) };
    Contender { target, name: name.to_owned(), connections_max: usize::MAX, found: Vec::new() }
}

fn write(report: &mut Report, contenders: &[Contender]) {
    for connections in CONNECTIONS {
        let title = format!("warm, {connections} connection{}", if connections == 1 { "" } else { "s" });
        let columns =
            ["what", "p50 ms", "p99 ms", "per second", "p50 over floor", "p99 over floor", "rate / floor"];
        let mut table = Table::new(&title, &columns);
        let loads = |contender: &'_ Contender| {
            contender.found.iter().find(|(n, _)| *n == connections).map(|(_, loads)| loads.clone())
        };
        let Some(floor) = contenders.first().and_then(loads) else { continue };
        for contender in contenders {
            let Some(loads) = loads(contender) else { continue };
            let p50 = median(loads.iter().map(|load| load.latency.median()));
            let p99 = median(loads.iter().map(|load| load.latency.percentile(99.0)));
            let rate = median(loads.iter().map(|load| load.per_second));
            let pairs = || loads.iter().zip(&floor);
            let added_p50 = median(pairs().map(|(it, floor)| it.latency.median() - floor.latency.median()));
            let added_p99 = median(
                pairs().map(|(it, floor)| it.latency.percentile(99.0) - floor.latency.percentile(99.0)),
            );
            let ratio = median(pairs().map(|(it, floor)| it.per_second / floor.per_second));
            let figure = |what: &str| format!("{}.{connections}.{what}", contender.name);
            for (what, value) in [
                ("p50_ms", p50),
                ("p99_ms", p99),
                ("per_second", rate),
                ("added_p50_ms", added_p50),
                ("added_p99_ms", added_p99),
                ("rate_to_floor", ratio),
            ] {
                report.figure(&figure(what), value);
            }
            table.row([
                contender.target.name.clone(),
                short(p50),
                short(p99),
                format!("{rate:.0}"),
                short(added_p50),
                short(added_p99),
                format!("{ratio:.2}"),
            ]);
        }
        report.tables.push(table);
    }
}
