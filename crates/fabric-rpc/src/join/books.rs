//! What an authority gave by tokens, to whom, as files below its folder.
//!
//! ```text
//!  token:  made ──use (written, with the name and key that it is for)──► … ──► used up
//!            └── its time is over ──► expired ──── a week ──► removed
//!  node:   key ──renewal asked──► key + next ──renewal asked with next──► next is its key
//!            ├── a token for exactly this name ──► another key: the one before is renewed no more
//!            └── its certificate has ended ──► the name is free again
//! ```
//! A use is on the disk before a certificate is signed for it, so whenever this process dies, it is not given twice. It says
//! for which name and key it was: asked again for just these, after an answer that was lost, it is the same use. One process
//! at a time gives ([`Books::hold`]); tokens are added beside it.

use super::message::{Credential, Refused, Request, unhex};
use super::token::is_address;
use super::{Fingerprint, Token, sha256};
use crate::access::{NodeRole, Party};
use crate::certs::{PublicKey, hex};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use world::World;

const FORMAT: u32 = 1;
/// No token is used more often.
pub const USES_MAX: u32 = 1_000;
/// One file: a thousand uses.
const FILE_BYTES_MAX: u64 = 512 * 1024;
/// Whoever comes with an expired token is told so for a week; a node whose certificate ended, for a day.
const EXPIRED_KEPT_MS: u64 = 7 * 86_400_000;
const ENDED_KEPT_MS: u64 = 86_400_000;

/// Which names a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Names {
    /// This one, also if it was given before: its machine is made anew.
    Exactly(String),
    /// Those that begin so and are nobody's.
    Prefix(String),
}

impl Names {
    fn fit(&self, name: &str) -> bool {
        match self {
            Self::Exactly(own) => own == name,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Exactly(name) => name.clone(),
            Self::Prefix(prefix) => format!("names that begin with `{prefix}`"),
        }
    }
}

/// What a token is good for.
#[derive(Clone, Debug)]
pub struct Terms {
    pub roles: Vec<NodeRole>,
    pub names: Names,
    pub life: Duration,
    pub uses_max: u32,
}

#[derive(Serialize, Deserialize)]
struct TokenEntry {
    format: u32,
    /// SHA-256 of its secret.
    hash: String,
    roles: Vec<String>,
    names: Names,
    expires_ms: u64,
    uses_max: u32,
    uses: Vec<Use>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    name: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct NodeEntry {
    format: u32,
    key: String,
    next: Option<String>,
    /// When the last certificate ends.
    expires_ms: u64,
}

/// Who was shown to be at the other end, by a certificate that counts.
pub(super) struct Shown {
    pub(super) party: Party,
    pub(super) key: PublicKey,
}

/// The books of the authority whose files are in a folder.
pub struct Books {
    authority: PathBuf,
    folder: PathBuf,
    writing: Mutex<()>,
}

/// As long as it lives nobody else gives certificates by these books.
pub struct Held {
    /// Open, it is locked.
    _locked: File,
}

impl Books {
    /// Beside the authority's files, made if they are not there.
    pub fn open(authority: &Path) -> Result<Self, String> {
        let folder = authority.join("joining");
        for made in [folder.join("tokens"), folder.join("nodes")] {
            DirBuilder::new().recursive(true).mode(0o700).create(&made).map_err(at(&made))?;
        }
        Ok(Self { authority: authority.to_owned(), folder, writing: Mutex::default() })
    }

