//! The process that makes environments: one thread, one loop, the only one with privilege.
//!
//! ```text
//!  each environment:   Booting ──Booted──▶ Live ──Stop, init ended──▶ Ending ──groups removed──▶ (gone)
//!                         └──BootFailed, Stop, init ended──────────────▶┘
//!  the spawner:        Hello ▶ lock, sweep, survey ▶ Ready ▶ loop ──server gone or Shutdown──▶ end all ▶ remove ▶ exit
//! ```
//!
//! A boot forks an init that does the slow work in parallel with all others; the loop only keeps the books. Whatever
//! ends an init (its own failure, a Stop, the memory limit) is seen by its pidfd; then, and only then, its groups
//! are removed, its user is free again and those who wait are answered.

mod binding;
mod ending;
mod host;
mod network;

use super::cgroup::{self, Limits, Tree};
use super::init::{self, Plan};
use super::namespaces::Identity;
use super::protocol::{
    Answer, BootWire, Channel, Failure, FromInit, FromSpawner, MESSAGE_BYTES_MAX, ProcessWire, Request,
    SpawnerConfig, StatsWire, ToInit, ToSpawner, VERSION,
};
use super::sweep::Folder;
use super::sys::{self, At, Forked, StepError};
use super::uids;
use crate::egress;
use host::Host;
use rustix::event::epoll;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Answers that wait because the server does not read. Past it the server is taken for dead: each environment has at
/// most a few questions open.
const OUTGOING_MAX: usize = 65_536;
/// Most processes that the platform starts in one environment: a runtime and extensions (AWS allows 10).
const PROCESSES_MAX: usize = 64;
/// How often an environment without the kernel's memory limit is looked at.
const WATCH_MS: i64 = 50;
/// Version 1 groups may be busy for a moment after their last task ended, without an event.
const REMOVE_AGAIN_MS: i64 = 3;
const SERVER_TOKEN: u64 = 0;
/// Environments' tokens begin at 2.
const EGRESS_TOKEN: u64 = 1;

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
    network: Option<Network>,
    memory_bytes: u64,
    /// Largest use that was sampled; see `cgroup`.
    memory_peak_bytes: u64,
    out_of_memory_kills: u64,
    /// Asked for, not yet started: (request, read ends of the pipes).
    starting: BTreeMap<u64, (u64, Vec<OwnedFd>)>,
    running: BTreeSet<u64>,
    stops: Vec<u64>,
}

