//! Environments that are initialised ahead of invocations.

use crate::double::on_host;
use crate::kit::{ENVIRONMENT, Kit, key};
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{StartEnvironment, StopEnvironment, WorkerControl};
use std::time::Duration;
use types::{Epoch, LeaseToken, PartitionId};

async fn start_ahead(kit: &Kit) {
    let start = StartEnvironment {
        environment: ENVIRONMENT,
        key: key(),
        partition: PartitionId(0),
        epoch: Epoch(1),
        token: LeaseToken(1),
        memory_mb: 128,
        provisioned: true,
    };
    kit.worker.start_environment(start).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_is_idle_once_it_is_initialised_and_no_report_has_its_init() {
    // Nobody comes for longer than one would be waited for that is made for somebody.
    let kit = on_host(&[], |_, settings| settings.first_invocation_wait = Duration::ZERO);
    start_ahead(&kit).await;
    kit.reported(1, EnvironmentEvent::Idle).await;
    kit.log_until("INIT_REPORT Init Duration: ").await;
    let first = kit.invoke(2, r#"{"do":"env"}"#).await;
    assert_eq!(first.json()["AWS_LAMBDA_INITIALIZATION_TYPE"], "provisioned-concurrency");
    assert!(!first.tail().contains("Init Duration"), "{}", first.tail());
    assert_eq!(first.outcome.unwrap().init_duration, None);
    kit.reported(2, EnvironmentEvent::Idle).await;
    let stop = StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(1) };
    kit.worker.stop_environment(stop).await.unwrap();
    kit.reported(2, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_init_is_said_and_nobody_is_waited_for() {
    for mode in ["init-exit", "init-error"] {
        let kit = on_host(&[("MODE", mode)], |_, _| {});
        start_ahead(&kit).await;
        kit.reported(1, EnvironmentEvent::Gone).await;
        let events: Vec<_> = kit.fakes.reports.borrow().iter().map(|report| report.event).collect();
        assert_eq!(events, [EnvironmentEvent::NotInitialised, EnvironmentEvent::Gone], "{mode}");
        kit.log_until("\tPhase: init\tStatus: error").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_wanted_any_more_ends_in_the_middle_of_its_init() {
    let kit = on_host(&[("MODE", "init-hang")], |_, _| {});
    start_ahead(&kit).await;
    kit.log_until("module code").await;
    let stop = StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(1) };
    kit.worker.stop_environment(stop).await.unwrap();
    kit.reported(1, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_init_may_take_as_long_as_with_snap_start() {
    let kit = on_host(&[("MODE", "init-hang")], |config, settings| {
        config.timeout_seconds = 1;
        settings.init_timeout = Duration::from_secs(600);
        settings.snap_start_init_timeout = Duration::from_millis(1_500);
    });
    start_ahead(&kit).await;
    kit.reported(1, EnvironmentEvent::Gone).await;
    kit.log_until("INIT_REPORT Init Duration: 15").await;
    kit.log_until("\tPhase: init\tStatus: timeout").await;
}
