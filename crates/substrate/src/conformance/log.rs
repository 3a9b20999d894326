//! The suite of `Log`.

use crate::log::{
    APPEND_BYTES_MAX, APPEND_RECORDS_MAX, Follower, Log, LogEntry, LogError, Position, READ_ENTRIES_MAX, Span,
};
use bytes::Bytes;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// How long something may take that is not waited for at all where the machine is idle.
const GENEROUS: Duration = Duration::from_secs(60);

async fn append(log: &dyn Log, expected: Position, records: &[&str]) -> Result<Position, LogError> {
    let records = records.iter().map(|record| Bytes::copy_from_slice(record.as_bytes())).collect();
    log.append(expected, records).await
}

async fn all(log: &dyn Log, mut after: Position) -> Vec<LogEntry> {
    let mut entries = Vec::new();
    loop {
        let page = log.read(after, READ_ENTRIES_MAX).await.expect("readable");
        let Some(last) = page.entries.last() else { return entries };
        after = last.position;
        entries.extend(page.entries);
    }
}

/// Everything that needs one open, empty log.
pub async fn log(world: &World, log: Arc<dyn Log>) {
    appends_where_expected(log.as_ref()).await;
    one_of_many_wins(&log).await;
    appends_keep_their_order(&log).await;
    refuses_what_is_out_of_bounds(log.as_ref()).await;
    follows(world, &log).await;
    a_slow_follower_is_told_and_misses_nothing(world, &log).await;
    trims(world, &log).await;
}

async fn appends_where_expected(log: &dyn Log) {
    assert_eq!(log.span().await, Ok(Span { first: Position(1), last: Position(0) }), "a fresh log is empty");
    assert_eq!(all(log, Position::START).await, []);
    assert_eq!(
        append(log, Position(0), &["a", "", "b"]).await,
        Ok(Position(1)),
        "many records are one append"
    );
    assert_eq!(append(log, Position(1), &["c"]).await, Ok(Position(2)));
    for wrong in [0, 1, 3, u64::MAX] {
        let refused = append(log, Position(wrong), &["x"]).await;
        assert_eq!(refused, Err(LogError::WrongPosition { current: Position(2) }), "expected {wrong}");
    }
    let first = LogEntry { position: Position(1), records: vec!["a".into(), Bytes::new(), "b".into()] };
    let second = LogEntry { position: Position(2), records: vec!["c".into()] };
    assert_eq!(all(log, Position::START).await, [first.clone(), second.clone()]);
    assert_eq!(all(log, Position(1)).await, [second]);
    let page = log.read(Position(0), 1).await.expect("readable");
    assert_eq!((page.entries, page.last), (vec![first], Position(2)), "a short page says that there is more");
    assert_eq!(log.read(Position(7), 1).await.expect("readable").entries, [], "after the end is nothing yet");
}

async fn one_of_many_wins(log: &Arc<dyn Log>) {
    let at = log.span().await.expect("answered").last;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let log = Arc::clone(log);
        writers.spawn(async move { append(log.as_ref(), at, &[&number.to_string()]).await.map(|_| number) });
    }
    let results = writers.join_all().await;
    let won: Vec<i32> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
    assert_eq!(won.len(), 1, "one of those who expect the same position wins: {results:?}");
    let lost = results.iter().filter(|result| matches!(result, Err(LogError::WrongPosition { .. })));
    assert_eq!(lost.count(), 49, "the others are told that they lost");
    let entries = all(log.as_ref(), at).await;
    assert_eq!(entries.len(), 1, "the losers left nothing");
    assert_eq!(entries[0].records, [Bytes::from(won[0].to_string())]);
}

async fn appends_keep_their_order(log: &Arc<dyn Log>) {
    let mut at = log.span().await.expect("answered").last;
    let from = at;
    for number in 0..300 {
        at = append(log.as_ref(), at, &[&number.to_string()]).await.expect("appended");
    }
    let read = all(log.as_ref(), from).await;
    let positions: Vec<u64> = read.iter().map(|entry| entry.position.0).collect();
    assert_eq!(positions, (from.0 + 1..=from.0 + 300).collect::<Vec<_>>(), "dense, in order, over pages");
    let texts = read.iter().map(|entry| entry.records[0].clone());
    assert!(texts.eq((0..300).map(|number: i32| Bytes::from(number.to_string()))));
}

async fn refuses_what_is_out_of_bounds(log: &dyn Log) {
    let at = log.span().await.expect("answered").last;
    assert_eq!(log.append(at, Vec::new()).await, Err(LogError::Empty));
    let large = log.append(at, vec![Bytes::from(vec![0; APPEND_BYTES_MAX])]).await;
    assert!(matches!(large, Err(LogError::TooLarge { .. })), "{large:?}");
    let many = log.append(at, vec![Bytes::new(); APPEND_RECORDS_MAX + 1]).await;
    assert!(matches!(many, Err(LogError::TooLarge { .. })), "{many:?}");
    let largest = Bytes::from(vec![7; APPEND_BYTES_MAX - 64]);
    let at = log.append(at, vec![largest.clone()]).await.expect("the largest append fits");
    let read = log.read(Position(at.0 - 1), 1).await.expect("readable");
    assert_eq!(read.entries[0].records, [largest]);
}

