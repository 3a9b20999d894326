//! Which versions to keep how much of, decided without a clock or any IO.
//!
//! ```text
//!               listed                   made                          take
//! (no version) ───────► lacking(1) ─────────────► kept rooms ───────────────► given away, one more is made
//!      ▲                  ▲  │ init fails           │  ▲  take finds none: twice as many wanted, up to the bound
//!      │                  │  ▼                      │  └──────────────────────────────────────────┘
//!      │                  │ broken (until a take)   │ nothing lacked for `ease` ──► half as many wanted
//!      │                  └─────────────────────────┤ another version lacks its place ──► one is ended
//!      └── not listed any more ─────────────────────┘
//! ```
//! A version that is Pending is made once whatever the bounds say, so that it becomes Active or Failed.

use super::Settings;
use fabric::control::Preparation;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::time::Duration;
use types::VersionKey;
use world::Instant;

/// Rooms by version. `R` is a room.
pub(super) struct Shelf<R> {
    settings: Settings,
    versions: FxHashMap<VersionKey, Entry<R>>,
    bytes: u64,
    rooms: usize,
    making: usize,
    last_take: Option<Instant>,
    closed: bool,
}

struct Entry<R> {
    /// Oldest first. With the memory that each holds.
    rooms: VecDeque<(R, u64)>,
    wanted: usize,
    making: usize,
    pending: bool,
    /// Listed or taken from.
    used: Instant,
    /// When it last lacked a room, or `wanted` was last halved.
    eased: Instant,
    /// Of its last room, bytes.
    size: u64,
    /// When the platform last could not: tried again after `Settings::retry`.
    failed_at: Option<Instant>,
    /// Its init failed: not tried again before the next take.
    broken: bool,
    /// It is written down: any number of rooms come of it, and none is kept.
    stored: bool,
    /// Not control's, but this worker's wish.
    unasked: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Make(VersionKey),
    /// One room of this version: another that was used later lacks its place, or it has more than it needs.
    End(VersionKey),
    /// Nothing for so long, or until something happens.
    Wait(Option<Duration>),
    Closed,
}

impl<R> Shelf<R> {
    pub(super) fn new(settings: Settings) -> Self {
        let versions = FxHashMap::default();
        Self { settings, versions, bytes: 0, rooms: 0, making: 0, last_take: None, closed: false }
    }

    /// These versions and no others. Rooms of those that are gone.
    pub(super) fn list(&mut self, now: Instant, listed: &[Preparation]) -> Vec<R> {
        if self.closed {
            return Vec::new();
        }
        let keys: FxHashSet<&VersionKey> = listed.iter().map(|one| &one.key).collect();
        let mut gone = Vec::new();
        let (mut bytes, mut rooms) = (0, 0);
        self.versions.retain(|key, entry| {
            let stays = entry.unasked || keys.contains(key);
            if !stays {
                rooms += entry.rooms.len();
                for (room, size) in entry.rooms.drain(..) {
                    bytes += size;
                    gone.push(room);
                }
            }
            stays
        });
        self.bytes = self.bytes.saturating_sub(bytes);
        self.rooms = self.rooms.saturating_sub(rooms);
        for one in listed {
            let entry = self.versions.entry(one.key.clone()).or_insert_with(|| Entry::new(now));
            entry.pending = one.pending;
        }
        gone
    }

    /// A room of this version, if one is kept. Either way it is wanted.
    pub(super) fn take(&mut self, now: Instant, key: &VersionKey) -> Option<R> {
        let version_rooms_max = self.settings.version_rooms_max;
        let entry = self.versions.get_mut(key)?;
        self.last_take = Some(now);
        entry.used = now;
        entry.broken = false;
        match entry.rooms.pop_front() {
            Some((room, bytes)) => {
                self.bytes = self.bytes.saturating_sub(bytes);
                self.rooms -= 1;
                Some(room)
            }
            None => {
                entry.wanted = (entry.wanted * 2).clamp(1, version_rooms_max.max(1));
                entry.eased = now;
                None
            }
        }
    }

