//! `tinderbox doctor`: what this host can do, and for each gap what to do. Changes nothing.

mod cluster;
mod microvm;

use super::runtimes::is_installed;
use crate::cli::DoctorArgs;
use crate::failure::Failure;
use crate::screen::Screen;
use sandbox::microvm::settings::{self, Backend, Wanted};
use sandbox::process::{CgroupVersion, HostReport, Kvm, probe, report};
use serde_json::json;
use std::path::Path;
use worker::runtimes::detect::{HostView, detect};
use worker::runtimes::{Interpreter, Language};

/// One thing looked at.
struct Finding {
    what: &'static str,
    good: bool,
    found: String,
    /// Only where it is not good.
    advice: &'static str,
}

pub(super) fn run(args: &DoctorArgs, screen: Screen) -> Result<(), Failure> {
    if let Some(addresses) = &args.cluster {
        return cluster::run(addresses, args, screen);
    }
    let spinner = screen.spinner("looking at this host");
    let report = report();
    let missing = probe().missing;
    let settings = args.microvm.settings();
    let found = settings::find(&settings, &args.data);
    let mut findings = host(&report);
    findings.extend(microvm::findings(&found));
    findings.extend(languages(&detect(&HostView::of_process(None)), &args.data));
    drop(spinner);
    let auto = settings::choose(Wanted::Auto, &found).map_or("process", Backend::name);
    if screen.json {
        let findings: Vec<_> = findings
            .iter()
            .map(|it| json!({ "what": it.what, "good": it.good, "found": it.found, "advice": advice(it) }))
            .collect();
        return screen
            .value(&json!({ "findings": findings, "missing_walls": missing, "sandbox_auto": auto }));
    }
    for finding in &findings {
        let mark = if finding.good { "✓" } else { "–" };
        screen.line(format!("{mark} {:18} {}", finding.what, finding.found))?;
        if let Some(advice) = advice(finding) {
            screen.line(format!("{:21}→ {advice}", ""))?;
        }
    }
    for wall in &missing {
        screen.line(format!("missing wall: {wall}"))?;
    }
    screen.line(format!("--sandbox auto takes: {auto}"))
}

fn advice(finding: &Finding) -> Option<&'static str> {
    (!finding.good && !finding.advice.is_empty()).then_some(finding.advice)
}

fn host(report: &HostReport) -> Vec<Finding> {
    let yes = |good: bool| if good { "yes" } else { "no" }.to_owned();
    let (kvm, kvm_advice) = match report.kvm {
        Kvm::Hardware => (format!("usable ({})", report.processor_flag.unwrap_or("hardware")), ""),
        Kvm::WithoutFlags => (
            "present, but the processor shows neither vmx nor svm: emulated or not working".to_owned(),
            "for microVMs switch on (nested) virtualisation; the process sandbox does not need it",
        ),
        Kvm::Forbidden => {
            ("present, but not for this user".to_owned(), "add this user to the group of /dev/kvm")
        }
        Kvm::Absent => {
            ("absent".to_owned(), "for microVMs use a host with KVM; the process sandbox does not need it")
        }
    };
    let cgroups = match report.cgroups {
        CgroupVersion::V2 => "version 2",
        CgroupVersion::V1 => "version 1",
        CgroupVersion::Hybrid => "both, controllers in version 1",
        CgroupVersion::Absent => "absent",
    };
    let finding = |what, good, found, advice| Finding { what, good, found, advice };
    vec![
        finding("kernel", true, report.kernel.clone(), ""),
        finding(
            "root",
            report.is_root,
            yes(report.is_root),
            "with root: memory limits by the kernel, sized /tmp, egress nat",
        ),
        finding("KVM", report.kvm == Kvm::Hardware, kvm, kvm_advice),
        finding(
            "user namespaces",
            report.user_namespaces,
            yes(report.user_namespaces),
            "without root set user.max_user_namespaces>0 and, on Ubuntu, kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        finding(
            "control groups",
            report.cgroups != CgroupVersion::Absent,
            cgroups.to_owned(),
            "mount cgroup2 on /sys/fs/cgroup",
        ),
        finding(
            "Landlock",
            report.landlock_abi > 0,
            match report.landlock_abi {
                0 => "no".to_owned(),
                abi => format!("ABI {abi}"),
            },
            "a kernel from 5.13 with lsm=landlock; the other walls stand without it",
        ),
        finding("seccomp", report.seccomp, yes(report.seccomp), "a kernel with CONFIG_SECCOMP_FILTER"),
        finding(
            "loop devices",
            report.loop_devices,
            yes(report.loop_devices),
            "modprobe loop; without them /tmp is memory",
        ),
        finding(
            "mkfs",
            report.mkfs.is_some(),
            report.mkfs.as_ref().map_or_else(|| "no".to_owned(), |path| path.display().to_string()),
            "install e2fsprogs; without it /tmp is memory",
        ),
        finding("TUN", report.tun, yes(report.tun), "modprobe tun; without it functions have no egress"),
    ]
}

fn languages(interpreters: &[Interpreter], data: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for language in Language::ALL {
        let versions: Vec<String> = interpreters
            .iter()
            .filter(|interpreter| {
                interpreter.language == language && interpreter.version >= language.oldest()
            })
            .map(|interpreter| interpreter.version.to_string())
            .collect();
        let found = if versions.is_empty() { "not found".to_owned() } else { versions.join(", ") };
        let advice = "install it by the host's package manager; provided.al2023 works without";
        findings.push(Finding { what: language.title(), good: !versions.is_empty(), found, advice });
        let installed = is_installed(data, language);
        let (what, advice) = match language {
            Language::Python => ("boto3", "tinderbox runtimes install python"),
            Language::Nodejs => ("@aws-sdk/*", "tinderbox runtimes install nodejs"),
            Language::Java => ("Java's client", "tinderbox runtimes install java"),
        };
        let found = if installed { "installed" } else { "not installed" }.to_owned();
        findings.push(Finding { what, good: installed, found, advice });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_says_what_to_do() {
        let mut report = report();
        (report.kvm, report.cgroups, report.landlock_abi) = (Kvm::Absent, CgroupVersion::Absent, 0);
        (report.is_root, report.user_namespaces, report.loop_devices, report.mkfs) =
            (false, false, false, None);
        let mut findings = host(&report);
        findings.extend(languages(&[], Path::new("/nowhere")));
        for finding in findings.iter().filter(|finding| !finding.good) {
            assert!(advice(finding).is_some(), "{}", finding.what);
        }
    }
}
