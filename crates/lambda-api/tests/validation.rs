//! Inputs against AWS's own messages (recorded answers, model constraints).

use lambda_api::lambda::shapes::*;
use lambda_api::logs::shapes::{CreateLogGroupRequest, DescribeLogGroupsRequest, PutLogEventsRequest};
use lambda_api::{Input, PathLabels, Request, Routed, Shape, message, route};

fn parse<I: Input>(labels: &PathLabels<'_>, query: &str, body: &str) -> Result<I, String> {
    I::parse(&Request { labels, query, header: &|_| None, body: body.as_bytes() })
        .map_err(|error| error.message)
}

fn from_body<I: Input>(body: &str) -> I {
    parse(&PathLabels::default(), "", body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

fn refused(input: &impl Shape) -> String {
    let violations = input.violations();
    if violations.is_empty() { String::new() } else { message(&violations) }
}

const ROLE: &str = r#""Role":"arn:aws:iam::000000000000:role/r""#;

fn create(members: &str) -> String {
    let body = format!(r#"{{"FunctionName":"f",{ROLE},"Code":{{"ZipFile":"aGk="}}{members}}}"#);
    refused(&from_body::<CreateFunctionRequest>(&body))
}

#[test]
fn constraints_that_do_not_hold_are_told_in_awss_words() {
    let one = "1 validation error detected: Value ";
    let failed = "failed to satisfy constraint: Member must ";
    let long = "d".repeat(257);
    let rows: &[(&str, String)] = &[
        ("", String::new()),
        (r#","Timeout":900,"MemorySize":10240,"EphemeralStorage":{"Size":10240}"#, String::new()),
        (r#","Architectures":["x86_65"]"#,
            format!("{one}'[x86_65]' at 'architectures' {failed}satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")),
        (r#","Architectures":["x86_64","arm64"]"#,
            format!("{one}'[x86_64, arm64]' at 'architectures' {failed}have length less than or equal to 1")),
        (r#","PackageType":"Jar""#, format!("{one}'Jar' at 'packageType' {failed}satisfy enum value set: [Zip, Image]")),
        (r#","SnapStart":{"ApplyOn":"Never"}"#,
            format!("{one}'Never' at 'snapStart.applyOn' {failed}satisfy enum value set: [PublishedVersions, None]")),
        (r#","Timeout":901"#, format!("{one}'901' at 'timeout' {failed}have value less than or equal to 900")),
        (r#","Timeout":0"#, format!("{one}'0' at 'timeout' {failed}have value greater than or equal to 1")),
        (r#","MemorySize":10241"#, format!("{one}'10241' at 'memorySize' {failed}have value less than or equal to 10240")),
        (r#","MemorySize":127"#, format!("{one}'127' at 'memorySize' {failed}have value greater than or equal to 128")),
        (r#","EphemeralStorage":{"Size":10241}"#,
            format!("{one}'10241' at 'ephemeralStorage.size' {failed}have value less than or equal to 10240")),
        (r#","EphemeralStorage":{}"#,
            "1 validation error detected: Value null at 'ephemeralStorage.size' failed to satisfy constraint: Member must not be null".to_owned()),
        (r#","Handler":"a b""#, format!("{one}'a b' at 'handler' {failed}satisfy regular expression pattern: [^\\s]+")),
        (&format!(r#","Description":"{long}""#),
            format!("{one}'{long}' at 'description' {failed}have length less than or equal to 256")),
        (r#","VpcConfig":{"SubnetIds":["subnet-1","x"]}"#,
            format!("{one}'[subnet-1, x]' at 'vpcConfig.subnetIds' {failed}satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: subnet-[0-9a-z]*, Member must not be null]")),
        // Environment variables are sensitive: AWS leaves their values out.
        (r#","Environment":{"Variables":{"1":"secret"}}"#,
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]".to_owned()),
        (r#","Tags":{"k!":"v"}"#,
            r"1 validation error detected: Value '{k!=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*), Member must not be null]".to_owned()),
        (r#","Tags":{"k":"v!"}"#,
            r"1 validation error detected: Value '{k=v!}' at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*), Member must not be null]".to_owned()),
        (r#","Timeout":0,"MemorySize":1"#,
            "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128".to_owned()),
        // The runtime's own check is overrides::runtime_refusal.
        (r#","Runtime":"cobol85""#, String::new()),
    ];
    for (members, expected) in rows {
        assert_eq!(&create(members), expected, "{members}");
    }
}

#[test]
fn a_structure_inside_a_list_is_named_by_its_place() {
    let found = create(r#","FileSystemConfigs":[{"LocalMountPath":"/mnt/x"}]"#);
    assert_eq!(
        found,
        "1 validation error detected: Value null at 'fileSystemConfigs.1.member.arn' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn a_null_in_a_list_is_no_string() {
    let body = r#"{"FunctionName":"f","Layers":["a",null]}"#;
    let request =
        Request { labels: &PathLabels::default(), query: "", header: &|_| None, body: body.as_bytes() };
    let error = CreateFunctionRequest::parse(&request).unwrap_err();
    assert_eq!(error.shape().name, "SerializationException");
}

#[test]
fn absent_required_members_are_null() {
    assert_eq!(
        refused(&from_body::<CreateFunctionRequest>("{}")),
        "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member must not be \
         null; Value null at 'role' failed to satisfy constraint: Member must not be null; Value null at 'code' failed \
         to satisfy constraint: Member must not be null"
    );
    let untag: UntagResourceRequest = parse(&PathLabels::default(), "", "").unwrap();
    assert!(
        refused(&untag)
            .contains("Value null at 'tagKeys' failed to satisfy constraint: Member must not be null")
    );
}

#[test]
fn a_bad_role_and_a_bad_name_are_told_by_pattern() {
    let input: CreateFunctionRequest = from_body(r#"{"FunctionName":"a b","Role":"r","Code":{}}"#);
    let text = refused(&input);
    assert!(text.starts_with("2 validation errors detected: Value 'a b' at 'functionName' failed"), "{text}");
    assert!(
        text.ends_with(r"; Value 'r' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"),
        "{text}"
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_a_serialization_error() {
    for (body, expected) in [
        (r#"{"Timeout":"3"}"#, "STRING_VALUE can not be converted to an Integer"),
        (r#"{"Timeout":3.5}"#, "DECIMAL_VALUE can not be converted to an Integer"),
        (r#"{"Handler":3}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"Handler":true}"#, "TRUE_VALUE can not be converted to a String"),
        (r#"{"Publish":"yes"}"#, "STRING_VALUE can not be converted to a Boolean"),
        (r#"{"Handler":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"Handler":[]}"#, "Start of list found where not expected"),
        (r#"{"Code":[]}"#, "Start of list found where not expected"),
        (r#"{"Code":"x"}"#, "Unexpected field type"),
        (r#"[]"#, "Start of list found where not expected"),
    ] {
        let found = parse::<CreateFunctionRequest>(&PathLabels::default(), "", body);
        assert_eq!(found, Err(expected.to_owned()), "{body}");
    }
    for body in ["{", "not json", r#"{"Code":{"ZipFile":"!"}}"#, "\u{0}"] {
        assert!(parse::<CreateFunctionRequest>(&PathLabels::default(), "", body).is_err(), "{body}");
    }
    let deep = format!(r#"{{"X":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    // An unknown member is skipped without recursion: a deep one costs no stack.
    assert!(parse::<CreateFunctionRequest>(&PathLabels::default(), "", &deep).is_ok());
}

#[test]
fn an_input_is_filled_from_path_query_headers_and_body() {
    let path = "/2015-03-31/functions/hello/invocations";
    let Routed::Matched { labels, .. } = route("POST", path, "") else { panic!("no route") };
    let header = |name: &str| match name {
        "X-Amz-Invocation-Type" => Some("Event"),
        "X-Amz-Log-Type" => Some("Tail"),
        _ => None,
    };
    let request =
        Request { labels: &labels, query: "Qualifier=%24LATEST&x=y", header: &header, body: b"payload" };
    let input = InvocationRequest::parse(&request).unwrap();
    assert_eq!(input.function_name.as_deref(), Some("hello"));
    assert_eq!(input.qualifier.as_deref(), Some("$LATEST"));
    assert_eq!(input.invocation_type.as_deref(), Some("Event"));
    assert_eq!(input.log_type.as_deref(), Some("Tail"));
    assert_eq!(input.present_members(), ["FunctionName", "InvocationType", "LogType", "Qualifier"]);
    assert!(input.violations().is_empty());

    let list: ListFunctionsRequest = parse(&PathLabels::default(), "MaxItems=7&Marker=a%2Bb", "").unwrap();
    assert_eq!((list.max_items, list.marker.as_deref()), (Some(7), Some("a+b")));
    assert!(parse::<ListFunctionsRequest>(&PathLabels::default(), "MaxItems=many", "").is_err());

    let untag: UntagResourceRequest = parse(&PathLabels::default(), "tagKeys=a&tagKeys=b%20c", "").unwrap();
    assert_eq!(untag.tag_keys, Some(vec!["a".to_owned(), "b c".to_owned()]));

    let stop: StopDurableExecutionRequest =
        parse(&PathLabels::default(), "", r#"{"ErrorType":"E","StackTrace":["a"]}"#).unwrap();
    assert_eq!(stop.error.and_then(|error| error.error_type).as_deref(), Some("E"));
}

#[test]
fn a_member_in_the_body_cannot_stand_in_for_one_of_the_path() {
    let input: UpdateFunctionConfigurationRequest =
        from_body(r#"{"FunctionName":"other","Nonsense":{"a":[1]}}"#);
    assert_eq!(input.function_name, None);
    assert!(input.present_members().is_empty());
}

#[test]
fn unset_members_are_absent_and_null_is_unset() {
    let body = r#"{"FunctionName":"f","Environment":{"Variables":{}},"Description":null,"Layers":[]}"#;
    let input: CreateFunctionRequest = from_body(body);
    assert_eq!(input.present_members(), ["FunctionName", "Environment", "Layers"]);
    assert_eq!(
        serde_json::to_string(&input).unwrap(),
        r#"{"FunctionName":"f","Environment":{"Variables":{}},"Layers":[]}"#
    );
    let output =
        FunctionConfiguration { timeout: Some(3), description: Some(String::new()), ..Default::default() };
    let text = serde_json::to_string(&output).unwrap();
    assert_eq!(text, r#"{"Description":"","Timeout":3}"#);
    assert_eq!(serde_json::from_str::<FunctionConfiguration>(&text).unwrap(), output);
}

#[test]
fn debug_output_hides_environment_variables() {
    let input: CreateFunctionRequest = from_body(r#"{"Environment":{"Variables":{"TOKEN":"hunter2"}}}"#);
    let text = format!("{input:?}");
    assert!(text.contains("variables: Some(***)") && !text.contains("hunter2"), "{text}");
}

#[test]
fn logs_inputs_are_checked_the_same_way() {
    let limit: DescribeLogGroupsRequest = from_body(r#"{"limit":51,"logGroupNamePrefix":"/aws/lambda/"}"#);
    assert_eq!(
        refused(&limit),
        "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50"
    );
    let name: CreateLogGroupRequest = from_body(r#"{"logGroupName":"a b"}"#);
    assert_eq!(
        refused(&name),
        r"1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
    );
    let put: PutLogEventsRequest = from_body(
        r#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"},{"message":""}]}"#,
    );
    let text = refused(&put);
    assert!(
        text.starts_with("2 validation errors detected: Value null at 'logEvents.2.member.timestamp'"),
        "{text}"
    );
    assert!(text.contains("Value '' at 'logEvents.2.member.message'"), "{text}");
}

#[test]
fn a_refusal_stays_small_however_large_the_value() {
    let body =
        format!(r#"{{"FunctionName":"f",{ROLE},"Code":{{}},"Description":"{}"}}"#, "é".repeat(1_000_000));
    assert!(refused(&from_body::<CreateFunctionRequest>(&body)).len() < 70_000);
}
