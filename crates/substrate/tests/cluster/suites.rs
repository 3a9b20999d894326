//! The suites of the traits, on every cluster provider.

use crate::kit::{NatsCluster, NatsServer, connect};
use std::sync::Arc;
use substrate::nats::{NatsError, NatsSettings};
use substrate::{Kv, Log, LogName, conformance};
use world::World;

async fn kv(world: &World, settings: NatsSettings) -> Arc<dyn Kv> {
    Arc::new(connect(world, settings).await.kv().await.expect("opens"))
}

async fn log(world: &World, settings: NatsSettings) -> Arc<dyn Log> {
    let name = LogName::new("journal-0").expect("a name");
    Arc::new(connect(world, settings).await.log(&name).await.expect("opens"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_nats_server_passes_the_kv_and_log_suites() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    conformance::kv(kv(&world, server.settings("suite")).await).await;
    conformance::log(&world, log(&world, server.settings("suite")).await).await;
    conformance::kv_survives(|| kv(&world, server.settings("survives"))).await;
    conformance::log_survives(|| log(&world, server.settings("survives"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nats_servers_pass_the_kv_and_log_suites() {
    let world = World::real();
    let Some(cluster) = NatsCluster::start(&world).await else { return };
    conformance::kv(kv(&world, cluster.settings("suite")).await).await;
    conformance::log(&world, log(&world, cluster.settings("suite")).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_streams_of_nats_refuse_whole_writes_and_still_read() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let small = NatsSettings { kv_bytes_max: 1 << 20, log_bytes_max: 1 << 20, ..server.settings("small") };
    conformance::kv_full(kv(&world, small.clone()).await).await;
    conformance::log_full(log(&world, small).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_as_durable_as_asked_for_is_refused() {
    let world = World::real();
    let Some(cluster) = NatsCluster::start(&world).await else { return };
    let one = NatsSettings { replicas: 1, ..cluster.settings("shared") };
    kv(&world, one).await;
    let refused = connect(&world, cluster.settings("shared")).await.kv().await.err();
    let Some(NatsError::Unfit { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("num_replicas 1 where 3 is wanted"), "{reason}");
}

#[tokio::test]
async fn a_server_that_demands_tls_and_one_that_is_no_nats_are_refused_in_words() {
    let world = World::real();
    for (greeting, words) in [
        ("INFO {\"server_id\":\"x\",\"tls_required\":true}\r\n", "demands TLS"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "no NATS server"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("accepted");
            std::io::Write::write_all(&mut stream, greeting.as_bytes()).expect("written");
        });
        let refused =
            substrate::nats::Nats::connect(&world, crate::kit::settings(&[address], "x")).await.err();
        assert!(refused.as_ref().is_some_and(|it| it.to_string().contains(words)), "{refused:?}");
        answering.join().expect("ended");
    }
    let tls =
        NatsSettings::new(vec!["tls://u:secret@127.0.0.1:4222".into()], LogName::new("x").expect("a name"));
    let refused = substrate::nats::Nats::connect(&world, tls).await.err().expect("refused").to_string();
    assert!(refused.contains("TLS is not spoken") && !refused.contains("secret"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_finds_a_server_that_syncs_now_and_then_and_streams_that_are_as_they_must_be() {
    let world = World::real();
    let Some(server) = NatsServer::start(&world, None, "").await else { return };
    let settings = server.settings("checked");
    kv(&world, settings.clone()).await;
    let monitor = [server.monitor.to_string()];
    let good = substrate::nats::check::look(&world, settings.clone(), &monitor).await;
    assert!(good.iter().all(|finding| finding.good), "{good:#?}");
    assert!(good.iter().any(|finding| finding.what == "stream checked_kv"), "{good:#?}");
    let blind = substrate::nats::check::look(&world, settings, &[]).await;
    let unseen: Vec<_> = blind.iter().filter(|finding| !finding.good).map(|it| it.what.as_str()).collect();
    assert_eq!(unseen, ["sync_interval"], "what can not be seen is said");

    let Some(lazy) = NatsServer::start_lazy(&world).await else { return };
    let monitor = [lazy.monitor.to_string()];
    let bad = substrate::nats::check::look(&world, lazy.settings("checked"), &monitor).await;
    let bad: Vec<_> = bad.iter().filter(|finding| !finding.good).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    assert_eq!(bad[0].found, "every 120 s");
}
