use crate::kit::*;
use fabric::control::{Control as _, ControlError, CreateFunction, ListFunctions, ListVersions, Page};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn listing(all_versions: bool, marker: Option<String>, items_max: usize) -> ListFunctions {
    ListFunctions { scope: scope(), all_versions, marker, items_max }
}

/// Every page to the end: name and version of each item.
async fn walk(kit: &Kit, all_versions: bool, items_max: usize) -> Vec<String> {
    let (mut items, mut marker) = (Vec::new(), None);
    loop {
        let page =
            kit.control.list_functions(listing(all_versions, marker, items_max)).await.expect("listed");
        assert!(page.functions.len() <= items_max.clamp(1, 50));
        items.extend(names(&page));
        marker = page.next;
        if marker.is_none() {
            return items;
        }
        assert_eq!(page.functions.len(), items_max.clamp(1, 50), "only the last page is short");
    }
}

fn names(page: &Page) -> impl Iterator<Item = String> + '_ {
    page.functions.iter().map(|function| format!("{}:{}", function.arn.function, function.version))
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_ascend_with_latest_first_and_markers_belong_to_their_function() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    kit.create("f", "0").await;
    kit.create("g", "0").await;
    for number in 1..=11 {
        kit.publish("f").await;
        kit.update("f", &number.to_string()).await;
    }
    let list = |function: &str, marker| ListVersions { named: named(function), marker, items_max: 10 };
    let first = kit.control.list_versions(list("f", None)).await.expect("listed");
    let second = kit.control.list_versions(list("f", first.next.clone())).await.expect("listed");
    let found: Vec<String> = names(&first).chain(names(&second)).collect();
    let wanted = std::iter::once("f:$LATEST".to_owned()).chain((1..=11).map(|number| format!("f:{number}")));
    assert_eq!(found, wanted.collect::<Vec<_>>(), "by number, not by text");
    assert_eq!(second.next, None);
    assert_eq!(kit.control.list_versions(list("g", first.next)).await, Err(ControlError::BadMarker));
    for bad in ["", "nonsense", "MTpm", "!", &"A".repeat(10_000)] {
        let refused = kit.control.list_functions(listing(false, Some(bad.into()), 10)).await;
        assert_eq!(refused, Err(ControlError::BadMarker), "{bad}");
    }
    assert!(matches!(kit.control.list_versions(list("h", None)).await, Err(ControlError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_stays_complete_while_functions_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let kit = open(folder.path()).await;
    for name in ["b", "d", "f", "h"] {
        kit.create(name, "code").await;
    }
    let first = kit.control.list_functions(listing(false, None, 2)).await.expect("listed");
    assert_eq!(names(&first).collect::<Vec<_>>(), ["b:$LATEST", "d:$LATEST"]);
    kit.control.delete_function(named("d")).await.expect("deleted");
    for name in ["a", "e"] {
        kit.create(name, "code").await;
    }
    let rest = kit.control.list_functions(listing(false, first.next, 10)).await.expect("listed");
    assert_eq!(names(&rest).collect::<Vec<_>>(), ["e:$LATEST", "f:$LATEST", "h:$LATEST"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_any_size_hold_every_item_once_and_in_order(
        functions in prop::collection::btree_map("[a-zA-Z0-9_-]{1,8}", 0usize..3, 0..12),
        sizes in prop::collection::vec(0usize..60, 3),
    ) {
        check_pages(functions, sizes);
    }
}

fn check_pages(functions: BTreeMap<String, usize>, sizes: Vec<usize>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let kit = open(folder.path()).await;
        let (mut latest, mut all) = (Vec::new(), Vec::new());
        for (name, versions) in &functions {
            latest.push(format!("{name}:$LATEST"));
            all.push(format!("{name}:$LATEST"));
            let first = CreateFunction { publish: *versions > 0, ..creation(name, "0") };
            kit.control.create_function(first).await.expect("created");
            for number in 1..=*versions {
                if number > 1 {
                    kit.update(name, &number.to_string()).await;
                    kit.publish(name).await;
                }
                all.push(format!("{name}:{number}"));
            }
        }
        for size in sizes.into_iter().chain([1]) {
            assert_eq!(walk(&kit, false, size).await, latest);
            assert_eq!(walk(&kit, true, size).await, all);
        }
    });
}
