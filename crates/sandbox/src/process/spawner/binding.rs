//! What a waiting environment lacks is put in place: its limits, and folders at places that exist inside.
//!
//! The spawner itself steps into the environment's mount namespace and out again: a few system calls, where a child
//! would cost a fork of the whole loop. That is safe before user code runs there (the caller's promise), and not
//! unsafe after: places inside are resolved below a root that nothing inside can write to, except `/tmp` and
//! `/dev/shm`, which are refused.

use super::Spawner;
use crate::process::cgroup::Limits;
use crate::process::protocol::Failure;
use crate::process::sys::At;
use std::os::fd::AsFd;
use std::path::PathBuf;
use walls::binding::{room_for, show};

impl Spawner {
    /// Root only: without it the spawner has no power over a mount namespace that is not its own. Limits first: what does
    /// not fit them is refused before anything is shown.
    pub(super) fn bind(
        &mut self,
        key: u64,
        memory_mb: u32,
        mounts: &[(PathBuf, PathBuf)],
    ) -> Result<(), Failure> {
        if !self.host.capabilities.bind {
            return Err(Failure::Unsupported);
        }
        let limits = Limits::of(memory_mb, self.config.cpu_floor_percent);
        self.put_back_before_binding(key);
        let environment = self.live_room(key)?;
        let (group, pidfd) = (environment.group.clone(), environment.pidfd.try_clone());
        let (before, tree) = (environment.memory_bytes, self.host.tree.as_ref());
        let limited = room_for(tree, &group, before, limits.memory_bytes)
            .and_then(|()| tree.limit(&group, &limits).at("limits of a waiting environment"));
        limited.map_err(super::failure_of)?;
        // Only now: the watcher goes by it where the kernel has no limit, and a refused one is no limit.
        self.live(key)?.memory_bytes = limits.memory_bytes;
        pidfd.at("pidfd").and_then(|pidfd| show(pidfd.as_fd(), mounts, None)).map_err(super::failure_of)
    }
}
