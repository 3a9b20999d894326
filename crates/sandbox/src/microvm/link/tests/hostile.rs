use super::*;
use guest_protocol::messages::Status;
use guest_protocol::phase::Phase;
use guest_protocol::{
    DATA_BYTES_MAX, DOOR_STREAMS_MAX, FIRST_BYTES, FRAME_BYTES_MAX, PROCESSES_MAX, WINDOW_BYTES,
};

/// The link ends with this, the host hangs up, and the process's readers get an error.
async fn breaks(words: Vec<ToHost>) -> LinkError {
    let (link, mut guest) = live().await;
    let (mut process, _) = started(&link, &mut guest).await;
    for word in words {
        guest.say(word).await;
    }
    guest.hung_up().await;
    let mut said = Vec::new();
    assert!(process.stdout.read_to_end(&mut said).await.is_err());
    assert!(process.exited.await.is_err());
    link.ended().await
}

fn broken(violation: Violation) -> LinkError {
    Broken::Stream(violation).into()
}

fn opened(stream: u32) -> ToHost {
    ToHost::Opened { stream: StreamId(stream), door: wire::Door::RuntimeApi }
}

fn said(stream: Said) -> ToHost {
    ToHost::Stream(stream)
}

#[tokio::test]
async fn a_frame_that_is_too_long_or_no_word_ends_the_link() {
    let long = FRAME_BYTES_MAX as u32 + 1;
    for (bytes, error) in [
        (long.to_le_bytes().to_vec(), FrameError::TooLong(long as usize)),
        (vec![0; 4], FrameError::Malformed),
        ([&3u32.to_le_bytes()[..], &[0xff; 3]].concat(), FrameError::Malformed),
    ] {
        let (link, mut guest) = live().await;
        guest.raw(&bytes).await;
        guest.hung_up().await;
        assert_eq!(link.ended().await, Broken::Frame(error).into());
    }
}

#[tokio::test]
async fn bytes_over_the_credit_end_the_link() {
    let stream = StreamId(1);
    let full = vec![0; DATA_BYTES_MAX];
    let mut words = vec![opened(1)];
    words.extend((0..FIRST_BYTES as usize / DATA_BYTES_MAX).map(|_| said(Said::Data(stream, full.clone()))));
    words.push(said(Said::Data(stream, vec![0])));
    assert_eq!(breaks(words).await, broken(Violation::OverCredit));
}

/// What is said of a stream that was taken and dropped before its flood came; a race that a real machine has both ways.
#[tokio::test]
async fn a_flood_in_a_stream_that_is_shut_ends_the_link() {
    let floods = [
        (Said::Data(StreamId(1), vec![0; DATA_BYTES_MAX]), Violation::OverCredit),
        (Said::Credit(StreamId(1), WINDOW_BYTES / 2), Violation::OverWindow),
        (Said::End(StreamId(1)), Violation::AfterEnd),
        (Said::Reset(StreamId(1)), Violation::AfterEnd),
    ];
    for (flood, violation) in floods {
        let (link, mut guest) = live().await;
        let (connection, _) = connected(&link, &mut guest, 1).await;
        guest.say(said(Said::Reset(StreamId(1)))).await;
        drop(connection);
        all_heard(&link, &mut guest).await;
        for _ in 0..=3 {
            guest.say(said(flood.clone())).await;
        }
        guest.hung_up().await;
        assert_eq!(link.ended().await, broken(violation));
    }
}

#[tokio::test]
async fn words_that_break_a_streams_rules_end_the_link() {
    let stream = StreamId(1);
    for (words, violation) in [
        (vec![opened(2)], Violation::Misnamed),
        (vec![opened(1), opened(1)], Violation::Misnamed),
        (vec![said(Said::Data(stream, vec![]))], Violation::Unnamed),
        (vec![said(Said::Reset(StreamId(1_000)))], Violation::Unnamed),
        (vec![opened(1), said(Said::End(stream)), said(Said::Data(stream, vec![1]))], Violation::AfterEnd),
        (vec![opened(1), said(Said::Credit(stream, WINDOW_BYTES))], Violation::OverWindow),
        // The pipe that the host writes.
        (vec![said(Said::Data(StreamId(6), vec![1]))], Violation::AfterEnd),
    ] {
        assert_eq!(breaks(words.clone()).await, broken(violation), "{words:?}");
    }
}

#[tokio::test]
async fn words_out_of_phase_end_the_link() {
    let phase = |word, phase| LinkError::Broken(Broken::Phase(OutOfPhase { word, phase }));
    assert_eq!(breaks(vec![welcome()]).await, phase("Welcome", Phase::Live));
    assert_eq!(breaks(vec![ToHost::Quiet]).await, phase("Quiet", Phase::Live));
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (greeted, ()) = tokio::join!(Link::greet(stream, &world, moment()), guest.say(opened(1)));
    assert_eq!(greeted.err(), Some(phase("Opened", Phase::Greeting)));
}

#[tokio::test]
async fn answers_and_exits_that_nobody_waits_for_end_the_link() {
    let answer = ToHost::Answer { request: 9, answer: Ok(Answer::Done) };
    assert_eq!(breaks(vec![answer]).await, Broken::Unasked("Answer").into());
    let exit = |process| ToHost::Exited { process, status: Status::Code(0), out_of_memory: false };
    assert_eq!(breaks(vec![exit(7)]).await, Broken::Unasked("Exited").into());
}

