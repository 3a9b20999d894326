//! The ways to name a log group: by name, by identifier (name or ARN), by resource ARN.

use super::LogsError;
use fabric::Scope;
use fabric::telemetry::{GroupName, StreamName};

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`.
pub(super) fn group_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", scope.region, scope.account)
}

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:log-stream:STREAM`.
pub(super) fn stream_arn(scope: &Scope, group: &str, stream: &str) -> String {
    format!("{}:log-stream:{stream}", group_arn(scope, group))
}

pub(super) fn group(scope: &Scope, name: Option<String>) -> Result<GroupName, LogsError> {
    let group = name.ok_or_else(|| LogsError::invalid("logGroupName is required"))?;
    Ok(GroupName { scope: scope.clone(), group })
}

pub(super) fn stream(
    scope: &Scope,
    group_name: Option<String>,
    stream: Option<String>,
) -> Result<StreamName, LogsError> {
    let GroupName { scope, group } = group(scope, group_name)?;
    let stream = stream.ok_or_else(|| LogsError::invalid("logStreamName is required"))?;
    Ok(StreamName { scope, group, stream })
}

/// "You must include one of the following: logGroupIdentifier or logGroupName, but not both."
pub(super) fn group_by_either(
    scope: &Scope,
    name: Option<String>,
    identifier: Option<String>,
) -> Result<GroupName, LogsError> {
    match (name, identifier) {
        (Some(_), Some(_)) => {
            Err(LogsError::invalid("LogGroupName and LogGroupIdentifier cannot both be specified"))
        }
        (None, None) => {
            Err(LogsError::invalid("Either LogGroupName or LogGroupIdentifier must be specified"))
        }
        (Some(name), None) => group(scope, Some(name)),
        (None, Some(identifier)) if !identifier.starts_with("arn:") => group(scope, Some(identifier)),
        (None, Some(arn)) => group_by_arn(scope, &arn),
    }
}

/// Another account's or region's group is not there. The `:*` that DescribeLogGroups appends is not in the pattern of
/// identifiers and resource ARNs, so the model has refused it before.
pub(super) fn group_by_arn(scope: &Scope, arn: &str) -> Result<GroupName, LogsError> {
    let fields: Vec<&str> = arn.split(':').collect();
    match fields.as_slice() {
        ["arn", partition, "logs", region, account, "log-group", name]
            if partition.starts_with("aws") && !name.is_empty() =>
        {
            if *region != scope.region.as_str() || *account != scope.account.as_str() {
                return Err(LogsError::no_group());
            }
            group(scope, Some((*name).to_owned()))
        }
        _ => Err(LogsError::invalid(format!("'{arn}' is not the ARN of a log group"))),
    }
}
