//! A room that waits is written down once, and becomes as many functions as are wanted: with code, layers, `/tmp` and the
//! processes that waited. On machines of QEMU, and of the real Firecracker where it is named as in `firecracker_machines`.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod machines;

use machines::copies::Host;
use sandbox::{
    Binding, BootError, BootSpec, Egress, Environment, Process, ProcessSpec, ReadOnlyMount, Snapshot,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use types::EnvironmentId;

/// Waits to be told, says what it was told and what it finds.
const WAITS: &str = "IFS= read -r -d '' word <&$_TINDERBOX_BIND_FD; echo \"$word $(cat /var/task/said) $(cat /opt/said)\"; \
    echo kept > /tmp/file; df --output=size -m /tmp | tail -1; exec sleep 1000";

fn folder(host: &Host, name: &str) -> PathBuf {
    let folder = host.data.path().join(name);
    if !folder.exists() {
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("said"), format!("{name}\n")).expect("a file");
    }
    folder
}

fn shown(host: &Host, name: &str, inside: &str) -> ReadOnlyMount {
    ReadOnlyMount { host: folder(host, name), inside: inside.into() }
}

fn spec(host: &Host) -> BootSpec {
    BootSpec {
        id: EnvironmentId::from_random(host.world.random_16()),
        memory_mb: 128,
        ephemeral_storage_mb: 16,
        mounts: vec![shown(host, "layer", "/opt")],
        egress: Egress::None,
        allow_hosts: Vec::new(),
    }
}

fn waits() -> ProcessSpec {
    ProcessSpec {
        program: "/bin/bash".into(),
        arguments: vec!["-c".to_owned(), WAITS.replace("_TINDERBOX_BIND_FD", sandbox::BIND_FD_VARIABLE)],
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        working_directory: "/".into(),
        telemetry: true,
        bind: true,
    }
}

async fn snapshot(environment: &dyn Environment, into: &Path) -> Snapshot {
    std::fs::create_dir(into).expect("a folder");
    environment.pause().await.expect("pauses");
    let snapshot = environment.snapshot(into.to_owned()).await.expect("a snapshot");
    environment.stop().await;
    snapshot
}

async fn line(process: &mut Process) -> String {
    let mut text = Vec::new();
    while text.last() != Some(&b'\n') {
        let mut byte = [0];
        process.stdout.read_exact(&mut byte).await.expect("a line");
        text.push(byte[0]);
    }
    String::from_utf8(text).expect("text").trim().to_owned()
}

/// A copy that became the function whose code is `name`.
async fn become_one(
    host: &Host,
    from: &Snapshot,
    name: &str,
    tmp_mb: u32,
) -> (BootSpec, Arc<dyn Environment>, Process) {
    let mut wanted = spec(host);
    wanted.ephemeral_storage_mb = tmp_mb;
    let code = shown(host, name, "/var/task");
    wanted.mounts.push(code.clone());
    let copy = host.sandbox.restore(wanted.clone(), from.clone()).await.expect("restores");
    let mut process = copy.adopt(0).await.expect("it waits");
    copy.resume().await.expect("goes on");
    copy.bind(Binding { memory_mb: 128, mounts: vec![code] }).await.expect("binds");
    let mut told = process.bind.take().expect("a pipe");
    told.write_all(format!("told-{name}\0").as_bytes()).await.expect("hears");
    told.shutdown().await.expect("ends");
    assert_eq!(line(&mut process).await, format!("told-{name} {name} layer"));
    let size: u32 = line(&mut process).await.parse().expect("a size");
    assert!(size.abs_diff(tmp_mb) <= 4, "{size} of {tmp_mb}");
    (wanted, copy, process)
}

/// What a room says of itself: code, layer, size of `/tmp`; then what no two may share, and the time.
const SAYS: &str = "cat /var/task/said /opt/said; df --output=size -m /tmp | tail -1; \
    cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id; date +%s";

async fn said(environment: &dyn Environment, script: &str) -> String {
    let program = sandbox::conformance::program("/bin/bash", &["-c", script]);
    let mut process = environment.start(program).await.expect("starts");
    let mut text = String::new();
    process.stdout.read_to_string(&mut text).await.expect("says");
    text
}

