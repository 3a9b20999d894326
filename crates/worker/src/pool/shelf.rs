//! What to keep ready, decided without a clock or any IO.
//!
//! ```text
//!                 take, first            made                      take
//! kind: unknown ───────────► wanted(2) ───────► waiting rooms ───────────► given away, one more wanted
//!                               ▲   take finds none: twice as many wanted, up to the bound  │
//!                               └───────────────────────────────────────────────────────────┘
//! any ── no take for `idle_max` ──► forgotten, its rooms are ended (final until the next take)
//! ```

use super::{Kind, Settings};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::time::Duration;
use world::Instant;

/// Wanted of a kind that was used once: one start seldom comes alone.
const WANTED_FIRST: usize = 2;

/// Rooms by kind. `R` is a room.
pub(super) struct Shelf<R> {
    settings: Settings,
    kinds: FxHashMap<Kind, Entry<R>>,
    bytes: u64,
    last_take: Instant,
    closed: bool,
}

struct Entry<R> {
    /// Oldest first. With the memory that each uses.
    rooms: VecDeque<(R, u64)>,
    wanted: usize,
    taken: Instant,
    /// Making one failed: not tried again before the next take.
    broken: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Make(Kind),
    /// Nothing for so long, or until something is taken.
    Wait(Option<Duration>),
}

