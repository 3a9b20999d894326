//! What functions reserve, and what a leader reads of a version.

use crate::kit::{Kit, code_update, creation, named, open, open_with, qualified, scope, settings};
use crate::shared_kit::{cluster, hurried};
use control::{RecordedRevisions, Settings};
use fabric::assignment::{Reserve, Revision, Revisions as _};
use fabric::control::{Control as _, ControlError, Named, ReserveConcurrency};
use types::{ConcurrencyShare, FunctionName, Version, VersionKey};

async fn reserve(kit: &Kit, named: Named, reserved: Option<u32>) -> Result<(), ControlError> {
    kit.control.reserve_concurrency(ReserveConcurrency { named, reserved }).await
}

async fn share(kit: &Kit, function: &str) -> ConcurrencyShare {
    kit.control.resolve(named(function)).await.expect("resolves").share
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_kept_told_and_taken_from_what_others_share() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let before = kit.create("f", "code").await;
    kit.create("g", "code").await;
    assert_eq!(share(&kit, "f").await, ConcurrencyShare { at: 1, reserved: None, unreserved: 1_000 });
    reserve(&kit, named("f"), Some(300)).await.expect("reserved");
    let told = Reserve { scope: scope(), function: FunctionName::new("f"), at: 2, reserved: Some(300) };
    assert_eq!(*kit.assignment.reserved.lock().expect("sound"), [told], "before the answer");
    assert_eq!(kit.retired(), [], "no environment is worse for it");
    assert_eq!(share(&kit, "f").await, ConcurrencyShare { at: 2, reserved: Some(300), unreserved: 700 });
    assert_eq!(share(&kit, "g").await, ConcurrencyShare { at: 1, reserved: None, unreserved: 700 });
    let described = kit.control.get_function(named("f")).await.expect("there");
    assert_eq!(described.reserved, Some(300));
    assert_ne!(described.version.revision, before.revision, "the create's own answer has its first one");
    reserve(&kit, named("f"), Some(300)).await.expect("the same again");
    assert_eq!(kit.assignment.reserved.lock().expect("sound").len(), 1, "is no change");

    drop(kit);
    let kit = open(folder.path()).await;
    assert_eq!(kit.control.account_usage(scope()).await.expect("answered").reserved, 300);
    kit.control.update_code(code_update("f", "new")).await.expect("updated");
    assert_eq!(share(&kit, "f").await.reserved, Some(300), "an update leaves it");
    reserve(&kit, named("f"), Some(0)).await.expect("nothing is reserved, too");
    assert_eq!(share(&kit, "f").await.reserved, Some(0));
    reserve(&kit, named("f"), None).await.expect("given up");
    assert_eq!(share(&kit, "g").await.unreserved, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_are_left_to_those_that_reserve_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "code").await;
    kit.create("g", "code").await;
    let too_much = |minimum| Err(ControlError::TooMuchReserved { minimum });
    assert_eq!(reserve(&kit, named("f"), Some(901)).await, too_much(100));
    assert_eq!(reserve(&kit, named("f"), Some(u32::MAX)).await, too_much(100));
    assert_eq!(reserve(&kit, named("f"), Some(900)).await, Ok(()));
    assert_eq!(reserve(&kit, named("g"), Some(1)).await, too_much(100));
    assert_eq!(reserve(&kit, named("g"), Some(0)).await, Ok(()), "nothing takes nothing");
    assert_eq!(reserve(&kit, named("f"), Some(899)).await, Ok(()));
    assert_eq!(reserve(&kit, named("g"), Some(1)).await, Ok(()));
    kit.control.delete_function(named("f")).await.expect("deleted");
    assert_eq!(kit.control.account_usage(scope()).await.expect("answered").reserved, 1, "it is free again");
    assert_eq!(reserve(&kit, qualified("g", "1"), Some(1)).await, Err(ControlError::ReservationOnQualified));
    let nobody = reserve(&kit, named("nobody"), Some(1)).await;
    assert!(matches!(nobody, Err(ControlError::NotFound { .. })));

    // One that has less altogether can reserve nothing.
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open_with(folder.path(), Settings { concurrency_max: 10, ..settings() }).await;
    kit.create("f", "code").await;
    assert_eq!(reserve(&kit, named("f"), Some(1)).await, too_much(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_reservations_at_once_do_not_take_more_than_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "code").await;
    kit.create("g", "code").await;
    let (one, other) =
        tokio::join!(reserve(&kit, named("f"), Some(500)), reserve(&kit, named("g"), Some(500)));
    assert_eq!([one, other].iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_reserved_counts_and_what_no_leader_took_is_answered_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), hurried(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "code").await;
    one.create("g", "code").await;
    reserve(one, named("f"), Some(900)).await.expect("reserved");
    let answer = reserve(other, named("g"), Some(1)).await;
    assert_eq!(answer, Err(ControlError::TooMuchReserved { minimum: 100 }));
    assert_eq!(share(other, "g").await.unreserved, 100);
    *one.assignment.leaderless.lock().expect("sound") = Some(Box::new(|| true));
    let answer = reserve(one, named("f"), Some(10)).await;
    assert!(matches!(answer, Err(ControlError::Unavailable { .. })), "{answer:?}");
    assert_eq!(other.control.account_usage(scope()).await.expect("answered").reserved, 10, "it is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_reads_which_generation_may_be_used_of_every_version_there_ever_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let revisions = RecordedRevisions::new(kit.kv.clone());
    let read = async |version| {
        let key = VersionKey {
            account: scope().account,
            region: scope().region,
            function: FunctionName::new("f"),
            version,
            generation: 0,
        };
        revisions.read(&key).await.expect("readable")
    };
    let least = async |version| read(version).await.generation_min;
    let used = async |qualifier: &str| {
        kit.control.resolve(qualified("f", qualifier)).await.map(|version| version.key.generation)
    };
    assert_eq!(least(Version::Latest).await, 0, "nothing is old of what never was");
    kit.create("f", "code").await;
    kit.publish("f").await;
    kit.update("f", "new").await;
    kit.publish("f").await;
    assert_eq!(used("$LATEST").await, Ok(least(Version::Latest).await));
    assert_eq!(used("1").await, Ok(least(Version::Published(1)).await));
    let second = used("2").await.expect("there");
    assert_eq!(second, least(Version::Published(2)).await);
    reserve(&kit, named("f"), Some(7)).await.expect("reserved");
    let Revision { reserved_at, reserved, .. } = read(Version::Published(1)).await;
    assert_eq!((reserved_at, reserved), (share(&kit, "f").await.at, Some(7)));

    kit.control.delete_function(qualified("f", "2")).await.expect("deleted");
    assert!(least(Version::Published(2)).await > second, "what is deleted is old");
    let latest = used("$LATEST").await.expect("there");
    kit.control.delete_function(named("f")).await.expect("deleted");
    assert!(least(Version::Latest).await > latest);
    let message = creation("f", "code");
    kit.control.create_function(message).await.expect("made again");
    assert_eq!(used("$LATEST").await, Ok(least(Version::Latest).await));
    let again = read(Version::Latest).await;
    assert_eq!(again.reserved, None);
    assert!(again.reserved_at > reserved_at, "newer than its namesake's");
}
