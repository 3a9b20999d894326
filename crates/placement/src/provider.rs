//! Who makes workers and ends them.
//!
//! | provider | a worker is |
//! |---|---|
//! | [`Static`] | whatever the operator started; none is started or ended here |
//! | [`LocalProcess`] | a process of this machine, which outlives who started it |
//! | [`Command`] | what the operator's program says it is |

mod command;
mod local_process;
mod process;

pub use command::{Command, CommandSettings};
pub use local_process::{LocalProcess, LocalProcessSettings};

use async_trait::async_trait;
use types::{WorkerId, Zone};

/// Obligations: starting what runs and stopping what does not are answered with yes and change nothing; an answer comes in
/// bounded time; after a yes to `stop` nothing of the worker runs. A worker that was started joins by itself, under the
/// name that it was given.
#[async_trait]
pub trait FleetProvider: Send + Sync + 'static {
    /// Where workers can be started; empty if nowhere.
    fn zones(&self) -> Vec<Zone>;
    async fn start(&self, worker: &WorkerId, zone: &Zone) -> Result<(), ProviderError>;
    async fn stop(&self, worker: &WorkerId) -> Result<(), ProviderError>;
    /// Workers that it started and that are there.
    async fn running(&self) -> Result<Vec<WorkerId>, ProviderError>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Not this provider, not ever.
    #[error("this provider does not do that")]
    Unable,
    #[error("{program} was not started: {reason}")]
    NotStarted { program: String, reason: String },
    #[error("{program} did not end in {seconds} s and was killed")]
    TooLong { program: String, seconds: u64 },
    #[error("{program} wrote more than {bytes_max} bytes and was killed")]
    TooMuch { program: String, bytes_max: usize },
    /// With the end of what it wrote to stderr.
    #[error("{program} failed ({status}): {said}")]
    Failed { program: String, status: String, said: String },
    /// What it wrote is no list of workers.
    #[error("{program} wrote what is no worker's name: {line:?}")]
    NoName { program: String, line: String },
    #[error("the fleet of this provider is at its {workers_max} workers")]
    Full { workers_max: usize },
    #[error("the provider was closed")]
    Closed,
}

/// Workers are the operator's: they join, and are never started or ended from here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Static;

#[async_trait]
impl FleetProvider for Static {
    fn zones(&self) -> Vec<Zone> {
        Vec::new()
    }
    async fn start(&self, _: &WorkerId, _: &Zone) -> Result<(), ProviderError> {
        Err(ProviderError::Unable)
    }
    /// A drained worker stays in the books as drained, so that it gets nothing new, until it restarts.
    async fn stop(&self, _: &WorkerId) -> Result<(), ProviderError> {
        Err(ProviderError::Unable)
    }
    async fn running(&self) -> Result<Vec<WorkerId>, ProviderError> {
        Ok(Vec::new())
    }
}

/// Names and zones become arguments of programs: nothing that a shell or a flag parser takes for more.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_could_be_a_flag_or_a_path_is_no_name() {
        assert!(is_plain("w-00ff") && is_plain("zone_a.1"));
        for bad in ["", "-rf", "../x", "a b", "a;b", "a/b", "a\n", &"x".repeat(129)] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
