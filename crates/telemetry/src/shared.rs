//! [`Shared`]: the role over what all workers shipped, and over what the live ones have not shipped yet.
//!
//! ```text
//!              ┌─ fresh(…) ─▶ every live worker's store and the own ── first: what is shipped meanwhile
//!   a query ───┤                                                        is then in the index
//!              └─ Kv: the group, its sections ─▶ Blobs: the sections that are needed
//!                                         merged by (time, id), each event once
//! ```
//! Groups, retention, tags and what was deleted are in `Kv`. Lines and waterfalls of this node go to its own store, whose
//! [`Shipper`](crate::Shipper) brings them here.
//!
//! Every answer has an end: a worker that does not answer within [`FRESH_WAIT`](fresh::FRESH_WAIT) is left out, with what
//! it has not shipped; a shared store that is silent is an error.

mod events;
mod fresh;
mod group;
mod groups;
mod lister;
mod scan;
mod streams;
mod traces;

pub use fresh::LiveStores;

use crate::garbage::Garbage;
use crate::stores::Stores;
use crate::write::{check_name, check_tags};
use crate::{SharedSettings, Store};
use async_trait::async_trait;
use fabric::telemetry::{
    AppendEvents, CreateGroup, DescribeGroups, DescribeStreams, EventPage, FilterEvents, FilteredPage,
    FreshLines, FreshQuery, GetEvents, GroupName, GroupPage, PutRetention, StreamName, StreamPage, TagGroup,
    Telemetry, TelemetryError, Trace, TraceQuery,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use substrate::{Blobs, Kv};
use tokio::sync::Mutex;
use world::{TaskHandle, World};

/// The role over the shared stores. Dropping the last handle ends its task.
pub struct Shared {
    stores: Stores,
    /// This node's own.
    local: Arc<Store>,
    live: Arc<dyn LiveStores>,
    garbage: Arc<Mutex<Garbage>>,
    task: TaskHandle,
}

impl Shared {
    /// Reads what shippers put into `kv` and `blobs`; writes to `local`. `blobs` holds nothing else: what is not in the
    /// index is cleared away. Nothing is asked of the stores here: they may be silent.
    pub fn open(
        world: World,
        kv: Arc<dyn Kv>,
        blobs: Arc<dyn Blobs>,
        local: Arc<Store>,
        live: Arc<dyn LiveStores>,
        settings: SharedSettings,
    ) -> Arc<Self> {
        let stores = Stores::new(world.clone(), kv, blobs);
        let garbage = Arc::new(Mutex::new(Garbage::new(stores.clone(), settings)));
        let clearing = crate::garbage::clear_forever(world.clone(), garbage.clone());
        let task = world.spawn("telemetry.garbage", clearing);
        Arc::new(Self { stores, local, live, garbage, task })
    }

    /// Clears away what is too old, deleted, over the budget or nobody's: one pass of it, now rather than in its turn.
    ///
    /// # Errors
    /// What a store answered; the next pass goes on.
    pub async fn tidy(&self) -> Result<(), TelemetryError> {
        self.garbage.lock().await.pass().await
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Telemetry for Shared {
    async fn append(&self, message: AppendEvents) -> Result<(), TelemetryError> {
        if message.events.is_empty() {
            return self.touch_stream(message.stream).await;
        }
        self.local.append(message).await
    }
    async fn create_group(&self, message: CreateGroup) -> Result<(), TelemetryError> {
        check_name(&message.name.group)?;
        check_tags(message.tags.len())?;
        self.make_group(message).await
    }
    async fn delete_group(&self, message: GroupName) -> Result<(), TelemetryError> {
        self.remove_group(message).await
    }
    async fn create_stream(&self, message: StreamName) -> Result<(), TelemetryError> {
        check_name(&message.stream)?;
        self.make_stream(message).await
    }
    async fn delete_stream(&self, message: StreamName) -> Result<(), TelemetryError> {
        self.remove_stream(message).await
    }
    async fn put_retention(&self, message: PutRetention) -> Result<(), TelemetryError> {
        self.set_retention(message).await
    }
    async fn describe_groups(&self, message: DescribeGroups) -> Result<GroupPage, TelemetryError> {
        self.groups(message).await
    }
    async fn describe_streams(&self, message: DescribeStreams) -> Result<StreamPage, TelemetryError> {
        self.streams(message).await
    }
    async fn get_events(&self, message: GetEvents) -> Result<EventPage, TelemetryError> {
        self.get(message).await
    }
    async fn filter_events(&self, message: FilterEvents) -> Result<FilteredPage, TelemetryError> {
        self.filter(message).await
    }
    async fn group_tags(&self, message: GroupName) -> Result<BTreeMap<String, String>, TelemetryError> {
        self.tags(message).await
    }
    async fn tag_group(&self, message: TagGroup) -> Result<(), TelemetryError> {
        self.set_tags(message).await
    }
    async fn put_trace(&self, message: Trace) -> Result<(), TelemetryError> {
        self.local.put_trace(message).await
    }
    async fn get_trace(&self, message: TraceQuery) -> Result<Option<Trace>, TelemetryError> {
        self.trace(message).await
    }
    /// Of this node's store alone: who asks, asks the others too.
    async fn fresh(&self, message: FreshQuery) -> Result<FreshLines, TelemetryError> {
        self.local.fresh(message).await
    }
}
