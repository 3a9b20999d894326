//! What one link knows: which streams are open, who waits for what, and what is to be sent. Decides, without IO.
//!
//! ```text
//!  a stream:   open ──both directions ended, or Reset by either──▶ shut ──our handle dropped──▶ forgotten
//!  its handle: held ──dropped, nothing unread──▶ abandoned: End is sent, and what still comes answered with Reset
//!                  └──dropped with bytes unread──▶ Reset
//! ```
//!
//! Memory is bounded whatever the guest sends: streams by [`STREAMS_MAX`], what each holds by its credit, words to send by
//! [`OUT_BYTES_MAX`]. What a stream has to say beside bytes (`Credit`, `End`, `Reset`) is only noted, and written when there is
//! room: a guest that reads nothing makes no list grow.

use super::stream::{Flow, Stream};
use super::{Broken, LinkError};
use crate::{Exit, ExitStatus};
use guest_protocol::credit::{Late, Names, Violation};
use guest_protocol::frame::{self, Word};
use guest_protocol::messages::{
    Answer, Door, Failure, Pipes, Status, Stream as Said, StreamId, ToGuest, ToHost,
};
use guest_protocol::phase::{Conversation, Phase};
use guest_protocol::{DOOR_STREAMS_MAX, FRAME_BYTES_MAX, PROCESSES_MAX, SPARE_BYTES, STREAMS_MAX, VERSION};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use tokio::sync::{Notify, oneshot};

/// Words that wait for the stream of bytes; past it writers wait. A full window of one stream, so that one is enough to keep
/// the guest busy.
pub(super) const OUT_BYTES_MAX: usize = 256 * 1024;
/// Past it a question is refused: the guest reads nothing, and some long ones wait already.
const OUT_BYTES_STUCK: usize = OUT_BYTES_MAX + 2 * FRAME_BYTES_MAX;
/// Questions without an answer: each call of the environment has one.
const WAITING_MAX: usize = 256;
/// Connections that came through one door and that nobody took yet; more are refused. The kernel's own default is 4,096, but
/// nobody waits so long for a worker that takes at once.
pub(super) const BACKLOG: usize = 256;

/// An asked question.
struct Waiting {
    /// Whoever asked may have left.
    reply: oneshot::Sender<Result<Answer, Failure>>,
    /// The one that `Start` would start.
    starts: Option<u64>,
}

#[derive(Default)]
struct Backlog {
    waiting: VecDeque<StreamId>,
    arrived: Arc<Notify>,
}

pub(super) struct Books {
    conversation: Conversation,
    names: Names,
    late: Late,
    pub(super) streams: BTreeMap<StreamId, Stream>,
    /// Of the open ones, those that the guest named.
    open_doors: usize,
    open_pipes: usize,
    /// Streams that have a `Credit`, `End` or `Reset` to say.
    owing: BTreeSet<StreamId>,
    /// What windows may still grow by.
    spare: u32,
    pub(super) out: Vec<u8>,
    /// Sleeps until there is something to send.
    pub(super) driver: Option<Waker>,
    /// To be called once nothing is locked.
    pub(super) wakes: Vec<Waker>,
    /// Writers wait for room in `out`, or for another phase.
    cramped: bool,
    next_request: u64,
    next_process: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Whoever waits for the word that ends this phase.
    milestone: Option<oneshot::Sender<ToHost>>,
    exits: BTreeMap<u64, oneshot::Sender<Exit>>,
    /// Of a restored copy: the processes that live in it and whose pipes nobody has asked for.
    adoptable: BTreeMap<u64, oneshot::Receiver<Exit>>,
    doors: [Backlog; 2],
    pub(super) over: Option<LinkError>,
    /// It is over because we killed the machine: pipes end, as those of killed processes do.
    pub(super) killed: bool,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            conversation: Conversation::default(),
            names: Names::host(),
            late: Late::default(),
            streams: BTreeMap::new(),
            open_doors: 0,
            open_pipes: 0,
            owing: BTreeSet::new(),
            spare: SPARE_BYTES,
            out: Vec::new(),
            driver: None,
            wakes: Vec::new(),
            cramped: false,
            next_request: 0,
            next_process: 0,
            waiting: BTreeMap::new(),
            milestone: None,
            exits: BTreeMap::new(),
            adoptable: BTreeMap::new(),
            doors: Default::default(),
            over: None,
            killed: false,
        }
    }
}

