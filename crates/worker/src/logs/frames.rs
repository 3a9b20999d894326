//! The framing of `_LAMBDA_TELEMETRY_LOG_FD`: one frame is one event, so that a traceback stays together.
//!
//! ```text
//! type 4 | length 4 | microseconds since 1970 8 | message      big-endian
//! ```
//! The type is 0xa55a0003 for text and 0xa55a0002 for JSON, with level bits or-ed in above the lowest two; older
//! clients write 0xa55a0001 and leave the time out. User code can write here too: what is not a frame is read as
//! lines from there on, since nothing says where the next frame begins.

use super::lines::{Lines, text};
use types::limits::LOG_EVENT_BYTES_MAX;

const MAGIC: u16 = 0xa55a;
/// Of the type's lowest two bits: the old header without a time.
const SHORT: u8 = 1;

/// An event and, if the frame said it, its time in milliseconds.
pub(crate) type Timed = (String, Option<u64>);

/// Reads frames from bytes in any pieces.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    head: Vec<u8>,
    message: Option<Message>,
    /// Set for good once the stream is no longer framed.
    unframed: Option<Lines>,
}

#[derive(Debug)]
struct Message {
    remaining: usize,
    time_ms: Option<u64>,
    bytes: Vec<u8>,
}

impl Frames {
    pub(crate) fn push(&mut self, mut read: &[u8], event: &mut impl FnMut(Timed)) {
        while !read.is_empty() {
            if let Some(lines) = &mut self.unframed {
                return lines.push(read, &mut |line| event((line, None)));
            }
            read = match &mut self.message {
                Some(message) => {
                    let room = LOG_EVENT_BYTES_MAX - message.bytes.len();
                    let (now, later) = read.split_at(read.len().min(message.remaining).min(room));
                    message.bytes.extend_from_slice(now);
                    message.remaining -= now.len();
                    if message.remaining == 0 || message.bytes.len() == LOG_EVENT_BYTES_MAX {
                        event((text(&std::mem::take(&mut message.bytes)), message.time_ms));
                    }
                    if message.remaining == 0 {
                        self.message = None;
                    }
                    later
                }
                None => self.read_head(read, event),
            };
        }
    }

    /// Hands on what has come of a frame or line that is not whole.
    pub(crate) fn flush(&mut self, event: &mut impl FnMut(Timed)) {
        if let Some(message) = &mut self.message
            && !message.bytes.is_empty()
        {
            event((text(&std::mem::take(&mut message.bytes)), message.time_ms));
        }
        if let Some(lines) = &mut self.unframed {
            lines.flush(&mut |line| event((line, None)));
        }
    }

    fn read_head<'a>(&mut self, read: &'a [u8], event: &mut impl FnMut(Timed)) -> &'a [u8] {
        let (now, later) = read.split_at(read.len().min(self.head_length() - self.head.len()));
        self.head.extend_from_slice(now);
        let magic = MAGIC.to_be_bytes();
        let known = self.head.len().min(magic.len());
        if self.head[..known] != magic[..known] {
            let mut lines = Lines::default();
            lines.push(&std::mem::take(&mut self.head), &mut |line| event((line, None)));
            self.unframed = Some(lines);
            return later;
        }
        if self.head.len() == self.head_length() {
            let time_us = self.head.get(8..16).and_then(|time| time.try_into().ok()).map(u64::from_be_bytes);
            let length =
                self.head.get(4..8).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
            let remaining = length.map_or(0, |length| length as usize);
            self.head.clear();
            if remaining > 0 {
                let time_ms = time_us.map(|time| time / 1_000);
                self.message = Some(Message { remaining, time_ms, bytes: Vec::new() });
            }
        }
        later
    }

    /// Of the header that is being read, as far as its type is known.
    fn head_length(&self) -> usize {
        match self.head.get(3) {
            None => 4,
            Some(low) if low & 3 == SHORT => 8,
            Some(_) => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u32, time: Option<u64>, message: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend((message.len() as u32).to_be_bytes());
        bytes.extend(time.map(u64::to_be_bytes).iter().flatten());
        bytes.extend(message);
        bytes
    }

    fn events(bytes: &[u8], piece: usize) -> Vec<Timed> {
        let mut frames = Frames::default();
        let mut events = Vec::new();
        let mut event = |timed| events.push(timed);
        for piece in bytes.chunks(piece) {
            frames.push(piece, &mut event);
        }
        frames.flush(&mut event);
        events
    }

    #[test]
    fn frames_are_read_in_any_pieces() {
        let mut bytes = frame(0xa55a_0003, Some(5_000_000), b"Traceback\n  one\n");
        bytes.extend(frame(0xa55a_0002 | 0b01100, Some(6_000_999), b"{\"a\":1}"));
        bytes.extend(frame(0xa55a_0001, None, b"old"));
        bytes.extend(frame(0xa55a_0003, Some(1), b""));
        bytes.extend(frame(0xa55a_0003, Some(7_000_000), b"last"));
        for piece in [1, 3, 7, 1000] {
            let expected = [
                ("Traceback\n  one\n".to_owned(), Some(5_000)),
                ("{\"a\":1}".to_owned(), Some(6_000)),
                ("old".to_owned(), None),
                ("last".to_owned(), Some(7_000)),
            ];
            assert_eq!(events(&bytes, piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_not_framed_is_read_as_lines() {
        let mut bytes = frame(0xa55a_0003, Some(0), b"one");
        bytes.extend(b"print to the wrong descriptor\nagain\n");
        let texts: Vec<String> = events(&bytes, 2).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, ["one", "print to the wrong descriptor\n", "again\n"]);
    }

    #[test]
    fn a_frame_that_claims_four_gigabytes_holds_one_event_of_memory() {
        let mut bytes = 0xa55a_0003_u32.to_be_bytes().to_vec();
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend(0_u64.to_be_bytes());
        bytes.extend(vec![b'x'; LOG_EVENT_BYTES_MAX + 10]);
        let lengths: Vec<usize> = events(&bytes, 4096).iter().map(|(text, _)| text.len()).collect();
        assert_eq!(lengths, [LOG_EVENT_BYTES_MAX, 10]);
    }
}
