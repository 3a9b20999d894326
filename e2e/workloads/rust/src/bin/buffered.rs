//! Answers, or fails if asked to.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    println!("rust was asked {event}");
    match event["do"].as_str() {
        Some("fail") => Err("no such order".into()),
        Some("panic") => panic!("an index too far"),
        _ => Ok(json!({
            "echo": event,
            "id": context.request_id,
            "function": context.env_config.function_name,
            "memory": context.env_config.memory,
        })),
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handler)).await
}
