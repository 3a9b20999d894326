// Made by `cargo xtask codegen` from models/. Do not edit.

use crate::route::{Endpoint, Method, Routed, resolve};

/// The operations of Lambda 2015-03-31 (botocore 1.44.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    AddLayerVersionPermission,
    AddPermission,
    CheckpointDurableExecution,
    CreateAlias,
    CreateCapacityProvider,
    CreateCodeSigningConfig,
    CreateEventSourceMapping,
    CreateFunction,
    CreateFunctionUrlConfig,
    DeleteAlias,
    DeleteCapacityProvider,
    DeleteCodeSigningConfig,
    DeleteDurableExecution,
    DeleteEventSourceMapping,
    DeleteFunction,
    DeleteFunctionCodeSigningConfig,
    DeleteFunctionConcurrency,
    DeleteFunctionEventInvokeConfig,
    DeleteFunctionUrlConfig,
    DeleteLayerVersion,
    DeleteProvisionedConcurrencyConfig,
    DeleteResourcePolicy,
    GetAccountSettings,
    GetAlias,
    GetCapacityProvider,
    GetCodeSigningConfig,
    GetDurableExecution,
    GetDurableExecutionHistory,
    GetDurableExecutionState,
    GetEventSourceMapping,
    GetFunction,
    GetFunctionCodeSigningConfig,
    GetFunctionConcurrency,
    GetFunctionConfiguration,
    GetFunctionEventInvokeConfig,
    GetFunctionRecursionConfig,
    GetFunctionScalingConfig,
    GetFunctionUrlConfig,
    GetLayerVersion,
    GetLayerVersionByArn,
    GetLayerVersionPolicy,
    GetPolicy,
    GetProvisionedConcurrencyConfig,
    GetResourcePolicy,
    GetRuntimeManagementConfig,
    Invoke,
    InvokeAsync,
    InvokeWithResponseStream,
    ListAliases,
    ListCapacityProviders,
    ListCodeSigningConfigs,
    ListDurableExecutionsByFunction,
    ListEventSourceMappings,
    ListFunctionEventInvokeConfigs,
    ListFunctionUrlConfigs,
    ListFunctionVersionsByCapacityProvider,
    ListFunctions,
    ListFunctionsByCodeSigningConfig,
    ListLayerVersions,
    ListLayers,
    ListProvisionedConcurrencyConfigs,
    ListTags,
    ListVersionsByFunction,
    PauseDurableExecution,
    PublishLayerVersion,
    PublishVersion,
    PutFunctionCodeSigningConfig,
    PutFunctionConcurrency,
    PutFunctionEventInvokeConfig,
    PutFunctionRecursionConfig,
    PutFunctionScalingConfig,
    PutProvisionedConcurrencyConfig,
    PutResourcePolicy,
    PutRuntimeManagementConfig,
    RemoveLayerVersionPermission,
    RemovePermission,
    ResumeDurableExecution,
    SendDurableExecutionCallbackFailure,
    SendDurableExecutionCallbackHeartbeat,
    SendDurableExecutionCallbackSuccess,
    StopDurableExecution,
    TagResource,
    UntagResource,
    UpdateAlias,
    UpdateCapacityProvider,
    UpdateCodeSigningConfig,
    UpdateEventSourceMapping,
    UpdateFunctionCode,
    UpdateFunctionConfiguration,
    UpdateFunctionEventInvokeConfig,
    UpdateFunctionUrlConfig,
}

