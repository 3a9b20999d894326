//! `tinderbox serve`: some of the roles in this process, the others on other nodes, until a signal.

use super::up::{block_on, host, launch, runtime, settings, signalled};
use super::with_parent::tie;
use crate::cli::{Global, ServeArgs};
use crate::cluster::Join;
use crate::cluster::joined;
use crate::cluster::node::Node;
use crate::cluster::stores::StoreSettings;
use crate::failure::{Exit, Failure};
use crate::roles;
use crate::screen::Screen;
use fabric_rpc::NodeRole;
use serde_json::json;
use std::path::PathBuf;

pub(super) fn run(global: &Global, args: ServeArgs, screen: Screen) -> Result<(), Failure> {
    if args.die_with_parent {
        tie().map_err(|error| Failure::here(format!("the parent's end can not be heard of: {error}")))?;
    }
    let join = join(&args)?;
    let mut settings = settings(global, &args.server)?;
    let launched = match join.is(NodeRole::Worker) {
        true => launch(&args.server, &mut settings, screen)?,
        false => roles::launch(&args.server.data, None).map_err(host)?,
    };
    block_on(runtime()?, async {
        let (end, hurry) = (signalled(1), signalled(2));
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
        fabric: args.fabric,
        advertise: args.advertise.clone(),
        certificates,
        token: args.token.clone(),
        authority: args.authority.clone(),
    })
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
