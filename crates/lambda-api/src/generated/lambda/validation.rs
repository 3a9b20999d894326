// Made by `cargo xtask codegen` from models/. Do not edit.

use super::shapes::*;
use crate::pattern::Pattern;
use crate::rule::{MemberInfo, Rule, Shape, Visit, member};

static P0: Pattern = Pattern::new("(lambda:[*]|lambda:[a-zA-Z]+|[*])");
static P1: Pattern = Pattern::new("[0-9]+");
static P2: Pattern = Pattern::new("(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
static P3: Pattern = Pattern::new(
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
);
static P4: Pattern = Pattern::new("[A-Za-z0-9+/]+={0,2}");
static P5: Pattern = Pattern::new(
    "arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:capacity-provider:[a-zA-Z0-9-_]+",
);
static P6: Pattern = Pattern::new(
    "(arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:capacity-provider:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+",
);
static P7: Pattern = Pattern::new("[\\x21-\\x7E]+");
static P8: Pattern = Pattern::new(
    "arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:code-signing-config:csc-[a-z0-9]{17}",
);
static P9: Pattern = Pattern::new("(^(?!(system\\x2e)))(^[_a-zA-Z0-9])([^$]*)");
static P10: Pattern = Pattern::new("[^ /\\.$\\x22]*");
static P11: Pattern = Pattern::new(
    "$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
);
static P12: Pattern = Pattern::new(
    "arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\\d{12}):function:([a-zA-Z0-9_-]+):(\\$LATEST(?:\\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)",
);
static P13: Pattern = Pattern::new("[a-zA-Z0-9-_]+");
static P14: Pattern = Pattern::new(
    "(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\\-]*[a-zA-Z0-9])\\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\\-]*[A-Za-z0-9]):[0-9]{1,5}",
);
static P15: Pattern = Pattern::new("[a-zA-Z]([a-zA-Z0-9_])+");
static P16: Pattern = Pattern::new("[a-zA-Z0-9._\\-]+");
static P17: Pattern = Pattern::new(
    "arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}",
);
static P18: Pattern = Pattern::new(
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
);
static P19: Pattern = Pattern::new("arn:[a-z-]+:lambda:[a-z0-9-]+:\\d{12}:runtime/.+");
static P20: Pattern = Pattern::new(
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\\d+$)[0-9a-zA-Z-_]+))?",
);
static P21: Pattern = Pattern::new("((?!^\\d+$)^[0-9a-zA-Z-_]+$)");
static P22: Pattern = Pattern::new("[^\\s]+");
static P23: Pattern = Pattern::new(".*");
static P24: Pattern = Pattern::new("[a-zA-Z0-9\\.\\*\\-]+");
static P25: Pattern = Pattern::new("(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()");
static P26: Pattern = Pattern::new("arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*");
static P27: Pattern = Pattern::new(
    "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]{1,140}|[a-zA-Z0-9-_]{1,140})",
);
static P28: Pattern = Pattern::new("lambda:GetLayerVersion");
static P29: Pattern = Pattern::new("\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root");
static P30: Pattern = Pattern::new(
    "((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))",
);
static P31: Pattern = Pattern::new("/mnt/[a-zA-Z0-9-_.]+");
static P32: Pattern = Pattern::new("[\\.\\-_/#A-Za-z0-9]+");
static P33: Pattern = Pattern::new("ALL|(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}");
static P34: Pattern = Pattern::new(
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
);
static P35: Pattern = Pattern::new("([a-zA-Z0-9-_.]+)");
static P36: Pattern = Pattern::new("\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+");
static P37: Pattern = Pattern::new("[\\x20-\\x7E]+");
static P38: Pattern = Pattern::new("o-[a-z0-9]{10,32}");
static P39: Pattern = Pattern::new("[\\s\\S]*");
static P40: Pattern = Pattern::new(
    "arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_])+)?|runtime/[a-zA-Z0-9-_./]+)",
);
static P41: Pattern = Pattern::new("[a-zA-Z0-9-_]*");
static P42: Pattern = Pattern::new("(\\$LATEST\\.PUBLISHED|[0-9]+)");
static P43: Pattern = Pattern::new("(|[a-zA-Z0-9$_-]+)");
static P44: Pattern = Pattern::new("[\\s\\S]+");
static P45: Pattern = Pattern::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
static P46: Pattern = Pattern::new("arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
static P47: Pattern = Pattern::new(
    "((arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}::runtime:.+)|(arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:runtime/[A-Za-z0-9_.-]{1,128}/version/[A-Za-z0-9_.-]{1,128}))",
);
static P48: Pattern = Pattern::new("[0-9A-Za-z\\.\\-_]*(?<!\\.)");
static P49: Pattern = Pattern::new("[a-zA-Z0-9-\\/*:_+=.@-]*");
static P50: Pattern = Pattern::new("sg-[0-9a-zA-Z]*");
static P51: Pattern = Pattern::new("\\d{12}");
static P52: Pattern = Pattern::new("([a-zA-Z0-9-_]+)");
static P53: Pattern = Pattern::new("subnet-[0-9a-z]*");
static P54: Pattern = Pattern::new("([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)");
static P55: Pattern = Pattern::new(
    "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
);
static P56: Pattern = Pattern::new("[a-zA-Z0-9\\._:\\/=+\\-@ ]+");
static P57: Pattern = Pattern::new("[^.]([a-zA-Z0-9\\-_.]+)");
static P58: Pattern = Pattern::new("[ a-zA-Z0-9-\\/*:_+=.@-]*");
static P59: Pattern = Pattern::new(
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)",
);
static P60: Pattern = Pattern::new("(\\$LATEST(\\.PUBLISHED)?|[0-9]+)");

/// Every pattern of the model, for the test that they are all understood.
#[cfg(test)]
pub(crate) static PATTERNS: &[&Pattern] = &[
    &P0, &P1, &P2, &P3, &P4, &P5, &P6, &P7, &P8, &P9, &P10, &P11, &P12, &P13, &P14, &P15, &P16, &P17, &P18,
    &P19, &P20, &P21, &P22, &P23, &P24, &P25, &P26, &P27, &P28, &P29, &P30, &P31, &P32, &P33, &P34, &P35,
    &P36, &P37, &P38, &P39, &P40, &P41, &P42, &P43, &P44, &P45, &P46, &P47, &P48, &P49, &P50, &P51, &P52,
    &P53, &P54, &P55, &P56, &P57, &P58, &P59, &P60,
];

static R_ACTION: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P0), ..Rule::NONE };
static R_ADDITIONAL_VERSION: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P1), ..Rule::NONE };
static R_ADDITIONAL_VERSION_WEIGHTS: Rule =
    Rule { key: Some(&R_ADDITIONAL_VERSION), member: Some(&R_WEIGHT), ..Rule::NONE };
static R_ALIAS: Rule = Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P2), ..Rule::NONE };
static R_ALLOW_METHODS_LIST: Rule =
    Rule { length_min: Some(0), length_max: Some(6), member: Some(&R_METHOD), ..Rule::NONE };
static R_ALLOW_ORIGINS_LIST: Rule =
    Rule { length_min: Some(0), length_max: Some(100), member: Some(&R_ORIGIN), ..Rule::NONE };
static R_APPLICATION_LOG_LEVEL: Rule =
    Rule { values: &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], ..Rule::NONE };
static R_ARCHITECTURE: Rule = Rule { values: &["x86_64", "arm64"], ..Rule::NONE };
static R_ARCHITECTURES_LIST: Rule =
    Rule { length_min: Some(1), length_max: Some(1), member: Some(&R_ARCHITECTURE), ..Rule::NONE };
static R_ARN: Rule = Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P3), ..Rule::NONE };
static R_BATCH_SIZE: Rule = Rule { value_min: Some(1.0), value_max: Some(10000.0), ..Rule::NONE };
static R_BLOB: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_CALLBACK_ID: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P4), ..Rule::NONE };
static R_CALLBACK_OPTIONS_HEARTBEAT_TIMEOUT_SECONDS_INTEGER: Rule =
    Rule { value_min: Some(0.0), value_max: Some(99999999.0), ..Rule::NONE };
static R_CALLBACK_OPTIONS_TIMEOUT_SECONDS_INTEGER: Rule =
    Rule { value_min: Some(0.0), value_max: Some(99999999.0), ..Rule::NONE };
static R_CAPACITY_PROVIDER_ARN: Rule =
    Rule { length_min: Some(1), length_max: Some(140), pattern: Some(&P5), ..Rule::NONE };
static R_CAPACITY_PROVIDER_MAX_V_CPU_COUNT: Rule =
    Rule { value_min: Some(2.0), value_max: Some(15000.0), ..Rule::NONE };
static R_CAPACITY_PROVIDER_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(140), pattern: Some(&P6), ..Rule::NONE };
static R_CAPACITY_PROVIDER_PREDEFINED_METRIC_TYPE: Rule = Rule {
    values: &["LambdaCapacityProviderAverageCPUUtilization", "LambdaCapacityProviderAverageGPUUtilization"],
    ..Rule::NONE
};
static R_CAPACITY_PROVIDER_SCALING_MODE: Rule = Rule { values: &["Auto", "Manual"], ..Rule::NONE };
static R_CAPACITY_PROVIDER_SCALING_POLICIES_LIST: Rule =
    Rule { length_min: Some(1), length_max: Some(10), ..Rule::NONE };
static R_CAPACITY_PROVIDER_SECURITY_GROUP_IDS: Rule =
    Rule { length_min: Some(0), length_max: Some(5), member: Some(&R_SECURITY_GROUP_ID), ..Rule::NONE };
static R_CAPACITY_PROVIDER_STATE: Rule =
    Rule { values: &["Pending", "Active", "Failed", "Deleting"], ..Rule::NONE };
static R_CAPACITY_PROVIDER_SUBNET_IDS: Rule =
    Rule { length_min: Some(1), length_max: Some(16), member: Some(&R_SUBNET_ID), ..Rule::NONE };
static R_CHECKPOINT_TOKEN: Rule =
    Rule { length_min: Some(1), length_max: Some(2048), pattern: Some(&P4), ..Rule::NONE };
static R_CLIENT_TOKEN: Rule =
    Rule { length_min: Some(1), length_max: Some(64), pattern: Some(&P7), ..Rule::NONE };
static R_CODE_SIGNING_CONFIG_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(200), pattern: Some(&P8), ..Rule::NONE };
static R_CODE_SIGNING_POLICY: Rule = Rule { values: &["Warn", "Enforce"], ..Rule::NONE };
static R_COLLECTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(57), pattern: Some(&P9), ..Rule::NONE };
static R_COMPATIBLE_ARCHITECTURES: Rule =
    Rule { length_min: Some(0), length_max: Some(2), member: Some(&R_ARCHITECTURE), ..Rule::NONE };
static R_COMPATIBLE_RUNTIMES: Rule =
    Rule { length_min: Some(0), length_max: Some(15), member: Some(&R_RUNTIME), ..Rule::NONE };
static R_DATABASE_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(63), pattern: Some(&P10), ..Rule::NONE };
static R_DESCRIPTION: Rule = Rule { length_min: Some(0), length_max: Some(256), ..Rule::NONE };
static R_DESTINATION_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(350), pattern: Some(&P11), ..Rule::NONE };
static R_DIRECT_S3_READ: Rule = Rule { values: &["ENABLED", "DISABLED", "AUTO"], ..Rule::NONE };
static R_DURABLE_EXECUTION_ARN: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P12), ..Rule::NONE };
static R_DURABLE_EXECUTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(64), pattern: Some(&P13), ..Rule::NONE };
static R_END_POINT_TYPE: Rule = Rule { values: &["KAFKA_BOOTSTRAP_SERVERS"], ..Rule::NONE };
static R_ENDPOINT: Rule =
    Rule { length_min: Some(1), length_max: Some(300), pattern: Some(&P14), ..Rule::NONE };
static R_ENDPOINT_LISTS: Rule =
    Rule { length_min: Some(1), length_max: Some(10), member: Some(&R_ENDPOINT), ..Rule::NONE };
static R_ENDPOINTS: Rule = Rule {
    length_min: Some(1),
    length_max: Some(2),
    key: Some(&R_END_POINT_TYPE),
    member: Some(&R_ENDPOINT_LISTS),
    ..Rule::NONE
};
static R_ENVIRONMENT_VARIABLE_NAME: Rule = Rule { pattern: Some(&P15), sensitive: true, ..Rule::NONE };
static R_ENVIRONMENT_VARIABLE_VALUE: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_ENVIRONMENT_VARIABLES: Rule = Rule {
    key: Some(&R_ENVIRONMENT_VARIABLE_NAME),
    member: Some(&R_ENVIRONMENT_VARIABLE_VALUE),
    sensitive: true,
    ..Rule::NONE
};
static R_EPHEMERAL_STORAGE_SIZE: Rule =
    Rule { value_min: Some(512.0), value_max: Some(10240.0), ..Rule::NONE };
static R_ERROR_DATA: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_ERROR_MESSAGE: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_ERROR_TYPE: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_EVENT_SOURCE_MAPPING_METRIC: Rule =
    Rule { values: &["EventCount", "ErrorCount", "KafkaMetrics"], ..Rule::NONE };
static R_EVENT_SOURCE_MAPPING_METRIC_LIST: Rule = Rule {
    length_min: Some(0),
    length_max: Some(3),
    member: Some(&R_EVENT_SOURCE_MAPPING_METRIC),
    ..Rule::NONE
};
static R_EVENT_SOURCE_MAPPING_SYSTEM_LOG_LEVEL: Rule =
    Rule { values: &["DEBUG", "INFO", "WARN"], ..Rule::NONE };
static R_EVENT_SOURCE_POSITION: Rule =
    Rule { values: &["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"], ..Rule::NONE };
static R_EVENT_SOURCE_TOKEN: Rule =
    Rule { length_min: Some(0), length_max: Some(256), pattern: Some(&P16), ..Rule::NONE };
static R_EXECUTION_ENVIRONMENT_MEMORY_GI_B_PER_V_CPU: Rule =
    Rule { value_min: Some(2.0), value_max: Some(8.0), ..Rule::NONE };
static R_EXECUTION_STATUS: Rule = Rule {
    values: &["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING", "PAUSING", "PAUSED"],
    ..Rule::NONE
};
static R_EXECUTION_STATUS_LIST: Rule =
    Rule { length_min: Some(1), length_max: Some(10), member: Some(&R_EXECUTION_STATUS), ..Rule::NONE };
static R_EXECUTION_TIMEOUT: Rule = Rule { value_min: Some(1.0), value_max: Some(31622400.0), ..Rule::NONE };
static R_FILE_SYSTEM_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(256), pattern: Some(&P17), ..Rule::NONE };
static R_FILE_SYSTEM_CONFIG_LIST: Rule = Rule { length_min: Some(0), length_max: Some(1), ..Rule::NONE };
static R_FULL_DOCUMENT: Rule = Rule { values: &["UpdateLookup", "Default"], ..Rule::NONE };
static R_FUNCTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(140), pattern: Some(&P18), ..Rule::NONE };
static R_FUNCTION_RESPONSE_TYPE: Rule = Rule { values: &["ReportBatchItemFailures"], ..Rule::NONE };
static R_FUNCTION_RESPONSE_TYPE_LIST: Rule =
    Rule { length_min: Some(0), length_max: Some(1), member: Some(&R_FUNCTION_RESPONSE_TYPE), ..Rule::NONE };
