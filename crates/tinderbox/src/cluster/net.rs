//! From a name, a role or a lead to whoever answers: carriers that look the way up in `Kv`.
//!
//! | carrier | goes to | when it can not be reached |
//! |---|---|---|
//! | [`Net::node`] | the node of that name | its entry is read again, once: it may have been started elsewhere |
//! | [`Net::any`] | a node of that role | the next one, if the call did not leave this machine |
//! | [`Net::leading`] | who holds that lead | looked up again until somebody answers, as long as the call has patience |

use super::members::{self, Member, SILENT_AFTER};
use async_trait::async_trait;
use bytes::Bytes;
use fabric::FrameStream;
use fabric::remote::{Call, Carrier, Lost};
use fabric_rpc::{Expected, NodeRole, Peer, Trust, Waits};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use substrate::{Key, Kv, election};
use world::{Instant, World};

/// How long the list of nodes of a role is used.
const LIST_FRESH: Duration = Duration::from_secs(2);
/// How long until it is looked again who leads.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// A call that takes so long may be under way to one who leads no more; then so often is looked.
const STILL_LEADS: Duration = Duration::from_millis(250);
/// Connections kept to nodes that may be gone; beyond it all are made anew.
const PEERS_MAX: usize = 20_000;

/// What a node's entry says of its renewal, and since when that is known.
type Heard = BTreeMap<String, (u64, Instant)>;

/// The ways from this node.
pub(crate) struct Net {
    world: World,
    kv: Arc<dyn Kv>,
    trust: Trust,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    members: BTreeMap<String, Member>,
    peers: BTreeMap<(String, NodeRole), (String, Arc<Peer>)>,
    /// Nodes of a role, and when that was read.
    lists: BTreeMap<NodeRole, (Instant, Vec<String>)>,
    /// Nodes that are not silent, each with a role of those asked for, and when that was read.
    living: Option<(Instant, Vec<(String, NodeRole)>)>,
    heard: Heard,
    leaders: BTreeMap<Key, String>,
}

impl Net {
    pub(crate) fn new(world: World, kv: Arc<dyn Kv>, trust: Trust) -> Arc<Self> {
        Arc::new(Self { world, kv, trust, known: Mutex::default() })
    }

    /// The node of this name, in this role.
    pub(crate) fn node(self: &Arc<Self>, name: &str, role: NodeRole) -> Arc<dyn Carrier> {
        Arc::new(Node { net: Arc::clone(self), name: name.to_owned(), role })
    }

    /// Any node of this role.
    pub(crate) fn any(self: &Arc<Self>, role: NodeRole) -> Arc<dyn Carrier> {
        Arc::new(AnyOf { net: Arc::clone(self), role, turn: AtomicUsize::new(0) })
    }