/// The outer end of an environment's only way out, kept to hand it to the next egress process.
struct Network {
    policy: egress::Policy,
    /// `None` until init made it.
    tun: Option<OwnedFd>,
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
        let started = Folder::lock(&config.data).and_then(|folder| {
            let left = folder.sweep()?;
            let mut host = Host::survey(&config, &folder)?;
            host.capabilities
                .missing
                .extend(left.into_iter().map(|what| format!("left by an earlier run: {what}")));
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).at("epoll")?;
            watch(&epoll, server.as_fd(), SERVER_TOKEN, false).at("epoll")?;
            if let Some(egress) = &host.egress {
                watch(&epoll, egress.as_fd(), EGRESS_TOKEN, false).at("epoll")?;
            }
            Ok((folder, host, epoll))
        });
        let (folder, host, epoll) = match started {
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
            self.wait(&mut events)?;
            for event in &events {
                match event.data.u64() {
                    SERVER_TOKEN => self.on_server(buffer),
                    EGRESS_TOKEN => self.restart_egress(),
                    token if token % 2 == 0 => self.on_init(token / 2 - 1, buffer),
                    token => self.on_end(token / 2 - 1),
                }
            }
            self.remove_ended();
            if !self.host.capabilities.memory_limit {
                self.watch_memory();
            }
            self.flush();
        }
        self.finish();
        Ok(())
    }

    fn wait(&mut self, events: &mut Vec<epoll::Event>) -> io::Result<()> {
        let busy =
            self.environments.values().any(|one| matches!(one.state, State::Ending { reaped: true, .. }));
        let milliseconds = if busy {
            Some(REMOVE_AGAIN_MS)
        } else if !self.host.capabilities.memory_limit && !self.environments.is_empty() {
            Some(WATCH_MS)
        } else {
            None
        };
        let timeout = milliseconds.map(|ms| rustix::event::Timespec { tv_sec: 0, tv_nsec: ms * 1_000_000 });
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn is_closing(&self) -> bool {
        self.server_gone || self.shutdown.is_some()
    }

    /// Nothing is left of this run: answer, and forget it.
    fn finish(&mut self) {
        // A group that can not be removed stays written down, and the next start tries again.
        if self.host.tree.remove_roots().is_ok() {
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
                Ok(Some((ToSpawner::Request { id, what }, _))) => self.on_request(id, what),
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

    fn on_request(&mut self, id: u64, what: Request) {
        match what {
            Request::Boot { environment, spec } => self.boot(id, environment, &spec),
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
            Request::Pause { environment } => self.freeze(id, environment, true),
            Request::Resume { environment } => self.freeze(id, environment, false),
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

    // Booting.

    fn boot(&mut self, request: u64, key: u64, spec: &BootWire) {
        match self.fork_init(request, key, spec) {
            Ok(environment) => {
                self.slots.insert(environment.slot);
                self.environments.insert(key, environment);
            }
            Err(error) => self.reply(request, Err(failure_of(error)), Vec::new()),
        }
    }

    fn fork_init(&mut self, request: u64, key: u64, spec: &BootWire) -> Result<Environment, StepError> {
        let refuse = |reason: &str| StepError { step: "boot", reason: reason.to_owned() };
        if self.is_closing() {
            return Err(refuse("the server is stopping"));
        }
        if self.environments.contains_key(&key) || key > u64::MAX / 4 {
            return Err(refuse("this environment's number is taken"));
        }
        let slot = self.free_slot().ok_or_else(|| refuse("as many environments as one server may have"))?;
        let group = format!("{key}");
        let (channel, theirs) = Channel::pair().at("channel of an init")?;
        let identity = match &self.host.users {
            Some(users) => Identity::Own { uid: users.uid(slot), gid: users.uid(slot) },
            None => Identity::Spawner,
        };
        // SAFETY: the spawner has one thread.
        match unsafe { sys::fork_into_pid_namespace() }.at("fork of an init")? {
            Forked::Child => init::run(Plan {
                group: &group,
                limits: Limits::of(spec.memory_mb, self.config.cpu_floor_percent),
                tree: self.host.tree.as_ref(),
                identity,
                spec,
                template: &self.host.template.root,
                tmp: &self.host.tmp,
                tmp_ready: None,
                filters: self.host.filters.as_ref(),
                landlock: self.host.landlock,
                processes_max: (!self.host.capabilities.pids_limit).then_some(cgroup::PIDS_MAX),
                channel: theirs,
            }),
            Forked::Parent { pid, pidfd } => {
                let watched = watch(&self.epoll, channel.as_fd(), key * 2 + 2, false)
                    .and_then(|()| watch(&self.epoll, pidfd.as_fd(), key * 2 + 3, true));
                if let Err(error) = watched {
                    kill(&pidfd);
                    return Err(error).at("epoll");
                }
                Ok(Environment::new(State::Booting { request }, slot, group, channel, pidfd, pid, spec))
            }
        }
    }

    /// Round and round, so that a user is not taken again right after its environment is gone.
    fn free_slot(&mut self) -> Option<u32> {
        let most = self.config.environments_max.min(uids::BLOCK - 1);
        if self.slots.len() >= most as usize {
            return None;
        }
        let slot =
            (0..most).map(|step| (self.slot_next + step) % most).find(|slot| !self.slots.contains(slot))?;
        self.slot_next = (slot + 1) % most;
        Some(slot)
    }

    // One environment's init.

    fn on_init(&mut self, key: u64, buffer: &mut [u8]) {
        loop {
            let Some(environment) = self.environments.get_mut(&key) else { return };
            match environment.channel.receive::<FromInit>(buffer) {
                Ok(Some((message, fds))) => {
                    if !self.on_message(key, message, fds) {
                        return self.end(key, None);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Its end is told by the pidfd; a broken word is the end too.
                _ => return self.end(key, None),
            }
        }
    }

    /// `false` if the message is out of phase: init is then not what it was.
    fn on_message(&mut self, key: u64, message: FromInit, fds: Vec<OwnedFd>) -> bool {
        let Some(environment) = self.environments.get_mut(&key) else { return true };
        match (message, &environment.state) {
            (FromInit::Booted, State::Booting { request }) => {
                let request = *request;
                return self.on_booted(key, request, fds);
            }
            (FromInit::BootFailed { step, reason }, State::Booting { .. }) => {
                self.end(key, Some(Failure::Host { step, reason }));
            }
            (FromInit::Started { process }, State::Live) => {
                let Some((request, pipes)) = environment.starting.remove(&process) else { return false };
                environment.running.insert(process);
                self.reply(request, Ok(Answer::Started), pipes);
            }
            (FromInit::ExecFailed { process, errno }, State::Live) => {
                let Some((request, _)) = environment.starting.remove(&process) else { return false };
                self.reply(request, Err(Failure::Exec { errno }), Vec::new());
            }
            (FromInit::Exited { process, status }, State::Live) => {
                if !environment.running.remove(&process) {
                    return false;
                }
                environment.count_kills(self.host.tree.as_ref());
                let out_of_memory = environment.out_of_memory_kills > 0;
                self.tell(
                    &FromSpawner::Exited { environment: key, process, status, out_of_memory },
                    Vec::new(),
                );
            }
            // Words that were on their way when it was stopped.
            (_, State::Ending { .. }) => {}
            _ => return false,
        }
        true
    }

    fn on_booted(&mut self, key: u64, request: u64, mut fds: Vec<OwnedFd>) -> bool {
        let Some(environment) = self.environments.get_mut(&key) else { return true };
        if fds.len() != 2 + usize::from(environment.network.is_some()) {
            return false;
        }
        if let Some(network) = &mut environment.network {
            network.tun = fds.pop();
            if let Err(reason) = self.connect(key) {
                self.end(key, Some(Failure::Host { step: "egress".to_owned(), reason }));
                return true;
            }
        }
        if let Some(environment) = self.environments.get_mut(&key) {
            environment.state = State::Live;
        }
        self.reply(request, Ok(Answer::Booted), fds);
        true
    }

    fn start_process(
        &mut self,
        request: u64,
        key: u64,
        process: u64,
        spec: ProcessWire,
    ) -> Result<(), Failure> {
        let environment = self.live(key)?;
        let known = environment.starting.len() + environment.running.len();
        if known >= PROCESSES_MAX
            || environment.starting.contains_key(&process)
            || environment.running.contains(&process)
        {
            let reason = format!("more than {PROCESSES_MAX} processes, or a number twice");
            return Err(Failure::Host { step: "start".to_owned(), reason });
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for number in 0..spec.pipes() {
            let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
                .map_err(|error| Failure::Host { step: "pipe".to_owned(), reason: error.to_string() })?;
            // The last one is the only one that goes in.
            let inward = spec.bind && number + 1 == spec.pipes();
            let (our, their) = if inward { (write, read) } else { (read, write) };
            ours.push(our);
            theirs.push(their);
        }
        let borrowed: Vec<BorrowedFd<'_>> = theirs.iter().map(AsFd::as_fd).collect();
        environment
            .channel
            .send(&ToInit::Start { process, spec }, &borrowed)
            .map_err(|error| Failure::Host { step: "start".to_owned(), reason: error.to_string() })?;
        environment.starting.insert(process, (request, ours));
        Ok(())
    }

    fn live(&mut self, key: u64) -> Result<&mut Environment, Failure> {
        self.environments.get_mut(&key).filter(|one| matches!(one.state, State::Live)).ok_or(Failure::Gone)
    }

    fn stats(&mut self, key: u64) -> Result<StatsWire, Failure> {
        let tree = self.host.tree.as_ref();
        let has_limit = self.host.capabilities.memory_limit;
        let environment = self
            .environments
            .get_mut(&key)
            .filter(|one| matches!(one.state, State::Live))
            .ok_or(Failure::Gone)?;
        let usage = if has_limit {
            tree.usage(&environment.group)
                .map_err(|error| Failure::Host { step: "stats".to_owned(), reason: error.to_string() })?
        } else {
            super::watch::usage(environment.pid)
        };
        environment.memory_peak_bytes = environment.memory_peak_bytes.max(usage.memory_peak_bytes);
        environment.out_of_memory_kills = environment.out_of_memory_kills.max(usage.out_of_memory_kills);
        Ok(StatsWire {
            memory_bytes: usage.memory_bytes,
            memory_peak_bytes: environment.memory_peak_bytes,
            cpu_us: usage.cpu_us,
            // Init is ours, not the function's.
            tasks: usage.tasks.saturating_sub(1),
            out_of_memory_kills: environment.out_of_memory_kills,
        })
    }

    fn freeze(&mut self, id: u64, key: u64, freeze: bool) {
        let can = self.host.capabilities.pause;
        let group = self.live(key).map(|environment| environment.group.clone());
        let answer = match group {
            Err(failure) => Err(failure),
            Ok(_) if !can => Err(Failure::Unsupported),
            Ok(group) => {
                let tree = self.host.tree.as_ref();
                let done = if freeze { tree.freeze(&group) } else { tree.thaw(&group) };
                let failed = |error: io::Error| Failure::Host {
                    step: "freezer".to_owned(),
                    reason: error.to_string(),
                };
                done.map(|()| Answer::Done).map_err(failed)
            }
        };
        self.reply(id, answer, Vec::new());
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

impl Environment {
    fn new(
        state: State,
        slot: u32,
        group: String,
        channel: Channel,
        pidfd: OwnedFd,
        pid: i32,
        spec: &BootWire,
    ) -> Self {
        Self {
            state,
            slot,
            group,
            channel,
            pidfd,
            pid,
            network: spec.nat.then(|| Network {
                policy: egress::Policy { allow_hosts: spec.allow_hosts.clone(), deny: Vec::new() },
                tun: None,
            }),
            memory_bytes: u64::from(spec.memory_mb) << 20,
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

/// Signals of the terminal are for the server, which says what is to happen; its end is told by the channel.
fn quiet_signals() {
    // SAFETY: SIG_IGN needs no handler.
    unsafe {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE, libc::SIGUSR1]
        {
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

fn failure_of(error: StepError) -> Failure {
    Failure::Host { step: error.step.to_owned(), reason: error.reason }
}
