// Made by `cargo xtask codegen` from models/. Do not edit.

use super::shapes::*;
use crate::pattern::Pattern;
use crate::rule::{MemberInfo, Rule, Shape, Visit, member};

static P0: Pattern = Pattern::new("^\\d{12}$");
static P1: Pattern = Pattern::new("[\\w+=/:,.@-]*");
static P2: Pattern = Pattern::new("[\\w#+=/:,.@-]*");
static P3: Pattern = Pattern::new("[\\.\\-_/#A-Za-z0-9]+");
static P4: Pattern = Pattern::new("[\\.\\-_/#A-Za-z0-9]*");
static P5: Pattern = Pattern::new("[^:*]*");
static P6: Pattern = Pattern::new("^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)$");
static P7: Pattern = Pattern::new("^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$");

/// Every pattern of the model, for the test that they are all understood.
#[cfg(test)]
pub(crate) static PATTERNS: &[&Pattern] = &[&P0, &P1, &P2, &P3, &P4, &P5, &P6, &P7];

static R_ACCOUNT_ID: Rule =
    Rule { length_min: Some(12), length_max: Some(12), pattern: Some(&P0), ..Rule::NONE };
static R_ACCOUNT_IDS: Rule =
    Rule { length_min: Some(0), length_max: Some(20), member: Some(&R_ACCOUNT_ID), ..Rule::NONE };
static R_AMAZON_RESOURCE_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(1011), pattern: Some(&P1), ..Rule::NONE };
static R_DESCRIBE_LIMIT: Rule = Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_DESCRIBE_LOG_GROUPS_LOG_GROUP_IDENTIFIERS: Rule =
    Rule { length_min: Some(1), length_max: Some(50), member: Some(&R_LOG_GROUP_IDENTIFIER), ..Rule::NONE };
static R_ENTITY_ATTRIBUTES: Rule = Rule {
    length_min: Some(0),
    length_max: Some(10),
    key: Some(&R_ENTITY_ATTRIBUTES_KEY),
    member: Some(&R_ENTITY_ATTRIBUTES_VALUE),
    ..Rule::NONE
};
static R_ENTITY_ATTRIBUTES_KEY: Rule = Rule { length_min: Some(1), length_max: Some(256), ..Rule::NONE };
static R_ENTITY_ATTRIBUTES_VALUE: Rule = Rule { length_min: Some(1), length_max: Some(512), ..Rule::NONE };
static R_ENTITY_KEY_ATTRIBUTES: Rule = Rule {
    length_min: Some(2),
    length_max: Some(4),
    key: Some(&R_ENTITY_KEY_ATTRIBUTES_KEY),
    member: Some(&R_ENTITY_KEY_ATTRIBUTES_VALUE),
    ..Rule::NONE
};
static R_ENTITY_KEY_ATTRIBUTES_KEY: Rule = Rule { length_min: Some(1), length_max: Some(32), ..Rule::NONE };
static R_ENTITY_KEY_ATTRIBUTES_VALUE: Rule =
    Rule { length_min: Some(1), length_max: Some(512), ..Rule::NONE };
static R_EVENT_MESSAGE: Rule = Rule { length_min: Some(1), ..Rule::NONE };
static R_EVENTS_LIMIT: Rule = Rule { value_min: Some(1.0), value_max: Some(10000.0), ..Rule::NONE };
static R_FILTER_PATTERN: Rule = Rule { length_min: Some(0), length_max: Some(1024), ..Rule::NONE };
static R_INPUT_LOG_EVENTS: Rule = Rule { length_min: Some(1), length_max: Some(10000), ..Rule::NONE };
static R_INPUT_LOG_STREAM_NAMES: Rule =
    Rule { length_min: Some(1), length_max: Some(100), member: Some(&R_LOG_STREAM_NAME), ..Rule::NONE };
static R_KMS_KEY_ID: Rule = Rule { length_max: Some(256), ..Rule::NONE };
static R_LOG_GROUP_CLASS: Rule =
    Rule { values: &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"], ..Rule::NONE };
static R_LOG_GROUP_IDENTIFIER: Rule =
    Rule { length_min: Some(1), length_max: Some(2048), pattern: Some(&P2), ..Rule::NONE };
static R_LOG_GROUP_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(512), pattern: Some(&P3), ..Rule::NONE };
static R_LOG_GROUP_NAME_PATTERN: Rule =
    Rule { length_min: Some(0), length_max: Some(512), pattern: Some(&P4), ..Rule::NONE };
