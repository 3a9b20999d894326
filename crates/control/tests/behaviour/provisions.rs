//! What is provisioned for versions.

use crate::kit::{Kit, code_update, creation, named, open, qualified, scope};
use crate::shared_kit::{cluster, hurried};
use fabric::assignment::{Provision, Provisioned};
use fabric::control::{
    Control as _, ControlError, ListVersions, Named, ProvisionConcurrency, ProvisionedConcurrency,
    ReserveConcurrency, SnapStart,
};
use std::sync::atomic::Ordering;
use types::Version;
use world::World;

async fn provision(kit: &Kit, named: Named, wanted: u32) -> Result<ProvisionedConcurrency, ControlError> {
    kit.control.provision(ProvisionConcurrency { named, wanted }).await
}

async fn reserve(kit: &Kit, function: &str, reserved: Option<u32>) -> Result<(), ControlError> {
    kit.control.reserve_concurrency(ReserveConcurrency { named: named(function), reserved }).await
}

async fn unreserved(kit: &Kit, function: &str) -> u32 {
    kit.control.resolve(named(function)).await.expect("resolves").share.unreserved
}

/// What the leader was told last of a version.
async fn told(kit: &Kit, function: &str, version: &str) -> Option<(u64, u32)> {
    let key = kit.control.resolve(qualified(function, version)).await.expect("resolves").key;
    let told = kit.assignment.provisioned.lock().expect("sound");
    told.get(&key).map(|Provision { at, wanted, .. }| (*at, *wanted))
}

