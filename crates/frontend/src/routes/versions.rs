//! PublishVersion, ListVersionsByFunction.

use super::configuration::{self, Shown};
use super::functions::items_max;
use super::{Call, json, target, unsupported};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::control::{ListVersions, PublishVersion};
use lambda_api::lambda::shapes;
use types::{CodeDigest, RevisionId};

pub(super) async fn publish(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::PublishVersionRequest = call.input()?;
    let target = target(call.caller, "PublishVersion", input.function_name.as_deref(), None)?;
    unsupported::check(&unsupported::PUBLISH_VERSION, &input)?;
    let message = PublishVersion {
        named: target.named,
        description: input.description,
        code_digest: input.code_sha256.filter(|digest| !digest.is_empty()).map(CodeDigest::new),
        revision: input.revision_id.map(RevisionId::new),
    };
    let published = frontend.control.publish_version(message).await?.version;
    let arn = published.arn.qualified(published.version);
    json(201, &configuration::shown(&published, &arn, Shown::Whole))
}

pub(super) async fn list(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::ListVersionsByFunctionRequest = call.input()?;
    let target = target(call.caller, "ListVersionsByFunction", input.function_name.as_deref(), None)?;
    let message = ListVersions {
        named: target.named,
        marker: input.marker.filter(|marker| !marker.is_empty()),
        items_max: items_max(input.max_items),
    };
    let page = frontend.control.list_versions(message).await?;
    let versions = page
        .functions
        .iter()
        .map(|version| configuration::shown(version, &version.arn.qualified(version.version), Shown::Listed));
    let output =
        shapes::ListVersionsByFunctionResponse { versions: Some(versions.collect()), next_marker: page.next };
    json(200, &output)
}