impl Operation {
    pub const ALL: &'static [Operation] = &[
        Operation::AddLayerVersionPermission,
        Operation::AddPermission,
        Operation::CheckpointDurableExecution,
        Operation::CreateAlias,
        Operation::CreateCapacityProvider,
        Operation::CreateCodeSigningConfig,
        Operation::CreateEventSourceMapping,
        Operation::CreateFunction,
        Operation::CreateFunctionUrlConfig,
        Operation::DeleteAlias,
        Operation::DeleteCapacityProvider,
        Operation::DeleteCodeSigningConfig,
        Operation::DeleteDurableExecution,
        Operation::DeleteEventSourceMapping,
        Operation::DeleteFunction,
        Operation::DeleteFunctionCodeSigningConfig,
        Operation::DeleteFunctionConcurrency,
        Operation::DeleteFunctionEventInvokeConfig,
        Operation::DeleteFunctionUrlConfig,
        Operation::DeleteLayerVersion,
        Operation::DeleteProvisionedConcurrencyConfig,
        Operation::DeleteResourcePolicy,
        Operation::GetAccountSettings,
        Operation::GetAlias,
        Operation::GetCapacityProvider,
        Operation::GetCodeSigningConfig,
        Operation::GetDurableExecution,
        Operation::GetDurableExecutionHistory,
        Operation::GetDurableExecutionState,
        Operation::GetEventSourceMapping,
        Operation::GetFunction,
        Operation::GetFunctionCodeSigningConfig,
        Operation::GetFunctionConcurrency,
        Operation::GetFunctionConfiguration,
        Operation::GetFunctionEventInvokeConfig,
        Operation::GetFunctionRecursionConfig,
        Operation::GetFunctionScalingConfig,
        Operation::GetFunctionUrlConfig,
        Operation::GetLayerVersion,
        Operation::GetLayerVersionByArn,
        Operation::GetLayerVersionPolicy,
        Operation::GetPolicy,
        Operation::GetProvisionedConcurrencyConfig,
        Operation::GetResourcePolicy,
        Operation::GetRuntimeManagementConfig,
        Operation::Invoke,
        Operation::InvokeAsync,
        Operation::InvokeWithResponseStream,
        Operation::ListAliases,
        Operation::ListCapacityProviders,
        Operation::ListCodeSigningConfigs,
        Operation::ListDurableExecutionsByFunction,
        Operation::ListEventSourceMappings,
        Operation::ListFunctionEventInvokeConfigs,
        Operation::ListFunctionUrlConfigs,
        Operation::ListFunctionVersionsByCapacityProvider,
        Operation::ListFunctions,
        Operation::ListFunctionsByCodeSigningConfig,
        Operation::ListLayerVersions,
        Operation::ListLayers,
        Operation::ListProvisionedConcurrencyConfigs,
        Operation::ListTags,
        Operation::ListVersionsByFunction,
        Operation::PauseDurableExecution,
        Operation::PublishLayerVersion,
        Operation::PublishVersion,
        Operation::PutFunctionCodeSigningConfig,
        Operation::PutFunctionConcurrency,
        Operation::PutFunctionEventInvokeConfig,
        Operation::PutFunctionRecursionConfig,
        Operation::PutFunctionScalingConfig,
        Operation::PutProvisionedConcurrencyConfig,
        Operation::PutResourcePolicy,
        Operation::PutRuntimeManagementConfig,
        Operation::RemoveLayerVersionPermission,
        Operation::RemovePermission,
        Operation::ResumeDurableExecution,
        Operation::SendDurableExecutionCallbackFailure,
        Operation::SendDurableExecutionCallbackHeartbeat,
        Operation::SendDurableExecutionCallbackSuccess,
        Operation::StopDurableExecution,
        Operation::TagResource,
        Operation::UntagResource,
        Operation::UpdateAlias,
        Operation::UpdateCapacityProvider,
        Operation::UpdateCodeSigningConfig,
        Operation::UpdateEventSourceMapping,
        Operation::UpdateFunctionCode,
        Operation::UpdateFunctionConfiguration,
        Operation::UpdateFunctionEventInvokeConfig,
        Operation::UpdateFunctionUrlConfig,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AddLayerVersionPermission => "AddLayerVersionPermission",
            Self::AddPermission => "AddPermission",
            Self::CheckpointDurableExecution => "CheckpointDurableExecution",
            Self::CreateAlias => "CreateAlias",
            Self::CreateCapacityProvider => "CreateCapacityProvider",
            Self::CreateCodeSigningConfig => "CreateCodeSigningConfig",
            Self::CreateEventSourceMapping => "CreateEventSourceMapping",
            Self::CreateFunction => "CreateFunction",
            Self::CreateFunctionUrlConfig => "CreateFunctionUrlConfig",
            Self::DeleteAlias => "DeleteAlias",
            Self::DeleteCapacityProvider => "DeleteCapacityProvider",
            Self::DeleteCodeSigningConfig => "DeleteCodeSigningConfig",
            Self::DeleteDurableExecution => "DeleteDurableExecution",
            Self::DeleteEventSourceMapping => "DeleteEventSourceMapping",
            Self::DeleteFunction => "DeleteFunction",
            Self::DeleteFunctionCodeSigningConfig => "DeleteFunctionCodeSigningConfig",
            Self::DeleteFunctionConcurrency => "DeleteFunctionConcurrency",
            Self::DeleteFunctionEventInvokeConfig => "DeleteFunctionEventInvokeConfig",
            Self::DeleteFunctionUrlConfig => "DeleteFunctionUrlConfig",
            Self::DeleteLayerVersion => "DeleteLayerVersion",
            Self::DeleteProvisionedConcurrencyConfig => "DeleteProvisionedConcurrencyConfig",
            Self::DeleteResourcePolicy => "DeleteResourcePolicy",
            Self::GetAccountSettings => "GetAccountSettings",
            Self::GetAlias => "GetAlias",
            Self::GetCapacityProvider => "GetCapacityProvider",
            Self::GetCodeSigningConfig => "GetCodeSigningConfig",
            Self::GetDurableExecution => "GetDurableExecution",
            Self::GetDurableExecutionHistory => "GetDurableExecutionHistory",
            Self::GetDurableExecutionState => "GetDurableExecutionState",
            Self::GetEventSourceMapping => "GetEventSourceMapping",
            Self::GetFunction => "GetFunction",
            Self::GetFunctionCodeSigningConfig => "GetFunctionCodeSigningConfig",
            Self::GetFunctionConcurrency => "GetFunctionConcurrency",
            Self::GetFunctionConfiguration => "GetFunctionConfiguration",
            Self::GetFunctionEventInvokeConfig => "GetFunctionEventInvokeConfig",
            Self::GetFunctionRecursionConfig => "GetFunctionRecursionConfig",
            Self::GetFunctionScalingConfig => "GetFunctionScalingConfig",
            Self::GetFunctionUrlConfig => "GetFunctionUrlConfig",
            Self::GetLayerVersion => "GetLayerVersion",
            Self::GetLayerVersionByArn => "GetLayerVersionByArn",
            Self::GetLayerVersionPolicy => "GetLayerVersionPolicy",
            Self::GetPolicy => "GetPolicy",
            Self::GetProvisionedConcurrencyConfig => "GetProvisionedConcurrencyConfig",
            Self::GetResourcePolicy => "GetResourcePolicy",
            Self::GetRuntimeManagementConfig => "GetRuntimeManagementConfig",
            Self::Invoke => "Invoke",
            Self::InvokeAsync => "InvokeAsync",
            Self::InvokeWithResponseStream => "InvokeWithResponseStream",
            Self::ListAliases => "ListAliases",
            Self::ListCapacityProviders => "ListCapacityProviders",
            Self::ListCodeSigningConfigs => "ListCodeSigningConfigs",
            Self::ListDurableExecutionsByFunction => "ListDurableExecutionsByFunction",
            Self::ListEventSourceMappings => "ListEventSourceMappings",
            Self::ListFunctionEventInvokeConfigs => "ListFunctionEventInvokeConfigs",
            Self::ListFunctionUrlConfigs => "ListFunctionUrlConfigs",
            Self::ListFunctionVersionsByCapacityProvider => "ListFunctionVersionsByCapacityProvider",
            Self::ListFunctions => "ListFunctions",
            Self::ListFunctionsByCodeSigningConfig => "ListFunctionsByCodeSigningConfig",
            Self::ListLayerVersions => "ListLayerVersions",
            Self::ListLayers => "ListLayers",
            Self::ListProvisionedConcurrencyConfigs => "ListProvisionedConcurrencyConfigs",
            Self::ListTags => "ListTags",
            Self::ListVersionsByFunction => "ListVersionsByFunction",
            Self::PauseDurableExecution => "PauseDurableExecution",
            Self::PublishLayerVersion => "PublishLayerVersion",
            Self::PublishVersion => "PublishVersion",
            Self::PutFunctionCodeSigningConfig => "PutFunctionCodeSigningConfig",
            Self::PutFunctionConcurrency => "PutFunctionConcurrency",
            Self::PutFunctionEventInvokeConfig => "PutFunctionEventInvokeConfig",
            Self::PutFunctionRecursionConfig => "PutFunctionRecursionConfig",
            Self::PutFunctionScalingConfig => "PutFunctionScalingConfig",
            Self::PutProvisionedConcurrencyConfig => "PutProvisionedConcurrencyConfig",
            Self::PutResourcePolicy => "PutResourcePolicy",
            Self::PutRuntimeManagementConfig => "PutRuntimeManagementConfig",
            Self::RemoveLayerVersionPermission => "RemoveLayerVersionPermission",
            Self::RemovePermission => "RemovePermission",
            Self::ResumeDurableExecution => "ResumeDurableExecution",
            Self::SendDurableExecutionCallbackFailure => "SendDurableExecutionCallbackFailure",
            Self::SendDurableExecutionCallbackHeartbeat => "SendDurableExecutionCallbackHeartbeat",
            Self::SendDurableExecutionCallbackSuccess => "SendDurableExecutionCallbackSuccess",
            Self::StopDurableExecution => "StopDurableExecution",
            Self::TagResource => "TagResource",
            Self::UntagResource => "UntagResource",
            Self::UpdateAlias => "UpdateAlias",
            Self::UpdateCapacityProvider => "UpdateCapacityProvider",
            Self::UpdateCodeSigningConfig => "UpdateCodeSigningConfig",
            Self::UpdateEventSourceMapping => "UpdateEventSourceMapping",
            Self::UpdateFunctionCode => "UpdateFunctionCode",
            Self::UpdateFunctionConfiguration => "UpdateFunctionConfiguration",
            Self::UpdateFunctionEventInvokeConfig => "UpdateFunctionEventInvokeConfig",
            Self::UpdateFunctionUrlConfig => "UpdateFunctionUrlConfig",
        }
    }

    /// The status of the answer when the operation succeeds.
    #[allow(clippy::match_same_arms)]
    pub const fn success_code(self) -> u16 {
        match self {
            Self::AddLayerVersionPermission => 201,
            Self::AddPermission => 201,
            Self::CheckpointDurableExecution => 200,
            Self::CreateAlias => 201,
            Self::CreateCapacityProvider => 202,
            Self::CreateCodeSigningConfig => 201,
            Self::CreateEventSourceMapping => 202,
            Self::CreateFunction => 201,
            Self::CreateFunctionUrlConfig => 201,
            Self::DeleteAlias => 204,
            Self::DeleteCapacityProvider => 202,
            Self::DeleteCodeSigningConfig => 204,
            Self::DeleteDurableExecution => 202,
            Self::DeleteEventSourceMapping => 202,
            Self::DeleteFunction => 200,
            Self::DeleteFunctionCodeSigningConfig => 204,
            Self::DeleteFunctionConcurrency => 204,
            Self::DeleteFunctionEventInvokeConfig => 204,
            Self::DeleteFunctionUrlConfig => 204,
            Self::DeleteLayerVersion => 204,
            Self::DeleteProvisionedConcurrencyConfig => 204,
            Self::DeleteResourcePolicy => 204,
            Self::GetAccountSettings => 200,
            Self::GetAlias => 200,
            Self::GetCapacityProvider => 200,
            Self::GetCodeSigningConfig => 200,
            Self::GetDurableExecution => 200,
            Self::GetDurableExecutionHistory => 200,
            Self::GetDurableExecutionState => 200,
            Self::GetEventSourceMapping => 200,
            Self::GetFunction => 200,
            Self::GetFunctionCodeSigningConfig => 200,
            Self::GetFunctionConcurrency => 200,
            Self::GetFunctionConfiguration => 200,
            Self::GetFunctionEventInvokeConfig => 200,
            Self::GetFunctionRecursionConfig => 200,
            Self::GetFunctionScalingConfig => 200,
            Self::GetFunctionUrlConfig => 200,
            Self::GetLayerVersion => 200,
            Self::GetLayerVersionByArn => 200,
            Self::GetLayerVersionPolicy => 200,
            Self::GetPolicy => 200,
            Self::GetProvisionedConcurrencyConfig => 200,
            Self::GetResourcePolicy => 200,
            Self::GetRuntimeManagementConfig => 200,
            Self::Invoke => 200,
            Self::InvokeAsync => 202,
            Self::InvokeWithResponseStream => 200,
            Self::ListAliases => 200,
            Self::ListCapacityProviders => 200,
            Self::ListCodeSigningConfigs => 200,
            Self::ListDurableExecutionsByFunction => 200,
            Self::ListEventSourceMappings => 200,
            Self::ListFunctionEventInvokeConfigs => 200,
            Self::ListFunctionUrlConfigs => 200,
            Self::ListFunctionVersionsByCapacityProvider => 200,
            Self::ListFunctions => 200,
            Self::ListFunctionsByCodeSigningConfig => 200,
            Self::ListLayerVersions => 200,
            Self::ListLayers => 200,
            Self::ListProvisionedConcurrencyConfigs => 200,
            Self::ListTags => 200,
            Self::ListVersionsByFunction => 200,
            Self::PauseDurableExecution => 202,
            Self::PublishLayerVersion => 201,
            Self::PublishVersion => 201,
            Self::PutFunctionCodeSigningConfig => 200,
            Self::PutFunctionConcurrency => 200,
            Self::PutFunctionEventInvokeConfig => 200,
            Self::PutFunctionRecursionConfig => 200,
            Self::PutFunctionScalingConfig => 202,
            Self::PutProvisionedConcurrencyConfig => 202,
            Self::PutResourcePolicy => 200,
            Self::PutRuntimeManagementConfig => 200,
            Self::RemoveLayerVersionPermission => 204,
            Self::RemovePermission => 204,
            Self::ResumeDurableExecution => 202,
            Self::SendDurableExecutionCallbackFailure => 200,
            Self::SendDurableExecutionCallbackHeartbeat => 200,
            Self::SendDurableExecutionCallbackSuccess => 200,
            Self::StopDurableExecution => 200,
            Self::TagResource => 204,
            Self::UntagResource => 204,
            Self::UpdateAlias => 200,
            Self::UpdateCapacityProvider => 202,
            Self::UpdateCodeSigningConfig => 200,
            Self::UpdateEventSourceMapping => 202,
            Self::UpdateFunctionCode => 200,
            Self::UpdateFunctionConfiguration => 200,
            Self::UpdateFunctionEventInvokeConfig => 200,
            Self::UpdateFunctionUrlConfig => 200,
        }
    }

    pub const fn method(self) -> &'static str {
        match self {
            Self::AddLayerVersionPermission => "POST",
            Self::AddPermission => "POST",
            Self::CheckpointDurableExecution => "POST",
            Self::CreateAlias => "POST",
            Self::CreateCapacityProvider => "POST",
            Self::CreateCodeSigningConfig => "POST",
            Self::CreateEventSourceMapping => "POST",
            Self::CreateFunction => "POST",
            Self::CreateFunctionUrlConfig => "POST",
            Self::DeleteAlias => "DELETE",
            Self::DeleteCapacityProvider => "DELETE",
            Self::DeleteCodeSigningConfig => "DELETE",
            Self::DeleteDurableExecution => "DELETE",
            Self::DeleteEventSourceMapping => "DELETE",
            Self::DeleteFunction => "DELETE",
            Self::DeleteFunctionCodeSigningConfig => "DELETE",
            Self::DeleteFunctionConcurrency => "DELETE",
            Self::DeleteFunctionEventInvokeConfig => "DELETE",
            Self::DeleteFunctionUrlConfig => "DELETE",
            Self::DeleteLayerVersion => "DELETE",
            Self::DeleteProvisionedConcurrencyConfig => "DELETE",
            Self::DeleteResourcePolicy => "DELETE",
            Self::GetAccountSettings => "GET",
            Self::GetAlias => "GET",
            Self::GetCapacityProvider => "GET",
            Self::GetCodeSigningConfig => "GET",
            Self::GetDurableExecution => "GET",
            Self::GetDurableExecutionHistory => "GET",
            Self::GetDurableExecutionState => "GET",
            Self::GetEventSourceMapping => "GET",
            Self::GetFunction => "GET",
            Self::GetFunctionCodeSigningConfig => "GET",
            Self::GetFunctionConcurrency => "GET",
            Self::GetFunctionConfiguration => "GET",
            Self::GetFunctionEventInvokeConfig => "GET",
            Self::GetFunctionRecursionConfig => "GET",
            Self::GetFunctionScalingConfig => "GET",
            Self::GetFunctionUrlConfig => "GET",
            Self::GetLayerVersion => "GET",
            Self::GetLayerVersionByArn => "GET",
            Self::GetLayerVersionPolicy => "GET",
            Self::GetPolicy => "GET",
            Self::GetProvisionedConcurrencyConfig => "GET",
            Self::GetResourcePolicy => "GET",
            Self::GetRuntimeManagementConfig => "GET",
            Self::Invoke => "POST",
            Self::InvokeAsync => "POST",
            Self::InvokeWithResponseStream => "POST",
            Self::ListAliases => "GET",
            Self::ListCapacityProviders => "GET",
            Self::ListCodeSigningConfigs => "GET",
            Self::ListDurableExecutionsByFunction => "GET",
            Self::ListEventSourceMappings => "GET",
            Self::ListFunctionEventInvokeConfigs => "GET",
            Self::ListFunctionUrlConfigs => "GET",
            Self::ListFunctionVersionsByCapacityProvider => "GET",
            Self::ListFunctions => "GET",
            Self::ListFunctionsByCodeSigningConfig => "GET",
            Self::ListLayerVersions => "GET",
            Self::ListLayers => "GET",
            Self::ListProvisionedConcurrencyConfigs => "GET",
            Self::ListTags => "GET",
            Self::ListVersionsByFunction => "GET",
            Self::PauseDurableExecution => "POST",
            Self::PublishLayerVersion => "POST",
            Self::PublishVersion => "POST",
            Self::PutFunctionCodeSigningConfig => "PUT",
            Self::PutFunctionConcurrency => "PUT",
            Self::PutFunctionEventInvokeConfig => "PUT",
            Self::PutFunctionRecursionConfig => "PUT",
            Self::PutFunctionScalingConfig => "PUT",
            Self::PutProvisionedConcurrencyConfig => "PUT",
            Self::PutResourcePolicy => "PUT",
            Self::PutRuntimeManagementConfig => "PUT",
            Self::RemoveLayerVersionPermission => "DELETE",
            Self::RemovePermission => "DELETE",
            Self::ResumeDurableExecution => "POST",
            Self::SendDurableExecutionCallbackFailure => "POST",
            Self::SendDurableExecutionCallbackHeartbeat => "POST",
            Self::SendDurableExecutionCallbackSuccess => "POST",
            Self::StopDurableExecution => "POST",
            Self::TagResource => "POST",
            Self::UntagResource => "DELETE",
            Self::UpdateAlias => "PUT",
            Self::UpdateCapacityProvider => "PUT",
            Self::UpdateCodeSigningConfig => "PUT",
            Self::UpdateEventSourceMapping => "PUT",
            Self::UpdateFunctionCode => "PUT",
            Self::UpdateFunctionConfiguration => "PUT",
            Self::UpdateFunctionEventInvokeConfig => "POST",
            Self::UpdateFunctionUrlConfig => "PUT",
        }
    }

    /// The path as the model has it: labels in braces, perhaps a constant query.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AddLayerVersionPermission => {
                "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy"
            }
            Self::AddPermission => "/2015-03-31/functions/{FunctionName}/policy",
            Self::CheckpointDurableExecution => {
                "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint"
            }
            Self::CreateAlias => "/2015-03-31/functions/{FunctionName}/aliases",
            Self::CreateCapacityProvider => "/2025-11-30/capacity-providers",
            Self::CreateCodeSigningConfig => "/2020-04-22/code-signing-configs",
            Self::CreateEventSourceMapping => "/2015-03-31/event-source-mappings",
            Self::CreateFunction => "/2015-03-31/functions",
            Self::CreateFunctionUrlConfig => "/2021-10-31/functions/{FunctionName}/url",
            Self::DeleteAlias => "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
            Self::DeleteCapacityProvider => "/2025-11-30/capacity-providers/{CapacityProviderName}",
            Self::DeleteCodeSigningConfig => "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
            Self::DeleteDurableExecution => "/2025-12-01/durable-executions/{DurableExecutionArn}",
            Self::DeleteEventSourceMapping => "/2015-03-31/event-source-mappings/{UUID}",
            Self::DeleteFunction => "/2015-03-31/functions/{FunctionName}",
            Self::DeleteFunctionCodeSigningConfig => {
                "/2020-06-30/functions/{FunctionName}/code-signing-config"
            }
            Self::DeleteFunctionConcurrency => "/2017-10-31/functions/{FunctionName}/concurrency",
            Self::DeleteFunctionEventInvokeConfig => {
                "/2019-09-25/functions/{FunctionName}/event-invoke-config"
            }
            Self::DeleteFunctionUrlConfig => "/2021-10-31/functions/{FunctionName}/url",
            Self::DeleteLayerVersion => "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
            Self::DeleteProvisionedConcurrencyConfig => {
                "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
            }
            Self::DeleteResourcePolicy => "/2026-07-09/resource-policy/{ResourceArn}",
            Self::GetAccountSettings => "/2016-08-19/account-settings",
            Self::GetAlias => "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
            Self::GetCapacityProvider => "/2025-11-30/capacity-providers/{CapacityProviderName}",
            Self::GetCodeSigningConfig => "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
            Self::GetDurableExecution => "/2025-12-01/durable-executions/{DurableExecutionArn}",
            Self::GetDurableExecutionHistory => {
                "/2025-12-01/durable-executions/{DurableExecutionArn}/history"
            }
            Self::GetDurableExecutionState => "/2025-12-01/durable-executions/{DurableExecutionArn}/state",
            Self::GetEventSourceMapping => "/2015-03-31/event-source-mappings/{UUID}",
            Self::GetFunction => "/2015-03-31/functions/{FunctionName}",
            Self::GetFunctionCodeSigningConfig => "/2020-06-30/functions/{FunctionName}/code-signing-config",
            Self::GetFunctionConcurrency => "/2019-09-30/functions/{FunctionName}/concurrency",
            Self::GetFunctionConfiguration => "/2015-03-31/functions/{FunctionName}/configuration",
            Self::GetFunctionEventInvokeConfig => "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            Self::GetFunctionRecursionConfig => "/2024-08-31/functions/{FunctionName}/recursion-config",
            Self::GetFunctionScalingConfig => "/2025-11-30/functions/{FunctionName}/function-scaling-config",
            Self::GetFunctionUrlConfig => "/2021-10-31/functions/{FunctionName}/url",
            Self::GetLayerVersion => "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
            Self::GetLayerVersionByArn => "/2018-10-31/layers?find=LayerVersion",
            Self::GetLayerVersionPolicy => "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
            Self::GetPolicy => "/2015-03-31/functions/{FunctionName}/policy",
            Self::GetProvisionedConcurrencyConfig => {
                "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
            }
            Self::GetResourcePolicy => "/2026-07-09/resource-policy/{ResourceArn}",
            Self::GetRuntimeManagementConfig => {
                "/2021-07-20/functions/{FunctionName}/runtime-management-config"
            }
            Self::Invoke => "/2015-03-31/functions/{FunctionName}/invocations",
            Self::InvokeAsync => "/2014-11-13/functions/{FunctionName}/invoke-async",
            Self::InvokeWithResponseStream => {
                "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"
            }
            Self::ListAliases => "/2015-03-31/functions/{FunctionName}/aliases",
            Self::ListCapacityProviders => "/2025-11-30/capacity-providers",
            Self::ListCodeSigningConfigs => "/2020-04-22/code-signing-configs",
            Self::ListDurableExecutionsByFunction => {
                "/2025-12-01/functions/{FunctionName}/durable-executions"
            }
            Self::ListEventSourceMappings => "/2015-03-31/event-source-mappings",
            Self::ListFunctionEventInvokeConfigs => {
                "/2019-09-25/functions/{FunctionName}/event-invoke-config/list"
            }
            Self::ListFunctionUrlConfigs => "/2021-10-31/functions/{FunctionName}/urls",
            Self::ListFunctionVersionsByCapacityProvider => {
                "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions"
            }
            Self::ListFunctions => "/2015-03-31/functions",
            Self::ListFunctionsByCodeSigningConfig => {
                "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions"
            }
            Self::ListLayerVersions => "/2018-10-31/layers/{LayerName}/versions",
            Self::ListLayers => "/2018-10-31/layers",
            Self::ListProvisionedConcurrencyConfigs => {
                "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL"
            }
            Self::ListTags => "/2017-03-31/tags/{Resource}",
            Self::ListVersionsByFunction => "/2015-03-31/functions/{FunctionName}/versions",
            Self::PauseDurableExecution => "/2025-12-01/durable-executions/{DurableExecutionArn}/pause",
            Self::PublishLayerVersion => "/2018-10-31/layers/{LayerName}/versions",
            Self::PublishVersion => "/2015-03-31/functions/{FunctionName}/versions",
            Self::PutFunctionCodeSigningConfig => "/2020-06-30/functions/{FunctionName}/code-signing-config",
            Self::PutFunctionConcurrency => "/2017-10-31/functions/{FunctionName}/concurrency",
            Self::PutFunctionEventInvokeConfig => "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            Self::PutFunctionRecursionConfig => "/2024-08-31/functions/{FunctionName}/recursion-config",
            Self::PutFunctionScalingConfig => "/2025-11-30/functions/{FunctionName}/function-scaling-config",
            Self::PutProvisionedConcurrencyConfig => {
                "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
            }
            Self::PutResourcePolicy => "/2026-07-09/resource-policy/{ResourceArn}",
            Self::PutRuntimeManagementConfig => {
                "/2021-07-20/functions/{FunctionName}/runtime-management-config"
            }
            Self::RemoveLayerVersionPermission => {
                "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}"
            }
            Self::RemovePermission => "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
            Self::ResumeDurableExecution => "/2025-12-01/durable-executions/{DurableExecutionArn}/resume",
            Self::SendDurableExecutionCallbackFailure => {
                "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail"
            }
            Self::SendDurableExecutionCallbackHeartbeat => {
                "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat"
            }
            Self::SendDurableExecutionCallbackSuccess => {
                "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed"
            }
            Self::StopDurableExecution => "/2025-12-01/durable-executions/{DurableExecutionArn}/stop",
            Self::TagResource => "/2017-03-31/tags/{Resource}",
            Self::UntagResource => "/2017-03-31/tags/{Resource}",
            Self::UpdateAlias => "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
            Self::UpdateCapacityProvider => "/2025-11-30/capacity-providers/{CapacityProviderName}",
            Self::UpdateCodeSigningConfig => "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
            Self::UpdateEventSourceMapping => "/2015-03-31/event-source-mappings/{UUID}",
            Self::UpdateFunctionCode => "/2015-03-31/functions/{FunctionName}/code",
            Self::UpdateFunctionConfiguration => "/2015-03-31/functions/{FunctionName}/configuration",
            Self::UpdateFunctionEventInvokeConfig => {
                "/2019-09-25/functions/{FunctionName}/event-invoke-config"
            }
            Self::UpdateFunctionUrlConfig => "/2021-10-31/functions/{FunctionName}/url",
        }
    }
}

