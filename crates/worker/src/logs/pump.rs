//! One task per environment that carries everything it says to telemetry, in order.
//!
//! ```text
//!  stdout ─┐                          full, or 10 ms after its first event
//!  stderr ─┼─► lines, frames ─► batch ─────────────────────────────────────► outbox ─► Telemetry::append
//!  fd    ──┘        ▲
//!        START, END, REPORT: what is in the pipes goes first
//!
//!            outbox full for PATIENCE                 the outbox has room
//! In time ────────────────────────────► Behind (drops) ───────────────────► In time (says how many it dropped)
//! ```
//! A store that is merely slow slows down the function that writes so much; one that hangs costs log events and never
//! an invocation. A platform line is a barrier: the function wrote its lines before it asked for the next event, so
//! they are in the pipe already and are read before END is written.

use super::frames::Frames;
use super::lines::Lines;
use bytes::Bytes;
use fabric::telemetry::{AppendEvents, LogEvent, StreamName, Telemetry};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{mpsc, oneshot};
use types::limits::LOG_TAIL_BYTES;
use world::{BoxFuture, WallTime, World};

const READ_BYTES: usize = 16 * 1024;
/// A batch goes out at this many events or bytes, or this long after its first event.
const BATCH_EVENTS: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;
const BATCH_DELAY: Duration = Duration::from_millis(10);
/// Messages to the pump, which is never away for longer than [`PATIENCE`].
const MAILBOX: usize = 64;
/// Full batches that wait for the store: a mebibyte for each environment.
const OUTBOX: usize = 4;
/// How long the pump waits for room in the outbox before it drops.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a flush may take.
const FLUSH_MAX: Duration = Duration::from_secs(1);
/// An append that takes longer is given up: its environment may be long gone.
const APPEND_MAX: Duration = Duration::from_secs(30);
/// Read from each pipe at a barrier: more than a pipe holds (64 KiB), so all that was there; bounded, so that a
/// function that never stops writing can not hold END back.
const BARRIER_BYTES: usize = 256 * 1024;
/// How long the pipes of an ended sandbox may take to close.
const DETACH_LIMIT: Duration = Duration::from_millis(500);
/// A frame's own time counts if it is this near to ours.
const FRAME_TIME_SKEW_MS: u64 = 3_600_000;

/// A pipe from inside.
pub(crate) type Pipe = Box<dyn AsyncRead + Send + Unpin>;

/// What a started process writes to.
pub(crate) struct Pipes {
    pub(crate) stdout: Pipe,
    pub(crate) stderr: Pipe,
    pub(crate) telemetry: Option<Pipe>,
}

enum Message {
    Attach(Pipes),
    /// Reads the pipes to their end and lets them go.
    Detach(oneshot::Sender<()>),
    /// Sends what is there.
    Flush(oneshot::Sender<()>),
    /// What comes from now on goes to this stream, these lines first. Answered when it is so.
    Turn {
        stream: StreamName,
        lines: Vec<String>,
        at: WallTime,
        turned: oneshot::Sender<()>,
    },
    Platform {
        lines: Vec<String>,
        at: WallTime,
        tail: Tail,
    },
}

enum Tail {
    Untouched,
    /// Answered when what was in the pipes has its place before START.
    Begin(oneshot::Sender<()>),
    End(oneshot::Sender<Bytes>),
}

/// Speaks to the pump. The pump ends, its last batch sent, when every handle is gone.
#[derive(Clone)]
pub(crate) struct Logs {
    world: World,
    mailbox: mpsc::Sender<Message>,
}

/// On its way to the store.
enum Outgoing {
    Events(AppendEvents),
    /// Answered when everything before it has been taken.
    Flush(oneshot::Sender<()>),
}

impl Logs {
    /// Starts the pump of one stream.
    pub(crate) fn start(world: &World, telemetry: Arc<dyn Telemetry>, stream: StreamName) -> Self {
        let (tx, mailbox) = mpsc::channel(MAILBOX);
        let (outbox, outgoing) = mpsc::channel(OUTBOX);
        let pump = Pump {
            world: world.clone(),
            outbox,
            stream,
            mailbox,
            sources: Vec::new(),
            batch: Batch::default(),
            tick: None,
            behind: false,
            dropped: 0,
            looked: false,
        };
        world.spawn("log pump", pump.run());
        world.spawn("log outbox", carry(world.clone(), telemetry, outgoing));
        Self { world: world.clone(), mailbox: tx }
    }

