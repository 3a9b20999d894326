//! The control socket between the spawner and the egress process: one SEQPACKET message an order, one an answer.
//!
//! ```text
//!   spawner                       egress process
//!     Begin ────────────────────▶ gives up every privilege
//!     ◀──────────────────── Ready
//!     Attach + TUN descriptor ──▶ serves it; a number that is attached is replaced
//!     Detach ───────────────────▶ closes its flows and its descriptor
//!     ◀──────────── Done, Refused    after each, in the orders' order; several may be on their way
//!   end of file, either way: the other is gone
//! ```

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{
    self, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Policy;

/// The spawner's name for an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnvironmentNumber(pub u64);

/// Longest message: a policy with some thousands of entries.
const MESSAGE_MAX: usize = 65_536;

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Begin { uid: u32, gid: u32, resolv_conf: PathBuf },
    Attach { environment: EnvironmentNumber, policy: Policy },
    Detach { environment: EnvironmentNumber },
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    Ready,
    Done,
    Refused(String),
}

/// A message with the descriptor that came with it; `None` at the end of file.
pub(super) type Received<T> = Option<(T, Option<OwnedFd>)>;

pub(super) fn send<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    send_how(socket, message, descriptor, SendFlags::empty())
}

/// As [`send`], or `WouldBlock`.
pub(super) fn send_now<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    send_how(socket, message, descriptor, SendFlags::DONTWAIT)
}

fn send_how<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptor: Option<BorrowedFd<'_>>,
    how: SendFlags,
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(invalid)?;
    if bytes.len() > MESSAGE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the order is too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    if !descriptors.is_empty() {
        // The space is for exactly one descriptor, so this fits.
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    net::sendmsg(socket, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL | how)?;
    Ok(())
}

pub(super) fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Received<T>> {
    receive_how(socket, RecvFlags::empty())
}

/// As [`receive`], or `WouldBlock`.
pub(super) fn receive_now<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Received<T>> {
    receive_how(socket, RecvFlags::DONTWAIT)
}

fn receive_how<T: DeserializeOwned>(socket: impl AsFd, how: RecvFlags) -> io::Result<Received<T>> {
    let mut bytes = vec![0; MESSAGE_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = net::recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC | how,
    )?;
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    if received.bytes == 0 {
        return Ok(None);
    }
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let message = postcard::from_bytes(&bytes[..received.bytes]).map_err(invalid)?;
    Ok(Some((message, descriptor)))
}

fn invalid(error: postcard::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
