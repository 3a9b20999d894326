//! The planner against what it promises, and against a model that looks at everything.

use super::*;
use proptest::prelude::*;
use types::Version;

mod random;

const SECOND: Duration = Duration::from_secs(1);

fn environment(n: u32) -> EnvironmentId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_le_bytes());
    id[15] = n.to_le_bytes()[0];
    EnvironmentId(id)
}

fn capacity(zone: &str, memory_mb: u64, environments_max: u32) -> Capacity {
    Capacity { zone: Zone::new(zone), memory_mb, environments_max }
}

fn offer(zone: &str, memory_mb: u64) -> Offer {
    Offer {
        capacity: capacity(zone, memory_mb, 1_000),
        cpu_milli: 0,
        sandboxes: Sandboxes::PROCESS,
        holds: Vec::new(),
        partition: None,
        environments: Vec::new(),
    }
}

fn owner(account: &str, function: &str) -> Owner {
    Owner {
        account: AccountId::new(account),
        region: Region::new("eu-central-1"),
        function: FunctionName::new(function),
    }
}

fn request(n: u32, function: &str, memory_mb: u32) -> Request {
    Request {
        environment: environment(n),
        owner: Some(owner("123456789012", function)),
        memory_mb,
        partition: PartitionId(1),
        sandboxes: Sandboxes::ANY,
        code: None,
    }
}

fn key(function: &str) -> VersionKey {
    VersionKey {
        account: AccountId::new("123456789012"),
        region: Region::new("eu-central-1"),
        function: FunctionName::new(function),
        version: Version::Latest,
        generation: 1,
    }
}

fn beat(environments: u32) -> Beat {
    Beat { pressure: None, environments, fetched: Vec::new(), list: None }
}

/// `workers` of 10,000 MB in zones a, b, c in turn: w0, w1, ...
fn fleet(settings: Settings, workers: u32) -> Planner {
    let mut planner = Planner::new(settings);
    for n in 0..workers {
        let zone = ["a", "b", "c"][n as usize % 3];
        planner.join(Duration::ZERO, WorkerId::new(format!("w{n}")), &offer(zone, 10_000));
    }
    planner
}

fn row(planner: &Planner, worker: &str) -> Row {
    planner.rows().into_iter().find(|row| row.worker.as_str() == worker).unwrap()
}

#[test]
fn the_fullest_worker_that_fits_is_chosen() {
    let mut planner = Planner::default();
    planner.register(WorkerId::new("big"), capacity("a", 1024, 10));
    planner.register(WorkerId::new("small"), capacity("a", 256, 10));
    assert_eq!(planner.place(environment(1), 128), Ok(WorkerId::new("small")));
    assert_eq!(planner.place(environment(2), 512), Ok(WorkerId::new("big")));
    assert_eq!(planner.place(environment(2), 512), Ok(WorkerId::new("big")), "placing again changes nothing");
    assert_eq!(planner.place(environment(3), 1025), Err(NoSlot::TooLarge));
    assert_eq!(planner.place(environment(4), 1024), Err(NoSlot::Full));
    planner.release(environment(2));
    planner.release(environment(2));
    assert_eq!(planner.place(environment(4), 1024), Ok(WorkerId::new("big")));
}

#[test]
fn processors_bound_a_worker_as_memory_does() {
    let settings = Settings { cpu_overcommit: 2, ..Settings::default() };
    let mut planner = Planner::new(settings);
    let with_cpu = Offer { cpu_milli: 1_000, ..offer("a", 1_000_000) };
    planner.join(Duration::ZERO, WorkerId::new("w"), &with_cpu);
    assert_eq!(row(&planner, "w").room_mb, 2 * 1_769, "one processor sold twice");
    assert_eq!(planner.place(environment(1), 3_539), Err(NoSlot::TooLarge));
    assert!(planner.place(environment(1), 3_538).is_ok());
}

#[test]
fn a_function_is_spread_over_zones_and_survives_the_loss_of_one() {
    let mut planner = fleet(Settings::default(), 9);
    let mut by_zone = BTreeMap::<String, u32>::new();
    for n in 0..30 {
        let worker = planner.place_for(SECOND, &request(n, "f", 128)).unwrap();
        *by_zone.entry(row(&planner, worker.as_str()).capacity.zone.to_string()).or_default() += 1;
    }
    assert!(by_zone.len() == 3 && by_zone.values().all(|count| (9..=11).contains(count)), "{by_zone:?}");
}

