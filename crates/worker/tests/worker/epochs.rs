//! What a worker tells a new leader, and what it no longer takes from the old one.

use crate::double::on_host;
use crate::kit::{ENVIRONMENT, Kit, key};
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{
    AcknowledgeEpoch, HeldEnvironment, HeldState, InvokeRefusal, StartEnvironment, StopEnvironment,
    WorkerControl, WorkerError, WorkerInvoke,
};
use types::{EnvironmentId, Epoch, LeaseToken, PartitionId};

async fn held(kit: &Kit, partition: u64, epoch: u64) -> Result<Vec<HeldEnvironment>, WorkerError> {
    let message = AcknowledgeEpoch { partition: PartitionId(partition), epoch: Epoch(epoch) };
    Ok(kit.worker.acknowledge(message).await?.environments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_is_told_what_there_is_and_the_old_one_is_refused_everything() {
    let kit = on_host(&[], |_, _| {});
    kit.start().await;
    let row = |token, state| HeldEnvironment { environment: ENVIRONMENT, token: LeaseToken(token), state };
    assert_eq!(held(&kit, 0, 1).await, Ok(vec![row(1, HeldState::Taken)]), "its first invocation is to come");
    kit.invoke(1, "{}").await;
    kit.reported(1, EnvironmentEvent::Idle).await;
    assert_eq!(held(&kit, 0, 2).await, Ok(vec![row(1, HeldState::Free)]));
    assert_eq!(held(&kit, 7, 1).await, Ok(Vec::new()), "another partition has nothing here");

    // The old leader is back from a pause: whatever it says is refused, before user code.
    let refused = kit.worker.invoke(Kit::request(2, "{}")).await.err();
    assert_eq!(refused, Some(InvokeRefusal::Stale));
    assert_eq!(held(&kit, 0, 1).await, Err(WorkerError::Stale));
    let (partition, epoch) = (PartitionId(0), Epoch(1));
    let other = EnvironmentId([9; 16]);
    let start = StartEnvironment {
        environment: other,
        key: key(),
        partition,
        epoch,
        token: LeaseToken(3),
        memory_mb: 128,
        provisioned: false,
    };
    assert_eq!(kit.worker.start_environment(start).await, Err(WorkerError::Stale));
    let stop = StopEnvironment { environment: ENVIRONMENT, partition, epoch };
    assert_eq!(kit.worker.stop_environment(stop).await, Err(WorkerError::Stale));

    let stop = StopEnvironment { environment: ENVIRONMENT, partition, epoch: Epoch(2) };
    kit.worker.stop_environment(stop).await.unwrap();
    let after = held(&kit, 0, 2).await.unwrap();
    assert!(after.iter().all(|row| row.state == HeldState::Ending), "{after:?}");
    kit.reported(1, EnvironmentEvent::Gone).await;
}
