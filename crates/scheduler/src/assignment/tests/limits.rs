//! What bounds a function: its reservation, what others have reserved, the rate of new environments; and what a leader
//! reads before it grants.

use super::*;

/// An answer without a grant.
fn refusal(effects: &[Effect]) -> Option<Refusal> {
    match effects {
        [Effect::Refuse { refusal, .. }] => Some(*refusal),
        _ => None,
    }
}

fn reserved(at: u64, reserved: u32) -> ConcurrencyShare {
    ConcurrencyShare { at, reserved: Some(reserved), unreserved: 0 }
}

impl Rig {
    fn acquire_with(&mut self, key: &VersionKey, share: ConcurrencyShare) -> Vec<Effect> {
        self.share = share;
        self.acquire(key).2
    }

    /// Grants as many as it can get; answers how many, and why not more.
    fn fill(&mut self, key: &VersionKey, share: ConcurrencyShare) -> (usize, Refusal) {
        self.share = share;
        for granted in 0.. {
            let (_, environment, effects) = self.acquire(key);
            if let Some(refusal) = refusal(&effects) {
                return (granted, refusal);
            }
            self.step(Input::Placed { environment, worker: WorkerId::new("w") });
            let effects = self.step(Input::Started { environment });
            assert!(matches!(effects[..], [Effect::Grant { .. }]), "{effects:?}");
        }
        unreachable!("it is bounded")
    }
}

#[test]
fn a_reservation_bounds_a_function_over_all_its_versions_and_others_share_the_rest() {
    let mut rig = Rig::new(Settings { concurrency_max: 10, ..Settings::default() });
    let latest = key("reserved", 1);
    let published = VersionKey { version: Version::Published(1), ..key("reserved", 1) };
    rig.share = reserved(1, 3);
    rig.cold(&latest);
    assert_eq!(rig.fill(&published, reserved(1, 3)), (2, Refusal::ReservedConcurrencyLimit));
    let rest = ConcurrencyShare { at: 0, reserved: None, unreserved: 7 };
    assert_eq!(
        rig.fill(&key("a", 1), ConcurrencyShare { unreserved: 4, ..rest }),
        (4, Refusal::ConcurrencyLimit)
    );
    assert_eq!(rig.fill(&key("b", 1), rest), (3, Refusal::ConcurrencyLimit), "they share seven");
    assert_eq!(rig.machine.concurrency(&latest), 10);
}

#[test]
fn nothing_reserved_is_nothing_granted() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    rig.step(Input::Idle { environment, token });
    let effects = rig.acquire_with(&hello, reserved(2, 0));
    assert_eq!(refusal(&effects), Some(Refusal::ReservedConcurrencyLimit), "not even a warm one");
    let effects = rig.acquire_with(&hello, ConcurrencyShare { at: 3, ..FREE });
    assert!(matches!(effects[..], [Effect::Grant { .. }]));
}

#[test]
fn one_at_a_time_is_served_again_and_again_without_a_pause() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    rig.share = reserved(1, 1);
    let (environment, mut token) = rig.cold(&hello);
    for _ in 0..3 {
        assert_eq!(refusal(&rig.acquire(&hello).2), Some(Refusal::ReservedConcurrencyLimit));
        rig.step(Input::Finishing { environment, token });
        // Its caller has the answer and calls again before the runtime asks for the next event.
        assert_eq!(rig.acquire(&hello).2, [], "it waits for the one that finishes");
        assert_eq!(refusal(&rig.acquire(&hello).2), Some(Refusal::ReservedConcurrencyLimit));
        let effects = rig.step(Input::Idle { environment, token });
        let [Effect::Grant { token: next, .. }] = effects[..] else { panic!("{effects:?}") };
        token = next;
    }
}

#[test]
fn a_reservation_moves_what_is_in_progress_from_one_pool_to_the_other() {
    let mut rig = Rig::new(Settings::default());
    let pool = |at, unreserved| ConcurrencyShare { at, reserved: None, unreserved };
    let (hello, other) = (key("hello", 1), key("other", 1));
    assert_eq!(rig.fill(&hello, pool(0, 4)), (4, Refusal::ConcurrencyLimit));
    assert_eq!(refusal(&rig.acquire_with(&other, pool(0, 4))), Some(Refusal::ConcurrencyLimit));
    let share = |at, reserved| Input::Reserve {
        account: hello.account.clone(),
        region: hello.region.clone(),
        function: hello.function.clone(),
        at,
        reserved,
    };
    rig.step(share(5, Some(4)));
    assert_eq!(rig.fill(&other, pool(0, 2)), (2, Refusal::ConcurrencyLimit), "hello's four are its own");
    assert_eq!(
        refusal(&rig.acquire_with(&hello, pool(4, 9))),
        Some(Refusal::Stale),
        "who does not know of the change asks control again"
    );
    rig.step(share(4, Some(9)));
    assert_eq!(refusal(&rig.acquire_with(&hello, reserved(5, 4))), Some(Refusal::ReservedConcurrencyLimit));
    rig.step(share(6, None));
    assert_eq!(
        refusal(&rig.acquire_with(&other, pool(0, 6))),
        Some(Refusal::ConcurrencyLimit),
        "four and two"
    );
}

