use crate::kit::*;
use fabric::telemetry::*;
use proptest::prelude::*;

/// Reads a stream in one direction until the token stays the same.
async fn walk(kit: &Kit, from_head: bool, items_max: usize, expected: usize) -> Vec<StoredEvent> {
    let mut pages = Vec::new();
    let mut query = GetEvents { from_head, items_max, ..get(stream(GROUP, "a")) };
    for _ in 0..expected + 2 {
        let page = kit.store.get_events(query.clone()).await.unwrap();
        assert!(page.events.len() <= items_max);
        let token = if from_head { page.forward } else { page.backward };
        let end = query.next.as_ref() == Some(&token);
        assert_eq!(
            page.events.is_empty() && query.next.is_some(),
            end,
            "only an empty page repeats its token"
        );
        pages.push(page.events);
        if end {
            if !from_head {
                pages.reverse();
            }
            return pages.concat();
        }
        query.next = Some(token);
    }
    panic!("the token never repeated");
}

/// Each case on another kind: all of them on each would be minutes of opening files.
async fn check_pages(times: Vec<u64>, items_max: usize) {
    let kit = Kit::of(KINDS[(times.len() + items_max) % KINDS.len()]).await;
    kit.store.create_group(CreateGroup { name: group(GROUP), tags: Default::default() }).await.unwrap();
    kit.store.create_stream(stream(GROUP, "a")).await.unwrap();
    for (at, ms) in times.iter().enumerate() {
        kit.store.append(events(stream(GROUP, "a"), &[(*ms, &at.to_string())])).await.unwrap();
    }
    let mut order: Vec<(u64, String)> =
        times.iter().enumerate().map(|(at, ms)| (*ms, at.to_string())).collect();
    order.sort_by_key(|(ms, _)| *ms); // stable: equal times by arrival
    let order: Vec<&str> = order.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(messages(&walk(&kit, true, items_max, times.len()).await), order);
    assert_eq!(messages(&walk(&kit, false, items_max, times.len()).await), order);
    let mut found = Vec::new();
    let mut query = FilterEvents { items_max, ..search(GROUP) };
    loop {
        let page = kit.store.filter_events(query.clone()).await.unwrap();
        found.extend(page.events);
        query.next = page.next;
        if query.next.is_none() {
            break;
        }
    }
    assert_eq!(messages(&found), order);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_event_is_on_exactly_one_page_in_either_direction(
        times in prop::collection::vec(0u64..6, 0..24), items_max in 1usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check_pages(times, items_max));
    }
}

#[tokio::test]
async fn the_last_forward_token_finds_what_comes_later_and_turning_round_finds_all_again() {
    for kit in Kit::all().await {
        let name = stream(GROUP, "a");
        kit.store.append(events(name.clone(), &[(1, "1"), (2, "2"), (3, "3")])).await.unwrap();
        let last = kit.store.get_events(GetEvents { from_head: false, items_max: 2, ..get(name.clone()) });
        let last = last.await.unwrap();
        assert_eq!(messages(&last.events), ["2", "3"]);
        let next = async |token: &str| {
            let query = GetEvents { next: Some(token.to_owned()), ..get(name.clone()) };
            kit.store.get_events(query).await.unwrap()
        };
        let end = next(&last.forward).await;
        assert_eq!((end.events.len(), &end.forward), (0, &last.forward));
        assert_eq!(messages(&next(&end.backward).await.events), ["1", "2", "3"]);
        let start = next(&next(&last.backward).await.backward).await;
        assert_eq!(start.events, []);
        assert_eq!(messages(&next(&start.forward).await.events), ["1", "2", "3"]);
        kit.store.append(events(name.clone(), &[(3, "4"), (9, "5")])).await.unwrap();
        assert_eq!(messages(&next(&last.forward).await.events), ["4", "5"]);
    }
}

#[tokio::test]
async fn an_empty_streams_forward_token_finds_its_first_event() {
    for kit in Kit::all().await {
        let name = stream(GROUP, "a");
        kit.store.append(events(name.clone(), &[])).await.unwrap();
        for from_head in [true, false] {
            let page = kit.store.get_events(GetEvents { from_head, ..get(name.clone()) }).await.unwrap();
            assert_eq!(page.events, []);
            if !from_head {
                kit.store.append(events(name.clone(), &[(5, "first")])).await.unwrap();
                let query = GetEvents { next: Some(page.forward), ..get(name.clone()) };
                assert_eq!(messages(&kit.store.get_events(query).await.unwrap().events), ["first"]);
            }
        }
    }
}

