//! Blocks: what shipped lines and waterfalls are in `Blobs`.
//!
//! ```text
//! "TBLB" version:u16 sections:u16 │ raw:u32 stored:u32 crc32:u32 deflate(body) │ raw … │ …      (little endian)
//! ```
//! A section is the lines of one group, or waterfalls of one account and region, of one store; where it lies in its block is
//! in the index, so that a reader inflates no other's. It names whose it is, and is refused where the index says otherwise.
//! The checksum is of what was inflated; a size is checked before anything is made room for. Equal input gives equal bytes:
//! a block that is shipped again is the same blob.

use bytes::Bytes;
use fabric::Scope;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};

const MAGIC: &[u8; 4] = b"TBLB";
/// Raised with every change of the layout or of [`Body`]; older ones stay readable.
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 8;
const SECTION_HEAD_BYTES: usize = 12;
/// Largest section, inflated: a block's events with room for the longest, and what each costs beside its message.
const SECTION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Sections of one block: its number has 16 bits, and no step ships so many groups.
pub(crate) const SECTIONS_MAX: usize = 4_096;

/// What is in a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    Lines(Lines),
    Traces(Traces),
}

/// Events of one group, by time and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines {
    pub(crate) scope: Scope,
    pub(crate) group: String,
    pub(crate) streams: Vec<String>,
    pub(crate) events: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Which of the section's streams.
    pub(crate) stream: u32,
    pub(crate) id: u64,
    pub(crate) timestamp_ms: u64,
    pub(crate) ingestion_ms: u64,
    pub(crate) message: String,
}

/// Waterfalls, each as the store's file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Traces {
    pub(crate) scope: Scope,
    pub(crate) traces: Vec<([u8; 16], Vec<u8>)>,
}

/// Where a section lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    /// With its head, as it lies in the blob.
    pub(crate) bytes: u32,
}

/// A block that can not be read, or not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BlockError {
    #[error("it is no block")]
    Foreign,
    #[error("it is of a newer version")]
    Newer,
    #[error("it is damaged")]
    Damaged,
    #[error("it is too large")]
    TooLarge,
}

/// Makes a block. Compresses: off the async threads.
pub(crate) fn encode(bodies: &[Body]) -> Result<(Bytes, Vec<Place>), BlockError> {
    if bodies.len() > SECTIONS_MAX {
        return Err(BlockError::TooLarge);
    }
    let mut block = Vec::new();
    block.extend_from_slice(MAGIC);
    block.extend_from_slice(&VERSION.to_le_bytes());
    block.extend_from_slice(&u16::try_from(bodies.len()).map_err(|_| BlockError::TooLarge)?.to_le_bytes());
    let mut places = Vec::with_capacity(bodies.len());
    for body in bodies {
        let raw = postcard::to_stdvec(body).map_err(|_| BlockError::TooLarge)?;
        if raw.len() > SECTION_BYTES_MAX {
            return Err(BlockError::TooLarge);
        }
        let stored = deflate(&raw)?;
        let offset = number(block.len())?;
        block.extend_from_slice(&number(raw.len())?.to_le_bytes());
        block.extend_from_slice(&number(stored.len())?.to_le_bytes());
        block.extend_from_slice(&crc(&raw).to_le_bytes());
        block.extend_from_slice(&stored);
        places.push(Place { offset, bytes: number(block.len())? - offset });
    }
    Ok((block.into(), places))
}

/// Reads one section.
pub(crate) fn decode(block: &[u8], place: Place) -> Result<Body, BlockError> {
    let head = block.get(..HEAD_BYTES).ok_or(BlockError::Foreign)?;
    if &head[..4] != MAGIC {
        return Err(BlockError::Foreign);
    }
    if u16::from_le_bytes([head[4], head[5]]) > VERSION {
        return Err(BlockError::Newer);
    }
    let (offset, bytes) = (place.offset as usize, place.bytes as usize);
    let end = offset.checked_add(bytes).ok_or(BlockError::Damaged)?;
    let section = block.get(offset..end).ok_or(BlockError::Damaged)?;
    let (head, stored) = section.split_at_checked(SECTION_HEAD_BYTES).ok_or(BlockError::Damaged)?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let raw_bytes = word(0) as usize;
    if raw_bytes > SECTION_BYTES_MAX || word(4) as usize != stored.len() {
        return Err(BlockError::Damaged);
    }
    let mut raw = Vec::with_capacity(raw_bytes);
    // One byte more than there is: a longer one is found, and is not read to its end.
    let limit = raw_bytes as u64 + 1;
    DeflateDecoder::new(stored).take(limit).read_to_end(&mut raw).map_err(|_| BlockError::Damaged)?;
    if raw.len() != raw_bytes || crc(&raw) != word(8) {
        return Err(BlockError::Damaged);
    }
    let body: Body = postcard::from_bytes(&raw).map_err(|_| BlockError::Damaged)?;
    if let Body::Lines(lines) = &body
        && lines.events.iter().any(|event| event.stream as usize >= lines.streams.len())
    {
        return Err(BlockError::Damaged);
    }
    Ok(body)
}

