//! `cargo xtask bench`: builds the release binary, lets the crate `bench` measure it, draws and judges what it found.
//!
//! A new section is a file in `bench/src/sections`, a line in [`SECTIONS`], and its budgets in `budgets.rs`.

mod budgets;
mod draw;

use crate::{Outcome, root};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// Name, whether it runs when none is named, what it measures.
const SECTIONS: &[(&str, bool, &str)] = &[
    ("server", true, "size of the binary, ready after up, idle memory, memory of an environment"),
    ("warm", true, "invocations of waiting environments, beside the floor and beside others"),
    ("cpu", true, "processor time of a warm invocation, by whose it is: holds on a busy machine, too"),
    ("cold", true, "first answers of functions without an environment, bursts, a thousand environments"),
    (
        "microvm",
        false,
        "cold starts by walls and way, beside bare ones; clones and their memory (--sandbox=LIST, --functions=LIST)",
    ),
    (
        "cluster",
        false,
        "a platform of several nodes on this machine: hops beside `up`, waits when a role is killed (--cluster)",
    ),
    ("core", true, "assignment decisions per second, one thread, no IO"),
    ("freezer", false, "what a frozen environment costs its next caller, and what standing still gives back"),
    ("dev", true, "from saving a file to the new code's answer"),
    ("fresh-clone", false, "the README's first command from a fresh clone until the answer"),
    ("soak", false, "minutes of mixed traffic: nothing may grow (--minutes=N, ten)"),
];

/// Seconds of each load, minutes of the soak, walls and functions of `microvm`.
const OPTIONS: &[&str] = &["--seconds=", "--minutes=", "--sandbox=", "--functions="];

/// What a section wrote to `target/bench/SECTION.json`; `bench/src/report.rs` says what each is.
#[derive(Debug, Deserialize)]
struct Report {
    section: String,
    machine: Machine,
    figures: BTreeMap<String, f64>,
    tables: Vec<Table>,
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Machine {
    cpu: String,
    cores: usize,
    memory_mb: u64,
    kernel: String,
    load_before: f64,
}

#[derive(Debug, Deserialize)]
struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What was asked for.
#[derive(Debug, Default, PartialEq)]
struct Ask<'a> {
    sections: Vec<&'a str>,
    check: bool,
    json: bool,
    /// For the crate `bench`: those of [`OPTIONS`].
    options: Vec<&'a str>,
}

pub(crate) fn run(args: &[&str]) -> Outcome {
    let ask = parse(args)?;
    let root = root();
    let out = root.join("target/bench");
    // A debug build would measure something else; what is measured is what the README builds.
    if ask.sections != ["core"] {
        build(&root, "tinderbox")?;
    }
    build(&root, "bench")?;
    let mut reports = Vec::new();
    for section in &ask.sections {
        eprintln!("── {section} ──");
        reports.push(measure(&root, &out, section, &ask.options)?);
    }
    let verdicts: Vec<_> = reports.iter().flat_map(|(report, _)| budgets::judge(report)).collect();
    if ask.json {
        let reports: Vec<&Value> = reports.iter().map(|(_, value)| value).collect();
        let verdicts: Vec<Value> = verdicts.iter().map(budgets::Verdict::json).collect();
        let all = json!({ "reports": reports, "budgets": verdicts });
        println!("{}", serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?);
    } else {
        for (report, _) in &reports {
            println!("{}", draw::report(report));
        }
        println!("{}", draw::table(&budgets::table(&verdicts)));
    }
    let missed = verdicts.iter().filter(|verdict| !verdict.kept).count();
    match (ask.check, missed) {
        (true, 1..) => Err(format!("budgets: {} kept, {missed} missed", verdicts.len() - missed)),
        _ if ask.json => Ok(String::new()),
        _ => Ok(format!(
            "budgets: {} kept, {missed} missed; JSON is in {}",
            verdicts.len() - missed,
            out.display()
        )),
    }
}

fn parse<'a>(args: &[&'a str]) -> Result<Ask<'a>, String> {
    let mut ask = Ask::default();
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        match arg {
            "--check" => ask.check = true,
            "--cluster" => ask.sections.push("cluster"),
            "--cold" => ask.sections.push("microvm"), // what a cold start takes, by walls
            "--output" => match args.next() {
                Some(&"json") => ask.json = true,
                Some(&"text") => ask.json = false,
                _ => return Err("--output is text or json".to_owned()),
            },
            _ if OPTIONS.iter().any(|name| arg.starts_with(name)) => ask.options.push(arg),
            _ if SECTIONS.iter().any(|(name, ..)| *name == arg) => ask.sections.push(arg),
            _ => return Err(usage()),
        }
    }
    if ask.sections.is_empty() {
        ask.sections = SECTIONS.iter().filter(|(_, always, _)| *always).map(|(name, ..)| *name).collect();
    }
    Ok(ask)
}

fn usage() -> String {
    let line = |(name, always, what): &(&str, bool, &str)| {
        format!("  {name:<12} {what}{}", if *always { "" } else { " (only when named)" })
    };
    let sections: Vec<String> = SECTIONS.iter().map(line).collect();
    format!(
        "cargo xtask bench [SECTION…] [--cold, that is microvm] [--cluster] [--check] [--output json] [--seconds=N] [--minutes=N]\n{}",
        sections.join("\n")
    )
}

fn build(root: &Path, package: &str) -> Result<(), String> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--package", package]).current_dir(root).stdin(Stdio::null());
    let status = command.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{package} does not build")) }
}

/// Its result, read, and as it was written.
fn measure(root: &Path, out: &Path, section: &str, options: &[&str]) -> Result<(Report, Value), String> {
    let mut command = Command::new(root.join("target/release/bench"));
    command.arg(section).arg(root).arg(out).args(options).stdin(Stdio::null());
    let status = command.status().map_err(|error| format!("bench: {error}"))?;
    if !status.success() {
        return Err(format!("{section} could not be measured"));
    }
    let file = out.join(format!("{section}.json"));
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let report = Report::deserialize(&value).map_err(|error| failed(&error))?;
    Ok((report, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_options_are_read_and_nonsense_teaches() {
        let ask = parse(&["warm", "--check", "--output", "json", "--seconds=1"]).unwrap();
        let expected = Ask { sections: vec!["warm"], check: true, json: true, options: vec!["--seconds=1"] };
        assert_eq!(ask, expected);
        assert_eq!(parse(&["--cold"]), parse(&["microvm"]));
        assert_eq!(parse(&["--cluster"]), parse(&["cluster"]));
        assert_eq!(parse(&[]).unwrap().sections, ["server", "warm", "cpu", "cold", "core", "dev"]);
        for bad in [&["war"][..], &["--output", "xml"], &["--output"], &["--chek"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(usage().contains("fresh-clone") && usage().contains("only when named"));
    }
}