#[tokio::test]
async fn a_search_does_not_chase_what_arrives_while_it_is_paged() {
    for kit in Kit::all().await {
        kit.store.append(events(stream(GROUP, "a"), &[(1, "1"), (2, "2"), (3, "3")])).await.unwrap();
        let first = kit.store.filter_events(FilterEvents { items_max: 2, ..search(GROUP) }).await.unwrap();
        kit.store.append(events(stream(GROUP, "a"), &[(4, "4")])).await.unwrap();
        let rest = kit.store.filter_events(FilterEvents { next: first.next, ..search(GROUP) }).await.unwrap();
        assert_eq!((messages(&rest.events), &rest.next), (vec!["3"], &None));
    }
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_and_a_search_in_what_it_looks_at() {
    for kit in Kit::all().await {
        let long = "x".repeat(200 * 1024);
        let lines: Vec<(u64, &str)> = (0..12).map(|at| (at, long.as_str())).collect();
        kit.store.append(events(stream(GROUP, "a"), &lines)).await.unwrap();
        for from_head in [true, false] {
            let query = GetEvents { from_head, ..get(stream(GROUP, "a")) };
            assert_eq!(kit.store.get_events(query).await.unwrap().events.len(), 5);
        }
        let page = kit.store.filter_events(search(GROUP)).await.unwrap();
        assert_eq!((page.events.len(), page.next.is_some()), (5, true));
        let lines: Vec<(u64, &str)> = (0..50_001).map(|at| (100 + at, "noise")).collect();
        kit.store.append(events(stream("many", "a"), &lines)).await.unwrap();
        kit.store.append(events(stream("many", "a"), &[(90_000, "needle")])).await.unwrap();
        let mut query = FilterEvents { pattern: Some("needle".to_owned()), ..search("many") };
        // What a worker is asked for on one page is less than what a search may look at.
        for empty in 1..=6 {
            let page = kit.store.filter_events(query.clone()).await.unwrap();
            query.next = page.next;
            if query.next.is_none() {
                assert_eq!(messages(&page.events), ["needle"]);
                assert!(empty > 1, "the first page looked at more than its bound");
                break;
            }
            assert_eq!(page.events, []);
        }
        assert_eq!(query.next, None);
    }
}

#[tokio::test]
async fn groups_and_streams_are_paged_by_name_and_by_last_event() {
    for kit in Kit::all().await {
        for at in 0..7 {
            kit.store.append(events(stream(&format!("/g/{at}"), "s"), &[(1, "x")])).await.unwrap();
            let name = stream("/all", &format!("s{at}"));
            kit.store.append(events(name, &[(if at == 3 { 90 } else { 50 - at }, "x")])).await.unwrap();
        }
        kit.store.create_stream(stream("/all", "empty")).await.unwrap();
        let mut query = DescribeGroups { prefix: Some("/g/".to_owned()), items_max: 3, ..list_groups() };
        let mut names = Vec::new();
        loop {
            let page = kit.store.describe_groups(query.clone()).await.unwrap();
            names.extend(page.groups.into_iter().map(|group| group.name));
            query.next = page.next;
            if query.next.is_none() {
                break;
            }
        }
        assert_eq!(names, ["/g/0", "/g/1", "/g/2", "/g/3", "/g/4", "/g/5", "/g/6"]);
        let pattern = DescribeGroups { pattern: Some("g/3".to_owned()), ..list_groups() };
        assert_eq!(kit.store.describe_groups(pattern).await.unwrap().groups.len(), 1);
        let by_name = ["empty", "s0", "s1", "s2", "s3", "s4", "s5", "s6"];
        let by_time = ["empty", "s6", "s5", "s4", "s2", "s1", "s0", "s3"];
        for (by_last_event, order) in [(false, by_name), (true, by_time)] {
            for descending in [false, true] {
                let mut expected = order.to_vec();
                if descending {
                    expected.reverse();
                }
                let query =
                    DescribeStreams { by_last_event, descending, items_max: 3, ..list_streams("/all") };
                assert_eq!(all_streams(&kit, query).await, expected, "{by_last_event} {descending}");
            }
        }
        let foreign =
            DescribeStreams { next: Some("n/x".to_owned()), by_last_event: true, ..list_streams("/all") };
        assert_eq!(kit.store.describe_streams(foreign).await, Err(TelemetryError::BadToken));
    }
}

async fn all_streams(kit: &Kit, mut query: DescribeStreams) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = kit.store.describe_streams(query.clone()).await.unwrap();
        names.extend(page.streams.into_iter().map(|stream| stream.name));
        query.next = page.next;
        if query.next.is_none() {
            return names;
        }
    }
}