    /// Whoever holds the lead `key`.
    pub(crate) fn leading(self: &Arc<Self>, key: Key, role: NodeRole, patience: Duration) -> Arc<Leading> {
        Arc::new(Leading { net: Arc::clone(self), key, role, patience })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to the node as its entry has it; `anew` reads that again.
    async fn peer(&self, name: &str, role: NodeRole, anew: bool) -> Result<Arc<Peer>, String> {
        let known = self.known().members.get(name).cloned().filter(|_| !anew);
        let member = match known {
            Some(member) => member,
            None => {
                let found = members::find(self.kv.as_ref(), name).await.map_err(|error| error.to_string())?;
                let found = found.ok_or_else(|| format!("no node is called {name}"))?;
                self.known().members.insert(name.to_owned(), found.clone());
                found
            }
        };
        let mut known = self.known();
        if let Some((address, peer)) = known.peers.get(&(name.to_owned(), role))
            && *address == member.fabric
        {
            return Ok(Arc::clone(peer));
        }
        if known.peers.len() >= PEERS_MAX {
            known.peers.clear();
        }
        let expected = Expected::Node(name.to_owned(), role);
        let peer = Peer::new(
            self.world.clone(),
            member.fabric.clone(),
            self.trust.clone(),
            expected,
            Waits::default(),
        );
        known.peers.insert((name.to_owned(), role), (member.fabric, Arc::clone(&peer)));
        Ok(peer)
    }

    /// Names of nodes of a role, in order; an old list if there is no newer.
    async fn list(&self, role: NodeRole) -> Result<Vec<String>, String> {
        let now = self.world.now();
        let known = self.known().lists.get(&role).cloned();
        match &known {
            Some((read, names)) if now.since(*read) < LIST_FRESH => return Ok(names.clone()),
            _ => {}
        }
        match members::list(self.kv.as_ref(), role == NodeRole::Worker).await {
            Ok(all) => {
                let names: Vec<String> =
                    all.into_iter().filter(|member| member.has(role)).map(|member| member.name).collect();
                // None of them yet is no news to keep: the first may be there in a moment.
                if !names.is_empty() {
                    self.known().lists.insert(role, (now, names.clone()));
                }
                Ok(names)
            }
            Err(error) => known.map(|(_, names)| names).ok_or_else(|| error.to_string()),
        }
    }

    /// Names of all nodes of these roles that renew their entries, each once; an old list if there is no newer.
    /// Always asked with the same roles.
    pub(crate) async fn living(&self, roles: &[NodeRole]) -> Result<Vec<(String, NodeRole)>, String> {
        let now = self.world.now();
        let known = self.known().living.clone();
        match &known {
            Some((read, nodes)) if now.since(*read) < LIST_FRESH => return Ok(nodes.clone()),
            _ => {}
        }
        let all = match members::list(self.kv.as_ref(), true).await {
            Ok(all) => all,
            Err(error) => return known.map(|(_, nodes)| nodes).ok_or_else(|| error.to_string()),
        };
        let mut known = self.known();
        known.heard = heard(&known.heard, &all, now);
        let mut nodes = Vec::new();
        for member in all {
            let heard = known.heard.get(&member.name);
            let lives = heard.is_some_and(|(_, at)| now.since(*at) <= SILENT_AFTER);
            if let Some(role) = roles.iter().find(|role| lives && member.has(**role)) {
                nodes.push((member.name, *role));
            }
        }
        known.living = Some((now, nodes.clone()));
        Ok(nodes)
    }

    async fn leader(&self, key: &Key) -> Result<String, String> {
        if let Some(leader) = self.known().leaders.get(key).cloned() {
            return Ok(leader);
        }
        let holding = election::holding(self.kv.as_ref(), key).await.map_err(|error| error.to_string())?;
        let holder = holding.ok_or_else(|| format!("nobody leads ({key})"))?.holder;
        self.known().leaders.insert(key.clone(), holder.clone());
        Ok(holder)
    }

    /// Completes when `leader` holds the lead no more. While the store is silent everybody keeps what he has.
    async fn deposed(&self, key: &Key, leader: &str) {
        loop {
            self.world.clock.sleep(STILL_LEADS).await;
            match election::holding(self.kv.as_ref(), key).await {
                Ok(Some(holding)) if holding.holder != leader => return,
                _ => {}
            }
        }
    }
}

/// When each node's entry was last seen to be another than before, on this node's own steady clock: a wall clock that
/// jumps, here or there, makes nobody silent. A node that was never seen before is given the time to show that it lives.
fn heard(before: &Heard, all: &[Member], now: Instant) -> Heard {
    let at = |member: &Member| match before.get(&member.name) {
        Some((renewed_ms, at)) if *renewed_ms == member.renewed_ms => *at,
        _ => now,
    };
    all.iter().map(|member| (member.name.clone(), (member.renewed_ms, at(member)))).collect()
}

fn unsent(reason: String) -> Lost {
    Lost { reason, sent: false }
}

/// One call of either form.
#[async_trait]
trait Way: Send + Sync {
    type Answer: Send;
    async fn go(&self, peer: Arc<Peer>) -> Result<Self::Answer, Lost>;
}

struct Whole(Call, Bytes);
struct Streamed(Call, Bytes);

#[async_trait]
impl Way for Whole {
    type Answer = Bytes;
    async fn go(&self, peer: Arc<Peer>) -> Result<Bytes, Lost> {
        peer.call(self.0, self.1.clone()).await
    }
}

#[async_trait]
impl Way for Streamed {
    type Answer = (Bytes, FrameStream<Bytes>);
    async fn go(&self, peer: Arc<Peer>) -> Result<Self::Answer, Lost> {
        peer.open(self.0, self.1.clone()).await
    }
}

impl Net {
    /// To this node; again, as its entry is by now, if nothing has left.
    async fn to_node<W: Way>(&self, name: &str, role: NodeRole, way: &W) -> Result<W::Answer, Lost> {
        let peer = self.peer(name, role, false).await.map_err(unsent)?;
        let lost = match way.go(Arc::clone(&peer)).await {
            Err(lost) if !lost.sent => lost,
            other => return other,
        };
        match self.peer(name, role, true).await {
            Ok(again) if !Arc::ptr_eq(&again, &peer) => way.go(again).await,
            _ => Err(lost),
        }
    }
}

struct Node {
    net: Arc<Net>,
    name: String,
    role: NodeRole,
}

#[async_trait]
impl Carrier for Node {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        self.net.to_node(&self.name, self.role, &Whole(call, request)).await
    }
    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        self.net.to_node(&self.name, self.role, &Streamed(call, request)).await
    }
}

