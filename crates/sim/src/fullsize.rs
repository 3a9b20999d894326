//! The planner alone with the whole fleet in its books: what one placement costs when there are ten thousand workers.

use crate::fleet::real_now;
use crate::random::Random;
use scheduler::placement::{Beat, Capacity, NoSlot, Offer, Owner, Planner, Request, Sandboxes, Settings};
use std::time::Duration;
use types::{AccountId, CodeDigest, EnvironmentId, FunctionName, PartitionId, Region, WorkerId, Zone};

const FUNCTIONS: u64 = 50_000;
const MEMORY_MB: u32 = 128;

pub(crate) struct Found {
    pub(crate) workers: u32,
    pub(crate) environments: usize,
    /// A release of any environment and a placement of another, together.
    pub(crate) pairs_per_second: f64,
    pub(crate) slowest: Duration,
    pub(crate) heartbeats_per_second: f64,
    pub(crate) tick: Duration,
    pub(crate) plan: Duration,
    pub(crate) refused: usize,
}

/// `environments` on `workers`, which they fill to nine tenths; then `pairs` of them are exchanged.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn measure(workers: u32, environments: usize, partitions: u64, seed: u64, pairs: u32) -> Found {
    let mut random = Random::new(seed);
    let mut planner = Planner::new(Settings { workers_max: workers, ..Settings::default() });
    let each = (environments as u64 * 10).div_ceil(u64::from(workers) * 9).max(1);
    let names: Vec<WorkerId> = (0..workers).map(|n| WorkerId::new(format!("worker-{n:05}"))).collect();
    for (n, name) in names.iter().enumerate() {
        planner.join(Duration::ZERO, name.clone(), &offer(n, each * u64::from(MEMORY_MB)));
    }
    let mut live: Vec<EnvironmentId> = Vec::with_capacity(environments);
    let mut refused = 0;
    while live.len() + refused < environments {
        let wanted = request(&mut random, partitions);
        match planner.place_for(Duration::ZERO, &wanted) {
            Ok(_) => live.push(wanted.environment),
            Err(NoSlot::Full | NoSlot::TooLarge) => refused += 1,
        }
    }
    let mut slowest = Duration::ZERO;
    let mut took = Duration::ZERO;
    for _ in 0..pairs {
        let gone = usize::try_from(random.next() % live.len() as u64).unwrap_or(0);
        let wanted = request(&mut random, partitions);
        let start = real_now();
        planner.release(live[gone]);
        let placed = planner.place_for(Duration::ZERO, &wanted);
        let this = start.elapsed();
        took += this;
        slowest = slowest.max(this);
        match placed {
            Ok(_) => live[gone] = wanted.environment,
            Err(_) => {
                refused += 1;
                live.swap_remove(gone);
            }
        }
    }
    let beat = Beat { pressure: None, environments: 1, fetched: Vec::new(), list: None };
    let start = real_now();
    let answered = names.iter().filter(|name| planner.heartbeat(Duration::from_secs(1), name, &beat).is_ok());
    let answered = answered.count();
    let beats = start.elapsed();
    let start = real_now();
    planner.tick(Duration::from_secs(1));
    let tick = start.elapsed();
    let start = real_now();
    let planned = planner.plan(&[Zone::new("a"), Zone::new("b"), Zone::new("c")]);
    let plan = start.elapsed();
    assert!(planned.drain.is_empty(), "nothing has lasted long enough");
    Found {
        workers,
        environments: live.len(),
        pairs_per_second: f64::from(pairs) / took.as_secs_f64(),
        slowest,
        heartbeats_per_second: answered as f64 / beats.as_secs_f64(),
        tick,
        plan,
        refused,
    }
}

fn offer(n: usize, memory_mb: u64) -> Offer {
    Offer {
        capacity: Capacity { zone: Zone::new(["a", "b", "c"][n % 3]), memory_mb, environments_max: u32::MAX },
        cpu_milli: 0,
        sandboxes: Sandboxes::FIRECRACKER,
        holds: Vec::new(),
        partition: None,
        environments: Vec::new(),
    }
}

fn request(random: &mut Random, partitions: u64) -> Request {
    // Busy functions have most of the environments: the square of an even draw.
    let draw = random.unit();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let function = (draw * draw * FUNCTIONS as f64) as u64;
    Request {
        environment: EnvironmentId(random.id()),
        owner: Some(Owner {
            account: AccountId::new(format!("{:012}", function / 10)),
            region: Region::new("eu-central-1"),
            function: FunctionName::new(format!("f{function}")),
        }),
        memory_mb: MEMORY_MB,
        partition: PartitionId(function / 10 % partitions),
        sandboxes: Sandboxes::ANY,
        code: Some(CodeDigest::new(format!("c{function}"))),
    }
}
