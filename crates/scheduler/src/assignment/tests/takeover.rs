//! What is journalled, and how a new leader begins.

use super::*;
use types::Epoch;

fn created_ready_gone(facts: &[Fact]) -> Vec<&'static str> {
    let name = |fact: &Fact| match fact {
        Fact::WorkerLeased { .. } => "leased",
        Fact::WorkerLost { .. } => "lost",
        Fact::Created { .. } => "created",
        Fact::Ready { .. } => "ready",
        Fact::Gone { .. } => "gone",
        Fact::Quarantined { .. } => "quarantined",
        _ => "other",
    };
    facts.iter().map(name).collect()
}

#[test]
fn the_warm_path_writes_nothing_and_a_life_four_facts() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, mut token) = rig.cold(&hello);
    rig.step(Input::Finishing { environment, token });
    rig.step(Input::Idle { environment, token });
    assert_eq!(created_ready_gone(&rig.facts), ["leased", "created", "ready"]);
    for _ in 0..100 {
        let (_, _, effects) = rig.acquire(&hello);
        let [Effect::Grant { token: next, .. }] = effects[..] else { panic!("{effects:?}") };
        token = next;
        rig.step(Input::Finishing { environment, token });
        rig.step(Input::Idle { environment, token });
    }
    assert_eq!(rig.facts.len(), 3, "busy and idle are no facts");
    rig.step(Input::NotFound { environment, token });
    rig.step(Input::Gone { environment });
    assert_eq!(created_ready_gone(&rig.facts), ["leased", "created", "ready", "gone"]);
}

impl Rig {
    /// Another leader takes over what the journal says.
    fn succeed(&mut self, settings: Settings) -> Vec<Effect> {
        self.book.apply(&Fact::EpochBegun { epoch: Epoch(self.book.epoch().0 + 1) });
        let mut effects = Vec::new();
        self.machine = Machine::resume(settings, &self.book, self.now, &mut effects);
        self.file(effects)
    }

    fn reported(&mut self, greet: u64, held: &[(EnvironmentId, LeaseToken, HeldState)]) -> Vec<Effect> {
        let row = |&(environment, token, state)| Held { environment, token, state };
        let held = held.iter().map(row).collect();
        self.step(Input::Reported { worker: WorkerId::new("w"), greet, held })
    }
}

#[test]
fn a_new_leader_counts_what_it_does_not_know_as_busy_until_its_worker_says() {
    let settings = Settings { concurrency_max: 2, ..Settings::default() };
    let mut rig = Rig::new(settings);
    let hello = key("hello", 1);
    let (idle, idle_token) = rig.cold(&hello);
    let (busy, busy_token) = rig.cold(&hello);
    rig.step(Input::Idle { environment: idle, token: idle_token });

    let effects = rig.succeed(settings);
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    let (_, _, effects) = rig.acquire(&hello);
    assert!(
        matches!(effects[..], [Effect::Refuse { refusal: Refusal::ConcurrencyLimit, .. }]),
        "{effects:?}"
    );
    let states = [(idle, idle_token, HeldState::Free), (busy, busy_token, HeldState::Taken)];
    assert_eq!(rig.reported(greet, &states), []);
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Grant { environment, cold: false, .. }] if environment == idle));
    rig.step(Input::Idle { environment: busy, token: busy_token });
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Grant { environment, .. }] if environment == busy), "{effects:?}");
}

#[test]
fn who_asks_a_new_leader_waits_a_moment_for_what_its_workers_say() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    let effects = rig.succeed(Settings::default());
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    let (waiter, _, effects) = rig.acquire(&hello);
    assert_eq!(effects, [], "it may be idle");
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Place { .. }]), "one waits for one: {effects:?}");
    let effects = rig.reported(greet, &[(environment, token, HeldState::Free)]);
    assert!(matches!(effects[..], [Effect::Grant { waiter: granted, .. }] if granted == waiter));

    rig.succeed(Settings::default());
    let (_, _, effects) = rig.acquire(&hello);
    assert_eq!(effects, []);
    rig.now = rig.machine.next_deadline().expect("it must wake for the waiter");
    assert!(matches!(rig.step(Input::Tick)[..], [Effect::Place { .. }]), "its worker is silent");
}

#[test]
fn what_the_journal_does_not_know_is_stopped_and_what_the_worker_does_not_have_is_gone() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (kept, token) = rig.cold(&hello);
    let (missing, _) = rig.cold(&hello);
    let (quarantined, other) = rig.cold(&hello);
    rig.step(Input::NotFound { environment: quarantined, token: other });
    let effects = rig.succeed(Settings::default());
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    let (strange, ending) = (EnvironmentId([99; 16]), EnvironmentId([98; 16]));
    let effects = rig.reported(
        greet,
        &[
            (strange, LeaseToken(1), HeldState::Taken),
            (ending, LeaseToken(1), HeldState::Ending),
            (kept, token, HeldState::Taken),
            (quarantined, other, HeldState::Free),
        ],
    );
    let stop = |environment| Effect::Stop { environment, worker: WorkerId::new("w") };
    assert_eq!(effects, [stop(strange), stop(quarantined), Effect::Release { environment: missing }]);
    assert_eq!(rig.reported(greet - 1, &[]), [], "an older greeting's answer is out of date");
    assert_eq!(rig.machine.census().len(), 2);
}

#[test]
fn idle_that_overtakes_the_report_is_not_lost() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    let effects = rig.succeed(Settings::default());
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    rig.step(Input::Idle { environment, token });
    assert_eq!(rig.machine.census()[0].state, "unknown", "its worker has not taken the epoch");
    rig.reported(greet, &[(environment, token, HeldState::Taken)]);
    assert_eq!(rig.machine.census()[0].state, "idle");
}

#[test]
fn a_report_that_crosses_a_start_says_nothing_about_it() {
    let mut rig = Rig::new(Settings::default());
    let (_, _) = rig.cold(&key("hello", 1));
    let effects = rig.step(Input::Connected { worker: WorkerId::new("w") });
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    let (young, _) = rig.cold(&key("hello", 1));
    let (_, starting, _) = rig.acquire(&key("hello", 1));
    rig.step(Input::Placed { environment: starting, worker: WorkerId::new("w") });
    let effects = rig.reported(greet, &[]);
    assert!(matches!(effects[..], [Effect::Release { .. }]), "the old one only: {effects:?}");
    let left: Vec<EnvironmentId> = rig.machine.census().iter().map(|row| row.environment).collect();
    assert_eq!(left, [young, starting]);
}

#[test]
fn a_lost_workers_environments_end_with_one_fact_and_their_waiters_hear_of_it() {
    let mut rig = Rig::new(Settings::default());
    rig.cold(&key("hello", 1));
    let (waiter, starting, _) = rig.acquire(&key("hello", 1));
    rig.step(Input::Placed { environment: starting, worker: WorkerId::new("w") });
    let before = rig.facts.len();
    let effects = rig.step(Input::WorkerLost { worker: WorkerId::new("w") });
    assert_eq!(created_ready_gone(&rig.facts[before..]), ["lost"]);
    let refused = Effect::Refuse { waiter, refusal: Refusal::WorkerRefused };
    assert!(effects.contains(&refused) && effects.len() == 3, "{effects:?}");
    assert!(rig.machine.census().is_empty());
    rig.cold(&key("hello", 1));
    assert_eq!(created_ready_gone(&rig.facts[before..]), ["lost", "leased", "created"], "it is leased anew");
}
