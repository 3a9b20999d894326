//! Export and import: everything is the same, what is damaged is refused whole, what was cut short goes on.

use crate::kit::*;
use bytes::Bytes;
use control::backup::{self, BackupError, Checked, Imported, Stores};
use fabric::control::{Control as _, TagFunction};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use substrate::{
    BlobError, BlobKey, Blobs, Entry, Expected, Key, Kv, KvError, KvPage, Revision, Watch, Write,
};
use types::limits::TAGS_MAX;
use world::World;

async fn at(folder: &Path) -> Stores {
    let (kv, blobs) = stores(folder).await;
    Stores { world: World::real(), kv, blobs }
}

async fn exported(stores: &Stores) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (_, length) = backup::export(stores, &mut bytes, |_| {}).await.expect("exported");
    assert_eq!(length, bytes.len() as u64);
    bytes
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

fn checked(bytes: &[u8]) -> Result<Checked, BackupError> {
    backup::check(bytes, |_| {})
}

async fn imported(stores: &Stores, bytes: &[u8], replace: bool) -> Result<Imported, BackupError> {
    let checked = checked(bytes)?;
    backup::import(stores, &file_of(bytes), &checked, replace, |_| {}).await
}

/// Every record, byte by byte.
async fn records(stores: &Stores) -> BTreeMap<String, Bytes> {
    let mut records = BTreeMap::new();
    for prefix in ["function", "version"] {
        let prefix = Key::of(&[prefix]).expect("valid");
        let mut after = None;
        loop {
            let page = stores.kv.list(&prefix, after.as_ref(), 1_000).await.expect("listed");
            after = page.entries.last().map(|entry| entry.key.clone());
            records.extend(page.entries.into_iter().map(|entry| (entry.key.to_string(), entry.value)));
            if !page.more {
                break;
            }
        }
    }
    records
}

