//! `cargo xtask fuzz`: builds every target of `fuzz/` once and runs each for some seconds from its corpus.
//!
//! cargo-fuzz need not be installed and nightly need not be there: libFuzzer wants the compiler's coverage pass, which
//! stable has, and no sanitizer. What a target finds is written to `fuzz/artifacts/TARGET/`; run the target with that
//! file as its argument to see it again. Targets run one after the other, each under the same bounds everywhere.

use crate::{Outcome, root};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What `cargo fuzz run --sanitizer none` gives the compiler, and the cfg that opens private doors to the targets.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Named, so that build scripts and derive macros are built without the flags above.
const TRIPLE: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
const SECONDS_DEFAULT: u32 = 4;
/// Of a run that names none: the same inputs are tried at each commit, so a finding belongs to it. `--seed` tries others.
const SEED_DEFAULT: u32 = 20_261_121;
/// Longest input, bytes.
const INPUT_BYTES_MAX: u32 = 16_384;
/// One input may take this long, seconds; a slower one is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
/// Memory of a target, MB; more is a finding.
const MEMORY_MB_MAX: u32 = 1_024;

pub(crate) fn run(args: &[&str]) -> Outcome {
    let Ask { seconds, seed, only } = Ask::parse(args)?;
    let folder = root().join("fuzz");
    let targets: Vec<String> =
        targets(&folder)?.into_iter().filter(|target| only.is_none_or(|only| only == target)).collect();
    if targets.is_empty() {
        return Err("no such fuzz target".to_owned());
    }
    build(&folder)?;
    let mut failed = Vec::new();
    for target in &targets {
        if !fuzz(&folder, target, seconds, seed)? {
            failed.push(target.as_str());
        }
    }
    match failed.is_empty() {
        true => Ok(format!("fuzz: {} targets, {seconds} s each, found nothing (seed {seed})", targets.len())),
        false => Err(format!("fuzz: findings in {} (seed {seed}); see fuzz/artifacts", failed.join(", "))),
    }
}

struct Ask<'a> {
    seconds: u32,
    seed: u32,
    only: Option<&'a str>,
}

impl<'a> Ask<'a> {
    fn parse(mut args: &[&'a str]) -> Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number"));
        let mut ask = Self { seconds: SECONDS_DEFAULT, seed: SEED_DEFAULT, only: None };
        loop {
            args = match args {
                [] => return Ok(ask),
                ["--seconds", text, rest @ ..] => {
                    ask.seconds = number(text)?;
                    rest
                }
                ["--seed", text, rest @ ..] => {
                    ask.seed = number(text)?;
                    rest
                }
                [target] if !target.starts_with('-') => {
                    ask.only = Some(target);
                    &[]
                }
                _ => return Err("usage: cargo xtask fuzz [--seconds N] [--seed N] [TARGET]".to_owned()),
            };
        }
    }
}

/// Every file of `fuzz_targets` is one.
fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let folder = folder.join("fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn build(folder: &Path) -> Result<(), String> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--target", TRIPLE])
        .current_dir(folder)
        .env("RUSTFLAGS", RUSTFLAGS)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if built.success() { Ok(()) } else { Err("the fuzz targets do not build".to_owned()) }
}

/// Whether the target found nothing. New inputs go beside the build, never into the committed corpus.
fn fuzz(folder: &Path, target: &str, seconds: u32, seed: u32) -> Result<bool, String> {
    let found = folder.join("target/corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let dictionary = folder.join("dictionaries").join(format!("{target}.dict"));
    let dictionary = dictionary.exists().then(|| format!("-dict={}", dictionary.display()));
    let output = Command::new(folder.join("target").join(TRIPLE).join("release").join(target))
        .arg(&found)
        .arg(folder.join("corpus").join(target))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-seed={seed}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"))
        .args(dictionary)
        .args(["-print_final_stats=1", "-verbosity=0"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{target}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("   {target:<18} {:>9} runs  seed {seed}", runs.unwrap_or("?").trim());
    if !output.status.success() {
        println!("{said}");
    }
    Ok(output.status.success())
}
