//! What is in the file, entry by entry.
//!
//! ```text
//! tinderbox.json                     the format, and when: first, so that a newer one is told at once
//! code/HEX.zip                       each code once, before the first function that names it
//! functions/00000001/head.json       in the order of their keys: which function, how many versions, its head
//! functions/00000001/version-1.json  its published versions, rising
//! manifest.json                      last: how many of everything, and the SHA-256 of all bytes before it
//! ```
//! The constitution: formats are numbered, a newer one is refused; records are those of `record`, each with its own
//! format; every size is bounded; an order other than this one is refused. The digests tell damage, not forgery.

use super::BackupError;
use super::tar::{Header, Reader, Writer, refuse};
use crate::model::{Counters, Function, FunctionId, VersionState};
use crate::record::{self, Head, LiveHead, RecordError};
use crate::store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::sync::Arc;
use substrate::kv::VALUE_BYTES_MAX;
use substrate::{BlobKey, Key};
use types::limits::ZIP_BYTES_MAX;

const FORMAT: u32 = 1;
const FIRST: &str = "tinderbox.json";
const LAST: &str = "manifest.json";
/// Of either of them.
const ABOUT_BYTES_MAX: u64 = 4_096;
/// A record, with its key and spaces that somebody's formatter put in.
const RECORD_BYTES_MAX: u64 = 2 * VALUE_BYTES_MAX as u64;
/// Of one function: what is held in memory at once, beside one code.
const VERSIONS_MAX: usize = 100_000;
/// More are no count but an attack on the numbers of whoever comes after.
pub(super) const COUNTER_MAX: u64 = 1 << 48;

/// What an export holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub functions: u64,
    /// Published ones.
    pub versions: u64,
    /// Names of deleted functions, of which only numbers are left.
    pub deleted: u64,
    /// Different ones.
    pub code: u64,
    pub code_bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    format: u32,
    program: String,
    made_ms: u64,
    /// For who looks at it.
    warning: String,
}

#[derive(Deserialize)]
struct OnlyFormat {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    format: u32,
    holds: Summary,
    /// Of all bytes before this file's header, hexadecimal.
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadEntry {
    key: String,
    versions: usize,
    record: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionEntry {
    record: serde_json::Value,
}

/// One name: a function, or what is left of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) id: FunctionId,
    pub(super) counters: Counters,
    pub(super) function: Option<Function>,
}

impl Stored {
    pub(super) fn code(&self) -> BTreeMap<BlobKey, u64> {
        let versions = self.function.iter().flat_map(Function::versions);
        versions.filter_map(|(_, it)| Some((BlobKey::from_digest(&it.code.digest)?, it.code.bytes))).collect()
    }
}

/// Writes an export.
pub(super) struct ArchiveWriter<'a> {
    tar: Writer<'a>,
    pub(super) summary: Summary,
}

impl<'a> ArchiveWriter<'a> {
    pub(super) fn begin(output: &'a mut dyn std::io::Write, now_ms: u64) -> Result<Self, BackupError> {
        let mut tar = Writer::new(output, now_ms / 1_000);
        let first = First {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_ms: now_ms,
            warning: "environment variables stand in here as they are".to_owned(),
        };
        tar.file(FIRST, &json(&first)?)?;
        Ok(Self { tar, summary: Summary::default() })
    }

    pub(super) fn written(&self) -> u64 {
        self.tar.written()
    }

    pub(super) fn code(&mut self, key: &BlobKey, zip: &[u8]) -> Result<(), BackupError> {
        self.summary.code += 1;
        self.summary.code_bytes += zip.len() as u64;
        self.tar.file(&code_name(key), zip)
    }

    pub(super) fn function(&mut self, stored: &Stored) -> Result<(), BackupError> {
        let index = self.summary.functions + self.summary.deleted + 1;
        let (counters, function) = (stored.counters, stored.function.as_ref());
        let live = function.map(|function| LiveHead {
            incarnation: function.incarnation,
            tags: function.tags.clone(),
            reservation: function.reservation,
            latest: VersionState::clone(&function.latest),
        });
        let record = value(record::write_head(&Head { counters, live }))?;
        let versions = function.map_or(0, |function| function.published.len());
        let key = store::head_key(&stored.id)?.as_str().to_owned();
        self.tar.file(&head_name(index), &json(&HeadEntry { key, versions, record })?)?;
        for (number, state) in function.iter().flat_map(|function| &function.published) {
            let record = value(record::write_version(state))?;
            self.tar.file(&version_name(index, *number), &json(&VersionEntry { record })?)?;
        }
        match function {
            Some(_) => self.summary.functions += 1,
            None => self.summary.deleted += 1,
        }
        self.summary.versions += versions as u64;
        Ok(())
    }

