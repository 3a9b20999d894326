use crate::kit::*;
use fabric::assignment::Retire;
use fabric::control::{
    Control as _, ControlError, CreateFunction, LastUpdate, PublishVersion, State, UpdateCode,
};
use types::{FunctionName, Version};

#[tokio::test(flavor = "multi_thread")]
async fn publishing_gives_a_number_once_per_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    let (before, generation) = (kit.get(named("f")).await.expect("there"), kit.generation(named("f")).await);

    let described = PublishVersion { description: Some("first".into()), ..publication("f") };
    let first = kit.control.publish_version(described).await.expect("published").version;
    assert_eq!(first.version, Version::Published(1));
    assert_eq!((first.state, first.last_update), (State::Pending, LastUpdate::Absent));
    assert_eq!(first.config.description, "first");
    let after = kit.get(named("f")).await.expect("there");
    assert_ne!(after.revision, before.revision, "publishing changes the revision of $LATEST");
    assert_eq!(after.config.description, "", "and not its description");
    assert_eq!(kit.generation(named("f")).await, generation, "its environments stay");
    assert_eq!(kit.retired(), []);

    let stored = kit.get(qualified("f", "1")).await.expect("there");
    assert_eq!((stored.state, stored.last_update), (State::Active, LastUpdate::Successful));
    let again = kit.publish("f").await;
    assert_eq!(again, stored, "nothing changed since: the same version again");
    assert_eq!(kit.get(named("f")).await.expect("there"), after);

    kit.control.update_configuration(description_update("f", "d")).await.expect("updated");
    assert_eq!(kit.publish("f").await.version, Version::Published(2), "a changed description counts");
    kit.update("f", "two").await;
    assert_eq!(kit.publish("f").await.version, Version::Published(3), "changed code counts");
    kit.update("f", "two").await;
    assert_eq!(kit.publish("f").await.version, Version::Published(3), "an update to the same does not");
    assert_eq!(kit.get(qualified("f", "1")).await.expect("there"), stored, "a version never changes");
    assert_ne!(kit.generation(qualified("f", "1")).await, kit.generation(qualified("f", "2")).await);
    kit.stored_is(&["one", "two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_digest_is_a_precondition_of_publishing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    let wrong = PublishVersion { code_digest: Some(digest_of("two")), ..publication("f") };
    let mismatch = ControlError::CodeMismatch { given: digest_of("two"), current: digest_of("one") };
    assert_eq!(kit.control.publish_version(wrong).await, Err(mismatch));
    let right = PublishVersion { code_digest: Some(digest_of("one")), ..publication("f") };
    assert!(kit.control.publish_version(right).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn create_and_update_publish_when_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let created = CreateFunction { publish: true, ..creation("f", "one") };
    let created = kit.control.create_function(created).await.expect("created").version;
    assert_eq!((created.version, created.state), (Version::Published(1), State::Pending));
    assert_eq!(created.arn.qualifier, None);
    let update = |text| UpdateCode { publish: true, ..code_update("f", text) };
    let updated = kit.control.update_code(update("two")).await.expect("updated").version;
    assert_eq!((updated.version, updated.state), (Version::Published(2), State::Pending));
    assert_eq!(updated.code_digest, digest_of("two"));
    let same = kit.control.update_code(update("two")).await.expect("updated").version;
    assert_eq!((same.version, same.state), (Version::Published(2), State::Active));
    assert_eq!(kit.get(named("f")).await.expect("there").code_digest, digest_of("two"));
    assert_eq!(kit.get(qualified("f", "1")).await.expect("there").code_digest, digest_of("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_version_is_gone_alone_and_its_number_never_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    kit.publish("f").await;
    kit.update("f", "two").await;
    let generation = kit.generation(qualified("f", "1")).await;
    kit.retired();
    kit.control.delete_function(qualified("f", "1")).await.expect("deleted");
    let [retired] = kit.retired().try_into().expect("one");
    let Retire { version, generation_min, .. } = retired;
    assert_eq!(version, Some(Version::Published(1)));
    assert!(generation_min > generation);
    assert!(matches!(kit.get(qualified("f", "1")).await, Err(ControlError::NotFound { .. })));
    kit.stored_is(&["two"]).await;
    for absent in ["1", "99", "live"] {
        assert_eq!(kit.control.delete_function(qualified("f", absent)).await, Ok(()), "{absent}");
    }
    assert_eq!(kit.retired(), []);
    let latest = kit.control.delete_function(qualified("f", "$LATEST")).await;
    assert_eq!(latest, Err(ControlError::LatestNotDeletable));
    assert_eq!(kit.publish("f").await.version, Version::Published(2));

    kit.control.delete_function(named("f")).await.expect("deleted");
    let arn = types::FunctionArn {
        region: scope().region,
        account: scope().account,
        function: FunctionName::new("f"),
        qualifier: None,
    };
    for gone in [named("f"), qualified("f", "2")] {
        assert_eq!(kit.control.delete_function(gone).await, Err(ControlError::NotFound { arn: arn.clone() }));
    }
    kit.create("f", "two").await;
    assert!(kit.get(qualified("f", "2")).await.is_err(), "versions of the deleted namesake are gone");
    assert_eq!(kit.publish("f").await.version, Version::Published(3), "also over delete and re-create");
}