    /// Puts a room that was made on the shelf; gives it back if there is no place for it any more.
    pub(super) fn made(&mut self, key: &VersionKey, room: R, bytes: u64) -> Option<R> {
        self.making = self.making.saturating_sub(1);
        let fits = self.rooms < self.settings.rooms_max
            && self.bytes.saturating_add(bytes) <= self.settings.memory_bytes_max;
        let Some(entry) = self.versions.get_mut(key) else { return Some(room) };
        entry.making = entry.making.saturating_sub(1);
        entry.size = bytes;
        // One that fits nowhere is not made again and again, nor is place made for it.
        entry.broken |= bytes > self.settings.memory_bytes_max;
        if self.closed || !fits {
            return Some(room);
        }
        entry.rooms.push_back((room, bytes));
        self.rooms += 1;
        self.bytes += bytes;
        None
    }

    /// It is written down. Whether it is wanted.
    pub(super) fn stored(&mut self, key: &VersionKey) -> bool {
        let Some(entry) = self.versions.get_mut(key) else { return false };
        if entry.making > 0 {
            entry.making -= 1;
            self.making = self.making.saturating_sub(1);
        }
        entry.stored = true;
        true
    }

    /// What was written down was of no use: it is made again, not at once.
    pub(super) fn lost(&mut self, key: &VersionKey, now: Instant) {
        if let Some(entry) = self.versions.get_mut(key) {
            entry.stored = false;
            entry.failed_at = Some(now);
        }
    }

    /// One that nobody asked for is to be kept, if there are not too many of those already.
    pub(super) fn want(&mut self, now: Instant, key: &VersionKey, unasked_max: usize) {
        if self.closed || self.versions.contains_key(key) {
            return;
        }
        if self.versions.values().filter(|entry| entry.unasked).count() < unasked_max {
            self.versions.insert(key.clone(), Entry { unasked: true, ..Entry::new(now) });
        }
    }

    /// Its version is not there any more; control's own go with its list.
    pub(super) fn gone(&mut self, key: &VersionKey) {
        if self.versions.get(key).is_some_and(|entry| entry.unasked)
            && let Some(entry) = self.versions.remove(key)
        {
            self.making = self.making.saturating_sub(entry.making);
        }
    }

    /// Making one did not work: by the platform, at that time, which tries again; or by its init, not before the next take.
    pub(super) fn failed(&mut self, key: &VersionKey, failed_at: Option<Instant>) {
        self.making = self.making.saturating_sub(1);
        if let Some(entry) = self.versions.get_mut(key) {
            entry.making = entry.making.saturating_sub(1);
            entry.failed_at = failed_at;
            entry.broken = failed_at.is_none();
        }
    }

    /// What came of a Pending version could not be told.
    pub(super) fn retry(&mut self, key: &VersionKey, now: Instant) {
        if let Some(entry) = self.versions.get_mut(key) {
            entry.failed_at = Some(now);
            entry.broken = false;
        }
    }

    /// Control knows what came of it.
    pub(super) fn settled(&mut self, key: &VersionKey) {
        if let Some(entry) = self.versions.get_mut(key) {
            entry.pending = false;
        }
    }

    pub(super) fn is_pending(&self, key: &VersionKey) -> bool {
        self.versions.get(key).is_some_and(|entry| entry.pending)
    }

    /// Whether something is to be kept of it.
    pub(super) fn wants(&self, key: &VersionKey) -> bool {
        !self.closed && self.versions.contains_key(key)
    }

    /// The room that has waited longest.
    pub(super) fn give_up(&mut self, key: &VersionKey) -> Option<R> {
        let entry = self.versions.get_mut(key)?;
        let (room, bytes) = entry.rooms.pop_front()?;
        // Not made again at once.
        entry.wanted = entry.wanted.min(entry.rooms.len());
        self.rooms -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(room)
    }

