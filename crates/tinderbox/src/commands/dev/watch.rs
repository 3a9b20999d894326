//! Saves, as hints: that something changed, not what. Whoever is woken reads the folder.

use crate::failure::Failure;
use crate::package::is_left_out;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use world::World;

/// An editor saves in several steps (a new file, a rename, a mode): quiet for so long is done.
const QUIET: Duration = Duration::from_millis(10);
/// How often is looked whether it is still the same folder.
const LOOK: Duration = Duration::from_millis(500);
/// A build that never stops writing is looked at this often all the same.
const ROUNDS_MAX: u32 = 50;

/// Device, inode, and birth: a folder that is made anew often gets the inode of the one before.
type Identity = (u64, u64, Option<SystemTime>);

/// A folder and all in it, watched for as long as this lives; also one that is made anew under the same name, as builds do
/// with what they write.
pub(super) struct Watched {
    folder: PathBuf,
    /// Which folder it is that is watched: a watch stays with it, whatever is done to its name.
    identity: Option<Identity>,
    _watcher: RecommendedWatcher,
    changes: mpsc::Receiver<()>,
}

impl Watched {
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        // Looked at before it is watched: one that is replaced between is seen to be another.
        let identity = identity(folder);
        let (watcher, changes) = watch(folder)?;
        Ok(Self { folder: folder.to_owned(), identity, _watcher: watcher, changes })
    }

    /// Waits for the next change.
    pub(super) async fn changed(&mut self, world: &World) {
        loop {
            // Closed: the watcher's thread has ended; the look below is what is left.
            if world.timeout(LOOK, self.changes.recv()).await.is_some_and(|hint| hint.is_some()) {
                return;
            }
            let there = identity(&self.folder);
            if there.is_some() && (there != self.identity || self.changes.is_closed()) {
                if let Ok(anew) = Self::start(&self.folder) {
                    *self = anew;
                    return;
                }
                world.clock.sleep(LOOK).await; // it may be gone again
            }
        }
    }

    /// Waits until the folder is quiet, so that a save is seen whole.
    pub(super) async fn settle(&mut self, world: &World) {
        for _ in 0..ROUNDS_MAX {
            if world.timeout(QUIET, self.changes.recv()).await.is_none() {
                return;
            }
        }
    }
}

/// `None` while there is no such folder.
fn identity(folder: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(folder).ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino(), metadata.created().ok()))
}

fn watch(folder: &Path) -> Result<(RecommendedWatcher, mpsc::Receiver<()>), Failure> {
    let failed = |error: notify::Error| {
        Failure::here(format!("{} can not be watched: {error}", folder.display()))
            .advise("a large tree may need more of /proc/sys/fs/inotify/max_user_watches")
    };
    // The paths of events come back absolute; what is left out is looked for below this only.
    let root = folder
        .canonicalize()
        .map_err(|error| Failure::here(format!("{} can not be read: {error}", folder.display())))?;
    let below = root.clone();
    // One hint is as good as many.
    let (hint, changes) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| is_change(&event, &below)) {
            let _ = hint.try_send(()); // full: a hint waits already
        }
    })
    .map_err(failed)?;
    watcher.watch(&root, RecursiveMode::Recursive).map_err(failed)?;
    Ok((watcher, changes))
}

fn is_change(event: &Event, root: &Path) -> bool {
    let written = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        // Our own reading.
        EventKind::Access(_) => false,
        _ => true,
    };
    let counts = |path: &Path| {
        let inside = path.strip_prefix(root).unwrap_or(path);
        !inside.components().any(|part| part.as_os_str().to_str().is_some_and(is_left_out))
    };
    // No path: the watcher lost count, which is a reason to look.
    written && (event.paths.is_empty() || event.paths.iter().any(|path| counts(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, ModifyKind};

    #[tokio::test]
    async fn a_folder_that_is_removed_and_made_anew_is_watched_again() {
        let world = World::real();
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("dist");
        std::fs::create_dir(&folder).unwrap();
        let mut watched = Watched::start(&folder).unwrap();
        for content in ["one", "two"] {
            std::fs::remove_dir_all(&folder).unwrap();
            let gone = world.timeout(Duration::from_secs(60), watched.changed(&world)).await;
            assert!(gone.is_some());
            watched.settle(&world).await;
            std::fs::create_dir(&folder).unwrap();
            let anew = world.timeout(Duration::from_secs(60), watched.changed(&world)).await;
            assert!(anew.is_some());
            std::fs::write(folder.join("app.py"), content).unwrap();
            let saved = world.timeout(Duration::from_secs(60), watched.changed(&world)).await;
            assert!(saved.is_some());
            watched.settle(&world).await;
        }
    }

    #[test]
    fn a_write_counts_and_neither_reading_nor_what_no_package_carries() {
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let root = Path::new("/home/.git/fn");
        for (event, expected) in [
            (event(written, "/home/.git/fn/app.py"), true),
            (event(EventKind::Modify(ModifyKind::Any), "/home/.git/fn/lib/a.py"), true),
            (event(EventKind::Create(CreateKind::Any), "/home/.git/fn/__pycache__/app.pyc"), false),
            (event(EventKind::Modify(ModifyKind::Any), "/home/.git/fn/.tinderbox/tinderbox.db"), false),
            (event(EventKind::Access(AccessKind::Open(AccessMode::Read)), "/home/.git/fn/app.py"), false),
            (event(EventKind::Create(CreateKind::Any), "/home/.git/fn/.#app.py"), false),
            (Event::new(EventKind::Other), true),
        ] {
            assert_eq!(is_change(&event, root), expected, "{event:?}");
        }
    }
}
