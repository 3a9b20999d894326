//! Several processes change the same functions: one after the other it is as if there were one; at once nothing is lost.

use crate::kit::*;
use crate::shared_kit::*;
use fabric::control::{
    ConfigChange, Control as _, ControlError, CreateFunction, FunctionVersion, ListFunctions, Page,
    TagFunction, UpdateConfiguration,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use substrate::BlobKey;
use types::RevisionId;
use world::World;

const FUNCTIONS: [&str; 2] = ["f", "g"];

#[derive(Clone, Debug)]
enum Change {
    Create { publish: bool, code: u8 },
    Code { publish: bool, code: u8 },
    Describe(u8),
    Publish,
    Delete,
    DeleteVersion(u8),
    Tag(u8),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (any::<bool>(), 0..3_u8).prop_map(|(publish, code)| Change::Create { publish, code }),
        3 => (any::<bool>(), 0..3_u8).prop_map(|(publish, code)| Change::Code { publish, code }),
        2 => (0..3_u8).prop_map(Change::Describe),
        2 => Just(Change::Publish),
        2 => Just(Change::Delete),
        1 => (1..4_u8).prop_map(Change::DeleteVersion),
        1 => (0..3_u8).prop_map(Change::Tag),
    ]
}

impl Change {
    async fn make(&self, kit: &Kit, function: &str) -> Result<Option<FunctionVersion>, ControlError> {
        let control = &kit.control;
        let code = |code: &u8| format!("code {code}");
        match self {
            Self::Create { publish, code: number } => {
                let create = CreateFunction { publish: *publish, ..creation(function, &code(number)) };
                control.create_function(create).await.map(|mutated| Some(mutated.version))
            }
            Self::Code { publish, code: number } => {
                let mut update = code_update(function, &code(number));
                update.publish = *publish;
                control.update_code(update).await.map(|mutated| Some(mutated.version))
            }
            Self::Describe(text) => {
                let update = description_update(function, &text.to_string());
                control.update_configuration(update).await.map(|mutated| Some(mutated.version))
            }
            Self::Publish => {
                control.publish_version(publication(function)).await.map(|mutated| Some(mutated.version))
            }
            Self::Delete => control.delete_function(named(function)).await.map(|()| None),
            Self::DeleteVersion(number) => {
                control.delete_function(qualified(function, &number.to_string())).await.map(|()| None)
            }
            Self::Tag(number) => {
                let tags = BTreeMap::from([(number.to_string(), "x".to_owned())]);
                control.tag(TagFunction { named: named(function), tags }).await.map(|()| None)
            }
        }
    }
}

/// Without what chance and time give.
fn told(version: FunctionVersion) -> FunctionVersion {
    FunctionVersion { revision: RevisionId::new(""), last_modified_ms: 0, ..version }
}

