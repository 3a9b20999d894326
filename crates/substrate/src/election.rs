//! Who leads, of several services that could: an entry in `Kv`, held by renewing it.
//!
//! ```text
//!            nobody has it, or it was not renewed for a lease
//!  Watching ─────────────────────────────────────────────────► claimed by compare-and-set: epoch + 1 ──► renewed, four
//!     ▲   └─ renewed: the count begins anew                                │                             times a lease
//!     └────────────────────────── another has it ◄─────────────────────────┘ ◄──────────────────────────────┘
//! ```
//! No clocks are compared. A watcher counts on its own monotonic clock, and only time between two of its own reads that
//! succeeded, and of that at most twice what it meant to wait: a silent store deposes nobody, nor does a watcher that
//! was paused. Reads alone are no proof: a store that has lost its quorum may answer them while nobody can renew. So before it
//! claims, a watcher writes beside the entry, and a write that is not soon answered is a silence, too. After a
//! silence the holder has longer to say that it is there, since its writes may come back later than others'. The entry says who is asked; it fences nobody: that is for whoever is led to do, by the epoch.

use crate::{Expected, Key, Kv, KvError, Revision};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use types::Epoch;
use world::{Instant, World};

/// How long a leader that does not renew is respected: below the second that its death may cost.
pub const LEASE: Duration = Duration::from_millis(600);
/// How many times longer after the store was silent: longer than JetStream takes to find a stream a new leader.
const AFTER_SILENCE: u32 = 15;
const FORMAT: u32 = 1;

/// How this service takes part.
#[derive(Clone)]
pub struct Election {
    pub kv: Arc<dyn Kv>,
    /// The entry.
    pub key: Key,
    /// Where others reach this service, should it lead.
    pub holder: String,
    /// [`LEASE`], or what a test needs.
    pub lease: Duration,
}

/// Who leads, as the entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    format: u32,
    pub holder: String,
    pub epoch: Epoch,
    /// Random, of one start of one service.
    writer: u64,
}

impl Holding {
    /// Reads an entry's value.
    pub fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok().filter(|holding: &Self| holding.format == FORMAT)
    }
}

/// Who leads by this entry; `None` while nobody does.
pub async fn holding(kv: &dyn Kv, key: &Key) -> Result<Option<Holding>, KvError> {
    Ok(kv.get(key).await?.and_then(|entry| Holding::read(&entry.value)))
}

/// Where it is tried whether anything can be written.
fn beside(key: &Key) -> Result<Key, KvError> {
    let segments = key.segments().unwrap_or_default();
    let all: Vec<&str> = segments.iter().map(String::as_str).chain(["tried"]).collect();
    Key::of(&all)
}

/// The entry was claimed.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub epoch: Epoch,
    revision: Revision,
}

/// Looks at one entry.
pub struct Watcher {
    world: World,
    election: Election,
    writer: u64,
    /// What was there at the last look: an entry of this revision, or none.
    seen: Option<Option<Revision>>,
    /// Who was the last to hold it.
    holder: Option<String>,
    /// How long it has not moved.
    still: Duration,
    /// The last read that succeeded, unless one failed since.
    read: Option<Instant>,
    /// The store was silent since the entry last moved.
    silence: bool,
}

impl Watcher {
    /// `writer` is random, of one start of one service.
    pub fn new(world: World, election: Election, writer: u64) -> Self {
        Self {
            world,
            election,
            writer,
            seen: None,
            holder: None,
            still: Duration::ZERO,
            read: None,
            silence: false,
        }
    }

    /// How long to wait between two looks.
    pub fn pause(&self) -> Duration {
        self.election.lease / 8
    }

    /// Who holds it, as the last look found, or held it before it was vacant.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// Whether nobody held it at the last look.
    pub fn is_vacant(&self) -> bool {
        self.seen == Some(None)
    }

    /// One look; a claim if it is time for one and it succeeds. `known` is the highest epoch that was ever heard of.
    pub async fn look(&mut self, known: Epoch) -> Option<Claim> {
        self.look_deferring(known, |_| Duration::ZERO).await
    }

