//! Where the records lie in `Kv`, and reading them.
//!
//! `function/ACCOUNT/REGION/NAME` is a function's head, or its tombstone; `version/ACCOUNT/REGION/NAME/INCARNATION/N`
//! one published version. A delete turns the head into a tombstone, which is one write and makes all versions orphans
//! at once; they are swept afterwards, at the latest at the next start.

use crate::index::Indexed;
use crate::model::{Counters, Current, Function, FunctionId, Reservation, VersionState};
use crate::record::{self, Head, RecordError};
use fabric::Scope;
use fabric::assignment::Revision;
use std::collections::BTreeMap;
use std::sync::Arc;
use substrate::kv::{BATCH_WRITES_MAX, PAGE_ENTRIES_MAX};
use substrate::{Entry, Expected, Key, Kv, KvError, Write};
use types::{AccountId, FunctionName, Region, Version};

const FUNCTIONS: &str = "function";
const VERSIONS: &str = "version";
/// How often a function is read anew because another process changed it meanwhile.
const TORN_READS_MAX: usize = 8;

/// Why a function could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("{reason}")]
    Kv { reason: KvError },
    #[error("{key}: {reason}")]
    Record { key: Key, reason: RecordError },
}

impl From<KvError> for LoadError {
    fn from(reason: KvError) -> Self {
        Self::Kv { reason }
    }
}

/// Everything there is at a start.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) functions: Vec<Indexed>,
    /// Version records of functions that were deleted.
    pub(crate) orphans: Vec<Key>,
    /// Some record could not be read, so that what is named is not known and nothing may be collected.
    pub(crate) damaged: bool,
}

pub(crate) fn head_key(id: &FunctionId) -> Result<Key, KvError> {
    Key::of(&[FUNCTIONS, id.scope.account.as_str(), id.scope.region.as_str(), id.name.as_str()])
}

pub(crate) fn version_key(id: &FunctionId, incarnation: u64, number: u64) -> Result<Key, KvError> {
    let (account, region) = (id.scope.account.as_str(), id.scope.region.as_str());
    // Numbers with leading zeros, so that the order of keys is theirs.
    Key::of(&[VERSIONS, account, region, id.name.as_str(), &number_text(incarnation), &number_text(number)])
}

fn versions_prefix(id: &FunctionId) -> Result<Key, KvError> {
    Key::of(&[VERSIONS, id.scope.account.as_str(), id.scope.region.as_str(), id.name.as_str()])
}

fn number_text(number: u64) -> String {
    format!("{number:020}")
}

/// What the heads of a scope, or of everybody, lie under.
pub(crate) fn heads_prefix(scope: Option<&Scope>) -> Result<Key, KvError> {
    match scope {
        Some(scope) => Key::of(&[FUNCTIONS, scope.account.as_str(), scope.region.as_str()]),
        None => Key::of(&[FUNCTIONS]),
    }
}

/// What all published versions lie under.
pub(crate) fn all_versions_prefix() -> Result<Key, KvError> {
    Key::of(&[VERSIONS])
}

/// One function as the store has it; where several processes write, at one moment.
pub(crate) async fn load(kv: &dyn Kv, id: &FunctionId, shared: bool) -> Result<Current, LoadError> {
    match kv.get(&head_key(id)?).await? {
        Some(entry) => load_from(kv, id, entry, shared).await,
        None => Ok(Current::default()),
    }
}

