//! The endpoint as the commands see it: signed HTTP to the public API, nothing else.
//!
//! No command has a way in that the aws cli does not have; what works here works with every SDK.

mod sign;

use crate::cli::Global;
use crate::failure::{Exit, Failure};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sign::{Keys, Scope, encode, sign};
use std::time::Duration;
use world::World;

/// Somebody listens or nobody does.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// The longest invocation and its cold start.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(960);
/// More than any answer of the API: a payload of 6 MB in the worst escaping.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One endpoint, one caller.
#[derive(Clone)]
pub(crate) struct Client {
    world: World,
    /// `HOST:PORT`, also the Host header.
    authority: String,
    region: String,
    keys: Keys,
}

/// A request before it is signed.
pub(crate) struct Request<'a> {
    pub(crate) service: &'static str,
    pub(crate) method: Method,
    /// Segments are encoded with [`segment`].
    pub(crate) path: String,
    pub(crate) query: Vec<(&'a str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// An answer with a good status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::here(format!("the endpoint answered something that is no JSON: {error}"))
        })
    }
}

/// A path segment, encoded.
pub(crate) fn segment(text: &str) -> String {
    encode(text)
}

impl Client {
    pub(crate) fn new(world: World, global: &Global) -> Result<Self, Failure> {
        let endpoint = global.endpoint();
        let advice = "give it as --endpoint http://127.0.0.1:9955 or in TINDERBOX_ENDPOINT";
        if endpoint.starts_with("https://") {
            return Err(Failure::here(format!("{endpoint}: this client speaks plain http only"))
                .advise("use the address behind the TLS proxy, or the aws cli"));
        }
        let authority = endpoint.strip_prefix("http://").unwrap_or(&endpoint).trim_end_matches('/');
        let parsed = authority.parse::<http::uri::Authority>();
        let Ok(authority) =
            parsed.map_err(drop).and_then(|it| if it.host().is_empty() { Err(()) } else { Ok(it) })
        else {
            return Err(Failure::here(format!("{endpoint} is no endpoint")).advise(advice));
        };
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            world,
            authority: format!("{}:{port}", authority.host()),
            region: global.region(),
            keys: Keys::of_process(),
        })
    }

    /// A GET, POST, PUT or DELETE of the Lambda API with a JSON body.
    pub(crate) async fn lambda(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let mut headers = Vec::new();
        let mut bytes = Bytes::new();
        if let Some(body) = body {
            headers.push(("content-type", "application/json".to_owned()));
            bytes = Bytes::from(body.to_string());
        }
        self.call(Request { service: "lambda", method, path, query: Vec::new(), headers, body: bytes }).await
    }

    /// An operation of CloudWatch Logs.
    pub(crate) async fn logs(&self, operation: &str, body: &Value) -> Result<Value, Failure> {
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("Logs_20140328.{operation}")),
        ];
        let body = Bytes::from(body.to_string());
        let method = Method::POST;
        let request =
            Request { service: "logs", method, path: "/".to_owned(), query: Vec::new(), headers, body };
        let reply = self.call(request).await?;
        // Operations without an answer, as DeleteLogGroup, have an empty one.
        if reply.body.is_empty() { Ok(Value::Null) } else { reply.json() }
    }

    /// Signs, sends and waits; an error status is a [`Failure`] with AWS's error type.
    pub(crate) async fn call(&self, request: Request<'_>) -> Result<Reply, Failure> {
        let method = request.method.clone();
        let request = self.signed(request)?;
        let answer = self.world.timeout(ANSWER_WAIT_MAX, self.exchange(request)).await;
        let (status, headers, body) =
            answer.unwrap_or_else(|| Err(Failure::here("the endpoint did not answer in time")))?;
        if status.is_success() {
            return Ok(Reply { headers, body });
        }
        tracing::debug!(%method, %status, "refused");
        Err(refusal(status, &headers, &body))
    }

    fn signed(&self, request: Request<'_>) -> Result<http::Request<Full<Bytes>>, Failure> {
        let bad =
            |error: &dyn std::fmt::Display| Failure::here(format!("the request can not be made: {error}"));
        let mut pairs: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.sort();
        let query = pairs.join("&");
        let mut headers = HeaderMap::new();
        headers
            .insert(http::header::HOST, HeaderValue::from_str(&self.authority).map_err(|error| bad(&error))?);
        for (name, value) in &request.headers {
            let value = HeaderValue::from_str(value).map_err(|error| bad(&error))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let date = self.date();
        let scope = Scope { region: &self.region, service: request.service, date: &date };
        let method = request.method.as_str();
        sign(&self.keys, &scope, method, &request.path, &query, &mut headers, &request.body)
            .map_err(|error| bad(&error))?;
        let uri = if query.is_empty() { request.path } else { format!("{}?{query}", request.path) };
        let mut built = http::Request::new(Full::new(request.body));
        *built.method_mut() = request.method;
        *built.uri_mut() = uri.parse().map_err(|error| bad(&error))?;
        *built.headers_mut() = headers;
        Ok(built)
    }

    fn date(&self) -> String {
        let seconds = i64::try_from(self.world.wall().millis() / 1_000).unwrap_or(0);
        let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
        date.and_then(|date| date.format(&format).ok()).unwrap_or_default()
    }

    async fn exchange(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Failure> {
        let connect = tokio::net::TcpStream::connect(self.authority.as_str());
        let connected = self.world.timeout(CONNECT_WAIT_MAX, connect).await;
        let stream = match connected {
            Some(Ok(stream)) => stream,
            Some(Err(error)) => return Err(self.unreachable(&error.to_string())),
            None => return Err(self.unreachable("no answer")),
        };
        let broken = |error: hyper::Error| {
            Failure::new(Exit::Unreachable, format!("the connection to {} broke: {error}", self.authority))
                .advise("look at the server's own output; it says why")
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let driver = self.world.spawn("client-connection", async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection ended early");
            }
        });
        let answer = sender.send_request(request).await.map_err(broken);
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                driver.abort();
                return Err(failure);
            }
        };
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        driver.abort();
        let body = body.map_err(|error| Failure::here(format!("the answer broke off: {error}")))?;
        Ok((parts.status, parts.headers, body.to_bytes()))
    }

    fn unreachable(&self, reason: &str) -> Failure {
        Failure::new(Exit::Unreachable, format!("nobody answers at http://{}: {reason}", self.authority))
            .advise(
                "start a server with `tinderbox up`, or name another with --endpoint or TINDERBOX_ENDPOINT",
            )
    }
}

