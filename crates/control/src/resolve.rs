//! Room 4: from a name and a qualifier to one version in one generation. In: `Named`; out: `ResolvedVersion`.
//! Fails only with not found. Answers from memory, takes no lock across an await and does no IO.

use crate::commit::Inner;
use crate::model::FunctionId;
use fabric::ResolvedVersion;
use fabric::control::{BootPlan, ControlError, Named};
use std::time::Duration;
use types::{Qualifier, Version, VersionKey};

pub(crate) fn resolve(inner: &Inner, named: &Named) -> Result<ResolvedVersion, ControlError> {
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
pub(crate) fn boot_plan(inner: &Inner, key: VersionKey) -> Result<BootPlan, ControlError> {
    let scope = fabric::Scope { account: key.account.clone(), region: key.region.clone() };
    let id = FunctionId { scope, name: key.function.clone() };
    let qualifier = Qualifier::new(key.version.to_string());
    let not_found = || id.not_found(Some(&qualifier));
    let found = inner.index.get(&id.scope, &id.name).ok_or_else(not_found)?;
    let state = found.function.version(key.version).filter(|state| state.generation == key.generation);
    let state = state.ok_or_else(not_found)?;
    Ok(BootPlan { arn: id.arn(), config: state.config.clone(), code_digest: state.code.digest.clone(), key })
}
