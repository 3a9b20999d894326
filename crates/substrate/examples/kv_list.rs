//! How long a list of many entries takes on NATS: `cargo run -p substrate --example kv_list -- nats://HOST:PORT 10000`.
//!
//! Writes that many entries of 200 bytes under one prefix, if they are not there, and then lists them all, a page of
//! 1,000 after the other, five times.

#![allow(clippy::expect_used)] // a measurement: what fails ends it, with a sentence

use bytes::Bytes;
use substrate::nats::{Nats, NatsSettings};
use substrate::{Expected, Key, Kv, LogName, Write};
use world::World;

async fn all(kv: &dyn Kv, prefix: &Key) -> usize {
    let (mut count, mut after) = (0, None);
    loop {
        let page = kv.list(prefix, after.as_ref(), 1_000).await.expect("listed");
        count += page.entries.len();
        after = page.entries.last().map(|entry| entry.key.clone());
        if !page.more {
            return count;
        }
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let servers =
        arguments.next().expect("addresses, joined by commas").split(',').map(str::to_owned).collect();
    let wanted: usize = arguments.next().expect("how many").parse().expect("a number");
    let world = World::real();
    let settings = NatsSettings::new(servers, LogName::new("measured").expect("a name"));
    let kv = Nats::connect(&world, settings).await.expect("connects").kv().await.expect("opens");
    let prefix = Key::of(&["list"]).expect("a key");
    if all(&kv, &prefix).await < wanted {
        let numbers: Vec<_> = (0..wanted).collect();
        for numbers in numbers.chunks(128) {
            let put = |number: &usize| Write::Put {
                key: Key::of(&["list", "000000000001", "eu-central-1", &format!("function-{number:06}")])
                    .expect("a key"),
                value: Bytes::from(vec![7; 200]),
                expected: Expected::Any,
            };
            kv.write(numbers.iter().map(put).collect()).await.expect("written");
        }
    }
    for _ in 0..5 {
        let began = world.now();
        let count = all(&kv, &prefix).await;
        println!("{count} entries listed in {:?}", world.now().since(began));
    }
}
