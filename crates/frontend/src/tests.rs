//! The frontend over a loopback socket, with fakes of the roles behind it.

mod fakes;
mod http;
mod invoke;
mod surface;

use crate::event_stream::decoding::decode;
use crate::{Credential, Credentials, Frontend, FrontendParts, Settings};
use bytes::Bytes;
use fabric::api::{ApiRequest, BodyFrame, ScopedCredentials};
use fabric::assignment::{AcquireError, EnvironmentEvent};
use fabric::control::State;
use fabric::worker::{InvokeFrame, InvokeRefusal, InvokeRequest, WorkerHandle};
use fabric::{Failure, FrameSender, Response};
use fakes::{FakeAssignment, FakeControl, FakeTelemetry, FakeWorker, NoWorkerControl, arc, outcome};
use http::Answer;
use serde_json::json;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use types::{AccountId, Region};
use world::World;

const FUNCTIONS: &str = "/2015-03-31/functions";
const INVOKE: &str = "/2015-03-31/functions/f/invocations";
const STREAM: &str = "/2021-11-15/functions/f/response-streaming-invocations";
const ROLE: &str = "arn:aws:iam::000000000000:role/r";

struct Kit {
    address: SocketAddr,
    frontend: Arc<Frontend>,
    control: Arc<FakeControl>,
    assignment: Arc<FakeAssignment>,
    worker: Arc<FakeWorker>,
    taken: mpsc::Receiver<(InvokeRequest, FrameSender<InvokeFrame>)>,
    stop: Option<oneshot::Sender<()>>,
    served: mpsc::Receiver<()>,
}

impl Kit {
    async fn new(settings: Settings) -> Self {
        Self::with_world(settings, World::real()).await
    }

    async fn with_world(settings: Settings, world: World) -> Self {
        let (taken_tx, taken) = mpsc::channel(4);
        let worker = arc(FakeWorker { refusals: Mutex::new(VecDeque::new()), taken: taken_tx });
        let (control, assignment) = (arc(FakeControl::default()), arc(FakeAssignment::default()));
        let handle = WorkerHandle { control: arc(NoWorkerControl), invoke: worker.clone() };
        let frontend = Frontend::new(FrontendParts {
            world: world.clone(),
            control: control.clone(),
            assignment: assignment.clone(),
            workers: arc(move |_: &types::WorkerId| Some(handle.clone())),
            telemetry: arc(FakeTelemetry::default()),
            settings,
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (served_tx, served) = mpsc::channel(1);
        let server = frontend.clone();
        world.spawn("server", async move {
            let shutdown = async move { drop(stopped.await) };
            server.serve(listener, shutdown).await.unwrap();
            served_tx.send(()).await.unwrap();
        });
        Self { address, frontend, control, assignment, worker, taken, stop: Some(stop), served }
    }

    async fn with_function() -> Self {
        let kit = Self::new(Settings::default()).await;
        assert_eq!(kit.create("f").await.status, 201);
        kit
    }

    async fn call(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        http::read(http::send(self.address, &http::request(method, uri, headers, body)).await).await
    }

    async fn create(&self, name: &str) -> Answer {
        let body = json!({
            "FunctionName": name, "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE,
            "Code": {"ZipFile": "UEsFBg=="}, "Tags": {"k": "v"},
        });
        self.call("POST", FUNCTIONS, &[], body.to_string().as_bytes()).await
    }

    /// Sends an invocation, lets `frames` answer it, and reads the answer.
    async fn invoke(
        &mut self,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        frames: Vec<InvokeFrame>,
    ) -> (InvokeRequest, Answer) {
        let stream = http::send(self.address, &http::request("POST", uri, headers, body)).await;
        let (request, to) = self.taken.recv().await.unwrap();
        for frame in frames {
            to.send(frame).await.unwrap();
        }
        drop(to);
        (request, http::read(stream).await)
    }
}

fn success(payload: &'static str) -> InvokeFrame {
    InvokeFrame::Response(Response::Success {
        payload: Bytes::from_static(payload.as_bytes()),
        content_type: None,
    })
}

fn failure(payload: &'static str) -> InvokeFrame {
    let error_type = "Sandbox.Timedout".to_owned();
    InvokeFrame::Response(Response::Error(Failure {
        error_type,
        payload: Bytes::from_static(payload.as_bytes()),
    }))
}

/// 2026-01-31T12:00:00Z for ever; everything else is real.
struct FixedWall(Arc<dyn world::Clock>);

impl world::Clock for FixedWall {
    fn now(&self) -> world::Instant {
        self.0.now()
    }
    fn wall(&self) -> world::WallTime {
        world::WallTime(1_769_860_800_000_000)
    }
    fn sleep(&self, duration: Duration) -> world::BoxFuture<()> {
        self.0.sleep(duration)
    }
}

fn fixed_clock() -> World {
    let world = World::real();
    World { clock: Arc::new(FixedWall(world.clock.clone())), ..world }
}

#[tokio::test]
async fn a_created_function_is_answered_as_aws_does_and_its_code_can_be_downloaded() {
    let kit = Kit::new(Settings::default()).await;
    let created = kit.create("f").await;
    assert_eq!(created.status, 201);
    let expected = json!({
        "Architectures": [Settings::default().default_architecture], "CodeSha256": "9h5b1o5qyv5wQJZ8X4rHzM6SnL6sMMM1NZjPTT1Ru9w=", "CodeSize": 4,
        "Description": "", "EphemeralStorage": {"Size": 512},
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "FunctionName": "f", "Handler": "a.b",
        "LastModified": "2026-10-08T17:14:57.000+0000",
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}, "MemorySize": 128,
        "PackageType": "Zip", "RevisionId": "r1", "Role": ROLE, "Runtime": "python3.13",
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}, "State": "Pending",
        "StateReason": "The function is being created.", "StateReasonCode": "Creating", "Timeout": 3,
        "TracingConfig": {"Mode": "PassThrough"}, "Version": "$LATEST",
    });
    let mut body = created.json();
    let members = body.as_object_mut().unwrap();
    assert!(members.remove("RuntimeVersionConfig").is_some());
    members.insert("CodeSha256".to_owned(), expected["CodeSha256"].clone());
    assert_eq!(body, expected);

