//! Lists of `NatsKv`, of which any replica answers the bulk: as whole and as new as reads from the leader.

use crate::kit::{NatsCluster, NatsServer, connect, settings};
use crate::proxy::Proxy;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use substrate::nats::{NatsKv, NatsSettings};
use substrate::{Expected, Key, Kv, KvError, Write};
use world::World;

fn key(text: &str) -> Key {
    Key::of(&text.split('/').collect::<Vec<_>>()).expect("a valid key")
}

fn name(number: usize) -> Key {
    key(&format!("listed/{number:04}"))
}

async fn fill(kv: &NatsKv, numbers: std::ops::Range<usize>, bytes: usize) {
    let numbers: Vec<_> = numbers.collect();
    for numbers in numbers.chunks(100) {
        let value = Bytes::from(vec![7; bytes]);
        let put = |number: &usize| Write::Put {
            key: name(*number),
            value: value.clone(),
            expected: Expected::Absent,
        };
        kv.write(numbers.iter().map(put).collect()).await.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_through_any_server_of_three_has_what_was_answered_before() {
    let world = World::real();
    let Some(cluster) = NatsCluster::start(&world).await else { return };
    let settings = cluster.settings("lists");
    let mut kvs = Vec::new();
    for server in &cluster.servers {
        // Each by a connection to one server alone: its own replica answers it.
        let one = NatsSettings { servers: vec![format!("nats://{}", server.address)], ..settings.clone() };
        kvs.push(connect(&world, one).await.kv().await.expect("opens"));
    }
    for round in 0..60_usize {
        let at = kvs[round % 3]
            .put(name(round), round.to_string().into(), Expected::Absent)
            .await
            .expect("written");
        let first = kvs[(round + 1) % 3].put(name(0), round.to_string().into(), Expected::Any).await;
        let first = first.expect("written");
        for kv in &kvs {
            let page = kv.list(&key("listed"), None, 1_000).await.expect("listed");
            assert_eq!(page.entries.len(), round + 1, "none is missing, also where a replica lags");
            assert_eq!(page.entries[0].revision, first, "nor older than what was answered");
            assert!(round == 0 || page.entries[round].revision == at);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_line_is_cut_in_the_middle_is_whole_or_an_error() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let proxy = Proxy::to(server.address);
    let through = NatsSettings { try_max: Duration::from_secs(1), ..settings(&[proxy.address], "cutlist") };
    let kv = connect(&world, through).await.kv().await.expect("opens");
    fill(&kv, 0..600, 2_000).await;
    let listing = async {
        for _ in 0..20 {
            let page =
                kv.list(&key("listed"), None, 1_000).await.expect("it is asked again until it is whole");
            let keys: BTreeSet<_> = page.entries.iter().map(|entry| entry.key.clone()).collect();
            assert_eq!((page.entries.len(), keys.len(), page.more), (600, 600, false));
        }
    };
    let cutting = async {
        for _ in 0..10 {
            world.clock.sleep(Duration::from_millis(40)).await;
            proxy.cut();
        }
    };
    tokio::join!(listing, cutting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_more_than_one_answer_has_room_for_is_whole() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let kv = connect(&world, server.settings("large")).await.kv().await.expect("opens");
    // 12 MB: three answers and more.
    fill(&kv, 0..60, 200_000).await;
    let page = kv.list(&key("listed"), None, 59).await.expect("listed");
    assert_eq!((page.entries.len(), page.more), (59, true));
    assert!(page.entries.iter().all(|entry| entry.value.len() == 200_000));
    assert!(page.entries.windows(2).all(|pair| pair[0].key < pair[1].key), "in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_an_older_version_without_direct_reads_is_taken_and_listed_all_the_same() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let kv = connect(&world, server.settings("older")).await.kv().await.expect("opens");
    fill(&kv, 0..50, 10).await;
    without_direct_reads(server.address, "older_kv").await;
    let kv = connect(&world, server.settings("older")).await.kv().await.expect("it is no other stream");
    let page = kv.list(&key("listed"), None, 1_000).await.expect("listed");
    assert_eq!((page.entries.len(), page.more), (50, false), "by the leader, one by one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_server_that_is_gone_is_an_error_in_its_time() {
    let world = World::real();
    let Some(mut server) = NatsServer::start(&world, None, "").await else { return };
    let brief = NatsSettings {
        try_max: Duration::from_millis(300),
        patience: Duration::from_secs(1),
        ..server.settings("gone")
    };
    let kv = connect(&world, brief).await.kv().await.expect("opens");
    fill(&kv, 0..10, 10).await;
    server.kill();
    let listed = kv.list(&key("listed"), None, 10).await;
    assert!(matches!(listed, Err(KvError::Unavailable { .. })), "{listed:?}");
}

/// As a stream was made before lists were read in one request.
async fn without_direct_reads(server: SocketAddr, stream: &str) {
    let client = async_nats::connect(format!("nats://{server}")).await.expect("connects");
    let ask = async |operation: &str, body: serde_json::Value| {
        let asked = client.request(format!("$JS.API.{operation}.{stream}"), body.to_string().into()).await;
        serde_json::from_slice::<serde_json::Value>(&asked.expect("answered").payload).expect("JSON")
    };
    let mut configuration = ask("STREAM.INFO", serde_json::json!({})).await["config"].take();
    configuration["allow_direct"] = false.into();
    let changed = ask("STREAM.UPDATE", configuration).await;
    assert_eq!(changed["error"], serde_json::Value::Null, "{changed}");
}
