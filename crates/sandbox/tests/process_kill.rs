//! kill -9 of the server and of the spawner, with running and frozen environments: nothing may be left.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::process::{Config, launch};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server of its own with four environments, two of them frozen; (server, pid of its spawner).
fn server(data: &Path) -> (Child, u32) {
    let mut child = Command::new(common::rehearsal())
        .arg(data)
        .arg("4")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || lines.next().expect("a line").expect("readable");
    let spawner = next().strip_prefix("spawner ").expect("the spawner's pid").parse().expect("a number");
    assert_eq!(next(), "ready");
    (child, spawner)
}

fn run_of(data: &Path) -> String {
    let entries = std::fs::read_dir(data.join("sandbox")).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let run = names.filter(|name| name.starts_with("run-")).collect::<Vec<_>>();
    assert_eq!(run.len(), 1, "{run:?}");
    run[0].replace("run-", "tinderbox-")
}

fn kill(pid: u32) {
    // SAFETY: numbers only; a child of this test, or that child's spawner.
    assert_eq!(unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) }, 0);
}

/// Waits for a state of the host that has no event to wait for.
#[allow(clippy::disallowed_methods)] // a test's own deadline
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        pause(10);
    }
}

#[allow(clippy::disallowed_methods)] // a test without a world: the machine's own time
fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn groups_of(run: &str) -> Vec<std::path::PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    let points =
        mounts.lines().filter(|line| line.contains(" - cgroup")).filter_map(|line| line.split(' ').nth(4));
    let mut found = Vec::new();
    for point in points {
        let mut open = vec![Path::new(point).to_owned()];
        while let Some(folder) = open.pop() {
            if folder.file_name().is_some_and(|name| name == run) {
                found.push(folder);
                continue;
            }
            let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
            open.extend(
                entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()),
            );
        }
    }
    found
}

#[test]
fn when_the_server_is_killed_the_spawner_removes_everything_and_ends() {
    let data = tempfile::tempdir().expect("a folder");
    let (mut server, spawner) = server(data.path());
    let run = run_of(data.path());
    assert!(!groups_of(&run).is_empty());
    kill(server.id());
    server.wait().expect("ends");
    eventually("the spawner ends", || !Path::new(&format!("/proc/{spawner}/ns")).join("pid").exists());
    assert_eq!(common::processes(&run), Vec::<String>::new());
    assert_eq!(groups_of(&run), Vec::<std::path::PathBuf>::new());
    assert!(
        !data.path().join("sandbox").join(run.replace("tinderbox-", "run-")).exists(),
        "the run is forgotten"
    );
    eventually("loop devices are cleared", || common::leftovers(data.path()).is_empty());
}

#[test]
fn when_the_spawner_is_killed_the_next_start_sweeps_even_what_is_frozen() {
    let data = tempfile::tempdir().expect("a folder");
    let (mut server, spawner) = server(data.path());
    let run = run_of(data.path());
    kill(spawner);
    // The two that are not frozen die with their init at once; the frozen ones can not.
    eventually("those that run end by themselves", || common::processes(&run).len() <= 4);
    kill(server.id());
    server.wait().expect("ends");
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    config.tmp_ready_max = 0;
    let next = launch(&config).expect("starts and sweeps");
    assert_eq!(common::processes(&run), Vec::<String>::new());
    assert_eq!(groups_of(&run), Vec::<std::path::PathBuf>::new());
    eventually("loop devices are cleared", || common::leftovers(data.path()).is_empty());
    drop(next);
}

#[test]
fn when_server_and_spawner_are_killed_during_boots_nothing_is_left_after_the_next_start() {
    let data = tempfile::tempdir().expect("a folder");
    for round in 0..6u64 {
        let mut child = Command::new(common::rehearsal())
            .arg(data.path())
            .arg("50")
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("a line").expect("readable");
        let spawner: u32 = line.strip_prefix("spawner ").expect("pid").parse().expect("a number");
        // Not synchronisation: each round cuts at another moment.
        pause(round * 15);
        let run = run_of(data.path());
        kill(spawner);
        kill(child.id());
        child.wait().expect("ends");
        let mut config = Config::new(data.path());
        config.executable = common::rehearsal();
        config.tmp_ready_max = 0;
        drop(launch(&config).expect("starts and sweeps"));
        assert_eq!(common::processes(&run), Vec::<String>::new());
        assert_eq!(groups_of(&run), Vec::<std::path::PathBuf>::new());
    }
    eventually("loop devices are cleared", || common::leftovers(data.path()).is_empty());
}

#[test]
fn a_live_servers_environments_are_not_swept_by_another_on_the_same_folder() {
    let data = tempfile::tempdir().expect("a folder");
    let (mut server, _) = server(data.path());
    let run = run_of(data.path());
    let before = common::processes(&run).len();
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    let refused = launch(&config).expect_err("the folder is in use").to_string();
    assert!(refused.contains("another server"), "{refused}");
    assert_eq!(common::processes(&run).len(), before);
    kill(server.id());
    server.wait().expect("ends");
    eventually("all is removed", || common::leftovers(data.path()).is_empty());
}

#[test]
fn file_systems_that_wait_for_a_boot_are_gone_when_the_spawner_is_killed() {
    let data = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(data.path());
    config.executable = common::rehearsal();
    let first = launch(&config).expect("starts");
    let full = config.tmp_ready_max as usize;
    eventually("they are made ahead", || common::devices(data.path()) == full);
    kill(first.pid());
    drop(first);
    eventually("nobody holds them", || common::devices(data.path()) == 0);
    let second = launch(&config).expect("starts again");
    eventually("the next one's are made", || common::devices(data.path()) == full);
    drop(second);
    eventually("an ordinary end takes them along", || common::leftovers(data.path()).is_empty());
}
