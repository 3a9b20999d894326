//! A worker with made-up roles around it, and a function in Python that does what its event says.

use async_trait::async_trait;
use bytes::Bytes;
use fabric::api::{Api, ApiHead, ApiRequest, ApiResponse, BodyFrame};
use fabric::assignment::*;
use fabric::control::*;
use fabric::stream::FrameStream;
use fabric::telemetry::*;
use fabric::worker::*;
use fabric::{Invocation, Lease, Outcome, ResolvedVersion, Response, Scope, Start};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use types::*;
use worker::{Launch, LaunchError, Runtimes, Settings, Worker, WorkerParts};
use world::World;

/// Only what hangs reaches it.
pub(crate) const WAIT: Duration = Duration::from_secs(120);

/// What comes of it, if it does not hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(WAIT, future).await.expect("it happens")
}

pub(crate) struct Fakes {
    config: Mutex<FunctionConfig>,
    zip: Bytes,
    pub(crate) reports: watch::Sender<Vec<EnvironmentReport>>,
    pub(crate) events: watch::Sender<Vec<LogEvent>>,
    /// What is to be prepared, and what was said of it.
    pub(crate) preparations: watch::Sender<Preparations>,
    pub(crate) prepared: watch::Sender<Vec<PreparedReport>>,
    pub(crate) streams: Mutex<Vec<StreamName>>,
    /// Whether the log store takes anything.
    pub(crate) taking: watch::Sender<bool>,
    python: PathBuf,
}

pub(crate) fn key() -> VersionKey {
    VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-central-1"),
        function: FunctionName::new("hello"),
        version: Version::Latest,
        generation: 1,
    }
}

fn arn() -> FunctionArn {
    FunctionArn { region: key().region, account: key().account, function: key().function, qualifier: None }
}

impl Fakes {
    /// The function is another one from now on.
    #[allow(dead_code)] // each test binary uses a part of the kit
    pub(crate) fn change(&self, change: impl FnOnce(&mut FunctionConfig)) {
        change(&mut self.config.lock().unwrap());
    }
}

/// Calls that the worker never makes, spelled as `async_trait` does: it does not see into macros.
macro_rules! unused {
    ($($call:ident($In:ty) -> $Out:ty, $Error:ty;)*) => {
        $(fn $call<'life0, 'async_trait>(
            &'life0 self,
            _: $In,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<$Out, $Error>> + Send + 'async_trait>>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            unreachable!("the worker does not ask this")
        })*
    };
}

#[async_trait]
impl Control for Fakes {
    unused! {
        create_function(CreateFunction) -> Mutated, ControlError;
        get_function(Named) -> Described, ControlError;
        list_functions(ListFunctions) -> Page, ControlError;
        list_versions(ListVersions) -> Page, ControlError;
        update_code(UpdateCode) -> Mutated, ControlError;
        update_configuration(UpdateConfiguration) -> Mutated, ControlError;
        publish_version(PublishVersion) -> Mutated, ControlError;
        delete_function(Named) -> (), ControlError;
        reserve_concurrency(ReserveConcurrency) -> (), ControlError;
        provision(ProvisionConcurrency) -> ProvisionedConcurrency, ControlError;
        give_up_provisioned(Named) -> (), ControlError;
        provisioned(Named) -> ProvisionedConcurrency, ControlError;
        list_provisioned(ListVersions) -> ProvisionedPage, ControlError;
        account_usage(Scope) -> AccountUsage, ControlError;
        list_tags(Named) -> BTreeMap<String, String>, ControlError;
        tag(TagFunction) -> (), ControlError;
        untag(UntagFunction) -> (), ControlError;
        resolve(Named) -> ResolvedVersion, ControlError;
        resolve_anew(Named) -> ResolvedVersion, ControlError;
    }
    async fn boot_plan(&self, key: VersionKey) -> Result<BootPlan, ControlError> {
        let config = self.config.lock().unwrap().clone();
        if config.runtime == "gone" {
            return Err(ControlError::NotFound { arn: arn() });
        }
        if config.runtime == "broken" {
            return Err(ControlError::Store { reason: "disk".to_owned() });
        }
        Ok(BootPlan { key, arn: arn(), config, code_digest: CodeDigest::new("Zm9v") })
    }
    async fn code(&self, _: CodeDigest) -> Result<Bytes, ControlError> {
        Ok(self.zip.clone())
    }
    async fn preparations(&self, query: PreparationsQuery) -> Result<Preparations, ControlError> {
        let mut listed = self.preparations.subscribe();
        let list = listed.wait_for(|list| query.seen != Some(list.at)).await;
        Ok(list.expect("the kit is there").clone())
    }
    async fn prepared(&self, report: PreparedReport) -> Result<(), ControlError> {
        self.prepared.send_modify(|reports| reports.push(report));
        Ok(())
    }
}

