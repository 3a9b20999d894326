//! Generations that are used no more: after an update, a deletion, or when somebody asks for a newer one.

use super::{Effect, Machine, Refusal};
use std::time::Duration;
use types::{AccountId, FunctionName, Region, VersionKey};

impl Machine {
    /// Generations of a version below the key's are used no more.
    pub(super) fn retire(&mut self, now: Duration, key: &VersionKey, effects: &mut Vec<Effect>) {
        let at = self.environments.versions.at(key);
        if self.environments.versions.learn(at) {
            self.end_retired(now, at.version, effects);
        }
    }

    pub(super) fn retire_all(
        &mut self,
        now: Duration,
        (account, region, function): (&AccountId, &Region, &FunctionName),
        generation_min: u64,
        effects: &mut Vec<Effect>,
    ) {
        for version in self.environments.versions.learn_all(account, region, function, generation_min) {
            self.end_retired(now, version, effects);
        }
    }

    /// Idle environments of retired generations end now, used ones after their use; who waits for one reads again
    /// what the function is now.
    pub(super) fn end_retired(&mut self, now: Duration, version: u32, effects: &mut Vec<Effect>) {
        for place in self.environments.take_all_idle(version) {
            self.stop(now, place, effects);
        }
        self.forget_outdated(version);
        for waiter in self.waiters.take_stale(&mut self.environments.versions) {
            effects.push(Effect::Refuse { waiter, refusal: Refusal::Stale });
        }
    }
}
