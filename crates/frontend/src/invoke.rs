//! Room 3, the heart room: an invocation is built here once, and its answer comes back here.
//!
//! ```text
//! request ─► checked ─► resolved ─► admitted ─► spawned task:
//!
//!   Acquiring ──lease──► Starting ──frames──► Running ──Response──► Answered ──Outcome──► Traced
//!       ▲  └─refused─► 429, 503, 500  │            └─ broken off ─► 500 (never tried again: user code saw it)
//!       └── Stale, Busy, Gone ────────┘  (before user code: asked again, a bounded number of times)
//! ```
//! The task belongs to the invocation and not to the connection: a caller who hangs up cancels nothing, as on
//! AWS, and a lease is never lost between being granted and being used.

mod payload;
mod run;

use crate::Frontend;
use crate::answer::Answer;
use crate::dispatch::header;
use crate::errors::ApiError;
use crate::routes::{Call, Target, check_state, no_content, target, unsupported};
use bytes::Bytes;
use fabric::ResolvedVersion;
use fabric::control::ControlError;
use lambda_api::lambda::shapes::{InvocationRequest, InvokeWithResponseStreamRequest};
use run::{Reply, Run};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Asks that the answer waits until the waterfall can be read (`tinderbox invoke --trace`).
const TRACE_HEADER: &str = "x-tinderbox-trace";

/// What both operations have in common, once read.
struct Order {
    operation: &'static str,
    function_name: Option<String>,
    qualifier: Option<String>,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
    streaming: bool,
}

pub(crate) async fn invoke(frontend: &Arc<Frontend>, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: InvocationRequest = call.input()?;
    unsupported::check(&unsupported::INVOKE, &input)?;
    let order = Order {
        operation: "InvokeFunction",
        function_name: input.function_name,
        qualifier: input.qualifier,
        invocation_type: input.invocation_type,
        log_type: input.log_type,
        client_context: input.client_context,
        streaming: false,
    };
    carry_out(frontend, call, order).await
}

pub(crate) async fn invoke_with_response_stream(
    frontend: &Arc<Frontend>,
    call: Call<'_>,
) -> Result<Answer, ApiError> {
    let input: InvokeWithResponseStreamRequest = call.input()?;
    unsupported::check(&unsupported::INVOKE_WITH_RESPONSE_STREAM, &input)?;
    let order = Order {
        operation: "InvokeFunction",
        function_name: input.function_name,
        qualifier: input.qualifier,
        invocation_type: input.invocation_type,
        log_type: input.log_type,
        client_context: input.client_context,
        streaming: true,
    };
    carry_out(frontend, call, order).await
}

async fn carry_out(frontend: &Arc<Frontend>, call: Call<'_>, order: Order) -> Result<Answer, ApiError> {
    let target =
        target(call.caller, order.operation, order.function_name.as_deref(), order.qualifier.as_deref())?;
    if order.invocation_type.as_deref() == Some("Event") {
        return Err(ApiError::not_implemented("Invoke with InvocationType Event"));
    }
    let payload = payload::checked(&frontend.world, call.body).await?;
    let client_context = order.client_context.as_deref().map(payload::client_context).transpose()?;
    let resolve_start = frontend.world.now();
    let resolved = found(&target, frontend.control.resolve(target.named.clone()).await)?;
    check_state(resolved.state)?;
    if order.invocation_type.as_deref() == Some("DryRun") {
        return Ok(no_content());
    }
    let permit = frontend.admission.admit()?;
    let headers = call.request.head.headers;
    let log_tail = order.log_type.as_deref() == Some("Tail");
    let invocation = fabric::Invocation {
        request_id: call.request.request_id,
        invoked_arn: target.arn.clone(),
        payload,
        timeout: resolved.timeout,
        trace_id: payload::trace_id(&frontend.world, header(headers, "x-amzn-trace-id")),
        client_context,
        // Nobody has credentials of an identity pool here, and `TenantId` is refused (`unsupported::INVOKE`).
        cognito_identity: None,
        tenant_id: None,
        streaming: order.streaming,
        log_tail,
    };
    let (reply, answer) = oneshot::channel();
    let run = Run {
        frontend: Arc::clone(frontend),
        target,
        resolved,
        invocation,
        traced: header(headers, TRACE_HEADER) == Some("1"),
        received: call.request.received,
        resolve_start,
        spans: Vec::new(),
        permit,
    };
    frontend.world.spawn("invocation", run.carry_out(Reply::new(reply)));
    answer.await.unwrap_or_else(|_| {
        // The task panicked, which its spawner has logged.
        Err(ApiError::service("The invocation failed inside Tinderbox."))
    })
}

/// Room 4. Invoke's own wording of "not found" names `$LATEST` where the caller named no version.
fn found(
    target: &Target,
    resolved: Result<ResolvedVersion, ControlError>,
) -> Result<ResolvedVersion, ApiError> {
    match resolved {
        Err(ControlError::NotFound { .. }) => {
            let arn = &target.arn;
            let latest = if arn.qualifier.is_none() { ":$LATEST" } else { "" };
            Err(ApiError::not_found(format!("Function not found: {arn}{latest}")))
        }
        resolved => Ok(resolved?),
    }
}

/// `null` where a runtime answered nothing at all.
fn body_or_null(payload: Bytes) -> Bytes {
    if payload.is_empty() { Bytes::from_static(b"null") } else { payload }
}
