//! What only many workers and frontends have: order over workers, lines that move while they are read, names of anybody.

use crate::cluster::*;
use crate::kit::*;
use fabric::telemetry::*;
use std::collections::BTreeSet;
use std::time::Duration;
use substrate::{Key, Kv as _};

#[tokio::test]
async fn lines_of_many_workers_are_in_the_order_of_their_times_wherever_they_are() {
    let cluster = Cluster::new().await;
    let workers = [cluster.worker("a").await, cluster.worker("b").await, cluster.worker("c").await];
    let frontend = cluster.frontend(workers.iter().map(|it| it.clone() as _).collect()).await;
    let mut shippers = Vec::new();
    for worker in &workers {
        shippers.push(cluster.shipper(worker).await);
    }
    for at in 0..90u64 {
        let which = at as usize % 3;
        let name = stream(GROUP, &format!("s{which}"));
        workers[which].append(events(name, &[(at, &at.to_string())])).await.unwrap();
        // One ships all the time, one sometimes, one never.
        if which == 0 || (which == 1 && at < 40) {
            shippers[which].drain().await.unwrap();
        }
    }
    let found = search_all(&*frontend, FilterEvents { items_max: 7, ..search(GROUP) }).await;
    let expected: Vec<String> = (0..90).map(|at| at.to_string()).collect();
    assert_eq!(messages(&found), expected);
    let ids: BTreeSet<u64> = found.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 90, "ids differ over all workers");
    let streams = frontend.describe_streams(list_streams(GROUP)).await.unwrap().streams;
    let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["s0", "s1", "s2"]);
    assert_eq!(streams[1].last_event_ms, Some(T0 + 88));
}

#[tokio::test]
async fn pages_go_on_while_their_lines_are_shipped_merged_and_cleared_away() {
    for from_head in [true, false] {
        let cluster = Cluster::new().await;
        let worker = cluster.worker("w").await;
        let frontend = cluster.frontend(vec![worker.clone()]).await;
        let shipper = cluster.shipper(&worker).await;
        for at in 0..60u64 {
            worker.append(events(stream(GROUP, "a"), &[(at / 3, &at.to_string())])).await.unwrap();
            if at % 7 == 0 && at < 30 {
                shipper.drain().await.unwrap();
            }
        }
        let mut query = GetEvents { from_head, items_max: 5, ..get(stream(GROUP, "a")) };
        let mut pages = Vec::new();
        for round in 0..20 {
            let page = frontend.get_events(query.clone()).await.unwrap();
            query.next = Some(if from_head { page.forward } else { page.backward });
            pages.push(page.events);
            match round {
                2 => shipper.drain().await.unwrap(),
                4 => shipper.merge().await.unwrap(),
                6 => {
                    frontend.tidy().await.unwrap();
                    cluster.clock.advance(Duration::from_secs(601));
                    frontend.tidy().await.unwrap();
                }
                _ => {}
            }
        }
        if !from_head {
            pages.reverse();
        }
        let expected: Vec<String> = (0..60).map(|at| at.to_string()).collect();
        assert_eq!(messages(&pages.concat()), expected);
    }
}

#[tokio::test]
async fn many_small_sections_become_one_and_hold_the_same() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let frontend = cluster.frontend(Vec::new()).await;
    let shipper = cluster.shipper(&worker).await;
    for at in 0..50u64 {
        for name in ["/one", "/other"] {
            worker.append(events(stream(name, "a"), &[(at, &at.to_string())])).await.unwrap();
        }
        shipper.drain().await.unwrap();
    }
    assert!(cluster.blocks().await.len() >= 50);
    let before = search_all(&*frontend, search("/one")).await;
    let groups = frontend.describe_groups(list_groups()).await.unwrap();
    shipper.merge().await.unwrap();
    assert_eq!(cluster.entries("block").await, 2);
    assert_eq!(search_all(&*frontend, search("/one")).await, before);
    assert_eq!(frontend.describe_groups(list_groups()).await.unwrap(), groups);
    frontend.tidy().await.unwrap();
    cluster.clock.advance(Duration::from_secs(601));
    frontend.tidy().await.unwrap();
    assert_eq!(cluster.blocks().await.len(), 2, "a block for each group");
    assert_eq!(search_all(&*frontend, search("/one")).await, before);
}

#[tokio::test]
async fn names_of_any_letters_and_length_are_different_groups() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let frontend = cluster.frontend(Vec::new()).await;
    let long = "ü".repeat(256);
    let names =
        ["/", "..", "../../logs", "logs.>", "*", "a b", "\u{0}", "=2F", "a/b", &long, &"x".repeat(512)];
    for name in names {
        worker.append(events(stream(name, name), &[(1, name)])).await.unwrap();
    }
    cluster.shipper(&worker).await.drain().await.unwrap();
    for name in names {
        let found = frontend.get_events(get(stream(name, name))).await.unwrap().events;
        assert_eq!(messages(&found), [name]);
        let streams = frontend.describe_streams(list_streams(name)).await.unwrap().streams;
        assert_eq!(streams.len(), 1);
    }
    let groups = frontend.describe_groups(list_groups()).await.unwrap().groups;
    assert_eq!(groups.len(), names.len());
    for bad in ["", &"x".repeat(513)] {
        let create = CreateGroup { name: group(bad), tags: Default::default() };
        assert!(matches!(frontend.create_group(create).await, Err(TelemetryError::TooMany { .. })));
        let create = stream("/", bad);
        assert!(matches!(frontend.create_stream(create).await, Err(TelemetryError::TooMany { .. })));
    }
}

