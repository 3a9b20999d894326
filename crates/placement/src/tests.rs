//! The service and the providers: real programs where programs run, a clock of the test's own where only time matters.

use crate::provider::{
    Command, CommandSettings, FleetProvider, LocalProcess, LocalProcessSettings, ProviderError, Static,
};
use crate::{PlacementService, Settings};
use fabric::placement::{
    DrainWorker, Heartbeat, JoinFleet, LeaseWorkers, Place, Placement, PlacementError, SandboxKind,
    WorkersQuery,
};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::clock::SetClock;
use types::{
    AccountId, EnvironmentId, FunctionName, PartitionId, Region, Version, VersionKey, WorkerId, Zone,
};
use world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Ends a test that would hang.
const MINUTE: Duration = Duration::from_secs(60);

fn service(settings: Settings) -> (Arc<PlacementService>, Arc<SetClock>) {
    let hand = Arc::new(SetClock::sleeping_on(World::real().clock));
    let world = World { clock: hand.clone(), ..World::real() };
    (Arc::new(PlacementService::new(world, settings)), hand)
}

fn set(hand: &SetClock, second: u64) {
    hand.set(Duration::from_secs(second));
}

fn key() -> VersionKey {
    VersionKey {
        account: AccountId::new("123456789012"),
        region: Region::new("eu-central-1"),
        function: FunctionName::new("f"),
        version: Version::Latest,
        generation: 1,
    }
}

fn join(worker: &str, zone: &str) -> JoinFleet {
    JoinFleet {
        worker: WorkerId::new(worker),
        zone: Zone::new(zone),
        memory_mb: 1_000,
        cpu_milli: 2_000,
        environments_max: 10,
        sandboxes: vec![SandboxKind::Process],
        holds: Vec::new(),
        partition: None,
        environments: Vec::new(),
    }
}

fn place(n: u8, partition: u64) -> Place {
    Place {
        environment: EnvironmentId([n; 16]),
        key: key(),
        memory_mb: 128,
        partition: PartitionId(partition),
        code: None,
        sandboxes: Vec::new(),
    }
}

fn beat(worker: &str, environments: u32) -> Heartbeat {
    Heartbeat { worker: WorkerId::new(worker), pressure: None, environments, fetched: Vec::new(), list: None }
}

#[tokio::test]
async fn one_worker_of_this_process_needs_no_heartbeat() {
    let (service, hand) = service(Settings::of_one_process());
    let orders = service.join(JoinFleet { memory_mb: 512, ..join("here", "here") }).await.unwrap();
    let first = Place { memory_mb: 512, ..place(1, 0) };
    service.place(first.clone()).await.unwrap();
    set(&hand, 1_000_000_000);
    assert!(orders.lease > SECOND * 1_000_000_000 && orders.next > SECOND * 1_000_000_000);
    let begun = Duration::ZERO;
    assert_eq!(service.reconcile(begun, &Static).await, crate::fleet::Round::default());
    assert_eq!(service.workers(WorkersQuery).await.unwrap()[0].environments, 1);
    assert!(service.place(Place { environment: EnvironmentId([2; 16]), ..first }).await.is_err(), "full");
}