    /// The whole length.
    pub(super) fn end(mut self) -> Result<(Summary, u64), BackupError> {
        let sha256 = BlobKey::from_bytes(self.tar.digest()).hex();
        let last = Last { format: FORMAT, holds: self.summary, sha256 };
        self.tar.file(LAST, &json(&last)?)?;
        Ok((self.summary, self.tar.end()?))
    }
}

/// What comes next.
pub(super) enum Item {
    /// A code, whose bytes follow.
    Code(BlobKey, Header),
    Function(Box<Stored>),
    /// The manifest, and after it nothing.
    End,
}

/// Reads an export from its beginning.
pub(super) struct ArchiveReader<R> {
    tar: Reader<R>,
    seen: Summary,
    last_key: Option<Key>,
}

impl<R: Read> ArchiveReader<R> {
    pub(super) fn begin(input: R) -> Result<Self, BackupError> {
        let mut tar = Reader::new(input);
        let header = tar.header()?;
        if header.name != FIRST {
            return Err(refuse(0, "this is no export of tinderbox"));
        }
        let bytes = tar.body(&header, ABOUT_BYTES_MAX)?;
        let OnlyFormat { format } = read(&header, &bytes)?;
        if format != FORMAT {
            let reason = format!("format {format} is not of this program, which reads {FORMAT}");
            return Err(refuse(header.at, reason));
        }
        let _: First = read(&header, &bytes)?;
        Ok(Self { tar, seen: Summary::default(), last_key: None })
    }

    pub(super) fn seen(&self) -> Summary {
        self.seen
    }

    pub(super) fn at(&self) -> u64 {
        self.tar.at()
    }

    /// The code of the item that came last.
    pub(super) fn code(&mut self, header: &Header) -> Result<Vec<u8>, BackupError> {
        self.tar.body(header, ZIP_BYTES_MAX as u64)
    }

    fn function(&mut self, header: &Header) -> Result<Stored, BackupError> {
        let bytes = self.tar.body(header, RECORD_BYTES_MAX)?;
        let index = self.seen.functions + self.seen.deleted + 1;
        let refused = |reason: &str| refuse(header.at, format!("{}: {reason}", header.name));
        if header.name != head_name(index) {
            return Err(refused("another one comes here"));
        }
        let HeadEntry { key, versions, record } = read(header, &bytes)?;
        let key = Key::from_stored(key).map_err(|_| refused("its key is none"))?;
        let id = store::parse_head_key(&key).ok_or_else(|| refused("its key is no function's"))?;
        // Only the one way to write it; and every name once.
        if store::head_key(&id).ok().as_ref() != Some(&key) || self.last_key.as_ref() >= Some(&key) {
            return Err(refused("its key is not as it is written, or not in order"));
        }
        self.last_key = Some(key);
        let Head { counters, live } = parse(header, &record, record::read_head)?;
        let Some(live) = live else {
            self.seen.deleted += 1;
            return if versions == 0 {
                Ok(Stored { id, counters, function: None })
            } else {
                Err(refused("a deleted function has no versions"))
            };
        };
        if versions > VERSIONS_MAX {
            return Err(refused("too many versions"));
        }
        let mut published = BTreeMap::new();
        for _ in 0..versions {
            let (number, state) = self.version(index)?;
            if published.last_key_value().is_some_and(|(last, _)| *last >= number) {
                return Err(refuse(self.tar.at(), "its versions are not in order"));
            }
            published.insert(number, Arc::new(state));
        }
        self.seen.functions += 1;
        self.seen.versions += versions as u64;
        let (tags, latest) = (live.tags, Arc::new(live.latest));
        let (incarnation, reservation) = (live.incarnation, live.reservation);
        let function =
            Function { id: id.clone(), counters, incarnation, tags, reservation, latest, published };
        Ok(Stored { id, counters, function: Some(function) })
    }