/// The same, from its head. Every change of a version writes the head too, so that the versions are those of the head
/// if it is still the same after they were read; else all is read again.
pub(crate) async fn load_from(
    kv: &dyn Kv,
    id: &FunctionId,
    mut entry: Entry,
    shared: bool,
) -> Result<Current, LoadError> {
    for _ in 0..TORN_READS_MAX {
        let head = read_head(&entry)?;
        let at = entry.revision;
        let mut published = BTreeMap::new();
        let mut torn = None;
        if let Some(live) = head.live.as_ref().filter(|_| head.counters.version > 0) {
            let versions = all(kv, &versions_prefix(id)?).await?;
            torn = match shared {
                true => kv.get(&entry.key).await?.filter(|again| again.revision != at),
                false => None,
            };
            for entry in versions.into_iter().filter(|_| torn.is_none()) {
                let Some((_, incarnation, number)) = parse_version_key(&entry.key) else { continue };
                if incarnation == live.incarnation {
                    published.insert(number, Arc::new(read_version(&entry)?));
                }
            }
        }
        if let Some(again) = torn {
            entry = again;
            continue;
        }
        let counters = head.counters;
        let function = assemble(id.clone(), head, published).map(Arc::new);
        return Ok(Current { at: Some(at), counters, function });
    }
    // So many changes in a row: the store is well, but whoever asks must ask again.
    Err(LoadError::Kv { reason: KvError::Busy })
}

/// What is recorded of one version: two reads at most, however many versions the function has.
pub(crate) async fn revision(kv: &dyn Kv, id: &FunctionId, version: Version) -> Result<Revision, LoadError> {
    let none = Revision { generation_min: 0, reserved_at: 0, reserved: None };
    // Of a name that was never used nothing is old.
    let Some(entry) = kv.get(&head_key(id)?).await? else { return Ok(none) };
    let head = read_head(&entry)?;
    // A function or version that was deleted: every generation up to that is old.
    let deleted = head.counters.generation;
    let Some(live) = head.live else { return Ok(Revision { generation_min: deleted, ..none }) };
    let generation_min = match version {
        Version::Latest => live.latest.generation,
        Version::Published(number) => match kv.get(&version_key(id, live.incarnation, number)?).await? {
            Some(entry) => read_version(&entry)?.generation,
            None => deleted,
        },
    };
    let Reservation { at, reserved } = live.reservation;
    Ok(Revision { generation_min, reserved_at: at, reserved })
}

/// Every function. One whose record can not be read is left out and said so; the others are served. Where others write
/// meanwhile, a function that changed while its versions were read is left out: whoever asks for it reads it.
pub(crate) async fn load_all(kv: &dyn Kv, shared: bool) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    let heads = heads_prefix(None)?;
    let mut before = BTreeMap::new();
    if shared {
        before.extend(all(kv, &heads).await?.into_iter().map(|entry| (entry.key, entry.revision)));
    }
    let mut versions: BTreeMap<Key, Vec<(u64, u64, Entry)>> = BTreeMap::new();
    for entry in all(kv, &all_versions_prefix()?).await? {
        match parse_version_key(&entry.key) {
            Some((id, incarnation, number)) => {
                versions.entry(head_key(&id)?).or_default().push((incarnation, number, entry));
            }
            None => loaded.damaged = true,
        }
    }
    for entry in all(kv, &heads).await? {
        if shared && before.get(&entry.key) != Some(&entry.revision) {
            continue;
        }
        let versions = versions.remove(&entry.key).unwrap_or_default();
        match load_one(&entry, versions, &mut loaded.orphans) {
            Ok(Some(function)) => {
                loaded.functions.push(Indexed { function: Arc::new(function), at: entry.revision });
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "a function can not be served: its record is damaged or from a newer program");
                loaded.damaged = true;
            }
        }
    }
    Ok(loaded)
}

fn load_one(
    entry: &Entry,
    versions: Vec<(u64, u64, Entry)>,
    orphans: &mut Vec<Key>,
) -> Result<Option<Function>, LoadError> {
    let head = read_head(entry)?;
    let incarnation = head.live.as_ref().map(|live| live.incarnation);
    let mut published = BTreeMap::new();
    for (of, number, version) in versions {
        if Some(of) == incarnation {
            published.insert(number, Arc::new(read_version(&version)?));
        } else {
            orphans.push(version.key);
        }
    }
    let id = parse_head_key(&entry.key).ok_or_else(|| LoadError::Kv {
        reason: KvError::Corrupt { reason: format!("{} is no function's key", entry.key) },
    })?;
    Ok(assemble(id, head, published))
}