    /// What is made counts as being made from this answer on.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.closed {
            return Next::Closed;
        }
        let (ease, retry) = (self.settings.ease, self.settings.retry);
        let mut soonest: Option<Duration> = None;
        let mut look_in = |wait: Duration| soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
        let mut surplus = None;
        for (key, entry) in &mut self.versions {
            if entry.wanted > 1 {
                let rest = ease.saturating_sub(now.since(entry.eased));
                if rest.is_zero() {
                    (entry.wanted, entry.eased) = (entry.wanted / 2, now);
                } else {
                    look_in(rest);
                }
            }
            let rest = entry.failed_at.map(|failed_at| retry.saturating_sub(now.since(failed_at)));
            rest.filter(|rest| !rest.is_zero()).into_iter().for_each(&mut look_in);
            if entry.rooms.len() > entry.wanted {
                surplus = Some(key.clone());
            }
        }
        if let Some(key) = surplus {
            return Next::End(key);
        }
        if self.making >= self.settings.at_once_max.max(1) {
            return Next::Wait(soonest); // one that is done wakes
        }
        if let Some(key) = self.first_time(now) {
            return self.make(key);
        }
        let Some((key, used)) = self.lacking(now) else { return Next::Wait(soonest) };
        let quiet = self.last_take.map_or(self.settings.quiet, |last| now.since(last));
        if let Some(rest) = self.settings.quiet.checked_sub(quiet).filter(|rest| !rest.is_zero()) {
            return Next::Wait(Some(soonest.map_or(rest, |soonest| soonest.min(rest))));
        }
        if self.has_place(&key) {
            return self.make(key);
        }
        match self.gives_place(now, &key, used) {
            Some(other) => Next::End(other),
            None => Next::Wait(Some(soonest.map_or(ease, |soonest| soonest.min(ease)))),
        }
    }

    /// Takes nothing more; all rooms.
    pub(super) fn close(&mut self) -> Vec<R> {
        self.closed = true;
        (self.bytes, self.rooms) = (0, 0);
        let versions = std::mem::take(&mut self.versions);
        versions.into_values().flat_map(|entry| entry.rooms).map(|(room, _)| room).collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn make(&mut self, key: VersionKey) -> Next {
        self.making += 1;
        if let Some(entry) = self.versions.get_mut(&key) {
            entry.making += 1;
            entry.failed_at = None;
        }
        Next::Make(key)
    }

    /// A Pending version that nobody tries: the one that waits longest.
    fn first_time(&self, now: Instant) -> Option<VersionKey> {
        let waiting = self
            .versions
            .iter()
            .filter(|(_, entry)| entry.pending && entry.making == 0 && entry.may(now, self.settings.retry));
        waiting.min_by(|(a, one), (b, other)| (one.used, a).cmp(&(other.used, b))).map(|(key, _)| key.clone())
    }

    /// The version used last of those that want more than they have.
    fn lacking(&self, now: Instant) -> Option<(VersionKey, Instant)> {
        let lacks = |entry: &Entry<R>| {
            !entry.stored
                && entry.rooms.len() + entry.making < entry.wanted
                && entry.may(now, self.settings.retry)
        };
        let lacking = self.versions.iter().filter(|(_, entry)| lacks(entry));
        lacking
            .max_by(|(a, one), (b, other)| (one.used, a).cmp(&(other.used, b)))
            .map(|(key, entry)| (key.clone(), entry.used))
    }

    /// For one more, those on their way counted as large as it.
    fn has_place(&self, key: &VersionKey) -> bool {
        let size = self.versions.get(key).map_or(0, |entry| entry.size);
        let after = self.bytes.saturating_add(size.saturating_mul(self.making as u64 + 1));
        self.rooms + self.making < self.settings.rooms_max && after <= self.settings.memory_bytes_max
    }

    /// Of the others with rooms the one used longest ago, if it has no need of its last ones.
    fn gives_place(&self, now: Instant, key: &VersionKey, used: Instant) -> Option<VersionKey> {
        let mine = self.versions.get(key).map_or(0, |entry| entry.rooms.len());
        let others = self.versions.iter().filter(|(other, one)| *other != key && !one.rooms.is_empty());
        let (other, one) = others.min_by(|(a, one), (b, other)| (one.used, a).cmp(&(other.used, b)))?;
        let unused = now.since(one.used) >= self.settings.ease;
        (one.used < used && (unused || one.rooms.len() > mine + 1)).then(|| other.clone())
    }
}

