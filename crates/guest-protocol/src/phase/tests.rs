use super::*;
use crate::VERSION;
use crate::messages::{Answer, Door, Moment, Room, Stats, Status, Stream, StreamId};

fn moment() -> Moment {
    Moment { unix_us: 0, entropy: [0; 32], generation: [0; 16] }
}

fn hello() -> ToGuest {
    ToGuest::Hello { version: VERSION, moment: moment() }
}

fn furnish() -> ToGuest {
    let room = Room { memory_mb: 128, tmp_mb: None, mounts: vec![], nat: false, allow_hosts: vec![] };
    ToGuest::Furnish(room)
}

fn welcome() -> ToHost {
    ToHost::Welcome { version: VERSION, kernel: "6".to_owned(), init_us: 0, ready_us: 0 }
}

/// `Ok(phase)` after all of these, or the word that was refused.
fn said(words: &[Result<ToGuest, ToHost>]) -> Result<Phase, &'static str> {
    let mut conversation = Conversation::default();
    for word in words {
        match word {
            Ok(word) => conversation.to_guest(word),
            Err(word) => conversation.to_host(word),
        }
        .map_err(|error| error.word)?;
    }
    Ok(conversation.phase())
}

fn live() -> Vec<Result<ToGuest, ToHost>> {
    vec![Ok(hello()), Err(welcome()), Ok(furnish()), Err(ToHost::Furnished { steps: vec![] })]
}

fn then(more: &[Result<ToGuest, ToHost>]) -> Result<Phase, &'static str> {
    said(&[live(), more.to_vec()].concat())
}

#[test]
fn a_conversation_runs_its_course() {
    assert_eq!(said(&live()), Ok(Phase::Live));
    let stats = Err(ToHost::Answer { request: 1, answer: Ok(Answer::Stats(Stats::default())) });
    assert_eq!(then(&[Ok(ToGuest::Stats { request: 1 }), stats]), Ok(Phase::Live));
    let quiet = [Ok(ToGuest::Quiesce), Err(ToHost::Quiet)];
    assert_eq!(then(&quiet), Ok(Phase::Quiet { furnished: true }));
    assert_eq!(then(&[&quiet[..], &[Ok(ToGuest::Resume)]].concat()), Ok(Phase::Live));
    assert_eq!(then(&[&quiet[..], &[Ok(ToGuest::Shutdown), Err(ToHost::Quiet)]].concat()), Ok(Phase::Ended));
}

#[test]
fn a_copy_wakes_where_its_snapshot_was_made() {
    for (furnished, phase) in [(false, Phase::Greeted), (true, Phase::Live)] {
        let restored = Ok(ToGuest::Restored { version: VERSION, moment: moment() });
        let awake = Err(ToHost::Awake { furnished, processes: vec![] });
        assert_eq!(said(&[restored, awake]), Ok(phase));
    }
}

#[test]
fn a_booted_machine_can_be_snapshot_before_it_is_furnished() {
    let words = [
        Ok(hello()),
        Err(welcome()),
        Ok(ToGuest::Shrink { request: 1 }),
        Ok(ToGuest::Clock { unix_us: 1 }),
        Err(ToHost::Answer { request: 1, answer: Ok(Answer::Done) }),
        Ok(ToGuest::Quiesce),
        Err(ToHost::Quiet),
        Ok(ToGuest::Resume),
    ];
    assert_eq!(said(&words), Ok(Phase::Greeted));
}

#[test]
fn words_out_of_phase_are_refused() {
    let opened = ToHost::Opened { stream: StreamId(1), door: Door::RuntimeApi };
    let exited = ToHost::Exited { process: 0, status: Status::Code(0), out_of_memory: false };
    assert_eq!(said(&[Err(welcome())]), Err("Welcome"));
    assert_eq!(said(&[Ok(furnish())]), Err("Furnish"));
    assert_eq!(said(&[Ok(hello()), Ok(hello())]), Err("Hello"));
    assert_eq!(said(&[Ok(hello()), Err(opened.clone())]), Err("Opened"));
    assert_eq!(said(&[Ok(hello()), Err(welcome()), Err(exited)]), Err("Exited"));
    assert_eq!(then(&[Ok(furnish())]), Err("Furnish"), "once");
    assert_eq!(then(&[Err(ToHost::Quiet)]), Err("Quiet"), "unasked");
    assert_eq!(then(&[Ok(ToGuest::Resume)]), Err("Resume"));
    let credit = ToGuest::Stream(Stream::Credit(StreamId(0), 1));
    assert_eq!(then(&[Ok(ToGuest::Quiesce), Ok(credit)]), Err("Stream"), "the host is silent");
    assert_eq!(then(&[Ok(ToGuest::Quiesce), Err(opened.clone())]), Ok(Phase::Quieting { furnished: true }));
    assert_eq!(then(&[Ok(ToGuest::Quiesce), Err(ToHost::Quiet), Err(opened)]), Err("Opened"));
    assert_eq!(said(&[Ok(ToGuest::Shutdown)]), Err("Shutdown"), "nobody was greeted");
}
