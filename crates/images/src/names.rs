//! Names and links of a zip, made harmless: only plain relative paths, only links that stay inside.

use crate::ZipError;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Longest path, bytes: what every system call takes with the folder's own path before it (PATH_MAX is 4,096).
const PATH_BYTES_MAX: usize = 2_048;
/// Deepest path, so that few entries can not make very many folders.
const PATH_DEPTH_MAX: usize = 128;
/// Longest single name that Linux file systems take.
const NAME_BYTES_MAX: usize = 255;
/// Links followed for one path before it counts as a loop, as Linux does.
const LINKS_FOLLOWED_MAX: usize = 40;

/// The path of an entry; `None` for the root itself (`./`). Empty and `.` parts are dropped as unzip does.
pub(crate) fn path(name: &str) -> Result<Option<PathBuf>, ZipError> {
    let refuse = |why: &str| Err(ZipError::unreadable(format!("entry {name:?} {why}")));
    if name.len() > PATH_BYTES_MAX {
        return Err(ZipError::unreadable("a name is too long"));
    }
    if name.starts_with('/') {
        return refuse("is absolute");
    }
    if name.contains('\0') {
        return refuse("has a zero byte in it");
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return refuse("leads out of the zip");
        }
        if part.len() > NAME_BYTES_MAX {
            return refuse("has a name that is too long");
        }
        path.push(part);
        depth += 1;
    }
    if depth > PATH_DEPTH_MAX {
        return refuse("is too deep");
    }
    Ok((depth > 0).then_some(path))
}

/// Refuses a link that leads out of the folder, also by way of other links. A link to nothing and a loop stay inside
/// and are the function's own affair.
pub(crate) fn check_link(link: &Path, links: &BTreeMap<PathBuf, PathBuf>) -> Result<(), ZipError> {
    let out = || ZipError::unreadable(format!("link {:?} points out of the zip", link.to_string_lossy()));
    let mut at = PathBuf::new();
    // What is still to be walked, last part first.
    let mut rest: Vec<PathBuf> = link.iter().rev().map(PathBuf::from).collect();
    let mut followed = 0;
    while let Some(part) = rest.pop() {
        match part.components().next() {
            Some(Component::Normal(_)) => at.push(&part),
            Some(Component::ParentDir) => {
                if !at.pop() {
                    return Err(out());
                }
            }
            Some(Component::CurDir) | None => {}
            Some(Component::RootDir | Component::Prefix(_)) => return Err(out()),
        }
        let Some(target) = links.get(&at) else { continue };
        followed += 1;
        if followed > LINKS_FOLLOWED_MAX {
            return Ok(());
        }
        at.pop();
        rest.extend(target.components().rev().map(|component| PathBuf::from(component.as_os_str())));
    }
    Ok(())
}
