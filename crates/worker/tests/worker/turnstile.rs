//! The Runtime API from raw sockets, as hostile user code would speak it. The runtime itself only sleeps.

use crate::kit::{Kit, collect};
use crate::raw::{ID, NEXT, connect, hear, post, say, silent};
use fabric::CognitoIdentity;
use fabric::worker::WorkerInvoke;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn calls_out_of_order_and_under_wrong_ids_are_refused() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(Kit::request(1, "{\"a\":1}"));
    let runtime = async {
        let mut stream = connect(address).await;
        let early = say(&mut stream, &post(&format!("invocation/{ID}/response"), "", "1")).await;
        assert!(early.starts_with("HTTP/1.1 400 "), "{early}");
        let wrong = "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n";
        assert!(early.ends_with(wrong), "{early}");
        let event = say(&mut stream, NEXT).await;
        assert!(event.starts_with("HTTP/1.1 200 ") && event.ends_with("{\"a\":1}"), "{event}");
        let again = say(&mut stream, NEXT).await;
        assert!(again.ends_with("{\"a\":1}"), "a lost answer is said again: {again}");
        let late_init = say(&mut stream, &post("init/error", "", "{}")).await;
        assert!(late_init.starts_with("HTTP/1.1 403 "), "{late_init}");
        assert!(late_init.contains("\"errorType\":\"InvalidStateTransition\"}\n"), "{late_init}");
        let other = say(&mut stream, &post("invocation/other/response", "", "1")).await;
        assert!(other.starts_with("HTTP/1.1 400 ") && other.ends_with(wrong), "{other}");
        let good = say(&mut stream, &post(&format!("invocation/{ID}/response"), "", "\"x\"")).await;
        assert!(good.starts_with("HTTP/1.1 202 ") && good.ends_with("{\"status\":\"OK\"}\n"), "{good}");
        let twice = say(&mut stream, &post(&format!("invocation/{ID}/response"), "", "2")).await;
        assert!(twice.starts_with("HTTP/1.1 400 ") && twice.ends_with(wrong), "{twice}");
        for (path, status) in [("restore/error", "404"), ("invocation/next", "405"), ("nothing", "404")] {
            let answer = say(&mut stream, &post(path, "", "")).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        }
        let restore = b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n";
        let no_snapshot = say(&mut stream, restore).await;
        assert!(no_snapshot.starts_with("HTTP/1.1 404 ") && no_snapshot.ends_with("404 page not found\n"));
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let (frames, _stream) = tokio::join!(invoked, runtime);
    assert_eq!(collect(frames.unwrap()).await.json(), "x");
    kit.reported(1, fabric::assignment::EnvironmentEvent::Idle).await; // refusals end nothing
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_is_told_in_headers_and_what_is_not_known_in_none() {
    let (kit, address) = silent(|_| {}).await;
    let mut request = Kit::request(1, "{}");
    request.invocation.cognito_identity = Some(CognitoIdentity {
        identity_id: "eu-central-1:a".into(),
        identity_pool_id: "eu-central-1:b".into(),
    });
    request.invocation.tenant_id = Some("blue".into());
    let invoked = kit.worker.invoke(request);
    let runtime = async {
        let mut stream = connect(address).await;
        let event = say(&mut stream, NEXT).await.to_lowercase();
        let identity = r#"{"cognitoidentityid":"eu-central-1:a","cognitoidentitypoolid":"eu-central-1:b"}"#;
        for line in [
            "content-type: application/json",
            "lambda-runtime-aws-tenant-id: blue",
            "lambda-runtime-client-context: {\"a\": 1}",
            &format!("lambda-runtime-cognito-identity: {identity}"),
        ] {
            assert!(event.contains(&format!("\r\n{line}\r\n")), "{line}: {event}");
        }
        say(&mut stream, &post(&format!("invocation/{ID}/response"), "", "1")).await;
        stream.write_all(NEXT).await.unwrap();
        kit.reported(1, fabric::assignment::EnvironmentEvent::Idle).await;
        let next = kit.worker.invoke(Kit::request(2, "{}"));
        let (_frames, event) = tokio::join!(next, hear(&mut stream));
        let event = event.to_lowercase();
        assert!(!event.contains("cognito") && !event.contains("tenant"), "{event}");
    };
    let (frames, ()) = tokio::join!(invoked, runtime);
    assert_eq!(collect(frames.unwrap()).await.json(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_cut_at_the_limit_and_the_caller_answered() {
    let (kit, address) = silent(|_| {}).await;
    let invoked =
        kit.invoke_with(Kit::request(1, "{}"), |invocation| invocation.timeout = Duration::from_secs(2));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{ID}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
        while stream.write_all(&piece).await.is_ok() {} // until the deadline ends the environment
    };
    let (answered, ()) = tokio::join!(invoked, runtime);
    assert_eq!(answered.failure().0, "Function.ResponseSizeTooLarge");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_bounded_by_the_deadline() {
    let (kit, address) = silent(|_| {}).await;
    let invoked =
        kit.invoke_with(Kit::request(1, "{}"), |invocation| invocation.timeout = Duration::from_secs(1));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{ID}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await; // ended from outside, with or without a reset
    };
    let (answered, ()) = tokio::join!(invoked, runtime);
    assert_eq!(answered.failure().0, "Sandbox.Timedout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_the_end_of_its_environment() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.invoke(1, "{}");
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{ID}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
    };
    let (answered, ()) = tokio::join!(invoked, runtime);
    assert_eq!(answered.failure().0, "Runtime.TruncatedResponse");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_of_a_mebibyte_is_taken_and_a_header_bomb_is_not() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(Kit::request(1, "{}"));
    let runtime = async {
        let mut bomb = connect(address).await;
        let head = format!("GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(3 << 20));
        let _ = bomb.write_all(head.as_bytes()).await; // refused while it still writes
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let cause = format!(
            "Lambda-Runtime-Function-XRay-Error-Cause: {}\r\nLambda-Runtime-Function-Error-Type: Function.Bad\r\n",
            "c".repeat(1 << 20)
        );
        let answer = say(&mut stream, &post(&format!("invocation/{ID}/error"), &cause, "{}")).await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let (frames, _stream) = tokio::join!(invoked, runtime);
    assert_eq!(collect(frames.unwrap()).await.failure(), ("Function.Bad".to_owned(), "{}".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_past_the_bound_wait_and_pipelined_calls_are_answered_in_order() {
    let (_kit, address) = silent(|settings| settings.connections_max = 4).await;
    let ping: &[u8] = b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut served = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(address).await;
        assert!(say(&mut stream, ping).await.ends_with("pong"));
        served.push(stream);
    }
    let mut waits = connect(address).await;
    waits.write_all(ping).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(200), waits.read(&mut byte)).await;
    assert!(early.is_err(), "past the bound nobody is answered");
    let mut first = served.swap_remove(0);
    first.write_all(&[ping, ping].concat()).await.unwrap();
    assert!(hear(&mut first).await.ends_with("pong") && hear(&mut first).await.ends_with("pong"));
    drop(first);
    assert!(hear(&mut waits).await.ends_with("pong"), "a place came free");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_response_mode_is_refused_and_answered() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(Kit::request(1, "{}"));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let mode = "Lambda-Runtime-Function-Response-Mode: sideways\r\n";
        let answer = say(&mut stream, &post(&format!("invocation/{ID}/response"), mode, "1")).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("InvalidFunctionResponseMode"),
            "{answer}"
        );
        let mut stream = connect(address).await;
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let (frames, _stream) = tokio::join!(invoked, runtime);
    assert_eq!(collect(frames.unwrap()).await.failure().0, "Runtime.InvalidResponseModeHeader");
}
