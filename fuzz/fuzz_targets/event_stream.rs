//! What is framed reads back as it was.
#![no_main]

use frontend::fuzzing::{decode, encode};

libfuzzer_sys::fuzz_target!(|payloads: Vec<&[u8]>| {
    let mut bytes = Vec::new();
    for payload in &payloads {
        bytes.extend(encode("PayloadChunk", "application/octet-stream", payload));
    }
    bytes.extend(encode("InvokeComplete", "application/json", b"{}"));
    let messages = decode(&bytes);
    assert_eq!(messages.len(), payloads.len() + 1);
    for ((headers, payload), expected) in messages.iter().zip(&payloads) {
        assert_eq!(payload, expected);
        assert_eq!(headers[1], (":event-type".to_owned(), "PayloadChunk".to_owned()));
    }
});
