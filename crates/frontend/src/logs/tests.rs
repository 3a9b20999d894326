//! Bodies as data: what comes in, what telemetry is asked and answers, what goes out. That the real store
//! answers so is the business of its own tests.

use super::{LogsError, answer};
use async_trait::async_trait;
use fabric::Scope;
use fabric::telemetry::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use types::{AccountId, Region};
use world::WallTime;

const NOW_MS: u64 = 1_800_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Answers what it was told to, in order, and keeps what it was asked.
struct Script {
    answers: Mutex<VecDeque<TelemetryResponse>>,
    asked: Mutex<Vec<String>>,
}

macro_rules! script {
    ($($call:ident $Variant:ident $In:ty => $Out:ty;)*) => {
        #[async_trait]
        impl Telemetry for Script {
            $(async fn $call(&self, message: $In) -> Result<$Out, TelemetryError> {
                self.asked.lock().unwrap().push(format!("{:?}", TelemetryRequest::$Variant(message)));
                match self.answers.lock().unwrap().pop_front() {
                    Some(TelemetryResponse::$Variant(answer)) => answer,
                    other => panic!("{} was called, the script has {other:?}", stringify!($call)),
                }
            })*
        }
    };
}

script! {
    append Append AppendEvents => ();
    create_group CreateGroup CreateGroup => ();
    delete_group DeleteGroup GroupName => ();
    create_stream CreateStream StreamName => ();
    delete_stream DeleteStream StreamName => ();
    put_retention PutRetention PutRetention => ();
    describe_groups DescribeGroups DescribeGroups => GroupPage;
    describe_streams DescribeStreams DescribeStreams => StreamPage;
    get_events GetEvents GetEvents => EventPage;
    filter_events FilterEvents FilterEvents => FilteredPage;
    group_tags GroupTags GroupName => BTreeMap<String, String>;
    tag_group TagGroup TagGroup => ();
    put_trace PutTrace Trace => ();
    get_trace GetTrace TraceQuery => Option<Trace>;
    fresh Fresh FreshQuery => FreshLines;
}

fn scope() -> Scope {
    Scope { account: AccountId::new("000000000000"), region: Region::new("eu-central-1") }
}

async fn ask(
    operation: &str,
    body: &Value,
    answers: Vec<TelemetryResponse>,
) -> (Result<Value, LogsError>, Vec<String>) {
    let script = Script { answers: Mutex::new(answers.into()), asked: Mutex::default() };
    let body = body.to_string();
    let answered =
        answer(&script, &scope(), WallTime(NOW_MS * 1_000), operation, body.as_bytes()).await.map(|bytes| {
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() }
        });
    assert!(
        script.answers.lock().unwrap().is_empty(),
        "{operation} {body} did not ask all that was scripted"
    );
    (answered, script.asked.into_inner().unwrap())
}

/// The answer is `expected`; `null` is no body.
#[track_caller]
fn check(operation: &str, body: Value, answers: Vec<TelemetryResponse>, expected: Value) -> Vec<String> {
    let (answered, asked) = run(ask(operation, &body, answers));
    assert_eq!(answered.expect(operation), expected, "{operation} {body}");
    asked
}

