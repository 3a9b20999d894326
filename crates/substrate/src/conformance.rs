//! What every provider must do. Each function panics with a sentence when it does not. A provider's tests hand in a
//! fresh, empty store, and where a suite needs a restart a way to open the same store again.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod log;

pub use log::{log, log_full, log_survives};

use crate::blobs::{BLOB_BYTES_MAX, BlobError, BlobKey, Blobs};
use crate::kv::{BATCH_WRITES_MAX, Entry, Expected, Key, Kv, KvError, PAGE_ENTRIES_MAX, Revision, Write};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

fn key(text: &str) -> Key {
    Key::of(&text.split('/').collect::<Vec<_>>()).expect("a valid key")
}

fn put(at: &str, value: &str, expected: Expected) -> Write {
    Write::Put { key: key(at), value: Bytes::copy_from_slice(value.as_bytes()), expected }
}

async fn value(kv: &dyn Kv, at: &str) -> Option<String> {
    let entry: Option<Entry> = kv.get(&key(at)).await.expect("readable");
    entry.map(|entry| String::from_utf8(entry.value.to_vec()).expect("text"))
}

/// Everything that needs one open store.
pub async fn kv(kv: Arc<dyn Kv>) {
    kv_compare_and_set(kv.as_ref()).await;
    kv_batches_are_whole(kv.as_ref()).await;
    kv_lists_in_pages(kv.as_ref()).await;
    kv_lists_many_of_which_some_were_deleted(kv.as_ref()).await;
    kv_one_of_many_wins(&kv).await;
    kv_watches_hint(kv.as_ref()).await;
    kv_refuses_what_is_out_of_bounds(kv.as_ref()).await;
}

async fn kv_compare_and_set(kv: &dyn Kv) {
    assert_eq!(value(kv, "cas/a").await, None, "a fresh store is empty");
    let first = kv.put(key("cas/a"), "1".into(), Expected::Absent).await.expect("absent as expected");
    let again = kv.put(key("cas/a"), "2".into(), Expected::Absent).await;
    assert_eq!(again, Err(KvError::Conflict { key: key("cas/a"), current: Some(first) }));
    assert!(!again.expect_err("conflict").retryable(), "a conflict is decided anew, not tried again");
    let second = kv.put(key("cas/a"), "3".into(), Expected::At(first)).await.expect("at as expected");
    assert!(second > first, "revisions rise");
    assert_eq!(kv.get(&key("cas/a")).await.expect("readable").expect("there").revision, second);
    assert!(kv.delete(key("cas/a"), Expected::At(first)).await.is_err(), "an old revision deletes nothing");
    let third = kv.delete(key("cas/a"), Expected::At(second)).await.expect("deleted");
    assert_eq!(value(kv, "cas/a").await, None);
    let gone = kv.put(key("cas/a"), "4".into(), Expected::At(second)).await;
    assert_eq!(gone, Err(KvError::Conflict { key: key("cas/a"), current: None }));
    kv.delete(key("cas/none"), Expected::Any).await.expect("deleting nothing is no error");
    let fourth = kv.put(key("cas/a"), "5".into(), Expected::Absent).await.expect("absent again");
    assert!(fourth > third, "no revision is used twice, also not after a delete");
}

async fn kv_batches_are_whole(kv: &dyn Kv) {
    let batch = vec![put("batch/a", "1", Expected::Absent), put("batch/b", "1", Expected::Absent)];
    let at = kv.write(batch).await.expect("written");
    for name in ["batch/a", "batch/b"] {
        assert_eq!(kv.get(&key(name)).await.expect("readable").expect("there").revision, at, "one for all");
    }
    // The last one does not hold, so the first ones are not applied.
    let failing = vec![
        put("batch/a", "2", Expected::At(at)),
        Write::Delete { key: key("batch/b"), expected: Expected::Any },
        put("batch/c", "2", Expected::At(Revision(at.0))),
    ];
    assert!(matches!(kv.write(failing).await, Err(KvError::Conflict { .. })));
    assert_eq!(value(kv, "batch/a").await.as_deref(), Some("1"));
    assert_eq!(value(kv, "batch/b").await.as_deref(), Some("1"));
    assert_eq!(value(kv, "batch/c").await, None);
}

async fn kv_lists_in_pages(kv: &dyn Kv) {
    let names: Vec<String> = (0..25).map(|number| format!("list/{number:02}")).collect();
    let others = ["list", "listed/1", "lis/1", "list-/1", "list0/1"].map(String::from);
    for name in names.iter().rev().chain(&others) {
        kv.put(key(name), name.clone().into(), Expected::Any).await.expect("written");
    }
    for max in [1, 7, 25, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = kv.list(&key("list"), after.as_ref(), max).await.expect("listed");
            assert!(page.entries.len() <= max && (!page.more || page.entries.len() == max));
            found.extend(page.entries.iter().map(|entry| entry.key.to_string()));
            after = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                break;
            }
        }
        assert_eq!(found, names, "in order, whole segments only, none twice, pages of {max}");
    }
}

