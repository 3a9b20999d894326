//! The guest's side of one TCP connection: a smoltcp interface that *is* the destination, with one socket in it.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::packet::FlowKey;
use super::{FLOW_BUFFER, MTU};

/// How long the guest's kernel may leave data or a probe unanswered. Freezing the function does not stop its kernel,
/// so only a dead or hostile guest is this silent.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// Packets written in one go before other flows get their turn; the rest follows by a timer that is due at once.
const EGRESS_BATCH: usize = 64;
/// Shortest time between two wakes of a flow that has nothing to write.
const PAUSE: Duration = Duration::from_millis(1);

/// One connection with the guest.
pub(super) struct GuestTcp {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    finished: bool,
    /// The last batch was full.
    has_more: bool,
}

/// How the connection with the guest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// At least one direction is open.
    Open,
    /// Both sides said they are finished, or our last acknowledgement is out.
    Finished,
    /// The guest reset it, or was silent for too long.
    Broken,
}

impl GuestTcp {
    /// Accepts the connection that `syn` asks for. `None` if smoltcp did not take the packet.
    pub(super) fn accept(
        key: &FlowKey,
        syn: &[u8],
        seed: u64,
        tun: BorrowedFd<'_>,
        now: Instant,
    ) -> Option<GuestTcp> {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut wire = Wire { incoming: None, tun };
        let mut interface = Interface::new(config, &mut wire, now);
        let own: Ipv4Addr = *key.destination.ip();
        interface.update_ip_addrs(|addresses| {
            // One address into an empty list of at least one.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(own), 32));
        });
        let buffer = || tcp::SocketBuffer::new(vec![0; FLOW_BUFFER]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        // The relay writes whole chunks and the link is memory: waiting to coalesce or to acknowledge only adds delay.
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.set_timeout(Some(SILENCE_MAX));
        socket.listen((IpAddress::Ipv4(own), key.destination.port())).ok()?;
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        let mut guest = GuestTcp { interface, sockets, handle, finished: false, has_more: false };
        guest.ingress(syn, tun, now);
        (guest.socket().state() == tcp::State::SynReceived).then_some(guest)
    }

    /// Takes one packet of this flow.
    pub(super) fn ingress(&mut self, packet: &[u8], tun: BorrowedFd<'_>, now: Instant) {
        let mut wire = Wire { incoming: Some(packet), tun };
        self.interface.poll_ingress_single(now, &mut wire, &mut self.sockets);
        use tcp::State::*;
        self.finished |= matches!(self.socket().state(), CloseWait | Closing | LastAck | TimeWait);
    }

    /// Writes what is due: data, acknowledgements, window updates, retransmissions.
    pub(super) fn egress(&mut self, tun: BorrowedFd<'_>, now: Instant) {
        let mut wire = Wire { incoming: None, tun };
        self.has_more = (0..EGRESS_BATCH)
            .all(|_| self.interface.poll_egress(now, &mut wire, &mut self.sockets) != PollResult::None);
    }

    /// When [`Self::egress`] must be called next.
    pub(super) fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        // If smoltcp says "now" but had nothing to write just now, the two of its answers disagree: without a pause
        // that would be a busy loop.
        let earliest = if self.has_more { now } else { now + PAUSE };
        self.interface.poll_at(now, &self.sockets).map(|at| at.max(earliest))
    }

    pub(super) fn standing(&self) -> Standing {
        match self.socket().state() {
            tcp::State::Closed if self.finished => Standing::Finished,
            // A RST before the handshake was through puts the socket back to listening; nobody will come.
            tcp::State::Closed | tcp::State::Listen => Standing::Broken,
            // Nothing is left but to wait for stray packets, to which a RST is as good an answer.
            tcp::State::TimeWait => Standing::Finished,
            _ => Standing::Open,
        }
    }

    /// Whether the guest said it will send no more (data before that may still be unread).
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn socket(&self) -> &tcp::Socket<'static> {
        self.sockets.get(self.handle)
    }

    pub(super) fn socket_mut(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.handle)
    }
}

/// One packet in at most, any number out: the TUN as smoltcp sees it for the length of one call.
struct Wire<'a> {
    incoming: Option<&'a [u8]>,
    tun: BorrowedFd<'a>,
}

struct Incoming<'a>(&'a [u8]);
struct Outgoing<'a>(BorrowedFd<'a>);

impl Device for Wire<'_> {
    type RxToken<'t>
        = Incoming<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Outgoing<'t>
    where
        Self: 't;

    fn receive(&mut self, _now: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        self.incoming.take().map(|packet| (Incoming(packet), Outgoing(self.tun)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(self.tun))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

impl RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut storage = [0; MTU];
        // smoltcp was told the MTU and keeps to it; a longer packet would be its defect, and is lost, not fatal.
        let Some(packet) = storage.get_mut(..length) else {
            return fill(&mut vec![0; length]);
        };
        let filled = fill(packet);
        write_packet(self.0, packet);
        filled
    }
}

/// Writes a packet to the guest. A packet that cannot be written now is lost, as on any link: TCP sends it again, and
/// for UDP that is the contract. A dead device shows when it is read.
pub(super) fn write_packet(tun: impl AsFd, packet: &[u8]) {
    if let Err(error) = rustix::io::write(tun, packet) {
        tracing::trace!(%error, "a packet to the guest was lost");
    }
}
