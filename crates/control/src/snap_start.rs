//! SnapStart: which versions are to be prepared, and what came of it.
//!
//! Workers ask ([`preparations`]) and report ([`report`]); control calls nobody. So a version stays Pending exactly as long
//! as no worker has run its init, whatever is restarted meanwhile.

use crate::commit::{After, Decision, Inner, Retires};
use crate::model::{Current, Function, FunctionId, Optimisation, VersionState};
use fabric::Scope;
use fabric::control::{
    ControlError, FunctionConfig, Preparation, Preparations, PreparationsQuery, PreparedReport, SnapStart,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use types::Version;

/// How long a worker waits for a list that is another one.
const LIST_WAIT: Duration = Duration::from_secs(30);
/// Versions of one list. Those that were published earliest wait until others are prepared or gone.
const LISTED_MAX: usize = 10_000;

/// Changes of the list, counted.
pub(crate) struct Changes(watch::Sender<u64>);

impl Changes {
    /// Counting begins somewhere: a worker that knows another process's list must not take it for this one's.
    pub(crate) fn since(first: u64) -> Self {
        Self(watch::Sender::new(first))
    }

    /// A function is another one now: counted if that changes the list.
    pub(crate) fn note(&self, before: Option<&Function>, after: Option<&Function>) {
        if listed(before).ne(listed(after)) {
            self.0.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }
}

/// Of one function: each version that is to be prepared, and how it stands.
fn listed(function: Option<&Function>) -> impl Iterator<Item = (u64, u64, Optimisation)> {
    let published = function.map(|function| &function.published);
    published
        .into_iter()
        .flatten()
        .filter(|(_, state)| is_listed(state))
        .map(|(number, state)| (*number, state.generation, state.optimisation))
}

fn is_listed(state: &VersionState) -> bool {
    matches!(state.optimisation, Optimisation::Pending | Optimisation::On)
}

/// The list, once it is another one than `seen`, or after a while.
pub(crate) async fn preparations(inner: &Inner, query: PreparationsQuery) -> Preparations {
    let mut changes = inner.preparations.0.subscribe();
    // The sender lives as long as `inner`.
    let another = changes.wait_for(|at| query.seen != Some(*at));
    let _ = inner.world.timeout(LIST_WAIT, another).await; // after a while the same list is said again
    // Read before the functions: what changes in between is in the list, and makes another one.
    let at = *inner.preparations.0.borrow();
    let mut found = Vec::new();
    inner.index.each(|function| {
        for (version, state) in function.versions().filter(|(_, state)| is_listed(state)) {
            let pending = state.optimisation == Optimisation::Pending;
            found.push((
                Reverse(state.last_modified_ms),
                Preparation { key: function.key(version, state), pending },
            ));
        }
    });
    found.sort_by(|(one, a), (other, b)| (!a.pending, one, &a.key).cmp(&(!b.pending, other, &b.key)));
    found.truncate(LISTED_MAX);
    Preparations { at, versions: found.into_iter().map(|(_, preparation)| preparation).collect() }
}

/// A worker has tried.
pub(crate) async fn report(inner: Arc<Inner>, message: PreparedReport) -> Result<(), ControlError> {
    let key = &message.key;
    let scope = Scope { account: key.account.clone(), region: key.region.clone() };
    let id = FunctionId { scope, name: key.function.clone() };
    inner.mutate(&id, |current, minted| Ok(decide(&message, current, &minted.published_stored))).await
}

/// A version that is gone, of another generation, or not Pending any more stays what it is.
fn decide(message: &PreparedReport, current: &Current, revision: &types::RevisionId) -> Decision<()> {
    let same = Decision { after: After::Same, answer: () };
    let Version::Published(number) = message.key.version else { return same };
    let Some(before) = &current.function else { return same };
    let pending = |state: &&Arc<VersionState>| {
        state.generation == message.key.generation && state.optimisation == Optimisation::Pending
    };
    let Some(state) = before.published.get(&number).filter(pending) else { return same };
    let state = VersionState {
        optimisation: if message.initialised { Optimisation::On } else { Optimisation::Failed },
        revision: revision.clone(),
        ..VersionState::clone(state)
    };
    let published: BTreeMap<u64, Arc<VersionState>> = before.published.clone();
    let mut function = Function { published, ..Function::clone(before) };
    function.published.insert(number, Arc::new(state));
    Decision { after: After::Live { function: Box::new(function), retires: Retires::Nobody }, answer: () }
}

impl Inner {
    /// With `--strict-runtimes` what AWS refuses is refused.
    pub(crate) fn check_snap_start(&self, config: &FunctionConfig) -> Result<(), ControlError> {
        let wanted = config.snap_start == SnapStart::PublishedVersions;
        if wanted && !self.settings.snap_start_any_runtime && !aws_has_it(&config.runtime) {
            return Err(ControlError::SnapStartUnsupported { runtime: config.runtime.clone() });
        }
        Ok(())
    }
}

/// Of zip packages (developer guide, "Supported features and limitations"): Java 11, Python 3.12, .NET 8 and later.
fn aws_has_it(runtime: &str) -> bool {
    let at_least = |prefix: &str, least: u32| {
        runtime
            .strip_prefix(prefix)
            .and_then(|rest| rest.parse::<u32>().ok())
            .is_some_and(|version| version >= least)
    };
    at_least("java", 11) || at_least("python3.", 12) || at_least("dotnet", 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_has_snap_start_for_three_languages_from_a_version_on() {
        for runtime in ["java11", "java25", "python3.12", "python3.14", "dotnet8", "dotnet10"] {
            assert!(aws_has_it(runtime), "{runtime}");
        }
        for runtime in
            ["java8.al2", "python3.11", "python3.9", "dotnet6", "nodejs22.x", "provided.al2023", "ruby3.4"]
        {
            assert!(!aws_has_it(runtime), "{runtime}");
        }
    }
}
