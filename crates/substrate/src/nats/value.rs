//! How a value lies in JetStream.
//!
//! ```text
//!  "TBXK" │ version 1 │ 0 value, 1 deleted │ id, 16 bytes │ place, u16 │ of, u16 │ value … │ SHA-256, first 8 bytes
//! ```
//! The id is the batch's: who lost the answer finds by it whether the batch was stored. A batch's messages have
//! consecutive sequences, its revision is the last one's; a message's place in its batch says how far off that is.

use crate::kv::{BATCH_WRITES_MAX, Revision, VALUE_BYTES_MAX};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 4] = b"TBXK";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = MAGIC.len() + 1 + 1 + 16 + 2 + 2;
const HASH_BYTES: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Valued {
    /// `None`: deleted.
    pub(super) value: Option<Bytes>,
    pub(super) id: [u8; 16],
    /// From 0.
    pub(super) place: u16,
    pub(super) of: u16,
}

impl Valued {
    /// The batch's, of the message that was stored there.
    pub(super) fn revision(&self, sequence: u64) -> Revision {
        Revision(sequence + u64::from(self.of - 1 - self.place))
    }

    pub(super) fn encode(&self) -> Bytes {
        let value = self.value.as_deref().unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(HEAD_BYTES + value.len() + HASH_BYTES);
        bytes.put_slice(MAGIC);
        bytes.put_u8(VERSION);
        bytes.put_u8(u8::from(self.value.is_none()));
        bytes.put_slice(&self.id);
        bytes.put_u16_le(self.place);
        bytes.put_u16_le(self.of);
        bytes.put_slice(value);
        let hash = Sha256::digest(&bytes);
        bytes.put_slice(&hash[..HASH_BYTES]);
        bytes.freeze()
    }

    /// The error says what is wrong.
    pub(super) fn decode(bytes: Bytes) -> Result<Self, &'static str> {
        if bytes.len() < HEAD_BYTES + HASH_BYTES || bytes.len() > HEAD_BYTES + VALUE_BYTES_MAX + HASH_BYTES {
            return Err("it has not the length of a value");
        }
        let (body, hash) = bytes.split_at(bytes.len() - HASH_BYTES);
        if !body.starts_with(MAGIC) {
            return Err("it is no value of ours");
        }
        if body[MAGIC.len()] != VERSION {
            return Err("it is from a newer program");
        }
        if Sha256::digest(body)[..HASH_BYTES] != *hash {
            return Err("its bytes are not those that were written");
        }
        let mut rest = bytes.slice(MAGIC.len() + 1..bytes.len() - HASH_BYTES);
        let deleted = rest.get_u8() == 1;
        let mut id = [0; 16];
        rest.copy_to_slice(&mut id);
        let (place, of) = (rest.get_u16_le(), rest.get_u16_le());
        if place >= of || usize::from(of) > BATCH_WRITES_MAX {
            return Err("it has no place in its batch");
        }
        Ok(Self { value: (!deleted).then_some(rest), id, place, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_deletions_read_back_with_their_batchs_revision() {
        for value in [None, Some(Bytes::new()), Some(Bytes::from_static(b"v"))] {
            let valued = Valued { value, id: [9; 16], place: 2, of: 5 };
            assert_eq!(Valued::decode(valued.encode()), Ok(valued.clone()));
            assert_eq!(valued.revision(100), Revision(102));
        }
    }

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unseen() {
        let whole = Valued { value: Some("value".into()), id: [9; 16], place: 0, of: 1 }.encode();
        for length in 0..whole.len() {
            assert!(Valued::decode(whole.slice(..length)).is_err(), "cut at {length}");
            let mut flipped = whole.to_vec();
            flipped[length] ^= 1;
            assert!(Valued::decode(flipped.into()).is_err(), "flipped at {length}");
        }
    }
}
