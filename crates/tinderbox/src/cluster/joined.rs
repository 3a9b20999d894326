//! A certificate that this node got by a token, and keeps fresh by itself.
//!
//! ```text
//!  bare ──key made and kept──► asking ──certificate came──► NAME.joined (whole, or as before) ─► key of asking removed
//!                                 ▲                             │ two thirds of its time are over
//!                                 └──── a key for the next ◄────┘  (asked by the certificate itself, again and again)
//! ```
//! The key is on the disk before anybody is asked for a certificate for it: whoever starts again after an answer was lost asks
//! for the same, which the authority counts as the same use of its token.

use super::Join;
use crate::roles::StartError;
use fabric_rpc::certs::Key;
use fabric_rpc::join::{JoinError, Joined, Proof, Refused, Wanted, ask, fingerprint};
use fabric_rpc::{Identity, NodeRole, Party, Trust};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use world::{TaskHandle, World};

const FORMAT: u32 = 1;
/// After a renewal that failed: so long, or less where the certificate counts for minutes.
const AGAIN: Duration = Duration::from_secs(60);
const AGAIN_MIN: Duration = Duration::from_millis(500);

/// What is kept, in one file, which is readable by its owner only.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    format: u32,
    roles: Vec<String>,
    /// Where the authority is reached.
    address: String,
    /// PEM, all three.
    authority: String,
    certificate: String,
    key: String,
    life_s: u64,
    /// On this machine's clock.
    got_ms: u64,
}

impl Kept {
    pub(super) fn identity(&self, world: &World) -> Result<Identity, StartError> {
        let identity = Identity::new(world, &self.authority, &self.certificate, &self.key);
        Ok(identity.map_err(|error| error.to_string())?)
    }

    /// What it has been given for, of its time, is over at `now_ms`.
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.got_ms.saturating_add(self.life_s.saturating_mul(1_000))
    }

    fn is_for(&self, roles: &[NodeRole]) -> bool {
        roles.iter().all(|role| self.roles.iter().any(|kept| kept == role.name()))
    }

    /// Until it is to be renewed.
    fn fresh_for(&self, now_ms: u64) -> Duration {
        let due_ms = self.got_ms.saturating_add(self.life_s.saturating_mul(1_000) / 3 * 2);
        // By a clock that was set back it is not put off for longer than that.
        let most = Duration::from_secs(self.life_s) / 3 * 2;
        Duration::from_millis(due_ms.saturating_sub(now_ms)).min(most)
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.joined"))
}

fn key_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.joining"))
}

pub(crate) fn is_there(folder: &Path, name: &str) -> bool {
    file(folder, name).exists()
}

pub(super) fn read(folder: &Path, name: &str) -> Result<Option<Kept>, StartError> {
    let path = file(folder, name);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(at(&path))?,
    };
    let kept: Kept = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if kept.format != FORMAT {
        return Err(format!("{}: of another version", path.display()).into());
    }
    Ok(Some(kept))
}

/// Gets a certificate by the token, if there is one to get.
pub(super) async fn ensure(world: &World, join: &Join) -> Result<(), StartError> {
    let Some(folder) = &join.certificates else { return Ok(()) };
    if let Some(kept) = read(folder, &join.name)?.filter(|kept| !kept.is_over(world.wall().millis())) {
        if kept.is_for(&join.roles) {
            return Ok(());
        }
        if join.token.is_none() {
            return Err(StartError {
                message: format!("the certificate of {} is for {} only", join.name, kept.roles.join(",")),
                advice: "ask for a token with `tinderbox certs token --name NAME --roles ROLES` where the authority is, and \
                         start this node with it",
            });
        }
    } else if is_there(folder, &join.name) && join.token.is_none() {
        return Err(StartError {
            message: format!("the certificate of {} has ended and was not renewed in time", join.name),
            advice: "ask for a new token with `tinderbox certs token --roles ROLES` where the authority is, and start this \
                     node with it",
        });
    }
    let Some(token) = &join.token else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
    let key = waiting_key(folder, &join.name)?;
    let party = Party { name: join.name.clone(), roles: join.roles.clone() };
    let address = join.authority.as_ref().unwrap_or(&token.address);
    let proof = Proof::Token { id: token.id, secret: token.secret };
    let wanted = Wanted { party: &party, key: &key };
    let joined = ask(world, address, token.authority, proof, wanted).await.map_err(refused)?;
    keep(world, folder, &party, address, &key, joined)?;
    tracing::info!(node = %party, "has a certificate by its token");
    Ok(())
}

