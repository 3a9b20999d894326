//! `soak`: mixed traffic as a day of the Azure 2019 sample had it, faster; nothing of it may stay.
//!
//! ```text
//! replay a tenth ─► drain (no environment left) ─► look ─► replay the rest ─► drain ─► look again
//! ```
//! Growth is the difference of the two looks: environments are gone in both, so what has grown is a leak or a cache
//! that the first tenth had not filled. There is no pool (`--pool 0`): its rooms live for minutes, and how many there are
//! at a look is chance. A pool's own cost is a figure beside it, of a second server: a tenth of the traffic, and a look
//! while its rooms wait.

mod trace;

use crate::api::{Connection, SMALL_MB};
use crate::functions::{self, Function};
use crate::platform::{DataFolder, Platform};
use crate::process::{mounts, tree};
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting};
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use trace::{Call, Trace};

const FUNCTIONS: usize = 60;
/// A minute of the sample takes so long here.
const MINUTE: Duration = Duration::from_secs(2);
/// Invocations a second, on average, for each core: mixed languages with cold starts leave the machine some air.
const RATE_PER_CORE: f64 = 30.0;
/// More than this are not in flight: then the machine is too slow for the rate, and that is said.
const IN_FLIGHT_MAX: usize = 256;
/// Environments end after this; short, so that the replay has cold starts and draining is quick.
const IDLE: &str = "10s";
const DRAIN_MAX: Duration = Duration::from_secs(90);

/// What must not grow.
struct Look {
    rss_kb: u64,
    pss_kb: u64,
    fds: usize,
    processes: usize,
    mounts: usize,
}

/// What the replay found; shared by its tasks.
#[derive(Default)]
struct Found {
    warm_ms: Vec<f64>,
    cold_ms: Vec<f64>,
    late: usize,
    failures: Vec<String>,
}

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let functions = functions::all(setting, &mut report.notes)?;
    let trace = Trace::read(&setting.root.join("bench/data/azure-2019"), FUNCTIONS)?;
    let data = DataFolder::new(setting, "soak")?;
    let platform = start(setting, &data, &functions, &trace, &["--pool", "0"]).await?;
    let found = Arc::new(Mutex::new(Found::default()));
    #[allow(clippy::cast_precision_loss)]
    let rate = RATE_PER_CORE * report.machine.cores as f64 * MINUTE.as_secs_f64();
    let minutes = usize::try_from(setting.soak.as_secs() / MINUTE.as_secs()).unwrap_or(0).max(20);
    let calls = trace.replay(minutes, rate);
    let (first, rest) = calls.split_at(minutes.div_ceil(10));
    replay(&platform, first, &found).await?;
    let before = drained(&platform).await?;
    replay(&platform, rest, &found).await?;
    let after = drained(&platform).await?;
    let found = std::mem::take(&mut *found.lock().await);
    write(report, &before, &after, found);
    platform.stop()?;
    with_pool(setting, report, &functions, &trace, first, &before).await
}

/// A server with all functions, and a little more of the command line.
async fn start(
    setting: &Setting,
    data: &DataFolder,
    functions: &[Function],
    trace: &Trace,
    more: &[&str],
) -> Outcome<Platform> {
    let arguments = [&["--idle-timeout", IDLE, "--memory", "100000"], more].concat();
    let platform = Platform::start(setting, data.path(), &arguments)?;
    let mut connection = Connection::open(platform.address).await?;
    for idx in 0..trace.functions() {
        connection.create(&name(idx), &kind(functions, idx).package, SMALL_MB).await?;
    }
    Ok(platform)
}

/// What waiting rooms hold: the same tenth on a server with its pool, against the first look of the one without.
#[allow(clippy::cast_precision_loss)]
async fn with_pool(
    setting: &Setting,
    report: &mut Report,
    functions: &[Function],
    trace: &Trace,
    first: &[Vec<Call>],
    without: &Look,
) -> Outcome<()> {
    let data = DataFolder::new(setting, "soak-pool")?;
    let platform = start(setting, &data, functions, trace, &[]).await?;
    let found = Arc::new(Mutex::new(Found::default()));
    replay(&platform, first, &found).await?;
    let with = drained(&platform).await?;
    let more = |with: u64, without: u64| with as f64 - without as f64;
    let pss_mib = more(with.pss_kb, without.pss_kb) / 1024.0;
    let processes = more(with.processes as u64, without.processes as u64);
    report.figure("pool.pss_mib", pss_mib);
    report.figure("pool.processes", processes);
    let mut table = Table::new("soak: what the pool holds when no environment is", &["PSS MiB", "processes"]);
    table.row([short(pss_mib), short(processes)]);
    report.tables.push(table);
    platform.stop()
}

fn name(idx: usize) -> String {
    format!("azure-{idx}")
}

fn kind(functions: &[Function], idx: usize) -> &Function {
    &functions[idx % functions.len()]
}

