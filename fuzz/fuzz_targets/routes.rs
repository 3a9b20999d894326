//! A request's head: path, query and headers to an operation and a caller.
#![no_main]

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_api::request::{percent_decode, query_pairs};
use lambda_api::{Operation, Routed};
use types::FunctionReference;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const HEADERS: [&str; 8] = [
    "authorization",
    "host",
    "origin",
    "x-amz-date",
    "x-amz-target",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "date",
];

#[derive(Arbitrary, Debug)]
struct Head {
    method: u8,
    /// Fills the labels of this operation's path; `None`: `path` as it is.
    operation: Option<u8>,
    path: String,
    query: String,
    headers: Vec<(u8, Vec<u8>)>,
    body: Vec<u8>,
}

libfuzzer_sys::fuzz_target!(|head: Head| {
    let operation = head.operation.map(|at| Operation::ALL[usize::from(at) % Operation::ALL.len()]);
    let method = match operation {
        Some(operation) => operation.method(),
        None => METHODS[usize::from(head.method) % METHODS.len()],
    };
    let path = match operation {
        Some(operation) => operation.uri().split('?').next().unwrap().replace("{FunctionName}", &head.path),
        None => head.path.clone(),
    };
    if let Routed::Matched { operation, labels } = lambda_api::route(method, &path, &head.query) {
        assert_eq!(operation.method(), method);
        let owned = labels.clone().into_owned();
        let names = operation.uri().split(['{', '}']).skip(1).step_by(2);
        names.for_each(|name| assert!(owned.get(name).is_some_and(|value| !value.is_empty()), "{name}"));
        let slashed = format!("{}/", path.strip_suffix('/').unwrap_or(&path));
        assert_eq!(lambda_api::route(method, &slashed, &head.query), Routed::Matched { operation, labels });
    }
    assert!(query_pairs(&head.query).count() <= head.query.len());
    assert!(percent_decode(&head.path, false).len() <= head.path.len() * 3);
    if let Ok(named) = FunctionReference::parse(&head.path) {
        assert!(named.account.is_none_or(|account| account.as_str().len() == 12));
    }
    let headers: HeaderMap = head
        .headers
        .iter()
        .filter_map(|(at, value)| {
            let name = HeaderName::from_static(HEADERS[usize::from(*at) % HEADERS.len()]);
            Some((name, HeaderValue::from_bytes(value).ok()?))
        })
        .collect();
    let callers = frontend::fuzzing::head(method, &path, &head.query, &headers, &head.body);
    assert_eq!(callers[1], None, "no fuzzer knows how to sign");
    if let Some((account, region)) = &callers[0] {
        assert!(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()), "{account}");
        assert!(!region.is_empty() && !region.contains([':', '/']), "{region}");
    }
});
