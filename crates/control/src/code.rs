//! Code: one blob per digest, counted by who names it, removed when nobody does.
//!
//! ```text
//!  (not there) ── pin, then put ──► named by n > 0 records or pins ── n falls to 0 ──► garbage ──► (not there)
//!                                         ▲                                               │
//!                                         └────────── pinned again before it is removed ──┘
//! ```
//! The blob is stored before the record that names it, and is pinned meanwhile, so that no collection comes between.
//! A pin or a removal of one blob holds that blob's lock: a put never runs while a removal of the same bytes does.
//! Killed between blob and record, or between record and removal, garbage stays; the next start collects it.
//!
//! That is so while this process is the only one. Else nobody's own count says what is garbage: nothing is counted,
//! nothing removed here, and a pin settles with the collector (`doom`) once its record is written.

use crate::doom;
use crate::keyed_locks::KeyedLocks;
use crate::model::{Code, Function};
use bytes::Bytes;
use fabric::control::ControlError;
use images::ZipError;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use substrate::{BlobError, BlobKey, Blobs, Kv};
use tokio::sync::{Semaphore, mpsc};
use types::CodeDigest;
use types::limits::{UNZIPPED_BYTES_MAX, ZIP_BYTES_MAX};
use world::World;

/// Zips read at once: each keeps a core busy and up to 50 MiB in memory.
const INSPECTIONS_MAX: usize = 4;
/// Garbage that may wait; what does not fit waits for the next start.
const GARBAGE_MAX: usize = 4_096;
/// Blobs listed at once when garbage is collected at the start.
const PAGE_BLOBS: usize = 1_000;
/// How often a doom is looked at.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct CodeStore {
    world: World,
    blobs: Arc<dyn Blobs>,
    locks: KeyedLocks<BlobKey>,
    /// How many versions and pins name each blob.
    names: Mutex<FxHashMap<BlobKey, usize>>,
    inspections: Semaphore,
    garbage: mpsc::Sender<BlobKey>,
    shared: bool,
}

/// A zip that was read and found good.
pub(crate) struct InspectedZip {
    pub(crate) code: Code,
    key: BlobKey,
    zip: Bytes,
}

/// Keeps a stored blob until its record names it.
pub(crate) struct Pin {
    store: Arc<CodeStore>,
    key: BlobKey,
    zip: Bytes,
}

impl CodeStore {
    /// The store, and the queue that [`collect`] empties.
    pub(crate) fn new(
        world: World,
        blobs: Arc<dyn Blobs>,
        shared: bool,
    ) -> (Arc<Self>, mpsc::Receiver<BlobKey>) {
        let (garbage, queue) = mpsc::channel(GARBAGE_MAX);
        let store = Self {
            world,
            blobs,
            locks: KeyedLocks::new(),
            names: Mutex::default(),
            inspections: Semaphore::new(INSPECTIONS_MAX),
            garbage,
            shared,
        };
        (Arc::new(store), queue)
    }

    /// Reads the zip, all of it, and answers its digest. Stores nothing.
    pub(crate) async fn inspect(&self, zip: Bytes) -> Result<InspectedZip, ControlError> {
        if zip.len() > ZIP_BYTES_MAX {
            return Err(ControlError::ZipTooLarge { limit: ZIP_BYTES_MAX as u64 });
        }
        let ended = || ControlError::Store { reason: "the reading of a zip ended".into() };
        let _permit = self.inspections.acquire().await.map_err(|_| ended())?;
        let read = self.world.blocking("control.inspect", move || {
            let facts = images::inspect(&zip).map_err(zip_error)?;
            tracing::debug!(entries = facts.entries, unzipped_bytes = facts.unzipped_bytes, "zip read");
            let key = BlobKey::of(&zip);
            Ok(InspectedZip { code: Code { digest: key.digest(), bytes: zip.len() as u64 }, key, zip })
        });
        read.await.ok_or_else(ended)?
    }

    /// Stores the zip, durably; it stays at least as long as the pin.
    pub(crate) async fn store(self: &Arc<Self>, inspected: InspectedZip) -> Result<Pin, ControlError> {
        let key = inspected.key;
        let _guard = self.locks.lock(&key).await;
        self.add(key);
        let pin = Pin { store: Arc::clone(self), key, zip: inspected.zip.clone() };
        self.blobs.put(inspected.zip).await.map_err(|error| blob_error(&error))?;
        Ok(pin)
    }

    /// The zip as uploaded, while any version has it.
    pub(crate) async fn read(&self, digest: &CodeDigest) -> Result<Bytes, ControlError> {
        let gone = || ControlError::CodeGone { digest: digest.clone() };
        // Where others name code, too, what is there is what is named.
        let named = |key: &BlobKey| self.shared || self.named().contains_key(key);
        let key = BlobKey::from_digest(digest).filter(named).ok_or_else(gone)?;
        self.blobs.get(&key).await.map_err(|error| match error {
            BlobError::NotFound { .. } if self.shared => gone(),
            error => blob_error(&error),
        })
    }

