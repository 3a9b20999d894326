//! Whatever happens in whatever order: the books balance, leases are kept, and room that is there is found.

use super::*;
use std::collections::BTreeSet;

const LIST_EVERY: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
enum Step {
    Join { worker: u8, holds: u8 },
    Beat { worker: u8, environments: u32, pressed: bool },
    List { worker: u8, environments: BTreeSet<u8> },
    Place { environment: u8, function: u8, memory_mb: u32, partition: u8, sandboxes: u8 },
    Release { environment: u8 },
    Drain { worker: u8 },
    Failed { worker: u8 },
    Remove { worker: u8 },
    Reserve { partition: u8, free_mb: u64 },
    Pass { seconds: u64 },
    CarryOut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..6, 0u8..4).prop_map(|(worker, holds)| Step::Join { worker, holds }),
        6 => (0u8..6, 0u32..2, any::<bool>()).prop_map(|(worker, environments, pressed)| Step::Beat { worker, environments, pressed }),
        3 => (0u8..6, proptest::collection::btree_set(0u8..40, 0..6)).prop_map(|(worker, environments)| Step::List { worker, environments }),
        16 => (0u8..40, 0u8..4, 0u32..600, 0u8..3, 0u8..3).prop_map(|(environment, function, memory_mb, partition, sandboxes)|
            Step::Place { environment, function, memory_mb, partition, sandboxes }),
        8 => (0u8..40).prop_map(|environment| Step::Release { environment }),
        1 => (0u8..6).prop_map(|worker| Step::Drain { worker }),
        1 => (0u8..6).prop_map(|worker| Step::Failed { worker }),
        1 => (0u8..6).prop_map(|worker| Step::Remove { worker }),
        1 => (0u8..3, 0u64..3_000).prop_map(|(partition, free_mb)| Step::Reserve { partition, free_mb }),
        4 => (0u64..12).prop_map(|seconds| Step::Pass { seconds }),
        2 => Just(Step::CarryOut),
    ]
}

/// The planner, and of each environment for which partition and walls it was placed.
struct World {
    planner: Planner,
    now: Duration,
    placed: BTreeMap<EnvironmentId, (PartitionId, Sandboxes)>,
    started: u32,
    /// What a worker said that it has, whatever it was asked to take.
    said: BTreeSet<EnvironmentId>,
}

impl World {
    fn name(worker: u8) -> WorkerId {
        WorkerId::new(format!("w{worker}"))
    }

    fn step(&mut self, step: Step) {
        let (planner, now) = (&mut self.planner, self.now);
        match step {
            Step::Join { worker, holds } => {
                let zone = ["a", "b"][usize::from(worker) % 2];
                let word = Offer {
                    sandboxes: Sandboxes(1 << (worker % 3)),
                    cpu_milli: u64::from(worker % 2) * 100,
                    holds: vec![CodeDigest::new(format!("c{holds}"))],
                    capacity: capacity(zone, 500 + 300 * u64::from(worker), 4 + u32::from(worker)),
                    ..offer(zone, 0)
                };
                planner.join(now, Self::name(worker), &word);
            }
            Step::Beat { worker, environments, pressed } => {
                let pressure = pressed.then_some(Unwell::Memory);
                let _ = planner.heartbeat(now, &Self::name(worker), &Beat { pressure, ..beat(environments) });
            }
            Step::List { worker, environments } => self.list(&Self::name(worker), &environments),
            Step::Place { environment: n, function, memory_mb, partition, sandboxes } => {
                let wanted = Request {
                    partition: PartitionId(u64::from(partition)),
                    sandboxes: if sandboxes == 2 { Sandboxes::ANY } else { Sandboxes(1 << sandboxes) },
                    code: Some(CodeDigest::new(format!("c{function}"))),
                    ..request(u32::from(n), &format!("f{function}"), memory_mb)
                };
                self.place(&wanted);
            }
            Step::Release { environment: n } => planner.release(environment(u32::from(n))),
            Step::Drain { worker } => drop(planner.drain(now, &Self::name(worker))),
            Step::Failed { worker } => planner.start_failed(now, &Self::name(worker)),
            Step::Remove { worker } => drop(planner.remove(&Self::name(worker))),
            Step::Reserve { partition, free_mb } => {
                drop(planner.reserve(now, PartitionId(u64::from(partition)), free_mb));
            }
            Step::Pass { seconds } => {
                self.now += SECOND * u32::try_from(seconds).unwrap();
                for Effect::Lost { worker, environments, .. } in planner.tick(self.now) {
                    assert_eq!(row(planner, worker.as_str()).environments, 0);
                    assert!(environments.iter().all(|lost| !planner.slots.contains_key(lost)));
                }
            }
            Step::CarryOut => self.carry_out(),
        }
    }

