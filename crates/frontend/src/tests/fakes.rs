//! The roles behind the frontend, as small as they can be and still keep their contracts.

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use fabric::assignment::{
    Acquire, AcquireError, Assignment, CensusQuery, EnvironmentReport, EnvironmentState, Provision,
    Provisioned, Reserve, Retire,
};
use fabric::control::*;
use fabric::telemetry::*;
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironments, InvokeFrame, InvokeRefusal, InvokeRequest, StartEnvironment,
    StopEnvironment, WorkerControl, WorkerError, WorkerInvoke,
};
use fabric::{FrameSender, FrameStream, Lease, Outcome, ResolvedVersion, Scope, Start};
use sha2::Digest as _;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use types::*;

type Stored = (FunctionVersion, Bytes, BTreeMap<String, String>);

/// Functions in memory, `$LATEST` only.
#[derive(Default)]
pub(super) struct FakeControl {
    functions: Mutex<BTreeMap<(Scope, FunctionName), Stored>>,
    /// How often it was asked what a function is.
    pub(super) resolves: Mutex<usize>,
    /// And how often by who had been refused.
    pub(super) resolves_anew: Mutex<usize>,
}

fn store() -> ControlError {
    ControlError::Store { reason: "the fake does not do this".to_owned() }
}

impl FakeControl {
    fn stored(&self, named: &Named) -> Result<Stored, ControlError> {
        let functions = self.functions.lock().unwrap();
        let latest = named.qualifier.as_ref().is_none_or(|it| it.as_str() == "$LATEST");
        let found = functions.get(&(named.scope.clone(), named.function.clone())).filter(|_| latest);
        found.cloned().ok_or_else(|| ControlError::NotFound { arn: arn(named) })
    }

    pub(super) fn set_state(&self, state: State) {
        for (version, ..) in self.functions.lock().unwrap().values_mut() {
            version.state = state;
        }
    }
}

fn arn(named: &Named) -> FunctionArn {
    FunctionArn {
        region: named.scope.region.clone(),
        account: named.scope.account.clone(),
        function: named.function.clone(),
        qualifier: named.qualifier.clone(),
    }
}

