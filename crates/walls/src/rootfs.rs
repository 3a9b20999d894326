//! The file system that code sees.
//!
//! ```text
//!  spawner, once:        template = tmpfs + read-only binds of /usr, /lib … + own /etc + minimal /dev
//!  init, each time:      copy of the spawner's mounts ─▶ pivot into the template ─▶ detach the host's tree
//!                        ─▶ code and layers (taken as descriptors before) ─▶ /proc, /dev/shm, /tmp ─▶ read-only
//! ```
//!
//! The template is one small tmpfs that all environments share read-only; what differs is mounted over it in each
//! environment's own mount namespace, so that a boot costs a dozen system calls and not fifty mounts. Sources on
//! the host are opened before the pivot and attached after it: no path inside is ever resolved against the host.

use crate::network::HOST_ALIAS;
use crate::sys::{
    At, MOUNT_NODEV, MOUNT_NOEXEC, MOUNT_NOSUID, MOUNT_READ_ONLY, StepError, c_path, mount_attributes,
};
use rustix::fs::{CWD, FileType, Mode};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags,
};
use std::ffi::CStr;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

/// Programs and libraries; symbolic links stay links.
pub const SYSTEM: [&str; 7] = ["usr", "lib", "lib64", "bin", "sbin", "lib32", "libx32"];
/// Public configuration without which interpreters and TLS do not work. `*` ends a prefix. Never a folder that
/// has a private one inside (`/etc/ssl/private`, `/etc/pki/tls/private`).
const PUBLIC_ETC: [&str; 17] = [
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "java*",
    "ld.so.cache",
    "mime.types",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/java",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "protocols",
    "python3*",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
];
/// Empty folders: mount points, and names that programs expect to be there.
const EMPTY: [&str; 16] = [
    "dev",
    "etc",
    "home",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "tmp",
    "var",
    "var/lang",
    "var/runtime",
    "var/task",
    // The dynamic loader remembers of each folder of LD_LIBRARY_PATH whether it was there at exec: a program that is
    // started before its code is shown must find this one later.
    "var/task/lib",
    "var/tmp",
];
const DEVICES: [(&str, u32); 5] = [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)];
/// Parts of /proc that tell about or change the machine and not the environment.
const PROC_HIDDEN: [&str; 8] =
    ["kcore", "keys", "key-users", "timer_list", "sysrq-trigger", "sched_debug", "kallsyms", "latency_stats"];
const PROC_READ_ONLY: [&str; 4] = ["sys", "bus", "fs", "irq"];
/// AWS's own name for the user, and its numbers as seen inside.
pub const USER: &str = "sbx_user1051";
pub const UID_INSIDE: u32 = 993;
pub const GID_INSIDE: u32 = 990;
/// `/dev/shm`; charged to the environment's memory.
const SHARED_MEMORY: &CStr = c"size=64m,nr_inodes=1024,mode=1777";

/// Where the template is mounted in the mount namespace of the one who made it.
pub struct Template {
    pub root: PathBuf,
}

/// What the network gives to the files of `/etc`; nothing without egress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    pub dns: Option<Ipv4Addr>,
    /// Address of the host alias, if anything is allowed behind it.
    pub host_alias: Option<Ipv4Addr>,
}

