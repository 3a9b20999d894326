//! UpdateFunctionCode and UpdateFunctionConfiguration. Both change `$LATEST`, give it a new generation also where
//! nothing changed, and retire its older environments.

use crate::commit::{After, Decision, Inner, Minted, Retires};
use crate::model::{Code, Current, Function, FunctionId, Optimisation, Provision, VersionState};
use crate::publish::{self, changeable, check_revision};
use fabric::control::{ConfigChange, ControlError, FunctionConfig, Mutated, UpdateCode, UpdateConfiguration};
use std::sync::Arc;
use types::Version;

pub(crate) async fn update_code(inner: Arc<Inner>, mut message: UpdateCode) -> Result<Mutated, ControlError> {
    let id = FunctionId { scope: message.named.scope.clone(), name: message.named.function.clone() };
    // Cheap refusals before a zip is inflated; the decision below looks again under the lock.
    let found = inner.look(&id).await?;
    let current = Current { function: found.map(|found| found.function), ..Current::default() };
    let function = changeable(&id, &current, message.named.qualifier.as_ref())?;
    check_revision(function, message.revision.as_ref())?;
    if let Some(architecture) = &message.architecture {
        inner.check_architecture(architecture)?;
    }
    let inspected = inner.code.inspect(std::mem::take(&mut message.zip)).await?;
    let code = inspected.code.clone();
    let pin = if message.dry_run { None } else { Some(inner.code.store(inspected).await?) };
    let updated =
        inner.mutate(&id, |current, minted| decide_code(&id, &message, &code, current, minted)).await;
    // The record names the code now, or nothing does.
    match pin {
        Some(pin) => pin.settle(inner.kv.as_ref(), updated).await,
        None => updated,
    }
}

fn decide_code(
    id: &FunctionId,
    message: &UpdateCode,
    code: &Code,
    current: &Current,
    minted: &Minted,
) -> Result<Decision<Mutated>, ControlError> {
    let before = changeable(id, current, message.named.qualifier.as_ref())?;
    check_revision(before, message.revision.as_ref())?;
    let mut config = before.latest.config.clone();
    if let Some(architecture) = &message.architecture {
        config.architecture.clone_from(architecture);
    }
    let mut function = updated(before, config, code.clone(), minted);
    let version = if message.publish && !message.dry_run {
        publish::publish(&mut function, None, minted).shown
    } else if message.dry_run {
        // What would be, under the revision that still is.
        let would_be = function.shown(Version::Latest, &function.latest);
        fabric::control::FunctionVersion { revision: before.latest.revision.clone(), ..would_be }
    } else {
        function.shown_updating(minted.answered.clone())
    };
    minted.check_room(before.code_bytes(), function.code_bytes())?;
    let after = if message.dry_run { After::Same } else { live(function) };
    Ok(Decision { after, answer: Mutated { version } })
}

pub(crate) async fn update_configuration(
    inner: Arc<Inner>,
    message: UpdateConfiguration,
) -> Result<Mutated, ControlError> {
    let id = FunctionId { scope: message.named.scope.clone(), name: message.named.function.clone() };
    if let Some(runtime) = &message.change.runtime {
        inner.check_runtime(runtime).await?;
    }
    inner.mutate(&id, |current, minted| decide_configuration(&inner, &id, &message, current, minted)).await
}

fn decide_configuration(
    inner: &Inner,
    id: &FunctionId,
    message: &UpdateConfiguration,
    current: &Current,
    minted: &Minted,
) -> Result<Decision<Mutated>, ControlError> {
    let before = changeable(id, current, message.named.qualifier.as_ref())?;
    check_revision(before, message.revision.as_ref())?;
    let mut config = before.latest.config.clone();
    change(&mut config, message.change.clone());
    inner.check_snap_start(&config)?;
    let function = updated(before, config, before.latest.code.clone(), minted);
    let version = function.shown_updating(minted.answered.clone());
    Ok(Decision { after: live(function), answer: Mutated { version } })
}

fn updated(before: &Function, config: FunctionConfig, code: Code, minted: &Minted) -> Function {
    let mut function = before.clone();
    function.latest = Arc::new(VersionState {
        generation: function.counters.next_generation(),
        config,
        code,
        last_modified_ms: minted.now_ms,
        revision: minted.stored.clone(),
        source_description: None,
        optimisation: Optimisation::Off,
        provision: Provision::default(),
    });
    function
}

fn live(function: Function) -> After {
    let retires = Retires::Below { version: Version::Latest, generation: function.latest.generation };
    After::Live { function: Box::new(function), retires }
}

/// Members that are absent stay as they are; taken apart whole, so that a new member can not be forgotten here.
fn change(config: &mut FunctionConfig, change: ConfigChange) {
    let ConfigChange {
        runtime,
        handler,
        role,
        description,
        timeout_seconds,
        memory_mb,
        ephemeral_storage_mb,
        environment,
        logging,
        tracing_mode,
        snap_start,
    } = change;
    set(&mut config.runtime, runtime);
    set(&mut config.handler, handler);
    set(&mut config.role, role);
    set(&mut config.description, description);
    set(&mut config.timeout_seconds, timeout_seconds);
    set(&mut config.memory_mb, memory_mb);
    set(&mut config.ephemeral_storage_mb, ephemeral_storage_mb);
    if environment.is_some() {
        config.environment = environment;
    }
    set(&mut config.logging, logging);
    set(&mut config.tracing_mode, tracing_mode);
    set(&mut config.snap_start, snap_start);
}

fn set<T>(member: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *member = value;
    }
}