#[async_trait]
impl Assignment for Fakes {
    unused! {
        acquire(Acquire) -> Lease, AcquireError;
        retire(Retire) -> (), AcquireError;
        reserve(Reserve) -> (), AcquireError;
        provision(Provision) -> Provisioned, AcquireError;
        census(CensusQuery) -> Vec<EnvironmentState>, AcquireError;
    }
    async fn report(&self, report: EnvironmentReport) -> Result<(), AcquireError> {
        self.reports.send_modify(|reports| reports.push(report));
        Ok(())
    }
}

#[async_trait]
impl Telemetry for Fakes {
    unused! {
        create_group(CreateGroup) -> (), TelemetryError;
        delete_group(GroupName) -> (), TelemetryError;
        create_stream(StreamName) -> (), TelemetryError;
        delete_stream(StreamName) -> (), TelemetryError;
        put_retention(PutRetention) -> (), TelemetryError;
        describe_groups(DescribeGroups) -> GroupPage, TelemetryError;
        describe_streams(DescribeStreams) -> StreamPage, TelemetryError;
        get_events(GetEvents) -> EventPage, TelemetryError;
        filter_events(FilterEvents) -> FilteredPage, TelemetryError;
        group_tags(GroupName) -> BTreeMap<String, String>, TelemetryError;
        tag_group(TagGroup) -> (), TelemetryError;
        put_trace(Trace) -> (), TelemetryError;
        get_trace(TraceQuery) -> Option<Trace>, TelemetryError;
        fresh(FreshQuery) -> FreshLines, TelemetryError;
    }
    async fn append(&self, message: AppendEvents) -> Result<(), TelemetryError> {
        let _ = self.taking.subscribe().wait_for(|taking| *taking).await;
        self.streams.lock().unwrap().push(message.stream);
        self.events.send_modify(|events| events.extend(message.events));
        Ok(())
    }
}

#[async_trait]
impl Api for Fakes {
    async fn call(&self, request: ApiRequest) -> ApiResponse {
        let (tx, body) = fabric::stream::channel(2);
        let mut said =
            format!("{} {} {}", request.method, request.uri, request.credentials.access_key_id.len());
        if !request.body.is_empty() {
            said.push_str(&format!(" with {} bytes", request.body.len()));
        }
        let headers = vec![("content-length".to_owned(), said.len().to_string().into())];
        tx.send(BodyFrame::Data(said.into())).await.unwrap();
        tx.send(BodyFrame::End).await.unwrap();
        ApiResponse { head: ApiHead { status: 200, headers }, body }
    }
}

pub(crate) const STANDS_IN: &str =
    "python3.9 is not installed here: Python 3.11.7, the nearest version, stands in";

#[async_trait]
impl Runtimes for Fakes {
    async fn launch(&self, plan: &BootPlan, _: &Path) -> Result<Launch, LaunchError> {
        let program = match plan.config.runtime.as_str() {
            "none" => "/var/task/bootstrap".into(),
            "idle" => "/bin/sleep".into(),
            "no-bootstrap" => {
                let message = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
                return Err(LaunchError::Entrypoint(message.into()));
            }
            _ => self.python.clone(),
        };
        let arguments = if plan.config.runtime == "idle" {
            vec!["60".into()]
        } else {
            vec!["/var/task/runtime.py".into()]
        };
        Ok(Launch {
            program,
            arguments,
            variables: BTreeMap::new(),
            mounts: Vec::new(),
            ahead: plan.config.runtime == "ahead",
            runtime_version: "python:3.11.7".into(),
            warning: (plan.config.runtime == "python3.9").then(|| STANDS_IN.to_owned()),
        })
    }
}

pub(crate) fn zip(name: &str, text: &str) -> Bytes {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner().into()
}

