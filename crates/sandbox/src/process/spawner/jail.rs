//! The jail around one monitor, built by the child that becomes it.
//!
//! ```text
//!  forked (root, pid 1 of its namespace) ─▶ in its groups ─▶ own namespaces ─▶ tap0, TUN ─▶ own root ─▶ nobody, no
//!  capability, no new privileges ─▶ Booted ─▶ exec of the monitor │ BootFailed ─▶ exit
//! ```
//!
//! The root is a small tmpfs of its own, read-only in the end: what the program needs of the system if it needs any, a
//! `/dev` with the few devices that it may use, `/proc` of its own pid namespace, and the files of the server that are
//! shown by name. Which program it is stands in the spawner's configuration (`programs`). Nothing privileged resolves a
//! path that another chose: files come as descriptors. The server opened them in the host's mount namespace and only there
//! can they be bound, so the child steps into that for a moment.
//!
//! Whose files: a descriptor that is inherited can do what it was opened for, and so can what is shown by name: nothing is
//! writable that the server could not write to itself. All keep their owner: their mode lets everybody read or write them,
//! and the server's folder around them (0700), which a bind mount leaves behind, lets nobody else come near. So no file
//! system need know of mapped mounts. What a monitor writes ends at a length; what it makes is in memory and goes with it.

mod jailer;

use super::super::cgroup::{Limits, Tree};
use super::super::fault;
use super::super::namespaces::{self, Identity};
use super::super::protocol::{Access, Channel, FromInit, Given, MachineWire, MonitorWire, Tap};
use super::super::rootfs::{self, SYSTEM};
use super::super::sys::{
    self, At, MOUNT_NODEV, MOUNT_NOEXEC, MOUNT_NOSUID, MOUNT_READ_ONLY, StepError, c_path, mount_attributes,
};
use super::programs::{FIRECRACKER, FirecrackerFiles, JAILER, Program};
use rustix::fs::{CWD, FileType, Gid, Mode, OFlags, Uid};
use rustix::mount::{MountFlags, OpenTreeFlags};
use rustix::thread::LinkNameSpaceType;
use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use walls::Fault;
use walls::tap::{self, MachineNetwork};

/// What the child keeps is at this number or above, what the monitor gets below it.
pub(super) const FIRST_RAISED_FD: i32 = 64;
/// As for code: enough for drives, sockets and event descriptors.
const OPEN_FILES_MAX: u64 = 1_024;
const CORE_BYTES_MAX: u64 = 1;
/// The folder where Firecracker makes its sockets, and the server its own.
pub(super) const CHANNEL: &str = "channel";
/// The numbers of these devices are the kernel's (Documentation/admin-guide/devices.txt).
const DEVICES: [(&str, u32, u32); 4] = [("null", 1, 3), ("zero", 1, 5), ("random", 1, 8), ("urandom", 1, 9)];
const KVM: (&str, u32, u32) = ("kvm", 10, 232);
const TUN: (&str, u32, u32) = ("net/tun", 10, 200);

/// Everything that the child needs, handed over by the fork.
pub(super) struct Plan<'a> {
    pub(super) group: &'a str,
    pub(super) limits: Limits,
    pub(super) tree: &'a dyn Tree,
    pub(super) uid: u32,
    pub(super) spec: &'a MachineWire,
    pub(super) program: Program<'a>,
    /// As `spec.files` says.
    pub(super) files: Vec<OwnedFd>,
    pub(super) namespaces: &'a MountNamespaces,
    /// Where the system's folders are, as code is shown them.
    pub(super) template: &'a Path,
    /// An empty folder, for the mount of the root.
    pub(super) root: &'a Path,
    pub(super) channel: Channel,
    pub(super) life: i32,
    pub(super) fault: Option<Fault>,
}

/// Mount namespaces: the host's, where the server opens files, and the spawner's, where the template is.
pub(super) struct MountNamespaces {
    pub(super) host: OwnedFd,
    pub(super) spawner: OwnedFd,
}

impl MountNamespaces {
    /// The one that this process is in.
    pub(super) fn own() -> Result<OwnedFd, StepError> {
        std::fs::File::open("/proc/self/ns/mnt").map(OwnedFd::from).at("own mount namespace")
    }
}

/// Descriptors of this child's own, above all numbers that the monitor is given.
struct Own {
    host: OwnedFd,
    spawner: OwnedFd,
    files: Vec<OwnedFd>,
    /// Of Firecracker, and its jailer.
    programs: Vec<(&'static str, OwnedFd)>,
    life: OwnedFd,
}

/// A detached tree and its name in the jail.
struct Shown<'a> {
    tree: OwnedFd,
    name: &'a str,
    access: Shows,
}

