//! The real Firecracker under its real jailer, with a guest that only answers lines (`firecracker_guest/echo.rs`).
//!
//! Needs root, a /dev/kvm that opens, and in the environment: `TINDERBOX_FIRECRACKER`, `TINDERBOX_JAILER`,
//! `TINDERBOX_GUEST_KERNEL`, and where /dev/kvm is a software one `TINDERBOX_GUEST_CPU_TEMPLATE` and
//! `TINDERBOX_GUEST_BOOT_ARGS`. Where they are not, each test says so and is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed expectation is a failed test

mod common;

use sandbox::microvm::firecracker::Config;
use sandbox::microvm::firecracker::rehearsal::{Machines, Rehearsed};
use sandbox::process::{self, FirecrackerPrograms, Monitors, ProcessSandbox};
use sandbox::{BootError, Connection, Sandbox, Snapshot};
use std::collections::BTreeSet;
use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use world::World;

/// Sparse: one capacity for whatever is put into a slot.
const SLOT_BYTES: u64 = 16 << 30;
const DRIVES: usize = 8;
const LONG: Duration = Duration::from_secs(30);

struct Bench {
    machines: Machines,
    sandbox: Arc<ProcessSandbox>,
    world: World,
    scratch: tempfile::TempDir,
    config: process::Config,
    spawner: u32,
}

impl Bench {
    /// `None`, said aloud, where something is missing.
    fn new() -> Option<Self> {
        let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let needed = ["TINDERBOX_FIRECRACKER", "TINDERBOX_JAILER", "TINDERBOX_GUEST_KERNEL"];
        let [Some(firecracker), Some(jailer), Some(kernel)] = needed.map(named) else {
            eprintln!("skipped: {} name no Firecracker to test with", needed.join(", "));
            return None;
        };
        let kvm = process::kvm();
        if !kvm.opens() {
            eprintln!("skipped: {}", kvm.lack().unwrap_or_default());
            return None;
        }
        let world = World::real();
        let scratch = tempfile::tempdir().unwrap();
        let mut spawner = process::Config::new(scratch.path());
        spawner.executable = common::rehearsal();
        // Copies, which a test may change.
        let copied = |from: &Path, name: &str| {
            let to = scratch.path().join(name);
            std::fs::copy(from, &to).unwrap();
            to
        };
        let (firecracker, jailer) = (copied(&firecracker, "firecracker"), copied(&jailer, "jailer"));
        let programs = FirecrackerPrograms { firecracker: firecracker.clone(), jailer: jailer.clone() };
        spawner.monitors = Monitors { qemu: None, firecracker: Some(programs) };
        let handle = process::launch(&spawner).unwrap();
        let pid = handle.pid();
        let sandbox = ProcessSandbox::new(handle, world.clone()).unwrap();
        let folder = scratch.path().join("machines");
        std::fs::create_dir(&folder).unwrap();
        let config = Config {
            firecracker,
            jailer,
            cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
            boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
            folder,
            guest: "of this test".to_owned(),
        };
        let initramfs = initramfs(scratch.path());
        let machines = Machines::open(config, sandbox.clone(), world.clone(), &kernel, &initramfs).unwrap();
        Some(Self { machines, sandbox, world, scratch, config: spawner, spawner: pid })
    }

