//! What live workers have not shipped, asked of all at once.

use super::Shared;
use async_trait::async_trait;
use fabric::Scope;
use fabric::telemetry::{FreshLines, FreshPosition, FreshQuery, Telemetry};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use world::BoxFuture;

/// Longest wait of a query for all of them together: what a worker has not shipped by then is in the index by the next.
pub(crate) const FRESH_WAIT: Duration = Duration::from_millis(700);
/// Workers that are asked at the same time.
const ASKED_AT_ONCE: usize = 64;

/// The stores of the workers that are believed to live.
#[async_trait]
pub trait LiveStores: Send + Sync + 'static {
    /// One for each worker. One that is dead costs a query at most a bounded wait.
    async fn live(&self) -> Vec<Arc<dyn Telemetry>>;
}

/// One question to one store; `None` where it has no answer.
pub(super) type Ask<'a, T> = &'a (dyn Fn(Arc<dyn Telemetry>) -> BoxFuture<Option<T>> + Send + Sync);

/// A query for names and sums.
pub(super) fn names_query(scope: &Scope, group: Option<&str>, stream: Option<&str>) -> FreshQuery {
    FreshQuery {
        scope: scope.clone(),
        group: group.map(str::to_owned),
        stream: stream.map(str::to_owned),
        start_ms: 0,
        end_ms: u64::MAX,
        from: FreshPosition { timestamp_ms: 0, id: 0 },
        backward: false,
        items_max: 0,
    }
}

impl Shared {
    /// What the live stores have of it, each store once, in the order of their numbers.
    pub(super) async fn fresh_lines(&self, query: FreshQuery) -> Vec<FreshLines> {
        let query = Arc::new(query);
        let mut lines: Vec<FreshLines> = self
            .of_live(&|store| {
                let query = query.clone();
                Box::pin(async move { store.fresh((*query).clone()).await.ok() })
            })
            .await;
        lines.sort_by_key(|lines| lines.store);
        lines.dedup_by_key(|lines| lines.store);
        lines
    }

    /// Asks the own store and every live one; answers what came in time.
    pub(super) async fn of_live<T: Send + 'static>(&self, ask: Ask<'_, T>) -> Vec<T> {
        // The own is a file: it is not under the deadline of the others.
        let mut answers: Vec<T> = ask(self.local.clone()).await.into_iter().collect();
        let others = async {
            let mut calls = Vec::new();
            for store in self.live.live().await {
                calls.push(ask(store));
            }
            let mut asked = futures_util::stream::iter(calls).buffer_unordered(ASKED_AT_ONCE);
            while let Some(answer) = asked.next().await {
                answers.extend(answer);
            }
        };
        if self.stores.world.timeout(FRESH_WAIT, others).await.is_none() {
            tracing::debug!("a worker did not say in time what it has not shipped");
        }
        answers
    }
}
