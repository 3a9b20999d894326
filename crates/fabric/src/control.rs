//! `Control`: functions, versions and tags, the durable truth; and the resolution of a name to a version.
//!
//! The messages say what a function is in our words; `frontend` alone turns them into AWS's shapes and errors.

use crate::invocation::ResolvedVersion;
use crate::{Scope, service::service};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{CodeDigest, FunctionArn, FunctionName, Qualifier, RevisionId, Version, VersionKey};

service! {
    /// The control plane. Every mutation is durable before its answer, and assignment has been told of it.
    pub trait Control(ControlRequest, ControlResponse, ControlError) {
        create_function(CreateFunction(CreateFunction)) -> Mutated;
        get_function(GetFunction(Named)) -> Described;
        list_functions(ListFunctions(ListFunctions)) -> Page;
        list_versions(ListVersions(ListVersions)) -> Page;
        update_code(UpdateCode(UpdateCode)) -> Mutated;
        update_configuration(UpdateConfiguration(UpdateConfiguration)) -> Mutated;
        publish_version(PublishVersion(PublishVersion)) -> Mutated;
        delete_function(DeleteFunction(Named)) -> ();
        /// What is reserved for a function from now on; `None`: nothing, it shares the rest.
        reserve_concurrency(ReserveConcurrency(ReserveConcurrency)) -> ();
        /// So many environments of a published version stand ready from now on.
        provision(Provision(ProvisionConcurrency)) -> ProvisionedConcurrency;
        /// None any more; of a version that had none it is so already.
        give_up_provisioned(GiveUpProvisioned(Named)) -> ();
        provisioned(Provisioned(Named)) -> ProvisionedConcurrency;
        /// Of a function's versions, rising.
        list_provisioned(ListProvisioned(ListVersions)) -> ProvisionedPage;
        account_usage(AccountUsage(Scope)) -> AccountUsage;
        list_tags(ListTags(Named)) -> BTreeMap<String, String>;
        tag(Tag(TagFunction)) -> ();
        untag(Untag(UntagFunction)) -> ();
        /// Room 4, on the hot path: answers from memory.
        resolve(Resolve(Named)) -> ResolvedVersion;
        /// The same, as the store has it now: for who was refused (`Stale`) with what `resolve` answered.
        resolve_anew(ResolveAnew(Named)) -> ResolvedVersion;
        /// What a worker needs to boot an environment of this version. Holds the customer's variables: never logged.
        boot_plan(BootPlan(VersionKey)) -> BootPlan;
        /// The zip as uploaded, for GetFunction's `Code.Location`.
        code(Code(CodeDigest)) -> Bytes;
        /// The versions for which a worker keeps something prepared. Answered when the list is no longer the one known as
        /// `seen`, or after a while: a worker asks again and again, and begins with `seen: None`.
        preparations(Preparations(PreparationsQuery)) -> Preparations;
        /// A worker says what came of preparing a version that is Pending. Of one that is not any more: nothing.
        prepared(Prepared(PreparedReport)) -> ();
    }
}

/// A function of a scope, and what follows its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub scope: Scope,
    pub function: FunctionName,
    pub qualifier: Option<Qualifier>,
}

/// What a customer sets. `None` is "never set", which reads answer by leaving the member out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionConfig {
    pub runtime: String,
    pub handler: String,
    pub role: String,
    pub description: String,
    pub timeout_seconds: u32,
    pub memory_mb: u32,
    pub ephemeral_storage_mb: u32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `None`: member absent. `Some(empty)`: sent and empty.
    pub environment: Option<BTreeMap<String, String>>,
    pub logging: LoggingConfig,
    /// `PassThrough` or `Active`.
    pub tracing_mode: String,
    pub snap_start: SnapStart,
}

/// Which versions are initialised before they are invoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapStart {
    #[default]
    None,
    PublishedVersions,
}

