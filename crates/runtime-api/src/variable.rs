//! Names of the variables that a runtime finds, and which of them a customer can not set.

pub const HANDLER: &str = "_HANDLER";
pub const REGION: &str = "AWS_REGION";
pub const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
pub const EXECUTION_ENV: &str = "AWS_EXECUTION_ENV";
pub const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
pub const FUNCTION_VERSION: &str = "AWS_LAMBDA_FUNCTION_VERSION";
pub const FUNCTION_MEMORY_SIZE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
pub const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
pub const LOG_GROUP_NAME: &str = "AWS_LAMBDA_LOG_GROUP_NAME";
pub const LOG_STREAM_NAME: &str = "AWS_LAMBDA_LOG_STREAM_NAME";
/// A script that starts the runtime in its own way; read before the runtime is.
pub const EXEC_WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";
pub const LOG_FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";
pub const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
pub const ENDPOINT_URL_LAMBDA: &str = "AWS_ENDPOINT_URL_LAMBDA";
pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// In place of the three above in an environment with SnapStart.
pub const CONTAINER_CREDENTIALS_FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// Sent back as the `Authorization` of a request for credentials.
pub const CONTAINER_AUTHORIZATION_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
pub const XRAY_CONTEXT_MISSING: &str = "AWS_XRAY_CONTEXT_MISSING";
pub const XRAY_DAEMON_ADDRESS: &str = "AWS_XRAY_DAEMON_ADDRESS";
pub const LEGACY_XRAY_DAEMON_ADDRESS: &str = "_AWS_XRAY_DAEMON_ADDRESS";
pub const LEGACY_XRAY_DAEMON_PORT: &str = "_AWS_XRAY_DAEMON_PORT";
pub const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";
pub const RUNTIME_DIR: &str = "LAMBDA_RUNTIME_DIR";
/// Set by the sandbox: the descriptor of the telemetry pipe.
pub const TELEMETRY_LOG_FD: &str = "_LAMBDA_TELEMETRY_LOG_FD";

/// Set by the runtime client, from the header of each invocation.
pub const TRACE_ID: &str = "_X_AMZN_TRACE_ID";
/// An older name of [`ACCESS_KEY_ID`], reserved with it.
pub const ACCESS_KEY: &str = "AWS_ACCESS_KEY";

/// What a customer can not set ("Defined runtime environment variables", developer guide); PATH, LANG, TZ and
/// others of that list can be overridden.
pub const RESERVED: [&str; 18] = [
    ACCESS_KEY,
    ACCESS_KEY_ID,
    DEFAULT_REGION,
    EXECUTION_ENV,
    FUNCTION_MEMORY_SIZE,
    FUNCTION_NAME,
    FUNCTION_VERSION,
    INITIALIZATION_TYPE,
    LOG_GROUP_NAME,
    LOG_STREAM_NAME,
    RUNTIME_API,
    REGION,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    RUNTIME_DIR,
    TASK_ROOT,
    HANDLER,
    TRACE_ID,
];
