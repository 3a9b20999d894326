//! Header names, in lower case as `http` compares them.

use http::HeaderName;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
/// Milliseconds since 1970.
pub const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
pub const INVOKED_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
pub const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
/// JSON, decoded from the caller's base64.
pub const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
/// JSON.
pub const COGNITO_IDENTITY: HeaderName = HeaderName::from_static("lambda-runtime-cognito-identity");

/// Of a function with tenant isolation.
pub const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");

pub const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
/// Trailer of a streamed response: base64 of the error's JSON.
pub const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
/// Up to 1 MiB of JSON for X-Ray.
pub const XRAY_ERROR_CAUSE: HeaderName = HeaderName::from_static("lambda-runtime-function-xray-error-cause");
pub const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
/// The only value of [`RESPONSE_MODE`].
pub const RESPONSE_MODE_STREAMING: &str = "streaming";
