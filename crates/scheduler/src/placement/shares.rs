//! How many workers each partition has, so that none is without one because another was first.
//!
//! A partition that has a worker takes another only while as many stay free as there are partitions that have none: spread
//! and shares make a partition of three functions want every worker of a small fleet, and whoever asks next would wait
//! until it is idle. So where there are as many workers as partitions, each that asks gets one.

use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::time::Duration;
use types::PartitionId;

#[derive(Debug, Default)]
pub(super) struct Shares {
    of: FxHashMap<PartitionId, Share>,
    /// Of those whose leaders ask: who has none.
    without: BTreeSet<PartitionId>,
}

#[derive(Debug, Default)]
struct Share {
    workers: u32,
    /// When its leader asked last.
    asked: Option<Duration>,
}

impl Shares {
    /// There is a leader of it.
    pub(super) fn asks(&mut self, partition: PartitionId, now: Duration) {
        let share = self.of.entry(partition).or_default();
        share.asked = Some(now);
        if share.workers == 0 {
            self.without.insert(partition);
        }
    }

    pub(super) fn takes(&mut self, partition: PartitionId) {
        self.of.entry(partition).or_default().workers += 1;
        self.without.remove(&partition);
    }

    pub(super) fn gives_back(&mut self, partition: PartitionId) {
        let share = self.of.entry(partition).or_default();
        share.workers = share.workers.saturating_sub(1);
        if share.workers == 0 && share.asked.is_some() {
            self.without.insert(partition);
        }
    }

    /// Nobody leads those that have not asked since.
    pub(super) fn forget(&mut self, before: Duration) {
        let without = &mut self.without;
        self.of.retain(|partition, share| {
            if share.asked.is_some_and(|asked| asked < before) {
                share.asked = None;
                without.remove(partition);
            }
            share.workers > 0 || share.asked.is_some()
        });
    }

    pub(super) fn workers(&self, partition: PartitionId) -> u32 {
        self.of.get(&partition).map_or(0, |share| share.workers)
    }

    /// Whether it may take one of so many that are free.
    pub(super) fn may_take(&self, partition: PartitionId, free: usize) -> bool {
        self.workers(partition) == 0 || free > self.without.len()
    }

    /// Whether it may be given an empty one of another: of the last that one has only if it has none itself.
    pub(super) fn may_be_given(&self, partition: PartitionId, others: PartitionId) -> bool {
        others != partition && (self.workers(partition) == 0 || self.workers(others) > 1)
    }
}