static R_FUNCTION_RUNTIME_ALIAS: Rule = Rule { length_min: Some(1), length_max: Some(128), ..Rule::NONE };
static R_FUNCTION_RUNTIME_ARN: Rule =
    Rule { length_min: Some(48), length_max: Some(2048), pattern: Some(&P19), ..Rule::NONE };
static R_FUNCTION_SCALING_CONFIG_EXECUTION_ENVIRONMENTS: Rule =
    Rule { value_min: Some(0.0), value_max: Some(15000.0), ..Rule::NONE };
static R_FUNCTION_URL_AUTH_TYPE: Rule = Rule { values: &["NONE", "AWS_IAM"], ..Rule::NONE };
static R_FUNCTION_URL_FUNCTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(140), pattern: Some(&P20), ..Rule::NONE };
static R_FUNCTION_URL_QUALIFIER: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P21), ..Rule::NONE };
static R_FUNCTION_VERSION: Rule = Rule { values: &["ALL"], ..Rule::NONE };
static R_FUNCTION_VERSION_LATEST_PUBLISHED: Rule = Rule { values: &["LATEST_PUBLISHED"], ..Rule::NONE };
static R_HANDLER: Rule =
    Rule { length_min: Some(0), length_max: Some(128), pattern: Some(&P22), ..Rule::NONE };
static R_HEADER: Rule =
    Rule { length_min: Some(0), length_max: Some(1024), pattern: Some(&P23), ..Rule::NONE };
static R_HEADERS_LIST: Rule =
    Rule { length_min: Some(0), length_max: Some(100), member: Some(&R_HEADER), ..Rule::NONE };
static R_INSTANCE_TYPE: Rule =
    Rule { length_min: Some(1), length_max: Some(30), pattern: Some(&P24), ..Rule::NONE };
static R_INSTANCE_TYPE_SET: Rule =
    Rule { length_min: Some(0), length_max: Some(400), member: Some(&R_INSTANCE_TYPE), ..Rule::NONE };
static R_INVOCATION_TYPE: Rule = Rule { values: &["Event", "RequestResponse", "DryRun"], ..Rule::NONE };
static R_INVOKE_MODE: Rule = Rule { values: &["BUFFERED", "RESPONSE_STREAM"], ..Rule::NONE };
static R_ITEM_COUNT: Rule = Rule { value_min: Some(0.0), value_max: Some(1000.0), ..Rule::NONE };
static R_KMS_KEY_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P25), ..Rule::NONE };
static R_KMS_KEY_ARN_NON_EMPTY: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P26), ..Rule::NONE };
static R_KAFKA_EVENT_SOURCE_MAPPING_CONSUMPTION_MODE: Rule =
    Rule { values: &["Stream", "Queue"], ..Rule::NONE };
static R_KAFKA_SCHEMA_REGISTRY_AUTH_TYPE: Rule = Rule {
    values: &["BASIC_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE", "OAUTHBEARER_AUTH"],
    ..Rule::NONE
};
static R_KAFKA_SCHEMA_VALIDATION_ATTRIBUTE: Rule = Rule { values: &["KEY", "VALUE"], ..Rule::NONE };
static R_LAYER_LIST: Rule = Rule { member: Some(&R_LAYER_VERSION_ARN), ..Rule::NONE };
static R_LAYER_NAME_OR_ARN: Rule =
    Rule { length_min: Some(1), length_max: Some(2048), pattern: Some(&P27), ..Rule::NONE };
static R_LAYER_PERMISSION_ALLOWED_ACTION: Rule =
    Rule { length_min: Some(0), length_max: Some(22), pattern: Some(&P28), ..Rule::NONE };
static R_LAYER_PERMISSION_ALLOWED_PRINCIPAL: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P29), ..Rule::NONE };
static R_LAYER_VERSION_ARN: Rule =
    Rule { length_min: Some(1), length_max: Some(2048), pattern: Some(&P30), ..Rule::NONE };
static R_LICENSE_INFO: Rule =
    Rule { length_min: Some(0), length_max: Some(512), pattern: Some(&P23), ..Rule::NONE };
static R_LOCAL_MOUNT_PATH: Rule =
    Rule { length_min: Some(0), length_max: Some(160), pattern: Some(&P31), ..Rule::NONE };
static R_LOG_FORMAT: Rule = Rule { values: &["JSON", "Text"], ..Rule::NONE };
static R_LOG_GROUP: Rule =
    Rule { length_min: Some(1), length_max: Some(512), pattern: Some(&P32), ..Rule::NONE };
static R_LOG_TYPE: Rule = Rule { values: &["None", "Tail"], ..Rule::NONE };
static R_MASTER_REGION: Rule =
    Rule { length_min: Some(1), length_max: Some(50), pattern: Some(&P33), ..Rule::NONE };
static R_MAX_AGE: Rule = Rule { value_min: Some(0.0), value_max: Some(86400.0), ..Rule::NONE };
static R_MAX_FIFTY_LIST_ITEMS: Rule = Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_MAX_FUNCTION_EVENT_INVOKE_CONFIG_LIST_ITEMS: Rule =
    Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_MAX_ITEMS: Rule = Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_MAX_LAYER_LIST_ITEMS: Rule = Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_MAX_LIST_ITEMS: Rule = Rule { value_min: Some(1.0), value_max: Some(10000.0), ..Rule::NONE };
static R_MAX_PROVISIONED_CONCURRENCY_CONFIG_LIST_ITEMS: Rule =
    Rule { value_min: Some(1.0), value_max: Some(50.0), ..Rule::NONE };
static R_MAXIMUM_BATCHING_WINDOW_IN_SECONDS: Rule =
    Rule { value_min: Some(0.0), value_max: Some(300.0), ..Rule::NONE };
static R_MAXIMUM_CONCURRENCY: Rule = Rule { value_min: Some(2.0), value_max: Some(1000.0), ..Rule::NONE };
static R_MAXIMUM_EVENT_AGE_IN_SECONDS: Rule =
    Rule { value_min: Some(60.0), value_max: Some(21600.0), ..Rule::NONE };
static R_MAXIMUM_NUMBER_OF_POLLERS: Rule =
    Rule { value_min: Some(1.0), value_max: Some(10000.0), ..Rule::NONE };
static R_MAXIMUM_RECORD_AGE_IN_SECONDS: Rule =
    Rule { value_min: Some(-1.0), value_max: Some(604800.0), ..Rule::NONE };
static R_MAXIMUM_RETRY_ATTEMPTS: Rule = Rule { value_min: Some(0.0), value_max: Some(2.0), ..Rule::NONE };
static R_MAXIMUM_RETRY_ATTEMPTS_EVENT_SOURCE_MAPPING: Rule =
    Rule { value_min: Some(-1.0), value_max: Some(10000.0), ..Rule::NONE };
static R_MEMORY_SIZE: Rule = Rule { value_min: Some(128.0), value_max: Some(10240.0), ..Rule::NONE };
static R_METHOD: Rule = Rule { length_min: Some(0), length_max: Some(6), pattern: Some(&P23), ..Rule::NONE };
static R_METRIC_TARGET_VALUE: Rule = Rule { value_min: Some(0.0), value_max: Some(100.0), ..Rule::NONE };
static R_MINIMUM_NUMBER_OF_POLLERS: Rule =
    Rule { value_min: Some(1.0), value_max: Some(200.0), ..Rule::NONE };
static R_NAMESPACED_FUNCTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(256), pattern: Some(&P34), ..Rule::NONE };
static R_NAMESPACED_STATEMENT_ID: Rule =
    Rule { length_min: Some(1), length_max: Some(100), pattern: Some(&P35), ..Rule::NONE };
static R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P36), ..Rule::NONE };
static R_OPERATION_ACTION: Rule =
    Rule { values: &["START", "SUCCEED", "FAIL", "RETRY", "CANCEL"], ..Rule::NONE };
static R_OPERATION_ID: Rule =
    Rule { length_min: Some(1), length_max: Some(64), pattern: Some(&P13), ..Rule::NONE };
static R_OPERATION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(256), pattern: Some(&P37), ..Rule::NONE };
static R_OPERATION_PAYLOAD: Rule =
    Rule { length_min: Some(0), length_max: Some(6291456), sensitive: true, ..Rule::NONE };
static R_OPERATION_SUB_TYPE: Rule =
    Rule { length_min: Some(1), length_max: Some(32), pattern: Some(&P13), ..Rule::NONE };
static R_OPERATION_TYPE: Rule =
    Rule { values: &["EXECUTION", "CONTEXT", "STEP", "WAIT", "CALLBACK", "CHAINED_INVOKE"], ..Rule::NONE };
static R_ORGANIZATION_ID: Rule =
    Rule { length_min: Some(0), length_max: Some(34), pattern: Some(&P38), ..Rule::NONE };
static R_ORIGIN: Rule =
    Rule { length_min: Some(1), length_max: Some(253), pattern: Some(&P23), ..Rule::NONE };
static R_PACKAGE_TYPE: Rule = Rule { values: &["Zip", "Image"], ..Rule::NONE };
static R_PARALLELIZATION_FACTOR: Rule = Rule { value_min: Some(1.0), value_max: Some(10.0), ..Rule::NONE };
static R_PATTERN: Rule =
    Rule { length_min: Some(0), length_max: Some(4096), pattern: Some(&P39), ..Rule::NONE };
static R_PAUSE_REASON: Rule =
    Rule { length_min: Some(0), length_max: Some(1024), sensitive: true, ..Rule::NONE };
static R_PER_EXECUTION_ENVIRONMENT_MAX_CONCURRENCY: Rule =
    Rule { value_min: Some(1.0), value_max: Some(1600.0), ..Rule::NONE };
static R_POLICY_RESOURCE_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(512), pattern: Some(&P40), ..Rule::NONE };
static R_POSITIVE_INTEGER: Rule = Rule { value_min: Some(1.0), ..Rule::NONE };
static R_PRINCIPAL: Rule =
    Rule { length_min: Some(0), length_max: Some(2048), pattern: Some(&P22), ..Rule::NONE };
static R_PRINCIPAL_ORG_ID: Rule =
    Rule { length_min: Some(12), length_max: Some(34), pattern: Some(&P38), ..Rule::NONE };
static R_PROPAGATE_TAGS_EXPLICIT_TAGS_MAP: Rule = Rule {
    length_min: Some(0),
    length_max: Some(40),
    key: Some(&R_TAG_KEY),
    member: Some(&R_TAG_VALUE),
    ..Rule::NONE
};
static R_PROPAGATE_TAGS_MODE: Rule = Rule { values: &["None", "Explicit"], ..Rule::NONE };
static R_PROVISIONED_POLLER_GROUP_NAME: Rule =
    Rule { length_min: Some(0), length_max: Some(128), pattern: Some(&P41), ..Rule::NONE };
static R_PUBLISHED_FUNCTION_QUALIFIER: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P42), ..Rule::NONE };
static R_QUALIFIER: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P43), ..Rule::NONE };
static R_QUEUE: Rule =
    Rule { length_min: Some(1), length_max: Some(1000), pattern: Some(&P39), ..Rule::NONE };
static R_QUEUES: Rule =
    Rule { length_min: Some(1), length_max: Some(1), member: Some(&R_QUEUE), ..Rule::NONE };
static R_RECURSIVE_LOOP: Rule = Rule { values: &["Allow", "Terminate"], ..Rule::NONE };
static R_RESERVED_CONCURRENT_EXECUTIONS: Rule = Rule { value_min: Some(0.0), ..Rule::NONE };
static R_RESOURCE_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P25), ..Rule::NONE };
static R_RESOURCE_POLICY: Rule =
    Rule { length_min: Some(1), length_max: Some(20480), pattern: Some(&P44), ..Rule::NONE };
static R_RESPONSE_STREAMING_INVOCATION_TYPE: Rule =
    Rule { values: &["RequestResponse", "DryRun"], ..Rule::NONE };
static R_RESUME_REASON: Rule =
    Rule { length_min: Some(0), length_max: Some(1024), sensitive: true, ..Rule::NONE };
static R_RETENTION_PERIOD_IN_DAYS: Rule = Rule { value_min: Some(1.0), value_max: Some(90.0), ..Rule::NONE };
static R_REVISION_ID: Rule =
    Rule { length_min: Some(36), length_max: Some(36), pattern: Some(&P45), ..Rule::NONE };
static R_ROLE_ARN: Rule =
    Rule { length_min: Some(0), length_max: Some(10000), pattern: Some(&P46), ..Rule::NONE };
static R_RUNTIME: Rule = Rule {
    values: &[
        "nodejs",
        "nodejs4.3",
        "nodejs6.10",
        "nodejs8.10",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "nodejs16.x",
        "nodejs18.x",
        "nodejs20.x",
        "nodejs22.x",
        "nodejs24.x",
        "java8",
        "java8.al2",
        "java11",
        "java17",
        "java21",
        "java25",
        "python2.7",
        "python3.6",
        "python3.7",
        "python3.8",
        "python3.9",
        "python3.10",
        "python3.11",
        "python3.12",
        "python3.13",
        "python3.14",
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "dotnet6",
        "dotnet8",
        "dotnet10",
        "nodejs4.3-edge",
        "go1.x",
        "ruby2.5",
        "ruby2.7",
        "ruby3.2",
        "ruby3.3",
        "ruby3.4",
        "ruby4.0",
        "provided",
        "provided.al2",
        "provided.al2023",
        "nodejs26.x",
        "python3.15",
        "java8.al2023",
        "java11.al2023",
        "java17.al2023",
        "custom",
    ],
    ..Rule::NONE
};
static R_RUNTIME_VERSION_ARN: Rule =
    Rule { length_min: Some(26), length_max: Some(2048), pattern: Some(&P47), ..Rule::NONE };
static R_S3_BUCKET: Rule =
    Rule { length_min: Some(3), length_max: Some(63), pattern: Some(&P48), ..Rule::NONE };
static R_S3_KEY: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P23), ..Rule::NONE };
static R_S3_OBJECT_STORAGE_MODE: Rule = Rule { values: &["COPY", "REFERENCE"], ..Rule::NONE };
static R_S3_OBJECT_VERSION: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P23), ..Rule::NONE };
static R_SCHEMA_REGISTRY_EVENT_RECORD_FORMAT: Rule = Rule { values: &["JSON", "SOURCE"], ..Rule::NONE };
static R_SCHEMA_REGISTRY_URI: Rule =
    Rule { length_min: Some(1), length_max: Some(10000), pattern: Some(&P49), ..Rule::NONE };
static R_SECURITY_GROUP_ID: Rule =
    Rule { length_min: Some(0), length_max: Some(1024), pattern: Some(&P50), ..Rule::NONE };
static R_SECURITY_GROUP_IDS: Rule =
    Rule { length_min: Some(0), length_max: Some(5), member: Some(&R_SECURITY_GROUP_ID), ..Rule::NONE };
static R_SIGNING_PROFILE_VERSION_ARNS: Rule =
    Rule { length_min: Some(1), length_max: Some(20), member: Some(&R_ARN), ..Rule::NONE };
