//! Who may use an environment next.
//!
//! ```text
//!            take(its token)          free                take(a new token)
//! First(token) ───────────► Taken ───────────► Free(last) ───────────────► Taken …
//!      │ nobody came                              ▲
//!      └──────────────────────────────────────────┘
//! any ── close ──► Closed (final): the environment ends
//! ```
//! A lease is good for one invocation. The token that was used last is refused, and so is for ever the first one's where
//! nobody came with it in time: the worker itself told assignment that it is free, and others may have been there since.

use types::LeaseToken;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    First,
    Taken,
    Free,
    Closed,
}

/// One environment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    state: State,
    /// Of the last lease.
    token: LeaseToken,
    /// Of the first, if nobody came with it.
    untaken: Option<LeaseToken>,
}

/// Why an invocation is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is not the token that is waited for.
    Stale,
    Busy,
    Gone,
}

/// As a new leader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    Free,
    Taken,
    Ending,
}

impl Grant {
    /// For whoever has this token.
    pub fn first(token: LeaseToken) -> Self {
        Self { state: State::First, token, untaken: None }
    }

    /// The token of the last lease.
    pub fn token(&self) -> LeaseToken {
        self.token
    }

    /// Whether an invocation may come in under this token.
    pub fn admits(&self, token: LeaseToken) -> Result<(), NotTaken> {
        match self.state {
            State::First if self.token != token => Err(NotTaken::Stale),
            State::Free if self.token == token || self.untaken == Some(token) => Err(NotTaken::Stale),
            State::Taken => Err(NotTaken::Busy),
            State::Closed => Err(NotTaken::Gone),
            State::First | State::Free => Ok(()),
        }
    }

    /// It is in. Whoever says so has asked [`Self::admits`].
    pub fn take(&mut self, token: LeaseToken) {
        (self.state, self.token) = (State::Taken, token);
    }

    /// The invocation is over: the next may come. Answers the token under which it ran.
    pub fn free(&mut self) -> LeaseToken {
        if self.state != State::Closed {
            self.state = State::Free;
        }
        self.token
    }

    /// Frees it if nobody took it: the answer is the token, if so.
    pub fn free_untaken(&mut self) -> Option<LeaseToken> {
        if self.state != State::First {
            return None;
        }
        (self.state, self.untaken) = (State::Free, Some(self.token));
        self.untaken
    }

    /// Nobody comes any more. Answers the token of the last lease.
    pub fn close(&mut self) -> LeaseToken {
        self.state = State::Closed;
        self.token
    }

    /// Closes it if no invocation has it or is on its way.
    pub fn close_untaken(&mut self) -> bool {
        let untaken = self.is_untaken();
        if untaken {
            self.state = State::Closed;
        }
        untaken
    }

    /// Whether no invocation has it or is on its way.
    pub fn is_untaken(&self) -> bool {
        self.state != State::Taken
    }

    /// How it stands; `ending`: it was asked to end.
    pub fn state(&self, ending: bool) -> GrantState {
        match self.state {
            _ if ending => GrantState::Ending,
            State::First | State::Taken => GrantState::Taken,
            State::Free => GrantState::Free,
            State::Closed => GrantState::Ending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LeaseToken = LeaseToken(1);
    const B: LeaseToken = LeaseToken(2);

    #[test]
    fn a_lease_lets_one_invocation_in() {
        let mut grant = Grant::first(A);
        assert_eq!(grant.admits(B), Err(NotTaken::Stale), "it waits for another");
        assert_eq!(grant.admits(A), Ok(()));
        grant.take(A);
        assert_eq!((grant.admits(A), grant.admits(B)), (Err(NotTaken::Busy), Err(NotTaken::Busy)));
        assert_eq!(grant.free(), A);
        assert_eq!((grant.admits(A), grant.admits(B)), (Err(NotTaken::Stale), Ok(())));
        assert_eq!(grant.free_untaken(), None);
        assert!(grant.close_untaken());
        assert_eq!(grant.admits(B), Err(NotTaken::Gone));
        assert_eq!((grant.free(), grant.admits(B)), (A, Err(NotTaken::Gone)), "the end is final");
    }

    #[test]
    fn whoever_came_too_late_for_the_first_lease_is_refused_also_when_others_have_been_there() {
        let mut grant = Grant::first(A);
        assert_eq!(grant.free_untaken(), Some(A));
        assert_eq!(grant.admits(A), Err(NotTaken::Stale));
        grant.take(B);
        grant.free();
        assert_eq!(grant.admits(A), Err(NotTaken::Stale));
        assert_eq!(grant.admits(LeaseToken(3)), Ok(()));
    }

    #[test]
    fn what_is_in_use_ends_after_its_invocation() {
        let mut grant = Grant::first(A);
        assert_eq!(grant.state(false), GrantState::Taken, "its first is on its way");
        grant.take(A);
        assert!(!grant.close_untaken());
        assert_eq!((grant.state(false), grant.state(true)), (GrantState::Taken, GrantState::Ending));
        grant.free();
        assert_eq!(grant.state(false), GrantState::Free);
        assert!(grant.close_untaken());
        assert_eq!(grant.state(false), GrantState::Ending);
    }
}
