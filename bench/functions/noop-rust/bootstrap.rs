//! The least a `provided` function can be: what is measured is the platform, not this.
//!
//! Answers how often this environment was invoked, when the handler began and which environment it is; holds its
//! environment for `sleep_ms` of the event. Standard library only.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_else(|_| "127.0.0.1:9001".to_owned());
    let stream_name = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_default();
    // `cargo lambda watch` gives a whole URL: an address with a path behind it.
    let api = api.strip_prefix("http://").unwrap_or(&api);
    let (address, prefix) = api.split_once('/').map_or((api, String::new()), |(a, p)| (a, format!("/{p}")));
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_ref().set_nodelay(true)?;
    let base = format!("{prefix}/2018-06-01/runtime/invocation");
    let next = format!("GET {base}/next HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut count = 0u64;
    loop {
        stream.get_mut().write_all(next.as_bytes())?;
        let (request_id, event) = answer(&mut stream)?;
        count += 1;
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        if let Some(sleep_ms) = sleep_ms(&event) {
            std::thread::sleep(Duration::from_millis(sleep_ms));
        }
        let body = format!(r#"{{"n":{count},"began_us":{began},"environment":"{stream_name}"}}"#);
        let length = body.len();
        let head = format!(
            "POST {base}/{request_id}/response HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(head.as_bytes())?;
        answer(&mut stream)?;
    }
}

/// Reads one answer: its request id and its body, whose length a header says.
fn answer(stream: &mut BufReader<TcpStream>) -> Result<(String, String)> {
    let (mut request_id, mut length) = (String::new(), 0);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            std::process::exit(0); // the platform hung up: this environment is over
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(": ") {
            if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") {
                request_id = value.to_owned();
            } else if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap_or(0);
            }
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((request_id, String::from_utf8_lossy(&body).into_owned()))
}

fn sleep_ms(event: &str) -> Option<u64> {
    let rest = event.split_once("\"sleep_ms\":")?.1.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
