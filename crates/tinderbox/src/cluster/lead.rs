//! Placement in a cluster: several could, one leads; who asks another finds the way.
//!
//! ```text
//!  Following ── the entry `placement/leader` is ours ──► Leading: an empty planner, which workers fill by joining again
//!      ▲                                                    │
//!      └───────────── another has it, or `close` ───────────┘
//! ```
//! What placement knows is what workers say at every heartbeat, so a new leader needs nothing of the old one.

use async_trait::async_trait;
use bytes::Bytes;
use fabric::placement::Placement;
use fabric::remote::{Answering, Call, Garbled, Reply, Served};
use placement::provider::FleetProvider;
use placement::{PlacementService, Settings};
use std::sync::Arc;
use substrate::election::{Election, LEASE, Watcher};
use substrate::{Key, Kv, KvError};
use tokio::sync::watch;
use types::Epoch;
use world::{TaskHandle, World};

/// The entry that says who leads.
pub(crate) fn key() -> Result<Key, KvError> {
    Key::of(&["placement", "leader"])
}

/// Placement, if this node leads.
pub(crate) struct PlacementLead {
    standing: Arc<watch::Sender<Standing>>,
    turns: TaskHandle,
}

#[derive(Clone)]
enum Standing {
    Following,
    Leading(Arc<Served<dyn Placement>>),
    Closed,
}

impl PlacementLead {
    pub(crate) fn start(
        world: &World,
        kv: Arc<dyn Kv>,
        name: &str,
        settings: Settings,
        provider: Arc<dyn FleetProvider>,
    ) -> Result<Arc<Self>, KvError> {
        let election = Election { kv, key: key()?, holder: name.to_owned(), lease: LEASE };
        let standing = Arc::new(watch::Sender::new(Standing::Following));
        let member = Candidate {
            world: world.clone(),
            election,
            writer: world.random_u64(),
            settings,
            provider,
            standing: Arc::clone(&standing),
        };
        let turns = world.spawn("placement.lead", member.run());
        Ok(Arc::new(Self { standing, turns }))
    }

    /// Leads no more; another may at once.
    pub(crate) async fn close(&self) {
        self.standing.send_replace(Standing::Closed);
        // The receiver that the task holds is dropped with it.
        self.standing.closed().await;
        self.turns.abort();
    }
}

#[async_trait]
impl Answering for PlacementLead {
    fn calls(&self) -> &'static [Call] {
        Served::<dyn Placement>::CALLS
    }
    async fn answer(&self, call: &str, request: Bytes) -> Result<Reply, Garbled> {
        let standing = self.standing.borrow().clone();
        match standing {
            Standing::Leading(service) => service.answer(call, request).await,
            Standing::Following | Standing::Closed => Err(Garbled::Elsewhere),
        }
    }
}

struct Candidate {
    world: World,
    election: Election,
    writer: u64,
    settings: Settings,
    provider: Arc<dyn FleetProvider>,
    standing: Arc<watch::Sender<Standing>>,
}

impl Candidate {
    async fn run(self) {
        let mut standing = self.standing.subscribe();
        let mut watcher = Watcher::new(self.world.clone(), self.election.clone(), self.writer);
        tokio::select! {
            biased;
            _ = standing.wait_for(|standing| matches!(standing, Standing::Closed)) => {}
            () = self.turns(&mut watcher) => {}
        }
        watcher.give_back().await;
    }

    async fn turns(&self, watcher: &mut Watcher) {
        loop {
            // What placement decides is not fenced by epochs: workers and partitions have leases of their own.
            let Some(claim) = watcher.look(Epoch(0)).await else {
                self.world.clock.sleep(watcher.pause()).await;
                continue;
            };
            let service = Arc::new(PlacementService::new(self.world.clone(), self.settings));
            let keeper = service.keep(Arc::clone(&self.provider));
            let service: Arc<dyn Placement> = service;
            self.stand(Standing::Leading(Served::new(service)));
            tracing::info!("leads placement");
            watcher.renew(claim).await;
            self.stand(Standing::Following);
            tracing::info!("leads placement no more");
            keeper.stop().await;
        }
    }

    /// Unless it is closed.
    fn stand(&self, as_what: Standing) {
        self.standing.send_if_modified(|standing| {
            let open = !matches!(standing, Standing::Closed);
            if open {
                *standing = as_what;
            }
            open
        });
    }
}
