//! What a function may reach: one pure function over an address, the host's own addresses and the operator's wish.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{DNS_ENDPOINT, HOST_ALIAS_ADDRESS, HostAddresses};

/// What the operator opens and closes, for one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `--allow-host`: endpoints of the host that the function reaches as `host.tinderbox.internal:PORT`.
    pub allow_hosts: Vec<SocketAddr>,
    /// Networks the operator closes beside those that are always closed.
    pub deny: Vec<Cidr>,
}

/// A network: an address and the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cidr {
    /// Any address of the network.
    pub address: IpAddr,
    /// Leading bits that count; more than the address has means all of them.
    pub prefix: u8,
}

impl Cidr {
    /// Whether `address` lies in this network. IPv4 and IPv6 never contain each other.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                same_prefix(net.to_bits().into(), address.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                same_prefix(net.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

impl std::str::FromStr for Cidr {
    type Err = String;

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| format!("{text:?} is not a network"))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) => match prefix.parse() {
                Ok(prefix) if prefix <= bits => prefix,
                _ => return Err(format!("{text:?}: the prefix is a number from 0 to {bits}")),
            },
        };
        Ok(Cidr { address, prefix })
    }
}

/// The protocol of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// A connection.
    Tcp,
    /// Datagrams from one port of the guest to one destination.
    Udp,
}

/// What becomes of a flow to some destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Open a socket to this address (the destination itself, or what `--allow-host` named).
    Connect(SocketAddr),
    /// A question to the environment's name server: answered or forwarded to the host's resolvers.
    Resolve,
    /// Answer at once that nobody is there.
    Refuse(Refusal),
}

/// Why a destination is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The host's loopback.
    Loopback,
    /// 0.0.0.0/8 and `::`, which the host's kernel takes for itself.
    Unspecified,
    /// An address of one of the host's interfaces: the platform's ports are behind each of them.
    HostAddress,
    /// Link-local; the metadata services of most clouds are here.
    LinkLocal,
    /// A metadata service outside the link-local block.
    Metadata,
    /// Multicast.
    Multicast,
    /// Broadcast, also of a network the host is in.
    Broadcast,
    /// Class E and the blocks that never appear on a wire.
    Reserved,
    /// The environments' own subnet.
    Subnet,
    /// A port of `host.tinderbox.internal` that no `--allow-host` opened.
    NotAllowedHost,
    /// In the operator's deny list.
    Denied,
    /// The host's addresses cannot be read just now, so nothing can be judged.
    Unknown,
}

/// Judges one flow.
///
/// The order matters: the two addresses of our own subnet that mean something come first, then an address that
/// hides another one is unwrapped, then what is always closed, then what the operator closed.
pub fn verdict(
    destination: SocketAddr,
    protocol: Protocol,
    host: &HostAddresses,
    policy: &Policy,
) -> Verdict {
    let ip = unwrap_embedded(destination.ip());
    if SocketAddr::new(ip, destination.port()) == SocketAddr::V4(DNS_ENDPOINT) {
        return match protocol {
            Protocol::Tcp | Protocol::Udp => Verdict::Resolve,
        };
    }
    if ip == IpAddr::V4(HOST_ALIAS_ADDRESS) {
        return match policy.allow_hosts.iter().find(|allowed| allowed.port() == destination.port()) {
            Some(allowed) => Verdict::Connect(*allowed),
            None => Verdict::Refuse(Refusal::NotAllowedHost),
        };
    }
    if let Some(refusal) = always_closed(ip).or_else(|| host.refusal(ip)) {
        return Verdict::Refuse(refusal);
    }
    if policy.deny.iter().any(|net| net.contains(ip)) {
        return Verdict::Refuse(Refusal::Denied);
    }
    Verdict::Connect(SocketAddr::new(ip, destination.port()))
}

fn always_closed(ip: IpAddr) -> Option<Refusal> {
    match ip {
        IpAddr::V4(ip) => always_closed_v4(ip),
        IpAddr::V6(ip) => always_closed_v6(ip),
    }
}