    /// As a worker that was asked for it: it has these, and nothing else.
    fn list(&mut self, worker: &WorkerId, environments: &BTreeSet<u8>) {
        let Some(partition) = self.planner.lease_of(worker) else { return };
        let resident = |n: &u8| Resident {
            environment: environment(u32::from(*n)),
            key: key(&format!("f{}", n % 4)),
            memory_mb: 100,
        };
        let list =
            List { partition: Some(partition), environments: environments.iter().map(resident).collect() };
        let there: BTreeSet<EnvironmentId> = list.environments.iter().map(|one| one.environment).collect();
        let said = Beat { list: Some(list), ..beat(u32::try_from(there.len()).unwrap()) };
        let idx = self.planner.by_id[worker] as usize;
        let of = |planner: &Planner| {
            let slots = planner.workers[idx].as_ref().unwrap().slots.keys().copied();
            slots.collect::<BTreeSet<EnvironmentId>>()
        };
        let before = of(&self.planner);
        let due = self.planner.workers[idx].as_ref().unwrap().listed + LIST_EVERY <= self.now;
        let orders = self.planner.heartbeat(self.now, worker, &said).unwrap();
        let after = of(&self.planner);
        if !due && !there.is_empty() {
            assert_eq!(before, after, "nobody asked");
            return;
        }
        assert!(!orders.list || there.is_empty(), "it is not asked again at once");
        assert!(there.is_subset(&after), "what is there has a slot");
        let old = |id: &&EnvironmentId| self.planner.slots[*id].since + LEASE <= self.now;
        assert!(after.difference(&there).all(|id| !old(&id)), "what never came has none");
        let young = |id: &&EnvironmentId| before.contains(*id) && !after.contains(*id);
        assert!(before.iter().filter(young).all(|id| !there.contains(id)));
        for id in &there {
            // Wherever it was placed: the worker knows better.
            self.placed.insert(*id, (partition, Sandboxes::ANY));
        }
        self.said.extend(there);
        // Said again when it is asked again, it changes nothing.
        if let Some(worker) = self.planner.workers[idx].as_mut() {
            worker.listed = worker.listed.saturating_sub(LIST_EVERY);
        }
        self.planner.heartbeat(self.now, worker, &said).unwrap();
        assert_eq!(of(&self.planner), after, "again changes nothing");
    }

    fn place(&mut self, wanted: &Request) {
        let known = self.planner.slots.contains_key(&wanted.environment);
        let could = |row: &&Worker| {
            row.fits(wanted.memory_mb)
                && row.sandboxes.meets(wanted.sandboxes)
                && match row.lease {
                    None => self.planner.may_take(wanted.partition),
                    Some(lease) => {
                        lease.partition == wanted.partition || self.planner.may_move(row, wanted.partition)
                    }
                }
        };
        let room = self.planner.live().any(|worker| could(&worker));
        let answer = self.planner.place_for(self.now, wanted);
        assert_eq!(answer.is_ok(), known || room, "{wanted:?}: {answer:?}");
        if !known && answer.is_ok() {
            self.placed.insert(wanted.environment, (wanted.partition, wanted.sandboxes));
        }
        if answer.is_ok() {
            assert_eq!(self.planner.place_for(self.now, wanted), answer, "again changes nothing");
        }
    }

