//! The conversation with the host, as one loop around `poll`.
//!
//! ```text
//!  New ─Hello▶ clock, entropy, Welcome ─▶ Greeted ─Furnish▶ room forked, waited for ─Furnished▶ Live
//!                                                              └─Failed▶ the VM ends
//!  Greeted, Live ─Quiesce▶ Quieting: nothing is taken from inside; starts that are asked for are answered
//!                ─room frozen, Quiet▶ Quiet: only the byte stream is looked at
//!      Quiet ─Resume▶ thawed, as before      Quiet ─byte stream ends▶ found again (transport) ─▶ Quiet
//!      Quiet ─Restored▶ clock, entropy, streams begin anew ─Awake, Opened…▶ thawed, as before, in a copy
//!
//!  Live looks at, in this order: bytes of the host │ words of the room's init │ doors │ pipes and connections
//!  Shutdown, the byte stream's end in any other state, the end of the room's init, a broken rule ─▶ the VM ends
//! ```
//!
//! What a state listens to is computed anew from the state before each `poll`: there is no registration that could be
//! stale. Phases are `guest_protocol::phase`'s, judged at both ends; this file does what they stand for.

use crate::machine::{Furnished, Machine, Trouble};
use crate::outgoing::Outgoing;
use crate::ways::{Pipe, Ways};
use guest_protocol::messages::{Answer, Door, Failure, Moment, Program, Room, Status, ToGuest, ToHost};
use guest_protocol::phase::Phase;
use guest_protocol::{PROCESSES_MAX, VERSION, frame};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use walls::channel::MESSAGE_BYTES_MAX;
use walls::protocol::{FromInit, ProcessWire, StatusWire, ToInit};

/// Reads of the byte stream in one turn: what comes from inside has its turn too.
const READS_MAX: usize = 16;
/// Connections that are let in through a door in one turn.
const ACCEPTS_MAX: usize = 16;

/// What a turn came to.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Again,
    End,
}

/// What `poll` told of.
#[derive(Clone, Copy, Debug)]
enum Source {
    Host,
    Init,
    Door(Door),
    Way(u64),
}

/// One life of this machine, through all its copies.
pub(crate) struct Conversation<M> {
    machine: M,
    channel: OwnedFd,
    decoder: frame::Decoder,
    out: Outgoing,
    ways: Ways,
    room: Option<Furnished>,
    /// Process to request.
    starting: BTreeMap<u64, u64>,
    /// In the order of their starts.
    running: Vec<u64>,
    buffer: Vec<u8>,
}

impl<M: Machine> Conversation<M> {
    pub(crate) fn new(machine: M, channel: OwnedFd) -> Self {
        Self {
            machine,
            channel,
            decoder: frame::Decoder::default(),
            out: Outgoing::default(),
            ways: Ways::new(),
            room: None,
            starting: BTreeMap::new(),
            running: Vec::new(),
            buffer: vec![0; MESSAGE_BYTES_MAX],
        }
    }

    /// Until the machine is to end. What was said is written out before, as far as the host takes it.
    pub(crate) fn run(&mut self) -> Result<(), Trouble> {
        let ended = loop {
            match self.turn() {
                Ok(Turn::Again) => {}
                Ok(Turn::End) => break Ok(()),
                Err(trouble) => break Err(trouble),
            }
        };
        self.write_out();
        ended
    }