/// What a monitor may do with what it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Reads,
    Writes,
    Runs,
}

/// What stands when the walls do.
struct Walls {
    network: MachineNetwork,
    channel_folder: Option<OwnedFd>,
}

/// What the monitor is given: its number, and what is put there.
type Numbered<'a> = (i32, BorrowedFd<'a>);

/// Runs in the child of the fork and never returns.
pub(super) fn run(mut plan: Plan<'_>) -> ! {
    fault::arm_child(plan.fault);
    let error = match build_and_become(&mut plan) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    let message = FromInit::BootFailed { step: error.step.to_owned(), reason: error.reason };
    drop(plan.channel.send(&message, &[]));
    sys::exit_now(1)
}

fn build_and_become(plan: &mut Plan<'_>) -> Result<Infallible, StepError> {
    let dies_with_us = || sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    // Fires when the spawner's only thread ends.
    dies_with_us().at("parent death signal")?;
    sys::reset_signals();
    let own = take_descriptors(plan)?;
    let Walls { network, channel_folder } = build(plan, &own)?;
    // Cleared by the change of user; kept by exec.
    dies_with_us().at("parent death signal")?;
    limit_resources(plan.spec.file_bytes_max).at("resource limits")?;
    let told: Vec<BorrowedFd<'_>> = channel_folder.iter().chain(&network.tun).map(AsFd::as_fd).collect();
    plan.channel.send(&FromInit::Booted, &told).at("word to the spawner")?;
    drop(told);
    if matches!(plan.program, Program::Firecracker(_)) {
        jailer::fork_under_watch(plan)?;
    }
    let mut numbered: Vec<Numbered<'_>> = Vec::new();
    for (given, file) in plan.spec.files.iter().zip(&own.files) {
        if let Given::Inherited(number) = given {
            numbered.push((*number, file.as_fd()));
        }
    }
    if let Tap::Inherited(number) = plan.spec.tap {
        numbered.push((number, network.tap.as_fd()));
    }
    become_monitor(plan, &numbered)
}

/// Nothing of the spawner's stays open but what is meant to; all of that closes by exec.
fn take_descriptors(plan: &mut Plan<'_>) -> Result<Own, StepError> {
    let raise = |fd: BorrowedFd<'_>| {
        rustix::io::fcntl_dupfd_cloexec(fd, FIRST_RAISED_FD).at("descriptor of the jail")
    };
    let channel = raise(plan.channel.as_fd())?;
    let own = Own {
        host: raise(plan.namespaces.host.as_fd())?,
        spawner: raise(plan.namespaces.spawner.as_fd())?,
        files: plan.files.iter().map(|file| raise(file.as_fd())).collect::<Result<_, _>>()?,
        programs: match plan.program {
            Program::Qemu(_) => Vec::new(),
            Program::Firecracker(FirecrackerFiles { firecracker, jailer }) => {
                vec![(FIRECRACKER, raise(firecracker.as_fd())?), (JAILER, raise(jailer.as_fd())?)]
            }
        },
        // Held until exec: by then the monitor is in its group, where the sweep finds it.
        // SAFETY: the spawner keeps this number open for its whole life, and so does its fork up to here.
        life: raise(unsafe { BorrowedFd::borrow_raw(plan.life) })?,
    };
    let mut keep =
        vec![channel.as_raw_fd(), own.host.as_raw_fd(), own.spawner.as_raw_fd(), own.life.as_raw_fd()];
    keep.extend(own.files.iter().chain(own.programs.iter().map(|(_, file)| file)).map(AsRawFd::as_raw_fd));
    keep.extend(fault::descriptor());
    sys::close_all_but(&keep);
    // The old ones' numbers were closed above with all others and must not be closed again.
    std::mem::forget(std::mem::replace(&mut plan.channel, Channel::from_fd(channel)));
    std::mem::forget(std::mem::take(&mut plan.files));
    occupy_low_numbers().at("standard streams")?;
    Ok(own)
}

