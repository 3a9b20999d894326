//! What the operator and the host decide.

use async_trait::async_trait;
use std::sync::Arc;
use types::limits;

/// What serves the runtimes: whether a function of one may be created (`--strict-runtimes`), and what else is to know.
#[async_trait]
pub trait RuntimeCheck: Send + Sync + 'static {
    /// `Err` says what is not installed and what is; the caller sees it.
    async fn check(&self, runtime: &str) -> Result<(), String>;
    /// What the owner of a function of this runtime should know. Never waits.
    fn warning(&self, runtime: &str) -> Option<String> {
        let _ = runtime;
        None
    }
}

/// Takes any runtime: the worker chooses the nearest one.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyRuntime;

#[async_trait]
impl RuntimeCheck for AnyRuntime {
    async fn check(&self, _runtime: &str) -> Result<(), String> {
        Ok(())
    }
}

/// What control is told at its start.
#[derive(Clone)]
pub struct Settings {
    /// What the workers can run: `x86_64`, `arm64`.
    pub architectures: Vec<String>,
    pub runtimes: Arc<dyn RuntimeCheck>,
    /// SnapStart for any runtime; else for those only for which AWS has it.
    pub snap_start_any_runtime: bool,
    /// Concurrent executions of an account and region, as GetAccountSettings answers it.
    pub concurrency_max: u32,
    /// Sum of all code of an account and region, bytes. Where shared it is held as well as this process knows what the
    /// others added in the last moments.
    pub code_bytes_max: u64,
    /// Other processes have the same stores: reads look whether they changed something, and garbage is collected by
    /// one [`Collector`](crate::Collector) for all. Else this is the only one, and what it has in memory is the truth.
    pub shared: bool,
}

impl Settings {
    /// AWS's limits, any runtime, these architectures.
    pub fn new(architectures: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            architectures: architectures.into_iter().map(Into::into).collect(),
            runtimes: Arc::new(AnyRuntime),
            snap_start_any_runtime: true,
            concurrency_max: limits::CONCURRENT_EXECUTIONS_DEFAULT,
            code_bytes_max: limits::TOTAL_CODE_BYTES_MAX,
            shared: false,
        }
    }
}