    pub(crate) async fn attach(&self, pipes: Pipes) {
        self.send(Message::Attach(pipes)).await;
    }

    /// After the sandbox has ended: everything that it wrote is taken.
    pub(crate) async fn detach(&self) {
        let (done, waited) = oneshot::channel();
        self.send(Message::Detach(done)).await;
        drop(waited.await);
    }

    /// Answers when telemetry has everything that was said so far, or does not take it.
    pub(crate) async fn flush(&self) {
        let (done, waited) = oneshot::channel();
        self.send(Message::Flush(done)).await;
        let _ = self.world.timeout(FLUSH_MAX, waited).await; // nobody needs to know which it was
    }

    /// What comes from now on, out of the pipes too, goes to another stream, which begins with this line. Waited for: what
    /// is let go afterwards writes there.
    pub(crate) async fn turn(&self, stream: StreamName, at: WallTime, line: Option<String>) {
        let (turned, waited) = oneshot::channel();
        self.send(Message::Turn { stream, lines: line.into_iter().collect(), at, turned }).await;
        drop(waited.await); // an error: the pump panicked, which `world` has logged
    }

    pub(crate) async fn platform(&self, at: WallTime, lines: impl IntoIterator<Item = String>) {
        let lines: Vec<String> = lines.into_iter().collect();
        if !lines.is_empty() {
            self.send(Message::Platform { lines, at, tail: Tail::Untouched }).await;
        }
    }

    /// START: from here on the tail is kept. Waited for: a function that is quick would have its first lines read
    /// before START, and out of the tail, if it were let go while the pump had not had its turn.
    pub(crate) async fn begin(&self, at: WallTime, line: Option<String>) {
        let (begun, waited) = oneshot::channel();
        let lines = line.into_iter().collect();
        self.send(Message::Platform { lines, at, tail: Tail::Begin(begun) }).await;
        drop(waited.await); // an error: the pump panicked, which `world` has logged
    }

    /// END and REPORT; answers the tail.
    pub(crate) async fn end(&self, at: WallTime, lines: Vec<String>) -> Option<Bytes> {
        let (tail, kept) = oneshot::channel();
        self.send(Message::Platform { lines, at, tail: Tail::End(tail) }).await;
        kept.await.ok()
    }

    async fn send(&self, message: Message) {
        // The pump outlives its handles; it is gone only if it panicked, which `world` has logged.
        drop(self.mailbox.send(message).await);
    }
}

enum Parser {
    Lines(Lines),
    Frames(Frames),
}

struct Source {
    pipe: Pipe,
    parser: Parser,
}

#[derive(Default)]
struct Batch {
    events: Vec<LogEvent>,
    bytes: usize,
    tail: Option<Vec<u8>>,
}

impl Batch {
    fn push(&mut self, timestamp_ms: u64, message: String) {
        self.bytes += message.len();
        if let Some(tail) = &mut self.tail {
            tail.extend_from_slice(message.as_bytes());
            if tail.len() > 4 * LOG_TAIL_BYTES {
                tail.drain(..tail.len() - LOG_TAIL_BYTES);
            }
        }
        self.events.push(LogEvent { timestamp_ms, message });
    }
    fn full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }
}

enum Step {
    Message(Option<Message>),
    Tick,
    Read,
}

struct Pump {
    world: World,
    outbox: mpsc::Sender<Outgoing>,
    stream: StreamName,
    mailbox: mpsc::Receiver<Message>,
    sources: Vec<Source>,
    batch: Batch,
    tick: Option<BoxFuture<()>>,
    /// The outbox did not take the last batch: the next one is not waited for.
    behind: bool,
    /// Events that were dropped since the last batch that was taken.
    dropped: usize,
    /// All pipes were found empty by this very poll: the reactor wakes us for them, another look is a call for nothing.
    looked: bool,
}

impl Pump {
    async fn run(mut self) {
        loop {
            match poll_fn(|cx| self.poll_step(cx)).await {
                Step::Message(Some(message)) => self.take(message).await,
                Step::Message(None) => break,
                Step::Tick => self.send_if_taken().await,
                Step::Read => {}
            }
            if self.batch.full() {
                self.send().await;
            } else if self.tick.is_none() && !self.batch.events.is_empty() {
                self.tick = Some(self.world.clock.sleep(BATCH_DELAY));
            }
        }
        self.flush_partial();
        self.send().await;
    }

