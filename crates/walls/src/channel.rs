//! One end of a typed conversation between two processes of one host: packets, with descriptors that ride with them.

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Longest message. A process has at most 4 KB of user variables, and paths; the kernel's default send buffer
/// (208 KiB) takes one packet of this size.
pub const MESSAGE_BYTES_MAX: usize = 128 * 1024;

/// File descriptors with one message: four pipes, two doors, or the drives, kernel and sockets of a machine.
pub const FDS_MAX: usize = 24;

/// One end of a conversation.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
}

/// A message and the descriptors that rode with it.
pub type Received<T> = (T, Vec<OwnedFd>);

impl Channel {
    /// Both ends, closed on exec, non-blocking.
    pub fn pair() -> io::Result<(Self, Self)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (one, other) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self { socket: one }, Self { socket: other }))
    }

    /// An end that came from elsewhere.
    pub fn from_fd(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// Sends one message, or `WouldBlock`.
    pub fn send<T: Serialize>(&self, message: &T, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.send_bytes(&encode(message)?, fds)
    }

    /// Sends what [`encode`] made.
    pub fn send_bytes(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::other("too many descriptors for one message"));
        }
        rustix::net::sendmsg(&self.socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message, `None` when the other end is gone, or `WouldBlock`.
    pub fn receive<T: DeserializeOwned>(&self, buffer: &mut [u8]) -> io::Result<Option<Received<T>>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = rustix::net::recvmsg(&self.socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags)?;
        let mut fds = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        if got.bytes == 0 {
            return Ok(None);
        }
        if got.flags.contains(ReturnFlags::TRUNC) {
            return Err(io::Error::other("message too long"));
        }
        let bytes = buffer.get(..got.bytes).unwrap_or_default();
        let message = postcard::from_bytes(bytes).map_err(io::Error::other)?;
        Ok(Some((message, fds)))
    }

    /// Waits until there is something to receive (or the end); for phases in which nothing else can happen.
    pub fn wait_readable(&self) -> io::Result<()> {
        loop {
            let mut polled = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::IN)];
            match rustix::event::poll(&mut polled, None) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for one message.
    pub fn receive_waiting<T: DeserializeOwned>(&self, buffer: &mut [u8]) -> io::Result<Option<Received<T>>> {
        loop {
            self.wait_readable()?;
            match self.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A message as bytes, refused if too long for the other side.
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "message too long for the spawner"));
    }
    Ok(bytes)
}

/// Takes over a descriptor that was inherited across exec by number.
pub fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD only asks whether the number is open.
    if fd < 3 || unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is open, and the protocol gives this number to nobody else in this process.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::FromInit;

    #[test]
    fn a_message_arrives_whole_with_its_descriptors() {
        let (one, other) = Channel::pair().unwrap();
        let (read, write) = rustix::pipe::pipe().unwrap();
        one.send(&FromInit::Started { process: 7 }, &[read.as_fd(), write.as_fd()]).unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let (message, fds) = other.receive::<FromInit>(&mut buffer).unwrap().unwrap();
        assert!(matches!(message, FromInit::Started { process: 7 }));
        assert_eq!(fds.len(), 2);
    }

    #[test]
    fn the_end_of_the_other_side_is_none_and_silence_would_block() {
        let (one, other) = Channel::pair().unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let silence = other.receive::<FromInit>(&mut buffer).unwrap_err();
        assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
        drop(one);
        assert!(other.receive::<FromInit>(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn a_message_that_is_too_long_or_garbage_is_refused() {
        assert!(encode(&"x".repeat(MESSAGE_BYTES_MAX)).is_err());
        let (one, other) = Channel::pair().unwrap();
        one.send_bytes(&[0xff; 9], &[]).unwrap();
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        assert!(other.receive::<FromInit>(&mut buffer).is_err());
    }
}