fn assemble(id: FunctionId, head: Head, published: BTreeMap<u64, Arc<VersionState>>) -> Option<Function> {
    let live = head.live?;
    Some(Function {
        id,
        counters: head.counters,
        incarnation: live.incarnation,
        tags: live.tags,
        reservation: live.reservation,
        latest: Arc::new(live.latest),
        published,
    })
}

/// The writes that turn `before` into `after`, the head's by compare-and-set. A deleted function's versions are not
/// among them: they are orphans once the head is a tombstone.
pub(crate) fn writes(
    id: &FunctionId,
    before: &Current,
    after: Option<&Function>,
    counters: Counters,
) -> Result<Vec<Write>, LoadError> {
    let live = after.map(|function| record::LiveHead {
        incarnation: function.incarnation,
        tags: function.tags.clone(),
        reservation: function.reservation,
        latest: VersionState::clone(&function.latest),
    });
    let key = head_key(id)?;
    let value = record::write_head(&Head { counters, live });
    let value = value.map_err(|reason| LoadError::Record { key: key.clone(), reason })?;
    let expected = before.at.map_or(Expected::Absent, Expected::At);
    let mut writes = vec![Write::Put { key, value: value.into(), expected }];
    let Some(after) = after else { return Ok(writes) };
    let none = BTreeMap::new();
    let published = before.function.as_ref().map_or(&none, |function| &function.published);
    for (number, state) in &after.published {
        let expected = match published.get(number) {
            None => Expected::Absent,
            Some(before) if before == state => continue,
            // What changes a version writes the head too, by compare-and-set.
            Some(_) => Expected::Any,
        };
        let key = version_key(id, after.incarnation, *number)?;
        let value = record::write_version(state);
        let value = value.map_err(|reason| LoadError::Record { key: key.clone(), reason })?;
        writes.push(Write::Put { key, value: value.into(), expected });
    }
    for number in published.keys() {
        if !after.published.contains_key(number) {
            let key = version_key(id, after.incarnation, *number)?;
            writes.push(Write::Delete { key, expected: Expected::Any });
        }
    }
    Ok(writes)
}

/// Deletes keys, many to a batch.
pub(crate) async fn sweep(kv: &dyn Kv, keys: Vec<Key>) -> Result<(), KvError> {
    for keys in keys.chunks(BATCH_WRITES_MAX) {
        let delete = |key: &Key| Write::Delete { key: key.clone(), expected: Expected::Any };
        kv.write(keys.iter().map(delete).collect()).await?;
    }
    Ok(())
}

async fn all(kv: &dyn Kv, prefix: &Key) -> Result<Vec<Entry>, KvError> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map(|entry| entry.key.clone());
        let page = kv.list(prefix, after.as_ref(), PAGE_ENTRIES_MAX).await?;
        entries.extend(page.entries);
        if !page.more {
            return Ok(entries);
        }
    }
}

pub(crate) fn parse_head_key(key: &Key) -> Option<FunctionId> {
    match key.segments()?.as_slice() {
        [_, account, region, name] => Some(function_id(account, region, name)),
        _ => None,
    }
}

pub(crate) fn parse_version_key(key: &Key) -> Option<(FunctionId, u64, u64)> {
    match key.segments()?.as_slice() {
        [_, account, region, name, incarnation, number] => {
            Some((function_id(account, region, name), incarnation.parse().ok()?, number.parse().ok()?))
        }
        _ => None,
    }
}

fn function_id(account: &str, region: &str, name: &str) -> FunctionId {
    let scope = Scope { account: AccountId::new(account), region: Region::new(region) };
    FunctionId { scope, name: FunctionName::new(name) }
}

pub(crate) fn read_head(entry: &Entry) -> Result<Head, LoadError> {
    record::read_head(&entry.value).map_err(|reason| LoadError::Record { key: entry.key.clone(), reason })
}

pub(crate) fn read_version(entry: &Entry) -> Result<VersionState, LoadError> {
    record::read_version(&entry.value).map_err(|reason| LoadError::Record { key: entry.key.clone(), reason })
}
