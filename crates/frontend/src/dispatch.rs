//! Room 2: what a request is for, what it may send, who may send it, and who answers it.

use crate::answer::Answer;
use crate::authenticate::{self, Caller, Claim, Head, Keys};
use crate::errors::ApiError;
use crate::routes::Call;
use crate::{Frontend, download, invoke, logs, routes, trace};
use bytes::Bytes;
use http::HeaderMap;
use lambda_api::{Operation, PathLabels, Routed, overrides};
use std::sync::Arc;
use types::{RequestId, limits};
use world::Instant;

/// The part of `X-Amz-Target` before the operation.
const LOGS_TARGET: &str = "Logs_20140328.";

/// Which of the things behind this port a request is for. Function URLs and the console come in here.
#[derive(Debug)]
pub(crate) enum Destination<'a> {
    Lambda {
        operation: Operation,
        labels: PathLabels<'a>,
    },
    /// The operation's name.
    Logs(&'a str),
    /// STS, IAM and others that post forms.
    Query,
    Health,
    /// What follows [`download::PATH`].
    Code(&'a str),
    /// A request id.
    Trace(&'a str),
    Unknown,
}

/// One request's way from its head to its body.
pub(crate) struct Plan<'a> {
    destination: Destination<'a>,
    /// `None` where no caller is needed.
    claim: Option<Claim<'a>>,
}

/// What is the same for every step of a request.
pub(crate) struct Request<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) request_id: RequestId,
    /// When its head had been read.
    pub(crate) received: Instant,
}

impl<'a> Destination<'a> {
    pub(crate) fn of(head: &Head<'a>) -> Self {
        if let Some(own) = head.path.strip_prefix("/_tinderbox/") {
            return match (head.method, own) {
                ("GET", "health") => Self::Health,
                ("GET", _) if head.path.starts_with(download::PATH) => {
                    Self::Code(&head.path[download::PATH.len()..])
                }
                ("GET", _) if head.path.starts_with(trace::PATH) => {
                    Self::Trace(&head.path[trace::PATH.len()..])
                }
                _ => Self::Unknown,
            };
        }
        if head.path == "/" && head.method == "POST" {
            let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
            return match target.map(|target| target.strip_prefix(LOGS_TARGET)) {
                Some(Some(operation)) => Self::Logs(operation),
                Some(None) => Self::Unknown,
                None => Self::Query,
            };
        }
        match lambda_api::route(head.method, head.path, head.query) {
            Routed::Matched { operation, labels } => Self::Lambda { operation, labels },
            Routed::WrongMethod | Routed::Unknown => Self::Unknown,
        }
    }

    /// The largest body, bytes.
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self {
            Self::Lambda { operation: Operation::CreateFunction | Operation::UpdateFunctionCode, .. } => {
                limits::CREATE_BODY_BYTES_MAX
            }
            Self::Lambda { operation: Operation::Invoke | Operation::InvokeWithResponseStream, .. } => {
                limits::PAYLOAD_BYTES_MAX
            }
            Self::Health | Self::Code(_) | Self::Trace(_) => 0,
            _ => limits::REQUEST_BODY_BYTES_MAX,
        }
    }

    /// The refusal of a body of `bytes`, in the operation's own words.
    pub(crate) fn too_large(&self, bytes: u64) -> ApiError {
        let limit = self.body_bytes_max();
        match self {
            Self::Lambda { operation: Operation::Invoke | Operation::InvokeWithResponseStream, .. } => {
                ApiError::too_large(format!(
                    "{bytes} byte payload is too large for the RequestResponse invocation type (limit {limit} bytes)"
                ))
            }
            Self::Lambda { operation, .. } => ApiError::too_large(format!(
                "Request must be smaller than {limit} bytes for the {} operation",
                operation.name()
            )),
            _ => ApiError::too_large(format!("Request must be smaller than {limit} bytes")),
        }
    }

    /// The service names that a credential scope may carry.
    fn services(&self) -> &'static [&'static str] {
        match self {
            Self::Lambda { .. } => &["lambda"],
            Self::Logs(_) => &["logs"],
            _ => &["lambda", "logs", "sts", "iam"],
        }
    }

    /// An error in the way that this destination's clients read them.
    pub(crate) fn refuse(&self, error: &ApiError) -> Answer {
        match self {
            Self::Logs(_) => error.target_answer(),
            Self::Query => error.query_answer(),
            _ => error.answer(),
        }
    }
}

