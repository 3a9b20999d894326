//! Our runtime clients, carried in the binary and written out once.
//!
//! `DATA/runtimes/client-HASH/{python,nodejs,java}` are what environments see at `/var/runtime`. The hash is of the
//! content: another version of the binary writes another folder, and nothing running loses its own. Folders in them
//! are empty on purpose: they are where an installed SDK is mounted.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Path in the folder, content, mode.
const FILES: [(&str, &str, u32); 7] = [
    ("python/bootstrap.py", include_str!("../../../../runtimes/python/bootstrap.py"), 0o644),
    ("python/ahead.py", include_str!("../../../../runtimes/python/ahead.py"), 0o644),
    (
        "python/snapshot_restore_py.py",
        include_str!("../../../../runtimes/python/snapshot_restore_py.py"),
        0o644,
    ),
    ("python/snapstart.py", include_str!("../../../../runtimes/python/snapstart.py"), 0o644),
    ("nodejs/snapstart.mjs", include_str!("../../../../runtimes/nodejs/snapstart.mjs"), 0o644),
    ("nodejs/ahead.mjs", include_str!("../../../../runtimes/nodejs/ahead.mjs"), 0o644),
    ("nodejs/bootstrap.mjs", include_str!("../../../../runtimes/nodejs/bootstrap.mjs"), 0o644),
];
/// Where `launch` mounts what `install` brought.
const MOUNT_POINTS: [&str; 3] = ["python/site-packages", "nodejs/node_modules", "java/lib"];

/// FNV-1a: names a folder by content, guards nothing.
fn content_hash() -> u64 {
    let bytes = FILES.iter().flat_map(|(path, content, _)| [path.as_bytes(), content.as_bytes()]);
    let places = MOUNT_POINTS.iter().map(|place| place.as_bytes());
    bytes.chain(places).flatten().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Writes the clients below `data_dir` unless they are there, all or nothing; answers with their folder.
pub fn unpack(data_dir: &Path) -> io::Result<PathBuf> {
    let runtimes = data_dir.join("runtimes");
    let folder = runtimes.join(format!("client-{:016x}", content_hash()));
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&runtimes)?;
    let fresh = runtimes.join(format!(".client-{}", std::process::id()));
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?; // of a process that was killed here before us
    }
    make_folder(&fresh)?;
    for (path, content, mode) in FILES {
        let file = fresh.join(path);
        file.parent().map_or(Ok(()), make_folder)?;
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
    }
    for place in MOUNT_POINTS {
        let place = fresh.join(place);
        place.parent().map_or(Ok(()), make_folder)?;
        make_folder(&place)?;
    }
    match fs::rename(&fresh, &folder) {
        Ok(()) => Ok(folder),
        // Another process was faster; its folder has the same content.
        Err(_) if folder.is_dir() => fs::remove_dir_all(&fresh).map(|()| folder),
        Err(error) => Err(error),
    }
}

/// Readable by every environment's user whatever our umask is.
fn make_folder(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        fs::create_dir(path)?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_written_once_readable_for_everybody_and_leave_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let folder = unpack(data.path()).unwrap();
        for (path, content, mode) in FILES {
            let file = folder.join(path);
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        }
        for place in MOUNT_POINTS {
            assert_eq!(fs::metadata(folder.join(place)).unwrap().permissions().mode() & 0o777, 0o755);
        }
        fs::write(folder.join("mark"), "kept").unwrap();
        assert_eq!(unpack(data.path()).unwrap(), folder);
        assert!(folder.join("mark").exists(), "the second time nothing is written");
        assert_eq!(fs::read_dir(data.path().join("runtimes")).unwrap().count(), 1);
    }
}
