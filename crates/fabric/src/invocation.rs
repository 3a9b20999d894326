//! The four types that cross the whole house: `Invocation`, `ResolvedVersion`, `Lease`, `Outcome`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{
    ConcurrencyShare, EnvironmentId, Epoch, FunctionArn, LeaseToken, PartitionId, RequestId, VersionKey,
    WorkerId,
};

/// One call of a function, built once in `frontend/src/invoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    pub request_id: RequestId,
    /// As the caller qualified it: none, `$LATEST`, a number or an alias.
    pub invoked_arn: FunctionArn,
    /// The event, verbatim; `{}` where the caller sent none.
    pub payload: Bytes,
    /// The function's timeout; the worker starts this clock when the runtime takes the event.
    pub timeout: Duration,
    /// `X-Amzn-Trace-Id` header value.
    pub trace_id: String,
    /// Decoded JSON of `X-Amz-Client-Context`.
    pub client_context: Option<String>,
    /// Of a caller whose credentials are from a Cognito identity pool.
    pub cognito_identity: Option<CognitoIdentity>,
    /// Of a function with tenant isolation.
    pub tenant_id: Option<String>,
    /// Response chunks are forwarded as they are written.
    pub streaming: bool,
    /// The caller asked for the last 4 KiB of the log.
    pub log_tail: bool,
}

/// Who a caller is to Amazon Cognito.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CognitoIdentity {
    pub identity_id: String,
    pub identity_pool_id: String,
}

/// Name and qualifier resolved to one immutable version in one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedVersion {
    pub key: VersionKey,
    /// Unqualified.
    pub arn: FunctionArn,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// What the function may have in progress.
    pub share: ConcurrencyShare,
    /// `Active` is the only state that takes invocations.
    pub state: crate::control::State,
}

/// The right to run one invocation in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub environment: EnvironmentId,
    pub worker: WorkerId,
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub token: LeaseToken,
    pub start: Start,
    /// How long the caller waited for it, taken apart for the waterfall.
    pub spans: Vec<Span>,
}

/// Whether the environment was there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    Warm,
    Cold,
}

/// What the runtime answered, sent when it answered. For a streamed success the payload went ahead in chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    Success { payload: Bytes, content_type: Option<String> },
    Error(Failure),
}

/// A failed function: raised, crashed, timed out, out of memory, answered too much, could not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `Sandbox.Timedout`, `Runtime.ExitError`, …; for the log and metrics.
    pub error_type: String,
    /// The error body for the caller, verbatim.
    pub payload: Bytes,
}

/// What is known when an invocation is over (at the runtime's next `next`, or when its environment died).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Handler time.
    pub duration: Duration,
    /// Of the init phase, if this invocation was the first and init succeeded before it.
    pub init_duration: Option<Duration>,
    /// Of the restore, if this invocation was the first after it.
    pub restore_duration: Option<Duration>,
    pub billed_ms: u64,
    pub memory_mb: u32,
    pub memory_used_mb: u32,
    /// The last 4 KiB of this invocation's log, START to REPORT, if asked for.
    pub log_tail: Option<Bytes>,
    /// What the worker's rooms took.
    pub spans: Vec<Span>,
}

/// One bar of the waterfall. Times are relative, since two machines' clocks do not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The room: `assignment`, `placement`, `sandbox.boot`, `runtime.start`, `init`, `invoke`, …
    pub room: String,
    /// From the moment the reporting role received the call.
    pub start: Duration,
    pub duration: Duration,
}
