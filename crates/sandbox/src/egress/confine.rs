//! How the egress process gives up everything but sockets: it reads hostile bytes and needs no privilege.
//!
//! Order matters: limits while still root, then the user (which drops the capabilities of the effective set), then
//! what is left of capabilities, then no_new_privs, and the system-call list last, since the steps before it need more.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::{ENVIRONMENTS_MAX, FLOWS_TOTAL};

/// The process's own: standard streams, epoll, control, short-lived probes, resolv.conf.
const OWN_DESCRIPTORS: usize = 64;
const DESCRIPTORS: u64 = (FLOWS_TOTAL + ENVIRONMENTS_MAX + OWN_DESCRIPTORS) as u64;

/// What the process may hold, from the descriptors it is allowed.
pub(super) struct Quota {
    pub(super) environments: usize,
    pub(super) flows: usize,
}

/// Becomes `uid` and `gid` with no privilege left and no descriptor but the standard streams and `control`.
pub(super) fn confine(control: BorrowedFd<'_>, uid: u32, gid: u32) -> io::Result<Quota> {
    close_all_but(control);
    let quota = raise_descriptors()?;
    // SAFETY: these calls take no pointers, or pointers to locals that live through them.
    unsafe {
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        check(libc::setrlimit(libc::RLIMIT_CORE, &none))?;
        drop_bounding_set()?;
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(gid, gid, gid))?;
        check(libc::setresuid(uid, uid, uid))?;
        drop_capabilities()?;
        // Changing the user cleared it, so the death signal is asked for again.
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        check(libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0))?;
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
    }
    let filter = filter().map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    Ok(quota)
}

/// Takes as many descriptors as all bounds together need, or all that the host gives (raising the hard limit takes a
/// capability that containers often lack), and shares them out.
fn raise_descriptors() -> io::Result<Quota> {
    let wanted = libc::rlimit { rlim_cur: DESCRIPTORS, rlim_max: DESCRIPTORS };
    let mut limit = wanted;
    // SAFETY: pointers to locals that live through the calls.
    unsafe {
        if libc::setrlimit(libc::RLIMIT_NOFILE, &wanted) < 0 {
            check(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit))?;
            limit.rlim_cur = limit.rlim_max.min(DESCRIPTORS);
            check(libc::setrlimit(libc::RLIMIT_NOFILE, &limit))?;
        }
    }
    let usable = (limit.rlim_cur as usize).saturating_sub(OWN_DESCRIPTORS);
    let environments = ENVIRONMENTS_MAX.min(usable / 3);
    Ok(Quota { environments, flows: FLOWS_TOTAL.min(usable - environments) })
}

/// Closes what was inherited by mistake. A kernel older than 5.9 lacks the call; the spawner opens everything
/// close-on-exec, so there it does without this second lock.
fn close_all_but(control: BorrowedFd<'_>) {
    let kept = control.as_raw_fd() as libc::c_uint;
    let close = |first: libc::c_uint, last: libc::c_uint| {
        if first <= last {
            // SAFETY: nothing in this process owns a descriptor above the standard streams but `control`, which is
            // in neither range.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    };
    close(libc::STDERR_FILENO as libc::c_uint + 1, kept.saturating_sub(1));
    close(kept.max(libc::STDERR_FILENO as libc::c_uint) + 1, libc::c_uint::MAX);
}

fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: no pointers.
        let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        // EINVAL: beyond the last one this kernel knows.
        if dropped < 0 {
            let error = io::Error::last_os_error();
            return if error.raw_os_error() == Some(libc::EINVAL) { Ok(()) } else { Err(error) };
        }
    }
    Ok(())
}

fn drop_capabilities() -> io::Result<()> {
    // capset(2): version 3 takes two sets of effective, permitted, inheritable.
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let sets = [0u32; 6];
    // SAFETY: both arrays have the layout capset(2) gives for this version and live through the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The system calls the loop uses. Others answer EPERM: nothing the process may do needs them, and an error in this
/// list should cost one flow, not every environment's network.
fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let plain = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_statx,
        libc::SYS_lseek,
        libc::SYS_epoll_create1,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_pwait2,
        libc::SYS_epoll_ctl,
        libc::SYS_connect,
        libc::SYS_getsockname,
        libc::SYS_getpeername,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_shutdown,
        libc::SYS_setsockopt,
        libc::SYS_getsockopt,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_mprotect,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_restart_syscall,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // getifaddrs binds its netlink socket; nothing here can listen.
        libc::SYS_bind,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = plain.iter().map(|call| (*call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_epoll_wait, Vec::new());
    let equal = |argument: u8, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    };
    let masked = |argument: u8, mask: u64, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
    };
    let kind = 0xf; // The type without SOCK_NONBLOCK and SOCK_CLOEXEC.
    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        for socket_type in [libc::SOCK_STREAM, libc::SOCK_DGRAM] {
            sockets.push(SeccompRule::new(vec![
                equal(0, family as u64)?,
                masked(1, kind, socket_type as u64)?,
            ])?);
        }
    }
    // For getifaddrs.
    sockets.push(SeccompRule::new(vec![
        equal(0, libc::AF_NETLINK as u64)?,
        equal(2, libc::NETLINK_ROUTE as u64)?,
    ])?);
    rules.insert(libc::SYS_socket, sockets);
    // resolv.conf, to be read only.
    let reading = vec![SeccompRule::new(vec![masked(2, libc::O_ACCMODE as u64, libc::O_RDONLY as u64)?])?];
    rules.insert(libc::SYS_openat, reading);
    let blocking = vec![SeccompRule::new(vec![equal(1, libc::FIONBIO)?])?];
    rules.insert(libc::SYS_ioctl, blocking);
    let architecture = std::env::consts::ARCH.try_into().map_err(seccompiler::Error::Backend)?;
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        architecture,
    )
    .map_err(seccompiler::Error::Backend)?;
    filter.try_into().map_err(seccompiler::Error::Backend)
}

fn check(done: libc::c_int) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
