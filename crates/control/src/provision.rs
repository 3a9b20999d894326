//! Provisioned concurrency: PutProvisionedConcurrencyConfig and its like.
//!
//! What is wanted is part of a version's record. The partition's leader keeps so many environments; it is told by whoever
//! changed it, and then by every control again and again ([`retell`]), so that each new leader knows, and a word that was
//! lost is made good. What was given up stays in the record as none: an older word must not bring it back.

use crate::commit::{After, Decision, Inner, Retires};
use crate::list::Marker;
use crate::model::{Current, Function, FunctionId, Provision, VersionState};
use fabric::assignment::{self, AcquireError, Provisioned};
use fabric::control::{
    ControlError, ListVersions, Named, ProvisionConcurrency, ProvisionedConcurrency, ProvisionedPage,
    SnapStart,
};
use std::sync::{Arc, Weak};
use std::time::Duration;
use types::limits::{PAGE_ITEMS_MAX, UNRESERVED_EXECUTIONS_MIN};
use types::{FunctionName, Version, VersionKey};

/// How often every leader is told everything: so much later a new one knows what is wanted.
const RETELL_EVERY: Duration = Duration::from_secs(5);
/// How long one may take. It decides in memory.
const TELL_WAIT: Duration = Duration::from_secs(2);

pub(crate) async fn provision(
    inner: Arc<Inner>,
    message: ProvisionConcurrency,
) -> Result<ProvisionedConcurrency, ControlError> {
    let ProvisionConcurrency { named, wanted } = message;
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    // As with reservations: two that each leave enough may not both.
    let scope = FunctionId { scope: id.scope.clone(), name: FunctionName::new("") };
    let _guard = inner.locks.lock(&scope).await;
    inner.look_at_scope(&id.scope).await?;
    let room =
        Room { taken: inner.index.usage(&id.scope).reserved, limit: inner.settings.concurrency_max, wanted };
    inner.mutate(&id, |current, minted| decide(&named, room, current, minted.now_ms)).await
}

/// What the account has, and what is wanted of it.
#[derive(Clone, Copy)]
struct Room {
    /// By all functions.
    taken: u32,
    limit: u32,
    wanted: u32,
}

fn decide(
    named: &Named,
    room: Room,
    current: &Current,
    now_ms: u64,
) -> Result<Decision<ProvisionedConcurrency>, ControlError> {
    let (before, number, state) = published(named, current)?;
    if state.config.snap_start == SnapStart::PublishedVersions {
        return Err(ControlError::ProvisionWithSnapStart);
    }
    let mut after = set(before, number, state, room.wanted, now_ms);
    match after.reservation.reserved {
        Some(reserved) if after.provisioned() > reserved => {
            return Err(ControlError::ProvisionedOverReserved);
        }
        Some(_) => {}
        None => {
            let minimum = UNRESERVED_EXECUTIONS_MIN.min(room.limit);
            let others = room.taken.saturating_sub(before.set_aside());
            let more = after.set_aside() > before.set_aside();
            if more && others.saturating_add(after.set_aside()) > room.limit - minimum {
                return Err(ControlError::TooMuchProvisioned { minimum });
            }
        }
    }
    let provision =
        Provision { at: after.counters.next_generation(), wanted: room.wanted, modified_ms: now_ms };
    after = with(&after, number, state, provision);
    let answer = shown(&after, number, provision, None);
    Ok(Decision { after: After::Live { function: Box::new(after), retires: Retires::Nobody }, answer })
}

pub(crate) async fn give_up(inner: Arc<Inner>, named: Named) -> Result<(), ControlError> {
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    inner
        .mutate(&id, |current, minted| {
            let (before, number, state) = published(&named, current)?;
            if state.provision.wanted == 0 {
                return Ok(Decision { after: After::Same, answer: () });
            }
            let mut counters = before.counters;
            let provision =
                Provision { at: counters.next_generation(), wanted: 0, modified_ms: minted.now_ms };
            let function = Function { counters, ..with(before, number, state, provision) };
            let after = After::Live { function: Box::new(function), retires: Retires::Nobody };
            Ok(Decision { after, answer: () })
        })
        .await
}

/// The published version that is meant.
fn published<'a>(
    named: &Named,
    current: &'a Current,
) -> Result<(&'a Function, u64, &'a VersionState), ControlError> {
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    let function = current.function.as_ref().ok_or_else(|| id.not_found(named.qualifier.as_ref()))?;
    match function.qualified(named.qualifier.as_ref())? {
        (Version::Published(number), state) => Ok((function, number, state)),
        (Version::Latest, _) => Err(ControlError::ProvisionOnUnpublished),
    }
}

/// As it would be: numbers are given once it is known to be.
fn set(before: &Function, number: u64, state: &VersionState, wanted: u32, now_ms: u64) -> Function {
    with(before, number, state, Provision { at: 0, wanted, modified_ms: now_ms })
}

