use crate::kit::*;
use fabric::telemetry::*;
use std::collections::BTreeMap;

#[tokio::test]
async fn an_append_makes_group_and_stream_and_their_numbers_are_true() {
    for kit in Kit::all().await {
        kit.clock.set_ms(T0 + 500);
        kit.store.append(events(stream(GROUP, "a"), &[(20, "two\n"), (10, "one\n")])).await.unwrap();
        kit.store.append(events(stream(GROUP, "b"), &[(30, "größe")])).await.unwrap();
        let groups = kit.store.describe_groups(list_groups()).await.unwrap().groups;
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].stored_bytes, 4 + 4 + 7 + 3 * 26);
        assert_eq!((groups[0].created_ms, groups[0].retention_days), (T0 + 500, None));
        let streams = kit.store.describe_streams(list_streams(GROUP)).await.unwrap().streams;
        assert_eq!(streams.len(), 2);
        assert_eq!(streams[0].name, "a");
        assert_eq!((streams[0].first_event_ms, streams[0].last_event_ms), (Some(T0 + 10), Some(T0 + 20)));
        assert_eq!(streams[0].last_ingestion_ms, Some(T0 + 500));
        let page = kit.store.get_events(get(stream(GROUP, "a"))).await.unwrap();
        assert_eq!(messages(&page.events), ["one\n", "two\n"]);
        assert_eq!(page.events[0].ingestion_ms, T0 + 500);
    }
}

