// Made by `cargo xtask codegen` from models/. Do not edit.

use crate::error::{ErrorShape, Fault};

pub static ALIAS_LIMIT_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "AliasLimitExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CALLBACK_TIMEOUT_EXCEPTION: ErrorShape = ErrorShape {
    name: "CallbackTimeoutException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CAPACITY_PROVIDER_LIMIT_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "CapacityProviderLimitExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_ARTIFACT_USER_DELETED_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeArtifactUserDeletedException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_ARTIFACT_USER_FAILED_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeArtifactUserFailedException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_ARTIFACT_USER_PENDING_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeArtifactUserPendingException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_SIGNING_CONFIG_NOT_FOUND_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeSigningConfigNotFoundException",
    status: 404,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_STORAGE_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeStorageExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static CODE_VERIFICATION_FAILED_EXCEPTION: ErrorShape = ErrorShape {
    name: "CodeVerificationFailedException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static DURABLE_EXECUTION_ALREADY_STARTED_EXCEPTION: ErrorShape = ErrorShape {
    name: "DurableExecutionAlreadyStartedException",
    status: 409,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EC2_ACCESS_DENIED_EXCEPTION: ErrorShape = ErrorShape {
    name: "EC2AccessDeniedException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EC2_THROTTLED_EXCEPTION: ErrorShape = ErrorShape {
    name: "EC2ThrottledException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EC2_UNEXPECTED_EXCEPTION: ErrorShape = ErrorShape {
    name: "EC2UnexpectedException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &["EC2ErrorCode"],
    headers: &[],
};
pub static EFSIO_EXCEPTION: ErrorShape = ErrorShape {
    name: "EFSIOException",
    status: 410,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EFS_MOUNT_CONNECTIVITY_EXCEPTION: ErrorShape = ErrorShape {
    name: "EFSMountConnectivityException",
    status: 408,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EFS_MOUNT_FAILURE_EXCEPTION: ErrorShape = ErrorShape {
    name: "EFSMountFailureException",
    status: 403,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static EFS_MOUNT_TIMEOUT_EXCEPTION: ErrorShape = ErrorShape {
    name: "EFSMountTimeoutException",
    status: 408,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static ENI_LIMIT_REACHED_EXCEPTION: ErrorShape = ErrorShape {
    name: "ENILimitReachedException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static ENI_NOT_READY_EXCEPTION: ErrorShape = ErrorShape {
    name: "ENINotReadyException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static FUNCTION_VERSIONS_PER_CAPACITY_PROVIDER_LIMIT_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "FunctionVersionsPerCapacityProviderLimitExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_CODE_SIGNATURE_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidCodeSignatureException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_PARAMETER_VALUE_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidParameterValueException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_REQUEST_CONTENT_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidRequestContentException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_RUNTIME_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidRuntimeException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_SECURITY_GROUP_ID_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidSecurityGroupIDException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_SUBNET_ID_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidSubnetIDException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static INVALID_ZIP_FILE_EXCEPTION: ErrorShape = ErrorShape {
    name: "InvalidZipFileException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static KMS_ACCESS_DENIED_EXCEPTION: ErrorShape = ErrorShape {
    name: "KMSAccessDeniedException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static KMS_DISABLED_EXCEPTION: ErrorShape = ErrorShape {
    name: "KMSDisabledException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static KMS_INVALID_STATE_EXCEPTION: ErrorShape = ErrorShape {
    name: "KMSInvalidStateException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static KMS_NOT_FOUND_EXCEPTION: ErrorShape = ErrorShape {
    name: "KMSNotFoundException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static MODE_NOT_SUPPORTED_EXCEPTION: ErrorShape = ErrorShape {
    name: "ModeNotSupportedException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static NO_PUBLISHED_VERSION_EXCEPTION: ErrorShape = ErrorShape {
    name: "NoPublishedVersionException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static POLICY_LENGTH_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "PolicyLengthExceededException",
    status: 400,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static PRECONDITION_FAILED_EXCEPTION: ErrorShape = ErrorShape {
    name: "PreconditionFailedException",
    status: 412,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND_EXCEPTION: ErrorShape = ErrorShape {
    name: "ProvisionedConcurrencyConfigNotFoundException",
    status: 404,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static PUBLIC_POLICY_EXCEPTION: ErrorShape = ErrorShape {
    name: "PublicPolicyException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RECURSIVE_INVOCATION_EXCEPTION: ErrorShape = ErrorShape {
    name: "RecursiveInvocationException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static REQUEST_TOO_LARGE_EXCEPTION: ErrorShape = ErrorShape {
    name: "RequestTooLargeException",
    status: 413,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RESOURCE_CONFLICT_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceConflictException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RESOURCE_IN_USE_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceInUseException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RESOURCE_NOT_FOUND_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceNotFoundException",
    status: 404,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RESOURCE_NOT_READY_EXCEPTION: ErrorShape = ErrorShape {
    name: "ResourceNotReadyException",
    status: 502,
    fault: Fault::Service,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RUNTIME_ALIAS_DELETED_EXCEPTION: ErrorShape = ErrorShape {
    name: "RuntimeAliasDeletedException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static RUNTIME_VERSION_DELETED_EXCEPTION: ErrorShape = ErrorShape {
    name: "RuntimeVersionDeletedException",
    status: 409,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static S3_FILES_MOUNT_CONNECTIVITY_EXCEPTION: ErrorShape = ErrorShape {
    name: "S3FilesMountConnectivityException",
    status: 408,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static S3_FILES_MOUNT_FAILURE_EXCEPTION: ErrorShape = ErrorShape {
    name: "S3FilesMountFailureException",
    status: 403,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static S3_FILES_MOUNT_TIMEOUT_EXCEPTION: ErrorShape = ErrorShape {
    name: "S3FilesMountTimeoutException",
    status: 408,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SERIALIZED_REQUEST_ENTITY_TOO_LARGE_EXCEPTION: ErrorShape = ErrorShape {
    name: "SerializedRequestEntityTooLargeException",
    status: 413,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SERVICE_EXCEPTION: ErrorShape = ErrorShape {
    name: "ServiceException",
    status: 500,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SERVICE_QUOTA_EXCEEDED_EXCEPTION: ErrorShape = ErrorShape {
    name: "ServiceQuotaExceededException",
    status: 402,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SNAP_START_EXCEPTION: ErrorShape = ErrorShape {
    name: "SnapStartException",
    status: 400,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SNAP_START_NOT_READY_EXCEPTION: ErrorShape = ErrorShape {
    name: "SnapStartNotReadyException",
    status: 409,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SNAP_START_REGENERATION_FAILURE_EXCEPTION: ErrorShape = ErrorShape {
    name: "SnapStartRegenerationFailureException",
    status: 409,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SNAP_START_TIMEOUT_EXCEPTION: ErrorShape = ErrorShape {
    name: "SnapStartTimeoutException",
    status: 408,
    fault: Fault::User,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static SUBNET_IP_ADDRESS_LIMIT_REACHED_EXCEPTION: ErrorShape = ErrorShape {
    name: "SubnetIPAddressLimitReachedException",
    status: 502,
    fault: Fault::Service,
    message_member: "Message",
    typed: true,
    members: &[],
    headers: &[],
};
pub static TOO_MANY_REQUESTS_EXCEPTION: ErrorShape = ErrorShape {
    name: "TooManyRequestsException",
    status: 429,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &["Reason"],
    headers: &[("retryAfterSeconds", "Retry-After")],
};
pub static UNSUPPORTED_MEDIA_TYPE_EXCEPTION: ErrorShape = ErrorShape {
    name: "UnsupportedMediaTypeException",
    status: 415,
    fault: Fault::User,
    message_member: "message",
    typed: true,
    members: &[],
    headers: &[],
};

/// Every error of the model.
pub static ALL: &[&ErrorShape] = &[
    &ALIAS_LIMIT_EXCEEDED_EXCEPTION,
    &CALLBACK_TIMEOUT_EXCEPTION,
    &CAPACITY_PROVIDER_LIMIT_EXCEEDED_EXCEPTION,
    &CODE_ARTIFACT_USER_DELETED_EXCEPTION,
    &CODE_ARTIFACT_USER_FAILED_EXCEPTION,
    &CODE_ARTIFACT_USER_PENDING_EXCEPTION,
    &CODE_SIGNING_CONFIG_NOT_FOUND_EXCEPTION,
    &CODE_STORAGE_EXCEEDED_EXCEPTION,
    &CODE_VERIFICATION_FAILED_EXCEPTION,
    &DURABLE_EXECUTION_ALREADY_STARTED_EXCEPTION,
    &EC2_ACCESS_DENIED_EXCEPTION,
    &EC2_THROTTLED_EXCEPTION,
    &EC2_UNEXPECTED_EXCEPTION,
    &EFSIO_EXCEPTION,
    &EFS_MOUNT_CONNECTIVITY_EXCEPTION,
    &EFS_MOUNT_FAILURE_EXCEPTION,
    &EFS_MOUNT_TIMEOUT_EXCEPTION,
    &ENI_LIMIT_REACHED_EXCEPTION,
    &ENI_NOT_READY_EXCEPTION,
    &FUNCTION_VERSIONS_PER_CAPACITY_PROVIDER_LIMIT_EXCEEDED_EXCEPTION,
    &INVALID_CODE_SIGNATURE_EXCEPTION,
    &INVALID_PARAMETER_VALUE_EXCEPTION,
    &INVALID_REQUEST_CONTENT_EXCEPTION,
    &INVALID_RUNTIME_EXCEPTION,
    &INVALID_SECURITY_GROUP_ID_EXCEPTION,
    &INVALID_SUBNET_ID_EXCEPTION,
    &INVALID_ZIP_FILE_EXCEPTION,
    &KMS_ACCESS_DENIED_EXCEPTION,
    &KMS_DISABLED_EXCEPTION,
    &KMS_INVALID_STATE_EXCEPTION,
    &KMS_NOT_FOUND_EXCEPTION,
    &MODE_NOT_SUPPORTED_EXCEPTION,
    &NO_PUBLISHED_VERSION_EXCEPTION,
    &POLICY_LENGTH_EXCEEDED_EXCEPTION,
    &PRECONDITION_FAILED_EXCEPTION,
    &PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND_EXCEPTION,
    &PUBLIC_POLICY_EXCEPTION,
    &RECURSIVE_INVOCATION_EXCEPTION,
    &REQUEST_TOO_LARGE_EXCEPTION,
    &RESOURCE_CONFLICT_EXCEPTION,
    &RESOURCE_IN_USE_EXCEPTION,
    &RESOURCE_NOT_FOUND_EXCEPTION,
    &RESOURCE_NOT_READY_EXCEPTION,
    &RUNTIME_ALIAS_DELETED_EXCEPTION,
    &RUNTIME_VERSION_DELETED_EXCEPTION,
    &S3_FILES_MOUNT_CONNECTIVITY_EXCEPTION,
    &S3_FILES_MOUNT_FAILURE_EXCEPTION,
    &S3_FILES_MOUNT_TIMEOUT_EXCEPTION,
    &SERIALIZED_REQUEST_ENTITY_TOO_LARGE_EXCEPTION,
    &SERVICE_EXCEPTION,
    &SERVICE_QUOTA_EXCEEDED_EXCEPTION,
    &SNAP_START_EXCEPTION,
    &SNAP_START_NOT_READY_EXCEPTION,
    &SNAP_START_REGENERATION_FAILURE_EXCEPTION,
    &SNAP_START_TIMEOUT_EXCEPTION,
    &SUBNET_IP_ADDRESS_LIMIT_REACHED_EXCEPTION,
    &TOO_MANY_REQUESTS_EXCEPTION,
    &UNSUPPORTED_MEDIA_TYPE_EXCEPTION,
];
