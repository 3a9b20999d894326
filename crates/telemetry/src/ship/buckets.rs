//! The index as its writer knows it: what this store has in each bucket that it wrote lately.
//!
//! A store is its buckets' only writer but for the garbage pass, which deletes them whole. So what is known is written anew
//! at the revision that is known; where that is not so any more, it is forgotten, and the step that is tried again reads.

use crate::index::{self, BucketName, Entry, PART_BYTES_MAX};
use crate::stores::Stores;
use std::collections::BTreeMap;
use substrate::{Expected, KvError, Revision, Write};

/// Buckets that are remembered; all are forgotten where more are written to.
const REMEMBERED_MAX: usize = 2_048;
/// Buckets of one batch.
const BATCH: usize = 32;
/// Parts of one bucket: what is more is an error of ours, and not a reason to read on without end.
const PARTS_MAX: u32 = 4_096;

/// One section more, in the place of others.
pub(super) struct Change {
    pub(super) name: BucketName,
    pub(super) remove: Vec<Entry>,
    pub(super) add: Entry,
}

#[derive(Default)]
pub(super) struct Buckets(BTreeMap<BucketName, Known>);

/// The last part of a bucket.
#[derive(Clone)]
struct Known {
    part: u32,
    revision: Option<Revision>,
    entries: Vec<Entry>,
}

impl Buckets {
    /// Writes the changes; several of one bucket in one write.
    pub(super) async fn write(&mut self, stores: &Stores, changes: Vec<Change>) -> Result<(), KvError> {
        let mut names: BTreeMap<BucketName, Vec<Change>> = BTreeMap::new();
        for change in changes {
            names.entry(change.name.clone()).or_default().push(change);
        }
        let mut batch = Vec::new();
        for (name, changes) in names {
            let known = self.known(stores, &name).await?;
            for (part, known) in changed(known, changes)? {
                batch.push((name.clone(), known.write(&name, part)?, known));
                if batch.len() >= BATCH {
                    self.write_batch(stores, std::mem::take(&mut batch)).await?;
                }
            }
        }
        self.write_batch(stores, batch).await
    }

    async fn write_batch(
        &mut self,
        stores: &Stores,
        batch: Vec<(BucketName, Write, Known)>,
    ) -> Result<(), KvError> {
        if batch.is_empty() {
            return Ok(());
        }
        let writes = batch.iter().map(|(_, write, _)| write.clone()).collect();
        let written = stores.write(writes).await;
        if self.0.len() > REMEMBERED_MAX {
            self.0.clear();
        }
        for (name, _, mut known) in batch {
            match &written {
                Ok(revision) => {
                    known.revision = Some(*revision);
                    self.0.insert(name, known);
                }
                // It may have been applied: what is there is read.
                Err(_) => drop(self.0.remove(&name)),
            }
        }
        match written {
            Ok(_) => Ok(()),
            Err(KvError::Conflict { .. }) => {
                Err(KvError::Unavailable { reason: "a bucket of the log index was cleared away".to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    async fn known(&mut self, stores: &Stores, name: &BucketName) -> Result<Known, KvError> {
        if let Some(known) = self.0.get(name) {
            return Ok(known.clone());
        }
        let mut known = Known { part: 0, revision: None, entries: Vec::new() };
        for part in 0..PARTS_MAX {
            let found = stores.read::<Vec<Entry>>(&name.key(part)?).await?;
            let Some((entries, revision)) = found else { break };
            known = Known { part, revision: Some(revision), entries };
        }
        Ok(known)
    }
}

impl Known {
    fn write(&self, name: &BucketName, part: u32) -> Result<Write, KvError> {
        let expected = self.revision.map_or(Expected::Absent, Expected::At);
        Ok(Write::Put { key: name.key(part)?, value: index::write(&self.entries)?, expected })
    }
}

/// The bucket's last part with the changes, and those that follow where it would be too large.
fn changed(mut known: Known, changes: Vec<Change>) -> Result<Vec<(u32, Known)>, KvError> {
    let mut parts = Vec::new();
    for change in changes {
        let gone = |entry: &Entry| {
            // The same section, put again, too.
            let same = |other: &Entry| other.first_id == entry.first_id && other.last_id == entry.last_id;
            change.remove.iter().any(same) || same(&change.add)
        };
        known.entries.retain(|entry| !gone(entry));
        known.entries.push(change.add.clone());
        if index::write(&known.entries)?.len() > PART_BYTES_MAX && known.entries.len() > 1 {
            known.entries.pop();
            let next = Known { part: known.part + 1, revision: None, entries: vec![change.add] };
            parts.push((known.part, std::mem::replace(&mut known, next)));
        }
    }
    parts.push((known.part, known));
    Ok(parts)
}