#[test]
fn what_peaks_together_is_kept_apart_while_there_is_another_worker() {
    let mut planner = fleet(Settings::default(), 4);
    for n in 0..20 {
        planner.place_for(SECOND, &request(n, "f", 1_000)).unwrap();
    }
    // Two of a function (25 % of 10,000) on each worker first; what is over that has nowhere else to go.
    for worker in ["w0", "w1", "w2", "w3"] {
        assert!(row(&planner, worker).environments >= 2, "{worker} has none: {:?}", planner.rows());
    }
}

#[test]
fn a_worker_that_holds_the_code_is_preferred_to_a_fuller_one() {
    let mut planner = Planner::default();
    let code = CodeDigest::new("sha");
    planner.join(Duration::ZERO, WorkerId::new("fuller"), &offer("a", 5_000));
    planner.join(
        Duration::ZERO,
        WorkerId::new("holder"),
        &Offer { holds: vec![code.clone()], ..offer("a", 50_000) },
    );
    planner.reserve(SECOND, PartitionId(1), 55_000);
    let mut wanted = request(1, "f", 128);
    assert_eq!(planner.place_for(SECOND, &wanted).unwrap().as_str(), "fuller");
    wanted = Request { environment: environment(2), code: Some(code), ..wanted };
    assert_eq!(planner.place_for(SECOND, &wanted).unwrap().as_str(), "holder");
}

#[test]
fn a_worker_serves_one_partition_at_a_time_and_comes_back_when_it_is_empty() {
    let mut planner = fleet(Settings::default(), 1);
    planner.place_for(SECOND, &request(1, "f", 128)).unwrap();
    let other = Request { partition: PartitionId(2), ..request(2, "g", 128) };
    assert_eq!(planner.place_for(SECOND, &other), Err(NoSlot::Full), "it is leased");
    planner.release(environment(1));
    for second in 1..=62 {
        planner.heartbeat(SECOND * second, &WorkerId::new("w0"), &beat(0)).unwrap();
        planner.tick(SECOND * second);
    }
    assert_eq!(row(&planner, "w0").lease, None);
    assert!(planner.place_for(SECOND * 62, &other).is_ok());
}

#[test]
fn a_silent_worker_gets_nothing_new_and_is_lost_when_its_lease_ends() {
    let mut planner = fleet(Settings::default(), 1);
    let w0 = WorkerId::new("w0");
    planner.place_for(SECOND, &request(1, "f", 128)).unwrap();
    let orders = planner.heartbeat(SECOND * 2, &w0, &beat(1)).unwrap();
    assert_eq!(orders, Orders { partition: Some(PartitionId(1)), drain: false, list: false });
    assert_eq!(planner.tick(SECOND * 8), [], "three beats are missing");
    assert_eq!(row(&planner, "w0").standing, Standing::Silent);
    assert_eq!(planner.place_for(SECOND * 8, &request(2, "f", 128)), Err(NoSlot::Full));
    assert_eq!(planner.tick(SECOND * 21), [], "its lease runs: it may still serve");
    let lost =
        Effect::Lost { worker: w0.clone(), partition: PartitionId(1), environments: vec![environment(1)] };
    assert_eq!(planner.tick(SECOND * 22), [lost]);
    assert_eq!(planner.tick(SECOND * 22), [], "once");
    // It thaws and says what it has: nothing of that may serve.
    let orders = planner.heartbeat(SECOND * 23, &w0, &beat(1)).unwrap();
    assert_eq!(orders.partition, None);
    assert_eq!(planner.place_for(SECOND * 23, &request(2, "f", 128)), Err(NoSlot::Full));
    planner.heartbeat(SECOND * 24, &w0, &beat(0)).unwrap();
    assert!(planner.place_for(SECOND * 24, &request(2, "f", 128)).is_ok(), "empty, it serves again");
}

#[test]
fn a_worker_that_is_back_before_its_lease_ends_has_lost_nothing() {
    let mut planner = fleet(Settings::default(), 1);
    planner.place_for(SECOND, &request(1, "f", 128)).unwrap();
    planner.tick(SECOND * 10);
    planner.heartbeat(SECOND * 11, &WorkerId::new("w0"), &beat(1)).unwrap();
    assert_eq!(planner.tick(SECOND * 12), []);
    assert_eq!((row(&planner, "w0").standing, row(&planner, "w0").environments), (Standing::Serving, 1));
}

