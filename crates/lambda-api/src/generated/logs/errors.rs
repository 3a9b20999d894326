// Made by `cargo xtask codegen` from models/. Do not edit.

use crate::error::{ErrorShape, Fault};

pub static DATA_ALREADY_ACCEPTED_EXCEPTION: ErrorShape = ErrorShape {
    name: "DataAlreadyAcceptedException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &["expectedSequenceToken"],
    headers: &[],
};
pub static INVALID_PARAMETER_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidParameterException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static INVALID_SEQUENCE_TOKEN_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidSequenceTokenException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &["expectedSequenceToken"],
    headers: &[],
};
pub static LIMIT_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "LimitExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static OPERATION_ABORTED_EXCEPTION: ErrorShape = ErrorShape {
    name: "OperationAbortedException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static RESOURCE_ALREADY_EXISTS_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceAlreadyExistsException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static RESOURCE_NOT_FOUND_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceNotFoundException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static SERVICE_UNAVAILABLE_EXCEPTION: ErrorShape = ErrorShape {
    name: "ServiceUnavailableException",
    status: 500,
    fault: Fault::Service,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static TOO_MANY_TAGS_EXCEPTION: ErrorShape = ErrorShape {
    name: "TooManyTagsException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &["resourceName"],
    headers: &[],
};
pub static UNRECOGNIZED_CLIENT_EXCEPTION: ErrorShape = ErrorShape {
    name: "UnrecognizedClientException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};
pub static VALIDATION_EXCEPTION: ErrorShape = ErrorShape {
    name: "ValidationException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: false,
    members: &[],
    headers: &[],
};

/// Every error of the model.
pub static ALL: &[&ErrorShape] = &[
    &DATA_ALREADY_ACCEPTED_EXCEPTION,
    &INVALID_PARAMETER_EXCEPTION,
    &INVALID_SEQUENCE_TOKEN_EXCEPTION,
    &LIMIT_EXCEEDED_EXCEPTION,
    &OPERATION_ABORTED_EXCEPTION,
    &RESOURCE_ALREADY_EXISTS_EXCEPTION,
    &RESOURCE_NOT_FOUND_EXCEPTION,
    &SERVICE_UNAVAILABLE_EXCEPTION,
    &TOO_MANY_TAGS_EXCEPTION,
    &UNRECOGNIZED_CLIENT_EXCEPTION,
    &VALIDATION_EXCEPTION,
];
