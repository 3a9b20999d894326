//! What a waiting room lacks is put in place: its limits, and folders at places that exist inside.

use crate::cgroup::Tree;
use crate::rootfs::{self, Source};
use crate::sys::{self, At, StepError};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A limit below what is charged already would have the kernel look for memory, or kill, inside the write, and this loop
/// with all its environments wait for it: such a binding is refused. (A room that waits has the smallest limit there is,
/// so that binding raises it.)
pub fn room_for(tree: &dyn Tree, group: &str, before: u64, limit: u64) -> Result<(), StepError> {
    let charged = if limit < before { tree.charged(group) } else { 0 };
    if charged <= limit {
        return Ok(());
    }
    let reason = format!("{charged} bytes are in use already, the limit is to be {limit}");
    Err(StepError { step: "limits of a waiting environment", reason })
}

/// Mounts the folders inside, and `/tmp` if the room waited without one.
pub fn show(
    init: BorrowedFd<'_>,
    mounts: &[(PathBuf, PathBuf)],
    tmp: Option<&OwnedFd>,
) -> Result<(), StepError> {
    if mounts.iter().any(|(_, inside)| is_writable_inside(inside)) {
        return Err(StepError { step: "bind", reason: "a place that code can write to".to_owned() });
    }
    // Opened here, where the paths of the host mean what the server said.
    let sources = rootfs::open_sources(mounts)?;
    let home = open_namespace(Path::new("/proc/self/ns/mnt")).at("own mount namespace")?;
    rustix::thread::move_into_thread_name_spaces(init, ThreadNameSpaceType::MOUNT)
        .at("enter the namespace")?;
    let shown = sources
        .iter()
        .try_for_each(Source::show_at_place)
        .and_then(|()| tmp.map_or(Ok(()), rootfs::show_tmp));
    let back = rustix::thread::move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Mount));
    if back.is_err() || rustix::process::chdir("/").is_err() {
        // In a namespace that is not its own a spawner must not go on: its end ends everything, and is swept.
        sys::exit_now(3);
    }
    shown
}

fn is_writable_inside(path: &Path) -> bool {
    ["/tmp", "/dev", "/proc"].iter().any(|folder| path.starts_with(folder))
}

fn open_namespace(path: &Path) -> std::io::Result<OwnedFd> {
    Ok(std::fs::File::open(path)?.into())
}
