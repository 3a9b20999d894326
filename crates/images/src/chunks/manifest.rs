//! A manifest: which chunks make up a file. A written format, version 1; numbers are little-endian.
//!
//! ```text
//!  magic 8 | version 2 | kind 2 | length of the file 8 | bytes of a chunk 4 | count 4
//!  count times, by rising place: place 4 | name 32 | secret 32       chunks of zeros have no row
//!  tag 32: HMAC of all before under the account's key | checksum 32: SHA-256 of all before
//! ```
//! The checksum finds damage without a key, as garbage collection has none. The tag shows that the account's own put
//! made the manifest: rows that somebody moved, or another account's manifest, are refused.

use super::seal::Secret;
use crate::keys::AccountKey;
use sha2::{Digest as _, Sha256};
use substrate::BlobKey;

const MAGIC: &[u8; 8] = b"TBXMANIF";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 28;
const ROW_BYTES: usize = 68;
const TAG_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 32;

/// Bytes of a chunk. Small enough that clones of one function share most, large enough that few files are many GB.
pub const CHUNK_BYTES: usize = 512 * 1024;
/// Most chunks of one file: 32 GiB, thrice the largest function's memory. Its manifest has 4.3 MiB.
pub const CHUNKS_MAX: usize = 65_536;
/// Largest manifest that is read.
pub const MANIFEST_BYTES_MAX: usize = HEAD_BYTES + CHUNKS_MAX * ROW_BYTES + TAG_BYTES + CHECKSUM_BYTES;

const _: () = assert!(MANIFEST_BYTES_MAX <= substrate::blobs::BLOB_BYTES_MAX, "a manifest is one blob");

/// What a file is, so that none is ever taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A machine's memory.
    SnapshotMemory,
    /// Its devices' and processors' state.
    SnapshotState,
    /// What the first invocation after a restore touches ([`crate::working_set`]).
    WorkingSet,
    /// A function's zip.
    Zip,
    /// A layer's zip.
    Layer,
    /// A file system image.
    Image,
}

impl Kind {
    /// Every kind with its number in the format, which never changes.
    const NUMBERS: [(Self, u16); 6] = [
        (Self::SnapshotMemory, 1),
        (Self::SnapshotState, 2),
        (Self::WorkingSet, 3),
        (Self::Zip, 4),
        (Self::Layer, 5),
        (Self::Image, 6),
    ];

    fn number(self) -> u16 {
        Self::NUMBERS.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, number)| *number)
    }

    fn from_number(number: u16) -> Option<Self> {
        Self::NUMBERS.iter().find(|(_, known)| *known == number).map(|(kind, _)| *kind)
    }
}

/// One chunk of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Which chunk of the file, from 0.
    pub(crate) place: u32,
    /// The blob it is.
    pub(crate) name: BlobKey,
    /// What its key is made of.
    pub(crate) secret: Secret,
}

/// A file as chunks. Whole: what was read is checked against its bounds and its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    kind: Kind,
    length: u64,
    rows: Vec<Row>,
    tag: [u8; TAG_BYTES],
}

/// Why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("this is no manifest")]
    Magic,
    #[error("manifests of version {version} are not known here")]
    Version { version: u16 },
    #[error("the manifest is damaged: {reason}")]
    Damaged { reason: &'static str },
}

impl Manifest {
    /// Rows by rising place.
    pub(crate) fn new(account: &AccountKey, kind: Kind, length: u64, rows: Vec<Row>) -> Self {
        let mut manifest = Self { kind, length, rows, tag: [0; TAG_BYTES] };
        manifest.tag = manifest.tag_for(account);
        manifest
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes of the file, holes included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Most bytes the file takes on a disk.
    pub fn stored_bytes(&self) -> u64 {
        (self.rows.len() as u64 * CHUNK_BYTES as u64).min(self.length)
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The blobs this manifest needs.
    pub fn chunks(&self) -> impl Iterator<Item = BlobKey> + '_ {
        self.rows.iter().map(|row| row.name)
    }

    /// Bytes of the chunk at this place, less than [`CHUNK_BYTES`] for the last.
    pub(crate) fn chunk_bytes(&self, place: u32) -> usize {
        let from = u64::from(place) * CHUNK_BYTES as u64;
        self.length.saturating_sub(from).min(CHUNK_BYTES as u64) as usize
    }

    /// Whether this account made it.
    pub(crate) fn is_of(&self, account: &AccountKey) -> bool {
        self.tag == self.tag_for(account)
    }

    fn tag_for(&self, account: &AccountKey) -> [u8; TAG_BYTES] {
        account.hash(b"tinderbox manifest 1", &self.encode_body())
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.encode_body();
        out.extend(self.tag);
        let checksum: [u8; CHECKSUM_BYTES] = Sha256::digest(&out).into();
        out.extend(checksum);
        out
    }

    fn encode_body(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MANIFEST_BYTES_MAX.min(128 + self.rows.len() * ROW_BYTES));
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(self.kind.number().to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend((CHUNK_BYTES as u32).to_le_bytes());
        out.extend((self.rows.len() as u32).to_le_bytes());
        for row in &self.rows {
            out.extend(row.place.to_le_bytes());
            out.extend(row.name.bytes());
            out.extend(row.secret);
        }
        out
    }

    /// Reads what [`Manifest::encode`] wrote, now or in any earlier version, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let damaged = |reason| ManifestError::Damaged { reason };
        let mut reader = Reader(bytes);
        if reader.take::<8>() != Some(*MAGIC) {
            return Err(ManifestError::Magic);
        }
        let version = reader.take().map(u16::from_le_bytes).ok_or(damaged("it is cut short"))?;
        if version != VERSION {
            return Err(ManifestError::Version { version });
        }
        // Before anything of it is believed.
        let body = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(damaged("it is cut short"))?;
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(damaged("it is too long"));
        }
        // Fuzzers, who find no hash, are to get beyond it.
        if Sha256::digest(&bytes[..body])[..] != bytes[body..] && !cfg!(fuzzing) {
            return Err(damaged("its checksum is wrong"));
        }
        reader.rest().ok_or(damaged("its parts do not fit"))
    }
}

