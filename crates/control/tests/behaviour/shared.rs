use crate::kit::*;
use crate::shared_kit::*;
use fabric::control::{
    Control as _, ControlError, CreateFunction, FunctionConfig, ListFunctions, ListVersions, Preparations,
    PreparationsQuery, PreparedReport, SnapStart, State, TagFunction,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use substrate::{Expected, Key, Kv as _};
use types::{Version, VersionKey};
use world::World;

impl Kit {
    async fn names(&self) -> Vec<String> {
        let message = ListFunctions { scope: scope(), all_versions: false, marker: None, items_max: 50 };
        let page = self.control.list_functions(message).await.expect("listed");
        page.functions.iter().map(|version| version.arn.function.to_string()).collect()
    }
    async fn versions(&self, function: &str) -> Vec<Version> {
        let message = ListVersions { named: named(function), marker: None, items_max: 50 };
        let page = self.control.list_versions(message).await.expect("listed");
        page.functions.iter().map(|version| version.version).collect()
    }
    async fn anew(&self, function: &str) -> u64 {
        self.control.resolve_anew(named(function)).await.expect("resolved").key.generation
    }
    async fn list_prepared(&self, seen: Option<u64>) -> Preparations {
        self.control.preparations(PreparationsQuery { seen }).await.expect("listed")
    }
}

fn optimised(function: &str, text: &str) -> CreateFunction {
    let config = FunctionConfig { snap_start: SnapStart::PublishedVersions, ..config(function) };
    CreateFunction { config, ..creation(function, text) }
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_on_its_stores_control_reads_them_at_its_start_and_for_a_new_name_and_never_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (kv, blobs) = stores(folder.path()).await;
    let kv = Observed::new(kv, true);
    let kit = open_over(World::real(), kv.clone(), blobs, settings()).await;
    kv.reads();
    kit.create("f", "one").await;
    assert_eq!(kv.reads(), 1, "the name's tombstone, if there is one");
    kit.update("f", "two").await;
    kit.publish("f").await;
    let resolved = kit.control.resolve(qualified("f", "1")).await.expect("resolved");
    kit.control.boot_plan(resolved.key).await.expect("planned");
    kit.anew("f").await;
    kit.control.resolve(named("unknown")).await.expect_err("unknown");
    kit.get(named("f")).await.expect("there");
    kit.versions("f").await;
    kit.names().await;
    kit.control.account_usage(scope()).await.expect("answered");
    kit.control.list_tags(named("f")).await.expect("listed");
    kit.control.code(digest_of("two")).await.expect("there");
    kit.control.delete_function(named("f")).await.expect("deleted");
    assert_eq!(kv.reads(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_see_what_another_process_wrote_without_any_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "one").await;
    assert_eq!(other.get(named("f")).await.expect("seen").code_digest, digest_of("one"));
    assert_eq!(other.names().await, ["f"]);
    let again = other.control.create_function(creation("f", "x")).await;
    assert!(matches!(again, Err(ControlError::Exists { .. })));

    other.update("f", "two").await;
    assert_eq!(one.get(named("f")).await.expect("seen").code_digest, digest_of("two"));
    one.publish("f").await;
    assert_eq!(other.versions("f").await, [Version::Latest, Version::Published(1)]);
    other.generation(qualified("f", "1")).await;
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    other.control.tag(TagFunction { named: named("f"), tags: tags.clone() }).await.expect("tagged");
    assert_eq!(one.control.list_tags(named("f")).await, Ok(tags));
    other.create("g", "a longer one").await;
    let usage = one.control.account_usage(scope()).await.expect("answered");
    assert_eq!(usage.functions, 2);
    assert_eq!(Ok(usage), other.control.account_usage(scope()).await);
    assert_eq!(one.control.code(digest_of("a longer one")).await.expect("there"), zip_of("a longer one"));
    assert!(matches!(one.control.code(digest_of("never")).await, Err(ControlError::CodeGone { .. })));

    one.control.delete_function(qualified("f", "1")).await.expect("deleted");
    assert_eq!(other.versions("f").await, [Version::Latest]);
    let generation = other.anew("f").await;
    one.control.delete_function(named("f")).await.expect("deleted");
    assert!(matches!(other.get(named("f")).await, Err(ControlError::NotFound { .. })));
    assert_eq!(other.names().await, ["g"]);
    other.create("f", "three").await;
    assert_eq!(one.get(named("f")).await.expect("seen").code_digest, digest_of("three"));
    assert!(one.anew("f").await > generation, "also over a delete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_page_by_page_through_several_processes_shows_what_is_there_when_each_page_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 3).await;
    let [one, other, third] = &cluster.controls[..] else { panic!("three") };
    for name in ["a", "A", "b-1", "b1", "b_1", "c", "d", "e"] {
        one.create(name, "x").await;
    }
    one.control.delete_function(named("b1")).await.expect("deleted");
    assert_eq!(third.names().await, ["A", "a", "b-1", "b_1", "c", "d", "e"]);
    let page = async |kit: &Kit, marker: Option<String>, all_versions: bool| {
        let message = ListFunctions { scope: scope(), all_versions, marker, items_max: 2 };
        let page = kit.control.list_functions(message).await.expect("listed");
        let name = |it: &fabric::control::FunctionVersion| format!("{}:{}", it.arn.function, it.version);
        (page.functions.iter().map(name).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(other, None, false).await;
    assert_eq!(first, ["A:$LATEST", "a:$LATEST"]);
    one.publish("b-1").await;
    one.control.delete_function(named("c")).await.expect("deleted");
    one.create("b2", "x").await;
    let (second, next) = page(third, next, true).await;
    assert_eq!(second, ["b-1:$LATEST", "b-1:1"]);
    // The marker's own function is gone when the next page is read.
    one.control.delete_function(named("b-1")).await.expect("deleted");
    let (third_page, next) = page(other, next, true).await;
    assert_eq!(third_page, ["b2:$LATEST", "b_1:$LATEST"]);
    for name in ["d", "e"] {
        third.control.delete_function(named(name)).await.expect("deleted");
    }
    assert_eq!(page(one, next, true).await, (vec![], None));
    // A marker that no list gave: `1::1`, of a function without a name.
    let message =
        ListFunctions { scope: scope(), all_versions: false, marker: Some("MTo6MQ".into()), items_max: 2 };
    assert_eq!(one.control.list_functions(message).await, Err(ControlError::BadMarker));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_resolved_from_memory_and_anew_by_who_was_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "one").await;
    let old = other.control.resolve(named("f")).await.expect("looked for").key;
    one.update("f", "two").await;
    cluster.kv.reads();
    assert_eq!(other.control.resolve(named("f")).await.expect("known").key, old);
    other.control.boot_plan(old.clone()).await.expect("of this generation");
    assert_eq!(cluster.kv.reads(), 0, "from memory");

    let new = VersionKey { generation: old.generation + 1, ..old.clone() };
    let plan =
        other.control.boot_plan(new.clone()).await.expect("read, since it is newer than what is known");
    assert_eq!(plan.code_digest, digest_of("two"));
    assert!(matches!(other.control.boot_plan(old).await, Err(ControlError::NotFound { .. })));
    one.update("f", "three").await;
    assert_eq!(other.anew("f").await, new.generation + 1);

    one.control.delete_function(named("f")).await.expect("deleted");
    assert!(other.control.resolve(named("f")).await.is_ok(), "the partition's leader refuses it");
    let gone = other.control.resolve_anew(named("f")).await;
    assert!(matches!(gone, Err(ControlError::NotFound { .. })));
    cluster.kv.silent.store(true, Ordering::SeqCst);
    let unknown = other.control.resolve(named("unknown")).await;
    assert!(matches!(unknown, Err(ControlError::Store { .. })), "not known is not the same as not there");
    assert!(one.control.resolve(named("f")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_published_through_another_process_is_prepared_and_no_longer_pending_when_it_is() {
    for hints in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        // Without hints the full look every 30 s does it, on a clock that hurries.
        let cluster = cluster(folder.path(), hurried(), hints, 2).await;
        let [one, other] = &cluster.controls[..] else { panic!("two") };
        let (known, others) = (one.list_prepared(None).await, other.list_prepared(None).await);
        assert_ne!(known.at, others.at, "a worker does not take one process's list for the other's");
        other.control.create_function(optimised("f", "one")).await.expect("created");
        other.publish("f").await;
        eventually("it is listed", async || {
            let list = one.list_prepared(None).await.versions;
            list.len() == 1 && list[0].pending
        })
        .await;
        // Who waits for another list than the one before is told.
        let list = one.list_prepared(Some(known.at)).await;
        assert_eq!(one.control.resolve(qualified("f", "1")).await.expect("there").state, State::Pending);
        let report = PreparedReport { key: list.versions[0].key.clone(), initialised: true };
        other.control.prepared(report).await.expect("taken");
        let resolved = one.control.resolve(qualified("f", "1")).await.expect("there");
        assert_eq!(resolved.state, State::Active, "Pending is not answered from memory");
        eventually("nothing is pending", async || !one.list_prepared(None).await.versions[0].pending).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_by_hints_and_without_them_by_the_clock_and_after_a_silence() {
    for hints in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = cluster(folder.path(), hurried(), hints, 2).await;
        let [one, other] = &cluster.controls[..] else { panic!("two") };
        one.create("f", "one").await;
        let first = other.generation(named("f")).await;
        cluster.kv.silent.store(true, Ordering::SeqCst);
        assert!(other.get(named("f")).await.is_err());
        assert_eq!(other.generation(named("f")).await, first, "warm functions go on");
        cluster.kv.silent.store(false, Ordering::SeqCst);
        one.update("f", "two").await;
        eventually("it is known", async || other.generation(named("f")).await == first + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_needs_no_change_is_so_by_the_truth_and_not_by_an_old_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "one").await;
    one.publish("f").await;
    assert_eq!(other.versions("f").await.len(), 2);
    // In the memory of the other nothing changed since version 1, and there is no version 2.
    one.update("f", "two").await;
    assert_eq!(other.publish("f").await.version, Version::Published(2));
    one.publish("f").await;
    let revision = one.update("f", "three").await.revision;
    one.publish("f").await;
    other.control.delete_function(qualified("f", "3")).await.expect("deleted");
    assert_eq!(one.versions("f").await, [Version::Latest, Version::Published(1), Version::Published(2)]);
    let read = one.get(named("f")).await.expect("there");
    assert_ne!(read.revision, revision);
    let mut update = description_update("f", "d");
    update.revision = Some(read.revision);
    other.control.update_configuration(update).await.expect("of the revision that is");
    let read = other.get(named("f")).await.expect("there");
    let mut update = code_update("f", "four");
    update.revision = Some(read.revision);
    one.control.update_code(update).await.expect("of the revision that is");
    let mut publish = publication("f");
    publish.code_digest = Some(digest_of("four"));
    other.control.publish_version(publish).await.expect("of the code that is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_changes_while_it_is_read_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "one").await;
    one.publish("f").await;
    // Its head is read, then it is deleted with its versions, then those are read.
    let control = Arc::clone(&one.control);
    cluster.kv.before_versions(async move {
        control.delete_function(named("f")).await.expect("deleted");
    });
    let message = ListVersions { named: named("f"), marker: None, items_max: 50 };
    let versions = other.control.list_versions(message).await;
    assert!(matches!(versions, Err(ControlError::NotFound { .. })), "never was it there without its version");

    // The same at a start: its versions are read, then one is published, then its head is read.
    one.create("g", "one").await;
    let control = Arc::clone(&one.control);
    cluster.kv.after_versions(async move {
        control.publish_version(publication("g")).await.expect("published");
    });
    let late = open_over(World::real(), cluster.kv.clone(), cluster.blobs.clone(), shared()).await;
    assert_eq!(late.versions("g").await, [Version::Latest, Version::Published(1)]);
    late.generation(qualified("g", "1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_record_becomes_unreadable_is_fenced_alone_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "one").await;
    one.create("g", "two").await;
    assert_eq!(other.names().await, ["f", "g"]);
    let key = Key::of(&["function", "000000000000", "eu-central-1", "f"]).expect("valid");
    let good = cluster.kv.inner.get(&key).await.expect("read").expect("there").value;
    cluster.kv.put(key.clone(), r#"{"format":99}"#.into(), Expected::Any).await.expect("written");
    assert_eq!(other.names().await, ["g"]);
    for _ in 0..2 {
        assert!(matches!(other.get(named("f")).await, Err(ControlError::Store { .. })), "not: not found");
        assert!(matches!(other.control.resolve(named("f")).await, Err(ControlError::Store { .. })));
        let create = other.control.create_function(creation("f", "three")).await;
        assert!(matches!(create, Err(ControlError::Store { .. })), "it is not written over");
    }
    cluster.kv.put(key, good, Expected::Any).await.expect("written");
    assert_eq!(other.names().await, ["f", "g"]);
    other.generation(named("f")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_until_a_partition_without_a_leader_has_one_or_says_that_it_could_not_tell() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = hurried();
    let cluster = cluster(folder.path(), world.clone(), false, 1).await;
    let kit = &cluster.controls[0];
    kit.create("f", "one").await;
    let begun = world.now();
    let leaderless = {
        let world = world.clone();
        move || world.now().since(begun) < Duration::from_secs(10)
    };
    *kit.assignment.leaderless.lock().expect("sound") = Some(Box::new(leaderless));
    kit.update("f", "two").await;
    assert!(world.now().since(begun) >= Duration::from_secs(10));
    assert_eq!(kit.retired().len(), 1, "it was told");

    *kit.assignment.leaderless.lock().expect("sound") = Some(Box::new(|| true));
    let update = kit.control.update_code(code_update("f", "three")).await;
    let Err(ControlError::Unavailable { reason }) = update else { panic!("{update:?}") };
    assert!(reason.contains("the change is made"), "{reason}");
    assert_eq!(kit.get(named("f")).await.expect("there").code_digest, digest_of("three"));
    *kit.assignment.leaderless.lock().expect("sound") = None;
    kit.update("f", "three").await;
    assert_eq!(kit.retired().len(), 1, "made again it is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_an_update_is_answered_without_assignment_after_three_attempts() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let leaderless = move || counted.fetch_add(1, Ordering::SeqCst) < usize::MAX;
    *kit.assignment.leaderless.lock().expect("sound") = Some(Box::new(leaderless));
    kit.update("f", "two").await;
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}
