//! `dev`: from saving a file to the new code's answer, as `tinderbox dev --output json` says it on its stdout.
//!
//! The clock runs from before the file is written until the event with the new answer has been read: noticing, settling,
//! zipping, deploying, a cold start and the invocation, each of which somebody at an editor waits for.

use crate::platform::DataFolder;
use crate::process::Running;
use crate::report::{Report, Table};
use crate::statistics::{Samples, milliseconds, short};
use crate::{Outcome, Setting, functions};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

const SAVES: u32 = 20;
const EVENT_WAIT_MAX: Duration = Duration::from_secs(60);
/// Between two saves: a person's pause, in which the pool makes what the last one took.
const PAUSE: Duration = Duration::from_millis(1_500);
/// Lines of `dev` that wait to be read.
const EVENTS_MAX: usize = 1_000;

pub(super) fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let all = functions::all(setting, &mut report.notes)?;
    let mut table =
        Table::new("dev: from the save to the new answer, ms", &["language", "p50", "p90", "max"]);
    for (language, file, handler) in
        [("python", "app.py", "app.handler"), ("nodejs", "index.mjs", "index.handler")]
    {
        let Some(function) = all.iter().find(|function| function.language == language) else { continue };
        let samples = Samples::of(saves(setting, file, &function.package.runtime, handler)?);
        report.figure(&format!("{language}.p50_ms"), samples.median());
        report.figure(&format!("{language}.max_ms"), samples.max());
        let cells = [samples.median(), samples.percentile(90.0), samples.max()].map(short);
        table.row([language.to_owned()].into_iter().chain(cells));
    }
    report.tables.push(table);
    Ok(())
}

fn saves(setting: &Setting, file: &str, runtime: &str, handler: &str) -> Outcome<Vec<f64>> {
    let (data, folder) = (DataFolder::new(setting, "dev")?, DataFolder::new(setting, "dev-code")?);
    let file = folder.path().join(file);
    save(&file, 0)?;
    let mut command = Command::new(&setting.tinderbox);
    command.args(["dev", "--output", "json", "--port", "0", "--event", "{}", "--name", "dev"]);
    command.args(["--runtime", runtime, "--handler", handler, "--data"]).arg(data.path()).arg(folder.path());
    command.env_remove("TINDERBOX_ENDPOINT").env_remove("AWS_REGION");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("{}: {error}", setting.tinderbox.display()))?;
    let mut running = Running::new(child);
    let stdout = running.child().stdout.take().ok_or("dev has no stdout")?;
    let (lines, events) = sync_channel(EVENTS_MAX);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    answer(&events, 0)?;
    let mut samples = Vec::new();
    for number in 1..=SAVES {
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        save(&file, number)?;
        answer(&events, number)?;
        samples.push(milliseconds(start.elapsed()));
    }
    running.end()?;
    Ok(samples)
}

/// As an editor does: another file, renamed over the old one.
fn save(file: &Path, number: u32) -> Outcome<()> {
    let text = match file.extension().is_some_and(|extension| extension == "py") {
        true => format!("def handler(event, context):\n    return {number}\n"),
        false => format!("export const handler = async () => {number};\n"),
    };
    let beside = file.with_extension("saving");
    let saved = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    saved.map_err(|error| format!("{}: {error}", file.display()))
}

/// Waits for this answer; one of older code in between is passed over, a failure is not.
fn answer(events: &Receiver<String>, number: u32) -> Outcome<()> {
    loop {
        let line = events.recv_timeout(EVENT_WAIT_MAX).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("dev did not answer {number} in a minute"),
            RecvTimeoutError::Disconnected => "dev has ended".to_owned(),
        })?;
        let event: Value = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        if event["event"] == "failed" || event["function_error"].is_string() {
            return Err(format!("dev: {line}"));
        }
        if event["event"] == "answer" && event["payload"] == number {
            return Ok(());
        }
    }
}
