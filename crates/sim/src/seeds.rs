//! `cargo xtask sim --seed N`: runs clusters under faults, and says what to do about one that failed.

use crate::cluster::{Counts, Found, Mutation, Run};
use crate::fleet::real_now;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Failed seeds that are told at length.
const TOLD_MAX: usize = 3;

struct Ask {
    first: u64,
    count: u64,
    trouble: Duration,
    trace: Option<PathBuf>,
    mutation: Mutation,
}

pub(crate) fn run(args: &[String]) -> Result<String, String> {
    let ask = parse(args)?;
    let started = real_now();
    let next = AtomicU64::new(0);
    let results: Mutex<Vec<(u64, Found)>> = Mutex::default();
    // A seed knows nothing of another: they share processors and nothing else.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let idx = next.fetch_add(1, Ordering::SeqCst);
                    if idx >= ask.count {
                        return;
                    }
                    let seed = ask.first + idx;
                    let run = Run { mutation: ask.mutation, ..Run::new(seed, ask.trouble) };
                    let found = run.run();
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((seed, found));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(seed, _)| *seed);
    report(&ask, &results, started.elapsed())
}

fn parse(args: &[String]) -> Result<Ask, String> {
    let mut words = args.iter().flat_map(|arg| arg.splitn(2, '='));
    let mut ask =
        Ask { first: 0, count: 1, trouble: Duration::from_secs(60), trace: None, mutation: Mutation::None };
    let mut seeded = false;
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| crate::USAGE.to_owned())?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name} {value}: no number"));
        match name {
            "--seed" => (ask.first, seeded) = (number()?, true),
            "--seeds" => ask.count = number()?,
            "--minutes" => {
                let minutes = value.parse::<f64>().ok().filter(|minutes| (0.05..=1_440.0).contains(minutes));
                let minutes = minutes.ok_or_else(|| format!("{name} {value}: from 0.05 to 1440"))?;
                ask.trouble = Duration::from_secs_f64(minutes * 60.0);
            }
            "--trace" => ask.trace = Some(PathBuf::from(value)),
            "--mutation" => {
                ask.mutation = Mutation::parse(value).ok_or_else(|| format!("{value}: no mutation"))?
            }
            _ => return Err(crate::USAGE.to_owned()),
        }
    }
    if seeded { Ok(ask) } else { Err(crate::USAGE.to_owned()) }
}

fn report(ask: &Ask, results: &[(u64, Found)], took: Duration) -> Result<String, String> {
    let minutes = ask.trouble.as_secs_f64() / 60.0;
    let sum = |get: fn(&Counts) -> u64| results.iter().map(|(_, found)| get(&found.counts)).sum::<u64>();
    let steps: u64 = results.iter().map(|(_, found)| found.trace.steps()).sum();
    let summary = format!(
        "{} seeds of {minutes} virtual minutes in {:.1} s: {steps} steps, {} faults, {} reigns; {} invocations: {} served ({} \
         warm), {} refused, {} broken off; {} acquires outdated; {} refused at workers as outdated, {} as late, {} as busy",
        results.len(),
        took.as_secs_f64(),
        sum(|c| c.faults),
        sum(|c| c.reigns),
        sum(|c| c.asked),
        sum(|c| c.served),
        sum(|c| c.warm),
        sum(|c| c.refused),
        sum(|c| c.failed),
        sum(|c| c.stale),
        sum(|c| c.fenced),
        sum(|c| c.late),
        sum(|c| c.busy),
    );
    let failed: Vec<&(u64, Found)> = results.iter().filter(|(_, found)| found.broken.is_some()).collect();
    if failed.is_empty() {
        let hash = results.iter().fold(0, |all: u64, (_, found)| all.rotate_left(1) ^ found.trace.hash());
        if let (Some(file), [(seed, _)]) = (&ask.trace, results) {
            write_trace(ask, *seed, file)?;
        }
        return Ok(format!("{summary}\nevery invariant held; trace {hash:016x}"));
    }
    let mut text = String::new();
    for (seed, found) in failed.iter().take(TOLD_MAX) {
        let file = PathBuf::from(format!("target/sim/seed-{seed}.txt"));
        let file = ask.trace.clone().unwrap_or(file);
        write_trace(ask, *seed, &file)?;
        text += &found.trace.last().fold(String::new(), |text, line| text + line + "\n");
        text += &format!(
            "seed {seed}: {}\nagain: cargo xtask sim --seed {seed} --minutes {minutes}\nwhole trace: {}\n\n",
            found.broken.as_deref().unwrap_or_default(),
            file.display(),
        );
    }
    for (seed, found) in &failed {
        text += &format!("seed {seed}: {}\n", found.broken.as_deref().unwrap_or_default());
    }
    Err(format!("{text}{summary}\n{} of {} seeds failed", failed.len(), results.len()))
}

/// The same run once more, every line kept.
fn write_trace(ask: &Ask, seed: u64, file: &std::path::Path) -> Result<(), String> {
    let run = Run { whole_trace: true, mutation: ask.mutation, ..Run::new(seed, ask.trouble) };
    let found = run.run();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let text = found.trace.lines().fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