    /// Counts every version of a function that came to be.
    pub(crate) fn add_all(&self, function: &Function) {
        for key in keys(function) {
            self.add(key);
        }
    }

    /// Uncounts every version of a function that is no more; what nobody names then is garbage.
    pub(crate) fn remove_all(&self, function: &Function) {
        for key in keys(function) {
            self.remove(key);
        }
    }

    fn add(&self, key: BlobKey) {
        if self.shared {
            return;
        }
        *self.named().entry(key).or_insert(0) += 1;
    }

    fn remove(&self, key: BlobKey) {
        if self.shared {
            return;
        }
        let mut named = self.named();
        if let Some(count) = named.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                named.remove(&key);
                if self.garbage.try_send(key).is_err() {
                    tracing::debug!(%key, "garbage waits for the next start");
                }
            }
        }
    }

    fn named(&self) -> std::sync::MutexGuard<'_, FxHashMap<BlobKey, usize>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a blob unless somebody names it again by now.
    async fn remove_blob(&self, key: BlobKey) {
        let _guard = self.locks.lock(&key).await;
        if self.named().contains_key(&key) {
            return;
        }
        match self.blobs.delete(&key).await {
            Ok(()) => tracing::debug!(%key, "code that no version has is removed"),
            Err(error) => {
                tracing::warn!(%key, %error, "code could not be removed; the next start tries again")
            }
        }
    }
}

impl Pin {
    /// After the attempt to write the record that names the blob, with what came of it. Where others collect: what the
    /// record names is there when this answers well.
    pub(crate) async fn settle<T>(
        self,
        kv: &dyn Kv,
        written: Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        // These two may have written it all the same.
        let perhaps =
            matches!(written, Ok(_) | Err(ControlError::Store { .. } | ControlError::Unavailable { .. }));
        if !self.store.shared || !perhaps {
            return written;
        }
        let begun = self.store.world.now();
        loop {
            let error = match self.settled(kv).await {
                Ok(true) => return written,
                Ok(false) => None,
                // The store is silent, and it is so for the record, too.
                Err(_) if written.is_err() => return written,
                Err(error) => Some(error),
            };
            if self.store.world.now().since(begun) >= doom::RESPECTED {
                let Some(error) = error else {
                    // Its collector is dead, and deletes nothing any more.
                    tracing::warn!(key = %self.key, "code that is used is still marked for removal");
                    let put = self.put_again().await;
                    return written.and_then(|it| put.map(|()| it).map_err(unsure));
                };
                return written.and_then(|_| Err(unsure(error)));
            }
            self.store.world.clock.sleep(SETTLE_PAUSE).await;
        }
    }

    /// `false`: doomed.
    async fn settled(&self, kv: &dyn Kv) -> Result<bool, String> {
        let doomed = doom::key(&self.key).map_err(|error| error.to_string())?;
        if kv.get(&doomed).await.map_err(|error| error.to_string())?.is_some() {
            return Ok(false);
        }
        // In this order: what was doomed until now may be gone.
        self.put_again().await.map(|()| true)
    }

    async fn put_again(&self) -> Result<(), String> {
        let blobs = &self.store.blobs;
        if blobs.exists(&self.key).await.map_err(|error| error.to_string())? {
            return Ok(());
        }
        tracing::info!(key = %self.key, "code was collected while it came to be used; it is put again");
        blobs.put(self.zip.clone()).await.map(drop).map_err(|error| error.to_string())
    }
}

fn unsure(reason: String) -> ControlError {
    ControlError::Unavailable { reason: format!("whether the code is kept could not be seen: {reason}") }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.store.remove(self.key);
    }
}

/// Removes garbage as it comes. Owned by `Control`, which ends it.
pub(crate) async fn collect(store: Arc<CodeStore>, mut queue: mpsc::Receiver<BlobKey>) {
    while let Some(key) = queue.recv().await {
        store.remove_blob(key).await;
    }
}

/// What a killed process left: every blob that no record names.
pub(crate) async fn collect_at_start(store: &CodeStore) -> Result<(), BlobError> {
    let mut after = None;
    loop {
        let page = store.blobs.list(after.as_ref(), PAGE_BLOBS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for key in page {
            store.remove_blob(key).await;
        }
    }
}

fn keys(function: &Function) -> impl Iterator<Item = BlobKey> + '_ {
    function.versions().filter_map(|(_, state)| BlobKey::from_digest(&state.code.digest))
}

fn zip_error(error: ZipError) -> ControlError {
    match error {
        ZipError::Empty => ControlError::ZipEmpty,
        ZipError::UnzippedTooLarge { .. } => ControlError::UnzippedTooLarge { limit: UNZIPPED_BYTES_MAX },
        ZipError::Unreadable { reason } | ZipError::Folder { reason, .. } => {
            ControlError::ZipUnreadable { reason }
        }
    }
}

fn blob_error(error: &BlobError) -> ControlError {
    match error {
        BlobError::Full { reason } => ControlError::Full { reason: reason.clone() },
        _ => ControlError::Store { reason: error.to_string() },
    }
}