static R_SNAP_START_APPLY_ON: Rule = Rule { values: &["PublishedVersions", "None"], ..Rule::NONE };
static R_SOURCE_ACCESS_CONFIGURATIONS: Rule =
    Rule { length_min: Some(0), length_max: Some(23), ..Rule::NONE };
static R_SOURCE_ACCESS_TYPE: Rule = Rule {
    values: &[
        "BASIC_AUTH",
        "VPC_SUBNET",
        "VPC_SECURITY_GROUP",
        "SASL_SCRAM_512_AUTH",
        "SASL_SCRAM_256_AUTH",
        "VIRTUAL_HOST",
        "CLIENT_CERTIFICATE_TLS_AUTH",
        "SERVER_ROOT_CA_CERTIFICATE",
        "OAUTHBEARER_AUTH",
        "OAUTHBEARER_SCOPE",
        "OAUTHBEARER_AUDIENCE",
        "OAUTHBEARER_LOGICAL_CLUSTER",
        "OAUTHBEARER_IDENTITY_POOL",
        "IAM_AUTH",
        "IAM_OAUTHBEARER_AUTH",
    ],
    ..Rule::NONE
};
static R_SOURCE_OWNER: Rule =
    Rule { length_min: Some(0), length_max: Some(12), pattern: Some(&P51), ..Rule::NONE };
static R_STACK_TRACE_ENTRIES: Rule = Rule { member: Some(&R_STACK_TRACE_ENTRY), ..Rule::NONE };
static R_STACK_TRACE_ENTRY: Rule = Rule { sensitive: true, ..Rule::NONE };
static R_STATEMENT_ID: Rule =
    Rule { length_min: Some(1), length_max: Some(100), pattern: Some(&P52), ..Rule::NONE };
static R_STEP_OPTIONS_NEXT_ATTEMPT_DELAY_SECONDS_INTEGER: Rule =
    Rule { value_min: Some(1.0), value_max: Some(31622400.0), ..Rule::NONE };
static R_STRING_LIST: Rule = Rule { length_min: Some(0), length_max: Some(1500), ..Rule::NONE };
static R_SUBNET_ID: Rule =
    Rule { length_min: Some(0), length_max: Some(1024), pattern: Some(&P53), ..Rule::NONE };
static R_SUBNET_IDS: Rule =
    Rule { length_min: Some(0), length_max: Some(16), member: Some(&R_SUBNET_ID), ..Rule::NONE };
static R_SYSTEM_LOG_LEVEL: Rule = Rule { values: &["DEBUG", "INFO", "WARN"], ..Rule::NONE };
static R_TAG_KEY: Rule =
    Rule { length_min: Some(1), length_max: Some(128), pattern: Some(&P54), ..Rule::NONE };
static R_TAG_KEY_LIST: Rule = Rule { member: Some(&R_TAG_KEY), ..Rule::NONE };
static R_TAG_VALUE: Rule =
    Rule { length_min: Some(0), length_max: Some(256), pattern: Some(&P54), ..Rule::NONE };
static R_TAGGABLE_RESOURCE: Rule =
    Rule { length_min: Some(1), length_max: Some(10000), pattern: Some(&P55), ..Rule::NONE };
static R_TAGS: Rule = Rule { key: Some(&R_TAG_KEY), member: Some(&R_TAG_VALUE), ..Rule::NONE };
static R_TENANT_ID: Rule =
    Rule { length_min: Some(1), length_max: Some(256), pattern: Some(&P56), ..Rule::NONE };
static R_TENANT_ISOLATION_MODE: Rule = Rule { values: &["PER_TENANT"], ..Rule::NONE };
static R_TIMEOUT: Rule = Rule { value_min: Some(1.0), value_max: Some(900.0), ..Rule::NONE };
static R_TOPIC: Rule = Rule { length_min: Some(1), length_max: Some(249), pattern: Some(&P57), ..Rule::NONE };
static R_TOPICS: Rule =
    Rule { length_min: Some(1), length_max: Some(1), member: Some(&R_TOPIC), ..Rule::NONE };
static R_TRACING_MODE: Rule = Rule { values: &["Active", "PassThrough"], ..Rule::NONE };
static R_TUMBLING_WINDOW_IN_SECONDS: Rule =
    Rule { value_min: Some(0.0), value_max: Some(900.0), ..Rule::NONE };
static R_URI: Rule = Rule { length_min: Some(1), length_max: Some(200), pattern: Some(&P58), ..Rule::NONE };
static R_UUID_STRING: Rule = Rule { length_min: Some(36), length_max: Some(36), ..Rule::NONE };
static R_UNQUALIFIED_FUNCTION_NAME: Rule =
    Rule { length_min: Some(1), length_max: Some(140), pattern: Some(&P59), ..Rule::NONE };
static R_UPDATE_RUNTIME_ON: Rule = Rule { values: &["Auto", "Manual", "FunctionUpdate"], ..Rule::NONE };
static R_VERSION_WITH_LATEST_PUBLISHED: Rule =
    Rule { length_min: Some(1), length_max: Some(1024), pattern: Some(&P60), ..Rule::NONE };
static R_WAIT_OPTIONS_WAIT_SECONDS_INTEGER: Rule =
    Rule { value_min: Some(1.0), value_max: Some(31622400.0), ..Rule::NONE };
static R_WEIGHT: Rule = Rule { value_min: Some(0.0), value_max: Some(1.0), ..Rule::NONE };
static R_WORKING_DIRECTORY: Rule = Rule { length_min: Some(0), length_max: Some(1000), ..Rule::NONE };
static R_X_AMZN_TRACE_ID: Rule = Rule { length_min: Some(0), length_max: Some(8192), ..Rule::NONE };

static M_ACCELERATOR_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "AcceleratorMemorySize", required: true, rule: &Rule::NONE }];

impl Shape for AcceleratorConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ACCELERATOR_CONFIG[0], member(&self.accelerator_memory_size));
    }
}

static M_ADD_LAYER_VERSION_PERMISSION_REQUEST: [MemberInfo; 7] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "VersionNumber", required: true, rule: &Rule::NONE },
    MemberInfo { name: "StatementId", required: true, rule: &R_STATEMENT_ID },
    MemberInfo { name: "Action", required: true, rule: &R_LAYER_PERMISSION_ALLOWED_ACTION },
    MemberInfo { name: "Principal", required: true, rule: &R_LAYER_PERMISSION_ALLOWED_PRINCIPAL },
    MemberInfo { name: "OrganizationId", required: false, rule: &R_ORGANIZATION_ID },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
];

impl Shape for AddLayerVersionPermissionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[0], member(&self.layer_name));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[1], member(&self.version_number));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[2], member(&self.statement_id));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[3], member(&self.action));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[4], member(&self.principal));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[5], member(&self.organization_id));
        visit(&M_ADD_LAYER_VERSION_PERMISSION_REQUEST[6], member(&self.revision_id));
    }
}

static M_ADD_PERMISSION_REQUEST: [MemberInfo; 12] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "StatementId", required: true, rule: &R_STATEMENT_ID },
    MemberInfo { name: "Action", required: true, rule: &R_ACTION },
    MemberInfo { name: "Principal", required: true, rule: &R_PRINCIPAL },
    MemberInfo { name: "SourceArn", required: false, rule: &R_ARN },
    MemberInfo { name: "FunctionUrlAuthType", required: false, rule: &R_FUNCTION_URL_AUTH_TYPE },
    MemberInfo { name: "InvokedViaFunctionUrl", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SourceAccount", required: false, rule: &R_SOURCE_OWNER },
    MemberInfo { name: "EventSourceToken", required: false, rule: &R_EVENT_SOURCE_TOKEN },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PrincipalOrgID", required: false, rule: &R_PRINCIPAL_ORG_ID },
];

impl Shape for AddPermissionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ADD_PERMISSION_REQUEST[0], member(&self.function_name));
        visit(&M_ADD_PERMISSION_REQUEST[1], member(&self.statement_id));
        visit(&M_ADD_PERMISSION_REQUEST[2], member(&self.action));
        visit(&M_ADD_PERMISSION_REQUEST[3], member(&self.principal));
        visit(&M_ADD_PERMISSION_REQUEST[4], member(&self.source_arn));
        visit(&M_ADD_PERMISSION_REQUEST[5], member(&self.function_url_auth_type));
        visit(&M_ADD_PERMISSION_REQUEST[6], member(&self.invoked_via_function_url));
        visit(&M_ADD_PERMISSION_REQUEST[7], member(&self.source_account));
        visit(&M_ADD_PERMISSION_REQUEST[8], member(&self.event_source_token));
        visit(&M_ADD_PERMISSION_REQUEST[9], member(&self.qualifier));
        visit(&M_ADD_PERMISSION_REQUEST[10], member(&self.revision_id));
        visit(&M_ADD_PERMISSION_REQUEST[11], member(&self.principal_org_id));
    }
}

static M_ALIAS_ROUTING_CONFIGURATION: [MemberInfo; 1] =
    [MemberInfo { name: "AdditionalVersionWeights", required: false, rule: &R_ADDITIONAL_VERSION_WEIGHTS }];

impl Shape for AliasRoutingConfiguration {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ALIAS_ROUTING_CONFIGURATION[0], member(&self.additional_version_weights));
    }
}

static M_ALLOWED_PUBLISHERS: [MemberInfo; 1] =
    [MemberInfo { name: "SigningProfileVersionArns", required: true, rule: &R_SIGNING_PROFILE_VERSION_ARNS }];

impl Shape for AllowedPublishers {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ALLOWED_PUBLISHERS[0], member(&self.signing_profile_version_arns));
    }
}

static M_AMAZON_MANAGED_KAFKA_EVENT_SOURCE_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "ConsumerGroupId", required: false, rule: &R_URI },
    MemberInfo { name: "SchemaRegistryConfig", required: false, rule: &Rule::NONE },
];

impl Shape for AmazonManagedKafkaEventSourceConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_AMAZON_MANAGED_KAFKA_EVENT_SOURCE_CONFIG[0], member(&self.consumer_group_id));
        visit(&M_AMAZON_MANAGED_KAFKA_EVENT_SOURCE_CONFIG[1], member(&self.schema_registry_config));
    }
}

static M_CALLBACK_OPTIONS: [MemberInfo; 2] = [
    MemberInfo { name: "TimeoutSeconds", required: false, rule: &R_CALLBACK_OPTIONS_TIMEOUT_SECONDS_INTEGER },
    MemberInfo {
        name: "HeartbeatTimeoutSeconds",
        required: false,
        rule: &R_CALLBACK_OPTIONS_HEARTBEAT_TIMEOUT_SECONDS_INTEGER,
    },
];

impl Shape for CallbackOptions {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CALLBACK_OPTIONS[0], member(&self.timeout_seconds));
        visit(&M_CALLBACK_OPTIONS[1], member(&self.heartbeat_timeout_seconds));
    }
}

static M_CAPACITY_PROVIDER_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "LambdaManagedInstancesCapacityProviderConfig", required: true, rule: &Rule::NONE }];

impl Shape for CapacityProviderConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(
            &M_CAPACITY_PROVIDER_CONFIG[0],
            member(&self.lambda_managed_instances_capacity_provider_config),
        );
    }
}

static M_CAPACITY_PROVIDER_LOGGING_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "SystemLogLevel", required: false, rule: &R_SYSTEM_LOG_LEVEL },
    MemberInfo { name: "LogGroup", required: false, rule: &R_LOG_GROUP },
];

impl Shape for CapacityProviderLoggingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CAPACITY_PROVIDER_LOGGING_CONFIG[0], member(&self.system_log_level));
        visit(&M_CAPACITY_PROVIDER_LOGGING_CONFIG[1], member(&self.log_group));
    }
}

static M_CAPACITY_PROVIDER_PERMISSIONS_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "CapacityProviderOperatorRoleArn", required: true, rule: &R_ROLE_ARN }];

impl Shape for CapacityProviderPermissionsConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CAPACITY_PROVIDER_PERMISSIONS_CONFIG[0], member(&self.capacity_provider_operator_role_arn));
    }
}

static M_CAPACITY_PROVIDER_SCALING_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "MaxVCpuCount", required: false, rule: &R_CAPACITY_PROVIDER_MAX_V_CPU_COUNT },
    MemberInfo { name: "ScalingMode", required: false, rule: &R_CAPACITY_PROVIDER_SCALING_MODE },
    MemberInfo { name: "ScalingPolicies", required: false, rule: &R_CAPACITY_PROVIDER_SCALING_POLICIES_LIST },
];

impl Shape for CapacityProviderScalingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CAPACITY_PROVIDER_SCALING_CONFIG[0], member(&self.max_v_cpu_count));
        visit(&M_CAPACITY_PROVIDER_SCALING_CONFIG[1], member(&self.scaling_mode));
        visit(&M_CAPACITY_PROVIDER_SCALING_CONFIG[2], member(&self.scaling_policies));
    }
}

static M_CAPACITY_PROVIDER_TELEMETRY_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "LoggingConfig", required: false, rule: &Rule::NONE }];

impl Shape for CapacityProviderTelemetryConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CAPACITY_PROVIDER_TELEMETRY_CONFIG[0], member(&self.logging_config));
    }
}

static M_CAPACITY_PROVIDER_VPC_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "SubnetIds", required: true, rule: &R_CAPACITY_PROVIDER_SUBNET_IDS },
    MemberInfo { name: "SecurityGroupIds", required: true, rule: &R_CAPACITY_PROVIDER_SECURITY_GROUP_IDS },
];

impl Shape for CapacityProviderVpcConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CAPACITY_PROVIDER_VPC_CONFIG[0], member(&self.subnet_ids));
        visit(&M_CAPACITY_PROVIDER_VPC_CONFIG[1], member(&self.security_group_ids));
    }
}

static M_CHAINED_INVOKE_OPTIONS: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "TenantId", required: false, rule: &R_TENANT_ID },
    MemberInfo { name: "XAmznTraceId", required: false, rule: &R_X_AMZN_TRACE_ID },
];

impl Shape for ChainedInvokeOptions {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CHAINED_INVOKE_OPTIONS[0], member(&self.function_name));
        visit(&M_CHAINED_INVOKE_OPTIONS[1], member(&self.tenant_id));
        visit(&M_CHAINED_INVOKE_OPTIONS[2], member(&self.x_amzn_trace_id));
    }
}

static M_CHECKPOINT_DURABLE_EXECUTION_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "CheckpointToken", required: true, rule: &R_CHECKPOINT_TOKEN },
    MemberInfo { name: "Updates", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ClientToken", required: false, rule: &R_CLIENT_TOKEN },
];

impl Shape for CheckpointDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CHECKPOINT_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_CHECKPOINT_DURABLE_EXECUTION_REQUEST[1], member(&self.checkpoint_token));
        visit(&M_CHECKPOINT_DURABLE_EXECUTION_REQUEST[2], member(&self.updates));
        visit(&M_CHECKPOINT_DURABLE_EXECUTION_REQUEST[3], member(&self.client_token));
    }
}

static M_CODE_SIGNING_POLICIES: [MemberInfo; 1] =
    [MemberInfo { name: "UntrustedArtifactOnDeployment", required: false, rule: &R_CODE_SIGNING_POLICY }];

impl Shape for CodeSigningPolicies {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CODE_SIGNING_POLICIES[0], member(&self.untrusted_artifact_on_deployment));
    }
}

