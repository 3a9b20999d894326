//! Pause, stop, drop, many at once.

use super::{Kit, code, program};
use crate::{Binding, BootError, Door, ExitStatus, ReadOnlyMount};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Long enough for a running process to write many lines, and asserted as order only: none came.
const STILL: Duration = Duration::from_millis(300);

pub async fn a_paused_environment_stands_still_until_resumed(kit: &Kit) {
    let environment = kit.boot().await;
    if !kit.sandbox.capabilities().pause {
        assert!(matches!(kit.within(environment.pause()).await, Err(BootError::Unsupported(_))));
        return;
    }
    let spec = program("/bin/sh", &["-c", "while echo tick; do sleep 0.01; done"]);
    let mut process = kit.within(environment.start(spec)).await.expect("starts");
    let mut bytes = vec![0; 64 * 1024];
    kit.within(process.stdout.read(&mut bytes)).await.expect("ticks");
    kit.within(environment.pause()).await.expect("pauses");
    // What was on its way comes out; then silence.
    while kit.world.timeout(STILL, process.stdout.read(&mut bytes)).await.is_some() {}
    let before = kit.within(environment.stats()).await.expect("stats while paused");
    kit.world.clock.sleep(STILL).await;
    assert_eq!(kit.within(environment.stats()).await.expect("stats").cpu_us, before.cpu_us);
    kit.within(environment.resume()).await.expect("resumes");
    assert!(kit.within(process.stdout.read(&mut bytes)).await.expect("ticks again") > 0);
}

pub async fn pause_and_resume_are_idempotent_and_hold_every_process(kit: &Kit) {
    let environment = kit.boot().await;
    if !kit.sandbox.capabilities().pause {
        return;
    }
    // A busy one with threads, a child of a child, a sleeper: when pause answers, none of them uses the processor.
    let script = "(while :; do :; done) & (sh -c 'while :; do sleep 0.001; done') & echo on; wait";
    let mut process =
        kit.within(environment.start(program("/bin/sh", &["-c", script]))).await.expect("starts");
    let mut line = [0; 3];
    kit.within(process.stdout.read_exact(&mut line)).await.expect("says on");
    kit.within(environment.resume()).await.expect("of one that is not paused: nothing");
    for _ in 0..5 {
        kit.within(environment.pause()).await.expect("pauses");
        kit.within(environment.pause()).await.expect("is paused");
        let before = kit.within(environment.stats()).await.expect("stats").cpu_us;
        kit.world.clock.sleep(STILL / 10).await;
        assert_eq!(kit.within(environment.stats()).await.expect("stats").cpu_us, before, "nothing ran");
        kit.within(environment.resume()).await.expect("resumes");
        kit.within(environment.resume()).await.expect("is resumed");
        kit.within(async {
            while environment.stats().await.expect("stats").cpu_us == before {
                kit.world.clock.sleep(STILL / 100).await;
            }
        })
        .await;
    }
}

