//! Vocabulary: ids, ARNs, limits. One noun per idea (docs/glossary.md); nothing here does IO.
//!
//! Every id that crosses a function boundary is a type of its own, so that a worker's id can not be
//! handed in where an environment's is meant.

pub mod arn;
pub mod ids;
pub mod limits;
pub mod partition;
pub mod share;

pub use arn::{FunctionArn, FunctionReference, ReferenceError};
pub use ids::{
    AccountId, CodeDigest, EnvironmentId, Epoch, FunctionName, LeaseToken, PartitionId, Qualifier, Region,
    RequestId, RevisionId, Version, VersionKey, WorkerId, Zone,
};
pub use partition::PartitionCount;
pub use share::ConcurrencyShare;
