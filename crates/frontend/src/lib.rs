//! The frontend: HTTP in front of everything, and the only place that speaks AWS's errors.
//!
//! ```text
//! listener ─┐                                                  ┌─ routes/* ──► control
//! door ─────┴─► hosts ─► dispatch ─► authenticate ─► (body) ─► ┼─ invoke ────► control, assignment, worker
//!  (fabric::api)                                               ├─ logs ──────► telemetry
//!                                                              └─ own paths (health, code download, traces)
//! ```
//! One port serves the Lambda API, CloudWatch Logs and Tinderbox's own paths under `/_tinderbox/`; an
//! environment's own door ([`fabric::api::Api`]) leads to the same router with one key and one account.

mod admission;
mod answer;
mod authenticate;
mod dispatch;
mod door;
mod download;
mod errors;
mod event_stream;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
mod invoke;
mod listener;
mod logs;
mod routes;
mod trace;

pub use authenticate::{Credential, Credentials};
pub use listener::ServeError;

use fabric::assignment::Assignment;
use fabric::control::Control;
use fabric::telemetry::Telemetry;
use fabric::worker::WorkerHandle;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use types::{AccountId, Region, WorkerId};
use world::World;

/// Where a worker is reached. A closure does.
pub trait Workers: Send + Sync + 'static {
    /// `None`: not known (any more).
    fn find(&self, worker: &WorkerId) -> Option<WorkerHandle>;
}

impl<F: Fn(&WorkerId) -> Option<WorkerHandle> + Send + Sync + 'static> Workers for F {
    fn find(&self, worker: &WorkerId) -> Option<WorkerHandle> {
        self(worker)
    }
}

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of access keys that are not account ids, and of requests without credentials.
    pub default_account: AccountId,
    /// Of requests without credentials.
    pub default_region: Region,
    /// Configured keys are verified. `None` accepts any well-formed credentials: for loopback binds only, which
    /// the binary sees to.
    pub credentials: Option<Credentials>,
    /// Host names besides localhost, `*.localhost` and IP addresses.
    pub host_names: Vec<String>,
    /// Of functions that are created without `Architectures`: the hosts' own, `x86_64` or `arm64`.
    pub default_architecture: String,
    /// Open connections; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Invocations between accept and outcome; one more is answered 429.
    pub invocations_max: usize,
    /// How long an invocation waits for room for its environment, at a full host; then it is answered 429.
    pub acquire_wait_max: Duration,
    /// How long shutdown waits for requests in progress.
    pub drain_max: Duration,
    /// By which one frontend knows the addresses of code that another has given out; `None`: there is no other.
    pub download_key: Option<[u8; 32]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_account: AccountId::new("000000000000"),
            default_region: Region::new("us-east-1"),
            credentials: None,
            host_names: Vec::new(),
            default_architecture: if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.to_owned(),
            connections_max: 4_096,
            invocations_max: 4_096,
            // Room is made by ending idle environments, which takes tenths of a second. Where all are busy, who waits
            // longer would only make everyone wait so long: accepted ones stay within this of their usual latency.
            acquire_wait_max: Duration::from_secs(5),
            drain_max: Duration::from_secs(10),
            download_key: None,
        }
    }
}

/// What the frontend is made of.
pub struct FrontendParts {
    pub world: World,
    pub control: Arc<dyn Control>,
    pub assignment: Arc<dyn Assignment>,
    pub workers: Arc<dyn Workers>,
    pub telemetry: Arc<dyn Telemetry>,
    pub settings: Settings,
}

/// The role. Stateless but for its permits: what lasts is in the other roles.
pub struct Frontend {
    world: World,
    control: Arc<dyn Control>,
    assignment: Arc<dyn Assignment>,
    workers: Arc<dyn Workers>,
    telemetry: Arc<dyn Telemetry>,
    settings: Settings,
    hosts: hosts::Hosts,
    downloads: download::Downloads,
    admission: admission::Admission,
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    body_memory: listener::body::Budget,
}

impl Frontend {
    /// A frontend over these roles; it listens where [`serve`](Self::serve) is called.
    pub fn new(parts: FrontendParts) -> Arc<Self> {
        let FrontendParts { world, control, assignment, workers, telemetry, settings } = parts;
        Arc::new(Self {
            hosts: hosts::Hosts::new(&settings.host_names),
            downloads: download::Downloads::new(&world, settings.download_key),
            admission: admission::Admission::new(settings.invocations_max),
            connections: Arc::new(Semaphore::new(settings.connections_max.min(Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(listener::REFUSALS_MAX)),
            body_memory: listener::body::Budget::new(),
            world,
            control,
            assignment,
            workers,
            telemetry,
            settings,
        })
    }

    /// Serves a bound listener until `shutdown` completes, then drains: no new connection, requests in progress
    /// are answered within `Settings::drain_max`, the rest is cut. Several listeners: one call each.
    pub async fn serve(
        self: &Arc<Self>,
        listener: tokio::net::TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        listener::serve(self, listener, shutdown).await
    }
}

#[cfg(test)]
mod tests;
