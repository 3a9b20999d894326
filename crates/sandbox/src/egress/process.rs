//! The egress process: one thread, one epoll, no privilege.
//!
//! ```text
//!   started ── Begin ──▶ confined ── Ready ──▶ serving ── control socket ends ──▶ exit
//! ```
//!
//! The loop takes turns: each environment with an event reads a bounded batch, each flow moves at most what its
//! buffers hold. This is the one place that reads the clock and the random source; all below takes them from it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use smoltcp::time::Instant;

use super::confine::{self, Quota};
use super::dns::ResolverCache;
use super::environment::{Environment, TunGone};
use super::hosts::HostAddressCache;
use super::policy::Policy;
use super::protocol::{self, Answer, EnvironmentNumber, Order};

const CONTROL_TOKEN: u64 = u64::MAX;
const EVENTS_PER_TURN: usize = 256;

/// What a call into an environment may know and use of the world.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) epoll: BorrowedFd<'a>,
    pub(super) hosts: &'a mut HostAddressCache,
    pub(super) resolvers: &'a mut ResolverCache,
    pub(super) random: &'a mut dyn FnMut() -> u64,
    /// Flows and lookups of all environments.
    pub(super) flows_total: &'a mut usize,
    pub(super) flows_max: usize,
}

/// Runs the egress process on `control`, the other end of a [`super::Handle`]'s socket, until that ends.
pub fn main(control: OwnedFd) -> ! {
    let code = match run(control) {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "the egress process ends");
            1
        }
    };
    std::process::exit(code)
}

fn run(control: OwnedFd) -> io::Result<()> {
    let Some((order, _)) = protocol::receive::<Order>(&control)? else { return Ok(()) };
    let Order::Begin { uid, gid, resolv_conf } = order else {
        return Err(io::Error::other("the first order must be Begin"));
    };
    let quota = match confine::confine(control.as_fd(), uid, gid) {
        Ok(quota) => quota,
        Err(error) => {
            protocol::send(&control, &Answer::Refused(format!("confinement failed: {error}")), None)?;
            return Err(error);
        }
    };
    let server = Server::new(control, resolv_conf, quota)?;
    protocol::send(&server.control, &Answer::Ready, None)?;
    server.serve()
}

struct Server {
    control: OwnedFd,
    epoll: OwnedFd,
    /// By slot, the upper half of an epoll token.
    environments: BTreeMap<u32, Slot>,
    slots: BTreeMap<EnvironmentNumber, u32>,
    wakes: BTreeSet<(Instant, u32)>,
    next_slot: u32,
    hosts: HostAddressCache,
    resolvers: ResolverCache,
    flows_total: usize,
    quota: Quota,
    /// Turns that ended in a panic.
    panics: u64,
}

struct Slot {
    number: EnvironmentNumber,
    environment: Environment,
    wake: Option<Instant>,
}

impl Server {
    fn new(control: OwnedFd, resolv_conf: PathBuf, quota: Quota) -> io::Result<Server> {
        rustix::io::ioctl_fionbio(&control, true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &control, EventData::new_u64(CONTROL_TOKEN), EventFlags::IN)?;
        Ok(Server {
            control,
            epoll,
            environments: BTreeMap::new(),
            slots: BTreeMap::new(),
            wakes: BTreeSet::new(),
            next_slot: 0,
            hosts: HostAddressCache::default(),
            resolvers: ResolverCache::new(resolv_conf),
            flows_total: 0,
            quota,
            panics: 0,
        })
    }

