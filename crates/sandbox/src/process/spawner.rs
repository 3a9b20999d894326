//! The process that makes environments: one thread, one loop, the only one with privilege.
//!
//! ```text
//!  each environment:   Booting ──Booted, attached──▶ Live ──Stop, init ended──▶ Ending ──groups removed──▶ (gone)
//!                         └──BootFailed, Stop, init ended, not attached─────────▶┘
//!  the spawner:        Hello ▶ lock, sweep, survey ▶ Ready ▶ loop ──server gone or Shutdown──▶ end all ▶ remove ▶ exit
//! ```
//!
//! A boot forks an init that does the slow work in parallel with all others; the loop only keeps the books, and waits for
//! nobody: not for the egress process (`network`), not for the host's disk to make a file system (`ready`), not for the
//! kernel to freeze (`freezing`) or to find memory (`reclaim`; `binding` refuses a limit that would need some to be found).
//! One thing it does may read the disk: a binding opens the folders that it shows by their paths. Whoever binds has just
//! unpacked them or looked into them, so that the kernel knows these paths; a child for it would cost every binding a fork.
//! Whatever ends an init (its own failure, a Stop, the memory limit) is seen by its pidfd; then, and only then, its groups
//! are removed, its user is free again and those who wait are answered.

mod binding;
mod booting;
mod ending;
mod freezing;
mod host;
mod jail;
mod living;
mod machine;
mod network;
mod programs;
mod ready;
mod reclaim;

pub(crate) use machine::MONITOR;

use super::cgroup::Tree;
use super::fault;
use super::protocol::{
    Answer, Channel, Failure, FromSpawner, MESSAGE_BYTES_MAX, Request, SpawnerConfig, ToSpawner, VERSION,
};
use super::sweep::Folder;
use super::sys::{self, At, StepError};
use crate::egress;
use freezing::Freezing;
use host::Host;
use network::{Gateway, Network};
use ready::Ready;
use reclaim::Reclaim;
use rustix::event::epoll;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Answers that wait because the server does not read. Past it the server is taken for dead: each environment has at
/// most a few questions open.
const OUTGOING_MAX: usize = 65_536;
/// Most processes that the platform starts in one environment: a runtime and extensions (AWS allows 10).
const PROCESSES_MAX: usize = 64;
/// How often an environment without the kernel's memory limit is looked at.
const WATCH_MS: u64 = 50;
/// Version 1 groups may be busy for a moment after their last task ended, without an event.
const REMOVE_AGAIN_MS: i64 = 3;
/// A group freezes when its last task came to a stop; version 1 has no event for it.
const FREEZE_AGAIN_MS: i64 = 1;
const SERVER_TOKEN: u64 = 0;
/// Environments' tokens begin at 2 and end long before the last numbers.
const EGRESS_TOKEN: u64 = 1;
const READY_TOKEN: u64 = u64::MAX;
const RECLAIM_TOKEN: u64 = u64::MAX - 1;
const FAULT_TOKEN: u64 = u64::MAX - 2;

/// Runs the whole life of a spawner over this channel; the exit code.
pub(crate) fn main(server: Channel) -> i32 {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let config = match server.receive_waiting::<ToSpawner>(&mut buffer) {
        Ok(Some((ToSpawner::Hello { version: VERSION, config }, _))) => config,
        Ok(Some((ToSpawner::Hello { version, .. }, _))) => {
            let reason = format!("the spawner speaks version {VERSION}, the server {version}");
            drop(server.send(&FromSpawner::Refused(reason), &[]));
            return 2;
        }
        _ => return 2,
    };
    match Spawner::start(server, config) {
        Ok(mut spawner) => match spawner.serve(&mut buffer) {
            Ok(()) => 0,
            Err(_) => {
                spawner.end_everything();
                1
            }
        },
        Err(()) => 2,
    }
}

struct Spawner {
    server: Channel,
    server_gone: bool,
    config: SpawnerConfig,
    folder: Folder,
    host: Host,
    epoll: OwnedFd,
    environments: BTreeMap<u64, Environment>,
    slots: BTreeSet<u32>,
    slot_next: u32,
    gateway: Gateway,
    ready: Ready,
    reclaim: Reclaim,
    freezing: Vec<Freezing>,
    /// Helpers that were killed and are not yet reaped.
    dying: Vec<OwnedFd>,
    /// Environments that were killed and whose end no event tells.
    unwatched: Vec<u64>,
    /// When memory is to be looked at next, where the kernel has no limit.
    watch_due_ms: u64,
    _fault: Option<OwnedFd>,
    outgoing: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    shutdown: Option<u64>,
}

