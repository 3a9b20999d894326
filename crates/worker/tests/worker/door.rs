//! An environment's door to the Lambda API: what user code may send, and how much of it lies in the server's memory.

use crate::double::{OnHost, still};
use crate::kit::soon;
use crate::raw::{connect, hear, say, silent_in};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::World;

/// The door of an environment whose runtime is up, and the access key that it was given.
async fn door(world: World) -> (OnHost, SocketAddr, String) {
    let patient = |settings: &mut worker::Settings| settings.init_timeout = Duration::from_secs(900);
    let (kit, _) = silent_in(world, patient).await;
    let address = kit.sandbox.lambda_api.lock().unwrap().unwrap();
    let key = loop {
        let key = kit.sandbox.variables.lock().unwrap().get("AWS_ACCESS_KEY_ID").cloned();
        if let Some(key) = key {
            break key;
        }
        tokio::task::yield_now().await;
    };
    (kit, address, key)
}

fn head(path: &str, key: &str, bytes: usize) -> Vec<u8> {
    let credential = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/eu-central-1/lambda/aws4_request");
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {credential}\r\nContent-Length: {bytes}\r\n\r\n"
    )
    .into_bytes()
}

/// Those of `crates/worker/src/api_door/body.rs`.
const PART_WAIT_MAX: Duration = Duration::from_secs(20);
const MEMORY_WAIT_MAX: Duration = Duration::from_secs(10);

const CREATE: &str = "/2015-03-31/functions";
const INVOKE: &str = "/2015-03-31/functions/x/invocations";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_claims_other_credentials_is_answered_without_its_body() {
    let (_kit, address, key) = door(World::real()).await;
    let mut stranger = connect(address).await;
    // Not one byte of the body is sent: the answer does not wait for it.
    let answer = say(&mut stranger, &head(CREATE, "ASIASOMEBODYELSE", 60_000_000)).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("bytes"), "{answer}");
    let mut longer = connect(address).await;
    let answer = say(&mut longer, &head(CREATE, &format!("{key}X"), 60_000_000)).await;
    assert!(!answer.contains("bytes"), "{answer}");
    let mut own = connect(address).await;
    own.write_all(&head(CREATE, &key, 5)).await.unwrap();
    assert!(say(&mut own, b"12345").await.contains("with 5 bytes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_cut_one_byte_past_its_bound() {
    let (_kit, address, key) = door(World::real()).await;
    let mut stream = connect(address).await;
    stream.write_all(&head(INVOKE, &key, 7_000_000)).await.unwrap();
    let _ = stream.write_all(&vec![b'x'; 7_000_000]).await; // the rest is not read
    let answer = hear(&mut stream).await;
    assert!(answer.contains("with 6291457 bytes"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_for_bodies_is_bounded_who_waits_is_told_and_who_stalls_loses_it() {
    let (world, clock) = still();
    let (_kit, address, key) = door(world).await;
    let mut stalled = connect(address).await;
    stalled.write_all(&[&head(CREATE, &key, 60_000_000), &b"no more than this"[..]].concat()).await.unwrap();
    soon(clock.asleep(PART_WAIT_MAX, 1)).await;
    // What it reserved leaves room for one more, and not for two.
    let mut second = connect(address).await;
    second.write_all(&head(INVOKE, &key, 6_000_000)).await.unwrap();
    soon(clock.asleep(PART_WAIT_MAX, 2)).await;
    let mut third = connect(address).await;
    third.write_all(&head(INVOKE, &key, 6_000_000)).await.unwrap();
    soon(clock.asleep(MEMORY_WAIT_MAX, 1)).await;
    clock.advance(MEMORY_WAIT_MAX);
    let refused = hear(&mut third).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    // Small ones need none of it.
    let mut small = connect(address).await;
    small.write_all(&head(INVOKE, &key, 2)).await.unwrap();
    assert!(say(&mut small, b"{}").await.contains("with 2 bytes"));
    clock.advance(PART_WAIT_MAX - MEMORY_WAIT_MAX);
    for mut stalled in [stalled, second] {
        let mut rest = Vec::new();
        soon(stalled.read_to_end(&mut rest)).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).starts_with("HTTP/1.1 200"), "it is closed");
    }
    let mut again = connect(address).await;
    again.write_all(&head(CREATE, &key, 60_000_000)).await.unwrap();
    let _ = again.write_all(&vec![b'x'; 60_000_000]).await;
    assert!(hear(&mut again).await.contains("with 60000000 bytes"));
}
