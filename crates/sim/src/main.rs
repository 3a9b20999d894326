//! `cargo xtask sim --fleet N`: what the real cores decide for a fleet and traffic that nobody has, in virtual time.
//!
//! The traffic is split over partitions, as accounts are. Partitions share nothing but placement, so a few of them are
//! simulated exactly, event by event, with their share of the fleet, and figures of the fleet are multiplied by how many
//! there are. The planner with the whole fleet in its books is measured beside it ([`fullsize`]).

mod chart;
mod cluster;
mod fleet;
mod fullsize;
mod random;
mod seeds;
mod trace;

#[cfg(test)]
mod tests;

use chart::short;
use fleet::{Second, Settings, Simulation, real_now};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "\
cargo xtask sim --seed N [--minutes M] [--seeds COUNT] [--trace FILE]     a cluster under faults; --seeds: so many, from N on
cargo xtask sim --fleet WORKERS [--rate R] [--partitions P] [--sample S] [--minutes M] [--warm-up M] [--worker-gb G]
                [--start-ms MS] [--idle-s S] [--seed N] [--environments E] [--svg FILE]

  --fleet         workers at most, over all partitions
  --rate          invocations a second at the peak, over all partitions (3900000: 10 trillion a month)
  --partitions    into how many the accounts are split (400)
  --sample        how many of them are simulated (1)
  --minutes       virtual time, the warm-up included (40)
  --warm-up       minutes that are not counted, while traffic rises from nothing (15)
  --worker-gb     MemorySize that a worker sells, overcommit included (1024)
  --start-ms      how long an environment takes to start (100)
  --idle-s        how long an unused environment is kept (600)
  --environments  with which the planner of the whole fleet is filled (1000000)
  --svg           where the chart goes (target/sim/fleet.svg)";