    /// The folders of control groups that the runs of this data folder wrote down.
    fn groups(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.scratch.path().join("sandbox")).unwrap();
        let records = entries.map(|entry| entry.unwrap().path());
        let records = records.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("run-"));
        let texts: Vec<_> = records.map(|path| std::fs::read_to_string(path).unwrap()).collect();
        texts.iter().flat_map(|text| text.lines().skip(1).map(PathBuf::from)).collect()
    }

    /// A fixed layout whose slot 1 and last drive begin with their own names.
    fn drives(&self, slot: &str, tmp: &str) -> Vec<File> {
        let names = (0..DRIVES).map(|index| match index {
            1 => slot,
            last if last == DRIVES - 1 => tmp,
            _ => "placeholder",
        });
        names.map(|name| self.image(name)).collect()
    }

    fn image(&self, name: &str) -> File {
        let path = self.scratch.path().join(name);
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path).unwrap();
        file.set_len(SLOT_BYTES).unwrap();
        file.write_all_at(name.as_bytes(), 0).unwrap();
        file
    }

    #[track_caller]
    fn within<T>(&self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        let place = Location::caller();
        let limited = self.world.timeout(LONG, future);
        async move { limited.await.unwrap_or_else(|| panic!("not within {LONG:?}: {place}")) }
    }

    async fn boot(&self, slot: &str, tmp: &str) -> (Rehearsed, Guest) {
        let (machine, stream) = self.within(self.machines.boot(self.drives(slot, tmp))).await.unwrap();
        let mut guest = Guest::of(stream);
        let said = tokio::select! {
            said = self.within(guest.line()) => said,
            ended = machine.ended() => ended,
        };
        assert_eq!(said, "hello 1");
        (machine, guest)
    }

    async fn snapshot(&self, machine: &Rehearsed, name: &str) -> Snapshot {
        let folder = self.scratch.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        machine.pause().await.unwrap();
        self.within(machine.snapshot(&folder)).await.unwrap()
    }

    async fn restore(&self, slot: &str, tmp: &str, from: &Snapshot) -> (Rehearsed, Guest) {
        let (machine, stream) =
            self.within(self.machines.restore(self.drives(slot, tmp), from)).await.unwrap();
        machine.resume().await.unwrap();
        let mut guest = Guest::of(stream);
        assert_eq!(self.within(guest.line()).await, "hello 2");
        (machine, guest)
    }

    /// Nothing is left: neither folders of machines, nor groups, nor processes. Of a dropped one, soon.
    async fn assert_nothing_is_left(&self) {
        let gone = async {
            while !self.left().is_empty() {
                self.world.clock.sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(self.world.timeout(LONG, gone).await.is_some(), "{:?}", self.left());
    }

    fn left(&self) -> Vec<String> {
        let folders = std::fs::read_dir(self.scratch.path().join("machines")).unwrap();
        let folders = folders.map(|entry| format!("{:?}", entry.unwrap().path()));
        let others = common::leftovers(self.scratch.path()).into_iter();
        folders.chain(others.filter(|line| !line.starts_with("loop device"))).collect()
    }
}

struct Guest(BufReader<Box<dyn Connection>>);

impl Guest {
    fn of(stream: Box<dyn Connection>) -> Self {
        Self(BufReader::new(stream))
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim().to_owned()
    }

    async fn ask(&mut self, what: &str) -> String {
        self.0.get_mut().write_all(format!("{what}\n").as_bytes()).await.unwrap();
        self.line().await
    }
}

/// Compiles the guest, and packs it as the kernel wants it: an archive with one program, and the device without which it
/// would begin with no standard streams, which Rust's library takes for the end of the world.
fn initramfs(scratch: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firecracker_guest/echo.rs");
    let (program, archive) = (scratch.join("echo"), scratch.join("initramfs"));
    let flags =
        ["--edition=2024", "-O", "-Ctarget-feature=+crt-static", "-Cpanic=abort", "-Cstrip=symbols", "-o"];
    assert!(Command::new("rustc").args(flags).arg(&program).arg(source).status().unwrap().success());
    let bytes = std::fs::read(program).unwrap();
    let mut into = File::create(&archive).unwrap();
    let entries: [(&str, usize, [usize; 2], &[u8]); 4] = [
        ("dev", 0o040_755, [0, 0], &[]),
        ("dev/null", 0o020_666, [1, 3], &[]),
        ("init", 0o100_755, [0, 0], &bytes),
        ("TRAILER!!!", 0, [0, 0], &[]),
    ];
    for (name, mode, [major, minor], content) in entries {
        // c_magic, then 13 fields of eight hexadecimal digits: ino, mode, uid, gid, nlink, mtime, filesize, four of
        // devices, namesize, check.
        let fields = [1, mode, 0, 0, 1, 0, content.len(), 0, 0, major, minor, name.len() + 1, 0];
        let mut entry = b"070701".to_vec();
        fields.iter().for_each(|field| entry.extend_from_slice(format!("{field:08x}").as_bytes()));
        entry.extend_from_slice(name.as_bytes());
        entry.push(0);
        entry.resize(entry.len().next_multiple_of(4), 0);
        entry.extend_from_slice(content);
        entry.resize(entry.len().next_multiple_of(4), 0);
        into.write_all(&entry).unwrap();
    }
    archive
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_boots_answers_stands_still_and_goes_on() {
    let Some(bench) = Bench::new() else { return };
    let (machine, mut guest) = bench.boot("slot-one", "tmp-one").await;
    assert_eq!(bench.within(guest.ask("begin vdb")).await, "slot-one");
    assert_eq!(bench.within(guest.ask("size vdb")).await, (SLOT_BYTES / 512).to_string());
    assert_eq!(bench.within(guest.ask("mac")).await, "06:00:c0:00:00:02");
    assert_eq!(bench.within(guest.ask("write by-the-guest")).await, "written");
    assert_eq!(bench.within(guest.ask("begin vdh")).await, "by-the-guest");
    for _ in 0..3 {
        machine.pause().await.unwrap();
        machine.pause().await.unwrap();
        let silent = bench.world.timeout(Duration::from_millis(100), guest.ask("random")).await;
        assert_eq!(silent, None, "a machine that stands still answers nothing");
        machine.resume().await.unwrap();
        machine.resume().await.unwrap();
        assert!(bench.within(guest.line()).await.starts_with('['));
    }
    assert!(machine.usage().await.unwrap().memory_bytes > 1 << 20);
    machine.end().await;
    bench.within(machine.ended()).await;
    drop(machine);
    bench.assert_nothing_is_left().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_copies_at_once_have_their_own_drives_and_once_told_their_own_random_numbers() {
    let Some(bench) = Bench::new() else { return };
    let (original, _) = bench.boot("slot-first", "tmp-first").await;
    let snapshot = bench.snapshot(&original, "snapshot").await;
    original.end().await;
    drop(original);
    let bench = Arc::new(bench);
    let mut restores = tokio::task::JoinSet::new();
    for nth in 0..10 {
        let (bench, snapshot) = (bench.clone(), snapshot.clone());
        restores.spawn(async move {
            let (machine, mut guest) =
                bench.restore(&format!("slot-{nth}"), &format!("tmp-{nth}"), &snapshot).await;
            assert_eq!(guest.ask("begin vdb").await, format!("slot-{nth}"));
            assert_eq!(guest.ask("begin vdh").await, format!("tmp-{nth}"));
            assert_eq!(guest.ask(&format!("seed entropy-of-the-host-{nth}")).await, "0 0");
            (guest.ask("random").await, machine)
        });
    }
    let copies = restores.join_all().await;
    let drawn: BTreeSet<&String> = copies.iter().map(|(random, _)| random).collect();
    assert_eq!(drawn.len(), 10, "{drawn:?}");
    for (_, machine) in &copies {
        machine.end().await;
    }
    drop(copies);
    bench.assert_nothing_is_left().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_goes_on_after_its_snapshot_on_a_new_stream() {
    let Some(bench) = Bench::new() else { return };
    let (machine, guest) = bench.boot("slot", "tmp").await;
    let first = bench.snapshot(&machine, "first").await;
    let again = machine.reconnect().await.unwrap().expect("the stream ended with the snapshot");
    machine.resume().await.unwrap();
    // The old one hears nothing more: Firecracker does not close it before something is said.
    drop(guest);
    let mut guest = Guest::of(again);
    assert_eq!(bench.within(guest.line()).await, "hello 2");
    assert!(bench.within(guest.ask("random")).await.starts_with('['));
    machine.end().await;
    // A snapshot of a restored machine is one as well.
    let (copy, _) = bench.restore("slot", "tmp", &first).await;
    let second = bench.snapshot(&copy, "second").await;
    copy.end().await;
    let (grandchild, stream) =
        bench.within(bench.machines.restore(bench.drives("slot", "tmp"), &second)).await.unwrap();
    grandchild.resume().await.unwrap();
    assert_eq!(bench.within(Guest::of(stream).line()).await, "hello 3");
    grandchild.end().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_does_not_need_is_given_back() {
    let Some(bench) = Bench::new() else { return };
    let (machine, mut guest) = bench.boot("slot", "tmp").await;
    bench.within(guest.ask("take 60")).await;
    bench.within(guest.ask("take 0")).await;
    let freed = bench.within(machine.reclaim()).await.unwrap();
    assert!(freed > 40 << 20, "{freed} bytes");
    assert_eq!(bench.within(guest.ask("take 60")).await, "taken", "it may have it again");
    for wait_ms in [0, 1, 3, 10, 30] {
        bench.within(guest.ask("take 0")).await;
        // Given up somewhere on its way, as for an invocation that comes: whoever lets the machine go on empties the balloon.
        drop(bench.world.timeout(Duration::from_millis(wait_ms), machine.reclaim()).await);
        bench.within(machine.resume()).await.unwrap();
        assert_eq!(bench.within(guest.ask("take 60")).await, "taken", "after {wait_ms} ms");
    }
    machine.end().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_not_whole_is_refused_and_leaves_nothing() {
    let Some(bench) = Bench::new() else { return };
    let (machine, _) = bench.boot("slot", "tmp").await;
    let snapshot = bench.snapshot(&machine, "snapshot").await;
    machine.end().await;
    drop(machine);
    let refused = async |what: &str| match bench
        .within(bench.machines.restore(bench.drives("slot", "tmp"), &snapshot))
        .await
    {
        Err(BootError::Host { reason, .. }) => reason,
        Err(other) => panic!("{what}: {other}"),
        Ok(_) => panic!("{what}: restored"),
    };
    let state = snapshot.folder.join("state");
    let good = std::fs::read(&state).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    for (what, bytes, word) in [
        ("a changed byte", bad.as_slice(), "CRC"),
        ("a half", &good[..middle], "snapshot"),
        ("nothing", &[], "short"),
    ] {
        std::fs::write(&state, bytes).unwrap();
        let reason = refused(what).await;
        assert!(reason.contains(word), "{what}: {reason}");
    }
    std::fs::write(&state, &good).unwrap();
    File::options().write(true).open(&snapshot.memory).unwrap().set_len(1 << 20).unwrap();
    assert!(refused("a short memory").await.contains("128 MiB"));
    bench.assert_nothing_is_left().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_ends_by_itself_or_is_killed_is_told_and_leaves_nothing() {
    let Some(bench) = Bench::new() else { return };
    let (machine, mut guest) = bench.boot("slot", "tmp").await;
    // The guest's power is off: Firecracker ends, and the spawner tells.
    guest.0.get_mut().write_all(b"off\n").await.unwrap();
    assert!(bench.within(machine.ended()).await.contains("exit 0"));
    assert!(matches!(machine.reclaim().await, Err(BootError::Gone | BootError::Host { .. })));
    machine.end().await;
    drop(machine);
    let (machine, mut guest) = bench.boot("slot", "tmp").await;
    let monitors = monitors_of(bench.spawner);
    assert_eq!(monitors.len(), 1, "{monitors:?}");
    kill(monitors[0]);
    assert!(bench.within(machine.ended()).await.contains("137"), "128 and the signal's number");
    assert_eq!(bench.within(guest.line()).await, "");
    machine.end().await;
    drop(machine);
    bench.assert_nothing_is_left().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spawners_death_takes_every_machine_with_it() {
    let Some(bench) = Bench::new() else { return };
    let (machine, mut guest) = bench.boot("slot", "tmp").await;
    let monitors = monitors_of(bench.spawner);
    assert_eq!(monitors.len(), 1);
    kill(bench.spawner);
    assert_eq!(bench.within(guest.line()).await, "", "nobody holds the other end");
    assert_eq!(bench.within(machine.ended()).await, "with the spawner");
    drop((machine, guest));
    // Nobody is left to remove its groups, which the record in its data folder names: the next one does, at its start.
    let groups = bench.groups();
    assert!(groups.iter().any(|group| group.exists()));
    let next = ProcessSandbox::new(process::launch(&bench.config).unwrap(), bench.world.clone()).unwrap();
    assert_eq!(groups.iter().find(|group| group.exists()), None);
    next.shutdown().await;
    assert_eq!(bench.groups(), Vec::<PathBuf>::new());
}

/// A jail of its own: nobody's user, no capability, its own filters, and nothing but its files.
#[tokio::test(flavor = "multi_thread")]
async fn firecracker_runs_as_nobody_behind_its_own_filters() {
    let Some(bench) = Bench::new() else { return };
    let (machine, _) = bench.boot("slot", "tmp").await;
    let [monitor] = monitors_of(bench.spawner)[..] else { panic!("one monitor") };
    let status = std::fs::read_to_string(format!("/proc/{monitor}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert!(field("Uid:").parse::<u32>().unwrap() >= process::UID_BASE);
    assert_eq!(field("CapEff:"), "0000000000000000");
    assert_eq!(field("CapPrm:"), "0000000000000000");
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");
    let mut names: Vec<String> = std::fs::read_dir(format!("/proc/{monitor}/root"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let drives = (b'a'..=b'h').map(|letter| format!("vd{}", char::from(letter)));
    let others = [
        "channel",
        "dev",
        "firecracker",
        "firecracker.pid",
        "initramfs",
        "kernel",
        "memory.new",
        "run",
        "state.new",
    ];
    let mut expected: Vec<String> = others.map(str::to_owned).into_iter().chain(drives).collect();
    expected.sort();
    assert_eq!(names, expected);
    machine.end().await;
    bench.sandbox.shutdown().await;
}

/// What root runs is what the operator named at the start, whatever lies at that path later.
#[tokio::test(flavor = "multi_thread")]
async fn a_jailer_that_is_changed_while_the_server_runs_is_never_run() {
    let Some(bench) = Bench::new() else { return };
    for name in ["firecracker", "jailer"] {
        let path = bench.scratch.path().join(name);
        // The same file, as a server that was broken into could write to it, and then another.
        std::fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    }
    let (machine, mut guest) = bench.boot("slot", "tmp").await;
    assert_eq!(bench.within(guest.ask("begin vdb")).await, "slot");
    machine.end().await;
    bench.sandbox.shutdown().await;
}

/// What a Firecracker that was broken into can leave behind: nothing, and no more than a bound meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_fills_no_disk_and_leaves_nothing_that_can_not_be_removed() {
    let Some(bench) = Bench::new() else { return };
    let (machine, _) = bench.boot("slot", "tmp").await;
    let [monitor] = monitors_of(bench.spawner)[..] else { panic!("one monitor") };
    let root = PathBuf::from(format!("/proc/{monitor}/root"));
    let closed = root.join("channel/closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::write(closed.join("file"), "x").unwrap();
    std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let full = std::fs::write(root.join("channel/much"), vec![1; 1 << 20]);
    assert_eq!(full.unwrap_err().raw_os_error(), Some(libc::ENOSPC));
    let full = (0..100).try_for_each(|nth| File::create(root.join(format!("channel/{nth}"))).map(drop));
    assert_eq!(full.unwrap_err().raw_os_error(), Some(libc::ENOSPC));
    // The rest of what it may write to is in memory, or a file that ends at a length.
    let mounts = std::fs::read_to_string(format!("/proc/{monitor}/mounts")).unwrap();
    let mut disk: Vec<&str> = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (place, kind, options) = (words.next()?, words.next()?, words.next()?);
            let written = options.split(',').any(|word| word == "rw") && !["tmpfs", "proc"].contains(&kind);
            written.then_some(place)
        })
        .collect();
    disk.sort_unstable();
    assert_eq!(disk, ["/memory.new", "/state.new", "/vdh"], "{mounts}");
    let limits = std::fs::read_to_string(format!("/proc/{monitor}/limits")).unwrap();
    let size = limits.lines().find(|line| line.starts_with("Max file size")).unwrap();
    assert_eq!(size.split_whitespace().nth(3), Some((256 << 20).to_string().as_str()), "{limits}");
    machine.end().await;
    drop(machine);
    bench.assert_nothing_is_left().await;
    bench.sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_names_version_processor_and_guest() {
    let Some(bench) = Bench::new() else { return };
    let identity = bench.machines.identity();
    assert!(identity.starts_with("firecracker 1.16."), "{identity}");
    assert!(identity.contains("of this test"), "{identity}");
    bench.sandbox.shutdown().await;
}

/// Firecrackers two steps below the spawner: its child is the watcher.
fn monitors_of(spawner: u32) -> Vec<u32> {
    let children = |pid: u32| -> Vec<u32> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    };
    let is_monitor = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "firecracker")
    };
    children(spawner).into_iter().flat_map(children).filter(is_monitor).collect()
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
