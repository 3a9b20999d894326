//! `tinderbox cluster up`: nats-server and every node as processes of this machine.
//!
//! ```text
//! nats-server ─► listens ─► nodes, all at once ─► each says that it is ready ─► Ctrl-C ─► nodes in their order ─► nats-server
//! ```
//! All of them end with this process, also when it is killed: the kernel sees to that.

use super::up::signalled;
use crate::cli::{ClusterArgs, ClusterCommand, ClusterUpArgs, FleetKind};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use world::World;

/// For nats-server to listen.
const NATS_WAIT: Duration = Duration::from_secs(15);
/// For a node to be ready: the first one makes the streams.
const READY_WAIT: Duration = Duration::from_secs(60);
/// From being told to end to being killed: a worker waits for its invocations.
const GRACE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
/// Where placement writes down which workers it has started.
const FLEET: &str = "fleet";

/// One process.
struct Node {
    name: String,
    child: Child,
    endpoint: Option<String>,
}

pub(super) fn run(args: ClusterArgs, screen: Screen) -> Result<(), Failure> {
    let ClusterCommand::Up(args) = args.command;
    // Children are tied to the thread that starts them: it is this one, which lasts as long as the process.
    super::status::inside(up(&args, screen))
}

async fn up(args: &ClusterUpArgs, screen: Screen) -> Result<(), Failure> {
    let world = World::real();
    let end = signalled(1);
    std::fs::create_dir_all(&args.data).map_err(at(&args.data))?;
    let data = args.data.canonicalize().map_err(at(&args.data))?;
    let (mut nats, join) = match &args.join {
        Some(join) => (None, join.clone()),
        None => {
            let (child, url) = start_nats(&world, &args.nats_server, &data).await?;
            (Some(child), url)
        }
    };
    let spinner = screen.spinner("starting the nodes");
    let mut nodes = Vec::new();
    let fleet = fleet(args, &data, &join)?;
    for (name, zone, flags) in plan(args, &fleet) {
        let partitions = args.partitions.iter().map(|count| format!("--partitions={count}"));
        let flags = flags.into_iter().chain(partitions).collect();
        nodes.push(start(&data, &join, &name, &zone, flags)?);
    }
    for node in &mut nodes {
        ready(&world, &data, node).await?;
    }
    drop(spinner);
    announce(screen, &nodes, &join)?;
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            () = world.clock.sleep(Duration::from_millis(500)) => look_at(&mut nodes, screen),
        }
    }
    for node in nodes {
        finish(&world, node.child).await;
    }
    // Nobody starts others in their place any more.
    let left = crate::cluster::fleet::end_all(&world, data.join(FLEET)).await;
    if let Err(error) = left {
        screen.note(format!("a worker has not ended: {error}"));
    }
    if let Some(nats) = nats.take() {
        finish(&world, nats).await;
    }
    Ok(())
}

/// Name, zone and flags of each node, in the order in which they end.
fn plan(args: &ClusterUpArgs, fleet: &[String]) -> Vec<(String, String, Vec<String>)> {
    let zone = |number: u32| format!("z{}", number % args.zones + 1);
    let flags = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut nodes = Vec::new();
    for number in 0..args.frontends {
        let port =
            if args.port == 0 { 0 } else { args.port.saturating_add(u16::try_from(number).unwrap_or(0)) };
        nodes.push((
            format!("f{}", number + 1),
            zone(number),
            flags(&format!("--roles frontend --port {port}")),
        ));
    }
    let memory_mb = memory_mb(args);
    // With a fleet of placement's own all workers are its.
    let workers = if fleet.is_empty() { args.workers } else { 0 };
    for number in 0..workers {
        let flags = flags(&format!("--roles worker --memory {memory_mb}"));
        nodes.push((format!("w{}", number + 1), zone(number), flags));
    }
    for role in ["assignment", "placement"] {
        for number in 0..2 {
            let name = format!("{}{}", &role[..1], number + 1);
            let idle = args.idle_timeout.as_secs();
            let mut flags = flags(&format!("--roles {role} --idle-timeout {idle}s"));
            if role == "placement" {
                flags.extend(fleet.iter().cloned());
            }
            nodes.push((name, zone(number), flags));
        }
    }
    nodes
}

