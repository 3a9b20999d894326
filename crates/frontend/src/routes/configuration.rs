//! A function's configuration: from a request, to an answer, and UpdateFunctionConfiguration.

use super::{Call, json, target, unsupported};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::control::{
    ConfigChange, FunctionConfig, FunctionVersion, LastUpdate, LoggingConfig, SnapStart, State,
    UpdateConfiguration,
};
use lambda_api::lambda::shapes;
use lambda_api::overrides;
use runtime_api::variable;
use std::collections::BTreeMap;
use types::{FunctionArn, FunctionName, RevisionId, limits};

/// How much of a configuration an answer shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Whole,
    /// Entries of lists have no state and no runtime version.
    Listed,
}

pub(super) async fn update(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::UpdateFunctionConfigurationRequest = call.input()?;
    let target = target(call.caller, "UpdateFunctionConfiguration", input.function_name.as_deref(), None)?;
    unsupported::check(&unsupported::UPDATE_FUNCTION_CONFIGURATION, &input)?;
    if let Some(refusal) = input.runtime.as_deref().and_then(overrides::runtime_refusal) {
        return Err(ApiError::invalid_parameter(refusal));
    }
    let logging = match &input.logging_config {
        None => None,
        Some(sent) => {
            // Members that are not sent stay, so the present ones are needed.
            let present = frontend.control.get_function(target.named.clone()).await?.version.config.logging;
            Some(logging(Some(sent), present)?)
        }
    };
    let change = ConfigChange {
        runtime: input.runtime,
        handler: input.handler.map(|handler| no_nul(&handler).map(|()| handler)).transpose()?,
        role: input.role,
        description: input.description,
        timeout_seconds: input.timeout.map(number),
        memory_mb: input.memory_size.map(number),
        ephemeral_storage_mb: input.ephemeral_storage.and_then(|storage| storage.size).map(number),
        environment: environment(input.environment)?,
        logging,
        tracing_mode: input.tracing_config.and_then(|tracing| tracing.mode),
        snap_start: snap_start(input.snap_start.as_ref()),
    };
    let message =
        UpdateConfiguration { named: target.named, change, revision: input.revision_id.map(RevisionId::new) };
    let updated = frontend.control.update_configuration(message).await?.version;
    json(200, &shown(&updated, &updated.arn.unqualified(), Shown::Whole))
}

