//! `server`: what the platform costs when nobody calls it, and what an idle environment adds.

use crate::api::{Connection, SMALL_MB};
use crate::platform::{DataFolder, Platform};
use crate::process::{Tree, tree};
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting, functions};
use std::time::{Duration, Instant};

const STARTS: usize = 20;
/// Idle environments of each language whose memory is measured.
const ENVIRONMENTS: u32 = 10;
/// What a server does behind its readiness (looking for interpreters) ends long before this.
const SETTLE_MAX: Duration = Duration::from_secs(20);

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    binary(setting, report)?;
    ready(setting, report)?;
    idle(setting, report)?;
    environments(setting, report).await
}

#[allow(clippy::cast_precision_loss)]
fn binary(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let metadata = std::fs::metadata(&setting.tinderbox);
    let bytes = metadata.map_err(|error| format!("{}: {error}", setting.tinderbox.display()))?.len();
    report.figure("binary_mb", bytes as f64 / 1e6);
    Ok(())
}

fn ready(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let kept = DataFolder::new(setting, "ready")?;
    Platform::start(setting, kept.path(), &[])?.stop()?;
    for _ in 0..STARTS {
        let fresh = DataFolder::new(setting, "fresh")?;
        for (data, samples) in [(&fresh, &mut first), (&kept, &mut again)] {
            let platform = Platform::start(setting, data.path(), &[])?;
            samples.push(milliseconds(platform.ready));
            platform.stop()?;
        }
    }
    let mut table =
        Table::new("ready after exec, ms (health answers 200)", &["data folder", "p50", "p90", "max"]);
    for (name, samples) in [("new", first), ("kept", again)] {
        let samples = Samples::of(samples);
        report.figure(&format!("ready.{name}_ms"), samples.median());
        table.row([
            name.to_owned(),
            short(samples.median()),
            short(samples.percentile(90.0)),
            short(samples.max()),
        ]);
    }
    report.tables.push(table);
    Ok(())
}

/// The server and its spawner children, at rest, before any function.
fn idle(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let data = DataFolder::new(setting, "idle")?;
    let platform = Platform::start(setting, data.path(), &[])?;
    let at_rest = settled(platform.running.pid());
    report.figure("idle.pss_mib", mib(at_rest.pss_kb));
    report.figure("idle.rss_mib", mib(at_rest.rss_kb));
    let mut table = Table::new("idle server, MiB", &["process", "threads", "PSS", "RSS"]);
    for member in &at_rest.members {
        let (pss, rss) = (mib(member.pss_kb), mib(member.rss_kb));
        table.row([member.name.clone(), member.threads.to_string(), short(pss), short(rss)]);
    }
    table.row(["all".to_owned(), String::new(), short(mib(at_rest.pss_kb)), short(mib(at_rest.rss_kb))]);
    report.tables.push(table);
    platform.stop()
}

/// Different functions, invoked once each: the tree's growth by environment.
async fn environments(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let mut table = Table::new(
        "an idle environment, MiB (its processes and what the server keeps)",
        &["function", "PSS", "RSS", "processes"],
    );
    for function in functions::all(setting, &mut report.notes)? {
        let data = DataFolder::new(setting, function.language)?;
        let platform = Platform::start(setting, data.path(), &[])?;
        let mut connection = Connection::open(platform.address).await?;
        // The first one also pays for what is loaded once; it is not counted.
        let name = |idx: u32| format!("{}-{idx}", function.language);
        connection.create(&name(0), &function.package, SMALL_MB).await?;
        connection.noop(&name(0), "{}").await?;
        let before = settled(platform.running.pid());
        for idx in 1..=ENVIRONMENTS {
            connection.create(&name(idx), &function.package, SMALL_MB).await?;
            connection.noop(&name(idx), "{}").await?;
        }
        let after = settled(platform.running.pid());
        let each = |after: u64, before: u64| mib(after.saturating_sub(before)) / f64::from(ENVIRONMENTS);
        let (pss, rss) = (each(after.pss_kb, before.pss_kb), each(after.rss_kb, before.rss_kb));
        report.figure(&format!("environment.{}.pss_mib", function.language), pss);
        let processes = (after.processes - before.processes.min(after.processes)) / ENVIRONMENTS as usize;
        table.row([function.language.to_owned(), short(pss), short(rss), processes.to_string()]);
        platform.stop()?;
    }
    report.tables.push(table);
    Ok(())
}

/// The tree, when two looks a second apart agree to a hundredth.
fn settled(pid: i32) -> Tree {
    let start = Instant::now();
    let mut last = tree(pid);
    // Looking for interpreters begins behind readiness: give it time to begin.
    loop {
        std::thread::sleep(Duration::from_secs(2));
        let now = tree(pid);
        let same = now.pss_kb.abs_diff(last.pss_kb) * 100 <= last.pss_kb && now.processes == last.processes;
        if same || start.elapsed() > SETTLE_MAX {
            return now;
        }
        last = now;
    }
}

#[allow(clippy::cast_precision_loss)]
fn mib(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
