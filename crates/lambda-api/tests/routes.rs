//! Every operation of the model routes, with and without a trailing slash, and nothing else does.

use lambda_api::{Operation, Routed, route};

/// The model's URI with its labels filled: `{X}` becomes `X-value`.
fn filled(operation: Operation) -> (String, String, Vec<String>) {
    let (path, query) = operation.uri().split_once('?').unwrap_or((operation.uri(), ""));
    let mut labels = Vec::new();
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) => {
                labels.push(label.to_owned());
                format!("{label}-value")
            }
            None => segment.to_owned(),
        })
        .collect();
    (segments.join("/").trim_end_matches('/').to_owned(), query.to_owned(), labels)
}

#[test]
fn every_operation_routes_with_and_without_a_trailing_slash() {
    assert!(Operation::ALL.len() >= 91);
    for &operation in Operation::ALL {
        let (path, query, labels) = filled(operation);
        for path in [path.clone(), format!("{path}/")] {
            let Routed::Matched { operation: found, labels: values } =
                route(operation.method(), &path, &query)
            else {
                panic!("{} {path}?{query} does not route to {}", operation.method(), operation.name());
            };
            assert_eq!(found, operation, "{} {path}?{query}", operation.method());
            for label in &labels {
                assert_eq!(values.get(label), Some(format!("{label}-value").as_str()), "{path}");
            }
        }
        assert_eq!(route("PATCH", &path, &query), Routed::WrongMethod, "{path}");
    }
}

#[test]
fn a_constant_in_the_query_chooses_between_two_operations() {
    for (path, query, expected) in [
        ("/2018-10-31/layers", "", Operation::ListLayers),
        ("/2018-10-31/layers", "MaxItems=3", Operation::ListLayers),
        ("/2018-10-31/layers", "Arn=a&find=LayerVersion", Operation::GetLayerVersionByArn),
        (
            "/2019-09-30/functions/f/provisioned-concurrency",
            "Qualifier=1",
            Operation::GetProvisionedConcurrencyConfig,
        ),
        (
            "/2019-09-30/functions/f/provisioned-concurrency",
            "List=ALL",
            Operation::ListProvisionedConcurrencyConfigs,
        ),
    ] {
        match route("GET", path, query) {
            Routed::Matched { operation, .. } => assert_eq!(operation, expected, "{path}?{query}"),
            other => panic!("{path}?{query}: {other:?}"),
        }
    }
}

#[test]
fn an_encoded_arn_stays_one_segment_and_is_decoded() {
    let arn = "arn:aws:lambda:eu-west-1:000000000000:function:hello:$LATEST";
    for raw in [arn, "arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Ahello%3A%24LATEST"] {
        let path = format!("/2015-03-31/functions/{raw}/invocations");
        match route("POST", &path, "") {
            Routed::Matched { operation, labels } => {
                assert_eq!(operation, Operation::Invoke);
                assert_eq!(labels.get("FunctionName"), Some(arn));
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    match route("GET", "/2025-12-01/durable-executions/arn%3Ax%2Fa%2fb/history", "") {
        Routed::Matched { labels, .. } => assert_eq!(labels.get("DurableExecutionArn"), Some("arn:x/a/b")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_path_of_the_model_is_unknown() {
    for path in [
        "",
        "/",
        "//",
        "functions",
        "/2015-03-31",
        "/2015-03-31/function",
        "/2015-03-31/functions//",
        "/2015-03-31/functions//invocations",
        "/2015-03-31/functions/f/invocations//",
        "/2015-03-31/functions/f/invocations/x",
        "/2015-03-31/functions/a/b/c/d/e/f/g/h/i/j",
        "/2015-03-31/functions%2Ff",
    ] {
        assert_eq!(route("POST", path, ""), Routed::Unknown, "{path:?}");
    }
}
