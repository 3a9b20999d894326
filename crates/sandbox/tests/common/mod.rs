//! What the test files of the process backend share.
#![allow(dead_code)] // each file uses a part of it

use sandbox::conformance::Kit;
use sandbox::process::{self, Config};
use std::path::{Path, PathBuf};
use world::World;

/// The stand-in for the server's binary.
pub(crate) fn rehearsal() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sandbox-rehearsal"))
}

/// A kit with a spawner and a data folder of its own; the folder goes when the kit does.
pub(crate) async fn kit() -> Kit {
    let world = World::real();
    let data = tempfile::tempdir().expect("a data folder");
    let mut config = Config::new(data.path());
    config.executable = rehearsal();
    let sandbox = process::start(&world, config).await.expect("a spawner");
    let private = data.path().to_owned();
    let guest = rehearsal().parent().expect("a folder").to_owned();
    Kit { sandbox, world, guest, private, leftovers: Box::new(move || leftovers(data.path())) }
}

/// What is on the host of environments of this data folder: groups, their processes, loop devices, files.
pub(crate) fn leftovers(data: &Path) -> Vec<String> {
    let data = data.canonicalize().expect("the data folder");
    let mut left = Vec::new();
    for entry in entries(&data.join("sandbox")) {
        if !entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-")) {
            continue;
        }
        let text = std::fs::read_to_string(&entry).unwrap_or_default();
        for root in text.lines().skip(1).map(Path::new) {
            let groups = entries(root).into_iter().filter(|path| path.is_dir());
            left.extend(groups.map(|group| format!("group {}", group.display())));
        }
        let run = entry.file_name().expect("a name").to_string_lossy().replace("run-", "tinderbox-");
        left.extend(processes(&run));
    }
    left.extend(loop_devices(&data));
    let unfinished = entries(&data.join("sandbox/tmp")).into_iter();
    left.extend(
        unfinished
            .filter(|path| path.extension().is_some_and(|e| e == "unfinished"))
            .map(|p| format!("{p:?}")),
    );
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    left.extend(mounts.lines().filter(|line| line.contains(&*data.to_string_lossy())).map(str::to_owned));
    left
}

/// Processes in the groups of a run, wherever they are.
pub(crate) fn processes(run: &str) -> Vec<String> {
    entries(Path::new("/proc"))
        .into_iter()
        .filter(|path| std::fs::read_to_string(path.join("cgroup")).is_ok_and(|text| text.contains(run)))
        .map(|path| format!("process {}", path.display()))
        .collect()
}

fn loop_devices(data: &Path) -> Vec<String> {
    entries(Path::new("/sys/block"))
        .into_iter()
        .filter_map(|device| std::fs::read_to_string(device.join("loop/backing_file")).ok())
        .filter(|file| file.starts_with(&*data.to_string_lossy()))
        .map(|file| format!("loop device on {}", file.trim()))
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten();
    found.filter_map(Result::ok).map(|entry| entry.path()).collect()
}
