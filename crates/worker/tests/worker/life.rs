//! What becomes of an environment, and what its caller and its log say.

use crate::double::{OnHost, on_host};
use crate::kit::{ENVIRONMENT, Kit, STANDS_IN};
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{InvokeRefusal, StopEnvironment, WorkerControl, WorkerError, WorkerInvoke};
use std::sync::atomic::Ordering;
use std::time::Duration;
use types::{Epoch, PartitionId};

const ID_1: &str = "00000000-0000-0000-0000-000000000001";

fn plain() -> OnHost {
    on_host(&[], |_, _| {})
}

fn mode(mode: &str) -> OnHost {
    on_host(&[("MODE", mode)], |_, settings| settings.init_timeout = Duration::from_secs(10))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_invocation_waits_for_its_environment_and_a_warm_one_finds_it() {
    let kit = plain();
    kit.start().await;
    let cold = kit.invoke(1, r#"{"a":1}"#).await;
    let answer = cold.json();
    assert_eq!(answer["event"]["a"], 1);
    assert_eq!(answer["headers"]["lambda-runtime-aws-request-id"], ID_1);
    assert_eq!(answer["headers"]["lambda-runtime-client-context"], "{\"a\": 1}");
    assert_eq!(answer["headers"]["lambda-runtime-trace-id"], "Root=1-a-b");
    let outcome = cold.outcome.as_ref().unwrap();
    assert!(outcome.init_duration.is_some());
    assert_eq!(outcome.memory_used_mb, 31);
    let rooms: Vec<&str> = outcome.spans.iter().map(|span| span.room.as_str()).collect();
    // What was over before the invocation came (code, often the boot) is not of its waterfall.
    for room in ["init", "invoke", "response", "finish"] {
        assert!(rooms.contains(&room), "{room} is missing in {rooms:?}");
    }
    kit.reported(1, EnvironmentEvent::Idle).await;
    let warm = kit.invoke(2, "{}").await;
    assert_eq!(warm.json()["count"], 2);
    assert_eq!(warm.outcome.unwrap().init_duration, None);
    kit.reported(2, EnvironmentEvent::Idle).await;
    let events: Vec<EnvironmentEvent> =
        kit.fakes.reports.borrow().iter().map(|report| report.event).collect();
    use EnvironmentEvent::{Finishing, Idle};
    assert_eq!(events, [Finishing, Idle, Finishing, Idle]);
    assert_eq!(kit.sandbox.booted.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_in_order_and_the_tail_is_from_start_to_report() {
    let kit = plain();
    kit.start().await;
    let answered = kit.invoke(1, r#"{"do":"print"}"#).await;
    let log = kit.log_until("REPORT").await;
    let begins: Vec<&str> = log.iter().map(|line| line.split([' ', '\n']).next().unwrap()).collect();
    let at = |word: &str| {
        begins.iter().position(|begin| *begin == word).unwrap_or_else(|| panic!("{word}: {log:?}"))
    };
    assert!(
        log[0].starts_with("INIT_START Runtime Version: python:3.11.7\tRuntime Version ARN: arn:aws:lambda:")
    );
    // The one that the API shows in RuntimeVersionConfig.
    let arn = runtime_api::runtime_version_arn("eu-central-1", "python3.11");
    assert!(log[0].ends_with(&format!("\tRuntime Version ARN: {arn}\n")), "{}", log[0]);
    assert_eq!(log[1], "module code\n");
    assert_eq!(log[2], format!("START RequestId: {ID_1} Version: $LATEST\n"));
    for word in ["one", "two", "partial"] {
        assert!(at("START") < at(word) && at(word) < at("END"), "{log:?}");
    }
    assert!(log.last().unwrap().contains("\tMax Memory Used: 31 MB\tInit Duration: "), "{log:?}");
    assert_eq!(answered.tail(), log[2..].concat());
    let stream = kit.fakes.streams.lock().unwrap()[0].clone();
    assert_eq!(stream.group, "/aws/lambda/hello");
    assert!(stream.stream.ends_with(&format!("/[$LATEST]{}", ENVIRONMENT.hex())), "{stream:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_stands_in_for_another_is_told_in_the_functions_own_log() {
    let kit = on_host(&[], |config, _| config.runtime = "python3.9".into());
    kit.start().await;
    kit.invoke(1, "{}").await;
    let log = kit.log_until("REPORT").await;
    assert!(log[0].starts_with("INIT_START "), "{log:?}");
    assert_eq!(log[1], format!("[WARN] {STANDS_IN}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_environment_are_answered_as_aws_answers_and_end_it() {
    let body = |kind: &str, message: &str| {
        format!("{{\"errorType\":\"{kind}\",\"errorMessage\":\"RequestId: {ID_1} Error: {message}\"}}")
    };
    let rows = [
        (
            r#"{"do":"sleep","for":60}"#,
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
            "Status: timeout\n",
        ),
        (
            r#"{"do":"exit","code":0}"#,
            "Runtime.ExitError",
            "Runtime exited without providing a reason",
            "Status: error\tError Type: Runtime.ExitError\n",
        ),
        (
            r#"{"do":"exit","code":7}"#,
            "Runtime.ExitError",
            "Runtime exited with error: exit status 7",
            "Status: error\tError Type: Runtime.ExitError\n",
        ),
        (
            r#"{"do":"kill"}"#,
            "Runtime.ExitError",
            "Runtime exited with error: signal: segmentation fault",
            "Status: error\tError Type: Runtime.ExitError\n",
        ),
    ];
    for (event, kind, message, report) in rows {
        let kit = plain();
        kit.start().await;
        let timeout = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(1);
        let answered = kit.invoke_with(Kit::request(1, event), timeout).await;
        assert_eq!(answered.failure(), (kind.to_owned(), body(kind, message)), "{event}");
        assert!(answered.tail().ends_with(report), "{}", answered.tail());
        kit.reported(1, EnvironmentEvent::Gone).await;
        assert_eq!(kit.sandbox.stopped.load(Ordering::SeqCst), 1);
        let late = kit.worker.invoke(Kit::request(2, "{}")).await;
        assert_eq!(late.err(), Some(InvokeRefusal::Gone));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_raised_or_answered_too_much_is_kept() {
    let kit = plain();
    kit.start().await;
    let raised = kit.invoke(1, r#"{"do":"raise"}"#).await;
    let verbatim = r#"{"errorMessage":"boom","errorType":"ValueError"}"#;
    assert_eq!(raised.failure(), ("Runtime.Unknown".to_owned(), verbatim.to_owned()));
    let large = kit.invoke(2, r#"{"do":"large"}"#).await;
    let (kind, body) = large.failure();
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    assert_eq!(
        body,
        r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#
    );
    assert!(large.tail().contains("large answered 413\n"), "{}", large.tail());
    assert_eq!(kit.invoke(3, "{}").await.json()["count"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_that_failed_is_run_once_more_inside_the_invocation() {
    let rows = [
        ("init-exit", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("init-error", "Runtime.ImportModuleError", "no"),
    ];
    for (name, kind, message) in rows {
        let kit = mode(name);
        kit.start().await;
        let answered = kit.invoke(1, "{}").await;
        let (error_type, body) = answered.failure();
        assert_eq!(error_type, kind);
        assert!(body.contains(message), "{body}");
        kit.reported(1, EnvironmentEvent::Gone).await;
        let log = kit.log_until("REPORT RequestId").await;
        let reports: Vec<&String> = log.iter().filter(|line| line.starts_with("INIT_REPORT")).collect();
        assert_eq!(reports.len(), 2);
        let tail = |phase: &str| format!("\tPhase: {phase}\tStatus: error\tError Type: {kind}\n");
        assert!(reports[0].ends_with(&tail("init")) && reports[1].ends_with(&tail("invoke")), "{reports:?}");
        assert_eq!(kit.sandbox.booted.load(Ordering::SeqCst), 2);
        assert_eq!(kit.sandbox.stopped.load(Ordering::SeqCst), 2);
        assert!(!log.last().unwrap().contains("Init Duration"), "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_init_that_succeeds_serves() {
    let flags = tempfile::tempdir().unwrap();
    let flag = flags.path().join("flag");
    let kit = on_host(&[("MODE", "second-init"), ("FLAG", flag.to_str().unwrap())], |_, _| {});
    kit.start().await;
    let answered = kit.invoke(1, "{}").await;
    assert_eq!(answered.json()["count"], 1);
    assert_eq!(answered.outcome.unwrap().init_duration, None);
    kit.reported(1, EnvironmentEvent::Idle).await;
    assert_eq!(kit.invoke(2, "{}").await.json()["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_over_its_limit_is_run_again_under_the_functions_timeout() {
    let kit =
        on_host(&[("MODE", "init-hang")], |_, settings| settings.init_timeout = Duration::from_millis(500));
    kit.start().await;
    let timeout = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(1);
    let answered = kit.invoke_with(Kit::request(1, "{}"), timeout).await;
    assert_eq!(answered.failure().0, "Sandbox.Timedout");
    let log = kit.log_until("Phase: invoke").await;
    assert!(log.iter().any(|line| line.ends_with("\tPhase: init\tStatus: timeout\n")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_start_is_an_invalid_entry_point() {
    let rows = [
        ("none", "no such file or directory"),
        ("no-bootstrap", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
    ];
    for (runtime, message) in rows {
        let kit = on_host(&[], |config, _| config.runtime = runtime.into());
        kit.start().await;
        let (kind, body) = kit.invoke(1, "{}").await.failure();
        assert_eq!(kind, "Runtime.InvalidEntrypoint");
        assert!(body.contains(message), "{body}");
        kit.reported(1, EnvironmentEvent::Gone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_can_not_be_made_is_refused_before_user_code() {
    let kit = on_host(&[], |config, _| config.runtime = "broken".into());
    kit.start().await;
    let refused = kit.worker.invoke(Kit::request(1, "{}")).await;
    assert!(matches!(refused, Err(InvokeRefusal::Failed { .. })), "{refused:?}");
    kit.reported(1, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_whose_generation_was_replaced_is_stale_and_no_failure() {
    let kit = on_host(&[], |config, _| config.runtime = "gone".into());
    kit.start().await;
    let refused = kit.worker.invoke(Kit::request(1, "{}")).await;
    assert_eq!(refused.err(), Some(InvokeRefusal::Stale));
    kit.reported(1, EnvironmentEvent::Gone).await;
    // Its waiter was told by assignment, so nobody comes: a stop ends it, and does not wait for the one who came.
    let kit = on_host(&[], |config, settings| {
        config.runtime = "gone".into();
        settings.first_invocation_wait = Duration::from_secs(3_600);
    });
    kit.start().await;
    kit.worker.stop_environment(stop(1)).await.unwrap();
    kit.reported(1, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_what_is_gone_says_so() {
    let kit = plain();
    assert_eq!(kit.worker.stop_environment(stop(1)).await, Err(WorkerError::NotThere));
    kit.start().await;
    kit.worker.stop_environment(stop(1)).await.unwrap();
    kit.reported(1, EnvironmentEvent::Gone).await;
    assert_eq!(kit.worker.stop_environment(stop(1)).await, Err(WorkerError::NotThere));
}

fn stop(epoch: u64) -> StopEnvironment {
    StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(epoch) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_answered_but_never_asks_again_is_ended_and_its_answer_stands() {
    for (event, report) in [("answer-and-exit", "Status: error"), ("answer-and-sleep", "Status: timeout")] {
        let kit = plain();
        kit.start().await;
        let timeout = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(1);
        let event = format!("{{\"do\":\"{event}\"}}");
        let answered = kit.invoke_with(Kit::request(1, &event), timeout).await;
        assert_eq!(answered.json(), "bye");
        assert!(answered.tail().contains(report), "{}", answered.tail());
        kit.reported(1, EnvironmentEvent::Gone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_fenced_by_epoch_and_token() {
    let kit = plain();
    kit.start().await;
    let refused = |token| async move { token };
    let wrong = kit.worker.invoke(Kit::request(refused(9).await, "{}")).await;
    assert_eq!(wrong.err(), Some(InvokeRefusal::Stale), "not the first token");
    let running = kit.invoke(1, r#"{"do":"sleep","for":0.3}"#);
    let second = async {
        // The first has taken the seat once the mailbox refuses another.
        loop {
            match kit.worker.invoke(Kit::request(9, "{}")).await.err() {
                Some(InvokeRefusal::Busy) => return,
                Some(InvokeRefusal::Stale) => tokio::task::yield_now().await,
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::join!(running, second);
    kit.reported(1, EnvironmentEvent::Idle).await;
    let again = kit.worker.invoke(Kit::request(1, "{}")).await;
    assert_eq!(again.err(), Some(InvokeRefusal::Stale), "a token is used once");
    let mut newer = Kit::request(3, "{}");
    newer.lease.epoch = Epoch(2);
    assert_eq!(kit.invoke_with(newer, |_| {}).await.json()["count"], 2);
    assert_eq!(
        kit.worker.invoke(Kit::request(4, "{}")).await.err(),
        Some(InvokeRefusal::Stale),
        "an old epoch"
    );
    assert_eq!(kit.worker.stop_environment(stop(1)).await, Err(WorkerError::Stale));
    kit.worker.stop_environment(stop(2)).await.unwrap();
    kit.reported(3, EnvironmentEvent::Gone).await;
    assert_eq!(kit.sandbox.stopped.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_nobody_came_for_calls_itself_idle() {
    let kit = on_host(&[], |_, settings| settings.first_invocation_wait = Duration::from_millis(50));
    kit.start().await;
    kit.reported(1, EnvironmentEvent::Idle).await;
    assert_eq!(kit.worker.invoke(Kit::request(1, "{}")).await.err(), Some(InvokeRefusal::Stale));
    assert_eq!(kit.invoke(2, "{}").await.json()["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_every_environment() {
    let kit = plain();
    kit.start().await;
    kit.invoke(1, "{}").await;
    kit.worker.shutdown(Duration::from_secs(20)).await;
    assert_eq!(kit.worker.living(), 0);
    assert_eq!(kit.sandbox.stopped.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_variables_are_lambdas_and_each_environment_has_keys_of_its_own() {
    let kit =
        on_host(&[("MINE", "yes"), ("AWS_REGION", "stolen"), ("TZ", "Europe/Berlin")], |_, settings| {
            let operator = [("EXTRA", "x"), ("MINE", "not this")];
            settings.extra_variables = operator.map(|(name, value)| (name.into(), value.into())).into();
        });
    kit.start().await;
    let variables = kit.invoke(1, r#"{"do":"env"}"#).await.json();
    let rows = [
        ("_HANDLER", "app.handler"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.11"),
        ("AWS_LAMBDA_FUNCTION_NAME", "hello"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/hello"),
        ("TZ", "Europe/Berlin"),
        ("MINE", "yes"),
        ("EXTRA", "x"),
    ];
    for (name, value) in rows {
        assert_eq!(variables[name], value, "{name}");
    }
    let key = variables["AWS_ACCESS_KEY_ID"].as_str().unwrap();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    assert_eq!(variables.get("HOME"), None);
    kit.reported(1, EnvironmentEvent::Idle).await;
    let answer = kit.invoke(2, r#"{"do":"api"}"#).await.json();
    assert_eq!(answer["body"], "GET /2015-03-31/functions?x=1 20");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_store_that_hangs_holds_neither_start_nor_answer_nor_end() {
    let kit = plain();
    kit.fakes.taking.send_replace(false);
    kit.start().await;
    let long = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(25);
    // Far more than a pipe, the outbox and every batch hold.
    let flood = kit.invoke_with(Kit::request(1, r#"{"do":"flood","lines":20000}"#), long).await;
    assert_eq!(flood.json()["count"], 1);
    assert!(flood.tail().ends_with("\t\n") && flood.tail().contains("REPORT RequestId"), "{}", flood.tail());
    kit.reported(1, EnvironmentEvent::Idle).await;
    assert_eq!(kit.invoke(2, "{}").await.json()["count"], 2);
    kit.reported(2, EnvironmentEvent::Idle).await;
    let ended = kit.invoke(3, r#"{"do":"exit","code":7}"#).await;
    assert_eq!(ended.failure().0, "Runtime.ExitError");
    kit.reported(3, EnvironmentEvent::Gone).await;
    assert!(kit.fakes.events.borrow().is_empty());
    kit.fakes.taking.send_replace(true);
    kit.log_until("INIT_START").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_store_that_comes_back_is_told_how_much_it_missed() {
    let kit = plain();
    kit.fakes.taking.send_replace(false);
    kit.start().await;
    let long = |invocation: &mut fabric::Invocation| invocation.timeout = Duration::from_secs(25);
    kit.invoke_with(Kit::request(1, r#"{"do":"flood","lines":20000}"#), long).await.json();
    kit.reported(1, EnvironmentEvent::Idle).await;
    kit.fakes.taking.send_replace(true);
    kit.log_until("INIT_START").await;
    kit.invoke(2, r#"{"do":"print"}"#).await.json();
    let log = kit.log_until("RequestId: 00000000-0000-0000-0000-000000000002\tDuration").await;
    let missed = log.iter().find(|line| line.starts_with("TINDERBOX Dropped: ")).expect("it is said");
    let missed: usize = missed.split(' ').nth(2).unwrap().parse().unwrap();
    let kept = log.iter().filter(|line| line.starts_with("xxx")).count();
    assert!(kept < 20_000 && missed + kept >= 20_000, "{missed} of them are missing, {kept} there");
}