    fn version(&mut self, index: u64) -> Result<(u64, VersionState), BackupError> {
        let header = self.tar.header()?;
        let number = header.name.strip_suffix(".json").and_then(|name| name.rsplit_once("version-"));
        let number = number.and_then(|(_, number)| number.parse().ok());
        let number = number.filter(|number| version_name(index, *number) == header.name);
        let number =
            number.ok_or_else(|| refuse(header.at, format!("{}: a version comes here", header.name)))?;
        let bytes = self.tar.body(&header, RECORD_BYTES_MAX)?;
        let VersionEntry { record } = read(&header, &bytes)?;
        Ok((number, parse(&header, &record, record::read_version)?))
    }

    /// `digest`: of what stands before the manifest, if all of it was read.
    fn end(&mut self, header: &Header, digest: Option<[u8; 32]>) -> Result<(), BackupError> {
        let bytes = self.tar.body(header, ABOUT_BYTES_MAX)?;
        let Last { format, holds, sha256 } = read(header, &bytes)?;
        let sound = digest.is_none_or(|digest| BlobKey::from_bytes(digest).hex() == sha256);
        // A fuzzer finds no digests.
        if format != FORMAT || !(sound || cfg!(fuzzing)) {
            return Err(refuse(header.at, "the manifest's digest is another: the file is damaged"));
        }
        if digest.is_some() && holds != self.seen {
            return Err(refuse(header.at, "the manifest counts other things than there are"));
        }
        self.tar.end()
    }

    /// The next item, of a reading that leaves nothing out.
    pub(super) fn next(&mut self) -> Result<Item, BackupError> {
        let digest = self.tar.digest();
        let header = self.tar.header()?;
        let item = self.item(header, Some(digest))?;
        if let Item::Code(_, header) = &item {
            self.seen.code += 1;
            self.seen.code_bytes += header.bytes;
        }
        Ok(item)
    }

    fn item(&mut self, header: Header, digest: Option<[u8; 32]>) -> Result<Item, BackupError> {
        if header.name == LAST {
            return self.end(&header, digest).map(|()| Item::End);
        }
        if let Some(key) = parse_code_name(&header.name) {
            return Ok(Item::Code(key, header));
        }
        self.function(&header).map(|stored| Item::Function(Box::new(stored)))
    }
}

impl<R: Read + Seek> ArchiveReader<R> {
    /// The next function of a file that was checked; code is passed over.
    pub(super) fn next_function(&mut self) -> Result<Option<Stored>, BackupError> {
        loop {
            let header = self.tar.header()?;
            match self.item(header, None)? {
                Item::Code(_, header) => self.tar.skip(&header)?,
                Item::Function(stored) => return Ok(Some(*stored)),
                Item::End => return Ok(None),
            }
        }
    }
}

fn code_name(key: &BlobKey) -> String {
    format!("code/{}.zip", key.hex())
}

fn parse_code_name(name: &str) -> Option<BlobKey> {
    BlobKey::from_hex(name.strip_prefix("code/")?.strip_suffix(".zip")?)
}

fn head_name(index: u64) -> String {
    format!("functions/{index:08}/head.json")
}

fn version_name(index: u64, number: u64) -> String {
    format!("functions/{index:08}/version-{number}.json")
}

fn json(entry: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(entry).map_err(|error| std::io::Error::other(error).into())
}

fn value(written: Result<Vec<u8>, RecordError>) -> Result<serde_json::Value, BackupError> {
    let bytes = written.map_err(std::io::Error::other)?;
    serde_json::from_slice(&bytes).map_err(|error| std::io::Error::other(error).into())
}

fn read<'a, T: Deserialize<'a>>(header: &Header, bytes: &'a [u8]) -> Result<T, BackupError> {
    serde_json::from_slice(bytes).map_err(|error| refuse(header.at, format!("{}: {error}", header.name)))
}

fn parse<T>(
    header: &Header,
    record: &serde_json::Value,
    read: impl FnOnce(&[u8]) -> Result<T, RecordError>,
) -> Result<T, BackupError> {
    let bytes = json(record)?;
    read(&bytes).map_err(|error| refuse(header.at, format!("{}: {error}", header.name)))
}
