//! Cuts the stream of bytes into words: u32 little-endian length, then so many bytes of postcard.
//!
//! ```text
//!  bytes ──▶ Decoder::space / filled ──▶ Decoder::next ──▶ body ──▶ decode::<T>   any word
//!                                                            └────▶ data::<T>     a Data's bytes where they lie
//! ```
//!
//! A length is judged before a byte of its body is waited for, so a peer makes nobody hold more than one longest frame.

use crate::messages::{Stream, StreamId, ToGuest, ToHost};
use crate::{DATA_BYTES_MAX, FRAME_BYTES_MAX};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of the length before each body.
const HEAD: usize = 4;
/// A decoder begins with this much: a warm invocation's words fit, and a thousand idle environments cost little.
const FIRST_BYTES: usize = 16 * 1024;
/// Where much comes, so much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// Why bytes are no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes")]
    TooLong(usize),
    #[error("a frame that is no word")]
    Malformed,
}

/// A direction's words.
pub trait Word: Serialize + DeserializeOwned {
    /// Its place for what concerns a stream, as postcard counts variants.
    const STREAM: u8;
    fn stream(stream: Stream) -> Self;
}

impl Word for ToGuest {
    const STREAM: u8 = 11;
    fn stream(stream: Stream) -> Self {
        Self::Stream(stream)
    }
}

impl Word for ToHost {
    const STREAM: u8 = 8;
    fn stream(stream: Stream) -> Self {
        Self::Stream(stream)
    }
}

/// Appends `word` as one frame. `into` is unchanged after an error.
pub fn encode<T: Word>(word: &T, into: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = into.len();
    into.extend_from_slice(&[0; HEAD]);
    let serialised = postcard::serialize_with_flavor::<T, _, ()>(word, Tail(into));
    let bytes = into.len() - start - HEAD;
    let error = match (serialised, u32::try_from(bytes)) {
        (Ok(()), Ok(length)) if bytes <= FRAME_BYTES_MAX => {
            into[start..start + HEAD].copy_from_slice(&length.to_le_bytes());
            return Ok(());
        }
        (Err(_), _) => FrameError::Malformed,
        _ => FrameError::TooLong(bytes),
    };
    into.truncate(start);
    Err(error)
}

/// Appends `Stream::Data(stream, bytes)` as one frame, without an owned copy of the bytes.
pub fn encode_data<T: Word>(stream: StreamId, bytes: &[u8], into: &mut Vec<u8>) -> Result<(), FrameError> {
    data_head::<T>(stream, bytes.len(), into)?;
    into.extend_from_slice(bytes);
    Ok(())
}

/// All of a `Data` of so many bytes but the bytes, which the caller appends.
pub fn data_head<T: Word>(stream: StreamId, bytes: usize, into: &mut Vec<u8>) -> Result<(), FrameError> {
    if bytes > DATA_BYTES_MAX {
        return Err(FrameError::TooLong(bytes));
    }
    let start = into.len();
    encode(&T::stream(Stream::Data(stream, Vec::new())), into)?;
    into.truncate(into.len() - 1); // the length of no bytes
    let mut left = bytes;
    while left >= 0x80 {
        into.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    into.push(left as u8);
    // Cannot be cut: `DATA_BYTES_MAX` and what is around it is far below.
    let body = (into.len() - start - HEAD + bytes) as u32;
    into[start..start + HEAD].copy_from_slice(&body.to_le_bytes());
    Ok(())
}

/// A body as a word; nothing may be left over.
pub fn decode<T: Word>(body: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(body) {
        Ok((word, [])) => Ok(word),
        _ => Err(FrameError::Malformed),
    }
}

/// The bytes of a body that is a `Data`, where they lie; `None` if it is another word.
pub fn data<T: Word>(body: &[u8]) -> Option<Result<(StreamId, &[u8]), FrameError>> {
    // The first variant of `Stream`.
    let [tag, 0, rest @ ..] = body else { return None };
    if *tag != T::STREAM {
        return None;
    }
    let numbers = postcard::take_from_bytes::<(StreamId, u32)>(rest);
    Some(match numbers {
        Ok(((stream, bytes), rest)) if rest.len() == bytes as usize && rest.len() <= DATA_BYTES_MAX => {
            Ok((stream, rest))
        }
        _ => Err(FrameError::Malformed),
    })
}

/// Takes bytes as they come, gives bodies.
#[derive(Debug)]
pub struct Decoder {
    /// Initialised throughout; what came and was not taken lies in `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { buffer: vec![0; FIRST_BYTES], start: 0, end: 0 }
    }
}

impl Decoder {
    /// Where the next bytes go: never empty, and never more held than a longest frame or [`READ_BYTES`]. After
    /// [`Decoder::next`] said that a frame is not whole.
    pub fn space(&mut self) -> &mut [u8] {
        let held = self.end - self.start;
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, held);
        }
        let whole = self.length().unwrap_or(0).min(FRAME_BYTES_MAX) + HEAD;
        let filled = held == self.buffer.len() && held < READ_BYTES;
        let wanted = whole.max(held + 1).max(if filled { held * 2 } else { 0 });
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted.max(READ_BYTES.min(self.buffer.len() * 2)), 0);
        }
        &mut self.buffer[held..]
    }

    /// So many bytes were put into [`Decoder::space`].
    pub fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    /// The next body, if it is there as a whole. After an error the stream has no meaning any more.
    #[allow(clippy::should_implement_trait)] // lends, which an iterator cannot
    pub fn next(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.length() else { return Ok(None) };
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        let body = self.start + HEAD;
        if self.end - body < length {
            return Ok(None);
        }
        self.start = body + length;
        Ok(Some(&self.buffer[body..body + length]))
    }

    /// Bytes of memory that it holds.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    fn length(&self) -> Option<usize> {
        let head = self.buffer[self.start..self.end].first_chunk::<HEAD>()?;
        usize::try_from(u32::from_le_bytes(*head)).ok()
    }
}

/// Writes to the end of a buffer, which postcard's own flavours do only by taking it.
struct Tail<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Tail<'_> {
    type Output = ();
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
