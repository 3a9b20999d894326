//! One environment: its TUN, its flows, their timers. Packets and events come in, packets and sockets' bytes go out;
//! time, randomness and the host's facts come with each call in a [`Context`].
//!
//! A flow's number is also the lower half of its epoll token, and is not used again while an event of the same round
//! may still carry it: numbers only grow.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use smoltcp::time::Instant;
use smoltcp::wire::Icmpv4DstUnreachable;

use super::conversation::{Conversation, Turn};
use super::dns::{self, Triage};
use super::guest_tcp::{GuestTcp, write_packet};
use super::lookup::{Asker, Lookup};
use super::packet::{self, FlowKey, Parsed, Segment};
use super::policy::{Policy, Verdict, verdict};
use super::process::Context;
use super::relay::{Connecting, Relay};
use super::udp::{self, Drained, UdpFlow};
use super::upstream::{Upstream, routes_to_host};
use super::{FLOWS_PER_ENVIRONMENT, LOOKUPS_PER_ENVIRONMENT, MTU};

/// Packets taken from one TUN before other environments get their turn.
const PACKETS_PER_TURN: usize = 64;
/// The token of the TUN itself.
const TUN_TOKEN: u32 = 0;

pub(super) struct Environment {
    tun: OwnedFd,
    policy: Policy,
    /// The upper half of this environment's epoll tokens.
    slot: u32,
    next_number: u32,
    flows: BTreeMap<u32, Entry>,
    by_key: BTreeMap<FlowKey, u32>,
    timers: BTreeSet<(Instant, u32)>,
    lookups: usize,
}

struct Entry {
    /// `None` for a lookup, which the guest does not see as a flow.
    key: Option<FlowKey>,
    flow: Flow,
    wake: Option<Instant>,
}

enum Flow {
    Connecting(Connecting),
    Relay(Box<Relay>),
    Conversation(Box<Conversation>),
    Udp(UdpFlow),
    Lookup(Box<Lookup>),
}

/// The device is gone: its namespace was taken down, or the descriptor is no TUN.
#[derive(Debug)]
pub(super) struct TunGone;

/// What a flow asks for after it was driven.
enum Next {
    Keep(Option<Instant>),
    Remove,
    Ask(Vec<u8>),
    Answered(Vec<u8>),
}

impl Environment {
    pub(super) fn new(tun: OwnedFd, policy: Policy, slot: u32) -> Environment {
        Environment {
            tun,
            policy,
            slot,
            next_number: TUN_TOKEN,
            flows: BTreeMap::new(),
            by_key: BTreeMap::new(),
            timers: BTreeSet::new(),
            lookups: 0,
        }
    }

    /// The epoll token of the TUN.
    pub(super) fn tun_token(slot: u32) -> u64 {
        u64::from(slot) << 32 | u64::from(TUN_TOKEN)
    }

    /// The number of flows and lookups, for the count over all environments.
    pub(super) fn flow_count(&self) -> usize {
        self.flows.len()
    }

