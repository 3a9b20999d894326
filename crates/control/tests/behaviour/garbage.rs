use crate::kit::*;
use crate::shared_kit::*;
use control::{CollectError, Collected, Collector};
use fabric::control::Control as _;
use std::sync::Arc;
use std::time::Duration;
use substrate::{BlobKey, Blobs, Expected, Key, Kv as _};
use testkit::clock::SetClock;
use tokio::sync::Semaphore;
use world::World;

const MINUTE: Duration = Duration::from_secs(60);
const NOTHING: Collected = Collected { code: 0, versions: 0 };

/// A world whose clock stands still until it is moved, and in which one waits as in the real one.
fn moved() -> (World, Arc<SetClock>) {
    let world = World::real();
    let clock = Arc::new(SetClock::sleeping_on(Arc::clone(&world.clock)));
    (World { clock: clock.clone(), ..world }, clock)
}

async fn stored(blobs: &dyn Blobs, text: &str) -> bool {
    blobs.exists(&BlobKey::of(&zip_of(text))).await.expect("answered")
}

async fn version_records(cluster: &Cluster) -> Vec<Key> {
    let page = cluster.kv.list(&Key::of(&["version"]).expect("valid"), None, 100).await.expect("listed");
    page.entries.into_iter().map(|entry| entry.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_record_names_at_two_passes_an_hour_apart_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 2).await;
    let [one, other] = &cluster.controls[..] else { panic!("two") };
    one.create("f", "published").await;
    one.publish("f").await;
    other.update("f", "latest").await;
    one.create("g", "deleted").await;
    other.control.delete_function(named("g")).await.expect("deleted");
    cluster.blobs.put(zip_of("never named").into()).await.expect("stored");
    cluster.blobs.put(zip_of("named in time").into()).await.expect("stored");

    let (world, clock) = moved();
    let mut collector = Collector::new(world, cluster.kv.clone(), cluster.blobs.clone());
    assert_eq!(collector.pass().await, Ok(NOTHING));
    clock.advance(59 * MINUTE);
    assert_eq!(collector.pass().await, Ok(NOTHING), "less than an hour");
    one.create("h", "named in time").await;
    other.control.delete_function(qualified("f", "1")).await.expect("deleted");
    clock.advance(MINUTE);
    assert_eq!(collector.pass().await, Ok(Collected { code: 2, versions: 0 }));
    for (text, there) in [
        ("published", true),
        ("latest", true),
        ("named in time", true),
        ("deleted", false),
        ("never named", false),
    ] {
        assert_eq!(stored(cluster.blobs.as_ref(), text).await, there, "{text}");
    }
    // Unnamed since the third pass, but named again at the fourth: the hour begins anew.
    one.create("i", "published").await;
    clock.advance(60 * MINUTE);
    assert_eq!(collector.pass().await, Ok(NOTHING));
    one.control.delete_function(named("i")).await.expect("deleted");
    assert_eq!(collector.pass().await, Ok(NOTHING));
    clock.advance(60 * MINUTE);
    assert_eq!(collector.pass().await, Ok(Collected { code: 1, versions: 0 }));
    let dooms = cluster.kv.list(&Key::of(&["doom"]).expect("valid"), None, 10).await.expect("listed");
    assert!(dooms.entries.is_empty());
    assert!(stored(cluster.blobs.as_ref(), "latest").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_code_is_removed_by_no_process_for_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 1).await;
    let kit = &cluster.controls[0];
    kit.create("f", "one").await;
    kit.update("f", "two").await;
    kit.control.delete_function(named("f")).await.expect("deleted");
    cluster.blobs.put(zip_of("never named").into()).await.expect("stored");
    let late = open_over(World::real(), cluster.kv.clone(), cluster.blobs.clone(), shared()).await;
    late.create("g", "three").await;
    late.stored_is(&["one", "two", "three", "never named"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_deleted_function_are_removed_and_those_of_its_namesake_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 1).await;
    let kit = &cluster.controls[0];
    kit.create("f", "one").await;
    kit.publish("f").await;
    let [orphan] = &version_records(&cluster).await[..] else { panic!("one") };
    let record = cluster.kv.inner.get(orphan).await.expect("read").expect("there").value;
    kit.control.delete_function(named("f")).await.expect("deleted");
    assert_eq!(version_records(&cluster).await, []);
    // As if it had been killed before it swept them.
    cluster.kv.put(orphan.clone(), record, Expected::Absent).await.expect("written");
    kit.create("f", "two").await;
    kit.publish("f").await;

    let (world, clock) = moved();
    let mut collector = Collector::new(world, cluster.kv.clone(), cluster.blobs.clone());
    assert_eq!(collector.pass().await, Ok(NOTHING));
    clock.advance(60 * MINUTE);
    assert_eq!(collector.pass().await, Ok(Collected { code: 1, versions: 1 }));
    let [left] = &version_records(&cluster).await[..] else { panic!("one") };
    assert_ne!(left, orphan);
    let late = open_over(World::real(), cluster.kv.clone(), cluster.blobs.clone(), shared()).await;
    assert_eq!(late.get(qualified("f", "2")).await.expect("there").code_digest, digest_of("two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_any_record_can_not_be_read_nothing_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = cluster(folder.path(), World::real(), false, 1).await;
    cluster.controls[0].create("f", "one").await;
    cluster.blobs.put(zip_of("never named").into()).await.expect("stored");
    let (world, clock) = moved();
    let mut collector = Collector::new(world, cluster.kv.clone(), cluster.blobs.clone());
    for (prefix, rest) in [("function", "x"), ("version", "x"), ("version", "f/00000000000000000001/1")] {
        let key = Key::from_stored(format!("{prefix}/000000000000/eu-central-1/{rest}")).expect("valid");
        cluster.kv.put(key.clone(), r#"{"format":99}"#.into(), Expected::Absent).await.expect("written");
        for _ in 0..3 {
            assert!(matches!(collector.pass().await, Err(CollectError::Unreadable { .. })));
            clock.advance(61 * MINUTE);
        }
        cluster.kv.delete(key, Expected::Any).await.expect("deleted");
    }
    assert!(stored(cluster.blobs.as_ref(), "never named").await);
    assert_eq!(collector.pass().await, Ok(NOTHING));
    clock.advance(61 * MINUTE);
    assert_eq!(collector.pass().await, Ok(Collected { code: 1, versions: 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_uploaded_while_the_same_bytes_are_collected_is_there_when_the_upload_is_answered() {
    for update in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = cluster(folder.path(), World::real(), false, 1).await;
        let kit = &cluster.controls[0];
        kit.create("f", "one").await;
        kit.create("keeps", "one").await;
        cluster.blobs.put(zip_of("again").into()).await.expect("stored");
        let gated = Arc::new(Gated {
            inner: cluster.blobs.clone(),
            waiting: Semaphore::new(0),
            permits: Semaphore::new(0),
        });
        let (world, clock) = moved();
        let mut collector = Collector::new(world, cluster.kv.clone(), gated.clone());
        assert_eq!(collector.pass().await, Ok(NOTHING));
        clock.advance(60 * MINUTE);
        let upload = async {
            // All records are read, and the removal is decided.
            gated.waiting.acquire().await.expect("open").forget();
            let uploaded = async {
                match update {
                    true => kit.update("f", "again").await,
                    false => kit.create("g", "again").await,
                }
            };
            let freed = async {
                let recorded = async || {
                    let page = cluster.kv.list(&Key::of(&["function"]).expect("valid"), None, 10).await;
                    let digest = digest_of("again");
                    page.expect("listed")
                        .entries
                        .iter()
                        .any(|entry| String::from_utf8_lossy(&entry.value).contains(digest.as_str()))
                };
                eventually("the record is written", recorded).await;
                gated.permits.add_permits(1);
            };
            tokio::join!(uploaded, freed).0
        };
        let (collected, uploaded) = tokio::join!(collector.pass(), upload);
        assert_eq!(collected, Ok(Collected { code: 1, versions: 0 }), "it was removed");
        let code = kit.control.code(uploaded.code_digest).await;
        assert_eq!(code.expect("and put again"), zip_of("again"));
        // A record that is written before the removal is decided keeps it.
        clock.advance(60 * MINUTE);
        assert_eq!(collector.pass().await, Ok(NOTHING));
        clock.advance(60 * MINUTE);
        assert_eq!(collector.pass().await, Ok(NOTHING));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doom_of_a_dead_collector_delays_an_upload_and_no_more_and_the_next_collector_undoes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = hurried();
    let cluster = cluster(folder.path(), world.clone(), false, 1).await;
    let kit = &cluster.controls[0];
    let doom = Key::of(&["doom", &BlobKey::of(&zip_of("one")).hex()]).expect("valid");
    cluster.kv.put(doom.clone(), "{}".into(), Expected::Absent).await.expect("written");
    let begun = world.now();
    kit.create("f", "one").await;
    assert!(world.now().since(begun) >= Duration::from_secs(30));
    kit.control.code(digest_of("one")).await.expect("there");

    let collector = Collector::new(world.clone(), cluster.kv.clone(), cluster.blobs.clone());
    let running = world.spawn("control.collector", collector.run());
    eventually("it is undone", async || cluster.kv.inner.get(&doom).await.expect("read").is_none()).await;
    running.abort();
    kit.control.code(digest_of("one")).await.expect("there");
}
