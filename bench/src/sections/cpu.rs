//! `cpu`: the processor time of a warm invocation, by whose it is.
//!
//! Other work on the machine stretches every latency; processor time it hardly touches, so two versions can be compared
//! where latencies can not.

use crate::api::{Connection, WHOLE_PROCESSOR_MB, invoke_path};
use crate::load::{self, Target};
use crate::platform::{DataFolder, Platform};
use crate::process::{cpu, descendants, is_ours, name};
use crate::report::{Report, Table};
use crate::{Outcome, Setting, functions};
use std::time::Duration;

const CONNECTIONS: [usize; 3] = [1, 8, 64];
const MEMORY_MB: &str = "1000000";
const WARM_UP: Duration = Duration::from_millis(500);

/// Of the server, of its spawner and what that forked, and of the functions' own processes.
#[derive(Clone, Copy, Default)]
struct Times([Duration; 3]);

const WHOSE: [&str; 3] = ["server", "spawner", "function"];

pub(super) async fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let columns = ["function", "connections", "server µs", "spawner µs", "function µs", "invocations"];
    let mut table = Table::new("cpu: processor time of a warm invocation", &columns);
    for function in functions::all(setting, &mut report.notes)? {
        let language = function.language;
        let data = DataFolder::new(setting, language)?;
        let platform = Platform::start(setting, data.path(), &["--memory", MEMORY_MB])?;
        let mut connection = Connection::open(platform.address).await?;
        connection.create("noop", &function.package, WHOLE_PROCESSOR_MB).await?;
        let target =
            Target { name: language.to_owned(), address: platform.address, path: invoke_path("noop") };
        for connections in CONNECTIONS {
            load::run(&target, connections, WARM_UP).await?;
            let before = times(platform.running.pid());
            let load = load::run(&target, connections, setting.load).await?;
            let after = times(platform.running.pid());
            let count = load.latency.len();
            let mut cells = vec![language.to_owned(), connections.to_string()];
            for (idx, whose) in WHOSE.iter().enumerate() {
                #[allow(clippy::cast_precision_loss)] // far below 2^52
                let each =
                    after.0[idx].saturating_sub(before.0[idx]).as_secs_f64() * 1e6 / count.max(1) as f64;
                report.figure(&format!("{language}.{connections}.{whose}_us"), each);
                cells.push(format!("{each:.1}"));
            }
            cells.push(count.to_string());
            table.row(cells);
        }
        platform.stop()?;
    }
    report.tables.push(table);
    Ok(())
}

fn times(server: i32) -> Times {
    let mut times = Times::default();
    for pid in descendants(server) {
        let whose = match (pid == server, is_ours(&name(pid))) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        };
        times.0[whose] += cpu(pid);
    }
    times
}
