//! How an append is stored, by every provider alike, so that a log can be moved from one to another byte by byte.
//!
//! ```text
//!  "TBXL" │ version 1 │ id, 16 bytes │ records, u32 │ { length, u32 │ bytes } … │ SHA-256 of all before, first 8 bytes
//! ```
//! Numbers are little-endian. The id is the append's own: who lost the answer to an append finds by it whether the
//! entry that is there is theirs. The hash finds torn and rotten entries; it is no defence against a writer.

use super::{APPEND_BYTES_MAX, APPEND_RECORDS_MAX};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 4] = b"TBXL";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = MAGIC.len() + 1 + 16 + 4;
const HASH_BYTES: usize = 8;

/// An append as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) id: [u8; 16],
    pub(crate) records: Vec<Bytes>,
}

/// Bytes of the encoded append.
pub(crate) fn bytes_of(records: &[Bytes]) -> usize {
    HEAD_BYTES + HASH_BYTES + records.iter().map(|record| 4 + record.len()).sum::<usize>()
}

pub(crate) fn encode(id: [u8; 16], records: &[Bytes]) -> Bytes {
    let mut frame = BytesMut::with_capacity(bytes_of(records));
    frame.put_slice(MAGIC);
    frame.put_u8(VERSION);
    frame.put_slice(&id);
    // `check_append` bounds both far below.
    frame.put_u32_le(u32::try_from(records.len()).unwrap_or(u32::MAX));
    for record in records {
        frame.put_u32_le(u32::try_from(record.len()).unwrap_or(u32::MAX));
        frame.put_slice(record);
    }
    let hash = Sha256::digest(&frame);
    frame.put_slice(&hash[..HASH_BYTES]);
    frame.freeze()
}

/// The error says what is wrong.
pub(crate) fn decode(frame: Bytes) -> Result<Frame, &'static str> {
    if frame.len() > APPEND_BYTES_MAX || frame.len() < HEAD_BYTES + HASH_BYTES {
        return Err("it has not the length of an append");
    }
    let (body, hash) = frame.split_at(frame.len() - HASH_BYTES);
    if !body.starts_with(MAGIC) {
        return Err("it is no append of ours");
    }
    if body[MAGIC.len()] != VERSION {
        return Err("it is from a newer program");
    }
    if Sha256::digest(body)[..HASH_BYTES] != *hash {
        return Err("its bytes are not those that were appended");
    }
    let mut rest = frame.slice(MAGIC.len() + 1..frame.len() - HASH_BYTES);
    let mut id = [0; 16];
    rest.copy_to_slice(&mut id);
    let count = rest.get_u32_le() as usize;
    if count > APPEND_RECORDS_MAX {
        return Err("it has more records than an append may have");
    }
    let mut records = Vec::with_capacity(count);
    for _ in 0..count {
        let length = rest.try_get_u32_le().map_err(|_| "a record is cut short")? as usize;
        if rest.remaining() < length {
            return Err("a record is cut short");
        }
        records.push(rest.split_to(length));
    }
    if rest.has_remaining() {
        return Err("there are bytes after the last record");
    }
    Ok(Frame { id, records })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Bytes> {
        vec![Bytes::from_static(b"one"), Bytes::new(), Bytes::from(vec![7; 1_000])]
    }

    #[test]
    fn an_append_reads_back() {
        let frame = encode([3; 16], &records());
        assert_eq!(frame.len(), bytes_of(&records()));
        assert_eq!(decode(frame), Ok(Frame { id: [3; 16], records: records() }));
    }

    #[test]
    fn an_append_written_by_version_1_reads_back_for_good() {
        let hex = "5442584c01000102030405060708090a0b0c0d0e0f02000000010000006100000000";
        let mut bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect();
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash[..HASH_BYTES]);
        let frame = decode(bytes.into()).expect("ours");
        assert_eq!(frame.id, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(frame.records, [Bytes::from_static(b"a"), Bytes::new()]);
    }

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unseen() {
        let whole = encode([3; 16], &records());
        for length in 0..whole.len() {
            assert!(decode(whole.slice(..length)).is_err(), "cut at {length}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 1;
            assert!(decode(flipped.into()).is_err(), "flipped at {at}");
        }
    }
}