impl<R> Shelf<R> {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, kinds: FxHashMap::default(), bytes: 0, last_take: Instant::default(), closed: false }
    }

    /// A room of this kind, if one waits. Either way more of them will be wanted.
    pub(super) fn take(&mut self, now: Instant, kind: &Kind) -> Option<R> {
        if self.closed || self.settings.rooms_max == 0 {
            return None;
        }
        self.last_take = now;
        let kind_rooms_max = self.settings.kind_rooms_max;
        let Some(entry) = self.kinds.get_mut(kind) else {
            let wanted = WANTED_FIRST.min(kind_rooms_max);
            let entry = Entry { rooms: VecDeque::new(), wanted, taken: now, broken: false };
            self.kinds.insert(kind.clone(), entry);
            return None;
        };
        entry.taken = now;
        entry.broken = false;
        let Some((room, bytes)) = entry.rooms.pop_front() else {
            entry.wanted = (entry.wanted * 2).min(kind_rooms_max);
            return None;
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(room)
    }

    /// Puts a room that was made on its shelf; gives it back if there is no place for it any more.
    pub(super) fn put(&mut self, kind: &Kind, room: R, bytes: u64) -> Option<R> {
        let fits = self.has_place(self.bytes.saturating_add(bytes));
        match self.kinds.get_mut(kind) {
            Some(entry) if !self.closed && fits && entry.rooms.len() < entry.wanted => {
                entry.rooms.push_back((room, bytes));
                self.bytes += bytes;
                None
            }
            entry => {
                if let Some(entry) = entry {
                    // What does not fit now would not fit again at once.
                    entry.broken |= !fits;
                }
                Some(room)
            }
        }
    }

    /// Making one did not work.
    pub(super) fn failed(&mut self, kind: &Kind) {
        if let Some(entry) = self.kinds.get_mut(kind) {
            entry.broken = true;
        }
    }

    /// Rooms whose time is over.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<R> {
        let idle_max = self.settings.idle_max;
        let mut ended = Vec::new();
        let mut bytes = 0;
        self.kinds.retain(|_, entry| {
            let keep = now.since(entry.taken) < idle_max;
            if !keep {
                for (room, used) in entry.rooms.drain(..) {
                    bytes += used;
                    ended.push(room);
                }
            }
            keep
        });
        self.bytes = self.bytes.saturating_sub(bytes);
        ended
    }

    /// A room is made only while nothing starts, so that it costs no start its processor: what was asked for last,
    /// first.
    pub(super) fn next(&self, now: Instant) -> Next {
        let quiet = now.since(self.last_take);
        if self.closed || self.kinds.is_empty() {
            return Next::Wait(None);
        }
        let lacking =
            self.kinds.iter().filter(|(_, entry)| !entry.broken && entry.rooms.len() < entry.wanted);
        if let Some((kind, _)) = lacking.max_by_key(|(_, entry)| entry.taken)
            && self.has_place(self.bytes)
        {
            return match self.settings.quiet.checked_sub(quiet) {
                Some(rest) if !rest.is_zero() => Next::Wait(Some(rest)),
                _ => Next::Make(kind.clone()),
            };
        }
        let oldest = self.kinds.values().map(|entry| now.since(entry.taken)).max().unwrap_or_default();
        Next::Wait(Some(self.settings.idle_max.saturating_sub(oldest)))
    }

    /// Takes nothing more; all rooms.
    pub(super) fn close(&mut self) -> Vec<R> {
        self.closed = true;
        self.bytes = 0;
        std::mem::take(&mut self.kinds)
            .into_values()
            .flat_map(|entry| entry.rooms)
            .map(|(room, _)| room)
            .collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.values().map(|entry| entry.rooms.len()).sum()
    }

    fn has_place(&self, bytes: u64) -> bool {
        self.len() < self.settings.rooms_max && bytes < self.settings.memory_bytes_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn shelf() -> Shelf<u32> {
        Shelf::new(Settings {
            rooms_max: 6,
            kind_rooms_max: 4,
            memory_bytes_max: 100 * MB,
            idle_max: Duration::from_secs(60),
            quiet: Duration::from_millis(50),
        })
    }

    fn kind(name: &str) -> Kind {
        Kind { mounts: Vec::new(), ahead: None, name: name.to_owned() }
    }

    fn at(ms: u64) -> Instant {
        Instant(ms * 1_000_000)
    }

    /// Makes what is wanted until the shelf waits; how many.
    fn fill(shelf: &mut Shelf<u32>, now: Instant, bytes: u64) -> u32 {
        let mut made = 0;
        while let Next::Make(kind) = shelf.next(now) {
            made += 1;
            if shelf.put(&kind, made, bytes).is_some() {
                return made - 1;
            }
        }
        made
    }

    #[test]
    fn nothing_is_kept_of_what_nobody_used() {
        assert_eq!(shelf().next(at(0)), Next::Wait(None));
    }

    #[test]
    fn the_first_use_finds_none_and_later_ones_find_more_the_more_they_are() {
        let mut shelf = shelf();
        assert_eq!(shelf.take(at(0), &kind("a")), None);
        assert_eq!(
            shelf.next(at(10)),
            Next::Wait(Some(Duration::from_millis(40))),
            "not while something starts"
        );
        assert_eq!(fill(&mut shelf, at(50), MB), 2);
        assert_eq!((shelf.take(at(60), &kind("a")), shelf.take(at(60), &kind("a"))), (Some(1), Some(2)));
        assert_eq!(shelf.take(at(60), &kind("a")), None);
        assert_eq!(fill(&mut shelf, at(200), MB), 4);
        for _ in 0..4 {
            assert!(shelf.take(at(300), &kind("a")).is_some());
        }
        assert_eq!(shelf.take(at(300), &kind("a")), None);
        assert_eq!(fill(&mut shelf, at(400), MB), 4, "bounded by kind");
    }

    #[test]
    fn rooms_and_memory_are_bounded_over_all_kinds() {
        let mut shelf = shelf();
        for name in ["a", "b", "c", "d"] {
            shelf.take(at(0), &kind(name));
        }
        assert_eq!(fill(&mut shelf, at(100), MB), 6);
        let mut shelf = self::shelf();
        shelf.take(at(0), &kind("a"));
        assert_eq!(fill(&mut shelf, at(100), 60 * MB), 1, "the second would not fit");
        assert!(matches!(shelf.next(at(100)), Next::Wait(Some(_))), "and is not tried again and again");
    }

    #[test]
    fn what_nobody_uses_any_more_is_ended_and_forgotten() {
        let mut shelf = shelf();
        shelf.take(at(0), &kind("a"));
        shelf.take(at(30_000), &kind("b"));
        fill(&mut shelf, at(30_100), MB);
        assert!(shelf.expired(at(59_999)).is_empty());
        assert_eq!(shelf.expired(at(60_000)).len(), 2);
        assert_eq!(shelf.next(at(60_000)), Next::Wait(Some(Duration::from_secs(30))));
        assert_eq!(shelf.expired(at(90_000)).len(), 2);
        assert_eq!((shelf.next(at(90_000)), shelf.len()), (Next::Wait(None), 0));
    }

    #[test]
    fn a_kind_that_can_not_be_made_is_tried_again_only_when_it_is_asked_for() {
        let mut shelf = shelf();
        shelf.take(at(0), &kind("a"));
        shelf.failed(&kind("a"));
        assert!(matches!(shelf.next(at(100)), Next::Wait(Some(_))));
        shelf.take(at(200), &kind("a"));
        assert_eq!(shelf.next(at(300)), Next::Make(kind("a")));
    }

    #[test]
    fn a_closed_shelf_gives_and_takes_nothing() {
        let mut shelf = shelf();
        shelf.take(at(0), &kind("a"));
        fill(&mut shelf, at(100), MB);
        assert_eq!(shelf.close().len(), 2);
        assert_eq!((shelf.take(at(200), &kind("a")), shelf.put(&kind("a"), 9, MB)), (None, Some(9)));
        assert_eq!(shelf.next(at(300)), Next::Wait(None));
    }
}
