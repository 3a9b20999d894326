//! `Blobs` in a real S3 server's bucket.

use crate::kit::S3Server;
use crate::proxy::Proxy;
use bytes::Bytes;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use substrate::s3::{S3, S3Keys, S3Settings};
use substrate::{BlobError, BlobKey, Blobs, conformance};
use world::World;

const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, \
    SignedHeaders=host, Signature=any";

/// A request of our own, past the provider: the server checks no signature, only that there is one.
fn request(server: SocketAddr, method: &str, path: &str, body: &str) {
    let mut stream = TcpStream::connect(server).expect("connects");
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{SIGNED}\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn blobs(
    world: &World,
    address: SocketAddr,
    bucket: &str,
    prefix: &str,
) -> Result<Arc<dyn Blobs>, BlobError> {
    let keys = S3Keys { access_key_id: "any".into(), secret_access_key: "any".into(), session_token: None };
    let address = format!("s3://{bucket}{prefix}?endpoint=http://{address}");
    let settings = S3Settings::parse(&address, Some(keys)).expect("an address");
    Ok(Arc::new(S3::open(world, settings).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_s3_bucket_passes_the_blobs_suite() {
    let world = World::real();
    let Some(server) = S3Server::start(&world).await else { return };
    let missing = blobs(&world, server.address, "bucket", "").await.err();
    assert!(
        matches!(missing, Some(BlobError::Unavailable { .. })),
        "a bucket is the operator's: {missing:?}"
    );
    request(server.address, "PUT", "/bucket", "");
    let open =
        async |prefix: &'static str| blobs(&world, server.address, "bucket", prefix).await.expect("opens");
    conformance::blobs(open("").await).await;
    conformance::blobs(open("/some/where").await).await;
    conformance::blobs_survive(|| open("")).await;
    let damage =
        |key: &BlobKey| request(server.address, "PUT", &format!("/bucket/{}", key.hex()), "other bytes");
    conformance::blobs_damaged(open("").await, damage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_something_else_below_sees_and_removes_nothing_of_the_others() {
    let world = World::real();
    let Some(server) = S3Server::start(&world).await else { return };
    request(server.address, "PUT", "/bucket", "");
    for prefix in ["", "/functions"] {
        let keys =
            S3Keys { access_key_id: "any".into(), secret_access_key: "any".into(), session_token: None };
        let address = format!("s3://bucket{prefix}?endpoint=http://{}", server.address);
        let settings = S3Settings::parse(&address, Some(keys)).expect("an address");
        let logs = S3::open(&world, settings.below("logs")).await.expect("opens");
        let code = S3::open(&world, settings).await.expect("opens");
        let both = code.put("in both".into()).await.expect("stored");
        logs.put("in both".into()).await.expect("stored");
        let block = logs.put("a block".into()).await.expect("stored");
        assert_eq!(code.list(None, 10).await.expect("listed"), [both]);
        assert_eq!(code.list(Some(&both), 10).await.expect("listed"), []);
        assert_eq!(code.exists(&block).await, Ok(false));
        code.delete(&both).await.expect("deleted");
        assert_eq!(logs.get(&both).await, Ok("in both".into()));
        for key in logs.list(None, 10).await.expect("listed") {
            logs.delete(&key).await.expect("deleted");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_to_s3_that_is_cut_costs_time_and_nothing_else() {
    let world = World::real();
    let Some(server) = S3Server::start(&world).await else { return };
    request(server.address, "PUT", "/bucket", "");
    let proxy = Proxy::to(server.address);
    let blobs = blobs(&world, proxy.address, "bucket", "").await.expect("opens");
    let putting = async {
        for number in 0..20_u8 {
            let bytes = Bytes::from(vec![number; 1_000_000]);
            let key = blobs.put(bytes.clone()).await.expect("stored in the end");
            assert_eq!(blobs.get(&key).await, Ok(bytes));
        }
    };
    let cutting = async {
        for _ in 0..5 {
            world.clock.sleep(std::time::Duration::from_millis(100)).await;
            proxy.cut();
        }
    };
    tokio::join!(putting, cutting);
    assert_eq!(blobs.list(None, 100).await.expect("listed").len(), 20);
}