#[tokio::test]
async fn what_a_silent_worker_had_is_told_until_it_was_heard() {
    let (service, hand) = service(Settings::default());
    service.join(join("w", "a")).await.unwrap();
    service.place(place(1, 4)).await.unwrap();
    let orders = service.heartbeat(beat("w", 1)).await.unwrap();
    assert_eq!((orders.partition, orders.lease), (Some(PartitionId(4)), SECOND * 20));
    set(&hand, 20);
    // Its beat comes as late as its lease ended: it has fenced itself, and nothing is renewed.
    assert_eq!(service.heartbeat(beat("w", 1)).await.unwrap().partition, None);
    let ask = |heard| LeaseWorkers { partition: PartitionId(4), free_mb: 0, heard };
    let end = service.lease(ask(0)).await.unwrap().heard;
    // Who has heard nothing of this service, or of another one, asks the workers; who has missed an answer need not.
    for (heard, lost, incomplete) in [(0, 1, true), (end + 7, 1, true), (end - 1, 1, false), (end, 0, false)]
    {
        let leases = service.lease(ask(heard)).await.unwrap();
        assert_eq!((leases.workers, leases.heard, leases.incomplete), (vec![], end, incomplete));
        assert_eq!(leases.lost, vec![EnvironmentId([1; 16]); lost]);
    }
    assert_eq!(service.heartbeat(beat("nobody", 0)).await, Err(PlacementError::Unknown));
}

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn local(folder: &Path, command: &[&str], grace: Duration) -> LocalProcess {
    let settings = LocalProcessSettings {
        folder: folder.to_owned(),
        variables: Vec::new(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        zones: vec![Zone::new("a"), Zone::new("b")],
        workers_max: 4,
        grace,
    };
    LocalProcess::new(World::real(), settings)
}

fn command(program: &Path, limit: Duration) -> Command {
    let settings = CommandSettings {
        program: program.to_owned(),
        arguments: Vec::new(),
        zones: vec![Zone::new("a")],
        limit,
        output_max: 10_000,
    };
    Command::new(World::real(), settings)
}

/// What every provider that starts workers owes.
async fn conforms(provider: &dyn FleetProvider) {
    let (one, other, zone) = (WorkerId::new("one"), WorkerId::new("other"), provider.zones()[0].clone());
    assert_eq!(provider.running().await.unwrap(), []);
    for _ in 0..2 {
        provider.start(&one, &zone).await.unwrap();
        assert_eq!(provider.running().await.unwrap(), std::slice::from_ref(&one), "said twice, started once");
    }
    provider.start(&other, &zone).await.unwrap();
    assert_eq!(provider.running().await.unwrap().len(), 2);
    for _ in 0..2 {
        provider.stop(&one).await.unwrap();
        assert_eq!(provider.running().await.unwrap(), std::slice::from_ref(&other));
    }
    provider.stop(&other).await.unwrap();
    provider.stop(&WorkerId::new("never")).await.unwrap();
    assert_eq!(provider.running().await.unwrap(), []);
    assert!(provider.start(&WorkerId::new("-rf"), &zone).await.is_err());
}

#[tokio::test]
async fn both_providers_that_start_workers_keep_their_obligations() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&local(&folder.path().join("local"), &["sleep", "600"], MINUTE)).await;
    let script = folder.path().join("fleet");
    executable(
        &script,
        "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\nmkdir -p workers\ncase $1 in\n\
         start) touch \"workers/$2\";;\nstop) rm -f \"workers/$2\";;\nlist) ls workers;;\nesac\n",
    );
    conforms(&command(&script, MINUTE)).await;
}

/// Whether a process is there and no zombie.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[tokio::test]
async fn of_a_local_worker_that_will_not_end_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let program = folder.path().join("worker");
    executable(
        &program,
        "#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho $$ $! >\"$(dirname \"$0\")/pids\"\nwait; wait\n",
    );
    for dropped in [false, true] {
        let fleet = folder.path().join("fleet");
        let words = [program.to_str().unwrap(), "{worker}", "{zone}"];
        let provider = local(&fleet, &words, Duration::from_millis(50));
        provider.start(&WorkerId::new("w"), &Zone::new("a")).await.unwrap();
        let world = World::real();
        let written = async {
            while std::fs::read_to_string(&pids).is_ok_and(|text| text.ends_with('\n')).eq(&false) {
                world.clock.sleep(Duration::from_millis(5)).await;
            }
            std::fs::read_to_string(&pids).unwrap()
        };
        let text = world.timeout(MINUTE, written).await.expect("it starts");
        std::fs::remove_file(&pids).unwrap();
        assert!(text.split_whitespace().all(lives), "{text}");
        if dropped {
            // As a leader that was killed: the next one finds the worker, starts it no second time, and ends it.
            drop(provider);
            let next = local(&fleet, &words, Duration::from_millis(50));
            assert_eq!(next.running().await.unwrap(), [WorkerId::new("w")]);
            next.start(&WorkerId::new("w"), &Zone::new("a")).await.unwrap();
            assert!(!pids.exists());
            std::fs::create_dir(fleet.join("w")).unwrap();
            next.stop(&WorkerId::new("w")).await.unwrap();
        } else {
            provider.close().await.unwrap();
        }
        assert_eq!(std::fs::read_dir(&fleet).unwrap().count(), 0, "its record and its data are gone");
        let gone = async {
            while text.split_whitespace().any(lives) {
                world.clock.sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(world.timeout(MINUTE, gone).await.is_some(), "{text} live on");
    }
}

#[tokio::test]
async fn an_operators_program_that_hangs_floods_or_fails_is_an_error_in_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("fleet");
    executable(
        &script,
        "#!/bin/sh\ncase $1 in\nstart) sleep 600;;\nlist) exec yes;;\nstop) echo 'no such cloud' >&2; exit 3;;\nesac\n",
    );
    let worker = WorkerId::new("w");
    let hangs = command(&script, Duration::from_millis(200)).start(&worker, &Zone::new("a")).await;
    assert!(matches!(hangs, Err(ProviderError::TooLong { .. })), "{hangs:?}");
    let provider = command(&script, MINUTE);
    let floods = provider.running().await;
    assert!(matches!(floods, Err(ProviderError::TooMuch { .. })), "{floods:?}");
    let fails = provider.stop(&worker).await;
    assert!(
        matches!(&fails, Err(ProviderError::Failed { said, .. }) if said == "no such cloud"),
        "{fails:?}"
    );
    let missing = command(&folder.path().join("nothing"), MINUTE).running().await;
    assert!(matches!(missing, Err(ProviderError::NotStarted { .. })), "{missing:?}");
}

