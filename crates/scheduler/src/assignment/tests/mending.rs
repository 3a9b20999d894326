//! Words that were lost: what the next greeting mends.

use super::*;

const W: fn() -> WorkerId = || WorkerId::new("w");

impl Rig {
    /// The worker is asked, and says that it has these.
    fn asked(&mut self, held: &[(EnvironmentId, LeaseToken, HeldState)]) -> Vec<Effect> {
        let effects = self.step(Input::Connected { worker: W() });
        let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
        let held = held.iter().map(|&(environment, token, state)| Held { environment, token, state });
        self.step(Input::Reported { worker: W(), greet, held: held.collect() })
    }

    fn state(&self) -> &'static str {
        self.machine.census().first().map_or("none", |row| row.state)
    }

    fn idle(&mut self, key: &VersionKey) -> (EnvironmentId, LeaseToken) {
        let (environment, token) = self.cold(key);
        self.step(Input::Idle { environment, token });
        (environment, token)
    }
}

#[test]
fn what_is_called_free_twice_under_the_same_lease_long_after_it_was_granted_is_free() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.cold(&key("f", 1));
    let free = [(environment, token, HeldState::Free)];
    assert_eq!(rig.asked(&free), []);
    assert_eq!(rig.asked(&free), []);
    assert_eq!(rig.state(), "busy", "its report may be on its way");
    rig.now += rig.machine.settings.unheard_max;
    assert_eq!(rig.asked(&free), []);
    // Between the two it was in use: then they are not in a row.
    assert_eq!(rig.asked(&[(environment, token, HeldState::Taken)]), []);
    assert_eq!(rig.asked(&free), []);
    assert_eq!(rig.state(), "busy");
    assert_eq!(rig.asked(&free), []);
    assert_eq!(rig.state(), "idle");
    // A grant that nobody heard of: the worker is free under the token of before.
    let (_, _, effects) = rig.acquire(&key("f", 1));
    assert!(matches!(effects[..], [Effect::Grant { cold: false, .. }]), "{effects:?}");
    rig.now += rig.machine.settings.unheard_max;
    assert_eq!((rig.asked(&free), rig.asked(&free)), (vec![], vec![]));
    assert_eq!(rig.state(), "idle");
}

#[test]
fn a_start_without_an_answer_is_stopped_and_its_slot_stays_taken_until_the_worker_has_none_such() {
    let mut rig = Rig::new(Settings::default());
    let (waiter, environment, _) = rig.acquire(&key("f", 1));
    rig.step(Input::Placed { environment, worker: W() });
    let effects = rig.step(Input::MaybeStarted { environment });
    let refused = Effect::Refuse { waiter, refusal: Refusal::WorkerRefused };
    assert_eq!(effects, [refused, Effect::Stop { environment, worker: W() }]);
    // The stop was lost, too: it is there, so it is said again; then it is not there.
    let stop = Effect::Stop { environment, worker: W() };
    assert_eq!(rig.asked(&[(environment, LeaseToken(1), HeldState::Taken)]), [stop]);
    assert_eq!(rig.asked(&[(environment, LeaseToken(1), HeldState::Ending)]), []);
    assert_eq!(rig.asked(&[]), [Effect::Release { environment }]);
}

#[test]
fn nothing_is_granted_on_a_worker_that_can_not_be_reached_until_it_has_said_how_it_stands() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.idle(&key("f", 1));
    let effects = rig.step(Input::Unreached { worker: W() });
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(rig.step(Input::Unreached { worker: W() }), [], "it is being asked");
    let (waiter, _, effects) = rig.acquire(&key("f", 1));
    assert_eq!(effects, [], "it waits a little");
    let held = vec![Held { environment, token, state: HeldState::Free }];
    let effects = rig.step(Input::Reported { worker: W(), greet, held });
    assert!(matches!(effects[..], [Effect::Grant { waiter: to, .. }] if to == waiter), "{effects:?}");
}

#[test]
fn of_a_worker_that_drains_what_is_idle_ends_and_what_is_busy_when_it_is_idle() {
    let mut rig = Rig::new(Settings::default());
    let (busy, token) = rig.cold(&key("g", 1));
    let (environment, _) = rig.idle(&key("f", 1));
    let drain = Input::Draining { worker: W(), draining: true };
    assert_eq!(rig.step(drain.clone()), [Effect::Stop { environment, worker: W() }]);
    assert_eq!(rig.step(drain), []);
    let (_, _, effects) = rig.acquire(&key("f", 1));
    assert!(matches!(effects[..], [Effect::Place { .. }]), "{effects:?}");
    let stop = Effect::Stop { environment: busy, worker: W() };
    assert_eq!(rig.step(Input::Idle { environment: busy, token }), [stop]);
}

#[test]
fn what_a_worker_has_and_nobody_knows_is_stopped_also_of_one_that_was_lost() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.idle(&key("f", 1));
    assert_eq!(rig.step(Input::WorkerLost { worker: W() }), [Effect::Release { environment }]);
    let stop = Effect::Stop { environment, worker: W() };
    assert_eq!(rig.asked(&[(environment, token, HeldState::Free)]), [stop]);
    assert_eq!(rig.asked(&[(environment, token, HeldState::Ending)]), []);
}

#[test]
fn one_that_ends_by_itself_is_granted_no_more() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.idle(&key("f", 1));
    assert_eq!(rig.asked(&[(environment, token, HeldState::Ending)]), []);
    assert_eq!(rig.state(), "stopping");
}
