//! A function as control holds it in memory.

use fabric::Scope;
use fabric::control::{ControlError, FunctionConfig, FunctionVersion, LastUpdate, SnapStart, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use substrate::Revision;
use types::{
    CodeDigest, ConcurrencyShare, FunctionArn, FunctionName, Qualifier, RevisionId, Version, VersionKey,
};

/// Which function, of whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FunctionId {
    pub(crate) scope: Scope,
    pub(crate) name: FunctionName,
}

impl FunctionId {
    pub(crate) fn arn(&self) -> FunctionArn {
        FunctionArn {
            region: self.scope.region.clone(),
            account: self.scope.account.clone(),
            function: self.name.clone(),
            qualifier: None,
        }
    }

    /// Not found, as the caller named it.
    pub(crate) fn not_found(&self, qualifier: Option<&Qualifier>) -> ControlError {
        ControlError::NotFound { arn: FunctionArn { qualifier: qualifier.cloned(), ..self.arn() } }
    }
}

/// Numbers that only rise, also over delete and re-create; all that stays of a deleted function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The last generation given to any version of this name.
    pub(crate) generation: u64,
    /// The last version number given.
    pub(crate) version: u64,
}

impl Counters {
    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }
    pub(crate) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

/// A live function with all its versions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) id: FunctionId,
    pub(crate) counters: Counters,
    /// The generation it was created with: names its version records, so that those of a deleted namesake are not
    /// taken for its own.
    pub(crate) incarnation: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) reservation: Reservation,
    pub(crate) latest: Arc<VersionState>,
    pub(crate) published: BTreeMap<u64, Arc<VersionState>>,
}

/// What a function may have in progress over all its versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// The generation that its last change was given, of the same rising numbers as versions have.
    pub(crate) at: u64,
    pub(crate) reserved: Option<u32>,
}

/// One version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VersionState {
    pub(crate) generation: u64,
    pub(crate) config: FunctionConfig,
    pub(crate) code: Code,
    pub(crate) last_modified_ms: u64,
    pub(crate) revision: RevisionId,
    /// Of a published version: `$LATEST`'s description when it was published, which its own may differ from.
    pub(crate) source_description: Option<String>,
    pub(crate) optimisation: Optimisation,
    pub(crate) provision: Provision,
}

/// How many environments of a published version stand ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Provision {
    /// The generation that its last change was given, as a reservation's; 0: there was none.
    pub(crate) at: u64,
    pub(crate) wanted: u32,
    /// Of the change, milliseconds since 1970.
    pub(crate) modified_ms: u64,
}

/// Whether environments of a version begin after init (SnapStart).
///
/// ```text
/// publish ──no SnapStart──► Off (final)
///    └──SnapStart──► Pending ──a worker ran its init──► On (final)
///                       └──────its init failed────────► Failed (final; the version can be deleted)
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Optimisation {
    #[default]
    Off,
    Pending,
    On,
    Failed,
}

impl Optimisation {
    /// Of a version that is being published.
    pub(crate) fn at_publish(config: &FunctionConfig) -> Self {
        match config.snap_start {
            SnapStart::None => Self::Off,
            SnapStart::PublishedVersions => Self::Pending,
        }
    }

    pub(crate) fn state(self) -> State {
        match self {
            Self::Off | Self::On => State::Active,
            Self::Pending => State::Pending,
            Self::Failed => State::Failed,
        }
    }

    fn last_update(self) -> LastUpdate {
        match self {
            Self::Off | Self::On => LastUpdate::Successful,
            Self::Pending => LastUpdate::Absent,
            Self::Failed => LastUpdate::Failed,
        }
    }
}

/// The zip of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) digest: CodeDigest,
    pub(crate) bytes: u64,
}

/// What is there under a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Current {
    /// Of the function's record; none: the name was never used.
    pub(crate) at: Option<Revision>,
    pub(crate) counters: Counters,
    pub(crate) function: Option<Arc<Function>>,
}

impl Function {
    pub(crate) fn version(&self, version: Version) -> Option<&Arc<VersionState>> {
        match version {
            Version::Latest => Some(&self.latest),
            Version::Published(number) => self.published.get(&number),
        }
    }

    /// The version a qualifier means. Aliases do not exist yet, so any other qualifier is not found.
    pub(crate) fn qualified(
        &self,
        qualifier: Option<&Qualifier>,
    ) -> Result<(Version, &Arc<VersionState>), ControlError> {
        let version = match qualifier {
            None => Some(Version::Latest),
            Some(qualifier) => Version::parse(qualifier.as_str()),
        };
        let found = version.and_then(|version| Some((version, self.version(version)?)));
        found.ok_or_else(|| self.id.not_found(qualifier))
    }

    /// `$LATEST` first, then numbers rising.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Version, &Arc<VersionState>)> {
        let published = self.published.iter().map(|(number, state)| (Version::Published(*number), state));
        std::iter::once((Version::Latest, &self.latest)).chain(published)
    }

    /// Every version's code counts, as in AWS's TotalCodeSize.
    pub(crate) fn code_bytes(&self) -> u64 {
        self.versions().map(|(_, state)| state.code.bytes).sum()
    }

    pub(crate) fn key(&self, version: Version, state: &VersionState) -> VersionKey {
        VersionKey {
            account: self.id.scope.account.clone(),
            region: self.id.scope.region.clone(),
            function: self.id.name.clone(),
            version,
            generation: state.generation,
        }
    }

    /// Over all its versions.
    pub(crate) fn provisioned(&self) -> u32 {
        self.published.values().map(|state| state.provision.wanted).fold(0, u32::saturating_add)
    }

    /// Of the account's concurrency, what is for no other function: reserved or, without a reservation, provisioned.
    pub(crate) fn set_aside(&self) -> u32 {
        self.reservation.reserved.unwrap_or_else(|| self.provisioned())
    }

    /// What it may have in progress, where so much is left to those that reserve nothing.
    pub(crate) fn share(&self, unreserved: u32) -> ConcurrencyShare {
        let Reservation { at, reserved } = self.reservation;
        ConcurrencyShare { at, reserved, unreserved }
    }

    /// As every read shows it.
    pub(crate) fn shown(&self, version: Version, state: &VersionState) -> FunctionVersion {
        FunctionVersion {
            arn: self.id.arn(),
            version,
            config: state.config.clone(),
            code_digest: state.code.digest.clone(),
            code_bytes: state.code.bytes,
            last_modified_ms: state.last_modified_ms,
            revision: state.revision.clone(),
            state: state.optimisation.state(),
            last_update: state.optimisation.last_update(),
            optimised: state.optimisation == Optimisation::On,
        }
    }

    /// As the answer of the mutation that made it shows it: being created, under its first revision.
    pub(crate) fn shown_pending(
        &self,
        version: Version,
        state: &VersionState,
        revision: RevisionId,
    ) -> FunctionVersion {
        FunctionVersion {
            revision,
            state: State::Pending,
            last_update: LastUpdate::Absent,
            ..self.shown(version, state)
        }
    }

    /// As the answer of the update shows it: in progress, under its first revision.
    pub(crate) fn shown_updating(&self, revision: RevisionId) -> FunctionVersion {
        FunctionVersion {
            revision,
            last_update: LastUpdate::InProgress,
            ..self.shown(Version::Latest, &self.latest)
        }
    }
}
