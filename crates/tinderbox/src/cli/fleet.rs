//! What is said of fleets that grow and shrink by themselves.

use super::{duration, folder};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Who makes workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FleetKind {
    /// The operator: none is started or ended by placement
    #[default]
    Static,
    /// Placement, as processes of its own machine
    LocalProcess,
    /// The operator's program, which placement runs
    Command,
}

/// For nodes of the role placement; say the same to all of them.
#[derive(Clone, Debug, Args)]
pub(crate) struct FleetFlags {
    /// Who starts and ends workers, for placement
    #[arg(long, value_enum, default_value_t, env = "TINDERBOX_FLEET")]
    pub(crate) fleet: FleetKind,
    /// The program of `--fleet command`: run as PROGRAM start WORKER ZONE, PROGRAM stop WORKER, PROGRAM list
    #[arg(long, value_name = "PATH", env = "TINDERBOX_FLEET_COMMAND", value_parser = folder)]
    pub(crate) fleet_command: Option<PathBuf>,
    /// Workers at least
    #[arg(long, value_name = "N", default_value_t = 1, env = "TINDERBOX_FLEET_MIN")]
    pub(crate) fleet_min: u32,
    /// Workers at most
    #[arg(long, value_name = "N", default_value_t = 4, env = "TINDERBOX_FLEET_MAX")]
    pub(crate) fleet_max: u32,
    /// Room that is kept free ahead of traffic, MB of MemorySize: eight new environments of 128 MB
    #[arg(long, value_name = "MB", default_value_t = 1_024, env = "TINDERBOX_FLEET_FREE")]
    pub(crate) fleet_free: u64,
    /// A fleet that is too large for so long shrinks by a tenth
    #[arg(long, value_name = "TIME", default_value = "10m", env = "TINDERBOX_FLEET_IDLE", value_parser = duration)]
    pub(crate) fleet_idle: Duration,
    /// What one worker is taken to have room for before the first has said so, MB
    #[arg(long, value_name = "MB", default_value_t = 8_192, env = "TINDERBOX_FLEET_ROOM", value_parser = clap::value_parser!(u64).range(128..))]
    pub(crate) fleet_room: u64,
    /// Where workers are started [default: this node's zone]
    #[arg(long, value_name = "ZONE[,ZONE…]", value_delimiter = ',', env = "TINDERBOX_FLEET_ZONES", value_parser = super::serve::name)]
    pub(crate) fleet_zones: Vec<String>,
    /// Of `--fleet local-process`: what its workers read by `serve --config` [default: --join and --blobs of this node, on loopback]
    #[arg(long, value_name = "FILE", env = "TINDERBOX_FLEET_CONFIG", value_parser = folder)]
    pub(crate) fleet_config: Option<PathBuf>,
    /// Of `--fleet local-process`: where its workers are written down and have their data, for all placement nodes of this
    /// machine the same [default: fleet in the data folder]
    #[arg(long, value_name = "DIR", env = "TINDERBOX_FLEET_FOLDER", value_parser = folder)]
    pub(crate) fleet_folder: Option<PathBuf>,
}
