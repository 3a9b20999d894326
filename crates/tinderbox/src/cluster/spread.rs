//! Partitions led evenly by the nodes that could, instead of all by the first that was there.
//!
//! ```text
//!   vacant ── of the living the one with the fewest leads (ties: in turn) ──► claims at its next look
//!      ▲        any other ── 150 ms later, if it is vacant still ───────────► claims
//!      └── handed over: this node has led two more than another that lives, for SETTLED
//! ```
//! Nothing depends on it: what two nodes think of the others may differ, and then the election decides as ever. A partition
//! is handed over in order, as when a node ends: who asks meanwhile asks again for some hundred milliseconds, and nothing
//! fails. So it is done seldom: only while it makes the two more even, only to a node that has just been seen to live, and
//! not again soon with the same partition, should it come back.

use super::members::{self, Member, SILENT_AFTER};
use assignment::{AssignmentService, Courtesy, Partitions};
use fabric_rpc::NodeRole;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use substrate::Kv;
use types::PartitionId;
use world::{Instant, TaskHandle, World};

/// How often it is looked who is there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A node renews its entry every ten seconds: whoever was seen to do so in this time is taken to live.
const SEEN_WITHIN: Duration = Duration::from_secs(15);
/// How long it must have been uneven: longer than a node that has just died is taken to live.
const SETTLED: Duration = Duration::from_secs(20);
/// A partition that was handed over and came back stays for so long: whoever was to have it could not lead.
const NOT_AGAIN: Duration = Duration::from_secs(600);
/// At one look: whoever takes them begins that many reigns at once.
const HANDED_OVER_MAX: usize = 16;

/// What this node knows of the others that could lead.
pub(crate) struct Spread {
    own: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Nodes that could lead, by their entries.
    living: BTreeSet<String>,
    /// Of each, what its entry said last, and when this node saw it renewed.
    renewed: BTreeMap<String, (u64, Option<Instant>)>,
    leaders: BTreeMap<PartitionId, String>,
    handed_over: BTreeMap<PartitionId, Instant>,
    /// Since when this node has led too many.
    uneven: Option<Instant>,
}