async fn published(kit: &Kit, function: &str) {
    kit.create(function, "code").await;
    kit.publish(function).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_provisioned_is_kept_told_and_taken_from_what_others_share() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    published(&kit, "f").await;
    kit.create("g", "code").await;
    let before = kit.get(qualified("f", "1")).await.expect("there");
    let set = provision(&kit, qualified("f", "1"), 3).await.expect("provisioned");
    assert_eq!((set.wanted, set.now, set.arn.to_string().ends_with(":f:1")), (3, None, true));
    let (first, wanted) = told(&kit, "f", "1").await.expect("told before the answer");
    assert_eq!(wanted, 3);
    assert_eq!(kit.get(qualified("f", "1")).await.expect("there"), before, "its revision id, too");
    assert_eq!(kit.retired(), [], "no environment is worse for it");
    assert_eq!((unreserved(&kit, "f").await, unreserved(&kit, "g").await), (997, 997));
    kit.assignment.initialised.store(2, Ordering::SeqCst);
    let found = kit.control.provisioned(qualified("f", "1")).await.expect("there");
    assert_eq!(found.now, Some(Provisioned { initialised: 2, failed: None }));

    drop(kit);
    let kit = open(folder.path()).await;
    assert_eq!(kit.control.account_usage(scope()).await.expect("answered").reserved, 3);
    let world = World::real();
    let retold = world.timeout(std::time::Duration::from_secs(30), async {
        while told(&kit, "f", "1").await.is_none() {
            tokio::task::yield_now().await;
        }
    });
    assert!(retold.await.is_some(), "a new leader hears it without being asked");
    kit.control.update_code(code_update("f", "new")).await.expect("updated");
    provision(&kit, qualified("f", "1"), 5).await.expect("provisioned");
    let (second, wanted) = told(&kit, "f", "1").await.expect("told");
    assert!(second > first && wanted == 5);
    kit.control.give_up_provisioned(qualified("f", "1")).await.expect("given up");
    let (third, wanted) = told(&kit, "f", "1").await.expect("told");
    assert!(third > second && wanted == 0);
    kit.control.give_up_provisioned(qualified("f", "1")).await.expect("nothing is no error");
    assert_eq!(unreserved(&kit, "g").await, 1_000);
    let none = kit.control.provisioned(qualified("f", "1")).await;
    assert!(matches!(none, Err(ControlError::NotProvisioned { .. })), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_provisioned_than_is_reserved_or_may_be_taken_from_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    published(&kit, "f").await;
    published(&kit, "g").await;
    kit.update("f", "new").await;
    kit.publish("f").await;
    let too_much = ControlError::TooMuchProvisioned { minimum: 100 };
    assert_eq!(provision(&kit, qualified("f", "1"), 901).await, Err(too_much.clone()));
    assert_eq!(provision(&kit, qualified("f", "1"), u32::MAX).await, Err(too_much.clone()));
    provision(&kit, qualified("f", "1"), 600).await.expect("provisioned");
    assert_eq!(provision(&kit, qualified("f", "2"), 301).await, Err(too_much.clone()));
    provision(&kit, qualified("f", "2"), 300).await.expect("provisioned");
    assert_eq!(provision(&kit, qualified("g", "1"), 1).await, Err(too_much.clone()));
    provision(&kit, qualified("f", "1"), 599).await.expect("fewer");
    provision(&kit, qualified("g", "1"), 1).await.expect("provisioned");
    assert_eq!(reserve(&kit, "f", Some(900)).await, Err(ControlError::TooMuchReserved { minimum: 100 }));
    let below = ControlError::ReservedBelowProvisioned { reserved: 898, provisioned: 899 };
    assert_eq!(reserve(&kit, "f", Some(898)).await, Err(below));
    reserve(&kit, "f", Some(899)).await.expect("what it has");
    assert_eq!(
        provision(&kit, qualified("f", "2"), 301).await,
        Err(ControlError::ProvisionedOverReserved),
        "over all versions"
    );
    kit.control.give_up_provisioned(qualified("f", "1")).await.expect("given up");
    assert_eq!(unreserved(&kit, "g").await, 1_000 - 899 - 1, "reserved it stays");
    reserve(&kit, "f", None).await.expect("given up");
    assert_eq!(unreserved(&kit, "g").await, 1_000 - 300 - 1);
    kit.control.delete_function(qualified("f", "2")).await.expect("deleted");
    assert_eq!(unreserved(&kit, "g").await, 999, "a version takes it along");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_published_versions_without_snap_start_have_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    published(&kit, "f").await;
    for latest in [named("f"), qualified("f", "$LATEST")] {
        assert_eq!(provision(&kit, latest, 1).await, Err(ControlError::ProvisionOnUnpublished));
    }
    for nobody in [qualified("f", "2"), qualified("f", "live"), qualified("nobody", "1")] {
        let answer = provision(&kit, nobody.clone(), 1).await;
        assert!(matches!(answer, Err(ControlError::NotFound { .. })), "{answer:?}");
        let answer = kit.control.provisioned(nobody.clone()).await;
        assert!(matches!(answer, Err(ControlError::NotFound { .. })), "{answer:?}");
        let answer = kit.control.give_up_provisioned(nobody).await;
        assert!(matches!(answer, Err(ControlError::NotFound { .. })), "{answer:?}");
    }
    let mut snap = creation("s", "code");
    (snap.config.snap_start, snap.publish) = (SnapStart::PublishedVersions, true);
    kit.control.create_function(snap).await.expect("created");
    assert_eq!(provision(&kit, qualified("s", "1"), 1).await, Err(ControlError::ProvisionWithSnapStart));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_what_is_provisioned_page_by_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "code").await;
    for number in 1..=4 {
        kit.update("f", &format!("code {number}")).await;
        kit.publish("f").await;
        provision(&kit, qualified("f", &number.to_string()), number).await.expect("provisioned");
    }
    kit.control.give_up_provisioned(qualified("f", "2")).await.expect("given up");
    let (mut seen, mut marker) = (Vec::new(), None);
    loop {
        let message = ListVersions { named: named("f"), marker, items_max: 2 };
        let page = kit.control.list_provisioned(message).await.expect("listed");
        assert!(page.versions.len() <= 2);
        seen.extend(page.versions.iter().map(|one| (one.arn.qualifier.clone(), one.wanted)));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    let expected = [1, 3, 4].map(|number| {
        let qualifier = types::Qualifier::new(Version::Published(number).to_string());
        (Some(qualifier), number as u32)
    });
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_leader_it_is_set_and_how_it_stands_is_not_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), hurried(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    published(one, "f").await;
    *one.assignment.leaderless.lock().expect("sound") = Some(Box::new(|| true));
    provision(one, qualified("f", "1"), 2).await.expect("it is told again when there is one");
    let answer = one.control.provisioned(qualified("f", "1")).await;
    assert!(matches!(answer, Err(ControlError::Unavailable { .. })), "{answer:?}");
    let found = other.control.provisioned(qualified("f", "1")).await.expect("by whoever finds one");
    assert_eq!(found.wanted, 2);
    assert_eq!(told(other, "f", "1").await.map(|(_, wanted)| wanted), Some(2));
}
