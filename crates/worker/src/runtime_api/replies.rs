//! What the Runtime API answers, byte by byte.

use super::turnstile::{Delivery, Refusal};
use crate::keys::Keys;
use bytes::Bytes;
use fabric::CognitoIdentity;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use runtime_api::{ErrorBody, body, header, refusal};
use time::OffsetDateTime;
use time::macros::format_description;
use world::{WallTime, World};

/// Ours: AWS has no such header, since its clients learn of a restore by `restore/next` alone.
const COPIED: HeaderName = HeaderName::from_static("tinderbox-copied");

pub(super) type Reply = Response<Full<Bytes>>;

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

pub(super) fn accepted() -> Reply {
    reply(StatusCode::ACCEPTED, body::JSON, body::ACCEPTED)
}

/// Of `restore/next`: there is nothing to say.
pub(super) fn restored() -> Reply {
    reply(StatusCode::OK, body::JSON, "")
}

/// As every AWS SDK reads them from a container's door.
pub(super) fn credentials(keys: &Keys, headers: &HeaderMap) -> Reply {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if keys.token().is_none() || given != keys.token().map(str::as_bytes) {
        let text = "cannot get credentials for the provided token\n";
        return reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text);
    }
    let (credentials, until) = keys.current();
    let said = serde_json::json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": expiration(until),
    });
    reply(StatusCode::OK, body::JSON, said.to_string())
}

/// `2026-10-08T17:14:57Z`.
fn expiration(until: WallTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let at = OffsetDateTime::from_unix_timestamp((until.millis() / 1_000) as i64);
    at.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(format).unwrap_or_default()
}

pub(super) fn pong() -> Reply {
    reply(StatusCode::OK, "text/plain; charset=utf-8", "pong")
}

pub(super) fn not_found() -> Reply {
    reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", body::NOT_FOUND)
}

pub(super) fn method_not_allowed() -> Reply {
    reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "")
}

pub(super) fn refused(why: &Refusal) -> Reply {
    let (status, error_type, message) = match why {
        Refusal::InvalidRequestId => {
            (StatusCode::BAD_REQUEST, refusal::INVALID_REQUEST_ID, "Invalid request ID".to_owned())
        }
        Refusal::Transition { from, to } => (
            StatusCode::FORBIDDEN,
            refusal::INVALID_STATE_TRANSITION,
            format!(
                "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
            ),
        ),
        Refusal::BodyTooLarge { limit } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            refusal::REQUEST_ENTITY_TOO_LARGE,
            format!("Exceeded maximum allowed payload size ({limit} bytes)."),
        ),
        Refusal::BodyTruncated => (
            StatusCode::BAD_REQUEST,
            refusal::TRUNCATED_HTTP_REQUEST,
            "HTTP request detected as truncated".to_owned(),
        ),
        Refusal::ResponseMode => (
            StatusCode::BAD_REQUEST,
            refusal::INVALID_RESPONSE_MODE,
            "Invalid function response mode".to_owned(),
        ),
    };
    let error = ErrorBody { message, error_type: error_type.to_owned() };
    // Two strings always encode.
    let mut body = serde_json::to_vec(&error).unwrap_or_default();
    body.push(b'\n');
    reply(status, body::JSON, body)
}

/// The event and everything about it. Empty headers are left out.
pub(super) fn invocation(world: &World, delivery: &Delivery) -> Reply {
    let invocation = &delivery.invocation;
    let mut reply = reply(StatusCode::OK, body::JSON, invocation.payload.clone());
    let headers = reply.headers_mut();
    let mut put = |name: HeaderName, value: &str| {
        if let Some(value) = header_value(value) {
            headers.insert(name, value);
        }
    };
    put(header::REQUEST_ID, &delivery.id);
    put(header::DEADLINE_MS, &delivery.deadline.millis().to_string());
    put(header::INVOKED_ARN, &invocation.invoked_arn.to_string());
    put(header::TRACE_ID, &invocation.trace_id);
    put(header::CLIENT_CONTEXT, invocation.client_context.as_deref().unwrap_or_default());
    let identity = invocation.cognito_identity.as_ref().map(cognito_identity);
    put(header::COGNITO_IDENTITY, identity.as_deref().unwrap_or_default());
    put(header::TENANT_ID, invocation.tenant_id.as_deref().unwrap_or_default());
    tracing::trace!(id = %delivery.id, after = ?world.now().since(delivery.delivered), "the runtime takes the event");
    reply
}

/// Of a copy's first event.
pub(super) fn marked(mut reply: Reply, copied: bool) -> Reply {
    if copied {
        reply.headers_mut().insert(COPIED, HeaderValue::from_static("1"));
    }
    reply
}

/// As the clients read it.
fn cognito_identity(identity: &CognitoIdentity) -> String {
    let CognitoIdentity { identity_id, identity_pool_id } = identity;
    serde_json::json!({"cognitoIdentityId": identity_id, "cognitoIdentityPoolId": identity_pool_id})
        .to_string()
}

/// The value, its control characters as spaces: a client context is JSON and may have been written with newlines,
/// which no header carries and JSON can do without.
fn header_value(text: &str) -> Option<HeaderValue> {
    if text.is_empty() {
        return None;
    }
    match HeaderValue::from_bytes(text.as_bytes()) {
        Ok(value) => Some(value),
        Err(_) => {
            let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            HeaderValue::from_bytes(plain.as_bytes()).ok()
        }
    }
}