impl Template {
    /// Builds it in a mount namespace of the caller's own, so that it ends with the caller. Programs, libraries and public
    /// configuration are those below `source`: the host's own root, or in a microVM the image that is shown there.
    pub fn build(root: &Path, source: &Path) -> Result<Self, StepError> {
        let flags = rustix::thread::UnshareFlags::NEWNS;
        // SAFETY: a new mount namespace does not change descriptors or memory that safe code relies on.
        unsafe { rustix::thread::unshare_unsafe(flags) }.at("own mount namespace")?;
        let receive_only = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        rustix::mount::mount_change("/", receive_only).at("stop mounts from leaving")?;
        std::fs::create_dir_all(root).at("folder of the template")?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        let options = c"size=4m,nr_inodes=4096,mode=755";
        rustix::mount::mount("tmpfs", root, "tmpfs", flags, options).at("template tmpfs")?;
        mount_attributes(CWD, &c_path(root).at("template path")?, 0, false).at("template private")?;
        for name in EMPTY {
            std::fs::create_dir(root.join(name)).at("template folders")?;
        }
        for name in SYSTEM {
            show_system(root, source, name).at("bind of the system's folders")?;
        }
        build_etc(&root.join("etc"), &source.join("etc")).at("template /etc")?;
        build_dev(&root.join("dev")).at("template /dev")?;
        Ok(Self { root: root.to_owned() })
    }
}

fn show_system(root: &Path, source: &Path, name: &str) -> io::Result<()> {
    let host = source.join(name);
    let inside = root.join(name);
    match std::fs::symlink_metadata(&host) {
        Ok(found) if found.is_symlink() => std::os::unix::fs::symlink(std::fs::read_link(&host)?, inside),
        Ok(found) if found.is_dir() => {
            std::fs::create_dir(&inside)?;
            bind_read_only(&host, &inside)
        }
        _ => Ok(()),
    }
}

/// Binds a folder or file of the host, with what is mounted below it.
fn bind_read_only(host: &Path, inside: &Path) -> io::Result<()> {
    rustix::mount::mount_bind_recursive(host, inside)?;
    let attributes = MOUNT_READ_ONLY | MOUNT_NOSUID | MOUNT_NODEV;
    mount_attributes(CWD, &c_path(inside)?, attributes, true)
}

fn build_etc(etc: &Path, source: &Path) -> io::Result<()> {
    let passwd = format!(
        "root:x:0:0:root:/root:/sbin/nologin\n{USER}:x:{UID_INSIDE}:{GID_INSIDE}::/home/{USER}:/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
    );
    std::fs::write(etc.join("passwd"), passwd)?;
    let group = format!("root:x:0:\n{USER}:x:{GID_INSIDE}:\nnobody:x:65534:\n");
    std::fs::write(etc.join("group"), group)?;
    std::fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")?;
    std::fs::write(etc.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n")?;
    std::fs::write(etc.join("resolv.conf"), "")?;
    std::fs::write(etc.join("hostname"), "localhost\n")?;
    std::os::unix::fs::symlink("/usr/share/zoneinfo/UTC", etc.join("localtime"))?;
    std::os::unix::fs::symlink("/proc/self/mounts", etc.join("mtab"))?;
    for name in public_etc(source)? {
        show_public(etc, source, &name)?;
    }
    Ok(())
}

/// Names below this `/etc` that everybody may see; some may not be there.
pub fn public_etc(etc: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for pattern in PUBLIC_ETC {
        names.extend(matching(etc, pattern)?);
    }
    Ok(names)
}

/// Names that a pattern of [`PUBLIC_ETC`] means.
fn matching(etc: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let Some(prefix) = pattern.strip_suffix('*') else {
        return Ok(vec![PathBuf::from(pattern)]);
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(etc)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(prefix)) {
            names.push(PathBuf::from(name));
        }
    }
    Ok(names)
}

fn show_public(etc: &Path, source: &Path, name: &Path) -> io::Result<()> {
    let host = source.join(name);
    let inside = etc.join(name);
    let Ok(found) = std::fs::symlink_metadata(&host) else { return Ok(()) };
    if let Some(parent) = inside.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if found.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(&host)?, inside);
    }
    if found.is_dir() {
        std::fs::create_dir_all(&inside)?;
    } else {
        std::fs::write(&inside, "")?;
    }
    bind_read_only(&host, &inside)
}