struct Environment {
    state: State,
    slot: u32,
    group: String,
    channel: Channel,
    pidfd: OwnedFd,
    pid: i32,
    kind: Kind,
    network: Option<Network>,
    /// Of a machine whose boot is not answered yet, and that has no network: what the answer rides with.
    channel_folder: Option<OwnedFd>,
    memory_bytes: u64,
    /// Largest use that was sampled; see `cgroup`.
    memory_peak_bytes: u64,
    out_of_memory_kills: u64,
    /// Asked for, not yet started: (request, read ends of the pipes).
    starting: BTreeMap<u64, (u64, Vec<OwnedFd>)>,
    running: BTreeSet<u64>,
    stops: Vec<u64>,
}

/// What its pid 1 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Our own init, which starts processes.
    Room,
    /// A monitor, which is told nothing by us: from its exec on the channel is closed.
    Machine,
}

enum State {
    Booting {
        request: u64,
    },
    Live,
    /// Killed or ended; `boot` is the answer owed to a boot that did not succeed.
    Ending {
        boot: Option<(u64, Failure)>,
        reaped: bool,
    },
}

impl Spawner {
    fn start(server: Channel, config: SpawnerConfig) -> Result<Self, ()> {
        quiet_signals();
        sys::raise_open_files();
        let fault = fault::arm_spawner(config.fault).map_err(drop)?;
        let started = Folder::lock(&config.data).and_then(|folder| {
            let left = folder.sweep()?;
            let mut host = Host::survey(&config, &folder)?;
            host.capabilities
                .missing
                .extend(left.into_iter().map(|what| format!("left by an earlier run: {what}")));
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).at("epoll")?;
            watch(&epoll, server.as_fd(), SERVER_TOKEN, false).at("epoll")?;
            if let Some(fault) = &fault {
                watch(&epoll, fault.as_fd(), FAULT_TOKEN, false).at("epoll")?;
            }
            let gateway = Gateway::new(host.egress.take());
            if let Some(egress) = gateway.process() {
                watch(&epoll, egress.as_fd(), EGRESS_TOKEN, false).at("epoll")?;
            }
            Ok((folder, host, epoll, gateway))
        });
        let (folder, host, epoll, gateway) = match started {
            Ok(started) => started,
            Err(error) => {
                drop(server.send(&FromSpawner::Refused(error.to_string()), &[]));
                return Err(());
            }
        };
        let ready = FromSpawner::Ready(Box::new(host.capabilities.clone()));
        server.send(&ready, &[]).map_err(drop)?;
        Ok(Self {
            server,
            server_gone: false,
            config,
            folder,
            host,
            epoll,
            environments: BTreeMap::new(),
            slots: BTreeSet::new(),
            slot_next: 0,
            gateway,
            ready: Ready::default(),
            reclaim: Reclaim::default(),
            freezing: Vec::new(),
            dying: Vec::new(),
            unwatched: Vec::new(),
            watch_due_ms: 0,
            _fault: fault,
            outgoing: VecDeque::new(),
            shutdown: None,
        })
    }

    /// Until the server is gone or says Shutdown, and everything is removed.
    fn serve(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut events = Vec::with_capacity(256);
        loop {
            if self.is_closing() && self.environments.is_empty() {
                break;
            }
            // Here, so that it comes after every boot's own work, and right after the start.
            self.refill_ready_tmp();
            self.wait(&mut events)?;
            for event in &events {
                match event.data.u64() {
                    SERVER_TOKEN => self.on_server(buffer),
                    EGRESS_TOKEN => self.on_egress(),
                    READY_TOKEN => self.on_ready_tmp(buffer),
                    FAULT_TOKEN => fault::die(),
                    RECLAIM_TOKEN => self.on_reclaimed(buffer),
                    token if token % 2 == 0 => self.on_init(token / 2 - 1, buffer),
                    token => self.on_end(token / 2 - 1),
                }
            }
            self.remove_ended();
            if !self.host.capabilities.memory_limit {
                self.watch_memory();
            }
            self.look_at_the_clock();
            self.flush();
        }
        self.finish();
        Ok(())
    }

    fn wait(&mut self, events: &mut Vec<epoll::Event>) -> io::Result<()> {
        let timeout = self
            .timeout_ms()
            .map(|ms| rustix::event::Timespec { tv_sec: ms / 1_000, tv_nsec: ms % 1_000 * 1_000_000 });
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Until something is to be looked at that has no event.
    fn timeout_ms(&self) -> Option<i64> {
        let ended =
            self.environments.values().any(|one| matches!(one.state, State::Ending { reaped: true, .. }));
        let watched = !self.host.capabilities.memory_limit && !self.environments.is_empty();
        let again = [
            (ended || !self.dying.is_empty() || !self.unwatched.is_empty()).then_some(REMOVE_AGAIN_MS),
            (!self.freezing.is_empty()).then_some(FREEZE_AGAIN_MS),
        ];
        let watch = watched.then_some(self.watch_due_ms);
        let due = [self.gateway_due_ms(), self.ready_due_ms(), self.reclaim_due_ms(), watch];
        let due = due.into_iter().flatten().min().map(|due| {
            // One more, for the clock that is read afterwards counts whole milliseconds.
            i64::try_from(due.saturating_sub(now_ms())).unwrap_or(i64::MAX / 2).min(60_000) + 1
        });
        again.into_iter().flatten().chain(due).min()
    }

    /// What is due without an event: what takes too long, what has come to a stop, what has ended.
    fn look_at_the_clock(&mut self) {
        self.look_at_freezing();
        self.reap_dying(rustix::process::WaitIdOptions::NOHANG);
        self.look_at_unwatched();
        if self.is_closing() {
            return;
        }
        let now = now_ms();
        self.look_at_egress(now);
        self.let_stuck_ready_hand_go(now);
        self.let_stuck_reclaim_go(now);
    }

    fn reap_dying(&mut self, how: rustix::process::WaitIdOptions) {
        let options = rustix::process::WaitIdOptions::EXITED | how;
        self.dying.retain(|pidfd| {
            let waited = rustix::process::waitid(rustix::process::WaitId::PidFd(pidfd.as_fd()), options);
            matches!(waited, Ok(None) | Err(rustix::io::Errno::INTR))
        });
    }

    fn is_closing(&self) -> bool {
        self.server_gone || self.shutdown.is_some()
    }

    /// Nothing is left of this run: answer, and forget it.
    fn finish(&mut self) {
        self.empty_ready_tmp();
        fault::step();
        self.let_reclaim_go();
        self.end_egress();
        fault::step();
        // They were killed: this waits for the kernel alone.
        self.reap_dying(rustix::process::WaitIdOptions::empty());
        // A group that can not be removed stays written down, and the next start tries again.
        if self.host.tree.remove_roots().is_ok() {
            fault::step();
            self.folder.forget(&self.config.run);
        }
        if let Some(id) = self.shutdown {
            self.reply(id, Ok(Answer::Done), Vec::new());
            self.flush();
        }
    }

    // The server.

    fn on_server(&mut self, buffer: &mut [u8]) {
        while !self.server_gone {
            match self.server.receive::<ToSpawner>(buffer) {
                Ok(Some((ToSpawner::Request { id, what }, fds))) => self.on_request(id, what, fds),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The end, a second Hello or garbage: whoever is there, it is no server of ours any more.
                _ => {
                    self.server_gone = true;
                    let _ = epoll::delete(&self.epoll, &self.server);
                    self.stop_all();
                }
            }
        }
    }

    fn on_request(&mut self, id: u64, what: Request, fds: Vec<OwnedFd>) {
        match what {
            Request::Boot { environment, spec } => self.boot(id, environment, &spec),
            Request::BootMachine { environment, spec } => self.boot_machine(id, environment, &spec, fds),
            Request::Start { environment, process, spec } => {
                if let Err(failure) = self.start_process(id, environment, process, spec) {
                    self.reply(id, Err(failure), Vec::new());
                }
            }
            Request::Bind { environment, memory_mb, mounts } => {
                let answer = self.bind(environment, memory_mb, &mounts).map(|()| Answer::Done);
                self.reply(id, answer, Vec::new());
            }
            Request::Stats { environment } => {
                let answer = self.stats(environment).map(Answer::Stats);
                self.reply(id, answer, Vec::new());
            }
            Request::Pause { environment } => self.pause(id, environment),
            Request::Resume { environment } => self.resume(id, environment),
            Request::Reclaim { environment } => self.reclaim(id, environment),
            Request::Stop { environment } => self.stop(id, environment),
            Request::Shutdown => {
                self.shutdown = Some(id);
                self.stop_all();
            }
        }
    }

    fn reply(&mut self, id: u64, answer: Result<Answer, Failure>, fds: Vec<OwnedFd>) {
        self.tell(&FromSpawner::Reply { id, answer }, fds);
    }

    fn tell(&mut self, message: &FromSpawner, fds: Vec<OwnedFd>) {
        let Ok(bytes) = super::protocol::encode(message) else { return };
        self.outgoing.push_back((bytes, fds));
    }

    /// Sends what waits until the server's side is full.
    fn flush(&mut self) {
        let mut blocked = false;
        while let Some((bytes, fds)) = self.outgoing.front() {
            let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            match self.server.send_bytes(bytes, &borrowed) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    blocked = true;
                    break;
                }
                // An error is the end of the server, which reading tells as well.
                _ => drop(self.outgoing.pop_front()),
            }
        }
        if self.server_gone {
            return;
        }
        if self.outgoing.len() > OUTGOING_MAX {
            self.server_gone = true;
            let _ = epoll::delete(&self.epoll, &self.server);
            self.stop_all();
            return;
        }
        let mut flags = epoll::EventFlags::IN;
        flags.set(epoll::EventFlags::OUT, blocked);
        let _ = epoll::modify(&self.epoll, &self.server, epoll::EventData::new_u64(SERVER_TOKEN), flags);
    }

    /// The loop itself failed: end what there is without it.
    fn end_everything(&mut self) {
        self.server_gone = true;
        self.stop_all();
        let keys: Vec<u64> = self.environments.keys().copied().collect();
        for key in keys {
            if let Some(environment) = self.environments.get(&key) {
                let pidfd = rustix::process::WaitId::PidFd(environment.pidfd.as_fd());
                let _ = rustix::process::waitid(pidfd, rustix::process::WaitIdOptions::EXITED);
                drop(self.host.tree.remove(&environment.group));
            }
        }
        self.finish();
    }
}

