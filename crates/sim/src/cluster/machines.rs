//! The machines: what runs on each, how it starts, and what is left of it after a crash.

use super::executor::{Executor, Node, lock};
use super::ledger::Ledger;
use super::load::Frontend;
use super::network::Network;
use super::records::{Catalogue, Records};
use super::router::Router;
use super::store::{Ailment, MemoryKv, MemoryLog, Through};
use super::tenancy::{Offer, Tenant};
use super::worker::{self, Mutation, Parts as WorkerParts, Worker};
use assignment::{AssignmentService, Parts, Settings, WorkerDirectory, key_of};
use fabric::assignment::{Assignment, Revisions};
use fabric::placement::Placement;
use fabric::remote::{Remote, Served};
use fabric::worker::{WorkerControl, WorkerInvoke};
use placement::PlacementService;
use placement::provider::Static;
use scheduler::tenancy::Membership;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use substrate::election::{Election, LEASE, Watcher};
use substrate::{Key, Log};
use types::{PartitionId, WorkerId};
use world::World;

pub(crate) const PARTITION: PartitionId = PartitionId(0);
/// Of an account: small, so that it is reached.
pub(crate) const CONCURRENCY_MAX: u32 = 12;
const FUNCTIONS: u64 = 6;
const WORKER_MB: u64 = 4_096;
const WORKER_ENVIRONMENTS_MAX: u32 = 16;

/// What a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Store,
    Assignment,
    Placement,
    Worker,
    Frontend,
}

/// All of them.
pub(crate) struct Machines {
    pub(crate) executor: Executor,
    pub(crate) network: Network,
    pub(crate) ledger: Ledger,
    pub(crate) catalogue: Catalogue,
    pub(crate) ailment: Arc<Ailment>,
    pub(crate) roles: Vec<(Node, Role)>,
    pub(crate) workers: Arc<BTreeMap<WorkerId, Node>>,
    /// The store's world, which changes when it crashes.
    store_world: Arc<Mutex<World>>,
    kv: Arc<MemoryKv>,
    pub(crate) log: Arc<MemoryLog>,
    /// Whose clock and tasks never stop: faults, checks, and what is on its way.
    pub(crate) outside: World,
    pub(crate) outside_node: Node,
    services: Mutex<BTreeMap<Node, Arc<AssignmentService>>>,
    up: Mutex<BTreeMap<Node, bool>>,
    /// Workers that an operator has drained and will start anew.
    pub(crate) drained: Mutex<BTreeSet<Node>>,
    /// Callers come.
    pub(crate) load: AtomicBool,
    mutation: Mutation,
}

impl Machines {
    pub(crate) fn start(executor: &Executor, mutation: Mutation) -> Arc<Self> {
        let outside_node = executor.add_machine(0);
        let outside = executor.world(outside_node);
        let network = Network::new(executor, outside_node);
        // Up to five thousandths: a hundred times what a real clock is off, and enough to see what trusts them.
        let drift = executor.below(6);
        let mut roles = Vec::new();
        let assignments = 2 + executor.below(2);
        let workers = 3 + executor.below(4);
        let all = [
            (Role::Store, 1),
            (Role::Assignment, assignments),
            (Role::Placement, 2),
            (Role::Worker, workers),
        ];
        for (role, count) in all.into_iter().chain([(Role::Frontend, 2)]) {
            (0..count).for_each(|_| roles.push((executor.add_machine(drift), role)));
        }
        let of = |role: Role| roles.iter().filter(move |row| row.1 == role).map(|row| row.0);
        let named = of(Role::Worker).map(|node| (WorkerId::new(format!("w{}", node.0)), node)).collect();
        let store_node = of(Role::Store).next().unwrap_or(outside_node);
        let machines = Arc::new(Self {
            executor: executor.clone(),
            ledger: Ledger::new(executor, CONCURRENCY_MAX),
            catalogue: Catalogue::new(FUNCTIONS),
            ailment: Arc::default(),
            workers: Arc::new(named),
            store_world: Arc::new(Mutex::new(executor.world(store_node))),
            kv: Arc::default(),
            log: Arc::default(),
            outside,
            outside_node,
            services: Mutex::default(),
            up: Mutex::default(),
            drained: Mutex::default(),
            load: AtomicBool::new(true),
            mutation,
            network,
            roles,
        });
        for (node, _) in machines.roles.clone() {
            machines.boot(node);
        }
        machines
    }

    pub(crate) fn of(&self, role: Role) -> Vec<Node> {
        self.roles.iter().filter(|row| row.1 == role).map(|row| row.0).collect()
    }

    pub(crate) fn role(&self, node: Node) -> Role {
        self.roles.iter().find(|row| row.0 == node).map_or(Role::Store, |row| row.1)
    }

    pub(crate) fn is_up(&self, node: Node) -> bool {
        lock(&self.up).get(&node).copied().unwrap_or(false)
    }