struct AnyOf {
    net: Arc<Net>,
    role: NodeRole,
    /// Whose turn it is; stays with one that answers.
    turn: AtomicUsize,
}

impl AnyOf {
    async fn go<W: Way>(&self, way: &W) -> Result<W::Answer, Lost> {
        let names = self.net.list(self.role).await.map_err(unsent)?;
        let mut why = unsent(format!("no node of this platform is a {}", self.role));
        for _ in 0..names.len() {
            let turn = self.turn.load(Ordering::Relaxed);
            let Some(name) = names.get(turn % names.len()) else { break };
            match self.net.to_node(name, self.role, way).await {
                Err(lost) if !lost.sent => {
                    why = lost;
                    // Another call may have moved on already.
                    let next = turn.wrapping_add(1);
                    let _ = self.turn.compare_exchange(turn, next, Ordering::Relaxed, Ordering::Relaxed);
                }
                other => return other,
            }
        }
        Err(why)
    }
}

#[async_trait]
impl Carrier for AnyOf {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        self.go(&Whole(call, request)).await
    }
    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        self.go(&Streamed(call, request)).await
    }
}

/// To whoever leads.
pub(crate) struct Leading {
    net: Arc<Net>,
    key: Key,
    role: NodeRole,
    patience: Duration,
}

impl Leading {
    /// Who was asked says that it does not lead: it is looked up again, after a moment.
    pub(crate) async fn mistaken(&self) {
        self.net.known().leaders.remove(&self.key);
        self.net.world.clock.sleep(LOOK_AGAIN).await;
    }

    async fn go<W: Way>(&self, way: &W) -> Result<W::Answer, Lost> {
        let begun = self.net.world.now();
        loop {
            let why = match self.net.leader(&self.key).await {
                Err(why) => why,
                Ok(leader) => {
                    let asked = self.net.to_node(&leader, self.role, way);
                    let answered = tokio::select! {
                        biased;
                        answered = asked => answered,
                        () = self.net.deposed(&self.key, &leader) => {
                            Err(Lost { reason: format!("{leader} leads no more"), sent: true })
                        }
                    };
                    match answered {
                        Err(lost) if !lost.sent => lost.reason,
                        Err(lost) => {
                            self.net.known().leaders.remove(&self.key);
                            return Err(lost);
                        }
                        answered => return answered,
                    }
                }
            };
            if self.net.world.now().since(begun) >= self.patience {
                return Err(unsent(why));
            }
            self.mistaken().await;
        }
    }
}

#[async_trait]
impl Carrier for Leading {
    async fn call(&self, call: Call, request: Bytes) -> Result<Bytes, Lost> {
        self.go(&Whole(call, request)).await
    }
    async fn open(&self, call: Call, request: Bytes) -> Result<(Bytes, FrameStream<Bytes>), Lost> {
        self.go(&Streamed(call, request)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::clock::SetClock;

    fn renewed(mut member: Member, renewed_ms: u64) -> Member {
        member.renewed_ms = renewed_ms;
        member
    }

    #[tokio::test]
    async fn a_wall_clock_that_jumps_makes_nobody_silent_and_who_says_nothing_is() {
        let clock = Arc::new(SetClock::default());
        let world = World { clock: clock.clone(), ..World::real() };
        let hour_ms = 3_600_000;
        let named = |name: &str, renewed_ms| {
            let member = Member::new(&world, name, &[NodeRole::Worker], "a", "127.0.0.1:1".to_owned());
            renewed(member, renewed_ms)
        };
        let lives = |heard: &Heard, name: &str| world.now().since(heard[name].1) <= SILENT_AFTER;
        let t = 10 * hour_ms;
        let all = [named("here", t), named("behind", t), named("dead", t)];
        let mut seen = heard(&Heard::new(), &all, world.now());
        assert!(["here", "behind", "dead"].iter().all(|name| lives(&seen, name)));
        for step in 1..=4 {
            clock.advance(Duration::from_secs(10));
            let after = t + step * 10_000;
            let all = [named("here", after), named("behind", after - hour_ms), named("dead", t)];
            seen = heard(&seen, &all, world.now());
        }
        assert!(lives(&seen, "here") && lives(&seen, "behind"));
        assert!(!lives(&seen, "dead"));
    }
}