static R_LOG_STREAM_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(512), pattern: Some(&P5), ..Rule::NONE };
static R_NEXT_TOKEN: Rule = Rule { length_min: Some(1), ..Rule::NONE };
static R_ORDER_BY: Rule = Rule { values: &["LogStreamName", "LastEventTime"], ..Rule::NONE };
static R_SEQUENCE_TOKEN: Rule = Rule { length_min: Some(1), ..Rule::NONE };
static R_TAG_KEY: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P6), ..Rule::NONE };
static R_TAG_KEY_LIST: Rule =
    Rule { length_min: Some(0), length_max: Some(50), member: Some(&R_TAG_KEY), ..Rule::NONE };
static R_TAG_VALUE: Rule = Rule { length_max: Some(256), pattern: Some(&P7), ..Rule::NONE };
static R_TAGS: Rule = Rule {
    length_min: Some(1),
    length_max: Some(50),
    key: Some(&R_TAG_KEY),
    member: Some(&R_TAG_VALUE),
    ..Rule::NONE
};
static R_TIMESTAMP: Rule = Rule { value_min: Some(0.0), ..Rule::NONE };

static M_CREATE_LOG_GROUP_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "kmsKeyId", required: false, rule: &R_KMS_KEY_ID },
    MemberInfo { name: "tags", required: false, rule: &R_TAGS },
    MemberInfo { name: "logGroupClass", required: false, rule: &R_LOG_GROUP_CLASS },
    MemberInfo { name: "deletionProtectionEnabled", required: false, rule: &Rule::NONE },
];

impl Shape for CreateLogGroupRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_LOG_GROUP_REQUEST[0], member(&self.log_group_name));
        visit(&M_CREATE_LOG_GROUP_REQUEST[1], member(&self.kms_key_id));
        visit(&M_CREATE_LOG_GROUP_REQUEST[2], member(&self.tags));
        visit(&M_CREATE_LOG_GROUP_REQUEST[3], member(&self.log_group_class));
        visit(&M_CREATE_LOG_GROUP_REQUEST[4], member(&self.deletion_protection_enabled));
    }
}

static M_CREATE_LOG_STREAM_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logStreamName", required: true, rule: &R_LOG_STREAM_NAME },
];

impl Shape for CreateLogStreamRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_LOG_STREAM_REQUEST[0], member(&self.log_group_name));
        visit(&M_CREATE_LOG_STREAM_REQUEST[1], member(&self.log_stream_name));
    }
}

static M_DELETE_LOG_GROUP_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME }];

impl Shape for DeleteLogGroupRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_LOG_GROUP_REQUEST[0], member(&self.log_group_name));
    }
}

static M_DELETE_LOG_STREAM_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logStreamName", required: true, rule: &R_LOG_STREAM_NAME },
];

impl Shape for DeleteLogStreamRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_LOG_STREAM_REQUEST[0], member(&self.log_group_name));
        visit(&M_DELETE_LOG_STREAM_REQUEST[1], member(&self.log_stream_name));
    }
}

static M_DELETE_RETENTION_POLICY_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME }];

impl Shape for DeleteRetentionPolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_RETENTION_POLICY_REQUEST[0], member(&self.log_group_name));
    }
}

static M_DESCRIBE_LOG_GROUPS_REQUEST: [MemberInfo; 8] = [
    MemberInfo { name: "accountIdentifiers", required: false, rule: &R_ACCOUNT_IDS },
    MemberInfo { name: "logGroupNamePrefix", required: false, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logGroupNamePattern", required: false, rule: &R_LOG_GROUP_NAME_PATTERN },
    MemberInfo { name: "nextToken", required: false, rule: &R_NEXT_TOKEN },
    MemberInfo { name: "limit", required: false, rule: &R_DESCRIBE_LIMIT },
    MemberInfo { name: "includeLinkedAccounts", required: false, rule: &Rule::NONE },
    MemberInfo { name: "logGroupClass", required: false, rule: &R_LOG_GROUP_CLASS },
    MemberInfo {
        name: "logGroupIdentifiers",
        required: false,
        rule: &R_DESCRIBE_LOG_GROUPS_LOG_GROUP_IDENTIFIERS,
    },
];

impl Shape for DescribeLogGroupsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[0], member(&self.account_identifiers));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[1], member(&self.log_group_name_prefix));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[2], member(&self.log_group_name_pattern));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[3], member(&self.next_token));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[4], member(&self.limit));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[5], member(&self.include_linked_accounts));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[6], member(&self.log_group_class));
        visit(&M_DESCRIBE_LOG_GROUPS_REQUEST[7], member(&self.log_group_identifiers));
    }
}