    /// Everything on it ends, at once and without a word.
    pub(crate) fn crash(&self, node: Node) {
        lock(&self.up).insert(node, false);
        self.executor.note(format_args!("{:?} {} crashes", self.role(node), node.0));
        self.executor.crash(node);
        self.network.crashed(node);
        let service = lock(&self.services).remove(&node);
        drop(service);
        if let Some((worker, _)) = self.workers.iter().find(|(_, at)| **at == node) {
            self.ledger.emptied(worker, true);
        }
    }

    /// Starts what runs there.
    pub(crate) fn boot(self: &Arc<Self>, node: Node) {
        lock(&self.up).insert(node, true);
        let world = self.executor.world(node);
        match self.role(node) {
            Role::Store => *lock(&self.store_world) = world,
            Role::Assignment => self.boot_assignment(node, world),
            Role::Placement => self.boot_placement(node, world),
            Role::Worker => self.boot_worker(node, world),
            Role::Frontend => self.boot_frontend(node, &world),
        }
    }

    /// What a machine has of the store.
    fn through(&self, from: Node) -> Arc<Through> {
        Arc::new(Through {
            executor: self.executor.clone(),
            network: self.network.clone(),
            world: Arc::clone(&self.store_world),
            from,
            store: self.of(Role::Store).first().copied().unwrap_or(self.outside_node),
            ailment: Arc::clone(&self.ailment),
            kv: Arc::clone(&self.kv),
            log: Arc::clone(&self.log),
            ledger: self.ledger.clone(),
            any_position: self.mutation == Mutation::AnyPosition,
        })
    }

    fn election(&self, node: Node, key: Key) -> Election {
        Election { kv: self.through(node), key, holder: node.0.to_string(), lease: LEASE }
    }

    fn boot_assignment(self: &Arc<Self>, node: Node, world: World) {
        let Ok(key) = key_of(PARTITION) else { return };
        let placement: Arc<Router<dyn Placement>> =
            Router::new(&self.network, node, &self.of(Role::Placement));
        let workers = Arc::clone(&self.workers);
        let directory = Directory { network: self.network.clone(), node, workers };
        let service = AssignmentService::start(Parts {
            world: world.clone(),
            placement,
            workers: Arc::new(directory),
            partition: PARTITION,
            settings: Settings {
                concurrency_max: CONCURRENCY_MAX,
                idle_max: Duration::from_secs(30),
                waiters_max: 200,
                ..Settings::default()
            },
            journal: self.through(node),
            election: Some(self.election(node, key)),
            revisions: self.revisions(node),
        });
        let role: Arc<dyn Assignment> = service.clone();
        self.network.listen(node, &world, "Assignment", Served::new(role));
        let (ledger, executor) = (self.ledger.clone(), self.executor.clone());
        let watched = Arc::downgrade(&service);
        world.spawn("watch.reigns", async move {
            let mut last = None;
            loop {
                let Some(service) = watched.upgrade() else { return };
                let epoch = service.leading().await;
                if epoch.is_some() && epoch != last {
                    ledger.count(|counts| counts.reigns += 1);
                    executor.note(format_args!("Assignment {} leads in epoch {epoch:?}", node.0));
                    last = epoch;
                }
                drop(service);
                executor.sleep(Duration::from_millis(100)).await;
            }
        });
        lock(&self.services).insert(node, service);
    }

    /// (A mutation: a leader does not ask what its predecessor was told.)
    fn revisions(&self, node: Node) -> Option<Arc<dyn Revisions>> {
        let reads = self.mutation != Mutation::NoRevisions;
        reads.then(|| -> Arc<dyn Revisions> { Arc::new(Records::new(self.through(node))) })
    }

    fn boot_placement(self: &Arc<Self>, node: Node, world: World) {
        let Ok(key) = Key::of(&["placement", "leader"]) else { return };
        let (network, executor, election) =
            (self.network.clone(), self.executor.clone(), self.election(node, key));
        let writer = world.random_u64();
        let own = world.clone();
        world.spawn("placement.lead", async move {
            let world = own;
            let mut watcher = Watcher::new(world.clone(), election, writer);
            loop {
                let Some(claim) = watcher.look(types::Epoch(0)).await else {
                    world.clock.sleep(watcher.pause()).await;
                    continue;
                };
                executor.note(format_args!("Placement {} leads", node.0));
                let settings = placement::Settings::default();
                let service = Arc::new(PlacementService::new(world.clone(), settings));
                let role: Arc<dyn Placement> = service.clone();
                network.listen(node, &world, "Placement", Served::new(role));
                let keeper = service.keep(Arc::new(Static));
                watcher.renew(claim).await;
                network.crashed(node); // it listens no more
                keeper.stop().await;
                executor.note(format_args!("Placement {} leads no more", node.0));
            }
        });
    }

