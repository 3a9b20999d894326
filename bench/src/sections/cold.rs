//! `cold`: the first answer of a function that has no environment, as its client sees it.
//!
//! Two series of each language. Without a pool (`--pool 0`) every environment is made for its function, and what counts
//! is how much that takes beyond the bare start of the interpreter. With one, an answer counts only if its waterfall has
//! `pool.bind`: it really came out of the pool, with its interpreter up before it was asked for.

use crate::api::{Connection, Noop, SMALL_MB, WHOLE_PROCESSOR_MB};
use crate::functions::{self, Function};
use crate::platform::{DataFolder, Platform};
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

/// One after the other; its median is the cold start that is promised.
const ALONE: usize = 20;
const BURSTS: [usize; 2] = [10, 100];
const THOUSAND: usize = 1_000;
/// All of the thousand must be held at once, so each is held for longer than all of them may take to come.
const HOLD_EVENT: &str = r#"{"sleep_ms": 30000}"#;
/// More than a thousand environments of 128 MB, and than this machine has: no-ops use little of it.
const MEMORY_MB: &str = "1000000";
const STARTS: usize = 20;
/// Before each pooled start: what was taken from the pool is made again while nothing starts.
const POOL_FILL: Duration = Duration::from_millis(1_500);
/// Tries for [`ALONE`] pooled starts; the pool promises no room to anybody.
const POOLED_TRIES_MAX: usize = 2 * ALONE;

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let columns = ["what", "p50 ms", "p99 ms", "all after ms", "p50 over bare start"];
    let mut table = Table::new("cold: first answer of functions without an environment", &columns);
    for function in functions::all(setting, &mut report.notes)? {
        language(setting, report, &mut table, &function).await?;
        pooled(setting, report, &mut table, &function).await?;
    }
    report.tables.push(table);
    thousand(setting, report).await
}

async fn language(
    setting: &Setting,
    report: &mut Report,
    table: &mut Table,
    function: &Function,
) -> Outcome<()> {
    let bare = function.bare_start(STARTS)?;
    let language = function.language;
    report.figure(&format!("{language}.bare_p50_ms"), bare.median());
    let dash = || "–".to_owned();
    table.row([
        format!("{language}, bare start"),
        short(bare.median()),
        short(bare.percentile(99.0)),
        dash(),
        dash(),
    ]);
    let data = DataFolder::new(setting, language)?;
    let platform = Platform::start(setting, data.path(), &["--memory", MEMORY_MB, "--pool", "0"])?;
    let mut connection = Connection::open(platform.address).await?;
    // The platform looks for interpreters once; that is no cold start.
    connection.create("first", &function.package, WHOLE_PROCESSOR_MB).await?;
    connection.noop("first", "{}").await?;
    for memory_mb in [WHOLE_PROCESSOR_MB, SMALL_MB] {
        let samples = alone(&mut connection, function, memory_mb).await?;
        let shown = format!("{language}, alone, {memory_mb} MB");
        // The promise is about the platform: with a whole processor.
        let name = if memory_mb == SMALL_MB { format!("{language}.small") } else { format!("{language}.1") };
        write(report, table, &shown, &name, &samples, None, &bare);
    }
    for size in BURSTS {
        let (samples, all) = burst(&mut connection, platform.address, function, size).await?;
        let shown = format!("{language}, {size} at once");
        write(report, table, &shown, &format!("{language}.{size}"), &samples, Some(all), &bare);
    }
    platform.stop()
}

/// One after the other, each out of the pool.
async fn pooled(
    setting: &Setting,
    report: &mut Report,
    table: &mut Table,
    function: &Function,
) -> Outcome<()> {
    let language = function.language;
    let data = DataFolder::new(setting, language)?;
    let platform = Platform::start(setting, data.path(), &["--memory", MEMORY_MB])?;
    let mut connection = Connection::open(platform.address).await?;
    // The pool makes what was asked for before.
    connection.create("first", &function.package, WHOLE_PROCESSOR_MB).await?;
    connection.noop("first", "{}").await?;
    let (mut samples, mut tries) = (Vec::new(), 0);
    while samples.len() < ALONE && tries < POOLED_TRIES_MAX {
        let name = format!("pooled-{tries}");
        tries += 1;
        connection.create(&name, &function.package, WHOLE_PROCESSOR_MB).await?;
        tokio::time::sleep(POOL_FILL).await;
        let (answer, took, request_id) = connection.timed(&name).await?;
        expect_cold(&answer)?;
        if connection.rooms(&request_id).await?.iter().any(|room| room == "pool.bind") {
            samples.push(milliseconds(took));
        }
    }
    if samples.is_empty() {
        report.note(format!("{language}: no cold start came out of the pool in {tries} tries"));
        return platform.stop();
    }
    if samples.len() < tries {
        report.note(format!("{language}: {} of {tries} cold starts came out of the pool", samples.len()));
    }
    let samples = Samples::of(samples);
    report.figure(&format!("{language}.pooled.p50_ms"), samples.median());
    report.figure(&format!("{language}.pooled.p99_ms"), samples.percentile(99.0));
    let dash = || "–".to_owned();
    let shown = format!("{language}, alone, out of the pool");
    table.row([shown, short(samples.median()), short(samples.percentile(99.0)), dash(), dash()]);
    platform.stop()
}

