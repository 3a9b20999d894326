//! Where several processes write (`Settings::shared`): how the index comes to what the store has.
//!
//! ```text
//!             a read, a mutation, an unknown name                     a hint of `Kv::watch`, or 30 s
//!                           │ refresh                                            │ follow
//!                           ▼                                                    ▼
//!   one head read ──same revision──► the index is right        every head listed ──same──► nothing
//!         └──another──► the function read ──► index ◄── the function read ◄──another──┘
//! ```
//! Heads are never deleted, their revisions only rise, and the index takes in nothing older than it has: so it may be
//! brought forward by anybody at any time, and whoever began after a write was answered sees that write.
//! Without `shared` nothing here reads anything.

use crate::commit::{Inner, store_error};
use crate::index::Indexed;
use crate::model::{Current, FunctionId};
use crate::store::{self, LoadError};
use fabric::Scope;
use fabric::control::ControlError;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::time::Duration;
use substrate::kv::PAGE_ENTRIES_MAX;
use substrate::{Entry, Key, KvError, Watch};
use types::FunctionName;

/// Reads of single functions at once: many callers of names that do not exist must not be many reads of the store.
pub(crate) const REFRESHES_MAX: usize = 64;
/// How often everything is looked at when no hint comes.
const FOLLOW_EVERY: Duration = Duration::from_secs(30);
/// Hints that come closer than this share a look.
const FOLLOW_PAUSE: Duration = Duration::from_millis(200);
/// A look at everything reads every head: of many functions the looks are so much rarer that they take a tenth of the
/// time at most.
const FOLLOW_PAUSES_PER_LOOK: u32 = 9;

impl Inner {
    /// The function as of now.
    pub(crate) async fn look(&self, id: &FunctionId) -> Result<Option<Indexed>, ControlError> {
        if self.settings.shared {
            self.refresh(id).await.map_err(|error| store_error(&error))?;
        }
        Ok(self.index.get(&id.scope, &id.name))
    }

    /// All functions of a scope, as of now.
    pub(crate) async fn look_at_scope(&self, scope: &Scope) -> Result<(), ControlError> {
        if self.settings.shared {
            self.refresh_all(Some(scope)).await.map_err(|error| store_error(&error))?;
        }
        Ok(())
    }

    /// The functions of a scope from `first` on, as of now, at least so many of them. A name's place among names is that
    /// of its key among keys, since both have the same letters.
    pub(crate) async fn look_at_list(
        &self,
        scope: &Scope,
        first: Option<&FunctionName>,
        count: usize,
    ) -> Result<(), ControlError> {
        if !self.settings.shared {
            return Ok(());
        }
        let mut unseen = self.index.ids(Some(scope));
        let mut after = None;
        if let Some(first) = first {
            let id = FunctionId { scope: scope.clone(), name: first.clone() };
            // The name comes out of a marker.
            after = Some(store::head_key(&id).map_err(|_| ControlError::BadMarker)?);
            match self.refresh(&id).await {
                Err(LoadError::Record { .. }) | Ok(_) => {}
                Err(error) => return Err(store_error(&error)),
            }
            unseen.retain(|id| id.name > *first);
        }
        let looked = self.refresh_listed(Some(scope), after, count, unseen).await;
        looked.map_err(|error| store_error(&error))
    }

    /// Reads the function's head, and the rest if the index has another.
    pub(crate) async fn refresh(&self, id: &FunctionId) -> Result<Current, LoadError> {
        // Never closed.
        let _turn = self.refreshes.acquire().await;
        let before = self.index.get(&id.scope, &id.name);
        let Some(head) = self.kv.get(&store::head_key(id)?).await? else {
            if let Some(before) = before {
                let gone = self.index.forget(id, before.at);
                self.preparations.note(gone.as_deref(), None);
            }
            return Ok(Current::default());
        };
        match self.index.get(&id.scope, &id.name) {
            Some(Indexed { function, at }) if at >= head.revision => {
                Ok(Current { at: Some(at), counters: function.counters, function: Some(function) })
            }
            _ => self.take_in(id, head).await,
        }
    }

