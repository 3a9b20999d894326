//! Landlock: a second wall behind the read-only mounts, where the kernel has it.
//!
//! Read and execute everywhere (there is nothing private inside), write only where an environment may: `/tmp`,
//! `/dev/shm`, the harmless devices, its own processes' files in `/proc`. Inherited by everything started later.

use crate::sys::{At, StepError};
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};

/// Newest rights that are asked for; an older kernel enforces those that it knows.
const ABI_WANTED: ABI = ABI::V5;
const WRITABLE_DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// When `/tmp` is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tmp {
    /// Before the rules are made.
    Stands,
    /// With what a waiting room is bound to.
    Later,
}

/// The kernel's version of Landlock, 0 if it has none or it is off.
pub fn abi() -> u32 {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call takes no attributes and only answers a number.
    let answer =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, VERSION) };
    u32::try_from(answer).unwrap_or(0)
}

/// Restricts this process and all it starts. `false` if the kernel has no Landlock.
///
/// A room that waits is given its `/tmp` later: a file system whose folders no rule can name yet, and the kernel passes
/// over the place that it hides. There the rule is on the root, and what is not to be written is read-only by its mount.
pub fn restrict(tmp: Tmp) -> Result<bool, StepError> {
    let all = AccessFs::from_all(ABI_WANTED);
    let read = AccessFs::from_read(ABI_WANTED);
    let write_existing = AccessFs::WriteFile | AccessFs::Truncate;
    let beneath = |path: &str, access| -> Result<PathBeneath<PathFd>, StepError> {
        Ok(PathBeneath::new(PathFd::new(path).at("landlock path")?, access))
    };
    let root = if tmp == Tmp::Later { all } else { read };
    let mut rules = vec![beneath("/", root)?, beneath("/tmp", all)?, beneath("/dev/shm", all)?];
    rules.push(beneath("/proc", read | write_existing)?);
    for device in WRITABLE_DEVICES {
        rules.push(beneath(
            device,
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev,
        )?);
    }
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .at("landlock")?
        .create()
        .at("landlock")?;
    for rule in rules {
        ruleset = ruleset.add_rule(rule).at("landlock rule")?;
    }
    let status = ruleset.restrict_self().at("landlock")?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