#[test]
fn pressure_and_failed_starts_make_a_worker_unavailable_and_then_replaced() {
    let mut planner = fleet(Settings::default(), 2);
    let (w0, w1) = (WorkerId::new("w0"), WorkerId::new("w1"));
    let pressed = Beat { pressure: Some(Unwell::Disk), ..beat(0) };
    planner.heartbeat(SECOND, &w0, &pressed).unwrap();
    for _ in 0..3 {
        planner.start_failed(SECOND, &w1);
    }
    assert_eq!(planner.place_for(SECOND, &request(1, "f", 128)), Err(NoSlot::Full));
    planner.heartbeat(SECOND * 2, &w0, &beat(0)).unwrap();
    assert!(planner.place_for(SECOND * 2, &request(1, "f", 128)).is_ok(), "the disk has room again");
    for second in 2..=62 {
        planner.heartbeat(SECOND * second, &w0, &beat(1)).unwrap();
        planner.heartbeat(SECOND * second, &w1, &beat(0)).unwrap();
        planner.tick(SECOND * second);
    }
    assert!(matches!(row(&planner, "w1").standing, Standing::Draining { .. }), "a minute without a cure");
    assert_eq!(planner.plan(&[]).stop, [w1]);
}

#[test]
fn an_old_worker_drains_is_renewed_while_it_does_and_ends() {
    let settings = Settings { age_max: SECOND * 1_000, lease: SECOND * 20, ..Settings::default() };
    let mut planner = fleet(settings, 1);
    let w0 = WorkerId::new("w0");
    planner.place_for(SECOND, &request(1, "f", 128)).unwrap();
    for second in 1..=1_000 {
        planner.heartbeat(SECOND * second, &w0, &beat(1)).unwrap();
        assert_eq!(planner.tick(SECOND * second), []);
    }
    assert!(planner.heartbeat(SECOND * 1_000, &w0, &beat(1)).unwrap().drain);
    assert_eq!(planner.place_for(SECOND * 1_000, &request(2, "f", 128)), Err(NoSlot::Full));
    assert_eq!(planner.plan(&[]).stop, [], "it is not empty");
    planner.release(environment(1));
    assert_eq!(planner.plan(&[]).stop, std::slice::from_ref(&w0));
    planner.remove(&w0);
    assert_eq!(planner.plan(&[]).stop, []);
}

#[test]
fn a_new_planner_learns_from_its_workers_what_there_is() {
    let mut planner = Planner::default();
    let resident = Resident { environment: environment(7), key: key("f"), memory_mb: 512 };
    let word = Offer { partition: Some(PartitionId(3)), environments: vec![resident], ..offer("a", 10_000) };
    let (orders, lost) = planner.join(SECOND, WorkerId::new("w"), &word);
    assert_eq!((orders.partition, lost), (Some(PartitionId(3)), Vec::new()));
    assert_eq!((row(&planner, "w").memory_used_mb, row(&planner, "w").environments), (512, 1));
    // Again, without it: it is gone. For another partition than the one it has a lease of: it must go.
    let (_, lost) =
        planner.join(SECOND, WorkerId::new("w"), &Offer { environments: Vec::new(), ..word.clone() });
    assert_eq!(lost, [environment(7)]);
    assert_eq!(
        planner.lease_of(&WorkerId::new("w")),
        Some(PartitionId(3)),
        "what its leader asked may be on its way"
    );
    let other = Offer { partition: Some(PartitionId(4)), ..word };
    let (orders, _) = planner.join(SECOND, WorkerId::new("w"), &other);
    assert_eq!((orders.partition, row(&planner, "w").standing), (None, Standing::Fenced));
}

#[test]
fn the_fleet_grows_before_it_is_full_and_shrinks_only_after_a_while() {
    let settings = Settings { workers_min: 1, ..Settings::default() };
    let zones = [Zone::new("a"), Zone::new("b"), Zone::new("c")];
    let mut planner = fleet(settings, 3);
    let mut joined = 3;
    for n in 0..60 {
        planner.place_for(SECOND * n, &request(n, &format!("f{n}"), 400)).unwrap();
        for (zone, count) in planner.plan(&zones).start {
            for _ in 0..count {
                planner.join(SECOND * n, WorkerId::new(format!("w{joined}")), &offer(zone.as_str(), 10_000));
                joined += 1;
            }
        }
        assert_eq!(planner.plan(&zones).start, [], "carried out, nothing more is planned");
    }
    // 24,000 MB used, as much again before help comes, 10 % over.
    assert!((5..=6).contains(&joined), "{joined}");
    (0..60).for_each(|n| planner.release(environment(n)));
    let live = |planner: &mut Planner, second| {
        for n in 0..joined {
            let _ = planner.heartbeat(SECOND * second, &WorkerId::new(format!("w{n}")), &beat(0));
        }
        planner.tick(SECOND * second);
    };
    (61..=660).step_by(2).for_each(|second| live(&mut planner, second));
    assert_eq!(planner.plan(&zones).drain, [], "too large, but not for long");
    (661..=800).step_by(2).for_each(|second| live(&mut planner, second));
    let drain = planner.plan(&zones).drain;
    assert_eq!(drain.len(), 1, "a tenth at once");
    planner.drain(SECOND * 800, &drain[0]);
    let plan = planner.plan(&zones);
    assert_eq!((plan.drain.len(), plan.start.len(), plan.stop), (0, 0, drain));
}