#[test]
fn a_thousand_new_environments_at_once_and_a_hundred_a_second_from_then_on() {
    let settings = Settings { concurrency_max: u32::MAX, waiters_max: 100_000, ..Settings::default() };
    let mut machine = Machine::new(settings);
    let mut number = 0_u64;
    let mut ask = |machine: &mut Machine, now: Duration, function: &str| {
        let mut effects = Vec::new();
        number += 1;
        let acquire = Input::Acquire {
            waiter: WaiterId(number),
            key: key(function, 1),
            memory_mb: 128,
            share: FREE,
            deadline: now + SECOND,
            environment: EnvironmentId(u128::from(number).to_be_bytes()),
            token: LeaseToken(number),
        };
        machine.step(now, acquire, &mut effects);
        match effects[..] {
            [Effect::Place { environment, .. }] => Ok(environment),
            [Effect::Refuse { refusal, .. }] => Err(refusal),
            _ => panic!("{effects:?}"),
        }
    };
    let at = |ms| Duration::from_secs(60) + Duration::from_millis(ms);
    let burst: Vec<_> = (0..1_500).map(|_| ask(&mut machine, at(0), "f")).collect();
    assert_eq!(burst.iter().filter(|answer| answer.is_ok()).count(), 1_000);
    assert_eq!(burst[1_000], Err(Refusal::RateLimit));
    assert!(ask(&mut machine, at(0), "g").is_ok(), "each function has its own");
    // 100 a second, evenly.
    let later: Vec<u64> = (1..=5_000).filter(|ms| ask(&mut machine, at(*ms), "f").is_ok()).collect();
    assert_eq!(later.len(), 500);
    assert_eq!(later[..3], [10, 20, 30]);
    // One that found no room was never made.
    let environment = burst[0].expect("placed");
    let mut effects = Vec::new();
    machine.step(at(5_001), Input::Cancel { waiter: WaiterId(1) }, &mut effects);
    machine.step(at(5_001), Input::NotPlaced { environment, ever: false }, &mut effects);
    assert_eq!(effects, []);
    assert!(ask(&mut machine, at(5_001), "f").is_ok());
    assert_eq!(ask(&mut machine, at(5_001), "f"), Err(Refusal::RateLimit));
    // After ten seconds without one the bucket is full again.
    let rested = (0..1_500).filter(|_| ask(&mut machine, at(15_010), "f").is_ok());
    assert_eq!(rested.count(), 1_000);
}

fn reading() -> Rig {
    Rig::new(Settings { reads_revisions: true, ..Settings::default() })
}

fn durable(generation_min: u64) -> Option<Durable> {
    Some(Durable { generation_min, share_at: 0, reserved: None })
}

#[test]
fn a_leader_reads_a_version_once_before_its_first_grant() {
    let mut rig = reading();
    let hello = key("hello", 7);
    assert_eq!(rig.acquire(&hello).2, [Effect::ReadRevision { key: hello.clone() }]);
    assert_eq!(rig.acquire(&hello).2, [], "one read for all");
    assert!(matches!(rig.acquire(&key("other", 1)).2[..], [Effect::ReadRevision { .. }]));
    let effects = rig.step(Input::Revision { key: hello.clone(), found: durable(7) });
    assert!(matches!(effects[..], [Effect::Place { .. }, Effect::Place { .. }]), "{effects:?}");
    assert!(matches!(rig.acquire(&hello).2[..], [Effect::Place { .. }]), "it is known from now on");
    assert_eq!(rig.step(Input::Revision { key: hello.clone(), found: durable(9) }), [], "nobody asked");
}

#[test]
fn what_an_old_cache_asks_of_a_new_leader_is_stale_and_is_not_granted() {
    let mut rig = reading();
    let (old, new) = (key("hello", 3), key("hello", 4));
    let (stale, _, _) = rig.acquire(&old);
    let (fresh, _, effects) = rig.acquire(&new);
    // The newer one's acquire tells already; what is durable says so without any.
    assert_eq!(effects, [Effect::Refuse { waiter: stale, refusal: Refusal::Stale }]);
    let effects = rig.step(Input::Revision { key: old.clone(), found: durable(4) });
    assert!(matches!(effects[..], [Effect::Place { .. }]), "{effects:?}");
    assert!(matches!(rig.acquire(&old).2[..], [Effect::Refuse { refusal: Refusal::Stale, .. }]));

    let mut rig = reading();
    let (stale, _, _) = rig.acquire(&old);
    let effects = rig.step(Input::Revision { key: old.clone(), found: durable(4) });
    assert_eq!(effects, [Effect::Refuse { waiter: stale, refusal: Refusal::Stale }], "not {fresh:?}");
}