static M_CONTEXT_OPTIONS: [MemberInfo; 1] =
    [MemberInfo { name: "ReplayChildren", required: false, rule: &Rule::NONE }];

impl Shape for ContextOptions {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CONTEXT_OPTIONS[0], member(&self.replay_children));
    }
}

static M_CORS: [MemberInfo; 6] = [
    MemberInfo { name: "AllowCredentials", required: false, rule: &Rule::NONE },
    MemberInfo { name: "AllowHeaders", required: false, rule: &R_HEADERS_LIST },
    MemberInfo { name: "AllowMethods", required: false, rule: &R_ALLOW_METHODS_LIST },
    MemberInfo { name: "AllowOrigins", required: false, rule: &R_ALLOW_ORIGINS_LIST },
    MemberInfo { name: "ExposeHeaders", required: false, rule: &R_HEADERS_LIST },
    MemberInfo { name: "MaxAge", required: false, rule: &R_MAX_AGE },
];

impl Shape for Cors {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CORS[0], member(&self.allow_credentials));
        visit(&M_CORS[1], member(&self.allow_headers));
        visit(&M_CORS[2], member(&self.allow_methods));
        visit(&M_CORS[3], member(&self.allow_origins));
        visit(&M_CORS[4], member(&self.expose_headers));
        visit(&M_CORS[5], member(&self.max_age));
    }
}

static M_CREATE_ALIAS_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Name", required: true, rule: &R_ALIAS },
    MemberInfo { name: "FunctionVersion", required: true, rule: &R_VERSION_WITH_LATEST_PUBLISHED },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "RoutingConfig", required: false, rule: &Rule::NONE },
];

impl Shape for CreateAliasRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_ALIAS_REQUEST[0], member(&self.function_name));
        visit(&M_CREATE_ALIAS_REQUEST[1], member(&self.name));
        visit(&M_CREATE_ALIAS_REQUEST[2], member(&self.function_version));
        visit(&M_CREATE_ALIAS_REQUEST[3], member(&self.description));
        visit(&M_CREATE_ALIAS_REQUEST[4], member(&self.routing_config));
    }
}

static M_CREATE_CAPACITY_PROVIDER_REQUEST: [MemberInfo; 9] = [
    MemberInfo { name: "CapacityProviderName", required: true, rule: &R_CAPACITY_PROVIDER_NAME },
    MemberInfo { name: "VpcConfig", required: true, rule: &Rule::NONE },
    MemberInfo { name: "PermissionsConfig", required: true, rule: &Rule::NONE },
    MemberInfo { name: "InstanceRequirements", required: false, rule: &Rule::NONE },
    MemberInfo { name: "CapacityProviderScalingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "KmsKeyArn", required: false, rule: &R_KMS_KEY_ARN_NON_EMPTY },
    MemberInfo { name: "Tags", required: false, rule: &R_TAGS },
    MemberInfo { name: "PropagateTags", required: false, rule: &Rule::NONE },
    MemberInfo { name: "TelemetryConfig", required: false, rule: &Rule::NONE },
];

impl Shape for CreateCapacityProviderRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[0], member(&self.capacity_provider_name));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[1], member(&self.vpc_config));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[2], member(&self.permissions_config));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[3], member(&self.instance_requirements));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[4], member(&self.capacity_provider_scaling_config));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[5], member(&self.kms_key_arn));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[6], member(&self.tags));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[7], member(&self.propagate_tags));
        visit(&M_CREATE_CAPACITY_PROVIDER_REQUEST[8], member(&self.telemetry_config));
    }
}

static M_CREATE_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "AllowedPublishers", required: true, rule: &Rule::NONE },
    MemberInfo { name: "CodeSigningPolicies", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Tags", required: false, rule: &R_TAGS },
];

impl Shape for CreateCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.description));
        visit(&M_CREATE_CODE_SIGNING_CONFIG_REQUEST[1], member(&self.allowed_publishers));
        visit(&M_CREATE_CODE_SIGNING_CONFIG_REQUEST[2], member(&self.code_signing_policies));
        visit(&M_CREATE_CODE_SIGNING_CONFIG_REQUEST[3], member(&self.tags));
    }
}

static M_CREATE_EVENT_SOURCE_MAPPING_REQUEST: [MemberInfo; 28] = [
    MemberInfo { name: "EventSourceArn", required: false, rule: &R_ARN },
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Enabled", required: false, rule: &Rule::NONE },
    MemberInfo { name: "BatchSize", required: false, rule: &R_BATCH_SIZE },
    MemberInfo { name: "FilterCriteria", required: false, rule: &Rule::NONE },
    MemberInfo { name: "KMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
    MemberInfo { name: "MetricsConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "LoggingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ScalingConfig", required: false, rule: &Rule::NONE },
    MemberInfo {
        name: "MaximumBatchingWindowInSeconds",
        required: false,
        rule: &R_MAXIMUM_BATCHING_WINDOW_IN_SECONDS,
    },
    MemberInfo { name: "ParallelizationFactor", required: false, rule: &R_PARALLELIZATION_FACTOR },
    MemberInfo { name: "StartingPosition", required: false, rule: &R_EVENT_SOURCE_POSITION },
    MemberInfo { name: "StartingPositionTimestamp", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DestinationConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaximumRecordAgeInSeconds", required: false, rule: &R_MAXIMUM_RECORD_AGE_IN_SECONDS },
    MemberInfo { name: "BisectBatchOnFunctionError", required: false, rule: &Rule::NONE },
    MemberInfo {
        name: "MaximumRetryAttempts",
        required: false,
        rule: &R_MAXIMUM_RETRY_ATTEMPTS_EVENT_SOURCE_MAPPING,
    },
    MemberInfo { name: "Tags", required: false, rule: &R_TAGS },
    MemberInfo { name: "TumblingWindowInSeconds", required: false, rule: &R_TUMBLING_WINDOW_IN_SECONDS },
    MemberInfo { name: "Topics", required: false, rule: &R_TOPICS },
    MemberInfo { name: "Queues", required: false, rule: &R_QUEUES },
    MemberInfo { name: "SourceAccessConfigurations", required: false, rule: &R_SOURCE_ACCESS_CONFIGURATIONS },
    MemberInfo { name: "SelfManagedEventSource", required: false, rule: &Rule::NONE },
    MemberInfo { name: "FunctionResponseTypes", required: false, rule: &R_FUNCTION_RESPONSE_TYPE_LIST },
    MemberInfo { name: "AmazonManagedKafkaEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SelfManagedKafkaEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DocumentDBEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ProvisionedPollerConfig", required: false, rule: &Rule::NONE },
];

impl Shape for CreateEventSourceMappingRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[0], member(&self.event_source_arn));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[1], member(&self.function_name));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[2], member(&self.enabled));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[3], member(&self.batch_size));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[4], member(&self.filter_criteria));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[5], member(&self.kms_key_arn));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[6], member(&self.metrics_config));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[7], member(&self.logging_config));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[8], member(&self.scaling_config));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[9], member(&self.maximum_batching_window_in_seconds));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[10], member(&self.parallelization_factor));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[11], member(&self.starting_position));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[12], member(&self.starting_position_timestamp));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[13], member(&self.destination_config));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[14], member(&self.maximum_record_age_in_seconds));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[15], member(&self.bisect_batch_on_function_error));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[16], member(&self.maximum_retry_attempts));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[17], member(&self.tags));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[18], member(&self.tumbling_window_in_seconds));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[19], member(&self.topics));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[20], member(&self.queues));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[21], member(&self.source_access_configurations));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[22], member(&self.self_managed_event_source));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[23], member(&self.function_response_types));
        visit(
            &M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[24],
            member(&self.amazon_managed_kafka_event_source_config),
        );
        visit(
            &M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[25],
            member(&self.self_managed_kafka_event_source_config),
        );
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[26], member(&self.document_db_event_source_config));
        visit(&M_CREATE_EVENT_SOURCE_MAPPING_REQUEST[27], member(&self.provisioned_poller_config));
    }
}

static M_CREATE_FUNCTION_REQUEST: [MemberInfo; 30] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Runtime", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Role", required: true, rule: &R_ROLE_ARN },
    MemberInfo { name: "Handler", required: false, rule: &R_HANDLER },
    MemberInfo { name: "Code", required: true, rule: &Rule::NONE },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "Timeout", required: false, rule: &R_TIMEOUT },
    MemberInfo { name: "MemorySize", required: false, rule: &R_MEMORY_SIZE },
    MemberInfo { name: "Publish", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PublishTo", required: false, rule: &R_FUNCTION_VERSION_LATEST_PUBLISHED },
    MemberInfo { name: "VpcConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PackageType", required: false, rule: &R_PACKAGE_TYPE },
    MemberInfo { name: "DeadLetterConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Environment", required: false, rule: &Rule::NONE },
    MemberInfo { name: "KMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
    MemberInfo { name: "TracingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Tags", required: false, rule: &R_TAGS },
    MemberInfo { name: "Layers", required: false, rule: &R_LAYER_LIST },
    MemberInfo { name: "FileSystemConfigs", required: false, rule: &R_FILE_SYSTEM_CONFIG_LIST },
    MemberInfo { name: "CodeSigningConfigArn", required: false, rule: &R_CODE_SIGNING_CONFIG_ARN },
    MemberInfo { name: "ImageConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Architectures", required: false, rule: &R_ARCHITECTURES_LIST },
    MemberInfo { name: "EphemeralStorage", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SnapStart", required: false, rule: &Rule::NONE },
    MemberInfo { name: "LoggingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "TenancyConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "CapacityProviderConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DurableConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "RuntimeConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "AcceleratorConfig", required: false, rule: &Rule::NONE },
];

impl Shape for CreateFunctionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_FUNCTION_REQUEST[0], member(&self.function_name));
        visit(&M_CREATE_FUNCTION_REQUEST[1], member(&self.runtime));
        visit(&M_CREATE_FUNCTION_REQUEST[2], member(&self.role));
        visit(&M_CREATE_FUNCTION_REQUEST[3], member(&self.handler));
        visit(&M_CREATE_FUNCTION_REQUEST[4], member(&self.code));
        visit(&M_CREATE_FUNCTION_REQUEST[5], member(&self.description));
        visit(&M_CREATE_FUNCTION_REQUEST[6], member(&self.timeout));
        visit(&M_CREATE_FUNCTION_REQUEST[7], member(&self.memory_size));
        visit(&M_CREATE_FUNCTION_REQUEST[8], member(&self.publish));
        visit(&M_CREATE_FUNCTION_REQUEST[9], member(&self.publish_to));
        visit(&M_CREATE_FUNCTION_REQUEST[10], member(&self.vpc_config));
        visit(&M_CREATE_FUNCTION_REQUEST[11], member(&self.package_type));
        visit(&M_CREATE_FUNCTION_REQUEST[12], member(&self.dead_letter_config));
        visit(&M_CREATE_FUNCTION_REQUEST[13], member(&self.environment));
        visit(&M_CREATE_FUNCTION_REQUEST[14], member(&self.kms_key_arn));
        visit(&M_CREATE_FUNCTION_REQUEST[15], member(&self.tracing_config));
        visit(&M_CREATE_FUNCTION_REQUEST[16], member(&self.tags));
        visit(&M_CREATE_FUNCTION_REQUEST[17], member(&self.layers));
        visit(&M_CREATE_FUNCTION_REQUEST[18], member(&self.file_system_configs));
        visit(&M_CREATE_FUNCTION_REQUEST[19], member(&self.code_signing_config_arn));
        visit(&M_CREATE_FUNCTION_REQUEST[20], member(&self.image_config));
        visit(&M_CREATE_FUNCTION_REQUEST[21], member(&self.architectures));
        visit(&M_CREATE_FUNCTION_REQUEST[22], member(&self.ephemeral_storage));
        visit(&M_CREATE_FUNCTION_REQUEST[23], member(&self.snap_start));
        visit(&M_CREATE_FUNCTION_REQUEST[24], member(&self.logging_config));
        visit(&M_CREATE_FUNCTION_REQUEST[25], member(&self.tenancy_config));
        visit(&M_CREATE_FUNCTION_REQUEST[26], member(&self.capacity_provider_config));
        visit(&M_CREATE_FUNCTION_REQUEST[27], member(&self.durable_config));
        visit(&M_CREATE_FUNCTION_REQUEST[28], member(&self.runtime_config));
        visit(&M_CREATE_FUNCTION_REQUEST[29], member(&self.accelerator_config));
    }
}

static M_CREATE_FUNCTION_URL_CONFIG_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_URL_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_FUNCTION_URL_QUALIFIER },
    MemberInfo { name: "AuthType", required: true, rule: &R_FUNCTION_URL_AUTH_TYPE },
    MemberInfo { name: "Cors", required: false, rule: &Rule::NONE },
    MemberInfo { name: "InvokeMode", required: false, rule: &R_INVOKE_MODE },
];

impl Shape for CreateFunctionUrlConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_CREATE_FUNCTION_URL_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_CREATE_FUNCTION_URL_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_CREATE_FUNCTION_URL_CONFIG_REQUEST[2], member(&self.auth_type));
        visit(&M_CREATE_FUNCTION_URL_CONFIG_REQUEST[3], member(&self.cors));
        visit(&M_CREATE_FUNCTION_URL_CONFIG_REQUEST[4], member(&self.invoke_mode));
    }
}

static M_DEAD_LETTER_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "TargetArn", required: false, rule: &R_RESOURCE_ARN }];

impl Shape for DeadLetterConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DEAD_LETTER_CONFIG[0], member(&self.target_arn));
    }
}

static M_DELETE_ALIAS_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Name", required: true, rule: &R_ALIAS },
];

impl Shape for DeleteAliasRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_ALIAS_REQUEST[0], member(&self.function_name));
        visit(&M_DELETE_ALIAS_REQUEST[1], member(&self.name));
    }
}

static M_DELETE_CAPACITY_PROVIDER_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CapacityProviderName", required: true, rule: &R_CAPACITY_PROVIDER_NAME }];

impl Shape for DeleteCapacityProviderRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_CAPACITY_PROVIDER_REQUEST[0], member(&self.capacity_provider_name));
    }
}

static M_DELETE_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CodeSigningConfigArn", required: true, rule: &R_CODE_SIGNING_CONFIG_ARN }];

impl Shape for DeleteCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.code_signing_config_arn));
    }
}

static M_DELETE_DURABLE_EXECUTION_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN }];

impl Shape for DeleteDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
    }
}

static M_DELETE_EVENT_SOURCE_MAPPING_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "UUID", required: true, rule: &R_UUID_STRING }];

impl Shape for DeleteEventSourceMappingRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_EVENT_SOURCE_MAPPING_REQUEST[0], member(&self.uuid));
    }
}

static M_DELETE_FUNCTION_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME }];

impl Shape for DeleteFunctionCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_FUNCTION_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.function_name));
    }
}

static M_DELETE_FUNCTION_CONCURRENCY_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME }];

impl Shape for DeleteFunctionConcurrencyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_FUNCTION_CONCURRENCY_REQUEST[0], member(&self.function_name));
    }
}

static M_DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for DeleteFunctionEventInvokeConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_DELETE_FUNCTION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for DeleteFunctionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_FUNCTION_REQUEST[0], member(&self.function_name));
        visit(&M_DELETE_FUNCTION_REQUEST[1], member(&self.qualifier));
    }
}