#[tokio::test]
async fn a_copy_that_names_too_many_processes_is_refused() {
    for processes in [(0..=PROCESSES_MAX as u64).collect(), vec![3, 3], vec![2, 1]] {
        let (mut guest, stream) = Guest::new(1 << 16);
        let world = World::real();
        let (restored, ()) = tokio::join!(Link::restored(stream, &world, moment()), async {
            guest.hear().await;
            guest.say(ToHost::Awake { furnished: true, processes }).await;
        });
        assert_eq!(restored.err(), Some(Broken::Unasked("Awake").into()));
    }
}

#[tokio::test]
async fn connections_beyond_the_backlog_are_reset_and_those_beyond_all_bounds_end_the_link() {
    let (link, mut guest) = live().await;
    for n in 0..books::BACKLOG as u32 + 1 {
        guest.say(opened(n * 2 + 1)).await;
    }
    let last = StreamId(books::BACKLOG as u32 * 2 + 1);
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Reset(last)));
    // Those that were taken count too.
    let mut taken = Vec::new();
    let mut next = last.0 + 2;
    for _ in 0..DOOR_STREAMS_MAX - books::BACKLOG {
        taken.push(link.accept(Door::RuntimeApi).await.unwrap());
        guest.say(opened(next)).await;
        next += 2;
    }
    let _last = link.accept(Door::RuntimeApi).await.unwrap();
    guest.say(opened(next)).await;
    assert_eq!(link.ended().await, broken(Violation::TooMany));
}

#[tokio::test]
async fn connections_that_come_and_go_untaken_leave_nothing() {
    let (link, mut guest) = live().await;
    for n in 0..3_000 {
        let stream = StreamId(n * 2 + 1);
        guest.say(opened(stream.0)).await;
        guest.data(stream, &[0; 100]).await;
        guest.say(said(Said::Reset(stream))).await;
    }
    all_heard(&link, &mut guest).await;
    let (_connection, stream) = connected(&link, &mut guest, 6_001).await;
    assert_eq!(link.shared.with(|books| books.streams.keys().copied().collect::<Vec<_>>()), [stream]);
}

/// The guest reads nothing, and what the host has to say of each stream does not pile up.
#[tokio::test]
async fn a_guest_that_opens_and_never_reads_makes_nothing_grow() {
    let (link, mut guest) = live_over(512).await;
    for n in 0..4 * DOOR_STREAMS_MAX as u32 {
        guest.say(opened(n * 2 + 1)).await;
        if link.shared.with(|books| books.over.is_some()) {
            break;
        }
    }
    assert_eq!(link.ended().await, broken(Violation::TooMany));
}

#[tokio::test]
async fn endless_output_waits_in_the_guest_while_nobody_reads_and_passes_while_somebody_does() {
    let (link, mut guest) = live().await;
    let (mut process, pipes) = started(&link, &mut guest).await;
    guest.data(pipes.stdout, &vec![b'x'; FIRST_BYTES as usize]).await;
    // No credit was given by then.
    all_heard(&link, &mut guest).await;
    let mut some = vec![0; FIRST_BYTES as usize];
    process.stdout.read_exact(&mut some).await.unwrap();
    // The window doubled: its reader kept up.
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Credit(pipes.stdout, 2 * FIRST_BYTES)));
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_never_answers_costs_each_question_its_limit_only() {
    let (mut mute, stream) = Guest::new(1 << 16);
    let world = World::real();
    let greeted = Link::greet(stream, &world, moment()).await;
    assert_eq!(greeted.err(), Some(LinkError::Silent { question: "Hello", limit: GREET_LIMIT }));
    mute.hung_up().await;
    let (link, mut guest) = live().await;
    let silent = |question| LinkError::Silent { question, limit: ANSWER_LIMIT };
    assert_eq!(link.stats().await, Err(silent("Stats")));
    assert_eq!(link.start(program()).await.err(), Some(silent("Start")));
    let down = LinkError::Silent { question: "Shutdown", limit: SHUTDOWN_LIMIT };
    // What it says too late is not taken for another's answer.
    let ToGuest::Stats { request } = guest.hear().await else { panic!("no stats") };
    guest.answer(request, Ok(Answer::Done)).await;
    assert_eq!(link.quiesce().await, Err(silent("Quiesce")));
    assert_eq!(link.shutdown().await, Err(down));
}

#[tokio::test(start_paused = true)]
async fn questions_to_a_guest_that_reads_nothing_are_refused_in_the_end() {
    let (link, _guest) = live_over(64).await;
    let long = || ProcessSpec { arguments: vec!["x".repeat(100_000)], ..program() };
    let mut errors = Vec::new();
    for _ in 0..12 {
        errors.push(link.start(long()).await.err().unwrap());
    }
    assert_eq!(errors.first(), Some(&LinkError::Silent { question: "Start", limit: ANSWER_LIMIT }));
    assert_eq!(errors.last(), Some(&LinkError::Full));
    let over = ProcessSpec { arguments: vec!["x".repeat(FRAME_BYTES_MAX)], ..program() };
    let (link, _guest) = live().await;
    assert!(matches!(link.start(over).await.err(), Some(LinkError::TooLong(_))));
}
