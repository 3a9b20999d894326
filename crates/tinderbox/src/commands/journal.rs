//! `tinderbox journal tail`: what assignment has written down, record by record.

use super::status::{Operator, inside};
use crate::cli::{JournalArgs, JournalCommand};
use crate::failure::Failure;
use crate::screen::Screen;
use serde_json::{Value, json};
use substrate::log::{Follower, READ_ENTRIES_MAX};
use substrate::{LogEntry, LogError, Position};

pub(super) fn run(args: &JournalArgs, screen: Screen) -> Result<(), Failure> {
    let JournalCommand::Tail { join, partition, follow } = &args.command;
    inside(async {
        let operator = Operator::new(join).await?;
        let partition = operator.partition(*partition).await?;
        let journal = operator.stores.journal(partition).await.map_err(super::up::host)?;
        let failed = |error: LogError| Failure::here(format!("the journal: {error}"));
        let span = journal.span().await.map_err(failed)?;
        let begin = Position(span.first.0.saturating_sub(1));
        let mut follower = Follower::new(&operator.world, journal.clone(), begin);
        while *follow || follower.position() < span.last {
            match follower.next(READ_ENTRIES_MAX).await {
                Ok(followed) => followed.entries.iter().try_for_each(|entry| print(entry, screen))?,
                Err(LogError::Trimmed { first }) => follower.seek(Position(first.0.saturating_sub(1))),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    })
}

/// A record is a JSON object already; the first of an entry says who appended.
fn print(entry: &LogEntry, screen: Screen) -> Result<(), Failure> {
    let read = |record: &bytes::Bytes| serde_json::from_slice::<Value>(record).unwrap_or(Value::Null);
    let Some((header, facts)) = entry.records.split_first() else { return Ok(()) };
    let epoch = read(header)["epoch"].clone();
    facts.iter().try_for_each(|fact| {
        screen.line(json!({ "position": entry.position.0, "epoch": epoch, "fact": read(fact) }).to_string())
    })
}
