//! A scripted guest on the other end of a pair of streams.

mod calls;
mod hostile;
mod streams;

use super::*;
use guest_protocol::frame::{self, Decoder, Word};
use guest_protocol::messages::Stream as Said;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Speaks for guest-init, one word at a time, true or not.
struct Guest {
    stream: DuplexStream,
    decoder: Decoder,
}

impl Guest {
    /// Its channel takes this many bytes that nobody reads.
    fn new(bytes: usize) -> (Self, Box<dyn Connection>) {
        let (stream, theirs) = tokio::io::duplex(bytes);
        (Self { stream, decoder: Decoder::default() }, Box::new(theirs))
    }

    async fn say(&mut self, word: ToHost) {
        let mut bytes = Vec::new();
        frame::encode(&word, &mut bytes).unwrap();
        self.raw(&bytes).await;
    }

    /// Errors are what a test asserts elsewhere: the host may have ended the link by then.
    async fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    async fn data(&mut self, stream: StreamId, bytes: &[u8]) {
        self.say(ToHost::stream(Said::Data(stream, bytes.to_vec()))).await;
    }

    async fn hear(&mut self) -> ToGuest {
        loop {
            if let Some(body) = self.decoder.next().unwrap() {
                return frame::decode(body).unwrap();
            }
            let bytes = self.stream.read(self.decoder.space()).await.unwrap();
            assert!(bytes > 0, "the host hung up");
            self.decoder.filled(bytes);
        }
    }

    async fn answer(&mut self, request: u64, answer: Result<Answer, Failure>) {
        self.say(ToHost::Answer { request, answer }).await;
    }

    async fn welcome(&mut self) {
        assert!(matches!(self.hear().await, ToGuest::Hello { version: VERSION, .. }));
        self.say(welcome()).await;
    }

    /// The host hangs up, whatever it says before.
    async fn hung_up(&mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
    }
}

fn welcome() -> ToHost {
    ToHost::Welcome {
        version: VERSION,
        kernel: "6.12\u{1b}[31m".to_owned(),
        init_us: 40_000,
        ready_us: 41_000,
    }
}

fn moment() -> Moment {
    Moment { unix_us: 1, entropy: [7; 32], generation: [8; 16] }
}

fn room() -> Room {
    Room { memory_mb: 128, tmp_mb: Some(512), mounts: vec![], nat: false, allow_hosts: vec![] }
}

fn program() -> ProcessSpec {
    ProcessSpec {
        program: "/bin/sh".into(),
        arguments: vec![],
        environment: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
        working_directory: "/var/task".into(),
        telemetry: true,
        bind: true,
    }
}

/// A link that is live, and its guest.
async fn live() -> (Link, Guest) {
    live_over(1 << 20).await
}

async fn live_over(bytes: usize) -> (Link, Guest) {
    let (mut guest, stream) = Guest::new(bytes);
    let world = World::real();
    let (greeted, ()) = tokio::join!(Link::greet(stream, &world, moment()), guest.welcome());
    let (link, _) = greeted.unwrap();
    let (furnished, ()) = tokio::join!(link.furnish(room()), async {
        assert_eq!(guest.hear().await, ToGuest::Furnish(room()));
        guest.say(ToHost::Furnished { steps: vec![("mounts".to_owned(), 12)] }).await;
    });
    assert_eq!(furnished.unwrap(), [("mounts".to_owned(), Duration::from_micros(12))]);
    (link, guest)
}

/// A process that was started, and its pipes as the guest knows them.
async fn started(link: &Link, guest: &mut Guest) -> (Process, Pipes) {
    let (started, pipes) = tokio::join!(link.start(program()), async {
        let ToGuest::Start { request, program, .. } = guest.hear().await else { panic!("no start") };
        guest.answer(request, Ok(Answer::Done)).await;
        program.pipes
    });
    (started.unwrap(), pipes)
}

/// A connection through the Runtime API's door.
async fn connected(link: &Link, guest: &mut Guest, id: u32) -> (Box<dyn Connection>, StreamId) {
    let stream = StreamId(id);
    guest.say(ToHost::Opened { stream, door: wire::Door::RuntimeApi }).await;
    (link.accept(Door::RuntimeApi).await.unwrap(), stream)
}

/// All that the guest has said so far is in the books: an answer comes after it.
async fn all_heard(link: &Link, guest: &mut Guest) {
    let (stats, ()) = tokio::join!(link.stats(), async {
        let ToGuest::Stats { request } = guest.hear().await else { panic!("something else was said") };
        guest.answer(request, Ok(Answer::Stats(wire::Stats::default()))).await;
    });
    stats.unwrap();
    link.shared.with(|books| books.assert_bounds(usize::MAX / 2));
}
