//! What the folder will hold, decided before a byte is written.

use crate::{ZipError, inflate, names};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use types::limits::{UNZIPPED_BYTES_MAX, ZIP_BYTES_MAX, ZIP_ENTRIES_MAX};
use zip::ZipArchive;

/// A zip in memory.
pub(crate) type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Begins each header of a central directory.
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
/// A local header without its name and extra fields.
const LOCAL_HEADER_BYTES: u64 = 30;
/// Longest target of a link, bytes (Linux: PATH_MAX).
const LINK_BYTES_MAX: u64 = 4_095;
/// Bytes of all paths together: few entries can not fill the memory with long names.
const PATHS_BYTES_MAX: usize = ZIP_BYTES_MAX;
/// 1980-01-01T00:00:00Z, where the zip's own clock begins; for entries without a time.
const EPOCH_OF_ZIP: u64 = 315_532_800;

const TYPE_MASK: u32 = 0o170_000;
const TYPE_FIFO_OR_DEVICE: [u32; 4] = [0o010_000, 0o020_000, 0o060_000, 0o140_000];

/// A regular file of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedFile {
    /// Its entry in the archive.
    pub(crate) index: usize,
    /// 0755 if anybody may execute it, otherwise as it says, readable for all: functions run as another user.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: u64,
}

#[derive(Debug)]
enum Node {
    Folder,
    File(PlannedFile),
    Link,
}

/// Every path of the folder. A parent sorts before what is in it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    nodes: BTreeMap<PathBuf, Node>,
    links: BTreeMap<PathBuf, PathBuf>,
    paths_bytes: usize,
}

impl Plan {
    pub(crate) fn folders(&self) -> impl DoubleEndedIterator<Item = &Path> {
        self.nodes.iter().filter(|(_, node)| matches!(node, Node::Folder)).map(|(path, _)| path.as_path())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = PlannedFile> {
        self.named_files().map(|(_, file)| file)
    }

    pub(crate) fn named_files(&self) -> impl Iterator<Item = (&Path, PlannedFile)> {
        self.nodes.iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path.as_path(), *file)),
            _ => None,
        })
    }

    /// Path and target.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.links.iter().map(|(path, target)| (path.as_path(), target.as_path()))
    }

    fn add(&mut self, path: PathBuf, node: Node) -> Result<(), ZipError> {
        let ancestors: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
        for ancestor in ancestors {
            if ancestor.as_os_str().is_empty() {
                break;
            }
            match self.nodes.get(&ancestor) {
                Some(Node::Folder) => break, // its own parents are there
                // Writing below a link would write wherever it points.
                Some(_) => return Err(clash(&path)),
                None => self.insert(ancestor, Node::Folder)?,
            }
        }
        match (self.nodes.get(&path), &node) {
            (None, _) => self.insert(path, node),
            (Some(Node::Folder), Node::Folder) => Ok(()),
            (Some(_), _) => Err(clash(&path)),
        }
    }

    fn insert(&mut self, path: PathBuf, node: Node) -> Result<(), ZipError> {
        self.paths_bytes += path.as_os_str().len();
        if self.nodes.len() >= ZIP_ENTRIES_MAX || self.paths_bytes > PATHS_BYTES_MAX {
            return Err(too_many());
        }
        self.nodes.insert(path, node);
        Ok(())
    }
}

/// Reads the central directory and decides what the folder will hold.
pub(crate) fn read(zip: &[u8]) -> Result<(Archive<'_>, Plan), ZipError> {
    if zip.is_empty() {
        return Err(ZipError::Empty);
    }
    // Before the directory is read into memory. Headers of zips inside the zip count too; 200,000 are none too few.
    if zip.windows(4).filter(|window| *window == CENTRAL_HEADER).count() > ZIP_ENTRIES_MAX {
        return Err(too_many());
    }
    let mut archive =
        ZipArchive::new(Cursor::new(zip)).map_err(|error| ZipError::unreadable(error.to_string()))?;
    if archive.is_empty() {
        return Err(ZipError::Empty);
    }
    if archive.has_duplicate_names() {
        return Err(ZipError::unreadable("a name stands twice in it"));
    }
    let mut plan = Plan::default();
    let (mut places, mut declared) = (Vec::with_capacity(archive.len()), 0u64);
    for index in 0..archive.len() {
        add_entry(&mut archive, index, &mut plan, &mut places, &mut declared)?;
    }
    if declared > UNZIPPED_BYTES_MAX {
        return Err(ZipError::UnzippedTooLarge { limit: UNZIPPED_BYTES_MAX });
    }
    check_places(places)?;
    for link in plan.links.keys() {
        names::check_link(link, &plan.links)?;
    }
    Ok((archive, plan))
}

