//! What is asked of an environment that stands: processes, figures, pause and resume.

use super::super::protocol::{Answer, Failure, ProcessWire, StatsWire, ToInit};
use super::{Environment, Kind, PROCESSES_MAX, Spawner, State, now_ms};
use std::os::fd::{AsFd, BorrowedFd};

impl Spawner {
    pub(super) fn start_process(
        &mut self,
        request: u64,
        key: u64,
        process: u64,
        spec: ProcessWire,
    ) -> Result<(), Failure> {
        let environment = self.live_room(key)?;
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

    pub(super) fn live(&mut self, key: u64) -> Result<&mut Environment, Failure> {
        self.environments.get_mut(&key).filter(|one| matches!(one.state, State::Live)).ok_or(Failure::Gone)
    }

    /// Likewise, if an init of ours is in it.
    pub(super) fn live_room(&mut self, key: u64) -> Result<&mut Environment, Failure> {
        match self.live(key) {
            Ok(environment) if environment.kind == Kind::Machine => Err(Failure::Unsupported),
            other => other,
        }
    }

    pub(super) fn stats(&mut self, key: u64) -> Result<StatsWire, Failure> {
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
            super::super::watch::usage(environment.pid)
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

    /// Answers when every task inside stands still, not when the kernel was told.
    pub(super) fn pause(&mut self, id: u64, key: u64) {
        match self.freezer(key, true) {
            Err(failure) => self.reply(id, Err(failure), Vec::new()),
            Ok(()) => {
                self.freezing.push(Freezing { id, key, until_ms: now_ms() + FREEZE_MS_MAX });
                self.look_at_freezing();
            }
        }
    }

    pub(super) fn resume(&mut self, id: u64, key: u64) {
        let answer = self.freezer(key, false).map(|()| Answer::Done);
        // A pause that was not done yet is not done any more.
        let overtaken: Vec<u64> =
            self.freezing.extract_if(.., |one| one.key == key).map(|one| one.id).collect();
        for pause in overtaken {
            self.reply(pause, Err(freezer_failed("it was resumed meanwhile")), Vec::new());
        }
        self.reply(id, answer, Vec::new());
    }

    fn freezer(&mut self, key: u64, freeze: bool) -> Result<(), Failure> {
        let can = self.host.capabilities.pause;
        let group = self.live(key).map(|environment| environment.group.clone())?;
        if !can {
            return Err(Failure::Unsupported);
        }
        let tree = self.host.tree.as_ref();
        let done = if freeze { tree.freeze(&group) } else { tree.thaw(&group) };
        done.map_err(freezer_failed)
    }

    /// Answers those that stand still, are gone, or would not stand still.
    pub(super) fn look_at_freezing(&mut self) {
        for one in std::mem::take(&mut self.freezing) {
            let Freezing { id, key, until_ms } = one;
            let group = self.live(key).map(|environment| environment.group.clone());
            let answer = match group.map(|group| self.host.tree.is_frozen(&group)) {
                Err(failure) => Err(failure),
                Ok(Ok(true)) => Ok(Answer::Done),
                Ok(Ok(false)) if now_ms() < until_ms => {
                    self.freezing.push(one);
                    continue;
                }
                // A task in the midst of the kernel may not stop for long. It is let go on: half frozen is no state.
                Ok(Ok(false)) => {
                    drop(self.freezer(key, false));
                    Err(freezer_failed("not every task came to a stop in time"))
                }
                Ok(Err(error)) => Err(freezer_failed(error)),
            };
            self.reply(id, answer, Vec::new());
        }
    }
}

/// Longer than any call of the kernel that can not be interrupted takes on a host that works.
const FREEZE_MS_MAX: u64 = 2_000;

/// A pause that is owed its answer.
#[derive(Clone, Copy)]
pub(super) struct Freezing {
    id: u64,
    key: u64,
    until_ms: u64,
}

fn freezer_failed(reason: impl std::fmt::Display) -> Failure {
    Failure::Host { step: "freezer".to_owned(), reason: reason.to_string() }
}