/// The refusal is of this name and message.
#[track_caller]
fn refuse(operation: &str, body: Value, answers: Vec<TelemetryResponse>, name: &str, message: &str) {
    let (answered, _) = run(ask(operation, &body, answers));
    let error = answered.expect_err(operation);
    assert_eq!((error.shape.name, error.message.as_str()), (name, message), "{operation} {body}");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn group(name: &str) -> Group {
    Group { name: name.to_owned(), created_ms: 5, retention_days: Some(7), stored_bytes: 42 }
}

fn groups(names: &[&str], next: Option<&str>) -> TelemetryResponse {
    TelemetryResponse::DescribeGroups(Ok(GroupPage {
        groups: names.iter().map(|name| group(name)).collect(),
        next: next.map(str::to_owned),
    }))
}

fn streams(names: &[&str]) -> TelemetryResponse {
    let stream = |name: &&str| Stream {
        name: (*name).to_owned(),
        created_ms: 1,
        first_event_ms: Some(2),
        last_event_ms: Some(3),
        last_ingestion_ms: Some(4),
    };
    TelemetryResponse::DescribeStreams(Ok(StreamPage {
        streams: names.iter().map(stream).collect(),
        next: None,
    }))
}

fn event(id: u64, message: &str) -> StoredEvent {
    StoredEvent {
        id,
        stream: "s".to_owned(),
        timestamp_ms: 1_700_000_000_123,
        ingestion_ms: 1_700_000_000_456,
        message: message.to_owned(),
    }
}

#[test]
fn groups_are_listed_with_both_forms_of_their_arn() {
    let asked = check(
        "DescribeLogGroups",
        json!({"logGroupNamePrefix": "/aws/lambda/", "limit": 2, "nextToken": "n/x"}),
        vec![groups(&["/aws/lambda/hello"], Some("n/y"))],
        json!({"logGroups": [{
            "logGroupName": "/aws/lambda/hello",
            "creationTime": 5,
            "retentionInDays": 7,
            "metricFilterCount": 0,
            "arn": "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/hello:*",
            "logGroupArn": "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/hello",
            "storedBytes": 42,
            "logGroupClass": "STANDARD",
            "deletionProtectionEnabled": false,
        }], "nextToken": "n/y"}),
    );
    assert!(
        asked[0].contains(r#"prefix: Some("/aws/lambda/"), pattern: None, next: Some("n/x"), items_max: 2"#)
    );
    let asked = check("DescribeLogGroups", json!({}), vec![groups(&[], None)], json!({"logGroups": []}));
    assert!(asked[0].contains("items_max: 50"));
    check("DescribeLogGroups", json!({"logGroupClass": "DELIVERY"}), vec![], json!({"logGroups": []}));
    let identifiers = json!({"logGroupIdentifiers": [
        "arn:aws:logs:eu-central-1:000000000000:log-group:gone", "arn:aws:logs:us-east-1:1:log-group:x",
    ]});
    check("DescribeLogGroups", identifiers, vec![groups(&["gone2"], None)], json!({"logGroups": []}));
}

#[test]
fn streams_are_listed_with_the_arn_of_their_group() {
    let asked = check(
        "DescribeLogStreams",
        json!({"logGroupIdentifier": "arn:aws:logs:eu-central-1:000000000000:log-group:/g",
               "orderBy": "LastEventTime", "descending": true}),
        vec![streams(&["2026/01/31/[$LATEST]ab"])],
        json!({"logStreams": [{
            "logStreamName": "2026/01/31/[$LATEST]ab",
            "creationTime": 1,
            "firstEventTimestamp": 2,
            "lastEventTimestamp": 3,
            "lastIngestionTime": 4,
            "uploadSequenceToken": "00000000000000000004000000000000000000000000000000000000",
            "arn": "arn:aws:logs:eu-central-1:000000000000:log-group:/g:log-stream:2026/01/31/[$LATEST]ab",
            "storedBytes": 0,
        }]}),
    );
    assert!(asked[0].contains(r#"group: "/g" }, prefix: None, by_last_event: true, descending: true"#));
}

#[test]
fn events_are_read_in_pages_with_both_tokens() {
    let page =
        EventPage { events: vec![event(1, "hi\n")], forward: "f".to_owned(), backward: "b".to_owned() };
    let asked = check(
        "GetLogEvents",
        json!({"logGroupName": "/g", "logStreamName": "s", "startFromHead": true, "startTime": 1, "limit": 9}),
        vec![TelemetryResponse::GetEvents(Ok(page))],
        json!({"events": [{"timestamp": 1_700_000_000_123_u64, "message": "hi\n",
                           "ingestionTime": 1_700_000_000_456_u64}],
               "nextForwardToken": "f", "nextBackwardToken": "b"}),
    );
    assert!(asked[0].contains("start_ms: Some(1), end_ms: None, from_head: true, next: None, items_max: 9"));
}

#[test]
fn a_search_answers_as_the_clis_tail_reads_it() {
    let page = FilteredPage { events: vec![event(77, "ERROR")], next: Some("t".to_owned()) };
    let asked = check(
        "FilterLogEvents",
        json!({"logGroupName": "/g", "interleaved": true, "startTime": 1_700_000_000_000_u64,
               "filterPattern": "ERROR", "logStreamNames": ["s"]}),
        vec![TelemetryResponse::FilterEvents(Ok(page))],
        json!({"events": [{
            "logStreamName": "s",
            "timestamp": 1_700_000_000_123_u64,
            "message": "ERROR",
            "ingestionTime": 1_700_000_000_456_u64,
            "eventId": "00000001700000000123000000000000000000000000000000000077",
        }], "searchedLogStreams": [], "nextToken": "t"}),
    );
    assert!(asked[0].contains(r#"streams: ["s"], stream_prefix: None, start_ms: Some(1700000000000)"#));
    assert!(asked[0].contains(r#"pattern: Some("ERROR"), next: None, items_max: 10000"#));
}

#[test]
fn what_has_no_output_answers_no_body() {
    use TelemetryResponse as Said;
    let arn = "arn:aws:logs:eu-central-1:000000000000:log-group:/g";
    for (operation, body, said, words) in [
        (
            "CreateLogGroup",
            json!({"logGroupName": "/g", "tags": {"k": "v"}}),
            Said::CreateGroup(Ok(())),
            r#"{"k": "v"}"#,
        ),
        ("DeleteLogGroup", json!({"logGroupName": "/g"}), Said::DeleteGroup(Ok(())), r#"group: "/g""#),
        (
            "CreateLogStream",
            json!({"logGroupName": "/g", "logStreamName": "s"}),
            Said::CreateStream(Ok(())),
            r#"stream: "s""#,
        ),
        (
            "DeleteLogStream",
            json!({"logGroupName": "/g", "logStreamName": "s"}),
            Said::DeleteStream(Ok(())),
            r#"stream: "s""#,
        ),
        (
            "PutRetentionPolicy",
            json!({"logGroupName": "/g", "retentionInDays": 3653}),
            Said::PutRetention(Ok(())),
            "Some(3653)",
        ),
        ("DeleteRetentionPolicy", json!({"logGroupName": "/g"}), Said::PutRetention(Ok(())), "days: None"),
        (
            "TagResource",
            json!({"resourceArn": arn, "tags": {"k": "v"}}),
            Said::TagGroup(Ok(())),
            r#"set: {"k": "v"}, remove: []"#,
        ),
        (
            "UntagResource",
            json!({"resourceArn": arn, "tagKeys": ["k"]}),
            Said::TagGroup(Ok(())),
            r#"set: {}, remove: ["k"]"#,
        ),
    ] {
        let asked = check(operation, body, vec![said], Value::Null);
        assert!(asked[0].contains(words), "{operation} asked {}", asked[0]);
    }
    let tags = || Said::GroupTags(Ok([("k".to_owned(), "v".to_owned())].into()));
    check("ListTagsForResource", json!({"resourceArn": arn}), vec![tags()], json!({"tags": {"k": "v"}}));
    check("ListTagsLogGroup", json!({"logGroupName": "/g"}), vec![tags()], json!({"tags": {"k": "v"}}));
}

#[test]
fn telemetrys_refusals_get_awss_names_and_words() {
    use TelemetryResponse as Said;
    let body = || json!({"logGroupName": "/g", "logStreamName": "s"});
    let missing = "ResourceNotFoundException";
    let no_group = "The specified log group does not exist.";
    let no_stream = "The specified log stream does not exist.";
    let events = |error| vec![Said::GetEvents(Err(error))];
    refuse("GetLogEvents", body(), events(TelemetryError::NoGroup), missing, no_group);
    refuse("GetLogEvents", body(), events(TelemetryError::NoStream), missing, no_stream);
    let token = "The specified nextToken is invalid.";
    refuse("GetLogEvents", body(), events(TelemetryError::BadToken), "InvalidParameterException", token);
    let failed = TelemetryError::Store { reason: "secret".to_owned() };
    let sorry = "The service cannot complete the request.";
    refuse("GetLogEvents", body(), events(failed), "ServiceUnavailableException", sorry);
    let exists = "ResourceAlreadyExistsException";
    let there = vec![Said::CreateGroup(Err(TelemetryError::Exists))];
    refuse(
        "CreateLogGroup",
        json!({"logGroupName": "/g"}),
        there,
        exists,
        "The specified log group already exists",
    );
    let there = vec![Said::CreateStream(Err(TelemetryError::Exists))];
    refuse("CreateLogStream", body(), there, exists, "The specified log stream already exists");
    let many = || TelemetryError::TooMany { reason: "too many".to_owned() };
    let arn =
        json!({"resourceArn": "arn:aws:logs:eu-central-1:000000000000:log-group:/g", "tags": {"k": "v"}});
    refuse("TagResource", arn, vec![Said::TagGroup(Err(many()))], "TooManyTagsException", "too many");
    let full = vec![Said::CreateGroup(Err(many()))];
    refuse("CreateLogGroup", json!({"logGroupName": "/g"}), full, "LimitExceededException", "too many");
    let pattern = TelemetryError::BadPattern { reason: "Invalid character(s) in term 'a-b'".to_owned() };
    let words = "Invalid filter pattern: Invalid character(s) in term 'a-b'";
    let filter = json!({"logGroupName": "/g", "filterPattern": "a-b"});
    refuse(
        "FilterLogEvents",
        filter,
        vec![Said::FilterEvents(Err(pattern))],
        "InvalidParameterException",
        words,
    );
}

#[test]
fn what_the_model_or_the_service_does_not_allow_never_reaches_the_store() {
    let invalid = "InvalidParameterException";
    let name = r"1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
    refuse("CreateLogGroup", json!({"logGroupName": "a b"}), vec![], invalid, name);
    let missing = "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null";
    refuse("DeleteLogGroup", json!({}), vec![], invalid, missing);
    let limit = "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50";
    refuse("DescribeLogGroups", json!({"limit": 51}), vec![], invalid, limit);
    for (operation, body, message) in [
        (
            "CreateLogGroup",
            json!({"logGroupName": "aws/x"}),
            "Log groups starting with AWS/ are reserved for AWS.",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "/g", "kmsKeyId": "k"}),
            "Tinderbox does not implement kmsKeyId yet",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "/g", "deletionProtectionEnabled": true}),
            "Tinderbox does not implement deletionProtectionEnabled yet",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "/g", "logGroupClass": "DELIVERY"}),
            "Tinderbox does not implement a logGroupClass other than STANDARD yet",
        ),
        ("DescribeLogStreams", json!({}), "Either LogGroupName or LogGroupIdentifier must be specified"),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "a", "logGroupIdentifier": "b"}),
            "LogGroupName and LogGroupIdentifier cannot both be specified",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "a", "orderBy": "LastEventTime", "logStreamNamePrefix": "b"}),
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "a", "logStreamNames": ["s"], "logStreamNamePrefix": "b"}),
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        ),
        (
            "ListTagsForResource",
            json!({"resourceArn": "arn:aws:logs:eu-central-1:000000000000:destination:x"}),
            "'arn:aws:logs:eu-central-1:000000000000:destination:x' is not the ARN of a log group",
        ),
    ] {
        refuse(operation, body, vec![], invalid, message);
    }
    let elsewhere = json!({"resourceArn": "arn:aws:logs:eu-central-1:111111111111:log-group:x"});
    let words = "The specified log group does not exist.";
    refuse("ListTagsForResource", elsewhere, vec![], "ResourceNotFoundException", words);
    let words = "Tinderbox does not implement StartQuery of CloudWatch Logs yet";
    refuse("StartQuery", json!({}), vec![], "NotImplementedException", words);
}

