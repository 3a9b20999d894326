//! The sockets that the egress process opens on a guest's behalf: non-blocking, registered edge-triggered.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

/// Probes a peer that has said nothing for this many seconds, so that a vanished one does not hold a flow for ever.
const KEEP_ALIVE_SECONDS: u64 = 120;

/// A socket registered with the loop under `token`; closing it takes the registration along.
pub(super) struct Upstream {
    fd: OwnedFd,
    readable: bool,
    writable: bool,
}

/// What came of reading or writing.
pub(super) enum Moved {
    Bytes(usize),
    /// Nothing now; the loop will say when.
    Wait,
    /// The peer will send no more.
    End,
    /// Broken, or for UDP: an ICMP message that nobody is there.
    Failed,
}

impl Upstream {
    /// Begins a TCP connection.
    pub(super) fn connect_tcp(to: SocketAddr, epoll: BorrowedFd<'_>, token: u64) -> io::Result<Upstream> {
        let fd = socket(to, SocketType::STREAM)?;
        // Each is an improvement, none a condition.
        let _ = sockopt::set_tcp_nodelay(&fd, true);
        let _ = sockopt::set_socket_keepalive(&fd, true);
        let _ = sockopt::set_tcp_keepidle(&fd, Duration::from_secs(KEEP_ALIVE_SECONDS));
        match net::connect(&fd, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Self::register(fd, epoll, token),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a UDP socket that talks to `to` only, from a port that the kernel picks at random.
    pub(super) fn connect_udp(to: SocketAddr, epoll: BorrowedFd<'_>, token: u64) -> io::Result<Upstream> {
        let fd = socket(to, SocketType::DGRAM)?;
        net::connect(&fd, &to)?;
        Self::register(fd, epoll, token)
    }

    /// After the connect: an unconnected TCP socket counts as hung up.
    fn register(fd: OwnedFd, epoll: BorrowedFd<'_>, token: u64) -> io::Result<Upstream> {
        let interest =
            epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(epoll, &fd, epoll::EventData::new_u64(token), interest)?;
        Ok(Upstream { fd, readable: false, writable: false })
    }

    /// Notes what the loop reported.
    pub(super) fn note(&mut self, events: epoll::EventFlags) {
        use epoll::EventFlags as Event;
        self.readable |= events.intersects(Event::IN | Event::RDHUP | Event::HUP | Event::ERR);
        self.writable |= events.intersects(Event::OUT | Event::HUP | Event::ERR);
    }

    /// The outcome of a connect that the loop reported writable: `None` while it is under way.
    pub(super) fn connected(&self) -> Option<io::Result<()>> {
        if !self.writable {
            return None;
        }
        Some(match sockopt::socket_error(&self.fd) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) | Err(error) => Err(error.into()),
        })
    }

    /// Whether the peer is the host itself, by an address that the list of interfaces did not have: the kernel then
    /// picked that same address as the source.
    pub(super) fn is_host_itself(&self) -> bool {
        let local = net::getsockname(&self.fd).ok().and_then(|address| SocketAddr::try_from(address).ok());
        let peer =
            net::getpeername(&self.fd).ok().flatten().and_then(|address| SocketAddr::try_from(address).ok());
        matches!((local, peer), (Some(local), Some(peer)) if local.ip() == peer.ip())
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> Moved {
        if !self.readable {
            return Moved::Wait;
        }
        match net::recv(&self.fd, into, net::RecvFlags::empty()) {
            Ok((_, 0)) => Moved::End,
            Ok((_, count)) => Moved::Bytes(count),
            Err(rustix::io::Errno::AGAIN) => {
                self.readable = false;
                Moved::Wait
            }
            Err(rustix::io::Errno::INTR) => Moved::Wait,
            Err(_) => Moved::Failed,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Moved {
        if !self.writable {
            return Moved::Wait;
        }
        match net::send(&self.fd, bytes, net::SendFlags::NOSIGNAL) {
            Ok(count) => Moved::Bytes(count),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS) => {
                self.writable = false;
                Moved::Wait
            }
            Err(rustix::io::Errno::INTR) => Moved::Wait,
            Err(_) => Moved::Failed,
        }
    }

    /// Sends a datagram now or loses it, whatever the loop last said: UDP sockets are writable from the first.
    pub(super) fn send_datagram(&mut self, bytes: &[u8]) -> io::Result<()> {
        match net::send(&self.fd, bytes, net::SendFlags::NOSIGNAL) {
            Ok(_) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS | rustix::io::Errno::INTR) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Passes on that the guest will send no more.
    pub(super) fn finish(&self) {
        // Fails only if the peer is gone already, which reading will tell.
        let _ = net::shutdown(&self.fd, net::Shutdown::Write);
    }

    /// Makes closing send a RST: the guest broke the connection, so the peer hears of a broken one too.
    pub(super) fn abort(self) {
        let _ = sockopt::set_socket_linger(&self.fd, Some(Duration::ZERO));
    }
}

/// Asks the host's routing whether `to` is the host itself, without a packet: a connected UDP socket's own address
/// is the peer's exactly then. Covers local routes that belong to no interface and addresses younger than our list.
pub(super) fn routes_to_host(to: SocketAddr) -> bool {
    let Ok(probe) = socket(to, SocketType::DGRAM) else { return true };
    if net::connect(&probe, &to).is_err() {
        return false; // No route: the real connect will say so.
    }
    let local = net::getsockname(&probe).ok().and_then(|address| SocketAddr::try_from(address).ok());
    local.is_none_or(|local| local.ip() == to.ip())
}

fn socket(to: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let protocol = if kind == SocketType::STREAM { ipproto::TCP } else { ipproto::UDP };
    Ok(net::socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, Some(protocol))?)
}
