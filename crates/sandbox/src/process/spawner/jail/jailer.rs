//! A monitor that is started by a jailer of its own, as Firecracker is.
//!
//! ```text
//!  child (pid 1): jail stands ─ fork ─▶ pid 2: root with few capabilities ─exec─▶ jailer ─chroot, user─▶ exec of the monitor
//!        └─ nobody, no capability; waits, and ends as pid 2 does
//! ```
//!
//! A jailer builds the innermost jail as root and gives that up itself, so this jail stays one of root's until then, with
//! the capabilities that the jailer's work needs and no other. Its change of user clears the signal by which a child dies
//! with the spawner; so the child that the spawner knows stays as pid 1, keeps that signal, and takes everything in its
//! pid namespace with it when it ends.

use super::super::programs::FIRECRACKER;
use super::Plan;
use crate::process::namespaces::{self, Identity};
use crate::process::sys::{self, At, StepError};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::MountFlags;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Where the jailer makes its jails: it runs a copy of the monitor there, and makes devices.
const BASE: &str = "jail";
/// The jailer's own bound, below which a jail's is.
const OPEN_FILES: &str = "no-file=1024";
/// CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, SETPCAP, SYS_CHROOT, SYS_ADMIN, MKNOD of capabilities(7).
const CAPABILITIES: [u32; 9] = [0, 1, 3, 6, 7, 8, 18, 21, 27];
/// By convention of shells: what ended by a signal.
const SIGNALLED: i32 = 128;

/// Makes the folder that the monitor will find itself in, below this root: in memory, since it holds a copy of the monitor
/// (3 MB) and nothing else that is large.
pub(super) fn build_inner_root(root: &Path, id: &str) -> io::Result<PathBuf> {
    let base = root.join(BASE);
    std::fs::create_dir(&base)?;
    rustix::mount::mount("tmpfs", &base, "tmpfs", MountFlags::NOSUID, c"size=32m,nr_inodes=128,mode=755")?;
    let inner = base.join(FIRECRACKER).join(id).join("root");
    std::fs::create_dir_all(&inner)?;
    Ok(inner)
}

/// Makes and opens the folder through which the server meets the monitor: for a handful of sockets and pipes. Whatever a
/// monitor that was broken into makes of it takes no disk, and ends with the last that holds it open.
pub(super) fn build_channel(folder: &Path) -> io::Result<OwnedFd> {
    std::fs::create_dir(folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", folder, "tmpfs", flags, c"size=64k,nr_inodes=32,mode=777")?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, folder, flags, Mode::empty())?)
}

/// What the jailer is told; the rest is the monitor's. Nothing of groups: it stays in the one that it is in.
pub(super) fn arguments(id: &str, uid: u32) -> Vec<String> {
    let (uid, monitor, base) = (uid.to_string(), format!("/{FIRECRACKER}"), format!("/{BASE}"));
    let told = [
        ["--id", id],
        ["--exec-file", &monitor],
        ["--uid", &uid],
        ["--gid", &uid],
        ["--chroot-base-dir", &base],
        ["--resource-limit", OPEN_FILES],
    ];
    told.into_iter().flatten().map(str::to_owned).chain(["--".to_owned()]).collect()
}

/// Only what a jailer needs of root, also for whatever it runs; sockets that the monitor makes are for the server too.
pub(super) fn narrow() -> Result<(), StepError> {
    sys::keep_capabilities(&CAPABILITIES).at("capabilities of the jailer")?;
    rustix::process::umask(rustix::fs::Mode::empty());
    Ok(())
}

/// Returns in the child that is to become the jailer; pid 1 stays here.
pub(super) fn fork_under_watch(plan: &Plan<'_>) -> Result<(), StepError> {
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()).at("fork of the jailer"),
        0 => Ok(()),
        child => {
            sys::close_all_but(&[]);
            // One that could not become nobody, or not die with the spawner, would be worse than none.
            let nobody = namespaces::become_nobody(Identity::Own { uid: plan.uid, gid: plan.uid });
            let dies = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
            if nobody.is_err() || dies.is_err() {
                sys::exit_now(1);
            }
            sys::exit_now(wait_for(child))
        }
    }
}

/// Reaps whatever ends until this one does; how it ended.
fn wait_for(child: libc::pid_t) -> i32 {
    loop {
        let mut status = 0;
        // SAFETY: `status` lives through the call.
        let ended = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if ended == child {
            let code = libc::WEXITSTATUS(status);
            return if libc::WIFEXITED(status) { code } else { SIGNALLED + libc::WTERMSIG(status) };
        }
        if ended < 0 && io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return 1;
        }
    }
}
