//! Environments that are made ahead of invocations.

use super::*;

const LIMITS: Settings = Settings {
    concurrency_max: 10,
    new_max: 1_000,
    new_period: Duration::from_secs(10),
    reads_revisions: false,
    idle_max: Duration::from_secs(600),
    finishing_wait: Duration::from_millis(5),
    unknown_wait: Duration::from_millis(100),
    waiters_max: 100,
    room_look: SECOND,
    unheard_max: Duration::from_secs(10),
};

fn worker() -> WorkerId {
    WorkerId::new("w")
}

fn provision(key: &VersionKey, at: u64, wanted: u32) -> Input {
    Input::Provision { key: key.clone(), at, memory_mb: 128, wanted }
}

impl Rig {
    /// What the effects want, as far as placement: the environments that are asked for.
    fn plan(&mut self, effects: &[Effect]) -> Vec<(EnvironmentId, LeaseToken)> {
        let mut planned = Vec::new();
        for effect in effects {
            let Effect::Want { key, count } = effect else { continue };
            for _ in 0..*count {
                self.next += 1;
                let (environment, token) = (EnvironmentId([self.next; 16]), LeaseToken(u64::from(self.next)));
                let effects = self.step(Input::Ahead { key: key.clone(), environment, token });
                assert!(matches!(effects[..], [Effect::Place { .. }]), "{effects:?}");
                planned.push((environment, token));
            }
        }
        planned
    }

    fn warm(&mut self, (environment, _): (EnvironmentId, LeaseToken)) {
        let effects = self.step(Input::Placed { environment, worker: worker() });
        assert!(matches!(effects[..], [Effect::Start { provisioned: true, .. }]), "{effects:?}");
        assert_eq!(self.step(Input::Started { environment }), []);
    }

    /// So many of the version that stand ready.
    fn provide(&mut self, key: &VersionKey, at: u64, wanted: u32) -> Vec<EnvironmentId> {
        let effects = self.step(provision(key, at, wanted));
        let planned = self.plan(&effects);
        for &(environment, token) in &planned {
            self.warm((environment, token));
            assert_eq!(self.step(Input::Idle { environment, token }), []);
        }
        planned.into_iter().map(|(environment, _)| environment).collect()
    }

    fn standing(&mut self, key: &VersionKey) -> (u32, u32, Option<ProvisionFailure>) {
        let Provisioned { wanted, initialised, failed } = self.machine.provisioned(key).expect("told");
        (wanted, initialised, failed)
    }

    fn at_deadline(&mut self) -> Vec<Effect> {
        self.now = self.machine.next_deadline().expect("it must wake");
        self.step(Input::Tick)
    }
}

#[test]
fn what_is_provisioned_stands_ready_before_anybody_asks_and_more_are_made_on_demand() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let ready: BTreeSet<EnvironmentId> = rig.provide(&hello, 1, 3).into_iter().collect();
    assert_eq!(ready.len(), 3);
    assert_eq!(rig.standing(&hello), (3, 3, None));
    assert_eq!(rig.machine.concurrency(&hello), 0, "nobody uses them");
    assert_eq!(rig.step(provision(&hello, 1, 3)), [], "said again it changes nothing");
    let mut used = BTreeSet::new();
    for _ in 0..3 {
        let (_, _, effects) = rig.acquire(&hello);
        let [Effect::Grant { environment, cold: false, .. }] = effects[..] else { panic!("{effects:?}") };
        used.insert(environment);
    }
    assert_eq!(used, ready);
    assert!(matches!(rig.acquire(&hello).2[..], [Effect::Place { .. }]), "the fourth is cold");
    assert_eq!(rig.standing(&hello), (3, 3, None), "in use they are there");
}

#[test]
fn ready_ones_are_handed_out_first_and_are_neither_reaped_nor_squeezed_out() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let (on_demand, token) = rig.cold(&hello);
    let ready = rig.provide(&hello, 1, 1);
    rig.step(Input::Idle { environment: on_demand, token });
    let (_, _, effects) = rig.acquire(&hello);
    let [Effect::Grant { environment, token, .. }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(environment, ready[0]);
    rig.step(Input::Idle { environment, token });
    let effects = rig.at_deadline();
    assert!(
        matches!(effects[..], [Effect::Stop { environment, .. }] if environment == on_demand),
        "{effects:?}"
    );
    rig.step(Input::Gone { environment: on_demand });
    assert_eq!(rig.machine.next_deadline(), None, "nothing else is to be reaped");
    let (_, fresh, _) = rig.acquire(&key("other", 1));
    assert_eq!(rig.step(Input::NotPlaced { environment: fresh, ever: false }), [], "it gives way to nobody");
}

