//! [`Shipper`]: puts what a node's store has where every frontend reads it.
//!
//! ```text
//!             something new         planned               in Blobs              in Kv
//! Waiting ───────────────▶ Planning ──────▶ block is put ──────▶ index is written ──────▶ done, Waiting
//!    ▲  SHIP_EVERY, at once if more        │                     │
//!    └───────── backoff ◀──────────────────┴── a store is silent, full, fails
//! ```
//! A plan that was not done is made again, also by the next process after kill -9: the same events in the same block
//! under the same keys, so that what was put twice is there once ([`backlog`](crate::backlog)). Where the file dropped some
//! of them meanwhile it is another block; a reader takes an event once, by its time and id.
//!
//! While the shared stores are silent what was appended waits in the file, within its bound: the oldest go first, and the
//! store's log says how many were never shipped. Frontends ask the worker for what is not shipped.

mod buckets;
mod merge;
mod section;

use crate::Store;
use crate::backlog::{Backlog, FreshStream, LINES_DONE, LINES_PLANNED, TRACES_DONE, TRACES_PLANNED};
use crate::block::{self, SECTIONS_MAX};
use crate::index::{self, GroupRecord};
use crate::stores::{Stores, blob_error};
use buckets::{Buckets, Change};
use bytes::Bytes;
use fabric::Scope;
use fabric::telemetry::TelemetryError;
use merge::Merges;
use section::Section;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use substrate::{Blobs, Kv};
use tokio::sync::Mutex;
use world::{TaskHandle, World};

/// How often what is new is shipped: with the time that it takes, within the second that a lost worker may lose.
const SHIP_EVERY: Duration = Duration::from_millis(500);
/// First wait after a failure; each next one is twice as long ...
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// ... up to this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15);
/// Entries of one batch: what they say of streams makes them large, and a batch is a message each.
const BATCH_ENTRIES: usize = 32;
/// A block whose index took longer than this to write is put again: the garbage pass may have taken it for nobody's.
const PUT_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Ships one store's lines and waterfalls. Dropping it ends its task; what is not shipped stays in the store.
pub struct Shipper {
    shipping: Arc<Shipping>,
    task: TaskHandle,
}

struct Shipping {
    store: Arc<Store>,
    stores: Stores,
    /// One step at a time.
    turn: Mutex<Turn>,
}

/// What a step remembers for the next.
#[derive(Default)]
struct Turn {
    buckets: Buckets,
    merges: Merges,
}

impl Shipper {
    /// Ships what `store` has not shipped and all that comes. `blobs` holds nothing else: what is not in the index is
    /// cleared away by [`Shared`](crate::Shared).
    pub fn start(world: World, store: Arc<Store>, kv: Arc<dyn Kv>, blobs: Arc<dyn Blobs>) -> Self {
        let stores = Stores::new(world.clone(), kv, blobs);
        let shipping = Arc::new(Shipping { store, stores, turn: Mutex::default() });
        let task = world.spawn("telemetry.ship", ship_forever(world.clone(), shipping.clone()));
        Self { shipping, task }
    }

    /// Ships all that was appended before. For an orderly end, with a deadline of the caller's.
    ///
    /// # Errors
    /// What a store answered; what was not shipped stays, and is shipped later.
    pub async fn drain(&self) -> Result<(), TelemetryError> {
        while self.shipping.step().await? {}
        Ok(())
    }

    /// Makes one of the small sections that were put so far, group by group, without waiting for their time.
    ///
    /// # Errors
    /// What a store answered; sections that are not merged stay as they are.
    pub async fn merge(&self) -> Result<(), TelemetryError> {
        let mut turn = self.shipping.turn.lock().await;
        self.shipping.merge(&mut turn, true).await
    }
}

impl Drop for Shipper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ship_forever(world: World, shipping: Arc<Shipping>) {
    let mut wait: Option<Duration> = None;
    loop {
        match shipping.step().await {
            Ok(more) => {
                if wait.take().is_some() {
                    tracing::info!("logs are shipped again");
                }
                if !more {
                    world.clock.sleep(SHIP_EVERY).await;
                }
            }
            Err(error) => {
                if wait.is_none() {
                    let reason = error.to_string();
                    tracing::warn!(
                        reason,
                        "logs can not be shipped: they wait on this machine's disk, within its bound"
                    );
                }
                let next = wait.map_or(RETRY_AFTER, |wait| (2 * wait).min(RETRY_AFTER_MAX));
                wait = Some(next);
                // Not all workers at the same moment.
                let jitter = world.random_u64() % 256;
                world.clock.sleep(next + next.mul_f64(jitter as f64 / 1_024.0)).await;
            }
        }
    }
}