impl<'a> Plan<'a> {
    /// The first step, before the body: verifies what can be without it. A refusal is ready to be sent.
    pub(crate) fn new(
        destination: Destination<'a>,
        frontend: &Frontend,
        keys: &Keys<'a>,
        head: &Head<'a>,
    ) -> Result<Self, Box<Answer>> {
        if matches!(destination, Destination::Health | Destination::Code(_)) {
            return Ok(Self { destination, claim: None });
        }
        match authenticate::claim(keys, head, destination.services(), frontend.world.wall()) {
            Ok(claim) => Ok(Self { destination, claim: Some(claim) }),
            Err(error) => Err(Box::new(destination.refuse(&error))),
        }
    }

    pub(crate) fn destination(&self) -> &Destination<'a> {
        &self.destination
    }

    /// The second step, with the body.
    pub(crate) async fn answer(self, frontend: &Arc<Frontend>, request: &Request<'_>, body: Bytes) -> Answer {
        let caller = match self.claim.map(|claim| claim.verify(&request.head, &body)).transpose() {
            Ok(caller) => caller,
            Err(error) => return self.destination.refuse(&error),
        };
        let answer = match (&self.destination, caller) {
            (Destination::Health, _) => Ok(Answer::json(200, r#"{"status":"ok"}"#)),
            (Destination::Code(rest), _) => {
                frontend.downloads.answer(&*frontend.control, rest, frontend.world.wall()).await
            }
            (Destination::Lambda { operation, labels }, Some(caller)) => {
                lambda(frontend, request, *operation, labels, &caller, body).await
            }
            (Destination::Logs(operation), Some(caller)) => logs(frontend, &caller, operation, &body).await,
            (Destination::Trace(id), Some(caller)) => trace::answer(frontend, &caller, id).await,
            (Destination::Query, Some(_)) => Err(ApiError::not_implemented(&query_action(&body))),
            (_, _) => Err(unknown(&request.head)),
        };
        answer.unwrap_or_else(|error| self.destination.refuse(&error))
    }
}

async fn lambda(
    frontend: &Arc<Frontend>,
    request: &Request<'_>,
    operation: Operation,
    labels: &PathLabels<'_>,
    caller: &Caller,
    body: Bytes,
) -> Result<Answer, ApiError> {
    let call = Call { caller, labels, request, body };
    match operation {
        Operation::Invoke => invoke::invoke(frontend, call).await,
        Operation::InvokeWithResponseStream => invoke::invoke_with_response_stream(frontend, call).await,
        // Boxed: the hot path above must not carry the largest of the others.
        operation => Box::pin(routes::answer(frontend, operation, call)).await,
    }
}

async fn logs(
    frontend: &Frontend,
    caller: &Caller,
    operation: &str,
    body: &[u8],
) -> Result<Answer, ApiError> {
    let now = frontend.world.wall();
    match logs::answer(&*frontend.telemetry, &caller.scope(), now, operation, body).await {
        Ok(body) => Ok(Answer::typed(200, "application/x-amz-json-1.1", body)),
        Err(error) => Err(ApiError::new(error.shape, error.message)),
    }
}

fn unknown(head: &Head<'_>) -> ApiError {
    ApiError::new(
        &overrides::UNKNOWN_OPERATION_EXCEPTION,
        format!("No operation is at {} {}", head.method, head.path),
    )
}

/// `Action=GetCallerIdentity&Version=…`; the name is the client's, so it is cut and cleaned.
fn query_action(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(256)]).into_owned();
    let action = text.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or("this service");
    action.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ' ').take(64).collect()
}

/// What every answer carries.
pub(crate) fn finish(answer: Answer, request_id: RequestId) -> Answer {
    answer.with("x-amzn-requestid", request_id.to_string())
}

/// One header as text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