#[test]
fn what_is_lost_is_replaced_after_a_pause() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let ready = rig.provide(&hello, 1, 2);
    let lost = rig.now;
    assert!(matches!(rig.step(Input::Gone { environment: ready[0] })[..], [Effect::Release { .. }]));
    assert_eq!(rig.standing(&hello), (2, 1, None));
    let effects = rig.at_deadline();
    assert_eq!(effects, [Effect::Want { key: hello.clone(), count: 1 }]);
    assert_eq!(rig.now - lost, SECOND, "never as fast as it is lost");
    let planned = rig.plan(&effects);
    rig.warm(planned[0]);
    rig.step(Input::WorkerLost { worker: worker() });
    assert_eq!(rig.standing(&hello), (2, 0, None));
    assert_eq!(rig.at_deadline(), [Effect::Want { key: hello, count: 2 }]);
}

#[test]
fn init_that_fails_again_and_again_is_said_and_tried_ever_more_seldom_by_one_at_a_time() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let effects = rig.step(provision(&hello, 1, 3));
    let mut planned = rig.plan(&effects);
    assert_eq!(planned.len(), 3);
    let mut pauses = Vec::new();
    for round in 0..9 {
        planned.iter().for_each(|&one| rig.warm(one));
        for &(environment, token) in &planned {
            let effects = rig.step(Input::NotInitialised { environment, token });
            assert!(matches!(effects[..], [Effect::Stop { .. }]), "{effects:?}");
            rig.step(Input::Gone { environment });
        }
        let failed = (round >= 2).then_some(ProvisionFailure::Init);
        assert_eq!(rig.standing(&hello), (3, 0, failed), "round {round}");
        assert_eq!(rig.step(provision(&hello, 1, 3)), [], "control's word does not hasten it");
        let before = rig.now;
        let effects = rig.at_deadline();
        pauses.push((rig.now - before).as_secs());
        planned = rig.plan(&effects);
        assert_eq!(planned.len(), 1);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    // It works again: the rest follows at once.
    let (environment, token) = planned[0];
    rig.warm(planned[0]);
    let effects = rig.step(Input::Idle { environment, token });
    assert_eq!(effects, [Effect::Want { key: hello.clone(), count: 2 }]);
    assert_eq!(rig.standing(&hello), (3, 1, None));
}

#[test]
fn without_room_what_is_idle_gives_way_and_it_is_asked_again() {
    let mut rig = Rig::new(LIMITS);
    let (idle, token) = rig.cold(&key("other", 1));
    rig.step(Input::Idle { environment: idle, token });
    let hello = key("hello", 1);
    let effects = rig.step(provision(&hello, 1, 1));
    let [(environment, _)] = rig.plan(&effects)[..] else { panic!("{effects:?}") };
    let effects = rig.step(Input::NotPlaced { environment, ever: false });
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == idle), "{effects:?}");
    assert_eq!(rig.standing(&hello), (1, 0, None));
    let effects = rig.at_deadline();
    let [(environment, _)] = rig.plan(&effects)[..] else { panic!("{effects:?}") };
    rig.step(Input::NotPlaced { environment, ever: true });
    assert_eq!(rig.standing(&hello), (1, 0, Some(ProvisionFailure::TooLarge)));
}

#[test]
fn a_surplus_is_given_up_what_is_in_use_after_its_use() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    rig.provide(&hello, 1, 2);
    let effects = rig.step(provision(&hello, 2, 4));
    let planned = rig.plan(&effects);
    rig.warm(planned[0]);
    let (_, _, effects) = rig.acquire(&hello);
    let [Effect::Grant { environment: busy, token, .. }] = effects[..] else { panic!("{effects:?}") };
    // One is idle, one in use, one warms and one has no worker yet.
    let effects = rig.step(provision(&hello, 3, 0));
    assert!(matches!(effects[..], [Effect::Stop { .. }, Effect::Stop { .. }]), "{effects:?}");
    let environment = planned[1].0;
    let effects = rig.step(Input::Placed { environment, worker: worker() });
    assert_eq!(effects, [Effect::Release { environment }]);
    let effects = rig.step(Input::Idle { environment: busy, token });
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == busy), "{effects:?}");
    assert_eq!(rig.standing(&hello), (0, 0, None));
    assert_eq!(rig.step(provision(&hello, 2, 4)), [], "an older word");
    assert_eq!(rig.machine.next_deadline(), None);
}

