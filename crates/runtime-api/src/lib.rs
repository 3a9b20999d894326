//! The contract of the Runtime API 2018-06-01: paths, headers, error types and bodies, and the variables that a
//! runtime finds in its environment. Facts only; `worker::runtime_api` is the behaviour.
//!
//! Sources: AWS's Runtime API page, and what the published runtime clients and AWS's own emulator read and write.

pub mod body;
pub mod header;
pub mod path;
pub mod variable;

pub use body::{ErrorBody, Status};
pub use path::Call;

use sha2::{Digest, Sha256};

/// Error types that a call of the Runtime API answers to the runtime.
pub mod refusal {
    pub const INVALID_REQUEST_ID: &str = "InvalidRequestID";
    pub const INVALID_STATE_TRANSITION: &str = "InvalidStateTransition";
    pub const REQUEST_ENTITY_TOO_LARGE: &str = "RequestEntityTooLarge";
    pub const TRUNCATED_HTTP_REQUEST: &str = "TruncatedHTTPRequest";
    pub const INVALID_RESPONSE_MODE: &str = "InvalidFunctionResponseMode";
}

/// Error types that the platform answers to the caller.
pub mod fault {
    pub const TIMEOUT: &str = "Sandbox.Timedout";
    pub const EXIT: &str = "Runtime.ExitError";
    pub const OUT_OF_MEMORY: &str = "Runtime.OutOfMemory";
    pub const INVALID_ENTRYPOINT: &str = "Runtime.InvalidEntrypoint";
    pub const RESPONSE_TOO_LARGE: &str = "Function.ResponseSizeTooLarge";
    pub const INVALID_RESPONSE_MODE: &str = "Runtime.InvalidResponseModeHeader";
    pub const TRUNCATED_RESPONSE: &str = "Runtime.TruncatedResponse";
    pub const UNKNOWN_RUNTIME: &str = "Runtime.Unknown";
    pub const UNKNOWN_FUNCTION: &str = "Function.Unknown";
}

/// What `Lambda-Runtime-Function-Error-Type` counts as: itself if it is `(Runtime|Function).Name`, letters only
/// and the first a capital; else the family's `Unknown`.
pub fn error_type(header: Option<&str>) -> &str {
    let text = header.unwrap_or_default();
    let name = text.strip_prefix("Runtime.").or_else(|| text.strip_prefix("Function."));
    let good = name.is_some_and(|name| {
        let mut bytes = name.bytes();
        let capital = bytes.next().is_some_and(|byte| byte.is_ascii_uppercase());
        capital && name.len() > 1 && bytes.all(|byte| byte.is_ascii_alphabetic())
    });
    match good {
        true => text,
        false if text.starts_with("Function.") => fault::UNKNOWN_FUNCTION,
        false => fault::UNKNOWN_RUNTIME,
    }
}

/// `arn:aws:lambda:REGION::runtime:64HEX`, as RuntimeVersionConfig shows it and INIT_START says it. AWS's hash names
/// a build of a runtime; ours stands for the runtime's identifier, since the build is the host's interpreter, which
/// a restart may change under a function.
pub fn runtime_version_arn(region: &str, runtime: &str) -> String {
    let digest = Sha256::digest(runtime.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("arn:aws:lambda:{region}::runtime:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_version_arn_has_the_shape_of_awss_and_is_one_per_identifier() {
        let arn = runtime_version_arn("eu-west-1", "python3.13");
        let hex = arn.strip_prefix("arn:aws:lambda:eu-west-1::runtime:").unwrap();
        assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{arn}");
        assert_eq!(arn, runtime_version_arn("eu-west-1", "python3.13"));
        assert_ne!(arn, runtime_version_arn("eu-west-1", "python3.12"));
    }

    #[test]
    fn an_error_type_counts_only_in_its_two_families() {
        let rows = [
            (Some("Runtime.ImportModuleError"), "Runtime.ImportModuleError"),
            (Some("Function.TypeError"), "Function.TypeError"),
            (Some("Function.typeError"), "Function.Unknown"),
            (Some("Function."), "Function.Unknown"),
            (Some("Runtime.A1"), "Runtime.Unknown"),
            (Some("unhandled"), "Runtime.Unknown"),
            (None, "Runtime.Unknown"),
        ];
        for (given, counts_as) in rows {
            assert_eq!(error_type(given), counts_as, "{given:?}");
        }
    }
}
