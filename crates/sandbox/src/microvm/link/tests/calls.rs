use super::*;
use crate::{Exit, ExitStatus};
use guest_protocol::messages::Status;

#[tokio::test]
async fn a_guest_is_greeted_and_what_it_says_of_itself_is_fit_for_a_log() {
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (greeted, ()) = tokio::join!(Link::greet(stream, &world, moment()), guest.welcome());
    let (_link, greeting) = greeted.unwrap();
    assert_eq!(greeting.kernel, "6.12\u{fffd}[31m");
    assert_eq!(greeting.ready, Duration::from_millis(41));
}

#[tokio::test]
async fn another_version_is_refused() {
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (greeted, ()) = tokio::join!(Link::greet(stream, &world, moment()), async {
        guest.hear().await;
        guest
            .say(ToHost::Welcome { version: VERSION + 1, kernel: String::new(), init_us: 0, ready_us: 0 })
            .await;
    });
    assert_eq!(greeted.err(), Some(LinkError::Version(VERSION + 1)));
}

#[tokio::test]
async fn a_room_that_does_not_stand_is_told_with_its_reason() {
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (greeted, ()) = tokio::join!(Link::greet(stream, &world, moment()), guest.welcome());
    let (link, _) = greeted.unwrap();
    let (furnished, ()) = tokio::join!(link.furnish(room()), async {
        guest.hear().await;
        guest.say(ToHost::Failed { step: "mounts".to_owned(), reason: "x".repeat(100_000) }).await;
    });
    let reason = "x".repeat(TEXT_CHARS_MAX);
    assert_eq!(furnished, Err(LinkError::Guest { step: "mounts".to_owned(), reason }));
}

#[tokio::test]
async fn a_process_speaks_through_its_pipes_and_its_exit_is_told() {
    let (link, mut guest) = live().await;
    let (mut process, pipes) = started(&link, &mut guest).await;
    guest.data(pipes.stdout, b"out").await;
    guest.data(pipes.stderr, b"err").await;
    guest.data(pipes.telemetry.unwrap(), b"frame").await;
    for stream in [pipes.stdout, pipes.stderr, pipes.telemetry.unwrap()] {
        guest.say(ToHost::stream(Said::End(stream))).await;
    }
    guest.say(ToHost::Exited { process: 0, status: Status::Signal(9), out_of_memory: true }).await;
    let mut said = String::new();
    for pipe in [&mut process.stdout, &mut process.stderr, process.telemetry.as_mut().unwrap()] {
        pipe.read_to_string(&mut said).await.unwrap();
    }
    assert_eq!(said, "outerrframe");
    let exit = Exit { status: ExitStatus::Signal(9), out_of_memory: true };
    assert_eq!(process.exited.await, Ok(exit));
    let mut bind = process.bind.unwrap();
    bind.write_all(b"be this").await.unwrap();
    bind.shutdown().await.unwrap();
    let id = pipes.bind.unwrap();
    assert_eq!(guest.hear().await, ToGuest::stream(Said::Data(id, b"be this".to_vec())));
    assert_eq!(guest.hear().await, ToGuest::stream(Said::End(id)));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let (link, mut guest) = live().await;
    let (started, ()) = tokio::join!(link.start(program()), async {
        let ToGuest::Start { request, .. } = guest.hear().await else { panic!("no start") };
        guest.answer(request, Err(Failure::Exec { errno: 2 })).await;
    });
    let error = LinkError::Exec { program: "/bin/sh".to_owned(), errno: 2 };
    assert_eq!(started.err(), Some(error));
    let exits = link.shared.with(|books| books.process().is_ok());
    assert!(exits, "its number is not waited for");
}

#[tokio::test]
async fn bind_stats_and_shrink_are_answered_by_number() {
    let (link, mut guest) = live().await;
    let wire = wire::Stats { memory_bytes: 5, tasks: 3, ..wire::Stats::default() };
    let mount = Mount { slot: 2, inside: "/var/task".into() };
    let calls =
        async { tokio::join!(link.bind(256, None, vec![mount.clone()]), link.stats(), link.shrink()) };
    let ((bound, stats, shrunk), ()) = tokio::join!(calls, async {
        let mut asked = Vec::new();
        for _ in 0..3 {
            asked.push(guest.hear().await);
        }
        // In any order.
        for word in asked.into_iter().rev() {
            match word {
                ToGuest::Bind { request, memory_mb: 256, tmp_mb: None, mounts } => {
                    assert_eq!(mounts, std::slice::from_ref(&mount));
                    guest.answer(request, Ok(Answer::Done)).await;
                }
                ToGuest::Stats { request } => guest.answer(request, Ok(Answer::Stats(wire))).await,
                ToGuest::Shrink { request } => {
                    let failure = Failure::Guest { step: "shrink".to_owned(), reason: "no".to_owned() };
                    guest.answer(request, Err(failure)).await;
                }
                word => panic!("{word:?}"),
            }
        }
    });
    assert_eq!(bound, Ok(()));
    assert_eq!(stats.map(|stats| (stats.memory_bytes, stats.tasks)), Ok((5, 3)));
    assert_eq!(shrunk.unwrap_err().to_string(), "shrink: no");
}