    /// The mailbox first: START was sent before the event, so it precedes the lines that the event causes.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(message) = self.mailbox.poll_recv(cx) {
            return Poll::Ready(Step::Message(message));
        }
        if let Some(tick) = &mut self.tick
            && tick.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Step::Tick);
        }
        if std::mem::take(&mut self.looked) {
            return Poll::Pending;
        }
        if self.poll_read(cx).is_ready() { Poll::Ready(Step::Read) } else { Poll::Pending }
    }

    /// Reads once from the first pipe that has something; a pipe at its end is let go.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let now_ms = self.world.wall().millis();
        for index in 0..self.sources.len() {
            let mut space = [std::mem::MaybeUninit::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            let polled = Pin::new(&mut self.sources[index].pipe).poll_read(cx, &mut read);
            match polled {
                Poll::Pending => {}
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    parse(&mut self.sources[index].parser, read.filled(), now_ms, &mut self.batch);
                    return Poll::Ready(read.filled().len());
                }
                // The end, or a pipe that is broken: nothing comes any more.
                Poll::Ready(_) => {
                    let mut source = self.sources.swap_remove(index);
                    flush(&mut source.parser, now_ms, &mut self.batch);
                    return Poll::Ready(0);
                }
            }
        }
        Poll::Pending
    }

    async fn take(&mut self, message: Message) {
        self.looked = false; // what is attached now has not been looked at
        match message {
            Message::Attach(pipes) => {
                let lines = |pipe| Source { pipe, parser: Parser::Lines(Lines::default()) };
                let frames = |pipe| Source { pipe, parser: Parser::Frames(Frames::default()) };
                self.sources.extend([lines(pipes.stdout), lines(pipes.stderr)]);
                self.sources.extend(pipes.telemetry.map(frames));
            }
            Message::Detach(done) => {
                self.read_to_end().await;
                let _ = done.send(()); // whoever asked may have gone
            }
            Message::Flush(done) => {
                self.send().await;
                // Dropped where there is no room, which says the same to whoever waits.
                self.hand_over(Outgoing::Flush(done)).await;
            }
            Message::Turn { stream, lines, at, turned } => {
                self.read_what_is_there().await;
                self.flush_partial();
                self.send().await;
                self.stream = stream;
                lines.into_iter().for_each(|line| self.batch.push(at.millis(), line));
                let _ = turned.send(()); // waited for by a task that may have ended
            }
            Message::Platform { lines, at, tail } => {
                self.read_what_is_there().await;
                self.flush_partial();
                if matches!(tail, Tail::Begin(_)) {
                    self.batch.tail = Some(Vec::new());
                }
                for line in lines {
                    self.batch.push(at.millis(), line);
                }
                match tail {
                    Tail::Untouched => {}
                    Tail::Begin(begun) => drop(begun.send(())), // waited for by a task that may have ended
                    Tail::End(answer) => {
                        let kept = self.batch.tail.take().unwrap_or_default();
                        let from = kept.len().saturating_sub(LOG_TAIL_BYTES);
                        let _ = answer.send(Bytes::from(kept).slice(from..)); // asked for only by some
                    }
                }
            }
        }
    }

    async fn read_what_is_there(&mut self) {
        let mut budget = BARRIER_BYTES * self.sources.len();
        // Unconstrained: the scheduler's budget would say "pending" of a pipe that has something.
        let more = |pump: &mut Self, cx: &mut Context<'_>| match pump.poll_read(cx) {
            Poll::Ready(bytes) => Poll::Ready(Some(bytes)),
            Poll::Pending => Poll::Ready(None),
        };
        while let Some(bytes) = tokio::task::unconstrained(poll_fn(|cx| more(self, cx))).await {
            budget = budget.saturating_sub(bytes);
            if budget == 0 {
                return;
            }
            if self.batch.full() {
                self.send().await;
            }
        }
        self.looked = true;
    }

    async fn read_to_end(&mut self) {
        let mut limit = self.world.clock.sleep(DETACH_LIMIT);
        while !self.sources.is_empty() {
            let step = poll_fn(|cx| match self.poll_read(cx) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending => limit.as_mut().poll(cx).map(|()| false),
            });
            if !step.await {
                break;
            }
            if self.batch.full() {
                self.send().await;
            }
        }
        self.flush_partial();
        self.sources.clear();
    }

    fn flush_partial(&mut self) {
        let now_ms = self.world.wall().millis();
        for source in &mut self.sources {
            flush(&mut source.parser, now_ms, &mut self.batch);
        }
    }

    /// While the store is busy with what it has, the batch grows: there is no hurry before it is full.
    async fn send_if_taken(&mut self) {
        self.tick = None;
        if self.outbox.capacity() > 0 || self.behind {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        self.looked = false; // a wait for room takes the wakings that were for the pipes
        self.tick = None;
        if self.batch.events.is_empty() {
            return;
        }
        self.batch.bytes = 0;
        let mut events = std::mem::take(&mut self.batch.events);
        let count = events.len();
        if self.dropped > 0 {
            let timestamp_ms = events.first().map_or(0, |event| event.timestamp_ms);
            events.insert(0, LogEvent { timestamp_ms, message: dropped_line(self.dropped) });
        }
        let append = AppendEvents { stream: self.stream.clone(), events };
        match self.hand_over(Outgoing::Events(append)).await {
            true => self.dropped = 0,
            false => self.dropped += count,
        }
    }

    /// Into the outbox. Room is waited for unless there was none the last time either; `false`: it is dropped.
    async fn hand_over(&mut self, outgoing: Outgoing) -> bool {
        let place = match self.outbox.try_reserve() {
            Ok(place) => Some(place),
            Err(_) if self.behind => None,
            Err(_) => self.world.timeout(PATIENCE, self.outbox.reserve()).await.and_then(Result::ok),
        };
        if place.is_none() && !self.behind {
            tracing::warn!(stream = %self.stream.stream, "the log store does not take events; they are dropped");
        }
        self.behind = place.is_none();
        place.map(|place| place.send(outgoing)).is_some()
    }
}

