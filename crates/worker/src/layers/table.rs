//! Which kinds of rooms to write down and which to drop, decided without a clock or any IO. Drawn in the parent.

use super::Settings;
use crate::pool::Kind;
use rustc_hash::FxHashMap;
use std::time::Duration;
use world::Instant;

/// What a kind is told from others by, also after a restart.
pub(super) type Digest = [u8; 32];

/// Kinds that were seen and are not kept: more than these, and the one asked for longest ago is forgotten.
const WANTED_MAX: usize = 256;

/// By digest. `K` is one that is kept.
pub(super) struct Table<K> {
    settings: Settings,
    kinds: FxHashMap<Digest, Entry<K>>,
    last_take: Option<Instant>,
    /// Orders uses, also those of before a restart, which have no time.
    uses: u64,
    closed: bool,
}

struct Entry<K> {
    /// Not known of one that an earlier process kept, before its first take.
    kind: Option<Kind>,
    kept: Option<(K, u64)>,
    used: u64,
    making: bool,
    /// It lacks a snapshot since a take asked for one.
    wanted: bool,
    /// Not before then: making it failed, or what was made was refused more than once.
    rest_since: Option<Instant>,
    /// Refused since one was of use.
    refusals: u32,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Make(Digest, Kind),
    /// Nothing for so long, or until something is taken.
    Wait(Option<Duration>),
    Closed,
}

