//! Ways through the wall: the pipes of processes and the connections that came through a door, each a stream.
//!
//! ```text
//!  outlet (stdout, stderr, telemetry)   inner ═══▶ host          inlet (bind)   host ═══▶ inner
//!  connection                           inner ◀══▶ host, half-closed on its own side each
//!
//!  named ──host quiet, copied──▶ nameless ──outlet, inlet: Adopt──▶ named      what comes meanwhile waits in the kernel
//!                                   └──────connection: Opened, what the client said since it was last answered──▶ named
//! ```
//!
//! Nothing is taken from inside that the host did not allow, so what code writes waits in its own pipes and sockets. What
//! the host sent waits here, within the window that was granted.
//!
//! A client inside does not learn of a restore: its socket stays. What it said since the last byte that came back is kept and
//! said again on the new stream, as the question that nobody answered. More than [`REPLAY_BYTES_MAX`] is not kept
//! ([`REPLAYS_BYTES_MAX`] of all): then the socket is closed in the copy. A connection on which bytes came back last is taken for idle; the host must not quiesce
//! in the midst of an answer.

use crate::machine::Trouble;
use crate::outgoing::Outgoing;
use guest_protocol::credit::{Names, Receiving, Sending, Violation};
use guest_protocol::messages::{Door, Pipes, Stream, StreamId, ToHost};
use guest_protocol::{DATA_BYTES_MAX, DOOR_STREAMS_MAX, SPARE_BYTES};
use rustix::event::PollFlags;
use rustix::io::Errno;
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What a client may have said unanswered and be understood in a copy.
const REPLAY_BYTES_MAX: usize = 64 * 1024;
/// All of them together: this memory is the machine's and not in the room's limit.
const REPLAYS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Which pipe of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipe {
    Stdout,
    Stderr,
    Telemetry,
    Bind,
}

#[derive(Debug)]
enum Kind {
    Pipe {
        process: u64,
        pipe: Pipe,
    },
    /// `said`: since the last byte that came back; `None`: too much.
    Connection {
        door: Door,
        said: Option<Vec<u8>>,
    },
}

#[derive(Debug)]
struct Way {
    kind: Kind,
    /// `None`: no host listens.
    stream: Option<StreamId>,
    /// Non-blocking.
    inner: OwnedFd,
    /// Its program was asked for and has not started.
    held: bool,
    /// The inner end will say no more.
    inner_ended: bool,
    /// Of what a connection said, so many bytes at the end are to be said again.
    unsaid: usize,
    sending: Sending,
    receiving: Receiving,
    /// From the host, for the inner end.
    waiting: VecDeque<u8>,
}

impl Kind {
    fn beginning(&self) -> (Sending, Receiving) {
        match self {
            Self::Pipe { pipe: Pipe::Bind, .. } => (Sending::never(), Receiving::default()),
            Self::Pipe { .. } => (Sending::default(), Receiving::never()),
            Self::Connection { .. } => (Sending::default(), Receiving::default()),
        }
    }
}

impl Way {
    fn new(kind: Kind, inner: OwnedFd, held: bool) -> Self {
        let (sending, receiving) = kind.beginning();
        let waiting = VecDeque::new();
        Self { kind, stream: None, inner, held, inner_ended: false, unsaid: 0, sending, receiving, waiting }
    }

    fn is_of(&self, this: u64) -> bool {
        matches!(self.kind, Kind::Pipe { process, .. } if process == this)
    }

    fn is_pipe(&self, this: u64, which: Pipe) -> bool {
        matches!(self.kind, Kind::Pipe { process, pipe } if process == this && pipe == which)
    }

    fn is_inlet(&self) -> bool {
        matches!(self.kind, Kind::Pipe { pipe: Pipe::Bind, .. })
    }

    /// Bytes that may be taken from the inner end.
    fn room(&self) -> usize {
        if self.inner_ended || self.unsaid > 0 { 0 } else { self.sending.room() }
    }

    fn said_bytes(&self) -> usize {
        if let Kind::Connection { said: Some(said), .. } = &self.kind { said.len() } else { 0 }
    }

    /// It said this; `room` is what may be kept of all that is said.
    fn remember(&mut self, bytes: &[u8], room: usize) {
        if let Kind::Connection { said, .. } = &mut self.kind {
            let most = |said: &Vec<u8>| said.len() + bytes.len() <= REPLAY_BYTES_MAX && bytes.len() <= room;
            let kept = said.take().filter(most);
            *said = kept.map(|mut said| {
                said.extend_from_slice(bytes);
                said
            });
        }
    }

