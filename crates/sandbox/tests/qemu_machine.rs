//! What holds of machines of QEMU beyond the suite: their jail as the host sees it, copies, and what is left when something
//! of theirs is killed.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod machines;

use machines::Machines;
use sandbox::conformance::program;
use sandbox::process::UID_BASE;
use sandbox::{BootError, BootSpec, Door, Egress, Environment, ReadOnlyMount, Sandbox, Snapshot};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use types::EnvironmentId;

fn spec(machines: &Machines) -> BootSpec {
    BootSpec {
        id: EnvironmentId::from_random(machines.world.random_16()),
        memory_mb: 128,
        ephemeral_storage_mb: 16,
        mounts: Vec::new(),
        egress: Egress::None,
        allow_hosts: Vec::new(),
    }
}

/// The monitors that a spawner has.
fn monitors(spawner: u32) -> Vec<i32> {
    let list = std::fs::read_to_string(format!("/proc/{spawner}/task/{spawner}/children")).expect("children");
    let is_monitor = |pid: &i32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("qemu"))
    };
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).filter(is_monitor).collect()
}

fn about(pid: i32, name: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default()
}

async fn nothing_left(machines: &Machines) {
    for _ in 0..1_000 {
        if common::leftovers_of(machines.data.path(), machines.spawner).is_empty() {
            return;
        }
        machines.world.clock.sleep(Duration::from_millis(10)).await;
    }
    panic!("left behind: {:#?}", common::leftovers_of(machines.data.path(), machines.spawner));
}

fn kill(pid: i32) {
    // SAFETY: numbers only; a process of this test's own spawner, or that spawner.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
}

#[tokio::test]
async fn a_monitor_is_nobody_in_a_root_and_a_network_of_its_own() {
    let Some(machines) = machines::machines().await else { return };
    let environment = machines.sandbox.boot(spec(&machines)).await.expect("boots");
    let [pid] = monitors(machines.spawner)[..] else { panic!("one monitor") };
    let status = about(pid, "status");
    let value = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
    };
    for name in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(value(name).as_deref(), Some("0000000000000000"), "{name}");
    }
    assert_eq!(value("NoNewPrivs:").as_deref(), Some("1"));
    assert_eq!(value("Seccomp:").as_deref(), Some("2"));
    assert_eq!(value("Groups:").as_deref(), Some(""));
    let uid: u32 =
        value("Uid:").expect("a user").split_whitespace().next().expect("one").parse().expect("a number");
    assert!(uid >= UID_BASE, "{uid}");
    assert_eq!(value("NSpid:").expect("namespaces").split_whitespace().last(), Some("1"));
    for namespace in ["mnt", "net", "ipc", "uts", "pid", "user", "cgroup"] {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{namespace}")).expect("a namespace");
        assert_ne!(of(&pid.to_string()), of("self"), "{namespace}");
    }
    let devices: BTreeSet<String> = about(pid, "net/dev")
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
        .collect();
    assert_eq!(devices, BTreeSet::from(["lo".to_owned(), "tap0".to_owned()]), "no way out without egress");
    let mut names: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/root"))
        .expect("its root")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| !["usr", "lib", "lib64", "lib32", "libx32", "bin", "sbin"].contains(&&**name));
    names.sort();
    assert_eq!(names, ["dev", "etc", "proc"]);
    let mounts = about(pid, "mountinfo");
    let writable = mounts.lines().filter(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        words[5].split(',').all(|word| word != "ro") && words[4] != "/proc"
    });
    assert_eq!(writable.collect::<Vec<_>>(), Vec::<&str>::new());
    environment.stop().await;
    nothing_left(&machines).await;
    machines.sandbox.shutdown().await;
}

/// A program that says a random number of the kernel's each time that it hears a line through the door.
const TELLER: &str = "exec 3<>/dev/tcp/127.0.0.1/9001; head -c 3000000 /dev/zero > /tmp/held; echo mine > /tmp/mine; echo begun; \
    while read -r line <&3; do echo \"$line $(cat /proc/sys/kernel/random/uuid) $(cat /opt/said /tmp/mine | tr '\\n' ' ')$(wc -c < /tmp/held)\" >&3; echo $line > /tmp/mine; done; echo ended";

async fn told(connection: &mut Box<dyn sandbox::Connection>, word: &str) -> String {
    connection.write_all(format!("{word}\n").as_bytes()).await.expect("hears");
    line(connection).await
}

async fn line(stream: &mut (impl tokio::io::AsyncRead + Unpin + ?Sized)) -> String {
    let mut text = Vec::new();
    while text.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.expect("a line");
        text.push(byte[0]);
    }
    String::from_utf8(text).expect("text").trim().to_owned()
}

fn code(machines: &Machines, said: &str) -> ReadOnlyMount {
    let host = machines.data.path().join(format!("code-{said}"));
    std::fs::create_dir_all(&host).expect("a folder");
    std::fs::write(host.join("said"), format!("{said}\n")).expect("a file");
    ReadOnlyMount { host, inside: "/opt".into() }
}

fn folder(machines: &Machines, name: &str) -> PathBuf {
    let folder = machines.data.path().join(name);
    std::fs::create_dir(&folder).expect("a folder");
    folder
}

async fn copy_of(machines: &Machines, spec: &BootSpec, from: &Snapshot) -> Arc<dyn Environment> {
    machines.sandbox.restore(spec.clone(), from.clone()).await.expect("restores")
}

