//! Clears away what the shared stores need not keep: a pass, in steps of bounded batches.
//!
//! ```text
//!  a pass:  groups ─▶ sections: of no generation that lives, or older than the retention: entry deleted
//!                     over the budget: the oldest of the largest group of the largest account: entries deleted
//!                     waterfalls beyond the newest: entries deleted
//!           blobs  ─▶ in no entry: suspected ── in no entry GRACE later either ──▶ deleted
//! ```
//! Readers and shippers need not know of it, and any number of passes may run at once: an entry is deleted whoever deletes it
//! first, and a blob only after its entry, so that a reader who has the entry still finds the blob. A shipper puts a
//! block some seconds before its entry; GRACE is many times that, and a shipper that took longer puts it again.
//!
//! One of many frontends makes the passes: the one that wrote `logs/garbage` last; when that does not move for two turns
//! another takes it.

use crate::SharedSettings;
use crate::index::{self, Entry, GroupRecord, kv_error};
use crate::stores::{Stores, blob_error};
use fabric::telemetry::TelemetryError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use substrate::{BlobKey, Expected, Key, KvError, Revision, Write};
use tokio::sync::Mutex;
use world::{Instant, World};

/// How often a pass is made.
const EVERY: Duration = Duration::from_secs(300);
/// How long a blob is in no entry before it is deleted.
const GRACE: Duration = Duration::from_secs(600);
/// How long a deleted group is remembered: longer than any line is on its way.
const TOMBSTONE_MS: u64 = DAY_MS;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Each so many bytes of an entry count as one more.
const ENTRY_BYTES: u64 = 1_024;
/// Deletions of one batch.
const BATCH: usize = 100;
/// Blobs that are suspected, or deleted, in one pass; the rest have the next.
const BLOBS_MAX: usize = 20_000;

/// What one frontend remembers between its passes.
pub(crate) struct Garbage {
    stores: Stores,
    settings: SharedSettings,
    /// In no entry, since when.
    suspects: BTreeMap<BlobKey, Instant>,
    /// `logs/garbage` as it was seen last, and whether by us.
    turn: Option<(Revision, bool)>,
    /// Looks that another's turn has not moved for.
    still: u32,
}

/// One pass.
#[derive(Default)]
struct Pass {
    now_ms: u64,
    /// `ACCOUNT/REGION/HASH/GENERATION` to the days it keeps; `None`: for ever.
    living: BTreeMap<String, Option<u32>>,
    dead: BTreeSet<String>,
    sums: BTreeMap<String, Sums>,
    /// Blobs that an entry names.
    named: BTreeSet<BlobKey>,
    /// An entry could not be read: which blobs it names is not known.
    blind: bool,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    entries: u64,
}

pub(crate) async fn clear_forever(world: World, garbage: Arc<Mutex<Garbage>>) {
    loop {
        world.clock.sleep(EVERY).await;
        let mut garbage = garbage.lock().await;
        let done = match garbage.take_turn().await {
            Ok(true) => garbage.pass().await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let reason = error.to_string();
            tracing::warn!(reason, "old logs could not be cleared away; it is tried again");
        }
    }
}

impl Garbage {
    pub(crate) fn new(stores: Stores, settings: SharedSettings) -> Self {
        Self { stores, settings, suspects: BTreeMap::new(), turn: None, still: 0 }
    }

    /// Whether the pass is ours to make.
    async fn take_turn(&mut self) -> Result<bool, TelemetryError> {
        let key = index::garbage_key().map_err(|error| kv_error(&error))?;
        let seen = self.stores.get(&key).await.map_err(|error| kv_error(&error))?;
        let revision = seen.map(|entry| entry.revision);
        if let Some(revision) = revision
            && self.turn != Some((revision, true))
        {
            self.still = if self.turn == Some((revision, false)) { self.still + 1 } else { 0 };
            self.turn = Some((revision, false));
            if self.still < 2 {
                return Ok(false);
            }
        }
        let expected = revision.map_or(Expected::Absent, Expected::At);
        let value = index::write(&self.stores.world.random_u64()).map_err(|error| kv_error(&error))?;
        match self.stores.write(vec![Write::Put { key, value, expected }]).await {
            Ok(revision) => {
                self.turn = Some((revision, true));
                Ok(true)
            }
            Err(KvError::Conflict { .. }) => Ok(false),
            Err(error) => Err(kv_error(&error)),
        }
    }

