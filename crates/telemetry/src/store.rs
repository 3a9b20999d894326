//! [`Store`]: the role's front. Sends what changes something to the writer, runs what asks on readers.

use crate::backlog::{self, Backlog, FreshStream};
use crate::read::{self, Readers};
use crate::write::Command;
use crate::writer::{Files, Mailbox};
use crate::{OpenError, Settings, bounds, database};
use async_trait::async_trait;
use fabric::Scope;
use fabric::telemetry::{
    AppendEvents, CreateGroup, DescribeGroups, DescribeStreams, EventPage, FilterEvents, FilteredPage,
    FreshLines, FreshQuery, GetEvents, GroupName, GroupPage, LogEvent, PutRetention, StreamName, StreamPage,
    TagGroup, Telemetry, TelemetryError, Trace, TraceQuery,
};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use world::{TaskHandle, World};

/// How often retention is applied and space given back.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Log lines and waterfalls in one SQLite file. Dropping the last handle ends its tasks; what was acknowledged stays.
pub struct Store {
    world: World,
    mailbox: Arc<Mailbox>,
    readers: Readers,
    batch_bytes: usize,
    tidy: TaskHandle,
}

impl Store {
    /// Opens `logs.db` in `folder`, making both where they are not there. A broken file is put aside.
    /// Must be called inside a tokio runtime when `world` is the real one.
    ///
    /// # Errors
    /// When the folder can not be written, or a broken file not be renamed.
    pub async fn open(world: World, folder: &Path, settings: Settings) -> Result<Arc<Self>, OpenError> {
        let file = folder.join("logs.db");
        let opened = {
            let file = file.clone();
            world.blocking("telemetry.open", move || database::open_writer(&file)).await
        };
        let connection = opened.ok_or(OpenError::Panicked)??;
        let files = Arc::new(Files { file, generation: AtomicU64::new(0) });
        let batch_bytes = bounds::Budget::of(settings.bytes_max).batch_bytes;
        let mailbox = Mailbox::start(world.clone(), files.clone(), connection, settings);
        let tidy = world.spawn("telemetry.tidy", tidy_forever(world.clone(), mailbox.clone()));
        let readers = Readers::new(world.clone(), files);
        Ok(Arc::new(Self { world, mailbox, readers, batch_bytes, tidy }))
    }

    /// Runs the query; what was handed over before it was asked is in its answer.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> read::Answer<T> + Send + 'static,
    ) -> Result<T, TelemetryError> {
        self.mailbox.flush().await;
        self.readers.run(query).await
    }

    /// What is not shipped yet, oldest first, of about one block.
    pub(crate) async fn backlog(&self) -> Result<Backlog, TelemetryError> {
        loop {
            match self.read(backlog::read).await? {
                Some(backlog) => return Ok(backlog),
                None => self.identify().await?,
            }
        }
    }

    /// Events of one group between two ids of this store's, as they left it.
    pub(crate) async fn of_group(
        &self,
        scope: Scope,
        group: String,
        ids: RangeInclusive<u64>,
    ) -> Result<Vec<FreshStream>, TelemetryError> {
        self.read(move |connection| backlog::of_group(connection, &scope, &group, ids)).await
    }

    /// Remembers how far shipping has come.
    pub(crate) async fn note(&self, counters: Vec<(&'static str, i64)>) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::Note { once: false, counters }).await
    }

    /// Gives the store its number, once: ids of different stores are told apart by it.
    async fn identify(&self) -> Result<(), TelemetryError> {
        let number = i64::try_from(self.world.random_u64() >> backlog::NUMBER_SHIFT).unwrap_or(0);
        let counters = vec![(backlog::NUMBER, number)];
        self.mailbox.post(Command::Note { once: true, counters }).await
    }

    /// Applies retention and clears away what was deleted: one step of it, now rather than at the next minute.
    pub async fn tidy(&self) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::Tidy).await
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // It holds the other end of the mailbox: with both gone the writer ends.
        self.tidy.abort();
    }
}

async fn tidy_forever(world: World, mailbox: Arc<Mailbox>) {
    loop {
        world.clock.sleep(TIDY_EVERY).await;
        if let Err(error) = mailbox.post(Command::Tidy).await {
            tracing::warn!(
                reason = error.to_string(),
                "the log store could not be tidied; it is tried again"
            );
        }
    }
}

#[async_trait]
impl Telemetry for Store {
    /// One commit for each part of at most a batch; the parts keep their order.
    async fn append(&self, message: AppendEvents) -> Result<(), TelemetryError> {
        for events in in_batches(message.events, self.batch_bytes) {
            let part = AppendEvents { stream: message.stream.clone(), events };
            self.mailbox.post(Command::Append(part)).await?;
        }
        Ok(())
    }
    async fn create_group(&self, message: CreateGroup) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::CreateGroup(message)).await
    }
    async fn delete_group(&self, message: GroupName) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::DeleteGroup(message)).await
    }
    async fn create_stream(&self, message: StreamName) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::CreateStream(message)).await
    }
    async fn delete_stream(&self, message: StreamName) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::DeleteStream(message)).await
    }
    async fn put_retention(&self, message: PutRetention) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::PutRetention(message)).await
    }
    async fn describe_groups(&self, message: DescribeGroups) -> Result<GroupPage, TelemetryError> {
        self.read(move |connection| read::groups(connection, &message)).await
    }
    async fn describe_streams(&self, message: DescribeStreams) -> Result<StreamPage, TelemetryError> {
        self.read(move |connection| read::streams(connection, &message)).await
    }
    async fn get_events(&self, message: GetEvents) -> Result<EventPage, TelemetryError> {
        self.read(move |connection| read::events::get(connection, &message)).await
    }
    async fn filter_events(&self, message: FilterEvents) -> Result<FilteredPage, TelemetryError> {
        self.read(move |connection| read::events::filter(connection, &message)).await
    }
    async fn group_tags(&self, message: GroupName) -> Result<BTreeMap<String, String>, TelemetryError> {
        self.read(move |connection| read::tags(connection, &message)).await
    }
    async fn tag_group(&self, message: TagGroup) -> Result<(), TelemetryError> {
        self.mailbox.post(Command::TagGroup(message)).await
    }
    async fn put_trace(&self, message: Trace) -> Result<(), TelemetryError> {
        self.mailbox.leave(Command::PutTrace(message)).await
    }
    async fn get_trace(&self, message: TraceQuery) -> Result<Option<Trace>, TelemetryError> {
        self.read(move |connection| read::trace(connection, &message)).await
    }
    async fn fresh(&self, message: FreshQuery) -> Result<FreshLines, TelemetryError> {
        let message = Arc::new(message);
        let asked = message.clone();
        match self.read(move |connection| read::fresh::lines(connection, &asked)).await? {
            Some(lines) => Ok(lines),
            None => {
                self.identify().await?;
                let lines = self.read(move |connection| read::fresh::lines(connection, &message)).await?;
                lines.ok_or_else(|| TelemetryError::Store { reason: "the store has no number".to_owned() })
            }
        }
    }
}

/// Cuts the events into runs of about `bytes_max`; an empty append is one empty run (it makes the stream).
fn in_batches(events: Vec<LogEvent>, bytes_max: usize) -> Vec<Vec<LogEvent>> {
    let mut batches = vec![Vec::new()];
    let mut bytes = 0;
    for event in events {
        let weight = event.message.len() + 64;
        if bytes > 0 && bytes + weight > bytes_max {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += weight;
        if let Some(batch) = batches.last_mut() {
            batch.push(event);
        }
    }
    batches
}