    let again = kit.create("f").await;
    assert_eq!(again.status, 409);
    assert_eq!(again.header("x-amzn-errortype"), Some("ResourceConflictException"));
    assert_eq!(again.text(), r#"{"Type":"User","message":"Function already exist: f"}"#);

    let got = kit.call("GET", &format!("{FUNCTIONS}/f/"), &[], b"").await;
    assert_eq!(got.status, 200);
    let got = got.json();
    assert_eq!(got["Configuration"]["State"], "Active");
    assert_eq!(got["Tags"], json!({"k": "v"}));
    let location = got["Code"]["Location"].as_str().unwrap();
    let path = location.strip_prefix("http://localhost:9955").unwrap();
    let zip = kit.call("GET", path, &[], b"").await;
    assert_eq!((zip.status, zip.body.as_slice()), (200, &b"PK\x05\x06"[..]));
    let error =
        |code: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>");
    let forged = kit.call("GET", &format!("{path}x"), &[], b"").await;
    assert_eq!((forged.status, forged.header("content-type")), (403, Some("application/xml")));
    assert!(forged.text().starts_with(&error("SignatureDoesNotMatch")), "{}", forged.text());
    assert_eq!(kit.call("DELETE", &format!("{FUNCTIONS}/f"), &[], b"").await.status, 204);
    let gone = kit.call("GET", path, &[], b"").await;
    assert_eq!((gone.status, gone.header("content-type")), (404, Some("application/xml")));
    assert!(gone.text().starts_with(&error("NoSuchKey")), "{}", gone.text());
}

#[tokio::test]
async fn lists_leave_out_states_and_other_accounts_see_nothing() {
    let kit = Kit::with_function().await;
    let listed = kit.call("GET", &format!("{FUNCTIONS}/"), &[], b"").await.json();
    let entry = &listed["Functions"][0];
    assert_eq!(entry["FunctionName"], "f");
    for absent in ["State", "LastUpdateStatus", "RuntimeVersionConfig", "Environment", "VpcConfig"] {
        assert!(entry.get(absent).is_none(), "{absent}");
    }
    let versions = kit.call("GET", &format!("{FUNCTIONS}/f/versions"), &[], b"").await.json();
    assert!(versions["Versions"][0]["FunctionArn"].as_str().unwrap().ends_with(":f:$LATEST"));
    let other = "AWS4-HMAC-SHA256 Credential=111111111111/20260131/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
    let listed = kit.call("GET", FUNCTIONS, &[("authorization", other)], b"").await.json();
    assert_eq!(listed, json!({"Functions": []}));
    let denied = kit
        .call(
            "GET",
            &format!("{FUNCTIONS}/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af"),
            &[("authorization", other)],
            b"",
        )
        .await;
    assert_eq!((denied.status, denied.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
}

#[tokio::test]
async fn reads_of_what_can_not_be_there_answer_none() {
    let kit = Kit::with_function().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let rows = [
        ("/2020-06-30/functions/f/code-signing-config", 200, json!({"FunctionName": "f"})),
        ("/2019-09-30/functions/f/concurrency", 200, json!({})),
        (
            "/2015-03-31/functions/f/policy",
            404,
            json!({"Type": "User", "Message": "The resource you requested does not exist."}),
        ),
        (
            "/2021-10-31/functions/f/url",
            404,
            json!({"Type": "User", "Message": "The resource you requested does not exist."}),
        ),
        ("/2021-10-31/functions/f/urls", 200, json!({"FunctionUrlConfigs": []})),
        (
            "/2019-09-25/functions/f/event-invoke-config",
            404,
            json!({"Type": "User", "Message": format!("The function {arn}:$LATEST doesn't have an EventInvokeConfig")}),
        ),
        ("/2019-09-25/functions/f/event-invoke-config/list", 200, json!({"FunctionEventInvokeConfigs": []})),
        ("/2015-03-31/functions/f/aliases", 200, json!({"Aliases": []})),
        ("/2018-10-31/layers", 200, json!({"Layers": []})),
        ("/2015-03-31/event-source-mappings/", 200, json!({"EventSourceMappings": []})),
        (
            "/2019-09-30/functions/f/provisioned-concurrency?List=ALL",
            200,
            json!({"ProvisionedConcurrencyConfigs": []}),
        ),
        (
            "/2021-07-20/functions/f/runtime-management-config",
            200,
            json!({"UpdateRuntimeOn": "Auto", "FunctionArn": arn}),
        ),
        ("/2024-08-31/functions/f/recursion-config", 200, json!({"RecursiveLoop": "Terminate"})),
        (
            "/2020-06-30/functions/g/code-signing-config",
            404,
            json!({"Type": "User", "Message": "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g"}),
        ),
    ];
    for (path, status, body) in rows {
        let answer = kit.call("GET", path, &[], b"").await;
        assert_eq!((answer.status, answer.json()), (status, body), "{path}");
    }
}

#[tokio::test]
async fn what_is_provisioned_is_answered_and_refused_as_aws_does() {
    let kit = Kit::with_function().await;
    let path =
        |qualifier: &str| format!("/2019-09-30/functions/f/provisioned-concurrency?Qualifier={qualifier}");
    let put = |wanted: u32| format!("{{\"ProvisionedConcurrentExecutions\":{wanted}}}").into_bytes();
    let answer = kit.call("PUT", &path("1"), &[], &put(3)).await;
    let expected = json!({
        "RequestedProvisionedConcurrentExecutions": 3, "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0, "Status": "IN_PROGRESS",
        "LastModified": "1970-01-01T00:00:00.000+0000",
    });
    assert_eq!((answer.status, answer.json()), (202, expected));
    let published = "The function resource provided must be an alias or a published version.";
    let rows: [(&str, String, Vec<u8>, u16, &str); 5] = [
        (
            "PUT",
            path("1"),
            put(901),
            400,
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
        ),
        ("GET", path("1"), Vec::new(), 404, "No Provisioned Concurrency Config found for this function"),
        ("GET", path("$LATEST"), Vec::new(), 400, published),
        ("DELETE", path("$LATEST"), Vec::new(), 400, published),
        (
            "PUT",
            path("1"),
            put(0),
            400,
            "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
    ];
    for (method, path, body, status, message) in rows {
        let answer = kit.call(method, &path, &[], &body).await;
        assert_eq!(
            (answer.status, answer.json()["message"].as_str()),
            (status, Some(message)),
            "{method} {path}"
        );
    }
}

/// Every operation of the model either answers or says by name that it does not.
#[tokio::test]
async fn an_operation_without_a_behaviour_says_so_by_name() {
    let kit = Kit::with_function().await;
    let alias = kit.call("POST", &format!("{FUNCTIONS}/f/aliases"), &[], b"{}").await;
    assert_eq!((alias.status, alias.header("x-amzn-errortype")), (501, Some("NotImplementedException")));
    assert_eq!(alias.text(), r#"{"Type":"User","message":"Tinderbox does not implement CreateAlias yet"}"#);
    let unknown = kit.call("GET", "/2015-03-31/nothing", &[], b"").await;
    assert_eq!(
        (unknown.status, unknown.header("x-amzn-errortype")),
        (404, Some("UnknownOperationException"))
    );
    let sts = kit.call("POST", "/", &[], b"Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(sts.status, 501);
    assert!(sts.text().contains("Tinderbox does not implement GetCallerIdentity yet"), "{}", sts.text());
    let health = kit.call("GET", "/_tinderbox/health", &[], b"").await;
    assert_eq!((health.status, health.text()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn foreign_hosts_and_web_pages_are_refused() {
    let kit = Kit::with_function().await;
    for headers in [
        &[("host", "evil.example:9955")][..],
        &[("origin", "https://evil.example"), ("content-type", "text/plain")],
    ] {
        let answer = kit.call("POST", INVOKE, headers, b"{}").await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    }
}

#[tokio::test]
async fn with_configured_keys_an_unsigned_request_is_refused_but_a_download_is_not() {
    let credential = Credential { secret_access_key: "s".to_owned(), session_token: None, account: None };
    let settings = Settings {
        credentials: Some(Credentials::from([("AKIDEXAMPLE".to_owned(), credential)])),
        ..Settings::default()
    };
    let kit = Kit::new(settings).await;
    let answer = kit.create("f").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("x-amzn-errortype"), Some("MissingAuthenticationTokenException"));
    assert_eq!(answer.text(), r#"{"message":"Missing Authentication Token"}"#);
    assert_eq!(kit.call("GET", "/_tinderbox/health", &[], b"").await.status, 200);
    assert_eq!(kit.call("GET", "/_tinderbox/traces/x", &[], b"").await.status, 403);
}

#[tokio::test]
async fn a_body_over_the_operations_limit_is_413_also_without_a_length() {
    let kit = Kit::with_function().await;
    let body = vec![b' '; 1_048_577];
    let answer = kit.call("PUT", &format!("{FUNCTIONS}/f/configuration"), &[], &body).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.text(),
        r#"{"message":"Request must be smaller than 1048576 bytes for the UpdateFunctionConfiguration operation"}"#
    );
    let mut chunked = http::request("POST", INVOKE, &[("transfer-encoding", "chunked")], b"");
    for _ in 0..97 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b' '; 65_536]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let answer = http::read(http::send(kit.address, &chunked).await).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("6356992 byte payload is too large"), "{}", answer.text());
}

#[tokio::test]
async fn shutdown_answers_what_is_in_progress_and_takes_nothing_new() {
    let mut kit = Kit::with_function().await;
    let stream = http::send(kit.address, &http::request("POST", INVOKE, &[], b"{}")).await;
    let (_, to) = kit.taken.recv().await.unwrap();
    kit.stop.take().unwrap().send(()).unwrap();
    // The listener is dropped before the drain begins; until then a connection may still be queued.
    while tokio::net::TcpStream::connect(kit.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    to.send(success("1")).await.unwrap();
    assert_eq!(http::read(stream).await.text(), "1");
    assert_eq!(kit.served.recv().await, Some(()));
}

#[tokio::test]
async fn one_connection_too_many_is_answered_503() {
    let kit = Kit::new(Settings { connections_max: 0, ..Settings::default() }).await;
    let answer = kit.call("GET", "/_tinderbox/health", &[], b"").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["Type"], "Service");
}

#[tokio::test]
async fn an_environments_door_knows_one_key_one_account_and_only_lambda() {
    let kit = Kit::with_world(Settings::default(), fixed_clock()).await;
    assert_eq!(kit.create("f").await.status, 201);
    let door = kit.frontend.door();
    let ask = |secret: &str, method: &str, uri: &str, signature: &str| {
        let scope = "Credential=ASIAEXAMPLE/20260131/us-east-1/lambda/aws4_request";
        let authorization = format!(
            "AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature={signature}"
        );
        let headers = [
            ("host", "127.0.0.1:9001"),
            ("x-amz-date", "20260131T120000Z"),
            ("x-amz-security-token", "t"),
            ("authorization", &authorization),
        ];
        ApiRequest {
            credentials: ScopedCredentials {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                secret_access_key: secret.to_owned(),
                session_token: "t".to_owned(),
                account: AccountId::new("000000000000"),
                region: Region::new("us-east-1"),
            },
            method: method.to_owned(),
            uri: uri.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), Bytes::copy_from_slice(value.as_bytes())))
                .to_vec(),
            body: Bytes::new(),
        }
    };
    // Made by botocore 1.43.11 for 2026-01-31T12:00:00Z.
    let signature = "869326e0bbe71b81718f6430a4d36a73a151bcfdc94944be201731910b70afd9";
    let configuration = "/2015-03-31/functions/f/configuration";
    for (secret, method, uri, status) in [
        ("s", "GET", configuration, 200),
        ("other", "GET", configuration, 403),
        ("s", "DELETE", configuration, 403),
        ("s", "GET", FUNCTIONS, 403),
        ("s", "GET", "/_tinderbox/health", 403),
        ("s", "POST", "/", 403),
    ] {
        let mut response = door.call(ask(secret, method, uri, signature)).await;
        assert_eq!(response.head.status, status, "{method} {uri}");
        assert!(matches!(response.body.next().await, Some(BodyFrame::Data(_))));
        assert!(matches!(response.body.next().await, Some(BodyFrame::End)));
    }
}
