//! Which kind of /dev/kvm this host has. Firecracker has no other accelerator.

use std::fs::File;
use std::io::ErrorKind;

/// What was found by looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// Opens, on a processor that says it can: any kernel runs at its speed.
    Hardware { flag: &'static str },
    /// Opens, but the processor shows neither `vmx` nor `svm`: something interprets the guest's kernel. A stock kernel
    /// hangs there or takes many seconds; see `boot_arguments` and `cpu_template`.
    Software,
    /// Why not, and what would help.
    Unusable { reason: String },
}

/// Looks; changes nothing.
pub fn accelerator() -> Accelerator {
    let opened = File::options().read(true).write(true).open("/dev/kvm");
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    judge(opened.map(drop).map_err(|error| (error.kind(), error.to_string())), &cpuinfo)
}

fn judge(opened: Result<(), (ErrorKind, String)>, cpuinfo: &str) -> Accelerator {
    let reason = match opened {
        Ok(()) => {
            return match processor_flag(cpuinfo) {
                Some(flag) => Accelerator::Hardware { flag },
                // Other architectures have no flag to show.
                None if !cfg!(target_arch = "x86_64") => Accelerator::Hardware { flag: "" },
                None => Accelerator::Software,
            };
        }
        Err((ErrorKind::NotFound, _)) => match processor_flag(cpuinfo) {
            Some(flag) => format!("there is no /dev/kvm, though the processor has {flag}: load the module kvm_intel or kvm_amd"),
            None => "there is no /dev/kvm, and the processor shows neither vmx nor svm: turn virtualisation on in the \
                     firmware, or, in a virtual machine, let its host nest them"
                .to_owned(),
        },
        Err((ErrorKind::PermissionDenied, _)) => {
            "/dev/kvm may not be opened by this user: run as root, or join the group that owns it (often `kvm`)".to_owned()
        }
        Err((_, error)) => format!("/dev/kvm can not be opened: {error}"),
    };
    Accelerator::Unusable { reason }
}

fn processor_flag(cpuinfo: &str) -> Option<&'static str> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    ["vmx", "svm"].into_iter().find(|flag| flags.split_whitespace().any(|this| this == *flag))
}

/// For `Capabilities::missing`.
pub(super) fn missing(found: &Accelerator) -> Vec<String> {
    match found {
        Accelerator::Hardware { .. } => Vec::new(),
        Accelerator::Software => vec![
            "/dev/kvm is a software one (the processor shows neither vmx nor svm): a stock kernel does not get far on it"
                .to_owned(),
        ],
        Accelerator::Unusable { reason } => vec![reason.clone()],
    }
}

/// Model and features of this processor: what a guest once saw it must see again.
pub(super) fn processor() -> String {
    processor_of(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default())
}

fn processor_of(cpuinfo: &str) -> String {
    let first = cpuinfo.split("\n\n").next().unwrap_or_default();
    let wanted = ["vendor_id", "cpu family", "model", "stepping", "microcode", "flags"];
    let named = first.lines().filter_map(|line| line.split_once(':'));
    let values =
        named.filter(|(name, _)| wanted.contains(&name.trim())).map(|(_, value)| value.trim().to_owned());
    values.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_dev_kvm_are_told_apart() {
        let (with, without) = ("processor : 0\nflags\t\t: fpu svm sse\n", "flags : fpu svm_lock sse\n");
        assert_eq!(judge(Ok(()), with), Accelerator::Hardware { flag: "svm" });
        assert_eq!(judge(Ok(()), without), Accelerator::Software);
        let refused = |kind| match judge(Err((kind, "said the kernel".to_owned())), without) {
            Accelerator::Unusable { reason } => reason,
            other => format!("{other:?}"),
        };
        assert!(refused(ErrorKind::NotFound).contains("firmware"));
        assert!(refused(ErrorKind::PermissionDenied).contains("group"));
        assert!(refused(ErrorKind::Other).contains("said the kernel"));
    }

    #[test]
    fn another_processor_has_another_name() {
        let one = "vendor_id : A\ncpu family : 6\nmodel : 1\nflags : fpu\n\nvendor_id : B\n";
        assert_eq!(processor_of(one), "A/6/1/fpu");
        assert_ne!(processor_of(one), processor_of(&one.replace("fpu", "fpu sse")));
    }
}