#[test]
fn what_a_version_has_ready_is_its_own_of_what_its_function_and_its_account_share() {
    let mut rig = Rig::new(LIMITS);
    let (one, two) = (key("hello", 1), VersionKey { version: Version::Published(2), ..key("hello", 1) });
    rig.provide(&one, 1, 2);
    // Of five, two are the first version's, used or not.
    rig.share = ConcurrencyShare { at: 1, reserved: Some(5), unreserved: 0 };
    let refused = |effects: &[Effect]| match effects {
        [Effect::Refuse { refusal, .. }] => Some(*refusal),
        _ => None,
    };
    (0..3).for_each(|_| assert!(rig.cold(&two).1 != LeaseToken(0)));
    assert_eq!(refused(&rig.acquire(&two).2), Some(Refusal::ReservedConcurrencyLimit));
    for _ in 0..2 {
        assert!(matches!(rig.acquire(&one).2[..], [Effect::Grant { .. }]));
    }
    assert_eq!(refused(&rig.acquire(&one).2), Some(Refusal::ReservedConcurrencyLimit));

    let mut rig = Rig::new(LIMITS);
    rig.provide(&one, 1, 2);
    // Control takes the two from what all share.
    rig.share = ConcurrencyShare { at: 0, reserved: None, unreserved: 1 };
    rig.cold(&key("other", 1));
    assert_eq!(refused(&rig.acquire(&key("other", 1)).2), Some(Refusal::ConcurrencyLimit));
    for _ in 0..2 {
        assert!(matches!(rig.acquire(&one).2[..], [Effect::Grant { .. }]));
    }
    assert_eq!(refused(&rig.acquire(&one).2), Some(Refusal::ConcurrencyLimit), "the third would be of all");
}

#[test]
fn a_new_leader_knows_them_by_the_journal_and_hears_from_control_how_many() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let ready = rig.provide(&hello, 1, 2);
    rig.book.apply(&Fact::EpochBegun { epoch: types::Epoch(2) });
    let mut effects = Vec::new();
    rig.machine = Machine::resume(LIMITS, &rig.book, rig.now, &mut effects);
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(rig.step(provision(&hello, 1, 3)), [Effect::Want { key: hello.clone(), count: 1 }]);
    let free = |environment: &EnvironmentId| Held {
        environment: *environment,
        token: LeaseToken(u64::from(environment.0[0])),
        state: HeldState::Free,
    };
    let held = ready.iter().map(free).collect();
    assert_eq!(rig.step(Input::Reported { worker: worker(), greet, held }), []);
    assert_eq!(rig.standing(&hello), (3, 2, None));
    rig.now += Duration::from_secs(3_600);
    let effects = rig.step(Input::Tick);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Stop { .. })), "{effects:?}");
}

#[test]
fn those_that_were_idle_when_it_was_told_are_ready_from_then_on() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let ready = rig.provide(&hello, 1, 2);
    let mut effects = Vec::new();
    rig.machine = Machine::resume(LIMITS, &rig.book, rig.now, &mut effects);
    let [Effect::Greet { greet, .. }] = effects[..] else { panic!("{effects:?}") };
    let free = |environment: &EnvironmentId| Held {
        environment: *environment,
        token: LeaseToken(u64::from(environment.0[0])),
        state: HeldState::Free,
    };
    rig.step(Input::Reported { worker: worker(), greet, held: ready.iter().map(free).collect() });
    assert!(rig.machine.next_deadline().is_some(), "as any other until it is told");
    let effects = rig.step(provision(&hello, 1, 1));
    assert!(matches!(effects[..], [Effect::Stop { .. }]), "one is too many: {effects:?}");
    assert_eq!(rig.machine.next_deadline(), None, "the other is never reaped");
}

