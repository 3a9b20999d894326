//! The namespaces of one environment, and the last step into its own user namespace.

use crate::rootfs::{GID_INSIDE, UID_INSIDE};
use crate::sys::{At, StepError, become_user, drop_all_capabilities, prctl, raise_permitted};
use rustix::thread::UnshareFlags;
use std::net::{SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;

/// As whom the code of an environment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A user of its own on the host, not shared with any other live environment.
    Own { uid: u32, gid: u32 },
    /// The spawner's own user (rootless): there is no other.
    Spawner,
}

/// Whose network the code of an environment is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A namespace of its own, with a TUN if it has egress.
    Own,
    /// The caller's: a microVM has no other environment, and its devices stand already.
    Shared,
}

/// Leaves the host's namespaces. The pid namespace was made by the fork already; the cgroup namespace starts at
/// the group that was entered before.
pub fn leave_the_host(network: Network) -> Result<(), StepError> {
    let mut flags =
        UnshareFlags::NEWNS | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS | UnshareFlags::NEWCGROUP;
    flags.set(UnshareFlags::NEWNET, network == Network::Own);
    // SAFETY: new namespaces do not change descriptors or memory that safe code relies on.
    unsafe { rustix::thread::unshare_unsafe(flags) }.at("namespaces")?;
    rustix::system::sethostname(b"localhost").at("host name")
}

/// Listens at a door, in this process's network namespace.
pub fn open_door(address: &str) -> Result<OwnedFd, StepError> {
    let address: SocketAddrV4 = address.parse().at("address of a door")?;
    let listener = TcpListener::bind(address).at("door")?;
    listener.set_nonblocking(true).at("door")?;
    Ok(listener.into())
}

/// The last step: a user namespace in which this one user exists and nothing is owned. After it, this process and
/// all it starts have no capability anywhere, for good.
pub fn become_nobody(identity: Identity) -> Result<(), StepError> {
    let (uid, gid) = match identity {
        Identity::Own { uid, gid } => {
            // Kept across the change of user, so that hosts that forbid user namespaces to ordinary users allow it.
            prctl(libc::PR_SET_KEEPCAPS, 1).at("keep capabilities")?;
            become_user(uid, gid).at("change of user")?;
            raise_permitted().at("raise capabilities")?;
            (uid, gid)
        }
        Identity::Spawner => (0, 0),
    };
    // The change of user made /proc/self another's; mapping needs it to be ours once more.
    prctl(libc::PR_SET_DUMPABLE, 1).at("dumpable")?;
    enter_user_namespace((UID_INSIDE, uid), (GID_INSIDE, gid))?;
    // Not readable or traceable by code that runs as the same user beside it.
    prctl(libc::PR_SET_DUMPABLE, 0).at("not dumpable")?;
    drop_all_capabilities().at("drop capabilities")
}

/// New user namespace with one user and one group, each (inside, outside).
pub fn enter_user_namespace(uid: (u32, u32), gid: (u32, u32)) -> Result<(), StepError> {
    // SAFETY: a new user namespace changes credentials only.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) }.at("user namespace")?;
    std::fs::write("/proc/self/setgroups", "deny").at("setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("{} {} 1", uid.0, uid.1)).at("map of users")?;
    std::fs::write("/proc/self/gid_map", format!("{} {} 1", gid.0, gid.1)).at("map of groups")?;
    // Take the mapped identity also where the outside one had other ids left.
    Ok(())
}
