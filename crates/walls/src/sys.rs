//! The system calls that rustix does not wrap, and errors that name the step that failed.

use std::ffi::{CStr, CString};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A step that the host refused.
#[derive(Clone, Debug)]
pub struct StepError {
    pub step: &'static str,
    pub reason: String,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.reason)
    }
}

/// Names the step that an error came from.
pub trait At<T> {
    fn at(self, step: &'static str) -> Result<T, StepError>;
}

impl<T, E: fmt::Display> At<T> for Result<T, E> {
    fn at(self, step: &'static str) -> Result<T, StepError> {
        crate::fault::step();
        self.map_err(|error| StepError { step, reason: error.to_string() })
    }
}

/// What the last failed call left in `errno`.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Which side of a fork this is.
pub enum Forked {
    Parent { pid: libc::pid_t, pidfd: OwnedFd },
    Child,
}

/// Forks a child into a new pid namespace, where it is pid 1.
///
/// # Safety
/// The process must have one thread: a lock held by another would stay locked for ever in the child.
pub unsafe fn fork_into_pid_namespace() -> io::Result<Forked> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: an all-zero clone_args is valid; the fields that matter are set below.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = (libc::CLONE_NEWPID | libc::CLONE_PIDFD) as u64;
    arguments.pidfd = &raw mut pidfd as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: no stack is given, so that this is a fork; one thread by the caller's promise.
    let pid = check(unsafe {
        libc::syscall(libc::SYS_clone3, &raw mut arguments, std::mem::size_of::<libc::clone_args>())
    })?;
    if pid == 0 {
        return Ok(Forked::Child);
    }
    // SAFETY: the kernel filled in a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Forked::Parent { pid: libc::pid_t::try_from(pid).map_err(io::Error::other)?, pidfd })
}

/// `struct mount_attr` of mount_setattr(2).
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

pub const MOUNT_READ_ONLY: u64 = 0x1;
pub const MOUNT_NOSUID: u64 = 0x2;
pub const MOUNT_NODEV: u64 = 0x4;
pub const MOUNT_NOEXEC: u64 = 0x8;

/// Adds attributes to a mount (and those below it) and makes it private.
pub fn mount_attributes(at: impl AsFd, path: &CStr, set: u64, recursive: bool) -> io::Result<()> {
    let attributes = MountAttributes { set, clear: 0, propagation: libc::MS_PRIVATE, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the descriptor is open, the path ends with NUL, and the size is the struct's own.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            at.as_fd().as_raw_fd(),
            path.as_ptr(),
            flags,
            &raw const attributes,
            std::mem::size_of::<MountAttributes>(),
        )
    })?;
    Ok(())
}

/// A path for the kernel.
pub fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// `prctl` with one number.
pub fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: the options used here take numbers, no pointers.
    check(libc::c_long::from(unsafe { libc::prctl(option, value, zero, zero, zero) }))?;
    Ok(())
}

/// `_LINUX_CAPABILITY_VERSION_3` of capset(2).
const CAPABILITY_VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilityData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Sets effective = permitted = `permitted`, inheritable none, of this thread.
fn set_capabilities(data: &[CapabilityData; 2]) -> io::Result<()> {
    let header = CapabilityHeader { version: CAPABILITY_VERSION, pid: 0 };
    // SAFETY: version 3 takes two data structs; both live through the call.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) })?;
    Ok(())
}

fn capabilities() -> io::Result<[CapabilityData; 2]> {
    let header = CapabilityHeader { version: CAPABILITY_VERSION, pid: 0 };
    let mut data = [CapabilityData::default(); 2];
    // SAFETY: version 3 fills two data structs; both live through the call.
    check(unsafe { libc::syscall(libc::SYS_capget, &raw const header, data.as_mut_ptr()) })?;
    Ok(data)
}

fn permitted_none() -> io::Result<bool> {
    Ok(capabilities()?.iter().all(|word| word.permitted == 0))
}

/// Makes effective what is permitted, as after a change of user with PR_SET_KEEPCAPS.
pub fn raise_permitted() -> io::Result<()> {
    let mut data = capabilities()?;
    data.iter_mut().for_each(|word| word.effective = word.permitted);
    set_capabilities(&data)
}

/// Whether this thread may do what `capability` (its number) allows in its user namespace.
pub fn has_capability(capability: u32) -> bool {
    capabilities().is_ok_and(|data| {
        data.get(capability as usize / 32).is_some_and(|word| word.effective & (1 << (capability % 32)) != 0)
    })
}