/// What was asked for.
struct Ask {
    fleet: u32,
    rate: f64,
    partitions: u64,
    environments: usize,
    svg: PathBuf,
    settings: Settings,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let fleet = args.iter().any(|arg| arg.starts_with("--fleet"));
    let done = if fleet { parse(&args).and_then(|ask| run(&ask)) } else { seeds::run(&args) };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

/// `--name value` and `--name=value`.
fn parse(args: &[String]) -> Result<Ask, String> {
    let mut words = args.iter().flat_map(|arg| arg.splitn(2, '='));
    let mut given = std::collections::BTreeMap::new();
    while let Some(name) = words.next() {
        let known = USAGE.contains(&format!("  {name} ")) || name == "--seed";
        let value = words.next().filter(|_| known).ok_or_else(|| USAGE.to_owned())?;
        given.insert(name.trim_start_matches('-'), value);
    }
    let number = |name: &str, default: f64| match given.get(name) {
        None => Ok(default),
        Some(text) => match text.parse::<f64>() {
            Ok(number) if (0.0..1e12).contains(&number) => Ok(number),
            _ => Err(format!("--{name} {text}: no number that makes sense")),
        },
    };
    let whole = |name: &str, default: u32| number(name, f64::from(default)).map(|number| number as u64);
    if !given.contains_key("fleet") {
        return Err(USAGE.to_owned());
    }
    let fleet = u32::try_from(whole("fleet", 0)?).map_err(|error| error.to_string())?;
    let (partitions, sampled) = (whole("partitions", 400)?.max(1), whole("sample", 1)?.max(1));
    let rate = number("rate", 3_900_000.0)?;
    let minutes = |name, default| whole(name, default).map(|minutes| Duration::from_secs(minutes * 60));
    let curve = trace::Curve { warm_up: minutes("warm-up", 15)?, all: minutes("minutes", 40)? };
    if curve.warm_up >= curve.all || sampled > partitions {
        return Err("the warm-up is shorter than the run, and no more is sampled than there is".to_owned());
    }
    let assignment = scheduler::assignment::Settings {
        // Limits of accounts are not what is asked about here.
        concurrency_max: u32::MAX,
        idle_max: Duration::from_secs(whole("idle-s", 600)?),
        ..scheduler::assignment::Settings::default()
    };
    let settings = Settings {
        seed: whole("seed", 1)?,
        sampled,
        rate: rate / partitions as f64,
        curve,
        workers_max: u32::try_from(u64::from(fleet) * sampled / partitions).unwrap_or(u32::MAX).max(1),
        worker_mb: whole("worker-gb", 1_024)? * 1_024,
        worker_cpu_milli: 96_000,
        start: Duration::from_millis(whole("start-ms", 100)?),
        placement: scheduler::placement::Settings::default(),
        assignment,
    };
    let environments = usize::try_from(whole("environments", 1_000_000)?).unwrap_or(0).max(1);
    let svg = PathBuf::from(given.get("svg").copied().unwrap_or("target/sim/fleet.svg"));
    Ok(Ask { fleet, rate, partitions, environments, svg, settings })
}

fn run(ask: &Ask) -> Result<String, String> {
    let settings = &ask.settings;
    let start = real_now();
    let mut simulation = Simulation::new(settings.clone());
    simulation.run();
    let took = start.elapsed();
    let scale = ask.partitions as f64 / settings.sampled as f64;
    let warm_up = usize::try_from(settings.curve.warm_up.as_secs()).unwrap_or(0);
    let title = format!(
        "{} invocations a second over {} partitions, {} simulated",
        short(ask.rate),
        ask.partitions,
        settings.sampled
    );
    let svg = chart::draw(&simulation.seconds, scale, warm_up, &title);
    if let Some(folder) = ask.svg.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(&ask.svg, svg).map_err(|error| format!("{}: {error}", ask.svg.display()))?;
    let counted = simulation.seconds.get(warm_up..).unwrap_or_default();
    let mut text = format!(
        "{title}\nseed {}, {} functions each, {} virtual minutes in {:.0} s; figures are of the {} after the warm-up\n\n",
        settings.seed,
        simulation.functions()
            / simulation.seconds.len().min(usize::try_from(settings.sampled).unwrap_or(1)).max(1),
        simulation.seconds.len() / 60,
        took.as_secs_f64(),
        counted.len() / 60,
    );
    text += &of_the_run(&simulation, counted, scale, ask.fleet);
    let full = fullsize::measure(ask.fleet.max(1), ask.environments, ask.partitions, settings.seed, 300_000);
    text += &of_the_planner(&full);
    text += &format!("\nchart: {}", ask.svg.display());
    Ok(text)
}

fn of_the_run(simulation: &Simulation, counted: &[Second], scale: f64, fleet: u32) -> String {
    let counts = &simulation.counts;
    let granted = (counts.warm + counts.cold).max(1) as f64;
    let mean =
        |get: &dyn Fn(&Second) -> f64| counted.iter().map(get).sum::<f64>() / counted.len().max(1) as f64;
    let most = |get: &dyn Fn(&Second) -> f64| counted.iter().map(get).fold(0.0, f64::max);
    let share = |of: f64, all: f64| format!("{:.3} %", 100.0 * of / all.max(1.0));
    let rows = [
        ("invocations simulated", short(granted + counts.refused as f64)),
        ("cold starts", share(counts.cold as f64, granted)),
        ("refused", share(counts.refused as f64, granted + counts.refused as f64)),
        (
            "traffic, mean and most, a second, scaled",
            format!(
                "{}, {}",
                short(mean(&|s| s.arrived as f64) * scale),
                short(most(&|s| s.arrived as f64) * scale)
            ),
        ),
        (
            "environments, mean and most, scaled",
            format!(
                "{}, {}",
                short(mean(&|s| s.environments as f64) * scale),
                short(most(&|s| s.environments as f64) * scale)
            ),
        ),
        ("of them busy, mean", share(mean(&|s| s.busy as f64), mean(&|s| s.environments as f64))),
        (
            "workers, mean and most, scaled (of at most)",
            format!(
                "{}, {} ({fleet})",
                short(mean(&|s| f64::from(s.workers)) * scale),
                short(most(&|s| f64::from(s.workers)) * scale)
            ),
        ),
        (
            "use of serving workers' room, mean",
            share(mean(&|s| s.used_mb as f64), mean(&|s| s.room_mb as f64)),
        ),
        ("placement: slots at the 1st, 2nd, later question", counts.asked.map(|n| n.to_string()).join(", ")),
        (
            "placement: virtual time to a slot, p50, p99, p99.9",
            [50.0, 99.0, 99.9]
                .map(|p| format!("< {} µs", short(percentile(&counts.placement, p))))
                .join(", "),
        ),
        ("environments ended at the end of a drain", counts.cut.to_string()),
        ("assignment machine: steps a second, one core", short(simulation.speed.steps_per_second())),
        ("planner of the sample: calls a second, one core", short(simulation.speed.calls_per_second())),
    ];
    rows.iter().fold(String::new(), |text, (name, value)| format!("{text}{name:<52}{value}\n"))
}

fn of_the_planner(found: &fullsize::Found) -> String {
    let micros = |duration: Duration| format!("{:.0} µs", duration.as_secs_f64() * 1e6);
    let rows = [
        ("workers, environments", format!("{}, {}", found.workers, found.environments)),
        ("release and place another, a second, one core", short(found.pairs_per_second)),
        ("the slowest of them", micros(found.slowest)),
        ("refused while filling", found.refused.to_string()),
        ("heartbeats a second, one core", short(found.heartbeats_per_second)),
        ("tick over all, plan of the fleet", format!("{}, {}", micros(found.tick), micros(found.plan))),
    ];
    let head = "\nthe planner with the whole fleet\n".to_owned();
    rows.iter().fold(head, |text, (name, value)| format!("{text}{name:<52}{value}\n"))
}

/// The upper end of the power of two in which it lies.
fn percentile(histogram: &[u64], percent: f64) -> f64 {
    let wanted = histogram.iter().sum::<u64>() as f64 * percent / 100.0;
    let mut seen = 0.0;
    for (power, count) in (1..).zip(histogram) {
        seen += *count as f64;
        if seen >= wanted {
            return 2_f64.powi(power);
        }
    }
    0.0
}
