//! `tinderbox certs init`: the authority of a platform, and its nodes' certificates, as files.

mod joining;

use crate::cli::{CertsArgs, CertsCommand, InitArgs};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric_rpc::Party;
use fabric_rpc::certs::{Authority, CertError, Issued};
use serde_json::{Value, json};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use world::World;

const DAY: Duration = Duration::from_secs(86_400);
/// Readable by their owner only, all of them: which key belongs to what is nobody else's business either.
const MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

pub(super) fn run(args: &CertsArgs, screen: Screen) -> Result<(), Failure> {
    let args = match &args.command {
        CertsCommand::Init(args) => args,
        CertsCommand::Token(args) => return joining::token(args, screen),
        CertsCommand::Serve(args) => return joining::serve(args, screen),
    };
    // The world's real clock wants a runtime around it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Failure::here(format!("no runtime: {error}")))?;
    let _inside = runtime.enter();
    init(&World::real(), args, screen)
}

fn init(world: &World, args: &InitArgs, screen: Screen) -> Result<(), Failure> {
    // What can be refused is refused before anything is made.
    if let Some(there) =
        args.names.iter().map(|party| files(&args.dir, &party.name).0).find(|path| path.exists())
        && !args.renew
    {
        return Err(Failure::here(format!("{} is there already", there.display()))
            .advise("--renew replaces it; the node uses the new one when it is started again"));
    }
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&args.dir).map_err(at(&args.dir))?;
    let (authority, made) = authority(world, &args.dir)?;
    let (certificate, _) = files(&args.dir, "ca");
    if !screen.json {
        let what = if made { "made the authority" } else { "by the authority" };
        screen.line(format!("{what} {}", certificate.display()))?;
    }
    let mut nodes = Vec::new();
    for party in &args.names {
        let issued = authority.node(party, DAY * args.days).map_err(failure)?;
        nodes.push(keep(&args.dir, party, &issued, args.days, screen)?);
    }
    if screen.json {
        return screen.value(&json!({ "authority": certificate, "made": made, "nodes": nodes }));
    }
    if nodes.is_empty() && made {
        screen.line("next: a certificate for each node, as `tinderbox certs init --name w1=worker`")?;
    }
    Ok(())
}

fn keep(dir: &Path, party: &Party, issued: &Issued, days: u32, screen: Screen) -> Result<Value, Failure> {
    let (certificate, key) = files(dir, &party.name);
    for (path, text) in [(&key, &issued.key), (&certificate, &issued.certificate)] {
        replace(path, text).map_err(at(path))?;
    }
    if !screen.json {
        screen.line(format!("made {} for {party}, {days} days", certificate.display()))?;
    }
    let roles: Vec<&str> = party.roles.iter().map(|role| role.name()).collect();
    Ok(json!({ "name": party.name, "roles": roles, "certificate": certificate, "key": key, "days": days }))
}

/// The one of this folder; true if it was made now.
fn authority(world: &World, dir: &Path) -> Result<(Authority, bool), Failure> {
    let (certificate, key) = files(dir, "ca");
    match (certificate.exists(), key.exists()) {
        (true, true) => {
            let text = std::fs::read_to_string(&key).map_err(at(&key))?;
            Ok((Authority::load(world.clone(), &text).map_err(failure)?, false))
        }
        (false, false) => {
            let (authority, issued) = Authority::new(world.clone()).map_err(failure)?;
            // The key first, and never over another's: without it the certificate is of no use to anybody.
            create(&key, &issued.key).map_err(at(&key))?;
            create(&certificate, &issued.certificate).map_err(at(&certificate))?;
            Ok((authority, true))
        }
        (there, _) => {
            let (there, missing) = if there { (certificate, key) } else { (key, certificate) };
            let message = format!("{} is there and {} is not", there.display(), missing.display());
            Err(Failure::here(message)
                .advise("bring the other one back, or give --dir DIR another folder for a new authority"))
        }
    }
}

/// Certificate and key.
fn files(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")))
}

/// A new file.
fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whole at any moment, and under the right mode whatever was there.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create(&beside, text)?;
    std::fs::rename(&beside, path)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::here(format!("{}: {error}", path.display()))
}

fn failure(error: CertError) -> Failure {
    match error {
        CertError::Processor(error) => Failure::new(Exit::Host, error.to_string())
            .advise("make the certificates on another machine; nodes need such a processor, too"),
        error => Failure::here(error.to_string()),
    }
}
