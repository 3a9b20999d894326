//! The conformance suite without root: the same tests, run again by an ordinary user where this host lets such users
//! make user namespaces. Started as root, one test starts this very binary as that user.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::conformance::Kit;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Says to this binary that it is the second one.
const SECOND: &str = "TINDERBOX_TEST_ROOTLESS";
/// A user that owns nothing.
const USER: u32 = 64_123;

async fn kit() -> Option<Kit> {
    std::env::var_os(SECOND)?;
    let kit = common::kit().await;
    let capabilities = kit.sandbox.capabilities();
    assert!(!capabilities.sized_tmp && !capabilities.egress_nat && !capabilities.missing.is_empty());
    Some(kit)
}

mod suite {
    sandbox::conformance_suite!(super::kit());
}

#[test]
fn the_suite_passes_as_an_ordinary_user() {
    if std::env::var_os(SECOND).is_some() || !sandbox::process::report().is_root {
        return;
    }
    if !sandbox::process::report().user_namespaces {
        eprintln!("passed over: this host forbids unprivileged user namespaces");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::chown(folder.path(), Some(USER), Some(USER)).expect("given away");
    let output = Command::new(std::env::current_exe().expect("itself"))
        .args(["suite::", "--test-threads=2"])
        .env(SECOND, "1")
        .env("TMPDIR", folder.path())
        .uid(USER)
        .gid(USER)
        .output();
    let output = output.expect("starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(" 0 failed;") && text.contains("suite::"), "{text}");
}