async fn all_of(kit: &Kit) -> Page {
    let message = ListFunctions { scope: scope(), all_versions: true, marker: None, items_max: 50 };
    let page = kit.control.list_functions(message).await.expect("listed");
    Page { functions: page.functions.into_iter().map(told).collect(), ..page }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn changes_through_any_of_three_answer_as_those_through_one_do_and_all_see_them(
        steps in prop::collection::vec((0..3_usize, 0..3_usize, 0..2_usize, changes()), 1..24),
    ) {
        runtime().block_on(async {
            let (folder, alone) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
            let cluster = cluster(folder.path(), World::real(), false, 3).await;
            let alone = open(alone.path()).await;
            for (by, seen_by, function, change) in steps {
                let function = FUNCTIONS[function];
                let answer = change.make(&cluster.controls[by], function).await.map(|it| it.map(told));
                let expected = change.make(&alone, function).await.map(|it| it.map(told));
                assert_eq!(answer, expected, "{change:?} of {function} by {by}");
                let seer = &cluster.controls[seen_by];
                assert_eq!(all_of(seer).await, all_of(&alone).await);
                let tags = seer.control.list_tags(named(function)).await;
                assert_eq!(tags, alone.control.list_tags(named(function)).await);
                let resolved = seer.control.resolve_anew(named(function)).await;
                assert_eq!(resolved, alone.control.resolve_anew(named(function)).await);
                let usage = seer.control.account_usage(scope()).await;
                assert_eq!(usage, alone.control.account_usage(scope()).await);
            }
        });
    }

    #[test]
    fn changes_through_three_at_once_leave_what_each_answered_and_code_for_every_version(
        scripts in prop::collection::vec(prop::collection::vec((0..2_usize, changes()), 4..10), 3),
    ) {
        runtime().block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let cluster = Arc::new(cluster(folder.path(), World::real(), true, 3).await);
            let newest: Arc<[AtomicU64; 2]> = Arc::default();
            let mut actors = tokio::task::JoinSet::new();
            for (by, script) in scripts.into_iter().enumerate() {
                let (cluster, newest) = (Arc::clone(&cluster), Arc::clone(&newest));
                actors.spawn(async move {
                    for (function, change) in script {
                        act(&cluster, by, function, &change, &newest).await;
                    }
                });
            }
            actors.join_all().await;
            consistent(&cluster).await;
        });
    }
}

/// Makes a change through one, and looks through the next one whether it went back behind what was answered before.
async fn act(cluster: &Cluster, by: usize, function: usize, change: &Change, newest: &[AtomicU64; 2]) {
    let (kit, other) = (&cluster.controls[by], &cluster.controls[(by + 1) % 3]);
    let (name, newest) = (FUNCTIONS[function], &newest[function]);
    match change.make(kit, name).await {
        Ok(_) => {}
        Err(
            ControlError::Exists { .. }
            | ControlError::NotFound { .. }
            // AWS's ResourceConflictException.
            | ControlError::UpdateInProgress { .. },
        ) => {}
        Err(other) => panic!("{change:?} of {name}: {other:?}"),
    }
    let answered = newest.load(Ordering::SeqCst);
    for kit in [kit, other] {
        if let Ok(resolved) = kit.control.resolve_anew(named(name)).await {
            let generation = resolved.key.generation;
            assert!(generation >= answered, "{generation} after {answered} was seen");
            newest.fetch_max(generation, Ordering::SeqCst);
        }
    }
}

/// All say the same, and everything that is named is there.
async fn consistent(cluster: &Cluster) {
    let page = all_of(&cluster.controls[0]).await;
    for kit in &cluster.controls {
        assert_eq!(all_of(kit).await, page);
        for version in &page.functions {
            let code = kit.control.code(version.code_digest.clone()).await.expect("its code is there");
            assert_eq!(BlobKey::of(&code).digest(), version.code_digest);
            let asked = qualified(version.arn.function.as_str(), &version.version.to_string());
            let key = kit.control.resolve_anew(asked).await.expect("resolved").key;
            let plan = kit.control.boot_plan(key).await.expect("planned");
            assert_eq!(plan.code_digest, version.code_digest);
        }
    }
    // A process that starts now reads the same.
    let late = open_over(World::real(), cluster.kv.clone(), cluster.blobs.clone(), shared()).await;
    assert_eq!(all_of(&late).await, page);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_who_create_the_same_function_one_does_and_of_three_who_delete_it_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    one_creates_and_one_deletes(&cluster(folder.path(), World::real(), true, 3).await).await;
}