#[test]
fn a_version_that_is_deleted_takes_its_provision_along() {
    let mut rig = Rig::new(LIMITS);
    let hello = key("hello", 1);
    let ready = rig.provide(&hello, 1, 1);
    let (account, region, function) = (hello.account.clone(), hello.region.clone(), hello.function.clone());
    let retire = Input::Retire { account, region, function, version: None, generation_min: 9 };
    assert!(matches!(rig.step(retire)[..], [Effect::Stop { .. }]));
    rig.step(Input::Gone { environment: ready[0] });
    assert_eq!(rig.machine.next_deadline(), None);
    assert_eq!(rig.step(provision(&hello, 5, 4)), [], "a cache that has not heard of it");
    assert_eq!(rig.machine.provisioned(&hello), None);
}

proptest! {
    /// Two versions of a function whose provision changes, with everything that can happen to environments, in any order:
    /// the counts are what there is (the rig asks after every step), nobody is over a limit, and once placement, workers
    /// and time do their part as many are there as are wanted.
    #[test]
    fn as_many_as_are_wanted_come_to_be_there(
        steps in proptest::collection::vec((0u8..14, 0u8..16), 1..150),
        wanted in 0u32..4,
    ) {
        let mut rig = Rig::new(LIMITS);
        rig.share = ConcurrencyShare { at: 1, reserved: Some(6), unreserved: 4 };
        let keys = [key("f", 1), VersionKey { version: Version::Published(1), ..key("f", 1) }];
        let mut made: Vec<(EnvironmentId, LeaseToken)> = Vec::new();
        let mut at = 1;
        for (what, which) in steps {
            let which = usize::from(which);
            rig.now += Duration::from_millis(200);
            let (environment, token) =
                made.get(which % made.len().max(1)).copied().unwrap_or((EnvironmentId([0; 16]), LeaseToken(0)));
            let effects = match what {
                0..=2 if rig.next < 150 => {
                    let (_, environment, effects) = rig.acquire(&keys[which % 2]);
                    made.push((environment, LeaseToken(u64::from(rig.next))));
                    effects
                }
                3 => {
                    at += 1;
                    rig.step(provision(&keys[which % 2], at, (which / 2 % 3) as u32))
                }
                4 | 5 => rig.step(Input::Placed { environment, worker: worker() }),
                6 => rig.step(Input::Started { environment }),
                7 | 8 => rig.step(Input::Idle { environment, token }),
                9 => rig.step(Input::Gone { environment }),
                10 => rig.step(Input::NotInitialised { environment, token }),
                11 => rig.step(Input::NotPlaced { environment, ever: which == 0 }),
                12 => rig.step(Input::Draining { worker: worker(), draining: which < 2 }),
                13 if which < 3 => rig.step(Input::WorkerLost { worker: worker() }),
                _ => rig.step(Input::Tick),
            };
            if rig.next < 150 {
                made.extend(rig.plan(&effects));
            }
            for effect in effects {
                if let Effect::Grant { environment, token, .. } = effect {
                    made.iter_mut().filter(|one| one.0 == environment).for_each(|one| one.1 = token);
                }
            }
            prop_assert!(rig.machine.concurrency(&keys[0]) <= 6);
        }
        rig.step(Input::Draining { worker: worker(), draining: false });
        let effects = rig.step(provision(&keys[0], at + 1, wanted));
        let mut planned = rig.plan(&effects);
        for _ in 0..200 {
            let (_, initialised, _) = rig.standing(&keys[0]);
            for (environment, token) in made.drain(..).chain(planned.drain(..)).collect::<Vec<_>>() {
                // Whatever phase it is in, it comes to rest.
                rig.step(Input::Placed { environment, worker: worker() });
                rig.step(Input::Started { environment });
                let effects = rig.step(Input::Idle { environment, token });
                made.extend(rig.plan(&effects));
            }
            for row in rig.machine.census().iter().filter(|row| row.state == "stopping") {
                rig.step(Input::Gone { environment: row.environment });
            }
            if initialised == wanted && made.is_empty() {
                break;
            }
            rig.now += Duration::from_secs(10);
            let effects = rig.step(Input::Tick);
            planned = rig.plan(&effects);
        }
        let (_, initialised, _) = rig.standing(&keys[0]);
        prop_assert_eq!(initialised, wanted);
    }
}
