//! The guest's packets, and what it asks its name server. Checksums count as right under `cfg(fuzzing)` (smoltcp).
#![no_main]

use arbitrary::Arbitrary;
use sandbox::egress::fuzzing::{packet, question, reply};

#[derive(Arbitrary, Debug)]
enum Guest<'a> {
    Raw(&'a [u8]),
    /// A payload in an IPv4 header that is right, whose rest is not.
    Ip {
        protocol: u8,
        to: [u8; 4],
        payload: &'a [u8],
    },
    Question {
        message: &'a [u8],
        alias_exists: bool,
    },
    Reply {
        sent: &'a [u8],
        reply: &'a [u8],
    },
}

libfuzzer_sys::fuzz_target!(|guest: Guest<'_>| match guest {
    Guest::Raw(bytes) => packet(bytes),
    Guest::Ip { protocol, to, payload } => {
        let payload = &payload[..payload.len().min(60_000)];
        let mut bytes = vec![0x45, 0];
        bytes.extend((20 + payload.len() as u16).to_be_bytes());
        bytes.extend([0, 0, 0x40, 0, 64, [6, 17, protocol][usize::from(protocol) % 3], 0, 0]);
        bytes.extend(sandbox::egress::GUEST.octets());
        bytes.extend(to);
        bytes.extend(payload);
        packet(&bytes);
    }
    Guest::Question { message, alias_exists } => question(message, alias_exists),
    Guest::Reply { sent, reply: got } => {
        let _ = reply(sent, got);
    }
});
