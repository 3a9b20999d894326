//! One question on its way to the host's resolvers.
//!
//! ```text
//!   Asking(server 1) ──▶ Asking(server 2) ──▶ … twice through the list ──▶ SERVFAIL (or the last refusal)
//!        │  refused, silent for 2 s, or SERVFAIL / REFUSED / NOTIMP: the next one
//!        ▼
//!     Answered
//! ```
//!
//! Each try has a fresh socket, so a fresh random port, and the lookup has a random id of its own: what the guest
//! chose never leaves, and an off-path answer must guess both.

use std::net::SocketAddr;

use rustix::event::epoll::EventFlags;
use smoltcp::time::{Duration, Instant};

use super::dns::{self, Question};
use super::packet::FlowKey;
use super::policy::Protocol;
use super::process::Context;
use super::upstream::{Moved, Upstream};

const TRY: Duration = Duration::from_secs(2);
const ROUNDS: usize = 2;
/// A length prefix's maximum, and more than fits a datagram.
const REPLY_MAX: usize = 65_535;

/// Who waits for the answer.
#[derive(Clone, Copy)]
pub(super) enum Asker {
    /// A datagram of the guest.
    Datagram(FlowKey),
    /// The conversation that is this flow.
    Conversation(u32),
}

pub(super) struct Lookup {
    pub(super) asker: Asker,
    question: Question,
    /// The guest's message under our id; behind a length prefix for TCP.
    message: Vec<u8>,
    transport: Protocol,
    servers: Vec<SocketAddr>,
    tries: usize,
    upstream: Option<Upstream>,
    deadline: Instant,
    sent: usize,
    received: Vec<u8>,
    /// A refusal, kept in case every server refuses.
    refusal: Option<Vec<u8>>,
}

impl Lookup {
    pub(super) fn new(question: Question, message: &[u8], asker: Asker, ctx: &mut Context<'_>) -> Lookup {
        let transport = match asker {
            Asker::Datagram(_) => Protocol::Udp,
            Asker::Conversation(_) => Protocol::Tcp,
        };
        let mut message = message.to_vec();
        message[..2].copy_from_slice(&((ctx.random)() as u16).to_be_bytes());
        Lookup {
            asker,
            question,
            message,
            transport,
            servers: ctx.resolvers.get(ctx.now).to_vec(),
            tries: 0,
            upstream: None,
            deadline: ctx.now,
            sent: 0,
            received: Vec::new(),
            refusal: None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Asks the next server. The answer, under the guest's id, when there is none left to ask.
    pub(super) fn ask(&mut self, ctx: &Context<'_>, token: u64) -> Option<Vec<u8>> {
        while self.tries < self.servers.len() * ROUNDS {
            let server = self.servers[self.tries % self.servers.len()];
            self.tries += 1;
            self.sent = 0;
            self.received.clear();
            self.upstream = None;
            let opened = match self.transport {
                Protocol::Udp => Upstream::connect_udp(server, ctx.epoll, token).and_then(|mut upstream| {
                    upstream.send_datagram(&self.message)?;
                    Ok(upstream)
                }),
                Protocol::Tcp => Upstream::connect_tcp(server, ctx.epoll, token),
            };
            if let Ok(upstream) = opened {
                self.upstream = Some(upstream);
                self.deadline = ctx.now + TRY;
                return None;
            }
        }
        let refusal = self.refusal.take();
        Some(self.for_guest(refusal.unwrap_or_else(|| dns::no_answer(&self.message, &self.question))))
    }

    /// What the loop reported about the server's socket.
    pub(super) fn on_event(&mut self, events: EventFlags, ctx: &Context<'_>, token: u64) -> Option<Vec<u8>> {
        let upstream = self.upstream.as_mut()?;
        upstream.note(events);
        let reply = match self.transport {
            Protocol::Udp => self.read_datagram(),
            Protocol::Tcp => self.exchange(),
        };
        match reply {
            Ok(None) => None,
            Ok(Some(reply)) if dns::is_refusal(&reply) => {
                self.refusal = Some(reply);
                self.ask(ctx, token)
            }
            Ok(Some(reply)) => Some(self.for_guest(reply)),
            Err(()) => self.ask(ctx, token),
        }
    }

    fn read_datagram(&mut self) -> Result<Option<Vec<u8>>, ()> {
        let mut storage = [0; super::MTU - super::udp::HEADERS];
        loop {
            let Some(upstream) = self.upstream.as_mut() else { return Err(()) };
            match upstream.read(&mut storage) {
                Moved::Bytes(count) => {
                    if dns::answers(&storage[..count], &self.message, &self.question) {
                        return Ok(Some(storage[..count].to_vec()));
                    }
                }
                Moved::End => {}
                Moved::Wait => return Ok(None),
                Moved::Failed => return Err(()),
            }
        }
    }

    fn exchange(&mut self) -> Result<Option<Vec<u8>>, ()> {
        let upstream = self.upstream.as_mut().ok_or(())?;
        match upstream.connected() {
            None => return Ok(None),
            Some(Err(_)) => return Err(()),
            Some(Ok(())) => {}
        }
        let mut framed = (self.message.len() as u16).to_be_bytes().to_vec();
        framed.extend_from_slice(&self.message);
        while self.sent < framed.len() {
            match upstream.write(&framed[self.sent..]) {
                Moved::Bytes(count) => self.sent += count,
                Moved::Wait => return Ok(None),
                Moved::End | Moved::Failed => return Err(()),
            }
        }
        let mut storage = [0; 4_096];
        loop {
            if let Some((prefix, rest)) = self.received.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*prefix));
                if let Some(reply) = rest.get(..length) {
                    let good = dns::answers(reply, &self.message, &self.question);
                    return if good { Ok(Some(reply.to_vec())) } else { Err(()) };
                }
            }
            match upstream.read(&mut storage) {
                Moved::Bytes(count) if self.received.len() + count <= 2 + REPLY_MAX => {
                    self.received.extend_from_slice(&storage[..count]);
                }
                Moved::Wait => return Ok(None),
                Moved::Bytes(_) | Moved::End | Moved::Failed => return Err(()),
            }
        }
    }

    fn for_guest(&self, mut reply: Vec<u8>) -> Vec<u8> {
        reply[..2].copy_from_slice(&self.question.id.to_be_bytes());
        reply
    }
}