fn workers_max(args: &ClusterUpArgs) -> u32 {
    match args.fleet {
        FleetKind::LocalProcess => args.max_workers.unwrap_or(args.workers * 2).max(args.workers),
        _ => args.workers,
    }
}

/// Of one worker.
fn memory_mb(args: &ClusterUpArgs) -> u64 {
    let shared = || crate::roles::memory_of_host_mb() / u64::from(workers_max(args));
    args.memory.unwrap_or_else(shared).max(128)
}

/// What placement is told of the fleet; nothing if the workers are this command's.
fn fleet(args: &ClusterUpArgs, data: &Path, join: &str) -> Result<Vec<String>, Failure> {
    match args.fleet {
        FleetKind::Static if args.max_workers.is_some() => {
            return Err(Failure::new(Exit::Usage, "--max-workers is of --fleet local-process"));
        }
        FleetKind::Static => return Ok(Vec::new()),
        FleetKind::LocalProcess => {}
        FleetKind::Command => {
            return Err(Failure::new(
                Exit::Usage,
                "`cluster up` has --fleet local-process; `serve` has command, too",
            ));
        }
    }
    // Placement starts them, but they are this command's: its end is theirs.
    let config = data.join("fleet.conf");
    let text = format!(
        "join = {join}\nblobs = file://{}\nfabric = 127.0.0.1:0\nmemory = {}\nend-with = {}\n",
        data.join("blobs").display(),
        memory_mb(args),
        std::process::id(),
    );
    std::fs::write(&config, text).map_err(at(&config))?;
    let zones: Vec<String> = (1..=args.zones).map(|zone| format!("z{zone}")).collect();
    let words = [
        ("--fleet", "local-process".to_owned()),
        ("--fleet-min", args.workers.to_string()),
        ("--fleet-max", workers_max(args).to_string()),
        ("--fleet-zones", zones.join(",")),
        ("--fleet-free", (memory_mb(args) / 2).to_string()),
        ("--fleet-room", memory_mb(args).to_string()),
        ("--fleet-idle", format!("{}s", args.fleet_idle.as_secs())),
        ("--fleet-config", config.to_string_lossy().into_owned()),
        ("--fleet-folder", data.join(FLEET).to_string_lossy().into_owned()),
    ];
    Ok(words.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect())
}

fn start(data: &Path, join: &str, name: &str, zone: &str, flags: Vec<String>) -> Result<Node, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::here(error.to_string()))?;
    let log = data.join(format!("{name}.log"));
    let log = File::create(&log).map_err(at(&log))?;
    let blobs = format!("file://{}", data.join("blobs").display());
    let child = Command::new(program)
        .args(["serve", "--output", "json", "-v", "--die-with-parent", "--fabric", "127.0.0.1:0"])
        .args(["--join", join, "--name", name, "--zone", zone, "--blobs", &blobs, "--data"])
        .arg(data.join(name))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        // A Ctrl-C at the terminal is for this process, which ends them in their order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::here(format!("{name}: {error}")))?;
    Ok(Node { name: name.to_owned(), child, endpoint: None })
}

/// Its first line says that it is ready, and where.
async fn ready(world: &World, data: &Path, node: &mut Node) -> Result<(), Failure> {
    let log = data.join(format!("{}.log", node.name));
    let failed = |why: &str| {
        Failure::new(Exit::Host, format!("{} {why}", node.name))
            .advise(format!("its words are in {}", log.display()))
    };
    let Some(out) = node.child.stdout.take() else { return Err(failed("has no output")) };
    let mut line = String::new();
    let mut out = BufReader::new(out);
    let read = world.timeout(READY_WAIT, out.read_line(&mut line)).await;
    let said: Option<Value> = serde_json::from_str(&line).ok();
    match (read, said) {
        (None, _) => Err(failed("is not ready in time")),
        (Some(_), Some(said)) => {
            node.endpoint = said["endpoint"].as_str().map(str::to_owned);
            // It says nothing more, and what it might is not waited for by a full pipe.
            world.spawn("cluster.output", async move {
                let _ = tokio::io::copy(&mut out, &mut tokio::io::sink()).await;
            });
            Ok(())
        }
        (Some(_), None) => Err(failed("did not start")),
    }
}

