//! `Worker`: a host of environments. The payload goes straight from frontend to worker and back.

use crate::invocation::{Invocation, Lease, Outcome, Response};
use crate::remote::{self, Answering, Call, Garbled, Lost, Remote, Reply, Served};
use crate::service::service;
use crate::stream::{self, FrameStream};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId, VersionKey};

service! {
    /// What assignment asks of a worker.
    pub trait WorkerControl(WorkerRequest, WorkerResponse, WorkerError) {
        /// Makes an environment; answers when it is accepted, not when it is up. The first invocation comes under
        /// `token`.
        start_environment(Start(StartEnvironment)) -> ();
        /// Ends an environment: an idle one now, a busy one after its invocation. `NotThere` if nothing of it is left.
        stop_environment(Stop(StopEnvironment)) -> ();
        /// A new leader's first word: the worker refuses every older epoch of the partition from now on, and says what it
        /// has of it. Asked again it answers again.
        acknowledge(Acknowledge(AcknowledgeEpoch)) -> HeldEnvironments;
    }
}

service! {
    /// What an operator asks of a worker.
    pub trait WorkerCensus(WorkerCensusRequest, WorkerCensusResponse, WorkerError) {
        /// Everything that it has, of any partition. Changes nothing. For `status --check` and tests.
        residents(Residents(ResidentsQuery)) -> Vec<Resident>;
    }
}

/// What a frontend asks of a worker.
#[async_trait]
pub trait WorkerInvoke: Send + Sync + 'static {
    /// Runs one invocation in the leased environment. A refusal means that user code has not seen it.
    ///
    /// Frames: `Chunk`* (streaming only), then one `Response` when the runtime has answered, then one
    /// `Outcome` when the invocation is over. Dropping the stream cancels the answer, not the function: as on
    /// AWS, it runs on.
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal>;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartEnvironment {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub token: LeaseToken,
    /// What it was placed with: a worker tells a new placement leader.
    pub memory_mb: u32,
    /// It is initialised ahead of invocations: `Idle` under `token` says when it is, `NotInitialised` that it failed.
    pub provisioned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopEnvironment {
    pub environment: EnvironmentId,
    pub partition: PartitionId,
    pub epoch: Epoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgeEpoch {
    pub partition: PartitionId,
    pub epoch: Epoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidentsQuery;

/// One environment that a worker has, as it knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    pub partition: PartitionId,
    pub key: VersionKey,
    pub held: HeldEnvironment,
}

/// Everything of one partition that a worker has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEnvironments {
    pub environments: Vec<HeldEnvironment>,
}

/// One environment that a worker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEnvironment {
    pub environment: EnvironmentId,
    /// Of its last grant.
    pub token: LeaseToken,
    pub state: HeldState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeldState {
    /// It takes a lease under any new token.
    Free,
    /// It runs an invocation, or waits for its first. A report under this token follows.
    Taken,
    /// It was told to end. `Gone` follows.
    Ending,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvokeRequest {
    pub lease: Lease,
    pub invocation: Invocation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvokeFrame {
    Chunk(Bytes),
    Response(Response),
    Outcome(Outcome),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum WorkerError {
    /// An epoch below the highest seen: the leader was deposed.
    #[error("stale epoch")]
    Stale,
    #[error("the worker is full")]
    Full,
    #[error("the worker is going away")]
    Draining,
    /// Its lease has ended, or it has environments of another partition.
    #[error("the worker does not serve this partition")]
    NotLeased,
    /// It never was, or it is gone to the last.
    #[error("no such environment")]
    NotThere,
    /// The way to the worker broke. `sent`: it may have taken the call all the same.
    #[error("the worker can not be reached: {reason}")]
    Unreachable { reason: String, sent: bool },
}

/// Before user code saw anything, so the frontend may ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum InvokeRefusal {
    /// Epoch or token is not the one that the environment waits for, or its generation is no longer what the
    /// function is: resolve again.
    #[error("stale lease")]
    Stale,
    /// It runs another invocation.
    #[error("busy")]
    Busy,
    /// It is not there (any more).
    #[error("no such environment")]
    Gone,
    /// So many are being made that its turn did not come in time.
    #[error("too many environments are being made")]
    Overloaded,
    /// Its runtime or a hook of the function failed after it was restored: the error type. The environment is gone.
    #[error("the environment could not be restored: {error_type}")]
    RestoreFailed { error_type: String },
    /// What is to be done after a restore took too long. The environment is gone.
    #[error("the environment was not restored in time")]
    RestoreTimedOut,
    /// The platform could not make it: not the function's fault.
    #[error("the environment could not be made: {reason}")]
    Failed { reason: String },
}

/// The call, its answer and each frame go through bytes.
#[async_trait]
impl WorkerInvoke for crate::encoded::Encoded<dyn WorkerInvoke> {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let answer = self.inner().invoke(crate::encoded::round_trip(&request)).await;
        let mut frames = answer.map_err(|refusal| crate::encoded::round_trip(&refusal))?;
        let (tx, rx) = stream::channel(1);
        // Only the test transport forwards frames by a task of its own; it ends with the stream.
        #[allow(clippy::disallowed_methods)]
        tokio::spawn(async move {
            while let Some(frame) = frames.next().await {
                if tx.send(crate::encoded::round_trip(&frame)).await.is_err() {
                    return;
                }
            }
        });
        Ok(rx)
    }
}

/// As it travels: what was sent, then `Result<(), InvokeRefusal>`, then frames.
const INVOKE: Call = Call { role: "WorkerInvoke", name: "invoke" };

/// Between machines: what did not leave this one is a refusal, so the frontend may ask again; what may have arrived is
/// a stream that breaks off at once, since user code may have seen it.
#[async_trait]
impl WorkerInvoke for Remote<dyn WorkerInvoke> {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        match self.open::<_, Result<(), InvokeRefusal>, InvokeFrame>(INVOKE, request).await {
            Ok((Ok(()), frames)) => Ok(frames),
            Ok((Err(refusal), _)) => Err(refusal),
            Err(Lost { sent: true, reason }) => {
                tracing::warn!(reason, "an invocation was sent and its answer lost");
                Ok(stream::channel(1).1)
            }
            Err(Lost { sent: false, reason }) => {
                tracing::warn!(reason, "an invocation did not reach its worker");
                Err(InvokeRefusal::Gone)
            }
        }
    }
}

#[async_trait]
impl Answering for Served<dyn WorkerInvoke> {
    fn calls(&self) -> &'static [Call] {
        &[INVOKE]
    }
    async fn answer(&self, _: &str, request: Bytes) -> Result<Reply, Garbled> {
        let answer = self.inner().invoke(remote::decode(request)?).await;
        // A refusal is a head without frames.
        let (head, frames) = match answer {
            Ok(frames) => (Ok(()), frames),
            Err(refusal) => (Err::<(), _>(refusal), stream::channel(1).1),
        };
        Reply::stream(&head, frames)
    }
}

/// Both sides of one worker, as a role hands it out.
#[derive(Clone)]
pub struct WorkerHandle {
    pub control: Arc<dyn WorkerControl>,
    pub invoke: Arc<dyn WorkerInvoke>,
}
