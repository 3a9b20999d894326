//! The real Firecracker, without the spawner: each machine in a jail that the test makes itself, as root. Skipped, with a
//! sentence, where the environment names no programs. What runs inside is a small init that answers lines.

use super::*;
use crate::microvm::vmm::{Drive, Rates};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::sync::Mutex as StdMutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const UID: u32 = 1_900_000_000;
/// Sparse: one capacity for whatever is put in a slot.
const SLOT_BYTES: u64 = 16 << 30;

/// What the environment names; `None`, said aloud, where something is missing.
struct Instruments {
    config: Config,
    kernel: Arc<File>,
    initramfs: Arc<File>,
    scratch: tempfile::TempDir,
}

fn instruments() -> Option<Instruments> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let names = ["TINDERBOX_FIRECRACKER", "TINDERBOX_JAILER", "TINDERBOX_GUEST_KERNEL", "TINDERBOX_GUEST_ECHO_INITRAMFS"];
    let [firecracker, jailer, kernel, initramfs] = names.map(named);
    let (Some(firecracker), Some(jailer), Some(kernel), Some(initramfs)) = (firecracker, jailer, kernel, initramfs) else {
        eprintln!("skipped: {} name no Firecracker to test with", names.join(", "));
        return None;
    };
    if let Accelerator::Unusable { reason } = accelerator() {
        eprintln!("skipped: {reason}");
        return None;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("machines");
    std::fs::create_dir(&folder).unwrap();
    let config = Config {
        firecracker,
        jailer,
        cpu_template: named("TINDERBOX_GUEST_CPU_TEMPLATE"),
        boot_arguments: std::env::var("TINDERBOX_GUEST_BOOT_ARGS").unwrap_or_default(),
        folder,
        guest: "a test's".to_owned(),
    };
    let open = |path| Arc::new(File::open(path).unwrap());
    Some(Instruments { config, kernel: open(kernel), initramfs: open(initramfs), scratch })
}

/// Jails as the spawner makes them, as far as Firecracker can tell: namespaces, files by name, the jailer.
struct TestJails {
    folder: PathBuf,
}

const SCRIPT: &str = r#"
root=$1 uid=$2; shift 2
ip tuntap add dev tap0 mode tap user "$uid" && ip link set tap0 up || exit 90
while [ "$1" != -- ]; do
  [ -d "$2" ] && mkdir -p "$root/$1" || { mkdir -p "$(dirname "$root/$1")"; : >"$root/$1"; }
  mount --bind "$2" "$root/$1" || exit 91
  shift 2
done
shift; umask 0; exec "$@"
"#;

#[async_trait]
impl Jailer for TestJails {
    async fn start(&self, jail: Jail<'_>) -> Result<Arc<dyn Jailed>, BootError> {
        let base = self.folder.join(&jail.id);
        let root = base.join("firecracker").join(&jail.id).join("root");
        std::fs::create_dir_all(&root).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--propagation", "private", "bash", "-c", SCRIPT, "jail"]);
        command.arg(&root).arg(UID.to_string());
        for shown in &jail.shown {
            let path = std::fs::read_link(format!("/proc/self/fd/{}", shown.file.as_raw_fd())).unwrap();
            if shown.writable && shown.file.metadata().unwrap().is_file() {
                std::os::unix::fs::chown(&path, Some(UID), Some(UID)).unwrap();
            }
            command.arg(&shown.name).arg(path);
        }
        command.arg("--").arg(jail.jailer).args(["--id", &jail.id, "--exec-file"]).arg(jail.firecracker);
        command.args(["--uid", &UID.to_string(), "--gid", &UID.to_string(), "--chroot-base-dir"]).arg(&base);
        command.args(["--cgroup-version", "2", "--parent-cgroup", "no-such-group", "--"]).args(&jail.arguments);
        let said = File::options().create(true).append(true).open(self.folder.join(format!("{}.said", jail.id))).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).process_group(0);
        let child = command.spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        Ok(Arc::new(TestJail { pidfd, child: StdMutex::new(child), said: self.folder.join(format!("{}.said", jail.id)) }))
    }
}

struct TestJail {
    pidfd: std::os::fd::OwnedFd,
    child: StdMutex<std::process::Child>,
    said: PathBuf,
}

#[async_trait]
impl Jailed for TestJail {
    async fn ended(&self) -> String {
        let pidfd = self.pidfd.try_clone().unwrap();
        // SAFETY: the descriptor is owned, and closed only when dropped.
        let pidfd = unsafe { tokio::io::unix::AsyncFd::register_with_interest(pidfd, tokio::io::Interest::READABLE) }.unwrap();
        drop(pidfd.readable().await.unwrap());
        std::fs::read_to_string(&self.said).unwrap()
    }

