//! CloudWatch Logs as real clients use it: boto3 and the aws cli (v2, for `logs tail`) against the real frontend
//! over the real store. The other roles are not needed and fail whoever calls them.

#![allow(clippy::expect_used, clippy::unwrap_used)] // all of it is test code

use async_trait::async_trait;
use bytes::Bytes;
use fabric::assignment::*;
use fabric::control::*;
use fabric::telemetry::{AppendEvents, LogEvent, StreamName, Telemetry};
use fabric::{Lease, ResolvedVersion, Scope};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use telemetry::Store;
use types::{AccountId, CodeDigest, Region, VersionKey, WorkerId};
use world::World;

/// A role that nobody should call.
struct Absent;

macro_rules! absent {
    ($Service:ident, $Error:ty: $($call:ident $In:ty => $Out:ty;)*) => {
        #[async_trait]
        impl $Service for Absent {
            $(async fn $call(&self, _message: $In) -> Result<$Out, $Error> {
                panic!("{} was called", stringify!($call))
            })*
        }
    };
}

absent! {
    Control, ControlError:
    create_function CreateFunction => Mutated;
    get_function Named => Described;
    list_functions ListFunctions => Page;
    list_versions ListVersions => Page;
    update_code UpdateCode => Mutated;
    update_configuration UpdateConfiguration => Mutated;
    publish_version PublishVersion => Mutated;
    delete_function Named => ();
    reserve_concurrency ReserveConcurrency => ();
    account_usage Scope => AccountUsage;
    list_tags Named => BTreeMap<String, String>;
    tag TagFunction => ();
    untag UntagFunction => ();
    resolve Named => ResolvedVersion;
    resolve_anew Named => ResolvedVersion;
    boot_plan VersionKey => BootPlan;
    code CodeDigest => Bytes;
    preparations PreparationsQuery => Preparations;
    prepared PreparedReport => ();
    provision ProvisionConcurrency => ProvisionedConcurrency;
    give_up_provisioned Named => ();
    provisioned Named => ProvisionedConcurrency;
    list_provisioned ListVersions => ProvisionedPage;
}

absent! {
    Assignment, AcquireError:
    acquire Acquire => Lease;
    report EnvironmentReport => ();
    retire Retire => ();
    reserve Reserve => ();
    provision Provision => Provisioned;
    census CensusQuery => Vec<EnvironmentState>;
}

struct Server {
    store: Arc<Store>,
    address: SocketAddr,
    folder: PathBuf,
    task: world::TaskHandle,
}

impl Server {
    async fn start(name: &str) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let world = World::real();
        let store = Store::open(world.clone(), &folder, telemetry::Settings::default()).await.unwrap();
        let frontend = frontend::Frontend::new(frontend::FrontendParts {
            world: world.clone(),
            control: Arc::new(Absent),
            assignment: Arc::new(Absent),
            workers: Arc::new(|_: &WorkerId| None),
            telemetry: store.clone(),
            settings: frontend::Settings::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = world.spawn("test.frontend", async move {
            frontend.serve(listener, std::future::pending()).await.unwrap();
        });
        Self { store, address, folder, task }
    }

    /// The program with credentials and an endpoint that lead here and nowhere else.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_PROXY", "127.0.0.1")
            .env("LOGS_ENDPOINT", format!("http://{}", self.address));
        command
    }

    async fn log(&self, group: &str, stream: &str, line: &str) {
        let now = World::real().wall().millis();
        let scope = Scope { account: AccountId::new("000000000000"), region: Region::new("us-east-1") };
        let stream = StreamName { scope, group: group.to_owned(), stream: stream.to_owned() };
        let events = vec![LogEvent { timestamp_ms: now, message: line.to_owned() }];
        self.store.append(AppendEvents { stream, events }).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

async fn output(mut command: Command) -> Output {
    World::real().blocking("test.client", move || command.output().unwrap()).await.unwrap()
}

/// Whether this host has the client; says so where it has not.
async fn has(program: &str, arguments: &[&str], wanted: &str) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stderr(Stdio::null());
    let found = World::real().blocking("test.has", move || command.output().ok()).await.flatten();
    let found = found
        .is_some_and(|out| out.status.success() && String::from_utf8_lossy(&out.stdout).contains(wanted));
    if !found {
        eprintln!("SKIPPED: {program} {} does not answer {wanted}", arguments.join(" "));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_creates_writes_pages_searches_tags_and_deletes() {
    if !has("python3", &["-c", "import boto3; print('boto3', boto3.__version__)"], "boto3").await {
        return;
    }
    let server = Server::start("boto3").await;
    let mut python = server.client("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs_clients/exercise.py"));
    let done = output(python).await;
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("all of it held"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clis_tail_shows_what_is_there_and_follows_what_comes() {
    const AWS: &str = "/usr/bin/aws";
    if !has(AWS, &["--version"], "aws-cli/2").await {
        return;
    }
    let server = Server::start("cli").await;
    let endpoint = format!("http://{}", server.address);
    server.log("/aws/lambda/hello", "2026/01/31/[$LATEST]ab", "START RequestId: 1\n").await;
    server.log("/aws/lambda/hello", "2026/01/31/[$LATEST]ab", "ERROR of one\n").await;
    let aws = |arguments: &[&str]| {
        let mut command = server.client(AWS);
        command.args(["--endpoint-url", &endpoint, "logs"]).args(arguments);
        command
    };
    let tail = output(aws(&["tail", "/aws/lambda/hello", "--format", "short"])).await;
    let said = String::from_utf8_lossy(&tail.stdout).into_owned();
    assert!(said.contains("START RequestId: 1") && said.contains("ERROR of one"), "{said} {tail:?}");
    let only = output(aws(&["tail", "/aws/lambda/hello", "--filter-pattern", "ERROR"])).await;
    let said = String::from_utf8_lossy(&only.stdout).into_owned();
    assert!(
        !said.contains("START") && said.contains("2026/01/31/[$LATEST]ab ERROR of one"),
        "{said} {only:?}"
    );
    let none = output(aws(&["tail", "/aws/lambda/none"])).await;
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(
        said.contains("ResourceNotFoundException")
            && said.contains("The specified log group does not exist.")
    );

    let mut follow = aws(&["tail", "/aws/lambda/hello", "--follow", "--format", "short"]);
    let mut child = follow.stdout(Stdio::piped()).env("PYTHONUNBUFFERED", "1").spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let (tx, mut rx) = tokio::sync::mpsc::channel(16);
    let reader = move || {
        while let Some(Ok(line)) = lines.next() {
            if tx.blocking_send(line).is_err() {
                return;
            }
        }
    };
    World::real().tasks.spawn_blocking("test.follow", Box::new(reader));
    let mut seen = Vec::new();
    let world = World::real();
    let limit = std::time::Duration::from_secs(60);
    while !seen.iter().any(|line: &String| line.contains("a line that came later")) {
        let line = world.timeout(limit, rx.recv()).await.flatten().expect("tail --follow says something");
        let first = seen.is_empty();
        seen.push(line);
        if first {
            server.log("/aws/lambda/hello", "2026/01/31/[$LATEST]cd", "a line that came later\n").await;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let once = |words: &str| seen.iter().filter(|line| line.contains(words)).count();
    assert_eq!((once("START RequestId: 1"), once("ERROR of one")), (1, 1), "{seen:?}");
}