/// What is said.
impl Books {
    /// Queues a word, if it may be said now.
    pub(super) fn say(&mut self, word: &ToGuest) -> Result<(), LinkError> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        if self.out.len() >= OUT_BYTES_STUCK {
            return Err(LinkError::Full);
        }
        let mut next = self.conversation.clone();
        next.to_guest(word).map_err(LinkError::OutOfPhase)?;
        frame::encode(word, &mut self.out).map_err(LinkError::TooLong)?;
        self.conversation = next;
        self.wakes.extend(self.driver.take());
        Ok(())
    }

    /// Queues a word that the guest answers with another phase.
    pub(super) fn say_and_wait(&mut self, word: &ToGuest) -> Result<oneshot::Receiver<ToHost>, LinkError> {
        self.say(word)?;
        let (tx, rx) = oneshot::channel();
        self.milestone = Some(tx);
        Ok(rx)
    }

    /// Queues a question that has a number.
    pub(super) fn ask(
        &mut self,
        starts: Option<u64>,
        word: impl FnOnce(u64) -> ToGuest,
    ) -> Result<oneshot::Receiver<Result<Answer, Failure>>, LinkError> {
        if self.waiting.len() >= WAITING_MAX {
            return Err(LinkError::Full);
        }
        let request = self.next_request;
        self.say(&word(request))?;
        self.next_request += 1;
        let (reply, answered) = oneshot::channel();
        self.waiting.insert(request, Waiting { reply, starts });
        Ok(answered)
    }

    /// A number for a process to be started, and what it will end with.
    pub(super) fn process(&mut self) -> Result<(u64, oneshot::Receiver<Exit>), LinkError> {
        if self.exits.len() >= PROCESSES_MAX {
            return Err(LinkError::Full);
        }
        let process = self.next_process;
        self.next_process += 1;
        Ok((process, self.expect_exit(process)))
    }

    /// It was not started after all.
    pub(super) fn no_process(&mut self, process: u64) {
        self.exits.remove(&process);
    }

    /// A process of the copy, once.
    pub(super) fn adopt(&mut self, process: u64) -> Option<oneshot::Receiver<Exit>> {
        self.adoptable.remove(&process)
    }

    fn expect_exit(&mut self, process: u64) -> oneshot::Receiver<Exit> {
        let (tx, exited) = oneshot::channel();
        self.exits.insert(process, tx);
        exited
    }

    /// Streams for a program's pipes; their handles must be made at once.
    pub(super) fn pipes(&mut self, telemetry: bool, bind: bool) -> Result<Pipes, LinkError> {
        // All or none: a stream without a handle would stay.
        if self.open_pipes + 4 > STREAMS_MAX - DOOR_STREAMS_MAX {
            return Err(LinkError::Full);
        }
        let mut pipe = |flow| -> Result<StreamId, LinkError> {
            let id = self.names.name().ok_or(LinkError::Full)?;
            self.streams.insert(id, Stream::new(flow, true));
            self.open_pipes += 1;
            Ok(id)
        };
        Ok(Pipes {
            stdout: pipe(Flow::FromGuest)?,
            stderr: pipe(Flow::FromGuest)?,
            telemetry: telemetry.then(|| pipe(Flow::FromGuest)).transpose()?,
            bind: bind.then(|| pipe(Flow::ToGuest)).transpose()?,
        })
    }

    /// The next connection of this door, if one waits; its handle must be made at once.
    pub(super) fn take(&mut self, door: Door) -> Result<Option<StreamId>, LinkError> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let id = self.doors[idx_of(door)].waiting.pop_front();
        if let Some(stream) = id.and_then(|id| self.streams.get_mut(&id)) {
            stream.held = true;
        }
        Ok(id)
    }

    /// Rings when a connection came through this door.
    pub(super) fn arrived(&self, door: Door) -> Arc<Notify> {
        self.doors[idx_of(door)].arrived.clone()
    }

    /// Whether bytes may be queued.
    pub(super) fn has_room(&self) -> bool {
        self.conversation.streams() && self.out.len() < OUT_BYTES_MAX
    }

    /// A writer waits for [`Books::has_room`].
    pub(super) fn wait_for_room(&mut self) {
        self.cramped = true;
    }

    /// This stream has something to say beside bytes.
    pub(super) fn owes(&mut self, id: StreamId) {
        self.owing.insert(id);
        if self.conversation.streams() {
            self.wakes.extend(self.driver.take());
        }
    }

    /// Writes what streams owe as far as there is room, and hands over what is to be sent now.
    pub(super) fn sendable(&mut self, sent: &mut Vec<u8>) {
        while self.has_room()
            && let Some(id) = self.owing.pop_first()
        {
            self.pay(id);
        }
        sent.clear();
        std::mem::swap(&mut self.out, sent);
        if self.cramped && self.has_room() {
            self.cramped = false;
            let writers = self.streams.values_mut().filter_map(|stream| stream.writer.take());
            self.wakes.extend(writers);
        }
    }

    fn pay(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if !stream.open {
            return;
        }
        let (mut words, mut count) = ([const { None }; 2], 0);
        let mut word = |said| {
            words[count] = Some(said);
            count += 1;
        };
        if stream.owes_reset {
            word(Said::Reset(id));
        } else {
            if let Some(bytes) = stream.receiving.grant(&mut self.spare) {
                word(Said::Credit(id, bytes));
            }
            if std::mem::take(&mut stream.owes_end) {
                word(Said::End(id));
            }
        }
        let shuts = stream.owes_reset || stream.is_through();
        for said in words.into_iter().flatten() {
            // A word of two numbers always fits a frame.
            let _ = frame::encode(&ToGuest::stream(said), &mut self.out);
        }
        if shuts {
            self.shut(id);
        }
    }

    /// Neither side says more in this stream.
    pub(super) fn shut(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if std::mem::take(&mut stream.open) {
            self.late.shut(&stream.receiving, &stream.sending);
            self.spare += stream.receiving.give_back();
            let open = if is_doors(id) { &mut self.open_doors } else { &mut self.open_pipes };
            *open = open.saturating_sub(1);
        }
        self.wakes.extend(stream.reader.take().into_iter().chain(stream.writer.take()));
        if !stream.held {
            self.streams.remove(&id);
        }
    }
}

