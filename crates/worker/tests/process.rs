//! The worker over the real `process` sandbox and the host's own Python: a function goes in, an answer comes out.
//!
//! Runs as root only; without it, it says so and passes, for the walls are `sandbox`'s own suite's to prove.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used)] // a test by itself

#[path = "worker/kit.rs"]
mod kit;

use fabric::assignment::EnvironmentEvent;
use kit::{Kit, zip};
use sandbox::Egress;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use worker::Runtimes;
use worker::runtimes::host::HostRuntimes;

const APP: &str = r#"
import os, socket, sys, time, json, urllib.request, logging
print("module code")
if os.environ.get("MODE") == "import": import does_not_exist
def handler(event, context):
    what = event.get("do")
    if what == "sleep": time.sleep(60)
    if what == "exit": os._exit(7)
    if what == "raise": raise ValueError("boom")
    if what == "memory":
        hog = bytearray(500 << 20)
        for at in range(0, len(hog), 4096): hog[at] = 1
    if what == "print": print("one"); print("two", file=sys.stderr)
    if what == "dial":
        said = []
        for host in event["hosts"]:
            try:
                with socket.create_connection((host, event["port"]), 2) as peer: said.append(peer.recv(100).decode())
            except OSError as error: said.append("refused")
        return said
    if what == "api":
        with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL_LAMBDA"] + "/2015-03-31/functions") as answer:
            return answer.read().decode()
    return {"event": event, "id": context.aws_request_id, "left": context.get_remaining_time_in_millis(), "uid": os.getuid()}
"#;

fn main() {
    sandbox::process::spawner_entry_point();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if !sandbox_is_root() {
        println!("test the worker over the process sandbox ... skipped: not root");
        return;
    }
    runtime.block_on(all());
}

fn sandbox_is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|facts| std::os::unix::fs::MetadataExt::uid(&facts) == 0)
}

struct Ground {
    sandbox: Arc<dyn sandbox::Sandbox>,
    runtimes: Arc<dyn Runtimes>,
}

async fn ground(data: &Path) -> Ground {
    let config = sandbox::process::Config::new(data);
    let sandbox = sandbox::process::start(&world::World::real(), config).await.expect("a spawner");
    let runtimes = Arc::new(HostRuntimes::open(&world::World::real(), data, false).expect("our clients"));
    Ground { sandbox, runtimes }
}

async fn all() {
    let data = tempfile::tempdir().unwrap();
    let first = ground(&data.path().join("1")).await;
    an_event_goes_in_and_an_answer_comes_out(first.kit(&[])).await; // its worker ends its sandbox
    let second = ground(&data.path().join("2")).await;
    failures_are_answered_as_aws_answers(&second).await;
    egress_nat_opens_what_was_allowed_and_nothing_of_the_host(&second).await;
    second.sandbox.shutdown().await;
}

impl Ground {
    fn kit(&self, variables: &[(&str, &str)]) -> Kit {
        self.kit_with(variables, |settings| settings.egress = Egress::None)
    }

    fn kit_with(&self, variables: &[(&str, &str)], change: impl FnOnce(&mut worker::Settings)) -> Kit {
        let (walls, runtimes) = (Arc::clone(&self.sandbox), Arc::clone(&self.runtimes));
        let inside = |_: &mut _, settings: &mut worker::Settings| change(settings);
        Kit::over(world::World::real(), walls, |_| runtimes, zip("app.py", APP), variables, inside)
    }
}

async fn an_event_goes_in_and_an_answer_comes_out(kit: Kit) {
    kit.start().await;
    let cold = kit.invoke(1, r#"{"a":1}"#).await;
    let answer = cold.json();
    assert_eq!(answer["event"]["a"], 1);
    assert_ne!(answer["uid"], 0);
    let outcome = cold.outcome.unwrap();
    assert!(outcome.memory_used_mb > 0 && outcome.init_duration.is_some());
    println!("cold: {:?}", outcome.spans);
    kit.reported(1, EnvironmentEvent::Idle).await;
    let warm = kit.invoke(2, r#"{"do":"print"}"#).await;
    let tail = warm.tail();
    for part in ["START RequestId", "one\n", "two\n", "END RequestId", "REPORT RequestId"] {
        assert!(tail.contains(part), "{part}: {tail}");
    }
    println!("warm: {:?}", warm.outcome.unwrap().spans);
    kit.reported(2, EnvironmentEvent::Idle).await;
    assert_eq!(kit.invoke(3, r#"{"do":"api"}"#).await.json(), "GET /2015-03-31/functions 20");
    let (kind, body) = kit.invoke(4, r#"{"do":"raise"}"#).await.failure();
    assert!(body.contains("boom"), "{kind} {body}");
    let log = kit.log_until("ValueError").await;
    let traceback = log.iter().find(|line| line.contains("Traceback")).unwrap();
    assert!(traceback.contains("ValueError"), "a traceback is one event: {log:?}");
    kit.worker.shutdown(Duration::from_secs(10)).await;
    println!("test an event goes in and an answer comes out, cold and warm ... ok");
}

async fn failures_are_answered_as_aws_answers(ground: &Ground) {
    let rows = [
        ("", r#"{"do":"sleep"}"#, "Sandbox.Timedout"),
        ("", r#"{"do":"exit"}"#, "Runtime.ExitError"),
        ("", r#"{"do":"memory"}"#, "Runtime.OutOfMemory"),
        ("import", "{}", "Runtime.ImportModuleError"),
    ];
    for (mode, event, expected) in rows {
        let kit = ground.kit(&[("MODE", mode)]);
        kit.start().await;
        let short = |invocation: &mut fabric::Invocation| {
            if expected == "Sandbox.Timedout" {
                invocation.timeout = Duration::from_secs(3);
            }
        };
        let answered = kit.invoke_with(Kit::request(1, event), short).await;
        let (kind, body) = answered.failure();
        assert_eq!(kind, expected, "{event} {body} {}", answered.tail());
        kit.reported(1, EnvironmentEvent::Gone).await;
        assert!(answered.outcome.as_ref().unwrap().memory_used_mb > 0, "{}", answered.tail());
        println!("{}", answered.tail());
    }
    println!("test failures are answered as AWS answers ... ok");
}

/// Everything stays on this machine: a listener on its loopback, a door to it, and what must not be one.
async fn egress_nat_opens_what_was_allowed_and_nothing_of_the_host(ground: &Ground) {
    if !ground.sandbox.capabilities().egress_nat {
        println!("test egress nat opens what was allowed ... skipped: no nat on this host");
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"the host's own").await; // it may be gone
        }
    });
    let kit = ground.kit_with(&[], |settings| {
        settings.egress = Egress::Nat;
        settings.allow_hosts = vec![address];
    });
    kit.start().await;
    let event = format!(
        r#"{{"do":"dial","port":{},"hosts":["host.tinderbox.internal","127.0.0.1","169.254.169.254"]}}"#,
        address.port()
    );
    let long = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(20);
    let answered = kit.invoke_with(Kit::request(1, &event), long).await;
    assert_eq!(answered.json(), serde_json::json!(["the host's own", "refused", "refused"]));
    kit.reported(1, EnvironmentEvent::Idle).await;
    assert_eq!(kit.invoke(2, r#"{"do":"api"}"#).await.json(), "GET /2015-03-31/functions 20");
    server.abort();
    println!("test egress nat opens what was allowed and nothing of the host ... ok");
}
