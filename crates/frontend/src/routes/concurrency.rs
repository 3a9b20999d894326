//! PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency: a function's reservation.

use super::{Call, json, no_content, target};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::control::ReserveConcurrency;
use lambda_api::lambda::shapes;

pub(super) async fn put(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::PutFunctionConcurrencyRequest = call.input()?;
    let target = target(call.caller, "PutFunctionConcurrency", input.function_name.as_deref(), None)?;
    // The model bounds it from below; what is above every limit is refused as too much.
    let reserved = input.reserved_concurrent_executions.unwrap_or_default();
    let reserved = u32::try_from(reserved).unwrap_or(u32::MAX);
    let message = ReserveConcurrency { named: target.named, reserved: Some(reserved) };
    frontend.control.reserve_concurrency(message).await?;
    json(200, &shapes::Concurrency { reserved_concurrent_executions: Some(i64::from(reserved)) })
}

pub(super) async fn get(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::GetFunctionConcurrencyRequest = call.input()?;
    let target = target(call.caller, "GetFunctionConcurrency", input.function_name.as_deref(), None)?;
    let reserved = frontend.control.get_function(target.named).await?.reserved;
    let reserved_concurrent_executions = reserved.map(i64::from);
    json(200, &shapes::GetFunctionConcurrencyResponse { reserved_concurrent_executions })
}

pub(super) async fn delete(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::DeleteFunctionConcurrencyRequest = call.input()?;
    let target = target(call.caller, "DeleteFunctionConcurrency", input.function_name.as_deref(), None)?;
    frontend.control.reserve_concurrency(ReserveConcurrency { named: target.named, reserved: None }).await?;
    Ok(no_content())
}