#[tokio::test]
async fn a_fleet_of_real_processes_is_started_kept_and_healed() {
    let (service, hand) = service(Settings { workers_min: 2, ..Settings::default() });
    let folder = tempfile::tempdir().unwrap();
    let provider = local(folder.path(), &["sleep", "600"], MINUTE);
    let begun = Duration::ZERO;
    let round = service.reconcile(begun, &provider).await;
    assert_eq!((round.started.len(), provider.running().await.unwrap().len()), (2, 2));
    assert_eq!(
        service.reconcile(begun, &provider).await,
        crate::fleet::Round::default(),
        "they are expected"
    );
    for (worker, zone) in round.started.iter().zip(["a", "b"]) {
        service.join(join(worker.as_str(), zone)).await.unwrap();
    }
    // One is drained: another is started in its zone, and it is ended.
    let drained = round.started[0].clone();
    service.drain(DrainWorker { worker: drained.clone() }).await.unwrap();
    let healed = service.reconcile(begun, &provider).await;
    assert_eq!((healed.started.len(), healed.stopped), (1, vec![drained]));
    service.join(join(healed.started[0].as_str(), "a")).await.unwrap();
    // One that nobody knows is ended, once everyone had time to say that he is there.
    provider.start(&WorkerId::new("stray"), &Zone::new("a")).await.unwrap();
    assert_eq!(service.reconcile(begun, &provider).await, crate::fleet::Round::default());
    set(&hand, 300);
    let mine: BTreeSet<WorkerId> = [round.started[1].clone(), healed.started[0].clone()].into();
    for worker in &mine {
        service.heartbeat(beat(worker.as_str(), 0)).await.unwrap();
    }
    assert_eq!(service.reconcile(begun, &provider).await.stopped, [WorkerId::new("stray")]);
    assert_eq!(provider.running().await.unwrap().into_iter().collect::<BTreeSet<_>>(), mine);
    provider.close().await.unwrap();
    assert_eq!(provider.running().await.unwrap(), []);
}

#[tokio::test]
async fn the_keeper_ends_when_it_is_told() {
    let service = Arc::new(PlacementService::new(World::real(), Settings::default()));
    let keeper = service.keep(Arc::new(Static));
    assert!(World::real().timeout(MINUTE, keeper.stop()).await.is_some());
}

#[tokio::test]
async fn a_new_leader_of_placement_starts_nothing_in_place_of_workers_that_are_about_to_join() {
    let settings = Settings { workers_min: 2, ..Settings::default() };
    let (old, _) = service(settings);
    let folder = tempfile::tempdir().unwrap();
    let provider = local(folder.path(), &["sleep", "600"], MINUTE);
    let started = old.reconcile(Duration::ZERO, &provider).await.started;
    let (new, hand) = service(settings);
    assert_eq!(new.reconcile(Duration::ZERO, &provider).await, crate::fleet::Round::default());
    // One joins, with what it has and for whom; the other has ended meanwhile: one is missing.
    let resident = fabric::placement::ResidentEnvironment {
        environment: EnvironmentId([1; 16]),
        key: key(),
        memory_mb: 128,
    };
    let word = JoinFleet {
        partition: Some(PartitionId(3)),
        environments: vec![resident],
        ..join(started[0].as_str(), "a")
    };
    assert_eq!(new.join(word).await.unwrap().partition, Some(PartitionId(3)));
    provider.stop(&started[1]).await.unwrap();
    set(&hand, 1);
    assert_eq!(new.reconcile(Duration::ZERO, &provider).await.started.len(), 1);
    // Nobody else gets what serves partition 3.
    assert_eq!(new.place(place(2, 4)).await, Err(PlacementError::NoCapacity));
    assert_eq!(new.place(place(2, 3)).await.unwrap().worker, started[0]);
    provider.close().await.unwrap();
}