/// The numbers that the monitor will be given are taken until then, so that nothing of ours gets one of them.
fn occupy_low_numbers() -> io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    for number in (0..FIRST_RAISED_FD).filter(|number| Some(*number) != fault::descriptor()) {
        let flags = if number > 2 { libc::O_CLOEXEC } else { 0 };
        // SAFETY: numbers only; what is at them was closed before, or is /dev/null itself.
        if number != null.as_raw_fd() && unsafe { libc::dup3(null.as_raw_fd(), number, flags) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // It stays where it is, as all the others do.
    std::mem::forget(null);
    Ok(())
}

/// The walls, in the order that needs each privilege last used before it is given up.
fn build(plan: &Plan<'_>, own: &Own) -> Result<Walls, StepError> {
    rustix::process::setsid().at("session")?;
    plan.tree.create(plan.group, &plan.limits).at("control group")?;
    plan.tree.enter(plan.group).at("entering the control group")?;
    let mut shown = open_shown(plan, own)?;
    for (name, file) in &own.programs {
        shown.push(open_one(name, Shows::Runs, file)?);
    }
    namespaces::leave_the_host(namespaces::Network::Own)?;
    let owner = (plan.spec.tap == Tap::Named).then_some(plan.uid);
    let network = tap::create(plan.spec.nat, owner, plan.spec.network_bytes).at("network of the machine")?;
    let proc = rootfs::open_proc().at("proc")?;
    let channel_folder = build_root(plan, &shown)?;
    drop(shown);
    rootfs::pivot(plan.root)?;
    rootfs::attach(&proc, Path::new("/proc")).at("attach /proc")?;
    rootfs::narrow_proc().at("/proc")?;
    mount_attributes(CWD, c"/", MOUNT_READ_ONLY, false).at("read-only root")?;
    match plan.program {
        Program::Firecracker(_) => jailer::narrow()?,
        Program::Qemu(_) => namespaces::become_nobody(Identity::Own { uid: plan.uid, gid: plan.uid })?,
    }
    Ok(Walls { network, channel_folder })
}

/// Binds what is shown by name, in the namespace that the server opened it in.
fn open_shown<'a>(plan: &Plan<'a>, own: &Own) -> Result<Vec<Shown<'a>>, StepError> {
    let named = |(given, file): (&'a Given, _)| match given {
        Given::Shown { name, access } => Some((name.as_str(), *access, file)),
        Given::Inherited(_) => None,
    };
    let wanted: Vec<(&str, Access, &OwnedFd)> =
        plan.spec.files.iter().zip(&own.files).filter_map(named).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let step = |to: &OwnedFd| {
        rustix::thread::move_into_link_name_space(to.as_fd(), Some(LinkNameSpaceType::Mount))
            .at("step between namespaces")
    };
    step(&own.host)?;
    let mut shown = Vec::new();
    for (name, access, file) in wanted {
        let shows = match access {
            Access::Read => Shows::Reads,
            Access::Write => Shows::Writes,
        };
        shown.push(open_one(name, shows, file)?);
    }
    step(&own.spawner)?;
    Ok(shown)
}

fn open_one<'a>(name: &'a str, access: Shows, file: &OwnedFd) -> Result<Shown<'a>, StepError> {
    let refused =
        |reason: &str| StepError { step: "what is shown in the jail", reason: format!("{name}: {reason}") };
    let status = rustix::fs::fstat(file).at("stat what is shown in the jail")?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(refused("not a file"));
    }
    let opened = rustix::fs::fcntl_getfl(file).at("flags of what is shown in the jail")?;
    if access == Shows::Writes && (opened & OFlags::RWMODE != OFlags::RDWR || opened.contains(OFlags::PATH)) {
        return Err(refused("the server can not write to it itself"));
    }
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = rustix::mount::open_tree(file, "", flags)
        .map_err(|error| format!("{name}: {error}"))
        .at("open what is shown in the jail")?;
    let attributes = MOUNT_NOSUID
        | MOUNT_NODEV
        | match access {
            Shows::Reads => MOUNT_READ_ONLY | MOUNT_NOEXEC,
            Shows::Runs => MOUNT_READ_ONLY,
            Shows::Writes => MOUNT_NOEXEC,
        };
    mount_attributes(&tree, c"", attributes, true).at("narrow what is shown in the jail")?;
    Ok(Shown { tree, name, access })
}

/// Answers the channel folder of a monitor that has one.
fn build_root(plan: &Plan<'_>, shown: &[Shown<'_>]) -> Result<Option<OwnedFd>, StepError> {
    let root = plan.root;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let options = c"size=64k,nr_inodes=128,mode=755";
    rustix::mount::mount("tmpfs", root, "tmpfs", flags, options).at("root of the jail")?;
    for name in ["dev", "proc"] {
        std::fs::create_dir(root.join(name)).at("folders of the jail")?;
    }
    build_dev(&root.join("dev"), plan).at("/dev of the jail")?;
    if plan.spec.monitor == MonitorWire::Qemu {
        for name in SYSTEM.into_iter().chain(["etc"]) {
            show_system(plan.template, root, name).at("the system's folders in the jail")?;
        }
    }
    let (mut innermost, mut channel_folder) = (root.to_owned(), None);
    if let MonitorWire::Firecracker { id } = &plan.spec.monitor {
        innermost = jailer::build_inner_root(root, id).at("folder for the jailer")?;
        channel_folder =
            Some(jailer::build_channel(&innermost.join(CHANNEL)).at("channel folder of the monitor")?);
    }
    for one in shown {
        let place = if one.access == Shows::Runs { root.join(one.name) } else { innermost.join(one.name) };
        let made = std::fs::write(&place, "");
        made.and_then(|()| rootfs::attach(&one.tree, &place)).at("attach what is shown in the jail")?;
    }
    Ok(channel_folder)
}

