//! Every function in memory: what reads and the hot path answer from.
//!
//! One lock, held for a lookup or an exchange of an `Arc` and never across an await. Revisions only rise: what was read
//! before something newer was put in is not put in any more. So that this holds over a delete, too, the revisions of
//! tombstones are kept where several processes write (`shared`); else everything goes by the function's lock.

use crate::model::{Function, FunctionId};
use fabric::Scope;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use substrate::Revision;
use types::FunctionName;

pub(crate) struct Index {
    scopes: RwLock<FxHashMap<Scope, ScopeIndex>>,
    shared: bool,
}

#[derive(Default)]
struct ScopeIndex {
    /// In the order of lists.
    functions: BTreeMap<FunctionName, Indexed>,
    /// Names under which no function can be served, and the revision that says so: a tombstone or an unreadable
    /// record. Empty unless shared.
    gone: FxHashMap<FunctionName, Revision>,
    code_bytes: u64,
    reserved: u32,
}

/// A function and the revision of its record.
#[derive(Clone)]
pub(crate) struct Indexed {
    pub(crate) function: Arc<Function>,
    pub(crate) at: Revision,
}

/// The index knows a newer revision than what it was to take in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newer;

/// What an account has in a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) code_bytes: u64,
    pub(crate) functions: u64,
    /// Concurrency that functions have reserved.
    pub(crate) reserved: u32,
}

impl Index {
    pub(crate) fn new(shared: bool) -> Self {
        Self { scopes: RwLock::default(), shared }
    }

    pub(crate) fn get(&self, scope: &Scope, name: &FunctionName) -> Option<Indexed> {
        self.read().get(scope)?.functions.get(name).cloned()
    }

    /// The same, and what all functions of the scope have reserved.
    pub(crate) fn find(&self, scope: &Scope, name: &FunctionName) -> Option<(Indexed, u32)> {
        let scopes = self.read();
        let scope = scopes.get(scope)?;
        Some((scope.functions.get(name).cloned()?, scope.reserved))
    }

    /// The revision that is known of this name, also of one that is gone.
    pub(crate) fn known(&self, id: &FunctionId) -> Option<Revision> {
        let scopes = self.read();
        let scope = scopes.get(&id.scope)?;
        let live = scope.functions.get(&id.name).map(|indexed| indexed.at);
        live.or_else(|| scope.gone.get(&id.name).copied())
    }

    /// Puts or (`None`) takes away what the store had at a revision; answers what was there, or `Err` if something
    /// newer is.
    pub(crate) fn set(
        &self,
        id: &FunctionId,
        function: Option<Arc<Function>>,
        at: Revision,
    ) -> Result<Option<Arc<Function>>, Newer> {
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        let scope = scopes.entry(id.scope.clone()).or_default();
        let known = scope.functions.get(&id.name).map(|indexed| indexed.at);
        if known.or_else(|| scope.gone.get(&id.name).copied()).is_some_and(|known| known > at) {
            return Err(Newer);
        }
        scope.gone.remove(&id.name);
        if function.is_none() && self.shared {
            scope.gone.insert(id.name.clone(), at);
        }
        let before = scope.exchange(&id.name, function.map(|function| Indexed { function, at }));
        if scope.is_empty() {
            scopes.remove(&id.scope);
        }
        Ok(before)
    }

    /// Takes away a function whose record is not there at all any more, unless it was put in anew meanwhile.
    pub(crate) fn forget(&self, id: &FunctionId, at: Revision) -> Option<Arc<Function>> {
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        let scope = scopes.get_mut(&id.scope)?;
        scope.functions.get(&id.name).filter(|indexed| indexed.at == at)?;
        let before = scope.exchange(&id.name, None);
        if scope.is_empty() {
            scopes.remove(&id.scope);
        }
        before
    }

    /// Every function of a scope, or of everybody.
    pub(crate) fn ids(&self, scope: Option<&Scope>) -> FxHashSet<FunctionId> {
        let scopes = self.read();
        let wanted = scopes.iter().filter(|(of, _)| scope.is_none_or(|scope| scope == *of));
        wanted.flat_map(|(_, scope)| scope.functions.values()).map(|it| it.function.id.clone()).collect()
    }

    /// Every function of everybody.
    pub(crate) fn each(&self, mut visit: impl FnMut(&Function)) {
        let scopes = self.read();
        let functions = scopes.values().flat_map(|scope| scope.functions.values());
        functions.for_each(|indexed| visit(&indexed.function));
    }

    pub(crate) fn usage(&self, scope: &Scope) -> Usage {
        let scopes = self.read();
        scopes.get(scope).map_or(Usage::default(), |scope| Usage {
            code_bytes: scope.code_bytes,
            functions: scope.functions.len() as u64,
            reserved: scope.reserved,
        })
    }