async fn one_creates_and_one_deletes(cluster: &Cluster) {
    for round in 0..8 {
        let create = async |kit: &Kit, by: usize| {
            kit.control.create_function(creation("f", &format!("by {by} in {round}"))).await
        };
        let [a, b, c] = &cluster.controls[..] else { panic!("three") };
        let created = tokio::join!(create(a, 0), create(b, 1), create(c, 2));
        let created = [created.0, created.1, created.2];
        let winners: Vec<_> = created.iter().filter_map(|created| created.as_ref().ok()).collect();
        assert_eq!(winners.len(), 1, "{created:?}");
        let exists = |it: &&Result<_, _>| matches!(it, Err(ControlError::Exists { .. }));
        assert_eq!(created.iter().filter(exists).count(), 2);
        for kit in [a, b, c] {
            let read = kit.get(named("f")).await.expect("there");
            assert_eq!(read.code_digest, winners[0].version.code_digest, "the winner's, everywhere");
            kit.control.code(read.code_digest).await.expect("there");
        }
        let delete = async |kit: &Kit| kit.control.delete_function(named("f")).await;
        let deleted = tokio::join!(delete(a), delete(b), delete(c));
        let deleted = [deleted.0, deleted.1, deleted.2];
        assert_eq!(deleted.iter().filter(|it| it.is_ok()).count(), 1, "{deleted:?}");
        let not_found = |it: &&Result<_, _>| matches!(it, Err(ControlError::NotFound { .. }));
        assert_eq!(deleted.iter().filter(not_found).count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_and_a_revision_is_good_for_one_of_three() {
    let folder = tempfile::tempdir().expect("a folder");
    no_update_is_lost(Arc::new(cluster(folder.path(), World::real(), true, 3).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_nats_and_a_folder_that_each_opened_too_nothing_is_lost_and_all_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some((_server, cluster)) = nats_cluster(folder.path(), World::real(), 3).await else { return };
    one_creates_and_one_deletes(&cluster).await;
    let cluster = Arc::new(cluster);
    no_update_is_lost(Arc::clone(&cluster)).await;
    let [one, other, _] = &cluster.controls[..] else { panic!("three") };
    one.publish("f").await;
    let generation = other.generation(qualified("f", "1")).await;
    other.control.delete_function(named("f")).await.expect("deleted");
    one.create("f", "again").await;
    one.publish("f").await;
    eventually("the hint is heard", async || {
        let known = other.control.resolve(named("f")).await;
        known.is_ok_and(|known| known.key.generation > generation)
    })
    .await;
    consistent(&cluster).await;
}

async fn no_update_is_lost(cluster: Arc<Cluster>) {
    const EACH: usize = 10;
    cluster.controls[0].create("f", "one").await;
    let before = cluster.controls[0].generation(named("f")).await;
    let mut actors = tokio::task::JoinSet::new();
    for by in 0..3 {
        let cluster = Arc::clone(&cluster);
        actors.spawn(async move {
            let kit = &cluster.controls[by];
            for number in 0..EACH {
                while !counted_up(kit).await {}
                let tags = BTreeMap::from([(format!("{by}-{number}"), "x".to_owned())]);
                let tag = TagFunction { named: named("f"), tags };
                while let Err(error) = kit.control.tag(tag.clone()).await {
                    assert!(matches!(error, ControlError::UpdateInProgress { .. }), "{error:?}");
                }
            }
        });
    }
    actors.join_all().await;
    for kit in &cluster.controls {
        let read = kit.get(named("f")).await.expect("there");
        assert_eq!(read.config.description, (3 * EACH).to_string());
        let tags: BTreeSet<String> =
            kit.control.list_tags(named("f")).await.expect("listed").into_keys().collect();
        assert_eq!(tags.len(), 3 * EACH);
        let generation = kit.control.resolve_anew(named("f")).await.expect("there").key.generation;
        assert_eq!(generation, before + 3 * EACH as u64, "one each, none twice");
    }
}

/// Reads a number and writes the next, if nobody wrote in between.
async fn counted_up(kit: &Kit) -> bool {
    let read = kit.get(named("f")).await.expect("there");
    let next = read.config.description.parse::<u64>().unwrap_or(0) + 1;
    let change = ConfigChange { description: Some(next.to_string()), ..ConfigChange::default() };
    let update = UpdateConfiguration { named: named("f"), change, revision: Some(read.revision) };
    match kit.control.update_configuration(update).await {
        Ok(_) => true,
        Err(ControlError::RevisionMismatch | ControlError::UpdateInProgress { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}
