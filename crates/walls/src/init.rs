//! Pid 1 of one environment: first it builds the walls around itself, then it looks after what runs inside.
//!
//! ```text
//!  forked (root, host's tree) ─▶ in its groups ─▶ own namespaces ─▶ doors open ─▶ own root ─▶ nobody, no capability,
//!  seccomp, Landlock ─▶ Booted ─▶ { Start ─▶ fork, exec │ child ended ─▶ reap, Exited } … ─▶ channel ends ─▶ exit
//! ```
//!
//! It is the spawner's own code, forked and never exec'd, so there is no file to protect and nothing to load. From
//! the moment that it says `Booted` it is as powerless as the code beside it: one user, no capability, the same
//! filters. When it ends, for whatever reason, the kernel kills everything in its pid namespace.

use crate::Fault;
use crate::cgroup::{Limits, Tree};
use crate::channel::{Channel, MESSAGE_BYTES_MAX};
use crate::fault;
use crate::landlock;
use crate::namespaces::{self, Identity, Network};
use crate::protocol::{BootWire, FromInit, ProcessWire, StatusWire, ToInit};
use crate::rootfs::{self, Names};
use crate::seccomp::Filters;
use crate::sys::{self, At, StepError};
use crate::tmp;
use crate::{BIND_FD_VARIABLE, LAMBDA_API_ADDRESS, RUNTIME_API_ADDRESS, network, tun};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{WaitOptions, WaitStatus};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// AWS's own: soft limits inside are nofile 1,024, memlock 64 KiB, stack 8 MiB.
const OPEN_FILES_MAX: u64 = 1_024;
/// Too small for any core file; and, unlike 0, it stops the kernel from starting a host's piped core handler.
const CORE_BYTES_MAX: u64 = 1;
const LOCKED_MEMORY_BYTES_MAX: u64 = 64 * 1024;
const STACK_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Where the telemetry pipe is found, said by `_LAMBDA_TELEMETRY_LOG_FD`.
const TELEMETRY_FD: i32 = 3;
/// Where a process that waits for its function reads.
const BIND_FD: i32 = 4;
/// The network device inside, by the name that most programs expect.
const TUN_NAME: &str = "eth0";
const TELEMETRY_VARIABLE: &str = "_LAMBDA_TELEMETRY_LOG_FD";

/// Everything that init needs, handed over by the fork.
pub struct Plan<'a> {
    pub group: &'a str,
    pub limits: Limits,
    pub tree: &'a dyn Tree,
    pub identity: Identity,
    pub spec: &'a BootWire,
    pub template: &'a Path,
    pub tmp: &'a tmp::Kind,
    /// Already prepared, if one was at hand.
    pub tmp_ready: Option<OwnedFd>,
    pub filters: Option<&'a Filters>,
    pub landlock: bool,
    /// [`landlock::Tmp::Later`]: what is mounted now is a placeholder.
    pub tmp_stands: landlock::Tmp,
    pub network: namespaces::Network,
    /// Without the kernel's limit of processes, an rlimit takes its place.
    pub processes_max: Option<u64>,
    pub channel: Channel,
    /// Kept open as long as this runs; see `sweep`. A raised number ([`sys::raised`]): low ones are occupied.
    pub life: i32,
    /// For tests.
    pub fault: Option<Fault>,
}

/// Runs in the child of the fork and never returns.
pub fn run(mut plan: Plan<'_>) -> ! {
    fault::arm_child(plan.fault);
    // Fires when the spawner's only thread ends: what it can not clean up any more ends by itself.
    let prepared =
        sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong).at("parent death signal");
    sys::reset_signals();
    let built = prepared.and_then(|()| {
        let channel = sys::raised(plan.channel.as_fd()).at("descriptor of the channel")?;
        let tmp_ready = match plan.tmp_ready.take() {
            Some(tmp) => Some(sys::raised(tmp.as_fd()).at("descriptor of /tmp")?),
            None => None,
        };
        let mut keep = vec![channel.as_raw_fd(), plan.life];
        keep.extend(tmp_ready.as_ref().map(AsRawFd::as_raw_fd));
        keep.extend(fault::descriptor());
        sys::close_all_but(&keep);
        // The old one's number was closed above with all others and must not be closed again.
        std::mem::forget(std::mem::replace(&mut plan.channel, Channel::from_fd(channel)));
        occupy_low_numbers().at("standard streams")?;
        build(&plan, tmp_ready)
    });
    match built {
        Ok(doors) => {
            let fds: Vec<BorrowedFd<'_>> = doors.iter().map(AsFd::as_fd).collect();
            if plan.channel.send(&FromInit::Booted, &fds).is_err() {
                sys::exit_now(1);
            }
            drop(doors);
            let code = match Supervisor::new(&plan.channel) {
                Ok(supervisor) => i32::from(supervisor.supervise().is_err()),
                Err(_) => 1,
            };
            sys::exit_now(code)
        }
        Err(error) => {
            let message = FromInit::BootFailed { step: error.step.to_owned(), reason: error.reason };
            drop(plan.channel.send(&message, &[]));
            sys::exit_now(1)
        }
    }
}

