//! The machine driven by hand, and at random against its invariants.

mod limits;
mod mending;
mod provision;
mod reigns;
mod room;
mod takeover;

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use types::{AccountId, ConcurrencyShare, FunctionName, Region, Version};

/// A machine with a clock, an id counter and a journal, whose placement and workers always say yes unless told
/// otherwise.
struct Rig {
    machine: Machine,
    now: Duration,
    next: u8,
    book: Book,
    facts: Vec<Fact>,
    /// Of whoever acquires.
    share: ConcurrencyShare,
}

const SECOND: Duration = Duration::from_secs(1);
const FREE: ConcurrencyShare = ConcurrencyShare { at: 0, reserved: None, unreserved: u32::MAX };

impl Rig {
    fn new(settings: Settings) -> Self {
        let (book, facts) = (Book::default(), Vec::new());
        Self { machine: Machine::new(settings), now: Duration::ZERO, next: 0, book, facts, share: FREE }
    }

    /// The facts go into the book, which then agrees with the machine; the rest is answered.
    fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.machine.step(self.now, input, &mut effects);
        self.file(effects)
    }

    fn file(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        let facts = effects.extract_if(.., |effect| matches!(effect, Effect::Journal(_)));
        for fact in facts {
            let Effect::Journal(fact) = fact else { continue };
            self.book.apply(&fact);
            self.facts.push(fact);
        }
        assert_eq!(invariants::journal_agrees(&self.book, &self.machine), Ok(()));
        assert_eq!(invariants::provisions_agree(&self.machine), Ok(()));
        effects
    }

    fn acquire(&mut self, key: &VersionKey) -> (WaiterId, EnvironmentId, Vec<Effect>) {
        self.next += 1;
        let (waiter, environment) = (WaiterId(u64::from(self.next)), EnvironmentId([self.next; 16]));
        let effects = self.step(Input::Acquire {
            waiter,
            key: key.clone(),
            memory_mb: 128,
            share: self.share,
            deadline: self.now + SECOND,
            environment,
            token: LeaseToken(u64::from(self.next)),
        });
        (waiter, environment, effects)
    }

    /// Through placement and start to a cold grant.
    fn cold(&mut self, key: &VersionKey) -> (EnvironmentId, LeaseToken) {
        let (_, environment, effects) = self.acquire(key);
        assert!(matches!(effects[..], [Effect::Place { .. }]), "{effects:?}");
        let effects = self.step(Input::Placed { environment, worker: WorkerId::new("w") });
        assert!(matches!(effects[..], [Effect::Start { .. }]), "{effects:?}");
        let effects = self.step(Input::Started { environment });
        let [Effect::Grant { token, cold: true, .. }] = effects[..] else { panic!("{effects:?}") };
        (environment, token)
    }
}

pub(super) fn key(function: &str, generation: u64) -> VersionKey {
    VersionKey {
        account: AccountId::new("000000000000"),
        region: Region::new("eu-west-1"),
        function: FunctionName::new(function),
        version: Version::Latest,
        generation,
    }
}

#[test]
fn an_idle_environment_is_reused_most_recently_used_first() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (first, first_token) = rig.cold(&hello);
    let (second, second_token) = rig.cold(&hello);
    rig.step(Input::Idle { environment: first, token: first_token });
    rig.now += SECOND;
    rig.step(Input::Idle { environment: second, token: second_token });
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Grant { environment, cold: false, .. }] if environment == second));
    let (_, _, effects) = rig.acquire(&key("other", 1));
    assert!(matches!(effects[..], [Effect::Place { .. }]), "another function never gets it");
}

#[test]
fn a_finishing_environment_is_waited_for_and_then_not() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    rig.step(Input::Finishing { environment, token });
    let (waiter, _, effects) = rig.acquire(&hello);
    assert_eq!(effects, [], "it waits");
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Place { .. }]), "only one waits for one");
    let effects = rig.step(Input::Idle { environment, token });
    assert!(matches!(effects[..], [Effect::Grant { waiter: granted, cold: false, .. }] if granted == waiter));

    let (environment, token) = rig.cold(&hello);
    rig.step(Input::Finishing { environment, token });
    let (_, fresh, effects) = rig.acquire(&hello);
    assert_eq!(effects, []);
    rig.now = rig.machine.next_deadline().expect("it must wake for the waiter");
    let effects = rig.step(Input::Tick);
    assert!(
        matches!(effects[..], [Effect::Place { environment, .. }] if environment == fresh),
        "{effects:?}"
    );
}

