//! `tinderbox rm NAME…`.

use crate::cli::RmArgs;
use crate::client::{Client, segment};
use crate::failure::Failure;
use crate::screen::Screen;
use http::Method;
use serde_json::json;

/// Deletes in the order given and stops at the first that fails: what was deleted is said before.
pub(super) async fn run(client: Client, args: RmArgs, screen: Screen) -> Result<(), Failure> {
    for name in &args.names {
        let spinner = screen.spinner(format!("deleting {name}"));
        let path = format!("/2015-03-31/functions/{}", segment(name));
        client.lambda(Method::DELETE, path, None).await.map_err(|failure| {
            if failure.is("ResourceNotFoundException") { failure.advise("`tinderbox ls` lists functions") } else { failure }
        })?;
        if args.logs {
            let group = json!({ "logGroupName": format!("/aws/lambda/{name}") });
            match client.logs("DeleteLogGroup", &group).await {
                // It never wrote a line.
                Err(failure) if failure.is("ResourceNotFoundException") => {}
                other => drop(other?),
            }
        }
        drop(spinner);
        if screen.json {
            screen.value(&json!({ "deleted": name }))?;
        } else {
            screen.line(format!("deleted {name}"))?;
        }
    }
    Ok(())
}