/// What an error answer says, in the words of the Lambda API (`Message`) or of CloudWatch Logs (`message`).
fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    let error_type = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let error_type = error_type.or_else(|| member("__type")).unwrap_or("");
    // `com.amazonaws.logs#ResourceNotFoundException:http://…`
    let error_type = error_type.split(':').next().unwrap_or("").rsplit('#').next().unwrap_or("");
    let message = member("Message").or_else(|| member("message")).map(str::to_owned);
    let message =
        message.unwrap_or_else(|| String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned());
    let failure = match error_type {
        "" => Failure::new(Exit::Refused, format!("{status}: {message}")),
        _ => Failure::new(Exit::Refused, format!("{error_type}: {message}")).of_type(error_type),
    };
    match error_type {
        "InvalidSignatureException"
        | "UnrecognizedClientException"
        | "MissingAuthenticationTokenException" => failure.advise(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair of the server's --credentials file",
        ),
        "TooManyRequestsException" => failure.advise("try again in a moment, or give `up` more --memory"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_answer_is_read_in_both_spellings_and_without_any() {
        let mut headers = HeaderMap::new();
        let said = |headers: &HeaderMap, body: &str| {
            let failure = refusal(StatusCode::NOT_FOUND, headers, body.as_bytes());
            (failure.message, failure.error_type)
        };
        let (message, error_type) =
            said(&headers, r#"{"__type":"ResourceNotFoundException","message":"No such group"}"#);
        assert_eq!(message, "ResourceNotFoundException: No such group");
        assert_eq!(error_type.as_deref(), Some("ResourceNotFoundException"));
        assert_eq!(said(&headers, "<html>").0, "404 Not Found: <html>");
        headers.insert("x-amzn-errortype", HeaderValue::from_static("ResourceConflictException"));
        let body = r#"{"Type":"User","Message":"Function already exist: a"}"#;
        assert_eq!(said(&headers, body).0, "ResourceConflictException: Function already exist: a");
    }
}
