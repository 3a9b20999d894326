//! The only place that turns our failures into AWS's error names, statuses and words.

use crate::answer::Answer;
use fabric::assignment::AcquireError;
use fabric::control::ControlError;
use fabric::worker::InvokeRefusal;
use lambda_api::lambda::errors;
use lambda_api::{ErrorShape, overrides};

/// AWS has no such answer; the words are ours.
const DISK_FULL: &str = "The disk of this server's data folder is full. Nothing was changed. Delete functions, or make room \
     there, and try again.";

const RESERVATION_ON_QUALIFIED: &str =
    "Reserved concurrency is a function's: it can not be set on a version or an alias.";
const REVISION_MISMATCH: &str = "The Revision Id provided does not match the latest Revision Id. Call the \
     GetFunction/GetAlias API to retrieve the latest Revision Id";

/// One refusal on its way out.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) shape: &'static ErrorShape,
    pub(crate) message: String,
    /// Further members of the body, such as `Reason`.
    members: Vec<(&'static str, String)>,
    retry_after_seconds: Option<u32>,
    /// Where we answer another status than the shape's.
    status: Option<u16>,
}

impl ApiError {
    pub(crate) fn new(shape: &'static ErrorShape, message: impl Into<String>) -> Self {
        Self { shape, message: message.into(), members: Vec::new(), retry_after_seconds: None, status: None }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(&errors::INVALID_PARAMETER_VALUE_EXCEPTION, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(&errors::RESOURCE_NOT_FOUND_EXCEPTION, message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(&overrides::VALIDATION_EXCEPTION, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(&errors::RESOURCE_CONFLICT_EXCEPTION, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(&overrides::REQUEST_ENTITY_TOO_LARGE_EXCEPTION, message)
    }

    pub(crate) fn service(message: impl Into<String>) -> Self {
        Self::new(&errors::SERVICE_EXCEPTION, message)
    }

    /// 501, which no SDK retries.
    pub(crate) fn not_implemented(what: &str) -> Self {
        let message = format!("Tinderbox does not implement {what} yet");
        Self {
            members: vec![("Type", "User".to_owned())],
            ..Self::new(&overrides::NOT_IMPLEMENTED_EXCEPTION, message)
        }
    }

    /// 429; `reason` is one of the model's ThrottleReason.
    pub(crate) fn throttled(reason: &'static str) -> Self {
        let mut error = Self::new(&errors::TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.");
        error.members.push(("Reason", reason.to_owned()));
        error.retry_after_seconds = Some(1);
        error
    }

    /// 503: no room now, or a role is not there; SDKs try again.
    pub(crate) fn unavailable() -> Self {
        let mut error = Self::service("Service is unavailable, please try again.");
        error.status = Some(503);
        error.retry_after_seconds = Some(1);
        error
    }

    fn too_much_reserved(minimum: u32) -> Self {
        Self::invalid_parameter(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's \
             UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        ))
    }

    /// Nothing that the caller did.
    fn not_stored(error: ControlError) -> Self {
        match error {
            // 507, which no SDK retries: trying again makes no room.
            ControlError::Full { reason } => {
                tracing::error!(%reason, "the disk of the data folder is full");
                Self { status: Some(507), ..Self::service(DISK_FULL) }
            }
            ControlError::Store { reason } => {
                tracing::error!(%reason, "the control plane's store failed");
                Self::service("An error occurred and the request cannot be processed.")
            }
            error => {
                tracing::warn!(%error, "the control plane could not be asked");
                Self::unavailable()
            }
        }
    }

    /// As AWS words it; for SnapStart there is no record of its words.
    fn not_provisioned(error: &ControlError) -> Self {
        Self::invalid_parameter(match error {
            ControlError::ReservedBelowProvisioned { reserved, provisioned } => format!(
                "ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned \
                 concurrency [{provisioned}]."
            ),
            ControlError::ProvisionOnUnpublished => {
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
                    .to_owned()
            }
            ControlError::ProvisionedOverReserved => {
                "Requested Provisioned Concurrency should not be greater \
                 than the reservedConcurrentExecution for function"
                    .to_owned()
            }
            ControlError::TooMuchProvisioned { minimum } => format!(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{minimum}]."
            ),
            ControlError::ProvisionWithSnapStart => {
                "Provisioned Concurrency is not supported for SnapStart enabled function versions.".to_owned()
            }
            _ => {
                let message = "No Provisioned Concurrency Config found for this function";
                return Self::new(&errors::PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND_EXCEPTION, message);
            }
        })
    }

    /// Status, headers and body.
    pub(crate) fn answer(&self) -> Answer {
        let members: Vec<(&str, &str)> =
            self.members.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = self.shape.body(&self.message, &members);
        let answer = Answer::json(self.status(), body).with("x-amzn-errortype", self.shape.name);
        match self.retry_after_seconds {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        }
    }

    /// As JSON 1.1 clients (CloudWatch Logs) read it.
    pub(crate) fn target_answer(&self) -> Answer {
        let body = self.shape.target_body(&self.message);
        Answer::typed(self.status(), "application/x-amz-json-1.1", body)
            .with("x-amzn-errortype", self.shape.name)
    }

    /// As clients of the query protocol (STS, IAM) read it.
    pub(crate) fn query_answer(&self) -> Answer {
        let escaped = self.message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{escaped}</Message></Error></ErrorResponse>",
            self.shape.name
        );
        Answer::typed(self.status(), "text/xml", body)
    }

    fn status(&self) -> u16 {
        self.status.unwrap_or(self.shape.status)
    }
}

impl From<lambda_api::SerializationError> for ApiError {
    fn from(error: lambda_api::SerializationError) -> Self {
        Self::new(error.shape(), error.message)
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound { arn } => Self::not_found(format!("Function not found: {arn}")),
            ControlError::Exists { function } => {
                Self::conflict(format!("Function already exist: {function}"))
            }
            ControlError::RevisionMismatch => {
                Self::new(&errors::PRECONDITION_FAILED_EXCEPTION, REVISION_MISMATCH)
            }
            ControlError::CodeMismatch { given, current } => Self::invalid_parameter(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try \
                 again with the CodeSHA256 in $LATEST."
            )),
            // Why it can not be read is for the operator's log; AWS never says.
            ControlError::ZipUnreadable { reason } => {
                tracing::info!(%reason, "an uploaded zip can not be read");
                Self::invalid_parameter(
                    "Could not unzip uploaded file. Please check your file, then try to upload again.",
                )
            }
            ControlError::ZipEmpty => Self::invalid_parameter("Uploaded file must be a non-empty zip"),
            ControlError::ZipTooLarge { limit } => {
                Self::too_large(format!("Zipped size must be smaller than {limit} bytes"))
            }
            ControlError::UnzippedTooLarge { limit } => {
                Self::invalid_parameter(format!("Unzipped size must be smaller than {limit} bytes"))
            }
            ControlError::StorageExceeded { .. } => {
                Self::new(&errors::CODE_STORAGE_EXCEEDED_EXCEPTION, "Code storage limit exceeded.")
            }
            ControlError::LatestNotDeletable => {
                Self::invalid_parameter("$LATEST version cannot be deleted without deleting the function.")
            }
            ControlError::TagsOnQualified => Self::invalid_parameter(
                "Tags on function aliases and versions are not supported. Please specify a function ARN.",
            ),
            ControlError::TooManyTags { .. } => {
                Self::invalid_parameter("Number of tags exceeds resource tag limit.")
            }
            ControlError::ReservationOnQualified => Self::invalid_parameter(RESERVATION_ON_QUALIFIED),
            ControlError::TooMuchReserved { minimum } => Self::too_much_reserved(minimum),
            error @ (ControlError::ReservedBelowProvisioned { .. }
            | ControlError::ProvisionOnUnpublished
            | ControlError::ProvisionedOverReserved
            | ControlError::TooMuchProvisioned { .. }
            | ControlError::ProvisionWithSnapStart
            | ControlError::NotProvisioned { .. }) => Self::not_provisioned(&error),
            ControlError::UpdateInProgress { arn } => Self::conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )),
            ControlError::RuntimeUnavailable { message } => Self::invalid_parameter(message),
            ControlError::SnapStartUnsupported { runtime } => Self::invalid_parameter(format!(
                "{runtime} is not supported for SnapStart enabled functions."
            )),
            ControlError::ArchitectureUnavailable { architecture } => Self::invalid_parameter(format!(
                "This Tinderbox host can not run the architecture {architecture}."
            )),
            // The one reader of code, `download`, answers as S3 does before it comes to this.
            ControlError::CodeGone { digest } => Self::not_found(format!("Code not found: {digest}")),
            ControlError::BadMarker => Self::invalid_parameter("Invalid Marker"),
            error @ (ControlError::Full { .. }
            | ControlError::Store { .. }
            | ControlError::Unavailable { .. }) => Self::not_stored(error),
        }
    }
}

