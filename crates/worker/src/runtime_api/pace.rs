//! How fast a streamed answer may go: a bucket of the burst's size that fills at the promised speed.

use std::time::Duration;
use types::limits::{STREAM_BURST_BYTES, STREAM_BYTES_PER_SECOND};
use world::Instant;

/// Full at first. Room that is not used does not grow past the burst.
#[derive(Debug)]
pub(crate) struct Pace {
    room: f64,
    at: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self { room: STREAM_BURST_BYTES as f64, at: now }
    }

    /// Takes room for these bytes; answers how long to wait before they may go.
    pub(crate) fn take(&mut self, now: Instant, bytes: usize) -> Duration {
        let speed = STREAM_BYTES_PER_SECOND as f64;
        let filled = self.room + now.since(self.at).as_secs_f64() * speed;
        self.room = filled.min(STREAM_BURST_BYTES as f64) - bytes as f64;
        self.at = now;
        Duration::from_secs_f64((-self.room).max(0.0) / speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn six_mebibytes_go_at_once_and_then_two_a_second() {
        let mut now = Instant(0);
        let mut pace = Pace::new(now);
        for _ in 0..6 {
            assert_eq!(pace.take(now, MIB), Duration::ZERO);
        }
        for _ in 0..10 {
            let wait = pace.take(now, MIB);
            assert_eq!(wait, Duration::from_millis(500));
            now = now.plus(wait);
        }
    }

    #[test]
    fn a_long_rest_buys_no_more_than_the_burst() {
        let mut pace = Pace::new(Instant(0));
        let later = Instant(0).plus(Duration::from_secs(600));
        assert_eq!(pace.take(later, 6 * MIB), Duration::ZERO);
        assert_eq!(pace.take(later, 2 * MIB), Duration::from_secs(1));
    }
}
