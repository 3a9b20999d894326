//! One invocation by AWS's own crate; what comes back is printed as it comes, one JSON object a line.
//!
//! `sdk-client ENDPOINT invoke|stream FUNCTION PAYLOAD`. The lines are those of `e2e/clients/node/client.mjs`:
//! `{"payload","functionError"}`, or `{"chunk"}`… and `{"complete"}`; a refusal is `{"refused","message","status"}`.

use aws_credential_types::Credentials;
use aws_sdk_lambda::config::Region;
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvokeWithResponseStreamResponseEvent as Event;
use aws_sdk_lambda::{Client, Config};
use serde_json::{Value, json};
use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, how, function, payload] = words.as_slice() else {
        return Err("usage: sdk-client ENDPOINT invoke|stream FUNCTION PAYLOAD".into());
    };
    let config = Config::builder()
        .behavior_version_latest()
        .endpoint_url(endpoint)
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
    let payload = Blob::new(payload.as_bytes());
    match how.as_str() {
        "invoke" => match client.invoke().function_name(function).payload(payload).send().await {
            Ok(answer) => say(json!({
                "payload": text(answer.payload()), "functionError": answer.function_error(), "status": answer.status_code(),
                "version": answer.executed_version(),
            })),
            Err(error) => refused(error),
        },
        "stream" => {
            match client.invoke_with_response_stream().function_name(function).payload(payload).send().await {
                Err(error) => refused(error),
                Ok(mut answer) => {
                    while let Some(event) = answer.event_stream.recv().await? {
                        match event {
                            Event::PayloadChunk(chunk) => say(json!({ "chunk": text(chunk.payload()) }))?,
                            Event::InvokeComplete(end) => say(json!({ "complete": {
                            "errorCode": end.error_code(), "errorDetails": end.error_details() } }))?,
                            other => return Err(format!("an event of no known kind: {other:?}").into()),
                        }
                    }
                    Ok(())
                }
            }
        }
        other => Err(format!("no such way to invoke: {other}").into()),
    }
}

fn text(blob: Option<&Blob>) -> String {
    blob.map(|blob| String::from_utf8_lossy(blob.as_ref()).into_owned()).unwrap_or_default()
}

fn refused<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: SdkError<E>,
) -> Result<(), Box<dyn std::error::Error>> {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.code(), error.message()) {
        (Some(code), message) => say(json!({ "refused": code, "message": message, "status": status })),
        (None, _) => Err(DisplayErrorContext(error).to_string().into()),
    }
}

/// Flushed: the test acts on each line as it comes.
fn say(line: Value) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
