use super::*;
use guest_protocol::{DATA_BYTES_MAX, FIRST_BYTES, WINDOW_BYTES};

#[tokio::test]
async fn a_question_and_its_answer_are_one_word_each() {
    let (link, mut guest) = live().await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    guest.data(stream, b"GET /next").await;
    let mut question = [0; 9];
    connection.read_exact(&mut question).await.unwrap();
    let pieces = [std::io::IoSlice::new(b"head "), std::io::IoSlice::new(b"body")];
    assert_eq!(connection.write_vectored(&pieces).await.unwrap(), 9);
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Data(stream, b"head body".to_vec())));
}

#[tokio::test]
async fn one_end_may_end_before_the_other() {
    let (link, mut guest) = live().await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    guest.data(stream, b"question").await;
    guest.say(ToHost::stream(Said::End(stream))).await;
    let mut question = String::new();
    connection.read_to_string(&mut question).await.unwrap();
    connection.write_all(b"answer").await.unwrap();
    drop(connection);
    assert_eq!(question, "question");
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Data(stream, b"answer".to_vec())));
    assert_eq!(guest.hear().await, ToGuest::stream(Said::End(stream)));
    assert!(link.shared.with(|books| books.streams.is_empty()));
}

#[tokio::test]
async fn a_dropped_connection_ends_kindly_and_is_reset_by_what_still_comes() {
    let (link, mut guest) = live().await;
    let (connection, stream) = connected(&link, &mut guest, 1).await;
    drop(connection);
    assert_eq!(guest.hear().await, ToGuest::stream(Said::End(stream)));
    guest.data(stream, b"more").await;
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Reset(stream)));
    guest.data(stream, b"was on its way").await;
    let (_, other) = connected(&link, &mut guest, 3).await;
    assert_eq!(other, StreamId(3), "and nothing is broken");
    let left = link.shared.with(|books| books.streams.contains_key(&stream));
    assert!(!left);
}

#[tokio::test]
async fn a_connection_dropped_with_bytes_unread_is_reset() {
    let (link, mut guest) = live().await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    guest.data(stream, b"ab").await;
    connection.read_u8().await.unwrap();
    drop(connection);
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Reset(stream)));
}

