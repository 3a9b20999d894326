//! The `nat` egress: how the functions in `process` sandboxes reach the network, and what they never reach.
//!
//! Each environment has a network namespace of its own with a loopback and one TUN device in it. Nothing else
//! connects that namespace to the world: no bridge, no veth pair, no route, no rule in the host's firewall. The
//! other end of every TUN is read by one process, *the egress process*, which terminates the guest's TCP and UDP
//! in user space and opens ordinary sockets of its own on the guest's behalf. So nothing on the host is changed,
//! nothing can be left behind (the devices die with their descriptors), no program such as `nft` need be there,
//! and the whole policy is one pure function: [`verdict`].
//!
//! ```text
//!   environment's namespace         │ host's namespace
//!   function ── kernel TCP ── TUN ══╪══ egress process ── kernel TCP ── destination
//!                192.0.0.2          │   (nobody, no capability, seccomp)
//! ```
//!
//! **Who does what.** The spawner's child calls [`create_tun`] inside the new namespace; the spawner keeps that
//! descriptor and hands a copy to the egress process with [`Handle::attach`]. If the egress process dies, the
//! spawner starts another and attaches everything again: open connections break, new ones work. An open TUN
//! descriptor keeps its namespace alive, so both copies must go ([`Handle::detach`], and the spawner's own).
//!
//! **Why smoltcp, one small interface per connection.** smoltcp is sans-IO: no clock, no task, no queue of its
//! own, its parsers are fuzzed, and its buffers are exactly the ones we give it, so the bounds below are true by
//! construction; `ipstack` needs a tokio task and growing channels per flow. smoltcp's interface scans all its
//! sockets for each packet, though, and wants a listening socket before a SYN comes. So we look up the
//! connection ourselves and give each one an interface with one socket in it, made only when the *real*
//! connection stands: the guest's SYN is answered by what the destination answered (accepted, refused,
//! unreachable), a packet costs the same with one flow as with a thousand, and a flow's failure is its own.
//!
//! **Hostile input.** Every packet is the guest's own bytes. A packet that is not well-formed IPv4 from the one
//! address the guest has, or is a fragment, is dropped; ICMP is never forwarded; a panic in a parser costs the
//! environment its flows, not the process its life. Refusals are answered (RST, ICMP port unreachable), so that
//! a function sees `ECONNREFUSED` at once and does not hang. IPv6 does not exist inside: connects fail at once.

mod confine;
mod conversation;
mod dns;
mod environment;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod guest_tcp;
mod handle;
mod hosts;
mod lookup;
mod packet;
mod policy;
mod process;
mod protocol;
mod relay;
mod udp;
mod upstream;

use std::net::SocketAddrV4;

pub use handle::{EgressError, Handle, Start};
pub use hosts::HostAddresses;
pub use policy::{Cidr, Policy, Protocol, Refusal, Verdict, verdict};
pub use process::main;
pub(crate) use protocol::Answer;
pub use protocol::EnvironmentNumber;
use walls::network::MTU;
pub use walls::network::{
    DNS_SERVER, GATEWAY, GUEST, HOST_ALIAS, HOST_ALIAS_ADDRESS, RESOLV_CONF, SUBNET, SUBNET_PREFIX,
};
pub use walls::tun::{create_tun, raise_loopback};

/// Bytes buffered per TCP flow and direction; when full, the faster side waits.
const FLOW_BUFFER: usize = 65_536;
/// TCP and UDP flows of one environment. AWS allows 1,024 descriptors in an environment, so no function has more.
const FLOWS_PER_ENVIRONMENT: usize = 1_024;
/// DNS questions of one environment waiting for an answer; apart from the flows, so that names still resolve when
/// those are used up.
const LOOKUPS_PER_ENVIRONMENT: usize = 128;
/// Flows and lookups of all environments together: bounds the egress process's descriptors and (with
/// [`FLOW_BUFFER`]) its memory, whatever the functions do.
const FLOWS_TOTAL: usize = 16_384;
/// Environments attached at once.
const ENVIRONMENTS_MAX: usize = 8_192;

const _: () = assert!(MTU * 4 <= FLOW_BUFFER);
const _: () = assert!(FLOWS_PER_ENVIRONMENT + LOOKUPS_PER_ENVIRONMENT < FLOWS_TOTAL);

/// The endpoint of the environment's name server.
const DNS_ENDPOINT: SocketAddrV4 = SocketAddrV4::new(DNS_SERVER, 53);
