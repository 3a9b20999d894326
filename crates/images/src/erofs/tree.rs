//! What an image will hold: folders of the host laid over each other, and what is made up.

use super::format::NAME_BYTES_MAX;
use super::{ErofsError, NODES_MAX};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Time of what is made up, if times are kept: 1980-01-01T00:00:00Z, which every format can say.
const MADE_UP_TIME: u64 = 315_532_800;
/// Deepest folder that is walked into: far beyond what a path (4,096 bytes) can name in practice, and an end to loops
/// of bind mounts.
const DEPTH_MAX: usize = 256;
/// Longest target of a link (Linux: PATH_MAX).
const LINK_BYTES_MAX: usize = 4_095;
/// Most bytes of one file that is made up; they lie in memory.
const MADE_UP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Sticky, and permission for user, group and others. Set-id bits would make root's what was another's.
const MODE_MASK: u32 = 0o1777;

pub(crate) type NodeId = usize;

/// Where a file's bytes come from.
#[derive(Debug)]
pub(crate) enum Content {
    Host(PathBuf),
    MadeUp(Vec<u8>),
}

#[derive(Debug)]
pub(crate) enum Kind {
    Folder(BTreeMap<Vec<u8>, NodeId>),
    File { content: Content, bytes: u64 },
    Link(Vec<u8>),
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u16,
    /// Seconds since 1970.
    pub(crate) modified: u64,
}

/// What was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    pub reason: String,
}

/// The tree of an image. What is added later lies over what is there: folders merge, all else is replaced.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    skipped: Vec<Skipped>,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// Nothing but a root folder with mode 0755.
    pub fn new() -> Self {
        Self { nodes: vec![made_up(Kind::Folder(BTreeMap::new()), 0o755)], skipped: Vec::new() }
    }

    /// What could not be read, or can not be in an image (sockets, pipes, devices), in the order it was met.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Adds what lies at `host` as `inside`: a folder with all in it, a file, or a link as a link. Of a folder,
    /// whatever `take` refuses (it is asked for each path of the host, folders before what is in them) is left out.
    /// What can not be read is [`Tree::skipped`]; only `host` itself must be readable.
    pub fn add_host(
        &mut self,
        host: &Path,
        inside: &Path,
        take: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<(), ErofsError> {
        let source = |error: io::Error| ErofsError::Source {
            path: host.display().to_string(),
            reason: error.to_string(),
        };
        let node = read_node(host).map_err(source)?;
        let is_folder = matches!(node.kind, Kind::Folder(_));
        if is_folder {
            drop(fs::read_dir(host).map_err(source)?);
        }
        let id = self.add_at(inside, node)?;
        if is_folder { self.walk(host, id, take) } else { Ok(()) }
    }

    /// Adds an empty folder, or gives the one that is there this mode.
    pub fn add_folder(&mut self, inside: &Path, mode: u32) -> Result<(), ErofsError> {
        self.add_at(inside, made_up(Kind::Folder(BTreeMap::new()), mode)).map(drop)
    }

    /// Adds a symbolic link, whose target need not be there.
    pub fn add_link(&mut self, inside: &Path, target: &Path) -> Result<(), ErofsError> {
        let target = target.as_os_str().as_bytes().to_vec();
        if target.is_empty() || target.len() > LINK_BYTES_MAX {
            return Err(path_error(inside, "a link's target has 1 to 4,095 bytes"));
        }
        self.add_at(inside, made_up(Kind::Link(target), 0o777)).map(drop)
    }

    /// Adds a small file with these bytes, which are kept in memory until the image is written.
    pub fn add_file(&mut self, inside: &Path, mode: u32, bytes: Vec<u8>) -> Result<(), ErofsError> {
        if bytes.len() > MADE_UP_BYTES_MAX {
            let reason = format!("{} has {} bytes, made up in memory", inside.display(), bytes.len());
            return Err(ErofsError::TooLarge { reason });
        }
        let length = bytes.len() as u64;
        let kind = Kind::File { content: Content::MadeUp(bytes), bytes: length };
        self.add_at(inside, made_up(kind, mode)).map(drop)
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(crate) const ROOT: NodeId = 0;

    /// Every node has been given a number below this; some may be replaced and in no folder any more.
    pub(crate) fn ids(&self) -> usize {
        self.nodes.len()
    }

    fn add_at(&mut self, inside: &Path, node: Node) -> Result<NodeId, ErofsError> {
        let mut at = Self::ROOT;
        let mut names = names(inside)?.into_iter().peekable();
        if names.peek().is_none() {
            return self.replace_root(inside, node);
        }
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                return self.put(at, name, node);
            }
            at = match self.child(at, &name) {
                Some(child) if matches!(self.nodes[child].kind, Kind::Folder(_)) => child,
                Some(_) => return Err(path_error(inside, "it lies below something that is no folder")),
                None => self.put(at, name, made_up(Kind::Folder(BTreeMap::new()), 0o755))?,
            };
        }
        Ok(at)
    }

    fn replace_root(&mut self, inside: &Path, node: Node) -> Result<NodeId, ErofsError> {
        if !matches!(node.kind, Kind::Folder(_)) {
            return Err(path_error(inside, "the root is a folder"));
        }
        self.nodes[Self::ROOT].mode = node.mode;
        self.nodes[Self::ROOT].modified = node.modified;
        Ok(Self::ROOT)
    }

    fn child(&self, folder: NodeId, name: &[u8]) -> Option<NodeId> {
        match &self.nodes[folder].kind {
            Kind::Folder(rows) => rows.get(name).copied(),
            _ => None,
        }
    }

    /// A folder over a folder keeps what is in it.
    fn put(&mut self, folder: NodeId, name: Vec<u8>, mut node: Node) -> Result<NodeId, ErofsError> {
        if let Some(there) = self.child(folder, &name) {
            if let (Kind::Folder(new), Kind::Folder(old)) = (&mut node.kind, &mut self.nodes[there].kind) {
                std::mem::swap(new, old);
            }
            self.nodes[there] = node;
            return Ok(there);
        }
        if self.nodes.len() >= NODES_MAX {
            return Err(ErofsError::TooLarge { reason: format!("more than {NODES_MAX} files and folders") });
        }
        let id = self.nodes.len();
        self.nodes.push(node);
        if let Kind::Folder(rows) = &mut self.nodes[folder].kind {
            rows.insert(name, id);
        }
        Ok(id)
    }

    fn walk(
        &mut self,
        host: &Path,
        id: NodeId,
        take: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<(), ErofsError> {
        // Not recursive: how deep folders lie is not ours to choose.
        let mut open = vec![(host.to_owned(), id, 0)];
        while let Some((folder, id, depth)) = open.pop() {
            let entries = match sorted_names(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.skip(folder, error.to_string());
                    continue;
                }
            };
            for name in entries {
                let path = folder.join(&name);
                if !take(&path) {
                    continue;
                }
                let node = match read_node(&path) {
                    Ok(node) => node,
                    Err(error) => {
                        self.skip(path, error.to_string());
                        continue;
                    }
                };
                let is_folder = matches!(node.kind, Kind::Folder(_));
                let child = self.put(id, name.into_vec(), node)?;
                match is_folder {
                    true if depth == DEPTH_MAX => self.skip(path, "folders lie too deep".to_owned()),
                    true => open.push((path, child, depth + 1)),
                    false => {}
                }
            }
        }
        Ok(())
    }

    fn skip(&mut self, path: PathBuf, reason: String) {
        self.skipped.push(Skipped { path, reason });
    }
}

