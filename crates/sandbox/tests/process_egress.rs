//! The egress process killed and hung: it is replaced, environments go on, and nobody else waits.

#![allow(clippy::expect_used)] // a test fails by it, and says what it expected

mod common;

use sandbox::conformance::Kit;
use sandbox::{BootSpec, Egress, Environment};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

fn egress_process_of(spawner: u32) -> Option<u32> {
    let list =
        std::fs::read_to_string(format!("/proc/{spawner}/task/{spawner}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.contains("tinderbox-egress-process")
    })
}

fn signal(pid: u32, number: i32) {
    // SAFETY: numbers only; a child of this test's own spawner.
    assert_eq!(unsafe { libc::kill(pid.cast_signed(), number) }, 0);
}

/// An environment that may reach this listener, and what it is called inside.
async fn with_egress(kit: &Kit) -> (BootSpec, TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let at = listener.local_addr().expect("an address");
    let mut spec = kit.spec();
    spec.egress = Egress::Nat;
    spec.allow_hosts = vec![at];
    (spec, listener, format!("host.tinderbox.internal:{}", at.port()))
}

async fn reaches_out(kit: &Kit, environment: &Arc<dyn Environment>, listener: &TcpListener, address: &str) {
    let words = ["connect", address, "x"];
    let accepts = kit.within(async { drop(listener.accept().await.expect("accepts")) });
    let (output, ()) = tokio::join!(kit.guest(environment, &words), accepts);
    assert!(!output.stdout.contains("refused") && !output.stdout.contains("unreachable"), "{output:?}");
}

async fn replaced(kit: &Kit, spawner: u32, first: u32) {
    let other = async {
        while egress_process_of(spawner).is_none_or(|pid| pid == first) {
            kit.world.clock.sleep(Duration::from_millis(20)).await;
        }
    };
    kit.within(other).await;
}

#[tokio::test]
async fn when_the_egress_process_is_killed_live_environments_reach_out_through_the_next_one() {
    let (kit, spawner) = common::kit_and_spawner().await;
    let (spec, listener, address) = with_egress(&kit).await;
    let environment = kit.boot_as(spec).await;
    let first = egress_process_of(spawner).expect("runs");
    signal(first, libc::SIGKILL);
    replaced(&kit, spawner, first).await;
    reaches_out(&kit, &environment, &listener, &address).await;
    kit.sandbox.shutdown().await;
    kit.nothing_left().await;
}

#[tokio::test]
async fn a_hung_egress_process_delays_only_boots_that_need_it_and_is_replaced() {
    let (kit, spawner) = common::kit_and_spawner().await;
    let first = egress_process_of(spawner).expect("runs");
    signal(first, libc::SIGSTOP);
    let (spec, listener, address) = with_egress(&kit).await;
    let mut needs = Box::pin(kit.sandbox.boot(spec));
    // While it hangs, and nobody has given it up, ten environments without egress come and go, and answer.
    for _ in 0..10 {
        let passes = async {
            let environment = kit.boot().await;
            environment.stats().await.expect("stats");
            assert_eq!(kit.shell(&environment, "echo fine").await.stdout, "fine\n");
            environment.stop().await;
        };
        tokio::select! {
            biased;
            booted = &mut needs => panic!("a hung process attached it, or was given up first: {:?}", booted.err()),
            () = passes => {}
        }
    }
    assert_eq!(egress_process_of(spawner), Some(first), "nobody has given it up");
    let environment = kit.within(needs).await.expect("the next one attaches it");
    assert_ne!(egress_process_of(spawner), Some(first));
    reaches_out(&kit, &environment, &listener, &address).await;
    kit.sandbox.shutdown().await;
    kit.nothing_left().await;
}

#[tokio::test]
async fn a_process_that_hangs_unasked_is_noticed_and_replaced() {
    let (kit, spawner) = common::kit_and_spawner().await;
    let (spec, listener, address) = with_egress(&kit).await;
    let environment = kit.boot_as(spec).await;
    let first = egress_process_of(spawner).expect("runs");
    signal(first, libc::SIGSTOP);
    replaced(&kit, spawner, first).await;
    reaches_out(&kit, &environment, &listener, &address).await;
    kit.sandbox.shutdown().await;
    kit.nothing_left().await;
}

#[tokio::test]
async fn an_environment_that_stops_while_it_waits_for_a_hung_process_is_gone_at_once() {
    let (kit, spawner) = common::kit_and_spawner().await;
    let first = egress_process_of(spawner).expect("runs");
    signal(first, libc::SIGSTOP);
    let (spec, _listener, _) = with_egress(&kit).await;
    let given_up = kit.world.timeout(Duration::from_millis(300), kit.sandbox.boot(spec)).await;
    assert!(given_up.is_none(), "it waits");
    drop(kit.boot().await);
    kit.nothing_left().await;
    kit.sandbox.shutdown().await;
    kit.nothing_left().await;
}
