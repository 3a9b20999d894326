// Made by `cargo xtask codegen` from models/. Do not edit.

#![allow(unused_variables, unused_mut)]
use super::operations::Operation as Op;
use crate::request::{Input, Request, SerializationError, read_json};
use crate::wire::{Object, read_object};
use serde::de::{Deserialize, Deserializer, MapAccess};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateLogGroupRequest {
    pub log_group_name: Option<String>,
    pub kms_key_id: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub log_group_class: Option<String>,
    pub deletion_protection_enabled: Option<bool>,
}

impl Object for CreateLogGroupRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "kmsKeyId" => self.kms_key_id = value.next_value()?,
            "tags" => self.tags = value.next_value()?,
            "logGroupClass" => self.log_group_class = value.next_value()?,
            "deletionProtectionEnabled" => self.deletion_protection_enabled = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateLogGroupRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateLogGroupRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.kms_key_id {
            map.serialize_entry("kmsKeyId", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("tags", value)?;
        }
        if let Some(value) = &self.log_group_class {
            map.serialize_entry("logGroupClass", value)?;
        }
        if let Some(value) = &self.deletion_protection_enabled {
            map.serialize_entry("deletionProtectionEnabled", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateLogStreamRequest {
    pub log_group_name: Option<String>,
    pub log_stream_name: Option<String>,
}

impl Object for CreateLogStreamRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logStreamName" => self.log_stream_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for CreateLogStreamRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for CreateLogStreamRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteLogGroupRequest {
    pub log_group_name: Option<String>,
}

impl Object for DeleteLogGroupRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeleteLogGroupRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteLogGroupRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteLogStreamRequest {
    pub log_group_name: Option<String>,
    pub log_stream_name: Option<String>,
}

impl Object for DeleteLogStreamRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logStreamName" => self.log_stream_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeleteLogStreamRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteLogStreamRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeleteRetentionPolicyRequest {
    pub log_group_name: Option<String>,
}

impl Object for DeleteRetentionPolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DeleteRetentionPolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DeleteRetentionPolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescribeLogGroupsRequest {
    pub account_identifiers: Option<Vec<String>>,
    pub log_group_name_prefix: Option<String>,
    pub log_group_name_pattern: Option<String>,
    pub next_token: Option<String>,
    pub limit: Option<i64>,
    pub include_linked_accounts: Option<bool>,
    pub log_group_class: Option<String>,
    pub log_group_identifiers: Option<Vec<String>>,
}

impl Object for DescribeLogGroupsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "accountIdentifiers" => self.account_identifiers = value.next_value()?,
            "logGroupNamePrefix" => self.log_group_name_prefix = value.next_value()?,
            "logGroupNamePattern" => self.log_group_name_pattern = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            "limit" => self.limit = value.next_value()?,
            "includeLinkedAccounts" => self.include_linked_accounts = value.next_value()?,
            "logGroupClass" => self.log_group_class = value.next_value()?,
            "logGroupIdentifiers" => self.log_group_identifiers = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DescribeLogGroupsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DescribeLogGroupsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.account_identifiers {
            map.serialize_entry("accountIdentifiers", value)?;
        }
        if let Some(value) = &self.log_group_name_prefix {
            map.serialize_entry("logGroupNamePrefix", value)?;
        }
        if let Some(value) = &self.log_group_name_pattern {
            map.serialize_entry("logGroupNamePattern", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        if let Some(value) = &self.limit {
            map.serialize_entry("limit", value)?;
        }
        if let Some(value) = &self.include_linked_accounts {
            map.serialize_entry("includeLinkedAccounts", value)?;
        }
        if let Some(value) = &self.log_group_class {
            map.serialize_entry("logGroupClass", value)?;
        }
        if let Some(value) = &self.log_group_identifiers {
            map.serialize_entry("logGroupIdentifiers", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescribeLogGroupsResponse {
    pub log_groups: Option<Vec<LogGroup>>,
    pub next_token: Option<String>,
}

impl Object for DescribeLogGroupsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroups" => self.log_groups = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DescribeLogGroupsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DescribeLogGroupsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_groups {
            map.serialize_entry("logGroups", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescribeLogStreamsRequest {
    pub log_group_name: Option<String>,
    pub log_group_identifier: Option<String>,
    pub log_stream_name_prefix: Option<String>,
    pub order_by: Option<String>,
    pub descending: Option<bool>,
    pub next_token: Option<String>,
    pub limit: Option<i64>,
}

impl Object for DescribeLogStreamsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logGroupIdentifier" => self.log_group_identifier = value.next_value()?,
            "logStreamNamePrefix" => self.log_stream_name_prefix = value.next_value()?,
            "orderBy" => self.order_by = value.next_value()?,
            "descending" => self.descending = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            "limit" => self.limit = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DescribeLogStreamsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DescribeLogStreamsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_group_identifier {
            map.serialize_entry("logGroupIdentifier", value)?;
        }
        if let Some(value) = &self.log_stream_name_prefix {
            map.serialize_entry("logStreamNamePrefix", value)?;
        }
        if let Some(value) = &self.order_by {
            map.serialize_entry("orderBy", value)?;
        }
        if let Some(value) = &self.descending {
            map.serialize_entry("descending", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        if let Some(value) = &self.limit {
            map.serialize_entry("limit", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DescribeLogStreamsResponse {
    pub log_streams: Option<Vec<LogStream>>,
    pub next_token: Option<String>,
}

impl Object for DescribeLogStreamsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logStreams" => self.log_streams = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DescribeLogStreamsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for DescribeLogStreamsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_streams {
            map.serialize_entry("logStreams", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entity {
    pub key_attributes: Option<BTreeMap<String, String>>,
    pub attributes: Option<BTreeMap<String, String>>,
}

impl Object for Entity {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "keyAttributes" => self.key_attributes = value.next_value()?,
            "attributes" => self.attributes = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.key_attributes {
            map.serialize_entry("keyAttributes", value)?;
        }
        if let Some(value) = &self.attributes {
            map.serialize_entry("attributes", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterLogEventsRequest {
    pub log_group_name: Option<String>,
    pub log_group_identifier: Option<String>,
    pub log_stream_names: Option<Vec<String>>,
    pub log_stream_name_prefix: Option<String>,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub filter_pattern: Option<String>,
    pub next_token: Option<String>,
    pub limit: Option<i64>,
    pub start_from_head: Option<bool>,
    pub interleaved: Option<bool>,
    pub unmask: Option<bool>,
}

impl Object for FilterLogEventsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logGroupIdentifier" => self.log_group_identifier = value.next_value()?,
            "logStreamNames" => self.log_stream_names = value.next_value()?,
            "logStreamNamePrefix" => self.log_stream_name_prefix = value.next_value()?,
            "startTime" => self.start_time = value.next_value()?,
            "endTime" => self.end_time = value.next_value()?,
            "filterPattern" => self.filter_pattern = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            "limit" => self.limit = value.next_value()?,
            "startFromHead" => self.start_from_head = value.next_value()?,
            "interleaved" => self.interleaved = value.next_value()?,
            "unmask" => self.unmask = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FilterLogEventsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FilterLogEventsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_group_identifier {
            map.serialize_entry("logGroupIdentifier", value)?;
        }
        if let Some(value) = &self.log_stream_names {
            map.serialize_entry("logStreamNames", value)?;
        }
        if let Some(value) = &self.log_stream_name_prefix {
            map.serialize_entry("logStreamNamePrefix", value)?;
        }
        if let Some(value) = &self.start_time {
            map.serialize_entry("startTime", value)?;
        }
        if let Some(value) = &self.end_time {
            map.serialize_entry("endTime", value)?;
        }
        if let Some(value) = &self.filter_pattern {
            map.serialize_entry("filterPattern", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        if let Some(value) = &self.limit {
            map.serialize_entry("limit", value)?;
        }
        if let Some(value) = &self.start_from_head {
            map.serialize_entry("startFromHead", value)?;
        }
        if let Some(value) = &self.interleaved {
            map.serialize_entry("interleaved", value)?;
        }
        if let Some(value) = &self.unmask {
            map.serialize_entry("unmask", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterLogEventsResponse {
    pub events: Option<Vec<FilteredLogEvent>>,
    pub searched_log_streams: Option<Vec<SearchedLogStream>>,
    pub next_token: Option<String>,
}

impl Object for FilterLogEventsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "events" => self.events = value.next_value()?,
            "searchedLogStreams" => self.searched_log_streams = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FilterLogEventsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FilterLogEventsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.events {
            map.serialize_entry("events", value)?;
        }
        if let Some(value) = &self.searched_log_streams {
            map.serialize_entry("searchedLogStreams", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilteredLogEvent {
    pub log_stream_name: Option<String>,
    pub timestamp: Option<i64>,
    pub message: Option<String>,
    pub ingestion_time: Option<i64>,
    pub event_id: Option<String>,
}

impl Object for FilteredLogEvent {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logStreamName" => self.log_stream_name = value.next_value()?,
            "timestamp" => self.timestamp = value.next_value()?,
            "message" => self.message = value.next_value()?,
            "ingestionTime" => self.ingestion_time = value.next_value()?,
            "eventId" => self.event_id = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for FilteredLogEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for FilteredLogEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        if let Some(value) = &self.timestamp {
            map.serialize_entry("timestamp", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("message", value)?;
        }
        if let Some(value) = &self.ingestion_time {
            map.serialize_entry("ingestionTime", value)?;
        }
        if let Some(value) = &self.event_id {
            map.serialize_entry("eventId", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLogEventsRequest {
    pub log_group_name: Option<String>,
    pub log_group_identifier: Option<String>,
    pub log_stream_name: Option<String>,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub next_token: Option<String>,
    pub limit: Option<i64>,
    pub start_from_head: Option<bool>,
    pub unmask: Option<bool>,
}

impl Object for GetLogEventsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logGroupIdentifier" => self.log_group_identifier = value.next_value()?,
            "logStreamName" => self.log_stream_name = value.next_value()?,
            "startTime" => self.start_time = value.next_value()?,
            "endTime" => self.end_time = value.next_value()?,
            "nextToken" => self.next_token = value.next_value()?,
            "limit" => self.limit = value.next_value()?,
            "startFromHead" => self.start_from_head = value.next_value()?,
            "unmask" => self.unmask = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetLogEventsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLogEventsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_group_identifier {
            map.serialize_entry("logGroupIdentifier", value)?;
        }
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        if let Some(value) = &self.start_time {
            map.serialize_entry("startTime", value)?;
        }
        if let Some(value) = &self.end_time {
            map.serialize_entry("endTime", value)?;
        }
        if let Some(value) = &self.next_token {
            map.serialize_entry("nextToken", value)?;
        }
        if let Some(value) = &self.limit {
            map.serialize_entry("limit", value)?;
        }
        if let Some(value) = &self.start_from_head {
            map.serialize_entry("startFromHead", value)?;
        }
        if let Some(value) = &self.unmask {
            map.serialize_entry("unmask", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetLogEventsResponse {
    pub events: Option<Vec<OutputLogEvent>>,
    pub next_forward_token: Option<String>,
    pub next_backward_token: Option<String>,
}

impl Object for GetLogEventsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "events" => self.events = value.next_value()?,
            "nextForwardToken" => self.next_forward_token = value.next_value()?,
            "nextBackwardToken" => self.next_backward_token = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for GetLogEventsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for GetLogEventsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.events {
            map.serialize_entry("events", value)?;
        }
        if let Some(value) = &self.next_forward_token {
            map.serialize_entry("nextForwardToken", value)?;
        }
        if let Some(value) = &self.next_backward_token {
            map.serialize_entry("nextBackwardToken", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct InputLogEvent {
    pub timestamp: Option<i64>,
    pub message: Option<String>,
}

impl Object for InputLogEvent {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "timestamp" => self.timestamp = value.next_value()?,
            "message" => self.message = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for InputLogEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for InputLogEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.timestamp {
            map.serialize_entry("timestamp", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("message", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsForResourceRequest {
    pub resource_arn: Option<String>,
}

impl Object for ListTagsForResourceRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "resourceArn" => self.resource_arn = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListTagsForResourceRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsForResourceRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.resource_arn {
            map.serialize_entry("resourceArn", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsForResourceResponse {
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for ListTagsForResourceResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "tags" => self.tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListTagsForResourceResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsForResourceResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.tags {
            map.serialize_entry("tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsLogGroupRequest {
    pub log_group_name: Option<String>,
}

impl Object for ListTagsLogGroupRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListTagsLogGroupRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsLogGroupRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListTagsLogGroupResponse {
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for ListTagsLogGroupResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "tags" => self.tags = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for ListTagsLogGroupResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for ListTagsLogGroupResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.tags {
            map.serialize_entry("tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogGroup {
    pub log_group_name: Option<String>,
    pub creation_time: Option<i64>,
    pub retention_in_days: Option<i64>,
    pub metric_filter_count: Option<i64>,
    pub arn: Option<String>,
    pub stored_bytes: Option<i64>,
    pub kms_key_id: Option<String>,
    pub data_protection_status: Option<String>,
    pub inherited_properties: Option<Vec<String>>,
    pub log_group_class: Option<String>,
    pub log_group_arn: Option<String>,
    pub deletion_protection_enabled: Option<bool>,
    pub bearer_token_authentication_enabled: Option<bool>,
    pub retention_policy_name: Option<String>,
}

impl Object for LogGroup {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "creationTime" => self.creation_time = value.next_value()?,
            "retentionInDays" => self.retention_in_days = value.next_value()?,
            "metricFilterCount" => self.metric_filter_count = value.next_value()?,
            "arn" => self.arn = value.next_value()?,
            "storedBytes" => self.stored_bytes = value.next_value()?,
            "kmsKeyId" => self.kms_key_id = value.next_value()?,
            "dataProtectionStatus" => self.data_protection_status = value.next_value()?,
            "inheritedProperties" => self.inherited_properties = value.next_value()?,
            "logGroupClass" => self.log_group_class = value.next_value()?,
            "logGroupArn" => self.log_group_arn = value.next_value()?,
            "deletionProtectionEnabled" => self.deletion_protection_enabled = value.next_value()?,
            "bearerTokenAuthenticationEnabled" => {
                self.bearer_token_authentication_enabled = value.next_value()?
            }
            "retentionPolicyName" => self.retention_policy_name = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LogGroup {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LogGroup {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("creationTime", value)?;
        }
        if let Some(value) = &self.retention_in_days {
            map.serialize_entry("retentionInDays", value)?;
        }
        if let Some(value) = &self.metric_filter_count {
            map.serialize_entry("metricFilterCount", value)?;
        }
        if let Some(value) = &self.arn {
            map.serialize_entry("arn", value)?;
        }
        if let Some(value) = &self.stored_bytes {
            map.serialize_entry("storedBytes", value)?;
        }
        if let Some(value) = &self.kms_key_id {
            map.serialize_entry("kmsKeyId", value)?;
        }
        if let Some(value) = &self.data_protection_status {
            map.serialize_entry("dataProtectionStatus", value)?;
        }
        if let Some(value) = &self.inherited_properties {
            map.serialize_entry("inheritedProperties", value)?;
        }
        if let Some(value) = &self.log_group_class {
            map.serialize_entry("logGroupClass", value)?;
        }
        if let Some(value) = &self.log_group_arn {
            map.serialize_entry("logGroupArn", value)?;
        }
        if let Some(value) = &self.deletion_protection_enabled {
            map.serialize_entry("deletionProtectionEnabled", value)?;
        }
        if let Some(value) = &self.bearer_token_authentication_enabled {
            map.serialize_entry("bearerTokenAuthenticationEnabled", value)?;
        }
        if let Some(value) = &self.retention_policy_name {
            map.serialize_entry("retentionPolicyName", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogStream {
    pub log_stream_name: Option<String>,
    pub creation_time: Option<i64>,
    pub first_event_timestamp: Option<i64>,
    pub last_event_timestamp: Option<i64>,
    pub last_ingestion_time: Option<i64>,
    pub upload_sequence_token: Option<String>,
    pub arn: Option<String>,
    pub stored_bytes: Option<i64>,
}

impl Object for LogStream {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logStreamName" => self.log_stream_name = value.next_value()?,
            "creationTime" => self.creation_time = value.next_value()?,
            "firstEventTimestamp" => self.first_event_timestamp = value.next_value()?,
            "lastEventTimestamp" => self.last_event_timestamp = value.next_value()?,
            "lastIngestionTime" => self.last_ingestion_time = value.next_value()?,
            "uploadSequenceToken" => self.upload_sequence_token = value.next_value()?,
            "arn" => self.arn = value.next_value()?,
            "storedBytes" => self.stored_bytes = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for LogStream {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for LogStream {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        if let Some(value) = &self.creation_time {
            map.serialize_entry("creationTime", value)?;
        }
        if let Some(value) = &self.first_event_timestamp {
            map.serialize_entry("firstEventTimestamp", value)?;
        }
        if let Some(value) = &self.last_event_timestamp {
            map.serialize_entry("lastEventTimestamp", value)?;
        }
        if let Some(value) = &self.last_ingestion_time {
            map.serialize_entry("lastIngestionTime", value)?;
        }
        if let Some(value) = &self.upload_sequence_token {
            map.serialize_entry("uploadSequenceToken", value)?;
        }
        if let Some(value) = &self.arn {
            map.serialize_entry("arn", value)?;
        }
        if let Some(value) = &self.stored_bytes {
            map.serialize_entry("storedBytes", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutputLogEvent {
    pub timestamp: Option<i64>,
    pub message: Option<String>,
    pub ingestion_time: Option<i64>,
}

impl Object for OutputLogEvent {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "timestamp" => self.timestamp = value.next_value()?,
            "message" => self.message = value.next_value()?,
            "ingestionTime" => self.ingestion_time = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for OutputLogEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for OutputLogEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.timestamp {
            map.serialize_entry("timestamp", value)?;
        }
        if let Some(value) = &self.message {
            map.serialize_entry("message", value)?;
        }
        if let Some(value) = &self.ingestion_time {
            map.serialize_entry("ingestionTime", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutLogEventsRequest {
    pub log_group_name: Option<String>,
    pub log_stream_name: Option<String>,
    pub log_events: Option<Vec<InputLogEvent>>,
    pub sequence_token: Option<String>,
    pub entity: Option<Entity>,
}

impl Object for PutLogEventsRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "logStreamName" => self.log_stream_name = value.next_value()?,
            "logEvents" => self.log_events = value.next_value()?,
            "sequenceToken" => self.sequence_token = value.next_value()?,
            "entity" => self.entity = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutLogEventsRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutLogEventsRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        if let Some(value) = &self.log_events {
            map.serialize_entry("logEvents", value)?;
        }
        if let Some(value) = &self.sequence_token {
            map.serialize_entry("sequenceToken", value)?;
        }
        if let Some(value) = &self.entity {
            map.serialize_entry("entity", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutLogEventsResponse {
    pub next_sequence_token: Option<String>,
    pub rejected_log_events_info: Option<RejectedLogEventsInfo>,
    pub rejected_entity_info: Option<RejectedEntityInfo>,
}

impl Object for PutLogEventsResponse {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "nextSequenceToken" => self.next_sequence_token = value.next_value()?,
            "rejectedLogEventsInfo" => self.rejected_log_events_info = value.next_value()?,
            "rejectedEntityInfo" => self.rejected_entity_info = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutLogEventsResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutLogEventsResponse {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.next_sequence_token {
            map.serialize_entry("nextSequenceToken", value)?;
        }
        if let Some(value) = &self.rejected_log_events_info {
            map.serialize_entry("rejectedLogEventsInfo", value)?;
        }
        if let Some(value) = &self.rejected_entity_info {
            map.serialize_entry("rejectedEntityInfo", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PutRetentionPolicyRequest {
    pub log_group_name: Option<String>,
    pub retention_in_days: Option<i64>,
}

impl Object for PutRetentionPolicyRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logGroupName" => self.log_group_name = value.next_value()?,
            "retentionInDays" => self.retention_in_days = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PutRetentionPolicyRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for PutRetentionPolicyRequest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_group_name {
            map.serialize_entry("logGroupName", value)?;
        }
        if let Some(value) = &self.retention_in_days {
            map.serialize_entry("retentionInDays", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RejectedEntityInfo {
    pub error_type: Option<String>,
}

impl Object for RejectedEntityInfo {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "errorType" => self.error_type = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for RejectedEntityInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RejectedEntityInfo {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.error_type {
            map.serialize_entry("errorType", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RejectedLogEventsInfo {
    pub too_new_log_event_start_index: Option<i64>,
    pub too_old_log_event_end_index: Option<i64>,
    pub expired_log_event_end_index: Option<i64>,
}

impl Object for RejectedLogEventsInfo {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "tooNewLogEventStartIndex" => self.too_new_log_event_start_index = value.next_value()?,
            "tooOldLogEventEndIndex" => self.too_old_log_event_end_index = value.next_value()?,
            "expiredLogEventEndIndex" => self.expired_log_event_end_index = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for RejectedLogEventsInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for RejectedLogEventsInfo {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.too_new_log_event_start_index {
            map.serialize_entry("tooNewLogEventStartIndex", value)?;
        }
        if let Some(value) = &self.too_old_log_event_end_index {
            map.serialize_entry("tooOldLogEventEndIndex", value)?;
        }
        if let Some(value) = &self.expired_log_event_end_index {
            map.serialize_entry("expiredLogEventEndIndex", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchedLogStream {
    pub log_stream_name: Option<String>,
    pub searched_completely: Option<bool>,
}

impl Object for SearchedLogStream {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "logStreamName" => self.log_stream_name = value.next_value()?,
            "searchedCompletely" => self.searched_completely = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for SearchedLogStream {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_object(from)
    }
}

impl Serialize for SearchedLogStream {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(value) = &self.log_stream_name {
            map.serialize_entry("logStreamName", value)?;
        }
        if let Some(value) = &self.searched_completely {
            map.serialize_entry("searchedCompletely", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagResourceRequest {
    pub resource_arn: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
}

impl Object for TagResourceRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "resourceArn" => self.resource_arn = value.next_value()?,
            "tags" => self.tags = value.next_value()?,
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
        if let Some(value) = &self.resource_arn {
            map.serialize_entry("resourceArn", value)?;
        }
        if let Some(value) = &self.tags {
            map.serialize_entry("tags", value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct UntagResourceRequest {
    pub resource_arn: Option<String>,
    pub tag_keys: Option<Vec<String>>,
}

impl Object for UntagResourceRequest {
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<bool, A::Error> {
        match name {
            "resourceArn" => self.resource_arn = value.next_value()?,
            "tagKeys" => self.tag_keys = value.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
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
        if let Some(value) = &self.resource_arn {
            map.serialize_entry("resourceArn", value)?;
        }
        if let Some(value) = &self.tag_keys {
            map.serialize_entry("tagKeys", value)?;
        }
        map.end()
    }
}

impl Input for CreateLogGroupRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateLogGroup;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for CreateLogStreamRequest {
    type Operation = Op;
    const OPERATION: Op = Op::CreateLogStream;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for DeleteLogGroupRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteLogGroup;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for DeleteLogStreamRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteLogStream;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for DeleteRetentionPolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DeleteRetentionPolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for DescribeLogGroupsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DescribeLogGroups;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for DescribeLogStreamsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::DescribeLogStreams;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for FilterLogEventsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::FilterLogEvents;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for GetLogEventsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::GetLogEvents;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for ListTagsForResourceRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListTagsForResource;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for ListTagsLogGroupRequest {
    type Operation = Op;
    const OPERATION: Op = Op::ListTagsLogGroup;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for PutLogEventsRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutLogEvents;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

impl Input for PutRetentionPolicyRequest {
    type Operation = Op;
    const OPERATION: Op = Op::PutRetentionPolicy;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
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
        Ok(())
    }
}

impl Input for UntagResourceRequest {
    type Operation = Op;
    const OPERATION: Op = Op::UntagResource;

    fn read_body(body: &[u8]) -> Result<Self, SerializationError> {
        read_json(body)
    }

    fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {
        Ok(())
    }
}

/// Calls `$each!` with every operation and its input, `Operation: Input, …`.
#[doc(hidden)]
#[macro_export]
macro_rules! every_logs_input {
    ($each:ident) => {
        $each! {
        CreateLogGroup: CreateLogGroupRequest,
        CreateLogStream: CreateLogStreamRequest,
        DeleteLogGroup: DeleteLogGroupRequest,
        DeleteLogStream: DeleteLogStreamRequest,
        DeleteRetentionPolicy: DeleteRetentionPolicyRequest,
        DescribeLogGroups: DescribeLogGroupsRequest,
        DescribeLogStreams: DescribeLogStreamsRequest,
        FilterLogEvents: FilterLogEventsRequest,
        GetLogEvents: GetLogEventsRequest,
        ListTagsForResource: ListTagsForResourceRequest,
        ListTagsLogGroup: ListTagsLogGroupRequest,
        PutLogEvents: PutLogEventsRequest,
        PutRetentionPolicy: PutRetentionPolicyRequest,
        TagResource: TagResourceRequest,
        UntagResource: UntagResourceRequest,
        }
    };
}