async fn follows(world: &World, log: &Arc<dyn Log>) {
    let at = log.span().await.expect("answered").last;
    let mut follower = Follower::new(world, Arc::clone(log), at);
    let waiting = follower.next(10);
    let appending = async {
        append(log.as_ref(), at, &["while it waits"]).await.expect("appended");
    };
    let both = async { tokio::join!(waiting, appending) };
    let (followed, ()) = world.timeout(GENEROUS, both).await.expect("a follower hears of an append");
    let followed = followed.expect("readable");
    assert_eq!((followed.entries.len(), followed.behind), (1, 0));
    assert_eq!(followed.entries[0].records, [Bytes::from_static(b"while it waits")]);
    assert_eq!(follower.position(), at.next());
    // Dropped while it waits: nothing is lost.
    assert!(world.timeout(Duration::from_millis(1), follower.next(10)).await.is_none());
    append(log.as_ref(), at.next(), &["after"]).await.expect("appended");
    let followed = world.timeout(GENEROUS, follower.next(10)).await.expect("heard").expect("readable");
    assert_eq!(followed.entries[0].position, Position(at.0 + 2));
}

async fn a_slow_follower_is_told_and_misses_nothing(world: &World, log: &Arc<dyn Log>) {
    let from = log.span().await.expect("answered").last;
    let mut follower = Follower::new(world, Arc::clone(log), from);
    let mut at = from;
    for number in 0..100 {
        at = append(log.as_ref(), at, &[&number.to_string()]).await.expect("appended");
    }
    let (mut seen, mut behind) = (Vec::new(), Vec::new());
    while seen.len() < 100 {
        let followed = follower.next(30).await.expect("readable");
        assert!(followed.entries.len() <= 30, "no more than was asked for is held");
        behind.push(followed.behind);
        seen.extend(followed.entries.into_iter().map(|entry| entry.position.0));
    }
    assert_eq!(behind, [70, 40, 10, 0], "it is told how far behind it is");
    assert_eq!(seen, (from.0 + 1..=from.0 + 100).collect::<Vec<_>>());
}

async fn trims(world: &World, log: &Arc<dyn Log>) {
    let last = log.span().await.expect("answered").last;
    let mut follower = Follower::new(world, Arc::clone(log), Position::START);
    log.trim(Position(5)).await.expect("trimmed");
    log.trim(Position(3)).await.expect("what is forgotten is forgotten");
    assert_eq!(log.span().await, Ok(Span { first: Position(6), last }));
    let trimmed = LogError::Trimmed { first: Position(6) };
    assert_eq!(log.read(Position(4), 1).await, Err(trimmed.clone()));
    assert_eq!(log.read(Position(5), 1).await.expect("readable").entries[0].position, Position(6));
    assert_eq!(follower.next(10).await, Err(trimmed), "a follower that was left behind is told");
    follower.seek(Position(5));
    assert_eq!(follower.next(10).await.expect("readable").entries[0].position, Position(6));
    log.trim(Position(u64::MAX)).await.expect("all of it");
    assert_eq!(log.span().await, Ok(Span { first: last.next(), last }));
    assert_eq!(log.read(last, 10).await.expect("readable").entries, []);
    let at = append(log.as_ref(), last, &["on"]).await.expect("an emptied log goes on where it was");
    assert_eq!(at, last.next(), "no position is used twice");
    assert_eq!(all(log.as_ref(), last).await.len(), 1);
}

/// What was answered is there when the log is opened again without having been closed.
pub async fn log_survives<F: Future<Output = Arc<dyn Log>>>(open: impl Fn() -> F) {
    let before = open().await;
    let at = append(before.as_ref(), Position::START, &["1"]).await.expect("appended");
    let at = append(before.as_ref(), at, &["2"]).await.expect("appended");
    before.trim(Position(1)).await.expect("trimmed");
    let after = open().await;
    assert_eq!(after.span().await, Ok(Span { first: Position(2), last: Position(2) }));
    assert_eq!(append(after.as_ref(), at, &["3"]).await, Ok(Position(3)));
    // Who has the log open still is deposed by its next append.
    let deposed = append(before.as_ref(), at, &["3, too"]).await;
    assert_eq!(deposed, Err(LogError::WrongPosition { current: Position(3) }));
    drop(before);
}

/// A log without room answers `Full`, appends nothing, still reads, and has room again once trimmed.
pub async fn log_full(log: Arc<dyn Log>) {
    let chunk = Bytes::from(vec![1; 64 * 1024]);
    let mut at = Position::START;
    let error = loop {
        match log.append(at, vec![chunk.clone()]).await {
            Ok(next) => at = next,
            Err(error) => break error,
        }
        assert!(at.0 < 10_000, "the log was meant to be small");
    };
    assert!(matches!(error, LogError::Full { .. }), "{error:?}");
    assert_eq!(log.span().await.expect("a full log still answers").last, at, "what did not fit left nothing");
    assert_eq!(all(log.as_ref(), Position::START).await.len() as u64, at.0);
    log.trim(Position(at.0 / 2)).await.expect("trimming needs no room");
    let on = log.append(at, vec![chunk]).await;
    assert_eq!(on, Ok(at.next()), "trimming makes room");
}