/// `PutLogEvents` takes the times that its caller says.
#[tokio::test]
async fn events_with_times_far_apart_fill_no_index_and_are_found_in_order() {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let frontend = cluster.frontend(Vec::new()).await;
    let texts: Vec<String> = (0..300u64).map(|at| at.to_string()).collect();
    let lines: Vec<(u64, &str)> = (0u64..).zip(&texts).map(|(at, text)| (at * DAY, text.as_str())).collect();
    worker.append(events(stream(GROUP, "a"), &lines)).await.unwrap();
    cluster.shipper(&worker).await.drain().await.unwrap();
    assert_eq!((cluster.entries("block").await, cluster.entries("wide").await), (15, 1));
    let found = search_all(&*frontend, FilterEvents { items_max: 11, ..search(GROUP) }).await;
    assert_eq!(messages(&found), texts);
    let range = FilterEvents { start_ms: Some(T0 + 7 * DAY), end_ms: Some(T0 + 200 * DAY), ..search(GROUP) };
    assert_eq!(messages(&search_all(&*frontend, range).await), texts[7..=200]);
    let last = GetEvents { from_head: false, items_max: 3, ..get(stream(GROUP, "a")) };
    assert_eq!(messages(&frontend.get_events(last).await.unwrap().events), texts[297..]);
}

#[tokio::test]
async fn lines_that_were_on_their_way_when_their_group_or_stream_was_deleted_do_not_come_back() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    // The worker can not be reached by the one that deletes.
    let frontend = cluster.frontend(Vec::new()).await;
    let shipper = cluster.shipper(&worker).await;
    for name in ["/group", "/stream"] {
        worker.append(events(stream(name, "a"), &[(1, "shipped")])).await.unwrap();
        worker.append(events(stream(name, "b"), &[(1, "of another")])).await.unwrap();
    }
    shipper.drain().await.unwrap();
    for name in ["/group", "/stream"] {
        worker.append(events(stream(name, "a"), &[(2, "on its way")])).await.unwrap();
    }
    cluster.clock.advance(Duration::from_millis(10));
    frontend.delete_group(group("/group")).await.unwrap();
    frontend.delete_stream(stream("/stream", "a")).await.unwrap();
    assert_eq!(frontend.delete_group(group("/group")).await, Err(TelemetryError::NoGroup));
    assert_eq!(frontend.delete_stream(stream("/stream", "a")).await, Err(TelemetryError::NoStream));
    cluster.clock.advance(Duration::from_millis(10));
    for name in ["/group", "/stream"] {
        worker.append(events(stream(name, "a"), &[(30, "new")])).await.unwrap();
    }
    shipper.drain().await.unwrap();
    assert_eq!(messages(&search_all(&*frontend, search("/group")).await), ["new"]);
    assert_eq!(messages(&search_all(&*frontend, search("/stream")).await), ["of another", "new"]);
    frontend.tidy().await.unwrap();
    assert_eq!(messages(&search_all(&*frontend, search("/group")).await), ["new"]);
}

#[tokio::test]
async fn a_waterfall_is_found_on_its_worker_and_after_it_is_gone() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    let near = cluster.frontend(vec![worker.clone()]).await;
    let far = cluster.frontend(Vec::new()).await;
    for at in 1..=3 {
        worker.put_trace(trace(at)).await.unwrap();
    }
    assert_eq!(near.get_trace(trace_query(2)).await.unwrap(), Some(trace(2)));
    assert_eq!(far.get_trace(trace_query(2)).await.unwrap(), None);
    cluster.shipper(&worker).await.drain().await.unwrap();
    assert_eq!(far.get_trace(trace_query(2)).await.unwrap(), Some(trace(2)));
    let mut foreign = trace_query(2);
    foreign.scope.account = types::AccountId::new("111111111111");
    assert_eq!(far.get_trace(foreign).await.unwrap(), None);
    // A frontend's own go the same way.
    far.put_trace(trace(9)).await.unwrap();
    assert_eq!(far.get_trace(trace_query(9)).await.unwrap(), Some(trace(9)));
}

#[tokio::test]
async fn what_is_shipped_names_no_group_in_its_keys() {
    let cluster = Cluster::new().await;
    let worker = cluster.worker("w").await;
    worker.append(events(stream("/secret/name", "a"), &[(1, "x")])).await.unwrap();
    cluster.shipper(&worker).await.drain().await.unwrap();
    let page = cluster.kv.list(&Key::of(&["logs"]).unwrap(), None, 100).await.unwrap();
    assert!(!page.entries.is_empty());
    assert!(page.entries.iter().all(|entry| !entry.key.as_str().contains("secret")));
}
