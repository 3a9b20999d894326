//! Pause and resume: a group that is told to stand still is looked at until it does.
//!
//! ```text
//!            Pause                       nothing moves
//! (running) ───────▶ Freezing ──────────────────────────▶ (still: the pause is answered)
//!     ▲  Resume, or    │   │ ▲  told again at each look
//!     ├──FREEZE_MS_MAX─┤   └─┘
//!     │                │ not still for long    ▲
//!     └─ Resume, or ── Loose ──────────────────┘ after a moment
//!        FREEZE_MS_MAX
//! ```
//! The freezer of version 1 is told more than once, for its kernel marks each task at the moment of the write, and forgets
//! two kinds. One that begins to wait for the child of its vfork at this moment sleeps on unmarked, and its child, frozen
//! before its exec, does not wake it: the next write marks it. (Of 1,000 pauses of shells that start programs on a busy
//! machine 6 stuck for good after one write; all 6 were done with the next.) And one that execs with threads that are frozen
//! waits for their end, which they come to only when all are let go on for a moment. Version 2 knows both; being told again
//! does nothing there.
//!
//! A task must run to come to its stop, and a group that used up its quota, or has a small share beside busy neighbours, does
//! not for long. So one that does not stand still at once has the processor before others, for a moment: what runs then is
//! the kernel's part alone, for whatever comes back from there stops. (A group of 128 MB with 30 busy tasks, on two
//! processors that others fill: 350 to 500 ms at the 99th percentile, and 11 to 19 so.)

use super::super::protocol::{Answer, Failure, FromSpawner};
use super::{Spawner, now_ms};
use crate::process::cgroup::Pace;
use std::collections::VecDeque;

/// Longer than any call of the kernel that can not be interrupted takes on a host that works. Whoever wants the environment
/// before does not wait for it: a resume overtakes.
const FREEZE_MS_MAX: u64 = 10_000;
/// Most pauses are done by then, and need no other share.
const HASTEN_AFTER_MS: u64 = 2;
/// When all are let go on, at their own share again, for the first time; then after twice as long, and so on, so that a
/// group that is only slow comes to its end.
const LOOSE_AFTER_MS: u64 = 128;
/// For which part of the time that was tried: on a host so busy that the trying took long, a moment is long too.
const LOOSE_PART: u64 = 16;

/// Pauses that wait for one environment. A worker asks again each time that user code, not yet frozen, wakes it, and then
/// nobody waits for the older ones.
const PAUSES_MAX: usize = 16;

/// A group on its way, and the pauses that are owed an answer.
pub(super) struct Freezing {
    ids: VecDeque<u64>,
    key: u64,
    since_ms: u64,
    turn: Turn,
    /// While it is hastened: what is to be put back. It is hastened once, for a moment, lest user code that knows how not
    /// to stop gains by it.
    pace: Option<Pace>,
    hastened: bool,
}

impl Freezing {
    fn new(id: u64, key: u64) -> Self {
        let since_ms = now_ms();
        Self {
            ids: VecDeque::from([id]),
            key,
            since_ms,
            turn: Turn::begin(since_ms),
            pace: None,
            hastened: false,
        }
    }

    /// One more waits for it; the one that waits no more.
    fn join(&mut self, id: u64) -> Option<u64> {
        self.ids.push_back(id);
        if self.ids.len() > PAUSES_MAX { self.ids.pop_front() } else { None }
    }
}

/// What is done with the group, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Hold { until_ms: u64 },
    Loose { until_ms: u64 },
}

impl Turn {
    /// The first one.
    fn begin(since_ms: u64) -> Self {
        Self::Hold { until_ms: since_ms + LOOSE_AFTER_MS }
    }

    fn next(self, since_ms: u64, now_ms: u64) -> Self {
        let tried_ms = now_ms.saturating_sub(since_ms);
        match self {
            Self::Hold { until_ms } if now_ms >= until_ms => {
                Self::Loose { until_ms: now_ms + tried_ms / LOOSE_PART }
            }
            Self::Loose { until_ms } if now_ms >= until_ms => Self::Hold { until_ms: now_ms + tried_ms },
            same => same,
        }
    }
}

impl Spawner {
    /// Answers when every task inside stands still, not when the kernel was told.
    pub(super) fn pause(&mut self, id: u64, key: u64) {
        match self.freezer(key, true) {
            Err(failure) => self.reply(id, Err(failure), Vec::new()),
            Ok(()) => {
                let overtaken = match self.freezing.iter_mut().find(|one| one.key == key) {
                    Some(one) => one.join(id),
                    None => {
                        self.freezing.push(Freezing::new(id, key));
                        None
                    }
                };
                if let Some(pause) = overtaken {
                    self.reply(pause, Err(freezer_failed("too many pauses at once")), Vec::new());
                }
                self.look_at_freezing();
            }
        }
    }