fn made_up(kind: Kind, mode: u32) -> Node {
    Node { kind, mode: (mode & MODE_MASK) as u16, modified: MADE_UP_TIME }
}

/// Names in byte order, so that what is skipped is listed alike everywhere.
fn sorted_names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut entries: Vec<OsString> = entries.collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

/// What lies at a path of the host. A file is opened, so that one that may not be read is known before anything has
/// its place.
fn read_node(path: &Path) -> io::Result<Node> {
    let metadata = fs::symlink_metadata(path)?;
    let kind = if metadata.is_dir() {
        Kind::Folder(BTreeMap::new())
    } else if metadata.is_symlink() {
        Kind::Link(fs::read_link(path)?.into_os_string().into_vec())
    } else if metadata.is_file() {
        let (_, metadata) = open(path)?;
        Kind::File { content: Content::Host(path.to_owned()), bytes: metadata.len() }
    } else {
        return Err(io::Error::other("a socket, pipe or device is never in an image"));
    };
    let mode = (metadata.mode() & MODE_MASK) as u16;
    Ok(Node { kind, mode, modified: u64::try_from(metadata.mtime()).unwrap_or(0) })
}

/// Opens a regular file, and neither follows a link nor waits for a pipe that stands there by now.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("no regular file any more"));
    }
    Ok((file, metadata))
}

/// The names of an absolute path inside.
fn names(inside: &Path) -> Result<Vec<Vec<u8>>, ErofsError> {
    let mut names = Vec::new();
    let mut components = inside.components();
    if components.next() != Some(Component::RootDir) {
        return Err(path_error(inside, "it is not absolute"));
    }
    for component in components {
        match component {
            Component::Normal(name) if name.len() > NAME_BYTES_MAX || name.as_bytes().contains(&0) => {
                return Err(path_error(inside, "a name in it is no name"));
            }
            Component::Normal(name) => names.push(name.as_bytes().to_vec()),
            _ => return Err(path_error(inside, "it leads up")),
        }
    }
    if names.len() > DEPTH_MAX {
        return Err(path_error(inside, "it is too deep"));
    }
    Ok(names)
}

fn path_error(inside: &Path, reason: &str) -> ErofsError {
    ErofsError::Path { path: inside.display().to_string(), reason: reason.to_owned() }
}
