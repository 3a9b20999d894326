//! TagResource, UntagResource, ListTags. The resource is an ARN; functions are the only ones that carry tags yet.

use super::{Call, Target, json, no_content, target};
use crate::Frontend;
use crate::answer::Answer;
use crate::authenticate::Caller;
use crate::errors::ApiError;
use fabric::control::{TagFunction, UntagFunction};
use lambda_api::lambda::shapes;

pub(super) async fn tag(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::TagResourceRequest = call.input()?;
    let target = resource(call.caller, "TagResource", input.resource.as_deref())?;
    let tags = input.tags.unwrap_or_default();
    frontend.control.tag(TagFunction { named: target.named, tags }).await?;
    Ok(no_content())
}

pub(super) async fn untag(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::UntagResourceRequest = call.input()?;
    let target = resource(call.caller, "UntagResource", input.resource.as_deref())?;
    let keys = input.tag_keys.unwrap_or_default();
    frontend.control.untag(UntagFunction { named: target.named, keys }).await?;
    Ok(no_content())
}

pub(super) async fn list(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::ListTagsRequest = call.input()?;
    let target = resource(call.caller, "ListTags", input.resource.as_deref())?;
    let tags = frontend.control.list_tags(target.named).await?;
    json(200, &shapes::ListTagsResponse { tags: Some(tags) })
}

fn resource(caller: &Caller, operation: &'static str, arn: Option<&str>) -> Result<Target, ApiError> {
    let arn = arn.unwrap_or_default();
    if arn.split(':').nth(5) == Some("function") {
        return target(caller, operation, Some(arn), None);
    }
    Err(ApiError::invalid_parameter(format!(
        "Tinderbox does not support tags on resources other than functions yet: {arn}"
    )))
}
