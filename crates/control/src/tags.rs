//! Tags of a function; versions have none.

use crate::commit::{After, Decision, Inner, Retires};
use crate::model::{Current, Function, FunctionId};
use fabric::control::{ControlError, Named, TagFunction, UntagFunction};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::limits::TAGS_MAX;

pub(crate) fn check_count(count: usize) -> Result<(), ControlError> {
    if count > TAGS_MAX {
        return Err(ControlError::TooManyTags { limit: TAGS_MAX });
    }
    Ok(())
}

pub(crate) async fn list(inner: &Inner, named: &Named) -> Result<BTreeMap<String, String>, ControlError> {
    let id = taggable(named)?;
    let found = inner.look(&id).await?.ok_or_else(|| id.not_found(None))?;
    Ok(found.function.tags.clone())
}

pub(crate) async fn tag(inner: Arc<Inner>, message: TagFunction) -> Result<(), ControlError> {
    let id = taggable(&message.named)?;
    let add = |current: &Current| {
        change(&id, current, |tags| {
            tags.extend(message.tags.clone());
            check_count(tags.len())
        })
    };
    inner.mutate(&id, |current, _| add(current)).await
}

pub(crate) async fn untag(inner: Arc<Inner>, message: UntagFunction) -> Result<(), ControlError> {
    let id = taggable(&message.named)?;
    let remove = |current: &Current| {
        change(&id, current, |tags| {
            tags.retain(|key, _| !message.keys.contains(key));
            Ok(())
        })
    };
    inner.mutate(&id, |current, _| remove(current)).await
}

fn taggable(named: &Named) -> Result<FunctionId, ControlError> {
    if named.qualifier.is_some() {
        return Err(ControlError::TagsOnQualified);
    }
    Ok(FunctionId { scope: named.scope.clone(), name: named.function.clone() })
}

fn change(
    id: &FunctionId,
    current: &Current,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), ControlError>,
) -> Result<Decision<()>, ControlError> {
    let before = current.function.as_ref().ok_or_else(|| id.not_found(None))?;
    let mut function = Function::clone(before);
    change(&mut function.tags)?;
    // Tags say nothing of code or configuration: no revision id, no generation changes.
    let after = After::Live { function: Box::new(function), retires: Retires::Nobody };
    Ok(Decision { after, answer: () })
}
