//! Egress: hands environments to the egress process, and all of them to the next one when it dies or hangs.
//!
//! ```text
//!  the process:       Absent ──begin──▶ Asked ⇄ Quiet (every order answered)
//!                       ▲                 └──dead, or an order unanswered too long──▶ killed ─▶ Absent, a little later
//!  an environment:    made by init ──▶ order waits ──▶ sent ──Done──▶ attached (its boot is answered)
//!                       └─────────── Refused, or the third process fails it: its boot fails ──▶
//! ```
//!
//! The loop waits for none of this: orders are sent while there is room for them, answers come as events. So a process
//! that hangs delays the boots that need it, by a bounded time, and no other environment's anything. While environments
//! are attached and nothing is asked, it is asked for a sign of life now and then: one that hangs serves nobody.

use super::super::fault;
use super::super::protocol::{Failure, FromSpawner};
use super::host::{egress_start, with_source};
use super::{EGRESS_TOKEN, Spawner, State, now_ms, watch};
use crate::egress::{self, Answer, EnvironmentNumber};
use rustix::event::epoll;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A process that answers nothing for so long hangs. Generous: on a busy host it waits for its turn.
const ANSWER_MS_MAX: u64 = 5_000;
/// Between two signs of life of a process that is asked nothing else.
const SIGN_OF_LIFE_MS: u64 = 5_000;
/// Orders on their way, so that a burst of boots is one turn of the process.
const ASKED_MAX: usize = 32;
/// Processes that may fail an environment before its boot fails.
const ATTEMPTS_MAX: u32 = 3;
/// Before the first process that follows one that never spoke; then twice as long each time.
const RETRY_MS: u64 = 100;
const RETRY_MS_MAX: u64 = 10_000;
/// No environment's number: an order about it changes nothing and is answered.
const NOBODY: EnvironmentNumber = EnvironmentNumber(u64::MAX);

/// The books about the process.
pub(super) struct Gateway {
    process: Option<egress::Handle>,
    /// Whether this host can have one at all.
    possible: bool,
    /// Not sent yet. At most an attach and a detach for each environment.
    orders: VecDeque<Order>,
    /// Sent, not answered.
    asked: VecDeque<Order>,
    /// When it last answered, or was first asked.
    progress_ms: u64,
    /// When the next one may be started, if there is none.
    retry_at_ms: u64,
    retry_ms: u64,
}

#[derive(Clone, Copy)]
enum Order {
    Begin,
    Attach(u64),
    Detach(u64),
    SignOfLife,
}

/// The outer end of an environment's only way out, kept to hand it to the next egress process.
pub(super) struct Network {
    policy: egress::Policy,
    /// `None` until init made it.
    tun: Option<OwnedFd>,
    /// The answer that its boot is owed rides on these.
    doors: Vec<OwnedFd>,
    /// Processes that failed it while its boot waited.
    failed: u32,
}

impl Network {
    pub(super) fn new(policy: egress::Policy) -> Self {
        Self { policy, tun: None, doors: Vec::new(), failed: 0 }
    }

    /// What init made: the device, and the doors until the boot is answered.
    pub(super) fn hold(&mut self, tun: Option<OwnedFd>, doors: Vec<OwnedFd>) {
        (self.tun, self.doors) = (tun, doors);
    }

    /// Nobody is owed an answer any more, and an open door would keep the network namespace.
    pub(super) fn forget_doors(&mut self) {
        self.doors.clear();
    }
}

impl Gateway {
    /// With the process of the start, if there is one.
    pub(super) fn new(process: Option<egress::Handle>) -> Self {
        Self {
            possible: process.is_some(),
            process,
            orders: VecDeque::new(),
            asked: VecDeque::new(),
            progress_ms: now_ms(),
            retry_at_ms: 0,
            retry_ms: RETRY_MS,
        }
    }

    pub(super) fn process(&self) -> Option<BorrowedFd<'_>> {
        self.process.as_ref().map(AsFd::as_fd)
    }
}

impl Spawner {
    /// Has an environment served whose boot waits for that.
    pub(super) fn attach(&mut self, key: u64) {
        self.gateway.orders.push_back(Order::Attach(key));
        self.send_orders();
    }

    /// The environment ended: the process gives up its copy of the device, the spawner's goes here.
    pub(super) fn disconnect(&mut self, key: u64) {
        let Some(environment) = self.environments.get_mut(&key) else { return };
        if environment.network.take().is_some_and(|network| network.tun.is_some()) {
            self.gateway.orders.push_back(Order::Detach(key));
            self.send_orders();
        }
    }

    /// Sends what there is room for; the answers make room for the rest.
    fn send_orders(&mut self) {
        while self.gateway.asked.len() < ASKED_MAX {
            let Some(process) = &self.gateway.process else { return self.look_at_egress(now_ms()) };
            let Some(order) = self.gateway.orders.front().copied() else { return };
            let sent = match order {
                Order::Begin => Ok(true),
                Order::Detach(key) => process.post_detach(EnvironmentNumber(key)),
                Order::SignOfLife => process.post_detach(NOBODY),
                Order::Attach(key) => {
                    let network = self.environments.get(&key).and_then(|one| one.network.as_ref());
                    let Some((network, tun)) = network.and_then(|one| Some((one, one.tun.as_ref()?))) else {
                        // It ended while its order waited.
                        self.gateway.orders.pop_front();
                        continue;
                    };
                    process.post_attach(EnvironmentNumber(key), tun.as_fd(), &network.policy)
                }
            };
            match sent {
                Ok(true) => {
                    self.gateway.orders.pop_front();
                    self.expect_answer(order);
                    fault::step();
                }
                Ok(false) => return,
                Err(error) => return self.replace_egress(&with_source(&error)),
            }
        }
    }

