//! What the machine is told and what it says: inputs, effects, settings.

use super::journal::Fact;
use super::provision::ProvisionFailure;
use std::time::Duration;
use types::{
    AccountId, ConcurrencyShare, EnvironmentId, FunctionName, LeaseToken, Region, Version, VersionKey,
    WorkerId,
};

/// Names one acquire that has no answer yet; the driver makes them, rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaiterId(pub u64);

/// Knobs, each with its reason.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Environments granted at once to one account in one region.
    pub concurrency_max: u32,
    /// New environments of one function: so many at once after a rest, so many in every period from then on.
    pub new_max: u32,
    pub new_period: Duration,
    /// The first acquire of a version waits until the driver has read what is durable of it: of a leader that may have
    /// come after another one, which was told of changes that this one was not.
    pub reads_revisions: bool,
    /// An environment that nobody used for so long is stopped.
    pub idle_max: Duration,
    /// How long to wait for an environment that is about to be idle before starting a new one.
    pub finishing_wait: Duration,
    /// How long to wait for what a new leader's workers have not said yet.
    pub unknown_wait: Duration,
    /// Acquires that may wait at once, over all versions.
    pub waiters_max: usize,
    /// How often placement is asked again while someone waits for room: a worker that joins says nothing here.
    pub room_look: Duration,
    /// A grant that its worker, asked twice, has not heard of for so long was lost, or the report that ended it was.
    pub unheard_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency_max: types::limits::CONCURRENT_EXECUTIONS_DEFAULT,
            // "For each function, 1,000 execution environment instances every 10 seconds" (Lambda developer guide,
            // "Concurrency scaling rate").
            new_max: 1_000,
            new_period: Duration::from_secs(10),
            reads_revisions: false,
            idle_max: Duration::from_secs(600),
            // A hundred times what a runtime needs from `response` to `next`, a fifth of a pooled cold start.
            finishing_wait: Duration::from_millis(5),
            // A worker answers in a moment or is away; most of a cold start is lost if it is, and a herd of cold starts
            // avoided if it is not.
            unknown_wait: Duration::from_millis(100),
            waiters_max: 10_000,
            room_look: Duration::from_secs(1),
            // From a grant to the worker is one call of a frontend: should it come yet, the worker says Busy or takes it.
            unheard_max: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// How far apart new environments of a function are in the long run; nothing if they are not bounded.
    pub(super) fn new_each(&self) -> Duration {
        if self.new_max == u32::MAX { Duration::ZERO } else { self.new_period / self.new_max.max(1) }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Someone wants an environment. `environment` and `token` are fresh ones to use if they are needed.
    Acquire {
        waiter: WaiterId,
        key: VersionKey,
        memory_mb: u32,
        /// What its function may have in progress.
        share: ConcurrencyShare,
        deadline: Duration,
        environment: EnvironmentId,
        token: LeaseToken,
    },
    /// The waiter has gone.
    Cancel { waiter: WaiterId },
    /// A grant that nobody took: the waiter went while it was on its way.
    Unused { environment: EnvironmentId, token: LeaseToken },
    /// Placement's answer: a slot.
    Placed { environment: EnvironmentId, worker: WorkerId },
    /// Placement's answer: no room now (`ever` = not on any worker at all).
    NotPlaced { environment: EnvironmentId, ever: bool },
    /// The worker accepted the environment.
    Started { environment: EnvironmentId },
    /// The worker refused it.
    NotStarted { environment: EnvironmentId },
    /// There is no answer: the worker may have accepted it.
    MaybeStarted { environment: EnvironmentId },
    /// The worker says that the answer is out.
    Finishing { environment: EnvironmentId, token: LeaseToken },
    /// The worker says that the runtime asked for the next event.
    Idle { environment: EnvironmentId, token: LeaseToken },
    /// The worker says that init failed of one that was made ahead of invocations. `Gone` follows.
    NotInitialised { environment: EnvironmentId, token: LeaseToken },
    /// The worker says that it is destroyed. Final, under whatever token: no id is used twice.
    Gone { environment: EnvironmentId },
    /// A frontend did not find it under this lease. Its worker knows whether it is there.
    NotFound { environment: EnvironmentId, token: LeaseToken },
    /// Placement has taken back a slot.
    Released,
    /// The worker's answer to the `Greet` of that number: it has taken this epoch as the highest, and this is what it
    /// has of the partition.
    Reported { worker: WorkerId, greet: u64, held: Vec<Held> },
    /// Placement says that the worker is ours: it is asked what it has. Said again it is asked again, which mends whatever
    /// word of it or to it was lost.
    Connected { worker: WorkerId },
    /// It can not be reached: nothing of it is granted before it has said how it stands.
    Unreached { worker: WorkerId },
    /// Whether it drains: then it gets nothing new, and what is idle there ends.
    Draining { worker: WorkerId, draining: bool },
    /// Its lease ended: whatever it had has ended with it.
    WorkerLost { worker: WorkerId },
    /// Generations of these versions below `generation_min` serve nobody any more.
    Retire {
        account: AccountId,
        region: Region,
        function: FunctionName,
        version: Option<Version>,
        generation_min: u64,
    },
    /// What is reserved for the function since the change that control numbers `at`.
    Reserve { account: AccountId, region: Region, function: FunctionName, at: u64, reserved: Option<u32> },
    /// So many environments of the version are to stand ready, since the change that control numbers `at`; 0: none any more.
    Provision { key: VersionKey, at: u64, memory_mb: u32, wanted: u32 },
    /// The answer to `Want`, once for each: a fresh id and token to use.
    Ahead { key: VersionKey, environment: EnvironmentId, token: LeaseToken },
    /// The answer to `ReadRevision`: what is durable of the version; `None` if it could not be read.
    Revision { key: VersionKey, found: Option<Durable> },
    /// Time passed.
    Tick,
}

