//! `Control`: the role as the others call it.

use crate::code::{self, CodeStore};
use crate::commit::{Inner, store_error};
use crate::index::Index;
use crate::keyed_locks::KeyedLocks;
use crate::model::FunctionId;
use crate::refresh::{self, REFRESHES_MAX};
use crate::settings::Settings;
use crate::snap_start::{self, Changes};
use crate::{create, delete, list, provision, publish, reserve, resolve, store, tags, update};
use bytes::Bytes;
use fabric::assignment::Assignment;
use fabric::control::{
    AccountUsage, BootPlan, ControlError, CreateFunction, Described, ListFunctions, ListVersions, Mutated,
    Named, Page, Preparations, PreparationsQuery, PreparedReport, ProvisionConcurrency,
    ProvisionedConcurrency, ProvisionedPage, PublishVersion, ReserveConcurrency, TagFunction, UntagFunction,
    UpdateCode, UpdateConfiguration,
};
use fabric::{ResolvedVersion, Scope};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use substrate::{Blobs, Kv};
use tokio::sync::{Semaphore, oneshot};
use types::{CodeDigest, VersionKey};
use world::{TaskHandle, World};

/// The control plane over any `Kv` and `Blobs`. Dropping it ends what runs behind it; mutations that have begun run to
/// their end.
pub struct Control {
    inner: Arc<Inner>,
    /// Collects garbage or, where others write, follows them.
    behind: TaskHandle,
    /// Tells assignment what is provisioned.
    retelling: TaskHandle,
}

impl Control {
    /// Loads every function and collects what a killed process left. A function whose record can not be read is
    /// logged and not served; the others are.
    pub async fn open(
        world: World,
        kv: Arc<dyn Kv>,
        blobs: Arc<dyn Blobs>,
        assignment: Arc<dyn Assignment>,
        settings: Settings,
    ) -> Result<Arc<Self>, ControlError> {
        let shared = settings.shared;
        let heads = store::heads_prefix(None).map_err(|error| store_error(&error.into()))?;
        // Before anything is read, so that every later change is hinted at.
        let hints = shared.then(|| kv.watch(&heads));
        let loaded = store::load_all(kv.as_ref(), shared).await.map_err(|error| store_error(&error))?;
        let (code, garbage) = CodeStore::new(world.clone(), blobs, shared);
        let inner = Arc::new(Inner {
            world: world.clone(),
            kv,
            code: Arc::clone(&code),
            assignment,
            settings,
            index: Index::new(shared),
            locks: KeyedLocks::new(),
            preparations: Changes::since(if shared { world.random_u64() } else { 0 }),
            refreshes: Semaphore::new(REFRESHES_MAX),
        });
        for indexed in loaded.functions {
            let id = indexed.function.id.clone();
            inner.show(&id, Some(indexed.function), Some(indexed.at));
        }
        let retelling = world.spawn("control.retell", provision::retell(Arc::downgrade(&inner)));
        if let Some(hints) = hints {
            let behind = world.spawn("control.follow", refresh::follow(Arc::clone(&inner), hints));
            return Ok(Arc::new(Self { inner, behind, retelling }));
        }
        let damaged = loaded.damaged;
        let (kv, orphans) = (Arc::clone(&inner.kv), loaded.orphans);
        // Garbage waits for nobody and nobody for it: a start must be ready at once.
        let behind = world.spawn("control.collector", async move {
            if let Err(error) = store::sweep(kv.as_ref(), orphans).await {
                tracing::warn!(%error, "versions of deleted functions stay until the next start");
            }
            if damaged {
                tracing::warn!("a record can not be read, so no code is removed in this run");
                return;
            }
            if let Err(error) = code::collect_at_start(&code).await {
                tracing::warn!(%error, "code that no version has stays until the next start");
            }
            code::collect(code, garbage).await;
        });
        Ok(Arc::new(Self { inner, behind, retelling }))
    }

    /// Runs a mutation as a task of its own: a caller who goes away must not leave it half done.
    async fn run<T, F>(
        &self,
        name: &'static str,
        mutation: impl FnOnce(Arc<Inner>) -> F,
    ) -> Result<T, ControlError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ControlError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let mutation = mutation(Arc::clone(&self.inner));
        self.inner.world.spawn(name, async move { drop(answer.send(mutation.await)) });
        let ended = |_| ControlError::Store { reason: format!("{name} ended without an answer") };
        answered.await.map_err(ended)?
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.behind.abort();
        self.retelling.abort();
    }
}

impl Inner {
    pub(crate) fn check_architecture(&self, architecture: &str) -> Result<(), ControlError> {
        if self.settings.architectures.iter().any(|known| known == architecture) {
            return Ok(());
        }
        Err(ControlError::ArchitectureUnavailable { architecture: architecture.to_owned() })
    }

