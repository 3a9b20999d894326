//! A guest that says anything: the link of the host must neither panic nor hold more than its bounds, and must itself
//! keep the rules. And the guest's end, which reads the host's bytes by the same code.
#![no_main]

use arbitrary::Arbitrary;
use guest_protocol::credit::{Names, Receiving, Sending};
use guest_protocol::frame::{self, Decoder};
use guest_protocol::messages::{Answer, Door, Failure, Stats, Status, Stream, StreamId, ToGuest, ToHost};
use guest_protocol::phase::Conversation;
use guest_protocol::{DATA_BYTES_MAX, FRAME_BYTES_MAX};
use sandbox::microvm::fuzzing::Rig;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Host { live: bool, steps: Vec<Step<'a>> },
    Guest { cuts: u16, bytes: &'a [u8] },
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    // The guest's.
    Raw(&'a [u8]),
    Framed(&'a [u8]),
    Data(u8, u16),
    Credit(u8, u32),
    End(u8),
    Reset(u8),
    /// The next in order, as an honest guest names them.
    Opens(bool),
    Opened(u8, bool),
    /// So many at once.
    Flood(u16, bool),
    Answer(u8, bool),
    Stats(u8),
    Exited(u8, bool),
    Quiet,
    Awake(bool, Vec<u8>),
    Takes(u16),
    // The host's.
    Accept(bool),
    Read(u8, u16),
    Write(u8, u16),
    Shutdown(u8),
    Drop(u8),
    Start(bool, bool),
    AskStats,
    Quiesce,
    Resume,
    Down,
}

fn door(runtime: bool) -> Door {
    if runtime { Door::RuntimeApi } else { Door::LambdaApi }
}

fn host(live: bool, steps: Vec<Step<'_>>) {
    let mut rig = Rig::new(live);
    let mut next = 1;
    let id = |at: u8| StreamId(u32::from(at));
    let stream = ToHost::Stream;
    let mut opens = |rig: &mut Rig, runtime| {
        rig.says(&ToHost::Opened { stream: StreamId(next), door: door(runtime) });
        next += 2;
    };
    for step in steps {
        match step {
            Step::Raw(bytes) => rig.sends(bytes),
            Step::Framed(body) => {
                let length = (body.len() as u32).to_le_bytes();
                rig.sends(&[&length, body].concat());
            }
            Step::Data(at, bytes) => {
                rig.says(&stream(Stream::Data(id(at), vec![at; usize::from(bytes) % (DATA_BYTES_MAX + 2)])));
            }
            Step::Credit(at, bytes) => rig.says(&stream(Stream::Credit(id(at), bytes))),
            Step::End(at) => rig.says(&stream(Stream::End(id(at)))),
            Step::Reset(at) => rig.says(&stream(Stream::Reset(id(at)))),
            Step::Opens(runtime) => opens(&mut rig, runtime),
            Step::Opened(at, runtime) => rig.says(&ToHost::Opened { stream: id(at), door: door(runtime) }),
            Step::Flood(count, runtime) => (0..count % 1_500).for_each(|_| opens(&mut rig, runtime)),
            Step::Answer(at, well) => {
                let answer = if well { Ok(Answer::Done) } else { Err(Failure::Exec { errno: 2 }) };
                rig.says(&ToHost::Answer { request: u64::from(at), answer });
            }
            Step::Stats(at) => {
                let answer = Ok(Answer::Stats(Stats::default()));
                rig.says(&ToHost::Answer { request: u64::from(at), answer });
            }
            Step::Exited(at, out_of_memory) => {
                let status = Status::Code(i32::from(at));
                rig.says(&ToHost::Exited { process: u64::from(at), status, out_of_memory });
            }
            Step::Quiet => rig.says(&ToHost::Quiet),
            Step::Awake(furnished, processes) => {
                let processes = processes.into_iter().map(u64::from).collect();
                rig.says(&ToHost::Awake { furnished, processes });
            }
            Step::Takes(bytes) => rig.takes(bytes.into()),
            Step::Accept(true) => rig.accept(sandbox::Door::RuntimeApi),
            Step::Accept(false) => rig.accept(sandbox::Door::LambdaApi),
            Step::Read(nth, bytes) => rig.read(nth.into(), bytes.into()),
            Step::Write(nth, bytes) => rig.write(nth.into(), bytes.into()),
            Step::Shutdown(nth) => rig.shutdown(nth.into()),
            Step::Drop(nth) => rig.drop_handle(nth.into()),
            Step::Start(telemetry, bind) => rig.start(telemetry, bind),
            Step::AskStats => rig.stats(),
            Step::Quiesce => rig.ask(&ToGuest::Quiesce),
            Step::Resume => rig.ask(&ToGuest::Resume),
            Step::Down => rig.ask(&ToGuest::Shutdown),
        }
    }
}

/// The rules as guest-init keeps them.
fn guest(cuts: usize, mut bytes: &[u8]) {
    let (mut decoder, mut conversation) = (Decoder::default(), Conversation::default());
    let (mut names, mut sending, mut receiving) = (Names::guest(), Sending::default(), Receiving::default());
    while !bytes.is_empty() {
        let space = decoder.space();
        assert!(!space.is_empty());
        let take = bytes.len().min(space.len()).min(cuts + 1);
        space[..take].copy_from_slice(&bytes[..take]);
        decoder.filled(take);
        bytes = &bytes[take..];
        loop {
            let body = match decoder.next() {
                Ok(Some(body)) => body,
                Ok(None) => break,
                Err(_) => return,
            };
            assert!(body.len() <= FRAME_BYTES_MAX);
            let lent = frame::data::<ToGuest>(body).map(|data| data.map(|(id, data)| (id, data.to_vec())));
            let Ok(word) = frame::decode::<ToGuest>(body) else { return };
            match (&word, lent) {
                (ToGuest::Stream(Stream::Data(id, data)), Some(Ok(lent))) => {
                    assert_eq!((*id, data.clone()), lent)
                }
                (ToGuest::Stream(Stream::Data(_, data)), Some(Err(_))) => {
                    assert!(data.len() > DATA_BYTES_MAX)
                }
                (_, None) => {}
                (word, lent) => panic!("{word:?} {lent:?}"),
            }
            let mut again = Vec::new();
            frame::encode(&word, &mut again).unwrap();
            assert_eq!(frame::decode::<ToGuest>(&again[4..]).unwrap(), word);
            let _ = conversation.to_guest(&word);
            match word {
                ToGuest::Stream(Stream::Data(id, data)) => {
                    let _ = (names.was(id), receiving.received(data.len()));
                }
                ToGuest::Stream(Stream::Credit(_, more)) => drop(sending.granted(more)),
                ToGuest::Stream(Stream::End(_)) => drop(receiving.end()),
                ToGuest::Adopt { pipes, .. } => drop(names.named(pipes.stdout)),
                _ => {}
            }
        }
        assert!(decoder.capacity() <= 2 * FRAME_BYTES_MAX);
    }
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| match input {
    Input::Host { live, steps } => host(live, steps),
    Input::Guest { cuts, bytes } => guest(cuts.into(), bytes),
});
