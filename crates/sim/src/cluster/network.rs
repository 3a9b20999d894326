//! The network between machines, as a [`Carrier`] of calls: what HTTP/2 over TCP can do to them.
//!
//! ```text
//!  caller ── request ─► (lost) ─► machine ── executes ─► (lost) ── answer ─► caller
//!    │          └─► nobody listens: Lost, not sent            └─► Lost, sent
//!    └── gives up: after a while the machine is told, and drops what it does for it
//! ```
//! A call that is lost is noticed at once (the connection broke) or when pings are not answered. A cut between two
//! machines holds what is under way and lets it go on when it heals, if nobody has given up by then, as TCP does.
//! HTTP/2 brings no call twice; calls whose contract says that they may be said twice are, now and then.

use super::executor::{Executor, Node, lock};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::remote::{Answering, Call, Carrier, Lost, Reply};
use fabric::stream::{self, FrameSender, FrameStream};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use world::{TaskHandle, World};

/// Until a machine that does not answer pings is given up: 5 s between two, 5 s for each.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Until a connection that is not made is given up.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Frames of one answer on their way.
const FRAMES_IN_FLIGHT: usize = 4;
/// Calls that may be said twice, by their contract.
const TWICE: &[(&str, &str)] = &[
    ("Placement", "join"),
    ("Placement", "heartbeat"),
    ("Placement", "lease"),
    ("Placement", "release"),
    ("WorkerControl", "acknowledge"),
    ("Assignment", "retire"),
];

/// What happens to messages, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) lost: u64,
    pub(crate) slow: u64,
    pub(crate) twice: u64,
}

/// Every connection there is.
#[derive(Clone)]
pub(crate) struct Network {
    executor: Executor,
    shared: Arc<Mutex<Shared>>,
    /// Of nobody's machine: what is on its way.
    world: World,
    healed: watch::Sender<()>,
}

#[derive(Default)]
struct Shared {
    listening: BTreeMap<(Node, &'static str), Listener>,
    cuts: BTreeSet<(Node, Node)>,
    weather: Weather,
}

/// Who answers a role, and in which life of its machine.
type Listener = (u64, World, Arc<dyn Answering>);

/// How a call goes.
struct Fate {
    there: Duration,
    back: Duration,
    lost_there: bool,
    lost_back: bool,
    /// After so long the caller knows that it is lost.
    noticed: Duration,
    twice: bool,
}

impl Network {
    /// `node` never crashes: what is on its way is its.
    pub(crate) fn new(executor: &Executor, node: Node) -> Self {
        let world = executor.world(node);
        Self { executor: executor.clone(), shared: Arc::default(), world, healed: watch::Sender::new(()) }
    }

    /// `role` is answered by `who` at `node` from now on, until it crashes.
    pub(crate) fn listen(&self, node: Node, world: &World, role: &'static str, who: Arc<dyn Answering>) {
        let incarnation = self.executor.incarnation(node);
        let before = lock(&self.shared).listening.insert((node, role), (incarnation, world.clone(), who));
        drop(before);
    }

    /// Nobody answers there any more.
    pub(crate) fn crashed(&self, node: Node) {
        let mut gone = Vec::new();
        {
            let mut shared = lock(&self.shared);
            let keys: Vec<_> = shared.listening.keys().filter(|key| key.0 == node).copied().collect();
            gone.extend(keys.into_iter().filter_map(|key| shared.listening.remove(&key)));
        }
        drop(gone);
        self.healed.send_replace(()); // what is held up for it finds nobody
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        lock(&self.shared).weather = weather;
    }

    /// Nothing passes between the two, in either direction.
    pub(crate) fn cut(&self, one: Node, other: Node) {
        lock(&self.shared).cuts.insert((one.min(other), one.max(other)));
    }

    pub(crate) fn heal(&self, one: Node, other: Node) {
        lock(&self.shared).cuts.remove(&(one.min(other), one.max(other)));
        self.healed.send_replace(());
    }

