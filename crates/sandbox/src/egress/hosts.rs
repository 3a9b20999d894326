//! The host's own addresses: what a function must not reach, because the platform listens behind them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smoltcp::time::{Duration, Instant};

use super::policy::Refusal;

/// How old the list may be. A new address (a VPN, a container bridge) is closed within this time; the route check
/// in `upstream` covers the moment between.
const REFRESH: Duration = Duration::from_secs(1);

/// The addresses of the host's interfaces, and the broadcast addresses of the networks it is in.
#[derive(Debug, Clone, Default)]
pub struct HostAddresses {
    known: bool,
    own: Vec<IpAddr>,
    broadcast: Vec<IpAddr>,
}

impl HostAddresses {
    /// A list of which nothing is known: it refuses everything.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A list made by hand.
    pub fn from_parts(own: Vec<IpAddr>, broadcast: Vec<IpAddr>) -> Self {
        Self { known: true, own, broadcast }
    }

    /// Reads the interfaces of this process's network namespace; unknown if the kernel does not answer.
    pub fn read() -> Self {
        let mut found = Self { known: true, ..Self::default() };
        let mut head: *mut libc::ifaddrs = std::ptr::null_mut();
        // SAFETY: getifaddrs writes the head of a list it owns into the pointer, or fails and writes nothing.
        if unsafe { libc::getifaddrs(&mut head) } != 0 {
            return Self::unknown();
        }
        let mut entry = head;
        while !entry.is_null() {
            // SAFETY: entry is a node of the list that getifaddrs returned, freed only below.
            let node = unsafe { &*entry };
            found.own.extend(address(node.ifa_addr));
            if node.ifa_flags & libc::IFF_BROADCAST as u32 != 0 {
                found.broadcast.extend(address(node.ifa_ifu));
            }
            entry = node.ifa_next;
        }
        // SAFETY: head came from getifaddrs and no reference into the list is left.
        unsafe { libc::freeifaddrs(head) };
        found
    }

    /// Why an address is closed, as far as this list knows.
    pub(super) fn refusal(&self, ip: IpAddr) -> Option<Refusal> {
        if !self.known {
            return Some(Refusal::Unknown);
        }
        if self.own.contains(&ip) {
            return Some(Refusal::HostAddress);
        }
        self.broadcast.contains(&ip).then_some(Refusal::Broadcast)
    }
}

/// The list with its age.
#[derive(Default)]
pub(super) struct HostAddressCache {
    read_at: Option<Instant>,
    addresses: HostAddresses,
}

impl HostAddressCache {
    /// The list, read anew if it is older than a second or was unreadable.
    pub(super) fn get(&mut self, now: Instant) -> &HostAddresses {
        let fresh = self.addresses.known && self.read_at.is_some_and(|at| now < at + REFRESH);
        if !fresh {
            self.addresses = HostAddresses::read();
            self.read_at = Some(now);
        }
        &self.addresses
    }
}

fn address(raw: *const libc::sockaddr) -> Option<IpAddr> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: getifaddrs gives either null or a whole socket address of the family it names; the larger casts below
    // are made only for that family.
    unsafe {
        match i32::from((*raw).sa_family) {
            libc::AF_INET => {
                let v4 = &*raw.cast::<libc::sockaddr_in>();
                Some(Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let v6 = &*raw.cast::<libc::sockaddr_in6>();
                Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_list_is_readable_and_holds_what_it_says() {
        let found = HostAddresses::read();
        assert!(found.known);
        assert_eq!(found.refusal("203.0.113.99".parse().unwrap()), None);
        for own in &found.own {
            assert_eq!(found.refusal(*own), Some(Refusal::HostAddress));
        }
    }
}