#[test]
fn what_can_not_be_read_is_granted_to_nobody_and_read_again() {
    let mut rig = reading();
    let hello = key("hello", 1);
    let (waiter, _, _) = rig.acquire(&hello);
    let (gone, _, _) = rig.acquire(&hello);
    rig.step(Input::Cancel { waiter: gone });
    let effects = rig.step(Input::Revision { key: hello.clone(), found: None });
    assert_eq!(effects, [Effect::Refuse { waiter, refusal: Refusal::Unread }]);
    assert!(matches!(rig.acquire(&hello).2[..], [Effect::ReadRevision { .. }]));
    let effects = rig.step(Input::Revision {
        key: hello.clone(),
        found: Some(Durable { generation_min: 1, share_at: 8, reserved: Some(0) }),
    });
    assert!(matches!(effects[..], [Effect::Refuse { refusal: Refusal::Stale, .. }]), "of an old reservation");
    assert_eq!(refusal(&rig.acquire_with(&hello, reserved(8, 0))), Some(Refusal::ReservedConcurrencyLimit));
}

proptest! {
    /// Functions with and without reservations that change, in any order of reports: what the counts say is what there
    /// is, and nobody is granted more than it may at the time.
    #[test]
    fn counts_are_what_there_is(steps in proptest::collection::vec((0u8..12, 0u8..16), 1..300)) {
        let mut rig = Rig::new(Settings { concurrency_max: 8, waiters_max: 8, ..Settings::default() });
        let names = ["f", "g", "h"];
        let mut shares = [reserved(1, 2), FREE, FREE];
        let mut at = 1;
        let mut made: Vec<(EnvironmentId, LeaseToken)> = Vec::new();
        for (what, which) in steps {
            let which = usize::from(which);
            rig.now += Duration::from_millis(3);
            let picked = made.get(which % made.len().max(1)).copied();
            let (environment, token) = picked.unwrap_or((EnvironmentId([0; 16]), LeaseToken(0)));
            match what {
                0..=3 if rig.next < 250 => {
                    let function = which % 3;
                    rig.share = ConcurrencyShare { unreserved: 6, ..shares[function] };
                    let wanted = key(names[function], 1);
                    let before = in_progress(&rig, names[function]);
                    let (_, environment, effects) = rig.acquire(&wanted);
                    made.push((environment, LeaseToken(u64::from(rig.next))));
                    if let Some(most) = shares[function].reserved && before >= most as usize {
                        prop_assert_eq!(refusal(&effects), Some(Refusal::ReservedConcurrencyLimit));
                    }
                }
                4 => drop(rig.step(Input::Placed { environment, worker: WorkerId::new("w") })),
                5 => drop(rig.step(Input::Started { environment })),
                6 => drop(rig.step(Input::Finishing { environment, token })),
                7 => drop(rig.step(Input::Idle { environment, token })),
                8 => drop(rig.step(Input::NotPlaced { environment, ever: false })),
                9 => drop(rig.step(Input::Gone { environment })),
                10 => {
                    at += 1;
                    let share = if which < 4 { ConcurrencyShare { at, ..FREE } } else { reserved(at, 2) };
                    shares[which % 3] = share;
                    let (account, region) = (key("f", 1).account, key("f", 1).region);
                    let function = FunctionName::new(names[which % 3]);
                    rig.step(Input::Reserve { account, region, function, at, reserved: share.reserved });
                }
                _ => drop(rig.step(Input::Tick)),
            }
            prop_assert!(rig.machine.concurrency(&key("f", 1)) <= 8);
            let rows = rig.machine.census();
            let counted = rows.iter().filter(|row| matches!(row.state, "starting" | "busy")).count();
            prop_assert_eq!(rig.machine.concurrency(&key("f", 1)) as usize, counted);
            let fs: Vec<usize> = names.iter().map(|name| in_progress(&rig, name)).collect();
            prop_assert_eq!(rig.machine.environments.versions.pools(), pools(&shares, &fs), "of {:?}", fs);
        }
    }
}

/// Environments that are granted, or on their way to it, of one function.
fn in_progress(rig: &Rig, function: &str) -> usize {
    let rows = rig.machine.census();
    let of = |row: &&Row| row.key.function.as_str() == function && matches!(row.state, "starting" | "busy");
    rows.iter().filter(of).count()
        + rig.machine.waiters.loose_of(function, &rig.machine.environments.versions)
}

/// What all accounts have in progress of functions that reserve nothing.
fn pools(shares: &[ConcurrencyShare; 3], in_progress: &[usize]) -> usize {
    let free = shares.iter().zip(in_progress).filter(|(share, _)| share.reserved.is_none());
    free.map(|(_, count)| count).sum()
}
