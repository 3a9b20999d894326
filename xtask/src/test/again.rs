//! `cargo test` with a second chance: the whole suite first, then each test that failed once more, alone.
//!
//! A test that passes alone may still show a bug: it is told by name, and mended. One that fails twice fails the step, and so
//! does whatever is no test's failure (what does not compile), and more failures than a busy machine explains.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Of more than this many none is run again: the tree is broken.
const AGAIN_MAX: usize = 10;
/// For what is still on its way when cargo has ended. Something that a test left behind may hold the pipe for ever.
const REST_WAIT: Duration = Duration::from_secs(10);

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) passed: bool,
    /// Tests that passed only when they were run again.
    pub(super) flaky: Vec<String>,
}

impl Verdict {
    fn of(passed: bool) -> Self {
        Self { passed, flaky: Vec::new() }
    }
}

/// One that failed: what cargo is told to run its target (`-p sandbox --lib`), and its name; without one the whole target,
/// which died or speaks otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    target: String,
    test: Option<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cargo test {}", self.target)?;
        self.test.iter().try_for_each(|test| write!(f, " -- --exact {test}"))
    }
}

/// Runs `command` with these arguments (`test`, `--workspace`, …), then what failed.
pub(super) fn cargo_test(command: impl Fn() -> Command, arguments: &[&str]) -> Result<Verdict, String> {
    let (status, said) = run(command().args(arguments))?;
    judge(status.success(), &said, |failure| {
        println!("── once more, alone ── {failure}");
        let mut command = command();
        command.arg("test").args(failure.target.split(' '));
        if let Some(test) = &failure.test {
            command.args(["--", "--exact", test]);
        }
        let (status, said) = run(&mut command)?;
        // A name that matches nothing is no test that passed.
        Ok(status.success() && (failure.test.is_none() || said.contains("test result: ok. 1 passed")))
    })
}

fn judge(
    passed: bool,
    said: &str,
    mut passes_alone: impl FnMut(&Failure) -> Result<bool, String>,
) -> Result<Verdict, String> {
    if passed {
        return Ok(Verdict::of(true));
    }
    let Some(failures) = failures(said) else { return Ok(Verdict::of(false)) };
    if failures.is_empty() || failures.len() > AGAIN_MAX {
        return Ok(Verdict::of(false));
    }
    let mut verdict = Verdict::of(true);
    for failure in &failures {
        if passes_alone(failure)? {
            verdict.flaky.push(failure.to_string());
        } else {
            verdict.passed = false;
        }
    }
    Ok(verdict)
}

/// What failed, by what cargo and the tests said; `None` if something else than tests did. A target's list of names comes
/// before cargo's word that it failed; at the very end cargo names all such targets, which is what counts.
fn failures(said: &str) -> Option<Vec<Failure>> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut listed, mut in_list) = (Vec::new(), false);
    let mut targets = None;
    for line in said.lines() {
        if let Some((_, target)) = line.split_once(", to rerun pass `") {
            names.insert(target.trim_end_matches('`'), std::mem::take(&mut listed));
        } else if line.starts_with("error: ") && line.trim_end().ends_with(" failed:") {
            targets = Some(Vec::new());
        } else if let Some(targets) = &mut targets {
            targets.extend(line.strip_prefix("    `").and_then(|target| target.strip_suffix('`')));
        } else if line == "failures:" {
            // The second list of a target; the first one has what they wrote.
            (listed, in_list) = (Vec::new(), true);
        } else if let (true, Some(name)) = (in_list, line.strip_prefix("    ")) {
            listed.push(name);
        } else {
            in_list = in_list && line.starts_with("    ");
        }
    }
    let mut failures = Vec::new();
    for target in targets? {
        let tests = names.remove(target).unwrap_or_default();
        let failure =
            |test: Option<&str>| Failure { target: target.to_owned(), test: test.map(str::to_owned) };
        if tests.is_empty() {
            failures.push(failure(None));
        }
        failures.extend(tests.into_iter().map(|test| failure(Some(test))));
    }
    Some(failures)
}

/// Runs it to its end; what it said, on either stream, is shown as it comes, and kept.
fn run(command: &mut Command) -> Result<(ExitStatus, String), String> {
    let failed = |error: io::Error| format!("{}: {error}", command.get_program().display());
    let (reader, writer) = io::pipe().map_err(failed)?;
    let other = writer.try_clone().map_err(failed)?;
    let said = Arc::new(Mutex::new(Vec::new()));
    let (done, ended) = mpsc::channel::<()>();
    let kept = Arc::clone(&said);
    std::thread::spawn(move || {
        show(reader, &kept);
        drop(done);
    });
    let spawned = command.env("CARGO_TERM_COLOR", "never").stdout(writer).stderr(other).spawn();
    // The command holds our ends of the pipe until it is given others.
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let status = spawned.and_then(|mut child| child.wait()).map_err(|error| format!("cargo: {error}"))?;
    let _ = ended.recv_timeout(REST_WAIT);
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

fn show(reader: impl io::Read, kept: &Mutex<Vec<u8>>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let _ = io::stdout().write_all(&line); // nobody may be reading
        kept.lock().unwrap_or_else(PoisonError::into_inner).append(&mut line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
     Running tests/one.rs (target/debug/deps/one-1)

running 3 tests
test a ... ok
test b::c ... FAILED
test d ... FAILED

failures:

---- b::c stdout ----
    not_a_test

failures:
    b::c
    d

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 4.01s

error: test failed, to rerun pass `-p p --test one`
     Running unittests src/lib.rs (target/debug/deps/q-2)
error: test failed, to rerun pass `-p q --lib`

Caused by:
  process didn't exit successfully: `/q-2` (signal: 6, SIGABRT: process abort signal)
error: 2 targets failed:
    `-p p --test one`
    `-p q --lib`
";

    fn check(said: &str, alone: &[bool], expected: (bool, &[&str])) {
        let mut alone = alone.iter();
        let verdict = judge(false, said, |_| Ok(*alone.next().unwrap())).unwrap();
        let flaky: Vec<&str> = verdict.flaky.iter().map(String::as_str).collect();
        assert_eq!((verdict.passed, &flaky[..]), expected);
        assert!(alone.next().is_none(), "each that failed is run again, once");
    }

    #[test]
    fn what_fails_twice_fails_and_what_passes_alone_is_named() {
        let [c, d, q] = [
            "cargo test -p p --test one -- --exact b::c",
            "cargo test -p p --test one -- --exact d",
            "cargo test -p q --lib",
        ];
        check(SAID, &[true, true, true], (true, &[c, d, q]));
        check(SAID, &[true, false, true], (false, &[c, q]));
        check(SAID, &[false, false, false], (false, &[]));
    }

    #[test]
    fn what_is_no_tests_failure_is_not_run_again() {
        check("error: could not compile `p` (lib) due to 1 previous error\n", &[], (false, &[]));
        check("", &[], (false, &[]));
        // As many as break with the tree.
        let names: String = (0..=AGAIN_MAX).map(|idx| format!("    t{idx}\n")).collect();
        let target =
            "error: test failed, to rerun pass `-p p --lib`\nerror: 1 target failed:\n    `-p p --lib`\n";
        check(&format!("failures:\n{names}\n{target}"), &[], (false, &[]));
        assert_eq!(judge(true, SAID, |_| unreachable!()), Ok(Verdict::of(true)));
    }

    #[test]
    fn both_streams_are_kept_and_the_exit_code_counts() {
        let (status, said) = run(Command::new("sh").args(["-c", "echo one; echo two >&2; exit 3"])).unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(3), "one\ntwo\n"));
    }
}