#[tokio::test]
async fn equal_timestamps_keep_the_order_of_arrival_and_ids_rise() {
    for kit in Kit::all().await {
        for name in ["a", "b", "a", "b"] {
            let batch: Vec<(u64, String)> = (0..50).map(|at| (7, format!("{name}{at}"))).collect();
            let batch: Vec<(u64, &str)> = batch.iter().map(|(ms, text)| (*ms, text.as_str())).collect();
            kit.store.append(events(stream(GROUP, name), &batch)).await.unwrap();
        }
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(found.len(), 200);
        assert!(found.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert_eq!((found[0].message.as_str(), found[199].message.as_str()), ("a0", "b49"));
    }
}

#[tokio::test]
async fn scopes_do_not_see_each_other() {
    for kit in Kit::all().await {
        kit.store.append(events(stream(GROUP, "a"), &[(1, "mine")])).await.unwrap();
        let mut other = group(GROUP);
        other.scope.account = types::AccountId::new("111111111111");
        let theirs = FilterEvents { name: other.clone(), ..search(GROUP) };
        assert_eq!(kit.store.filter_events(theirs).await, Err(TelemetryError::NoGroup));
        assert_eq!(kit.store.delete_group(other.clone()).await, Err(TelemetryError::NoGroup));
        let query = DescribeGroups { scope: other.scope, ..list_groups() };
        assert_eq!(kit.store.describe_groups(query).await.unwrap().groups, []);
    }
}

#[tokio::test]
async fn missing_and_existing_names_are_told_apart() {
    for kit in Kit::all().await {
        let store = &kit.store;
        let create = CreateGroup { name: group(GROUP), tags: BTreeMap::new() };
        assert_eq!(store.create_stream(stream(GROUP, "a")).await, Err(TelemetryError::NoGroup));
        assert_eq!(store.create_group(create.clone()).await, Ok(()));
        assert_eq!(store.create_group(create.clone()).await, Err(TelemetryError::Exists));
        assert_eq!(store.create_stream(stream(GROUP, "a")).await, Ok(()));
        assert_eq!(store.create_stream(stream(GROUP, "a")).await, Err(TelemetryError::Exists));
        assert_eq!(store.delete_stream(stream(GROUP, "b")).await, Err(TelemetryError::NoStream));
        assert_eq!(store.get_events(get(stream(GROUP, "b"))).await, Err(TelemetryError::NoStream));
        let named = FilterEvents { streams: vec!["b".to_owned()], ..search(GROUP) };
        assert_eq!(store.filter_events(named).await, Err(TelemetryError::NoStream));
        assert_eq!(store.delete_group(group(GROUP)).await, Ok(()));
        assert_eq!(store.delete_group(group(GROUP)).await, Err(TelemetryError::NoGroup));
        assert_eq!(store.create_group(create).await, Ok(()));
        assert_eq!(store.describe_streams(list_streams(GROUP)).await.unwrap().streams, []);
    }
}

#[tokio::test]
async fn a_name_that_was_deleted_starts_empty_and_its_old_events_are_cleared_away() {
    for kit in Kit::all().await {
        let lines: Vec<(u64, &str)> = (0..3_000).map(|at| (at, "old")).collect();
        kit.store.append(events(stream(GROUP, "a"), &lines)).await.unwrap();
        kit.store.append(events(stream(GROUP, "b"), &[(5_000, "kept")])).await.unwrap();
        kit.store.delete_stream(stream(GROUP, "a")).await.unwrap();
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(messages(&found), ["kept"]);
        let groups = kit.store.describe_groups(list_groups()).await.unwrap().groups;
        assert_eq!(groups[0].stored_bytes, 4 + 26);
        kit.store.append(events(stream(GROUP, "a"), &[(6_000, "new")])).await.unwrap();
        kit.tidy().await;
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(messages(&found), ["kept", "new"]);
        let groups = kit.store.describe_groups(list_groups()).await.unwrap().groups;
        assert_eq!(groups[0].stored_bytes, 4 + 26 + 3 + 26);
        kit.store.delete_group(group(GROUP)).await.unwrap();
        kit.store.append(events(stream(GROUP, "a"), &[(7_000, "fresh")])).await.unwrap();
        kit.tidy().await;
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(messages(&found), ["fresh"]);
    }
}

#[tokio::test]
async fn tags_are_set_removed_and_at_most_fifty() {
    for kit in Kit::all().await {
        let tags = |range: std::ops::Range<u32>| {
            range.map(|at| (format!("k{at}"), "v".to_owned())).collect::<BTreeMap<_, _>>()
        };
        let create = CreateGroup { name: group(GROUP), tags: tags(0..50) };
        kit.store.create_group(create).await.unwrap();
        let swap = TagGroup { name: group(GROUP), set: tags(50..51), remove: vec!["k0".to_owned()] };
        kit.store.tag_group(swap).await.unwrap();
        let more = TagGroup { name: group(GROUP), set: tags(51..52), remove: Vec::new() };
        assert!(matches!(kit.store.tag_group(more).await, Err(TelemetryError::TooMany { .. })));
        let kept = kit.store.group_tags(group(GROUP)).await.unwrap();
        assert_eq!(kept, tags(1..51));
        assert_eq!(kit.store.group_tags(group("none")).await, Err(TelemetryError::NoGroup));
    }
}

#[tokio::test]
async fn the_two_ends_of_a_time_range_are_cloudwatchs() {
    for kit in Kit::all().await {
        let name = stream(GROUP, "a");
        kit.store.append(events(name.clone(), &[(1, "1"), (2, "2"), (3, "3"), (4, "4")])).await.unwrap();
        let range = GetEvents { start_ms: Some(T0 + 2), end_ms: Some(T0 + 4), ..get(name) };
        assert_eq!(messages(&kit.store.get_events(range).await.unwrap().events), ["2", "3"]);
        let range = FilterEvents { start_ms: Some(T0 + 2), end_ms: Some(T0 + 4), ..search(GROUP) };
        assert_eq!(messages(&kit.store.filter_events(range).await.unwrap().events), ["2", "3", "4"]);
    }
}

#[tokio::test]
async fn a_search_picks_by_streams_prefix_and_pattern() {
    for kit in Kit::all().await {
        for (at, name) in ["2026/[1]a", "2026/[1]b", "2027/[1]c"].into_iter().enumerate() {
            let lines = [(at as u64, format!("START {name}")), (10 + at as u64, format!("ERROR {name}"))];
            let lines: Vec<(u64, &str)> = lines.iter().map(|(ms, text)| (*ms, text.as_str())).collect();
            kit.store.append(events(stream(GROUP, name), &lines)).await.unwrap();
        }
        let find = async |query: FilterEvents| {
            let found = kit.store.filter_events(query).await.unwrap();
            found.events.into_iter().map(|event| event.message).collect::<Vec<_>>()
        };
        let errors = FilterEvents { pattern: Some("ERROR".to_owned()), ..search(GROUP) };
        assert_eq!(find(errors).await, ["ERROR 2026/[1]a", "ERROR 2026/[1]b", "ERROR 2027/[1]c"]);
        let prefix = FilterEvents { stream_prefix: Some("2027".to_owned()), ..search(GROUP) };
        assert_eq!(find(prefix).await, ["START 2027/[1]c", "ERROR 2027/[1]c"]);
        let one = FilterEvents { streams: vec!["2026/[1]b".to_owned()], ..search(GROUP) };
        assert_eq!(find(one).await, ["START 2026/[1]b", "ERROR 2026/[1]b"]);
        let two = FilterEvents {
            streams: vec!["2026/[1]a".to_owned(), "2027/[1]c".to_owned()],
            pattern: Some("START".to_owned()),
            ..search(GROUP)
        };
        assert_eq!(find(two).await, ["START 2026/[1]a", "START 2027/[1]c"]);
        let broken = FilterEvents { pattern: Some("[a, b]".to_owned()), ..search(GROUP) };
        assert!(matches!(kit.store.filter_events(broken).await, Err(TelemetryError::BadPattern { .. })));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_at_once_lose_nothing_and_keep_their_own_order() {
    for kit in Kit::all().await {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..50 {
            let store = kit.store.clone();
            writers.spawn(async move {
                for at in 0..40 {
                    let line = format!("{writer}:{at}");
                    let name = stream(GROUP, &format!("s{writer}"));
                    store.append(events(name, &[(1, &line)])).await.unwrap();
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let found = kit.store.filter_events(search(GROUP)).await.unwrap().events;
        assert_eq!(found.len(), 2_000);
        for writer in 0..50 {
            let name = format!("s{writer}");
            let own: Vec<&str> = found
                .iter()
                .filter(|event| event.stream == name)
                .map(|event| event.message.as_str())
                .collect();
            assert_eq!(own, (0..40).map(|at| format!("{writer}:{at}")).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn an_event_too_long_is_cut_between_characters() {
    for kit in Kit::all().await {
        let long = "ä".repeat(types::limits::LOG_EVENT_BYTES_MAX / 2 + 9);
        kit.store.append(events(stream(GROUP, "a"), &[(1, &format!("x{long}"))])).await.unwrap();
        let page = kit.store.get_events(get(stream(GROUP, "a"))).await.unwrap();
        assert_eq!(page.events[0].message.len(), types::limits::LOG_EVENT_BYTES_MAX - 1);
    }
}

#[tokio::test]
async fn a_waterfall_reads_back_and_only_the_newest_are_kept() {
    let kit = Kit::with(telemetry::Settings { traces_max: 3, ..Default::default() }).await;
    for at in 1..=5 {
        kit.store.put_trace(trace(at)).await.unwrap();
    }
    for at in 1..=5 {
        let expected = (at > 2).then(|| trace(at));
        assert_eq!(kit.store.get_trace(trace_query(at)).await.unwrap(), expected, "trace {at}");
    }
}
