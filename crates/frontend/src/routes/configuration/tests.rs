use super::*;

fn create(json: &str) -> Result<FunctionConfig, ApiError> {
    let input: shapes::CreateFunctionRequest = serde_json::from_str(json).unwrap();
    of_create(&input, &FunctionName::new("f"), "x86_64")
}

#[test]
fn a_minimal_request_gets_awss_defaults() {
    let config = create(r#"{"Runtime":"python3.13","Handler":"a.b","Role":"r"}"#).unwrap();
    assert_eq!(config.timeout_seconds, 3);
    assert_eq!(config.memory_mb, 128);
    assert_eq!(config.ephemeral_storage_mb, 512);
    assert_eq!(config.architecture, "x86_64");
    assert_eq!(config.environment, None);
    assert_eq!(config.logging.group, "/aws/lambda/f");
    assert_eq!(config.logging.format, "Text");
    assert_eq!(config.tracing_mode, "PassThrough");
}

#[test]
fn what_the_service_refuses_beyond_the_model_is_worded_as_aws_does() {
    let base = r#""Runtime":"python3.13","Handler":"a.b","#;
    let long = "v".repeat(4_090);
    let rows = [
        (
            r#"{"Runtime":"python3.13"}"#.to_owned(),
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (r#"{"Handler":"a.b"}"#.to_owned(), "Runtime and Handler are mandatory"),
        (
            r#"{"Runtime":"go1.x","Handler":"a"}"#.to_owned(),
            "The runtime parameter of go1.x is no longer supported",
        ),
        (
            r#"{"Runtime":"cobol","Handler":"a"}"#.to_owned(),
            "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (
            format!(
                r#"{{{base}"Environment":{{"Variables":{{"AWS_REGION":"x","_HANDLER":"y","OK":"z"}}}}}}"#
            ),
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, _HANDLER",
        ),
        (
            format!(r#"{{{base}"Environment":{{"Variables":{{"K":"{long}"}}}}}}"#),
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {\"K\":\"vvv",
        ),
        (
            format!(r#"{{{base}"LoggingConfig":{{"SystemLogLevel":"DEBUG"}}}}"#),
            "ApplicationLogLevel and SystemLogLevel",
        ),
    ];
    for (json, message) in rows {
        let error = create(&json).expect_err(message);
        assert_eq!(error.shape.name, "InvalidParameterValueException", "{message}");
        assert!(error.message.starts_with(message), "{}", error.message);
    }
}

#[test]
fn four_kilobytes_of_variables_are_accepted_and_one_more_byte_is_not() {
    let with = |len: usize| {
        let json = format!(
            r#"{{"Runtime":"python3.13","Handler":"a.b","Environment":{{"Variables":{{"K":"{}"}}}}}}"#,
            "v".repeat(len)
        );
        create(&json).is_ok()
    };
    let around = r#"{"K":""}"#.len();
    assert!(with(4_096 - around));
    assert!(!with(4_097 - around));
}

#[test]
fn levels_come_with_json_and_go_with_text() {
    let json = create(
        r#"{"Runtime":"python3.13","Handler":"a","LoggingConfig":{"LogFormat":"JSON","SystemLogLevel":"WARN"}}"#,
    )
    .unwrap()
    .logging;
    assert_eq!(json.application_level.as_deref(), Some("INFO"));
    assert_eq!(json.system_level.as_deref(), Some("WARN"));
    let text = shapes::LoggingConfig { log_format: Some("Text".to_owned()), ..Default::default() };
    let text = logging(Some(&text), json).unwrap();
    assert_eq!((text.application_level, text.system_level), (None, None));
}

#[test]
fn the_date_of_a_change_is_written_as_aws_does() {
    assert_eq!(last_modified(1_791_479_697_005), "2026-10-08T17:14:57.005+0000");
}
