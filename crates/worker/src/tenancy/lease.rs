//! What the lease is to those who ask whether it runs: one number; and what starts tell of the worker's health.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use types::PartitionId;
use world::Instant;

const ENDED: Instant = Instant(0);

/// Until when the worker serves, on its own monotonic clock.
pub(crate) struct LeaseClock(AtomicU64);

impl LeaseClock {
    /// Of a worker that nobody leases.
    pub(crate) fn unbounded() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    pub(crate) fn runs(&self, now: Instant) -> bool {
        now < self.until()
    }

    pub(crate) fn until(&self) -> Instant {
        Instant(self.0.load(Ordering::Acquire))
    }

    pub(crate) fn runs_until(&self, until: Instant) {
        self.0.store(until.0, Ordering::Release);
    }

    /// It ran, and nobody has ended it yet.
    pub(super) fn has_run_out(&self, now: Instant) -> bool {
        let until = self.until();
        until != ENDED && until <= now
    }

    pub(crate) fn end(&self) {
        self.runs_until(ENDED);
    }
}

/// Whom the worker serves, while its lease runs.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    partition: Option<PartitionId>,
    /// When a start made it that: an answer to what was sent before knows nothing of it.
    taken_on: Option<Instant>,
}

impl Standing {
    pub(crate) fn partition(&self) -> Option<PartitionId> {
        self.partition
    }

    /// A leader wants something made. Placement leases a worker when it places something there, so that the leader may be
    /// here before placement's next answer is.
    pub(crate) fn take_on(&mut self, partition: PartitionId, empty: bool, now: Instant) -> bool {
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
    pub(crate) fn told(&mut self, partition: Option<PartitionId>, sent: Instant) -> Option<PartitionId> {
        if self.taken_on.is_none_or(|at| at < sent) {
            (self.partition, self.taken_on) = (partition, None);
        }
        self.partition
    }

    pub(crate) fn fence(&mut self) {
        *self = Self::default();
    }
}

/// How starts went since placement was last told. Only what the host could not do counts.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// One after another.
    failed: AtomicU32,
    succeeded: AtomicBool,
}

impl Health {
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn succeeded(&self) {
        // Read first: the common case writes nothing that others would have to fetch again.
        if self.failed.load(Ordering::Relaxed) > 0 {
            self.failed.store(0, Ordering::Relaxed);
        }
        if !self.succeeded.load(Ordering::Relaxed) {
            self.succeeded.store(true, Ordering::Relaxed);
        }
    }

    /// Failures since the last success, and whether there was one.
    pub(super) fn take(&self) -> (u32, bool) {
        (self.failed.swap(0, Ordering::Relaxed), self.succeeded.swap(false, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<PartitionId> = Some(PartitionId(1));

    #[test]
    fn what_was_asked_before_a_start_does_not_undo_it_and_what_was_asked_after_it_does() {
        let mut standing = Standing::default();
        assert_eq!(standing.told(None, Instant(1)), None);
        assert!(standing.take_on(PartitionId(1), true, Instant(5)));
        for sent in [4, 5] {
            assert_eq!(standing.told(None, Instant(sent)), ONE, "it crossed the start on its way");
        }
        assert_eq!(standing.told(ONE, Instant(6)), ONE);
        assert_eq!(standing.told(Some(PartitionId(2)), Instant(7)), Some(PartitionId(2)));
    }

    #[test]
    fn only_an_empty_worker_changes_its_partition_by_a_start() {
        let mut standing = Standing::default();
        assert!(standing.take_on(PartitionId(1), true, Instant(1)));
        assert!(standing.take_on(PartitionId(1), false, Instant(2)));
        assert!(!standing.take_on(PartitionId(2), false, Instant(3)));
        assert!(standing.take_on(PartitionId(2), true, Instant(4)));
        assert_eq!(standing.partition(), Some(PartitionId(2)));
    }
}