fn build_dev(dev: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", dev, "tmpfs", flags, c"size=64k,nr_inodes=64,mode=755")?;
    for (name, minor) in DEVICES {
        let path = dev.join(name);
        let mode = Mode::from_raw_mode(0o666);
        let device = rustix::fs::makedev(1, minor);
        match rustix::fs::mknodat(CWD, &path, FileType::CharacterDevice, mode, device) {
            Ok(()) => rustix::fs::chmod(&path, mode)?,
            // Not in a user namespace: there the host's nodes are bound.
            Err(rustix::io::Errno::PERM) => {
                std::fs::write(&path, "")?;
                rustix::mount::mount_bind(Path::new("/dev").join(name), &path)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ];
    for (name, target) in links {
        std::os::unix::fs::symlink(target, dev.join(name))?;
    }
    std::fs::create_dir(dev.join("shm"))?;
    mount_attributes(CWD, &c_path(dev)?, MOUNT_READ_ONLY, false)
}

/// A tree of the host, detached, read-only, waiting for its place inside.
pub struct Source {
    tree: OwnedFd,
    inside: PathBuf,
    is_dir: bool,
}

/// Opens what will be shown inside, before the pivot. Parents come before children.
pub fn open_sources(mounts: &[(PathBuf, PathBuf)]) -> Result<Vec<Source>, StepError> {
    let mut sources = Vec::new();
    for (host, inside) in mounts {
        if !host.is_absolute() || !is_plain(inside) {
            let reason = format!("{} at {}: not absolute or with ..", host.display(), inside.display());
            return Err(StepError { step: "mounts", reason });
        }
        let flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let named = |error: rustix::io::Errno| format!("{}: {error}", host.display());
        let tree =
            rustix::mount::open_tree(CWD, host, flags).map_err(named).at("open what is shown inside")?;
        let attributes = MOUNT_READ_ONLY | MOUNT_NOSUID | MOUNT_NODEV;
        mount_attributes(&tree, c"", attributes, true).at("make it read-only")?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&tree).at("stat what is shown inside")?.st_mode);
        sources.push(Source { tree, inside: inside.clone(), is_dir: kind == FileType::Directory });
    }
    sources.sort_by_key(|source| source.inside.components().count());
    Ok(sources)
}

impl Source {
    /// Attaches it where there is a place for it already.
    pub fn show_at_place(&self) -> Result<(), StepError> {
        attach(&self.tree, &self.inside).at("attach a mount")
    }
}

fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path != Path::new("/")
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

/// Makes the template this process's root and forgets the host's tree.
pub fn pivot(template: &Path) -> Result<(), StepError> {
    rustix::process::chdir(template).at("enter the template")?;
    // The old root lands on top of the new one and is detached at once. [pivot_root(2), "pivot_root(".", ".")"]
    rustix::process::pivot_root(".", ".").at("pivot_root")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH).at("detach the host's tree")?;
    rustix::process::chdir("/").at("enter the root")
}

/// Mounts everything that is this environment's own. After the pivot.
pub fn furnish(sources: &[Source], tmp: &OwnedFd, proc: &OwnedFd, names: &Names) -> Result<(), StepError> {
    let mut scratch = Vec::new();
    for source in sources {
        make_place(source, &mut scratch).at("place of a mount")?;
        attach(&source.tree, &source.inside).at("attach a mount")?;
    }
    for folder in scratch {
        let path = c_path(&folder).at("scratch folder")?;
        mount_attributes(CWD, &path, MOUNT_READ_ONLY, false).at("scratch folder read-only")?;
    }
    write_names(names).at("/etc of this environment")?;
    show_tmp(tmp)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", "/dev/shm", "tmpfs", flags, SHARED_MEMORY).at("/dev/shm")?;
    attach(proc, Path::new("/proc")).at("attach /proc")?;
    narrow_proc().at("/proc")?;
    mount_attributes(CWD, c"/", MOUNT_READ_ONLY, false).at("read-only root")
}

/// `/tmp` of a room that waited without one, over what stood there.
pub fn show_tmp(tmp: &OwnedFd) -> Result<(), StepError> {
    attach(tmp, Path::new("/tmp")).at("attach /tmp")
}