    pub(super) fn resume(&mut self, id: u64, key: u64) {
        // A pause that was not done yet is not done any more.
        let overtaken: Vec<Freezing> = self.freezing.extract_if(.., |one| one.key == key).collect();
        for mut one in overtaken {
            self.put_back(&mut one);
            for pause in one.ids {
                self.reply(pause, Err(freezer_failed("it was resumed meanwhile")), Vec::new());
            }
        }
        let answer = self.freezer(key, false).map(|()| Answer::Done);
        self.reply(id, answer, Vec::new());
    }

    fn freezer(&mut self, key: u64, freeze: bool) -> Result<(), Failure> {
        let can = self.host.capabilities.pause;
        let group = self.live(key).map(|environment| environment.group.clone())?;
        if !can {
            return Err(Failure::Unsupported);
        }
        let tree = self.host.tree.as_ref();
        let done = if freeze { tree.freeze(&group) } else { tree.thaw(&group) };
        done.map_err(freezer_failed)
    }

    /// Answers those that stand still, are gone, or would not stand still.
    pub(super) fn look_at_freezing(&mut self) {
        for mut one in std::mem::take(&mut self.freezing) {
            let answer = match self.look_at(&mut one) {
                Ok(false) if now_ms() < one.since_ms + FREEZE_MS_MAX => {
                    self.freezing.push(one);
                    continue;
                }
                Ok(true) => Ok(Answer::Done),
                Ok(false) => Err(freezer_failed("not every task came to a stop in time")),
                Err(failure) => Err(failure),
            };
            self.put_back(&mut one);
            if answer.is_err() {
                // A task in the midst of the kernel may not stop for long. All are let go on: half frozen is no state.
                drop(self.freezer(one.key, false));
            }
            for id in one.ids {
                self.reply(id, answer.clone(), Vec::new());
            }
        }
    }

    /// Whether it stands still; if not, tells it again.
    fn look_at(&mut self, one: &mut Freezing) -> Result<bool, Failure> {
        let group = self.live(one.key)?.group.clone();
        let (tree, now) = (self.host.tree.as_ref(), now_ms());
        if matches!(one.turn, Turn::Hold { .. }) && tree.is_frozen(&group).map_err(freezer_failed)? {
            return Ok(true);
        }
        if !one.hastened && now >= one.since_ms + HASTEN_AFTER_MS {
            one.hastened = true;
            // Not what could not be put back.
            one.pace = tree.pace(&group).ok();
            if one.pace.is_some() {
                drop(tree.hasten(&group));
            }
        }
        one.turn = one.turn.next(one.since_ms, now);
        let told = match one.turn {
            Turn::Hold { .. } => tree.freeze(&group),
            Turn::Loose { .. } => tree.thaw(&group),
        };
        if matches!(one.turn, Turn::Loose { .. }) {
            self.put_back(one);
        }
        told.map(|()| false).map_err(freezer_failed)
    }

    /// Its own share again. One that is ending keeps what it was given, to end sooner.
    fn put_back(&mut self, one: &mut Freezing) {
        let Some(pace) = one.pace.take() else { return };
        let Ok(group) = self.live(one.key).map(|environment| environment.group.clone()) else { return };
        if let Err(error) = self.host.tree.set_pace(&group, &pace) {
            self.tell(&FromSpawner::Warning(format!("control group: {error}")), Vec::new());
        }
    }

    /// Other limits are about to be set: the old ones must not come back after them.
    pub(super) fn put_back_before_binding(&mut self, key: u64) {
        for mut one in std::mem::take(&mut self.freezing) {
            if one.key == key {
                self.put_back(&mut one);
            }
            self.freezing.push(one);
        }
    }
}

fn freezer_failed(reason: impl std::fmt::Display) -> Failure {
    Failure::Host { step: "freezer".to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_pauses_without_end_the_newest_wait() {
        let mut freezing = Freezing::new(0, 7);
        let overtaken: Vec<u64> = (1..100).filter_map(|id| freezing.join(id)).collect();
        assert_eq!(overtaken, (0..100 - PAUSES_MAX as u64).collect::<Vec<_>>());
        assert_eq!(freezing.ids.back(), Some(&99));
    }

    #[test]
    fn what_does_not_stand_still_is_held_ever_longer_and_let_go_on_in_between() {
        let mut turn = Turn::begin(1_000);
        let mut changes = Vec::new();
        for now in 1_000..1_000 + FREEZE_MS_MAX {
            let next = turn.next(1_000, now);
            if next != turn {
                changes.push((now - 1_000, matches!(next, Turn::Loose { .. })));
            }
            turn = next;
        }
        let moments: Vec<u64> = changes.iter().map(|(at, _)| *at).collect();
        assert_eq!(moments, [128, 136, 272, 289, 578, 614, 1_228, 1_304, 2_608, 2_771, 5_542, 5_888]);
        assert!(changes.iter().enumerate().all(|(idx, (_, loose))| *loose == (idx % 2 == 0)));
        assert!(matches!(turn, Turn::Hold { .. }), "the last word is not to go on");
    }
}
