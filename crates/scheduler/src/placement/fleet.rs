//! How many workers there should be, and what is to be done about it.
//!
//! Wanted room = what is used
//!   + arrivals a second x the time an environment starts (slots that initialise)
//!   + net growth a second x the time a worker starts (what comes before help does)
//!   + a share of what is used (bursts) + what was refused for want of room.
//!
//! All but the first is at least what the operator wants free.
//!
//! It grows at once and shrinks late: see [`super::Settings::shrink_band`].

use super::{Planner, Standing, Worker};
use std::time::Duration;
use types::{WorkerId, Zone};

/// What is to be done so that the fleet is what it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Workers to start, by zone.
    pub start: Vec<(Zone, u32)>,
    /// Workers that are too many.
    pub drain: Vec<WorkerId>,
    /// Workers to end: drained, or not to be trusted.
    pub stop: Vec<WorkerId>,
}

/// A worker that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) zone: Zone,
    pub(super) since: Duration,
    /// What it is taken to sell.
    pub(super) room_mb: u64,
}

/// Seconds that are remembered.
const WINDOW: usize = 60;
/// A burst shows in so many.
const BURST: u64 = 10;

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    placed_mb: u64,
    released_mb: u64,
    refused_mb: u64,
}

/// The last minute's traffic, second by second.
#[derive(Debug)]
pub(super) struct Demand {
    seconds: [Second; WINDOW],
    at: u64,
}

impl Default for Demand {
    fn default() -> Self {
        Self { seconds: [Second::default(); WINDOW], at: 0 }
    }
}

impl Demand {
    fn second(&mut self, now: Duration) -> &mut Second {
        let now = now.as_secs();
        for passed in (self.at..now).skip(1).take(WINDOW).chain((now > self.at).then_some(now)) {
            self.seconds[place(passed)] = Second::default();
        }
        // More than the window has passed: all of it is old.
        if now.saturating_sub(self.at) > WINDOW as u64 {
            self.seconds = [Second::default(); WINDOW];
        }
        self.at = now.max(self.at);
        &mut self.seconds[place(self.at)]
    }

    pub(super) fn placed(&mut self, now: Duration, memory_mb: u32) {
        self.second(now).placed_mb += u64::from(memory_mb);
    }

    pub(super) fn released(&mut self, now: Duration, memory_mb: u32) {
        self.second(now).released_mb += u64::from(memory_mb);
    }

    pub(super) fn refused(&mut self, now: Duration, memory_mb: u32) {
        self.second(now).refused_mb += u64::from(memory_mb);
    }

    /// The last `seconds` before `now`, the current one included.
    fn last(&self, now: Duration, seconds: u64) -> Second {
        let now = now.as_secs();
        let mut sum = Second::default();
        for second in (now + 1).saturating_sub(seconds.min(WINDOW as u64))..=now.min(self.at) {
            if second + (WINDOW as u64) > self.at {
                let one = self.seconds[place(second)];
                sum.placed_mb += one.placed_mb;
                sum.released_mb += one.released_mb;
                sum.refused_mb += one.refused_mb;
            }
        }
        sum
    }
}

#[allow(clippy::cast_possible_truncation)] // below 60
fn place(second: u64) -> usize {
    (second % WINDOW as u64) as usize
}

impl Planner {
    /// Free room that is wanted beside what is used, MB.
    pub fn free_target_mb(&self) -> u64 {
        let minute = self.demand.last(self.now, WINDOW as u64);
        let burst = self.demand.last(self.now, BURST);
        let arrivals = (burst.placed_mb / BURST).max(minute.placed_mb / WINDOW as u64);
        let growth = minute.placed_mb.saturating_sub(minute.released_mb);
        let (environment, worker) = (self.settings.environment_start, self.settings.worker_start);
        let starting = arrivals.saturating_mul(millis(environment)) / 1_000;
        let growing = growth.saturating_mul(millis(worker)) / (WINDOW as u64 * 1_000);
        let free = starting + growing + self.used_mb() * self.settings.headroom / 100 + burst.refused_mb;
        free.max(self.settings.free_min_mb)
    }

    /// How many workers there should be.
    pub fn wished(&self) -> u32 {
        let wished = self.wanted_mb().div_ceil(self.usual_room_mb());
        let (least, most) = (self.settings.workers_min, self.settings.workers_max);
        u32::try_from(wished).unwrap_or(u32::MAX).clamp(least, most.max(least))
    }

    /// Workers that count: that serve, or will.
    pub fn counted(&self) -> u32 {
        u32::try_from(self.serving().count() + self.expected.len()).unwrap_or(u32::MAX)
    }

    fn serving(&self) -> impl Iterator<Item = &Worker> {
        self.live().filter(|worker| worker.standing == Standing::Serving)
    }

    fn used_mb(&self) -> u64 {
        self.live().map(|worker| worker.used_mb).sum()
    }

