//! Bodies that the Runtime API answers. Each ends with a newline, as AWS's own encoder writes it.

use serde::{Deserialize, Serialize};

/// 202 for every answer that was taken. Go, Python and Java treat anything else as fatal.
pub const ACCEPTED: &str = "{\"status\":\"OK\"}\n";
pub const JSON: &str = "application/json";
/// 404 of a path that is not there.
pub const NOT_FOUND: &str = "404 page not found\n";

/// `{"status":"OK"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub status: String,
}

/// `{"errorMessage":…,"errorType":…}`: what refused calls answer to the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    #[serde(rename = "errorMessage")]
    pub message: String,
    #[serde(rename = "errorType")]
    pub error_type: String,
}
