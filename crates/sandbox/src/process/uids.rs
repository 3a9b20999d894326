//! Users of the host, one for each live environment.
//!
//! Two servers on one host must not hand out the same user, so users come in blocks, and a block is taken by a
//! lock in a folder that only root can write. A block that some process still runs in (a frozen environment of a
//! killed server with another data folder) is passed over.

use super::sys::{At, StepError};
use std::fs::File;
use std::path::Path;

/// Never below: distributions give users and containers' sub-users from here down.
pub(crate) const UID_MIN: u32 = 100_000;
/// Users in one block.
pub(crate) const BLOCK: u32 = 8_192;
/// Blocks that are tried.
const BLOCKS: u32 = 64;
const LOCKS: &str = "/run/tinderbox-uids";

/// A block of users, ours as long as this lives.
pub(crate) struct Block {
    first: u32,
    _lock: Option<File>,
}

impl Block {
    pub(crate) fn take(base: u32) -> Result<Self, StepError> {
        if base < UID_MIN || base.checked_add(BLOCK * BLOCKS).is_none() {
            let reason =
                format!("uid base {base}: must be {UID_MIN} or more and leave room for {BLOCKS} blocks");
            return Err(StepError { step: "users", reason });
        }
        let folder = Path::new(LOCKS);
        std::fs::create_dir_all(folder).at("folder of user locks")?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder, mode).at("folder of user locks")?;
        let in_use = users_in_use();
        for index in 0..BLOCKS {
            let first = base + index * BLOCK;
            if in_use.iter().any(|uid| (first..first + BLOCK).contains(uid)) {
                continue;
            }
            let lock = File::create(folder.join(first.to_string())).at("lock of users")?;
            if rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Self { first, _lock: Some(lock) });
            }
        }
        Err(StepError { step: "users", reason: format!("all {BLOCKS} blocks from {base} are in use") })
    }

    /// The user of a slot; the block's last one is nobody's environment.
    pub(crate) fn uid(&self, slot: u32) -> u32 {
        self.first + slot % (BLOCK - 1)
    }

    /// The user of the egress process.
    pub(crate) fn egress_uid(&self) -> u32 {
        self.first + BLOCK - 1
    }
}

/// Owners of all processes, above the ordinary ones.
fn users_in_use() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
            line.split_whitespace().next()?.parse().ok()
        })
        .filter(|uid| *uid >= UID_MIN)
        .collect()
}