impl Spread {
    pub(crate) fn new(own: &str) -> Arc<Self> {
        Arc::new(Self { own: own.to_owned(), known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads who is there.
    pub(crate) async fn look(&self, world: &World, kv: &dyn Kv) {
        match members::list(kv, false).await {
            Ok(all) => self.known().hear(&all, world.now(), world.wall().millis()),
            Err(error) => tracing::debug!(%error, "who could lead could not be read"),
        }
    }

    /// Looks now and then, and hands over what is too much here.
    pub(crate) fn keep(
        self: &Arc<Self>,
        world: &World,
        kv: Arc<dyn Kv>,
        services: Arc<Partitions<AssignmentService>>,
    ) -> TaskHandle {
        let (own, spread) = (world.clone(), Arc::clone(self));
        world.spawn("node.spread", async move {
            loop {
                own.clock.sleep(LOOK_EVERY).await;
                spread.look(&own, kv.as_ref()).await;
                let leaving = spread.known().too_many(&spread.own, own.now());
                for (partition, service) in services.each() {
                    if leaving.contains(&partition) {
                        tracing::info!(%partition, "led more evenly by another node: handed over");
                        service.hand_over();
                    }
                }
            }
        })
    }
}

impl Courtesy for Spread {
    fn seen(&self, partition: PartitionId, leader: Option<&str>) {
        let mut known = self.known();
        match leader {
            None => drop(known.leaders.remove(&partition)),
            Some(leader) if known.leaders.get(&partition).is_none_or(|known| known != leader) => {
                known.leaders.insert(partition, leader.to_owned());
            }
            Some(_) => {} // at most looks
        }
    }

    fn defers(&self, partition: PartitionId, last: Option<&str>) -> bool {
        self.known().first(&self.own, partition, last) != self.own
    }
}

impl Known {
    fn hear(&mut self, all: &[Member], now: Instant, now_ms: u64) {
        let could =
            |member: &&Member| member.has(NodeRole::Assignment) && !member.is_silent(now_ms, SILENT_AFTER);
        let could: Vec<&Member> = all.iter().filter(could).collect();
        self.living = could.iter().map(|member| member.name.clone()).collect();
        self.renewed.retain(|name, _| could.iter().any(|member| member.name == *name));
        for member in could {
            let entry = self.renewed.entry(member.name.clone()).or_insert((member.renewed_ms, None));
            if entry.0 != member.renewed_ms {
                *entry = (member.renewed_ms, Some(now));
            }
        }
    }

    fn leads(&self, node: &str) -> usize {
        self.leaders.values().filter(|leader| *leader == node).count()
    }

    /// Who should claim a vacant partition: of those that live, but for who led it last, one with the fewest leads. Among
    /// several it goes in turn by the partition's number, so that candidates that see many vacant at once agree.
    fn first<'a>(&'a self, own: &'a str, partition: PartitionId, last: Option<&str>) -> &'a str {
        let mut all: Vec<&str> = self.living.iter().map(String::as_str).collect();
        if !self.living.contains(own) {
            all.push(own); // its own entry comes last at its start
            all.sort_unstable();
        }
        all.retain(|node| Some(*node) != last);
        let least = all.iter().map(|node| self.leads(node)).min().unwrap_or(0);
        all.retain(|node| self.leads(node) == least);
        let turn = usize::try_from(partition.0).unwrap_or(0) % all.len().max(1);
        all.get(turn).copied().unwrap_or(own)
    }

    /// What this node leaves to the one that leads fewest of those that were seen to live.
    fn too_many(&mut self, own: &str, now: Instant) -> BTreeSet<PartitionId> {
        let alive = |seen: &Option<Instant>| seen.is_some_and(|seen| now.since(seen) < SEEN_WITHIN);
        let others = self.renewed.iter().filter(|(name, (_, seen))| *name != own && alive(seen));
        let least = others.map(|(name, _)| self.leads(name)).min();
        let more = least.map_or(0, |least| self.leads(own).saturating_sub(least));
        if more < 2 {
            self.uneven = None;
            return BTreeSet::new();
        }
        let since = *self.uneven.get_or_insert(now);
        if now.since(since) < SETTLED {
            return BTreeSet::new();
        }
        self.handed_over.retain(|_, at| now.since(*at) < NOT_AGAIN);
        let ours = self.leaders.iter().filter(|(_, leader)| *leader == own).map(|(partition, _)| *partition);
        let leaving: BTreeSet<PartitionId> = ours
            .filter(|partition| !self.handed_over.contains_key(partition))
            .take((more / 2).min(HANDED_OVER_MAX))
            .collect();
        // Whoever takes them may die at once, and be taken to live: then it is counted anew.
        self.uneven = None;
        self.handed_over.extend(leaving.iter().map(|partition| (*partition, now)));
        leaving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant(Duration::from_secs(1_000 + seconds).as_nanos() as u64)
    }

    /// Entries of nodes, renewed at these milliseconds.
    fn entries(nodes: &[(&str, u64)]) -> Vec<Member> {
        let world = World::real();
        let entry = |(name, renewed_ms): &(&str, u64)| {
            let role = if name.starts_with('f') { NodeRole::Frontend } else { NodeRole::Assignment };
            let mut member = Member::new(&world, name, &[role], "a", String::new());
            member.renewed_ms = *renewed_ms;
            member
        };
        nodes.iter().map(entry).collect()
    }

    fn led(known: &mut Known, leaders: &[(u64, &str)]) {
        for (partition, leader) in leaders {
            known.leaders.insert(PartitionId(*partition), (*leader).to_owned());
        }
    }

    /// Three nodes that have all been seen to renew their entries at `seconds`.
    fn three(known: &mut Known, seconds: u64) {
        let ms = seconds * 1_000;
        for renewed_ms in [ms.saturating_sub(1), ms] {
            let all =
                entries(&[("a1", renewed_ms), ("a2", renewed_ms), ("a3", renewed_ms), ("f1", renewed_ms)]);
            known.hear(&all, at(seconds), ms);
        }
    }

    #[test]
    fn of_vacant_partitions_each_candidate_claims_its_share() {
        let mut known = Known::default();
        three(&mut known, 100);
        let firsts = |known: &Known| {
            (0..6).map(|p| known.first("a1", PartitionId(p), None).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(firsts(&known), ["a1", "a2", "a3", "a1", "a2", "a3"], "and a frontend none");
        led(&mut known, &[(0, "a1"), (1, "a1"), (2, "a2")]);
        assert_eq!(known.first("a1", PartitionId(3), None), "a3", "who leads fewest");
    }

    #[test]
    fn what_a_dead_leader_had_goes_to_those_that_are_left() {
        let mut known = Known::default();
        three(&mut known, 100);
        led(&mut known, &[(0, "a1"), (1, "a2"), (2, "a3"), (3, "a1"), (4, "a2"), (5, "a3")]);
        let first = |partition| known.first("a2", PartitionId(partition), Some("a1")).to_owned();
        assert_eq!([first(0), first(3)], ["a2", "a3"]);
        let alone = Known::default();
        assert_eq!(alone.first("a2", PartitionId(0), Some("a1")), "a2", "also before its own entry is there");
        assert_eq!(alone.first("a2", PartitionId(0), Some("a2")), "a2", "who else");
    }

    #[test]
    fn a_node_that_leads_too_many_hands_over_once_that_has_lasted() {
        let mut known = Known::default();
        led(&mut known, &[(0, "a1"), (1, "a1"), (2, "a1"), (3, "a1"), (4, "a2")]);
        three(&mut known, 100);
        assert!(known.too_many("a1", at(100)).is_empty(), "not at once");
        three(&mut known, 110);
        assert!(known.too_many("a1", at(119)).is_empty());
        three(&mut known, 120);
        let leaving = known.too_many("a1", at(120));
        assert_eq!(
            leaving,
            BTreeSet::from([PartitionId(0), PartitionId(1)]),
            "half of what it has more than a3"
        );
        assert!(known.too_many("a2", at(120)).is_empty(), "one more than another is even");
        led(&mut known, &[(0, "a3"), (1, "a3")]);
        assert!(known.too_many("a1", at(122)).is_empty(), "it is even now");
    }

    #[test]
    fn nothing_is_handed_over_to_a_node_that_is_not_seen_to_live() {
        let mut known = Known::default();
        led(&mut known, &[(0, "a1"), (1, "a1")]);
        let hear = |known: &mut Known, seconds: u64, a2: u64| {
            known.hear(&entries(&[("a1", seconds * 1_000), ("a2", a2)]), at(seconds), seconds * 1_000);
        };
        // It is killed at 110, when it leads none any more; its entry looks alive for half a minute more.
        for seconds in (100..150).step_by(2) {
            hear(&mut known, seconds, seconds.min(110) * 1_000);
            if seconds >= 110 {
                assert!(known.too_many("a1", at(seconds)).is_empty(), "{seconds}");
            }
        }
    }

    #[test]
    fn a_partition_that_came_back_stays() {
        let mut known = Known::default();
        led(&mut known, &[(0, "a1"), (1, "a1")]);
        let mut handed = Vec::new();
        for seconds in (100..400).step_by(2) {
            three(&mut known, seconds);
            handed
                .extend(known.too_many("a1", at(seconds)).into_iter().map(|partition| (partition, seconds)));
        }
        let [(PartitionId(0), first), (PartitionId(1), second)] = handed[..] else {
            panic!("each once, and nobody took it: {handed:?}");
        };
        assert!(second - first >= SETTLED.as_secs(), "who died when it had just taken one gets no other");
    }
}
