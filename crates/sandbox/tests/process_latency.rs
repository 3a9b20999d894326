//! How long a boot takes: a figure, printed; nothing is asserted about milliseconds. `cargo test -- --ignored --nocapture`

mod common;

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn boots_one_after_the_other_and_all_at_once() {
    let kit = common::kit().await;
    drop(kit.boot().await);
    let mut each = Vec::new();
    for _ in 0..100 {
        let start = kit.world.now();
        let environment = kit.boot().await;
        each.push(kit.world.now().since(start));
        environment.stop().await;
    }
    each.sort();
    println!("boot, one after the other: p50 {:?}, p90 {:?}", each[50], each[90]);
    for count in [100, 1_000] {
        let (tx, mut rx) = tokio::sync::mpsc::channel(1_000);
        let start = kit.world.now();
        for _ in 0..count {
            let (sandbox, spec, tx) = (kit.sandbox.clone(), kit.spec(), tx.clone());
            kit.world.spawn("boot", async move { drop(tx.send(sandbox.boot(spec).await).await) });
        }
        let mut kept = Vec::new();
        for _ in 0..count {
            kept.push(rx.recv().await.expect("an answer").expect("boots"));
        }
        println!("{count} boots at once: {:?}", kit.world.now().since(start));
        let start = kit.world.now();
        kept.clear();
        kit.nothing_left().await;
        println!("{count} stops at once: {:?}", kit.world.now().since(start));
    }
    kit.sandbox.shutdown().await;
}
