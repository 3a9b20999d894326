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
/// How long control's word is held: longer than the lease of a worker that does not answer.
const WORD_LIMIT: Duration = Duration::from_secs(25);

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

    /// Takes control's word, and says so only once no other leader can go against it: one that comes reads what control
    /// wrote before it asked (it is certain that this one still led then: it has appended since), and what one that went
    /// still grants is taken by no worker.
    pub(super) async fn take_word(&self, input: Input) -> Result<(), AcquireError> {
        let tasks: Vec<Task> = self.step(input);
        self.carry_out(tasks);
        if !self.parts.truth.is_contested {
            return Ok(());
        }
        let alone = async {
            self.acknowledged_by_all().await?;
            self.journal.confirm().await.map_err(|Deposed| {
                self.close(AcquireError::NotLeader);
                AcquireError::NotLeader
            })
        };
        let silent = || AcquireError::Unavailable { reason: "a worker or the journal is silent".to_owned() };
        self.parts.world.timeout(WORD_LIMIT, alone).await.unwrap_or_else(|| Err(silent()))
    }

    async fn acknowledged_by_all(&self) -> Result<(), AcquireError> {
        loop {
            let heard = self.heard.notified();
            tokio::pin!(heard);
            // From here on nothing is missed.
            heard.as_mut().enable();
            {
                let state = self.lock();
                if let Some(why) = &state.closed {
                    return Err(why.clone());
                }
                if state.machine.is_acknowledged_by_all() {
                    return Ok(());
                }
            }
            heard.await;
        }
    }
}