fn announce(screen: Screen, nodes: &[Node], join: &str) -> Result<(), Failure> {
    if screen.json {
        let all: Vec<Value> = nodes
            .iter()
            .map(|node| json!({ "name": node.name, "pid": node.child.id(), "endpoint": node.endpoint }))
            .collect();
        return screen.line(json!({ "join": join, "nodes": all }).to_string());
    }
    let names: Vec<String> =
        nodes.iter().map(|node| format!("{} ({})", node.name, node.child.id().unwrap_or(0))).collect();
    let endpoints: Vec<&str> = nodes.iter().filter_map(|node| node.endpoint.as_deref()).collect();
    screen.line(format!(
        "the platform is ready at {}\nnodes (pids): {}\n\nNext, in another terminal:\n  \
         export TINDERBOX_ENDPOINT={} TINDERBOX_JOIN={join}\n  \
         tinderbox deploy examples/hello-python\n  tinderbox invoke hello-python --trace\n  tinderbox status\n\n\
         Kill one of them and look again. Ctrl-C ends all.",
        endpoints.join(" and "),
        names.join(" "),
        endpoints.first().unwrap_or(&""),
    ))
}

/// Says who has ended by itself, once each.
fn look_at(nodes: &mut Vec<Node>, screen: Screen) {
    nodes.retain_mut(|node| match node.child.try_wait() {
        Ok(Some(status)) => {
            screen.note(format!("{} has ended ({status})", node.name));
            false
        }
        _ => true,
    });
}

async fn finish(world: &World, mut child: Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::TERM); // it may have ended
    }
    if world.timeout(GRACE, child.wait()).await.is_none() {
        let _ = child.kill().await; // likewise
    }
}

async fn start_nats(world: &World, program: &Path, data: &Path) -> Result<(Child, String), Failure> {
    let port = free_port().map_err(|error| Failure::here(error.to_string()))?;
    let config = data.join("nats.conf");
    let store = data.join("nats");
    let text = format!(
        "host: 127.0.0.1\nport: {port}\njetstream {{\n  store_dir: {:?}\n  sync_interval: always\n}}\n",
        store.display().to_string()
    );
    std::fs::write(&config, text).map_err(at(&config))?;
    let log = data.join("nats.log");
    let out = File::create(&log).map_err(at(&log))?;
    let exe = std::env::current_exe().map_err(|error| Failure::here(error.to_string()))?;
    let mut child = Command::new(exe)
        .args(["with-parent", "--"])
        .arg(find(program)?)
        .arg("-c")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(out)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::here(format!("nats-server: {error}")))?;
    let listening = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            world.clock.sleep(LOOK).await;
        }
    };
    let why = tokio::select! {
        listening = world.timeout(NATS_WAIT, listening) => match listening {
            Some(()) => return Ok((child, format!("nats://127.0.0.1:{port}"))),
            None => "does not listen",
        },
        _ = child.wait() => "has ended",
    };
    Err(Failure::new(Exit::Host, format!("nats-server {why}"))
        .advise(format!("its words are in {}", log.display())))
}

/// The program, by its path or on the PATH.
fn find(program: &Path) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path =
        || std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    let found = if program.components().count() > 1 { Some(program.to_owned()) } else { on_path() };
    found.ok_or_else(|| {
        Failure::new(Exit::Host, format!("{} is not installed", program.display())).advise(
            "install it (Debian: apt install nats-server), name it with --nats-server PATH, or give servers that run \
             with --join nats://HOST:PORT",
        )
    })
}

/// Nobody else takes it in the moment until nats-server does; if somebody does, it says so.
fn free_port() -> std::io::Result<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::here(format!("{}: {error}", path.display()))
}
