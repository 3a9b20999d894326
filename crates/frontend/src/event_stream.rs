//! `application/vnd.amazon.eventstream`: the framing of InvokeWithResponseStream.
//!
//! ```text
//! total length  headers length  CRC-32 of those 8   headers          payload   CRC-32 of all before
//! u32           u32             u32                 (see `header`)   bytes     u32                    big-endian
//! ```

use bytes::{BufMut as _, Bytes, BytesMut};

/// Prelude (12) and the message's own checksum (4).
const OVERHEAD_BYTES: usize = 16;
/// Header value type 7: a string with a two-byte length.
const STRING: u8 = 7;

/// One `:message-type: event` message.
pub(crate) fn event(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let headers = [(":message-type", "event"), (":event-type", event_type), (":content-type", content_type)];
    message(&headers, payload)
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let headers_len: usize = headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
    let total = OVERHEAD_BYTES + headers_len + payload.len();
    let mut out = BytesMut::with_capacity(total);
    out.put_u32(total as u32);
    out.put_u32(headers_len as u32);
    let prelude = crc32(&out);
    out.put_u32(prelude);
    for (name, value) in headers {
        // Names and values are constants of ours, far below their length fields.
        out.put_u8(name.len() as u8);
        out.put_slice(name.as_bytes());
        out.put_u8(STRING);
        out.put_u16(value.len() as u16);
        out.put_slice(value.as_bytes());
    }
    out.put_slice(payload);
    let checksum = crc32(&out);
    out.put_u32(checksum);
    out.freeze()
}

/// CRC-32 as in gzip (reflected 0xEDB88320), eight tables, so that it keeps up with a fast stream.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let low = crc ^ u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        crc = TABLES[7][(low & 0xff) as usize]
            ^ TABLES[6][(low >> 8 & 0xff) as usize]
            ^ TABLES[5][(low >> 16 & 0xff) as usize]
            ^ TABLES[4][(low >> 24) as usize]
            ^ TABLES[3][chunk[4] as usize]
            ^ TABLES[2][chunk[5] as usize]
            ^ TABLES[1][chunk[6] as usize]
            ^ TABLES[0][chunk[7] as usize];
    }
    for byte in chunks.remainder() {
        crc = TABLES[0][((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    }
    !crc
}

static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0u32; 256]; 8];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        tables[0][n] = crc;
        n += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut n = 0;
        while n < 256 {
            let before = tables[table - 1][n];
            tables[table][n] = tables[0][(before & 0xff) as usize] ^ (before >> 8);
            n += 1;
        }
        table += 1;
    }
    tables
}

/// The other direction, as a client reads it; for tests and the fuzz target.
#[cfg(any(test, fuzzing))]
#[allow(clippy::unwrap_used)]
pub(crate) mod decoding {
    use super::{STRING, crc32};

    /// Headers and payload.
    pub(crate) type Message = (Vec<(String, String)>, Vec<u8>);

    /// Messages as a client reads them. Panics where a checksum is wrong.
    pub(crate) fn decode(bytes: &[u8]) -> Vec<Message> {
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let mut messages = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (total, headers_len) = (number(at), number(at + 4));
            assert_eq!(number(at + 8), crc32(&bytes[at..at + 8]) as usize, "prelude checksum");
            let end = at + total;
            assert_eq!(number(end - 4), crc32(&bytes[at..end - 4]) as usize, "message checksum");
            let mut headers = Vec::new();
            let mut rest = &bytes[at + 12..at + 12 + headers_len];
            while let [name_len, tail @ ..] = rest {
                let (name, tail) = tail.split_at(usize::from(*name_len));
                assert_eq!(tail[0], STRING);
                let value_len = usize::from(u16::from_be_bytes([tail[1], tail[2]]));
                let (value, tail) = tail[3..].split_at(value_len);
                headers.push((
                    String::from_utf8(name.to_vec()).unwrap(),
                    String::from_utf8(value.to_vec()).unwrap(),
                ));
                rest = tail;
            }
            messages.push((headers, bytes[at + 12 + headers_len..end - 4].to_vec()));
            at = end;
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::decoding::decode;
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_gzip() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
    }

    /// The bytes were read by botocore's own EventStreamBuffer once, on 2026-11-21.
    #[test]
    fn a_chunk_is_framed_byte_for_byte() {
        let framed = event("PayloadChunk", "application/octet-stream", b"hello");
        let hex: String = framed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("event_stream/payload_chunk.hex").trim());
    }

    #[test]
    fn messages_of_any_length_read_back() {
        for len in [0, 1, 7, 8, 9, 4096, 65_536] {
            let payload: Vec<u8> = (0..len).map(|n: usize| (n % 251) as u8).collect();
            let mut bytes = event("PayloadChunk", "application/octet-stream", &payload).to_vec();
            bytes.extend_from_slice(&event("InvokeComplete", "application/json", b"{}"));
            let messages = decode(&bytes);
            assert_eq!(messages.len(), 2, "{len}");
            assert_eq!(messages[0].1, payload, "{len}");
            assert_eq!(messages[1].0[1], (":event-type".to_owned(), "InvokeComplete".to_owned()));
        }
    }
}
