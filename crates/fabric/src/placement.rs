//! `Placement`: which worker hosts which environment, which partition each worker is leased to, and how many there are.
//!
//! One of its services leads; the others answer [`PlacementError::NotLeader`]. What it knows is soft state: a service that
//! begins to lead knows nobody, and workers that are told [`PlacementError::Unknown`] say who they are and what they have.

use crate::service::service;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{CodeDigest, EnvironmentId, PartitionId, VersionKey, WorkerId, Zone};

service! {
    /// Workers that come, live and go, to whom they are leased, and their room. All calls may be said twice.
    pub trait Placement(PlacementRequest, PlacementResponse, PlacementError) {
        /// A worker is there, with what it has. After its start, after it fenced itself, and whenever it is told
        /// [`PlacementError::Unknown`].
        join(Join(JoinFleet)) -> Orders;
        /// A worker lives.
        heartbeat(Heartbeat(Heartbeat)) -> Orders;
        /// How it went with what was placed on a worker, as the worker or the leader of a partition says: one that can not
        /// start anything, or not be reached, is not asked again before it can.
        started(Started(StartReport)) -> ();
        /// An operator's word: nothing new for this worker; it ends when it is empty.
        drain(Drain(DrainWorker)) -> ();
        /// A worker's own word that it ends: as `drain`, and, once nothing of it is left, forgotten.
        leave(Leave(LeaveFleet)) -> ();
        /// For the leader of a partition: whom it may use, and what it has lost.
        lease(Lease(LeaseWorkers)) -> Leases;
        /// Room 7: a slot for one environment, on a worker that is leased to its partition.
        place(Place(Place)) -> Slot;
        /// The environment is gone; its slot is free.
        release(Release(ReleaseSlot)) -> ();
        /// For `status`.
        workers(Workers(WorkersQuery)) -> Vec<WorkerState>;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub memory_mb: u32,
    pub partition: PartitionId,
    pub code: Option<CodeDigest>,
    /// Empty: whatever there is.
    pub sandboxes: Vec<SandboxKind>,
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
    /// To whom it is leased.
    pub partition: Option<PartitionId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinFleet {
    pub worker: WorkerId,
    pub zone: Zone,
    /// Sum of `MemorySize` that it takes, MB, overcommit included.
    pub memory_mb: u64,
    /// Thousandths of its real processors; 0 if only memory is to count.
    pub cpu_milli: u64,
    pub environments_max: u32,
    pub sandboxes: Vec<SandboxKind>,
    /// Code that it need not fetch, most recently used last.
    pub holds: Vec<CodeDigest>,
    /// For whom it has what it has.
    pub partition: Option<PartitionId>,
    pub environments: Vec<ResidentEnvironment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxKind {
    Process,
    Qemu,
    Firecracker,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidentEnvironment {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub memory_mb: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub worker: WorkerId,
    pub pressure: Option<Pressure>,
    /// In any state.
    pub environments: u32,
    /// Code that it has fetched since the last one.
    pub fetched: Vec<CodeDigest>,
    /// What [`Orders::list`] asks for.
    pub list: Option<ResidentList>,
}

/// Everything that a worker has at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidentList {
    /// For whom.
    pub partition: Option<PartitionId>,
    pub environments: Vec<ResidentEnvironment>,
}

/// What a worker lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pressure {
    Disk,
    Memory,
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Whom to serve. None: whatever it has must go.
    pub partition: Option<PartitionId>,
    /// It fences itself so long after it *sent* the last heartbeat that was answered.
    pub lease: Duration,
    pub drain: bool,
    /// The next heartbeat, from this one on.
    pub next: Duration,
    /// The next heartbeats say what is there, until one of them is answered.
    pub list: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartReport {
    pub worker: WorkerId,
    pub outcome: StartOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartOutcome {
    Started,
    /// Its host could not make an environment.
    Failed,
    /// A leader could not reach it: it gets nothing new before its next heartbeat.
    Unreached,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainWorker {
    pub worker: WorkerId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveFleet {
    pub worker: WorkerId,
    /// Nothing of it is left: it is forgotten. Until then it drains.
    pub gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseWorkers {
    pub partition: PartitionId,
    /// Room that it wants ahead of its traffic, MB.
    pub free_mb: u64,
    /// [`Leases::heard`] of the last answer: losses up to there are known.
    pub heard: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leases {
    /// What is on a worker that is not among them is lost when the lease time has passed.
    pub workers: Vec<WorkerId>,
    /// Those of them that get nothing new and end when they are empty.
    pub draining: Vec<WorkerId>,
    /// The lease time: for so long at most a worker serves on after it is not among them any more.
    pub lease: Duration,
    /// Environments that went without a word.
    pub lost: Vec<EnvironmentId>,
    pub heard: u64,
    /// More were lost than are kept: ask the workers what they have.
    pub incomplete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PlacementError {
    /// No worker has room for it now.
    #[error("no capacity")]
    NoCapacity,
    /// No worker could ever hold it.
    #[error("larger than any worker")]
    TooLarge,
    /// No worker by this name: join (again).
    #[error("unknown worker")]
    Unknown,
    /// More in one message than is taken.
    #[error("too much in one message")]
    TooMuch,
    /// This service does not lead, or not any more: ask again whoever does. Nothing was taken.
    #[error("not the leader of placement")]
    NotLeader,
    /// The role could not be asked, or its answer did not come: a slot may have been taken, `release` gives it back.
    #[error("placement can not be reached: {reason}")]
    Unavailable { reason: String },
}