impl Shipping {
    /// Ships one block. True when there is more.
    async fn step(&self) -> Result<bool, TelemetryError> {
        let mut turn = self.turn.lock().await;
        let backlog = self.store.backlog().await?;
        if backlog.is_empty() {
            self.merge_some(&mut turn).await;
            return Ok(false);
        }
        let (lines, traces, more) = (backlog.lines_through, backlog.traces_through, backlog.more);
        if backlog.lines_planned == 0 && backlog.traces_planned == 0 {
            self.store.note(vec![(LINES_PLANNED, lines), (TRACES_PLANNED, traces)]).await?;
        }
        let sections = self.sections(backlog).await?;
        let shipped = self.put(&mut turn.buckets, sections).await?;
        self.store.note(vec![(LINES_DONE, lines), (TRACES_DONE, traces)]).await?;
        turn.merges.add(&self.stores.world, shipped);
        self.merge_some(&mut turn).await;
        Ok(more)
    }

    /// Cuts the backlog into sections, with the groups' generations as they are now: after everything in it arrived.
    async fn sections(&self, backlog: Backlog) -> Result<Vec<Section>, TelemetryError> {
        let mut groups: BTreeMap<(Scope, String), Vec<FreshStream>> = BTreeMap::new();
        for stream in backlog.streams {
            groups.entry((stream.scope.clone(), stream.group.clone())).or_default().push(stream);
        }
        let mut sections = Vec::new();
        for ((scope, group), streams) in groups {
            let created_ms = streams.iter().map(|stream| stream.created_ms).min().unwrap_or(0);
            match self.stores.ensure_group(&scope, &group, created_ms).await {
                Ok(record) => section::of_lines(backlog.number, &scope, &record, streams, &mut sections),
                // It passes: all of it is tried again.
                Err(error @ TelemetryError::Unavailable { .. }) => return Err(error),
                Err(error) => {
                    let reason = error.to_string();
                    tracing::error!(reason, group, "lines of a log group can not be shipped and are dropped");
                }
            }
        }
        section::of_traces(backlog.number, backlog.traces, &mut sections);
        Ok(sections)
    }

    /// Puts the block, then the index of each section; answers the sections with their keys.
    async fn put(
        &self,
        buckets: &mut Buckets,
        mut sections: Vec<Section>,
    ) -> Result<Vec<Section>, TelemetryError> {
        if sections.is_empty() {
            return Ok(sections);
        }
        if sections.len() > SECTIONS_MAX {
            let dropped = sections.len() - SECTIONS_MAX;
            tracing::error!(dropped, "more sections than a block has room for: the last are dropped");
            sections.truncate(SECTIONS_MAX);
        }
        let (block, sections) = self.encode(sections).await?;
        let put_at = self.stores.world.now();
        let blob = self.stores.put_blob(block.clone()).await.map_err(|error| blob_error(&error))?;
        let sections: Vec<Section> =
            sections.into_iter().map(|section| section.shipped(blob.bytes())).collect();
        let mut changes = Vec::new();
        let mut writes = Vec::new();
        for section in &sections {
            match section.lines() {
                Some((name, entry)) => changes.push(Change { name, remove: Vec::new(), add: entry.clone() }),
                None => writes.extend(section.traces(blob.bytes()).map_err(|error| index::kv_error(&error))?),
            }
        }
        buckets.write(&self.stores, changes).await.map_err(|error| index::kv_error(&error))?;
        for batch in writes.chunks(BATCH_ENTRIES) {
            self.stores.write(batch.to_vec()).await.map_err(|error| index::kv_error(&error))?;
        }
        if self.stores.world.now().since(put_at) > PUT_AGAIN_AFTER {
            self.stores.put_blob(block).await.map_err(|error| blob_error(&error))?;
        }
        Ok(sections)
    }

    async fn encode(&self, mut sections: Vec<Section>) -> Result<(Bytes, Vec<Section>), TelemetryError> {
        let encoded = self.stores.world.blocking("telemetry.block", move || {
            let bodies: Vec<_> = sections.iter_mut().filter_map(|section| section.body.take()).collect();
            let (block, places) = block::encode(&bodies)?;
            for (section, place) in sections.iter_mut().zip(places) {
                section.place = place;
            }
            Ok::<_, block::BlockError>((block, sections))
        });
        let failed = |reason: String| TelemetryError::Store { reason: format!("a block of lines: {reason}") };
        encoded
            .await
            .ok_or_else(|| failed("its maker panicked".to_owned()))?
            .map_err(|error| failed(error.to_string()))
    }
}

/// What is needed of a group to ship for it.
pub(crate) fn is_of(record: &GroupRecord, ingestion_ms: u64) -> bool {
    ingestion_ms >= record.not_before_ms
}
