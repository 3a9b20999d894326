//! Lines and waterfalls of a node: into a store of its own, from there to where every frontend reads them.
//!
//! ```text
//!  worker ─ lines ─────┐                    ┌─► Blobs `logs`, `Kv` of their own ─┐
//!  frontend ─ traces ──┴► own Store ─► Shipper                                   ├─► Shared, at every frontend
//!                            └──── what is not shipped yet, asked for ───────────┘
//! ```

use super::Join;
use super::net::Net;
use super::stores::{self, Stores, Tenant};
use crate::roles::{self, Settings, StartError};
use async_trait::async_trait;
use fabric::remote::{Remote, Served};
use fabric::telemetry::Telemetry;
use fabric_rpc::{NodeRole, Roles};
use std::sync::Arc;
use std::time::Duration;
use substrate::{Blobs, Kv};
use telemetry::{LiveStores, Shared, SharedSettings, Shipper, Store};
use world::World;

/// How long an end waits for the last lines to be shipped; what is not is shipped at the next start.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// A node's own lines and waterfalls.
pub(crate) struct Logs {
    world: World,
    name: String,
    store: Arc<Store>,
    shipper: Shipper,
    kv: Arc<dyn Kv>,
    blobs: Arc<dyn Blobs>,
}

impl Logs {
    /// `None`: no role of this node has anything to say.
    pub(crate) async fn open(
        world: &World,
        join: &Join,
        settings: &Settings,
    ) -> Result<Option<Self>, StartError> {
        if !join.is(NodeRole::Frontend) && !join.is(NodeRole::Worker) {
            return Ok(None);
        }
        let settled =
            join.stores.blobs.as_ref().ok_or_else(|| "frontends and workers need --blobs".to_owned())?;
        let blobs = stores::blobs(world, settled, Tenant::Logs).await?;
        let kv = Stores::open(world, &stores::of_logs(&join.stores.nats)?).await?.kv;
        let folder = settings.data.join("logs");
        let store = Store::open(world.clone(), &folder, roles::log_settings(settings)).await;
        let store = store.map_err(|error| error.to_string())?;
        let shipper = Shipper::start(world.clone(), Arc::clone(&store), Arc::clone(&kv), Arc::clone(&blobs));
        Ok(Some(Self { world: world.clone(), name: join.name.clone(), store, shipper, kv, blobs }))
    }

    /// Where a worker's lines go.
    pub(crate) fn own(&self) -> Arc<dyn Telemetry> {
        Arc::clone(&self.store) as _
    }

    /// All lines and waterfalls there are.
    pub(crate) fn shared(&self, net: &Arc<Net>) -> Arc<dyn Telemetry> {
        let live = Arc::new(Living { net: Arc::clone(net), own: self.name.clone() });
        let (kv, blobs, store) = (Arc::clone(&self.kv), Arc::clone(&self.blobs), Arc::clone(&self.store));
        Shared::open(self.world.clone(), kv, blobs, store, live, SharedSettings::default())
    }

    /// What others ask of this node.
    pub(crate) fn served(&self, roles: Roles) -> Roles {
        roles.with(Served::new(self.own()))
    }

    /// The last lines, at an orderly end.
    pub(crate) async fn drain(&self) {
        match self.world.timeout(DRAIN_MAX, self.shipper.drain()).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "the last lines are shipped at the next start"),
            None => tracing::warn!("the last lines are shipped at the next start: a store is silent"),
        }
    }
}

/// Every other node that has lines or waterfalls of its own, as the list of members has it.
struct Living {
    net: Arc<Net>,
    own: String,
}

#[async_trait]
impl LiveStores for Living {
    async fn live(&self) -> Vec<Arc<dyn Telemetry>> {
        let others = match self.net.living(&[NodeRole::Worker, NodeRole::Frontend]).await {
            Ok(nodes) => nodes.into_iter().filter(|(name, _)| *name != self.own),
            Err(reason) => {
                tracing::debug!(reason, "which nodes have lines that are not shipped is not known");
                return Vec::new();
            }
        };
        let remote =
            |(name, role): (String, NodeRole)| Remote::<dyn Telemetry>::new(self.net.node(&name, role));
        others.map(|node| remote(node) as Arc<dyn Telemetry>).collect()
    }
}