/// No version's code or configuration changes: its environments stay, and its revision id.
fn with(before: &Function, number: u64, state: &VersionState, provision: Provision) -> Function {
    let mut function = Function::clone(before);
    function.published.insert(number, Arc::new(VersionState { provision, ..state.clone() }));
    function
}

fn shown(
    function: &Function,
    number: u64,
    provision: Provision,
    now: Option<Provisioned>,
) -> ProvisionedConcurrency {
    ProvisionedConcurrency {
        arn: function.id.arn().qualified(Version::Published(number)),
        wanted: provision.wanted,
        last_modified_ms: provision.modified_ms,
        now,
    }
}

pub(crate) async fn get(inner: &Inner, named: &Named) -> Result<ProvisionedConcurrency, ControlError> {
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    let found = inner.look(&id).await?.ok_or_else(|| id.not_found(named.qualifier.as_ref()))?;
    let (version, state) = found.function.qualified(named.qualifier.as_ref())?;
    match version {
        Version::Published(number) if state.provision.wanted > 0 => {
            let now = inner.ask(&found.function, version, state).await?;
            Ok(shown(&found.function, number, state.provision, now))
        }
        _ => Err(ControlError::NotProvisioned { arn: id.arn().qualified(version) }),
    }
}

pub(crate) async fn list(inner: &Inner, message: &ListVersions) -> Result<ProvisionedPage, ControlError> {
    let id = FunctionId { scope: message.named.scope.clone(), name: message.named.function.clone() };
    let found = inner.look(&id).await?.ok_or_else(|| id.not_found(None))?;
    let marker = message.marker.as_deref().map(Marker::read).transpose()?;
    if marker.as_ref().is_some_and(|marker| marker.function != id.name) {
        return Err(ControlError::BadMarker);
    }
    let after = marker.map_or(Version::Latest, |marker| marker.version);
    let items_max = message.items_max.clamp(1, PAGE_ITEMS_MAX);
    let all = found
        .function
        .published
        .iter()
        .filter(|(number, state)| state.provision.wanted > 0 && Version::Published(**number) > after);
    let mut items: Vec<_> = all.take(items_max + 1).collect();
    let more = items.len() > items_max;
    items.truncate(items_max);
    let last = items.last().filter(|_| more);
    let next = last.map(|(number, _)| {
        Marker { function: id.name.clone(), version: Version::Published(**number) }.write()
    });
    let mut versions = Vec::new();
    for (number, state) in items {
        let now = inner.ask(&found.function, Version::Published(*number), state).await?;
        versions.push(shown(&found.function, *number, state.provision, now));
    }
    Ok(ProvisionedPage { versions, next })
}

impl Inner {
    /// How it stands; `None`: the leader knows something newer of the version.
    async fn ask(
        &self,
        function: &Function,
        version: Version,
        state: &VersionState,
    ) -> Result<Option<Provisioned>, ControlError> {
        match self.say(word(function, version, state)).await {
            Ok(now) => Ok(Some(now)),
            Err(AcquireError::Stale) => Ok(None),
            Err(error) => Err(ControlError::Unavailable { reason: error.to_string() }),
        }
    }

    async fn say(&self, message: assignment::Provision) -> Result<Provisioned, AcquireError> {
        let silent = || AcquireError::Unavailable { reason: "no answer in time".to_owned() };
        let answer = self.world.timeout(TELL_WAIT, self.assignment.provision(message)).await;
        answer.unwrap_or_else(|| Err(silent()))
    }

    /// Tells what has changed. What is not heard now is said again soon, so nobody waits for it.
    pub(crate) async fn tell_provisions(&self, before: Option<&Function>, after: &Function) {
        for (version, state) in after.versions() {
            let known = before.and_then(|before| before.version(version));
            if known.map_or(Provision::default(), |known| known.provision) == state.provision {
                continue;
            }
            if let Err(error) = self.say(word(after, version, state)).await {
                tracing::debug!(function = %after.id.arn(), %error, "assignment will be told what is provisioned");
            }
        }
    }
}

fn word(function: &Function, version: Version, state: &VersionState) -> assignment::Provision {
    let key: VersionKey = function.key(version, state);
    let Provision { at, wanted, .. } = state.provision;
    assignment::Provision { key, at, memory_mb: state.config.memory_mb, wanted }
}

/// Tells the leaders what is wanted, again and again, for as long as there is a control.
pub(crate) async fn retell(inner: Weak<Inner>) {
    loop {
        let Some(control) = inner.upgrade() else { return };
        let mut words = Vec::new();
        control.index.each(|function| {
            let told = function.versions().filter(|(_, state)| state.provision.at > 0);
            words.extend(told.map(|(version, state)| word(function, version, state)));
        });
        for word in words {
            if let Err(error) = control.say(word).await {
                tracing::debug!(%error, "assignment was not told again what is provisioned");
            }
        }
        let clock = control.world.clock.clone();
        drop(control);
        clock.sleep(RETELL_EVERY).await;
    }
}