#[test]
fn after_an_update_old_environments_serve_nobody() {
    let mut rig = Rig::new(Settings::default());
    let old = key("hello", 1);
    let (idle, idle_token) = rig.cold(&old);
    let (busy, busy_token) = rig.cold(&old);
    rig.step(Input::Idle { environment: idle, token: idle_token });
    let retire = Input::Retire {
        account: old.account.clone(),
        region: old.region.clone(),
        function: old.function.clone(),
        version: Some(Version::Latest),
        generation_min: 2,
    };
    let effects = rig.step(retire);
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == idle));
    let (_, _, effects) = rig.acquire(&old);
    assert!(matches!(effects[..], [Effect::Refuse { refusal: Refusal::Stale, .. }]));
    let (_, _, effects) = rig.acquire(&key("hello", 2));
    assert!(matches!(effects[..], [Effect::Place { .. }]));
    let effects = rig.step(Input::Idle { environment: busy, token: busy_token });
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == busy), "{effects:?}");
}

#[test]
fn who_waits_for_an_old_generation_reads_again() {
    let mut rig = Rig::new(Settings::default());
    let old = key("hello", 1);
    let (finishing, token) = rig.cold(&old);
    let (placing, placing_id, _) = rig.acquire(&old);
    let (starting, starting_id, _) = rig.acquire(&old);
    rig.step(Input::Placed { environment: starting_id, worker: WorkerId::new("w") });
    let (queued, queued_id, _) = rig.acquire(&old);
    assert_eq!(rig.step(Input::NotPlaced { environment: queued_id, ever: false }), []);
    rig.step(Input::Finishing { environment: finishing, token });
    let (loose, _, effects) = rig.acquire(&old);
    assert_eq!(effects, []);
    let (other, _, _) = rig.acquire(&key("other", 1));
    let effects = rig.step(Input::Retire {
        account: old.account.clone(),
        region: old.region.clone(),
        function: old.function.clone(),
        version: Some(Version::Latest),
        generation_min: 2,
    });
    let stale = |waiter| Effect::Refuse { waiter, refusal: Refusal::Stale };
    assert_eq!(effects, [placing, starting, queued, loose].map(stale), "all of it, and not {other:?}");
    // What was on its way for them ends as it comes up.
    let effects = rig.step(Input::Placed { environment: placing_id, worker: WorkerId::new("w") });
    assert_eq!(effects, [Effect::Release { environment: placing_id }]);
    let effects = rig.step(Input::Started { environment: starting_id });
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == starting_id));
}

#[test]
fn one_that_is_not_found_is_stopped_and_its_slot_kept_until_its_worker_says_gone() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, first) = rig.cold(&hello);
    rig.step(Input::Idle { environment, token: first });
    assert_eq!(rig.step(Input::NotFound { environment, token: first }), [], "it is idle by now");
    let (_, _, effects) = rig.acquire(&hello);
    let [Effect::Grant { token, .. }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(rig.step(Input::NotFound { environment, token: first }), [], "an older lease");
    let effects = rig.step(Input::NotFound { environment, token });
    assert!(matches!(effects[..], [Effect::Stop { .. }]), "no slot is released: {effects:?}");
    assert_eq!(rig.step(Input::NotFound { environment, token }), [], "twice is once");
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Place { .. }]), "it is granted no more: {effects:?}");
    assert_eq!(rig.step(Input::Gone { environment }), [Effect::Release { environment }]);
}

#[test]
fn a_refused_start_gives_its_room_to_who_waits_for_it() {
    let mut rig = Rig::new(Settings::default());
    let (_, starting, _) = rig.acquire(&key("a", 1));
    rig.step(Input::Placed { environment: starting, worker: WorkerId::new("w") });
    let (_, fresh, _) = rig.acquire(&key("b", 1));
    assert_eq!(rig.step(Input::NotPlaced { environment: fresh, ever: false }), []);
    let effects = rig.step(Input::NotStarted { environment: starting });
    assert!(matches!(effects[..], [Effect::Release { .. }, Effect::Refuse { .. }]), "{effects:?}");
    assert!(matches!(rig.step(Input::Released)[..], [Effect::Place { .. }]));
}

#[test]
fn a_newer_generation_in_an_acquire_retires_the_older_ones() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.cold(&key("hello", 1));
    rig.step(Input::Idle { environment, token });
    let (_, _, effects) = rig.acquire(&key("hello", 5));
    assert!(matches!(effects[..], [Effect::Stop { .. }, Effect::Place { .. }]), "{effects:?}");
}

