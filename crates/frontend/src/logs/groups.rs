//! Log groups: create, list, delete, retention, tags.

use super::{Call, LogsError, NAMES_PAGE_MAX, names, nothing, output, page_size, signed};
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::{
    CreateGroup, DescribeGroups, Group, GroupName, PutRetention, TagGroup, TelemetryError,
};
use lambda_api::logs::errors;
use lambda_api::logs::shapes::{
    CreateLogGroupRequest, DeleteLogGroupRequest, DeleteRetentionPolicyRequest, DescribeLogGroupsRequest,
    DescribeLogGroupsResponse, ListTagsForResourceRequest, ListTagsForResourceResponse,
    ListTagsLogGroupRequest, ListTagsLogGroupResponse, LogGroup, PutRetentionPolicyRequest,
    TagResourceRequest, UntagResourceRequest,
};
use std::collections::BTreeMap;

/// The only class there is here; the others store and index differently.
const CLASS: &str = "STANDARD";
/// "Possible values are …" (PutRetentionPolicy).
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) async fn create(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: CreateLogGroupRequest = call.input(&["kmsKeyId"])?;
    if input.log_group_class.as_deref().is_some_and(|class| class != CLASS) {
        return Err(LogsError::without_behaviour("a logGroupClass other than STANDARD"));
    }
    if input.deletion_protection_enabled == Some(true) {
        return Err(LogsError::without_behaviour("deletionProtectionEnabled"));
    }
    let name = names::group(call.scope, input.log_group_name)?;
    if name.group.to_ascii_lowercase().starts_with("aws/") {
        return Err(LogsError::invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    let tags = input.tags.unwrap_or_default();
    check_tag_keys(&tags)?;
    call.telemetry.create_group(CreateGroup { name, tags }).await?;
    nothing()
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: DeleteLogGroupRequest = call.input(&[])?;
    call.telemetry.delete_group(names::group(call.scope, input.log_group_name)?).await?;
    nothing()
}

pub(super) async fn describe(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: DescribeLogGroupsRequest = call.input(&[])?;
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(LogsError::invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let elsewhere = |accounts: &Vec<String>| !accounts.iter().any(|id| id == call.scope.account.as_str());
    if input.log_group_class.as_deref().is_some_and(|class| class != CLASS)
        || input.account_identifiers.as_ref().is_some_and(elsewhere)
    {
        // The true answer: there are no groups of that class, and no accounts are linked to this one.
        return output(&DescribeLogGroupsResponse { log_groups: Some(Vec::new()), next_token: None });
    }
    let (groups, next_token) = match &input.log_group_identifiers {
        Some(identifiers) => (by_identifiers(call, identifiers).await?, None),
        None => {
            let query = DescribeGroups {
                scope: call.scope.clone(),
                prefix: input.log_group_name_prefix,
                pattern: input.log_group_name_pattern,
                next: input.next_token,
                items_max: page_size(input.limit, NAMES_PAGE_MAX),
            };
            let page = call.telemetry.describe_groups(query).await?;
            (page.groups, page.next)
        }
    };
    let log_groups = groups.into_iter().map(|group| wire(call.scope, group)).collect();
    output(&DescribeLogGroupsResponse { log_groups: Some(log_groups), next_token })
}

/// Those of the named groups that are there, in the order asked for.
async fn by_identifiers(call: &Call<'_>, identifiers: &[String]) -> Result<Vec<Group>, LogsError> {
    let mut groups = Vec::new();
    for identifier in identifiers {
        let name = match names::group_by_either(call.scope, None, Some(identifier.clone())) {
            Ok(name) => name,
            Err(error) if error == LogsError::no_group() => continue, // another account's
            Err(error) => return Err(error),
        };
        groups.extend(find(call, &name).await?);
    }
    Ok(groups)
}

/// The one group of exactly this name: it is the first of those that begin with it.
pub(super) async fn find(call: &Call<'_>, name: &GroupName) -> Result<Option<Group>, LogsError> {
    let query = DescribeGroups {
        scope: name.scope.clone(),
        prefix: Some(name.group.clone()),
        pattern: None,
        next: None,
        items_max: 1,
    };
    let page = call.telemetry.describe_groups(query).await?;
    Ok(page.groups.into_iter().find(|group| group.name == name.group))
}

fn wire(scope: &Scope, group: Group) -> LogGroup {
    let arn = names::group_arn(scope, &group.name);
    LogGroup {
        creation_time: signed(group.created_ms),
        retention_in_days: group.retention_days.map(i64::from),
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        stored_bytes: signed(group.stored_bytes),
        log_group_class: Some(CLASS.to_owned()),
        deletion_protection_enabled: Some(false),
        log_group_name: Some(group.name),
        ..LogGroup::default()
    }
}

pub(super) async fn put_retention(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: PutRetentionPolicyRequest = call.input(&[])?;
    let days = input.retention_in_days.and_then(|days| u32::try_from(days).ok());
    let Some(days) = days.filter(|days| RETENTION_DAYS.contains(days)) else {
        let known = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
        return Err(LogsError::invalid(format!(
            "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: Member \
             must satisfy enum value set: [{known}]",
            input.retention_in_days.unwrap_or_default()
        )));
    };
    let name = names::group(call.scope, input.log_group_name)?;
    call.telemetry.put_retention(PutRetention { name, days: Some(days) }).await?;
    nothing()
}

pub(super) async fn delete_retention(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: DeleteRetentionPolicyRequest = call.input(&[])?;
    let name = names::group(call.scope, input.log_group_name)?;
    call.telemetry.put_retention(PutRetention { name, days: None }).await?;
    nothing()
}

pub(super) async fn list_tags(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: ListTagsForResourceRequest = call.input(&[])?;
    let name = names::group_by_arn(call.scope, &input.resource_arn.unwrap_or_default())?;
    let tags = call.telemetry.group_tags(name).await?;
    output(&ListTagsForResourceResponse { tags: Some(tags) })
}

pub(super) async fn list_tags_by_name(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: ListTagsLogGroupRequest = call.input(&[])?;
    let tags = call.telemetry.group_tags(names::group(call.scope, input.log_group_name)?).await?;
    output(&ListTagsLogGroupResponse { tags: Some(tags) })
}

pub(super) async fn tag(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: TagResourceRequest = call.input(&[])?;
    let set = input.tags.unwrap_or_default();
    check_tag_keys(&set)?;
    let name = names::group_by_arn(call.scope, &input.resource_arn.unwrap_or_default())?;
    let tagged = call.telemetry.tag_group(TagGroup { name, set, remove: Vec::new() }).await;
    tagged.map_err(|error| match error {
        TelemetryError::TooMany { reason } => LogsError::new(&errors::TOO_MANY_TAGS_EXCEPTION, reason),
        error => error.into(),
    })?;
    nothing()
}

pub(super) async fn untag(call: &Call<'_>) -> Result<Bytes, LogsError> {
    let input: UntagResourceRequest = call.input(&[])?;
    let name = names::group_by_arn(call.scope, &input.resource_arn.unwrap_or_default())?;
    let remove = input.tag_keys.unwrap_or_default();
    call.telemetry.tag_group(TagGroup { name, set: BTreeMap::new(), remove }).await?;
    nothing()
}

/// `aws:` is AWS's own.
fn check_tag_keys(tags: &BTreeMap<String, String>) -> Result<(), LogsError> {
    match tags.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        Some(key) => Err(LogsError::invalid(format!(
            "Tag key '{key}' is invalid: keys that begin with aws: are reserved for AWS use"
        ))),
        None => Ok(()),
    }
}
