//! DNS over TCP (RFC 7766): a connection of the guest to its name server, which is us. One question at a time; the
//! next one waits in the guest's window until the answer to the last is on its way.

use std::os::fd::BorrowedFd;

use smoltcp::time::{Duration, Instant};

use super::dns::QUERY_MAX;
use super::guest_tcp::{GuestTcp, Standing};

/// A connection without a question for this long is broken off.
const IDLE_MAX: Duration = Duration::from_secs(30);

pub(super) struct Conversation {
    guest: GuestTcp,
    /// Length prefix and message, as far as they have come.
    question: Vec<u8>,
    /// Length prefix and answer, as far as they have not gone.
    answer: Vec<u8>,
    asking: bool,
    active_at: Instant,
}

/// What the owner must do.
pub(super) enum Turn {
    Wait,
    /// Look this up and hand the answer back by [`Conversation::answer`].
    Ask(Vec<u8>),
    Over,
}

impl Conversation {
    pub(super) fn new(guest: GuestTcp, now: Instant) -> Conversation {
        Conversation { guest, question: Vec::new(), answer: Vec::new(), asking: false, active_at: now }
    }

    pub(super) fn guest_mut(&mut self) -> &mut GuestTcp {
        &mut self.guest
    }

    pub(super) fn next_wake(&mut self, now: Instant) -> Option<Instant> {
        let idle = self.active_at + IDLE_MAX;
        Some(self.guest.next_wake(now).map_or(idle, |wake| wake.min(idle)))
    }

    /// Queues the answer to the question that was asked.
    pub(super) fn answer(&mut self, message: &[u8], now: Instant) {
        self.asking = false;
        self.active_at = now;
        // The lookup bounds its answers to what a length prefix can say.
        let length = u16::try_from(message.len()).unwrap_or(0);
        self.answer.extend_from_slice(&length.to_be_bytes());
        self.answer.extend_from_slice(&message[..usize::from(length)]);
    }

    pub(super) fn pump(&mut self, tun: BorrowedFd<'_>, now: Instant) -> Turn {
        if let Ok(sent) = self.guest.socket_mut().send_slice(&self.answer) {
            self.answer.drain(..sent);
        }
        let question = if self.asking || !self.answer.is_empty() { None } else { self.read_question() };
        let over = match question {
            Some(Err(())) => true,
            _ => now >= self.active_at + IDLE_MAX && !self.asking,
        };
        if over {
            self.guest.socket_mut().abort();
        } else if self.guest.is_finished() && !self.asking && self.answer.is_empty() && question.is_none() {
            self.guest.socket_mut().close();
        }
        self.guest.egress(tun, now);
        match question {
            _ if over || self.guest.standing() != Standing::Open => Turn::Over,
            Some(Ok(question)) => {
                self.asking = true;
                Turn::Ask(question)
            }
            _ => Turn::Wait,
        }
    }

    /// The next whole question; an error for one that no honest resolver sends.
    fn read_question(&mut self) -> Option<Result<Vec<u8>, ()>> {
        while self.guest.socket().can_recv() {
            let wanted = match self.question.get(..2) {
                None => 2 - self.question.len(),
                Some(prefix) => {
                    let length = usize::from(u16::from_be_bytes([prefix[0], prefix[1]]));
                    if length == 0 || length > QUERY_MAX {
                        return Some(Err(()));
                    }
                    2 + length - self.question.len()
                }
            };
            let question = &mut self.question;
            let taken = self.guest.socket_mut().recv(|bytes| {
                let taken = bytes.len().min(wanted);
                question.extend_from_slice(&bytes[..taken]);
                (taken, taken)
            });
            if self.question.len() > 2 && taken.is_ok_and(|taken| taken == wanted) {
                let mut whole = std::mem::take(&mut self.question);
                return Some(Ok(whole.split_off(2)));
            }
        }
        None
    }
}
