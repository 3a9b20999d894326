//! The whole loop without privileges: a pair of datagram sockets stands for the TUN, an allowed endpoint on this host's
//! loopback for the internet, and the test for a guest that says whatever it likes.

use std::net::{SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket,
    UdpRepr,
};

use super::super::{DNS_SERVER, GUEST, HOST_ALIAS_ADDRESS};
use super::*;

const WINDOW: u16 = 4_096;

struct Bench {
    server: Server,
    events: Vec<epoll::Event>,
    tun: UnixDatagram,
    listener: TcpListener,
    peers: Vec<std::net::TcpStream>,
    _control: OwnedFd,
}

impl Bench {
    fn new() -> Bench {
        let (control, other) = UnixDatagram::pair().unwrap();
        let (tun, inner) = UnixDatagram::pair().unwrap();
        tun.set_nonblocking(true).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let quota = Quota { environments: 4, flows: 256 };
        let mut server = Server::new(control.into(), "/nonexistent".into(), quota).unwrap();
        let policy = Policy { allow_hosts: vec![listener.local_addr().unwrap()], deny: Vec::new() };
        server.attach(EnvironmentNumber(1), inner.into(), policy).unwrap();
        let events = Vec::with_capacity(EVENTS_PER_TURN);
        Bench { server, events, tun, listener, peers: Vec::new(), _control: other.into() }
    }

    fn endpoint(&self) -> SocketAddrV4 {
        SocketAddrV4::new(HOST_ALIAS_ADDRESS, self.listener.local_addr().unwrap().port())
    }

    fn send(&mut self, packet: &[u8]) {
        // Full only if the loop did not take what was there before.
        self.tun.send(packet).unwrap();
        self.round(0);
    }

    fn round(&mut self, milliseconds: i64) {
        let wait = Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
        assert!(self.server.round(&mut self.events, Some(wait)).unwrap());
        while let Ok((peer, _)) = self.listener.accept() {
            peer.set_nonblocking(true).unwrap();
            self.peers.push(peer);
        }
    }

    /// Everything the guest got since the last look.
    fn received(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        let mut buffer = [0; 65_536];
        while let Ok(count) = self.tun.recv(&mut buffer) {
            packets.push(buffer[..count].to_vec());
        }
        packets
    }

    /// The next TCP answer to a port of the guest: its control, sequence and acknowledgement. Waits for as long as it
    /// takes.
    fn answer(&mut self, port: u16) -> (TcpControl, TcpSeqNumber, Option<TcpSeqNumber>) {
        loop {
            for packet in self.received() {
                let packet = Ipv4Packet::new_checked(&packet[..]).unwrap();
                if packet.next_header() == IpProtocol::Tcp {
                    let tcp = TcpPacket::new_checked(packet.payload()).unwrap();
                    let from = IpAddress::Ipv4(packet.src_addr());
                    let checksums = ChecksumCapabilities::default();
                    let repr = TcpRepr::parse(&tcp, &from, &IpAddress::Ipv4(GUEST), &checksums).unwrap();
                    if repr.dst_port != port {
                        continue;
                    }
                    return (repr.control, repr.seq_number, repr.ack_number);
                }
            }
            self.round(10);
        }
    }

    fn open(&mut self, port: u16) -> TcpSeqNumber {
        self.send(&segment(&SegmentOf { control: TcpControl::Syn, ..SegmentOf::new(port, self.endpoint()) }));
        let (control, sequence, _) = self.answer(port);
        assert_eq!(control, TcpControl::Syn, "port {port}");
        sequence
    }

    fn flows(&self) -> usize {
        self.server.environments.values().map(|slot| slot.environment.flow_count()).sum()
    }
}

struct SegmentOf<'a> {
    port: u16,
    to: SocketAddrV4,
    control: TcpControl,
    sequence: TcpSeqNumber,
    acknowledge: Option<TcpSeqNumber>,
    window: u16,
    scale: Option<u8>,
    mss: Option<u16>,
    payload: &'a [u8],
}

impl SegmentOf<'_> {
    fn new(port: u16, to: SocketAddrV4) -> Self {
        SegmentOf {
            port,
            to,
            control: TcpControl::None,
            sequence: TcpSeqNumber(1_000),
            acknowledge: None,
            window: WINDOW,
            scale: None,
            mss: None,
            payload: &[],
        }
    }
}

fn segment(of: &SegmentOf<'_>) -> Vec<u8> {
    let tcp = TcpRepr {
        src_port: of.port,
        dst_port: of.to.port(),
        control: of.control,
        seq_number: of.sequence,
        ack_number: of.acknowledge,
        window_len: of.window,
        window_scale: of.scale,
        max_seg_size: of.mss,
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: of.payload,
    };
    let (from, to) = (IpAddress::Ipv4(GUEST), IpAddress::Ipv4(*of.to.ip()));
    ip(GUEST, *of.to.ip(), IpProtocol::Tcp, tcp.buffer_len(), |body| {
        tcp.emit(&mut TcpPacket::new_unchecked(body), &from, &to, &ChecksumCapabilities::default());
    })
}

