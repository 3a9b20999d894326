//! `tinderbox invoke NAME`: one synchronous invocation, its answer on stdout.

use super::deploy;
use crate::cli::InvokeArgs;
use crate::client::{Client, Reply, Request, segment};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use crate::waterfall::{self, Style, TRACE_HEADER};
use base64::Engine as _;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::io::Read;
use types::limits::PAYLOAD_BYTES_MAX;

/// One invocation as it came back.
pub(crate) struct Invoked {
    pub(crate) payload: Bytes,
    /// `Unhandled`, where the function failed.
    pub(crate) error: Option<String>,
    pub(crate) request_id: String,
    pub(crate) version: Option<String>,
    pub(crate) log_tail: Option<String>,
}

/// What to ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) qualifier: Option<&'a str>,
    pub(crate) tail: bool,
    /// The answer waits until its trace is stored.
    pub(crate) trace: bool,
}

pub(super) async fn run(client: Client, args: InvokeArgs, screen: Screen) -> Result<(), Failure> {
    let payload = payload(args.data.as_deref())?;
    let spinner = screen.spinner(format!("invoking {}", args.name));
    let ask = Ask { qualifier: args.qualifier.as_deref(), tail: args.tail, trace: args.trace };
    let invoked = invoke(&client, &args.name, payload, ask).await?;
    let trace = if args.trace { Some(waterfall::fetch(&client, &invoked.request_id).await?) } else { None };
    // After the answer: by then the server knows what served it.
    let warning = deploy::warning(&client, &args.name).await;
    drop(spinner);
    if screen.json {
        let mut value = as_value(&invoked, trace.as_ref());
        value["warning"] = json!(warning);
        screen.value(&value)?;
    } else {
        screen.warn(warning.as_deref());
        show(screen, &invoked, trace.as_ref())?;
    }
    match invoked.error {
        Some(_) => Err(Failure::quiet(Exit::Failed)),
        None => Ok(()),
    }
}

/// Sends the invocation and waits for its answer.
pub(crate) async fn invoke(
    client: &Client,
    name: &str,
    payload: Bytes,
    ask: Ask<'_>,
) -> Result<Invoked, Failure> {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if ask.tail {
        headers.push(("x-amz-log-type", "Tail".to_owned()));
    }
    if ask.trace {
        headers.push((TRACE_HEADER, "1".to_owned()));
    }
    let request = Request {
        service: "lambda",
        method: Method::POST,
        path: format!("/2015-03-31/functions/{}/invocations", segment(name)),
        query: ask.qualifier.map(|qualifier| ("Qualifier", qualifier.to_owned())).into_iter().collect(),
        headers,
        body: payload,
    };
    let reply =
        client.call(request).await.map_err(|failure| match failure.is("ResourceNotFoundException") {
            true => failure.advise("`tinderbox ls` lists functions; `tinderbox deploy DIR` makes one"),
            false => failure,
        })?;
    Ok(invoked(reply))
}

fn invoked(reply: Reply) -> Invoked {
    let header = |name: &str| reply.header(name).map(str::to_owned);
    let decode = |text: String| base64::engine::general_purpose::STANDARD.decode(text).ok();
    let log_tail = header("x-amz-log-result").and_then(decode);
    Invoked {
        error: header("x-amz-function-error"),
        request_id: header("x-amzn-requestid").unwrap_or_default(),
        version: header("x-amz-executed-version"),
        log_tail: log_tail.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        payload: reply.body,
    }
}

/// The answer alone on stdout; log and waterfall beside it on stderr, so that `| jq` sees JSON only.
fn show(screen: Screen, invoked: &Invoked, trace: Option<&Value>) -> Result<(), Failure> {
    if let Some(tail) = &invoked.log_tail {
        screen.note(tail.trim_end());
    }
    if invoked.error.is_some() {
        screen.note(format!("the function failed: {}", String::from_utf8_lossy(&invoked.payload)));
    } else {
        screen.bytes(&invoked.payload)?;
        if !invoked.payload.ends_with(b"\n") {
            screen.bytes(b"\n")?;
        }
    }
    if let Some(trace) = trace {
        let style = Style { width: screen.width(), unicode: screen.err_is_terminal };
        screen.note(waterfall::draw(trace, style));
    }
    Ok(())
}

fn as_value(invoked: &Invoked, trace: Option<&Value>) -> Value {
    let payload = serde_json::from_slice(&invoked.payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&invoked.payload).into_owned()));
    json!({
        "payload": payload,
        "function_error": invoked.error,
        "request_id": invoked.request_id,
        "version": invoked.version,
        "log_tail": invoked.log_tail,
        "trace": trace,
    })
}

/// The event: JSON as given, a file's content, stdin, or `{}`.
pub(super) fn payload(data: Option<&str>) -> Result<Bytes, Failure> {
    let read = |what: &str, reader: &mut dyn Read| {
        let mut bytes = Vec::new();
        // One byte more than fits, so that the endpoint words the refusal.
        let result = reader.take(PAYLOAD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        result.map_err(|error| Failure::here(format!("{what} can not be read: {error}")))?;
        Ok(Bytes::from(bytes))
    };
    match data {
        None => Ok(Bytes::from_static(b"{}")),
        Some("-") => read("stdin", &mut std::io::stdin().lock()),
        Some(text) => match text.strip_prefix('@') {
            None => Ok(Bytes::copy_from_slice(text.as_bytes())),
            Some(path) => {
                let mut file = std::fs::File::open(path)
                    .map_err(|error| Failure::here(format!("{path} can not be read: {error}")))?;
                read(path, &mut file)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_from_the_line_from_a_file_or_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("event.json");
        std::fs::write(&file, "[1]").unwrap();
        assert_eq!(payload(None).unwrap(), "{}");
        assert_eq!(payload(Some(r#"{"a":1}"#)).unwrap(), r#"{"a":1}"#);
        assert_eq!(payload(Some(&format!("@{}", file.display()))).unwrap(), "[1]");
        assert!(payload(Some("@/no/such/file")).unwrap_err().message.contains("/no/such/file"));
    }
}