    fn turn(&mut self) -> Result<Turn, Trouble> {
        self.fall_quiet()?;
        if self.out.flush(self.channel.as_fd()).is_err() {
            return self.lost();
        }
        for (source, ready) in self.wait()? {
            let turn = match source {
                Source::Host if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) => {
                    self.on_host()?
                }
                Source::Host => Turn::Again,
                Source::Init => self.on_init()?,
                Source::Door(door) => {
                    self.on_door(door)?;
                    Turn::Again
                }
                Source::Way(key) => {
                    self.on_way(key, ready)?;
                    Turn::Again
                }
            };
            if turn == Turn::End {
                return Ok(Turn::End);
            }
        }
        Ok(Turn::Again)
    }

    fn phase(&self) -> Phase {
        self.out.phase.phase()
    }

    /// What has something to say, of what this state listens to.
    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, Trouble> {
        let mut host = PollFlags::IN;
        host.set(PollFlags::OUT, !self.out.is_empty());
        let mut listened: Vec<(Source, BorrowedFd<'_>, PollFlags)> =
            vec![(Source::Host, self.channel.as_fd(), host)];
        if let Some(room) = &self.room {
            let phase = self.phase();
            if matches!(phase, Phase::Live | Phase::Quieting { .. }) {
                listened.push((Source::Init, room.init.as_fd(), PollFlags::IN));
            }
            if phase == Phase::Live {
                let has_room = self.out.has_room();
                if has_room && self.ways.has_room_for_connections() {
                    let doors = [(Door::RuntimeApi, &room.runtime_api), (Door::LambdaApi, &room.lambda_api)];
                    listened.extend(doors.map(|(door, fd)| (Source::Door(door), fd.as_fd(), PollFlags::IN)));
                }
                let ways = self.ways.polled(has_room).into_iter();
                listened.extend(ways.map(|(key, fd, flags)| (Source::Way(key), fd, flags)));
            }
        }
        let mut polled: Vec<PollFd<'_>> =
            listened.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        match rustix::event::poll(&mut polled, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Trouble::new("poll", error)),
        }
        let told = listened.iter().zip(&polled).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(told.map(|((source, ..), fd)| (*source, fd.revents())).collect())
    }

    // The host.

    fn on_host(&mut self) -> Result<Turn, Trouble> {
        for _ in 0..READS_MAX {
            match rustix::io::read(&self.channel, self.decoder.space()) {
                Ok(0) => return self.lost(),
                Ok(bytes) => self.decoder.filled(bytes),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(_) => return self.lost(),
            }
            if self.hear()? == Turn::End {
                return Ok(Turn::End);
            }
        }
        Ok(Turn::Again)
    }

    /// Every word that is there as a whole.
    fn hear(&mut self) -> Result<Turn, Trouble> {
        let garbled = |error: frame::FrameError| Trouble::new("frame", error);
        loop {
            let Some(body) = self.decoder.next().map_err(garbled)? else { return Ok(Turn::Again) };
            if let Some(data) = frame::data::<ToGuest>(body) {
                let (stream, bytes) = data.map_err(garbled)?;
                self.out.phase.data_to_guest().map_err(|error| Trouble::new("phase", error))?;
                self.ways.on_data(stream, bytes, &mut self.out)?;
                continue;
            }
            let word = frame::decode::<ToGuest>(body).map_err(garbled)?;
            if self.on_word(word)? == Turn::End {
                return Ok(Turn::End);
            }
        }
    }

    fn on_word(&mut self, word: ToGuest) -> Result<Turn, Trouble> {
        let is_quiet = matches!(self.phase(), Phase::Quiet { .. });
        if matches!(word, ToGuest::Restored { .. }) && is_quiet {
            // Where the byte stream itself can not tell that this is a copy.
            self.out.begin_anew();
        }
        self.out.phase.to_guest(&word).map_err(|error| Trouble::new("phase", error))?;
        match word {
            ToGuest::Hello { version, moment } => self.greet(version, &moment)?,
            ToGuest::Furnish(room) => return self.furnish(&room),
            ToGuest::Restored { version, moment } => self.awake(version, &moment)?,
            ToGuest::Start { request, process, program } => self.start(request, process, program)?,
            ToGuest::Adopt { request, process, pipes } => self.adopt(request, process, &pipes)?,
            ToGuest::Bind { request, memory_mb, tmp_mb, mounts } => {
                let bound = self.machine.bind(memory_mb, tmp_mb, &mounts);
                self.answer(request, bound.map(|()| Answer::Done).map_err(failure))?;
            }
            ToGuest::Stats { request } => {
                let stats = self.machine.stats();
                self.answer(request, stats.map(Answer::Stats).map_err(failure))?;
            }
            ToGuest::Shrink { request } => {
                let shrunk = self.machine.shrink();
                self.answer(request, shrunk.map(|()| Answer::Done).map_err(failure))?;
            }
            // What falls quiet does so when nothing is owed.
            ToGuest::Quiesce => {}
            ToGuest::Resume => self.machine.thaw()?,
            ToGuest::Shutdown => return Ok(Turn::End),
            ToGuest::Clock { unix_us } => self.machine.correct(unix_us)?,
            ToGuest::Stream(stream) => self.ways.on_stream(stream, &mut self.out)?,
        }
        Ok(Turn::Again)
    }

    fn answer(&mut self, request: u64, answer: Result<Answer, Failure>) -> Result<(), Trouble> {
        self.out.say(&ToHost::Answer { request, answer })
    }

    fn greet(&mut self, version: u32, moment: &Moment) -> Result<(), Trouble> {
        check(version)?;
        self.machine.set(moment)?;
        self.out.say(&ToHost::Welcome {
            version: VERSION,
            kernel: self.machine.kernel(),
            init_us: self.machine.began_us(),
            ready_us: self.machine.now_us(),
        })
    }

    fn furnish(&mut self, room: &Room) -> Result<Turn, Trouble> {
        match self.machine.furnish(room) {
            Ok(mut furnished) => {
                let steps = std::mem::take(&mut furnished.steps);
                self.room = Some(furnished);
                self.out.say(&ToHost::Furnished { steps })?;
                Ok(Turn::Again)
            }
            Err(Trouble { step, reason }) => {
                self.out.say(&ToHost::Failed { step, reason })?;
                Ok(Turn::End)
            }
        }
    }

    /// Before a snapshot, once nothing is owed.
    fn fall_quiet(&mut self) -> Result<(), Trouble> {
        if matches!(self.phase(), Phase::Quieting { .. }) && self.starting.is_empty() {
            // In a copy nothing may run before clock and random numbers are its own.
            self.machine.freeze()?;
            self.out.say(&ToHost::Quiet)?;
        }
        Ok(())
    }

    /// This is a copy, before anything inside runs on.
    fn awake(&mut self, version: u32, moment: &Moment) -> Result<(), Trouble> {
        check(version)?;
        self.machine.set(moment)?;
        let furnished = self.room.is_some();
        let running = self.running.clone();
        self.ways.forget_host(|process| running.contains(&process));
        self.out.say(&ToHost::Awake { furnished, processes: running })?;
        self.ways.open_again(&mut self.out)?;
        self.machine.thaw()
    }

    /// The byte stream ended. Nothing was on its way only if both sides were quiet.
    fn lost(&mut self) -> Result<Turn, Trouble> {
        if !matches!(self.phase(), Phase::Quiet { .. }) {
            return Ok(Turn::End);
        }
        let ended = self.channel.try_clone().map_err(|error| Trouble::new("channel", error))?;
        let ended = std::mem::replace(&mut self.channel, ended);
        self.channel = self.machine.reconnect(ended).map_err(|error| Trouble::new("channel", error))?;
        self.decoder = frame::Decoder::default();
        Ok(Turn::Again)
    }

    /// The last words, waited for as long as the host takes them.
    fn write_out(&mut self) {
        while !self.out.is_empty() {
            if self.out.flush(self.channel.as_fd()).is_err() || self.out.is_empty() {
                return;
            }
            let mut polled = [PollFd::new(&self.channel, PollFlags::OUT)];
            if rustix::event::poll(&mut polled, None).is_err_and(|error| error != Errno::INTR)
                || polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
            {
                return;
            }
        }
    }

    // Programs.

    fn start(&mut self, request: u64, process: u64, program: Program) -> Result<(), Trouble> {
        match self.try_start(process, program) {
            Ok(()) => {
                self.starting.insert(process, request);
                Ok(())
            }
            Err(trouble) => self.answer(request, Err(failure(trouble))),
        }
    }

    fn try_start(&mut self, process: u64, program: Program) -> Result<(), Trouble> {
        let Some(room) = &self.room else { return Err(Trouble::new("start", "there is no room")) };
        let known = self.starting.len() + self.running.len();
        if known >= PROCESSES_MAX || self.starting.contains_key(&process) || self.running.contains(&process) {
            let reason = format!("more than {PROCESSES_MAX} processes, or a number twice");
            return Err(Trouble::new("start", reason));
        }
        let pipes = program.pipes;
        let streams = [
            (Pipe::Stdout, Some(pipes.stdout)),
            (Pipe::Stderr, Some(pipes.stderr)),
            (Pipe::Telemetry, pipes.telemetry),
            (Pipe::Bind, pipes.bind),
        ];
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (pipe, stream) in streams {
            let Some(stream) = stream else { continue };
            let (our, their) = make_pipe(pipe).map_err(|error| Trouble::new("pipe", error))?;
            ours.push((pipe, stream, our));
            theirs.push(their);
        }
        let spec = ProcessWire {
            program: program.program,
            arguments: program.arguments,
            environment: program.environment,
            working_directory: program.working_directory,
            telemetry: pipes.telemetry.is_some(),
            bind: pipes.bind.is_some(),
        };
        let borrowed: Vec<BorrowedFd<'_>> = theirs.iter().map(AsFd::as_fd).collect();
        let sent = room.init.send(&ToInit::Start { process, spec }, &borrowed);
        sent.map_err(|error| Trouble::new("start", error))?;
        self.ways.add_pipes(process, ours)
    }

    fn adopt(
        &mut self,
        request: u64,
        process: u64,
        pipes: &guest_protocol::messages::Pipes,
    ) -> Result<(), Trouble> {
        if !self.running.contains(&process) {
            return self.answer(request, Err(failure(Trouble::new("adopt", "no such process"))));
        }
        self.answer(request, Ok(Answer::Done))?;
        self.ways.adopt(process, pipes, &mut self.out)
    }

    // The room.

    fn on_init(&mut self) -> Result<Turn, Trouble> {
        loop {
            let Some(room) = &self.room else { return Ok(Turn::Again) };
            match room.init.receive::<FromInit>(&mut self.buffer) {
                Ok(Some((message, _))) => self.on_message(message)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Turn::Again),
                // With its init everything in the room ended; a broken word is no better.
                _ => {
                    self.room_ended()?;
                    return Ok(Turn::End);
                }
            }
        }
    }

    fn on_message(&mut self, message: FromInit) -> Result<(), Trouble> {
        match message {
            FromInit::Started { process } => {
                let Some(request) = self.starting.remove(&process) else { return Ok(()) };
                self.running.push(process);
                self.ways.started(process);
                self.answer(request, Ok(Answer::Done))
            }
            FromInit::ExecFailed { process, errno } => {
                let Some(request) = self.starting.remove(&process) else { return Ok(()) };
                self.ways.not_started(process);
                self.answer(request, Err(Failure::Exec { errno }))
            }
            FromInit::Exited { process, status } => {
                self.running.retain(|running| *running != process);
                self.exited(process, status)
            }
            FromInit::Booted | FromInit::BootFailed { .. } => {
                Err(Trouble::new("init", "it spoke out of turn"))
            }
        }
    }

    fn exited(&mut self, process: u64, status: StatusWire) -> Result<(), Trouble> {
        let status = match status {
            StatusWire::Code(code) => Status::Code(code),
            StatusWire::Signal(signal) => Status::Signal(signal),
        };
        let out_of_memory = self.machine.out_of_memory();
        self.out.say(&ToHost::Exited { process, status, out_of_memory })
    }

    fn room_ended(&mut self) -> Result<(), Trouble> {
        self.room = None;
        for process in std::mem::take(&mut self.running) {
            self.exited(process, StatusWire::Signal(libc::SIGKILL))?;
        }
        for request in std::mem::take(&mut self.starting).into_values() {
            self.answer(request, Err(failure(Trouble::new("room", "it ended"))))?;
        }
        Ok(())
    }

    fn on_door(&mut self, door: Door) -> Result<(), Trouble> {
        for _ in 0..ACCEPTS_MAX {
            // A word before may have ended what was listened to.
            if self.phase() != Phase::Live || !self.ways.has_room_for_connections() {
                return Ok(());
            }
            let Some(room) = &self.room else { return Ok(()) };
            let listener = match door {
                Door::RuntimeApi => &room.runtime_api,
                Door::LambdaApi => &room.lambda_api,
            };
            match rustix::net::accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(connection) => {
                    // Small answers to small questions: waiting to fill a packet only costs time.
                    let _ = rustix::net::sockopt::set_tcp_nodelay(&connection, true);
                    self.ways.open(door, connection, &mut self.out)?;
                }
                // Nobody, or one that is gone again; a lack of descriptors ends as others close.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn on_way(&mut self, key: u64, ready: PollFlags) -> Result<(), Trouble> {
        if self.phase() == Phase::Live { self.ways.on_ready(key, ready, &mut self.out) } else { Ok(()) }
    }
}

fn check(version: u32) -> Result<(), Trouble> {
    if version == VERSION {
        return Ok(());
    }
    Err(Trouble::new("version", format!("the host speaks {version}, this guest {VERSION}")))
}

fn failure(trouble: Trouble) -> Failure {
    Failure::Guest { step: trouble.step, reason: trouble.reason }
}

/// (ours, theirs); ours does not block.
fn make_pipe(pipe: Pipe) -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let (our, their) = if pipe == Pipe::Bind { (write, read) } else { (read, write) };
    rustix::io::ioctl_fionbio(&our, true)?;
    Ok((our, their))
}

#[cfg(test)]
mod tests;