impl<K: Clone> Table<K> {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, kinds: FxHashMap::default(), last_take: None, uses: 0, closed: false }
    }

    /// One that an earlier process kept, the oldest first. What must go for it.
    pub(super) fn found(&mut self, digest: Digest, kept: K, bytes: u64) -> Vec<K> {
        self.uses += 1;
        let used = self.uses;
        let entry = self.kinds.entry(digest).or_insert_with(|| Entry::new(None));
        entry.used = used;
        let older = entry.kept.replace((kept, bytes)).map(|(kept, _)| kept);
        let mut gone: Vec<K> = older.into_iter().collect();
        gone.extend(self.keep_the_bounds(digest));
        gone
    }

    /// What is kept of this kind; if nothing is, it will be.
    pub(super) fn take(&mut self, now: Instant, digest: Digest, kind: &Kind) -> Option<K> {
        if self.closed {
            return None;
        }
        self.last_take = Some(now);
        self.uses += 1;
        if !self.kinds.contains_key(&digest) {
            self.forget_one();
        }
        let entry = self.kinds.entry(digest).or_insert_with(|| Entry::new(None));
        entry.used = self.uses;
        entry.kind.get_or_insert_with(|| kind.clone());
        entry.wanted |= entry.kept.is_none();
        entry.kept.as_ref().map(|(kept, _)| kept.clone())
    }

    /// One was made. What must go for it, which may be itself.
    pub(super) fn made(&mut self, digest: Digest, kept: K, bytes: u64) -> Vec<K> {
        let Some(entry) = self.kinds.get_mut(&digest) else { return vec![kept] };
        entry.making = false;
        entry.wanted = false;
        if bytes > self.settings.bytes_max {
            entry.rest_since = Some(Instant(u64::MAX)); // it will never fit
            return vec![kept];
        }
        entry.kept = Some((kept, bytes));
        self.keep_the_bounds(digest)
    }

    /// Making one did not work: not again before `retry`, and a take.
    pub(super) fn failed(&mut self, now: Instant, digest: Digest) {
        if let Some(entry) = self.kinds.get_mut(&digest) {
            entry.making = false;
            entry.wanted = false;
            entry.rest_since = Some(now);
        }
    }

    /// What is kept was of no use, if it is still that: it goes, and another is made; at once only the first time.
    pub(super) fn refused(&mut self, now: Instant, digest: Digest, is_it: impl Fn(&K) -> bool) -> Option<K> {
        let entry = self.kinds.get_mut(&digest)?;
        let (kept, _) = entry.kept.take_if(|(kept, _)| is_it(kept))?;
        entry.refusals += 1;
        entry.rest_since = (entry.refusals > 1).then_some(now);
        entry.wanted = true;
        Some(kept)
    }

    /// What is made counts as being made from this answer on. One at a time, and only while nothing starts.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.closed {
            return Next::Closed;
        }
        let retry = self.settings.retry;
        let rest = |entry: &Entry<K>| {
            let since = entry.rest_since.map_or(retry, |since| now.since(since));
            if entry.rest_since == Some(Instant(u64::MAX)) {
                Duration::MAX
            } else {
                retry.saturating_sub(since)
            }
        };
        let wanted =
            self.kinds.iter().filter(|(_, entry)| entry.wanted && entry.kept.is_none() && !entry.making);
        let Some((digest, entry)) = wanted.min_by_key(|(_, entry)| (rest(entry), u64::MAX - entry.used))
        else {
            return Next::Wait(None);
        };
        let (digest, rest) = (*digest, rest(entry));
        if !rest.is_zero() {
            return Next::Wait((rest < Duration::MAX).then_some(rest));
        }
        let quiet = self.last_take.map_or(self.settings.quiet, |last| now.since(last));
        let unquiet = self.settings.quiet.saturating_sub(quiet);
        if !unquiet.is_zero() {
            return Next::Wait(Some(unquiet));
        }
        let Some(entry) = self.kinds.get_mut(&digest) else { return Next::Wait(None) };
        let Some(kind) = entry.kind.clone() else { return Next::Wait(None) };
        entry.making = true;
        Next::Make(digest, kind)
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// All but this one go before it, the one taken longest ago first.
    fn keep_the_bounds(&mut self, newest: Digest) -> Vec<K> {
        let mut gone = Vec::new();
        loop {
            let kept = self.kinds.values().filter_map(|entry| entry.kept.as_ref());
            let (count, bytes) =
                kept.fold((0, 0_u64), |(count, sum), (_, bytes)| (count + 1, sum.saturating_add(*bytes)));
            if count <= self.settings.rooms_max && bytes <= self.settings.bytes_max {
                return gone;
            }
            let others =
                self.kinds.iter_mut().filter(|(digest, entry)| entry.kept.is_some() && **digest != newest);
            let Some((_, oldest)) = others.min_by_key(|(_, entry)| entry.used) else { return gone };
            gone.extend(oldest.kept.take().map(|(kept, _)| kept));
            oldest.wanted = false;
        }
    }

    fn forget_one(&mut self) {
        if self.kinds.len() < WANTED_MAX {
            return;
        }
        let idle = self.kinds.iter().filter(|(_, entry)| entry.kept.is_none() && !entry.making);
        let oldest = idle.min_by_key(|(_, entry)| entry.used).map(|(digest, _)| *digest);
        oldest.map(|digest| self.kinds.remove(&digest));
    }
}