    fn carry_out(&mut self) {
        let zones = [Zone::new("a"), Zone::new("b")];
        let plan = self.planner.plan(&zones);
        assert_eq!(plan, self.planner.plan(&zones), "planning changes nothing");
        for (zone, count) in &plan.start {
            for _ in 0..*count {
                self.started += 1;
                self.planner.expect(self.now, WorkerId::new(format!("n{}", self.started)), zone.clone());
            }
        }
        for worker in &plan.drain {
            self.planner.drain(self.now, worker);
        }
        for worker in &plan.stop {
            self.planner.remove(worker);
        }
        let again = self.planner.plan(&zones);
        assert!(again.start.is_empty() && again.drain.is_empty(), "{plan:?}, then {again:?}");
        // What was drained just now may be empty already.
        assert!(again.stop.iter().all(|worker| plan.drain.contains(worker)), "{plan:?}, then {again:?}");
    }

    fn check(&self) {
        let planner = &self.planner;
        let (mut indexed, mut idle) = (BTreeSet::new(), BTreeSet::new());
        for (id, idx) in &planner.by_id {
            let worker = planner.workers[*idx as usize].as_ref().unwrap();
            assert_eq!(worker.id, *id);
            if let Some(pool) = worker.pool() {
                indexed.insert((pool, worker.free_mb(), *idx));
                if worker.lease.is_some() && worker.slots.is_empty() {
                    idle.insert(*idx);
                }
            }
            let mine: Vec<_> = planner.slots.iter().filter(|(_, slot)| slot.worker == *idx).collect();
            assert_eq!(worker.used_mb, mine.iter().map(|(_, slot)| u64::from(slot.memory_mb)).sum::<u64>());
            assert_eq!(worker.slots.len(), mine.len());
            if mine.iter().all(|(id, _)| !self.said.contains(id)) {
                assert!(worker.used_mb <= worker.room_mb, "overfull");
                assert!(worker.slots.len() <= worker.capacity.environments_max as usize, "too many");
            }
            for (environment, _) in mine {
                let (partition, sandboxes) = self.placed[environment];
                assert_eq!(worker.lease.map(|lease| lease.partition), Some(partition), "whose lease it is");
                assert!(worker.sandboxes.meets(sandboxes), "within the walls that were asked for");
            }
            for code in &worker.holds {
                assert!(planner.holders[code].contains(idx));
            }
        }
        assert_eq!(planner.index.entries(), indexed, "the index is the workers");
        for partition in (0..3).map(PartitionId) {
            let mine =
                planner.live().filter(|worker| worker.lease.is_some_and(|it| it.partition == partition));
            assert_eq!(planner.shares.workers(partition) as usize, mine.count(), "who has how many");
        }
        let free = planner.live().filter(|worker| worker.lease.is_none() && worker.pool().is_some());
        assert_eq!(planner.index.unleased(), free.count());
        assert_eq!(planner.index.all_idle(), idle, "those with nothing");
        assert_eq!(
            planner.holders.values().map(BTreeSet::len).sum::<usize>(),
            planner.live().map(|w| w.holds.len()).sum()
        );
        let spread: u32 = planner.spread.values().flatten().sum();
        assert_eq!(spread as usize, planner.slots.len());
        assert_eq!(planner.rooms.values().sum::<u32>() as usize, planner.by_id.len());
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_books_balance_leases_are_kept_and_room_is_found(steps in proptest::collection::vec(step(), 1..300)) {
        let settings = Settings { workers_max: 8, holds_max: 2, ..Settings::default() };
        let mut world = World { planner: Planner::new(settings), now: SECOND, placed: BTreeMap::new(), started: 0, said: BTreeSet::new() };
        for step in steps {
            world.step(step);
            world.check();
        }
    }
}
