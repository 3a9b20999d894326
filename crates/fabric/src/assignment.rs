//! `Assignment`: which environment serves which invocation. Keys only; payloads never pass here.

use crate::invocation::Lease;
use crate::{Scope, service::service};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{
    ConcurrencyShare, EnvironmentId, FunctionName, LeaseToken, PartitionId, Version, VersionKey, WorkerId,
};

service! {
    /// The leader of a partition: that of the account of which a message is, or that which it names.
    pub trait Assignment(AssignmentRequest, AssignmentResponse, AcquireError) {
        /// Room 6: an idle environment of this version, most recently used first, or a new one.
        acquire(Acquire(Acquire)) -> Lease;
        /// A worker says what became of an environment, or a frontend that it did not find it.
        report(Report(EnvironmentReport)) -> ();
        /// Control says that a function changed: older generations are used no more. Answered once taken.
        retire(Retire(Retire)) -> ();
        /// Control says what is reserved for a function now. Answered once taken.
        reserve(Reserve(Reserve)) -> ();
        /// Control says how many environments of a version are to stand ready, again and again: each new leader hears it
        /// so. Answers how it stands with them.
        provision(Provision(Provision)) -> Provisioned;
        /// For `status` and tests.
        census(Census(CensusQuery)) -> Vec<EnvironmentState>;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquire {
    pub key: VersionKey,
    pub memory_mb: u32,
    /// As it was resolved with the key.
    pub share: ConcurrencyShare,
    /// How long the caller is willing to wait for capacity.
    pub wait_max: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentReport {
    /// Whose leader granted it.
    pub partition: PartitionId,
    pub worker: WorkerId,
    pub environment: EnvironmentId,
    /// The grant this is about; a report under an older token is ignored, but for `Gone`, which is final.
    pub token: LeaseToken,
    pub event: EnvironmentEvent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvironmentEvent {
    /// The answer is out; `next` is expected at any moment. Sent before the caller sees the answer.
    Finishing,
    /// The runtime asked for the next event; of one that is provisioned the first time as soon as it is initialised.
    Idle,
    /// Init failed of one that is provisioned, whoever may be waiting for it. `Gone` follows.
    NotInitialised,
    /// Destroyed; its slot is free. Only its worker says so.
    Gone,
    /// A frontend could not hand an invocation to it: it, or the way to its worker, is not there. It is granted no
    /// more and its worker is asked to end it; the slot stays taken until that says `Gone`.
    NotFound,
}

/// Environments of these versions below this generation serve nobody any more. `version: None` means every
/// version (the function was deleted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retire {
    pub scope: Scope,
    pub function: FunctionName,
    pub version: Option<Version>,
    pub generation_min: u64,
}

/// What a function may have in progress over all its versions, since the change that control numbers `at`. `None`: it
/// shares what no function has reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    pub scope: Scope,
    pub function: FunctionName,
    pub at: u64,
    pub reserved: Option<u32>,
}

/// How many environments of a version are to stand ready since the change that control numbers `at`, however many use them;
/// 0: none any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provision {
    pub key: VersionKey,
    pub at: u64,
    pub memory_mb: u32,
    pub wanted: u32,
}

/// How it stands with the provisioned environments of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    /// Initialised, idle or in use.
    pub initialised: u32,
    /// Those that are lacking could not be made again and again. They are still tried.
    pub failed: Option<ProvisionFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProvisionFailure {
    /// The function's init fails.
    Init,
    /// No worker is large enough.
    TooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CensusQuery {
    pub partition: PartitionId,
}

/// One live environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentState {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub worker: WorkerId,
    /// `starting`, `busy`, `finishing`, `idle`, `stopping`.
    pub state: String,
    /// How long it has been so.
    pub since: Duration,
}

/// What control's records say of a version now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The lowest generation of it that may be used.
    pub generation_min: u64,
    /// When its function's reservation was changed last, as [`Reserve::at`] numbers it, and what it is.
    pub reserved_at: u64,
    pub reserved: Option<u32>,
}

/// Control's records, as a leader reads them before its first grant of a version: what its predecessor was told of, it was
/// not. One version at a time, so that a takeover costs what is in use and not what there is.
#[async_trait::async_trait]
pub trait Revisions: Send + Sync + 'static {
    /// What is durable at some moment after the call; never from a cache.
    async fn read(&self, key: &VersionKey) -> Result<Revision, RevisionUnread>;
}

/// The records could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RevisionUnread {
    pub reason: String,
}

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AcquireError {
    /// This leader knows a newer generation, or reservation: resolve again.
    #[error("a newer generation is known")]
    Stale,
    /// What is reserved for the function is used up.
    #[error("reserved concurrency limit reached")]
    ReservedConcurrencyLimit,
    /// New environments of the function are wanted faster than it may have them.
    #[error("too many new environments")]
    RateLimit,
    /// What no function of the account has reserved is used up.
    #[error("concurrency limit reached")]
    ConcurrencyLimit,
    /// No worker has room and none came free in time.
    #[error("no capacity")]
    NoCapacity,
    /// No worker is large enough, however long one waits.
    #[error("larger than any worker")]
    TooLarge,
    /// Too many requests wait already.
    #[error("too many waiting")]
    QueueFull,
    /// The worker that was to make an environment did not: nobody has seen the invocation, ask again.
    #[error("the worker did not take the environment")]
    WorkerRefused,
    /// This one does not lead the partition, or not any more: ask again whoever does.
    #[error("not the leader of the partition")]
    NotLeader,
    /// The role is shutting down, or a role behind it is.
    #[error("unavailable: {reason}")]
    Unavailable { reason: String },
}
