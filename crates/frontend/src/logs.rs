//! CloudWatch Logs (`POST /` with `X-Amz-Target: Logs_20140328.OPERATION`).

use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::Telemetry;
use lambda_api::{ErrorShape, overrides};
use world::WallTime;

/// A refusal; its body is `{"__type":…,"message":…}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogsError {
    pub(crate) shape: &'static ErrorShape,
    pub(crate) message: String,
}

/// Answers one operation; `operation` is what follows `Logs_20140328.` in `X-Amz-Target`. The body may be empty.
pub(crate) async fn answer(
    _telemetry: &dyn Telemetry,
    _scope: &Scope,
    _now: WallTime,
    operation: &str,
    _body: &[u8],
) -> Result<Bytes, LogsError> {
    let name: String = operation.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    let message = format!("Tinderbox does not implement {name} of CloudWatch Logs yet");
    Err(LogsError { shape: &overrides::NOT_IMPLEMENTED_EXCEPTION, message })
}
