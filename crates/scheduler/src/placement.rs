//! The placement planner: which worker hosts which environment.
//!
//! Pure and idempotent: placing an environment that is placed answers the same worker, releasing one that is not
//! there does nothing. Packs by memory: the fullest worker that still has room, so that empty ones can go.

use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use types::{EnvironmentId, WorkerId, Zone};

/// How large a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    pub zone: Zone,
    pub memory_mb: u64,
    pub environments_max: u32,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot {
    /// Not now.
    Full,
    /// Not on any worker.
    TooLarge,
}

#[derive(Debug)]
struct Worker {
    capacity: Capacity,
    memory_used_mb: u64,
    environments: u32,
}

impl Worker {
    fn fits(&self, memory_mb: u32) -> bool {
        self.environments < self.capacity.environments_max
            && self.memory_used_mb + u64::from(memory_mb) <= self.capacity.memory_mb
    }
}

/// One row of `workers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub worker: WorkerId,
    pub capacity: Capacity,
    pub memory_used_mb: u64,
    pub environments: u32,
}

/// Workers, their room, and who sits where.
#[derive(Debug, Default)]
pub struct Planner {
    workers: BTreeMap<WorkerId, Worker>,
    slots: FxHashMap<EnvironmentId, (WorkerId, u32)>,
}

impl Planner {
    /// A worker is there, empty. One that was known has restarted: what it had is gone.
    pub fn register(&mut self, id: WorkerId, capacity: Capacity) {
        self.slots.retain(|_, (worker, _)| *worker != id);
        self.workers.insert(id, Worker { capacity, memory_used_mb: 0, environments: 0 });
    }

    pub fn place(&mut self, environment: EnvironmentId, memory_mb: u32) -> Result<WorkerId, NoSlot> {
        if let Some((worker, _)) = self.slots.get(&environment) {
            return Ok(worker.clone());
        }
        let room = |worker: &Worker| worker.capacity.memory_mb.saturating_sub(worker.memory_used_mb);
        let fullest = self
            .workers
            .iter_mut()
            .filter(|(_, worker)| worker.fits(memory_mb))
            .min_by_key(|(_, worker)| room(worker));
        let Some((id, worker)) = fullest else {
            let ever = self.workers.values().any(|worker| u64::from(memory_mb) <= worker.capacity.memory_mb);
            return Err(if ever { NoSlot::Full } else { NoSlot::TooLarge });
        };
        worker.memory_used_mb += u64::from(memory_mb);
        worker.environments += 1;
        self.slots.insert(environment, (id.clone(), memory_mb));
        Ok(id.clone())
    }

    pub fn release(&mut self, environment: EnvironmentId) {
        let Some((id, memory_mb)) = self.slots.remove(&environment) else { return };
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.memory_used_mb = worker.memory_used_mb.saturating_sub(u64::from(memory_mb));
            worker.environments = worker.environments.saturating_sub(1);
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        let row = |(id, worker): (&WorkerId, &Worker)| Row {
            worker: id.clone(),
            capacity: worker.capacity.clone(),
            memory_used_mb: worker.memory_used_mb,
            environments: worker.environments,
        };
        self.workers.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn capacity(memory_mb: u64, environments_max: u32) -> Capacity {
        Capacity { zone: Zone::new("a"), memory_mb, environments_max }
    }

    #[test]
    fn the_fullest_worker_that_fits_is_chosen() {
        let mut planner = Planner::default();
        planner.register(WorkerId::new("big"), capacity(1024, 10));
        planner.register(WorkerId::new("small"), capacity(256, 10));
        let id = |n| EnvironmentId([n; 16]);
        assert_eq!(planner.place(id(1), 128), Ok(WorkerId::new("small")));
        assert_eq!(planner.place(id(2), 512), Ok(WorkerId::new("big")));
        assert_eq!(planner.place(id(2), 512), Ok(WorkerId::new("big")), "placing again changes nothing");
        assert_eq!(planner.place(id(3), 1025), Err(NoSlot::TooLarge));
        assert_eq!(planner.place(id(4), 1024), Err(NoSlot::Full));
        planner.release(id(2));
        planner.release(id(2));
        assert_eq!(planner.place(id(4), 1024), Ok(WorkerId::new("big")));
    }

    proptest! {
        #[test]
        fn no_worker_is_ever_overfull_and_books_balance(steps in proptest::collection::vec((0u8..40, 0u32..600, any::<bool>()), 1..200)) {
            let mut planner = Planner::default();
            planner.register(WorkerId::new("a"), capacity(1000, 5));
            planner.register(WorkerId::new("b"), capacity(2000, 9));
            for (id, memory_mb, place) in steps {
                if place { let _ = planner.place(EnvironmentId([id; 16]), memory_mb); } else { planner.release(EnvironmentId([id; 16])); }
                for row in planner.rows() {
                    let mine: Vec<u32> = planner.slots.values().filter(|(worker, _)| *worker == row.worker).map(|(_, mb)| *mb).collect();
                    prop_assert!(row.memory_used_mb <= row.capacity.memory_mb && row.environments <= row.capacity.environments_max);
                    prop_assert_eq!(row.memory_used_mb, mine.iter().map(|mb| u64::from(*mb)).sum::<u64>());
                    prop_assert_eq!(row.environments as usize, mine.len());
                }
            }
        }
    }
}
