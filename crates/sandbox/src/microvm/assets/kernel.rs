//! Which kernel a microVM runs: the one the operator named, or the best of the distribution's own.
//!
//! Kernels made for virtual machines ("cloud") go first: they are smaller and start sooner. Among the rest the newest.

use super::AssetError;
use super::bzimage;
use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

/// A kernel with its initramfs built in stays far below.
const KERNEL_BYTES_MAX: u64 = 512 << 20;

/// What to do where there is no kernel, for Debian and its kind and for the others.
pub const KERNEL_ADVICE: &str = "install a kernel for virtual machines (Debian: apt install linux-image-cloud-amd64; Ubuntu: \
     linux-image-virtual; Fedora: kernel-core), or name one with --kernel";

/// A kernel that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    pub file: PathBuf,
    /// As `uname -r` says it.
    pub release: String,
    /// `…/lib/modules/RELEASE`; `None`: everything must be built in.
    pub modules: Option<PathBuf>,
}

/// Finds it. `given` is a kernel's file, or a folder into which a kernel's package was unpacked; `root` is `/`.
pub(super) fn find(given: Option<&Path>, root: &Path) -> Result<(Kernel, Vec<u8>), AssetError> {
    match given {
        Some(path) if path.is_dir() => {
            best(path)?.ok_or_else(|| AssetError::NoKernel { looked: format!("in {}", path.display()) })
        }
        Some(path) => read(path, root),
        None => {
            best(root)?.ok_or_else(|| AssetError::NoKernel { looked: "in /boot and /lib/modules".to_owned() })
        }
    }
}

/// The first candidate below this root that can be read and is a kernel; the error of the best one if none is.
fn best(root: &Path) -> Result<Option<(Kernel, Vec<u8>)>, AssetError> {
    let mut first_error = None;
    for path in candidates(root) {
        match read(&path, root) {
            Ok(found) => return Ok(Some(found)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    first_error.map_or(Ok(None), Err)
}

/// `…/boot/vmlinuz-*` and `…/lib/modules/*/vmlinuz` (Fedora), best first.
fn candidates(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [root.to_owned(), root.join("boot")] {
        let named = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("vmlinuz-") || name.starts_with("vmlinux-")
        };
        found.extend(paths(&folder).filter(named));
    }
    for folder in ["lib/modules", "usr/lib/modules"] {
        found.extend(
            paths(&root.join(folder)).map(|release| release.join("vmlinuz")).filter(|path| path.is_file()),
        );
    }
    found.sort_by_key(|path| Reverse(rank(path)));
    found
}

/// For virtual machines first, then no rescue image, then the newest.
fn rank(path: &Path) -> (bool, bool, Vec<u64>, PathBuf) {
    let text = path.to_string_lossy();
    let name = text.rsplit('/').take(2).collect::<Vec<_>>().join("/");
    let for_machines = ["cloud", "virtual", "kvm", "-virt"].iter().any(|word| name.contains(word));
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    (for_machines, !name.contains("rescue"), numbers, path.to_owned())
}

fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path())
}

fn read(file: &Path, root: &Path) -> Result<(Kernel, Vec<u8>), AssetError> {
    let bytes = super::read_bounded(file, KERNEL_BYTES_MAX)?;
    let release = bzimage::release(&file.display().to_string(), &bytes)?;
    let modules = modules_of(file, &release, root);
    Ok((Kernel { file: file.to_owned(), release, modules }, bytes))
}

/// Beside it as a package has them, or where the host keeps them.
fn modules_of(file: &Path, release: &str, root: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let folder = file.parent()?;
    let package = folder.parent().unwrap_or(folder);
    let mut places = vec![folder.to_owned()]; // /lib/modules/RELEASE/vmlinuz
    for root in [package, folder, root] {
        places.extend(["lib/modules", "usr/lib/modules"].map(|below| root.join(below).join(release)));
    }
    places.into_iter().find(|place| place.join("kernel").is_dir())
}

#[cfg(test)]
mod tests {
    use super::super::bzimage::tests::bz_image;
    use super::*;

    fn put(root: &Path, path: &str, release: &str) -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bz_image(release, b"x")).unwrap();
        path
    }

    fn found(given: Option<&Path>, root: &Path) -> Kernel {
        find(given, root).unwrap().0
    }

    #[test]
    fn a_kernel_for_virtual_machines_goes_first_and_then_the_newest() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "boot/vmlinuz-6.1.9-amd64", "6.1.9-amd64");
        let newest = put(root.path(), "boot/vmlinuz-6.1.10-amd64", "6.1.10-amd64");
        put(root.path(), "boot/vmlinuz-0-rescue-ab12", "7.0.0");
        assert_eq!(found(None, root.path()).file, newest);
        let cloud = put(root.path(), "boot/vmlinuz-6.1.0-56-cloud-amd64", "6.1.0-56-cloud-amd64");
        fs::create_dir_all(root.path().join("lib/modules/6.1.0-56-cloud-amd64/kernel")).unwrap();
        let kernel = found(None, root.path());
        assert_eq!((&kernel.file, kernel.release.as_str()), (&cloud, "6.1.0-56-cloud-amd64"));
        assert_eq!(kernel.modules, Some(root.path().join("lib/modules/6.1.0-56-cloud-amd64")));
    }

    #[test]
    fn a_package_that_was_only_unpacked_and_a_kernel_among_its_modules_are_found() {
        let root = tempfile::tempdir().unwrap();
        let nothing = tempfile::tempdir().unwrap();
        let file = put(root.path(), "unpacked/boot/vmlinuz-6.1.1", "6.1.1");
        let modules = root.path().join("unpacked/usr/lib/modules/6.1.1");
        fs::create_dir_all(modules.join("kernel")).unwrap();
        for given in [root.path().join("unpacked"), file.clone()] {
            let kernel = found(Some(&given), nothing.path());
            assert_eq!((kernel.file, kernel.modules), (file.clone(), Some(modules.clone())));
        }
        let fedora = put(root.path(), "f/lib/modules/6.9.5-200.fc40/vmlinuz", "6.9.5-200.fc40");
        fs::create_dir_all(root.path().join("f/lib/modules/6.9.5-200.fc40/kernel")).unwrap();
        let kernel = found(None, &root.path().join("f"));
        assert_eq!(kernel.modules.as_deref(), fedora.parent());
        // One with everything built in has none.
        let alone = put(root.path(), "alone/bzImage", "6.12.0");
        assert_eq!(found(Some(&alone), nothing.path()).modules, None);
    }

    #[test]
    fn where_there_is_none_the_error_says_where_it_looked() {
        let root = tempfile::tempdir().unwrap();
        let error = find(None, root.path()).unwrap_err();
        assert_eq!(error.to_string(), "there is no kernel for microVMs in /boot and /lib/modules");
        assert_eq!(error.advice(), KERNEL_ADVICE);
        fs::create_dir_all(root.path().join("boot")).unwrap();
        fs::write(root.path().join("boot/vmlinuz-6.1.0"), "what").unwrap();
        let error = find(None, root.path()).unwrap_err().to_string();
        assert!(error.contains("vmlinuz-6.1.0: this is neither a bzImage"), "{error}");
    }
}
