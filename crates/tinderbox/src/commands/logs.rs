//! `tinderbox logs NAME [-f]`: pages of FilterLogEvents, as `aws logs tail` reads them.

use crate::cli::LogsArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::screen::Screen;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use world::World;

/// How often `-f` asks.
const POLL: Duration = Duration::from_millis(500);
/// Events written by different environments arrive a little out of order: `-f` looks back so far.
const OVERLAP_MS: u64 = 10_000;

pub(super) async fn run(client: Client, args: LogsArgs, screen: Screen) -> Result<(), Failure> {
    let world = World::real();
    let group =
        if args.name.contains('/') { args.name.clone() } else { format!("/aws/lambda/{}", args.name) };
    let since_ms = u64::try_from(args.since.as_millis()).unwrap_or(u64::MAX);
    let mut tail = Tail::new(&client, group, world.wall().millis().saturating_sub(since_ms));
    let mut spinner = Some(screen.spinner(format!("reading {}", tail.group)));
    loop {
        match tail.read(|event| show(screen, event, |message| message.to_owned())).await {
            // With -f the function may write its first line any moment.
            Err(failure) if failure.is("ResourceNotFoundException") && args.follow => {}
            Err(failure) if failure.is("ResourceNotFoundException") => {
                return Err(failure
                    .advise("a function's log begins with its first invocation: tinderbox invoke NAME"));
            }
            read => read?,
        }
        drop(spinner.take());
        if !args.follow {
            break;
        }
        world.clock.sleep(POLL).await;
    }
    Ok(())
}

/// The new events of a log group, each once.
pub(super) struct Tail<'a> {
    client: &'a Client,
    group: String,
    start_ms: u64,
    /// Given already, by id, with their times: forgotten when they leave the overlap.
    given: BTreeMap<String, u64>,
}

impl<'a> Tail<'a> {
    pub(super) fn new(client: &'a Client, group: String, start_ms: u64) -> Self {
        Self { client, group, start_ms, given: BTreeMap::new() }
    }

    /// Every event that was not given yet, page by page.
    pub(super) async fn read(
        &mut self,
        mut give: impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut next: Option<String> = None;
        loop {
            let page = page(self.client, &self.group, self.start_ms, next.take()).await?;
            for event in page.get("events").and_then(Value::as_array).into_iter().flatten() {
                let id = event.get("eventId").and_then(Value::as_str).unwrap_or("");
                let timestamp = event.get("timestamp").and_then(Value::as_u64).unwrap_or(0);
                if self.given.insert(id.to_owned(), timestamp).is_none() {
                    give(event)?;
                }
            }
            next = page.get("nextToken").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        if let Some(newest) = self.given.values().max() {
            self.start_ms = self.start_ms.max(newest.saturating_sub(OVERLAP_MS));
            self.given.retain(|_, timestamp| *timestamp >= self.start_ms);
        }
        Ok(())
    }
}

async fn page(client: &Client, group: &str, start_ms: u64, next: Option<String>) -> Result<Value, Failure> {
    let mut request = json!({ "logGroupName": group, "startTime": start_ms, "interleaved": true });
    if let Some(next) = next {
        request["nextToken"] = json!(next);
    }
    client.logs("FilterLogEvents", &request).await
}

/// One event on a line of its own (for programs: made for jq and for -f); `reword` changes what people see.
pub(super) fn show(screen: Screen, event: &Value, reword: impl Fn(&str) -> String) -> Result<(), Failure> {
    if screen.json {
        return screen.line(event.to_string());
    }
    let timestamp = event.get("timestamp").and_then(Value::as_u64).unwrap_or(0);
    let message = reword(event.get("message").and_then(Value::as_str).unwrap_or("").trim_end_matches('\n'));
    screen.line(format!(
        "{} {}",
        screen.dim(&time_of_day(timestamp)),
        printable(&message, screen.out_is_terminal)
    ))
}

/// What a function writes is its own; on a terminal it must not move the cursor or change the title.
pub(super) fn printable(message: &str, terminal: bool) -> String {
    if !terminal {
        return message.to_owned();
    }
    message.chars().map(|c| if c.is_control() && c != '\t' && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn time_of_day(timestamp_ms: u64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(timestamp_ms) * 1_000_000).ok();
    let format = time::macros::format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
    at.and_then(|at| at.format(&format).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_can_not_command_the_terminal_but_a_pipe_gets_it_as_it_is() {
        assert_eq!(printable("a\u{1b}[2J\tb", true), "a\u{fffd}[2J\tb");
        assert_eq!(printable("a\u{1b}[2J\tb", false), "a\u{1b}[2J\tb");
    }

    #[test]
    fn times_are_of_the_day_in_utc() {
        assert_eq!(time_of_day(1_769_861_045_678), "12:04:05.678");
    }
}
