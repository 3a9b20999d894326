//! A function's code on its way to a zip: read from a folder or an archive, bounded, and the same bytes every time.
//!
//! Deterministic: entries sorted by name, one fixed date, mode 0755 or 0644 and nothing else of the host. The same
//! folder gives the same `CodeSha256`, so a deploy that changes nothing can be seen to.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use types::limits::{UNZIPPED_BYTES_MAX, ZIP_BYTES_MAX, ZIP_ENTRIES_MAX};
use zip::write::SimpleFileOptions;

/// Source files are small; what is larger is not looked into.
const LOOK_BYTES_MAX: u64 = 1024 * 1024;
/// Left out of a package: version control and Python's caches are nobody's code.
const LEFT_OUT: [&str; 4] = [".git", "__pycache__", ".tinderbox", ".DS_Store"];

/// No part of a package; nor are an editor's locks (`.#name`, links that lead nowhere).
pub(crate) fn is_left_out(name: &str) -> bool {
    LEFT_OUT.contains(&name) || name.starts_with(".#")
}

/// What guessing looks at.
pub(crate) trait Files {
    /// Paths inside the package, sorted.
    fn names(&self) -> Vec<&str>;
    /// The file's first megabyte.
    fn bytes(&self, name: &str) -> Option<Vec<u8>>;
}

/// A folder's files by their path inside the package.
pub(crate) struct Folder(BTreeMap<String, PathBuf>);

/// An archive that is there already.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    names: Vec<String>,
}

impl Folder {
    /// Lists the folder. Links are followed, as `zip -r` does, but a folder that leads to itself is an error.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        let mut total = 0;
        let mut open = vec![(root.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = open.pop() {
            // Deeper than any package; a link to a parent folder ends here.
            if depth > 64 {
                return Err(Failure::here(format!("{} is nested too deep", folder.display())));
            }
            let failed = |error| unreadable(&folder, &error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let Ok(name) = entry.file_name().into_string() else {
                    return Err(Failure::here(format!(
                        "{} has a name that is no text",
                        entry.path().display()
                    )));
                };
                if is_left_out(&name) {
                    continue;
                }
                let (path, inside) = (entry.path(), format!("{prefix}{name}"));
                let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
                if metadata.is_dir() {
                    open.push((path, format!("{inside}/"), depth + 1));
                } else if metadata.is_file() {
                    total += metadata.len();
                    files.insert(inside, path);
                }
                if files.len() > ZIP_ENTRIES_MAX || total > UNZIPPED_BYTES_MAX {
                    return Err(too_large(root));
                }
            }
        }
        if files.is_empty() {
            return Err(Failure::here(format!("{} has no files in it", root.display())));
        }
        Ok(Self(files))
    }

    /// The folder as a zip.
    pub(crate) fn zip(&self) -> Result<Vec<u8>, Failure> {
        let entries = self.0.iter().map(|(name, path)| {
            let failed = |error| unreadable(path, &error);
            let metadata = fs::metadata(path).map_err(failed)?;
            let executable = metadata.permissions().mode() & 0o111 != 0;
            Ok((name.as_str(), executable, fs::read(path).map_err(failed)?))
        });
        zip(entries)
    }
}

impl Files for Folder {
    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(self.0.get(name)?).ok()?.take(LOOK_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| unreadable(path, &error);
        let length = fs::metadata(path).map_err(failed)?.len();
        if length > ZIP_BYTES_MAX as u64 {
            return Err(too_large(path));
        }
        let bytes = fs::read(path).map_err(failed)?;
        let archive = zip::ZipArchive::new(Cursor::new(&bytes[..]))
            .map_err(|error| Failure::here(format!("{} is no zip: {error}", path.display())))?;
        let mut names: Vec<String> =
            archive.file_names().flatten().filter(|name| !name.ends_with('/')).map(Into::into).collect();
        names.sort();
        Ok(Self { bytes, names })
    }

    pub(crate) fn into_zip(self) -> Vec<u8> {
        self.bytes
    }
}

impl Files for Archive {
    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut archive = zip::ZipArchive::new(Cursor::new(&self.bytes[..])).ok()?;
        let mut bytes = Vec::new();
        archive.by_name(name).ok()?.take(LOOK_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// Name, whether it is a program, content.
type Entry<'a> = (&'a str, bool, Vec<u8>);

/// A zip of these entries, in this order.
pub(crate) fn zip<'a>(entries: impl Iterator<Item = Result<Entry<'a>, Failure>>) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::here(format!("the zip can not be made: {error}"));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let (name, executable, bytes) = entry?;
        let mode = if executable { 0o755 } else { 0o644 };
        // The format's own first date: a zip without a date of its own.
        let options =
            SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).unix_permissions(mode);
        writer.start_file(name, options).map_err(|error| failed(&error))?;
        writer.write_all(&bytes).map_err(|error| failed(&error))?;
    }
    let bytes = writer.finish().map_err(|error| failed(&error))?.into_inner();
    if bytes.len() > ZIP_BYTES_MAX {
        return Err(Failure::here(format!("the zip has {} bytes; {ZIP_BYTES_MAX} are allowed", bytes.len()))
            .advise("leave out what the function does not need"));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::here(format!("{} can not be read: {error}", path.display()))
}

fn too_large(path: &Path) -> Failure {
    Failure::here(format!("{} is larger than a function's package may be", path.display())).advise(format!(
        "a package has at most {} MiB zipped, {} MiB unzipped and {ZIP_ENTRIES_MAX} files",
        ZIP_BYTES_MAX >> 20,
        UNZIPPED_BYTES_MAX >> 20
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_folder_gives_the_same_bytes_whatever_its_dates_and_order() {
        let zip_of = |order: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("lib/__pycache__")).unwrap();
            fs::write(folder.path().join("lib/__pycache__/x.pyc"), order.concat()).unwrap();
            for name in order {
                fs::write(folder.path().join(name), name).unwrap();
            }
            std::os::unix::fs::symlink("ada@host.1:2", folder.path().join(".#z.py")).unwrap();
            let bootstrap = folder.path().join("bootstrap");
            fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o750)).unwrap();
            let listed = Folder::open(folder.path()).unwrap();
            assert_eq!(listed.names(), ["bootstrap", "lib/a.py", "z.py"]);
            listed.zip().unwrap()
        };
        let zipped = zip_of(&["z.py", "bootstrap", "lib/a.py"]);
        assert_eq!(zipped, zip_of(&["lib/a.py", "bootstrap", "z.py"]));
        let mut archive = zip::ZipArchive::new(Cursor::new(zipped)).unwrap();
        assert_eq!(archive.by_name("bootstrap").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o755));
        assert_eq!(archive.by_name("z.py").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o644));
    }

    #[test]
    fn an_empty_folder_and_a_file_that_is_no_zip_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Folder::open(folder.path()).is_err());
        fs::write(folder.path().join("a.zip"), "no").unwrap();
        assert!(Archive::open(&folder.path().join("a.zip")).is_err());
    }
}
