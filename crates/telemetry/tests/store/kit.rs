//! A store in a folder of its own, under a clock that the test sets.

use fabric::Scope;
use fabric::telemetry::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use telemetry::{Settings, Store};
use types::{AccountId, Region};
use world::{BoxFuture, Clock, Instant, WallTime, World};

pub(crate) const GROUP: &str = "/aws/lambda/hello";
/// 2023-11-14, in milliseconds.
pub(crate) const T0: u64 = 1_700_000_000_000;

/// Stands still until it is set; what sleeps on it wakes up at once (waiting for company) or never (tidying).
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn set_ms(&self, ms: u64) {
        self.0.store(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst) * 1_000_000)
    }
    fn wall(&self) -> WallTime {
        WallTime(self.0.load(Ordering::SeqCst) * 1_000)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        if duration < Duration::from_secs(1) {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(std::future::pending())
    }
}

pub(crate) struct Kit {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) folder: tempfile::TempDir,
}

impl Kit {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(AtomicU64::new(T0)));
        let world = World { clock: clock.clone(), ..World::real() };
        let store = Store::open(world, folder.path(), settings).await.unwrap();
        Self { store, clock, folder }
    }

    /// Tidies until nothing is left to do: each call is at least one step.
    pub(crate) async fn tidy(&self) {
        for _ in 0..50 {
            self.store.tidy().await.unwrap();
        }
    }
}

pub(crate) async fn open(folder: &Path) -> Arc<Store> {
    Store::open(World::real(), folder, Settings::default()).await.unwrap()
}

pub(crate) fn scope() -> Scope {
    Scope { account: AccountId::new("000000000000"), region: Region::new("us-east-1") }
}

pub(crate) fn group(name: &str) -> GroupName {
    GroupName { scope: scope(), group: name.to_owned() }
}

pub(crate) fn stream(group: &str, name: &str) -> StreamName {
    StreamName { scope: scope(), group: group.to_owned(), stream: name.to_owned() }
}

/// `(timestamp after T0, message)`.
pub(crate) fn events(stream: StreamName, events: &[(u64, &str)]) -> AppendEvents {
    let event =
        |(ms, message): &(u64, &str)| LogEvent { timestamp_ms: T0 + ms, message: (*message).to_owned() };
    AppendEvents { stream, events: events.iter().map(event).collect() }
}

pub(crate) fn get(stream: StreamName) -> GetEvents {
    GetEvents { stream, start_ms: None, end_ms: None, from_head: true, next: None, items_max: 10_000 }
}

pub(crate) fn search(group_name: &str) -> FilterEvents {
    FilterEvents {
        name: group(group_name),
        streams: Vec::new(),
        stream_prefix: None,
        start_ms: None,
        end_ms: None,
        pattern: None,
        next: None,
        items_max: 10_000,
    }
}

pub(crate) fn list_streams(group_name: &str) -> DescribeStreams {
    DescribeStreams {
        name: group(group_name),
        prefix: None,
        by_last_event: false,
        descending: false,
        next: None,
        items_max: 50,
    }
}

pub(crate) fn list_groups() -> DescribeGroups {
    DescribeGroups { scope: scope(), prefix: None, pattern: None, next: None, items_max: 50 }
}

pub(crate) fn messages(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}
