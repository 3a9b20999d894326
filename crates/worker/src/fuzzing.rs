//! What the fuzz targets (`fuzz/`) reach of this crate. Compiled under `--cfg fuzzing` only.

use crate::logs::{frames::Frames, lines::Lines};
use crate::runtime_api::{self, Answer, Delivery, Event, Link};
use fabric::Invocation;
use fabric::stream;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use types::limits::{CHUNK_BYTES_MAX, RESPONSE_BYTES_MAX};
use world::{WallTime, World};

/// Events of a framed stream that was read in these pieces.
pub fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<(String, Option<u64>)> {
    let mut frames = Frames::default();
    let mut events = Vec::new();
    pieces.for_each(|piece| frames.push(piece, &mut |event| events.push(event)));
    frames.flush(&mut |event| events.push(event));
    events
}

/// Events of a stream of lines that was read in these pieces.
pub fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut lines = Lines::default();
    let mut events = Vec::new();
    pieces.for_each(|piece| lines.push(piece, &mut |event| events.push(event)));
    lines.flush(&mut |event| events.push(event));
    events
}

/// Speaks `said` to the Runtime API over connections one after the other, and lets `invocation` in at most
/// `deliveries` times. What was answered on each connection.
///
/// # Panics
/// When more comes out of the turnstile than was let in, or more than a response may have.
pub async fn runtime_api(
    world: World,
    said: &[&[u8]],
    invocation: &Invocation,
    deliveries: usize,
) -> Vec<Vec<u8>> {
    let (link, mut events) = Link::new(world.clone(), None);
    let environment = async {
        let (mut let_in, mut came_out) = (0, 0);
        let mut readers = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                Event::Next(reply) if let_in < deliveries => {
                    assert_eq!(let_in, came_out, "an invocation is let in while another runs");
                    let_in += 1;
                    let (frames, reader) = stream::channel(1024);
                    readers.push(reader);
                    let delivery = Arc::new(Delivery {
                        id: invocation.request_id.to_string(),
                        invocation: invocation.clone(),
                        deadline: WallTime(1_800_000_000_000_000),
                        delivered: world.now(),
                        frames: Arc::new(frames),
                    });
                    link.turnstile().deliver(Arc::clone(&delivery));
                    drop(reply.send(delivery));
                }
                Event::Next(_) | Event::InitError(_) | Event::RestoreNext(_) | Event::RestoreError(_) => {}
                Event::Answered(answer) => {
                    came_out += 1;
                    assert!(came_out <= let_in, "an answer without an invocation");
                    if let Answer::Success { payload, .. } = answer {
                        assert!(payload.len() <= RESPONSE_BYTES_MAX);
                    }
                }
            }
        }
    };
    let runtime = async {
        let mut answered = Vec::new();
        for said in said {
            let (mut client, server) = tokio::io::duplex(CHUNK_BYTES_MAX);
            let speak = async {
                // Both ways at once, as a pipelining client does; a server that has had enough closes.
                let (mut read, mut write) = tokio::io::split(&mut client);
                let mut answer = Vec::new();
                let written = async {
                    let _ = write.write_all(said).await;
                    let _ = write.shutdown().await;
                };
                let (_, _) = tokio::join!(written, read.read_to_end(&mut answer));
                answer
            };
            let (_, answer) = tokio::join!(runtime_api::serve(Arc::clone(&link), Box::new(server)), speak);
            answered.push(answer);
        }
        answered
    };
    tokio::select! {
        biased;
        () = environment => Vec::new(), // never: the link holds a sender
        answered = runtime => answered,
    }
}
