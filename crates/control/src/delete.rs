//! DeleteFunction: all of it, or one version.

use crate::commit::{After, Decision, Inner, Retires};
use crate::model::{Current, Function, FunctionId};
use fabric::control::{ControlError, Named};
use std::sync::Arc;
use types::Version;

pub(crate) async fn delete(inner: Arc<Inner>, named: Named) -> Result<(), ControlError> {
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    inner.mutate(&id, |current, _| decide(&id, &named, current)).await
}

fn decide(id: &FunctionId, named: &Named, current: &Current) -> Result<Decision<()>, ControlError> {
    let before = current.function.as_ref().ok_or_else(|| id.not_found(None))?;
    let Some(qualifier) = &named.qualifier else {
        let mut counters = before.counters;
        counters.next_generation(); // every environment there is is older
        return Ok(Decision { after: After::Deleted { counters }, answer: () });
    };
    match Version::parse(qualifier.as_str()) {
        Some(Version::Latest) => Err(ControlError::LatestNotDeletable),
        Some(Version::Published(number)) if before.published.contains_key(&number) => {
            let mut function = Function::clone(before);
            function.published.remove(&number);
            let generation = function.counters.next_generation();
            let retires = Retires::Below { version: Version::Published(number), generation };
            Ok(Decision { after: After::Live { function: Box::new(function), retires }, answer: () })
        }
        // A version that is not there is deleted already, as AWS says.
        _ => Ok(Decision { after: After::Same, answer: () }),
    }
}
