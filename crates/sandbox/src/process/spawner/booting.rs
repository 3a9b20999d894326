//! How environments come up: a fork, what its init says, and for those with egress the egress process's word.

use super::super::cgroup::{self, Limits};
use super::super::fault;
use super::super::init::{self, Plan};
use super::super::landlock;
use super::super::namespaces::{Identity, Network};
use super::super::protocol::{Answer, BootWire, Channel, Failure, FromInit, FromSpawner};
use super::super::sys::{self, At, Forked, StepError};
use super::super::uids;
use super::{Birth, Environment, Kind, Spawner, State, failure_of, kill, watch};
use rustix::event::epoll;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Of an environment that is about to be forked: its user's slot, its group, and both ends of its channel.
pub(super) struct Conceived {
    pub(super) slot: u32,
    pub(super) group: String,
    pub(super) channel: Channel,
    pub(super) theirs: Channel,
}

impl Spawner {
    pub(super) fn boot(&mut self, request: u64, key: u64, spec: &BootWire) {
        let forked = self.fork_init(request, key, spec);
        self.enter(request, key, forked);
    }

    /// On the books, or the answer that it failed.
    pub(super) fn enter(&mut self, request: u64, key: u64, forked: Result<Environment, StepError>) {
        match forked {
            Ok(environment) => {
                self.slots.insert(environment.slot);
                self.environments.insert(key, environment);
                fault::step();
            }
            Err(error) => self.reply(request, Err(failure_of(error)), Vec::new()),
        }
    }

    /// What every new environment needs, or why there can be none.
    pub(super) fn conceive(&mut self, key: u64) -> Result<Conceived, StepError> {
        let refuse = |reason: &str| StepError { step: "boot", reason: reason.to_owned() };
        if self.is_closing() {
            return Err(refuse("the server is stopping"));
        }
        if self.environments.contains_key(&key) || key > u64::MAX / 4 {
            return Err(refuse("this environment's number is taken"));
        }
        let slot = self.free_slot().ok_or_else(|| refuse("as many environments as one server may have"))?;
        let (channel, theirs) = Channel::pair().at("channel of an init")?;
        Ok(Conceived { slot, group: format!("{key}"), channel, theirs })
    }

    fn fork_init(&mut self, request: u64, key: u64, spec: &BootWire) -> Result<Environment, StepError> {
        let Conceived { slot, group, channel, theirs } = self.conceive(key)?;
        let identity = match &self.host.users {
            Some(users) => Identity::Own { uid: users.uid(slot), gid: users.uid(slot) },
            None => Identity::Spawner,
        };
        let tmp_ready = self.take_ready_tmp(spec.tmp_mb);
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
                tmp_ready,
                life: self.folder.life(),
                fault: self.config.fault,
                filters: self.host.filters.as_ref(),
                landlock: self.host.landlock,
                tmp_stands: landlock::Tmp::Stands,
                network: Network::Own,
                processes_max: (!self.host.capabilities.pids_limit).then_some(cgroup::PIDS_MAX),
                channel: theirs,
            }),
            Forked::Parent { pid, pidfd } => {
                let egress = spec.nat.then(|| spec.allow_hosts.clone());
                let birth =
                    Birth { kind: Kind::Room, slot, group, channel, memory_mb: spec.memory_mb, egress };
                Ok(self.born(request, key, birth, pidfd, pid))
            }
        }
    }

    /// A child was forked: from now on its words and its end are events.
    pub(super) fn born(
        &mut self,
        request: u64,
        key: u64,
        birth: Birth,
        pidfd: OwnedFd,
        pid: i32,
    ) -> Environment {
        let watched = fault::refuse_watch()
            .and_then(|()| watch(&self.epoll, birth.channel.as_fd(), key * 2 + 2, false))
            .and_then(|()| watch(&self.epoll, pidfd.as_fd(), key * 2 + 3, true));
        let environment = Environment::new(State::Booting { request }, birth, pidfd, pid);
        match watched {
            Ok(()) => environment,
            Err(error) => self.unwatched(key, request, environment, &error),
        }
    }

    /// An init whose end would be told by nobody: it is killed, and on the books until the clock finds it dead, for it may
    /// have a group by now.
    fn unwatched(&mut self, key: u64, request: u64, mut one: Environment, why: &io::Error) -> Environment {
        kill(&one.pidfd);
        let _ = epoll::delete(&self.epoll, &one.channel);
        let failure = Failure::Host { step: "epoll".to_owned(), reason: why.to_string() };
        one.state = State::Ending { boot: Some((request, failure)), reaped: false };
        self.unwatched.push(key);
        one
    }

    /// Round and round, so that a user is not taken again right after its environment is gone.
    pub(super) fn free_slot(&mut self) -> Option<u32> {
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

    pub(super) fn on_init(&mut self, key: u64, buffer: &mut [u8]) {
        loop {
            let Some(environment) = self.environments.get_mut(&key) else { return };
            match environment.channel.receive::<FromInit>(buffer) {
                Ok(Some((message, fds))) => {
                    if !self.on_message(key, message, fds) {
                        return self.end(key, None);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(None) if environment.kind == Kind::Machine => return self.on_exec(key),
                // Its end is told by the pidfd; a broken word is the end too.
                _ => return self.end(key, None),
            }
        }
    }

    /// `false` if the message is out of phase: init is then not what it was.
    pub(super) fn on_message(&mut self, key: u64, message: FromInit, fds: Vec<OwnedFd>) -> bool {
        let Some(environment) = self.environments.get_mut(&key) else { return true };
        match (message, &environment.state) {
            (FromInit::Booted, State::Booting { .. }) => {
                return self.on_booted(key, fds);
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

    pub(super) fn on_booted(&mut self, key: u64, mut fds: Vec<OwnedFd>) -> bool {
        let Some(environment) = self.environments.get_mut(&key) else { return true };
        if environment.kind == Kind::Machine {
            return self.on_jail_stands(key, fds);
        }
        if fds.len() != 2 + usize::from(environment.network.is_some()) {
            return false;
        }
        match &mut environment.network {
            // Its answer waits for that of the egress process; the loop does not.
            Some(network) => {
                network.hold(fds.pop(), fds);
                self.attach(key);
            }
            None => self.stands(key, fds),
        }
        true
    }

    /// Everything of it is there: the answer that its boot is owed.
    pub(super) fn stands(&mut self, key: u64, doors: Vec<OwnedFd>) {
        let Some(environment) = self.environments.get_mut(&key) else { return };
        if let State::Booting { request } = environment.state {
            environment.state = State::Live;
            self.reply(request, Ok(Answer::Booted), doors);
            fault::step();
        }
    }
}
