//! Bars of the waterfall, kept on our own clock until they are told relative to the invocation's arrival.

use fabric::Span;
use std::time::Duration;
use world::Instant;

/// More than one invocation can have; a bound all the same.
const SPANS_MAX: usize = 48;

/// A sandbox's step, and its bar.
pub(crate) type StepNames = &'static [(&'static str, &'static str)];

#[derive(Debug, Default)]
pub(crate) struct Spans(Vec<(&'static str, Instant, Instant)>);

impl Spans {
    pub(crate) fn add(&mut self, room: &'static str, from: Instant, to: Instant) {
        if self.0.len() < SPANS_MAX {
            self.0.push((room, from, to));
        }
    }

    /// For what is mostly nothing: kept where it took long enough to be seen.
    pub(crate) fn add_if_long(&mut self, room: &'static str, from: Instant, to: Instant) {
        if to.since(from) >= Duration::from_micros(100) {
            self.add(room, from, to);
        }
    }

    /// What a sandbox says of a boot, under the names that are known of it.
    pub(crate) fn add_steps(&mut self, names: StepNames, steps: &[sandbox::Step]) {
        for step in steps {
            let known = names.iter().find(|(name, _)| *name == step.name);
            known.into_iter().for_each(|(_, room)| self.add(room, step.from, step.to));
        }
    }

    /// What happened since `arrived`, the part before it cut off. Leaves nothing for the next invocation.
    pub(crate) fn tell(&mut self, arrived: Instant) -> Vec<Span> {
        let told = std::mem::take(&mut self.0);
        let after = told.into_iter().filter(|(_, _, to)| *to > arrived);
        let span = |(room, from, to): (&str, Instant, Instant)| Span {
            room: room.to_owned(),
            start: from.since(arrived),
            duration: to.since(from.max(arrived)),
        };
        after.map(span).collect()
    }
}

/// Rounded up: what was used is never shown as less.
pub(crate) fn megabytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX)
}

/// How old a reading of memory may be for REPORT of an invocation of less than [`BRIEF`], in which little can be added, and
/// that shows in the next one's. A reading is a call to the spawner and six files of the kernel's: at 20 ms, sixty
/// environments that took turns needed one for about every second invocation.
const STATS_FRESH: Duration = Duration::from_millis(250);
/// Longer ones always have a reading of their own.
const BRIEF: Duration = Duration::from_millis(2);

/// How old a reading may be for an invocation that took so long.
pub(crate) fn stats_fresh(duration: Duration) -> Duration {
    if duration < BRIEF { STATS_FRESH } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_brief_to_add_much_is_told_from_an_earlier_reading() {
        assert_eq!(stats_fresh(Duration::from_micros(300)), STATS_FRESH);
        assert_eq!(stats_fresh(BRIEF), Duration::ZERO);
    }

    #[test]
    fn spans_before_the_arrival_are_cut_or_left_out() {
        let at = |ms: u64| Instant(ms * 1_000_000);
        let ms = Duration::from_millis;
        let mut spans = Spans::default();
        spans.add("code", at(0), at(5));
        spans.add("boot", at(5), at(20));
        spans.add("invoke", at(20), at(21));
        let span = |room: &str, start, duration| Span { room: room.into(), start, duration };
        assert_eq!(spans.tell(at(10)), [span("boot", ms(0), ms(10)), span("invoke", ms(10), ms(1))]);
        assert_eq!(spans.tell(at(10)), []);
    }
}
