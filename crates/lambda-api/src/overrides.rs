//! What the model lacks or states too widely, written by hand from recorded answers.
//!
//! Limits that are merely narrower (Timeout 900, MemorySize and EphemeralStorage 10,240) are facts about
//! shapes and stand in `models/lambda-overrides.json`, where the generator applies them.

use crate::{ErrorShape, Fault};

const fn untyped(name: &'static str, status: u16) -> ErrorShape {
    ErrorShape {
        name,
        status,
        fault: if status < 500 { Fault::User } else { Fault::Service },
        message_member: "message",
        typed: false,
        members: &[],
        headers: &[],
    }
}

pub static VALIDATION_EXCEPTION: ErrorShape = untyped("ValidationException", 400);
pub static SERIALIZATION_EXCEPTION: ErrorShape = untyped("SerializationException", 400);
pub static ACCESS_DENIED_EXCEPTION: ErrorShape =
    ErrorShape { message_member: "Message", ..untyped("AccessDeniedException", 403) };
pub static REQUEST_ENTITY_TOO_LARGE_EXCEPTION: ErrorShape = untyped("RequestEntityTooLargeException", 413);
/// CloudWatch Logs, as every JSON 1.1 service, answers the signature errors below with this status instead.
pub const SIGNATURE_STATUS_OF_JSON_SERVICES: u16 = 400;
pub static INVALID_SIGNATURE_EXCEPTION: ErrorShape = untyped("InvalidSignatureException", 403);
pub static MISSING_AUTHENTICATION_TOKEN_EXCEPTION: ErrorShape =
    untyped("MissingAuthenticationTokenException", 403);
pub static INCOMPLETE_SIGNATURE_EXCEPTION: ErrorShape = untyped("IncompleteSignatureException", 403);
pub static UNRECOGNIZED_CLIENT_EXCEPTION: ErrorShape = untyped("UnrecognizedClientException", 403);
pub static EXPIRED_TOKEN_EXCEPTION: ErrorShape = untyped("ExpiredTokenException", 403);
pub static UNKNOWN_OPERATION_EXCEPTION: ErrorShape = untyped("UnknownOperationException", 404);
/// Ours: AWS has no operation without a behaviour. 501 is a status that no SDK retries.
pub static NOT_IMPLEMENTED_EXCEPTION: ErrorShape = untyped("NotImplementedException", 501);

/// All of the above, for tables and tests.
pub static ERRORS: &[&ErrorShape] = &[
    &VALIDATION_EXCEPTION,
    &SERIALIZATION_EXCEPTION,
    &ACCESS_DENIED_EXCEPTION,
    &REQUEST_ENTITY_TOO_LARGE_EXCEPTION,
    &INVALID_SIGNATURE_EXCEPTION,
    &MISSING_AUTHENTICATION_TOKEN_EXCEPTION,
    &INCOMPLETE_SIGNATURE_EXCEPTION,
    &UNRECOGNIZED_CLIENT_EXCEPTION,
    &EXPIRED_TOKEN_EXCEPTION,
    &UNKNOWN_OPERATION_EXCEPTION,
    &NOT_IMPLEMENTED_EXCEPTION,
];

/// A bare function name may be this long; the model's 140 is for ARNs.
pub const FUNCTION_NAME_CHARS_MAX: usize = 64;

/// Runtimes that a function can be created with. The model's enum also has dead ones and future ones.
pub static CREATABLE_RUNTIMES: &[&str] = &[
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "provided.al2",
    "provided.al2023",
];

/// Runtimes that AWS once had and refuses by name.
pub static DEPRECATED_RUNTIMES: &[&str] = &[
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "java8",
    "python2.7",
    "python3.6",
    "python3.7",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "provided",
];

/// Why a function cannot be made with this runtime: the message of an InvalidParameterValueException.
pub fn runtime_refusal(runtime: &str) -> Option<String> {
    if CREATABLE_RUNTIMES.contains(&runtime) {
        return None;
    }
    if DEPRECATED_RUNTIMES.contains(&runtime) {
        return Some(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda \
             functions. We recommend you use a supported runtime while creating or updating functions."
        ));
    }
    Some(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or \
         be a valid ARN",
        CREATABLE_RUNTIMES.join(", ")
    ))
}

/// Why a bare function name is refused: the message of an InvalidParameterValueException (not of a
/// ValidationException, though it is worded as one). `name` is the name part, without ARN and qualifier.
pub fn function_name_refusal(name: &str) -> Option<String> {
    (name.chars().count() > FUNCTION_NAME_CHARS_MAX).then(|| {
        format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member \
             must have length less than or equal to {FUNCTION_NAME_CHARS_MAX}"
        )
    })
}
