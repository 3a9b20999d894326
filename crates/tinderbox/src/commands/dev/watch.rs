//! Saves, as hints: that something changed, not what. Whoever is woken reads the folder.

use crate::failure::Failure;
use crate::package::LEFT_OUT;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use world::World;

/// An editor saves in several steps (a new file, a rename, a mode): quiet for so long is done.
const QUIET: Duration = Duration::from_millis(10);
/// A build that never stops writing is looked at this often all the same.
const ROUNDS_MAX: u32 = 50;

/// Watches the folder and all in it for as long as the first value lives.
pub(super) fn start(folder: &Path) -> Result<(impl Watcher + use<>, mpsc::Receiver<()>), Failure> {
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

/// Waits until the folder is quiet, so that a save is seen whole.
pub(super) async fn settle(world: &World, changes: &mut mpsc::Receiver<()>) {
    for _ in 0..ROUNDS_MAX {
        if world.timeout(QUIET, changes.recv()).await.is_none() {
            return;
        }
    }
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
        !inside.components().any(|part| LEFT_OUT.iter().any(|left| part.as_os_str() == *left))
    };
    // No path: the watcher lost count, which is a reason to look.
    written && (event.paths.is_empty() || event.paths.iter().any(|path| counts(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, ModifyKind};

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
            (Event::new(EventKind::Other), true),
        ] {
            assert_eq!(is_change(&event, root), expected, "{event:?}");
        }
    }
}
