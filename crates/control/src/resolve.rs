//! Room 4: from a name and a qualifier to one version in one generation. In: `Named`; out: `ResolvedVersion`.
//! Answers from memory, takes no lock across an await and does no IO, but for what other processes may have changed
//! (`refresh`). Fails only with not found, and there with the store.

use crate::commit::Inner;
use crate::model::FunctionId;
use fabric::ResolvedVersion;
use fabric::control::{BootPlan, ControlError, Named, State};
use std::time::Duration;
use types::{Qualifier, Version, VersionKey};

/// From memory, where the function is known: an older generation than the newest is refused by the partition's leader.
/// Where others write, what is not known is looked for, and what is Pending: another may have heard that it is no more.
pub(crate) async fn resolve(inner: &Inner, named: &Named) -> Result<ResolvedVersion, ControlError> {
    match resolve_known(inner, named) {
        Ok(resolved) if resolved.state != State::Pending => Ok(resolved),
        _ if inner.settings.shared => resolve_anew(inner, named).await,
        resolved => resolved,
    }
}

/// As the store has it now: for who was refused with what `resolve` answered.
pub(crate) async fn resolve_anew(inner: &Inner, named: &Named) -> Result<ResolvedVersion, ControlError> {
    let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
    inner.look(&id).await?;
    resolve_known(inner, named)
}

fn resolve_known(inner: &Inner, named: &Named) -> Result<ResolvedVersion, ControlError> {
    let Some((found, reserved)) = inner.index.find(&named.scope, &named.function) else {
        // AWS names the qualifier that Invoke implies.
        let latest = || Qualifier::new(Version::Latest.to_string());
        let qualifier = named.qualifier.clone().unwrap_or_else(latest);
        let id = FunctionId { scope: named.scope.clone(), name: named.function.clone() };
        return Err(id.not_found(Some(&qualifier)));
    };
    let (version, state) = found.function.qualified(named.qualifier.as_ref())?;
    Ok(ResolvedVersion {
        key: found.function.key(version, state),
        arn: found.function.id.arn(),
        timeout: Duration::from_secs(u64::from(state.config.timeout_seconds)),
        memory_mb: state.config.memory_mb,
        share: found.function.share(inner.settings.concurrency_max.saturating_sub(reserved)),
        state: state.optimisation.state(),
    })
}

/// The plan of exactly this generation: an older one is not found, so that old code is never booted.
pub(crate) async fn boot_plan(inner: &Inner, key: VersionKey) -> Result<BootPlan, ControlError> {
    let scope = fabric::Scope { account: key.account.clone(), region: key.region.clone() };
    let id = FunctionId { scope, name: key.function.clone() };
    match planned(inner, &id, &key) {
        Planned::Here(plan) => Ok(*plan),
        // Generations only rise: what is newer here is newer in the store.
        Planned::Newer => Err(not_found(&id, &key)),
        Planned::Unknown => {
            inner.look(&id).await?;
            match planned(inner, &id, &key) {
                Planned::Here(plan) => Ok(*plan),
                Planned::Newer | Planned::Unknown => Err(not_found(&id, &key)),
            }
        }
    }
}

enum Planned {
    Here(Box<BootPlan>),
    Newer,
    Unknown,
}

fn planned(inner: &Inner, id: &FunctionId, key: &VersionKey) -> Planned {
    let Some(found) = inner.index.get(&id.scope, &id.name) else { return Planned::Unknown };
    match found.function.version(key.version) {
        Some(state) if state.generation == key.generation => Planned::Here(Box::new(BootPlan {
            arn: id.arn(),
            config: state.config.clone(),
            code_digest: state.code.digest.clone(),
            key: key.clone(),
        })),
        Some(state) if state.generation > key.generation => Planned::Newer,
        _ => Planned::Unknown,
    }
}

fn not_found(id: &FunctionId, key: &VersionKey) -> ControlError {
    id.not_found(Some(&Qualifier::new(key.version.to_string())))
}
