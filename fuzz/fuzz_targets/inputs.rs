//! Every operation's input: read from path, query, headers and body, checked by the generated validators.
#![no_main]

use arbitrary::Arbitrary;
use lambda_api::request::FromText;
use lambda_api::{Input, Operation, PathLabels, Request, Routed, Shape, Timestamp};

#[derive(Arbitrary, Debug)]
struct Sent<'a> {
    operation: u8,
    label: &'a str,
    query: &'a str,
    header: Option<&'a str>,
    body: &'a [u8],
}

fn read<I: Input + Shape>(request: &Request<'_>) {
    match I::parse(request) {
        Ok(input) => {
            let violations = input.violations();
            if !violations.is_empty() {
                assert!(!lambda_api::message(&violations).is_empty());
            }
            let _ = input.present_members();
        }
        Err(error) => assert!(!error.message.is_empty()),
    }
}

macro_rules! read_lambda {
    ($($operation:ident: $input:ident,)*) => {
        fn lambda(operation: Operation, request: &Request<'_>) {
            match operation {
                $(Operation::$operation => read::<lambda_api::lambda::shapes::$input>(request),)*
                #[allow(unreachable_patterns)] // operations without an input
                _ => {}
            }
        }
    };
}
macro_rules! read_logs {
    ($($operation:ident: $input:ident,)*) => {
        fn logs(request: &Request<'_>) {
            $(read::<lambda_api::logs::shapes::$input>(request);)*
        }
    };
}
lambda_api::every_lambda_input!(read_lambda);
lambda_api::every_logs_input!(read_logs);

libfuzzer_sys::fuzz_target!(|sent: Sent<'_>| {
    // Few operations take a time in their query, and a fuzzer seldom gets there.
    let _ = Timestamp::from_text(sent.label);
    let header = |_: &str| sent.header;
    let operation = Operation::ALL.get(usize::from(sent.operation));
    let Some(&operation) = operation else {
        let labels = PathLabels::default();
        return logs(&Request { labels: &labels, query: "", header: &header, body: sent.body });
    };
    let (path, constant) = operation.uri().split_once('?').unwrap_or((operation.uri(), ""));
    let mut filled = String::new();
    for (at, part) in path.split(['{', '}']).enumerate() {
        filled.push_str(if at % 2 == 1 { sent.label } else { part });
    }
    let query = format!("{constant}&{}", sent.query);
    if let Routed::Matched { operation, labels } = lambda_api::route(operation.method(), &filled, &query) {
        lambda(operation, &Request { labels: &labels, query: &query, header: &header, body: sent.body });
    }
});
