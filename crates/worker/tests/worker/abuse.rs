//! What hostile user code may try with its own Runtime API: it gets answers as AWS gives them, or a closed
//! connection, and costs nobody but itself.

use crate::double::still;
use crate::kit::{ENVIRONMENT, Kit, WAIT, collect, soon};
use crate::raw::{ID, NEXT, connect, hear, post, say, silent, silent_in};
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{StopEnvironment, WorkerControl, WorkerInvoke};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use types::{Epoch, PartitionId};

const PING: &[u8] = b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n";
/// That of `crates/worker/src/heads.rs`.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Whether the other side closes it.
async fn closes(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(WAIT, stream.read_to_end(&mut rest)).await.is_ok()
}

async fn answer(stream: &mut TcpStream, body: &str) -> String {
    say(stream, &post(&format!("invocation/{ID}/response"), "", body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_ask_next_at_once_the_later_gets_the_event_and_the_other_is_refused() {
    let (kit, address) = silent(|_| {}).await;
    let (mut first, mut second) = (connect(address).await, connect(address).await);
    first.write_all(NEXT).await.unwrap();
    // The first is in before the second is sent: an environment that is up calls itself idle.
    kit.reported(1, EnvironmentEvent::Idle).await;
    second.write_all(NEXT).await.unwrap();
    let refused = hear(&mut first).await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && refused.contains("InvalidStateTransition"), "{refused}");
    let runtime = async {
        let event = hear(&mut second).await;
        assert!(event.ends_with("{\"a\":1}"), "{event}");
        let path = "invocation/00000000-0000-0000-0000-000000000002/response";
        assert!(say(&mut second, &post(path, "", "1")).await.starts_with("HTTP/1.1 202 "));
        second.write_all(NEXT).await.unwrap();
        second
    };
    let (answered, _second) = tokio::join!(kit.invoke(2, "{\"a\":1}"), runtime);
    assert_eq!(answered.json(), 1);
    kit.reported(2, EnvironmentEvent::Idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_answer_while_the_first_is_being_sent_is_refused_and_the_first_stands() {
    let (kit, address) = silent(|_| {}).await;
    let runtime = async {
        let mut first = connect(address).await;
        say(&mut first, NEXT).await;
        let whole = post(&format!("invocation/{ID}/response"), "", "\"first\"");
        let (front, rest) = whole.split_at(whole.len() - 3);
        first.write_all(front).await.unwrap();
        let mut second = connect(address).await;
        // Its head may be quicker than the first one's: then nothing has been refused yet.
        let refused = loop {
            let said = say(&mut second, &post("invocation/other/response", "", "1")).await;
            assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
            let next = say(&mut second, NEXT).await;
            if next.starts_with("HTTP/1.1 403 ") {
                break answer(&mut second, "\"second\"").await;
            }
        };
        assert!(
            refused.starts_with("HTTP/1.1 403 ") && refused.contains("InvalidStateTransition"),
            "{refused}"
        );
        first.write_all(rest).await.unwrap();
        assert!(hear(&mut first).await.starts_with("HTTP/1.1 202 "));
        first.write_all(NEXT).await.unwrap();
        first
    };
    let (answered, _first) = tokio::join!(kit.invoke(1, "{}"), runtime);
    assert_eq!(answered.json(), "first");
    kit.reported(1, EnvironmentEvent::Idle).await;
}

/// Asks next without end, and answers what it gets.
async fn ask_without_end(address: SocketAddr) {
    while let Ok(mut stream) = TcpStream::connect(address).await {
        loop {
            if stream.write_all(NEXT).await.is_err() {
                break;
            }
            let mut head = [0; 4096];
            let Ok(read @ 1..) = stream.read(&mut head).await else { break };
            let text = String::from_utf8_lossy(&head[..read]).to_lowercase();
            if let Some(id) = text.split("aws-request-id: ").nth(1).and_then(|rest| rest.get(..36)) {
                let reply = post(&format!("invocation/{id}/response"), "", "\"one of them\"");
                if stream.write_all(&reply).await.is_err() || stream.read(&mut head).await.is_err() {
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn user_code_that_asks_without_end_keeps_neither_an_invocation_nor_the_end_waiting() {
    let (kit, address) = silent(|_| {}).await;
    let asking: Vec<_> = (0..6).map(|_| tokio::spawn(ask_without_end(address))).collect();
    for token in 1..4 {
        assert_eq!(kit.invoke(token, "{}").await.json(), "one of them");
        kit.reported(token, EnvironmentEvent::Idle).await;
    }
    let stop = StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(1) };
    kit.worker.stop_environment(stop).await.unwrap();
    kit.reported(3, EnvironmentEvent::Gone).await;
    asking.iter().for_each(|task| task.abort());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_is_closed_and_a_connection_that_rests_is_not() {
    let patient = |settings: &mut worker::Settings| settings.init_timeout = Duration::from_secs(900);
    let (world, clock) = still();
    let (_kit, address) = silent_in(world, patient).await;
    let mut rests = connect(address).await;
    assert!(say(&mut rests, PING).await.ends_with("pong"));
    let mut slow = connect(address).await;
    slow.write_all(b"GET /2018-06-01/ping HTT").await.unwrap();
    soon(clock.asleep(HEAD_TIME_MAX, 1)).await;
    clock.advance(HEAD_TIME_MAX);
    assert!(closes(&mut slow).await);
    let mut later = connect(address).await;
    assert!(say(&mut later, PING).await.ends_with("pong"));
    later.write_all(b"GET").await.unwrap();
    soon(clock.asleep(HEAD_TIME_MAX, 1)).await;
    clock.advance(HEAD_TIME_MAX);
    assert!(closes(&mut later).await, "also behind a request that was answered");
    assert!(say(&mut rests, PING).await.ends_with("pong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_on_many_connections_are_bounded_together_and_an_honest_one_is_served() {
    let patient = |settings: &mut worker::Settings| settings.init_timeout = Duration::from_secs(900);
    // No time passes: none is closed for being slow.
    let (kit, address) = silent_in(still().0, patient).await;
    let mut bombs = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut bomb = connect(address).await;
        bomb.write_all(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nX: ").await.unwrap();
        let _ = bomb.write_all(&vec![b'x'; 1 << 20]).await; // refused while it still writes
        bombs.spawn(async move { bomb.read(&mut [0]).await });
    }
    for _ in 0..4 {
        soon(bombs.join_next()).await.expect("of eight mebibytes half are refused").unwrap().ok();
    }
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        answer(&mut stream, "1").await;
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let (answered, _stream) = tokio::join!(kit.invoke(1, "{}"), runtime);
    assert_eq!(answered.json(), 1);
    while bombs.try_join_next().is_some() {}
    assert!(!bombs.is_empty(), "what fits is not refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_for_a_call_that_is_refused_closes_its_connection_and_nothing_else() {
    let (kit, address) = silent(|_| {}).await;
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        let mut endless = connect(address).await;
        let path = "/2018-06-01/runtime/invocation/other/response";
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        endless.write_all(head.as_bytes()).await.unwrap();
        let piece = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
        let write = async { while endless.write_all(&piece).await.is_ok() {} };
        assert!(tokio::time::timeout(WAIT, write).await.is_ok(), "it is closed");
        assert!(answer(&mut stream, "1").await.starts_with("HTTP/1.1 202 "));
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let long = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(25);
    let (answered, _stream) = tokio::join!(kit.invoke_with(Kit::request(1, "{}"), long), runtime);
    assert_eq!(answered.json(), 1);
    kit.reported(1, EnvironmentEvent::Idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_pipelined_are_answered_in_order_an_invocation_included() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(Kit::request(1, "{\"a\":1}"));
    let runtime = async {
        let mut stream = connect(address).await;
        let reply = post(&format!("invocation/{ID}/response"), "", "\"piped\"");
        // It knows the id before it was told, which is no secret.
        stream.write_all(&[PING, NEXT, &reply, NEXT].concat()).await.unwrap();
        assert!(hear(&mut stream).await.ends_with("pong"));
        assert!(hear(&mut stream).await.ends_with("{\"a\":1}"));
        assert!(hear(&mut stream).await.starts_with("HTTP/1.1 202 "));
        stream
    };
    let (frames, _stream) = tokio::join!(invoked, runtime);
    assert_eq!(collect(frames.unwrap()).await.json(), "piped");
    kit.reported(1, EnvironmentEvent::Idle).await;
}