#[test]
fn ten_thousand_workers_are_filled_to_the_last_slot() {
    let mut planner = Planner::default();
    for n in 0..10_000_u32 {
        let zone = ["a", "b", "c"][n as usize % 3];
        planner.join(Duration::ZERO, WorkerId::new(format!("w{n}")), &offer(zone, 512));
    }
    for n in 0..40_000 {
        let mut one = request(n, &format!("f{}", n % 700), 128);
        one.partition = PartitionId(u64::from(n % 10));
        assert!(planner.place_for(SECOND, &one).is_ok(), "{n}");
    }
    assert_eq!(planner.place_for(SECOND, &request(40_000, "f", 128)), Err(NoSlot::Full));
}

fn of(partition: u64, n: u32, memory_mb: u32) -> Request {
    Request { partition: PartitionId(partition), ..request(n, &format!("f{partition}"), memory_mb) }
}

fn partition_of(planner: &Planner, worker: &WorkerId) -> Option<u64> {
    planner.lease_of(worker).map(|partition| partition.0)
}

#[test]
fn a_partition_without_workers_gets_one_when_it_asks() {
    let mut planner = fleet(Settings::default(), 2);
    let first = planner.place_for(SECOND, &of(1, 1, 128)).unwrap();
    let second = planner.place_for(SECOND, &of(2, 2, 128)).unwrap();
    assert_ne!(first, second);
    assert_eq!((partition_of(&planner, &first), partition_of(&planner, &second)), (Some(1), Some(2)));
    assert_eq!(planner.place_for(SECOND, &of(3, 3, 128)), Err(NoSlot::Full), "both have something");
    let ahead = planner.reserve(SECOND, PartitionId(2), 0);
    assert_eq!(ahead.iter().map(|leased| &leased.id).collect::<Vec<_>>(), [&second], "and each only its own");
}

#[test]
fn a_partition_gets_an_empty_worker_of_another_when_there_is_no_free_one() {
    let mut planner = fleet(Settings::default(), 2);
    let first = planner.place_for(SECOND, &of(1, 1, 128)).unwrap();
    let second = planner.place_for(SECOND, &of(2, 2, 128)).unwrap();
    planner.release(environment(1));
    assert_eq!(
        planner.place_for(2 * SECOND, &of(3, 3, 128)),
        Err(NoSlot::Full),
        "the worker has not said so yet"
    );
    planner.heartbeat(3 * SECOND, &first, &beat(1)).unwrap();
    assert_eq!(planner.place_for(3 * SECOND, &of(3, 3, 128)), Err(NoSlot::Full), "it has something left");
    planner.heartbeat(5 * SECOND, &first, &beat(0)).unwrap();
    assert_eq!(planner.place_for(5 * SECOND, &of(3, 3, 20_000)), Err(NoSlot::TooLarge));
    assert_eq!(planner.place_for(5 * SECOND, &of(3, 3, 128)), Ok(first.clone()));
    assert_eq!((partition_of(&planner, &first), partition_of(&planner, &second)), (Some(3), Some(2)));
    assert!(planner.reserve(5 * SECOND, PartitionId(1), 0).is_empty(), "its leader hears that it is gone");
    let orders = planner.heartbeat(6 * SECOND, &first, &beat(0)).unwrap();
    assert_eq!(orders.partition, Some(PartitionId(3)));
}

#[test]
fn a_partition_keeps_its_empty_worker_while_another_has_a_free_one() {
    let mut planner = fleet(Settings::default(), 2);
    let first = planner.place_for(SECOND, &of(1, 1, 128)).unwrap();
    planner.release(environment(1));
    planner.heartbeat(5 * SECOND, &first, &beat(0)).unwrap();
    let second = planner.place_for(5 * SECOND, &of(2, 2, 128)).unwrap();
    assert_ne!(first, second);
    assert_eq!(partition_of(&planner, &first), Some(1));
    assert_eq!(planner.place_for(6 * SECOND, &of(1, 3, 128)), Ok(first), "it needs nobody's");
}