    async fn end(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    async fn usage(&self) -> Result<Stats, BootError> {
        let pid = self.child.lock().unwrap().id();
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let rss = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
        let memory_bytes = rss.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10;
        Ok(Stats { memory_bytes, ..Stats::default() })
    }
}

impl Drop for TestJail {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        drop(child.kill());
        drop(child.wait());
    }
}

struct Bench {
    launcher: Arc<FirecrackerLauncher>,
    instruments: Instruments,
    world: World,
}

impl Bench {
    fn new() -> Option<Self> {
        let instruments = instruments()?;
        let world = World::real();
        let jails = instruments.scratch.path().join("jails");
        std::fs::create_dir(&jails).unwrap();
        let jails = Arc::new(TestJails { folder: jails });
        let launcher = FirecrackerLauncher::open(instruments.config.clone(), jails, world.clone()).unwrap();
        Some(Self { launcher: Arc::new(launcher), instruments, world })
    }

    /// A sparse image that begins with its own name.
    fn image(&self, name: &str, bytes: u64) -> Arc<File> {
        let path = self.instruments.scratch.path().join(name);
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path).unwrap();
        file.set_len(bytes).unwrap();
        file.write_all_at(name.as_bytes(), 0).unwrap();
        Arc::new(file)
    }

    fn spec(&self, slot: &str, tmp: &str) -> MachineSpec {
        let mut drives = vec![Drive { file: self.image("root", 1 << 20), writable: false }];
        drives.push(Drive { file: self.image(slot, SLOT_BYTES), writable: false });
        let placeholder = self.image("placeholder", SLOT_BYTES);
        drives.resize(7, Drive { file: placeholder, writable: false });
        drives.push(Drive { file: self.image(tmp, SLOT_BYTES), writable: true });
        MachineSpec {
            memory_mb: 128,
            share_mb: 128,
            vcpus: 1,
            kernel: self.instruments.kernel.clone(),
            initramfs: self.instruments.initramfs.clone(),
            boot_arguments: "rdinit=/init".to_owned(),
            drives,
            nat: false,
            allow_hosts: Vec::new(),
            rates: Rates::default(),
        }
    }

    #[track_caller]
    fn within<T>(&self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        let place = std::panic::Location::caller();
        let limited = self.world.timeout(Duration::from_secs(20), future);
        async move { limited.await.unwrap_or_else(|| panic!("not within a while: {place}")) }
    }
}

/// What the test's init says.
struct Guest(BufReader<Box<dyn crate::Connection>>);

impl Guest {
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

async fn boot(bench: &Bench, spec: &MachineSpec) -> (Box<dyn crate::microvm::vmm::Vmm>, Guest) {
    let machine = bench.within(bench.launcher.boot(spec)).await.unwrap();
    let mut guest = Guest(BufReader::new(machine.channel));
    assert!(bench.within(guest.line()).await.starts_with("hello n=1"));
    (machine.vmm, guest)
}

#[tokio::test]
async fn a_machine_boots_answers_stands_still_and_goes_on() {
    let Some(bench) = Bench::new() else { return };
    let (vmm, mut guest) = boot(&bench, &bench.spec("slot-one", "tmp-one")).await;
    assert!(bench.within(guest.ask("read vdb 0")).await.ends_with("slot-one"));
    vmm.pause().await.unwrap();
    vmm.pause().await.unwrap();
    let silent = bench.world.timeout(Duration::from_millis(200), guest.ask("rnd")).await;
    assert_eq!(silent, None, "a machine that stands still answers nothing");
    vmm.resume().await.unwrap();
    vmm.resume().await.unwrap();
    assert_eq!(bench.within(guest.line()).await.len(), 32);
    vmm.end().await;
    bench.within(vmm.ended()).await;
}

async fn snapshot_of(bench: &Bench, vmm: &dyn crate::microvm::vmm::Vmm, name: &str) -> Snapshot {
    let folder = bench.instruments.scratch.path().join(name);
    std::fs::create_dir(&folder).unwrap();
    vmm.pause().await.unwrap();
    bench.within(vmm.snapshot(&folder)).await.unwrap()
}

async fn restore(
    bench: &Bench,
    spec: &MachineSpec,
    from: &Snapshot,
) -> (Box<dyn crate::microvm::vmm::Vmm>, Guest) {
    let machine = bench.within(bench.launcher.restore(spec, from)).await.unwrap();
    machine.vmm.resume().await.unwrap();
    let mut guest = Guest(BufReader::new(machine.channel));
    assert!(bench.within(guest.line()).await.starts_with("hello n=2"));
    (machine.vmm, guest)
}

#[tokio::test]
async fn ten_copies_at_once_have_their_own_drives_and_once_told_their_own_random_numbers() {
    let Some(bench) = Bench::new() else { return };
    let (original, _) = boot(&bench, &bench.spec("slot-first", "tmp-first")).await;
    let snapshot = snapshot_of(&bench, original.as_ref(), "snapshot").await;
    original.end().await;
    let specs: Vec<MachineSpec> =
        (0..10).map(|nth| bench.spec(&format!("slot-{nth}"), &format!("tmp-{nth}"))).collect();
    let mut machines = Vec::new();
    let restores = specs.iter().map(|spec| restore(&bench, spec, &snapshot));
    for restored in futures_of(restores).await {
        machines.push(restored);
    }
    let mut drawn = std::collections::BTreeSet::new();
    for (nth, (_, guest)) in machines.iter_mut().enumerate() {
        assert!(guest.ask("read vdb 0").await.ends_with(&format!("slot-{nth}")));
        assert!(guest.ask("read vdh 0").await.ends_with(&format!("tmp-{nth}")));
        assert_eq!(guest.ask(&format!("seed fresh-entropy-of-the-host-{nth}")).await, "0 0");
        drawn.insert(guest.ask("rnd").await);
    }
    assert_eq!(drawn.len(), 10, "{drawn:?}");
    for (vmm, _) in &machines {
        vmm.end().await;
    }
}

async fn futures_of<T>(each: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = each.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, done) in all.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if all.iter().any(|(_, done)| done.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(all.drain(..).filter_map(|(_, done)| done).collect())
    })
    .await
}

