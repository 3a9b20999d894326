//! An entry that one process holds: renewed now and then, until another has it or it is given back.
//!
//! ```text
//!  put ──► held ── renewed ──► given back at a clean end
//!            ├── another's content is there: lost
//!            └── gone: lost, or written again ([`Content::COMES_BACK`])
//! ```
//! While the store is silent nothing is lost: who holds an entry goes on as before. (Who leads among several is another
//! thing, with a lease and an epoch: [`crate::election`].)

use crate::{Expected, Key, Kv, KvError, Revision};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use world::{TaskHandle, World};

/// What the entry says.
pub trait Content: Send + Sync + 'static {
    /// Whether an entry that somebody removed is written again. Else it is lost.
    const COMES_BACK: bool;

    /// What it is to say by now.
    fn value(&self) -> Result<Bytes, KvError>;

    /// Whether this was written by this holder, as far back as its start.
    fn is_ours(&self, value: &[u8]) -> bool;
}

/// The entry is this process's.
pub struct Held<C> {
    kv: Arc<dyn Kv>,
    key: Key,
    content: Arc<C>,
    lost: watch::Receiver<bool>,
    renewing: TaskHandle,
}

impl<C: Content> Held<C> {
    /// Writes it where `expected` is met, and renews it from then on.
    pub async fn put(
        world: &World,
        kv: Arc<dyn Kv>,
        key: Key,
        expected: Expected,
        content: C,
        renew_every: Duration,
    ) -> Result<Self, KvError> {
        let content = Arc::new(content);
        let at = kv.put(key.clone(), content.value()?, expected).await?;
        let (tell, lost) = watch::channel(false);
        let renewal = Renewal {
            world: world.clone(),
            kv: Arc::clone(&kv),
            key: key.clone(),
            content: Arc::clone(&content),
            every: renew_every,
        };
        let renewing = world.spawn("held.renew", async move {
            renewal.until_lost(at).await;
            let _ = tell.send(true); // an error: nobody asks any more
        });
        Ok(Self { kv, key, content, lost, renewing })
    }

    /// Completes when another has it.
    pub async fn lost(&self) {
        let mut lost = self.lost.clone();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending().await
        }
    }

    /// A clean end: the next one need not wait.
    pub async fn give_back(self) {
        self.renewing.abort();
        let Ok(Some(entry)) = self.kv.get(&self.key).await else { return };
        if self.content.is_ours(&entry.value) {
            // Failing that, it is found unrenewed later.
            let _ = self.kv.delete(self.key, Expected::At(entry.revision)).await;
        }
    }
}

struct Renewal<C> {
    world: World,
    kv: Arc<dyn Kv>,
    key: Key,
    content: Arc<C>,
    every: Duration,
}

impl<C: Content> Renewal<C> {
    async fn until_lost(&self, mut at: Revision) {
        loop {
            self.world.clock.sleep(self.every).await;
            match self.renew(at).await {
                Ok(Some(renewed)) => at = renewed,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(key = %self.key, %error, "this process's entry could not be renewed yet")
                }
            }
        }
    }

    /// Where it is by now; `None` when it is another's.
    async fn renew(&self, at: Revision) -> Result<Option<Revision>, KvError> {
        match self.kv.put(self.key.clone(), self.content.value()?, Expected::At(at)).await {
            Err(KvError::Conflict { .. }) => {}
            renewed => return renewed.map(Some),
        }
        match self.kv.get(&self.key).await? {
            // A renewal of ours of which we did not hear.
            Some(entry) => Ok(self.content.is_ours(&entry.value).then_some(entry.revision)),
            None if C::COMES_BACK => {
                self.kv.put(self.key.clone(), self.content.value()?, Expected::Absent).await.map(Some)
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sqlite, SqliteSettings};

    /// Longer than anything here takes, on however busy a machine.
    const WAIT: Duration = Duration::from_secs(60);

    struct Named<const COMES_BACK: bool>(&'static str);

    impl<const COMES_BACK: bool> Content for Named<COMES_BACK> {
        const COMES_BACK: bool = COMES_BACK;
        fn value(&self) -> Result<Bytes, KvError> {
            Ok(Bytes::from_static(self.0.as_bytes()))
        }
        fn is_ours(&self, value: &[u8]) -> bool {
            value == self.0.as_bytes()
        }
    }

    struct Ground {
        world: World,
        kv: Arc<dyn Kv>,
        key: Key,
        _folder: tempfile::TempDir,
    }

    impl Ground {
        async fn new() -> Self {
            let world = World::real();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("kv.db");
            let kv = Arc::new(Sqlite::open(&world, &path, SqliteSettings::default()).await.unwrap());
            Self { world, kv, key: Key::of(&["it"]).unwrap(), _folder: folder }
        }

        async fn held<const COMES_BACK: bool>(&self) -> Held<Named<COMES_BACK>> {
            let (kv, key) = (Arc::clone(&self.kv), self.key.clone());
            let every = Duration::from_millis(1);
            Held::put(&self.world, kv, key, Expected::Absent, Named("a"), every).await.unwrap()
        }

        async fn until(&self, is: impl Fn(Option<Bytes>) -> bool) {
            let looked = async {
                while !is(self.kv.get(&self.key).await.unwrap().map(|entry| entry.value)) {
                    tokio::task::yield_now().await;
                }
            };
            self.world.timeout(WAIT, looked).await.unwrap();
        }
    }

    #[tokio::test]
    async fn it_is_renewed_under_new_revisions_and_gone_when_it_is_given_back() {
        let ground = Ground::new().await;
        let held = ground.held::<false>().await;
        let first = ground.kv.get(&ground.key).await.unwrap().unwrap().revision;
        let renewed = async {
            while ground.kv.get(&ground.key).await.unwrap().unwrap().revision == first {
                tokio::task::yield_now().await;
            }
        };
        ground.world.timeout(WAIT, renewed).await.unwrap();
        held.give_back().await;
        assert_eq!(ground.kv.get(&ground.key).await.unwrap(), None);
    }

    #[tokio::test]
    async fn who_finds_another_there_has_lost_it_and_leaves_it_alone() {
        let ground = Ground::new().await;
        let held = ground.held::<true>().await;
        ground.kv.put(ground.key.clone(), Bytes::from_static(b"b"), Expected::Any).await.unwrap();
        ground.world.timeout(WAIT, held.lost()).await.unwrap();
        held.give_back().await;
        assert_eq!(ground.kv.get(&ground.key).await.unwrap().unwrap().value, "b");
    }

    #[tokio::test]
    async fn what_somebody_removed_is_written_again_or_lost_as_its_holder_says() {
        let ground = Ground::new().await;
        let held = ground.held::<true>().await;
        ground.kv.delete(ground.key.clone(), Expected::Any).await.unwrap();
        ground.until(|value| value.is_some()).await;
        held.give_back().await;
        let held = ground.held::<false>().await;
        ground.kv.delete(ground.key.clone(), Expected::Any).await.unwrap();
        ground.world.timeout(WAIT, held.lost()).await.unwrap();
    }
}
