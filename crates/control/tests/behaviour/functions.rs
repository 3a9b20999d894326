use crate::kit::*;
use control::{RuntimeCheck, Settings};
use fabric::assignment::Retire;
use fabric::control::{
    ConfigChange, Control as _, ControlError, CreateFunction, FunctionConfig, LastUpdate, State, TagFunction,
    UntagFunction, UpdateCode, UpdateConfiguration,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use types::{FunctionName, Qualifier, RevisionId, Version, VersionKey};

#[tokio::test(flavor = "multi_thread")]
async fn a_create_answers_pending_and_every_read_after_it_active_under_a_second_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let answered = kit.create("f", "code").await;
    assert_eq!((answered.state, answered.last_update), (State::Pending, LastUpdate::Absent));
    assert_eq!(answered.version, Version::Latest);
    assert_eq!(answered.code_digest, digest_of("code"));
    assert_eq!(answered.code_bytes, zip_of("code").len() as u64);
    assert_eq!(answered.arn.to_string(), "arn:aws:lambda:eu-central-1:000000000000:function:f");

    let read = kit.get(named("f")).await.expect("there");
    assert_eq!((read.state, read.last_update), (State::Active, LastUpdate::Successful));
    assert_ne!(read.revision, answered.revision);
    assert_eq!(read, kit.get(qualified("f", "$LATEST")).await.expect("there"), "reads change nothing");
    assert_eq!(kit.control.code(answered.code_digest).await.expect("there"), zip_of("code"));

    let again = kit.control.create_function(creation("f", "other")).await;
    assert_eq!(again, Err(ControlError::Exists { function: FunctionName::new("f") }));
    kit.stored_is(&["code"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_and_boot_plan_answer_the_same_generation_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "code").await;
    let resolved = kit.control.resolve(named("f")).await.expect("resolved");
    assert_eq!((resolved.timeout, resolved.memory_mb), (Duration::from_secs(3), 128));
    assert_eq!(resolved.state, State::Active);
    let plan = kit.control.boot_plan(resolved.key.clone()).await.expect("planned");
    assert_eq!((plan.key, plan.config, plan.arn), (resolved.key.clone(), config("f"), resolved.arn));
    assert_eq!(plan.code_digest, digest_of("code"));

    kit.update("f", "newer").await;
    let stale = kit.control.boot_plan(resolved.key.clone()).await;
    assert!(matches!(stale, Err(ControlError::NotFound { .. })), "an old generation is never booted");
    let key = VersionKey { version: Version::Published(1), ..resolved.key };
    assert!(matches!(kit.control.boot_plan(key).await, Err(ControlError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named_as_the_caller_named_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "code").await;
    let arn = |error: ControlError| match error {
        ControlError::NotFound { arn } => arn.to_string().rsplit("function:").next().map(str::to_owned),
        other => panic!("{other}"),
    };
    let named_rows = [(named("g"), "g"), (qualified("g", "1"), "g:1"), (qualified("f", "live"), "f:live")];
    for (asked, answered) in named_rows {
        assert_eq!(arn(kit.get(asked).await.expect_err("absent")).as_deref(), Some(answered));
    }
    let resolved = [(named("g"), "g:$LATEST"), (qualified("g", "x"), "g:x"), (qualified("f", "7"), "f:7")];
    for (asked, answered) in resolved {
        assert_eq!(arn(kit.control.resolve(asked).await.expect_err("absent")).as_deref(), Some(answered));
    }
    let other = fabric::Scope { region: types::Region::new("eu-west-1"), ..scope() };
    let elsewhere = fabric::control::Named { scope: other, ..named("f") };
    assert!(kit.get(elsewhere).await.is_err(), "every region is a world of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_answers_in_progress_and_retires_older_environments_before_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    let (first, created) = (kit.generation(named("f")).await, kit.get(named("f")).await.expect("there"));
    assert_eq!(kit.retired(), [], "a new name has no environments");

    let answered = kit.update("f", "two").await;
    assert_eq!((answered.state, answered.last_update), (State::Active, LastUpdate::InProgress));
    let second = kit.generation(named("f")).await;
    assert!(second > first);
    let retire = |version, generation_min| Retire {
        scope: scope(),
        function: FunctionName::new("f"),
        version,
        generation_min,
    };
    assert_eq!(kit.retired(), [retire(Some(Version::Latest), second)]);
    let read = kit.get(named("f")).await.expect("there");
    let revisions = BTreeSet::from([&created.revision, &answered.revision, &read.revision]);
    assert_eq!(revisions.len(), 3, "at the update and again at its completion");
    assert_eq!((read.last_update, &read.code_digest), (LastUpdate::Successful, &digest_of("two")));
    kit.stored_is(&["two"]).await;

    let same = kit.control.update_configuration(description_update("f", "d")).await.expect("updated").version;
    assert_eq!((same.last_update, same.config.description.as_str()), (LastUpdate::InProgress, "d"));
    let third = kit.generation(named("f")).await;
    assert_eq!(kit.retired(), [retire(Some(Version::Latest), third)]);

    kit.control.delete_function(named("f")).await.expect("deleted");
    let [deleted] = kit.retired().try_into().expect("one");
    assert_eq!(deleted, retire(None, deleted.generation_min));
    assert!(deleted.generation_min > third);
    kit.create("f", "two").await;
    assert!(kit.generation(named("f")).await >= deleted.generation_min, "over delete and re-create too");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_that_are_present_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let variables = BTreeMap::from([("K".to_owned(), "V".to_owned())]);
    let mut message = creation("f", "code");
    message.config.environment = Some(variables.clone());
    kit.control.create_function(message).await.expect("created");
    type Expect = fn(&mut FunctionConfig);
    let rows: [(ConfigChange, Expect); 4] = [
        (ConfigChange::default(), |_| {}),
        (ConfigChange { memory_mb: Some(256), ..ConfigChange::default() }, |config| config.memory_mb = 256),
        (ConfigChange { handler: Some("h".into()), ..ConfigChange::default() }, |config| {
            config.handler = "h".into();
        }),
        (ConfigChange { environment: Some(BTreeMap::new()), ..ConfigChange::default() }, |config| {
            config.environment = Some(BTreeMap::new());
        }),
    ];
    let mut expected = FunctionConfig { environment: Some(variables), ..config("f") };
    for (change, expect) in rows {
        expect(&mut expected);
        let message = UpdateConfiguration { named: named("f"), change, revision: None };
        let answered = kit.control.update_configuration(message).await.expect("updated").version;
        assert_eq!(answered.config, expected);
        assert_eq!(kit.get(named("f")).await.expect("there").config, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_revision_and_a_dry_run_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let answered = kit.create("f", "one").await;
    let (before, generation) = (kit.get(named("f")).await.expect("there"), kit.generation(named("f")).await);
    // The revision of the create's own answer is an old one already.
    for wrong in [answered.revision, RevisionId::new("nonsense")] {
        let code = UpdateCode { revision: Some(wrong.clone()), ..code_update("f", "two") };
        assert_eq!(kit.control.update_code(code).await, Err(ControlError::RevisionMismatch));
        let config = UpdateConfiguration { revision: Some(wrong.clone()), ..description_update("f", "d") };
        assert_eq!(kit.control.update_configuration(config).await, Err(ControlError::RevisionMismatch));
        let mut publish = publication("f");
        publish.revision = Some(wrong);
        assert_eq!(kit.control.publish_version(publish).await, Err(ControlError::RevisionMismatch));
    }
    let dry = UpdateCode { dry_run: true, publish: true, ..code_update("f", "two") };
    let would_be = kit.control.update_code(dry).await.expect("fine").version;
    assert_eq!(would_be.code_digest, digest_of("two"));
    assert_eq!(kit.get(named("f")).await.expect("there"), before);
    assert_eq!(kit.generation(named("f")).await, generation);
    assert_eq!(kit.retired(), []);
    kit.stored_is(&["one"]).await;
    let right = UpdateCode { revision: Some(before.revision), ..code_update("f", "two") };
    assert!(kit.control.update_code(right).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_run_here_is_refused_by_name() {
    struct OnlyPython;
    #[async_trait::async_trait]
    impl RuntimeCheck for OnlyPython {
        async fn check(&self, runtime: &str) -> Result<(), String> {
            if runtime.starts_with("python") { Ok(()) } else { Err(format!("{runtime} is not installed")) }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open_with(folder.path(), Settings { runtimes: Arc::new(OnlyPython), ..settings() }).await;
    let with = |change: fn(&mut CreateFunction)| {
        let mut message = creation("f", "code");
        change(&mut message);
        kit.control.create_function(message)
    };
    let architecture = ControlError::ArchitectureUnavailable { architecture: "arm64".into() };
    let runtime = ControlError::RuntimeUnavailable { message: "nodejs24.x is not installed".into() };
    let refused = with(|message| message.config.architecture = "arm64".into()).await;
    assert_eq!(refused, Err(architecture.clone()));
    assert_eq!(with(|message| message.config.runtime = "nodejs24.x".into()).await, Err(runtime.clone()));
    assert_eq!(with(|message| message.zip = bytes::Bytes::new()).await, Err(ControlError::ZipEmpty));
    let unreadable = with(|message| message.zip = "no zip".into()).await;
    assert!(matches!(unreadable, Err(ControlError::ZipUnreadable { .. })));
    let large = with(|message| message.zip = vec![0; types::limits::ZIP_BYTES_MAX + 1].into()).await;
    assert_eq!(large, Err(ControlError::ZipTooLarge { limit: 52_428_800 }));
    kit.stored_is(&[]).await;

    kit.create("f", "code").await;
    let update = UpdateCode { architecture: Some("arm64".into()), ..code_update("f", "two") };
    assert_eq!(kit.control.update_code(update).await, Err(architecture));
    let mut update = description_update("f", "d");
    update.change.runtime = Some("nodejs24.x".into());
    assert_eq!(kit.control.update_configuration(update).await, Err(runtime));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_code_of_an_account_is_counted_and_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let size = zip_of("code").len() as u64;
    let kit = open_with(folder.path(), Settings { code_bytes_max: 3 * size, ..settings() }).await;
    let usage = async || {
        let usage = kit.control.account_usage(scope()).await.expect("answered");
        assert_eq!(usage.concurrency_max, 1_000);
        (usage.functions, usage.code_bytes)
    };
    kit.create("f", "code").await;
    kit.publish("f").await;
    kit.create("g", "code").await;
    assert_eq!(usage().await, (2, 3 * size), "every version counts");
    let exceeded = Err(ControlError::StorageExceeded { limit: 3 * size });
    assert_eq!(kit.control.create_function(creation("h", "code")).await, exceeded);
    assert_eq!(kit.control.publish_version(publication("g")).await, exceeded);
    kit.update("g", "edoc").await;
    kit.control.delete_function(qualified("f", "1")).await.expect("deleted");
    kit.create("h", "code").await;
    for function in ["f", "g", "h"] {
        kit.control.delete_function(named(function)).await.expect("deleted");
    }
    assert_eq!(usage().await, (0, 0));
    kit.stored_is(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_merged_bounded_and_only_on_functions() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    let tags = |range: std::ops::Range<u32>| -> BTreeMap<String, String> {
        range.map(|number| (format!("k{number:02}"), "v".to_owned())).collect()
    };
    let many = CreateFunction { tags: tags(0..51), ..creation("f", "code") };
    assert_eq!(kit.control.create_function(many).await, Err(ControlError::TooManyTags { limit: 50 }));
    kit.control
        .create_function(CreateFunction { tags: tags(0..2), ..creation("f", "code") })
        .await
        .expect("created");
    let (before, generation) = (kit.get(named("f")).await.expect("there"), kit.generation(named("f")).await);

    let tag = |range| kit.control.tag(TagFunction { named: named("f"), tags: tags(range) });
    tag(1..50).await.expect("tagged");
    assert_eq!(tag(50..51).await, Err(ControlError::TooManyTags { limit: 50 }));
    tag(0..50).await.expect("the same keys are no more");
    let keys = vec!["k00".to_owned(), "absent".to_owned()];
    kit.control.untag(UntagFunction { named: named("f"), keys }).await.expect("untagged");
    assert_eq!(kit.control.list_tags(named("f")).await.expect("listed"), tags(1..50));
    assert_eq!(kit.control.get_function(named("f")).await.expect("there").tags, tags(1..50));
    assert_eq!(kit.get(named("f")).await.expect("there"), before, "tags change no revision");
    assert_eq!(kit.generation(named("f")).await, generation);

    let on_version = qualified("f", "$LATEST");
    assert_eq!(kit.control.list_tags(on_version).await, Err(ControlError::TagsOnQualified));
    let absent = TagFunction { named: named("g"), tags: tags(0..1) };
    assert!(matches!(kit.control.tag(absent).await, Err(ControlError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_one_function_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = Arc::new(open(folder.path()).await);
    kit.create("f", "code").await;
    let mut changes = tokio::task::JoinSet::new();
    for number in 0..40 {
        let kit = Arc::clone(&kit);
        changes.spawn(async move {
            let tags = BTreeMap::from([(format!("k{number}"), "v".to_owned())]);
            match number % 2 {
                0 => kit.control.tag(TagFunction { named: named("f"), tags }).await.expect("tagged"),
                _ => drop(kit.update("f", &format!("code {number}")).await),
            }
        });
    }
    let before = kit.generation(named("f")).await;
    changes.join_all().await;
    assert_eq!(kit.control.list_tags(named("f")).await.expect("listed").len(), 20);
    assert!(kit.generation(named("f")).await >= before);
    let mins: Vec<u64> = kit.retired().iter().map(|retire| retire.generation_min).collect();
    assert_eq!(mins.len(), 20);
    assert!(mins.is_sorted_by(|one, next| one < next), "told in the order of the commits: {mins:?}");
    assert_eq!(kit.generation(named("f")).await, mins[19]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_leaves_no_half_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    let (control, message) = (Arc::clone(&kit.control), code_update("f", "two"));
    let mut update = Box::pin(async move { control.update_code(message).await });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(update.as_mut().poll(&mut context).is_pending());
    drop(update);
    // The next change of the same function waits for it.
    kit.stored_is(&["two"]).await;
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    kit.control.tag(TagFunction { named: named("f"), tags }).await.expect("tagged");
    assert_eq!(kit.get(named("f")).await.expect("there").code_digest, digest_of("two"));
    assert_eq!(kit.retired().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_and_publishes_name_latest_or_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    kit.publish("f").await;
    for qualifier in ["1", "live"] {
        let message = UpdateCode { named: qualified("f", qualifier), ..code_update("f", "two") };
        let arn = kit.get(named("f")).await.expect("there").arn;
        let arn = types::FunctionArn { qualifier: Some(Qualifier::new(qualifier)), ..arn };
        assert_eq!(kit.control.update_code(message).await, Err(ControlError::NotFound { arn }));
    }
    let message = UpdateCode { named: qualified("f", "$LATEST"), ..code_update("f", "two") };
    assert!(kit.control.update_code(message).await.is_ok());
}
