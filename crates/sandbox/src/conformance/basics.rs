//! Programs, streams, doors, mounts, figures.

use super::{DOORS, GUEST, Kit, code, program, read_all};
use crate::{BootError, ExitStatus, ReadOnlyMount};
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub async fn a_program_runs_and_what_it_writes_comes_out(kit: &Kit) {
    let environment = kit.boot().await;
    let output = kit.shell(&environment, "echo out; echo err >&2; pwd").await;
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n/var/task\n", "err\n"));
    assert_eq!(output.exit.status, ExitStatus::Code(0));
    assert!(!output.exit.out_of_memory);
}

pub async fn an_exit_code_and_a_signal_are_told_apart(kit: &Kit) {
    let environment = kit.boot().await;
    assert_eq!(kit.shell(&environment, "exit 7").await.exit.status, ExitStatus::Code(7));
    assert_eq!(kit.shell(&environment, "kill -TERM $$").await.exit.status, ExitStatus::Signal(15));
}

pub async fn what_can_not_be_executed_says_its_errno(kit: &Kit) {
    let environment = kit.boot().await;
    let script = "printf x > /tmp/plain; printf 'garbage' > /tmp/garbage; chmod 755 /tmp/garbage";
    assert_eq!(code(&kit.shell(&environment, script).await), Some(0));
    for (path, expected) in [("/not/there", 2), ("/tmp/plain", 13), ("/tmp", 13), ("/tmp/garbage", 8)] {
        match environment.start(program(path, &[])).await {
            Err(BootError::Exec { program, errno }) => {
                assert_eq!((program.as_str(), errno), (path, expected))
            }
            Err(other) => panic!("{path}: {other}"),
            Ok(_) => panic!("{path} started"),
        }
    }
    let mut nowhere = program("/bin/true", &[]);
    nowhere.working_directory = "/not/there".into();
    assert!(matches!(environment.start(nowhere).await, Err(BootError::Exec { errno: 2, .. })));
    assert_eq!(code(&kit.shell(&environment, "true").await), Some(0), "it goes on after that");
}

pub async fn nothing_is_inherited_but_what_the_spec_says(kit: &Kit) {
    let environment = kit.boot().await;
    let mut spec = program("/usr/bin/env", &[]);
    spec.environment = BTreeMap::from([("A".to_owned(), "1 2".to_owned()), ("B".to_owned(), "=".to_owned())]);
    assert_eq!(kit.run(&environment, spec).await.stdout, "A=1 2\nB==\n");
    // 3 is ls's own look at the folder.
    assert_eq!(kit.run(&environment, program("/bin/ls", &["/proc/self/fd"])).await.stdout, "0\n1\n2\n3\n");
    let output = kit.shell(&environment, "readlink /proc/self/fd/0; grep SigIgn /proc/self/status").await;
    assert_eq!(output.stdout, "/dev/null\nSigIgn:\t0000000000000000\n");
}

pub async fn telemetry_is_a_stream_of_its_own(kit: &Kit) {
    let environment = kit.boot().await;
    let mut spec = program("/bin/sh", &["-c", "echo frame >&$_LAMBDA_TELEMETRY_LOG_FD; echo line"]);
    spec.telemetry = true;
    let process = kit.within(environment.start(spec)).await.expect("starts");
    let telemetry = process.telemetry.expect("was asked for");
    let (out, frames) =
        kit.within(async { tokio::join!(read_all(process.stdout), read_all(telemetry)) }).await;
    assert_eq!((out.as_str(), frames.as_str()), ("line\n", "frame\n"));
}

pub async fn both_doors_lead_out_and_carry_bytes_both_ways(kit: &Kit) {
    let environment = kit.boot().await;
    for (door, address) in DOORS {
        let served = async {
            let mut connection = environment.accept(door).await.expect("accepts");
            let mut question = String::new();
            connection.read_to_string(&mut question).await.expect("reads");
            connection.write_all(question.to_uppercase().as_bytes()).await.expect("writes");
            connection.shutdown().await.expect("ends");
        };
        let words = ["connect", address, "hello"];
        let (output, ()) = tokio::join!(kit.guest(&environment, &words), kit.within(served));
        assert_eq!(output.stdout, "HELLO\n", "{door:?} {output:?}");
    }
}

pub async fn folders_of_the_host_appear_read_only_where_they_were_asked_for(kit: &Kit) {
    let mut spec = kit.spec();
    for inside in ["/var/task", "/root/.pyenv/versions/3.11.7", "/data", "/opt/guest/../x"] {
        spec.mounts.push(ReadOnlyMount { host: kit.guest.clone(), inside: inside.into() });
    }
    let refused = kit.within(kit.sandbox.boot(spec.clone())).await;
    assert!(matches!(refused, Err(BootError::Host { .. })), "a path with .. is refused");
    spec.mounts.pop();
    let environment = kit.boot_as(spec).await;
    let script = "for d in /var/task /root/.pyenv/versions/3.11.7 /data; do \
        test -x $d/sandbox-rehearsal && ! touch $d/x 2>/dev/null && echo $d; done; ls -A /root /root/.pyenv; touch /root/x";
    let output = kit.shell(&environment, script).await;
    let expected =
        "/var/task\n/root/.pyenv/versions/3.11.7\n/data\n/root:\n.pyenv\n\n/root/.pyenv:\nversions\n";
    assert_eq!(output.stdout, expected);
    assert!(output.stderr.contains("Read-only") || output.stderr.contains("denied"), "{}", output.stderr);
}

pub async fn orphans_are_reaped_and_the_supervisor_stays(kit: &Kit) {
    let environment = kit.boot().await;
    let script = "for i in 1 2 3 4 5; do (sleep 0.05 & ) ; done; kill -9 1; kill -TERM 1; exit 3";
    assert_eq!(code(&kit.shell(&environment, script).await), Some(3));
    let waits = "while ps -e -o comm= | grep -q sleep; do sleep 0.05; done; ps -e -o stat= | grep -c Z";
    assert_eq!(kit.shell(&environment, waits).await.stdout, "0\n");
}

pub async fn statistics_tell_memory_time_and_tasks(kit: &Kit) {
    let environment = kit.boot().await;
    let mut spec = program(GUEST, &["guest", "eat", "40"]);
    spec.telemetry = true;
    let mut process = kit.within(environment.start(spec)).await.expect("starts");
    let mut line = [0; 4];
    kit.within(process.stdout.read_exact(&mut line)).await.expect("says that it ate");
    let during = kit.within(environment.stats()).await.expect("stats");
    let mb = during.memory_bytes >> 20;
    assert!((40..90).contains(&mb), "{during:?}");
    assert!(
        during.memory_peak_bytes >= during.memory_bytes && during.cpu_us > 0 && during.tasks >= 1,
        "{during:?}"
    );
    assert_eq!(during.out_of_memory_kills, 0);
    assert_eq!(code(&kit.shell(&environment, "kill $(pidof sandbox-rehearsal)").await), Some(0));
    assert_eq!(kit.within(process.exited).await.expect("ends").status, ExitStatus::Signal(15));
    let after = kit.within(environment.stats()).await.expect("stats");
    assert!(after.memory_bytes < during.memory_bytes && after.memory_peak_bytes >= 40 << 20, "{after:?}");
}