static M_DELETE_FUNCTION_URL_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_URL_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_FUNCTION_URL_QUALIFIER },
];

impl Shape for DeleteFunctionUrlConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_FUNCTION_URL_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_DELETE_FUNCTION_URL_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_DELETE_LAYER_VERSION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "VersionNumber", required: true, rule: &Rule::NONE },
];

impl Shape for DeleteLayerVersionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_LAYER_VERSION_REQUEST[0], member(&self.layer_name));
        visit(&M_DELETE_LAYER_VERSION_REQUEST[1], member(&self.version_number));
    }
}

static M_DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: true, rule: &R_QUALIFIER },
];

impl Shape for DeleteProvisionedConcurrencyConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_DELETE_RESOURCE_POLICY_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "ResourceArn", required: true, rule: &R_POLICY_RESOURCE_ARN },
    MemberInfo { name: "RevisionId", required: false, rule: &R_REVISION_ID },
];

impl Shape for DeleteResourcePolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DELETE_RESOURCE_POLICY_REQUEST[0], member(&self.resource_arn));
        visit(&M_DELETE_RESOURCE_POLICY_REQUEST[1], member(&self.revision_id));
    }
}

static M_DESTINATION_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "OnSuccess", required: false, rule: &Rule::NONE },
    MemberInfo { name: "OnFailure", required: false, rule: &Rule::NONE },
];

impl Shape for DestinationConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DESTINATION_CONFIG[0], member(&self.on_success));
        visit(&M_DESTINATION_CONFIG[1], member(&self.on_failure));
    }
}

static M_DOCUMENT_DB_EVENT_SOURCE_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "DatabaseName", required: false, rule: &R_DATABASE_NAME },
    MemberInfo { name: "CollectionName", required: false, rule: &R_COLLECTION_NAME },
    MemberInfo { name: "FullDocument", required: false, rule: &R_FULL_DOCUMENT },
];

impl Shape for DocumentDBEventSourceConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DOCUMENT_DB_EVENT_SOURCE_CONFIG[0], member(&self.database_name));
        visit(&M_DOCUMENT_DB_EVENT_SOURCE_CONFIG[1], member(&self.collection_name));
        visit(&M_DOCUMENT_DB_EVENT_SOURCE_CONFIG[2], member(&self.full_document));
    }
}

static M_DURABLE_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "KMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
    MemberInfo { name: "RetentionPeriodInDays", required: false, rule: &R_RETENTION_PERIOD_IN_DAYS },
    MemberInfo { name: "ExecutionTimeout", required: false, rule: &R_EXECUTION_TIMEOUT },
];

impl Shape for DurableConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_DURABLE_CONFIG[0], member(&self.kms_key_arn));
        visit(&M_DURABLE_CONFIG[1], member(&self.retention_period_in_days));
        visit(&M_DURABLE_CONFIG[2], member(&self.execution_timeout));
    }
}

static M_ENVIRONMENT: [MemberInfo; 1] =
    [MemberInfo { name: "Variables", required: false, rule: &R_ENVIRONMENT_VARIABLES }];

impl Shape for Environment {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ENVIRONMENT[0], member(&self.variables));
    }
}

static M_EPHEMERAL_STORAGE: [MemberInfo; 1] =
    [MemberInfo { name: "Size", required: true, rule: &R_EPHEMERAL_STORAGE_SIZE }];

impl Shape for EphemeralStorage {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_EPHEMERAL_STORAGE[0], member(&self.size));
    }
}

static M_ERROR_OBJECT: [MemberInfo; 4] = [
    MemberInfo { name: "ErrorMessage", required: false, rule: &R_ERROR_MESSAGE },
    MemberInfo { name: "ErrorType", required: false, rule: &R_ERROR_TYPE },
    MemberInfo { name: "ErrorData", required: false, rule: &R_ERROR_DATA },
    MemberInfo { name: "StackTrace", required: false, rule: &R_STACK_TRACE_ENTRIES },
];

impl Shape for ErrorObject {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ERROR_OBJECT[0], member(&self.error_message));
        visit(&M_ERROR_OBJECT[1], member(&self.error_type));
        visit(&M_ERROR_OBJECT[2], member(&self.error_data));
        visit(&M_ERROR_OBJECT[3], member(&self.stack_trace));
    }
}

static M_EVENT_SOURCE_MAPPING_LOGGING_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "SystemLogLevel", required: false, rule: &R_EVENT_SOURCE_MAPPING_SYSTEM_LOG_LEVEL }];

impl Shape for EventSourceMappingLoggingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_EVENT_SOURCE_MAPPING_LOGGING_CONFIG[0], member(&self.system_log_level));
    }
}

static M_EVENT_SOURCE_MAPPING_METRICS_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "Metrics", required: false, rule: &R_EVENT_SOURCE_MAPPING_METRIC_LIST }];

impl Shape for EventSourceMappingMetricsConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_EVENT_SOURCE_MAPPING_METRICS_CONFIG[0], member(&self.metrics));
    }
}

static M_FILE_SYSTEM_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "Arn", required: true, rule: &R_FILE_SYSTEM_ARN },
    MemberInfo { name: "LocalMountPath", required: true, rule: &R_LOCAL_MOUNT_PATH },
    MemberInfo { name: "S3FilesConfig", required: false, rule: &Rule::NONE },
];

impl Shape for FileSystemConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FILE_SYSTEM_CONFIG[0], member(&self.arn));
        visit(&M_FILE_SYSTEM_CONFIG[1], member(&self.local_mount_path));
        visit(&M_FILE_SYSTEM_CONFIG[2], member(&self.s3_files_config));
    }
}

static M_FILTER: [MemberInfo; 1] = [MemberInfo { name: "Pattern", required: false, rule: &R_PATTERN }];

impl Shape for Filter {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FILTER[0], member(&self.pattern));
    }
}

static M_FILTER_CRITERIA: [MemberInfo; 1] =
    [MemberInfo { name: "Filters", required: false, rule: &Rule::NONE }];

impl Shape for FilterCriteria {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FILTER_CRITERIA[0], member(&self.filters));
    }
}

static M_FUNCTION_CODE: [MemberInfo; 7] = [
    MemberInfo { name: "ZipFile", required: false, rule: &R_BLOB },
    MemberInfo { name: "S3Bucket", required: false, rule: &R_S3_BUCKET },
    MemberInfo { name: "S3Key", required: false, rule: &R_S3_KEY },
    MemberInfo { name: "S3ObjectVersion", required: false, rule: &R_S3_OBJECT_VERSION },
    MemberInfo { name: "S3ObjectStorageMode", required: false, rule: &R_S3_OBJECT_STORAGE_MODE },
    MemberInfo { name: "ImageUri", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SourceKMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
];

impl Shape for FunctionCode {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FUNCTION_CODE[0], member(&self.zip_file));
        visit(&M_FUNCTION_CODE[1], member(&self.s3_bucket));
        visit(&M_FUNCTION_CODE[2], member(&self.s3_key));
        visit(&M_FUNCTION_CODE[3], member(&self.s3_object_version));
        visit(&M_FUNCTION_CODE[4], member(&self.s3_object_storage_mode));
        visit(&M_FUNCTION_CODE[5], member(&self.image_uri));
        visit(&M_FUNCTION_CODE[6], member(&self.source_kms_key_arn));
    }
}

static M_FUNCTION_RUNTIME_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "RuntimeArn", required: true, rule: &R_FUNCTION_RUNTIME_ARN },
    MemberInfo { name: "RuntimeAlias", required: true, rule: &R_FUNCTION_RUNTIME_ALIAS },
];

impl Shape for FunctionRuntimeConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FUNCTION_RUNTIME_CONFIG[0], member(&self.runtime_arn));
        visit(&M_FUNCTION_RUNTIME_CONFIG[1], member(&self.runtime_alias));
    }
}

static M_FUNCTION_SCALING_CONFIG: [MemberInfo; 2] = [
    MemberInfo {
        name: "MinExecutionEnvironments",
        required: false,
        rule: &R_FUNCTION_SCALING_CONFIG_EXECUTION_ENVIRONMENTS,
    },
    MemberInfo {
        name: "MaxExecutionEnvironments",
        required: false,
        rule: &R_FUNCTION_SCALING_CONFIG_EXECUTION_ENVIRONMENTS,
    },
];

impl Shape for FunctionScalingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_FUNCTION_SCALING_CONFIG[0], member(&self.min_execution_environments));
        visit(&M_FUNCTION_SCALING_CONFIG[1], member(&self.max_execution_environments));
    }
}

impl Shape for GetAccountSettingsRequest {
    fn visit(&self, _: Visit<'_>) {}
}

static M_GET_ALIAS_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Name", required: true, rule: &R_ALIAS },
];

impl Shape for GetAliasRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_ALIAS_REQUEST[0], member(&self.function_name));
        visit(&M_GET_ALIAS_REQUEST[1], member(&self.name));
    }
}

static M_GET_CAPACITY_PROVIDER_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CapacityProviderName", required: true, rule: &R_CAPACITY_PROVIDER_NAME }];

impl Shape for GetCapacityProviderRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_CAPACITY_PROVIDER_REQUEST[0], member(&self.capacity_provider_name));
    }
}

static M_GET_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CodeSigningConfigArn", required: true, rule: &R_CODE_SIGNING_CONFIG_ARN }];

impl Shape for GetCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.code_signing_config_arn));
    }
}

static M_GET_DURABLE_EXECUTION_HISTORY_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "IncludeExecutionData", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_ITEM_COUNT },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ReverseOrder", required: false, rule: &Rule::NONE },
];

impl Shape for GetDurableExecutionHistoryRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_DURABLE_EXECUTION_HISTORY_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_GET_DURABLE_EXECUTION_HISTORY_REQUEST[1], member(&self.include_execution_data));
        visit(&M_GET_DURABLE_EXECUTION_HISTORY_REQUEST[2], member(&self.max_items));
        visit(&M_GET_DURABLE_EXECUTION_HISTORY_REQUEST[3], member(&self.marker));
        visit(&M_GET_DURABLE_EXECUTION_HISTORY_REQUEST[4], member(&self.reverse_order));
    }
}

static M_GET_DURABLE_EXECUTION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "IncludeExecutionData", required: false, rule: &Rule::NONE },
];

impl Shape for GetDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_GET_DURABLE_EXECUTION_REQUEST[1], member(&self.include_execution_data));
    }
}

static M_GET_DURABLE_EXECUTION_STATE_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "CheckpointToken", required: true, rule: &R_CHECKPOINT_TOKEN },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_ITEM_COUNT },
];

impl Shape for GetDurableExecutionStateRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_DURABLE_EXECUTION_STATE_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_GET_DURABLE_EXECUTION_STATE_REQUEST[1], member(&self.checkpoint_token));
        visit(&M_GET_DURABLE_EXECUTION_STATE_REQUEST[2], member(&self.marker));
        visit(&M_GET_DURABLE_EXECUTION_STATE_REQUEST[3], member(&self.max_items));
    }
}

static M_GET_EVENT_SOURCE_MAPPING_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "UUID", required: true, rule: &R_UUID_STRING }];

impl Shape for GetEventSourceMappingRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_EVENT_SOURCE_MAPPING_REQUEST[0], member(&self.uuid));
    }
}

static M_GET_FUNCTION_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME }];

impl Shape for GetFunctionCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.function_name));
    }
}

static M_GET_FUNCTION_CONCURRENCY_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME }];

impl Shape for GetFunctionConcurrencyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_CONCURRENCY_REQUEST[0], member(&self.function_name));
    }
}

static M_GET_FUNCTION_CONFIGURATION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for GetFunctionConfigurationRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_CONFIGURATION_REQUEST[0], member(&self.function_name));
        visit(&M_GET_FUNCTION_CONFIGURATION_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for GetFunctionEventInvokeConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_FUNCTION_RECURSION_CONFIG_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_UNQUALIFIED_FUNCTION_NAME }];

impl Shape for GetFunctionRecursionConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_RECURSION_CONFIG_REQUEST[0], member(&self.function_name));
    }
}

static M_GET_FUNCTION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for GetFunctionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_REQUEST[0], member(&self.function_name));
        visit(&M_GET_FUNCTION_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_FUNCTION_SCALING_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_UNQUALIFIED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: true, rule: &R_PUBLISHED_FUNCTION_QUALIFIER },
];

impl Shape for GetFunctionScalingConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_SCALING_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_GET_FUNCTION_SCALING_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_FUNCTION_URL_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_URL_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_FUNCTION_URL_QUALIFIER },
];

impl Shape for GetFunctionUrlConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_FUNCTION_URL_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_GET_FUNCTION_URL_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_LAYER_VERSION_BY_ARN_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "Arn", required: true, rule: &R_LAYER_VERSION_ARN }];

impl Shape for GetLayerVersionByArnRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_LAYER_VERSION_BY_ARN_REQUEST[0], member(&self.arn));
    }
}

static M_GET_LAYER_VERSION_POLICY_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "VersionNumber", required: true, rule: &Rule::NONE },
];

impl Shape for GetLayerVersionPolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_LAYER_VERSION_POLICY_REQUEST[0], member(&self.layer_name));
        visit(&M_GET_LAYER_VERSION_POLICY_REQUEST[1], member(&self.version_number));
    }
}

static M_GET_LAYER_VERSION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "VersionNumber", required: true, rule: &Rule::NONE },
];

impl Shape for GetLayerVersionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_LAYER_VERSION_REQUEST[0], member(&self.layer_name));
        visit(&M_GET_LAYER_VERSION_REQUEST[1], member(&self.version_number));
    }
}

static M_GET_POLICY_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for GetPolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_POLICY_REQUEST[0], member(&self.function_name));
        visit(&M_GET_POLICY_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: true, rule: &R_QUALIFIER },
];

impl Shape for GetProvisionedConcurrencyConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_GET_RESOURCE_POLICY_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "ResourceArn", required: true, rule: &R_POLICY_RESOURCE_ARN }];

impl Shape for GetResourcePolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_RESOURCE_POLICY_REQUEST[0], member(&self.resource_arn));
    }
}

static M_GET_RUNTIME_MANAGEMENT_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
];

impl Shape for GetRuntimeManagementConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_GET_RUNTIME_MANAGEMENT_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_GET_RUNTIME_MANAGEMENT_CONFIG_REQUEST[1], member(&self.qualifier));
    }
}

static M_IMAGE_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "EntryPoint", required: false, rule: &R_STRING_LIST },
    MemberInfo { name: "Command", required: false, rule: &R_STRING_LIST },
    MemberInfo { name: "WorkingDirectory", required: false, rule: &R_WORKING_DIRECTORY },
];

impl Shape for ImageConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_IMAGE_CONFIG[0], member(&self.entry_point));
        visit(&M_IMAGE_CONFIG[1], member(&self.command));
        visit(&M_IMAGE_CONFIG[2], member(&self.working_directory));
    }
}

static M_INSTANCE_REQUIREMENTS: [MemberInfo; 3] = [
    MemberInfo { name: "Architectures", required: false, rule: &R_ARCHITECTURES_LIST },
    MemberInfo { name: "AllowedInstanceTypes", required: false, rule: &R_INSTANCE_TYPE_SET },
    MemberInfo { name: "ExcludedInstanceTypes", required: false, rule: &R_INSTANCE_TYPE_SET },
];

