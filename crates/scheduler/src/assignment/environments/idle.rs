//! Those that are idle, in lists that run through them: of a version, those that were made ahead and are wanted so, and the
//! others, each with the most recently used on top; of all those others together, by age, whose oldest are reaped and give
//! way.

use super::{Environments, Listed, Place, nanoseconds};
use crate::assignment::versions::{NONE, Version};
use std::time::Duration;

impl Environments {
    /// On top of both lists: `now` never goes back.
    pub(in crate::assignment) fn push_idle(&mut self, now: Duration, place: Place) {
        if self.is_provisioned(place) {
            return self.push_ready(now, place);
        }
        let newest = self.idle.map_or(NONE, |(_, newest)| newest);
        let env = &mut self[place];
        (env.since, env.listed) = (nanoseconds(now), Listed::Idle);
        (env.older, env.newer) = (newest, NONE);
        let version = env.version;
        let below = std::mem::replace(&mut self.versions[version].idle, place.0);
        let env = &mut self[place];
        (env.below, env.above) = (below, NONE);
        if let Some(env) = self.table.get_mut(below as usize) {
            env.above = place.0;
        }
        if let Some(env) = self.table.get_mut(newest as usize) {
            env.newer = place.0;
        }
        let oldest = self.idle.map_or(place.0, |(oldest, _)| oldest);
        self.idle = Some((oldest, place.0));
    }

    /// On top of its version's list.
    fn push_ready(&mut self, now: Duration, place: Place) {
        let env = &mut self[place];
        (env.since, env.listed) = (nanoseconds(now), Listed::Ready);
        (env.older, env.newer, env.above) = (NONE, NONE, NONE);
        let version = env.version;
        let below = std::mem::replace(&mut self.versions[version].ready, place.0);
        self[place].below = below;
        if let Some(env) = self.table.get_mut(below as usize) {
            env.above = place.0;
        }
    }

    /// It is told now whether what was made ahead is wanted so: what is idle goes to the list that it belongs to.
    pub(in crate::assignment) fn list_ready(&mut self, version: u32) {
        let mut next = self.versions[version].idle;
        while let Some(env) = self.table.get(next as usize) {
            let (place, since, below) = (Place(next), Duration::from_nanos(env.since), env.below);
            if self.is_provisioned(place) {
                self.forget_idle(place);
                self.push_ready(since, place);
            }
            next = below;
        }
    }

    /// One of those that stand ready.
    pub(in crate::assignment) fn take_ready(&mut self, version: u32) -> Option<Place> {
        let ready = self.versions[version].ready;
        if ready == NONE {
            return None;
        }
        self.forget_idle(Place(ready));
        Some(Place(ready))
    }

    /// What was made ahead first.
    pub(in crate::assignment) fn take_idle(&mut self, version: u32) -> Option<Place> {
        let Version { ready, idle, .. } = self.versions[version];
        let top = if ready == NONE { idle } else { ready };
        if top == NONE {
            return None;
        }
        self.forget_idle(Place(top));
        Some(Place(top))
    }

    pub(in crate::assignment) fn forget_idle(&mut self, place: Place) {
        let env = &mut self[place];
        let listed = std::mem::replace(&mut env.listed, Listed::No);
        if listed == Listed::No {
            return;
        }
        let (older, newer, below, above) = (env.older, env.newer, env.below, env.above);
        let version = env.version;
        if let Some(env) = self.table.get_mut(below as usize) {
            env.above = above;
        }
        match self.table.get_mut(above as usize) {
            Some(env) => env.below = below,
            None if listed == Listed::Ready => self.versions[version].ready = below,
            None => self.versions[version].idle = below,
        }
        if listed == Listed::Ready {
            return;
        }
        if let Some(env) = self.table.get_mut(older as usize) {
            env.newer = newer;
        }
        if let Some(env) = self.table.get_mut(newer as usize) {
            env.older = older;
        }
        self.idle = self.idle.and_then(|(oldest, newest)| {
            let oldest = if oldest == place.0 { newer } else { oldest };
            let newest = if newest == place.0 { older } else { newest };
            (oldest != NONE).then_some((oldest, newest))
        });
    }

    pub(in crate::assignment) fn oldest_idle(&self) -> Option<(Duration, Place)> {
        let (oldest, _) = self.idle?;
        Some((Duration::from_nanos(self.table[oldest as usize].since), Place(oldest)))
    }

    /// No longer idle in our books: those of a version whose generation is not used any more.
    pub(in crate::assignment) fn take_all_idle(&mut self, version: u32) -> Vec<Place> {
        std::iter::from_fn(|| self.take_idle(version)).collect()
    }
}