pub const CAP_SYS_ADMIN: u32 = 21;

/// Gives up every capability but these (their numbers) in every set, for good: also root's programs get no other.
pub fn keep_capabilities(kept: &[u32]) -> io::Result<()> {
    drop_bounds_but(kept)?;
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong)?;
    let mut data = capabilities()?;
    for (index, word) in data.iter_mut().enumerate() {
        let within = |number: &&u32| **number as usize / 32 == index;
        word.permitted &= kept.iter().filter(within).fold(0, |all, number| all | 1 << (number % 32));
        word.effective = word.permitted;
        word.inheritable = 0;
    }
    set_capabilities(&data)?;
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Gives up every capability in every set, for good.
pub fn drop_all_capabilities() -> io::Result<()> {
    drop_bounding_set()?;
    drop_held_capabilities()
}

/// Likewise for a process that need not be root: without CAP_SETPCAP the bounding set can not be narrowed, and need
/// not be, for with `no_new_privs` running another program grants nothing of it (capabilities(7)).
pub fn drop_capabilities_of_anyone() -> io::Result<()> {
    match drop_bounding_set() {
        Err(error) if error.raw_os_error() != Some(libc::EPERM) => Err(error),
        _ => drop_held_capabilities(),
    }
}

fn drop_bounding_set() -> io::Result<()> {
    drop_bounds_but(&[])
}

fn drop_bounds_but(kept: &[u32]) -> io::Result<()> {
    for capability in (0..64).filter(|number| !kept.iter().any(|kept| libc::c_ulong::from(*kept) == *number))
    {
        match prctl(libc::PR_CAPBSET_DROP, capability) {
            // The first number that the kernel does not know.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            // An ordinary user may not narrow its bounds, and with nothing permitted there is nothing that it
            // could gain by them: no_new_privs, below, closes the last way, a program with a setuid bit.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) && permitted_none()? => break,
            other => other?,
        }
    }
    Ok(())
}

fn drop_held_capabilities() -> io::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong)?;
    set_capabilities(&[CapabilityData::default(); 2])?;
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Changes this thread's user and group. The raw calls: glibc's would first look for other threads.
pub fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: an empty list of groups needs no pointer.
    check(unsafe { libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) })?;
    // SAFETY: numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    Ok(())
}

/// Lowers a limit, soft and hard; never raises it (that would need CAP_SYS_RESOURCE).
pub fn limit(resource: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` lives through the call.
    check(libc::c_long::from(unsafe { libc::getrlimit(resource, &raw mut now) }))?;
    let most = most.min(now.rlim_max);
    let wanted = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: `wanted` lives through the call.
    check(libc::c_long::from(unsafe { libc::setrlimit(resource, &raw const wanted) }))?;
    Ok(())
}

/// Raises the soft limit of open files to the hard one: each environment needs a handful.
pub fn raise_open_files() {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` lives through both calls. A refusal leaves the limit as it was, which is still a limit.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut now) == 0 {
            now.rlim_cur = now.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const now);
        }
    }
}

/// Ends this process without running destructors or exit handlers of the process that it was forked from.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: never returns.
    unsafe { libc::_exit(code) }
}

/// First number for descriptors of our own that a fork keeps; below it are those that a started process gets.
pub const FIRST_OWN_FD: i32 = 10;

/// The same descriptor at a number that no started process gets.
pub fn raised(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, FIRST_OWN_FD)?)
}

/// Closes every descriptor but 0, 1, 2 and those to keep.
pub fn close_all_but(keep: &[i32]) {
    let mut keep: Vec<u32> =
        keep.iter().filter_map(|fd| u32::try_from(*fd).ok()).filter(|fd| *fd > 2).collect();
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep {
        if fd > first {
            close_range(first, fd - 1);
        }
        first = fd + 1;
    }
    close_range(first, u32::MAX);
}

fn close_range(first: u32, last: u32) {
    // SAFETY: called right after a fork, where the owners of these descriptors will not run again.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
}

/// Every signal to its default, none blocked: a child must not inherit what the parent ignores.
pub fn reset_signals() {
    // The raw call: the C library keeps two signals to itself, and a parent may have ignored these as well. All
    // zeros is "default, no flags, nothing masked" in the kernel's own sigaction.
    let default = [0u64; 4];
    // SAFETY: SIG_DFL needs no handler; what is pointed to lives through the calls.
    unsafe {
        for signal in 1..=64 {
            let nothing = std::ptr::null_mut::<u64>();
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                nothing,
                std::mem::size_of::<u64>(),
            );
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}