/// The configuration that a CreateFunction asks for, with AWS's defaults.
pub(super) fn of_create(
    input: &shapes::CreateFunctionRequest,
    function: &FunctionName,
    host_architecture: &str,
) -> Result<FunctionConfig, ApiError> {
    if let Some(refusal) = input.runtime.as_deref().and_then(overrides::runtime_refusal) {
        return Err(ApiError::invalid_parameter(refusal));
    }
    let (Some(runtime), Some(handler)) = (input.runtime.clone(), input.handler.clone()) else {
        return Err(ApiError::invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    };
    no_nul(&handler)?;
    let architecture = match input.architectures.as_deref() {
        Some(list) => architecture(list)?,
        None => host_architecture.to_owned(),
    };
    let new_logging = LoggingConfig {
        format: "Text".to_owned(),
        group: format!("/aws/lambda/{function}"),
        application_level: None,
        system_level: None,
    };
    let storage = input.ephemeral_storage.as_ref().and_then(|storage| storage.size);
    let tracing_mode = input.tracing_config.as_ref().and_then(|tracing| tracing.mode.clone());
    Ok(FunctionConfig {
        runtime,
        handler,
        role: input.role.clone().unwrap_or_default(),
        description: input.description.clone().unwrap_or_default(),
        timeout_seconds: input.timeout.map_or(limits::TIMEOUT_SECONDS_DEFAULT, number),
        memory_mb: input.memory_size.map_or(limits::MEMORY_MB_DEFAULT, number),
        ephemeral_storage_mb: storage.map_or(limits::EPHEMERAL_STORAGE_MB_MIN, number),
        architecture,
        environment: environment(input.environment.clone())?,
        logging: logging(input.logging_config.as_ref(), new_logging)?,
        tracing_mode: tracing_mode.unwrap_or_else(|| "PassThrough".to_owned()),
        snap_start: snap_start(input.snap_start.as_ref()).unwrap_or_default(),
    })
}

/// The model's bounds were checked, so this never saturates.
fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The one architecture of the list (the model allows one).
pub(super) fn architecture(list: &[String]) -> Result<String, ApiError> {
    match list {
        [one] => Ok(one.clone()),
        _ => Err(ApiError::invalid_parameter("Architectures must have exactly one member.")),
    }
}

/// What was sent, if something was. The model allows two words.
fn snap_start(sent: Option<&shapes::SnapStart>) -> Option<SnapStart> {
    let apply_on = sent?.apply_on.as_deref()?;
    Some(if apply_on == "PublishedVersions" { SnapStart::PublishedVersions } else { SnapStart::None })
}

/// The handler becomes a variable of the runtime, which can not hold one.
fn no_nul(handler: &str) -> Result<(), ApiError> {
    if handler.contains('\0') {
        return Err(ApiError::invalid_parameter("The handler contains a NUL character."));
    }
    Ok(())
}

/// `Environment` absent: `None`. `Environment:{}` and `{"Variables":{}}`: an empty set.
fn environment(sent: Option<shapes::Environment>) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(sent) = sent else { return Ok(None) };
    let variables = sent.variables.unwrap_or_default();
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|name| variable::RESERVED.contains(name)).collect();
    const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment \
        variables you have provided";
    if !reserved.is_empty() {
        return Err(ApiError::invalid_parameter(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys \
             used in this request: {}",
            reserved.join(", ")
        )));
    }
    // A program's variables can not hold one: a start would fail or cut it off.
    if variables.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(ApiError::invalid_parameter(format!("{UNABLE} contains a NUL character.")));
    }
    let measured = serde_json::to_string(&variables).unwrap_or_default();
    if measured.len() > limits::ENVIRONMENT_BYTES_MAX {
        // A request of 70 MB of variables is not repeated to its sender.
        let mut measured = measured;
        let cut = measured.floor_char_boundary(64 * 1024);
        measured.truncate(cut);
        return Err(ApiError::invalid_parameter(format!(
            "{UNABLE} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(Some(variables))
}

/// What was sent over `present`. Levels exist only with JSON, and are then INFO unless set.
fn logging(sent: Option<&shapes::LoggingConfig>, present: LoggingConfig) -> Result<LoggingConfig, ApiError> {
    let Some(sent) = sent else { return Ok(present) };
    let format = sent.log_format.clone().unwrap_or(present.format);
    let group = sent.log_group.clone().unwrap_or(present.group);
    if format != "JSON" {
        if sent.application_log_level.is_some() || sent.system_log_level.is_some() {
            return Err(ApiError::invalid_parameter(
                "ApplicationLogLevel and SystemLogLevel can only be set with LogFormat JSON.",
            ));
        }
        return Ok(LoggingConfig { format, group, application_level: None, system_level: None });
    }
    let level = |sent: &Option<String>, present: Option<String>| {
        sent.clone().or(present).or_else(|| Some("INFO".to_owned()))
    };
    Ok(LoggingConfig {
        format,
        group,
        application_level: level(&sent.application_log_level, present.application_level),
        system_level: level(&sent.system_log_level, present.system_level),
    })
}

/// A version as the API shows it. Members that were never set are left out: Terraform's plan shows drift otherwise.
pub(super) fn shown(
    version: &FunctionVersion,
    arn: &FunctionArn,
    shown: Shown,
) -> shapes::FunctionConfiguration {
    let config = &version.config;
    let mut output = shapes::FunctionConfiguration {
        function_name: Some(version.arn.function.to_string()),
        function_arn: Some(arn.to_string()),
        runtime: Some(config.runtime.clone()),
        role: Some(config.role.clone()),
        handler: Some(config.handler.clone()),
        code_size: Some(version.code_bytes as i64),
        description: Some(config.description.clone()),
        timeout: Some(i64::from(config.timeout_seconds)),
        memory_size: Some(i64::from(config.memory_mb)),
        last_modified: Some(last_modified(version.last_modified_ms)),
        code_sha256: Some(version.code_digest.to_string()),
        version: Some(version.version.to_string()),
        environment: config.environment.as_ref().map(|variables| shapes::EnvironmentResponse {
            variables: Some(variables.clone()),
            ..Default::default()
        }),
        tracing_config: Some(shapes::TracingConfigResponse { mode: Some(config.tracing_mode.clone()) }),
        revision_id: Some(version.revision.to_string()),
        package_type: Some("Zip".to_owned()),
        architectures: Some(vec![config.architecture.clone()]),
        ephemeral_storage: Some(shapes::EphemeralStorage {
            size: Some(i64::from(config.ephemeral_storage_mb)),
        }),
        snap_start: Some(shapes::SnapStartResponse {
            apply_on: Some(match config.snap_start {
                SnapStart::None => "None".to_owned(),
                SnapStart::PublishedVersions => "PublishedVersions".to_owned(),
            }),
            optimization_status: Some(if version.optimised { "On" } else { "Off" }.to_owned()),
        }),
        logging_config: Some(shapes::LoggingConfig {
            log_format: Some(config.logging.format.clone()),
            application_log_level: config.logging.application_level.clone(),
            system_log_level: config.logging.system_level.clone(),
            log_group: Some(config.logging.group.clone()),
        }),
        ..Default::default()
    };
    if shown == Shown::Whole {
        output.runtime_version_config = Some(shapes::RuntimeVersionConfig {
            runtime_version_arn: Some(runtime_api::runtime_version_arn(
                version.arn.region.as_str(),
                &config.runtime,
            )),
            ..Default::default()
        });
        show_state(&mut output, version);
    }
    output
}

fn show_state(output: &mut shapes::FunctionConfiguration, version: &FunctionVersion) {
    const CREATING: (&str, &str) = ("The function is being created.", "Creating");
    // Of a version with SnapStart: nothing else fails.
    const NOT_INITIALISED: (&str, &str) =
        ("An error occurred during function initialization.", "FunctionError");
    let (state, reason) = match version.state {
        State::Pending => ("Pending", Some(CREATING)),
        State::Active => ("Active", None),
        State::Failed => ("Failed", Some(NOT_INITIALISED)),
    };
    output.state = Some(state.to_owned());
    output.state_reason = reason.map(|(text, _)| text.to_owned());
    output.state_reason_code = reason.map(|(_, code)| code.to_owned());
    // AWS words an update as a creation, too.
    let (status, reason) = match version.last_update {
        LastUpdate::Absent => (None, None),
        LastUpdate::InProgress => (Some("InProgress"), Some(CREATING)),
        LastUpdate::Successful => (Some("Successful"), None),
        LastUpdate::Failed => (Some("Failed"), Some(NOT_INITIALISED)),
    };
    output.last_update_status = status.map(str::to_owned);
    output.last_update_status_reason = reason.map(|(text, _)| text.to_owned());
    output.last_update_status_reason_code = reason.map(|(_, code)| code.to_owned());
}

/// `2026-10-08T17:14:57.000+0000`.
pub(super) fn last_modified(ms: u64) -> String {
    let format = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000"
    );
    let date = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok();
    date.and_then(|date| date.format(&format).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
