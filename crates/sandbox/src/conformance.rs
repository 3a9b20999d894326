//! What every backend promises, as a suite that any backend runs.
//!
//! A backend's test file makes a [`Kit`] and names it to [`conformance_suite!`]; each function here becomes a test.
//! Walls that `capabilities()` says are missing are not asked for. Inside, the suite uses `/bin/sh`, the
//! core utilities, and one guest program that the kit brings (`sandbox-rehearsal guest …`).

#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed expectation is a failed test

mod basics;
mod lifecycle;
mod walls;

pub use basics::*;
pub use lifecycle::*;
pub use walls::*;

use crate::{BootSpec, Door, Egress, Environment, Exit, ExitStatus, ProcessSpec, ReadOnlyMount, Sandbox};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use types::EnvironmentId;
use world::World;

/// Generous: only a hang reaches it.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Boots at once where a host does each in a fraction of a second.
pub const AT_ONCE: usize = 20;
/// Where the kit's guest program appears inside.
const GUEST: &str = "/opt/guest/sandbox-rehearsal";

/// What the suite needs from a backend's test file.
pub struct Kit {
    pub sandbox: Arc<dyn Sandbox>,
    pub world: World,
    /// Folder on the host that holds `sandbox-rehearsal`.
    pub guest: PathBuf,
    /// A folder on the host that nothing inside may see.
    pub private: PathBuf,
    /// What is left on the host of environments, one line each; empty when all are gone.
    pub leftovers: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What only a hang reaches: [`PATIENCE`], or more where guests are executed in software.
    pub patience: Duration,
    /// Boots at once: [`AT_ONCE`], or fewer there.
    pub at_once: usize,
}

/// What a program wrote and how it ended.
#[derive(Debug)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    pub exit: Exit,
}

impl Kit {
    /// An ordinary environment.
    pub fn spec(&self) -> BootSpec {
        BootSpec {
            id: EnvironmentId::from_random(self.world.random_16()),
            memory_mb: 128,
            ephemeral_storage_mb: 16,
            mounts: vec![ReadOnlyMount { host: self.guest.clone(), inside: "/opt/guest".into() }],
            egress: Egress::None,
            allow_hosts: Vec::new(),
        }
    }

    /// Boots an ordinary environment.
    pub async fn boot(&self) -> Arc<dyn Environment> {
        self.boot_as(self.spec()).await
    }

    /// Boots this one.
    pub async fn boot_as(&self, spec: BootSpec) -> Arc<dyn Environment> {
        self.within(self.sandbox.boot(spec)).await.expect("boots")
    }

    /// Fails the test if it hangs.
    pub async fn within<T>(&self, future: impl Future<Output = T>) -> T {
        self.world.timeout(self.patience, future).await.expect("did not end in time")
    }

    /// Runs a shell script to its end.
    pub async fn shell(&self, environment: &Arc<dyn Environment>, script: &str) -> Output {
        self.run(environment, program("/bin/sh", &["-c", script])).await
    }

    /// Runs the guest program to its end.
    pub async fn guest(&self, environment: &Arc<dyn Environment>, arguments: &[&str]) -> Output {
        let mut all = vec!["guest"];
        all.extend(arguments);
        self.run(environment, program(GUEST, &all)).await
    }

    /// Runs a program to its end.
    pub async fn run(&self, environment: &Arc<dyn Environment>, spec: ProcessSpec) -> Output {
        self.within(async {
            let process = environment.start(spec).await.expect("starts");
            let (stdout, stderr) = tokio::join!(read_all(process.stdout), read_all(process.stderr));
            Output { stdout, stderr, exit: process.exited.await.expect("its end is told") }
        })
        .await
    }

    /// Waits until nothing is left; the kernel ends some things a moment after their last user.
    pub async fn nothing_left(&self) {
        for _ in 0..1_000 {
            if (self.leftovers)().is_empty() {
                return;
            }
            self.world.clock.sleep(Duration::from_millis(10)).await;
        }
        panic!("left behind: {:#?}", (self.leftovers)());
    }
}

/// A program with a path and nothing else in its variables.
pub fn program(path: &str, arguments: &[&str]) -> ProcessSpec {
    ProcessSpec {
        program: path.into(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        working_directory: "/var/task".into(),
        telemetry: false,
        bind: false,
    }
}

async fn read_all(mut stream: Box<dyn AsyncRead + Send + Unpin>) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("readable");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn code(output: &Output) -> Option<i32> {
    match output.exit.status {
        ExitStatus::Code(code) => Some(code),
        ExitStatus::Signal(_) => None,
    }
}

const DOORS: [(Door, &str); 2] =
    [(Door::RuntimeApi, crate::RUNTIME_API_ADDRESS), (Door::LambdaApi, crate::LAMBDA_API_ADDRESS)];

/// One test for each promise. `$kit` makes an `Option<Kit>`; `None` passes over the suite.
#[macro_export]
macro_rules! conformance_suite {
    ($kit:expr) => {
        $crate::conformance_tests! { $kit;
            a_program_runs_and_what_it_writes_comes_out
            an_exit_code_and_a_signal_are_told_apart
            what_can_not_be_executed_says_its_errno
            nothing_is_inherited_but_what_the_spec_says
            telemetry_is_a_stream_of_its_own
            both_doors_lead_out_and_carry_bytes_both_ways
            folders_of_the_host_appear_read_only_where_they_were_asked_for
            orphans_are_reaped_and_the_supervisor_stays
            statistics_tell_memory_time_and_tasks
            the_root_is_read_only
            tmp_has_the_size_that_was_asked_for_and_a_bound_on_files
            tmp_is_not_charged_to_memory
            too_much_memory_is_an_out_of_memory_verdict
            processes_are_bounded
            code_runs_as_nobody_with_no_capability
            forbidden_calls_are_refused
            nothing_private_of_the_host_is_seen
            neighbours_do_not_see_each_other
            the_hosts_loopback_is_out_of_reach
            egress_reaches_an_allowed_host_endpoint_and_no_other
            a_paused_environment_stands_still_until_resumed
            a_waiting_environment_is_given_its_code_and_its_limits
            a_binding_whose_limit_what_waits_does_not_fit_is_refused_and_kills_nothing
            pause_and_resume_are_idempotent_and_hold_every_process
            an_environment_that_starts_programs_without_end_stands_still_at_every_pause
            what_comes_to_a_paused_environment_is_there_when_it_goes_on
            a_paused_environment_gives_idle_memory_back
            stop_is_idempotent_also_after_pause
            stop_ends_what_waits
            a_boot_that_nobody_waits_for_leaves_nothing
            an_environment_that_is_dropped_is_stopped
            a_boot_that_fails_says_why_and_leaves_nothing
            stop_removes_everything
            many_boots_at_once_all_stand
            after_shutdown_everything_is_gone
        }
    };
}

/// See [`conformance_suite!`].
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($kit:expr; $($name:ident)*) => {
        $(#[tokio::test]
        async fn $name() {
            if let Some(kit) = $kit.await {
                $crate::conformance::$name(&kit).await;
                kit.within(kit.sandbox.shutdown()).await;
                kit.nothing_left().await;
            }
        })*
    };
}