/// What is heard.
impl Books {
    /// A frame of the guest's.
    pub(super) fn heard(&mut self, body: &[u8]) -> Result<(), LinkError> {
        if let Some(data) = frame::data::<ToHost>(body) {
            let (id, bytes) = data.map_err(Broken::Frame)?;
            self.conversation.data_to_host().map_err(Broken::Phase)?;
            return Ok(self.on_data(id, bytes).map_err(Broken::Stream)?);
        }
        let word = frame::decode::<ToHost>(body).map_err(Broken::Frame)?;
        let before = self.conversation.phase();
        self.conversation.to_host(&word).map_err(Broken::Phase)?;
        if before == Phase::Ended {
            return Ok(()); // was on its way
        }
        match word {
            ToHost::Stream(said) => self.on_stream(said).map_err(Broken::Stream)?,
            ToHost::Opened { stream, door } => self.on_opened(stream, door).map_err(Broken::Stream)?,
            ToHost::Answer { request, answer } => {
                let waiting = self.waiting.remove(&request).ok_or(Broken::Unasked("Answer"))?;
                if let (Some(process), Err(_)) = (waiting.starts, &answer) {
                    self.exits.remove(&process);
                }
                // Nobody may wait any more.
                let _ = waiting.reply.send(answer);
            }
            ToHost::Exited { process, status, out_of_memory } => {
                let exit = self.exits.remove(&process).ok_or(Broken::Unasked("Exited"))?;
                let status = match status {
                    Status::Code(code) => ExitStatus::Code(code),
                    Status::Signal(signal) => ExitStatus::Signal(signal),
                };
                let _ = exit.send(Exit { status, out_of_memory });
            }
            word => self.on_milestone(word)?,
        }
        Ok(())
    }