async fn kv_lists_many_of_which_some_were_deleted(kv: &dyn Kv) {
    let numbers: Vec<usize> = (0..1_300).collect();
    let name = |number: usize| key(&format!("many/{number:04}"));
    for numbers in numbers.chunks(BATCH_WRITES_MAX) {
        let put = |number: &usize| Write::Put {
            key: name(*number),
            value: Bytes::from(number.to_string()),
            expected: Expected::Absent,
        };
        kv.write(numbers.iter().map(put).collect()).await.expect("written");
    }
    let deleted: Vec<_> = numbers.iter().copied().filter(|number| number % 3 == 0 || *number < 200).collect();
    for numbers in deleted.chunks(BATCH_WRITES_MAX) {
        let delete = |number: &usize| Write::Delete { key: name(*number), expected: Expected::Any };
        kv.write(numbers.iter().map(delete).collect()).await.expect("written");
    }
    let left: Vec<_> = numbers.into_iter().filter(|number| !deleted.contains(number)).collect();
    for max in [1, 90, PAGE_ENTRIES_MAX] {
        let page = kv.list(&key("many"), None, max).await.expect("listed");
        assert_eq!(page.entries.len(), max.min(left.len()), "a page of {max} is full, whatever was deleted");
        assert_eq!(page.more, left.len() > max);
        for (entry, number) in page.entries.iter().zip(&left) {
            assert_eq!((entry.key.clone(), entry.value.clone()), (name(*number), number.to_string().into()));
        }
    }
}

async fn kv_one_of_many_wins(kv: &Arc<dyn Kv>) {
    let at = kv.put(key("race/a"), "0".into(), Expected::Absent).await.expect("written");
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let kv = Arc::clone(kv);
        writers.spawn(async move {
            let own = put(&format!("race/own-{number}"), "1", Expected::Absent);
            kv.write(vec![put("race/a", &number.to_string(), Expected::At(at)), own]).await.map(|_| number)
        });
    }
    let results = writers.join_all().await;
    let won: Vec<i32> = results.into_iter().filter_map(Result::ok).collect();
    assert_eq!(won.len(), 1, "one of those who expect the same revision wins");
    assert_eq!(value(kv.as_ref(), "race/a").await, Some(won[0].to_string()));
    let own = kv.list(&key("race"), None, 100).await.expect("listed").entries.len();
    assert_eq!(own, 2, "the losers' batches left nothing");
}

async fn kv_watches_hint(kv: &dyn Kv) {
    let mut watch = kv.watch(&key("watch"));
    kv.put(key("watch/a"), "1".into(), Expected::Any).await.expect("written");
    assert!(watch.changed().await, "a change under the prefix is hinted");
}

async fn kv_refuses_what_is_out_of_bounds(kv: &dyn Kv) {
    let twice = vec![put("bound/a", "1", Expected::Any), put("bound/a", "2", Expected::Any)];
    assert!(matches!(kv.write(twice).await, Err(KvError::Invalid { .. })));
    assert!(matches!(kv.write(Vec::new()).await, Err(KvError::Invalid { .. })));
    let large = Bytes::from(vec![0; crate::kv::VALUE_BYTES_MAX + 1]);
    let refused = kv.put(key("bound/a"), large, Expected::Any).await;
    assert!(matches!(refused, Err(KvError::Invalid { .. })));
    let largest = Bytes::from(vec![7; crate::kv::VALUE_BYTES_MAX]);
    kv.put(key("bound/a"), largest.clone(), Expected::Any).await.expect("the largest value fits");
    assert_eq!(kv.get(&key("bound/a")).await.expect("readable").expect("there").value, largest);
}

/// What was answered is there when the store is opened again without having been closed.
pub async fn kv_survives<F: Future<Output = Arc<dyn Kv>>>(open: impl Fn() -> F) {
    let before = open().await;
    let at = before.put(key("stay/a"), "1".into(), Expected::Absent).await.expect("written");
    let after = open().await;
    assert_eq!(value(after.as_ref(), "stay/a").await.as_deref(), Some("1"));
    let next =
        after.put(key("stay/a"), "2".into(), Expected::At(at)).await.expect("the revision is kept too");
    assert!(next > at, "revisions go on rising");
    drop(before);
}