    pub(crate) fn heal_all(&self) {
        lock(&self.shared).cuts.clear();
        self.healed.send_replace(());
    }

    pub(crate) fn is_cut(&self, one: Node, other: Node) -> bool {
        lock(&self.shared).cuts.contains(&(one.min(other), one.max(other)))
    }

    /// The way from `from` to whoever is at `to`.
    pub(crate) fn way(&self, from: Node, to: Node) -> Arc<dyn Carrier> {
        Arc::new(Way { network: self.clone(), from, to })
    }

    /// By a clock that is always there.
    pub(crate) async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.world.timeout(limit, work).await
    }

    /// How long one message takes.
    pub(crate) fn delay(&self) -> Duration {
        let weather = lock(&self.shared).weather;
        let micros = match self.executor.below(1_000) {
            drawn if drawn < weather.slow / 8 => self.executor.below(4_000_000),
            drawn if drawn < weather.slow => self.executor.below(50_000),
            _ => 100 + self.executor.below(400),
        };
        Duration::from_micros(micros)
    }

    fn fate(&self, call: Call) -> Fate {
        let weather = lock(&self.shared).weather;
        let lost = self.executor.chance(weather.lost);
        let there = self.executor.chance(500);
        let noticed = if self.executor.chance(500) { self.delay() } else { SILENCE_MAX };
        let twice = TWICE.contains(&(call.role, call.name)) && self.executor.chance(weather.twice);
        Fate {
            there: self.delay(),
            back: self.delay(),
            lost_there: lost && there,
            lost_back: lost && !there,
            noticed,
            twice,
        }
    }

    /// Until messages pass between the two.
    pub(crate) async fn passable(&self, one: Node, other: Node) {
        let mut healed = self.healed.subscribe();
        while self.is_cut(one, other) {
            if healed.changed().await.is_err() {
                return;
            }
        }
    }

    fn server(&self, node: Node, role: &str) -> Option<(World, Arc<dyn Answering>)> {
        let shared = lock(&self.shared);
        let found = shared.listening.iter().find(|((at, named), _)| *at == node && *named == role);
        let (_, (incarnation, world, who)) = found?;
        (self.executor.incarnation(node) == *incarnation).then(|| (world.clone(), Arc::clone(who)))
    }
}

/// From one machine to another.
struct Way {
    network: Network,
    from: Node,
    to: Node,
}

fn lost(reason: &str, sent: bool) -> Lost {
    Lost { reason: reason.to_owned(), sent }
}

/// What comes back of a call.
type Answered = oneshot::Receiver<Option<Reply>>;

/// A call at its server; dropped, the server is told that nobody waits.
struct Begun {
    network: Network,
    from: Node,
    to: Node,
    task: Option<Arc<TaskHandle>>,
    answered: Answered,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        let (network, from, to) = (self.network.clone(), self.from, self.to);
        let delay = network.delay();
        let world = network.world.clone();
        world.spawn("network.cancel", async move {
            network.world.clock.sleep(delay).await;
            // Over a cut it learns by itself that nobody is there.
            network.world.timeout(SILENCE_MAX, network.passable(from, to)).await;
            task.abort();
        });
    }
}

