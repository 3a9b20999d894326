//! File systems for `/tmp` that wait, made ahead by a hand, so that no boot waits for mkfs, a copy, a loop device or a
//! mount.
//!
//! ```text
//!  (start, a boot took one) ──▶ asked of the hand ──▶ waiting, at most `ready_max` ──▶ taken by one boot, for good
//! ```
//!
//! Each is a detached mount: no name on the host, in nobody's tree, held by one descriptor of the spawner. So the end
//! of the spawner, however it comes, ends the mount, its loop device and its nameless image, and there is nothing to
//! sweep. A used one is never reset and used again: that it is clean could be shown only by reading all of it, and
//! making another costs nobody's time (`process_latency`, busy host: a boot with one that waits takes a third of one
//! that makes its own). A boot that finds none of its size makes its own, as does one of another size.

use super::super::fault;
use super::super::hand::{Hand, Job, Outcome};
use super::super::tmp;
use super::{READY_TOKEN, Spawner, now_ms, watch};
use std::os::fd::{AsFd, OwnedFd};

/// A hand that takes longer for one file system is stuck in the host's disk: it is let go, boots make their own.
const PREPARE_MS_MAX: u64 = 30_000;

/// The books about them.
#[derive(Default)]
pub(super) struct Ready {
    hand: Option<Hand>,
    waiting: Vec<OwnedFd>,
    asked: usize,
    /// The hand failed since the last boot that wanted one: it is not asked again before the next.
    failed: bool,
}

impl Spawner {
    /// A file system of this size that waits, if there is one.
    pub(super) fn take_ready_tmp(&mut self, size_mb: u32) -> Option<OwnedFd> {
        if size_mb != self.config.tmp_ready_mb {
            return None;
        }
        self.ready.failed = false;
        self.ready.waiting.pop()
    }

    /// Asks for as many as are lacking. Only in between: never before a boot's own work.
    pub(super) fn refill_ready_tmp(&mut self) {
        let wanted = self.config.tmp_ready_max as usize;
        let has = self.ready.waiting.len() + self.ready.asked;
        if has >= wanted || self.ready.failed || self.is_closing() {
            return;
        }
        if !matches!(self.host.tmp, tmp::Kind::Loop { .. }) {
            return;
        }
        if self.ready.hand.is_none() {
            // SAFETY: the spawner has one thread.
            let Ok(hand) = (unsafe { Hand::start(&self.host.tmp, self.folder.life()) }) else {
                self.ready.failed = true;
                return;
            };
            if watch(&self.epoll, hand.as_fd(), READY_TOKEN, false).is_err() {
                self.dying.push(hand.end().1);
                self.ready.failed = true;
                return;
            }
            self.ready.hand = Some(hand);
            fault::step();
        }
        let job = Job::Tmp { size_mb: self.config.tmp_ready_mb };
        let Some(hand) = &mut self.ready.hand else { return };
        for _ in has..wanted {
            if !hand.ask(0, &job, now_ms()) {
                break;
            }
            self.ready.asked += 1;
        }
    }

    pub(super) fn on_ready_tmp(&mut self, buffer: &mut [u8]) {
        while let Some(hand) = &mut self.ready.hand {
            match hand.answer(buffer, now_ms()) {
                Ok(Some((_, Outcome::Done { .. }, mut fds))) => {
                    self.ready.asked = self.ready.asked.saturating_sub(1);
                    self.ready.waiting.extend(fds.pop());
                    fault::step();
                }
                // A boot that makes its own says the same, to somebody who waits for it.
                Ok(Some((_, Outcome::Failed { .. }, _))) => {
                    self.ready.asked = self.ready.asked.saturating_sub(1);
                    self.ready.failed = true;
                }
                Ok(None) => return,
                Err(_) => self.let_ready_hand_go(),
            }
        }
    }

    /// When the hand is to be looked at, if it has work.
    pub(super) fn ready_due_ms(&self) -> Option<u64> {
        self.ready.hand.as_ref().and_then(|hand| hand.due_ms(PREPARE_MS_MAX))
    }

    pub(super) fn let_stuck_ready_hand_go(&mut self, now_ms: u64) {
        if self.ready_due_ms().is_some_and(|due| due <= now_ms) {
            self.let_ready_hand_go();
        }
    }

    fn let_ready_hand_go(&mut self) {
        if let Some(hand) = self.ready.hand.take() {
            let _ = rustix::event::epoll::delete(&self.epoll, &hand);
            self.dying.push(hand.end().1);
        }
        self.ready.asked = 0;
        self.ready.failed = true;
    }

    /// Nothing waits any more, and nobody makes another.
    pub(super) fn empty_ready_tmp(&mut self) {
        self.let_ready_hand_go();
        self.ready.waiting.clear();
    }
}
