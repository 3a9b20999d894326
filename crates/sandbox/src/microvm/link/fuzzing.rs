//! What the fuzz targets (`fuzz/`) reach of a link. Compiled under `--cfg fuzzing` only.
//!
//! The driver is polled by hand over a channel in memory: no runtime, no clock, and every step is over when it answers.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a panic is a finding

use super::books::OUT_BYTES_MAX;
use super::driver::Driver;
use super::stream::Handle;
use super::{LinkError, Shared};
use crate::Door;
use guest_protocol::frame::{self, Decoder};
use guest_protocol::messages::{self as wire, Moment, Room, Stream, StreamId, ToGuest, ToHost};
use guest_protocol::phase::Conversation;
use guest_protocol::{FIRST_BYTES, VERSION};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Handles that a run keeps at most; more are dropped, the oldest first.
const HANDLES_MAX: usize = 64;

/// A machine's channel whose other end the fuzzer holds.
#[derive(Default)]
struct Channel {
    to_host: VecDeque<u8>,
    /// Bytes that the guest still takes.
    room: usize,
    to_guest: Vec<u8>,
}

#[derive(Clone, Default)]
struct End(Arc<Mutex<Channel>>);

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut channel = self.0.lock().unwrap();
        let bytes = channel.to_host.len().min(into.remaining());
        if bytes == 0 {
            return Poll::Pending;
        }
        for byte in channel.to_host.drain(..bytes) {
            into.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut channel = self.0.lock().unwrap();
        let taken = bytes.len().min(channel.room);
        if taken == 0 {
            return Poll::Pending;
        }
        channel.room -= taken;
        channel.to_guest.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A link, its guest, and the handles that the worker would hold.
pub struct Rig {
    shared: Arc<Shared>,
    driver: Option<Driver>,
    end: End,
    handles: VecDeque<Handle>,
    /// What the guest hears, judged as an honest guest would.
    heard: Decoder,
    conversation: Conversation,
    allowed: BTreeMap<StreamId, u64>,
    /// The guest has only said words that we know of, so that its phases and credits are known.
    honest: bool,
}

impl Rig {
    /// Before the handshake, if not `live`: then the room stands.
    pub fn new(live: bool) -> Self {
        let (shared, end) = (Shared::new(), End::default());
        let driver = Some(Driver::new(shared.clone(), Box::new(end.clone())));
        let mut rig = Self {
            shared,
            driver,
            end,
            handles: VecDeque::new(),
            heard: Decoder::default(),
            conversation: Conversation::default(),
            allowed: BTreeMap::new(),
            honest: true,
        };
        let moment = Moment { unix_us: 0, entropy: [0; 32], generation: [0; 16] };
        rig.ask(&ToGuest::Hello { version: VERSION, moment });
        if live {
            rig.takes(1 << 16);
            rig.says(&ToHost::Welcome { version: VERSION, kernel: String::new(), init_us: 0, ready_us: 0 });
            let room = Room { memory_mb: 1, tmp_mb: None, mounts: vec![], nat: false, allow_hosts: vec![] };
            rig.ask(&ToGuest::Furnish(room));
            rig.takes(1 << 16);
            rig.says(&ToHost::Furnished { steps: vec![] });
        }
        rig
    }

    /// The guest sends these bytes.
    pub fn sends(&mut self, bytes: &[u8]) {
        self.honest = false;
        self.end.0.lock().unwrap().to_host.extend(bytes);
        self.step();
    }

    /// The guest says this only if it may; nothing that it may say ends the link.
    pub fn says_politely(&mut self, word: &ToHost) {
        if self.driver.is_some() && self.shared.with(|books| books.allows(word)) {
            self.says(word);
            assert!(self.driver.is_some(), "{word:?}: {}", self.shared.why());
        }
    }

    /// The guest says this, allowed or not.
    pub fn says(&mut self, word: &ToHost) {
        // As its own end would: what comes after is judged by what it has said.
        self.honest &= self.conversation.to_host(word).is_ok();
        if let ToHost::Stream(Stream::Credit(id, bytes)) = word {
            *self.allowed.entry(*id).or_insert(u64::from(FIRST_BYTES)) += u64::from(*bytes);
        }
        let mut bytes = Vec::new();
        if frame::encode(word, &mut bytes).is_ok() {
            self.end.0.lock().unwrap().to_host.extend(bytes);
        }
        self.step();
    }

    /// The guest takes so many bytes more.
    pub fn takes(&mut self, bytes: usize) {
        {
            let mut channel = self.end.0.lock().unwrap();
            channel.room = (channel.room + bytes).min(1 << 20);
        }
        self.step();
    }

    /// A question without a number, in or out of phase.
    pub fn ask(&mut self, word: &ToGuest) {
        drop(self.shared.with(|books| books.say_and_wait(word)));
        self.step();
    }

    /// A program is started, and its pipes are held.
    pub fn start(&mut self, telemetry: bool, bind: bool) {
        let asked = self.shared.with(|books| {
            let (process, _) = books.process()?;
            let pipes = books.pipes(telemetry, bind)?;
            let program = wire::Program {
                program: "/p".into(),
                arguments: vec![],
                environment: vec![],
                working_directory: "/".into(),
                pipes,
            };
            drop(books.ask(Some(process), |request| ToGuest::Start { request, process, program }));
            Ok::<_, LinkError>(pipes)
        });
        if let Ok(pipes) = asked {
            for id in
                [Some(pipes.stdout), Some(pipes.stderr), pipes.telemetry, pipes.bind].into_iter().flatten()
            {
                self.keep(id);
            }
        }
        self.step();
    }

    pub fn stats(&mut self) {
        drop(self.shared.with(|books| books.ask(None, |request| ToGuest::Stats { request })));
        self.step();
    }

    pub fn accept(&mut self, door: Door) {
        let door = match door {
            Door::RuntimeApi => wire::Door::RuntimeApi,
            Door::LambdaApi => wire::Door::LambdaApi,
        };
        if let Ok(Some(id)) = self.shared.with(|books| books.take(door)) {
            self.keep(id);
        }
        self.step();
    }

    pub fn read(&mut self, nth: usize, bytes: usize) {
        let mut space = vec![0; bytes];
        if let Some(handle) = nth_of(&mut self.handles, nth) {
            let mut into = ReadBuf::new(&mut space);
            let _ = Pin::new(handle).poll_read(&mut Context::from_waker(Waker::noop()), &mut into);
        }
        self.step();
    }

    pub fn write(&mut self, nth: usize, bytes: usize) {
        if let Some(handle) = nth_of(&mut self.handles, nth) {
            let _ = Pin::new(handle).poll_write(&mut Context::from_waker(Waker::noop()), &vec![7; bytes]);
        }
        self.step();
    }

    pub fn shutdown(&mut self, nth: usize) {
        if let Some(handle) = nth_of(&mut self.handles, nth) {
            let _ = Pin::new(handle).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
        self.step();
    }

    pub fn drop_handle(&mut self, nth: usize) {
        if !self.handles.is_empty() {
            drop(self.handles.remove(nth % self.handles.len()));
        }
        self.step();
    }

    fn keep(&mut self, id: StreamId) {
        self.handles.push_back(Handle::new(&self.shared, id));
        if self.handles.len() > HANDLES_MAX {
            self.handles.pop_front();
        }
    }

    fn step(&mut self) {
        if let Some(driver) = &mut self.driver {
            // One poll stops after some turns; a few bring it to rest.
            for _ in 0..4 {
                if driver.poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    self.driver = None;
                    break;
                }
            }
        }
        self.shared.with(|books| books.assert_bounds(self.handles.len()));
        self.hear();
    }

    /// What the host says are words, and in phase and within credit as long as the guest keeps the rules itself.
    fn hear(&mut self) {
        let mut came = std::mem::take(&mut self.end.0.lock().unwrap().to_guest);
        while !came.is_empty() {
            let space = self.heard.space();
            let bytes = space.len().min(came.len());
            space[..bytes].copy_from_slice(&came[..bytes]);
            self.heard.filled(bytes);
            came.drain(..bytes);
            while let Some(body) = self.heard.next().unwrap() {
                let word: ToGuest = frame::decode(body).unwrap();
                let in_phase = self.conversation.to_guest(&word);
                if !self.honest {
                    continue;
                }
                in_phase.unwrap();
                if let ToGuest::Stream(Stream::Data(id, bytes)) = word {
                    let allowed = self.allowed.entry(id).or_insert(u64::from(FIRST_BYTES));
                    *allowed = allowed.checked_sub(bytes.len() as u64).unwrap();
                }
            }
        }
        assert!(self.heard.capacity() < OUT_BYTES_MAX);
    }
}

fn nth_of(handles: &mut VecDeque<Handle>, nth: usize) -> Option<&mut Handle> {
    let count = handles.len().max(1);
    handles.get_mut(nth % count)
}
