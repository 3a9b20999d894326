//! How environments end: kill, thaw, wait for the pidfd, remove the groups, answer who waits.

use super::super::fault;
use super::super::protocol::{Answer, Failure, FromSpawner, StatusWire};
use super::{Kind, Spawner, State, WATCH_MS, kill, now_ms};
use rustix::event::epoll;
use std::io;
use std::os::fd::AsFd;

impl Spawner {
    pub(super) fn stop(&mut self, id: u64, key: u64) {
        match self.environments.get_mut(&key) {
            None => self.reply(id, Ok(Answer::Done), Vec::new()),
            Some(environment) => {
                environment.stops.push(id);
                self.end(key, None);
            }
        }
    }

    pub(super) fn stop_all(&mut self) {
        let keys: Vec<u64> = self.environments.keys().copied().collect();
        keys.into_iter().for_each(|key| self.end(key, None));
    }

    /// Kills first, then thaws: nothing inside runs in between. The pidfd tells when it is done.
    pub(super) fn end(&mut self, key: u64, failure: Option<Failure>) {
        let Some(environment) = self.environments.get_mut(&key) else { return };
        let boot = match &environment.state {
            State::Booting { request } => Some((*request, failure.unwrap_or(Failure::Gone))),
            State::Live => None,
            State::Ending { .. } => return,
        };
        environment.count_kills(self.host.tree.as_ref());
        environment.state = State::Ending { boot, reaped: false };
        environment.channel_folder = None;
        if let Some(network) = &mut environment.network {
            network.forget_doors();
        }
        let _ = epoll::delete(&self.epoll, &environment.channel);
        kill(&environment.pidfd);
        // No such group yet if it was still booting: then its init goes without.
        drop(self.host.tree.hasten(&environment.group));
        fault::step();
        if self.host.capabilities.pause {
            // No such group yet if it was still booting.
            drop(self.host.tree.thaw(&environment.group));
        }
        fault::step();
        self.end_reclaim_of(key);
    }

    /// Init ended, and with it everything in its pid namespace.
    pub(super) fn on_end(&mut self, key: u64) {
        self.end(key, None);
        let Some(environment) = self.environments.get_mut(&key) else { return };
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOHANG;
        let waited =
            rustix::process::waitid(rustix::process::WaitId::PidFd(environment.pidfd.as_fd()), options);
        if matches!(waited, Ok(None)) {
            return;
        }
        let ended_by = status_of(waited.ok().flatten());
        let _ = epoll::delete(&self.epoll, &environment.pidfd);
        fault::step();
        self.disconnect(key);
        let Some(environment) = self.environments.get_mut(&key) else { return };
        if let State::Ending { reaped, .. } = &mut environment.state {
            *reaped = true;
        }
        environment.count_kills(self.host.tree.as_ref());
        let out_of_memory = environment.out_of_memory_kills > 0;
        let running = std::mem::take(&mut environment.running);
        let starting = std::mem::take(&mut environment.starting);
        // Of a room's processes none outlived its init; of a machine the only one is what was waited for.
        let machine = environment.kind == Kind::Machine;
        let status = if machine { ended_by } else { StatusWire::Signal(libc::SIGKILL) };
        for process in running {
            self.tell(&FromSpawner::Exited { environment: key, process, status, out_of_memory }, Vec::new());
        }
        for (request, _) in starting.into_values() {
            self.reply(request, Err(Failure::Gone), Vec::new());
        }
    }

    /// Those whose end has no event.
    pub(super) fn look_at_unwatched(&mut self) {
        for key in std::mem::take(&mut self.unwatched) {
            self.on_end(key);
            let state = self.environments.get(&key).map(|one| &one.state);
            if matches!(state, Some(State::Ending { reaped: false, .. })) {
                self.unwatched.push(key);
            }
        }
    }

    /// Removes the groups of those that ended, frees their users and answers who waits.
    pub(super) fn remove_ended(&mut self) {
        let ended: Vec<u64> = self
            .environments
            .iter()
            .filter(|(_, one)| matches!(one.state, State::Ending { reaped: true, .. }))
            .map(|(key, _)| *key)
            .collect();
        for key in ended {
            let Some(environment) = self.environments.get(&key) else { continue };
            match self.host.tree.remove(&environment.group) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => continue,
                Err(error) => self.tell(&FromSpawner::Warning(format!("control group: {error}")), Vec::new()),
                Ok(()) => {}
            }
            fault::step();
            let Some(environment) = self.environments.remove(&key) else { continue };
            self.slots.remove(&environment.slot);
            if let State::Ending { boot: Some((request, failure)), .. } = environment.state {
                self.reply(request, Err(failure), Vec::new());
            }
            for id in environment.stops {
                self.reply(id, Ok(Answer::Done), Vec::new());
            }
        }
    }

    /// Without the kernel's limit: kills what is largest where too much is resident.
    pub(super) fn watch_memory(&mut self) {
        let began = now_ms();
        if began < self.watch_due_ms {
            return;
        }
        for environment in self.environments.values_mut().filter(|one| matches!(one.state, State::Live)) {
            let killed = super::super::watch::enforce(environment.pid, environment.memory_bytes);
            environment.memory_peak_bytes = environment.memory_peak_bytes.max(killed.used_bytes);
            environment.out_of_memory_kills += u64::from(killed.killed);
        }
        // However much there is to look at, most of the loop's time is for those who ask it something.
        let now = now_ms();
        self.watch_due_ms = now + WATCH_MS.max(4 * (now - began));
    }
}

fn status_of(waited: Option<rustix::process::WaitIdStatus>) -> StatusWire {
    match waited.and_then(|status| status.exit_status()) {
        Some(code) => StatusWire::Code(code),
        None => {
            let signal = waited.and_then(|status| status.terminating_signal());
            StatusWire::Signal(signal.unwrap_or(libc::SIGKILL))
        }
    }
}
