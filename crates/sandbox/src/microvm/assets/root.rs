//! The root image: what the host shows to code (`walls::rootfs`), without what no runtime needs.
//!
//! One walk chooses the files, plans the image and makes the key, so that a key never belongs to other files than those
//! that were looked at.

use super::AssetError;
use super::store::{Key, KeyMaker};
use images::erofs::{Options, Summary, Tree};
use std::fs::{self, Metadata};
use std::io::{Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use walls::rootfs;

/// What is left out, below the root, with why. A `*` stands for anything within a name, once in each.
pub const LEFT_OUT: &[(&str, &str)] = &[
    // For people who read.
    ("usr/share/doc", "documentation"),
    ("usr/share/doc-base", "documentation"),
    ("usr/share/man", "documentation"),
    ("usr/share/info", "documentation"),
    ("usr/share/help", "documentation"),
    ("usr/share/gtk-doc", "documentation"),
    ("usr/share/devhelp", "documentation"),
    ("usr/share/groff", "documentation"),
    ("usr/share/texmf*", "documentation"),
    ("usr/local/share/man", "documentation"),
    ("usr/local/share/doc", "documentation"),
    ("usr/local/man", "documentation"),
    ("usr/share/locale", "translations; functions run in C.UTF-8"),
    ("usr/share/i18n", "sources of locales"),
    ("usr/share/bug", "for the package manager"),
    ("usr/share/lintian", "for the package manager"),
    ("usr/share/package-lists", "for the package manager"),
    // For people who sit in front of a screen.
    ("usr/share/icons", "desktop"),
    ("usr/share/themes", "desktop"),
    ("usr/share/sounds", "desktop"),
    ("usr/share/backgrounds", "desktop"),
    ("usr/share/wallpapers", "desktop"),
    ("usr/share/pixmaps", "desktop"),
    ("usr/share/applications", "desktop"),
    ("usr/share/gnome*", "desktop"),
    ("usr/share/plasma", "desktop"),
    ("usr/share/vim", "editors"),
    ("usr/share/emacs", "editors"),
    ("usr/games", "games"),
    ("usr/share/games", "games"),
    ("usr/lib/libreoffice", "desktop"),
    ("usr/lib/firefox*", "desktop"),
    ("usr/lib/thunderbird*", "desktop"),
    ("usr/lib/chromium*", "desktop"),
    ("usr/lib/*/dri", "graphics drivers"),
    // For machines.
    ("usr/lib/modules", "the host's kernel; a microVM has its own"),
    ("lib/modules", "the host's kernel; a microVM has its own"),
    ("usr/lib/firmware", "devices"),
    ("lib/firmware", "devices"),
    ("usr/lib/linux*", "the host's kernel"),
    ("usr/lib/grub", "boot loaders"),
    ("usr/lib/dracut", "boot loaders"),
    ("usr/lib/systemd", "services of the host"),
    ("lib/systemd", "services of the host"),
    ("usr/lib/udev", "services of the host"),
    ("usr/lib/snapd", "services of the host"),
    ("usr/lib/postgresql", "services of the host"),
    ("usr/lib/qemu", "virtual machines"),
    ("usr/bin/qemu-*", "virtual machines"),
    ("usr/lib/ipxe", "virtual machines"),
    ("usr/share/qemu*", "virtual machines"),
    ("usr/share/OVMF", "virtual machines"),
    ("usr/share/seabios", "virtual machines"),
    // For people who compile: functions bring what is compiled.
    ("usr/include", "headers"),
    ("usr/local/include", "headers"),
    ("usr/src", "sources"),
    ("usr/local/src", "sources"),
    ("usr/lib/debug", "symbols for debuggers"),
    ("usr/lib/gcc", "compilers"),
    ("usr/lib/gcc-cross", "compilers"),
    ("usr/lib/llvm*", "compilers"),
    ("usr/lib/*/libLLVM*", "compilers"),
    ("usr/lib/*/libclang*", "compilers"),
    ("usr/lib/*/valgrind", "compilers"),
    ("usr/libexec/gcc*", "compilers"),
    ("usr/lib/clang*", "compilers"),
    ("usr/lib/go-*", "compilers"),
    ("usr/lib/rustlib", "compilers"),
    ("usr/local/go", "compilers"),
    ("usr/share/gcc*", "compilers"),
    ("usr/share/go-*", "compilers"),
    ("usr/share/gdb", "compilers"),
    ("usr/share/cmake*", "compilers"),
    ("usr/share/autoconf*", "compilers"),
    ("usr/share/automake*", "compilers"),
    ("usr/share/aclocal*", "compilers"),
    ("usr/share/maven-repo", "compilers"),
    ("usr/lib/google-cloud-sdk", "tools of cloud operators"),
    ("usr/share/google-cloud-sdk", "tools of cloud operators"),
    ("usr/lib/aws-cli", "tools of cloud operators"),
    ("usr/local/aws-cli", "tools of cloud operators"),
];
/// Left out wherever they lie: for linkers, and a JDK's own sources.
const LEFT_OUT_ENDINGS: [&str; 4] = [".a", ".o", ".jmod", "/lib/src.zip"];
/// How many of the largest folders are told.
const LARGEST: usize = 5;
/// Programs and libraries that lie deeper count for the folder at this depth (`usr/lib/jvm`).
const DEPTH_TOLD: usize = 3;

/// The image, planned.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) tree: Tree,
    pub(super) key: Key,
    /// Bytes of all files.
    pub(super) bytes: u64,
    /// The largest folders, for an operator who wants it smaller.
    pub(super) largest: Vec<(String, u64)>,
}

