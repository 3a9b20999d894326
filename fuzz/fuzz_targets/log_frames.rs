//! Frames of `_LAMBDA_TELEMETRY_LOG_FD` and plain lines, in any pieces, honest or not.
#![no_main]

use arbitrary::Arbitrary;
use types::limits::LOG_EVENT_BYTES_MAX;
use worker::fuzzing::{frames, lines};

#[derive(Arbitrary, Debug)]
struct Written<'a> {
    parts: Vec<Part<'a>>,
    piece: u16,
}

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Raw(&'a [u8]),
    Text(u64, &'a [u8]),
    Json(u64, &'a [u8]),
    Old(&'a [u8]),
    /// Says another length than it has.
    Lies(u32, &'a [u8]),
    /// One byte, many times: what is longer than an event may be.
    Long(u8, u8),
}

impl Part<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut frame = |kind: u32, length: usize, time: Option<u64>, message: &[u8]| {
            out.extend(kind.to_be_bytes());
            out.extend((length as u32).to_be_bytes());
            out.extend(time.map(u64::to_be_bytes).iter().flatten());
            out.extend(message);
        };
        match self {
            Self::Raw(bytes) => out.extend(*bytes),
            Self::Text(time, message) => frame(0xa55a_0003, message.len(), Some(*time), message),
            Self::Json(time, message) => frame(0xa55a_000e, message.len(), Some(*time), message),
            Self::Old(message) => frame(0xa55a_0001, message.len(), None, message),
            Self::Lies(length, message) => frame(0xa55a_0003, *length as usize, Some(0), message),
            Self::Long(byte, times) => {
                let message = vec![*byte; usize::from(*times) * 1200];
                frame(0xa55a_0003, message.len(), Some(1), &message);
            }
        }
    }
}

libfuzzer_sys::fuzz_target!(|written: Written<'_>| {
    let mut bytes = Vec::new();
    let mut long = 1;
    let once = |part: &&Part<'_>| !matches!(part, Part::Long(..)) || std::mem::take(&mut long) == 1;
    written.parts.iter().take(16).filter(once).for_each(|part| part.write(&mut bytes));
    // Not too many pieces of what is long: a run should take no longer than others.
    let piece = usize::from(written.piece).max(bytes.len() / 1024 + 1);
    let whole = frames([bytes.as_slice()].into_iter());
    assert_eq!(frames(bytes.chunks(piece)), whole, "the pieces in which it came do not matter");
    let honest =
        written.parts.iter().all(|part| !matches!(part, Part::Raw(_) | Part::Lies(..) | Part::Long(..)));
    if honest {
        let messages = written.parts.iter().take(16).filter_map(|part| match part {
            Part::Text(_, message) | Part::Json(_, message) | Part::Old(message) => Some(*message),
            _ => None,
        });
        let expected: Vec<String> = messages
            .filter(|message| !message.is_empty())
            .map(|message| String::from_utf8_lossy(message).into_owned())
            .collect();
        let read: Vec<&String> = whole.iter().map(|(text, _)| text).collect();
        assert_eq!(read, expected.iter().collect::<Vec<_>>());
    }
    let split = lines(bytes.chunks(piece));
    assert_eq!(split, lines([bytes.as_slice()].into_iter()));
    if bytes.len() <= LOG_EVENT_BYTES_MAX / 3 {
        assert_eq!(split.concat(), String::from_utf8_lossy(&bytes)); // nothing is cut
    }
    let texts = whole.iter().map(|(text, _)| text).chain(&split);
    texts.for_each(|text| assert!(text.len() <= LOG_EVENT_BYTES_MAX, "an event of {} bytes", text.len()));
});