impl From<AcquireError> for ApiError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::ConcurrencyLimit => Self::throttled("ConcurrentInvocationLimitExceeded"),
            AcquireError::ReservedConcurrencyLimit => {
                Self::throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            }
            AcquireError::RateLimit => Self::throttled("FunctionInvocationRateLimitExceeded"),
            AcquireError::QueueFull => Self::throttled("CallerRateLimitExceeded"),
            // What the hosts hold is the concurrency that there is: who asks for more is throttled, as on AWS.
            AcquireError::NoCapacity => {
                tracing::warn!("no lease: no worker has room (`up --memory`)");
                Self::throttled("ConcurrentInvocationLimitExceeded")
            }
            AcquireError::TooLarge => {
                let message = "No worker is large enough for the function's MemorySize.";
                Self { status: Some(503), ..Self::service(message) }
            }
            AcquireError::Stale => {
                Self::service("The function changes faster than it can be invoked. Please try again.")
            }
            AcquireError::NotLeader => {
                tracing::warn!("no lease: nobody leads the partition");
                Self::unavailable()
            }
            AcquireError::WorkerRefused => {
                tracing::warn!("no lease: workers do not take environments");
                Self::unavailable()
            }
            AcquireError::Unavailable { reason } => {
                tracing::warn!(%reason, "no lease: a role is unavailable");
                Self::unavailable()
            }
        }
    }
}