#[test]
fn a_partition_leaves_a_worker_for_each_that_has_none() {
    let mut planner = fleet(Settings::default(), 4);
    for partition in 1..=3 {
        planner.reserve(SECOND, PartitionId(partition), 0);
    }
    // It would like one in every zone, and to be kept apart.
    let mut first = BTreeSet::new();
    for n in 0..60 {
        first.insert(planner.place_for(SECOND, &of(1, n, 128)).unwrap());
    }
    assert_eq!(first.len(), 2, "two others have none");
    assert_eq!(planner.reserve(SECOND, PartitionId(1), 100_000).len(), 2, "not ahead of its traffic either");
    assert_eq!(planner.place_for(SECOND, &of(1, 98, 9_999)), Err(NoSlot::Full), "nor when it has no room");
    for partition in [2, 3] {
        let worker =
            planner.place_for(SECOND, &of(partition, 100 + u32::try_from(partition).unwrap(), 128)).unwrap();
        assert!(!first.contains(&worker) && partition_of(&planner, &worker) == Some(partition));
    }
}

#[test]
fn what_is_left_for_a_partition_that_nobody_leads_any_more_is_taken() {
    let mut planner = fleet(Settings::default(), 2);
    planner.reserve(SECOND, PartitionId(2), 0);
    planner.place_for(SECOND, &of(1, 1, 9_000)).unwrap();
    assert_eq!(planner.place_for(SECOND, &of(1, 2, 9_000)), Err(NoSlot::Full));
    for second in (2..24).step_by(2) {
        for worker in ["w0", "w1"] {
            planner.heartbeat(SECOND * second, &WorkerId::new(worker), &beat(1)).unwrap();
        }
        planner.tick(SECOND * second);
    }
    assert!(planner.place_for(24 * SECOND, &of(1, 2, 9_000)).is_ok());
}

#[test]
fn a_worker_that_restarts_within_its_lease_stays_its_partitions() {
    let mut planner = fleet(Settings::default(), 2);
    let worker = planner.place_for(SECOND, &of(1, 1, 128)).unwrap();
    let (orders, lost) = planner.join(2 * SECOND, worker.clone(), &offer("a", 10_000));
    assert_eq!((orders.partition, lost), (Some(PartitionId(1)), vec![environment(1)]));
    assert_eq!(partition_of(&planner, &worker), Some(1), "its leader asks it, before it believes in a loss");
}

#[test]
fn a_slot_whose_environment_never_came_is_free_again_although_its_worker_is_busy() {
    let (mut planner, worker) = (fleet(Settings::default(), 1), WorkerId::new("w0"));
    let resident = |n| Resident { environment: environment(n), key: key("f"), memory_mb: 100 };
    let list = |there: &[u32]| Beat {
        list: Some(List {
            partition: Some(PartitionId(1)),
            environments: there.iter().map(|n| resident(*n)).collect(),
        }),
        ..beat(2)
    };
    // 1 came, 2 did not: whoever asked for it was deposed. 3 came while the worker joined, and was never counted.
    for n in [1, 2] {
        planner.place_for(Duration::ZERO, &request(n, "f", 100)).unwrap();
    }
    let asked = |planner: &mut Planner, at: u32, beat: &Beat| {
        planner.heartbeat(at * SECOND, &worker, beat).unwrap().list
    };
    for at in (2..20).step_by(2) {
        assert!(!asked(&mut planner, at, &beat(2)), "not yet, at {at}");
        let unasked = list(&[9]);
        assert!(!asked(&mut planner, at, &unasked), "and nobody asked");
    }
    assert!(asked(&mut planner, 20, &beat(2)));
    assert!(asked(&mut planner, 21, &beat(2)), "until it is said");
    planner.place_for(21 * SECOND, &request(4, "f", 100)).unwrap();
    assert!(!asked(&mut planner, 22, &list(&[1, 3])));
    let slots = |planner: &Planner| {
        let mut slots: Vec<EnvironmentId> = planner.slots.keys().copied().collect();
        slots.sort_unstable();
        slots
    };
    // 4 is on its way.
    assert_eq!(slots(&planner), [1, 3, 4].map(environment));
    assert_eq!(row(&planner, "w0").memory_used_mb, 300);
    // The same, held up on its way, does not undo what came meanwhile.
    planner.release(environment(3));
    asked(&mut planner, 30, &list(&[1, 3]));
    assert_eq!(slots(&planner), [1, 4].map(environment));
    // What is listed for another partition is not counted.
    let other =
        Beat { list: Some(List { partition: Some(PartitionId(7)), ..list(&[5]).list.unwrap() }), ..beat(1) };
    asked(&mut planner, 43, &other);
    assert_eq!(slots(&planner), [1, 4].map(environment));
}
