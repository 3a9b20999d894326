//! SnapStart over host processes: what is kept, restored and refused. The whole of it is `e2e/test_snapstart.py`'s.

use crate::double::{OnHost, on_host};
use crate::kit::{Answered, Kit, collect, key};
use fabric::assignment::EnvironmentEvent;
use fabric::control::{Preparation, Preparations, PreparedReport, SnapStart};
use fabric::worker::{InvokeRefusal, WorkerInvoke};
use std::sync::atomic::Ordering;
use std::time::Duration;
use types::{Version, VersionKey};

fn published() -> VersionKey {
    VersionKey { version: Version::Published(1), ..key() }
}

/// A worker whose control knows one published version, which is Pending.
async fn pending(mode: &str, change: impl FnOnce(&mut worker::Settings)) -> OnHost {
    let kit = on_host(&[("MODE", mode)], |config, settings| {
        config.snap_start = SnapStart::PublishedVersions;
        change(settings);
    });
    kit.worker.open().await.unwrap();
    let versions = vec![Preparation { key: published(), pending: true }];
    kit.fakes.preparations.send_replace(Preparations { at: 1, versions });
    kit
}

impl Kit {
    /// What control was told first.
    async fn prepared(&self) -> PreparedReport {
        let mut prepared = self.fakes.prepared.subscribe();
        let told = tokio::time::timeout(crate::kit::WAIT, prepared.wait_for(|told| !told.is_empty())).await;
        told.expect("control is told").unwrap()[0].clone()
    }

    async fn restored(&self) -> Answered {
        self.start_of(published()).await;
        collect(self.worker.invoke(Self::request(1, "{}")).await.unwrap()).await
    }
}

fn assert_restored(answered: &Answered) {
    let outcome = answered.outcome.as_ref().unwrap();
    assert!(outcome.restore_duration.is_some() && outcome.init_duration.is_none());
    assert!(answered.tail().contains("\tRestore Duration: "), "{}", answered.tail());
    assert!(!answered.tail().contains("Init Duration"), "{}", answered.tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_waits_to_be_restored_is_kept_and_serves_at_once() {
    let kit = pending("restore", |_| {}).await;
    assert_eq!(kit.prepared().await, PreparedReport { key: published(), initialised: true });
    assert_eq!(kit.sandbox.booted.load(Ordering::SeqCst), 1);
    let answered = kit.restored().await;
    assert_restored(&answered);
    let log = kit.log_until("REPORT RequestId").await;
    assert!(log.contains(&"restored 200 b''\n".to_owned()), "{log:?}");
    assert!(
        log.iter().any(|line| line.starts_with("INIT_REPORT Init Duration: ") && line.ends_with(" ms\n"))
    );
    kit.reported(1, EnvironmentEvent::Idle).await;
    let warm = kit.invoke(2, "{}").await;
    assert!(!warm.tail().contains("Restore"), "{}", warm.tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_without_hooks_is_kept_where_it_asks_for_its_first_event() {
    let kit = pending("", |_| {}).await;
    assert!(kit.prepared().await.initialised);
    let answered = kit.restored().await;
    assert_restored(&answered);
    assert!(answered.tail().contains("\tBilled Restore Duration: 0 ms\t"), "{}", answered.tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_for_which_nothing_is_kept_is_initialised_and_restored_in_one_go() {
    let kit = pending("restore", |settings| settings.snap_start.rooms_max = 0).await;
    assert!(kit.prepared().await.initialised, "it was tried once all the same");
    let answered = kit.restored().await;
    assert_restored(&answered);
    assert!(answered.outcome.unwrap().spans.iter().any(|span| span.room == "init"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_init_is_reported_and_not_tried_again() {
    let kit = pending("init-exit", |_| {}).await;
    assert_eq!(kit.prepared().await, PreparedReport { key: published(), initialised: false });
    let log = kit.log_until("INIT_REPORT").await;
    assert!(
        log.iter()
            .any(|line| line.ends_with("\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"))
    );
    assert_eq!(kit.sandbox.booted.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_has_its_own_limit() {
    let kit =
        pending("init-hang", |settings| settings.snap_start_init_timeout = Duration::from_millis(300)).await;
    // The function's timeout is three seconds, which is longer.
    assert!(!kit.prepared().await.initialised);
    let log = kit.log_until("INIT_REPORT").await;
    let line = log.iter().find(|line| line.starts_with("INIT_REPORT")).unwrap();
    assert!(line.ends_with("\tPhase: init\tStatus: timeout\n"), "{line}");
    let took: f64 =
        line.trim_start_matches("INIT_REPORT Init Duration: ").split(' ').next().unwrap().parse().unwrap();
    assert!(took >= 3_000.0, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_fails_refuses_its_caller_and_ends_the_environment() {
    let failed = |error_type: &str| InvokeRefusal::RestoreFailed { error_type: error_type.to_owned() };
    let rows = [
        (
            "restore-error",
            failed("Runtime.AfterRestoreError"),
            "Status: error\tError Type: Runtime.AfterRestoreError\n",
        ),
        ("restore-exit", failed("Runtime.ExitError"), "Status: error\tError Type: Runtime.ExitError\n"),
        ("restore-hang", InvokeRefusal::RestoreTimedOut, "Status: timeout\n"),
    ];
    for (mode, refusal, end) in rows {
        // Only the one that hangs is to meet its timeout.
        let timeout = if mode == "restore-hang" { Duration::from_millis(500) } else { crate::kit::WAIT };
        let kit = pending(mode, |settings| settings.restore_timeout = timeout).await;
        assert!(kit.prepared().await.initialised, "{mode}");
        kit.start_of(published()).await;
        let refused = kit.worker.invoke(Kit::request(1, "{}")).await.err();
        assert_eq!(refused, Some(refusal), "{mode}");
        let log = kit.log_until("RESTORE_REPORT").await;
        assert!(log.iter().any(|line| line.starts_with("RESTORE_REPORT") && line.ends_with(end)), "{log:?}");
        assert!(!log.iter().any(|line| line.starts_with("START")), "{log:?}");
        if mode == "restore-error" {
            assert!(log.iter().any(|line| line.starts_with("restore/error 202 ")), "{log:?}");
        }
        kit.reported(1, EnvironmentEvent::Gone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_listed_any_more_is_ended_and_a_worker_that_ends_ends_the_rest() {
    let kit = pending("restore", |_| {}).await;
    assert!(kit.prepared().await.initialised);
    let stopped = || kit.sandbox.stopped.load(Ordering::SeqCst);
    assert_eq!(stopped(), 0);
    kit.fakes.preparations.send_replace(Preparations { at: 2, versions: Vec::new() });
    let ended = async |count: usize| {
        let wait = async {
            while stopped() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::kit::WAIT, wait).await.expect("it is ended");
    };
    ended(1).await;
    let versions = vec![Preparation { key: published(), pending: false }];
    kit.fakes.preparations.send_replace(Preparations { at: 3, versions });
    let made = async {
        while kit.sandbox.booted.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::kit::WAIT, made).await.expect("it is made again");
    kit.worker.shutdown(Duration::from_secs(5)).await;
    ended(2).await;
}