/// A store without room answers `Full`, applies nothing of the batch, and still reads.
pub async fn kv_full(kv: Arc<dyn Kv>) {
    let chunk = Bytes::from(vec![1; 64 * 1024]);
    let mut written = 0;
    let error = loop {
        let batch = ["a", "b"].map(|half| Write::Put {
            key: key(&format!("full/{written:06}-{half}")),
            value: chunk.clone(),
            expected: Expected::Absent,
        });
        match kv.write(batch.into()).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10_000, "the store was meant to be small");
    };
    assert!(matches!(error, KvError::Full { .. }), "{error:?}");
    let page = kv.list(&key("full"), None, 1_000).await.expect("a full store still reads");
    assert_eq!(page.entries.len(), 2 * written, "the batch that did not fit left nothing");
}

/// Everything that needs one open, empty store.
pub async fn blobs(blobs: Arc<dyn Blobs>) {
    let absent = BlobKey::of(b"absent");
    assert_eq!(blobs.get(&absent).await, Err(BlobError::NotFound { key: absent }));
    assert!(!blobs.exists(&absent).await.expect("answered"));
    blobs.delete(&absent).await.expect("deleting nothing is no error");
    assert_eq!(blobs.list(None, 10).await.expect("listed"), []);

    let mut keys = BTreeSet::new();
    for bytes in [Bytes::new(), Bytes::from_static(b"hello"), Bytes::from(vec![7; 3_000_000])] {
        let key = blobs.put(bytes.clone()).await.expect("stored");
        assert_eq!(key, BlobKey::of(&bytes), "the key is the hash");
        assert_eq!(blobs.put(bytes.clone()).await, Ok(key), "putting again changes nothing");
        assert_eq!(blobs.get(&key).await, Ok(bytes.clone()));
        assert!(blobs.exists(&key).await.expect("answered"));
        if let Some(path) = blobs.path_hint(&key) {
            assert_eq!(std::fs::read(path).expect("where the hint says"), bytes);
        }
        keys.insert(key);
    }
    let listed = blobs.list(None, 2).await.expect("listed");
    let rest = blobs.list(listed.last(), 2).await.expect("listed");
    assert_eq!((listed.len(), rest.len()), (2, 1));
    assert!(listed.iter().chain(&rest).eq(keys.iter()), "in key order, none twice, none missing");

    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let blobs = Arc::clone(&blobs);
        writers.spawn(async move { blobs.put(Bytes::from(vec![9; 100_000])).await });
    }
    let same = writers.join_all().await;
    assert!(
        same.iter().all(|key| *key == Ok(BlobKey::of(&vec![9; 100_000]))),
        "puts of the same do not clash"
    );

    for key in keys {
        blobs.delete(&key).await.expect("deleted");
        assert_eq!(blobs.get(&key).await, Err(BlobError::NotFound { key }));
    }
    let large = blobs.put(Bytes::from(vec![0; BLOB_BYTES_MAX + 1])).await;
    assert_eq!(large, Err(BlobError::TooLarge { bytes: BLOB_BYTES_MAX + 1 }));
}

/// What was answered is there when the store is opened again without having been closed.
pub async fn blobs_survive<F: Future<Output = Arc<dyn Blobs>>>(open: impl Fn() -> F) {
    let before = open().await;
    let key = before.put("stay".into()).await.expect("stored");
    assert_eq!(open().await.get(&key).await, Ok("stay".into()));
    drop(before);
}

/// A store without room answers `Full` and leaves no part of the blob; what is there stays readable.
pub async fn blobs_full(blobs: Arc<dyn Blobs>, room: usize) {
    let small = blobs.put("small".into()).await.expect("this much fits");
    let large = Bytes::from(vec![1; room]);
    assert!(matches!(blobs.put(large.clone()).await, Err(BlobError::Full { .. })));
    assert!(!blobs.exists(&BlobKey::of(&large)).await.expect("answered"));
    assert_eq!(blobs.get(&small).await, Ok("small".into()));
    blobs.delete(&small).await.expect("deleted");
    blobs.put(large).await.expect("deleting makes room");
}

/// Damage under the store's feet is seen by the hash, never handed out, and repaired by putting again. `damage`
/// changes what the provider keeps under the key.
pub async fn blobs_damaged(blobs: Arc<dyn Blobs>, damage: impl Fn(&BlobKey)) {
    let key = blobs.put("precious".into()).await.expect("stored");
    damage(&key);
    assert_eq!(blobs.get(&key).await, Err(BlobError::Corrupt { key }));
    assert_eq!(blobs.put("precious".into()).await, Ok(key));
    assert_eq!(blobs.get(&key).await, Ok("precious".into()));
}
