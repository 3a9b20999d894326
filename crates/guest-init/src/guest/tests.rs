//! The loop on this host: over socket pairs, with a room whose init is the test.

use super::*;
use guest_protocol::messages::{Mount, Pipes, Stats, Stream, StreamId};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use walls::channel::Channel;

/// Only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(20);

/// A machine that does nothing and remembers what was asked.
struct Fake {
    rooms: mpsc::Receiver<Result<Furnished, Trouble>>,
    streams: mpsc::Receiver<OwnedFd>,
    told: mpsc::Sender<String>,
}

impl Machine for Fake {
    fn began_us(&self) -> u64 {
        1
    }
    fn now_us(&self) -> u64 {
        2
    }
    fn kernel(&self) -> String {
        "6.12".to_owned()
    }
    fn set(&mut self, moment: &Moment) -> Result<(), Trouble> {
        self.told.send(format!("set {}", moment.unix_us)).map_err(|error| Trouble::new("test", error))
    }
    fn correct(&mut self, unix_us: u64) -> Result<(), Trouble> {
        self.told.send(format!("clock {unix_us}")).map_err(|error| Trouble::new("test", error))
    }
    fn furnish(&mut self, _: &Room) -> Result<Furnished, Trouble> {
        self.rooms.recv().unwrap()
    }
    fn bind(&mut self, memory_mb: u32, _: Option<u32>, mounts: &[Mount]) -> Result<(), Trouble> {
        let fits = memory_mb >= 10 && mounts.is_empty();
        if fits { Ok(()) } else { Err(Trouble::new("bind", "small")) }
    }
    fn stats(&mut self) -> Result<Stats, Trouble> {
        Ok(Stats { tasks: 7, ..Stats::default() })
    }
    fn out_of_memory(&mut self) -> bool {
        true
    }
    fn freeze(&mut self) -> Result<(), Trouble> {
        self.told.send("freeze".to_owned()).map_err(|error| Trouble::new("test", error))
    }
    fn thaw(&mut self) -> Result<(), Trouble> {
        self.told.send("thaw".to_owned()).map_err(|error| Trouble::new("test", error))
    }
    fn shrink(&mut self) -> Result<(), Trouble> {
        Ok(())
    }
    fn reconnect(&mut self, _: OwnedFd) -> io::Result<OwnedFd> {
        self.streams.recv_timeout(LIMIT).map_err(io::Error::other)
    }
}

/// The host, and the inside of the room.
struct Kit {
    host: UnixStream,
    decoder: frame::Decoder,
    init: Channel,
    runtime_api: std::net::SocketAddr,
    streams: mpsc::Sender<OwnedFd>,
    told: mpsc::Receiver<String>,
    guest: Option<JoinHandle<Result<(), Trouble>>>,
}

fn moment(unix_us: u64) -> Moment {
    Moment { unix_us, entropy: [1; 32], generation: [2; 16] }
}

fn pipes(first: u32) -> Pipes {
    Pipes {
        stdout: StreamId(first),
        stderr: StreamId(first + 2),
        telemetry: None,
        bind: Some(StreamId(first + 4)),
    }
}

impl Kit {
    /// A guest that nobody has spoken to.
    fn new(room: impl FnOnce(Furnished) -> Result<Furnished, Trouble>) -> Self {
        let (host, theirs) = UnixStream::pair().unwrap();
        host.set_read_timeout(Some(LIMIT)).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let (init, init_end) = Channel::pair().unwrap();
        let doors = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
        doors.iter().for_each(|door| door.set_nonblocking(true).unwrap());
        let runtime_api = doors[0].local_addr().unwrap();
        let [one, other] = doors.map(OwnedFd::from);
        let furnished = Furnished {
            init: init_end,
            runtime_api: one,
            lambda_api: other,
            steps: vec![("walls".into(), 5)],
        };
        let (room_tx, rooms) = mpsc::channel();
        let (streams, streams_rx) = mpsc::channel();
        let (told_tx, told) = mpsc::channel();
        room_tx.send(room(furnished)).unwrap();
        let fake = Fake { rooms, streams: streams_rx, told: told_tx };
        let guest = std::thread::spawn(move || Conversation::new(fake, theirs.into()).run());
        Self {
            host,
            decoder: frame::Decoder::default(),
            init,
            runtime_api,
            streams,
            told,
            guest: Some(guest),
        }
    }