/// What the control plane's records say of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable {
    /// The lowest generation that may be used.
    pub generation_min: u64,
    /// Of the function: the last change of what is reserved, and what is.
    pub share_at: u64,
    pub reserved: Option<u32>,
}

/// One environment that a worker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub environment: EnvironmentId,
    /// Of its last grant.
    pub token: LeaseToken,
    pub state: HeldState,
}

/// How it stands with its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldState {
    /// It takes a lease under any new token.
    Free,
    /// It runs an invocation, or waits for its first; the worker will say `Idle` or `Gone` under this token.
    Taken,
    /// It ends.
    Ending,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Append the fact, in the order of the effects, many to an append. The `Start` of an environment waits until its
    /// `Created` is durable; nothing else waits.
    Journal(Fact),
    /// Tell the worker this epoch and ask what it has, again until it answers or is lost; answer by `Reported`.
    Greet {
        worker: WorkerId,
        greet: u64,
    },
    /// Read what is durable of this version, not from a cache; answer by `Revision`.
    ReadRevision {
        key: VersionKey,
    },
    Grant {
        waiter: WaiterId,
        environment: EnvironmentId,
        worker: WorkerId,
        token: LeaseToken,
        cold: bool,
    },
    Refuse {
        waiter: WaiterId,
        refusal: Refusal,
    },
    /// Ask placement for a slot; answer by `Placed` or `NotPlaced`.
    Place {
        environment: EnvironmentId,
        key: VersionKey,
        memory_mb: u32,
    },
    /// Ask the worker to make it; answer by `Started` or `NotStarted`.
    Start {
        environment: EnvironmentId,
        key: VersionKey,
        worker: WorkerId,
        token: LeaseToken,
        /// It is made ahead of invocations: its worker says `Idle` under this token once it is initialised.
        provisioned: bool,
    },
    /// Say `Ahead`, so many times, at once.
    Want {
        key: VersionKey,
        count: u32,
    },
    /// Ask the worker to end it; answer by `Gone`.
    Stop {
        environment: EnvironmentId,
        worker: WorkerId,
    },
    /// Tell placement that its slot is free; answer by `Released`.
    Release {
        environment: EnvironmentId,
    },
}

/// How it stands with a version's provisioned environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub wanted: u32,
    /// Of these, those that have been initialised and are there.
    pub initialised: u32,
    /// Again and again the others could not be made.
    pub failed: Option<ProvisionFailure>,
}

/// Why a waiter gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Stale,
    /// The account's, less what functions have reserved.
    ConcurrencyLimit,
    /// The function's own.
    ReservedConcurrencyLimit,
    /// New environments of the function came too fast.
    RateLimit,
    /// Not now.
    NoCapacity,
    /// On no worker, ever.
    TooLarge,
    QueueFull,
    WorkerRefused,
    /// What is durable of the version could not be read.
    Unread,
}

/// One live environment, for `census`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub environment: EnvironmentId,
    pub key: VersionKey,
    pub worker: Option<WorkerId>,
    pub state: &'static str,
    pub since: Duration,
}