impl Way {
    /// Brings the request there; whether it is there, and how its answer comes.
    async fn begin(&self, call: Call, request: Bytes, fate: &Fate) -> Result<Begun, Lost> {
        let Network { world, .. } = &self.network;
        if self.network.server(self.to, call.role).is_none() {
            world.clock.sleep(fate.there).await;
            return Err(lost("nobody listens there", false));
        }
        if self.network.is_cut(self.from, self.to) && self.network.executor.chance(300) {
            // No connection was up.
            let made = world.timeout(CONNECT_MAX, self.network.passable(self.from, self.to)).await;
            made.ok_or_else(|| lost("no connection", false))?;
        }
        world.clock.sleep(fate.there).await;
        if fate.lost_there {
            world.clock.sleep(fate.noticed).await;
            return Err(lost("the connection broke", true));
        }
        let passed = world.timeout(SILENCE_MAX, self.network.passable(self.from, self.to)).await;
        passed.ok_or_else(|| lost("silence", true))?;
        let Some((server, who)) = self.network.server(self.to, call.role) else {
            return Err(lost("the machine went away", true));
        };
        let (tx, answered) = oneshot::channel();
        let (again, request_again) = (Arc::clone(&who), request.clone());
        let twice = fate.twice.then_some(fate.back);
        let clock = server.clock.clone();
        let work = async move {
            let answer = who.answer(call.name, request).await.ok();
            if let Some(later) = twice {
                clock.sleep(later).await;
                let _ = again.answer(call.name, request_again).await; // the first answer counts
            }
            let _ = tx.send(answer); // the caller may have gone
        };
        let task = Arc::new(server.spawn("rpc stream", work));
        let (network, from, to) = (self.network.clone(), self.from, self.to);
        Ok(Begun { network, from, to, task: Some(task), answered })
    }

    /// The answer's way back.
    async fn finish(&self, mut begun: Begun, fate: &Fate) -> Result<Reply, Lost> {
        let world = &self.network.world;
        let pings = async {
            // A machine that is paused, or behind a cut, answers none.
            loop {
                world.clock.sleep(SILENCE_MAX / 2).await;
                if self.network.executor.is_paused(self.to) || self.network.is_cut(self.from, self.to) {
                    world.clock.sleep(SILENCE_MAX / 2).await;
                    if self.network.executor.is_paused(self.to) || self.network.is_cut(self.from, self.to) {
                        return;
                    }
                }
            }
        };
        let answered = tokio::select! {
            biased;
            answered = &mut begun.answered => answered,
            () = pings => return Err(lost("no ping was answered", true)),
        };
        let reply = match answered {
            Ok(Some(reply)) => reply,
            Ok(None) => return Err(lost("not a message of this call", true)),
            Err(_) => {
                world.clock.sleep(fate.back).await;
                return Err(lost("the machine went away", true));
            }
        };
        begun.task = None; // nothing is left to be cancelled
        if fate.lost_back {
            world.clock.sleep(fate.noticed).await;
            return Err(lost("the connection broke", true));
        }
        world.clock.sleep(fate.back).await;
        let passed = world.timeout(SILENCE_MAX, self.network.passable(self.from, self.to)).await;
        passed.ok_or_else(|| lost("silence", true))?;
        Ok(reply)
    }

    /// Frames go on as long as both machines and the way between them are there.
    fn forward(&self, mut frames: FrameStream<Bytes>, tx: FrameSender<Bytes>, server: &World) {
        let (network, from, to) = (self.network.clone(), self.from, self.to);
        let clock = server.clock.clone();
        server.spawn("rpc stream", async move {
            loop {
                let frame = tokio::select! {
                    biased;
                    frame = frames.next() => frame,
                    () = tx.cancelled() => return,
                };
                let Some(frame) = frame else { return };
                clock.sleep(network.delay()).await;
                let passed = network.world.timeout(SILENCE_MAX, network.passable(from, to)).await;
                if passed.is_none() || tx.send(frame).await.is_err() {
                    return;
                }
            }
        });
    }
}

#[async_trait]
impl Carrier for Way {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        let fate = self.network.fate(call);
        let begun = self.begin(call, request, &fate).await?;
        match self.finish(begun, &fate).await? {
            Reply::Whole(bytes) => Ok(bytes),
            Reply::Stream { .. } => Err(lost("an answer of another kind", true)),
        }
    }

    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        let fate = self.network.fate(call);
        let begun = self.begin(call, request, &fate).await?;
        match self.finish(begun, &fate).await? {
            Reply::Whole(_) => Err(lost("an answer of another kind", true)),
            Reply::Stream { head, frames } => {
                let (tx, rx) = stream::channel(FRAMES_IN_FLIGHT);
                if let Some((server, _)) = self.network.server(self.to, call.role) {
                    self.forward(frames, tx, &server);
                }
                Ok((head, rx))
            }
        }
    }
}
