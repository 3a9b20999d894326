//! Functions and their traffic, shaped like Azure Functions in 2019.
//!
//! | what | from |
//! |---|---|
//! | invocations a day of a function, by quantile | the sample of the published trace in `bench/data/azure-2019` (500 functions, one day): 89 % rarer than once a minute, 46 % than once an hour |
//! | above its 99.8 % | "8 orders of magnitude" (Shahrad et al., *Serverless in the Wild*, ATC 2020): on, log-linear, to 10^8 a day. A sample of 500 can not show them; they make most of the traffic, as there ("less than a fifth of the functions make over 99 %") |
//! | mean duration of functions rarer than once a minute | the sample's, by function: half under 0.8 s, nine tenths under 15 s |
//! | mean duration of the others | the sample's, by invocation: half under 0.4 s, mean 4.9 s |
//! | one invocation's duration | its function's mean times 0.5 to 1.5, evenly (the sample has no more than percentiles) |
//! | `MemorySize` | the smallest usual size over what the sample's applications use: median 140 MB, 90 % 210, 99 % 373 |
//! | functions of one account | ten: an assumption; it decides what is kept apart |
//!
//! Arrivals of a function are random and independent (Poisson), under one curve of traffic for all. Real functions have
//! timers and bursts of their own; their share is not in the figures.

use crate::random::Random;
use std::f64::consts::TAU;
use std::time::Duration;
use types::{AccountId, CodeDigest, FunctionName, Region, Version, VersionKey};

type Quantiles = &'static [(f64, f64)];

/// Invocations a day.
const A_DAY: Quantiles = &[
    (0.0, 1.0),
    (0.10, 1.0),
    (0.25, 5.0),
    (0.50, 38.0),
    (0.75, 315.0),
    (0.90, 1_443.0),
    (0.99, 12_091.0),
    (0.998, 42_994.0),
    (1.0, 1e8),
];
/// Milliseconds, by function.
const RARE_MS: Quantiles = &[
    (0.0, 1.0),
    (0.10, 21.0),
    (0.25, 116.0),
    (0.50, 763.0),
    (0.75, 3_584.0),
    (0.90, 14_421.0),
    (0.99, 111_803.0),
    (1.0, 300_000.0),
];
/// Milliseconds, by invocation.
const BUSY_MS: Quantiles = &[
    (0.0, 1.0),
    (0.10, 35.0),
    (0.25, 128.0),
    (0.50, 384.0),
    (0.75, 5_214.0),
    (0.90, 10_910.0),
    (0.99, 47_149.0),
    (1.0, 120_000.0),
];
/// `MemorySize`, MB, and the share of functions up to it.
const MEMORY_MB: &[(f64, u32)] = &[(0.45, 128), (0.94, 256), (0.995, 512), (1.0, 1_024)];
const DAY_SECONDS: f64 = 86_400.0;
const MINUTE_A_DAY: f64 = 1_440.0;
const FUNCTIONS_AN_ACCOUNT: usize = 10;

/// Between the points in a straight line over the logarithm.
fn at(quantiles: Quantiles, q: f64) -> f64 {
    let above = quantiles.iter().position(|(point, _)| *point >= q).unwrap_or(quantiles.len() - 1).max(1);
    let ((q0, low), (q1, high)) = (quantiles[above - 1], quantiles[above]);
    let part = ((q - q0) / (q1 - q0)).clamp(0.0, 1.0);
    low * (high / low).powf(part)
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) key: VersionKey,
    pub(crate) code: CodeDigest,
    pub(crate) memory_mb: u32,
    /// Invocations a second at the peak of traffic.
    pub(crate) rate: f64,
    pub(crate) mean_ms: f64,
}

/// So many functions that together they make `rate` invocations a second. Their rates are taken evenly from the whole
/// distribution, so that every partition has the same mix; what each lasts and needs is drawn.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small and positive
pub(crate) fn functions(partition: u64, rate: f64, random: &mut Random) -> Vec<Function> {
    let even = |count: usize| (0..count).map(move |idx| at(A_DAY, (idx as f64 + 0.5) / count as f64));
    let mean = even(100_000).sum::<f64>() / 100_000.0 / DAY_SECONDS;
    let count = ((rate / mean).round() as usize).max(1);
    let total = even(count).sum::<f64>();
    even(count)
        .enumerate()
        .map(|(idx, a_day)| {
            let durations = if a_day < MINUTE_A_DAY { RARE_MS } else { BUSY_MS };
            let size = random.unit();
            Function {
                key: VersionKey {
                    // Turned, so that an account has busy and rare ones.
                    account: AccountId::new(format!(
                        "{partition:04}{:08}",
                        idx % count.div_ceil(FUNCTIONS_AN_ACCOUNT)
                    )),
                    region: Region::new("eu-central-1"),
                    function: FunctionName::new(format!("f{idx}")),
                    version: Version::Latest,
                    generation: 1,
                },
                code: CodeDigest::new(format!("{partition}-{idx}")),
                memory_mb: MEMORY_MB.iter().find(|(most, _)| size <= *most).map_or(128, |(_, mb)| *mb),
                rate: rate * a_day / total,
                mean_ms: at(durations, random.unit()),
            }
        })
        .collect()
}

/// Traffic as a share of the peak: it rises from nothing while the fleet fills, then has a day's wave, made as long as
/// the rest of the run: half the peak, the peak in its middle, half again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curve {
    pub(crate) warm_up: Duration,
    pub(crate) all: Duration,
}

impl Curve {
    pub(crate) fn at(&self, now: Duration) -> f64 {
        let warm_up = self.warm_up.as_secs_f64();
        let now = now.as_secs_f64();
        if now < warm_up {
            return 0.5 * now / warm_up;
        }
        let wave = (now - warm_up) / (self.all.as_secs_f64() - warm_up).max(1.0);
        0.75 - 0.25 * (TAU * wave).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn the_trace_has_the_shape_that_was_published() {
        let all = functions(1, 10_000.0, &mut Random::new(1));
        let count = all.len() as f64;
        let rate: f64 = all.iter().map(|function| function.rate).sum();
        assert!((rate - 10_000.0).abs() < 1e-6);
        let rare = all.iter().filter(|function| function.rate < 1.0 / 60.0).count() as f64 / count;
        assert!((0.87..0.93).contains(&rare), "{rare} are rarer than once a minute");
        let top: f64 = all[all.len() * 8 / 10..].iter().map(|function| function.rate).sum();
        assert!(top > 0.99 * rate, "a fifth makes {top} of {rate}");
        let mean = all.iter().map(|function| function.rate * function.mean_ms).sum::<f64>() / rate;
        assert!((500.0..15_000.0).contains(&mean), "{mean} ms");
    }

    #[test]
    fn traffic_rises_from_nothing_to_the_peak_and_back() {
        let second = Duration::from_secs(1);
        let curve = Curve { warm_up: 600 * second, all: 2_400 * second };
        let near =
            |now, wanted: f64| assert!((curve.at(now) - wanted).abs() < 1e-9, "{now:?}: {}", curve.at(now));
        near(Duration::ZERO, 0.0);
        near(600 * second, 0.5);
        near(1_500 * second, 1.0);
        near(2_400 * second, 0.5);
    }
}
