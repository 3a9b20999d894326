//! Workers by the operator's program, whatever it talks to.
//!
//! | it is run as | it |
//! |---|---|
//! | `PROGRAM ARGUMENTS start WORKER ZONE` | asks for a worker; 0 also if that worker is there. What it leaves running must hold neither stdout nor stderr open |
//! | `PROGRAM ARGUMENTS stop WORKER` | ends it; 0 also if there is none |
//! | `PROGRAM ARGUMENTS list` | writes the names of the workers that it started and that are there, one a line |
//!
//! Each run is bounded in time and output; one that exceeds either is killed with all that it started. It may be run again
//! for the same worker, also while an earlier run is being killed. The environment is the server's.

use super::process::Group;
use super::{FleetProvider, ProviderError, is_plain};
use async_trait::async_trait;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use types::{WorkerId, Zone};
use world::World;

#[derive(Clone, Debug)]
pub struct CommandSettings {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub zones: Vec<Zone>,
    /// For one run. A cloud's answer takes seconds.
    pub limit: Duration,
    /// Of stdout, and of stderr. 10,000 names are 200 KB.
    pub output_max: usize,
}

/// Of stderr in an error.
const SAID_MAX: usize = 500;

pub struct Command {
    world: World,
    settings: CommandSettings,
}

impl Command {
    pub fn new(world: World, settings: CommandSettings) -> Self {
        Self { world, settings }
    }

    async fn run(&self, words: &[&str]) -> Result<String, ProviderError> {
        let program = self.settings.program.display().to_string();
        if let Some(bad) = words.iter().find(|word| !is_plain(word)) {
            return Err(ProviderError::NoName { program, line: (*bad).to_owned() });
        }
        let mut command = tokio::process::Command::new(&self.settings.program);
        command.args(&self.settings.arguments).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(&mut command).map_err(|error| ProviderError::NotStarted {
            program: program.clone(),
            reason: error.to_string(),
        })?;
        let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
        let most = self.settings.output_max;
        // Both to their ends: a program that ends while its child writes on has not ended.
        let read = async { tokio::try_join!(read(stdout, most), read(stderr, most)) };
        let (out, err) = match self.world.timeout(self.settings.limit, read).await {
            Some(Ok((out, err))) => (out, err),
            Some(Err(Over)) => {
                let _ = group.end().await;
                return Err(ProviderError::TooMuch { program, bytes_max: most });
            }
            None => {
                let _ = group.end().await;
                return Err(ProviderError::TooLong { program, seconds: self.settings.limit.as_secs() });
            }
        };
        // Closed both pipes; it may take its time still.
        let ended = self.world.timeout(self.settings.limit, group.wait()).await;
        let status = match ended {
            Some(Ok(status)) => status,
            Some(Err(error)) => {
                return Err(ProviderError::Failed {
                    program,
                    status: error.to_string(),
                    said: String::new(),
                });
            }
            None => {
                let _ = group.end().await;
                return Err(ProviderError::TooLong { program, seconds: self.settings.limit.as_secs() });
            }
        };
        if status.success() {
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        let said = String::from_utf8_lossy(&err[err.len().saturating_sub(SAID_MAX)..]).trim().to_owned();
        Err(ProviderError::Failed { program, status: status.to_string(), said })
    }
}

/// More than is taken.
struct Over;

/// All of it.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: usize) -> Result<Vec<u8>, Over> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    if let Some(pipe) = pipe {
        // An error ends what can be read; the exit status says the rest.
        let _ = pipe.take(limit).read_to_end(&mut bytes).await;
    }
    if bytes.len() <= most { Ok(bytes) } else { Err(Over) }
}

#[async_trait]
impl FleetProvider for Command {
    fn zones(&self) -> Vec<Zone> {
        self.settings.zones.clone()
    }

    async fn start(&self, worker: &WorkerId, zone: &Zone) -> Result<(), ProviderError> {
        self.run(&["start", worker.as_str(), zone.as_str()]).await.map(drop)
    }

    async fn stop(&self, worker: &WorkerId) -> Result<(), ProviderError> {
        self.run(&["stop", worker.as_str()]).await.map(drop)
    }

    async fn running(&self) -> Result<Vec<WorkerId>, ProviderError> {
        let list = self.run(&["list"]).await?;
        let name = |line: &str| match is_plain(line) {
            true => Ok(WorkerId::new(line)),
            false => {
                let program = self.settings.program.display().to_string();
                Err(ProviderError::NoName { program, line: line.chars().take(SAID_MAX).collect() })
            }
        };
        list.lines().map(str::trim).filter(|line| !line.is_empty()).map(name).collect()
    }
}
