//! Waterfalls: of a live store, else of the block that the index names.

use super::Shared;
use crate::block::{self, Body};
use crate::index::{self, TraceEntry, kv_error};
use crate::stores::blob_error;
use crate::trace::StoredTrace;
use fabric::telemetry::{TelemetryError, Trace, TraceQuery};
use std::sync::Arc;
use substrate::{BlobError, BlobKey};

impl Shared {
    pub(super) async fn trace(&self, query: TraceQuery) -> Result<Option<Trace>, TelemetryError> {
        let asked = Arc::new(query);
        let found = self
            .of_live(&|store| {
                let asked = asked.clone();
                Box::pin(async move { store.get_trace((*asked).clone()).await.ok().flatten() })
            })
            .await;
        match found.into_iter().next() {
            Some(trace) => Ok(Some(trace)),
            None => self.shipped_trace(&asked).await,
        }
    }

    async fn shipped_trace(&self, query: &TraceQuery) -> Result<Option<Trace>, TelemetryError> {
        let prefix = index::traces_prefix(Some(&query.scope)).map_err(|error| kv_error(&error))?;
        let print = index::print_of(&query.request_id.0);
        let mut after = None;
        loop {
            let page =
                self.stores.list_sections(&prefix, after.as_ref()).await.map_err(|error| kv_error(&error))?;
            for found in &page.entries {
                let entry: TraceEntry = index::read(&found.value).map_err(|error| kv_error(&error))?;
                if entry.prints.contains(&print)
                    && let Some(trace) = self.trace_of(query, &entry).await?
                {
                    return Ok(Some(trace));
                }
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(None);
            }
        }
    }

    async fn trace_of(
        &self,
        query: &TraceQuery,
        entry: &TraceEntry,
    ) -> Result<Option<Trace>, TelemetryError> {
        let bytes = match self.stores.get_blob(&BlobKey::from_bytes(entry.blob)).await {
            Ok(bytes) => bytes,
            Err(BlobError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(blob_error(&error)),
        };
        let place = entry.place;
        let decoded =
            self.stores.world.blocking("telemetry.block", move || block::decode(&bytes, place)).await;
        let traces = match decoded {
            Some(Ok(Body::Traces(traces))) if traces.scope == query.scope => traces.traces,
            _ => return Err(unreadable("its block can not be read")),
        };
        let Some((_, body)) = traces.into_iter().find(|(id, _)| *id == query.request_id.0) else {
            return Ok(None);
        };
        let stored = serde_json::from_slice::<StoredTrace<'_>>(&body);
        stored.map(|stored| Some(stored.into_trace(query))).map_err(|error| unreadable(&error.to_string()))
    }
}

fn unreadable(reason: &str) -> TelemetryError {
    TelemetryError::Store { reason: format!("a trace: {reason}") }
}
