//! CreateFunction.

use crate::commit::{After, Decision, Inner, Minted, Retires};
use crate::model::{Code, Current, Function, FunctionId, Optimisation, Provision, Reservation, VersionState};
use crate::{publish, tags};
use fabric::control::{ControlError, CreateFunction, Mutated};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::Version;

/// What is asked for, without the zip.
struct Wanted {
    id: FunctionId,
    config: fabric::control::FunctionConfig,
    code: Code,
    publish: bool,
    tags: BTreeMap<String, String>,
}

pub(crate) async fn create(inner: Arc<Inner>, message: CreateFunction) -> Result<Mutated, ControlError> {
    let CreateFunction { scope, function, config, zip, publish, tags } = message;
    let id = FunctionId { scope, name: function };
    // Cheap refusals before a zip is inflated; the decision below looks again under the lock.
    if inner.look(&id).await?.is_some() {
        return Err(ControlError::Exists { function: id.name });
    }
    inner.check_architecture(&config.architecture)?;
    inner.check_runtime(&config.runtime).await?;
    inner.check_snap_start(&config)?;
    tags::check_count(tags.len())?;
    let inspected = inner.code.inspect(zip).await?;
    let wanted = Wanted { code: inspected.code.clone(), id, config, publish, tags };
    // The blob is there before the record that names it.
    let pin = inner.code.store(inspected).await?;
    let created = inner.mutate(&wanted.id, |current, minted| decide(&wanted, current, minted)).await;
    pin.settle(inner.kv.as_ref(), created).await
}

fn decide(wanted: &Wanted, current: &Current, minted: &Minted) -> Result<Decision<Mutated>, ControlError> {
    if current.function.is_some() {
        return Err(ControlError::Exists { function: wanted.id.name.clone() });
    }
    let mut counters = current.counters;
    let generation = counters.next_generation();
    let latest = VersionState {
        generation,
        config: wanted.config.clone(),
        code: wanted.code.clone(),
        last_modified_ms: minted.now_ms,
        revision: minted.stored.clone(),
        source_description: None,
        optimisation: Optimisation::Off,
        provision: Provision::default(),
    };
    let mut function = Function {
        id: wanted.id.clone(),
        counters,
        incarnation: generation,
        tags: wanted.tags.clone(),
        // Newer than whatever was reserved for a deleted namesake.
        reservation: Reservation { at: generation, reserved: None },
        latest: Arc::new(latest),
        published: BTreeMap::new(),
    };
    let version = if wanted.publish {
        publish::publish(&mut function, None, minted).shown
    } else {
        function.shown_pending(Version::Latest, &function.latest, minted.answered.clone())
    };
    minted.check_room(0, function.code_bytes())?;
    // A new name has no environments, and those of a deleted namesake were retired with it.
    let after = After::Live { function: Box::new(function), retires: Retires::Nobody };
    Ok(Decision { after, answer: Mutated { version } })
}