/// What an environment begins with.
struct Birth {
    kind: Kind,
    slot: u32,
    group: String,
    channel: Channel,
    memory_mb: u32,
    /// If it has egress: endpoints of the host that it may reach.
    egress: Option<Vec<SocketAddr>>,
}

impl Environment {
    fn new(state: State, birth: Birth, pidfd: OwnedFd, pid: i32) -> Self {
        let Birth { kind, slot, group, channel, memory_mb, egress } = birth;
        Self {
            state,
            slot,
            group,
            channel,
            pidfd,
            pid,
            kind,
            channel_folder: None,
            network: egress.map(|allow_hosts| Network::new(egress::Policy { allow_hosts, deny: Vec::new() })),
            memory_bytes: u64::from(memory_mb) << 20,
            memory_peak_bytes: 0,
            out_of_memory_kills: 0,
            starting: BTreeMap::new(),
            running: BTreeSet::new(),
            stops: Vec::new(),
        }
    }

    fn count_kills(&mut self, tree: &dyn Tree) {
        self.out_of_memory_kills = self.out_of_memory_kills.max(tree.out_of_memory_kills(&self.group));
    }
}

/// Signals of the terminal are for the server, which says what is to happen; its end is told by the channel. A limit on
/// file sizes is an error to be told, not a death.
fn quiet_signals() {
    // SAFETY: SIG_IGN needs no handler.
    unsafe {
        for signal in [
            libc::SIGINT,
            libc::SIGTERM,
            libc::SIGHUP,
            libc::SIGQUIT,
            libc::SIGPIPE,
            libc::SIGUSR1,
            libc::SIGXFSZ,
        ] {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

fn watch(epoll: &OwnedFd, fd: BorrowedFd<'_>, token: u64, once: bool) -> io::Result<()> {
    let mut flags = epoll::EventFlags::IN;
    flags.set(epoll::EventFlags::ET, once);
    Ok(epoll::add(epoll, fd, epoll::EventData::new_u64(token), flags)?)
}

fn kill(pidfd: &OwnedFd) {
    // It may have ended by itself: then there is nothing to kill.
    let _ = rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL);
}

/// The monotonic clock, in milliseconds: the spawner's loop is the driver that hands time to its parts.
fn now_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec * 1_000 + time.tv_nsec / 1_000_000).unwrap_or(0)
}

fn failure_of(error: StepError) -> Failure {
    Failure::Host { step: error.step.to_owned(), reason: error.reason }
}