#[tokio::test]
async fn copies_go_on_where_the_snapshot_was_made_and_are_not_each_other() {
    let Some(machines) = machines::machines().await else { return };
    let mut spec = spec(&machines);
    spec.mounts = vec![code(&machines, "code")];
    let environment = machines.sandbox.boot(spec.clone()).await.expect("boots");
    let mut process = environment.start(program("/bin/bash", &["-c", TELLER])).await.expect("starts");
    assert_eq!(line(&mut process.stdout).await, "begun");
    let mut connection = environment.accept(Door::RuntimeApi).await.expect("comes");
    assert!(told(&mut connection, "original").await.starts_with("original "));
    let refused = environment.snapshot(folder(&machines, "running")).await;
    assert!(refused.is_err(), "of a paused one only");
    environment.pause().await.expect("pauses");
    let snapshot = environment.snapshot(folder(&machines, "snapshot")).await.expect("a snapshot");
    environment.resume().await.expect("goes on");
    assert!(told(&mut connection, "still").await.starts_with("still "), "the original lives on");
    environment.stop().await;

    let mut all = BTreeSet::new();
    let mut copies = Vec::new();
    for number in 0..3 {
        let copy = copy_of(&machines, &spec, &snapshot).await;
        let mut process = copy.adopt(0).await.expect("lives in it");
        assert!(matches!(copy.adopt(0).await, Err(BootError::Gone)), "once");
        copy.resume().await.expect("goes on");
        let mut connection = copy.accept(Door::RuntimeApi).await.expect("its connection goes on");
        // What the client said last is said again: to a client that waits for an answer, its question.
        assert!(line(&mut connection).await.starts_with("original "));
        let answer = told(&mut connection, &format!("copy-{number}")).await;
        let words: Vec<&str> = answer.split(' ').collect();
        assert_eq!(words[0], format!("copy-{number}"));
        assert_eq!(words[2..], ["code", "original", "3000000"], "/tmp is what it was in the snapshot");
        assert!(all.insert(words[1].to_owned()), "two copies drew the same: {answer}");
        connection.shutdown().await.expect("ends");
        assert_eq!(line(&mut process.stdout).await, "ended");
        copies.push(copy);
    }
    // A copy is as good as the original to make copies of, though its memory is not ours to see.
    copies[1].pause().await.expect("pauses");
    let second = copies[1].snapshot(folder(&machines, "second")).await.expect("a snapshot of a copy");
    let grandchild = copy_of(&machines, &spec, &second).await;
    grandchild.resume().await.expect("goes on");
    let process = grandchild.start(program("/bin/cat", &["/opt/said"])).await.expect("starts");
    let mut text = String::new();
    let mut stdout = process.stdout;
    stdout.read_to_string(&mut text).await.expect("says");
    assert_eq!(text, "code\n");
    for copy in copies.into_iter().chain([grandchild]) {
        copy.stop().await;
    }
    nothing_left(&machines).await;
    refuse_what_does_not_fit(&machines, &spec, &snapshot).await;
    nothing_left(&machines).await;
    machines.sandbox.shutdown().await;
}

async fn refuse_what_does_not_fit(machines: &Machines, spec: &BootSpec, snapshot: &Snapshot) {
    let refused = |spec: BootSpec, why: &'static str| async move {
        assert!(machines.sandbox.restore(spec, snapshot.clone()).await.is_err(), "{why}");
    };
    refused(BootSpec { memory_mb: 256, ..spec.clone() }, "another size").await;
    refused(BootSpec { mounts: Vec::new(), ..spec.clone() }, "other places").await;
    let cut = std::fs::File::options().write(true).open(snapshot.folder.join("devices")).expect("a file");
    cut.set_len(1_000).expect("cut short");
    refused(spec.clone(), "a state that was cut short").await;
}

#[tokio::test]
async fn a_monitor_that_is_killed_takes_its_environment_with_it_and_no_other() {
    let Some(machines) = machines::machines().await else { return };
    let environment = machines.sandbox.boot(spec(&machines)).await.expect("boots");
    let [pid] = monitors(machines.spawner)[..] else { panic!("one monitor") };
    let other = machines.sandbox.boot(spec(&machines)).await.expect("boots");
    let process = environment.start(program("/bin/sleep", &["1000"])).await.expect("starts");
    kill(pid);
    // Told or not, it is over.
    let _ = process.exited.await;
    assert!(environment.accept(Door::RuntimeApi).await.is_err());
    assert!(matches!(environment.stats().await, Err(BootError::Gone)));
    let process = other.start(program("/bin/true", &[])).await.expect("the other one lives");
    assert!(process.exited.await.is_ok());
    environment.stop().await;
    other.stop().await;
    nothing_left(&machines).await;
    machines.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_spawner_that_is_killed_leaves_no_machine() {
    let Some(machines) = machines::machines().await else { return };
    let environment = machines.sandbox.boot(spec(&machines)).await.expect("boots");
    let paused = machines.sandbox.boot(spec(&machines)).await.expect("boots");
    paused.pause().await.expect("pauses");
    let pids = monitors(machines.spawner);
    assert_eq!(pids.len(), 2);
    kill(machines.spawner.cast_signed());
    machines.processes.ended().await;
    for pid in pids {
        while Path::new(&format!("/proc/{pid}/exe")).exists() {
            machines.world.clock.sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(environment.accept(Door::RuntimeApi).await.is_err());
    assert!(matches!(machines.sandbox.boot(spec(&machines)).await, Err(BootError::Gone)));
    environment.stop().await;
    // The next start sweeps what an ended spawner could not: the groups.
    let mut config = sandbox::process::Config::new(machines.data.path());
    config.executable = common::rehearsal();
    config.tmp_ready_max = 0;
    let next = sandbox::process::launch(&config).expect("a spawner");
    assert_eq!(common::leftovers(machines.data.path()), Vec::<String>::new());
    drop(next);
}