#[test]
fn a_retention_that_aws_does_not_have_is_refused() {
    for days in [0, 2, 8, 3654, -1] {
        let (answered, _) =
            run(ask("PutRetentionPolicy", &json!({"logGroupName": "/g", "retentionInDays": days}), vec![]));
        let error = answered.expect_err("refused");
        assert_eq!(error.shape.name, "InvalidParameterException");
        assert!(error.message.contains(&format!("Value '{days}' at 'retentionInDays'")), "{}", error.message);
    }
}

#[test]
fn a_body_that_is_not_of_the_models_types_is_a_serialization_exception() {
    let script = Script { answers: Mutex::default(), asked: Mutex::default() };
    for body in [&b"{"[..], b"[]", b"\xff", br#"{"limit":"x"}"#, br#"{"logGroupNamePrefix":1}"#] {
        let answered = run(answer(&script, &scope(), WallTime(0), "DescribeLogGroups", body));
        assert_eq!(answered.expect_err("refused").shape.name, "SerializationException");
    }
}

#[test]
fn put_log_events_takes_what_is_in_time_and_says_where_the_rest_lies() {
    // Retention is 7 days in `group`.
    let times = [NOW_MS - 7 * DAY_MS - 10, NOW_MS - 7 * DAY_MS, NOW_MS - 7 * DAY_MS + 10];
    let body = |times: &[u64]| {
        let events: Vec<Value> =
            times.iter().map(|time| json!({"timestamp": time, "message": time.to_string()})).collect();
        json!({"logGroupName": "/g", "logStreamName": "s", "logEvents": events})
    };
    let there = || vec![groups(&["/g"], None), streams(&["s"])];
    let stored = || [there(), vec![TelemetryResponse::Append(Ok(()))]].concat();
    let token = "00000001800000000000000000000000000000000000000000000000";
    let asked = check(
        "PutLogEvents",
        body(&times),
        stored(),
        json!({
            "nextSequenceToken": token, "rejectedLogEventsInfo": {"expiredLogEventEndIndex": 1},
        }),
    );
    assert!(!asked[2].contains(&times[0].to_string()) && asked[2].contains(&times[1].to_string()));
    let asked = check(
        "PutLogEvents",
        body(&[NOW_MS + 7_200_000, NOW_MS + 7_200_001]),
        stored(),
        json!({
            "nextSequenceToken": token, "rejectedLogEventsInfo": {"tooNewLogEventStartIndex": 1},
        }),
    );
    assert!(!asked[2].contains(&(NOW_MS + 7_200_001).to_string()));
    check(
        "PutLogEvents",
        body(&[NOW_MS - 15 * DAY_MS]),
        there(),
        json!({
            "nextSequenceToken": token,
            "rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 1},
        }),
    );
    check("PutLogEvents", body(&[NOW_MS]), stored(), json!({"nextSequenceToken": token}));
    let missing = vec![groups(&["/g"], None), streams(&["s2"])];
    let words = "The specified log stream does not exist.";
    refuse("PutLogEvents", body(&[NOW_MS]), missing, "ResourceNotFoundException", words);
    let missing = vec![groups(&["/g2"], None)];
    let words = "The specified log group does not exist.";
    refuse("PutLogEvents", body(&[NOW_MS]), missing, "ResourceNotFoundException", words);
    let words = "Log events in a single PutLogEvents request must be in chronological order.";
    refuse("PutLogEvents", body(&[2, 1]), vec![], "InvalidParameterException", words);
    let words = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
    refuse("PutLogEvents", body(&[0, DAY_MS + 1]), vec![], "InvalidParameterException", words);
}
