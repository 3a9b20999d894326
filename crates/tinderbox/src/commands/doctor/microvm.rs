//! What the doctor says of microVMs: the parts, and then which sandbox can be used and why another one can not.

use super::Finding;
use sandbox::microvm::assets::KERNEL_ADVICE;
use sandbox::microvm::settings::{Found, Gap, INSTALL_QEMU, Program, firecracker_gaps, qemu_gaps};
use sandbox::process::Kvm;

pub(super) fn findings(found: &Found) -> Vec<Finding> {
    let finding = |what, good, found, advice| Finding { what, good, found, advice };
    let program = |program: &Option<Program>| match program {
        None => "not installed".to_owned(),
        Some(Program { path, version }) if version.is_empty() => {
            format!("{}, says no version", path.display())
        }
        Some(Program { path, version }) => format!("{version} ({})", path.display()),
    };
    let firecracker = match (&found.firecracker, &found.jailer) {
        (Some(_), None) => format!("{}, but its jailer is not", program(&found.firecracker)),
        _ => program(&found.firecracker),
    };
    vec![
        finding("QEMU", found.qemu.is_some(), program(&found.qemu), INSTALL_QEMU),
        finding(
            "Firecracker",
            found.firecracker.is_some() && found.jailer.is_some(),
            firecracker,
            "version 1.16 of firecracker and jailer in PATH, if this host has KVM; QEMU does without",
        ),
        finding(
            "microVM kernel",
            found.kernel.is_ok(),
            found.kernel.clone().unwrap_or_else(|reason| reason),
            KERNEL_ADVICE,
        ),
        finding(
            "microVM images",
            found.prepared,
            if found.prepared { "made (tinderbox microvm status says more)" } else { "not made" }.to_owned(),
            "tinderbox microvm setup makes them; so does the first `tinderbox up --sandbox qemu`",
        ),
        sandbox("sandbox qemu", &qemu_gaps(found), &qemu_speed(found.kvm)),
        sandbox("sandbox firecracker", &firecracker_gaps(found), firecracker_speed(found.kvm)),
    ]
}

fn sandbox(what: &'static str, gaps: &[Gap], usable: &str) -> Finding {
    let Some(first) = gaps.first() else {
        return Finding { what, good: true, found: usable.to_owned(), advice: "" };
    };
    let reasons: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    Finding { what, good: false, found: reasons.join("; "), advice: first.advice }
}

fn qemu_speed(kvm: Kvm) -> String {
    let Some(why) = kvm.lack() else { return "usable, by KVM".to_owned() };
    format!("usable, but slow: {why}, so QEMU interprets every instruction (TCG)")
}

fn firecracker_speed(kvm: Kvm) -> &'static str {
    match kvm {
        Kvm::WithoutFlags => {
            "usable only with a kernel made for a software /dev/kvm (--kernel, --boot-arguments, --cpu-template)"
        }
        _ => "usable, by KVM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_of_microvms_says_what_to_do_and_every_kind_of_kvm_is_explained() {
        for kvm in [Kvm::Hardware, Kvm::WithoutFlags, Kvm::Forbidden, Kvm::Absent] {
            for is_root in [true, false] {
                let kernel = Err("there is no kernel".to_owned());
                let bare = Found {
                    is_root,
                    kvm,
                    qemu: None,
                    firecracker: None,
                    jailer: None,
                    kernel,
                    prepared: false,
                };
                for finding in findings(&bare) {
                    assert!(!finding.good && !finding.advice.is_empty(), "{}", finding.what);
                }
            }
            assert!(kvm == Kvm::Hardware || qemu_speed(kvm).contains("TCG"), "{kvm:?}");
        }
    }
}
