//! What this host can do, as data for `tinderbox doctor`.

use super::{cgroup, landlock, seccomp, sys, tmp};
use crate::Capabilities;
use std::path::{Path, PathBuf};

/// Hardware virtualisation, as far as it matters for microVMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kvm {
    /// `/dev/kvm` is there and usable, on a processor with vmx or svm.
    Hardware,
    /// `/dev/kvm` is there, but the processor shows neither vmx nor svm: slow, or not really working.
    WithoutFlags,
    /// `/dev/kvm` is there, but this user may not open it.
    Forbidden,
    Absent,
}

/// Which control groups are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgroupVersion {
    /// Only the one hierarchy.
    V2,
    /// Only hierarchies per controller.
    V1,
    /// Both; the controllers are in version 1.
    Hybrid,
    Absent,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostReport {
    pub kernel: String,
    pub is_root: bool,
    pub kvm: Kvm,
    /// The processor's virtualisation flag, `vmx` or `svm`.
    pub processor_flag: Option<&'static str>,
    /// Whether ordinary users may make user namespaces here.
    pub user_namespaces: bool,
    pub cgroups: CgroupVersion,
    /// 0 if there is none.
    pub landlock_abi: u32,
    pub seccomp: bool,
    pub loop_devices: bool,
    pub mkfs: Option<PathBuf>,
    /// `/dev/net/tun`, for egress by address translation.
    pub tun: bool,
}

/// Looks at the host without changing it.
pub fn report() -> HostReport {
    let flag = processor_flag();
    HostReport {
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        is_root: rustix::process::geteuid().is_root() && sys::has_capability(sys::CAP_SYS_ADMIN),
        kvm: kvm(flag),
        processor_flag: flag,
        user_namespaces: user_namespaces(),
        cgroups: cgroups(),
        landlock_abi: landlock::abi(),
        seccomp: seccomp::is_available(),
        loop_devices: tmp::has_loop_devices(),
        mkfs: tmp::find_mkfs(),
        tun: Path::new("/dev/net/tun").exists(),
    }
}

/// What the `process` backend should be able to do here, by looking; a spawner's own `capabilities()` is the proof.
pub fn probe() -> Capabilities {
    let report = report();
    let mut missing = Vec::new();
    if !report.is_root && !report.user_namespaces {
        missing.push(
            "neither root nor unprivileged user namespaces: the process sandbox can not work here; run as root, or \
             set user.max_user_namespaces>0, kernel.unprivileged_userns_clone=1 and, on Ubuntu, \
             kernel.apparmor_restrict_unprivileged_userns=0"
                .to_owned(),
        );
    }
    let groups = report.is_root && report.cgroups != CgroupVersion::Absent;
    if !groups {
        missing.push("no control groups to write without root or a delegated scope".to_owned());
    }
    let sized_tmp = report.is_root && report.loop_devices && report.mkfs.is_some();
    if !sized_tmp {
        missing.push(
            "/tmp in memory: a loop-mounted one needs root, loop devices and mkfs.ext4 (e2fsprogs)"
                .to_owned(),
        );
    }
    if report.landlock_abi == 0 {
        missing.push("no Landlock in this kernel".to_owned());
    }
    Capabilities {
        bind: report.is_root,
        pause: groups,
        // Version 2 has it from Linux 5.19: the spawner looks.
        reclaim: groups,
        snapshot: false,
        egress_nat: report.is_root && report.tun,
        memory_limit: groups,
        cpu_share: groups,
        pids_limit: groups,
        sized_tmp,
        landlock: report.landlock_abi > 0,
        seccomp: report.seccomp,
        missing,
    }
}

fn processor_flag() -> Option<&'static str> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    ["vmx", "svm"].into_iter().find(|flag| flags.split_whitespace().any(|this| this == *flag))
}

fn kvm(flag: Option<&str>) -> Kvm {
    let device = Path::new("/dev/kvm");
    if !device.exists() {
        return Kvm::Absent;
    }
    match std::fs::File::options().read(true).write(true).open(device) {
        Err(_) => Kvm::Forbidden,
        // Other architectures have no flag to show.
        Ok(_) if flag.is_some() || !cfg!(target_arch = "x86_64") => Kvm::Hardware,
        Ok(_) => Kvm::WithoutFlags,
    }
}

/// The switches that distributions have; each forbids by a value of its own.
fn user_namespaces() -> bool {
    let is = |path: &str, value: &str| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    Path::new("/proc/self/ns/user").exists()
        && !is("/proc/sys/user/max_user_namespaces", "0")
        && !is("/proc/sys/kernel/unprivileged_userns_clone", "0")
        && !is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
}

fn cgroups() -> CgroupVersion {
    let mounted = cgroup::Mounted::read().unwrap_or_default();
    let has_v1 = mounted.v1.iter().any(|(controllers, _)| controllers.iter().any(|name| name == "memory"));
    match (has_v1, mounted.v2.is_some()) {
        (true, true) => CgroupVersion::Hybrid,
        (true, false) => CgroupVersion::V1,
        (false, true) => CgroupVersion::V2,
        (false, false) => CgroupVersion::Absent,
    }
}
