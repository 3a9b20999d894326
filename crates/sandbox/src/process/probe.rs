//! What this host can do, as data for `tinderbox doctor`.

use super::{cgroup, landlock, seccomp, sys, tmp};
use crate::Capabilities;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Which kind of /dev/kvm this host has: the one answer for the doctor, the choice of a sandbox and each monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kvm {
    /// It opens, on a processor with vmx or svm: any kernel runs at the processor's speed.
    Hardware,
    /// It opens, but the processor shows neither: something interprets the guest's kernel. A stock one hangs there or takes
    /// many seconds.
    WithoutFlags,
    /// It is there, but this user may not open it.
    Forbidden,
    Absent,
}

impl Kvm {
    /// Whether a monitor can use it at all.
    pub fn opens(self) -> bool {
        matches!(self, Self::Hardware | Self::WithoutFlags)
    }

    /// What is wrong with it, in one sentence.
    pub fn lack(self) -> Option<&'static str> {
        match self {
            Self::Hardware => None,
            Self::WithoutFlags => Some(
                "/dev/kvm is a software one (the processor shows neither vmx nor svm), on which no stock kernel gets far",
            ),
            Self::Forbidden => Some("/dev/kvm may not be opened by this user"),
            Self::Absent => Some("there is no /dev/kvm"),
        }
    }
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
    HostReport {
        kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        is_root: rustix::process::geteuid().is_root() && sys::has_capability(sys::CAP_SYS_ADMIN),
        kvm: kvm(),
        processor_flag: processor_flag(&cpuinfo()),
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

/// Looks at /dev/kvm without changing it.
pub fn kvm() -> Kvm {
    let opened = File::options().read(true).write(true).open("/dev/kvm");
    judge(opened.map(drop).map_err(|error| error.kind()), processor_flag(&cpuinfo()))
}

fn judge(opened: Result<(), ErrorKind>, flag: Option<&str>) -> Kvm {
    match opened {
        Err(ErrorKind::NotFound) => Kvm::Absent,
        Err(_) => Kvm::Forbidden,
        // Other architectures have no flag to show.
        Ok(()) if flag.is_some() || !cfg!(target_arch = "x86_64") => Kvm::Hardware,
        Ok(()) => Kvm::WithoutFlags,
    }
}

/// Model and features of this processor: what a guest once saw it must see again.
pub(crate) fn processor() -> String {
    processor_of(&cpuinfo())
}

fn processor_of(cpuinfo: &str) -> String {
    let first = cpuinfo.split("\n\n").next().unwrap_or_default();
    let wanted = ["vendor_id", "cpu family", "model", "stepping", "microcode", "flags"];
    let named = first.lines().filter_map(|line| line.split_once(':'));
    let values = named.filter(|(name, _)| wanted.contains(&name.trim())).map(|(_, value)| value.trim());
    values.collect::<Vec<_>>().join("/")
}

fn cpuinfo() -> String {
    std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()
}

fn processor_flag(cpuinfo: &str) -> Option<&'static str> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    ["vmx", "svm"].into_iter().find(|flag| flags.split_whitespace().any(|this| this == *flag))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_dev_kvm_are_told_apart() {
        let (with, without) = ("processor : 0\nflags\t\t: fpu svm sse\n", "flags : fpu svm_lock sse\n");
        assert_eq!(
            (processor_flag(with), processor_flag(without), processor_flag("")),
            (Some("svm"), None, None)
        );
        assert_eq!(judge(Ok(()), Some("svm")), Kvm::Hardware);
        let bare = if cfg!(target_arch = "x86_64") { Kvm::WithoutFlags } else { Kvm::Hardware };
        assert_eq!(judge(Ok(()), None), bare);
        assert_eq!(judge(Err(ErrorKind::NotFound), Some("svm")), Kvm::Absent);
        assert_eq!(judge(Err(ErrorKind::PermissionDenied), None), Kvm::Forbidden);
    }

    #[test]
    fn another_processor_has_another_name() {
        let one = "vendor_id : A\ncpu family : 6\nmodel : 1\nflags : fpu\n\nvendor_id : B\n";
        assert_eq!(processor_of(one), "A/6/1/fpu");
        assert_ne!(processor_of(one), processor_of(&one.replace("fpu", "fpu sse")));
    }
}
