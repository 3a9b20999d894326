//! From a decision to the truth: compare-and-set, index, assignment.

use crate::code::CodeStore;
use crate::index::{Index, Indexed, Newer};
use crate::keyed_locks::KeyedLocks;
use crate::model::{Counters, Current, Function, FunctionId, Reservation};
use crate::settings::Settings;
use crate::snap_start::Changes;
use crate::store;
use fabric::assignment::{AcquireError, Assignment, Reserve, Retire};
use fabric::control::ControlError;
use std::sync::Arc;
use std::time::Duration;
use substrate::{Kv, KvError, Revision};
use tokio::sync::Semaphore;
use types::{RequestId, RevisionId, Version};
use world::World;

/// How often a decision is made anew because another process changed the function meanwhile.
const ATTEMPTS_MAX: usize = 8;
/// Until it is: up to so much longer with each time, so that several that met do not meet again.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(10);
/// How often and how long assignment is told before the answer goes out without it.
const TELL_ATTEMPTS_MAX: usize = 3;
const TELL_WAIT: Duration = Duration::from_secs(2);
const TELL_PAUSE: Duration = Duration::from_millis(50);
/// The same where other frontends may still ask with what was before: as long as a leader may need, until there is one
/// (10 s at most) and no worker takes its predecessor's word any more (a worker's lease, 20 s). Beyond, the answer says
/// that it was not told.
const TELL_SHARED_MAX: Duration = Duration::from_secs(25);
const TELL_PAUSE_MAX: Duration = Duration::from_millis(500);

/// What the parts of control share.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) code: Arc<CodeStore>,
    pub(crate) assignment: Arc<dyn Assignment>,
    pub(crate) settings: Settings,
    pub(crate) index: Index,
    pub(crate) locks: KeyedLocks<FunctionId>,
    pub(crate) preparations: Changes,
    /// Bounds reads of single functions.
    pub(crate) refreshes: Semaphore,
}

/// What was decided.
pub(crate) struct Decision<T> {
    pub(crate) after: After,
    /// For the caller, once it is the truth.
    pub(crate) answer: T,
}

pub(crate) enum After {
    /// Nothing changes.
    Same,
    Live {
        function: Box<Function>,
        retires: Retires,
    },
    Deleted {
        counters: Counters,
    },
}

/// Whose environments are used no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retires {
    Nobody,
    Below { version: Version, generation: u64 },
}

/// What a decision needs besides what is there: made before, so that deciding itself is pure.
pub(crate) struct Minted {
    pub(crate) now_ms: u64,
    /// For the answer and, one step on, for what is stored: of `$LATEST` and of a published version.
    pub(crate) answered: RevisionId,
    pub(crate) stored: RevisionId,
    pub(crate) published_answered: RevisionId,
    pub(crate) published_stored: RevisionId,
    /// Code that the account may still add, bytes.
    pub(crate) code_bytes_used: u64,
    pub(crate) code_bytes_max: u64,
}

impl Minted {
    /// Refuses what would take the account over its limit.
    pub(crate) fn check_room(&self, before: u64, after: u64) -> Result<(), ControlError> {
        if after > before && self.code_bytes_used.saturating_sub(before) + after > self.code_bytes_max {
            return Err(ControlError::StorageExceeded { limit: self.code_bytes_max });
        }
        Ok(())
    }
}

enum Failure {
    /// Another process was first: decide anew.
    Conflict,
    Refused(ControlError),
}

