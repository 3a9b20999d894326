//! The network around a machine, made in the network namespace that it alone has.
//!
//! ```text
//!  guest's eth0 (GUEST, the same in every machine) ◀─▶ tap0 ◀─ kernel forwards ─▶ tun0 ◀─▶ egress process
//! ```
//!
//! Neither device has an address, so nothing listens here: whatever the guest asks for by ARP is answered for by `tap0`,
//! and every packet from [`GUEST`] goes out by `tun0`, where the egress process looks at it as at those of an environment
//! of processes. Every machine's is the same to the last address, so that a snapshot fits all of them. Without egress
//! there is no `tun0`, and no way on.

use crate::network::{GUEST, GUEST_MAC, TAP_MAC};
use crate::tun::{
    attribute, check, control_socket, ioctl, netlink_request, open_device, open_tun, raise, request, set_mtu,
    socket_address, without_ipv6_addresses,
};
use std::ffi::CString;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

/// The machine's end.
pub const TAP: &str = "tap0";
const TUN: &str = "tun0";
/// Of a token bucket: as much as passes in this part of a second may pass at once.
const BURST_PART: u64 = 8;
/// Least burst, so that a packet of the largest size passes also where little does.
const BURST_BYTES_MIN: u64 = 256 * 1024;
/// What waits for tokens at most; the rest is dropped, which is what makes senders slower.
const BACKLOG_BYTES: u32 = 4 << 20;

/// What was made.
pub struct MachineNetwork {
    /// For a monitor that takes it as a descriptor.
    pub tap: OwnedFd,
    /// The end that the egress process reads, if there is a way out.
    pub tun: Option<OwnedFd>,
}

/// Makes it in the caller's network namespace, which must be new. Needs what [`crate::tun::create_tun`] needs.
///
/// With an `owner`, that user may open the device by its name too, as monitors do that take no descriptor.
/// `bytes_per_second` bounds each way; 0: nothing does.
pub fn create(nat: bool, owner: Option<u32>, bytes_per_second: u64) -> io::Result<MachineNetwork> {
    let control = control_socket()?;
    let tap = open_device(TAP, libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR)?;
    without_ipv6_addresses(TAP)?;
    set_mac(&control, TAP, TAP_MAC)?;
    set_mtu(&control, TAP)?;
    if let Some(owner) = owner {
        // SAFETY: both take a number.
        unsafe {
            check(libc::ioctl(tap.as_raw_fd(), libc::TUNSETOWNER, libc::c_ulong::from(owner)))?;
            check(libc::ioctl(tap.as_raw_fd(), libc::TUNSETPERSIST, 1 as libc::c_ulong))?;
        }
    }
    raise(&control, TAP)?;
    if bytes_per_second > 0 {
        bound_rate(TAP, bytes_per_second)?;
    }
    if !nat {
        return Ok(MachineNetwork { tap, tun: None });
    }
    let tun = open_tun(TUN)?;
    without_ipv6_addresses(TUN)?;
    set_mtu(&control, TUN)?;
    raise(&control, TUN)?;
    if bytes_per_second > 0 {
        bound_rate(TUN, bytes_per_second)?;
    }
    add_route(&control, TAP, GUEST, Ipv4Addr::BROADCAST)?;
    add_route(&control, TUN, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED)?;
    add_neighbour(&control)?;
    // Only what says that it comes from the guest is taken from it.
    set("conf/tap0/rp_filter", "1")?;
    set("conf/tap0/proxy_arp", "1")?;
    // The kernel would wait up to 0.8 s before it answers for another.
    set("neigh/tap0/proxy_delay", "0")?;
    set("ip_forward", "1")?;
    Ok(MachineNetwork { tap, tun: Some(tun) })
}

/// A setting of the caller's network namespace: /proc/sys/net shows that of who looks.
fn set(name: &str, value: &str) -> io::Result<()> {
    std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value)
        .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
}

fn set_mac(control: &OwnedFd, name: &str, mac: [u8; 6]) -> io::Result<()> {
    let mut request = request(name)?;
    request.ifr_ifru.ifru_hwaddr = mac_address(mac);
    ioctl(control, libc::SIOCSIFHWADDR, &mut request)
}

