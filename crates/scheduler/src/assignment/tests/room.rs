//! The machine with a real planner, every question and every answer on its way for as long as chance wants: nobody
//! waits while there is room for it, and nobody waits for ever.

use super::*;
use crate::placement::{Capacity, NoSlot, Planner};
use types::Zone;

const SIZES: [u32; 4] = [128, 256, 1_024, 3_008];

struct World {
    machine: Machine,
    planner: Planner,
    /// Effects that nobody has begun to carry out.
    asked: Vec<Effect>,
    /// Answers that have not arrived.
    answers: Vec<Input>,
    leased: Vec<(EnvironmentId, LeaseToken)>,
    waiting: BTreeMap<WaiterId, u32>,
    refused: Vec<Refusal>,
    next: u16,
}

impl World {
    fn new(workers: &[u64]) -> Self {
        let mut planner = Planner::default();
        for (idx, memory_mb) in workers.iter().enumerate() {
            let capacity = Capacity { zone: Zone::new("a"), memory_mb: *memory_mb, environments_max: 100 };
            planner.register(WorkerId::new(format!("w{idx}")), capacity);
        }
        Self {
            machine: Machine::new(Settings::default()),
            planner,
            asked: Vec::new(),
            answers: Vec::new(),
            leased: Vec::new(),
            waiting: BTreeMap::new(),
            refused: Vec::new(),
            next: 0,
        }
    }

    /// Time stands still: no deadline and no second look helps.
    fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.step(Duration::ZERO, input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Grant { waiter, environment, token, .. } => {
                    self.waiting.remove(&waiter).expect("it waited");
                    self.leased.push((environment, token));
                }
                Effect::Refuse { waiter, refusal } => {
                    self.waiting.remove(&waiter).expect("it waited");
                    self.refused.push(refusal);
                }
                other => self.asked.push(other),
            }
        }
    }

    fn acquire(&mut self, function: usize) {
        self.next += 1;
        let waiter = WaiterId(u64::from(self.next));
        let mut id = [0; 16];
        id[..2].copy_from_slice(&self.next.to_be_bytes());
        let memory_mb = SIZES[function % SIZES.len()];
        self.waiting.insert(waiter, memory_mb);
        self.step(Input::Acquire {
            waiter,
            key: key(&format!("f{function}"), 1),
            memory_mb,
            share: FREE,
            deadline: SECOND,
            environment: EnvironmentId(id),
            token: LeaseToken(u64::from(self.next)),
        });
    }

    /// Placement and workers do one thing that they were asked; its answer is on its way.
    fn perform(&mut self, which: usize) {
        if self.asked.is_empty() {
            return;
        }
        let effect = self.asked.swap_remove(which % self.asked.len());
        self.answers.push(match effect {
            Effect::Place { environment, memory_mb, .. } => {
                match self.planner.place(environment, memory_mb) {
                    Ok(worker) => Input::Placed { environment, worker },
                    Err(why) => Input::NotPlaced { environment, ever: why == NoSlot::TooLarge },
                }
            }
            Effect::Release { environment } => {
                self.planner.release(environment);
                Input::Released
            }
            Effect::Start { environment, .. } => Input::Started { environment },
            Effect::Stop { environment, .. } => Input::Gone { environment },
            Effect::Grant { .. } | Effect::Refuse { .. } => unreachable!("taken by step"),
            Effect::Journal(_) => return,
            Effect::Greet { .. } | Effect::ReadRevision { .. } => unreachable!("it leads from the start"),
            Effect::Want { .. } => unreachable!("nothing is provisioned"),
        });
    }

    fn arrive(&mut self, which: usize) {
        if !self.answers.is_empty() {
            let answer = self.answers.swap_remove(which % self.answers.len());
            self.step(answer);
        }
    }

    fn finish(&mut self, which: usize) {
        if !self.leased.is_empty() {
            let (environment, token) = self.leased.swap_remove(which % self.leased.len());
            self.step(Input::Idle { environment, token });
        }
    }

    /// Until nothing is on its way.
    fn settle(&mut self, mut chance: usize) {
        while !(self.asked.is_empty() && self.answers.is_empty()) {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if chance >> 62 & 1 == 0 { self.perform(chance >> 33) } else { self.arrive(chance >> 33) }
        }
    }

    fn check(&mut self) {
        let idle = self.machine.census().iter().filter(|row| row.state == "idle").count();
        let least = self.waiting.values().min().copied();
        if let Some(least) = least {
            assert_eq!(idle, 0, "someone waits, so no idle environment keeps its room");
            let probe = EnvironmentId([0xff; 16]);
            let room = self.planner.place(probe, least);
            assert_eq!(room, Err(NoSlot::Full), "there is room for {least} MB, and someone waits for it");
        }
    }
}

#[test]
fn a_freed_large_slot_serves_every_small_waiter_that_fits() {
    let mut world = World::new(&[10_048]);
    world.machine.settings.concurrency_max = 200;
    // 3 × 3,008 MB and 1,024 MB fill it.
    (0..3).for_each(|_| world.acquire(3));
    world.acquire(2);
    world.settle(1);
    (0..80).for_each(|_| world.acquire(0));
    world.settle(2);
    let before = world.waiting.len();
    assert!(before > 70, "{before}");
    let (large, _) = world.leased[0];
    world.step(Input::Gone { environment: large });
    world.leased.remove(0);
    world.settle(3);
    assert_eq!(before - world.waiting.len(), 3_008 / 128);
}

proptest! {
    #[test]
    fn no_waiter_waits_while_there_is_room_for_it(
        steps in proptest::collection::vec((0u8..6, 0usize..1_000), 1..300),
        chance in any::<usize>(),
        workers in prop_oneof![Just(vec![4_096u64]), Just(vec![3_008, 700, 300])],
    ) {
        let mut world = World::new(&workers);
        for (what, which) in steps {
            match what {
                0 | 1 => world.acquire(which % 8),
                2 => world.perform(which),
                3 => world.arrive(which),
                4 => world.finish(which),
                _ => {
                    let waiter = WaiterId(which as u64 % 64);
                    if world.waiting.remove(&waiter).is_some() {
                        world.step(Input::Cancel { waiter });
                    }
                }
            }
        }
        world.settle(chance);
        world.check();
        // Everyone gets its turn when the others end.
        while !world.leased.is_empty() {
            world.finish(chance);
            world.settle(chance);
            world.check();
        }
        prop_assert!(world.waiting.is_empty(), "{:?}", world.waiting);
        prop_assert!(world.refused.is_empty(), "{:?}", world.refused);
    }
}
