//! `freezer`: what it costs a caller that environments stand still between invocations, and what that gives back.
//!
//! ```text
//! back to back: answer ─► call                       (never frozen)
//! apart:        answer ─► 60 ms and more ─► call     (frozen: the call thaws it)
//! ```
//! The same gaps on a server that never freezes say what waiting alone costs (a processor that has gone to sleep, caches
//! that others have used); the thaw is what is left. Freezing itself is on nobody's path: what it takes from a caller is
//! seen where the next call comes while it is under way.

use crate::api::{Connection, SMALL_MB, WHOLE_PROCESSOR_MB};
use crate::functions::{self, Function};
use crate::platform::{DataFolder, Platform};
use crate::process::{self, tree};
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting};
use std::time::Duration;

const CALLS: usize = 200;
/// `up` freezes after 50 ms: this far apart every call finds a frozen environment.
const APART: Duration = Duration::from_millis(70);
/// And so far apart the call comes about when freezing begins.
const AMID: Duration = Duration::from_millis(50);
/// Idle memory is given back when an environment has stood still for a minute; then that takes a little.
const RECLAIMED_AFTER: Duration = Duration::from_secs(75);
const FROZEN_AFTER: Duration = Duration::from_secs(2);

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let functions = functions::all(setting, &mut report.notes)?;
    callers(setting, report, &functions).await?;
    memory(setting, report, &functions).await
}

async fn callers(setting: &Setting, report: &mut Report, functions: &[Function]) -> Outcome<()> {
    let columns = ["function", "calls", "p50 ms", "p99 ms", "p50 over never frozen"];
    let mut table = Table::new("freezer: an invocation, by what its environment did before", &columns);
    for function in functions {
        let language = function.language;
        let frozen = series(setting, function, &[]).await?;
        let awake = series(setting, function, &["--freeze-after", "never"]).await?;
        for ((name, frozen), (_, awake)) in frozen.iter().zip(&awake) {
            let over = frozen.median() - awake.median();
            report.figure(&format!("{language}.{name}.p50_ms"), frozen.median());
            report.figure(&format!("{language}.{name}.over_p50_ms"), over);
            let cells = [frozen.median(), frozen.percentile(99.0), over].map(short);
            table.row([language.to_owned(), (*name).to_owned()].into_iter().chain(cells));
        }
    }
    report.tables.push(table);
    Ok(())
}

/// One environment, called in three rhythms.
async fn series(
    setting: &Setting,
    function: &Function,
    more: &[&str],
) -> Outcome<Vec<(&'static str, Samples)>> {
    let data = DataFolder::new(setting, function.language)?;
    let platform = Platform::start(setting, data.path(), &[&["--pool", "0"], more].concat())?;
    let mut connection = Connection::open(platform.address).await?;
    connection.create("noop", &function.package, WHOLE_PROCESSOR_MB).await?;
    connection.noop("noop", "{}").await?;
    let mut found = Vec::new();
    for (name, gap) in [("back_to_back", Duration::ZERO), ("amid", AMID), ("apart", APART)] {
        let mut samples = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            tokio::time::sleep(gap).await;
            let (answer, took, _) = connection.timed("noop").await?;
            // A busy machine's runtime may not have asked for its next event yet: then another environment is made.
            if answer.n > 1 {
                samples.push(milliseconds(took));
            }
        }
        if samples.len() < CALLS / 2 {
            return Err(format!("{}: most calls made environments of their own", function.language));
        }
        found.push((name, Samples::of(samples)));
    }
    platform.stop()?;
    Ok(found)
}

/// What one idle environment holds, frozen, and once its idle memory was given back. All languages wait at once.
async fn memory(setting: &Setting, report: &mut Report, functions: &[Function]) -> Outcome<()> {
    let mut servers = Vec::new();
    for function in functions {
        let data = DataFolder::new(setting, &format!("{}-idle", function.language))?;
        let arguments = ["--pool", "0", "--idle-timeout", "10m"];
        let platform = Platform::start(setting, data.path(), &arguments)?;
        let mut connection = Connection::open(platform.address).await?;
        connection.create("noop", &function.package, SMALL_MB).await?;
        connection.noop("noop", "{}").await?;
        servers.push((function.language, platform, data));
    }
    tokio::time::sleep(FROZEN_AFTER).await;
    let frozen: Vec<u64> = servers.iter().map(|(_, platform, _)| guests_pss_kb(platform)).collect();
    tokio::time::sleep(RECLAIMED_AFTER).await;
    let columns = ["function", "frozen", "a minute later", "given back"];
    let mut table = Table::new("freezer: memory of an idle environment, PSS MiB", &columns);
    for ((language, platform, _data), frozen) in servers.into_iter().zip(frozen) {
        let (frozen, still) = (mib(frozen), mib(guests_pss_kb(&platform)));
        report.figure(&format!("{language}.frozen_pss_mib"), frozen);
        report.figure(&format!("{language}.reclaimed_pss_mib"), still);
        table.row([language.to_owned(), short(frozen), short(still), short(frozen - still)]);
        platform.stop()?;
    }
    report.tables.push(table);
    if !std::path::Path::new("/proc/swaps").exists() || swaps() < 2 {
        report.note("no swap here: what can be given back is what files on disk have again");
    }
    Ok(())
}

/// What the environments' own processes hold: the tree without the server, its spawner and their helpers.
fn guests_pss_kb(platform: &Platform) -> u64 {
    let members = tree(platform.running.pid()).members;
    let guests = members.iter().filter(|member| !process::is_ours(&member.name));
    guests.map(|member| member.pss_kb).sum()
}

/// Lines of the table of swap areas; the first is its head.
fn swaps() -> usize {
    std::fs::read_to_string("/proc/swaps").map_or(0, |text| text.lines().count())
}

#[allow(clippy::cast_precision_loss)]
fn mib(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