/// Chooses what goes in: of `root` (the host's `/`, or a runtime image unpacked in a folder) what the walls show, without
/// [`LEFT_OUT`], `leave_out` (absolute, as seen inside) and what not everybody may read.
pub(super) fn plan(root: &Path, leave_out: &[PathBuf]) -> Result<Plan, AssetError> {
    let mut tree = Tree::new();
    let mut walk =
        Walk { root, leave_out, key: KeyMaker::new("root"), bytes: 0, largest: Default::default() };
    for name in sources(root)? {
        let host = root.join(&name);
        if !walk.take(&host) {
            continue;
        }
        let inside = Path::new("/").join(&name);
        tree.add_host(&host, &inside, &mut |path| walk.take(path)).map_err(image_error)?;
    }
    if walk.bytes == 0 {
        return Err(AssetError::Unusable {
            what: root.display().to_string(),
            reason: "there is nothing in its /usr, /lib or /bin".to_owned(),
        });
    }
    let mut largest: Vec<(String, u64)> = walk.largest.into_iter().collect();
    largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    largest.truncate(LARGEST);
    Ok(Plan { tree, key: walk.key.finish(), bytes: walk.bytes, largest })
}

/// Writes the planned image.
pub(super) fn write(plan: &Plan, out: &mut (impl Write + Seek)) -> Result<Summary, AssetError> {
    plan.tree.write(out, &Options::default()).map_err(image_error)
}

fn image_error(error: images::erofs::ErofsError) -> AssetError {
    AssetError::Unusable { what: "the root image".to_owned(), reason: error.to_string() }
}

/// Paths below the root, without a slash before them: the system's folders, and public configuration.
fn sources(root: &Path) -> Result<Vec<PathBuf>, AssetError> {
    let mut names: Vec<PathBuf> = rootfs::SYSTEM.iter().map(PathBuf::from).collect();
    let etc = root.join("etc");
    let public = rootfs::public_etc(&etc).map_err(|error| AssetError::of_file(&etc, &error))?;
    names.extend(public.into_iter().map(|name| Path::new("etc").join(name)));
    names.retain(|name| root.join(name).symlink_metadata().is_ok());
    names.sort();
    Ok(names)
}

struct Walk<'a> {
    root: &'a Path,
    leave_out: &'a [PathBuf],
    key: KeyMaker,
    bytes: u64,
    largest: std::collections::BTreeMap<String, u64>,
}

impl Walk<'_> {
    /// Whether it goes in; what does is in the key by all that can be told without reading it.
    fn take(&mut self, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(self.root) else { return false };
        let Ok(found) = fs::symlink_metadata(path) else { return false };
        if is_left_out(inside) || self.is_unwanted(inside) || !is_public(&found) {
            return false;
        }
        self.key.add(inside.as_os_str().as_bytes());
        let size = if found.is_dir() { 0 } else { found.size() }; // a folder's own says how it was filled
        for number in [u64::from(found.mode()), size, found.mtime().cast_unsigned()] {
            self.key.add(&number.to_le_bytes());
        }
        if found.is_symlink() {
            let target = fs::read_link(path).unwrap_or_default();
            self.key.add(target.as_os_str().as_bytes());
        } else {
            self.bytes += size;
            *self.largest.entry(top_of(inside)).or_default() += size;
        }
        true
    }

    fn is_unwanted(&self, inside: &Path) -> bool {
        self.leave_out.iter().any(|path| path.strip_prefix("/").unwrap_or(path) == inside)
    }
}