impl Shape for InstanceRequirements {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_INSTANCE_REQUIREMENTS[0], member(&self.architectures));
        visit(&M_INSTANCE_REQUIREMENTS[1], member(&self.allowed_instance_types));
        visit(&M_INSTANCE_REQUIREMENTS[2], member(&self.excluded_instance_types));
    }
}

static M_INVOCATION_REQUEST: [MemberInfo; 7] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "InvocationType", required: false, rule: &R_INVOCATION_TYPE },
    MemberInfo { name: "LogType", required: false, rule: &R_LOG_TYPE },
    MemberInfo { name: "ClientContext", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DurableExecutionName", required: false, rule: &R_DURABLE_EXECUTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "TenantId", required: false, rule: &R_TENANT_ID },
];

impl Shape for InvocationRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_INVOCATION_REQUEST[0], member(&self.function_name));
        visit(&M_INVOCATION_REQUEST[1], member(&self.invocation_type));
        visit(&M_INVOCATION_REQUEST[2], member(&self.log_type));
        visit(&M_INVOCATION_REQUEST[3], member(&self.client_context));
        visit(&M_INVOCATION_REQUEST[4], member(&self.durable_execution_name));
        visit(&M_INVOCATION_REQUEST[5], member(&self.qualifier));
        visit(&M_INVOCATION_REQUEST[6], member(&self.tenant_id));
    }
}

static M_INVOKE_ASYNC_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME }];

impl Shape for InvokeAsyncRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_INVOKE_ASYNC_REQUEST[0], member(&self.function_name));
    }
}

static M_INVOKE_WITH_RESPONSE_STREAM_REQUEST: [MemberInfo; 6] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "LogType", required: false, rule: &R_LOG_TYPE },
    MemberInfo { name: "ClientContext", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "TenantId", required: false, rule: &R_TENANT_ID },
    MemberInfo { name: "InvocationType", required: false, rule: &R_RESPONSE_STREAMING_INVOCATION_TYPE },
];

impl Shape for InvokeWithResponseStreamRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[0], member(&self.function_name));
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[1], member(&self.log_type));
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[2], member(&self.client_context));
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[3], member(&self.qualifier));
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[4], member(&self.tenant_id));
        visit(&M_INVOKE_WITH_RESPONSE_STREAM_REQUEST[5], member(&self.invocation_type));
    }
}

static M_KAFKA_SCHEMA_REGISTRY_ACCESS_CONFIG: [MemberInfo; 2] = [
    MemberInfo { name: "Type", required: false, rule: &R_KAFKA_SCHEMA_REGISTRY_AUTH_TYPE },
    MemberInfo { name: "URI", required: false, rule: &R_ARN },
];

impl Shape for KafkaSchemaRegistryAccessConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_KAFKA_SCHEMA_REGISTRY_ACCESS_CONFIG[0], member(&self.type_));
        visit(&M_KAFKA_SCHEMA_REGISTRY_ACCESS_CONFIG[1], member(&self.uri));
    }
}

static M_KAFKA_SCHEMA_REGISTRY_CONFIG: [MemberInfo; 4] = [
    MemberInfo { name: "SchemaRegistryURI", required: false, rule: &R_SCHEMA_REGISTRY_URI },
    MemberInfo { name: "EventRecordFormat", required: false, rule: &R_SCHEMA_REGISTRY_EVENT_RECORD_FORMAT },
    MemberInfo { name: "AccessConfigs", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SchemaValidationConfigs", required: false, rule: &Rule::NONE },
];

impl Shape for KafkaSchemaRegistryConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_KAFKA_SCHEMA_REGISTRY_CONFIG[0], member(&self.schema_registry_uri));
        visit(&M_KAFKA_SCHEMA_REGISTRY_CONFIG[1], member(&self.event_record_format));
        visit(&M_KAFKA_SCHEMA_REGISTRY_CONFIG[2], member(&self.access_configs));
        visit(&M_KAFKA_SCHEMA_REGISTRY_CONFIG[3], member(&self.schema_validation_configs));
    }
}

static M_KAFKA_SCHEMA_VALIDATION_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "Attribute", required: false, rule: &R_KAFKA_SCHEMA_VALIDATION_ATTRIBUTE }];

impl Shape for KafkaSchemaValidationConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_KAFKA_SCHEMA_VALIDATION_CONFIG[0], member(&self.attribute));
    }
}

static M_LAMBDA_MANAGED_INSTANCES_CAPACITY_PROVIDER_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "CapacityProviderArn", required: true, rule: &R_CAPACITY_PROVIDER_ARN },
    MemberInfo {
        name: "PerExecutionEnvironmentMaxConcurrency",
        required: false,
        rule: &R_PER_EXECUTION_ENVIRONMENT_MAX_CONCURRENCY,
    },
    MemberInfo {
        name: "ExecutionEnvironmentMemoryGiBPerVCpu",
        required: false,
        rule: &R_EXECUTION_ENVIRONMENT_MEMORY_GI_B_PER_V_CPU,
    },
];

impl Shape for LambdaManagedInstancesCapacityProviderConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LAMBDA_MANAGED_INSTANCES_CAPACITY_PROVIDER_CONFIG[0], member(&self.capacity_provider_arn));
        visit(
            &M_LAMBDA_MANAGED_INSTANCES_CAPACITY_PROVIDER_CONFIG[1],
            member(&self.per_execution_environment_max_concurrency),
        );
        visit(
            &M_LAMBDA_MANAGED_INSTANCES_CAPACITY_PROVIDER_CONFIG[2],
            member(&self.execution_environment_memory_gi_b_per_v_cpu),
        );
    }
}

static M_LAYER_VERSION_CONTENT_INPUT: [MemberInfo; 5] = [
    MemberInfo { name: "S3Bucket", required: false, rule: &R_S3_BUCKET },
    MemberInfo { name: "S3Key", required: false, rule: &R_S3_KEY },
    MemberInfo { name: "S3ObjectVersion", required: false, rule: &R_S3_OBJECT_VERSION },
    MemberInfo { name: "S3ObjectStorageMode", required: false, rule: &R_S3_OBJECT_STORAGE_MODE },
    MemberInfo { name: "ZipFile", required: false, rule: &R_BLOB },
];

impl Shape for LayerVersionContentInput {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LAYER_VERSION_CONTENT_INPUT[0], member(&self.s3_bucket));
        visit(&M_LAYER_VERSION_CONTENT_INPUT[1], member(&self.s3_key));
        visit(&M_LAYER_VERSION_CONTENT_INPUT[2], member(&self.s3_object_version));
        visit(&M_LAYER_VERSION_CONTENT_INPUT[3], member(&self.s3_object_storage_mode));
        visit(&M_LAYER_VERSION_CONTENT_INPUT[4], member(&self.zip_file));
    }
}

static M_LIST_ALIASES_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "FunctionVersion", required: false, rule: &R_VERSION_WITH_LATEST_PUBLISHED },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListAliasesRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_ALIASES_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_ALIASES_REQUEST[1], member(&self.function_version));
        visit(&M_LIST_ALIASES_REQUEST[2], member(&self.marker));
        visit(&M_LIST_ALIASES_REQUEST[3], member(&self.max_items));
    }
}

static M_LIST_CAPACITY_PROVIDERS_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "State", required: false, rule: &R_CAPACITY_PROVIDER_STATE },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_FIFTY_LIST_ITEMS },
];

impl Shape for ListCapacityProvidersRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_CAPACITY_PROVIDERS_REQUEST[0], member(&self.state));
        visit(&M_LIST_CAPACITY_PROVIDERS_REQUEST[1], member(&self.marker));
        visit(&M_LIST_CAPACITY_PROVIDERS_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_CODE_SIGNING_CONFIGS_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListCodeSigningConfigsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_CODE_SIGNING_CONFIGS_REQUEST[0], member(&self.marker));
        visit(&M_LIST_CODE_SIGNING_CONFIGS_REQUEST[1], member(&self.max_items));
    }
}

static M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST: [MemberInfo; 9] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "DurableExecutionName", required: false, rule: &R_DURABLE_EXECUTION_NAME },
    MemberInfo { name: "Statuses", required: false, rule: &R_EXECUTION_STATUS_LIST },
    MemberInfo { name: "StartedAfter", required: false, rule: &Rule::NONE },
    MemberInfo { name: "StartedBefore", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ReverseOrder", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_ITEM_COUNT },
];

impl Shape for ListDurableExecutionsByFunctionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[1], member(&self.qualifier));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[2], member(&self.durable_execution_name));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[3], member(&self.statuses));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[4], member(&self.started_after));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[5], member(&self.started_before));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[6], member(&self.reverse_order));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[7], member(&self.marker));
        visit(&M_LIST_DURABLE_EXECUTIONS_BY_FUNCTION_REQUEST[8], member(&self.max_items));
    }
}

static M_LIST_EVENT_SOURCE_MAPPINGS_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "EventSourceArn", required: false, rule: &R_ARN },
    MemberInfo { name: "FunctionName", required: false, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListEventSourceMappingsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_EVENT_SOURCE_MAPPINGS_REQUEST[0], member(&self.event_source_arn));
        visit(&M_LIST_EVENT_SOURCE_MAPPINGS_REQUEST[1], member(&self.function_name));
        visit(&M_LIST_EVENT_SOURCE_MAPPINGS_REQUEST[2], member(&self.marker));
        visit(&M_LIST_EVENT_SOURCE_MAPPINGS_REQUEST[3], member(&self.max_items));
    }
}

static M_LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_FUNCTION_EVENT_INVOKE_CONFIG_LIST_ITEMS },
];

impl Shape for ListFunctionEventInvokeConfigsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST[1], member(&self.marker));
        visit(&M_LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_FUNCTION_URL_CONFIGS_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_URL_FUNCTION_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_ITEMS },
];

impl Shape for ListFunctionUrlConfigsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_FUNCTION_URL_CONFIGS_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_FUNCTION_URL_CONFIGS_REQUEST[1], member(&self.marker));
        visit(&M_LIST_FUNCTION_URL_CONFIGS_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "CapacityProviderName", required: true, rule: &R_CAPACITY_PROVIDER_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_FIFTY_LIST_ITEMS },
];

impl Shape for ListFunctionVersionsByCapacityProviderRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(
            &M_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER_REQUEST[0],
            member(&self.capacity_provider_name),
        );
        visit(&M_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER_REQUEST[1], member(&self.marker));
        visit(&M_LIST_FUNCTION_VERSIONS_BY_CAPACITY_PROVIDER_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "CodeSigningConfigArn", required: true, rule: &R_CODE_SIGNING_CONFIG_ARN },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListFunctionsByCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.code_signing_config_arn));
        visit(&M_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG_REQUEST[1], member(&self.marker));
        visit(&M_LIST_FUNCTIONS_BY_CODE_SIGNING_CONFIG_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_FUNCTIONS_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "MasterRegion", required: false, rule: &R_MASTER_REGION },
    MemberInfo { name: "FunctionVersion", required: false, rule: &R_FUNCTION_VERSION },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListFunctionsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_FUNCTIONS_REQUEST[0], member(&self.master_region));
        visit(&M_LIST_FUNCTIONS_REQUEST[1], member(&self.function_version));
        visit(&M_LIST_FUNCTIONS_REQUEST[2], member(&self.marker));
        visit(&M_LIST_FUNCTIONS_REQUEST[3], member(&self.max_items));
    }
}

static M_LIST_LAYER_VERSIONS_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "CompatibleArchitecture", required: false, rule: &R_ARCHITECTURE },
    MemberInfo { name: "CompatibleRuntime", required: false, rule: &R_RUNTIME },
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LAYER_LIST_ITEMS },
];

impl Shape for ListLayerVersionsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_LAYER_VERSIONS_REQUEST[0], member(&self.compatible_architecture));
        visit(&M_LIST_LAYER_VERSIONS_REQUEST[1], member(&self.compatible_runtime));
        visit(&M_LIST_LAYER_VERSIONS_REQUEST[2], member(&self.layer_name));
        visit(&M_LIST_LAYER_VERSIONS_REQUEST[3], member(&self.marker));
        visit(&M_LIST_LAYER_VERSIONS_REQUEST[4], member(&self.max_items));
    }
}

static M_LIST_LAYERS_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "CompatibleArchitecture", required: false, rule: &R_ARCHITECTURE },
    MemberInfo { name: "CompatibleRuntime", required: false, rule: &R_RUNTIME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LAYER_LIST_ITEMS },
];

impl Shape for ListLayersRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_LAYERS_REQUEST[0], member(&self.compatible_architecture));
        visit(&M_LIST_LAYERS_REQUEST[1], member(&self.compatible_runtime));
        visit(&M_LIST_LAYERS_REQUEST[2], member(&self.marker));
        visit(&M_LIST_LAYERS_REQUEST[3], member(&self.max_items));
    }
}

static M_LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_PROVISIONED_CONCURRENCY_CONFIG_LIST_ITEMS },
];

impl Shape for ListProvisionedConcurrencyConfigsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST[1], member(&self.marker));
        visit(&M_LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST[2], member(&self.max_items));
    }
}

static M_LIST_TAGS_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "Resource", required: true, rule: &R_TAGGABLE_RESOURCE }];

impl Shape for ListTagsRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_TAGS_REQUEST[0], member(&self.resource));
    }
}

static M_LIST_VERSIONS_BY_FUNCTION_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Marker", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaxItems", required: false, rule: &R_MAX_LIST_ITEMS },
];

impl Shape for ListVersionsByFunctionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LIST_VERSIONS_BY_FUNCTION_REQUEST[0], member(&self.function_name));
        visit(&M_LIST_VERSIONS_BY_FUNCTION_REQUEST[1], member(&self.marker));
        visit(&M_LIST_VERSIONS_BY_FUNCTION_REQUEST[2], member(&self.max_items));
    }
}

static M_LOGGING_CONFIG: [MemberInfo; 4] = [
    MemberInfo { name: "LogFormat", required: false, rule: &R_LOG_FORMAT },
    MemberInfo { name: "ApplicationLogLevel", required: false, rule: &R_APPLICATION_LOG_LEVEL },
    MemberInfo { name: "SystemLogLevel", required: false, rule: &R_SYSTEM_LOG_LEVEL },
    MemberInfo { name: "LogGroup", required: false, rule: &R_LOG_GROUP },
];

impl Shape for LoggingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_LOGGING_CONFIG[0], member(&self.log_format));
        visit(&M_LOGGING_CONFIG[1], member(&self.application_log_level));
        visit(&M_LOGGING_CONFIG[2], member(&self.system_log_level));
        visit(&M_LOGGING_CONFIG[3], member(&self.log_group));
    }
}

static M_ON_FAILURE: [MemberInfo; 1] =
    [MemberInfo { name: "Destination", required: false, rule: &R_DESTINATION_ARN }];

impl Shape for OnFailure {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ON_FAILURE[0], member(&self.destination));
    }
}

static M_ON_SUCCESS: [MemberInfo; 1] =
    [MemberInfo { name: "Destination", required: false, rule: &R_DESTINATION_ARN }];

impl Shape for OnSuccess {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_ON_SUCCESS[0], member(&self.destination));
    }
}

