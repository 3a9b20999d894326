//! What may be said when: one machine, driven at both ends by what is sent and what is heard.
//!
//! ```text
//!  New ─Hello▶ Greeting ─Welcome▶ Greeted ─Furnish▶ Furnishing ─Furnished▶ Live
//!   │                               │  ▲                └─Failed▶ Ended      │  ▲
//!   │                       Quiesce │  │ Resume                     Quiesce │  │ Resume
//!   │                               ▼  │                                    ▼  │
//!   │                      Quieting ─Quiet▶ Quiet      (the same two, remembering where to go back to)
//!   └─Restored▶ Waking ─Awake▶ Greeted or Live, as it was before that snapshot
//!  any but New ─Shutdown▶ Ended
//! ```
//!
//! In Greeted, the host may ask `Shrink` (a booted machine is about to be snapshot) and say `Clock`; in Live, everything. In Quieting the host
//! is silent and the guest finishes; in Quiet both are. In Ended, what the guest says was on its way and is not judged.

use crate::messages::{ToGuest, ToHost};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    New,
    Greeting,
    Greeted,
    Furnishing,
    Live,
    Quieting { furnished: bool },
    Quiet { furnished: bool },
    Waking,
    Ended,
}

/// A word that may not be said now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word} in {phase:?}")]
pub struct OutOfPhase {
    pub word: &'static str,
    pub phase: Phase,
}

/// The conversation over one stream of bytes, as one end sees it. A restored copy begins a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation(Phase);

impl Default for Conversation {
    fn default() -> Self {
        Self(Phase::New)
    }
}

impl Conversation {
    pub fn phase(&self) -> Phase {
        self.0
    }

    /// Whether the host may send what concerns streams.
    pub fn streams(&self) -> bool {
        self.0 == Phase::Live
    }

    /// The host says this: it calls this before it sends, the guest when it hears. The phase is unchanged after an error.
    pub fn to_guest(&mut self, word: &ToGuest) -> Result<(), OutOfPhase> {
        let next = match (self.0, word) {
            (Phase::New, ToGuest::Hello { .. }) => Phase::Greeting,
            (Phase::New, ToGuest::Restored { .. }) => Phase::Waking,
            (Phase::Greeted, ToGuest::Furnish(_)) => Phase::Furnishing,
            (Phase::Greeted, ToGuest::Shrink { .. } | ToGuest::Clock { .. }) => Phase::Greeted,
            (Phase::Greeted, ToGuest::Quiesce) => Phase::Quieting { furnished: false },
            (Phase::Live, ToGuest::Quiesce) => Phase::Quieting { furnished: true },
            (Phase::Quiet { furnished }, ToGuest::Resume) => back(furnished),
            (
                Phase::Live,
                ToGuest::Start { .. }
                | ToGuest::Adopt { .. }
                | ToGuest::Bind { .. }
                | ToGuest::Stats { .. }
                | ToGuest::Shrink { .. }
                | ToGuest::Clock { .. }
                | ToGuest::Stream(_),
            ) => Phase::Live,
            (phase, ToGuest::Shutdown) if phase != Phase::New && phase != Phase::Ended => Phase::Ended,
            (phase, word) => return Err(OutOfPhase { word: to_guest_name(word), phase }),
        };
        self.0 = next;
        Ok(())
    }

    /// The guest says this: it calls this before it sends, the host when it hears. The phase is unchanged after an error.
    pub fn to_host(&mut self, word: &ToHost) -> Result<(), OutOfPhase> {
        let next = match (self.0, word) {
            (Phase::Greeting, ToHost::Welcome { .. }) => Phase::Greeted,
            (Phase::Furnishing, ToHost::Furnished { .. }) => Phase::Live,
            (Phase::Furnishing, ToHost::Failed { .. }) => Phase::Ended,
            (Phase::Waking, ToHost::Awake { furnished, .. }) => back(*furnished),
            (phase @ Phase::Greeted, ToHost::Answer { .. }) => phase,
            // The answer to a `Shrink` that was asked before.
            (phase @ Phase::Furnishing, ToHost::Answer { .. }) => phase,
            (phase @ Phase::Quieting { furnished: false }, ToHost::Answer { .. }) => phase,
            (
                phase @ (Phase::Live | Phase::Quieting { furnished: true }),
                ToHost::Answer { .. } | ToHost::Exited { .. } | ToHost::Opened { .. } | ToHost::Stream(_),
            ) => phase,
            (Phase::Quieting { furnished }, ToHost::Quiet) => Phase::Quiet { furnished },
            (Phase::Ended, _) => Phase::Ended,
            (phase, word) => return Err(OutOfPhase { word: to_host_name(word), phase }),
        };
        self.0 = next;
        Ok(())
    }

    /// A `Data` of the guest, which the host need not take apart for this.
    pub fn data_to_host(&self) -> Result<(), OutOfPhase> {
        match self.0 {
            Phase::Live | Phase::Quieting { furnished: true } | Phase::Ended => Ok(()),
            phase => Err(OutOfPhase { word: "Stream", phase }),
        }
    }

    /// A `Data` of the host, likewise.
    pub fn data_to_guest(&self) -> Result<(), OutOfPhase> {
        match self.0 {
            Phase::Live => Ok(()),
            phase => Err(OutOfPhase { word: "Stream", phase }),
        }
    }
}

fn back(furnished: bool) -> Phase {
    if furnished { Phase::Live } else { Phase::Greeted }
}

fn to_guest_name(word: &ToGuest) -> &'static str {
    match word {
        ToGuest::Hello { .. } => "Hello",
        ToGuest::Furnish(_) => "Furnish",
        ToGuest::Restored { .. } => "Restored",
        ToGuest::Start { .. } => "Start",
        ToGuest::Adopt { .. } => "Adopt",
        ToGuest::Bind { .. } => "Bind",
        ToGuest::Stats { .. } => "Stats",
        ToGuest::Shrink { .. } => "Shrink",
        ToGuest::Quiesce => "Quiesce",
        ToGuest::Resume => "Resume",
        ToGuest::Shutdown => "Shutdown",
        ToGuest::Stream(_) => "Stream",
        ToGuest::Clock { .. } => "Clock",
    }
}

fn to_host_name(word: &ToHost) -> &'static str {
    match word {
        ToHost::Welcome { .. } => "Welcome",
        ToHost::Furnished { .. } => "Furnished",
        ToHost::Failed { .. } => "Failed",
        ToHost::Answer { .. } => "Answer",
        ToHost::Exited { .. } => "Exited",
        ToHost::Opened { .. } => "Opened",
        ToHost::Quiet => "Quiet",
        ToHost::Awake { .. } => "Awake",
        ToHost::Stream(_) => "Stream",
    }
}

#[cfg(test)]
mod tests;
