//! Rooms that waited for a function, and what becomes of a start whose room is of no use.

use crate::double::{HostSandbox, on_host_over};
use crate::kit::ENVIRONMENT;
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{StopEnvironment, WorkerControl};
use std::sync::atomic::Ordering;
use types::{Epoch, PartitionId};
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_room_that_does_not_listen_costs_its_caller_a_fresh_boot_and_no_error() {
    let sandbox = HostSandbox { deaf_rooms: true, ..HostSandbox::default() };
    let kit = on_host_over(sandbox, World::real(), &[], |config, _| config.runtime = "ahead".into());
    kit.worker.open().await.unwrap();
    kit.start().await;
    kit.invoke(1, "{}").await.json();
    kit.reported(1, EnvironmentEvent::Idle).await;
    let booted = || kit.sandbox.booted.load(Ordering::SeqCst);
    let made = async {
        while booted() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::kit::WAIT, made).await.expect("rooms are made after the first use");
    let stop = StopEnvironment { environment: ENVIRONMENT, partition: PartitionId(0), epoch: Epoch(1) };
    kit.worker.stop_environment(stop).await.unwrap();
    kit.reported(1, EnvironmentEvent::Gone).await;
    let stopped = kit.sandbox.stopped.load(Ordering::SeqCst);
    kit.start().await;
    let answered = kit.invoke(1, r#"{"a":1}"#).await;
    assert_eq!(answered.json()["event"]["a"], 1);
    let ended = async {
        while kit.sandbox.stopped.load(Ordering::SeqCst) == stopped {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::kit::WAIT, ended).await.expect("the deaf room is ended");
}
