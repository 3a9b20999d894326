//! What is asked of an environment that stands: processes and figures.

use super::super::protocol::{Failure, ProcessWire, StatsWire, ToInit};
use super::{Environment, Kind, PROCESSES_MAX, Spawner, State};
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
}
