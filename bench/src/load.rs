//! The load generator: so many connections, each sending its next request when it has its answer.

use crate::Outcome;
use crate::api::Connection;
use crate::statistics::{Samples, milliseconds};
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What is asked, again and again.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
}

/// What one load found.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) latency: Samples,
    pub(crate) per_second: f64,
}

const EVENT: &[u8] = b"{}";

/// Runs `connections` for `duration`. The first failure ends it: a platform that fails fast must not look quick.
pub(crate) async fn run(target: &Target, connections: usize, duration: Duration) -> Outcome<Load> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(target.address).await?);
    }
    run_on(open, &target.path, duration).await
}

/// The same, by connections that are there.
pub(crate) async fn run_on(open: Vec<Connection>, path: &str, duration: Duration) -> Outcome<Load> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(one(connection, path.to_owned(), start, duration));
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(|error| error.to_string())??);
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let per_second = all.len() as f64 / start.elapsed().as_secs_f64();
    Ok(Load { latency: Samples::of(all), per_second })
}

async fn one(
    mut connection: Connection,
    path: String,
    start: Instant,
    duration: Duration,
) -> Outcome<Vec<f64>> {
    let mut samples = Vec::with_capacity(1 << 14);
    let mut now = Instant::now();
    while now.duration_since(start) < duration {
        connection.invoke(&path, Bytes::from_static(EVENT)).await?;
        let then = std::mem::replace(&mut now, Instant::now());
        samples.push(milliseconds(now.duration_since(then)));
    }
    Ok(samples)
}
