//! `core`: the assignment machine by itself, on one thread: what every invocation passes under one mutex.
//!
//! A *decision* is an acquire with its answer. The reports that come with it (`Finishing` and `Idle` of the lease
//! before) are stepped and timed along, since no invocation is without them. Time is the thread's processor time.

use crate::Setting;
use crate::report::{Report, Table};
use crate::statistics::{median, short};
use scheduler::assignment::{Effect, Input, Machine, Settings, WaiterId};
use std::time::{Duration, Instant};
use types::{
    AccountId, ConcurrencyShare, EnvironmentId, FunctionName, LeaseToken, Region, Version, VersionKey,
    WorkerId,
};

const SMALL_MB: u32 = 128;
/// Functions, and environments of each, all leased and given back in turn: what caches hold, and what they do not.
const SMALL: (usize, usize) = (100, 8);
const LARGE: (usize, usize) = (1_000, 100);
/// As many environments of ten times the functions, each as often as every other: no traffic is so even, nothing is
/// worse for caches.
const EVEN: (usize, usize) = (10_000, 10);
const ROUNDS: usize = 9;
/// Between two looks at the clock.
const BATCH: usize = 10_000;

pub(super) fn run(setting: &Setting, report: &mut Report) {
    let each = setting.load / ROUNDS as u32;
    // First: later, what earlier machines left to the allocator would hide it.
    let bytes = bytes_of_an_environment();
    let mut table =
        Table::new("assignment decisions a second, one thread", &["decision", "a second", "ns each"]);
    for (name, size, waiting, cold) in [
        ("warm", SMALL, 0, false),
        ("warm_while_1000_wait", SMALL, 1_000, false),
        ("warm_among_100000", LARGE, 0, false),
        ("warm_among_100000_of_10000_functions", EVEN, 0, false),
        ("cold", SMALL, 0, true),
    ] {
        let rounds = (0..ROUNDS).map(|_| {
            let mut core = Core::new(size, waiting);
            measure(each, || if cold { core.cold() } else { core.warm() })
        });
        let per_second = median(rounds);
        report.figure(&format!("{name}.per_second"), per_second);
        table.row([name.replace('_', " "), short(per_second), short(1e9 / per_second)]);
    }
    report.tables.push(table);
    report.figure("environment_bytes", bytes);
    report.note(format!(
        "an environment takes {} bytes of memory in the machine, its share of its function's included (100,000 live, resident)",
        short(bytes)
    ));
    report.note("cold is acquire, slot, start, grant, end and slot back: six steps");
}

/// What the process grew by while a machine of 100,000 was made, its functions' names left out: the caller has those.
#[allow(clippy::cast_precision_loss)]
fn bytes_of_an_environment() -> f64 {
    // Names only: the same that the machine is given, so that they are not counted as its own.
    let keys: Vec<VersionKey> =
        (0..EVEN.0).map(|idx| key(&format!("a-function-of-some-name-{idx}"))).collect();
    let before = resident();
    let core = Core::with(keys, EVEN.1, 0);
    // The list of leases is the bench's.
    let ours = core.leased.capacity() * size_of::<Option<(EnvironmentId, LeaseToken)>>();
    let grown = resident().saturating_sub(before).saturating_sub(ours as u64);
    grown as f64 / core.leased.len() as f64
}

/// Resident memory of this process, bytes (proc(5), statm).
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    pages * 4_096
}

fn key(function: &str) -> VersionKey {
    VersionKey {
        account: AccountId::new("123456789012"),
        region: Region::new("eu-central-1"),
        function: FunctionName::new(function),
        version: Version::Latest,
        generation: 7,
    }
}

/// Calls a second of this thread's processor time: a machine with other work takes it away between calls, not from them.
#[allow(clippy::cast_precision_loss)]
fn measure(at_least: Duration, mut decide: impl FnMut()) -> f64 {
    let start = Instant::now();
    let processor = processor_time();
    let mut decided = 0;
    while start.elapsed() < at_least {
        (0..BATCH).for_each(|_| decide());
        decided += BATCH;
    }
    decided as f64 / processor_time().saturating_sub(processor).as_secs_f64()
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec, which is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    Duration::from_secs(positive(time.tv_sec)) + Duration::from_nanos(positive(time.tv_nsec))
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
    /// `waiting` further acquires of other functions wait for room.
    fn new((functions, environments): (usize, usize), waiting: usize) -> Self {
        let keys = (0..functions).map(|idx| key(&format!("a-function-of-some-name-{idx}"))).collect();
        Self::with(keys, environments, waiting)
    }

    fn with(keys: Vec<VersionKey>, environments: usize, waiting: usize) -> Self {
        let settings = Settings { concurrency_max: u32::MAX, new_max: u32::MAX, ..Settings::default() };
        let mut core = Self {
            machine: Machine::new(settings),
            effects: Vec::new(),
            leased: vec![None; keys.len() * environments],
            keys,
            worker: WorkerId::new("worker-1"),
            next: 0,
        };
        for idx in 0..core.leased.len() {
            let environment = core.acquire(core.keys[idx % core.keys.len()].clone(), SMALL_MB);
            core.step(Input::Placed { environment, worker: core.worker.clone() });
            core.step(Input::Started { environment });
            core.leased[idx] = core.granted();
        }
        // They need nothing: else every environment that comes back would be ended for them, and none be warm.
        for idx in 0..waiting {
            let environment = core.acquire(key(&format!("waits-{idx}")), 0);
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
            share: ConcurrencyShare::unreserved(u32::MAX),
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
        self.acquire(self.keys[idx % self.keys.len()].clone(), SMALL_MB);
        self.leased[idx] = self.granted();
        assert!(self.leased[idx].is_some(), "an idle environment is granted at once");
    }

    /// An environment from none, and its end.
    fn cold(&mut self) {
        #[allow(clippy::cast_possible_truncation)]
        let key = self.keys[self.next as usize % self.keys.len()].clone();
        let environment = self.acquire(key, SMALL_MB);
        self.step(Input::Placed { environment, worker: self.worker.clone() });
        self.step(Input::Started { environment });
        assert!(self.granted().is_some(), "what was started is granted");
        self.step(Input::Gone { environment });
        self.step(Input::Released);
    }
}
