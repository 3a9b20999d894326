//! CloudWatch Logs (`POST /` with `X-Amz-Target: Logs_20140328.OPERATION`).

use crate::Frontend;
use crate::answer::Answer;
use crate::authenticate::Caller;
use crate::errors::ApiError;
use bytes::Bytes;

/// Answers one operation of CloudWatch Logs. `target` is what follows `Logs_20140328.`.
pub(crate) async fn answer(_frontend: &Frontend, _caller: &Caller, target: &str, _body: Bytes) -> Answer {
    ApiError::not_implemented(target).target_answer()
}
