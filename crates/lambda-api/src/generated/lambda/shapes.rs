// Made by `cargo xtask codegen` from models/. Do not edit.

#![allow(unused_variables, unused_mut)]
use super::operations::Operation as Op;
use crate::request::{Input, Request, SerializationError, read_json};
use crate::wire::{Blob, Object, Sensitive, Timestamp, read_object};
use serde::de::{Deserialize, Deserializer, MapAccess};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AcceleratorConfig {
    pub accelerator_memory_size: Option<i64>,
}

impl Object for AcceleratorConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AcceleratorMemorySize" => self.accelerator_memory_size = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AcceleratorConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AcceleratorConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.accelerator_memory_size {
            map.serialize_entry("AcceleratorMemorySize", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountLimit {
    pub total_code_size: Option<i64>,
    pub code_size_unzipped: Option<i64>,
    pub code_size_zipped: Option<i64>,
    pub concurrent_executions: Option<i64>,
    pub unreserved_concurrent_executions: Option<i64>,
}

impl Object for AccountLimit {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "TotalCodeSize" => self.total_code_size = value.next_value()?,
            "CodeSizeUnzipped" => self.code_size_unzipped = value.next_value()?,
            "CodeSizeZipped" => self.code_size_zipped = value.next_value()?,
            "ConcurrentExecutions" => self.concurrent_executions = value.next_value()?,
            "UnreservedConcurrentExecutions" => self.unreserved_concurrent_executions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AccountLimit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AccountLimit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.total_code_size {
            map.serialize_entry("TotalCodeSize", value)?;
        }
        if let Some(value) = &self.code_size_unzipped {
            map.serialize_entry("CodeSizeUnzipped", value)?;
        }
        if let Some(value) = &self.code_size_zipped {
            map.serialize_entry("CodeSizeZipped", value)?;
        }
        if let Some(value) = &self.concurrent_executions {
            map.serialize_entry("ConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.unreserved_concurrent_executions {
            map.serialize_entry("UnreservedConcurrentExecutions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountUsage {
    pub total_code_size: Option<i64>,
    pub function_count: Option<i64>,
}

impl Object for AccountUsage {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "TotalCodeSize" => self.total_code_size = value.next_value()?,
            "FunctionCount" => self.function_count = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AccountUsage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AccountUsage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.total_code_size {
            map.serialize_entry("TotalCodeSize", value)?;
        }
        if let Some(value) = &self.function_count {
            map.serialize_entry("FunctionCount", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddLayerVersionPermissionRequest {
    pub layer_name: Option<String>,
    pub version_number: Option<i64>,
    pub statement_id: Option<String>,
    pub action: Option<String>,
    pub principal: Option<String>,
    pub organization_id: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for AddLayerVersionPermissionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "StatementId" => self.statement_id = value.next_value()?,
            "Action" => self.action = value.next_value()?,
            "Principal" => self.principal = value.next_value()?,
            "OrganizationId" => self.organization_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AddLayerVersionPermissionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AddLayerVersionPermissionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.statement_id {
            map.serialize_entry("StatementId", value)?;
        }
        if let Some(value) = &self.action {
            map.serialize_entry("Action", value)?;
        }
        if let Some(value) = &self.principal {
            map.serialize_entry("Principal", value)?;
        }
        if let Some(value) = &self.organization_id {
            map.serialize_entry("OrganizationId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddLayerVersionPermissionResponse {
    pub statement: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for AddLayerVersionPermissionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Statement" => self.statement = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AddLayerVersionPermissionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AddLayerVersionPermissionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.statement {
            map.serialize_entry("Statement", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddPermissionRequest {
    pub function_name: Option<String>,
    pub statement_id: Option<String>,
    pub action: Option<String>,
    pub principal: Option<String>,
    pub source_arn: Option<String>,
    pub function_url_auth_type: Option<String>,
    pub invoked_via_function_url: Option<bool>,
    pub source_account: Option<String>,
    pub event_source_token: Option<String>,
    pub qualifier: Option<String>,
    pub revision_id: Option<String>,
    pub principal_org_id: Option<String>,
}

impl Object for AddPermissionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "StatementId" => self.statement_id = value.next_value()?,
            "Action" => self.action = value.next_value()?,
            "Principal" => self.principal = value.next_value()?,
            "SourceArn" => self.source_arn = value.next_value()?,
            "FunctionUrlAuthType" => self.function_url_auth_type = value.next_value()?,
            "InvokedViaFunctionUrl" => self.invoked_via_function_url = value.next_value()?,
            "SourceAccount" => self.source_account = value.next_value()?,
            "EventSourceToken" => self.event_source_token = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            "PrincipalOrgID" => self.principal_org_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AddPermissionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AddPermissionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.statement_id {
            map.serialize_entry("StatementId", value)?;
        }
        if let Some(value) = &self.action {
            map.serialize_entry("Action", value)?;
        }
        if let Some(value) = &self.principal {
            map.serialize_entry("Principal", value)?;
        }
        if let Some(value) = &self.source_arn {
            map.serialize_entry("SourceArn", value)?;
        }
        if let Some(value) = &self.function_url_auth_type {
            map.serialize_entry("FunctionUrlAuthType", value)?;
        }
        if let Some(value) = &self.invoked_via_function_url {
            map.serialize_entry("InvokedViaFunctionUrl", value)?;
        }
        if let Some(value) = &self.source_account {
            map.serialize_entry("SourceAccount", value)?;
        }
        if let Some(value) = &self.event_source_token {
            map.serialize_entry("EventSourceToken", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        if let Some(value) = &self.principal_org_id {
            map.serialize_entry("PrincipalOrgID", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddPermissionResponse {
    pub statement: Option<String>,
}

impl Object for AddPermissionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Statement" => self.statement = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AddPermissionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AddPermissionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.statement {
            map.serialize_entry("Statement", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AliasConfiguration {
    pub alias_arn: Option<String>,
    pub name: Option<String>,
    pub function_version: Option<String>,
    pub description: Option<String>,
    pub routing_config: Option<AliasRoutingConfiguration>,
    pub revision_id: Option<String>,
}

impl Object for AliasConfiguration {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AliasArn" => self.alias_arn = value.next_value()?,
            "Name" => self.name = value.next_value()?,
            "FunctionVersion" => self.function_version = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "RoutingConfig" => self.routing_config = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AliasConfiguration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AliasConfiguration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.alias_arn {
            map.serialize_entry("AliasArn", value)?;
        }
        if let Some(value) = &self.name {
            map.serialize_entry("Name", value)?;
        }
        if let Some(value) = &self.function_version {
            map.serialize_entry("FunctionVersion", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.routing_config {
            map.serialize_entry("RoutingConfig", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AliasRoutingConfiguration {
    pub additional_version_weights: Option<BTreeMap<String, f64>>,
}

impl Object for AliasRoutingConfiguration {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AdditionalVersionWeights" => self.additional_version_weights = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AliasRoutingConfiguration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AliasRoutingConfiguration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.additional_version_weights {
            map.serialize_entry("AdditionalVersionWeights", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllowedPublishers {
    pub signing_profile_version_arns: Option<Vec<String>>,
}

impl Object for AllowedPublishers {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SigningProfileVersionArns" => self.signing_profile_version_arns = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AllowedPublishers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AllowedPublishers {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.signing_profile_version_arns {
            map.serialize_entry("SigningProfileVersionArns", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct AmazonManagedKafkaEventSourceConfig {
    pub consumer_group_id: Option<String>,
    pub schema_registry_config: Option<KafkaSchemaRegistryConfig>,
}

impl Object for AmazonManagedKafkaEventSourceConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ConsumerGroupId" => self.consumer_group_id = value.next_value()?,
            "SchemaRegistryConfig" => self.schema_registry_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for AmazonManagedKafkaEventSourceConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for AmazonManagedKafkaEventSourceConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.consumer_group_id {
            map.serialize_entry("ConsumerGroupId", value)?;
        }
        if let Some(value) = &self.schema_registry_config {
            map.serialize_entry("SchemaRegistryConfig", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct CallbackDetails {
    pub callback_id: Option<String>,
    pub result: Option<String>,
    pub error: Option<ErrorObject>,
}

impl fmt::Debug for CallbackDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackDetails")
            .field("callback_id", &self.callback_id)
            .field("result", &self.result.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .finish()
    }
}

impl Object for CallbackDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CallbackId" => self.callback_id = value.next_value()?,
            "Result" => self.result = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.callback_id {
            map.serialize_entry("CallbackId", value)?;
        }
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallbackFailedDetails {
    pub error: Option<EventError>,
}

impl Object for CallbackFailedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackFailedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackFailedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallbackOptions {
    pub timeout_seconds: Option<i64>,
    pub heartbeat_timeout_seconds: Option<i64>,
}

impl Object for CallbackOptions {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "TimeoutSeconds" => self.timeout_seconds = value.next_value()?,
            "HeartbeatTimeoutSeconds" => self.heartbeat_timeout_seconds = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.timeout_seconds {
            map.serialize_entry("TimeoutSeconds", value)?;
        }
        if let Some(value) = &self.heartbeat_timeout_seconds {
            map.serialize_entry("HeartbeatTimeoutSeconds", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallbackStartedDetails {
    pub callback_id: Option<String>,
    pub heartbeat_timeout: Option<i64>,
    pub timeout: Option<i64>,
}

impl Object for CallbackStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CallbackId" => self.callback_id = value.next_value()?,
            "HeartbeatTimeout" => self.heartbeat_timeout = value.next_value()?,
            "Timeout" => self.timeout = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.callback_id {
            map.serialize_entry("CallbackId", value)?;
        }
        if let Some(value) = &self.heartbeat_timeout {
            map.serialize_entry("HeartbeatTimeout", value)?;
        }
        if let Some(value) = &self.timeout {
            map.serialize_entry("Timeout", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallbackSucceededDetails {
    pub result: Option<EventResult>,
}

impl Object for CallbackSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallbackTimedOutDetails {
    pub error: Option<EventError>,
}

impl Object for CallbackTimedOutDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CallbackTimedOutDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CallbackTimedOutDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProvider {
    pub capacity_provider_arn: Option<String>,
    pub state: Option<String>,
    pub vpc_config: Option<CapacityProviderVpcConfig>,
    pub permissions_config: Option<CapacityProviderPermissionsConfig>,
    pub instance_requirements: Option<InstanceRequirements>,
    pub capacity_provider_scaling_config: Option<CapacityProviderScalingConfig>,
    pub kms_key_arn: Option<String>,
    pub last_modified: Option<String>,
    pub propagate_tags: Option<PropagateTags>,
    pub telemetry_config: Option<CapacityProviderTelemetryConfig>,
}

impl Object for CapacityProvider {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderArn" => self.capacity_provider_arn = value.next_value()?,
            "State" => self.state = value.next_value()?,
            "VpcConfig" => self.vpc_config = value.next_value()?,
            "PermissionsConfig" => self.permissions_config = value.next_value()?,
            "InstanceRequirements" => self.instance_requirements = value.next_value()?,
            "CapacityProviderScalingConfig" => self.capacity_provider_scaling_config = value.next_value()?,
            "KmsKeyArn" => self.kms_key_arn = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            "PropagateTags" => self.propagate_tags = value.next_value()?,
            "TelemetryConfig" => self.telemetry_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProvider {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProvider {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_arn {
            map.serialize_entry("CapacityProviderArn", value)?;
        }
        if let Some(value) = &self.state {
            map.serialize_entry("State", value)?;
        }
        if let Some(value) = &self.vpc_config {
            map.serialize_entry("VpcConfig", value)?;
        }
        if let Some(value) = &self.permissions_config {
            map.serialize_entry("PermissionsConfig", value)?;
        }
        if let Some(value) = &self.instance_requirements {
            map.serialize_entry("InstanceRequirements", value)?;
        }
        if let Some(value) = &self.capacity_provider_scaling_config {
            map.serialize_entry("CapacityProviderScalingConfig", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KmsKeyArn", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        if let Some(value) = &self.propagate_tags {
            map.serialize_entry("PropagateTags", value)?;
        }
        if let Some(value) = &self.telemetry_config {
            map.serialize_entry("TelemetryConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderConfig {
    pub lambda_managed_instances_capacity_provider_config:
        Option<LambdaManagedInstancesCapacityProviderConfig>,
}

impl Object for CapacityProviderConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LambdaManagedInstancesCapacityProviderConfig" => {
                self.lambda_managed_instances_capacity_provider_config = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.lambda_managed_instances_capacity_provider_config {
            map.serialize_entry("LambdaManagedInstancesCapacityProviderConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderLoggingConfig {
    pub system_log_level: Option<String>,
    pub log_group: Option<String>,
}

impl Object for CapacityProviderLoggingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SystemLogLevel" => self.system_log_level = value.next_value()?,
            "LogGroup" => self.log_group = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderLoggingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderLoggingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.system_log_level {
            map.serialize_entry("SystemLogLevel", value)?;
        }
        if let Some(value) = &self.log_group {
            map.serialize_entry("LogGroup", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderPermissionsConfig {
    pub capacity_provider_operator_role_arn: Option<String>,
}

impl Object for CapacityProviderPermissionsConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderOperatorRoleArn" => {
                self.capacity_provider_operator_role_arn = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderPermissionsConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderPermissionsConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_operator_role_arn {
            map.serialize_entry("CapacityProviderOperatorRoleArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderScalingConfig {
    pub max_v_cpu_count: Option<i64>,
    pub scaling_mode: Option<String>,
    pub scaling_policies: Option<Vec<TargetTrackingScalingPolicy>>,
}

impl Object for CapacityProviderScalingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MaxVCpuCount" => self.max_v_cpu_count = value.next_value()?,
            "ScalingMode" => self.scaling_mode = value.next_value()?,
            "ScalingPolicies" => self.scaling_policies = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderScalingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderScalingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.max_v_cpu_count {
            map.serialize_entry("MaxVCpuCount", value)?;
        }
        if let Some(value) = &self.scaling_mode {
            map.serialize_entry("ScalingMode", value)?;
        }
        if let Some(value) = &self.scaling_policies {
            map.serialize_entry("ScalingPolicies", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderTelemetryConfig {
    pub logging_config: Option<CapacityProviderLoggingConfig>,
}

impl Object for CapacityProviderTelemetryConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LoggingConfig" => self.logging_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderTelemetryConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderTelemetryConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CapacityProviderVpcConfig {
    pub subnet_ids: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
}

impl Object for CapacityProviderVpcConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SubnetIds" => self.subnet_ids = value.next_value()?,
            "SecurityGroupIds" => self.security_group_ids = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CapacityProviderVpcConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CapacityProviderVpcConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.subnet_ids {
            map.serialize_entry("SubnetIds", value)?;
        }
        if let Some(value) = &self.security_group_ids {
            map.serialize_entry("SecurityGroupIds", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ChainedInvokeDetails {
    pub result: Option<String>,
    pub error: Option<ErrorObject>,
}

impl fmt::Debug for ChainedInvokeDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainedInvokeDetails")
            .field("result", &self.result.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .finish()
    }
}

impl Object for ChainedInvokeDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeFailedDetails {
    pub error: Option<EventError>,
}

impl Object for ChainedInvokeFailedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeFailedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeFailedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeOptions {
    pub function_name: Option<String>,
    pub tenant_id: Option<String>,
    pub x_amzn_trace_id: Option<String>,
}

impl Object for ChainedInvokeOptions {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionName" => self.function_name = value.next_value()?,
            "TenantId" => self.tenant_id = value.next_value()?,
            "XAmznTraceId" => self.x_amzn_trace_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.tenant_id {
            map.serialize_entry("TenantId", value)?;
        }
        if let Some(value) = &self.x_amzn_trace_id {
            map.serialize_entry("XAmznTraceId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeStartedDetails {
    pub function_name: Option<String>,
    pub tenant_id: Option<String>,
    pub input: Option<EventInput>,
    pub executed_version: Option<String>,
    pub durable_execution_arn: Option<String>,
}

impl Object for ChainedInvokeStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionName" => self.function_name = value.next_value()?,
            "TenantId" => self.tenant_id = value.next_value()?,
            "Input" => self.input = value.next_value()?,
            "ExecutedVersion" => self.executed_version = value.next_value()?,
            "DurableExecutionArn" => self.durable_execution_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.tenant_id {
            map.serialize_entry("TenantId", value)?;
        }
        if let Some(value) = &self.input {
            map.serialize_entry("Input", value)?;
        }
        if let Some(value) = &self.executed_version {
            map.serialize_entry("ExecutedVersion", value)?;
        }
        if let Some(value) = &self.durable_execution_arn {
            map.serialize_entry("DurableExecutionArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeStoppedDetails {
    pub error: Option<EventError>,
}

impl Object for ChainedInvokeStoppedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeStoppedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeStoppedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeSucceededDetails {
    pub result: Option<EventResult>,
}

impl Object for ChainedInvokeSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainedInvokeTimedOutDetails {
    pub error: Option<EventError>,
}

impl Object for ChainedInvokeTimedOutDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ChainedInvokeTimedOutDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ChainedInvokeTimedOutDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
    pub checkpoint_token: Option<String>,
    pub updates: Option<Vec<OperationUpdate>>,
    pub client_token: Option<String>,
}

impl Object for CheckpointDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CheckpointToken" => self.checkpoint_token = value.next_value()?,
            "Updates" => self.updates = value.next_value()?,
            "ClientToken" => self.client_token = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CheckpointDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CheckpointDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.checkpoint_token {
            map.serialize_entry("CheckpointToken", value)?;
        }
        if let Some(value) = &self.updates {
            map.serialize_entry("Updates", value)?;
        }
        if let Some(value) = &self.client_token {
            map.serialize_entry("ClientToken", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointDurableExecutionResponse {
    pub checkpoint_token: Option<String>,
    pub new_execution_state: Option<CheckpointUpdatedExecutionState>,
}

impl Object for CheckpointDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CheckpointToken" => self.checkpoint_token = value.next_value()?,
            "NewExecutionState" => self.new_execution_state = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CheckpointDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CheckpointDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.checkpoint_token {
            map.serialize_entry("CheckpointToken", value)?;
        }
        if let Some(value) = &self.new_execution_state {
            map.serialize_entry("NewExecutionState", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointUpdatedExecutionState {
    pub operations: Option<Vec<Operation>>,
    pub next_marker: Option<String>,
}

impl Object for CheckpointUpdatedExecutionState {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Operations" => self.operations = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CheckpointUpdatedExecutionState {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CheckpointUpdatedExecutionState {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.operations {
            map.serialize_entry("Operations", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeSigningConfig {
    pub code_signing_config_id: Option<String>,
    pub code_signing_config_arn: Option<String>,
    pub description: Option<String>,
    pub allowed_publishers: Option<AllowedPublishers>,
    pub code_signing_policies: Option<CodeSigningPolicies>,
    pub last_modified: Option<String>,
}

impl Object for CodeSigningConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfigId" => self.code_signing_config_id = value.next_value()?,
            "CodeSigningConfigArn" => self.code_signing_config_arn = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "AllowedPublishers" => self.allowed_publishers = value.next_value()?,
            "CodeSigningPolicies" => self.code_signing_policies = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CodeSigningConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CodeSigningConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config_id {
            map.serialize_entry("CodeSigningConfigId", value)?;
        }
        if let Some(value) = &self.code_signing_config_arn {
            map.serialize_entry("CodeSigningConfigArn", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.allowed_publishers {
            map.serialize_entry("AllowedPublishers", value)?;
        }
        if let Some(value) = &self.code_signing_policies {
            map.serialize_entry("CodeSigningPolicies", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeSigningPolicies {
    pub untrusted_artifact_on_deployment: Option<String>,
}

impl Object for CodeSigningPolicies {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "UntrustedArtifactOnDeployment" => self.untrusted_artifact_on_deployment = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CodeSigningPolicies {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CodeSigningPolicies {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.untrusted_artifact_on_deployment {
            map.serialize_entry("UntrustedArtifactOnDeployment", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Concurrency {
    pub reserved_concurrent_executions: Option<i64>,
}

impl Object for Concurrency {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ReservedConcurrentExecutions" => self.reserved_concurrent_executions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Concurrency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.reserved_concurrent_executions {
            map.serialize_entry("ReservedConcurrentExecutions", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ContextDetails {
    pub replay_children: Option<bool>,
    pub result: Option<String>,
    pub error: Option<ErrorObject>,
}

impl fmt::Debug for ContextDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextDetails")
            .field("replay_children", &self.replay_children)
            .field("result", &self.result.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .finish()
    }
}

impl Object for ContextDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ReplayChildren" => self.replay_children = value.next_value()?,
            "Result" => self.result = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ContextDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ContextDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.replay_children {
            map.serialize_entry("ReplayChildren", value)?;
        }
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextFailedDetails {
    pub error: Option<EventError>,
}

impl Object for ContextFailedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ContextFailedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ContextFailedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextOptions {
    pub replay_children: Option<bool>,
}

impl Object for ContextOptions {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ReplayChildren" => self.replay_children = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ContextOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ContextOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.replay_children {
            map.serialize_entry("ReplayChildren", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextStartedDetails {}

impl Object for ContextStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ContextStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ContextStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextSucceededDetails {
    pub result: Option<EventResult>,
}

impl Object for ContextSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ContextSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ContextSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cors {
    pub allow_credentials: Option<bool>,
    pub allow_headers: Option<Vec<String>>,
    pub allow_methods: Option<Vec<String>>,
    pub allow_origins: Option<Vec<String>>,
    pub expose_headers: Option<Vec<String>>,
    pub max_age: Option<i64>,
}

impl Object for Cors {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AllowCredentials" => self.allow_credentials = value.next_value()?,
            "AllowHeaders" => self.allow_headers = value.next_value()?,
            "AllowMethods" => self.allow_methods = value.next_value()?,
            "AllowOrigins" => self.allow_origins = value.next_value()?,
            "ExposeHeaders" => self.expose_headers = value.next_value()?,
            "MaxAge" => self.max_age = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Cors {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Cors {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.allow_credentials {
            map.serialize_entry("AllowCredentials", value)?;
        }
        if let Some(value) = &self.allow_headers {
            map.serialize_entry("AllowHeaders", value)?;
        }
        if let Some(value) = &self.allow_methods {
            map.serialize_entry("AllowMethods", value)?;
        }
        if let Some(value) = &self.allow_origins {
            map.serialize_entry("AllowOrigins", value)?;
        }
        if let Some(value) = &self.expose_headers {
            map.serialize_entry("ExposeHeaders", value)?;
        }
        if let Some(value) = &self.max_age {
            map.serialize_entry("MaxAge", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateAliasRequest {
    pub function_name: Option<String>,
    pub name: Option<String>,
    pub function_version: Option<String>,
    pub description: Option<String>,
    pub routing_config: Option<AliasRoutingConfiguration>,
}

impl Object for CreateAliasRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Name" => self.name = value.next_value()?,
            "FunctionVersion" => self.function_version = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "RoutingConfig" => self.routing_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateAliasRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateAliasRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.name {
            map.serialize_entry("Name", value)?;
        }
        if let Some(value) = &self.function_version {
            map.serialize_entry("FunctionVersion", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.routing_config {
            map.serialize_entry("RoutingConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateCapacityProviderRequest {
    pub capacity_provider_name: Option<String>,
    pub vpc_config: Option<CapacityProviderVpcConfig>,
    pub permissions_config: Option<CapacityProviderPermissionsConfig>,
    pub instance_requirements: Option<InstanceRequirements>,
    pub capacity_provider_scaling_config: Option<CapacityProviderScalingConfig>,
    pub kms_key_arn: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub propagate_tags: Option<PropagateTags>,
    pub telemetry_config: Option<CapacityProviderTelemetryConfig>,
}

impl Object for CreateCapacityProviderRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderName" => self.capacity_provider_name = value.next_value()?,
            "VpcConfig" => self.vpc_config = value.next_value()?,
            "PermissionsConfig" => self.permissions_config = value.next_value()?,
            "InstanceRequirements" => self.instance_requirements = value.next_value()?,
            "CapacityProviderScalingConfig" => self.capacity_provider_scaling_config = value.next_value()?,
            "KmsKeyArn" => self.kms_key_arn = value.next_value()?,
            "Tags" => self.tags = value.next_value()?,
            "PropagateTags" => self.propagate_tags = value.next_value()?,
            "TelemetryConfig" => self.telemetry_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateCapacityProviderRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateCapacityProviderRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_name {
            map.serialize_entry("CapacityProviderName", value)?;
        }
        if let Some(value) = &self.vpc_config {
            map.serialize_entry("VpcConfig", value)?;
        }
        if let Some(value) = &self.permissions_config {
            map.serialize_entry("PermissionsConfig", value)?;
        }
        if let Some(value) = &self.instance_requirements {
            map.serialize_entry("InstanceRequirements", value)?;
        }
        if let Some(value) = &self.capacity_provider_scaling_config {
            map.serialize_entry("CapacityProviderScalingConfig", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KmsKeyArn", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        if let Some(value) = &self.propagate_tags {
            map.serialize_entry("PropagateTags", value)?;
        }
        if let Some(value) = &self.telemetry_config {
            map.serialize_entry("TelemetryConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateCapacityProviderResponse {
    pub capacity_provider: Option<CapacityProvider>,
}

impl Object for CreateCapacityProviderResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProvider" => self.capacity_provider = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateCapacityProviderResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateCapacityProviderResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider {
            map.serialize_entry("CapacityProvider", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateCodeSigningConfigRequest {
    pub description: Option<String>,
    pub allowed_publishers: Option<AllowedPublishers>,
    pub code_signing_policies: Option<CodeSigningPolicies>,
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for CreateCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Description" => self.description = value.next_value()?,
            "AllowedPublishers" => self.allowed_publishers = value.next_value()?,
            "CodeSigningPolicies" => self.code_signing_policies = value.next_value()?,
            "Tags" => self.tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.allowed_publishers {
            map.serialize_entry("AllowedPublishers", value)?;
        }
        if let Some(value) = &self.code_signing_policies {
            map.serialize_entry("CodeSigningPolicies", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateCodeSigningConfigResponse {
    pub code_signing_config: Option<CodeSigningConfig>,
}

impl Object for CreateCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfig" => self.code_signing_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config {
            map.serialize_entry("CodeSigningConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateEventSourceMappingRequest {
    pub event_source_arn: Option<String>,
    pub function_name: Option<String>,
    pub enabled: Option<bool>,
    pub batch_size: Option<i64>,
    pub filter_criteria: Option<FilterCriteria>,
    pub kms_key_arn: Option<String>,
    pub metrics_config: Option<EventSourceMappingMetricsConfig>,
    pub logging_config: Option<EventSourceMappingLoggingConfig>,
    pub scaling_config: Option<ScalingConfig>,
    pub maximum_batching_window_in_seconds: Option<i64>,
    pub parallelization_factor: Option<i64>,
    pub starting_position: Option<String>,
    pub starting_position_timestamp: Option<Timestamp>,
    pub destination_config: Option<DestinationConfig>,
    pub maximum_record_age_in_seconds: Option<i64>,
    pub bisect_batch_on_function_error: Option<bool>,
    pub maximum_retry_attempts: Option<i64>,
    pub tags: Option<BTreeMap<String, String>>,
    pub tumbling_window_in_seconds: Option<i64>,
    pub topics: Option<Vec<String>>,
    pub queues: Option<Vec<String>>,
    pub source_access_configurations: Option<Vec<SourceAccessConfiguration>>,
    pub self_managed_event_source: Option<SelfManagedEventSource>,
    pub function_response_types: Option<Vec<String>>,
    pub amazon_managed_kafka_event_source_config: Option<AmazonManagedKafkaEventSourceConfig>,
    pub self_managed_kafka_event_source_config: Option<SelfManagedKafkaEventSourceConfig>,
    pub document_db_event_source_config: Option<DocumentDBEventSourceConfig>,
    pub provisioned_poller_config: Option<ProvisionedPollerConfig>,
}

impl Object for CreateEventSourceMappingRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "EventSourceArn" => self.event_source_arn = value.next_value()?,
            "FunctionName" => self.function_name = value.next_value()?,
            "Enabled" => self.enabled = value.next_value()?,
            "BatchSize" => self.batch_size = value.next_value()?,
            "FilterCriteria" => self.filter_criteria = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "MetricsConfig" => self.metrics_config = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "ScalingConfig" => self.scaling_config = value.next_value()?,
            "MaximumBatchingWindowInSeconds" => {
                self.maximum_batching_window_in_seconds = value.next_value()?
            }
            "ParallelizationFactor" => self.parallelization_factor = value.next_value()?,
            "StartingPosition" => self.starting_position = value.next_value()?,
            "StartingPositionTimestamp" => self.starting_position_timestamp = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            "MaximumRecordAgeInSeconds" => self.maximum_record_age_in_seconds = value.next_value()?,
            "BisectBatchOnFunctionError" => self.bisect_batch_on_function_error = value.next_value()?,
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "Tags" => self.tags = value.next_value()?,
            "TumblingWindowInSeconds" => self.tumbling_window_in_seconds = value.next_value()?,
            "Topics" => self.topics = value.next_value()?,
            "Queues" => self.queues = value.next_value()?,
            "SourceAccessConfigurations" => self.source_access_configurations = value.next_value()?,
            "SelfManagedEventSource" => self.self_managed_event_source = value.next_value()?,
            "FunctionResponseTypes" => self.function_response_types = value.next_value()?,
            "AmazonManagedKafkaEventSourceConfig" => {
                self.amazon_managed_kafka_event_source_config = value.next_value()?
            }
            "SelfManagedKafkaEventSourceConfig" => {
                self.self_managed_kafka_event_source_config = value.next_value()?
            }
            "DocumentDBEventSourceConfig" => self.document_db_event_source_config = value.next_value()?,
            "ProvisionedPollerConfig" => self.provisioned_poller_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateEventSourceMappingRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateEventSourceMappingRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.event_source_arn {
            map.serialize_entry("EventSourceArn", value)?;
        }
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.enabled {
            map.serialize_entry("Enabled", value)?;
        }
        if let Some(value) = &self.batch_size {
            map.serialize_entry("BatchSize", value)?;
        }
        if let Some(value) = &self.filter_criteria {
            map.serialize_entry("FilterCriteria", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.metrics_config {
            map.serialize_entry("MetricsConfig", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.scaling_config {
            map.serialize_entry("ScalingConfig", value)?;
        }
        if let Some(value) = &self.maximum_batching_window_in_seconds {
            map.serialize_entry("MaximumBatchingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.parallelization_factor {
            map.serialize_entry("ParallelizationFactor", value)?;
        }
        if let Some(value) = &self.starting_position {
            map.serialize_entry("StartingPosition", value)?;
        }
        if let Some(value) = &self.starting_position_timestamp {
            map.serialize_entry("StartingPositionTimestamp", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        if let Some(value) = &self.maximum_record_age_in_seconds {
            map.serialize_entry("MaximumRecordAgeInSeconds", value)?;
        }
        if let Some(value) = &self.bisect_batch_on_function_error {
            map.serialize_entry("BisectBatchOnFunctionError", value)?;
        }
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        if let Some(value) = &self.tumbling_window_in_seconds {
            map.serialize_entry("TumblingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.topics {
            map.serialize_entry("Topics", value)?;
        }
        if let Some(value) = &self.queues {
            map.serialize_entry("Queues", value)?;
        }
        if let Some(value) = &self.source_access_configurations {
            map.serialize_entry("SourceAccessConfigurations", value)?;
        }
        if let Some(value) = &self.self_managed_event_source {
            map.serialize_entry("SelfManagedEventSource", value)?;
        }
        if let Some(value) = &self.function_response_types {
            map.serialize_entry("FunctionResponseTypes", value)?;
        }
        if let Some(value) = &self.amazon_managed_kafka_event_source_config {
            map.serialize_entry("AmazonManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.self_managed_kafka_event_source_config {
            map.serialize_entry("SelfManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.document_db_event_source_config {
            map.serialize_entry("DocumentDBEventSourceConfig", value)?;
        }
        if let Some(value) = &self.provisioned_poller_config {
            map.serialize_entry("ProvisionedPollerConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateFunctionRequest {
    pub function_name: Option<String>,
    pub runtime: Option<String>,
    pub role: Option<String>,
    pub handler: Option<String>,
    pub code: Option<FunctionCode>,
    pub description: Option<String>,
    pub timeout: Option<i64>,
    pub memory_size: Option<i64>,
    pub publish: Option<bool>,
    pub publish_to: Option<String>,
    pub vpc_config: Option<VpcConfig>,
    pub package_type: Option<String>,
    pub dead_letter_config: Option<DeadLetterConfig>,
    pub environment: Option<Environment>,
    pub kms_key_arn: Option<String>,
    pub tracing_config: Option<TracingConfig>,
    pub tags: Option<BTreeMap<String, String>>,
    pub layers: Option<Vec<String>>,
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    pub code_signing_config_arn: Option<String>,
    pub image_config: Option<ImageConfig>,
    pub architectures: Option<Vec<String>>,
    pub ephemeral_storage: Option<EphemeralStorage>,
    pub snap_start: Option<SnapStart>,
    pub logging_config: Option<LoggingConfig>,
    pub tenancy_config: Option<TenancyConfig>,
    pub capacity_provider_config: Option<CapacityProviderConfig>,
    pub durable_config: Option<DurableConfig>,
    pub runtime_config: Option<FunctionRuntimeConfig>,
    pub accelerator_config: Option<AcceleratorConfig>,
}

impl Object for CreateFunctionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionName" => self.function_name = value.next_value()?,
            "Runtime" => self.runtime = value.next_value()?,
            "Role" => self.role = value.next_value()?,
            "Handler" => self.handler = value.next_value()?,
            "Code" => self.code = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "Timeout" => self.timeout = value.next_value()?,
            "MemorySize" => self.memory_size = value.next_value()?,
            "Publish" => self.publish = value.next_value()?,
            "PublishTo" => self.publish_to = value.next_value()?,
            "VpcConfig" => self.vpc_config = value.next_value()?,
            "PackageType" => self.package_type = value.next_value()?,
            "DeadLetterConfig" => self.dead_letter_config = value.next_value()?,
            "Environment" => self.environment = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "TracingConfig" => self.tracing_config = value.next_value()?,
            "Tags" => self.tags = value.next_value()?,
            "Layers" => self.layers = value.next_value()?,
            "FileSystemConfigs" => self.file_system_configs = value.next_value()?,
            "CodeSigningConfigArn" => self.code_signing_config_arn = value.next_value()?,
            "ImageConfig" => self.image_config = value.next_value()?,
            "Architectures" => self.architectures = value.next_value()?,
            "EphemeralStorage" => self.ephemeral_storage = value.next_value()?,
            "SnapStart" => self.snap_start = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "TenancyConfig" => self.tenancy_config = value.next_value()?,
            "CapacityProviderConfig" => self.capacity_provider_config = value.next_value()?,
            "DurableConfig" => self.durable_config = value.next_value()?,
            "RuntimeConfig" => self.runtime_config = value.next_value()?,
            "AcceleratorConfig" => self.accelerator_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateFunctionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateFunctionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.runtime {
            map.serialize_entry("Runtime", value)?;
        }
        if let Some(value) = &self.role {
            map.serialize_entry("Role", value)?;
        }
        if let Some(value) = &self.handler {
            map.serialize_entry("Handler", value)?;
        }
        if let Some(value) = &self.code {
            map.serialize_entry("Code", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.timeout {
            map.serialize_entry("Timeout", value)?;
        }
        if let Some(value) = &self.memory_size {
            map.serialize_entry("MemorySize", value)?;
        }
        if let Some(value) = &self.publish {
            map.serialize_entry("Publish", value)?;
        }
        if let Some(value) = &self.publish_to {
            map.serialize_entry("PublishTo", value)?;
        }
        if let Some(value) = &self.vpc_config {
            map.serialize_entry("VpcConfig", value)?;
        }
        if let Some(value) = &self.package_type {
            map.serialize_entry("PackageType", value)?;
        }
        if let Some(value) = &self.dead_letter_config {
            map.serialize_entry("DeadLetterConfig", value)?;
        }
        if let Some(value) = &self.environment {
            map.serialize_entry("Environment", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.tracing_config {
            map.serialize_entry("TracingConfig", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        if let Some(value) = &self.layers {
            map.serialize_entry("Layers", value)?;
        }
        if let Some(value) = &self.file_system_configs {
            map.serialize_entry("FileSystemConfigs", value)?;
        }
        if let Some(value) = &self.code_signing_config_arn {
            map.serialize_entry("CodeSigningConfigArn", value)?;
        }
        if let Some(value) = &self.image_config {
            map.serialize_entry("ImageConfig", value)?;
        }
        if let Some(value) = &self.architectures {
            map.serialize_entry("Architectures", value)?;
        }
        if let Some(value) = &self.ephemeral_storage {
            map.serialize_entry("EphemeralStorage", value)?;
        }
        if let Some(value) = &self.snap_start {
            map.serialize_entry("SnapStart", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.tenancy_config {
            map.serialize_entry("TenancyConfig", value)?;
        }
        if let Some(value) = &self.capacity_provider_config {
            map.serialize_entry("CapacityProviderConfig", value)?;
        }
        if let Some(value) = &self.durable_config {
            map.serialize_entry("DurableConfig", value)?;
        }
        if let Some(value) = &self.runtime_config {
            map.serialize_entry("RuntimeConfig", value)?;
        }
        if let Some(value) = &self.accelerator_config {
            map.serialize_entry("AcceleratorConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateFunctionUrlConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub auth_type: Option<String>,
    pub cors: Option<Cors>,
    pub invoke_mode: Option<String>,
}

impl Object for CreateFunctionUrlConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AuthType" => self.auth_type = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateFunctionUrlConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateFunctionUrlConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateFunctionUrlConfigResponse {
    pub function_url: Option<String>,
    pub function_arn: Option<String>,
    pub auth_type: Option<String>,
    pub cors: Option<Cors>,
    pub creation_time: Option<String>,
    pub invoke_mode: Option<String>,
}

impl Object for CreateFunctionUrlConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionUrl" => self.function_url = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "AuthType" => self.auth_type = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "CreationTime" => self.creation_time = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateFunctionUrlConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateFunctionUrlConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_url {
            map.serialize_entry("FunctionUrl", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("CreationTime", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeadLetterConfig {
    pub target_arn: Option<String>,
}

impl Object for DeadLetterConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "TargetArn" => self.target_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeadLetterConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeadLetterConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.target_arn {
            map.serialize_entry("TargetArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteAliasRequest {
    pub function_name: Option<String>,
    pub name: Option<String>,
}

impl Object for DeleteAliasRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteAliasRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteAliasRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteCapacityProviderRequest {
    pub capacity_provider_name: Option<String>,
}

impl Object for DeleteCapacityProviderRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteCapacityProviderRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteCapacityProviderRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteCapacityProviderResponse {
    pub capacity_provider: Option<CapacityProvider>,
}

impl Object for DeleteCapacityProviderResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProvider" => self.capacity_provider = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeleteCapacityProviderResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteCapacityProviderResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider {
            map.serialize_entry("CapacityProvider", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteCodeSigningConfigRequest {
    pub code_signing_config_arn: Option<String>,
}

impl Object for DeleteCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteCodeSigningConfigResponse {}

impl Object for DeleteCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
}

impl Object for DeleteDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteDurableExecutionResponse {
    pub deletion_request_timestamp: Option<Timestamp>,
}

impl Object for DeleteDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DeletionRequestTimestamp" => self.deletion_request_timestamp = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeleteDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.deletion_request_timestamp {
            map.serialize_entry("DeletionRequestTimestamp", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteEventSourceMappingRequest {
    pub uuid: Option<String>,
}

impl Object for DeleteEventSourceMappingRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteEventSourceMappingRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteEventSourceMappingRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionCodeSigningConfigRequest {
    pub function_name: Option<String>,
}

impl Object for DeleteFunctionCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionConcurrencyRequest {
    pub function_name: Option<String>,
}

impl Object for DeleteFunctionConcurrencyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionConcurrencyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionConcurrencyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionEventInvokeConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for DeleteFunctionEventInvokeConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionEventInvokeConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionEventInvokeConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for DeleteFunctionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionResponse {
    pub status_code: Option<i64>,
}

impl Object for DeleteFunctionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteFunctionUrlConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for DeleteFunctionUrlConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteFunctionUrlConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteFunctionUrlConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteLayerVersionRequest {
    pub layer_name: Option<String>,
    pub version_number: Option<i64>,
}

impl Object for DeleteLayerVersionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteLayerVersionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteLayerVersionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteProvisionedConcurrencyConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for DeleteProvisionedConcurrencyConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteProvisionedConcurrencyConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteProvisionedConcurrencyConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteResourcePolicyRequest {
    pub resource_arn: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for DeleteResourcePolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for DeleteResourcePolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteResourcePolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DestinationConfig {
    pub on_success: Option<OnSuccess>,
    pub on_failure: Option<OnFailure>,
}

impl Object for DestinationConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "OnSuccess" => self.on_success = value.next_value()?,
            "OnFailure" => self.on_failure = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DestinationConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DestinationConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.on_success {
            map.serialize_entry("OnSuccess", value)?;
        }
        if let Some(value) = &self.on_failure {
            map.serialize_entry("OnFailure", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentDBEventSourceConfig {
    pub database_name: Option<String>,
    pub collection_name: Option<String>,
    pub full_document: Option<String>,
}

impl Object for DocumentDBEventSourceConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DatabaseName" => self.database_name = value.next_value()?,
            "CollectionName" => self.collection_name = value.next_value()?,
            "FullDocument" => self.full_document = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DocumentDBEventSourceConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DocumentDBEventSourceConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.database_name {
            map.serialize_entry("DatabaseName", value)?;
        }
        if let Some(value) = &self.collection_name {
            map.serialize_entry("CollectionName", value)?;
        }
        if let Some(value) = &self.full_document {
            map.serialize_entry("FullDocument", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DurableConfig {
    pub kms_key_arn: Option<String>,
    pub retention_period_in_days: Option<i64>,
    pub execution_timeout: Option<i64>,
}

impl Object for DurableConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "RetentionPeriodInDays" => self.retention_period_in_days = value.next_value()?,
            "ExecutionTimeout" => self.execution_timeout = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DurableConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DurableConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.retention_period_in_days {
            map.serialize_entry("RetentionPeriodInDays", value)?;
        }
        if let Some(value) = &self.execution_timeout {
            map.serialize_entry("ExecutionTimeout", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct Environment {
    pub variables: Option<BTreeMap<String, String>>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("variables", &self.variables.as_ref().map(|_| Sensitive)).finish()
    }
}

impl Object for Environment {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Variables" => self.variables = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Environment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.variables {
            map.serialize_entry("Variables", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EnvironmentError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl fmt::Debug for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentError")
            .field("error_code", &self.error_code)
            .field("message", &self.message.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for EnvironmentError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EnvironmentError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EnvironmentError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EnvironmentResponse {
    pub variables: Option<BTreeMap<String, String>>,
    pub error: Option<EnvironmentError>,
}

impl fmt::Debug for EnvironmentResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentResponse")
            .field("variables", &self.variables.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .finish()
    }
}

impl Object for EnvironmentResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Variables" => self.variables = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EnvironmentResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EnvironmentResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.variables {
            map.serialize_entry("Variables", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EphemeralStorage {
    pub size: Option<i64>,
}

impl Object for EphemeralStorage {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Size" => self.size = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EphemeralStorage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EphemeralStorage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.size {
            map.serialize_entry("Size", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ErrorObject {
    pub error_message: Option<String>,
    pub error_type: Option<String>,
    pub error_data: Option<String>,
    pub stack_trace: Option<Vec<String>>,
}

impl fmt::Debug for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorObject")
            .field("error_message", &self.error_message.as_ref().map(|_| Sensitive))
            .field("error_type", &self.error_type.as_ref().map(|_| Sensitive))
            .field("error_data", &self.error_data.as_ref().map(|_| Sensitive))
            .field("stack_trace", &self.stack_trace)
            .finish()
    }
}

impl Object for ErrorObject {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorMessage" => self.error_message = value.next_value()?,
            "ErrorType" => self.error_type = value.next_value()?,
            "ErrorData" => self.error_data = value.next_value()?,
            "StackTrace" => self.stack_trace = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ErrorObject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ErrorObject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_message {
            map.serialize_entry("ErrorMessage", value)?;
        }
        if let Some(value) = &self.error_type {
            map.serialize_entry("ErrorType", value)?;
        }
        if let Some(value) = &self.error_data {
            map.serialize_entry("ErrorData", value)?;
        }
        if let Some(value) = &self.stack_trace {
            map.serialize_entry("StackTrace", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    pub event_type: Option<String>,
    pub sub_type: Option<String>,
    pub event_id: Option<i64>,
    pub id: Option<String>,
    pub name: Option<String>,
    pub event_timestamp: Option<Timestamp>,
    pub parent_id: Option<String>,
    pub execution_started_details: Option<ExecutionStartedDetails>,
    pub execution_succeeded_details: Option<ExecutionSucceededDetails>,
    pub execution_failed_details: Option<ExecutionFailedDetails>,
    pub execution_timed_out_details: Option<ExecutionTimedOutDetails>,
    pub execution_stopped_details: Option<ExecutionStoppedDetails>,
    pub context_started_details: Option<ContextStartedDetails>,
    pub context_succeeded_details: Option<ContextSucceededDetails>,
    pub context_failed_details: Option<ContextFailedDetails>,
    pub wait_started_details: Option<WaitStartedDetails>,
    pub wait_succeeded_details: Option<WaitSucceededDetails>,
    pub wait_cancelled_details: Option<WaitCancelledDetails>,
    pub step_started_details: Option<StepStartedDetails>,
    pub step_succeeded_details: Option<StepSucceededDetails>,
    pub step_failed_details: Option<StepFailedDetails>,
    pub chained_invoke_started_details: Option<ChainedInvokeStartedDetails>,
    pub chained_invoke_succeeded_details: Option<ChainedInvokeSucceededDetails>,
    pub chained_invoke_failed_details: Option<ChainedInvokeFailedDetails>,
    pub chained_invoke_timed_out_details: Option<ChainedInvokeTimedOutDetails>,
    pub chained_invoke_stopped_details: Option<ChainedInvokeStoppedDetails>,
    pub callback_started_details: Option<CallbackStartedDetails>,
    pub callback_succeeded_details: Option<CallbackSucceededDetails>,
    pub callback_failed_details: Option<CallbackFailedDetails>,
    pub callback_timed_out_details: Option<CallbackTimedOutDetails>,
    pub invocation_completed_details: Option<InvocationCompletedDetails>,
    pub execution_paused_details: Option<ExecutionPausedDetails>,
    pub execution_resumed_details: Option<ExecutionResumedDetails>,
}

impl Object for Event {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "EventType" => self.event_type = value.next_value()?,
            "SubType" => self.sub_type = value.next_value()?,
            "EventId" => self.event_id = value.next_value()?,
            "Id" => self.id = value.next_value()?,
            "Name" => self.name = value.next_value()?,
            "EventTimestamp" => self.event_timestamp = value.next_value()?,
            "ParentId" => self.parent_id = value.next_value()?,
            "ExecutionStartedDetails" => self.execution_started_details = value.next_value()?,
            "ExecutionSucceededDetails" => self.execution_succeeded_details = value.next_value()?,
            "ExecutionFailedDetails" => self.execution_failed_details = value.next_value()?,
            "ExecutionTimedOutDetails" => self.execution_timed_out_details = value.next_value()?,
            "ExecutionStoppedDetails" => self.execution_stopped_details = value.next_value()?,
            "ContextStartedDetails" => self.context_started_details = value.next_value()?,
            "ContextSucceededDetails" => self.context_succeeded_details = value.next_value()?,
            "ContextFailedDetails" => self.context_failed_details = value.next_value()?,
            "WaitStartedDetails" => self.wait_started_details = value.next_value()?,
            "WaitSucceededDetails" => self.wait_succeeded_details = value.next_value()?,
            "WaitCancelledDetails" => self.wait_cancelled_details = value.next_value()?,
            "StepStartedDetails" => self.step_started_details = value.next_value()?,
            "StepSucceededDetails" => self.step_succeeded_details = value.next_value()?,
            "StepFailedDetails" => self.step_failed_details = value.next_value()?,
            "ChainedInvokeStartedDetails" => self.chained_invoke_started_details = value.next_value()?,
            "ChainedInvokeSucceededDetails" => self.chained_invoke_succeeded_details = value.next_value()?,
            "ChainedInvokeFailedDetails" => self.chained_invoke_failed_details = value.next_value()?,
            "ChainedInvokeTimedOutDetails" => self.chained_invoke_timed_out_details = value.next_value()?,
            "ChainedInvokeStoppedDetails" => self.chained_invoke_stopped_details = value.next_value()?,
            "CallbackStartedDetails" => self.callback_started_details = value.next_value()?,
            "CallbackSucceededDetails" => self.callback_succeeded_details = value.next_value()?,
            "CallbackFailedDetails" => self.callback_failed_details = value.next_value()?,
            "CallbackTimedOutDetails" => self.callback_timed_out_details = value.next_value()?,
            "InvocationCompletedDetails" => self.invocation_completed_details = value.next_value()?,
            "ExecutionPausedDetails" => self.execution_paused_details = value.next_value()?,
            "ExecutionResumedDetails" => self.execution_resumed_details = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.event_type {
            map.serialize_entry("EventType", value)?;
        }
        if let Some(value) = &self.sub_type {
            map.serialize_entry("SubType", value)?;
        }
        if let Some(value) = &self.event_id {
            map.serialize_entry("EventId", value)?;
        }
        if let Some(value) = &self.id {
            map.serialize_entry("Id", value)?;
        }
        if let Some(value) = &self.name {
            map.serialize_entry("Name", value)?;
        }
        if let Some(value) = &self.event_timestamp {
            map.serialize_entry("EventTimestamp", value)?;
        }
        if let Some(value) = &self.parent_id {
            map.serialize_entry("ParentId", value)?;
        }
        if let Some(value) = &self.execution_started_details {
            map.serialize_entry("ExecutionStartedDetails", value)?;
        }
        if let Some(value) = &self.execution_succeeded_details {
            map.serialize_entry("ExecutionSucceededDetails", value)?;
        }
        if let Some(value) = &self.execution_failed_details {
            map.serialize_entry("ExecutionFailedDetails", value)?;
        }
        if let Some(value) = &self.execution_timed_out_details {
            map.serialize_entry("ExecutionTimedOutDetails", value)?;
        }
        if let Some(value) = &self.execution_stopped_details {
            map.serialize_entry("ExecutionStoppedDetails", value)?;
        }
        if let Some(value) = &self.context_started_details {
            map.serialize_entry("ContextStartedDetails", value)?;
        }
        if let Some(value) = &self.context_succeeded_details {
            map.serialize_entry("ContextSucceededDetails", value)?;
        }
        if let Some(value) = &self.context_failed_details {
            map.serialize_entry("ContextFailedDetails", value)?;
        }
        if let Some(value) = &self.wait_started_details {
            map.serialize_entry("WaitStartedDetails", value)?;
        }
        if let Some(value) = &self.wait_succeeded_details {
            map.serialize_entry("WaitSucceededDetails", value)?;
        }
        if let Some(value) = &self.wait_cancelled_details {
            map.serialize_entry("WaitCancelledDetails", value)?;
        }
        if let Some(value) = &self.step_started_details {
            map.serialize_entry("StepStartedDetails", value)?;
        }
        if let Some(value) = &self.step_succeeded_details {
            map.serialize_entry("StepSucceededDetails", value)?;
        }
        if let Some(value) = &self.step_failed_details {
            map.serialize_entry("StepFailedDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_started_details {
            map.serialize_entry("ChainedInvokeStartedDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_succeeded_details {
            map.serialize_entry("ChainedInvokeSucceededDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_failed_details {
            map.serialize_entry("ChainedInvokeFailedDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_timed_out_details {
            map.serialize_entry("ChainedInvokeTimedOutDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_stopped_details {
            map.serialize_entry("ChainedInvokeStoppedDetails", value)?;
        }
        if let Some(value) = &self.callback_started_details {
            map.serialize_entry("CallbackStartedDetails", value)?;
        }
        if let Some(value) = &self.callback_succeeded_details {
            map.serialize_entry("CallbackSucceededDetails", value)?;
        }
        if let Some(value) = &self.callback_failed_details {
            map.serialize_entry("CallbackFailedDetails", value)?;
        }
        if let Some(value) = &self.callback_timed_out_details {
            map.serialize_entry("CallbackTimedOutDetails", value)?;
        }
        if let Some(value) = &self.invocation_completed_details {
            map.serialize_entry("InvocationCompletedDetails", value)?;
        }
        if let Some(value) = &self.execution_paused_details {
            map.serialize_entry("ExecutionPausedDetails", value)?;
        }
        if let Some(value) = &self.execution_resumed_details {
            map.serialize_entry("ExecutionResumedDetails", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventError {
    pub payload: Option<ErrorObject>,
    pub truncated: Option<bool>,
}

impl Object for EventError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Payload" => self.payload = value.next_value()?,
            "Truncated" => self.truncated = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.truncated {
            map.serialize_entry("Truncated", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EventInput {
    pub payload: Option<String>,
    pub truncated: Option<bool>,
}

impl fmt::Debug for EventInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventInput")
            .field("payload", &self.payload.as_ref().map(|_| Sensitive))
            .field("truncated", &self.truncated)
            .finish()
    }
}

impl Object for EventInput {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Payload" => self.payload = value.next_value()?,
            "Truncated" => self.truncated = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventInput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventInput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.truncated {
            map.serialize_entry("Truncated", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EventPauseReason {
    pub payload: Option<String>,
    pub truncated: Option<bool>,
}

impl fmt::Debug for EventPauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventPauseReason")
            .field("payload", &self.payload.as_ref().map(|_| Sensitive))
            .field("truncated", &self.truncated)
            .finish()
    }
}

impl Object for EventPauseReason {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Payload" => self.payload = value.next_value()?,
            "Truncated" => self.truncated = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventPauseReason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventPauseReason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.truncated {
            map.serialize_entry("Truncated", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EventResult {
    pub payload: Option<String>,
    pub truncated: Option<bool>,
}

impl fmt::Debug for EventResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventResult")
            .field("payload", &self.payload.as_ref().map(|_| Sensitive))
            .field("truncated", &self.truncated)
            .finish()
    }
}

impl Object for EventResult {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Payload" => self.payload = value.next_value()?,
            "Truncated" => self.truncated = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventResult {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventResult {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.truncated {
            map.serialize_entry("Truncated", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct EventResumeReason {
    pub payload: Option<String>,
    pub truncated: Option<bool>,
}

impl fmt::Debug for EventResumeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventResumeReason")
            .field("payload", &self.payload.as_ref().map(|_| Sensitive))
            .field("truncated", &self.truncated)
            .finish()
    }
}

impl Object for EventResumeReason {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Payload" => self.payload = value.next_value()?,
            "Truncated" => self.truncated = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventResumeReason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventResumeReason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.truncated {
            map.serialize_entry("Truncated", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventSourceMappingConfiguration {
    pub uuid: Option<String>,
    pub starting_position: Option<String>,
    pub starting_position_timestamp: Option<Timestamp>,
    pub batch_size: Option<i64>,
    pub maximum_batching_window_in_seconds: Option<i64>,
    pub parallelization_factor: Option<i64>,
    pub event_source_arn: Option<String>,
    pub filter_criteria: Option<FilterCriteria>,
    pub filter_criteria_error: Option<FilterCriteriaError>,
    pub kms_key_arn: Option<String>,
    pub metrics_config: Option<EventSourceMappingMetricsConfig>,
    pub logging_config: Option<EventSourceMappingLoggingConfig>,
    pub scaling_config: Option<ScalingConfig>,
    pub function_arn: Option<String>,
    pub last_modified: Option<Timestamp>,
    pub last_processing_result: Option<String>,
    pub state: Option<String>,
    pub state_transition_reason: Option<String>,
    pub destination_config: Option<DestinationConfig>,
    pub topics: Option<Vec<String>>,
    pub queues: Option<Vec<String>>,
    pub source_access_configurations: Option<Vec<SourceAccessConfiguration>>,
    pub self_managed_event_source: Option<SelfManagedEventSource>,
    pub maximum_record_age_in_seconds: Option<i64>,
    pub bisect_batch_on_function_error: Option<bool>,
    pub maximum_retry_attempts: Option<i64>,
    pub tumbling_window_in_seconds: Option<i64>,
    pub function_response_types: Option<Vec<String>>,
    pub amazon_managed_kafka_event_source_config: Option<AmazonManagedKafkaEventSourceConfig>,
    pub self_managed_kafka_event_source_config: Option<SelfManagedKafkaEventSourceConfig>,
    pub document_db_event_source_config: Option<DocumentDBEventSourceConfig>,
    pub event_source_mapping_arn: Option<String>,
    pub provisioned_poller_config: Option<ProvisionedPollerConfig>,
}

impl Object for EventSourceMappingConfiguration {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "UUID" => self.uuid = value.next_value()?,
            "StartingPosition" => self.starting_position = value.next_value()?,
            "StartingPositionTimestamp" => self.starting_position_timestamp = value.next_value()?,
            "BatchSize" => self.batch_size = value.next_value()?,
            "MaximumBatchingWindowInSeconds" => {
                self.maximum_batching_window_in_seconds = value.next_value()?
            }
            "ParallelizationFactor" => self.parallelization_factor = value.next_value()?,
            "EventSourceArn" => self.event_source_arn = value.next_value()?,
            "FilterCriteria" => self.filter_criteria = value.next_value()?,
            "FilterCriteriaError" => self.filter_criteria_error = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "MetricsConfig" => self.metrics_config = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "ScalingConfig" => self.scaling_config = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            "LastProcessingResult" => self.last_processing_result = value.next_value()?,
            "State" => self.state = value.next_value()?,
            "StateTransitionReason" => self.state_transition_reason = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            "Topics" => self.topics = value.next_value()?,
            "Queues" => self.queues = value.next_value()?,
            "SourceAccessConfigurations" => self.source_access_configurations = value.next_value()?,
            "SelfManagedEventSource" => self.self_managed_event_source = value.next_value()?,
            "MaximumRecordAgeInSeconds" => self.maximum_record_age_in_seconds = value.next_value()?,
            "BisectBatchOnFunctionError" => self.bisect_batch_on_function_error = value.next_value()?,
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "TumblingWindowInSeconds" => self.tumbling_window_in_seconds = value.next_value()?,
            "FunctionResponseTypes" => self.function_response_types = value.next_value()?,
            "AmazonManagedKafkaEventSourceConfig" => {
                self.amazon_managed_kafka_event_source_config = value.next_value()?
            }
            "SelfManagedKafkaEventSourceConfig" => {
                self.self_managed_kafka_event_source_config = value.next_value()?
            }
            "DocumentDBEventSourceConfig" => self.document_db_event_source_config = value.next_value()?,
            "EventSourceMappingArn" => self.event_source_mapping_arn = value.next_value()?,
            "ProvisionedPollerConfig" => self.provisioned_poller_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventSourceMappingConfiguration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventSourceMappingConfiguration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.uuid {
            map.serialize_entry("UUID", value)?;
        }
        if let Some(value) = &self.starting_position {
            map.serialize_entry("StartingPosition", value)?;
        }
        if let Some(value) = &self.starting_position_timestamp {
            map.serialize_entry("StartingPositionTimestamp", value)?;
        }
        if let Some(value) = &self.batch_size {
            map.serialize_entry("BatchSize", value)?;
        }
        if let Some(value) = &self.maximum_batching_window_in_seconds {
            map.serialize_entry("MaximumBatchingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.parallelization_factor {
            map.serialize_entry("ParallelizationFactor", value)?;
        }
        if let Some(value) = &self.event_source_arn {
            map.serialize_entry("EventSourceArn", value)?;
        }
        if let Some(value) = &self.filter_criteria {
            map.serialize_entry("FilterCriteria", value)?;
        }
        if let Some(value) = &self.filter_criteria_error {
            map.serialize_entry("FilterCriteriaError", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.metrics_config {
            map.serialize_entry("MetricsConfig", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.scaling_config {
            map.serialize_entry("ScalingConfig", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        if let Some(value) = &self.last_processing_result {
            map.serialize_entry("LastProcessingResult", value)?;
        }
        if let Some(value) = &self.state {
            map.serialize_entry("State", value)?;
        }
        if let Some(value) = &self.state_transition_reason {
            map.serialize_entry("StateTransitionReason", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        if let Some(value) = &self.topics {
            map.serialize_entry("Topics", value)?;
        }
        if let Some(value) = &self.queues {
            map.serialize_entry("Queues", value)?;
        }
        if let Some(value) = &self.source_access_configurations {
            map.serialize_entry("SourceAccessConfigurations", value)?;
        }
        if let Some(value) = &self.self_managed_event_source {
            map.serialize_entry("SelfManagedEventSource", value)?;
        }
        if let Some(value) = &self.maximum_record_age_in_seconds {
            map.serialize_entry("MaximumRecordAgeInSeconds", value)?;
        }
        if let Some(value) = &self.bisect_batch_on_function_error {
            map.serialize_entry("BisectBatchOnFunctionError", value)?;
        }
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.tumbling_window_in_seconds {
            map.serialize_entry("TumblingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.function_response_types {
            map.serialize_entry("FunctionResponseTypes", value)?;
        }
        if let Some(value) = &self.amazon_managed_kafka_event_source_config {
            map.serialize_entry("AmazonManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.self_managed_kafka_event_source_config {
            map.serialize_entry("SelfManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.document_db_event_source_config {
            map.serialize_entry("DocumentDBEventSourceConfig", value)?;
        }
        if let Some(value) = &self.event_source_mapping_arn {
            map.serialize_entry("EventSourceMappingArn", value)?;
        }
        if let Some(value) = &self.provisioned_poller_config {
            map.serialize_entry("ProvisionedPollerConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventSourceMappingLoggingConfig {
    pub system_log_level: Option<String>,
}

impl Object for EventSourceMappingLoggingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SystemLogLevel" => self.system_log_level = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventSourceMappingLoggingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventSourceMappingLoggingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.system_log_level {
            map.serialize_entry("SystemLogLevel", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventSourceMappingMetricsConfig {
    pub metrics: Option<Vec<String>>,
}

impl Object for EventSourceMappingMetricsConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Metrics" => self.metrics = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for EventSourceMappingMetricsConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for EventSourceMappingMetricsConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.metrics {
            map.serialize_entry("Metrics", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Execution {
    pub durable_execution_arn: Option<String>,
    pub durable_execution_name: Option<String>,
    pub function_arn: Option<String>,
    pub status: Option<String>,
    pub start_timestamp: Option<Timestamp>,
    pub end_timestamp: Option<Timestamp>,
    pub kms_key_arn: Option<String>,
}

impl Object for Execution {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DurableExecutionArn" => self.durable_execution_arn = value.next_value()?,
            "DurableExecutionName" => self.durable_execution_name = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "Status" => self.status = value.next_value()?,
            "StartTimestamp" => self.start_timestamp = value.next_value()?,
            "EndTimestamp" => self.end_timestamp = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Execution {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Execution {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.durable_execution_arn {
            map.serialize_entry("DurableExecutionArn", value)?;
        }
        if let Some(value) = &self.durable_execution_name {
            map.serialize_entry("DurableExecutionName", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.start_timestamp {
            map.serialize_entry("StartTimestamp", value)?;
        }
        if let Some(value) = &self.end_timestamp {
            map.serialize_entry("EndTimestamp", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ExecutionDetails {
    pub input_payload: Option<String>,
}

impl fmt::Debug for ExecutionDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutionDetails")
            .field("input_payload", &self.input_payload.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for ExecutionDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "InputPayload" => self.input_payload = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.input_payload {
            map.serialize_entry("InputPayload", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionFailedDetails {
    pub error: Option<EventError>,
}

impl Object for ExecutionFailedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionFailedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionFailedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionPausedDetails {
    pub pause_request_timestamp: Option<Timestamp>,
    pub reason: Option<EventPauseReason>,
    pub execution_timeout_paused: Option<bool>,
}

impl Object for ExecutionPausedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "PauseRequestTimestamp" => self.pause_request_timestamp = value.next_value()?,
            "Reason" => self.reason = value.next_value()?,
            "ExecutionTimeoutPaused" => self.execution_timeout_paused = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionPausedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionPausedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.pause_request_timestamp {
            map.serialize_entry("PauseRequestTimestamp", value)?;
        }
        if let Some(value) = &self.reason {
            map.serialize_entry("Reason", value)?;
        }
        if let Some(value) = &self.execution_timeout_paused {
            map.serialize_entry("ExecutionTimeoutPaused", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionResumedDetails {
    pub resume_request_timestamp: Option<Timestamp>,
    pub reason: Option<EventResumeReason>,
}

impl Object for ExecutionResumedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ResumeRequestTimestamp" => self.resume_request_timestamp = value.next_value()?,
            "Reason" => self.reason = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionResumedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionResumedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.resume_request_timestamp {
            map.serialize_entry("ResumeRequestTimestamp", value)?;
        }
        if let Some(value) = &self.reason {
            map.serialize_entry("Reason", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionStartedDetails {
    pub input: Option<EventInput>,
    pub execution_timeout: Option<i64>,
}

impl Object for ExecutionStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Input" => self.input = value.next_value()?,
            "ExecutionTimeout" => self.execution_timeout = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.input {
            map.serialize_entry("Input", value)?;
        }
        if let Some(value) = &self.execution_timeout {
            map.serialize_entry("ExecutionTimeout", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionStoppedDetails {
    pub error: Option<EventError>,
}

impl Object for ExecutionStoppedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionStoppedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionStoppedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionSucceededDetails {
    pub result: Option<EventResult>,
}

impl Object for ExecutionSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionTimedOutDetails {
    pub error: Option<EventError>,
}

impl Object for ExecutionTimedOutDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ExecutionTimedOutDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ExecutionTimedOutDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileSystemConfig {
    pub arn: Option<String>,
    pub local_mount_path: Option<String>,
    pub s3_files_config: Option<S3FilesConfig>,
}

impl Object for FileSystemConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Arn" => self.arn = value.next_value()?,
            "LocalMountPath" => self.local_mount_path = value.next_value()?,
            "S3FilesConfig" => self.s3_files_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FileSystemConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FileSystemConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.arn {
            map.serialize_entry("Arn", value)?;
        }
        if let Some(value) = &self.local_mount_path {
            map.serialize_entry("LocalMountPath", value)?;
        }
        if let Some(value) = &self.s3_files_config {
            map.serialize_entry("S3FilesConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub pattern: Option<String>,
}

impl Object for Filter {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Pattern" => self.pattern = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.pattern {
            map.serialize_entry("Pattern", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterCriteria {
    pub filters: Option<Vec<Filter>>,
}

impl Object for FilterCriteria {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Filters" => self.filters = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FilterCriteria {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FilterCriteria {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.filters {
            map.serialize_entry("Filters", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterCriteriaError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl Object for FilterCriteriaError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FilterCriteriaError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FilterCriteriaError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionCode {
    pub zip_file: Option<Blob>,
    pub s3_bucket: Option<String>,
    pub s3_key: Option<String>,
    pub s3_object_version: Option<String>,
    pub s3_object_storage_mode: Option<String>,
    pub image_uri: Option<String>,
    pub source_kms_key_arn: Option<String>,
}

impl Object for FunctionCode {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ZipFile" => self.zip_file = value.next_value()?,
            "S3Bucket" => self.s3_bucket = value.next_value()?,
            "S3Key" => self.s3_key = value.next_value()?,
            "S3ObjectVersion" => self.s3_object_version = value.next_value()?,
            "S3ObjectStorageMode" => self.s3_object_storage_mode = value.next_value()?,
            "ImageUri" => self.image_uri = value.next_value()?,
            "SourceKMSKeyArn" => self.source_kms_key_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.zip_file {
            map.serialize_entry("ZipFile", value)?;
        }
        if let Some(value) = &self.s3_bucket {
            map.serialize_entry("S3Bucket", value)?;
        }
        if let Some(value) = &self.s3_key {
            map.serialize_entry("S3Key", value)?;
        }
        if let Some(value) = &self.s3_object_version {
            map.serialize_entry("S3ObjectVersion", value)?;
        }
        if let Some(value) = &self.s3_object_storage_mode {
            map.serialize_entry("S3ObjectStorageMode", value)?;
        }
        if let Some(value) = &self.image_uri {
            map.serialize_entry("ImageUri", value)?;
        }
        if let Some(value) = &self.source_kms_key_arn {
            map.serialize_entry("SourceKMSKeyArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionCodeLocation {
    pub repository_type: Option<String>,
    pub location: Option<String>,
    pub image_uri: Option<String>,
    pub resolved_image_uri: Option<String>,
    pub resolved_s3_object: Option<ResolvedS3Object>,
    pub source_kms_key_arn: Option<String>,
    pub error: Option<FunctionCodeLocationError>,
}

impl Object for FunctionCodeLocation {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RepositoryType" => self.repository_type = value.next_value()?,
            "Location" => self.location = value.next_value()?,
            "ImageUri" => self.image_uri = value.next_value()?,
            "ResolvedImageUri" => self.resolved_image_uri = value.next_value()?,
            "ResolvedS3Object" => self.resolved_s3_object = value.next_value()?,
            "SourceKMSKeyArn" => self.source_kms_key_arn = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionCodeLocation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionCodeLocation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.repository_type {
            map.serialize_entry("RepositoryType", value)?;
        }
        if let Some(value) = &self.location {
            map.serialize_entry("Location", value)?;
        }
        if let Some(value) = &self.image_uri {
            map.serialize_entry("ImageUri", value)?;
        }
        if let Some(value) = &self.resolved_image_uri {
            map.serialize_entry("ResolvedImageUri", value)?;
        }
        if let Some(value) = &self.resolved_s3_object {
            map.serialize_entry("ResolvedS3Object", value)?;
        }
        if let Some(value) = &self.source_kms_key_arn {
            map.serialize_entry("SourceKMSKeyArn", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct FunctionCodeLocationError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl fmt::Debug for FunctionCodeLocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionCodeLocationError")
            .field("error_code", &self.error_code)
            .field("message", &self.message.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for FunctionCodeLocationError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionCodeLocationError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionCodeLocationError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionConfiguration {
    pub function_name: Option<String>,
    pub function_arn: Option<String>,
    pub runtime: Option<String>,
    pub role: Option<String>,
    pub handler: Option<String>,
    pub code_size: Option<i64>,
    pub description: Option<String>,
    pub timeout: Option<i64>,
    pub memory_size: Option<i64>,
    pub last_modified: Option<String>,
    pub code_sha256: Option<String>,
    pub version: Option<String>,
    pub vpc_config: Option<VpcConfigResponse>,
    pub dead_letter_config: Option<DeadLetterConfig>,
    pub environment: Option<EnvironmentResponse>,
    pub kms_key_arn: Option<String>,
    pub tracing_config: Option<TracingConfigResponse>,
    pub master_arn: Option<String>,
    pub revision_id: Option<String>,
    pub layers: Option<Vec<Layer>>,
    pub state: Option<String>,
    pub state_reason: Option<String>,
    pub state_reason_code: Option<String>,
    pub last_update_status: Option<String>,
    pub last_update_status_reason: Option<String>,
    pub last_update_status_reason_code: Option<String>,
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
    pub package_type: Option<String>,
    pub image_config_response: Option<ImageConfigResponse>,
    pub architectures: Option<Vec<String>>,
    pub ephemeral_storage: Option<EphemeralStorage>,
    pub snap_start: Option<SnapStartResponse>,
    pub runtime_version_config: Option<RuntimeVersionConfig>,
    pub logging_config: Option<LoggingConfig>,
    pub tenancy_config: Option<TenancyConfig>,
    pub capacity_provider_config: Option<CapacityProviderConfig>,
    pub config_sha256: Option<String>,
    pub durable_config: Option<DurableConfig>,
    pub runtime_config: Option<FunctionRuntimeConfig>,
    pub accelerator_config: Option<AcceleratorConfig>,
}

impl Object for FunctionConfiguration {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionName" => self.function_name = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "Runtime" => self.runtime = value.next_value()?,
            "Role" => self.role = value.next_value()?,
            "Handler" => self.handler = value.next_value()?,
            "CodeSize" => self.code_size = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "Timeout" => self.timeout = value.next_value()?,
            "MemorySize" => self.memory_size = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            "CodeSha256" => self.code_sha256 = value.next_value()?,
            "Version" => self.version = value.next_value()?,
            "VpcConfig" => self.vpc_config = value.next_value()?,
            "DeadLetterConfig" => self.dead_letter_config = value.next_value()?,
            "Environment" => self.environment = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "TracingConfig" => self.tracing_config = value.next_value()?,
            "MasterArn" => self.master_arn = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            "Layers" => self.layers = value.next_value()?,
            "State" => self.state = value.next_value()?,
            "StateReason" => self.state_reason = value.next_value()?,
            "StateReasonCode" => self.state_reason_code = value.next_value()?,
            "LastUpdateStatus" => self.last_update_status = value.next_value()?,
            "LastUpdateStatusReason" => self.last_update_status_reason = value.next_value()?,
            "LastUpdateStatusReasonCode" => self.last_update_status_reason_code = value.next_value()?,
            "FileSystemConfigs" => self.file_system_configs = value.next_value()?,
            "SigningProfileVersionArn" => self.signing_profile_version_arn = value.next_value()?,
            "SigningJobArn" => self.signing_job_arn = value.next_value()?,
            "PackageType" => self.package_type = value.next_value()?,
            "ImageConfigResponse" => self.image_config_response = value.next_value()?,
            "Architectures" => self.architectures = value.next_value()?,
            "EphemeralStorage" => self.ephemeral_storage = value.next_value()?,
            "SnapStart" => self.snap_start = value.next_value()?,
            "RuntimeVersionConfig" => self.runtime_version_config = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "TenancyConfig" => self.tenancy_config = value.next_value()?,
            "CapacityProviderConfig" => self.capacity_provider_config = value.next_value()?,
            "ConfigSha256" => self.config_sha256 = value.next_value()?,
            "DurableConfig" => self.durable_config = value.next_value()?,
            "RuntimeConfig" => self.runtime_config = value.next_value()?,
            "AcceleratorConfig" => self.accelerator_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionConfiguration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionConfiguration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.runtime {
            map.serialize_entry("Runtime", value)?;
        }
        if let Some(value) = &self.role {
            map.serialize_entry("Role", value)?;
        }
        if let Some(value) = &self.handler {
            map.serialize_entry("Handler", value)?;
        }
        if let Some(value) = &self.code_size {
            map.serialize_entry("CodeSize", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.timeout {
            map.serialize_entry("Timeout", value)?;
        }
        if let Some(value) = &self.memory_size {
            map.serialize_entry("MemorySize", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        if let Some(value) = &self.code_sha256 {
            map.serialize_entry("CodeSha256", value)?;
        }
        if let Some(value) = &self.version {
            map.serialize_entry("Version", value)?;
        }
        if let Some(value) = &self.vpc_config {
            map.serialize_entry("VpcConfig", value)?;
        }
        if let Some(value) = &self.dead_letter_config {
            map.serialize_entry("DeadLetterConfig", value)?;
        }
        if let Some(value) = &self.environment {
            map.serialize_entry("Environment", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.tracing_config {
            map.serialize_entry("TracingConfig", value)?;
        }
        if let Some(value) = &self.master_arn {
            map.serialize_entry("MasterArn", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        if let Some(value) = &self.layers {
            map.serialize_entry("Layers", value)?;
        }
        if let Some(value) = &self.state {
            map.serialize_entry("State", value)?;
        }
        if let Some(value) = &self.state_reason {
            map.serialize_entry("StateReason", value)?;
        }
        if let Some(value) = &self.state_reason_code {
            map.serialize_entry("StateReasonCode", value)?;
        }
        if let Some(value) = &self.last_update_status {
            map.serialize_entry("LastUpdateStatus", value)?;
        }
        if let Some(value) = &self.last_update_status_reason {
            map.serialize_entry("LastUpdateStatusReason", value)?;
        }
        if let Some(value) = &self.last_update_status_reason_code {
            map.serialize_entry("LastUpdateStatusReasonCode", value)?;
        }
        if let Some(value) = &self.file_system_configs {
            map.serialize_entry("FileSystemConfigs", value)?;
        }
        if let Some(value) = &self.signing_profile_version_arn {
            map.serialize_entry("SigningProfileVersionArn", value)?;
        }
        if let Some(value) = &self.signing_job_arn {
            map.serialize_entry("SigningJobArn", value)?;
        }
        if let Some(value) = &self.package_type {
            map.serialize_entry("PackageType", value)?;
        }
        if let Some(value) = &self.image_config_response {
            map.serialize_entry("ImageConfigResponse", value)?;
        }
        if let Some(value) = &self.architectures {
            map.serialize_entry("Architectures", value)?;
        }
        if let Some(value) = &self.ephemeral_storage {
            map.serialize_entry("EphemeralStorage", value)?;
        }
        if let Some(value) = &self.snap_start {
            map.serialize_entry("SnapStart", value)?;
        }
        if let Some(value) = &self.runtime_version_config {
            map.serialize_entry("RuntimeVersionConfig", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.tenancy_config {
            map.serialize_entry("TenancyConfig", value)?;
        }
        if let Some(value) = &self.capacity_provider_config {
            map.serialize_entry("CapacityProviderConfig", value)?;
        }
        if let Some(value) = &self.config_sha256 {
            map.serialize_entry("ConfigSha256", value)?;
        }
        if let Some(value) = &self.durable_config {
            map.serialize_entry("DurableConfig", value)?;
        }
        if let Some(value) = &self.runtime_config {
            map.serialize_entry("RuntimeConfig", value)?;
        }
        if let Some(value) = &self.accelerator_config {
            map.serialize_entry("AcceleratorConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionEventInvokeConfig {
    pub last_modified: Option<Timestamp>,
    pub function_arn: Option<String>,
    pub maximum_retry_attempts: Option<i64>,
    pub maximum_event_age_in_seconds: Option<i64>,
    pub destination_config: Option<DestinationConfig>,
}

impl Object for FunctionEventInvokeConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LastModified" => self.last_modified = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "MaximumEventAgeInSeconds" => self.maximum_event_age_in_seconds = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionEventInvokeConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionEventInvokeConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.maximum_event_age_in_seconds {
            map.serialize_entry("MaximumEventAgeInSeconds", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionRuntimeConfig {
    pub runtime_arn: Option<String>,
    pub runtime_alias: Option<String>,
}

impl Object for FunctionRuntimeConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RuntimeArn" => self.runtime_arn = value.next_value()?,
            "RuntimeAlias" => self.runtime_alias = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionRuntimeConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionRuntimeConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.runtime_arn {
            map.serialize_entry("RuntimeArn", value)?;
        }
        if let Some(value) = &self.runtime_alias {
            map.serialize_entry("RuntimeAlias", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionScalingConfig {
    pub min_execution_environments: Option<i64>,
    pub max_execution_environments: Option<i64>,
}

impl Object for FunctionScalingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MinExecutionEnvironments" => self.min_execution_environments = value.next_value()?,
            "MaxExecutionEnvironments" => self.max_execution_environments = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionScalingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionScalingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.min_execution_environments {
            map.serialize_entry("MinExecutionEnvironments", value)?;
        }
        if let Some(value) = &self.max_execution_environments {
            map.serialize_entry("MaxExecutionEnvironments", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionUrlConfig {
    pub function_url: Option<String>,
    pub function_arn: Option<String>,
    pub creation_time: Option<String>,
    pub last_modified_time: Option<String>,
    pub cors: Option<Cors>,
    pub auth_type: Option<String>,
    pub invoke_mode: Option<String>,
}

impl Object for FunctionUrlConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionUrl" => self.function_url = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "CreationTime" => self.creation_time = value.next_value()?,
            "LastModifiedTime" => self.last_modified_time = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "AuthType" => self.auth_type = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionUrlConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionUrlConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_url {
            map.serialize_entry("FunctionUrl", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("CreationTime", value)?;
        }
        if let Some(value) = &self.last_modified_time {
            map.serialize_entry("LastModifiedTime", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionVersionsByCapacityProviderListItem {
    pub function_arn: Option<String>,
    pub state: Option<String>,
}

impl Object for FunctionVersionsByCapacityProviderListItem {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionArn" => self.function_arn = value.next_value()?,
            "State" => self.state = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FunctionVersionsByCapacityProviderListItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FunctionVersionsByCapacityProviderListItem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.state {
            map.serialize_entry("State", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetAccountSettingsRequest {}

impl Object for GetAccountSettingsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetAccountSettingsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetAccountSettingsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetAccountSettingsResponse {
    pub account_limit: Option<AccountLimit>,
    pub account_usage: Option<AccountUsage>,
}

impl Object for GetAccountSettingsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AccountLimit" => self.account_limit = value.next_value()?,
            "AccountUsage" => self.account_usage = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetAccountSettingsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetAccountSettingsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.account_limit {
            map.serialize_entry("AccountLimit", value)?;
        }
        if let Some(value) = &self.account_usage {
            map.serialize_entry("AccountUsage", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetAliasRequest {
    pub function_name: Option<String>,
    pub name: Option<String>,
}

impl Object for GetAliasRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetAliasRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetAliasRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetCapacityProviderRequest {
    pub capacity_provider_name: Option<String>,
}

impl Object for GetCapacityProviderRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetCapacityProviderRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetCapacityProviderRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetCapacityProviderResponse {
    pub capacity_provider: Option<CapacityProvider>,
}

impl Object for GetCapacityProviderResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProvider" => self.capacity_provider = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetCapacityProviderResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetCapacityProviderResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider {
            map.serialize_entry("CapacityProvider", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetCodeSigningConfigRequest {
    pub code_signing_config_arn: Option<String>,
}

impl Object for GetCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetCodeSigningConfigResponse {
    pub code_signing_config: Option<CodeSigningConfig>,
}

impl Object for GetCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfig" => self.code_signing_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config {
            map.serialize_entry("CodeSigningConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetDurableExecutionHistoryRequest {
    pub durable_execution_arn: Option<String>,
    pub include_execution_data: Option<bool>,
    pub max_items: Option<i64>,
    pub marker: Option<String>,
    pub reverse_order: Option<bool>,
}

impl Object for GetDurableExecutionHistoryRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionHistoryRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionHistoryRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetDurableExecutionHistoryResponse {
    pub events: Option<Vec<Event>>,
    pub next_marker: Option<String>,
}

impl Object for GetDurableExecutionHistoryResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Events" => self.events = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionHistoryResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionHistoryResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.events {
            map.serialize_entry("Events", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
    pub include_execution_data: Option<bool>,
}

impl Object for GetDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct GetDurableExecutionResponse {
    pub durable_execution_arn: Option<String>,
    pub durable_execution_name: Option<String>,
    pub function_arn: Option<String>,
    pub input_payload: Option<String>,
    pub result: Option<String>,
    pub error: Option<ErrorObject>,
    pub start_timestamp: Option<Timestamp>,
    pub status: Option<String>,
    pub end_timestamp: Option<Timestamp>,
    pub version: Option<String>,
    pub trace_header: Option<TraceHeader>,
    pub execution_data_included: Option<bool>,
    pub durable_config: Option<DurableConfig>,
    pub pause_details: Option<PauseDetails>,
    pub expected_execution_timeout_timestamp: Option<Timestamp>,
}

impl fmt::Debug for GetDurableExecutionResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetDurableExecutionResponse")
            .field("durable_execution_arn", &self.durable_execution_arn)
            .field("durable_execution_name", &self.durable_execution_name)
            .field("function_arn", &self.function_arn)
            .field("input_payload", &self.input_payload.as_ref().map(|_| Sensitive))
            .field("result", &self.result.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .field("start_timestamp", &self.start_timestamp)
            .field("status", &self.status)
            .field("end_timestamp", &self.end_timestamp)
            .field("version", &self.version)
            .field("trace_header", &self.trace_header)
            .field("execution_data_included", &self.execution_data_included)
            .field("durable_config", &self.durable_config)
            .field("pause_details", &self.pause_details)
            .field("expected_execution_timeout_timestamp", &self.expected_execution_timeout_timestamp)
            .finish()
    }
}

impl Object for GetDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DurableExecutionArn" => self.durable_execution_arn = value.next_value()?,
            "DurableExecutionName" => self.durable_execution_name = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "InputPayload" => self.input_payload = value.next_value()?,
            "Result" => self.result = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            "StartTimestamp" => self.start_timestamp = value.next_value()?,
            "Status" => self.status = value.next_value()?,
            "EndTimestamp" => self.end_timestamp = value.next_value()?,
            "Version" => self.version = value.next_value()?,
            "TraceHeader" => self.trace_header = value.next_value()?,
            "ExecutionDataIncluded" => self.execution_data_included = value.next_value()?,
            "DurableConfig" => self.durable_config = value.next_value()?,
            "PauseDetails" => self.pause_details = value.next_value()?,
            "ExpectedExecutionTimeoutTimestamp" => {
                self.expected_execution_timeout_timestamp = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.durable_execution_arn {
            map.serialize_entry("DurableExecutionArn", value)?;
        }
        if let Some(value) = &self.durable_execution_name {
            map.serialize_entry("DurableExecutionName", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.input_payload {
            map.serialize_entry("InputPayload", value)?;
        }
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        if let Some(value) = &self.start_timestamp {
            map.serialize_entry("StartTimestamp", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.end_timestamp {
            map.serialize_entry("EndTimestamp", value)?;
        }
        if let Some(value) = &self.version {
            map.serialize_entry("Version", value)?;
        }
        if let Some(value) = &self.trace_header {
            map.serialize_entry("TraceHeader", value)?;
        }
        if let Some(value) = &self.execution_data_included {
            map.serialize_entry("ExecutionDataIncluded", value)?;
        }
        if let Some(value) = &self.durable_config {
            map.serialize_entry("DurableConfig", value)?;
        }
        if let Some(value) = &self.pause_details {
            map.serialize_entry("PauseDetails", value)?;
        }
        if let Some(value) = &self.expected_execution_timeout_timestamp {
            map.serialize_entry("ExpectedExecutionTimeoutTimestamp", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetDurableExecutionStateRequest {
    pub durable_execution_arn: Option<String>,
    pub checkpoint_token: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for GetDurableExecutionStateRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionStateRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionStateRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetDurableExecutionStateResponse {
    pub operations: Option<Vec<Operation>>,
    pub next_marker: Option<String>,
}

impl Object for GetDurableExecutionStateResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Operations" => self.operations = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetDurableExecutionStateResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetDurableExecutionStateResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.operations {
            map.serialize_entry("Operations", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetEventSourceMappingRequest {
    pub uuid: Option<String>,
}

impl Object for GetEventSourceMappingRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetEventSourceMappingRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetEventSourceMappingRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionCodeSigningConfigRequest {
    pub function_name: Option<String>,
}

impl Object for GetFunctionCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionCodeSigningConfigResponse {
    pub code_signing_config_arn: Option<String>,
    pub function_name: Option<String>,
}

impl Object for GetFunctionCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfigArn" => self.code_signing_config_arn = value.next_value()?,
            "FunctionName" => self.function_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config_arn {
            map.serialize_entry("CodeSigningConfigArn", value)?;
        }
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionConcurrencyRequest {
    pub function_name: Option<String>,
}

impl Object for GetFunctionConcurrencyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionConcurrencyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionConcurrencyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionConcurrencyResponse {
    pub reserved_concurrent_executions: Option<i64>,
}

impl Object for GetFunctionConcurrencyResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ReservedConcurrentExecutions" => self.reserved_concurrent_executions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionConcurrencyResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionConcurrencyResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.reserved_concurrent_executions {
            map.serialize_entry("ReservedConcurrentExecutions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionConfigurationRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetFunctionConfigurationRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionConfigurationRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionConfigurationRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionEventInvokeConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetFunctionEventInvokeConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionEventInvokeConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionEventInvokeConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionRecursionConfigRequest {
    pub function_name: Option<String>,
}

impl Object for GetFunctionRecursionConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionRecursionConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionRecursionConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionRecursionConfigResponse {
    pub recursive_loop: Option<String>,
}

impl Object for GetFunctionRecursionConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RecursiveLoop" => self.recursive_loop = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionRecursionConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionRecursionConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.recursive_loop {
            map.serialize_entry("RecursiveLoop", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetFunctionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionResponse {
    pub configuration: Option<FunctionConfiguration>,
    pub code: Option<FunctionCodeLocation>,
    pub tags: Option<BTreeMap<String, String>>,
    pub tags_error: Option<TagsError>,
    pub concurrency: Option<Concurrency>,
}

impl Object for GetFunctionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Configuration" => self.configuration = value.next_value()?,
            "Code" => self.code = value.next_value()?,
            "Tags" => self.tags = value.next_value()?,
            "TagsError" => self.tags_error = value.next_value()?,
            "Concurrency" => self.concurrency = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.configuration {
            map.serialize_entry("Configuration", value)?;
        }
        if let Some(value) = &self.code {
            map.serialize_entry("Code", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        if let Some(value) = &self.tags_error {
            map.serialize_entry("TagsError", value)?;
        }
        if let Some(value) = &self.concurrency {
            map.serialize_entry("Concurrency", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionScalingConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetFunctionScalingConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionScalingConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionScalingConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionScalingConfigResponse {
    pub function_arn: Option<String>,
    pub applied_function_scaling_config: Option<FunctionScalingConfig>,
    pub requested_function_scaling_config: Option<FunctionScalingConfig>,
}

impl Object for GetFunctionScalingConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionArn" => self.function_arn = value.next_value()?,
            "AppliedFunctionScalingConfig" => self.applied_function_scaling_config = value.next_value()?,
            "RequestedFunctionScalingConfig" => {
                self.requested_function_scaling_config = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionScalingConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionScalingConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.applied_function_scaling_config {
            map.serialize_entry("AppliedFunctionScalingConfig", value)?;
        }
        if let Some(value) = &self.requested_function_scaling_config {
            map.serialize_entry("RequestedFunctionScalingConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionUrlConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetFunctionUrlConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetFunctionUrlConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionUrlConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetFunctionUrlConfigResponse {
    pub function_url: Option<String>,
    pub function_arn: Option<String>,
    pub auth_type: Option<String>,
    pub cors: Option<Cors>,
    pub creation_time: Option<String>,
    pub last_modified_time: Option<String>,
    pub invoke_mode: Option<String>,
}

impl Object for GetFunctionUrlConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionUrl" => self.function_url = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "AuthType" => self.auth_type = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "CreationTime" => self.creation_time = value.next_value()?,
            "LastModifiedTime" => self.last_modified_time = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetFunctionUrlConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetFunctionUrlConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_url {
            map.serialize_entry("FunctionUrl", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("CreationTime", value)?;
        }
        if let Some(value) = &self.last_modified_time {
            map.serialize_entry("LastModifiedTime", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLayerVersionByArnRequest {
    pub arn: Option<String>,
}

impl Object for GetLayerVersionByArnRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetLayerVersionByArnRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLayerVersionByArnRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLayerVersionPolicyRequest {
    pub layer_name: Option<String>,
    pub version_number: Option<i64>,
}

impl Object for GetLayerVersionPolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetLayerVersionPolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLayerVersionPolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLayerVersionPolicyResponse {
    pub policy: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for GetLayerVersionPolicyResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Policy" => self.policy = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetLayerVersionPolicyResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLayerVersionPolicyResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.policy {
            map.serialize_entry("Policy", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLayerVersionRequest {
    pub layer_name: Option<String>,
    pub version_number: Option<i64>,
}

impl Object for GetLayerVersionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetLayerVersionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLayerVersionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLayerVersionResponse {
    pub content: Option<LayerVersionContentOutput>,
    pub layer_arn: Option<String>,
    pub layer_version_arn: Option<String>,
    pub description: Option<String>,
    pub created_date: Option<String>,
    pub version: Option<i64>,
    pub compatible_architectures: Option<Vec<String>>,
    pub compatible_runtimes: Option<Vec<String>>,
    pub license_info: Option<String>,
}

impl Object for GetLayerVersionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Content" => self.content = value.next_value()?,
            "LayerArn" => self.layer_arn = value.next_value()?,
            "LayerVersionArn" => self.layer_version_arn = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "CreatedDate" => self.created_date = value.next_value()?,
            "Version" => self.version = value.next_value()?,
            "CompatibleArchitectures" => self.compatible_architectures = value.next_value()?,
            "CompatibleRuntimes" => self.compatible_runtimes = value.next_value()?,
            "LicenseInfo" => self.license_info = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetLayerVersionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLayerVersionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.content {
            map.serialize_entry("Content", value)?;
        }
        if let Some(value) = &self.layer_arn {
            map.serialize_entry("LayerArn", value)?;
        }
        if let Some(value) = &self.layer_version_arn {
            map.serialize_entry("LayerVersionArn", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.created_date {
            map.serialize_entry("CreatedDate", value)?;
        }
        if let Some(value) = &self.version {
            map.serialize_entry("Version", value)?;
        }
        if let Some(value) = &self.compatible_architectures {
            map.serialize_entry("CompatibleArchitectures", value)?;
        }
        if let Some(value) = &self.compatible_runtimes {
            map.serialize_entry("CompatibleRuntimes", value)?;
        }
        if let Some(value) = &self.license_info {
            map.serialize_entry("LicenseInfo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetPolicyRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetPolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetPolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetPolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetPolicyResponse {
    pub policy: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for GetPolicyResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Policy" => self.policy = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetPolicyResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetPolicyResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.policy {
            map.serialize_entry("Policy", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetProvisionedConcurrencyConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetProvisionedConcurrencyConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetProvisionedConcurrencyConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetProvisionedConcurrencyConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetProvisionedConcurrencyConfigResponse {
    pub requested_provisioned_concurrent_executions: Option<i64>,
    pub available_provisioned_concurrent_executions: Option<i64>,
    pub allocated_provisioned_concurrent_executions: Option<i64>,
    pub status: Option<String>,
    pub status_reason: Option<String>,
    pub last_modified: Option<String>,
}

impl Object for GetProvisionedConcurrencyConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RequestedProvisionedConcurrentExecutions" => {
                self.requested_provisioned_concurrent_executions = value.next_value()?
            }
            "AvailableProvisionedConcurrentExecutions" => {
                self.available_provisioned_concurrent_executions = value.next_value()?
            }
            "AllocatedProvisionedConcurrentExecutions" => {
                self.allocated_provisioned_concurrent_executions = value.next_value()?
            }
            "Status" => self.status = value.next_value()?,
            "StatusReason" => self.status_reason = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetProvisionedConcurrencyConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetProvisionedConcurrencyConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.requested_provisioned_concurrent_executions {
            map.serialize_entry("RequestedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.available_provisioned_concurrent_executions {
            map.serialize_entry("AvailableProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.allocated_provisioned_concurrent_executions {
            map.serialize_entry("AllocatedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.status_reason {
            map.serialize_entry("StatusReason", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetResourcePolicyRequest {
    pub resource_arn: Option<String>,
}

impl Object for GetResourcePolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetResourcePolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetResourcePolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetResourcePolicyResponse {
    pub policy: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for GetResourcePolicyResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Policy" => self.policy = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetResourcePolicyResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetResourcePolicyResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.policy {
            map.serialize_entry("Policy", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetRuntimeManagementConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
}

impl Object for GetRuntimeManagementConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for GetRuntimeManagementConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetRuntimeManagementConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetRuntimeManagementConfigResponse {
    pub update_runtime_on: Option<String>,
    pub function_arn: Option<String>,
    pub runtime_version_arn: Option<String>,
}

impl Object for GetRuntimeManagementConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "UpdateRuntimeOn" => self.update_runtime_on = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "RuntimeVersionArn" => self.runtime_version_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetRuntimeManagementConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetRuntimeManagementConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.update_runtime_on {
            map.serialize_entry("UpdateRuntimeOn", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.runtime_version_arn {
            map.serialize_entry("RuntimeVersionArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageConfig {
    pub entry_point: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub working_directory: Option<String>,
}

impl Object for ImageConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "EntryPoint" => self.entry_point = value.next_value()?,
            "Command" => self.command = value.next_value()?,
            "WorkingDirectory" => self.working_directory = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ImageConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ImageConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.entry_point {
            map.serialize_entry("EntryPoint", value)?;
        }
        if let Some(value) = &self.command {
            map.serialize_entry("Command", value)?;
        }
        if let Some(value) = &self.working_directory {
            map.serialize_entry("WorkingDirectory", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ImageConfigError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl fmt::Debug for ImageConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageConfigError")
            .field("error_code", &self.error_code)
            .field("message", &self.message.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for ImageConfigError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ImageConfigError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ImageConfigError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageConfigResponse {
    pub image_config: Option<ImageConfig>,
    pub error: Option<ImageConfigError>,
}

impl Object for ImageConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ImageConfig" => self.image_config = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ImageConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ImageConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.image_config {
            map.serialize_entry("ImageConfig", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstanceRequirements {
    pub architectures: Option<Vec<String>>,
    pub allowed_instance_types: Option<Vec<String>>,
    pub excluded_instance_types: Option<Vec<String>>,
}

impl Object for InstanceRequirements {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Architectures" => self.architectures = value.next_value()?,
            "AllowedInstanceTypes" => self.allowed_instance_types = value.next_value()?,
            "ExcludedInstanceTypes" => self.excluded_instance_types = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for InstanceRequirements {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InstanceRequirements {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.architectures {
            map.serialize_entry("Architectures", value)?;
        }
        if let Some(value) = &self.allowed_instance_types {
            map.serialize_entry("AllowedInstanceTypes", value)?;
        }
        if let Some(value) = &self.excluded_instance_types {
            map.serialize_entry("ExcludedInstanceTypes", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvocationCompletedDetails {
    pub start_timestamp: Option<Timestamp>,
    pub end_timestamp: Option<Timestamp>,
    pub request_id: Option<String>,
    pub error: Option<EventError>,
}

impl Object for InvocationCompletedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "StartTimestamp" => self.start_timestamp = value.next_value()?,
            "EndTimestamp" => self.end_timestamp = value.next_value()?,
            "RequestId" => self.request_id = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for InvocationCompletedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvocationCompletedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.start_timestamp {
            map.serialize_entry("StartTimestamp", value)?;
        }
        if let Some(value) = &self.end_timestamp {
            map.serialize_entry("EndTimestamp", value)?;
        }
        if let Some(value) = &self.request_id {
            map.serialize_entry("RequestId", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvocationRequest {
    pub function_name: Option<String>,
    pub invocation_type: Option<String>,
    pub log_type: Option<String>,
    pub client_context: Option<String>,
    pub durable_execution_name: Option<String>,
    pub qualifier: Option<String>,
    pub tenant_id: Option<String>,
}

impl Object for InvocationRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvocationRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvocationRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvocationResponse {
    pub status_code: Option<i64>,
    pub function_error: Option<String>,
    pub log_result: Option<String>,
    pub executed_version: Option<String>,
    pub durable_execution_arn: Option<String>,
}

impl Object for InvocationResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvocationResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvocationResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeAsyncRequest {
    pub function_name: Option<String>,
}

impl Object for InvokeAsyncRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvokeAsyncRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeAsyncRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeAsyncResponse {
    pub status: Option<i64>,
}

impl Object for InvokeAsyncResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvokeAsyncResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeAsyncResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeResponseStreamUpdate {
    pub payload: Option<Blob>,
}

impl Object for InvokeResponseStreamUpdate {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvokeResponseStreamUpdate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeResponseStreamUpdate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeWithResponseStreamCompleteEvent {
    pub error_code: Option<String>,
    pub error_details: Option<String>,
    pub log_result: Option<String>,
}

impl Object for InvokeWithResponseStreamCompleteEvent {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "ErrorDetails" => self.error_details = value.next_value()?,
            "LogResult" => self.log_result = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for InvokeWithResponseStreamCompleteEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeWithResponseStreamCompleteEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.error_details {
            map.serialize_entry("ErrorDetails", value)?;
        }
        if let Some(value) = &self.log_result {
            map.serialize_entry("LogResult", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeWithResponseStreamRequest {
    pub function_name: Option<String>,
    pub log_type: Option<String>,
    pub client_context: Option<String>,
    pub qualifier: Option<String>,
    pub tenant_id: Option<String>,
    pub invocation_type: Option<String>,
}

impl Object for InvokeWithResponseStreamRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvokeWithResponseStreamRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeWithResponseStreamRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvokeWithResponseStreamResponse {
    pub status_code: Option<i64>,
    pub executed_version: Option<String>,
    pub response_stream_content_type: Option<String>,
}

impl Object for InvokeWithResponseStreamResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for InvokeWithResponseStreamResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InvokeWithResponseStreamResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct KafkaSchemaRegistryAccessConfig {
    pub type_: Option<String>,
    pub uri: Option<String>,
}

impl Object for KafkaSchemaRegistryAccessConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Type" => self.type_ = value.next_value()?,
            "URI" => self.uri = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for KafkaSchemaRegistryAccessConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for KafkaSchemaRegistryAccessConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.type_ {
            map.serialize_entry("Type", value)?;
        }
        if let Some(value) = &self.uri {
            map.serialize_entry("URI", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct KafkaSchemaRegistryConfig {
    pub schema_registry_uri: Option<String>,
    pub event_record_format: Option<String>,
    pub access_configs: Option<Vec<KafkaSchemaRegistryAccessConfig>>,
    pub schema_validation_configs: Option<Vec<KafkaSchemaValidationConfig>>,
}

impl Object for KafkaSchemaRegistryConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SchemaRegistryURI" => self.schema_registry_uri = value.next_value()?,
            "EventRecordFormat" => self.event_record_format = value.next_value()?,
            "AccessConfigs" => self.access_configs = value.next_value()?,
            "SchemaValidationConfigs" => self.schema_validation_configs = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for KafkaSchemaRegistryConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for KafkaSchemaRegistryConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.schema_registry_uri {
            map.serialize_entry("SchemaRegistryURI", value)?;
        }
        if let Some(value) = &self.event_record_format {
            map.serialize_entry("EventRecordFormat", value)?;
        }
        if let Some(value) = &self.access_configs {
            map.serialize_entry("AccessConfigs", value)?;
        }
        if let Some(value) = &self.schema_validation_configs {
            map.serialize_entry("SchemaValidationConfigs", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct KafkaSchemaValidationConfig {
    pub attribute: Option<String>,
}

impl Object for KafkaSchemaValidationConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Attribute" => self.attribute = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for KafkaSchemaValidationConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for KafkaSchemaValidationConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.attribute {
            map.serialize_entry("Attribute", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LambdaManagedInstancesCapacityProviderConfig {
    pub capacity_provider_arn: Option<String>,
    pub per_execution_environment_max_concurrency: Option<i64>,
    pub execution_environment_memory_gi_b_per_v_cpu: Option<f64>,
}

impl Object for LambdaManagedInstancesCapacityProviderConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderArn" => self.capacity_provider_arn = value.next_value()?,
            "PerExecutionEnvironmentMaxConcurrency" => {
                self.per_execution_environment_max_concurrency = value.next_value()?
            }
            "ExecutionEnvironmentMemoryGiBPerVCpu" => {
                self.execution_environment_memory_gi_b_per_v_cpu = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LambdaManagedInstancesCapacityProviderConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LambdaManagedInstancesCapacityProviderConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_arn {
            map.serialize_entry("CapacityProviderArn", value)?;
        }
        if let Some(value) = &self.per_execution_environment_max_concurrency {
            map.serialize_entry("PerExecutionEnvironmentMaxConcurrency", value)?;
        }
        if let Some(value) = &self.execution_environment_memory_gi_b_per_v_cpu {
            map.serialize_entry("ExecutionEnvironmentMemoryGiBPerVCpu", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layer {
    pub arn: Option<String>,
    pub code_size: Option<i64>,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
}

impl Object for Layer {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Arn" => self.arn = value.next_value()?,
            "CodeSize" => self.code_size = value.next_value()?,
            "SigningProfileVersionArn" => self.signing_profile_version_arn = value.next_value()?,
            "SigningJobArn" => self.signing_job_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Layer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.arn {
            map.serialize_entry("Arn", value)?;
        }
        if let Some(value) = &self.code_size {
            map.serialize_entry("CodeSize", value)?;
        }
        if let Some(value) = &self.signing_profile_version_arn {
            map.serialize_entry("SigningProfileVersionArn", value)?;
        }
        if let Some(value) = &self.signing_job_arn {
            map.serialize_entry("SigningJobArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerVersionContentInput {
    pub s3_bucket: Option<String>,
    pub s3_key: Option<String>,
    pub s3_object_version: Option<String>,
    pub s3_object_storage_mode: Option<String>,
    pub zip_file: Option<Blob>,
}

impl Object for LayerVersionContentInput {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "S3Bucket" => self.s3_bucket = value.next_value()?,
            "S3Key" => self.s3_key = value.next_value()?,
            "S3ObjectVersion" => self.s3_object_version = value.next_value()?,
            "S3ObjectStorageMode" => self.s3_object_storage_mode = value.next_value()?,
            "ZipFile" => self.zip_file = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LayerVersionContentInput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LayerVersionContentInput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.s3_bucket {
            map.serialize_entry("S3Bucket", value)?;
        }
        if let Some(value) = &self.s3_key {
            map.serialize_entry("S3Key", value)?;
        }
        if let Some(value) = &self.s3_object_version {
            map.serialize_entry("S3ObjectVersion", value)?;
        }
        if let Some(value) = &self.s3_object_storage_mode {
            map.serialize_entry("S3ObjectStorageMode", value)?;
        }
        if let Some(value) = &self.zip_file {
            map.serialize_entry("ZipFile", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerVersionContentOutput {
    pub location: Option<String>,
    pub code_sha256: Option<String>,
    pub code_size: Option<i64>,
    pub signing_profile_version_arn: Option<String>,
    pub signing_job_arn: Option<String>,
    pub resolved_s3_object: Option<ResolvedS3Object>,
}

impl Object for LayerVersionContentOutput {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Location" => self.location = value.next_value()?,
            "CodeSha256" => self.code_sha256 = value.next_value()?,
            "CodeSize" => self.code_size = value.next_value()?,
            "SigningProfileVersionArn" => self.signing_profile_version_arn = value.next_value()?,
            "SigningJobArn" => self.signing_job_arn = value.next_value()?,
            "ResolvedS3Object" => self.resolved_s3_object = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LayerVersionContentOutput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LayerVersionContentOutput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.location {
            map.serialize_entry("Location", value)?;
        }
        if let Some(value) = &self.code_sha256 {
            map.serialize_entry("CodeSha256", value)?;
        }
        if let Some(value) = &self.code_size {
            map.serialize_entry("CodeSize", value)?;
        }
        if let Some(value) = &self.signing_profile_version_arn {
            map.serialize_entry("SigningProfileVersionArn", value)?;
        }
        if let Some(value) = &self.signing_job_arn {
            map.serialize_entry("SigningJobArn", value)?;
        }
        if let Some(value) = &self.resolved_s3_object {
            map.serialize_entry("ResolvedS3Object", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerVersionsListItem {
    pub layer_version_arn: Option<String>,
    pub version: Option<i64>,
    pub description: Option<String>,
    pub created_date: Option<String>,
    pub compatible_architectures: Option<Vec<String>>,
    pub compatible_runtimes: Option<Vec<String>>,
    pub license_info: Option<String>,
}

impl Object for LayerVersionsListItem {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LayerVersionArn" => self.layer_version_arn = value.next_value()?,
            "Version" => self.version = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "CreatedDate" => self.created_date = value.next_value()?,
            "CompatibleArchitectures" => self.compatible_architectures = value.next_value()?,
            "CompatibleRuntimes" => self.compatible_runtimes = value.next_value()?,
            "LicenseInfo" => self.license_info = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LayerVersionsListItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LayerVersionsListItem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.layer_version_arn {
            map.serialize_entry("LayerVersionArn", value)?;
        }
        if let Some(value) = &self.version {
            map.serialize_entry("Version", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.created_date {
            map.serialize_entry("CreatedDate", value)?;
        }
        if let Some(value) = &self.compatible_architectures {
            map.serialize_entry("CompatibleArchitectures", value)?;
        }
        if let Some(value) = &self.compatible_runtimes {
            map.serialize_entry("CompatibleRuntimes", value)?;
        }
        if let Some(value) = &self.license_info {
            map.serialize_entry("LicenseInfo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayersListItem {
    pub layer_name: Option<String>,
    pub layer_arn: Option<String>,
    pub latest_matching_version: Option<LayerVersionsListItem>,
}

impl Object for LayersListItem {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LayerName" => self.layer_name = value.next_value()?,
            "LayerArn" => self.layer_arn = value.next_value()?,
            "LatestMatchingVersion" => self.latest_matching_version = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LayersListItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LayersListItem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.layer_name {
            map.serialize_entry("LayerName", value)?;
        }
        if let Some(value) = &self.layer_arn {
            map.serialize_entry("LayerArn", value)?;
        }
        if let Some(value) = &self.latest_matching_version {
            map.serialize_entry("LatestMatchingVersion", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListAliasesRequest {
    pub function_name: Option<String>,
    pub function_version: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListAliasesRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListAliasesRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListAliasesRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListAliasesResponse {
    pub next_marker: Option<String>,
    pub aliases: Option<Vec<AliasConfiguration>>,
}

impl Object for ListAliasesResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "Aliases" => self.aliases = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListAliasesResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListAliasesResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.aliases {
            map.serialize_entry("Aliases", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListCapacityProvidersRequest {
    pub state: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListCapacityProvidersRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListCapacityProvidersRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListCapacityProvidersRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListCapacityProvidersResponse {
    pub capacity_providers: Option<Vec<CapacityProvider>>,
    pub next_marker: Option<String>,
}

impl Object for ListCapacityProvidersResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviders" => self.capacity_providers = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListCapacityProvidersResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListCapacityProvidersResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_providers {
            map.serialize_entry("CapacityProviders", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListCodeSigningConfigsRequest {
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListCodeSigningConfigsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListCodeSigningConfigsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListCodeSigningConfigsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListCodeSigningConfigsResponse {
    pub next_marker: Option<String>,
    pub code_signing_configs: Option<Vec<CodeSigningConfig>>,
}

impl Object for ListCodeSigningConfigsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "CodeSigningConfigs" => self.code_signing_configs = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListCodeSigningConfigsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListCodeSigningConfigsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.code_signing_configs {
            map.serialize_entry("CodeSigningConfigs", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListDurableExecutionsByFunctionRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub durable_execution_name: Option<String>,
    pub statuses: Option<Vec<String>>,
    pub started_after: Option<Timestamp>,
    pub started_before: Option<Timestamp>,
    pub reverse_order: Option<bool>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListDurableExecutionsByFunctionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListDurableExecutionsByFunctionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListDurableExecutionsByFunctionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListDurableExecutionsByFunctionResponse {
    pub durable_executions: Option<Vec<Execution>>,
    pub next_marker: Option<String>,
}

impl Object for ListDurableExecutionsByFunctionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DurableExecutions" => self.durable_executions = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListDurableExecutionsByFunctionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListDurableExecutionsByFunctionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.durable_executions {
            map.serialize_entry("DurableExecutions", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListEventSourceMappingsRequest {
    pub event_source_arn: Option<String>,
    pub function_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListEventSourceMappingsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListEventSourceMappingsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListEventSourceMappingsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListEventSourceMappingsResponse {
    pub next_marker: Option<String>,
    pub event_source_mappings: Option<Vec<EventSourceMappingConfiguration>>,
}

impl Object for ListEventSourceMappingsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "EventSourceMappings" => self.event_source_mappings = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListEventSourceMappingsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListEventSourceMappingsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.event_source_mappings {
            map.serialize_entry("EventSourceMappings", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionEventInvokeConfigsRequest {
    pub function_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListFunctionEventInvokeConfigsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListFunctionEventInvokeConfigsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionEventInvokeConfigsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionEventInvokeConfigsResponse {
    pub function_event_invoke_configs: Option<Vec<FunctionEventInvokeConfig>>,
    pub next_marker: Option<String>,
}

impl Object for ListFunctionEventInvokeConfigsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionEventInvokeConfigs" => self.function_event_invoke_configs = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListFunctionEventInvokeConfigsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionEventInvokeConfigsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_event_invoke_configs {
            map.serialize_entry("FunctionEventInvokeConfigs", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionUrlConfigsRequest {
    pub function_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListFunctionUrlConfigsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListFunctionUrlConfigsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionUrlConfigsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionUrlConfigsResponse {
    pub function_url_configs: Option<Vec<FunctionUrlConfig>>,
    pub next_marker: Option<String>,
}

impl Object for ListFunctionUrlConfigsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionUrlConfigs" => self.function_url_configs = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListFunctionUrlConfigsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionUrlConfigsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_url_configs {
            map.serialize_entry("FunctionUrlConfigs", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionVersionsByCapacityProviderRequest {
    pub capacity_provider_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListFunctionVersionsByCapacityProviderRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListFunctionVersionsByCapacityProviderRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionVersionsByCapacityProviderRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionVersionsByCapacityProviderResponse {
    pub capacity_provider_arn: Option<String>,
    pub function_versions: Option<Vec<FunctionVersionsByCapacityProviderListItem>>,
    pub next_marker: Option<String>,
}

impl Object for ListFunctionVersionsByCapacityProviderResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderArn" => self.capacity_provider_arn = value.next_value()?,
            "FunctionVersions" => self.function_versions = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListFunctionVersionsByCapacityProviderResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionVersionsByCapacityProviderResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_arn {
            map.serialize_entry("CapacityProviderArn", value)?;
        }
        if let Some(value) = &self.function_versions {
            map.serialize_entry("FunctionVersions", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionsByCodeSigningConfigRequest {
    pub code_signing_config_arn: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListFunctionsByCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListFunctionsByCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionsByCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionsByCodeSigningConfigResponse {
    pub next_marker: Option<String>,
    pub function_arns: Option<Vec<String>>,
}

impl Object for ListFunctionsByCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "FunctionArns" => self.function_arns = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListFunctionsByCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionsByCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.function_arns {
            map.serialize_entry("FunctionArns", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionsRequest {
    pub master_region: Option<String>,
    pub function_version: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListFunctionsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListFunctionsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListFunctionsResponse {
    pub next_marker: Option<String>,
    pub functions: Option<Vec<FunctionConfiguration>>,
}

impl Object for ListFunctionsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "Functions" => self.functions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListFunctionsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListFunctionsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.functions {
            map.serialize_entry("Functions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListLayerVersionsRequest {
    pub compatible_architecture: Option<String>,
    pub compatible_runtime: Option<String>,
    pub layer_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListLayerVersionsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListLayerVersionsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListLayerVersionsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListLayerVersionsResponse {
    pub next_marker: Option<String>,
    pub layer_versions: Option<Vec<LayerVersionsListItem>>,
}

impl Object for ListLayerVersionsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "LayerVersions" => self.layer_versions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListLayerVersionsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListLayerVersionsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.layer_versions {
            map.serialize_entry("LayerVersions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListLayersRequest {
    pub compatible_architecture: Option<String>,
    pub compatible_runtime: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListLayersRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListLayersRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListLayersRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListLayersResponse {
    pub next_marker: Option<String>,
    pub layers: Option<Vec<LayersListItem>>,
}

impl Object for ListLayersResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "Layers" => self.layers = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListLayersResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListLayersResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.layers {
            map.serialize_entry("Layers", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListProvisionedConcurrencyConfigsRequest {
    pub function_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListProvisionedConcurrencyConfigsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListProvisionedConcurrencyConfigsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListProvisionedConcurrencyConfigsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListProvisionedConcurrencyConfigsResponse {
    pub provisioned_concurrency_configs: Option<Vec<ProvisionedConcurrencyConfigListItem>>,
    pub next_marker: Option<String>,
}

impl Object for ListProvisionedConcurrencyConfigsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ProvisionedConcurrencyConfigs" => self.provisioned_concurrency_configs = value.next_value()?,
            "NextMarker" => self.next_marker = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListProvisionedConcurrencyConfigsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListProvisionedConcurrencyConfigsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.provisioned_concurrency_configs {
            map.serialize_entry("ProvisionedConcurrencyConfigs", value)?;
        }
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsRequest {
    pub resource: Option<String>,
}

impl Object for ListTagsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListTagsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsResponse {
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for ListTagsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Tags" => self.tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListTagsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListVersionsByFunctionRequest {
    pub function_name: Option<String>,
    pub marker: Option<String>,
    pub max_items: Option<i64>,
}

impl Object for ListVersionsByFunctionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ListVersionsByFunctionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListVersionsByFunctionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListVersionsByFunctionResponse {
    pub next_marker: Option<String>,
    pub versions: Option<Vec<FunctionConfiguration>>,
}

impl Object for ListVersionsByFunctionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextMarker" => self.next_marker = value.next_value()?,
            "Versions" => self.versions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListVersionsByFunctionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListVersionsByFunctionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_marker {
            map.serialize_entry("NextMarker", value)?;
        }
        if let Some(value) = &self.versions {
            map.serialize_entry("Versions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoggingConfig {
    pub log_format: Option<String>,
    pub application_log_level: Option<String>,
    pub system_log_level: Option<String>,
    pub log_group: Option<String>,
}

impl Object for LoggingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "LogFormat" => self.log_format = value.next_value()?,
            "ApplicationLogLevel" => self.application_log_level = value.next_value()?,
            "SystemLogLevel" => self.system_log_level = value.next_value()?,
            "LogGroup" => self.log_group = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LoggingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LoggingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_format {
            map.serialize_entry("LogFormat", value)?;
        }
        if let Some(value) = &self.application_log_level {
            map.serialize_entry("ApplicationLogLevel", value)?;
        }
        if let Some(value) = &self.system_log_level {
            map.serialize_entry("SystemLogLevel", value)?;
        }
        if let Some(value) = &self.log_group {
            map.serialize_entry("LogGroup", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnFailure {
    pub destination: Option<String>,
}

impl Object for OnFailure {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Destination" => self.destination = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for OnFailure {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for OnFailure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.destination {
            map.serialize_entry("Destination", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnSuccess {
    pub destination: Option<String>,
}

impl Object for OnSuccess {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Destination" => self.destination = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for OnSuccess {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for OnSuccess {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.destination {
            map.serialize_entry("Destination", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Operation {
    pub id: Option<String>,
    pub parent_id: Option<String>,
    pub name: Option<String>,
    pub type_: Option<String>,
    pub sub_type: Option<String>,
    pub start_timestamp: Option<Timestamp>,
    pub end_timestamp: Option<Timestamp>,
    pub status: Option<String>,
    pub execution_details: Option<ExecutionDetails>,
    pub context_details: Option<ContextDetails>,
    pub step_details: Option<StepDetails>,
    pub wait_details: Option<WaitDetails>,
    pub callback_details: Option<CallbackDetails>,
    pub chained_invoke_details: Option<ChainedInvokeDetails>,
}

impl Object for Operation {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Id" => self.id = value.next_value()?,
            "ParentId" => self.parent_id = value.next_value()?,
            "Name" => self.name = value.next_value()?,
            "Type" => self.type_ = value.next_value()?,
            "SubType" => self.sub_type = value.next_value()?,
            "StartTimestamp" => self.start_timestamp = value.next_value()?,
            "EndTimestamp" => self.end_timestamp = value.next_value()?,
            "Status" => self.status = value.next_value()?,
            "ExecutionDetails" => self.execution_details = value.next_value()?,
            "ContextDetails" => self.context_details = value.next_value()?,
            "StepDetails" => self.step_details = value.next_value()?,
            "WaitDetails" => self.wait_details = value.next_value()?,
            "CallbackDetails" => self.callback_details = value.next_value()?,
            "ChainedInvokeDetails" => self.chained_invoke_details = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.id {
            map.serialize_entry("Id", value)?;
        }
        if let Some(value) = &self.parent_id {
            map.serialize_entry("ParentId", value)?;
        }
        if let Some(value) = &self.name {
            map.serialize_entry("Name", value)?;
        }
        if let Some(value) = &self.type_ {
            map.serialize_entry("Type", value)?;
        }
        if let Some(value) = &self.sub_type {
            map.serialize_entry("SubType", value)?;
        }
        if let Some(value) = &self.start_timestamp {
            map.serialize_entry("StartTimestamp", value)?;
        }
        if let Some(value) = &self.end_timestamp {
            map.serialize_entry("EndTimestamp", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.execution_details {
            map.serialize_entry("ExecutionDetails", value)?;
        }
        if let Some(value) = &self.context_details {
            map.serialize_entry("ContextDetails", value)?;
        }
        if let Some(value) = &self.step_details {
            map.serialize_entry("StepDetails", value)?;
        }
        if let Some(value) = &self.wait_details {
            map.serialize_entry("WaitDetails", value)?;
        }
        if let Some(value) = &self.callback_details {
            map.serialize_entry("CallbackDetails", value)?;
        }
        if let Some(value) = &self.chained_invoke_details {
            map.serialize_entry("ChainedInvokeDetails", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct OperationUpdate {
    pub id: Option<String>,
    pub parent_id: Option<String>,
    pub name: Option<String>,
    pub type_: Option<String>,
    pub sub_type: Option<String>,
    pub action: Option<String>,
    pub payload: Option<String>,
    pub error: Option<ErrorObject>,
    pub context_options: Option<ContextOptions>,
    pub step_options: Option<StepOptions>,
    pub wait_options: Option<WaitOptions>,
    pub callback_options: Option<CallbackOptions>,
    pub chained_invoke_options: Option<ChainedInvokeOptions>,
}

impl fmt::Debug for OperationUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationUpdate")
            .field("id", &self.id)
            .field("parent_id", &self.parent_id)
            .field("name", &self.name)
            .field("type_", &self.type_)
            .field("sub_type", &self.sub_type)
            .field("action", &self.action)
            .field("payload", &self.payload.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .field("context_options", &self.context_options)
            .field("step_options", &self.step_options)
            .field("wait_options", &self.wait_options)
            .field("callback_options", &self.callback_options)
            .field("chained_invoke_options", &self.chained_invoke_options)
            .finish()
    }
}

impl Object for OperationUpdate {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Id" => self.id = value.next_value()?,
            "ParentId" => self.parent_id = value.next_value()?,
            "Name" => self.name = value.next_value()?,
            "Type" => self.type_ = value.next_value()?,
            "SubType" => self.sub_type = value.next_value()?,
            "Action" => self.action = value.next_value()?,
            "Payload" => self.payload = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            "ContextOptions" => self.context_options = value.next_value()?,
            "StepOptions" => self.step_options = value.next_value()?,
            "WaitOptions" => self.wait_options = value.next_value()?,
            "CallbackOptions" => self.callback_options = value.next_value()?,
            "ChainedInvokeOptions" => self.chained_invoke_options = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for OperationUpdate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for OperationUpdate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.id {
            map.serialize_entry("Id", value)?;
        }
        if let Some(value) = &self.parent_id {
            map.serialize_entry("ParentId", value)?;
        }
        if let Some(value) = &self.name {
            map.serialize_entry("Name", value)?;
        }
        if let Some(value) = &self.type_ {
            map.serialize_entry("Type", value)?;
        }
        if let Some(value) = &self.sub_type {
            map.serialize_entry("SubType", value)?;
        }
        if let Some(value) = &self.action {
            map.serialize_entry("Action", value)?;
        }
        if let Some(value) = &self.payload {
            map.serialize_entry("Payload", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        if let Some(value) = &self.context_options {
            map.serialize_entry("ContextOptions", value)?;
        }
        if let Some(value) = &self.step_options {
            map.serialize_entry("StepOptions", value)?;
        }
        if let Some(value) = &self.wait_options {
            map.serialize_entry("WaitOptions", value)?;
        }
        if let Some(value) = &self.callback_options {
            map.serialize_entry("CallbackOptions", value)?;
        }
        if let Some(value) = &self.chained_invoke_options {
            map.serialize_entry("ChainedInvokeOptions", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct PauseDetails {
    pub pause_request_timestamp: Option<Timestamp>,
    pub reason: Option<String>,
    pub execution_timeout_paused: Option<bool>,
}

impl fmt::Debug for PauseDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PauseDetails")
            .field("pause_request_timestamp", &self.pause_request_timestamp)
            .field("reason", &self.reason.as_ref().map(|_| Sensitive))
            .field("execution_timeout_paused", &self.execution_timeout_paused)
            .finish()
    }
}

impl Object for PauseDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "PauseRequestTimestamp" => self.pause_request_timestamp = value.next_value()?,
            "Reason" => self.reason = value.next_value()?,
            "ExecutionTimeoutPaused" => self.execution_timeout_paused = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PauseDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PauseDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.pause_request_timestamp {
            map.serialize_entry("PauseRequestTimestamp", value)?;
        }
        if let Some(value) = &self.reason {
            map.serialize_entry("Reason", value)?;
        }
        if let Some(value) = &self.execution_timeout_paused {
            map.serialize_entry("ExecutionTimeoutPaused", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct PauseDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
    pub client_token: Option<String>,
    pub reason: Option<String>,
    pub execution_timeout_paused: Option<bool>,
}

impl fmt::Debug for PauseDurableExecutionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PauseDurableExecutionRequest")
            .field("durable_execution_arn", &self.durable_execution_arn)
            .field("client_token", &self.client_token)
            .field("reason", &self.reason.as_ref().map(|_| Sensitive))
            .field("execution_timeout_paused", &self.execution_timeout_paused)
            .finish()
    }
}

impl Object for PauseDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ClientToken" => self.client_token = value.next_value()?,
            "Reason" => self.reason = value.next_value()?,
            "ExecutionTimeoutPaused" => self.execution_timeout_paused = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PauseDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PauseDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.client_token {
            map.serialize_entry("ClientToken", value)?;
        }
        if let Some(value) = &self.reason {
            map.serialize_entry("Reason", value)?;
        }
        if let Some(value) = &self.execution_timeout_paused {
            map.serialize_entry("ExecutionTimeoutPaused", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PauseDurableExecutionResponse {}

impl Object for PauseDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for PauseDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PauseDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PropagateTags {
    pub mode: Option<String>,
    pub explicit_tags: Option<BTreeMap<String, String>>,
}

impl Object for PropagateTags {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Mode" => self.mode = value.next_value()?,
            "ExplicitTags" => self.explicit_tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PropagateTags {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PropagateTags {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.mode {
            map.serialize_entry("Mode", value)?;
        }
        if let Some(value) = &self.explicit_tags {
            map.serialize_entry("ExplicitTags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProvisionedConcurrencyConfigListItem {
    pub function_arn: Option<String>,
    pub requested_provisioned_concurrent_executions: Option<i64>,
    pub available_provisioned_concurrent_executions: Option<i64>,
    pub allocated_provisioned_concurrent_executions: Option<i64>,
    pub status: Option<String>,
    pub status_reason: Option<String>,
    pub last_modified: Option<String>,
}

impl Object for ProvisionedConcurrencyConfigListItem {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionArn" => self.function_arn = value.next_value()?,
            "RequestedProvisionedConcurrentExecutions" => {
                self.requested_provisioned_concurrent_executions = value.next_value()?
            }
            "AvailableProvisionedConcurrentExecutions" => {
                self.available_provisioned_concurrent_executions = value.next_value()?
            }
            "AllocatedProvisionedConcurrentExecutions" => {
                self.allocated_provisioned_concurrent_executions = value.next_value()?
            }
            "Status" => self.status = value.next_value()?,
            "StatusReason" => self.status_reason = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ProvisionedConcurrencyConfigListItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ProvisionedConcurrencyConfigListItem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.requested_provisioned_concurrent_executions {
            map.serialize_entry("RequestedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.available_provisioned_concurrent_executions {
            map.serialize_entry("AvailableProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.allocated_provisioned_concurrent_executions {
            map.serialize_entry("AllocatedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.status_reason {
            map.serialize_entry("StatusReason", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProvisionedPollerConfig {
    pub minimum_pollers: Option<i64>,
    pub maximum_pollers: Option<i64>,
    pub poller_group_name: Option<String>,
}

impl Object for ProvisionedPollerConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MinimumPollers" => self.minimum_pollers = value.next_value()?,
            "MaximumPollers" => self.maximum_pollers = value.next_value()?,
            "PollerGroupName" => self.poller_group_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ProvisionedPollerConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ProvisionedPollerConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.minimum_pollers {
            map.serialize_entry("MinimumPollers", value)?;
        }
        if let Some(value) = &self.maximum_pollers {
            map.serialize_entry("MaximumPollers", value)?;
        }
        if let Some(value) = &self.poller_group_name {
            map.serialize_entry("PollerGroupName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishLayerVersionRequest {
    pub layer_name: Option<String>,
    pub description: Option<String>,
    pub content: Option<LayerVersionContentInput>,
    pub compatible_architectures: Option<Vec<String>>,
    pub compatible_runtimes: Option<Vec<String>>,
    pub license_info: Option<String>,
}

impl Object for PublishLayerVersionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Description" => self.description = value.next_value()?,
            "Content" => self.content = value.next_value()?,
            "CompatibleArchitectures" => self.compatible_architectures = value.next_value()?,
            "CompatibleRuntimes" => self.compatible_runtimes = value.next_value()?,
            "LicenseInfo" => self.license_info = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PublishLayerVersionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PublishLayerVersionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.content {
            map.serialize_entry("Content", value)?;
        }
        if let Some(value) = &self.compatible_architectures {
            map.serialize_entry("CompatibleArchitectures", value)?;
        }
        if let Some(value) = &self.compatible_runtimes {
            map.serialize_entry("CompatibleRuntimes", value)?;
        }
        if let Some(value) = &self.license_info {
            map.serialize_entry("LicenseInfo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishLayerVersionResponse {
    pub content: Option<LayerVersionContentOutput>,
    pub layer_arn: Option<String>,
    pub layer_version_arn: Option<String>,
    pub description: Option<String>,
    pub created_date: Option<String>,
    pub version: Option<i64>,
    pub compatible_architectures: Option<Vec<String>>,
    pub compatible_runtimes: Option<Vec<String>>,
    pub license_info: Option<String>,
}

impl Object for PublishLayerVersionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Content" => self.content = value.next_value()?,
            "LayerArn" => self.layer_arn = value.next_value()?,
            "LayerVersionArn" => self.layer_version_arn = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "CreatedDate" => self.created_date = value.next_value()?,
            "Version" => self.version = value.next_value()?,
            "CompatibleArchitectures" => self.compatible_architectures = value.next_value()?,
            "CompatibleRuntimes" => self.compatible_runtimes = value.next_value()?,
            "LicenseInfo" => self.license_info = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PublishLayerVersionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PublishLayerVersionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.content {
            map.serialize_entry("Content", value)?;
        }
        if let Some(value) = &self.layer_arn {
            map.serialize_entry("LayerArn", value)?;
        }
        if let Some(value) = &self.layer_version_arn {
            map.serialize_entry("LayerVersionArn", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.created_date {
            map.serialize_entry("CreatedDate", value)?;
        }
        if let Some(value) = &self.version {
            map.serialize_entry("Version", value)?;
        }
        if let Some(value) = &self.compatible_architectures {
            map.serialize_entry("CompatibleArchitectures", value)?;
        }
        if let Some(value) = &self.compatible_runtimes {
            map.serialize_entry("CompatibleRuntimes", value)?;
        }
        if let Some(value) = &self.license_info {
            map.serialize_entry("LicenseInfo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishVersionRequest {
    pub function_name: Option<String>,
    pub code_sha256: Option<String>,
    pub description: Option<String>,
    pub revision_id: Option<String>,
    pub publish_to: Option<String>,
}

impl Object for PublishVersionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSha256" => self.code_sha256 = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            "PublishTo" => self.publish_to = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PublishVersionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PublishVersionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_sha256 {
            map.serialize_entry("CodeSha256", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        if let Some(value) = &self.publish_to {
            map.serialize_entry("PublishTo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionCodeSigningConfigRequest {
    pub code_signing_config_arn: Option<String>,
    pub function_name: Option<String>,
}

impl Object for PutFunctionCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfigArn" => self.code_signing_config_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config_arn {
            map.serialize_entry("CodeSigningConfigArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionCodeSigningConfigResponse {
    pub code_signing_config_arn: Option<String>,
    pub function_name: Option<String>,
}

impl Object for PutFunctionCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfigArn" => self.code_signing_config_arn = value.next_value()?,
            "FunctionName" => self.function_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config_arn {
            map.serialize_entry("CodeSigningConfigArn", value)?;
        }
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionConcurrencyRequest {
    pub function_name: Option<String>,
    pub reserved_concurrent_executions: Option<i64>,
}

impl Object for PutFunctionConcurrencyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ReservedConcurrentExecutions" => self.reserved_concurrent_executions = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionConcurrencyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionConcurrencyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.reserved_concurrent_executions {
            map.serialize_entry("ReservedConcurrentExecutions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionEventInvokeConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub maximum_retry_attempts: Option<i64>,
    pub maximum_event_age_in_seconds: Option<i64>,
    pub destination_config: Option<DestinationConfig>,
}

impl Object for PutFunctionEventInvokeConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "MaximumEventAgeInSeconds" => self.maximum_event_age_in_seconds = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionEventInvokeConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionEventInvokeConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.maximum_event_age_in_seconds {
            map.serialize_entry("MaximumEventAgeInSeconds", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionRecursionConfigRequest {
    pub function_name: Option<String>,
    pub recursive_loop: Option<String>,
}

impl Object for PutFunctionRecursionConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RecursiveLoop" => self.recursive_loop = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionRecursionConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionRecursionConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.recursive_loop {
            map.serialize_entry("RecursiveLoop", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionRecursionConfigResponse {
    pub recursive_loop: Option<String>,
}

impl Object for PutFunctionRecursionConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RecursiveLoop" => self.recursive_loop = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionRecursionConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionRecursionConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.recursive_loop {
            map.serialize_entry("RecursiveLoop", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionScalingConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub function_scaling_config: Option<FunctionScalingConfig>,
}

impl Object for PutFunctionScalingConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionScalingConfig" => self.function_scaling_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionScalingConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionScalingConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_scaling_config {
            map.serialize_entry("FunctionScalingConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutFunctionScalingConfigResponse {
    pub function_state: Option<String>,
}

impl Object for PutFunctionScalingConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionState" => self.function_state = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutFunctionScalingConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutFunctionScalingConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_state {
            map.serialize_entry("FunctionState", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutProvisionedConcurrencyConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub provisioned_concurrent_executions: Option<i64>,
}

impl Object for PutProvisionedConcurrencyConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ProvisionedConcurrentExecutions" => {
                self.provisioned_concurrent_executions = value.next_value()?
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutProvisionedConcurrencyConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutProvisionedConcurrencyConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.provisioned_concurrent_executions {
            map.serialize_entry("ProvisionedConcurrentExecutions", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutProvisionedConcurrencyConfigResponse {
    pub requested_provisioned_concurrent_executions: Option<i64>,
    pub allocated_provisioned_concurrent_executions: Option<i64>,
    pub available_provisioned_concurrent_executions: Option<i64>,
    pub status: Option<String>,
    pub status_reason: Option<String>,
    pub last_modified: Option<String>,
}

impl Object for PutProvisionedConcurrencyConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RequestedProvisionedConcurrentExecutions" => {
                self.requested_provisioned_concurrent_executions = value.next_value()?
            }
            "AllocatedProvisionedConcurrentExecutions" => {
                self.allocated_provisioned_concurrent_executions = value.next_value()?
            }
            "AvailableProvisionedConcurrentExecutions" => {
                self.available_provisioned_concurrent_executions = value.next_value()?
            }
            "Status" => self.status = value.next_value()?,
            "StatusReason" => self.status_reason = value.next_value()?,
            "LastModified" => self.last_modified = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutProvisionedConcurrencyConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutProvisionedConcurrencyConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.requested_provisioned_concurrent_executions {
            map.serialize_entry("RequestedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.allocated_provisioned_concurrent_executions {
            map.serialize_entry("AllocatedProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.available_provisioned_concurrent_executions {
            map.serialize_entry("AvailableProvisionedConcurrentExecutions", value)?;
        }
        if let Some(value) = &self.status {
            map.serialize_entry("Status", value)?;
        }
        if let Some(value) = &self.status_reason {
            map.serialize_entry("StatusReason", value)?;
        }
        if let Some(value) = &self.last_modified {
            map.serialize_entry("LastModified", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutResourcePolicyRequest {
    pub resource_arn: Option<String>,
    pub policy: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for PutResourcePolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Policy" => self.policy = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutResourcePolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutResourcePolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.policy {
            map.serialize_entry("Policy", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutResourcePolicyResponse {
    pub policy: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for PutResourcePolicyResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Policy" => self.policy = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutResourcePolicyResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutResourcePolicyResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.policy {
            map.serialize_entry("Policy", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutRuntimeManagementConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub update_runtime_on: Option<String>,
    pub runtime_version_arn: Option<String>,
}

impl Object for PutRuntimeManagementConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "UpdateRuntimeOn" => self.update_runtime_on = value.next_value()?,
            "RuntimeVersionArn" => self.runtime_version_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutRuntimeManagementConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutRuntimeManagementConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.update_runtime_on {
            map.serialize_entry("UpdateRuntimeOn", value)?;
        }
        if let Some(value) = &self.runtime_version_arn {
            map.serialize_entry("RuntimeVersionArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutRuntimeManagementConfigResponse {
    pub update_runtime_on: Option<String>,
    pub function_arn: Option<String>,
    pub runtime_version_arn: Option<String>,
}

impl Object for PutRuntimeManagementConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "UpdateRuntimeOn" => self.update_runtime_on = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "RuntimeVersionArn" => self.runtime_version_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutRuntimeManagementConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutRuntimeManagementConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.update_runtime_on {
            map.serialize_entry("UpdateRuntimeOn", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.runtime_version_arn {
            map.serialize_entry("RuntimeVersionArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemoveLayerVersionPermissionRequest {
    pub layer_name: Option<String>,
    pub version_number: Option<i64>,
    pub statement_id: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for RemoveLayerVersionPermissionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for RemoveLayerVersionPermissionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RemoveLayerVersionPermissionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemovePermissionRequest {
    pub function_name: Option<String>,
    pub statement_id: Option<String>,
    pub qualifier: Option<String>,
    pub revision_id: Option<String>,
}

impl Object for RemovePermissionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for RemovePermissionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RemovePermissionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedS3Object {
    pub s3_bucket: Option<String>,
    pub s3_key: Option<String>,
    pub s3_object_version: Option<String>,
}

impl Object for ResolvedS3Object {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "S3Bucket" => self.s3_bucket = value.next_value()?,
            "S3Key" => self.s3_key = value.next_value()?,
            "S3ObjectVersion" => self.s3_object_version = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ResolvedS3Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ResolvedS3Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.s3_bucket {
            map.serialize_entry("S3Bucket", value)?;
        }
        if let Some(value) = &self.s3_key {
            map.serialize_entry("S3Key", value)?;
        }
        if let Some(value) = &self.s3_object_version {
            map.serialize_entry("S3ObjectVersion", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct ResumeDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
    pub client_token: Option<String>,
    pub reason: Option<String>,
}

impl fmt::Debug for ResumeDurableExecutionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeDurableExecutionRequest")
            .field("durable_execution_arn", &self.durable_execution_arn)
            .field("client_token", &self.client_token)
            .field("reason", &self.reason.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for ResumeDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ClientToken" => self.client_token = value.next_value()?,
            "Reason" => self.reason = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ResumeDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ResumeDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.client_token {
            map.serialize_entry("ClientToken", value)?;
        }
        if let Some(value) = &self.reason {
            map.serialize_entry("Reason", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResumeDurableExecutionResponse {}

impl Object for ResumeDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for ResumeDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ResumeDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetryDetails {
    pub current_attempt: Option<i64>,
    pub next_attempt_delay_seconds: Option<i64>,
}

impl Object for RetryDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CurrentAttempt" => self.current_attempt = value.next_value()?,
            "NextAttemptDelaySeconds" => self.next_attempt_delay_seconds = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for RetryDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RetryDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.current_attempt {
            map.serialize_entry("CurrentAttempt", value)?;
        }
        if let Some(value) = &self.next_attempt_delay_seconds {
            map.serialize_entry("NextAttemptDelaySeconds", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuntimeVersionConfig {
    pub runtime_version_arn: Option<String>,
    pub error: Option<RuntimeVersionError>,
}

impl Object for RuntimeVersionConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "RuntimeVersionArn" => self.runtime_version_arn = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for RuntimeVersionConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RuntimeVersionConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.runtime_version_arn {
            map.serialize_entry("RuntimeVersionArn", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct RuntimeVersionError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl fmt::Debug for RuntimeVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeVersionError")
            .field("error_code", &self.error_code)
            .field("message", &self.message.as_ref().map(|_| Sensitive))
            .finish()
    }
}

impl Object for RuntimeVersionError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for RuntimeVersionError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RuntimeVersionError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct S3FilesConfig {
    pub direct_s3_read: Option<String>,
}

impl Object for S3FilesConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "DirectS3Read" => self.direct_s3_read = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for S3FilesConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for S3FilesConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.direct_s3_read {
            map.serialize_entry("DirectS3Read", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScalingConfig {
    pub maximum_concurrency: Option<i64>,
}

impl Object for ScalingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MaximumConcurrency" => self.maximum_concurrency = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ScalingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ScalingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.maximum_concurrency {
            map.serialize_entry("MaximumConcurrency", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SelfManagedEventSource {
    pub endpoints: Option<BTreeMap<String, Vec<String>>>,
}

impl Object for SelfManagedEventSource {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Endpoints" => self.endpoints = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SelfManagedEventSource {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SelfManagedEventSource {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.endpoints {
            map.serialize_entry("Endpoints", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SelfManagedKafkaEventSourceConfig {
    pub consumer_group_id: Option<String>,
    pub schema_registry_config: Option<KafkaSchemaRegistryConfig>,
    pub consumption_mode: Option<String>,
}

impl Object for SelfManagedKafkaEventSourceConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ConsumerGroupId" => self.consumer_group_id = value.next_value()?,
            "SchemaRegistryConfig" => self.schema_registry_config = value.next_value()?,
            "ConsumptionMode" => self.consumption_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SelfManagedKafkaEventSourceConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SelfManagedKafkaEventSourceConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.consumer_group_id {
            map.serialize_entry("ConsumerGroupId", value)?;
        }
        if let Some(value) = &self.schema_registry_config {
            map.serialize_entry("SchemaRegistryConfig", value)?;
        }
        if let Some(value) = &self.consumption_mode {
            map.serialize_entry("ConsumptionMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackFailureRequest {
    pub callback_id: Option<String>,
    pub error: Option<ErrorObject>,
}

impl Object for SendDurableExecutionCallbackFailureRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackFailureRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackFailureRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackFailureResponse {}

impl Object for SendDurableExecutionCallbackFailureResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackFailureResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackFailureResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackHeartbeatRequest {
    pub callback_id: Option<String>,
}

impl Object for SendDurableExecutionCallbackHeartbeatRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackHeartbeatRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackHeartbeatRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackHeartbeatResponse {}

impl Object for SendDurableExecutionCallbackHeartbeatResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackHeartbeatResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackHeartbeatResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackSuccessRequest {
    pub callback_id: Option<String>,
}

impl Object for SendDurableExecutionCallbackSuccessRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackSuccessRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackSuccessRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendDurableExecutionCallbackSuccessResponse {}

impl Object for SendDurableExecutionCallbackSuccessResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for SendDurableExecutionCallbackSuccessResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SendDurableExecutionCallbackSuccessResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SnapStart {
    pub apply_on: Option<String>,
}

impl Object for SnapStart {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ApplyOn" => self.apply_on = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SnapStart {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SnapStart {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.apply_on {
            map.serialize_entry("ApplyOn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SnapStartResponse {
    pub apply_on: Option<String>,
    pub optimization_status: Option<String>,
}

impl Object for SnapStartResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ApplyOn" => self.apply_on = value.next_value()?,
            "OptimizationStatus" => self.optimization_status = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SnapStartResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SnapStartResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.apply_on {
            map.serialize_entry("ApplyOn", value)?;
        }
        if let Some(value) = &self.optimization_status {
            map.serialize_entry("OptimizationStatus", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceAccessConfiguration {
    pub type_: Option<String>,
    pub uri: Option<String>,
}

impl Object for SourceAccessConfiguration {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Type" => self.type_ = value.next_value()?,
            "URI" => self.uri = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SourceAccessConfiguration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SourceAccessConfiguration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.type_ {
            map.serialize_entry("Type", value)?;
        }
        if let Some(value) = &self.uri {
            map.serialize_entry("URI", value)?;
        }
        map.end()
    }
}

#[derive(Clone, Default, PartialEq)]
pub struct StepDetails {
    pub attempt: Option<i64>,
    pub next_attempt_timestamp: Option<Timestamp>,
    pub result: Option<String>,
    pub error: Option<ErrorObject>,
}

impl fmt::Debug for StepDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepDetails")
            .field("attempt", &self.attempt)
            .field("next_attempt_timestamp", &self.next_attempt_timestamp)
            .field("result", &self.result.as_ref().map(|_| Sensitive))
            .field("error", &self.error)
            .finish()
    }
}

impl Object for StepDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Attempt" => self.attempt = value.next_value()?,
            "NextAttemptTimestamp" => self.next_attempt_timestamp = value.next_value()?,
            "Result" => self.result = value.next_value()?,
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StepDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StepDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.attempt {
            map.serialize_entry("Attempt", value)?;
        }
        if let Some(value) = &self.next_attempt_timestamp {
            map.serialize_entry("NextAttemptTimestamp", value)?;
        }
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepFailedDetails {
    pub error: Option<EventError>,
    pub retry_details: Option<RetryDetails>,
}

impl Object for StepFailedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            "RetryDetails" => self.retry_details = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StepFailedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StepFailedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        if let Some(value) = &self.retry_details {
            map.serialize_entry("RetryDetails", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOptions {
    pub next_attempt_delay_seconds: Option<i64>,
}

impl Object for StepOptions {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "NextAttemptDelaySeconds" => self.next_attempt_delay_seconds = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StepOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StepOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_attempt_delay_seconds {
            map.serialize_entry("NextAttemptDelaySeconds", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepStartedDetails {}

impl Object for StepStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for StepStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StepStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepSucceededDetails {
    pub result: Option<EventResult>,
    pub retry_details: Option<RetryDetails>,
}

impl Object for StepSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Result" => self.result = value.next_value()?,
            "RetryDetails" => self.retry_details = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StepSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StepSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.result {
            map.serialize_entry("Result", value)?;
        }
        if let Some(value) = &self.retry_details {
            map.serialize_entry("RetryDetails", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StopDurableExecutionRequest {
    pub durable_execution_arn: Option<String>,
    pub error: Option<ErrorObject>,
}

impl Object for StopDurableExecutionRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StopDurableExecutionRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StopDurableExecutionRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StopDurableExecutionResponse {
    pub stop_timestamp: Option<Timestamp>,
}

impl Object for StopDurableExecutionResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "StopTimestamp" => self.stop_timestamp = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for StopDurableExecutionResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for StopDurableExecutionResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.stop_timestamp {
            map.serialize_entry("StopTimestamp", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagResourceRequest {
    pub resource: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for TagResourceRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Tags" => self.tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TagResourceRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TagResourceRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.tags {
            map.serialize_entry("Tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagsError {
    pub error_code: Option<String>,
    pub message: Option<String>,
}

impl Object for TagsError {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ErrorCode" => self.error_code = value.next_value()?,
            "Message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TagsError {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TagsError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_code {
            map.serialize_entry("ErrorCode", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("Message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetTrackingScalingPolicy {
    pub predefined_metric_type: Option<String>,
    pub target_value: Option<f64>,
}

impl Object for TargetTrackingScalingPolicy {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "PredefinedMetricType" => self.predefined_metric_type = value.next_value()?,
            "TargetValue" => self.target_value = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TargetTrackingScalingPolicy {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TargetTrackingScalingPolicy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.predefined_metric_type {
            map.serialize_entry("PredefinedMetricType", value)?;
        }
        if let Some(value) = &self.target_value {
            map.serialize_entry("TargetValue", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenancyConfig {
    pub tenant_isolation_mode: Option<String>,
}

impl Object for TenancyConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "TenantIsolationMode" => self.tenant_isolation_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TenancyConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TenancyConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.tenant_isolation_mode {
            map.serialize_entry("TenantIsolationMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceHeader {
    pub x_amzn_trace_id: Option<String>,
}

impl Object for TraceHeader {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "XAmznTraceId" => self.x_amzn_trace_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TraceHeader {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TraceHeader {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.x_amzn_trace_id {
            map.serialize_entry("XAmznTraceId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TracingConfig {
    pub mode: Option<String>,
}

impl Object for TracingConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Mode" => self.mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TracingConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TracingConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.mode {
            map.serialize_entry("Mode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TracingConfigResponse {
    pub mode: Option<String>,
}

impl Object for TracingConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Mode" => self.mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for TracingConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for TracingConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.mode {
            map.serialize_entry("Mode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UntagResourceRequest {
    pub resource: Option<String>,
    pub tag_keys: Option<Vec<String>>,
}

impl Object for UntagResourceRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }
}

impl<'de> Deserialize<'de> for UntagResourceRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UntagResourceRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateAliasRequest {
    pub function_name: Option<String>,
    pub name: Option<String>,
    pub function_version: Option<String>,
    pub description: Option<String>,
    pub routing_config: Option<AliasRoutingConfiguration>,
    pub revision_id: Option<String>,
}

impl Object for UpdateAliasRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionVersion" => self.function_version = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "RoutingConfig" => self.routing_config = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateAliasRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateAliasRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_version {
            map.serialize_entry("FunctionVersion", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.routing_config {
            map.serialize_entry("RoutingConfig", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateCapacityProviderRequest {
    pub capacity_provider_name: Option<String>,
    pub capacity_provider_scaling_config: Option<CapacityProviderScalingConfig>,
    pub propagate_tags: Option<PropagateTags>,
    pub telemetry_config: Option<CapacityProviderTelemetryConfig>,
}

impl Object for UpdateCapacityProviderRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProviderScalingConfig" => self.capacity_provider_scaling_config = value.next_value()?,
            "PropagateTags" => self.propagate_tags = value.next_value()?,
            "TelemetryConfig" => self.telemetry_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateCapacityProviderRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateCapacityProviderRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider_scaling_config {
            map.serialize_entry("CapacityProviderScalingConfig", value)?;
        }
        if let Some(value) = &self.propagate_tags {
            map.serialize_entry("PropagateTags", value)?;
        }
        if let Some(value) = &self.telemetry_config {
            map.serialize_entry("TelemetryConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateCapacityProviderResponse {
    pub capacity_provider: Option<CapacityProvider>,
}

impl Object for UpdateCapacityProviderResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CapacityProvider" => self.capacity_provider = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateCapacityProviderResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateCapacityProviderResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.capacity_provider {
            map.serialize_entry("CapacityProvider", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateCodeSigningConfigRequest {
    pub code_signing_config_arn: Option<String>,
    pub description: Option<String>,
    pub allowed_publishers: Option<AllowedPublishers>,
    pub code_signing_policies: Option<CodeSigningPolicies>,
}

impl Object for UpdateCodeSigningConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Description" => self.description = value.next_value()?,
            "AllowedPublishers" => self.allowed_publishers = value.next_value()?,
            "CodeSigningPolicies" => self.code_signing_policies = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateCodeSigningConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateCodeSigningConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.allowed_publishers {
            map.serialize_entry("AllowedPublishers", value)?;
        }
        if let Some(value) = &self.code_signing_policies {
            map.serialize_entry("CodeSigningPolicies", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateCodeSigningConfigResponse {
    pub code_signing_config: Option<CodeSigningConfig>,
}

impl Object for UpdateCodeSigningConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "CodeSigningConfig" => self.code_signing_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateCodeSigningConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateCodeSigningConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.code_signing_config {
            map.serialize_entry("CodeSigningConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateEventSourceMappingRequest {
    pub uuid: Option<String>,
    pub function_name: Option<String>,
    pub enabled: Option<bool>,
    pub batch_size: Option<i64>,
    pub filter_criteria: Option<FilterCriteria>,
    pub kms_key_arn: Option<String>,
    pub metrics_config: Option<EventSourceMappingMetricsConfig>,
    pub logging_config: Option<EventSourceMappingLoggingConfig>,
    pub scaling_config: Option<ScalingConfig>,
    pub maximum_batching_window_in_seconds: Option<i64>,
    pub parallelization_factor: Option<i64>,
    pub destination_config: Option<DestinationConfig>,
    pub maximum_record_age_in_seconds: Option<i64>,
    pub bisect_batch_on_function_error: Option<bool>,
    pub maximum_retry_attempts: Option<i64>,
    pub tumbling_window_in_seconds: Option<i64>,
    pub source_access_configurations: Option<Vec<SourceAccessConfiguration>>,
    pub function_response_types: Option<Vec<String>>,
    pub amazon_managed_kafka_event_source_config: Option<AmazonManagedKafkaEventSourceConfig>,
    pub self_managed_kafka_event_source_config: Option<SelfManagedKafkaEventSourceConfig>,
    pub document_db_event_source_config: Option<DocumentDBEventSourceConfig>,
    pub provisioned_poller_config: Option<ProvisionedPollerConfig>,
}

impl Object for UpdateEventSourceMappingRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionName" => self.function_name = value.next_value()?,
            "Enabled" => self.enabled = value.next_value()?,
            "BatchSize" => self.batch_size = value.next_value()?,
            "FilterCriteria" => self.filter_criteria = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "MetricsConfig" => self.metrics_config = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "ScalingConfig" => self.scaling_config = value.next_value()?,
            "MaximumBatchingWindowInSeconds" => {
                self.maximum_batching_window_in_seconds = value.next_value()?
            }
            "ParallelizationFactor" => self.parallelization_factor = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            "MaximumRecordAgeInSeconds" => self.maximum_record_age_in_seconds = value.next_value()?,
            "BisectBatchOnFunctionError" => self.bisect_batch_on_function_error = value.next_value()?,
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "TumblingWindowInSeconds" => self.tumbling_window_in_seconds = value.next_value()?,
            "SourceAccessConfigurations" => self.source_access_configurations = value.next_value()?,
            "FunctionResponseTypes" => self.function_response_types = value.next_value()?,
            "AmazonManagedKafkaEventSourceConfig" => {
                self.amazon_managed_kafka_event_source_config = value.next_value()?
            }
            "SelfManagedKafkaEventSourceConfig" => {
                self.self_managed_kafka_event_source_config = value.next_value()?
            }
            "DocumentDBEventSourceConfig" => self.document_db_event_source_config = value.next_value()?,
            "ProvisionedPollerConfig" => self.provisioned_poller_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateEventSourceMappingRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateEventSourceMappingRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_name {
            map.serialize_entry("FunctionName", value)?;
        }
        if let Some(value) = &self.enabled {
            map.serialize_entry("Enabled", value)?;
        }
        if let Some(value) = &self.batch_size {
            map.serialize_entry("BatchSize", value)?;
        }
        if let Some(value) = &self.filter_criteria {
            map.serialize_entry("FilterCriteria", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.metrics_config {
            map.serialize_entry("MetricsConfig", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.scaling_config {
            map.serialize_entry("ScalingConfig", value)?;
        }
        if let Some(value) = &self.maximum_batching_window_in_seconds {
            map.serialize_entry("MaximumBatchingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.parallelization_factor {
            map.serialize_entry("ParallelizationFactor", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        if let Some(value) = &self.maximum_record_age_in_seconds {
            map.serialize_entry("MaximumRecordAgeInSeconds", value)?;
        }
        if let Some(value) = &self.bisect_batch_on_function_error {
            map.serialize_entry("BisectBatchOnFunctionError", value)?;
        }
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.tumbling_window_in_seconds {
            map.serialize_entry("TumblingWindowInSeconds", value)?;
        }
        if let Some(value) = &self.source_access_configurations {
            map.serialize_entry("SourceAccessConfigurations", value)?;
        }
        if let Some(value) = &self.function_response_types {
            map.serialize_entry("FunctionResponseTypes", value)?;
        }
        if let Some(value) = &self.amazon_managed_kafka_event_source_config {
            map.serialize_entry("AmazonManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.self_managed_kafka_event_source_config {
            map.serialize_entry("SelfManagedKafkaEventSourceConfig", value)?;
        }
        if let Some(value) = &self.document_db_event_source_config {
            map.serialize_entry("DocumentDBEventSourceConfig", value)?;
        }
        if let Some(value) = &self.provisioned_poller_config {
            map.serialize_entry("ProvisionedPollerConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateFunctionCodeRequest {
    pub function_name: Option<String>,
    pub zip_file: Option<Blob>,
    pub s3_bucket: Option<String>,
    pub s3_key: Option<String>,
    pub s3_object_version: Option<String>,
    pub s3_object_storage_mode: Option<String>,
    pub image_uri: Option<String>,
    pub architectures: Option<Vec<String>>,
    pub publish: Option<bool>,
    pub publish_to: Option<String>,
    pub dry_run: Option<bool>,
    pub revision_id: Option<String>,
    pub source_kms_key_arn: Option<String>,
}

impl Object for UpdateFunctionCodeRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ZipFile" => self.zip_file = value.next_value()?,
            "S3Bucket" => self.s3_bucket = value.next_value()?,
            "S3Key" => self.s3_key = value.next_value()?,
            "S3ObjectVersion" => self.s3_object_version = value.next_value()?,
            "S3ObjectStorageMode" => self.s3_object_storage_mode = value.next_value()?,
            "ImageUri" => self.image_uri = value.next_value()?,
            "Architectures" => self.architectures = value.next_value()?,
            "Publish" => self.publish = value.next_value()?,
            "PublishTo" => self.publish_to = value.next_value()?,
            "DryRun" => self.dry_run = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            "SourceKMSKeyArn" => self.source_kms_key_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateFunctionCodeRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateFunctionCodeRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.zip_file {
            map.serialize_entry("ZipFile", value)?;
        }
        if let Some(value) = &self.s3_bucket {
            map.serialize_entry("S3Bucket", value)?;
        }
        if let Some(value) = &self.s3_key {
            map.serialize_entry("S3Key", value)?;
        }
        if let Some(value) = &self.s3_object_version {
            map.serialize_entry("S3ObjectVersion", value)?;
        }
        if let Some(value) = &self.s3_object_storage_mode {
            map.serialize_entry("S3ObjectStorageMode", value)?;
        }
        if let Some(value) = &self.image_uri {
            map.serialize_entry("ImageUri", value)?;
        }
        if let Some(value) = &self.architectures {
            map.serialize_entry("Architectures", value)?;
        }
        if let Some(value) = &self.publish {
            map.serialize_entry("Publish", value)?;
        }
        if let Some(value) = &self.publish_to {
            map.serialize_entry("PublishTo", value)?;
        }
        if let Some(value) = &self.dry_run {
            map.serialize_entry("DryRun", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        if let Some(value) = &self.source_kms_key_arn {
            map.serialize_entry("SourceKMSKeyArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateFunctionConfigurationRequest {
    pub function_name: Option<String>,
    pub role: Option<String>,
    pub handler: Option<String>,
    pub description: Option<String>,
    pub timeout: Option<i64>,
    pub memory_size: Option<i64>,
    pub vpc_config: Option<VpcConfig>,
    pub environment: Option<Environment>,
    pub runtime: Option<String>,
    pub dead_letter_config: Option<DeadLetterConfig>,
    pub kms_key_arn: Option<String>,
    pub tracing_config: Option<TracingConfig>,
    pub revision_id: Option<String>,
    pub layers: Option<Vec<String>>,
    pub file_system_configs: Option<Vec<FileSystemConfig>>,
    pub image_config: Option<ImageConfig>,
    pub ephemeral_storage: Option<EphemeralStorage>,
    pub snap_start: Option<SnapStart>,
    pub logging_config: Option<LoggingConfig>,
    pub capacity_provider_config: Option<CapacityProviderConfig>,
    pub durable_config: Option<DurableConfig>,
    pub runtime_config: Option<FunctionRuntimeConfig>,
    pub accelerator_config: Option<AcceleratorConfig>,
}

impl Object for UpdateFunctionConfigurationRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Role" => self.role = value.next_value()?,
            "Handler" => self.handler = value.next_value()?,
            "Description" => self.description = value.next_value()?,
            "Timeout" => self.timeout = value.next_value()?,
            "MemorySize" => self.memory_size = value.next_value()?,
            "VpcConfig" => self.vpc_config = value.next_value()?,
            "Environment" => self.environment = value.next_value()?,
            "Runtime" => self.runtime = value.next_value()?,
            "DeadLetterConfig" => self.dead_letter_config = value.next_value()?,
            "KMSKeyArn" => self.kms_key_arn = value.next_value()?,
            "TracingConfig" => self.tracing_config = value.next_value()?,
            "RevisionId" => self.revision_id = value.next_value()?,
            "Layers" => self.layers = value.next_value()?,
            "FileSystemConfigs" => self.file_system_configs = value.next_value()?,
            "ImageConfig" => self.image_config = value.next_value()?,
            "EphemeralStorage" => self.ephemeral_storage = value.next_value()?,
            "SnapStart" => self.snap_start = value.next_value()?,
            "LoggingConfig" => self.logging_config = value.next_value()?,
            "CapacityProviderConfig" => self.capacity_provider_config = value.next_value()?,
            "DurableConfig" => self.durable_config = value.next_value()?,
            "RuntimeConfig" => self.runtime_config = value.next_value()?,
            "AcceleratorConfig" => self.accelerator_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateFunctionConfigurationRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateFunctionConfigurationRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.role {
            map.serialize_entry("Role", value)?;
        }
        if let Some(value) = &self.handler {
            map.serialize_entry("Handler", value)?;
        }
        if let Some(value) = &self.description {
            map.serialize_entry("Description", value)?;
        }
        if let Some(value) = &self.timeout {
            map.serialize_entry("Timeout", value)?;
        }
        if let Some(value) = &self.memory_size {
            map.serialize_entry("MemorySize", value)?;
        }
        if let Some(value) = &self.vpc_config {
            map.serialize_entry("VpcConfig", value)?;
        }
        if let Some(value) = &self.environment {
            map.serialize_entry("Environment", value)?;
        }
        if let Some(value) = &self.runtime {
            map.serialize_entry("Runtime", value)?;
        }
        if let Some(value) = &self.dead_letter_config {
            map.serialize_entry("DeadLetterConfig", value)?;
        }
        if let Some(value) = &self.kms_key_arn {
            map.serialize_entry("KMSKeyArn", value)?;
        }
        if let Some(value) = &self.tracing_config {
            map.serialize_entry("TracingConfig", value)?;
        }
        if let Some(value) = &self.revision_id {
            map.serialize_entry("RevisionId", value)?;
        }
        if let Some(value) = &self.layers {
            map.serialize_entry("Layers", value)?;
        }
        if let Some(value) = &self.file_system_configs {
            map.serialize_entry("FileSystemConfigs", value)?;
        }
        if let Some(value) = &self.image_config {
            map.serialize_entry("ImageConfig", value)?;
        }
        if let Some(value) = &self.ephemeral_storage {
            map.serialize_entry("EphemeralStorage", value)?;
        }
        if let Some(value) = &self.snap_start {
            map.serialize_entry("SnapStart", value)?;
        }
        if let Some(value) = &self.logging_config {
            map.serialize_entry("LoggingConfig", value)?;
        }
        if let Some(value) = &self.capacity_provider_config {
            map.serialize_entry("CapacityProviderConfig", value)?;
        }
        if let Some(value) = &self.durable_config {
            map.serialize_entry("DurableConfig", value)?;
        }
        if let Some(value) = &self.runtime_config {
            map.serialize_entry("RuntimeConfig", value)?;
        }
        if let Some(value) = &self.accelerator_config {
            map.serialize_entry("AcceleratorConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateFunctionEventInvokeConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub maximum_retry_attempts: Option<i64>,
    pub maximum_event_age_in_seconds: Option<i64>,
    pub destination_config: Option<DestinationConfig>,
}

impl Object for UpdateFunctionEventInvokeConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "MaximumRetryAttempts" => self.maximum_retry_attempts = value.next_value()?,
            "MaximumEventAgeInSeconds" => self.maximum_event_age_in_seconds = value.next_value()?,
            "DestinationConfig" => self.destination_config = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateFunctionEventInvokeConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateFunctionEventInvokeConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.maximum_retry_attempts {
            map.serialize_entry("MaximumRetryAttempts", value)?;
        }
        if let Some(value) = &self.maximum_event_age_in_seconds {
            map.serialize_entry("MaximumEventAgeInSeconds", value)?;
        }
        if let Some(value) = &self.destination_config {
            map.serialize_entry("DestinationConfig", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateFunctionUrlConfigRequest {
    pub function_name: Option<String>,
    pub qualifier: Option<String>,
    pub auth_type: Option<String>,
    pub cors: Option<Cors>,
    pub invoke_mode: Option<String>,
}

impl Object for UpdateFunctionUrlConfigRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "AuthType" => self.auth_type = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateFunctionUrlConfigRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateFunctionUrlConfigRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateFunctionUrlConfigResponse {
    pub function_url: Option<String>,
    pub function_arn: Option<String>,
    pub auth_type: Option<String>,
    pub cors: Option<Cors>,
    pub creation_time: Option<String>,
    pub last_modified_time: Option<String>,
    pub invoke_mode: Option<String>,
}

impl Object for UpdateFunctionUrlConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "FunctionUrl" => self.function_url = value.next_value()?,
            "FunctionArn" => self.function_arn = value.next_value()?,
            "AuthType" => self.auth_type = value.next_value()?,
            "Cors" => self.cors = value.next_value()?,
            "CreationTime" => self.creation_time = value.next_value()?,
            "LastModifiedTime" => self.last_modified_time = value.next_value()?,
            "InvokeMode" => self.invoke_mode = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for UpdateFunctionUrlConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for UpdateFunctionUrlConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.function_url {
            map.serialize_entry("FunctionUrl", value)?;
        }
        if let Some(value) = &self.function_arn {
            map.serialize_entry("FunctionArn", value)?;
        }
        if let Some(value) = &self.auth_type {
            map.serialize_entry("AuthType", value)?;
        }
        if let Some(value) = &self.cors {
            map.serialize_entry("Cors", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("CreationTime", value)?;
        }
        if let Some(value) = &self.last_modified_time {
            map.serialize_entry("LastModifiedTime", value)?;
        }
        if let Some(value) = &self.invoke_mode {
            map.serialize_entry("InvokeMode", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct VpcConfig {
    pub subnet_ids: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub ipv6_allowed_for_dual_stack: Option<bool>,
}

impl Object for VpcConfig {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SubnetIds" => self.subnet_ids = value.next_value()?,
            "SecurityGroupIds" => self.security_group_ids = value.next_value()?,
            "Ipv6AllowedForDualStack" => self.ipv6_allowed_for_dual_stack = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for VpcConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for VpcConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.subnet_ids {
            map.serialize_entry("SubnetIds", value)?;
        }
        if let Some(value) = &self.security_group_ids {
            map.serialize_entry("SecurityGroupIds", value)?;
        }
        if let Some(value) = &self.ipv6_allowed_for_dual_stack {
            map.serialize_entry("Ipv6AllowedForDualStack", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct VpcConfigResponse {
    pub subnet_ids: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub vpc_id: Option<String>,
    pub ipv6_allowed_for_dual_stack: Option<bool>,
}

impl Object for VpcConfigResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "SubnetIds" => self.subnet_ids = value.next_value()?,
            "SecurityGroupIds" => self.security_group_ids = value.next_value()?,
            "VpcId" => self.vpc_id = value.next_value()?,
            "Ipv6AllowedForDualStack" => self.ipv6_allowed_for_dual_stack = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for VpcConfigResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for VpcConfigResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.subnet_ids {
            map.serialize_entry("SubnetIds", value)?;
        }
        if let Some(value) = &self.security_group_ids {
            map.serialize_entry("SecurityGroupIds", value)?;
        }
        if let Some(value) = &self.vpc_id {
            map.serialize_entry("VpcId", value)?;
        }
        if let Some(value) = &self.ipv6_allowed_for_dual_stack {
            map.serialize_entry("Ipv6AllowedForDualStack", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitCancelledDetails {
    pub error: Option<EventError>,
}

impl Object for WaitCancelledDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Error" => self.error = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for WaitCancelledDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for WaitCancelledDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error {
            map.serialize_entry("Error", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitDetails {
    pub scheduled_end_timestamp: Option<Timestamp>,
}

impl Object for WaitDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "ScheduledEndTimestamp" => self.scheduled_end_timestamp = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for WaitDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for WaitDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.scheduled_end_timestamp {
            map.serialize_entry("ScheduledEndTimestamp", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitOptions {
    pub wait_seconds: Option<i64>,
}

impl Object for WaitOptions {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "WaitSeconds" => self.wait_seconds = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for WaitOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for WaitOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.wait_seconds {
            map.serialize_entry("WaitSeconds", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitStartedDetails {
    pub duration: Option<i64>,
    pub scheduled_end_timestamp: Option<Timestamp>,
}

impl Object for WaitStartedDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Duration" => self.duration = value.next_value()?,
            "ScheduledEndTimestamp" => self.scheduled_end_timestamp = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for WaitStartedDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for WaitStartedDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.duration {
            map.serialize_entry("Duration", value)?;
        }
        if let Some(value) = &self.scheduled_end_timestamp {
            map.serialize_entry("ScheduledEndTimestamp", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitSucceededDetails {
    pub duration: Option<i64>,
}

impl Object for WaitSucceededDetails {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "Duration" => self.duration = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for WaitSucceededDetails {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for WaitSucceededDetails {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.duration {
            map.serialize_entry("Duration", value)?;
        }
        map.end()
    }
}

impl Input for AddLayerVersionPermissionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::AddLayerVersionPermission;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        self.version_number = request.label("VersionNumber")?;
        self.revision_id = request.query("RevisionId")?;
        Ok(())
    }
}

impl Input for AddPermissionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::AddPermission;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for CheckpointDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CheckpointDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        Ok(())
    }
}

impl Input for CreateAliasRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateAlias;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for CreateCapacityProviderRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateCapacityProvider;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for CreateCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for CreateEventSourceMappingRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateEventSourceMapping;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for CreateFunctionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateFunction;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for CreateFunctionUrlConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateFunctionUrlConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for DeleteAliasRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteAlias;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.name = request.label("Name")?;
        Ok(())
    }
}

impl Input for DeleteCapacityProviderRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteCapacityProvider;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.capacity_provider_name = request.label("CapacityProviderName")?;
        Ok(())
    }
}

impl Input for DeleteCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.code_signing_config_arn = request.label("CodeSigningConfigArn")?;
        Ok(())
    }
}

impl Input for DeleteDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        Ok(())
    }
}

impl Input for DeleteEventSourceMappingRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteEventSourceMapping;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.uuid = request.label("UUID")?;
        Ok(())
    }
}

impl Input for DeleteFunctionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteFunction;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for DeleteFunctionCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteFunctionCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for DeleteFunctionConcurrencyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteFunctionConcurrency;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for DeleteFunctionEventInvokeConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteFunctionEventInvokeConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for DeleteFunctionUrlConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteFunctionUrlConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for DeleteLayerVersionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteLayerVersion;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        self.version_number = request.label("VersionNumber")?;
        Ok(())
    }
}

impl Input for DeleteProvisionedConcurrencyConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteProvisionedConcurrencyConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for DeleteResourcePolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteResourcePolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource_arn = request.label("ResourceArn")?;
        self.revision_id = request.query("RevisionId")?;
        Ok(())
    }
}

impl Input for GetAccountSettingsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetAccountSettings;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for GetAliasRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetAlias;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.name = request.label("Name")?;
        Ok(())
    }
}

impl Input for GetCapacityProviderRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetCapacityProvider;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.capacity_provider_name = request.label("CapacityProviderName")?;
        Ok(())
    }
}

impl Input for GetCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.code_signing_config_arn = request.label("CodeSigningConfigArn")?;
        Ok(())
    }
}

impl Input for GetDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        self.include_execution_data = request.query("IncludeExecutionData")?;
        Ok(())
    }
}

impl Input for GetDurableExecutionHistoryRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetDurableExecutionHistory;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        self.include_execution_data = request.query("IncludeExecutionData")?;
        self.max_items = request.query("MaxItems")?;
        self.marker = request.query("Marker")?;
        self.reverse_order = request.query("ReverseOrder")?;
        Ok(())
    }
}

impl Input for GetDurableExecutionStateRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetDurableExecutionState;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        self.checkpoint_token = request.query("CheckpointToken")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for GetEventSourceMappingRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetEventSourceMapping;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.uuid = request.label("UUID")?;
        Ok(())
    }
}

impl Input for GetFunctionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunction;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetFunctionCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for GetFunctionConcurrencyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionConcurrency;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for GetFunctionConfigurationRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionConfiguration;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetFunctionEventInvokeConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionEventInvokeConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetFunctionRecursionConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionRecursionConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for GetFunctionScalingConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionScalingConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetFunctionUrlConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetFunctionUrlConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetLayerVersionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetLayerVersion;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        self.version_number = request.label("VersionNumber")?;
        Ok(())
    }
}

impl Input for GetLayerVersionByArnRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetLayerVersionByArn;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.arn = request.query("Arn")?;
        Ok(())
    }
}

impl Input for GetLayerVersionPolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetLayerVersionPolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        self.version_number = request.label("VersionNumber")?;
        Ok(())
    }
}

impl Input for GetPolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetPolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetProvisionedConcurrencyConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetProvisionedConcurrencyConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for GetResourcePolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetResourcePolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource_arn = request.label("ResourceArn")?;
        Ok(())
    }
}

impl Input for GetRuntimeManagementConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetRuntimeManagementConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for InvocationRequest {
    type Operation = Op;
    const OPERATION: Op = Op::Invoke;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.invocation_type = request.header("X-Amz-Invocation-Type")?;
        self.log_type = request.header("X-Amz-Log-Type")?;
        self.client_context = request.header("X-Amz-Client-Context")?;
        self.durable_execution_name = request.header("X-Amz-Durable-Execution-Name")?;
        self.qualifier = request.query("Qualifier")?;
        self.tenant_id = request.header("X-Amz-Tenant-Id")?;
        Ok(())
    }
}

impl Input for InvokeAsyncRequest {
    type Operation = Op;
    const OPERATION: Op = Op::InvokeAsync;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for InvokeWithResponseStreamRequest {
    type Operation = Op;
    const OPERATION: Op = Op::InvokeWithResponseStream;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.log_type = request.header("X-Amz-Log-Type")?;
        self.client_context = request.header("X-Amz-Client-Context")?;
        self.qualifier = request.query("Qualifier")?;
        self.tenant_id = request.header("X-Amz-Tenant-Id")?;
        self.invocation_type = request.header("X-Amz-Invocation-Type")?;
        Ok(())
    }
}

impl Input for ListAliasesRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListAliases;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.function_version = request.query("FunctionVersion")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListCapacityProvidersRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListCapacityProviders;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.state = request.query("State")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListCodeSigningConfigsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListCodeSigningConfigs;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListDurableExecutionsByFunctionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListDurableExecutionsByFunction;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        self.durable_execution_name = request.query("DurableExecutionName")?;
        self.statuses = request.query_list("Statuses")?;
        self.started_after = request.query("StartedAfter")?;
        self.started_before = request.query("StartedBefore")?;
        self.reverse_order = request.query("ReverseOrder")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListEventSourceMappingsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListEventSourceMappings;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.event_source_arn = request.query("EventSourceArn")?;
        self.function_name = request.query("FunctionName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListFunctionEventInvokeConfigsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListFunctionEventInvokeConfigs;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListFunctionUrlConfigsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListFunctionUrlConfigs;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListFunctionVersionsByCapacityProviderRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListFunctionVersionsByCapacityProvider;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.capacity_provider_name = request.label("CapacityProviderName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListFunctionsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListFunctions;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.master_region = request.query("MasterRegion")?;
        self.function_version = request.query("FunctionVersion")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListFunctionsByCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListFunctionsByCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.code_signing_config_arn = request.label("CodeSigningConfigArn")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListLayerVersionsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListLayerVersions;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.compatible_architecture = request.query("CompatibleArchitecture")?;
        self.compatible_runtime = request.query("CompatibleRuntime")?;
        self.layer_name = request.label("LayerName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListLayersRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListLayers;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.compatible_architecture = request.query("CompatibleArchitecture")?;
        self.compatible_runtime = request.query("CompatibleRuntime")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListProvisionedConcurrencyConfigsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListProvisionedConcurrencyConfigs;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for ListTagsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListTags;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource = request.label("Resource")?;
        Ok(())
    }
}

impl Input for ListVersionsByFunctionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListVersionsByFunction;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.marker = request.query("Marker")?;
        self.max_items = request.query("MaxItems")?;
        Ok(())
    }
}

impl Input for PauseDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PauseDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        Ok(())
    }
}

impl Input for PublishLayerVersionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PublishLayerVersion;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        Ok(())
    }
}

impl Input for PublishVersionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PublishVersion;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for PutFunctionCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutFunctionCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for PutFunctionConcurrencyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutFunctionConcurrency;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for PutFunctionEventInvokeConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutFunctionEventInvokeConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for PutFunctionRecursionConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutFunctionRecursionConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for PutFunctionScalingConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutFunctionScalingConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for PutProvisionedConcurrencyConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutProvisionedConcurrencyConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for PutResourcePolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutResourcePolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource_arn = request.label("ResourceArn")?;
        Ok(())
    }
}

impl Input for PutRuntimeManagementConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutRuntimeManagementConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for RemoveLayerVersionPermissionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::RemoveLayerVersionPermission;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.layer_name = request.label("LayerName")?;
        self.version_number = request.label("VersionNumber")?;
        self.statement_id = request.label("StatementId")?;
        self.revision_id = request.query("RevisionId")?;
        Ok(())
    }
}

impl Input for RemovePermissionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::RemovePermission;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.statement_id = request.label("StatementId")?;
        self.qualifier = request.query("Qualifier")?;
        self.revision_id = request.query("RevisionId")?;
        Ok(())
    }
}

impl Input for ResumeDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ResumeDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        Ok(())
    }
}

impl Input for SendDurableExecutionCallbackFailureRequest {
    type Operation = Op;
    const OPERATION: Op = Op::SendDurableExecutionCallbackFailure;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self { error: if body.is_empty() { None } else { Some(read_json(body)?) }, ..Self::default() })
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.callback_id = request.label("CallbackId")?;
        Ok(())
    }
}

impl Input for SendDurableExecutionCallbackHeartbeatRequest {
    type Operation = Op;
    const OPERATION: Op = Op::SendDurableExecutionCallbackHeartbeat;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.callback_id = request.label("CallbackId")?;
        Ok(())
    }
}

impl Input for SendDurableExecutionCallbackSuccessRequest {
    type Operation = Op;
    const OPERATION: Op = Op::SendDurableExecutionCallbackSuccess;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.callback_id = request.label("CallbackId")?;
        Ok(())
    }
}

impl Input for StopDurableExecutionRequest {
    type Operation = Op;
    const OPERATION: Op = Op::StopDurableExecution;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self { error: if body.is_empty() { None } else { Some(read_json(body)?) }, ..Self::default() })
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.durable_execution_arn = request.label("DurableExecutionArn")?;
        Ok(())
    }
}

impl Input for TagResourceRequest {
    type Operation = Op;
    const OPERATION: Op = Op::TagResource;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource = request.label("Resource")?;
        Ok(())
    }
}

impl Input for UntagResourceRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UntagResource;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        Ok(Self::default())
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.resource = request.label("Resource")?;
        self.tag_keys = request.query_list("tagKeys")?;
        Ok(())
    }
}

impl Input for UpdateAliasRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateAlias;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.name = request.label("Name")?;
        Ok(())
    }
}

impl Input for UpdateCapacityProviderRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateCapacityProvider;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.capacity_provider_name = request.label("CapacityProviderName")?;
        Ok(())
    }
}

impl Input for UpdateCodeSigningConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateCodeSigningConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.code_signing_config_arn = request.label("CodeSigningConfigArn")?;
        Ok(())
    }
}

impl Input for UpdateEventSourceMappingRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateEventSourceMapping;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.uuid = request.label("UUID")?;
        Ok(())
    }
}

impl Input for UpdateFunctionCodeRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateFunctionCode;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for UpdateFunctionConfigurationRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateFunctionConfiguration;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        Ok(())
    }
}

impl Input for UpdateFunctionEventInvokeConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateFunctionEventInvokeConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

impl Input for UpdateFunctionUrlConfigRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UpdateFunctionUrlConfig;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        self.function_name = request.label("FunctionName")?;
        self.qualifier = request.query("Qualifier")?;
        Ok(())
    }
}

/// Calls `$each!` with every operation and its input, `Operation: Input, …`.
#[doc(hidden)]
#[macro_export]
macro_rules! every_lambda_input {
    ($each:ident) => {
        $each! {
        AddLayerVersionPermission: AddLayerVersionPermissionRequest,
        AddPermission: AddPermissionRequest,
        CheckpointDurableExecution: CheckpointDurableExecutionRequest,
        CreateAlias: CreateAliasRequest,
        CreateCapacityProvider: CreateCapacityProviderRequest,
        CreateCodeSigningConfig: CreateCodeSigningConfigRequest,
        CreateEventSourceMapping: CreateEventSourceMappingRequest,
        CreateFunction: CreateFunctionRequest,
        CreateFunctionUrlConfig: CreateFunctionUrlConfigRequest,
        DeleteAlias: DeleteAliasRequest,
        DeleteCapacityProvider: DeleteCapacityProviderRequest,
        DeleteCodeSigningConfig: DeleteCodeSigningConfigRequest,
        DeleteDurableExecution: DeleteDurableExecutionRequest,
        DeleteEventSourceMapping: DeleteEventSourceMappingRequest,
        DeleteFunction: DeleteFunctionRequest,
        DeleteFunctionCodeSigningConfig: DeleteFunctionCodeSigningConfigRequest,
        DeleteFunctionConcurrency: DeleteFunctionConcurrencyRequest,
        DeleteFunctionEventInvokeConfig: DeleteFunctionEventInvokeConfigRequest,
        DeleteFunctionUrlConfig: DeleteFunctionUrlConfigRequest,
        DeleteLayerVersion: DeleteLayerVersionRequest,
        DeleteProvisionedConcurrencyConfig: DeleteProvisionedConcurrencyConfigRequest,
        DeleteResourcePolicy: DeleteResourcePolicyRequest,
        GetAccountSettings: GetAccountSettingsRequest,
        GetAlias: GetAliasRequest,
        GetCapacityProvider: GetCapacityProviderRequest,
        GetCodeSigningConfig: GetCodeSigningConfigRequest,
        GetDurableExecution: GetDurableExecutionRequest,
        GetDurableExecutionHistory: GetDurableExecutionHistoryRequest,
        GetDurableExecutionState: GetDurableExecutionStateRequest,
        GetEventSourceMapping: GetEventSourceMappingRequest,
        GetFunction: GetFunctionRequest,
        GetFunctionCodeSigningConfig: GetFunctionCodeSigningConfigRequest,
        GetFunctionConcurrency: GetFunctionConcurrencyRequest,
        GetFunctionConfiguration: GetFunctionConfigurationRequest,
        GetFunctionEventInvokeConfig: GetFunctionEventInvokeConfigRequest,
        GetFunctionRecursionConfig: GetFunctionRecursionConfigRequest,
        GetFunctionScalingConfig: GetFunctionScalingConfigRequest,
        GetFunctionUrlConfig: GetFunctionUrlConfigRequest,
        GetLayerVersion: GetLayerVersionRequest,
        GetLayerVersionByArn: GetLayerVersionByArnRequest,
        GetLayerVersionPolicy: GetLayerVersionPolicyRequest,
        GetPolicy: GetPolicyRequest,
        GetProvisionedConcurrencyConfig: GetProvisionedConcurrencyConfigRequest,
        GetResourcePolicy: GetResourcePolicyRequest,
        GetRuntimeManagementConfig: GetRuntimeManagementConfigRequest,
        Invoke: InvocationRequest,
        InvokeAsync: InvokeAsyncRequest,
        InvokeWithResponseStream: InvokeWithResponseStreamRequest,
        ListAliases: ListAliasesRequest,
        ListCapacityProviders: ListCapacityProvidersRequest,
        ListCodeSigningConfigs: ListCodeSigningConfigsRequest,
        ListDurableExecutionsByFunction: ListDurableExecutionsByFunctionRequest,
        ListEventSourceMappings: ListEventSourceMappingsRequest,
        ListFunctionEventInvokeConfigs: ListFunctionEventInvokeConfigsRequest,
        ListFunctionUrlConfigs: ListFunctionUrlConfigsRequest,
        ListFunctionVersionsByCapacityProvider: ListFunctionVersionsByCapacityProviderRequest,
        ListFunctions: ListFunctionsRequest,
        ListFunctionsByCodeSigningConfig: ListFunctionsByCodeSigningConfigRequest,
        ListLayerVersions: ListLayerVersionsRequest,
        ListLayers: ListLayersRequest,
        ListProvisionedConcurrencyConfigs: ListProvisionedConcurrencyConfigsRequest,
        ListTags: ListTagsRequest,
        ListVersionsByFunction: ListVersionsByFunctionRequest,
        PauseDurableExecution: PauseDurableExecutionRequest,
        PublishLayerVersion: PublishLayerVersionRequest,
        PublishVersion: PublishVersionRequest,
        PutFunctionCodeSigningConfig: PutFunctionCodeSigningConfigRequest,
        PutFunctionConcurrency: PutFunctionConcurrencyRequest,
        PutFunctionEventInvokeConfig: PutFunctionEventInvokeConfigRequest,
        PutFunctionRecursionConfig: PutFunctionRecursionConfigRequest,
        PutFunctionScalingConfig: PutFunctionScalingConfigRequest,
        PutProvisionedConcurrencyConfig: PutProvisionedConcurrencyConfigRequest,
        PutResourcePolicy: PutResourcePolicyRequest,
        PutRuntimeManagementConfig: PutRuntimeManagementConfigRequest,
        RemoveLayerVersionPermission: RemoveLayerVersionPermissionRequest,
        RemovePermission: RemovePermissionRequest,
        ResumeDurableExecution: ResumeDurableExecutionRequest,
        SendDurableExecutionCallbackFailure: SendDurableExecutionCallbackFailureRequest,
        SendDurableExecutionCallbackHeartbeat: SendDurableExecutionCallbackHeartbeatRequest,
        SendDurableExecutionCallbackSuccess: SendDurableExecutionCallbackSuccessRequest,
        StopDurableExecution: StopDurableExecutionRequest,
        TagResource: TagResourceRequest,
        UntagResource: UntagResourceRequest,
        UpdateAlias: UpdateAliasRequest,
        UpdateCapacityProvider: UpdateCapacityProviderRequest,
        UpdateCodeSigningConfig: UpdateCodeSigningConfigRequest,
        UpdateEventSourceMapping: UpdateEventSourceMappingRequest,
        UpdateFunctionCode: UpdateFunctionCodeRequest,
        UpdateFunctionConfiguration: UpdateFunctionConfigurationRequest,
        UpdateFunctionEventInvokeConfig: UpdateFunctionEventInvokeConfigRequest,
        UpdateFunctionUrlConfig: UpdateFunctionUrlConfigRequest,
        }
    };
}