/// The walls, in the order that needs each privilege last used before it is given up.
fn build(plan: &Plan<'_>, tmp_ready: Option<OwnedFd>) -> Result<Vec<OwnedFd>, StepError> {
    rustix::process::setsid().at("session")?;
    // Prepared before the group is entered: making an image is the host's work, not the function's memory.
    let tmp = match tmp_ready {
        Some(tmp) => tmp,
        None => plan.tmp.prepare(plan.spec.tmp_mb)?,
    };
    plan.tree.create(plan.group, &plan.limits).at("control group")?;
    plan.tree.enter(plan.group).at("entering the control group")?;
    namespaces::leave_the_host(plan.network)?;
    let tun = build_network(plan)?;
    let mut given =
        vec![namespaces::open_door(RUNTIME_API_ADDRESS)?, namespaces::open_door(LAMBDA_API_ADDRESS)?];
    given.extend(tun);
    let sources = rootfs::open_sources(&plan.spec.mounts)?;
    let proc = rootfs::open_proc().at("proc")?;
    rootfs::pivot(plan.template)?;
    let alias = network::HOST_ALIAS_ADDRESS;
    let names = Names {
        dns: plan.spec.nat.then_some(network::DNS_SERVER),
        host_alias: (plan.spec.nat && !plan.spec.allow_hosts.is_empty()).then_some(alias),
    };
    rootfs::furnish(&sources, &tmp, &proc, &names)?;
    drop((sources, tmp, proc));
    namespaces::become_nobody(plan.identity)?;
    // Cleared by the change of user.
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong).at("parent death signal")?;
    limit_resources(plan).at("resource limits")?;
    if plan.landlock {
        landlock::restrict(plan.tmp_stands)?;
    }
    if let Some(filters) = plan.filters {
        filters.apply()?;
    }
    Ok(given)
}

/// Before the pivot, while the host's /dev/net/tun is there. It raises loopback as well.
fn build_network(plan: &Plan<'_>) -> Result<Option<OwnedFd>, StepError> {
    match (plan.network, plan.spec.nat) {
        (Network::Shared, _) => Ok(None),
        (Network::Own, true) => Ok(Some(tun::create_tun(TUN_NAME).at("tun")?)),
        (Network::Own, false) => {
            tun::raise_loopback().at("loopback")?;
            Ok(None)
        }
    }
}

// What an init keeps is above the numbers that it occupies.
const _: () = assert!(BIND_FD < sys::FIRST_OWN_FD && TELEMETRY_FD < BIND_FD);

/// 0 to 3 become /dev/null: init writes nowhere, nothing of the server's terminal goes inside, and no later
/// descriptor gets a number that a started process must have.
fn occupy_low_numbers() -> io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    for number in 0..=BIND_FD {
        if null.as_raw_fd() != number {
            // SAFETY: numbers only; 0 to 2 are inherited and 3 was closed before.
            if unsafe { libc::dup3(null.as_raw_fd(), number, if number > 2 { libc::O_CLOEXEC } else { 0 }) }
                < 0
            {
                return Err(io::Error::last_os_error());
            }
        }
    }
    if null.as_raw_fd() <= BIND_FD {
        std::mem::forget(null);
    }
    Ok(())
}

fn limit_resources(plan: &Plan<'_>) -> io::Result<()> {
    sys::limit(libc::RLIMIT_CORE, CORE_BYTES_MAX)?;
    sys::limit(libc::RLIMIT_NOFILE, OPEN_FILES_MAX)?;
    sys::limit(libc::RLIMIT_MEMLOCK, LOCKED_MEMORY_BYTES_MAX)?;
    sys::limit(libc::RLIMIT_STACK, STACK_BYTES_MAX)?;
    match plan.processes_max {
        Some(most) => sys::limit(libc::RLIMIT_NPROC, most),
        None => Ok(()),
    }
}

struct Supervisor<'a> {
    channel: &'a Channel,
    /// Becomes readable when a child ended.
    children: OwnedFd,
    /// By pid; an orphan that is not in here is reaped silently.
    processes: BTreeMap<i32, u64>,
}