    /// One whose room stands.
    fn live() -> Self {
        let mut kit = Self::new(Ok);
        kit.say(&ToGuest::Hello { version: VERSION, moment: moment(9) });
        assert!(matches!(kit.hear(), ToHost::Welcome { kernel, .. } if kernel == "6.12"));
        kit.say(&ToGuest::Furnish(room()));
        assert_eq!(kit.hear(), ToHost::Furnished { steps: vec![("walls".into(), 5)] });
        kit
    }

    fn say(&mut self, word: &ToGuest) {
        let mut bytes = Vec::new();
        frame::encode(word, &mut bytes).unwrap();
        self.host.write_all(&bytes).unwrap();
    }

    fn hear(&mut self) -> ToHost {
        loop {
            if let Some(body) = self.decoder.next().unwrap() {
                return frame::decode(body).unwrap();
            }
            let bytes = self.host.read(self.decoder.space()).unwrap();
            assert!(bytes > 0, "the guest is gone");
            self.decoder.filled(bytes);
        }
    }

    /// The next words of this stream are these bytes and nothing else.
    fn hear_data(&mut self, stream: u32, expected: &[u8]) {
        let mut heard = Vec::new();
        while heard.len() < expected.len() {
            match self.hear() {
                ToHost::Stream(Stream::Data(StreamId(this), bytes)) if this == stream => heard.extend(bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(heard, expected);
    }

    fn data(&mut self, stream: u32, bytes: &[u8]) {
        self.say(&ToGuest::Stream(Stream::Data(StreamId(stream), bytes.to_vec())));
    }

    /// Starts a program; its ends of the pipes, as its init has them.
    fn start(&mut self, process: u64, first: u32) -> Vec<OwnedFd> {
        let program = Program {
            program: "/bin/it".into(),
            arguments: vec![],
            environment: vec![],
            working_directory: "/".into(),
            pipes: pipes(first),
        };
        self.say(&ToGuest::Start { request: process, process, program });
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let (message, fds) = self.init.receive_waiting::<ToInit>(&mut buffer).unwrap().unwrap();
        assert!(matches!(message, ToInit::Start { process: this, .. } if this == process));
        self.init.send(&FromInit::Started { process }, &[]).unwrap();
        assert_eq!(self.hear(), ToHost::Answer { request: process, answer: Ok(Answer::Done) });
        fds
    }

    fn connect(&mut self, stream: u32) -> TcpStream {
        let client = TcpStream::connect(self.runtime_api).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        assert_eq!(self.hear(), ToHost::Opened { stream: StreamId(stream), door: Door::RuntimeApi });
        client
    }

    fn quiesce(&mut self) {
        self.say(&ToGuest::Quiesce);
        assert_eq!(self.hear(), ToHost::Quiet);
    }

    /// As after a snapshot: the old stream is dead, and there is another.
    fn restore(&mut self) -> ToHost {
        let (host, theirs) = UnixStream::pair().unwrap();
        host.set_read_timeout(Some(LIMIT)).unwrap();
        theirs.set_nonblocking(true).unwrap();
        self.streams.send(theirs.into()).unwrap();
        self.host = host;
        self.decoder = frame::Decoder::default();
        self.say(&ToGuest::Restored { version: VERSION, moment: moment(10) });
        self.hear()
    }

    fn end(&mut self) -> Result<(), Trouble> {
        self.guest.take().unwrap().join().unwrap()
    }
}

fn room() -> Room {
    Room { memory_mb: 128, tmp_mb: Some(512), mounts: vec![], nat: false, allow_hosts: vec![] }
}

#[test]
fn the_clock_is_set_before_the_welcome_and_shutdown_is_the_end() {
    let mut kit = Kit::live();
    assert_eq!(kit.told.try_recv().unwrap(), "set 9");
    kit.say(&ToGuest::Shutdown);
    assert_eq!(kit.end(), Ok(()));
}

#[test]
fn another_version_and_a_word_out_of_phase_are_the_end() {
    let mut kit = Kit::new(Ok);
    kit.say(&ToGuest::Hello { version: VERSION + 1, moment: moment(1) });
    assert_eq!(kit.end().unwrap_err().step, "version");
    let mut kit = Kit::new(Ok);
    kit.say(&ToGuest::Stats { request: 1 });
    assert_eq!(kit.end().unwrap_err().step, "phase");
}

#[test]
fn a_room_that_can_not_be_is_told_with_its_step() {
    let mut kit = Kit::new(|_| Err(Trouble::new("slots", "no such device")));
    kit.say(&ToGuest::Hello { version: VERSION, moment: moment(1) });
    kit.hear();
    kit.say(&ToGuest::Furnish(room()));
    assert_eq!(kit.hear(), ToHost::Failed { step: "slots".into(), reason: "no such device".into() });
    assert_eq!(kit.end(), Ok(()));
}

#[test]
fn questions_are_answered_by_their_numbers() {
    let mut kit = Kit::live();
    kit.say(&ToGuest::Stats { request: 5 });
    assert!(
        matches!(kit.hear(), ToHost::Answer { request: 5, answer: Ok(Answer::Stats(it)) } if it.tasks == 7)
    );
    let bind = |request, memory_mb| ToGuest::Bind { request, memory_mb, tmp_mb: None, mounts: vec![] };
    kit.say(&bind(6, 100));
    assert_eq!(kit.hear(), ToHost::Answer { request: 6, answer: Ok(Answer::Done) });
    kit.say(&bind(7, 1));
    let refused = Failure::Guest { step: "bind".into(), reason: "small".into() };
    assert_eq!(kit.hear(), ToHost::Answer { request: 7, answer: Err(refused) });
}

#[test]
fn a_program_speaks_through_its_pipes_and_its_end_is_told() {
    let mut kit = Kit::live();
    let mut fds = kit.start(1, 0).into_iter();
    let mut next = || std::fs::File::from(fds.next().unwrap());
    let (mut stdout, stderr, mut bind) = (next(), next(), next());
    stdout.write_all(b"said").unwrap();
    kit.hear_data(0, b"said");
    kit.data(4, b"told");
    let mut told = [0; 4];
    bind.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"told");
    drop(stdout);
    assert_eq!(kit.hear(), ToHost::Stream(Stream::End(StreamId(0))));
    drop(bind);
    assert_eq!(kit.hear(), ToHost::Stream(Stream::Reset(StreamId(4))), "nobody reads any more");
    // The host does not want to hear it any more: the writer is told.
    kit.say(&ToGuest::Stream(Stream::Reset(StreamId(2))));
    kit.say(&ToGuest::Stats { request: 9 });
    kit.hear();
    assert!((&stderr).write_all(b"x").is_err());
    kit.init.send(&FromInit::Exited { process: 1, status: StatusWire::Code(3) }, &[]).unwrap();
    assert_eq!(kit.hear(), ToHost::Exited { process: 1, status: Status::Code(3), out_of_memory: true });
}

#[test]
fn what_can_not_be_executed_says_its_errno() {
    let mut kit = Kit::live();
    let program = Program {
        program: "/nowhere".into(),
        arguments: vec![],
        environment: vec![],
        working_directory: "/".into(),
        pipes: pipes(0),
    };
    kit.say(&ToGuest::Start { request: 4, process: 1, program });
    kit.init.send(&FromInit::ExecFailed { process: 1, errno: 2 }, &[]).unwrap();
    assert_eq!(kit.hear(), ToHost::Answer { request: 4, answer: Err(Failure::Exec { errno: 2 }) });
}

#[test]
fn a_writer_waits_when_the_host_does_not_allow_more() {
    let mut kit = Kit::live();
    let mut fds = kit.start(1, 0);
    let mut stdout = std::fs::File::from(fds.remove(0));
    let writer = std::thread::spawn(move || stdout.write_all(&vec![7; 300_000]).unwrap());
    let first = guest_protocol::FIRST_BYTES as usize;
    kit.hear_data(0, &vec![7; first]);
    // A question is answered, and no more data came before its answer.
    kit.say(&ToGuest::Stats { request: 1 });
    assert!(matches!(kit.hear(), ToHost::Answer { .. }));
    let mut left = 300_000 - first;
    while left > 0 {
        let allowed = left.min(guest_protocol::DATA_BYTES_MAX);
        kit.say(&ToGuest::Stream(Stream::Credit(StreamId(0), allowed as u32)));
        kit.hear_data(0, &vec![7; allowed]);
        left -= allowed;
    }
    writer.join().unwrap();
}

#[test]
fn more_than_was_allowed_is_the_end() {
    let mut kit = Kit::live();
    // Its program reads nothing: beyond what the pipe holds, bytes wait, and only so many may.
    let _fds = kit.start(1, 0);
    let mut bytes = Vec::new();
    let data = Stream::Data(StreamId(4), vec![0; guest_protocol::DATA_BYTES_MAX]);
    frame::encode(&ToGuest::Stream(data), &mut bytes).unwrap();
    while kit.host.write_all(&bytes).is_ok() {}
    let ended = kit.end();
    assert_eq!(ended.unwrap_err().step, "streams");
}

#[test]
fn a_connection_is_half_closed_on_each_side_by_itself() {
    let mut kit = Kit::live();
    let mut client = kit.connect(1);
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    kit.hear_data(1, b"question");
    assert_eq!(kit.hear(), ToHost::Stream(Stream::End(StreamId(1))));
    kit.data(1, b"answer");
    kit.say(&ToGuest::Stream(Stream::End(StreamId(1))));
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
    let _other = kit.connect(3);
}

#[test]
fn a_quiet_guest_takes_nothing_and_goes_on_when_it_is_the_same_machine() {
    let mut kit = Kit::live();
    let mut client = kit.connect(1);
    kit.quiesce();
    client.write_all(b"while quiet").unwrap();
    kit.say(&ToGuest::Resume);
    kit.hear_data(1, b"while quiet");
}

#[test]
fn in_a_copy_a_client_that_waits_is_heard_again_and_answered() {
    let mut kit = Kit::live();
    let mut client = kit.connect(1);
    client.write_all(b"first").unwrap();
    kit.hear_data(1, b"first");
    kit.data(1, b"answered");
    let mut answered = [0; 8];
    client.read_exact(&mut answered).unwrap();
    client.write_all(b"GET /next").unwrap();
    kit.hear_data(1, b"GET /next");
    kit.quiesce();
    assert_eq!(kit.restore(), ToHost::Awake { furnished: true, processes: vec![] });
    // Nothing of the room runs before the copy's clock and random numbers are its own.
    assert_eq!(kit.told.iter().take(4).collect::<Vec<_>>(), ["set 9", "freeze", "set 10", "thaw"]);
    assert_eq!(kit.hear(), ToHost::Opened { stream: StreamId(1), door: Door::RuntimeApi });
    kit.hear_data(1, b"GET /next");
    kit.data(1, b"event");
    let mut event = [0; 5];
    client.read_exact(&mut event).unwrap();
    assert_eq!(&event, b"event");
}

#[test]
fn a_long_question_is_said_again_as_far_as_the_host_allows_and_one_that_is_too_long_is_closed() {
    let mut kit = Kit::live();
    let (mut long, mut longer) = (kit.connect(1), kit.connect(3));
    let (some, more) = (vec![1; 60_000], vec![2; 70_000]);
    for (client, stream, bytes) in [(&mut long, 1, &some), (&mut longer, 3, &more)] {
        kit.say(&ToGuest::Stream(Stream::Credit(StreamId(stream), 64 * 1024)));
        client.write_all(bytes).unwrap();
        kit.hear_data(stream, bytes);
    }
    kit.quiesce();
    assert!(matches!(kit.restore(), ToHost::Awake { .. }));
    assert_eq!(kit.hear(), ToHost::Opened { stream: StreamId(1), door: Door::RuntimeApi });
    let first = guest_protocol::FIRST_BYTES as usize;
    kit.hear_data(1, &some[..first]);
    long.write_all(b"!").unwrap();
    kit.say(&ToGuest::Stream(Stream::Credit(StreamId(1), 64 * 1024)));
    kit.hear_data(1, &some[first..]);
    kit.hear_data(1, b"!");
    assert_eq!(longer.read(&mut [0; 1]).unwrap_or(0), 0, "closed");
}

#[test]
fn in_a_copy_pipes_wait_until_they_are_adopted() {
    let mut kit = Kit::live();
    let mut fds = kit.start(7, 0).into_iter();
    let mut next = || std::fs::File::from(fds.next().unwrap());
    let (mut stdout, stderr, mut bind) = (next(), next(), next());
    drop(stderr);
    assert_eq!(kit.hear(), ToHost::Stream(Stream::End(StreamId(2))));
    kit.quiesce();
    stdout.write_all(b"nobody listens").unwrap();
    assert_eq!(kit.restore(), ToHost::Awake { furnished: true, processes: vec![7] });
    let mut named = pipes(10);
    named.telemetry = Some(StreamId(16));
    kit.say(&ToGuest::Adopt { request: 3, process: 7, pipes: named });
    assert_eq!(kit.hear(), ToHost::Answer { request: 3, answer: Ok(Answer::Done) });
    assert_eq!(kit.hear(), ToHost::Stream(Stream::End(StreamId(12))), "closed before");
    assert_eq!(kit.hear(), ToHost::Stream(Stream::End(StreamId(16))), "never there");
    kit.hear_data(10, b"nobody listens");
    kit.data(14, b"bound");
    let mut bound = [0; 5];
    bind.read_exact(&mut bound).unwrap();
    kit.say(&ToGuest::Adopt { request: 4, process: 8, pipes: pipes(20) });
    assert!(matches!(kit.hear(), ToHost::Answer { request: 4, answer: Err(_) }));
}

#[test]
fn a_copy_of_a_machine_without_a_room_is_furnished() {
    let mut kit = Kit::new(Ok);
    kit.say(&ToGuest::Hello { version: VERSION, moment: moment(9) });
    kit.hear();
    kit.quiesce();
    assert_eq!(kit.restore(), ToHost::Awake { furnished: false, processes: vec![] });
    kit.say(&ToGuest::Furnish(room()));
    assert!(matches!(kit.hear(), ToHost::Furnished { .. }));
    drop(kit.start(1, 0));
}

#[test]
fn the_same_machine_goes_on_over_another_stream_where_the_monitor_broke_the_first() {
    let mut kit = Kit::live();
    let mut fds = kit.start(1, 0);
    let mut stdout = std::fs::File::from(fds.remove(0));
    kit.quiesce();
    let (host, theirs) = UnixStream::pair().unwrap();
    host.set_read_timeout(Some(LIMIT)).unwrap();
    theirs.set_nonblocking(true).unwrap();
    kit.streams.send(theirs.into()).unwrap();
    kit.host = host;
    kit.say(&ToGuest::Resume);
    stdout.write_all(b"as before").unwrap();
    kit.hear_data(0, b"as before");
}

#[test]
fn where_the_stream_can_not_tell_a_copy_is_told_on_the_same_one() {
    let mut kit = Kit::live();
    let mut client = kit.connect(1);
    client.write_all(b"waits").unwrap();
    kit.hear_data(1, b"waits");
    kit.quiesce();
    kit.say(&ToGuest::Restored { version: VERSION, moment: moment(11) });
    assert!(matches!(kit.hear(), ToHost::Awake { .. }));
    assert!(matches!(kit.hear(), ToHost::Opened { .. }));
    kit.hear_data(1, b"waits");
}

#[test]
fn a_guest_without_its_host_ends_and_a_room_without_its_init_too() {
    let mut kit = Kit::live();
    kit.host.shutdown(Shutdown::Both).unwrap();
    assert_eq!(kit.end(), Ok(()));
    let mut kit = Kit::live();
    let _fds = kit.start(1, 0);
    let (nobody, _) = Channel::pair().unwrap();
    drop(std::mem::replace(&mut kit.init, nobody));
    let killed = Status::Signal(libc::SIGKILL);
    assert_eq!(kit.hear(), ToHost::Exited { process: 1, status: killed, out_of_memory: true });
    assert_eq!(kit.end(), Ok(()));
}
