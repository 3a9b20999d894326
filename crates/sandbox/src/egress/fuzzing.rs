//! What the fuzz targets (`fuzz/`) reach of the egress process. Compiled under `--cfg fuzzing` only.

use super::GUEST;
use super::dns::{self, Triage};
use super::packet::{self, Parsed};
use super::protocol::{Answer, Order};
use smoltcp::wire::{Icmpv4DstUnreachable, Ipv4Packet};

/// Reads a packet as the guest's, and makes every answer to it.
///
/// # Panics
/// When an answer is no whole packet to the guest.
pub fn packet(bytes: &[u8]) {
    let Some(parsed) = packet::parse(bytes) else { return };
    match parsed {
        Parsed::Tcp { key, segment } => {
            let _ = segment.opens();
            if let Some(reset) = packet::reset(&key, &segment) {
                to_guest(&reset);
            }
            to_guest(&packet::unreachable(&key, Icmpv4DstUnreachable::HostUnreachable, segment.sequence));
        }
        Parsed::Udp { key, payload } => {
            to_guest(&packet::datagram(&key, payload));
            question(payload, true);
            question(payload, false);
        }
    }
}

#[allow(clippy::unwrap_used)]
fn to_guest(bytes: &[u8]) {
    let packet = Ipv4Packet::new_checked(bytes).unwrap();
    assert_eq!((packet.dst_addr(), usize::from(packet.total_len())), (GUEST, bytes.len()));
}

/// Reads a message to the environment's name server.
///
/// # Panics
/// When our answer does not answer the question.
pub fn question(message: &[u8], alias_exists: bool) {
    match dns::triage(message, alias_exists) {
        Triage::Drop => {}
        Triage::Answer(reply) => {
            assert!(reply.len() >= 12 && reply[..2] == message[..2] && reply[2] & 0x80 != 0);
            let _ = dns::is_refusal(&reply);
        }
        Triage::Forward(question) => {
            let reply = dns::no_answer(message, &question);
            assert!(dns::answers(&reply, message, &question));
        }
    }
}

/// Whether a resolver's datagram answers the question that was sent.
pub fn reply(sent: &[u8], reply: &[u8]) -> bool {
    match dns::triage(sent, false) {
        Triage::Forward(question) => {
            let answers = dns::answers(reply, sent, &question);
            if answers {
                let _ = dns::is_refusal(reply);
            }
            answers
        }
        _ => false,
    }
}

/// Orders and answers of the egress process's control socket: what decodes encodes to what decodes to the same.
///
/// # Panics
/// When it does not.
#[allow(clippy::unwrap_used)]
pub fn orders(bytes: &[u8]) {
    if let Ok(order) = postcard::from_bytes::<Order>(bytes) {
        let once = postcard::to_stdvec(&order).unwrap();
        let again: Order = postcard::from_bytes(&once).unwrap();
        assert_eq!(postcard::to_stdvec(&again).unwrap(), once);
    }
    if let Ok(answer) = postcard::from_bytes::<Answer>(bytes) {
        assert_eq!(postcard::from_bytes::<Answer>(&postcard::to_stdvec(&answer).unwrap()), Ok(answer));
    }
}