impl<'a> Supervisor<'a> {
    fn new(channel: &'a Channel) -> io::Result<Self> {
        // SAFETY: the set lives through both calls; the descriptor is new and nobody else owns it.
        let children = unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGCHLD);
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            std::os::fd::FromRawFd::from_raw_fd(fd)
        };
        Ok(Self { channel, children, processes: BTreeMap::new() })
    }

    /// Until the spawner closes the channel.
    fn supervise(mut self) -> io::Result<()> {
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        loop {
            let mut polled = [
                PollFd::new(self.channel, PollFlags::IN),
                PollFd::from_borrowed_fd(self.children.as_fd(), PollFlags::IN),
            ];
            match rustix::event::poll(&mut polled, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [asked, ended] = polled.map(|one| !one.revents().is_empty());
            if ended {
                self.reap()?;
            }
            if asked {
                match self.channel.receive::<ToInit>(&mut buffer) {
                    Ok(Some((ToInit::Start { process, spec }, pipes))) => {
                        self.start(process, &spec, pipes)?
                    }
                    Ok(None) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    fn start(&mut self, process: u64, spec: &ProcessWire, pipes: Vec<OwnedFd>) -> io::Result<()> {
        let message = match spawn(spec, &pipes) {
            Ok(pid) => {
                self.processes.insert(pid, process);
                FromInit::Started { process }
            }
            Err(error) => {
                FromInit::ExecFailed { process, errno: error.raw_os_error().unwrap_or(libc::EINVAL) }
            }
        };
        self.say(&message)
    }

    fn reap(&mut self) -> io::Result<()> {
        let mut signals = [0u8; 1024];
        let _ = rustix::io::read(&self.children, &mut signals);
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let Some(process) = self.processes.remove(&pid.as_raw_nonzero().get()) {
                        self.say(&FromInit::Exited { process, status: status_of(status) })?;
                    }
                }
                Ok(None) | Err(rustix::io::Errno::CHILD) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits while the channel is full: the spawner reads it in its own loop.
    fn say(&self, message: &FromInit) -> io::Result<()> {
        loop {
            match self.channel.send(message, &[]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut polled = [PollFd::new(self.channel, PollFlags::OUT)];
                    rustix::event::poll(&mut polled, None)?;
                }
                other => return other,
            }
        }
    }
}

fn status_of(status: WaitStatus) -> StatusWire {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => StatusWire::Code(code),
        (None, Some(signal)) => StatusWire::Signal(signal),
        (None, None) => StatusWire::Signal(libc::SIGKILL),
    }
}

/// Starts a program; the error is that of exec itself.
fn spawn(spec: &ProcessWire, pipes: &[OwnedFd]) -> io::Result<i32> {
    if pipes.len() != spec.pipes() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let image = Image::of(spec)?;
    // Closed by a successful exec; otherwise it carries errno.
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    // SAFETY: init has one thread.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let error = image.become_it(pipes);
            let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
            let _ = rustix::io::write(&write, &errno.to_ne_bytes());
            sys::exit_now(127)
        }
        pid => {
            drop(write);
            let mut errno = [0; 4];
            let got = rustix::io::retry_on_intr(|| rustix::io::read(&read, &mut errno))?;
            if got == errno.len() {
                return Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)));
            }
            Ok(pid)
        }
    }
}

/// A program, its arguments and variables, as the kernel takes them; made before the fork.
struct Image {
    program: CString,
    folder: CString,
    /// What each pipe is inside.
    numbers: Vec<i32>,
    arguments: Vec<CString>,
    variables: Vec<CString>,
}

impl Image {
    fn of(spec: &ProcessWire) -> io::Result<Self> {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL));
        let program = text(spec.program.as_os_str().as_bytes())?;
        let mut arguments = vec![program.clone()];
        for argument in &spec.arguments {
            arguments.push(text(argument.as_bytes())?);
        }
        let mut variables = Vec::new();
        for (name, value) in &spec.environment {
            variables.push(text(format!("{name}={value}").as_bytes())?);
        }
        if spec.telemetry {
            variables.push(text(format!("{TELEMETRY_VARIABLE}={TELEMETRY_FD}").as_bytes())?);
        }
        let mut numbers = vec![1, 2];
        if spec.telemetry {
            numbers.push(TELEMETRY_FD);
        }
        if spec.bind {
            numbers.push(BIND_FD);
            variables.push(text(format!("{BIND_FD_VARIABLE}={BIND_FD}").as_bytes())?);
        }
        Ok(Self {
            program,
            numbers,
            folder: text(spec.working_directory.as_os_str().as_bytes())?,
            arguments,
            variables,
        })
    }

    /// Becomes the program, or says why not. In the child of the fork.
    fn become_it(&self, pipes: &[OwnedFd]) -> io::Error {
        match self.try_become(pipes) {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn try_become(&self, pipes: &[OwnedFd]) -> io::Result<std::convert::Infallible> {
        sys::reset_signals();
        rustix::process::setsid()?;
        for (pipe, number) in pipes.iter().zip(self.numbers.iter().copied()) {
            // SAFETY: numbers only. Init keeps 0 to 4 occupied, so that neither these pipes nor the one for errno
            // have such a number and can be overwritten.
            if unsafe { libc::dup2(pipe.as_raw_fd(), number) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        rustix::process::chdir(&self.folder)?;
        let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
            list.iter().map(|one| one.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (arguments, variables) = (pointers(&self.arguments), pointers(&self.variables));
        // SAFETY: all pointers are to NUL-ended strings that live on, and the lists end with a null.
        unsafe { libc::execve(self.program.as_ptr(), arguments.as_ptr(), variables.as_ptr()) };
        Err(io::Error::last_os_error())
    }
}
