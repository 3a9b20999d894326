//! What a leader concludes from placement's answers, and from their absence.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn worker(name: &str) -> WorkerId {
    WorkerId::new(name)
}

fn at(second: u64) -> Instant {
    Instant(second * 1_000_000_000)
}

fn leases(workers: &[&str]) -> Leases {
    Leases {
        workers: workers.iter().map(|name| worker(name)).collect(),
        draining: Vec::new(),
        lease: 20 * SECOND,
        lost: Vec::new(),
        heard: 1,
        incomplete: false,
    }
}

fn known(names: &[&str]) -> BTreeSet<WorkerId> {
    names.iter().map(|name| worker(name)).collect()
}

fn nobodys(_: EnvironmentId) -> Option<WorkerId> {
    None
}

fn connected(name: &str) -> Input {
    Input::Connected { worker: worker(name) }
}

fn lost(name: &str) -> Input {
    Input::WorkerLost { worker: worker(name) }
}

#[test]
fn a_worker_that_is_not_named_is_lost_after_a_lease_time_of_answers_and_not_before() {
    let mut fleet = Fleet::default();
    let known = known(&["a", "b"]);
    for second in 0..20 {
        assert_eq!(
            fleet
                .hear(at(second), &leases(&["b"]), &known, nobodys)
                .iter()
                .find(|input| **input == lost("a")),
            None
        );
    }
    assert!(fleet.hear(at(20), &leases(&["b"]), &known, nobodys).contains(&lost("a")));
}

#[test]
fn while_placement_is_silent_or_we_stood_still_nobodys_time_passes() {
    let mut fleet = Fleet::default();
    let known = known(&["a"]);
    for second in [0, 100, 200] {
        fleet.answered = None; // as after a call that failed
        assert_eq!(fleet.hear(at(second), &leases(&[]), &known, nobodys), []);
    }
    // This process was stopped for an hour: what it did not ask nobody has answered.
    assert_eq!(fleet.hear(at(3_800), &leases(&[]), &known, nobodys), []);
    assert_eq!(fleet.absent[&worker("a")], GAP_MAX);
}

#[test]
fn a_worker_that_is_named_again_is_asked_what_it_has_and_so_is_one_that_is_new() {
    let mut fleet = Fleet::default();
    assert_eq!(
        fleet.hear(at(0), &leases(&["a"]), &known(&["a"]), nobodys),
        [],
        "it was greeted by the beginning"
    );
    assert_eq!(fleet.hear(at(1), &leases(&[]), &known(&["a"]), nobodys), []);
    assert_eq!(fleet.hear(at(2), &leases(&["a"]), &known(&["a"]), nobodys), [connected("a")]);
    assert_eq!(fleet.hear(at(3), &leases(&["a", "b"]), &known(&["a"]), nobodys), [connected("b")]);
    assert_eq!(fleet.hear(at(4), &leases(&["a", "b"]), &known(&["a", "b"]), nobodys), []);
    let all = [connected("a"), connected("b")];
    assert_eq!(fleet.hear(at(10), &leases(&["a", "b"]), &known(&["a", "b"]), nobodys), all, "now and then");
    let incomplete = Leases { incomplete: true, ..leases(&["a", "b"]) };
    assert_eq!(fleet.hear(at(11), &incomplete, &known(&["a", "b"]), nobodys), all);
}

#[test]
fn what_is_said_to_be_lost_is_gone_unless_its_worker_is_there_to_be_asked() {
    let mut fleet = Fleet::default();
    let [one, two, three] = [1, 2, 3].map(|n| EnvironmentId([n; 16]));
    let whose = |environment| match environment {
        environment if environment == one => Some(worker("a")),
        environment if environment == two => Some(worker("b")),
        _ => None,
    };
    let leases = Leases { lost: vec![one, two, three], ..leases(&["a"]) };
    let inputs = fleet.hear(at(0), &leases, &known(&["a", "b"]), whose);
    assert_eq!(inputs, [Input::Gone { environment: two }, connected("a")]);
}

#[test]
fn who_drains_is_said_each_time_and_who_does_not_any_more_once() {
    let mut fleet = Fleet::default();
    let draining = Leases { draining: vec![worker("a")], ..leases(&["a"]) };
    let tell = |draining| Input::Draining { worker: worker("a"), draining };
    for second in 0..2 {
        assert_eq!(fleet.hear(at(second), &draining, &known(&["a"]), nobodys), [tell(true)]);
    }
    assert_eq!(fleet.hear(at(2), &leases(&["a"]), &known(&["a"]), nobodys), [tell(false)]);
    assert_eq!(fleet.hear(at(3), &leases(&["a"]), &known(&["a"]), nobodys), []);
}

#[test]
fn room_is_wanted_for_the_busiest_of_ten_seconds() {
    let mut fleet = Fleet::default();
    let wanted: Vec<u64> = (0..12).map(|look| fleet.wants(if look == 0 { 512 } else { 1 })).collect();
    assert_eq!(wanted, [512, 512, 512, 512, 512, 512, 512, 512, 512, 512, 1, 1]);
}
