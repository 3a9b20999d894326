//! `core`: the assignment machine by itself, on one thread: what every invocation passes under one mutex.
//!
//! A *decision* is an acquire with its answer. The reports that come with it (`Finishing` and `Idle` of the lease
//! before) are stepped and timed along, since no invocation is without them.

use crate::Setting;
use crate::report::{Report, Table};
use crate::statistics::{median, short};
use scheduler::assignment::{Effect, Input, Machine, Settings, WaiterId};
use std::time::{Duration, Instant};
use types::{AccountId, EnvironmentId, FunctionName, LeaseToken, Region, Version, VersionKey, WorkerId};

const SMALL_MB: u32 = 128;
const FUNCTIONS: usize = 100;
/// Of each function, all leased and given back in turn.
const ENVIRONMENTS: usize = 8;
const ROUNDS: usize = 9;
/// Between two looks at the clock.
const BATCH: usize = 10_000;

pub(super) fn run(setting: &Setting, report: &mut Report) {
    let each = setting.load / ROUNDS as u32;
    let mut table =
        Table::new("assignment decisions a second, one thread", &["decision", "a second", "ns each"]);
    for (name, waiting, cold) in
        [("warm", 0, false), ("warm_while_1000_wait", 1_000, false), ("cold", 0, true)]
    {
        let rounds = (0..ROUNDS).map(|_| {
            let mut core = Core::new(waiting);
            measure(each, || if cold { core.cold() } else { core.warm() })
        });
        let per_second = median(rounds);
        report.figure(&format!("{name}.per_second"), per_second);
        table.row([name.replace('_', " "), short(per_second), short(1e9 / per_second)]);
    }
    report.tables.push(table);
    report.note("cold is acquire, slot, start, grant, end and slot back: six steps");
}

/// Calls a second.
#[allow(clippy::cast_precision_loss)]
fn measure(at_least: Duration, mut decide: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut decided = 0;
    while start.elapsed() < at_least {
        (0..BATCH).for_each(|_| decide());
        decided += BATCH;
    }
    decided as f64 / start.elapsed().as_secs_f64()
}

/// The machine with every function warm, as the driver steps it.
struct Core {
    machine: Machine,
    effects: Vec<Effect>,
    keys: Vec<VersionKey>,
    leased: Vec<Option<(EnvironmentId, LeaseToken)>>,
    worker: WorkerId,
    next: u64,
}

impl Core {
    /// Each function has [`ENVIRONMENTS`] leased; `waiting` further acquires of other functions wait for room.
    fn new(waiting: usize) -> Self {
        let key = |function: String| VersionKey {
            account: AccountId::new("123456789012"),
            region: Region::new("eu-central-1"),
            function: FunctionName::new(function),
            version: Version::Latest,
            generation: 7,
        };
        let settings = Settings { concurrency_max: u32::MAX, ..Settings::default() };
        let mut core = Self {
            machine: Machine::new(settings),
            effects: Vec::new(),
            keys: (0..FUNCTIONS).map(|idx| key(format!("a-function-of-some-name-{idx}"))).collect(),
            leased: vec![None; FUNCTIONS * ENVIRONMENTS],
            worker: WorkerId::new("worker-1"),
            next: 0,
        };
        for idx in 0..core.leased.len() {
            let environment = core.acquire(core.keys[idx % FUNCTIONS].clone(), SMALL_MB);
            core.step(Input::Placed { environment, worker: core.worker.clone() });
            core.step(Input::Started { environment });
            core.leased[idx] = core.granted();
        }
        // They need nothing: else every environment that comes back would be ended for them, and none be warm.
        for idx in 0..waiting {
            let environment = core.acquire(key(format!("waits-{idx}")), 0);
            core.step(Input::NotPlaced { environment, ever: false });
        }
        core
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.next)
    }

    fn step(&mut self, input: Input) {
        self.effects.clear();
        self.machine.step(self.now(), input, &mut self.effects);
    }

    fn acquire(&mut self, key: VersionKey, memory_mb: u32) -> EnvironmentId {
        self.next += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let environment = EnvironmentId(id);
        self.step(Input::Acquire {
            waiter: WaiterId(self.next),
            key,
            memory_mb,
            deadline: self.now() + Duration::from_secs(30),
            environment,
            token: LeaseToken(self.next),
        });
        environment
    }

    fn granted(&self) -> Option<(EnvironmentId, LeaseToken)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Grant { environment, token, .. } => Some((*environment, *token)),
            _ => None,
        })
    }

    /// One lease comes back, and the same function's next invocation gets one.
    fn warm(&mut self) {
        #[allow(clippy::cast_possible_truncation)]
        let idx = (self.next as usize).wrapping_mul(7_919) % self.leased.len();
        if let Some((environment, token)) = self.leased[idx] {
            self.step(Input::Finishing { environment, token });
            self.step(Input::Idle { environment, token });
        }
        self.acquire(self.keys[idx % FUNCTIONS].clone(), SMALL_MB);
        self.leased[idx] = self.granted();
        assert!(self.leased[idx].is_some(), "an idle environment is granted at once");
    }

    /// An environment from none, and its end.
    fn cold(&mut self) {
        #[allow(clippy::cast_possible_truncation)]
        let key = self.keys[self.next as usize % FUNCTIONS].clone();
        let environment = self.acquire(key, SMALL_MB);
        self.step(Input::Placed { environment, worker: self.worker.clone() });
        self.step(Input::Started { environment });
        assert!(self.granted().is_some(), "what was started is granted");
        self.step(Input::Gone { environment });
        self.step(Input::Released);
    }
}
