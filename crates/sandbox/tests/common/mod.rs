//! What the test files of the process backend share.
#![allow(dead_code)] // each file uses a part of it

use sandbox::conformance::{AT_ONCE, Kit, PATIENCE};
use sandbox::process::{self, Config, ProcessSandbox};
use std::path::{Path, PathBuf};
use world::World;

/// The stand-in for the server's binary.
pub(crate) fn rehearsal() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sandbox-rehearsal"))
}

/// A kit with a spawner and a data folder of its own; the folder goes when the kit does.
pub(crate) async fn kit() -> Kit {
    kit_and_spawner().await.0
}

/// The same, with the pid of the spawner.
pub(crate) async fn kit_and_spawner() -> (Kit, u32) {
    kit_with(|_| {}).await
}

/// The size of `/tmp` in the suite's environments.
const TMP_MB: u32 = 16;

/// The same, configured. File systems for `/tmp` of the suite's own size wait, so that the suite runs with both kinds.
pub(crate) async fn kit_with(configure: impl FnOnce(&mut Config)) -> (Kit, u32) {
    let world = World::real();
    let data = tempfile::tempdir().expect("a data folder");
    let mut config = Config::new(data.path());
    config.executable = rehearsal();
    (config.tmp_ready_mb, config.tmp_ready_max) = (TMP_MB, 4);
    configure(&mut config);
    let ready_max = config.tmp_ready_max as usize;
    let handle = process::launch(&config).expect("a spawner");
    let spawner = handle.pid();
    let sandbox = ProcessSandbox::new(handle, world.clone()).expect("a sandbox");
    let private = data.path().to_owned();
    let guest = rehearsal().parent().expect("a folder").to_owned();
    let kit = Kit {
        sandbox,
        world,
        guest,
        private,
        leftovers: Box::new(move || {
            let mut left = leftovers(data.path());
            left.extend(children(spawner));
            // Those that wait for the next boot are no environment's, as long as there is a spawner to boot it.
            let (mut devices, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|line| line.starts_with("loop device"));
            if lives(spawner) && devices.len() <= ready_max {
                devices.clear();
            }
            devices.into_iter().chain(others).collect()
        }),
        patience: PATIENCE,
        at_once: AT_ONCE,
    };
    (kit, spawner)
}

/// What is on the host of environments of this data folder, and what its spawner looks after.
pub(crate) fn leftovers_of(data: &Path, spawner: u32) -> Vec<String> {
    leftovers(data).into_iter().chain(children(spawner)).collect()
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

/// Whether a process runs; one that ended and was not reaped yet does not.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Loop devices over files of this data folder.
pub(crate) fn devices(data: &Path) -> usize {
    loop_devices(&data.canonicalize().expect("the data folder")).len()
}

/// What a spawner looks after, its own helpers apart: also where there are no groups to see it by.
fn children(spawner: u32) -> Vec<String> {
    let list =
        std::fs::read_to_string(format!("/proc/{spawner}/task/{spawner}/children")).unwrap_or_default();
    list.split_whitespace()
        .filter(|pid| {
            let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            !words.contains("tinderbox-egress-process") && name.trim() != "tinderbox-hand"
        })
        .map(|pid| format!("init {pid}"))
        .collect()
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
