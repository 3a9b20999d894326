//! `Placement`: which worker hosts which environment.

use crate::service::service;
use serde::{Deserialize, Serialize};
use types::{EnvironmentId, VersionKey, WorkerId, Zone};

service! {
    /// Knows the workers and their room.
    pub trait Placement(PlacementRequest, PlacementResponse, PlacementError) {
        /// A worker says that it is there and how large it is. Again after a restart: what it had is gone.
        register(Register(RegisterWorker)) -> ();
        /// Room 7: a slot for one environment.
        place(Place(Place)) -> Slot;
        /// The environment is gone; its slot is free. Idempotent.
        release(Release(ReleaseSlot)) -> ();
        /// For `status`.
        workers(Workers(WorkersQuery)) -> Vec<WorkerState>;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterWorker {
    pub worker: WorkerId,
    pub zone: Zone,
    /// Sum of `MemorySize` that it takes, MB, overcommit included.
    pub memory_mb: u64,
    pub environments_max: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub memory_mb: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub worker: WorkerId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSlot {
    pub environment: EnvironmentId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkersQuery;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    pub worker: WorkerId,
    pub zone: Zone,
    pub memory_mb: u64,
    pub memory_used_mb: u64,
    pub environments: u32,
    pub environments_max: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PlacementError {
    /// No worker has room for it now.
    #[error("no capacity")]
    NoCapacity,
    /// No worker could ever hold it.
    #[error("larger than any worker")]
    TooLarge,
    /// The role could not be asked, or its answer did not come: a slot may have been taken, `release` gives it back.
    #[error("placement can not be reached: {reason}")]
    Unavailable { reason: String },
}