#[test]
fn a_deleted_function_retires_every_version() {
    let mut rig = Rig::new(Settings::default());
    let published = VersionKey { version: Version::Published(3), ..key("hello", 1) };
    let (environment, token) = rig.cold(&published);
    rig.step(Input::Idle { environment, token });
    let effects = rig.step(Input::Retire {
        account: published.account.clone(),
        region: published.region.clone(),
        function: published.function.clone(),
        version: None,
        generation_min: 9,
    });
    assert!(matches!(effects[..], [Effect::Stop { .. }]));
    let (_, _, effects) = rig.acquire(&published);
    assert!(matches!(effects[..], [Effect::Refuse { refusal: Refusal::Stale, .. }]));
}

#[test]
fn idle_environments_are_reaped_and_their_slots_released() {
    let mut rig = Rig::new(Settings::default());
    let (environment, token) = rig.cold(&key("hello", 1));
    rig.step(Input::Idle { environment, token });
    rig.now = rig.machine.next_deadline().expect("it must wake to reap");
    assert!(matches!(rig.step(Input::Tick)[..], [Effect::Stop { .. }]));
    assert!(matches!(rig.step(Input::Gone { environment })[..], [Effect::Release { .. }]));
    assert_eq!(rig.step(Input::Gone { environment }), [], "twice is once");
    assert_eq!(rig.machine.next_deadline(), None);
    assert!(rig.machine.census().is_empty());
}

#[test]
fn the_concurrency_limit_refuses_and_frees() {
    let mut rig = Rig::new(Settings { concurrency_max: 1, ..Settings::default() });
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Refuse { refusal: Refusal::ConcurrencyLimit, .. }]));
    rig.step(Input::Idle { environment, token });
    let (_, _, effects) = rig.acquire(&hello);
    assert!(matches!(effects[..], [Effect::Grant { .. }]));
}

#[test]
fn without_room_the_longest_idle_gives_way_and_the_waiter_gets_its_slot() {
    let mut rig = Rig::new(Settings::default());
    let (idle, token) = rig.cold(&key("old", 1));
    rig.step(Input::Idle { environment: idle, token });
    let (waiter, fresh, _) = rig.acquire(&key("new", 1));
    let effects = rig.step(Input::NotPlaced { environment: fresh, ever: false });
    assert!(matches!(effects[..], [Effect::Stop { environment, .. }] if environment == idle), "{effects:?}");
    assert_eq!(rig.step(Input::Gone { environment: idle }), [Effect::Release { environment: idle }]);
    let effects = rig.step(Input::Released);
    assert!(matches!(effects[..], [Effect::Place { .. }]), "not before the slot is back: {effects:?}");
    rig.step(Input::NotPlaced { environment: fresh, ever: false });
    rig.now += SECOND;
    let effects = rig.step(Input::Tick);
    assert_eq!(effects, [Effect::Refuse { waiter, refusal: Refusal::NoCapacity }]);
}

#[test]
fn without_room_an_environment_of_its_own_version_that_came_free_is_taken() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, token) = rig.cold(&hello);
    let (_, fresh, _) = rig.acquire(&hello);
    rig.step(Input::Idle { environment, token });
    let effects = rig.step(Input::NotPlaced { environment: fresh, ever: false });
    assert!(matches!(effects[..], [Effect::Grant { environment: granted, .. }] if granted == environment));
}

