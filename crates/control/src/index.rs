//! Every function in memory: what reads and the hot path answer from.
//!
//! One lock, held for a lookup or an exchange of an `Arc` and never across an await.

use crate::model::{Function, FunctionId};
use fabric::Scope;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use substrate::Revision;
use types::FunctionName;

#[derive(Default)]
pub(crate) struct Index(RwLock<FxHashMap<Scope, ScopeIndex>>);

#[derive(Default)]
struct ScopeIndex {
    /// In the order of lists.
    functions: BTreeMap<FunctionName, Indexed>,
    code_bytes: u64,
    reserved: u32,
}

/// A function and the revision of its record.
#[derive(Clone)]
pub(crate) struct Indexed {
    pub(crate) function: Arc<Function>,
    pub(crate) at: Revision,
}

/// What an account has in a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) code_bytes: u64,
    pub(crate) functions: u64,
    /// Concurrency that functions have reserved.
    pub(crate) reserved: u32,
}

impl Index {
    pub(crate) fn get(&self, scope: &Scope, name: &FunctionName) -> Option<Indexed> {
        let scopes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        scopes.get(scope)?.functions.get(name).cloned()
    }

    /// The same, and what all functions of the scope have reserved.
    pub(crate) fn find(&self, scope: &Scope, name: &FunctionName) -> Option<(Indexed, u32)> {
        let scopes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let scope = scopes.get(scope)?;
        Some((scope.functions.get(name).cloned()?, scope.reserved))
    }

    /// Puts or (`None`) takes away; answers what was there.
    pub(crate) fn set(&self, id: &FunctionId, indexed: Option<Indexed>) -> Option<Arc<Function>> {
        let mut scopes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let scope = match &indexed {
            Some(_) => scopes.entry(id.scope.clone()).or_default(),
            None => scopes.get_mut(&id.scope)?,
        };
        let added = indexed.as_ref().map_or((0, 0), |indexed| weight(&indexed.function));
        let before = match indexed {
            Some(indexed) => scope.functions.insert(id.name.clone(), indexed),
            None => scope.functions.remove(&id.name),
        };
        let removed = before.as_ref().map_or((0, 0), |before| weight(&before.function));
        scope.code_bytes = (scope.code_bytes + added.0).saturating_sub(removed.0);
        scope.reserved = scope.reserved.saturating_add(added.1).saturating_sub(removed.1);
        if scope.functions.is_empty() {
            scopes.remove(&id.scope);
        }
        before.map(|before| before.function)
    }

    /// Every function of everybody.
    pub(crate) fn each(&self, mut visit: impl FnMut(&Function)) {
        let scopes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let functions = scopes.values().flat_map(|scope| scope.functions.values());
        functions.for_each(|indexed| visit(&indexed.function));
    }

    pub(crate) fn usage(&self, scope: &Scope) -> Usage {
        let scopes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        scopes.get(scope).map_or(Usage::default(), |scope| Usage {
            code_bytes: scope.code_bytes,
            functions: scope.functions.len() as u64,
            reserved: scope.reserved,
        })
    }

    /// Functions in name order from `first` (included if it is there), at most `max`.
    pub(crate) fn from(&self, scope: &Scope, first: Option<&FunctionName>, max: usize) -> Vec<Arc<Function>> {
        let scopes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(scope) = scopes.get(scope) else { return Vec::new() };
        let take = |functions: &mut dyn Iterator<Item = &Indexed>| {
            functions.take(max).map(|indexed| Arc::clone(&indexed.function)).collect()
        };
        match first {
            Some(first) => take(&mut scope.functions.range(first..).map(|(_, indexed)| indexed)),
            None => take(&mut scope.functions.values()),
        }
    }
}

/// What a function adds to its scope: bytes of code, reserved concurrency.
fn weight(function: &Function) -> (u64, u32) {
    (function.code_bytes(), function.reservation.reserved.unwrap_or(0))
}
