//! Copies of an environment on the real Firecracker: what lives in them goes on, is told apart, and knows the time.
//! What it needs and how it is named: `firecracker_machines`.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;
mod firecracker;
mod machines;

use sandbox::conformance::program;
use sandbox::{BootError, Connection, Door, Snapshot};
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Says a random number of the kernel's and the time, each time that it hears a line through the door.
const TELLER: &str = "exec 3<>/dev/tcp/127.0.0.1/9001; \
    while read -r line <&3; do echo \"$(cat /proc/sys/kernel/random/uuid) $(date +%s)\" >&3; done; echo ended";

async fn told(connection: &mut Box<dyn Connection>) -> String {
    connection.write_all(b"tell\n").await.expect("hears");
    line(connection).await
}

async fn line(connection: &mut Box<dyn Connection>) -> String {
    let mut text = Vec::new();
    while text.last() != Some(&b'\n') {
        text.push(connection.read_u8().await.expect("a line"));
    }
    String::from_utf8(text).expect("text").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_go_on_where_they_stood_draw_other_numbers_and_know_the_time() {
    let Some(kit) = firecracker::kit().await else { return };
    let original = kit.boot().await;
    let process = kit.within(original.start(program("/bin/bash", &["-c", TELLER]))).await.expect("starts");
    let mut heard = kit.within(original.accept(Door::RuntimeApi)).await.expect("a connection");
    let first = kit.within(told(&mut heard)).await;
    kit.within(original.pause()).await.expect("stands");
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = kit.within(original.snapshot(folder.path().to_owned())).await.expect("a snapshot");
    drop((heard, process));
    original.stop().await;
    let mut numbers = BTreeSet::from([first.split(' ').next().expect("a number").to_owned()]);
    for copies in 1..=3 {
        let copy = kit.within(kit.sandbox.restore(kit.spec(), snapshot.clone())).await.expect("a copy");
        let process = kit.within(copy.adopt(0)).await.expect("it lives on");
        kit.within(copy.resume()).await.expect("goes on");
        let mut heard = kit.within(copy.accept(Door::RuntimeApi)).await.expect("its connection, opened anew");
        // What the client said last is said again.
        assert_eq!(kit.within(line(&mut heard)).await, first);
        let said = kit.within(told(&mut heard)).await;
        let (number, time) = said.split_once(' ').expect("a number and a time");
        assert!(numbers.insert(number.to_owned()), "drawn before: {number}");
        let now = kit.world.wall().millis() / 1_000;
        let time: u64 = time.parse().expect("a time");
        assert!(now.abs_diff(time) <= 2, "copy {copies}: {time} inside, {now} outside");
        drop((heard, process));
        copy.stop().await;
    }
    kit.nothing_left().await;
    kit.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_another_identity_or_other_sizes_is_refused() {
    let Some(kit) = firecracker::kit().await else { return };
    let original = kit.boot().await;
    kit.within(original.pause()).await.expect("stands");
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = kit.within(original.snapshot(folder.path().to_owned())).await.expect("a snapshot");
    original.stop().await;
    let refused =
        async |spec, snapshot: &Snapshot| match kit.within(kit.sandbox.restore(spec, snapshot.clone())).await
        {
            Err(BootError::Host { reason, .. }) => reason,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("restored"),
        };
    let mut larger = kit.spec();
    larger.memory_mb = 256;
    assert!(refused(larger, &snapshot).await.contains("sizes"));
    let path = folder.path().join("record");
    let record = std::fs::read(&path).expect("a record");
    let place = record.windows(5).position(|five| five == b"1.16.").expect("Firecracker's version");
    let mut another = record.clone();
    another[place + 2] = b'5';
    std::fs::write(&path, another).expect("written");
    assert!(refused(kit.spec(), &snapshot).await.contains("another monitor"));
    kit.nothing_left().await;
    kit.sandbox.shutdown().await;
}