    fn expect_answer(&mut self, order: Order) {
        if self.gateway.asked.is_empty() {
            self.gateway.progress_ms = now_ms();
        }
        self.gateway.asked.push_back(order);
    }

    /// Answers, or the process's end.
    pub(super) fn on_egress(&mut self) {
        while let Some(process) = &self.gateway.process {
            let answer = match process.next_answer() {
                Ok(Some(answer)) => answer,
                Ok(None) => break,
                Err(_) => return self.replace_egress("it died"),
            };
            self.gateway.progress_ms = now_ms();
            self.gateway.retry_ms = RETRY_MS;
            match (self.gateway.asked.pop_front(), answer) {
                (Some(Order::Begin), Answer::Ready) => {}
                (Some(Order::Attach(key)), Answer::Done) => self.attached(key),
                (Some(Order::Attach(key)), Answer::Refused(reason)) => self.not_attached(key, reason),
                (Some(Order::Detach(_) | Order::SignOfLife), Answer::Done | Answer::Refused(_)) => {}
                _ => return self.replace_egress("it answered out of turn"),
            }
        }
        self.send_orders();
    }

    fn attached(&mut self, key: u64) {
        let network = self.environments.get_mut(&key).and_then(|one| one.network.as_mut());
        let Some(doors) = network.map(|network| std::mem::take(&mut network.doors)) else { return };
        self.stands(key, doors);
    }

    fn not_attached(&mut self, key: u64, reason: String) {
        self.end(key, Some(Failure::Host { step: "egress".to_owned(), reason }));
    }

    /// Open connections break, new ones work when the next process has the environments.
    fn replace_egress(&mut self, why: &str) {
        if let Some(process) = self.gateway.process.take() {
            let _ = epoll::delete(&self.epoll, &process);
            self.dying.extend(process.end());
        }
        let text = format!("the egress process is replaced: {why}");
        self.tell(&FromSpawner::Warning(text), Vec::new());
        // Of an environment that ended the old process's copy of the device is gone with it.
        self.gateway.asked.clear();
        self.gateway.orders.clear();
        self.gateway.retry_at_ms = now_ms() + self.gateway.retry_ms;
        self.gateway.retry_ms = (self.gateway.retry_ms * 2).min(RETRY_MS_MAX);
        let mut given_up = Vec::new();
        for (key, environment) in &mut self.environments {
            let Some(network) = environment.network.as_mut().filter(|one| one.tun.is_some()) else {
                continue;
            };
            if matches!(environment.state, State::Booting { .. }) {
                network.failed += 1;
                if network.failed >= ATTEMPTS_MAX {
                    given_up.push(*key);
                    continue;
                }
            }
            self.gateway.orders.push_back(Order::Attach(*key));
        }
        for key in given_up {
            self.not_attached(key, format!("{ATTEMPTS_MAX} egress processes failed, the last one: {why}"));
        }
    }

    /// Starts one if there is none and it is time; looks whether the one there is hangs.
    pub(super) fn look_at_egress(&mut self, now: u64) {
        if !self.gateway.possible || self.gateway_due_ms().is_none_or(|due| due > now) {
            return;
        }
        if self.gateway.process.is_none() {
            return self.begin_egress();
        }
        if self.gateway.asked.is_empty() {
            self.gateway.orders.push_back(Order::SignOfLife);
            self.send_orders();
        } else {
            self.replace_egress("it does not answer");
        }
    }

    fn begin_egress(&mut self) {
        let started = egress_start(self.host.users.as_ref())
            .ok_or_else(|| "it needs a user of its own".to_owned())
            .and_then(|start| egress::Handle::begin(&start).map_err(|error| with_source(&error)))
            .and_then(|process| {
                let watched = watch(&self.epoll, process.as_fd(), EGRESS_TOKEN, false);
                watched.map(|()| process).map_err(|error| error.to_string())
            });
        match started {
            Ok(process) => {
                self.gateway.process = Some(process);
                self.expect_answer(Order::Begin);
                self.send_orders();
            }
            Err(why) => self.replace_egress(&why),
        }
    }

    /// When the process is to be looked at.
    pub(super) fn gateway_due_ms(&self) -> Option<u64> {
        let gateway = &self.gateway;
        if !gateway.possible {
            return None;
        }
        match (&gateway.process, gateway.asked.is_empty()) {
            (None, _) => Some(gateway.retry_at_ms),
            (Some(_), false) => Some(gateway.progress_ms + ANSWER_MS_MAX),
            (Some(_), true) => {
                let serves = self
                    .environments
                    .values()
                    .any(|one| one.network.as_ref().is_some_and(|n| n.tun.is_some()));
                serves.then_some(gateway.progress_ms + SIGN_OF_LIFE_MS)
            }
        }
    }

    /// No more egress: the spawner ends.
    pub(super) fn end_egress(&mut self) {
        if let Some(process) = self.gateway.process.take() {
            self.dying.extend(process.end());
        }
    }
}
