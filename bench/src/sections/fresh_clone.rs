//! `fresh-clone`: the README's first command in a fresh clone, compilation included, until the answer is on the screen.

use crate::process::Running;
use crate::report::{Report, Table};
use crate::{Outcome, Setting};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What the example function answers, and nothing else on the screen says.
const ANSWER: &str = "Hello, you!";

pub(super) fn run(setting: &Setting, report: &mut Report) -> Outcome<()> {
    let clone = setting.out.join(format!("fresh-{}", std::process::id()));
    let measured = measure(setting, &clone);
    let removed = std::fs::remove_dir_all(&clone).map_err(|error| format!("{}: {error}", clone.display()));
    let (command, seconds) = measured?;
    removed?;
    report.note("crates come from cargo's download cache where they are in it");
    report.figure("answer_s", seconds);
    let mut table = Table::new("from a fresh clone to the answer", &["command", "s"]);
    table.row([command, format!("{seconds:.0}")]);
    report.tables.push(table);
    Ok(())
}

fn measure(setting: &Setting, clone: &Path) -> Outcome<(String, f64)> {
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--local"]).arg(&setting.root).arg(clone);
    let status = git.status().map_err(|error| format!("git: {error}"))?;
    if !status.success() {
        return Err(format!("git clone: {status}"));
    }
    let command = first_command(&clone.join("README.md"))?;
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {command}")]).current_dir(clone).process_group(0);
    // What cargo set for this program is not for that one.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        shell.env_remove(name);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped());
    let start = Instant::now();
    let mut running = Running::new(shell.spawn().map_err(|error| format!("sh: {error}"))?);
    let screen = running.child().stdout.take().ok_or("no stdout")?;
    let mut seconds = None;
    for line in BufReader::new(screen).lines() {
        let line = line.map_err(|error| error.to_string())?;
        eprintln!("  | {line}");
        if line.contains(ANSWER) {
            seconds = Some(start.elapsed().as_secs_f64());
            break;
        }
    }
    // cargo has replaced itself by nothing: the group has the demo too.
    // SAFETY: kill takes no pointers; the group is one that this process made.
    unsafe { libc::kill(-running.pid(), libc::SIGTERM) };
    running.end()?;
    seconds.map(|seconds| (command.clone(), seconds)).ok_or_else(|| format!("`{command}` showed no answer"))
}

/// The first line of the first `sh` block.
fn first_command(readme: &Path) -> Outcome<String> {
    let text = std::fs::read_to_string(readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let block = text.split_once("```sh\n").map(|(_, rest)| rest).ok_or("README.md has no command")?;
    Ok(block.lines().next().unwrap_or_default().to_owned())
}