static M_DESCRIBE_LOG_STREAMS_REQUEST: [MemberInfo; 7] = [
    MemberInfo { name: "logGroupName", required: false, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logGroupIdentifier", required: false, rule: &R_LOG_GROUP_IDENTIFIER },
    MemberInfo { name: "logStreamNamePrefix", required: false, rule: &R_LOG_STREAM_NAME },
    MemberInfo { name: "orderBy", required: false, rule: &R_ORDER_BY },
    MemberInfo { name: "descending", required: false, rule: &Rule::NONE },
    MemberInfo { name: "nextToken", required: false, rule: &R_NEXT_TOKEN },
    MemberInfo { name: "limit", required: false, rule: &R_DESCRIBE_LIMIT },
];

impl Shape for DescribeLogStreamsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[0], member(&self.log_group_name));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[1], member(&self.log_group_identifier));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[2], member(&self.log_stream_name_prefix));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[3], member(&self.order_by));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[4], member(&self.descending));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[5], member(&self.next_token));
        visit(&M_DESCRIBE_LOG_STREAMS_REQUEST[6], member(&self.limit));
    }
}

static M_ENTITY: [MemberInfo; 2] = [
    MemberInfo { name: "keyAttributes", required: false, rule: &R_ENTITY_KEY_ATTRIBUTES },
    MemberInfo { name: "attributes", required: false, rule: &R_ENTITY_ATTRIBUTES },
];

impl Shape for Entity {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ENTITY[0], member(&self.key_attributes));
        visit(&M_ENTITY[1], member(&self.attributes));
    }
}

static M_FILTER_LOG_EVENTS_REQUEST: [MemberInfo; 12] = [
    MemberInfo { name: "logGroupName", required: false, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logGroupIdentifier", required: false, rule: &R_LOG_GROUP_IDENTIFIER },
    MemberInfo { name: "logStreamNames", required: false, rule: &R_INPUT_LOG_STREAM_NAMES },
    MemberInfo { name: "logStreamNamePrefix", required: false, rule: &R_LOG_STREAM_NAME },
    MemberInfo { name: "startTime", required: false, rule: &R_TIMESTAMP },
    MemberInfo { name: "endTime", required: false, rule: &R_TIMESTAMP },
    MemberInfo { name: "filterPattern", required: false, rule: &R_FILTER_PATTERN },
    MemberInfo { name: "nextToken", required: false, rule: &R_NEXT_TOKEN },
    MemberInfo { name: "limit", required: false, rule: &R_EVENTS_LIMIT },
    MemberInfo { name: "startFromHead", required: false, rule: &Rule::NONE },
    MemberInfo { name: "interleaved", required: false, rule: &Rule::NONE },
    MemberInfo { name: "unmask", required: false, rule: &Rule::NONE },
];

impl Shape for FilterLogEventsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FILTER_LOG_EVENTS_REQUEST[0], member(&self.log_group_name));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[1], member(&self.log_group_identifier));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[2], member(&self.log_stream_names));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[3], member(&self.log_stream_name_prefix));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[4], member(&self.start_time));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[5], member(&self.end_time));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[6], member(&self.filter_pattern));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[7], member(&self.next_token));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[8], member(&self.limit));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[9], member(&self.start_from_head));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[10], member(&self.interleaved));
        visit(&M_FILTER_LOG_EVENTS_REQUEST[11], member(&self.unmask));
    }
}

