//! A whole Lambda function in one file: a program called `bootstrap` that asks the Runtime API for work.
//!
//! ```text
//! start ──► GET next ──► handle ──► POST response ──┐
//!              ▲                                    │
//!              └────────────────────────────────────┘
//! ```
//! Standard library only, on purpose: this is everything that the `provided.al2023` runtime asks of a program.
//! Build it with `rustc --edition 2024 -O bootstrap.rs` and deploy the folder that holds the result. For real
//! work take the `lambda_runtime` crate, which does the same with types.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

/// Your function: an event in, an answer out, both JSON.
fn handle(event: &str, request_id: &str) -> String {
    println!("handling {request_id}"); // what a function prints is in its log
    let name = string_member(event, "name").unwrap_or("world");
    format!(r#"{{"message":"Hello, {name}! λ runs on your own machine.","requestId":"{request_id}"}}"#)
}

fn main() -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_else(|_| "127.0.0.1:9001".to_owned());
    let mut runtime_api = RuntimeApi::connect(&api)?;
    loop {
        let (request_id, event) = runtime_api.next()?;
        let answer = handle(&event, &request_id);
        runtime_api.respond(&request_id, &answer)?;
    }
}

/// One connection, kept open; one request at a time. That is all HTTP this needs.
struct RuntimeApi {
    host: String,
    stream: BufReader<TcpStream>,
}

impl RuntimeApi {
    fn connect(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?; // small requests must not wait for company
        Ok(Self { host: host.to_owned(), stream: BufReader::new(stream) })
    }

    /// Waits for the next event: its request id and its payload. Here the environment sleeps between invocations.
    fn next(&mut self) -> Result<(String, String)> {
        let (headers, event) = self.request("GET", "next", "")?;
        let request_id = headers.into_iter().find(|(name, _)| name == "lambda-runtime-aws-request-id");
        Ok((request_id.map(|(_, id)| id).unwrap_or_default(), event))
    }

    fn respond(&mut self, request_id: &str, answer: &str) -> Result<()> {
        self.request("POST", &format!("{request_id}/response"), answer).map(drop)
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Result<(Vec<(String, String)>, String)> {
        let (host, length) = (&self.host, body.len());
        let head = format!(
            "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.stream.get_mut().write_all((head + body).as_bytes())?;
        self.answer()
    }

    /// Reads one answer: headers up to the empty line, then as many bytes as `content-length` says.
    fn answer(&mut self) -> Result<(Vec<(String, String)>, String)> {
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                std::process::exit(0); // the platform hung up: this environment is over
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None if line.trim_end().is_empty() => break,
                None => {} // the status line
            }
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok((headers, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// `"NAME": "value"` somewhere in a JSON text, as long as the value needs no escapes. Enough to say hello.
fn string_member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let after_name = json.split_once(&format!("\"{name}\""))?.1.trim_start();
    let value = after_name.strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(value, _)| value).filter(|value| !value.contains('\\'))
}
