//! One TCP connection of a function: bytes between the guest's side and the real one, with backpressure both ways.
//!
//! ```text
//!             SYN, verdict: connect                 destination accepted
//!   (nothing) ─────────────────────▶ Connecting ───────────────────────────▶ Relay ──▶ (gone)
//!       │ refused: RST                   │ refused: RST to the guest           both directions finished,
//!       ▼                                │ unreachable: ICMP                   or either side broke it
//!   (nothing)                            ▼ timed out: silence, as on a wire    (then the other hears a RST)
//!                                    (nothing)
//! ```
//!
//! Each direction ends on its own: the guest's FIN goes on after its last byte is written, the peer's end after its
//! last byte is queued for the guest. Nothing is read that there is no room for, so a slow side slows the other
//! through its kernel's window and at most two [`FLOW_BUFFER`](super::FLOW_BUFFER)s are held here.

use std::os::fd::BorrowedFd;

use smoltcp::time::Instant;

use super::guest_tcp::{GuestTcp, Standing};
use super::packet::Segment;
use super::upstream::{Moved, Upstream};

/// A connection whose destination has not answered yet. The guest's SYN waits here.
pub(super) struct Connecting {
    pub(super) upstream: Upstream,
    pub(super) syn: Vec<u8>,
    pub(super) segment: Segment,
    /// An `--allow-host` endpoint, which may be the host itself.
    pub(super) may_be_host: bool,
}

/// A connection that stands on both sides.
pub(super) struct Relay {
    guest: GuestTcp,
    upstream: Upstream,
    /// The guest's end was passed on.
    peer_told: bool,
    /// The peer's end was passed on.
    guest_told: bool,
    /// The peer takes no more bytes; what it sent before may still be read.
    peer_broken: bool,
}

impl Relay {
    pub(super) fn new(guest: GuestTcp, upstream: Upstream) -> Relay {
        Relay { guest, upstream, peer_told: false, guest_told: false, peer_broken: false }
    }

    pub(super) fn guest_mut(&mut self) -> &mut GuestTcp {
        &mut self.guest
    }

    pub(super) fn upstream_mut(&mut self) -> &mut Upstream {
        &mut self.upstream
    }

    /// Moves what can be moved. False when the connection is over and may be dropped.
    pub(super) fn pump(&mut self, tun: BorrowedFd<'_>, now: Instant) -> bool {
        self.serve_peer();
        self.serve_guest();
        self.guest.egress(tun, now);
        match self.guest.standing() {
            Standing::Open => true,
            // The guest has everything and left; its last bytes may still be on their way to a slow peer.
            Standing::Finished => self.guest_told && !self.peer_told && !self.peer_broken,
            Standing::Broken => false,
        }
    }

    /// Closes the real connection: in peace if the guest's did, by a RST if that was broken.
    pub(super) fn close(self) {
        let in_peace = self.guest_told && self.peer_told && self.guest.standing() == Standing::Finished;
        if !in_peace {
            self.upstream.abort();
        }
    }

    fn serve_peer(&mut self) {
        while !self.peer_broken && self.guest.socket().can_recv() {
            let upstream = &mut self.upstream;
            let moved = self.guest.socket_mut().recv(|bytes| match upstream.write(bytes) {
                Moved::Bytes(count) => (count, Moved::Bytes(count)),
                other => (0, other),
            });
            match moved {
                Ok(Moved::Bytes(_)) => {}
                Ok(Moved::Failed) => self.peer_broken = true,
                Ok(Moved::Wait | Moved::End) | Err(_) => break,
            }
        }
        if self.guest.is_finished() && !self.peer_told && !self.guest.socket().can_recv() {
            self.upstream.finish();
            self.peer_told = true;
        }
    }

    fn serve_guest(&mut self) {
        while !self.guest_told && self.guest.socket().can_send() {
            let upstream = &mut self.upstream;
            let moved = self.guest.socket_mut().send(|space| {
                if space.is_empty() {
                    return (0, Moved::Wait); // Reading into nothing would look like the peer's end.
                }
                match upstream.read(space) {
                    Moved::Bytes(count) => (count, Moved::Bytes(count)),
                    other => (0, other),
                }
            });
            match moved {
                Ok(Moved::Bytes(_)) => {}
                Ok(Moved::End) if !self.peer_broken => {
                    self.guest.socket_mut().close();
                    self.guest_told = true;
                }
                Ok(Moved::Wait) if !self.peer_broken => break,
                Ok(Moved::End | Moved::Wait | Moved::Failed) => {
                    self.guest.socket_mut().abort();
                    self.peer_broken = true;
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