fn datagram(from: std::net::Ipv4Addr, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    datagram_from_port(9, from, to, payload)
}

fn datagram_from_port(port: u16, from: std::net::Ipv4Addr, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let udp = UdpRepr { src_port: port, dst_port: to.port() };
    let ends = (IpAddress::Ipv4(from), IpAddress::Ipv4(*to.ip()));
    ip(from, *to.ip(), IpProtocol::Udp, 8 + payload.len(), |body| {
        let checksums = ChecksumCapabilities::default();
        let packet = &mut UdpPacket::new_unchecked(body);
        udp.emit(packet, &ends.0, &ends.1, payload.len(), |at| at.copy_from_slice(payload), &checksums);
    })
}

fn ip(
    from: std::net::Ipv4Addr,
    to: std::net::Ipv4Addr,
    protocol: IpProtocol,
    length: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let header =
        Ipv4Repr { src_addr: from, dst_addr: to, next_header: protocol, payload_len: length, hop_limit: 64 };
    let mut bytes = vec![0; 20 + length];
    fill(&mut bytes[20..]);
    header.emit(&mut Ipv4Packet::new_unchecked(&mut bytes[..]), &ChecksumCapabilities::default());
    bytes
}

/// A seeded source (xorshift), so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn random_bytes_are_dropped_without_an_answer() {
    let mut bench = Bench::new();
    let mut dice = Dice(42);
    for _ in 0..20_000 {
        let length = 1 + dice.roll(120) as usize;
        let packet: Vec<u8> = (0..length).map(|_| dice.roll(256) as u8).collect();
        bench.send(&packet);
    }
    assert_eq!((bench.flows(), bench.server.panics), (0, 0));
    assert!(bench.received().is_empty());
}

#[test]
fn cut_and_flipped_packets_open_nothing_that_is_closed() {
    let mut bench = Bench::new();
    let mut dice = Dice(43);
    let endpoint = bench.endpoint();
    let syn = segment(&SegmentOf { control: TcpControl::Syn, ..SegmentOf::new(77, endpoint) });
    for length in 1..syn.len() {
        bench.send(&syn[..length]);
    }
    for _ in 0..20_000 {
        let mut packet = syn.clone();
        let at = dice.roll(packet.len() as u64) as usize;
        // Any one flipped bit breaks a checksum.
        packet[at] ^= 1 << dice.roll(8);
        bench.send(&packet);
    }
    assert_eq!((bench.flows(), bench.server.panics), (0, 0));
    // Two changes may mend each other, so anything may come of these but harm.
    for _ in 0..20_000 {
        let mut packet = syn.clone();
        for _ in 0..2 + dice.roll(4) {
            let at = dice.roll(packet.len() as u64) as usize;
            packet[at] = dice.roll(256) as u8;
        }
        bench.send(&packet);
    }
    assert_eq!(bench.server.panics, 0);
    bench.received();
    bench.open(78);
}

#[test]
fn a_forged_source_a_fragment_and_a_ping_are_dropped() {
    let mut bench = Bench::new();
    let dns = SocketAddrV4::new(DNS_SERVER, 53);
    bench.send(&datagram("192.0.0.5".parse().unwrap(), dns, &[0; 12]));
    let mut fragment = datagram(GUEST, SocketAddrV4::new(HOST_ALIAS_ADDRESS, 1), b"x");
    fragment[6] = 0x20;
    Ipv4Packet::new_unchecked(&mut fragment[..]).fill_checksum();
    bench.send(&fragment);
    let ping = ip(GUEST, HOST_ALIAS_ADDRESS, IpProtocol::Icmp, 8, |body| body[0] = 8);
    bench.send(&ping);
    assert!(bench.received().is_empty());
    assert_eq!(bench.flows(), 0);
    // The same datagram whole is answered: nobody is there.
    bench.send(&datagram(GUEST, SocketAddrV4::new(HOST_ALIAS_ADDRESS, 1), b"x"));
    assert_eq!(bench.received().len(), 1);
}

