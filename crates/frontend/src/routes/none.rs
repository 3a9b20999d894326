//! Reads whose true answer is "none", because nothing can make what they ask for yet.
//!
//! Terraform, SAM and cargo-lambda call these for any function; an error would stop them, and "none" is true.
//! Each first checks that the function exists, where AWS does.

use super::{Call, Target, json, target};
use crate::Frontend;
use crate::answer::Answer;
use crate::errors::ApiError;
use fabric::control::Described;
use lambda_api::Operation;
use lambda_api::lambda::shapes;

const NO_RESOURCE: &str = "The resource you requested does not exist.";

/// `None`: not one of these operations.
pub(super) async fn answer(
    frontend: &Frontend,
    operation: Operation,
    call: &Call<'_>,
) -> Result<Option<Answer>, ApiError> {
    if let Some(answer) = of_account(operation, call)? {
        return Ok(Some(answer));
    }
    of_function(frontend, operation, call).await
}

/// Lists and things that belong to no function.
fn of_account(operation: Operation, call: &Call<'_>) -> Result<Option<Answer>, ApiError> {
    let answer = match operation {
        Operation::ListLayers => {
            call.input::<shapes::ListLayersRequest>()?;
            json(200, &shapes::ListLayersResponse { layers: Some(Vec::new()), ..Default::default() })
        }
        Operation::ListLayerVersions => {
            call.input::<shapes::ListLayerVersionsRequest>()?;
            let output =
                shapes::ListLayerVersionsResponse { layer_versions: Some(Vec::new()), ..Default::default() };
            json(200, &output)
        }
        Operation::GetLayerVersion => {
            call.input::<shapes::GetLayerVersionRequest>()?;
            Err(ApiError::not_found(NO_RESOURCE))
        }
        Operation::GetLayerVersionByArn => {
            call.input::<shapes::GetLayerVersionByArnRequest>()?;
            Err(ApiError::not_found(NO_RESOURCE))
        }
        Operation::ListEventSourceMappings => {
            call.input::<shapes::ListEventSourceMappingsRequest>()?;
            let none = Some(Vec::new());
            json(
                200,
                &shapes::ListEventSourceMappingsResponse {
                    event_source_mappings: none,
                    ..Default::default()
                },
            )
        }
        Operation::GetEventSourceMapping => {
            call.input::<shapes::GetEventSourceMappingRequest>()?;
            Err(ApiError::not_found(NO_RESOURCE))
        }
        Operation::ListCodeSigningConfigs => {
            call.input::<shapes::ListCodeSigningConfigsRequest>()?;
            let none = Some(Vec::new());
            json(
                200,
                &shapes::ListCodeSigningConfigsResponse { code_signing_configs: none, ..Default::default() },
            )
        }
        Operation::GetCodeSigningConfig => {
            let input: shapes::GetCodeSigningConfigRequest = call.input()?;
            let arn = input.code_signing_config_arn.unwrap_or_default();
            Err(ApiError::not_found(format!("The Lambda code signing configuration {arn} can not be found.")))
        }
        _ => return Ok(None),
    };
    answer.map(Some)
}