fn deflate(raw: &[u8]) -> Result<Vec<u8>, BlockError> {
    // Log lines repeat themselves: the fastest level already takes most of it.
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(raw.len() / 4), Compression::fast());
    encoder.write_all(raw).map_err(|_| BlockError::TooLarge)?;
    encoder.finish().map_err(|_| BlockError::TooLarge)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn number(bytes: usize) -> Result<u32, BlockError> {
    u32::try_from(bytes).map_err(|_| BlockError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, Region};

    fn scope() -> Scope {
        Scope { account: AccountId::new("000000000000"), region: Region::new("us-east-1") }
    }

    fn bodies() -> Vec<Body> {
        let line = |stream, id, message: &str| Line {
            stream,
            id,
            timestamp_ms: 1_700_000_000_000 + id,
            ingestion_ms: 1_700_000_000_009,
            message: message.to_owned(),
        };
        let lines = Lines {
            scope: scope(),
            group: "/aws/lambda/hello".to_owned(),
            streams: vec!["a".to_owned(), "ä".to_owned()],
            events: vec![line(0, 1, "START\n"), line(1, 2, "größe"), line(0, 3, "")],
        };
        vec![Body::Lines(lines), Body::Traces(Traces { scope: scope(), traces: vec![([7; 16], vec![1, 2])] })]
    }

    #[test]
    fn every_section_reads_back_and_equal_input_gives_equal_bytes() {
        let (block, places) = encode(&bodies()).expect("encodes");
        assert_eq!(encode(&bodies()).expect("encodes").0, block);
        for (body, place) in bodies().iter().zip(places) {
            assert_eq!(&decode(&block, place).expect("decodes"), body);
        }
    }

    /// A block of version 1, as it was first written.
    const OLDEST: &str = "54424c42010002006b00000062000000fb1a12f64d88310e40301440db4a08b13848533d822bd00b7cd13054244acc98\
         1cc06c710693ad177023925afa8697bc87e2d4211c3595a007ca130693660adab202d648a53a828198d343787ef6f7e6\
         9bb55f882c1711268bcd7f06756f2e7348e4adce451f2c0000001700000014402b6663e43140029ca5c5baa989c525ba\
         868cec688089910900";
    /// Where its second section begins.
    const SECOND: u32 = 118;

    #[test]
    fn the_oldest_block_is_still_read() {
        let block: Vec<u8> = (0..OLDEST.len() / 2)
            .map(|at| u8::from_str_radix(&OLDEST[2 * at..2 * at + 2], 16).expect("hex"))
            .collect();
        let second = Place { offset: SECOND, bytes: block.len() as u32 - SECOND };
        let places = [Place { offset: 8, bytes: SECOND - 8 }, second];
        for (body, place) in bodies().iter().zip(places) {
            assert_eq!(&decode(&block, place).expect("decodes"), body);
        }
    }

    #[test]
    fn a_block_with_any_byte_changed_or_cut_anywhere_is_refused_or_reads_the_same() {
        let (block, places) = encode(&bodies()).expect("encodes");
        for at in 0..block.len() {
            let mut damaged = block.to_vec();
            damaged[at] ^= 0x41;
            for (body, place) in bodies().iter().zip(&places) {
                if let Ok(read) = decode(&damaged, *place) {
                    assert_eq!(&read, body, "byte {at}");
                }
                if at < (place.offset + place.bytes) as usize {
                    assert!(decode(&block[..at], *place).is_err(), "cut at {at}");
                }
            }
        }
        for place in [Place { offset: u32::MAX, bytes: u32::MAX }, Place { offset: 0, bytes: 3 }] {
            assert!(decode(&block, place).is_err());
        }
    }

    #[test]
    fn a_section_that_says_less_than_it_inflates_to_is_refused() {
        let stored = deflate(&vec![b'x'; 1 << 20]).expect("deflates");
        let mut block = [&MAGIC[..], &VERSION.to_le_bytes(), &1u16.to_le_bytes()].concat();
        for word in [9, u32::try_from(stored.len()).expect("small"), 0] {
            block.extend_from_slice(&word.to_le_bytes());
        }
        block.extend_from_slice(&stored);
        let place = Place { offset: 8, bytes: u32::try_from(block.len()).expect("small") - 8 };
        assert_eq!(decode(&block, place), Err(BlockError::Damaged));
    }
}
