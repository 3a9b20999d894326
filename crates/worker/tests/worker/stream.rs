//! Streamed answers: forwarded, paced, bounded, and cut with the right error.

use crate::double::{on_host, still};
use crate::kit::{Kit, collect};
use crate::raw::{NEXT, chunk, connect, hear, say, silent, silent_in, stream_head};
use fabric::assignment::EnvironmentEvent;
use fabric::worker::{InvokeFrame, InvokeRequest, WorkerInvoke};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use types::limits::{CHUNK_BYTES_MAX, CHUNKS_IN_FLIGHT_MAX, STREAM_BYTES_MAX};

fn streaming(timeout: Duration) -> InvokeRequest {
    let mut request = Kit::request(1, "{}");
    request.invocation.streaming = true;
    request.invocation.timeout = timeout;
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_answer_is_forwarded_as_it_is_written() {
    let kit = on_host(&[], |_, _| {});
    kit.start().await;
    let streaming = |invocation: &mut fabric::Invocation| invocation.streaming = true;
    let event = r#"{"do":"stream","pieces":["one","two","three"]}"#;
    let answered = kit.invoke_with(Kit::request(1, event), streaming).await;
    assert_eq!(answered.chunks, ["one", "two", "three"]);
    assert!(matches!(answered.response, Some(fabric::Response::Success { .. })));
    let late = r#"{"do":"stream","pieces":["one"],"fail":true}"#;
    let answered = kit.invoke_with(Kit::request(2, late), streaming).await;
    assert_eq!(answered.failure(), ("Runtime.StreamError".to_owned(), r#"{"errorType":"late"}"#.to_owned()));
    // A buffered caller gets the same as one piece.
    kit.reported(2, EnvironmentEvent::Idle).await;
    let buffered = kit.invoke(3, r#"{"do":"stream","pieces":["1","2"]}"#).await;
    assert_eq!(buffered.json(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_paced_past_its_burst_and_cut_at_its_limit_and_its_environment_kept() {
    let (world, clock) = still();
    let patient = |settings: &mut worker::Settings| settings.init_timeout = Duration::from_secs(900);
    let (kit, address) = silent_in(world.clone(), patient).await;
    let mut frames = kit.worker.invoke(streaming(Duration::from_secs(900)));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        stream.write_all(&stream_head()).await.unwrap();
        let piece = chunk(&[b'x'; CHUNK_BYTES_MAX]);
        for _ in 0..=STREAM_BYTES_MAX / CHUNK_BYTES_MAX as u64 {
            stream.write_all(&piece).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let answer = hear(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("(209715200 bytes)"), "{answer}");
        stream.write_all(NEXT).await.unwrap();
        stream
    };
    let begun = world.now();
    let caller = async {
        let mut frames = (&mut frames).await.unwrap();
        let (mut bytes, mut last) = (0, Vec::new());
        while let Some(frame) = frames.next().await {
            match frame {
                InvokeFrame::Chunk(chunk) => bytes += chunk.len() as u64,
                other => last.push(other),
            }
        }
        (bytes, last)
    };
    let ((bytes, last), _stream) = tokio::select! {
        both = async { tokio::join!(caller, runtime) } => both,
        // The pace waits for parts of a second; what is to take long does not end by it.
        () = clock.hurry(Duration::from_secs(10)) => unreachable!("it never ends"),
    };
    let took = world.now().since(begun);
    assert!(bytes <= STREAM_BYTES_MAX && bytes + CHUNK_BYTES_MAX as u64 > STREAM_BYTES_MAX, "{bytes}");
    assert!(took >= Duration::from_secs(96), "194 MB at 2 MB a second were done after {took:?}");
    let [InvokeFrame::Response(fabric::Response::Error(failure)), InvokeFrame::Outcome(_)] = &last[..] else {
        panic!("{last:?}");
    };
    assert_eq!(failure.error_type, "Function.ResponseSizeTooLarge");
    kit.reported(1, EnvironmentEvent::Idle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_never_ends_is_cut_by_the_timeout_after_what_was_written() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.invoke_with(streaming(Duration::from_secs(1)), |_| {});
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        stream.write_all(&[stream_head(), chunk(b"first")].concat()).await.unwrap();
        stream
    };
    let (answered, _stream) = tokio::join!(invoked, runtime);
    assert_eq!(answered.chunks, ["first"]);
    let (kind, body) = answered.failure();
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(body.contains("Task timed out after 1.00 seconds"), "{body}");
    assert!(answered.tail().ends_with("Status: timeout\n"), "{}", answered.tail());
    kit.reported(1, EnvironmentEvent::Gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_reads_nothing_until_the_deadline_holds_no_environment_and_gets_the_error() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(streaming(Duration::from_secs(1)));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        stream.write_all(&stream_head()).await.unwrap();
        let piece = chunk(&[b'x'; CHUNK_BYTES_MAX]);
        while stream.write_all(&piece).await.is_ok() {} // until the deadline ends the environment
    };
    let (frames, ()) = tokio::join!(invoked, runtime);
    kit.reported(1, EnvironmentEvent::Gone).await;
    let answered = collect(frames.unwrap()).await;
    assert!(!answered.chunks.is_empty() && answered.chunks.len() <= CHUNKS_IN_FLIGHT_MAX + 3);
    assert_eq!(answered.failure().0, "Sandbox.Timedout");
    assert!(answered.outcome.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_reads_slowly_gets_an_ended_stream_whole_and_its_environment_is_free_before() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(streaming(Duration::from_secs(20)));
    let pieces = CHUNKS_IN_FLIGHT_MAX + 2; // as many as there is room for: the last frames have none
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        stream.write_all(&stream_head()).await.unwrap();
        for at in 0..pieces {
            // One at a time, so that they are not joined on their way.
            stream.write_all(&chunk(&[b'0' + at as u8; CHUNK_BYTES_MAX])).await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        stream
    };
    let (frames, mut stream) = tokio::join!(invoked, runtime);
    let mut frames = frames.unwrap();
    let mut bytes = 0;
    // Hyper cuts the body as it comes: what did not fit in the channel is read until the runtime has its answer.
    let accepted = loop {
        tokio::select! {
            biased;
            answer = hear(&mut stream) => break answer,
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                if let Some(InvokeFrame::Chunk(chunk)) = frames.next().await {
                    bytes += chunk.len();
                }
            }
        }
    };
    assert!(accepted.starts_with("HTTP/1.1 202 "), "{accepted}");
    stream.write_all(NEXT).await.unwrap();
    kit.reported(1, EnvironmentEvent::Idle).await;
    let answered = collect(frames).await;
    bytes += answered.chunks.iter().map(bytes::Bytes::len).sum::<usize>();
    assert_eq!(bytes, pieces * CHUNK_BYTES_MAX);
    assert!(matches!(answered.response, Some(fabric::Response::Success { .. })));
    assert!(answered.outcome.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_in_mid_stream_does_not_end_the_function() {
    let (kit, address) = silent(|_| {}).await;
    let invoked = kit.worker.invoke(streaming(Duration::from_secs(20)));
    let runtime = async {
        let mut stream = connect(address).await;
        say(&mut stream, NEXT).await;
        stream.write_all(&[stream_head(), chunk(b"first")].concat()).await.unwrap();
        stream
    };
    let (frames, mut stream) = tokio::join!(invoked, runtime);
    let mut frames = frames.unwrap();
    assert_eq!(frames.next().await, Some(InvokeFrame::Chunk("first".into())));
    drop(frames);
    for _ in 0..3 * CHUNKS_IN_FLIGHT_MAX {
        stream.write_all(&chunk(&[b'x'; CHUNK_BYTES_MAX])).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(hear(&mut stream).await.starts_with("HTTP/1.1 202 "));
    stream.write_all(NEXT).await.unwrap();
    kit.reported(1, EnvironmentEvent::Idle).await;
}