static M_OPERATION_UPDATE: [MemberInfo; 13] = [
    MemberInfo { name: "Id", required: true, rule: &R_OPERATION_ID },
    MemberInfo { name: "ParentId", required: false, rule: &R_OPERATION_ID },
    MemberInfo { name: "Name", required: false, rule: &R_OPERATION_NAME },
    MemberInfo { name: "Type", required: true, rule: &R_OPERATION_TYPE },
    MemberInfo { name: "SubType", required: false, rule: &R_OPERATION_SUB_TYPE },
    MemberInfo { name: "Action", required: true, rule: &R_OPERATION_ACTION },
    MemberInfo { name: "Payload", required: false, rule: &R_OPERATION_PAYLOAD },
    MemberInfo { name: "Error", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ContextOptions", required: false, rule: &Rule::NONE },
    MemberInfo { name: "StepOptions", required: false, rule: &Rule::NONE },
    MemberInfo { name: "WaitOptions", required: false, rule: &Rule::NONE },
    MemberInfo { name: "CallbackOptions", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ChainedInvokeOptions", required: false, rule: &Rule::NONE },
];

impl Shape for OperationUpdate {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_OPERATION_UPDATE[0], member(&self.id));
        visit(&M_OPERATION_UPDATE[1], member(&self.parent_id));
        visit(&M_OPERATION_UPDATE[2], member(&self.name));
        visit(&M_OPERATION_UPDATE[3], member(&self.type_));
        visit(&M_OPERATION_UPDATE[4], member(&self.sub_type));
        visit(&M_OPERATION_UPDATE[5], member(&self.action));
        visit(&M_OPERATION_UPDATE[6], member(&self.payload));
        visit(&M_OPERATION_UPDATE[7], member(&self.error));
        visit(&M_OPERATION_UPDATE[8], member(&self.context_options));
        visit(&M_OPERATION_UPDATE[9], member(&self.step_options));
        visit(&M_OPERATION_UPDATE[10], member(&self.wait_options));
        visit(&M_OPERATION_UPDATE[11], member(&self.callback_options));
        visit(&M_OPERATION_UPDATE[12], member(&self.chained_invoke_options));
    }
}

static M_PAUSE_DURABLE_EXECUTION_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "ClientToken", required: false, rule: &R_CLIENT_TOKEN },
    MemberInfo { name: "Reason", required: false, rule: &R_PAUSE_REASON },
    MemberInfo { name: "ExecutionTimeoutPaused", required: false, rule: &Rule::NONE },
];

impl Shape for PauseDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PAUSE_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_PAUSE_DURABLE_EXECUTION_REQUEST[1], member(&self.client_token));
        visit(&M_PAUSE_DURABLE_EXECUTION_REQUEST[2], member(&self.reason));
        visit(&M_PAUSE_DURABLE_EXECUTION_REQUEST[3], member(&self.execution_timeout_paused));
    }
}

static M_PROPAGATE_TAGS: [MemberInfo; 2] = [
    MemberInfo { name: "Mode", required: false, rule: &R_PROPAGATE_TAGS_MODE },
    MemberInfo { name: "ExplicitTags", required: false, rule: &R_PROPAGATE_TAGS_EXPLICIT_TAGS_MAP },
];

impl Shape for PropagateTags {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PROPAGATE_TAGS[0], member(&self.mode));
        visit(&M_PROPAGATE_TAGS[1], member(&self.explicit_tags));
    }
}

static M_PROVISIONED_POLLER_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "MinimumPollers", required: false, rule: &R_MINIMUM_NUMBER_OF_POLLERS },
    MemberInfo { name: "MaximumPollers", required: false, rule: &R_MAXIMUM_NUMBER_OF_POLLERS },
    MemberInfo { name: "PollerGroupName", required: false, rule: &R_PROVISIONED_POLLER_GROUP_NAME },
];

impl Shape for ProvisionedPollerConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PROVISIONED_POLLER_CONFIG[0], member(&self.minimum_pollers));
        visit(&M_PROVISIONED_POLLER_CONFIG[1], member(&self.maximum_pollers));
        visit(&M_PROVISIONED_POLLER_CONFIG[2], member(&self.poller_group_name));
    }
}

static M_PUBLISH_LAYER_VERSION_REQUEST: [MemberInfo; 6] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "Content", required: true, rule: &Rule::NONE },
    MemberInfo { name: "CompatibleArchitectures", required: false, rule: &R_COMPATIBLE_ARCHITECTURES },
    MemberInfo { name: "CompatibleRuntimes", required: false, rule: &R_COMPATIBLE_RUNTIMES },
    MemberInfo { name: "LicenseInfo", required: false, rule: &R_LICENSE_INFO },
];

impl Shape for PublishLayerVersionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[0], member(&self.layer_name));
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[1], member(&self.description));
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[2], member(&self.content));
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[3], member(&self.compatible_architectures));
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[4], member(&self.compatible_runtimes));
        visit(&M_PUBLISH_LAYER_VERSION_REQUEST[5], member(&self.license_info));
    }
}

static M_PUBLISH_VERSION_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "CodeSha256", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PublishTo", required: false, rule: &R_FUNCTION_VERSION_LATEST_PUBLISHED },
];

impl Shape for PublishVersionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUBLISH_VERSION_REQUEST[0], member(&self.function_name));
        visit(&M_PUBLISH_VERSION_REQUEST[1], member(&self.code_sha256));
        visit(&M_PUBLISH_VERSION_REQUEST[2], member(&self.description));
        visit(&M_PUBLISH_VERSION_REQUEST[3], member(&self.revision_id));
        visit(&M_PUBLISH_VERSION_REQUEST[4], member(&self.publish_to));
    }
}

static M_PUT_FUNCTION_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "CodeSigningConfigArn", required: true, rule: &R_CODE_SIGNING_CONFIG_ARN },
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
];

impl Shape for PutFunctionCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_FUNCTION_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.code_signing_config_arn));
        visit(&M_PUT_FUNCTION_CODE_SIGNING_CONFIG_REQUEST[1], member(&self.function_name));
    }
}

static M_PUT_FUNCTION_CONCURRENCY_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo {
        name: "ReservedConcurrentExecutions",
        required: true,
        rule: &R_RESERVED_CONCURRENT_EXECUTIONS,
    },
];

impl Shape for PutFunctionConcurrencyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_FUNCTION_CONCURRENCY_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_FUNCTION_CONCURRENCY_REQUEST[1], member(&self.reserved_concurrent_executions));
    }
}

static M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "MaximumRetryAttempts", required: false, rule: &R_MAXIMUM_RETRY_ATTEMPTS },
    MemberInfo { name: "MaximumEventAgeInSeconds", required: false, rule: &R_MAXIMUM_EVENT_AGE_IN_SECONDS },
    MemberInfo { name: "DestinationConfig", required: false, rule: &Rule::NONE },
];

impl Shape for PutFunctionEventInvokeConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[2], member(&self.maximum_retry_attempts));
        visit(&M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[3], member(&self.maximum_event_age_in_seconds));
        visit(&M_PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[4], member(&self.destination_config));
    }
}

static M_PUT_FUNCTION_RECURSION_CONFIG_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_UNQUALIFIED_FUNCTION_NAME },
    MemberInfo { name: "RecursiveLoop", required: true, rule: &R_RECURSIVE_LOOP },
];

impl Shape for PutFunctionRecursionConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_FUNCTION_RECURSION_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_FUNCTION_RECURSION_CONFIG_REQUEST[1], member(&self.recursive_loop));
    }
}

static M_PUT_FUNCTION_SCALING_CONFIG_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_UNQUALIFIED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: true, rule: &R_PUBLISHED_FUNCTION_QUALIFIER },
    MemberInfo { name: "FunctionScalingConfig", required: false, rule: &Rule::NONE },
];

impl Shape for PutFunctionScalingConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_FUNCTION_SCALING_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_FUNCTION_SCALING_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_PUT_FUNCTION_SCALING_CONFIG_REQUEST[2], member(&self.function_scaling_config));
    }
}

static M_PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: true, rule: &R_QUALIFIER },
    MemberInfo { name: "ProvisionedConcurrentExecutions", required: true, rule: &R_POSITIVE_INTEGER },
];

impl Shape for PutProvisionedConcurrencyConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(
            &M_PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST[2],
            member(&self.provisioned_concurrent_executions),
        );
    }
}

static M_PUT_RESOURCE_POLICY_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "ResourceArn", required: true, rule: &R_POLICY_RESOURCE_ARN },
    MemberInfo { name: "Policy", required: true, rule: &R_RESOURCE_POLICY },
    MemberInfo { name: "RevisionId", required: false, rule: &R_REVISION_ID },
];

impl Shape for PutResourcePolicyRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_RESOURCE_POLICY_REQUEST[0], member(&self.resource_arn));
        visit(&M_PUT_RESOURCE_POLICY_REQUEST[1], member(&self.policy));
        visit(&M_PUT_RESOURCE_POLICY_REQUEST[2], member(&self.revision_id));
    }
}

static M_PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "UpdateRuntimeOn", required: true, rule: &R_UPDATE_RUNTIME_ON },
    MemberInfo { name: "RuntimeVersionArn", required: false, rule: &R_RUNTIME_VERSION_ARN },
];

impl Shape for PutRuntimeManagementConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST[2], member(&self.update_runtime_on));
        visit(&M_PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST[3], member(&self.runtime_version_arn));
    }
}

static M_REMOVE_LAYER_VERSION_PERMISSION_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "LayerName", required: true, rule: &R_LAYER_NAME_OR_ARN },
    MemberInfo { name: "VersionNumber", required: true, rule: &Rule::NONE },
    MemberInfo { name: "StatementId", required: true, rule: &R_STATEMENT_ID },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
];

impl Shape for RemoveLayerVersionPermissionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_REMOVE_LAYER_VERSION_PERMISSION_REQUEST[0], member(&self.layer_name));
        visit(&M_REMOVE_LAYER_VERSION_PERMISSION_REQUEST[1], member(&self.version_number));
        visit(&M_REMOVE_LAYER_VERSION_PERMISSION_REQUEST[2], member(&self.statement_id));
        visit(&M_REMOVE_LAYER_VERSION_PERMISSION_REQUEST[3], member(&self.revision_id));
    }
}

static M_REMOVE_PERMISSION_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "StatementId", required: true, rule: &R_NAMESPACED_STATEMENT_ID },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
];

impl Shape for RemovePermissionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_REMOVE_PERMISSION_REQUEST[0], member(&self.function_name));
        visit(&M_REMOVE_PERMISSION_REQUEST[1], member(&self.statement_id));
        visit(&M_REMOVE_PERMISSION_REQUEST[2], member(&self.qualifier));
        visit(&M_REMOVE_PERMISSION_REQUEST[3], member(&self.revision_id));
    }
}

static M_RESUME_DURABLE_EXECUTION_REQUEST: [MemberInfo; 3] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "ClientToken", required: false, rule: &R_CLIENT_TOKEN },
    MemberInfo { name: "Reason", required: false, rule: &R_RESUME_REASON },
];

impl Shape for ResumeDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_RESUME_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_RESUME_DURABLE_EXECUTION_REQUEST[1], member(&self.client_token));
        visit(&M_RESUME_DURABLE_EXECUTION_REQUEST[2], member(&self.reason));
    }
}

static M_S3_FILES_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "DirectS3Read", required: false, rule: &R_DIRECT_S3_READ }];

impl Shape for S3FilesConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_S3_FILES_CONFIG[0], member(&self.direct_s3_read));
    }
}

static M_SCALING_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "MaximumConcurrency", required: false, rule: &R_MAXIMUM_CONCURRENCY }];

impl Shape for ScalingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SCALING_CONFIG[0], member(&self.maximum_concurrency));
    }
}

static M_SELF_MANAGED_EVENT_SOURCE: [MemberInfo; 1] =
    [MemberInfo { name: "Endpoints", required: false, rule: &R_ENDPOINTS }];

impl Shape for SelfManagedEventSource {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SELF_MANAGED_EVENT_SOURCE[0], member(&self.endpoints));
    }
}

static M_SELF_MANAGED_KAFKA_EVENT_SOURCE_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "ConsumerGroupId", required: false, rule: &R_URI },
    MemberInfo { name: "SchemaRegistryConfig", required: false, rule: &Rule::NONE },
    MemberInfo {
        name: "ConsumptionMode",
        required: false,
        rule: &R_KAFKA_EVENT_SOURCE_MAPPING_CONSUMPTION_MODE,
    },
];

impl Shape for SelfManagedKafkaEventSourceConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SELF_MANAGED_KAFKA_EVENT_SOURCE_CONFIG[0], member(&self.consumer_group_id));
        visit(&M_SELF_MANAGED_KAFKA_EVENT_SOURCE_CONFIG[1], member(&self.schema_registry_config));
        visit(&M_SELF_MANAGED_KAFKA_EVENT_SOURCE_CONFIG[2], member(&self.consumption_mode));
    }
}

static M_SEND_DURABLE_EXECUTION_CALLBACK_FAILURE_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "CallbackId", required: true, rule: &R_CALLBACK_ID },
    MemberInfo { name: "Error", required: false, rule: &Rule::NONE },
];

impl Shape for SendDurableExecutionCallbackFailureRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SEND_DURABLE_EXECUTION_CALLBACK_FAILURE_REQUEST[0], member(&self.callback_id));
        visit(&M_SEND_DURABLE_EXECUTION_CALLBACK_FAILURE_REQUEST[1], member(&self.error));
    }
}

static M_SEND_DURABLE_EXECUTION_CALLBACK_HEARTBEAT_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CallbackId", required: true, rule: &R_CALLBACK_ID }];

impl Shape for SendDurableExecutionCallbackHeartbeatRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SEND_DURABLE_EXECUTION_CALLBACK_HEARTBEAT_REQUEST[0], member(&self.callback_id));
    }
}

static M_SEND_DURABLE_EXECUTION_CALLBACK_SUCCESS_REQUEST: [MemberInfo; 1] =
    [MemberInfo { name: "CallbackId", required: true, rule: &R_CALLBACK_ID }];

impl Shape for SendDurableExecutionCallbackSuccessRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SEND_DURABLE_EXECUTION_CALLBACK_SUCCESS_REQUEST[0], member(&self.callback_id));
    }
}

static M_SNAP_START: [MemberInfo; 1] =
    [MemberInfo { name: "ApplyOn", required: false, rule: &R_SNAP_START_APPLY_ON }];

impl Shape for SnapStart {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SNAP_START[0], member(&self.apply_on));
    }
}

static M_SOURCE_ACCESS_CONFIGURATION: [MemberInfo; 2] = [
    MemberInfo { name: "Type", required: false, rule: &R_SOURCE_ACCESS_TYPE },
    MemberInfo { name: "URI", required: false, rule: &R_URI },
];

impl Shape for SourceAccessConfiguration {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_SOURCE_ACCESS_CONFIGURATION[0], member(&self.type_));
        visit(&M_SOURCE_ACCESS_CONFIGURATION[1], member(&self.uri));
    }
}

static M_STEP_OPTIONS: [MemberInfo; 1] = [MemberInfo {
    name: "NextAttemptDelaySeconds",
    required: false,
    rule: &R_STEP_OPTIONS_NEXT_ATTEMPT_DELAY_SECONDS_INTEGER,
}];

