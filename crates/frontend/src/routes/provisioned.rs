//! PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
//! DeleteProvisionedConcurrencyConfig: environments of a published version that stand ready.

use super::configuration::last_modified;
use super::functions::items_max;
use super::{Call, Target, json, no_content, target};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::assignment::{ProvisionFailure, Provisioned};
use fabric::control::{ListVersions, ProvisionConcurrency, ProvisionedConcurrency};
use lambda_api::lambda::shapes;
use types::Version;

pub(super) async fn put(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::PutProvisionedConcurrencyConfigRequest = call.input()?;
    let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
    let target = target(call.caller, "PutProvisionedConcurrencyConfig", name, qualifier)?;
    // The model bounds it from below; what is above every limit is refused as too much.
    let wanted = input.provisioned_concurrent_executions.unwrap_or_default();
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let message = ProvisionConcurrency { named: target.named, wanted };
    json(202, &alone(&frontend.control.provision(message).await?))
}

pub(super) async fn get(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::GetProvisionedConcurrencyConfigRequest = call.input()?;
    let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
    let target = published(target(call.caller, "GetProvisionedConcurrencyConfig", name, qualifier)?)?;
    json(200, &alone(&frontend.control.provisioned(target.named).await?))
}

pub(super) async fn list(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::ListProvisionedConcurrencyConfigsRequest = call.input()?;
    let name = input.function_name.as_deref();
    let target = target(call.caller, "ListProvisionedConcurrencyConfigs", name, None)?;
    let message = ListVersions {
        named: target.named,
        marker: input.marker.filter(|marker| !marker.is_empty()),
        items_max: items_max(input.max_items),
    };
    let page = frontend.control.list_provisioned(message).await?;
    let output = shapes::ListProvisionedConcurrencyConfigsResponse {
        provisioned_concurrency_configs: Some(page.versions.iter().map(shown).collect()),
        next_marker: page.next,
    };
    json(200, &output)
}

pub(super) async fn delete(frontend: &Frontend, call: Call<'_>) -> Result<Answer, ApiError> {
    let input: shapes::DeleteProvisionedConcurrencyConfigRequest = call.input()?;
    let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
    let target = published(target(call.caller, "DeleteProvisionedConcurrencyConfig", name, qualifier)?)?;
    frontend.control.give_up_provisioned(target.named).await?;
    Ok(no_content())
}

/// Nothing is ever provisioned for `$LATEST`.
fn published(target: Target) -> Result<Target, ApiError> {
    let version = target.named.qualifier.as_ref().and_then(|qualifier| Version::parse(qualifier.as_str()));
    if version == Some(Version::Latest) {
        let message = "The function resource provided must be an alias or a published version.";
        return Err(ApiError::invalid_parameter(message));
    }
    Ok(target)
}

/// One by itself is answered as in a list, but for whose it is.
fn alone(found: &ProvisionedConcurrency) -> shapes::ProvisionedConcurrencyConfigListItem {
    shapes::ProvisionedConcurrencyConfigListItem { function_arn: None, ..shown(found) }
}

fn shown(found: &ProvisionedConcurrency) -> shapes::ProvisionedConcurrencyConfigListItem {
    let Provisioned { initialised, failed } =
        found.now.unwrap_or(Provisioned { initialised: 0, failed: None });
    let there = initialised.min(found.wanted);
    let (status, reason) = match failed {
        _ if there == found.wanted => ("READY", None),
        None => ("IN_PROGRESS", None),
        // The one reason of AWS's that there is a record of.
        Some(ProvisionFailure::Init) => ("FAILED", Some("FUNCTION_ERROR_INIT_FAILURE")),
        Some(ProvisionFailure::TooLarge) => {
            ("FAILED", Some("No worker is large enough for the function's MemorySize."))
        }
    };
    shapes::ProvisionedConcurrencyConfigListItem {
        function_arn: Some(found.arn.to_string()),
        requested_provisioned_concurrent_executions: Some(i64::from(found.wanted)),
        available_provisioned_concurrent_executions: Some(i64::from(there)),
        allocated_provisioned_concurrent_executions: Some(i64::from(there)),
        status: Some(status.to_owned()),
        status_reason: reason.map(str::to_owned),
        last_modified: Some(last_modified(found.last_modified_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, FunctionArn, FunctionName, Region};

    #[test]
    fn it_is_ready_when_all_are_there_and_failed_only_while_some_are_lacking() {
        let arn = FunctionArn {
            region: Region::new("eu-west-1"),
            account: AccountId::new("123456789012"),
            function: FunctionName::new("f"),
            qualifier: None,
        };
        let arn = arn.qualified(Version::Published(3));
        let rows = [
            (None, ("IN_PROGRESS", None, 0)),
            (Some((1, None)), ("IN_PROGRESS", None, 1)),
            (Some((2, None)), ("READY", None, 2)),
            // One more is about to be given up.
            (Some((3, None)), ("READY", None, 2)),
            (Some((0, Some(ProvisionFailure::Init))), ("FAILED", Some("FUNCTION_ERROR_INIT_FAILURE"), 0)),
            (
                Some((1, Some(ProvisionFailure::TooLarge))),
                ("FAILED", Some("No worker is large enough for the function's MemorySize."), 1),
            ),
            (Some((2, Some(ProvisionFailure::Init))), ("READY", None, 2)),
        ];
        for (now, (status, reason, there)) in rows {
            let now = now.map(|(initialised, failed)| Provisioned { initialised, failed });
            let item =
                shown(&ProvisionedConcurrency { arn: arn.clone(), wanted: 2, last_modified_ms: 0, now });
            assert_eq!((item.status.as_deref(), item.status_reason.as_deref()), (Some(status), reason));
            assert_eq!(item.available_provisioned_concurrent_executions, Some(there));
            assert_eq!(item.allocated_provisioned_concurrent_executions, Some(there));
            assert_eq!(item.last_modified.as_deref(), Some("1970-01-01T00:00:00.000+0000"));
        }
    }
}