#[async_trait]
impl Control for FakeControl {
    async fn create_function(&self, message: CreateFunction) -> Result<Mutated, ControlError> {
        let named =
            Named { scope: message.scope.clone(), function: message.function.clone(), qualifier: None };
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&message.zip));
        let version = FunctionVersion {
            arn: arn(&named),
            version: Version::Latest,
            config: message.config,
            code_digest: CodeDigest::new(digest),
            code_bytes: message.zip.len() as u64,
            last_modified_ms: 1_791_479_697_000,
            revision: RevisionId::new("r1"),
            state: State::Active,
            last_update: LastUpdate::Successful,
            optimised: false,
        };
        let key = (message.scope, message.function.clone());
        let mut functions = self.functions.lock().unwrap();
        if functions.contains_key(&key) {
            return Err(ControlError::Exists { function: message.function });
        }
        functions.insert(key, (version.clone(), message.zip, message.tags));
        let version = FunctionVersion { state: State::Pending, last_update: LastUpdate::Absent, ..version };
        Ok(Mutated { version })
    }
    async fn get_function(&self, message: Named) -> Result<Described, ControlError> {
        self.stored(&message).map(|(version, _, tags)| Described {
            version,
            tags,
            reserved: None,
            warning: None,
        })
    }
    async fn list_functions(&self, message: ListFunctions) -> Result<Page, ControlError> {
        let functions = self.functions.lock().unwrap();
        let ours = functions.iter().filter(|((scope, _), _)| *scope == message.scope);
        Ok(Page { functions: ours.map(|(_, (version, ..))| version.clone()).collect(), next: None })
    }
    async fn list_versions(&self, message: ListVersions) -> Result<Page, ControlError> {
        Ok(Page { functions: vec![self.stored(&message.named)?.0], next: None })
    }
    async fn update_code(&self, _: UpdateCode) -> Result<Mutated, ControlError> {
        Err(store())
    }
    async fn update_configuration(&self, message: UpdateConfiguration) -> Result<Mutated, ControlError> {
        let (mut version, ..) = self.stored(&message.named)?;
        if let Some(logging) = message.change.logging {
            version.config.logging = logging;
        }
        version.last_update = LastUpdate::InProgress;
        Ok(Mutated { version })
    }
    async fn publish_version(&self, _: PublishVersion) -> Result<Mutated, ControlError> {
        Err(ControlError::RevisionMismatch)
    }
    async fn delete_function(&self, message: Named) -> Result<(), ControlError> {
        let gone = self.functions.lock().unwrap().remove(&(message.scope.clone(), message.function.clone()));
        gone.map(drop).ok_or_else(|| ControlError::NotFound { arn: arn(&message) })
    }
    async fn reserve_concurrency(&self, message: ReserveConcurrency) -> Result<(), ControlError> {
        match message.reserved {
            Some(901..) => Err(ControlError::TooMuchReserved { minimum: 100 }),
            _ => self.stored(&message.named).map(drop),
        }
    }
    async fn provision(&self, message: ProvisionConcurrency) -> Result<ProvisionedConcurrency, ControlError> {
        if message.wanted > 900 {
            return Err(ControlError::TooMuchProvisioned { minimum: 100 });
        }
        let arn = arn(&message.named);
        Ok(ProvisionedConcurrency { arn, wanted: message.wanted, last_modified_ms: 0, now: None })
    }
    async fn give_up_provisioned(&self, message: Named) -> Result<(), ControlError> {
        self.stored(&message).map(drop)
    }
    async fn provisioned(&self, message: Named) -> Result<ProvisionedConcurrency, ControlError> {
        Err(ControlError::NotProvisioned { arn: arn(&message) })
    }
    async fn list_provisioned(&self, message: ListVersions) -> Result<ProvisionedPage, ControlError> {
        self.stored(&message.named).map(|_| ProvisionedPage { versions: Vec::new(), next: None })
    }
    async fn account_usage(&self, _: Scope) -> Result<AccountUsage, ControlError> {
        Ok(AccountUsage { code_bytes: 7, functions: 1, concurrency_max: 1_000, reserved: 0 })
    }
    async fn list_tags(&self, message: Named) -> Result<BTreeMap<String, String>, ControlError> {
        self.stored(&message).map(|(.., tags)| tags)
    }
    async fn tag(&self, message: TagFunction) -> Result<(), ControlError> {
        self.stored(&message.named).map(drop)
    }
    async fn untag(&self, message: UntagFunction) -> Result<(), ControlError> {
        self.stored(&message.named).map(drop)
    }
    async fn resolve(&self, message: Named) -> Result<ResolvedVersion, ControlError> {
        *self.resolves.lock().unwrap() += 1;
        let (version, ..) = self.stored(&message)?;
        let key = VersionKey {
            account: message.scope.account,
            region: message.scope.region,
            function: message.function,
            version: Version::Latest,
            generation: 1,
        };
        let timeout = Duration::from_secs(u64::from(version.config.timeout_seconds));
        let share = types::ConcurrencyShare::unreserved(1_000);
        Ok(ResolvedVersion { key, arn: version.arn, timeout, memory_mb: 128, share, state: version.state })
    }
    async fn resolve_anew(&self, message: Named) -> Result<ResolvedVersion, ControlError> {
        *self.resolves_anew.lock().unwrap() += 1;
        self.resolve(message).await
    }
    async fn boot_plan(&self, _: VersionKey) -> Result<BootPlan, ControlError> {
        Err(store())
    }
    async fn preparations(&self, _: PreparationsQuery) -> Result<Preparations, ControlError> {
        Err(store())
    }
    async fn prepared(&self, _: PreparedReport) -> Result<(), ControlError> {
        Err(store())
    }
    async fn code(&self, message: CodeDigest) -> Result<Bytes, ControlError> {
        let functions = self.functions.lock().unwrap();
        let found = functions.values().find(|(version, ..)| version.code_digest == message);
        found.map(|(_, zip, _)| zip.clone()).ok_or(ControlError::CodeGone { digest: message })
    }
}

/// Refuses as scripted, then grants; keeps what was reported.
#[derive(Default)]
pub(super) struct FakeAssignment {
    pub(super) refusals: Mutex<VecDeque<AcquireError>>,
    pub(super) acquires: Mutex<u32>,
    pub(super) reports: Mutex<Vec<EnvironmentReport>>,
}