impl<R> Entry<R> {
    fn new(now: Instant) -> Self {
        let (rooms, used, eased) = (VecDeque::new(), now, now);
        Self {
            rooms,
            wanted: 1,
            making: 0,
            pending: false,
            used,
            eased,
            size: 0,
            failed_at: None,
            broken: false,
            stored: false,
            unasked: false,
        }
    }

    /// Whether it may be tried.
    fn may(&self, now: Instant, retry: Duration) -> bool {
        !self.broken && self.failed_at.is_none_or(|failed_at| now.since(failed_at) >= retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, FunctionName, Region, Version};

    const MB: u64 = 1 << 20;

    fn shelf() -> Shelf<u32> {
        Shelf::new(Settings {
            rooms_max: 4,
            version_rooms_max: 4,
            memory_bytes_max: 100 * MB,
            at_once_max: 2,
            ease: Duration::from_secs(60),
            quiet: Duration::from_millis(50),
            retry: Duration::from_secs(5),
        })
    }

    fn key(function: &str) -> VersionKey {
        VersionKey {
            account: AccountId::new("000000000000"),
            region: Region::new("r"),
            function: FunctionName::new(function),
            version: Version::Published(1),
            generation: 1,
        }
    }

    fn listed(functions: &[(&str, bool)]) -> Vec<Preparation> {
        functions
            .iter()
            .map(|(function, pending)| Preparation { key: key(function), pending: *pending })
            .collect()
    }

    fn at(ms: u64) -> Instant {
        Instant(1_000_000_000 + ms * 1_000_000)
    }

    fn make(shelf: &mut Shelf<u32>, now: Instant, function: &str, room: u32, mb: u64) {
        assert_eq!(shelf.next(now), Next::Make(key(function)));
        assert_eq!(shelf.made(&key(function), room, mb * MB), None);
    }

    #[test]
    fn a_listed_version_has_one_room_and_another_when_it_is_taken() {
        let mut shelf = shelf();
        assert_eq!(shelf.next(at(0)), Next::Wait(None));
        assert_eq!(shelf.take(at(0), &key("f")), None, "nobody asked for it");
        assert_eq!(shelf.next(at(0)), Next::Wait(None), "and a take does not");
        shelf.list(at(0), &listed(&[("f", true)]));
        assert!(shelf.is_pending(&key("f")));
        make(&mut shelf, at(0), "f", 1, 10);
        shelf.settled(&key("f"));
        assert_eq!(shelf.next(at(0)), Next::Wait(None));
        assert_eq!(shelf.take(at(1), &key("f")), Some(1));
        assert_eq!(shelf.next(at(11)), Next::Wait(Some(Duration::from_millis(40))), "not while things start");
        make(&mut shelf, at(51), "f", 2, 10);
        assert_eq!(shelf.next(at(51)), Next::Wait(None));
    }

    #[test]
    fn more_are_kept_of_a_version_that_lacked_one_and_fewer_after_a_while() {
        let mut shelf = shelf();
        shelf.list(at(0), &listed(&[("f", false)]));
        assert_eq!(shelf.take(at(0), &key("f")), None);
        make(&mut shelf, at(60), "f", 1, 10);
        make(&mut shelf, at(60), "f", 2, 10);
        let ease = Duration::from_secs(60) - Duration::from_millis(60);
        assert_eq!(shelf.next(at(60)), Next::Wait(Some(ease)));
        assert_eq!(shelf.next(at(60_000)), Next::End(key("f")));
        assert_eq!(shelf.give_up(&key("f")), Some(1));
        assert_eq!(shelf.next(at(60_000)), Next::Wait(None));
        for _ in 0..10 {
            shelf.take(at(60_001), &key("f"));
        }
        for room in 3..7 {
            make(&mut shelf, at(61_000), "f", room, 10);
        }
        assert!(
            matches!(shelf.next(at(61_000)), Next::Wait(Some(_))),
            "no more than are allowed of one version"
        );
    }

    #[test]
    fn a_pending_version_is_tried_though_nothing_can_be_kept() {
        let mut shelf = Shelf::new(Settings { rooms_max: 0, ..shelf().settings });
        shelf.list(at(0), &listed(&[("f", true), ("g", false)]));
        assert_eq!(shelf.next(at(0)), Next::Make(key("f")));
        assert_eq!(shelf.made(&key("f"), 1, MB), Some(1), "there is no place for it");
        shelf.settled(&key("f"));
        assert!(matches!(shelf.next(at(0)), Next::Wait(_)));
    }

    #[test]
    fn a_failed_init_is_not_tried_again_before_a_take_and_the_platforms_failure_after_a_while() {
        let mut shelf = shelf();
        shelf.list(at(0), &listed(&[("f", false)]));
        assert_eq!(shelf.next(at(0)), Next::Make(key("f")));
        shelf.failed(&key("f"), None);
        assert_eq!(shelf.next(at(90_000)), Next::Wait(None));
        shelf.take(at(90_000), &key("f"));
        assert_eq!(shelf.next(at(90_100)), Next::Make(key("f")));
        shelf.failed(&key("f"), Some(at(90_100)));
        let Next::Wait(Some(wait)) = shelf.next(at(90_100)) else { panic!("it waits") };
        assert_eq!(wait, Duration::from_secs(5));
        assert_eq!(shelf.next(at(95_100)), Next::Make(key("f")));
    }

    #[test]
    fn what_control_does_not_list_any_more_is_given_back_and_what_is_on_its_way_has_no_place() {
        let mut shelf = shelf();
        shelf.list(at(0), &listed(&[("f", false), ("g", false)]));
        let Next::Make(first) = shelf.next(at(0)) else { panic!("one of them") };
        assert_eq!(shelf.made(&first, 1, MB), None);
        let Next::Make(second) = shelf.next(at(0)) else { panic!("the other") };
        assert!(shelf.wants(&second));
        assert_eq!(shelf.list(at(1), &[]), [1]);
        assert!(!shelf.wants(&second));
        assert_eq!(shelf.made(&second, 2, MB), Some(2));
        assert_eq!((shelf.bytes, shelf.rooms, shelf.making), (0, 0, 0));
        shelf.list(at(2), &listed(&[("f", false)]));
        make(&mut shelf, at(2), "f", 3, 1);
        assert_eq!(shelf.close(), [3]);
        assert_eq!(shelf.next(at(3)), Next::Closed);
        assert_eq!(shelf.list(at(3), &listed(&[("f", false)])), Vec::<u32>::new());
    }

    #[test]
    fn the_version_used_longest_ago_gives_its_place_to_one_that_is_used_now() {
        let mut shelf = shelf();
        shelf.list(at(0), &listed(&[("old", false)]));
        make(&mut shelf, at(0), "old", 1, 60);
        shelf.list(at(1), &listed(&[("old", false), ("new", false)]));
        shelf.take(at(70_000), &key("new"));
        make(&mut shelf, at(70_100), "new", 2, 60 - 20);
        assert_eq!(shelf.take(at(70_200), &key("new")), Some(2));
        make(&mut shelf, at(70_300), "new", 3, 40);
        // The second that it wants has no place beside the old one's.
        assert_eq!(shelf.next(at(70_300)), Next::End(key("old")));
        assert_eq!(shelf.give_up(&key("old")), Some(1));
        make(&mut shelf, at(70_300), "new", 4, 40);
        assert!(matches!(shelf.next(at(70_300)), Next::Wait(_)), "the old one waits for a take");
        assert_eq!(shelf.take(at(70_400), &key("old")), None);
    }

    #[test]
    fn a_room_that_fits_nowhere_is_made_once() {
        let mut shelf = shelf();
        shelf.list(at(0), &listed(&[("f", true)]));
        assert_eq!(shelf.next(at(0)), Next::Make(key("f")));
        assert_eq!(shelf.made(&key("f"), 1, 101 * MB), Some(1));
        shelf.settled(&key("f"));
        assert_eq!(shelf.next(at(0)), Next::Wait(None));
    }
}
