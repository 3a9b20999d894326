//! One HTTP connection to a server that speaks Lambda's API, and the few operations that a bench needs.

use crate::Outcome;
use base64::Engine;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

/// Well-formed credentials: without configured keys a server on loopback takes any, but reads and checks their form.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/lambda/aws4_request, \
SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000";
const ACTIVE_WAIT_MAX: Duration = Duration::from_secs(60);

/// The least `MemorySize`: a fourteenth of a processor, so anything that computes is throttled, as on AWS.
pub(crate) const SMALL_MB: u32 = 128;
/// `MemorySize` of one whole processor: nothing is throttled, so the platform is measured and not the share.
pub(crate) const WHOLE_PROCESSOR_MB: u32 = 1_769;

/// A connection that is kept open.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
    host: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) function_error: bool,
    pub(crate) request_id: String,
    pub(crate) body: Bytes,
}

/// What a no-op function of ours says.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Noop {
    /// How often its environment was invoked: 1 is a cold start.
    pub(crate) n: u64,
    /// When the handler began, microseconds since 1970.
    pub(crate) began_us: u64,
    pub(crate) environment: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        Self::on(stream).await
    }

    /// On a connection that was made elsewhere: it may begin in another network namespace.
    pub(crate) async fn over(stream: std::net::TcpStream) -> Outcome<Self> {
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        Self::on(TcpStream::from_std(stream).map_err(|error| error.to_string())?).await
    }

    async fn on(stream: TcpStream) -> Outcome<Self> {
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let address = stream.peer_addr().map_err(|error| error.to_string())?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| format!("{address}: {error}"))?;
        let driver = tokio::spawn(async move {
            let _ = connection.await; // the request on it says why it broke
        });
        Ok(Self { sender, driver: driver.abort_handle(), host: address.to_string() })
    }

    pub(crate) async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Outcome<Answer> {
        let failed = |error: &dyn std::fmt::Display| format!("{path}: {error}");
        self.sender.ready().await.map_err(|error| failed(&error))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("content-type", "application/json")
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(Full::new(body))
            .map_err(|error| failed(&error))?;
        let answer = self.sender.send_request(request).await.map_err(|error| failed(&error))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
        let function_error = parts.headers.contains_key("x-amz-function-error");
        let request_id = parts.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
        let request_id = request_id.unwrap_or_default().to_owned();
        Ok(Answer { status: parts.status, function_error, request_id, body })
    }

    /// Invokes and wants a good answer.
    pub(crate) async fn invoke(&mut self, path: &str, event: Bytes) -> Outcome<Bytes> {
        self.good(path, event).await.map(|answer| answer.body)
    }

    async fn good(&mut self, path: &str, event: Bytes) -> Outcome<Answer> {
        let answer = self.call(Method::POST, path, event).await?;
        if answer.status == StatusCode::OK && !answer.function_error {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)]).into_owned();
        Err(format!("{path}: {}: {said}", answer.status))
    }

    /// Invokes one of our no-op functions.
    pub(crate) async fn noop(&mut self, name: &str, event: &'static str) -> Outcome<Noop> {
        let body = self.invoke(&invoke_path(name), Bytes::from_static(event.as_bytes())).await?;
        serde_json::from_slice(&body).map_err(|error| format!("{name}: no answer of a no-op: {error}"))
    }

    /// The same, with an event that was put together.
    pub(crate) async fn noop_with(&mut self, name: &str, event: String) -> Outcome<Noop> {
        let body = self.invoke(&invoke_path(name), Bytes::from(event)).await?;
        serde_json::from_slice(&body).map_err(|error| format!("{name}: no answer of a no-op: {error}"))
    }

    /// Invokes one of our no-op functions; the answer, how long it took, and the invocation's id for [`Self::rooms`].
    pub(crate) async fn timed(&mut self, name: &str) -> Outcome<(Noop, Duration, String)> {
        let start = Instant::now();
        let answer = self.good(&invoke_path(name), Bytes::from_static(b"{}")).await?;
        let took = start.elapsed();
        let noop = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("{name}: no answer of a no-op: {error}"))?;
        Ok((noop, took, answer.request_id))
    }

    /// The rooms of an invocation's waterfall. It is written behind the answer: waited for, bounded.
    pub(crate) async fn rooms(&mut self, request_id: &str) -> Outcome<Vec<String>> {
        let path = format!("/_tinderbox/traces/{request_id}");
        let start = Instant::now();
        loop {
            let answer = self.call(Method::GET, &path, Bytes::new()).await?;
            if answer.status == StatusCode::OK {
                let trace: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
                let spans = trace["spans"].as_array().cloned().unwrap_or_default();
                return Ok(spans.iter().filter_map(|span| Some(span["room"].as_str()?.to_owned())).collect());
            }
            if start.elapsed() > ACTIVE_WAIT_MAX {
                return Err(format!("{path}: {}: {}", answer.status, String::from_utf8_lossy(&answer.body)));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Creates a function and waits until it is active.
    pub(crate) async fn create(&mut self, name: &str, package: &Package, memory_mb: u32) -> Outcome<()> {
        let body = json!({
            "FunctionName": name,
            "Runtime": package.runtime,
            "Handler": package.handler,
            "Role": "arn:aws:iam::000000000000:role/bench",
            "Code": { "ZipFile": base64::engine::general_purpose::STANDARD.encode(&package.zip) },
            "Timeout": 120,
            "MemorySize": memory_mb,
        });
        let answer = self.call(Method::POST, "/2015-03-31/functions", Bytes::from(body.to_string())).await?;
        if answer.status != StatusCode::CREATED {
            return Err(format!(
                "create {name}: {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            ));
        }
        let start = Instant::now();
        loop {
            let path = format!("/2015-03-31/functions/{name}/configuration");
            let answer = self.call(Method::GET, &path, Bytes::new()).await?;
            let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            match value.get("State").and_then(Value::as_str) {
                Some("Active") => return Ok(()),
                Some("Pending") if start.elapsed() < ACTIVE_WAIT_MAX => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                _ => return Err(format!("{name} is not active: {value}")),
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A function's code and what its creation says of it.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) runtime: String,
    pub(crate) handler: &'static str,
    pub(crate) zip: Vec<u8>,
}

pub(crate) fn invoke_path(name: &str) -> String {
    format!("/2015-03-31/functions/{name}/invocations")
}