/// A shell waits for its child's exec, and the freezer of control groups 1 may forget one that begins to wait at the very
/// moment when all are told to stand still.
pub async fn an_environment_that_starts_programs_without_end_stands_still_at_every_pause(kit: &Kit) {
    let environment = kit.boot().await;
    if !kit.sandbox.capabilities().pause {
        return;
    }
    let starts = "while :; do sleep 0; done";
    let script = format!("({starts}) & ({starts}) & (while :; do :; done) & echo on; {starts}");
    let mut process =
        kit.within(environment.start(program("/bin/sh", &["-c", &script]))).await.expect("starts");
    let mut line = [0; 3];
    kit.within(process.stdout.read_exact(&mut line)).await.expect("says on");
    for idx in 0..5 * kit.at_once as u32 {
        // Each time at another moment of what they do.
        kit.world.clock.sleep(Duration::from_micros(700) * (idx % 16)).await;
        kit.within(environment.pause()).await.expect("pauses");
        let before = kit.within(environment.stats()).await.expect("stats").cpu_us;
        kit.world.clock.sleep(Duration::from_millis(2)).await;
        assert_eq!(kit.within(environment.stats()).await.expect("stats").cpu_us, before, "nothing ran");
        kit.within(environment.resume()).await.expect("resumes");
        kit.within(async {
            while environment.stats().await.expect("stats").cpu_us == before {
                kit.world.clock.sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

pub async fn what_comes_to_a_paused_environment_is_there_when_it_goes_on(kit: &Kit) {
    let environment = kit.boot().await;
    if !kit.sandbox.capabilities().pause {
        return;
    }
    let asks = program(super::GUEST, &["guest", "connect", crate::RUNTIME_API_ADDRESS, "hello"]);
    let mut process = kit.within(environment.start(asks)).await.expect("starts");
    let mut connection = kit.within(environment.accept(Door::RuntimeApi)).await.expect("accepts");
    kit.within(environment.pause()).await.expect("pauses");
    kit.within(connection.write_all(b"while paused")).await.expect("the kernel takes it");
    kit.within(connection.shutdown()).await.expect("ends");
    let mut said = String::new();
    let early = kit.world.timeout(STILL, process.stdout.read_to_string(&mut said)).await;
    assert!(early.is_none(), "it said {said:?} while it was paused");
    kit.within(environment.resume()).await.expect("resumes");
    let mut rest = String::new();
    kit.within(process.stdout.read_to_string(&mut rest)).await.expect("readable");
    assert_eq!(format!("{said}{rest}"), "while paused\n");
}

pub async fn a_paused_environment_gives_idle_memory_back(kit: &Kit) {
    let environment = kit.boot().await;
    if !kit.sandbox.capabilities().reclaim {
        assert!(matches!(kit.within(environment.reclaim()).await, Err(BootError::Unsupported(_))));
        return;
    }
    // The cache of what was written to /tmp is memory of the environment that it can do without.
    let script =
        "head -c 12m /dev/zero > /tmp/f && sync && cat /tmp/f > /dev/null && echo filled; exec sleep 1000";
    let mut process =
        kit.within(environment.start(program("/bin/sh", &["-c", script]))).await.expect("starts");
    let mut line = [0; 7];
    kit.within(process.stdout.read_exact(&mut line)).await.expect("says filled");
    if kit.sandbox.capabilities().pause {
        kit.within(environment.pause()).await.expect("pauses");
    }
    // The first may come while something is still being written out: then the next finds it.
    let mut given = 0;
    for _ in 0..5 {
        given += kit.within(environment.reclaim()).await.unwrap_or(0);
    }
    assert!(!kit.sandbox.capabilities().sized_tmp || given >= 8 << 20, "{given} bytes came back");
    let (one, other) = tokio::join!(environment.reclaim(), environment.stop());
    drop((one, other));
    assert!(matches!(kit.within(environment.reclaim()).await, Err(BootError::Gone)));
    assert_eq!(kit.within(process.exited).await.expect("ends").status, ExitStatus::Signal(9));
    kit.nothing_left().await;
}

pub async fn stop_is_idempotent_also_after_pause(kit: &Kit) {
    let environment = kit.boot().await;
    let process = kit.within(environment.start(program("/bin/sleep", &["1000"]))).await.expect("starts");
    if kit.sandbox.capabilities().pause {
        kit.within(environment.pause()).await.expect("pauses");
    }
    kit.within(async { tokio::join!(environment.stop(), environment.stop()) }).await;
    kit.within(environment.stop()).await;
    let exit = kit.within(process.exited).await.expect("its end is told");
    assert_eq!(exit.status, ExitStatus::Signal(9));
    assert!(matches!(environment.stats().await, Err(BootError::Gone)));
    assert!(matches!(environment.start(program("/bin/true", &[])).await, Err(BootError::Gone)));
}

pub async fn stop_ends_what_waits(kit: &Kit) {
    let environment = kit.boot().await;
    let mut process = kit.within(environment.start(program("/bin/sleep", &["1000"]))).await.expect("starts");
    let mut rest = Vec::new();
    let waits = async {
        let (accepted, read) =
            tokio::join!(environment.accept(Door::RuntimeApi), process.stdout.read_to_end(&mut rest));
        assert!(accepted.is_err());
        assert_eq!(read.expect("the stream ends"), 0);
    };
    kit.within(async { tokio::join!(waits, environment.stop()) }).await;
    assert!(environment.accept(Door::LambdaApi).await.is_err());
}

pub async fn a_boot_that_nobody_waits_for_leaves_nothing(kit: &Kit) {
    for wait_us in [0, 500, 2_000, 5_000, 10_000] {
        let boot = kit.sandbox.boot(kit.spec());
        let booted = kit.world.timeout(Duration::from_micros(wait_us), boot).await;
        drop(booted);
    }
    // Answers come in order of the questions' ends: one that is done means that the spawner read the rest.
    assert_eq!(code(&kit.shell(&kit.boot().await, "true").await), Some(0));
    kit.nothing_left().await;
}

pub async fn an_environment_that_is_dropped_is_stopped(kit: &Kit) {
    let environment = kit.boot().await;
    let process = kit.within(environment.start(program("/bin/sleep", &["1000"]))).await.expect("starts");
    drop(environment);
    assert_eq!(kit.within(process.exited).await.expect("ends").status, ExitStatus::Signal(9));
    kit.nothing_left().await;
}

pub async fn a_boot_that_fails_says_why_and_leaves_nothing(kit: &Kit) {
    let mut spec = kit.spec();
    spec.mounts.push(ReadOnlyMount { host: "/not/there".into(), inside: "/var/task".into() });
    match kit.within(kit.sandbox.boot(spec)).await {
        Err(BootError::Host { reason, .. }) => assert!(reason.contains("/not/there"), "{reason}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("booted without its code"),
    }
    kit.nothing_left().await;
}

pub async fn stop_removes_everything(kit: &Kit) {
    let environment = kit.boot().await;
    let script = "(setsid sleep 1000 &); echo x > /tmp/x; echo started";
    let mut process =
        kit.within(environment.start(program("/bin/sh", &["-c", script]))).await.expect("starts");
    let mut line = [0; 8];
    kit.within(process.stdout.read_exact(&mut line)).await.expect("says started");
    assert!(!(kit.leftovers)().is_empty(), "the check sees a live environment");
    kit.within(environment.stop()).await;
    kit.nothing_left().await;
}

pub async fn many_boots_at_once_all_stand(kit: &Kit) {
    let (tx, mut rx) = tokio::sync::mpsc::channel(kit.at_once);
    for _ in 0..kit.at_once {
        let (sandbox, spec, tx) = (kit.sandbox.clone(), kit.spec(), tx.clone());
        kit.world.spawn("boot", async move { drop(tx.send(sandbox.boot(spec).await).await) });
    }
    let mut environments = Vec::new();
    while environments.len() < kit.at_once {
        environments.push(kit.within(rx.recv()).await.expect("an answer").expect("boots"));
    }
    for environment in &environments {
        assert_eq!(kit.shell(environment, "id -u").await.stdout, "993\n");
    }
    for environment in environments {
        kit.within(environment.stop()).await;
    }
    kit.nothing_left().await;
}

pub async fn after_shutdown_everything_is_gone(kit: &Kit) {
    let environment = kit.boot().await;
    let process = kit.within(environment.start(program("/bin/sleep", &["1000"]))).await.expect("starts");
    kit.within(kit.sandbox.shutdown()).await;
    kit.within(kit.sandbox.shutdown()).await;
    kit.nothing_left().await;
    assert!(matches!(kit.sandbox.boot(kit.spec()).await, Err(BootError::Gone)));
    assert!(matches!(environment.stats().await, Err(BootError::Gone)));
    kit.within(environment.stop()).await;
    drop(process);
}

pub async fn a_waiting_environment_is_given_its_code_and_its_limits(kit: &Kit) {
    if !kit.sandbox.capabilities().bind {
        let environment = kit.boot().await;
        let binding = Binding { memory_mb: 128, mounts: Vec::new() };
        assert!(matches!(kit.within(environment.bind(binding)).await, Err(BootError::Unsupported(_))));
        return;
    }
    let code = kit.private.join("code-to-bind");
    std::fs::create_dir_all(&code).expect("a folder");
    std::fs::write(code.join("said"), "late").expect("a file");
    let environment = kit.boot().await;
    let script = "read told <&$TINDERBOX_BIND_FD; cd /var/task; cat said; \
                  touch new 2>/dev/null && echo writable; echo \" $told\"";
    let mut spec = program("/bin/sh", &["-c", script]);
    spec.bind = true;
    let mut process = kit.within(environment.start(spec)).await.expect("starts");
    let mounts = vec![ReadOnlyMount { host: code.clone(), inside: "/var/task".into() }];
    kit.within(environment.bind(Binding { memory_mb: 256, mounts })).await.expect("binds");
    let mut bind = process.bind.take().expect("a pipe");
    kit.within(bind.write_all(b"hello\n")).await.expect("listens");
    drop(bind);
    let mut said = String::new();
    kit.within(process.stdout.read_to_string(&mut said)).await.expect("speaks");
    assert_eq!(said, "late hello\n");
    // More than the first limit, less than the second.
    let hog = program(super::GUEST, &["eat", "160"]);
    if kit.sandbox.capabilities().memory_limit {
        let exit = kit.within(kit.within(environment.start(hog)).await.expect("starts").exited).await;
        assert!(!exit.expect("told").out_of_memory);
    }
    for (host, inside) in [(&code, "/tmp/x"), (&code, "/no/such/place"), (&code.join("absent"), "/var/task")]
    {
        let mounts = vec![ReadOnlyMount { host: host.clone(), inside: inside.into() }];
        let refused = kit.within(environment.bind(Binding { memory_mb: 256, mounts })).await;
        assert!(matches!(refused, Err(BootError::Host { .. })), "{inside}");
    }
    kit.within(environment.stop()).await;
    let gone = environment.bind(Binding { memory_mb: 128, mounts: Vec::new() }).await;
    assert!(matches!(gone, Err(BootError::Gone)));
}

pub async fn a_binding_whose_limit_what_waits_does_not_fit_is_refused_and_kills_nothing(kit: &Kit) {
    let can = kit.sandbox.capabilities();
    if !can.bind || !can.memory_limit {
        return;
    }
    let environment = kit.boot().await; // 128 MB
    let script = "head -c 50000000 /dev/zero > /dev/shm/held; echo held; read told <&$TINDERBOX_BIND_FD; echo \"$told\"";
    let mut spec = program("/bin/sh", &["-c", script]);
    spec.bind = true;
    let mut process = kit.within(environment.start(spec)).await.expect("starts");
    let mut said = [0; 5];
    kit.within(process.stdout.read_exact(&mut said)).await.expect("speaks");
    let refused = kit.within(environment.bind(Binding { memory_mb: 32, mounts: Vec::new() })).await;
    assert!(matches!(refused, Err(BootError::Host { .. })), "{refused:?}");
    // What waits lives, and the limit is what it was.
    let hog = kit.within(environment.start(program(super::GUEST, &["eat", "50"]))).await.expect("starts");
    assert!(!kit.within(hog.exited).await.expect("told").out_of_memory);
    let mut bind = process.bind.take().expect("a pipe");
    kit.within(bind.write_all(b"go on\n")).await.expect("listens");
    drop(bind);
    let mut said = String::new();
    kit.within(process.stdout.read_to_string(&mut said)).await.expect("speaks");
    assert_eq!(said, "go on\n");
    kit.within(environment.stop()).await;
}
