//! One UDP flow: datagrams between one port of the guest and one destination, until it has been idle for a while.

use std::os::fd::BorrowedFd;

use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{Icmpv4DstUnreachable, TcpSeqNumber};

use super::MTU;
use super::guest_tcp::write_packet;
use super::packet::{self, FlowKey};
use super::upstream::{Moved, Upstream};

/// As long as home routers keep a UDP mapping that was answered; RFC 4787 asks for two minutes at least.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// A flow idle for this long gives its place to a new one when all are taken: questions and answers are over in less.
const IDLE_MIN: Duration = Duration::from_secs(10);
/// Datagrams taken from one socket before others get their turn.
const BATCH: usize = 32;
/// IPv4 and UDP.
pub(super) const HEADERS: usize = 28;

pub(super) struct UdpFlow {
    upstream: Upstream,
    active_at: Instant,
}

/// How reading ended.
#[derive(PartialEq, Eq)]
pub(super) enum Drained {
    All,
    /// There is more; come again in the next round.
    More,
}

impl UdpFlow {
    pub(super) fn new(upstream: Upstream, now: Instant) -> UdpFlow {
        UdpFlow { upstream, active_at: now }
    }

    pub(super) fn upstream_mut(&mut self) -> &mut Upstream {
        &mut self.upstream
    }

    pub(super) fn expires_at(&self) -> Instant {
        self.active_at + IDLE_MAX
    }

    /// When the flow may be given up for another.
    pub(super) fn yields_at(&self) -> Instant {
        self.active_at + IDLE_MIN
    }

    pub(super) fn send(&mut self, key: &FlowKey, payload: &[u8], tun: BorrowedFd<'_>, now: Instant) {
        self.active_at = now;
        if self.upstream.send_datagram(payload).is_err() {
            refuse(key, tun);
        }
    }

    /// Brings what has come to the guest.
    pub(super) fn receive(&mut self, key: &FlowKey, tun: BorrowedFd<'_>, now: Instant) -> Drained {
        // One byte more than fits, to tell what does not.
        let mut storage = [0; MTU - HEADERS + 1];
        for _ in 0..BATCH {
            match self.upstream.read(&mut storage) {
                // A connected UDP socket has no end: this is an empty datagram.
                Moved::End => write_packet(tun, &packet::datagram(key, &[])),
                Moved::Bytes(count) if count + HEADERS <= MTU => {
                    write_packet(tun, &packet::datagram(key, &storage[..count]));
                }
                Moved::Bytes(_) => tracing::debug!("a datagram longer than the MTU was dropped"),
                Moved::Wait => return Drained::All,
                Moved::Failed => refuse(key, tun),
            }
            self.active_at = now;
        }
        Drained::More
    }
}

/// Tells the guest that nobody is there: `ECONNREFUSED` on its socket.
pub(super) fn refuse(key: &FlowKey, tun: BorrowedFd<'_>) {
    write_packet(tun, &packet::unreachable(key, Icmpv4DstUnreachable::PortUnreachable, TcpSeqNumber(0)));
}