#[test]
fn versions_that_wait_for_room_take_turns() {
    let mut rig = Rig::new(Settings::default());
    let (environment, _) = rig.cold(&key("holder", 1));
    let (other, _) = rig.cold(&key("holder", 1));
    let mut wait = |function: &str| {
        let (waiter, fresh, _) = rig.acquire(&key(function, 1));
        assert_eq!(rig.step(Input::NotPlaced { environment: fresh, ever: false }), []);
        waiter
    };
    let (_a1, _a2, _b1) = (wait("a"), wait("a"), wait("b"));
    let mut placed = |environment| {
        assert_eq!(rig.step(Input::Gone { environment }), [Effect::Release { environment }]);
        match &rig.step(Input::Released)[..] {
            [Effect::Place { key, .. }] => key.function.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(placed(environment), "a");
    assert_eq!(placed(other), "b", "a has had its turn");
}

#[test]
fn a_waiter_that_left_leaves_nothing_behind() {
    let mut rig = Rig::new(Settings::default());
    let (waiter, environment, _) = rig.acquire(&key("hello", 1));
    rig.step(Input::Cancel { waiter });
    let effects = rig.step(Input::Placed { environment, worker: WorkerId::new("w") });
    assert_eq!(effects, [Effect::Release { environment }]);
    assert!(rig.machine.census().is_empty());

    let (waiter, environment, _) = rig.acquire(&key("hello", 1));
    rig.step(Input::Placed { environment, worker: WorkerId::new("w") });
    rig.step(Input::Cancel { waiter });
    let effects = rig.step(Input::Started { environment });
    assert!(matches!(effects[..], [Effect::Stop { .. }]));
}

#[test]
fn a_report_under_an_older_token_changes_nothing() {
    let mut rig = Rig::new(Settings::default());
    let hello = key("hello", 1);
    let (environment, first) = rig.cold(&hello);
    rig.step(Input::Idle { environment, token: first });
    rig.acquire(&hello);
    assert_eq!(rig.step(Input::Idle { environment, token: first }), []);
    assert_eq!(rig.machine.census()[0].state, "busy");
}

proptest! {
    /// Random inputs, in any order and also nonsensical ones: each environment is granted to one waiter at a
    /// time, every waiter is answered at most once, concurrency holds, and a stale generation is never granted.
    #[test]
    fn no_environment_is_ever_granted_twice(steps in proptest::collection::vec((0u8..17, 0u8..12, 1u64..4), 1..400)) {
        let mut rig = Rig::new(Settings { concurrency_max: 6, waiters_max: 8, ..Settings::default() });
        let mut held: BTreeMap<EnvironmentId, LeaseToken> = BTreeMap::new();
        let mut answered: BTreeSet<WaiterId> = BTreeSet::new();
        let mut made: Vec<(EnvironmentId, VersionKey)> = Vec::new();
        let mut newest = 0;
        for (what, which, generation) in steps {
            let pick = made.get(usize::from(which) % made.len().max(1)).map(|(id, _)| *id);
            let environment = pick.unwrap_or(EnvironmentId([0; 16]));
            let token = held.get(&environment).copied().unwrap_or(LeaseToken(u64::from(which)));
            rig.now += Duration::from_millis(u64::from(which));
            let effects = match what {
                0 | 1 if rig.next < 250 => {
                    let wanted = key("f", generation);
                    let (_, environment, effects) = rig.acquire(&wanted);
                    made.push((environment, wanted));
                    effects
                }
                2 => rig.step(Input::Placed { environment, worker: WorkerId::new("w") }),
                3 => rig.step(Input::NotPlaced { environment, ever: which == 0 }),
                4 => rig.step(Input::Started { environment }),
                5 => rig.step(Input::Finishing { environment, token }),
                6 => rig.step(Input::Idle { environment, token }),
                7 => rig.step(Input::Gone { environment }),
                8 => rig.step(Input::Cancel { waiter: WaiterId(u64::from(which)) }),
                9 => rig.step(Input::NotFound { environment, token }),
                10 => rig.step(Input::Released),
                11 => rig.step(Input::NotStarted { environment }),
                12 => rig.step(Input::MaybeStarted { environment }),
                13 => rig.step(Input::Unreached { worker: WorkerId::new("w") }),
                14 => rig.step(Input::Draining { worker: WorkerId::new("w"), draining: which < 2 }),
                15 => rig.step(Input::Connected { worker: WorkerId::new("w") }),
                _ => rig.step(Input::Tick),
            };
            // What a report ended is no longer held; the machine's own census says so.
            let rows = rig.machine.census();
            let granted_now: BTreeSet<EnvironmentId> = effects.iter().filter_map(|effect| match effect { Effect::Grant { environment, .. } => Some(*environment), _ => None }).collect();
            held.retain(|id, _| rows.iter().any(|row| row.environment == *id && matches!(row.state, "busy" | "finishing")) && !(granted_now.contains(id) && *id == environment && matches!(what, 6)));
            for effect in effects {
                match effect {
                    Effect::Grant { waiter, environment, token, .. } => {
                        prop_assert!(answered.insert(waiter), "a waiter is answered once");
                        prop_assert!(held.insert(environment, token).is_none(), "one holder at a time");
                        let (_, key) = made.iter().find(|(id, _)| *id == environment).expect("known");
                        newest = newest.max(key.generation);
                    }
                    Effect::Refuse { waiter, .. } => prop_assert!(answered.insert(waiter)),
                    _ => {}
                }
            }
            let settings = Settings { concurrency_max: 6, ..Settings::default() };
            prop_assert_eq!(invariants::counts_within(&rig.machine, &settings), Ok(()));
        }
    }
}