/// Puts a detached tree where there is a place for it.
pub fn attach(tree: &OwnedFd, inside: &Path) -> io::Result<()> {
    rustix::mount::move_mount(tree, "", CWD, inside, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(|error| io::Error::other(format!("{}: {error}", inside.display())))
}

/// Makes the mount point. Below the template's own folders it goes on a small tmpfs of this environment, so that
/// environments do not see each other's paths; only a new name at the top is made in the shared template.
fn make_place(source: &Source, scratch: &mut Vec<PathBuf>) -> io::Result<()> {
    if source.inside.exists() {
        return Ok(());
    }
    let missing = |path: &Path| io::Error::other(format!("{}: no such place inside", path.display()));
    let top = Path::new("/").join(source.inside.components().nth(1).ok_or_else(|| missing(&source.inside))?);
    let is_ours = scratch.iter().any(|folder| source.inside.starts_with(folder));
    if top != source.inside && !is_ours {
        match std::fs::create_dir(&top) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let base = deepest_existing(&source.inside);
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        let options = c"size=256k,nr_inodes=64,mode=755";
        if !is_empty(&base) {
            return Err(missing(&source.inside));
        }
        rustix::mount::mount("tmpfs", &base, "tmpfs", flags, options)?;
        scratch.push(base);
    }
    if source.is_dir {
        return std::fs::create_dir_all(&source.inside);
    }
    if let Some(parent) = source.inside.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&source.inside, "")
}

fn deepest_existing(path: &Path) -> PathBuf {
    path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Only an environment with its own names needs its own files; they are written to a tmpfs of its own.
fn write_names(names: &Names) -> io::Result<()> {
    if names.dns.is_none() && names.host_alias.is_none() {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let options = c"size=64k,nr_inodes=8,mode=755";
    // /run is empty in the template: it serves as the workbench, and the files stay under it by their binds.
    rustix::mount::mount("tmpfs", "/run", "tmpfs", flags, options)?;
    let resolv = names.dns.map(|dns| format!("nameserver {dns}\noptions timeout:2 attempts:2\n"));
    let mut hosts = String::from("127.0.0.1 localhost\n::1 localhost\n");
    if let Some(alias) = names.host_alias {
        hosts.push_str(&format!("{alias} {HOST_ALIAS}\n"));
    }
    for (name, text) in [("resolv.conf", resolv.unwrap_or_default()), ("hosts", hosts)] {
        let file = Path::new("/run").join(name);
        std::fs::write(&file, text)?;
        let inside = Path::new("/etc").join(name);
        rustix::mount::mount_bind(&file, &inside)?;
        mount_attributes(
            CWD,
            &c_path(&inside)?,
            MOUNT_READ_ONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC,
            false,
        )?;
    }
    rustix::mount::unmount("/run", UnmountFlags::DETACH)?;
    Ok(())
}

/// A proc of this pid namespace in which other users' processes do not show, detached. Made before the pivot: in a
/// user namespace the kernel gives a new one only to those that see a whole one already.
pub fn open_proc() -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_set_string(&context, "hidepid", "2")?;
    rustix::mount::fsconfig_create(&context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    Ok(rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

/// Takes from proc what is the machine's and not the environment's.
pub fn narrow_proc() -> io::Result<()> {
    for name in PROC_HIDDEN {
        let path = Path::new("/proc").join(name);
        match rustix::mount::mount_bind("/dev/null", &path) {
            Err(rustix::io::Errno::NOENT) => {}
            other => other?,
        }
    }
    for name in PROC_READ_ONLY {
        let path = Path::new("/proc").join(name);
        match rustix::mount::mount_bind(&path, &path) {
            Err(rustix::io::Errno::NOENT) => {}
            Ok(()) => mount_attributes(
                CWD,
                &c_path(&path)?,
                MOUNT_READ_ONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC,
                false,
            )?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
