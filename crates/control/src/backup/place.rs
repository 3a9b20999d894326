//! What becomes of a function of an export where there may be one of its name: pure, so that it can be tried at length.
//!
//! | of the export | not used here | deleted here | live here |
//! |---|---|---|---|
//! | live | as it is | raised above what was given here | the same: left alone; else in the way, or raised and replacing |
//! | deleted | as it is | the higher numbers | left alone |
//!
//! Raised: to every generation the last one that was given here is added, so that their order stays and each is above
//! all that any leader, worker or environment of this platform can know of the name.

use super::archive::{COUNTER_MAX, Stored};
use crate::model::{Counters, Current, Function, Provision, Reservation, VersionState};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Placed {
    /// Nothing is to be done.
    Same,
    /// Another function is there.
    InTheWay,
    /// Numbers that are all used up.
    Exhausted,
    Write {
        counters: Counters,
        function: Option<Box<Function>>,
    },
}

pub(super) fn place(current: &Current, stored: &Stored, replace: bool) -> Placed {
    let (here, there) = (current.counters, stored.counters);
    let version = here.version.max(there.version);
    let Some(function) = &stored.function else {
        let counters = Counters { generation: here.generation.max(there.generation), version };
        return match &current.function {
            None if counters != here => Placed::Write { counters, function: None },
            _ => Placed::Same,
        };
    };
    if let Some(before) = &current.function {
        if here.version >= there.version && is_same(before, function) {
            return Placed::Same;
        }
        if !replace {
            return Placed::InTheWay;
        }
    }
    let by = here.generation;
    if by.checked_add(there.generation).is_none_or(|last| last > COUNTER_MAX) {
        return Placed::Exhausted;
    }
    let counters = Counters { generation: there.generation + by, version };
    let published = function.published.iter().map(|(number, state)| (*number, raised(state, by))).collect();
    let function = Function {
        id: function.id.clone(),
        counters,
        incarnation: function.incarnation + by,
        tags: function.tags.clone(),
        reservation: Reservation { at: function.reservation.at + by, ..function.reservation },
        latest: raised(&function.latest, by),
        published,
    };
    Placed::Write { counters, function: Some(Box::new(function)) }
}

fn raised(state: &VersionState, by: u64) -> Arc<VersionState> {
    let mut state = VersionState { generation: state.generation + by, ..state.clone() };
    // 0: never.
    state.provision.at += if state.provision.at > 0 { by } else { 0 };
    Arc::new(state)
}

/// But for generations, which an import may have raised.
fn is_same(here: &Function, there: &Function) -> bool {
    let same = |(a, b): (&Arc<VersionState>, &Arc<VersionState>)| {
        let provision = Provision { at: b.provision.at, ..a.provision };
        VersionState { generation: b.generation, provision, ..VersionState::clone(a) } == **b
    };
    here.id == there.id
        && here.tags == there.tags
        && here.reservation.reserved == there.reservation.reserved
        && here.published.keys().eq(there.published.keys())
        && same((&here.latest, &there.latest))
        && here.published.values().zip(there.published.values()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Code, FunctionId, Optimisation};
    use fabric::Scope;
    use fabric::control::{FunctionConfig, LoggingConfig};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use substrate::Revision;
    use types::{AccountId, CodeDigest, FunctionName, Region, RevisionId};

    fn state(generation: u64, revision: &str) -> Arc<VersionState> {
        let logging = LoggingConfig {
            format: "Text".into(),
            group: "/aws/lambda/f".into(),
            application_level: None,
            system_level: None,
        };
        let config = FunctionConfig {
            runtime: "python3.13".into(),
            handler: "app.handler".into(),
            role: "role".into(),
            description: String::new(),
            timeout_seconds: 3,
            memory_mb: 128,
            ephemeral_storage_mb: 512,
            architecture: "x86_64".into(),
            environment: None,
            logging,
            tracing_mode: "PassThrough".into(),
            snap_start: Default::default(),
        };
        Arc::new(VersionState {
            generation,
            config,
            code: Code { digest: CodeDigest::new("x"), bytes: 1 },
            last_modified_ms: 0,
            revision: RevisionId::new(revision),
            source_description: None,
            optimisation: Optimisation::Off,
            provision: Provision { at: generation, wanted: 2, modified_ms: 1 },
        })
    }

    fn stored(generation: u64, versions: u64, revision: &str) -> Stored {
        let scope = Scope { account: AccountId::new("000000000000"), region: Region::new("eu-central-1") };
        let id = FunctionId { scope, name: FunctionName::new("f") };
        let counters = Counters { generation: generation + versions, version: versions };
        let published = (1..=versions).map(|number| (number, state(generation + number, "v"))).collect();
        let (incarnation, tags, latest) = (generation, BTreeMap::new(), state(generation, revision));
        let reservation = Reservation { at: generation, reserved: Some(1) };
        let function =
            Function { id: id.clone(), counters, incarnation, tags, reservation, latest, published };
        Stored { id, counters, function: Some(function) }
    }

    fn current(stored: &Stored) -> Current {
        let (counters, function) = (stored.counters, stored.function.clone().map(Arc::new));
        Current { at: Some(Revision(1)), counters, function }
    }

    proptest! {
        #[test]
        fn whatever_was_there_every_generation_is_above_it_and_the_second_time_nothing_is_done(
            here in prop::option::of((1_u64..1_000, 0_u64..5, any::<bool>())),
            there in (1_u64..1_000, 0_u64..5),
        ) {
            let before = here.map(|(generation, versions, live)| {
                let mut current = current(&stored(generation, versions, "other"));
                current.function = current.function.filter(|_| live);
                current
            });
            let before = before.unwrap_or_default();
            let stored = stored(there.0, there.1, "ours");
            let Placed::Write { counters, function } = place(&before, &stored, true) else {
                return Err(TestCaseError::fail("it is written"));
            };
            let function = function.expect("live");
            for (_, state) in function.versions() {
                prop_assert!(state.generation > before.counters.generation);
                prop_assert!(state.generation <= counters.generation);
                prop_assert!(state.provision.at > before.counters.generation);
            }
            prop_assert!(function.incarnation > before.counters.generation);
            prop_assert!(function.reservation.at > before.counters.generation);
            prop_assert!(counters.version >= before.counters.version.max(there.1));
            if before.at.is_none() {
                prop_assert_eq!(Some(function.as_ref()), stored.function.as_ref());
            }
            let after = Current { at: Some(Revision(2)), counters, function: Some(Arc::from(function)) };
            prop_assert_eq!(place(&after, &stored, true), Placed::Same);
            prop_assert_eq!(place(&after, &stored, false), Placed::Same);
        }
    }

    #[test]
    fn another_function_is_in_the_way_and_a_deleted_one_only_hands_on_its_numbers() {
        let (ours, other) = (stored(3, 2, "ours"), stored(7, 1, "other"));
        assert_eq!(place(&current(&other), &ours, false), Placed::InTheWay);
        let gone = Stored { function: None, ..ours.clone() };
        assert_eq!(place(&current(&other), &gone, true), Placed::Same, "an import deletes nothing");
        let raised = Counters { generation: 9, version: 2 };
        let mut tombstone =
            current(&Stored { counters: Counters { generation: 9, version: 1 }, ..gone.clone() });
        let written = Placed::Write { counters: raised, function: None };
        assert_eq!(place(&tombstone, &gone, false), written);
        tombstone.counters = raised;
        assert_eq!(place(&tombstone, &gone, false), Placed::Same);
        tombstone.counters.generation = COUNTER_MAX;
        assert_eq!(place(&tombstone, &ours, true), Placed::Exhausted);
    }
}
