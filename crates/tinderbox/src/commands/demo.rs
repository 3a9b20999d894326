//! `tinderbox demo`: a server, a function through the public API, a cold and a warm invocation, and what to try next.

use super::deploy::{self, Wanted};
use super::invoke::{Ask, Invoked, invoke};
use super::up;
use crate::cli::{DemoArgs, Fabric, Global};
use crate::client::Client;
use crate::demo_package;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::waterfall::{self, Style};
use bytes::Bytes;
use serde_json::{Value, json};

const NAME: &str = "hello";
const EVENT: &[u8] = br#"{"name":"you"}"#;

pub(super) fn run(global: &Global, args: DemoArgs, screen: Screen) -> Result<(), Failure> {
    let DemoArgs { data, port, exit, fabric } = args;
    up::beside(global, &data, port, fabric == Fabric::Encoded, async move |client, endpoint| {
        show(&client, screen, &endpoint, exit).await?;
        if !exit {
            // Up until a signal.
            std::future::pending::<()>().await;
        }
        Ok(())
    })
}

async fn show(client: &Client, screen: Screen, endpoint: &str, exit: bool) -> Result<(), Failure> {
    if !screen.json {
        screen.line(format!("tinderbox is up at {endpoint}"))?;
    }
    let wanted = Wanted {
        name: NAME.to_owned(),
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        memory: None,
        timeout: None,
        variables: None,
    };
    let spinner = screen.spinner("deploying");
    deploy::apply(client, &wanted, &demo_package::zip()?).await?;
    drop(spinner);
    if !screen.json {
        screen
            .line(format!("deployed the function `{NAME}`, a program of 100 lines (examples/hello-rust)"))?;
    }
    let mut shown = Vec::new();
    for _ in 0..2 {
        let ask = Ask { trace: true, ..Ask::default() };
        let invoked = invoke(client, NAME, Bytes::from_static(EVENT), ask).await?;
        let trace = waterfall::fetch(client, &invoked.request_id).await?;
        if let Some(error) = &invoked.error {
            let payload = String::from_utf8_lossy(&invoked.payload).into_owned();
            return Err(Failure::here(format!("the example failed ({error}): {payload}"))
                .advise("`tinderbox doctor` says what this host can do"));
        }
        if !screen.json {
            show_one(screen, &invoked, &trace)?;
        }
        shown.push(json!({ "payload": String::from_utf8_lossy(&invoked.payload), "trace": trace }));
    }
    if screen.json {
        return screen.value(&json!({ "endpoint": endpoint, "function": NAME, "invocations": shown }));
    }
    if !exit {
        screen.line(format!(
            "\nIt stays up. Try, in another terminal:\n  \
             export TINDERBOX_ENDPOINT={endpoint}\n  \
             tinderbox invoke {NAME} -d '{{\"name\":\"Ada\"}}' --trace\n  \
             tinderbox logs {NAME} -f\n  \
             tinderbox deploy examples/hello-python\n  \
             aws --endpoint-url {endpoint} lambda list-functions\n\nCtrl-C ends it."
        ))?;
    }
    Ok(())
}

fn show_one(screen: Screen, invoked: &Invoked, trace: &Value) -> Result<(), Failure> {
    screen.line(format!("\n{}", screen.bold(&String::from_utf8_lossy(&invoked.payload))))?;
    screen.line(waterfall::draw(trace, Style { width: screen.width(), unicode: screen.out_is_terminal }))
}
