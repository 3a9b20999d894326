//! The Azure 2019 sample (`bench/data/azure-2019`): invocations by minute and durations of 500 functions over a day.

use crate::Outcome;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Columns before the first minute: function, owner, application.
const NAMES: usize = 3;
/// Durations have a tail of minutes; here they only make invocations overlap.
const SLEEP_MS_MAX: u64 = 300;
/// As read, both files have less than this.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(super) struct Trace(Vec<Row>);

struct Row {
    by_minute: Vec<u32>,
    sleep_ms: u64,
}

/// One invocation of the replay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) function: usize,
    pub(super) sleep_ms: u64,
}

impl Trace {
    /// `functions` of the sample, taken evenly from the busiest to the rarest that were invoked at all.
    pub(super) fn read(folder: &Path, functions: usize) -> Outcome<Self> {
        let durations: BTreeMap<String, u64> = durations(&text(&folder.join("500_run.csv.gz"))?)?;
        let mut all = Vec::new();
        for line in text(&folder.join("500_inv.csv.gz"))?.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let by_minute: Vec<u32> =
                cells.iter().skip(NAMES).map(|cell| cell.parse().unwrap_or(0)).collect();
            let sleep_ms = cells.first().and_then(|name| durations.get(*name)).copied().unwrap_or(0);
            all.push(Row { by_minute, sleep_ms });
        }
        let total = |row: &Row| row.by_minute.iter().map(|&count| u64::from(count)).sum::<u64>();
        all.retain(|row| total(row) > 0);
        all.sort_by_key(|row| std::cmp::Reverse(total(row)));
        let step = (all.len() / functions.max(1)).max(1);
        let rows: Vec<Row> = all.into_iter().step_by(step).take(functions).collect();
        if rows.is_empty() { Err(format!("{}: no invocations", folder.display())) } else { Ok(Self(rows)) }
    }

    pub(super) fn functions(&self) -> usize {
        self.0.len()
    }

    /// The first `minutes` (again from the start after a day), scaled so that a minute has `mean` invocations on
    /// average. What scaling leaves of an invocation is carried on: rare functions stay rare and do not vanish.
    pub(super) fn replay(&self, minutes: usize, mean: f64) -> Vec<Vec<Call>> {
        let count = |row: &Row, minute: usize| {
            f64::from(row.by_minute.get(minute % row.by_minute.len().max(1)).copied().unwrap_or(0))
        };
        let all: f64 =
            self.0.iter().map(|row| (0..minutes).map(|minute| count(row, minute)).sum::<f64>()).sum();
        #[allow(clippy::cast_precision_loss)]
        let scale = mean * minutes as f64 / all.max(1.0);
        let mut left = vec![0.0; self.0.len()];
        let mut replay = Vec::with_capacity(minutes);
        for minute in 0..minutes {
            let mut calls = Vec::new();
            for (function, row) in self.0.iter().enumerate() {
                left[function] += count(row, minute) * scale;
                while left[function] >= 1.0 {
                    left[function] -= 1.0;
                    calls.push(Call { function, sleep_ms: row.sleep_ms });
                }
            }
            interleave(&mut calls);
            replay.push(calls);
        }
        replay
    }
}

/// Spreads each function's calls over the minute instead of one after the other; always the same way.
fn interleave(calls: &mut [Call]) {
    let mut seen: BTreeMap<usize, u32> = BTreeMap::new();
    calls.sort_by_cached_key(|call| {
        let nth = seen.entry(call.function).or_default();
        *nth += 1;
        (*nth, call.function)
    });
}

/// Function to its median duration, capped.
fn durations(text: &str) -> Outcome<BTreeMap<String, u64>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| header.iter().position(|cell| cell.trim() == name);
    let (Some(function), Some(median)) =
        (column("HashFunction"), column("percentile_Average_50").or_else(|| column("Average")))
    else {
        return Err(format!("durations: no such columns in {}", header.join(",")));
    };
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let duration: f64 = cells.get(median)?.parse().ok()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        let duration = duration.clamp(0.0, 1e6) as u64;
        Some(((*cells.get(function)?).to_owned(), duration.min(SLEEP_MS_MAX)))
    };
    Ok(lines.filter_map(row).collect())
}

fn text(file: &Path) -> Outcome<String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut text = String::new();
    let packed = File::open(file).map_err(failed)?;
    GzDecoder::new(packed).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Trace {
        Trace::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/azure-2019"), 60).unwrap()
    }

    #[test]
    fn the_sample_is_read_and_a_replay_has_the_rate_that_was_asked_for() {
        let trace = sample();
        assert_eq!(trace.functions(), 60);
        let replay = trace.replay(200, 100.0);
        let calls: usize = replay.iter().map(Vec::len).sum();
        assert!((19_900..=20_000).contains(&calls), "{calls}");
        assert!(replay.iter().flatten().all(|call| call.sleep_ms <= SLEEP_MS_MAX));
        assert!(replay.iter().flatten().any(|call| call.sleep_ms > 0));
    }

    #[test]
    fn rare_functions_are_in_the_replay_too() {
        let replay = sample().replay(1_440, 100.0);
        let called: std::collections::BTreeSet<usize> =
            replay.iter().flatten().map(|call| call.function).collect();
        assert!(called.len() > 40, "{}", called.len());
    }
}