    /// The same, but what could be claimed is left to others for as long as `defer` says, which hears who held it last.
    pub async fn look_deferring(
        &mut self,
        known: Epoch,
        defer: impl FnOnce(Option<&str>) -> Duration + Send,
    ) -> Option<Claim> {
        let found = self.election.kv.get(&self.election.key).await;
        let now = self.world.now();
        let entry = match found {
            Ok(entry) => entry,
            Err(error) => {
                tracing::debug!(%error, "who leads could not be read");
                (self.read, self.still, self.silence) = (None, Duration::ZERO, true);
                return None;
            }
        };
        self.count(entry.as_ref().map(|entry| entry.revision), now);
        let Some(entry) = entry else {
            if self.still < defer(self.holder.as_deref()) {
                return None;
            }
            return self.claim(Expected::Absent, known).await;
        };
        let holding = Holding::read(&entry.value);
        let held = holding.as_ref().map_or(Epoch(0), |holding| holding.epoch);
        self.holder = holding.map(|holding| holding.holder);
        let patience = if self.silence { self.election.lease * AFTER_SILENCE } else { self.election.lease };
        if self.still < patience || self.still < patience + defer(self.holder.as_deref()) {
            return None;
        }
        if !self.can_write().await {
            (self.read, self.still, self.silence) = (None, Duration::ZERO, true);
            return None;
        }
        self.claim(Expected::At(entry.revision), known.max(held)).await
    }

    /// For how long it has been as it was found.
    fn count(&mut self, found: Option<Revision>, now: Instant) {
        if self.seen != Some(found) {
            (self.seen, self.still, self.silence) = (Some(found), Duration::ZERO, false);
        } else if let Some(read) = self.read {
            self.still += now.since(read).min(2 * self.pause());
        }
        self.read = Some(now);
    }

    /// Whether the holder could have renewed just now.
    async fn can_write(&self) -> bool {
        let Ok(beside) = beside(&self.election.key) else { return true };
        let begun = self.world.now();
        let written = self.election.kv.put(beside, Bytes::new(), Expected::Any).await;
        written.is_ok() && self.world.now().since(begun) < self.election.lease / 2
    }

    async fn claim(&mut self, expected: Expected, known: Epoch) -> Option<Claim> {
        let epoch = Epoch(known.0 + 1);
        match self.put(epoch, expected).await {
            Ok(revision) => Some(Claim { epoch, revision }),
            Err(KvError::Conflict { .. }) => None,
            Err(error) => {
                tracing::warn!(%error, "the lead could not be claimed");
                self.silence = true;
                // It may have been, unheard.
                let revision = self.ours(epoch).await?;
                Some(Claim { epoch, revision })
            }
        }
    }

    async fn put(&self, epoch: Epoch, expected: Expected) -> Result<Revision, KvError> {
        let holder = self.election.holder.clone();
        let holding = Holding { format: FORMAT, holder, epoch, writer: self.writer };
        let value =
            serde_json::to_vec(&holding).map_err(|error| KvError::Invalid { reason: error.to_string() })?;
        self.election.kv.put(self.election.key.clone(), Bytes::from(value), expected).await
    }

    /// The revision of the entry, if it is this service's of that epoch.
    async fn ours(&self, epoch: Epoch) -> Option<Revision> {
        let entry = self.election.kv.get(&self.election.key).await.ok()??;
        let holding = Holding::read(&entry.value)?;
        (holding.writer == self.writer && holding.epoch == epoch).then_some(entry.revision)
    }

    /// Renews until another has it.
    pub async fn renew(&self, claim: Claim) {
        let mut at = claim.revision;
        loop {
            self.world.clock.sleep(self.election.lease / 4).await;
            match self.put(claim.epoch, Expected::At(at)).await {
                Ok(renewed) => at = renewed,
                Err(KvError::Conflict { .. }) => match self.ours(claim.epoch).await {
                    // A renewal of ours of which we did not hear.
                    Some(revision) => at = revision,
                    None => match self.election.kv.get(&self.election.key).await {
                        Ok(_) => return,
                        Err(error) => tracing::warn!(%error, "who leads could not be read"),
                    },
                },
                Err(error) => tracing::warn!(%error, "the lead could not be renewed yet"),
            }
        }
    }

    /// A clean end: the next leader need not wait. It must know the last epoch from elsewhere.
    pub async fn give_back(&self) {
        let Ok(Some(entry)) = self.election.kv.get(&self.election.key).await else { return };
        if Holding::read(&entry.value).is_some_and(|holding| holding.writer == self.writer) {
            // Failing that, the next one waits a moment.
            let _ = self.election.kv.delete(self.election.key.clone(), Expected::At(entry.revision)).await;
        }
    }
}