    /// Functions in name order from `first` (included if it is there), at most `max`.
    pub(crate) fn from(&self, scope: &Scope, first: Option<&FunctionName>, max: usize) -> Vec<Arc<Function>> {
        let scopes = self.read();
        let Some(scope) = scopes.get(scope) else { return Vec::new() };
        let take = |functions: &mut dyn Iterator<Item = &Indexed>| {
            functions.take(max).map(|indexed| Arc::clone(&indexed.function)).collect()
        };
        match first {
            Some(first) => take(&mut scope.functions.range(first..).map(|(_, indexed)| indexed)),
            None => take(&mut scope.functions.values()),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, FxHashMap<Scope, ScopeIndex>> {
        self.scopes.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScopeIndex {
    fn exchange(&mut self, name: &FunctionName, indexed: Option<Indexed>) -> Option<Arc<Function>> {
        let added = indexed.as_ref().map_or((0, 0), |indexed| weight(&indexed.function));
        let before = match indexed {
            Some(indexed) => self.functions.insert(name.clone(), indexed),
            None => self.functions.remove(name),
        };
        let removed = before.as_ref().map_or((0, 0), |before| weight(&before.function));
        self.code_bytes = (self.code_bytes + added.0).saturating_sub(removed.0);
        self.reserved = self.reserved.saturating_add(added.1).saturating_sub(removed.1);
        before.map(|before| before.function)
    }

    fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.gone.is_empty()
    }
}

/// What a function adds to its scope: bytes of code, concurrency that is for no other.
fn weight(function: &Function) -> (u64, u32) {
    (function.code_bytes(), function.set_aside())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Code, Counters, Optimisation, Provision, Reservation, VersionState};
    use fabric::control::{FunctionConfig, LoggingConfig, SnapStart};
    use types::{AccountId, CodeDigest, Region, RevisionId};

    /// Of so much code, and with as much reserved.
    fn function(id: &FunctionId, code_bytes: u64) -> Arc<Function> {
        let logging = LoggingConfig {
            format: "Text".into(),
            group: "g".into(),
            application_level: None,
            system_level: None,
        };
        let config = FunctionConfig {
            runtime: "python3.13".into(),
            handler: "h".into(),
            role: "r".into(),
            description: String::new(),
            timeout_seconds: 3,
            memory_mb: 128,
            ephemeral_storage_mb: 512,
            architecture: "x86_64".into(),
            environment: None,
            logging,
            tracing_mode: "PassThrough".into(),
            snap_start: SnapStart::None,
        };
        let latest = VersionState {
            generation: 1,
            config,
            code: Code { digest: CodeDigest::new("d"), bytes: code_bytes },
            last_modified_ms: 0,
            revision: RevisionId::new("r"),
            source_description: None,
            optimisation: Optimisation::Off,
            provision: Provision::default(),
        };
        Arc::new(Function {
            id: id.clone(),
            counters: Counters { generation: 1, version: 0 },
            incarnation: 1,
            tags: BTreeMap::new(),
            reservation: Reservation { at: 1, reserved: u32::try_from(code_bytes).ok() },
            latest: Arc::new(latest),
            published: BTreeMap::new(),
        })
    }

    #[test]
    fn nothing_older_is_taken_in_also_not_over_a_delete() {
        let scope = Scope { account: AccountId::new("a"), region: Region::new("r") };
        let id = FunctionId { scope: scope.clone(), name: FunctionName::new("f") };
        let usage = |index: &Index| {
            let Usage { functions, code_bytes, reserved } = index.usage(&scope);
            assert_eq!(code_bytes, u64::from(reserved), "summed alike");
            (functions, code_bytes)
        };
        let index = Index::new(true);
        assert_eq!(index.set(&id, Some(function(&id, 5)), Revision(5)), Ok(None));
        assert_eq!(index.set(&id, Some(function(&id, 4)), Revision(4)), Err(Newer));
        assert_eq!(index.set(&id, None, Revision(4)), Err(Newer));
        assert_eq!(usage(&index), (1, 5));
        assert!(index.set(&id, None, Revision(7)).expect("newer").is_some());
        assert_eq!((index.known(&id), usage(&index)), (Some(Revision(7)), (0, 0)));
        assert_eq!(index.set(&id, Some(function(&id, 6)), Revision(6)), Err(Newer), "a slow reader");
        assert_eq!(index.set(&id, Some(function(&id, 8)), Revision(8)), Ok(None));
        assert_eq!(index.forget(&id, Revision(6)), None, "put in anew meanwhile");
        assert!(index.forget(&id, Revision(8)).is_some());
        assert_eq!((index.known(&id), usage(&index)), (None, (0, 0)));
        assert!(index.read().is_empty());
    }

    #[test]
    fn alone_the_index_keeps_nothing_of_what_is_deleted() {
        let id = FunctionId {
            scope: Scope { account: AccountId::new("a"), region: Region::new("r") },
            name: FunctionName::new("f"),
        };
        let index = Index::new(false);
        assert_eq!(index.set(&id, Some(function(&id, 1)), Revision(1)), Ok(None));
        assert!(index.set(&id, None, Revision(2)).expect("newer").is_some());
        assert!(index.read().is_empty());
    }
}