async fn a_bare_one_becomes_any_room(host: Host) {
    let bare = host.sandbox.boot_bare(spec(&host)).await.expect("boots");
    let refused = bare.start(sandbox::conformance::program("/bin/true", &[])).await;
    assert!(refused.is_err(), "there is no room to start it in");
    let from = snapshot(&*bare, &host.data.path().join("bare")).await;
    let mut drawn = std::collections::BTreeSet::new();
    let mut last = None;
    for (name, tmp_mb) in [("small", 16), ("large", 48)] {
        let mut wanted = spec(&host);
        wanted.ephemeral_storage_mb = tmp_mb;
        wanted.mounts.push(shown(&host, name, "/var/task"));
        let copy = host.sandbox.restore(wanted.clone(), from.clone()).await.expect("restores");
        copy.resume().await.expect("goes on");
        let steps: Vec<_> = copy.steps().iter().map(|step| step.name).collect();
        assert_eq!(steps, ["drives", "load", "wake", "mounts", "walls"]);
        let text = said(&*copy, SAYS).await;
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let [code, layer, size, uuid, boot, time] = lines[..] else { panic!("{text}") };
        assert_eq!([code, layer], [name, "layer"]);
        assert!(size.parse::<u32>().expect("a size").abs_diff(tmp_mb) <= 4, "{size} of {tmp_mb}");
        assert!(drawn.insert(uuid.to_owned()) && drawn.insert(boot.to_owned()), "drawn before: {text}");
        let now = host.world.wall().millis() / 1_000;
        assert!(now.abs_diff(time.parse().expect("a time")) <= 5, "{time} inside, {now} outside");
        assert!(copy.stats().await.expect("figures").memory_bytes > 0);
        if let Some((other, _)) = last.replace((copy, wanted)) {
            other.stop().await;
        }
    }
    let mut other = spec(&host);
    other.memory_mb = 256;
    assert!(host.sandbox.restore(other, from).await.is_err(), "another memory");

    // It is a room like any other: it can be written down itself, with what is in its /tmp.
    let (copy, wanted) = last.expect("a copy");
    said(&*copy, "echo kept > /tmp/file").await;
    let function = snapshot(&*copy, &host.data.path().join("function")).await;
    let again = host.sandbox.restore(wanted, function).await.expect("restores");
    again.resume().await.expect("goes on");
    assert_eq!(said(&*again, "cat /tmp/file /var/task/said").await, "kept\nlarge\n");
    again.stop().await;
    host.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_machine_without_a_room_becomes_any_room_on_qemu() {
    let Some(host) = machines::copies::qemu().await else { return };
    a_bare_one_becomes_any_room(host).await;
}

#[tokio::test]
async fn a_machine_without_a_room_becomes_any_room_on_firecracker() {
    let Some(host) = machines::copies::firecracker().await else { return };
    a_bare_one_becomes_any_room(host).await;
}

async fn becomes_and_is_copied_again(host: Host) {
    let room = host.sandbox.boot_waiting(spec(&host)).await.expect("boots");
    assert!(!room.steps().is_empty());
    let process = room.start(waits()).await.expect("starts");
    let waiting = snapshot(&*room, &host.data.path().join("waiting")).await;
    drop(process);

    let (_, small, _a) = become_one(&host, &waiting, "small", 16).await;
    let (wanted, large, _b) = become_one(&host, &waiting, "large", 48).await;
    assert!(matches!(
        large.bind(Binding { memory_mb: 128, mounts: Vec::new() }).await,
        Err(BootError::Unsupported(_))
    ));
    small.stop().await;

    // What it became can be written down, too, with what is in its /tmp.
    let function = snapshot(&*large, &host.data.path().join("function")).await;
    for round in 0..2 {
        let copy = host.sandbox.restore(wanted.clone(), function.clone()).await.expect("restores");
        copy.resume().await.expect("goes on");
        let script = format!("cat /tmp/file /var/task/said; echo {round} >> /tmp/file; cat /tmp/file; sync");
        let mut process =
            copy.start(sandbox::conformance::program("/bin/bash", &["-c", &script])).await.expect("starts");
        let mut text = String::new();
        process.stdout.read_to_string(&mut text).await.expect("says");
        assert_eq!(text, format!("kept\nlarge\nkept\n{round}\n"), "one copy's /tmp is not another's");
        copy.stop().await;
    }
    let mut other = wanted.clone();
    other.mounts[1] = shown(&host, "small", "/var/task");
    assert!(host.sandbox.restore(other, function).await.is_err(), "another function's code");
    host.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_room_that_waits_becomes_many_functions_on_qemu() {
    let Some(host) = machines::copies::qemu().await else { return };
    becomes_and_is_copied_again(host).await;
}

#[tokio::test]
async fn a_room_that_waits_becomes_many_functions_on_firecracker() {
    let Some(host) = machines::copies::firecracker().await else { return };
    becomes_and_is_copied_again(host).await;
}