/// Open loop: a slow answer delays no other invocation.
async fn replay(platform: &Platform, minutes: &[Vec<Call>], found: &Arc<Mutex<Found>>) -> Outcome<()> {
    let room = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (minute, calls) in (0u32..).zip(minutes) {
        for (call, share) in calls.iter().zip(shares(calls.len())) {
            let at = MINUTE * minute + MINUTE.mul_f64(share);
            tokio::time::sleep(at.saturating_sub(start.elapsed())).await;
            let Ok(permit) = room.clone().try_acquire_owned() else {
                found.lock().await.late += 1;
                continue;
            };
            let (address, call, found) = (platform.address, *call, found.clone());
            tasks.spawn(async move {
                let outcome = one(address, call).await;
                let mut found = found.lock().await;
                match outcome {
                    Ok((true, ms)) => found.cold_ms.push(ms),
                    Ok((false, ms)) => found.warm_ms.push(ms),
                    Err(reason) => found.failures.push(reason),
                }
                drop(permit);
            });
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// When within a minute each of so many calls is made, evenly.
#[allow(clippy::cast_precision_loss)]
fn shares(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |idx| idx as f64 / count as f64)
}

/// Whether it was a cold start, and how long it took beyond what the function itself slept.
async fn one(address: std::net::SocketAddr, call: Call) -> Outcome<(bool, f64)> {
    let start = Instant::now();
    let mut connection = Connection::open(address).await?;
    let event = Bytes::from(format!("{{\"sleep_ms\": {}}}", call.sleep_ms));
    let path = crate::api::invoke_path(&name(call.function));
    let body = connection.invoke(&path, event).await?;
    let answer: crate::api::Noop = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let took = start.elapsed().saturating_sub(Duration::from_millis(call.sleep_ms));
    Ok((answer.n == 1, milliseconds(took)))
}

/// Waits until every environment is gone (the tree has no more processes than a resting server), then looks.
async fn drained(platform: &Platform) -> Outcome<Look> {
    let pid = platform.running.pid();
    let start = Instant::now();
    let mut steady = 0;
    let mut last = usize::MAX;
    // Environments end one by one after their idle time: the number of processes falls, then stays.
    while steady < 15 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = tree(pid).processes;
        steady = if now == last { steady + 1 } else { 0 };
        last = now;
        if start.elapsed() > DRAIN_MAX {
            return Err(format!("environments did not end: {now} processes after {} s", DRAIN_MAX.as_secs()));
        }
    }
    let tree = tree(pid);
    let Some(spawner) = crate::process::descendants(pid).get(1).copied() else {
        return Err("the server has no spawner".to_owned());
    };
    Ok(Look {
        rss_kb: tree.rss_kb,
        pss_kb: tree.pss_kb,
        fds: tree.fds,
        processes: tree.processes,
        mounts: mounts(spawner),
    })
}

#[allow(clippy::cast_precision_loss)]
fn write(report: &mut Report, before: &Look, after: &Look, found: Found) {
    let mut table = Table::new(
        "soak: what is there when no environment is",
        &["what", "after a tenth", "at the end", "growth"],
    );
    for (what, before, after) in [
        ("rss_kib", before.rss_kb, after.rss_kb),
        ("pss_kib", before.pss_kb, after.pss_kb),
        ("fds", before.fds as u64, after.fds as u64),
        ("processes", before.processes as u64, after.processes as u64),
        ("mounts", before.mounts as u64, after.mounts as u64),
    ] {
        let growth = after as f64 - before as f64;
        report.figure(&format!("growth.{what}"), growth);
        table.row([what.to_owned(), before.to_string(), after.to_string(), format!("{growth:.0}")]);
    }
    report.tables.push(table);
    let (cold, warm) = (found.cold_ms.len(), found.warm_ms.len());
    let answered = cold + warm;
    report.figure("invocations", answered as f64);
    report.figure("failures", found.failures.len() as f64);
    report.figure("cold_share_percent", 100.0 * cold as f64 / answered.max(1) as f64);
    if let Some(reason) = found.failures.first() {
        report.note(format!("{} invocations failed, the first: {reason}", found.failures.len()));
    }
    if found.late > 0 {
        report.note(format!("{} invocations were left out: {IN_FLIGHT_MAX} were in flight", found.late));
    }
    let mut table =
        Table::new("soak: time beyond the function's own", &["what", "count", "p50 ms", "p99 ms", "max ms"]);
    for (what, samples) in [("cold", found.cold_ms), ("warm", found.warm_ms)] {
        let count = samples.len().to_string();
        let samples = Samples::of(samples);
        report.figure(&format!("{what}.p99_ms"), samples.percentile(99.0));
        let cells = [samples.median(), samples.percentile(99.0), samples.max()].map(short);
        table.row([what.to_owned(), count].into_iter().chain(cells));
    }
    report.tables.push(table);
}