fn mac_address(mac: [u8; 6]) -> libc::sockaddr {
    let mut data = [0; 14];
    for (to, from) in data.iter_mut().zip(mac) {
        *to = from as libc::c_char;
    }
    libc::sockaddr { sa_family: libc::ARPHRD_ETHER, sa_data: data }
}

fn add_route(control: &OwnedFd, device: &str, to: Ipv4Addr, mask: Ipv4Addr) -> io::Result<()> {
    let device = CString::new(device)?;
    // SAFETY: an all-zero rtentry is valid: its pointers are null and its addresses unspecified.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = socket_address(to);
    route.rt_genmask = socket_address(mask);
    route.rt_flags = libc::RTF_UP;
    route.rt_dev = device.as_ptr().cast_mut();
    // SAFETY: the request takes a pointer to an rtentry, which lives through the call, as does the name in it.
    check(unsafe { libc::ioctl(control.as_raw_fd(), libc::SIOCADDRT, &route) })
}

/// The guest's address is known beforehand: nobody need be asked, and no answer can claim to be another's.
fn add_neighbour(control: &OwnedFd) -> io::Result<()> {
    // SAFETY: an all-zero arpreq is valid: addresses of no family, and an empty name.
    let mut entry: libc::arpreq = unsafe { std::mem::zeroed() };
    entry.arp_pa = socket_address(GUEST);
    entry.arp_ha = mac_address(GUEST_MAC);
    entry.arp_flags = libc::ATF_COM | libc::ATF_PERM;
    for (to, from) in entry.arp_dev.iter_mut().zip(TAP.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the request takes a pointer to an arpreq, which lives through the call.
    check(unsafe { libc::ioctl(control.as_raw_fd(), libc::SIOCSARP, &entry) })
}

/// A token bucket for what leaves by the device: rtnetlink's RTM_NEWQDISC with a `tbf` at the root.
fn bound_rate(name: &str, bytes_per_second: u64) -> io::Result<()> {
    let interface = CString::new(name)?;
    // SAFETY: a NUL-terminated string that lives through the call.
    let index = unsafe { libc::if_nametoindex(interface.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    netlink_request(&bucket(index, bytes_per_second)).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOENT) => io::Error::other(
            "this kernel has no token bucket (sch_tbf): load it, or set the network's rate to 0",
        ),
        _ => error,
    })
}

fn bucket(index: u32, bytes_per_second: u64) -> Vec<u8> {
    const TCA_KIND: u16 = 1;
    const TCA_OPTIONS: u16 = 2;
    const TCA_TBF_PARMS: u16 = 1;
    const TCA_TBF_RATE64: u16 = 4;
    const TCA_TBF_BURST: u16 = 6;
    const TC_LINKLAYER_ETHERNET: u8 = 1;
    const TC_H_ROOT: u32 = u32::MAX;
    let burst = (bytes_per_second / BURST_PART).max(BURST_BYTES_MIN);
    let burst = u32::try_from(burst).unwrap_or(u32::MAX / 2);
    // struct tc_tbf_qopt: two tc_ratespec (rate, peak rate), limit, buffer, mtu.
    let mut parameters = vec![0, TC_LINKLAYER_ETHERNET, 0, 0, 0, 0, 0, 0];
    parameters.extend_from_slice(&u32::try_from(bytes_per_second).unwrap_or(u32::MAX).to_ne_bytes());
    parameters.extend_from_slice(&[0; 12]);
    parameters.extend_from_slice(&BACKLOG_BYTES.to_ne_bytes());
    parameters.extend_from_slice(&[0; 8]);
    let mut options = attribute(TCA_TBF_PARMS, &parameters);
    options.extend(attribute(TCA_TBF_RATE64, &bytes_per_second.to_ne_bytes()));
    options.extend(attribute(TCA_TBF_BURST, &burst.to_ne_bytes()));
    let mut tail = attribute(TCA_KIND, b"tbf\0");
    tail.extend(attribute(TCA_OPTIONS, &options));
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    let mut message = Vec::new();
    // struct nlmsghdr, then struct tcmsg (rtnetlink(7)).
    message.extend_from_slice(&(36 + tail.len() as u32).to_ne_bytes());
    message.extend_from_slice(&libc::RTM_NEWQDISC.to_ne_bytes());
    message.extend_from_slice(&(flags as u16).to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&index.to_ne_bytes());
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&TC_H_ROOT.to_ne_bytes());
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&tail);
    message
}