    pub(crate) async fn check_runtime(&self, runtime: &str) -> Result<(), ControlError> {
        let unavailable = |message| ControlError::RuntimeUnavailable { message };
        self.settings.runtimes.check(runtime).await.map_err(unavailable)
    }
}

#[async_trait::async_trait]
impl fabric::control::Control for Control {
    async fn create_function(&self, message: CreateFunction) -> Result<Mutated, ControlError> {
        self.run("control.create", |inner| create::create(inner, message)).await
    }

    async fn get_function(&self, named: Named) -> Result<Described, ControlError> {
        let id = FunctionId { scope: named.scope, name: named.function };
        let found = self.inner.look(&id).await?;
        let found = found.ok_or_else(|| id.not_found(named.qualifier.as_ref()))?;
        let (version, state) = found.function.qualified(named.qualifier.as_ref())?;
        let version = found.function.shown(version, state);
        let warning = self.inner.settings.runtimes.warning(&version.config.runtime);
        let (tags, reserved) = (found.function.tags.clone(), found.function.reservation.reserved);
        Ok(Described { version, tags, reserved, warning })
    }

    async fn list_functions(&self, message: ListFunctions) -> Result<Page, ControlError> {
        list::functions(&self.inner, &message).await
    }

    async fn list_versions(&self, message: ListVersions) -> Result<Page, ControlError> {
        list::versions(&self.inner, &message).await
    }

    async fn update_code(&self, message: UpdateCode) -> Result<Mutated, ControlError> {
        self.run("control.update_code", |inner| update::update_code(inner, message)).await
    }

    async fn update_configuration(&self, message: UpdateConfiguration) -> Result<Mutated, ControlError> {
        self.run("control.update_configuration", |inner| update::update_configuration(inner, message)).await
    }

    async fn publish_version(&self, message: PublishVersion) -> Result<Mutated, ControlError> {
        self.run("control.publish", |inner| publish::publish_version(inner, message)).await
    }

    async fn delete_function(&self, named: Named) -> Result<(), ControlError> {
        self.run("control.delete", |inner| delete::delete(inner, named)).await
    }

    async fn reserve_concurrency(&self, message: ReserveConcurrency) -> Result<(), ControlError> {
        self.run("control.reserve_concurrency", |inner| reserve::reserve(inner, message)).await
    }

    async fn provision(&self, message: ProvisionConcurrency) -> Result<ProvisionedConcurrency, ControlError> {
        self.run("control.provision", |inner| provision::provision(inner, message)).await
    }

    async fn give_up_provisioned(&self, named: Named) -> Result<(), ControlError> {
        self.run("control.provision", |inner| provision::give_up(inner, named)).await
    }

    async fn provisioned(&self, named: Named) -> Result<ProvisionedConcurrency, ControlError> {
        provision::get(&self.inner, &named).await
    }

    async fn list_provisioned(&self, message: ListVersions) -> Result<ProvisionedPage, ControlError> {
        provision::list(&self.inner, &message).await
    }

    async fn account_usage(&self, scope: Scope) -> Result<AccountUsage, ControlError> {
        self.inner.look_at_scope(&scope).await?;
        let usage = self.inner.index.usage(&scope);
        Ok(AccountUsage {
            code_bytes: usage.code_bytes,
            functions: usage.functions,
            concurrency_max: self.inner.settings.concurrency_max,
            reserved: usage.reserved,
        })
    }

    async fn list_tags(&self, named: Named) -> Result<BTreeMap<String, String>, ControlError> {
        tags::list(&self.inner, &named).await
    }

    async fn tag(&self, message: TagFunction) -> Result<(), ControlError> {
        self.run("control.tag", |inner| tags::tag(inner, message)).await
    }

    async fn untag(&self, message: UntagFunction) -> Result<(), ControlError> {
        self.run("control.untag", |inner| tags::untag(inner, message)).await
    }

    async fn resolve(&self, named: Named) -> Result<ResolvedVersion, ControlError> {
        resolve::resolve(&self.inner, &named).await
    }

    async fn resolve_anew(&self, named: Named) -> Result<ResolvedVersion, ControlError> {
        resolve::resolve_anew(&self.inner, &named).await
    }

    async fn boot_plan(&self, key: VersionKey) -> Result<BootPlan, ControlError> {
        resolve::boot_plan(&self.inner, key).await
    }

    async fn code(&self, digest: CodeDigest) -> Result<Bytes, ControlError> {
        self.inner.code.read(&digest).await
    }

    async fn preparations(&self, query: PreparationsQuery) -> Result<Preparations, ControlError> {
        Ok(snap_start::preparations(&self.inner, query).await)
    }

    async fn prepared(&self, message: PreparedReport) -> Result<(), ControlError> {
        self.run("control.prepared", |inner| snap_start::report(inner, message)).await
    }
}
