//! PublishVersion, and publishing as part of create and update.

use crate::commit::{After, Decision, Inner, Minted, Retires};
use crate::model::{Current, Function, FunctionId, Optimisation, Provision, VersionState};
use fabric::control::{ControlError, FunctionConfig, FunctionVersion, Mutated, PublishVersion};
use std::sync::Arc;
use types::{Qualifier, RevisionId, Version};

/// A version that was published, or the last one again where nothing changed since.
pub(crate) struct Published {
    pub(crate) shown: FunctionVersion,
    pub(crate) new: bool,
}

pub(crate) async fn publish_version(
    inner: Arc<Inner>,
    message: PublishVersion,
) -> Result<Mutated, ControlError> {
    let id = FunctionId { scope: message.named.scope.clone(), name: message.named.function.clone() };
    inner.mutate(&id, |current, minted| decide(&id, &message, current, minted)).await
}

fn decide(
    id: &FunctionId,
    message: &PublishVersion,
    current: &Current,
    minted: &Minted,
) -> Result<Decision<Mutated>, ControlError> {
    let before = changeable(id, current, message.named.qualifier.as_ref())?;
    check_revision(before, message.revision.as_ref())?;
    if let Some(given) = &message.code_digest
        && *given != before.latest.code.digest
    {
        return Err(ControlError::CodeMismatch {
            given: given.clone(),
            current: before.latest.code.digest.clone(),
        });
    }
    let mut function = Function::clone(before);
    let published = publish(&mut function, message.description.as_deref(), minted);
    let answer = Mutated { version: published.shown };
    if !published.new {
        return Ok(Decision { after: After::Same, answer });
    }
    // `$LATEST` has a new revision id, and the same code and configuration: its environments stay.
    function.latest =
        Arc::new(VersionState { revision: minted.stored.clone(), ..VersionState::clone(&function.latest) });
    minted.check_room(before.code_bytes(), function.code_bytes())?;
    Ok(Decision { after: After::Live { function: Box::new(function), retires: Retires::Nobody }, answer })
}

/// Publishes `$LATEST` as it is in `function`, unless the last version is the same already.
pub(crate) fn publish(function: &mut Function, description: Option<&str>, minted: &Minted) -> Published {
    if let Some((number, last)) = function.published.get_key_value(&function.counters.version)
        && is_same(last, &function.latest)
    {
        return Published { shown: function.shown(Version::Published(*number), last), new: false };
    }
    let number = function.counters.next_version();
    let generation = function.counters.next_generation();
    let latest = &function.latest;
    let source = latest.config.description.clone();
    let description = description.map_or_else(|| source.clone(), str::to_owned);
    let optimisation = Optimisation::at_publish(&latest.config);
    let answered = minted.published_answered.clone();
    let state = Arc::new(VersionState {
        generation,
        config: FunctionConfig { description, ..latest.config.clone() },
        code: latest.code.clone(),
        last_modified_ms: minted.now_ms,
        // One that stays Pending has its first revision until it is not.
        revision: match optimisation {
            Optimisation::Pending => answered.clone(),
            _ => minted.published_stored.clone(),
        },
        source_description: Some(source),
        optimisation,
        provision: Provision::default(),
    });
    function.published.insert(number, Arc::clone(&state));
    Published { shown: function.shown_pending(Version::Published(number), &state, answered), new: true }
}

/// Same code and configuration. Descriptions are compared as `$LATEST` had them, since a publish may give its own.
fn is_same(published: &VersionState, latest: &VersionState) -> bool {
    let described = published.source_description.as_ref().unwrap_or(&published.config.description);
    let config = FunctionConfig { description: described.clone(), ..published.config.clone() };
    published.code == latest.code && config == latest.config
}

/// The function, if it is there and the caller means what can be changed: `$LATEST`.
pub(crate) fn changeable<'a>(
    id: &FunctionId,
    current: &'a Current,
    qualifier: Option<&Qualifier>,
) -> Result<&'a Arc<Function>, ControlError> {
    let function = current.function.as_ref().ok_or_else(|| id.not_found(qualifier))?;
    match qualifier {
        Some(qualifier) if Version::parse(qualifier.as_str()) != Some(Version::Latest) => {
            Err(id.not_found(Some(qualifier)))
        }
        _ => Ok(function),
    }
}

/// The precondition of updates and publish.
pub(crate) fn check_revision(function: &Function, revision: Option<&RevisionId>) -> Result<(), ControlError> {
    match revision {
        Some(revision) if *revision != function.latest.revision => Err(ControlError::RevisionMismatch),
        _ => Ok(()),
    }
}
