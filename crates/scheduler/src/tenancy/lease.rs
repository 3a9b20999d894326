//! For how long a worker serves, and whom.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use types::PartitionId;

const ENDED: Duration = Duration::ZERO;

/// Until when the worker serves, on its own monotonic clock: one number that whoever lets something in or out reads without
/// a lock.
#[derive(Debug)]
pub struct LeaseClock(AtomicU64);

impl LeaseClock {
    /// Of a worker that nobody leases.
    pub fn unbounded() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    pub fn runs(&self, now: Duration) -> bool {
        now < self.until()
    }

    pub fn until(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Acquire))
    }

    pub fn runs_until(&self, until: Duration) {
        self.0.store(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// It ran, and nobody has ended it yet.
    pub fn has_run_out(&self, now: Duration) -> bool {
        let until = self.until();
        until != ENDED && until <= now
    }

    pub fn end(&self) {
        self.runs_until(ENDED);
    }
}

/// Whom the worker serves, while its lease runs.
#[derive(Debug, Default)]
pub struct Standing {
    partition: Option<PartitionId>,
    /// When a start made it that: an answer to what was sent before knows nothing of it.
    taken_on: Option<Duration>,
}

impl Standing {
    pub fn partition(&self) -> Option<PartitionId> {
        self.partition
    }

    /// A leader wants something made. Placement leases a worker when it places something there, so that the leader may be
    /// here before placement's next answer is.
    pub fn take_on(&mut self, partition: PartitionId, empty: bool, now: Duration) -> bool {
        if self.partition == Some(partition) {
            return true;
        }
        if self.partition.is_some() && !empty {
            return false;
        }
        (self.partition, self.taken_on) = (Some(partition), Some(now));
        true
    }

    /// Placement's word on what was sent at `sent`; whose environments stay.
    pub fn told(&mut self, partition: Option<PartitionId>, sent: Duration) -> Option<PartitionId> {
        if self.taken_on.is_none_or(|at| at < sent) {
            (self.partition, self.taken_on) = (partition, None);
        }
        self.partition
    }

    pub fn fence(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<PartitionId> = Some(PartitionId(1));

    #[test]
    fn what_was_asked_before_a_start_does_not_undo_it_and_what_was_asked_after_it_does() {
        let mut standing = Standing::default();
        assert_eq!(standing.told(None, Duration::from_secs(1)), None);
        assert!(standing.take_on(PartitionId(1), true, Duration::from_secs(5)));
        for sent in [4, 5] {
            assert_eq!(
                standing.told(None, Duration::from_secs(sent)),
                ONE,
                "it crossed the start on its way"
            );
        }
        assert_eq!(standing.told(ONE, Duration::from_secs(6)), ONE);
        assert_eq!(standing.told(Some(PartitionId(2)), Duration::from_secs(7)), Some(PartitionId(2)));
    }

    #[test]
    fn only_an_empty_worker_changes_its_partition_by_a_start() {
        let mut standing = Standing::default();
        assert!(standing.take_on(PartitionId(1), true, Duration::from_secs(1)));
        assert!(standing.take_on(PartitionId(1), false, Duration::from_secs(2)));
        assert!(!standing.take_on(PartitionId(2), false, Duration::from_secs(3)));
        assert!(standing.take_on(PartitionId(2), true, Duration::from_secs(4)));
        assert_eq!(standing.partition(), Some(PartitionId(2)));
    }
}
