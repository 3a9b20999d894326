//! The README's first command, as a newcomer runs it.

#![allow(clippy::expect_used, clippy::unwrap_used)] // helpers of tests are tests

use std::path::Path;
use std::process::{Command, Output};

fn tinderbox(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinderbox"));
    command.args(arguments).arg("--data").arg(data).env_remove("TINDERBOX_ENDPOINT").env_remove("AWS_REGION");
    command.output().expect("it runs")
}

/// Processes that still name this folder on their command line or in their working directory.
fn users_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let mut users = Vec::new();
    for process in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let cwd = std::fs::read_link(process.path().join("cwd")).unwrap_or_default();
        if line.contains(&folder) || cwd.to_string_lossy().contains(&folder) {
            users.push(line);
        }
    }
    users
}

#[test]
fn the_demo_shows_a_cold_and_a_warm_answer_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let output = tinderbox(data.path(), &["demo", "--exit", "--port", "0"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stdout.matches("Hello, you!").count(), 2, "{stdout}");
    let (cold, warm) = (stdout.find("hello · cold"), stdout.find("hello · warm"));
    assert!(cold.is_some() && cold < warm, "{stdout}");
    for room in ["resolve", "assignment", "sandbox.boot", "init", "invoke"] {
        assert!(stdout.contains(&format!("  {room} ")), "{room} is missing:\n{stdout}");
    }
    assert_eq!(users_of(data.path()), Vec::<String>::new());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&*data.path().to_string_lossy()), "{mounts}");
}

#[test]
fn a_data_folder_may_be_named_from_here() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tinderbox"))
        .args(["demo", "--exit", "--port", "0", "--data", "data"])
        .current_dir(folder.path())
        .env_remove("TINDERBOX_ENDPOINT")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_demo_shows_the_same_when_every_role_is_behind_its_bytes() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["demo", "--exit", "--port", "0", "--fabric", "encoded", "--output", "json"];
    let output = tinderbox(data.path(), &arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let cold: Vec<_> =
        shown["invocations"].as_array().unwrap().iter().map(|it| &it["trace"]["cold"]).collect();
    assert_eq!(cold, [true, false]);
}

#[test]
fn a_server_for_others_without_keys_is_refused_with_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let output = tinderbox(data.path(), &["up", "--listen", "0.0.0.0", "--port", "0"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--credentials FILE"));
}