    fn boot_worker(self: &Arc<Self>, node: Node, world: World) {
        let Some((id, _)) = self.workers.iter().find(|(_, at)| **at == node) else { return };
        let worker = Worker::new(WorkerParts {
            executor: self.executor.clone(),
            world: world.clone(),
            id: id.clone(),
            assignment: Router::<dyn Assignment>::new(&self.network, node, &self.of(Role::Assignment)),
            ledger: self.ledger.clone(),
            environments_max: WORKER_ENVIRONMENTS_MAX as usize,
            mutation: self.mutation,
        });
        let control: Arc<dyn WorkerControl> = Arc::new(worker::Served(Arc::clone(&worker)));
        self.network.listen(node, &world, "WorkerControl", Served::new(control));
        let invoke: Arc<dyn WorkerInvoke> = Arc::new(worker::Served(Arc::clone(&worker)));
        self.network.listen(node, &world, "WorkerInvoke", Served::new(invoke));
        let offer = Offer {
            worker: id.clone(),
            zone: types::Zone::new(["a", "b", "c"][node.0 % 3]),
            memory_mb: WORKER_MB,
            environments_max: WORKER_ENVIRONMENTS_MAX,
        };
        let tenant = Tenant {
            world: world.clone(),
            membership: Membership::new(worker.now()),
            worker,
            placement: Router::new(&self.network, node, &self.of(Role::Placement)),
            offer,
        };
        world.spawn("worker.tenancy", tenant.run());
    }

    fn boot_frontend(self: &Arc<Self>, node: Node, world: &World) {
        let frontend = self.frontend(node, world);
        world.spawn("hints", frontend.clone().follow());
        let names = self.catalogue.names();
        let machines = Arc::downgrade(self);
        let (executor, own) = (self.executor.clone(), world.clone());
        let busy = 1 + executor.below(8);
        world.spawn("callers", async move {
            loop {
                // Bursts and lulls: some come at once, then nobody for a while.
                let gap = if executor.chance(400) { 0 } else { executor.below(2_000 / busy) };
                own.clock.sleep(Duration::from_millis(gap)).await;
                let Some(machines) = machines.upgrade() else { return };
                if !machines.load.load(Ordering::SeqCst) {
                    drop(machines);
                    own.clock.sleep(Duration::from_secs(5)).await;
                    continue;
                }
                // A few functions have most of it.
                let drawn = executor.below(100);
                let idx = if drawn < 60 { drawn % 2 } else { drawn % names.len() as u64 };
                let name = names[usize::try_from(idx).unwrap_or(0)].clone();
                let frontend = frontend.clone();
                own.spawn("invocation", async move {
                    frontend.invoke(name).await;
                });
            }
        });
    }

    pub(crate) fn frontend(&self, node: Node, world: &World) -> Frontend {
        Frontend {
            executor: self.executor.clone(),
            world: world.clone(),
            network: self.network.clone(),
            node,
            ledger: self.ledger.clone(),
            catalogue: self.catalogue.clone(),
            records: Records::new(self.through(node)),
            assignment: Router::new(&self.network, node, &self.of(Role::Assignment)),
            workers: Arc::clone(&self.workers),
            mutation: self.mutation,
        }
    }

    /// Everything is as it should be from now on, and nobody calls.
    pub(crate) fn heal(self: &Arc<Self>) {
        self.load.store(false, Ordering::SeqCst);
        self.ailment.cure();
        self.network.set_weather(super::network::Weather::default());
        // Whoever stood still needs a moment to see what time it is, as in `chaos`.
        let own = Arc::clone(self);
        self.outside.spawn("heal", async move {
            own.outside.clock.sleep(Duration::from_millis(10)).await;
            own.workers.keys().for_each(|worker| own.ledger.set_still(worker, false));
        });
        let drained = std::mem::take(&mut *lock(&self.drained));
        for (node, _) in self.roles.clone() {
            self.executor.pause(node, false);
            if drained.contains(&node) && self.is_up(node) {
                self.crash(node);
            }
            if !self.is_up(node) {
                self.boot(node);
            }
        }
        self.network.heal_all();
    }

    pub(crate) fn services(&self) -> Vec<(Node, Arc<AssignmentService>)> {
        lock(&self.services).iter().map(|(node, service)| (*node, Arc::clone(service))).collect()
    }

    /// The journal as it is, past everything that could go wrong.
    pub(crate) fn journal(&self) -> Arc<dyn Log> {
        self.log.clone()
    }

    pub(crate) fn end(&self) {
        self.executor.end();
        self.roles.iter().for_each(|(node, _)| self.network.crashed(*node));
        let services = std::mem::take(&mut *lock(&self.services));
        drop(services);
    }
}

/// The workers' control sides, over the network.
struct Directory {
    network: Network,
    node: Node,
    workers: Arc<BTreeMap<WorkerId, Node>>,
}

impl WorkerDirectory for Directory {
    fn control(&self, worker: &WorkerId) -> Option<Arc<dyn WorkerControl>> {
        let node = self.workers.get(worker)?;
        let remote: Arc<Remote<dyn WorkerControl>> = Remote::new(self.network.way(self.node, *node));
        Some(remote)
    }
}