/// The operation that a request is for. `path` and `query` are raw (percent-encoded, no `?`); one
/// trailing slash of the path is ignored.
pub fn route<'a>(method: &str, path: &'a str, query: &str) -> Routed<'a> {
    resolve(find, method, path, query)
}

fn find(segments: &[&str]) -> Option<&'static Endpoint> {
    Some(match segments {
        ["2014-11-13", "functions", _, "invoke-async"] => &AT_INVOKE_ASYNC,
        ["2015-03-31", "event-source-mappings", _] => &AT_DELETE_EVENT_SOURCE_MAPPING,
        ["2015-03-31", "event-source-mappings"] => &AT_CREATE_EVENT_SOURCE_MAPPING,
        ["2015-03-31", "functions", _, "aliases", _] => &AT_DELETE_ALIAS,
        ["2015-03-31", "functions", _, "aliases"] => &AT_CREATE_ALIAS,
        ["2015-03-31", "functions", _, "code"] => &AT_UPDATE_FUNCTION_CODE,
        ["2015-03-31", "functions", _, "configuration"] => &AT_GET_FUNCTION_CONFIGURATION,
        ["2015-03-31", "functions", _, "invocations"] => &AT_INVOKE,
        ["2015-03-31", "functions", _, "policy", _] => &AT_REMOVE_PERMISSION,
        ["2015-03-31", "functions", _, "policy"] => &AT_ADD_PERMISSION,
        ["2015-03-31", "functions", _, "versions"] => &AT_LIST_VERSIONS_BY_FUNCTION,
        ["2015-03-31", "functions", _] => &AT_DELETE_FUNCTION,
        ["2015-03-31", "functions"] => &AT_CREATE_FUNCTION,
        ["2016-08-19", "account-settings"] => &AT_GET_ACCOUNT_SETTINGS,
        ["2017-03-31", "tags", _] => &AT_LIST_TAGS,
        ["2017-10-31", "functions", _, "concurrency"] => &AT_DELETE_FUNCTION_CONCURRENCY,
        ["2018-10-31", "layers", _, "versions", _, "policy", _] => &AT_REMOVE_LAYER_VERSION_PERMISSION,
        ["2018-10-31", "layers", _, "versions", _, "policy"] => &AT_ADD_LAYER_VERSION_PERMISSION,
        ["2018-10-31", "layers", _, "versions", _] => &AT_DELETE_LAYER_VERSION,
        ["2018-10-31", "layers", _, "versions"] => &AT_LIST_LAYER_VERSIONS,
        ["2018-10-31", "layers"] => &AT_GET_LAYER_VERSION_BY_ARN,
        ["2019-09-25", "functions", _, "event-invoke-config", "list"] => {
            &AT_LIST_FUNCTION_EVENT_INVOKE_CONFIGS
        }
        ["2019-09-25", "functions", _, "event-invoke-config"] => &AT_DELETE_FUNCTION_EVENT_INVOKE_CONFIG,
        ["2019-09-30", "functions", _, "concurrency"] => &AT_GET_FUNCTION_CONCURRENCY,
        ["2019-09-30", "functions", _, "provisioned-concurrency"] => {
            &AT_DELETE_PROVISIONED_CONCURRENCY_CONFIG
        }
        ["2020-04-22", "code-signing-configs", _, "functions"] => &AT_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG,
        ["2020-04-22", "code-signing-configs", _] => &AT_DELETE_CODE_SIGNING_CONFIG,
        ["2020-04-22", "code-signing-configs"] => &AT_CREATE_CODE_SIGNING_CONFIG,
        ["2020-06-30", "functions", _, "code-signing-config"] => &AT_DELETE_FUNCTION_CODE_SIGNING_CONFIG,
        ["2021-07-20", "functions", _, "runtime-management-config"] => &AT_GET_RUNTIME_MANAGEMENT_CONFIG,
        ["2021-10-31", "functions", _, "url"] => &AT_CREATE_FUNCTION_URL_CONFIG,
        ["2021-10-31", "functions", _, "urls"] => &AT_LIST_FUNCTION_URL_CONFIGS,
        ["2021-11-15", "functions", _, "response-streaming-invocations"] => &AT_INVOKE_WITH_RESPONSE_STREAM,
        ["2024-08-31", "functions", _, "recursion-config"] => &AT_GET_FUNCTION_RECURSION_CONFIG,
        ["2025-11-30", "capacity-providers", _, "function-versions"] => {
            &AT_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER
        }
        ["2025-11-30", "capacity-providers", _] => &AT_DELETE_CAPACITY_PROVIDER,
        ["2025-11-30", "capacity-providers"] => &AT_CREATE_CAPACITY_PROVIDER,
        ["2025-11-30", "functions", _, "function-scaling-config"] => &AT_GET_FUNCTION_SCALING_CONFIG,
        ["2025-12-01", "durable-execution-callbacks", _, "fail"] => {
            &AT_SEND_DURABLE_EXECUTION_CALLBACK_FAILURE
        }
        ["2025-12-01", "durable-execution-callbacks", _, "heartbeat"] => {
            &AT_SEND_DURABLE_EXECUTION_CALLBACK_HEARTBEAT
        }
        ["2025-12-01", "durable-execution-callbacks", _, "succeed"] => {
            &AT_SEND_DURABLE_EXECUTION_CALLBACK_SUCCESS
        }
        ["2025-12-01", "durable-executions", _, "checkpoint"] => &AT_CHECKPOINT_DURABLE_EXECUTION,
        ["2025-12-01", "durable-executions", _, "history"] => &AT_GET_DURABLE_EXECUTION_HISTORY,
        ["2025-12-01", "durable-executions", _, "pause"] => &AT_PAUSE_DURABLE_EXECUTION,
        ["2025-12-01", "durable-executions", _, "resume"] => &AT_RESUME_DURABLE_EXECUTION,
        ["2025-12-01", "durable-executions", _, "state"] => &AT_GET_DURABLE_EXECUTION_STATE,
        ["2025-12-01", "durable-executions", _, "stop"] => &AT_STOP_DURABLE_EXECUTION,
        ["2025-12-01", "durable-executions", _] => &AT_DELETE_DURABLE_EXECUTION,
        ["2025-12-01", "functions", _, "durable-executions"] => &AT_LIST_DURABLE_EXECUTIONS_BY_FUNCTION,
        ["2026-07-09", "resource-policy", _] => &AT_DELETE_RESOURCE_POLICY,
        _ => return None,
    })
}