#[tokio::test]
async fn a_reset_reaches_reader_and_writer() {
    let (link, mut guest) = live().await;
    let (connection, stream) = connected(&link, &mut guest, 1).await;
    let (mut reader, mut writer) = tokio::io::split(connection);
    guest.data(stream, b"before").await;
    guest.say(ToHost::stream(Said::Reset(stream))).await;
    let mut said = Vec::new();
    let error = reader.read_to_end(&mut said).await.unwrap_err();
    assert_eq!((error.kind(), &*said), (std::io::ErrorKind::ConnectionReset, &b"before"[..]));
    assert_eq!(writer.write(b"x").await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_long_body_flows_as_its_reader_grants() {
    let (link, mut guest) = live_over(4_096).await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    let body: Vec<u8> = (0..6_000_000u32).map(|n| (n / 7) as u8).collect();
    let write = async {
        connection.write_all(&body).await.unwrap();
        connection.shutdown().await.unwrap();
    };
    let ((), came) = tokio::join!(write, async {
        let (mut came, mut receiving) = (Vec::new(), guest_protocol::credit::Receiving::default());
        let mut spare = WINDOW_BYTES;
        loop {
            match guest.hear().await {
                ToGuest::Stream(Said::Data(id, bytes)) if id == stream => {
                    assert!(bytes.len() <= DATA_BYTES_MAX);
                    receiving.received(bytes.len()).unwrap();
                    receiving.taken(bytes.len());
                    came.extend(bytes);
                    if let Some(more) = receiving.grant(&mut spare) {
                        guest.say(ToHost::stream(Said::Credit(stream, more))).await;
                    }
                }
                ToGuest::Stream(Said::End(_)) => return came,
                word => panic!("{word:?}"),
            }
        }
    });
    assert!(came == body);
}

#[tokio::test]
async fn a_reader_that_keeps_up_is_sent_a_long_body() {
    let (link, mut guest) = live().await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    let body: Vec<u8> = (0..6_000_000u32).map(|n| (n / 7) as u8).collect();
    let (mut left, mut sending) = (&body[..], guest_protocol::credit::Sending::default());
    let mut came = Vec::new();
    let (read, ()) = tokio::join!(connection.read_to_end(&mut came), async {
        while !left.is_empty() {
            let bytes = sending.room().min(left.len());
            if bytes > 0 {
                guest.data(stream, &left[..bytes]).await;
                sending.sent(bytes).unwrap();
                left = &left[bytes..];
            } else if let ToGuest::Stream(Said::Credit(_, bytes)) = guest.hear().await {
                sending.granted(bytes).unwrap();
            }
        }
        guest.say(ToHost::stream(Said::End(stream))).await;
    });
    assert_eq!(read.unwrap(), body.len());
    assert!(came == body);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_stops_no_other() {
    let (link, mut guest) = live().await;
    let (_unread, first) = connected(&link, &mut guest, 1).await;
    let (mut other, second) = connected(&link, &mut guest, 3).await;
    guest.data(first, &vec![0; FIRST_BYTES as usize]).await;
    guest.data(second, b"through").await;
    let mut through = [0; 7];
    other.read_exact(&mut through).await.unwrap();
    assert_eq!(&through, b"through");
}

#[tokio::test]
async fn writers_wait_for_a_guest_that_does_not_read_and_go_on_when_it_does() {
    let (link, mut guest) = live_over(1_024).await;
    let mut writers = Vec::new();
    for n in 0..20 {
        let (mut connection, _) = connected(&link, &mut guest, n * 2 + 1).await;
        writers.push(tokio::task::JoinSet::new());
        #[allow(clippy::disallowed_methods)] // a writer beside the test
        writers.last_mut().unwrap().spawn(async move {
            connection.write_all(&[1; FIRST_BYTES as usize]).await.unwrap();
            connection.shutdown().await.unwrap();
            connection
        });
    }
    // All have run until they wait: 640 KiB are to be sent.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let queued = link.shared.with(|books| books.out.len());
    assert!(queued <= books::OUT_BYTES_MAX + FIRST_BYTES as usize + 64, "{queued}");
    let mut bytes = 0;
    let mut ends = 0;
    while ends < 20 {
        match guest.hear().await {
            ToGuest::Stream(Said::Data(_, data)) => bytes += data.len(),
            ToGuest::Stream(Said::End(_)) => ends += 1,
            word => panic!("{word:?}"),
        }
    }
    assert_eq!(bytes, 20 * FIRST_BYTES as usize);
}

/// A line that a function writes before it answers belongs into the log tail of that answer.
#[tokio::test]
async fn what_was_written_before_an_answer_is_there_when_the_answer_is() {
    let (link, mut guest) = live().await;
    let (mut process, pipes) = started(&link, &mut guest).await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    guest.data(pipes.stdout, b"line").await;
    guest.data(stream, b"answer").await;
    connection.read_exact(&mut [0; 6]).await.unwrap();
    let mut space = [0; 8];
    let mut into = tokio::io::ReadBuf::new(&mut space);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let read = tokio::io::AsyncRead::poll_read(std::pin::Pin::new(&mut process.stdout), &mut cx, &mut into);
    assert!(read.is_ready());
    assert_eq!(into.filled(), b"line");
}

/// Counts what would be system calls.
struct Counted {
    inner: DuplexStream,
    writes: Arc<std::sync::atomic::AtomicUsize>,
}

impl tokio::io::AsyncRead for Counted {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.inner).poll_read(cx, into)
    }
}

impl tokio::io::AsyncWrite for Counted {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        self.writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::pin::Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_burst_of_words_is_one_write() {
    let (inner, theirs) = tokio::io::duplex(1 << 20);
    let writes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted: Box<dyn Connection> = Box::new(Counted { inner: theirs, writes: writes.clone() });
    let mut guest = Guest { stream: inner, decoder: Decoder::default() };
    let world = World::real();
    let (restored, ()) = tokio::join!(Link::restored(counted, &world, moment()), async {
        guest.hear().await;
        guest.say(ToHost::Awake { furnished: true, processes: vec![] }).await;
    });
    let (link, _) = restored.unwrap();
    let mut connections = Vec::new();
    for n in 0..10 {
        connections.push(connected(&link, &mut guest, n * 2 + 1).await);
    }
    let before = writes.load(std::sync::atomic::Ordering::Relaxed);
    for (connection, _) in &mut connections {
        connection.write_all(b"event").await.unwrap();
    }
    for (_, stream) in &connections {
        assert_eq!(guest.hear().await, ToGuest::stream(Said::Data(*stream, b"event".to_vec())));
    }
    assert_eq!(writes.load(std::sync::atomic::Ordering::Relaxed) - before, 1);
}
