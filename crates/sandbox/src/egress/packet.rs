//! Reading the guest's packets and making the few we write ourselves. All parsing is smoltcp's checked parsing; what
//! it does not accept is nobody's packet and is dropped.

use std::net::{Ipv4Addr, SocketAddrV4};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl,
    TcpPacket, TcpRepr, UdpPacket, UdpRepr,
};

use super::GUEST;
use super::policy::Protocol;

const HOP_LIMIT: u8 = 64;

/// A flow as the guest sees it: protocol, the guest's port, the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowKey {
    pub(super) protocol: Protocol,
    pub(super) guest_port: u16,
    pub(super) destination: SocketAddrV4,
}

/// A well-formed packet of the guest.
pub(super) enum Parsed<'a> {
    Tcp { key: FlowKey, segment: Segment },
    Udp { key: FlowKey, payload: &'a [u8] },
}

/// What is needed of a TCP segment to find or refuse its flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) control: TcpControl,
    pub(super) sequence: smoltcp::wire::TcpSeqNumber,
    pub(super) acknowledgement: Option<smoltcp::wire::TcpSeqNumber>,
    /// Sequence numbers the segment takes, SYN and FIN included.
    pub(super) length: usize,
}

impl Segment {
    /// Whether this asks for a new connection.
    pub(super) fn opens(&self) -> bool {
        self.control == TcpControl::Syn && self.acknowledgement.is_none()
    }
}

/// Reads one packet from the TUN. `None` for all that is dropped without an answer: IPv6, other sources than the
/// guest (forged), fragments (the MTU leaves no honest reason for one), other protocols (ICMP never leaves), bad
/// lengths and checksums, and destinations to which an answer could not be addressed from.
pub(super) fn parse(bytes: &[u8]) -> Option<Parsed<'_>> {
    let checksums = ChecksumCapabilities::default();
    let packet = Ipv4Packet::new_checked(bytes).ok()?;
    let header = Ipv4Repr::parse(&packet, &checksums).ok()?;
    if header.src_addr != GUEST || packet.more_frags() || packet.frag_offset() != 0 {
        return None;
    }
    let (from, to) = (IpAddress::Ipv4(header.src_addr), IpAddress::Ipv4(header.dst_addr));
    let payload = packet.payload();
    match header.next_header {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(payload).ok()?;
            let repr = TcpRepr::parse(&tcp, &from, &to, &checksums).ok()?;
            let segment = Segment {
                control: repr.control,
                sequence: repr.seq_number,
                acknowledgement: repr.ack_number,
                length: repr.segment_len(),
            };
            Some(Parsed::Tcp {
                key: key(Protocol::Tcp, repr.src_port, header.dst_addr, repr.dst_port),
                segment,
            })
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(payload).ok()?;
            let repr = UdpRepr::parse(&udp, &from, &to, &checksums).ok()?;
            let key = key(Protocol::Udp, repr.src_port, header.dst_addr, repr.dst_port);
            Some(Parsed::Udp { key, payload: udp.payload() })
        }
        _ => None,
    }
}

fn key(protocol: Protocol, guest_port: u16, destination: Ipv4Addr, port: u16) -> FlowKey {
    FlowKey { protocol, guest_port, destination: SocketAddrV4::new(destination, port) }
}

/// The RST that answers `segment`, as RFC 9293 section 3.10.7.1 makes it; none for a RST.
pub(super) fn reset(key: &FlowKey, segment: &Segment) -> Option<Vec<u8>> {
    if segment.control == TcpControl::Rst {
        return None;
    }
    let (seq_number, ack_number) = match segment.acknowledgement {
        Some(acknowledged) => (acknowledged, None),
        None => (smoltcp::wire::TcpSeqNumber(0), Some(segment.sequence + segment.length)),
    };
    let tcp = TcpRepr {
        src_port: key.destination.port(),
        dst_port: key.guest_port,
        control: TcpControl::Rst,
        seq_number,
        ack_number,
        window_len: 0,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: &[],
    };
    let checksums = ChecksumCapabilities::default();
    let (from, to) = (IpAddress::Ipv4(*key.destination.ip()), IpAddress::Ipv4(GUEST));
    Some(to_guest(*key.destination.ip(), IpProtocol::Tcp, tcp.buffer_len(), |body| {
        tcp.emit(&mut TcpPacket::new_unchecked(body), &from, &to, &checksums);
    }))
}

/// A datagram to the guest from the flow's destination.
pub(super) fn datagram(key: &FlowKey, payload: &[u8]) -> Vec<u8> {
    let udp = UdpRepr { src_port: key.destination.port(), dst_port: key.guest_port };
    let checksums = ChecksumCapabilities::default();
    let (from, to) = (IpAddress::Ipv4(*key.destination.ip()), IpAddress::Ipv4(GUEST));
    to_guest(*key.destination.ip(), IpProtocol::Udp, udp.header_len() + payload.len(), |body| {
        let fill = |at: &mut [u8]| at.copy_from_slice(payload);
        udp.emit(&mut UdpPacket::new_unchecked(body), &from, &to, payload.len(), fill, &checksums);
    })
}

/// An ICMP message that the flow's destination is not there. Its quotation is made from the key: the guest's kernel
/// finds the socket by addresses and ports (and, for TCP, by a sequence number in its window).
pub(super) fn unreachable(
    key: &FlowKey,
    reason: Icmpv4DstUnreachable,
    sequence: smoltcp::wire::TcpSeqNumber,
) -> Vec<u8> {
    let mut quoted = [0u8; 8];
    quoted[0..2].copy_from_slice(&key.guest_port.to_be_bytes());
    quoted[2..4].copy_from_slice(&key.destination.port().to_be_bytes());
    let next_header = match key.protocol {
        Protocol::Tcp => {
            quoted[4..8].copy_from_slice(&sequence.0.to_be_bytes());
            IpProtocol::Tcp
        }
        Protocol::Udp => {
            quoted[4..6].copy_from_slice(&8u16.to_be_bytes());
            IpProtocol::Udp
        }
    };
    let header = Ipv4Repr {
        src_addr: GUEST,
        dst_addr: *key.destination.ip(),
        next_header,
        payload_len: quoted.len(),
        hop_limit: HOP_LIMIT,
    };
    let message = Icmpv4Repr::DstUnreachable { reason, header, data: &quoted };
    // From the gateway, as from a router: the destination may be an address that kernels distrust as a source.
    to_guest(super::GATEWAY, IpProtocol::Icmp, message.buffer_len(), |body| {
        message.emit(&mut Icmpv4Packet::new_unchecked(body), &ChecksumCapabilities::default());
    })
}

fn to_guest(from: Ipv4Addr, protocol: IpProtocol, length: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let header = Ipv4Repr {
        src_addr: from,
        dst_addr: GUEST,
        next_header: protocol,
        payload_len: length,
        hop_limit: HOP_LIMIT,
    };
    let mut bytes = vec![0; header.buffer_len() + length];
    fill(&mut bytes[header.buffer_len()..]);
    header.emit(&mut Ipv4Packet::new_unchecked(&mut bytes[..]), &ChecksumCapabilities::default());
    bytes
}