static AT_INVOKE_ASYNC: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::InvokeAsync }],
};
static AT_DELETE_EVENT_SOURCE_MAPPING: Endpoint = Endpoint {
    labels: &[("UUID", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteEventSourceMapping },
        Method { method: "GET", query: None, operation: Operation::GetEventSourceMapping },
        Method { method: "PUT", query: None, operation: Operation::UpdateEventSourceMapping },
    ],
};
static AT_CREATE_EVENT_SOURCE_MAPPING: Endpoint = Endpoint {
    labels: &[],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateEventSourceMapping },
        Method { method: "GET", query: None, operation: Operation::ListEventSourceMappings },
    ],
};
static AT_DELETE_ALIAS: Endpoint = Endpoint {
    labels: &[("FunctionName", 2), ("Name", 4)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteAlias },
        Method { method: "GET", query: None, operation: Operation::GetAlias },
        Method { method: "PUT", query: None, operation: Operation::UpdateAlias },
    ],
};
static AT_CREATE_ALIAS: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateAlias },
        Method { method: "GET", query: None, operation: Operation::ListAliases },
    ],
};
static AT_UPDATE_FUNCTION_CODE: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "PUT", query: None, operation: Operation::UpdateFunctionCode }],
};
static AT_GET_FUNCTION_CONFIGURATION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::GetFunctionConfiguration },
        Method { method: "PUT", query: None, operation: Operation::UpdateFunctionConfiguration },
    ],
};
static AT_INVOKE: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::Invoke }],
};
static AT_REMOVE_PERMISSION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2), ("StatementId", 4)],
    methods: &[Method { method: "DELETE", query: None, operation: Operation::RemovePermission }],
};
static AT_ADD_PERMISSION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::AddPermission },
        Method { method: "GET", query: None, operation: Operation::GetPolicy },
    ],
};
static AT_LIST_VERSIONS_BY_FUNCTION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::ListVersionsByFunction },
        Method { method: "POST", query: None, operation: Operation::PublishVersion },
    ],
};
static AT_DELETE_FUNCTION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteFunction },
        Method { method: "GET", query: None, operation: Operation::GetFunction },
    ],
};
static AT_CREATE_FUNCTION: Endpoint = Endpoint {
    labels: &[],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateFunction },
        Method { method: "GET", query: None, operation: Operation::ListFunctions },
    ],
};
static AT_GET_ACCOUNT_SETTINGS: Endpoint = Endpoint {
    labels: &[],
    methods: &[Method { method: "GET", query: None, operation: Operation::GetAccountSettings }],
};
static AT_LIST_TAGS: Endpoint = Endpoint {
    labels: &[("Resource", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::ListTags },
        Method { method: "POST", query: None, operation: Operation::TagResource },
        Method { method: "DELETE", query: None, operation: Operation::UntagResource },
    ],
};
static AT_DELETE_FUNCTION_CONCURRENCY: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteFunctionConcurrency },
        Method { method: "PUT", query: None, operation: Operation::PutFunctionConcurrency },
    ],
};
static AT_REMOVE_LAYER_VERSION_PERMISSION: Endpoint = Endpoint {
    labels: &[("LayerName", 2), ("VersionNumber", 4), ("StatementId", 6)],
    methods: &[Method { method: "DELETE", query: None, operation: Operation::RemoveLayerVersionPermission }],
};
static AT_ADD_LAYER_VERSION_PERMISSION: Endpoint = Endpoint {
    labels: &[("LayerName", 2), ("VersionNumber", 4)],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::AddLayerVersionPermission },
        Method { method: "GET", query: None, operation: Operation::GetLayerVersionPolicy },
    ],
};
static AT_DELETE_LAYER_VERSION: Endpoint = Endpoint {
    labels: &[("LayerName", 2), ("VersionNumber", 4)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteLayerVersion },
        Method { method: "GET", query: None, operation: Operation::GetLayerVersion },
    ],
};
static AT_LIST_LAYER_VERSIONS: Endpoint = Endpoint {
    labels: &[("LayerName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::ListLayerVersions },
        Method { method: "POST", query: None, operation: Operation::PublishLayerVersion },
    ],
};
static AT_GET_LAYER_VERSION_BY_ARN: Endpoint = Endpoint {
    labels: &[],
    methods: &[
        Method {
            method: "GET",
            query: Some("find=LayerVersion"),
            operation: Operation::GetLayerVersionByArn,
        },
        Method { method: "GET", query: None, operation: Operation::ListLayers },
    ],
};
static AT_LIST_FUNCTION_EVENT_INVOKE_CONFIGS: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::ListFunctionEventInvokeConfigs }],
};
static AT_DELETE_FUNCTION_EVENT_INVOKE_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteFunctionEventInvokeConfig },
        Method { method: "GET", query: None, operation: Operation::GetFunctionEventInvokeConfig },
        Method { method: "PUT", query: None, operation: Operation::PutFunctionEventInvokeConfig },
        Method { method: "POST", query: None, operation: Operation::UpdateFunctionEventInvokeConfig },
    ],
};
static AT_GET_FUNCTION_CONCURRENCY: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::GetFunctionConcurrency }],
};
static AT_DELETE_PROVISIONED_CONCURRENCY_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteProvisionedConcurrencyConfig },
        Method { method: "GET", query: None, operation: Operation::GetProvisionedConcurrencyConfig },
        Method {
            method: "GET",
            query: Some("List=ALL"),
            operation: Operation::ListProvisionedConcurrencyConfigs,
        },
        Method { method: "PUT", query: None, operation: Operation::PutProvisionedConcurrencyConfig },
    ],
};
static AT_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG: Endpoint = Endpoint {
    labels: &[("CodeSigningConfigArn", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::ListFunctionsByCodeSigningConfig }],
};
static AT_DELETE_CODE_SIGNING_CONFIG: Endpoint = Endpoint {
    labels: &[("CodeSigningConfigArn", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteCodeSigningConfig },
        Method { method: "GET", query: None, operation: Operation::GetCodeSigningConfig },
        Method { method: "PUT", query: None, operation: Operation::UpdateCodeSigningConfig },
    ],
};
static AT_CREATE_CODE_SIGNING_CONFIG: Endpoint = Endpoint {
    labels: &[],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateCodeSigningConfig },
        Method { method: "GET", query: None, operation: Operation::ListCodeSigningConfigs },
    ],
};
static AT_DELETE_FUNCTION_CODE_SIGNING_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteFunctionCodeSigningConfig },
        Method { method: "GET", query: None, operation: Operation::GetFunctionCodeSigningConfig },
        Method { method: "PUT", query: None, operation: Operation::PutFunctionCodeSigningConfig },
    ],
};
static AT_GET_RUNTIME_MANAGEMENT_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::GetRuntimeManagementConfig },
        Method { method: "PUT", query: None, operation: Operation::PutRuntimeManagementConfig },
    ],
};
static AT_CREATE_FUNCTION_URL_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateFunctionUrlConfig },
        Method { method: "DELETE", query: None, operation: Operation::DeleteFunctionUrlConfig },
        Method { method: "GET", query: None, operation: Operation::GetFunctionUrlConfig },
        Method { method: "PUT", query: None, operation: Operation::UpdateFunctionUrlConfig },
    ],
};
static AT_LIST_FUNCTION_URL_CONFIGS: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::ListFunctionUrlConfigs }],
};
static AT_INVOKE_WITH_RESPONSE_STREAM: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::InvokeWithResponseStream }],
};
static AT_GET_FUNCTION_RECURSION_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::GetFunctionRecursionConfig },
        Method { method: "PUT", query: None, operation: Operation::PutFunctionRecursionConfig },
    ],
};
static AT_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER: Endpoint = Endpoint {
    labels: &[("CapacityProviderName", 2)],
    methods: &[Method {
        method: "GET",
        query: None,
        operation: Operation::ListFunctionVersionsByCapacityProvider,
    }],
};
static AT_DELETE_CAPACITY_PROVIDER: Endpoint = Endpoint {
    labels: &[("CapacityProviderName", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteCapacityProvider },
        Method { method: "GET", query: None, operation: Operation::GetCapacityProvider },
        Method { method: "PUT", query: None, operation: Operation::UpdateCapacityProvider },
    ],
};
static AT_CREATE_CAPACITY_PROVIDER: Endpoint = Endpoint {
    labels: &[],
    methods: &[
        Method { method: "POST", query: None, operation: Operation::CreateCapacityProvider },
        Method { method: "GET", query: None, operation: Operation::ListCapacityProviders },
    ],
};
static AT_GET_FUNCTION_SCALING_CONFIG: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[
        Method { method: "GET", query: None, operation: Operation::GetFunctionScalingConfig },
        Method { method: "PUT", query: None, operation: Operation::PutFunctionScalingConfig },
    ],
};
static AT_SEND_DURABLE_EXECUTION_CALLBACK_FAILURE: Endpoint = Endpoint {
    labels: &[("CallbackId", 2)],
    methods: &[Method {
        method: "POST",
        query: None,
        operation: Operation::SendDurableExecutionCallbackFailure,
    }],
};
static AT_SEND_DURABLE_EXECUTION_CALLBACK_HEARTBEAT: Endpoint = Endpoint {
    labels: &[("CallbackId", 2)],
    methods: &[Method {
        method: "POST",
        query: None,
        operation: Operation::SendDurableExecutionCallbackHeartbeat,
    }],
};
static AT_SEND_DURABLE_EXECUTION_CALLBACK_SUCCESS: Endpoint = Endpoint {
    labels: &[("CallbackId", 2)],
    methods: &[Method {
        method: "POST",
        query: None,
        operation: Operation::SendDurableExecutionCallbackSuccess,
    }],
};
static AT_CHECKPOINT_DURABLE_EXECUTION: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::CheckpointDurableExecution }],
};
static AT_GET_DURABLE_EXECUTION_HISTORY: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::GetDurableExecutionHistory }],
};
static AT_PAUSE_DURABLE_EXECUTION: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::PauseDurableExecution }],
};
static AT_RESUME_DURABLE_EXECUTION: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::ResumeDurableExecution }],
};
static AT_GET_DURABLE_EXECUTION_STATE: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::GetDurableExecutionState }],
};
static AT_STOP_DURABLE_EXECUTION: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[Method { method: "POST", query: None, operation: Operation::StopDurableExecution }],
};
static AT_DELETE_DURABLE_EXECUTION: Endpoint = Endpoint {
    labels: &[("DurableExecutionArn", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteDurableExecution },
        Method { method: "GET", query: None, operation: Operation::GetDurableExecution },
    ],
};
static AT_LIST_DURABLE_EXECUTIONS_BY_FUNCTION: Endpoint = Endpoint {
    labels: &[("FunctionName", 2)],
    methods: &[Method { method: "GET", query: None, operation: Operation::ListDurableExecutionsByFunction }],
};
static AT_DELETE_RESOURCE_POLICY: Endpoint = Endpoint {
    labels: &[("ResourceArn", 2)],
    methods: &[
        Method { method: "DELETE", query: None, operation: Operation::DeleteResourcePolicy },
        Method { method: "GET", query: None, operation: Operation::GetResourcePolicy },
        Method { method: "PUT", query: None, operation: Operation::PutResourcePolicy },
    ],
};
