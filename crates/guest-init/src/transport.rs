//! The byte stream to the host, and finding it again after a restore.
//!
//! ```text
//!  vsock:   connect to CID 2 ─▶ stream ─reset (the device says so in every copy)─▶ connect again
//!  serial:  port by its name ─▶ opened once, for closing it drops what came ─hung up─▶ wait until the host's side is open
//! ```

use crate::moment::since_boot_us;
use crate::settings::Channel;
use guest_protocol::{SERIAL_NAME, VSOCK_PORT};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;

/// A host that is not there for so long is gone; time does not pass in a machine that stands still.
const HOST_US_MAX: u64 = 60_000_000;
/// Between two looks. Each is a few system calls.
const AGAIN_MS: i64 = 2;
const PORTS: &str = "/sys/class/virtio-ports";
const HOST_CID: u32 = 2;

/// The stream of a machine that boots. Non-blocking.
pub(crate) fn connect(channel: Channel) -> io::Result<OwnedFd> {
    match channel {
        Channel::Vsock => wait_for(connect_vsock),
        Channel::Serial => {
            let port = wait_for(open_port)?;
            wait_for(|| host_is_there(&port))?;
            Ok(port)
        }
    }
}

/// The stream of a copy.
pub(crate) fn reconnect(channel: Channel, lost: OwnedFd) -> io::Result<OwnedFd> {
    match channel {
        Channel::Vsock => {
            drop(lost);
            wait_for(connect_vsock)
        }
        Channel::Serial => {
            wait_for(|| host_is_there(&lost))?;
            Ok(lost)
        }
    }
}

/// Waits for what the kernel makes when it is ready, by looking again and again: there is one process in this machine.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let until_us = since_boot_us() + HOST_US_MAX;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(error) if since_boot_us() > until_us => return Err(error),
            Err(_) => pause(),
        }
    }
}

fn pause() {
    let while_ms = Timespec { tv_sec: 0, tv_nsec: AGAIN_MS * 1_000_000 };
    // Nothing is waited for but the time.
    let _ = rustix::event::poll(&mut [], Some(&while_ms));
}

fn connect_vsock() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed; the result is checked before it is owned.
    let fd = unsafe { libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor the kernel has just given to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: an all-zero sockaddr_vm is valid.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::AF_VSOCK as libc::sa_family_t;
    address.svm_cid = HOST_CID;
    address.svm_port = VSOCK_PORT;
    let size = std::mem::size_of::<libc::sockaddr_vm>() as libc::socklen_t;
    // SAFETY: the address lives through the call and the size is its own. It blocks at most the kernel's 2 s for this.
    if unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size) } < 0 {
        return Err(io::Error::last_os_error());
    }
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// The port appears some time after its device.
fn open_port() -> io::Result<OwnedFd> {
    for entry in std::fs::read_dir(PORTS)? {
        let port = entry?;
        let name = std::fs::read_to_string(port.path().join("name")).unwrap_or_default();
        if name.trim_end() == SERIAL_NAME {
            let device = PathBuf::from("/dev").join(port.file_name());
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
            return Ok(rustix::fs::open(device, flags, Mode::empty())?);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "no virtio port of our name"))
}

fn host_is_there(port: &OwnedFd) -> io::Result<()> {
    let mut polled = [PollFd::new(port, PollFlags::IN)];
    rustix::event::poll(&mut polled, Some(&Timespec::default()))?;
    if polled[0].revents().contains(PollFlags::HUP) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    Ok(())
}