/// Function after function, each created and then invoked for the first time.
async fn alone(connection: &mut Connection, function: &Function, memory_mb: u32) -> Outcome<Samples> {
    let mut samples = Vec::new();
    for idx in 0..ALONE {
        let name = format!("alone-{memory_mb}-{idx}");
        connection.create(&name, &function.package, memory_mb).await?;
        let start = Instant::now();
        expect_cold(&connection.noop(&name, "{}").await?)?;
        samples.push(milliseconds(start.elapsed()));
    }
    Ok(Samples::of(samples))
}

/// `size` functions, each invoked once, all at the same time.
async fn burst(
    connection: &mut Connection,
    address: SocketAddr,
    function: &Function,
    size: usize,
) -> Outcome<(Samples, f64)> {
    let mut ready = Vec::new();
    for idx in 0..size {
        let name = format!("burst-{size}-{idx}");
        connection.create(&name, &function.package, WHOLE_PROCESSOR_MB).await?;
        ready.push((name, Connection::open(address).await?));
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (name, mut connection) in ready {
        tasks.spawn(async move {
            let answer = connection.noop(&name, "{}").await?;
            expect_cold(&answer)?;
            Ok::<f64, String>(milliseconds(start.elapsed()))
        });
    }
    let mut samples = Vec::new();
    while let Some(done) = tasks.join_next().await {
        samples.push(done.map_err(|error| error.to_string())??);
    }
    Ok((Samples::of(samples), milliseconds(start.elapsed())))
}

fn expect_cold(answer: &Noop) -> Outcome<()> {
    if answer.n == 1 {
        Ok(())
    } else {
        Err(format!("no cold start: invocation {} of its environment", answer.n))
    }
}

fn write(
    report: &mut Report,
    table: &mut Table,
    shown: &str,
    name: &str,
    samples: &Samples,
    all: Option<f64>,
    bare: &Samples,
) {
    let over = samples.median() - bare.median();
    report.figure(&format!("{name}.p50_ms"), samples.median());
    report.figure(&format!("{name}.p99_ms"), samples.percentile(99.0));
    report.figure(&format!("{name}.over_bare_p50_ms"), over);
    if let Some(all) = all {
        report.figure(&format!("{name}.all_ms"), all);
    }
    table.row([
        shown.to_owned(),
        short(samples.median()),
        short(samples.percentile(99.0)),
        all.map_or_else(|| "–".to_owned(), short),
        short(over),
    ]);
}

/// A thousand environments of one function from none: each is held until all have come. The clock is the handlers' own.
async fn thousand(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let function = functions::rust(setting)?;
    let data = DataFolder::new(setting, "thousand")?;
    let platform = Platform::start(setting, data.path(), &["--memory", MEMORY_MB])?;
    let mut connection = Connection::open(platform.address).await?;
    connection.create("thousand", &function.package, SMALL_MB).await?;
    let mut ready = Vec::new();
    for _ in 0..THOUSAND {
        ready.push(Connection::open(platform.address).await?);
    }
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut tasks = JoinSet::new();
    for mut connection in ready {
        tasks.spawn(async move { connection.noop("thousand", HOLD_EVENT).await });
    }
    let mut environments = BTreeSet::new();
    let (mut begun, mut failed) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.map_err(|error| error.to_string())? {
            Ok(answer) => {
                environments.insert(answer.environment);
                begun.push(milliseconds(Duration::from_micros(answer.began_us).saturating_sub(start)));
            }
            Err(reason) => failed.push(reason),
        }
    }
    if let Some(reason) = failed.first() {
        report.note(format!("of {THOUSAND} environments {} did not come, the first: {reason}", failed.len()));
    }
    let begun = Samples::of(begun);
    let mut table =
        Table::new("environments of one no-op Rust function from none", &["came", "p50 s", "p90 s", "all s"]);
    let second = |milliseconds: f64| short(milliseconds / 1_000.0);
    table.row([
        format!("{} of {THOUSAND}", environments.len()),
        second(begun.median()),
        second(begun.percentile(90.0)),
        second(begun.max()),
    ]);
    report.tables.push(table);
    #[allow(clippy::cast_precision_loss)]
    report.figure("thousand.environments", environments.len() as f64);
    report.figure("thousand.all_s", begun.max() / 1_000.0);
    platform.stop()
}