#[tokio::test]
async fn a_machine_goes_on_after_its_snapshot_on_a_new_stream_and_gives_memory_back() {
    let Some(bench) = Bench::new() else { return };
    let (vmm, mut guest) = boot(&bench, &bench.spec("slot", "tmp")).await;
    guest.ask("alloc 60").await;
    guest.ask("free 60").await;
    let freed = bench.within(vmm.reclaim()).await.unwrap();
    assert!(freed > 40 << 20, "{freed} bytes");
    snapshot_of(&bench, vmm.as_ref(), "snapshot").await;
    let again = vmm.reconnect().await.unwrap().expect("the stream ended with the snapshot");
    vmm.resume().await.unwrap();
    assert_eq!(bench.within(guest.line()).await, "", "the old stream is over");
    let mut guest = Guest(BufReader::new(again));
    assert!(bench.within(guest.line()).await.starts_with("hello n=2"));
    assert_eq!(bench.within(guest.ask("rnd")).await.len(), 32);
}

#[tokio::test]
async fn a_snapshot_that_is_not_whole_is_refused_and_leaves_nothing() {
    let Some(bench) = Bench::new() else { return };
    let spec = bench.spec("slot", "tmp");
    let (vmm, _) = boot(&bench, &spec).await;
    let snapshot = snapshot_of(&bench, vmm.as_ref(), "snapshot").await;
    vmm.end().await;
    drop(vmm);
    let refused = async |what: &str| match bench.within(bench.launcher.restore(&spec, &snapshot)).await {
        Err(BootError::Host { reason, .. }) => reason,
        Err(other) => panic!("{what}: {other}"),
        Ok(_) => panic!("{what}: restored"),
    };
    let state = snapshot.folder.join(words::STATE_FILE);
    let good = std::fs::read(&state).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    for (what, bytes) in [("a changed byte", bad.as_slice()), ("a half", &good[..middle]), ("nothing", &[])] {
        std::fs::write(&state, bytes).unwrap();
        eprintln!("{what}: {}", refused(what).await);
    }
    std::fs::write(&state, &good).unwrap();
    File::options().write(true).open(&snapshot.memory).unwrap().set_len(1 << 20).unwrap();
    assert!(refused("a short memory").await.contains("128 MiB"));
    let left: Vec<_> = std::fs::read_dir(&bench.instruments.config.folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_monitor_that_is_killed_is_an_end_and_an_error_for_who_asks() {
    let Some(bench) = Bench::new() else { return };
    let (vmm, mut guest) = boot(&bench, &bench.spec("slot", "tmp")).await;
    guest.0.get_mut().write_all(b"off\n").await.unwrap();
    bench.within(vmm.ended()).await;
    assert!(matches!(vmm.pause().await, Err(BootError::Host { .. })));
    assert_eq!(bench.within(guest.line()).await, "");
    vmm.end().await;
}
