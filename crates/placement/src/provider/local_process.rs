//! Workers as processes of this machine, started by a command line.
//!
//! ```text
//! start ─► running ──[stop: SIGTERM to its group]──► ending ──[ended, or grace over: SIGKILL]──► reaped (gone)
//!             └──────[it ended by itself]──────────────────────────────────────────────────────►│
//! ```
//! Dropped, it kills every group at once. After a kill -9 of this process workers go on without heartbeats until their lease
//! ends; then they fence themselves.

use super::process::Group;
use super::{FleetProvider, ProviderError, is_plain};
use async_trait::async_trait;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use types::{WorkerId, Zone};
use world::World;

#[derive(Clone, Debug)]
pub struct LocalProcessSettings {
    /// Program and arguments; `{worker}` and `{zone}` in them are replaced.
    pub command: Vec<String>,
    pub zones: Vec<Zone>,
    /// One machine has room for few.
    pub workers_max: usize,
    /// From SIGTERM to SIGKILL: a worker drains in this time.
    pub grace: Duration,
}

/// Between two looks whether a worker that was told to end has.
const LOOK: Duration = Duration::from_millis(20);

pub struct LocalProcess {
    world: World,
    settings: LocalProcessSettings,
    running: Mutex<BTreeMap<WorkerId, Group>>,
}

impl LocalProcess {
    pub fn new(world: World, settings: LocalProcessSettings) -> Self {
        Self { world, settings, running: Mutex::new(BTreeMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<WorkerId, Group>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every worker. In turn: each has its grace, and one that hangs is killed.
    pub async fn close(&self) {
        loop {
            let next = self.lock().pop_first();
            let Some((_, group)) = next else { break };
            // Another's end is not delayed by this one's.
            self.lock().values().for_each(|other| other.signal(Signal::TERM));
            self.end(group).await;
        }
    }

    async fn end(&self, group: Group) {
        group.signal(Signal::TERM);
        let ended = async {
            while !group.has_ended() {
                self.world.clock.sleep(LOOK).await;
            }
        };
        let _ = self.world.timeout(self.settings.grace, ended).await;
        if let Err(error) = group.end().await {
            tracing::warn!(%error, "a worker's process was not reaped");
        }
    }
}

#[async_trait]
impl FleetProvider for LocalProcess {
    fn zones(&self) -> Vec<Zone> {
        self.settings.zones.clone()
    }

    async fn start(&self, worker: &WorkerId, zone: &Zone) -> Result<(), ProviderError> {
        let [program, arguments @ ..] = self.settings.command.as_slice() else {
            return Err(ProviderError::Unable);
        };
        let not_started = |reason: String| ProviderError::NotStarted { program: program.clone(), reason };
        if !is_plain(worker.as_str()) || !is_plain(zone.as_str()) {
            return Err(not_started(format!("{worker:?} in {zone:?} is no name")));
        }
        let fill = |text: &String| text.replace("{worker}", worker.as_str()).replace("{zone}", zone.as_str());
        let mut running = self.lock();
        if running.get(worker).is_some_and(|group| !group.has_ended()) {
            return Ok(());
        }
        if !running.contains_key(worker) && running.len() >= self.settings.workers_max {
            return Err(ProviderError::Full { workers_max: self.settings.workers_max });
        }
        let mut command = tokio::process::Command::new(fill(program));
        command.args(arguments.iter().map(fill)).stdout(Stdio::null());
        let group = Group::spawn(&mut command).map_err(|error| not_started(error.to_string()))?;
        running.insert(worker.clone(), group);
        Ok(())
    }

    async fn stop(&self, worker: &WorkerId) -> Result<(), ProviderError> {
        let group = self.lock().remove(worker);
        if let Some(group) = group {
            self.end(group).await;
        }
        Ok(())
    }

    async fn running(&self) -> Result<Vec<WorkerId>, ProviderError> {
        let running = self.lock();
        Ok(running.iter().filter(|(_, group)| !group.has_ended()).map(|(worker, _)| worker.clone()).collect())
    }
}