impl From<InvokeRefusal> for ApiError {
    fn from(refusal: InvokeRefusal) -> Self {
        if let InvokeRefusal::Failed { reason } = &refusal {
            tracing::error!(%reason, "an environment could not be made");
        }
        match refusal {
            InvokeRefusal::Failed { .. } => {
                Self::service("Lambda was unable to create the execution environment. Please try again.")
            }
            InvokeRefusal::Overloaded => Self::throttled("CallerRateLimitExceeded"),
            InvokeRefusal::RestoreFailed { .. } => Self::new(
                &errors::SNAP_START_EXCEPTION,
                "The afterRestore() runtime hook encountered an error. For more information, check the Amazon \
                 CloudWatch logs.",
            ),
            InvokeRefusal::RestoreTimedOut => Self::new(
                &errors::SNAP_START_TIMEOUT_EXCEPTION,
                "Lambda couldn't restore the snapshot within the timeout limit.",
            ),
            InvokeRefusal::Stale | InvokeRefusal::Busy | InvokeRefusal::Gone => Self::unavailable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::AnswerBody;
    use types::{AccountId, CodeDigest, FunctionArn, FunctionName, Region};

    fn arn() -> FunctionArn {
        FunctionArn {
            region: Region::new("eu-west-1"),
            account: AccountId::new("123456789012"),
            function: FunctionName::new("f"),
            qualifier: None,
        }
    }

    fn check(error: ApiError, status: u16, name: &str, body: &str) {
        let answer = error.answer();
        assert_eq!(answer.status.as_u16(), status, "{name}");
        assert_eq!(answer.headers["x-amzn-errortype"], name);
        let AnswerBody::Whole(bytes) = &answer.body else { panic!("{name}") };
        assert_eq!(std::str::from_utf8(bytes).unwrap(), body);
    }

    #[test]
    fn refusals_of_control_are_worded_as_aws_does() {
        let invalid = |message: &str| format!(r#"{{"Type":"User","message":"{message}"}}"#);
        let rows: Vec<(ControlError, u16, &str, String)> = vec![
            (
                ControlError::NotFound { arn: arn() },
                404,
                "ResourceNotFoundException",
                r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:eu-west-1:123456789012:function:f"}"#.to_owned(),
            ),
            (
                ControlError::Exists { function: FunctionName::new("f") },
                409,
                "ResourceConflictException",
                invalid("Function already exist: f"),
            ),
            (
                ControlError::RevisionMismatch,
                412,
                "PreconditionFailedException",
                invalid("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"),
            ),
            (
                ControlError::CodeMismatch { given: CodeDigest::new("A"), current: CodeDigest::new("B") },
                400,
                "InvalidParameterValueException",
                invalid("CodeSHA256 (A) is different from current CodeSHA256 in $LATEST (B). Please try again with the CodeSHA256 in $LATEST."),
            ),
            (
                ControlError::ZipTooLarge { limit: 52_428_800 },
                413,
                "RequestEntityTooLargeException",
                r#"{"message":"Zipped size must be smaller than 52428800 bytes"}"#.to_owned(),
            ),
            (
                ControlError::UnzippedTooLarge { limit: 262_144_000 },
                400,
                "InvalidParameterValueException",
                invalid("Unzipped size must be smaller than 262144000 bytes"),
            ),
            (
                ControlError::UpdateInProgress { arn: arn() },
                409,
                "ResourceConflictException",
                invalid("The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:eu-west-1:123456789012:function:f"),
            ),
            (
                ControlError::Full { reason: "os error 28".to_owned() },
                507,
                "ServiceException",
                r#"{"Type":"Service","Message":"The disk of this server's data folder is full. Nothing was changed. Delete functions, or make room there, and try again."}"#.to_owned(),
            ),
            (
                ControlError::Store { reason: "disk".to_owned() },
                500,
                "ServiceException",
                r#"{"Type":"Service","Message":"An error occurred and the request cannot be processed."}"#.to_owned(),
            ),
        ];
        for (error, status, name, body) in rows {
            check(error.into(), status, name, &body);
        }
    }

    #[test]
    fn no_lease_is_429_or_503_with_a_time_to_try_again() {
        for (error, status) in [
            (AcquireError::ConcurrencyLimit, 429),
            (AcquireError::ReservedConcurrencyLimit, 429),
            (AcquireError::RateLimit, 429),
            (AcquireError::QueueFull, 429),
            (AcquireError::NoCapacity, 429),
            (AcquireError::NotLeader, 503),
            (AcquireError::Unavailable { reason: String::new() }, 503),
        ] {
            let answer = ApiError::from(error).answer();
            assert_eq!(answer.status.as_u16(), status);
            assert_eq!(answer.headers["retry-after"], "1");
        }
        check(
            AcquireError::ConcurrencyLimit.into(),
            429,
            "TooManyRequestsException",
            r#"{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
        );
        check(
            AcquireError::ReservedConcurrencyLimit.into(),
            429,
            "TooManyRequestsException",
            r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
        );
        check(
            AcquireError::RateLimit.into(),
            429,
            "TooManyRequestsException",
            r#"{"Reason":"FunctionInvocationRateLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
        );
        check(
            ControlError::TooMuchReserved { minimum: 100 }.into(),
            400,
            "InvalidParameterValueException",
            r#"{"Type":"User","message":"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."}"#,
        );
        check(
            AcquireError::TooLarge.into(),
            503,
            "ServiceException",
            r#"{"Type":"Service","Message":"No worker is large enough for the function's MemorySize."}"#,
        );
        check(
            ApiError::not_implemented("CreateAlias"),
            501,
            "NotImplementedException",
            r#"{"Type":"User","message":"Tinderbox does not implement CreateAlias yet"}"#,
        );
    }
}