/// Where and how a function logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggingConfig {
    /// `Text` or `JSON`.
    pub format: String,
    pub group: String,
    /// Only with JSON.
    pub application_level: Option<String>,
    pub system_level: Option<String>,
}

/// Changes to a configuration; `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub role: Option<String>,
    pub description: Option<String>,
    pub timeout_seconds: Option<u32>,
    pub memory_mb: Option<u32>,
    pub ephemeral_storage_mb: Option<u32>,
    /// `Some` replaces the whole set, also by an empty one.
    pub environment: Option<BTreeMap<String, String>>,
    pub logging: Option<LoggingConfig>,
    pub tracing_mode: Option<String>,
    pub snap_start: Option<SnapStart>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateFunction {
    pub scope: Scope,
    pub function: FunctionName,
    pub config: FunctionConfig,
    pub zip: Bytes,
    pub publish: bool,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCode {
    pub named: Named,
    pub zip: Bytes,
    pub architecture: Option<String>,
    pub publish: bool,
    pub dry_run: bool,
    pub revision: Option<RevisionId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateConfiguration {
    pub named: Named,
    pub change: ConfigChange,
    pub revision: Option<RevisionId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishVersion {
    pub named: Named,
    pub description: Option<String>,
    pub code_digest: Option<CodeDigest>,
    pub revision: Option<RevisionId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveConcurrency {
    pub named: Named,
    pub reserved: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionConcurrency {
    /// With the number of a published version.
    pub named: Named,
    pub wanted: u32,
}

/// What is provisioned for a version, and how it stands with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedConcurrency {
    /// Qualified.
    pub arn: FunctionArn,
    pub wanted: u32,
    /// Milliseconds since 1970.
    pub last_modified_ms: u64,
    /// What the partition's leader says; `None` of what was asked for in this very moment.
    pub now: Option<crate::assignment::Provisioned>,
}

/// One page; `next` is the marker of the following one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedPage {
    pub versions: Vec<ProvisionedConcurrency>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFunctions {
    pub scope: Scope,
    /// `FunctionVersion=ALL`.
    pub all_versions: bool,
    pub marker: Option<String>,
    pub items_max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListVersions {
    pub named: Named,
    pub marker: Option<String>,
    pub items_max: usize,
}

/// One page; `next` is the marker of the following one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub functions: Vec<FunctionVersion>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagFunction {
    pub named: Named,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntagFunction {
    pub named: Named,
    pub keys: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUsage {
    pub code_bytes: u64,
    pub functions: u64,
    /// Concurrent executions of the account and region.
    pub concurrency_max: u32,
    /// What of that functions have reserved, or have provisioned without a reservation.
    pub reserved: u32,
}

/// One version of a function, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionVersion {
    /// Unqualified.
    pub arn: FunctionArn,
    pub version: Version,
    pub config: FunctionConfig,
    pub code_digest: CodeDigest,
    pub code_bytes: u64,
    /// Milliseconds since 1970.
    pub last_modified_ms: u64,
    pub revision: RevisionId,
    pub state: State,
    pub last_update: LastUpdate,
    /// Its environments begin after init: of an Active version with SnapStart.
    pub optimised: bool,
}

/// What a mutation answers: the version as the *answer* shows it (Pending or InProgress, first revision id);
/// what is stored is one step on already (Active or Successful).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutated {
    pub version: FunctionVersion,
}

/// What GetFunction answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    pub version: FunctionVersion,
    pub tags: BTreeMap<String, String>,
    /// Concurrency that is reserved for the function.
    pub reserved: Option<u32>,
    /// What its owner should know: that another version of the runtime stands in, say.
    pub warning: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// In the answer of the create or publish that made it; of a version with SnapStart until its init has been run.
    Pending,
    Active,
    /// Of a version with SnapStart whose init failed (final).
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LastUpdate {
    /// Not said yet: the create's own answer.
    Absent,
    InProgress,
    Successful,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparationsQuery {
    /// `Preparations::at` of the list that is known already.
    pub seen: Option<u64>,
}

/// The published versions with SnapStart that have not failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparations {
    /// Names this list, within one run of control.
    pub at: u64,
    /// Pending ones first, then the others; of each the one published last before those published earlier.
    pub versions: Vec<Preparation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    pub key: VersionKey,
    /// It becomes Active or Failed by what a worker reports.
    pub pending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedReport {
    pub key: VersionKey,
    /// Whether its init succeeded. A platform that could not run it reports nothing and tries again.
    pub initialised: bool,
}

/// What a worker needs to make an environment of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootPlan {
    pub key: VersionKey,
    /// Unqualified.
    pub arn: FunctionArn,
    pub config: FunctionConfig,
    pub code_digest: CodeDigest,
}

/// Why control refused. Context is in the fields; `frontend` words it as AWS does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ControlError {
    #[error("no such function or version: {arn}")]
    NotFound { arn: FunctionArn },
    #[error("function exists already: {function}")]
    Exists { function: FunctionName },
    #[error("the revision id is not the latest")]
    RevisionMismatch,
    #[error("the code is {current}, not {given}")]
    CodeMismatch { given: CodeDigest, current: CodeDigest },
    #[error("the zip can not be read: {reason}")]
    ZipUnreadable { reason: String },
    #[error("the zip is empty")]
    ZipEmpty,
    #[error("the zip has more than {limit} bytes")]
    ZipTooLarge { limit: u64 },
    #[error("unzipped, the code has more than {limit} bytes")]
    UnzippedTooLarge { limit: u64 },
    #[error("all code of the account would have more than {limit} bytes")]
    StorageExceeded { limit: u64 },
    #[error("$LATEST can not be deleted without its function")]
    LatestNotDeletable,
    #[error("a version or alias can not carry tags")]
    TagsOnQualified,
    #[error("more than {limit} tags")]
    TooManyTags { limit: usize },
    #[error("reservations of a version or alias are not known")]
    ReservationOnQualified,
    /// Functions without a reservation would have less than this left.
    #[error("less than {minimum} would be left unreserved")]
    TooMuchReserved { minimum: u32 },
    /// Less would be reserved for a function than is provisioned for its versions.
    #[error("less would be reserved than the {provisioned} that are provisioned")]
    ReservedBelowProvisioned { reserved: u32, provisioned: u32 },
    #[error("nothing can be provisioned for what is not published")]
    ProvisionOnUnpublished,
    #[error("more would be provisioned than is reserved for the function")]
    ProvisionedOverReserved,
    /// Functions without a reservation would have less than this left.
    #[error("less than {minimum} would be left unreserved")]
    TooMuchProvisioned { minimum: u32 },
    #[error("nothing is provisioned for {arn}")]
    NotProvisioned { arn: FunctionArn },
    /// Its environments begin after init already.
    #[error("nothing can be provisioned for a version with SnapStart")]
    ProvisionWithSnapStart,
    #[error("an update is in progress: {arn}")]
    UpdateInProgress { arn: FunctionArn },
    /// With `--strict-runtimes`: what is not installed, and what is.
    #[error("{message}")]
    RuntimeUnavailable { message: String },
    /// AWS has no SnapStart for it, and the operator wants what AWS has (`--strict-runtimes`).
    #[error("no SnapStart for {runtime}")]
    SnapStartUnsupported { runtime: String },
    #[error("this host can not run {architecture}")]
    ArchitectureUnavailable { architecture: String },
    /// No version has this code any more.
    #[error("no version has code {digest}")]
    CodeGone { digest: CodeDigest },
    #[error("marker is not one of ours")]
    BadMarker,
    /// The disk is full: nothing was changed.
    #[error("no room: {reason}")]
    Full { reason: String },
    /// The store failed; the operator's log has the rest.
    #[error("the store failed: {reason}")]
    Store { reason: String },
    /// The role could not be asked, or its answer did not come: a change may have been made.
    #[error("control can not be reached: {reason}")]
    Unavailable { reason: String },
}