/// As code is shown it: the template's mounts are read-only, and so are these.
fn show_system(template: &Path, root: &Path, name: &str) -> io::Result<()> {
    let (from, to) = (template.join(name), root.join(name));
    match std::fs::symlink_metadata(&from) {
        Ok(found) if found.is_symlink() => std::os::unix::fs::symlink(std::fs::read_link(&from)?, to),
        Ok(found) if found.is_dir() => {
            std::fs::create_dir(&to)?;
            rustix::mount::mount_bind_recursive(&from, &to)?;
            mount_attributes(CWD, &c_path(&to)?, MOUNT_READ_ONLY | MOUNT_NOSUID | MOUNT_NODEV, true)
        }
        _ => Ok(()),
    }
}

fn build_dev(dev: &Path, plan: &Plan<'_>) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    rustix::mount::mount("tmpfs", dev, "tmpfs", flags, c"size=64k,nr_inodes=32,mode=755")?;
    let mut devices: Vec<(&str, u32, u32, bool)> =
        DEVICES.into_iter().map(|(name, major, minor)| (name, major, minor, false)).collect();
    let own = [(plan.spec.kvm, KVM), (plan.spec.tap == Tap::Named, TUN)];
    devices.extend(
        own.into_iter().filter(|(has, _)| *has).map(|(_, (name, major, minor))| (name, major, minor, true)),
    );
    for (name, major, minor, is_own) in devices {
        let path = dev.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mode = Mode::from_raw_mode(if is_own { 0o600 } else { 0o666 });
        rustix::fs::mknodat(CWD, &path, FileType::CharacterDevice, mode, rustix::fs::makedev(major, minor))?;
        rustix::fs::chmod(&path, mode)?;
        if is_own {
            let (user, group) = (Uid::from_raw(plan.uid), Gid::from_raw(plan.uid));
            rustix::fs::chown(&path, Some(user), Some(group))?;
        }
    }
    mount_attributes(CWD, &c_path(dev)?, MOUNT_READ_ONLY, false)
}

fn limit_resources(file_bytes_max: u64) -> io::Result<()> {
    sys::limit(libc::RLIMIT_CORE, CORE_BYTES_MAX)?;
    sys::limit(libc::RLIMIT_FSIZE, file_bytes_max)?;
    sys::limit(libc::RLIMIT_NOFILE, OPEN_FILES_MAX)
}

/// Puts each descriptor at its number and becomes the program; everything else closes.
fn become_monitor(plan: &Plan<'_>, numbered: &[Numbered<'_>]) -> Result<Infallible, StepError> {
    let spec = plan.spec;
    for (number, fd) in numbered {
        // SAFETY: numbers only. All sources are above these numbers, so that none is overwritten before it is used.
        if unsafe { libc::dup2(fd.as_raw_fd(), *number) } < 0 {
            return Err(io::Error::last_os_error()).at("descriptors of the monitor");
        }
    }
    let text = |bytes: &[u8]| CString::new(bytes).at("arguments of the monitor");
    let program = match plan.program {
        Program::Qemu(path) => text(path.as_os_str().as_bytes())?,
        Program::Firecracker(_) => text(format!("/{JAILER}").as_bytes())?,
    };
    let mut arguments = vec![program.clone()];
    let jailers = match &spec.monitor {
        MonitorWire::Qemu => Vec::new(),
        MonitorWire::Firecracker { id } => jailer::arguments(id, plan.uid),
    };
    for argument in jailers.iter().chain(&spec.arguments) {
        arguments.push(text(argument.as_bytes())?);
    }
    let pointers: Vec<*const libc::c_char> =
        arguments.iter().map(|one| one.as_ptr()).chain([std::ptr::null()]).collect();
    let nothing = [std::ptr::null::<libc::c_char>()];
    // SAFETY: all pointers are to NUL-ended strings that live on, and the lists end with a null.
    unsafe { libc::execve(program.as_ptr(), pointers.as_ptr(), nothing.as_ptr()) };
    Err(io::Error::last_os_error()).at("exec of the monitor")
}