impl Shape for StepOptions {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_STEP_OPTIONS[0], member(&self.next_attempt_delay_seconds));
    }
}

static M_STOP_DURABLE_EXECUTION_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "DurableExecutionArn", required: true, rule: &R_DURABLE_EXECUTION_ARN },
    MemberInfo { name: "Error", required: false, rule: &Rule::NONE },
];

impl Shape for StopDurableExecutionRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_STOP_DURABLE_EXECUTION_REQUEST[0], member(&self.durable_execution_arn));
        visit(&M_STOP_DURABLE_EXECUTION_REQUEST[1], member(&self.error));
    }
}

static M_TAG_RESOURCE_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "Resource", required: true, rule: &R_TAGGABLE_RESOURCE },
    MemberInfo { name: "Tags", required: true, rule: &R_TAGS },
];

impl Shape for TagResourceRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_TAG_RESOURCE_REQUEST[0], member(&self.resource));
        visit(&M_TAG_RESOURCE_REQUEST[1], member(&self.tags));
    }
}

static M_TARGET_TRACKING_SCALING_POLICY: [MemberInfo; 2] = [
    MemberInfo {
        name: "PredefinedMetricType",
        required: true,
        rule: &R_CAPACITY_PROVIDER_PREDEFINED_METRIC_TYPE,
    },
    MemberInfo { name: "TargetValue", required: true, rule: &R_METRIC_TARGET_VALUE },
];

impl Shape for TargetTrackingScalingPolicy {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_TARGET_TRACKING_SCALING_POLICY[0], member(&self.predefined_metric_type));
        visit(&M_TARGET_TRACKING_SCALING_POLICY[1], member(&self.target_value));
    }
}

static M_TENANCY_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "TenantIsolationMode", required: true, rule: &R_TENANT_ISOLATION_MODE }];

impl Shape for TenancyConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_TENANCY_CONFIG[0], member(&self.tenant_isolation_mode));
    }
}

static M_TRACING_CONFIG: [MemberInfo; 1] =
    [MemberInfo { name: "Mode", required: false, rule: &R_TRACING_MODE }];

impl Shape for TracingConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_TRACING_CONFIG[0], member(&self.mode));
    }
}

static M_UNTAG_RESOURCE_REQUEST: [MemberInfo; 2] = [
    MemberInfo { name: "Resource", required: true, rule: &R_TAGGABLE_RESOURCE },
    MemberInfo { name: "TagKeys", required: true, rule: &R_TAG_KEY_LIST },
];

impl Shape for UntagResourceRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UNTAG_RESOURCE_REQUEST[0], member(&self.resource));
        visit(&M_UNTAG_RESOURCE_REQUEST[1], member(&self.tag_keys));
    }
}

static M_UPDATE_ALIAS_REQUEST: [MemberInfo; 6] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Name", required: true, rule: &R_ALIAS },
    MemberInfo { name: "FunctionVersion", required: false, rule: &R_VERSION_WITH_LATEST_PUBLISHED },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "RoutingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateAliasRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_ALIAS_REQUEST[0], member(&self.function_name));
        visit(&M_UPDATE_ALIAS_REQUEST[1], member(&self.name));
        visit(&M_UPDATE_ALIAS_REQUEST[2], member(&self.function_version));
        visit(&M_UPDATE_ALIAS_REQUEST[3], member(&self.description));
        visit(&M_UPDATE_ALIAS_REQUEST[4], member(&self.routing_config));
        visit(&M_UPDATE_ALIAS_REQUEST[5], member(&self.revision_id));
    }
}

static M_UPDATE_CAPACITY_PROVIDER_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "CapacityProviderName", required: true, rule: &R_CAPACITY_PROVIDER_NAME },
    MemberInfo { name: "CapacityProviderScalingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PropagateTags", required: false, rule: &Rule::NONE },
    MemberInfo { name: "TelemetryConfig", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateCapacityProviderRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_CAPACITY_PROVIDER_REQUEST[0], member(&self.capacity_provider_name));
        visit(&M_UPDATE_CAPACITY_PROVIDER_REQUEST[1], member(&self.capacity_provider_scaling_config));
        visit(&M_UPDATE_CAPACITY_PROVIDER_REQUEST[2], member(&self.propagate_tags));
        visit(&M_UPDATE_CAPACITY_PROVIDER_REQUEST[3], member(&self.telemetry_config));
    }
}

static M_UPDATE_CODE_SIGNING_CONFIG_REQUEST: [MemberInfo; 4] = [
    MemberInfo { name: "CodeSigningConfigArn", required: true, rule: &R_CODE_SIGNING_CONFIG_ARN },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "AllowedPublishers", required: false, rule: &Rule::NONE },
    MemberInfo { name: "CodeSigningPolicies", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateCodeSigningConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_CODE_SIGNING_CONFIG_REQUEST[0], member(&self.code_signing_config_arn));
        visit(&M_UPDATE_CODE_SIGNING_CONFIG_REQUEST[1], member(&self.description));
        visit(&M_UPDATE_CODE_SIGNING_CONFIG_REQUEST[2], member(&self.allowed_publishers));
        visit(&M_UPDATE_CODE_SIGNING_CONFIG_REQUEST[3], member(&self.code_signing_policies));
    }
}

static M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST: [MemberInfo; 22] = [
    MemberInfo { name: "UUID", required: true, rule: &R_UUID_STRING },
    MemberInfo { name: "FunctionName", required: false, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Enabled", required: false, rule: &Rule::NONE },
    MemberInfo { name: "BatchSize", required: false, rule: &R_BATCH_SIZE },
    MemberInfo { name: "FilterCriteria", required: false, rule: &Rule::NONE },
    MemberInfo { name: "KMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
    MemberInfo { name: "MetricsConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "LoggingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ScalingConfig", required: false, rule: &Rule::NONE },
    MemberInfo {
        name: "MaximumBatchingWindowInSeconds",
        required: false,
        rule: &R_MAXIMUM_BATCHING_WINDOW_IN_SECONDS,
    },
    MemberInfo { name: "ParallelizationFactor", required: false, rule: &R_PARALLELIZATION_FACTOR },
    MemberInfo { name: "DestinationConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "MaximumRecordAgeInSeconds", required: false, rule: &R_MAXIMUM_RECORD_AGE_IN_SECONDS },
    MemberInfo { name: "BisectBatchOnFunctionError", required: false, rule: &Rule::NONE },
    MemberInfo {
        name: "MaximumRetryAttempts",
        required: false,
        rule: &R_MAXIMUM_RETRY_ATTEMPTS_EVENT_SOURCE_MAPPING,
    },
    MemberInfo { name: "TumblingWindowInSeconds", required: false, rule: &R_TUMBLING_WINDOW_IN_SECONDS },
    MemberInfo { name: "SourceAccessConfigurations", required: false, rule: &R_SOURCE_ACCESS_CONFIGURATIONS },
    MemberInfo { name: "FunctionResponseTypes", required: false, rule: &R_FUNCTION_RESPONSE_TYPE_LIST },
    MemberInfo { name: "AmazonManagedKafkaEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SelfManagedKafkaEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DocumentDBEventSourceConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "ProvisionedPollerConfig", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateEventSourceMappingRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[0], member(&self.uuid));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[1], member(&self.function_name));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[2], member(&self.enabled));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[3], member(&self.batch_size));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[4], member(&self.filter_criteria));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[5], member(&self.kms_key_arn));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[6], member(&self.metrics_config));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[7], member(&self.logging_config));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[8], member(&self.scaling_config));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[9], member(&self.maximum_batching_window_in_seconds));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[10], member(&self.parallelization_factor));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[11], member(&self.destination_config));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[12], member(&self.maximum_record_age_in_seconds));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[13], member(&self.bisect_batch_on_function_error));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[14], member(&self.maximum_retry_attempts));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[15], member(&self.tumbling_window_in_seconds));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[16], member(&self.source_access_configurations));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[17], member(&self.function_response_types));
        visit(
            &M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[18],
            member(&self.amazon_managed_kafka_event_source_config),
        );
        visit(
            &M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[19],
            member(&self.self_managed_kafka_event_source_config),
        );
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[20], member(&self.document_db_event_source_config));
        visit(&M_UPDATE_EVENT_SOURCE_MAPPING_REQUEST[21], member(&self.provisioned_poller_config));
    }
}

static M_UPDATE_FUNCTION_CODE_REQUEST: [MemberInfo; 13] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "ZipFile", required: false, rule: &R_BLOB },
    MemberInfo { name: "S3Bucket", required: false, rule: &R_S3_BUCKET },
    MemberInfo { name: "S3Key", required: false, rule: &R_S3_KEY },
    MemberInfo { name: "S3ObjectVersion", required: false, rule: &R_S3_OBJECT_VERSION },
    MemberInfo { name: "S3ObjectStorageMode", required: false, rule: &R_S3_OBJECT_STORAGE_MODE },
    MemberInfo { name: "ImageUri", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Architectures", required: false, rule: &R_ARCHITECTURES_LIST },
    MemberInfo { name: "Publish", required: false, rule: &Rule::NONE },
    MemberInfo { name: "PublishTo", required: false, rule: &R_FUNCTION_VERSION_LATEST_PUBLISHED },
    MemberInfo { name: "DryRun", required: false, rule: &Rule::NONE },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SourceKMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
];

impl Shape for UpdateFunctionCodeRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[0], member(&self.function_name));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[1], member(&self.zip_file));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[2], member(&self.s3_bucket));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[3], member(&self.s3_key));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[4], member(&self.s3_object_version));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[5], member(&self.s3_object_storage_mode));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[6], member(&self.image_uri));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[7], member(&self.architectures));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[8], member(&self.publish));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[9], member(&self.publish_to));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[10], member(&self.dry_run));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[11], member(&self.revision_id));
        visit(&M_UPDATE_FUNCTION_CODE_REQUEST[12], member(&self.source_kms_key_arn));
    }
}

static M_UPDATE_FUNCTION_CONFIGURATION_REQUEST: [MemberInfo; 23] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_NAME },
    MemberInfo { name: "Role", required: false, rule: &R_ROLE_ARN },
    MemberInfo { name: "Handler", required: false, rule: &R_HANDLER },
    MemberInfo { name: "Description", required: false, rule: &R_DESCRIPTION },
    MemberInfo { name: "Timeout", required: false, rule: &R_TIMEOUT },
    MemberInfo { name: "MemorySize", required: false, rule: &R_MEMORY_SIZE },
    MemberInfo { name: "VpcConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Environment", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Runtime", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DeadLetterConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "KMSKeyArn", required: false, rule: &R_KMS_KEY_ARN },
    MemberInfo { name: "TracingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "RevisionId", required: false, rule: &Rule::NONE },
    MemberInfo { name: "Layers", required: false, rule: &R_LAYER_LIST },
    MemberInfo { name: "FileSystemConfigs", required: false, rule: &R_FILE_SYSTEM_CONFIG_LIST },
    MemberInfo { name: "ImageConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "EphemeralStorage", required: false, rule: &Rule::NONE },
    MemberInfo { name: "SnapStart", required: false, rule: &Rule::NONE },
    MemberInfo { name: "LoggingConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "CapacityProviderConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "DurableConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "RuntimeConfig", required: false, rule: &Rule::NONE },
    MemberInfo { name: "AcceleratorConfig", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateFunctionConfigurationRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[0], member(&self.function_name));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[1], member(&self.role));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[2], member(&self.handler));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[3], member(&self.description));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[4], member(&self.timeout));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[5], member(&self.memory_size));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[6], member(&self.vpc_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[7], member(&self.environment));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[8], member(&self.runtime));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[9], member(&self.dead_letter_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[10], member(&self.kms_key_arn));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[11], member(&self.tracing_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[12], member(&self.revision_id));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[13], member(&self.layers));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[14], member(&self.file_system_configs));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[15], member(&self.image_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[16], member(&self.ephemeral_storage));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[17], member(&self.snap_start));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[18], member(&self.logging_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[19], member(&self.capacity_provider_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[20], member(&self.durable_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[21], member(&self.runtime_config));
        visit(&M_UPDATE_FUNCTION_CONFIGURATION_REQUEST[22], member(&self.accelerator_config));
    }
}

static M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_NAMESPACED_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER },
    MemberInfo { name: "MaximumRetryAttempts", required: false, rule: &R_MAXIMUM_RETRY_ATTEMPTS },
    MemberInfo { name: "MaximumEventAgeInSeconds", required: false, rule: &R_MAXIMUM_EVENT_AGE_IN_SECONDS },
    MemberInfo { name: "DestinationConfig", required: false, rule: &Rule::NONE },
];

impl Shape for UpdateFunctionEventInvokeConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[2], member(&self.maximum_retry_attempts));
        visit(&M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[3], member(&self.maximum_event_age_in_seconds));
        visit(&M_UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST[4], member(&self.destination_config));
    }
}

static M_UPDATE_FUNCTION_URL_CONFIG_REQUEST: [MemberInfo; 5] = [
    MemberInfo { name: "FunctionName", required: true, rule: &R_FUNCTION_URL_FUNCTION_NAME },
    MemberInfo { name: "Qualifier", required: false, rule: &R_FUNCTION_URL_QUALIFIER },
    MemberInfo { name: "AuthType", required: false, rule: &R_FUNCTION_URL_AUTH_TYPE },
    MemberInfo { name: "Cors", required: false, rule: &Rule::NONE },
    MemberInfo { name: "InvokeMode", required: false, rule: &R_INVOKE_MODE },
];

impl Shape for UpdateFunctionUrlConfigRequest {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_UPDATE_FUNCTION_URL_CONFIG_REQUEST[0], member(&self.function_name));
        visit(&M_UPDATE_FUNCTION_URL_CONFIG_REQUEST[1], member(&self.qualifier));
        visit(&M_UPDATE_FUNCTION_URL_CONFIG_REQUEST[2], member(&self.auth_type));
        visit(&M_UPDATE_FUNCTION_URL_CONFIG_REQUEST[3], member(&self.cors));
        visit(&M_UPDATE_FUNCTION_URL_CONFIG_REQUEST[4], member(&self.invoke_mode));
    }
}

static M_VPC_CONFIG: [MemberInfo; 3] = [
    MemberInfo { name: "SubnetIds", required: false, rule: &R_SUBNET_IDS },
    MemberInfo { name: "SecurityGroupIds", required: false, rule: &R_SECURITY_GROUP_IDS },
    MemberInfo { name: "Ipv6AllowedForDualStack", required: false, rule: &Rule::NONE },
];

impl Shape for VpcConfig {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_VPC_CONFIG[0], member(&self.subnet_ids));
        visit(&M_VPC_CONFIG[1], member(&self.security_group_ids));
        visit(&M_VPC_CONFIG[2], member(&self.ipv6_allowed_for_dual_stack));
    }
}

static M_WAIT_OPTIONS: [MemberInfo; 1] =
    [MemberInfo { name: "WaitSeconds", required: false, rule: &R_WAIT_OPTIONS_WAIT_SECONDS_INTEGER }];

impl Shape for WaitOptions {
    fn visit(&self, visit: Visit<'_>) {
        visit(&M_WAIT_OPTIONS[0], member(&self.wait_seconds));
    }
}
