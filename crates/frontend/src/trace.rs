//! `GET /_tinderbox/traces/REQUEST_ID`: the waterfall of one invocation.

use crate::Frontend;
use crate::answer::Answer;
use crate::authenticate::Caller;
use crate::errors::ApiError;
use fabric::telemetry::{Trace, TraceQuery};
use serde_json::json;
use types::RequestId;

pub(crate) const PATH: &str = "/_tinderbox/traces/";

/// Only invocations of the caller's own account and region are found.
pub(crate) async fn answer(frontend: &Frontend, caller: &Caller, id: &str) -> Result<Answer, ApiError> {
    let not_found = || Ok(Answer::json(404, r#"{"message":"There is no such trace (any more)."}"#));
    let Some(request_id) = RequestId::parse(id) else { return not_found() };
    let query = TraceQuery { scope: caller.scope(), request_id };
    match frontend.telemetry.get_trace(query).await {
        Ok(Some(trace)) => Ok(Answer::json(200, body(&trace))),
        Ok(None) => not_found(),
        Err(error) => {
            tracing::error!(%error, "a trace could not be read");
            Err(ApiError::service("The trace could not be read."))
        }
    }
}

/// Times in microseconds, `start_us` from the moment the request's head had been read.
fn body(trace: &Trace) -> String {
    let spans: Vec<_> = trace
        .spans
        .iter()
        .map(|span| {
            json!({
                "room": span.room,
                "start_us": span.start.as_micros() as u64,
                "duration_us": span.duration.as_micros() as u64,
            })
        })
        .collect();
    json!({
        "request_id": trace.request_id.to_string(),
        "function": trace.function,
        "started_ms": trace.started_ms,
        "cold": trace.cold,
        "error_type": trace.error_type,
        "spans": spans,
    })
    .to_string()
}
