//! What every microVM starts from: a kernel, our initramfs, and the root image, made once and kept.
//!
//! ```text
//!  kernel of the host or --kernel ──► kernel (bzImage), vmlinux (unpacked, for Firecracker) ─┐
//!  its modules + guest-init ────────► initramfs ─────────────────────────────────────────────┴─► boot-KEY/
//!  /usr, /lib, /bin, /sbin, public /etc, or --root ──► root.erofs ─────────────────────────────► root-KEY/
//! ```
//! The two are apart because the one changes with each tinderbox and is small, the other with the host's packages and is
//! large. Everything here blocks: off the async threads.
//!
//! | module | what it does |
//! |---|---|
//! | `kernel` | finds a kernel |
//! | `bzimage` | reads its release, unpacks it |
//! | `modules` | chooses modules and their order |
//! | `cpio` | writes the initramfs |
//! | `root` | chooses what the root image holds |
//! | `store` | keeps what was made, by key |
//! | `unpack` | gzip, xz, zstd, LZ4 |

mod bzimage;
mod cpio;
mod kernel;
mod modules;
mod root;
mod store;
mod unpack;

pub use kernel::{KERNEL_ADVICE, Kernel};
pub use root::LEFT_OUT;
pub use store::{FileFacts, Manifest};

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use store::{Entry, Key, KeyMaker, Store};

const BOOT: &str = "boot";
const ROOT: &str = "root";
const KERNEL_FILE: &str = "kernel";
const PLAIN_FILE: &str = "vmlinux";
const INITRAMFS_FILE: &str = "initramfs";
const ROOT_FILE: &str = "root.erofs";
/// Where guest-init finds what to load, and in which order (one name a line).
const MODULES_FOLDER: &str = "modules";
const MODULES_ORDER: &str = "modules/order";
/// Mount points that guest-init needs before it has anything of its own.
const FOLDERS: [&str; 4] = ["dev", "proc", "sys", "root"];
/// Facts of a manifest, for people and for [`Assets`].
const RELEASE: &str = "release";
const PLAIN_REFUSED: &str = "no_vmlinux";

/// What assets are made from.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// Where they are kept: `DATA/microvm`.
    pub store: PathBuf,
    /// A kernel's file, or a folder into which its package was unpacked; `None`: the distribution's own.
    pub kernel: Option<PathBuf>,
    /// A runtime image unpacked in a folder; `None`: the host's own programs.
    pub root: Option<PathBuf>,
    /// Folders and files, absolute as seen inside, that the root image goes without.
    pub leave_out: Vec<PathBuf>,
    /// The program that is `/init`.
    pub guest_init: &'a [u8],
}

/// What was made; kept on the disk for as long as this lives.
#[derive(Debug)]
pub struct Assets {
    /// As the distribution has it: for QEMU.
    pub kernel: PathBuf,
    /// The plain ELF kernel, for Firecracker; or why there is none.
    pub kernel_plain: Result<PathBuf, String>,
    pub initramfs: PathBuf,
    /// EROFS, shared by all microVMs.
    pub root: PathBuf,
    /// As `uname -r` says it inside.
    pub release: String,
    /// Another one for anything else in any of the files: part of a snapshot's identity.
    pub key: String,
    /// What their manifests say.
    pub manifests: [Manifest; 2],
    _held: [Entry; 2],
}

/// How the making goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process makes them: this one waits.
    Waiting,
    /// What is done now.
    Step { number: u64, of: u64, what: &'static str },
    /// Bytes of a long step.
    Bytes { done: u64, of: u64 },
}

/// Steps of [`make`].
pub const STEPS: u64 = 4;

/// What [`make`] did.
#[derive(Debug)]
pub struct Made {
    pub assets: Assets,
    /// They were there already, kernel and initramfs, and root image.
    pub already: [bool; 2],
    /// The largest folders of the root image, with their bytes; only where it was looked through.
    pub largest: Vec<(String, u64)>,
}

/// Why there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    #[error("there is no kernel for microVMs {looked}")]
    NoKernel { looked: String },
    /// It is there, and is not what is needed.
    #[error("{what}: {reason}")]
    Unusable { what: String, reason: String },
    #[error("{path}: {reason}")]
    File { path: String, reason: String, kind: io::ErrorKind },
}