impl<K> Entry<K> {
    fn new(kind: Option<Kind>) -> Self {
        Self { kind, kept: None, used: 0, making: false, wanted: false, rest_since: None, refusals: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant(ms * 1_000_000)
    }

    fn kind(name: &str) -> Kind {
        Kind { name: name.to_owned(), memory_mb: 128, mounts: Vec::new(), ahead: None }
    }

    fn table() -> Table<u32> {
        Table::new(Settings {
            rooms_max: 2,
            bytes_max: 100,
            quiet: Duration::from_millis(50),
            retry: Duration::from_secs(60),
        })
    }

    const A: Digest = [1; 32];
    const B: Digest = [2; 32];
    const C: Digest = [3; 32];

    #[test]
    fn the_first_take_finds_none_and_one_is_made_when_nothing_starts() {
        let mut table = table();
        assert_eq!(table.next(at(0)), Next::Wait(None));
        assert_eq!(table.take(at(0), A, &kind("a")), None);
        assert_eq!(table.next(at(20)), Next::Wait(Some(Duration::from_millis(30))));
        assert_eq!(table.next(at(50)), Next::Make(A, kind("a")));
        assert_eq!(table.next(at(50)), Next::Wait(None), "once");
        assert_eq!(table.take(at(60), A, &kind("a")), None);
        assert!(table.made(A, 1, 10).is_empty());
        assert_eq!(table.next(at(500)), Next::Wait(None));
        assert_eq!(
            [table.take(at(70), A, &kind("a")), table.take(at(70), A, &kind("a"))],
            [Some(1), Some(1)]
        );
    }

    #[test]
    fn the_one_taken_longest_ago_goes_first_and_one_that_never_fits_is_not_tried_again() {
        let mut table = table();
        for (digest, number) in [(A, 1), (B, 2)] {
            table.take(at(0), digest, &kind("k"));
            assert!(matches!(table.next(at(1_000)), Next::Make(..)));
            assert!(table.made(digest, number, 40).is_empty());
        }
        table.take(at(1_000), A, &kind("k"));
        table.take(at(1_001), C, &kind("k"));
        assert_eq!(table.next(at(2_000)), Next::Make(C, kind("k")));
        assert_eq!(table.made(C, 3, 40), [2], "by number");
        table.take(at(3_000), B, &kind("k"));
        assert_eq!(table.next(at(4_000)), Next::Make(B, kind("k")));
        assert_eq!(table.made(B, 4, 90), [1, 3], "by bytes");
        table.take(at(5_000), A, &kind("k"));
        assert_eq!(table.next(at(6_000)), Next::Make(A, kind("k")));
        assert_eq!(table.made(A, 5, 101), [5]);
        table.take(at(7_000), A, &kind("k"));
        assert_eq!(table.next(at(1_000_000)), Next::Wait(None));
    }

    #[test]
    fn what_failed_is_tried_again_after_a_while_if_it_is_wanted_then() {
        let mut table = table();
        table.take(at(0), A, &kind("a"));
        assert!(matches!(table.next(at(100)), Next::Make(..)));
        table.failed(at(100), A);
        assert_eq!(table.next(at(1_000_000)), Next::Wait(None), "nobody wants it");
        table.take(at(10_100), A, &kind("a"));
        assert_eq!(table.next(at(20_100)), Next::Wait(Some(Duration::from_secs(40))));
        assert_eq!(table.next(at(60_100)), Next::Make(A, kind("a")));
    }

    #[test]
    fn what_was_refused_is_made_anew_at_once_and_then_not_so_soon() {
        let mut table = table();
        assert!(table.found(A, 1, 10).is_empty(), "of an earlier process");
        assert_eq!(table.take(at(0), A, &kind("a")), Some(1));
        assert_eq!(table.refused(at(0), A, |one| *one == 1), Some(1));
        assert_eq!(table.refused(at(0), A, |one| *one == 1), None, "said by two");
        assert_eq!(table.take(at(0), A, &kind("a")), None);
        assert_eq!(table.next(at(100)), Next::Make(A, kind("a")));
        assert!(table.made(A, 2, 10).is_empty());
        assert_eq!(table.refused(at(200), A, |one| *one == 1), None, "an older one's");
        assert_eq!(table.refused(at(200), A, |one| *one == 2), Some(2));
        assert_eq!(table.next(at(300)), Next::Wait(Some(Duration::from_millis(59_900))));
        assert_eq!(table.next(at(60_200)), Next::Make(A, kind("a")));
    }

    #[test]
    fn a_closed_table_gives_and_makes_nothing() {
        let mut table = table();
        table.found(A, 1, 10);
        table.take(at(0), B, &kind("b"));
        table.close();
        assert_eq!(table.take(at(0), A, &kind("a")), None);
        assert_eq!(table.next(at(1_000)), Next::Closed);
    }
}