fn top_of(inside: &Path) -> String {
    let parts: Vec<_> =
        inside.components().take(DEPTH_TOLD).map(|part| part.as_os_str().to_string_lossy()).collect();
    format!("/{}", parts.join("/"))
}

fn is_left_out(inside: &Path) -> bool {
    let Some(text) = inside.to_str() else { return false };
    LEFT_OUT.iter().any(|(pattern, _)| is_named(text, pattern))
        || LEFT_OUT_ENDINGS.iter().any(|end| text.ends_with(end))
}

/// Part by part; a star stands for anything within its part.
fn is_named(path: &str, pattern: &str) -> bool {
    let (mut parts, mut patterns) = (path.split('/'), pattern.split('/'));
    loop {
        let fits = match (parts.next(), patterns.next()) {
            (None, None) => return true,
            (Some(part), Some(pattern)) => match pattern.split_once('*') {
                None => part == pattern,
                Some((start, end)) => part.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
            },
            _ => false,
        };
        if !fits {
            return false;
        }
    }
}

/// What functions could not read as an ordinary user does not get into a machine that could be theirs. Neither do
/// sockets, pipes and devices.
fn is_public(found: &Metadata) -> bool {
    let others = found.mode() & 0o7;
    found.is_symlink() || (found.is_dir() && others & 0o5 == 0o5) || (found.is_file() && others & 0o4 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn put(root: &Path, path: &str, mode: u32) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "content").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn small_root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in ["usr/bin/python3", "usr/lib/libc.so.6", "etc/services", "home/me/diary"] {
            put(root.path(), path, 0o755);
        }
        symlink("usr/bin", root.path().join("bin")).unwrap();
        root
    }

    fn key(root: &Path) -> Key {
        plan(root, &[]).unwrap().key
    }

    #[test]
    fn what_no_runtime_needs_and_what_not_everybody_may_read_is_left_out() {
        let root = small_root();
        let before = plan(root.path(), &[]).unwrap();
        assert_eq!(before.bytes, 3 * 7, "two programs and a file of /etc: {before:?}");
        put(root.path(), "usr/share/doc/python3/README", 0o644);
        put(root.path(), "usr/lib/llvm-14/bin/clang", 0o755);
        put(root.path(), "usr/lib/libc.a", 0o644);
        put(root.path(), "usr/lib/secret.key", 0o640);
        put(root.path(), "etc/shadow", 0o644);
        put(root.path(), "home/me/letter", 0o644);
        // `usr/lib` and `usr` were changed, which their own times say: only the sum of the files counts here.
        assert_eq!(plan(root.path(), &[]).unwrap().bytes, before.bytes);
        put(root.path(), "usr/bin/large", 0o755);
        assert_eq!(plan(root.path(), &[]).unwrap().bytes, 4 * 7);
        assert_eq!(plan(root.path(), &[PathBuf::from("/usr/bin/large")]).unwrap().bytes, 3 * 7);
    }

    #[test]
    fn the_key_changes_with_every_file_and_with_nothing_else() {
        let root = small_root();
        let first = key(root.path());
        assert_eq!(key(root.path()), first);
        put(root.path(), "home/me/diary", 0o644);
        assert_eq!(key(root.path()), first, "not in the image");
        fs::set_permissions(root.path().join("usr/bin/python3"), fs::Permissions::from_mode(0o555)).unwrap();
        let second = key(root.path());
        assert_ne!(second, first);
        fs::write(root.path().join("usr/lib/libc.so.6"), "longer content").unwrap();
        assert_ne!(key(root.path()), second);
    }

    #[test]
    fn a_folder_without_programs_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let error = plan(root.path(), &[]).unwrap_err().to_string();
        assert!(error.ends_with("there is nothing in its /usr, /lib or /bin"), "{error}");
    }

    #[test]
    fn every_pattern_names_a_place_and_has_a_reason() {
        for (pattern, reason) in LEFT_OUT {
            assert!(!pattern.starts_with('/') && !pattern.ends_with('/') && !reason.is_empty(), "{pattern}");
            let place = pattern.replace('*', "x");
            assert!(
                is_left_out(Path::new(&place)) && !is_left_out(Path::new(&format!("{place}/below"))),
                "{pattern}"
            );
        }
    }
}