fn always_closed_v4(ip: Ipv4Addr) -> Option<Refusal> {
    // Outside 169.254/16: Alibaba's metadata; Azure's wire server (168.63.129.16), which hands out certificates
    // and extensions' secrets to whoever asks from the machine.
    const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
    match ip.octets() {
        [127, ..] => Some(Refusal::Loopback),
        [0, ..] => Some(Refusal::Unspecified),
        [169, 254, ..] => Some(Refusal::LinkLocal),
        [192, 0, 0, last] if last < 8 => Some(Refusal::Subnet),
        // The rest of IETF's protocol assignments; Oracle's classic metadata is 192.0.0.192.
        [192, 0, 0, _] => Some(Refusal::Reserved),
        [255, 255, 255, 255] => Some(Refusal::Broadcast),
        [224..=239, ..] => Some(Refusal::Multicast),
        [240..=255, ..] => Some(Refusal::Reserved),
        _ if METADATA.contains(&ip) => Some(Refusal::Metadata),
        _ => None,
    }
}

fn always_closed_v6(ip: Ipv6Addr) -> Option<Refusal> {
    let segments = ip.segments();
    // AWS fd00:ec2::/32, Google fd20:ce::/32, Oracle fd00:c1::/32, Scaleway fd00:42::/32.
    const METADATA: [(u16, u16); 4] = [(0xfd00, 0xec2), (0xfd20, 0xce), (0xfd00, 0xc1), (0xfd00, 0x42)];
    if ip.is_loopback() {
        return Some(Refusal::Loopback);
    }
    if ip.is_unspecified() {
        return Some(Refusal::Unspecified);
    }
    match segments[0] {
        0xff00..=0xffff => Some(Refusal::Multicast),
        // fe80::/10 and its deprecated neighbour fec0::/10.
        0xfe80..=0xfeff => Some(Refusal::LinkLocal),
        // Teredo hides its IPv4 addresses by inversion and leads out of the host's own policy.
        0x2001 if segments[1] == 0 => Some(Refusal::Reserved),
        // NAT64 under a prefix of the network's own choice (RFC 8215): where the IPv4 address sits is not known.
        0x64 if segments[1] == 0xff9b => Some(Refusal::Reserved),
        _ if METADATA.contains(&(segments[0], segments[1])) => Some(Refusal::Metadata),
        _ => None,
    }
}

/// The address that a kernel or a translator on the way would really send to.
fn unwrap_embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let segments = v6.segments();
    let bits = v6.to_bits();
    let low = Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32);
    match segments {
        // ::1 and :: are themselves; ::a.b.c.d is the old "compatible" form.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => low.into(),
        // NAT64's well-known prefix (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => low.into(),
        // 6to4 carries it behind its prefix.
        [0x2002, ..] => Ipv4Addr::from_bits(((bits >> 80) & 0xffff_ffff) as u32).into(),
        _ => ip,
    }
}

