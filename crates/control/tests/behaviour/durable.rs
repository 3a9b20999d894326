use crate::kit::*;
use fabric::control::{Control as _, ControlError, TagFunction};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use substrate::{Expected, Key, Kv as _, Sqlite, SqliteSettings};
use world::World;

/// Where the child of `kill_9_at_any_moment…` works.
const FOLDER: &str = "TINDERBOX_TEST_FOLDER";

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_without_a_close_keeps_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = open(folder.path()).await;
    before.create("f", "one").await;
    before.publish("f").await;
    before.update("f", "two").await;
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    before.control.tag(TagFunction { named: named("f"), tags }).await.expect("tagged");
    before.create("gone", "three").await;
    before.publish("gone").await;
    let gone = before.generation(qualified("gone", "1")).await;
    before.control.delete_function(named("gone")).await.expect("deleted");

    // A new runtime's stores over the same files; nothing of the old was closed.
    let after = open(folder.path()).await;
    for asked in [named("f"), qualified("f", "1")] {
        let one = before.control.get_function(asked.clone()).await.expect("there");
        assert_eq!(after.control.get_function(asked.clone()).await.expect("there"), one);
        let key = before.control.resolve(asked.clone()).await.expect("there").key;
        assert_eq!(after.control.resolve(asked).await.expect("there").key, key);
    }
    let usage = before.control.account_usage(scope()).await;
    assert_eq!(after.control.account_usage(scope()).await, usage);
    assert_eq!(after.control.code(digest_of("one")).await.expect("there"), zip_of("one"));
    after.stored_is(&["one", "two"]).await;
    assert!(after.get(named("gone")).await.is_err());
    after.create("gone", "three").await;
    assert!(after.generation(named("gone")).await > gone, "the tombstone's counters are kept");
    assert_eq!(after.publish("gone").await.version, types::Version::Published(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_is_collected_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    // Killed after the blob and before the record that would have named it.
    kit.blobs.put(zip_of("never named").into()).await.expect("stored");
    drop(kit);
    open(folder.path()).await.stored_is(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_from_a_newer_program_fences_its_function_alone_and_no_code_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "one").await;
    kit.create("g", "two").await;
    drop(kit);
    let file = folder.path().join(substrate::sqlite::FILE_NAME);
    let kv = Sqlite::open(&World::real(), &file, SqliteSettings::default()).await.expect("opens");
    let key = Key::of(&["function", "000000000000", "eu-central-1", "f"]).expect("valid");
    kv.put(key, r#"{"format":99}"#.into(), Expected::Any).await.expect("written");

    let kit = open(folder.path()).await;
    assert!(kit.get(named("g")).await.is_ok());
    assert!(kit.get(named("f")).await.is_err());
    let create = kit.control.create_function(creation("f", "three")).await;
    assert!(matches!(create, Err(ControlError::Store { .. })), "what can not be read is not written over");
    kit.update("g", "four").await;
    let stored = kit.blobs.exists(&substrate::BlobKey::of(&zip_of("one"))).await;
    assert_eq!(stored, Ok(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_functions_are_created_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = Arc::new(open(folder.path()).await);
    let mut creates = tokio::task::JoinSet::new();
    for number in 0..100 {
        let kit = Arc::clone(&kit);
        creates
            .spawn(async move { kit.create(&format!("f{number}"), &format!("code {}", number % 10)).await });
    }
    assert_eq!(creates.join_all().await.len(), 100);
    let reopened = open(folder.path()).await;
    assert_eq!(reopened.control.account_usage(scope()).await.expect("answered").functions, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_moment_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut answered = BTreeMap::new();
    for round in 0..6 {
        // Killed in the midst of the next change, after more answers in each round.
        for (function, code) in run_child_and_kill(folder.path(), round, 3 + 5 * round) {
            answered.insert(function, code);
        }
        let kit = open(folder.path()).await;
        for (function, code) in &answered {
            let read = kit.get(named(function)).await.expect("answered before the kill");
            // The change after the last answered one may be there too, whole.
            let digests = [digest_of(code), digest_of(&format!("{code}+"))];
            assert!(digests.contains(&read.code_digest), "{function}");
            assert!(kit.control.code(read.code_digest).await.is_ok(), "its code is there, undamaged");
        }
    }
    assert!(answered.len() >= 6);
}

/// Answers function and code of every change that the child said was answered.
fn run_child_and_kill(folder: &Path, round: usize, lines: usize) -> Vec<(String, String)> {
    let program: PathBuf = std::env::current_exe().expect("this test");
    let mut child = Command::new(program)
        .args(["--exact", "durable::child_that_changes_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env("TINDERBOX_TEST_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawned");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let said = output.lines().map(|line| line.expect("text"));
    let said = said.filter_map(|line| {
        let (_, rest) = line.split_once("answered ")?;
        let (function, code) = rest.split_once('=')?;
        Some((function.to_owned(), code.to_owned()))
    });
    let answered: Vec<_> = said.take(lines).collect();
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(answered.len(), lines, "the child was still at work");
    answered
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of kill_9_at_any_moment_loses_nothing_that_was_answered"]
async fn child_that_changes_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round = std::env::var("TINDERBOX_TEST_ROUND").expect("given with the folder");
    let kit = open(Path::new(&folder)).await;
    for number in 0.. {
        let (function, mut code) = (format!("f{round}-{number}"), format!("{round} {number}"));
        kit.create(&function, &code).await;
        println!("answered {function}={code}");
        code.push('+');
        kit.update(&function, &code).await;
        println!("answered {function}={code}");
    }
}
