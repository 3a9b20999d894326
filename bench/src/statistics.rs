//! Percentiles of what was measured, and how they are written.

use std::time::Duration;

/// Sorted samples in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn of(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// The smallest sample that `percent` of all samples do not exceed; 0 of none.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.max(1) - 1).or(self.0.last()).copied().unwrap_or(0.0)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(0.0)
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The middle one of what several rounds found.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    Samples::of(values.into_iter().collect()).median()
}

/// Three digits that count: `0.214`, `21.4`, `214`.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        v if v < 10.0 => format!("{value:.3}"),
        v if v < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_and_never_between_two() {
        let hundred = Samples::of((1..=100).rev().map(f64::from).collect());
        for (percent, expected) in [(50.0, 50.0), (99.0, 99.0), (100.0, 100.0), (0.0, 1.0)] {
            assert_eq!(hundred.percentile(percent), expected, "{percent}");
        }
        assert_eq!(Samples::of(vec![7.0]).percentile(99.0), 7.0);
        assert_eq!(Samples::default().median(), 0.0);
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    }
}