/// Two functions with a history, and a name of which nothing but numbers is left.
async fn furnished(folder: &Path) -> Kit {
    let kit = open(folder).await;
    kit.create("f", "one").await;
    kit.publish("f").await;
    kit.update("f", "two").await;
    kit.publish("f").await;
    kit.update("f", "three").await;
    kit.control.delete_function(qualified("f", "1")).await.expect("deleted");
    let tags = BTreeMap::from([("team".to_owned(), "ü".to_owned())]);
    kit.control.tag(TagFunction { named: named("f"), tags }).await.expect("tagged");
    let mut creation = creation("g", "two");
    creation.config.environment = Some(BTreeMap::from([("K".to_owned(), "v\n\"".to_owned())]));
    kit.control.create_function(creation).await.expect("created");
    kit.create("gone", "four").await;
    kit.publish("gone").await;
    kit.control.delete_function(named("gone")).await.expect("deleted");
    kit
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_imported_to_the_last_byte_and_again_without_any_harm() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let before = furnished(here.path()).await;
    let bytes = exported(&at(here.path()).await).await;
    let summary = checked(&bytes).expect("sound").summary;
    assert_eq!((summary.functions, summary.versions, summary.deleted, summary.code), (2, 1, 1, 2));

    let target = at(there.path()).await;
    let done = imported(&target, &bytes, false).await.expect("imported");
    assert_eq!(done, Imported { functions: 2, replaced: 0, same: 0, deleted: 1 });
    let source = at(here.path()).await;
    assert_eq!(records(&target).await, records(&source).await);
    let again = imported(&target, &bytes, false).await.expect("imported");
    assert_eq!(again, Imported { functions: 0, replaced: 0, same: 2, deleted: 0 });
    assert_eq!(records(&target).await, records(&source).await);

    let after = open(there.path()).await;
    for asked in [named("f"), qualified("f", "2"), named("g")] {
        let one = before.control.get_function(asked.clone()).await.expect("there");
        assert_eq!(after.control.get_function(asked).await.expect("there"), one);
    }
    after.stored_is(&["two", "three"]).await;
    after.create("gone", "four").await;
    assert_eq!(after.publish("gone").await.version, types::Version::Published(2), "numbers go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_in_any_place_is_refused_whole() {
    let here = tempfile::tempdir().expect("a folder");
    furnished(here.path()).await;
    let bytes = exported(&at(here.path()).await).await;
    for place in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert!(checked(&damaged).is_err(), "byte {place} of {}", bytes.len());
    }
    for length in (0..bytes.len()).step_by(97) {
        assert!(checked(&bytes[..length]).is_err(), "cut at {length}");
    }
    assert!(checked(&[bytes.as_slice(), b"x"].concat()).is_err(), "more after the end");
    assert!(checked(b"").is_err());
    assert!(checked(&bytes).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_request_could_have_made_is_refused_though_its_digests_are_right() {
    let row = |change: fn(&mut serde_json::Value)| change;
    let changes = [
        row(|head| head["live"]["latest"]["config"]["memory_mb"] = 1.into()),
        row(|head| head["live"]["latest"]["config"]["timeout_seconds"] = 901.into()),
        row(|head| head["live"]["latest"]["code_sha256"] = "AAAA".into()),
        row(|head| head["live"]["latest"]["code_bytes"] = 1.into()),
        row(|head| head["live"]["latest"]["revision"] = "x".into()),
        row(|head| head["live"]["incarnation"] = 9.into()),
        row(|head| head["live"]["latest"]["config"]["handler"] = "h".repeat(9_000).into()),
        row(|head| head["generation"] = u64::MAX.into()),
        row(|head| {
            let tags = (0..=TAGS_MAX).map(|number| (number.to_string(), "v".into()));
            head["live"]["tags"] = serde_json::Value::Object(tags.collect());
        }),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        open(folder.path()).await.create("f", "one").await;
        let stores = at(folder.path()).await;
        let key = Key::of(&["function", "000000000000", "eu-central-1", "f"]).expect("valid");
        let entry = stores.kv.get(&key).await.expect("read").expect("there");
        let mut head = serde_json::from_slice(&entry.value).expect("JSON");
        change(&mut head);
        stores.kv.put(key, head.to_string().into(), Expected::Any).await.expect("written");
        let mut bytes = Vec::new();
        // What names code that is not there is not even exported.
        if backup::export(&stores, &mut bytes, |_| {}).await.is_ok() {
            assert!(checked(&bytes).is_err(), "change {number}");
        }
    }
    // And a function whose name is no function's.
    let folder = tempfile::tempdir().expect("a folder");
    let stores = at(folder.path()).await;
    let key = Key::of(&["function", "12", "eu-central-1", "f f"]).expect("valid");
    let tombstone = r#"{"format":2,"generation":9,"last_version":2,"live":null}"#;
    stores.kv.put(key, tombstone.into(), Expected::Any).await.expect("written");
    assert!(checked(&exported(&stores).await).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_function_of_the_name_refuses_all_and_gives_way_when_told_to() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let before = furnished(here.path()).await;
    let bytes = exported(&at(here.path()).await).await;
    let other = open(there.path()).await;
    other.create("g", "other").await;
    other.publish("g").await;
    other.update("g", "another").await;
    let old = other.generation(named("g")).await;
    drop(other);

    let target = at(there.path()).await;
    let untouched = records(&target).await;
    let refused = imported(&target, &bytes, false).await;
    assert!(matches!(refused, Err(BackupError::Exists { count: 1, ref names }) if names[0].ends_with(":g")));
    assert_eq!(records(&target).await, untouched);
    let done = imported(&target, &bytes, true).await.expect("imported");
    assert_eq!(done, Imported { functions: 2, replaced: 1, same: 0, deleted: 1 });

    let after = open(there.path()).await;
    let shown = after.control.get_function(named("g")).await.expect("there");
    assert_eq!(shown, before.control.get_function(named("g")).await.expect("there"));
    assert!(after.get(qualified("g", "1")).await.is_err(), "its versions gave way, too");
    assert!(after.generation(named("g")).await > old);
    after.stored_is(&["two", "three"]).await;
    assert_eq!(after.publish("g").await.version, types::Version::Published(2), "no number is given twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_deleted_namesake_every_generation_is_above_all_that_were_given() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    furnished(here.path()).await;
    let bytes = exported(&at(here.path()).await).await;
    let other = open(there.path()).await;
    other.create("f", "other").await;
    for number in 0..20 {
        other.update("f", &number.to_string()).await;
    }
    other.retired();
    other.control.delete_function(named("f")).await.expect("deleted");
    // What assignment was told: environments below it serve nobody any more.
    let floor = other.retired().last().expect("told").generation_min;
    drop(other);
    let target = at(there.path()).await;
    imported(&target, &bytes, false).await.expect("imported");
    let after = open(there.path()).await;
    for asked in [named("f"), qualified("f", "2")] {
        assert!(after.generation(asked).await > floor);
    }
}

/// A store that fails after so many writes.
struct Failing<T: ?Sized> {
    left: Arc<AtomicI64>,
    inner: Arc<T>,
}

impl<T: ?Sized> Failing<T> {
    fn may(&self) -> Result<(), String> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err("killed here".to_owned()),
        }
    }
}

#[async_trait::async_trait]
impl Kv for Failing<dyn Kv> {
    async fn get(&self, key: &Key) -> Result<Option<Entry>, KvError> {
        self.inner.get(key).await
    }
    async fn write(&self, batch: Vec<Write>) -> Result<Revision, KvError> {
        self.may().map_err(|reason| KvError::Unavailable { reason })?;
        self.inner.write(batch).await
    }
    async fn list(&self, prefix: &Key, after: Option<&Key>, max: usize) -> Result<KvPage, KvError> {
        self.inner.list(prefix, after, max).await
    }
    fn watch(&self, prefix: &Key) -> Watch {
        self.inner.watch(prefix)
    }
}

#[async_trait::async_trait]
impl Blobs for Failing<dyn Blobs> {
    async fn put(&self, bytes: Bytes) -> Result<BlobKey, BlobError> {
        self.may().map_err(|reason| BlobError::Unavailable { reason })?;
        self.inner.put(bytes).await
    }
    async fn get(&self, key: &BlobKey) -> Result<Bytes, BlobError> {
        self.inner.get(key).await
    }
    async fn exists(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.inner.exists(key).await
    }
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.inner.delete(key).await
    }
    async fn list(&self, after: Option<&BlobKey>, max: usize) -> Result<Vec<BlobKey>, BlobError> {
        self.inner.list(after, max).await
    }
    fn path_hint(&self, key: &BlobKey) -> Option<std::path::PathBuf> {
        self.inner.path_hint(key)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cut_short_at_any_write_leaves_whole_functions_and_goes_on_when_run_again() {
    let here = tempfile::tempdir().expect("a folder");
    let before = furnished(here.path()).await;
    let bytes = exported(&at(here.path()).await).await;
    let mut whole = false;
    for writes in 0..20 {
        let there = tempfile::tempdir().expect("a folder");
        let target = at(there.path()).await;
        let left = Arc::new(AtomicI64::new(writes));
        let failing = Stores {
            world: World::real(),
            kv: Arc::new(Failing { left: Arc::clone(&left), inner: Arc::clone(&target.kv) }),
            blobs: Arc::new(Failing { left, inner: Arc::clone(&target.blobs) }),
        };
        whole = imported(&failing, &bytes, false).await.is_ok();
        // Whatever is named has its code: else this would fail.
        exported(&target).await;
        imported(&target, &bytes, false).await.expect("goes on");
        assert_eq!(records(&target).await, records(&at(here.path()).await).await, "after {writes} writes");
        if whole {
            break;
        }
    }
    assert!(whole, "the last round was not cut short");
    drop(before);
}

/// More than a batch of the store can hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_very_many_versions_is_there_whole_or_not_at_all() {
    let here = tempfile::tempdir().expect("a folder");
    let kit = open(here.path()).await;
    kit.create("many", "one").await;
    for number in 0..150 {
        kit.control
            .update_configuration(description_update("many", &number.to_string()))
            .await
            .expect("updated");
        kit.publish("many").await;
    }
    let bytes = exported(&at(here.path()).await).await;
    for writes in 0..6 {
        let there = tempfile::tempdir().expect("a folder");
        let target = at(there.path()).await;
        let left = Arc::new(AtomicI64::new(writes));
        let failing =
            Stores { kv: Arc::new(Failing { left, inner: Arc::clone(&target.kv) }), ..target.clone() };
        let cut_short = imported(&failing, &bytes, false).await.is_err();
        let between = open(there.path()).await;
        assert_eq!(between.get(named("many")).await.is_err(), cut_short, "after {writes} writes");
        drop(between);
        imported(&target, &bytes, false).await.expect("goes on");
        let after = open(there.path()).await;
        for asked in [named("many"), qualified("many", "1"), qualified("many", "150")] {
            assert_eq!(after.get(asked.clone()).await, kit.get(asked).await);
        }
        assert_eq!(after.publish("many").await.version, types::Version::Published(150), "nothing changed");
    }
    // In place of another, which is there until this one is.
    for writes in 1..6 {
        let there = tempfile::tempdir().expect("a folder");
        let other = open(there.path()).await;
        other.create("many", "other").await;
        other.publish("many").await;
        let old = other.generation(named("many")).await;
        drop(other);
        let target = at(there.path()).await;
        let left = Arc::new(AtomicI64::new(writes));
        let kv = Arc::new(Failing { left, inner: Arc::clone(&target.kv) });
        let failing = Stores { kv, ..target.clone() };
        let cut_short = imported(&failing, &bytes, true).await.is_err();
        let between = open(there.path()).await;
        let other = between.get(qualified("many", "1")).await.expect("one or the other");
        assert_eq!(other.code_digest == digest_of("other"), cut_short, "after {writes} writes");
        drop(between);
        imported(&target, &bytes, true).await.expect("goes on");
        let after = open(there.path()).await;
        for asked in [named("many"), qualified("many", "1"), qualified("many", "150")] {
            assert_eq!(after.get(asked.clone()).await, kit.get(asked.clone()).await);
            assert!(after.generation(asked).await > old);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_change_while_they_are_exported_are_exported_whole() {
    let here = tempfile::tempdir().expect("a folder");
    let kit = Arc::new(open(here.path()).await);
    for number in 0..5 {
        kit.create(&format!("f{number}"), "first").await;
    }
    let source = at(here.path()).await;
    let changing = Arc::clone(&kit);
    let mut changes = tokio::task::JoinSet::new();
    changes.spawn(async move {
        for round in 0..40 {
            for number in 0..5 {
                // Each its own code, which goes away with the next.
                changing.update(&format!("f{number}"), &format!("{number} {round}")).await;
            }
        }
    });
    let mut exports = 0;
    while changes.try_join_next().is_none() {
        let bytes = exported(&source).await;
        assert_eq!(checked(&bytes).expect("with all its code").summary.functions, 5);
        exports += 1;
    }
    assert!(exports > 1, "they were changed all the while");
}
