//! GetAccountSettings.

use super::{Call, json};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use lambda_api::lambda::shapes;
use types::limits;

pub(super) async fn settings(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let _: shapes::GetAccountSettingsRequest = call.input()?;
    let usage = frontend.control.account_usage(call.caller.scope()).await?;
    let unreserved = usage.concurrency_max.saturating_sub(usage.reserved);
    let limit = shapes::AccountLimit {
        total_code_size: Some(limits::TOTAL_CODE_BYTES_MAX as i64),
        code_size_unzipped: Some(limits::UNZIPPED_BYTES_MAX as i64),
        code_size_zipped: Some(limits::ZIP_BYTES_MAX as i64),
        concurrent_executions: Some(i64::from(usage.concurrency_max)),
        unreserved_concurrent_executions: Some(i64::from(unreserved)),
    };
    let usage = shapes::AccountUsage {
        total_code_size: Some(usage.code_bytes as i64),
        function_count: Some(usage.functions as i64),
    };
    let output =
        shapes::GetAccountSettingsResponse { account_limit: Some(limit), account_usage: Some(usage) };
    json(200, &output)
}
