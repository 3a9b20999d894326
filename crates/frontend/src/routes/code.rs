//! UpdateFunctionCode.

use super::configuration::{self, Shown};
use super::functions::checked_zip;
use super::{Call, json, target, unsupported};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::control::UpdateCode;
use lambda_api::lambda::shapes;
use types::{RevisionId, Version};

pub(super) async fn update(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let mut input: shapes::UpdateFunctionCodeRequest = call.input()?;
    let caller = call.caller;
    drop(call.body);
    let target = target(caller, "UpdateFunctionCode", input.function_name.as_deref(), None)?;
    unsupported::check(&unsupported::UPDATE_FUNCTION_CODE, &input)?;
    let zip = input
        .zip_file
        .take()
        .ok_or_else(|| ApiError::invalid_parameter("Please provide a source for function code."))?;
    let message = UpdateCode {
        named: target.named,
        zip: checked_zip(zip)?,
        architecture: input.architectures.as_deref().map(configuration::architecture).transpose()?,
        publish: input.publish.unwrap_or(false),
        dry_run: input.dry_run.unwrap_or(false),
        revision: input.revision_id.map(RevisionId::new),
    };
    let updated = frontend.control.update_code(message).await?.version;
    // With Publish the answer is the new version, by its qualified ARN.
    let arn = match updated.version {
        Version::Latest => updated.arn.unqualified(),
        published => updated.arn.qualified(published),
    };
    json(200, &configuration::shown(&updated, &arn, Shown::Whole))
}
