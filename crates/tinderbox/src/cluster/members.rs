//! Who is there: an entry in `Kv` for each node, which the others read when they want to reach it.
//!
//! ```text
//!  absent ── put ──► standing ── renewed now and then ──► withdrawn at a clean end
//!                       └── another start has the name: this node ends
//! ```
//! An entry says where a node is, not that it lives: who calls it finds out. Leaders have their own entries
//! (`substrate::election`), workers their heartbeats. An entry that
//! nobody renews for an hour is removed when a node starts.

use bytes::Bytes;
use fabric_rpc::NodeRole;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use substrate::held::{Content, Held};
use substrate::kv::PAGE_ENTRIES_MAX;
use substrate::{Expected, Key, Kv, KvError};
use world::World;

const FORMAT: u32 = 1;
/// So that who starts again under the same name is seen by the one before, and the living are told from the dead.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// Entries that are not renewed for so long are shown as silent.
pub(crate) const SILENT_AFTER: Duration = Duration::from_secs(35);
/// And for so long, removed.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    format: u32,
    /// Of the whole platform: nobody else has it.
    pub(crate) name: String,
    /// Random, of one start.
    start: u64,
    roles: Vec<String>,
    pub(crate) zone: String,
    /// `host:port` where its roles answer.
    pub(crate) fabric: String,
    /// Where its frontend listens.
    pub(crate) endpoint: Option<String>,
    /// Milliseconds since 1970, on its own clock: for people, and to forget the dead.
    pub(crate) renewed_ms: u64,
}

impl Member {
    pub(crate) fn new(world: &World, name: &str, roles: &[NodeRole], zone: &str, fabric: String) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            start: world.random_u64(),
            roles: roles.iter().map(|role| role.name().to_owned()).collect(),
            zone: zone.to_owned(),
            fabric,
            endpoint: None,
            renewed_ms: 0,
        }
    }

    fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok().filter(|member: &Self| member.format == FORMAT)
    }

    pub(crate) fn has(&self, role: NodeRole) -> bool {
        self.roles.iter().any(|name| name == role.name())
    }

    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Whether it has been silent for so long at `now_ms`.
    pub(crate) fn is_silent(&self, now_ms: u64, after: Duration) -> bool {
        u128::from(now_ms.saturating_sub(self.renewed_ms)) > after.as_millis()
    }
}

/// Nodes that serve more than environments are few; workers are many, and found by their names.
fn key_of(name: &str, worker: bool) -> Result<Key, KvError> {
    Key::of(&["node", if worker { "worker" } else { "service" }, name])
}

/// The node of this name.
pub(crate) async fn find(kv: &dyn Kv, name: &str) -> Result<Option<Member>, KvError> {
    for worker in [false, true] {
        if let Some(entry) = kv.get(&key_of(name, worker)?).await? {
            return Ok(Member::read(&entry.value));
        }
    }
    Ok(None)
}

/// All nodes, or those that serve more than environments.
pub(crate) async fn list(kv: &dyn Kv, workers: bool) -> Result<Vec<Member>, KvError> {
    let prefix = if workers { Key::of(&["node"])? } else { Key::of(&["node", "service"])? };
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let page = kv.list(&prefix, after.as_ref(), PAGE_ENTRIES_MAX).await?;
        members.extend(page.entries.iter().filter_map(|entry| Member::read(&entry.value)));
        after = page.entries.last().map(|entry| entry.key.clone());
        if !page.more {
            return Ok(members);
        }
    }
}

/// This node's entry.
pub(crate) struct Membership(Held<Standing>);

struct Standing {
    world: World,
    member: Member,
}

impl Content for Standing {
    // Forgotten while it was cut off: it is there all the same.
    const COMES_BACK: bool = true;
    fn value(&self) -> Result<Bytes, KvError> {
        let member = Member { renewed_ms: self.world.wall().millis(), ..self.member.clone() };
        let value =
            serde_json::to_vec(&member).map_err(|error| KvError::Invalid { reason: error.to_string() })?;
        Ok(Bytes::from(value))
    }
    fn is_ours(&self, value: &[u8]) -> bool {
        Member::read(value).is_some_and(|member| member.start == self.member.start)
    }
}

impl Membership {
    /// Whoever had the name before is taken to be gone; if it is not, it ends as soon as it sees this.
    pub(crate) async fn take(world: &World, kv: Arc<dyn Kv>, member: Member) -> Result<Self, KvError> {
        let worker_only = member.roles.iter().all(|role| role == NodeRole::Worker.name());
        let key = key_of(&member.name, worker_only)?;
        // The same name in another part: it has other roles than last time.
        kv.delete(key_of(&member.name, !worker_only)?, Expected::Any).await?;
        let standing = Standing { world: world.clone(), member };
        let held = Held::put(world, Arc::clone(&kv), key, Expected::Any, standing, RENEW_EVERY).await?;
        // Once a start: a platform of thousands of nodes is not read by each of them every few seconds.
        world.spawn("node.forget", forget_the_dead(world.clone(), kv));
        Ok(Self(held))
    }

