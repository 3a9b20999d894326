//! The inner end: the devices of an environment's network namespace, made from within it.
//!
//! Written with ioctls and one rtnetlink message, so that no `ip` program need be in the sandbox. Everything here is
//! synchronous, opens what it needs and starts no thread: the spawner's child calls it between `clone` and `exec`.

use std::ffi::CString;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::network::{GATEWAY, GUEST, MTU, SUBNET_PREFIX};

const LOOPBACK: &str = "lo";

/// Makes the TUN device `name` in the caller's network namespace, gives it the guest's address and the default
/// route, and raises it and the loopback. The answer is the end that the egress process reads.
///
/// The caller must be *inside* the environment's network namespace (the descriptor belongs to the namespace it is
/// opened in), hold CAP_NET_ADMIN there, and be able to open `/dev/net/tun` (so: before the mount namespace is
/// changed and while the file system user is still the one who may; the device is 0600 on some hosts).
/// The descriptor is close-on-exec and keeps the namespace alive while it is open.
pub fn create_tun(name: &str) -> io::Result<OwnedFd> {
    let tun = open_tun(name)?;
    configure(name)?;
    Ok(tun)
}

/// Gives a device that is there the guest's address, size of packets and default route, and raises it and the loopback.
pub fn configure(name: &str) -> io::Result<()> {
    let control = control_socket()?;
    without_ipv6_addresses(name)?;
    let mask = Ipv4Addr::from_bits(u32::MAX << (32 - u32::from(SUBNET_PREFIX)));
    set_address(&control, name, libc::SIOCSIFADDR, GUEST)?;
    set_address(&control, name, libc::SIOCSIFNETMASK, mask)?;
    set_mtu(&control, name)?;
    raise(&control, name)?;
    raise(&control, LOOPBACK)?;
    add_default_route(&control)
}

/// Raises the loopback of the caller's network namespace: all that egress `none` needs.
pub fn raise_loopback() -> io::Result<()> {
    raise(&control_socket()?, LOOPBACK)
}

pub(crate) fn open_tun(name: &str) -> io::Result<OwnedFd> {
    // IFF_NO_PI: packets begin with their IP header, nothing before it.
    open_device(name, libc::IFF_TUN | libc::IFF_NO_PI)
}

pub(crate) fn open_device(name: &str, kind: libc::c_int) -> io::Result<OwnedFd> {
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC | rustix::fs::OFlags::NONBLOCK;
    let tun = rustix::fs::open("/dev/net/tun", flags, rustix::fs::Mode::empty())?;
    let mut request = request(name)?;
    request.ifr_ifru.ifru_flags = kind as libc::c_short;
    ioctl(&tun, libc::TUNSETIFF, &mut request)?;
    Ok(tun)
}

pub(crate) fn control_socket() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed; the result is checked before it is owned.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    own(fd)
}

fn set_address(control: &OwnedFd, name: &str, code: libc::Ioctl, address: Ipv4Addr) -> io::Result<()> {
    let mut request = request(name)?;
    request.ifr_ifru.ifru_addr = socket_address(address);
    ioctl(control, code, &mut request)
}

pub(crate) fn set_mtu(control: &OwnedFd, name: &str) -> io::Result<()> {
    let mut request = request(name)?;
    request.ifr_ifru.ifru_mtu = MTU as libc::c_int;
    ioctl(control, libc::SIOCSIFMTU, &mut request)
}

pub(crate) fn raise(control: &OwnedFd, name: &str) -> io::Result<()> {
    let mut request = request(name)?;
    ioctl(control, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the kernel has just written the flags into this member.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    request.ifr_ifru.ifru_flags = flags | (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    ioctl(control, libc::SIOCSIFFLAGS, &mut request)
}

fn add_default_route(control: &OwnedFd) -> io::Result<()> {
    // SAFETY: an all-zero rtentry is valid: its pointers are null and its addresses unspecified.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = socket_address(Ipv4Addr::UNSPECIFIED);
    route.rt_genmask = socket_address(Ipv4Addr::UNSPECIFIED);
    route.rt_gateway = socket_address(GATEWAY);
    route.rt_flags = libc::RTF_UP | libc::RTF_GATEWAY;
    // SAFETY: the request takes a pointer to an rtentry, which lives through the call.
    let done = unsafe { libc::ioctl(control.as_raw_fd(), libc::SIOCADDRT, &route) };
    check(done)
}

/// Tells the kernel to make no IPv6 address for the device, also no link-local one: programs that ask "is there
/// IPv6 here?" then hear no and do not wait for it. A kernel without IPv6 refuses, which is the same outcome.
pub(crate) fn without_ipv6_addresses(name: &str) -> io::Result<()> {
    const IFLA_AF_SPEC: u16 = 26;
    const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
    const ADDR_GEN_MODE_NONE: u8 = 1;
    let interface = CString::new(name)?;
    // SAFETY: a NUL-terminated string that lives through the call.
    let index = unsafe { libc::if_nametoindex(interface.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    let mode = attribute(IFLA_INET6_ADDR_GEN_MODE, &[ADDR_GEN_MODE_NONE]);
    let family = attribute(libc::AF_INET6 as u16, &mode);
    let spec = attribute(IFLA_AF_SPEC, &family);
    let mut message = Vec::new();
    // struct nlmsghdr, then struct ifinfomsg (rtnetlink(7)).
    message.extend_from_slice(&(32 + spec.len() as u32).to_ne_bytes());
    message.extend_from_slice(&libc::RTM_SETLINK.to_ne_bytes());
    message.extend_from_slice(&((libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16).to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&index.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&spec);
    netlink_request(&message).or_else(|error| match error.raw_os_error() {
        Some(libc::EAFNOSUPPORT | libc::EOPNOTSUPP | libc::EINVAL) => Ok(()),
        _ => Err(error),
    })
}

pub(crate) fn netlink_request(message: &[u8]) -> io::Result<()> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: no pointer is passed; the result is checked before it is owned.
    let socket = own(unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) })?;
    let mut answer = [0u8; 1_024];
    // SAFETY: both buffers live through their calls and the lengths are theirs.
    let received = unsafe {
        if libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0)
    };
    // The acknowledgement is an nlmsghdr (16 bytes) and a negative errno, 0 for success.
    if received < 20 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}

/// A netlink attribute: length, type, value, padded to four bytes.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + value.len());
    bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(crate) fn request(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: an all-zero ifreq is valid: an empty name and a union of plain numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // One byte stays for the terminating NUL.
    if name.is_empty() || name.len() >= request.ifr_name.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an interface name has 1 to 15 bytes"));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    Ok(request)
}

pub(crate) fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    for (to, from) in data[2..6].iter_mut().zip(address.octets()) {
        *to = from as libc::c_char;
    }
    libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: data }
}

pub(crate) fn ioctl(fd: &OwnedFd, code: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: every code used here takes a pointer to an ifreq, which lives through the call.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), code, request) })
}

pub(crate) fn check(done: libc::c_int) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn own(fd: libc::c_int) -> io::Result<OwnedFd> {
    check(fd)?;
    // SAFETY: a descriptor the kernel has just given to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