/// Words for whoever started the node.
fn refused(error: JoinError) -> StartError {
    let advice = match &error {
        JoinError::Unreachable { .. } | JoinError::BrokenOff { .. } => {
            "`tinderbox certs serve` must run where the authority is and be reached from here (--authority HOST:PORT if it has \
             moved); it listens to nobody for a minute who was refused ten times"
        }
        JoinError::WrongAuthority { .. } => {
            "the token is of another platform, or somebody is between; the secret was not said. Ask for a new one with \
             `tinderbox certs token` where the right authority is"
        }
        JoinError::Refused(Refused::Taken { .. }) => {
            "give this node another name with --name, or, if its machine is new, ask for a token with `tinderbox certs token \
             --name NAME --roles ROLES`"
        }
        JoinError::Refused(_) => {
            "ask for a new one with `tinderbox certs token --roles ROLES [--name-prefix PREFIX]` where the authority is"
        }
        JoinError::Tls(_) => "`tinderbox doctor` says what this host can do",
    };
    StartError { message: format!("this node did not join: {error}"), advice }
}

/// The key for which a certificate is asked: the one of the last time, if that came to nothing.
fn waiting_key(folder: &Path, name: &str) -> Result<Key, StartError> {
    let path = key_file(folder, name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = Key::new().and_then(|key| key.pem()).map_err(|error| error.to_string())?;
            write(&path, key.as_bytes())?;
            key
        }
        Err(error) => return Err(at(&path)(error).into()),
    };
    let key = Key::load(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(key)
}

fn keep(
    world: &World,
    folder: &Path,
    party: &Party,
    address: &str,
    key: &Key,
    joined: Joined,
) -> Result<Kept, StartError> {
    let Joined { authority, certificate, life_s } = joined;
    let kept = Kept {
        format: FORMAT,
        roles: party.roles.iter().map(|role| role.name().to_owned()).collect(),
        address: address.to_owned(),
        authority,
        certificate,
        key: key.pem().map_err(|error| error.to_string())?,
        life_s,
        got_ms: world.wall().millis(),
    };
    // What can not be used is not kept.
    kept.identity(world)?;
    let text = serde_json::to_vec(&kept).map_err(|error| error.to_string())?;
    write(&file(folder, &party.name), &text)?;
    let waiting = key_file(folder, &party.name);
    std::fs::remove_file(&waiting).map_err(at(&waiting))?;
    Ok(kept)
}

/// Whole at any moment, on the disk when this returns, and its owner's only.
fn write(path: &Path, text: &[u8]) -> Result<(), String> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&beside)(error)),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    let mut file = file.map_err(at(&beside))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(at(&beside))?;
    std::fs::rename(&beside, path).map_err(at(path))?;
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Renews what a token gave as long as this node lives; connections that are made from then on show it.
pub(super) fn renewing(world: &World, join: &Join, trust: &Trust) -> Option<TaskHandle> {
    let (Some(folder), Trust::Certificates(identity)) = (&join.certificates, trust) else { return None };
    let mut kept = read(folder, &join.name).ok().flatten()?;
    let (world, folder, join, identity) = (world.clone(), folder.clone(), join.clone(), identity.clone());
    let task = world.clone();
    Some(task.spawn("node.certificate", async move {
        let mut pause = kept.fresh_for(world.wall().millis());
        loop {
            world.clock.sleep(pause).await;
            match renew(&world, &folder, &join, &kept).await {
                Ok(renewed) => {
                    if let Err(error) = identity.renew(&renewed.certificate, &renewed.key) {
                        tracing::error!(%error, "the renewed certificate can not be shown");
                    }
                    tracing::info!(node = join.name, "has renewed its certificate");
                    kept = renewed;
                    pause = kept.fresh_for(world.wall().millis());
                }
                Err(error) => {
                    let (error, advice) = (error.message, error.advice);
                    if kept.is_over(world.wall().millis()) {
                        tracing::error!(
                            error,
                            advice,
                            "this node's certificate has ended: nobody believes it any more"
                        );
                    } else {
                        tracing::warn!(error, advice, "this node's certificate was not renewed yet");
                    }
                    pause = AGAIN.min(Duration::from_secs(kept.life_s) / 12).max(AGAIN_MIN);
                }
            }
        }
    }))
}

async fn renew(world: &World, folder: &Path, join: &Join, kept: &Kept) -> Result<Kept, StartError> {
    let key = waiting_key(folder, &join.name)?;
    let roles: Result<Vec<NodeRole>, String> = kept.roles.iter().map(|role| role.parse()).collect();
    let party = Party { name: join.name.clone(), roles: roles? };
    let pinned = fingerprint(&kept.authority).map_err(|error| error.to_string())?;
    let address = join.authority.as_ref().unwrap_or(&kept.address);
    let proof = Proof::Certificate { certificate: &kept.certificate, key: &kept.key };
    let joined =
        ask(world, address, pinned, proof, Wanted { party: &party, key: &key }).await.map_err(refused)?;
    keep(world, folder, &party, address, &key, joined)
}