/// Where events are missing, the log says so.
fn dropped_line(events: usize) -> String {
    format!("TINDERBOX Dropped: {events} log events that the log store did not take in time\n")
}

/// The outbox, in order, until the pump has ended.
async fn carry(world: World, telemetry: Arc<dyn Telemetry>, mut outgoing: mpsc::Receiver<Outgoing>) {
    let mut after = None;
    while let Some(next) = match after.take() {
        Some(next) => Some(next),
        None => outgoing.recv().await,
    } {
        let mut append = match next {
            Outgoing::Events(append) => append,
            Outgoing::Flush(done) => {
                let _ = done.send(()); // whoever asked may have gone
                continue;
            }
        };
        // What came while the last one was under way goes together.
        while append.events.len() < OUTBOX * BATCH_EVENTS {
            match outgoing.try_recv() {
                Ok(Outgoing::Events(more)) => append.events.extend(more.events),
                Ok(flush) => {
                    after = Some(flush);
                    break;
                }
                Err(_) => break,
            }
        }
        let (stream, count) = (append.stream.stream.clone(), append.events.len());
        match world.timeout(APPEND_MAX, telemetry.append(append)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, count, stream, "log events are lost"),
            None => tracing::warn!(count, stream, "log events are lost: the log store does not answer"),
        }
    }
}

fn parse(parser: &mut Parser, read: &[u8], now_ms: u64, batch: &mut Batch) {
    match parser {
        Parser::Lines(lines) => lines.push(read, &mut |line| batch.push(now_ms, line)),
        Parser::Frames(frames) => {
            frames.push(read, &mut |(line, time)| batch.push(frame_time(time, now_ms), line));
        }
    }
}

fn flush(parser: &mut Parser, now_ms: u64, batch: &mut Batch) {
    match parser {
        Parser::Lines(lines) => lines.flush(&mut |line| batch.push(now_ms, line)),
        Parser::Frames(frames) => {
            frames.flush(&mut |(line, time)| batch.push(frame_time(time, now_ms), line))
        }
    }
}

/// User code writes these times: one far from ours would put the event outside of every query and retention.
fn frame_time(time: Option<u64>, now_ms: u64) -> u64 {
    time.filter(|time| time.abs_diff(now_ms) <= FRAME_TIME_SKEW_MS).unwrap_or(now_ms)
}
