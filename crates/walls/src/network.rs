//! The addresses inside an environment.

use std::net::Ipv4Addr;

/// The network inside an environment: the same in every one, because none is connected to another.
///
/// 192.0.0.0/29 is the block IANA keeps for addresses that never leave a host (RFC 7335), so unlike a piece of
/// 10/8 it cannot hide a machine of the team's own network from the function.
pub const SUBNET: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 0);
/// Length of [`SUBNET`]'s prefix.
pub const SUBNET_PREFIX: u8 = 29;
/// Where the default route points. Nothing listens there.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 1);
/// The environment's own address, and the only source address whose packets are looked at.
pub const GUEST: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 2);
/// What the environment's `resolv.conf` must name.
pub const DNS_SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 3);
/// What [`HOST_ALIAS`] resolves to when at least one `--allow-host` exists.
pub const HOST_ALIAS_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 4);
/// The name under which `--allow-host` endpoints are reached.
pub const HOST_ALIAS: &str = "host.tinderbox.internal";
/// The text of an environment's `/etc/resolv.conf`.
pub const RESOLV_CONF: &str = "nameserver 192.0.0.3\n";

/// The TUN's MTU. Larger than a wire's, because both ends of it are on this host and each packet costs two system
/// calls; a quarter of a flow's buffer, so that a window holds several segments.
pub const MTU: usize = 16_384;

/// The address of a machine's network device, the same in every one: a snapshot holds it.
pub const GUEST_MAC: [u8; 6] = [0x06, 0x00, 0xc0, 0x00, 0x00, 0x02];
/// What a machine's packets are sent to; a snapshot holds it too.
pub const TAP_MAC: [u8; 6] = [0x06, 0x00, 0xc0, 0x00, 0x00, 0x01];