#[test]
fn well_formed_nonsense_on_standing_connections_breaks_at_most_those() {
    let mut bench = Bench::new();
    let mut dice = Dice(44);
    let endpoint = bench.endpoint();
    let noise: Vec<u8> = (0..=255).cycle().take(4_096).collect();
    for port in 1_000..1_100 {
        let theirs = bench.open(port);
        let mut sequence = TcpSeqNumber(1_001);
        for _ in 0..150 {
            let near = |dice: &mut Dice, base: TcpSeqNumber| match dice.roll(8) {
                0 => TcpSeqNumber(dice.roll(1 << 32) as i32),
                1 => base - dice.roll(3) as usize,
                2 => base + dice.roll(70_000) as usize,
                _ => base,
            };
            let control = match dice.roll(20) {
                0 => TcpControl::Syn,
                1 => TcpControl::Fin,
                2 if dice.roll(8) == 0 => TcpControl::Rst,
                3..8 => TcpControl::Psh,
                _ => TcpControl::None,
            };
            let length = [0, 1, 100, 4_096][dice.roll(4) as usize];
            let packet = segment(&SegmentOf {
                port,
                to: endpoint,
                control,
                sequence: near(&mut dice, sequence),
                acknowledge: (dice.roll(10) > 0).then(|| near(&mut dice, theirs + 1)),
                window: [0, 1, WINDOW, u16::MAX][dice.roll(4) as usize],
                scale: (control == TcpControl::Syn).then(|| dice.roll(15) as u8),
                mss: (control == TcpControl::Syn).then(|| dice.roll(2_000) as u16),
                payload: &noise[..length],
            });
            bench.send(&packet);
            if dice.roll(3) == 0 {
                sequence += length;
            }
            if dice.roll(16) == 0 {
                use std::io::Write;
                if let Some(peer) = bench.peers.last_mut() {
                    // The peer speaks as well; whether the guest lets it matters not.
                    let _ = peer.write(&noise);
                }
            }
            bench.received();
        }
        if dice.roll(2) == 0 {
            bench.peers.pop();
        }
    }
    assert_eq!(bench.server.panics, 0);
    assert_eq!(bench.flows(), bench.server.flows_total);
    bench.received();
    bench.open(2_000);
    bench.server.detach(EnvironmentNumber(1));
    assert_eq!(bench.server.flows_total, 0);
    assert!(bench.server.wakes.is_empty());
}

#[test]
fn the_flows_of_all_environments_together_are_bounded() {
    let mut bench = Bench::new();
    let endpoint = bench.endpoint();
    for port in 1..=256 {
        bench.open(port);
    }
    bench.send(&segment(&SegmentOf { control: TcpControl::Syn, ..SegmentOf::new(300, endpoint) }));
    assert_eq!(bench.answer(300).0, TcpControl::Rst);
    let rst =
        SegmentOf { control: TcpControl::Rst, sequence: TcpSeqNumber(1_001), ..SegmentOf::new(1, endpoint) };
    bench.send(&segment(&rst));
    assert_eq!(bench.flows(), 255);
    bench.open(300);
}

#[test]
fn dns_noise_is_answered_with_an_error_or_dropped() {
    let mut bench = Bench::new();
    let mut dice = Dice(45);
    let dns = SocketAddrV4::new(DNS_SERVER, 53);
    for _ in 0..20_000 {
        let length = dice.roll(64) as usize;
        let mut message: Vec<u8> = (0..length).map(|_| dice.roll(256) as u8).collect();
        if dice.roll(2) == 0 && message.len() > 12 {
            message[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        // A question that happens to be whole would be forwarded to this machine's resolver: none is.
        if matches!(super::super::dns::triage(&message, false), super::super::dns::Triage::Forward(_)) {
            continue;
        }
        bench.send(&datagram(GUEST, dns, &message));
        bench.received();
    }
    assert_eq!(bench.server.panics, 0);
    assert_eq!(bench.flows(), 0);
}

#[test]
fn an_idle_datagram_flow_yields_to_a_new_one_when_all_are_taken() {
    let mut bench = Bench::new();
    let endpoint = bench.endpoint();
    // Somebody must be there, or each flow would hear that nobody is.
    let _sink = std::net::UdpSocket::bind(bench.listener.local_addr().unwrap()).unwrap();
    for port in 1..=256 {
        bench.send(&datagram_from_port(port, GUEST, endpoint, b"x"));
    }
    assert_eq!(bench.flows(), 256);
    assert!(bench.received().is_empty());
    bench.send(&datagram_from_port(300, GUEST, endpoint, b"x"));
    assert_eq!((bench.flows(), bench.received().len()), (256, 1), "refused while all are busy");
    bench.tun.send(&datagram_from_port(300, GUEST, endpoint, b"x")).unwrap();
    let slot = *bench.server.environments.keys().next().unwrap();
    let later = now() + smoltcp::time::Duration::from_secs(11);
    let token = Environment::tun_token(slot);
    bench.server.turn(slot, later, |environment, ctx| environment.on_event(token, EventFlags::IN, ctx));
    assert_eq!((bench.flows(), bench.received().len()), (256, 0), "one gave its place");
}

#[test]
fn a_quiet_connection_wakes_nobody() {
    let mut bench = Bench::new();
    let to = bench.endpoint();
    let theirs = bench.open(5_000);
    let (sequence, acknowledge) = (TcpSeqNumber(1_001), Some(theirs + 1));
    let ack = SegmentOf { sequence, acknowledge, ..SegmentOf::new(5_000, to) };
    bench.send(&segment(&ack));
    let data = SegmentOf { control: TcpControl::Psh, payload: b"hello", ..ack };
    bench.send(&segment(&data));
    bench.round(0);
    let wait = bench.server.timeout().map_or(i64::MAX, |wait| wait.tv_sec);
    assert!(wait >= 60, "due again in {wait} s");
}
