//! Starts and ends servers.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use substrate::LogName;
use substrate::nats::{Nats, NatsSettings};
use world::World;

/// How long something may take that takes a moment where the machine is idle.
pub(crate) const GENEROUS: Duration = Duration::from_secs(60);

/// A program of the tools step; `None`, with a sentence, where it is not installed and this is not CI.
fn program(name: &str) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools");
    let tools = std::env::var_os("TINDERBOX_TEST_TOOLS").map_or(target, PathBuf::from);
    let path = tools.join("venv/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "CI must have {name}: `cargo xtask test --only tools` installs it"
    );
    eprintln!("skipped: {} is not there; `cargo xtask test --only tools` installs it", path.display());
    None
}

/// A port that was free a moment ago, and below those that the kernel gives to clients and listeners by itself.
fn free_port() -> u16 {
    let world = World::real();
    let ports =
        std::iter::repeat_with(|| 12_000 + u16::try_from(world.random_u64() % 18_000).expect("small"));
    ports
        .take(100)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of a hundred is free")
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn listening(world: &World, address: SocketAddr) {
    let up = async {
        while TcpStream::connect(address).is_err() {
            world.clock.sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(world.timeout(GENEROUS, up).await.is_some(), "nothing listens at {address}");
}

/// One NATS server, which can be killed and started again.
pub(crate) struct NatsServer {
    program: PathBuf,
    configuration: PathBuf,
    pub(crate) address: SocketAddr,
    /// For `doctor`.
    pub(crate) monitor: SocketAddr,
    pub(crate) name: String,
    process: Option<Process>,
    _folder: Option<tempfile::TempDir>,
}

impl NatsServer {
    /// A server by itself, its data in `store` or in a folder of its own.
    pub(crate) async fn start(world: &World, store: Option<&Path>, extra: &str) -> Option<Self> {
        let mut server = Self::prepare("alone", store, extra)?;
        server.up();
        listening(world, server.address).await;
        Some(server)
    }

    /// A server as its defaults are: answered writes reach the disk every two minutes.
    pub(crate) async fn start_lazy(world: &World) -> Option<Self> {
        let mut server = Self::prepare("lazy", None, "")?;
        let text = fs::read_to_string(&server.configuration).expect("written");
        fs::write(&server.configuration, text.replace(", sync_interval: always", "")).expect("written");
        server.up();
        listening(world, server.address).await;
        Some(server)
    }

    fn prepare(name: &str, store: Option<&Path>, extra: &str) -> Option<Self> {
        let program = program("nats-server")?;
        let folder = tempfile::tempdir().expect("a folder");
        let store = store.map_or_else(|| folder.path().join("store"), Path::to_owned);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let monitor = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let configuration = folder.path().join("nats.conf");
        let text = format!(
            "server_name: {name}\nlisten: \"{address}\"\nhttp: \"{monitor}\"\n\
             jetstream {{ store_dir: \"{}\", max_file_store: 3GB, sync_interval: always }}\n{extra}\n",
            store.display()
        );
        fs::write(&configuration, text).expect("written");
        let name = name.to_owned();
        Some(Self { program, configuration, address, monitor, name, process: None, _folder: Some(folder) })
    }

    pub(crate) fn up(&mut self) {
        let log = fs::File::create(self.configuration.with_extension("log")).expect("a log");
        let child = Command::new(&self.program)
            .arg("-c")
            .arg(&self.configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.process = Some(Process(child.expect("starts")));
    }

    /// As a crash: no signal that could be handled.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn settings(&self, name: &str) -> NatsSettings {
        settings(&[self.address], name)
    }
}

/// Small streams, since the server sets their room aside.
pub(crate) fn settings(servers: &[SocketAddr], name: &str) -> NatsSettings {
    let urls = servers.iter().map(|address| format!("nats://{address}")).collect();
    NatsSettings {
        kv_bytes_max: 64 << 20,
        log_bytes_max: 64 << 20,
        patience: Duration::from_secs(30),
        ..NatsSettings::new(urls, LogName::new(name).expect("a name"))
    }
}

/// Three servers that know of each other.
pub(crate) struct NatsCluster {
    pub(crate) servers: Vec<NatsServer>,
}

impl NatsCluster {
    pub(crate) async fn start(world: &World) -> Option<Self> {
        let routes: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let mut servers = Vec::new();
        for number in 0..3 {
            let others: Vec<String> = (routes.iter().enumerate())
                .filter(|(other, _)| *other != number)
                .map(|(_, port)| format!("nats://127.0.0.1:{port}"))
                .collect();
            let cluster = format!(
                "cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}",
                routes[number],
                others.join(", ")
            );
            servers.push(NatsServer::prepare(&format!("n{number}"), None, &cluster)?);
        }
        for server in &mut servers {
            server.up();
        }
        for server in &servers {
            listening(world, server.address).await;
        }
        Some(Self { servers })
    }

    pub(crate) fn settings(&self, name: &str) -> NatsSettings {
        let addresses: Vec<SocketAddr> = self.servers.iter().map(|server| server.address).collect();
        settings(&addresses, name)
    }

    pub(crate) fn named(&mut self, name: &str) -> &mut NatsServer {
        self.servers.iter_mut().find(|server| server.name == name).expect("one of the three")
    }
}

/// A connection; a cluster that has just started elects first, so asking again is fair.
pub(crate) async fn connect(world: &World, settings: NatsSettings) -> Nats {
    Nats::connect(world, settings).await.expect("connects")
}

/// moto's S3.
pub(crate) struct S3Server {
    pub(crate) address: SocketAddr,
    _process: Process,
}

impl S3Server {
    pub(crate) async fn start(world: &World) -> Option<Self> {
        let program = program("moto_server")?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Process(child.expect("starts"));
        listening(world, address).await;
        Some(Self { address, _process: process })
    }
}

/// A file system of a few MB: a disk that can be full.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, with a sentence, where this is not root.
    pub(crate) fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        assert!(std::env::var_os("CI").is_none(), "CI may mount");
        eprintln!("skipped: only root mounts a small disk");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is being killed may still have it open.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Runs the ignored test of that name in a process of its own and kills it, as kill -9 does, once it has printed
/// `lines` lines that begin with `acknowledged`; answers those.
pub(crate) fn killed_after(test: &str, folder: &Path, lines: usize) -> Vec<u64> {
    let child = Command::new(std::env::current_exe().expect("this test"))
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("TINDERBOX_TORN_FOLDER", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut process = Process(child.expect("starts"));
    let output = BufReader::new(process.0.stdout.take().expect("piped"));
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        let line = line.expect("text");
        if let Some(number) = line.rsplit_once("acknowledged ").map(|(_, number)| number) {
            acknowledged.push(number.parse().expect("a number"));
        }
        if acknowledged.len() == lines {
            process.0.kill().expect("killed");
        }
    }
    acknowledged
}
