//! Error shapes of the model and the hand-written ones beside it.

use lambda_api::lambda::errors;
use lambda_api::{ErrorShape, Fault, LogsOperation, logs, overrides};

#[test]
fn errors_have_the_models_status_fault_and_message_member() {
    let rows: &[(&ErrorShape, u16, Fault, &str)] = &[
        (&errors::RESOURCE_NOT_FOUND_EXCEPTION, 404, Fault::User, "Message"),
        (&errors::SERVICE_EXCEPTION, 500, Fault::Service, "Message"),
        (&errors::INVALID_ZIP_FILE_EXCEPTION, 502, Fault::Service, "Message"),
        (&errors::EC2_ACCESS_DENIED_EXCEPTION, 502, Fault::Service, "Message"),
        (&errors::KMS_DISABLED_EXCEPTION, 502, Fault::Service, "Message"),
        (&errors::SNAP_START_EXCEPTION, 400, Fault::User, "Message"),
        (&errors::INVALID_PARAMETER_VALUE_EXCEPTION, 400, Fault::User, "message"),
        (&errors::RESOURCE_CONFLICT_EXCEPTION, 409, Fault::User, "message"),
        (&errors::TOO_MANY_REQUESTS_EXCEPTION, 429, Fault::User, "message"),
        (&errors::PRECONDITION_FAILED_EXCEPTION, 412, Fault::User, "message"),
        (&errors::INVALID_REQUEST_CONTENT_EXCEPTION, 400, Fault::User, "message"),
    ];
    for (shape, status, fault, member) in rows {
        assert_eq!(
            (shape.status, shape.fault, shape.message_member),
            (*status, *fault, *member),
            "{}",
            shape.name
        );
        assert!(shape.typed && errors::ALL.contains(shape), "{}", shape.name);
    }
    assert_eq!(errors::ALL.len(), 58);
}

#[test]
fn bodies_are_spelt_as_aws_spells_them() {
    assert_eq!(
        errors::TOO_MANY_REQUESTS_EXCEPTION
            .body("Rate Exceeded.", &[("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded")]),
        r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#
    );
    assert_eq!(errors::TOO_MANY_REQUESTS_EXCEPTION.members, ["Reason"]);
    assert_eq!(errors::TOO_MANY_REQUESTS_EXCEPTION.headers, [("retryAfterSeconds", "Retry-After")]);
    assert_eq!(
        errors::SERVICE_EXCEPTION.body("a \"quoted\"\nline", &[]),
        r#"{"Type":"Service","Message":"a \"quoted\"\nline"}"#
    );
    assert_eq!(overrides::VALIDATION_EXCEPTION.body("no", &[]), r#"{"message":"no"}"#);
    assert_eq!(
        logs::errors::RESOURCE_NOT_FOUND_EXCEPTION.target_body("The specified log group does not exist."),
        r#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#
    );
    assert_eq!(logs::errors::INVALID_PARAMETER_EXCEPTION.status, 400);
}

#[test]
fn what_the_model_lacks_is_written_by_hand_and_shadows_nothing() {
    for (name, status) in [
        ("ValidationException", 400),
        ("SerializationException", 400),
        ("AccessDeniedException", 403),
        ("RequestEntityTooLargeException", 413),
        ("InvalidSignatureException", 403),
        ("MissingAuthenticationTokenException", 403),
        ("IncompleteSignatureException", 403),
        ("UnrecognizedClientException", 403),
        ("ExpiredTokenException", 403),
        ("NotImplementedException", 501),
    ] {
        let shape = overrides::ERRORS.iter().find(|shape| shape.name == name);
        assert_eq!(shape.map(|shape| (shape.status, shape.typed)), Some((status, false)), "{name}");
        assert!(errors::ALL.iter().all(|shape| shape.name != name), "{name} is in the model now");
    }
}

#[test]
fn runtimes_are_accepted_refused_by_name_or_unknown() {
    for runtime in overrides::CREATABLE_RUNTIMES {
        assert_eq!(overrides::runtime_refusal(runtime), None);
        assert!(!overrides::DEPRECATED_RUNTIMES.contains(runtime), "{runtime}");
    }
    for runtime in
        ["java8", "go1.x", "provided", "ruby2.7", "nodejs14.x", "nodejs12.x", "python3.7", "dotnetcore3.1"]
    {
        assert_eq!(
            overrides::runtime_refusal(runtime).unwrap(),
            format!(
                "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."
            )
        );
    }
    for runtime in ["cobol85", "custom", "nodejs26.x", "", "Python3.12"] {
        let text = overrides::runtime_refusal(runtime).unwrap();
        let head = format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs16.x, "
        );
        assert!(text.starts_with(&head) && text.ends_with("provided.al2023] or be a valid ARN"), "{text}");
    }
}

#[test]
fn a_bare_name_has_64_characters_at_most() {
    assert_eq!(overrides::function_name_refusal(&"n".repeat(64)), None);
    let long = "n".repeat(65);
    assert_eq!(
        overrides::function_name_refusal(&long).unwrap(),
        format!(
            "1 validation error detected: Value '{long}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"
        )
    );
}

#[test]
fn a_logs_operation_is_named_by_its_target_header() {
    for &operation in LogsOperation::ALL {
        assert_eq!(LogsOperation::from_target(&operation.target()), Some(operation));
    }
    for target in ["", "Logs_20140328", "Logs_20140328.", "Logs_20140328.StartLiveTail", "DynamoDB.GetItem"] {
        assert_eq!(LogsOperation::from_target(target), None, "{target}");
    }
}