    /// Into the index, what belongs to this head. A record that can not be read fences its function.
    async fn take_in(&self, id: &FunctionId, head: Entry) -> Result<Current, LoadError> {
        let read = head.revision;
        match store::load_from(self.kv.as_ref(), id, head, true).await {
            Ok(current) => {
                self.show(id, current.function.clone(), current.at);
                Ok(current)
            }
            Err(error) => {
                if matches!(error, LoadError::Record { .. }) {
                    self.show(id, None, Some(read));
                }
                Err(error)
            }
        }
    }

    async fn refresh_all(&self, scope: Option<&Scope>) -> Result<(), LoadError> {
        let unseen = self.index.ids(scope);
        self.refresh_listed(scope, None, usize::MAX, unseen).await
    }

    /// Brings the index to the list of heads after `after`, as far as the `live_max`th function that lives. `unseen`:
    /// what the index has after `after`.
    async fn refresh_listed(
        &self,
        scope: Option<&Scope>,
        mut after: Option<Key>,
        live_max: usize,
        mut unseen: FxHashSet<FunctionId>,
    ) -> Result<(), LoadError> {
        let prefix = store::heads_prefix(scope)?;
        let mut live = 0;
        loop {
            let wanted = (live_max - live).min(PAGE_ENTRIES_MAX);
            let page = self.kv.list(&prefix, after.as_ref(), wanted).await?;
            after = page.entries.last().map(|entry| entry.key.clone());
            for head in page.entries {
                let Some(id) = store::parse_head_key(&head.key) else {
                    tracing::error!(key = %head.key, "this is no function's key");
                    continue;
                };
                unseen.remove(&id);
                self.take_in_if_newer(&id, head).await?;
                live += usize::from(self.index.get(&id.scope, &id.name).is_some());
            }
            if !page.more {
                break;
            }
            if live >= live_max {
                // What follows was not listed.
                unseen.retain(|id| store::head_key(id).is_ok_and(|key| Some(key) < after));
                break;
            }
        }
        // Created since the list was begun, or taken away by another hand than ours.
        for id in unseen {
            self.refresh(&id).await?;
        }
        Ok(())
    }

    async fn take_in_if_newer(&self, id: &FunctionId, head: Entry) -> Result<(), LoadError> {
        if self.index.known(id).is_some_and(|known| known >= head.revision) {
            return Ok(());
        }
        match self.take_in(id, head).await {
            Err(error @ LoadError::Record { .. }) => {
                tracing::error!(%error, "a function can not be served: its record is damaged or from a newer program");
                Ok(())
            }
            // It changes all the time: whoever asks for it reads it.
            Err(LoadError::Kv { reason: KvError::Busy }) => Ok(()),
            taken => taken.map(drop),
        }
    }
}

/// Keeps the index near the truth, so that what is answered without asking is seldom old, and what is to be prepared is
/// known here whoever published it. Owned by `Control`, which ends it.
pub(crate) async fn follow(inner: Arc<Inner>, mut hints: Watch) {
    let mut silent = false;
    loop {
        let begun = inner.world.now();
        match inner.refresh_all(None).await {
            Ok(()) if silent => {
                tracing::info!("the store answers again");
                silent = false;
            }
            Ok(()) => {}
            Err(error) if silent => tracing::debug!(%error, "the store can still not be followed"),
            Err(error) => {
                tracing::warn!(%error, "what other processes change can not be followed for now");
                silent = true;
            }
        }
        let took = inner.world.now().since(begun);
        let pause = took.saturating_mul(FOLLOW_PAUSES_PER_LOOK).clamp(FOLLOW_PAUSE, FOLLOW_EVERY);
        inner.world.clock.sleep(pause).await;
        if inner.world.timeout(FOLLOW_EVERY, hints.changed()).await == Some(false) {
            // No hints any more: by the clock alone.
            inner.world.clock.sleep(FOLLOW_EVERY).await;
        }
    }
}
