//! `tinderbox serve`: some of the roles in this process, the others on other nodes, until a signal.

use super::up::{block_on, host, launch, runtime, settings, signalled};
use super::with_parent::tie;
use crate::cli::{FleetKind, Global, ServeArgs};
use crate::cluster::Join;
use crate::cluster::fleet::{FleetSettings, Maker};
use crate::cluster::joined;
use crate::cluster::node::Node;
use crate::cluster::stores::StoreSettings;
use crate::failure::{Exit, Failure};
use crate::roles;
use crate::screen::Screen;
use fabric_rpc::NodeRole;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::json;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use types::PartitionCount;
use world::World;

/// Between two looks whether the process that this one belongs to is there.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(global: &Global, args: ServeArgs, screen: Screen) -> Result<(), Failure> {
    if args.die_with_parent {
        tie().map_err(|error| Failure::here(format!("the parent's end can not be heard of: {error}")))?;
    }
    let join = join(&args)?;
    let mut settings = settings(global, &args.server)?;
    let launched = match join.is(NodeRole::Worker) {
        true => launch(&args.server, &mut settings, screen)?,
        false if args.fleet.fleet == FleetKind::LocalProcess => {
            roles::launch_for_workers(&args.server.data).map_err(host)?
        }
        false => roles::launch(&args.server.data, None).map_err(host)?,
    };
    block_on(runtime()?, async {
        let (end, hurry) = (ended(args.end_with, signalled(1))?, signalled(2));
        let node = Node::start(join.clone(), settings, launched).await.map_err(host)?;
        announce(screen, &node, &join)?;
        Box::pin(node.serve(end, hurry)).await.map_err(Failure::here)
    })
}

/// What the operator said, checked.
fn join(args: &ServeArgs) -> Result<Join, Failure> {
    let wrong = |error: String| Failure::new(Exit::Usage, error);
    let mut roles = args.roles.clone();
    if roles.contains(&NodeRole::Frontend) {
        roles.push(NodeRole::Control);
    } else if roles.contains(&NodeRole::Control) {
        return Err(wrong("control is part of every frontend: say --roles frontend".to_owned()));
    }
    roles.sort_unstable();
    roles.dedup();
    let blobs = args.blobs().map_err(wrong)?;
    if blobs.is_none() && (roles.contains(&NodeRole::Frontend) || roles.contains(&NodeRole::Worker)) {
        return Err(wrong("frontends and workers need --blobs, where code and log lines lie".to_owned()));
    }
    let name = args.join.name().map_err(wrong)?;
    let certificates = certificates(args, &name);
    if !args.fabric.ip().is_loopback() && certificates.is_none() {
        let message =
            format!("{} is not loopback: without certificates everybody there is a node", args.fabric);
        return Err(Failure::new(Exit::Host, message)
            .advise("`tinderbox certs init` makes certificates, whose folder is given with --certs DIR; with --token TOKEN a \
                     node gets one by itself"));
    }
    Ok(Join {
        name,
        roles,
        zone: args.zone.clone(),
        stores: StoreSettings { nats: args.join.nats.settings(&args.join.join), blobs },
        partitions: args.partitions.and_then(PartitionCount::new),
        fabric: args.fabric,
        advertise: args.advertise.clone(),
        certificates,
        token: args.token.clone(),
        authority: args.authority.clone(),
        fleet: fleet(args)?,
    })
}

/// A signal, or the end of the process that this one belongs to.
fn ended(
    with: Option<i32>,
    signalled: impl Future<Output = ()> + Send + 'static,
) -> Result<Pin<Box<dyn Future<Output = ()> + Send>>, Failure> {
    let Some(pid) = with.and_then(Pid::from_raw) else { return Ok(Box::pin(signalled)) };
    let process = pidfd_open(pid, PidfdFlags::empty())
        .map_err(|error| Failure::here(format!("process {}: {error}", pid.as_raw_nonzero())))?;
    let world = World::real();
    let over = async move {
        // Readable once it has ended.
        let mut look = [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)];
        while !matches!(poll(&mut look, Some(&Timespec::default())), Ok(1..)) {
            world.clock.sleep(LOOK).await;
        }
    };
    Ok(Box::pin(async move {
        tokio::select! {
            () = signalled => {}
            () = over => {}
        }
    }))
}