#[tokio::test]
async fn a_new_leader_of_placement_leases_nobody_who_has_not_said_whom_he_serves() {
    let (new, hand) = service(Settings::default());
    let ask = |partition| LeaseWorkers { partition: PartitionId(partition), free_mb: 1, heard: 0 };
    assert_eq!(new.lease(ask(1)).await.unwrap().workers, []);
    assert_eq!(new.place(place(1, 1)).await, Err(PlacementError::NoCapacity));
    // Empty as it is, it serves 1: what its leader has asked of it may be on its way.
    new.join(JoinFleet { partition: Some(PartitionId(1)), ..join("w", "a") }).await.unwrap();
    assert_eq!(new.lease(ask(2)).await.unwrap().workers, []);
    assert_eq!(new.place(place(1, 2)).await, Err(PlacementError::NoCapacity));
    assert_eq!(new.lease(ask(1)).await.unwrap().workers, [WorkerId::new("w")]);
    // What came there meanwhile keeps it, whatever is in our books.
    for second in (2..=100).step_by(2) {
        set(&hand, second);
        new.heartbeat(beat("w", 1)).await.unwrap();
        new.reconcile(Duration::ZERO, &Static).await;
    }
    assert_eq!(new.lease(ask(2)).await.unwrap().workers, []);
    for second in (102..=200).step_by(2) {
        set(&hand, second);
        new.heartbeat(beat("w", 0)).await.unwrap();
        new.reconcile(Duration::ZERO, &Static).await;
    }
    assert_eq!(new.lease(ask(2)).await.unwrap().workers, [WorkerId::new("w")]);
}

#[tokio::test]
async fn a_worker_that_leaves_gets_nothing_new_and_is_forgotten_when_it_is_gone() {
    let (service, _) = service(Settings::default());
    service.join(join("w", "a")).await.unwrap();
    service.place(place(1, 4)).await.unwrap();
    let leave = |gone| fabric::placement::LeaveFleet { worker: WorkerId::new("w"), gone };
    service.leave(leave(false)).await.unwrap();
    assert_eq!(service.place(place(2, 4)).await, Err(PlacementError::NoCapacity));
    let leases =
        service.lease(LeaseWorkers { partition: PartitionId(4), free_mb: 0, heard: 0 }).await.unwrap();
    assert_eq!((leases.draining, leases.workers.len()), (vec![WorkerId::new("w")], 1));
    assert!(service.heartbeat(beat("w", 1)).await.unwrap().drain);
    service.leave(leave(true)).await.unwrap();
    assert_eq!(service.heartbeat(beat("w", 0)).await, Err(PlacementError::Unknown));
    assert_eq!(service.leave(leave(false)).await, Err(PlacementError::Unknown));
}

#[tokio::test]
async fn a_worker_that_has_left_is_ended_by_who_runs_it_also_soon_after_a_new_leader_began() {
    let settings = Settings { workers_min: 2, ..Settings::default() };
    let (service, hand) = service(settings);
    let folder = tempfile::tempdir().unwrap();
    let provider = local(folder.path(), &["sleep", "600"], MINUTE);
    let started = service.reconcile(Duration::ZERO, &provider).await.started;
    for worker in &started {
        service.join(join(worker.as_str(), "a")).await.unwrap();
    }
    let leave = |gone| fabric::placement::LeaveFleet { worker: started[0].clone(), gone };
    service.leave(leave(false)).await.unwrap();
    service.leave(leave(true)).await.unwrap();
    // Who left and came back is there.
    service.leave(fabric::placement::LeaveFleet { worker: started[1].clone(), gone: true }).await.unwrap();
    service.join(join(started[1].as_str(), "a")).await.unwrap();
    set(&hand, 1);
    let round = service.reconcile(Duration::ZERO, &provider).await;
    assert_eq!(round.stopped, started[..1]);
    assert_eq!(round.started.len(), 1, "the one that is missing now");
    assert!(service.lock().left.is_empty());
    provider.close().await.unwrap();
}

#[tokio::test]
async fn a_worker_that_a_leader_can_not_reach_gets_nothing_before_its_next_heartbeat() {
    let (service, hand) = service(Settings::default());
    service.join(join("w", "a")).await.unwrap();
    let outcome = fabric::placement::StartOutcome::Unreached;
    service.started(fabric::placement::StartReport { worker: WorkerId::new("w"), outcome }).await.unwrap();
    assert_eq!(service.place(place(1, 0)).await, Err(PlacementError::NoCapacity));
    set(&hand, 2);
    service.heartbeat(beat("w", 0)).await.unwrap();
    service.place(place(1, 0)).await.unwrap();
    // Its answer was lost, and so was the word that gave it back: a worker that is empty for long does not have it.
    for second in (4..=30).step_by(2) {
        set(&hand, second);
        service.heartbeat(beat("w", 0)).await.unwrap();
    }
    assert_eq!(service.workers(WorkersQuery).await.unwrap()[0].environments, 0);
}
