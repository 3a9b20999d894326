use crate::cluster::search_all;
use crate::kit::*;
use fabric::telemetry::*;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use telemetry::{Shared, SharedSettings, Shipper};
use world::World;

const FOLDER_VARIABLE: &str = "TELEMETRY_KILL_TEST_FOLDER";

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut promised = BTreeSet::new();
    let mut before = BTreeSet::new();
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::a_child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(FOLDER_VARIABLE, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut count = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let Ok(line) = line else { break };
            let Some(number) = line.strip_prefix("acked ") else { continue };
            promised.insert(number.to_owned());
            count += 1;
            if count == 200 * (round + 1) {
                child.kill().unwrap(); // SIGKILL; what is in the pipe is still read: that was promised too
            }
        }
        child.wait().unwrap();
        let store = open(folder.path()).await;
        let mut query = search(GROUP);
        let mut kept = BTreeSet::new();
        loop {
            let page = store.filter_events(query.clone()).await.unwrap();
            kept.extend(page.events.into_iter().map(|event| event.message));
            query.next = page.next;
            if query.next.is_none() {
                break;
            }
        }
        // The next process ships what the killed one had not: frontends have it then, without the worker.
        let shared = tempfile::tempdir().unwrap();
        let (kv, blobs) = embedded(&World::real(), shared.path()).await;
        let shipper = Shipper::start(World::real(), store.clone(), kv.clone(), blobs.clone());
        shipper.drain().await.unwrap();
        let own = open(&shared.path().join("frontend")).await;
        let nobody = Arc::new(Workers(Vec::new()));
        let frontend = Shared::open(World::real(), kv, blobs, own, nobody, SharedSettings::default());
        let shipped = search_all(&*frontend, search(GROUP)).await;
        let shipped: BTreeSet<String> = shipped.into_iter().map(|event| event.message).collect();
        let new: BTreeSet<String> = kept.difference(&before).cloned().collect();
        assert_eq!(
            shipped, new,
            "what was appended since the last shipping, and nothing else, in round {round}"
        );
        before = kept.clone();
        assert!(count >= 200, "{count}");
        assert_eq!(promised.difference(&kept).count(), 0, "acknowledged and lost in round {round}");
    }
}

/// Not a test of its own: the process that the test above kills.
#[tokio::test]
#[ignore = "run by what_was_acknowledged_is_there_after_kill_9"]
async fn a_child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let store = open(folder.as_ref()).await;
    for number in 0u64.. {
        let text = format!("{}-{number}", std::process::id());
        store.append(events(stream(GROUP, "child"), &[(number, &text)])).await.unwrap();
        let mut out = std::io::stdout();
        if writeln!(out, "acked {text}").and_then(|()| out.flush()).is_err() {
            return; // the parent is gone
        }
    }
}