    fn on_milestone(&mut self, word: ToHost) -> Result<(), LinkError> {
        match &word {
            ToHost::Welcome { version, .. } if *version != VERSION => {
                return Err(LinkError::Version(*version));
            }
            ToHost::Awake { processes, .. } => {
                if processes.len() > PROCESSES_MAX || !processes.is_sorted_by(|a, b| a < b) {
                    return Err(Broken::Unasked("Awake").into());
                }
                self.next_process = processes.last().map_or(0, |last| last.saturating_add(1));
                for process in processes {
                    let exited = self.expect_exit(*process);
                    self.adoptable.insert(*process, exited);
                }
            }
            _ => {}
        }
        if let Some(milestone) = self.milestone.take() {
            let _ = milestone.send(word);
        }
        Ok(())
    }

    fn on_data(&mut self, id: StreamId, bytes: &[u8]) -> Result<(), Violation> {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.open) else {
            self.names.was(id)?;
            return self.late.received(bytes.len());
        };
        stream.receiving.received(bytes.len())?;
        if stream.abandoned {
            stream.owes_reset = true;
            self.owes(id);
        } else if !stream.owes_reset {
            stream.inbox.extend_from_slice(bytes);
            self.wakes.extend(stream.reader.take());
        }
        Ok(())
    }

    fn on_opened(&mut self, id: StreamId, door: Door) -> Result<(), Violation> {
        self.names.named(id)?;
        if self.open_doors >= DOOR_STREAMS_MAX {
            return Err(Violation::TooMany);
        }
        self.open_doors += 1;
        self.streams.insert(id, Stream::new(Flow::Both, false));
        let backlog = &mut self.doors[idx_of(door)];
        if backlog.waiting.len() < BACKLOG {
            backlog.waiting.push_back(id);
            backlog.arrived.notify_one();
        } else if let Some(stream) = self.streams.get_mut(&id) {
            stream.owes_reset = true;
            self.owes(id);
        }
        Ok(())
    }

    fn on_stream(&mut self, said: Said) -> Result<(), Violation> {
        let id = match said {
            Said::Data(id, _) | Said::Credit(id, _) | Said::End(id) | Said::Reset(id) => id,
        };
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.open) else {
            self.names.was(id)?;
            return self.late.hears(&said);
        };
        match said {
            Said::Data(id, bytes) => self.on_data(id, &bytes)?,
            Said::Credit(_, bytes) => {
                stream.sending.granted(bytes)?;
                self.wakes.extend(stream.writer.take());
            }
            Said::End(_) => {
                stream.receiving.end()?;
                self.wakes.extend(stream.reader.take());
                if stream.is_through() {
                    self.shut(id);
                }
            }
            Said::Reset(_) => {
                stream.reset = true;
                let held = stream.held;
                self.shut(id);
                if !held {
                    for backlog in &mut self.doors {
                        backlog.waiting.retain(|waiting| *waiting != id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing is said or heard any more. The first reason stays; those who wait are told.
    /// The machine is being killed by us: its programs end by that, and their pipes with them.
    pub(super) fn kill(&mut self) {
        if self.over.is_some() {
            return;
        }
        let exit = Exit { status: ExitStatus::Signal(libc::SIGKILL), out_of_memory: false };
        for exited in std::mem::take(&mut self.exits).into_values() {
            // Nobody may wait for it.
            let _ = exited.send(exit);
        }
        self.killed = true;
        self.end(LinkError::Gone);
    }

    pub(super) fn end(&mut self, why: LinkError) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(why);
        (self.waiting, self.exits, self.adoptable) = Default::default();
        self.milestone = None;
        (self.out, self.owing) = Default::default();
        for stream in self.streams.values_mut() {
            self.wakes.extend(stream.reader.take().into_iter().chain(stream.writer.take()));
        }
        self.doors.iter().for_each(|door| door.arrived.notify_waiters());
        let untaken: Vec<_> = self.doors.iter_mut().flat_map(|door| door.waiting.drain(..)).collect();
        for id in untaken {
            self.streams.remove(&id);
        }
        self.wakes.extend(self.driver.take());
    }
}

fn idx_of(door: Door) -> usize {
    match door {
        Door::RuntimeApi => 0,
        Door::LambdaApi => 1,
    }
}

fn is_doors(id: StreamId) -> bool {
    id.0 % 2 == 1
}

#[cfg(any(test, fuzzing))]
impl Books {
    /// Holds after every step, whatever the guest said.
    pub(super) fn assert_bounds(&self, handles: usize) {
        use guest_protocol::FIRST_BYTES;
        assert!(self.open_doors <= DOOR_STREAMS_MAX && self.open_pipes <= STREAMS_MAX - DOOR_STREAMS_MAX);
        assert!(self.streams.len() <= STREAMS_MAX + handles);
        assert!(self.out.len() <= OUT_BYTES_STUCK + FRAME_BYTES_MAX + 4);
        assert!(self.owing.len() <= STREAMS_MAX + handles);
        assert!(self.waiting.len() <= WAITING_MAX && self.exits.len() <= PROCESSES_MAX);
        assert!(self.doors.iter().all(|door| door.waiting.len() <= BACKLOG));
        let open = || self.streams.values().filter(|stream| stream.open);
        assert_eq!(
            open().count(),
            if self.over.is_some() { open().count() } else { self.open_doors + self.open_pipes }
        );
        let given: u32 = open().map(|stream| stream.receiving.give_back()).sum();
        assert_eq!(given + self.spare, SPARE_BYTES);
        for stream in self.streams.values() {
            assert!(stream.inbox.len() <= (FIRST_BYTES + stream.receiving.give_back()) as usize);
        }
    }
}

#[cfg(fuzzing)]
impl Books {
    /// Whether a guest that keeps the rules may say this now.
    pub(super) fn allows(&self, word: &ToHost) -> bool {
        use guest_protocol::DATA_BYTES_MAX;
        let in_order = match word {
            ToHost::Answer { request, .. } => self.waiting.contains_key(request),
            ToHost::Exited { process, .. } => self.exits.contains_key(process),
            ToHost::Opened { stream, .. } => {
                self.names.clone().named(*stream).is_ok() && self.open_doors < DOOR_STREAMS_MAX
            }
            ToHost::Awake { processes, .. } => {
                processes.len() <= PROCESSES_MAX && processes.is_sorted_by(|a, b| a < b)
            }
            ToHost::Stream(said) => {
                let id = match said {
                    Said::Data(id, _) | Said::Credit(id, _) | Said::End(id) | Said::Reset(id) => id,
                };
                match (self.streams.get(id).filter(|stream| stream.open), said) {
                    (None, said) => self.names.was(*id).is_ok() && self.late.clone().hears(said).is_ok(),
                    (Some(stream), Said::Data(_, bytes)) => {
                        bytes.len() <= DATA_BYTES_MAX
                            && stream.receiving.clone().received(bytes.len()).is_ok()
                    }
                    (Some(stream), Said::Credit(_, bytes)) => stream.sending.clone().granted(*bytes).is_ok(),
                    (Some(stream), Said::End(_)) => stream.receiving.clone().end().is_ok(),
                    (Some(_), Said::Reset(_)) => true,
                }
            }
            _ => true,
        };
        in_order && self.conversation.clone().to_host(word).is_ok()
    }
}
