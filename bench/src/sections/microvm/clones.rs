//! Many environments of one version: whether all come at once, and what each holds of memory.

use super::{CLONES, DASH, Round, memory};
use crate::Outcome;
use crate::api::{Connection, Noop};
use crate::platform::Platform;
use crate::report::Table;
use crate::statistics::{Samples, milliseconds, short};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const FEW: [usize; 2] = [1, 10];
const FIFTY: usize = 50;

pub(super) fn table() -> Table {
    let columns = [
        "backend, function, clones",
        "came",
        "p50 ms",
        "all after ms",
        "private MiB each",
        "shared MiB each",
        "PSS MiB each",
        "monitor MiB each",
    ];
    Table::new("microvm: environments of one version at once, and the memory of each when idle", &columns)
}

/// One, ten, then fifty from none, so on a server of their own.
pub(super) async fn run(round: &mut Round<'_>, data: &Path, table: &mut Table) -> Outcome<()> {
    let fifty: &[usize] = if (round.backend.fifty)(round.function) { &[FIFTY] } else { &[] };
    for group in [FEW.as_slice(), fifty] {
        if group.is_empty() {
            continue;
        }
        let platform = round.start(data, round.backend.keeps())?;
        let mut done = Ok(());
        for clones in group {
            done = at_once(round, &platform, table, *clones).await;
            if done.is_err() {
                break;
            }
        }
        platform.stop()?;
        done?;
    }
    Ok(())
}

async fn at_once(
    round: &mut Round<'_>,
    platform: &Platform,
    table: &mut Table,
    clones: usize,
) -> Outcome<()> {
    let hold = round.backend.hold(clones);
    let mut ready = Vec::new();
    for _ in 0..clones {
        ready.push(Connection::open(platform.address).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in ready {
        tasks.spawn(async move {
            let event = format!(r#"{{"sleep_ms": {}}}"#, hold.as_millis());
            let answer: Outcome<Noop> = connection.noop_with(CLONES, event).await;
            answer.map(|_| start.elapsed().saturating_sub(hold))
        });
    }
    let (mut came, mut failed) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.map_err(|error| error.to_string())? {
            Ok(after) => came.push(milliseconds(after)),
            Err(reason) => failed.push(reason),
        }
    }
    if let Some(reason) = failed.first() {
        let shown = round.shown();
        round
            .report
            .note(format!("{shown}: of {clones} at once {} failed, the first: {reason}", failed.len()));
    }
    // They stand still after 50 ms.
    tokio::time::sleep(Duration::from_millis(500)).await;
    write(round, platform, table, clones, &Samples::of(came), failed.len());
    Ok(())
}

#[allow(clippy::cast_precision_loss)] // KiB and counts, far below 2^52
fn write(
    round: &mut Round<'_>,
    platform: &Platform,
    table: &mut Table,
    clones: usize,
    came: &Samples,
    failed: usize,
) {
    let held = memory::held(&memory::guests(platform.running.pid(), round.backend.program));
    let environments = if round.backend.machines { held.processes } else { came.len() as u64 };
    let each = |kib: u64| kib as f64 / 1024.0 / environments.max(1) as f64;
    let name = format!("{}.{}.clones.{clones}", round.backend.name, round.function.language);
    round.report.figure(&format!("{name}.failed"), failed as f64);
    round.report.figure(&format!("{name}.environments"), environments as f64);
    round.report.figure(&format!("{name}.p50_ms"), came.median());
    round.report.figure(&format!("{name}.all_ms"), came.max());
    round.report.figure(&format!("{name}.private_mib"), each(held.private));
    round.report.figure(&format!("{name}.shared_mib"), each(held.shared));
    round.report.figure(&format!("{name}.pss_mib"), each(held.pss));
    let overhead = if round.backend.machines {
        round.report.figure(&format!("{name}.overhead_mib"), each(held.overhead));
        short(each(held.overhead))
    } else {
        DASH.to_owned()
    };
    table.row([
        format!("{}, {clones}", round.shown()),
        format!("{} of {clones}", came.len()),
        short(came.median()),
        short(came.max()),
        short(each(held.private)),
        short(each(held.shared)),
        short(each(held.pss)),
        overhead,
    ]);
}