fn add_entry(
    archive: &mut Archive<'_>,
    index: usize,
    plan: &mut Plan,
    places: &mut Vec<(u64, u64)>,
    declared: &mut u64,
) -> Result<(), ZipError> {
    let entry = archive.by_index_data(index).map_err(|error| ZipError::unreadable(error.to_string()))?;
    // Most tools write UTF-8 whatever the flag says; what is not is read in the zip's old code page.
    let name = match std::str::from_utf8(entry.name_raw()) {
        Ok(name) => name.to_owned(),
        Err(_) => entry.name().map_err(|error| ZipError::unreadable(error.to_string()))?.into_owned(),
    };
    let bytes = LOCAL_HEADER_BYTES + entry.name_raw().len() as u64;
    let end = entry.header_start().saturating_add(bytes).saturating_add(entry.compressed_size());
    places.push((entry.header_start(), end));
    *declared = declared.saturating_add(entry.size());
    let mode = entry.unix_mode();
    if mode.is_some_and(|mode| TYPE_FIFO_OR_DEVICE.contains(&(mode & TYPE_MASK))) {
        return Err(ZipError::unreadable(format!("entry {name:?} is no file, folder or link")));
    }
    let (is_folder, is_link, target_bytes) = (entry.is_dir(), entry.is_symlink(), entry.size());
    let modified = entry.last_modified().map_or(EPOCH_OF_ZIP, seconds);
    let Some(path) = names::path(&name)? else {
        return if is_folder { Ok(()) } else { Err(ZipError::unreadable("an entry has no name")) };
    };
    if is_folder {
        return plan.add(path, Node::Folder);
    }
    if is_link {
        if target_bytes > LINK_BYTES_MAX {
            return Err(ZipError::unreadable(format!("link {name:?} is too long")));
        }
        let target = link_target(archive, index)?;
        plan.add(path.clone(), Node::Link)?;
        plan.links.insert(path, target);
        return Ok(());
    }
    let mode = match mode.unwrap_or(0o644) {
        mode if mode & 0o111 != 0 => 0o755,
        mode => (mode & 0o644) | 0o444,
    };
    plan.add(path, Node::File(PlannedFile { index, mode, modified }))
}

/// Entries that share their bytes make few bytes into endless work, and no writer makes them.
fn check_places(mut places: Vec<(u64, u64)>) -> Result<(), ZipError> {
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(ZipError::unreadable("entries overlap"));
    }
    Ok(())
}

/// A link's target is its entry's content. Counted under a budget of its own, since its size may lie too.
fn link_target(archive: &mut Archive<'_>, index: usize) -> Result<PathBuf, ZipError> {
    struct Target(Vec<u8>);
    impl std::io::Write for Target {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.len() + bytes.len() > LINK_BYTES_MAX as usize {
                return Err(std::io::Error::other("a link is too long"));
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut target = Target(Vec::new());
    inflate::inflate(archive, index, &mut inflate::Budget::new(), &mut target).map_err(
        |error| match error {
            ZipError::Folder { reason, .. } => ZipError::unreadable(reason),
            other => other,
        },
    )?;
    let text = String::from_utf8(target.0).map_err(|_| ZipError::unreadable("a link is no text"))?;
    if text.is_empty() || text.contains('\0') {
        return Err(ZipError::unreadable("a link points nowhere"));
    }
    Ok(text.into())
}

/// The zip's own date, read as UTC, so that it does not depend on where it is unpacked.
fn seconds(date: zip::DateTime) -> u64 {
    // Days since 1970 by counting years from March, so that the leap day is a year's last.
    let (month, day) = (u64::from(date.month()), u64::from(date.day()));
    let year = u64::from(date.year()) - u64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.saturating_sub(1);
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    let since = days.saturating_sub(719_468);
    since * 86_400 + u64::from(date.hour()) * 3_600 + u64::from(date.minute()) * 60 + u64::from(date.second())
}

fn clash(path: &Path) -> ZipError {
    ZipError::unreadable(format!("{:?} stands twice in it or lies below a file", path.to_string_lossy()))
}

fn too_many() -> ZipError {
    ZipError::unreadable(format!("it has more than {ZIP_ENTRIES_MAX} entries or too long names"))
}