#[async_trait]
impl Assignment for FakeAssignment {
    async fn acquire(&self, _: Acquire) -> Result<Lease, AcquireError> {
        *self.acquires.lock().unwrap() += 1;
        match self.refusals.lock().unwrap().pop_front() {
            Some(refusal) => Err(refusal),
            None => Ok(Lease {
                environment: EnvironmentId::from_random([7; 16]),
                worker: WorkerId::new("w"),
                partition: PartitionId(0),
                epoch: Epoch(1),
                token: LeaseToken(9),
                start: Start::Cold,
                spans: Vec::new(),
            }),
        }
    }
    async fn report(&self, message: EnvironmentReport) -> Result<(), AcquireError> {
        self.reports.lock().unwrap().push(message);
        Ok(())
    }
    async fn retire(&self, _: Retire) -> Result<(), AcquireError> {
        Ok(())
    }
    async fn reserve(&self, _: Reserve) -> Result<(), AcquireError> {
        Ok(())
    }
    async fn provision(&self, _: Provision) -> Result<Provisioned, AcquireError> {
        Ok(Provisioned { initialised: 0, failed: None })
    }
    async fn census(&self, _: CensusQuery) -> Result<Vec<EnvironmentState>, AcquireError> {
        Ok(Vec::new())
    }
}

/// Hands the invocation and the frames' sender to the test.
pub(super) struct FakeWorker {
    pub(super) refusals: Mutex<VecDeque<InvokeRefusal>>,
    pub(super) taken: tokio::sync::mpsc::Sender<(InvokeRequest, FrameSender<InvokeFrame>)>,
}

#[async_trait]
impl WorkerInvoke for FakeWorker {
    async fn invoke(&self, request: InvokeRequest) -> Result<FrameStream<InvokeFrame>, InvokeRefusal> {
        let refusal = self.refusals.lock().unwrap().pop_front();
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let (tx, rx) = fabric::stream::channel(1);
        self.taken.send((request, tx)).await.unwrap();
        Ok(rx)
    }
}

pub(super) struct NoWorkerControl;

#[async_trait]
impl WorkerControl for NoWorkerControl {
    async fn start_environment(&self, _: StartEnvironment) -> Result<(), WorkerError> {
        Err(WorkerError::Draining)
    }
    async fn stop_environment(&self, _: StopEnvironment) -> Result<(), WorkerError> {
        Ok(())
    }
    async fn acknowledge(&self, _: AcknowledgeEpoch) -> Result<HeldEnvironments, WorkerError> {
        Err(WorkerError::Draining)
    }
}

pub(super) fn outcome(log_tail: Option<&'static str>) -> InvokeFrame {
    InvokeFrame::Outcome(Outcome {
        duration: Duration::from_millis(2),
        init_duration: None,
        restore_duration: None,
        billed_ms: 2,
        memory_mb: 128,
        memory_used_mb: 30,
        log_tail: log_tail.map(|tail| Bytes::from_static(tail.as_bytes())),
        spans: Vec::new(),
    })
}

/// Traces in memory.
#[derive(Default)]
pub(super) struct FakeTelemetry {
    traces: Mutex<Vec<Trace>>,
}

macro_rules! refuse {
    ($($call:ident($In:ty) -> $Out:ty;)*) => {
        #[async_trait]
        impl Telemetry for FakeTelemetry {
            $(async fn $call(&self, _: $In) -> Result<$Out, TelemetryError> {
                Err(TelemetryError::Store { reason: "the fake does not do this".to_owned() })
            })*
            async fn put_trace(&self, message: Trace) -> Result<(), TelemetryError> {
                self.traces.lock().unwrap().push(message);
                Ok(())
            }
            async fn get_trace(&self, message: TraceQuery) -> Result<Option<Trace>, TelemetryError> {
                let traces = self.traces.lock().unwrap();
                let ours = |it: &&Trace| it.scope == message.scope && it.request_id == message.request_id;
                Ok(traces.iter().find(ours).cloned())
            }
        }
    };
}

refuse! {
    append(AppendEvents) -> ();
    create_group(CreateGroup) -> ();
    delete_group(GroupName) -> ();
    create_stream(StreamName) -> ();
    delete_stream(StreamName) -> ();
    put_retention(PutRetention) -> ();
    describe_groups(DescribeGroups) -> GroupPage;
    describe_streams(DescribeStreams) -> StreamPage;
    get_events(GetEvents) -> EventPage;
    filter_events(FilterEvents) -> FilteredPage;
    group_tags(GroupName) -> BTreeMap<String, String>;
    tag_group(TagGroup) -> ();
    fresh(FreshQuery) -> FreshLines;
}

pub(super) fn arc<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