    fn wanted_mb(&self) -> u64 {
        self.used_mb() + self.free_target_mb()
    }

    /// What the workers that count sell together.
    fn counted_mb(&self) -> u64 {
        let expected: u64 = self.expected.values().map(|expected| expected.room_mb).sum();
        self.serving().map(|worker| worker.room_mb).sum::<u64>() + expected
    }

    fn usual_room_mb(&self) -> u64 {
        let (count, room) =
            self.serving().fold((0, 0), |(count, room), worker| (count + 1, room + worker.room_mb));
        let usual = if room == 0 { self.settings.worker_room_mb } else { room / count };
        usual.max(1)
    }

    /// A worker was asked for; it counts until it joins, or does not in time.
    pub fn expect(&mut self, now: Duration, id: WorkerId, zone: Zone) {
        self.advance(now);
        if !self.by_id.contains_key(&id) {
            let expected = Expected { zone, since: self.now, room_mb: self.usual_room_mb() };
            self.expected.insert(id, expected);
        }
    }

    /// It will not come.
    pub fn give_up(&mut self, id: &WorkerId) {
        self.expected.remove(id);
    }

    /// Remembers since when the fleet is too large.
    pub(super) fn look_at_size(&mut self) {
        let wanted = self.wanted_mb().saturating_mul(100 + self.settings.shrink_band);
        let too_large =
            wanted < self.counted_mb().saturating_mul(100) && self.counted() > self.settings.workers_min;
        self.too_large_since = too_large.then(|| self.too_large_since.unwrap_or(self.now));
    }

    /// What is to be done now. Changes nothing: carry it out with `expect`, `drain` and `remove`, and it plans no more.
    /// `zones` are those in which workers can be started.
    pub fn plan(&self, zones: &[Zone]) -> Plan {
        let counted = self.counted();
        let missing = self.wanted_mb().saturating_sub(self.counted_mb()).div_ceil(self.usual_room_mb());
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let missing = missing.max(self.settings.workers_min.saturating_sub(counted));
        let missing = missing.min(self.settings.workers_max.saturating_sub(counted));
        Plan { start: self.starts(zones, missing), drain: self.drains(counted), stop: self.stops() }
    }

    /// Each where there are fewest.
    fn starts(&self, zones: &[Zone], count: u32) -> Vec<(Zone, u32)> {
        let of = |zone: &Zone| {
            let here =
                |worker: &&Worker| worker.standing == Standing::Serving && worker.capacity.zone == *zone;
            let coming = self.expected.values().filter(|expected| expected.zone == *zone).count();
            u32::try_from(self.live().filter(here).count() + coming).unwrap_or(u32::MAX)
        };
        let mut has: Vec<(u32, u32)> = zones.iter().map(|zone| (of(zone), 0)).collect();
        for _ in 0..count {
            if let Some((_, more)) = has.iter_mut().min_by_key(|(has, more)| *has + *more) {
                *more += 1;
            }
        }
        let started = zones.iter().zip(has).filter(|(_, (_, more))| *more > 0);
        started.map(|(zone, (_, more))| (zone.clone(), more)).collect()
    }

    /// The emptiest first: they are drained soonest. Workers of this process stay, and what is wanted does.
    fn drains(&self, counted: u32) -> Vec<WorkerId> {
        let long = self.too_large_since.is_some_and(|since| since + self.settings.shrink_after <= self.now);
        // One shrinking at a time: what drains is what was decided.
        let draining = self.live().any(|worker| matches!(worker.standing, Standing::Draining { .. }));
        if !long || draining {
            return Vec::new();
        }
        let step = (u64::from(counted) * self.settings.shrink_step).div_ceil(100);
        let above_least = u64::from(counted.saturating_sub(self.settings.workers_min));
        let most = usize::try_from(step.min(above_least)).unwrap_or(0);
        let mut serving: Vec<&Worker> = self.serving().filter(|worker| worker.seen.is_some()).collect();
        serving.sort_by_key(|worker| (worker.used_mb, std::cmp::Reverse(worker.joined)));
        let mut spare = self.counted_mb().saturating_sub(self.wanted_mb());
        let mut drained = Vec::new();
        for worker in serving {
            if drained.len() < most && worker.room_mb <= spare {
                spare -= worker.room_mb;
                drained.push(worker.id.clone());
            }
        }
        drained
    }

    fn stops(&self) -> Vec<WorkerId> {
        let ends = |worker: &&Worker| match (worker.standing, worker.seen) {
            (_, None) => false,
            (Standing::Draining { since }, _) => {
                worker.slots.is_empty() || since + self.settings.drain_max <= self.now
            }
            // It has no lease, or it would not be so long silent.
            (Standing::Silent | Standing::Fenced, Some(seen)) => {
                seen + self.settings.lease + self.settings.unwell_max <= self.now
            }
            _ => false,
        };
        self.live().filter(ends).map(|worker| worker.id.clone()).collect()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