fn config(variables: &[(&str, &str)]) -> FunctionConfig {
    FunctionConfig {
        runtime: "python3.11".into(),
        handler: "app.handler".into(),
        role: String::new(),
        description: String::new(),
        timeout_seconds: 3,
        memory_mb: 128,
        ephemeral_storage_mb: 512,
        architecture: "x86_64".into(),
        environment: Some(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
        logging: LoggingConfig {
            format: "Text".into(),
            group: "/aws/lambda/hello".into(),
            application_level: None,
            system_level: None,
        },
        tracing_mode: "PassThrough".into(),
        snap_start: SnapStart::None,
    }
}

/// A worker and everything around it.
pub(crate) struct Kit {
    pub(crate) worker: Worker,
    pub(crate) fakes: Arc<Fakes>,
    _data: tempfile::TempDir,
}

pub(crate) const ENVIRONMENT: EnvironmentId = EnvironmentId([7; 16]);

/// The real binary: a version manager's shim is a script that needs its own environment.
fn python() -> PathBuf {
    let said =
        std::process::Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    String::from_utf8(said.unwrap().stdout).unwrap().trim().into()
}

impl Kit {
    pub(crate) fn over(
        world: World,
        sandbox: Arc<dyn sandbox::Sandbox>,
        runtimes: impl FnOnce(Arc<Fakes>) -> Arc<dyn Runtimes>,
        zip: Bytes,
        variables: &[(&str, &str)],
        change: impl FnOnce(&mut FunctionConfig, &mut Settings),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(WorkerId::new("w"), data.path().to_owned());
        let mut config = config(variables);
        change(&mut config, &mut settings);
        let fakes = Arc::new(Fakes {
            config: Mutex::new(config),
            zip,
            reports: watch::Sender::default(),
            events: watch::Sender::default(),
            preparations: watch::Sender::new(Preparations { at: 0, versions: Vec::new() }),
            prepared: watch::Sender::default(),
            streams: Mutex::default(),
            taking: watch::Sender::new(true),
            python: python(),
        });
        let worker = Worker::new(WorkerParts {
            world,
            sandbox,
            control: fakes.clone(),
            assignment: fakes.clone(),
            telemetry: fakes.clone(),
            api: fakes.clone(),
            runtimes: runtimes(fakes.clone()),
            settings,
        });
        Self { worker, fakes, _data: data }
    }

    pub(crate) async fn start(&self) {
        self.start_of(key()).await;
    }

    pub(crate) async fn start_of(&self, key: VersionKey) {
        let start = StartEnvironment {
            environment: ENVIRONMENT,
            key,
            partition: PartitionId(0),
            epoch: Epoch(1),
            token: LeaseToken(1),
            memory_mb: 128,
            provisioned: false,
        };
        self.worker.start_environment(start).await.unwrap();
    }

    pub(crate) fn request(token: u64, payload: &str) -> InvokeRequest {
        let lease = Lease {
            environment: ENVIRONMENT,
            worker: WorkerId::new("w"),
            partition: PartitionId(0),
            epoch: Epoch(1),
            token: LeaseToken(token),
            start: Start::Warm,
            spans: Vec::new(),
        };
        let mut id = [0; 16];
        id[15] = token as u8;
        let invocation = Invocation {
            request_id: RequestId(id),
            invoked_arn: arn(),
            payload: payload.to_owned().into(),
            // A test of the timeout has its own: of the others none waits for it, on however busy a machine.
            timeout: WAIT / 2,
            trace_id: "Root=1-a-b".into(),
            client_context: Some("{\"a\":\n1}".into()),
            cognito_identity: None,
            tenant_id: None,
            streaming: false,
            log_tail: true,
        };
        InvokeRequest { lease, invocation }
    }

    pub(crate) async fn invoke(&self, token: u64, payload: &str) -> Answered {
        collect(self.worker.invoke(Self::request(token, payload)).await.unwrap()).await
    }

    pub(crate) async fn invoke_with(
        &self,
        mut request: InvokeRequest,
        change: impl FnOnce(&mut Invocation),
    ) -> Answered {
        change(&mut request.invocation);
        collect(self.worker.invoke(request).await.unwrap()).await
    }

    /// Waits until assignment was told this last of all.
    pub(crate) async fn reported(&self, token: u64, event: EnvironmentEvent) {
        let mut reports = self.fakes.reports.subscribe();
        let told = |reports: &Vec<EnvironmentReport>| {
            reports.last().is_some_and(|report| report.event == event && report.token == LeaseToken(token))
        };
        // What `wait_for` answers holds the lock: not while `borrow` takes it again.
        let waited = tokio::time::timeout(WAIT, reports.wait_for(told)).await.is_ok();
        assert!(waited, "no {event:?} under {token}: {:?}", self.fakes.reports.borrow());
    }

    /// Waits until a line was appended, then gives all of them.
    pub(crate) async fn log_until(&self, part: &str) -> Vec<String> {
        let mut events = self.fakes.events.subscribe();
        let seen = |events: &Vec<LogEvent>| events.iter().any(|event| event.message.contains(part));
        let waited = tokio::time::timeout(WAIT, events.wait_for(seen)).await.is_ok();
        let all: Vec<String> = self.fakes.events.borrow().iter().map(|event| event.message.clone()).collect();
        assert!(waited, "no {part} in {all:?}");
        all
    }
}

pub(crate) struct Answered {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) response: Option<Response>,
    pub(crate) outcome: Option<Outcome>,
}

impl Answered {
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.response {
            Some(Response::Success { payload, .. }) => serde_json::from_slice(payload).unwrap(),
            other => panic!("not a success: {other:?}"),
        }
    }
    pub(crate) fn failure(&self) -> (String, String) {
        match &self.response {
            Some(Response::Error(failure)) => {
                (failure.error_type.clone(), String::from_utf8(failure.payload.to_vec()).unwrap())
            }
            other => panic!("not a failure: {other:?}"),
        }
    }
    pub(crate) fn tail(&self) -> String {
        String::from_utf8(self.outcome.as_ref().unwrap().log_tail.clone().unwrap().to_vec()).unwrap()
    }
}

pub(crate) async fn collect(mut frames: FrameStream<InvokeFrame>) -> Answered {
    let mut answered = Answered { chunks: Vec::new(), response: None, outcome: None };
    let all = async {
        while let Some(frame) = frames.next().await {
            match frame {
                InvokeFrame::Chunk(chunk) => answered.chunks.push(chunk),
                InvokeFrame::Response(response) => answered.response = Some(response),
                InvokeFrame::Outcome(outcome) => answered.outcome = Some(outcome),
            }
        }
    };
    soon(all).await;
    answered
}
