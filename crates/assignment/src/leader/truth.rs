//! What is durable elsewhere and this leader must know: control's records, read before a version's first grant, and
//! whether it still leads when control tells it of a change.

use super::{Leader, Task};
use crate::journal::Deposed;
use fabric::assignment::{AcquireError, Revisions};
use scheduler::assignment::{Durable, Input};
use std::sync::Arc;
use std::time::Duration;
use types::VersionKey;

/// How long a version's first acquire waits for what is durable of it: less than a caller waits for capacity.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// How long control waits for its word to be taken: longer than JetStream takes to find a stream a new leader.
const CONFIRM_LIMIT: Duration = Duration::from_secs(10);

/// Where there may be another leader, before this one or after it.
#[derive(Clone)]
pub(crate) struct Truth {
    pub(crate) revisions: Option<Arc<dyn Revisions>>,
    /// Only an append says that nobody else leads.
    pub(crate) is_contested: bool,
}

impl Leader {
    pub(super) async fn read_revision(&self, key: VersionKey) -> Input {
        let Some(revisions) = &self.parts.truth.revisions else {
            return Input::Revision { key, found: None };
        };
        let found = match self.parts.world.timeout(READ_LIMIT, revisions.read(&key)).await {
            Some(Ok(found)) => Some(Durable {
                generation_min: found.generation_min,
                share_at: found.reserved_at,
                reserved: found.reserved,
            }),
            Some(Err(error)) => {
                tracing::warn!(function = %key.function, %error, "what is durable of a function could not be read");
                None
            }
            None => {
                tracing::warn!(function = %key.function, "what is durable of a function could not be read in time");
                None
            }
        };
        Input::Revision { key, found }
    }

    /// Takes control's word, and says so only once it is certain that it led when it did: the next leader reads what
    /// control wrote before it asked, while a deposed one that said yes would send control away with nobody told.
    pub(super) async fn take_word(&self, input: Input) -> Result<(), AcquireError> {
        let tasks: Vec<Task> = self.step(input);
        self.carry_out(tasks);
        if !self.parts.truth.is_contested {
            return Ok(());
        }
        match self.parts.world.timeout(CONFIRM_LIMIT, self.journal.confirm()).await {
            Some(Ok(())) => Ok(()),
            Some(Err(Deposed)) => {
                self.close(AcquireError::NotLeader);
                Err(AcquireError::NotLeader)
            }
            None => Err(AcquireError::Unavailable { reason: "the journal is silent".to_owned() }),
        }
    }
}
