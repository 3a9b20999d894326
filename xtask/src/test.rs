//! `cargo xtask test`: everything that must be true before a commit lands, in the order in which it fails fastest.
//!
//! Installs what the tests need first (Debian packages where this is root on a machine with apt; Python and Node.js
//! packages into `target/test-tools`, never into the user's own). `--only STEP` runs one step, `--list` names them.
//! Tests that fail are run once more alone ([`again`]); those that pass then are named at the end, as bugs to be mended.

mod again;

use crate::{Outcome, root};
use again::Verdict;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A named step: a program and its arguments, run in the workspace's folder.
struct Step {
    name: &'static str,
    command: &'static [&'static str],
}

const STEPS: &[Step] = &[
    Step { name: "fmt", command: &["cargo", "fmt", "--all", "--check"] },
    // A workspace of its own.
    Step { name: "fmt-fuzz", command: &["cargo", "fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"] },
    Step { name: "tidy", command: &["cargo", "xtask", "tidy"] },
    Step { name: "codegen", command: &["cargo", "xtask", "codegen", "--check"] },
    Step { name: "tools", command: &["bash", "e2e/tools.sh"] },
    // The binary first: the end-to-end tests and several crates' tests run it.
    Step { name: "build", command: &["cargo", "build", "--workspace", "--bins"] },
    Step {
        name: "clippy",
        command: &["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
    },
    Step {
        name: "clippy-fuzz",
        command: &[
            "cargo",
            "clippy",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--config",
            "build.rustflags=['--cfg','fuzzing']",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ],
    },
    Step { name: "unit", command: &["cargo", "test", "--workspace", "--no-fail-fast"] },
    // Its build is its own (instrumented); the runs take 44 seconds together.
    Step { name: "fuzz", command: &["cargo", "xtask", "fuzz"] },
    Step { name: "clients", command: &["bash", "runtimes/tests/run.sh"] },
    Step { name: "e2e", command: &["cargo", "xtask", "e2e"] },
    // A selection: a machine of QEMU's takes seconds to start where it is executed in software. `--full` has the rest.
    Step { name: "e2e-qemu", command: &["cargo", "xtask", "e2e", "--sandbox", "qemu"] },
    // Where one is named; Firecracker is in no distribution.
    Step { name: "e2e-firecracker", command: &["cargo", "xtask", "e2e", "--sandbox", "firecracker"] },
];

pub(crate) fn run(args: &[&str]) -> Outcome {
    let steps: Vec<&Step> = match args {
        [] => STEPS.iter().collect(),
        ["--list"] => return Ok(STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join("\n")),
        ["--only", name] => {
            let step = STEPS.iter().find(|step| step.name == *name);
            vec![step.ok_or_else(|| format!("no step is called {name}; --list names them"))?]
        }
        _ => return Err("usage: cargo xtask test [--list | --only STEP]".to_owned()),
    };
    let (mut failed, mut times, mut flaky) = (Vec::new(), Vec::new(), Vec::new());
    for step in &steps {
        println!("── {} ── {}", step.name, step.command.join(" "));
        let start = now();
        let Verdict { passed, flaky: of_it } = execute(step)?;
        let word = match (passed, of_it.is_empty()) {
            (false, _) => "  FAILED",
            (true, false) => "  FLAKY",
            (true, true) => "",
        };
        times.push(format!("{:>4} s  {}{word}", start.elapsed().as_secs(), step.name));
        flaky.extend(of_it.into_iter().map(|test| format!("{}: {test}", step.name)));
        if !passed {
            failed.push(step.name);
            // A tree that does not build or lacks its tools fails everything after it, less clearly.
            if matches!(step.name, "tools" | "build") {
                break;
            }
        }
    }
    println!("{}", times.join("\n"));
    for test in &flaky {
        println!("FLAKY (passed when run again alone): {test}");
    }
    let passed = times.len() - failed.len();
    println!("steps: {passed} passed, {} failed", failed.len());
    if failed.is_empty() {
        Ok("every step passed".to_owned())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

fn execute(step: &Step) -> Result<Verdict, String> {
    let [program, arguments @ ..] = step.command else { return Err("a step without a command".to_owned()) };
    let root = root();
    let command = || {
        let mut command = Command::new(program);
        command
            .current_dir(&root)
            .env("TINDERBOX_TEST_TOOLS", tools(&root))
            // tools.sh unpacks one where it can; a test that finds none says that it was skipped.
            .env("TINDERBOX_TEST_KERNEL", tools(&root).join("kernel"))
            // One root image for all tests, for it takes a gigabyte and some seconds.
            .env("TINDERBOX_TEST_ASSETS", tools(&root).join("microvm"))
            .stdin(Stdio::null());
        command
    };
    if step.name == "unit" {
        return again::cargo_test(command, arguments);
    }
    // Into it `e2e/pytest.sh` writes what failed and then passed.
    let notes = root.join("target/flaky-tests");
    let _ = std::fs::remove_file(&notes); // of an earlier step, if any
    let status = command().args(arguments).env("TINDERBOX_TEST_FLAKY", &notes).status();
    let passed = status.map_err(|error| format!("{program}: {error}"))?.success();
    let flaky = std::fs::read_to_string(&notes).unwrap_or_default();
    Ok(Verdict { passed, flaky: flaky.lines().map(str::to_owned).collect() })
}

/// Where test-only packages are installed: kept with the build cache, never committed.
pub(crate) fn tools(root: &Path) -> std::path::PathBuf {
    root.join("target/test-tools")
}

#[allow(clippy::disallowed_methods)] // tells a person how long a step took; decides nothing
fn now() -> Instant {
    Instant::now()
}
