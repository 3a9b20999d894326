//! Writing the planned folder: beside its place first, then renamed, so that it is there whole or not at all.

use crate::place::{remove, temporary_beside};
use crate::plan::{Archive, Plan};
use crate::{ZipError, inflate, plan};
use std::fs::{self, DirBuilder, File, FileTimes, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Unpacks into a folder of this name, which its parent must be there for. A folder that is there already is taken to
/// be this one, since callers name folders by the code's digest. Nothing is synced: after loss of power the cache of
/// folders is to be thrown away.
pub fn unpack(zip: &[u8], into: &Path) -> Result<(), ZipError> {
    if into.is_dir() {
        return Ok(());
    }
    let (mut archive, plan) = plan::read(zip)?;
    let temporary = temporary_beside(into);
    let written = write_folder(&mut archive, &plan, &temporary).and_then(|()| {
        match fs::rename(&temporary, into) {
            // Another unpacked the same meanwhile.
            Err(_) if into.is_dir() => drop(remove(&temporary)),
            renamed => renamed.map_err(|error| failed(into, &error))?,
        }
        Ok(())
    });
    if written.is_err() {
        drop(remove(&temporary)); // what stays is swept at the next start
    }
    written
}

fn write_folder(archive: &mut Archive<'_>, plan: &Plan, root: &Path) -> Result<(), ZipError> {
    let make = |path: &Path| DirBuilder::new().mode(0o700).create(path).map_err(|error| failed(path, &error));
    make(root)?;
    for folder in plan.folders() {
        make(&root.join(folder))?;
    }
    let mut budget = inflate::Budget::new();
    let mut newest = SystemTime::UNIX_EPOCH;
    for (name, planned) in plan.named_files() {
        let path = root.join(name);
        let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = open.map_err(|error| failed(&path, &error))?;
        inflate::inflate(archive, planned.index, &mut budget, &mut file)?;
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(planned.modified);
        newest = newest.max(modified);
        finish(&file, planned.mode, modified).map_err(|error| failed(&path, &error))?;
    }
    // Links last: nothing is ever written through one.
    for (name, target) in plan.links() {
        let path = root.join(name);
        std::os::unix::fs::symlink(target, &path).map_err(|error| failed(&path, &error))?;
    }
    // Folders after what is in them, which changes their times.
    for folder in plan.folders().rev().map(|folder| root.join(folder)).chain([root.to_owned()]) {
        let finished = File::open(&folder).and_then(|file| finish(&file, 0o755, newest));
        finished.map_err(|error| failed(&folder, &error))?;
    }
    Ok(())
}

/// Mode and time by the open file, so that neither the umask nor a link decides.
fn finish(file: &File, mode: u32, modified: SystemTime) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.set_times(FileTimes::new().set_modified(modified).set_accessed(modified))
}

fn failed(path: &Path, error: &io::Error) -> ZipError {
    ZipError::Folder { path: path.display().to_string(), reason: error.to_string() }
}