#[tokio::test]
async fn between_quiesce_and_resume_the_host_is_silent() {
    let (link, mut guest) = live().await;
    let (mut connection, stream) = connected(&link, &mut guest, 1).await;
    let (quiet, ()) = tokio::join!(link.quiesce(), async {
        assert_eq!(guest.hear().await, ToGuest::Quiesce);
        guest.data(stream, b"late").await;
        guest.say(ToHost::Quiet).await;
    });
    assert_eq!(quiet, Ok(()));
    let mut late = [0; 4];
    connection.read_exact(&mut late).await.unwrap();
    assert_eq!(&late, b"late");
    let write = async { connection.write_all(b"answer").await.unwrap() };
    tokio::pin!(write);
    tokio::select! {
        biased;
        () = &mut write => panic!("written while quiet"),
        () = std::future::ready(()) => {}
    }
    assert!(matches!(link.stats().await, Err(LinkError::OutOfPhase(_))));
    link.resume().unwrap();
    let ((), ()) = tokio::join!(write, async {
        assert_eq!(guest.hear().await, ToGuest::Resume);
        assert_eq!(guest.hear().await, ToGuest::stream(Said::Data(stream, b"answer".to_vec())));
    });
}

#[tokio::test]
async fn a_copy_wakes_and_its_processes_are_adopted_once() {
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (restored, ()) = tokio::join!(Link::restored(stream, &world, moment()), async {
        assert_eq!(guest.hear().await, ToGuest::Restored { version: VERSION, moment: moment() });
        guest.say(ToHost::Awake { furnished: true, processes: vec![0, 2] }).await;
    });
    let (link, woken) = restored.unwrap();
    assert_eq!(woken, Woken { furnished: true, processes: vec![0, 2] });
    // It ends before anybody asked for it.
    guest.say(ToHost::Exited { process: 2, status: Status::Code(3), out_of_memory: false }).await;
    let (adopted, ()) = tokio::join!(link.adopt(2), async {
        let ToGuest::Adopt { request, process: 2, pipes } = guest.hear().await else { panic!("no adopt") };
        guest.say(ToHost::stream(Said::End(pipes.telemetry.unwrap()))).await;
        guest.say(ToHost::stream(Said::Reset(pipes.bind.unwrap()))).await;
        guest.data(pipes.stdout, b"meanwhile").await;
        guest.answer(request, Ok(Answer::Done)).await;
    });
    let mut adopted = adopted.unwrap();
    let mut said = [0; 9];
    adopted.stdout.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"meanwhile");
    assert_eq!(adopted.telemetry.unwrap().read(&mut said).await.unwrap(), 0);
    assert!(adopted.bind.unwrap().write(b"x").await.is_err());
    assert_eq!(adopted.exited.await.map(|exit| exit.status), Ok(ExitStatus::Code(3)));
    assert_eq!(link.adopt(2).await.err(), Some(LinkError::Gone));
    assert_eq!(link.adopt(1).await.err(), Some(LinkError::Gone), "it had ended");
    let (_, next) = tokio::join!(link.start(program()), async {
        // The pipes of the adopted one were dropped above.
        loop {
            if let ToGuest::Start { request, process, .. } = guest.hear().await {
                guest.answer(request, Ok(Answer::Done)).await;
                return process;
            }
        }
    });
    assert_eq!(next, 3, "a number is not given twice");
}

#[tokio::test]
async fn a_copy_of_a_booted_machine_is_furnished() {
    let (mut guest, stream) = Guest::new(1 << 16);
    let world = World::real();
    let (restored, ()) = tokio::join!(Link::restored(stream, &world, moment()), async {
        guest.hear().await;
        guest.say(ToHost::Awake { furnished: false, processes: vec![] }).await;
    });
    let (link, _) = restored.unwrap();
    let (furnished, ()) = tokio::join!(link.furnish(room()), async {
        guest.hear().await;
        guest.say(ToHost::Furnished { steps: vec![] }).await;
    });
    assert_eq!(furnished, Ok(vec![]));
}

#[tokio::test]
async fn shutdown_is_over_when_the_stream_ends() {
    let (link, mut guest) = live().await;
    let (down, ()) = tokio::join!(link.shutdown(), async {
        assert_eq!(guest.hear().await, ToGuest::Shutdown);
        // What was on its way is not judged.
        guest.say(ToHost::Quiet).await;
        drop(guest);
    });
    assert_eq!(down, Ok(()));
    assert_eq!(link.shutdown().await, Ok(()), "again");
}

#[tokio::test]
async fn when_the_guest_dies_everybody_is_told() {
    let (link, mut guest) = live().await;
    let (mut process, pipes) = started(&link, &mut guest).await;
    guest.data(pipes.stdout, b"last words").await;
    let (stats, accepted, ended, ()) =
        tokio::join!(link.stats(), link.accept(Door::LambdaApi), link.ended(), async {
            guest.hear().await;
            drop(guest);
        });
    assert_eq!(stats, Err(LinkError::Gone));
    assert_eq!(accepted.err(), Some(LinkError::Gone));
    assert_eq!(ended, LinkError::Gone);
    assert!(process.exited.await.is_err());
    let mut said = Vec::new();
    assert!(process.stdout.read_to_end(&mut said).await.is_err());
    assert_eq!(said, b"last words");
    assert!(process.bind.unwrap().write(b"x").await.is_err());
    assert!(matches!(BootError::from(link.start(program()).await.err().unwrap()), BootError::Gone));
}

#[tokio::test]
async fn a_dropped_link_hangs_up() {
    let (link, mut guest) = live().await;
    let (process, _) = started(&link, &mut guest).await;
    drop(link);
    guest.hung_up().await;
    assert!(process.exited.await.is_err());
}