    /// It was answered: what is still to be said again is what it said since.
    fn answered(&mut self) {
        if let Kind::Connection { said, .. } = &mut self.kind {
            let mut rest = said.take().unwrap_or_default();
            rest.drain(..rest.len() - self.unsaid.min(rest.len()));
            *said = Some(rest);
        }
    }

    /// The next bytes that are to be said again.
    fn next_unsaid(&self) -> &[u8] {
        let Kind::Connection { said: Some(said), .. } = &self.kind else { return &[] };
        let rest = said.get(said.len() - self.unsaid.min(said.len())..).unwrap_or_default();
        rest.get(..self.sending.room().min(rest.len())).unwrap_or_default()
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Ways {
    ways: BTreeMap<u64, Way>,
    streams: BTreeMap<StreamId, u64>,
    key_next: u64,
    connections: usize,
    names: Names,
    /// What windows may still grow by.
    spare: u32,
    buffer: Vec<u8>,
}

impl Ways {
    pub(crate) fn new() -> Self {
        Self {
            ways: BTreeMap::new(),
            streams: BTreeMap::new(),
            key_next: 0,
            connections: 0,
            names: Names::guest(),
            spare: SPARE_BYTES,
            buffer: vec![0; DATA_BYTES_MAX],
        }
    }

    pub(crate) fn has_room_for_connections(&self) -> bool {
        self.connections < DOOR_STREAMS_MAX
    }

    /// A client came through a door.
    pub(crate) fn open(&mut self, door: Door, inner: OwnedFd, out: &mut Outgoing) -> Result<(), Trouble> {
        let kind = Kind::Connection { door, said: Some(Vec::new()) };
        let key = self.add(Way::new(kind, inner, false));
        self.connections += 1;
        self.introduce(key, door, out)
    }

    fn introduce(&mut self, key: u64, door: Door, out: &mut Outgoing) -> Result<(), Trouble> {
        let stream = self.names.name().ok_or_else(|| Trouble::new("streams", "all names are used"))?;
        self.name(key, stream)?;
        out.say(&ToHost::Opened { stream, door })
    }

    /// The pipes of a process that was asked for, held until [`Ways::started`].
    pub(crate) fn add_pipes(
        &mut self,
        process: u64,
        pipes: Vec<(Pipe, StreamId, OwnedFd)>,
    ) -> Result<(), Trouble> {
        for (pipe, stream, inner) in pipes {
            let key = self.add(Way::new(Kind::Pipe { process, pipe }, inner, true));
            self.name(key, stream)?;
        }
        Ok(())
    }

    /// The process runs.
    pub(crate) fn started(&mut self, process: u64) {
        self.ways.values_mut().filter(|way| way.is_of(process)).for_each(|way| way.held = false);
    }

    /// It never ran: the host forgets its streams by the answer.
    pub(crate) fn not_started(&mut self, process: u64) {
        self.drop_where(|way| way.is_of(process));
    }

    /// In a copy: the pipes of a process have a host again. One that is closed inside, or was never there, ends at once.
    pub(crate) fn adopt(&mut self, process: u64, pipes: &Pipes, out: &mut Outgoing) -> Result<(), Trouble> {
        let all = [
            (Pipe::Stdout, Some(pipes.stdout)),
            (Pipe::Stderr, Some(pipes.stderr)),
            (Pipe::Telemetry, pipes.telemetry),
            (Pipe::Bind, pipes.bind),
        ];
        for (pipe, stream) in all {
            let Some(stream) = stream else { continue };
            let is_it = |way: &Way| way.stream.is_none() && way.is_pipe(process, pipe);
            match self.ways.iter().find(|(_, way)| is_it(way)).map(|(key, _)| *key) {
                Some(key) => self.name(key, stream)?,
                None if pipe == Pipe::Bind => out.say(&ToHost::Stream(Stream::Reset(stream)))?,
                None => out.say(&ToHost::Stream(Stream::End(stream)))?,
            }
        }
        Ok(())
    }

    /// Another stream of bytes has begun: nobody listens to anything any more.
    pub(crate) fn forget_host(&mut self, lives: impl Fn(u64) -> bool) {
        self.streams.clear();
        self.names = Names::guest();
        self.spare = SPARE_BYTES;
        self.drop_where(|way| match &way.kind {
            // Nobody could adopt it.
            Kind::Pipe { process, .. } => !lives(*process),
            // Too much to say again, or the host had said its last.
            Kind::Connection { said, .. } => said.is_none() || way.receiving.ended(),
        });
        for way in self.ways.values_mut() {
            way.stream = None;
            way.waiting.shrink_to_fit();
        }
    }

    /// After that, and after `Awake`: the connections that lived on come through their doors again.
    pub(crate) fn open_again(&mut self, out: &mut Outgoing) -> Result<(), Trouble> {
        let connections: Vec<(u64, Door)> = self
            .ways
            .iter()
            .filter_map(|(key, way)| match way.kind {
                Kind::Connection { door, .. } => Some((*key, door)),
                Kind::Pipe { .. } => None,
            })
            .collect();
        for (key, door) in connections {
            self.introduce(key, door, out)?;
            if let Some(way) = self.ways.get_mut(&key)
                && let Kind::Connection { said, .. } = &way.kind
            {
                way.unsaid = said.as_ref().map_or(0, Vec::len);
            }
            self.say_again(key, out)?;
        }
        Ok(())
    }

    /// What a connection said before it was copied, as far as the host allows; then that it ended, if it had.
    fn say_again(&mut self, key: u64, out: &mut Outgoing) -> Result<(), Trouble> {
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        let Some(stream) = way.stream else { return Ok(()) };
        loop {
            let bytes = way.next_unsaid();
            let count = bytes.len();
            if count == 0 {
                break;
            }
            out.data(stream, bytes)?;
            way.sending.sent(count).map_err(broken)?;
            way.unsaid -= count;
        }
        if way.inner_ended && way.unsaid == 0 && !way.sending.ended() {
            way.sending.end();
            out.say(&ToHost::Stream(Stream::End(stream)))?;
        }
        Ok(())
    }

    /// What is to be looked at, and for what.
    pub(crate) fn polled(&self, out_has_room: bool) -> Vec<(u64, BorrowedFd<'_>, PollFlags)> {
        let interest = |way: &Way| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, out_has_room && way.stream.is_some() && way.room() > 0);
            flags.set(PollFlags::OUT, !way.waiting.is_empty());
            // A pipe's reader that is gone is told without being asked for.
            (!way.held && (!flags.is_empty() || way.is_inlet())).then_some(flags)
        };
        self.ways.iter().filter_map(|(key, way)| Some((*key, way.inner.as_fd(), interest(way)?))).collect()
    }

