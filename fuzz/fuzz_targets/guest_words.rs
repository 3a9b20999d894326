//! A guest that says anything: the link of the host must neither panic nor hold more than its bounds, and must itself
//! keep the rules. And the guest's end, which reads the host's bytes by the same code.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use guest_protocol::credit::{Names, Receiving, Sending};
use guest_protocol::frame::{self, Decoder};
use guest_protocol::messages::{Answer, Door, Failure, Stats, Status, Stream, StreamId, ToGuest, ToHost};
use guest_protocol::phase::Conversation;
use guest_protocol::{DATA_BYTES_MAX, FRAME_BYTES_MAX};
use sandbox::microvm::fuzzing::Rig;
use std::cell::Cell;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// The bytes are steps, to their end: a vector of them would seldom have more than two.
    Host {
        live: bool,
        steps: &'a [u8],
    },
    Guest {
        cuts: u16,
        bytes: &'a [u8],
    },
}

#[derive(Arbitrary, Debug)]
enum Step {
    /// The next word is said whether it may be or not. Those without this never end the link.
    Rude,
    // The guest's.
    Raw(u8, [u8; 24]),
    Framed(u8, [u8; 24]),
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
    Quiesce(u8),
    Resume,
    Down(u8),
}

fn door(runtime: bool) -> Door {
    if runtime { Door::RuntimeApi } else { Door::LambdaApi }
}

/// Often the longest, seldom one more.
fn length_of(bytes: u16) -> usize {
    match usize::from(bytes) {
        0xffff => DATA_BYTES_MAX + 1,
        bytes => bytes.min(DATA_BYTES_MAX),
    }
}

fn host(live: bool, steps: &[u8]) {
    let mut steps = Unstructured::new(steps);
    let mut rig = Rig::new(live);
    let mut next = 1;
    // Few, so that words about the same stream meet.
    let id = |at: u8| StreamId(u32::from(at % 12));
    let stream = ToHost::Stream;
    let rude = Cell::new(false);
    let say = |rig: &mut Rig, word: ToHost| match rude.take() {
        true => rig.says(&word),
        false => rig.says_politely(&word),
    };
    let mut opens = |rig: &mut Rig, runtime| {
        say(rig, ToHost::Opened { stream: StreamId(next), door: door(runtime) });
        next += 2;
    };
    while !steps.is_empty()
        && let Ok(step) = steps.arbitrary()
    {
        match step {
            Step::Rude => rude.set(true),
            Step::Raw(..) | Step::Framed(..) if !rude.get() => {}
            Step::Raw(count, bytes) => rig.sends(&bytes[..usize::from(count % 25)]),
            Step::Framed(count, body) => {
                let body = &body[..usize::from(count % 25)];
                let length = (body.len() as u32).to_le_bytes();
                rig.sends(&[&length, body].concat());
            }
            Step::Data(at, bytes) => {
                say(&mut rig, stream(Stream::Data(id(at), vec![at; length_of(bytes)])));
            }
            Step::Credit(at, bytes) => say(&mut rig, stream(Stream::Credit(id(at), bytes))),
            Step::End(at) => say(&mut rig, stream(Stream::End(id(at)))),
            Step::Reset(at) => say(&mut rig, stream(Stream::Reset(id(at)))),
            Step::Opens(runtime) => opens(&mut rig, runtime),
            Step::Opened(at, runtime) => {
                say(&mut rig, ToHost::Opened { stream: id(at), door: door(runtime) })
            }
            Step::Flood(count, runtime) => (0..count % 1_500).for_each(|_| opens(&mut rig, runtime)),
            Step::Answer(at, well) => {
                let answer = if well { Ok(Answer::Done) } else { Err(Failure::Exec { errno: 2 }) };
                say(&mut rig, ToHost::Answer { request: u64::from(at), answer });
            }
            Step::Stats(at) => {
                let answer = Ok(Answer::Stats(Stats::default()));
                say(&mut rig, ToHost::Answer { request: u64::from(at), answer });
            }
            Step::Exited(at, out_of_memory) => {
                let status = Status::Code(i32::from(at));
                say(&mut rig, ToHost::Exited { process: u64::from(at), status, out_of_memory });
            }
            Step::Quiet => say(&mut rig, ToHost::Quiet),
            Step::Awake(furnished, processes) => {
                let processes = processes.into_iter().map(u64::from).collect();
                say(&mut rig, ToHost::Awake { furnished, processes });
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
            Step::Quiesce(0..64) => rig.ask(&ToGuest::Quiesce),
            Step::Resume => rig.ask(&ToGuest::Resume),
            // Seldom: little happens afterwards.
            Step::Down(0..4) => rig.ask(&ToGuest::Shutdown),
            Step::Quiesce(_) | Step::Down(_) => {}
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
