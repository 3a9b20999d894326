//! Between who uploads code and who collects garbage, where these are different processes.
//!
//! ```text
//!  collector:  unnamed for an hour ── doom ── all records read anew ── still unnamed: blob deleted ── undo the doom
//!  uploader:   blob put ── record written ── not doomed? ── blob there? else put again ── answered
//! ```
//! A doom is an entry in `Kv`, and `Kv` orders all of this: a record that was written before the doom is seen by the
//! collector's second reading, and the blob stays; one that was written after it is followed by a look at the doom,
//! which waits until it is gone, and then at the blob. So what an answered change names is there, whatever is collected
//! meanwhile. A collector goes by its own clock and deletes nothing more when its doom has become old
//! ([`DOOM_MAX`]); a dead one's doom is respected longer than that ([`RESPECTED`]) and then means nothing.
//! What is left: an uploader that is killed between record and look, in the very moment in which the same bytes, unused
//! for an hour, are collected.

use bytes::Bytes;
use std::time::Duration;
use substrate::{BlobKey, Key, KvError};

/// How long after its doom a blob may still be deleted.
pub(crate) const DOOM_MAX: Duration = Duration::from_secs(20);
/// How long a doom is waited for. Longer, by as much as a request may be on its way.
pub(crate) const RESPECTED: Duration = Duration::from_secs(30);
const DOOMS: &str = "doom";
/// What lies there: for who looks at the store.
const WORDS: &[u8] = br#"{"format":1,"why":"no version has this code"}"#;

pub(crate) fn prefix() -> Result<Key, KvError> {
    Key::of(&[DOOMS])
}

pub(crate) fn key(blob: &BlobKey) -> Result<Key, KvError> {
    Key::of(&[DOOMS, &blob.hex()])
}

pub(crate) fn words() -> Bytes {
    Bytes::from_static(WORDS)
}