    /// Something of what was asked for, or the end of the other side.
    pub(crate) fn on_ready(&mut self, key: u64, ready: PollFlags, out: &mut Outgoing) -> Result<(), Trouble> {
        let over = PollFlags::HUP | PollFlags::ERR;
        let Some(way) = self.ways.get(&key) else { return Ok(()) };
        if way.is_inlet() && ready.contains(PollFlags::ERR) {
            return self.reset(key, out);
        }
        if ready.intersects(PollFlags::OUT | over) && !way.waiting.is_empty() {
            self.hand_in(key, out)?;
        }
        if ready.intersects(PollFlags::IN | over) { self.take_out(key, out) } else { Ok(()) }
    }

    /// Inner end to host, once: others have their turn.
    fn take_out(&mut self, key: u64, out: &mut Outgoing) -> Result<(), Trouble> {
        let kept: usize = self.ways.values().map(Way::said_bytes).sum();
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        let Some(stream) = way.stream else { return Ok(()) };
        let room = way.room().min(self.buffer.len());
        let Some(space) = self.buffer.get_mut(..room).filter(|space| !space.is_empty()) else {
            return Ok(());
        };
        match rustix::io::read(&way.inner, space) {
            Ok(0) => {
                way.inner_ended = true;
                way.sending.end();
                out.say(&ToHost::Stream(Stream::End(stream)))?;
                self.drop_if_over(key);
                Ok(())
            }
            Ok(bytes) => {
                way.sending.sent(bytes).map_err(broken)?;
                let bytes = self.buffer.get(..bytes).unwrap_or_default();
                way.remember(bytes, REPLAYS_BYTES_MAX.saturating_sub(kept));
                out.data(stream, bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => self.reset(key, out),
        }
    }

    /// Host to inner end, as much as it takes.
    fn hand_in(&mut self, key: u64, out: &mut Outgoing) -> Result<(), Trouble> {
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        while !way.waiting.is_empty() {
            match rustix::io::write(&way.inner, way.waiting.as_slices().0) {
                Ok(bytes) => {
                    way.waiting.drain(..bytes);
                    way.receiving.taken(bytes);
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(_) => return self.reset(key, out),
            }
        }
        if let Some(stream) = way.stream
            && let Some(more) = way.receiving.grant(&mut self.spare)
        {
            out.say(&ToHost::Stream(Stream::Credit(stream, more)))?;
        }
        self.close_if_said(key);
        Ok(())
    }

    /// From the host.
    pub(crate) fn on_data(
        &mut self,
        stream: StreamId,
        bytes: &[u8],
        out: &mut Outgoing,
    ) -> Result<(), Trouble> {
        // Of one that is over: it was on its way.
        let Some(key) = self.streams.get(&stream).copied() else { return Ok(()) };
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        way.receiving.received(bytes.len()).map_err(broken)?;
        way.waiting.extend(bytes);
        way.answered();
        if way.held { Ok(()) } else { self.hand_in(key, out) }
    }

    /// From the host, all but data.
    pub(crate) fn on_stream(&mut self, word: Stream, out: &mut Outgoing) -> Result<(), Trouble> {
        let stream = match &word {
            Stream::Data(stream, bytes) => return self.on_data(*stream, bytes, out),
            Stream::Credit(stream, _) | Stream::End(stream) | Stream::Reset(stream) => *stream,
        };
        let Some(key) = self.streams.get(&stream).copied() else { return Ok(()) };
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        match word {
            // Of a pipe that ended here, or one that is only read here: it was on its way.
            Stream::Credit(_, bytes) => {
                way.sending.granted(bytes).map_err(broken)?;
                if way.unsaid > 0 {
                    self.say_again(key, out)?;
                }
            }
            Stream::End(_) => {
                way.receiving.end().map_err(broken)?;
                self.close_if_said(key);
            }
            Stream::Reset(_) | Stream::Data(..) => self.drop_way(key),
        }
        Ok(())
    }

    /// The host has said its last, and the inner end has it.
    fn close_if_said(&mut self, key: u64) {
        let Some(way) = self.ways.get(&key) else { return };
        if way.held || !way.receiving.ended() || !way.waiting.is_empty() {
            return;
        }
        match way.kind {
            Kind::Pipe { pipe: Pipe::Bind, .. } => self.drop_way(key),
            Kind::Pipe { .. } => {}
            Kind::Connection { .. } => {
                // Of one that the client closed already it changes nothing.
                let _ = rustix::net::shutdown(&way.inner, rustix::net::Shutdown::Write);
                self.drop_if_over(key);
            }
        }
    }

    fn drop_if_over(&mut self, key: u64) {
        let over = |way: &Way| way.sending.ended() && way.receiving.ended() && way.waiting.is_empty();
        if self.ways.get(&key).is_some_and(over) {
            self.drop_way(key);
        }
    }

    fn reset(&mut self, key: u64, out: &mut Outgoing) -> Result<(), Trouble> {
        let stream = self.ways.get(&key).and_then(|way| way.stream);
        self.drop_way(key);
        match stream {
            Some(stream) => out.say(&ToHost::Stream(Stream::Reset(stream))),
            None => Ok(()),
        }
    }

    fn add(&mut self, way: Way) -> u64 {
        let key = self.key_next;
        self.key_next += 1;
        self.ways.insert(key, way);
        key
    }

    /// A stream begins, with what each begins with.
    fn name(&mut self, key: u64, stream: StreamId) -> Result<(), Trouble> {
        if self.streams.insert(stream, key).is_some() {
            return Err(Trouble::new("streams", "a name that is taken"));
        }
        let Some(way) = self.ways.get_mut(&key) else { return Ok(()) };
        way.stream = Some(stream);
        (way.sending, way.receiving) = way.kind.beginning();
        Ok(())
    }

    fn drop_where(&mut self, is_it: impl Fn(&Way) -> bool) {
        let keys: Vec<u64> = self.ways.iter().filter(|(_, way)| is_it(way)).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.drop_way(key));
    }

    fn drop_way(&mut self, key: u64) {
        let Some(way) = self.ways.remove(&key) else { return };
        if let Some(stream) = way.stream {
            self.streams.remove(&stream);
            self.spare = self.spare.saturating_add(way.receiving.give_back()).min(SPARE_BYTES);
        }
        if matches!(way.kind, Kind::Connection { .. }) {
            self.connections -= 1;
        }
    }
}

fn broken(violation: Violation) -> Trouble {
    Trouble::new("streams", violation)
}