impl AssetError {
    pub(crate) fn of_file(path: &Path, error: &io::Error) -> Self {
        Self::File { path: path.display().to_string(), reason: error.to_string(), kind: error.kind() }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoKernel { .. } => KERNEL_ADVICE,
            Self::File { kind: io::ErrorKind::PermissionDenied, .. } => {
                "this user may not: run it as root (Ubuntu's kernels are readable by root only), or name a readable \
                 kernel with --kernel"
            }
            Self::File { kind: io::ErrorKind::StorageFull, .. } => {
                "the disk of the data folder is full: make room, give another folder, or leave something out with \
                 --leave-out"
            }
            Self::File { .. } => "see that the file is there and readable, and the data folder writable",
            Self::Unusable { .. } => {
                "name another kernel with --kernel (a distribution's vmlinuz, or a vmlinux)"
            }
        }
    }
}

/// Makes whatever is not there yet.
pub fn make(recipe: &Recipe<'_>, tell: &mut dyn FnMut(Progress)) -> Result<Made, AssetError> {
    let store = Store::new(&recipe.store);
    tell(Progress::Step { number: 1, of: STEPS, what: "kernel and modules" });
    let boot = Boot::plan(recipe)?;
    let boot_there = store.look(BOOT, &boot.key).is_some();
    tell(Progress::Step { number: 2, of: STEPS, what: "initramfs" });
    let boot = store.ensure(BOOT, &boot.key, &mut || (), &mut |folder| boot.write(folder))?;
    tell(Progress::Step { number: 3, of: STEPS, what: "looking through the root's files" });
    let root = root::plan(host_root(recipe), &recipe.leave_out)?;
    let root_there = store.look(ROOT, &root.key).is_some();
    tell(Progress::Step { number: 4, of: STEPS, what: "root image" });
    let told = std::cell::RefCell::new(tell);
    let root_entry =
        store.ensure(ROOT, &root.key, &mut || (*told.borrow_mut())(Progress::Waiting), &mut |folder| {
            write_root(recipe, &root, folder, &mut |progress| (*told.borrow_mut())(progress))
        })?;
    Ok(Made { assets: assets(boot, root_entry)?, already: [boot_there, root_there], largest: root.largest })
}

/// What is there for this recipe, if everything is: then [`make`] has nothing to do.
pub fn look(recipe: &Recipe<'_>) -> Result<Option<Assets>, AssetError> {
    let store = Store::new(&recipe.store);
    let Some(boot) = store.look(BOOT, &Boot::plan(recipe)?.key) else { return Ok(None) };
    let root = root::plan(host_root(recipe), &recipe.leave_out)?;
    store.look(ROOT, &root.key).map(|root| assets(boot, root)).transpose()
}

/// Whether something was made once in this folder; of what, and whether it is still right, is not looked at.
pub fn were_made(store: &Path) -> bool {
    let entries = Store::new(store).list();
    [BOOT, ROOT].iter().all(|kind| entries.iter().any(|entry| entry.manifest.kind == *kind))
}

/// What lies in this folder, as its manifests say.
pub fn list(store: &Path) -> Vec<Manifest> {
    Store::new(store).list().into_iter().map(|entry| entry.manifest).collect()
}

/// Checks what lies in this folder against its checksums.
pub fn verify(store: &Path, tell: &mut dyn FnMut(Progress)) -> Result<(), AssetError> {
    let entries = Store::new(store).list();
    let of = entries.iter().flat_map(|entry| entry.manifest.files.values()).map(|facts| facts.bytes).sum();
    let mut done = 0;
    for entry in &entries {
        Store::verify(entry, &mut |bytes| {
            done += bytes;
            tell(Progress::Bytes { done, of });
        })?;
    }
    Ok(())
}

/// The kernel that would be used, as `doctor` names it.
pub fn find_kernel(given: Option<&Path>) -> Result<Kernel, AssetError> {
    kernel::find(given, Path::new("/")).map(|(kernel, _)| kernel)
}

fn host_root<'a>(recipe: &'a Recipe<'_>) -> &'a Path {
    recipe.root.as_deref().unwrap_or(Path::new("/"))
}

fn assets(boot: Entry, root: Entry) -> Result<Assets, AssetError> {
    let plain = boot.path(PLAIN_FILE);
    let fact = |name: &str| boot.manifest.facts.get(name).cloned().unwrap_or_default();
    Ok(Assets {
        kernel: boot.path(KERNEL_FILE),
        kernel_plain: if plain.is_file() { Ok(plain) } else { Err(fact(PLAIN_REFUSED)) },
        initramfs: boot.path(INITRAMFS_FILE),
        root: root.path(ROOT_FILE),
        release: fact(RELEASE),
        key: format!("{}-{}", boot.manifest.key, root.manifest.key),
        manifests: [boot.manifest.clone(), root.manifest.clone()],
        _held: [boot, root],
    })
}

