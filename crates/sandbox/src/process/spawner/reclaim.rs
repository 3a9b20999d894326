//! Memory that paused environments do not need, given back to the host by a hand.
//!
//! ```text
//!  Reclaim ──▶ asked of the hand ──▶ answered with the bytes │ took too long, its environment stops ──▶ hand killed
//! ```
//!
//! The kernel works while the control file is written to, for as long as it finds something; a signal ends that. So the
//! hand that does it can be killed at any moment, and the next one goes on with what others asked.

use super::super::hand::{Hand, Job, Outcome};
use super::super::protocol::{Answer, Failure};
use super::{RECLAIM_TOKEN, Spawner, now_ms, watch};
use rustix::event::epoll;
use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;

/// The kernel's search for memory in one environment is ended after this long.
const RECLAIM_MS_MAX: u64 = 1_000;
/// Past it the answer is that too many wait: an idle environment can be asked again.
const WAITING_MAX: usize = super::super::hand::JOBS_MAX;

/// The books about them.
#[derive(Default)]
pub(super) struct Reclaim {
    hand: Option<Hand>,
    /// In the order in which the hand has them.
    asked: VecDeque<Asked>,
}

struct Asked {
    id: u64,
    key: u64,
    job: Job,
}

impl Spawner {
    pub(super) fn reclaim(&mut self, id: u64, key: u64) {
        let job = match self.live(key).map(|environment| environment.group.clone()) {
            Err(failure) => Err(failure),
            Ok(_) if !self.host.capabilities.reclaim => Err(Failure::Unsupported),
            Ok(_) if self.reclaim.asked.len() >= WAITING_MAX => Err(failed("too many wait for it")),
            Ok(group) => self.host.tree.reclaim(&group).map_err(failed),
        };
        match job {
            Err(failure) => self.reply(id, Err(failure), Vec::new()),
            Ok(job) => self.ask_reclaim(Asked { id, key, job }),
        }
    }

    fn ask_reclaim(&mut self, asked: Asked) {
        let given = self.reclaim_hand().map(|hand| hand.ask(asked.id, &asked.job, now_ms()));
        match given {
            Ok(true) => self.reclaim.asked.push_back(asked),
            Ok(false) => {
                self.reply(asked.id, Err(failed("the hand is gone or has enough to do")), Vec::new())
            }
            Err(error) => self.reply(asked.id, Err(failed(error)), Vec::new()),
        }
    }

    fn reclaim_hand(&mut self) -> io::Result<&mut Hand> {
        if self.reclaim.hand.is_none() {
            // SAFETY: the spawner has one thread.
            let hand = unsafe { Hand::start(&self.host.tmp, self.folder.life()) }?;
            if let Err(error) = watch(&self.epoll, hand.as_fd(), RECLAIM_TOKEN, false) {
                self.dying.push(hand.end().1);
                return Err(error);
            }
            self.reclaim.hand = Some(hand);
        }
        self.reclaim.hand.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn on_reclaimed(&mut self, buffer: &mut [u8]) {
        while let Some(hand) = &mut self.reclaim.hand {
            match hand.answer(buffer, now_ms()) {
                Ok(Some((_, outcome, _))) => {
                    let Some(asked) = self.reclaim.asked.pop_front() else { continue };
                    let answer = match outcome {
                        Outcome::Done { bytes } => Ok(Answer::Reclaimed { bytes }),
                        Outcome::Failed { step, reason } => Err(Failure::Host { step, reason }),
                    };
                    self.reply(asked.id, answer, Vec::new());
                }
                Ok(None) => return,
                Err(_) => self.interrupt_reclaim("the hand ended"),
            }
        }
    }

    pub(super) fn reclaim_due_ms(&self) -> Option<u64> {
        self.reclaim.hand.as_ref().and_then(|hand| hand.due_ms(RECLAIM_MS_MAX))
    }

    pub(super) fn let_stuck_reclaim_go(&mut self, now_ms: u64) {
        if self.reclaim_due_ms().is_some_and(|due| due <= now_ms) {
            self.interrupt_reclaim("the kernel was not done in time");
        }
    }

    /// An environment stops: its group can not be removed while the kernel works in it.
    pub(super) fn end_reclaim_of(&mut self, key: u64) {
        if self.reclaim.asked.front().is_some_and(|asked| asked.key == key) {
            self.interrupt_reclaim("the environment stops");
        }
    }

    /// Ends what is being done, and has the next hand go on with the rest.
    fn interrupt_reclaim(&mut self, why: &str) {
        let mut asked = self.let_hand_go();
        if let Some(first) = asked.pop_front() {
            self.reply(first.id, Err(failed(why)), Vec::new());
        }
        asked.into_iter().for_each(|one| self.ask_reclaim(one));
    }

    fn let_hand_go(&mut self) -> VecDeque<Asked> {
        if let Some(hand) = self.reclaim.hand.take() {
            let _ = epoll::delete(&self.epoll, &hand);
            self.dying.push(hand.end().1);
        }
        std::mem::take(&mut self.reclaim.asked)
    }

    pub(super) fn let_reclaim_go(&mut self) {
        for asked in self.let_hand_go() {
            self.reply(asked.id, Err(Failure::Gone), Vec::new());
        }
    }
}

fn failed(reason: impl std::fmt::Display) -> Failure {
    Failure::Host { step: "memory reclaim".to_owned(), reason: reason.to_string() }
}
