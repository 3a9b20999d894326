//! CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.

use super::configuration::{self, Shown};
use super::{Call, json, no_content, target, unsupported};
use crate::Frontend;
use crate::answer::Answer;
use crate::dispatch::header;
use crate::errors::ApiError;
use bytes::Bytes;
use fabric::control::{CreateFunction, FunctionVersion, ListFunctions};
use lambda_api::lambda::shapes;
use types::{Version, limits};

const WARNING_HEADER: &str = "x-tinderbox-warning";

pub(super) async fn create(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let mut input: shapes::CreateFunctionRequest = call.input()?;
    // The largest thing of the request; its base64 is not needed any more.
    let caller = call.caller;
    drop(call.body);
    let target = target(caller, "CreateFunction", input.function_name.as_deref(), None)?;
    if target.arn.qualifier.is_some() {
        return Err(ApiError::invalid_parameter("A function is created without a qualifier in its name."));
    }
    unsupported::check(&unsupported::CREATE_FUNCTION, &input)?;
    let zip = input.code.as_mut().and_then(|code| code.zip_file.take());
    let zip = zip.ok_or_else(|| ApiError::invalid_parameter("Please provide a source for function code."))?;
    let config =
        configuration::of_create(&input, &target.arn.function, &frontend.settings.default_architecture)?;
    let message = CreateFunction {
        scope: target.named.scope,
        function: target.named.function,
        config,
        zip: checked_zip(zip)?,
        publish: input.publish.unwrap_or(false),
        tags: input.tags.unwrap_or_default(),
    };
    let created = frontend.control.create_function(message).await?.version;
    // AWS answers the unqualified ARN here, also with Publish.
    let arn = created.arn.unqualified();
    json(201, &configuration::shown(&created, &arn, Shown::Whole))
}

/// The package within AWS's limit, before it travels.
pub(super) fn checked_zip(zip: lambda_api::Blob) -> Result<Bytes, ApiError> {
    if zip.0.len() > limits::ZIP_BYTES_MAX {
        return Err(ApiError::too_large(format!(
            "Zipped size must be smaller than {} bytes",
            limits::ZIP_BYTES_MAX
        )));
    }
    Ok(Bytes::from(zip.0))
}

/// The ARN of a version as the reads show it: qualified if the caller qualified it.
fn arn_as_asked(version: &FunctionVersion, asked: &super::Target) -> types::FunctionArn {
    match &asked.arn.qualifier {
        Some(qualifier) => version.arn.qualified(qualifier),
        None => version.arn.unqualified(),
    }
}

pub(super) async fn get(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::GetFunctionRequest = call.input()?;
    let target =
        target(call.caller, "GetFunction", input.function_name.as_deref(), input.qualifier.as_deref())?;
    let described = frontend.control.get_function(target.named.clone()).await?;
    let arn = arn_as_asked(&described.version, &target);
    // The name by which the caller reached us is the one that works for it.
    let host = header(call.request.head.headers, "host").unwrap_or("localhost");
    let path = frontend.downloads.path(&described.version.code_digest, frontend.world.wall());
    let code = shapes::FunctionCodeLocation {
        repository_type: Some("S3".to_owned()),
        location: Some(format!("http://{host}{path}")),
        ..Default::default()
    };
    let warning = described.warning.clone();
    let output = shapes::GetFunctionResponse {
        configuration: Some(configuration::shown(&described.version, &arn, Shown::Whole)),
        code: Some(code),
        tags: Some(described.tags).filter(|tags| !tags.is_empty()),
        concurrency: described.reserved.map(|reserved| shapes::Concurrency {
            reserved_concurrent_executions: Some(i64::from(reserved)),
        }),
        ..Default::default()
    };
    Ok(warned(json(200, &output)?, warning))
}

pub(super) async fn get_configuration(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::GetFunctionConfigurationRequest = call.input()?;
    let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
    let target = target(call.caller, "GetFunctionConfiguration", name, qualifier)?;
    let described = frontend.control.get_function(target.named.clone()).await?;
    let arn = arn_as_asked(&described.version, &target);
    let answer = json(200, &configuration::shown(&described.version, &arn, Shown::Whole))?;
    Ok(warned(answer, described.warning))
}

/// A header of ours: AWS's shapes have no member for it, and every client passes over a header that it does not know.
fn warned(answer: Answer, warning: Option<String>) -> Answer {
    match warning {
        Some(warning) => answer.with(WARNING_HEADER, warning),
        None => answer,
    }
}

pub(super) async fn list(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::ListFunctionsRequest = call.input()?;
    unsupported::check(&unsupported::LIST_FUNCTIONS, &input)?;
    let all_versions = input.function_version.is_some();
    let message = ListFunctions {
        scope: call.caller.scope(),
        all_versions,
        marker: input.marker.filter(|marker| !marker.is_empty()),
        items_max: items_max(input.max_items),
    };
    let page = frontend.control.list_functions(message).await?;
    let shown = page.functions.iter().map(|version| {
        let arn =
            if all_versions { version.arn.qualified(version.version) } else { version.arn.unqualified() };
        configuration::shown(version, &arn, Shown::Listed)
    });
    let output = shapes::ListFunctionsResponse { functions: Some(shown.collect()), next_marker: page.next };
    json(200, &output)
}

/// At most 50 on a page, whatever the caller asks for.
pub(super) fn items_max(asked: Option<i64>) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(limits::PAGE_ITEMS_MAX, |asked| asked.clamp(1, limits::PAGE_ITEMS_MAX))
}

pub(super) async fn delete(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::DeleteFunctionRequest = call.input()?;
    let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
    let target = target(call.caller, "DeleteFunction", name, qualifier)?;
    let is_version = target.arn.qualifier.as_ref().is_none_or(|it| Version::parse(it.as_str()).is_some());
    if !is_version {
        return Err(ApiError::invalid_parameter("Deletion of aliases is not currently supported."));
    }
    frontend.control.delete_function(target.named).await?;
    Ok(no_content())
}