impl Inner {
    /// Decides over what is there and makes it the truth. Runs under the function's lock.
    pub(crate) async fn mutate<T>(
        &self,
        id: &FunctionId,
        decide: impl Fn(&Current, &Minted) -> Result<Decision<T>, ControlError>,
    ) -> Result<T, ControlError> {
        let _guard = self.locks.lock(id).await;
        let mut current = self.current(id).await?;
        for attempt in 1..=ATTEMPTS_MAX {
            let decision = decide(&current, &self.mint(id))?;
            match self.commit(id, &current, decision.after).await {
                Ok(()) => return Ok(decision.answer),
                Err(Failure::Refused(error)) => return Err(error),
                Err(Failure::Conflict) => {
                    let most = ATTEMPT_PAUSE * u32::try_from(attempt).unwrap_or(1);
                    self.world.clock.sleep(most.mul_f64(self.fraction())).await;
                    current = self.reload(id).await?;
                }
            }
        }
        Err(ControlError::UpdateInProgress { arn: id.arn() })
    }

    fn fraction(&self) -> f64 {
        (self.world.random_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    async fn current(&self, id: &FunctionId) -> Result<Current, ControlError> {
        if self.settings.shared {
            // What is refused is refused by the truth, too; a compare-and-set would guard only what is written.
            return self.refresh(id).await.map_err(|error| store_error(&error));
        }
        match self.index.get(&id.scope, &id.name) {
            Some(Indexed { function, at }) => {
                Ok(Current { at: Some(at), counters: function.counters, function: Some(function) })
            }
            // None, or a tombstone, which is not kept in memory.
            None => store::load(self.kv.as_ref(), id, false).await.map_err(|error| store_error(&error)),
        }
    }

    /// Reads the function anew into the index.
    async fn reload(&self, id: &FunctionId) -> Result<Current, ControlError> {
        let current = store::load(self.kv.as_ref(), id, self.settings.shared).await;
        let current = current.map_err(|error| store_error(&error))?;
        self.show(id, current.function.clone(), current.at);
        Ok(current)
    }

    fn mint(&self, id: &FunctionId) -> Minted {
        let revision = || RevisionId::new(RequestId::from_random(self.world.random_16()).to_string());
        Minted {
            now_ms: self.world.wall().millis(),
            answered: revision(),
            stored: revision(),
            published_answered: revision(),
            published_stored: revision(),
            code_bytes_used: self.index.usage(&id.scope).code_bytes,
            code_bytes_max: self.settings.code_bytes_max,
        }
    }

    async fn commit(&self, id: &FunctionId, before: &Current, after: After) -> Result<(), Failure> {
        let (function, counters) = match &after {
            After::Same => return Ok(()),
            After::Live { function, .. } => (Some(function.as_ref()), function.counters),
            After::Deleted { counters } => (None, *counters),
        };
        let writes = store::writes(id, before, function, counters);
        let writes = writes.map_err(|error| Failure::Refused(store_error(&error)))?;
        let at = match self.kv.write(writes).await {
            Ok(at) => at,
            Err(KvError::Conflict { .. }) => return Err(Failure::Conflict),
            Err(error) => {
                // It may have been applied all the same: readers must see what is there.
                if let Err(unread) = self.reload(id).await {
                    tracing::error!(function = %id.arn(), %unread, "after a failed write the function can not be read");
                }
                return Err(Failure::Refused(store_error(&store::LoadError::Kv { reason: error })));
            }
        };
        self.tell(id, before, after, at).await.map_err(Failure::Refused)
    }

    /// After the commit: readers first, so that whoever is sent back by assignment resolves to the new truth.
    async fn tell(
        &self,
        id: &FunctionId,
        before: &Current,
        after: After,
        at: Revision,
    ) -> Result<(), ControlError> {
        match after {
            After::Same => Ok(()),
            After::Live { function, retires } => {
                let reservation = function.reservation;
                let function: Arc<Function> = Arc::from(function);
                self.show(id, Some(Arc::clone(&function)), Some(at));
                self.tell_provisions(before.function.as_deref(), &function).await;
                let known = before.function.as_ref().map(|function| function.reservation);
                if known.is_some_and(|known| known != reservation) {
                    self.reserve(id, reservation).await?;
                }
                match retires {
                    Retires::Nobody => Ok(()),
                    Retires::Below { version, generation } => {
                        self.retire(id, Some(version), generation).await
                    }
                }
            }
            After::Deleted { counters } => {
                self.show(id, None, Some(at));
                let told = self.retire(id, None, counters.generation).await;
                self.sweep_versions(id, before).await;
                told
            }
        }
    }

    /// Into the index, unless it knows something newer.
    pub(crate) fn show(&self, id: &FunctionId, function: Option<Arc<Function>>, at: Option<Revision>) {
        let Some(at) = at else { return }; // never written: nothing of it is in the index
        // Counted before the old is uncounted, so that code which both have is never garbage between.
        if let Some(function) = &function {
            self.code.add_all(function);
        }
        match self.index.set(id, function.clone(), at) {
            Ok(before) => {
                self.preparations.note(before.as_deref(), function.as_deref());
                if let Some(before) = before {
                    self.code.remove_all(&before);
                }
            }
            Err(Newer) => {
                if let Some(function) = &function {
                    self.code.remove_all(function);
                }
            }
        }
    }

    async fn retire(
        &self,
        id: &FunctionId,
        version: Option<Version>,
        generation_min: u64,
    ) -> Result<(), ControlError> {
        let (scope, function) = (id.scope.clone(), id.name.clone());
        let message = Retire { scope, function, version, generation_min };
        self.tell_leader(id, || self.assignment.retire(message.clone())).await
    }

    async fn reserve(&self, id: &FunctionId, reservation: Reservation) -> Result<(), ControlError> {
        let (scope, function) = (id.scope.clone(), id.name.clone());
        let Reservation { at, reserved } = reservation;
        let message = Reserve { scope, function, at, reserved };
        self.tell_leader(id, || self.assignment.reserve(message.clone())).await
    }

    /// The commit stands whatever assignment answers: a leader that begins from now on reads what was committed, and one
    /// that could not be told hears of it with the next acquire of whoever knows. But other frontends may not have heard
    /// of the change yet, and only assignment tells them: where there are others, an answer that says nothing of it would
    /// promise too much.
    async fn tell_leader<F>(&self, id: &FunctionId, call: impl Fn() -> F) -> Result<(), ControlError>
    where
        F: Future<Output = Result<(), AcquireError>>,
    {
        let (begun, mut pause) = (self.world.now(), TELL_PAUSE);
        let mut reason = String::new();
        for attempt in 1.. {
            match self.world.timeout(TELL_WAIT, call()).await {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) => reason = error.to_string(),
                None => reason = "no answer in time".to_owned(),
            }
            tracing::debug!(function = %id.arn(), attempt, reason, "assignment was not told yet");
            let waited = self.world.now().since(begun);
            match self.settings.shared {
                true if waited >= TELL_SHARED_MAX => break,
                true => pause = (pause * 2).min(TELL_PAUSE_MAX),
                false if attempt >= TELL_ATTEMPTS_MAX => break,
                false => {}
            }
            self.world.clock.sleep(pause).await;
        }
        tracing::warn!(function = %id.arn(), reason, "assignment was not told of a change");
        if !self.settings.shared {
            return Ok(());
        }
        let reason = format!("the change is made, but assignment could not be told of it: {reason}");
        Err(ControlError::Unavailable { reason })
    }

    async fn sweep_versions(&self, id: &FunctionId, before: &Current) {
        let Some(function) = &before.function else { return };
        let keys = function.published.keys();
        let keys = keys.filter_map(|number| store::version_key(id, function.incarnation, *number).ok());
        if let Err(error) = store::sweep(self.kv.as_ref(), keys.collect()).await {
            tracing::warn!(function = %id.arn(), %error, "versions of a deleted function stay until the next start");
        }
    }
}

pub(crate) fn store_error(error: &store::LoadError) -> ControlError {
    match error {
        store::LoadError::Kv { reason: KvError::Full { reason } } => {
            ControlError::Full { reason: reason.clone() }
        }
        _ => ControlError::Store { reason: error.to_string() },
    }
}
