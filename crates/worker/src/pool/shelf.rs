//! What to keep ready, decided without a clock or any IO.
//!
//! ```text
//!                 take, first            made                      take
//! kind: unknown ───────────► wanted(2) ───────► waiting rooms ───────────► given away, one more wanted
//!                               ▲   take finds none: twice as many wanted, up to the bound  │
//!                               └───────────────────────────────────────────────────────────┘
//!       more than half of them never taken for `ease` ──► half as many wanted, the others are ended
//!       no place for a kind that was used later ──► one of its rooms is ended
//! any ── no take for `idle_max` ──► forgotten, its rooms are ended (final until the next take)
//! ```
//!
//! Kinds that are in use side by side share the places evenly: the kind used longest ago gives a room to one that has
//! fewer. One that was not used for `ease` gives all.

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
    /// When `wanted` was last looked at, and the fewest rooms that were left by a take since.
    eased: Instant,
    spare: usize,
    /// Of its last room, bytes.
    size: u64,
    /// Making one failed: not tried again before the next take.
    broken: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Make(Kind),
    /// One room of this kind: a kind that was used later lacks its place.
    End(Kind),
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
            self.kinds.insert(kind.clone(), Entry::new(now, wanted));
            return None;
        };
        entry.taken = now;
        entry.broken = false;
        let Some((room, bytes)) = entry.rooms.pop_front() else {
            entry.wanted = (entry.wanted * 2).min(kind_rooms_max);
            entry.spare = 0;
            return None;
        };
        entry.spare = entry.spare.min(entry.rooms.len());
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(room)
    }

    /// Puts a room that was made on its shelf; gives it back if there is no place for it any more.
    pub(super) fn put(&mut self, kind: &Kind, room: R, bytes: u64) -> Option<R> {
        let fits = self.has_place(bytes);
        let Some(entry) = self.kinds.get_mut(kind) else { return Some(room) };
        entry.size = bytes;
        // One that fits nowhere is not tried again and again, nor is place made for it.
        entry.broken |= bytes >= self.settings.memory_bytes_max;
        if self.closed || !fits || entry.rooms.len() >= entry.wanted {
            return Some(room);
        }
        entry.rooms.push_back((room, bytes));
        self.bytes += bytes;
        None
    }

    /// The room that has waited longest, so that another kind has its place.
    pub(super) fn give_up(&mut self, kind: &Kind) -> Option<R> {
        let entry = self.kinds.get_mut(kind)?;
        let (room, bytes) = entry.rooms.pop_front()?;
        // Not made again at once.
        entry.wanted = entry.rooms.len().max(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(room)
    }

    /// Making one did not work.
    pub(super) fn failed(&mut self, kind: &Kind) {
        if let Some(entry) = self.kinds.get_mut(kind) {
            entry.broken = true;
        }
    }

    /// Rooms whose time is over, and those that are more than is wanted by now.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<R> {
        let (idle_max, ease) = (self.settings.idle_max, self.settings.ease);
        let mut ended = Vec::new();
        let mut bytes = 0;
        self.kinds.retain(|_, entry| {
            let keep = now.since(entry.taken) < idle_max;
            if keep {
                entry.ease(now, ease);
            }
            let surplus =
                if keep { entry.rooms.len().saturating_sub(entry.wanted) } else { entry.rooms.len() };
            for (room, used) in entry.rooms.drain(..surplus) {
                bytes += used;
                ended.push(room);
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
        if let Some((kind, entry)) = lacking.max_by_key(|(_, entry)| entry.taken) {
            let does = match self.has_place(entry.size) {
                true => Some(Next::Make(kind.clone())),
                false => self.gives_place(now, kind, entry).map(Next::End),
            };
            if let Some(does) = does {
                return match self.settings.quiet.checked_sub(quiet) {
                    Some(rest) if !rest.is_zero() => Next::Wait(Some(rest)),
                    _ => does,
                };
            }
        }
        let due = self.kinds.values().map(|entry| entry.due(now, &self.settings)).min();
        Next::Wait(Some(due.unwrap_or(self.settings.idle_max)))
    }

    /// Of the others with rooms the one used longest ago, if it was used before `entry` and has no need of its last ones.
    fn gives_place(&self, now: Instant, kind: &Kind, entry: &Entry<R>) -> Option<Kind> {
        let others = self.kinds.iter().filter(|(other, one)| *other != kind && !one.rooms.is_empty());
        let (other, one) = others.min_by_key(|(_, one)| one.taken)?;
        let unused = now.since(one.taken) >= self.settings.ease;
        let more = one.rooms.len() > entry.rooms.len() + 1;
        (one.taken < entry.taken && (unused || more)).then(|| other.clone())
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

    /// For one more of this size.
    fn has_place(&self, bytes: u64) -> bool {
        let after = self.bytes.saturating_add(bytes);
        self.len() < self.settings.rooms_max && after < self.settings.memory_bytes_max
    }
}

impl<R> Entry<R> {
    fn new(now: Instant, wanted: usize) -> Self {
        let rooms = VecDeque::new();
        Self { rooms, wanted, taken: now, eased: now, spare: usize::MAX, size: 0, broken: false }
    }

    /// Half as many are wanted if the others were of no use for so long.
    fn ease(&mut self, now: Instant, ease: Duration) {
        if now.since(self.eased) < ease {
            return;
        }
        if self.spare.saturating_mul(2) >= self.wanted && self.wanted > WANTED_FIRST {
            self.wanted = (self.wanted / 2).max(WANTED_FIRST);
        }
        (self.eased, self.spare) = (now, usize::MAX);
    }

    /// Until there is something to decide about it.
    fn due(&self, now: Instant, settings: &Settings) -> Duration {
        let forgotten = settings.idle_max.saturating_sub(now.since(self.taken));
        let eased = settings.ease.saturating_sub(now.since(self.eased));
        if self.wanted > WANTED_FIRST { forgotten.min(eased) } else { forgotten }
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
            ease: Duration::from_secs(10),
        })
    }

    fn kind(name: &str) -> Kind {
        Kind { memory_mb: 128, mounts: Vec::new(), ahead: None, name: name.to_owned() }
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

    /// Does what the shelf says until it waits.
    fn settle(shelf: &mut Shelf<u32>, now: Instant, bytes: u64) {
        for _ in 0..100 {
            match shelf.next(now) {
                Next::Make(kind) => drop(shelf.put(&kind, 0, bytes)),
                Next::End(kind) => assert!(shelf.give_up(&kind).is_some()),
                Next::Wait(_) => return,
            }
        }
        panic!("it does not come to rest");
    }

    fn waiting(shelf: &Shelf<u32>, name: &str) -> usize {
        shelf.kinds.get(&kind(name)).map_or(0, |entry| entry.rooms.len())
    }

    #[test]
    fn a_kind_that_is_newly_hot_gets_places_from_the_one_used_longest_ago() {
        let mut shelf = shelf();
        for name in ["a", "a", "b", "b"] {
            shelf.take(at(0), &kind(name));
        }
        settle(&mut shelf, at(100), MB);
        assert_eq!(waiting(&shelf, "a") + waiting(&shelf, "b"), 6, "all places are taken");
        shelf.take(at(200), &kind("c"));
        assert!(matches!(shelf.next(at(210)), Next::Wait(_)), "not while something starts");
        settle(&mut shelf, at(300), MB);
        assert!(waiting(&shelf, "c") >= 1, "at once, and not when the others are forgotten");
        assert!(waiting(&shelf, "a") >= 1 && waiting(&shelf, "b") >= 1, "they are in use as well");
        // The others rest: it has what it wants.
        shelf.take(at(11_000), &kind("c"));
        shelf.take(at(11_000), &kind("c"));
        settle(&mut shelf, at(11_100), MB);
        assert!(waiting(&shelf, "c") >= 2);
    }

    #[test]
    fn place_is_made_when_memory_is_what_lacks_and_not_for_one_that_can_never_fit() {
        let mut shelf = shelf();
        shelf.take(at(0), &kind("a"));
        settle(&mut shelf, at(100), 45 * MB);
        assert_eq!(waiting(&shelf, "a"), 2);
        shelf.take(at(20_000), &kind("b"));
        settle(&mut shelf, at(20_100), 45 * MB);
        assert!(waiting(&shelf, "b") >= 1);
        shelf.take(at(40_000), &kind("c"));
        settle(&mut shelf, at(40_100), 200 * MB);
        assert!(shelf.len() >= 1, "nothing more is ended for it than it takes to find out");
    }

    #[test]
    fn of_what_is_wanted_the_half_that_is_never_taken_is_given_up_after_a_while() {
        let mut shelf = shelf();
        for _ in 0..3 {
            shelf.take(at(0), &kind("a"));
        }
        assert_eq!(fill(&mut shelf, at(100), MB), 4);
        assert!(shelf.expired(at(10_000)).is_empty(), "they were lacking");
        // One at a time from now on: three are never taken.
        shelf.take(at(12_000), &kind("a"));
        fill(&mut shelf, at(12_100), MB);
        assert_eq!(shelf.next(at(12_100)), Next::Wait(Some(Duration::from_millis(7_900))));
        assert_eq!(shelf.expired(at(20_000)).len(), 2);
        assert_eq!(
            (waiting(&shelf, "a"), shelf.next(at(20_000))),
            (2, Next::Wait(Some(Duration::from_secs(52))))
        );
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