    pub(super) fn tun(&self) -> BorrowedFd<'_> {
        self.tun.as_fd()
    }

    /// Forgets every flow, as after a restart of the process: the guest's next packets are answered by RSTs.
    pub(super) fn drop_flows(&mut self) {
        self.flows.clear();
        self.by_key.clear();
        self.timers.clear();
        self.lookups = 0;
    }

    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// An epoll event under one of this environment's tokens.
    pub(super) fn on_event(
        &mut self,
        token: u64,
        events: EventFlags,
        ctx: &mut Context<'_>,
    ) -> Result<(), TunGone> {
        match token as u32 {
            TUN_TOKEN => self.read_tun(ctx),
            number => {
                self.on_flow_event(number, events, ctx);
                Ok(())
            }
        }
    }

    /// Runs what is due.
    pub(super) fn on_timer(&mut self, ctx: &mut Context<'_>) {
        // Only what is due at the start: a flow that is due again at once waits for the next round.
        let due: Vec<u32> =
            self.timers.iter().take_while(|(at, _)| *at <= ctx.now).map(|(_, number)| *number).collect();
        for number in due {
            let Some(entry) = self.flows.get_mut(&number) else { continue };
            let token = token(self.slot, number);
            let next = match &mut entry.flow {
                Flow::Udp(flow) if flow.expires_at() <= ctx.now => Next::Remove,
                Flow::Lookup(lookup) if lookup.deadline() <= ctx.now => {
                    after_ask(lookup.ask(ctx, token), lookup)
                }
                _ => {
                    self.drive(number, ctx);
                    continue;
                }
            };
            self.settle(number, next, ctx);
        }
    }

    fn read_tun(&mut self, ctx: &mut Context<'_>) -> Result<(), TunGone> {
        let mut storage = [0; MTU];
        let mut touched = Vec::new();
        let mut outcome = Ok(());
        for _ in 0..PACKETS_PER_TURN {
            match rustix::io::read(&self.tun, &mut storage) {
                Ok(0) => outcome = Err(TunGone),
                Ok(length) => {
                    let number = self.on_packet(&storage[..length], ctx);
                    if let Some(number) = number.filter(|number| !touched.contains(number)) {
                        touched.push(number);
                    }
                    continue;
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(_) => outcome = Err(TunGone),
            }
            break;
        }
        for number in touched {
            self.drive(number, ctx);
        }
        outcome
    }

    /// Takes one packet. The answer is the flow to drive when the batch is through.
    fn on_packet(&mut self, bytes: &[u8], ctx: &mut Context<'_>) -> Option<u32> {
        match packet::parse(bytes)? {
            Parsed::Tcp { key, segment } => self.on_segment(key, segment, bytes, ctx),
            Parsed::Udp { key, payload } => {
                self.on_datagram(key, payload, ctx);
                None
            }
        }
    }

    fn on_segment(
        &mut self,
        key: FlowKey,
        segment: Segment,
        bytes: &[u8],
        ctx: &mut Context<'_>,
    ) -> Option<u32> {
        let tun = self.tun.as_fd();
        let known = self.by_key.get(&key).copied();
        if let Some((number, entry)) = known.and_then(|number| Some((number, self.flows.get_mut(&number)?))) {
            match &mut entry.flow {
                Flow::Relay(relay) => relay.guest_mut().ingress(bytes, tun, ctx.now),
                Flow::Conversation(conversation) => conversation.guest_mut().ingress(bytes, tun, ctx.now),
                Flow::Connecting(connecting) => {
                    // A new attempt from the same port takes the place of the one the guest gave up.
                    if segment.opens() && segment.sequence != connecting.segment.sequence {
                        connecting.syn = bytes.to_vec();
                        connecting.segment = segment;
                    }
                    return None;
                }
                Flow::Udp(_) | Flow::Lookup(_) => return None,
            }
            return Some(number);
        }
        if !segment.opens() {
            self.refuse_segment(&key, &segment);
            return None;
        }
        let destination = SocketAddr::V4(key.destination);
        match verdict(destination, key.protocol, ctx.hosts.get(ctx.now), &self.policy) {
            Verdict::Connect(to) => self.connect(key, to, segment, bytes, ctx),
            Verdict::Resolve => return self.converse(key, segment, bytes, ctx),
            Verdict::Refuse(reason) => {
                tracing::debug!(%destination, ?reason, "refused a connection");
                self.refuse_segment(&key, &segment);
            }
        }
        None
    }

    fn connect(&mut self, key: FlowKey, to: SocketAddr, segment: Segment, syn: &[u8], ctx: &mut Context<'_>) {
        let may_be_host = to != SocketAddr::V4(key.destination);
        if !self.make_room(ctx) || (!may_be_host && routes_to_host(to)) {
            self.refuse_segment(&key, &segment);
            return;
        }
        let number = self.new_number();
        match Upstream::connect_tcp(to, ctx.epoll, token(self.slot, number)) {
            Ok(upstream) => {
                let connecting = Connecting { upstream, syn: syn.to_vec(), segment, may_be_host };
                self.insert(number, Some(key), Flow::Connecting(connecting), None, ctx);
            }
            Err(error) => self.refuse_connection(&key, &segment, &error),
        }
    }

    fn converse(&mut self, key: FlowKey, segment: Segment, syn: &[u8], ctx: &mut Context<'_>) -> Option<u32> {
        let guest = match self.make_room(ctx) {
            true => GuestTcp::accept(&key, syn, (ctx.random)(), self.tun.as_fd(), ctx.now),
            false => None,
        };
        let Some(guest) = guest else {
            self.refuse_segment(&key, &segment);
            return None;
        };
        let number = self.new_number();
        let conversation = Flow::Conversation(Box::new(Conversation::new(guest, ctx.now)));
        self.insert(number, Some(key), conversation, None, ctx);
        Some(number)
    }

    fn on_datagram(&mut self, key: FlowKey, payload: &[u8], ctx: &mut Context<'_>) {
        if let Some(number) = self.by_key.get(&key) {
            if let Some(Entry { flow: Flow::Udp(flow), .. }) = self.flows.get_mut(number) {
                flow.send(&key, payload, self.tun.as_fd(), ctx.now);
            }
            return;
        }
        let destination = SocketAddr::V4(key.destination);
        match verdict(destination, key.protocol, ctx.hosts.get(ctx.now), &self.policy) {
            Verdict::Connect(to) => self.open_udp(key, to, payload, ctx),
            Verdict::Resolve => self.look_up(payload, Asker::Datagram(key), ctx),
            Verdict::Refuse(reason) => {
                tracing::debug!(%destination, ?reason, "refused a datagram");
                udp::refuse(&key, self.tun.as_fd());
            }
        }
    }

    fn open_udp(&mut self, key: FlowKey, to: SocketAddr, payload: &[u8], ctx: &mut Context<'_>) {
        let may_be_host = to != SocketAddr::V4(key.destination);
        let number = self.new_number();
        let upstream = match self.make_room(ctx) && (may_be_host || !routes_to_host(to)) {
            true => Upstream::connect_udp(to, ctx.epoll, token(self.slot, number)).ok(),
            false => None,
        };
        let Some(upstream) = upstream else {
            udp::refuse(&key, self.tun.as_fd());
            return;
        };
        let mut flow = UdpFlow::new(upstream, ctx.now);
        flow.send(&key, payload, self.tun.as_fd(), ctx.now);
        let wake = flow.expires_at();
        self.insert(number, Some(key), Flow::Udp(flow), Some(wake), ctx);
    }

    fn look_up(&mut self, message: &[u8], asker: Asker, ctx: &mut Context<'_>) {
        let question = match dns::triage(message, !self.policy.allow_hosts.is_empty()) {
            Triage::Forward(question) => question,
            Triage::Answer(reply) => return self.hand_answer(asker, &reply, ctx),
            Triage::Drop => return,
        };
        if self.lookups >= LOOKUPS_PER_ENVIRONMENT || *ctx.flows_total >= ctx.flows_max {
            let reply = dns::no_answer(message, &question);
            return self.hand_answer(asker, &reply, ctx);
        }
        let number = self.new_number();
        let mut lookup = Lookup::new(question, message, asker, ctx);
        if let Some(reply) = lookup.ask(ctx, token(self.slot, number)) {
            return self.hand_answer(asker, &reply, ctx);
        }
        let deadline = lookup.deadline();
        self.lookups += 1;
        self.insert(number, None, Flow::Lookup(Box::new(lookup)), Some(deadline), ctx);
    }

    fn hand_answer(&mut self, asker: Asker, reply: &[u8], ctx: &mut Context<'_>) {
        match asker {
            Asker::Datagram(key) => write_packet(self.tun.as_fd(), &packet::datagram(&key, reply)),
            Asker::Conversation(number) => {
                if let Some(Entry { flow: Flow::Conversation(conversation), .. }) =
                    self.flows.get_mut(&number)
                {
                    conversation.answer(reply, ctx.now);
                    self.drive(number, ctx);
                }
            }
        }
    }

    fn on_flow_event(&mut self, number: u32, events: EventFlags, ctx: &mut Context<'_>) {
        let token = token(self.slot, number);
        let Some(entry) = self.flows.get_mut(&number) else { return };
        match &mut entry.flow {
            Flow::Connecting(connecting) => {
                connecting.upstream.note(events);
                match connecting.upstream.connected() {
                    None => return,
                    Some(outcome) => self.connected(number, outcome, ctx),
                }
            }
            Flow::Relay(relay) => relay.upstream_mut().note(events),
            Flow::Udp(flow) => flow.upstream_mut().note(events),
            Flow::Lookup(lookup) => {
                let next = after_ask(lookup.on_event(events, ctx, token), lookup);
                return self.settle(number, next, ctx);
            }
            Flow::Conversation(_) => return,
        }
        self.drive(number, ctx);
    }

    /// The destination answered: so do we.
    fn connected(&mut self, number: u32, outcome: std::io::Result<()>, ctx: &mut Context<'_>) {
        let Some(entry) = self.remove(number, ctx) else { return };
        let (Some(key), Flow::Connecting(connecting)) = (entry.key, entry.flow) else { return };
        if let Err(error) = outcome {
            return self.refuse_connection(&key, &connecting.segment, &error);
        }
        let forbidden = !connecting.may_be_host && connecting.upstream.is_host_itself();
        let guest = match forbidden {
            false => GuestTcp::accept(&key, &connecting.syn, (ctx.random)(), self.tun.as_fd(), ctx.now),
            true => None,
        };
        match guest {
            Some(guest) => {
                let relay = Flow::Relay(Box::new(Relay::new(guest, connecting.upstream)));
                self.insert(number, Some(key), relay, None, ctx);
            }
            None => {
                connecting.upstream.abort();
                self.refuse_segment(&key, &connecting.segment);
            }
        }
    }

    /// Lets a flow do what it can, and sees to what it then asks for.
    fn drive(&mut self, number: u32, ctx: &mut Context<'_>) {
        let tun = self.tun.as_fd();
        let Some(entry) = self.flows.get_mut(&number) else { return };
        let next = match (&mut entry.flow, &entry.key) {
            (Flow::Relay(relay), _) => match relay.pump(tun, ctx.now) {
                true => Next::Keep(relay.guest_mut().next_wake(ctx.now)),
                false => Next::Remove,
            },
            (Flow::Conversation(conversation), _) => match conversation.pump(tun, ctx.now) {
                Turn::Wait => Next::Keep(conversation.next_wake(ctx.now)),
                Turn::Ask(question) => Next::Ask(question),
                Turn::Over => Next::Remove,
            },
            (Flow::Udp(flow), Some(key)) => match flow.receive(key, tun, ctx.now) {
                Drained::All => Next::Keep(Some(flow.expires_at())),
                Drained::More => Next::Keep(Some(ctx.now)),
            },
            (Flow::Lookup(lookup), _) => Next::Keep(Some(lookup.deadline())),
            (Flow::Connecting(_) | Flow::Udp(_), _) => Next::Keep(None),
        };
        self.settle(number, next, ctx);
    }

    fn settle(&mut self, number: u32, next: Next, ctx: &mut Context<'_>) {
        match next {
            Next::Keep(wake) => self.arm(number, wake),
            Next::Remove => {
                if let Some(Entry { flow: Flow::Relay(relay), .. }) = self.remove(number, ctx) {
                    relay.close();
                }
            }
            Next::Ask(question) => {
                self.arm(number, None);
                self.look_up(&question, Asker::Conversation(number), ctx);
            }
            Next::Answered(reply) => {
                if let Some(Entry { flow: Flow::Lookup(lookup), .. }) = self.remove(number, ctx) {
                    self.hand_answer(lookup.asker, &reply, ctx);
                }
            }
        }
    }

    fn arm(&mut self, number: u32, wake: Option<Instant>) {
        let Some(entry) = self.flows.get_mut(&number) else { return };
        if entry.wake == wake {
            return;
        }
        if let Some(before) = entry.wake {
            self.timers.remove(&(before, number));
        }
        entry.wake = wake;
        self.timers.extend(wake.map(|at| (at, number)));
    }

    /// Whether a flow may be opened, if need be in the place of the UDP flow that has been idle the longest.
    fn make_room(&mut self, ctx: &mut Context<'_>) -> bool {
        let has_room = |environment: &Environment, ctx: &Context<'_>| {
            environment.by_key.len() < FLOWS_PER_ENVIRONMENT && *ctx.flows_total < ctx.flows_max
        };
        if has_room(self, ctx) {
            return true;
        }
        let idle = self.flows.iter().filter_map(|(number, entry)| match &entry.flow {
            Flow::Udp(flow) if flow.yields_at() <= ctx.now => Some((flow.yields_at(), *number)),
            _ => None,
        });
        let Some((_, number)) = idle.min() else { return false };
        self.remove(number, ctx);
        has_room(self, ctx)
    }

    fn new_number(&mut self) -> u32 {
        loop {
            self.next_number = self.next_number.wrapping_add(1);
            if self.next_number != TUN_TOKEN && !self.flows.contains_key(&self.next_number) {
                return self.next_number;
            }
        }
    }

    fn insert(
        &mut self,
        number: u32,
        key: Option<FlowKey>,
        flow: Flow,
        wake: Option<Instant>,
        ctx: &mut Context<'_>,
    ) {
        *ctx.flows_total += 1;
        self.by_key.extend(key.map(|key| (key, number)));
        self.flows.insert(number, Entry { key, flow, wake: None });
        self.arm(number, wake);
    }

    fn remove(&mut self, number: u32, ctx: &mut Context<'_>) -> Option<Entry> {
        self.arm(number, None);
        let entry = self.flows.remove(&number)?;
        *ctx.flows_total -= 1;
        if let Some(key) = &entry.key {
            self.by_key.remove(key);
        }
        if matches!(entry.flow, Flow::Lookup(_)) {
            self.lookups -= 1;
        }
        Some(entry)
    }

    fn refuse_segment(&self, key: &FlowKey, segment: &Segment) {
        if let Some(reset) = packet::reset(key, segment) {
            write_packet(self.tun.as_fd(), &reset);
        }
    }

    /// Tells the guest what the host's own connect was told.
    fn refuse_connection(&self, key: &FlowKey, segment: &Segment, error: &std::io::Error) {
        use std::io::ErrorKind;
        let reason = match error.kind() {
            ErrorKind::HostUnreachable => Icmpv4DstUnreachable::HostUnreachable,
            ErrorKind::NetworkUnreachable => Icmpv4DstUnreachable::NetUnreachable,
            // The guest's kernel has sent its SYNs for as long as ours did and gives up by itself.
            ErrorKind::TimedOut => return,
            _ => return self.refuse_segment(key, segment),
        };
        write_packet(self.tun.as_fd(), &packet::unreachable(key, reason, segment.sequence));
    }
}

/// A lookup that has no answer yet sleeps until its deadline.
fn after_ask(reply: Option<Vec<u8>>, lookup: &Lookup) -> Next {
    match reply {
        Some(reply) => Next::Answered(reply),
        None => Next::Keep(Some(lookup.deadline())),
    }
}

fn token(slot: u32, number: u32) -> u64 {
    u64::from(slot) << 32 | u64::from(number)
}