/// Kernel and initramfs, in memory.
struct Boot {
    kernel: Kernel,
    kernel_bytes: Vec<u8>,
    initramfs: Vec<u8>,
    modules: Vec<String>,
    key: Key,
}

impl Boot {
    fn plan(recipe: &Recipe<'_>) -> Result<Self, AssetError> {
        let (kernel, kernel_bytes) = kernel::find(recipe.kernel.as_deref(), Path::new("/"))?;
        let modules = match &kernel.modules {
            Some(folder) => modules::Modules::read(folder)?.for_microvm(&kernel.release)?,
            None => Vec::new(),
        };
        let initramfs = initramfs(recipe.guest_init, &modules)
            .map_err(|error| AssetError::of_file(Path::new(INITRAMFS_FILE), &error))?;
        let mut key = KeyMaker::new(BOOT);
        key.add(kernel.release.as_bytes());
        // The kernel by what can be told without its checksum, which would cost at every start.
        let found = fs::metadata(&kernel.file).map_err(|error| AssetError::of_file(&kernel.file, &error))?;
        key.add(kernel.file.as_os_str().as_encoded_bytes());
        for number in [found.size(), found.mtime().cast_unsigned(), found.mtime_nsec().cast_unsigned()] {
            key.add(&number.to_le_bytes());
        }
        key.add(&initramfs);
        let modules = modules.into_iter().map(|module| module.name).collect();
        Ok(Self { kernel, kernel_bytes, initramfs, modules, key: key.finish() })
    }

    fn write(&self, folder: &Path) -> Result<BTreeMap<String, String>, AssetError> {
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|error| AssetError::of_file(&path, &error))
        };
        write(KERNEL_FILE, &self.kernel_bytes)?;
        write(INITRAMFS_FILE, &self.initramfs)?;
        let mut facts = BTreeMap::from([
            (RELEASE.to_owned(), self.kernel.release.clone()),
            ("kernel".to_owned(), self.kernel.file.display().to_string()),
            ("modules".to_owned(), self.modules.join(" ")),
        ]);
        match bzimage::plain(&self.kernel.file.display().to_string(), &self.kernel_bytes) {
            Ok(plain) => write(PLAIN_FILE, &plain)?,
            // QEMU does without.
            Err(error) => drop(facts.insert(PLAIN_REFUSED.to_owned(), error.to_string())),
        }
        Ok(facts)
    }
}

/// `/init`, the modules with their order, and mount points.
fn initramfs(guest_init: &[u8], modules: &[modules::Module]) -> io::Result<Vec<u8>> {
    let mut archive = cpio::Archive::new(Vec::new());
    for folder in FOLDERS {
        archive.folder(folder)?;
    }
    // A machine without a console starts its init with no standard streams, and Rust's library ends a program that can
    // not fill them with this.
    archive.device("dev/null", 1, 3)?;
    archive.folder(MODULES_FOLDER)?;
    let names: Vec<String> = modules.iter().map(|module| format!("{}.ko", module.name)).collect();
    archive
        .file(MODULES_ORDER, names.iter().map(|name| format!("{name}\n")).collect::<String>().as_bytes())?;
    for (name, module) in names.iter().zip(modules) {
        archive.file(&format!("{MODULES_FOLDER}/{name}"), &module.content)?;
    }
    archive.program("init", guest_init)?;
    archive.finish()
}

fn write_root(
    recipe: &Recipe<'_>,
    plan: &root::Plan,
    folder: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<BTreeMap<String, String>, AssetError> {
    let path = folder.join(ROOT_FILE);
    let file = File::create_new(&path).map_err(|error| AssetError::of_file(&path, &error))?;
    let mut out = Counting { file, done: 0, of: plan.bytes, tell };
    root::write(plan, &mut out)?;
    Ok(BTreeMap::from([
        ("root".to_owned(), host_root(recipe).display().to_string()),
        ("skipped".to_owned(), plan.tree.skipped().len().to_string()),
    ]))
}

/// Tells how much was written.
struct Counting<'a> {
    file: File,
    done: u64,
    of: u64,
    tell: &'a mut dyn FnMut(Progress),
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        let before = self.done;
        self.done += written as u64;
        // A bar needs no more than one word for each MiB.
        if before >> 20 != self.done >> 20 {
            (self.tell)(Progress::Bytes { done: self.done, of: self.of });
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file of the host, whole.
fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, AssetError> {
    let at = |error: io::Error| AssetError::of_file(path, &error);
    let file = File::open(path).map_err(at)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(at)?;
    if bytes.len() as u64 > bytes_max {
        return Err(at(io::Error::other(format!("larger than {bytes_max} bytes"))));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