    /// Makes a pass.
    pub(crate) async fn pass(&mut self) -> Result<(), TelemetryError> {
        let mut pass = Pass { now_ms: self.stores.world.wall().millis(), ..Pass::default() };
        self.clear_index(&mut pass).await.map_err(|error| kv_error(&error))?;
        if !pass.blind {
            self.clear_blobs(&pass).await?;
        }
        Ok(())
    }

    async fn clear_index(&self, pass: &mut Pass) -> Result<(), KvError> {
        let tombstones = self.read_groups(pass).await?;
        for list in ["block", "wide"] {
            self.clear_sections(list, pass).await?;
        }
        self.clear_streams(pass).await?;
        self.clear_traces(pass).await?;
        self.fit_budget(pass).await?;
        // What was of them went above; a group that was made again meanwhile has another revision.
        for (key, revision) in tombstones {
            match self.stores.write(vec![Write::Delete { key, expected: Expected::At(revision) }]).await {
                Ok(_) | Err(KvError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Learns the generations that live; answers the records of groups that were deleted long ago.
    async fn read_groups(&self, pass: &mut Pass) -> Result<Vec<(Key, Revision)>, KvError> {
        let prefix = index::groups_prefix(None)?;
        let mut tombstones = Vec::new();
        let mut after = None;
        loop {
            let page = self.stores.list(&prefix, after.as_ref()).await?;
            for found in &page.entries {
                let record: GroupRecord = index::read(&found.value)?;
                match record.deleted_ms {
                    Some(deleted_ms) if deleted_ms.saturating_add(TOMBSTONE_MS) < pass.now_ms => {
                        tombstones.push((found.key.clone(), found.revision));
                    }
                    Some(_) => {}
                    None => {
                        let group = found.key.as_str().strip_prefix("logs/group/").unwrap_or_default();
                        let days = record.retention_days.or(self.settings.retention_days_default);
                        pass.living.insert(format!("{group}/{:016x}", record.generation), days);
                    }
                }
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(tombstones);
            }
        }
    }

    async fn clear_sections(&self, list: &str, pass: &mut Pass) -> Result<(), KvError> {
        let prefix = Key::of(&["logs", list])?;
        let mut after = None;
        loop {
            let page = self.stores.list_sections(&prefix, after.as_ref()).await?;
            let mut gone = Vec::new();
            for found in &page.entries {
                let Some(generation) = generation_of(&found.key) else { continue };
                let Ok(entries) = index::read::<Vec<Entry>>(&found.value) else {
                    let key = found.key.as_str();
                    tracing::error!(
                        key,
                        "an entry of the log index can not be read: no block is cleared away"
                    );
                    pass.blind = true;
                    continue;
                };
                let lives = self.lives(pass, generation).await?;
                if !lives || entries.iter().all(|entry| pass.is_old(generation, entry.last_ms)) {
                    gone.push((found.key.clone(), found.revision));
                    continue;
                }
                pass.named.extend(entries.iter().map(|entry| BlobKey::from_bytes(entry.blob)));
                let sums = pass.sums.entry(generation.to_owned()).or_default();
                sums.bytes += stored(&entries);
                sums.entries += weight(&found.value);
            }
            self.delete(gone).await?;
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether it is the generation of its group. One that was made after the groups were read is read now.
    async fn lives(&self, pass: &mut Pass, generation: &str) -> Result<bool, KvError> {
        if pass.living.contains_key(generation) {
            return Ok(true);
        }
        if pass.dead.contains(generation) {
            return Ok(false);
        }
        let Some((group, number)) = generation.rsplit_once('/') else { return Ok(true) };
        let key = Key::from_stored(format!("logs/group/{group}"))?;
        let record = self.stores.read::<GroupRecord>(&key).await?.map(|(record, _)| record);
        let lives = record
            .filter(|record| record.deleted_ms.is_none() && format!("{:016x}", record.generation) == number);
        match lives {
            Some(record) => {
                let days = record.retention_days.or(self.settings.retention_days_default);
                pass.living.insert(generation.to_owned(), days);
                Ok(true)
            }
            None => {
                pass.dead.insert(generation.to_owned());
                Ok(false)
            }
        }
    }

    /// Records of streams of groups that are gone.
    async fn clear_streams(&self, pass: &mut Pass) -> Result<(), KvError> {
        let prefix = Key::of(&["logs", "stream"])?;
        let mut after = None;
        loop {
            let page = self.stores.list(&prefix, after.as_ref()).await?;
            let mut gone = Vec::new();
            for found in &page.entries {
                if let Some(generation) = generation_of(&found.key)
                    && !self.lives(pass, generation).await?
                {
                    gone.push((found.key.clone(), found.revision));
                }
            }
            self.delete(gone).await?;
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
    }

    /// Keeps the newest of each account and region.
    async fn clear_traces(&self, pass: &mut Pass) -> Result<(), KvError> {
        let prefix = index::traces_prefix(None)?;
        let mut scopes: BTreeMap<String, Vec<(Key, Revision, u64, BlobKey)>> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.stores.list_sections(&prefix, after.as_ref()).await?;
            for found in &page.entries {
                let Some(scope) = generation_of(&found.key) else { continue };
                let Ok(entry) = index::read::<index::TraceEntry>(&found.value) else {
                    pass.blind = true;
                    continue;
                };
                let blob = BlobKey::from_bytes(entry.blob);
                let entries = scopes.entry(scope.to_owned()).or_default();
                entries.push((found.key.clone(), found.revision, entry.prints.len() as u64, blob));
            }
            after = page.entries.into_iter().last().map(|entry| entry.key);
            if !page.more || after.is_none() {
                break;
            }
        }
        for entries in scopes.into_values() {
            let mut kept = 0;
            let mut gone = Vec::new();
            for (key, revision, traces, blob) in entries.into_iter().rev() {
                if kept >= self.settings.traces_max {
                    gone.push((key, revision));
                    continue;
                }
                kept += traces;
                pass.named.insert(blob);
            }
            self.delete(gone).await?;
        }
        Ok(())
    }

    /// A function that floods its log drops its own lines and not its neighbours'.
    async fn fit_budget(&self, pass: &mut Pass) -> Result<(), KvError> {
        let mut dropped = 0u64;
        loop {
            let bytes: u64 = pass.sums.values().map(|sums| sums.bytes).sum();
            let entries: u64 = pass.sums.values().map(|sums| sums.entries).sum();
            let over_bytes = bytes > self.settings.bytes_max;
            if !over_bytes && entries <= self.settings.entries_max {
                break;
            }
            let weigh = |sums: &Sums| if over_bytes { sums.bytes } else { sums.entries };
            let Some(largest) = pass.largest(weigh) else { break };
            let gone = self.drop_oldest(&largest, pass, over_bytes, bytes, entries).await?;
            if gone == 0 {
                pass.sums.remove(&largest);
            }
            dropped += gone;
        }
        if dropped > 0 {
            tracing::warn!(
                sections = dropped,
                "the shared log store is over its budget: the oldest of the largest log group were dropped"
            );
        }
        Ok(())
    }

    /// One batch of the oldest sections of a group.
    async fn drop_oldest(
        &self,
        generation: &str,
        pass: &mut Pass,
        over_bytes: bool,
        mut bytes: u64,
        mut entries: u64,
    ) -> Result<u64, KvError> {
        let mut gone = Vec::new();
        for list in ["block", "wide"] {
            let prefix = Key::from_stored(format!("logs/{list}/{generation}"))?;
            for found in self.stores.list_sections(&prefix, None).await?.entries {
                let fits = match over_bytes {
                    true => bytes <= self.settings.bytes_max,
                    false => entries <= self.settings.entries_max,
                };
                if fits || gone.len() >= BATCH {
                    break;
                }
                let size = stored(&index::read::<Vec<Entry>>(&found.value)?);
                bytes = bytes.saturating_sub(size);
                let weight = weight(&found.value);
                entries = entries.saturating_sub(weight);
                if let Some(sums) = pass.sums.get_mut(generation) {
                    sums.bytes = sums.bytes.saturating_sub(size);
                    sums.entries = sums.entries.saturating_sub(weight);
                }
                gone.push((found.key, found.revision));
            }
        }
        let count = gone.len() as u64;
        self.delete(gone).await?;
        Ok(count)
    }

    /// As they were seen; what was written meanwhile is looked at by the next pass.
    async fn delete(&self, keys: Vec<(Key, Revision)>) -> Result<(), KvError> {
        for batch in keys.chunks(BATCH) {
            let delete = |(key, revision): &(Key, Revision)| Write::Delete {
                key: key.clone(),
                expected: Expected::At(*revision),
            };
            match self.stores.write(batch.iter().map(delete).collect()).await {
                Err(KvError::Conflict { .. }) => self.delete_each(batch).await?,
                done => drop(done?),
            }
        }
        Ok(())
    }

    async fn delete_each(&self, keys: &[(Key, Revision)]) -> Result<(), KvError> {
        for (key, revision) in keys {
            let delete = Write::Delete { key: key.clone(), expected: Expected::At(*revision) };
            match self.stores.write(vec![delete]).await {
                Ok(_) | Err(KvError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes blobs that were in no entry for long.
    async fn clear_blobs(&mut self, pass: &Pass) -> Result<(), TelemetryError> {
        let now = self.stores.world.now();
        let mut suspects = BTreeMap::new();
        let mut deleted = 0;
        let mut after = None;
        loop {
            let page = self.stores.list_blobs(after.as_ref()).await.map_err(|error| blob_error(&error))?;
            for blob in &page {
                if pass.named.contains(blob) || suspects.len() >= BLOBS_MAX || deleted >= BLOBS_MAX {
                    continue;
                }
                let since = self.suspects.get(blob).copied().unwrap_or(now);
                if now.since(since) < GRACE {
                    suspects.insert(*blob, since);
                    continue;
                }
                self.stores.delete_blob(blob).await.map_err(|error| blob_error(&error))?;
                deleted += 1;
            }
            after = page.last().copied();
            if after.is_none() {
                break;
            }
        }
        self.suspects = suspects;
        Ok(())
    }
}

impl Pass {
    fn is_old(&self, generation: &str, last_ms: u64) -> bool {
        let days = self.living.get(generation).copied().flatten();
        days.is_some_and(|days| last_ms.saturating_add(u64::from(days) * DAY_MS) < self.now_ms)
    }

    /// Of the account with most, the group with most.
    fn largest(&self, weigh: impl Fn(&Sums) -> u64) -> Option<String> {
        let mut accounts: BTreeMap<&str, u64> = BTreeMap::new();
        for (generation, sums) in &self.sums {
            *accounts.entry(account_of(generation)).or_default() += weigh(sums);
        }
        let (account, _) = accounts.into_iter().max_by_key(|(_, weight)| *weight)?;
        let of_account = self.sums.iter().filter(|(generation, _)| account_of(generation) == account);
        of_account.max_by_key(|(_, sums)| weigh(sums)).map(|(generation, _)| generation.clone())
    }
}

/// What the sections take in their blocks.
fn stored(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| u64::from(entry.place.bytes)).sum()
}

/// As how many entries one of this size counts: a long one takes as much of `Kv` as many short ones, and a budget that
/// counted them alike would let `Kv` run full, where nothing can be shipped any more.
fn weight(value: &[u8]) -> u64 {
    1 + value.len() as u64 / ENTRY_BYTES
}

fn account_of(generation: &str) -> &str {
    generation.split_once('/').map_or(generation, |(account, _)| account)
}

/// What stands between the list's name and the entry's.
fn generation_of(key: &Key) -> Option<&str> {
    let rest = key.as_str().splitn(3, '/').nth(2)?;
    rest.rsplit_once('/').map(|(generation, _)| generation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use substrate::{Folder, FolderSettings, Sqlite, SqliteSettings};

    #[tokio::test]
    async fn one_of_many_has_the_turn_and_another_takes_it_when_that_one_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::real();
        let (file, blobs) = (folder.path().join("kv.db"), folder.path().join("blobs"));
        let kv = Sqlite::open(&world, &file, SqliteSettings::default()).await.expect("opens");
        let blobs = Folder::open(&world, &blobs, FolderSettings::default()).await.expect("opens");
        let stores = Stores::new(world.clone(), Arc::new(kv), Arc::new(blobs));
        let garbage = || Garbage::new(stores.clone(), SharedSettings::default());
        let (mut one, mut other) = (garbage(), garbage());
        for _ in 0..3 {
            assert_eq!(one.take_turn().await, Ok(true));
            assert_eq!(other.take_turn().await, Ok(false));
        }
        // The one is gone: its turn is seen once more, and then it does not move.
        assert_eq!(other.take_turn().await, Ok(false));
        assert_eq!(other.take_turn().await, Ok(true));
        assert_eq!(one.take_turn().await, Ok(false), "if it was only slow, it waits its turn");
    }
}