/// What a function does not have.
async fn of_function(
    frontend: &Frontend,
    operation: Operation,
    call: &Call<'_>,
) -> Result<Option<Answer>, ApiError> {
    let found = Found { frontend, operation: operation.name(), call };
    let answer = match operation {
        Operation::GetFunctionCodeSigningConfig => {
            let input: shapes::GetFunctionCodeSigningConfigRequest = call.input()?;
            let (target, _) = found.function(input.function_name.as_deref(), None).await?;
            let name = Some(target.named.function.to_string());
            json(
                200,
                &shapes::GetFunctionCodeSigningConfigResponse { function_name: name, ..Default::default() },
            )
        }
        Operation::GetPolicy => {
            let input: shapes::GetPolicyRequest = call.input()?;
            found.resource(input.function_name.as_deref(), input.qualifier.as_deref()).await
        }
        Operation::GetFunctionUrlConfig => {
            let input: shapes::GetFunctionUrlConfigRequest = call.input()?;
            found.resource(input.function_name.as_deref(), input.qualifier.as_deref()).await
        }
        Operation::ListFunctionUrlConfigs => {
            let input: shapes::ListFunctionUrlConfigsRequest = call.input()?;
            found.function(input.function_name.as_deref(), None).await?;
            let none = Some(Vec::new());
            json(
                200,
                &shapes::ListFunctionUrlConfigsResponse { function_url_configs: none, ..Default::default() },
            )
        }
        Operation::GetFunctionEventInvokeConfig => {
            let input: shapes::GetFunctionEventInvokeConfigRequest = call.input()?;
            let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
            let (target, _) = found.function(name, qualifier).await?;
            let arn = match target.arn.qualifier {
                Some(_) => target.arn,
                None => target.arn.qualified("$LATEST"),
            };
            Err(ApiError::not_found(format!("The function {arn} doesn't have an EventInvokeConfig")))
        }
        Operation::ListFunctionEventInvokeConfigs => {
            let input: shapes::ListFunctionEventInvokeConfigsRequest = call.input()?;
            found.function(input.function_name.as_deref(), None).await?;
            let function_event_invoke_configs = Some(Vec::new());
            let output = shapes::ListFunctionEventInvokeConfigsResponse {
                function_event_invoke_configs,
                ..Default::default()
            };
            json(200, &output)
        }
        operation => return of_versions(&found, operation).await,
    };
    answer.map(Some)
}

/// What a function's versions do not have.
async fn of_versions(found: &Found<'_>, operation: Operation) -> Result<Option<Answer>, ApiError> {
    let call = found.call;
    let answer = match operation {
        Operation::ListAliases => {
            let input: shapes::ListAliasesRequest = call.input()?;
            found.function(input.function_name.as_deref(), None).await?;
            json(200, &shapes::ListAliasesResponse { aliases: Some(Vec::new()), ..Default::default() })
        }
        Operation::GetAlias => {
            let input: shapes::GetAliasRequest = call.input()?;
            let (target, _) = found.function(input.function_name.as_deref(), None).await?;
            let alias = input.name.unwrap_or_default();
            Err(ApiError::not_found(format!("Cannot find alias arn: {}", target.arn.qualified(alias))))
        }
        Operation::GetRuntimeManagementConfig => {
            let input: shapes::GetRuntimeManagementConfigRequest = call.input()?;
            let (name, qualifier) = (input.function_name.as_deref(), input.qualifier.as_deref());
            let (target, _) = found.function(name, qualifier).await?;
            let output = shapes::GetRuntimeManagementConfigResponse {
                update_runtime_on: Some("Auto".to_owned()),
                function_arn: Some(target.arn.to_string()),
                ..Default::default()
            };
            json(200, &output)
        }
        Operation::GetFunctionRecursionConfig => {
            let input: shapes::GetFunctionRecursionConfigRequest = call.input()?;
            found.function(input.function_name.as_deref(), None).await?;
            let recursive_loop = Some("Terminate".to_owned());
            json(200, &shapes::GetFunctionRecursionConfigResponse { recursive_loop })
        }
        _ => return Ok(None),
    };
    answer.map(Some)
}

struct Found<'a> {
    frontend: &'a Frontend,
    operation: &'static str,
    call: &'a Call<'a>,
}

impl Found<'_> {
    /// The function, which must be there.
    async fn function(
        &self,
        name: Option<&str>,
        qualifier: Option<&str>,
    ) -> Result<(Target, Described), ApiError> {
        let target = target(self.call.caller, self.operation, name, qualifier)?;
        let described = self.frontend.control.get_function(target.named.clone()).await?;
        Ok((target, described))
    }

    /// Something of the function that is not there: AWS says the same whether or not the function is.
    async fn resource(&self, name: Option<&str>, qualifier: Option<&str>) -> Result<Answer, ApiError> {
        target(self.call.caller, self.operation, name, qualifier)?;
        Err(ApiError::not_found(NO_RESOURCE))
    }
}