    /// For who gives.
    pub fn hold(&self) -> Result<Held, String> {
        let path = self.folder.join("held");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Held { _locked: file }),
            Err(_) => Err(format!("another process gives certificates by {}", self.folder.display())),
        }
    }

    /// Where the desk is; new tokens say so.
    pub fn keep_address(&self, address: &str) -> Result<(), String> {
        if !is_address(address) {
            return Err(format!("{address} is no HOST:PORT"));
        }
        write(&self.folder.join("address"), &address)
    }

    pub fn address(&self) -> Result<Option<String>, String> {
        read(&self.folder.join("address"))
    }

    /// A new token: its only copy.
    pub fn token(
        &self,
        world: &World,
        authority: Fingerprint,
        terms: &Terms,
        address: &str,
    ) -> Result<Token, String> {
        if !is_address(address) {
            return Err(format!("{address} is no HOST:PORT"));
        }
        let mut secret = [0; 32];
        world.entropy.fill(&mut secret);
        let token = Token { authority, id: world.random_u64(), secret, address: address.to_owned() };
        let life_ms = u64::try_from(terms.life.as_millis()).unwrap_or(u64::MAX);
        let entry = TokenEntry {
            format: FORMAT,
            hash: hex(&sha256(&token.secret)),
            roles: terms.roles.iter().map(|role| role.name().to_owned()).collect(),
            names: terms.names.clone(),
            expires_ms: world.wall().millis().saturating_add(life_ms),
            uses_max: terms.uses_max.clamp(1, USES_MAX),
            uses: Vec::new(),
        };
        write(&self.token_file(token.id), &entry)?;
        Ok(token)
    }

    /// Whether `request` gets a certificate that counts for `life`; if so, it is written down. Blocks on the disk.
    pub(super) fn grant(
        &self,
        now_ms: u64,
        life: Duration,
        request: &Request,
        shown: Option<&Shown>,
    ) -> Result<(), Refused> {
        let _one_by_one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let ends_ms = now_ms.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX));
        match &request.credential {
            Credential::Token { id, secret } => self.by_token(now_ms, ends_ms, request, *id, secret),
            Credential::Shown => self.renewed(ends_ms, request, shown),
        }
    }

    fn by_token(
        &self,
        now_ms: u64,
        ends_ms: u64,
        request: &Request,
        id: u64,
        secret: &[u8; 32],
    ) -> Result<(), Refused> {
        let file = self.token_file(id);
        let found: Option<TokenEntry> = read(&file).map_err(failed)?;
        let mut entry = found.filter(|entry| is_secret(entry, secret)).ok_or(Refused::BadToken)?;
        let Party { name, roles } = &request.party;
        if entry.expires_ms <= now_ms {
            return Err(Refused::Expired);
        }
        if roles.iter().any(|role| !entry.roles.iter().any(|may| may == role.name())) {
            let asked: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            return Err(Refused::Roles { may: entry.roles.join(","), asked: asked.join(",") });
        }
        if !entry.names.fit(name) {
            return Err(Refused::Name { may: entry.names.words(), asked: name.clone() });
        }
        let this = Use { name: name.clone(), key: request.key.fingerprint() };
        let exactly = matches!(entry.names, Names::Exactly(_));
        let node: Option<NodeEntry> = read(&self.node_file(name)).map_err(failed)?;
        let ours = node.as_ref().is_some_and(|node| node.key == this.key);
        let others = node.is_some_and(|node| node.key != this.key && node.expires_ms > now_ms);
        // Those of `certs init` are not in the books.
        let by_hand = !ours && self.authority.join(format!("{name}.pem")).exists();
        if (others || by_hand) && !exactly {
            return Err(Refused::Taken { name: name.clone() });
        }
        if !entry.uses.contains(&this) {
            if entry.uses.len() >= usize::try_from(entry.uses_max).unwrap_or(usize::MAX) {
                return Err(Refused::UsedUp { uses_max: entry.uses_max });
            }
            entry.uses.push(Use { name: this.name.clone(), key: this.key.clone() });
            write(&file, &entry).map_err(failed)?;
        }
        let node = NodeEntry { format: FORMAT, key: this.key, next: None, expires_ms: ends_ms };
        write(&self.node_file(name), &node).map_err(failed)
    }

    fn renewed(&self, ends_ms: u64, request: &Request, shown: Option<&Shown>) -> Result<(), Refused> {
        let name = &request.party.name;
        let not = || Refused::NotRenewed { name: name.clone() };
        let shown = shown.filter(|shown| shown.party.name == *name).ok_or_else(not)?;
        if request.party.roles.iter().any(|role| !shown.party.roles.contains(role)) {
            let words =
                |roles: &[NodeRole]| roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",");
            return Err(Refused::Roles {
                may: words(&shown.party.roles),
                asked: words(&request.party.roles),
            });
        }
        let entry: Option<NodeEntry> = read(&self.node_file(name)).map_err(failed)?;
        let entry = entry.ok_or_else(not)?;
        let by = shown.key.fingerprint();
        if entry.key != by && entry.next.as_ref() != Some(&by) {
            return Err(not());
        }
        let entry =
            NodeEntry { key: by, next: Some(request.key.fingerprint()), expires_ms: ends_ms, ..entry };
        write(&self.node_file(name), &entry).map_err(failed)
    }

    /// Takes out what is over for long.
    pub fn tidy(&self, now_ms: u64) -> Result<(), String> {
        let _one_by_one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |path: &Path| -> Result<bool, String> {
            if path.parent().is_some_and(|folder| folder.ends_with("tokens")) {
                let entry: Option<TokenEntry> = read(path)?;
                return Ok(entry.is_some_and(|it| it.expires_ms.saturating_add(EXPIRED_KEPT_MS) < now_ms));
            }
            let entry: Option<NodeEntry> = read(path)?;
            Ok(entry.is_some_and(|it| it.expires_ms.saturating_add(ENDED_KEPT_MS) < now_ms))
        };
        for folder in [self.folder.join("tokens"), self.folder.join("nodes")] {
            for file in std::fs::read_dir(&folder).map_err(at(&folder))? {
                let path = file.map_err(at(&folder))?.path();
                if path.extension().is_none() && over(&path)? {
                    std::fs::remove_file(&path).map_err(at(&path))?;
                }
            }
        }
        Ok(())
    }

    fn token_file(&self, id: u64) -> PathBuf {
        self.folder.join("tokens").join(format!("{id:016x}"))
    }

    /// A node's name has neither dots nor slashes.
    fn node_file(&self, name: &str) -> PathBuf {
        self.folder.join("nodes").join(name)
    }
}

/// In a time that says nothing of how much of it is right.
fn is_secret(entry: &TokenEntry, secret: &[u8; 32]) -> bool {
    let Some(kept) = unhex(&entry.hash) else { return false };
    let differs = kept
        .iter()
        .zip(sha256(secret))
        .fold(0, |all, (kept, said)| std::hint::black_box(all | (kept ^ said)));
    std::hint::black_box(differs) == 0
}

/// `None` if there is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(at(path))?,
    };
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(at(path))?;
    serde_json::from_slice(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
}

/// Whole at any moment, and on the disk when this returns.
fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), String> {
    let text = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&beside)(error)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(at(&beside))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(at(&beside))?;
    std::fs::rename(&beside, path).map_err(at(path))?;
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// A joining machine is not told of files.
fn failed(error: String) -> Refused {
    tracing::error!(error, "the books of the authority");
    Refused::Failed { reason: "its books can not be read or written".to_owned() }
}

#[cfg(test)]
mod tests;
