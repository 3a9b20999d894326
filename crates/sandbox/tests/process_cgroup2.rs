//! The conformance suite and the kill tests over a real hierarchy of control groups version 2.
//!
//! Where this host's own is version 2, the other test files have run on it already. Elsewhere they are run again as
//! root of a small guest (`tests/guest/run.sh`: QEMU without KVM, half a minute), if what it needs is here: QEMU, a
//! static busybox and a kernel with its modules, found in the usual places or named by `TINDERBOX_GUEST_KERNEL`,
//! `TINDERBOX_GUEST_MODULES` and `TINDERBOX_GUEST_BUSYBOX`. On Debian: qemu-system-x86, busybox-static,
//! linux-image-cloud-amd64.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

use std::path::{Path, PathBuf};
use std::process::Command;

/// A path said by a variable, else the first of these that exists.
fn find(variable: &str, usual: &[PathBuf]) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named.into_iter().chain(usual.iter().cloned()).find(|path| path.exists())
}

/// Cloud kernels first: they have every driver that the guest needs, and little else.
fn kernels() -> Vec<(PathBuf, PathBuf)> {
    let entries = std::fs::read_dir("/boot").into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.filter_map(|e| Some(e.file_name().to_str()?.strip_prefix("vmlinuz-")?.to_owned())).collect();
    names.sort_by_key(|name| !name.contains("cloud"));
    let paths = |name: String| {
        (Path::new("/boot").join(format!("vmlinuz-{name}")), Path::new("/lib/modules").join(name))
    };
    names.into_iter().map(paths).filter(|(_, modules)| modules.is_dir()).collect()
}

/// The newest test binary of this name beside this one.
fn binary(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().expect("itself");
    let entries =
        std::fs::read_dir(own.parent().expect("a folder")).expect("readable").filter_map(Result::ok);
    let ours = entries.map(|entry| entry.path()).filter(|path| {
        let stem = path.file_name().and_then(|file| file.to_str()).and_then(|file| file.rsplit_once('-'));
        path.extension().is_none() && stem.is_some_and(|(stem, _)| stem == name)
    });
    ours.max_by_key(|path| path.metadata().and_then(|found| found.modified()).ok())
}

#[test]
fn the_suite_and_the_kill_tests_pass_on_a_real_hierarchy_of_version_2() {
    let report = sandbox::process::report();
    if !report.is_root || report.cgroups == sandbox::process::CgroupVersion::V2 {
        eprintln!(
            "passed over: not root, or the host's own groups are version 2 and the other files have shown it"
        );
        return;
    }
    let qemu =
        ["/usr/bin", "/usr/local/bin"].iter().any(|bin| Path::new(bin).join("qemu-system-x86_64").exists());
    let usual = kernels().into_iter().next().unwrap_or_default();
    let kernel = find("TINDERBOX_GUEST_KERNEL", &[usual.0]);
    let modules = find("TINDERBOX_GUEST_MODULES", &[usual.1]);
    let busybox = find("TINDERBOX_GUEST_BUSYBOX", &["/bin/busybox".into()]);
    let tests = (binary("process_conformance"), binary("process_kill"));
    let (true, Some(kernel), Some(modules), Some(busybox), (Some(suite), Some(kills))) =
        (qemu, kernel, modules, busybox, tests)
    else {
        eprintln!("passed over: no qemu-system-x86_64, kernel with modules, static busybox, or built tests");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guest/run.sh"))
        .args([folder.path(), Path::new(env!("CARGO_BIN_EXE_sandbox-rehearsal")), &suite, &kills])
        .envs([("KERNEL", kernel), ("MODULES", modules), ("BUSYBOX", busybox)])
        .output()
        .expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("controllers") && text.contains("memory"), "{text}");
    println!("{text}");
}
