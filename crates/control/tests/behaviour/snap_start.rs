use crate::kit::*;
use fabric::control::{
    ConfigChange, Control as _, ControlError, CreateFunction, FunctionConfig, LastUpdate, Preparation,
    Preparations, PreparationsQuery, PreparedReport, SnapStart, State, UpdateConfiguration,
};
use std::time::Duration;
use types::{Version, VersionKey};
use world::World;

fn with_snap_start(function: &str, text: &str) -> CreateFunction {
    let config = FunctionConfig { snap_start: SnapStart::PublishedVersions, ..config(function) };
    CreateFunction { config, ..creation(function, text) }
}

impl Kit {
    async fn list(&self, seen: Option<u64>) -> Preparations {
        self.control.preparations(PreparationsQuery { seen }).await.expect("listed")
    }
    async fn key(&self, function: &str, version: &str) -> VersionKey {
        self.control.resolve(qualified(function, version)).await.expect("resolved").key
    }
    async fn report(&self, key: &VersionKey, initialised: bool) {
        let report = PreparedReport { key: key.clone(), initialised };
        self.control.prepared(report).await.expect("taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_version_with_snap_start_is_pending_until_a_worker_has_run_its_init() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.control.create_function(with_snap_start("f", "one")).await.expect("created");
    let latest = kit.get(named("f")).await.expect("there");
    assert_eq!((latest.state, latest.optimised), (State::Active, false), "$LATEST has nothing to wait for");
    assert_eq!(kit.list(None).await.versions, []);

    let published = kit.publish("f").await;
    let pending = kit.get(qualified("f", "1")).await.expect("there");
    assert_eq!(pending, published, "it is what the answer said, under its revision");
    assert_eq!(
        (pending.state, pending.last_update, pending.optimised),
        (State::Pending, LastUpdate::Absent, false)
    );
    assert_eq!(kit.control.resolve(qualified("f", "1")).await.expect("resolved").state, State::Pending);
    let key = kit.key("f", "1").await;
    let list = kit.list(None).await;
    assert_eq!(list.versions, [Preparation { key: key.clone(), pending: true }]);
    assert_eq!(kit.publish("f").await, pending, "nothing changed: the same version again");

    kit.report(&key, true).await;
    let active = kit.get(qualified("f", "1")).await.expect("there");
    assert_eq!(
        (active.state, active.last_update, active.optimised),
        (State::Active, LastUpdate::Successful, true)
    );
    assert_ne!(active.revision, pending.revision);
    let after = kit.list(Some(list.at)).await;
    assert_eq!(after.versions, [Preparation { key: key.clone(), pending: false }]);
    kit.report(&key, false).await;
    assert_eq!(kit.get(qualified("f", "1")).await.expect("there"), active, "a late word changes nothing");
    assert_eq!(kit.retired(), [], "nobody's environments are ended by it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_init_fails_is_failed_for_good_and_not_prepared_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.control.create_function(with_snap_start("f", "one")).await.expect("created");
    kit.publish("f").await;
    let key = kit.key("f", "1").await;
    let stale = VersionKey { generation: key.generation + 1, ..key.clone() };
    kit.report(&stale, true).await;
    assert_eq!(
        kit.get(qualified("f", "1")).await.expect("there").state,
        State::Pending,
        "of another generation"
    );
    kit.report(&key, false).await;
    let failed = kit.get(qualified("f", "1")).await.expect("there");
    assert_eq!(
        (failed.state, failed.last_update, failed.optimised),
        (State::Failed, LastUpdate::Failed, false)
    );
    assert_eq!(kit.list(None).await.versions, []);
    assert_eq!(kit.publish("f").await, failed);
    kit.control.delete_function(qualified("f", "1")).await.expect("deleted");
    assert_eq!(
        kit.publish("f").await.version,
        Version::Published(2),
        "once it is deleted, it can be tried again"
    );
    let gone = kit.control.prepared(PreparedReport { key, initialised: true }).await;
    assert_eq!(gone, Ok(()), "of a version that is gone: nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_outlives_a_restart_and_is_listed_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let (active, pending) = {
        let kit = open(folder.path()).await;
        kit.control.create_function(with_snap_start("f", "one")).await.expect("created");
        kit.publish("f").await;
        let active = kit.key("f", "1").await;
        kit.report(&active, true).await;
        let created = CreateFunction { publish: true, ..with_snap_start("g", "two") };
        let answered = kit.control.create_function(created).await.expect("created").version;
        assert_eq!((answered.version, answered.state), (Version::Published(1), State::Pending));
        (active, kit.key("g", "1").await)
    };
    let kit = open(folder.path()).await;
    let listed = [Preparation { key: pending, pending: true }, Preparation { key: active, pending: false }];
    assert_eq!(kit.list(None).await.versions, listed);
    kit.control.delete_function(named("g")).await.expect("deleted");
    assert_eq!(kit.list(None).await.versions, listed[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_another_list_is_told_when_it_changes_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.control.create_function(with_snap_start("f", "one")).await.expect("created");
    let at = kit.list(None).await.at;
    let (list, ()) = tokio::join!(kit.list(Some(at)), async {
        kit.update("f", "two").await; // changes no list
        kit.publish("f").await;
    });
    assert_eq!(list.versions.len(), 1);
    let waited = World::real().timeout(Duration::from_millis(50), kit.list(Some(list.at))).await;
    assert_eq!(waited, None, "nothing else has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_wants_awss_runtimes_only_gets_their_snap_start_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = control::Settings { snap_start_any_runtime: false, ..settings() };
    let kit = open_with(folder.path(), settings).await;
    let mut old = with_snap_start("f", "one");
    old.config.runtime = "python3.11".into();
    let refusal = Err(ControlError::SnapStartUnsupported { runtime: "python3.11".into() });
    assert_eq!(kit.control.create_function(old.clone()).await.map(drop), refusal);
    old.config.snap_start = SnapStart::None;
    kit.control.create_function(old).await.expect("created");
    let change = |change| UpdateConfiguration { named: named("f"), change, revision: None };
    let on = || ConfigChange { snap_start: Some(SnapStart::PublishedVersions), ..ConfigChange::default() };
    assert_eq!(kit.control.update_configuration(change(on())).await.map(drop), refusal);
    let both = ConfigChange { runtime: Some("python3.12".into()), ..on() };
    let updated = kit.control.update_configuration(change(both)).await.expect("updated").version;
    assert_eq!(updated.config.snap_start, SnapStart::PublishedVersions);
    let back = ConfigChange { runtime: Some("nodejs22.x".into()), ..ConfigChange::default() };
    assert!(kit.control.update_configuration(change(back)).await.is_err());
}
