//! The placement service: the driver around `scheduler::placement`.
//!
//! Workers register and tell their size; each environment gets a slot on one of them. One mutex owns the planner;
//! it is held for one call, never across an await.

use async_trait::async_trait;
use fabric::placement::{
    Place, Placement, PlacementError, RegisterWorker, ReleaseSlot, Slot, WorkerState, WorkersQuery,
};
use scheduler::placement::{Capacity, NoSlot, Planner};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Knows the workers and their room.
#[derive(Debug, Default)]
pub struct PlacementService {
    planner: Mutex<Planner>,
}

impl PlacementService {
    fn lock(&self) -> MutexGuard<'_, Planner> {
        self.planner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Placement for PlacementService {
    async fn register(&self, message: RegisterWorker) -> Result<(), PlacementError> {
        let RegisterWorker { worker, zone, memory_mb, environments_max } = message;
        self.lock().register(worker, Capacity { zone, memory_mb, environments_max });
        Ok(())
    }

    async fn place(&self, message: Place) -> Result<Slot, PlacementError> {
        match self.lock().place(message.environment, message.memory_mb) {
            Ok(worker) => Ok(Slot { worker }),
            Err(NoSlot::Full) => Err(PlacementError::NoCapacity),
            Err(NoSlot::TooLarge) => Err(PlacementError::TooLarge),
        }
    }

    async fn release(&self, message: ReleaseSlot) -> Result<(), PlacementError> {
        self.lock().release(message.environment);
        Ok(())
    }

    async fn workers(&self, _: WorkersQuery) -> Result<Vec<WorkerState>, PlacementError> {
        let rows = self.lock().rows();
        Ok(rows
            .into_iter()
            .map(|row| WorkerState {
                worker: row.worker,
                zone: row.capacity.zone,
                memory_mb: row.capacity.memory_mb,
                memory_used_mb: row.memory_used_mb,
                environments: row.environments,
                environments_max: row.capacity.environments_max,
            })
            .collect())
    }
}