    /// Completes when another node has the name.
    pub(crate) async fn usurped(&self) {
        self.0.lost().await;
    }

    /// A clean end.
    pub(crate) async fn withdraw(self) {
        self.0.give_back().await;
    }
}

/// By the clocks of this machine and of theirs, of which either may be wrong, so an hour is waited; and it is looked
/// again later: who lives has renewed its entry by then, whatever the time is there.
async fn forget_the_dead(world: World, kv: Arc<dyn Kv>) {
    let dead = seemingly_dead(&world, kv.as_ref()).await;
    world.clock.sleep(SILENT_AFTER).await;
    forget(kv.as_ref(), dead).await;
}

async fn seemingly_dead(world: &World, kv: &dyn Kv) -> Vec<Member> {
    let Ok(mut all) = list(kv, true).await else { return Vec::new() };
    let now_ms = world.wall().millis();
    all.retain(|member| member.is_silent(now_ms, FORGOTTEN_AFTER));
    all
}

/// Of those whose entries say the same still.
async fn forget(kv: &dyn Kv, dead: Vec<Member>) {
    for dead in dead {
        let worker_only = dead.roles.iter().all(|role| role == NodeRole::Worker.name());
        let Ok(key) = key_of(&dead.name, worker_only) else { continue };
        let Ok(Some(entry)) = kv.get(&key).await else { continue };
        if Member::read(&entry.value).as_ref() == Some(&dead) {
            let _ = kv.delete(key, Expected::At(entry.revision)).await; // it has just been renewed, or soon again
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use substrate::{Sqlite, SqliteSettings};

    async fn store() -> (World, Arc<dyn Kv>, tempfile::TempDir) {
        let world = World::real();
        let folder = tempfile::tempdir().unwrap();
        let kv = Sqlite::open(&world, &folder.path().join("kv.db"), SqliteSettings::default()).await.unwrap();
        (world, Arc::new(kv), folder)
    }

    #[tokio::test]
    async fn a_node_is_found_by_its_name_and_gone_when_it_withdraws() {
        let (world, kv, _folder) = store().await;
        let roles = [NodeRole::Frontend, NodeRole::Control];
        let frontend = Member::new(&world, "f1", &roles, "a", "127.0.0.1:1".to_owned());
        let worker = Member::new(&world, "w1", &[NodeRole::Worker], "b", "127.0.0.1:2".to_owned());
        let held = Membership::take(&world, kv.clone(), frontend).await.unwrap();
        Membership::take(&world, kv.clone(), worker).await.unwrap();
        assert!(find(kv.as_ref(), "f1").await.unwrap().unwrap().has(NodeRole::Control));
        assert_eq!(find(kv.as_ref(), "w1").await.unwrap().unwrap().fabric, "127.0.0.1:2");
        assert_eq!(list(kv.as_ref(), false).await.unwrap().len(), 1);
        assert_eq!(list(kv.as_ref(), true).await.unwrap().len(), 2);
        held.withdraw().await;
        assert_eq!(find(kv.as_ref(), "f1").await.unwrap(), None);
    }

    #[tokio::test]
    async fn who_was_silent_for_an_hour_and_still_is_is_forgotten_and_nobody_whose_clock_is_wrong() {
        let (world, kv, _folder) = store().await;
        let put = async |name: &str, ago_ms: u64| {
            let member = Member::new(&world, name, &[NodeRole::Worker], "a", "127.0.0.1:1".to_owned());
            let member = Member { renewed_ms: world.wall().millis() - ago_ms, ..member };
            let value = Bytes::from(serde_json::to_vec(&member).unwrap());
            kv.put(key_of(name, true).unwrap(), value, Expected::Any).await.unwrap();
        };
        for (name, ago_ms) in [("dead", 3_700_000), ("quiet", 3_000_000), ("slow clock", 7_200_000)] {
            put(name, ago_ms).await;
        }
        let dead = seemingly_dead(&world, kv.as_ref()).await;
        assert_eq!(dead.len(), 2);
        put("slow clock", 7_190_000).await;
        forget(kv.as_ref(), dead).await;
        assert_eq!(find(kv.as_ref(), "dead").await.unwrap(), None);
        for name in ["quiet", "slow clock"] {
            assert!(find(kv.as_ref(), name).await.unwrap().is_some(), "{name}");
        }
    }

    #[tokio::test]
    async fn of_two_nodes_with_one_name_the_earlier_ends_and_takes_nothing_along() {
        let (world, kv, _folder) = store().await;
        let one = Member::new(&world, "n", &[NodeRole::Placement], "a", "127.0.0.1:1".to_owned());
        let first = Membership::take(&world, kv.clone(), one).await.unwrap();
        let other = Member::new(&world, "n", &[NodeRole::Worker], "a", "127.0.0.1:2".to_owned());
        let _second = Membership::take(&world, kv.clone(), other).await.unwrap();
        first.withdraw().await;
        assert_eq!(find(kv.as_ref(), "n").await.unwrap().unwrap().fabric, "127.0.0.1:2");
    }
}