static M_GET_LOG_EVENTS_REQUEST: [MemberInfo; 9] = [
    MemberInfo { name: "logGroupName", required: false, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logGroupIdentifier", required: false, rule: &R_LOG_GROUP_IDENTIFIER },
    MemberInfo { name: "logStreamName", required: true, rule: &R_LOG_STREAM_NAME },
    MemberInfo { name: "startTime", required: false, rule: &R_TIMESTAMP },
    MemberInfo { name: "endTime", required: false, rule: &R_TIMESTAMP },
    MemberInfo { name: "nextToken", required: false, rule: &R_NEXT_TOKEN },
    MemberInfo { name: "limit", required: false, rule: &R_EVENTS_LIMIT },
    MemberInfo { name: "startFromHead", required: false, rule: &Rule::NONE },
    MemberInfo { name: "unmask", required: false, rule: &Rule::NONE },
];

impl Shape for GetLogEventsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_LOG_EVENTS_REQUEST[0], member(&self.log_group_name));
        visit(&M_GET_LOG_EVENTS_REQUEST[1], member(&self.log_group_identifier));
        visit(&M_GET_LOG_EVENTS_REQUEST[2], member(&self.log_stream_name));
        visit(&M_GET_LOG_EVENTS_REQUEST[3], member(&self.start_time));
        visit(&M_GET_LOG_EVENTS_REQUEST[4], member(&self.end_time));
        visit(&M_GET_LOG_EVENTS_REQUEST[5], member(&self.next_token));
        visit(&M_GET_LOG_EVENTS_REQUEST[6], member(&self.limit));
        visit(&M_GET_LOG_EVENTS_REQUEST[7], member(&self.start_from_head));
        visit(&M_GET_LOG_EVENTS_REQUEST[8], member(&self.unmask));
    }
}

static M_INPUT_LOG_EVENT: [MemberInfo; 2] = [
    MemberInfo { name: "timestamp", required: true, rule: &R_TIMESTAMP },
    MemberInfo { name: "message", required: true, rule: &R_EVENT_MESSAGE },
];

impl Shape for InputLogEvent {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_INPUT_LOG_EVENT[0], member(&self.timestamp));
        visit(&M_INPUT_LOG_EVENT[1], member(&self.message));
    }
}

static M_LIST_TAGS_FOR_RESOURCE_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "resourceArn", required: true, rule: &R_AMAZON_RESOURCE_NAME }];

impl Shape for ListTagsForResourceRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_TAGS_FOR_RESOURCE_REQUEST[0], member(&self.resource_arn));
    }
}

static M_LIST_TAGS_LOG_GROUP_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME }];

impl Shape for ListTagsLogGroupRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_TAGS_LOG_GROUP_REQUEST[0], member(&self.log_group_name));
    }
}

static M_PUT_LOG_EVENTS_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "logStreamName", required: true, rule: &R_LOG_STREAM_NAME },
    MemberInfo { name: "logEvents", required: true, rule: &R_INPUT_LOG_EVENTS },
    MemberInfo { name: "sequenceToken", required: false, rule: &R_SEQUENCE_TOKEN },
    MemberInfo { name: "entity", required: false, rule: &Rule::NONE },
];

impl Shape for PutLogEventsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_LOG_EVENTS_REQUEST[0], member(&self.log_group_name));
        visit(&M_PUT_LOG_EVENTS_REQUEST[1], member(&self.log_stream_name));
        visit(&M_PUT_LOG_EVENTS_REQUEST[2], member(&self.log_events));
        visit(&M_PUT_LOG_EVENTS_REQUEST[3], member(&self.sequence_token));
        visit(&M_PUT_LOG_EVENTS_REQUEST[4], member(&self.entity));
    }
}

static M_PUT_RETENTION_POLICY_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "logGroupName", required: true, rule: &R_LOG_GROUP_NAME },
    MemberInfo { name: "retentionInDays", required: true, rule: &Rule::NONE },
];

impl Shape for PutRetentionPolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_RETENTION_POLICY_REQUEST[0], member(&self.log_group_name));
        visit(&M_PUT_RETENTION_POLICY_REQUEST[1], member(&self.retention_in_days));
    }
}

static M_TAG_RESOURCE_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "resourceArn", required: true, rule: &R_AMAZON_RESOURCE_NAME },
    MemberInfo { name: "tags", required: true, rule: &R_TAGS },
];

impl Shape for TagResourceRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_TAG_RESOURCE_REQUEST[0], member(&self.resource_arn));
        visit(&M_TAG_RESOURCE_REQUEST[1], member(&self.tags));
    }
}

static M_UNTAG_RESOURCE_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "resourceArn", required: true, rule: &R_AMAZON_RESOURCE_NAME },
    MemberInfo { name: "tagKeys", required: true, rule: &R_TAG_KEY_LIST },
];

impl Shape for UntagResourceRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UNTAG_RESOURCE_REQUEST[0], member(&self.resource_arn));
        visit(&M_UNTAG_RESOURCE_REQUEST[1], member(&self.tag_keys));
    }
}
