//! What a runtime may say on its connections, well-formed or not.
#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use fabric::Invocation;
use std::time::Duration;
use types::{AccountId, FunctionArn, FunctionName, Region, RequestId};

#[derive(Arbitrary, Debug)]
struct Runtime<'a> {
    connections: Vec<Vec<Said<'a>>>,
    streaming: bool,
    deliveries: u8,
}

#[derive(Arbitrary, Debug)]
enum Said<'a> {
    Raw(&'a [u8]),
    Ping,
    Next,
    Response { right_id: bool, mode: Option<&'a str>, body: Body<'a> },
    Error { right_id: bool, error_type: &'a str, body: Body<'a> },
    InitError { error_type: &'a str, body: Body<'a> },
}

#[derive(Arbitrary, Debug)]
enum Body<'a> {
    Whole(&'a [u8]),
    /// Announces more or less than comes.
    Length(u32, &'a [u8]),
    /// In chunks, with trailers where a streamed error stands.
    Chunks(Vec<&'a [u8]>, Option<(&'a str, &'a str)>),
}

impl Body<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Whole(body) => {
                out.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
                out.extend(*body);
            }
            Self::Length(length, body) => {
                out.extend(format!("content-length: {length}\r\n\r\n").bytes());
                out.extend(*body);
            }
            Self::Chunks(chunks, trailers) => {
                out.extend(b"transfer-encoding: chunked\r\n\r\n");
                for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                    out.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    out.extend(*chunk);
                    out.extend(b"\r\n");
                }
                out.extend(b"0\r\n");
                if let Some((error_type, body)) = trailers {
                    out.extend(format!("lambda-runtime-function-error-type: {error_type}\r\n").bytes());
                    out.extend(format!("lambda-runtime-function-error-body: {body}\r\n").bytes());
                }
                out.extend(b"\r\n");
            }
        }
    }
}

const ROOT: &str = "2018-06-01/runtime";

impl Said<'_> {
    fn write(&self, id: &str, out: &mut Vec<u8>) {
        let id = |right: bool| if right { id } else { "00000000-0000-0000-0000-000000000001" };
        let (path, header, body) = match self {
            Self::Raw(bytes) => return out.extend(*bytes),
            Self::Ping => return out.extend(b"GET /2018-06-01/ping HTTP/1.1\r\n\r\n"),
            Self::Next => {
                return out.extend(format!("GET /{ROOT}/invocation/next HTTP/1.1\r\n\r\n").bytes());
            }
            Self::Response { right_id, mode, body } => {
                let mode = mode.map(|mode| ("response-mode", mode));
                (format!("invocation/{}/response", id(*right_id)), mode, body)
            }
            Self::Error { right_id, error_type, body } => {
                (format!("invocation/{}/error", id(*right_id)), Some(("error-type", *error_type)), body)
            }
            Self::InitError { error_type, body } => {
                ("init/error".to_owned(), Some(("error-type", *error_type)), body)
            }
        };
        out.extend(format!("POST /{ROOT}/{path} HTTP/1.1\r\n").bytes());
        if let Some((name, value)) = header {
            out.extend(format!("lambda-runtime-function-{name}: {value}\r\n").bytes());
        }
        body.write(out);
    }
}

libfuzzer_sys::fuzz_target!(|runtime: Runtime<'_>| {
    let invocation = Invocation {
        request_id: RequestId([7; 16]),
        invoked_arn: FunctionArn {
            region: Region::new("us-east-1"),
            account: AccountId::new("000000000000"),
            function: FunctionName::new("f"),
            qualifier: None,
        },
        payload: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(3),
        trace_id: "Root=1-0-0".to_owned(),
        client_context: None,
        cognito_identity: None,
        tenant_id: None,
        streaming: runtime.streaming,
        log_tail: false,
    };
    let id = invocation.request_id.to_string();
    let said: Vec<Vec<u8>> = runtime
        .connections
        .iter()
        .take(8)
        .map(|calls| {
            let mut bytes = Vec::new();
            calls.iter().take(16).for_each(|call| call.write(&id, &mut bytes));
            bytes
        })
        .collect();
    let said: Vec<&[u8]> = said.iter().map(Vec::as_slice).collect();
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let speaking = worker::fuzzing::runtime_api(
        tinderbox_fuzz::world::still(),
        &said,
        &invocation,
        usize::from(runtime.deliveries % 4),
    );
    for answer in tokio.block_on(speaking) {
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
    }
});