/// What is not yet read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// What follows magic and version.
    fn rest(&mut self) -> Option<Manifest> {
        let kind = Kind::from_number(u16::from_le_bytes(self.take()?))?;
        let length = u64::from_le_bytes(self.take()?);
        let chunk_bytes = u32::from_le_bytes(self.take()?) as usize;
        let count = u32::from_le_bytes(self.take()?) as usize;
        let chunks = length.div_ceil(CHUNK_BYTES as u64);
        if chunk_bytes != CHUNK_BYTES || chunks > CHUNKS_MAX as u64 || count as u64 > chunks {
            return None;
        }
        if self.0.len() != count * ROW_BYTES + TAG_BYTES + CHECKSUM_BYTES {
            return None;
        }
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        for _ in 0..count {
            let place = u32::from_le_bytes(self.take()?);
            let rises = rows.last().is_none_or(|before| before.place < place);
            if u64::from(place) >= chunks || !rises {
                return None;
            }
            rows.push(Row { place, name: BlobKey::from_bytes(self.take()?), secret: self.take()? });
        }
        Some(Manifest { kind, length, rows, tag: self.take()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;
    use proptest::prelude::*;
    use types::AccountId;

    /// A manifest that version 1 wrote when it was new. It is read for ever.
    const OLDEST: &[u8] = include_bytes!("../../fixtures/manifest-1.bin");

    fn account() -> AccountKey {
        MasterKey::new([1; 32]).account(&AccountId::new("123456789012"))
    }

    fn manifest(kind: Kind) -> Manifest {
        let row = |place: u32| Row {
            place,
            name: BlobKey::of(&place.to_le_bytes()),
            secret: account().hash(b"test", &place.to_le_bytes()),
        };
        Manifest::new(&account(), kind, 5 * CHUNK_BYTES as u64 + 17, vec![row(0), row(2), row(5)])
    }

    #[test]
    fn the_oldest_file_is_still_read_and_still_written_alike() {
        let read = Manifest::decode(OLDEST).expect("read");
        assert_eq!(read, manifest(Kind::SnapshotMemory));
        assert!(read.is_of(&account()));
        assert_eq!(read.encode(), OLDEST);
    }

    #[test]
    fn every_kind_reads_back_and_has_a_number_of_its_own() {
        for (kind, number) in Kind::NUMBERS {
            let read = Manifest::decode(&manifest(kind).encode()).expect("read");
            assert_eq!((read.kind(), Kind::from_number(number)), (kind, Some(kind)));
        }
    }

    #[test]
    fn a_flipped_bit_and_a_missing_byte_are_seen_anywhere() {
        let bytes = manifest(Kind::SnapshotState).encode();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(Manifest::decode(&flipped).is_err(), "flipped at {at}");
            assert!(Manifest::decode(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(Manifest::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_newer_version_is_named() {
        let mut bytes = manifest(Kind::Zip).encode();
        bytes[8] = 9;
        assert_eq!(Manifest::decode(&bytes), Err(ManifestError::Version { version: 9 }));
    }

    /// A right checksum over wrong parts.
    fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Manifest, ManifestError> {
        let mut bytes = manifest(Kind::SnapshotMemory).encode();
        bytes.truncate(bytes.len() - CHECKSUM_BYTES);
        change(&mut bytes);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        Manifest::decode(&bytes)
    }

    #[test]
    fn parts_that_do_not_fit_are_refused_whatever_the_checksum_says() {
        assert!(resealed(|_| {}).is_ok());
        let row = |index: usize| HEAD_BYTES + index * ROW_BYTES;
        let rows: [(&str, usize, &[u8]); 7] = [
            ("an unknown kind", 10, &[200]),
            ("a length of exabytes", 19, &[0x7f]),
            ("another chunk size", 20, &[1]),
            ("more rows than chunks", 24, &[7]),
            ("fewer rows than there are", 24, &[2]),
            ("a place twice", row(1), &[0]),
            ("a place after the end", row(2), &[6]),
        ];
        for (what, at, new) in rows {
            let changed = resealed(|bytes| bytes[at..at + new.len()].copy_from_slice(new));
            assert!(matches!(changed, Err(ManifestError::Damaged { .. })), "{what}: {changed:?}");
        }
    }

    #[test]
    fn rows_that_somebody_moved_are_not_the_accounts_own() {
        let moved = resealed(|bytes| bytes[HEAD_BYTES + ROW_BYTES] = 1).expect("well-formed");
        assert!(!moved.is_of(&account()));
        let other = MasterKey::new([1; 32]).account(&AccountId::new("999999999999"));
        assert!(!manifest(Kind::Zip).is_of(&other));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Manifest::decode(&bytes);
            let _ = Manifest::decode(&[&MAGIC[..], &VERSION.to_le_bytes(), &bytes].concat());
        }
    }
}