/// Who makes workers, checked.
fn fleet(args: &ServeArgs) -> Result<FleetSettings, Failure> {
    let wrong = |error: &str| Failure::new(Exit::Usage, error);
    let flags = &args.fleet;
    if flags.fleet != FleetKind::Static && !args.roles.contains(&NodeRole::Placement) {
        return Err(wrong("--fleet is for nodes of the role placement"));
    }
    if flags.fleet == FleetKind::LocalProcess && args.roles != [NodeRole::Placement] {
        return Err(wrong(
            "--fleet local-process is for a node of the role placement and no other: it keeps privileges, for its \
                          workers",
        ));
    }
    if flags.fleet_min > flags.fleet_max {
        return Err(wrong("--fleet-min is more than --fleet-max"));
    }
    let maker = match (flags.fleet, &flags.fleet_command) {
        (FleetKind::Command, Some(program)) => Maker::Program(program.clone()),
        (FleetKind::Command, None) => return Err(wrong("--fleet command needs --fleet-command PATH")),
        (FleetKind::Static, _) => Maker::Operator,
        (FleetKind::LocalProcess, _) => {
            let folder = flags.fleet_folder.clone().unwrap_or_else(|| args.server.data.join("fleet"));
            let own = args.fleet.fleet_config.is_none().then(|| args.join.join.clone());
            // Where others reach this node is no worker's address.
            let advertise = ("TINDERBOX_ADVERTISE".to_owned(), None);
            let join = own.map(|join| ("TINDERBOX_JOIN".to_owned(), Some(join)));
            let variables = std::iter::once(advertise).chain(join).collect();
            Maker::ThisMachine { command: worker_command(args)?, variables, folder }
        }
    };
    let own = || vec![args.zone.clone()];
    Ok(FleetSettings {
        maker,
        zones: if flags.fleet_zones.is_empty() { own() } else { flags.fleet_zones.clone() },
        workers_min: flags.fleet_min,
        workers_max: flags.fleet_max,
        free_mb: flags.fleet_free,
        room_mb: flags.fleet_room,
        shrink_after: flags.fleet_idle,
    })
}

/// How placement starts a worker on this machine.
fn worker_command(args: &ServeArgs) -> Result<Vec<String>, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::here(error.to_string()))?;
    let mut command = vec![program.to_string_lossy().into_owned()];
    let fixed =
        "serve --output json --fleet static --roles worker --name {worker} --zone {zone} --data {data}";
    command.extend(fixed.split(' ').map(str::to_owned));
    if let Some(config) = &args.fleet.fleet_config {
        command.extend(["--config".to_owned(), config.to_string_lossy().into_owned()]);
        return Ok(command);
    }
    let Some(blobs) = &args.blobs else {
        let message = "workers need --blobs: say it here, too, or in the file of --fleet-config";
        return Err(Failure::new(Exit::Usage, message));
    };
    if args.join.certs.is_some() || args.token.is_some() {
        let message = "workers of --fleet local-process need certificates, too";
        return Err(Failure::new(Exit::Usage, message).advise(
            "give them a file by --fleet-config FILE, with a token of `tinderbox certs token --roles worker --name-prefix w- \
             --uses N` in it",
        ));
    }
    let platform = args.join.nats.platform.as_str().to_owned();
    command.extend(["--blobs".to_owned(), blobs.clone()]);
    command.extend(["--platform".to_owned(), platform, "--fabric".to_owned(), "127.0.0.1:0".to_owned()]);
    if let Some(replicas) = args.join.nats.replicas {
        command.extend(["--replicas".to_owned(), replicas.to_string()]);
    }
    Ok(command)
}

/// The folder of its certificates: as said, or in its data folder if a token gave it one or will.
fn certificates(args: &ServeArgs, name: &str) -> Option<PathBuf> {
    let own = || args.server.data.join("certs");
    let by_token = || (args.token.is_some() || joined::is_there(&own(), name)).then(own);
    args.join.certs.clone().or_else(by_token)
}

fn announce(screen: Screen, node: &Node, join: &Join) -> Result<(), Failure> {
    for wall in &node.missing {
        tracing::warn!("{wall}");
    }
    let endpoint = node.endpoint.map(|address| format!("http://{address}"));
    let roles: Vec<&str> = join.roles.iter().map(|role| role.name()).collect();
    if screen.json {
        let ready = json!({
            "name": join.name,
            "roles": roles,
            "zone": join.zone,
            "fabric": node.fabric.to_string(),
            "endpoint": endpoint,
            "missing": node.missing,
        });
        return screen.line(ready.to_string());
    }
    let frontend = endpoint.map(|endpoint| format!(", Lambda's API at {endpoint}")).unwrap_or_default();
    screen.line(format!(
        "{} ({}, zone {}) is ready{frontend}; other nodes reach it at {}\nCtrl-C ends it.",
        join.name,
        roles.join(", "),
        join.zone,
        join.advertise.clone().unwrap_or_else(|| node.fabric.to_string()),
    ))
}