fn same_prefix(net: u128, address: u128, width: u32, prefix: u8) -> bool {
    let shift = width.saturating_sub(u32::from(prefix));
    // A shift by the full width of u128 is not defined; a prefix of nothing contains everything.
    shift >= 128 || (net >> shift) == (address >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> HostAddresses {
        HostAddresses::from_parts(
            vec!["10.5.0.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
            vec!["10.5.0.255".parse().unwrap()],
        )
    }

    fn policy() -> Policy {
        Policy {
            allow_hosts: vec!["127.0.0.1:9000".parse().unwrap(), "10.5.0.7:5432".parse().unwrap()],
            deny: vec!["172.20.0.0/16".parse().unwrap()],
        }
    }

    #[test]
    fn each_destination_has_its_verdict() {
        use Refusal::*;
        let refused = [
            ("127.0.0.1:80", Loopback),
            ("127.255.0.3:53", Loopback),
            ("[::1]:80", Loopback),
            ("0.0.0.0:80", Unspecified),
            ("0.1.2.3:80", Unspecified),
            ("[::]:80", Unspecified),
            ("10.5.0.7:9955", HostAddress),
            ("[2001:db8::7]:9955", HostAddress),
            ("10.5.0.255:9955", Broadcast),
            ("169.254.169.254:80", LinkLocal),
            ("169.254.170.2:80", LinkLocal),
            ("169.254.1.1:80", LinkLocal),
            ("[fe80::1]:80", LinkLocal),
            ("[fec0::1]:80", LinkLocal),
            ("[fd00:ec2::254]:80", Metadata),
            ("[fd20:ce::254]:80", Metadata),
            ("100.100.100.200:80", Metadata),
            ("168.63.129.16:80", Metadata),
            ("192.0.0.192:80", Reserved),
            ("224.0.0.251:5353", Multicast),
            ("239.255.255.250:1900", Multicast),
            ("[ff02::1]:80", Multicast),
            ("255.255.255.255:67", Broadcast),
            ("240.0.0.1:80", Reserved),
            ("192.0.0.0:80", Subnet),
            ("192.0.0.1:80", Subnet),
            ("192.0.0.2:80", Subnet),
            ("192.0.0.3:80", Subnet),
            ("192.0.0.7:80", Subnet),
            ("192.0.0.4:9001", NotAllowedHost),
            ("172.20.3.4:80", Denied),
            // The same places in other clothes.
            ("[::ffff:127.0.0.1]:80", Loopback),
            ("[::ffff:169.254.169.254]:80", LinkLocal),
            ("[::127.0.0.1]:80", Loopback),
            ("[::ffff:0:10.5.0.7]:80", HostAddress),
            ("[64:ff9b::a9fe:a9fe]:80", LinkLocal),
            ("[64:ff9b:1::7f00:1]:80", Reserved),
            ("[2002:7f00:1::1]:80", Loopback),
            ("[2001:0:1::1]:80", Reserved),
        ];
        for (destination, reason) in refused {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let got = verdict(destination.parse().unwrap(), protocol, &host(), &policy());
                assert_eq!(got, Verdict::Refuse(reason), "{destination} over {protocol:?}");
            }
        }
        let allowed = [
            ("93.184.216.34:443", "93.184.216.34:443"),
            ("8.8.8.8:53", "8.8.8.8:53"),
            ("10.5.0.8:5432", "10.5.0.8:5432"),
            ("192.168.1.1:80", "192.168.1.1:80"),
            ("172.21.0.1:80", "172.21.0.1:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("[fd12::5]:80", "[fd12::5]:80"),
            ("[2606:4700::1]:443", "[2606:4700::1]:443"),
            ("[::ffff:8.8.8.8]:443", "8.8.8.8:443"),
            ("192.0.0.4:9000", "127.0.0.1:9000"),
            ("192.0.0.4:5432", "10.5.0.7:5432"),
        ];
        for (destination, to) in allowed {
            let got = verdict(destination.parse().unwrap(), Protocol::Tcp, &host(), &policy());
            assert_eq!(got, Verdict::Connect(to.parse().unwrap()), "{destination}");
        }
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let got = verdict("192.0.0.3:53".parse().unwrap(), protocol, &host(), &policy());
            assert_eq!(got, Verdict::Resolve);
        }
    }

    #[test]
    fn nothing_is_allowed_while_the_hosts_addresses_are_unknown() {
        let got = verdict(
            "8.8.8.8:443".parse().unwrap(),
            Protocol::Tcp,
            &HostAddresses::unknown(),
            &Policy::default(),
        );
        assert_eq!(got, Verdict::Refuse(Refusal::Unknown));
    }

    #[test]
    fn a_network_is_read_and_matched_by_its_prefix() {
        let everything: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("8.8.8.8".parse().unwrap()));
        assert!(!everything.contains("::1".parse().unwrap()));
        assert!("::/0".parse::<Cidr>().unwrap().contains("fd00::1".parse().unwrap()));
        let one: Cidr = "10.0.0.1".parse().unwrap();
        assert!(one.contains("10.0.0.1".parse().unwrap()) && !one.contains("10.0.0.2".parse().unwrap()));
        for bad in ["10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/", "::/129"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
