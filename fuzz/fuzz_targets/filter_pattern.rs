//! Filter patterns over messages, and page tokens: what readers of logs send.
#![no_main]

use telemetry::fuzzing::{pattern_matches, tokens};

libfuzzer_sys::fuzz_target!(|asked: (&str, &str)| {
    let (pattern, message) = asked;
    let _ = pattern_matches(pattern, message);
    assert_eq!(pattern_matches("", message), Some(true));
    tokens(pattern);
});