    fn serve(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS_PER_TURN);
        loop {
            let wait = self.timeout();
            if !self.round(&mut events, wait)? {
                return Ok(());
            }
        }
    }

    /// Waits for at most `wait` and serves what there is. False when the control socket has ended.
    fn round(&mut self, events: &mut Vec<epoll::Event>, wait: Option<Timespec>) -> io::Result<bool> {
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), wait.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let now = now();
        let mut ordered = false;
        for event in events.iter() {
            match event.data.u64() {
                CONTROL_TOKEN => ordered = true,
                token => self.turn((token >> 32) as u32, now, |environment, ctx| {
                    environment.on_event(token, event.flags, ctx)
                }),
            }
        }
        let due: Vec<u32> =
            self.wakes.iter().take_while(|(at, _)| *at <= now).map(|(_, slot)| *slot).collect();
        for slot in due {
            self.turn(slot, now, |environment, ctx| {
                environment.on_timer(ctx);
                Ok(())
            });
        }
        // Orders last: an environment they make may reuse nothing that an event of this round names.
        if ordered { self.take_orders() } else { Ok(true) }
    }

    fn timeout(&self) -> Option<Timespec> {
        let (at, _) = self.wakes.first()?;
        // Rounded up to the millisecond: waking early only to sleep again costs two calls.
        let micros = (at.total_micros() - now().total_micros()).max(0);
        let millis = (micros + 999) / 1_000;
        Some(Timespec { tv_sec: millis / 1_000, tv_nsec: (millis % 1_000) * 1_000_000 })
    }

    /// Gives one environment its turn. A panic in there is a defect that a hostile packet found: it costs that
    /// environment its flows, and nobody else anything.
    fn turn(
        &mut self,
        slot: u32,
        now: Instant,
        act: impl FnOnce(&mut Environment, &mut Context<'_>) -> Result<(), TunGone>,
    ) {
        let Some(held) = self.environments.get_mut(&slot) else { return };
        let before = held.environment.flow_count();
        let others = self.flows_total - before;
        let mut context = Context {
            now,
            epoll: self.epoll.as_fd(),
            hosts: &mut self.hosts,
            resolvers: &mut self.resolvers,
            random: &mut random,
            flows_total: &mut self.flows_total,
            flows_max: self.quota.flows,
        };
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| act(&mut held.environment, &mut context)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(TunGone)) => {
                tracing::debug!(environment = held.number.0, "the TUN is gone");
                self.forget(slot, others);
                return;
            }
            Err(_) => {
                self.panics += 1;
                let panics = self.panics;
                tracing::error!(environment = held.number.0, panics, "a panic: its flows are dropped");
                held.environment.drop_flows();
                self.flows_total = others;
            }
        }
        let wake = held.environment.next_wake();
        if wake != held.wake {
            self.wakes.extend(wake.map(|at| (at, slot)));
            if let Some(before) = std::mem::replace(&mut held.wake, wake) {
                self.wakes.remove(&(before, slot));
            }
        }
    }

    fn take_orders(&mut self) -> io::Result<bool> {
        loop {
            let (order, descriptor) = match protocol::receive::<Order>(&self.control) {
                Ok(Some(received)) => received,
                Ok(None) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            };
            let answer = match self.obey(order, descriptor) {
                Ok(()) => Answer::Done,
                Err(reason) => Answer::Refused(reason),
            };
            protocol::send(&self.control, &answer, None)?;
        }
    }

    fn obey(&mut self, order: Order, descriptor: Option<OwnedFd>) -> Result<(), String> {
        match (order, descriptor) {
            (Order::Attach { environment, policy }, Some(tun)) => self.attach(environment, tun, policy),
            (Order::Attach { .. }, None) => Err("no descriptor came with the order".to_owned()),
            (Order::Detach { environment }, _) => {
                self.detach(environment);
                Ok(())
            }
            (Order::Begin { .. }, _) => Err("it has begun already".to_owned()),
        }
    }

    fn attach(&mut self, number: EnvironmentNumber, tun: OwnedFd, policy: Policy) -> Result<(), String> {
        self.detach(number);
        if self.environments.len() >= self.quota.environments {
            return Err(format!("{} environments are attached already", self.quota.environments));
        }
        let failed = |what: &str, error: rustix::io::Errno| format!("{what}: {error}");
        rustix::io::ioctl_fionbio(&tun, true).map_err(|error| failed("non-blocking mode", error))?;
        let slot = self.new_slot();
        let token = EventData::new_u64(Environment::tun_token(slot));
        epoll::add(&self.epoll, &tun, token, EventFlags::IN).map_err(|error| failed("epoll", error))?;
        let environment = Environment::new(tun, policy, slot);
        self.environments.insert(slot, Slot { number, environment, wake: None });
        self.slots.insert(number, slot);
        Ok(())
    }

    fn detach(&mut self, number: EnvironmentNumber) {
        let Some(slot) = self.slots.get(&number).copied() else { return };
        if let Some(held) = self.environments.get(&slot) {
            let others = self.flows_total - held.environment.flow_count();
            self.forget(slot, others);
        }
    }

    fn forget(&mut self, slot: u32, flows_of_others: usize) {
        let Some(held) = self.environments.remove(&slot) else { return };
        self.flows_total = flows_of_others;
        self.slots.remove(&held.number);
        if let Some(wake) = held.wake {
            self.wakes.remove(&(wake, slot));
        }
        // The spawner holds the device open too, so closing our copy does not take it out of the epoll by itself.
        let _ = epoll::delete(&self.epoll, held.environment.tun());
    }

    fn new_slot(&mut self) -> u32 {
        loop {
            self.next_slot = self.next_slot.wrapping_add(1);
            // The last slot is kept free: with a flow's number behind it, it could spell the control token.
            if self.next_slot != u32::MAX && !self.environments.contains_key(&self.next_slot) {
                return self.next_slot;
            }
        }
    }
}

/// The monotonic clock. The process's loop is the driver that hands time to everything below it.
fn now() -> Instant {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Instant::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
}

/// For sequence numbers and DNS ids, which strangers must not guess.
fn random() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer lives through the call and the length is its own. Eight bytes are never cut short
    // (getrandom(2)), and the pool of a running system is initialised.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests;
