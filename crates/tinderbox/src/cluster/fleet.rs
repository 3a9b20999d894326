//! The fleet as the operator wants it: who makes workers, how many, where.

use crate::roles::StartError;
use placement::provider::{
    Command, CommandSettings, FleetProvider, LocalProcess, LocalProcessSettings, Static,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use types::Zone;
use world::World;

/// From SIGTERM to SIGKILL of a worker of this machine: it waits for what it runs, says so, and leaves.
pub(crate) const GRACE: Duration = Duration::from_secs(25);
/// For one run of the operator's program: a cloud's answer takes seconds.
const RUN_MAX: Duration = Duration::from_secs(60);
/// What it may write: 10,000 names are 200 KB.
const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// Who makes workers.
#[derive(Clone)]
pub(crate) enum Maker {
    Operator,
    /// Program and arguments, what is else in its environment; the folder of records and data.
    ThisMachine {
        command: Vec<String>,
        variables: Vec<(String, Option<String>)>,
        folder: PathBuf,
    },
    Program(PathBuf),
}

#[derive(Clone)]
pub(crate) struct FleetSettings {
    pub(crate) maker: Maker,
    pub(crate) zones: Vec<String>,
    pub(crate) workers_min: u32,
    pub(crate) workers_max: u32,
    pub(crate) free_mb: u64,
    pub(crate) room_mb: u64,
    pub(crate) shrink_after: Duration,
}

impl FleetSettings {
    /// The planner's.
    pub(super) fn planner(&self) -> placement::Settings {
        let settings = placement::Settings::default();
        if matches!(self.maker, Maker::Operator) {
            return settings;
        }
        placement::Settings {
            workers_min: self.workers_min,
            workers_max: self.workers_max,
            free_min_mb: self.free_mb,
            worker_room_mb: self.room_mb,
            shrink_after: self.shrink_after,
            ..settings
        }
    }

    pub(super) fn provider(&self, world: &World) -> Result<Arc<dyn FleetProvider>, StartError> {
        let zones = self.zones.iter().map(Zone::new).collect();
        Ok(match &self.maker {
            Maker::Operator => Arc::new(Static),
            Maker::ThisMachine { command, variables, folder } => {
                let settings = LocalProcessSettings {
                    command: command.clone(),
                    variables: variables.clone(),
                    folder: folder.clone(),
                    zones,
                    // Those that drain are there beside those that count.
                    workers_max: usize::try_from(self.workers_max).unwrap_or(usize::MAX).saturating_mul(2),
                    grace: GRACE,
                };
                Arc::new(LocalProcess::new(world.clone(), settings))
            }
            Maker::Program(program) => {
                if !program.is_file() {
                    return Err(format!("--fleet-command: {} is no file", program.display()).into());
                }
                let settings = CommandSettings {
                    program: program.clone(),
                    arguments: Vec::new(),
                    zones,
                    limit: RUN_MAX,
                    output_max: OUTPUT_BYTES_MAX,
                };
                Arc::new(Command::new(world.clone(), settings))
            }
        })
    }
}

/// Ends all workers that are written down in this folder.
pub(crate) async fn end_all(world: &World, folder: PathBuf) -> Result<(), String> {
    let settings = LocalProcessSettings {
        command: Vec::new(),
        variables: Vec::new(),
        folder,
        zones: Vec::new(),
        workers_max: 0,
        grace: GRACE,
    };
    LocalProcess::new(world.clone(), settings).close().await.map_err(|error| error.to_string())
}
